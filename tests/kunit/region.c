// SPDX-License-Identifier: GPL-2.0-only
/* From an offset to a region, and from a region to its areas. */
#include <linux/mman.h>

#include "kunit.h"

#define BIG_BAR		0	/* 64 bits: takes BAR 1 as well */
#define REGS_BAR	2
#define IO_BAR		3
#define OTHER_REGION	16
#define NR_REGIONS	5	/* config space among them */

/* The parts of BIG_BAR. */
#define LOW_REGS_POS	0x00ULL
#define REGS_SIZE	0x20
#define MEMORY_POS	((u64)PAGE_SIZE)
#define MEMORY_SIZE	(2 * PAGE_SIZE)
/* Behind it without a gap, as the second register area. */
#define NEXT_POS	(MEMORY_POS + MEMORY_SIZE)
#define NEXT_SIZE	PAGE_SIZE
#define MORE_REGS_POS	(NEXT_POS + NEXT_SIZE)
#define HIGH_POS	0x100000000ULL
#define HIGH_REGS_POS	0x17fffff00ULL
#define BIG_SIZE	0x200000000ULL

#define REFUSED		0xee

/**
 * struct kunit_areas - a device with a region of many areas
 * @dev: must be first
 * @val: registers, the same in each area of them
 * @reads: how often any of them was read
 * @writes: and written
 * @job: what a write to IO_BAR queues and waits for
 * @ran: it has run
 */
struct kunit_areas {
	struct softpci_device dev;
	u8 val[REGS_SIZE];
	unsigned int reads;
	unsigned int writes;
	struct softpci_job job;
	bool ran;
};

static struct kunit_areas *to_areas(struct softpci_device *dev)
{
	return container_of(dev, struct kunit_areas, dev);
}

static u64 read_byte(struct softpci_device *dev, unsigned int i)
{
	to_areas(dev)->reads++;
	return to_areas(dev)->val[i];
}

static int write_byte(struct softpci_device *dev, unsigned int i, u64 val)
{
	to_areas(dev)->writes++;
	if (val == REFUSED)
		return -EINVAL;
	to_areas(dev)->val[i] = val;
	return 0;
}

static void run_job(struct softpci_device *dev, struct softpci_job *job)
{
	to_areas(dev)->ran = true;
}

static int areas_init(struct softpci_device *dev)
{
	softpci_job_init(&to_areas(dev)->job, run_job);
	return 0;
}

static int write_job(struct softpci_device *dev, unsigned int i, u64 val)
{
	softpci_queue_and_wait(dev, &to_areas(dev)->job);
	return 0;
}

static const struct softpci_reg bytes_table[] = {
	{
		.width = 1,
		.count = REGS_SIZE,
		.read = read_byte,
		.write = write_byte,
	},
};

static const struct softpci_reg job_table[] = {
	{ .width = 4, .write = write_job, },
};

static const struct softpci_area big_areas[] = {
	SOFTPCI_REGS_AREA(LOW_REGS_POS, REGS_SIZE, bytes_table),
	SOFTPCI_MEMORY_AREA(MEMORY_POS, MEMORY_SIZE, 0),
	SOFTPCI_MEMORY_AREA(NEXT_POS, NEXT_SIZE, 1),
	SOFTPCI_REGS_AREA(MORE_REGS_POS, REGS_SIZE, bytes_table),
	SOFTPCI_MEMORY_AREA(HIGH_POS, PAGE_SIZE, 2),
	SOFTPCI_REGS_AREA(HIGH_REGS_POS, REGS_SIZE, bytes_table),
};

static const struct softpci_area bytes_areas[] = {
	SOFTPCI_REGS_AREA(0, REGS_SIZE, bytes_table),
};

static const struct softpci_area job_areas[] = {
	SOFTPCI_REGS_AREA(0, 4, job_table),
};

static const struct softpci_region regions[] = {
	{
		.index = BIG_BAR,
		.bar = PCI_BASE_ADDRESS_MEM_PREFETCH |
		       PCI_BASE_ADDRESS_MEM_TYPE_64,
		.size = BIG_SIZE,
		.areas = big_areas,
		.nr_areas = ARRAY_SIZE(big_areas),
	},
	{
		.index = REGS_BAR,
		.size = 2 * REGS_SIZE,
		.areas = bytes_areas,
		.nr_areas = ARRAY_SIZE(bytes_areas),
	},
	{
		.index = IO_BAR,
		.bar = PCI_BASE_ADDRESS_SPACE_IO,
		.size = 8,
		.areas = job_areas,
		.nr_areas = ARRAY_SIZE(job_areas),
	},
	{ .index = OTHER_REGION, .size = SZ_4K + 1, },
};

static const struct softpci_memory_desc memories[] = {
	{ .size = MEMORY_SIZE, },
	{ .size = NEXT_SIZE, },
	{ .size = PAGE_SIZE, },
};

static const struct softpci_ops areas_ops = { .init = areas_init, };

static const struct softpci_model areas_model = {
	.device_size	= sizeof(struct kunit_areas),
	.ops		= &areas_ops,
	.regions	= regions,
	.nr_regions	= ARRAY_SIZE(regions),
	.memories	= memories,
	.nr_memories	= ARRAY_SIZE(memories),
};

static struct softpci_device *areas_device(struct kunit *test)
{
	return kunit_device(test, &areas_model)->dev;
}

static const struct softpci_window *window_of(struct softpci_device *dev,
					      u32 index)
{
	const struct softpci_window *win = dev->layout->window;

	while (win->index != index)
		win++;
	return win;
}

static void region_put(struct kunit *test, struct softpci_device *dev,
		       u32 index, u64 pos, unsigned int width, u32 val)
{
	KUNIT_EXPECT_EQ(test, kunit_write(dev, index, pos, width, val), 0);
}

static void regions_lie_apart_from_each_other(struct kunit *test)
{
	const struct softpci_layout *layout = areas_device(test)->layout;
	u64 end = 0;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, layout->nr_windows, NR_REGIONS);
	for (i = 0; i < layout->nr_windows; i++) {
		const struct softpci_window *win = &layout->window[i];

		KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(win->start));
		KUNIT_EXPECT_GE(test, win->start, end + PAGE_SIZE);
		KUNIT_EXPECT_GT(test, win->size, 0);
		end = win->start + win->size;
	}
	KUNIT_EXPECT_EQ(test, layout->window[i - 1].index, SOFTPCI_CONFIG_INDEX);
	KUNIT_EXPECT_NULL(test, layout->window[i - 1].region);
}

static void window_is_found_to_the_byte(struct kunit *test)
{
	const struct softpci_layout *layout = areas_device(test)->layout;
	unsigned int i, j;

	for (i = 0; i < layout->nr_windows; i++) {
		const struct softpci_window *win = &layout->window[i], *found;
		u64 start = win->start, size = win->size;
		const struct {
			u64 pos;
			u64 len;
			bool found;
		} edges[] = {
			{ start - 1, 1 },
			{ start - 1, 2 },
			{ start, 1, true },
			{ start, size - 1, true },
			{ start, size, true },
			{ start, size + 1 },
			{ start + 1, size - 1, true },
			{ start + 1, size },
			{ start + size - 1, 1, true },
			{ start + size - 1, 2 },
			{ start + size, 1 },
			/* The sum overflows: to just before it, into it, behind. */
			{ start, U64_MAX },
			{ start, -start },
			{ start, 1 - start },
			{ start + 1, U64_MAX },
			{ start + size - 1, U64_MAX },
			{ start + size - 1, 2 - start - size },
			{ start - 1, U64_MAX },
		};

		for (j = 0; j < ARRAY_SIZE(edges); j++) {
			found = softpci_find_window(layout, edges[j].pos,
						    edges[j].len);
			KUNIT_EXPECT_PTR_EQ_MSG(test, found,
						edges[j].found ? win : NULL,
						"window %u, edge %u", i, j);
		}
	}
}

static void nothing_is_found_far_away(struct kunit *test)
{
	const struct softpci_layout *layout = areas_device(test)->layout;
	static const u64 far[] = {
		0, 1, PAGE_SIZE - 1, BIT_ULL(40), BIT_ULL(62), S64_MAX,
		BIT_ULL(63), U64_MAX - 1, U64_MAX,
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(far); i++)
		for (j = 1; j < ARRAY_SIZE(far); j++)
			KUNIT_EXPECT_NULL_MSG(test,
					      softpci_find_window(layout, far[i],
								  far[j]),
					      "%llx, length %llx", far[i],
					      far[j]);
}

static void expect_area(struct kunit *test, const struct softpci_window *win,
			u64 pos, const struct softpci_area *expected, u64 left)
{
	u64 found = 0;

	KUNIT_EXPECT_PTR_EQ_MSG(test, find_area(win, pos, &found), expected,
				"at %llx", pos);
	KUNIT_EXPECT_EQ_MSG(test, found, left, "at %llx", pos);
}

static void area_is_found_to_the_byte(struct kunit *test)
{
	struct softpci_device *dev = areas_device(test);
	const struct softpci_window *win = window_of(dev, BIG_BAR);
	const struct softpci_area *areas = win->areas;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, win->nr_areas, ARRAY_SIZE(big_areas));
	for (i = 0; i < win->nr_areas; i++) {
		u64 start = areas[i].offset, size = areas[i].size;
		u64 next = i + 1 < win->nr_areas ? areas[i + 1].offset :
						   win->size;

		expect_area(test, win, start, &areas[i], size);
		expect_area(test, win, start + 1, &areas[i], size - 1);
		expect_area(test, win, start + size - 1, &areas[i], 1);
		if (start + size == next)
			continue;
		expect_area(test, win, start + size, &gap, next - start - size);
		expect_area(test, win, next - 1, &gap, 1);
	}

	/* A region may have none, and its end is not that of its areas. */
	expect_area(test, window_of(dev, OTHER_REGION), 0, &gap, SZ_4K + 1);
	expect_area(test, window_of(dev, REGS_BAR), REGS_SIZE, &gap, REGS_SIZE);
}

static void access_may_span_areas_and_gaps(struct kunit *test)
{
	struct softpci_device *dev = areas_device(test);
	size_t size = MORE_REGS_POS + PAGE_SIZE, i;
	u8 *buf, *got;

	buf = kunit_kmalloc(test, size, GFP_KERNEL);
	got = kunit_kzalloc(test, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_ASSERT_NOT_NULL(test, got);
	for (i = 0; i < size; i++)
		buf[i] = i % 101 + 1;

	KUNIT_ASSERT_EQ(test, kunit_access(dev, BIG_BAR, 0, buf, size, true),
			size);
	KUNIT_EXPECT_EQ(test, to_areas(dev)->writes, 2 * REGS_SIZE);
	KUNIT_ASSERT_EQ(test, kunit_access(dev, BIG_BAR, 0, got, size, false),
			size);
	/* Both areas of registers are the same ones. */
	memcpy(buf, buf + MORE_REGS_POS, REGS_SIZE);
	memset(buf + REGS_SIZE, 0, MEMORY_POS - REGS_SIZE);
	memset(buf + MORE_REGS_POS + REGS_SIZE, 0, PAGE_SIZE - REGS_SIZE);
	KUNIT_EXPECT_MEMEQ(test, got, buf, size);

	/* Two memories, one behind the other. */
	KUNIT_EXPECT_EQ(test, kunit_read(dev, BIG_BAR, NEXT_POS - 2, 4),
			get32(buf, NEXT_POS - 2));
	KUNIT_EXPECT_EQ(test, softpci_memory_read(dev, 1, 0, got, 2), 0);
	KUNIT_EXPECT_MEMEQ(test, got, buf + NEXT_POS, 2);
	KUNIT_EXPECT_EQ(test, softpci_memory_read(dev, 0, MEMORY_SIZE - 2, got,
						  2), 0);
	KUNIT_EXPECT_MEMEQ(test, got, buf + NEXT_POS - 2, 2);
}

static void areas_beyond_4_gib_are_reached(struct kunit *test)
{
	struct softpci_device *dev = areas_device(test);
	u32 val = 0;

	region_put(test, dev, BIG_BAR, HIGH_POS, 4, 0x11223344);
	region_put(test, dev, BIG_BAR, HIGH_REGS_POS, 4, 0x55667788);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, BIG_BAR, HIGH_POS, 4),
			0x11223344);
	KUNIT_EXPECT_EQ(test, softpci_memory_read(dev, 2, 0, &val, 4), 0);
	KUNIT_EXPECT_EQ(test, le32_to_cpu((__force __le32)val), 0x11223344);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, BIG_BAR, HIGH_REGS_POS, 4),
			0x55667788);

	/* Nothing is where an offset cut to 32 bits would lead. */
	KUNIT_EXPECT_EQ(test, kunit_read(dev, BIG_BAR, (u32)HIGH_REGS_POS, 4),
			0);
	region_put(test, dev, BIG_BAR, HIGH_POS + LOW_REGS_POS + PAGE_SIZE, 4,
		   0x99999999);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, BIG_BAR, MEMORY_POS, 4), 0);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, BIG_BAR, BIG_SIZE - 4, 4),
			0);
}

static void access_ends_with_the_region(struct kunit *test)
{
	struct softpci_device *dev = areas_device(test);
	u8 buf[8] = {};

	KUNIT_EXPECT_EQ(test, kunit_access(dev, REGS_BAR, 2 * REGS_SIZE - 3,
					   buf, 8, false), 3);
	KUNIT_EXPECT_EQ(test, kunit_access(dev, REGS_BAR, 2 * REGS_SIZE - 3,
					   buf, 8, true), 3);
	KUNIT_EXPECT_EQ(test, kunit_access(dev, REGS_BAR, 2 * REGS_SIZE, buf, 1,
					   false), -EINVAL);
	KUNIT_EXPECT_EQ(test, kunit_access(dev, REGS_BAR, U64_MAX, buf, 8,
					   true), -EINVAL);
	KUNIT_EXPECT_EQ(test, kunit_access(dev, REGS_BAR, 0, buf, 0, true), 0);
}

static void refused_value_ends_an_access_in_any_area(struct kunit *test)
{
	struct softpci_device *dev = areas_device(test);
	u8 buf[8] = { 1, 2, 3, 4, REFUSED, 6, 7, 8 };

	KUNIT_EXPECT_EQ(test, kunit_access(dev, BIG_BAR, MORE_REGS_POS - 4, buf,
					   8, true), 4);
	KUNIT_EXPECT_EQ(test, to_areas(dev)->val[0], 0);
	KUNIT_EXPECT_EQ(test, kunit_access(dev, BIG_BAR, MORE_REGS_POS - 3, buf,
					   8, true), 4);
	KUNIT_EXPECT_EQ(test, to_areas(dev)->val[0], 4);
	KUNIT_EXPECT_EQ(test, to_areas(dev)->val[1], 0);
	KUNIT_EXPECT_EQ(test, kunit_access(dev, BIG_BAR, MORE_REGS_POS, buf + 4,
					   4, true), -EINVAL);
}

/* Registers are not called for it; a region that is no BAR does not care. */
static void absent_bar_reads_all_ones_and_ignores_writes(struct kunit *test)
{
	struct softpci_device *dev = areas_device(test);
	struct kunit_areas *areas = to_areas(dev);
	static const u64 at[] = {
		LOW_REGS_POS, REGS_SIZE - 2, MEMORY_POS - 4, MEMORY_POS,
		NEXT_POS - 4, MORE_REGS_POS - 3, HIGH_POS, HIGH_REGS_POS,
		BIG_SIZE - 8,
	};
	u8 ones[8], buf[8];
	unsigned int i, len;

	memset(ones, 0xff, sizeof(ones));
	region_put(test, dev, BIG_BAR, MEMORY_POS, 4, 0x12345678);
	kunit_config_write(dev, PCI_COMMAND, 2,
			   PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	for (i = 0; i < ARRAY_SIZE(at); i++)
		for (len = 1; len <= sizeof(buf); len++) {
			memset(buf, 0x5a, sizeof(buf));
			KUNIT_ASSERT_EQ(test,
					kunit_access(dev, BIG_BAR, at[i], buf,
						     len, true), len);
			KUNIT_ASSERT_EQ(test,
					kunit_access(dev, BIG_BAR, at[i], buf,
						     len, false), len);
			KUNIT_ASSERT_MEMEQ(test, buf, ones, len);
		}
	KUNIT_EXPECT_EQ(test, kunit_read(dev, REGS_BAR, 0, 4), ~0U);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, REGS_BAR, REGS_SIZE, 4),
			~0U);
	KUNIT_EXPECT_EQ(test, areas->reads, 0);
	KUNIT_EXPECT_EQ(test, areas->writes, 0);

	/* The other kind of BAR is there, and what is none. */
	KUNIT_EXPECT_EQ(test, kunit_read(dev, IO_BAR, 0, 4), 0);
	kunit_config_write(dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, IO_BAR, 0, 4), ~0U);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, BIG_BAR, MEMORY_POS, 4),
			0x12345678);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, BIG_BAR, NEXT_POS - 4, 4),
			0);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, BIG_BAR, 0, 4), 0);

	kunit_config_write(dev, dev->layout->pm + PCI_PM_CTRL, 2, 3);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, BIG_BAR, MEMORY_POS, 4),
			~0U);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, REGS_BAR, 0, 1), 0xff);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, OTHER_REGION, 0, 4), 0);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, PCI_COMMAND, 1),
			PCI_COMMAND_MEMORY);
}

static void write_returns_when_the_job_that_it_waits_for_is_done(struct kunit *test)
{
	struct softpci_device *dev = areas_device(test);
	unsigned int i;

	for (i = 0; i < 20; i++) {
		to_areas(dev)->ran = false;
		region_put(test, dev, IO_BAR, 0, 4, 1);
		KUNIT_ASSERT_TRUE(test, to_areas(dev)->ran);
	}
	KUNIT_EXPECT_EQ(test, dev->jobs.awaited, 0);
}

static u8 __user *user_pages(struct kunit *test, unsigned int nr)
{
	unsigned long at;

	at = kunit_vm_mmap(test, NULL, 0, (nr + 1) * PAGE_SIZE,
			   PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE,
			   0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(at));
	/* Nothing behind them. */
	KUNIT_ASSERT_EQ(test, vm_munmap(at + nr * PAGE_SIZE, PAGE_SIZE), 0);
	return (u8 __user *)at;
}

static void user_access_may_span_areas_and_gaps(struct kunit *test)
{
	struct softpci_device *dev = areas_device(test);
	u8 __user *user = user_pages(test, 1);
	loff_t start = window_of(dev, BIG_BAR)->start;
	u8 buf[64], got[64], expected[64] = {};
	loff_t pos;
	size_t i;

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = i + 1;
	KUNIT_ASSERT_EQ(test, copy_to_user(user, buf, sizeof(buf)), 0);

	/* The second memory, registers, a gap. */
	pos = start + MORE_REGS_POS - 16;
	KUNIT_EXPECT_EQ(test, softpci_user_write(dev, user, sizeof(buf), &pos),
			sizeof(buf));
	KUNIT_EXPECT_EQ(test, pos, start + MORE_REGS_POS + 48);
	pos = start + MORE_REGS_POS - 16;
	KUNIT_EXPECT_EQ(test, softpci_user_read(dev, user, sizeof(buf), &pos),
			sizeof(buf));
	KUNIT_EXPECT_EQ(test, pos, start + MORE_REGS_POS + 48);
	KUNIT_ASSERT_EQ(test, copy_from_user(got, user, sizeof(got)), 0);
	memcpy(expected, buf, 16 + REGS_SIZE);
	KUNIT_EXPECT_MEMEQ(test, got, expected, sizeof(got));
	KUNIT_EXPECT_EQ(test, softpci_memory_read(dev, 1, NEXT_SIZE - 16, got,
						  16), 0);
	KUNIT_EXPECT_MEMEQ(test, got, buf, 16);

	/* To the end of a region, and not on to the next one. */
	pos = start + BIG_SIZE - 8;
	KUNIT_EXPECT_EQ(test, softpci_user_read(dev, user, sizeof(buf), &pos),
			8);
	KUNIT_EXPECT_EQ(test, softpci_user_read(dev, user, sizeof(buf), &pos),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, pos, start + BIG_SIZE);
	KUNIT_EXPECT_EQ(test, softpci_user_read(dev, user, 0, &pos), 0);
}

static void read_that_cannot_be_returned_has_no_effect(struct kunit *test)
{
	struct softpci_device *dev = areas_device(test);
	u8 __user *hole = user_pages(test, 1) + PAGE_SIZE;
	loff_t start = window_of(dev, REGS_BAR)->start, pos = start;
	unsigned int len;

	for (len = 1; len <= 16; len++) {
		KUNIT_EXPECT_EQ(test, softpci_user_read(dev, hole, len, &pos),
				-EFAULT);
		KUNIT_EXPECT_EQ(test, softpci_user_write(dev, hole, len, &pos),
				-EFAULT);
	}
	KUNIT_EXPECT_EQ(test, pos, start);
	KUNIT_EXPECT_EQ(test, to_areas(dev)->reads, 0);
	KUNIT_EXPECT_EQ(test, to_areas(dev)->writes, 0);

	/* Of a buffer that ends early, those that can be. */
	KUNIT_EXPECT_EQ(test, softpci_user_read(dev, hole - 3, 8, &pos), 3);
	KUNIT_EXPECT_EQ(test, to_areas(dev)->reads, 3);
	KUNIT_EXPECT_EQ(test, pos, start + 3);

	/* Over the edge of two areas. */
	start = window_of(dev, BIG_BAR)->start;
	pos = start + MEMORY_POS - 4;
	KUNIT_EXPECT_EQ(test, softpci_user_read(dev, hole - 4, 8, &pos), 4);
	KUNIT_EXPECT_EQ(test, pos, start + MEMORY_POS);
	KUNIT_EXPECT_EQ(test, softpci_user_read(dev, hole, 8, &pos), -EFAULT);
}

static void user_sees_all_ones_in_an_absent_bar(struct kunit *test)
{
	struct softpci_device *dev = areas_device(test);
	u8 __user *user = user_pages(test, 1);
	loff_t pos = window_of(dev, BIG_BAR)->start + NEXT_POS - 4;
	u8 got[8], ones[8];

	memset(ones, 0xff, sizeof(ones));
	kunit_config_write(dev, PCI_COMMAND, 2, 0);
	KUNIT_EXPECT_EQ(test, softpci_user_read(dev, user, 8, &pos), 8);
	KUNIT_ASSERT_EQ(test, copy_from_user(got, user, sizeof(got)), 0);
	KUNIT_EXPECT_MEMEQ(test, got, ones, sizeof(got));
	pos -= 8;
	KUNIT_EXPECT_EQ(test, softpci_user_write(dev, user, 8, &pos), 8);
	kunit_config_write(dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, BIG_BAR, NEXT_POS - 4, 4),
			0);
}

static void only_what_is_inside_an_area_of_memory_can_be_mapped(struct kunit *test)
{
	struct softpci_device *dev = areas_device(test);
	u64 start = window_of(dev, BIG_BAR)->start;
	struct vm_area_struct *vma;
	const struct {
		u64 pos;
		u64 pages;
	} refused[] = {
		{ start, 1 },					/* registers */
		{ start, 2 },
		{ start + MEMORY_POS, 3 },			/* two memories */
		{ start + NEXT_POS, 2 },			/* and registers */
		{ start + MORE_REGS_POS + PAGE_SIZE, 1 },	/* a gap */
		{ start + HIGH_POS, 2 },
		{ start + HIGH_POS - PAGE_SIZE, 1 },
		{ start + BIG_SIZE - PAGE_SIZE, 2 },		/* past the end */
		{ window_of(dev, OTHER_REGION)->start, 1 },
		{ window_of(dev, SOFTPCI_CONFIG_INDEX)->start, 1 },
		{ 0, 1 },
	};
	unsigned int i;

	vma = kunit_kzalloc(test, sizeof(*vma), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vma);
	vma->vm_start = PAGE_SIZE;
	vm_flags_init(vma, VM_SHARED);
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		vma->vm_end = vma->vm_start + refused[i].pages * PAGE_SIZE;
		KUNIT_EXPECT_EQ_MSG(test,
				    softpci_mmap(dev, vma, refused[i].pos),
				    -EINVAL, "%u", i);
	}

	/* Nor can memory be, in private. */
	vma->vm_end = vma->vm_start + PAGE_SIZE;
	vm_flags_init(vma, 0);
	KUNIT_EXPECT_EQ(test, softpci_mmap(dev, vma, start + MEMORY_POS),
			-EINVAL);
	for (i = 0; i < ARRAY_SIZE(memories); i++)
		KUNIT_EXPECT_FALSE(test, dev->memory[i].mapped);
}

static struct kunit_case region_cases[] = {
	KUNIT_CASE(regions_lie_apart_from_each_other),
	KUNIT_CASE(window_is_found_to_the_byte),
	KUNIT_CASE(nothing_is_found_far_away),
	KUNIT_CASE(area_is_found_to_the_byte),
	KUNIT_CASE(access_may_span_areas_and_gaps),
	KUNIT_CASE(areas_beyond_4_gib_are_reached),
	KUNIT_CASE(access_ends_with_the_region),
	KUNIT_CASE(refused_value_ends_an_access_in_any_area),
	KUNIT_CASE(absent_bar_reads_all_ones_and_ignores_writes),
	KUNIT_CASE(write_returns_when_the_job_that_it_waits_for_is_done),
	KUNIT_CASE(user_access_may_span_areas_and_gaps),
	KUNIT_CASE(read_that_cannot_be_returned_has_no_effect),
	KUNIT_CASE(user_sees_all_ones_in_an_absent_bar),
	KUNIT_CASE(only_what_is_inside_an_area_of_memory_can_be_mapped),
	{}
};

static struct kunit_suite region_suite = {
	.name = "softpci-region",
	.test_cases = region_cases,
};

kunit_test_suite(region_suite);
