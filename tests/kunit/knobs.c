// SPDX-License-Identifier: GPL-2.0-only
/* The attributes in migration/, sizes that are reported, and the pace of a file. */
#include "vfio.h"

/* Any time of day. */
#define T0	(12345 * NSEC_PER_SEC)

static const struct softpci_ops knobs_ops = {};

static const struct softpci_model knobs_model = {
	.ops		= &knobs_ops,
	.device_size	= sizeof(struct softpci_device),
	.vendor		= 0x1234,
	.device		= 0x5678,
};

/**
 * struct knobs_test - a device with attributes
 * @svfio: the device
 * @dev: that of sysfs
 * @page: an attribute's text
 */
struct knobs_test {
	struct softpci_vfio *svfio;
	struct device dev;
	char *page;
};

static struct knobs_test *new_knobs(struct kunit *test)
{
	struct knobs_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->page);
	t->svfio = kunit_vfio(test, &knobs_model);
	softpci_mig_offer(t->svfio);
	dev_set_drvdata(&t->dev, t->svfio);
	return t;
}

/* 0 or an errno. */
static int set(struct knobs_test *t, struct device_attribute *attr,
	       const char *text)
{
	ssize_t ret = attr->store(&t->dev, attr, text, strlen(text));

	return ret == strlen(text) ? 0 : ret ?: -EIO;
}

static const char *get(struct knobs_test *t, struct device_attribute *attr)
{
	ssize_t len = attr->show(&t->dev, attr, t->page);

	KUNIT_EXPECT_EQ(kunit_get_current_test(), len, strlen(t->page));
	return t->page;
}

/**
 * struct setting - a text for an attribute
 * @attr: the attribute
 * @text: without the newline
 * @ret: expected of storing it
 */
struct setting {
	struct device_attribute *attr;
	const char *text;
	int ret;
};

static const struct setting settings[] = {
	{ &dev_attr_extra_size, "0" },
	{ &dev_attr_extra_size, "1" },
	{ &dev_attr_extra_size, "68719476736" },
	{ &dev_attr_extra_size, "68719476737", -ERANGE },
	{ &dev_attr_extra_size, "18446744073709551616", -ERANGE },
	{ &dev_attr_extra_size, "-1", -EINVAL },
	{ &dev_attr_extra_size, "", -EINVAL },
	{ &dev_attr_extra_size, "1 2", -EINVAL },
	{ &dev_attr_extra_size, "1M", -EINVAL },
	{ &dev_attr_dirty_rate, "17179869184" },
	{ &dev_attr_dirty_rate, "17179869185", -ERANGE },
	{ &dev_attr_dirty_rate, "x", -EINVAL },
	{ &dev_attr_bandwidth, "17179869184" },
	{ &dev_attr_bandwidth, "17179869185", -ERANGE },
	{ &dev_attr_bandwidth, "1.5", -EINVAL },
	{ &dev_attr_reported_size, "real" },
	{ &dev_attr_reported_size, "zero" },
	{ &dev_attr_reported_size, "huge" },
	{ &dev_attr_reported_size, "growing" },
	{ &dev_attr_reported_size, "Huge", -EINVAL },
	{ &dev_attr_reported_size, "", -EINVAL },
	{ &dev_attr_fault, "none" },
	{ &dev_attr_fault, "truncate" },
	{ &dev_attr_fault, "corrupt" },
	{ &dev_attr_fault, "stall" },
	{ &dev_attr_fault, "version" },
	{ &dev_attr_fault, "RUNNING:PRE_COPY" },
	{ &dev_attr_fault, "RESUMING:STOP" },
	{ &dev_attr_fault, "stalls", -EINVAL },
	{ &dev_attr_fault, "", -EINVAL },
	{ &dev_attr_fault, "STOP", -EINVAL },
	{ &dev_attr_fault, "STOP:", -EINVAL },
	{ &dev_attr_fault, "STOP:STOP", -EINVAL },
	{ &dev_attr_fault, "stop:resuming", -EINVAL },
	{ &dev_attr_fault, "STOP:RESUMING:", -EINVAL },
	{ &dev_attr_fault, "RUNNING:STOP", -EINVAL },
	{ &dev_attr_fault, "RUNNING:ERROR", -EINVAL },
	{ &dev_attr_fault, "STOP_COPY:PRE_COPY", -EINVAL },
};

static void each_setting_is_shown_as_it_was_made_or_is_refused(struct kunit *test)
{
	struct knobs_test *t = new_knobs(test);
	char before[64], text[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		const struct setting *s = &settings[i];

		strscpy(before, get(t, s->attr), sizeof(before));
		snprintf(text, sizeof(text), "%s\n", s->text);
		KUNIT_EXPECT_EQ_MSG(test, set(t, s->attr, text), s->ret,
				    "%s to %s", s->text, s->attr->attr.name);
		KUNIT_EXPECT_STREQ(test, get(t, s->attr), s->ret ? before : text);
		/* It accepts what it shows. */
		strscpy(text, get(t, s->attr), sizeof(text));
		KUNIT_EXPECT_EQ(test, set(t, s->attr, text), 0);
		KUNIT_EXPECT_STREQ(test, get(t, s->attr), text);
	}
}

static void faults_are_the_arcs_of_this_kernel(struct kunit *test)
{
	struct knobs_test *t = new_knobs(test);
	unsigned int from, to, nr = 0;
	char text[64];

	for (from = 1; from < ARRAY_SIZE(states); from++)
		for (to = 1; to < ARRAY_SIZE(states); to++) {
			snprintf(text, sizeof(text), "%s:%s", states[from],
				 states[to]);
			nr += !set(t, &dev_attr_fault, text);
		}
	/* Those of the comment at the head of migration.c. */
	KUNIT_EXPECT_EQ(test, nr, 15);
}

static void settings_stay_when_the_user_leaves(struct kunit *test)
{
	struct knobs_test *t = new_knobs(test);

	KUNIT_EXPECT_EQ(test, set(t, &dev_attr_extra_size, "100"), 0);
	KUNIT_EXPECT_EQ(test, set(t, &dev_attr_fault, "stall"), 0);
	kunit_vfio_reopen(test, t->svfio);
	scoped_guard(mutex, &t->svfio->mig.lock)
		KUNIT_EXPECT_EQ(test, softpci_mig_reset(t->svfio), 0);
	KUNIT_EXPECT_STREQ(test, get(t, &dev_attr_extra_size), "100\n");
	KUNIT_EXPECT_STREQ(test, get(t, &dev_attr_fault), "stall\n");
}

static u64 reported(struct knobs_test *t, u64 size)
{
	softpci_knobs_report(t->svfio, &size, NULL);
	return size;
}

static void size_is_reported_as_it_is_set(struct kunit *test)
{
	struct knobs_test *t = new_knobs(test);
	u64 size = 1, more = 2, last;
	unsigned int i;

	softpci_knobs_report(t->svfio, &size, &more);
	KUNIT_EXPECT_EQ(test, size, 1);
	KUNIT_EXPECT_EQ(test, more, 2);
	KUNIT_EXPECT_EQ(test, set(t, &dev_attr_reported_size, "zero"), 0);
	KUNIT_EXPECT_EQ(test, reported(t, 5), 0);
	KUNIT_EXPECT_EQ(test, set(t, &dev_attr_reported_size, "huge"), 0);
	softpci_knobs_report(t->svfio, &size, &more);
	KUNIT_EXPECT_EQ(test, size, HUGE_SIZE);
	KUNIT_EXPECT_EQ(test, more, HUGE_SIZE);

	KUNIT_EXPECT_EQ(test, set(t, &dev_attr_reported_size, "growing"), 0);
	last = reported(t, 5000);
	KUNIT_EXPECT_EQ(test, last, 5000);
	for (i = 0; i < 49; i++) {
		KUNIT_EXPECT_EQ(test, reported(t, 5000), 2 * last);
		last *= 2;
	}
	/* For ever, also if there is nothing to send. */
	for (i = 0; i < 100; i++)
		last = reported(t, 0);
	KUNIT_EXPECT_EQ(test, last, HUGE_SIZE);
	/* Setting it again begins again. */
	KUNIT_EXPECT_EQ(test, set(t, &dev_attr_reported_size, "growing"), 0);
	KUNIT_EXPECT_EQ(test, reported(t, 0), SZ_4K);
}

static void rates_and_times_fit_into_64_bits(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, softpci_bytes_in(MAX_RATE, NSEC_PER_SEC << 29),
			MAX_RATE << 29);
	KUNIT_EXPECT_EQ(test, softpci_bytes_in(MAX_RATE, NSEC_PER_SEC - 1),
			17179869166ULL);
	KUNIT_EXPECT_EQ(test, softpci_bytes_in(1, NSEC_PER_SEC - 1), 0);
	KUNIT_EXPECT_EQ(test, softpci_bytes_in(1, 3 * NSEC_PER_SEC), 3);
	KUNIT_EXPECT_EQ(test, softpci_time_of(1, 5), 5 * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, softpci_time_of(MAX_RATE, MAX_RATE - 1),
			NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, softpci_time_of(3, 1), 333333334);
}

/* Moves @total bytes as fast as it may, @piece at a time: how long that takes. */
static u64 time_to_move(struct softpci_pace *pace, u64 total, u64 piece)
{
	u64 now = T0, n;

	for (; total; total -= n) {
		now += pace_wait(pace, now);
		n = pace_room(pace, min(total, piece));
		pace_moved(pace, n, now);
	}
	/* The next one would come that late. */
	return now + pace_wait(pace, now) - T0;
}

static void pace_is_the_same_for_pieces_of_any_size(struct kunit *test)
{
	static const u64 pieces[] = { 1, 3, 100, SZ_64K, SZ_1M };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		struct softpci_pace pace = { .rate = SZ_64K };
		u64 ns = time_to_move(&pace, 4 * SZ_64K, pieces[i]);

		/* A late caller may catch up on 1/16 s. */
		KUNIT_EXPECT_GE(test, ns, 4 * NSEC_PER_SEC - NSEC_PER_SEC / 16);
		KUNIT_EXPECT_LE(test, ns, 4 * NSEC_PER_SEC + NSEC_PER_SEC / 1000);
	}
}

static void pace_lets_a_late_caller_catch_up_on_little(struct kunit *test)
{
	struct softpci_pace pace = { .rate = SZ_64K };

	pace_moved(&pace, 1, T0);
	/* An hour later: no more than usual. */
	pace_moved(&pace, SZ_64K / PACE_PARTS, T0 + 3600 * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, pace_wait(&pace, T0 + 3600 * NSEC_PER_SEC), 0);
	pace_moved(&pace, SZ_64K / PACE_PARTS, T0 + 3600 * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, pace_wait(&pace, T0 + 3600 * NSEC_PER_SEC),
			NSEC_PER_SEC / PACE_PARTS);
}

static void pace_waits_a_second_at_most(struct kunit *test)
{
	struct softpci_pace pace = { .rate = 1 };

	KUNIT_EXPECT_EQ(test, pace_room(&pace, SZ_1M), 1);
	pace_moved(&pace, 1, T0);
	KUNIT_EXPECT_LE(test, pace_wait(&pace, T0), NSEC_PER_SEC);
	/* The limit is lifted. */
	pace.rate = 0;
	KUNIT_EXPECT_EQ(test, pace_wait(&pace, T0), 0);
	KUNIT_EXPECT_EQ(test, pace_room(&pace, SZ_1M), SZ_1M);
}

static struct kunit_case knobs_cases[] = {
	KUNIT_CASE(each_setting_is_shown_as_it_was_made_or_is_refused),
	KUNIT_CASE(faults_are_the_arcs_of_this_kernel),
	KUNIT_CASE(settings_stay_when_the_user_leaves),
	KUNIT_CASE(size_is_reported_as_it_is_set),
	KUNIT_CASE(rates_and_times_fit_into_64_bits),
	KUNIT_CASE(pace_is_the_same_for_pieces_of_any_size),
	KUNIT_CASE(pace_lets_a_late_caller_catch_up_on_little),
	KUNIT_CASE(pace_waits_a_second_at_most),
	{}
};

static struct kunit_suite knobs_suite = {
	.name = "softpci-knobs",
	.test_cases = knobs_cases,
};

kunit_test_suite(knobs_suite);
