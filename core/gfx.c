// SPDX-License-Identifier: GPL-2.0-only
/*
 * The display interface: which plane is shown, and the dma-buf behind it.
 *
 * The mode is a pure function of the registers, asked of the driver at each
 * query; nothing is allocated for it.  What a user holds of a dma-buf display
 * is the id of a mode, which stays the same for as long as the mode is among
 * the last SOFTPCI_MAX_MODES that were asked for.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <drm/drm_plane.h>

#include "internal.h"

static bool id_in_use(const struct softpci_gfx *gfx, u32 id)
{
	unsigned int i;

	for (i = 0; i < SOFTPCI_MAX_MODES; i++)
		if (gfx->id[i] == id)
			return true;
	return false;
}

static bool same_mode(const struct softpci_mode *a,
		      const struct softpci_mode *b)
{
	return a->offset == b->offset && a->width == b->width &&
	       a->height == b->height && a->stride == b->stride &&
	       a->format == b->format;
}

/* The id of @mode: the one it has, or a new one in place of the stalest. */
static u32 mode_id(struct softpci_gfx *gfx, const struct softpci_mode *mode)
{
	unsigned int i, stalest = 0;

	gfx->clock++;
	for (i = 0; i < SOFTPCI_MAX_MODES; i++) {
		if (gfx->id[i] && same_mode(&gfx->mode[i], mode)) {
			gfx->used[i] = gfx->clock;
			return gfx->id[i];
		}
		if (gfx->used[i] < gfx->used[stalest])
			stalest = i;
	}

	/* 0 is the id of the unused, so it is in use if any is. */
	do {
		gfx->last_id++;
	} while (!gfx->last_id || id_in_use(gfx, gfx->last_id));

	gfx->mode[stalest] = *mode;
	gfx->id[stalest] = gfx->last_id;
	gfx->used[stalest] = gfx->clock;
	return gfx->last_id;
}

/*
 * A primary plane is all there is.  QEMU, when it asks for a region, leaves
 * the type at 0, which is DRM_PLANE_TYPE_OVERLAY, and means that plane.
 */
static bool has_plane(const struct softpci_driver *drv, u32 type)
{
	return type == DRM_PLANE_TYPE_PRIMARY ||
	       (type == DRM_PLANE_TYPE_OVERLAY &&
		drv->display == VFIO_GFX_PLANE_TYPE_REGION);
}

/*
 * A plane has no offset: its first pixel is the first of the region or of the
 * dma-buf, and a dma-buf starts with a page.  What cannot be shown right is not
 * shown.
 */
static bool can_show(const struct softpci_driver *drv,
		     const struct softpci_mode *mode)
{
	if (drv->display == VFIO_GFX_PLANE_TYPE_REGION)
		return !mode->offset;
	return PAGE_ALIGNED(mode->offset);
}

/**
 * softpci_query_plane() - VFIO_DEVICE_QUERY_GFX_PLANE
 * @spdev: the device; it has a display
 * @plane: argsz, flags and drm_plane_type in, the rest out unless it is a probe
 *
 * Return: 0, with @plane->size 0 if there is nothing to show; -EINVAL if
 * @plane->flags are not those of the one interface that the device has.
 */
int softpci_query_plane(struct softpci_device *spdev,
			struct vfio_device_gfx_plane_info *plane)
{
	const struct softpci_driver *drv = spdev->parent->drv;
	struct softpci_mode mode = {};

	if ((plane->flags & ~VFIO_GFX_PLANE_TYPE_PROBE) != drv->display)
		return -EINVAL;
	if (plane->flags & VFIO_GFX_PLANE_TYPE_PROBE)
		return 0;

	*plane = (struct vfio_device_gfx_plane_info) {
		.argsz = plane->argsz,
		.flags = plane->flags,
		.drm_plane_type = plane->drm_plane_type,
	};
	if (!has_plane(drv, plane->drm_plane_type))
		return 0;

	guard(softpci)(spdev);
	if (!drv->get_mode(spdev, &mode) || !can_show(drv, &mode))
		return 0;

	plane->drm_format = mode.format;
	plane->width = mode.width;
	plane->height = mode.height;
	plane->stride = mode.stride;
	plane->size = mode.stride * mode.height;
	if (drv->display == VFIO_GFX_PLANE_TYPE_REGION)
		plane->region_index = drv->display_region;
	else
		plane->dmabuf_id = mode_id(spdev->gfx, &mode);
	return 0;
}

/**
 * softpci_get_dmabuf() - VFIO_DEVICE_GET_GFX_DMABUF
 * @spdev: the device; its display is of dma-bufs
 * @id: dmabuf_id from a query
 *
 * The dma-buf is of whole pages: the last one may have more in it than is shown.
 *
 * Return: a new file descriptor; -ENOENT if no mode has that id; -ENOMEM,
 * -EMFILE, -EINTR.
 */
int softpci_get_dmabuf(struct softpci_device *spdev, u32 id)
{
	struct softpci_gfx *gfx = spdev->gfx;
	u64 offset = 0, size = 0;
	unsigned int i;
	int ret;

	scoped_guard(softpci, spdev) {
		for (i = 0; id && i < SOFTPCI_MAX_MODES; i++) {
			const struct softpci_mode *mode = &gfx->mode[i];

			if (gfx->id[i] != id)
				continue;
			offset = mode->offset;
			size = (u64)mode->stride * mode->height;
		}
	}
	if (!size)
		return -ENOENT;

	ret = softpci_ram_expose(spdev);
	if (ret)
		return ret;
	return softpci_dmabuf_fd(spdev->ram.file, offset, PAGE_ALIGN(size));
}

/**
 * softpci_gfx_close() - forget the modes of a user who has left
 * @spdev: the device, lock held
 */
void softpci_gfx_close(struct softpci_device *spdev)
{
	struct softpci_gfx *gfx = spdev->gfx;

	lockdep_assert_held(&spdev->lock);
	if (!gfx)
		return;
	memset(gfx->mode, 0, sizeof(gfx->mode));
	memset(gfx->id, 0, sizeof(gfx->id));
	memset(gfx->used, 0, sizeof(gfx->used));
}

/**
 * softpci_gfx_init() - room for modes, if the display is of dma-bufs
 * @spdev: a new device
 *
 * Return: 0, or -ENOMEM.
 */
int softpci_gfx_init(struct softpci_device *spdev)
{
	if (spdev->parent->drv->display != VFIO_GFX_PLANE_TYPE_DMABUF)
		return 0;
	spdev->gfx = kzalloc_obj(*spdev->gfx, GFP_KERNEL);
	return spdev->gfx ? 0 : -ENOMEM;
}

/**
 * softpci_gfx_release() - undo softpci_gfx_init()
 * @spdev: the device
 */
void softpci_gfx_release(struct softpci_device *spdev)
{
	kfree(spdev->gfx);
}

/* Here, as the tests call what is static above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/gfx.c"
#endif
