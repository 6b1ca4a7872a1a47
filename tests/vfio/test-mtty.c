// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 16550A of mtty by the data sheet (National PC16550D), with a plug on each
 * port: what is sent is received, RTS drives CTS, DTR drives DSR and DCD.
 */
#include "../lib/cases.h"
#include "../lib/irq.h"
#include "../lib/uart.h"

#define IIR_FIFOS	0xc0
#define IIR_CODE	0x3f	/* all but the FIFO bits: those in between read 0 */
#define IER_ALL		(UART_IER_RDI | UART_IER_THRI | UART_IER_RLSI | UART_IER_MSI)
#define LSR_IDLE	(UART_LSR_TEMT | UART_LSR_THRE)
#define SLOWEST		0xffff	/* divisor: the character time-out takes many seconds */

static u8 get(struct env *env, unsigned int reg)
{
	return uart_get(&env->dev, PORT_1, reg);
}

static void put(struct env *env, unsigned int reg, u8 val)
{
	uart_put(&env->dev, PORT_1, reg, val);
}

static void send(struct env *env, const char *bytes)
{
	uart_send(&env->dev, PORT_1, bytes, strlen(bytes));
}

static void expect_received(struct env *env, const char *bytes)
{
	for (; *bytes; bytes++) {
		check(get(env, UART_LSR) & UART_LSR_DR);
		check_eq(get(env, UART_RX), *bytes);
	}
	check_eq(get(env, UART_LSR) & UART_LSR_DR, 0);
}

static void set_divisor(struct env *env, u16 divisor)
{
	u8 lcr = get(env, UART_LCR);

	put(env, UART_LCR, lcr | UART_LCR_DLAB);
	put(env, UART_DLL, divisor);
	put(env, UART_DLM, divisor >> 8);
	put(env, UART_LCR, lcr);
}

/* 8N1, FIFOs on, so slow that no character time-out comes in between. */
static void setup(struct env *env, u8 trigger)
{
	uart_setup(&env->dev, PORT_1, trigger);
	set_divisor(env, SLOWEST);
}

static void setup_without_fifos(struct env *env)
{
	setup(env, UART_FCR_TRIGGER_1);
	put(env, UART_FCR, 0);
}

static unsigned int pending(struct env *env)
{
	return get(env, UART_IIR) & IIR_CODE;
}

static void power_on_values(struct env *env)
{
	unsigned int port;

	for (port = 0; port < env->model->nr_ports; port++) {
		note("port %u", port + 1);
		check_eq(uart_get(&env->dev, port, UART_IER), 0x00);
		check_eq(uart_get(&env->dev, port, UART_IIR), 0x01);
		check_eq(uart_get(&env->dev, port, UART_LCR), 0x00);
		check_eq(uart_get(&env->dev, port, UART_MCR), 0x00);
		check_eq(uart_get(&env->dev, port, UART_LSR), 0x60);
		check_eq(uart_get(&env->dev, port, UART_MSR), 0x00);
	}
}

static void registers_keep_the_bits_they_have(struct env *env)
{
	static const struct {
		unsigned int reg;
		u8 bits;
	} rows[] = {
		{ UART_IER, 0x0f }, { UART_LCR, 0x7f }, { UART_MCR, 0x1f }, { UART_SCR, 0xff },
	};
	unsigned int r, val;

	for (r = 0; r < ARRAY_SIZE(rows); r++)
		for (val = 0; val <= 0xff; val++) {
			if (rows[r].reg == UART_LCR && val & UART_LCR_DLAB)
				continue;
			note("%02x to register %u", val, rows[r].reg);
			put(env, rows[r].reg, val);
			check_eq(get(env, rows[r].reg), val & rows[r].bits);
		}
}

static void line_and_modem_status_take_no_writes(struct env *env)
{
	put(env, UART_LSR, 0xff);
	check_eq(get(env, UART_LSR), LSR_IDLE);
	put(env, UART_MSR, 0xff);
	check_eq(get(env, UART_MSR), 0);
}

static void divisor_latch_is_behind_dlab(struct env *env)
{
	put(env, UART_IER, UART_IER_RLSI);
	put(env, UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	put(env, UART_DLL, 0x55);
	put(env, UART_DLM, 0x0f);
	/* Each write replaces what was there. */
	put(env, UART_DLL, 0xaa);
	put(env, UART_DLM, 0xf0);
	check_eq(get(env, UART_DLL), 0xaa);
	check_eq(get(env, UART_DLM), 0xf0);
	check_eq(get(env, UART_LCR), UART_LCR_DLAB | UART_LCR_WLEN8);

	put(env, UART_LCR, UART_LCR_WLEN8);
	check_eq(get(env, UART_LSR) & UART_LSR_DR, 0);
	check_eq(get(env, UART_IER), UART_IER_RLSI);
	put(env, UART_IER, 0);
	put(env, UART_LCR, UART_LCR_DLAB);
	check_eq(get(env, UART_DLL), 0xaa);
	check_eq(get(env, UART_DLM), 0xf0);
}

static void what_is_sent_is_received(struct env *env)
{
	unsigned int val;

	setup(env, UART_FCR_TRIGGER_1);
	for (val = 0; val <= 0xff; val++) {
		note("character %02x", val);
		put(env, UART_TX, val);
		check_eq(get(env, UART_LSR), LSR_IDLE | UART_LSR_DR);
		check_eq(get(env, UART_RX), val);
		check_eq(get(env, UART_LSR), LSR_IDLE);
	}
}

static void a_word_has_five_to_eight_bits(struct env *env)
{
	unsigned int wls;

	for (wls = 0; wls <= 3; wls++) {
		note("%u bits", 5 + wls);
		put(env, UART_LCR, wls);
		put(env, UART_TX, 0xff);
		check_eq(get(env, UART_RX), 0xff >> (3 - wls));
	}
}

/* Head meets tail when it is full, and again when it has gone round. */
static void all_sixteen_bytes_of_the_fifo_are_there(struct env *env)
{
	setup(env, UART_FCR_TRIGGER_14);
	send(env, "0123456789abcdef");
	check_eq(get(env, UART_LSR), LSR_IDLE | UART_LSR_DR);
	expect_received(env, "0123456789abcdef");

	send(env, "0123456789");
	expect_received(env, "0123456789");
	send(env, "ABCDEFGHIJKLMNOP");
	expect_received(env, "ABCDEFGHIJKLMNOP");
}

static void the_seventeenth_byte_overruns(struct env *env)
{
	setup(env, UART_FCR_TRIGGER_14);
	send(env, "0123456789abcdefX");
	check_eq(get(env, UART_LSR), LSR_IDLE | UART_LSR_DR | UART_LSR_OE);
	check_eq(get(env, UART_LSR), LSR_IDLE | UART_LSR_DR);
	expect_received(env, "0123456789abcdef");
}

static void without_fifos_the_second_byte_overruns(struct env *env)
{
	setup_without_fifos(env);
	send(env, "1");
	expect_received(env, "1");
	send(env, "23");
	check_eq(get(env, UART_LSR), LSR_IDLE | UART_LSR_DR | UART_LSR_OE);
	/* It destroys the one that was not read. */
	expect_received(env, "3");
}

static void iir_shows_whether_there_are_fifos(struct env *env)
{
	check_eq(get(env, UART_IIR) & IIR_FIFOS, 0);
	put(env, UART_FCR, UART_FCR_ENABLE_FIFO);
	check_eq(get(env, UART_IIR) & IIR_FIFOS, IIR_FIFOS);
	put(env, UART_FCR, 0);
	check_eq(get(env, UART_IIR) & IIR_FIFOS, 0);
	/* The other bits are not programmed without the first. */
	put(env, UART_FCR, UART_FCR_TRIGGER_14 | UART_FCR_CLEAR_RCVR);
	check_eq(get(env, UART_IIR) & IIR_FIFOS, 0);
}

static void fifo_control_clears_the_receiver(struct env *env)
{
	static const u8 clear[] = {
		UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR, 0,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(clear); i++) {
		note("FCR %02x", clear[i]);
		setup(env, UART_FCR_TRIGGER_1);
		send(env, "gone");
		put(env, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_XMIT);
		check(get(env, UART_LSR) & UART_LSR_DR);
		put(env, UART_FCR, clear[i]);
		expect_received(env, "");
	}
	/* And so does switching them on. */
	send(env, "x");
	put(env, UART_FCR, UART_FCR_ENABLE_FIFO);
	expect_received(env, "");
}

static void data_is_announced_at_the_trigger_level(struct env *env)
{
	static const struct {
		u8 fcr;
		unsigned int level;
	} rows[] = {
		{ UART_FCR_TRIGGER_1, 1 }, { UART_FCR_TRIGGER_4, 4 },
		{ UART_FCR_TRIGGER_8, 8 }, { UART_FCR_TRIGGER_14, 14 },
	};
	unsigned int r, n;

	for (r = 0; r < ARRAY_SIZE(rows); r++) {
		setup(env, rows[r].fcr);
		put(env, UART_IER, UART_IER_RDI);
		for (n = 1; n <= UART_FIFO; n++) {
			note("level %u, %u received", rows[r].level, n);
			send(env, "x");
			check_eq(pending(env), n >= rows[r].level ? UART_IIR_RDI : UART_IIR_NO_INT);
		}
		for (n = UART_FIFO - 1; n > 0; n--) {
			note("level %u, %u left", rows[r].level, n);
			get(env, UART_RX);
			check_eq(pending(env), n >= rows[r].level ? UART_IIR_RDI : UART_IIR_NO_INT);
		}
	}
}

static void clearing_the_receiver_keeps_the_trigger_level(struct env *env)
{
	const u8 fcr = UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_8;

	setup(env, UART_FCR_TRIGGER_1);
	put(env, UART_IER, UART_IER_RDI);
	put(env, UART_FCR, fcr);
	put(env, UART_FCR, fcr | UART_FCR_CLEAR_RCVR | UART_FCR_CLEAR_XMIT);
	send(env, "1234567");
	check_eq(pending(env), UART_IIR_NO_INT);
	send(env, "8");
	check_eq(pending(env), UART_IIR_RDI);
}

static void without_fifos_each_byte_is_announced(struct env *env)
{
	setup_without_fifos(env);
	put(env, UART_IER, UART_IER_RDI);
	send(env, "x");
	check_eq(pending(env), UART_IIR_RDI);
	get(env, UART_RX);
	check_eq(pending(env), UART_IIR_NO_INT);
}

/* The time counts from the last arrival or read, and the divisor then. */
static void characters_that_wait_time_out(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, INTX, 1, &event);
	uart_setup(&env->dev, PORT_1, UART_FCR_TRIGGER_14);
	put(env, UART_IER, UART_IER_RDI);
	send(env, "abc");
	event_wait(event);
	check_eq(pending(env), UART_IIR_RX_TIMEOUT);

	/* Only a read takes it away, not another arrival. */
	set_divisor(env, SLOWEST);
	send(env, "d");
	check_eq(pending(env), UART_IIR_RX_TIMEOUT);
	check_eq(get(env, UART_RX), 'a');
	check_eq(pending(env), UART_IIR_NO_INT);
	irq_do(&env->dev, INTX, UNMASK, 0);
	check_eq(event_take(event), 0);

	set_divisor(env, 1);
	check_eq(get(env, UART_RX), 'b');
	event_wait(event);
	check_eq(pending(env), UART_IIR_RX_TIMEOUT);
	expect_received(env, "cd");
	check_eq(pending(env), UART_IIR_NO_INT);
}

/* The order of urgency, and the access that clears each of the five. */
static void interrupts_are_identified_by_priority(struct env *env)
{
	setup(env, UART_FCR_TRIGGER_14);
	put(env, UART_MCR, UART_MCR_LOOP | UART_MCR_RTS);
	send(env, "0123456789abcdefX");
	put(env, UART_IER, IER_ALL);

	check_eq(pending(env), UART_IIR_RLSI);
	check_eq(pending(env), UART_IIR_RLSI);
	get(env, UART_LSR);
	check_eq(pending(env), UART_IIR_RDI);
	check_eq(pending(env), UART_IIR_RDI);
	expect_received(env, "0123456789abcdef");
	check_eq(pending(env), UART_IIR_THRI);
	/* Reading it took that one away. */
	check_eq(pending(env), UART_IIR_MSI);
	check_eq(pending(env), UART_IIR_MSI);
	get(env, UART_MSR);
	check_eq(pending(env), UART_IIR_NO_INT);
}

static void causes_that_are_not_enabled_are_not_pending(struct env *env)
{
	setup(env, UART_FCR_TRIGGER_1);
	put(env, UART_MCR, UART_MCR_LOOP | UART_MCR_RTS);
	send(env, "0123456789abcdefX");
	check_eq(pending(env), UART_IIR_NO_INT);
	put(env, UART_IER, UART_IER_MSI);
	check_eq(pending(env), UART_IIR_MSI);
	put(env, UART_IER, UART_IER_RDI);
	check_eq(pending(env), UART_IIR_RDI);
	put(env, UART_IER, UART_IER_RLSI);
	check_eq(pending(env), UART_IIR_RLSI);
	put(env, UART_IER, 0);
	check_eq(pending(env), UART_IIR_NO_INT);
}

static void an_empty_transmitter_is_told_once(struct env *env)
{
	setup(env, UART_FCR_TRIGGER_14);
	put(env, UART_IER, UART_IER_THRI);
	check_eq(pending(env), UART_IIR_THRI);
	check_eq(pending(env), UART_IIR_NO_INT);
	/* It is empty again at once. */
	send(env, "x");
	check_eq(pending(env), UART_IIR_THRI);
	check_eq(pending(env), UART_IIR_NO_INT);
	/* 8250 drivers rely on this to get going. */
	put(env, UART_IER, 0);
	put(env, UART_IER, UART_IER_THRI);
	check_eq(pending(env), UART_IIR_THRI);
}

static void an_identification_takes_away_only_what_it_names(struct env *env)
{
	setup(env, UART_FCR_TRIGGER_1);
	put(env, UART_IER, UART_IER_THRI | UART_IER_RDI);
	send(env, "x");
	check_eq(pending(env), UART_IIR_RDI);
	check_eq(pending(env), UART_IIR_RDI);
	get(env, UART_RX);
	check_eq(pending(env), UART_IIR_THRI);
}

/* Each cause raises INTx, and the access that clears it lowers INTx. */
static void each_cause_asks_for_service(struct env *env)
{
	static const struct {
		u8 ier;
		unsigned int cause_reg, cause, clear_reg;
	} rows[] = {
		{ UART_IER_RDI, UART_TX, 'x', UART_RX },
		{ UART_IER_THRI, UART_TX, 'x', UART_IIR },
		{ UART_IER_RLSI, UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC, UART_LSR },
		{ UART_IER_MSI, UART_MCR, UART_MCR_RTS, UART_MSR },
	};
	unsigned int r;
	s32 event;

	irq_enable(&env->dev, INTX, 1, &event);
	for (r = 0; r < ARRAY_SIZE(rows); r++) {
		note("IER %02x", rows[r].ier);
		setup(env, UART_FCR_TRIGGER_1);
		put(env, UART_IER, rows[r].ier);
		get(env, UART_IIR);
		irq_do(&env->dev, INTX, UNMASK, 0);
		event_take(event);

		put(env, rows[r].cause_reg, rows[r].cause);
		check_eq(event_take(event), 1);
		check(config_get(&env->dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
		get(env, rows[r].clear_reg);
		check_eq(config_get(&env->dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, 0);
		irq_do(&env->dev, INTX, UNMASK, 0);
		check_eq(event_take(event), 0);
		put(env, UART_IER, 0);
	}
}

static u8 modem_inputs(u8 mcr)
{
	u8 msr = 0;

	if (mcr & UART_MCR_RTS)
		msr |= UART_MSR_CTS;
	if (mcr & UART_MCR_DTR)
		msr |= UART_MSR_DSR;
	if (mcr & UART_MCR_LOOP) {
		if (mcr & UART_MCR_OUT1)
			msr |= UART_MSR_RI;
		if (mcr & UART_MCR_OUT2)
			msr |= UART_MSR_DCD;
	} else if (mcr & UART_MCR_DTR) {
		msr |= UART_MSR_DCD;
	}
	return msr;
}

/* Changes since the last read; of the ring indicator only its end. */
static u8 modem_deltas(u8 from, u8 to)
{
	u8 changed = (from ^ to) >> 4;

	return (changed & (UART_MSR_DCTS | UART_MSR_DDSR | UART_MSR_DDCD)) |
	       ((from & ~to & UART_MSR_RI) >> 4);
}

static void expect_modem_lines(struct env *env, u8 loop)
{
	unsigned int from, to;

	for (from = 0; from < 16; from++)
		for (to = 0; to < 16; to++) {
			u8 before = modem_inputs(from | loop), now = modem_inputs(to | loop);

			note("MCR %02x, then %02x", from | loop, to | loop);
			put(env, UART_MCR, from | loop);
			get(env, UART_MSR);
			put(env, UART_MCR, to | loop);
			check_eq(get(env, UART_MSR), now | modem_deltas(before, now));
			check_eq(get(env, UART_MSR), now);
		}
}

static void the_plug_wires_the_modem_lines(struct env *env)
{
	expect_modem_lines(env, 0);
}

static void the_loop_bit_wires_the_modem_lines(struct env *env)
{
	expect_modem_lines(env, UART_MCR_LOOP);
}

static void deltas_add_up_until_they_are_read(struct env *env)
{
	put(env, UART_MCR, UART_MCR_LOOP);
	get(env, UART_MSR);
	put(env, UART_MCR, UART_MCR_LOOP | UART_MCR_RTS | UART_MCR_OUT1);
	put(env, UART_MCR, UART_MCR_LOOP);
	check_eq(get(env, UART_MSR), UART_MSR_DCTS | UART_MSR_TERI);
	check_eq(get(env, UART_MSR), 0);
}

static void the_loop_bit_loops_data(struct env *env)
{
	setup(env, UART_FCR_TRIGGER_1);
	put(env, UART_MCR, UART_MCR_LOOP);
	send(env, "inside");
	expect_received(env, "inside");
}

/* However long it is: one character, all zero, with the break bit. */
static void a_break_is_one_zero_character(struct env *env)
{
	unsigned int i;

	setup(env, UART_FCR_TRIGGER_1);
	for (i = 0; i < 2; i++) {
		u8 lsr;

		put(env, UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC);
		put(env, UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC);
		lsr = get(env, UART_LSR);
		check(lsr & UART_LSR_BI);
		check(lsr & UART_LSR_DR);
		check(lsr & UART_LSR_FIFOE);
		/* Told once, and the character is still there. */
		check_eq(get(env, UART_LSR), LSR_IDLE | UART_LSR_DR);
		check_eq(get(env, UART_RX), 0);
		check_eq(get(env, UART_LSR), LSR_IDLE);
		put(env, UART_LCR, UART_LCR_WLEN8);
	}
	send(env, "after");
	expect_received(env, "after");
}

/* The loop is inside: a break goes out when it is opened. */
static void a_break_waits_for_the_loop_to_end(struct env *env)
{
	setup(env, UART_FCR_TRIGGER_1);
	put(env, UART_MCR, UART_MCR_LOOP);
	put(env, UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC);
	expect_received(env, "");
	put(env, UART_MCR, 0);
	check(get(env, UART_LSR) & UART_LSR_BI);
	check_eq(get(env, UART_RX), 0);
}

/* An error shows when its character is the next to be read, bit 7 before that. */
static void an_error_belongs_to_its_character(struct env *env)
{
	u8 lsr;

	setup(env, UART_FCR_TRIGGER_1);
	send(env, "A");
	put(env, UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC);
	put(env, UART_LCR, UART_LCR_WLEN8);
	send(env, "B");
	check_eq(get(env, UART_LSR), LSR_IDLE | UART_LSR_DR | UART_LSR_FIFOE);
	check_eq(get(env, UART_RX), 'A');
	lsr = get(env, UART_LSR);
	check(lsr & UART_LSR_BI);
	check(lsr & UART_LSR_FIFOE);
	check_eq(get(env, UART_RX), 0);
	expect_received(env, "B");
}

/* A break that is not the next to be read is no interrupt yet. */
static void an_error_interrupts_when_its_turn_comes(struct env *env)
{
	setup(env, UART_FCR_TRIGGER_14);
	put(env, UART_IER, UART_IER_RLSI);
	send(env, "A");
	put(env, UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC);
	check_eq(pending(env), UART_IIR_NO_INT);
	get(env, UART_RX);
	check_eq(pending(env), UART_IIR_RLSI);
	get(env, UART_LSR);
	check_eq(pending(env), UART_IIR_NO_INT);
}

static void wide_accesses_are_taken_apart(struct env *env)
{
	u8 regs[UART_REGS];

	setup(env, UART_FCR_TRIGGER_1);
	put(env, UART_SCR, 0x5a);
	put(env, UART_MCR, UART_MCR_DTR);
	get(env, UART_MSR);
	send(env, "x");

	check_eq(reg_get(&env->dev, PORT_1, UART_LCR, 2), UART_MCR_DTR << 8 | UART_LCR_WLEN8);
	region_read(&env->dev, PORT_1, 0, regs, sizeof(regs));
	check_eq(regs[UART_RX], 'x');
	check_eq(regs[UART_IIR], IIR_FIFOS | UART_IIR_NO_INT);
	check_eq(regs[UART_LSR], LSR_IDLE);
	check_eq(regs[UART_MSR], UART_MSR_DSR | UART_MSR_DCD);
	check_eq(regs[UART_SCR], 0x5a);

	reg_put(&env->dev, PORT_1, UART_LCR, 4, 0xffff0000 | UART_MCR_RTS << 8 | UART_LCR_WLEN7);
	check_eq(get(env, UART_LCR), UART_LCR_WLEN7);
	check_eq(get(env, UART_MCR), UART_MCR_RTS);
}

static void ports_do_not_share_a_register(struct env *env)
{
	struct vfio *v = &env->dev;

	uart_setup(v, PORT_1, UART_FCR_TRIGGER_1);
	uart_put(v, PORT_1, UART_SCR, 0x11);
	uart_put(v, PORT_2, UART_SCR, 0x22);
	uart_put(v, PORT_1, UART_MCR, UART_MCR_RTS);
	uart_put(v, PORT_1, UART_IER, UART_IER_RLSI);
	check_eq(uart_get(v, PORT_1, UART_SCR), 0x11);
	check_eq(uart_get(v, PORT_2, UART_SCR), 0x22);
	check_eq(uart_get(v, PORT_2, UART_LCR), 0);
	check_eq(uart_get(v, PORT_2, UART_MCR), 0);
	check_eq(uart_get(v, PORT_2, UART_MSR), 0);
	check_eq(uart_get(v, PORT_2, UART_IER), 0);
	check_eq(uart_get(v, PORT_2, UART_IIR), UART_IIR_NO_INT);

	uart_setup(v, PORT_2, UART_FCR_TRIGGER_14);
	uart_send(v, PORT_1, "one", 3);
	uart_send(v, PORT_2, "II", 2);
	check_eq(uart_get(v, PORT_2, UART_RX), 'I');
	check_eq(uart_get(v, PORT_1, UART_RX), 'o');
	uart_put(v, PORT_2, UART_FCR, 0);
	check_eq(uart_get(v, PORT_2, UART_LSR) & UART_LSR_DR, 0);
	check_eq(uart_get(v, PORT_1, UART_RX), 'n');
}

const struct test_case cases[] = {
	CASE(power_on_values, MTTY | ONE_DOOR),
	CASE(registers_keep_the_bits_they_have, MTTY | ONE_DOOR),
	CASE(line_and_modem_status_take_no_writes, MTTY | ONE_DOOR),
	CASE(divisor_latch_is_behind_dlab, MTTY | ONE_DOOR),
	CASE(what_is_sent_is_received, MTTY | ONE_DOOR),
	CASE(a_word_has_five_to_eight_bits, MTTY | ONE_DOOR),
	CASE(all_sixteen_bytes_of_the_fifo_are_there, MTTY | ONE_DOOR),
	CASE(the_seventeenth_byte_overruns, MTTY | ONE_DOOR),
	CASE(without_fifos_the_second_byte_overruns, MTTY | ONE_DOOR),
	CASE(iir_shows_whether_there_are_fifos, MTTY | ONE_DOOR),
	CASE(fifo_control_clears_the_receiver, MTTY | ONE_DOOR),
	CASE(data_is_announced_at_the_trigger_level, MTTY | ONE_DOOR),
	CASE(clearing_the_receiver_keeps_the_trigger_level, MTTY | ONE_DOOR),
	CASE(without_fifos_each_byte_is_announced, MTTY | ONE_DOOR),
	CASE(characters_that_wait_time_out, MTTY | ONE_DOOR),
	CASE(interrupts_are_identified_by_priority, MTTY | ONE_DOOR),
	CASE(causes_that_are_not_enabled_are_not_pending, MTTY | ONE_DOOR),
	CASE(an_empty_transmitter_is_told_once, MTTY | ONE_DOOR),
	CASE(an_identification_takes_away_only_what_it_names, MTTY | ONE_DOOR),
	CASE(each_cause_asks_for_service, MTTY | ONE_DOOR),
	CASE(the_plug_wires_the_modem_lines, MTTY | ONE_DOOR),
	CASE(the_loop_bit_wires_the_modem_lines, MTTY | ONE_DOOR),
	CASE(deltas_add_up_until_they_are_read, MTTY | ONE_DOOR),
	CASE(the_loop_bit_loops_data, MTTY | ONE_DOOR),
	CASE(a_break_is_one_zero_character, MTTY | ONE_DOOR),
	CASE(a_break_waits_for_the_loop_to_end, MTTY | ONE_DOOR),
	CASE(an_error_belongs_to_its_character, MTTY | ONE_DOOR),
	CASE(an_error_interrupts_when_its_turn_comes, MTTY | ONE_DOOR),
	CASE(wide_accesses_are_taken_apart, MTTY | ONE_DOOR),
	CASE(ports_do_not_share_a_register, MTTY_2 | ONE_DOOR),
	{}
};
