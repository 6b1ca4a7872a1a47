/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by ioat.c and ioat-desc.c. */
#ifndef SOFTPCI_IOAT_INTERNAL_H
#define SOFTPCI_IOAT_INTERNAL_H

#include <linux/container_of.h>

#include "ioat-regs.h"
#include "ioat.h"

static inline struct softpci_ioat *to_ioat(struct softpci_device *dev)
{
	return &container_of(dev, struct softpci_ioat_device, dev)->ioat;
}

/* How many descriptors are left; the counts wrap. */
static inline u16 nr_left(const struct softpci_ioat *ioat)
{
	return ioat->dmacount - ioat->counted;
}

/* ioat.c */
void softpci_ioat_interrupt(struct softpci_device *dev);
void softpci_ioat_fail(struct softpci_device *dev, u32 error);
void softpci_ioat_tell_first(struct softpci_device *dev, u32 error);
void softpci_ioat_carry_out(struct softpci_device *dev);

/* ioat-desc.c */
void softpci_ioat_run(struct softpci_device *dev, struct softpci_job *job);

#endif /* SOFTPCI_IOAT_INTERNAL_H */
