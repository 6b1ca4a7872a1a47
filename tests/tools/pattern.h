/* SPDX-License-Identifier: GPL-2.0-only */
/* A picture in which no two neighbours have the same colour. */
#ifndef TESTS_TOOLS_PATTERN_H
#define TESTS_TOOLS_PATTERN_H

#include <linux/types.h>

/* XR24, with something in the bits that are not shown. */
static inline __u32 pattern32(unsigned int x, unsigned int y)
{
	return 0xa5000000 | (x & 0xff) << 16 | (y & 0xff) << 8 | ((x ^ y) & 0xff);
}

/* RG16 */
static inline __u16 pattern16(unsigned int x, unsigned int y)
{
	return (x & 0x1f) << 11 | (y & 0x3f) << 5 | ((x ^ y) & 0x1f);
}

#endif /* TESTS_TOOLS_PATTERN_H */
