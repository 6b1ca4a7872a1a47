// SPDX-License-Identifier: GPL-2.0-only
/* What the primary plane shows, as pixels of 24 bits. */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lsvfio.h"

/* More is taken for a mistake of the device. */
#define MAX_SIDE	16384
/* So much fits into a size_t everywhere. */
#define MAX_BYTES	((u64)MAX_SIDE * MAX_SIDE * 4)
/* How often a plane may change between the question and the dma-buf. */
#define MAX_TRIES	100

struct component {
	u8 shift, bits;
};

static const struct format {
	u32 fourcc;
	unsigned int bytes;
	struct component r, g, b;
} formats[] = {
	{ FOURCC('X', 'R', '2', '4'), 4, { 16, 8 }, { 8, 8 }, { 0, 8 } },
	{ FOURCC('A', 'R', '2', '4'), 4, { 16, 8 }, { 8, 8 }, { 0, 8 } },
	{ FOURCC('X', 'B', '2', '4'), 4, { 0, 8 }, { 8, 8 }, { 16, 8 } },
	{ FOURCC('A', 'B', '2', '4'), 4, { 0, 8 }, { 8, 8 }, { 16, 8 } },
	{ FOURCC('R', 'X', '2', '4'), 4, { 24, 8 }, { 16, 8 }, { 8, 8 } },
	{ FOURCC('B', 'X', '2', '4'), 4, { 8, 8 }, { 16, 8 }, { 24, 8 } },
	{ FOURCC('X', 'R', '3', '0'), 4, { 20, 10 }, { 10, 10 }, { 0, 10 } },
	{ FOURCC('X', 'B', '3', '0'), 4, { 0, 10 }, { 10, 10 }, { 20, 10 } },
	{ FOURCC('R', 'G', '2', '4'), 3, { 16, 8 }, { 8, 8 }, { 0, 8 } },
	{ FOURCC('B', 'G', '2', '4'), 3, { 0, 8 }, { 8, 8 }, { 16, 8 } },
	{ FOURCC('R', 'G', '1', '6'), 2, { 11, 5 }, { 5, 6 }, { 0, 5 } },
	{ FOURCC('B', 'G', '1', '6'), 2, { 0, 5 }, { 5, 6 }, { 11, 5 } },
	{ FOURCC('X', 'R', '1', '5'), 2, { 10, 5 }, { 5, 5 }, { 0, 5 } },
};

static const struct format *find_format(const struct vfio_device_gfx_plane_info *info)
{
	unsigned int i;

	if (info->drm_format_mod != MODIFIER_LINEAR && info->drm_format_mod != MODIFIER_INVALID)
		die(EXIT_DEVICE, "the picture is not linear (modifier %#llx): not supported",
		    info->drm_format_mod);
	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].fourcc == info->drm_format)
			return &formats[i];
	die(EXIT_DEVICE, "the picture has the format %s: not supported",
	    fourcc_name(info->drm_format));
}

/* 8 bits of a component; one of fewer bits is repeated, so that all ones stay all ones. */
static u8 component(u32 pixel, struct component c)
{
	u32 val = pixel >> c.shift & ((1 << c.bits) - 1);

	if (c.bits >= 8)
		return val >> (c.bits - 8);
	return val << (8 - c.bits) | val >> (2 * c.bits - 8);
}

/* The bytes that the picture needs of those that are there. */
static size_t check_size(const struct vfio_device_gfx_plane_info *info,
			 const struct format *format, u64 there)
{
	u64 line = (u64)info->width * format->bytes, size;

	if (!info->width || !info->height || info->width > MAX_SIDE || info->height > MAX_SIDE)
		die(EXIT_DEVICE, "a picture of %ux%u pixels is not plausible",
		    info->width, info->height);
	size = (u64)info->stride * (info->height - 1) + line;
	if (info->stride < line || size > there)
		die(EXIT_DEVICE, "%ux%u pixels with lines of %u bytes do not fit into %llu bytes",
		    info->width, info->height, info->stride, there);
	if (size > MAX_BYTES)
		die(EXIT_DEVICE, "%ux%u pixels with lines of %u bytes: more than %llu bytes are %s",
		    info->width, info->height, info->stride, MAX_BYTES, "not plausible");
	return size;
}

static struct picture convert(const struct vfio_device_gfx_plane_info *info,
			      const struct format *format, const u8 *bytes)
{
	struct picture picture = { .width = info->width, .height = info->height };
	u8 *to;
	u32 x, y;

	picture.rgb = xcalloc((size_t)info->width * info->height, 3);
	to = picture.rgb;
	for (y = 0; y < info->height; y++) {
		const u8 *from = bytes + (size_t)info->stride * y;

		for (x = 0; x < info->width; x++, from += format->bytes) {
			u32 pixel = from[0] | from[1] << 8;

			if (format->bytes > 2)
				pixel |= (u32)from[2] << 16;
			if (format->bytes > 3)
				pixel |= (u32)from[3] << 24;
			*to++ = component(pixel, format->r);
			*to++ = component(pixel, format->g);
			*to++ = component(pixel, format->b);
		}
	}
	return picture;
}

static bool may_map(const struct region *region, size_t size)
{
	unsigned int i;

	if (!(region->flags & VFIO_REGION_INFO_FLAG_MMAP))
		return false;
	if (!region->sparse)
		return true;
	for (i = 0; i < region->nr_areas; i++)
		if (!region->areas[i].offset && region->areas[i].size >= size)
			return true;
	return false;
}

static struct picture from_region(int fd, const struct model *m,
				  const struct vfio_device_gfx_plane_info *info)
{
	const struct format *format = find_format(info);
	const struct region *region;
	struct picture picture;
	u8 *bytes = MAP_FAILED;
	size_t size;

	if (info->region_index >= m->nr_regions)
		die(EXIT_DEVICE, "the device shows region %u, which it does not have",
		    info->region_index);
	region = &m->region[info->region_index];
	size = check_size(info, format, region->size);
	if (may_map(region, size))
		bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, region->offset);
	if (bytes != MAP_FAILED) {
		picture = convert(info, format, bytes);
		munmap(bytes, size);
		return picture;
	}
	bytes = xcalloc(size, 1);
	if (read_region(fd, region, 0, bytes, size) != size)
		die(EXIT_DEVICE, "region %u cannot be read: %s", info->region_index,
		    strerror(errno));
	picture = convert(info, format, bytes);
	free(bytes);
	return picture;
}

/* Tells the owner of the memory, without which it may be stale. */
static void sync_dmabuf(int fd, u64 flags)
{
	struct dma_buf_sync sync = { .flags = flags | DMA_BUF_SYNC_READ };
	int ret;

	do {
		ret = ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync);
	} while (ret && (errno == EINTR || errno == EAGAIN));
	if (ret)
		die(EXIT_DEVICE, "the dma-buf cannot be synchronised: %s", strerror(errno));
}

static struct picture from_dmabuf(int dmabuf, const struct vfio_device_gfx_plane_info *info)
{
	const struct format *format = find_format(info);
	off_t there = lseek(dmabuf, 0, SEEK_END);
	size_t size = check_size(info, format, there < 0 ? info->size : (u64)there);
	u8 *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, dmabuf, 0);
	struct picture picture;

	if (bytes == MAP_FAILED)
		die(EXIT_DEVICE, "the dma-buf cannot be mapped: %s", strerror(errno));
	sync_dmabuf(dmabuf, DMA_BUF_SYNC_START);
	picture = convert(info, format, bytes);
	sync_dmabuf(dmabuf, DMA_BUF_SYNC_END);
	munmap(bytes, size);
	close(dmabuf);
	return picture;
}

struct picture take_picture(const struct handle *h)
{
	struct picture picture = {};
	struct model m = {};
	int tries, dmabuf;

	read_info(&m, h->fd);
	for (tries = 0; !picture.rgb; tries++) {
		const struct plane *plane = &m.display.plane[0];
		u32 id;

		read_display(&m, h->fd);
		if (!m.display.region && !m.display.dmabuf)
			die(EXIT_DEVICE, "the device has no display");
		if (!m.display.nr_planes || !plane->info.size)
			die(EXIT_DEVICE, "nothing is displayed: no mode is set%s",
			    h->interface == JOINED ? "" :
			    ", as in each device that was just opened and has no fixed mode");
		if (!plane->dmabuf) {
			picture = from_region(h->fd, &m, &plane->info);
			continue;
		}
		id = plane->info.dmabuf_id;
		dmabuf = ioctl(h->fd, VFIO_DEVICE_GET_GFX_DMABUF, &id);
		if (dmabuf >= 0)
			picture = from_dmabuf(dmabuf, &plane->info);
		else if (errno != ENOENT || tries >= MAX_TRIES)
			die(EXIT_DEVICE, "the device gives no dma-buf of its display: %s",
			    strerror(errno));
	}
	free_model(&m);
	return picture;
}
