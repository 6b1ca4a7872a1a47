// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stream of a migration on its way out of a device: sections are made one at
 * a time, when the one before has been read; see Documentation/migration.rst.
 */
#include <linux/crc32.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

#define SECTION_SIZE	sizeof(struct softpci_stream_section)
#define MEMORY_HEAD	(SECTION_SIZE + sizeof(struct softpci_stream_memory))
#define END_SIZE	(SECTION_SIZE + sizeof(struct softpci_stream_end))

/**
 * softpci_stream_crc() - the checksum of a header or a section
 * @head: its first bytes
 * @head_len: how many
 * @content: those that follow
 * @len: how many, 0 for a header
 *
 * Return: CRC-32C of all of them.
 */
__le32 softpci_stream_crc(const void *head, size_t head_len,
			  const void *content, size_t len)
{
	u32 crc = crc32c(~0, head, head_len);

	return cpu_to_le32(~crc32c(crc, content, len));
}

static u64 all_memory(const struct softpci_model *model)
{
	u64 size = 0;
	unsigned int i;

	for (i = 0; i < model->nr_memories; i++)
		size += model->memories[i].size;
	return size;
}

/**
 * softpci_stream_make_header() - the header of a stream of a device
 * @svfio: the device
 * @header: set
 */
void softpci_stream_make_header(struct softpci_vfio *svfio,
				struct softpci_stream_header *header)
{
	const struct softpci_model *model = svfio->dev->model;

	*header = (struct softpci_stream_header) {
		.magic = cpu_to_le32(SOFTPCI_STREAM_MAGIC),
		.major = cpu_to_le16(SOFTPCI_STREAM_MAJOR),
		.minor = cpu_to_le16(SOFTPCI_STREAM_MINOR),
		.vendor = cpu_to_le16(model->vendor),
		.device = cpu_to_le16(model->device),
		.subsystem_vendor = cpu_to_le16(model->subsystem_vendor),
		.subsystem_device = cpu_to_le16(model->subsystem_device),
		.class = cpu_to_le32(model->class << 8 | model->revision),
		.identity = cpu_to_le32(softpci_state_identity(svfio->dev->layout)),
		.memory = cpu_to_le64(all_memory(model)),
		.state = cpu_to_le32(softpci_state_size(svfio->dev)),
	};
	memcpy(header->type, svfio->type->name, sizeof(header->type));
	header->crc = softpci_stream_crc(header, offsetof(typeof(*header), crc),
					 NULL, 0);
}

/**
 * softpci_save_init() - begin a stream, in PRE_COPY
 * @save: the stream, zeroed
 * @svfio: its device
 *
 * Return: 0 or -ENOMEM.
 */
int softpci_save_init(struct softpci_save *save, struct softpci_vfio *svfio)
{
	size_t size = max_t(size_t, SECTION_SIZE + softpci_state_size(svfio->dev),
			    MEMORY_HEAD + SOFTPCI_STREAM_MAX_DATA);

	save->buf = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	return save->buf ? 0 : -ENOMEM;
}

/**
 * softpci_save_release() - undo softpci_save_init()
 * @save: the stream
 */
void softpci_save_release(struct softpci_save *save)
{
	kvfree(save->buf);
	save->buf = NULL;
}

/**
 * softpci_save_finish() - the device is in STOP_COPY: the rest of the stream
 * @save: the stream, softpci_session.lock held
 *
 * Memory is sent from the start, all that is dirty: next_dirty().
 */
void softpci_save_finish(struct softpci_save *save)
{
	save->final = true;
	save->memory = 0;
	save->at = 0;
}

/*
 * The next bytes of memory that have to be sent, from @memory and @at on, at most
 * SOFTPCI_STREAM_MAX_DATA of them: false if there are none.  All pages that were
 * ever touched are dirty, before the device is stopped and after it.
 */
static bool next_dirty(struct softpci_vfio *svfio, unsigned int *memory,
		       u64 *at, u64 *len)
{
	struct softpci_device *dev = svfio->dev;

	for (; *memory < dev->model->nr_memories; ++*memory, *at = 0) {
		*len = SOFTPCI_STREAM_MAX_DATA;
		if (softpci_memory_touched(dev, *memory, at, len))
			return true;
	}
	return false;
}

/* The section's content is in the buffer, behind the place for its head. */
static void seal_section(struct softpci_save *save, u32 id, u64 length)
{
	struct softpci_stream_section head = {
		.id = cpu_to_le32(id),
		.length = cpu_to_le64(length),
	};

	head.crc = softpci_stream_crc(&head, offsetof(typeof(head), crc),
				      save->buf + SECTION_SIZE, length);
	memcpy(save->buf, &head, SECTION_SIZE);
	save->pos = 0;
	save->len = SECTION_SIZE + length;
	save->sections++;
}

/* Returns whether there was some, or an errno. */
static int fill_memory(struct softpci_save *save, struct softpci_vfio *svfio)
{
	struct softpci_stream_memory head;
	u64 len;
	int ret;

	if (!next_dirty(svfio, &save->memory, &save->at, &len))
		return 0;
	head = (struct softpci_stream_memory) {
		.memory = cpu_to_le32(save->memory),
		.offset = cpu_to_le64(save->at),
	};
	memcpy(save->buf + SECTION_SIZE, &head, sizeof(head));
	ret = softpci_memory_peek(svfio->dev, save->memory, save->at,
				  save->buf + MEMORY_HEAD, len);
	if (ret)
		return ret;
	seal_section(save, SOFTPCI_STREAM_MEMORY, sizeof(head) + len);
	save->at += len;
	return 1;
}

static int fill_state(struct softpci_save *save, struct softpci_vfio *svfio)
{
	int size = softpci_state_size(svfio->dev);

	size = softpci_state_save(svfio->dev, save->buf + SECTION_SIZE, size);
	if (size < 0)
		return size;
	seal_section(save, SOFTPCI_STREAM_STATE, size);
	return 0;
}

static void fill_end(struct softpci_save *save)
{
	struct softpci_stream_end end = {
		.sections = cpu_to_le64(save->sections),
	};

	memcpy(save->buf + SECTION_SIZE, &end, sizeof(end));
	seal_section(save, SOFTPCI_STREAM_END, sizeof(end));
}

/**
 * softpci_save_fill() - have more of the stream in the buffer
 * @save: the stream, softpci_session.lock held
 * @svfio: its device
 *
 * Nothing is done if some is left there.  May sleep.
 *
 * Return: 1; 0 at the end of the stream; -ENOMSG if there is no more before the
 * device is stopped; -ENOMEM; or -EINTR on a fatal signal.
 */
int softpci_save_fill(struct softpci_save *save, struct softpci_vfio *svfio)
{
	struct softpci_stream_header header;
	int ret;

	if (save->pos < save->len)
		return 1;
	switch (save->next) {
	case SOFTPCI_SAVE_HEADER:
		softpci_stream_make_header(svfio, &header);
		memcpy(save->buf, &header, sizeof(header));
		save->pos = 0;
		save->len = sizeof(header);
		save->next = SOFTPCI_SAVE_MEMORY;
		return 1;
	case SOFTPCI_SAVE_MEMORY:
		ret = fill_memory(save, svfio);
		if (ret)
			return ret;
		if (!save->final)
			return -ENOMSG;
		save->next = SOFTPCI_SAVE_STATE;
		fallthrough;
	case SOFTPCI_SAVE_STATE:
		ret = fill_state(save, svfio);
		if (ret)
			return ret;
		save->next = SOFTPCI_SAVE_END;
		return 1;
	case SOFTPCI_SAVE_END:
		fill_end(save);
		save->next = SOFTPCI_SAVE_DONE;
		return 1;
	default:
		return 0;
	}
}

/* Bytes of the sections with memory, from @memory and @at on. */
static u64 memory_left(struct softpci_vfio *svfio, unsigned int memory, u64 at)
{
	u64 sum = 0, len;

	for (; next_dirty(svfio, &memory, &at, &len); at += len)
		sum += MEMORY_HEAD + len;
	return sum;
}

/**
 * softpci_save_left() - how much can be read before the device is stopped
 * @save: the stream, softpci_session.lock held
 * @svfio: its device
 *
 * Return: bytes, by what is touched now.
 */
u64 softpci_save_left(const struct softpci_save *save,
		      struct softpci_vfio *svfio)
{
	u64 left = save->len - save->pos;

	if (save->next == SOFTPCI_SAVE_HEADER)
		left += sizeof(struct softpci_stream_header);
	return left + memory_left(svfio, save->memory, save->at);
}

/**
 * softpci_save_size() - the length of a stream that has no PRE_COPY
 * @svfio: the device
 *
 * Return: bytes, by what is touched now.
 */
u64 softpci_save_size(struct softpci_vfio *svfio)
{
	return sizeof(struct softpci_stream_header) +
	       memory_left(svfio, 0, 0) + SECTION_SIZE +
	       softpci_state_size(svfio->dev) + END_SIZE;
}
