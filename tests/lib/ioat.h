/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The DMA engine (mioat): its registers as those of I/O AT 3.x, and chains of
 * descriptors in memory of this process.
 */
#ifndef TESTS_IOAT_H
#define TESTS_IOAT_H

#include "vfio.h"

#define IOAT_BAR0	0
#define IOAT_INTRCTRL	0x03	/* 1 byte */
#define   INTRCTRL_MASTER	0x01
#define   INTRCTRL_MSIX		0x08
#define IOAT_VER	0x08	/* 1 byte */
#define IOAT_CHANCTRL	0x80	/* 2 bytes */
#define   CHANCTRL_REARM	0x01
#define   CHANCTRL_ERR_COMPLETION 0x04
#define   CHANCTRL_ERR_INT	0x10
#define IOAT_CHANCMD	0x84	/* 1 byte */
#define   CHANCMD_SUSPEND	0x04
#define   CHANCMD_RESET		0x20
#define IOAT_DMACOUNT	0x86	/* 2 bytes */
#define IOAT_CHANSTS	0x88	/* 8 bytes: address of the last descriptor, and status */
#define IOAT_CHAINADDR	0x90	/* 8 bytes */
#define IOAT_CHANCMP	0x98	/* 8 bytes */
#define IOAT_CDAR	0xa0	/* 8 bytes */
#define IOAT_CHANERR	0xa8	/* 4 bytes */
#define   CHANERR_NEXT_ADDR	0x004
#define   CHANERR_READ_DATA	0x100
#define   CHANERR_WRITE_DATA	0x200
#define   CHANERR_CONTROL	0x400
#define   CHANERR_LENGTH	0x800
#define   CHANERR_COMPLETION	0x1000
#define IOAT_REGS	0xb4	/* end of the registers */
#define IOAT_TABLE	0x2000	/* MSI-X table, one vector */
#define IOAT_PBA	0x3000	/* pending bit array */
#define IOAT_SIZE	0x4000	/* of the BAR */
#define IOAT_MAX_LENGTH	0x100000UL
/* Config space: an extended capability, and a register in it that can be written. */
#define IOAT_VSEC	0x100
#define IOAT_VSEC_LEN	0x88
#define IOAT_CHANERRMASK_INT 0x184

enum { ACTIVE, DONE, SUSPENDED, HALTED, ARMED };

/* Control word of a descriptor. */
#define DESC_INT	0x01
#define DESC_COMPLETION	0x08
#define DESC_NULL	0x20
#define DESC_COPY	0x00000000U
#define DESC_FILL	0x01000000U

struct ioat_desc {
	u32 size, control;
	u64 source, target, next, reserved[4];
};

/* Where the chain is mapped, of which each descriptor leads to the next one. */
#define CHAIN		0x7000000UL
#define CHAIN_DESCS	1024
#define CHAIN_SIZE	(CHAIN_DESCS * sizeof(struct ioat_desc))

/**
 * struct chain - descriptors, and how they are reported
 * @desc: CHAIN_DESCS of them, at CHAIN
 * @completion: the number that CHANCMP points to, behind them
 * @event: of the one vector
 * @next: the descriptor that chain_append() uses next
 * @count: the value of DMACOUNT that chain_ring() writes
 */
struct chain {
	struct ioat_desc *desc;
	volatile u64 *completion;
	s32 event;
	unsigned int next;
	u16 count;
};

static inline u64 desc_at(unsigned int n)
{
	return CHAIN + n * sizeof(struct ioat_desc);
}

/* Memory that an engine copies from and to, both mapped for it, and its chain. */
struct windows {
	u8 *source, *target;
	struct chain chain;
};

u64 ioat_get(struct vfio *v, unsigned int reg);
void ioat_put(struct vfio *v, unsigned int reg, u64 val);
unsigned int ioat_status(struct vfio *v);
/* Until the channel is not active any more: its status. */
unsigned int ioat_wait(struct vfio *v);

/* Map a chain, with MSI-X and completions enabled, and enable Bus Master. */
void chain_init(struct vfio *v, struct chain *chain);
/* The same, and map @size bytes at @source, with a pattern in them, and at @target. */
void windows_init(struct vfio *v, struct windows *w, u64 source, u64 target, size_t size);
void chain_set(struct chain *chain, unsigned int n, u32 control, u32 size, u64 source,
	       u64 target);
/* Have the channel process @count descriptors from @first on. */
void chain_start(struct vfio *v, unsigned int first, unsigned int count);
/*
 * The same without an end: @size bytes at a time from @source to @target, which is
 * @memory. Returns when it has begun to write there.
 */
void chain_flood(struct vfio *v, struct chain *chain, u32 size, u64 source, u64 target,
		 u8 *memory);
/* The same, and wait: CHANERR. */
u32 chain_run(struct vfio *v, unsigned int first, unsigned int count);
/*
 * The same in the way of a driver that keeps adding descriptors, which works as well
 * where registers are looked at from time to time: after chain_reset() begin with
 * chain_begin(), and add one at a time; or append several and ring the doorbell then.
 */
void chain_begin(struct vfio *v, struct chain *chain);
void chain_append(struct chain *chain, u32 control, u32 size, u64 source, u64 target);
void chain_ring(struct vfio *v, struct chain *chain);
void chain_add(struct vfio *v, struct chain *chain, u32 control, u32 size, u64 source,
	       u64 target);
/* Until a completion was written over ACTIVE: the status in it. */
unsigned int chain_wait(const struct chain *chain);
/* Reset of the channel, which takes CHANCMP with it: written again. */
void chain_reset(struct vfio *v);
/*
 * After chain_begin() add one, and wait for it: whether it succeeded. If the channel has
 * halted, it is reset, and the chain begun anew.
 */
bool chain_try(struct vfio *v, struct chain *chain, u32 operation, u32 size, u64 source,
	       u64 target);

#endif /* TESTS_IOAT_H */
