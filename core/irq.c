// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: INTx as a level, MSI as messages, and the request to let go.
 *
 * A device says which of its sources ask for service (mdev_pci_set_irq());
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

static bool intx_enabled(const struct mdev_pci_irqs *irqs)
{
	return irqs->index == VFIO_PCI_INTX_IRQ_INDEX;
}

static void irq_signal(struct eventfd_ctx *ctx)
{
	KUNIT_STATIC_STUB_REDIRECT(irq_signal, ctx);
	if (ctx)
		eventfd_signal(ctx);
}

static void update_intx(struct mdev_pci_device *mpdev)
{
	struct mdev_pci_irqs *irqs = &mpdev->irqs;
	u8 *val = mpdev->config.val;

	if (!mpdev->type->model->pin)
		return;

	if (!irqs->level) {
		val[PCI_STATUS] &= ~PCI_STATUS_INTERRUPT;
		return;
	}
	val[PCI_STATUS] |= PCI_STATUS_INTERRUPT;

	/* Without an eventfd it stays asserted, for the one that comes. */
	if (!intx_enabled(irqs) || !irqs->trigger[0] || irqs->masked ||
	    in_d3hot(mpdev) ||
	    (val[PCI_COMMAND + 1] & (PCI_COMMAND_INTX_DISABLE >> 8)))
		return;
	irqs->masked = true;
	irq_signal(irqs->trigger[0]);
}

/* A message is a write to memory by the device. */
static bool msi_allowed(const struct mdev_pci_device *mpdev)
{
	const struct mdev_pci_config *cfg = &mpdev->config;

	return cfg->val[cfg->msi + PCI_MSI_FLAGS] & PCI_MSI_FLAGS_ENABLE &&
	       cfg->val[PCI_COMMAND] & PCI_COMMAND_MASTER && !in_d3hot(mpdev);
}

/* PCI Local Bus 3.0, 6.8.1, Mask and Pending Bits: kept, and sent once. */
static void update_msi(struct mdev_pci_device *mpdev)
{
	struct mdev_pci_irqs *irqs = &mpdev->irqs;
	unsigned int msi = mpdev->config.msi, i;
	u8 *val = mpdev->config.val;
	unsigned long due = 0;

	if (!msi)
		return;

	if (msi_allowed(mpdev))
		due = irqs->pending & ~get32(val, msi + PCI_MSI_MASK_64);
	irqs->pending &= ~due;
	set32(val, msi + PCI_MSI_PENDING_64, irqs->pending);
	for_each_set_bit(i, &due, MDEV_PCI_MAX_MSI)
		irq_signal(irqs->trigger[i]);
}

/**
 * mdev_pci_irq_update() - deliver what is due
 * @mpdev: the device, lock held
 *
 * To be called when the level, COMMAND, the power state, MSI Enable or a mask
 * may have changed.
 * Interrupt Status shows the level whether or not it is delivered
 * (PCI Local Bus 3.0, 6.2.3).
 */
void mdev_pci_irq_update(struct mdev_pci_device *mpdev)
{
	struct mdev_pci_irqs *irqs = &mpdev->irqs;

	lockdep_assert_held(&mpdev->lock);
	/* An unmask by eventfd waits for nothing but this. */
	if (irqs->unmask_due) {
		irqs->unmask_due = false;
		irqs->masked = false;
	}
	update_intx(mpdev);
	update_msi(mpdev);
}

/* Sources share the last message if there are fewer messages. */
static unsigned int msi_vector(const struct mdev_pci_irqs *irqs,
			       unsigned int source)
{
	return min(source, irqs->nr_vectors - 1);
}

/* A bit for each message that some source asks for. */
static u32 msi_level(const struct mdev_pci_device *mpdev)
{
	unsigned int i;
	u32 asked = 0;

	for (i = 0; i < mpdev->type->model->nr_msi; i++)
		if (mpdev->irqs.level & BIT(i))
			asked |= BIT(msi_vector(&mpdev->irqs, i));
	return asked;
}

/**
 * mdev_pci_set_irq() - a source in the device asks for service, or no longer
 * @mpdev: the device, lock held
 * @source: below 32; with MSI also which message
 * @level: whether it asks
 */
void mdev_pci_set_irq(struct mdev_pci_device *mpdev, unsigned int source,
		      bool level)
{
	struct mdev_pci_irqs *irqs = &mpdev->irqs;

	lockdep_assert_held(&mpdev->lock);
	if (!!(irqs->level & BIT(source)) == level)
		return;
	irqs->level ^= BIT(source);
	irqs->level_changed = true;

	if (irqs->index == VFIO_PCI_MSI_IRQ_INDEX) {
		if (level)
			irqs->pending |= BIT(msi_vector(irqs, source));
		else
			irqs->pending &= msi_level(mpdev);
	}
	mdev_pci_irq_update(mpdev);
}
EXPORT_SYMBOL_GPL(mdev_pci_set_irq);

/**
 * mdev_pci_irq_settle() - carry out the masking that eventfds asked for
 * @mpdev: the device, igate held, lock not
 *
 * An ioctl that follows a write to such an eventfd must take effect after it.
 * Waits for work of this device only.
 */
void mdev_pci_irq_settle(struct mdev_pci_device *mpdev)
{
	struct mdev_pci_irqs *irqs = &mpdev->irqs;

	lockdep_assert_held(&irqs->igate);
	if (!irqs->wired)
		return;
	flush_work(&irqs->mask_work);
	flush_work(&irqs->unmask_work);

	guard(mdev_pci)(mpdev);
	mdev_pci_irq_update(mpdev);
}

/**
 * mdev_pci_irq_reset() - no source asks, nothing is masked
 * @mpdev: the device, lock held
 *
 * The user's eventfds stay assigned, as they do in vfio-pci.
 */
void mdev_pci_irq_reset(struct mdev_pci_device *mpdev)
{
	lockdep_assert_held(&mpdev->lock);
	mpdev->irqs.level = 0;
	mpdev->irqs.pending = 0;
	mpdev->irqs.masked = false;
	mpdev->irqs.unmask_due = false;
}

/*
 * With MSI, its Enable bit follows, so that a user of the ioctl alone gets
 * messages, as from vfio-pci.  Here config space shows the bit, and the guest can
 * clear it and set it again.
 */
static void irq_select(struct mdev_pci_device *mpdev, unsigned int index,
		       unsigned int nr_vectors)
{
	u8 *msi_flags = &mpdev->config.val[mpdev->config.msi + PCI_MSI_FLAGS];
	struct mdev_pci_irqs *irqs = &mpdev->irqs;

	lockdep_assert_held(&mpdev->lock);
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

static void irq_put_trigger(struct mdev_pci_irqs *irqs, unsigned int vector,
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
static void irq_unwire(struct mdev_pci_irqs *irqs)
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

static void irq_disable(struct mdev_pci_device *mpdev)
{
	struct mdev_pci_irqs *irqs = &mpdev->irqs;
	unsigned int i;

	lockdep_assert_held(&irqs->igate);

	/* Before the device lock is taken: it waits for users of the lock. */
	irq_unwire(irqs);

	guard(mdev_pci)(mpdev);
	for (i = 0; i < irqs->nr_vectors; i++)
		irq_put_trigger(irqs, i, NULL);
	irq_select(mpdev, VFIO_PCI_NUM_IRQS, 0);
	mdev_pci_irq_update(mpdev);
}

/* Takes over the caller's reference to @ctx. */
static void irq_set_req(struct mdev_pci_irqs *irqs, struct eventfd_ctx *ctx)
{
	spin_lock(&irqs->req_lock);
	swap(irqs->req, ctx);
	spin_unlock(&irqs->req_lock);
	if (ctx)
		eventfd_ctx_put(ctx);
}

/**
 * mdev_pci_irq_close() - take all interrupts away from a user who has left
 * @mpdev: the device
 */
void mdev_pci_irq_close(struct mdev_pci_device *mpdev)
{
	guard(mutex)(&mpdev->irqs.igate);
	irq_disable(mpdev);
	irq_set_req(&mpdev->irqs, NULL);
}

/**
 * mdev_pci_irq_count() - how many interrupts an index has
 * @mpdev: the device
 * @index: VFIO_PCI_*_IRQ_INDEX
 *
 * Return: the count, 0 for an index that the device lacks.
 */
int mdev_pci_irq_count(struct mdev_pci_device *mpdev, unsigned int index)
{
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		return mpdev->type->model->pin ? 1 : 0;
	case VFIO_PCI_MSI_IRQ_INDEX:
		return mpdev->type->model->nr_msi;
	case VFIO_PCI_REQ_IRQ_INDEX:
		return 1;
	default:
		return 0;
	}
}

/**
 * mdev_pci_irq_flags() - VFIO_IRQ_INFO_* of an index that the device has
 * @index: VFIO_PCI_*_IRQ_INDEX
 *
 * Return: the flags.
 */
u32 mdev_pci_irq_flags(unsigned int index)
{
	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
		       VFIO_IRQ_INFO_AUTOMASKED;
	return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
}

static void set_masked(struct mdev_pci_device *mpdev, bool masked)
{
	guard(mdev_pci)(mpdev);
	mpdev->irqs.unmask_due = false;
	mpdev->irqs.masked = masked;
	mdev_pci_irq_update(mpdev);
}

static void mask_work(struct work_struct *work)
{
	set_masked(container_of(work, struct mdev_pci_device, irqs.mask_work),
		   true);
}

static void late_work(struct work_struct *work)
{
	struct mdev_pci_device *mpdev;

	mpdev = container_of(to_delayed_work(work), struct mdev_pci_device,
			     irqs.late_work);
	guard(mdev_pci)(mpdev);
	mdev_pci_irq_update(mpdev);
}

static void unmask_late(struct mdev_pci_device *mpdev, unsigned long delay)
{
	KUNIT_STATIC_STUB_REDIRECT(unmask_late, mpdev, delay);
	schedule_delayed_work(&mpdev->irqs.late_work, delay);
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
	struct mdev_pci_device *mpdev =
		container_of(work, struct mdev_pci_device, irqs.unmask_work);
	struct mdev_pci_irqs *irqs = &mpdev->irqs;
	unsigned long now = jiffies, delay;

	guard(mdev_pci)(mpdev);
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
		mdev_pci_irq_update(mpdev);
		return;
	}
	irqs->unmask_due = true;
	delay = 1UL << (irqs->unmasked - UNMASK_BURST);
	if (delay >= HZ)
		return;
	irqs->unmasked++;
	unmask_late(mpdev, delay);
}

/*
 * Called from within the wake-up of the eventfd, in any context.  They return 0
 * so that VFIO queues no work of its own.
 */
static int mask_handler(void *opaque, void *data)
{
	struct mdev_pci_device *mpdev = opaque;

	schedule_work(&mpdev->irqs.mask_work);
	return 0;
}

static int unmask_handler(void *opaque, void *data)
{
	struct mdev_pci_device *mpdev = opaque;

	schedule_work(&mpdev->irqs.unmask_work);
	return 0;
}

/**
 * mdev_pci_irq_init() - nothing enabled
 * @mpdev: a new device
 */
void mdev_pci_irq_init(struct mdev_pci_device *mpdev)
{
	struct mdev_pci_irqs *irqs = &mpdev->irqs;

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

static int set_intx_mask(struct mdev_pci_device *mpdev,
			 const struct vfio_irq_set *set, const void *data,
			 bool masked)
{
	struct mdev_pci_irqs *irqs = &mpdev->irqs;
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
			mdev_pci_irq_settle(mpdev);
			return 0;
		}
		/* Before, as a handler may run at once. */
		was_wired = irqs->wired;
		irqs->wired = true;
		ret = vfio_virqfd_enable(mpdev, masked ? mask_handler :
					 unmask_handler, NULL, NULL, virqfd,
					 fd);
		if (ret)
			irqs->wired = was_wired;
		return ret;
	}

	mdev_pci_irq_settle(mpdev);
	if (irq_chosen(set, data, 0))
		set_masked(mpdev, masked);
	return 0;
}

static int mask_intx(struct mdev_pci_device *mpdev,
		     const struct vfio_irq_set *set, const void *data)
{
	return set_intx_mask(mpdev, set, data, true);
}

static int unmask_intx(struct mdev_pci_device *mpdev,
		       const struct vfio_irq_set *set, const void *data)
{
	return set_intx_mask(mpdev, set, data, false);
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
static void irq_loop_back(struct mdev_pci_device *mpdev,
			  const struct vfio_irq_set *set, const void *data)
{
	unsigned int i;

	guard(mdev_pci)(mpdev);
	for (i = 0; i < set->count; i++)
		if (irq_chosen(set, data, i))
			irq_signal(mpdev->irqs.trigger[set->start + i]);
}

static int set_trigger(struct mdev_pci_device *mpdev,
		       const struct vfio_irq_set *set, const void *data)
{
	struct eventfd_ctx *ctx[MDEV_PCI_MAX_MSI];
	struct mdev_pci_irqs *irqs = &mpdev->irqs;
	bool enabled = irqs->index == set->index;
	unsigned int i;
	int ret;

	/* One kind at a time: a user disables INTx before he enables MSI. */
	if (!enabled && irqs->index != VFIO_PCI_NUM_IRQS)
		return -EINVAL;

	if (!set->count) {
		irq_disable(mpdev);
		return 0;
	}

	if (!(set->flags & VFIO_IRQ_SET_DATA_EVENTFD)) {
		if (!enabled || set->start + set->count > irqs->nr_vectors)
			return -EINVAL;
		irq_loop_back(mpdev, set, data);
		return 0;
	}

	/* The first call says how many vectors there are; see NORESIZE. */
	if (enabled && set->start + set->count > irqs->nr_vectors)
		return -EINVAL;
	ret = get_eventfds(ctx, data, set->count);
	if (ret)
		return ret;

	guard(mdev_pci)(mpdev);
	for (i = 0; i < set->count; i++)
		irq_put_trigger(irqs, set->start + i, ctx[i]);
	if (!enabled) {
		irq_select(mpdev, set->index, set->start + set->count);
		/* Sources that rose before a trigger was set are not lost. */
		if (!intx_enabled(irqs))
			irqs->pending = msi_level(mpdev);
	}
	mdev_pci_irq_update(mpdev);
	return 0;
}

static int set_req(struct mdev_pci_device *mpdev,
		   const struct vfio_irq_set *set, const void *data)
{
	struct mdev_pci_irqs *irqs = &mpdev->irqs;
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

typedef int (*set_irqs_fn)(struct mdev_pci_device *mpdev,
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
 * mdev_pci_set_irqs() - VFIO_DEVICE_SET_IRQS
 * @mpdev: the device
 * @set: checked by vfio_set_irqs_validate_and_prepare()
 * @data: a copy of its bools or eventfds, NULL for none
 *
 * Return: 0; -EINVAL for what struct vfio_irq_set forbids or the state does
 * not allow; -ENOTTY for an action that the index lacks; -EBADF or -EINVAL for
 * an fd that is not an eventfd; -EBUSY if there is one already; -ENOMEM.
 * Nothing has changed after an error.
 */
int mdev_pci_set_irqs(struct mdev_pci_device *mpdev,
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

	guard(mutex)(&mpdev->irqs.igate);
	return fn(mpdev, set, data);
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
 * mdev_pci_request() - ask the user to close a device that is being removed
 * @vdev: the device
 * @count: how often this was called for the same removal
 *
 * Called by the process that removes the device, at once and then every ten
 * seconds. Only an administrator can remove a device, so no user of one can
 * cause a line in the log by itself.
 */
void mdev_pci_request(struct vfio_device *vdev, unsigned int count)
{
	struct mdev_pci_irqs *irqs = &to_mdev_pci(vdev)->irqs;
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
