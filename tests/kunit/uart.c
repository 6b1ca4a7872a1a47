// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two 16550A on one wire, and a clock that only goes when the test says so: what
 * the data sheet says of time is tested to the nanosecond.  The titles are of
 * the data sheet.
 */
#include "kunit.h"

/* Far in the future: no timer fires while a test runs. */
#define START		((ktime_t)(KTIME_MAX / 2))
#define WAIT_NS		(SOFTPCI_UART_WAIT_MS * NSEC_PER_MSEC)
#define CHAR_NS(halves, divisor) \
	((u64)(halves) * (divisor) * NSEC_PER_SEC / (2 * UART_BASE_BAUD))

/**
 * struct kunit_uart - a UART, and what is at its pins
 * @uart: the UART
 * @peer: the one that it sends to; NULL: none
 * @refuse: the peer is said to have no room
 * @irq: its interrupt
 * @frame: what it sent last
 * @sent: how often it did
 * @lost: how often it did not wait for the peer to have room
 */
struct kunit_uart {
	struct softpci_uart uart;
	struct kunit_uart *peer;
	bool refuse;
	bool irq;
	struct softpci_uart_frame frame;
	unsigned int sent;
	unsigned int lost;
};

/**
 * struct kunit_line - two of them
 * @dev: that both are on; its jobs are not run
 * @end: connected to each other
 * @now: what the clock says
 */
struct kunit_line {
	struct softpci_device dev;
	struct kunit_uart end[2];
	ktime_t now;
};

static ktime_t stopped_clock(void)
{
	struct kunit_line *line = kunit_get_current_test()->priv;

	return line->now;
}

static void take_irq(struct softpci_uart *uart, bool level)
{
	container_of(uart, struct kunit_uart, uart)->irq = level;
}

static bool take_frame(struct softpci_uart *uart,
		       const struct softpci_uart_frame *frame, bool force)
{
	struct kunit_uart *end = container_of(uart, struct kunit_uart, uart);

	if (end->refuse && force)
		end->lost++;
	if (end->refuse)
		return force;
	end->frame = *frame;
	end->sent++;
	if (end->peer)
		softpci_uart_receive(&end->peer->uart, frame);
	return true;
}

static void ignore_outputs(struct softpci_uart *uart)
{
}

static const struct softpci_uart_ops kunit_uart_ops = {
	.irq		= take_irq,
	.send		= take_frame,
	.outputs	= ignore_outputs,
};

static void release_line(void *arg)
{
	struct kunit_line *line = arg;
	unsigned int i;

	for (i = 0; i < 2; i++)
		softpci_uart_stop(&line->end[i].uart);
}

static struct kunit_line *new_line(struct kunit *test, bool paced)
{
	struct kunit_line *line;
	unsigned int i;

	line = kunit_kzalloc(test, sizeof(*line), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, line);
	spin_lock_init(&line->dev.lock);
	spin_lock_init(&line->dev.jobs.lock);
	line->now = START;
	test->priv = line;
	kunit_activate_static_stub(test, softpci_uart_now, stopped_clock);
	for (i = 0; i < 2; i++) {
		line->end[i].peer = &line->end[!i];
		softpci_uart_init(&line->end[i].uart, &kunit_uart_ops,
				  &line->dev);
		line->end[i].uart.paced = paced;
		scoped_guard(softpci, &line->dev)
			softpci_uart_reset(&line->end[i].uart, 0);
	}
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, release_line, line),
			0);
	return line;
}

static u8 get(struct kunit_line *line, unsigned int end, unsigned int reg)
{
	guard(softpci)(&line->dev);
	return softpci_uart_read(&line->end[end].uart, reg);
}

static void put(struct kunit_line *line, unsigned int end, unsigned int reg,
		u8 val)
{
	guard(softpci)(&line->dev);
	softpci_uart_write(&line->end[end].uart, reg, val);
}

static void set_format(struct kunit_line *line, unsigned int end, u16 divisor,
		       u8 lcr)
{
	put(line, end, UART_LCR, UART_LCR_DLAB);
	put(line, end, UART_DLL, divisor & 0xff);
	put(line, end, UART_DLM, divisor >> 8);
	put(line, end, UART_LCR, lcr);
}

#define LSR_SPACE	(UART_LSR_THRE | UART_LSR_TEMT)
#define LSR_ERRORS	(UART_LSR_OE | UART_LSR_PE | UART_LSR_FE | UART_LSR_BI)

/* "Line Control Register": what is on the line, the first bit on the right. */
static const struct frame_case {
	const char *name;
	u8 lcr;
	u8 data;
	u8 nr;
	u16 levels;
} frame_cases[] = {
	{ "8N1", 0x03, 0x41, 10, 0b1010000010 },
	{ "8N2", 0x07, 0x41, 11, 0b11010000010 },
	{ "8E1, even already", 0x1b, 0x41, 11, 0b10010000010 },
	{ "8O1, even already", 0x0b, 0x41, 11, 0b11010000010 },
	{ "8E1, odd", 0x1b, 0x43, 11, 0b11010000110 },
	{ "8O1, odd", 0x0b, 0x43, 11, 0b10010000110 },
	{ "7E1", 0x1a, 0xc1, 10, 0b1010000010 },
	{ "7 and mark", 0x2a, 0x41, 10, 0b1110000010 },
	{ "7 and space", 0x3a, 0x41, 10, 0b1010000010 },
	{ "5N1", 0x00, 0xff, 7, 0b1111110 },
	{ "5N1.5", 0x04, 0x00, 8, 0b11000000 },
	{ "6O2", 0x0d, 0x3f, 10, 0b1111111110 },
};

KUNIT_ARRAY_PARAM_DESC(frame, frame_cases, name);

static void frame_is_as_on_the_line(struct kunit *test)
{
	const struct frame_case *c = test->param_value;
	struct kunit_line *line = new_line(test, false);

	set_format(line, 0, 3, c->lcr);
	put(line, 0, UART_TX, c->data);
	KUNIT_EXPECT_EQ(test, line->end[0].frame.nr, c->nr);
	KUNIT_EXPECT_EQ(test, line->end[0].frame.levels, c->levels);
	KUNIT_EXPECT_EQ(test, line->end[0].frame.divisor, 3);
}

static void every_word_arrives_in_every_format(struct kunit *test)
{
	struct kunit_line *line = new_line(test, false);
	unsigned int lcr, data, word;

	for (lcr = 0; lcr < UART_LCR_SBC; lcr++) {
		word = GENMASK(4 + (lcr & UART_LCR_WLEN8), 0);
		set_format(line, 0, 7, lcr);
		set_format(line, 1, 7, lcr);
		for (data = 0; data < 256; data++) {
			put(line, 0, UART_TX, data);
			KUNIT_ASSERT_EQ_MSG(test, get(line, 1, UART_LSR),
					    LSR_SPACE | UART_LSR_DR,
					    "LCR %#x, %#x", lcr, data);
			KUNIT_ASSERT_EQ(test, get(line, 1, UART_RX), data & word);
		}
	}
}

/* What the receiver makes of it, when it is set up in another way. */
static const struct mismatch_case {
	const char *name;
	u16 divisor[2];
	u8 lcr[2];
	u8 data;
	unsigned int nr;
	struct {
		u8 data;
		u8 errors;
	} got[3];
} mismatch_cases[] = {
	{ "even to odd", { 1, 1 }, { 0x1b, 0x0b }, 0x41, 1,
	  { { 0x41, UART_LSR_PE } } },
	{ "mark to space", { 1, 1 }, { 0x2b, 0x3b }, 0x41, 1,
	  { { 0x41, UART_LSR_PE } } },
	{ "7E1 to 8N1, parity is bit 7", { 1, 1 }, { 0x1a, 0x03 }, 0x43, 1,
	  { { 0xc3, 0 } } },
	{ "8N1 to 7N1, bit 7 is the stop bit", { 1, 1 }, { 0x03, 0x02 }, 0x41, 1,
	  { { 0x41, UART_LSR_FE } } },
	{ "8N1 to 7N1, bit 7 set", { 1, 1 }, { 0x03, 0x02 }, 0xc1, 1,
	  { { 0x41, 0 } } },
	{ "7N1 to 8N1, the stop bit is bit 7", { 1, 1 }, { 0x02, 0x03 }, 0x41, 1,
	  { { 0xc1, 0 } } },
	{ "half the rate is two characters", { 2, 1 }, { 0x03, 0x03 }, 0x55, 2,
	  { { 0x66, UART_LSR_FE }, { 0xe6, 0 } } },
	{ "twice the rate", { 1, 2 }, { 0x03, 0x03 }, 0x00, 1,
	  { { 0xf8, 0 } } },
	{ "twice the rate, no start bit is long enough", { 1, 2 }, { 0x03, 0x03 },
	  0x55, 0 },
	{ "a slow zero is a break", { 100, 1 }, { 0x03, 0x03 }, 0x00, 1,
	  { { 0x00, UART_LSR_BI | UART_LSR_FE } } },
	{ "a slow one is two", { 100, 1 }, { 0x03, 0x03 }, 0x01, 2,
	  { { 0x00, UART_LSR_BI | UART_LSR_FE },
	    { 0x00, UART_LSR_BI | UART_LSR_FE } } },
	{ "a hundred times the rate is noise", { 1, 100 }, { 0x03, 0x03 }, 0, 0 },
	{ "2 % off does not matter", { 50, 51 }, { 0x03, 0x03 }, 0x5a, 1,
	  { { 0x5a, 0 } } },
	{ "0 is taken for 1", { 0, 1 }, { 0x03, 0x03 }, 0x5a, 1,
	  { { 0x5a, 0 } } },
};

KUNIT_ARRAY_PARAM_DESC(mismatch, mismatch_cases, name);

static void mismatch_is_as_on_a_line(struct kunit *test)
{
	const struct mismatch_case *c = test->param_value;
	struct kunit_line *line = new_line(test, false);
	unsigned int i;

	for (i = 0; i < 2; i++)
		set_format(line, i, c->divisor[i], c->lcr[i]);
	put(line, 1, UART_FCR, UART_FCR_ENABLE_FIFO);
	put(line, 0, UART_TX, c->data);
	for (i = 0; i < c->nr; i++) {
		KUNIT_EXPECT_EQ_MSG(test, get(line, 1, UART_LSR) & LSR_ERRORS,
				    c->got[i].errors, "character %u", i);
		KUNIT_EXPECT_EQ(test, get(line, 1, UART_RX), c->got[i].data);
	}
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_LSR), LSR_SPACE);
}

/* With odd parity eight zeros and a zero are wrong, with even they are not. */
static void break_is_all_zeros(struct kunit *test)
{
	struct kunit_line *line = new_line(test, false);

	put(line, 1, UART_LCR, UART_LCR_WLEN8 | UART_LCR_PARITY);
	put(line, 0, UART_LCR, UART_LCR_SBC);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_LSR), LSR_SPACE | UART_LSR_DR |
			UART_LSR_BI | UART_LSR_FE | UART_LSR_PE);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_RX), 0);
	put(line, 0, UART_LCR, 0);
	put(line, 1, UART_LCR, UART_LCR_WLEN8 | UART_LCR_PARITY | UART_LCR_EPAR);
	put(line, 0, UART_LCR, UART_LCR_SBC);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_LSR), LSR_SPACE | UART_LSR_DR |
			UART_LSR_BI | UART_LSR_FE);
	/* Nothing else gets through meanwhile. */
	put(line, 0, UART_TX, 'x');
	get(line, 1, UART_RX);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_LSR), LSR_SPACE);
}

#define BREAK_LSR	(UART_LSR_DR | UART_LSR_BI | UART_LSR_FE | LSR_SPACE)

static void paced_break_takes_a_character_time(struct kunit *test)
{
	struct kunit_line *line = new_line(test, true);
	const u64 ns = CHAR_NS(14, 12);

	put(line, 0, UART_LCR, UART_LCR_SBC);
	KUNIT_EXPECT_LE(test, line->end[0].uart.armed, line->now + ns);
	line->now += ns - 1;
	get(line, 0, UART_SCR);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_LSR), LSR_SPACE);
	line->now += 1;
	get(line, 0, UART_SCR);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_LSR), BREAK_LSR);
	get(line, 1, UART_RX);
	/* It is one, however long it lasts. */
	line->now += 100 * ns;
	get(line, 0, UART_SCR);
	put(line, 0, UART_LCR, 0);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_LSR), LSR_SPACE);
}

static void short_paced_break_is_none(struct kunit *test)
{
	struct kunit_line *line = new_line(test, true);
	const u64 ns = CHAR_NS(14, 12);
	unsigned int i;

	/* Two halves do not add up. */
	for (i = 0; i < 2; i++) {
		put(line, 0, UART_LCR, UART_LCR_SBC);
		line->now += ns - 1;
		put(line, 0, UART_LCR, 0);
	}
	put(line, 0, UART_LCR, UART_LCR_SBC);
	put(line, 0, UART_MCR, UART_MCR_LOOP);
	line->now += 2 * ns;
	put(line, 0, UART_LCR, 0);
	put(line, 0, UART_MCR, 0);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 0);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_LSR), LSR_SPACE);
}

static void break_does_not_overtake_a_character(struct kunit *test)
{
	struct kunit_line *line = new_line(test, true);
	const u64 ns = CHAR_NS(14, 12);

	put(line, 0, UART_TX, 0x15);
	line->now += ns / 2;
	put(line, 0, UART_LCR, UART_LCR_SBC);
	/* What begins during a break is lost. */
	put(line, 0, UART_TX, 0x0a);
	line->now += ns - ns / 2;
	get(line, 0, UART_SCR);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_LSR), LSR_SPACE | UART_LSR_DR);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_RX), 0x15);
	line->now += ns - 1;
	get(line, 0, UART_SCR);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_LSR), LSR_SPACE);
	line->now += 1;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), LSR_SPACE);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_LSR), BREAK_LSR);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 2);
}

/* Unpaced, and the peer has no room for a while. */
static void waiting_break_does_not_overtake_a_character(struct kunit *test)
{
	struct kunit_line *line = new_line(test, false);

	put(line, 1, UART_FCR, UART_FCR_ENABLE_FIFO);
	line->end[0].refuse = true;
	put(line, 0, UART_TX, 0x15);
	put(line, 0, UART_LCR, UART_LCR_SBC);
	put(line, 0, UART_LCR, 0);
	put(line, 0, UART_TX, 0x0a);
	line->end[0].refuse = false;
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), LSR_SPACE);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_RX), 0x15);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_LSR),
			BREAK_LSR | UART_LSR_FIFOE);
	get(line, 1, UART_RX);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_RX), 0x0a);
}

static void break_does_not_begin_while_dlab_is_set(struct kunit *test)
{
	struct kunit_line *line = new_line(test, false);

	put(line, 0, UART_LCR, UART_LCR_DLAB | UART_LCR_SBC | UART_LCR_SPAR);
	put(line, 0, UART_LCR, 0);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 0);
	put(line, 0, UART_LCR, UART_LCR_DLAB | UART_LCR_SBC);
	put(line, 0, UART_LCR, UART_LCR_SBC);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 1);
	/* Nor does it end then. */
	put(line, 0, UART_LCR, UART_LCR_DLAB | UART_LCR_SBC);
	put(line, 0, UART_LCR, UART_LCR_SBC);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 1);
}

static void loop_back_is_inside(struct kunit *test)
{
	struct kunit_line *line = new_line(test, true);

	put(line, 0, UART_MCR, UART_MCR_LOOP | UART_MCR_RTS | UART_MCR_OUT1);
	KUNIT_EXPECT_EQ(test, line->end[0].uart.outputs, 0);
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_MSR), UART_MSR_CTS | UART_MSR_DCTS |
			UART_MSR_RI);
	/* What is at the pins does not matter, there and back. */
	scoped_guard(softpci, &line->dev)
		softpci_uart_set_inputs(&line->end[0].uart, UART_MSR_DCD,
					UART_MSR_DCD | UART_MSR_CTS);
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_MSR), UART_MSR_CTS | UART_MSR_RI);
	put(line, 0, UART_TX, 0x15);
	line->now += CHAR_NS(14, 12);
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_RX), 0x15);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 0);

	put(line, 0, UART_MCR, 0);
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_MSR), UART_MSR_DCD | UART_MSR_DDCD |
			UART_MSR_DCTS | UART_MSR_TERI);
}

/* Unpaced, a peer without room, and something that waits for it. */
static const struct waiting_case {
	const char *name;
	u8 lcr[2];
	unsigned int nr;
} waiting_cases[] = {
	{ "break", { UART_LCR_SBC, UART_LCR_SBC }, 0 },
	{ "break that is over", { UART_LCR_SBC, 0 }, 0 },
	{ "character", { 0, 0 }, 1 },
	{ "character, then a break", { UART_LCR_SBC, UART_LCR_SBC }, 1 },
	{ "character, then a break that is over", { UART_LCR_SBC, 0 }, 1 },
};

KUNIT_ARRAY_PARAM_DESC(waiting, waiting_cases, name);

static void loop_back_does_not_depend_on_the_line(struct kunit *test)
{
	const struct waiting_case *c = test->param_value;
	struct kunit_line *line = new_line(test, false);
	unsigned int i;

	line->end[0].refuse = true;
	for (i = 0; i < c->nr; i++)
		put(line, 0, UART_TX, 0x1f);
	for (i = 0; i < 2; i++)
		put(line, 0, UART_LCR, UART_LCR_WLEN8 | c->lcr[i]);
	put(line, 0, UART_MCR, UART_MCR_LOOP);
	put(line, 0, UART_TX, 0x15);
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), LSR_SPACE | UART_LSR_DR);
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_RX), 0x15);
	put(line, 0, UART_LCR, UART_LCR_WLEN8);

	/* The line has marked all the time. */
	line->end[0].refuse = false;
	put(line, 0, UART_MCR, 0);
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), LSR_SPACE);
	KUNIT_EXPECT_EQ(test, line->end[0].sent, 0);
	KUNIT_EXPECT_EQ(test, get(line, 1, UART_LSR), LSR_SPACE);
}

static void a_character_is_cut_off_by_the_loop(struct kunit *test)
{
	struct kunit_line *line = new_line(test, true);
	unsigned int loop;

	for (loop = 0; loop < 2; loop++) {
		put(line, 0, UART_MCR, loop ? UART_MCR_LOOP : 0);
		put(line, 0, UART_TX, 0x15);
		put(line, 0, UART_MCR, loop ? 0 : UART_MCR_LOOP);
		KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), UART_LSR_THRE);
		line->now += CHAR_NS(14, 12);
		KUNIT_EXPECT_EQ(test, get(line, 0, UART_LSR), LSR_SPACE);
		KUNIT_EXPECT_EQ(test, line->end[0].sent, 0);
	}
}

static void short_pulse_leaves_a_delta(struct kunit *test)
{
	struct kunit_line *line = new_line(test, false);

	put(line, 0, UART_IER, UART_IER_MSI);
	scoped_guard(softpci, &line->dev)
		softpci_uart_set_inputs(&line->end[0].uart, 0, UART_MSR_DSR);
	KUNIT_EXPECT_TRUE(test, line->end[0].irq);
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_MSR), UART_MSR_DDSR);
	KUNIT_EXPECT_FALSE(test, line->end[0].irq);
}

static struct kunit_case uart_cases[] = {
	KUNIT_CASE_PARAM(frame_is_as_on_the_line, frame_gen_params),
	KUNIT_CASE(every_word_arrives_in_every_format),
	KUNIT_CASE_PARAM(mismatch_is_as_on_a_line, mismatch_gen_params),
	KUNIT_CASE(break_is_all_zeros),
	KUNIT_CASE(paced_break_takes_a_character_time),
	KUNIT_CASE(short_paced_break_is_none),
	KUNIT_CASE(break_does_not_overtake_a_character),
	KUNIT_CASE(waiting_break_does_not_overtake_a_character),
	KUNIT_CASE(break_does_not_begin_while_dlab_is_set),
	KUNIT_CASE(loop_back_is_inside),
	KUNIT_CASE_PARAM(loop_back_does_not_depend_on_the_line,
			 waiting_gen_params),
	KUNIT_CASE(a_character_is_cut_off_by_the_loop),
	KUNIT_CASE(short_pulse_leaves_a_delta),
	{}
};

static struct kunit_suite uart_suite = {
	.name = "softpci-uart",
	.test_cases = uart_cases,
};

kunit_test_suite(uart_suite);
