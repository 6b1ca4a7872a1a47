// SPDX-License-Identifier: GPL-2.0-only
/* The display interface: VFIO_DEVICE_QUERY_GFX_PLANE, the region and the dma-buf behind it. */
#include <fcntl.h>
#include <sys/mman.h>

#include "../lib/bochs.h"
#include "../lib/cases.h"
#include "../lib/drm.h"
#include "../lib/gfx.h"
#include "../lib/memory.h"
#include "../lib/module.h"

#define PAGE		4096
#define PLANE_MINSZ	60	/* up to and with dmabuf_id */

static u32 interface_of(const struct model *m)
{
	if (m->bit & MDPY)
		return REGION;
	return m->bit & MBOCHS ? DMABUF : 0;
}

static void expect_nothing_shown(const struct vfio_device_gfx_plane_info *got, u32 flags, u32 type)
{
	const struct vfio_device_gfx_plane_info want = {
		.argsz = sizeof(want), .flags = flags, .drm_plane_type = type,
	};

	check_mem(got, &want, PLANE_MINSZ);
}

static void flags_are_one_interface_and_perhaps_probe(struct env *env)
{
	u32 mine = interface_of(env->model), flags;
	unsigned int i;

	/* All of the six lowest, and a right one with each of the others. */
	for (i = 0; i < 64 + 26; i++) {
		struct vfio_device_gfx_plane_info plane = { .drm_plane_type = PLANE_PRIMARY };

		flags = i < 64 ? i : mine | 1U << (i - 64 + 6);
		note("flags %#x", flags);
		check_eq(__plane_query(&env->dev, flags, &plane),
			 flags == mine || flags == (mine | PROBE) ? 0 : -EINVAL);
	}
}

static void a_probe_looks_at_nothing_else(struct env *env)
{
	u32 flags = interface_of(env->model) | PROBE;
	struct vfio_device_gfx_plane_info plane, before;

	memset(&plane, 0xee, sizeof(plane));
	plane.argsz = sizeof(plane);
	plane.flags = flags;
	before = plane;
	check_eq(__plane_query(&env->dev, flags, &plane), 0);
	check_mem(&plane, &before, sizeof(plane));
}

static void argsz_is_respected(struct env *env)
{
	u8 buf[128], before[128];
	struct vfio_device_gfx_plane_info *plane = (void *)buf;
	u32 argsz;
	int ret;

	for (argsz = 0; argsz <= sizeof(buf); argsz++) {
		note("argsz %u", argsz);
		memset(buf, 0xee, sizeof(buf));
		plane->argsz = argsz;
		plane->flags = interface_of(env->model);
		plane->drm_plane_type = PLANE_PRIMARY;
		memcpy(before, buf, sizeof(buf));
		ret = sys(ioctl(env->dev.fd, VFIO_DEVICE_QUERY_GFX_PLANE, buf));
		if (argsz < PLANE_MINSZ) {
			check_eq(ret, -EINVAL);
			check_mem(buf, before, sizeof(buf));
		} else {
			check_eq(ret, 0);
			check_mem(buf + argsz, before + argsz, sizeof(buf) - argsz);
		}
	}
}

static void bad_pointers_are_efault(struct env *env)
{
	struct vfio_device_gfx_plane_info *plane;

	plane = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(plane != MAP_FAILED);
	check_eq(sys(ioctl(env->dev.fd, VFIO_DEVICE_QUERY_GFX_PLANE, NULL)), -EFAULT);
	plane->argsz = sizeof(*plane);
	plane->flags = interface_of(env->model);
	check_eq(sys(mprotect(plane, PAGE, PROT_READ)), 0);
	check_eq(sys(ioctl(env->dev.fd, VFIO_DEVICE_QUERY_GFX_PLANE, plane)), -EFAULT);
	if (interface_of(env->model) == DMABUF)
		check_eq(sys(ioctl(env->dev.fd, VFIO_DEVICE_GET_GFX_DMABUF, NULL)), -EFAULT);
}

static void other_planes_show_nothing(struct env *env)
{
	static const u32 others[] = { PLANE_CURSOR, 3, ~0U, PLANE_OVERLAY };
	u32 flags = interface_of(env->model);
	/* QEMU leaves the type of a region's plane at 0, see below. */
	unsigned int i, nr = ARRAY_SIZE(others) - (flags == REGION);

	if (flags == DMABUF)
		dispi_show(&env->dev, 640, 480);
	for (i = 0; i < nr; i++) {
		struct vfio_device_gfx_plane_info plane;

		note("plane type %u", others[i]);
		memset(&plane, 0xee, sizeof(plane));
		plane.drm_plane_type = others[i];
		check_eq(__plane_query(&env->dev, flags, &plane), 0);
		expect_nothing_shown(&plane, flags, others[i]);
	}
}

static void what_has_no_display_is_enotty(struct env *env)
{
	struct vfio_device_gfx_plane_info plane = { .drm_plane_type = PLANE_PRIMARY };

	check_eq(__plane_query(&env->dev, REGION, &plane), -ENOTTY);
	check_eq(__plane_query(&env->dev, DMABUF | PROBE, &plane), -ENOTTY);
	check_eq(__dmabuf_get(&env->dev, 1), -ENOTTY);
}

static void a_region_display_has_no_dmabuf(struct env *env)
{
	check_eq(__dmabuf_get(&env->dev, 1), -ENOTTY);
}

static void the_mode_is_fixed(struct env *env)
{
	const struct model *m = env->model;
	struct vfio_device_gfx_plane_info plane = plane_query(&env->dev, REGION);

	check_eq(plane.drm_format, FOURCC_XR24);
	check_eq(plane.drm_format_mod, 0);
	check_eq(plane.width, m->width);
	check_eq(plane.height, m->height);
	check_eq(plane.stride, m->width * 4);
	check_eq(plane.size, m->width * 4 * m->height);
	check_eq(plane.x_pos, 0);
	check_eq(plane.y_pos, 0);
	check_eq(plane.region_index, MDPY_DISPLAY);
}

static void plane_type_0_is_the_primary_plane_too(struct env *env)
{
	struct vfio_device_gfx_plane_info plane = {}, primary = plane_query(&env->dev, REGION);

	check_eq(__plane_query(&env->dev, REGION, &plane), 0);
	check_eq(plane.size, primary.size);
	check_eq(plane.region_index, MDPY_DISPLAY);
}

static void expect_ramp(struct env *env, unsigned int region)
{
	size_t stride = env->model->width * 4;
	u8 *line = malloc(stride), *want = malloc(stride);
	unsigned int y;

	check(line && want);
	for (y = 0; y < env->model->height; y++) {
		note("line %u of region %u", y, region);
		memset(want, y * 255 / env->model->height, stride);
		region_read(&env->dev, region, y * stride, line, stride);
		check_mem(line, want, stride);
	}
}

static void the_first_picture_is_a_gray_ramp(struct env *env)
{
	expect_ramp(env, MDPY_DISPLAY);
	expect_ramp(env, VRAM_BAR);
}

static void the_ramp_is_there_for_the_first_mapping(struct env *env)
{
	size_t stride = env->model->width * 4;
	unsigned int y = env->model->height - 1;
	u8 *map = region_map(&env->dev, VRAM_BAR, 0, stride * env->model->height);

	check_eq(map[y * stride], y * 255 / env->model->height);
	check_eq(map[(y + 1) * stride - 1], y * 255 / env->model->height);
}

static void the_display_region_is_bar0(struct env *env)
{
	u64 size = vfio_region(&env->dev, VRAM_BAR)->size, off;
	u8 bar[256], display[256];

	for (off = 0; off < size; off += size / 16) {
		note("offset %#llx", (unsigned long long)off);
		fill_pattern(bar, sizeof(bar), off);
		region_write(&env->dev, VRAM_BAR, off, bar, sizeof(bar));
		region_read(&env->dev, MDPY_DISPLAY, off, display, sizeof(display));
		check_mem(display, bar, sizeof(bar));
	}
}

static void the_display_region_maps_as_bar0(struct env *env)
{
	const struct vfio_region_info *info = vfio_region(&env->dev, MDPY_DISPLAY);
	u8 *bar, *display;

	if (!(info->flags & VFIO_REGION_INFO_FLAG_MMAP))
		skip_case("this display region is not mappable");
	bar = region_map(&env->dev, VRAM_BAR, 0, info->size);
	display = __region_map(&env->dev, MDPY_DISPLAY, 0, info->size, PROT_READ, MAP_SHARED);
	check(display != MAP_FAILED);
	fill_pattern(bar + PAGE - 128, 256, 5);
	check_mem(display + PAGE - 128, bar + PAGE - 128, 256);
	fill_pattern(bar + info->size - 64, 64, 6);
	check_mem(display + info->size - 64, bar + info->size - 64, 64);
}

static void a_display_that_was_not_set_up_shows_nothing(struct env *env)
{
	struct vfio_device_gfx_plane_info plane = plane_query(&env->dev, DMABUF);

	expect_nothing_shown(&plane, DMABUF, PLANE_PRIMARY);
}

static u32 stride_of(const struct dispi_mode *mode)
{
	u32 width = mode->xres > mode->virt_width ? mode->xres : mode->virt_width;

	return width * mode->bpp / 8;
}

static void expect_shown(struct env *env, const struct dispi_mode *mode)
{
	struct vfio_device_gfx_plane_info plane = plane_query(&env->dev, DMABUF);
	u32 stride = stride_of(mode);

	check_eq(plane.drm_format, mode->bpp == 16 ? FOURCC_RG16 : FOURCC_XR24);
	check_eq(plane.drm_format_mod, 0);
	check_eq(plane.width, mode->xres);
	check_eq(plane.height, mode->yres);
	check_eq(plane.stride, stride);
	check_eq(plane.size, stride * mode->yres);
	check_eq(plane.x_pos, 0);
	check_eq(plane.y_pos, 0);
	check(plane.dmabuf_id);
}

#define ON	(ENABLED | LFB | NOCLEARMEM)

/* With 4 MB: a line of 1024 pixels is a page, and 1024 of them are all there is. */
static void legal_modes_are_shown_and_others_are_not(struct env *env)
{
	static const struct {
		struct dispi_mode mode;
		bool shown;
	} rows[] = {
		{ { 640, 480, 32, ON, 640, 0, 0 }, true },
		{ { 800, 600, 32, ON, 0, 0, 0 }, true },
		{ { 800, 600, 32, ENABLED, 800, 0, 0 }, true },
		{ { 800, 600, 32, LFB, 800, 0, 0 }, false },
		{ { 800, 600, 32, 0, 800, 0, 0 }, false },
		{ { 800, 600, 0, ON, 800, 0, 0 }, false },
		{ { 800, 600, 1, ON, 800, 0, 0 }, false },
		{ { 800, 600, 8, ON, 800, 0, 0 }, false },
		{ { 800, 600, 15, ON, 800, 0, 0 }, false },
		{ { 800, 600, 24, ON, 800, 0, 0 }, false },
		{ { 800, 600, 64, ON, 800, 0, 0 }, false },
		/* width and height from 64 on */
		{ { 64, 64, 32, ON, 64, 0, 0 }, true },
		{ { 63, 64, 32, ON, 64, 0, 0 }, false },
		{ { 64, 63, 32, ON, 64, 0, 0 }, false },
		{ { 0, 0, 32, ON, 0, 0, 0 }, false },
		/* a wider line, and a start inside of it */
		{ { 640, 480, 32, ON, 1024, 0, 0 }, true },
		{ { 640, 480, 32, ON, 2048, 1024, 2 }, true },
		{ { 640, 480, 32, ON, 320, 0, 0 }, true },
		/* up to the last byte, and one line or pixel too far */
		{ { 1024, 1024, 32, ON, 1024, 0, 0 }, true },
		{ { 1024, 1025, 32, ON, 1024, 0, 0 }, false },
		{ { 1024, 1024, 32, ON, 1024, 0, 1 }, false },
		{ { 1024, 1024, 32, ON, 1024, 1, 0 }, false },
		{ { 1024, 1023, 32, ON, 1024, 0, 1 }, true },
		{ { 1024, 1023, 32, ON, 1024, 1, 1 }, false },
		{ { 1025, 1024, 32, ON, 1024, 0, 0 }, false },
		{ { 1024, 1024, 32, ON, 1025, 0, 0 }, false },
		/* with 16 bits per pixel as much again */
		{ { 64, 64, 16, ON, 64, 0, 0 }, true },
		{ { 63, 64, 16, ON, 64, 0, 0 }, false },
		{ { 640, 480, 16, ON, 0, 0, 0 }, true },
		{ { 640, 480, 16, ON, 1024, 0, 0 }, true },
		{ { 640, 480, 16, ON, 4096, 2048, 2 }, true },
		{ { 2048, 1024, 16, ON, 2048, 0, 0 }, true },
		{ { 2048, 1025, 16, ON, 2048, 0, 0 }, false },
		{ { 2049, 1024, 16, ON, 2048, 0, 0 }, false },
		{ { 2048, 1023, 16, ON, 2048, 0, 1 }, true },
		{ { 2048, 1024, 16, ON, 2048, 0, 1 }, false },
		{ { 2048, 1024, 16, ON, 2048, 1, 0 }, false },
		/* where 32 bits would overflow */
		{ { 65535, 65535, 32, ON, 65535, 65535, 65535 }, false },
		{ { 64, 64, 32, ON, 65535, 0, 65535 }, false },
		{ { 32768, 32768, 32, ON, 32768, 0, 0 }, false },
		{ { 16384, 64, 32, ON, 0, 0, 65535 }, false },
		{ { 1024, 64, 32, ON, 1024, 0, 65535 }, false },
	};
	unsigned int r;

	for (r = 0; r < ARRAY_SIZE(rows); r++) {
		const struct dispi_mode *m = &rows[r].mode;
		struct vfio_device_gfx_plane_info plane;

		note("row %u: %ux%ux%u enable %02x virtual %u at %u,%u", r, m->xres, m->yres,
		     m->bpp, m->enable, m->virt_width, m->x, m->y);
		dispi_set(&env->dev, m);
		if (rows[r].shown) {
			expect_shown(env, m);
			continue;
		}
		plane = plane_query(&env->dev, DMABUF);
		expect_nothing_shown(&plane, DMABUF, PLANE_PRIMARY);
	}
}

static void all_of_the_memory_can_be_shown(struct env *env)
{
	u16 height = vfio_region(&env->dev, VRAM_BAR)->size / PAGE;
	struct dispi_mode mode = { 1024, height, 32, ON, 1024, 0, 0 };
	struct vfio_device_gfx_plane_info plane;

	dispi_set(&env->dev, &mode);
	expect_shown(env, &mode);
	mode.y = 1;
	dispi_set(&env->dev, &mode);
	plane = plane_query(&env->dev, DMABUF);
	expect_nothing_shown(&plane, DMABUF, PLANE_PRIMARY);
}

static u32 shown_id(struct env *env)
{
	return plane_query(&env->dev, DMABUF).dmabuf_id;
}

static void the_same_mode_keeps_its_id(struct env *env)
{
	u32 id, other;

	dispi_show(&env->dev, 640, 480);
	id = shown_id(env);
	check_eq(shown_id(env), id);
	dispi_show(&env->dev, 800, 600);
	other = shown_id(env);
	check(other != id);
	dispi_show(&env->dev, 640, 480);
	check_eq(shown_id(env), id);
	dispi_put(&env->dev, DISPI_ENABLE, 0);
	shown_id(env);
	dispi_show(&env->dev, 800, 600);
	check_eq(shown_id(env), other);
}

static void unknown_ids_are_enoent(struct env *env)
{
	u32 id;

	check_eq(__dmabuf_get(&env->dev, 0), -ENOENT);
	check_eq(__dmabuf_get(&env->dev, 1), -ENOENT);
	dispi_show(&env->dev, 640, 480);
	id = shown_id(env);
	check_eq(__dmabuf_get(&env->dev, 0), -ENOENT);
	check_eq(__dmabuf_get(&env->dev, id + 1), -ENOENT);
	check_eq(__dmabuf_get(&env->dev, ~0U), -ENOENT);
}

static u8 *dmabuf_map(int buf, size_t off, size_t len)
{
	u8 *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, buf, off);

	check(map != MAP_FAILED);
	return map;
}

/* 640x480 from line 3 of 1024 pixels on: page 3 of the memory is the first. */
static int show_from_page_3(struct env *env)
{
	dispi_set(&env->dev, &(struct dispi_mode){ 640, 480, 32, ON, 1024, 0, 3 });
	return dmabuf_get(&env->dev, shown_id(env));
}

static void each_call_gives_an_fd_of_its_own(struct env *env)
{
	int first = show_from_page_3(env), second = dmabuf_get(&env->dev, shown_id(env));

	check(first != second);
	check_eq(fcntl(first, F_GETFD), FD_CLOEXEC);
	check_eq(fcntl(first, F_GETFL) & O_ACCMODE, O_RDWR);
	check_eq(lseek(first, 0, SEEK_END), 480 * PAGE);
	close(first);
	dmabuf_map(second, 0, PAGE)[0] = 1;
	check_eq(fcntl(second, F_GETFD), FD_CLOEXEC);
}

static void the_dmabuf_is_the_memory_of_the_bar(struct env *env)
{
	int buf = show_from_page_3(env);
	u8 *bar = region_map(&env->dev, VRAM_BAR, 0, 512 * PAGE);
	u8 *map = dmabuf_map(buf, 0, 480 * PAGE), *page_7, got[64];

	fill_pattern(bar + 3 * PAGE, 256, 1);
	check_mem(map, bar + 3 * PAGE, 256);
	fill_pattern(map + 479 * PAGE, 256, 2);
	check_mem(bar + 482 * PAGE, map + 479 * PAGE, 256);
	fill_pattern(got, sizeof(got), 3);
	region_write(&env->dev, VRAM_BAR, 100 * PAGE, got, sizeof(got));
	check_mem(map + 97 * PAGE, got, sizeof(got));

	page_7 = dmabuf_map(buf, 7 * PAGE, PAGE);
	fill_pattern(page_7, 64, 4);
	check_mem(bar + 10 * PAGE, page_7, 64);
}

static void mappings_end_with_the_dmabuf(struct env *env)
{
	int buf = show_from_page_3(env);

	check(mmap(NULL, 481 * PAGE, PROT_READ, MAP_SHARED, buf, 0) == MAP_FAILED);
	check_eq(errno, EINVAL);
	check(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, buf, 480 * PAGE) == MAP_FAILED);
	check_eq(errno, EINVAL);
	check(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, buf, 0) == MAP_FAILED);
}

/*
 * A plane has no offset: the first pixel of the picture is the first of the
 * dma-buf, which starts with a page.  A scan-out that does not is not shown.
 */
static void the_first_pixel_is_right_or_nothing_is_shown(struct env *env)
{
	static const struct dispi_mode modes[] = {
		{ 800, 600, 32, ON, 800, 0, 600 },
		{ 1366, 768, 32, ON, 1366, 0, 768 },
		{ 1600, 900, 32, ON, 1600, 0, 900 },
		{ 800, 600, 32, ON, 1024, 100, 0 },
		{ 800, 600, 32, ON, 1024, 1, 1 },
		{ 800, 600, 16, ON, 800, 0, 600 },
		{ 800, 600, 16, ON, 4096, 1024, 0 },
		{ 640, 480, 16, ON, 1024, 0, 1 },
		/* these start with a page */
		{ 640, 480, 32, ON, 640, 0, 480 },
		{ 1024, 768, 32, ON, 1024, 0, 768 },
		{ 1280, 800, 32, ON, 1280, 0, 800 },
		{ 800, 600, 32, ON, 800, 0, 32 },
		{ 640, 480, 32, ON, 2048, 1024, 3 },
		{ 640, 480, 16, ON, 640, 0, 480 },
		{ 640, 480, 16, ON, 4096, 2048, 0 },
		{ 640, 480, 16, ON, 1024, 0, 2 },
	};
	u64 size = vfio_region(&env->dev, VRAM_BAR)->size, offset, i;
	u32 *bar = region_map(&env->dev, VRAM_BAR, 0, size);
	unsigned int m;

	for (i = 0; i < size / 4; i++)
		bar[i] = i;
	for (m = 0; m < ARRAY_SIZE(modes); m++) {
		const struct dispi_mode *mode = &modes[m];
		struct vfio_device_gfx_plane_info plane;
		u32 stride = stride_of(mode), *map;
		int buf;

		note("%ux%ux%u, virtual %u, at %u,%u", mode->xres, mode->yres, mode->bpp,
		     mode->virt_width, mode->x, mode->y);
		offset = mode->y * stride + mode->x * mode->bpp / 8;
		dispi_set(&env->dev, mode);
		plane = plane_query(&env->dev, DMABUF);
		if (offset % sysconf(_SC_PAGESIZE) || offset + stride * mode->yres > size) {
			expect_nothing_shown(&plane, DMABUF, PLANE_PRIMARY);
			continue;
		}
		expect_shown(env, mode);
		buf = dmabuf_get(&env->dev, plane.dmabuf_id);
		check(lseek(buf, 0, SEEK_END) >= plane.size);
		map = (u32 *)dmabuf_map(buf, 0, plane.size);
		check_eq(map[0], offset / 4);
		check_eq(map[plane.size / 4 - 1], (offset + plane.size) / 4 - 1);
		munmap(map, plane.size);
		close(buf);
	}
}

/* Of a guest that pans pixel by pixel, nothing that is not shown takes an id. */
static void a_mode_that_is_not_shown_has_no_id(struct env *env)
{
	struct dispi_mode mode = { 640, 480, 32, ON, 2048, 0, 0 };
	u32 id;

	dispi_set(&env->dev, &mode);
	id = shown_id(env);
	for (mode.x = 1; mode.x < 1000; mode.x++) {
		dispi_set(&env->dev, &mode);
		check_eq(shown_id(env), 0);
	}
	mode.x = 0;
	dispi_set(&env->dev, &mode);
	check_eq(shown_id(env), id);
}

/* Punching a hole must not make two memories of one. */
static void memory_has_no_holes(struct env *env)
{
	int buf = show_from_page_3(env);
	u8 *bar = region_map(&env->dev, VRAM_BAR, 3 * PAGE, PAGE);
	u8 *map = dmabuf_map(buf, 0, PAGE);

	memset(bar, 0x11, PAGE);
	check_eq(map[0], 0x11);
	madvise(bar, PAGE, MADV_REMOVE);
	madvise(map, PAGE, MADV_REMOVE);
	bar[0] = 0x22;
	check_eq(map[0], 0x22);
}

static void cpu_access_can_be_bracketed(struct env *env)
{
	static const u64 directions[] = {
		DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE, DMA_BUF_SYNC_RW,
	};
	int buf = show_from_page_3(env);
	struct dma_buf_sync sync;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(directions); i++) {
		note("direction %u", i);
		sync.flags = DMA_BUF_SYNC_START | directions[i];
		check_eq(sys(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync)), 0);
		sync.flags = DMA_BUF_SYNC_END | directions[i];
		check_eq(sys(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync)), 0);
	}
	sync.flags = 1 << 30;
	check_eq(sys(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync)), -EINVAL);
}

static void the_dmabuf_outlives_reset_close_and_device(struct env *env)
{
	int buf = show_from_page_3(env);
	u8 *map = dmabuf_map(buf, 0, 480 * PAGE), want[256];

	fill_pattern(want, sizeof(want), 42);
	region_write(&env->dev, VRAM_BAR, 5 * PAGE, want, sizeof(want));
	vfio_reset(&env->dev);
	check_eq(lseek(buf, 0, SEEK_END), 480 * PAGE);
	region_write(&env->dev, VRAM_BAR, 5 * PAGE, want, sizeof(want));
	check_mem(map + 2 * PAGE, want, sizeof(want));

	vfio_close(&env->dev);
	check_mem(map + 2 * PAGE, want, sizeof(want));
	mdev_remove(&env->mdev);
	check_mem(map + 2 * PAGE, want, sizeof(want));

	/* Pages that were not touched before are there as well. */
	map = dmabuf_map(buf, 0, 480 * PAGE);
	check_mem(map + 2 * PAGE, want, sizeof(want));
	check_eq(map[400 * PAGE], 0);
	map[401 * PAGE] = 1;
}

static void the_dmabuf_keeps_the_code_it_needs(struct env *env)
{
	int buf = show_from_page_3(env);
	u8 *map;

	vfio_close(&env->dev);
	mdev_remove(&env->mdev);
	check_eq(__module_unload("softpci-vfio"), -EWOULDBLOCK);
	/* Whether the driver may go is its own business. */
	if (!__module_unload("mbochs")) {
		map = dmabuf_map(buf, 0, 480 * PAGE);
		map[17 * PAGE] = 1;
		munmap(map, 480 * PAGE);
		check_eq(__module_unload("softpci-vfio"), -EWOULDBLOCK);
		close(buf);
		module_load("mbochs", "");
	}
}

static void another_device_can_import_it(struct env *env)
{
	int buf = show_from_page_3(env), vgem = vgem_open();
	u32 handle = vgem_import(vgem, buf);

	vfio_close(&env->dev);
	check_eq(sys(ioctl(buf, DMA_BUF_IOCTL_SYNC,
			   &(struct dma_buf_sync){ DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW })), 0);
	vgem_drop(vgem, handle);
	close(vgem);
}

#define FLIPS	2000

/* Flips, pans and mode changes: a picture shown before costs nothing any more. */
static void flipping_is_bounded(struct env *env)
{
	struct dispi_mode mode;
	struct memory before;
	unsigned int i;
	u16 line;

	for (i = 0; i <= FLIPS; i++) {
		/* The first round touches all of it. */
		if (i == FLIPS / 10)
			memory_read(&before);
		/* A line is a page, so that each mode begins with one. */
		line = i % 3 ? 1024 : 2048;
		mode = (struct dispi_mode){ 64 + i % 128, 64 + i % 700, i % 3 ? 32 : 16, ON, line,
					    i % 2 * line, i % 200 };
		dispi_set(&env->dev, &mode);
		note("flip %u", i);
		check(shown_id(env));
		close(dmabuf_get(&env->dev, shown_id(env)));
	}
	check(memory_settles(&before, FLIPS / 2, 4096));
}

const struct test_case cases[] = {
	CASE(flags_are_one_interface_and_perhaps_probe, DISPLAYS),
	CASE(a_probe_looks_at_nothing_else, DISPLAYS),
	CASE(argsz_is_respected, DISPLAYS),
	CASE(bad_pointers_are_efault, DISPLAYS),
	CASE(other_planes_show_nothing, DISPLAYS),
	CASE(what_has_no_display_is_enotty, MTTY),
	CASE(a_region_display_has_no_dmabuf, MDPY),
	CASE(the_mode_is_fixed, MDPY),
	CASE(plane_type_0_is_the_primary_plane_too, MDPY),
	CASE(the_first_picture_is_a_gray_ramp, MDPY),
	CASE(the_ramp_is_there_for_the_first_mapping, MDPY),
	CASE(the_display_region_is_bar0, MDPY),
	CASE(the_display_region_maps_as_bar0, MDPY),
	CASE(a_display_that_was_not_set_up_shows_nothing, MBOCHS),
	CASE(legal_modes_are_shown_and_others_are_not, MBOCHS_SMALL),
	CASE(all_of_the_memory_can_be_shown, MBOCHS),
	CASE(the_same_mode_keeps_its_id, MBOCHS),
	CASE(unknown_ids_are_enoent, MBOCHS),
	CASE(each_call_gives_an_fd_of_its_own, MBOCHS),
	CASE(the_dmabuf_is_the_memory_of_the_bar, MBOCHS),
	CASE(mappings_end_with_the_dmabuf, MBOCHS),
	CASE(the_first_pixel_is_right_or_nothing_is_shown, MBOCHS),
	CASE(a_mode_that_is_not_shown_has_no_id, MBOCHS_SMALL),
	CASE(memory_has_no_holes, MBOCHS),
	CASE(cpu_access_can_be_bracketed, MBOCHS),
	CASE(the_dmabuf_outlives_reset_close_and_device, MBOCHS),
	CASE(the_dmabuf_keeps_the_code_it_needs, MBOCHS_SMALL),
	CASE(another_device_can_import_it, MBOCHS),
	CASE(flipping_is_bounded, MBOCHS_SMALL),
	{}
};
