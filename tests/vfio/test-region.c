// SPDX-License-Identifier: GPL-2.0-only
/* Regions: read(2) and write(2) at any offset and length, and mmap(2) of any window. */
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/memory.h"
#include "../lib/race.h"
#include "../lib/uart.h"

#define PAGE	4096
#define VRAM	0	/* BAR of the displays */
#define FEW	48	/* bytes around an edge */

/* Calls @visit for each region of the device that is read and written. */
static void each_region(struct env *env,
			void (*visit)(struct vfio *v, unsigned int index, u64 size))
{
	const u32 rw = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	unsigned int i, nr = vfio_info(&env->dev).num_regions;
	const struct vfio_region_info *info;

	for (i = 0; i < nr; i++) {
		info = vfio_region(&env->dev, i);
		if ((info->flags & rw) == rw)
			visit(&env->dev, i, info->size);
	}
}

static void read_edges(struct vfio *v, unsigned int index, u64 size)
{
	const u64 few = size < FEW ? size : FEW;
	u64 off;
	size_t len;

	for (len = 1; len <= FEW; len++) {
		for (off = 0; off < few; off++)
			expect_read_at_end(v, index, off, len, NULL);
		for (off = size - few; off < size + FEW; off++)
			expect_read_at_end(v, index, off, len, NULL);
	}
}

static void reads_serve_each_offset_and_length(struct env *env)
{
	each_region(env, read_edges);
}

static void write_edges(struct vfio *v, unsigned int index, u64 size)
{
	const u8 zeroes[FEW] = {};
	u64 off;
	size_t len;

	for (len = 1; len <= FEW; len++)
		for (off = size - (size < FEW ? size : FEW); off < size + FEW; off++)
			expect_write_at_end(v, index, off, len, zeroes);
}

static void writes_serve_each_offset_and_length(struct env *env)
{
	each_region(env, write_edges);
}

static void outside_is_einval(struct vfio *v, unsigned int index, u64 size)
{
	static const u64 far[] = { 1, 256, PAGE, 1ULL << 40, 1ULL << 62 };
	unsigned int i;
	u64 val;

	for (i = 0; i < ARRAY_SIZE(far); i++) {
		note("%#llx behind region %u", (unsigned long long)far[i], index);
		/* Another region starts a page or more away, if at all. */
		if (far[i] >= PAGE && far[i] < 1ULL << 40)
			continue;
		check_eq(__region_read(v, index, size + far[i], &val, sizeof(val)), -EINVAL);
		check_eq(__region_write(v, index, size + far[i], &val, sizeof(val)), -EINVAL);
	}
	note("1 in front of region %u", index);
	check_eq(__region_read(v, index, -1, &val, 1), -EINVAL);
	check_eq(__region_write(v, index, -1, &val, 1), -EINVAL);
	note("the largest offset");
	check_eq(sys(pread(v->fd, &val, sizeof(val), INT64_MAX)), -EINVAL);
	check_eq(sys(pwrite(v->fd, &val, sizeof(val), INT64_MAX)), -EINVAL);
}

static void between_and_beyond_regions_is_einval(struct env *env)
{
	each_region(env, outside_is_einval);
}

static void nothing_of_nothing(struct vfio *v, unsigned int index, u64 size)
{
	note("region %u", index);
	check_eq(__region_read(v, index, 0, NULL, 0), 0);
	check_eq(__region_write(v, index, size - 1, NULL, 0), 0);
}

static void zero_bytes_are_no_error(struct env *env)
{
	each_region(env, nothing_of_nothing);
}

static u8 *page_before_a_hole(void)
{
	u8 *two = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	check(two != MAP_FAILED);
	check_eq(sys(munmap(two + PAGE, PAGE)), 0);
	return two;
}

static void no_such_user_memory(struct vfio *v, unsigned int index, u64 size)
{
	u8 *page = page_before_a_hole(), *bad = page + PAGE;
	u8 before[8], after[8];
	size_t len = size < 8 ? size : 8;
	ssize_t ret;

	note("region %u", index);
	region_read(v, index, 0, before, len);
	check_eq(__region_read(v, index, 0, bad, len), -EFAULT);
	check_eq(__region_write(v, index, 0, bad, len), -EFAULT);
	check_eq(__region_write(v, index, 0, NULL, len), -EFAULT);
	/* What is there may be used, as everywhere in read(2) and write(2). */
	ret = __region_read(v, index, 0, bad - 1, len);
	check_one_of(ret, 1, -EFAULT);
	region_read(v, index, 0, after, len);
	check_mem(after, before, len);
}

static void bad_pointers_are_efault_and_change_nothing(struct env *env)
{
	each_region(env, no_such_user_memory);
}

/* A read that fails for its buffer takes nothing away that a read can take. */
static void a_failed_read_has_no_effect(struct env *env)
{
	u8 *hole = page_before_a_hole() + PAGE;
	struct vfio *v = &env->dev;

	note("a character in a FIFO");
	uart_setup(v, PORT_1, UART_FCR_TRIGGER_1);
	uart_send(v, PORT_1, "x", 1);
	check_eq(__region_read(v, PORT_1, UART_RX, hole, 1), -EFAULT);
	check_eq(uart_get(v, PORT_1, UART_RX), 'x');

	note("a character without FIFOs");
	uart_put(v, PORT_1, UART_FCR, 0);
	uart_send(v, PORT_1, "y", 1);
	check_eq(__region_read(v, PORT_1, UART_RX, hole, 1), -EFAULT);
	check_eq(uart_get(v, PORT_1, UART_LSR) & UART_LSR_DR, UART_LSR_DR);
	check_eq(uart_get(v, PORT_1, UART_RX), 'y');

	note("an error whose character is gone");
	uart_send(v, PORT_1, "ab", 2);
	uart_put(v, PORT_1, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	check_eq(__region_read(v, PORT_1, UART_LSR, hole, 1), -EFAULT);
	check_eq(uart_get(v, PORT_1, UART_LSR) & (UART_LSR_OE | UART_LSR_DR), UART_LSR_OE);

	note("a change of a modem line");
	uart_get(v, PORT_1, UART_MSR);
	uart_put(v, PORT_1, UART_MCR, UART_MCR_RTS);
	check_eq(__region_read(v, PORT_1, UART_MSR, hole, 1), -EFAULT);
	check_eq(uart_get(v, PORT_1, UART_MSR) & UART_MSR_DCTS, UART_MSR_DCTS);

	note("an interrupt");
	uart_raise(v, PORT_1);
	check_eq(__region_read(v, PORT_1, UART_IIR, hole, 1), -EFAULT);
	check_eq(uart_get(v, PORT_1, UART_IIR) & 0x3f, UART_IIR_THRI);
	check_eq(uart_get(v, PORT_1, UART_IIR) & 0x3f, UART_IIR_NO_INT);
}

static void memory_is_what_was_written(struct env *env)
{
	const size_t part = 256 * 1024;
	u64 size = vfio_region(&env->dev, VRAM)->size, base;
	u8 *shadow = malloc(part), *got = malloc(part);
	unsigned int i, off, len, seed = 1;

	check(shadow && got);
	for (base = 0; base < size; base += size - part) {
		fill_pattern(shadow, part, base);
		region_write(&env->dev, VRAM, base, shadow, part);
		for (i = 0; i < 100; i++) {
			off = rand_r(&seed) % part;
			len = 1 + rand_r(&seed) % (i % 2 ? 16 : 3 * PAGE);
			len = len < part - off ? len : part - off;
			note("%u bytes at %#llx", len, (unsigned long long)base + off);
			fill_pattern(shadow + off, len, i);
			region_write(&env->dev, VRAM, base + off, shadow + off, len);
			off = rand_r(&seed) % (part - len);
			region_read(&env->dev, VRAM, base + off, got, len);
			check_mem(got, shadow + off, len);
		}
		region_read(&env->dev, VRAM, base, got, part);
		check_mem(got, shadow, part);
	}
}

static void mapping_and_file_show_one_memory(struct env *env)
{
	u64 size = vfio_region(&env->dev, VRAM)->size, off;
	u8 *map = region_map(&env->dev, VRAM, 0, size);
	u8 by_file[64], by_map[64];

	for (off = 0; off < size; off += size / 16 - 32) {
		size_t len = size - off < 64 ? size - off : 64;

		note("offset %#llx", (unsigned long long)off);
		fill_pattern(by_file, len, off);
		region_write(&env->dev, VRAM, off, by_file, len);
		check_mem(map + off, by_file, len);
		fill_pattern(by_map, len, off + 1);
		memcpy(map + off, by_map, len);
		region_read(&env->dev, VRAM, off, by_file, len);
		check_mem(by_file, by_map, len);
	}
}

#define SOME	16	/* pages at the start, in the middle and at the end */

static bool numbered(u64 page, u64 nr)
{
	return page < SOME || page >= nr - SOME || (page + SOME > nr / 2 && page < nr / 2 + SOME);
}

/* Some pages of video memory have their number at the start. */
static void number_pages(struct vfio *v)
{
	u64 i, nr = vfio_region(v, VRAM)->size / PAGE;

	for (i = 0; i < nr; i++)
		if (numbered(i, nr))
			region_write(v, VRAM, i * PAGE, &i, sizeof(i));
}

static void expect_page(const void *map, u64 number)
{
	u64 got;

	memcpy(&got, map, sizeof(got));
	note("page %llu", (unsigned long long)number);
	check_eq(got, number);
}

static void any_window_can_be_mapped(struct env *env)
{
	u64 nr = vfio_region(&env->dev, VRAM)->size / PAGE;
	const struct {
		u64 first, count;
	} windows[] = {
		{ 0, 1 }, { 1, 1 }, { nr / 2 + 1, 1 }, { nr - 1, 1 }, { 3, 5 },
		{ nr / 2 - 1, 3 }, { nr - 7, 7 }, { 1, nr - 1 }, { 0, nr },
	};
	u64 i, page;
	u8 *map;

	number_pages(&env->dev);
	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		map = region_map(&env->dev, VRAM, windows[i].first * PAGE, windows[i].count * PAGE);
		for (page = 0; page < windows[i].count; page++)
			if (numbered(windows[i].first + page, nr))
				expect_page(map + page * PAGE, windows[i].first + page);
		check_eq(sys(munmap(map, windows[i].count * PAGE)), 0);
	}
}

/* Only touched after the split: the page must come from the right place of the region. */
static void windows_survive_a_hole(struct env *env)
{
	u8 *map;

	number_pages(&env->dev);
	map = region_map(&env->dev, VRAM, 5 * PAGE, 8 * PAGE);
	check_eq(sys(munmap(map + 3 * PAGE, 2 * PAGE)), 0);
	expect_page(map + 2 * PAGE, 7);
	expect_page(map + 5 * PAGE, 10);
	expect_page(map + 7 * PAGE, 12);
	check_eq(sys(munmap(map, PAGE)), 0);
	expect_page(map + PAGE, 6);
}

static void windows_survive_mprotect(struct env *env)
{
	u64 val = 99;
	u8 *map;

	number_pages(&env->dev);
	map = region_map(&env->dev, VRAM, 9 * PAGE, 6 * PAGE);
	check_eq(sys(mprotect(map + 2 * PAGE, PAGE, PROT_READ)), 0);
	expect_page(map + 2 * PAGE, 11);
	expect_page(map + 5 * PAGE, 14);
	check_eq(sys(mprotect(map + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE)), 0);
	memcpy(map + 2 * PAGE, &val, sizeof(val));
	check_eq(reg_get(&env->dev, VRAM, 11 * PAGE, 8), 99);
}

static void windows_can_be_moved(struct env *env)
{
	u8 *map, *to;

	number_pages(&env->dev);
	map = region_map(&env->dev, VRAM, 2 * PAGE, 6 * PAGE);
	to = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(to != MAP_FAILED);
	/* The second half, before it was touched. */
	check(mremap(map + 3 * PAGE, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		     to) == to);
	expect_page(to, 5);
	expect_page(to + 2 * PAGE, 7);
	expect_page(map + 2 * PAGE, 4);
}

static int touch(void *page)
{
	return *(u8 *)page;
}

#define SHMEM_ENABLED	"/sys/kernel/mm/transparent_hugepage/shmem_enabled"

/* How much of a mapping is in huge pages. */
static unsigned long huge_kib(const void *map)
{
	unsigned long start, kib = 0;
	bool found = false;
	char line[256];
	FILE *f = fopen("/proc/self/smaps", "r");

	check(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%*x ", &start) == 1 && strchr(line, '-'))
			found = start == (unsigned long)map;
		if (found)
			sscanf(line, "ShmemPmdMapped: %lu kB", &kib);
	}
	fclose(f);
	return kib;
}

static u8 *map_memory(struct env *env)
{
	const struct vfio_region_info *bar = vfio_region(&env->dev, 0);

	return map_for_huge_pages(env->dev.fd, bar->offset, bar->size);
}

static u8 *touch_memory(struct env *env)
{
	size_t size = vfio_region(&env->dev, 0)->size, i;
	u8 *map = map_memory(env);

	for (i = 0; i < size; i += PAGE)
		map[i]++;
	return map;
}

static int memory_has_no_huge_page(void *arg)
{
	struct env *env = arg;

	vfio_open(&env->dev, env->mdev.uuid, env->door);
	check_eq(huge_kib(touch_memory(env)), 0);
	return 0;
}

static void memory_is_in_huge_pages_unless_they_are_denied(struct env *env)
{
	size_t size = vfio_region(&env->dev, 0)->size;
	char before[128], *chosen;
	int status = -1;
	pid_t pid;
	u8 *map;

	if (__sysfs_read(SHMEM_ENABLED, before, sizeof(before)))
		skip_case("this kernel has no huge pages");
	if (strstr(before, "[deny]"))
		skip_case("huge pages are denied in " SHMEM_ENABLED);
	map = touch_memory(env);
	/* None where it would be forgotten that they were written to. */
	if (huge_pages_forget())
		check_eq(huge_kib(map), 0);
	else
		check(huge_kib(map) > 0);
	check(huge_kib(map) <= size / 1024);
	munmap(map, size);
	vfio_close(&env->dev);

	chosen = strchr(before, '[');
	check(chosen);
	chosen = strtok(chosen, "[]");
	check_eq(__sysfs_write(SHMEM_ENABLED, "deny"), 0);
	/* Whatever becomes of it, the machine is as it was after that. */
	pid = child_start(memory_has_no_huge_page, env);
	child_ended(pid, WAIT_MS, &status);
	check_eq(__sysfs_write(SHMEM_ENABLED, chosen), 0);
	check_eq(status, 0);
}

#define CGROUPS		"/sys/fs/cgroup"
#define RECLAIM_GROUP	CGROUPS "/softpci-test"

static bool have_swap(void)
{
	char swaps[4096];

	/* A line for each below the headline. */
	return !__sysfs_read("/proc/swaps", swaps, sizeof(swaps)) &&
	       strchr(swaps, '\n') != strrchr(swaps, '\n');
}

/* Stored where only loads had mapped it before: the kernel has to find that out. */
static void what_was_stored_survives_reclaim(struct env *env)
{
	size_t size = vfio_region(&env->dev, 0)->size, i;
	u8 *map, *now = malloc(size);
	volatile u8 sum = 0;

	if (!have_swap())
		skip_case("there is no swap");
	if (access(CGROUPS "/cgroup.procs", F_OK))
		skip_case("no cgroup v2 in " CGROUPS);
	check(mkdir(RECLAIM_GROUP, 0755) == 0 || errno == EEXIST);
	if (access(RECLAIM_GROUP "/memory.reclaim", F_OK))
		skip_case("no memory.reclaim in " RECLAIM_GROUP);
	check_eq(__sysfs_write(RECLAIM_GROUP "/cgroup.procs", "0"), 0);

	map = map_memory(env);
	for (i = 0; i < size; i += PAGE)
		sum += map[i];
	fill_pattern(map, size, 3);
	munmap(map, size);
	/* Some or all of it, or none: as the kernel likes. */
	for (i = 0; i < 3; i++)
		check_one_of(__sysfs_write(RECLAIM_GROUP "/memory.reclaim", "64M"), 0, -EAGAIN);
	check_eq(__sysfs_write(CGROUPS "/cgroup.procs", "0"), 0);
	rmdir(RECLAIM_GROUP);

	region_read(&env->dev, 0, 0, now, size);
	map = malloc(size);
	check(map && now);
	fill_pattern(map, size, 3);
	check_mem(now, map, size);
}

static void windows_do_not_grow_out_of_the_region(struct env *env)
{
	u64 size = vfio_region(&env->dev, VRAM)->size;
	u8 *map = region_map(&env->dev, VRAM, size - PAGE, PAGE);
	u8 *grown = mremap(map, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	int status;

	if (grown == MAP_FAILED)
		return;
	check(child_ended(child_start(touch, grown + PAGE), WAIT_MS, &status));
	check(WIFSIGNALED(status));
	check_eq(WTERMSIG(status), SIGBUS);
}

static int write_as_child(void *map)
{
	memset(map, 0xc5, 16);
	return 0;
}

static void a_fork_shares_the_memory(struct env *env)
{
	u8 *map = region_map(&env->dev, VRAM, PAGE, 2 * PAGE);
	u8 want[16];

	memset(want, 0xc5, sizeof(want));
	child_join(child_start(write_as_child, map + PAGE));
	check_mem(map + PAGE, want, sizeof(want));
	region_read(&env->dev, VRAM, 2 * PAGE, map, 16);
	check_mem(map, want, sizeof(want));
}

static void expect_no_map(struct env *env, unsigned int index, s64 off, size_t len, int prot,
			  int flags)
{
	note("%#zx bytes at %#llx of region %u", len, (unsigned long long)off, index);
	check(__region_map(&env->dev, index, off, len, prot, flags) == MAP_FAILED);
	check_eq(errno, EINVAL);
}

static void private_mappings_are_einval(struct env *env)
{
	expect_no_map(env, VRAM, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	expect_no_map(env, VRAM, 0, PAGE, PROT_READ, MAP_PRIVATE);
}

static void mappings_end_with_the_region(struct env *env)
{
	u64 size = vfio_region(&env->dev, VRAM)->size;

	expect_no_map(env, VRAM, 0, size + PAGE, PROT_READ, MAP_SHARED);
	expect_no_map(env, VRAM, size - PAGE, 2 * PAGE, PROT_READ, MAP_SHARED);
	expect_no_map(env, VRAM, size, PAGE, PROT_READ, MAP_SHARED);
	expect_no_map(env, VRAM, -PAGE, PAGE, PROT_READ, MAP_SHARED);
	expect_no_map(env, VRAM, -PAGE, 2 * PAGE, PROT_READ, MAP_SHARED);
	expect_no_map(env, VRAM, 1LL << 50, PAGE, PROT_READ, MAP_SHARED);
}

static void only_memory_can_be_mapped(struct env *env)
{
	unsigned int i, nr = vfio_info(&env->dev).num_regions;
	const struct vfio_region_info *info;

	for (i = 0; i < nr; i++) {
		info = vfio_region(&env->dev, i);
		if (info->size && !(info->flags & VFIO_REGION_INFO_FLAG_MMAP))
			expect_no_map(env, i, -(s64)(info->offset % PAGE), PAGE, PROT_READ,
				      MAP_SHARED);
	}
}

/* The page in front of it, one that reaches into it, and one that reaches out. */
static void what_lies_beside_the_memory_of_a_region_is_not_mapped(struct env *env)
{
	const struct model_bar *bar = &env->model->bar[0];
	u8 *map = region_map(&env->dev, 0, bar->mmap_from, bar->size - bar->mmap_from), got[16];
	u32 off;

	memcpy(map + PAGE, "0123456789abcdef", sizeof(got));
	region_read(&env->dev, 0, bar->mmap_from + PAGE, got, sizeof(got));
	check_mem(got, "0123456789abcdef", sizeof(got));
	for (off = 0; off < bar->mmap_from; off += PAGE) {
		expect_no_map(env, 0, off, PAGE, PROT_READ, MAP_SHARED);
		expect_no_map(env, 0, off, bar->mmap_from - off + PAGE, PROT_READ, MAP_SHARED);
	}
	expect_no_map(env, 0, 0, bar->size, PROT_READ, MAP_SHARED);
	expect_no_map(env, 0, bar->size - PAGE, 2 * PAGE, PROT_READ, MAP_SHARED);
	expect_no_map(env, 0, bar->mmap_from, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

/* A copy that faults on what it copies, which a lock held over it would not survive. */
static void memory_can_be_copied_onto_itself(struct env *env)
{
	u8 *map = region_map(&env->dev, VRAM, 0, 8 * PAGE);
	u8 config[CONFIG_SIZE];

	number_pages(&env->dev);
	region_read(&env->dev, VRAM, PAGE, map + 4 * PAGE, 2 * PAGE);
	expect_page(map + 4 * PAGE, 1);
	region_write(&env->dev, VRAM, 6 * PAGE, map + 2 * PAGE, 2 * PAGE);
	expect_page(map + 7 * PAGE, 3);
	region_write(&env->dev, VRAM, 0, map, PAGE);
	expect_page(map, 0);

	region_read(&env->dev, CONFIG, 0, config, CONFIG_SIZE);
	region_read(&env->dev, CONFIG, 0, map, CONFIG_SIZE);
	check_mem(map, config, CONFIG_SIZE);
}

static void others_go_on(struct env *env, unsigned int waiting, bool write)
{
	struct late_page late = late_page_new();
	struct transfer slow = { &env->dev, waiting, write, late.page };
	unsigned int i, nr = vfio_info(&env->dev).num_regions;
	struct worker slow_worker, worker;
	u8 buf[8] = {};

	for (i = 0; i < nr; i++)
		vfio_region(&env->dev, i);
	env_decode(env);
	worker_start(&slow_worker, transfer, &slow);
	late_page_wait_for_touch(&late);
	for (i = 0; i < nr; i++) {
		struct transfer other = { &env->dev, i, false, buf };

		if (i == waiting || !vfio_region(&env->dev, i)->size)
			continue;
		note("access to region %u while a %s of region %u waits", i,
		     write ? "write" : "read", waiting);
		for (other.write = false;; other.write = true) {
			env_decode(env);
			worker_start(&worker, transfer, &other);
			worker_join(&worker);
			if (other.write)
				break;
		}
	}
	late_page_fill(&late);
	worker_join(&slow_worker);
	close(late.uffd);
}

static void an_access_does_not_wait_for_one_of_another_region(struct env *env)
{
	unsigned int i, nr = vfio_info(&env->dev).num_regions;

	for (i = 0; i < nr; i++)
		if (vfio_region(&env->dev, i)->size) {
			others_go_on(env, i, false);
			others_go_on(env, i, true);
		}
}

struct long_read {
	struct vfio *v;
	int started;
};

static int read_for_ever(void *arg)
{
	const struct long_read *r = arg;
	u64 size = vfio_region(r->v, VRAM)->size;
	void *buf = malloc(size);

	check(buf);
	check_eq(sys(write(r->started, "", 1)), 1);
	while (true)
		region_read(r->v, VRAM, 0, buf, size);
}

/* As above, but surely in the middle of the copy. */
static int read_into_a_late_page(void *arg)
{
	const struct long_read *r = arg;
	struct late_page late = late_page_new();
	struct transfer slow = { r->v, CONFIG, false, late.page };
	struct worker worker;

	vfio_region(r->v, CONFIG);
	worker_start(&worker, transfer, &slow);
	late_page_wait_for_touch(&late);
	check_eq(sys(write(r->started, "", 1)), 1);
	worker_join(&worker);
	return EXIT_FAILED;
}

static void expect_end_by_sigkill(struct env *env, int (*run)(void *arg))
{
	struct long_read r = { .v = &env->dev };
	int started[2], status;
	char byte;
	pid_t pid;

	check_eq(sys(pipe2(started, O_CLOEXEC)), 0);
	r.started = started[1];
	pid = child_start(run, &r);
	close(started[1]);
	if (!read(started[0], &byte, 1))
		child_join(pid);	/* it could not, and has said why */
	check_eq(sys(kill(pid, SIGKILL)), 0);
	check(child_ended(pid, WAIT_MS, &status));
	check(WIFSIGNALED(status));
}

static void a_long_read_ends_with_its_process(struct env *env)
{
	expect_end_by_sigkill(env, read_for_ever);
}

static void a_waiting_read_ends_with_its_process(struct env *env)
{
	expect_end_by_sigkill(env, read_into_a_late_page);
}

const struct test_case cases[] = {
	CASE(reads_serve_each_offset_and_length, EACH),
	CASE(writes_serve_each_offset_and_length, EACH),
	CASE(between_and_beyond_regions_is_einval, EACH),
	CASE(zero_bytes_are_no_error, EACH),
	CASE(bad_pointers_are_efault_and_change_nothing, EACH),
	CASE(a_failed_read_has_no_effect, MTTY),
	CASE(memory_is_what_was_written, DISPLAYS),
	CASE(mapping_and_file_show_one_memory, DISPLAYS),
	CASE(any_window_can_be_mapped, DISPLAYS),
	CASE(windows_survive_a_hole, DISPLAYS),
	CASE(windows_survive_mprotect, DISPLAYS),
	CASE(windows_can_be_moved, DISPLAYS),
	CASE(memory_is_in_huge_pages_unless_they_are_denied, DISPLAYS),
	CASE(what_was_stored_survives_reclaim, MDPY | MBOCHS_SMALL | MBOCHS_MEDIUM),
	CASE(windows_do_not_grow_out_of_the_region, DISPLAYS),
	CASE(a_fork_shares_the_memory, DISPLAYS),
	CASE(private_mappings_are_einval, DISPLAYS),
	CASE(mappings_end_with_the_region, DISPLAYS),
	CASE(only_memory_can_be_mapped, EACH),
	CASE(what_lies_beside_the_memory_of_a_region_is_not_mapped, EXAMPLE),
	CASE(memory_can_be_copied_onto_itself, DISPLAYS),
	CASE(an_access_does_not_wait_for_one_of_another_region, EACH),
	CASE(a_long_read_ends_with_its_process, DISPLAYS),
	CASE(a_waiting_read_ends_with_its_process, EACH),
	{}
};
