// SPDX-License-Identifier: GPL-2.0-only
/* What core/device.c does without VFIO: make a device, reset it, let it go. */
#include "kunit.h"

static void kunit_power_off(void *spdev)
{
	softpci_power_off(spdev);
}

static struct softpci_device *
kunit_device(struct kunit *test, const struct softpci_driver *drv,
	     const struct softpci_type *type)
{
	struct softpci_parent *parent;
	struct softpci_device *spdev;

	parent = kunit_kzalloc(test, sizeof(*parent), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, parent);
	spdev = kunit_kzalloc(test, drv->device_size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, spdev);
	parent->drv = drv;
	spdev->parent = parent;
	spdev->type = type;
	return spdev;
}

/**
 * softpci_kunit_device() - a device as it is before its first user opens it
 * @test: at whose end it goes
 * @drv: its driver
 * @type: its type
 *
 * Return: the device. Without its memory, which comes with opening.
 */
struct softpci_device *
softpci_kunit_device(struct kunit *test, const struct softpci_driver *drv,
		     const struct softpci_type *type)
{
	struct softpci_device *spdev = kunit_device(test, drv, type);

	KUNIT_ASSERT_EQ(test, softpci_power_on(spdev), 0);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, kunit_power_off, spdev),
			0);
	return spdev;
}
EXPORT_SYMBOL_GPL(softpci_kunit_device);

/**
 * struct kunit_calls - a device that counts how often its driver was called
 * @spdev: must be first
 * @released: calls of release
 * @reset: calls of reset
 * @closed: calls of close
 */
struct kunit_calls {
	struct softpci_device spdev;
	unsigned int released;
	unsigned int reset;
	unsigned int closed;
};

static struct kunit_calls *to_calls(struct softpci_device *spdev)
{
	return container_of(spdev, struct kunit_calls, spdev);
}

static int init_fails(struct softpci_device *spdev)
{
	return -EIO;
}

static int init_takes_config_space(struct softpci_device *spdev)
{
	static const u8 body[SOFTPCI_CONFIG_SIZE - PCI_STD_HEADER_SIZEOF -
			     PCI_CAP_FLAGS];

	return softpci_add_cap(spdev, PCI_CAP_ID_VNDR, body, NULL,
				sizeof(body));
}

static void count_release(struct softpci_device *spdev)
{
	to_calls(spdev)->released++;
}

static void count_reset(struct softpci_device *spdev)
{
	lockdep_assert_held(&spdev->lock);
	to_calls(spdev)->reset++;
}

static void count_close(struct softpci_device *spdev)
{
	lockdep_assert_held(&spdev->lock);
	to_calls(spdev)->closed++;
}

static const struct softpci_model calls_model = { .vendor = 0x1234 };
static const struct softpci_type calls_type = { .model = &calls_model };

#define CALLS_DRIVER(_init) {				\
	.device_size	= sizeof(struct kunit_calls),	\
	.init		= _init,			\
	.release	= count_release,		\
	.reset		= count_reset,			\
	.close		= count_close,			\
	.display	= VFIO_GFX_PLANE_TYPE_DMABUF,	\
}

static const struct softpci_driver calls_driver = CALLS_DRIVER(NULL);
static const struct softpci_driver failing_driver = CALLS_DRIVER(init_fails);
static const struct softpci_driver greedy_driver =
	CALLS_DRIVER(init_takes_config_space);

static void driver_that_failed_is_not_released(struct kunit *test)
{
	struct softpci_device *spdev;

	spdev = kunit_device(test, &failing_driver, &calls_type);
	KUNIT_EXPECT_EQ(test, softpci_power_on(spdev), -EIO);
	KUNIT_EXPECT_EQ(test, to_calls(spdev)->released, 0);
	KUNIT_EXPECT_EQ(test, to_calls(spdev)->reset, 0);
}

static void driver_is_released_if_the_core_fails(struct kunit *test)
{
	struct softpci_device *spdev;

	spdev = kunit_device(test, &greedy_driver, &calls_type);
	KUNIT_EXPECT_EQ(test, softpci_power_on(spdev), -ENOSPC);
	KUNIT_EXPECT_EQ(test, to_calls(spdev)->released, 1);
	KUNIT_EXPECT_EQ(test, to_calls(spdev)->reset, 0);
}

static void new_device_was_reset_and_closed(struct kunit *test)
{
	struct softpci_device *spdev;

	spdev = softpci_kunit_device(test, &calls_driver, &calls_type);
	KUNIT_EXPECT_EQ(test, to_calls(spdev)->reset, 1);
	KUNIT_EXPECT_EQ(test, to_calls(spdev)->closed, 1);
	KUNIT_EXPECT_EQ(test, to_calls(spdev)->released, 0);
	kunit_release_action(test, kunit_power_off, spdev);
	KUNIT_EXPECT_EQ(test, to_calls(spdev)->released, 1);
}

static void reset_leaves_what_close_forgets(struct kunit *test)
{
	struct softpci_device *spdev;

	spdev = softpci_kunit_device(test, &calls_driver, &calls_type);
	spdev->gfx->id[0] = 5;
	config_put(spdev, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	config_put(spdev, spdev->config.pm + PCI_PM_CTRL, 2, 3);
	scoped_guard(softpci, spdev)
		softpci_reset_locked(spdev);
	KUNIT_EXPECT_EQ(test, to_calls(spdev)->reset, 2);
	KUNIT_EXPECT_EQ(test, to_calls(spdev)->closed, 1);
	KUNIT_EXPECT_EQ(test, spdev->gfx->id[0], 5);
	KUNIT_EXPECT_EQ(test, config_get(spdev, PCI_COMMAND, 2),
			PCI_COMMAND_MASTER);
	KUNIT_EXPECT_EQ(test, config_get(spdev, spdev->config.pm + PCI_PM_CTRL,
					 1) & PCI_PM_CTRL_STATE_MASK, 0);

	scoped_guard(softpci, spdev)
		softpci_close_locked(spdev);
	KUNIT_EXPECT_EQ(test, to_calls(spdev)->reset, 3);
	KUNIT_EXPECT_EQ(test, to_calls(spdev)->closed, 2);
	KUNIT_EXPECT_EQ(test, spdev->gfx->id[0], 0);
	KUNIT_EXPECT_EQ(test, config_get(spdev, PCI_COMMAND, 2), 0);
}

static struct kunit_case device_cases[] = {
	KUNIT_CASE(driver_that_failed_is_not_released),
	KUNIT_CASE(driver_is_released_if_the_core_fails),
	KUNIT_CASE(new_device_was_reset_and_closed),
	KUNIT_CASE(reset_leaves_what_close_forgets),
	{}
};

static struct kunit_suite device_suite = {
	.name = "softpci-device",
	.test_cases = device_cases,
};

kunit_test_suite(device_suite);
