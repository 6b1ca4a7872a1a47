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
 * @peer: the one that it sends to; NULL: nobody
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
 * @lock: of both
 * @end: connected to each other
 * @now: what the clock says
 */
struct kunit_line {
	spinlock_t lock; /* of the UARTs */
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
		softpci_uart_release(&line->end[i].uart);
}

static struct kunit_line *new_line(struct kunit *test, bool paced)
{
	struct kunit_line *line;
	unsigned int i;

	line = kunit_kzalloc(test, sizeof(*line), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, line);
	spin_lock_init(&line->lock);
	line->now = START;
	test->priv = line;
	kunit_activate_static_stub(test, uart_now, stopped_clock);
	for (i = 0; i < 2; i++) {
		line->end[i].peer = &line->end[!i];
		softpci_uart_init(&line->end[i].uart, &kunit_uart_ops,
				  &line->lock);
		line->end[i].uart.paced = paced;
		scoped_guard(spinlock, &line->lock)
			softpci_uart_reset(&line->end[i].uart, 0);
	}
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, release_line, line),
			0);
	return line;
}

static u8 get(struct kunit_line *line, unsigned int end, unsigned int reg)
{
	guard(spinlock)(&line->lock);
	return softpci_uart_read(&line->end[end].uart, reg);
}

static void put(struct kunit_line *line, unsigned int end, unsigned int reg,
		u8 val)
{
	guard(spinlock)(&line->lock);
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
	/* Overwritten, as whoever does not look has it. */
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
	scoped_guard(spinlock, &line->lock)
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
	scoped_guard(spinlock, &line->lock)
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

static void loop_back_is_inside(struct kunit *test)
{
	struct kunit_line *line = new_line(test, true);

	put(line, 0, UART_MCR, UART_MCR_LOOP | UART_MCR_RTS | UART_MCR_OUT1);
	KUNIT_EXPECT_EQ(test, line->end[0].uart.outputs, 0);
	KUNIT_EXPECT_EQ(test, get(line, 0, UART_MSR), UART_MSR_CTS | UART_MSR_DCTS |
			UART_MSR_RI);
	/* What is at the pins does not matter, there and back. */
	scoped_guard(spinlock, &line->lock)
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
	scoped_guard(spinlock, &line->lock)
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
	KUNIT_CASE(break_waits_for_a_bounded_time),
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
