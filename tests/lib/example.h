/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The example device (Documentation/example.c).  It copies and sends its message
 * after the access that starts it: its end is seen by an eventfd, or where no
 * message can be sent, by a pending bit.
 */
#ifndef TESTS_EXAMPLE_H
#define TESTS_EXAMPLE_H

#include "vfio.h"

#define EXAMPLE_BAR0		0
#define EXAMPLE_SOURCE		0x00	/* 8 bytes: address of the first byte to copy */
#define EXAMPLE_TARGET		0x08	/* 8 bytes: where to */
#define EXAMPLE_LENGTH		0x10	/* 8 bytes: up to EXAMPLE_MAX_LENGTH */
#define EXAMPLE_DOORBELL	0x20	/* 4 bytes: start; the MSI-X vector to send at the end */
#define EXAMPLE_STATUS		0x24	/* 4 bytes */
#define EXAMPLE_REGS		0x28	/* end of the registers */
#define EXAMPLE_TABLE		0x1000	/* MSI-X table */
#define EXAMPLE_PBA		0x1800	/* pending bit array */
#define EXAMPLE_MEMORY		0x10000	/* memory that can be mapped, up to the end */
#define EXAMPLE_MEMORY_SIZE	0x10000
#define EXAMPLE_MAX_LENGTH	(16ULL << 20)
#define EXAMPLE_VECTORS		64

/* EXAMPLE_STATUS */
#define IDLE	0	/* nothing was copied yet */
#define COPIED	1
#define FAILED	2	/* too long, an address that does not answer, DMA is not allowed */
#define BUSY	3	/* it copies, or is going to; the doorbell is ignored */

/* The registers are as wide as they are accessed: 8 or 4 bytes. */
static inline u64 example_get(struct vfio *v, unsigned int reg)
{
	return reg_get(v, EXAMPLE_BAR0, reg, reg < EXAMPLE_DOORBELL ? 8 : 4);
}

static inline void example_put(struct vfio *v, unsigned int reg, u64 val)
{
	reg_put(v, EXAMPLE_BAR0, reg, reg < EXAMPLE_DOORBELL ? 8 : 4, val);
}

static inline u64 example_entry(unsigned int vector)
{
	return EXAMPLE_TABLE + vector * PCI_MSIX_ENTRY_SIZE;
}

/* The mask bit of an entry of the MSI-X table. */
void example_mask(struct vfio *v, unsigned int vector, bool masked);
bool example_is_masked(struct vfio *v, unsigned int vector);
bool example_is_pending(struct vfio *v, unsigned int vector);
void example_wait_pending(struct vfio *v, unsigned int vector);

/* Start a copy when the one before is over; its end is told by message @vector. */
void example_start(struct vfio *v, u64 to, u64 from, u64 len, unsigned int vector);
/* Copy nothing, for the message at the end. */
void example_fire(struct vfio *v, unsigned int vector);
/* Copy, wait for the message of vector 0, which goes to @event: the status. */
u32 example_copy(struct vfio *v, int event, u64 to, u64 from, u64 len);

/* Initiate Function Level Reset, which is done when this returns. */
void example_flr(struct vfio *v);

#endif /* TESTS_EXAMPLE_H */
