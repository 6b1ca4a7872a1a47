// SPDX-License-Identifier: GPL-2.0-only
/* Config space of devices of all shapes, those of the drivers among them. */
#include "kunit.h"

/* The capabilities of a model without any of its own. */
#define PM_CAP		0x40
#define PMCSR		(PM_CAP + PCI_PM_CTRL)
#define MSI_CAP		0x48

#define STATUS_ERRORS	0xf900

static const struct softpci_ops config_no_ops = {};

static const struct softpci_memory_desc config_memories[] = {
	{ .size = SZ_1M, },
};

static const struct softpci_area config_memory_areas[] = {
	SOFTPCI_MEMORY_AREA(0, SZ_1M, 0),
};

static const struct softpci_region config_regions[] = {
	{
		.index = 0, .bar = PCI_BASE_ADDRESS_MEM_PREFETCH,
		.size = SZ_1M, .areas = config_memory_areas, .nr_areas = 1,
	},
	{ .index = 2, .bar = PCI_BASE_ADDRESS_SPACE_IO, .size = 8, },
	{ .index = SOFTPCI_NUM_INDEXES, .size = 64, },
};

static const struct softpci_model config_model = {
	.device_size		= sizeof(struct softpci_device),
	.ops			= &config_no_ops,
	.vendor			= 0x1122,
	.device			= 0x3344,
	.subsystem_vendor	= 0x5566,
	.subsystem_device	= 0x7788,
	.class			= 0x99aabb,
	.revision		= 0xcc,
	.pin			= 1,
	.nr_msi			= 4,
	.regions		= config_regions,
	.nr_regions		= ARRAY_SIZE(config_regions),
	.memories		= config_memories,
	.nr_memories		= ARRAY_SIZE(config_memories),
};

static struct softpci_device *config_device(struct kunit *test)
{
	return kunit_device(test, &config_model)->dev;
}

/* A PCI Express endpoint with MSI-X and a 64-bit BAR. */
static const struct softpci_region pcie_regions[] = {
	{
		.index = 0, .bar = PCI_BASE_ADDRESS_MEM_TYPE_64,
		.size = SZ_4K,
	},
};

static const struct softpci_model pcie_model = {
	.device_size	= sizeof(struct softpci_device),
	.ops		= &config_no_ops,
	.msix		= { .nr = 4, .bar = 0, .table = 0, .pba = 0x800, },
	.pcie		= true,
	.regions	= pcie_regions,
	.nr_regions	= ARRAY_SIZE(pcie_regions),
};

/* Its capabilities behind that of power management. */
#define MSIX_CAP	0x48
#define PCIE_CAP	0x54
#define DEVCTL		(PCIE_CAP + PCI_EXP_DEVCTL)

/* All that is not 0 when the device is new, and the bits that can be written. */
static const struct {
	u8 pos;
	u8 width;
	u32 val;
	u32 writable;
} config_layout[] = {
	{ PCI_VENDOR_ID,		2, 0x1122 },
	{ PCI_DEVICE_ID,		2, 0x3344 },
	/* Both kinds of BARs are enabled. */
	{ PCI_COMMAND,			2, 0x0003, 0x0407 },
	{ PCI_STATUS,			2, PCI_STATUS_CAP_LIST },
	{ PCI_CLASS_REVISION,		4, 0x99aabbcc },
	{ PCI_BASE_ADDRESS_0,		4, 0x00000008, 0xfff00000 },
	{ PCI_BASE_ADDRESS_2,		4, 0x00000001, 0xfffffff8 },
	{ PCI_SUBSYSTEM_VENDOR_ID,	2, 0x5566 },
	{ PCI_SUBSYSTEM_ID,		2, 0x7788 },
	{ PCI_CAPABILITY_LIST,		1, PM_CAP },
	{ PCI_INTERRUPT_LINE,		1, 0, 0xff },
	{ PCI_INTERRUPT_PIN,		1, 1 },
	{ PM_CAP,			1, PCI_CAP_ID_PM },
	{ PM_CAP + PCI_CAP_LIST_NEXT,	1, MSI_CAP },
	{ PM_CAP + PCI_PM_PMC,		2, 0x0003 },
	{ PMCSR,			2, 0x0008, 0x0003 },
	{ MSI_CAP,			1, PCI_CAP_ID_MSI },
	{ MSI_CAP + PCI_MSI_FLAGS,	2, 0x0184, 0x0071 },
	{ MSI_CAP + PCI_MSI_ADDRESS_LO,	4, 0, 0xfffffffc },
	{ MSI_CAP + PCI_MSI_ADDRESS_HI,	4, 0, 0xffffffff },
	{ MSI_CAP + PCI_MSI_DATA_64,	2, 0, 0xffff },
	{ MSI_CAP + PCI_MSI_MASK_64,	4, 0, 0x0000000f },
	{ MSI_CAP + PCI_MSI_PENDING_64,	4, 0, 0 },
};

static void config_expected(u8 *val, u8 *writable)
{
	unsigned int i, byte;

	memset(val, 0, PCI_CFG_SPACE_SIZE);
	memset(writable, 0, PCI_CFG_SPACE_SIZE);
	for (i = 0; i < ARRAY_SIZE(config_layout); i++)
		for (byte = 0; byte < config_layout[i].width; byte++) {
			unsigned int pos = config_layout[i].pos + byte;

			val[pos] = config_layout[i].val >> byte * 8;
			writable[pos] = config_layout[i].writable >> byte * 8;
		}
}

/* Four messages are the most that can be enabled: 10b in bits 4 to 6. */
static void config_bound(u8 *val)
{
	if ((val[MSI_CAP + PCI_MSI_FLAGS] & 0x70) > 0x20)
		val[MSI_CAP + PCI_MSI_FLAGS] =
			(val[MSI_CAP + PCI_MSI_FLAGS] & ~0x70) | 0x20;
}

static void every_byte_reads_as_the_model_says(struct kunit *test)
{
	struct softpci_device *dev = config_device(test);
	u8 val[PCI_CFG_SPACE_SIZE], writable[PCI_CFG_SPACE_SIZE];
	unsigned int pos;

	config_expected(val, writable);
	for (pos = 0; pos < PCI_CFG_SPACE_SIZE; pos++)
		KUNIT_EXPECT_EQ_MSG(test, kunit_config_read(dev, pos, 1), val[pos],
				    "byte %02xh", pos);
}

/* Each byte, each value: its writable bits take it, no other bit changes. */
static void every_bit_is_writable_or_not(struct kunit *test)
{
	struct softpci_device *dev = config_device(test);
	u8 expected[PCI_CFG_SPACE_SIZE], writable[PCI_CFG_SPACE_SIZE];
	unsigned int pos, val;

	config_expected(expected, writable);
	for (pos = 0; pos < PCI_CFG_SPACE_SIZE; pos++) {
		for (val = 0; val <= 0xff; val++) {
			u8 *byte = &expected[pos];

			kunit_config_write(dev, pos, 1, val);
			/* D1 and D2 are not supported, and not taken. */
			if (pos != PMCSR || !(val & 3) || (val & 3) == 3)
				*byte = (*byte & ~writable[pos]) |
					(val & writable[pos]);
			config_bound(expected);
			KUNIT_ASSERT_EQ_MSG(test, kunit_config_read(dev, pos, 1),
					    *byte, "byte %02xh, %02x written",
					    pos, val);
		}
		KUNIT_ASSERT_MEMEQ_MSG(test, dev->config.val, expected,
				       PCI_CFG_SPACE_SIZE,
				       "byte %02xh changes others", pos);
	}
}

static void width_and_alignment_make_no_difference(struct kunit *test)
{
	struct softpci_device *dev = config_device(test);
	u8 expected[PCI_CFG_SPACE_SIZE], writable[PCI_CFG_SPACE_SIZE];
	unsigned int pos, len, i;
	u8 ones[8];

	memset(ones, 0xff, sizeof(ones));
	for (pos = 0; pos < PCI_CFG_SPACE_SIZE; pos++)
		for (len = 1; len <= sizeof(ones); len++) {
			if (pos + len > PCI_CFG_SPACE_SIZE)
				continue;
			config_expected(expected, writable);
			for (i = pos; i < pos + len; i++)
				expected[i] |= writable[i];
			config_bound(expected);
			scoped_guard(softpci, dev) {
				softpci_config_power_on(dev);
				config_write(dev, NULL, pos, ones, len);
			}
			KUNIT_ASSERT_MEMEQ_MSG(test, dev->config.val,
					       expected, PCI_CFG_SPACE_SIZE,
					       "%u bytes at %02xh", len, pos);
		}
}

static const struct bar_case {
	const char *name;
	u32 bar;
	u64 size;
	u32 sized;
	u32 upper;
} bar_cases[] = {
	{ "4 I/O ports",	0x1, 4,			0xfffffffd },
	{ "8 I/O ports",	0x1, 8,			0xfffffff9 },
	{ "256 I/O ports",	0x1, 256,		0xffffff01 },
	{ "16 bytes",		0x0, 16,		0xfffffff0 },
	{ "4 KiB",		0x0, SZ_4K,		0xfffff000 },
	{ "64 KiB prefetch",	0x8, SZ_64K,		0xffff0008 },
	{ "2 MiB prefetch",	0x8, SZ_2M,		0xffe00008 },
	{ "4 MiB prefetch",	0x8, SZ_4M,		0xffc00008 },
	{ "8 MiB prefetch",	0x8, SZ_8M,		0xff800008 },
	{ "16 MiB prefetch",	0x8, SZ_16M,		0xff000008 },
	{ "64 MiB prefetch",	0x8, SZ_64M,		0xfc000008 },
	{ "2 GiB prefetch",	0x8, SZ_2G,		0x80000008 },
	{ "16 bytes, 64-bit",	0x4, 16,		0xfffffff4, ~0U },
	{ "2 GiB, 64-bit",	0xc, SZ_2G,		0x8000000c, ~0U },
	{ "4 GiB, 64-bit",	0xc, BIT_ULL(32),	0x0000000c, ~0U },
	{ "1 TiB, 64-bit",	0xc, BIT_ULL(40),	0x0000000c, 0xffffff00 },
};

KUNIT_ARRAY_PARAM_DESC(bar, bar_cases, name);

/* Wherever it is, and the others are not there. */
static void bar_tells_its_size(struct kunit *test)
{
	const struct bar_case *c = test->param_value;
	unsigned int nr = SOFTPCI_NUM_BARS - !!c->upper, i, other;

	for (i = 0; i < nr; i++) {
		struct softpci_region *region;
		struct softpci_model *model;
		struct softpci_device *dev;
		unsigned int pos = PCI_BASE_ADDRESS_0 + i * 4;

		/* Not on the stack: the device lives until the case ends. */
		region = kunit_kzalloc(test, sizeof(*region), GFP_KERNEL);
		model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, region);
		KUNIT_ASSERT_NOT_NULL(test, model);
		region->index = i;
		region->bar = c->bar;
		region->size = c->size;
		model->device_size = sizeof(struct softpci_device);
		model->ops = &config_no_ops;
		model->regions = region;
		model->nr_regions = 1;

		dev = kunit_device(test, model)->dev;
		KUNIT_EXPECT_EQ(test, kunit_config_read(dev, pos, 4), c->bar);
		for (other = 0; other < SOFTPCI_NUM_BARS; other++) {
			u32 sized = other == i ? c->sized :
				    other == i + 1 ? c->upper : 0;

			KUNIT_EXPECT_EQ_MSG(test, kunit_size_bar(dev, other), sized,
					    "BAR %u, of BAR %u", other, i);
		}
		kunit_config_write(dev, pos, 4, 0xdeadbeef);
		KUNIT_EXPECT_EQ(test, kunit_config_read(dev, pos, 4),
				(0xdeadbeef & c->sized) | c->bar);
		kunit_config_write(dev, pos, 4, 0);
		KUNIT_EXPECT_EQ(test, kunit_config_read(dev, pos, 4), c->bar);
	}
}

static void error_bits_of_status_clear_by_writing_one(struct kunit *test)
{
	struct softpci_device *dev = config_device(test);
	unsigned int bit, other;

	for (bit = 0; bit < 16; bit++)
		for (other = 0; other < 16; other++) {
			u16 old = BIT(bit) | PCI_STATUS_CAP_LIST;

			/* Computed, never among the bytes. */
			if (BIT(bit) == PCI_STATUS_INTERRUPT)
				continue;
			set16(dev->config.val, PCI_STATUS, old);
			kunit_config_write(dev, PCI_STATUS, 2, BIT(other));
			if (bit == other)
				old &= ~STATUS_ERRORS;
			KUNIT_EXPECT_EQ_MSG(test,
					    kunit_config_read(dev, PCI_STATUS, 2),
					    old, "bit %u, 1 to bit %u", bit,
					    other);
		}

	set16(dev->config.val, PCI_STATUS,
	      STATUS_ERRORS | PCI_STATUS_CAP_LIST);
	kunit_config_write(dev, PCI_STATUS, 2, 0);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, PCI_STATUS, 2),
			STATUS_ERRORS | PCI_STATUS_CAP_LIST);
	/* By way of the dword, as 32-bit accesses to COMMAND go. */
	kunit_config_write(dev, PCI_COMMAND, 4, 0x80000000);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, PCI_STATUS, 2),
			(STATUS_ERRORS & ~0x8000) | PCI_STATUS_CAP_LIST);
	kunit_config_write(dev, PCI_STATUS, 2, 0xffff);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, PCI_STATUS, 2),
			PCI_STATUS_CAP_LIST);
}

/* From each state that there is to each that can be written, in each width. */
static void power_states_d1_and_d2_are_discarded(struct kunit *test)
{
	struct softpci_device *dev = config_device(test);
	static const u8 from[] = { 0, 3 };
	unsigned int i, to, width;

	for (i = 0; i < ARRAY_SIZE(from); i++)
		for (to = 0; to < 4; to++)
			for (width = 1; width <= 4; width *= 2) {
				u8 state = to == 0 || to == 3 ? to : from[i];

				kunit_config_write(dev, PMCSR, 1, from[i]);
				kunit_config_write(dev, PMCSR, width, to);
				KUNIT_EXPECT_EQ_MSG(test,
						    kunit_config_read(dev, PMCSR, 2),
						    PCI_PM_CTRL_NO_SOFT_RESET |
						    state, "D%u to D%u in %u bytes",
						    from[i], to, width);
			}
}

/* As pci_enable_device() leaves it, for a user of vfio-pci. */
static void new_device_decodes_what_its_bars_need(struct kunit *test)
{
	static const struct softpci_region regions[] = {
		{ .index = 0, .bar = PCI_BASE_ADDRESS_SPACE_IO, .size = 8 },
		{ .index = 5, .bar = PCI_BASE_ADDRESS_MEM_TYPE_32, .size = 16 },
		{ .index = 9, .size = 16 },
	};
	/* The first of them, and how many. */
	static const struct {
		u8 first;
		u8 nr;
		u16 command;
	} rows[] = {
		{ 0, 0, 0 },
		{ 0, 1, PCI_COMMAND_IO },
		{ 1, 1, PCI_COMMAND_MEMORY },
		{ 2, 1, 0 },
		{ 0, 3, PCI_COMMAND_IO | PCI_COMMAND_MEMORY },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct softpci_device *dev;
		struct softpci_model *model;

		model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, model);
		model->device_size = sizeof(struct softpci_device);
		model->ops = &config_no_ops;
		model->regions = regions + rows[i].first;
		model->nr_regions = rows[i].nr;

		dev = kunit_device(test, model)->dev;
		KUNIT_EXPECT_EQ_MSG(test, kunit_config_read(dev, PCI_COMMAND, 2),
				    rows[i].command, "row %u", i);
		KUNIT_EXPECT_EQ(test, dev->config.absent, 0);
	}
}

/* In each state of COMMAND and of power, after a write and after a reset. */
static void bar_answers_if_decoded_and_in_d0(struct kunit *test)
{
	struct softpci_device *dev = config_device(test);
	unsigned int command, power;

	for (command = 0; command < 8; command++)
		for (power = 0; power <= 3; power += 3) {
			u8 off = 0;

			if (power || !(command & PCI_COMMAND_MEMORY))
				off |= BIT(0);
			if (power || !(command & PCI_COMMAND_IO))
				off |= BIT(2);
			kunit_config_write(dev, PCI_COMMAND, 2, command);
			kunit_config_write(dev, PMCSR, 2, power);
			KUNIT_EXPECT_EQ_MSG(test, dev->config.absent, off,
					    "command %u, D%u", command, power);

			kunit_config_write(dev, PMCSR, 2, 0);
			off = dev->config.absent;
			kunit_config_write(dev, PMCSR, 2, power);
			scoped_guard(softpci, dev)
				softpci_config_bus_reset(dev);
			KUNIT_EXPECT_EQ(test, dev->config.absent, off);
		}
	scoped_guard(softpci, dev)
		softpci_config_power_on(dev);
	KUNIT_EXPECT_EQ(test, dev->config.absent, 0);
}

static void msi_capability_says_how_many_messages(struct kunit *test)
{
	unsigned int log, enable;

	for (log = 0; log <= 5; log++) {
		struct softpci_device *dev;
		struct softpci_model *model;

		model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, model);
		model->device_size = sizeof(struct softpci_device);
		model->ops = &config_no_ops;
		model->nr_msi = BIT(log);

		dev = kunit_device(test, model)->dev;
		KUNIT_EXPECT_EQ(test, kunit_config_read(dev, MSI_CAP + 2, 2),
				0x0180 | log << 1);
		for (enable = 0; enable < 8; enable++) {
			kunit_config_write(dev, MSI_CAP + 2, 2, enable << 4 | 1);
			KUNIT_EXPECT_EQ(test, kunit_config_read(dev, MSI_CAP + 2, 2),
					0x0181 | min(enable, log) << 4 | log << 1);
		}
		kunit_config_write(dev, MSI_CAP + 2, 2, 0xffff);
		KUNIT_EXPECT_EQ(test, kunit_config_read(dev, MSI_CAP + 2, 2),
				0x0181 | log << 4 | log << 1);
	}
}

static void power_on_undoes_every_write(struct kunit *test)
{
	struct softpci_device *dev = config_device(test);
	u8 val[PCI_CFG_SPACE_SIZE], writable[PCI_CFG_SPACE_SIZE];
	unsigned int pos;

	config_expected(val, writable);
	for (pos = 0; pos < PCI_CFG_SPACE_SIZE; pos++)
		kunit_config_write(dev, pos, 1, 0xff);
	KUNIT_EXPECT_MEMNEQ(test, dev->config.val, val, sizeof(val));
	scoped_guard(softpci, dev)
		softpci_config_power_on(dev);
	KUNIT_EXPECT_MEMEQ(test, dev->config.val, val, sizeof(val));
}

/* Bytes of config space that a reset keeps. */
struct kept_bytes {
	u8 pos;
	u8 len;
};

/* Write ones to all of config space; @expected gets the bytes that are kept. */
static void write_ones(struct softpci_device *dev, u8 *expected,
		       const struct kept_bytes *kept, unsigned int nr)
{
	unsigned int pos, i;

	for (pos = 0; pos < PCI_CFG_SPACE_SIZE; pos++)
		kunit_config_write(dev, pos, 1, 0xff);
	for (i = 0; i < nr; i++)
		memcpy(expected + kept[i].pos, dev->config.val + kept[i].pos,
		       kept[i].len);
}

/* Byte by byte: that which vfio-pci saves and restores, and nothing else. */
static void reset_keeps_command_bars_line_and_msi(struct kunit *test)
{
	static const struct kept_bytes kept[] = {
		{ PCI_COMMAND, 2 },
		{ PCI_BASE_ADDRESS_0, 24 },
		{ PCI_INTERRUPT_LINE, 1 },
		{ MSI_CAP + PCI_MSI_FLAGS, 2 },
		{ MSI_CAP + PCI_MSI_ADDRESS_LO, 8 },
		{ MSI_CAP + PCI_MSI_DATA_64, 2 },
	};
	struct softpci_device *dev = config_device(test);
	u8 expected[PCI_CFG_SPACE_SIZE], writable[PCI_CFG_SPACE_SIZE];
	unsigned int pos;

	config_expected(expected, writable);
	write_ones(dev, expected, kept, ARRAY_SIZE(kept));
	scoped_guard(softpci, dev)
		softpci_config_bus_reset(dev);
	for (pos = 0; pos < PCI_CFG_SPACE_SIZE; pos++)
		KUNIT_EXPECT_EQ_MSG(test, kunit_config_read(dev, pos, 1),
				    expected[pos], "byte %02xh", pos);
}

/* The controls of what only a PCI Express endpoint has; mask and FLR bits go. */
static void reset_keeps_msix_and_pcie_controls(struct kunit *test)
{
	static const struct kept_bytes kept[] = {
		{ PCI_COMMAND, 2 },
		{ PCI_BASE_ADDRESS_0, 24 },
		{ PCI_INTERRUPT_LINE, 1 },
		{ MSIX_CAP + PCI_MSIX_FLAGS, 2 },
		{ DEVCTL, 2 },
		{ PCIE_CAP + PCI_EXP_LNKCTL, 2 },
		{ PCIE_CAP + PCI_EXP_DEVCTL2, 2 },
	};
	struct softpci_device *dev = kunit_device(test, &pcie_model)->dev;
	u8 expected[PCI_CFG_SPACE_SIZE];

	memcpy(expected, dev->layout->power_on, sizeof(expected));
	write_ones(dev, expected, kept, ARRAY_SIZE(kept));
	KUNIT_EXPECT_EQ(test, get16(expected, MSIX_CAP + PCI_MSIX_FLAGS),
			0xc003);
	KUNIT_EXPECT_EQ(test, get16(expected, DEVCTL), 0x781f);
	scoped_guard(softpci, dev)
		softpci_config_bus_reset(dev);
	KUNIT_EXPECT_MEMEQ(test, dev->config.val, expected, sizeof(expected));
	KUNIT_EXPECT_FALSE(test, softpci_flr_pending(dev));
}

static void errors_of_pcie_clear_by_writing_one(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &pcie_model)->dev;
	unsigned int pos = PCIE_CAP + PCI_EXP_DEVSTA, bit;

	for (bit = 0; bit < 4; bit++) {
		set16(dev->config.val, pos, 0xf);
		kunit_config_write(dev, pos, 2, BIT(bit));
		KUNIT_EXPECT_EQ(test, kunit_config_read(dev, pos, 2),
				0xf & ~BIT(bit));
	}
}

static void extended_config_space_is_there_to_its_end(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &pcie_model)->dev;
	unsigned int pos;

	for (pos = PCI_CFG_SPACE_SIZE; pos < PCI_CFG_SPACE_EXP_SIZE; pos += 4) {
		kunit_config_write(dev, pos, 4, ~0U);
		KUNIT_EXPECT_EQ(test, kunit_config_read(dev, pos, 4), 0);
	}
}

static struct kunit_case config_cases[] = {
	KUNIT_CASE(every_byte_reads_as_the_model_says),
	KUNIT_CASE(every_bit_is_writable_or_not),
	KUNIT_CASE(width_and_alignment_make_no_difference),
	KUNIT_CASE_PARAM(bar_tells_its_size, bar_gen_params),
	KUNIT_CASE(error_bits_of_status_clear_by_writing_one),
	KUNIT_CASE(power_states_d1_and_d2_are_discarded),
	KUNIT_CASE(new_device_decodes_what_its_bars_need),
	KUNIT_CASE(bar_answers_if_decoded_and_in_d0),
	KUNIT_CASE(msi_capability_says_how_many_messages),
	KUNIT_CASE(power_on_undoes_every_write),
	KUNIT_CASE(reset_keeps_command_bars_line_and_msi),
	KUNIT_CASE(reset_keeps_msix_and_pcie_controls),
	KUNIT_CASE(errors_of_pcie_clear_by_writing_one),
	KUNIT_CASE(extended_config_space_is_there_to_its_end),
	{}
};

static struct kunit_suite config_suite = {
	.name = "softpci-config",
	.test_cases = config_cases,
};

kunit_test_suite(config_suite);
