/* SPDX-License-Identifier: GPL-2.0-only */
/* The newest API of a VFIO driver, for kernels that have an older one. */
#ifndef SOFTPCI_COMPAT_VFIO_H
#define SOFTPCI_COMPAT_VFIO_H

#define SOFTPCI_OLD_VFIO_OPS						\
	(SOFTPCI_HAS_VFIO_FREE_DEVICE || !SOFTPCI_HAS_IOMMUFD_OPS ||	\
	 !SOFTPCI_HAS_DETACH_IOAS || !SOFTPCI_HAS_REGION_INFO_CAPS)

#if SOFTPCI_OLD_VFIO_OPS
#include <linux/vfio.h>

struct iommufd_ctx;

/* As struct vfio_device_ops of the newest kernel. */
struct softpci_vfio_device_ops {
	char *name;
	int (*init)(struct vfio_device *vdev);
	void (*release)(struct vfio_device *vdev);
	int (*bind_iommufd)(struct vfio_device *vdev, struct iommufd_ctx *ictx,
			    u32 *out_device_id);
	void (*unbind_iommufd)(struct vfio_device *vdev);
	int (*attach_ioas)(struct vfio_device *vdev, u32 *pt_id);
	void (*detach_ioas)(struct vfio_device *vdev);
	int (*open_device)(struct vfio_device *vdev);
	void (*close_device)(struct vfio_device *vdev);
	ssize_t (*read)(struct vfio_device *vdev, char __user *buf,
			size_t count, loff_t *ppos);
	ssize_t (*write)(struct vfio_device *vdev, const char __user *buf,
			 size_t count, loff_t *ppos);
	long (*ioctl)(struct vfio_device *vdev, unsigned int cmd,
		      unsigned long arg);
	int (*get_region_info_caps)(struct vfio_device *vdev,
				    struct vfio_region_info *info,
				    struct vfio_info_cap *caps);
	int (*mmap)(struct vfio_device *vdev, struct vm_area_struct *vma);
	void (*request)(struct vfio_device *vdev, unsigned int count);
	void (*dma_unmap)(struct vfio_device *vdev, u64 iova, u64 length);
	int (*device_feature)(struct vfio_device *vdev, u32 flags,
			      void __user *arg, size_t argsz);
};

struct vfio_device *
softpci_vfio_alloc_device(size_t size, struct device *dev,
			  const struct softpci_vfio_device_ops *ops);

#define vfio_device_ops		softpci_vfio_device_ops
#define _vfio_alloc_device	softpci_vfio_alloc_device

#if !SOFTPCI_HAS_IOMMUFD_OPS
#define vfio_iommufd_emulated_bind		NULL
#define vfio_iommufd_emulated_unbind		NULL
#define vfio_iommufd_emulated_attach_ioas	NULL
#endif
#if !SOFTPCI_HAS_DETACH_IOAS
#define vfio_iommufd_emulated_detach_ioas	NULL
#endif
#endif /* SOFTPCI_OLD_VFIO_OPS */

#endif /* SOFTPCI_COMPAT_VFIO_H */
