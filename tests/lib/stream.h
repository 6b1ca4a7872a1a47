/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stream of a migration, cut into its parts (Documentation/migration.rst).  The
 * structures are written down once more, so that a change of the format is seen.
 */
#ifndef TESTS_STREAM_H
#define TESTS_STREAM_H

#include "migration.h"

#define STREAM_MAGIC		0x4d435053
#define STREAM_MAX_STATE	(1024 * 1024)
#define STREAM_MAX_DATA		(64 << 10)
#define STREAM_SKIPPABLE	1
#define STREAM_STATE		1
#define STREAM_MEMORY		2
#define STREAM_END		3
#define STREAM_EXTRA		4

struct stream_header {
	u32 magic;
	u16 major;
	u16 minor;
	u8 type[32];
	u16 vendor;
	u16 device;
	u16 subsystem_vendor;
	u16 subsystem_device;
	u32 class;
	u32 identity;
	u64 memory;
	u32 state;
	u64 sum;
} __attribute__((packed));

struct stream_section {
	u32 id;
	u32 flags;
	u64 length;
	u64 sum;
} __attribute__((packed));

struct stream_memory {
	u32 memory;
	u32 reserved;
	u64 offset;
} __attribute__((packed));

struct stream_extra {
	u64 size;
	u64 offset;
	u64 generation;
} __attribute__((packed));

/* In the content of STREAM_STATE: the head of core/state.c. */
struct state_header {
	u32 magic;
	u16 major;
	u16 minor;
	u16 vendor;
	u16 device;
	u16 subsystem_vendor;
	u16 subsystem_device;
	u32 class;
	u32 config_size;
	u32 identity;
	u32 length;
	u32 crc;
} __attribute__((packed));

struct state_section {
	u16 id;
	u16 version;
	u16 flags;
	u16 reserved;
	u32 length;
	u32 crc;
} __attribute__((packed));

#define STATE_CONFIG	1
#define STATE_IRQS	2
#define STATE_DEVICE	3
#define STATE_SKIPPABLE	1

/* As zlib's. */
u32 crc32(const void *data, size_t len);

/*
 * The section at @pos, the first one at sizeof(struct stream_header); NULL at the end
 * of the blob.  Its content follows it.
 */
struct stream_section *stream_section_at(const struct blob *blob, size_t pos);
/* Where the next one is. */
size_t stream_section_end(const struct blob *blob, size_t pos);
/* The first section of a kind from @pos on, or 0. */
size_t stream_find(const struct blob *blob, size_t pos, u32 id);
/* Where a section of the state is, in the whole stream; 0: nowhere. */
size_t stream_find_state(const struct blob *blob, u16 id);
/* Bytes of memory in all its sections. */
u64 stream_memory_bytes(const struct blob *blob);

/* Make the checksums right: of the header; of the section at @pos; of the state. */
void stream_seal_header(struct blob *blob);
void stream_seal_section(struct blob *blob, size_t pos);
void stream_seal_state(struct blob *blob);
/* All of them, by what their lengths say, and the number of sections in END. */
void stream_seal(struct blob *blob);

/* Put bytes at a place; take some away.  No checksum is changed. */
void blob_insert(struct blob *blob, size_t pos, const void *data, size_t len);
void blob_remove(struct blob *blob, size_t pos, size_t len);

#endif /* TESTS_STREAM_H */
