// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table and the pending bits of MSI-X, by accesses to the BAR.
 */
#include "kunit.h"

#define MSIX_TABLE	0x1000
#define MSIX_PBA	0x3000
/* Not a multiple of 32 or 64: the last pending bits are of no vector. */
#define MSIX_NR		70

static const struct softpci_ops msix_ops;

static const struct softpci_region msix_regions[] = {
	{
		.index = 2,
		.bar = PCI_BASE_ADDRESS_SPACE_MEMORY,
		.size = SZ_16K,
	},
};

static const struct softpci_model msix_model = {
	.device_size = sizeof(struct softpci_device),
	.ops = &msix_ops,
	.msix = {
		.nr = MSIX_NR,
		.bar = 2,
		.table = MSIX_TABLE,
		.pba = MSIX_PBA,
	},
	.pcie = true,
	.regions = msix_regions,
	.nr_regions = ARRAY_SIZE(msix_regions),
};

static void select_msix(struct kunit_host *host)
{
	kunit_command(host->dev, PCI_COMMAND_MASTER, 0);
	guard(softpci)(host->dev);
	softpci_irq_select(host->dev, SOFTPCI_IRQ_MSIX, 1);
}

static u64 table_get(struct kunit_host *host, unsigned int pos,
		     unsigned int width)
{
	return kunit_read(host->dev, 2, MSIX_TABLE + pos, width);
}

static void table_put(struct kunit_host *host, unsigned int pos,
		      unsigned int width, u64 val)
{
	KUNIT_EXPECT_EQ(kunit_get_current_test(),
			kunit_write(host->dev, 2, MSIX_TABLE + pos, width, val),
			0);
}

static void msix_pulse(struct kunit_host *host, unsigned int vector)
{
	guard(softpci)(host->dev);
	softpci_irq_pulse(host->dev, vector);
}

static void put_control(struct kunit_host *host, unsigned int vector, u32 val)
{
	table_put(host, vector * PCI_MSIX_ENTRY_SIZE +
		  PCI_MSIX_ENTRY_VECTOR_CTRL, 4, val);
}

static u32 get_control(struct kunit_host *host, unsigned int vector)
{
	return table_get(host, vector * PCI_MSIX_ENTRY_SIZE +
			 PCI_MSIX_ENTRY_VECTOR_CTRL, 4);
}

static void entries_are_masked_after_each_reset(struct kunit *test)
{
	struct kunit_host *host = kunit_device(test, &msix_model);
	static const enum softpci_reset kinds[] = {
		SOFTPCI_RESET_BUS, SOFTPCI_RESET_FLR,
	};
	unsigned int i, kind;

	for (kind = 0; kind <= ARRAY_SIZE(kinds); kind++) {
		for (i = 0; i < MSIX_NR; i++) {
			unsigned int pos = i * PCI_MSIX_ENTRY_SIZE;

			KUNIT_EXPECT_EQ(test, table_get(host, pos, 8), 0);
			KUNIT_EXPECT_EQ(test, table_get(host, pos + 8, 4), 0);
			KUNIT_EXPECT_EQ(test, get_control(host, i), 1);
			table_put(host, pos, 8, ~0ull);
			table_put(host, pos + 8, 8, 0xffffffff);
			KUNIT_EXPECT_EQ(test, get_control(host, i), 0);
		}
		if (kind < ARRAY_SIZE(kinds))
			KUNIT_EXPECT_EQ(test, softpci_reset(host->dev,
							    kinds[kind]), 0);
	}
}

static void reserved_bits_of_an_entry_read_0(struct kunit *test)
{
	struct kunit_host *host = kunit_device(test, &msix_model);

	table_put(host, 16, 8, ~0ull);
	table_put(host, 24, 8, ~0ull);
	KUNIT_EXPECT_EQ(test, table_get(host, 16, 8), 0xfffffffffffffffcull);
	KUNIT_EXPECT_EQ(test, table_get(host, 24, 8), 0x00000001ffffffffull);
}

/* Two entries, against bytes that are written in the same way. */
static void table_takes_each_width_at_each_alignment(struct kunit *test)
{
	struct kunit_host *host = kunit_device(test, &msix_model);
	const unsigned int first = (MSIX_NR - 2) * PCI_MSIX_ENTRY_SIZE;
	u8 expected[2 * PCI_MSIX_ENTRY_SIZE], seed = 0;
	unsigned int width, pos, i;

	for (i = 0; i < 2; i++) {
		table_put(host, first + i * PCI_MSIX_ENTRY_SIZE, 8, 0);
		table_put(host, first + i * PCI_MSIX_ENTRY_SIZE + 8, 8, 0);
	}
	memset(expected, 0, sizeof(expected));

	for (width = 1; width <= 8; width *= 2)
		for (pos = 0; pos + width <= sizeof(expected); pos++) {
			u64 val = 0;

			for (i = 0; i < width; i++) {
				unsigned int in = (pos + i) % PCI_MSIX_ENTRY_SIZE;
				u8 byte = ++seed, mask = 0xff;

				if (!in)
					mask = 0xfc;
				else if (in == PCI_MSIX_ENTRY_VECTOR_CTRL)
					mask = 0x01;
				else if (in > PCI_MSIX_ENTRY_VECTOR_CTRL)
					mask = 0;
				val |= (u64)byte << i * 8;
				expected[pos + i] = byte & mask;
			}
			table_put(host, first + pos, width, val);
			for (i = 0; i < sizeof(expected); i++)
				KUNIT_EXPECT_EQ_MSG(test,
						    table_get(host, first + i, 1),
						    expected[i],
						    "byte %u after %u bytes at %u",
						    i, width, pos);
			val = 0;
			for (i = 0; i < width; i++)
				val |= (u64)expected[pos + i] << i * 8;
			KUNIT_EXPECT_EQ(test, table_get(host, first + pos,
							width), val);
		}
	/* Nothing else has changed. */
	KUNIT_EXPECT_EQ(test, get_control(host, MSIX_NR - 3), 1);
}

static void entry_that_is_unmasked_by_a_write_sends(struct kunit *test)
{
	struct kunit_host *host = kunit_device(test, &msix_model);

	select_msix(host);
	msix_pulse(host, 5);
	msix_pulse(host, 69);
	put_control(host, 6, 0);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 0);
	put_control(host, 5, 0);
	KUNIT_EXPECT_EQ(test, host->messages[5], 1);
	/* As a byte. */
	table_put(host, 69 * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL,
		  1, 0);
	KUNIT_EXPECT_EQ(test, host->messages[69], 1);
	put_control(host, 5, 1);
	msix_pulse(host, 5);
	msix_pulse(host, 69);
	KUNIT_EXPECT_EQ(test, host->messages[5], 1);
	KUNIT_EXPECT_EQ(test, host->messages[69], 2);
}

/* Of a level that falls meanwhile nothing is left; a pulse stays. */
static void masked_entry_remembers_pulses_and_not_levels(struct kunit *test)
{
	struct kunit_host *host = kunit_device(test, &msix_model);

	select_msix(host);
	scoped_guard(softpci, host->dev) {
		softpci_irq_level(host->dev, 1, true);
		softpci_irq_pulse(host->dev, 2);
		softpci_irq_level(host->dev, 3, true);
	}
	KUNIT_EXPECT_EQ(test, kunit_read(host->dev, 2, MSIX_PBA, 8),
			BIT(1) | BIT(2) | BIT(3));
	scoped_guard(softpci, host->dev)
		softpci_irq_level(host->dev, 1, false);
	KUNIT_EXPECT_EQ(test, kunit_read(host->dev, 2, MSIX_PBA, 8),
			BIT(2) | BIT(3));
	put_control(host, 1, 0);
	put_control(host, 2, 0);
	put_control(host, 3, 0);
	KUNIT_EXPECT_EQ(test, host->messages[1], 0);
	KUNIT_EXPECT_EQ(test, host->messages[2], 1);
	KUNIT_EXPECT_EQ(test, host->messages[3], 1);
	KUNIT_EXPECT_EQ(test, kunit_read(host->dev, 2, MSIX_PBA, 8), 0);
}

static void pending_bits_are_read_in_each_width(struct kunit *test)
{
	struct kunit_host *host = kunit_device(test, &msix_model);
	/* Two quadwords for 70 vectors. */
	static const unsigned int vectors[] = { 0, 7, 8, 31, 32, 63, 64, 69 };
	unsigned int width, pos, i;
	u8 expected[16] = {};

	select_msix(host);
	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		msix_pulse(host, vectors[i]);
		expected[vectors[i] / 8] |= BIT(vectors[i] % 8);
	}
	/* Levels show as well. */
	scoped_guard(softpci, host->dev)
		softpci_irq_level(host->dev, 17, true);
	expected[2] |= BIT(1);

	for (width = 1; width <= 8; width *= 2)
		for (pos = 0; pos + width <= sizeof(expected); pos++) {
			u64 val = 0;

			for (i = 0; i < width; i++)
				val |= (u64)expected[pos + i] << i * 8;
			KUNIT_EXPECT_EQ_MSG(test, kunit_read(host->dev, 2,
							     MSIX_PBA + pos,
							     width), val,
					    "%u bytes at %u", width, pos);
		}

	/* It cannot be written, and belongs to MSI-X alone. */
	KUNIT_EXPECT_EQ(test, kunit_write(host->dev, 2, MSIX_PBA, 8, 0), 0);
	KUNIT_EXPECT_EQ(test, kunit_write(host->dev, 2, MSIX_PBA + 8, 4, ~0u),
			0);
	KUNIT_EXPECT_EQ(test, kunit_read(host->dev, 2, MSIX_PBA, 1),
			expected[0]);
	KUNIT_EXPECT_EQ(test, kunit_read(host->dev, 2, MSIX_PBA + 8, 8),
			BIT(0) | BIT(5));
	scoped_guard(softpci, host->dev)
		softpci_irq_select(host->dev, SOFTPCI_IRQ_NONE, 0);
	KUNIT_EXPECT_EQ(test, kunit_read(host->dev, 2, MSIX_PBA, 8), 0);
	KUNIT_EXPECT_EQ(test, kunit_read(host->dev, 2, MSIX_PBA + 8, 8), 0);
}

static void function_mask_holds_back_what_entries_let_through(struct kunit *test)
{
	struct kunit_host *host = kunit_device(test, &msix_model);
	unsigned int flags = host->layout->msix + PCI_MSIX_FLAGS;

	select_msix(host);
	kunit_config_write(host->dev, flags, 2, PCI_MSIX_FLAGS_ENABLE |
			   PCI_MSIX_FLAGS_MASKALL);
	put_control(host, 5, 0);
	msix_pulse(host, 4);
	msix_pulse(host, 5);
	msix_pulse(host, 5);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 0);
	KUNIT_EXPECT_EQ(test, kunit_read(host->dev, 2, MSIX_PBA, 1),
			BIT(4) | BIT(5));
	kunit_config_write(host->dev, flags, 2, PCI_MSIX_FLAGS_ENABLE);
	KUNIT_EXPECT_EQ(test, host->messages[5], 1);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 1);
	KUNIT_EXPECT_EQ(test, kunit_read(host->dev, 2, MSIX_PBA, 1), BIT(4));
}

static struct kunit_case msix_cases[] = {
	KUNIT_CASE(entries_are_masked_after_each_reset),
	KUNIT_CASE(reserved_bits_of_an_entry_read_0),
	KUNIT_CASE(table_takes_each_width_at_each_alignment),
	KUNIT_CASE(entry_that_is_unmasked_by_a_write_sends),
	KUNIT_CASE(masked_entry_remembers_pulses_and_not_levels),
	KUNIT_CASE(pending_bits_are_read_in_each_width),
	KUNIT_CASE(function_mask_holds_back_what_entries_let_through),
	{}
};

static struct kunit_suite msix_suite = {
	.name = "softpci-msix",
	.test_cases = msix_cases,
};

kunit_test_suite(msix_suite);
