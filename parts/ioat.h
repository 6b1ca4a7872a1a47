/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A DMA engine: one channel of I/O AT 3.x, a PCI Express endpoint (ioat.c,
 * ioat-desc.c).
 *
 * There are two models of it. One is for front ends that see each access to a
 * register, and behaves as the hardware does. The other is for front ends whose
 * registers are plain memory that is looked at from time to time: see
 * Documentation/ioat.rst for how it differs.
 */
#ifndef SOFTPCI_IOAT_H
#define SOFTPCI_IOAT_H

#include "../core/softpci.h"

/* A fill writes so many times eight bytes at once. */
#define SOFTPCI_IOAT_PATTERN	128

/**
 * struct softpci_ioat - a channel, and the engine's own registers
 * @job: processes descriptors
 * @pattern: of a fill, repeated; @job alone
 * @running: @job is at a descriptor, without the lock
 * @polled: it is of softpci_ioat_polled_model, or of a copy
 * @leaves_halted: if polled: resets lead to suspended, as the driver takes halted for an
 *	error; the others wait for halted
 * @xfercap: log2 of the bytes that a descriptor moves at most
 * @intrctrl: INTRCTRL, the bits that can be written
 * @intrdelay: INTRDELAY, without effect
 * @chanctrl: CHANCTRL, without INT_REARM; a reset of the channel clears all from here on
 * @attention: it has interrupted, or would have, and was not re-armed since
 * @again: it interrupts once more when it is re-armed
 * @command: CHANCMD: a command to be carried out when @running ends; 0: none
 * @status: enum ioat_status
 * @chained: the descriptor at @next is one that CHAINADDR was written for
 * @dmacount: DMACOUNT
 * @counted: how many of @dmacount were processed
 * @told: if polled: the completion has told of the error
 * @completed: address of the last descriptor that was, 0: none of this chain
 * @next: CHAINADDR: address of the next descriptor
 * @at: CDAR: address of the descriptor that is processed, or was last
 * @chancmp: CHANCMP: where completions are written; 0: nowhere
 * @chanerr: CHANERR
 * @chanerr_mask: CHANERR_MASK: bits of CHANERR that cause no interrupt
 * @dcactrl: DCACTRL, without effect
 *
 * All but @pattern is protected by the device lock.
 */
struct softpci_ioat {
	struct softpci_job job;
	__le64 pattern[SOFTPCI_IOAT_PATTERN];
	bool running;
	bool polled;
	bool leaves_halted;
	u8 xfercap;
	u8 intrctrl;
	u16 intrdelay;

	u16 chanctrl;
	bool attention;
	bool again;
	u8 command;
	u8 status;
	bool chained;
	bool told;
	u16 dmacount;
	u16 counted;
	u64 completed;
	u64 next;
	u64 at;
	u64 chancmp;
	u32 chanerr;
	u32 chanerr_mask;
	u32 dcactrl;
};

/**
 * struct softpci_ioat_device - a function with a channel
 * @dev: must be first
 * @ioat: its channel
 */
struct softpci_ioat_device {
	struct softpci_device dev;
	struct softpci_ioat ioat;
};

extern const struct softpci_model softpci_ioat_model;
extern const struct softpci_model softpci_ioat_polled_model;

#endif /* SOFTPCI_IOAT_H */
