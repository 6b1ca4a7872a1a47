// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stream of a migration on its way out of a device: sections are made one at
 * a time, when the one before has been read; see Documentation/migration.rst.
 */
#include <linux/minmax.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xxhash.h>

#include "internal.h"

#define SECTION_SIZE	sizeof(struct softpci_stream_section)
#define MEMORY_HEAD	SOFTPCI_SAVE_MEMORY_HEAD
#define END_SIZE	(SECTION_SIZE + sizeof(struct softpci_stream_end))

/**
 * softpci_stream_sum() - the checksum of a header or a section
 * @head: its first bytes
 * @head_len: how many
 * @content: those that follow
 * @len: how many, 0 for a header
 *
 * Return: XXH64 of all of them, with the seed 0.
 */
__le64 softpci_stream_sum(const void *head, size_t head_len,
			  const void *content, size_t len)
{
	struct xxh64_state sum;

	xxh64_reset(&sum, 0);
	xxh64_update(&sum, head, head_len);
	xxh64_update(&sum, content, len);
	return cpu_to_le64(xxh64_digest(&sum));
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
	header->sum = softpci_stream_sum(header, offsetof(typeof(*header), sum),
					 NULL, 0);
}

/**
 * softpci_save_init() - begin a stream
 * @save: the stream, zeroed
 * @svfio: its device
 * @precopy: in PRE_COPY; else in STOP_COPY
 *
 * Return: 0, -ENOMEM, -ENOSPC or -ENFILE.
 */
int softpci_save_init(struct softpci_save *save, struct softpci_vfio *svfio,
		      bool precopy)
{
	size_t size = max_t(size_t, SECTION_SIZE + softpci_state_size(svfio->dev),
			    SECTION_SIZE + SOFTPCI_STREAM_MAX_CONTENT);

	save->buf = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!save->buf)
		return -ENOMEM;
	softpci_extra_begin(&save->extra, svfio);
	if (!precopy) {
		softpci_save_finish(save);
		return 0;
	}
	save->initial = true;
	return softpci_save_track(save, svfio);
}

/**
 * softpci_save_release() - undo softpci_save_init(), also after an error
 * @save: the stream
 */
void softpci_save_release(struct softpci_save *save)
{
	softpci_save_untrack(save);
	kvfree(save->buf);
	save->buf = NULL;
}

/**
 * softpci_save_finish() - the device is in STOP_COPY: the rest of the stream
 * @save: the stream, softpci_session.lock held
 */
void softpci_save_finish(struct softpci_save *save)
{
	save->final = true;
	softpci_save_begin_pass(save);
}

/* The section's content is in the buffer, behind the place for its head. */
static void seal_section(struct softpci_save *save, u32 id, u64 length)
{
	struct softpci_stream_section head = {
		.id = cpu_to_le32(id),
		.length = cpu_to_le64(length),
	};

	head.sum = softpci_stream_sum(&head, offsetof(typeof(head), sum),
				      save->buf + SECTION_SIZE, length);
	memcpy(save->buf, &head, SECTION_SIZE);
	save->pos = 0;
	save->len = SECTION_SIZE + length;
	save->sections++;
}

/* 1: there is some; 0 at the end of the pass; or an errno, as softpci_save_next(). */
static int fill_memory(struct softpci_save *save, struct softpci_vfio *svfio)
{
	struct softpci_stream_memory head;
	int len;

	len = softpci_save_next(save, svfio, save->buf + MEMORY_HEAD, &head);
	if (len <= 0)
		return len;
	memcpy(save->buf + SECTION_SIZE, &head, sizeof(head));
	seal_section(save, SOFTPCI_STREAM_MEMORY, sizeof(head) + len);
	return 1;
}

/* As above, of extra state, which is sent at the end of a pass over the memories. */
static int fill_extra(struct softpci_save *save)
{
	size_t len = softpci_extra_next(&save->extra, save->buf + SECTION_SIZE);

	if (!len)
		return 0;
	save->found = true;
	seal_section(save, SOFTPCI_STREAM_EXTRA, len);
	return 1;
}

/*
 * The next pass sends what has changed meanwhile.  The stream is at an end for now
 * only if a whole pass has found nothing: there is none after a pass that has, as
 * memory that was sent by it may have changed behind it.
 */
static int end_pass(struct softpci_save *save)
{
	int ret = save->found ? -EAGAIN : -ENOMSG;

	save->initial = false;
	save->reinit = false;
	softpci_save_begin_pass(save);
	return ret;
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

static int fill_next(struct softpci_save *save, struct softpci_vfio *svfio)
{
	struct softpci_stream_header header;
	int ret;

	switch (save->next) {
	case SOFTPCI_SAVE_HEADER:
		softpci_stream_make_header(svfio, &header);
		memcpy(save->buf, &header, sizeof(header));
		save->pos = 0;
		save->len = sizeof(header);
		save->next = SOFTPCI_SAVE_MEMORY;
		return 1;
	case SOFTPCI_SAVE_MEMORY:
		ret = fill_memory(save, svfio) ?: fill_extra(save);
		if (ret)
			return ret;
		if (!save->final)
			return end_pass(save);
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

/**
 * softpci_save_fill() - have more of the stream in the buffer
 * @save: the stream, softpci_session.lock held
 * @svfio: its device
 *
 * Nothing is done if some is left there.  A part of the memories is looked at, so
 * that it takes no longer than a section.  May sleep.
 *
 * Return: 1; 0 at the end of the stream; -EAGAIN if there was nothing in that part;
 * -ENOMSG if there is no more before the device changes or is stopped; -ENOMEM; or
 * -EINTR on a fatal signal.
 */
int softpci_save_fill(struct softpci_save *save, struct softpci_vfio *svfio)
{
	int ret;

	if (save->pos < save->len)
		return 1;
	ret = fill_next(save, svfio);
	if (ret > 0)
		softpci_knobs_spoil(svfio, save);
	return ret;
}

/* Bytes that are in the buffer, and those of the header before it is there. */
static u64 buffered(const struct softpci_save *save)
{
	u64 size = save->len - READ_ONCE(save->pos);

	if (save->next == SOFTPCI_SAVE_HEADER)
		size += sizeof(struct softpci_stream_header);
	return size;
}

/**
 * softpci_save_info() - how much can be read before the device is stopped
 * @save: the stream, softpci_session.lock held
 * @left: of memory, counted to the end
 * @v2: VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2 is enabled
 * @info: set, but not its flags without @v2
 *
 * Initial bytes are those that the first pass has yet to send, and dirty bytes those
 * that passes after it will.  With @v2, pages that come into being after the first
 * pass begin another one of its kind, which sends all that has changed up to now:
 * VFIO_PRECOPY_INFO_REINIT until that has been read.
 */
void softpci_save_info(struct softpci_save *save,
		       const struct softpci_left *left, bool v2,
		       struct vfio_precopy_info *info)
{
	u64 pass = buffered(save) + left->pass;
	u64 next_pass = left->next_pass;

	/* All was read, and the next read() begins another one. */
	if (!pass) {
		save->initial = false;
		save->reinit = false;
	}
	if (v2 && left->new && !save->initial) {
		softpci_save_begin_pass(save);
		save->initial = true;
		save->reinit = true;
		pass += next_pass;
		next_pass = 0;
	}
	info->initial_bytes = save->initial ? pass : 0;
	info->dirty_bytes = save->initial ? next_pass : pass + next_pass;
	if (v2)
		info->flags = save->reinit ? VFIO_PRECOPY_INFO_REINIT : 0;
}

/**
 * softpci_save_rest() - how much can be read if the device is stopped now
 * @save: the stream, softpci_session.lock held
 * @svfio: its device
 * @left: of memory, counted to the end
 *
 * Return: bytes.
 */
u64 softpci_save_rest(const struct softpci_save *save,
		      struct softpci_vfio *svfio,
		      const struct softpci_left *left)
{
	u64 rest = buffered(save);

	switch (save->next) {
	case SOFTPCI_SAVE_HEADER:
	case SOFTPCI_SAVE_MEMORY:
		rest += left->pass + left->next_pass +
			softpci_extra_rest(&save->extra);
		fallthrough;
	case SOFTPCI_SAVE_STATE:
		rest += SECTION_SIZE + softpci_state_size(svfio->dev);
		fallthrough;
	case SOFTPCI_SAVE_END:
		rest += END_SIZE;
		fallthrough;
	default:
		return rest;
	}
}

/**
 * softpci_save_size() - the length of a stream that has no PRE_COPY
 * @svfio: the device
 * @size: set to it, in bytes, for the pages that have been touched by now
 *
 * Return: 0, or -EINTR on a fatal signal.
 */
int softpci_save_size(struct softpci_vfio *svfio, u64 *size)
{
	struct softpci_save save = { .final = true };
	struct softpci_left left = {};

	while (softpci_save_count(&save, svfio, &left) > 0) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	softpci_extra_begin(&save.extra, svfio);
	*size = softpci_save_rest(&save, svfio, &left);
	return 0;
}
