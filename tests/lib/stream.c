// SPDX-License-Identifier: GPL-2.0-only
#include <assert.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "stream.h"

static_assert(sizeof(struct stream_header) == 76, "");
static_assert(sizeof(struct stream_section) == 24, "");
static_assert(sizeof(struct state_header) == 36, "");
static_assert(sizeof(struct state_section) == 16, "");

u32 crc32(const void *data, size_t len)
{
	static u32 table[256];
	const u8 *byte = data;
	unsigned int i, bit;
	u32 sum = ~0u;

	for (i = 0; i < 256 && !table[255]; i++) {
		u32 row = i;

		for (bit = 0; bit < 8; bit++)
			row = row >> 1 ^ (row & 1 ? 0xedb88320 : 0);
		table[i] = row;
	}
	while (len--)
		sum = sum >> 8 ^ table[(sum ^ *byte++) & 0xff];
	return ~sum;
}

struct stream_section *stream_section_at(const struct blob *blob, size_t pos)
{
	struct stream_section *section = (void *)blob->data + pos;

	if (pos + sizeof(*section) > blob->len)
		return NULL;
	return section;
}

size_t stream_section_end(const struct blob *blob, size_t pos)
{
	return pos + sizeof(struct stream_section) + stream_section_at(blob, pos)->length;
}

size_t stream_find(const struct blob *blob, size_t pos, u32 id)
{
	const struct stream_section *section;

	while ((section = stream_section_at(blob, pos)) && section->id != id)
		pos = stream_section_end(blob, pos);
	return section ? pos : 0;
}

static size_t state_start(const struct blob *blob)
{
	size_t pos = stream_find(blob, sizeof(struct stream_header), STREAM_STATE);

	check(pos);
	return pos + sizeof(struct stream_section);
}

size_t stream_find_state(const struct blob *blob, u16 id)
{
	size_t start = state_start(blob), pos = start + sizeof(struct state_header);
	const struct state_header *header = (void *)blob->data + start;
	const struct state_section *section;

	for (; pos < start + header->length; pos += sizeof(*section) + section->length) {
		section = (void *)blob->data + pos;
		if (section->id == id)
			return pos;
	}
	return 0;
}

u64 stream_memory_bytes(const struct blob *blob)
{
	size_t pos = sizeof(struct stream_header);
	u64 sum = 0;

	while ((pos = stream_find(blob, pos, STREAM_MEMORY))) {
		sum += stream_section_at(blob, pos)->length - sizeof(struct stream_memory);
		pos = stream_section_end(blob, pos);
	}
	return sum;
}

void stream_seal_header(struct blob *blob)
{
	struct stream_header *header = (void *)blob->data;

	header->sum = XXH64(header, offsetof(struct stream_header, sum), 0);
}

/* The head of a section before its checksum of @gap bytes, and its content, in one piece. */
static u8 *join(const void *section, size_t head, size_t gap, size_t length)
{
	u8 *joined = malloc(head + length);

	check(joined);
	memcpy(joined, section, head);
	memcpy(joined + head, section + head + gap, length);
	return joined;
}

void stream_seal_section(struct blob *blob, size_t pos)
{
	struct stream_section *section = stream_section_at(blob, pos);
	const size_t head = offsetof(struct stream_section, sum);
	u8 *joined = join(section, head, sizeof(section->sum), section->length);

	section->sum = XXH64(joined, head + section->length, 0);
	free(joined);
}

static void seal_state_section(struct state_section *section)
{
	const size_t head = offsetof(struct state_section, crc);
	u8 *joined = join(section, head, sizeof(section->crc), section->length);

	section->crc = crc32(joined, head + section->length);
	free(joined);
}

void stream_seal_state(struct blob *blob)
{
	size_t start = state_start(blob), pos = start + sizeof(struct state_header);
	struct state_header *header = (void *)blob->data + start;
	struct state_section *section;

	header->crc = crc32(header, offsetof(struct state_header, crc));
	for (; pos < start + header->length; pos += sizeof(*section) + section->length) {
		section = (void *)blob->data + pos;
		seal_state_section(section);
	}
}

void stream_seal(struct blob *blob)
{
	size_t pos = sizeof(struct stream_header);
	const struct stream_section *section;
	u64 nr = 0;

	stream_seal_header(blob);
	if (stream_find(blob, pos, STREAM_STATE))
		stream_seal_state(blob);
	for (; (section = stream_section_at(blob, pos)); pos = stream_section_end(blob, pos)) {
		if (section->id == STREAM_END)
			memcpy((void *)(section + 1), &nr, sizeof(nr));
		stream_seal_section(blob, pos);
		nr++;
	}
}

void blob_insert(struct blob *blob, size_t pos, const void *data, size_t len)
{
	size_t behind = blob->len - pos;

	check(pos <= blob->len);
	/* To make room: the bytes are overwritten. */
	blob_add(blob, data, len);
	memmove(blob->data + pos + len, blob->data + pos, behind);
	memcpy(blob->data + pos, data, len);
}

void blob_remove(struct blob *blob, size_t pos, size_t len)
{
	check(pos + len <= blob->len);
	memmove(blob->data + pos, blob->data + pos + len, blob->len - pos - len);
	blob->len -= len;
}
