// SPDX-License-Identifier: GPL-2.0-only
/*
 * struct vfio_device_ops of an older kernel, made of the newest one.
 *
 * Members that the kernel lacks are left out.  VFIO_DEVICE_GET_REGION_INFO is
 * an ioctl like others where .get_region_info_caps is missing, and .release has
 * to free the device in the oldest.
 */
#include "vfio.h"

#if SOFTPCI_OLD_VFIO_OPS

#include <linux/bug.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#undef vfio_device_ops
#undef _vfio_alloc_device

/* Serialises the setting of both; they never change after that. */
static DEFINE_MUTEX(ops_lock);
static const struct softpci_vfio_device_ops *newest;
static struct vfio_device_ops oldest;

#if !SOFTPCI_HAS_REGION_INFO_CAPS
static int ioctl_get_region_info(struct vfio_device *vdev, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info info = {};
	struct vfio_info_cap caps = {};
	int ret;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	ret = newest->get_region_info_caps(vdev, &info, &caps);
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

static long ioctl_or_region_info(struct vfio_device *vdev, unsigned int cmd,
				 unsigned long arg)
{
	if (cmd == VFIO_DEVICE_GET_REGION_INFO)
		return ioctl_get_region_info(vdev, (void __user *)arg);
	return newest->ioctl(vdev, cmd, arg);
}
#endif

#if SOFTPCI_HAS_VFIO_FREE_DEVICE
/*
 * Nothing but the wait in this module's exit keeps its text after .release, see
 * there.  vfio_free_device() does not sleep, so that it is within that wait.
 */
static void release_and_free(struct vfio_device *vdev)
{
	newest->release(vdev);
	vfio_free_device(vdev);
}
#endif

#if !SOFTPCI_HAS_MIG_DATA_SIZE
/*
 * The kernel leaves features that it does not know to the driver.  QEMU takes a
 * device for one of 100 GiB if it cannot ask, and does not come to an end.
 */
static int feature_or_data_size(struct vfio_device *vdev, u32 flags,
				void __user *arg, size_t argsz)
{
	struct vfio_device_feature_mig_data_size size = {};
	unsigned long length;
	int ret;

	if ((flags & VFIO_DEVICE_FEATURE_MASK) != VFIO_DEVICE_FEATURE_MIG_DATA_SIZE)
		return newest->device_feature(vdev, flags, arg, argsz);
	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				 sizeof(size));
	if (ret != 1)
		return ret;
	ret = mig_ops_union(vdev)->newest->migration_get_data_size(vdev, &length);
	if (ret)
		return ret;
	size.stop_copy_length = length;
	return copy_to_user(arg, &size, sizeof(size)) ? -EFAULT : 0;
}
#endif

static void make_oldest(const struct softpci_vfio_device_ops *ops)
{
	newest = ops;
	oldest = (struct vfio_device_ops) {
		.name = ops->name,
		.init = ops->init,
#if SOFTPCI_HAS_VFIO_FREE_DEVICE
		.release = release_and_free,
#else
		.release = ops->release,
#endif
#if SOFTPCI_HAS_IOMMUFD_OPS
		.bind_iommufd = ops->bind_iommufd,
		.unbind_iommufd = ops->unbind_iommufd,
		.attach_ioas = ops->attach_ioas,
#endif
#if SOFTPCI_HAS_DETACH_IOAS
		.detach_ioas = ops->detach_ioas,
#endif
		.open_device = ops->open_device,
		.close_device = ops->close_device,
		.read = ops->read,
		.write = ops->write,
#if SOFTPCI_HAS_REGION_INFO_CAPS
		.ioctl = ops->ioctl,
		.get_region_info_caps = ops->get_region_info_caps,
#else
		.ioctl = ioctl_or_region_info,
#endif
		.mmap = ops->mmap,
		.request = ops->request,
		.dma_unmap = ops->dma_unmap,
#if SOFTPCI_HAS_MIG_DATA_SIZE
		.device_feature = ops->device_feature,
#else
		.device_feature = feature_or_data_size,
#endif
	};
}

/**
 * softpci_vfio_alloc_device() - _vfio_alloc_device() of the newest kernel
 * @size: of the structure that begins with a struct vfio_device
 * @dev: its parent
 * @ops: the callbacks; the same ones for all devices
 *
 * Return: the device, or an ERR_PTR().
 */
struct vfio_device *
softpci_vfio_alloc_device(size_t size, struct device *dev,
			  const struct softpci_vfio_device_ops *ops)
{
	scoped_guard(mutex, &ops_lock) {
		if (!newest)
			make_oldest(ops);
		if (WARN_ON(newest != ops))
			return ERR_PTR(-EINVAL);
	}
	return _vfio_alloc_device(size, dev, &oldest);
}

#endif /* SOFTPCI_OLD_VFIO_OPS */
