/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers in config space and the like. */
#ifndef SOFTPCI_BYTES_H
#define SOFTPCI_BYTES_H

#include <linux/string.h>
#include <linux/types.h>
#include <asm/byteorder.h>

/* Config space as it is in memory: little-endian, at any alignment. */
static inline void set16(u8 *bytes, unsigned int pos, u16 val)
{
	__le16 le = cpu_to_le16(val);

	memcpy(bytes + pos, &le, sizeof(le));
}

static inline void set32(u8 *bytes, unsigned int pos, u32 val)
{
	__le32 le = cpu_to_le32(val);

	memcpy(bytes + pos, &le, sizeof(le));
}

static inline u16 get16(const u8 *bytes, unsigned int pos)
{
	__le16 le;

	memcpy(&le, bytes + pos, sizeof(le));
	return le16_to_cpu(le);
}

static inline u32 get32(const u8 *bytes, unsigned int pos)
{
	__le32 le;

	memcpy(&le, bytes + pos, sizeof(le));
	return le32_to_cpu(le);
}

#endif /* SOFTPCI_BYTES_H */
