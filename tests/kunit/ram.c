// SPDX-License-Identifier: GPL-2.0-only
/* Memory that has a content at power-on, and what changes that. */
#include "kunit.h"

#define RAM_BAR		0
#define RAM_SIZE	(4 * PAGE_SIZE)
#define RAM_BYTE	0x5a
/* A second memory, with another content and size. */
#define SIDE_SIZE	(2 * PAGE_SIZE)
#define SIDE_BYTE	0xa5

/**
 * struct kunit_ram - a device with memories
 * @dev: must be first
 * @filled: how often each was filled
 * @fail: the index of one whose filling fails, plus one
 */
struct kunit_ram {
	struct softpci_device dev;
	unsigned int filled[2];
	unsigned int fail;
};

static struct kunit_ram *to_ram(struct softpci_device *dev)
{
	return container_of(dev, struct kunit_ram, dev);
}

static int fill_ram(struct softpci_device *dev, unsigned int memory)
{
	to_ram(dev)->filled[memory]++;
	if (to_ram(dev)->fail == memory + 1)
		return -ENOMEM;
	return softpci_memory_set(dev, memory, 0,
				  memory ? SIDE_BYTE : RAM_BYTE,
				  memory ? SIDE_SIZE : RAM_SIZE);
}

static const struct softpci_area ram_areas[] = {
	SOFTPCI_MEMORY_AREA(0, RAM_SIZE, 0),
	SOFTPCI_MEMORY_AREA(RAM_SIZE, SIDE_SIZE, 1),
};

static const struct softpci_region ram_regions[] = {
	{
		.index = RAM_BAR,
		.size = 2 * RAM_SIZE,
		.areas = ram_areas,
		.nr_areas = ARRAY_SIZE(ram_areas),
	},
};

static const struct softpci_memory_desc filled_memories[] = {
	{ .size = RAM_SIZE, .fill = fill_ram, },
	{ .size = SIDE_SIZE, .fill = fill_ram, },
};

static const struct softpci_memory_desc zeroed_memories[] = {
	{ .size = RAM_SIZE, },
	{ .size = SIDE_SIZE, },
};

static bool ram_get_mode(struct softpci_device *dev, struct softpci_mode *mode)
{
	return false;
}

static const struct softpci_ops ram_ops = { .get_mode = ram_get_mode, };

#define RAM_MODEL(_memories, _display) {		\
	.device_size	= sizeof(struct kunit_ram),	\
	.ops		= &ram_ops,			\
	.regions	= ram_regions,			\
	.nr_regions	= ARRAY_SIZE(ram_regions),	\
	.memories	= _memories,			\
	.nr_memories	= ARRAY_SIZE(_memories),	\
	.display	= _display,			\
}

static const struct softpci_model filled_model =
	RAM_MODEL(filled_memories, SOFTPCI_DISPLAY_NONE);
static const struct softpci_model zeroed_model =
	RAM_MODEL(zeroed_memories, SOFTPCI_DISPLAY_REGION);
static const struct softpci_model dmabuf_model =
	RAM_MODEL(zeroed_memories, SOFTPCI_DISPLAY_DMABUF);

static struct softpci_device *open_ram(struct kunit *test,
				       const struct softpci_model *model)
{
	return kunit_device(test, model)->dev;
}

static u8 memory_byte(struct kunit *test, struct softpci_device *dev,
		      unsigned int memory, unsigned int offset)
{
	struct page *page;
	u8 byte;

	page = shmem_read_mapping_page(dev->memory[memory].file->f_mapping,
				       offset >> PAGE_SHIFT);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	memcpy_from_page(&byte, page, offset_in_page(offset), 1);
	put_page(page);
	return byte;
}

static u8 ram_byte(struct kunit *test, struct softpci_device *dev,
		   unsigned int offset)
{
	return memory_byte(test, dev, 0, offset);
}

/* An access to the BAR, which shows one memory behind the other. */
static void bar_access(struct kunit *test, struct softpci_device *dev, u64 pos,
		       void *buf, size_t len, bool write)
{
	KUNIT_ASSERT_EQ(test, kunit_access(dev, RAM_BAR, pos, buf, len, write),
			len);
}

/* It stays cleared over the first fill, and not over a reset. */
static void clear_is_a_write_like_others(struct kunit *test)
{
	struct softpci_device *dev = open_ram(test, &filled_model);

	KUNIT_EXPECT_EQ(test, softpci_memory_clear(dev, 0, PAGE_SIZE,
						   PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, memory_fill(dev, 0), 0);
	KUNIT_EXPECT_EQ(test, to_ram(dev)->filled[0], 1);
	KUNIT_EXPECT_EQ(test, ram_byte(test, dev, 0), RAM_BYTE);
	KUNIT_EXPECT_EQ(test, ram_byte(test, dev, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, ram_byte(test, dev, 2 * PAGE_SIZE - 1), 0);
	KUNIT_EXPECT_EQ(test, ram_byte(test, dev, 2 * PAGE_SIZE), RAM_BYTE);

	KUNIT_EXPECT_EQ(test, softpci_memory_reset(dev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(dev)->filled[0], 2);
	KUNIT_EXPECT_EQ(test, ram_byte(test, dev, PAGE_SIZE), RAM_BYTE);
}

static void reset_fills_only_what_may_have_changed(struct kunit *test)
{
	struct softpci_device *dev = open_ram(test, &filled_model);

	KUNIT_EXPECT_EQ(test, softpci_memory_reset(dev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(dev)->filled[0], 0);
	KUNIT_EXPECT_EQ(test, memory_fill(dev, 0), 0);
	KUNIT_EXPECT_EQ(test, softpci_memory_reset(dev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(dev)->filled[0], 1);
	KUNIT_EXPECT_EQ(test, softpci_memory_expose(dev, 0), 0);
	KUNIT_EXPECT_EQ(test, softpci_memory_reset(dev), 0);
	KUNIT_EXPECT_EQ(test, softpci_memory_reset(dev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(dev)->filled[0], 3);
	/* Nothing has touched the other one. */
	KUNIT_EXPECT_EQ(test, to_ram(dev)->filled[1], 0);
}

static void each_write_is_undone_by_a_reset(struct kunit *test)
{
	struct softpci_device *dev = open_ram(test, &filled_model);
	u8 byte = 1;

	bar_access(test, dev, 0, &byte, 1, false);
	KUNIT_EXPECT_EQ(test, byte, RAM_BYTE);
	KUNIT_EXPECT_EQ(test, softpci_memory_read(dev, 0, 1, &byte, 1), 0);
	KUNIT_EXPECT_EQ(test, byte, RAM_BYTE);
	KUNIT_EXPECT_EQ(test, softpci_memory_reset(dev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(dev)->filled[0], 1);

	bar_access(test, dev, 0, "\1", 1, true);
	KUNIT_EXPECT_EQ(test, ram_byte(test, dev, 0), 1);
	KUNIT_EXPECT_EQ(test, softpci_memory_reset(dev), 0);
	KUNIT_EXPECT_EQ(test, ram_byte(test, dev, 0), RAM_BYTE);

	KUNIT_EXPECT_EQ(test, softpci_memory_write(dev, 0, 0, "\1", 1), 0);
	KUNIT_EXPECT_EQ(test, ram_byte(test, dev, 0), 1);
	KUNIT_EXPECT_EQ(test, softpci_memory_reset(dev), 0);
	KUNIT_EXPECT_EQ(test, ram_byte(test, dev, 0), RAM_BYTE);
	KUNIT_EXPECT_EQ(test, to_ram(dev)->filled[0], 3);
	KUNIT_EXPECT_EQ(test, softpci_memory_reset(dev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(dev)->filled[0], 3);
}

static void reset_that_failed_is_made_up_for_by_the_next(struct kunit *test)
{
	struct softpci_device *dev = open_ram(test, &filled_model);

	to_ram(dev)->fail = 2;
	KUNIT_EXPECT_EQ(test, softpci_memory_write(dev, 1, 0, "\1", 1),
			-ENOMEM);
	to_ram(dev)->fail = 0;
	KUNIT_EXPECT_EQ(test, softpci_memory_write(dev, 1, 0, "\1", 1), 0);
	KUNIT_EXPECT_EQ(test, to_ram(dev)->filled[1], 2);
	to_ram(dev)->fail = 2;
	KUNIT_EXPECT_EQ(test, softpci_memory_reset(dev), -ENOMEM);
	to_ram(dev)->fail = 0;
	KUNIT_EXPECT_EQ(test, softpci_memory_reset(dev), 0);
	KUNIT_EXPECT_EQ(test, memory_byte(test, dev, 1, 0), SIDE_BYTE);
	KUNIT_EXPECT_EQ(test, to_ram(dev)->filled[1], 4);
	KUNIT_EXPECT_EQ(test, to_ram(dev)->filled[0], 0);
}

static void memories_are_apart_from_each_other(struct kunit *test)
{
	struct softpci_device *dev = open_ram(test, &filled_model);
	u8 edge[4] = { 1, 2, 3, 4 }, got[4] = {};

	/* In the BAR one lies behind the other. */
	bar_access(test, dev, RAM_SIZE - 2, edge, 4, true);
	KUNIT_EXPECT_EQ(test, ram_byte(test, dev, RAM_SIZE - 1), 2);
	KUNIT_EXPECT_EQ(test, memory_byte(test, dev, 1, 0), 3);
	KUNIT_EXPECT_EQ(test, memory_byte(test, dev, 1, 2), SIDE_BYTE);
	bar_access(test, dev, RAM_SIZE - 2, got, 4, false);
	KUNIT_EXPECT_MEMEQ(test, got, edge, 4);

	KUNIT_EXPECT_EQ(test, softpci_memory_reset(dev), 0);
	KUNIT_EXPECT_EQ(test, softpci_memory_clear(dev, 1, 0, SIDE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, memory_byte(test, dev, 1, SIDE_SIZE - 1), 0);
	KUNIT_EXPECT_EQ(test, ram_byte(test, dev, 0), RAM_BYTE);
	KUNIT_EXPECT_EQ(test, softpci_memory_reset(dev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(dev)->filled[0], 2);
	KUNIT_EXPECT_EQ(test, to_ram(dev)->filled[1], 3);

	/* Behind the smaller one the BAR has nothing. */
	bar_access(test, dev, RAM_SIZE + SIDE_SIZE - 2, edge, 4, true);
	bar_access(test, dev, RAM_SIZE + SIDE_SIZE - 2, got, 4, false);
	KUNIT_EXPECT_MEMEQ(test, got, "\1\2\0\0", 4);
}

static void copies_reach_over_pages(struct kunit *test)
{
	struct softpci_device *dev = open_ram(test, &zeroed_model);
	size_t len = 2 * PAGE_SIZE + 20, i;
	u8 *buf, *got;

	buf = kunit_kmalloc(test, len, GFP_KERNEL);
	got = kunit_kzalloc(test, len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_ASSERT_NOT_NULL(test, got);
	for (i = 0; i < len; i++)
		buf[i] = i % 251 + 1;
	KUNIT_EXPECT_EQ(test, softpci_memory_write(dev, 0, PAGE_SIZE - 10, buf,
						   len), 0);
	KUNIT_EXPECT_EQ(test, softpci_memory_read(dev, 0, PAGE_SIZE - 10, got,
						  len), 0);
	KUNIT_EXPECT_MEMEQ(test, got, buf, len);
	bar_access(test, dev, PAGE_SIZE - 10, got, len, false);
	KUNIT_EXPECT_MEMEQ(test, got, buf, len);
	KUNIT_EXPECT_EQ(test, ram_byte(test, dev, PAGE_SIZE - 11), 0);
	KUNIT_EXPECT_EQ(test, ram_byte(test, dev, PAGE_SIZE - 10 + len), 0);
}

static void pages_come_with_the_first_write(struct kunit *test)
{
	struct softpci_device *dev = open_ram(test, &dmabuf_model);
	struct address_space *mapping = dev->memory[0].file->f_mapping;
	u8 *buf = kunit_kmalloc(test, RAM_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	memset(buf, 1, RAM_SIZE);
	KUNIT_EXPECT_EQ(test, softpci_memory_read(dev, 0, 0, buf, RAM_SIZE), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(buf, 0, RAM_SIZE));
	KUNIT_EXPECT_EQ(test, softpci_memory_clear(dev, 0, 0, RAM_SIZE), 0);
	KUNIT_EXPECT_EQ(test, mapping->nrpages, 0);
	KUNIT_EXPECT_EQ(test, softpci_memory_write(dev, 0, 1, "\0", 1), 0);
	KUNIT_EXPECT_NE(test, mapping->nrpages, 0);
}

static void what_is_not_there_is_refused(struct kunit *test)
{
	struct softpci_device *dev = open_ram(test, &filled_model);
	static const struct {
		u64 offset;
		u64 len;
	} bad[] = {
		{ RAM_SIZE, 1 }, { RAM_SIZE - 1, 2 }, { 0, RAM_SIZE + 1 },
		{ RAM_SIZE + 1, 0 }, { U64_MAX, 1 }, { 1, SIZE_MAX },
		{ BIT_ULL(32), 1 }, { RAM_SIZE / 2, SIZE_MAX - 1 },
	};
	unsigned int i;
	u8 byte = 0;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		u64 offset = bad[i].offset, len = bad[i].len;

		KUNIT_EXPECT_EQ_MSG(test, softpci_memory_set(dev, 0, offset, 1,
							     len),
				    -EINVAL, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, softpci_memory_clear(dev, 0, offset,
							       len),
				    -EINVAL, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, softpci_memory_read(dev, 0, offset,
							      &byte, len),
				    -EINVAL, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, softpci_memory_write(dev, 0, offset,
							       &byte, len),
				    -EINVAL, "%u", i);
	}
	KUNIT_EXPECT_EQ(test, softpci_memory_read(dev, 0, RAM_SIZE, &byte, 0),
			0);
	/* A larger one is no room for a smaller one. */
	KUNIT_EXPECT_EQ(test, softpci_memory_read(dev, 1, SIDE_SIZE, &byte, 1),
			-EINVAL);
}

static bool is_movable(struct softpci_device *dev, unsigned int memory)
{
	return mapping_gfp_mask(dev->memory[memory].file->f_mapping) &
	       __GFP_MOVABLE;
}

static void only_what_is_never_exported_is_movable(struct kunit *test)
{
	struct softpci_device *dev = open_ram(test, &filled_model);

	KUNIT_EXPECT_TRUE(test, is_movable(dev, 0));
	dev = open_ram(test, &zeroed_model);
	KUNIT_EXPECT_TRUE(test, is_movable(dev, 0));
	dev = open_ram(test, &dmabuf_model);
	KUNIT_EXPECT_FALSE(test, is_movable(dev, 0));
	KUNIT_EXPECT_TRUE(test, is_movable(dev, 1));
}

static void pages_that_are_held_come_from_the_memory(struct kunit *test)
{
	struct softpci_device *dev = open_ram(test, &dmabuf_model);
	struct page **pages;

	pages = softpci_memory_get_pages(dev->memory[0].file, 1, 2);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pages);
	memcpy_to_page(pages[1], 5, "\7", 1);
	softpci_memory_put_pages(pages, 2);
	KUNIT_EXPECT_EQ(test, ram_byte(test, dev, 2 * PAGE_SIZE + 5), 7);

	/* None is kept if there are not all of them. */
	pages = softpci_memory_get_pages(dev->memory[0].file,
					 RAM_SIZE / PAGE_SIZE - 1, 2);
	KUNIT_EXPECT_TRUE(test, IS_ERR(pages));
}

static struct kunit_case ram_cases[] = {
	KUNIT_CASE(clear_is_a_write_like_others),
	KUNIT_CASE(reset_fills_only_what_may_have_changed),
	KUNIT_CASE(each_write_is_undone_by_a_reset),
	KUNIT_CASE(reset_that_failed_is_made_up_for_by_the_next),
	KUNIT_CASE(memories_are_apart_from_each_other),
	KUNIT_CASE(copies_reach_over_pages),
	KUNIT_CASE(pages_come_with_the_first_write),
	KUNIT_CASE(what_is_not_there_is_refused),
	KUNIT_CASE(only_what_is_never_exported_is_movable),
	KUNIT_CASE(pages_that_are_held_come_from_the_memory),
	{}
};

static struct kunit_suite ram_suite = {
	.name = "softpci-ram",
	.test_cases = ram_cases,
};

kunit_test_suite(ram_suite);
