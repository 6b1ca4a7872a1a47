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

#include <linux/vfio.h>

/* No flag of PRE_COPY: no transition leads there. */
#if !SOFTPCI_HAS_PRE_COPY
#define VFIO_MIGRATION_PRE_COPY		0
#define VFIO_DEVICE_STATE_PRE_COPY	6
#define VFIO_DEVICE_STATE_PRE_COPY_P2P	7

#define VFIO_MIG_GET_PRECOPY_INFO	_IO(VFIO_TYPE, VFIO_BASE + 21)

struct vfio_precopy_info {
	__u32 argsz;
	__u32 flags;
	__aligned_u64 initial_bytes;
	__aligned_u64 dirty_bytes;
};
#endif

/*
 * No ioctl enables it.  For reading the member of struct vfio_device, one that is
 * always false: a device without a bus does not go offline.
 */
#if !SOFTPCI_HAS_PRECOPY_REINIT
#define VFIO_PRECOPY_INFO_REINIT	BIT(0)
#define precopy_info_v2			device.offline
#endif

#if !SOFTPCI_HAS_MIG_DATA_SIZE
#define VFIO_DEVICE_FEATURE_MIG_DATA_SIZE	9

struct vfio_device_feature_mig_data_size {
	__aligned_u64 stop_copy_length;
};

/* The newest struct: the kernel knows the members before the last. */
struct softpci_vfio_migration_ops {
	struct file *(*migration_set_state)(struct vfio_device *vdev,
					    enum vfio_device_mig_state state);
	int (*migration_get_state)(struct vfio_device *vdev,
				   enum vfio_device_mig_state *state);
	int (*migration_get_data_size)(struct vfio_device *vdev,
				       unsigned long *length);
};

static_assert(offsetof(struct softpci_vfio_migration_ops, migration_set_state) ==
	      offsetof(struct vfio_migration_ops, migration_set_state));
static_assert(offsetof(struct softpci_vfio_migration_ops, migration_get_state) ==
	      offsetof(struct vfio_migration_ops, migration_get_state));

union softpci_mig_ops {
	const struct vfio_migration_ops *kernels;
	const struct softpci_vfio_migration_ops *newest;
};

static inline union softpci_mig_ops *mig_ops_union(struct vfio_device *vdev)
{
	return (union softpci_mig_ops *)&vdev->mig_ops;
}

#define vfio_migration_ops	softpci_vfio_migration_ops
/* For an assignment to vdev->mig_ops, of a pointer to the newest struct. */
#define mig_ops			mig_ops = NULL, mig_ops_union(vdev)->newest
#endif

/* iova_bitmap_set() is a part of VFIO, in any configuration. */
#if !SOFTPCI_HAS_IOMMUFD_OPS && !defined(CONFIG_IOMMUFD_DRIVER)
#define CONFIG_IOMMUFD_DRIVER	1
#endif

#endif /* SOFTPCI_COMPAT_VFIO_H */
