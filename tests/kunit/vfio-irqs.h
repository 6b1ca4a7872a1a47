/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device with the VFIO front end's interrupts, for tests of set_irqs.c and
 * intx.c.
 *
 * An eventfd can be had by system call only, so that it is replaced by a struct
 * that counts.  tests/vfio/test-irq.c has real ones.
 */
#ifndef SOFTPCI_KUNIT_VFIO_IRQS_H
#define SOFTPCI_KUNIT_VFIO_IRQS_H

#include "vfio.h"

#define SOURCES	4
/* As many as vectors, and those of ERR and REQ. */
#define NR_EVENTFDS	(SOFTPCI_MAX_MSIX + 2)
/* The file descriptor of the first of them; a real one is smaller. */
#define FIRST_FD	0x10000000

/**
 * struct kunit_eventfd - what stands for an eventfd
 * @fired: how often it was signalled
 * @refs: how many references there are
 */
struct kunit_eventfd {
	unsigned int fired;
	int refs;
};

/**
 * struct kunit_irqs - a device whose interrupts are counted
 * @svfio: the device
 * @eventfd: NR_EVENTFDS that it can have
 * @signals: all signals, those to no eventfd as well
 * @delay: of the last unmask that had to wait, in jiffies
 * @lines: in the log, of requests to close the device
 * @asked: what the last of them said
 */
struct kunit_irqs {
	struct softpci_vfio *svfio;
	struct kunit_eventfd *eventfd;
	unsigned int signals;
	unsigned long delay;
	unsigned int lines;
	bool asked;
};

/* tests/kunit/set_irqs.c */
extern const struct softpci_model kunit_irqs_model;
struct kunit_irqs *kunit_irqs_device(struct kunit *test,
				     const struct softpci_model *model);
int kunit_set_irqs(struct kunit_irqs *t, unsigned int index, u32 flags,
		   unsigned int start, unsigned int count, const void *data);
void kunit_irqs_enable(struct kunit_irqs *t, unsigned int index,
		       unsigned int nr);
void kunit_irqs_disable(struct kunit_irqs *t, unsigned int index);

static inline void set_level(struct kunit_irqs *t, unsigned int source,
			     bool level)
{
	guard(softpci)(t->svfio->dev);
	softpci_irq_level(t->svfio->dev, source, level);
}

static inline int mask(struct kunit_irqs *t)
{
	return kunit_set_irqs(t, VFIO_PCI_INTX_IRQ_INDEX,
			      VFIO_IRQ_SET_ACTION_MASK |
			      VFIO_IRQ_SET_DATA_NONE, 0, 1, NULL);
}

static inline int unmask(struct kunit_irqs *t)
{
	return kunit_set_irqs(t, VFIO_PCI_INTX_IRQ_INDEX,
			      VFIO_IRQ_SET_ACTION_UNMASK |
			      VFIO_IRQ_SET_DATA_NONE, 0, 1, NULL);
}

static inline bool interrupt_status(struct kunit_irqs *t)
{
	return kunit_config_read(t->svfio->dev, PCI_STATUS, 2) &
	       PCI_STATUS_INTERRUPT;
}

/* Forget how often each eventfd was signalled. */
static inline void forget_signals(struct kunit_irqs *t)
{
	unsigned int i;

	for (i = 0; i < NR_EVENTFDS; i++)
		t->eventfd[i].fired = 0;
}

#endif /* SOFTPCI_KUNIT_VFIO_IRQS_H */
