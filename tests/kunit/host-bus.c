// SPDX-License-Identifier: GPL-2.0-only
/* KUnit tests of the places on the PCI bus in software; included by host/bus.c. */
#include <kunit/test.h>

#define NR	SOFTPCI_BUS_FUNCTIONS

static void device_of_its_own_is_found_first(struct kunit *test)
{
	DECLARE_BITMAP(taken, NR) = {};
	int first;

	KUNIT_EXPECT_EQ(test, find_places(taken, -1, 0, &first), 0);
	__set_bit(PCI_DEVFN(0, 0), taken);
	KUNIT_EXPECT_EQ(test, find_places(taken, -1, 0, &first),
			PCI_DEVFN(1, 0));
	bitmap_fill(taken, NR);
	__clear_bit(PCI_DEVFN(3, 2), taken);
	__clear_bit(PCI_DEVFN(31, 1), taken);
	KUNIT_EXPECT_EQ(test, find_places(taken, -1, 0, &first),
			PCI_DEVFN(31, 1));
	bitmap_fill(taken, NR);
	KUNIT_EXPECT_EQ(test, find_places(taken, -1, 0, &first), -ENOSPC);
}

static void place_that_is_wanted_is_free_or_refused(struct kunit *test)
{
	DECLARE_BITMAP(taken, NR) = {};
	int first;

	__set_bit(7, taken);
	KUNIT_EXPECT_EQ(test, find_places(taken, 6, 0, &first), 6);
	KUNIT_EXPECT_EQ(test, find_places(taken, 7, 0, &first), -EBUSY);
	KUNIT_EXPECT_EQ(test, find_places(taken, NR, 0, &first), -EINVAL);
	KUNIT_EXPECT_EQ(test, find_places(taken, NR - 1, 1, &first), -ENOSPC);
}

static void virtual_functions_are_in_a_row(struct kunit *test)
{
	DECLARE_BITMAP(taken, NR) = {};
	int first;

	__set_bit(3, taken);
	KUNIT_EXPECT_EQ(test, find_places(taken, 0, 2, &first), 0);
	KUNIT_EXPECT_EQ(test, first, 1);
	KUNIT_EXPECT_EQ(test, find_places(taken, 0, 3, &first), 0);
	KUNIT_EXPECT_EQ(test, first, 4);
	KUNIT_EXPECT_EQ(test, find_places(taken, 0, NR - 4, &first), 0);
	KUNIT_EXPECT_EQ(test, first, 4);
	KUNIT_EXPECT_EQ(test, find_places(taken, 0, NR - 3, &first), -ENOSPC);
}

static void place_has_room_behind_it_for_virtual_functions(struct kunit *test)
{
	DECLARE_BITMAP(taken, NR) = {};
	int first;

	/* There is not enough after the next device of its own. */
	__set_bit(0, taken);
	KUNIT_EXPECT_EQ(test, find_places(taken, -1, NR - 8, &first), 1);
	KUNIT_EXPECT_EQ(test, first, 2);
	KUNIT_EXPECT_EQ(test, find_places(taken, -1, NR - 1, &first), -ENOSPC);
}

static struct kunit_case bus_cases[] = {
	KUNIT_CASE(device_of_its_own_is_found_first),
	KUNIT_CASE(place_that_is_wanted_is_free_or_refused),
	KUNIT_CASE(virtual_functions_are_in_a_row),
	KUNIT_CASE(place_has_room_behind_it_for_virtual_functions),
	{}
};

static struct kunit_suite bus_suite = {
	.name = "softpci-host-bus",
	.test_cases = bus_cases,
};

kunit_test_suite(bus_suite);
