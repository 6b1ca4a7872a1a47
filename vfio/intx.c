// SPDX-License-Identifier: GPL-2.0-only
/*
 * INTx of a VFIO user: delivered once, masked by its delivery, and delivered
 * again when it is unmasked while it is still asserted.
 *
 * Eventfds that mask and unmask it queue work items of the device, which run in
 * process context: the device lock protects all state, and no eventfd is signalled
 * from within the wake-up of another.  VFIO's own work items, for which every VFIO
 * device of the host waits when it takes an eventfd away, are left unused.
 */
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/workqueue.h>

#include "internal.h"

/* How often an eventfd may unmask INTx before it has to wait. */
#define UNMASK_BURST	64

/**
 * softpci_vfio_intx() - the level of INTx may have changed
 * @dev: the device, lock held
 * @asserted: the level
 */
void softpci_vfio_intx(struct softpci_device *dev, bool asserted)
{
	struct softpci_vfio *svfio = dev->host;
	struct softpci_vfio_irqs *irqs = &svfio->irqs;

	lockdep_assert_held(&dev->lock);
	/* An unmask by eventfd waits for nothing but this. */
	if (irqs->unmask_due) {
		irqs->unmask_due = false;
		irqs->masked = false;
	}
	/* Without an eventfd it stays asserted, until there is one. */
	if (!asserted || irqs->masked || !irqs->trigger[0])
		return;
	if (svfio->low_power)
		softpci_vfio_wake(svfio);
	irqs->masked = true;
	softpci_vfio_signal(irqs->trigger[0]);
}

/**
 * softpci_vfio_irq_settle() - carry out the masking that eventfds asked for
 * @svfio: the device, igate held, device lock not
 *
 * An ioctl that follows a write to such an eventfd must take effect after it.
 * Waits for work of this device only.
 */
void softpci_vfio_irq_settle(struct softpci_vfio *svfio)
{
	struct softpci_vfio_irqs *irqs = &svfio->irqs;

	lockdep_assert_held(&irqs->igate);
	if (!irqs->wired)
		return;
	flush_work(&irqs->mask_work);
	flush_work(&irqs->unmask_work);

	guard(softpci)(svfio->dev);
	softpci_irq_update(svfio->dev);
}

static void set_masked(struct softpci_vfio *svfio, bool masked)
{
	guard(softpci)(svfio->dev);
	svfio->irqs.unmask_due = false;
	svfio->irqs.masked = masked;
	softpci_irq_update(svfio->dev);
}

static void mask_work(struct work_struct *work)
{
	set_masked(container_of(work, struct softpci_vfio, irqs.mask_work),
		   true);
}

static void late_work(struct work_struct *work)
{
	struct softpci_vfio *svfio;

	svfio = container_of(to_delayed_work(work), struct softpci_vfio,
			     irqs.late_work);
	guard(softpci)(svfio->dev);
	softpci_irq_update(svfio->dev);
}

static void unmask_late(struct softpci_vfio *svfio, unsigned long delay)
{
	KUNIT_STATIC_STUB_REDIRECT(unmask_late, svfio, delay);
	schedule_delayed_work(&svfio->irqs.late_work, delay);
}

/*
 * An eventfd that is trigger and unmask at once, or a ring of devices that
 * unmask each other, goes round for as long as the level is up, and its CPU time
 * is charged to no process.  A guest that serves its device changes
 * the level, and gets a new burst with the next jiffy.  Without that, each
 * further unmask waits twice as long as the one before, and after half a second
 * or so for a change of the level, an access to config space or SET_IRQS: a
 * device that its user does not call any more uses no CPU.
 *
 * The jiffies are compared for equality only: time_after() would call the last
 * one later than now for half of the time that the counter takes to wrap.
 */
static void unmask_work(struct work_struct *work)
{
	struct softpci_vfio *svfio =
		container_of(work, struct softpci_vfio, irqs.unmask_work);
	struct softpci_vfio_irqs *irqs = &svfio->irqs;
	struct softpci_device *dev = svfio->dev;
	unsigned long now = jiffies, delay;

	guard(softpci)(dev);
	if (irqs->unmask_due)
		return;
	if (irqs->changes != dev->irqs.changes && irqs->unmask_jiffy != now) {
		irqs->changes = dev->irqs.changes;
		irqs->unmask_jiffy = now;
		irqs->unmasked = 0;
	}
	if (irqs->unmasked < UNMASK_BURST) {
		irqs->unmasked++;
		irqs->masked = false;
		softpci_irq_update(dev);
		return;
	}
	irqs->unmask_due = true;
	delay = 1UL << (irqs->unmasked - UNMASK_BURST);
	if (delay >= HZ)
		return;
	irqs->unmasked++;
	unmask_late(svfio, delay);
}

/*
 * Called from within the wake-up of the eventfd, in any context.  They return 0
 * so that VFIO queues no work of its own.
 */
static int mask_handler(void *opaque, void *data)
{
	struct softpci_vfio *svfio = opaque;

	schedule_work(&svfio->irqs.mask_work);
	return 0;
}

static int unmask_handler(void *opaque, void *data)
{
	struct softpci_vfio *svfio = opaque;

	schedule_work(&svfio->irqs.unmask_work);
	return 0;
}

/**
 * softpci_vfio_intx_init() - nothing masks or unmasks
 * @svfio: a new device
 */
void softpci_vfio_intx_init(struct softpci_vfio *svfio)
{
	INIT_WORK(&svfio->irqs.mask_work, mask_work);
	INIT_WORK(&svfio->irqs.unmask_work, unmask_work);
	INIT_DELAYED_WORK(&svfio->irqs.late_work, late_work);
}

/**
 * softpci_vfio_intx_unwire() - take away the eventfds that mask and unmask
 * @svfio: the device, igate held, device lock not
 *
 * Their pending requests are dropped. Waits for VFIO's work items of all devices,
 * and so only if there have been any: also for an eventfd that its user has
 * closed, which is still being removed.
 */
void softpci_vfio_intx_unwire(struct softpci_vfio *svfio)
{
	struct softpci_vfio_irqs *irqs = &svfio->irqs;

	lockdep_assert_held(&irqs->igate);
	if (!irqs->wired)
		return;
	vfio_virqfd_disable(&irqs->mask);
	vfio_virqfd_disable(&irqs->unmask);
	/* In this order: unmask_work queues late_work. */
	cancel_work_sync(&irqs->mask_work);
	cancel_work_sync(&irqs->unmask_work);
	cancel_delayed_work_sync(&irqs->late_work);
	irqs->wired = false;
}

/**
 * softpci_vfio_set_intx_mask() - VFIO_IRQ_SET_ACTION_MASK and _UNMASK
 * @svfio: the device, igate held
 * @set: see softpci_vfio_set_irqs()
 * @data: see there
 * @masked: for ACTION_MASK
 *
 * Return: see there.
 */
int softpci_vfio_set_intx_mask(struct softpci_vfio *svfio,
			       const struct vfio_irq_set *set,
			       const void *data, bool masked)
{
	struct softpci_vfio_irqs *irqs = &svfio->irqs;
	struct virqfd **virqfd = masked ? &irqs->mask : &irqs->unmask;
	bool was_wired;
	int ret;

	lockdep_assert_held(&irqs->igate);
	if (irqs->index != VFIO_PCI_INTX_IRQ_INDEX || set->count != 1)
		return -EINVAL;

	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD) {
		int fd = *(const s32 *)data;

		if (fd == -1) {
			if (irqs->wired)
				vfio_virqfd_disable(virqfd);
			softpci_vfio_irq_settle(svfio);
			return 0;
		}
		/* Before, as a handler may run at once. */
		was_wired = irqs->wired;
		irqs->wired = true;
		ret = vfio_virqfd_enable(svfio, masked ? mask_handler :
					 unmask_handler, NULL, NULL, virqfd,
					 fd);
		if (ret)
			irqs->wired = was_wired;
		return ret;
	}

	softpci_vfio_irq_settle(svfio);
	if (softpci_vfio_irq_chosen(set, data, 0))
		set_masked(svfio, masked);
	return 0;
}

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/intx.c"
#endif
