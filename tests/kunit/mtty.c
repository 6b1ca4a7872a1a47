// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 16550A as its driver sees it: by offsets and nothing else, so that the
 * tests say nothing of how it is done.  The titles are of the data sheet.
 *
 * The character time-out goes by the clock; tests/vfio/test-mtty.c has it.
 */
#include "kunit.h"

#define LSR_EMPTY	(UART_LSR_THRE | UART_LSR_TEMT)
#define IER_ALL		(UART_IER_RDI | UART_IER_THRI | UART_IER_RLSI | \
			 UART_IER_MSI)

static u8 in_port(struct softpci_device *dev, unsigned int port,
		  unsigned int reg)
{
	return kunit_read(dev, VFIO_PCI_BAR0_REGION_INDEX + port, reg, 1);
}

static void out_port(struct softpci_device *dev, unsigned int port,
		     unsigned int reg, u8 val)
{
	KUNIT_EXPECT_EQ(kunit_get_current_test(),
			kunit_write(dev, VFIO_PCI_BAR0_REGION_INDEX + port,
				    reg, 1, val), 0);
}

static u8 in(struct softpci_device *dev, unsigned int reg)
{
	return in_port(dev, 0, reg);
}

static void out(struct softpci_device *dev, unsigned int reg, u8 val)
{
	out_port(dev, 0, reg, val);
}

static bool interrupts(struct softpci_device *dev)
{
	return kunit_config_read(dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT;
}

static struct softpci_device *new_mtty(struct kunit *test)
{
	return kunit_device(test, &mtty_models[1])->dev;
}

/* One so slow that no character time-out comes while a test runs. */
static struct softpci_device *slow_mtty(struct kunit *test, u8 fcr)
{
	struct softpci_device *dev = new_mtty(test);
	unsigned int port;

	for (port = 0; port < SOFTPCI_SERIAL_PORTS; port++) {
		out_port(dev, port, UART_LCR, UART_LCR_DLAB);
		out_port(dev, port, UART_DLL, 0xff);
		out_port(dev, port, UART_DLM, 0xff);
		out_port(dev, port, UART_LCR, UART_LCR_WLEN8);
		out_port(dev, port, UART_FCR, fcr);
	}
	return dev;
}

/* "UART Reset Configuration" */
static void expect_power_on(struct kunit *test, struct softpci_device *dev)
{
	unsigned int port;

	for (port = 0; port < SOFTPCI_SERIAL_PORTS; port++) {
		KUNIT_EXPECT_EQ(test, in_port(dev, port, UART_IER), 0);
		KUNIT_EXPECT_EQ(test, in_port(dev, port, UART_IIR),
				UART_IIR_NO_INT);
		KUNIT_EXPECT_EQ(test, in_port(dev, port, UART_LCR), 0);
		KUNIT_EXPECT_EQ(test, in_port(dev, port, UART_MCR), 0);
		KUNIT_EXPECT_EQ(test, in_port(dev, port, UART_LSR),
				LSR_EMPTY);
		KUNIT_EXPECT_EQ(test, in_port(dev, port, UART_MSR), 0);
		out_port(dev, port, UART_LCR, UART_LCR_DLAB);
		KUNIT_EXPECT_EQ(test, in_port(dev, port, UART_DLL), 12);
		KUNIT_EXPECT_EQ(test, in_port(dev, port, UART_DLM), 0);
		out_port(dev, port, UART_LCR, 0);
	}
	KUNIT_EXPECT_FALSE(test, interrupts(dev));
}

static void power_on_values(struct kunit *test)
{
	expect_power_on(test, new_mtty(test));
}

/* Nor anything that only a saved state would show. */
static void expect_no_characters(struct kunit *test, const struct softpci_uart *uart)
{
	KUNIT_EXPECT_NULL(test, memchr_inv(uart->rx, 0, sizeof(uart->rx)));
	KUNIT_EXPECT_NULL(test, memchr_inv(uart->tx, 0, sizeof(uart->tx)));
	KUNIT_EXPECT_NULL(test, memchr_inv(&uart->shift, 0, sizeof(uart->shift)));
}

static void reset_leaves_nothing(struct kunit *test)
{
	struct softpci_device *dev = slow_mtty(test, UART_FCR_ENABLE_FIFO);
	unsigned int port, i;

	for (port = 0; port < SOFTPCI_SERIAL_PORTS; port++) {
		out_port(dev, port, UART_IER, IER_ALL);
		for (i = 0; i <= 16; i++)
			out_port(dev, port, UART_TX, 'x');
		out_port(dev, port, UART_MCR, 0x0f);
		out_port(dev, port, UART_LCR, UART_LCR_SBC);
		out_port(dev, port, UART_SCR, 0x55);
	}
	scoped_guard(softpci, dev) {
		dev->irqs.level = 0; /* the core's part */
		mtty_reset(dev, SOFTPCI_RESET_BUS);
	}
	expect_power_on(test, dev);
	for (port = 0; port < SOFTPCI_SERIAL_PORTS; port++)
		expect_no_characters(test, &to_mtty(dev)->serial.port[port].uart);
}

/* "Line Control Register", bit 7: the latch instead of data and IER */
static void divisor_latch_is_apart(struct kunit *test)
{
	struct softpci_device *dev = new_mtty(test);

	out(dev, UART_IER, UART_IER_MSI);
	out(dev, UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	out(dev, UART_DLL, 0xff);
	out(dev, UART_DLM, 0xff);
	/* Each is replaced, not added to, and the other stays. */
	out(dev, UART_DLL, 0x01);
	KUNIT_EXPECT_EQ(test, in(dev, UART_DLL), 0x01);
	KUNIT_EXPECT_EQ(test, in(dev, UART_DLM), 0xff);
	out(dev, UART_DLM, 0x80);
	KUNIT_EXPECT_EQ(test, in(dev, UART_DLL), 0x01);
	KUNIT_EXPECT_EQ(test, in(dev, UART_DLM), 0x80);

	out(dev, UART_LCR, UART_LCR_WLEN8);
	KUNIT_EXPECT_EQ(test, in(dev, UART_IER), UART_IER_MSI);
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR), LSR_EMPTY);
}

static void registers_keep_the_bits_they_have(struct kunit *test)
{
	static const struct {
		u8 reg;
		u8 bits;
	} keeps[] = {
		{ UART_IER, 0x0f }, { UART_MCR, 0x1f }, { UART_SCR, 0xff },
	};
	struct softpci_device *dev = new_mtty(test);
	unsigned int i, val;

	for (i = 0; i < ARRAY_SIZE(keeps); i++)
		for (val = 0; val <= 0xff; val++) {
			out(dev, keeps[i].reg, val);
			KUNIT_EXPECT_EQ_MSG(test, in(dev, keeps[i].reg),
					    val & keeps[i].bits,
					    "register %u", keeps[i].reg);
		}
	for (val = 0; val <= 0xff; val++) {
		out(dev, UART_LCR, val);
		KUNIT_EXPECT_EQ(test, in(dev, UART_LCR), val);
	}
}

/* Those are for factory tests. */
static void status_registers_take_no_writes(struct kunit *test)
{
	struct softpci_device *dev = new_mtty(test);

	out(dev, UART_LSR, 0xff);
	out(dev, UART_MSR, 0xff);
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR), LSR_EMPTY);
	KUNIT_EXPECT_EQ(test, in(dev, UART_MSR), 0);
}

static void what_is_sent_is_received(struct kunit *test)
{
	struct softpci_device *dev = slow_mtty(test, 0);
	unsigned int val;

	for (val = 0; val <= 0xff; val++) {
		out(dev, UART_TX, val);
		KUNIT_EXPECT_EQ(test, in(dev, UART_LSR),
				LSR_EMPTY | UART_LSR_DR);
		KUNIT_EXPECT_EQ(test, in(dev, UART_RX), val);
		KUNIT_EXPECT_EQ(test, in(dev, UART_LSR), LSR_EMPTY);
	}
}

static void short_words_lose_their_upper_bits(struct kunit *test)
{
	static const u8 word[] = { 0x1f, 0x3f, 0x7f, 0xff };
	struct softpci_device *dev = slow_mtty(test, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(word); i++) {
		out(dev, UART_LCR, i);
		out(dev, UART_TX, 0xff);
		KUNIT_EXPECT_EQ(test, in(dev, UART_RX), word[i]);
	}
}

static void overrun_without_fifo_loses_the_older(struct kunit *test)
{
	struct softpci_device *dev = slow_mtty(test, 0);

	out(dev, UART_TX, 'a');
	out(dev, UART_TX, 'b');
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR),
			LSR_EMPTY | UART_LSR_DR | UART_LSR_OE);
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR), LSR_EMPTY | UART_LSR_DR);
	KUNIT_EXPECT_EQ(test, in(dev, UART_RX), 'b');
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR), LSR_EMPTY);
}

/* Three rounds, so that the FIFO begins at each of its places. */
static void fifo_holds_sixteen_and_loses_the_newest(struct kunit *test)
{
	struct softpci_device *dev = slow_mtty(test, UART_FCR_ENABLE_FIFO);
	unsigned int round, i;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < 16; i++) {
			out(dev, UART_TX, 'a' + i);
			KUNIT_EXPECT_EQ(test, in(dev, UART_LSR),
					LSR_EMPTY | UART_LSR_DR);
		}
		out(dev, UART_TX, '!');
		KUNIT_EXPECT_EQ(test, in(dev, UART_LSR),
				LSR_EMPTY | UART_LSR_DR | UART_LSR_OE);
		for (i = 0; i < 16; i++) {
			KUNIT_EXPECT_EQ(test, in(dev, UART_LSR),
					LSR_EMPTY | UART_LSR_DR);
			KUNIT_EXPECT_EQ(test, in(dev, UART_RX), 'a' + i);
		}
		KUNIT_EXPECT_EQ(test, in(dev, UART_LSR), LSR_EMPTY);
		/* One in and out again moves its beginning. */
		for (i = 0; i < 5; i++) {
			out(dev, UART_TX, 'z');
			KUNIT_EXPECT_EQ(test, in(dev, UART_RX), 'z');
		}
	}
}

static void fcr_clears_the_receiver(struct kunit *test)
{
	struct softpci_device *dev = slow_mtty(test, UART_FCR_ENABLE_FIFO);

	out(dev, UART_TX, 'a');
	out(dev, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_XMIT);
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR), LSR_EMPTY | UART_LSR_DR);
	out(dev, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR), LSR_EMPTY);
	/* So does changing between the modes, either way. */
	out(dev, UART_TX, 'b');
	out(dev, UART_FCR, 0);
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR), LSR_EMPTY);
	out(dev, UART_TX, 'c');
	out(dev, UART_FCR, UART_FCR_ENABLE_FIFO);
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR), LSR_EMPTY);
}

static const struct trigger_case {
	const char *name;
	u8 fcr;
	u8 level;
	u8 iir;
} trigger_cases[] = {
	{ "no FIFO", 0x00, 1, 0x00 },
	{ "no FIFO, whatever the other bits", 0xc0, 1, 0x00 },
	{ "1", 0x01, 1, 0xc0 },
	{ "4", 0x41, 4, 0xc0 },
	{ "8", 0x81, 8, 0xc0 },
	{ "14", 0xc1, 14, 0xc0 },
};

KUNIT_ARRAY_PARAM_DESC(trigger, trigger_cases, name);

/* "FIFO Control Register": it interrupts from the level on, until below it */
static void receiver_interrupts_at_the_trigger_level(struct kunit *test)
{
	const struct trigger_case *c = test->param_value;
	struct softpci_device *dev = slow_mtty(test, 0xc1);
	unsigned int i, last = c->iir ? 16 : 1;

	/* Written over another one. */
	out(dev, UART_FCR, c->fcr);
	out(dev, UART_IER, UART_IER_RDI);
	for (i = 1; i <= last; i++) {
		out(dev, UART_TX, i);
		KUNIT_EXPECT_EQ_MSG(test, in(dev, UART_IIR),
				    c->iir | (i >= c->level ? UART_IIR_RDI :
					      UART_IIR_NO_INT), "%u", i);
		KUNIT_EXPECT_EQ(test, interrupts(dev), i >= c->level);
	}
	for (i = last; i-- > 0;) {
		in(dev, UART_RX);
		KUNIT_EXPECT_EQ_MSG(test, in(dev, UART_IIR),
				    c->iir | (i >= c->level ? UART_IIR_RDI :
					      UART_IIR_NO_INT), "%u", i);
		KUNIT_EXPECT_EQ(test, interrupts(dev), i >= c->level);
	}
}

/* "Interrupt Identification Register": the order, and what clears each */
static void most_urgent_interrupt_comes_first(struct kunit *test)
{
	struct softpci_device *dev = slow_mtty(test, 0);

	out(dev, UART_TX, 'a');
	out(dev, UART_TX, 'b'); /* overrun */
	out(dev, UART_MCR, UART_MCR_RTS);
	KUNIT_EXPECT_FALSE(test, interrupts(dev));
	out(dev, UART_IER, IER_ALL);

	KUNIT_EXPECT_EQ(test, in(dev, UART_IIR), UART_IIR_RLSI);
	/* Reading it again clears nothing, and hides nothing. */
	KUNIT_EXPECT_EQ(test, in(dev, UART_IIR), UART_IIR_RLSI);
	in(dev, UART_LSR);
	KUNIT_EXPECT_EQ(test, in(dev, UART_IIR), UART_IIR_RDI);
	KUNIT_EXPECT_EQ(test, in(dev, UART_IIR), UART_IIR_RDI);
	in(dev, UART_RX);
	KUNIT_EXPECT_TRUE(test, interrupts(dev));
	/* This one is cleared by being read. */
	KUNIT_EXPECT_EQ(test, in(dev, UART_IIR), UART_IIR_THRI);
	KUNIT_EXPECT_EQ(test, in(dev, UART_IIR), UART_IIR_MSI);
	KUNIT_EXPECT_EQ(test, in(dev, UART_IIR), UART_IIR_MSI);
	KUNIT_EXPECT_TRUE(test, interrupts(dev));
	in(dev, UART_MSR);
	KUNIT_EXPECT_EQ(test, in(dev, UART_IIR), UART_IIR_NO_INT);
	KUNIT_EXPECT_FALSE(test, interrupts(dev));
}

static const struct cause_case {
	const char *name;
	u8 ier;
	u8 iir;
} cause_cases[] = {
	{ "none", 0, UART_IIR_NO_INT },
	{ "receiver", UART_IER_RDI, UART_IIR_RDI },
	{ "transmitter", UART_IER_THRI, UART_IIR_THRI },
	{ "line status", UART_IER_RLSI, UART_IIR_RLSI },
	{ "modem status", UART_IER_MSI, UART_IIR_MSI },
	{ "all but line status", IER_ALL & ~UART_IER_RLSI, UART_IIR_RDI },
	{ "transmitter and modem", UART_IER_THRI | UART_IER_MSI, UART_IIR_THRI },
};

KUNIT_ARRAY_PARAM_DESC(cause, cause_cases, name);

static void enable_bits_choose_the_causes(struct kunit *test)
{
	const struct cause_case *c = test->param_value;
	struct softpci_device *dev = slow_mtty(test, 0);

	out(dev, UART_TX, 'a');
	out(dev, UART_TX, 'b');
	out(dev, UART_MCR, UART_MCR_RTS);
	out(dev, UART_IER, c->ier);
	KUNIT_EXPECT_EQ(test, interrupts(dev), c->iir != UART_IIR_NO_INT);
	KUNIT_EXPECT_EQ(test, in(dev, UART_IIR), c->iir);
	out(dev, UART_IER, 0);
	KUNIT_EXPECT_FALSE(test, interrupts(dev));
	KUNIT_EXPECT_EQ(test, in(dev, UART_IIR), UART_IIR_NO_INT);
}

static void empty_transmitter_interrupts_once(struct kunit *test)
{
	struct softpci_device *dev = slow_mtty(test, 0);

	/* It was empty all the time: enabling is a cause of itself. */
	out(dev, UART_IER, UART_IER_THRI);
	KUNIT_EXPECT_EQ(test, in(dev, UART_IIR), UART_IIR_THRI);
	KUNIT_EXPECT_EQ(test, in(dev, UART_IIR), UART_IIR_NO_INT);
	out(dev, UART_IER, UART_IER_THRI);
	KUNIT_EXPECT_EQ(test, in(dev, UART_IIR), UART_IIR_NO_INT);
	out(dev, UART_IER, 0);
	out(dev, UART_IER, UART_IER_THRI);
	KUNIT_EXPECT_EQ(test, in(dev, UART_IIR), UART_IIR_THRI);

	out(dev, UART_TX, 'a');
	KUNIT_EXPECT_TRUE(test, interrupts(dev));
	KUNIT_EXPECT_EQ(test, in(dev, UART_IIR), UART_IIR_THRI);
	KUNIT_EXPECT_FALSE(test, interrupts(dev));
}

/* "Line Status Register": an error shows when its character is the next one */
static void error_shows_at_the_head_of_the_fifo(struct kunit *test)
{
	struct softpci_device *dev = slow_mtty(test, UART_FCR_ENABLE_FIFO);

	out(dev, UART_IER, UART_IER_RLSI);
	out(dev, UART_TX, 'a');
	out(dev, UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC);
	out(dev, UART_LCR, UART_LCR_WLEN8);
	out(dev, UART_TX, 'b');
	KUNIT_EXPECT_FALSE(test, interrupts(dev));
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR),
			LSR_EMPTY | UART_LSR_DR | UART_LSR_FIFOE);

	KUNIT_EXPECT_EQ(test, in(dev, UART_RX), 'a');
	KUNIT_EXPECT_TRUE(test, interrupts(dev));
	KUNIT_EXPECT_EQ(test, in(dev, UART_IIR), 0xc0 | UART_IIR_RLSI);
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR),
			LSR_EMPTY | UART_LSR_DR | UART_LSR_FIFOE |
			UART_LSR_BI | UART_LSR_FE);
	KUNIT_EXPECT_FALSE(test, interrupts(dev));
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR), LSR_EMPTY | UART_LSR_DR);
	KUNIT_EXPECT_EQ(test, in(dev, UART_RX), 0);
	KUNIT_EXPECT_EQ(test, in(dev, UART_RX), 'b');
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR), LSR_EMPTY);
}

static void break_is_one_character_however_long(struct kunit *test)
{
	struct softpci_device *dev = slow_mtty(test, 0);

	out(dev, UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC);
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR), LSR_EMPTY | UART_LSR_DR |
			UART_LSR_BI | UART_LSR_FE);
	KUNIT_EXPECT_EQ(test, in(dev, UART_RX), 0);
	/* A line that is held spacing carries nothing else. */
	out(dev, UART_LCR, UART_LCR_WLEN7 | UART_LCR_SBC);
	out(dev, UART_TX, 'a');
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR), LSR_EMPTY);
	out(dev, UART_LCR, UART_LCR_WLEN8);
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR), LSR_EMPTY);
	out(dev, UART_TX, 'a');
	KUNIT_EXPECT_EQ(test, in(dev, UART_RX), 'a');
}

static const struct modem_case {
	const char *name;
	u8 from;
	u8 to;
	u8 msr;
} modem_cases[] = {
	{ "nothing", 0x00, 0x00, 0x00 },
	{ "RTS drives CTS", 0x00, 0x02, 0x11 },
	{ "RTS falls", 0x02, 0x00, 0x01 },
	{ "DTR drives DSR and DCD", 0x00, 0x01, 0xaa },
	{ "DTR falls", 0x01, 0x00, 0x0a },
	{ "both", 0x00, 0x03, 0xbb },
	{ "no change", 0x03, 0x03, 0xb0 },
	{ "OUT1 and OUT2 are not on the plug", 0x00, 0x0c, 0x00 },
	{ "loop: RTS to CTS", 0x10, 0x12, 0x11 },
	{ "loop: DTR to DSR", 0x10, 0x11, 0x22 },
	{ "loop: OUT1 to RI, no delta", 0x10, 0x14, 0x40 },
	{ "loop: OUT1 falls: TERI", 0x14, 0x10, 0x04 },
	{ "loop: OUT2 to DCD", 0x10, 0x18, 0x88 },
	{ "loop: all", 0x10, 0x1f, 0xfb },
	{ "loop: all fall", 0x1f, 0x10, 0x0f },
	{ "into loop, DCD from DTR to OUT2", 0x01, 0x11, 0x28 },
	{ "out of loop", 0x18, 0x08, 0x08 },
};

KUNIT_ARRAY_PARAM_DESC(modem, modem_cases, name);

static void modem_lines_follow_with_deltas(struct kunit *test)
{
	const struct modem_case *c = test->param_value;
	struct softpci_device *dev = slow_mtty(test, 0);

	out(dev, UART_MCR, c->from);
	in(dev, UART_MSR);
	out(dev, UART_IER, UART_IER_MSI);
	out(dev, UART_MCR, c->to);
	KUNIT_EXPECT_EQ(test, interrupts(dev), !!(c->msr & 0x0f));
	KUNIT_EXPECT_EQ(test, in(dev, UART_MSR), c->msr);
	/* The deltas are gone by then, the lines are not. */
	KUNIT_EXPECT_FALSE(test, interrupts(dev));
	KUNIT_EXPECT_EQ(test, in(dev, UART_MSR), c->msr & 0xf0);
}

static void deltas_stay_until_they_are_read(struct kunit *test)
{
	struct softpci_device *dev = slow_mtty(test, 0);

	out(dev, UART_MCR, UART_MCR_RTS);
	out(dev, UART_MCR, 0);
	KUNIT_EXPECT_EQ(test, in(dev, UART_MSR), UART_MSR_DCTS);
	KUNIT_EXPECT_EQ(test, in(dev, UART_MSR), 0);
}

/* "Modem Control Register", bit 4 */
static void loop_mode_carries_data_and_no_break(struct kunit *test)
{
	struct softpci_device *dev = slow_mtty(test, 0);

	out(dev, UART_MCR, UART_MCR_LOOP);
	out(dev, UART_TX, 'a');
	KUNIT_EXPECT_EQ(test, in(dev, UART_RX), 'a');
	out(dev, UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC);
	KUNIT_EXPECT_EQ(test, in(dev, UART_LSR), LSR_EMPTY);
	out(dev, UART_TX, 'b');
	KUNIT_EXPECT_EQ(test, in(dev, UART_RX), 'b');
}

static void ports_do_not_know_of_each_other(struct kunit *test)
{
	struct softpci_device *dev = slow_mtty(test, 0);

	out_port(dev, 0, UART_SCR, 0x11);
	out_port(dev, 1, UART_SCR, 0x22);
	out_port(dev, 1, UART_IER, UART_IER_RDI);
	out_port(dev, 1, UART_TX, 'b');
	KUNIT_EXPECT_EQ(test, dev->irqs.level, BIT(1));
	KUNIT_EXPECT_EQ(test, in_port(dev, 0, UART_LSR), LSR_EMPTY);
	KUNIT_EXPECT_EQ(test, in_port(dev, 0, UART_IER), 0);
	KUNIT_EXPECT_EQ(test, in_port(dev, 0, UART_SCR), 0x11);
	KUNIT_EXPECT_EQ(test, in_port(dev, 1, UART_SCR), 0x22);

	out_port(dev, 0, UART_IER, UART_IER_RDI);
	out_port(dev, 0, UART_TX, 'a');
	KUNIT_EXPECT_EQ(test, dev->irqs.level, BIT(0) | BIT(1));
	KUNIT_EXPECT_EQ(test, in_port(dev, 1, UART_RX), 'b');
	KUNIT_EXPECT_EQ(test, dev->irqs.level, BIT(0));
	KUNIT_EXPECT_TRUE(test, interrupts(dev));
	KUNIT_EXPECT_EQ(test, in_port(dev, 0, UART_RX), 'a');
	KUNIT_EXPECT_FALSE(test, interrupts(dev));
}

static const struct mtty_case {
	const char *name;
	const struct softpci_model *model;
	unsigned int ports;
	u16 msi_flags;
} mtty_kunit_types[] = {
	{ "one port", &mtty_models[0], 1, 0x0180 },
	{ "two ports", &mtty_models[1], 2, 0x0182 },
};

KUNIT_ARRAY_PARAM_DESC(mtty, mtty_kunit_types, name);

static void card_has_a_bar_and_a_message_per_port(struct kunit *test)
{
	const struct mtty_case *c = test->param_value;
	struct softpci_device *dev;
	unsigned int bar;

	dev = kunit_device(test, c->model)->dev;
	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		KUNIT_EXPECT_EQ_MSG(test, kunit_size_bar(dev, bar),
				    bar < c->ports ? 0xfffffff9 : 0, "BAR %u",
				    bar);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, PCI_CLASS_REVISION, 4),
			0x07000210);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, PCI_INTERRUPT_PIN, 1), 1);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, 0x48, 1), PCI_CAP_ID_MSI);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, 0x4a, 2), c->msi_flags);
}

static struct kunit_case mtty_cases[] = {
	KUNIT_CASE(power_on_values),
	KUNIT_CASE(reset_leaves_nothing),
	KUNIT_CASE(divisor_latch_is_apart),
	KUNIT_CASE(registers_keep_the_bits_they_have),
	KUNIT_CASE(status_registers_take_no_writes),
	KUNIT_CASE(what_is_sent_is_received),
	KUNIT_CASE(short_words_lose_their_upper_bits),
	KUNIT_CASE(overrun_without_fifo_loses_the_older),
	KUNIT_CASE(fifo_holds_sixteen_and_loses_the_newest),
	KUNIT_CASE(fcr_clears_the_receiver),
	KUNIT_CASE_PARAM(receiver_interrupts_at_the_trigger_level,
			 trigger_gen_params),
	KUNIT_CASE(most_urgent_interrupt_comes_first),
	KUNIT_CASE_PARAM(enable_bits_choose_the_causes, cause_gen_params),
	KUNIT_CASE(empty_transmitter_interrupts_once),
	KUNIT_CASE(error_shows_at_the_head_of_the_fifo),
	KUNIT_CASE(break_is_one_character_however_long),
	KUNIT_CASE_PARAM(modem_lines_follow_with_deltas, modem_gen_params),
	KUNIT_CASE(deltas_stay_until_they_are_read),
	KUNIT_CASE(loop_mode_carries_data_and_no_break),
	KUNIT_CASE(ports_do_not_know_of_each_other),
	KUNIT_CASE_PARAM(card_has_a_bar_and_a_message_per_port,
			 mtty_gen_params),
	{}
};

static struct kunit_suite mtty_suite = {
	.name = "mtty",
	.test_cases = mtty_cases,
};

kunit_test_suite(mtty_suite);
