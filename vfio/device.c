// SPDX-License-Identifier: GPL-2.0-only
/*
 * A model's device as a VFIO device: its life, its ioctls, and accesses on their
 * way to the core.
 */
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "internal.h"

static void host_reset(struct softpci_device *dev)
{
	softpci_vfio_power_reset(dev);
	softpci_vfio_irq_reset(dev);
}

static const struct softpci_host_ops host_ops = {
	.intx		= softpci_vfio_intx,
	.message	= softpci_vfio_message,
	.reset		= host_reset,
	.dma_read	= softpci_vfio_dma_read,
	.dma_write	= softpci_vfio_dma_write,
	.pin		= softpci_vfio_pin,
	.unpin		= softpci_vfio_unpin,
	.dma_written	= softpci_log_written,
};

/* All of a new device but its ties to VFIO and mdev. */
static int softpci_vfio_create(struct softpci_vfio *svfio, const guid_t *uuid)
{
	int ret;

	ret = softpci_gfx_init(svfio);
	if (ret)
		return ret;
	ret = softpci_vfio_irq_init(svfio);
	if (ret)
		goto err_release_gfx;
	softpci_mig_init(svfio);
	softpci_log_init(svfio);
	svfio->dev = softpci_create(svfio->type->layout, uuid, &host_ops, svfio);
	if (IS_ERR(svfio->dev)) {
		ret = PTR_ERR(svfio->dev);
		goto err_release_log;
	}
	return 0;

err_release_log:
	softpci_log_release(svfio);
	softpci_mig_release(svfio);
	softpci_vfio_irq_release(svfio);
err_release_gfx:
	softpci_gfx_release(svfio);
	return ret;
}

static void softpci_vfio_destroy(struct softpci_vfio *svfio)
{
	softpci_destroy(svfio->dev);
	softpci_log_release(svfio);
	softpci_mig_release(svfio);
	softpci_vfio_irq_release(svfio);
	softpci_gfx_release(svfio);
}

static int softpci_vfio_init(struct vfio_device *vdev)
{
	struct softpci_vfio *svfio = to_softpci_vfio(vdev);
	struct mdev_device *mdev = to_mdev_device(vdev->dev);
	struct mdev_type *type = mdev->type;
	int ret;

	svfio->type = to_softpci_mdev_type(type);
	svfio->parent = to_softpci_parent(type);
	refcount_inc(&svfio->parent->live);
	ret = softpci_vfio_create(svfio, &mdev->uuid);
	if (ret) {
		softpci_parent_put(svfio->parent);
		return ret;
	}
	softpci_mig_offer(svfio);
	softpci_log_offer(svfio);
	return 0;
}

static void softpci_vfio_release(struct vfio_device *vdev)
{
	struct softpci_vfio *svfio = to_softpci_vfio(vdev);
	struct softpci_parent *parent = svfio->parent;

	softpci_vfio_destroy(svfio);
	/* From here on nothing keeps the modules. */
	softpci_parent_put(parent);
}

static int softpci_vfio_open(struct vfio_device *vdev)
{
	return softpci_open(to_softpci_vfio(vdev)->dev);
}

/* Nothing that belongs to this user is left for the next one. */
static void softpci_vfio_close(struct vfio_device *vdev)
{
	struct softpci_vfio *svfio = to_softpci_vfio(vdev);

	softpci_mig_close(svfio);
	softpci_vfio_irq_close(svfio);
	/* Stops DMA, which VFIO does not allow for a closed device. */
	softpci_close(svfio->dev);
	softpci_log_close(svfio);
	guard(softpci)(svfio->dev);
	softpci_gfx_close(svfio);
}

static int reset_device(struct softpci_vfio *svfio, enum softpci_reset kind)
{
	int ret;

	guard(mutex)(&svfio->mig.lock);
	scoped_guard(mutex, &svfio->irqs.igate) {
		/* Another writer may have been here first. */
		if (kind == SOFTPCI_RESET_FLR && !softpci_flr_pending(svfio->dev))
			return 0;
		softpci_vfio_irq_settle(svfio);
		ret = softpci_reset(svfio->dev, kind);
	}
	return ret ?: softpci_mig_reset(svfio);
}

static ssize_t softpci_vfio_read(struct vfio_device *vdev, char __user *buf,
				 size_t count, loff_t *ppos)
{
	struct softpci_vfio *svfio = to_softpci_vfio(vdev);

	softpci_vfio_accessed(svfio);
	return softpci_user_read(svfio->dev, buf, count, ppos);
}

static ssize_t softpci_vfio_write(struct vfio_device *vdev,
				  const char __user *buf, size_t count,
				  loff_t *ppos)
{
	struct softpci_vfio *svfio = to_softpci_vfio(vdev);
	ssize_t ret;

	softpci_vfio_accessed(svfio);
	ret = softpci_user_write(svfio->dev, buf, count, ppos);
	/*
	 * The write has been done, whether or not the reset fails.  If it does,
	 * for want of memory or by a fatal signal, the next write tries again.
	 */
	if (unlikely(softpci_flr_pending(svfio->dev)))
		reset_device(svfio, SOFTPCI_RESET_FLR);
	return ret;
}

static int softpci_vfio_mmap(struct vfio_device *vdev,
			     struct vm_area_struct *vma)
{
	u64 pos;

	if (check_shl_overflow((u64)vma->vm_pgoff, PAGE_SHIFT, &pos))
		return -EINVAL;
	return softpci_mmap(to_softpci_vfio(vdev)->dev, vma, pos);
}

static long ioctl_set_irqs(struct softpci_vfio *svfio, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_irq_set, count);
	struct vfio_irq_set set;
	void *data = NULL;
	size_t size;
	int ret;

	if (copy_from_user(&set, arg, minsz))
		return -EFAULT;
	if (set.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	set.index = array_index_nospec(set.index, VFIO_PCI_NUM_IRQS);
	ret = vfio_set_irqs_validate_and_prepare(&set,
						 softpci_vfio_irq_count(svfio, set.index),
						 VFIO_PCI_NUM_IRQS, &size);
	if (ret)
		return ret;

	if (size) {
		data = memdup_user(arg + minsz, size);
		if (IS_ERR(data))
			return PTR_ERR(data);
	}
	softpci_vfio_accessed(svfio);
	ret = softpci_vfio_set_irqs(svfio, &set, data);
	kfree(data);
	return ret;
}

static long softpci_vfio_ioctl(struct vfio_device *vdev, unsigned int cmd,
			       unsigned long arg)
{
	struct softpci_vfio *svfio = to_softpci_vfio(vdev);
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return softpci_vfio_get_info(svfio, uarg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return softpci_vfio_get_irq_info(svfio, uarg);
	case VFIO_DEVICE_SET_IRQS:
		return ioctl_set_irqs(svfio, uarg);
	case VFIO_DEVICE_RESET:
		softpci_vfio_accessed(svfio);
		return reset_device(svfio, SOFTPCI_RESET_BUS);
	case VFIO_DEVICE_QUERY_GFX_PLANE:
		return softpci_vfio_query_plane(svfio, uarg);
	case VFIO_DEVICE_GET_GFX_DMABUF:
		return softpci_vfio_get_dmabuf(svfio, uarg);
	default:
		return -ENOTTY;
	}
}

/* Those of migration and DMA logging are VFIO's (softpci_mig_offer()). */
static int softpci_vfio_feature(struct vfio_device *vdev, u32 flags,
				void __user *arg, size_t argsz)
{
	return softpci_vfio_power_feature(to_softpci_vfio(vdev), flags, arg,
					  argsz);
}

const struct vfio_device_ops softpci_vfio_ops = {
	.name			= "softpci",
	.init			= softpci_vfio_init,
	.release		= softpci_vfio_release,
	.bind_iommufd		= vfio_iommufd_emulated_bind,
	.unbind_iommufd		= vfio_iommufd_emulated_unbind,
	.attach_ioas		= vfio_iommufd_emulated_attach_ioas,
	.detach_ioas		= vfio_iommufd_emulated_detach_ioas,
	.open_device		= softpci_vfio_open,
	.close_device		= softpci_vfio_close,
	.read			= softpci_vfio_read,
	.write			= softpci_vfio_write,
	.ioctl			= softpci_vfio_ioctl,
	.get_region_info_caps	= softpci_vfio_region_info_caps,
	.mmap			= softpci_vfio_mmap,
	.request		= softpci_vfio_request,
	.dma_unmap		= softpci_vfio_dma_unmap,
	.device_feature		= softpci_vfio_feature,
};

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/vfio-device.c"
#endif
