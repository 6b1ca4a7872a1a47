// SPDX-License-Identifier: GPL-2.0-only
/* Extra state: the bytes to be sent at a time, and the sections that a target takes. */
#include "kunit.h"

#define SIZE	(3 * SOFTPCI_STREAM_MAX_DATA + 1001)
#define RATE	SZ_1M
/* Any time of day. */
#define T0	(12345 * NSEC_PER_SEC)

static u8 *new_content(struct kunit *test)
{
	u8 *content = kunit_kzalloc(test, SOFTPCI_STREAM_MAX_CONTENT, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, content);
	return content;
}

static struct softpci_extra new_extra(u64 size, u64 rate)
{
	return (struct softpci_extra){
		.size = size,
		.dirty = size,
		.rate = rate,
		.running = true,
	};
}

/* All that has to be sent at a time goes to @to, if there is one: bytes of data. */
static u64 send_all(struct kunit *test, struct softpci_extra *from,
		    struct softpci_extra *to, u64 now)
{
	u8 *content = new_content(test);
	u64 sum = 0;
	size_t len;

	/* It comes to an end. */
	while (sum < 9 * SIZE && (len = next_section(from, content, now))) {
		KUNIT_ASSERT_LE(test, len, SOFTPCI_STREAM_MAX_CONTENT);
		if (to)
			KUNIT_EXPECT_EQ(test, softpci_extra_take(to, content, len),
					0);
		sum += len - EXTRA_HEAD;
	}
	return sum;
}

static void extra_state_is_sent_once_if_nothing_becomes_dirty(struct kunit *test)
{
	static const u64 sizes[] = { 0, 1, 7, 8, SZ_4K, SOFTPCI_STREAM_MAX_DATA, SIZE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct softpci_extra from = new_extra(sizes[i], 0), to = {};

		KUNIT_EXPECT_EQ(test, send_all(test, &from, &to, T0), sizes[i]);
		KUNIT_EXPECT_EQ(test, send_all(test, &from, &to, 2 * T0), 0);
		KUNIT_EXPECT_TRUE(test, softpci_extra_is_complete(&to));
		KUNIT_EXPECT_EQ(test, to.size, sizes[i]);
	}
}

static void extra_state_becomes_dirty_at_its_rate(struct kunit *test)
{
	struct softpci_extra from = new_extra(SIZE, RATE), to = {};
	u64 now = T0, sum = 0;
	unsigned int i;

	/* Not before the end of the first pass. */
	KUNIT_EXPECT_EQ(test, send_all(test, &from, &to, now), SIZE);
	KUNIT_EXPECT_EQ(test, send_all(test, &from, &to, now), 0);
	/* However often it is asked: 7 s in uneven steps. */
	for (i = 0; i < 7000; i++) {
		now += NSEC_PER_MSEC / 2 + i % 2 * NSEC_PER_MSEC;
		sum += send_all(test, &from, &to, now);
	}
	KUNIT_EXPECT_LE(test, sum, 7 * RATE);
	KUNIT_EXPECT_GT(test, sum, 7 * RATE - 2 * GRANULE);
	KUNIT_EXPECT_GT(test, to.generation, 7 * RATE / SIZE - 1);
}

static void pass_ends_although_more_becomes_dirty(struct kunit *test)
{
	struct softpci_extra from = new_extra(SIZE, 16ULL * SZ_1G);
	u8 *content = new_content(test);
	u64 now = T0, sum;
	unsigned int i;
	size_t len;

	for (i = 0; i < 3; i++) {
		sum = 0;
		while (sum < 9 * SIZE &&
		       (len = next_section(&from, content, now))) {
			sum += len - EXTRA_HEAD;
			now += NSEC_PER_SEC;
		}
		KUNIT_EXPECT_EQ(test, sum, SIZE);
	}
	/* There is one more pass, in which all is sent. */
	from.running = false;
	KUNIT_EXPECT_EQ(test, send_all(test, &from, NULL, now), SIZE);
	KUNIT_EXPECT_EQ(test, send_all(test, &from, NULL, now), 0);
}

static void nothing_becomes_dirty_in_the_first_pass(struct kunit *test)
{
	struct softpci_extra from = new_extra(SIZE, RATE);
	u8 *content = new_content(test);

	KUNIT_EXPECT_GT(test, next_section(&from, content, T0), 0);
	age(&from, T0 + NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, from.dirty, SIZE - SOFTPCI_STREAM_MAX_DATA);
	send_all(test, &from, NULL, T0 + NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, from.dirty, 0);
}

static void no_more_is_dirty_than_there_is(struct kunit *test)
{
	struct softpci_extra from = new_extra(SIZE, RATE);

	send_all(test, &from, NULL, T0);
	age(&from, T0 + 3600 * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, from.dirty, SIZE);
	/* Once sent, it is clean. */
	KUNIT_EXPECT_EQ(test, send_all(test, &from, NULL,
				       T0 + 3600 * NSEC_PER_SEC), SIZE);
	/* At the highest rate, after years. */
	from.rate = 16ULL * SZ_1G;
	age(&from, T0 + (NSEC_PER_SEC << 30));
	KUNIT_EXPECT_EQ(test, from.dirty, SIZE);
}

static void nothing_becomes_dirty_outside_of_pre_copy(struct kunit *test)
{
	struct softpci_extra from = new_extra(SIZE, RATE);

	send_all(test, &from, NULL, T0);
	age(&from, T0 + NSEC_PER_SEC / 64);
	from.running = false;
	age(&from, T0 + NSEC_PER_SEC);
	from.running = true;
	age(&from, T0 + NSEC_PER_SEC + NSEC_PER_SEC / 64);
	KUNIT_EXPECT_EQ(test, from.dirty, RATE / 32);
}

static void bytes_left_are_the_bytes_sent(struct kunit *test)
{
	struct softpci_extra from = new_extra(SIZE, 0);
	u64 initial = 1, dirty = 2, sum = 0;
	u8 *content = new_content(test);
	size_t len;

	softpci_extra_left(&from, &initial, &dirty);
	KUNIT_EXPECT_EQ(test, dirty, 2);
	KUNIT_EXPECT_EQ(test, initial, 1 + softpci_extra_rest(&from));
	while ((len = next_section(&from, content, T0)))
		sum += SECTION_SIZE + len;
	KUNIT_EXPECT_EQ(test, initial, 1 + sum);

	/* The last bytes and the first ones. */
	from.offset = SIZE - 10;
	from.dirty = 20;
	initial = 0;
	dirty = 0;
	softpci_extra_left(&from, &initial, &dirty);
	KUNIT_EXPECT_EQ(test, initial, 0);
	KUNIT_EXPECT_EQ(test, dirty, 20 + 2 * (SECTION_SIZE + EXTRA_HEAD));
}

/* Of a section with @len bytes of data; all of them are right. */
static int take(struct kunit *test, struct softpci_extra *to, u64 size,
		u64 offset, u64 generation, size_t len)
{
	struct softpci_stream_extra head = {
		.size = cpu_to_le64(size),
		.offset = cpu_to_le64(offset),
		.generation = cpu_to_le64(generation),
	};
	u8 *content = new_content(test);

	memcpy(content, &head, EXTRA_HEAD);
	make_data(content + EXTRA_HEAD, offset, generation, len);
	return softpci_extra_take(to, content, EXTRA_HEAD + len);
}

static void target_takes_sections_in_order_only(struct kunit *test)
{
	const size_t max = SOFTPCI_STREAM_MAX_DATA;
	struct softpci_extra to = {};

	KUNIT_EXPECT_EQ(test, take(test, &to, 0, 0, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, take(test, &to, SOFTPCI_STREAM_MAX_EXTRA + 1, 0, 0,
				   1), -EINVAL);
	KUNIT_EXPECT_EQ(test, take(test, &to, U64_MAX, 0, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, take(test, &to, SIZE, 0, 0, max), 0);
	KUNIT_EXPECT_FALSE(test, softpci_extra_is_complete(&to));
	/* Again, with a gap, in another generation, of another size. */
	KUNIT_EXPECT_EQ(test, take(test, &to, SIZE, 0, 0, max), -EINVAL);
	KUNIT_EXPECT_EQ(test, take(test, &to, SIZE, max + 8, 0, 8), -EINVAL);
	KUNIT_EXPECT_EQ(test, take(test, &to, SIZE, max, 1, 8), -EINVAL);
	KUNIT_EXPECT_EQ(test, take(test, &to, SIZE, 0, 1, 8), -EINVAL);
	KUNIT_EXPECT_EQ(test, take(test, &to, SIZE + 1, max, 0, 8), -EINVAL);
	KUNIT_EXPECT_EQ(test, take(test, &to, SIZE, max, 0, max), 0);
	KUNIT_EXPECT_EQ(test, take(test, &to, SIZE, 2 * max, 0, max), 0);
	/* Behind the end. */
	KUNIT_EXPECT_EQ(test, take(test, &to, SIZE, 3 * max, 0, 1002), -EINVAL);
	KUNIT_EXPECT_EQ(test, take(test, &to, SIZE, 3 * max, 0, 1001), 0);
	KUNIT_EXPECT_TRUE(test, softpci_extra_is_complete(&to));
	/* Once more in the next generation only. */
	KUNIT_EXPECT_EQ(test, take(test, &to, SIZE, 0, 0, 9), -EINVAL);
	KUNIT_EXPECT_EQ(test, take(test, &to, SIZE, 0, 1, 9), 0);
	KUNIT_EXPECT_EQ(test, take(test, &to, SIZE, 9, 1, 9), 0);
}

static void each_wrong_byte_of_extra_state_is_seen(struct kunit *test)
{
	struct softpci_extra from = new_extra(SIZE, 0), to = {}, try;
	u8 *content = new_content(test);
	size_t len, i;

	len = next_section(&from, content, T0);
	for (i = EXTRA_HEAD; i < len; i += i % 97 + 1) {
		try = to;
		content[i] ^= 0x10;
		KUNIT_EXPECT_EQ_MSG(test, softpci_extra_take(&try, content, len),
				    -EBADMSG, "byte %zu", i);
		content[i] ^= 0x10;
	}
	KUNIT_EXPECT_EQ(test, softpci_extra_take(&to, content, len), 0);
}

/* The format of the stream: as struct softpci_stream_extra has it. */
static void data_is_as_the_header_file_says(struct kunit *test)
{
	u8 data[24], part[24];
	unsigned int i, len;
	__le64 second;

	make_data(data, 16, 3, sizeof(data));
	memcpy(&second, data + 8, sizeof(second));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(second), 0x25b23d5cf9f448a4ULL);
	for (i = 0; i < sizeof(data); i++)
		for (len = 1; len <= sizeof(data) - i; len++) {
			make_data(part, 16 + i, 3, len);
			KUNIT_EXPECT_MEMEQ(test, part, data + i, len);
		}
}

static struct kunit_case extra_cases[] = {
	KUNIT_CASE(extra_state_is_sent_once_if_nothing_becomes_dirty),
	KUNIT_CASE(extra_state_becomes_dirty_at_its_rate),
	KUNIT_CASE(nothing_becomes_dirty_in_the_first_pass),
	KUNIT_CASE(pass_ends_although_more_becomes_dirty),
	KUNIT_CASE(no_more_is_dirty_than_there_is),
	KUNIT_CASE(nothing_becomes_dirty_outside_of_pre_copy),
	KUNIT_CASE(bytes_left_are_the_bytes_sent),
	KUNIT_CASE(target_takes_sections_in_order_only),
	KUNIT_CASE(each_wrong_byte_of_extra_state_is_seen),
	KUNIT_CASE(data_is_as_the_header_file_says),
	{}
};

static struct kunit_suite extra_suite = {
	.name = "softpci-extra",
	.test_cases = extra_cases,
};

kunit_test_suite(extra_suite);
