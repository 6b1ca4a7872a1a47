// SPDX-License-Identifier: GPL-2.0-only
/* Config space of devices of all shapes, those of the drivers among them. */
#include "kunit.h"

/* The capabilities of a model without any of its own. */
#define PM_CAP		0x40
#define PMCSR		(PM_CAP + PCI_PM_CTRL)
#define MSI_CAP		0x48

#define STATUS_ERRORS	0xf900

static const struct softpci_driver config_driver = {
	.device_size = sizeof(struct softpci_device),
};

static const struct softpci_region config_regions[] = {
	{ .index = 0, .bar = PCI_BASE_ADDRESS_MEM_PREFETCH, },
	{ .index = 2, .bar = PCI_BASE_ADDRESS_SPACE_IO, .size = 8, },
	{ .index = VFIO_PCI_NUM_REGIONS, .size = 64, },
};

static const struct softpci_model config_model = {
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
};

static const struct softpci_type config_type = {
	.model = &config_model,
	.ram_size = SZ_1M,
};

static struct softpci_device *config_device(struct kunit *test)
{
	return softpci_kunit_device(test, &config_driver, &config_type);
}

/* All that is not 0 when the device is new; and what can be written. */
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

	memset(val, 0, SOFTPCI_CONFIG_SIZE);
	memset(writable, 0, SOFTPCI_CONFIG_SIZE);
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
	struct softpci_device *spdev = config_device(test);
	u8 val[SOFTPCI_CONFIG_SIZE], writable[SOFTPCI_CONFIG_SIZE];
	unsigned int pos;

	config_expected(val, writable);
	for (pos = 0; pos < SOFTPCI_CONFIG_SIZE; pos++)
		KUNIT_EXPECT_EQ_MSG(test, config_get(spdev, pos, 1), val[pos],
				    "byte %02xh", pos);
}

/* Each byte, each value: its writable bits take it, no other bit changes. */
static void every_bit_is_writable_or_not(struct kunit *test)
{
	struct softpci_device *spdev = config_device(test);
	u8 expected[SOFTPCI_CONFIG_SIZE], writable[SOFTPCI_CONFIG_SIZE];
	unsigned int pos, val;

	config_expected(expected, writable);
	for (pos = 0; pos < SOFTPCI_CONFIG_SIZE; pos++) {
		for (val = 0; val <= 0xff; val++) {
			u8 *byte = &expected[pos];

			config_put(spdev, pos, 1, val);
			/* D1 and D2 are not supported, and not taken. */
			if (pos != PMCSR || !(val & 3) || (val & 3) == 3)
				*byte = (*byte & ~writable[pos]) |
					(val & writable[pos]);
			config_bound(expected);
			KUNIT_ASSERT_EQ_MSG(test, config_get(spdev, pos, 1),
					    *byte, "byte %02xh, %02x written",
					    pos, val);
		}
		KUNIT_ASSERT_MEMEQ_MSG(test, spdev->config.val, expected,
				       SOFTPCI_CONFIG_SIZE,
				       "byte %02xh changes others", pos);
	}
}

static void width_and_alignment_make_no_difference(struct kunit *test)
{
	struct softpci_device *spdev = config_device(test);
	u8 expected[SOFTPCI_CONFIG_SIZE], writable[SOFTPCI_CONFIG_SIZE];
	unsigned int pos, len, i;
	u8 ones[8];

	memset(ones, 0xff, sizeof(ones));
	for (pos = 0; pos < SOFTPCI_CONFIG_SIZE; pos++)
		for (len = 1; len <= sizeof(ones); len++) {
			if (pos + len > SOFTPCI_CONFIG_SIZE)
				continue;
			config_expected(expected, writable);
			for (i = pos; i < pos + len; i++)
				expected[i] |= writable[i];
			config_bound(expected);
			scoped_guard(softpci, spdev) {
				softpci_config_power_on(spdev);
				softpci_config_write(spdev, pos, ones, len);
			}
			KUNIT_ASSERT_MEMEQ_MSG(test, spdev->config.val,
					       expected, SOFTPCI_CONFIG_SIZE,
					       "%u bytes at %02xh", len, pos);
		}
}

static const struct bar_case {
	const char *name;
	u32 bar;
	u32 size;
	u32 ram_size;
	u32 sized;
} bar_cases[] = {
	{ "4 I/O ports",	1, 4, 0,		0xfffffffd },
	{ "8 I/O ports",	1, 8, 0,		0xfffffff9 },
	{ "256 I/O ports",	1, 256, 0,		0xffffff01 },
	{ "16 bytes",		0, 16, 0,		0xfffffff0 },
	{ "4 KiB",		0, SZ_4K, 0,		0xfffff000 },
	{ "64 KiB prefetch",	8, SZ_64K, 0,		0xffff0008 },
	{ "2 MiB of memory",	8, 0, SZ_2M,		0xffe00008 },
	{ "4 MiB of memory",	8, 0, SZ_4M,		0xffc00008 },
	{ "8 MiB of memory",	8, 0, SZ_8M,		0xff800008 },
	{ "16 MiB of memory",	8, 0, SZ_16M,		0xff000008 },
	{ "64 MiB of memory",	8, 0, SZ_64M,		0xfc000008 },
	{ "2 GiB of memory",	8, 0, SZ_2G,		0x80000008 },
};

KUNIT_ARRAY_PARAM_DESC(bar, bar_cases, name);

/* Wherever it is, and the other five are not there. */
static void bar_tells_its_size(struct kunit *test)
{
	const struct bar_case *c = test->param_value;
	unsigned int i, other;

	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		struct softpci_region region = {
			.index = i,
			.bar = c->bar,
			.size = c->size,
		};
		struct softpci_model model = {
			.regions = &region,
			.nr_regions = 1,
		};
		struct softpci_type type = {
			.model = &model,
			.ram_size = c->ram_size,
		};
		struct softpci_device *spdev;
		unsigned int pos = PCI_BASE_ADDRESS_0 + i * 4;

		spdev = softpci_kunit_device(test, &config_driver, &type);
		KUNIT_EXPECT_EQ(test, config_get(spdev, pos, 4), c->bar);
		for (other = 0; other < PCI_STD_NUM_BARS; other++)
			KUNIT_EXPECT_EQ_MSG(test, size_bar(spdev, other),
					    other == i ? c->sized : 0,
					    "BAR %u, of BAR %u", other, i);
		config_put(spdev, pos, 4, 0xdeadbeef);
		KUNIT_EXPECT_EQ(test, config_get(spdev, pos, 4),
				(0xdeadbeef & c->sized) | c->bar);
		config_put(spdev, pos, 4, 0);
		KUNIT_EXPECT_EQ(test, config_get(spdev, pos, 4), c->bar);
	}
}

static void error_bits_of_status_clear_by_writing_one(struct kunit *test)
{
	struct softpci_device *spdev = config_device(test);
	unsigned int bit, other;

	for (bit = 0; bit < 16; bit++)
		for (other = 0; other < 16; other++) {
			u16 old = BIT(bit) | PCI_STATUS_CAP_LIST;

			set16(spdev->config.val, PCI_STATUS, old);
			config_put(spdev, PCI_STATUS, 2, BIT(other));
			/* No source of the device asks for service. */
			old &= ~PCI_STATUS_INTERRUPT;
			if (bit == other)
				old &= ~STATUS_ERRORS;
			KUNIT_EXPECT_EQ_MSG(test,
					    config_get(spdev, PCI_STATUS, 2),
					    old, "bit %u, 1 to bit %u", bit,
					    other);
		}

	set16(spdev->config.val, PCI_STATUS,
	      STATUS_ERRORS | PCI_STATUS_CAP_LIST);
	config_put(spdev, PCI_STATUS, 2, 0);
	KUNIT_EXPECT_EQ(test, config_get(spdev, PCI_STATUS, 2),
			STATUS_ERRORS | PCI_STATUS_CAP_LIST);
	/* By way of the dword, as 32-bit accesses to COMMAND go. */
	config_put(spdev, PCI_COMMAND, 4, 0x80000000);
	KUNIT_EXPECT_EQ(test, config_get(spdev, PCI_STATUS, 2),
			(STATUS_ERRORS & ~0x8000) | PCI_STATUS_CAP_LIST);
	config_put(spdev, PCI_STATUS, 2, 0xffff);
	KUNIT_EXPECT_EQ(test, config_get(spdev, PCI_STATUS, 2),
			PCI_STATUS_CAP_LIST);
}

/* From each state that there is to each that can be written, in each width. */
static void power_states_d1_and_d2_are_discarded(struct kunit *test)
{
	struct softpci_device *spdev = config_device(test);
	static const u8 from[] = { 0, 3 };
	unsigned int i, to, width;

	for (i = 0; i < ARRAY_SIZE(from); i++)
		for (to = 0; to < 4; to++)
			for (width = 1; width <= 4; width *= 2) {
				u8 state = to == 0 || to == 3 ? to : from[i];

				config_put(spdev, PMCSR, 1, from[i]);
				config_put(spdev, PMCSR, width, to);
				KUNIT_EXPECT_EQ_MSG(test,
						    config_get(spdev, PMCSR, 2),
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
		struct softpci_model model = {
			.regions = regions + rows[i].first,
			.nr_regions = rows[i].nr,
		};
		struct softpci_type type = { .model = &model };
		struct softpci_device *spdev;

		spdev = softpci_kunit_device(test, &config_driver, &type);
		KUNIT_EXPECT_EQ_MSG(test, config_get(spdev, PCI_COMMAND, 2),
				    rows[i].command, "row %u", i);
		KUNIT_EXPECT_EQ(test, spdev->config.absent, 0);
	}
}

/* In each state of COMMAND and of power, after a write and after a reset. */
static void bar_answers_if_decoded_and_in_d0(struct kunit *test)
{
	struct softpci_device *spdev = config_device(test);
	unsigned int command, power;

	for (command = 0; command < 8; command++)
		for (power = 0; power <= 3; power += 3) {
			u8 off = 0;

			if (power || !(command & PCI_COMMAND_MEMORY))
				off |= BIT(0);
			if (power || !(command & PCI_COMMAND_IO))
				off |= BIT(2);
			config_put(spdev, PCI_COMMAND, 2, command);
			config_put(spdev, PMCSR, 2, power);
			KUNIT_EXPECT_EQ_MSG(test, spdev->config.absent, off,
					    "command %u, D%u", command, power);

			config_put(spdev, PMCSR, 2, 0);
			off = spdev->config.absent;
			config_put(spdev, PMCSR, 2, power);
			scoped_guard(softpci, spdev)
				softpci_config_reset(spdev);
			KUNIT_EXPECT_EQ(test, spdev->config.absent, off);
		}
	scoped_guard(softpci, spdev)
		softpci_config_power_on(spdev);
	KUNIT_EXPECT_EQ(test, spdev->config.absent, 0);
}

static void chain_ends_after_every_capability_once(struct kunit *test)
{
	struct softpci_device *spdev = config_device(test);
	unsigned int pos = config_get(spdev, PCI_CAPABILITY_LIST, 1);

	KUNIT_EXPECT_TRUE(test, config_get(spdev, PCI_STATUS, 2) &
				PCI_STATUS_CAP_LIST);
	KUNIT_EXPECT_EQ(test, pos, PM_CAP);
	KUNIT_EXPECT_EQ(test, config_get(spdev, pos, 1), PCI_CAP_ID_PM);
	pos = config_get(spdev, pos + PCI_CAP_LIST_NEXT, 1);
	KUNIT_EXPECT_EQ(test, pos, MSI_CAP);
	KUNIT_EXPECT_EQ(test, config_get(spdev, pos, 1), PCI_CAP_ID_MSI);
	KUNIT_EXPECT_EQ(test, config_get(spdev, pos + PCI_CAP_LIST_NEXT, 1), 0);
}

static void no_messages_no_msi_capability(struct kunit *test)
{
	struct softpci_model model = { .pin = 1 };
	struct softpci_type type = { .model = &model };
	struct softpci_device *spdev;

	spdev = softpci_kunit_device(test, &config_driver, &type);
	KUNIT_EXPECT_EQ(test, config_get(spdev, PCI_CAPABILITY_LIST, 1), PM_CAP);
	KUNIT_EXPECT_EQ(test, config_get(spdev, PM_CAP + PCI_CAP_LIST_NEXT, 1),
			0);
}

static void capabilities_lie_at_multiples_of_four(struct kunit *test)
{
	static const u8 body[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	unsigned int len;

	for (len = 1; len <= sizeof(body); len++) {
		struct softpci_device *spdev = config_device(test);
		u8 *val = spdev->config.val;
		/* The one for MSI takes 24 bytes at 48h. */
		unsigned int pos = 0x60, next = pos + ALIGN(2 + len, 4);

		KUNIT_EXPECT_EQ(test, softpci_add_cap(spdev, 0xab, body, NULL,
						      len), 0);
		KUNIT_EXPECT_EQ(test, softpci_add_cap(spdev, 0xcd, body, body,
						      1), 0);
		KUNIT_EXPECT_EQ(test, val[MSI_CAP + PCI_CAP_LIST_NEXT], pos);
		KUNIT_EXPECT_EQ(test, val[pos], 0xab);
		KUNIT_EXPECT_EQ(test, val[pos + PCI_CAP_LIST_NEXT], next);
		KUNIT_EXPECT_MEMEQ(test, &val[pos + 2], body, len);
		KUNIT_EXPECT_EQ(test, val[pos + 2 + len], len % 4 == 2 ? 0xcd : 0);
		KUNIT_EXPECT_EQ(test, spdev->config.writable[pos + 2], 0);
		KUNIT_EXPECT_EQ(test, val[next], 0xcd);
		KUNIT_EXPECT_EQ(test, val[next + PCI_CAP_LIST_NEXT], 0);
		KUNIT_EXPECT_EQ(test, spdev->config.writable[next + 2], 1);
	}
}

static void capability_fits_to_the_last_byte_and_no_further(struct kunit *test)
{
	struct softpci_device *spdev = config_device(test);
	static const u8 body[SOFTPCI_CONFIG_SIZE];
	struct softpci_config *before;
	size_t room = SOFTPCI_CONFIG_SIZE - 0x60 - PCI_CAP_FLAGS;

	before = kunit_kzalloc(test, sizeof(*before), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, before);
	*before = spdev->config;
	KUNIT_EXPECT_EQ(test, softpci_add_cap(spdev, 0xab, body, body,
					      room + 1), -ENOSPC);
	KUNIT_EXPECT_MEMEQ(test, &spdev->config, before, sizeof(*before));

	KUNIT_EXPECT_EQ(test, softpci_add_cap(spdev, 0xab, body, body, room),
			0);
	KUNIT_EXPECT_EQ(test, softpci_add_cap(spdev, 0xcd, body, NULL, 0),
			-ENOSPC);
	KUNIT_EXPECT_EQ(test, spdev->config.val[0x59], 0);
}

static void msi_capability_says_how_many_messages(struct kunit *test)
{
	unsigned int log, enable;

	for (log = 0; BIT(log) <= SOFTPCI_MAX_MSI; log++) {
		struct softpci_model model = { .nr_msi = BIT(log) };
		struct softpci_type type = { .model = &model };
		struct softpci_device *spdev;

		spdev = softpci_kunit_device(test, &config_driver, &type);
		KUNIT_EXPECT_EQ(test, config_get(spdev, MSI_CAP + 2, 2),
				0x0180 | log << 1);
		for (enable = 0; enable < 8; enable++) {
			config_put(spdev, MSI_CAP + 2, 2, enable << 4 | 1);
			KUNIT_EXPECT_EQ(test, config_get(spdev, MSI_CAP + 2, 2),
					0x0181 | min(enable, log) << 4 | log << 1);
		}
		config_put(spdev, MSI_CAP + 2, 2, 0xffff);
		KUNIT_EXPECT_EQ(test, config_get(spdev, MSI_CAP + 2, 2),
				0x0181 | log << 4 | log << 1);
	}
}

static void power_on_undoes_every_write(struct kunit *test)
{
	struct softpci_device *spdev = config_device(test);
	u8 val[SOFTPCI_CONFIG_SIZE], writable[SOFTPCI_CONFIG_SIZE];
	unsigned int pos;

	config_expected(val, writable);
	for (pos = 0; pos < SOFTPCI_CONFIG_SIZE; pos++)
		config_put(spdev, pos, 1, 0xff);
	KUNIT_EXPECT_MEMNEQ(test, spdev->config.val, val, sizeof(val));
	scoped_guard(softpci, spdev)
		softpci_config_power_on(spdev);
	KUNIT_EXPECT_MEMEQ(test, spdev->config.val, val, sizeof(val));
}

/* Byte by byte: what vfio-pci saves and restores, and nothing besides. */
static void reset_keeps_command_bars_line_and_msi(struct kunit *test)
{
	static const struct {
		u8 pos;
		u8 len;
	} kept[] = {
		{ PCI_COMMAND, 2 },
		{ PCI_BASE_ADDRESS_0, 24 },
		{ PCI_INTERRUPT_LINE, 1 },
		{ MSI_CAP + PCI_MSI_FLAGS, 2 },
		{ MSI_CAP + PCI_MSI_ADDRESS_LO, 8 },
		{ MSI_CAP + PCI_MSI_DATA_64, 2 },
	};
	struct softpci_device *spdev = config_device(test);
	u8 expected[SOFTPCI_CONFIG_SIZE], writable[SOFTPCI_CONFIG_SIZE];
	unsigned int pos, i;

	config_expected(expected, writable);
	for (pos = 0; pos < SOFTPCI_CONFIG_SIZE; pos++)
		config_put(spdev, pos, 1, 0xff);
	for (i = 0; i < ARRAY_SIZE(kept); i++)
		memcpy(expected + kept[i].pos, spdev->config.val + kept[i].pos,
		       kept[i].len);
	scoped_guard(softpci, spdev)
		softpci_config_reset(spdev);
	for (pos = 0; pos < SOFTPCI_CONFIG_SIZE; pos++)
		KUNIT_EXPECT_EQ_MSG(test, config_get(spdev, pos, 1),
				    expected[pos], "byte %02xh", pos);
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
	KUNIT_CASE(chain_ends_after_every_capability_once),
	KUNIT_CASE(no_messages_no_msi_capability),
	KUNIT_CASE(capabilities_lie_at_multiples_of_four),
	KUNIT_CASE(capability_fits_to_the_last_byte_and_no_further),
	KUNIT_CASE(msi_capability_says_how_many_messages),
	KUNIT_CASE(power_on_undoes_every_write),
	KUNIT_CASE(reset_keeps_command_bars_line_and_msi),
	{}
};

static struct kunit_suite config_suite = {
	.name = "softpci-config",
	.test_cases = config_cases,
};

kunit_test_suite(config_suite);
