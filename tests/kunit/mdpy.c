// SPDX-License-Identifier: GPL-2.0-only
/* The capability that the guest driver reads, and the mode of each type. */
#include "kunit.h"

static const struct mdpy_case {
	const char *name;
	const struct mdpy_model *model;
	u32 width;
	u32 height;
	u32 bar0;
} mdpy_kunit_types[] = {
	{ "vga", &mdpy_vga, 640, 480, 0xffe00008 },
	{ "xga", &mdpy_xga, 1024, 768, 0xffc00008 },
	{ "hd", &mdpy_hd, 1920, 1080, 0xff800008 },
};

KUNIT_ARRAY_PARAM_DESC(mdpy, mdpy_kunit_types, name);

static struct softpci_device *new_mdpy(struct kunit *test)
{
	const struct mdpy_case *c = test->param_value;

	return kunit_device(test, &c->model->base)->dev;
}

static void capability_says_the_mode(struct kunit *test)
{
	const struct mdpy_case *c = test->param_value;
	struct softpci_device *dev = new_mdpy(test);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, PCI_CAPABILITY_LIST, 1), 0x40);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, 0x40, 1), 0x09);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, 0x41, 1), 0x50);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, 0x42, 2), 0x0010);
	KUNIT_EXPECT_MEMEQ(test, &dev->config.val[0x44], "XR24", 4);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, 0x48, 4), c->width);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, 0x4c, 4), c->height);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, 0x50, 1), PCI_CAP_ID_PM);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, 0x51, 1), 0);

	/* It is not the guest that chooses. */
	for (i = 0x40; i < 0x50; i++) {
		u32 val = kunit_config_read(dev, i, 1);

		kunit_config_write(dev, i, 1, ~val & 0xff);
		KUNIT_EXPECT_EQ_MSG(test, kunit_config_read(dev, i, 1), val,
				    "byte %02xh", i);
	}
}

static void mode_is_that_of_the_type(struct kunit *test)
{
	const struct mdpy_case *c = test->param_value;
	struct softpci_device *dev = new_mdpy(test);
	struct softpci_mode mode = {};
	bool shown;

	scoped_guard(softpci, dev)
		shown = mdpy_get_mode(dev, &mode);
	KUNIT_EXPECT_TRUE(test, shown);
	KUNIT_EXPECT_EQ(test, mode.format, DRM_FORMAT_XRGB8888);
	KUNIT_EXPECT_EQ(test, mode.width, c->width);
	KUNIT_EXPECT_EQ(test, mode.height, c->height);
	KUNIT_EXPECT_EQ(test, mode.stride, c->width * 4);
	KUNIT_EXPECT_EQ(test, mode.offset, 0);
	KUNIT_EXPECT_LE(test, mode.stride * mode.height, dev->model->memories[0].size);
}

static void mdpy_has_one_bar(struct kunit *test)
{
	const struct mdpy_case *c = test->param_value;
	struct softpci_device *dev = new_mdpy(test);
	unsigned int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		KUNIT_EXPECT_EQ_MSG(test, kunit_size_bar(dev, bar),
				    bar ? 0 : c->bar0, "BAR %u", bar);
}

static void mdpy_has_no_interrupt(struct kunit *test)
{
	struct softpci_device *dev = new_mdpy(test);

	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, PCI_INTERRUPT_PIN, 1), 0);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, PCI_CLASS_REVISION, 4),
			0x03800001);
}

static struct kunit_case mdpy_cases[] = {
	KUNIT_CASE_PARAM(capability_says_the_mode, mdpy_gen_params),
	KUNIT_CASE_PARAM(mode_is_that_of_the_type, mdpy_gen_params),
	KUNIT_CASE_PARAM(mdpy_has_one_bar, mdpy_gen_params),
	KUNIT_CASE_PARAM(mdpy_has_no_interrupt, mdpy_gen_params),
	{}
};

static struct kunit_suite mdpy_suite = {
	.name = "mdpy",
	.test_cases = mdpy_cases,
};

kunit_test_suite(mdpy_suite);
