// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space beyond its bytes: Function Level Reset, what is computed, and the
 * device that is told of changes. Included behind config.c, whose models it uses.
 */
#include "kunit.h"

static void guest_asks_for_flr_by_a_bit_that_reads_0(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &pcie_model)->dev;
	unsigned int pos, width;

	for (width = 1; width <= 8; width *= 2)
		for (pos = DEVCTL - 8; pos <= DEVCTL + 8; pos++) {
			bool hit = pos <= DEVCTL + 1 && pos + width > DEVCTL + 1;
			u64 bit = hit ? 0x80ULL << (DEVCTL + 1 - pos) * 8 : 0;

			/* All bits but the one. */
			kunit_write(dev, SOFTPCI_CONFIG_INDEX, pos, width, ~bit);
			KUNIT_EXPECT_FALSE_MSG(test, softpci_flr_pending(dev),
					       "%u bytes at %02xh", width, pos);
			if (!hit)
				continue;
			kunit_write(dev, SOFTPCI_CONFIG_INDEX, pos, width, bit);
			KUNIT_EXPECT_TRUE_MSG(test, softpci_flr_pending(dev),
					      "%u bytes at %02xh", width, pos);
			KUNIT_EXPECT_EQ(test, 0, PCI_EXP_DEVCTL_BCR_FLR &
					kunit_config_read(dev, DEVCTL, 2));
			scoped_guard(softpci, dev)
				softpci_config_power_on(dev);
			KUNIT_EXPECT_FALSE(test, softpci_flr_pending(dev));
		}
}

static void conventional_device_has_no_flr(struct kunit *test)
{
	struct softpci_device *dev = config_device(test);
	unsigned int pos;

	for (pos = 0; pos < PCI_CFG_SPACE_SIZE; pos += 4)
		kunit_config_write(dev, pos, 4, 0x80008000);
	KUNIT_EXPECT_FALSE(test, softpci_flr_pending(dev));
}

/* Computed when it is read, whatever the access and whether it is delivered. */
static void interrupt_status_is_the_level(struct kunit *test)
{
	struct softpci_device *dev = config_device(test);
	unsigned int pos, len;
	u8 buf[8];

	scoped_guard(softpci, dev)
		softpci_irq_level(dev, 2, true);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, PCI_STATUS, 1), 0x18);
	KUNIT_EXPECT_EQ(test, dev->config.val[PCI_STATUS], 0x10);
	for (pos = 0; pos < 16; pos++)
		for (len = 1; len <= sizeof(buf); len++) {
			u8 expected[8];

			memcpy(expected, dev->config.val + pos, len);
			if (pos <= PCI_STATUS && pos + len > PCI_STATUS)
				expected[PCI_STATUS - pos] |= 8;
			scoped_guard(softpci, dev)
				config_read(dev, NULL, pos, buf, len);
			KUNIT_EXPECT_MEMEQ_MSG(test, buf, expected, len,
					       "%u bytes at %02xh", len, pos);
		}
	kunit_config_write(dev, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, PCI_STATUS, 1), 0x18);
	scoped_guard(softpci, dev)
		softpci_irq_level(dev, 2, false);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, PCI_STATUS, 1), 0x10);
}

static void device_without_a_pin_has_no_interrupt_status(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &pcie_model)->dev;

	scoped_guard(softpci, dev)
		softpci_irq_level(dev, 0, true);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, PCI_STATUS, 2), 0x10);
}

/* Bus Master is off: message 2 cannot go. */
static void pending_bits_of_msi_are_computed_when_read(struct kunit *test)
{
	struct softpci_device *dev = config_device(test);
	unsigned int start = MSI_CAP + PCI_MSI_PENDING_64, pos, len;
	u8 buf[8];

	scoped_guard(softpci, dev) {
		softpci_irq_select(dev, SOFTPCI_IRQ_MSI, 4);
		softpci_irq_level(dev, 2, true);
	}
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, start, 4), 4);
	KUNIT_EXPECT_EQ(test, get32(dev->config.val, start), 0);
	for (pos = start - 8; pos < start + 8; pos++)
		for (len = 1; len <= sizeof(buf); len++) {
			u8 expected[8];

			memcpy(expected, dev->config.val + pos, len);
			if (pos <= start && pos + len > start)
				expected[start - pos] = 4;
			scoped_guard(softpci, dev)
				config_read(dev, NULL, pos, buf, len);
			KUNIT_EXPECT_MEMEQ_MSG(test, buf, expected, len,
					       "%u bytes at %02xh", len, pos);
		}
	scoped_guard(softpci, dev)
		softpci_irq_level(dev, 2, false);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, start, 4), 0);
}

static void bus_master_needs_the_bit_and_d0(struct kunit *test)
{
	struct softpci_device *dev = config_device(test);

	KUNIT_EXPECT_FALSE(test, softpci_bus_master(dev));
	kunit_config_write(dev, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	KUNIT_EXPECT_TRUE(test, softpci_bus_master(dev));
	kunit_config_write(dev, PMCSR, 2, 3);
	KUNIT_EXPECT_FALSE(test, softpci_bus_master(dev));
	kunit_config_write(dev, PMCSR, 2, 0);
	KUNIT_EXPECT_TRUE(test, softpci_bus_master(dev));
	kunit_config_write(dev, PCI_COMMAND, 2, ~PCI_COMMAND_MASTER & 0xffff);
	KUNIT_EXPECT_FALSE(test, softpci_bus_master(dev));
}

/**
 * struct hooked - a device that is told of changes of config space
 * @dev: must be first
 * @calls: how often
 * @what: of the last call
 * @absent: BARs that were absent at the last call
 */
struct hooked {
	struct softpci_device dev;
	unsigned int calls;
	unsigned int what;
	u8 absent;
};

static void hooked_config(struct softpci_device *dev, unsigned int what)
{
	struct hooked *hooked = container_of(dev, struct hooked, dev);

	lockdep_assert_held(&dev->lock);
	hooked->calls++;
	hooked->what = what;
	hooked->absent = dev->config.absent;
}

static const struct softpci_ops hooked_ops = { .config = hooked_config };

static void device_is_told_of_changes_of_command_and_power(struct kunit *test)
{
	static const struct softpci_model model = {
		.device_size = sizeof(struct hooked),
		.ops = &hooked_ops,
		.regions = config_regions + 1,
		.nr_regions = 1,
	};
	static const struct {
		u8 pos;
		u16 val;
		u8 what;
		u8 absent;
	} rows[] = {
		/* As it is. */
		{ PCI_COMMAND, PCI_COMMAND_IO, 0 },
		{ PMCSR, 0, 0 },
		{ PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MASTER,
		  SOFTPCI_CONFIG_COMMAND },
		{ PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MASTER, 0 },
		{ PMCSR, 3, SOFTPCI_CONFIG_POWER, BIT(2) },
		/* D2 is not taken; there is no SERR# to be enabled. */
		{ PMCSR, 2, 0 },
		{ PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MASTER |
			       PCI_COMMAND_SERR, 0 },
		{ PMCSR, 0, SOFTPCI_CONFIG_POWER },
		{ PCI_COMMAND, 0, SOFTPCI_CONFIG_COMMAND, BIT(2) },
		{ PCI_COMMAND, PCI_COMMAND_INTX_DISABLE,
		  SOFTPCI_CONFIG_COMMAND, BIT(2) },
		{ PCI_BASE_ADDRESS_2, 0xffff, 0 },
		{ PCI_STATUS, 0xffff, 0 },
	};
	struct softpci_device *dev = kunit_device(test, &model)->dev;
	struct hooked *hooked = container_of(dev, struct hooked, dev);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		hooked->calls = 0;
		kunit_config_write(dev, rows[i].pos, 2, rows[i].val);
		KUNIT_EXPECT_EQ_MSG(test, hooked->calls, !!rows[i].what,
				    "row %u", i);
		if (!rows[i].what)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, hooked->what, rows[i].what, "row %u",
				    i);
		KUNIT_EXPECT_EQ_MSG(test, hooked->absent, rows[i].absent,
				    "row %u", i);
	}
}

/* Each bit by itself: those that a write or the device can change. */
static void config_space_is_valid_if_writes_can_make_it(struct kunit *test)
{
	static const struct softpci_model *models[] = {
		&config_model, &pcie_model,
	};
	unsigned int m, bit;

	for (m = 0; m < ARRAY_SIZE(models); m++) {
		struct softpci_device *dev = kunit_device(test, models[m])->dev;
		const struct softpci_layout *layout = dev->layout;
		u8 *val = kunit_kzalloc(test, layout->config_size, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, val);
		memcpy(val, layout->power_on, layout->config_size);
		KUNIT_EXPECT_TRUE(test, softpci_config_is_valid(layout, val));
		for (bit = 0; bit < layout->config_size * 8; bit++) {
			unsigned int pos = bit / 8;
			bool valid = (layout->writable[pos] | layout->w1c[pos]) &
				     BIT(bit % 8);

			/* D1 and D2; more messages than there are. */
			if (bit / 2 == PMCSR * 4 ||
			    (layout->msi && bit == (MSI_CAP + 2) * 8 + 6))
				valid = false;
			val[pos] ^= BIT(bit % 8);
			KUNIT_EXPECT_EQ_MSG(test, valid,
					    softpci_config_is_valid(layout, val),
					    "model %u, bit %u of byte %03xh", m,
					    bit % 8, pos);
			val[pos] ^= BIT(bit % 8);
		}
		val[PMCSR] |= 3;
		KUNIT_EXPECT_TRUE(test, softpci_config_is_valid(layout, val));
	}
}

static struct kunit_case config_effects_cases[] = {
	KUNIT_CASE(guest_asks_for_flr_by_a_bit_that_reads_0),
	KUNIT_CASE(conventional_device_has_no_flr),
	KUNIT_CASE(interrupt_status_is_the_level),
	KUNIT_CASE(device_without_a_pin_has_no_interrupt_status),
	KUNIT_CASE(pending_bits_of_msi_are_computed_when_read),
	KUNIT_CASE(bus_master_needs_the_bit_and_d0),
	KUNIT_CASE(device_is_told_of_changes_of_command_and_power),
	KUNIT_CASE(config_space_is_valid_if_writes_can_make_it),
	{}
};

static struct kunit_suite config_effects_suite = {
	.name = "softpci-config-effects",
	.test_cases = config_effects_cases,
};

kunit_test_suite(config_effects_suite);
