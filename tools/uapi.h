/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's interfaces, and what the headers of an older linux-libc-dev (6.1) lack. */
#ifndef LSVFIO_UAPI_H
#define LSVFIO_UAPI_H

#include <linux/dma-buf.h>
#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/vfio.h>

/*
 * linux/vfio.h of 6.6 and 6.17: struct vfio_device_bind_iommufd with a token, and
 * VFIO_DEVICE_BIND_IOMMUFD
 */
struct vfio_bind {
	__u32 argsz;
	__u32 flags;
	__s32 iommufd;
	__u32 out_devid;
	__u64 token_uuid_ptr;
};

#define VFIO_BIND			_IO(VFIO_TYPE, VFIO_BASE + 18)
#define VFIO_BIND_TOKEN			0x1

/* 6.2 to 6.5 */
#ifndef VFIO_MIGRATION_PRE_COPY
#define VFIO_MIGRATION_PRE_COPY		0x4
#define VFIO_DEVICE_STATE_PRE_COPY	6
#define VFIO_DEVICE_STATE_PRE_COPY_P2P	7
#endif

#ifndef VFIO_DEVICE_FEATURE_MIG_DATA_SIZE
struct vfio_device_feature_mig_data_size {
	__aligned_u64 stop_copy_length;
};

#define VFIO_DEVICE_FEATURE_MIG_DATA_SIZE	9
#endif

#ifndef VFIO_DEVICE_FLAGS_CDX
#define VFIO_DEVICE_FLAGS_CDX		0x100
#endif

#ifndef VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP
#define VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP	5
#endif

/* Features by number, where older headers have no name: bus master, dma-buf, ... */
#define FEATURE_BUS_MASTER		10
#define FEATURE_DMA_BUF			11
#define FEATURE_MIG_PRECOPY_INFO_V2	12
#define FEATURE_ZPCI_ERROR		13

/* drm_mode.h and drm_fourcc.h */
#define PLANE_OVERLAY			0
#define PLANE_PRIMARY			1
#define PLANE_CURSOR			2
#define FOURCC(a, b, c, d)		((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16 | \
					 (__u32)(d) << 24)
#define MODIFIER_LINEAR			0ULL
#define MODIFIER_INVALID		0x00ffffffffffffffULL

#endif /* LSVFIO_UAPI_H */
