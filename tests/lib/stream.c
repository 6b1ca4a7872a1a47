// SPDX-License-Identifier: GPL-2.0-only
#include <assert.h>

#include "stream.h"

static_assert(sizeof(struct stream_header) == 72, "");
static_assert(sizeof(struct stream_section) == 20, "");
static_assert(sizeof(struct state_header) == 36, "");
static_assert(sizeof(struct state_section) == 16, "");

/* Bit by bit through a table, lowest bit first; @poly is reversed. */
static u32 crc(const u8 *data, size_t len, u32 poly, u32 *table)
{
	u32 sum = ~0u;
	unsigned int i, bit;

	for (i = 0; i < 256 && !table[255]; i++) {
		u32 row = i;

		for (bit = 0; bit < 8; bit++)
			row = row >> 1 ^ (row & 1 ? poly : 0);
		table[i] = row;
	}
	while (len--)
		sum = sum >> 8 ^ table[(sum ^ *data++) & 0xff];
	return ~sum;
}

u32 crc32c(const void *data, size_t len)
{
	static u32 table[256];

	return crc(data, len, 0x82f63b78, table);
}

u32 crc32(const void *data, size_t len)
{
	static u32 table[256];

	return crc(data, len, 0xedb88320, table);
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

	header->crc = crc32c(header, offsetof(struct stream_header, crc));
}

/* The head of a section before its checksum, and its content, which follow that. */
static u32 section_crc(const u8 *section, size_t head, size_t length,
		       u32 (*sum)(const void *data, size_t len))
{
	u8 *joined = malloc(head + length);
	u32 ret;

	check(joined);
	memcpy(joined, section, head);
	memcpy(joined + head, section + head + sizeof(u32), length);
	ret = sum(joined, head + length);
	free(joined);
	return ret;
}

void stream_seal_section(struct blob *blob, size_t pos)
{
	struct stream_section *section = stream_section_at(blob, pos);

	section->crc = section_crc((u8 *)section, offsetof(struct stream_section, crc),
				   section->length, crc32c);
}

void stream_seal_state(struct blob *blob)
{
	size_t start = state_start(blob), pos = start + sizeof(struct state_header);
	struct state_header *header = (void *)blob->data + start;
	struct state_section *section;

	header->crc = crc32(header, offsetof(struct state_header, crc));
	for (; pos < start + header->length; pos += sizeof(*section) + section->length) {
		section = (void *)blob->data + pos;
		section->crc = section_crc((u8 *)section, offsetof(struct state_section, crc),
					   section->length, crc32);
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
	/* Whatever bytes, for the room. */
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
