// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of a VFIO user: VFIO_DEVICE_SET_IRQS, and eventfds that are signalled.
 *
 * The core decides when a message is sent.  The special cases of INTx are in
 * intx.c.
 */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "internal.h"

/* Of the requests for one removal, 10 s apart, those that are logged. */
#define REQUESTS_PER_LINE	10

static const struct softpci_model *model_of(const struct softpci_vfio *svfio)
{
	return svfio->type->layout->model;
}

/**
 * softpci_vfio_signal() - signal an eventfd
 * @ctx: the eventfd, NULL: none
 */
void softpci_vfio_signal(struct eventfd_ctx *ctx)
{
	KUNIT_STATIC_STUB_REDIRECT(softpci_vfio_signal, ctx);
	if (ctx)
		eventfd_signal(ctx);
}

/**
 * softpci_vfio_message() - signal the eventfd of a message
 * @dev: the device, lock held
 * @vector: MSI or MSI-X vector
 *
 * A device in low power wakes up for it.
 */
void softpci_vfio_message(struct softpci_device *dev, unsigned int vector)
{
	struct softpci_vfio *svfio = dev->host;

	lockdep_assert_held(&dev->lock);
	if (svfio->low_power)
		softpci_vfio_wake(svfio);
	softpci_vfio_signal(svfio->irqs.trigger[vector]);
}

/**
 * softpci_vfio_irq_reset() - the device was reset: INTx is not masked
 * @dev: the device, lock held
 *
 * The user's eventfds stay assigned, as they do in vfio-pci, and the entries of
 * the MSI-X table that have one are unmasked, as the PCI core restores them.
 */
void softpci_vfio_irq_reset(struct softpci_device *dev)
{
	struct softpci_vfio *svfio = dev->host;
	struct softpci_vfio_irqs *irqs = &svfio->irqs;
	unsigned int i;

	lockdep_assert_held(&dev->lock);
	irqs->masked = false;
	irqs->unmask_due = false;
	if (irqs->index == VFIO_PCI_MSIX_IRQ_INDEX)
		for (i = 0; i < irqs->nr_vectors; i++)
			if (irqs->trigger[i])
				softpci_irq_mask_vector(dev, i, false);
	softpci_irq_update(dev);
}

static struct eventfd_ctx *get_eventfd(s32 fd)
{
	KUNIT_STATIC_STUB_REDIRECT(get_eventfd, fd);
	return eventfd_ctx_fdget(fd);
}

static void put_eventfd(struct eventfd_ctx *ctx)
{
	KUNIT_STATIC_STUB_REDIRECT(put_eventfd, ctx);
	if (ctx)
		eventfd_ctx_put(ctx);
}

static void irq_select(struct softpci_vfio *svfio, unsigned int index,
		       unsigned int nr_vectors)
{
	static const enum softpci_irq_mode modes[] = {
		[VFIO_PCI_INTX_IRQ_INDEX] = SOFTPCI_IRQ_INTX,
		[VFIO_PCI_MSI_IRQ_INDEX] = SOFTPCI_IRQ_MSI,
		[VFIO_PCI_MSIX_IRQ_INDEX] = SOFTPCI_IRQ_MSIX,
		[VFIO_PCI_NUM_IRQS] = SOFTPCI_IRQ_NONE,
	};
	struct softpci_vfio_irqs *irqs = &svfio->irqs;

	lockdep_assert_held(&irqs->igate);
	lockdep_assert_held(&svfio->dev->lock);
	irqs->index = index;
	irqs->nr_vectors = nr_vectors;
	irqs->masked = false;
	irqs->unmask_due = false;
	irqs->unmasked = 0;
	softpci_irq_select(svfio->dev, modes[index], nr_vectors);
}

/* Takes over the caller's reference to @ctx, and hands out that of the old one. */
static struct eventfd_ctx *exchange_trigger(struct softpci_vfio *svfio,
					    unsigned int vector,
					    struct eventfd_ctx *ctx)
{
	lockdep_assert_held(&svfio->dev->lock);
	swap(svfio->irqs.trigger[vector], ctx);
	return ctx;
}

static void irq_disable(struct softpci_vfio *svfio)
{
	struct softpci_vfio_irqs *irqs = &svfio->irqs;
	bool msix = irqs->index == VFIO_PCI_MSIX_IRQ_INDEX;
	unsigned int nr = irqs->nr_vectors, i;

	lockdep_assert_held(&irqs->igate);

	/* Before the device lock is taken: it waits for users of the lock. */
	softpci_vfio_intx_unwire(svfio);

	guard(softpci)(svfio->dev);
	irq_select(svfio, VFIO_PCI_NUM_IRQS, 0);
	for (i = 0; i < nr; i++) {
		struct eventfd_ctx *old = exchange_trigger(svfio, i, NULL);

		if (msix)
			softpci_irq_mask_vector(svfio->dev, i, true);
		put_eventfd(old);
	}
}

/* Takes over the caller's reference to @ctx. */
static void set_notice(struct softpci_vfio_irqs *irqs,
		       struct eventfd_ctx **notice, struct eventfd_ctx *ctx)
{
	lockdep_assert_held(&irqs->igate);
	scoped_guard(spinlock, &irqs->req_lock)
		swap(*notice, ctx);
	put_eventfd(ctx);
}

/* Whether there was an eventfd to signal. */
static bool signal_notice(struct softpci_vfio_irqs *irqs,
			  struct eventfd_ctx **notice)
{
	guard(spinlock)(&irqs->req_lock);
	if (!*notice)
		return false;
	softpci_vfio_signal(*notice);
	return true;
}

/**
 * softpci_vfio_irq_close() - take all interrupts away from a user that has left
 * @svfio: the device
 */
void softpci_vfio_irq_close(struct softpci_vfio *svfio)
{
	struct softpci_vfio_irqs *irqs = &svfio->irqs;

	guard(mutex)(&irqs->igate);
	irq_disable(svfio);
	set_notice(irqs, &irqs->req, NULL);
	set_notice(irqs, &irqs->err, NULL);
}

/**
 * softpci_vfio_irq_count() - how many interrupts an index has
 * @svfio: the device
 * @index: VFIO_PCI_*_IRQ_INDEX
 *
 * Return: the count, 0 for an index that the device lacks.
 */
unsigned int softpci_vfio_irq_count(struct softpci_vfio *svfio,
				    unsigned int index)
{
	const struct softpci_model *model = model_of(svfio);

	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		return model->pin ? 1 : 0;
	case VFIO_PCI_MSI_IRQ_INDEX:
		return model->nr_msi;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return model->msix.nr;
	case VFIO_PCI_ERR_IRQ_INDEX:
		return model->pcie ? 1 : 0;
	case VFIO_PCI_REQ_IRQ_INDEX:
		return 1;
	default:
		return 0;
	}
}

/**
 * softpci_vfio_irq_flags() - VFIO_IRQ_INFO_* of an index
 * @svfio: the device
 * @index: VFIO_PCI_*_IRQ_INDEX
 *
 * They do not depend on whether the device has any interrupt of that index.
 * vfio-pci gives them for each index, and there are users that refuse a device
 * with an index that lacks VFIO_IRQ_INFO_EVENTFD, even if its count is 0.
 *
 * Return: the flags. Vectors of MSI-X can be added after it was enabled.
 */
u32 softpci_vfio_irq_flags(struct softpci_vfio *svfio, unsigned int index)
{
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
		       VFIO_IRQ_INFO_AUTOMASKED;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return VFIO_IRQ_INFO_EVENTFD |
		       (model_of(svfio)->msix.nr ? 0 : VFIO_IRQ_INFO_NORESIZE);
	default:
		return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
	}
}

/**
 * softpci_vfio_irq_init() - nothing enabled
 * @svfio: a new device whose type is known
 *
 * Return: 0 or -ENOMEM.
 */
int softpci_vfio_irq_init(struct softpci_vfio *svfio)
{
	struct softpci_vfio_irqs *irqs = &svfio->irqs;
	/* INTx has one in any case. */
	size_t nr = max(1u, softpci_nr_vectors(model_of(svfio)));

	irqs->trigger = kvcalloc(nr, sizeof(*irqs->trigger), GFP_KERNEL);
	if (!irqs->trigger)
		return -ENOMEM;
	mutex_init(&irqs->igate);
	spin_lock_init(&irqs->req_lock);
	softpci_vfio_intx_init(svfio);
	irqs->index = VFIO_PCI_NUM_IRQS;
	return 0;
}

/**
 * softpci_vfio_irq_release() - undo softpci_vfio_irq_init()
 * @svfio: a device that is closed
 */
void softpci_vfio_irq_release(struct softpci_vfio *svfio)
{
	mutex_destroy(&svfio->irqs.igate);
	kvfree(svfio->irqs.trigger);
}

/**
 * softpci_vfio_irq_chosen() - whether an action is for a vector
 * @set: the action, not with VFIO_IRQ_SET_DATA_EVENTFD
 * @data: its bools
 * @i: the vector, counted from the first of the action
 *
 * Return: its bool, or true for VFIO_IRQ_SET_DATA_NONE.
 */
bool softpci_vfio_irq_chosen(const struct vfio_irq_set *set, const void *data,
			     unsigned int i)
{
	if (set->flags & VFIO_IRQ_SET_DATA_NONE)
		return true;
	return ((const u8 *)data)[i];
}

static int mask_intx(struct softpci_vfio *svfio,
		     const struct vfio_irq_set *set, const void *data)
{
	return softpci_vfio_set_intx_mask(svfio, set, data, true);
}

static int unmask_intx(struct softpci_vfio *svfio,
		       const struct vfio_irq_set *set, const void *data)
{
	return softpci_vfio_set_intx_mask(svfio, set, data, false);
}

static void put_eventfds(struct eventfd_ctx **ctx, unsigned int count)
{
	while (count--)
		put_eventfd(ctx[count]);
}

/* All eventfds of @fds or none: a bad one must leave things as they were. */
static int get_eventfds(struct eventfd_ctx **ctx, const s32 *fds,
			unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		ctx[i] = fds[i] == -1 ? NULL : get_eventfd(fds[i]);
		if (IS_ERR(ctx[i])) {
			int ret = PTR_ERR(ctx[i]);

			put_eventfds(ctx, i);
			return ret;
		}
	}
	return 0;
}

/* Signals the eventfds as if the device had: a user can test its wiring. */
static void irq_loop_back(struct softpci_vfio *svfio,
			  const struct vfio_irq_set *set, const void *data)
{
	unsigned int i;

	lockdep_assert_held(&svfio->irqs.igate);
	for (i = 0; i < set->count; i++) {
		if (!softpci_vfio_irq_chosen(set, data, i))
			continue;
		/* For each anew: an eventfd may have many that wait for it. */
		scoped_guard(softpci, svfio->dev)
			softpci_vfio_signal(svfio->irqs.trigger[set->start + i]);
		cond_resched();
	}
}

/* @ctx has the new eventfds, and the old ones when it returns. */
static void exchange_triggers(struct softpci_vfio *svfio,
			      const struct vfio_irq_set *set,
			      struct eventfd_ctx **ctx)
{
	bool msix = set->index == VFIO_PCI_MSIX_IRQ_INDEX;
	unsigned int i, vector;

	lockdep_assert_held(&svfio->irqs.igate);
	guard(softpci)(svfio->dev);
	for (i = 0; i < set->count; i++)
		ctx[i] = exchange_trigger(svfio, set->start + i, ctx[i]);

	/* All of MSI-X can be used, as the missing NORESIZE says. */
	if (svfio->irqs.index != set->index)
		irq_select(svfio, set->index,
			   msix ? model_of(svfio)->msix.nr :
				  set->start + set->count);

	if (msix)
		for (i = 0; i < set->count; i++) {
			vector = set->start + i;
			softpci_irq_mask_vector(svfio->dev, vector,
						!svfio->irqs.trigger[vector]);
		}
	softpci_irq_update(svfio->dev);
}

static int set_trigger(struct softpci_vfio *svfio,
		       const struct vfio_irq_set *set, const void *data)
{
	struct softpci_vfio_irqs *irqs = &svfio->irqs;
	bool enabled = irqs->index == set->index;
	struct eventfd_ctx **ctx;
	int ret;

	lockdep_assert_held(&irqs->igate);
	/* One kind at a time: a user disables INTx before it enables MSI. */
	if (!enabled && irqs->index != VFIO_PCI_NUM_IRQS)
		return -EINVAL;

	if (!set->count) {
		irq_disable(svfio);
		return 0;
	}

	/* The first call says how many vectors there are, if NORESIZE is set. */
	if (enabled && set->start + set->count > irqs->nr_vectors)
		return -EINVAL;

	if (!(set->flags & VFIO_IRQ_SET_DATA_EVENTFD)) {
		if (!enabled)
			return -EINVAL;
		irq_loop_back(svfio, set, data);
		return 0;
	}

	ctx = kvcalloc(set->count, sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	if (!ctx)
		return -ENOMEM;
	ret = get_eventfds(ctx, data, set->count);
	if (!ret) {
		exchange_triggers(svfio, set, ctx);
		put_eventfds(ctx, set->count);
	}
	kvfree(ctx);
	return ret;
}

/* ERR and REQ: one eventfd each, which the device signals by itself. */
static int set_notice_trigger(struct softpci_vfio *svfio,
			      const struct vfio_irq_set *set, const void *data)
{
	struct softpci_vfio_irqs *irqs = &svfio->irqs;
	struct eventfd_ctx **notice, *ctx = NULL;
	int ret;

	lockdep_assert_held(&irqs->igate);
	notice = set->index == VFIO_PCI_ERR_IRQ_INDEX ? &irqs->err : &irqs->req;

	if (set->count && !(set->flags & VFIO_IRQ_SET_DATA_EVENTFD)) {
		/* No other call takes it away meanwhile. */
		if (!*notice)
			return -EINVAL;
		if (softpci_vfio_irq_chosen(set, data, 0))
			signal_notice(irqs, notice);
		return 0;
	}

	if (set->count) {
		ret = get_eventfds(&ctx, data, 1);
		if (ret)
			return ret;
	}
	set_notice(irqs, notice, ctx);
	return 0;
}

typedef int (*set_irqs_fn)(struct softpci_vfio *svfio,
			   const struct vfio_irq_set *set, const void *data);

/* VFIO_IRQ_SET_ACTION_MASK, _UNMASK and _TRIGGER, in the order of their bits. */
#define ACTION_SHIFT	3
#define NR_ACTIONS	3

static_assert(BIT(ACTION_SHIFT) == VFIO_IRQ_SET_ACTION_MASK);
static_assert(BIT(ACTION_SHIFT + 2) == VFIO_IRQ_SET_ACTION_TRIGGER);

static const set_irqs_fn set_irqs[VFIO_PCI_NUM_IRQS][NR_ACTIONS] = {
	[VFIO_PCI_INTX_IRQ_INDEX] = { mask_intx, unmask_intx, set_trigger },
	[VFIO_PCI_MSI_IRQ_INDEX]  = { NULL, NULL, set_trigger },
	[VFIO_PCI_MSIX_IRQ_INDEX] = { NULL, NULL, set_trigger },
	[VFIO_PCI_ERR_IRQ_INDEX]  = { NULL, NULL, set_notice_trigger },
	[VFIO_PCI_REQ_IRQ_INDEX]  = { NULL, NULL, set_notice_trigger },
};

/**
 * softpci_vfio_set_irqs() - VFIO_DEVICE_SET_IRQS
 * @svfio: the device
 * @set: checked by vfio_set_irqs_validate_and_prepare()
 * @data: a copy of its bools or eventfds, NULL for none
 *
 * Return: 0; -EINVAL where struct vfio_irq_set forbids it or the state does
 * not allow; -ENOTTY for an action that the index lacks; -EBADF or -EINVAL for
 * an fd that is not an eventfd; -EBUSY if there is one already; -ENOMEM.
 * Nothing has changed after an error.
 */
int softpci_vfio_set_irqs(struct softpci_vfio *svfio,
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

	guard(mutex)(&svfio->irqs.igate);
	return fn(svfio, set, data);
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
 * softpci_vfio_request() - ask the user to close a device that is being removed
 * @vdev: the device
 * @count: how often this was called for the same removal
 *
 * Called by the process that removes the device, at once and then every ten
 * seconds. Only an administrator can remove a device, so no user of one can
 * cause a line in the log by itself.
 */
void softpci_vfio_request(struct vfio_device *vdev, unsigned int count)
{
	struct softpci_vfio_irqs *irqs = &to_softpci_vfio(vdev)->irqs;
	bool asked = signal_notice(irqs, &irqs->req);

	if (count % REQUESTS_PER_LINE == 0)
		log_request(vdev->dev, count, asked);
}

/**
 * softpci_vfio_error() - tell the user of an uncorrectable error of the device
 * @svfio: the device
 *
 * As vfio-pci does after AER has reported one.
 *
 * Return: 0; -ENOTCONN if no eventfd is assigned to VFIO_PCI_ERR_IRQ_INDEX, as
 * for a device that lacks the index.
 */
int softpci_vfio_error(struct softpci_vfio *svfio)
{
	struct softpci_vfio_irqs *irqs = &svfio->irqs;

	return signal_notice(irqs, &irqs->err) ? 0 : -ENOTCONN;
}

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/set_irqs.c"
#include "../tests/kunit/set_irqs-errno.c"
#endif
