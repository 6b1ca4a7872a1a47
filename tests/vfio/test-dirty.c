// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which memory a migration sends: pages that were touched, once, and then those that
 * have changed, in each way in which memory is written.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/bochs.h"
#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/drm.h"
#include "../lib/example.h"
#include "../lib/gfx.h"
#include "../lib/irq.h"
#include "../lib/memory.h"
#include "../lib/module.h"
#include "../lib/stream.h"

#define PAGE		4096UL
#define MAX_PAGES	(64 * MIB / PAGE)
/* Pages that the cases write to, all of them in each memory. */
#define PAGES		16
#define CHANGED		5
/* Where the device finds its own BAR, and other memory. */
#define BAR_IOVA	0x100000UL
#define SOURCE_IOVA	0x10000UL

static u64 ram_start(struct env *env)
{
	return env->model->bar[0].mmap_from;
}

static u64 ram_size(struct env *env)
{
	return env->model->bar[0].size - ram_start(env);
}

static void ram_write(struct env *env, u64 pos, const void *bytes, size_t len)
{
	region_write(&env->dev, 0, ram_start(env) + pos, bytes, len);
}

/* A stream that is read in rounds, in PRE_COPY. */
struct saving {
	struct env *env;
	int fd;
	struct blob blob;
	size_t pos;		/* of it, the next section */
	u8 sent[MAX_PAGES];	/* in this round, how often */
};

static struct saving *begin(struct env *env)
{
	struct saving *s = calloc(1, sizeof(*s));

	check(s);
	if (!mig_has_precopy(&env->dev))
		skip_case("this kernel has no PRE_COPY");
	s->env = env;
	s->fd = mig_go(&env->dev, MIG_PRE_COPY);
	s->pos = sizeof(struct stream_header);
	return s;
}

static void count_pages(struct saving *s)
{
	struct stream_section *section;
	struct stream_memory *head;
	u64 page, end;

	memset(s->sent, 0, sizeof(s->sent));
	for (; (section = stream_section_at(&s->blob, s->pos));
	     s->pos = stream_section_end(&s->blob, s->pos)) {
		if (section->id != STREAM_MEMORY)
			continue;
		head = (void *)(section + 1);
		end = head->offset + section->length - sizeof(*head);
		for (page = head->offset / PAGE; page < (end + PAGE - 1) / PAGE; page++)
			s->sent[page]++;
	}
}

/* All that there is to be read now: how many bytes. */
static u64 read_round(struct saving *s)
{
	size_t before = s->blob.len;

	check_eq(mig_read_all(s->fd, &s->blob), -ENOMSG);
	count_pages(s);
	return s->blob.len - before;
}

/* The rest, with the device in STOP_COPY. */
static u64 finish(struct saving *s)
{
	size_t before = s->blob.len;

	mig_go(&s->env->dev, MIG_STOP_COPY);
	check_eq(mig_read_all(s->fd, &s->blob), 0);
	count_pages(s);
	return s->blob.len - before;
}

static void expect_only(struct saving *s, unsigned int first, unsigned int nr)
{
	unsigned int i, n = ram_size(s->env) / PAGE;

	for (i = 0; i < n; i++)
		if (s->sent[i] != (i >= first && i < first + nr)) {
			note("page %u", i);
			check_eq(s->sent[i], i >= first && i < first + nr);
		}
}

static void touch_some(struct env *env)
{
	u8 bytes[PAGES * PAGE];

	fill_pattern(bytes, sizeof(bytes), 1);
	ram_write(env, 0, bytes, sizeof(bytes));
}

static void pages_are_sent_once(struct env *env)
{
	struct saving *s;
	unsigned int i;

	touch_some(env);
	s = begin(env);
	check(read_round(s) >= PAGES * PAGE);
	for (i = 0; i < PAGES; i++)
		check_eq(s->sent[i], 1);
	check_eq(read_round(s), 0);
	finish(s);
	expect_only(s, 0, 0);
}

/* The ways in which a page can change.  Each puts @val into a byte. */
enum way { BY_WRITE, BY_BAR, BY_REGION, BY_DMABUF, BY_IMPORTER, BY_DMA, NR_WAYS };

static const char *const way_name[NR_WAYS] = {
	"write(2)", "mapping of the BAR", "mapping of the display region", "dma-buf",
	"dma-buf by an importer", "DMA into the BAR",
};

static int dmabuf_of_all(struct env *env)
{
	dispi_show(&env->dev, 1024, ram_size(env) / PAGE);
	return dmabuf_get(&env->dev, plane_query(&env->dev, DMABUF).dmabuf_id);
}

static u8 *map_fd(int fd)
{
	u8 *map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return map == MAP_FAILED ? NULL : map;
}

/* NULL: this device or this kernel does not have it. */
static u8 *map_way(struct env *env, enum way way)
{
	struct vfio *v = &env->dev;
	int vgem, fd;

	switch (way) {
	case BY_BAR:
		return region_map(v, 0, ram_start(env), PAGES * PAGE);
	case BY_REGION:
		return env->model->bit & MDPY ? region_map(v, MDPY_DISPLAY, 0, PAGES * PAGE) :
						NULL;
	case BY_DMABUF:
		return env->model->bit & MBOCHS ? map_fd(dmabuf_of_all(env)) : NULL;
	case BY_IMPORTER:
		if (!(env->model->bit & MBOCHS) || !module_probe("vgem"))
			return NULL;
		vgem = __vgem_open();
		if (vgem < 0)
			return NULL;
		fd = dmabuf_of_all(env);
		return map_fd(vgem_export(vgem, vgem_import(vgem, fd)));
	default:
		return NULL;
	}
}

static void dma_into_bar(struct env *env, s32 event, u8 *source, u64 pos, u8 val)
{
	*source = val;
	check_eq(example_copy(&env->dev, event, BAR_IOVA + pos, SOURCE_IOVA, 1), COPIED);
}

static void a_change_is_sent_whichever_way_it_was_made(struct env *env)
{
	u64 pos = CHANGED * PAGE + 123;
	u8 *map[NR_WAYS], *source = dma_memory(PAGE), val = 0;
	bool dma = env->model->bit & EXAMPLE;
	s32 event = -1;
	struct saving *s;
	enum way way;

	touch_some(env);
	for (way = 0; way < NR_WAYS; way++)
		map[way] = map_way(env, way);
	if (dma) {
		irq_enable(&env->dev, MSIX, 1, &event);
		dma_map(&env->dev, SOURCE_IOVA, source, PAGE, DMA_RW);
		dma_map(&env->dev, BAR_IOVA, map[BY_BAR], PAGES * PAGE, DMA_RW);
	}
	s = begin(env);
	read_round(s);
	for (way = 0; way < NR_WAYS; way++) {
		val++;
		if (way == BY_WRITE)
			ram_write(env, pos, &val, 1);
		else if (way == BY_DMA && dma)
			dma_into_bar(env, event, source, pos, val);
		else if (map[way])
			map[way][pos] = val;
		else
			continue;
		note("%s", way_name[way]);
		check(read_round(s));
		expect_only(s, CHANGED, 1);
		check_eq(read_round(s), 0);
	}
	/* A change after the last pass is sent in STOP_COPY. */
	map[BY_BAR][pos] = ++val;
	finish(s);
	expect_only(s, CHANGED, 1);
}

static void a_screen_that_is_cleared_is_sent(struct env *env)
{
	struct saving *s;

	touch_some(env);
	/* 256 lines of 64 pixels of 4 bytes. */
	dispi_show(&env->dev, 64, 256);
	dispi_put(&env->dev, DISPI_ENABLE, 0);
	s = begin(env);
	read_round(s);
	dispi_put(&env->dev, DISPI_ENABLE, ENABLED);
	read_round(s);
	expect_only(s, 0, PAGES);
}

static void an_idle_display_sends_little_after_the_first_round(struct env *env)
{
	struct saving *s;
	u64 all;

	memset(region_map(&env->dev, 0, 0, ram_size(env)), 0x5a, ram_size(env));
	s = begin(env);
	all = read_round(s);
	check(all >= ram_size(env));
	check(read_round(s) + finish(s) < all / 100);
	printf("figure: KiB after the first round = %llu\n", (s->blob.len - all) / 1024);
}

#define UNTOUCHED_MAX	(64 * 1024)
/* Of the kernel's count, in which other programs have a part. */
#define SHMEM_KIB	(8 * 1024)

static void untouched_memory_is_not_sent_and_does_not_come_into_being(struct env *env)
{
	long before = meminfo_kib("Shmem:");
	struct blob blob = {};
	struct env target;

	env_open(&target, env->model->type, env->door);
	if (mig_has_precopy(&env->dev))
		check_eq(mig_save_precopy(&env->dev, &blob, NULL, NULL), 0);
	else
		check_eq(mig_save(&env->dev, &blob), 0);
	check(blob.len < UNTOUCHED_MAX);
	check_eq(stream_memory_bytes(&blob), 0);
	check_eq(mig_load(&target.dev, &blob), 0);
	note("%ld KiB, then %ld KiB", before, meminfo_kib("Shmem:"));
	check(meminfo_kib("Shmem:") < before + SHMEM_KIB);
}

static void touched_pages_alone_come_into_being_at_the_target(struct env *env)
{
	struct blob blob = {};
	struct env target;
	long before;

	env_open(&target, env->model->type, env->door);
	touch_some(env);
	check_eq(mig_save(&env->dev, &blob), 0);
	before = meminfo_kib("Shmem:");
	check_eq(mig_load(&target.dev, &blob), 0);
	note("%ld KiB, then %ld KiB", before, meminfo_kib("Shmem:"));
	check(meminfo_kib("Shmem:") < before + SHMEM_KIB);
}

static void expect_same_memory(struct env *a, struct env *b)
{
	u8 *of_a = malloc(ram_size(a)), *of_b = malloc(ram_size(a));

	check(of_a && of_b);
	region_read(&a->dev, 0, ram_start(a), of_a, ram_size(a));
	region_read(&b->dev, 0, ram_start(a), of_b, ram_size(a));
	check_mem(of_b, of_a, ram_size(a));
	free(of_a);
	free(of_b);
}

static void a_target_has_the_memory_of_the_stream_and_nothing_else(struct env *env)
{
	static const u8 zeroes[PAGES * PAGE];
	struct blob blob = {};
	struct env target;
	u64 i;

	env_open(&target, env->model->type, env->door);
	/* The source is as at power-on, and the target is not. */
	fill_pattern(blob.data = malloc(PAGE), PAGE, 3);
	ram_write(&target, 3 * PAGE, blob.data, PAGE);
	blob_free(&blob);
	check_eq(mig_save(&env->dev, &blob), 0);
	check_eq(mig_load(&target.dev, &blob), 0);
	expect_same_memory(env, &target);

	/* All zero: the gray ramp of mdpy must not come back. */
	mig_go(&env->dev, MIG_RUNNING);
	for (i = 0; i < ram_size(env); i += sizeof(zeroes))
		ram_write(env, i, zeroes, sizeof(zeroes));
	blob_free(&blob);
	check_eq(mig_save(&env->dev, &blob), 0);
	env_reopen(&target);
	check_eq(mig_load(&target.dev, &blob), 0);
	expect_same_memory(env, &target);
	mig_go(&target.dev, MIG_RUNNING);
	expect_same_memory(env, &target);
}

static void info_tells_the_bytes_left(struct env *env)
{
	struct vfio_precopy_info info;
	struct saving *s;

	touch_some(env);
	s = begin(env);
	check_eq(mig_precopy_info(s->fd, &info), 0);
	check(info.initial_bytes >= PAGES * PAGE);
	read_round(s);
	check_eq(mig_precopy_info(s->fd, &info), 0);
	check_eq(info.initial_bytes, 0);
	check_eq(info.dirty_bytes, 0);
	ram_write(env, CHANGED * PAGE, "x", 1);
	check_eq(mig_precopy_info(s->fd, &info), 0);
	check_eq(info.initial_bytes, 0);
	check(info.dirty_bytes >= PAGE);
	check(info.dirty_bytes < 2 * PAGE);
	read_round(s);
	check_eq(mig_precopy_info(s->fd, &info), 0);
	check_eq(info.dirty_bytes, 0);
}

/* As of a larger mode. */
static void new_memory_is_initial_data_again(struct env *env)
{
	const u32 v2 = VFIO_DEVICE_FEATURE_SET | MIG_PRECOPY_INFO_V2;
	struct vfio_precopy_info info;
	struct saving *s;

	if (mig_feature(&env->dev, v2, NULL, 0))
		skip_case("this kernel has no VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2");
	touch_some(env);
	s = begin(env);
	read_round(s);
	check_eq(mig_precopy_info(s->fd, &info), 0);
	check_eq(info.flags, 0);
	/* Where no huge page of the first ones is. */
	ram_write(env, ram_size(env) - PAGE, "x", 1);
	ram_write(env, CHANGED * PAGE, "x", 1);
	check_eq(mig_precopy_info(s->fd, &info), 0);
	check_eq(info.flags, VFIO_PRECOPY_INFO_REINIT);
	check(info.initial_bytes >= PAGE);
	read_round(s);
	check_eq(s->sent[ram_size(env) / PAGE - 1], 1);
	check_eq(s->sent[CHANGED], 1);
	check_eq(mig_precopy_info(s->fd, &info), 0);
	check_eq(info.flags, 0);
	check_eq(info.initial_bytes, 0);
	check_eq(info.dirty_bytes, 0);
}

#define WITH_MEMORY	(MDPY_VGA | MBOCHS_SMALL | EXAMPLE)

const struct test_case cases[] = {
	CASE(pages_are_sent_once, WITH_MEMORY | ONE_DOOR),
	CASE(a_change_is_sent_whichever_way_it_was_made, WITH_MEMORY),
	CASE(a_screen_that_is_cleared_is_sent, MBOCHS_SMALL | ONE_DOOR),
	CASE(an_idle_display_sends_little_after_the_first_round, MBOCHS_LARGE | ONE_DOOR),
	CASE(untouched_memory_is_not_sent_and_does_not_come_into_being, MBOCHS_LARGE | ONE_DOOR),
	CASE(touched_pages_alone_come_into_being_at_the_target, MBOCHS_LARGE | ONE_DOOR),
	CASE(a_target_has_the_memory_of_the_stream_and_nothing_else, WITH_MEMORY | ONE_DOOR),
	CASE(info_tells_the_bytes_left, WITH_MEMORY | ONE_DOOR),
	CASE(new_memory_is_initial_data_again, MBOCHS_SMALL | ONE_DOOR),
	{}
};
