// SPDX-License-Identifier: GPL-2.0-only
/* Memory that has a content at power-on, and what changes that. */
#include "kunit.h"

#define RAM_SIZE	(4 * PAGE_SIZE)
#define RAM_BYTE	0x5a

/**
 * struct kunit_ram - a device with memory
 * @mpdev: must be first
 * @filled: how often fill_ram() was called
 */
struct kunit_ram {
	struct mdev_pci_device mpdev;
	unsigned int filled;
};

static struct kunit_ram *to_ram(struct mdev_pci_device *mpdev)
{
	return container_of(mpdev, struct kunit_ram, mpdev);
}

static int kunit_fill_ram(struct mdev_pci_device *mpdev)
{
	to_ram(mpdev)->filled++;
	return mdev_pci_ram_set(mpdev, 0, RAM_BYTE, RAM_SIZE);
}

static const struct mdev_pci_driver filled_driver = {
	.name		= "kunit-ram",
	.device_size	= sizeof(struct kunit_ram),
	.fill_ram	= kunit_fill_ram,
};

static const struct mdev_pci_driver dmabuf_driver = {
	.name		= "kunit-ram",
	.device_size	= sizeof(struct kunit_ram),
	.display	= VFIO_GFX_PLANE_TYPE_DMABUF,
};

static const struct mdev_pci_model ram_model = {};
static const struct mdev_pci_type ram_type = {
	.model = &ram_model,
	.ram_size = RAM_SIZE,
};

static void close_ram(void *mpdev)
{
	mdev_pci_ram_close(mpdev);
}

static struct mdev_pci_device *open_ram(struct kunit *test,
					const struct mdev_pci_driver *drv)
{
	struct mdev_pci_device *mpdev;

	mpdev = mdev_pci_kunit_device(test, drv, &ram_type);
	KUNIT_ASSERT_EQ(test, mdev_pci_ram_open(mpdev), 0);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, close_ram, mpdev), 0);
	return mpdev;
}

static u8 ram_byte(struct kunit *test, struct mdev_pci_device *mpdev,
		   unsigned int offset)
{
	struct page *page;
	u8 byte;

	page = shmem_read_mapping_page(mpdev->ram.file->f_mapping,
				       offset >> PAGE_SHIFT);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	memcpy_from_page(&byte, page, offset_in_page(offset), 1);
	put_page(page);
	return byte;
}

/* What is cleared stays so for the first who looks, and not over a reset. */
static void clear_is_a_write_like_others(struct kunit *test)
{
	struct mdev_pci_device *mpdev = open_ram(test, &filled_driver);

	mdev_pci_ram_zero(mpdev, PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, mdev_pci_ram_fill(mpdev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(mpdev)->filled, 1);
	KUNIT_EXPECT_EQ(test, ram_byte(test, mpdev, 0), RAM_BYTE);
	KUNIT_EXPECT_EQ(test, ram_byte(test, mpdev, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, ram_byte(test, mpdev, 2 * PAGE_SIZE - 1), 0);
	KUNIT_EXPECT_EQ(test, ram_byte(test, mpdev, 2 * PAGE_SIZE), RAM_BYTE);

	KUNIT_EXPECT_EQ(test, mdev_pci_ram_reset(mpdev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(mpdev)->filled, 2);
	KUNIT_EXPECT_EQ(test, ram_byte(test, mpdev, PAGE_SIZE), RAM_BYTE);
}

static void reset_draws_anew_only_what_may_have_changed(struct kunit *test)
{
	struct mdev_pci_device *mpdev = open_ram(test, &filled_driver);

	KUNIT_EXPECT_EQ(test, mdev_pci_ram_reset(mpdev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(mpdev)->filled, 0);
	KUNIT_EXPECT_EQ(test, mdev_pci_ram_fill(mpdev), 0);
	KUNIT_EXPECT_EQ(test, mdev_pci_ram_reset(mpdev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(mpdev)->filled, 1);
	KUNIT_EXPECT_EQ(test, mdev_pci_ram_expose(mpdev), 0);
	KUNIT_EXPECT_EQ(test, mdev_pci_ram_reset(mpdev), 0);
	KUNIT_EXPECT_EQ(test, mdev_pci_ram_reset(mpdev), 0);
	KUNIT_EXPECT_EQ(test, to_ram(mpdev)->filled, 3);
}

static void only_what_is_never_exported_is_movable(struct kunit *test)
{
	struct mdev_pci_device *mpdev = open_ram(test, &filled_driver);

	KUNIT_EXPECT_TRUE(test, mapping_gfp_mask(mpdev->ram.file->f_mapping) &
			  __GFP_MOVABLE);
	mpdev = open_ram(test, &dmabuf_driver);
	KUNIT_EXPECT_FALSE(test, mapping_gfp_mask(mpdev->ram.file->f_mapping) &
			   __GFP_MOVABLE);
}

static struct kunit_case ram_cases[] = {
	KUNIT_CASE(clear_is_a_write_like_others),
	KUNIT_CASE(reset_draws_anew_only_what_may_have_changed),
	KUNIT_CASE(only_what_is_never_exported_is_movable),
	{}
};

static struct kunit_suite ram_suite = {
	.name = "mdev-pci-ram",
	.test_cases = ram_cases,
};

kunit_test_suite(ram_suite);
