// SPDX-License-Identifier: GPL-2.0-only
/*
 * Low power by request of the user (VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY), which
 * is not the power state in config space: that is the guest's.
 *
 * In low power a device does no DMA, to pinned memory included.  It wakes up for
 * an access of its user and for an interrupt that is due: after LOW_POWER_ENTRY
 * only to deliver it, after LOW_POWER_ENTRY_WITH_WAKEUP until the next entry, and
 * an eventfd is signalled before the interrupt.  LOW_POWER_EXIT, a reset and
 * closing end it in any case.
 *
 * An access is a read, a write, VFIO_DEVICE_SET_IRQS or VFIO_DEVICE_RESET.  Other
 * ioctls are answered without the device.  Mappings stay: memory answers in every
 * power state.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/lockdep.h>
#include <linux/uaccess.h>

#include "internal.h"

static void signal_wakeup(struct eventfd_ctx *ctx)
{
	KUNIT_STATIC_STUB_REDIRECT(signal_wakeup, ctx);
	eventfd_signal(ctx);
}

static void put_wakeup(struct eventfd_ctx *ctx)
{
	KUNIT_STATIC_STUB_REDIRECT(put_wakeup, ctx);
	eventfd_ctx_put(ctx);
}

/**
 * softpci_vfio_power_reset() - leave low power
 * @dev: the device, lock held
 */
void softpci_vfio_power_reset(struct softpci_device *dev)
{
	struct softpci_vfio *svfio = dev->host;
	struct eventfd_ctx *wakeup = svfio->wakeup;

	lockdep_assert_held(&dev->lock);
	WRITE_ONCE(svfio->low_power, false);
	softpci_dma_suspend(dev, false);
	svfio->wakeup = NULL;
	if (wakeup)
		put_wakeup(wakeup);
}

/**
 * softpci_vfio_wake() - an interrupt or an access needs the device
 * @svfio: a device in low power, lock held
 */
void softpci_vfio_wake(struct softpci_vfio *svfio)
{
	lockdep_assert_held(&svfio->dev->lock);
	if (!svfio->wakeup)
		return;
	signal_wakeup(svfio->wakeup);
	softpci_vfio_power_reset(svfio->dev);
}

/**
 * softpci_vfio_resume() - wake up for an access
 * @svfio: the device, lock not held
 */
void softpci_vfio_resume(struct softpci_vfio *svfio)
{
	guard(softpci)(svfio->dev);
	if (svfio->low_power)
		softpci_vfio_wake(svfio);
}

/* Takes over the reference to @wakeup, if it returns 0. */
static int enter_low_power(struct softpci_vfio *svfio,
			   struct eventfd_ctx *wakeup)
{
	guard(softpci)(svfio->dev);
	if (svfio->low_power)
		return -EINVAL;
	svfio->wakeup = wakeup;
	WRITE_ONCE(svfio->low_power, true);
	softpci_dma_suspend(svfio->dev, true);
	return 0;
}

static int feature_entry(struct softpci_vfio *svfio, u32 flags, size_t argsz)
{
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET, 0);
	if (ret != 1)
		return ret;
	return enter_low_power(svfio, NULL);
}

static int feature_entry_with_wakeup(struct softpci_vfio *svfio, u32 flags,
				     void __user *arg, size_t argsz)
{
	struct vfio_device_low_power_entry_with_wakeup entry;
	struct eventfd_ctx *wakeup;
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET,
				 sizeof(entry));
	if (ret != 1)
		return ret;
	if (copy_from_user(&entry, arg, sizeof(entry)))
		return -EFAULT;
	if (entry.wakeup_eventfd < 0)
		return -EINVAL;

	wakeup = eventfd_ctx_fdget(entry.wakeup_eventfd);
	if (IS_ERR(wakeup))
		return PTR_ERR(wakeup);
	ret = enter_low_power(svfio, wakeup);
	if (ret)
		eventfd_ctx_put(wakeup);
	return ret;
}

static int feature_exit(struct softpci_vfio *svfio, u32 flags, size_t argsz)
{
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET, 0);
	if (ret != 1)
		return ret;

	guard(softpci)(svfio->dev);
	softpci_vfio_power_reset(svfio->dev);
	return 0;
}

/**
 * softpci_vfio_power_feature() - VFIO_DEVICE_FEATURE of low power
 * @svfio: the device
 * @flags: the feature, and VFIO_DEVICE_FEATURE_GET, _SET and _PROBE
 * @arg: its data
 * @argsz: size of that
 *
 * Return: 0; -ENOTTY for any other feature; -EINVAL if it cannot be
 * used as @flags say, @argsz is too small, or the device is in low power already;
 * -EBADF or -EINVAL for an fd that is not an eventfd; -EFAULT.
 */
int softpci_vfio_power_feature(struct softpci_vfio *svfio, u32 flags,
			       void __user *arg, size_t argsz)
{
	switch (flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY:
		return feature_entry(svfio, flags, argsz);
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
		return feature_entry_with_wakeup(svfio, flags, arg, argsz);
	case VFIO_DEVICE_FEATURE_LOW_POWER_EXIT:
		return feature_exit(svfio, flags, argsz);
	default:
		return -ENOTTY;
	}
}

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/power.c"
#endif
