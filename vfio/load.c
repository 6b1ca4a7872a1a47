// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stream of a migration on its way into a device; see
 * Documentation/migration.rst.
 *
 * It comes in pieces of any length.  All is collected, and refused as soon as it
 * can be seen to be wrong, before anything of the device is changed.
 */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xxhash.h>

#include "internal.h"

static void expect_header(struct softpci_load *load)
{
	load->expect = SOFTPCI_LOAD_HEADER;
	load->to = (u8 *)&load->header;
	load->left = sizeof(load->header);
}

static void expect_section(struct softpci_load *load)
{
	load->expect = SOFTPCI_LOAD_SECTION;
	load->to = (u8 *)&load->section;
	load->left = sizeof(load->section);
}

static void expect_content(struct softpci_load *load, u8 *to)
{
	load->expect = SOFTPCI_LOAD_CONTENT;
	load->to = to;
	load->left = le64_to_cpu(load->section.length);
	xxh64_reset(&load->sum, 0);
	xxh64_update(&load->sum, &load->section,
		     offsetof(struct softpci_stream_section, sum));
}

/**
 * softpci_load_init() - get ready for a stream
 * @load: the stream, zeroed
 * @svfio: its device
 *
 * Return: 0, -ENOMEM, -ENOSPC or -ENFILE.
 */
int softpci_load_init(struct softpci_load *load, struct softpci_vfio *svfio)
{
	struct softpci_stage *stage;

	load->buf = kvmalloc(SOFTPCI_STREAM_MAX_CONTENT, GFP_KERNEL_ACCOUNT);
	if (!load->buf)
		return -ENOMEM;
	stage = softpci_stage_create(svfio->dev);
	if (IS_ERR(stage)) {
		softpci_load_release(load);
		return PTR_ERR(stage);
	}
	load->stage = stage;
	expect_header(load);
	return 0;
}

/**
 * softpci_load_release() - undo softpci_load_init()
 * @load: the stream
 */
void softpci_load_release(struct softpci_load *load)
{
	if (load->stage)
		softpci_stage_destroy(load->stage);
	kvfree(load->state);
	kvfree(load->buf);
	load->stage = NULL;
	load->state = NULL;
	load->buf = NULL;
}

/*
 * A VMM shows no more than the errno to its user.  The name in the stream can have
 * any bytes.
 */
static void tell_types(struct softpci_vfio *svfio,
		       const struct softpci_stream_header *header,
		       const struct softpci_stream_header *own)
{
	int len = strnlen(header->type, sizeof(header->type));

	if (memcmp(header->type, own->type, sizeof(own->type)))
		dev_notice_ratelimited(svfio->vdev.dev,
				       "migration refused: the stream is of a %*pE, this is a %.*s\n",
				       len, header->type,
				       (int)sizeof(own->type), own->type);
	else
		dev_notice_ratelimited(svfio->vdev.dev,
				       "migration refused: the stream is of a %.*s that is built differently\n",
				       (int)sizeof(own->type), own->type);
}

static int check_header(struct softpci_load *load, struct softpci_vfio *svfio)
{
	const struct softpci_stream_header *header = &load->header;
	struct softpci_stream_header own;

	softpci_stream_make_header(svfio, &own);
	if (header->magic != own.magic)
		return -EINVAL;
	if (header->major != own.major)
		return -EPROTONOSUPPORT;
	if (header->sum != softpci_stream_sum(header, offsetof(typeof(own), sum),
					      NULL, 0))
		return -EBADMSG;
	if (memcmp(header->type, own.type, sizeof(own.type)) ||
	    header->vendor != own.vendor || header->device != own.device ||
	    header->subsystem_vendor != own.subsystem_vendor ||
	    header->subsystem_device != own.subsystem_device ||
	    header->class != own.class || header->identity != own.identity ||
	    header->memory != own.memory) {
		tell_types(svfio, header, &own);
		return -ENXIO;
	}
	/* That of a newer minor version may be longer. */
	load->state_size = le32_to_cpu(header->state);
	return load->state_size <= SOFTPCI_STREAM_MAX_STATE ? 0 : -EINVAL;
}

/* A section's content has @head bytes and some of data. */
static bool has_data(u64 length, size_t head)
{
	return length > head && length <= head + SOFTPCI_STREAM_MAX_DATA;
}

/* Where the content of the section goes to, or an ERR_PTR(). */
static u8 *place_for_content(struct softpci_load *load)
{
	u64 length = le64_to_cpu(load->section.length);

	switch (le32_to_cpu(load->section.id)) {
	case SOFTPCI_STREAM_STATE:
		if (load->state || !length || length != load->state_size)
			return ERR_PTR(-EINVAL);
		load->state = kvmalloc(length, GFP_KERNEL_ACCOUNT);
		return load->state ?: ERR_PTR(-ENOMEM);
	case SOFTPCI_STREAM_MEMORY:
		if (!has_data(length, sizeof(struct softpci_stream_memory)))
			return ERR_PTR(-EINVAL);
		return load->buf;
	case SOFTPCI_STREAM_EXTRA:
		if (!has_data(length, sizeof(struct softpci_stream_extra)))
			return ERR_PTR(-EINVAL);
		return load->buf;
	default:
		if (length != sizeof(struct softpci_stream_end))
			return ERR_PTR(-EINVAL);
		return load->buf;
	}
}

static bool is_known(u32 id)
{
	return id == SOFTPCI_STREAM_STATE || id == SOFTPCI_STREAM_MEMORY ||
	       id == SOFTPCI_STREAM_EXTRA || id == SOFTPCI_STREAM_END;
}

static int begin_section(struct softpci_load *load)
{
	u32 flags = le32_to_cpu(load->section.flags);
	u8 *to = NULL;

	if (!is_known(le32_to_cpu(load->section.id))) {
		if (!(flags & SOFTPCI_STREAM_SKIPPABLE))
			return -EINVAL;
	} else {
		if (flags & ~SOFTPCI_STREAM_SKIPPABLE)
			return -EINVAL;
		to = place_for_content(load);
		if (IS_ERR(to))
			return PTR_ERR(to);
	}
	expect_content(load, to);
	return 0;
}

static int take_memory(struct softpci_load *load)
{
	struct softpci_stream_memory head;

	memcpy(&head, load->buf, sizeof(head));
	if (head.reserved)
		return -EINVAL;
	return softpci_stage_write(load->stage, le32_to_cpu(head.memory),
				   le64_to_cpu(head.offset),
				   load->buf + sizeof(head),
				   le64_to_cpu(load->section.length) -
				   sizeof(head));
}

static int take_end(struct softpci_load *load)
{
	struct softpci_stream_end end;

	memcpy(&end, load->buf, sizeof(end));
	if (!load->state || !softpci_extra_is_complete(&load->extra) ||
	    le64_to_cpu(end.sections) != load->sections)
		return -EINVAL;
	load->expect = SOFTPCI_LOAD_END;
	return 0;
}

/* All of a section has come. */
static int take_section(struct softpci_load *load, struct softpci_vfio *svfio)
{
	int ret = 0;

	if (load->section.sum != cpu_to_le64(xxh64_digest(&load->sum)))
		return -EBADMSG;
	switch (le32_to_cpu(load->section.id)) {
	case SOFTPCI_STREAM_STATE:
		ret = softpci_state_check(svfio->dev, load->state,
					  load->state_size);
		break;
	case SOFTPCI_STREAM_MEMORY:
		ret = take_memory(load);
		break;
	case SOFTPCI_STREAM_EXTRA:
		ret = softpci_extra_take(&load->extra, load->buf,
					 le64_to_cpu(load->section.length));
		break;
	case SOFTPCI_STREAM_END:
		return take_end(load);
	}
	load->sections++;
	expect_section(load);
	return ret;
}

/* All of a part has come. */
static int take_part(struct softpci_load *load, struct softpci_vfio *svfio)
{
	int ret;

	switch (load->expect) {
	case SOFTPCI_LOAD_HEADER:
		ret = check_header(load, svfio);
		expect_section(load);
		return ret;
	case SOFTPCI_LOAD_SECTION:
		ret = begin_section(load);
		/* An empty one is complete. */
		if (ret || load->left)
			return ret;
		return take_section(load, svfio);
	default:
		return take_section(load, svfio);
	}
}

static int feed(struct softpci_load *load, struct softpci_vfio *svfio,
		const u8 *data, size_t len)
{
	while (len) {
		size_t n = min_t(u64, len, load->left);
		int ret;

		if (load->expect == SOFTPCI_LOAD_END)
			return -EMSGSIZE;
		if (load->expect == SOFTPCI_LOAD_CONTENT)
			xxh64_update(&load->sum, data, n);
		if (load->to) {
			memcpy(load->to, data, n);
			load->to += n;
		}
		data += n;
		len -= n;
		load->left -= n;
		if (load->left)
			continue;
		ret = take_part(load, svfio);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * softpci_load_feed() - the next bytes of the stream
 * @load: the stream, softpci_session.lock held
 * @svfio: its device
 * @data: the bytes
 * @len: how many
 *
 * May sleep.
 *
 * Return: 0; or, from now on, the errno that it is refused with, as
 * Documentation/migration.rst lists them; -ENOMEM; -EINTR on a fatal signal.
 */
int softpci_load_feed(struct softpci_load *load, struct softpci_vfio *svfio,
		      const u8 *data, size_t len)
{
	if (!load->error)
		load->error = feed(load, svfio, data, len);
	return load->error;
}

/**
 * softpci_load_apply() - give the device all that has been collected
 * @load: the stream, softpci_session.lock held
 * @svfio: its device, quiet
 * @broken: set to true if the device is neither as it was nor as it should be
 *
 * May sleep.
 *
 * Return: 0; -EMSGSIZE if the stream has not come to its end; the errno that it was
 * refused with; or one of softpci_stage_prepare(), softpci_state_load() and
 * softpci_stage_apply().
 */
int softpci_load_apply(struct softpci_load *load, struct softpci_vfio *svfio,
		       bool *broken)
{
	int ret;

	if (load->error)
		return load->error;
	if (load->expect != SOFTPCI_LOAD_END)
		return -EMSGSIZE;
	ret = softpci_stage_prepare(svfio->dev, load->stage);
	if (ret)
		return ret;
	ret = softpci_state_load(svfio->dev, load->state, load->state_size);
	if (ret)
		return ret;
	ret = softpci_stage_apply(svfio->dev, load->stage);
	*broken = ret;
	if (!ret)
		WRITE_ONCE(svfio->knobs.extra_size, load->extra.size);
	return ret;
}
