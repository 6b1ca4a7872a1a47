// SPDX-License-Identifier: GPL-2.0-only
/* What core/device.c does without VFIO: make a device, reset it, let it go. */
#include "kunit.h"

static void kunit_power_off(void *mpdev)
{
	mdev_pci_power_off(mpdev);
}

static struct mdev_pci_device *
kunit_device(struct kunit *test, const struct mdev_pci_driver *drv,
	     const struct mdev_pci_type *type)
{
	struct mdev_pci_parent *parent;
	struct mdev_pci_device *mpdev;

	parent = kunit_kzalloc(test, sizeof(*parent), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, parent);
	mpdev = kunit_kzalloc(test, drv->device_size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mpdev);
	parent->drv = drv;
	mpdev->parent = parent;
	mpdev->type = type;
	return mpdev;
}

/**
 * mdev_pci_kunit_device() - a device as it is before its first user opens it
 * @test: at whose end it goes
 * @drv: its driver
 * @type: its type
 *
 * Return: the device. Without its memory, which comes with opening.
 */
struct mdev_pci_device *
mdev_pci_kunit_device(struct kunit *test, const struct mdev_pci_driver *drv,
		      const struct mdev_pci_type *type)
{
	struct mdev_pci_device *mpdev = kunit_device(test, drv, type);

	KUNIT_ASSERT_EQ(test, mdev_pci_power_on(mpdev), 0);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, kunit_power_off, mpdev),
			0);
	return mpdev;
}
EXPORT_SYMBOL_GPL(mdev_pci_kunit_device);

/**
 * struct kunit_calls - a device that counts how often its driver was called
 * @mpdev: must be first
 * @released: calls of release
 * @reset: calls of reset
 * @closed: calls of close
 */
struct kunit_calls {
	struct mdev_pci_device mpdev;
	unsigned int released;
	unsigned int reset;
	unsigned int closed;
};

static struct kunit_calls *to_calls(struct mdev_pci_device *mpdev)
{
	return container_of(mpdev, struct kunit_calls, mpdev);
}

static int init_fails(struct mdev_pci_device *mpdev)
{
	return -EIO;
}

static int init_takes_config_space(struct mdev_pci_device *mpdev)
{
	static const u8 body[MDEV_PCI_CONFIG_SIZE - PCI_STD_HEADER_SIZEOF -
			     PCI_CAP_FLAGS];

	return mdev_pci_add_cap(mpdev, PCI_CAP_ID_VNDR, body, NULL,
				sizeof(body));
}

static void count_release(struct mdev_pci_device *mpdev)
{
	to_calls(mpdev)->released++;
}

static void count_reset(struct mdev_pci_device *mpdev)
{
	lockdep_assert_held(&mpdev->lock);
	to_calls(mpdev)->reset++;
}

static void count_close(struct mdev_pci_device *mpdev)
{
	lockdep_assert_held(&mpdev->lock);
	to_calls(mpdev)->closed++;
}

static const struct mdev_pci_model calls_model = { .vendor = 0x1234 };
static const struct mdev_pci_type calls_type = { .model = &calls_model };

#define CALLS_DRIVER(_init) {				\
	.device_size	= sizeof(struct kunit_calls),	\
	.init		= _init,			\
	.release	= count_release,		\
	.reset		= count_reset,			\
	.close		= count_close,			\
	.display	= VFIO_GFX_PLANE_TYPE_DMABUF,	\
}

static const struct mdev_pci_driver calls_driver = CALLS_DRIVER(NULL);
static const struct mdev_pci_driver failing_driver = CALLS_DRIVER(init_fails);
static const struct mdev_pci_driver greedy_driver =
	CALLS_DRIVER(init_takes_config_space);

static void driver_that_failed_is_not_released(struct kunit *test)
{
	struct mdev_pci_device *mpdev;

	mpdev = kunit_device(test, &failing_driver, &calls_type);
	KUNIT_EXPECT_EQ(test, mdev_pci_power_on(mpdev), -EIO);
	KUNIT_EXPECT_EQ(test, to_calls(mpdev)->released, 0);
	KUNIT_EXPECT_EQ(test, to_calls(mpdev)->reset, 0);
}

static void driver_is_released_if_the_core_fails(struct kunit *test)
{
	struct mdev_pci_device *mpdev;

	mpdev = kunit_device(test, &greedy_driver, &calls_type);
	KUNIT_EXPECT_EQ(test, mdev_pci_power_on(mpdev), -ENOSPC);
	KUNIT_EXPECT_EQ(test, to_calls(mpdev)->released, 1);
	KUNIT_EXPECT_EQ(test, to_calls(mpdev)->reset, 0);
}

static void new_device_was_reset_and_closed(struct kunit *test)
{
	struct mdev_pci_device *mpdev;

	mpdev = mdev_pci_kunit_device(test, &calls_driver, &calls_type);
	KUNIT_EXPECT_EQ(test, to_calls(mpdev)->reset, 1);
	KUNIT_EXPECT_EQ(test, to_calls(mpdev)->closed, 1);
	KUNIT_EXPECT_EQ(test, to_calls(mpdev)->released, 0);
	kunit_release_action(test, kunit_power_off, mpdev);
	KUNIT_EXPECT_EQ(test, to_calls(mpdev)->released, 1);
}

static void reset_leaves_what_close_forgets(struct kunit *test)
{
	struct mdev_pci_device *mpdev;

	mpdev = mdev_pci_kunit_device(test, &calls_driver, &calls_type);
	mpdev->gfx->id[0] = 5;
	config_put(mpdev, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	config_put(mpdev, mpdev->config.pm + PCI_PM_CTRL, 2, 3);
	scoped_guard(mdev_pci, mpdev)
		mdev_pci_reset_locked(mpdev);
	KUNIT_EXPECT_EQ(test, to_calls(mpdev)->reset, 2);
	KUNIT_EXPECT_EQ(test, to_calls(mpdev)->closed, 1);
	KUNIT_EXPECT_EQ(test, mpdev->gfx->id[0], 5);
	KUNIT_EXPECT_EQ(test, config_get(mpdev, PCI_COMMAND, 2),
			PCI_COMMAND_MASTER);
	KUNIT_EXPECT_EQ(test, config_get(mpdev, mpdev->config.pm + PCI_PM_CTRL,
					 1) & PCI_PM_CTRL_STATE_MASK, 0);

	scoped_guard(mdev_pci, mpdev)
		mdev_pci_close_locked(mpdev);
	KUNIT_EXPECT_EQ(test, to_calls(mpdev)->reset, 3);
	KUNIT_EXPECT_EQ(test, to_calls(mpdev)->closed, 2);
	KUNIT_EXPECT_EQ(test, mpdev->gfx->id[0], 0);
	KUNIT_EXPECT_EQ(test, config_get(mpdev, PCI_COMMAND, 2), 0);
}

static struct kunit_case device_cases[] = {
	KUNIT_CASE(driver_that_failed_is_not_released),
	KUNIT_CASE(driver_is_released_if_the_core_fails),
	KUNIT_CASE(new_device_was_reset_and_closed),
	KUNIT_CASE(reset_leaves_what_close_forgets),
	{}
};

static struct kunit_suite device_suite = {
	.name = "mdev-pci-device",
	.test_cases = device_cases,
};

kunit_test_suite(device_suite);
