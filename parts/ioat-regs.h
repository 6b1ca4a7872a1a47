/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers and descriptors of an I/O AT 3.x DMA engine, as far as ioat.c knows
 * them.  The values are those by which the kernel's ioatdma, its VFIO selftests and
 * DPDK drive the hardware (Intel Xeon Processor Scalable Family, "CBDMA").
 */
#ifndef SOFTPCI_IOAT_REGS_H
#define SOFTPCI_IOAT_REGS_H

#include <linux/bits.h>
#include <linux/types.h>

/* Config space: the registers of an extended capability that is the vendor's. */
#define IOAT_VSEC		0x100
#define IOAT_DMAUNCERRSTS	0x148	/* 32 bits, cleared by writing 1 */
#define IOAT_CHANERR_INT	0x180	/* the same */
#define IOAT_CHANERRMASK_INT	0x184	/* 32 bits */
#define IOAT_VSEC_END		0x188

/* BAR 0 */
#define IOAT_BAR_SIZE		0x4000
#define IOAT_REGS_SIZE		0x100
#define IOAT_MSIX_TABLE		0x2000
#define IOAT_MSIX_PBA		0x3000

/* The engine's registers */
#define IOAT_CHANCNT		0x00	/* 8 bits: channels */
#define IOAT_XFERCAP		0x01	/* 8 bits: log2 of the largest transfer */
#define IOAT_INTRCTRL		0x03	/* 8 bits */
#define   IOAT_INTRCTRL_MASTER_INT_EN	BIT(0)
#define   IOAT_INTRCTRL_INT_STATUS	BIT(1)
#define   IOAT_INTRCTRL_INT		BIT(2)
#define   IOAT_INTRCTRL_MSIX_VECTORS	BIT(3)
#define IOAT_ATTNSTATUS		0x04	/* 32 bits: one for each channel */
#define IOAT_VER		0x08	/* 8 bits */
#define   IOAT_VER_3_3			0x33
#define IOAT_INTRDELAY		0x0c	/* 16 bits, in microseconds */
#define   IOAT_INTRDELAY_MASK		GENMASK(13, 0)
#define IOAT_DMA_CAP		0x10	/* 32 bits */
#define   IOAT_DMA_CAP_FILL_BLOCK	BIT(6)
#define   IOAT_DMA_CAP_APIC		BIT(7)

/* The channel's */
#define IOAT_CHANNEL		0x80
#define IOAT_CHANCTRL		(IOAT_CHANNEL + 0x00)	/* 16 bits */
#define   IOAT_CHANCTRL_INT_REARM		BIT(0)
#define   IOAT_CHANCTRL_ERR_COMPLETION_EN	BIT(2)
#define   IOAT_CHANCTRL_ANY_ERR_ABORT_EN	BIT(3)
#define   IOAT_CHANCTRL_ERR_INT_EN		BIT(4)
#define   IOAT_CHANCTRL_MASK			0xf33c	/* bits that keep a value */
#define IOAT_DMA_COMP		(IOAT_CHANNEL + 0x02)	/* 16 bits */
#define   IOAT_DMA_COMP_V2			BIT(1)
#define IOAT_CHANCMD		(IOAT_CHANNEL + 0x04)	/* 8 bits */
#define   IOAT_CHANCMD_START			BIT(0)
#define   IOAT_CHANCMD_APPEND			BIT(1)
#define   IOAT_CHANCMD_SUSPEND			BIT(2)
#define   IOAT_CHANCMD_ABORT			BIT(3)
#define   IOAT_CHANCMD_RESUME			BIT(4)
#define   IOAT_CHANCMD_RESET			BIT(5)
#define   IOAT_CHANCMD_MASK			GENMASK(5, 0)
#define IOAT_DMACOUNT		(IOAT_CHANNEL + 0x06)	/* 16 bits */
#define IOAT_CHANSTS		(IOAT_CHANNEL + 0x08)	/* 64 bits */
#define   IOAT_CHANSTS_ADDRESS			GENMASK_ULL(63, 6)
#define IOAT_CHAINADDR		(IOAT_CHANNEL + 0x10)	/* 64 bits */
#define IOAT_CHANCMP		(IOAT_CHANNEL + 0x18)	/* 64 bits */
#define   IOAT_CHANCMP_ADDRESS			GENMASK_ULL(63, 3)
#define IOAT_CDAR		(IOAT_CHANNEL + 0x20)	/* 64 bits */
#define IOAT_CHANERR		(IOAT_CHANNEL + 0x28)	/* 32 bits, cleared by writing 1 */
#define   IOAT_CHANERR_SRC_ADDR			BIT(0)
#define   IOAT_CHANERR_DEST_ADDR		BIT(1)
#define   IOAT_CHANERR_NEXT_ADDR		BIT(2)
#define   IOAT_CHANERR_NEXT_DESC_ALIGN		BIT(3)
#define   IOAT_CHANERR_CHAIN_ADDR_VALUE		BIT(4)
#define   IOAT_CHANERR_CHANCMD			BIT(5)
#define   IOAT_CHANERR_READ_DATA		BIT(8)
#define   IOAT_CHANERR_WRITE_DATA		BIT(9)
#define   IOAT_CHANERR_CONTROL			BIT(10)
#define   IOAT_CHANERR_LENGTH			BIT(11)
#define   IOAT_CHANERR_COMPLETION_ADDR		BIT(12)
#define IOAT_CHANERR_MASK	(IOAT_CHANNEL + 0x2c)	/* 32 bits */
#define IOAT_DCACTRL		(IOAT_CHANNEL + 0x30)	/* 32 bits */

/* IOAT_CHANSTS, low bits */
enum ioat_status {
	IOAT_ACTIVE,		/* descriptors are processed */
	IOAT_DONE,		/* all that were counted are */
	IOAT_SUSPENDED,		/* by command */
	IOAT_HALTED,		/* after a reset or an error */
	IOAT_ARMED,		/* there is a chain; nothing was counted yet */
};

#define IOAT_DESC_ALIGN		64

/**
 * struct ioat_desc - a descriptor
 * @size: bytes to be written
 * @control: IOAT_DESC_* and the operation
 * @source: address; the pattern, for IOAT_OP_FILL
 * @target: address
 * @next: address of the next descriptor
 * @reserved: other operations, and the driver
 */
struct ioat_desc {
	__le32 size;
	__le32 control;
	__le64 source;
	__le64 target;
	__le64 next;
	__le64 reserved[4];
};

#define IOAT_DESC_INT_EN	BIT(0)		/* interrupt when it is completed */
#define IOAT_DESC_COMPL_WRITE	BIT(3)		/* and write to CHANCMP */
#define IOAT_DESC_FENCE		BIT(4)		/* before the next one is begun */
#define IOAT_DESC_NULL		BIT(5)		/* of IOAT_OP_COPY: no data */
#define IOAT_DESC_OP		GENMASK(31, 24)
#define   IOAT_OP_COPY			0x00
#define   IOAT_OP_FILL			0x01

#endif /* SOFTPCI_IOAT_REGS_H */
