// SPDX-License-Identifier: GPL-2.0-only
/* The page table of the software IOMMU, compared with an array after a random history. */

#define NR_PAGES	4096U
#define PAGES_PER_2M	(SZ_2M / SZ_4K)

/**
 * struct plain - a page table as an array
 * @phys: of each page of 4 KiB; 0: not mapped
 * @large: it is a part of a page of 2 MiB
 * @dirty: it was written to
 */
struct plain {
	u64 phys[NR_PAGES];
	bool large[NR_PAGES];
	bool dirty[NR_PAGES];
};

static int plain_map(struct plain *plain, unsigned int page, unsigned int count,
		     u64 phys, bool large)
{
	unsigned int i, step = large ? PAGES_PER_2M : 1, j;

	for (i = 0; i < count; i += step) {
		for (j = 0; j < step; j++)
			if (plain->phys[page + i + j])
				return -EADDRINUSE;
		for (j = 0; j < step; j++) {
			plain->phys[page + i + j] = phys + (i + j) * SZ_4K;
			plain->large[page + i + j] = large;
			plain->dirty[page + i + j] = false;
		}
	}
	return 0;
}

static unsigned int plain_unmap(struct plain *plain, unsigned int page,
				unsigned int count)
{
	unsigned int done = 0, step;

	while (done < count && page + done < NR_PAGES &&
	       plain->phys[page + done]) {
		step = plain->large[page + done] ? PAGES_PER_2M : 1;
		if ((page + done) % step)
			break;
		memset64(&plain->phys[page + done], 0, step);
		memset(&plain->dirty[page + done], false, step);
		done += step;
	}
	return done;
}

static void plain_write(struct plain *plain, unsigned int page)
{
	unsigned int step = plain->large[page] ? PAGES_PER_2M : 1;

	if (plain->phys[page])
		memset(&plain->dirty[round_down(page, step)], true, step);
}

static unsigned int plain_tables(const struct plain *plain)
{
	unsigned int page, nr = 0, last = NR_PAGES;
	bool any = false;

	for (page = 0; page < NR_PAGES; page++) {
		any |= plain->phys[page] != 0;
		if (plain->phys[page] && !plain->large[page] &&
		    page / PAGES_PER_2M != last) {
			last = page / PAGES_PER_2M;
			nr++;
		}
	}
	return nr + (any ? 3 : 1);
}

static void compare(struct kunit *test, const struct plain *plain)
{
	struct softpci_run dirty = {};
	unsigned int page;
	u64 next = IOVA;

	for (page = 0; page < NR_PAGES; page++) {
		u64 iova = IOVA + page * SZ_4K, phys = found(test, iova);
		bool is_dirty;

		if (phys != (plain->phys[page] ?: U64_MAX))
			KUNIT_FAIL(test, "page %u is at %llx", page, phys);
		while (iova >= dirty.start + dirty.len &&
		       softpci_pgtable_dirty(test->priv, &next,
					     SOFTPCI_PGTABLE_LAST, false, &dirty))
			;
		is_dirty = iova >= dirty.start && iova - dirty.start < dirty.len;
		if (is_dirty != plain->dirty[page])
			KUNIT_FAIL(test, "page %u is %s", page,
				   is_dirty ? "dirty" : "clean");
	}
	release(test);
	KUNIT_EXPECT_EQ(test, nr_tables(test), plain_tables(plain));
}

static void it_is_as_an_array_with_the_same_history(struct kunit *test)
{
	struct plain *plain = kvzalloc(sizeof(*plain), GFP_KERNEL);
	struct rnd_state rnd;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, plain);
	prandom_seed_state(&rnd, 20261127);
	for (i = 0; i < 3000; i++) {
		unsigned int count = 1 + prandom_u32_state(&rnd) % 700;
		unsigned int page = prandom_u32_state(&rnd) % NR_PAGES;
		bool large = !(prandom_u32_state(&rnd) % 3);
		/* Random, and in some order: adjacent ones are runs at times. */
		u64 phys = PHYS + (prandom_u32_state(&rnd) % 4) * SZ_1G;
		size_t mapped = 0;
		int ret;

		if (large) {
			page = round_down(page, PAGES_PER_2M);
			count = round_up(count, PAGES_PER_2M);
		}
		count = min(count, NR_PAGES - page);
		switch (prandom_u32_state(&rnd) % 3) {
		case 0:
			ret = softpci_pgtable_map(test->priv, IOVA + page * SZ_4K,
						  phys, large ? SZ_2M : SZ_4K,
						  large ? count / PAGES_PER_2M : count,
						  READ_WRITE, GFP_KERNEL, &mapped);
			KUNIT_EXPECT_EQ(test, ret, plain_map(plain, page, count,
							     phys, large));
			break;
		case 1:
			KUNIT_EXPECT_EQ(test, unmap(test, IOVA + page * SZ_4K,
						    count * SZ_4K),
					plain_unmap(plain, page, count) * SZ_4K);
			break;
		case 2:
			walked(test, IOVA + page * SZ_4K, SOFTPCI_PGTABLE_WRITE);
			plain_write(plain, page);
			break;
		}
		if (!(i % 100))
			compare(test, plain);
	}
	compare(test, plain);
	kvfree(plain);
}

static struct kunit_case pgtable_history_cases[] = {
	KUNIT_CASE(it_is_as_an_array_with_the_same_history),
	{}
};

static struct kunit_suite pgtable_history_suite = {
	.name = "softpci-pgtable-history",
	.init = pgtable_init,
	.exit = pgtable_exit,
	.test_cases = pgtable_history_cases,
};

kunit_test_suite(pgtable_history_suite);
