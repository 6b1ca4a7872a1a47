// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts that config space holds back, and those that a reset drops, on the
 * device of irq.c.
 */
static u16 msi_enable(struct kunit_host *host)
{
	return kunit_config_read(host->dev, host->layout->msi + PCI_MSI_FLAGS,
				 2) & PCI_MSI_FLAGS_ENABLE;
}

static u16 msix_enable(struct kunit_host *host)
{
	return kunit_config_read(host->dev, host->layout->msix + PCI_MSIX_FLAGS,
				 2) & PCI_MSIX_FLAGS_ENABLE;
}

static void enable_bits_follow_the_mode(struct kunit *test)
{
	struct kunit_host *host = irqs_host(test, &msix_model,
					    SOFTPCI_IRQ_NONE, 0);
	enum softpci_irq_mode from, to;

	for (from = SOFTPCI_IRQ_NONE; from <= SOFTPCI_IRQ_MSIX; from++)
		for (to = SOFTPCI_IRQ_NONE; to <= SOFTPCI_IRQ_MSIX; to++) {
			select_mode(host, from, 1);
			select_mode(host, to, 1);
			KUNIT_EXPECT_EQ_MSG(test, !!msi_enable(host),
					    to == SOFTPCI_IRQ_MSI, "%u to %u",
					    from, to);
			KUNIT_EXPECT_EQ_MSG(test, !!msix_enable(host),
					    to == SOFTPCI_IRQ_MSIX, "%u to %u",
					    from, to);
		}
}

/* By a reset as VFIO_DEVICE_RESET, the PCI core restores them; not by FLR. */
static void bus_reset_keeps_enable_bits_and_flr_clears_them(struct kunit *test)
{
	struct kunit_host *host = irqs_host(test, &msix_model,
					    SOFTPCI_IRQ_MSI, 4);

	KUNIT_EXPECT_EQ(test, softpci_reset(host->dev, SOFTPCI_RESET_BUS), 0);
	KUNIT_EXPECT_TRUE(test, msi_enable(host));
	KUNIT_EXPECT_EQ(test, softpci_reset(host->dev, SOFTPCI_RESET_FLR), 0);
	KUNIT_EXPECT_FALSE(test, msi_enable(host));

	select_mode(host, SOFTPCI_IRQ_MSIX, 1);
	KUNIT_EXPECT_EQ(test, softpci_reset(host->dev, SOFTPCI_RESET_BUS), 0);
	KUNIT_EXPECT_TRUE(test, msix_enable(host));
	KUNIT_EXPECT_EQ(test, softpci_reset(host->dev, SOFTPCI_RESET_FLR), 0);
	KUNIT_EXPECT_FALSE(test, msix_enable(host));
	/* The front end's choice stays: a guest that sets the bit gets messages. */
	KUNIT_EXPECT_EQ(test, host->dev->irqs.mode, SOFTPCI_IRQ_MSIX);
}

static void reset_forgets_levels_and_pulses(struct kunit *test)
{
	static const enum softpci_reset kinds[] = {
		SOFTPCI_RESET_BUS, SOFTPCI_RESET_FLR,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct kunit_host *host = irqs_host(test, &irqs_model,
						    SOFTPCI_IRQ_MSI, SOURCES);

		mask_messages(host, GENMASK(SOURCES - 1, 0));
		set_level(host, 3, true);
		pulse(host, 2);
		KUNIT_EXPECT_EQ(test, msi_pending(host), BIT(2) | BIT(3));
		KUNIT_EXPECT_EQ(test, softpci_reset(host->dev, kinds[i]), 0);
		KUNIT_EXPECT_EQ(test, msi_pending(host), 0);
		KUNIT_EXPECT_FALSE(test, interrupt_status(host));
		kunit_command(host->dev, PCI_COMMAND_MASTER, 0);
		mask_messages(host, 0);
		select_mode(host, SOFTPCI_IRQ_MSI, SOURCES);
		KUNIT_EXPECT_EQ(test, host->nr_messages, 0);
	}
}

static void closed_device_has_no_mode_and_no_level(struct kunit *test)
{
	struct kunit_host *host = irqs_host(test, &msix_model,
					    SOFTPCI_IRQ_MSIX, 1);

	unmask_vector(host, 7);
	set_level(host, 3, true);
	pulse(host, 9);
	kunit_close(test, host);
	KUNIT_EXPECT_EQ(test, host->dev->irqs.mode, SOFTPCI_IRQ_NONE);
	KUNIT_EXPECT_EQ(test, host->dev->irqs.level, 0);
	KUNIT_EXPECT_EQ(test, host->dev->irqs.nr_pulsed, 0);
	KUNIT_EXPECT_TRUE(test, entry_masked(&host->dev->irqs, 7));
}

/*
 * Ways to hold interrupts back in config space, and to let them go: a dword each
 * time, as the width makes no difference.
 */
static const struct hold_case {
	const char *name;
	bool intx;	/* holds INTx back */
	bool message;	/* holds messages back, and keeps them pending */
	u32 command;
	bool d3hot;
	bool disable;	/* MSI or MSI-X Enable off */
	bool function_mask;
} hold_cases[] = {
	{ .name = "Bus Master off", .message = true },
	{ .name = "D3hot", .intx = true, .message = true, .d3hot = true,
	  .command = PCI_COMMAND_MASTER },
	{ .name = "Enable off", .message = true, .disable = true,
	  .command = PCI_COMMAND_MASTER },
	{ .name = "Function Mask", .message = true, .function_mask = true,
	  .command = PCI_COMMAND_MASTER },
	{ .name = "INTx Disable", .intx = true,
	  .command = PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE },
	{ .name = "decoding off", .command = PCI_COMMAND_MASTER },
};

KUNIT_ARRAY_PARAM_DESC(hold, hold_cases, name);

static void hold(struct kunit_host *host, const struct hold_case *c)
{
	const struct softpci_layout *layout = host->layout;

	kunit_config_write(host->dev, layout->msi + PCI_MSI_FLAGS, 2,
			   c->disable ? 0 : PCI_MSI_FLAGS_ENABLE);
	kunit_config_write(host->dev, layout->msix + PCI_MSIX_FLAGS, 2,
			   (c->disable ? 0 : PCI_MSIX_FLAGS_ENABLE) |
			   (c->function_mask ? PCI_MSIX_FLAGS_MASKALL : 0));
	kunit_config_write(host->dev, PCI_COMMAND, 4, c->command);
	kunit_config_write(host->dev, layout->pm + PCI_PM_CTRL, 4,
			   c->d3hot ? 3 : 0);
}

static void let_go(struct kunit_host *host)
{
	static const struct hold_case none = {
		.command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
	};

	hold(host, &none);
}

static void intx_is_held_back_and_asserted_when_allowed(struct kunit *test)
{
	struct kunit_host *host = irqs_host(test, &msix_model,
					    SOFTPCI_IRQ_INTX, 1);
	const struct hold_case *c = test->param_value;

	hold(host, c);
	set_level(host, 0, true);
	KUNIT_EXPECT_EQ(test, host->intx, !c->intx);
	KUNIT_EXPECT_TRUE(test, interrupt_status(host));
	let_go(host);
	KUNIT_EXPECT_TRUE(test, host->intx);
	KUNIT_EXPECT_EQ(test, host->nr_intx, 1);
	hold(host, c);
	KUNIT_EXPECT_EQ(test, host->intx, !c->intx);
	/* The level falls while it is held back: there is nothing to assert. */
	set_level(host, 0, false);
	let_go(host);
	KUNIT_EXPECT_FALSE(test, host->intx);
	KUNIT_EXPECT_EQ(test, host->nr_intx, 1);
}

/* By MSI, which knows no Function Mask, and by MSI-X. */
static void message_is_held_back_and_sent_when_allowed(struct kunit *test)
{
	const struct hold_case *c = test->param_value;
	unsigned int msix;

	for (msix = 0; msix < 2; msix++) {
		struct kunit_host *host = irqs_host(test, &msix_model, msix ?
						    SOFTPCI_IRQ_MSIX :
						    SOFTPCI_IRQ_MSI, 32);
		bool held = c->message && (msix || !c->function_mask);
		unsigned int i;

		for (i = 1; i < 5; i++)
			unmask_vector(host, i);
		hold(host, c);
		set_level(host, 1, true);
		set_level(host, 2, true);
		pulse(host, 3);
		pulse(host, 4);
		for (i = 1; i < 5; i++)
			KUNIT_EXPECT_EQ_MSG(test, host->messages[i], !held,
					    "%u", i);
		/* Served meanwhile; and a level has no effect on a pulse. */
		set_level(host, 2, false);
		set_level(host, 4, true);
		set_level(host, 4, false);
		let_go(host);
		KUNIT_EXPECT_EQ(test, host->messages[1], 1);
		KUNIT_EXPECT_EQ(test, host->messages[2], !held);
		KUNIT_EXPECT_EQ(test, host->messages[3], 1);
		KUNIT_EXPECT_EQ(test, host->messages[4], held ? 1 : 2);
		let_go(host);
		KUNIT_EXPECT_EQ(test, host->messages[1], 1);
		KUNIT_EXPECT_EQ(test, host->messages[3], 1);
	}
}

/* A mask counts as well, after what held the message back is gone. */
static void pending_bits_show_what_is_held_back(struct kunit *test)
{
	const struct hold_case *c = test->param_value;
	struct kunit_host *host = irqs_host(test, &msix_model, SOFTPCI_IRQ_MSI,
					    32);
	bool held = c->message && !c->function_mask;

	hold(host, c);
	set_level(host, 1, true);
	pulse(host, 2);
	KUNIT_EXPECT_EQ(test, msi_pending(host), held ? BIT(1) | BIT(2) : 0);
	mask_messages(host, BIT(1));
	let_go(host);
	KUNIT_EXPECT_EQ(test, msi_pending(host), held ? BIT(1) : 0);
	mask_messages(host, 0);
	KUNIT_EXPECT_EQ(test, msi_pending(host), 0);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 2);
}

static struct kunit_case irq_held_cases[] = {
	KUNIT_CASE(enable_bits_follow_the_mode),
	KUNIT_CASE(bus_reset_keeps_enable_bits_and_flr_clears_them),
	KUNIT_CASE(reset_forgets_levels_and_pulses),
	KUNIT_CASE(closed_device_has_no_mode_and_no_level),
	KUNIT_CASE_PARAM(intx_is_held_back_and_asserted_when_allowed,
			 hold_gen_params),
	KUNIT_CASE_PARAM(message_is_held_back_and_sent_when_allowed,
			 hold_gen_params),
	KUNIT_CASE_PARAM(pending_bits_show_what_is_held_back, hold_gen_params),
	{}
};

static struct kunit_suite irq_held_suite = {
	.name = "softpci-irq-held",
	.test_cases = irq_held_cases,
};

kunit_test_suite(irq_held_suite);
