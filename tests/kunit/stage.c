// SPDX-License-Identifier: GPL-2.0-only
/* The content of memories, from one device to another. */
#include "kunit.h"

#define STAGE_PAGES	64

static int fill_with_ones(struct softpci_device *dev, unsigned int memory)
{
	return softpci_memory_set(dev, memory, 0, 1, STAGE_PAGES * PAGE_SIZE);
}

static const struct softpci_memory_desc stage_memories[] = {
	{ .size = STAGE_PAGES * PAGE_SIZE },
	{ .size = STAGE_PAGES * PAGE_SIZE, .fill = fill_with_ones },
};

static const struct softpci_ops stage_ops = {};

static const struct softpci_model stage_model = {
	.device_size	= sizeof(struct softpci_device),
	.ops		= &stage_ops,
	SOFTPCI_TABLE(memories, stage_memories),
};

static void put_byte(struct softpci_device *dev, unsigned int memory, u64 pos,
		     u8 byte)
{
	KUNIT_EXPECT_EQ(kunit_get_current_test(),
			softpci_memory_write(dev, memory, pos, &byte, 1), 0);
}

static u8 get_byte(struct softpci_device *dev, unsigned int memory, u64 pos)
{
	u8 byte = 0;

	KUNIT_EXPECT_EQ(kunit_get_current_test(),
			softpci_memory_read(dev, memory, pos, &byte, 1), 0);
	return byte;
}

static unsigned int touched_pages(struct softpci_device *dev,
				  unsigned int memory)
{
	u64 pos, len = U64_MAX, sum = 0;

	for (pos = 0; softpci_memory_touched(dev, memory, &pos, &len);
	     pos += len, len = U64_MAX)
		sum += len;
	return sum / PAGE_SIZE;
}

static void only_touched_pages_are_found(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stage_model)->dev;
	u64 pos = 0, len = SZ_64K;

	KUNIT_EXPECT_FALSE(test, softpci_memory_touched(dev, 0, &pos, &len));
	/* As read by softpci_memory_peek(), which touches none. */
	KUNIT_EXPECT_EQ(test, softpci_memory_peek(dev, 0, 0, &len, 8), 0);
	KUNIT_EXPECT_EQ(test, touched_pages(dev, 0), 0);

	put_byte(dev, 0, 5 * PAGE_SIZE, 1);
	pos = 0;
	len = SZ_64K;
	KUNIT_ASSERT_TRUE(test, softpci_memory_touched(dev, 0, &pos, &len));
	KUNIT_EXPECT_LE(test, pos, 5 * PAGE_SIZE);
	KUNIT_EXPECT_GE(test, pos + len, 6 * PAGE_SIZE);
	KUNIT_EXPECT_LE(test, len, SZ_64K);
	pos = STAGE_PAGES * PAGE_SIZE;
	KUNIT_EXPECT_FALSE(test, softpci_memory_touched(dev, 0, &pos, &len));

	put_byte(dev, 0, STAGE_PAGES * PAGE_SIZE - 1, 1);
	pos = (STAGE_PAGES - 1) * PAGE_SIZE;
	len = SZ_64K;
	KUNIT_ASSERT_TRUE(test, softpci_memory_touched(dev, 0, &pos, &len));
	KUNIT_EXPECT_EQ(test, len, PAGE_SIZE);
}

static void nothing_outside_of_a_memory_is_taken(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stage_model)->dev;
	const u64 size = STAGE_PAGES * PAGE_SIZE;
	struct softpci_stage *stage = softpci_stage_create(dev);
	u8 buf[2] = {};

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, stage);
	KUNIT_EXPECT_EQ(test, softpci_stage_write(stage, 2, 0, buf, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, softpci_stage_write(stage, U32_MAX, 0, buf, 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, softpci_stage_write(stage, 0, size, buf, 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, softpci_stage_write(stage, 0, size - 1, buf, 2),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, softpci_stage_write(stage, 0, U64_MAX, buf, 2),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, softpci_stage_write(stage, 0, size - 2, buf, 2), 0);
	softpci_stage_destroy(stage);
}

static void apply(struct kunit *test, struct softpci_device *dev,
		  struct softpci_stage *stage)
{
	KUNIT_EXPECT_EQ(test, softpci_stage_prepare(dev, stage), 0);
	KUNIT_EXPECT_EQ(test, softpci_stage_apply(dev, stage), 0);
}

static void content_is_replaced_and_the_rest_is_zeroed(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stage_model)->dev;
	struct softpci_stage *stage = softpci_stage_create(dev);
	const u8 byte = 0x77;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, stage);
	put_byte(dev, 0, 7, 0x11);
	put_byte(dev, 0, 20 * PAGE_SIZE, 0x22);
	KUNIT_EXPECT_EQ(test, softpci_stage_write(stage, 0, 20 * PAGE_SIZE - 1,
						  &byte, 1), 0);
	/* Allocated, and nothing is changed. */
	KUNIT_EXPECT_EQ(test, softpci_stage_prepare(dev, stage), 0);
	KUNIT_EXPECT_EQ(test, get_byte(dev, 0, 7), 0x11);
	KUNIT_EXPECT_EQ(test, get_byte(dev, 0, 20 * PAGE_SIZE - 1), 0);
	apply(test, dev, stage);
	KUNIT_EXPECT_EQ(test, get_byte(dev, 0, 7), 0);
	KUNIT_EXPECT_EQ(test, get_byte(dev, 0, 20 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, get_byte(dev, 0, 20 * PAGE_SIZE - 1), 0x77);
	softpci_stage_destroy(stage);
}

static void content_at_power_on_does_not_replace_what_was_loaded(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stage_model)->dev;
	struct softpci_stage *stage = softpci_stage_create(dev);
	const u8 byte = 0x77;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, stage);
	KUNIT_EXPECT_EQ(test, softpci_stage_write(stage, 1, 0, &byte, 1), 0);
	apply(test, dev, stage);
	KUNIT_EXPECT_EQ(test, get_byte(dev, 1, 0), 0x77);
	KUNIT_EXPECT_EQ(test, get_byte(dev, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, get_byte(dev, 1, 9 * PAGE_SIZE), 0);
	/* And a reset replaces it. */
	KUNIT_EXPECT_EQ(test, softpci_reset(dev, SOFTPCI_RESET_BUS), 0);
	KUNIT_EXPECT_EQ(test, get_byte(dev, 1, 0), 1);
	softpci_stage_destroy(stage);
}

static void memory_that_was_not_touched_is_as_at_power_on(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stage_model)->dev;
	struct softpci_stage *stage = softpci_stage_create(dev);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, stage);
	apply(test, dev, stage);
	KUNIT_EXPECT_EQ(test, touched_pages(dev, 1), 0);
	KUNIT_EXPECT_EQ(test, get_byte(dev, 1, 5), 1);
	put_byte(dev, 1, 5, 9);
	apply(test, dev, stage);
	KUNIT_EXPECT_EQ(test, get_byte(dev, 1, 5), 1);
	softpci_stage_destroy(stage);
}

static void page_differs_by_its_content_alone(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stage_model)->dev;
	struct softpci_stage *stage = softpci_stage_create(dev);
	const u64 size = STAGE_PAGES * PAGE_SIZE;
	const u8 zero = 0, one = 1;
	u64 last;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, stage);
	/* A page that was never touched is one of zeroes, and stays so. */
	KUNIT_EXPECT_EQ(test, softpci_stage_differs(stage, dev, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, touched_pages(dev, 0), 0);
	put_byte(dev, 0, 7 * PAGE_SIZE, 0);
	KUNIT_EXPECT_EQ(test, softpci_stage_differs(stage, dev, 0,
						    7 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, softpci_stage_write(stage, 0, 9 * PAGE_SIZE, &zero,
						  1), 0);
	KUNIT_EXPECT_EQ(test, softpci_stage_differs(stage, dev, 0,
						    9 * PAGE_SIZE), 0);

	/* Each byte of it counts, the last one as well, here and there. */
	last = 8 * PAGE_SIZE - 1;
	put_byte(dev, 0, last, 1);
	KUNIT_EXPECT_EQ(test, softpci_stage_differs(stage, dev, 0,
						    7 * PAGE_SIZE), 1);
	KUNIT_EXPECT_EQ(test, softpci_stage_write(stage, 0, last, &one, 1), 0);
	KUNIT_EXPECT_EQ(test, softpci_stage_differs(stage, dev, 0,
						    7 * PAGE_SIZE), 0);
	put_byte(dev, 0, last, 2);
	KUNIT_EXPECT_EQ(test, softpci_stage_differs(stage, dev, 0,
						    7 * PAGE_SIZE), 1);
	KUNIT_EXPECT_EQ(test, softpci_stage_write(stage, 0, 9 * PAGE_SIZE, &one,
						  1), 0);
	KUNIT_EXPECT_EQ(test, softpci_stage_differs(stage, dev, 0,
						    9 * PAGE_SIZE), 1);

	KUNIT_EXPECT_EQ(test, softpci_stage_differs(stage, dev, 0, size), -EINVAL);
	KUNIT_EXPECT_EQ(test, softpci_stage_differs(stage, dev, 2, 0), -EINVAL);
	softpci_stage_destroy(stage);
}

static struct kunit_case stage_cases[] = {
	KUNIT_CASE(only_touched_pages_are_found),
	KUNIT_CASE(nothing_outside_of_a_memory_is_taken),
	KUNIT_CASE(content_is_replaced_and_the_rest_is_zeroed),
	KUNIT_CASE(content_at_power_on_does_not_replace_what_was_loaded),
	KUNIT_CASE(memory_that_was_not_touched_is_as_at_power_on),
	KUNIT_CASE(page_differs_by_its_content_alone),
	{}
};

static struct kunit_suite stage_suite = {
	.name = "softpci-stage",
	.test_cases = stage_cases,
};

kunit_test_suite(stage_suite);
