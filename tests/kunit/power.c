// SPDX-License-Identifier: GPL-2.0-only
/*
 * Low power.  An eventfd can be had by system call only, so that it is replaced by
 * a struct that counts.
 */
#include "vfio.h"

/**
 * struct kunit_wakeup - what stands for the eventfd of a wake-up
 * @signals: how often it was signalled
 * @puts: how often its reference was dropped
 */
struct kunit_wakeup {
	unsigned int signals;
	unsigned int puts;
};

static void count_signal(struct eventfd_ctx *ctx)
{
	((struct kunit_wakeup *)ctx)->signals++;
}

static void count_put(struct eventfd_ctx *ctx)
{
	((struct kunit_wakeup *)ctx)->puts++;
}

static const struct softpci_ops power_ops = {};

static const struct softpci_model power_model = {
	.device_size	= sizeof(struct softpci_device),
	.ops		= &power_ops,
	.pin		= 1,
	.nr_msi		= 1,
	.pcie		= true,
};

static struct softpci_vfio *power_device(struct kunit *test)
{
	kunit_activate_static_stub(test, signal_wakeup, count_signal);
	kunit_activate_static_stub(test, put_wakeup, count_put);
	return kunit_vfio(test, &power_model);
}

static int feature(struct softpci_vfio *svfio, u32 flags)
{
	return softpci_vfio_power_feature(svfio, flags, NULL, 0);
}

#define ENTRY	VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY
#define WAKEUP	VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP
#define EXIT	VFIO_DEVICE_FEATURE_LOW_POWER_EXIT
#define GET	VFIO_DEVICE_FEATURE_GET
#define SET	VFIO_DEVICE_FEATURE_SET
#define PROBE	VFIO_DEVICE_FEATURE_PROBE

static const struct feature_case {
	const char *name;
	u32 flags;
	int ret;
} feature_cases[] = {
	{ "entry, probe",		ENTRY | PROBE, 0 },
	{ "entry, probe to set",	ENTRY | PROBE | SET, 0 },
	{ "entry, probe to get",	ENTRY | PROBE | GET, -EINVAL },
	{ "entry, get",			ENTRY | GET, -EINVAL },
	{ "entry, neither",		ENTRY, -EINVAL },
	{ "wake-up, probe",		WAKEUP | PROBE | SET, 0 },
	{ "wake-up, get",		WAKEUP | GET, -EINVAL },
	{ "wake-up, no data",		WAKEUP | SET, -EINVAL },
	{ "exit, probe",		EXIT | PROBE | SET, 0 },
	{ "exit, get",			EXIT | GET, -EINVAL },
	{ "another feature",		VFIO_DEVICE_FEATURE_MASK | SET, -ENOTTY },
};

KUNIT_ARRAY_PARAM_DESC(feature, feature_cases, name);

static void probe_and_error_change_nothing(struct kunit *test)
{
	const struct feature_case *c = test->param_value;
	struct softpci_vfio *svfio = power_device(test);

	KUNIT_EXPECT_EQ(test, feature(svfio, c->flags), c->ret);
	KUNIT_EXPECT_FALSE(test, svfio->low_power);
	KUNIT_EXPECT_EQ(test, feature(svfio, ENTRY | SET), 0);
	KUNIT_EXPECT_EQ(test, feature(svfio, c->flags), c->ret);
	KUNIT_EXPECT_TRUE(test, svfio->low_power);
}

static void low_power_is_entered_once(struct kunit *test)
{
	struct softpci_vfio *svfio = power_device(test);
	struct kunit_wakeup wakeup = {};

	KUNIT_EXPECT_EQ(test, feature(svfio, EXIT | SET), 0);
	KUNIT_EXPECT_EQ(test, feature(svfio, ENTRY | SET), 0);
	KUNIT_EXPECT_EQ(test, feature(svfio, ENTRY | SET), -EINVAL);
	KUNIT_EXPECT_EQ(test, enter_low_power(svfio, (void *)&wakeup), -EINVAL);
	KUNIT_EXPECT_NULL(test, svfio->wakeup);
	KUNIT_EXPECT_EQ(test, feature(svfio, EXIT | SET), 0);
	KUNIT_EXPECT_FALSE(test, svfio->low_power);
	KUNIT_EXPECT_EQ(test, feature(svfio, ENTRY | SET), 0);
}

static void access_wakes_for_itself_only(struct kunit *test)
{
	struct softpci_vfio *svfio = power_device(test);

	KUNIT_EXPECT_EQ(test, feature(svfio, ENTRY | SET), 0);
	softpci_vfio_accessed(svfio);
	KUNIT_EXPECT_TRUE(test, svfio->low_power);
	KUNIT_EXPECT_EQ(test, feature(svfio, ENTRY | SET), -EINVAL);
}

static void access_wakes_for_good_and_says_so_once(struct kunit *test)
{
	struct softpci_vfio *svfio = power_device(test);
	struct kunit_wakeup wakeup = {};

	KUNIT_EXPECT_EQ(test, enter_low_power(svfio, (void *)&wakeup), 0);
	KUNIT_EXPECT_EQ(test, wakeup.signals, 0);
	softpci_vfio_accessed(svfio);
	KUNIT_EXPECT_FALSE(test, svfio->low_power);
	softpci_vfio_accessed(svfio);
	KUNIT_EXPECT_EQ(test, wakeup.signals, 1);
	KUNIT_EXPECT_EQ(test, wakeup.puts, 1);
	KUNIT_EXPECT_EQ(test, enter_low_power(svfio, (void *)&wakeup), 0);
	KUNIT_EXPECT_EQ(test, feature(svfio, EXIT | SET), 0);
	KUNIT_EXPECT_EQ(test, wakeup.signals, 1);
	KUNIT_EXPECT_EQ(test, wakeup.puts, 2);
}

static void message_wakes(struct kunit *test)
{
	struct softpci_vfio *svfio = power_device(test);
	struct kunit_wakeup wakeup = {};

	KUNIT_EXPECT_EQ(test, enter_low_power(svfio, (void *)&wakeup), 0);
	scoped_guard(softpci, svfio->dev)
		softpci_vfio_message(svfio->dev, 0);
	KUNIT_EXPECT_FALSE(test, svfio->low_power);
	KUNIT_EXPECT_EQ(test, wakeup.signals, 1);
	KUNIT_EXPECT_EQ(test, wakeup.puts, 1);
}

static int find_nothing(struct softpci_device *dev, u64 iova, void *buf,
			size_t len)
{
	return 0;
}

/* In the place of memory that VFIO has for a device that it knows to be open. */
static void no_dma_in_low_power(struct kunit *test)
{
	static struct softpci_host_ops ops;
	struct softpci_vfio *svfio = power_device(test);
	struct softpci_device *dev = svfio->dev;
	struct kunit_wakeup wakeup = {};
	struct softpci_pin pin = { .len = 1 };
	u8 byte;

	ops = *dev->host_ops;
	ops.dma_read = find_nothing;
	dev->host_ops = &ops;
	pin.pages[0] = virt_to_page(kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL));
	pin.nr = 1;
	kunit_command(dev, PCI_COMMAND_MASTER, 0);
	KUNIT_EXPECT_EQ(test, softpci_dma_read(dev, 0, &byte, 1), 0);
	KUNIT_EXPECT_EQ(test, softpci_pin_read(dev, &pin, 0, &byte, 1), 0);

	KUNIT_EXPECT_EQ(test, feature(svfio, ENTRY | SET), 0);
	KUNIT_EXPECT_EQ(test, softpci_dma_read(dev, 0, &byte, 1), -EIO);
	KUNIT_EXPECT_EQ(test, softpci_pin_read(dev, &pin, 0, &byte, 1), -EIO);
	/* An access of the user is served, and ends nothing. */
	softpci_vfio_accessed(svfio);
	KUNIT_EXPECT_EQ(test, softpci_pin_read(dev, &pin, 0, &byte, 1), -EIO);
	KUNIT_EXPECT_EQ(test, feature(svfio, EXIT | SET), 0);
	KUNIT_EXPECT_EQ(test, softpci_dma_read(dev, 0, &byte, 1), 0);
	KUNIT_EXPECT_EQ(test, softpci_pin_read(dev, &pin, 0, &byte, 1), 0);

	KUNIT_EXPECT_EQ(test, enter_low_power(svfio, (void *)&wakeup), 0);
	KUNIT_EXPECT_EQ(test, softpci_pin_read(dev, &pin, 0, &byte, 1), -EIO);
	softpci_vfio_accessed(svfio);
	KUNIT_EXPECT_EQ(test, softpci_pin_read(dev, &pin, 0, &byte, 1), 0);
}

static void reset_ends_low_power(struct kunit *test)
{
	const enum softpci_reset kinds[] = { SOFTPCI_RESET_BUS,
					     SOFTPCI_RESET_FLR };
	struct softpci_vfio *svfio = power_device(test);
	struct kunit_wakeup wakeup = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		KUNIT_EXPECT_EQ(test, enter_low_power(svfio, (void *)&wakeup), 0);
		KUNIT_EXPECT_EQ(test, softpci_reset(svfio->dev, kinds[i]), 0);
		KUNIT_EXPECT_FALSE(test, svfio->low_power);
		KUNIT_EXPECT_NULL(test, svfio->wakeup);
		KUNIT_EXPECT_EQ(test, wakeup.puts, i + 1);
	}
	KUNIT_EXPECT_EQ(test, wakeup.signals, 0);
}

static void next_user_finds_it_awake(struct kunit *test)
{
	struct softpci_vfio *svfio = power_device(test);
	struct kunit_wakeup wakeup = {};

	KUNIT_EXPECT_EQ(test, enter_low_power(svfio, (void *)&wakeup), 0);
	kunit_vfio_reopen(test, svfio);
	KUNIT_EXPECT_FALSE(test, svfio->low_power);
	KUNIT_EXPECT_EQ(test, wakeup.signals, 0);
	KUNIT_EXPECT_EQ(test, wakeup.puts, 1);
}

static struct kunit_case power_cases[] = {
	KUNIT_CASE_PARAM(probe_and_error_change_nothing, feature_gen_params),
	KUNIT_CASE(low_power_is_entered_once),
	KUNIT_CASE(access_wakes_for_itself_only),
	KUNIT_CASE(access_wakes_for_good_and_says_so_once),
	KUNIT_CASE(message_wakes),
	KUNIT_CASE(no_dma_in_low_power),
	KUNIT_CASE(reset_ends_low_power),
	KUNIT_CASE(next_user_finds_it_awake),
	{}
};

static struct kunit_suite power_suite = {
	.name = "softpci-power",
	.test_cases = power_cases,
};

kunit_test_suite(power_suite);
