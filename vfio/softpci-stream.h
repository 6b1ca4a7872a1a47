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
/* The most bytes of memory in one SOFTPCI_STREAM_MEMORY. */
#define SOFTPCI_STREAM_MAX_DATA	SZ_64K

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
 * @crc: CRC-32C of the bytes before
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
	__le32 crc;
} __packed;

/* For struct softpci_stream_section.id. */
#define SOFTPCI_STREAM_STATE	1	/* softpci_state_save() */
#define SOFTPCI_STREAM_MEMORY	2	/* struct softpci_stream_memory, data */
#define SOFTPCI_STREAM_END	3	/* struct softpci_stream_end */

/* For struct softpci_stream_section.flags: a reader that lacks it ignores it. */
#define SOFTPCI_STREAM_SKIPPABLE	BIT(0)

/**
 * struct softpci_stream_section - the head of a section
 * @id: SOFTPCI_STREAM_STATE and so on
 * @flags: SOFTPCI_STREAM_SKIPPABLE
 * @length: of the content in bytes
 * @crc: CRC-32C of the bytes before and of the content
 */
struct softpci_stream_section {
	__le32 id;
	__le32 flags;
	__le64 length;
	__le32 crc;
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
 * struct softpci_stream_end - SOFTPCI_STREAM_END
 * @sections: how many came before it
 */
struct softpci_stream_end {
	__le64 sections;
} __packed;

#endif /* SOFTPCI_STREAM_H */
