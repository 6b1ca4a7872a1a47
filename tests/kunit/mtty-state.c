// SPDX-License-Identifier: GPL-2.0-only
/* The state of mtty, from one card to another. Included behind mtty-wire.c. */

static struct softpci_uart *uart_of(struct softpci_serial *card, unsigned int i)
{
	return &card->port[i].uart;
}

static void registers_and_fifos_move(struct kunit *test)
{
	struct softpci_serial *a = new_card(test, &mtty_models[1], 1);
	struct softpci_serial *b = new_card(test, &mtty_models[1], 2);
	struct softpci_port *from = &a->port[1], *to = &b->port[1];
	unsigned int i;

	port_out(from, UART_LCR, UART_LCR_DLAB);
	port_out(from, UART_DLL, 0x34);
	port_out(from, UART_DLM, 0x12);
	port_out(from, UART_LCR, UART_LCR_WLEN7 | UART_LCR_PARITY);
	port_out(from, UART_FCR, FIFO_ON | UART_FCR_TRIGGER_8);
	port_out(from, UART_IER, UART_IER_RDI);
	port_out(from, UART_MCR, UART_MCR_RTS | UART_MCR_OUT2);
	port_out(from, UART_SCR, 0xa5);
	for (i = 0; i < 12; i++)
		port_out(from, UART_TX, 'a' + i);

	KUNIT_ASSERT_EQ(test, kunit_copy_state(test, a->dev, b->dev), 0);
	KUNIT_ASSERT_EQ(test, softpci_resume(b->dev), 0);
	KUNIT_EXPECT_EQ(test, uart_of(b, 1)->divisor, 0x1234);
	KUNIT_EXPECT_EQ(test, port_in(to, UART_LCR),
			UART_LCR_WLEN7 | UART_LCR_PARITY);
	KUNIT_EXPECT_EQ(test, port_in(to, UART_MCR),
			UART_MCR_RTS | UART_MCR_OUT2);
	KUNIT_EXPECT_EQ(test, port_in(to, UART_IER), UART_IER_RDI);
	KUNIT_EXPECT_EQ(test, port_in(to, UART_SCR), 0xa5);
	KUNIT_EXPECT_EQ(test, port_in(to, UART_MSR),
			UART_MSR_CTS | UART_MSR_DCTS);
	KUNIT_EXPECT_EQ(test, port_in(to, UART_IIR),
			0xc0 | UART_IIR_RDI);
	for (i = 0; i < 12; i++)
		KUNIT_EXPECT_EQ(test, port_in(to, UART_RX), 'a' + i);
	KUNIT_EXPECT_EQ(test, port_in(to, UART_LSR), LSR_EMPTY);
	/* The other port is as it was there. */
	KUNIT_EXPECT_EQ(test, in_port(b->dev, 0, UART_SCR), 0);
}

static void card_of_two_ports_is_no_card_of_one(struct kunit *test)
{
	struct softpci_serial *one = new_card(test, &mtty_models[0], 1);
	struct softpci_serial *two = new_card(test, &mtty_models[1], 2);

	KUNIT_EXPECT_EQ(test, kunit_copy_state(test, one->dev, two->dev), -ENXIO);
	KUNIT_EXPECT_EQ(test, kunit_copy_state(test, two->dev, one->dev), -ENXIO);
}

static void set_line(struct softpci_port *a, struct softpci_port *b)
{
	port_out(a, UART_LCR, UART_LCR_WLEN8);
	port_out(b, UART_LCR, UART_LCR_WLEN8);
	port_out(b, UART_FCR, FIFO_ON);
}

/* Characters that wait for room move with the receiver, in their order. */
static void data_on_a_cable_goes_with_the_receiver(struct kunit *test)
{
	struct softpci_serial *a, *b, *other;
	struct softpci_inbox *from, *to;
	unsigned int i, sent = 0;

	wired_cards(test, &a, &b);
	other = new_card(test, &mtty_models[0], 3);
	from = &b->port[0].inbox;
	to = &other->port[0].inbox;
	set_line(&a->port[1], &b->port[0]);
	/* Two before, so that the ring of the inbox has turned. */
	for (i = 0; i < 2; i++) {
		port_out(&a->port[1], UART_TX, sent++);
		KUNIT_EXPECT_EQ(test, port_in(&b->port[0], UART_RX), i);
	}
	while (from->len < SOFTPCI_IN_FLIGHT) {
		port_out(&a->port[1], UART_TX, sent++);
		settle(&b->port[0]);
		KUNIT_ASSERT_LT(test, sent, 100);
	}
	KUNIT_EXPECT_EQ(test, from->head, 2);

	KUNIT_ASSERT_EQ(test, kunit_copy_state(test, b->dev, other->dev), 0);
	KUNIT_EXPECT_EQ(test, to->len, SOFTPCI_IN_FLIGHT);
	KUNIT_EXPECT_EQ(test, to->head, 0);
	KUNIT_EXPECT_EQ(test, to->keep, from->keep);
	for (i = 0; i < SOFTPCI_IN_FLIGHT; i++)
		KUNIT_EXPECT_EQ(test, to->frame[i].levels,
				from->frame[(2 + i) % SOFTPCI_IN_FLIGHT].levels);
	KUNIT_EXPECT_EQ(test, other->port[0].uart.rx_len, SOFTPCI_UART_FIFO);

	/* Though there is no cable here. */
	KUNIT_ASSERT_EQ(test, softpci_resume(other->dev), 0);
	for (i = 2; port_in(&other->port[0], UART_LSR) & UART_LSR_DR; i++)
		KUNIT_EXPECT_EQ(test, port_in(&other->port[0], UART_RX), i);
	KUNIT_EXPECT_EQ(test, i, 2 + SOFTPCI_UART_FIFO + SOFTPCI_IN_FLIGHT);
}

/* A character would be in no stream if it came when the state has been saved. */
static void sender_waits_for_a_stopped_receiver(struct kunit *test)
{
	struct softpci_serial *a, *b;

	wired_cards(test, &a, &b);
	set_line(&a->port[1], &b->port[0]);
	softpci_quiesce(b->dev);
	port_out(&a->port[1], UART_TX, 'x');
	KUNIT_EXPECT_EQ(test, port_in(&a->port[1], UART_LSR), UART_LSR_THRE);
	KUNIT_EXPECT_EQ(test, b->port[0].inbox.len, 0);

	KUNIT_ASSERT_EQ(test, softpci_resume(b->dev), 0);
	settle(&a->port[1]);
	KUNIT_EXPECT_EQ(test, port_in(&a->port[1], UART_LSR), LSR_EMPTY);
	KUNIT_EXPECT_EQ(test, port_in(&b->port[0], UART_RX), 'x');
}

static void lines_are_those_of_the_new_cable(struct kunit *test)
{
	struct softpci_serial *from = new_card(test, &mtty_models[0], 9);
	struct softpci_serial *a, *b;

	wired_cards(test, &a, &b);
	port_out(&a->port[1], UART_MCR, UART_MCR_DTR);
	port_in(&b->port[0], UART_MSR);
	/* In loopback it has CTS of its own RTS. */
	port_out(&from->port[0], UART_MCR, UART_MCR_RTS);
	port_in(&from->port[0], UART_MSR);

	KUNIT_ASSERT_EQ(test, kunit_copy_state(test, from->dev, b->dev), 0);
	KUNIT_ASSERT_EQ(test, softpci_resume(b->dev), 0);
	KUNIT_EXPECT_EQ(test, port_in(&b->port[0], UART_MSR),
			UART_MSR_DSR | UART_MSR_DCD | UART_MSR_DCTS |
			UART_MSR_DDSR | UART_MSR_DDCD);
	KUNIT_EXPECT_EQ(test, port_in(&a->port[1], UART_MSR) & ~UART_MSR_ANY_DELTA,
			UART_MSR_CTS);
}

/* In each order of loading and of resuming them. */
static void ends_that_move_together_see_no_line_change(struct kunit *test)
{
	struct softpci_serial *from[2], *to[2];
	struct softpci_port *end[2];
	unsigned int way, i;

	for (way = 0; way < 4; way++) {
		wired_cards(test, &from[0], &from[1]);
		wired_cards(test, &to[0], &to[1]);
		end[0] = &to[0]->port[1];
		end[1] = &to[1]->port[0];
		port_out(&from[0]->port[1], UART_MCR, UART_MCR_RTS | UART_MCR_DTR);
		port_out(&from[1]->port[0], UART_MCR, UART_MCR_DTR);
		port_in(&from[0]->port[1], UART_MSR);
		port_in(&from[1]->port[0], UART_MSR);

		for (i = 0; i < 2; i++) {
			unsigned int at = i ^ (way & 1);

			KUNIT_ASSERT_EQ(test, kunit_copy_state(test, from[at]->dev,
							       to[at]->dev), 0);
		}
		for (i = 0; i < 2; i++)
			KUNIT_ASSERT_EQ(test, softpci_resume(to[i ^ way >> 1]->dev), 0);
		settle(end[0]);
		settle(end[1]);
		KUNIT_EXPECT_EQ(test, port_in(end[0], UART_MSR),
				UART_MSR_DSR | UART_MSR_DCD);
		KUNIT_EXPECT_EQ(test, port_in(end[1], UART_MSR),
				UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD);
	}
}

/* Values that no write, and no line, can give a register. */
static const struct {
	size_t offset;
	u8 val;
} bad_fields[] = {
	{ offsetof(struct softpci_uart, ier), 0x10 },
	{ offsetof(struct softpci_uart, fcr), 0x0f },
	{ offsetof(struct softpci_uart, mcr), 0x20 },
	{ offsetof(struct softpci_uart, inputs), 0x01 },
	{ offsetof(struct softpci_uart, outputs), 0x03 },
	{ offsetof(struct softpci_uart, errors), 0x20 },
	{ offsetof(struct softpci_uart, rx[15].errors), 0x01 },
	{ offsetof(struct softpci_uart, shift.nr), 13 },
	/* Interrupts that reading would not end, and a break that LCR would not. */
	{ offsetof(struct softpci_uart, intr), 1 },
	{ offsetof(struct softpci_uart, timeout), 1 },
	{ offsetof(struct softpci_uart, breaking), 1 },
	{ offsetof(struct softpci_uart, lcr), UART_LCR_SBC },
};

static void field_out_of_range_is_refused_and_changes_nothing(struct kunit *test)
{
	struct softpci_serial *to = new_card(test, &mtty_models[1], 1);
	unsigned int i;

	port_out(&to->port[0], UART_SCR, 0x11);
	/* On its way to the port from a cable that it had. */
	to->port[1].inbox.len = 3;
	for (i = 0; i < ARRAY_SIZE(bad_fields); i++) {
		struct softpci_serial *from = new_card(test, &mtty_models[1], 2);

		port_out(&from->port[0], UART_SCR, 0x22);
		*((u8 *)uart_of(from, i % 2) + bad_fields[i].offset) =
			bad_fields[i].val;
		KUNIT_EXPECT_EQ_MSG(test, kunit_copy_state(test, from->dev,
							   to->dev),
				    -EINVAL, "%u", i);
		KUNIT_EXPECT_EQ(test, port_in(&to->port[0], UART_SCR), 0x11);
		KUNIT_EXPECT_EQ(test, to->port[1].inbox.len, 3);
	}
	to->port[1].inbox.len = 0;
}

static void interrupts_are_those_of_the_ports(struct kunit *test)
{
	struct softpci_serial *to = new_card(test, &mtty_models[0], 1);
	struct softpci_serial *from = new_card(test, &mtty_models[0], 2);
	unsigned int i;

	for (i = 0; i < SOFTPCI_MAX_SOURCES; i++) {
		from->dev->irqs.level = BIT(i);
		KUNIT_EXPECT_EQ(test, kunit_copy_state(test, from->dev, to->dev),
				-EINVAL);
		KUNIT_EXPECT_EQ(test, to->dev->irqs.level, 0);
	}
	/* A port that a guest cannot reach. */
	uart_of(from, 1)->intr = true;
	from->dev->irqs.level = BIT(1);
	KUNIT_EXPECT_EQ(test, kunit_copy_state(test, from->dev, to->dev), -EINVAL);
	uart_of(from, 1)->intr = false;
	from->dev->irqs.level = 0;

	port_out(&from->port[0], UART_IER, UART_IER_THRI);
	KUNIT_EXPECT_EQ(test, from->dev->irqs.level, BIT(0));
	KUNIT_EXPECT_EQ(test, kunit_copy_state(test, from->dev, to->dev), 0);
	KUNIT_EXPECT_EQ(test, to->dev->irqs.level, BIT(0));
}

static struct kunit_case mtty_state_cases[] = {
	KUNIT_CASE(registers_and_fifos_move),
	KUNIT_CASE(card_of_two_ports_is_no_card_of_one),
	KUNIT_CASE(data_on_a_cable_goes_with_the_receiver),
	KUNIT_CASE(sender_waits_for_a_stopped_receiver),
	KUNIT_CASE(lines_are_those_of_the_new_cable),
	KUNIT_CASE(ends_that_move_together_see_no_line_change),
	KUNIT_CASE(field_out_of_range_is_refused_and_changes_nothing),
	KUNIT_CASE(interrupts_are_those_of_the_ports),
	{}
};

static struct kunit_suite mtty_state_suite = {
	.name = "mtty-state",
	.test_cases = mtty_state_cases,
};

kunit_test_suite(mtty_state_suite);
