// SPDX-License-Identifier: GPL-2.0-only
/* How much of a CPU the looks at registers take; included by host/poll.c. */
#include <kunit/test.h>

/* As poll_thread(), for a second: the time of looks that take @look, for @active. */
static s64 time_of_looks(s64 look, bool active)
{
	const s64 start = NSEC_PER_SEC, end = start + NSEC_PER_SEC;
	s64 now = start, idle, spent = 0;
	struct heat heat = { .period = start, .last = start };

	while (now < end) {
		now += look;
		spent += look;
		idle = active ? 0 : now - start;
		if (idle < HOT_NS && may_be_hot(&heat, now))
			continue;
		now += pause_after(idle, look);
		heat.last = now;
	}
	return spent;
}

static void driver_that_is_always_busy_leaves_a_quarter_of_a_cpu(struct kunit *test)
{
	s64 look;

	for (look = 200; look <= MAX_SLOW_PAUSE_NS; look += look / 4)
		KUNIT_EXPECT_LE_MSG(test, time_of_looks(look, true),
				    NSEC_PER_SEC / 4 * 3 + look, "look of %lld ns",
				    look);
}

static void idle_function_takes_little_of_a_cpu(struct kunit *test)
{
	s64 look;

	for (look = 200; look <= MAX_SLOW_PAUSE_NS / LOOK_PART; look += look / 4)
		KUNIT_EXPECT_LE_MSG(test, time_of_looks(look, false),
				    NSEC_PER_SEC / LOOK_PART * 12 / 10,
				    "look of %lld ns", look);
}

static void fast_looks_follow_soon(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pause_after(0, NSEC_PER_USEC), MIN_PAUSE_NS);
	KUNIT_EXPECT_EQ(test, pause_after(HOT_NS, NSEC_PER_USEC), MIN_PAUSE_NS);
	KUNIT_EXPECT_EQ(test, pause_after(NSEC_PER_SEC, NSEC_PER_USEC), MAX_PAUSE_NS);
}

static void no_pause_is_longer_than_the_longest(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pause_after(0, NSEC_PER_SEC), MAX_SLOW_PAUSE_NS);
	KUNIT_EXPECT_EQ(test, pause_after(NSEC_PER_SEC, NSEC_PER_SEC),
			MAX_SLOW_PAUSE_NS);
}

static struct kunit_case poll_cases[] = {
	KUNIT_CASE(driver_that_is_always_busy_leaves_a_quarter_of_a_cpu),
	KUNIT_CASE(idle_function_takes_little_of_a_cpu),
	KUNIT_CASE(fast_looks_follow_soon),
	KUNIT_CASE(no_pause_is_longer_than_the_longest),
	{}
};

static struct kunit_suite poll_suite = {
	.name = "softpci-host-poll",
	.test_cases = poll_cases,
};

kunit_test_suite(poll_suite);
