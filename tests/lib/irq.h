/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts as a VFIO user gets them: eventfds.
 *
 * A device signals from within the access that is the cause of it.  That there
 * is no event is therefore seen by a read that does not block, after the access.
 */
#ifndef TESTS_IRQ_H
#define TESTS_IRQ_H

#include "vfio.h"

#define INTX	VFIO_PCI_INTX_IRQ_INDEX
#define MSI	VFIO_PCI_MSI_IRQ_INDEX
#define MSIX	VFIO_PCI_MSIX_IRQ_INDEX
#define ERR	VFIO_PCI_ERR_IRQ_INDEX
#define REQ	VFIO_PCI_REQ_IRQ_INDEX

#define NONE	VFIO_IRQ_SET_DATA_NONE
#define BOOL	VFIO_IRQ_SET_DATA_BOOL
#define EVENTFD	VFIO_IRQ_SET_DATA_EVENTFD
#define MASK	VFIO_IRQ_SET_ACTION_MASK
#define UNMASK	VFIO_IRQ_SET_ACTION_UNMASK
#define TRIGGER	VFIO_IRQ_SET_ACTION_TRIGGER

int event_new(void);
/* How many events since the last look; does not wait. */
u64 event_take(int event);
/* Wait for one, and take all that there are: how many. */
u64 event_wait(int event);
void event_signal(int event);

/**
 * __irq_set() - VFIO_DEVICE_SET_IRQS
 * @v: the device
 * @index: INTX, MSI, ...
 * @flags: an action and a data type
 * @start: first vector
 * @count: how many
 * @data: @len bytes of bools or eventfds
 * @len: how many bytes
 */
int __irq_set(const struct vfio *v, unsigned int index, u32 flags, u32 start,
	      u32 count, const void *data, size_t len);

int __irq_assign(const struct vfio *v, unsigned int index, u32 start, u32 count,
		 const s32 *events);
/*
 * Assign new eventfds to the first @count vectors.  For MSI and MSI-X Bus Master is set
 * before, as a guest's driver does: without it no message is sent.
 */
void irq_enable(struct vfio *v, unsigned int index, u32 count, s32 *events);
void irq_disable(const struct vfio *v, unsigned int index);
/* An action on one vector, without data. */
int __irq_do(const struct vfio *v, unsigned int index, u32 action, u32 vector);
void irq_do(const struct vfio *v, unsigned int index, u32 action, u32 vector);
/* An action on vector 0 with a bool or an eventfd. */
int __irq_bool(const struct vfio *v, unsigned int index, u32 action, bool val);
int __irq_event(const struct vfio *v, unsigned int index, u32 action, s32 event);

#endif /* TESTS_IRQ_H */
