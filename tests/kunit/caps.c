// SPDX-License-Identifier: GPL-2.0-only
/* The tables of config space, of models of all shapes. */
#include "kunit.h"

static void free_tables(void *data)
{
	struct softpci_layout *layout = data;

	kfree(layout->power_on);
	kfree(layout->writable);
	kfree(layout->w1c);
}

/* A layout without windows: none of these tests is about BARs, but for one. */
static struct softpci_layout *caps_layout(struct kunit *test,
					  const struct softpci_model *model)
{
	struct softpci_layout *layout;

	layout = kunit_kzalloc(test, sizeof(*layout), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, layout);
	layout->model = model;
	layout->config_size = model->pcie ? PCI_CFG_SPACE_EXP_SIZE :
					    PCI_CFG_SPACE_SIZE;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_tables,
							layout), 0);
	return layout;
}

/* The same, with its tables. */
static struct softpci_layout *caps_tables(struct kunit *test,
					  const struct softpci_model *model)
{
	struct softpci_layout *layout = caps_layout(test, model);

	KUNIT_ASSERT_EQ(test, softpci_caps_init(layout), 0);
	return layout;
}

/* Ids and offsets as they follow one another, ended by an id of 0. */
struct link {
	u16 id;
	u16 pos;
};

static void expect_chain(struct kunit *test, const u8 *val,
			 const struct link *link)
{
	unsigned int pos = val[PCI_CAPABILITY_LIST];

	for (; link->id; link++) {
		KUNIT_EXPECT_EQ(test, pos, link->pos);
		KUNIT_EXPECT_EQ_MSG(test, val[pos], link->id, "at %02xh", pos);
		pos = val[pos + PCI_CAP_LIST_NEXT];
	}
	KUNIT_EXPECT_EQ(test, pos, 0);
}

static void chain_ends_after_every_capability_once(struct kunit *test)
{
	static const struct link plain[] = { { PCI_CAP_ID_PM, 0x40 }, {} };
	static const struct link msi[] = {
		{ PCI_CAP_ID_PM, 0x40 }, { PCI_CAP_ID_MSI, 0x48 }, {}
	};
	static const struct link msix[] = {
		{ PCI_CAP_ID_PM, 0x40 }, { PCI_CAP_ID_MSIX, 0x48 }, {}
	};
	static const struct link all[] = {
		{ PCI_CAP_ID_PM, 0x40 }, { PCI_CAP_ID_MSI, 0x48 },
		{ PCI_CAP_ID_MSIX, 0x60 }, { PCI_CAP_ID_EXP, 0x6c }, {}
	};
	struct softpci_model model = { .pin = 1 };
	struct softpci_layout *layout;

	layout = caps_tables(test, &model);
	expect_chain(test, layout->power_on, plain);
	KUNIT_EXPECT_TRUE(test, get16(layout->power_on, PCI_STATUS) &
				PCI_STATUS_CAP_LIST);
	KUNIT_EXPECT_EQ(test, layout->msi + layout->msix + layout->pcie, 0);

	model.nr_msi = 1;
	expect_chain(test, caps_tables(test, &model)->power_on, msi);

	model.nr_msi = 0;
	model.msix.nr = 1;
	expect_chain(test, caps_tables(test, &model)->power_on, msix);

	model.nr_msi = 1;
	model.pcie = true;
	layout = caps_tables(test, &model);
	expect_chain(test, layout->power_on, all);
	KUNIT_EXPECT_EQ(test, layout->pm, 0x40);
	KUNIT_EXPECT_EQ(test, layout->msi, 0x48);
	KUNIT_EXPECT_EQ(test, layout->msix, 0x60);
	KUNIT_EXPECT_EQ(test, layout->pcie, 0x6c);
}

static void no_messages_no_msi_capability(struct kunit *test)
{
	static const struct softpci_model model = { .pin = 1 };
	const u8 *val = caps_tables(test, &model)->power_on;

	KUNIT_EXPECT_EQ(test, val[PCI_CAPABILITY_LIST], 0x40);
	KUNIT_EXPECT_EQ(test, val[0x40 + PCI_CAP_LIST_NEXT], 0);
}

static void capabilities_of_the_model_come_first(struct kunit *test)
{
	static const u8 body[14] = { 16 };
	static const struct softpci_cap caps[] = {
		{ .id = PCI_CAP_ID_VNDR, .len = sizeof(body), .body = body },
		{ .id = PCI_CAP_ID_SLOTID, .len = 2, .body = body },
	};
	static const struct softpci_model model = {
		.nr_msi = 2, .caps = caps, .nr_caps = ARRAY_SIZE(caps),
	};
	static const struct link chain[] = {
		{ PCI_CAP_ID_VNDR, 0x40 }, { PCI_CAP_ID_SLOTID, 0x50 },
		{ PCI_CAP_ID_PM, 0x54 }, { PCI_CAP_ID_MSI, 0x5c }, {}
	};
	struct softpci_layout *layout = caps_tables(test, &model);

	expect_chain(test, layout->power_on, chain);
	KUNIT_EXPECT_EQ(test, layout->pm, 0x54);
	KUNIT_EXPECT_EQ(test, layout->msi, 0x5c);
}

static void capabilities_lie_at_multiples_of_four(struct kunit *test)
{
	static const u8 body[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	unsigned int len;

	for (len = 1; len <= sizeof(body); len++) {
		struct softpci_cap caps[] = {
			{ .id = 0xab, .body = body, .len = len },
			{ .id = 0xcd, .body = body, .writable = body, .len = 1 },
		};
		struct softpci_model model = { .caps = caps, .nr_caps = 2 };
		struct softpci_layout *layout = caps_tables(test, &model);
		unsigned int pos = 0x40, next = pos + ALIGN(2 + len, 4);
		u8 *val = layout->power_on;

		KUNIT_EXPECT_EQ(test, val[PCI_CAPABILITY_LIST], pos);
		KUNIT_EXPECT_EQ(test, val[pos], 0xab);
		KUNIT_EXPECT_EQ(test, val[pos + PCI_CAP_LIST_NEXT], next);
		KUNIT_EXPECT_MEMEQ(test, &val[pos + 2], body, len);
		KUNIT_EXPECT_EQ(test, val[pos + 2 + len],
				len % 4 == 2 ? 0xcd : 0);
		KUNIT_EXPECT_EQ(test, layout->writable[pos + 2], 0);
		KUNIT_EXPECT_EQ(test, val[next], 0xcd);
		KUNIT_EXPECT_EQ(test, val[next + PCI_CAP_LIST_NEXT],
				layout->pm);
		KUNIT_EXPECT_EQ(test, layout->pm, next + 4);
		KUNIT_EXPECT_EQ(test, layout->writable[next + 2], 1);
	}
}

/* Those of the core take their room behind it. */
static void capability_fits_to_the_last_byte_and_no_further(struct kunit *test)
{
	static const u8 body[PCI_CFG_SPACE_SIZE];
	struct softpci_cap cap = { .id = 0xab, .body = body, .writable = body };
	struct softpci_model model = { .caps = &cap, .nr_caps = 1 };
	struct softpci_layout *layout;

	/* 8 bytes for power management. */
	cap.len = PCI_CFG_SPACE_SIZE - 0x40 - 2 - 8;
	layout = caps_tables(test, &model);
	KUNIT_EXPECT_EQ(test, layout->pm, PCI_CFG_SPACE_SIZE - 8);
	cap.len++;
	KUNIT_EXPECT_EQ(test, softpci_caps_init(caps_layout(test, &model)),
			-ENOSPC);

	/* 24 for MSI. */
	model.nr_msi = 1;
	cap.len = PCI_CFG_SPACE_SIZE - 0x40 - 2 - 8 - 24;
	layout = caps_tables(test, &model);
	KUNIT_EXPECT_EQ(test, layout->msi, PCI_CFG_SPACE_SIZE - 24);
	cap.len++;
	KUNIT_EXPECT_EQ(test, softpci_caps_init(caps_layout(test, &model)),
			-ENOSPC);

	/* 12 for MSI-X, and 60 for PCI Express. */
	model.msix.nr = 1;
	model.pcie = true;
	cap.len = PCI_CFG_SPACE_SIZE - 0x40 - 2 - 8 - 24 - 12 - 60;
	layout = caps_tables(test, &model);
	KUNIT_EXPECT_EQ(test, layout->pcie, PCI_CFG_SPACE_SIZE - 60);
	cap.len++;
	KUNIT_EXPECT_EQ(test, softpci_caps_init(caps_layout(test, &model)),
			-ENOSPC);

	cap.len = PCI_CFG_SPACE_SIZE - 0x40 - 1;
	KUNIT_EXPECT_EQ(test, softpci_caps_init(caps_layout(test, &model)),
			-ENOSPC);
}

static void msix_capability_tells_size_and_place(struct kunit *test)
{
	static const u16 sizes[] = { 1, 2, 64, 65, 2047, 2048 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct softpci_model model = {
			.msix = { .nr = sizes[i], .bar = 4, .table = 0x12340,
				  .pba = 0xabc8, },
		};
		struct softpci_layout *layout = caps_tables(test, &model);
		const u8 *val = layout->power_on + layout->msix;

		KUNIT_EXPECT_EQ(test, get16(val, PCI_MSIX_FLAGS), sizes[i] - 1);
		KUNIT_EXPECT_EQ(test, get32(val, PCI_MSIX_TABLE), 0x12344);
		KUNIT_EXPECT_EQ(test, get32(val, PCI_MSIX_PBA), 0xabcc);
		val = layout->writable + layout->msix;
		KUNIT_EXPECT_EQ(test, get16(val, PCI_MSIX_FLAGS), 0xc000);
		KUNIT_EXPECT_EQ(test, get32(val, PCI_MSIX_TABLE), 0);
		KUNIT_EXPECT_EQ(test, get32(val, PCI_MSIX_PBA), 0);
	}
}

/* All of it that is not 0: PCI Express Base 3.0, 7.8. */
static const struct {
	u8 pos;
	u8 width;
	u32 val;
	u32 writable;
	u32 w1c;
} pcie_cap[] = {
	{ 0,			1, PCI_CAP_ID_EXP },
	/* An endpoint, version 2. */
	{ PCI_EXP_FLAGS,	2, 0x0002 },
	/* Function Level Reset, role-based error reporting, 128 bytes. */
	{ PCI_EXP_DEVCAP,	4, 0x10008000 },
	/* No Snoop and Relaxed Ordering enabled, reads of 512 bytes. */
	{ PCI_EXP_DEVCTL,	2, 0x2810, 0x781f },
	{ PCI_EXP_DEVSTA,	2, 0, 0, 0x000f },
	/* One lane of 2.5 GT/s; the clock is the slot's. */
	{ PCI_EXP_LNKCAP,	4, 0x00000011 },
	{ PCI_EXP_LNKCTL,	2, 0, 0x00c8 },
	{ PCI_EXP_LNKSTA,	2, 0x1011 },
	/* Completion timeouts can be disabled. */
	{ PCI_EXP_DEVCAP2,	4, 0x00000010 },
	{ PCI_EXP_DEVCTL2,	2, 0, 0x0010 },
	{ PCI_EXP_LNKCAP2,	4, 0x00000002 },
};

static void set_bytes(u8 *bytes, u32 val, unsigned int width)
{
	for (; width--; val >>= 8)
		*bytes++ = val;
}

static void pcie_capability_is_that_of_an_endpoint_with_flr(struct kunit *test)
{
	static const struct softpci_model model = { .pcie = true };
	struct softpci_layout *layout = caps_tables(test, &model);
	u8 val[60] = {}, writable[60] = {}, w1c[60] = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pcie_cap); i++) {
		unsigned int pos = pcie_cap[i].pos;

		set_bytes(val + pos, pcie_cap[i].val, pcie_cap[i].width);
		set_bytes(writable + pos, pcie_cap[i].writable,
			  pcie_cap[i].width);
		set_bytes(w1c + pos, pcie_cap[i].w1c, pcie_cap[i].width);
	}
	KUNIT_EXPECT_EQ(test, layout->pcie, 0x48);
	KUNIT_EXPECT_MEMEQ(test, layout->power_on + 0x48, val, sizeof(val));
	KUNIT_EXPECT_MEMEQ(test, layout->writable + 0x48, writable,
			   sizeof(writable));
	KUNIT_EXPECT_MEMEQ(test, layout->w1c + 0x48, w1c, sizeof(w1c));
}

static void extended_capabilities_are_chained_from_100h(struct kunit *test)
{
	static const u8 body[13] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 };
	static const struct softpci_cap caps[] = {
		{ .id = PCI_EXT_CAP_ID_DSN, .version = 1, .body = body,
		  .len = 8 },
		{ .id = PCI_EXT_CAP_ID_VNDR, .version = 2, .body = body,
		  .writable = body, .len = 13 },
		{ .id = PCI_EXT_CAP_ID_LTR, .version = 1, .body = body },
	};
	struct softpci_model model = {
		.pcie = true, .ext_caps = caps, .nr_ext_caps = ARRAY_SIZE(caps),
	};
	struct softpci_layout *layout = caps_tables(test, &model);
	const u8 *val = layout->power_on;

	KUNIT_EXPECT_EQ(test, get32(val, 0x100), 0x10c10003);
	KUNIT_EXPECT_MEMEQ(test, val + 0x104, body, 8);
	KUNIT_EXPECT_EQ(test, get32(val, 0x10c), 0x1202000b);
	KUNIT_EXPECT_MEMEQ(test, val + 0x110, body, 13);
	KUNIT_EXPECT_EQ(test, get32(val, 0x120), 0x00010018);
	KUNIT_EXPECT_NULL(test, memchr_inv(layout->writable + 0x100, 0, 0x10));
	KUNIT_EXPECT_MEMEQ(test, layout->writable + 0x110, body, 13);
	KUNIT_EXPECT_NULL(test, memchr_inv(val + 0x124, 0, 4096 - 0x124));

	/* PCI Express Base 3.0, 7.9.1: a header of zeroes, if there is none. */
	model.nr_ext_caps = 0;
	val = caps_tables(test, &model)->power_on;
	KUNIT_EXPECT_NULL(test, memchr_inv(val + 0x100, 0, 4096 - 0x100));
}

static void extended_capability_fits_to_the_last_byte(struct kunit *test)
{
	struct softpci_cap cap = { .id = PCI_EXT_CAP_ID_VNDR, .version = 1 };
	struct softpci_model model = {
		.pcie = true, .ext_caps = &cap, .nr_ext_caps = 1,
	};
	u8 *body = kunit_kzalloc(test, PCI_CFG_SPACE_EXP_SIZE, GFP_KERNEL);
	struct softpci_layout *layout;

	KUNIT_ASSERT_NOT_NULL(test, body);
	cap.body = body;
	cap.len = PCI_CFG_SPACE_EXP_SIZE - PCI_CFG_SPACE_SIZE - 4;
	body[cap.len - 1] = 0xab;
	layout = caps_tables(test, &model);
	KUNIT_EXPECT_EQ(test, layout->power_on[PCI_CFG_SPACE_EXP_SIZE - 1],
			0xab);
	cap.len++;
	KUNIT_EXPECT_EQ(test, softpci_caps_init(caps_layout(test, &model)),
			-ENOSPC);
}

static void bar_of_64_bits_has_two_registers(struct kunit *test)
{
	static const struct {
		u64 size;
		u32 low;
		u32 high;
	} rows[] = {
		{ 16,		0xfffffff0, 0xffffffff },
		{ SZ_2G,	0x80000000, 0xffffffff },
		{ BIT_ULL(32),	0x00000000, 0xffffffff },
		{ BIT_ULL(40),	0x00000000, 0xffffff00 },
		{ BIT_ULL(62),	0x00000000, 0xc0000000 },
	};
	unsigned int i, bar;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		for (bar = 0; bar < SOFTPCI_NUM_BARS - 1; bar++) {
			struct softpci_region region = {
				.index = bar, .bar = 0xc, .size = rows[i].size,
			};
			struct softpci_window win = {
				.region = &region, .bar = BIT(bar),
			};
			struct softpci_model model = {};
			struct softpci_layout *layout;
			unsigned int pos = PCI_BASE_ADDRESS_0 + bar * 4;

			layout = caps_layout(test, &model);
			layout->window = &win;
			layout->nr_windows = 1;
			KUNIT_ASSERT_EQ(test, softpci_caps_init(layout), 0);
			KUNIT_EXPECT_EQ(test, get32(layout->power_on, pos), 0xc);
			KUNIT_EXPECT_EQ(test, get32(layout->power_on, pos + 4), 0);
			KUNIT_EXPECT_EQ(test, get32(layout->writable, pos),
					rows[i].low);
			KUNIT_EXPECT_EQ(test, get32(layout->writable, pos + 4),
					rows[i].high);
		}
}

static struct kunit_case caps_cases[] = {
	KUNIT_CASE(chain_ends_after_every_capability_once),
	KUNIT_CASE(no_messages_no_msi_capability),
	KUNIT_CASE(capabilities_of_the_model_come_first),
	KUNIT_CASE(capabilities_lie_at_multiples_of_four),
	KUNIT_CASE(capability_fits_to_the_last_byte_and_no_further),
	KUNIT_CASE(msix_capability_tells_size_and_place),
	KUNIT_CASE(pcie_capability_is_that_of_an_endpoint_with_flr),
	KUNIT_CASE(extended_capabilities_are_chained_from_100h),
	KUNIT_CASE(extended_capability_fits_to_the_last_byte),
	KUNIT_CASE(bar_of_64_bits_has_two_registers),
	{}
};

static struct kunit_suite caps_suite = {
	.name = "softpci-caps",
	.test_cases = caps_cases,
};

kunit_test_suite(caps_suite);
