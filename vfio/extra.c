// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extra state: bytes of no meaning that a device carries along in a migration, as
 * many as migration/extra_size in sysfs says; see Documentation/migration.rst.
 *
 * No memory holds them: a byte is a function of its offset and of how often it was
 * sent.  They become dirty in order, the first one after the last one, so that two
 * numbers tell what has to be sent, and one place what comes next on the target.
 */
#include <linux/compiler.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "internal.h"

#define SECTION_SIZE	sizeof(struct softpci_stream_section)
#define EXTRA_HEAD	sizeof(struct softpci_stream_extra)

/* The bytes that become dirty together, as pages of a device would. */
#define GRANULE		SZ_4K

static __le64 word_at(u64 offset, u64 generation)
{
	u64 word = (generation << 40) + offset;

	word *= SOFTPCI_STREAM_EXTRA_FACTOR;
	return cpu_to_le64(word ^ word >> 32);
}

static void make_data(u8 *data, u64 offset, u64 generation, size_t len)
{
	while (len) {
		size_t skip = offset % sizeof(__le64);
		size_t n = min(len, sizeof(__le64) - skip);
		__le64 word = word_at(offset - skip, generation);

		if (likely(n == sizeof(word)))
			memcpy(data, &word, sizeof(word));
		else
			memcpy(data, (u8 *)&word + skip, n);
		data += n;
		offset += n;
		len -= n;
	}
}

static bool is_data(const u8 *data, u64 offset, u64 generation, size_t len)
{
	u8 want[128];

	while (len) {
		size_t n = min(len, sizeof(want));

		make_data(want, offset, generation, n);
		if (memcmp(data, want, n))
			return false;
		data += n;
		offset += n;
		len -= n;
	}
	return true;
}

/* The next @len bytes were sent, or have come. */
static void advance(struct softpci_extra *extra, size_t len)
{
	extra->offset += len;
	if (extra->offset < extra->size)
		return;
	extra->offset = 0;
	extra->generation++;
}

/* Adds the bytes that became dirty since the last call. */
static void age(struct softpci_extra *extra, u64 now)
{
	u64 since = extra->since, granule = min_t(u64, extra->size, GRANULE);
	u64 room = extra->size - extra->dirty, bytes, rest;

	extra->since = now;
	if (!extra->running || !extra->generation || !extra->rate || !extra->size)
		return;
	bytes = softpci_bytes_in(extra->rate, now - since);
	div64_u64_rem(bytes, granule, &rest);
	bytes -= rest;
	if (bytes >= room) {
		extra->dirty = extra->size;
		return;
	}
	extra->dirty += bytes;
	/* The rest of the time counts for the next granule. */
	extra->since = since + softpci_time_of(extra->rate, bytes);
}

/**
 * softpci_extra_begin() - a stream begins: all has to be sent
 * @extra: the extra state, zeroed
 * @svfio: its device, whose settings are taken
 */
void softpci_extra_begin(struct softpci_extra *extra, struct softpci_vfio *svfio)
{
	extra->size = READ_ONCE(svfio->knobs.extra_size);
	extra->rate = READ_ONCE(svfio->knobs.dirty_rate);
	extra->dirty = extra->size;
}

/**
 * softpci_extra_run() - whether it becomes dirty from now on
 * @extra: the extra state, softpci_session.lock held
 * @running: the device is in PRE_COPY
 */
void softpci_extra_run(struct softpci_extra *extra, bool running)
{
	age(extra, ktime_get_ns());
	extra->running = running;
}

static size_t next_section(struct softpci_extra *extra, u8 *content, u64 now)
{
	struct softpci_stream_extra head;
	size_t len;

	age(extra, now);
	if (!extra->in_pass)
		extra->pass = extra->dirty;
	len = min3(extra->running ? extra->pass : extra->dirty,
		   extra->size - extra->offset, (u64)SOFTPCI_STREAM_MAX_DATA);
	extra->in_pass = len;
	if (!len)
		return 0;
	extra->pass -= min_t(u64, len, extra->pass);
	head = (struct softpci_stream_extra) {
		.size = cpu_to_le64(extra->size),
		.offset = cpu_to_le64(extra->offset),
		.generation = cpu_to_le64(extra->generation),
	};
	memcpy(content, &head, EXTRA_HEAD);
	make_data(content + EXTRA_HEAD, extra->offset, extra->generation, len);
	extra->dirty -= len;
	advance(extra, len);
	return EXTRA_HEAD + len;
}

/**
 * softpci_extra_next() - the content of the next SOFTPCI_STREAM_EXTRA
 * @extra: the extra state, softpci_session.lock held
 * @content: is set; SOFTPCI_STREAM_MAX_CONTENT bytes
 *
 * Bytes that become dirty while others are sent wait for the next pass, so that a
 * high rate does not keep the memories from being sent.
 *
 * Return: its length; 0 at the end of a pass: there is nothing left of that which was
 * dirty when it began.
 */
size_t softpci_extra_next(struct softpci_extra *extra, u8 *content)
{
	return next_section(extra, content, ktime_get_ns());
}

static u64 in_sections(u64 bytes)
{
	return bytes + (SECTION_SIZE + EXTRA_HEAD) *
		       DIV_ROUND_UP_ULL(bytes, SOFTPCI_STREAM_MAX_DATA);
}

/**
 * softpci_extra_rest() - count the bytes that were to be sent at the last look
 * @extra: the extra state, softpci_session.lock held
 *
 * Return: bytes with the heads of sections.
 */
u64 softpci_extra_rest(const struct softpci_extra *extra)
{
	u64 first = min(extra->dirty, extra->size - extra->offset);

	return in_sections(first) + in_sections(extra->dirty - first);
}

/**
 * softpci_extra_left() - count the bytes to be sent now
 * @extra: the extra state, softpci_session.lock held
 * @initial: bytes that were never sent, with the heads of sections, are added
 * @dirty: bytes that were, likewise
 */
void softpci_extra_left(struct softpci_extra *extra, u64 *initial, u64 *dirty)
{
	age(extra, ktime_get_ns());
	*(extra->generation ? dirty : initial) += softpci_extra_rest(extra);
}

/**
 * softpci_extra_take() - SOFTPCI_STREAM_EXTRA has come
 * @extra: the extra state of the stream; zeroed before the first one
 * @content: of the section
 * @len: its length, more than that of struct softpci_stream_extra
 *
 * Return: 0; -EINVAL if it does not follow the one before, or -EBADMSG if the data
 * is wrong.
 */
int softpci_extra_take(struct softpci_extra *extra, const u8 *content,
		       size_t len)
{
	struct softpci_stream_extra head;
	u64 size;

	memcpy(&head, content, EXTRA_HEAD);
	content += EXTRA_HEAD;
	len -= EXTRA_HEAD;
	size = le64_to_cpu(head.size);
	if (!size || size > SOFTPCI_STREAM_MAX_EXTRA)
		return -EINVAL;
	if (!extra->size)
		extra->size = size;
	if (size != extra->size ||
	    le64_to_cpu(head.generation) != extra->generation ||
	    le64_to_cpu(head.offset) != extra->offset ||
	    len > size - extra->offset)
		return -EINVAL;
	if (!is_data(content, extra->offset, extra->generation, len))
		return -EBADMSG;
	advance(extra, len);
	return 0;
}

/**
 * softpci_extra_is_complete() - has all of the extra state come
 * @extra: the extra state of the stream
 *
 * Return: whether it has, or there is none.
 */
bool softpci_extra_is_complete(const struct softpci_extra *extra)
{
	return !extra->size || extra->generation;
}

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/extra.c"
#endif
