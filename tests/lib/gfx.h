/* SPDX-License-Identifier: GPL-2.0-only */
/* The display interface: planes and dma-bufs. */
#ifndef TESTS_GFX_H
#define TESTS_GFX_H

#include <sys/ioctl.h>
#include <unistd.h>

#include "vfio.h"

#define PROBE		VFIO_GFX_PLANE_TYPE_PROBE
#define DMABUF		VFIO_GFX_PLANE_TYPE_DMABUF
#define REGION		VFIO_GFX_PLANE_TYPE_REGION

/* @plane: is passed in as it is, except argsz and flags. */
static inline int __plane_query(const struct vfio *v, u32 flags,
				struct vfio_device_gfx_plane_info *plane)
{
	plane->argsz = sizeof(*plane);
	plane->flags = flags;
	return sys(ioctl(v->fd, VFIO_DEVICE_QUERY_GFX_PLANE, plane));
}

static inline struct vfio_device_gfx_plane_info plane_query(const struct vfio *v, u32 flags)
{
	struct vfio_device_gfx_plane_info plane;

	memset(&plane, 0xee, sizeof(plane));
	plane.drm_plane_type = PLANE_PRIMARY;
	check_eq(__plane_query(v, flags, &plane), 0);
	return plane;
}

static inline int __dmabuf_get(const struct vfio *v, u32 id)
{
	return sys(ioctl(v->fd, VFIO_DEVICE_GET_GFX_DMABUF, &id));
}

static inline int dmabuf_get(const struct vfio *v, u32 id)
{
	int fd = __dmabuf_get(v, id);

	check(fd >= 0);
	return fd;
}

#endif /* TESTS_GFX_H */
