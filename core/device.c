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
static void mdev_pci_reset_locked(struct mdev_pci_device *mpdev)
{
	lockdep_assert_held(&mpdev->lock);
	mdev_pci_irq_reset(mpdev);
	mdev_pci_config_reset(mpdev);
	if (mpdev->parent->drv->reset)
		mpdev->parent->drv->reset(mpdev);
}

/* The state of a new device: nothing left of the guest and the VFIO user. */
static void mdev_pci_close_locked(struct mdev_pci_device *mpdev)
{
	mdev_pci_reset_locked(mpdev);
	mdev_pci_config_power_on(mpdev);
	mdev_pci_gfx_close(mpdev);
	if (mpdev->parent->drv->close)
		mpdev->parent->drv->close(mpdev);
}

/* All of a new device but what ties it to VFIO and mdev. */
static int mdev_pci_power_on(struct mdev_pci_device *mpdev)
{
	const struct mdev_pci_driver *drv = mpdev->parent->drv;
	int ret;

	spin_lock_init(&mpdev->lock);
	mutex_init(&mpdev->ram.lock);
	mdev_pci_irq_init(mpdev);

	ret = mdev_pci_regions_init(mpdev);
	if (ret)
		return ret;
	mdev_pci_config_init(mpdev);
	ret = mdev_pci_gfx_init(mpdev);
	if (ret)
		return ret;
	if (drv->init) {
		ret = drv->init(mpdev);
		if (ret)
			goto err_release_gfx;
	}
	ret = mdev_pci_config_seal(mpdev);
	if (ret)
		goto err_release;
	scoped_guard(mdev_pci, mpdev)
		mdev_pci_close_locked(mpdev);
	return 0;

err_release:
	if (drv->release)
		drv->release(mpdev);
err_release_gfx:
	mdev_pci_gfx_release(mpdev);
	return ret;
}

static void mdev_pci_power_off(struct mdev_pci_device *mpdev)
{
	if (mpdev->parent->drv->release)
		mpdev->parent->drv->release(mpdev);
	mdev_pci_gfx_release(mpdev);
	mutex_destroy(&mpdev->irqs.igate);
	mutex_destroy(&mpdev->ram.lock);
}

static int mdev_pci_init_device(struct vfio_device *vdev)
{
	struct mdev_pci_device *mpdev = to_mdev_pci(vdev);
	struct mdev_device *mdev = to_mdev_device(vdev->dev);
	struct mdev_type *type = mdev->type;
	int ret;

	mpdev->type = container_of(type, struct mdev_pci_type, mdev);
	mpdev->parent = container_of(type->parent, struct mdev_pci_parent,
				     mdev_parent);
	guid_copy(&mpdev->uuid, &mdev->uuid);
	refcount_inc(&mpdev->parent->live);
	ret = mdev_pci_power_on(mpdev);
	if (ret)
		mdev_pci_parent_put(mpdev->parent);
	return ret;
}

static void mdev_pci_release_device(struct vfio_device *vdev)
{
	struct mdev_pci_device *mpdev = to_mdev_pci(vdev);
	struct mdev_pci_parent *parent = mpdev->parent;

	mdev_pci_power_off(mpdev);
#ifdef MDEV_PCI_RELEASE_FREES
	vfio_free_device(vdev);
#endif
	/* From here on nothing keeps the modules. */
	mdev_pci_parent_put(parent);
}

static int mdev_pci_open_device(struct vfio_device *vdev)
{
	struct mdev_pci_device *mpdev = to_mdev_pci(vdev);
	int ret;

	ret = mdev_pci_ram_open(mpdev);
	if (ret)
		return ret;

	guard(mdev_pci)(mpdev);
	WRITE_ONCE(mpdev->open, true);
	/* What is at its pins may have changed since it was closed. */
	if (mpdev->parent->drv->reset)
		mpdev->parent->drv->reset(mpdev);
	return 0;
}

/* The next user finds a device as new, and nothing of this one's. */
static void mdev_pci_close_device(struct vfio_device *vdev)
{
	struct mdev_pci_device *mpdev = to_mdev_pci(vdev);

	mdev_pci_irq_close(mpdev);
	scoped_guard(mdev_pci, mpdev) {
		WRITE_ONCE(mpdev->open, false);
		mdev_pci_close_locked(mpdev);
	}
	mdev_pci_ram_close(mpdev);
}

static int ioctl_get_info(struct mdev_pci_device *mpdev, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info = {};

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = mdev_pci_num_regions(mpdev);
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

#ifdef MDEV_PCI_NO_REGION_INFO_CAPS
static int ioctl_get_region_info(struct mdev_pci_device *mpdev,
				 void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info info = {};
	struct vfio_info_cap caps = {};
	int ret;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	ret = mdev_pci_get_region_info(&mpdev->vdev, &info, &caps);
	if (ret)
		goto out_free;

	if (caps.size) {
		size_t need = sizeof(info) + caps.size;

		info.flags |= VFIO_REGION_INFO_FLAG_CAPS;
		if (info.argsz < need) {
			info.argsz = need;
		} else {
			info.cap_offset = sizeof(info);
			vfio_info_cap_shift(&caps, sizeof(info));
			if (copy_to_user(arg + sizeof(info), caps.buf,
					 caps.size))
				ret = -EFAULT;
		}
	}
	if (!ret && copy_to_user(arg, &info, minsz))
		ret = -EFAULT;

out_free:
	kfree(caps.buf);
	return ret;
}
#endif

static int ioctl_get_irq_info(struct mdev_pci_device *mpdev, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;

	info.count = mdev_pci_irq_count(mpdev, info.index);
	info.flags = info.count ? mdev_pci_irq_flags(info.index) : 0;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static int ioctl_set_irqs(struct mdev_pci_device *mpdev, void __user *arg)
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
						 mdev_pci_irq_count(mpdev, set.index),
						 VFIO_PCI_NUM_IRQS, &size);
	if (ret)
		return ret;

	if (size) {
		data = memdup_user(arg + minsz, size);
		if (IS_ERR(data))
			return PTR_ERR(data);
	}
	ret = mdev_pci_set_irqs(mpdev, &set, data);
	kfree(data);
	return ret;
}

static int ioctl_query_gfx_plane(struct mdev_pci_device *mpdev,
				 void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_gfx_plane_info,
					 dmabuf_id);
	const size_t insz = offsetofend(struct vfio_device_gfx_plane_info,
					drm_plane_type);
	struct vfio_device_gfx_plane_info plane;
	int ret;

	if (!mpdev->parent->drv->display)
		return -ENOTTY;
	if (copy_from_user(&plane, arg, insz))
		return -EFAULT;
	if (plane.argsz < minsz)
		return -EINVAL;

	ret = mdev_pci_query_plane(mpdev, &plane);
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

static int ioctl_get_gfx_dmabuf(struct mdev_pci_device *mpdev, void __user *arg)
{
	u32 id;

	if (mpdev->parent->drv->display != VFIO_GFX_PLANE_TYPE_DMABUF)
		return -ENOTTY;
	if (get_user(id, (u32 __user *)arg))
		return -EFAULT;
	return mdev_pci_get_dmabuf(mpdev, id);
}

static int ioctl_reset(struct mdev_pci_device *mpdev)
{
	int ret;

	/* The memory first, so that an error leaves the registers as they are. */
	ret = mdev_pci_ram_reset(mpdev);
	if (ret)
		return ret;

	guard(mutex)(&mpdev->irqs.igate);
	mdev_pci_irq_settle(mpdev);
	guard(mdev_pci)(mpdev);
	mdev_pci_reset_locked(mpdev);
	return 0;
}

static long mdev_pci_ioctl(struct vfio_device *vdev, unsigned int cmd,
			   unsigned long arg)
{
	struct mdev_pci_device *mpdev = to_mdev_pci(vdev);
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return ioctl_get_info(mpdev, uarg);
#ifdef MDEV_PCI_NO_REGION_INFO_CAPS
	case VFIO_DEVICE_GET_REGION_INFO:
		return ioctl_get_region_info(mpdev, uarg);
#endif
	case VFIO_DEVICE_GET_IRQ_INFO:
		return ioctl_get_irq_info(mpdev, uarg);
	case VFIO_DEVICE_SET_IRQS:
		return ioctl_set_irqs(mpdev, uarg);
	case VFIO_DEVICE_RESET:
		return ioctl_reset(mpdev);
	case VFIO_DEVICE_QUERY_GFX_PLANE:
		return ioctl_query_gfx_plane(mpdev, uarg);
	case VFIO_DEVICE_GET_GFX_DMABUF:
		return ioctl_get_gfx_dmabuf(mpdev, uarg);
	default:
		return -ENOTTY;
	}
}

const struct vfio_device_ops mdev_pci_device_ops = {
	.name			= "mdev-pci",
	.init			= mdev_pci_init_device,
	.release		= mdev_pci_release_device,
#ifndef MDEV_PCI_NO_IOMMUFD_OPS
	.bind_iommufd		= vfio_iommufd_emulated_bind,
	.unbind_iommufd		= vfio_iommufd_emulated_unbind,
	.attach_ioas		= vfio_iommufd_emulated_attach_ioas,
#endif
#ifndef MDEV_PCI_NO_DETACH_IOAS
	.detach_ioas		= vfio_iommufd_emulated_detach_ioas,
#endif
	.open_device		= mdev_pci_open_device,
	.close_device		= mdev_pci_close_device,
	.read			= mdev_pci_read,
	.write			= mdev_pci_write,
	.ioctl			= mdev_pci_ioctl,
#ifndef MDEV_PCI_NO_REGION_INFO_CAPS
	.get_region_info_caps	= mdev_pci_get_region_info,
#endif
	.mmap			= mdev_pci_mmap,
	.request		= mdev_pci_request,
};

/* Here, as the tests call what is static above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/device.c"
#endif
