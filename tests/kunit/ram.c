// SPDX-License-Identifier: GPL-2.0-only
/* Memory that has a content at power-on, and what changes that. */
#include "kunit.h"

#define RAM_SIZE	(4 * PAGE_SIZE)
#define RAM_BYTE	0x5a

/**
 * struct kunit_ram - a device with memory
 * @spdev: must be first
 * @filled: how often fill_ram() was called
 */
struct kunit_ram {
	struct softpci_device spdev;
	unsigned int filled;
};

static struct kunit_ram *to_ram(struct softpci_device *spdev)
{
	return container_of(spdev, struct kunit_ram, spdev);
}

static int kunit_fill_ram(struct softpci_device *spdev)
{
	to_ram(spdev)->filled++;
	return softpci_ram_set(spdev, 0, RAM_BYTE, RAM_SIZE);
}

static const struct softpci_driver filled_driver = {
	.name		= "kunit-ram",
	.device_size	= sizeof(struct kunit_ram),
	.fill_ram	= kunit_fill_ram,
};

static const struct softpci_driver dmabuf_driver = {
	.name		= "kunit-ram",
	.device_size	= sizeof(struct kunit_ram),
	.display	= VFIO_GFX_PLANE_TYPE_DMABUF,
};

static const struct softpci_model ram_model = {};
static const struct softpci_type ram_type = {
	.model = &ram_model,
	.ram_size = RAM_SIZE,
};

static void close_ram(void *spdev)
{
	softpci_ram_close(spdev);
}

static struct softpci_device *open_ram(struct kunit *test,
				       const struct softpci_driver *drv)
{
	struct softpci_device *spdev;

	spdev = softpci_kunit_device(test, drv, &ram_type);
	KUNIT_ASSERT_EQ(test, softpci_ram_open(spdev), 0);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, close_ram, spdev), 0);
	return spdev;
}

static u8 ram_byte(struct kunit *test, struct softpci_device *spdev,
		   unsigned int offset)
{
	struct page *page;
	u8 byte;

	page = shmem_read_mapping_page(spdev->ram.file->f_mapping,
				       offset >> PAGE_SHIFT);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	memcpy_from_page(&byte, page, offset_in_page(offset), 1);
	put_page(page);
	return byte;
}

/* What is cleared stays so for the first who looks, and not over a reset. */
static void clear_is_a_write_like_others(struct kunit *test)
{
	struct softpci_device *spdev = open_ram(test, &filled_driver);

	softpci_ram_zero(spdev, PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, softpci_ram_fill(spdev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(spdev)->filled, 1);
	KUNIT_EXPECT_EQ(test, ram_byte(test, spdev, 0), RAM_BYTE);
	KUNIT_EXPECT_EQ(test, ram_byte(test, spdev, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, ram_byte(test, spdev, 2 * PAGE_SIZE - 1), 0);
	KUNIT_EXPECT_EQ(test, ram_byte(test, spdev, 2 * PAGE_SIZE), RAM_BYTE);

	KUNIT_EXPECT_EQ(test, softpci_ram_reset(spdev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(spdev)->filled, 2);
	KUNIT_EXPECT_EQ(test, ram_byte(test, spdev, PAGE_SIZE), RAM_BYTE);
}

static void reset_draws_anew_only_what_may_have_changed(struct kunit *test)
{
	struct softpci_device *spdev = open_ram(test, &filled_driver);

	KUNIT_EXPECT_EQ(test, softpci_ram_reset(spdev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(spdev)->filled, 0);
	KUNIT_EXPECT_EQ(test, softpci_ram_fill(spdev), 0);
	KUNIT_EXPECT_EQ(test, softpci_ram_reset(spdev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(spdev)->filled, 1);
	KUNIT_EXPECT_EQ(test, softpci_ram_expose(spdev), 0);
	KUNIT_EXPECT_EQ(test, softpci_ram_reset(spdev), 0);
	KUNIT_EXPECT_EQ(test, softpci_ram_reset(spdev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(spdev)->filled, 3);
}

static void only_what_is_never_exported_is_movable(struct kunit *test)
{
	struct softpci_device *spdev = open_ram(test, &filled_driver);

	KUNIT_EXPECT_TRUE(test, mapping_gfp_mask(spdev->ram.file->f_mapping) &
			  __GFP_MOVABLE);
	spdev = open_ram(test, &dmabuf_driver);
	KUNIT_EXPECT_FALSE(test, mapping_gfp_mask(spdev->ram.file->f_mapping) &
			   __GFP_MOVABLE);
}

static struct kunit_case ram_cases[] = {
	KUNIT_CASE(clear_is_a_write_like_others),
	KUNIT_CASE(reset_draws_anew_only_what_may_have_changed),
	KUNIT_CASE(only_what_is_never_exported_is_movable),
	{}
};

static struct kunit_suite ram_suite = {
	.name = "softpci-ram",
	.test_cases = ram_cases,
};

kunit_test_suite(ram_suite);
