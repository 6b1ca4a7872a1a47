// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a display as the host's kernel manages it: what is written to
 * it stays, it is not in core dumps, and it is not where memory has to be moved.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/bochs.h"
#include "../lib/cases.h"
#include "../lib/gfx.h"
#include "../lib/memory.h"

#define PAGE	4096

static size_t memory_size(struct env *env)
{
	return vfio_region(&env->dev, VRAM_BAR)->size;
}

/* A dma-buf of all the memory of mbochs. */
static int dmabuf_of_all(struct env *env)
{
	dispi_show(&env->dev, 1024, memory_size(env) / PAGE);
	return dmabuf_get(&env->dev, plane_query(&env->dev, DMABUF).dmabuf_id);
}

/* The ways in which a user maps a display's memory. */
enum way { BY_BAR, BY_REGION, BY_DMABUF, NR_WAYS };

static const char *const way_name[NR_WAYS] = { "BAR", "display region", "dma-buf" };

static bool has_way(struct env *env, enum way way)
{
	return way == BY_BAR ||
	       env->model->bit & (way == BY_REGION ? MDPY : MBOCHS);
}

/* All of the memory, where huge pages fit. */
static u8 *map_all(struct env *env, enum way way)
{
	unsigned int index = way == BY_REGION ? MDPY_DISPLAY : VRAM_BAR;
	u8 *map;
	int buf;

	if (way != BY_DMABUF)
		return map_for_huge_pages(env->dev.fd, vfio_region(&env->dev, index)->offset,
					  memory_size(env));
	buf = dmabuf_of_all(env);
	map = map_for_huge_pages(buf, 0, memory_size(env));
	close(buf);
	return map;
}

static void look_at_all(const u8 *map, size_t size)
{
	size_t i;

	for (i = 0; i < size; i += PAGE)
		(void)*(const volatile u8 *)(map + i);
}

static void expect_pattern(struct env *env, unsigned int seed)
{
	size_t size = memory_size(env);
	u8 *want = malloc(size), *got = malloc(size);

	check(want && got);
	fill_pattern(want, size, seed);
	region_read(&env->dev, VRAM_BAR, 0, got, size);
	check_mem(got, want, size);
	free(want);
	free(got);
}

/* Looked at first, so that each page is there, and clean, when it is written to. */
static void what_is_written_to_a_mapping_survives_unmapping(struct env *env)
{
	size_t size = memory_size(env);
	enum way way;
	u8 *map;

	for (way = 0; way < NR_WAYS; way++) {
		if (!has_way(env, way))
			continue;
		note("%s", way_name[way]);
		env_reopen(env);
		map = map_all(env, way);
		look_at_all(map, size);
		fill_pattern(map, size, way + 1);
		check_eq(sys(munmap(map, size)), 0);
		drop_caches();
		expect_pattern(env, way + 1);
	}
}

static void what_is_written_by_write_survives_where_it_was_mapped(struct env *env)
{
	size_t size = memory_size(env);
	u8 *pattern = malloc(size);
	enum way way;
	u8 *map;

	check(pattern);
	fill_pattern(pattern, size, 7);
	for (way = 0; way < NR_WAYS; way++) {
		if (!has_way(env, way))
			continue;
		note("%s", way_name[way]);
		env_reopen(env);
		map = map_all(env, way);
		look_at_all(map, size);
		region_write(&env->dev, VRAM_BAR, 0, pattern, size);
		check_mem(map, pattern, size);
		check_eq(sys(munmap(map, size)), 0);
		drop_caches();
		expect_pattern(env, 7);
	}
	free(pattern);
}

/* VmFlags of the mapping that @addr is in. */
static struct text flags_of(const void *addr)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	bool found = false;
	struct text flags = {};
	char line[512];

	check(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			found = start <= (unsigned long)addr && (unsigned long)addr < end;
		else if (found && !strncmp(line, "VmFlags:", 8))
			snprintf(flags.s, sizeof(flags.s), "%.200s", line + 8);
	}
	fclose(f);
	check(*flags.s);
	return flags;
}

static void expect_undumped(const u8 *map, size_t pages)
{
	size_t i;

	for (i = 0; i < pages; i++)
		check(strstr(flags_of(map + i * PAGE).s, " dd"));
}

static int expect_undumped_here(void *map)
{
	expect_undumped(map, 1);
	return 0;
}

static void no_mapping_is_in_a_core_dump(struct env *env)
{
	size_t size = memory_size(env);
	enum way way;
	u8 *map, *to;

	for (way = 0; way < NR_WAYS; way++) {
		if (!has_way(env, way))
			continue;
		note("%s", way_name[way]);
		map = map_all(env, way);
		expect_undumped(map, 1);
		check_eq(sys(mprotect(map + PAGE, PAGE, PROT_READ)), 0);
		expect_undumped(map, 3);
		check_eq(sys(munmap(map + 4 * PAGE, PAGE)), 0);
		expect_undumped(map + 3 * PAGE, 1);
		expect_undumped(map + 5 * PAGE, 1);
		to = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		check(to != MAP_FAILED);
		check(mremap(map + 8 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
		expect_undumped(to, 1);
		child_join(child_start(expect_undumped_here, map));
		munmap(map, size);
	}
}

static void expect_unmovable(const u8 *map, size_t size)
{
	size_t i;

	for (i = 0; i < size; i += PAGE) {
		(void)*(const volatile u8 *)(map + i);
		check(!page_is_movable(map + i));
	}
}

/* Some pages, as looking one up reads a file of the kernel's. */
#define SOME	(64 * PAGE)

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

/*
 * A mapping or an import of a dma-buf holds its pages in place, so they must not
 * lie in a zone of which all memory can be moved.
 */
static void memory_of_dmabufs_is_not_movable(struct env *env)
{
	u8 *map, bytes[SOME];

	fill_pattern(bytes, sizeof(bytes), 1);
	note("touched through the BAR");
	map = map_all(env, BY_BAR);
	memset(map, 1, SOME);
	expect_unmovable(map, SOME);

	note("swapped out and in again");
	check_eq(sys(madvise(map, SOME, MADV_PAGEOUT)), 0);
	expect_unmovable(map, SOME);

	note("as huge pages, by the kernel's own move");
	/* It may have none, or be asked not to have any. */
	madvise(map, HUGE_PAGE, MADV_COLLAPSE);
	expect_unmovable(map, SOME);

	note("written to");
	env_reopen(env);
	region_write(&env->dev, VRAM_BAR, 0, bytes, sizeof(bytes));
	expect_unmovable(map_all(env, BY_BAR), SOME);

	note("touched through a small mapping of the BAR");
	env_reopen(env);
	expect_unmovable(region_map(&env->dev, VRAM_BAR, PAGE, SOME), SOME);

	note("touched through a dma-buf");
	env_reopen(env);
	expect_unmovable(map_all(env, BY_DMABUF), SOME);
}

#define BLOCKS	"/sys/devices/system/memory"

static bool boot_has(const char *argument)
{
	char cmdline[4096];

	return !__sysfs_read("/proc/cmdline", cmdline, sizeof(cmdline)) &&
	       strstr(cmdline, argument);
}

static int take_away(void *arg)
{
	const char *name = arg;
	int ret = __sysfs_write(text(BLOCKS "/%s/state", name).s, "offline");

	/* A page that is in use at the moment is not a failure to move it. */
	return ret == -EBUSY ? -ret : ret ? EXIT_FAILED : 0;
}

/* The kernel log since the case began. */
static bool kernel_said(const char *what, const char *since)
{
	int size = klogctl(10, NULL, 0), len;
	char *log = malloc(size + 1), *from;
	bool said;

	check(log);
	len = klogctl(3, log, size);
	check(len >= 0);
	log[len] = '\0';
	from = strstr(log, since);
	said = strstr(from ?: log, what);
	free(log);
	return said;
}

static void log_mark(const char *mark)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		skip_case("no /dev/kmsg");
	check_eq(sys(write(fd, mark, strlen(mark))), strlen(mark));
	close(fd);
}

#define MAX_BLOCKS	64

/* The blocks of memory that are in the zone Movable. */
static unsigned int movable_blocks(struct text *block)
{
	DIR *dir = opendir(BLOCKS);
	struct dirent *entry;
	unsigned int nr = 0;
	char zones[64], state[64];

	if (!dir)
		skip_case("no " BLOCKS ": this kernel cannot take memory away");
	while ((entry = readdir(dir)) && nr < MAX_BLOCKS) {
		if (__sysfs_read(text(BLOCKS "/%s/valid_zones", entry->d_name).s, zones,
				 sizeof(zones)) ||
		    __sysfs_read(text(BLOCKS "/%s/state", entry->d_name).s, state,
				 sizeof(state)) ||
		    strncmp(zones, "Movable", 7) || strncmp(state, "online", 6))
			continue;
		block[nr++] = text("%s", entry->d_name);
	}
	closedir(dir);
	return nr;
}

static void memory_behind_a_dmabuf_can_be_taken_away_from_the_rest(struct env *env)
{
	struct text block[MAX_BLOCKS], mark = text("softpci: offline, %s\n", env->mdev.uuid);
	unsigned int i, nr, gone = 0;
	int status = -1;
	bool ended = true;
	pid_t pid;
	u8 *map;

	if (!boot_has("movablecore="))
		skip_case("the kernel was not booted with movablecore=");
	nr = movable_blocks(block);
	if (!nr)
		skip_case("no block of memory is movable");
	map = map_all(env, BY_DMABUF);
	look_at_all(map, memory_size(env));
	log_mark(mark.s);
	for (i = 0; i < nr && ended; i++) {
		pid = child_start(take_away, block[i].s);
		ended = child_ended(pid, WAIT_MS, &status);
		if (!ended) {
			kill(pid, SIGKILL);
			check(child_ended(pid, WAIT_MS, &status));
			break;
		}
		if (WIFEXITED(status) && !WEXITSTATUS(status))
			gone++;
	}
	/* Before anything is checked: the machine needs its memory back. */
	for (i = 0; i < nr; i++)
		__sysfs_write(text(BLOCKS "/%s/state", block[i].s).s, "online_movable");
	note("%u of %u blocks went", gone, nr);
	check(ended);
	check(gone);
	check(!kernel_said("migration failure", mark.s));
	look_at_all(map, memory_size(env));
}

const struct test_case cases[] = {
	CASE(what_is_written_to_a_mapping_survives_unmapping, DISPLAYS),
	CASE(what_is_written_by_write_survives_where_it_was_mapped, DISPLAYS),
	CASE(no_mapping_is_in_a_core_dump, DISPLAYS),
	CASE(memory_of_dmabufs_is_not_movable, MBOCHS),
	CASE(memory_behind_a_dmabuf_can_be_taken_away_from_the_rest, MBOCHS_SMALL),
	{}
};
