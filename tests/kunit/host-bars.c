// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory behind BARs: how it is found and handed out.  It is memory of the test's
 * own, which has an address on the bus by name only.
 */
#include <linux/vmalloc.h>

#include "kunit.h"

#define TEST_PHYS	0x70001000ull
#define TEST_PAGES	15

static struct bars_pool kept;

static int bars_test_init(struct kunit *test)
{
	void *mem;

	mutex_lock(&pool.taking);
	kept = pool;
	mutex_unlock(&pool.taking);
	if (kept.kva) {
		kunit_skip(test, "the module has memory for BARs already");
		return 0;
	}
	mem = vmalloc(TEST_PAGES * PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, mem);
	memset(mem, 0xaa, TEST_PAGES * PAGE_SIZE);
	pool.nr_pages = TEST_PAGES;
	pool.used = bitmap_zalloc(TEST_PAGES, GFP_KERNEL);
	pool.window.start = TEST_PHYS;
	pool.window.end = TEST_PHYS + TEST_PAGES * PAGE_SIZE - 1;
	pool.kva = (void __iomem __force *)mem;
	KUNIT_ASSERT_NOT_NULL(test, pool.used);
	return 0;
}

static void bars_test_exit(struct kunit *test)
{
	if (kept.kva)
		return;
	vfree((void __force *)pool.kva);
	bitmap_free(pool.used);
	pool.kva = NULL;
	pool.used = NULL;
	pool.nr_pages = 0;
	pool.window.start = 0;
	pool.window.end = 0;
}

static void memory_of_a_bar_is_aligned_to_its_size(struct kunit *test)
{
	struct softpci_bar bar = {};

	/* 4 pages from a multiple of 4 pages on: TEST_PHYS is none. */
	KUNIT_ASSERT_EQ(test, softpci_bars_alloc(&bar, SZ_16K, false), 0);
	KUNIT_EXPECT_EQ(test, bar.phys, 0x70004000);
	KUNIT_EXPECT_EQ(test, bar.size, SZ_16K);
	KUNIT_EXPECT_PTR_EQ(test, (void __force *)bar.kva,
			    (void __force *)(pool.kva + 3 * PAGE_SIZE));
	softpci_bars_free(&bar);
	KUNIT_EXPECT_EQ(test, bar.phys, 0);
}

static void memory_of_a_bar_reads_zero(struct kunit *test)
{
	struct softpci_bar bar = {};
	u8 *mem = (u8 __force *)pool.kva;

	KUNIT_ASSERT_EQ(test, softpci_bars_alloc(&bar, SZ_4K, false), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(mem, 0, SZ_4K));
	KUNIT_EXPECT_EQ(test, mem[SZ_4K], 0xaa);
	mem[0] = 1;
	softpci_bars_free(&bar);
	KUNIT_ASSERT_EQ(test, softpci_bars_alloc(&bar, SZ_4K, false), 0);
	KUNIT_EXPECT_EQ(test, mem[0], 0);
}

static void several_virtual_functions_share_one_allocation(struct kunit *test)
{
	struct softpci_bar bar = {};

	KUNIT_ASSERT_EQ(test, softpci_bars_alloc(&bar, 3 * SZ_8K, true), 0);
	KUNIT_EXPECT_EQ(test, bar.phys, 0x70002000);
	KUNIT_EXPECT_EQ(test, bar.size, 3 * SZ_8K);
}

static void memory_is_handed_out_once(struct kunit *test)
{
	struct softpci_bar bar[TEST_PAGES + 1] = {};
	unsigned int i;

	for (i = 0; i < TEST_PAGES; i++)
		KUNIT_EXPECT_EQ(test, softpci_bars_alloc(&bar[i], SZ_4K, false),
				0);
	KUNIT_EXPECT_EQ(test, softpci_bars_alloc(&bar[i], SZ_4K, false),
			-ENOSPC);
	KUNIT_EXPECT_EQ(test, bar[i].phys, 0);
	softpci_bars_free(&bar[7]);
	KUNIT_EXPECT_EQ(test, softpci_bars_alloc(&bar[i], SZ_4K, false), 0);
	KUNIT_EXPECT_EQ(test, bar[i].phys, TEST_PHYS + 7 * PAGE_SIZE);
}

static void bar_larger_than_all_memory_is_refused(struct kunit *test)
{
	struct softpci_bar bar = {};

	KUNIT_EXPECT_EQ(test, softpci_bars_alloc(&bar, SZ_1M, false), -ENOSPC);
	KUNIT_EXPECT_EQ(test, softpci_bars_alloc(&bar, SZ_4G * 4, true),
			-ENOSPC);
}

static void memory_beyond_4_gib_needs_64_bits(struct kunit *test)
{
	struct softpci_bar bar = {};

	pool.window.start += SZ_4G;
	pool.window.end += SZ_4G;
	KUNIT_EXPECT_EQ(test, softpci_bars_alloc(&bar, SZ_4K, false), -ENOSPC);
	KUNIT_EXPECT_EQ(test, softpci_bars_alloc(&bar, SZ_4K, true), 0);
	KUNIT_EXPECT_EQ(test, bar.phys, TEST_PHYS + SZ_4G);
}

static void address_is_found_inside_of_bars_only(struct kunit *test)
{
	struct softpci_bar bar = {};
	u8 *mem = (u8 __force *)pool.kva;

	KUNIT_EXPECT_NULL(test, (void __force *)softpci_bars_at(TEST_PHYS, 1));
	KUNIT_ASSERT_EQ(test, softpci_bars_alloc(&bar, SZ_4K, false), 0);
	KUNIT_EXPECT_PTR_EQ(test,
			    (u8 __force *)softpci_bars_at(TEST_PHYS + 5, 7),
			    mem + 5);
	KUNIT_EXPECT_PTR_EQ(test,
			    (u8 __force *)softpci_bars_at(TEST_PHYS, SZ_4K),
			    mem);
	KUNIT_EXPECT_NULL(test, (void __force *)softpci_bars_at(TEST_PHYS, 0));
	KUNIT_EXPECT_NULL(test,
			  (void __force *)softpci_bars_at(TEST_PHYS - 1, 2));
	KUNIT_EXPECT_NULL(test, (void __force *)softpci_bars_at(TEST_PHYS,
								SZ_4K + 1));
	KUNIT_EXPECT_NULL(test, (void __force *)softpci_bars_at(TEST_PHYS,
								SIZE_MAX));
	KUNIT_EXPECT_NULL(test,
			  (void __force *)softpci_bars_at(pool.window.end, 2));
	softpci_bars_free(&bar);
	KUNIT_EXPECT_NULL(test, (void __force *)softpci_bars_at(TEST_PHYS, 1));
}

static void memory_is_tried_out_without_a_change(struct kunit *test)
{
	u8 *mem = (u8 __force *)pool.kva;

	KUNIT_EXPECT_TRUE(test, holds_values(pool.kva, TEST_PAGES * PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(mem, 0xaa, TEST_PAGES * PAGE_SIZE));
}

static void parameter_has_the_syntax_of_memmap(struct kunit *test)
{
	static const char * const bad[] = {
		"", "64M", "64M@", "@1G", "64M@1G,", "64M#1G", "0@1G", "64M@0",
		"1K@1G", "64M@1025", "64M@1G\n", "0xfffffffffffff000@8K",
	};
	u64 start, size;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, parse_memory("64M@0x70000000", &start, &size), 0);
	KUNIT_EXPECT_EQ(test, start, 0x70000000);
	KUNIT_EXPECT_EQ(test, size, SZ_64M);
	KUNIT_EXPECT_EQ(test, parse_memory("4K$5G", &start, &size), 0);
	KUNIT_EXPECT_EQ(test, start, 5ull * SZ_1G);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, parse_memory(bad[i], &start, &size),
				    -EINVAL, "\"%s\"", bad[i]);
}

/* Addresses that are not those of this machine's kernel. */
#define FAR	BIT_ULL(40)

static u64 highest_block(u64 start, u64 end, unsigned long flags, u64 to)
{
	struct block_search search = { .size = SZ_128M, .to = FAR + to };
	struct resource res = {
		.start = FAR + start,
		.end = FAR + end,
		.flags = IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY | flags,
	};

	look_for_block(&res, &search);
	return search.found ? search.found - FAR : 0;
}

static void block_below_the_kernel_is_left_alone(struct kunit *test)
{
	u64 kernel = ALIGN_DOWN(__pa((unsigned long)kfree), SZ_128M);
	struct block_search search = { .size = SZ_128M, .to = kernel };
	struct resource res = {
		.start = 0,
		.end = kernel + 4ull * SZ_128M - 1,
		.flags = IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY,
	};

	look_for_block(&res, &search);
	KUNIT_EXPECT_EQ(test, search.found, 0);
	/* If it is in another entry, or nothing is left above. */
	res.end = kernel - 1;
	look_for_block(&res, &search);
	KUNIT_EXPECT_EQ(test, search.found, kernel >= SZ_128M ? kernel - SZ_128M : 0);
	search.to = U64_MAX;
	res.end = kernel + 4ull * SZ_128M - 1;
	look_for_block(&res, &search);
	KUNIT_EXPECT_EQ(test, search.found, kernel + 3ull * SZ_128M);
}

static void highest_whole_block_is_tried_first(struct kunit *test)
{
	/* As in a machine of 3 GiB: the firmware has the end. */
	KUNIT_EXPECT_EQ(test, highest_block(SZ_1M, 0xbffdffff, 0, SZ_4G),
			0xb0000000);
	KUNIT_EXPECT_EQ(test, highest_block(SZ_1M, 0xbfffffff, 0, SZ_4G),
			0xb8000000);
	KUNIT_EXPECT_EQ(test, highest_block(SZ_1M, 0xbffdffff, 0, 0xb0000000),
			0xa8000000);
	KUNIT_EXPECT_EQ(test, highest_block(0xb0000000, 0xb7ffffff, 0, SZ_4G),
			0xb0000000);
}

static void part_of_a_block_is_none(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, highest_block(0xb0001000, 0xbfffefff, 0, SZ_4G),
			0);
	KUNIT_EXPECT_EQ(test, highest_block(0xb0000000, 0xb7ffefff, 0, SZ_4G),
			0);
	KUNIT_EXPECT_EQ(test, highest_block(SZ_1M, SZ_2M - 1, 0, SZ_4G), 0);
}

static void block_of_a_driver_is_left_alone(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, highest_block(0xb0000000, 0xb7ffffff,
					    IORESOURCE_SYSRAM_DRIVER_MANAGED,
					    SZ_4G), 0);
}

static struct kunit_case bars_cases[] = {
	KUNIT_CASE(memory_of_a_bar_is_aligned_to_its_size),
	KUNIT_CASE(memory_of_a_bar_reads_zero),
	KUNIT_CASE(several_virtual_functions_share_one_allocation),
	KUNIT_CASE(memory_is_handed_out_once),
	KUNIT_CASE(bar_larger_than_all_memory_is_refused),
	KUNIT_CASE(memory_beyond_4_gib_needs_64_bits),
	KUNIT_CASE(address_is_found_inside_of_bars_only),
	KUNIT_CASE(memory_is_tried_out_without_a_change),
	KUNIT_CASE(parameter_has_the_syntax_of_memmap),
	KUNIT_CASE(highest_whole_block_is_tried_first),
	KUNIT_CASE(part_of_a_block_is_none),
	KUNIT_CASE(block_of_a_driver_is_left_alone),
	KUNIT_CASE(block_below_the_kernel_is_left_alone),
	{}
};

static struct kunit_suite bars_suite = {
	.name = "softpci-host-bars",
	.init = bars_test_init,
	.exit = bars_test_exit,
	.test_cases = bars_cases,
};

kunit_test_suite(bars_suite);
