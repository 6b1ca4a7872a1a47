// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a display as the host's kernel manages it: what is written to
 * it stays, and it is not in core dumps.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "lib/bochs.h"
#include "lib/cases.h"
#include "lib/gfx.h"
#include "lib/memory.h"

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

const struct test_case cases[] = {
	CASE(what_is_written_to_a_mapping_survives_unmapping, DISPLAYS),
	CASE(what_is_written_by_write_survives_where_it_was_mapped, DISPLAYS),
	CASE(no_mapping_is_in_a_core_dump, DISPLAYS),
	{}
};
