// SPDX-License-Identifier: GPL-2.0-only
/* Attributes in configfs as text, and back. */
#include "kunit.h"

static const char * const good_bars[] = {
	"0", "4K", "64K", "1M,prefetchable", "16M,64bit", "2G",
	"16M,64bit,prefetchable", "8G,64bit", "8E,64bit",
};

static void bar_takes_what_it_shows(struct kunit *test)
{
	char *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	unsigned int i;
	u32 flags;
	u64 size;

	KUNIT_ASSERT_NOT_NULL(test, page);
	for (i = 0; i < ARRAY_SIZE(good_bars); i++) {
		KUNIT_ASSERT_EQ(test, parse_bar(good_bars[i], &size, &flags), 0);
		emit_bar(page, size, flags);
		KUNIT_EXPECT_EQ(test, parse_bar(page, &size, &flags), 0);
		strim(page);
		KUNIT_EXPECT_STREQ(test, page, good_bars[i]);
	}
}

static void bar_is_parsed_to_size_and_flags(struct kunit *test)
{
	u32 flags;
	u64 size;

	KUNIT_EXPECT_EQ(test, parse_bar("0x10000\n", &size, &flags), 0);
	KUNIT_EXPECT_EQ(test, size, SZ_64K);
	KUNIT_EXPECT_EQ(test, flags, 0);
	KUNIT_EXPECT_EQ(test, parse_bar("1m,prefetchable,64bit", &size, &flags),
			0);
	KUNIT_EXPECT_EQ(test, size, SZ_1M);
	KUNIT_EXPECT_EQ(test, flags, PCI_BASE_ADDRESS_MEM_TYPE_64 |
				     PCI_BASE_ADDRESS_MEM_PREFETCH);
}

static void bar_that_makes_no_sense_is_refused(struct kunit *test)
{
	static const char * const bad[] = {
		"", "\n", "none", "3K", "2K", "12K", "4K,", "4K,32bit",
		"4K,64bi", "4K,64bitt", "4K 64bit", "0,64bit", "4K\n\n", "-4K",
		"16E", "17E", "16384P", "0x10000000000001000", "K", "4KK", ",64bit",
	};
	unsigned int i;
	u32 flags;
	u64 size;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, parse_bar(bad[i], &size, &flags),
				    -EINVAL, "\"%s\"", bad[i]);
}

static void place_is_parsed_as_lspci_shows_it(struct kunit *test)
{
	int devfn;

	KUNIT_EXPECT_EQ(test, parse_devfn("auto\n", &devfn), 0);
	KUNIT_EXPECT_EQ(test, devfn, -1);
	KUNIT_EXPECT_EQ(test, parse_devfn("03.0", &devfn), 0);
	KUNIT_EXPECT_EQ(test, devfn, PCI_DEVFN(3, 0));
	KUNIT_EXPECT_EQ(test, parse_devfn("1f.7\n", &devfn), 0);
	KUNIT_EXPECT_EQ(test, devfn, PCI_DEVFN(31, 7));
}

static void place_that_does_not_exist_is_refused(struct kunit *test)
{
	static const char * const bad[] = {
		"", "3", "3.", ".0", "20.0", "03.8", "003.0", "03.00", "03.0x",
		"3.0 ", "none",
	};
	unsigned int i;
	int devfn;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, parse_devfn(bad[i], &devfn), -EINVAL,
				    "\"%s\"", bad[i]);
}

static struct kunit_case attrs_cases[] = {
	KUNIT_CASE(bar_takes_what_it_shows),
	KUNIT_CASE(bar_is_parsed_to_size_and_flags),
	KUNIT_CASE(bar_that_makes_no_sense_is_refused),
	KUNIT_CASE(place_is_parsed_as_lspci_shows_it),
	KUNIT_CASE(place_that_does_not_exist_is_refused),
	{}
};

static struct kunit_suite attrs_suite = {
	.name = "softpci-host-attrs",
	.test_cases = attrs_cases,
};

kunit_test_suite(attrs_suite);
