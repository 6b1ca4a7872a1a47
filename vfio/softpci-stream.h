/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stream of a device's migration (VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE), as
 * Documentation/migration.rst describes it.  All numbers are little-endian, and
 * nothing is aligned.
 */
#ifndef SOFTPCI_STREAM_H
#define SOFTPCI_STREAM_H

#include <linux/bits.h>
#include <linux/sizes.h>
#include <linux/types.h>

#define SOFTPCI_STREAM_MAGIC	0x4d435053	/* "SPCM" */
#define SOFTPCI_STREAM_MAJOR	1
#define SOFTPCI_STREAM_MINOR	0

/* Bytes of the name of a type, zeroes behind it included. */
#define SOFTPCI_STREAM_TYPE	32
/* The longest content of SOFTPCI_STREAM_STATE. */
#define SOFTPCI_STREAM_MAX_STATE	SZ_1M
/* The most bytes of data in one SOFTPCI_STREAM_MEMORY or SOFTPCI_STREAM_EXTRA. */
#define SOFTPCI_STREAM_MAX_DATA	SZ_64K
/* The most bytes of extra state. */
#define SOFTPCI_STREAM_MAX_EXTRA	(64ULL * SZ_1G)
/* Factor of the bytes of extra state: see struct softpci_stream_extra. */
#define SOFTPCI_STREAM_EXTRA_FACTOR	0xd1342543de82ef95ULL

/**
 * struct softpci_stream_header - the first bytes
 * @magic: SOFTPCI_STREAM_MAGIC
 * @major: SOFTPCI_STREAM_MAJOR
 * @minor: SOFTPCI_STREAM_MINOR, or that of a newer writer
 * @type: name of the type as mdev knows it, such as "mbochs-small"
 * @vendor: PCI vendor id
 * @device: device id
 * @subsystem_vendor: subsystem vendor id
 * @subsystem_device: subsystem id
 * @class: class in the upper 24 bits, revision in the lower 8
 * @identity: softpci_state_identity() of the model
 * @memory: bytes of all memories of the device together
 * @state: bytes of the content of SOFTPCI_STREAM_STATE
 * @sum: XXH64 of the bytes before
 */
struct softpci_stream_header {
	__le32 magic;
	__le16 major;
	__le16 minor;
	__u8 type[SOFTPCI_STREAM_TYPE];
	__le16 vendor;
	__le16 device;
	__le16 subsystem_vendor;
	__le16 subsystem_device;
	__le32 class;
	__le32 identity;
	__le64 memory;
	__le32 state;
	__le64 sum;
} __packed;

/* For struct softpci_stream_section.id. */
#define SOFTPCI_STREAM_STATE	1	/* softpci_state_save() */
#define SOFTPCI_STREAM_MEMORY	2	/* struct softpci_stream_memory, data */
#define SOFTPCI_STREAM_END	3	/* struct softpci_stream_end */
#define SOFTPCI_STREAM_EXTRA	4	/* struct softpci_stream_extra, data */

/* For struct softpci_stream_section.flags: a reader that lacks it ignores it. */
#define SOFTPCI_STREAM_SKIPPABLE	BIT(0)

/**
 * struct softpci_stream_section - the head of a section
 * @id: SOFTPCI_STREAM_STATE and so on
 * @flags: SOFTPCI_STREAM_SKIPPABLE
 * @length: of the content in bytes
 * @sum: XXH64 of the bytes before and of the content
 */
struct softpci_stream_section {
	__le32 id;
	__le32 flags;
	__le64 length;
	__le64 sum;
} __packed;

/**
 * struct softpci_stream_memory - the start of SOFTPCI_STREAM_MEMORY
 * @memory: index of the memory
 * @reserved: 0
 * @offset: of the first byte of data in it
 *
 * The data follows: 1 to SOFTPCI_STREAM_MAX_DATA bytes.
 */
struct softpci_stream_memory {
	__le32 memory;
	__le32 reserved;
	__le64 offset;
} __packed;

/**
 * struct softpci_stream_extra - the start of SOFTPCI_STREAM_EXTRA
 * @size: bytes of extra state, up to SOFTPCI_STREAM_MAX_EXTRA
 * @offset: of the first byte of data in it
 * @generation: how often that was sent before
 *
 * The data follows: 1 to SOFTPCI_STREAM_MAX_DATA bytes, up to the end of the extra
 * state.  The next section has the bytes behind them; those at offset 0, in the
 * next generation, at the end.  Each 8 bytes from an offset O that is a multiple of
 * 8 are a little-endian number X ^ X >> 32, with X = (@generation << 40) + O times
 * SOFTPCI_STREAM_EXTRA_FACTOR, all modulo 2^64.
 */
struct softpci_stream_extra {
	__le64 size;
	__le64 offset;
	__le64 generation;
} __packed;

/* The longest content of any section but SOFTPCI_STREAM_STATE. */
#define SOFTPCI_STREAM_MAX_CONTENT	(sizeof(struct softpci_stream_extra) + \
					 SOFTPCI_STREAM_MAX_DATA)

/**
 * struct softpci_stream_end - SOFTPCI_STREAM_END
 * @sections: how many came before it
 */
struct softpci_stream_end {
	__le64 sections;
} __packed;

#endif /* SOFTPCI_STREAM_H */
