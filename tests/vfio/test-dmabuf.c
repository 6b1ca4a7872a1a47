// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a dma-buf lives: whatever becomes of the device, its modules and the
 * process that asked for it, it shows the memory that it was made of, and never
 * that of the next user.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "../lib/bochs.h"
#include "../lib/cases.h"
#include "../lib/drm.h"
#include "../lib/gfx.h"
#include "../lib/module.h"
#include "../lib/race.h"

#define PAGE	4096
#define CORE	"softpci-vfio"
/* 640x480 from line 3 of 1024 pixels on: a line is a page. */
#define FIRST	3
#define PAGES	480
#define SIZE	(PAGES * PAGE)

static const struct dispi_mode shown = {
	640, PAGES, 32, ENABLED | LFB | NOCLEARMEM, 1024, 0, FIRST
};

/* The first eight bytes of a page of the memory say which it is, and whose. */
static u64 mark(unsigned int user, unsigned int page)
{
	return (u64)user << 32 | (page + 1);
}

static void mark_pages(struct env *env, unsigned int user)
{
	unsigned int i;

	for (i = 0; i < PAGES + FIRST; i++)
		reg_put(&env->dev, VRAM_BAR, i * PAGE, 8, mark(user, i));
}

static u32 shown_id(struct env *env)
{
	return plane_query(&env->dev, DMABUF).dmabuf_id;
}

static int dmabuf_marked(struct env *env, unsigned int user)
{
	mark_pages(env, user);
	dispi_set(&env->dev, &shown);
	return dmabuf_get(&env->dev, shown_id(env));
}

static u8 *dmabuf_map(int buf)
{
	u8 *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, buf, 0);

	check(map != MAP_FAILED);
	return map;
}

static void expect_marks(const u8 *map, unsigned int user)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		if (*(const volatile u64 *)(map + i * PAGE) != mark(user, FIRST + i)) {
			note("page %u of the dma-buf", i);
			check_eq(*(const u64 *)(map + i * PAGE), mark(user, FIRST + i));
		}
}

static void sync_cpu(int buf, u64 flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	check_eq(sys(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync)), 0);
}

/* All that can be done with a dma-buf and does not need its device. */
static void expect_usable(int buf, unsigned int user)
{
	u8 *map = dmabuf_map(buf), was;

	check_eq(lseek(buf, 0, SEEK_END), SIZE);
	sync_cpu(buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
	expect_marks(map, user);
	was = map[SIZE - 1];
	map[SIZE - 1] = was + 1;
	check_eq(map[SIZE - 1], (u8)(was + 1));
	sync_cpu(buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
	check_eq(sys(munmap(map, SIZE)), 0);
}

static void leave_device(struct env *env)
{
	vfio_close(&env->dev);
	mdev_remove(&env->mdev);
}

static void a_dmabuf_is_usable_through_reset_close_and_removal(struct env *env)
{
	int buf = dmabuf_marked(env, 1);
	u8 *map = dmabuf_map(buf);

	expect_usable(buf, 1);
	vfio_reset(&env->dev);
	expect_usable(buf, 1);
	vfio_close(&env->dev);
	expect_usable(buf, 1);
	mdev_remove(&env->mdev);
	expect_usable(buf, 1);
	expect_marks(map, 1);
}

static bool core_unloads(void *arg)
{
	return __module_unload(CORE) == 0;
}

static void unload_parents(void)
{
	unsigned int p;

	for (p = 0; p < NR_PARENTS; p++)
		module_unload(parents[p]);
}

static void load_all(void)
{
	unsigned int p;

	module_load(CORE, "");
	for (p = 0; p < NR_PARENTS; p++)
		module_load(parents[p], "");
}

static void the_core_stays_until_the_last_dmabuf_goes(struct env *env)
{
	int buf = dmabuf_marked(env, 1), second = dmabuf_get(&env->dev, shown_id(env));

	leave_device(env);
	unload_parents();
	check_eq(__module_unload(CORE), -EWOULDBLOCK);
	expect_usable(buf, 1);
	close(buf);
	check_eq(__module_unload(CORE), -EWOULDBLOCK);
	expect_usable(second, 1);
	close(second);
	/* A file that was closed is put a little later. */
	check(retry(core_unloads, NULL));
	load_all();
}

static void a_mapping_keeps_the_core_as_a_dmabuf_does(struct env *env)
{
	int buf = dmabuf_marked(env, 1);
	u8 *map = dmabuf_map(buf);

	close(buf);
	leave_device(env);
	unload_parents();
	check_eq(__module_unload(CORE), -EWOULDBLOCK);
	expect_marks(map, 1);
	/* The part that was never looked at, too. */
	check_eq(sys(munmap(map, SIZE / 2)), 0);
	check_eq(map[SIZE - 1], 0);
	check_eq(__module_unload(CORE), -EWOULDBLOCK);
	check_eq(sys(munmap(map + SIZE / 2, SIZE / 2)), 0);
	check(retry(core_unloads, NULL));
	load_all();
}

/* It is of the memory, and not of the device. */
static void a_mapping_of_the_bar_needs_no_module(struct env *env)
{
	u8 *bar = region_map(&env->dev, VRAM_BAR, FIRST * PAGE, SIZE);

	mark_pages(env, 1);
	leave_device(env);
	unload_parents();
	check(retry(core_unloads, NULL));
	expect_marks(bar, 1);
	bar[SIZE - 1] = 0x5a;
	check_eq(bar[SIZE - 1], 0x5a);
	load_all();
}

static void an_imported_dmabuf_outlives_everything_else(struct env *env)
{
	int vgem = vgem_open(), buf = dmabuf_marked(env, 1);
	u32 handle = vgem_import(vgem, buf);

	expect_usable(buf, 1);
	close(buf);
	leave_device(env);
	unload_parents();
	check_eq(__module_unload(CORE), -EWOULDBLOCK);
	buf = vgem_export(vgem, handle);
	expect_usable(buf, 1);
	close(buf);
	vgem_drop(vgem, handle);
	check(retry(core_unloads, NULL));
	load_all();
}

static void an_imported_dmabuf_outlives_its_importer(struct env *env)
{
	int vgem = vgem_open(), buf = dmabuf_marked(env, 1);

	vgem_import(vgem, buf);
	leave_device(env);
	close(vgem);
	expect_usable(buf, 1);
}

/* Not seen from the answer to an import: newer vgems map nothing by importing. */
static bool memory_is_bounced(void)
{
	char cmdline[4096];

	return !__sysfs_read("/proc/cmdline", cmdline, sizeof(cmdline)) &&
	       strstr(cmdline, "swiotlb=force");
}

/* Those of Linux 6 do; later ones map when there is something to be rendered. */
static bool vgem_maps_at_import(void)
{
	struct utsname name;

	check_eq(sys(uname(&name)), 0);
	return atoi(name.release) < 7;
}

static void expect_picture(int buf, u8 byte)
{
	u8 *map = dmabuf_map(buf), *want = malloc(SIZE);

	check(want);
	memset(want, byte, SIZE);
	check_mem(map, want, SIZE);
	munmap(map, SIZE);
	free(want);
}

/*
 * A guest writes through its BAR and knows nothing of importers: what it has
 * written stays, whatever an importer does.
 */
static void an_importer_leaves_the_picture_as_the_guest_drew_it(struct env *env)
{
	static const u64 bracket[] = {
		DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ,
		DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE, DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE,
		DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW,
	};
	u8 *bar = region_map(&env->dev, VRAM_BAR, FIRST * PAGE, SIZE);
	int vgem = vgem_open(), buf = dmabuf_marked(env, 1), ret;
	unsigned int i;
	u32 handle;

	memset(bar, 0x11, SIZE);
	ret = __vgem_import(vgem, buf, &handle);
	/* An importer that would see a copy is refused, when it maps. */
	check_eq(ret, memory_is_bounced() && vgem_maps_at_import() ? -EOPNOTSUPP : 0);
	expect_picture(buf, 0x11);
	for (i = 0; i < ARRAY_SIZE(bracket); i++) {
		note("step %u", i);
		memset(bar, 0x22 + i, SIZE);
		sync_cpu(buf, bracket[i]);
		expect_picture(buf, 0x22 + i);
	}
	note("the importer goes");
	memset(bar, 0x33, SIZE);
	if (!ret)
		vgem_drop(vgem, handle);
	close(vgem);
	expect_picture(buf, 0x33);
}

#define COPIES	64

static void dmabufs_of_one_mode_are_closed_in_any_order(struct env *env)
{
	int buf[COPIES], other;
	unsigned int i, j;

	buf[0] = dmabuf_marked(env, 1);
	for (i = 1; i < COPIES; i++)
		buf[i] = dmabuf_get(&env->dev, shown_id(env));
	srandom(1);
	for (i = COPIES - 1; i; i--) {
		j = random() % (i + 1);
		other = buf[i];
		buf[i] = buf[j];
		buf[j] = other;
	}
	for (i = 0; i < COPIES; i++) {
		/* Half of them go with the device there, half without. */
		if (i == COPIES / 2)
			leave_device(env);
		close(buf[i]);
		note("%u of %u closed", i + 1, COPIES);
		if (i + 1 < COPIES)
			expect_usable(buf[i + 1], 1);
	}
}

static void the_next_user_shares_nothing_with_an_old_dmabuf(struct env *env)
{
	int old = dmabuf_marked(env, 1), new;
	u8 *map = dmabuf_map(old), *bar = region_map(&env->dev, VRAM_BAR, FIRST * PAGE, SIZE);
	u32 id = shown_id(env);

	env_reopen(env);
	check_eq(__dmabuf_get(&env->dev, id), -ENOENT);
	check_eq(reg_get(&env->dev, VRAM_BAR, FIRST * PAGE, 8), 0);
	new = dmabuf_marked(env, 2);
	expect_usable(old, 1);
	expect_marks(map, 1);
	expect_marks(bar, 1);
	memset(map, 0x77, SIZE);
	expect_usable(new, 2);
	check_eq(reg_get(&env->dev, VRAM_BAR, FIRST * PAGE, 8), mark(2, FIRST));
}

/* Growing it would show memory that was not exported. */
static void a_mapping_of_a_dmabuf_does_not_grow(struct env *env)
{
	int buf = dmabuf_marked(env, 1);
	u8 *map = dmabuf_map(buf);

	check(mremap(map, SIZE, SIZE + PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	check_eq(errno, EFAULT);
	check(mremap(map + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	expect_marks(map, 1);
}

static void a_full_table_of_files_is_emfile_and_costs_nothing(struct env *env)
{
	struct rlimit limit = { .rlim_max = 1 << 16 };
	int buf = dmabuf_marked(env, 1), i;
	u32 id = shown_id(env);

	limit.rlim_cur = dup(buf) + 1;
	check_eq(sys(setrlimit(RLIMIT_NOFILE, &limit)), 0);
	for (i = 0; i < 100; i++)
		check_eq(__dmabuf_get(&env->dev, id), -EMFILE);
	close(limit.rlim_cur - 1);
	check_eq(dmabuf_get(&env->dev, id), limit.rlim_cur - 1);
	close(limit.rlim_cur - 1);
	limit.rlim_cur = 1024;
	check_eq(sys(setrlimit(RLIMIT_NOFILE, &limit)), 0);
	close(buf);
	leave_device(env);
	unload_parents();
	check(retry(core_unloads, NULL));
	load_all();
}

#define ROUNDS	60

/* The guest's part: other modes, other pages, and now and then nothing. */
static void flip(void *arg)
{
	struct env *env = arg;
	struct dispi_mode mode = shown;
	unsigned int i;

	for (i = 0; i < 4 * ROUNDS; i++) {
		mode.xres = 64 + i % 500;
		mode.yres = 64 + i % 200;
		mode.y = i % 300;
		mode.enable = i % 7 ? shown.enable : 0;
		dispi_set(&env->dev, &mode);
		__plane_query(&env->dev, DMABUF, &(struct vfio_device_gfx_plane_info){
				      .drm_plane_type = PLANE_PRIMARY });
	}
}

/* The user's part.  The mode may have gone by the time its dma-buf is asked for. */
static void get_and_read(void *arg)
{
	struct vfio_device_gfx_plane_info plane;
	struct env *env = arg;
	unsigned int i, page;
	off_t size, at;
	u64 *map;
	int buf;

	for (i = 0; i < ROUNDS; i++) {
		plane = plane_query(&env->dev, DMABUF);
		buf = __dmabuf_get(&env->dev, plane.dmabuf_id);
		if (buf < 0) {
			check_eq(buf, -ENOENT);
			continue;
		}
		size = lseek(buf, 0, SEEK_END);
		map = mmap(NULL, size, PROT_READ, MAP_SHARED, buf, 0);
		check(map != MAP_FAILED);
		/* A part of the memory, in order. */
		page = map[0] - mark(1, 0);
		for (at = 0; at < size && page + at / PAGE < PAGES; at += PAGE)
			check_eq(map[at / sizeof(*map)], mark(1, page + at / PAGE));
		munmap(map, size);
		close(buf);
	}
}

static void read_all_the_time(void *arg)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		expect_marks(arg, 1);
}

static void dmabufs_are_right_while_the_guest_flips(struct env *env)
{
	u8 *map = dmabuf_map(dmabuf_marked(env, 1));
	const struct racer racers[] = {
		{ flip, env }, { get_and_read, env }, { get_and_read, env },
		{ read_all_the_time, map },
	};

	vfio_know_regions(&env->dev);
	race(racers, ARRAY_SIZE(racers));
}

static void sync_again_and_again(void *arg)
{
	int buf = *(int *)arg;
	unsigned int i;

	for (i = 0; i < 4 * ROUNDS; i++) {
		sync_cpu(buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
		sync_cpu(buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
	}
}

static void map_again_and_again(void *arg)
{
	unsigned int i;
	u8 *map;

	for (i = 0; i < ROUNDS; i++) {
		map = dmabuf_map(*(int *)arg);
		expect_marks(map, 1);
		munmap(map, SIZE);
	}
}

/* From a vgem descriptor of its own: what one has imported already is just found. */
static void import_again_and_again(void *arg)
{
	int vgem = vgem_open();
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		vgem_drop(vgem, vgem_import(vgem, *(int *)arg));
	close(vgem);
}

static void leave_soon(void *arg)
{
	struct env *env = arg;

	vfio_reset(&env->dev);
	leave_device(env);
}

static void a_dmabuf_is_imported_synced_and_mapped_while_its_device_goes(struct env *env)
{
	int buf = dmabuf_marked(env, 1), vgem = vgem_open();
	const struct racer racers[] = {
		{ sync_again_and_again, &buf }, { import_again_and_again, &buf },
		{ import_again_and_again, &buf }, { map_again_and_again, &buf },
		{ leave_soon, env },
	};

	vgem_drop(vgem, vgem_import(vgem, buf));
	close(vgem);
	race(racers, ARRAY_SIZE(racers));
	expect_usable(buf, 1);
}

const struct test_case cases[] = {
	CASE(a_dmabuf_is_usable_through_reset_close_and_removal, MBOCHS),
	CASE(the_core_stays_until_the_last_dmabuf_goes, MBOCHS_SMALL),
	CASE(a_mapping_keeps_the_core_as_a_dmabuf_does, MBOCHS_SMALL),
	CASE(a_mapping_of_the_bar_needs_no_module, MBOCHS_SMALL),
	CASE(an_imported_dmabuf_outlives_everything_else, MBOCHS_SMALL),
	CASE(an_imported_dmabuf_outlives_its_importer, MBOCHS),
	CASE(an_importer_leaves_the_picture_as_the_guest_drew_it, MBOCHS_SMALL),
	CASE(dmabufs_of_one_mode_are_closed_in_any_order, MBOCHS_SMALL),
	CASE(the_next_user_shares_nothing_with_an_old_dmabuf, MBOCHS),
	CASE(a_mapping_of_a_dmabuf_does_not_grow, MBOCHS),
	CASE(a_full_table_of_files_is_emfile_and_costs_nothing, MBOCHS_SMALL),
	CASE(dmabufs_are_right_while_the_guest_flips, MBOCHS_SMALL),
	CASE(a_dmabuf_is_imported_synced_and_mapped_while_its_device_goes, MBOCHS_SMALL),
	{}
};
