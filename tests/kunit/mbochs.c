// SPDX-License-Identifier: GPL-2.0-only
/* From the dispi registers to a mode, and the EDID from the user to the guest. */
#include "kunit.h"

#define MMIO	VFIO_PCI_BAR2_REGION_INDEX
#define EDID	MBOCHS_EDID_REGION

static struct softpci_device *new_mbochs(struct kunit *test,
					 const struct mbochs_model *model)
{
	return kunit_device(test, &model->base)->dev;
}

static u32 get_dispi(struct softpci_device *dev, unsigned int i)
{
	return kunit_read(dev, MMIO, 0x500 + 2 * i, 2);
}

static void put_dispi(struct softpci_device *dev, unsigned int i, u16 val)
{
	KUNIT_EXPECT_EQ(kunit_get_current_test(),
			kunit_write(dev, MMIO, 0x500 + 2 * i, 2, val), 0);
}

static bool get_mode(struct softpci_device *dev, struct softpci_mode *mode)
{
	guard(softpci)(dev);
	return mbochs_get_mode(dev, mode);
}

/* On the type of 16 MiB.  Those with a stride are shown. */
static const struct mode_case {
	const char *name;
	u16 xres, yres, bpp, enable, virt_width, virt_height, x, y;
	u32 stride, offset;
} mode_cases[] = {
	{ "power-on" },
	{ "as bochs-drm sets it", 1024, 768, 32, 0x41, 1024, 4096, 0, 0, 4096 },
	{ "disabled", 1024, 768, 32, 0x00 },
	{ "all but enabled", 1024, 768, 32, 0xfffe },
	{ "all and enabled", 1024, 768, 32, 0xffff, .stride = 4096 },

	{ "64x64", 64, 64, 32, 1, .stride = 256 },
	{ "63x64", 63, 64, 32, 1 },
	{ "64x63", 64, 63, 32, 1 },
	{ "0x0", 0, 0, 32, 1 },
	{ "0x64", 0, 64, 32, 1 },
	{ "64x0", 64, 0, 32, 1 },
	{ "63x64, wide lines", 63, 64, 32, 1, 1024 },

	{ "bpp 0", 64, 64, 0, 1 },
	{ "bpp 4", 64, 64, 4, 1 },
	{ "bpp 8", 64, 64, 8, 1 },
	{ "bpp 15", 64, 64, 15, 1 },
	{ "bpp 16", 64, 64, 16, 1, .stride = 128 },
	{ "bpp 24", 64, 64, 24, 1 },
	{ "bpp 31", 64, 64, 31, 1 },
	{ "bpp 33", 64, 64, 33, 1 },
	{ "bpp 64", 64, 64, 64, 1 },
	{ "bpp 32 + 256", 64, 64, 288, 1 },
	{ "bpp 16 + 256", 64, 64, 272, 1 },
	{ "bpp 65535", 64, 64, 65535, 1 },

	{ "16 bpp, wider virtual width", 800, 600, 16, 1, 801, .stride = 1602 },
	{ "16 bpp, both offsets", 800, 600, 16, 1, 1000, 0, 5, 7, 2000, 14010 },
	{ "16 bpp, fills the memory", 4096, 2048, 16, 1, .stride = 8192 },
	{ "16 bpp, a line too many", 4096, 2049, 16, 1 },
	{ "16 bpp, a pixel too far", 4096, 2048, 16, 1, .x = 1 },
	{ "16 bpp, a pixel too wide", 4097, 2048, 16, 1 },
	{ "16 bpp, highest, all the way down", 64, 65535, 16, 1, .y = 65535,
	  .stride = 128, .offset = 8388480 },
	{ "16 bpp, 63x64", 63, 64, 16, 1 },
	{ "16 bpp, disabled", 64, 64, 16, 0 },
	{ "16 bpp, 65535 everywhere", 65535, 65535, 16, 65535, 65535, 65535,
	  65535, 65535 },

	{ "narrower virtual width", 800, 600, 32, 1, 799, .stride = 3200 },
	{ "equal virtual width", 800, 600, 32, 1, 800, .stride = 3200 },
	{ "wider virtual width", 800, 600, 32, 1, 801, .stride = 3204 },
	{ "virtual height 0", 800, 600, 32, 1, 800, 0, .stride = 3200 },
	{ "virtual height 65535", 800, 600, 32, 1, 800, 65535, .stride = 3200 },

	{ "x offset", 800, 600, 32, 1, 1600, 0, 800, 0, 6400, 3200 },
	{ "y offset", 800, 600, 32, 1, 800, 0, 0, 3, 3200, 9600 },
	{ "both offsets", 800, 600, 32, 1, 1000, 0, 5, 7, 4000, 28020 },

	{ "fills the memory", 2048, 2048, 32, 1, .stride = 8192 },
	{ "a line too many", 2048, 2049, 32, 1 },
	{ "a line too far", 2048, 2048, 32, 1, .y = 1 },
	{ "a pixel too far", 2048, 2048, 32, 1, .x = 1 },
	{ "a pixel too wide", 2049, 2048, 32, 1 },
	{ "virtual pixel too wide", 64, 2048, 32, 1, 2049 },
	{ "fills it, by virtual width", 64, 2048, 32, 1, 2048, .stride = 8192 },
	{ "fills it, from line 1", 2048, 2047, 32, 1, .y = 1,
	  .stride = 8192, .offset = 8192 },
	{ "fills it, from pixel 2048", 2048, 2047, 32, 1, .x = 2048,
	  .stride = 8192, .offset = 8192 },
	{ "from pixel 2049", 2048, 2047, 32, 1, .x = 2049 },
	{ "last lines", 64, 64, 32, 1, 64, 0, 0, 65472, 256, 16760832 },
	{ "behind the last lines", 64, 64, 32, 1, 64, 0, 0, 65473 },
	{ "x offset up to the end", 64, 64, 32, 1, 64, 0, 65535, 64448, 256, 16760828 },
	{ "x offset past the end", 64, 64, 32, 1, 64, 0, 65535, 64449 },

	{ "widest", 65535, 64, 32, 1, .stride = 262140 },
	{ "widest and a line", 65535, 65, 32, 1 },
	{ "highest", 64, 65535, 32, 1, .stride = 256 },
	{ "highest and a line down", 64, 65535, 32, 1, .y = 1,
	  .stride = 256, .offset = 256 },
	{ "highest and two down", 64, 65535, 32, 1, .y = 2 },
	/* 32 bits hold neither, and would see 0. */
	{ "size of 4 GiB", 64, 32768, 32, 1, 32768 },
	{ "offset of 4 GiB", 64, 64, 32, 1, 32768, 0, 0, 32768 },
	{ "offset of 8 GiB - 256 KiB", 64, 64, 32, 1, 32768, 0, 0, 65534 },
	{ "65535 everywhere", 65535, 65535, 32, 65535, 65535, 65535, 65535,
	  65535 },
};

KUNIT_ARRAY_PARAM_DESC(mode, mode_cases, name);

static void registers_select_the_mode(struct kunit *test)
{
	const struct mode_case *c = test->param_value;
	struct softpci_device *dev = new_mbochs(test, &mbochs_medium);
	struct softpci_mode mode = {}, untouched = {};
	const u16 dispi[] = {
		0, c->xres, c->yres, c->bpp, c->enable, 0, c->virt_width,
		c->virt_height, c->x, c->y,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dispi); i++)
		put_dispi(dev, i, dispi[i]);
	KUNIT_EXPECT_EQ(test, get_mode(dev, &mode), !!c->stride);
	if (!c->stride) {
		KUNIT_EXPECT_MEMEQ(test, &mode, &untouched, sizeof(mode));
		return;
	}
	KUNIT_EXPECT_EQ(test, mode.format,
			c->bpp == 16 ? DRM_FORMAT_RGB565 : DRM_FORMAT_XRGB8888);
	KUNIT_EXPECT_EQ(test, mode.width, c->xres);
	KUNIT_EXPECT_EQ(test, mode.height, c->yres);
	KUNIT_EXPECT_EQ(test, mode.stride, c->stride);
	KUNIT_EXPECT_EQ(test, mode.offset, c->offset);
}

/* All combinations of the values at which something overflows. */
static void no_mode_leaves_the_memory(struct kunit *test)
{
	struct softpci_device *dev = new_mbochs(test, &mbochs_small);
	static const u16 extreme[] = {
		0, 64, 1024, 1025, 16384, 32768, 65534, 65535,
	};
	static const unsigned int reg[] = {
		VBE_DISPI_INDEX_XRES, VBE_DISPI_INDEX_YRES,
		VBE_DISPI_INDEX_VIRT_WIDTH, VBE_DISPI_INDEX_X_OFFSET,
		VBE_DISPI_INDEX_Y_OFFSET,
	};
	unsigned int i, j, bpp, shown = 0;

	put_dispi(dev, VBE_DISPI_INDEX_ENABLE, VBE_DISPI_ENABLED);
	for (i = 0; i < BIT(3 * ARRAY_SIZE(reg) + 1); i++) {
		struct softpci_mode mode = {};

		bpp = i >> 3 * ARRAY_SIZE(reg) ? 16 : 32;
		to_mbochs(dev)->dispi[VBE_DISPI_INDEX_BPP] = bpp;
		for (j = 0; j < ARRAY_SIZE(reg); j++)
			to_mbochs(dev)->dispi[reg[j]] = extreme[i >> 3 * j & 7];
		if (!get_mode(dev, &mode))
			continue;
		shown++;
		KUNIT_ASSERT_LE_MSG(test, mode.offset +
				    (u64)mode.stride * mode.height, SZ_4M,
				    "combination %u", i);
		KUNIT_ASSERT_GE_MSG(test, mode.stride, mode.width * bpp / 8,
				    "combination %u", i);
	}
	KUNIT_EXPECT_GT(test, shown, 0);
}

static void enabling_clears_what_is_shown(struct kunit *test)
{
	struct softpci_device *dev = new_mbochs(test, &mbochs_medium);
	struct mbochs_device *mbochs = to_mbochs(dev);

	/* The job, which forgets the area when it has run, stays in the queue. */
	softpci_quiesce(dev);
	/* Nothing that could be shown, nothing to clear. */
	put_dispi(dev, VBE_DISPI_INDEX_ENABLE, VBE_DISPI_ENABLED);
	KUNIT_EXPECT_EQ(test, mbochs->clear_len, 0);
	put_dispi(dev, VBE_DISPI_INDEX_XRES, 800);
	put_dispi(dev, VBE_DISPI_INDEX_YRES, 600);
	put_dispi(dev, VBE_DISPI_INDEX_BPP, 32);
	put_dispi(dev, VBE_DISPI_INDEX_VIRT_WIDTH, 1000);
	put_dispi(dev, VBE_DISPI_INDEX_X_OFFSET, 5);
	put_dispi(dev, VBE_DISPI_INDEX_Y_OFFSET, 7);
	/* It is enabled already. */
	put_dispi(dev, VBE_DISPI_INDEX_ENABLE, VBE_DISPI_ENABLED);
	KUNIT_EXPECT_EQ(test, mbochs->clear_len, 0);
	put_dispi(dev, VBE_DISPI_INDEX_ENABLE, 0);
	put_dispi(dev, VBE_DISPI_INDEX_ENABLE, VBE_DISPI_ENABLED | VBE_DISPI_NOCLEARMEM);
	KUNIT_EXPECT_EQ(test, mbochs->clear_len, 0);
	put_dispi(dev, VBE_DISPI_INDEX_ENABLE, 0);
	put_dispi(dev, VBE_DISPI_INDEX_ENABLE, VBE_DISPI_ENABLED);
	KUNIT_EXPECT_EQ(test, mbochs->clear_start, 7 * 4000 + 5 * 4);
	KUNIT_EXPECT_EQ(test, mbochs->clear_len, 600 * 4000);

	put_dispi(dev, VBE_DISPI_INDEX_ENABLE, 0);
	put_dispi(dev, VBE_DISPI_INDEX_BPP, 16);
	put_dispi(dev, VBE_DISPI_INDEX_ENABLE, VBE_DISPI_ENABLED);
	KUNIT_EXPECT_EQ(test, mbochs->clear_start, 7 * 2000 + 5 * 2);
	KUNIT_EXPECT_EQ(test, mbochs->clear_len, 600 * 2000);

	mbochs->clear_len = 0;
	put_dispi(dev, VBE_DISPI_INDEX_ENABLE, 0);
	put_dispi(dev, VBE_DISPI_INDEX_BPP, 24);
	put_dispi(dev, VBE_DISPI_INDEX_ENABLE, VBE_DISPI_ENABLED);
	KUNIT_EXPECT_EQ(test, mbochs->clear_len, 0);
}

static void getcaps_shows_the_maxima(struct kunit *test)
{
	struct softpci_device *dev = new_mbochs(test, &mbochs_medium);

	put_dispi(dev, VBE_DISPI_INDEX_XRES, 800);
	put_dispi(dev, VBE_DISPI_INDEX_YRES, 600);
	put_dispi(dev, VBE_DISPI_INDEX_BPP, 32);
	put_dispi(dev, VBE_DISPI_INDEX_VIRT_WIDTH, 801);
	put_dispi(dev, VBE_DISPI_INDEX_ENABLE, VBE_DISPI_ENABLED | VBE_DISPI_GETCAPS);
	KUNIT_EXPECT_EQ(test, get_dispi(dev, VBE_DISPI_INDEX_XRES), 16000);
	KUNIT_EXPECT_EQ(test, get_dispi(dev, VBE_DISPI_INDEX_YRES), 12000);
	KUNIT_EXPECT_EQ(test, get_dispi(dev, VBE_DISPI_INDEX_BPP), 32);
	KUNIT_EXPECT_EQ(test, get_dispi(dev, VBE_DISPI_INDEX_VIRT_WIDTH), 801);
	put_dispi(dev, VBE_DISPI_INDEX_BPP, 16);
	KUNIT_EXPECT_EQ(test, get_dispi(dev, VBE_DISPI_INDEX_BPP), 32);

	put_dispi(dev, VBE_DISPI_INDEX_ENABLE, VBE_DISPI_ENABLED);
	KUNIT_EXPECT_EQ(test, get_dispi(dev, VBE_DISPI_INDEX_XRES), 800);
	KUNIT_EXPECT_EQ(test, get_dispi(dev, VBE_DISPI_INDEX_YRES), 600);
	KUNIT_EXPECT_EQ(test, get_dispi(dev, VBE_DISPI_INDEX_BPP), 16);
}

/* Values that are read must not be shown as the picture. */
static void getcaps_does_not_change_the_mode(struct kunit *test)
{
	struct softpci_device *dev = new_mbochs(test, &mbochs_medium);
	struct softpci_mode mode = {};

	put_dispi(dev, VBE_DISPI_INDEX_XRES, 800);
	put_dispi(dev, VBE_DISPI_INDEX_YRES, 600);
	put_dispi(dev, VBE_DISPI_INDEX_BPP, 32);
	put_dispi(dev, VBE_DISPI_INDEX_ENABLE, VBE_DISPI_ENABLED | VBE_DISPI_GETCAPS);
	KUNIT_EXPECT_TRUE(test, get_mode(dev, &mode));
	KUNIT_EXPECT_EQ(test, mode.width, 800);
	KUNIT_EXPECT_EQ(test, mode.height, 600);
}

static const struct mbochs_case {
	const char *name;
	const struct mbochs_model *model;
	u32 bar0;
	u32 megabytes;
	u32 max_xres;
	u32 max_yres;
} mbochs_kunit_types[] = {
	{ "small", &mbochs_small, 0xffc00008, 4, 800, 600 },
	{ "medium", &mbochs_medium, 0xff000008, 16, 1920, 1440 },
	{ "large", &mbochs_large, 0xfc000008, 64 },
};

KUNIT_ARRAY_PARAM_DESC(mbochs, mbochs_kunit_types, name);

static void type_says_how_much_there_is(struct kunit *test)
{
	const struct mbochs_case *c = test->param_value;
	struct softpci_device *dev = new_mbochs(test, c->model);
	unsigned int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		KUNIT_EXPECT_EQ_MSG(test, kunit_size_bar(dev, bar),
				    bar == 0 ? c->bar0 :
				    bar == 2 ? 0xfffff000 : 0, "BAR %u", bar);
	KUNIT_EXPECT_EQ(test, get_dispi(dev, VBE_DISPI_INDEX_ID), 0xb0c5);
	KUNIT_EXPECT_EQ(test, get_dispi(dev, VBE_DISPI_INDEX_VIDEO_MEMORY_64K),
			c->megabytes * 16);
	put_dispi(dev, VBE_DISPI_INDEX_ID, 0x1234);
	put_dispi(dev, VBE_DISPI_INDEX_VIDEO_MEMORY_64K, 0x1234);
	KUNIT_EXPECT_EQ(test, get_dispi(dev, VBE_DISPI_INDEX_ID), 0xb0c5);
	KUNIT_EXPECT_EQ(test, get_dispi(dev, VBE_DISPI_INDEX_VIDEO_MEMORY_64K),
			c->megabytes * 16);

	KUNIT_EXPECT_EQ(test, kunit_read(dev, EDID, 0, 4), 0x400);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, EDID, 4, 4), 1024);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, EDID, 12, 4), c->max_xres);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, EDID, 16, 4), c->max_yres);
}

static void byte_order_is_one_of_two(struct kunit *test)
{
	struct softpci_device *dev = new_mbochs(test, &mbochs_small);
	struct softpci_mode mode = {};

	KUNIT_EXPECT_EQ(test, kunit_read(dev, MMIO, 0x600, 4), 8);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, MMIO, 0x604, 4), 0x1e1e1e1e);
	kunit_write(dev, MMIO, 0x604, 4, 0xbebebebe);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, MMIO, 0x604, 4), 0xbebebebe);
	kunit_write(dev, MMIO, 0x604, 4, 0x1234);
	kunit_write(dev, MMIO, 0x604, 4, 0);
	kunit_write(dev, MMIO, 0x604, 4, ~0);
	/* A byte of the other one makes neither. */
	kunit_write(dev, MMIO, 0x605, 1, 0x1e);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, MMIO, 0x604, 4), 0xbebebebe);
	kunit_write(dev, MMIO, 0x600, 4, 0xbebebebe);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, MMIO, 0x600, 4), 8);

	put_dispi(dev, VBE_DISPI_INDEX_XRES, 64);
	put_dispi(dev, VBE_DISPI_INDEX_YRES, 64);
	put_dispi(dev, VBE_DISPI_INDEX_BPP, 32);
	put_dispi(dev, VBE_DISPI_INDEX_ENABLE, VBE_DISPI_ENABLED);
	KUNIT_EXPECT_TRUE(test, get_mode(dev, &mode));
	KUNIT_EXPECT_EQ(test, mode.format, DRM_FORMAT_BGRX8888);
	/* QEMU has no other byte order of these. */
	put_dispi(dev, VBE_DISPI_INDEX_BPP, 16);
	KUNIT_EXPECT_TRUE(test, get_mode(dev, &mode));
	KUNIT_EXPECT_EQ(test, mode.format, DRM_FORMAT_RGB565);
	put_dispi(dev, VBE_DISPI_INDEX_BPP, 32);
	kunit_write(dev, MMIO, 0x604, 4, 0x1e1e1e1e);
	KUNIT_EXPECT_TRUE(test, get_mode(dev, &mode));
	KUNIT_EXPECT_EQ(test, mode.format, DRM_FORMAT_XRGB8888);
}

static void absent_registers_read_0(struct kunit *test)
{
	struct softpci_device *dev = new_mbochs(test, &mbochs_small);
	unsigned int pos;

	for (pos = 0x400; pos < 0x1000; pos += 4) {
		if (pos >= 0x500 && pos < 0x518)
			continue;
		if (pos == 0x600 || pos == 0x604)
			continue;
		kunit_write(dev, MMIO, pos, 4, ~0);
		KUNIT_EXPECT_EQ_MSG(test, kunit_read(dev, MMIO, pos, 4), 0,
				    "%03xh", pos);
	}
	KUNIT_EXPECT_EQ(test, kunit_read(dev, MMIO, 0x516, 2), 0);
}

#define LINK_UP		1
#define LINK_DOWN	2

static int put_edid_size(struct softpci_device *dev, u32 size)
{
	return kunit_write(dev, EDID, 8, 4, size);
}

static int put_link(struct softpci_device *dev, u32 state)
{
	return kunit_write(dev, EDID, 20, 4, state);
}

/* All 1024 bytes; none of them is 0. */
static void put_blob(struct softpci_device *dev)
{
	unsigned int i;

	for (i = 0; i < 1024; i++)
		kunit_write(dev, EDID, 0x400 + i, 1, i % 255 + 1);
}

/* How many bytes of the blob the guest sees; those behind are 0. */
static unsigned int seen_by_guest(struct softpci_device *dev)
{
	unsigned int i, seen = 0;

	for (i = 0; i < 1024; i++) {
		u32 val = kunit_read(dev, MMIO, i, 1);

		if (val && (i != seen || val != i % 255 + 1))
			return U32_MAX;
		seen += !!val;
	}
	return seen;
}

static void edid_shows_while_the_link_is_up(struct kunit *test)
{
	struct softpci_device *dev = new_mbochs(test, &mbochs_medium);
	static const u16 size[] = { 0, 1, 127, 128, 256, 1023, 1024 };
	unsigned int i;

	put_blob(dev);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, EDID, 20, 4), LINK_DOWN);
	for (i = 0; i < ARRAY_SIZE(size); i++) {
		KUNIT_EXPECT_EQ(test, put_edid_size(dev, size[i]), 0);
		KUNIT_EXPECT_EQ(test, kunit_read(dev, EDID, 8, 4), size[i]);
		KUNIT_EXPECT_EQ(test, seen_by_guest(dev), 0);
		KUNIT_EXPECT_EQ(test, put_link(dev, LINK_UP), 0);
		KUNIT_EXPECT_EQ(test, kunit_read(dev, EDID, 20, 4), LINK_UP);
		KUNIT_EXPECT_EQ(test, seen_by_guest(dev), size[i]);
		KUNIT_EXPECT_EQ(test, put_link(dev, LINK_DOWN), 0);
		KUNIT_EXPECT_EQ(test, seen_by_guest(dev), 0);
	}
	put_link(dev, LINK_UP);
	kunit_write(dev, MMIO, 0, 4, 0);
	KUNIT_EXPECT_EQ(test, seen_by_guest(dev), 1024);
}

static void edid_refuses_what_it_cannot_hold(struct kunit *test)
{
	struct softpci_device *dev = new_mbochs(test, &mbochs_medium);
	static const u32 size[] = { 1025, 65536, BIT(31), U32_MAX };
	static const u32 link[] = { 0, 3, 257, U32_MAX };
	unsigned int i;

	put_blob(dev);
	put_edid_size(dev, 1024);
	put_link(dev, LINK_UP);
	for (i = 0; i < ARRAY_SIZE(size); i++)
		KUNIT_EXPECT_EQ_MSG(test, put_edid_size(dev, size[i]),
				    -EINVAL, "%u", size[i]);
	for (i = 0; i < ARRAY_SIZE(link); i++)
		KUNIT_EXPECT_EQ_MSG(test, put_link(dev, link[i]), -EINVAL,
				    "%u", link[i]);
	/* 1024 with a byte of it changed is 1279. */
	KUNIT_EXPECT_EQ(test, kunit_write(dev, EDID, 8, 1, 0xff), -EINVAL);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, EDID, 8, 4), 1024);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, EDID, 20, 4), LINK_UP);
	KUNIT_EXPECT_EQ(test, seen_by_guest(dev), 1024);
}

static void edid_keeps_what_is_read_only(struct kunit *test)
{
	struct softpci_device *dev = new_mbochs(test, &mbochs_medium);
	static const u8 pos[] = { 0, 4, 12, 16 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pos); i++) {
		u32 val = kunit_read(dev, EDID, pos[i], 4);

		KUNIT_EXPECT_EQ(test, kunit_write(dev, EDID, pos[i], 4, ~val),
				0);
		KUNIT_EXPECT_EQ_MSG(test, kunit_read(dev, EDID, pos[i], 4),
				    val, "%u", pos[i]);
	}
}

/* A reset is the guest's, the monitor is the user's. */
static void monitor_stays_until_the_user_leaves(struct kunit *test)
{
	struct softpci_device *dev = new_mbochs(test, &mbochs_medium);
	unsigned int i;

	put_blob(dev);
	put_edid_size(dev, 1024);
	put_link(dev, LINK_UP);
	for (i = 0; i < VBE_DISPI_INDEX_NB; i++)
		put_dispi(dev, i, 0xffff);
	kunit_write(dev, MMIO, 0x604, 4, 0xbebebebe);

	scoped_guard(softpci, dev)
		mbochs_reset(dev, SOFTPCI_RESET_BUS);
	KUNIT_EXPECT_EQ(test, seen_by_guest(dev), 1024);
	for (i = VBE_DISPI_INDEX_XRES; i < VBE_DISPI_INDEX_VIDEO_MEMORY_64K; i++)
		KUNIT_EXPECT_EQ(test, get_dispi(dev, i), 0);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, MMIO, 0x604, 4), 0x1e1e1e1e);

	scoped_guard(softpci, dev)
		mbochs_reset(dev, SOFTPCI_RESET_CLOSE);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, EDID, 20, 4), LINK_DOWN);
	KUNIT_EXPECT_EQ(test, kunit_read(dev, EDID, 8, 4), 0);
	put_edid_size(dev, 1024);
	put_link(dev, LINK_UP);
	KUNIT_EXPECT_EQ(test, seen_by_guest(dev), 0);
}

static struct kunit_case mbochs_cases[] = {
	KUNIT_CASE_PARAM(registers_select_the_mode, mode_gen_params),
	KUNIT_CASE(no_mode_leaves_the_memory),
	KUNIT_CASE(enabling_clears_what_is_shown),
	KUNIT_CASE(getcaps_shows_the_maxima),
	KUNIT_CASE(getcaps_does_not_change_the_mode),
	KUNIT_CASE_PARAM(type_says_how_much_there_is, mbochs_gen_params),
	KUNIT_CASE(byte_order_is_one_of_two),
	KUNIT_CASE(absent_registers_read_0),
	KUNIT_CASE(edid_shows_while_the_link_is_up),
	KUNIT_CASE(edid_refuses_what_it_cannot_hold),
	KUNIT_CASE(edid_keeps_what_is_read_only),
	KUNIT_CASE(monitor_stays_until_the_user_leaves),
	{}
};

static struct kunit_suite mbochs_suite = {
	.name = "mbochs",
	.test_cases = mbochs_cases,
};

kunit_test_suite(mbochs_suite);
