// SPDX-License-Identifier: GPL-2.0-only
/*
 * The display interface: which plane is shown, and the dma-buf behind it.
 *
 * The mode is a pure function of the registers, asked of the model at each query;
 * nothing is allocated for it.  A user of a dma-buf display holds the id of a
 * mode, which stays the same for as long as the mode is among the last
 * SOFTPCI_MAX_MODES that were asked for.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>
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

static const char *const display_names[] = {
	[SOFTPCI_DISPLAY_NONE] = "none",
	[SOFTPCI_DISPLAY_REGION] = "region",
	[SOFTPCI_DISPLAY_DMABUF] = "dmabuf",
};

/**
 * softpci_display_name() - how a device is shown
 * @svfio: the device
 *
 * Return: "none", "region" or "dmabuf".
 */
const char *softpci_display_name(const struct softpci_vfio *svfio)
{
	return display_names[READ_ONCE(svfio->display)];
}

/**
 * softpci_display_choose() - have a device shown in another way
 * @svfio: the device
 * @name: as softpci_display_name() has it, a newline may follow
 *
 * A display of dma-bufs can be shown by the region that its memory is in, too, which
 * needs no OpenGL; and each can be switched off.
 *
 * Return: 0; -EINVAL if it is no such name, or the device cannot be shown so; -EBUSY
 * if that is another way and it is open: a user asks once what there is.
 */
int softpci_display_choose(struct softpci_vfio *svfio, const char *name)
{
	struct softpci_device *dev = svfio->dev;
	int display;

	display = sysfs_match_string(display_names, name);
	/* In the order of what they ask of a model. */
	if (display < 0 || display > (int)dev->model->display)
		return -EINVAL;

	guard(softpci)(dev);
	/* It is written anew by scripts and mdevctl. */
	if (display == svfio->display)
		return 0;
	if (dev->open)
		return -EBUSY;
	WRITE_ONCE(svfio->display, display);
	return 0;
}

/* The interface of VFIO that shows a display, 0 if there is no display. */
static u32 plane_flag(enum softpci_display display)
{
	switch (display) {
	case SOFTPCI_DISPLAY_REGION:
		return VFIO_GFX_PLANE_TYPE_REGION;
	case SOFTPCI_DISPLAY_DMABUF:
		return VFIO_GFX_PLANE_TYPE_DMABUF;
	default:
		return 0;
	}
}

/*
 * There is a primary plane only.  QEMU, when it asks for a region, leaves the
 * type at 0, which is DRM_PLANE_TYPE_OVERLAY, and means that plane.
 */
static bool has_plane(enum softpci_display display, u32 type)
{
	return type == DRM_PLANE_TYPE_PRIMARY ||
	       (type == DRM_PLANE_TYPE_OVERLAY &&
		display == SOFTPCI_DISPLAY_REGION);
}

/*
 * A plane has no offset: its first pixel is the first of the region or of the
 * dma-buf, and a dma-buf starts with a page.  A mode that starts elsewhere would
 * be shown wrong, and is not shown.
 */
static bool can_show(enum softpci_display display,
		     const struct softpci_mode *mode)
{
	if (display == SOFTPCI_DISPLAY_REGION)
		return !mode->offset;
	return PAGE_ALIGNED(mode->offset);
}

/*
 * @plane: argsz, flags and drm_plane_type in, the rest out unless it is a probe;
 * size 0 if there is nothing to show.  -EINVAL if the flags are not those of the
 * one interface by which the device is shown.
 */
static int query_plane(struct softpci_vfio *svfio,
		       struct vfio_device_gfx_plane_info *plane)
{
	struct softpci_device *dev = svfio->dev;
	const struct softpci_model *model = dev->model;
	struct softpci_mode mode = {};

	if (svfio->display == SOFTPCI_DISPLAY_NONE ||
	    (plane->flags & ~VFIO_GFX_PLANE_TYPE_PROBE) != plane_flag(svfio->display))
		return -EINVAL;
	if (plane->flags & VFIO_GFX_PLANE_TYPE_PROBE)
		return 0;

	*plane = (struct vfio_device_gfx_plane_info) {
		.argsz = plane->argsz,
		.flags = plane->flags,
		.drm_plane_type = plane->drm_plane_type,
	};
	if (!has_plane(svfio->display, plane->drm_plane_type))
		return 0;

	guard(softpci)(dev);
	if (!model->ops->get_mode(dev, &mode) || !can_show(svfio->display, &mode))
		return 0;

	plane->drm_format = mode.format;
	plane->width = mode.width;
	plane->height = mode.height;
	plane->stride = mode.stride;
	plane->size = mode.stride * mode.height;
	if (svfio->display == SOFTPCI_DISPLAY_REGION)
		plane->region_index = model->display_region;
	else
		plane->dmabuf_id = mode_id(svfio->gfx, &mode);
	return 0;
}

/**
 * softpci_vfio_query_plane() - VFIO_DEVICE_QUERY_GFX_PLANE
 * @svfio: the device
 * @arg: struct vfio_device_gfx_plane_info: argsz, flags and drm_plane_type in,
 *	 the rest out unless it is a probe
 *
 * Return: 0, with size 0 if there is nothing to show; -EINVAL if argsz is too
 * small or the flags are not those of the one interface by which the device is
 * shown; -ENOTTY if no device of the model has a display; -EFAULT.
 */
long softpci_vfio_query_plane(struct softpci_vfio *svfio, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_gfx_plane_info,
					 dmabuf_id);
	const size_t insz = offsetofend(struct vfio_device_gfx_plane_info,
					drm_plane_type);
	struct vfio_device_gfx_plane_info plane;
	int ret;

	if (svfio->dev->model->display == SOFTPCI_DISPLAY_NONE)
		return -ENOTTY;
	if (copy_from_user(&plane, arg, insz))
		return -EFAULT;
	if (plane.argsz < minsz)
		return -EINVAL;

	ret = query_plane(svfio, &plane);
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

static int get_dmabuf(struct softpci_vfio *svfio, u32 id)
{
	struct softpci_device *dev = svfio->dev;
	struct softpci_gfx *gfx = svfio->gfx;
	u64 offset = 0, size = 0;
	unsigned int i;
	int ret;

	scoped_guard(softpci, dev) {
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

	ret = softpci_memory_expose(dev, 0);
	if (ret)
		return ret;
	return softpci_dmabuf_fd(dev->memory[0].file, offset, PAGE_ALIGN(size));
}

/**
 * softpci_vfio_get_dmabuf() - VFIO_DEVICE_GET_GFX_DMABUF
 * @svfio: the device
 * @arg: dmabuf_id from a query, 32 bits
 *
 * The dma-buf is of whole pages: the last one may have more in it than is shown.
 *
 * Return: a new file descriptor; -ENOENT if no mode has that id; -ENOTTY if the
 * display is not of dma-bufs; -EFAULT, -ENOMEM, -EMFILE, -EINTR.
 */
long softpci_vfio_get_dmabuf(struct softpci_vfio *svfio, void __user *arg)
{
	u32 id;

	if (svfio->display != SOFTPCI_DISPLAY_DMABUF)
		return -ENOTTY;
	if (get_user(id, (u32 __user *)arg))
		return -EFAULT;
	return get_dmabuf(svfio, id);
}

/**
 * softpci_gfx_close() - forget the modes of a user that has left
 * @svfio: the device, lock held
 */
void softpci_gfx_close(struct softpci_vfio *svfio)
{
	struct softpci_gfx *gfx = svfio->gfx;

	lockdep_assert_held(&svfio->dev->lock);
	if (!gfx)
		return;
	memset(gfx->mode, 0, sizeof(gfx->mode));
	memset(gfx->id, 0, sizeof(gfx->id));
	memset(gfx->used, 0, sizeof(gfx->used));
}

/**
 * softpci_gfx_init() - how it is shown by default, and room for modes of dma-bufs
 * @svfio: a new device, whose type is set
 *
 * Return: 0, or -ENOMEM.
 */
int softpci_gfx_init(struct softpci_vfio *svfio)
{
	svfio->display = svfio->type->layout->model->display;
	if (svfio->display != SOFTPCI_DISPLAY_DMABUF)
		return 0;
	svfio->gfx = kzalloc_obj(*svfio->gfx, GFP_KERNEL);
	return svfio->gfx ? 0 : -ENOMEM;
}

/**
 * softpci_gfx_release() - undo softpci_gfx_init()
 * @svfio: the device
 */
void softpci_gfx_release(struct softpci_vfio *svfio)
{
	kfree(svfio->gfx);
}

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/gfx.c"
#endif
