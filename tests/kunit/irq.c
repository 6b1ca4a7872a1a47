// SPDX-License-Identifier: GPL-2.0-only
/*
 * Levels and pulses, and when the front end is told of INTx and of messages.
 */
#include "kunit.h"

#define SOURCES	4

static const struct softpci_ops irqs_ops;

static const struct softpci_model irqs_model = {
	.device_size = sizeof(struct softpci_device),
	.ops = &irqs_ops,
	.pin = 1,
	.nr_msi = SOURCES,
};

/* Everything that can hold a message back, and as many vectors as there can be. */
static const struct softpci_region msix_regions[] = {
	{
		.index = 0,
		.bar = PCI_BASE_ADDRESS_SPACE_MEMORY,
		.size = SZ_64K,
	},
};

static const struct softpci_model msix_model = {
	.device_size = sizeof(struct softpci_device),
	.ops = &irqs_ops,
	.pin = 1,
	.nr_msi = 32,
	.msix = {
		.nr = SOFTPCI_MAX_MSIX,
		.table = 0,
		.pba = SOFTPCI_MAX_MSIX * PCI_MSIX_ENTRY_SIZE,
	},
	.pcie = true,
	.regions = msix_regions,
	.nr_regions = ARRAY_SIZE(msix_regions),
};

static void set_level(struct kunit_host *host, unsigned int source, bool level)
{
	guard(softpci)(host->dev);
	softpci_irq_level(host->dev, source, level);
}

static void pulse(struct kunit_host *host, unsigned int vector)
{
	guard(softpci)(host->dev);
	softpci_irq_pulse(host->dev, vector);
}

static void select_mode(struct kunit_host *host, enum softpci_irq_mode mode,
			unsigned int nr)
{
	guard(softpci)(host->dev);
	softpci_irq_select(host->dev, mode, nr);
}

static void unmask_vector(struct kunit_host *host, unsigned int vector)
{
	guard(softpci)(host->dev);
	softpci_irq_mask_vector(host->dev, vector, false);
	softpci_irq_update(host->dev);
}

static struct kunit_host *irqs_host(struct kunit *test,
				    const struct softpci_model *model,
				    enum softpci_irq_mode mode, unsigned int nr)
{
	struct kunit_host *host = kunit_device(test, model);

	kunit_command(host->dev, PCI_COMMAND_MASTER, 0);
	select_mode(host, mode, nr);
	return host;
}

static bool interrupt_status(struct kunit_host *host)
{
	return kunit_config_read(host->dev, PCI_STATUS, 2) &
	       PCI_STATUS_INTERRUPT;
}

static void mask_messages(struct kunit_host *host, u32 bits)
{
	kunit_config_write(host->dev, host->layout->msi + PCI_MSI_MASK_64, 4,
			   bits);
}

static u32 msi_pending(struct kunit_host *host)
{
	return kunit_config_read(host->dev,
				 host->layout->msi + PCI_MSI_PENDING_64, 4);
}

static void intx_is_the_or_of_all_sources(struct kunit *test)
{
	struct kunit_host *host = irqs_host(test, &irqs_model,
					    SOFTPCI_IRQ_INTX, 1);
	unsigned int i;

	for (i = 0; i < SOFTPCI_MAX_SOURCES; i++)
		set_level(host, i, true);
	KUNIT_EXPECT_EQ(test, host->nr_intx, 1);
	for (i = 0; i < SOFTPCI_MAX_SOURCES - 1; i++) {
		set_level(host, i, false);
		KUNIT_EXPECT_TRUE_MSG(test, interrupt_status(host), "%u", i);
		KUNIT_EXPECT_TRUE_MSG(test, host->intx, "%u", i);
	}
	set_level(host, SOFTPCI_MAX_SOURCES - 1, false);
	KUNIT_EXPECT_FALSE(test, interrupt_status(host));
	KUNIT_EXPECT_FALSE(test, host->intx);
	KUNIT_EXPECT_EQ(test, host->nr_intx, 1);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 0);
}

static void intx_is_asserted_when_selected_and_not_after(struct kunit *test)
{
	struct kunit_host *host = irqs_host(test, &msix_model,
					    SOFTPCI_IRQ_NONE, 0);
	static const enum softpci_irq_mode others[] = {
		SOFTPCI_IRQ_NONE, SOFTPCI_IRQ_MSI, SOFTPCI_IRQ_MSIX,
	};
	unsigned int i;

	set_level(host, 0, true);
	KUNIT_EXPECT_EQ(test, host->nr_intx, 0);
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		select_mode(host, SOFTPCI_IRQ_INTX, 1);
		KUNIT_EXPECT_TRUE(test, host->intx);
		select_mode(host, others[i], 1);
		KUNIT_EXPECT_FALSE(test, host->intx);
		KUNIT_EXPECT_TRUE(test, interrupt_status(host));
	}
	KUNIT_EXPECT_EQ(test, host->nr_intx, ARRAY_SIZE(others));
}

static void interrupt_status_follows_the_level(struct kunit *test)
{
	struct kunit_host *host = irqs_host(test, &irqs_model,
					    SOFTPCI_IRQ_NONE, 0);

	KUNIT_EXPECT_FALSE(test, interrupt_status(host));
	set_level(host, 2, true);
	KUNIT_EXPECT_TRUE(test, interrupt_status(host));
	/* A guest cannot clear it. */
	kunit_config_write(host->dev, PCI_STATUS, 2, 0xffff);
	KUNIT_EXPECT_TRUE(test, interrupt_status(host));
	set_level(host, 2, false);
	KUNIT_EXPECT_FALSE(test, interrupt_status(host));
}

static void device_without_a_pin_shows_no_interrupt_status(struct kunit *test)
{
	static const struct softpci_model model = {
		.device_size = sizeof(struct softpci_device),
		.ops = &irqs_ops,
		.nr_msi = 1,
	};
	struct kunit_host *host = kunit_device(test, &model);

	set_level(host, 0, true);
	KUNIT_EXPECT_EQ(test, kunit_config_read(host->dev, PCI_STATUS, 2),
			PCI_STATUS_CAP_LIST);
}

/* A front end sees by it that a device is served. */
static void changes_of_the_level_are_counted(struct kunit *test)
{
	struct kunit_host *host = kunit_device(test, &irqs_model);
	unsigned int before = host->dev->irqs.changes;

	set_level(host, 0, false);
	KUNIT_EXPECT_EQ(test, host->dev->irqs.changes, before);
	set_level(host, 0, true);
	set_level(host, 1, true);
	set_level(host, 0, true);
	KUNIT_EXPECT_EQ(test, host->dev->irqs.changes, before + 2);
	set_level(host, 0, false);
	KUNIT_EXPECT_EQ(test, host->dev->irqs.changes, before + 3);
}

/* With @nr messages enabled, source and pulse @i send message min(i, nr - 1). */
static void each_source_sends_its_message_when_it_rises(struct kunit *test)
{
	unsigned int nr, source, i;

	for (nr = 1; nr <= SOURCES; nr++) {
		struct kunit_host *host = irqs_host(test, &irqs_model,
						    SOFTPCI_IRQ_MSI, nr);

		for (source = 0; source < SOURCES; source++) {
			unsigned int message = min(source, nr - 1);

			memset(host->messages, 0, sizeof(host->messages));
			set_level(host, source, true);
			for (i = 0; i < SOURCES; i++)
				KUNIT_EXPECT_EQ_MSG(test, host->messages[i],
						    i == message,
						    "message %u of %u, source %u",
						    i, nr, source);
			/* No edge, no message. */
			set_level(host, source, true);
			set_level(host, source, false);
			KUNIT_EXPECT_EQ(test, host->messages[message], 1);
			set_level(host, source, true);
			KUNIT_EXPECT_EQ(test, host->messages[message], 2);
			pulse(host, source);
			KUNIT_EXPECT_EQ(test, host->messages[message], 3);
		}
		KUNIT_EXPECT_EQ(test, host->nr_intx, 0);
	}
}

static void each_source_of_msix_has_its_own_vector(struct kunit *test)
{
	struct kunit_host *host = irqs_host(test, &msix_model,
					    SOFTPCI_IRQ_MSIX, 1);
	unsigned int i;

	for (i = 0; i < SOFTPCI_MAX_SOURCES; i++) {
		unmask_vector(host, i);
		set_level(host, i, true);
		KUNIT_EXPECT_EQ_MSG(test, host->messages[i], 1, "%u", i);
	}
	KUNIT_EXPECT_EQ(test, host->nr_messages, SOFTPCI_MAX_SOURCES);
}

static void all_2048_vectors_can_be_pulsed(struct kunit *test)
{
	struct kunit_host *host = irqs_host(test, &msix_model,
					    SOFTPCI_IRQ_MSIX, 1);
	unsigned int i;

	for (i = 0; i < SOFTPCI_MAX_MSIX; i++)
		pulse(host, i);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 0);
	KUNIT_EXPECT_EQ(test, host->dev->irqs.nr_pulsed, SOFTPCI_MAX_MSIX);
	for (i = 0; i < SOFTPCI_MAX_MSIX; i++) {
		unmask_vector(host, i);
		KUNIT_EXPECT_EQ_MSG(test, host->messages[i], 1, "%u", i);
		KUNIT_EXPECT_EQ(test, host->nr_messages, i + 1);
	}
	KUNIT_EXPECT_EQ(test, host->dev->irqs.nr_pulsed, 0);
	pulse(host, SOFTPCI_MAX_MSIX - 1);
	KUNIT_EXPECT_EQ(test, host->messages[SOFTPCI_MAX_MSIX - 1], 2);
}

static void pulse_of_a_vector_that_is_not_there_is_ignored(struct kunit *test)
{
	static const struct softpci_model no_messages = {
		.device_size = sizeof(struct softpci_device),
		.ops = &irqs_ops,
		.pin = 1,
	};
	struct kunit_host *host = irqs_host(test, &no_messages,
					    SOFTPCI_IRQ_INTX, 1);

	pulse(host, 0);
	KUNIT_EXPECT_EQ(test, host->nr_intx, 0);

	host = irqs_host(test, &msix_model, SOFTPCI_IRQ_MSIX, 1);
	pulse(host, SOFTPCI_MAX_MSIX);
	pulse(host, UINT_MAX);
	KUNIT_EXPECT_EQ(test, host->dev->irqs.nr_pulsed, 0);
}

static void intx_disable_does_not_stop_messages(struct kunit *test)
{
	struct kunit_host *host = irqs_host(test, &irqs_model,
					    SOFTPCI_IRQ_MSI, 2);

	kunit_config_write(host->dev, PCI_COMMAND, 2,
			   PCI_COMMAND_INTX_DISABLE | PCI_COMMAND_MASTER);
	set_level(host, 1, true);
	KUNIT_EXPECT_EQ(test, host->messages[1], 1);
	KUNIT_EXPECT_TRUE(test, interrupt_status(host));
}

static void nothing_is_delivered_when_nothing_is_selected(struct kunit *test)
{
	struct kunit_host *host = irqs_host(test, &irqs_model,
					    SOFTPCI_IRQ_NONE, 0);
	unsigned int i;

	for (i = 0; i < SOURCES; i++) {
		set_level(host, i, true);
		pulse(host, i);
	}
	KUNIT_EXPECT_EQ(test, host->nr_messages, 0);
	KUNIT_EXPECT_EQ(test, host->nr_intx, 0);
}

static void masked_message_is_sent_once_when_unmasked(struct kunit *test)
{
	struct kunit_host *host = irqs_host(test, &irqs_model,
					    SOFTPCI_IRQ_MSI, SOURCES);

	mask_messages(host, BIT(1) | BIT(2));
	set_level(host, 0, true);
	set_level(host, 1, true);
	KUNIT_EXPECT_EQ(test, host->messages[0], 1);
	KUNIT_EXPECT_EQ(test, host->messages[1], 0);
	KUNIT_EXPECT_EQ(test, msi_pending(host), BIT(1));
	/* Falling and rising again, or a pulse, is no second one. */
	set_level(host, 1, false);
	set_level(host, 1, true);
	pulse(host, 1);
	mask_messages(host, BIT(1));
	KUNIT_EXPECT_EQ(test, host->messages[1], 0);
	mask_messages(host, BIT(0));
	KUNIT_EXPECT_EQ(test, host->messages[1], 1);
	KUNIT_EXPECT_EQ(test, msi_pending(host), 0);
	mask_messages(host, 0);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 2);
}

static void message_that_was_served_is_not_sent(struct kunit *test)
{
	/* Sources 1, 2 and 3 share the second message. */
	struct kunit_host *host = irqs_host(test, &irqs_model,
					    SOFTPCI_IRQ_MSI, 2);

	mask_messages(host, BIT(1));
	set_level(host, 1, true);
	set_level(host, 2, true);
	set_level(host, 1, false);
	KUNIT_EXPECT_EQ(test, msi_pending(host), BIT(1));
	set_level(host, 2, false);
	KUNIT_EXPECT_EQ(test, msi_pending(host), 0);
	mask_messages(host, 0);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 0);
}

/* Unlike a level, whose register says more than the message did. */
static void pulse_is_not_forgotten_when_a_level_falls(struct kunit *test)
{
	struct kunit_host *host = irqs_host(test, &irqs_model,
					    SOFTPCI_IRQ_MSI, 2);

	mask_messages(host, BIT(0) | BIT(1));
	pulse(host, 3);
	set_level(host, 2, true);
	set_level(host, 0, true);
	set_level(host, 2, false);
	set_level(host, 0, false);
	KUNIT_EXPECT_EQ(test, msi_pending(host), BIT(1));
	mask_messages(host, 0);
	KUNIT_EXPECT_EQ(test, host->messages[1], 1);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 1);
}

static void pulses_from_before_are_sent_when_messages_are_selected(struct kunit *test)
{
	struct kunit_host *host = irqs_host(test, &msix_model,
					    SOFTPCI_IRQ_NONE, 0);

	pulse(host, 0);
	pulse(host, 3);
	pulse(host, 5);
	pulse(host, SOFTPCI_MAX_MSIX - 1);
	select_mode(host, SOFTPCI_IRQ_INTX, 1);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 0);
	/* All but the first share the last one. */
	select_mode(host, SOFTPCI_IRQ_MSI, 4);
	KUNIT_EXPECT_EQ(test, host->messages[0], 1);
	KUNIT_EXPECT_EQ(test, host->messages[3], 1);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 2);
	KUNIT_EXPECT_EQ(test, host->dev->irqs.nr_pulsed, 0);

	/* A message mode that ends takes along what it has not sent. */
	mask_messages(host, BIT(0));
	pulse(host, 0);
	select_mode(host, SOFTPCI_IRQ_NONE, 0);
	KUNIT_EXPECT_EQ(test, host->dev->irqs.nr_pulsed, 0);
	select_mode(host, SOFTPCI_IRQ_MSIX, 1);
	unmask_vector(host, 0);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 2);
}

static void levels_from_before_are_sent_when_messages_are_selected(struct kunit *test)
{
	struct kunit_host *host = irqs_host(test, &irqs_model,
					    SOFTPCI_IRQ_NONE, 0);

	set_level(host, 1, true);
	set_level(host, 3, true);
	select_mode(host, SOFTPCI_IRQ_MSI, 3);
	KUNIT_EXPECT_EQ(test, host->messages[1], 1);
	KUNIT_EXPECT_EQ(test, host->messages[2], 1);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 2);
}

static struct kunit_case irq_cases[] = {
	KUNIT_CASE(intx_is_the_or_of_all_sources),
	KUNIT_CASE(intx_is_asserted_when_selected_and_not_after),
	KUNIT_CASE(interrupt_status_follows_the_level),
	KUNIT_CASE(device_without_a_pin_shows_no_interrupt_status),
	KUNIT_CASE(changes_of_the_level_are_counted),
	KUNIT_CASE(each_source_sends_its_message_when_it_rises),
	KUNIT_CASE(each_source_of_msix_has_its_own_vector),
	KUNIT_CASE(all_2048_vectors_can_be_pulsed),
	KUNIT_CASE(pulse_of_a_vector_that_is_not_there_is_ignored),
	KUNIT_CASE(intx_disable_does_not_stop_messages),
	KUNIT_CASE(nothing_is_delivered_when_nothing_is_selected),
	KUNIT_CASE(masked_message_is_sent_once_when_unmasked),
	KUNIT_CASE(message_that_was_served_is_not_sent),
	KUNIT_CASE(pulse_is_not_forgotten_when_a_level_falls),
	KUNIT_CASE(pulses_from_before_are_sent_when_messages_are_selected),
	KUNIT_CASE(levels_from_before_are_sent_when_messages_are_selected),
	{}
};

static struct kunit_suite irq_suite = {
	.name = "softpci-irq",
	.test_cases = irq_cases,
};

kunit_test_suite(irq_suite);
