// SPDX-License-Identifier: GPL-2.0-only
/*
 * As test-fail-nth: each allocation and each user copy made to fail in turn, in
 * what reads, writes, maps and shows the regions and the memory.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/dma.h"
#include "../lib/drm.h"
#include "../lib/example.h"
#include "../lib/fault.h"
#include "../lib/gfx.h"
#include "../lib/irq.h"
#include "../lib/state.h"

#define PAGE		4096
#define VRAM		0	/* BAR of the displays */
#define ON		(ENABLED | LFB | NOCLEARMEM)

/* One type of each driver: the others have the same code. */
#define SOME		(MDPY_VGA | MBOCHS_SMALL | MTTY_2)
#define SOME_DISPLAYS	(MDPY_VGA | MBOCHS_SMALL)

/* Some place of each kind that holds what is written to it, or most of it. */
static unsigned int places(struct env *env, struct vfio_region_info *place)
{
	unsigned int nr = 0;

	place[nr++] = (struct vfio_region_info){ .index = CONFIG, .size = CONFIG_SIZE };
	if (env->model->bit & DISPLAYS)
		place[nr++] = (struct vfio_region_info){ .index = VRAM, .offset = 100,
							 .size = 3 * PAGE };
	if (env->model->bit & MBOCHS)
		place[nr++] = (struct vfio_region_info){ .index = edid_region(&env->dev),
							 .offset = blob_offset(&env->dev),
							 .size = EDID_BLOB };
	if (env->model->bit & MTTY)
		place[nr++] = (struct vfio_region_info){ .index = PORT_1, .offset = UART_SCR,
							 .size = 1 };
	return nr;
}

static void reading_gives_what_is_there(struct env *env)
{
	struct vfio_region_info place[4];
	u8 want[3 * PAGE], got[3 * PAGE];
	unsigned int i, nr;
	ssize_t ret;

	use(env);
	nr = places(env, place);
	for (i = 0; i < nr; i++) {
		struct fault f = FAULTS("read");

		region_read(&env->dev, place[i].index, place[i].offset, want, place[i].size);
		while (fault_next(&f)) {
			ret = faulted(&f, __region_read(&env->dev, place[i].index,
							place[i].offset, got, place[i].size));
			if (!f.injected)
				check_eq(ret, place[i].size);
			if (ret > 0)
				check_mem(got, want, ret);
			region_read(&env->dev, place[i].index, place[i].offset, got,
				    place[i].size);
			check_mem(got, want, place[i].size);
		}
	}
}

/* As many bytes as it says, and none behind them. */
static void writing_does_as_much_as_it_says(struct env *env)
{
	struct vfio_region_info place[4];
	static u8 zeroes[3 * PAGE], ones[3 * PAGE], before[3 * PAGE], all[3 * PAGE], got[3 * PAGE];
	unsigned int i, nr, index;
	size_t size;
	ssize_t ret;

	memset(ones, 0xff, sizeof(ones));
	nr = places(env, place);
	for (i = 0; i < nr; i++) {
		struct fault f = FAULTS("write");
		u64 at = place[i].offset;

		index = place[i].index;
		size = place[i].size;
		/* All of config space was written to: the BARs would be absent. */
		power_put(&env->dev, D0);
		env_decode(env);
		region_write(&env->dev, index, at, ones, size);
		region_read(&env->dev, index, at, all, size);
		while (fault_next(&f)) {
			/* Memory that was never touched, for it is allocated by the write. */
			if (vfio_region(&env->dev, index)->flags & VFIO_REGION_INFO_FLAG_MMAP)
				at = place[i].offset + f.nth * size;
			else
				region_write(&env->dev, index, at, zeroes, size);
			region_read(&env->dev, index, at, before, size);
			ret = faulted(&f, __region_write(&env->dev, index, at, ones, size));
			if (!f.injected)
				check_eq(ret, size);
			if (ret > 0)
				memcpy(before, all, ret);
			region_read(&env->dev, index, at, got, size);
			check_mem(got, before, size);
		}
	}
}

static void expect_ramp(const struct env *env, const u8 *map)
{
	unsigned int y, height = env->model->height;

	for (y = 0; y < height; y++)
		check_eq(map[y * env->model->width * 4], y * 255 / height);
}

/* The memory has its content before anyone sees it, however many attempts that takes. */
static void the_first_look_is_at_the_whole_picture(struct env *env)
{
	size_t size = vfio_region(&env->dev, VRAM)->size;
	struct fault f = FAULTS("the first read");
	u64 map, offset;
	u32 word;

	while (fault_next(&f))
		if (faulted(&f, __region_read(&env->dev, VRAM, 0, &word, sizeof(word))) >= 0)
			expect_ramp(env, region_map(&env->dev, VRAM, 0, size));

	env_reopen(env);
	offset = vfio_region(&env->dev, VRAM)->offset;
	f = FAULTS("the first mmap");
	while (fault_next(&f)) {
		map = faulted(&f, sys(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
					   env->dev.fd, offset)));
		if (f.ret >= 0) {
			expect_ramp(env, (u8 *)map);
			munmap((u8 *)map, size);
		}
	}
}

static unsigned int nr_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned int lines = 0;
	int c;

	check(maps);
	while ((c = getc(maps)) != EOF)
		lines += c == '\n';
	fclose(maps);
	return lines;
}

static void a_mapping_is_made_or_not(struct env *env)
{
	u64 offset = vfio_region(&env->dev, VRAM)->offset;
	unsigned int mappings = nr_mappings();
	struct state before = used(env);
	struct fault f = FAULTS("mmap");
	u32 *map;

	while (fault_next(&f)) {
		map = (void *)faulted(&f, sys(mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
						   MAP_SHARED, env->dev.fd, offset + PAGE)));
		if (f.ret >= 0) {
			map[PAGE / 4] = f.nth;
			check_eq(reg_get(&env->dev, VRAM, 2 * PAGE, 4), f.nth);
			munmap(map, 2 * PAGE);
		}
		check_eq(nr_mappings(), mappings);
		expect_state(env, &before);
	}
}

/* Unmapping and protecting the page in the middle. */
static void a_mapping_is_split_or_stays_whole(struct env *env)
{
	struct fault f = FAULTS("munmap of a page in the middle");
	u8 *map, byte = 0;

	region_write(&env->dev, VRAM, 2 * PAGE, &byte, 1);
	while (fault_next(&f)) {
		map = region_map(&env->dev, VRAM, 0, 3 * PAGE);
		memset(map, f.nth, 3 * PAGE);
		if (faulted(&f, sys(munmap(map + PAGE, PAGE))) < 0)
			check_eq(map[PAGE], (u8)f.nth);
		check_eq(map[0], (u8)f.nth);
		check_eq(map[2 * PAGE], (u8)f.nth);
		munmap(map, 3 * PAGE);
	}
	f = FAULTS("mprotect of a page in the middle");
	while (fault_next(&f)) {
		map = region_map(&env->dev, VRAM, 0, 3 * PAGE);
		if (faulted(&f, sys(mprotect(map + PAGE, PAGE, PROT_READ))) < 0)
			map[PAGE] = f.nth;
		map[0] = f.nth;
		map[2 * PAGE] = f.nth;
		check_eq(reg_get(&env->dev, VRAM, 2 * PAGE, 1), (u8)f.nth);
		munmap(map, 3 * PAGE);
	}
}

static sigjmp_buf bus_error;

static void on_bus_error(int sig)
{
	siglongjmp(bus_error, 1);
}

/* Write a byte of a mapping, or read it if @val is -1: what is there then, or -EFAULT. */
static int touch(volatile u8 *byte, int val)
{
	if (sigsetjmp(bus_error, 1))
		return -EFAULT;
	if (val >= 0)
		*byte = val;
	return *byte;
}

/*
 * @fd shows memory from @offset on, of which @behind bytes lie in front in BAR0.
 * Each round touches another page, the first one ever to do so, in a mapping
 * without page tables.
 */
static void expect_touches(struct env *env, const char *what, int fd, u64 offset, u64 front)
{
	struct fault f = FAULTS(what);
	u8 *map, val;
	size_t at;

	signal(SIGBUS, on_bus_error);
	while (fault_next(&f)) {
		at = f.nth * PAGE;
		map = mmap(NULL, 400 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
		check(map != MAP_FAILED);
		val = f.nth | 1;
		if (faulted(&f, touch(map + at, val)) < 0)
			check_eq(touch(map + at, val), val);
		check_eq(map[at], val);
		check_eq(reg_get(&env->dev, VRAM, front + at, 1), val);
		munmap(map, 400 * PAGE);
	}
	f = FAULTS(what);
	while (fault_next(&f)) {
		at = f.nth * PAGE;
		map = mmap(NULL, 400 * PAGE, PROT_READ, MAP_SHARED, fd, offset);
		check(map != MAP_FAILED);
		val = reg_get(&env->dev, VRAM, front + at, 1);
		if (faulted(&f, touch(map + at, -1)) < 0)
			check_eq(touch(map + at, -1), val);
		check_eq(map[at], val);
		munmap(map, 400 * PAGE);
	}
}

static void touching_works_or_can_be_repeated(struct env *env)
{
	expect_touches(env, "a page fault in the BAR", env->dev.fd,
		       vfio_region(&env->dev, VRAM)->offset, 0);
}

/* 640x480 from line 3 of 1024 pixels on: page 3 of the memory is the first. */
static u32 show_from_page_3(struct env *env)
{
	dispi_set(&env->dev, &(struct dispi_mode){ 640, 480, 32, ON, 1024, 0, 3 });
	return plane_query(&env->dev, DMABUF).dmabuf_id;
}

static void touching_a_dmabuf_works_or_can_be_repeated(struct env *env)
{
	int buf = dmabuf_get(&env->dev, show_from_page_3(env));

	expect_touches(env, "a page fault in a dma-buf", buf, 0, 3 * PAGE);
}

static void a_plane_is_told_or_not(struct env *env)
{
	struct vfio_device_gfx_plane_info plane;
	struct state before = used(env);
	struct fault f = FAULTS("QUERY_GFX_PLANE");

	while (fault_next(&f)) {
		memset(&plane, 0, sizeof(plane));
		plane.drm_plane_type = PLANE_PRIMARY;
		if (!faulted(&f, __plane_query(&env->dev, before.plane.flags, &plane)))
			check_mem(&plane, &before.plane, sizeof(plane));
		expect_state(env, &before);
	}
}

static void a_dmabuf_is_made_or_nothing(struct env *env)
{
	u32 id = show_from_page_3(env);
	struct state before = state_of(env);
	struct fault f = FAULTS("GET_GFX_DMABUF");
	int buf;

	while (fault_next(&f)) {
		buf = faulted(&f, __dmabuf_get(&env->dev, id));
		if (buf >= 0) {
			check_eq(lseek(buf, 0, SEEK_END), 480 * PAGE);
			close(buf);
		}
		expect_state(env, &before);
	}
}

static void a_dmabuf_is_mapped_or_not(struct env *env)
{
	int buf = dmabuf_get(&env->dev, show_from_page_3(env));
	struct dma_buf_sync sync = { DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	unsigned int mappings = nr_mappings();
	struct state before = state_of(env);
	struct fault f = FAULTS("mmap of a dma-buf");
	u32 *map;

	while (fault_next(&f)) {
		map = (void *)faulted(&f, sys(mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
						   MAP_SHARED, buf, PAGE)));
		if (f.ret >= 0) {
			*map = f.nth;
			check_eq(reg_get(&env->dev, VRAM, 4 * PAGE, 4), f.nth);
			munmap(map, 4 * PAGE);
		}
		check_eq(nr_mappings(), mappings);
		expect_state(env, &before);
	}
	f = FAULTS("DMA_BUF_IOCTL_SYNC");
	while (fault_next(&f))
		faulted(&f, sys(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync)));
	f = FAULTS("the last close of a dma-buf");
	while (fault_next(&f)) {
		before = state_of(env);
		buf = dmabuf_get(&env->dev, before.plane.dmabuf_id);
		faulted(&f, sys(close(buf)));
		expect_state(env, &before);
	}
}

static void a_dmabuf_is_imported_or_not(struct env *env)
{
	struct fault f = FAULTS("importing a dma-buf");
	struct prime_handle prime = {};
	struct gem_close handle = {};
	struct state before;
	u32 id = show_from_page_3(env);
	int vgem;

	close(vgem_open());
	before = state_of(env);
	while (fault_next(&f)) {
		vgem = __vgem_open();
		check(vgem >= 0);
		prime.fd = dmabuf_get(&env->dev, id);
		if (!faulted(&f, sys(ioctl(vgem, IOCTL_PRIME_FD_TO_HANDLE, &prime)))) {
			handle.handle = prime.handle;
			check_eq(sys(ioctl(vgem, IOCTL_GEM_CLOSE, &handle)), 0);
		}
		close(prime.fd);
		/* What could not be told to us, by drm_ioctl()'s last copy, goes with the file. */
		close(vgem);
		expect_state(env, &before);
	}
}

#define COPY_PAGES	3

/* The device copies in a thread of the kernel: it has no process that could be told. */
static void a_copy_is_made_or_fails(struct env *env)
{
	/* How much more of each kind is left alone in each round. */
	static const unsigned int steps[] = {
		[FAULT_SLAB] = 512, [FAULT_PAGES] = 1, [FAULT_USERCOPY] = 1,
	};
	u8 *from = dma_memory(COPY_PAGES * PAGE), *to = dma_memory(COPY_PAGES * PAGE);
	unsigned int kind, skip, failed = 0;
	bool hit;
	s32 event;
	u32 status;

	fill_pattern(from, COPY_PAGES * PAGE, 1);
	dma_map(&env->dev, 0x10000, from, COPY_PAGES * PAGE, DMA_RW);
	dma_map(&env->dev, 0x20000, to, COPY_PAGES * PAGE, DMA_RW);
	irq_enable(&env->dev, MSIX, 1, &event);
	for (kind = 0; kind < NR_FAULT_KINDS; kind++)
		for (hit = true, skip = 0; hit; skip += steps[kind]) {
			note("failures of kind %u, %u left alone", kind, skip);
			memset(to, 0, COPY_PAGES * PAGE);
			fault_in_workers("softpci_dma_copy", kind, skip);
			/* Not at a multiple of a page: two of them are touched at a time. */
			status = example_copy(&env->dev, event, 0x20001, 0x10001,
					      COPY_PAGES * PAGE - 1);
			hit = fault_in_workers_done(kind);
			check_one_of(status, COPIED, FAILED);
			if (!hit)
				check_eq(status, COPIED);
			if (status == COPIED)
				check_mem(to + 1, from + 1, COPY_PAGES * PAGE - 1);
			failed += hit;
		}
	check(failed);
	printf("figure: allocations and copies failed = %u\n", failed);
}

const struct test_case cases[] = {
	CASE(reading_gives_what_is_there, SOME),
	CASE(writing_does_as_much_as_it_says, SOME),
	CASE(the_first_look_is_at_the_whole_picture, MDPY_VGA),
	CASE(a_mapping_is_made_or_not, SOME_DISPLAYS),
	CASE(a_mapping_is_split_or_stays_whole, SOME_DISPLAYS),
	CASE(touching_works_or_can_be_repeated, SOME_DISPLAYS),
	CASE(touching_a_dmabuf_works_or_can_be_repeated, MBOCHS_SMALL),
	CASE(a_plane_is_told_or_not, SOME_DISPLAYS),
	CASE(a_dmabuf_is_made_or_nothing, MBOCHS_SMALL),
	CASE(a_dmabuf_is_mapped_or_not, MBOCHS_SMALL),
	CASE(a_dmabuf_is_imported_or_not, MBOCHS_SMALL),
	CASE(a_copy_is_made_or_fails, EXAMPLE),
	{}
};
