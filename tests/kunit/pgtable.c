// SPDX-License-Identifier: GPL-2.0-only
/* The page table of the software IOMMU: mappings, and when its tables go. */
#include <kunit/test.h>
#include <linux/prandom.h>

#define READ_WRITE	(SOFTPCI_PGTABLE_READ | SOFTPCI_PGTABLE_WRITE)
/* With a different index at each level. */
#define IOVA		0x123440000000ULL
#define PHYS		0x8240000000ULL

static int pgtable_init(struct kunit *test)
{
	struct softpci_pgtable *pt = kunit_kzalloc(test, sizeof(*pt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pt);
	KUNIT_ASSERT_EQ(test, softpci_pgtable_create(pt), 0);
	test->priv = pt;
	return 0;
}

static void pgtable_exit(struct kunit *test)
{
	if (test->priv)
		softpci_pgtable_destroy(test->priv);
}

static int map(struct kunit *test, u64 iova, u64 phys, size_t page_size,
	       size_t count)
{
	size_t mapped = 0;
	int ret;

	ret = softpci_pgtable_map(test->priv, iova, phys, page_size, count,
				  READ_WRITE, GFP_KERNEL, &mapped);
	if (!ret)
		KUNIT_EXPECT_EQ(test, mapped, page_size * count);
	return ret;
}

static u64 found(struct kunit *test, u64 iova)
{
	u64 phys;

	return softpci_pgtable_find(test->priv, iova, &phys) ? phys : U64_MAX;
}

static u64 walked(struct kunit *test, u64 iova, u64 access)
{
	struct softpci_run run;

	if (!softpci_pgtable_walk(test->priv, iova, 1, access, &run))
		return U64_MAX;
	KUNIT_EXPECT_EQ(test, run.len, 1);
	return run.start;
}

static size_t unmap(struct kunit *test, u64 iova, u64 size)
{
	return softpci_pgtable_unmap(test->priv, iova, size);
}

static unsigned long tables_from(const u64 *table, unsigned int level)
{
	unsigned long nr = 1;
	unsigned int i;

	for (i = 0; level && i < NR_ENTRIES; i++)
		if (table[i] && !(table[i] & ENTRY_PAGE))
			nr += tables_from(table_of(table[i]), level - 1);
	return nr;
}

/* Those that are in use, and those that wait for their release. */
static unsigned long nr_tables(struct kunit *test)
{
	struct softpci_pgtable *pt = test->priv;
	unsigned long nr = tables_from(pt->root, NR_LEVELS - 1);
	struct list_head *node;

	list_for_each(node, &pt->detached)
		nr++;
	return nr;
}

static void release(struct kunit *test)
{
	LIST_HEAD(tables);

	softpci_pgtable_collect(test->priv, &tables);
	softpci_pgtable_release(&tables);
	KUNIT_EXPECT_TRUE(test, list_empty(&tables));
}

/* Is this run, and no other, dirty in all of the page table? */
static void expect_dirty(struct kunit *test, u64 start, u64 len)
{
	struct softpci_run dirty;
	u64 iova = 0;

	KUNIT_ASSERT_TRUE(test, softpci_pgtable_dirty(test->priv, &iova,
						      SOFTPCI_PGTABLE_LAST,
						      false, &dirty));
	KUNIT_EXPECT_EQ(test, dirty.start, start);
	KUNIT_EXPECT_EQ(test, dirty.len, len);
	KUNIT_EXPECT_FALSE(test, softpci_pgtable_dirty(test->priv, &iova,
						       SOFTPCI_PGTABLE_LAST,
						       false, &dirty));
}

static bool is_any_dirty(struct kunit *test)
{
	struct softpci_run dirty;
	u64 iova = 0;

	return softpci_pgtable_dirty(test->priv, &iova, SOFTPCI_PGTABLE_LAST,
				     false, &dirty);
}

static void page_of_each_size_is_found(struct kunit *test)
{
	static const size_t sizes[] = { SZ_4K, SZ_2M, SZ_1G };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u64 size = sizes[i], end = IOVA + 2 * size;

		KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, size, 2), 0);
		KUNIT_EXPECT_EQ(test, found(test, IOVA - 1), U64_MAX);
		KUNIT_EXPECT_EQ(test, found(test, IOVA), PHYS);
		KUNIT_EXPECT_EQ(test, found(test, IOVA + size + 5), PHYS + size + 5);
		KUNIT_EXPECT_EQ(test, found(test, end - 1), PHYS + 2 * size - 1);
		KUNIT_EXPECT_EQ(test, found(test, end), U64_MAX);
		KUNIT_EXPECT_EQ(test, walked(test, IOVA - 1, READ_WRITE), U64_MAX);
		KUNIT_EXPECT_EQ(test, walked(test, IOVA, READ_WRITE), PHYS);
		KUNIT_EXPECT_EQ(test, walked(test, end - 1, READ_WRITE),
				PHYS + 2 * size - 1);
		KUNIT_EXPECT_EQ(test, walked(test, end, READ_WRITE), U64_MAX);
		KUNIT_EXPECT_EQ(test, unmap(test, IOVA, 2 * size), 2 * size);
		KUNIT_EXPECT_EQ(test, found(test, IOVA), U64_MAX);
	}
}

static void mapping_crosses_tables_of_each_level(struct kunit *test)
{
	static const size_t sizes[] = { SZ_1G, SZ_2M, SZ_4K };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u64 size = sizes[i], iova = BIT_ULL(39) - 3 * size;

		KUNIT_ASSERT_EQ(test, map(test, iova, PHYS, size, 6), 0);
		for (j = 0; j < 6; j++)
			KUNIT_EXPECT_EQ(test, found(test, iova + j * size),
					PHYS + j * size);
		/* All but the root on both sides of the border. */
		KUNIT_EXPECT_EQ(test, nr_tables(test), 1 + 2 * (i + 1));
		KUNIT_EXPECT_EQ(test, unmap(test, iova, 6 * size), 6 * size);
		release(test);
		KUNIT_EXPECT_EQ(test, nr_tables(test), 1);
	}
}

static void mapped_addresses_cannot_be_mapped_again(struct kunit *test)
{
	size_t mapped = 0;

	KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, SZ_2M, 1), 0);
	KUNIT_EXPECT_EQ(test, map(test, IOVA, PHYS, SZ_2M, 1), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, map(test, IOVA, PHYS, SZ_1G, 1), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, map(test, IOVA + SZ_1M, PHYS, SZ_4K, 1), -EADDRINUSE);
	KUNIT_ASSERT_EQ(test, map(test, IOVA + SZ_2M, PHYS, SZ_4K, 1), 0);
	KUNIT_EXPECT_EQ(test, map(test, IOVA + SZ_2M, PHYS, SZ_2M, 1), -EADDRINUSE);

	/* The part before the first one is mapped, and said to be. */
	KUNIT_EXPECT_EQ(test, softpci_pgtable_map(test->priv, IOVA - 2 * SZ_4K,
						  PHYS, SZ_4K, 3, READ_WRITE,
						  GFP_KERNEL, &mapped),
			-EADDRINUSE);
	KUNIT_EXPECT_EQ(test, mapped, 2 * SZ_4K);
	KUNIT_EXPECT_EQ(test, found(test, IOVA - 1), PHYS + 2 * SZ_4K - 1);
	KUNIT_EXPECT_EQ(test, found(test, IOVA), PHYS);
}

static void mapping_that_makes_no_sense_is_refused(struct kunit *test)
{
	size_t mapped = 0;

	KUNIT_EXPECT_EQ(test, map(test, IOVA + 1, PHYS, SZ_4K, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, map(test, IOVA, PHYS + 1, SZ_4K, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, map(test, IOVA + SZ_4K, PHYS, SZ_2M, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, map(test, IOVA, PHYS + SZ_4K, SZ_2M, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, map(test, IOVA, PHYS, SZ_8K, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, map(test, IOVA, PHYS, SZ_4K | SZ_2M, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, map(test, IOVA, PHYS, SZ_4K, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, map(test, IOVA, BIT_ULL(52), SZ_4K, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, map(test, IOVA, BIT_ULL(52) - SZ_4K, SZ_4K, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, softpci_pgtable_map(test->priv, IOVA, PHYS, SZ_4K,
						  1, 0, GFP_KERNEL, &mapped),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, nr_tables(test), 1);
}

static void last_address_can_be_mapped_and_none_beyond(struct kunit *test)
{
	u64 end = SOFTPCI_PGTABLE_LAST + 1;

	KUNIT_EXPECT_EQ(test, map(test, end, PHYS, SZ_4K, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, map(test, end - SZ_4K, PHYS, SZ_4K, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, map(test, end - SZ_1G, PHYS, SZ_1G, SIZE_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, map(test, 0ULL - SZ_4K, PHYS, SZ_4K, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, nr_tables(test), 1);

	KUNIT_ASSERT_EQ(test, map(test, end - SZ_4K, PHYS, SZ_4K, 1), 0);
	KUNIT_ASSERT_EQ(test, map(test, 0, PHYS, SZ_4K, 1), 0);
	KUNIT_EXPECT_EQ(test, found(test, end - 1), PHYS + SZ_4K - 1);
	KUNIT_EXPECT_EQ(test, walked(test, end - 1, READ_WRITE), PHYS + SZ_4K - 1);
	expect_dirty(test, end - SZ_4K, SZ_4K);
	/* Higher bits are not ignored. */
	KUNIT_EXPECT_EQ(test, found(test, end), U64_MAX);
	KUNIT_EXPECT_EQ(test, walked(test, end, READ_WRITE), U64_MAX);
	KUNIT_EXPECT_EQ(test, walked(test, U64_MAX, READ_WRITE), U64_MAX);
	KUNIT_EXPECT_EQ(test, unmap(test, end, SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, unmap(test, end - SZ_4K, SZ_2M), SZ_4K);
	KUNIT_EXPECT_EQ(test, found(test, 0), PHYS);
}

static void last_memory_can_be_mapped(struct kunit *test)
{
	u64 phys = BIT_ULL(52) - 2 * SZ_2M;

	KUNIT_ASSERT_EQ(test, map(test, IOVA, phys, SZ_2M, 2), 0);
	KUNIT_EXPECT_EQ(test, walked(test, IOVA + 2 * SZ_2M - 1, READ_WRITE),
			BIT_ULL(52) - 1);
}

static void access_needs_its_permission(struct kunit *test)
{
	static const u64 accesses[] = { SOFTPCI_PGTABLE_READ, SOFTPCI_PGTABLE_WRITE };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		u64 iova = IOVA + i * SZ_4K;
		size_t mapped = 0;

		KUNIT_ASSERT_EQ(test, softpci_pgtable_map(test->priv, iova, PHYS,
							  SZ_4K, 1, accesses[i],
							  GFP_KERNEL, &mapped),
				0);
		KUNIT_EXPECT_EQ(test, walked(test, iova, accesses[i]), PHYS);
		KUNIT_EXPECT_EQ(test, walked(test, iova, accesses[!i]), U64_MAX);
		KUNIT_EXPECT_EQ(test, walked(test, iova, READ_WRITE), U64_MAX);
	}
	/* Nor did the one that was refused. */
	expect_dirty(test, IOVA + SZ_4K, SZ_4K);
}

static void run_ends_where_memory_or_permission_does(struct kunit *test)
{
	struct softpci_pgtable *pt = test->priv;
	struct softpci_run run;
	size_t mapped = 0;

	/* Three that follow each other, a gap in memory, and one to read. */
	KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, SZ_4K, 3), 0);
	KUNIT_ASSERT_EQ(test, map(test, IOVA + 3 * SZ_4K, PHYS + SZ_1M, SZ_4K, 1), 0);
	KUNIT_ASSERT_EQ(test, softpci_pgtable_map(pt, IOVA + 4 * SZ_4K,
						  PHYS + SZ_1M + SZ_4K, SZ_4K,
						  1, SOFTPCI_PGTABLE_READ,
						  GFP_KERNEL, &mapped), 0);

	KUNIT_ASSERT_TRUE(test, softpci_pgtable_walk(pt, IOVA + 100, SZ_64K,
						     SOFTPCI_PGTABLE_READ, &run));
	KUNIT_EXPECT_EQ(test, run.start, PHYS + 100);
	KUNIT_EXPECT_EQ(test, run.len, 3 * SZ_4K - 100);
	KUNIT_ASSERT_TRUE(test, softpci_pgtable_walk(pt, IOVA + 100, SZ_4K,
						     SOFTPCI_PGTABLE_READ, &run));
	KUNIT_EXPECT_EQ(test, run.len, SZ_4K);
	KUNIT_ASSERT_TRUE(test, softpci_pgtable_walk(pt, IOVA + 3 * SZ_4K, SZ_64K,
						     SOFTPCI_PGTABLE_READ, &run));
	KUNIT_EXPECT_EQ(test, run.len, 2 * SZ_4K);
	KUNIT_EXPECT_FALSE(test, is_any_dirty(test));
	KUNIT_ASSERT_TRUE(test, softpci_pgtable_walk(pt, IOVA + 3 * SZ_4K, SZ_64K,
						     SOFTPCI_PGTABLE_WRITE, &run));
	KUNIT_EXPECT_EQ(test, run.len, SZ_4K);
	expect_dirty(test, IOVA + 3 * SZ_4K, SZ_4K);
}

static void part_of_a_large_page_is_unmapped_as_the_whole(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, SZ_2M, 2), 0);
	KUNIT_EXPECT_EQ(test, unmap(test, IOVA, SZ_4K), SZ_2M);
	KUNIT_EXPECT_EQ(test, found(test, IOVA + SZ_2M - 1), U64_MAX);
	KUNIT_EXPECT_EQ(test, found(test, IOVA + SZ_2M), PHYS + SZ_2M);

	KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, SZ_2M, 1), 0);
	KUNIT_EXPECT_EQ(test, unmap(test, IOVA, SZ_2M + SZ_4K), 2 * SZ_2M);
	KUNIT_EXPECT_EQ(test, found(test, IOVA + SZ_2M), U64_MAX);
}

static void unmapping_from_within_a_page_does_nothing(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, SZ_2M, 1), 0);
	KUNIT_EXPECT_EQ(test, unmap(test, IOVA + SZ_4K, SZ_2M), 0);
	KUNIT_EXPECT_EQ(test, found(test, IOVA), PHYS);
}

static void unmapping_ends_at_a_hole(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, SZ_4K, 3), 0);
	KUNIT_ASSERT_EQ(test, map(test, IOVA + 4 * SZ_4K, PHYS, SZ_4K, 1), 0);
	KUNIT_EXPECT_EQ(test, unmap(test, IOVA + SZ_4K, SZ_2M), 2 * SZ_4K);
	KUNIT_EXPECT_EQ(test, unmap(test, IOVA + SZ_4K, SZ_2M), 0);
	KUNIT_EXPECT_EQ(test, found(test, IOVA), PHYS);
	KUNIT_EXPECT_EQ(test, found(test, IOVA + 4 * SZ_4K), PHYS);
}

static void unmapping_goes_on_with_pages_of_another_size(struct kunit *test)
{
	u64 size = SZ_1G + SZ_2M + 5 * SZ_4K;

	KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, SZ_1G, 1), 0);
	KUNIT_ASSERT_EQ(test, map(test, IOVA + SZ_1G, PHYS, SZ_2M, 1), 0);
	KUNIT_ASSERT_EQ(test, map(test, IOVA + SZ_1G + SZ_2M, PHYS, SZ_4K, 5), 0);
	KUNIT_EXPECT_EQ(test, unmap(test, IOVA, size), size);
	release(test);
	KUNIT_EXPECT_EQ(test, nr_tables(test), 1);
}

static void empty_tables_go_and_others_stay(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, SZ_4K, 512), 0);
	KUNIT_EXPECT_EQ(test, nr_tables(test), 4);
	KUNIT_ASSERT_EQ(test, map(test, IOVA + SZ_2M, PHYS, SZ_4K, 1), 0);
	KUNIT_EXPECT_EQ(test, nr_tables(test), 5);

	KUNIT_EXPECT_EQ(test, unmap(test, IOVA, 511 * SZ_4K), 511 * SZ_4K);
	release(test);
	KUNIT_EXPECT_EQ(test, nr_tables(test), 5);
	KUNIT_EXPECT_EQ(test, unmap(test, IOVA + 511 * SZ_4K, SZ_4K), SZ_4K);
	release(test);
	KUNIT_EXPECT_EQ(test, nr_tables(test), 4);
	KUNIT_EXPECT_EQ(test, unmap(test, IOVA + SZ_2M, SZ_4K), SZ_4K);
	release(test);
	KUNIT_EXPECT_EQ(test, nr_tables(test), 1);

	/* Their addresses can be mapped by larger pages. */
	KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, SZ_1G, 1), 0);
	KUNIT_EXPECT_EQ(test, nr_tables(test), 2);
}

static void empty_tables_are_kept_until_released(struct kunit *test)
{
	struct softpci_pgtable *pt = test->priv;

	KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, SZ_4K, 1), 0);
	KUNIT_EXPECT_EQ(test, unmap(test, IOVA, SZ_4K), SZ_4K);
	KUNIT_EXPECT_EQ(test, nr_tables(test), 4);
	KUNIT_EXPECT_FALSE(test, list_empty(&pt->detached));

	/* They are not used again before. */
	KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, SZ_4K, 1), 0);
	KUNIT_EXPECT_EQ(test, nr_tables(test), 7);
	release(test);
	KUNIT_EXPECT_EQ(test, nr_tables(test), 4);
	KUNIT_EXPECT_EQ(test, found(test, IOVA), PHYS);
}

static void refused_mapping_leaves_no_tables(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, SZ_2M, 1), 0);
	KUNIT_EXPECT_EQ(test, nr_tables(test), 3);
	KUNIT_EXPECT_EQ(test, map(test, IOVA, PHYS, SZ_4K, 1), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, nr_tables(test), 3);

	/* In the middle of a table. */
	KUNIT_ASSERT_EQ(test, map(test, IOVA + SZ_2M + SZ_8K, PHYS, SZ_4K, 1), 0);
	KUNIT_EXPECT_EQ(test, map(test, IOVA + SZ_2M, PHYS, SZ_4K, 9), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, unmap(test, IOVA, 2 * SZ_2M), SZ_2M + 3 * SZ_4K);
	release(test);
	KUNIT_EXPECT_EQ(test, nr_tables(test), 1);
}

static void write_makes_a_page_dirty_and_read_does_not(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, SZ_4K, 3), 0);
	KUNIT_ASSERT_EQ(test, map(test, IOVA + SZ_1G, PHYS, SZ_2M, 1), 0);
	walked(test, IOVA, SOFTPCI_PGTABLE_READ);
	KUNIT_EXPECT_FALSE(test, is_any_dirty(test));
	walked(test, IOVA + SZ_4K + 5, SOFTPCI_PGTABLE_WRITE);
	expect_dirty(test, IOVA + SZ_4K, SZ_4K);
	walked(test, IOVA + SZ_4K, SOFTPCI_PGTABLE_WRITE);
	expect_dirty(test, IOVA + SZ_4K, SZ_4K);
	KUNIT_EXPECT_EQ(test, walked(test, IOVA + SZ_4K, SOFTPCI_PGTABLE_WRITE),
			PHYS + SZ_4K);

	/* A page that is mapped anew is clean. */
	KUNIT_EXPECT_EQ(test, unmap(test, IOVA, 3 * SZ_4K), 3 * SZ_4K);
	KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, SZ_4K, 3), 0);
	KUNIT_EXPECT_FALSE(test, is_any_dirty(test));
}

static void dirty_pages_are_found_once_if_cleared(struct kunit *test)
{
	struct softpci_run dirty;
	u64 iova = 0;

	KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, SZ_2M, 2), 0);
	walked(test, IOVA + 5, SOFTPCI_PGTABLE_WRITE);
	walked(test, IOVA + SZ_2M, SOFTPCI_PGTABLE_WRITE);
	expect_dirty(test, IOVA, 2 * SZ_2M);

	KUNIT_ASSERT_TRUE(test, softpci_pgtable_dirty(test->priv, &iova,
						      IOVA + 2 * SZ_2M - 1, true,
						      &dirty));
	KUNIT_EXPECT_EQ(test, dirty.start, IOVA);
	KUNIT_EXPECT_EQ(test, dirty.len, 2 * SZ_2M);
	KUNIT_EXPECT_FALSE(test, is_any_dirty(test));
	KUNIT_EXPECT_EQ(test, found(test, IOVA), PHYS);
	walked(test, IOVA, SOFTPCI_PGTABLE_WRITE);
	expect_dirty(test, IOVA, SZ_2M);
}

static void page_asked_for_in_part_stays_dirty(struct kunit *test)
{
	static const struct {
		u64 start, len;
	} parts[] = {
		{ SZ_4K, 2 * SZ_4K }, { 0, SZ_2M - SZ_4K }, { SZ_4K, SZ_2M - SZ_4K },
	};
	struct softpci_run dirty;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, map(test, IOVA, PHYS, SZ_2M, 1), 0);
	walked(test, IOVA, SOFTPCI_PGTABLE_WRITE);
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		u64 iova = IOVA + parts[i].start, last = iova + parts[i].len - 1;

		KUNIT_ASSERT_TRUE(test, softpci_pgtable_dirty(test->priv, &iova, last,
							      true, &dirty));
		KUNIT_EXPECT_EQ(test, dirty.start, IOVA + parts[i].start);
		KUNIT_EXPECT_EQ(test, dirty.len, parts[i].len);
		KUNIT_EXPECT_FALSE(test, softpci_pgtable_dirty(test->priv, &iova, last,
							       true, &dirty));
		expect_dirty(test, IOVA, SZ_2M);
	}
}

static void entry_that_was_removed_does_not_come_back(struct kunit *test)
{
	u64 was = PHYS | READ_WRITE | ENTRY_PRESENT | ENTRY_PAGE, entry = 0;

	KUNIT_EXPECT_FALSE(test, allows(&entry, was, SOFTPCI_PGTABLE_WRITE));
	KUNIT_EXPECT_EQ(test, entry, 0);

	/* Another page, and one that can only be read. */
	entry = was + SZ_4K;
	KUNIT_EXPECT_FALSE(test, allows(&entry, was, SOFTPCI_PGTABLE_WRITE));
	KUNIT_EXPECT_EQ(test, entry, was + SZ_4K);
	entry = was & ~SOFTPCI_PGTABLE_WRITE;
	KUNIT_EXPECT_FALSE(test, allows(&entry, was, SOFTPCI_PGTABLE_WRITE));
	KUNIT_EXPECT_EQ(test, entry, was & ~SOFTPCI_PGTABLE_WRITE);

	/* The same one, dirty meanwhile. */
	entry = was | ENTRY_DIRTY;
	KUNIT_EXPECT_TRUE(test, allows(&entry, was, SOFTPCI_PGTABLE_WRITE));
	KUNIT_EXPECT_EQ(test, entry, was | ENTRY_DIRTY);
}

static struct kunit_case pgtable_cases[] = {
	KUNIT_CASE(page_of_each_size_is_found),
	KUNIT_CASE(mapping_crosses_tables_of_each_level),
	KUNIT_CASE(mapped_addresses_cannot_be_mapped_again),
	KUNIT_CASE(mapping_that_makes_no_sense_is_refused),
	KUNIT_CASE(last_address_can_be_mapped_and_none_beyond),
	KUNIT_CASE(last_memory_can_be_mapped),
	KUNIT_CASE(access_needs_its_permission),
	KUNIT_CASE(run_ends_where_memory_or_permission_does),
	KUNIT_CASE(part_of_a_large_page_is_unmapped_as_the_whole),
	KUNIT_CASE(unmapping_from_within_a_page_does_nothing),
	KUNIT_CASE(unmapping_ends_at_a_hole),
	KUNIT_CASE(unmapping_goes_on_with_pages_of_another_size),
	KUNIT_CASE(empty_tables_go_and_others_stay),
	KUNIT_CASE(empty_tables_are_kept_until_released),
	KUNIT_CASE(refused_mapping_leaves_no_tables),
	KUNIT_CASE(write_makes_a_page_dirty_and_read_does_not),
	KUNIT_CASE(dirty_pages_are_found_once_if_cleared),
	KUNIT_CASE(page_asked_for_in_part_stays_dirty),
	KUNIT_CASE(entry_that_was_removed_does_not_come_back),
	{}
};

static struct kunit_suite pgtable_suite = {
	.name = "softpci-pgtable",
	.init = pgtable_init,
	.exit = pgtable_exit,
	.test_cases = pgtable_cases,
};

kunit_test_suite(pgtable_suite);
