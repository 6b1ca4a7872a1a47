// SPDX-License-Identifier: GPL-2.0-only
/*
 * One device: its life from creation to removal, and its ioctls.
 */
#include <linux/nospec.h>
#include <linux/pci_regs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "internal.h"

/* VFIO_DEVICE_RESET: all but what vfio-pci saves and restores around it. */
static void softpci_reset_locked(struct softpci_device *spdev)
{
	lockdep_assert_held(&spdev->lock);
	softpci_irq_reset(spdev);
	softpci_config_reset(spdev);
	if (spdev->parent->drv->reset)
		spdev->parent->drv->reset(spdev);
}

/* The state of a new device: nothing left of the guest and the VFIO user. */
static void softpci_close_locked(struct softpci_device *spdev)
{
	softpci_reset_locked(spdev);
	softpci_config_power_on(spdev);
	softpci_gfx_close(spdev);
	if (spdev->parent->drv->close)
		spdev->parent->drv->close(spdev);
}

/* All of a new device but what ties it to VFIO and mdev. */
static int softpci_power_on(struct softpci_device *spdev)
{
	const struct softpci_driver *drv = spdev->parent->drv;
	int ret;

	spin_lock_init(&spdev->lock);
	mutex_init(&spdev->ram.lock);
	softpci_irq_init(spdev);

	ret = softpci_regions_init(spdev);
	if (ret)
		return ret;
	softpci_config_init(spdev);
	ret = softpci_gfx_init(spdev);
	if (ret)
		return ret;
	if (drv->init) {
		ret = drv->init(spdev);
		if (ret)
			goto err_release_gfx;
	}
	ret = softpci_config_seal(spdev);
	if (ret)
		goto err_release;
	scoped_guard(softpci, spdev)
		softpci_close_locked(spdev);
	return 0;

err_release:
	if (drv->release)
		drv->release(spdev);
err_release_gfx:
	softpci_gfx_release(spdev);
	return ret;
}

static void softpci_power_off(struct softpci_device *spdev)
{
	if (spdev->parent->drv->release)
		spdev->parent->drv->release(spdev);
	softpci_gfx_release(spdev);
	mutex_destroy(&spdev->irqs.igate);
	mutex_destroy(&spdev->ram.lock);
}

static int softpci_init_device(struct vfio_device *vdev)
{
	struct softpci_device *spdev = to_softpci(vdev);
	struct mdev_device *mdev = to_mdev_device(vdev->dev);
	struct mdev_type *type = mdev->type;
	int ret;

	spdev->type = container_of(type, struct softpci_type, mdev);
	spdev->parent = container_of(type->parent, struct softpci_parent,
				     mdev_parent);
	guid_copy(&spdev->uuid, &mdev->uuid);
	refcount_inc(&spdev->parent->live);
	ret = softpci_power_on(spdev);
	if (ret)
		softpci_parent_put(spdev->parent);
	return ret;
}

static void softpci_release_device(struct vfio_device *vdev)
{
	struct softpci_device *spdev = to_softpci(vdev);
	struct softpci_parent *parent = spdev->parent;

	softpci_power_off(spdev);
	/* From here on nothing keeps the modules. */
	softpci_parent_put(parent);
}

static int softpci_open_device(struct vfio_device *vdev)
{
	struct softpci_device *spdev = to_softpci(vdev);
	int ret;

	ret = softpci_ram_open(spdev);
	if (ret)
		return ret;

	guard(softpci)(spdev);
	WRITE_ONCE(spdev->open, true);
	/* What is at its pins may have changed since it was closed. */
	if (spdev->parent->drv->reset)
		spdev->parent->drv->reset(spdev);
	return 0;
}

/* The next user finds a device as new, and nothing of this one's. */
static void softpci_close_device(struct vfio_device *vdev)
{
	struct softpci_device *spdev = to_softpci(vdev);

	softpci_irq_close(spdev);
	scoped_guard(softpci, spdev) {
		WRITE_ONCE(spdev->open, false);
		softpci_close_locked(spdev);
	}
	softpci_ram_close(spdev);
}

static int ioctl_get_info(struct softpci_device *spdev, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info = {};

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = softpci_num_regions(spdev);
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static int ioctl_get_irq_info(struct softpci_device *spdev, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;

	info.count = softpci_irq_count(spdev, info.index);
	info.flags = softpci_irq_flags(info.index);
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static int ioctl_set_irqs(struct softpci_device *spdev, void __user *arg)
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
						 softpci_irq_count(spdev, set.index),
						 VFIO_PCI_NUM_IRQS, &size);
	if (ret)
		return ret;

	if (size) {
		data = memdup_user(arg + minsz, size);
		if (IS_ERR(data))
			return PTR_ERR(data);
	}
	ret = softpci_set_irqs(spdev, &set, data);
	kfree(data);
	return ret;
}

static int ioctl_query_gfx_plane(struct softpci_device *spdev,
				 void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_gfx_plane_info,
					 dmabuf_id);
	const size_t insz = offsetofend(struct vfio_device_gfx_plane_info,
					drm_plane_type);
	struct vfio_device_gfx_plane_info plane;
	int ret;

	if (!spdev->parent->drv->display)
		return -ENOTTY;
	if (copy_from_user(&plane, arg, insz))
		return -EFAULT;
	if (plane.argsz < minsz)
		return -EINVAL;

	ret = softpci_query_plane(spdev, &plane);
	if (ret || plane.flags & VFIO_GFX_PLANE_TYPE_PROBE)
		return ret;

	/* Asked at each refresh: moves, where copy_to_user() is a call. */
	might_fault();
	if (!user_write_access_begin(arg, minsz))
		return -EFAULT;
	unsafe_copy_to_user(arg, (const char *)&plane, minsz, fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}

static int ioctl_get_gfx_dmabuf(struct softpci_device *spdev, void __user *arg)
{
	u32 id;

	if (spdev->parent->drv->display != VFIO_GFX_PLANE_TYPE_DMABUF)
		return -ENOTTY;
	if (get_user(id, (u32 __user *)arg))
		return -EFAULT;
	return softpci_get_dmabuf(spdev, id);
}

static int ioctl_reset(struct softpci_device *spdev)
{
	int ret;

	/* The memory first, so that an error leaves the registers as they are. */
	ret = softpci_ram_reset(spdev);
	if (ret)
		return ret;

	guard(mutex)(&spdev->irqs.igate);
	softpci_irq_settle(spdev);
	guard(softpci)(spdev);
	softpci_reset_locked(spdev);
	return 0;
}

static long softpci_ioctl(struct vfio_device *vdev, unsigned int cmd,
			  unsigned long arg)
{
	struct softpci_device *spdev = to_softpci(vdev);
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return ioctl_get_info(spdev, uarg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return ioctl_get_irq_info(spdev, uarg);
	case VFIO_DEVICE_SET_IRQS:
		return ioctl_set_irqs(spdev, uarg);
	case VFIO_DEVICE_RESET:
		return ioctl_reset(spdev);
	case VFIO_DEVICE_QUERY_GFX_PLANE:
		return ioctl_query_gfx_plane(spdev, uarg);
	case VFIO_DEVICE_GET_GFX_DMABUF:
		return ioctl_get_gfx_dmabuf(spdev, uarg);
	default:
		return -ENOTTY;
	}
}

const struct vfio_device_ops softpci_device_ops = {
	.name			= "softpci",
	.init			= softpci_init_device,
	.release		= softpci_release_device,
	.bind_iommufd		= vfio_iommufd_emulated_bind,
	.unbind_iommufd		= vfio_iommufd_emulated_unbind,
	.attach_ioas		= vfio_iommufd_emulated_attach_ioas,
	.detach_ioas		= vfio_iommufd_emulated_detach_ioas,
	.open_device		= softpci_open_device,
	.close_device		= softpci_close_device,
	.read			= softpci_read,
	.write			= softpci_write,
	.ioctl			= softpci_ioctl,
	.get_region_info_caps	= softpci_get_region_info,
	.mmap			= softpci_mmap,
	.request		= softpci_request,
};

/* Here, as the tests call what is static above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/device.c"
#endif
