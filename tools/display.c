// SPDX-License-Identifier: GPL-2.0-only
/* Which display interface a device has, what is on its planes now, and its EDID region. */
#include <sys/ioctl.h>

#include "lsvfio.h"

static bool query(int fd, u32 flags, u32 type, struct vfio_device_gfx_plane_info *info)
{
	*info = (struct vfio_device_gfx_plane_info) {
		.argsz = sizeof(*info), .flags = flags, .drm_plane_type = type,
	};
	return !ioctl(fd, VFIO_DEVICE_QUERY_GFX_PLANE, info);
}

static bool has(int fd, u32 flag)
{
	struct vfio_device_gfx_plane_info info;

	return query(fd, VFIO_GFX_PLANE_TYPE_PROBE | flag, PLANE_PRIMARY, &info);
}

static void add_plane(struct display *display, const char *name, bool dmabuf,
		      const struct vfio_device_gfx_plane_info *info)
{
	display->plane[display->nr_planes++] = (struct plane) {
		.name = name, .dmabuf = dmabuf, .info = *info,
	};
}

static void read_planes(struct display *display, int fd)
{
	struct vfio_device_gfx_plane_info info;

	if (display->dmabuf) {
		if (query(fd, VFIO_GFX_PLANE_TYPE_DMABUF, PLANE_PRIMARY, &info))
			add_plane(display, "primary", true, &info);
		if (query(fd, VFIO_GFX_PLANE_TYPE_DMABUF, PLANE_CURSOR, &info) && info.size)
			add_plane(display, "cursor", true, &info);
		return;
	}
	/* QEMU leaves the type at 0 when it asks for a region: some devices know no other. */
	if (!query(fd, VFIO_GFX_PLANE_TYPE_REGION, PLANE_PRIMARY, &info) || !info.size)
		if (!query(fd, VFIO_GFX_PLANE_TYPE_REGION, PLANE_OVERLAY, &info))
			return;
	add_plane(display, "primary", false, &info);
}

static void read_edid(struct model *m, int fd)
{
	struct display *display = &m->display;
	u32 i;

	for (i = 0; i < m->nr_regions && !display->has_edid; i++) {
		const struct region *region = &m->region[i];

		if (!region->typed || region->type != VFIO_REGION_TYPE_GFX ||
		    region->subtype != VFIO_REGION_SUBTYPE_GFX_EDID)
			continue;
		display->edid_region = i;
		display->has_edid = read_region(fd, region, 0, &display->edid,
						sizeof(display->edid)) == sizeof(display->edid);
	}
}

void read_display(struct model *m, int fd)
{
	struct display *display = &m->display;

	*display = (struct display){};
	display->dmabuf = has(fd, VFIO_GFX_PLANE_TYPE_DMABUF);
	display->region = has(fd, VFIO_GFX_PLANE_TYPE_REGION);
	if (display->dmabuf || display->region)
		read_planes(display, fd);
	read_edid(m, fd);
}
