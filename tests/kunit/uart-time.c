// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a 16550A sends, interrupts and gives up waiting, on the line of uart.c and
 * by its clock: to the nanosecond.  The titles are of the data sheet.
 */
/* "Line Status Register": how long a character is on its way. */
static const struct time_case {
	const char *name;
	u8 lcr;
	u16 divisor;
	unsigned int halves;
} time_cases[] = {
	{ "8N1 at 9600", 0x03, 12, 20 },
	{ "8E2 at 115200", 0x1f, 1, 24 },
	{ "5N1 at 50", 0x00, 2304, 14 },
	{ "5N1.5 at 50", 0x04, 2304, 15 },
	{ "7O1 at the slowest", 0x0a, 0xffff, 20 },
};

KUNIT_ARRAY_PARAM_DESC(time, time_cases, name);

static void character_takes_its_time(struct kunit *test)
{
	const struct time_case *c = test->param_value;
	struct kunit_line *line = new_line(test, true);

	set_format(line, 0, c->divisor, c->lcr);
	put(line, 0, UART_TX, 0);
	line->now += CHAR_NS(c->halves, c->divisor) - 1;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), UART_LSR_THRE);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 0);
	line->now += 1;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), LSR_SPACE);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 1);
}

/* One in the shift register and one that is held for it. */
static void holding_register_holds_one(struct kunit *test)
{
	struct kunit_line *line = new_line(test, true);
	const u64 ns = CHAR_NS(14, 12);

	put(line, 0, UART_TX, 1);
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), UART_LSR_THRE);
	put(line, 0, UART_TX, 2);
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), 0);
	/* Overwritten, as it was not read. */
	put(line, 0, UART_TX, 3);
	line->now += ns;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), UART_LSR_THRE);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_RX), 1);
	line->now += ns;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), LSR_SPACE);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_RX), 3);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 2);
}

static void fifo_holds_sixteen_besides_the_shift_register(struct kunit *test)
{
	struct kunit_line *line = new_line(test, true);
	const u64 ns = CHAR_NS(14, 12);
	unsigned int i;

	put(line, 0, UART_FCR, UART_FCR_ENABLE_FIFO);
	put(line, 1, UART_FCR, UART_FCR_ENABLE_FIFO);
	for (i = 0; i < 18; i++)
		put(line, 0, UART_TX, i);
	for (i = 0; i < 17; i++) {
		KUNIT_EXPECT_FALSE(test, get(line, 0, UART_LSR) & UART_LSR_TEMT);
		line->now += ns;
		KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR),
				i < 15 ? 0 : i < 16 ? UART_LSR_THRE : LSR_SPACE);
		KUNIT_EXPECT_EQ(test, get(line, 1, UART_RX), i);
	}
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 17);
}

static void clearing_the_fifo_leaves_the_shift_register(struct kunit *test)
{
	struct kunit_line *line = new_line(test, true);

	put(line, 0, UART_FCR, UART_FCR_ENABLE_FIFO);
	put(line, 0, UART_TX, 1);
	put(line, 0, UART_TX, 2);
	put(line, 0, UART_TX, 3);
	put(line, 0, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_XMIT);
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), UART_LSR_THRE);
	line->now += CHAR_NS(14, 12) * 3;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), LSR_SPACE);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 1);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_RX), 1);
}

/* "FIFO Interrupt Mode Operation": when an empty transmitter interrupts. */
static void thre_of_one_character_waits_for_its_stop_bit(struct kunit *test)
{
	struct kunit_line *line = new_line(test, true);
	const u64 before_stop = CHAR_NS(12, 12);

	put(line, 0, UART_FCR, UART_FCR_ENABLE_FIFO);
	put(line, 0, UART_IER, UART_IER_THRI);
	KUNIT_EXPECT_TRUE(test, line->end[0].irq);

	/* The first after FCR bit 0 has changed: at once. */
	put(line, 0, UART_TX, 1);
	KUNIT_EXPECT_TRUE(test, line->end[0].irq);
	line->now += CHAR_NS(14, 12);

	put(line, 0, UART_TX, 2);
	KUNIT_EXPECT_FALSE(test, line->end[0].irq);
	KUNIT_EXPECT_LE(test, line->end[0].uart.armed, line->now + before_stop);
	line->now += before_stop - 1;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), 0);
	KUNIT_EXPECT_FALSE(test, line->end[0].irq);
	line->now += 1;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), UART_LSR_THRE);
	KUNIT_EXPECT_TRUE(test, line->end[0].irq);
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_IIR), 0xc0 | UART_IIR_THRI);
	KUNIT_EXPECT_FALSE(test, line->end[0].irq);
}

static void thre_of_several_characters_does_not_wait(struct kunit *test)
{
	struct kunit_line *line = new_line(test, true);
	const u64 ns = CHAR_NS(14, 12);

	put(line, 0, UART_FCR, UART_FCR_ENABLE_FIFO);
	put(line, 0, UART_TX, 1);
	line->now += ns;
	put(line, 0, UART_IER, UART_IER_THRI);
	put(line, 0, UART_TX, 2);
	put(line, 0, UART_TX, 3);
	put(line, 0, UART_TX, 4);
	line->now += ns;
	get(line, 0, UART_SCR);
	line->now += ns - 1;
	get(line, 0, UART_SCR);
	KUNIT_EXPECT_FALSE(test, line->end[0].irq);
	line->now += 1;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), UART_LSR_THRE);
	KUNIT_EXPECT_TRUE(test, line->end[0].irq);
}

/* The line is idle for as long as it was not accessed, and no timer came. */
static void late_timer_does_not_hurry(struct kunit *test)
{
	struct kunit_line *line = new_line(test, true);
	const u64 ns = CHAR_NS(14, 12);
	unsigned int i;

	put(line, 0, UART_FCR, UART_FCR_ENABLE_FIFO);
	put(line, 1, UART_FCR, UART_FCR_ENABLE_FIFO);
	for (i = 0; i < 10; i++)
		put(line, 0, UART_TX, i);
	line->now += 5 * ns + ns / 2;
	get(line, 0, UART_SCR);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 1);
	/* The second began when the first had left. */
	line->now += ns - 1;
	get(line, 0, UART_SCR);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 1);
	line->now += 1;
	get(line, 0, UART_SCR);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 2);
	/* A little is made up for. */
	line->now += ns + ns / 8;
	get(line, 0, UART_SCR);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 3);
	line->now += ns - ns / 8;
	get(line, 0, UART_SCR);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 4);
}

/* How late the timer is each time, in eighths of a character. */
static const struct late_case {
	const char *name;
	u8 eighths[4];
} late_cases[] = {
	{ "never", { 0, 0, 0, 0 } },
	{ "a little", { 1, 1, 1, 1 } },
	{ "a little, at times", { 1, 0, 0, 1 } },
	{ "much", { 12, 12, 12, 12 } },
	{ "once for all of them", { 150, 0, 0, 0 } },
	{ "in turns", { 24, 0, 2, 1 } },
};

KUNIT_ARRAY_PARAM_DESC(late, late_cases, name);

/* A FIFO that tells of 14 characters leaves the time of three to read them. */
static void late_timer_leaves_the_receiver_its_time(struct kunit *test)
{
	const struct late_case *c = test->param_value;
	struct kunit_line *line = new_line(test, true);
	const u64 ns = CHAR_NS(14, 12);
	ktime_t told = 0;
	unsigned int i;

	put(line, 0, UART_FCR, UART_FCR_ENABLE_FIFO);
	put(line, 1, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_14);
	put(line, 1, UART_IER, UART_IER_RDI);
	for (i = 0; i < 17; i++)
		put(line, 0, UART_TX, i);
	for (i = 0; line->end[0].sent < 17; i++) {
		KUNIT_ASSERT_LT(test, i, 100);
		line->now = max(line->now, line->end[0].uart.shift_end) +
			    c->eighths[i % 4] * (ns / 8);
		get(line, 0, UART_SCR);
		if (line->end[1].irq && !told)
			told = line->now;
	}
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_LSR),
			LSR_SPACE | UART_LSR_DR | UART_LSR_OE);
	KUNIT_EXPECT_GE(test, line->now, told + 3 * ns - ns / 4);
}

/* The line is as slow as it has to be, if the other end takes no more. */
static void paced_character_that_is_refused_is_sent_once_more(struct kunit *test)
{
	struct kunit_line *line = new_line(test, true);
	const u64 ns = CHAR_NS(14, 12);

	put(line, 0, UART_TX, 1);
	line->end[0].refuse = true;
	line->now += ns;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), UART_LSR_THRE);
	line->end[0].refuse = false;
	line->now += ns - 1;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), UART_LSR_THRE);
	line->now += 1;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), LSR_SPACE);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_RX), 1);

	/* But not for ever. */
	put(line, 0, UART_TX, 2);
	line->end[0].refuse = true;
	line->now += ns;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), UART_LSR_THRE);
	line->now += WAIT_NS;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), LSR_SPACE);
	KUNIT_EXPECT_EQ(test, line->end[0].lost, 1);
}

/* "FIFO Interrupt Mode Operation": four characters after the last one. */
static void time_out_comes_after_four_characters(struct kunit *test)
{
	struct kunit_line *line = new_line(test, false);
	const u64 ns = 4 * CHAR_NS(20, 12);

	set_format(line, 1, 12, UART_LCR_WLEN8);
	set_format(line, 0, 12, UART_LCR_WLEN8);
	put(line, 1, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_14);
	put(line, 1, UART_IER, UART_IER_RDI);
	put(line, 0, UART_TX, 1);
	line->now += ns - 1;
	put(line, 0, UART_TX, 2);
	put(line, 0, UART_TX, 3);
	line->now += ns - 1;
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_IIR), 0xc0 | UART_IIR_NO_INT);
	line->now += 1;
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_IIR), 0xc0 | UART_IIR_RX_TIMEOUT);
	KUNIT_EXPECT_TRUE(test, line->end[1].irq);

	/* Read: over, and it counts anew. */
	get(line, 1, UART_RX);
	KUNIT_EXPECT_FALSE(test, line->end[1].irq);
	KUNIT_EXPECT_LE(test, line->end[1].uart.armed, line->now + ns);
	line->now += ns;
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_IIR), 0xc0 | UART_IIR_RX_TIMEOUT);
	get(line, 1, UART_RX);
	get(line, 1, UART_RX);
	line->now += ns;
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_IIR), 0xc0 | UART_IIR_NO_INT);
}

/* It leaves at once: the timer is for what comes later. */
static void unpaced_character_starts_the_timer_for_its_time_out_only(struct kunit *test)
{
	struct kunit_line *line = new_line(test, false);

	line->end[0].peer = &line->end[0];
	put(line, 0, UART_FCR, UART_FCR_ENABLE_FIFO);
	set_format(line, 0, 12, UART_LCR_WLEN8);
	KUNIT_EXPECT_EQ(test, line->end[0].uart.armed, KTIME_MAX);
	put(line, 0, UART_TX, 1);
	KUNIT_EXPECT_EQ(test, line->end[0].uart.armed,
			START + 4 * CHAR_NS(20, 12));
}

static void full_receiver_makes_the_sender_wait(struct kunit *test)
{
	struct kunit_line *line = new_line(test, false);
	unsigned int i;

	put(line, 0, UART_FCR, UART_FCR_ENABLE_FIFO);
	line->end[0].refuse = true;
	for (i = 0; i < 17; i++)
		put(line, 0, UART_TX, i);
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), 0);
	/* It is woken; no timer asks again and again, until it has to give up. */
	KUNIT_EXPECT_EQ(test, line->end[0].uart.armed, START + WAIT_NS);

	line->end[0].refuse = false;
	line->end[0].peer = NULL;
	scoped_guard(softpci, &line->dev)
		softpci_uart_run(&line->end[0].uart);
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), LSR_SPACE);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 17);
}

/* Then what it sends is lost, without waiting for each of them, while that lasts. */
static void sender_waits_for_a_bounded_time(struct kunit *test)
{
	struct kunit_line *line = new_line(test, false);
	unsigned int i;

	line->end[0].peer = NULL;
	put(line, 0, UART_FCR, UART_FCR_ENABLE_FIFO);
	put(line, 0, UART_IER, UART_IER_THRI);
	line->end[0].refuse = true;
	for (i = 0; i < 17; i++)
		put(line, 0, UART_TX, i);
	line->now += WAIT_NS - 1;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), 0);
	KUNIT_EXPECT_FALSE(test, line->end[0].irq);
	line->now += 1;
	/* As the timer has it. */
	scoped_guard(softpci, &line->dev)
		softpci_uart_run(&line->end[0].uart);
	KUNIT_EXPECT_TRUE(test, line->end[0].irq);
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), LSR_SPACE);
	KUNIT_EXPECT_EQ(test, line->end[0].lost, 17);
	for (; i < 200; i++) {
		put(line, 0, UART_TX, i);
		KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), LSR_SPACE);
	}
	KUNIT_EXPECT_EQ(test, line->end[0].lost, 200);

	/* Room for one, and then not: it counts anew. */
	line->end[0].refuse = false;
	put(line, 0, UART_TX, 0);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 1);
	line->end[0].refuse = true;
	put(line, 0, UART_TX, 0);
	line->now += WAIT_NS - 1;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), UART_LSR_THRE);
	line->now += 1;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), LSR_SPACE);
	KUNIT_EXPECT_EQ(test, line->end[0].lost, 201);
}

/* The receiver may be stopped as well, and go on later than the sender. */
static void stopped_sender_does_not_give_up(struct kunit *test)
{
	struct kunit_line *line = new_line(test, false);
	struct kunit_uart *end = &line->end[0];

	end->refuse = true;
	put(line, 0, UART_TX, 0);
	softpci_uart_stop(&end->uart);
	line->now += 2 * WAIT_NS;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), UART_LSR_THRE);
	KUNIT_EXPECT_EQ(test, end->lost, 0);
	softpci_uart_start(&end->uart);
	KUNIT_EXPECT_EQ(test, end->lost, 0);
	line->now += WAIT_NS - 1;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), UART_LSR_THRE);
	line->now += 1;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), LSR_SPACE);
	KUNIT_EXPECT_EQ(test, end->lost, 1);
}

static void break_waits_for_a_bounded_time(struct kunit *test)
{
	struct kunit_line *line = new_line(test, false);

	line->end[0].refuse = true;
	put(line, 0, UART_LCR, UART_LCR_SBC);
	put(line, 0, UART_LCR, 0);
	put(line, 0, UART_TX, 1);
	KUNIT_EXPECT_EQ(test, line->end[0].uart.armed, START + WAIT_NS);
	line->now += WAIT_NS;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), LSR_SPACE);
	KUNIT_EXPECT_EQ(test, line->end[0].lost, 2);
}

static struct kunit_case uart_time_cases[] = {
	KUNIT_CASE_PARAM(character_takes_its_time, time_gen_params),
	KUNIT_CASE(holding_register_holds_one),
	KUNIT_CASE(fifo_holds_sixteen_besides_the_shift_register),
	KUNIT_CASE(clearing_the_fifo_leaves_the_shift_register),
	KUNIT_CASE(thre_of_one_character_waits_for_its_stop_bit),
	KUNIT_CASE(thre_of_several_characters_does_not_wait),
	KUNIT_CASE(late_timer_does_not_hurry),
	KUNIT_CASE_PARAM(late_timer_leaves_the_receiver_its_time,
			 late_gen_params),
	KUNIT_CASE(paced_character_that_is_refused_is_sent_once_more),
	KUNIT_CASE(time_out_comes_after_four_characters),
	KUNIT_CASE(unpaced_character_starts_the_timer_for_its_time_out_only),
	KUNIT_CASE(full_receiver_makes_the_sender_wait),
	KUNIT_CASE(sender_waits_for_a_bounded_time),
	KUNIT_CASE(stopped_sender_does_not_give_up),
	KUNIT_CASE(break_waits_for_a_bounded_time),
	{}
};

static struct kunit_suite uart_time_suite = {
	.name = "softpci-uart-time",
	.test_cases = uart_time_cases,
};

kunit_test_suite(uart_time_suite);
