/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's interfaces, and what the headers of an older linux-libc-dev
 * (6.1) do not have yet or do not carry.
 */
#ifndef TESTS_UAPI_H
#define TESTS_UAPI_H

#include <linux/dma-buf.h>
#include <linux/ioctl.h>
#include <linux/pci_regs.h>
#include <linux/types.h>
#include <linux/vfio.h>

/* linux/vfio.h of 6.6 */
#ifndef VFIO_DEVICE_BIND_IOMMUFD
struct vfio_device_bind_iommufd {
	__u32 argsz;
	__u32 flags;
	__s32 iommufd;
	__u32 out_devid;
};

#define VFIO_DEVICE_BIND_IOMMUFD	_IO(VFIO_TYPE, VFIO_BASE + 18)

struct vfio_device_attach_iommufd_pt {
	__u32 argsz;
	__u32 flags;
	__u32 pt_id;
};

#define VFIO_DEVICE_ATTACH_IOMMUFD_PT	_IO(VFIO_TYPE, VFIO_BASE + 19)
#endif

/* struct vfio_device_bind_iommufd and VFIO_DEVICE_BIND_FLAG_TOKEN of 6.17 */
struct vfio_bind {
	__u32 argsz;
	__u32 flags;
	__s32 iommufd;
	__u32 out_devid;
	__u64 token_uuid_ptr;
};

#define VFIO_BIND_TOKEN	0x1

/* linux/vfio.h of 6.2 to 7.1: migration; 6.1 has the rest of it */
#ifndef VFIO_MIGRATION_PRE_COPY
#define VFIO_MIGRATION_PRE_COPY		0x4
#define VFIO_DEVICE_STATE_PRE_COPY	6
#define VFIO_DEVICE_STATE_PRE_COPY_P2P	7

struct vfio_precopy_info {
	__u32 argsz;
	__u32 flags;
	__aligned_u64 initial_bytes;
	__aligned_u64 dirty_bytes;
};

#define VFIO_MIG_GET_PRECOPY_INFO	_IO(VFIO_TYPE, VFIO_BASE + 21)
#endif

#ifndef VFIO_DEVICE_FEATURE_MIG_DATA_SIZE
struct vfio_device_feature_mig_data_size {
	__aligned_u64 stop_copy_length;
};

#define VFIO_DEVICE_FEATURE_MIG_DATA_SIZE	9
#endif

#ifndef VFIO_PRECOPY_INFO_REINIT
#define VFIO_PRECOPY_INFO_REINIT	0x1
#endif
/* VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2 */
#define MIG_PRECOPY_INFO_V2		12

/* linux/iommufd.h of 6.2 */
struct ioas_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_ioas_id;
};

#define IOCTL_IOAS_ALLOC		_IO(VFIO_TYPE, 0x81)

#define IOAS_MAP_FIXED_IOVA		0x1
#define IOAS_MAP_WRITEABLE		0x2
#define IOAS_MAP_READABLE		0x4

struct ioas_map {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 reserved;
	__aligned_u64 user_va;
	__aligned_u64 length;
	__aligned_u64 iova;
};

#define IOCTL_IOAS_MAP			_IO(VFIO_TYPE, 0x85)

struct ioas_unmap {
	__u32 size;
	__u32 ioas_id;
	__aligned_u64 iova;
	__aligned_u64 length;
};

#define IOCTL_IOAS_UNMAP		_IO(VFIO_TYPE, 0x86)

struct ioas_copy {
	__u32 size;
	__u32 flags;		/* IOAS_MAP_* */
	__u32 dst_ioas_id;
	__u32 src_ioas_id;
	__aligned_u64 length;
	__aligned_u64 dst_iova;
	__aligned_u64 src_iova;
};

#define IOCTL_IOAS_COPY			_IO(VFIO_TYPE, 0x83)

struct iommufd_destroy {
	__u32 size;
	__u32 id;
};

#define IOCTL_DESTROY			_IO(VFIO_TYPE, 0x80)

/* linux/iommufd.h of 6.7: page tables, and pages in them that DMA has written to */
#define HWPT_ALLOC_NEST_PARENT		0x1
#define HWPT_ALLOC_DIRTY		0x2

struct hwpt_alloc {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 pt_id;
	__u32 out_hwpt_id;
	__u32 reserved;
	__u32 data_type;
	__u32 data_len;
	__aligned_u64 data_uptr;
};

#define IOCTL_HWPT_ALLOC		_IO(VFIO_TYPE, 0x89)

#define HW_CAP_DIRTY_TRACKING		0x1

struct hw_info {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 data_len;
	__aligned_u64 data_uptr;
	__u32 out_data_type;
	__u32 reserved;
	__aligned_u64 out_capabilities;
};

#define IOCTL_GET_HW_INFO		_IO(VFIO_TYPE, 0x8a)

#define HWPT_DIRTY_ENABLE		0x1

struct hwpt_set_dirty {
	__u32 size;
	__u32 flags;
	__u32 hwpt_id;
	__u32 reserved;
};

#define IOCTL_HWPT_SET_DIRTY		_IO(VFIO_TYPE, 0x8b)

#define HWPT_DIRTY_NO_CLEAR		0x1

struct hwpt_get_dirty {
	__u32 size;
	__u32 hwpt_id;
	__u32 flags;
	__u32 reserved;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 page_size;
	__aligned_u64 data;
};

#define IOCTL_HWPT_GET_DIRTY		_IO(VFIO_TYPE, 0x8c)

/* linux/vfio.h of 6.6 */
#ifndef VFIO_DEVICE_DETACH_IOMMUFD_PT
struct vfio_device_detach_iommufd_pt {
	__u32 argsz;
	__u32 flags;
};

#define VFIO_DEVICE_DETACH_IOMMUFD_PT	_IO(VFIO_TYPE, VFIO_BASE + 20)
#endif

/* drm_fourcc.h and drm_mode.h come with libdrm-dev, for six numbers. */
#define FOURCC_XR24		0x34325258
#define FOURCC_RG16		0x36314752
#define PLANE_OVERLAY		0
#define PLANE_PRIMARY		1
#define PLANE_CURSOR		2

/* drm.h */
struct prime_handle {
	__u32 handle;
	__u32 flags;
	__s32 fd;
};

struct gem_close {
	__u32 handle;
	__u32 pad;
};

#define IOCTL_GEM_CLOSE			_IOW('d', 0x09, struct gem_close)
#define IOCTL_PRIME_HANDLE_TO_FD	_IOWR('d', 0x2d, struct prime_handle)
#define IOCTL_PRIME_FD_TO_HANDLE	_IOWR('d', 0x2e, struct prime_handle)

#endif /* TESTS_UAPI_H */
