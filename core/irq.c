// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: INTx as a level, MSI as messages, and the request to let go.
 *
 * A device says which of its sources ask for service (softpci_set_irq());
 * what becomes of that is settled here.  INTx is the OR of them: delivered
 * once, masked by its delivery, and delivered again when it is unmasked while
 * the level is still up.  With MSI each source sends a message when it rises.  A
 * message is held back, and stays pending, while config space does not allow it:
 * masked, MSI Enable or Bus Master off, D3hot.  It is dropped if its source is
 * served meanwhile.
 *
 * Eventfds that mask and unmask INTx queue work items of the device, which run
 * in process context: the device lock protects all state, and no eventfd is
 * signalled from within the wake-up of another.  VFIO's own work items, for
 * which every VFIO device of the host waits when it takes an eventfd away, are
 * left unused.
 */
#include <linux/bitops.h>
#include <linux/eventfd.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "internal.h"

/* Of the requests for one removal, 10 s apart, those that are logged. */
#define REQUESTS_PER_LINE	10

/* How often an eventfd may unmask INTx before it has to wait. */
#define UNMASK_BURST	64

static bool intx_enabled(const struct softpci_irqs *irqs)
{
	return irqs->index == VFIO_PCI_INTX_IRQ_INDEX;
}

static void irq_signal(struct eventfd_ctx *ctx)
{
	KUNIT_STATIC_STUB_REDIRECT(irq_signal, ctx);
	if (ctx)
		eventfd_signal(ctx);
}

static void update_intx(struct softpci_device *spdev)
{
	struct softpci_irqs *irqs = &spdev->irqs;
	u8 *val = spdev->config.val;

	if (!spdev->type->model->pin)
		return;

	if (!irqs->level) {
		val[PCI_STATUS] &= ~PCI_STATUS_INTERRUPT;
		return;
	}
	val[PCI_STATUS] |= PCI_STATUS_INTERRUPT;

	/* Without an eventfd it stays asserted, for the one that comes. */
	if (!intx_enabled(irqs) || !irqs->trigger[0] || irqs->masked ||
	    in_d3hot(spdev) ||
	    (val[PCI_COMMAND + 1] & (PCI_COMMAND_INTX_DISABLE >> 8)))
		return;
	irqs->masked = true;
	irq_signal(irqs->trigger[0]);
}

/* A message is a write to memory by the device. */
static bool msi_allowed(const struct softpci_device *spdev)
{
	const struct softpci_config *cfg = &spdev->config;

	return cfg->val[cfg->msi + PCI_MSI_FLAGS] & PCI_MSI_FLAGS_ENABLE &&
	       cfg->val[PCI_COMMAND] & PCI_COMMAND_MASTER && !in_d3hot(spdev);
}

/* PCI Local Bus 3.0, 6.8.1, Mask and Pending Bits: kept, and sent once. */
static void update_msi(struct softpci_device *spdev)
{
	struct softpci_irqs *irqs = &spdev->irqs;
	unsigned int msi = spdev->config.msi, i;
	u8 *val = spdev->config.val;
	unsigned long due = 0;

	if (!msi)
		return;

	if (msi_allowed(spdev))
		due = irqs->pending & ~get32(val, msi + PCI_MSI_MASK_64);
	irqs->pending &= ~due;
	set32(val, msi + PCI_MSI_PENDING_64, irqs->pending);
	for_each_set_bit(i, &due, SOFTPCI_MAX_MSI)
		irq_signal(irqs->trigger[i]);
}

/**
 * softpci_irq_update() - deliver what is due
 * @spdev: the device, lock held
 *
 * To be called when the level, COMMAND, the power state, MSI Enable or a mask
 * may have changed.
 * Interrupt Status shows the level whether or not it is delivered
 * (PCI Local Bus 3.0, 6.2.3).
 */
void softpci_irq_update(struct softpci_device *spdev)
{
	struct softpci_irqs *irqs = &spdev->irqs;

	lockdep_assert_held(&spdev->lock);
	/* An unmask by eventfd waits for nothing but this. */
	if (irqs->unmask_due) {
		irqs->unmask_due = false;
		irqs->masked = false;
	}
	update_intx(spdev);
	update_msi(spdev);
}

/* Sources share the last message if there are fewer messages. */
static unsigned int msi_vector(const struct softpci_irqs *irqs,
			       unsigned int source)
{
	return min(source, irqs->nr_vectors - 1);
}

/* A bit for each message that some source asks for. */
static u32 msi_level(const struct softpci_device *spdev)
{
	unsigned int i;
	u32 asked = 0;

	for (i = 0; i < spdev->type->model->nr_msi; i++)
		if (spdev->irqs.level & BIT(i))
			asked |= BIT(msi_vector(&spdev->irqs, i));
	return asked;
}

/**
 * softpci_set_irq() - a source in the device asks for service, or no longer
 * @spdev: the device, lock held
 * @source: below 32; with MSI also which message
 * @level: whether it asks
 */
void softpci_set_irq(struct softpci_device *spdev, unsigned int source,
		     bool level)
{
	struct softpci_irqs *irqs = &spdev->irqs;

	lockdep_assert_held(&spdev->lock);
	if (!!(irqs->level & BIT(source)) == level)
		return;
	irqs->level ^= BIT(source);
	irqs->level_changed = true;

	if (irqs->index == VFIO_PCI_MSI_IRQ_INDEX) {
		if (level)
			irqs->pending |= BIT(msi_vector(irqs, source));
		else
			irqs->pending &= msi_level(spdev);
	}
	softpci_irq_update(spdev);
}
EXPORT_SYMBOL_GPL(softpci_set_irq);

/**
 * softpci_irq_settle() - carry out the masking that eventfds asked for
 * @spdev: the device, igate held, lock not
 *
 * An ioctl that follows a write to such an eventfd must take effect after it.
 * Waits for work of this device only.
 */
void softpci_irq_settle(struct softpci_device *spdev)
{
	struct softpci_irqs *irqs = &spdev->irqs;

	lockdep_assert_held(&irqs->igate);
	if (!irqs->wired)
		return;
	flush_work(&irqs->mask_work);
	flush_work(&irqs->unmask_work);

	guard(softpci)(spdev);
	softpci_irq_update(spdev);
}

/**
 * softpci_irq_reset() - no source asks, nothing is masked
 * @spdev: the device, lock held
 *
 * The user's eventfds stay assigned, as they do in vfio-pci.
 */
void softpci_irq_reset(struct softpci_device *spdev)
{
	lockdep_assert_held(&spdev->lock);
	spdev->irqs.level = 0;
	spdev->irqs.pending = 0;
	spdev->irqs.masked = false;
	spdev->irqs.unmask_due = false;
}

/*
 * With MSI, its Enable bit follows, so that a user of the ioctl alone gets
 * messages, as from vfio-pci.  Here config space shows the bit, and the guest can
 * clear it and set it again.
 */
static void irq_select(struct softpci_device *spdev, unsigned int index,
		       unsigned int nr_vectors)
{
	u8 *msi_flags = &spdev->config.val[spdev->config.msi + PCI_MSI_FLAGS];
	struct softpci_irqs *irqs = &spdev->irqs;

	lockdep_assert_held(&spdev->lock);
	if (index == VFIO_PCI_MSI_IRQ_INDEX)
		*msi_flags |= PCI_MSI_FLAGS_ENABLE;
	else if (irqs->index == VFIO_PCI_MSI_IRQ_INDEX)
		*msi_flags &= ~PCI_MSI_FLAGS_ENABLE;

	irqs->index = index;
	irqs->nr_vectors = nr_vectors;
	irqs->pending = 0;
	irqs->masked = false;
	irqs->unmask_due = false;
	irqs->unmasked = 0;
}

static void irq_put_trigger(struct softpci_irqs *irqs, unsigned int vector,
			    struct eventfd_ctx *new)
{
	swap(irqs->trigger[vector], new);
	if (new)
		eventfd_ctx_put(new);
}

/*
 * Takes the eventfds that mask and unmask away, and what they asked for.  Waits
 * for VFIO's work items of all devices, and so only if there have been any:
 * also for an eventfd that its user has closed, which is still being removed.
 */
static void irq_unwire(struct softpci_irqs *irqs)
{
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

static void irq_disable(struct softpci_device *spdev)
{
	struct softpci_irqs *irqs = &spdev->irqs;
	unsigned int i;

	lockdep_assert_held(&irqs->igate);

	/* Before the device lock is taken: it waits for users of the lock. */
	irq_unwire(irqs);

	guard(softpci)(spdev);
	for (i = 0; i < irqs->nr_vectors; i++)
		irq_put_trigger(irqs, i, NULL);
	irq_select(spdev, VFIO_PCI_NUM_IRQS, 0);
	softpci_irq_update(spdev);
}

/* Takes over the caller's reference to @ctx. */
static void irq_set_req(struct softpci_irqs *irqs, struct eventfd_ctx *ctx)
{
	spin_lock(&irqs->req_lock);
	swap(irqs->req, ctx);
	spin_unlock(&irqs->req_lock);
	if (ctx)
		eventfd_ctx_put(ctx);
}

/**
 * softpci_irq_close() - take all interrupts away from a user who has left
 * @spdev: the device
 */
void softpci_irq_close(struct softpci_device *spdev)
{
	guard(mutex)(&spdev->irqs.igate);
	irq_disable(spdev);
	irq_set_req(&spdev->irqs, NULL);
}

/**
 * softpci_irq_count() - how many interrupts an index has
 * @spdev: the device
 * @index: VFIO_PCI_*_IRQ_INDEX
 *
 * Return: the count, 0 for an index that the device lacks.
 */
int softpci_irq_count(struct softpci_device *spdev, unsigned int index)
{
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		return spdev->type->model->pin ? 1 : 0;
	case VFIO_PCI_MSI_IRQ_INDEX:
		return spdev->type->model->nr_msi;
	case VFIO_PCI_REQ_IRQ_INDEX:
		return 1;
	default:
		return 0;
	}
}

/**
 * softpci_irq_flags() - VFIO_IRQ_INFO_* of an index
 * @index: VFIO_PCI_*_IRQ_INDEX
 *
 * They do not depend on whether the device has any interrupt of that index.
 * vfio-pci gives them for each index, and there are users that refuse a device
 * with an index that lacks VFIO_IRQ_INFO_EVENTFD, even if its count is 0.
 *
 * Return: the flags.
 */
u32 softpci_irq_flags(unsigned int index)
{
	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
		       VFIO_IRQ_INFO_AUTOMASKED;
	return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
}

static void set_masked(struct softpci_device *spdev, bool masked)
{
	guard(softpci)(spdev);
	spdev->irqs.unmask_due = false;
	spdev->irqs.masked = masked;
	softpci_irq_update(spdev);
}

static void mask_work(struct work_struct *work)
{
	set_masked(container_of(work, struct softpci_device, irqs.mask_work),
		   true);
}

static void late_work(struct work_struct *work)
{
	struct softpci_device *spdev;

	spdev = container_of(to_delayed_work(work), struct softpci_device,
			     irqs.late_work);
	guard(softpci)(spdev);
	softpci_irq_update(spdev);
}

static void unmask_late(struct softpci_device *spdev, unsigned long delay)
{
	KUNIT_STATIC_STUB_REDIRECT(unmask_late, spdev, delay);
	schedule_delayed_work(&spdev->irqs.late_work, delay);
}

/*
 * An eventfd that is trigger and unmask at once, or a ring of devices that
 * unmask each other, goes round for as long as the level is up, without a
 * process that could be held to account.  A guest that serves its device changes
 * the level, and gets a new burst with the next jiffy.  Without that, each
 * further unmask waits twice as long as the one before, and after half a second
 * or so for a change of the level, an access to config space or SET_IRQS: a
 * device whose user has stopped calling comes to rest.
 *
 * The jiffies are compared for equality only: time_after() would call the last
 * one later than now for half of the time that the counter takes to wrap.
 */
static void unmask_work(struct work_struct *work)
{
	struct softpci_device *spdev =
		container_of(work, struct softpci_device, irqs.unmask_work);
	struct softpci_irqs *irqs = &spdev->irqs;
	unsigned long now = jiffies, delay;

	guard(softpci)(spdev);
	if (irqs->unmask_due)
		return;
	if (irqs->level_changed && irqs->unmask_jiffy != now) {
		irqs->level_changed = false;
		irqs->unmask_jiffy = now;
		irqs->unmasked = 0;
	}
	if (irqs->unmasked < UNMASK_BURST) {
		irqs->unmasked++;
		irqs->masked = false;
		softpci_irq_update(spdev);
		return;
	}
	irqs->unmask_due = true;
	delay = 1UL << (irqs->unmasked - UNMASK_BURST);
	if (delay >= HZ)
		return;
	irqs->unmasked++;
	unmask_late(spdev, delay);
}

/*
 * Called from within the wake-up of the eventfd, in any context.  They return 0
 * so that VFIO queues no work of its own.
 */
static int mask_handler(void *opaque, void *data)
{
	struct softpci_device *spdev = opaque;

	schedule_work(&spdev->irqs.mask_work);
	return 0;
}

static int unmask_handler(void *opaque, void *data)
{
	struct softpci_device *spdev = opaque;

	schedule_work(&spdev->irqs.unmask_work);
	return 0;
}

/**
 * softpci_irq_init() - nothing enabled
 * @spdev: a new device
 */
void softpci_irq_init(struct softpci_device *spdev)
{
	struct softpci_irqs *irqs = &spdev->irqs;

	mutex_init(&irqs->igate);
	spin_lock_init(&irqs->req_lock);
	INIT_WORK(&irqs->mask_work, mask_work);
	INIT_WORK(&irqs->unmask_work, unmask_work);
	INIT_DELAYED_WORK(&irqs->late_work, late_work);
	irqs->index = VFIO_PCI_NUM_IRQS;
}

/* The bool of vector @i, or what DATA_NONE means: every one of them. */
static bool irq_chosen(const struct vfio_irq_set *set, const void *data,
		       unsigned int i)
{
	if (set->flags & VFIO_IRQ_SET_DATA_NONE)
		return true;
	return ((const u8 *)data)[i];
}

static int set_intx_mask(struct softpci_device *spdev,
			 const struct vfio_irq_set *set, const void *data,
			 bool masked)
{
	struct softpci_irqs *irqs = &spdev->irqs;
	struct virqfd **virqfd = masked ? &irqs->mask : &irqs->unmask;
	bool was_wired;
	int ret;

	if (!intx_enabled(irqs) || set->count != 1)
		return -EINVAL;

	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD) {
		int fd = *(const s32 *)data;

		if (fd == -1) {
			if (irqs->wired)
				vfio_virqfd_disable(virqfd);
			softpci_irq_settle(spdev);
			return 0;
		}
		/* Before, as a handler may run at once. */
		was_wired = irqs->wired;
		irqs->wired = true;
		ret = vfio_virqfd_enable(spdev, masked ? mask_handler :
					 unmask_handler, NULL, NULL, virqfd,
					 fd);
		if (ret)
			irqs->wired = was_wired;
		return ret;
	}

	softpci_irq_settle(spdev);
	if (irq_chosen(set, data, 0))
		set_masked(spdev, masked);
	return 0;
}

static int mask_intx(struct softpci_device *spdev,
		     const struct vfio_irq_set *set, const void *data)
{
	return set_intx_mask(spdev, set, data, true);
}

static int unmask_intx(struct softpci_device *spdev,
		       const struct vfio_irq_set *set, const void *data)
{
	return set_intx_mask(spdev, set, data, false);
}

/* All eventfds of @fds or none: a bad one must leave things as they were. */
static int get_eventfds(struct eventfd_ctx **ctx, const s32 *fds,
			unsigned int count)
{
	unsigned int i;
	int ret;

	for (i = 0; i < count; i++) {
		ctx[i] = fds[i] == -1 ? NULL : eventfd_ctx_fdget(fds[i]);
		if (IS_ERR(ctx[i])) {
			ret = PTR_ERR(ctx[i]);
			goto err_put;
		}
	}
	return 0;

err_put:
	while (i--)
		if (ctx[i])
			eventfd_ctx_put(ctx[i]);
	return ret;
}

/* Fires the eventfds as if the device had: lets a user test his own wiring. */
static void irq_loop_back(struct softpci_device *spdev,
			  const struct vfio_irq_set *set, const void *data)
{
	unsigned int i;

	guard(softpci)(spdev);
	for (i = 0; i < set->count; i++)
		if (irq_chosen(set, data, i))
			irq_signal(spdev->irqs.trigger[set->start + i]);
}

static int set_trigger(struct softpci_device *spdev,
		       const struct vfio_irq_set *set, const void *data)
{
	struct eventfd_ctx *ctx[SOFTPCI_MAX_MSI];
	struct softpci_irqs *irqs = &spdev->irqs;
	bool enabled = irqs->index == set->index;
	unsigned int i;
	int ret;

	/* One kind at a time: a user disables INTx before he enables MSI. */
	if (!enabled && irqs->index != VFIO_PCI_NUM_IRQS)
		return -EINVAL;

	if (!set->count) {
		irq_disable(spdev);
		return 0;
	}

	if (!(set->flags & VFIO_IRQ_SET_DATA_EVENTFD)) {
		if (!enabled || set->start + set->count > irqs->nr_vectors)
			return -EINVAL;
		irq_loop_back(spdev, set, data);
		return 0;
	}

	/* The first call says how many vectors there are; see NORESIZE. */
	if (enabled && set->start + set->count > irqs->nr_vectors)
		return -EINVAL;
	ret = get_eventfds(ctx, data, set->count);
	if (ret)
		return ret;

	guard(softpci)(spdev);
	for (i = 0; i < set->count; i++)
		irq_put_trigger(irqs, set->start + i, ctx[i]);
	if (!enabled) {
		irq_select(spdev, set->index, set->start + set->count);
		/* Sources that rose before a trigger was set are not lost. */
		if (!intx_enabled(irqs))
			irqs->pending = msi_level(spdev);
	}
	softpci_irq_update(spdev);
	return 0;
}

static int set_req(struct softpci_device *spdev,
		   const struct vfio_irq_set *set, const void *data)
{
	struct softpci_irqs *irqs = &spdev->irqs;
	struct eventfd_ctx *ctx = NULL;
	int ret;

	if (set->count && !(set->flags & VFIO_IRQ_SET_DATA_EVENTFD)) {
		spin_lock(&irqs->req_lock);
		ret = irqs->req ? 0 : -EINVAL;
		if (!ret && irq_chosen(set, data, 0))
			irq_signal(irqs->req);
		spin_unlock(&irqs->req_lock);
		return ret;
	}

	if (set->count) {
		ret = get_eventfds(&ctx, data, 1);
		if (ret)
			return ret;
	}
	irq_set_req(irqs, ctx);
	return 0;
}

typedef int (*set_irqs_fn)(struct softpci_device *spdev,
			   const struct vfio_irq_set *set, const void *data);

/* VFIO_IRQ_SET_ACTION_MASK, _UNMASK and _TRIGGER, in the order of their bits. */
#define ACTION_SHIFT	3
#define NR_ACTIONS	3

static_assert(BIT(ACTION_SHIFT) == VFIO_IRQ_SET_ACTION_MASK);
static_assert(BIT(ACTION_SHIFT + 2) == VFIO_IRQ_SET_ACTION_TRIGGER);

static const set_irqs_fn set_irqs[VFIO_PCI_NUM_IRQS][NR_ACTIONS] = {
	[VFIO_PCI_INTX_IRQ_INDEX] = { mask_intx, unmask_intx, set_trigger },
	[VFIO_PCI_MSI_IRQ_INDEX]  = { NULL,	 NULL,	      set_trigger },
	[VFIO_PCI_REQ_IRQ_INDEX]  = { NULL,	 NULL,	      set_req },
};

/**
 * softpci_set_irqs() - VFIO_DEVICE_SET_IRQS
 * @spdev: the device
 * @set: checked by vfio_set_irqs_validate_and_prepare()
 * @data: a copy of its bools or eventfds, NULL for none
 *
 * Return: 0; -EINVAL for what struct vfio_irq_set forbids or the state does
 * not allow; -ENOTTY for an action that the index lacks; -EBADF or -EINVAL for
 * an fd that is not an eventfd; -EBUSY if there is one already; -ENOMEM.
 * Nothing has changed after an error.
 */
int softpci_set_irqs(struct softpci_device *spdev,
		     const struct vfio_irq_set *set, const void *data)
{
	u32 action = set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
	set_irqs_fn fn;

	if (!is_power_of_2(action))
		return -EINVAL;
	/* Only "no trigger at all" has a meaning for no vector. */
	if (!set->count && (action != VFIO_IRQ_SET_ACTION_TRIGGER ||
			    !(set->flags & VFIO_IRQ_SET_DATA_NONE)))
		return -EINVAL;

	fn = set_irqs[set->index][ilog2(action) - ACTION_SHIFT];
	if (!fn)
		return -ENOTTY;

	guard(mutex)(&spdev->irqs.igate);
	return fn(spdev, set, data);
}

static void log_request(struct device *dev, unsigned int count, bool asked)
{
	/* As many devices as can be expected to be removed at once are named. */
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL, 100);

	KUNIT_STATIC_STUB_REDIRECT(log_request, dev, count, asked);
	if (__ratelimit(&limit))
		dev_notice(dev, "in use, its removal by %s (pid %d) waits: its user %s (#%u)\n",
			   current->comm, task_pid_nr(current),
			   asked ? "was asked to close it" :
				   "gave no eventfd to be asked by", count);
}

/**
 * softpci_request() - ask the user to close a device that is being removed
 * @vdev: the device
 * @count: how often this was called for the same removal
 *
 * Called by the process that removes the device, at once and then every ten
 * seconds. Only an administrator can remove a device, so no user of one can
 * cause a line in the log by itself.
 */
void softpci_request(struct vfio_device *vdev, unsigned int count)
{
	struct softpci_irqs *irqs = &to_softpci(vdev)->irqs;
	bool asked;

	spin_lock(&irqs->req_lock);
	asked = irqs->req;
	if (asked)
		irq_signal(irqs->req);
	spin_unlock(&irqs->req_lock);
	if (count % REQUESTS_PER_LINE == 0)
		log_request(vdev->dev, count, asked);
}

/* Here, as the tests call what is static above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/irq.c"
#endif
