// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of the guest's memory that a device has written by DMA, as they are told by
 * the device (VFIO_DEVICE_FEATURE_DMA_LOGGING_START) and by VFIO's container.
 */
#include <sched.h>
#include <sys/ioctl.h>

#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/example.h"
#include "../lib/irq.h"
#include "../lib/migration.h"

#define PAGE		4096ULL
#define PAGES		64
#define SIZE		(PAGES * PAGE)
#define SOURCE		0x10000ULL
/* Above what 32 bits reach. */
#define TARGET		0x120000000ULL
#define NOWHERE		0x40000000ULL

#define START		(VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START)
#define STOP		(VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP)
#define REPORT		(VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT)

/* As many pages as a word has bits. */
typedef u64 bitmap;

static bitmap pages_below(u64 n)
{
	return n == PAGES ? ~0ULL : (1ULL << n) - 1;
}

static bitmap page_bits(u64 from, u64 to)
{
	return pages_below(to) & ~pages_below(from);
}

struct range {
	u64 iova, length;
};

static int __log_start(const struct vfio *v, u64 page_size, const struct range *ranges, u32 nr)
{
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = page_size, .num_ranges = nr, .ranges = (uintptr_t)ranges,
	};
	int ret;

	ret = mig_feature(v, START, &control, sizeof(control));
	/* The size of the pages in the log, which may be another than the one asked for. */
	if (!ret)
		check_eq(control.page_size, PAGE);
	return ret;
}

static int __log_stop(const struct vfio *v)
{
	return mig_feature(v, STOP, NULL, 0);
}

static int __log_report(const struct vfio *v, u64 iova, u64 length, u64 page_size,
			bitmap *bits)
{
	struct vfio_device_feature_dma_logging_report report = {
		.iova = iova, .length = length, .page_size = page_size,
		.bitmap = (uintptr_t)bits,
	};

	return mig_feature(v, REPORT, &report, sizeof(report));
}

static const struct range window = { TARGET, SIZE };

static void log_start(const struct vfio *v)
{
	check_eq(__log_start(v, PAGE, &window, 1), 0);
}

/* Pages of the window; they are no longer in the log then. */
static bitmap log_take(const struct vfio *v)
{
	bitmap bits = 0;

	check_eq(__log_report(v, TARGET, SIZE, PAGE, &bits), 0);
	return bits;
}

static void need_log(const struct vfio *v)
{
	if (!mig_has_dma_log(v))
		skip_case("no log of DMA here: VFIO cannot report from one (no IOMMUFD_DRIVER)");
}

/* Two windows of memory, and an eventfd for the device's message. */
static s32 set_up(struct env *env)
{
	s32 event;

	dma_map(&env->dev, SOURCE, dma_memory(SIZE), SIZE, DMA_RW);
	dma_map(&env->dev, TARGET, dma_memory(SIZE), SIZE, DMA_RW);
	irq_enable(&env->dev, MSIX, 1, &event);
	return event;
}

static void copy(struct env *env, s32 event, u64 to, u64 len)
{
	check_eq(example_copy(&env->dev, event, to, SOURCE, len), COPIED);
}

static const struct {
	u64 offset, len;
} writes[] = {
	{ 0, 1 }, { PAGE - 1, 1 }, { PAGE, PAGE }, { 5 * PAGE + 100, 200 },
	/* Over the end of a page, and of several. */
	{ 7 * PAGE - 1, 2 }, { 8 * PAGE + 8, 3 * PAGE }, { 0, SIZE }, { SIZE - 1, 1 },
	{ 3 * PAGE, 0 },
};

static bitmap pages_of(u64 offset, u64 len)
{
	return len ? page_bits(offset / PAGE, (offset + len - 1) / PAGE + 1) : 0;
}

static void pages_that_dma_wrote_are_reported_once(struct env *env)
{
	s32 event = set_up(env);
	unsigned int i;

	need_log(&env->dev);
	log_start(&env->dev);
	check_eq(log_take(&env->dev), 0);
	for (i = 0; i < ARRAY_SIZE(writes); i++) {
		copy(env, event, TARGET + writes[i].offset, writes[i].len);
		note("%#llx bytes at %#llx", writes[i].len, writes[i].offset);
		check_eq(log_take(&env->dev), pages_of(writes[i].offset, writes[i].len));
		check_eq(log_take(&env->dev), 0);
	}
	/* All that came between two reports. */
	copy(env, event, TARGET + 2 * PAGE, 1);
	copy(env, event, TARGET + 40 * PAGE, 1);
	check_eq(log_take(&env->dev), 1ULL << 2 | 1ULL << 40);
}

static void pages_that_dma_read_are_not_logged(struct env *env)
{
	s32 event = set_up(env);
	bitmap bits = 0;

	need_log(&env->dev);
	log_start(&env->dev);
	copy(env, event, TARGET, PAGE);
	check_eq(__log_report(&env->dev, SOURCE, SIZE, PAGE, &bits), 0);
	check_eq(bits, 0);
}

static void a_report_takes_only_pages_that_it_asks_for(struct env *env)
{
	s32 event = set_up(env);
	bitmap bits = 0;

	need_log(&env->dev);
	log_start(&env->dev);
	copy(env, event, TARGET, SIZE);
	check_eq(__log_report(&env->dev, TARGET + 8 * PAGE, 16 * PAGE, PAGE, &bits), 0);
	check_eq(bits, page_bits(0, 16));
	check_eq(__log_report(&env->dev, NOWHERE, SIZE, PAGE, &bits), 0);
	check_eq(log_take(&env->dev), ~page_bits(8, 24));
}

static void a_report_adds_to_the_bitmap(struct env *env)
{
	s32 event = set_up(env);
	bitmap bits = 1ULL << 63;

	need_log(&env->dev);
	log_start(&env->dev);
	copy(env, event, TARGET + 3 * PAGE, 1);
	check_eq(__log_report(&env->dev, TARGET, SIZE, PAGE, &bits), 0);
	check_eq(bits, 1ULL << 63 | 1ULL << 3);
}

static void a_report_in_larger_pages_has_a_bit_for_each(struct env *env)
{
	s32 event = set_up(env);
	bitmap bits = 0;

	need_log(&env->dev);
	log_start(&env->dev);
	copy(env, event, TARGET + 17 * PAGE, 1);
	copy(env, event, TARGET + 47 * PAGE, 2 * PAGE);
	check_eq(__log_report(&env->dev, TARGET, SIZE, 16 * PAGE, &bits), 0);
	check_eq(bits, 1 << 1 | 1 << 2 | 1 << 3);
	check_eq(log_take(&env->dev), 0);
}

/* Ranges are not a filter: QEMU and others ask for those that they started. */
static void several_ranges_are_logged(struct env *env)
{
	const struct range ranges[] = {
		{ TARGET + 32 * PAGE, 8 * PAGE }, { TARGET, 8 * PAGE }, { SOURCE, SIZE },
	};
	s32 event = set_up(env);
	bitmap bits;
	unsigned int i;

	need_log(&env->dev);
	check_eq(__log_start(&env->dev, PAGE, ranges, ARRAY_SIZE(ranges)), 0);
	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		check_eq(example_copy(&env->dev, event, ranges[i].iova + (i + 1) * PAGE,
				      SOURCE + 32 * PAGE, 1), COPIED);
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		bits = 0;
		note("range %u", i);
		check_eq(__log_report(&env->dev, ranges[i].iova, ranges[i].length, PAGE, &bits),
			 0);
		check_eq(bits, 1 << (i + 1));
	}
}

/* Some of it may have been written. */
static void a_copy_that_fails_in_its_middle_is_logged(struct env *env)
{
	s32 event = set_up(env);
	bitmap got;

	need_log(&env->dev);
	log_start(&env->dev);
	check_eq(example_copy(&env->dev, event, TARGET + SIZE - PAGE, SOURCE, 2 * PAGE), FAILED);
	got = log_take(&env->dev);
	check_eq(got, 1ULL << (PAGES - 1));
}

static void log_is_started_once_and_stopped_once(struct env *env)
{
	s32 event = set_up(env);
	bitmap bits = 0;

	need_log(&env->dev);
	check_eq(__log_stop(&env->dev), -EINVAL);
	check_eq(__log_report(&env->dev, TARGET, SIZE, PAGE, &bits), -EINVAL);
	copy(env, event, TARGET, PAGE);
	log_start(&env->dev);
	/* Nothing from before. */
	check_eq(log_take(&env->dev), 0);
	copy(env, event, TARGET, PAGE);
	check_eq(__log_start(&env->dev, PAGE, &window, 1), -EINVAL);
	check_eq(log_take(&env->dev), 1);
	copy(env, event, TARGET, PAGE);
	check_eq(__log_stop(&env->dev), 0);
	check_eq(__log_stop(&env->dev), -EINVAL);
	check_eq(__log_report(&env->dev, TARGET, SIZE, PAGE, &bits), -EINVAL);
	check_eq(bits, 0);
	log_start(&env->dev);
	check_eq(log_take(&env->dev), 0);
}

static void bad_ranges_are_refused(struct env *env)
{
	static struct range many[300];
	const struct range overlapping[] = { { TARGET, 2 * PAGE }, { TARGET + PAGE, PAGE } };
	const struct range unaligned[] = { { TARGET + 1, PAGE } };
	const struct range odd[] = { { TARGET, PAGE + 1 } };
	const struct range wraps[] = { { -PAGE, 2 * PAGE } };
	const struct vfio *v = &env->dev;
	bitmap bits = 0;

	need_log(v);
	check_eq(__log_start(v, PAGE, &window, 0), -EINVAL);
	check_eq(__log_start(v, PAGE, many, ARRAY_SIZE(many)), -E2BIG);
	check_eq(__log_start(v, PAGE, NULL, 1), -EFAULT);
	check_eq(__log_start(v, PAGE, overlapping, 2), -EINVAL);
	check_eq(__log_start(v, PAGE, unaligned, 1), -EINVAL);
	check_eq(__log_start(v, PAGE, odd, 1), -EINVAL);
	check_eq(__log_start(v, PAGE, wraps, 1), -EOVERFLOW);
	/* None of them started it. */
	check_eq(__log_stop(v), -EINVAL);
	log_start(v);
	check_eq(__log_report(v, TARGET, SIZE, PAGE / 2, &bits), -EINVAL);
	check_eq(__log_report(v, TARGET, SIZE, 3 * PAGE, &bits), -EINVAL);
	check_eq(__log_report(v, -PAGE, 2 * PAGE, PAGE, &bits), -EOVERFLOW);
	check_eq(__log_report(v, TARGET + PAGE / 2, PAGE, PAGE, &bits), -EINVAL);
	check_eq(bits, 0);
}

/* And a log that a user left on is off for the next one. */
static void log_ends_when_the_device_is_closed(struct env *env)
{
	s32 event = set_up(env);

	need_log(&env->dev);
	log_start(&env->dev);
	copy(env, event, TARGET, SIZE);
	env_reopen(env);
	check_eq(__log_stop(&env->dev), -EINVAL);
	log_start(&env->dev);
	check_eq(log_take(&env->dev), 0);
}

/* A reset ends migration; the VMM that resets a device still wants its dirty pages. */
static void log_survives_a_reset(struct env *env)
{
	s32 event = set_up(env);

	need_log(&env->dev);
	log_start(&env->dev);
	copy(env, event, TARGET + PAGE, 1);
	vfio_reset(&env->dev);
	check_eq(log_take(&env->dev), 1 << 1);
	check_eq(__log_stop(&env->dev), 0);
}

/* Pages are logged before the copy is over, so that a stop knows all of them. */
static void a_stopped_device_has_logged_all(struct env *env)
{
	unsigned int i;

	set_up(env);
	need_log(&env->dev);
	log_start(&env->dev);
	for (i = 0; i < 20; i++) {
		bool copied;

		mig_go(&env->dev, MIG_RUNNING);
		/* The one before, which may have been stopped in the queue. */
		while (example_get(&env->dev, EXAMPLE_STATUS) == BUSY)
			sched_yield();
		log_take(&env->dev);
		example_start(&env->dev, TARGET, SOURCE, SIZE, 0);
		mig_go(&env->dev, MIG_STOP);
		copied = example_get(&env->dev, EXAMPLE_STATUS) == COPIED;
		check_eq(log_take(&env->dev), copied ? ~0ULL : 0);
	}
}

static void a_device_without_dma_has_nothing_to_report(struct env *env)
{
	u8 *memory = dma_memory(SIZE);

	need_log(&env->dev);
	dma_map(&env->dev, TARGET, memory, SIZE, DMA_RW);
	log_start(&env->dev);
	region_write(&env->dev, CONFIG, PCI_INTERRUPT_LINE, "x", 1);
	vfio_reset(&env->dev);
	check_eq(log_take(&env->dev), 0);
	check_eq(__log_stop(&env->dev), 0);
}

static void log_is_offered_where_it_can_report(struct env *env)
{
	const struct vfio *v = &env->dev;
	bitmap bits = 0;

	if (mig_has_dma_log(v)) {
		check_eq(mig_feature(v, VFIO_DEVICE_FEATURE_PROBE | START, NULL, 0), 0);
		check_eq(mig_feature(v, VFIO_DEVICE_FEATURE_PROBE | STOP, NULL, 0), 0);
		check_eq(mig_feature(v, VFIO_DEVICE_FEATURE_PROBE | REPORT, NULL, 0), 0);
		log_start(v);
		check_eq(log_take(v), 0);
	} else {
		check_eq(__log_start(v, PAGE, &window, 1), -ENOTTY);
		check_eq(__log_stop(v), -ENOTTY);
		check_eq(__log_report(v, TARGET, SIZE, PAGE, &bits), -ENOTTY);
	}
}

/* The container's own log. */

static int container_log(const struct vfio *v, u32 flags)
{
	struct vfio_iommu_type1_dirty_bitmap dirty = { .argsz = sizeof(dirty), .flags = flags };

	return sys(ioctl(v->iommu, VFIO_IOMMU_DIRTY_PAGES, &dirty));
}

static bitmap container_take(const struct vfio *v)
{
	bitmap bits = 0;
	struct {
		struct vfio_iommu_type1_dirty_bitmap dirty;
		struct vfio_iommu_type1_dirty_bitmap_get get;
	} call = {
		.dirty = { sizeof(call), VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP },
		.get = { TARGET, SIZE, { PAGE, sizeof(bits), (void *)&bits } },
	};

	check_eq(sys(ioctl(v->iommu, VFIO_IOMMU_DIRTY_PAGES, &call)), 0);
	return bits;
}

static void the_container_knows_the_pages_that_dma_wrote(struct env *env)
{
	s32 event = set_up(env);
	unsigned int i;

	if (env->dev.group < 0)
		skip_case("an iommufd has no log of accesses by devices that are emulated");
	check_eq(container_log(&env->dev, VFIO_IOMMU_DIRTY_PAGES_FLAG_START), 0);
	/* Before the log began, all may have been written. */
	container_take(&env->dev);
	check_eq(container_take(&env->dev), 0);
	for (i = 0; i < ARRAY_SIZE(writes); i++) {
		copy(env, event, TARGET + writes[i].offset, writes[i].len);
		note("%#llx bytes at %#llx", writes[i].len, writes[i].offset);
		check_eq(container_take(&env->dev), pages_of(writes[i].offset, writes[i].len));
		check_eq(container_take(&env->dev), 0);
	}
	check_eq(container_log(&env->dev, VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP), 0);
}

const struct test_case cases[] = {
	CASE(log_is_offered_where_it_can_report, EACH),
	CASE(pages_that_dma_wrote_are_reported_once, EXAMPLE),
	CASE(pages_that_dma_read_are_not_logged, EXAMPLE),
	CASE(a_report_takes_only_pages_that_it_asks_for, EXAMPLE),
	CASE(a_report_adds_to_the_bitmap, EXAMPLE),
	CASE(a_report_in_larger_pages_has_a_bit_for_each, EXAMPLE),
	CASE(several_ranges_are_logged, EXAMPLE),
	CASE(a_copy_that_fails_in_its_middle_is_logged, EXAMPLE),
	CASE(log_is_started_once_and_stopped_once, EXAMPLE),
	CASE(bad_ranges_are_refused, EXAMPLE),
	CASE(log_ends_when_the_device_is_closed, EXAMPLE),
	CASE(log_survives_a_reset, EXAMPLE),
	CASE(a_stopped_device_has_logged_all, EXAMPLE),
	CASE(a_device_without_dma_has_nothing_to_report, MDPY_VGA | MBOCHS_SMALL | MTTY_2),
	CASE(the_container_knows_the_pages_that_dma_wrote, EXAMPLE),
	{}
};
