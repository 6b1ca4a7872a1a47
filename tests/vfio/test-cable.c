// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports of mtty that are connected, crossed or by a null-modem cable: data
 * and lines from one to the other, and their end when one of them goes.
 */
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/irq.h"
#include "../lib/line.h"
#include "../lib/quiet.h"
#include "../lib/wire.h"

#define MSR_LINES	(UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD)
#define MSR_DELTAS	(UART_MSR_DCTS | UART_MSR_DDSR | UART_MSR_DDCD)
#define MCR_OUTPUTS	(UART_MCR_RTS | UART_MCR_DTR)

static void what_is_sent_comes_out_at_the_other_end(struct env *env)
{
	struct line l = LINES(env);
	unsigned int val;

	while (line_next(&l))
		for (val = 0; val <= 0xff; val++) {
			end_put(&l.end[0], UART_TX, val);
			check_eq(end_get(&l.end[0], UART_LSR), LSR_IDLE);
			check_eq(end_get(&l.end[1], UART_LSR), LSR_IDLE | UART_LSR_DR);
			check_eq(end_get(&l.end[1], UART_RX), val);
			check_eq(end_get(&l.end[1], UART_LSR), LSR_IDLE);
		}
}

static void both_ends_can_send_at_once(struct env *env)
{
	struct line l = LINES(env);

	while (line_next(&l)) {
		end_send(&l.end[0], "there");
		end_send(&l.end[1], "and back");
		end_expect(&l.end[1], "there");
		end_expect(&l.end[0], "and back");
	}
}

/* RTS to CTS, DTR to DSR and DCD, and back to oneself nothing. */
static u8 far_inputs(u8 mcr)
{
	return (mcr & UART_MCR_RTS ? UART_MSR_CTS : 0) |
	       (mcr & UART_MCR_DTR ? UART_MSR_DSR | UART_MSR_DCD : 0);
}

static void modem_lines_are_crossed(struct env *env)
{
	struct line l = LINES(env);
	unsigned int from, to;

	while (line_next(&l)) {
		for (from = 0; from < 16; from++)
			for (to = 0; to < 16; to++) {
				u8 before = far_inputs(from), now = far_inputs(to);

				end_put(&l.end[0], UART_MCR, from);
				end_get(&l.end[1], UART_MSR);
				end_put(&l.end[0], UART_MCR, to);
				check_eq(end_get(&l.end[1], UART_MSR), now | (before ^ now) >> 4);
				check_eq(end_get(&l.end[1], UART_MSR), now);
				check_eq(end_get(&l.end[0], UART_MSR), 0);
			}
		end_put(&l.end[0], UART_MCR, 0);
		end_get(&l.end[1], UART_MSR);
	}
}

static void both_directions_have_lines_of_their_own(struct env *env)
{
	struct line l = LINES(env);

	while (line_next(&l)) {
		end_put(&l.end[0], UART_MCR, UART_MCR_RTS);
		end_put(&l.end[1], UART_MCR, UART_MCR_DTR);
		check_eq(end_get(&l.end[1], UART_MSR), UART_MSR_CTS | UART_MSR_DCTS);
		check_eq(end_get(&l.end[0], UART_MSR), UART_MSR_DSR | UART_MSR_DCD | UART_MSR_DDSR |
			 UART_MSR_DDCD);
		end_put(&l.end[0], UART_MCR, 0);
		end_put(&l.end[1], UART_MCR, 0);
		end_get(&l.end[0], UART_MSR);
		end_get(&l.end[1], UART_MSR);
	}
}

/* Though the other end did not look meanwhile. */
static void a_line_that_came_and_went_has_changed(struct env *env)
{
	struct line l = LINES(env);

	while (line_next(&l)) {
		end_put(&l.end[0], UART_MCR, UART_MCR_RTS);
		end_put(&l.end[0], UART_MCR, 0);
		check_eq(end_get(&l.end[1], UART_MSR), UART_MSR_DCTS);
		end_put(&l.end[0], UART_MCR, MCR_OUTPUTS);
		end_get(&l.end[1], UART_MSR);
		end_put(&l.end[0], UART_MCR, UART_MCR_RTS);
		end_put(&l.end[0], UART_MCR, MCR_OUTPUTS);
		check_eq(end_get(&l.end[1], UART_MSR), MSR_LINES | UART_MSR_DDSR | UART_MSR_DDCD);
		end_put(&l.end[0], UART_MCR, 0);
		end_get(&l.end[1], UART_MSR);
	}
}

static void a_break_is_seen_at_the_other_end(struct env *env)
{
	struct line l = LINES(env);
	u8 lsr;

	while (line_next(&l)) {
		end_put(&l.end[0], UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC);
		check_eq(end_get(&l.end[0], UART_LSR), LSR_IDLE);
		lsr = end_get(&l.end[1], UART_LSR);
		check_eq(lsr & (UART_LSR_BI | UART_LSR_DR), UART_LSR_BI | UART_LSR_DR);
		check_eq(end_get(&l.end[1], UART_RX), 0);
		check_eq(end_get(&l.end[1], UART_LSR), LSR_IDLE);
		end_put(&l.end[0], UART_LCR, UART_LCR_WLEN8);
		end_send(&l.end[0], "after");
		end_expect(&l.end[1], "after");
	}
}

/*
 * Linux looks for a National SuperIO chip by the bank register behind LCR, when its
 * 8250 driver starts or is asked to ("setserial autoconfig").  A break would arm SysRq
 * at the other end.
 */
static void the_probe_for_a_superio_chip_is_no_break(struct env *env)
{
	static const struct {
		unsigned int reg;
		u8 val;
	} steps[] = {
		{ UART_LCR, 0x80 }, { UART_LCR, 0xbf }, { UART_LCR, 0 }, { UART_LCR, 0xe0 },
		{ UART_LCR, 0 }, { UART_MCR, UART_MCR_LOOP }, { UART_LCR, 0xe0 },
		{ UART_LCR, 0 }, { UART_MCR, 0 }, { UART_LCR, 0xe0 }, { UART_LCR, 0 },
	};
	struct line l = LINES(env);
	unsigned int i;

	while (line_next(&l)) {
		for (i = 0; i < ARRAY_SIZE(steps); i++) {
			note("step %u", i);
			end_put(&l.end[0], steps[i].reg, steps[i].val);
			end_get(&l.end[0], UART_IIR);
			check_eq(end_get(&l.end[1], UART_LSR), LSR_IDLE);
		}
		line_setup(&l);
		end_send(&l.end[0], "after");
		end_expect(&l.end[1], "after");
	}
}

/*
 * "Modem Control Register", bit 4: the output marks, the input is disconnected, RTS
 * and DTR are inactive.
 */
static void a_port_in_loop_back_mode_is_cut_off(struct env *env)
{
	struct line l = LINES(env);

	while (line_next(&l)) {
		end_put(&l.end[0], UART_MCR, MCR_OUTPUTS);
		check_eq(end_get(&l.end[1], UART_MSR), MSR_LINES | MSR_DELTAS);
		end_put(&l.end[0], UART_MCR, UART_MCR_LOOP | MCR_OUTPUTS);
		check_eq(end_get(&l.end[1], UART_MSR), MSR_DELTAS);

		end_send(&l.end[0], "inside");
		end_expect(&l.end[1], "");
		end_send(&l.end[1], "outside");
		check_eq(end_get(&l.end[1], UART_LSR), LSR_IDLE);
		end_expect(&l.end[0], "inside");
		end_put(&l.end[1], UART_MCR, MCR_OUTPUTS);
		check_eq(end_get(&l.end[0], UART_MSR) & (UART_MSR_DDCD | UART_MSR_DCD), 0);

		end_put(&l.end[0], UART_MCR, 0);
		end_put(&l.end[1], UART_MCR, 0);
		end_send(&l.end[1], "again");
		end_expect(&l.end[0], "again");
		end_get(&l.end[0], UART_MSR);
		end_get(&l.end[1], UART_MSR);
	}
}

/*
 * Interrupts at the other end: all three kinds that something from outside causes.
 */
static void raise_from_outside(struct line *l, s32 event, bool intx)
{
	static const struct {
		u8 ier;
		unsigned int cause_reg, cause, clear_reg, iir;
	} rows[] = {
		{ UART_IER_RDI, UART_TX, 'x', UART_RX, UART_IIR_RDI },
		{ UART_IER_MSI, UART_MCR, UART_MCR_RTS, UART_MSR, UART_IIR_MSI },
		{ UART_IER_RLSI, UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC, UART_LSR, UART_IIR_RLSI },
	};
	unsigned int r;

	for (r = 0; r < ARRAY_SIZE(rows); r++) {
		end_put(&l->end[1], UART_IER, rows[r].ier);
		check_eq(event_take(event), 0);
		end_put(&l->end[0], rows[r].cause_reg, rows[r].cause);
		event_wait(event);
		check_eq(end_get(&l->end[1], UART_IIR) & 0x3f, rows[r].iir);
		end_get(&l->end[1], rows[r].clear_reg);
		check_eq(end_get(&l->end[1], UART_IIR) & 0x3f, UART_IIR_NO_INT);
		if (intx)
			irq_do(&l->end[1].env->dev, INTX, UNMASK, 0);
		check_eq(event_take(event), 0);
		end_put(&l->end[1], UART_IER, 0);
		end_put(&l->end[0], UART_MCR, 0);
		end_get(&l->end[1], UART_MSR);
	}
	end_put(&l->end[0], UART_LCR, UART_LCR_WLEN8);
	end_get(&l->end[1], UART_RX);
}

static void the_other_end_is_interrupted_by_intx(struct env *env)
{
	struct line l = LINES(env);
	s32 event;

	while (line_next(&l)) {
		irq_enable(&l.end[1].env->dev, INTX, 1, &event);
		raise_from_outside(&l, event, true);
		irq_disable(&l.end[1].env->dev, INTX);
		close(event);
	}
}

static void the_other_end_is_interrupted_by_msi(struct env *env)
{
	struct line l = LINES(env);
	s32 events[2];

	while (line_next(&l)) {
		irq_enable(&l.end[1].env->dev, MSI, l.end[1].env->model->nr_ports, events);
		raise_from_outside(&l, events[l.end[1].port], false);
		irq_disable(&l.end[1].env->dev, MSI);
	}
}

/*
 * Sends until there is no room any more.  The other end looks meanwhile: what is on
 * its way has arrived then, and cannot make room later.
 */
static unsigned int fill(const struct line *l)
{
	unsigned int sent = 0;

	while (end_get(&l->end[0], UART_LSR) & UART_LSR_THRE) {
		/* More than there are places on the way. */
		check(sent < 100);
		end_put(&l->end[0], UART_TX, sent++);
		end_get(&l->end[1], UART_LSR);
	}
	return sent;
}

/* A connected port does not overrun the other, if that has a FIFO. */
static void a_full_receiver_makes_the_sender_wait(struct env *env)
{
	struct line l = LINES(env);
	unsigned int sent, received;

	while (line_next(&l)) {
		sent = fill(&l);
		check(sent > UART_FIFO);
		check_eq(end_get(&l.end[0], UART_LSR), 0);
		check_eq(end_get(&l.end[1], UART_LSR), LSR_IDLE | UART_LSR_DR);
		check_eq(end_get(&l.end[0], UART_LSR), 0);

		for (received = 0; received < sent; received++) {
			check_eq(end_get(&l.end[1], UART_LSR), LSR_IDLE | UART_LSR_DR);
			check_eq(end_get(&l.end[1], UART_RX), received);
			/* The waiting sender fills the free place. */
			end_get(&l.end[0], UART_LSR);
		}
		check_eq(end_get(&l.end[1], UART_LSR), LSR_IDLE);
		check_eq(end_get(&l.end[0], UART_LSR), LSR_IDLE);
	}
}

static unsigned int fill_and_ask(const struct line *l, s32 *event)
{
	unsigned int sent = fill(l);

	irq_enable(&l->end[0].env->dev, MSI, 1, event);
	end_put(&l->end[0], UART_IER, UART_IER_THRI);
	check_eq(event_take(*event), 0);
	return sent;
}

static bool has_room_to_send(void *arg)
{
	return end_get(arg, UART_LSR) & UART_LSR_THRE;
}

/* The first sixteen are there, and that more were lost is told. */
static void expect_overrun(const struct end *end)
{
	unsigned int i;

	check_eq(end_get(end, UART_LSR), LSR_IDLE | UART_LSR_DR | UART_LSR_OE);
	for (i = 0; i < UART_FIFO; i++)
		check_eq(end_get(end, UART_RX), i);
	/* Over a cable some were on their way. */
	while (end_get(end, UART_LSR) & UART_LSR_DR)
		check_eq(end_get(end, UART_RX), i++);
}

/* A console that prints by polling, as Linux' and FreeBSD's do; no program reads. */
static void a_sender_that_polls_does_not_wait_for_ever(struct env *env)
{
	struct line l = LINES(env);
	unsigned int i;

	while (line_next(&l)) {
		end_put(&l.end[0], UART_FCR, UART_FCR_ENABLE_FIFO);
		/* One that waits for each of these again, does not come to an end. */
		for (i = 0; i < 200; i++) {
			note("character %u", i);
			check(retry(has_room_to_send, &l.end[0]));
			end_put(&l.end[0], UART_TX, i);
		}
		check_eq(end_get(&l.end[0], UART_LSR), LSR_IDLE);
		check_quiet();
		expect_overrun(&l.end[1]);

		/* There is room again, and as much is waited for as before. */
		end_send(&l.end[0], "again");
		end_expect(&l.end[1], "again");
		fill(&l);
		check_eq(end_get(&l.end[0], UART_LSR), 0);
		while (end_get(&l.end[1], UART_LSR) & UART_LSR_DR) {
			end_get(&l.end[1], UART_RX);
			end_get(&l.end[0], UART_LSR);
		}
	}
}

/* Neither port is accessed meanwhile: it is the clock that ends it. */
static void a_sender_that_sleeps_does_not_wait_for_ever(struct env *env)
{
	struct line l = LINES(env);
	s32 event;

	while (line_next(&l)) {
		fill_and_ask(&l, &event);
		event_wait(event);
		check_eq(end_get(&l.end[0], UART_LSR), LSR_IDLE);
		expect_overrun(&l.end[1]);
		end_put(&l.end[0], UART_IER, 0);
		irq_disable(&l.end[0].env->dev, MSI);
		close(event);
	}
}

/* Both directions are full, and neither end reads. */
static void ports_that_wait_for_one_another_are_quiet(struct env *env)
{
	struct line l = LINES(env);
	struct line back;
	unsigned int i;

	while (line_next(&l)) {
		back = (struct line){ .end = { l.end[1], l.end[0] } };
		fill(&l);
		fill(&back);
		for (i = 0; i < 2; i++)
			end_send(&l.end[i], "and some more than there is room for");
		check_quiet();
	}
}

static void without_a_fifo_the_receiver_overruns(struct env *env)
{
	struct line l = LINES(env);

	while (line_next(&l)) {
		end_put(&l.end[1], UART_FCR, 0);
		end_send(&l.end[0], "123");
		check_eq(end_get(&l.end[0], UART_LSR), LSR_IDLE);
		check_eq(end_get(&l.end[1], UART_LSR), LSR_IDLE | UART_LSR_DR | UART_LSR_OE);
		end_expect(&l.end[1], "3");
	}
}

/* One end of a conversation by polling: as much as there is room for, as drivers do. */
#define TALK	4096

struct talk {
	const struct end *end;
	unsigned int sent, received;
	unsigned int seed;
};

static u8 talk_byte(unsigned int seed, unsigned int i)
{
	return (i * 167 + seed) ^ i >> 8;
}

static void talk(struct talk *t, const struct talk *other)
{
	u8 lsr = end_get(t->end, UART_LSR);
	unsigned int room = lsr & UART_LSR_THRE ? UART_FIFO : 0;

	check_eq(lsr & LSR_ERRORS, 0);
	while (room-- && t->sent < TALK) {
		end_put(t->end, UART_TX, talk_byte(t->seed, t->sent));
		t->sent++;
	}
	/* Not all that there is, each time: so both have to wait at times. */
	for (room = t->sent % 23; room && end_get(t->end, UART_LSR) & UART_LSR_DR; room--) {
		check_eq(end_get(t->end, UART_RX), talk_byte(other->seed, t->received));
		t->received++;
	}
	if (t->sent == TALK && end_get(t->end, UART_LSR) & UART_LSR_DR) {
		check_eq(end_get(t->end, UART_RX), talk_byte(other->seed, t->received));
		t->received++;
	}
}

static void nothing_is_lost_however_much_is_sent(struct env *env)
{
	struct line l = LINES(env);
	unsigned int rounds;

	while (line_next(&l)) {
		struct talk a = { .end = &l.end[0], .seed = 1 }, b = { &l.end[1], .seed = 2 };

		for (rounds = 0; a.received < TALK || b.received < TALK; rounds++) {
			check(rounds < 10 * TALK);
			talk(&a, &b);
			talk(&b, &a);
		}
		check_eq(a.sent, TALK);
		check_eq(b.sent, TALK);
		check_eq(end_get(&l.end[0], UART_LSR), LSR_IDLE);
		check_eq(end_get(&l.end[1], UART_LSR), LSR_IDLE);
	}
}

struct draining {
	const struct end *end;
	unsigned int received, want;
};

static bool drained(void *arg)
{
	struct draining *d = arg;

	while (end_get(d->end, UART_LSR) & UART_LSR_DR) {
		check_eq(end_get(d->end, UART_RX), d->received);
		d->received++;
	}
	return d->received == d->want;
}

static void a_sender_that_waited_is_told(struct env *env)
{
	struct line l = LINES(env);
	struct draining d;
	s32 event;

	while (line_next(&l)) {
		d = (struct draining){ &l.end[1], .want = fill_and_ask(&l, &event) };
		/* The sender's registers are not accessed meanwhile. */
		check(retry(drained, &d));
		event_wait(event);
		check_eq(end_get(&l.end[0], UART_LSR), LSR_IDLE);
		end_put(&l.end[0], UART_IER, 0);
		irq_disable(&l.end[0].env->dev, MSI);
		close(event);
	}
}

/* The receiver gets nothing more: the rest of the sender's data is lost. */
static void a_sender_does_not_wait_for_a_port_in_loop_back_mode(struct env *env)
{
	struct line l = LINES(env);
	unsigned int i;
	s32 event;

	while (line_next(&l)) {
		fill_and_ask(&l, &event);
		end_put(&l.end[1], UART_MCR, UART_MCR_LOOP);
		event_wait(event);
		check_eq(end_get(&l.end[0], UART_LSR), LSR_IDLE);
		for (i = 0; i < UART_FIFO; i++)
			check_eq(end_get(&l.end[1], UART_RX), i);
		end_expect(&l.end[1], "");
		end_put(&l.end[1], UART_MCR, 0);
		end_put(&l.end[0], UART_IER, 0);
		irq_disable(&l.end[0].env->dev, MSI);
		close(event);
	}
}

/* A break waits for room at the other end, and the port is put into loop-back mode. */
static void a_waiting_break_does_not_block_loop_back_mode(struct env *env)
{
	struct line l = LINES(env);
	unsigned int i;

	while (line_next(&l)) {
		for (i = 0; i < UART_FIFO; i++)
			end_put(&l.end[0], UART_TX, i);
		check_eq(end_get(&l.end[1], UART_LSR), LSR_IDLE | UART_LSR_DR);
		/* More than there is room for on the way. */
		for (i = 0; i < 2 * UART_FIFO; i++) {
			end_put(&l.end[0], UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC);
			end_put(&l.end[0], UART_LCR, UART_LCR_WLEN8);
		}
		end_put(&l.end[0], UART_MCR, UART_MCR_LOOP);
		end_put(&l.end[0], UART_TX, 'x');
		check_eq(end_get(&l.end[0], UART_LSR), LSR_IDLE | UART_LSR_DR);
		check_eq(end_get(&l.end[0], UART_RX), 'x');
		end_put(&l.end[0], UART_MCR, 0);
		for (i = 0; i < UART_FIFO; i++)
			check_eq(end_get(&l.end[1], UART_RX), i);
		while (end_get(&l.end[1], UART_LSR) & UART_LSR_DR)
			check_eq(end_get(&l.end[1], UART_RX), 0);
		check_eq(end_get(&l.end[0], UART_LSR), LSR_IDLE);
	}
}

/* Characters as received by a port that is set up in another way than the sender. */
static void rates_and_formats_have_to_agree(struct env *env)
{
	static const u8 n8 = UART_LCR_WLEN8, n7 = UART_LCR_WLEN7,
			e7 = UART_LCR_WLEN7 | UART_LCR_PARITY | UART_LCR_EPAR,
			o7 = UART_LCR_WLEN7 | UART_LCR_PARITY,
			e8 = UART_LCR_WLEN8 | UART_LCR_PARITY | UART_LCR_EPAR;
	const struct {
		const char *what;
		u8 divisor, lcr, sent;
		u8 far_divisor, far_lcr;
		int received;		/* -1: nothing is */
		u8 errors;
	} rows[] = {
		{ "7E1 as 8N1, three ones", 1, e7, 'a', 1, n8, 'a' | 0x80, 0 },
		{ "7E1 as 8N1, four ones", 1, e7, 'c', 1, n8, 'c', 0 },
		{ "8N1 as 7E1, three ones", 1, n8, 'a', 1, e7, 'a', UART_LSR_PE },
		{ "8N1 as 7E1, four ones", 1, n8, 'c', 1, e7, 'c', 0 },
		{ "8N1 as 7E1, four of eight", 1, n8, 'a' | 0x80, 1, e7, 'a', 0 },
		{ "7O1 as 7E1", 1, o7, 'a', 1, e7, 'a', UART_LSR_PE },
		{ "7N1 as 8N1, a stop bit as bit 7", 1, n7, 'a', 1, n8, 'a' | 0x80, 0 },
		{ "8N1 as 7N1, bit 7 as stop bit", 1, n8, 'a' | 0x80, 1, n7, 'a', 0 },
		{ "8N1 as 7N1, no stop bit", 1, n8, 'a', 1, n7, 'a', UART_LSR_FE },
		{ "8E1 as 8N1, no stop bit", 1, e8, 'c', 1, n8, 'c', UART_LSR_FE },
		{ "half the rate, each bit counts twice", 2, n8, 0xff, 1, n8, 0xfe, 0 },
		{ "half the rate, no stop bit", 2, n8, 0x01, 1, n8, 0x06, UART_LSR_FE },
		{ "a tenth of the rate, a start bit as a break", 10, n8, 0xff, 1, n8, 0,
		  UART_LSR_FE | UART_LSR_BI },
		{ "three times the rate, every third bit", 1, n8, 0x08, 3, n8, 0xfd, 0 },
		{ "four times the rate, no bit is long enough", 1, n8, 0xff, 4, n8, -1, 0 },
		{ "the same of a slow port", 200, e7, 'a', 200, e7, 'a', 0 },
	};
	struct line l = LINES(env);
	unsigned int r, i;

	while (line_next(&l))
		for (r = 0; r < ARRAY_SIZE(rows); r++) {
			note("%s", rows[r].what);
			for (i = 0; i < 2; i++) {
				end_put(&l.end[i], UART_LCR, UART_LCR_DLAB);
				end_put(&l.end[i], UART_DLL,
					i ? rows[r].far_divisor : rows[r].divisor);
				end_put(&l.end[i], UART_LCR, i ? rows[r].far_lcr : rows[r].lcr);
			}
			end_put(&l.end[0], UART_TX, rows[r].sent);
			check_eq(end_get(&l.end[1], UART_LSR) & (UART_LSR_DR | LSR_ERRORS),
				 rows[r].received < 0 ? 0 : UART_LSR_DR | rows[r].errors);
			check_eq(end_get(&l.end[1], UART_LSR) & LSR_ERRORS, 0);
			if (rows[r].received >= 0)
				check_eq(end_get(&l.end[1], UART_RX), rows[r].received);
			/* The value of the rest is of no interest. */
			end_put(&l.end[1], UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
			end_get(&l.end[1], UART_LSR);
		}
}

/*
 * The other device, closed, reset, removed
 */

static void what_is_sent_to_a_closed_device_is_lost(struct env *env)
{
	struct line l = LINES(env);
	unsigned int i;

	line_plug(&l);
	vfio_close(&l.far.dev);
	for (i = 0; i < 100; i++) {
		end_put(&l.end[0], UART_TX, i);
		check_eq(end_get(&l.end[0], UART_LSR), LSR_IDLE);
	}
	line_open_far(&l);
	end_expect(&l.end[1], "");
	line_setup(&l);
	end_send(&l.end[0], "there you are");
	end_expect(&l.end[1], "there you are");
}

static void what_was_not_read_is_lost_by_a_close(struct env *env)
{
	struct line l = LINES(env);

	line_plug(&l);
	check(fill(&l));
	vfio_close(&l.far.dev);
	/* There is no receiver that the sender could wait for. */
	check_eq(end_get(&l.end[0], UART_LSR), LSR_IDLE);
	line_open_far(&l);
	line_setup(&l);
	end_expect(&l.end[1], "");
	end_send(&l.end[0], "new");
	end_expect(&l.end[1], "new");
}

enum parting { CLOSED, RESET, REMOVED, NR_PARTINGS };

static void part(struct line *l, enum parting how)
{
	static const char *const names[] = { "closed", "reset", "removed" };

	note("%s", names[how]);
	if (how == RESET)
		vfio_reset(&l->far.dev);
	else
		vfio_close(&l->far.dev);
	if (how == REMOVED)
		mdev_remove(&l->far.mdev);
}

/* Back to both being open, and set up. */
static void meet(struct line *l, enum parting how)
{
	if (how == REMOVED)
		line_plug(l);
	else if (how == CLOSED)
		line_open_far(l);
	line_setup(l);
}

static void lines_of_a_device_drop_when_it_goes(struct env *env)
{
	enum parting how;
	struct line l = LINES(env);
	s32 event;

	line_plug(&l);
	for (how = 0; how < NR_PARTINGS; how++) {
		end_put(&l.end[1], UART_MCR, MCR_OUTPUTS);
		check_eq(end_get(&l.end[0], UART_MSR), MSR_LINES | MSR_DELTAS);
		part(&l, how);
		check_eq(end_get(&l.end[0], UART_MSR), MSR_DELTAS);
		check_eq(end_get(&l.end[0], UART_MSR), 0);
		meet(&l, how);
	}
	for (how = 0; how < NR_PARTINGS; how++) {
		irq_enable(&env->dev, INTX, 1, &event);
		end_put(&l.end[1], UART_MCR, UART_MCR_RTS);
		end_get(&l.end[0], UART_MSR);
		end_put(&l.end[0], UART_IER, UART_IER_MSI);
		check_eq(event_take(event), 0);
		part(&l, how);
		event_wait(event);
		check_eq(end_get(&l.end[0], UART_MSR), UART_MSR_DCTS);
		end_put(&l.end[0], UART_IER, 0);
		irq_disable(&env->dev, INTX);
		close(event);
		meet(&l, how);
	}
}

static void a_sender_does_not_wait_for_a_device_that_goes(struct env *env)
{
	enum parting how;
	struct line l = LINES(env);
	s32 event;

	line_plug(&l);
	for (how = 0; how < NR_PARTINGS; how++) {
		fill_and_ask(&l, &event);
		part(&l, how);
		event_wait(event);
		check_eq(end_get(&l.end[0], UART_LSR), LSR_IDLE);
		end_put(&l.end[0], UART_IER, 0);
		irq_disable(&env->dev, MSI);
		close(event);
		meet(&l, how);
		end_send(&l.end[0], "hello");
		end_expect(&l.end[1], "hello");
	}
}

static void reset_of_one_end_leaves_the_other_alone(struct env *env)
{
	struct line l = LINES(env);

	line_plug(&l);
	end_put(&l.end[0], UART_SCR, 0x5a);
	end_put(&l.end[0], UART_MCR, MCR_OUTPUTS);
	end_send(&l.end[1], "kept");
	end_send(&l.end[0], "lost");
	vfio_reset(&l.far.dev);
	check_eq(end_get(&l.end[1], UART_LSR), LSR_IDLE);
	/* Its pins are as before, and that is no change. */
	check_eq(end_get(&l.end[1], UART_MSR), MSR_LINES);
	check_eq(end_get(&l.end[0], UART_SCR), 0x5a);
	check_eq(end_get(&l.end[0], UART_MCR), MCR_OUTPUTS);
	end_expect(&l.end[0], "kept");
	/* Fresh from reset: 5 bits, no FIFO, another rate. */
	line_setup(&l);
	end_send(&l.end[0], "on");
	end_expect(&l.end[1], "on");
}

static void an_opened_device_finds_the_lines_as_they_are(struct env *env)
{
	struct line l = LINES(env);

	line_plug(&l);
	vfio_close(&l.far.dev);
	end_put(&l.end[0], UART_MCR, MCR_OUTPUTS);
	line_open_far(&l);
	check_eq(end_get(&l.end[1], UART_MSR), MSR_LINES);
	vfio_close(&l.far.dev);
	end_put(&l.end[0], UART_MCR, 0);
	end_put(&l.end[0], UART_MCR, UART_MCR_RTS);
	line_open_far(&l);
	check_eq(end_get(&l.end[1], UART_MSR), UART_MSR_CTS);
	vfio_close(&env->dev);
	check_eq(end_get(&l.end[1], UART_MSR), UART_MSR_DCTS);
}

/* And remembers where its cable leads to. */
static void a_port_whose_other_end_is_removed_is_unplugged(struct env *env)
{
	struct line l = LINES(env);
	struct text before;
	unsigned int i;

	line_plug(&l);
	before = sysfs_read(mdev_path(&env->mdev, "vendor/wire").s);
	part(&l, REMOVED);
	expect_wire(&env->mdev, before.s);
	for (i = 0; i < 100; i++) {
		end_put(&l.end[0], UART_TX, i);
		check_eq(end_get(&l.end[0], UART_LSR), LSR_IDLE);
	}
	end_put(&l.end[0], UART_MCR, MCR_OUTPUTS);
	check_eq(end_get(&l.end[0], UART_MSR), 0);
	vfio_reset(&env->dev);
	env_reopen(env);
	check_eq(end_get(&l.end[0], UART_MSR), 0);
	expect_wire(&env->mdev, before.s);
}

/* Its guest goes on meanwhile, and finds no difference to a device that was closed. */
static void a_device_that_comes_back_is_plugged_in_again(struct env *env)
{
	struct line l = LINES(env);
	s32 event;

	line_plug(&l);
	end_put(&l.end[0], UART_SCR, 0x5a);
	end_put(&l.end[0], UART_MCR, MCR_OUTPUTS);
	end_put(&l.end[1], UART_MCR, MCR_OUTPUTS);
	check_eq(end_get(&l.end[0], UART_MSR), MSR_LINES | MSR_DELTAS);
	part(&l, REMOVED);
	check_eq(end_get(&l.end[0], UART_MSR), MSR_DELTAS);
	check_eq(__mdev_create(&l.far.mdev, l.far.model->type), 0);
	check_eq(end_get(&l.end[0], UART_MSR), 0);
	check_eq(end_get(&l.end[0], UART_SCR), 0x5a);
	check_eq(end_get(&l.end[0], UART_MCR), MCR_OUTPUTS);

	/* As its definition says, though the other end is in use. */
	wire(&l.far.mdev, cable(l.end[1].port + 1, &env->mdev, l.end[0].port + 1).s);
	irq_enable(&env->dev, INTX, 1, &event);
	end_put(&l.end[0], UART_IER, UART_IER_MSI);
	line_open_far(&l);
	uart_setup(&l.far.dev, l.end[1].port, UART_FCR_TRIGGER_1);
	check_eq(end_get(&l.end[1], UART_MSR), MSR_LINES);
	check_eq(event_take(event), 0);
	end_put(&l.end[1], UART_MCR, MCR_OUTPUTS);
	event_wait(event);
	check_eq(end_get(&l.end[0], UART_MSR), MSR_LINES | MSR_DELTAS);
	end_send(&l.end[0], "here");
	end_expect(&l.end[1], "here");
	end_send(&l.end[1], "and there");
	end_expect(&l.end[0], "and there");
}

static void a_cable_that_is_plugged_elsewhere_leads_there(struct env *env)
{
	struct line old = LINES(env), new = LINES(env);

	line_plug(&old);
	vfio_close(&old.far.dev);
	line_plug(&new);
	line_open_far(&old);
	uart_setup(&old.far.dev, old.end[1].port, UART_FCR_TRIGGER_1);
	end_send(&new.end[0], "to you");
	end_expect(&new.end[1], "to you");
	end_expect(&old.end[1], "");
	/* It has its plug again. */
	end_send(&old.end[1], "to me");
	end_expect(&old.end[1], "to me");
	end_expect(&new.end[0], "");
}

/* Data that the port had sent to its plug, or over the cable before, is gone. */
static void nothing_gets_from_one_wiring_into_the_next(struct env *env)
{
	struct line l = LINES(env);

	uart_setup(&env->dev, env->model->nr_ports - 1, UART_FCR_TRIGGER_1);
	uart_put(&env->dev, env->model->nr_ports - 1, UART_MCR, MCR_OUTPUTS);
	uart_send(&env->dev, env->model->nr_ports - 1, "old", 3);
	line_plug(&l);
	end_expect(&l.end[0], "");
	end_expect(&l.end[1], "");
	check_eq(end_get(&l.end[0], UART_MSR), 0);
	check_eq(end_get(&l.end[1], UART_MSR), 0);
	fill(&l);
	end_put(&l.end[1], UART_MCR, MCR_OUTPUTS);
	vfio_close(&env->dev);
	vfio_close(&l.far.dev);
	wire(&env->mdev, "loopback");
	vfio_open(&env->dev, env->mdev.uuid, env->door);
	line_open_far(&l);
	check_eq(end_get(&l.end[0], UART_MSR), 0);
	check_eq(end_get(&l.end[1], UART_MSR), 0);
	end_expect(&l.end[0], "");
	end_expect(&l.end[1], "");
}

static void each_port_has_its_own_cable(struct env *env)
{
	struct mdev other = mdev_create("mtty-2");
	struct vfio two;

	vfio_close(&env->dev);
	wire(&env->mdev, cable(1, &other, 2).s);
	wire(&env->mdev, cable(2, &other, 1).s);
	vfio_open(&env->dev, env->mdev.uuid, env->door);
	vfio_open(&two, other.uuid, env->door);
	uart_setup(&two, PORT_1, UART_FCR_TRIGGER_1);
	uart_setup(&two, PORT_2, UART_FCR_TRIGGER_1);
	uart_setup(&env->dev, PORT_1, UART_FCR_TRIGGER_1);
	uart_setup(&env->dev, PORT_2, UART_FCR_TRIGGER_1);
	uart_send(&env->dev, PORT_1, "1", 1);
	uart_send(&env->dev, PORT_2, "2", 1);
	uart_put(&two, PORT_2, UART_MCR, UART_MCR_RTS);
	check_eq(uart_get(&two, PORT_1, UART_RX), '2');
	check_eq(uart_get(&two, PORT_2, UART_RX), '1');
	check_eq(uart_get(&env->dev, PORT_1, UART_MSR), UART_MSR_CTS | UART_MSR_DCTS);
	check_eq(uart_get(&env->dev, PORT_2, UART_MSR), 0);
	vfio_close(&two);
	check_eq(uart_get(&env->dev, PORT_1, UART_MSR), UART_MSR_DCTS);
	check_eq(uart_get(&env->dev, PORT_2, UART_MSR), 0);
}

const struct test_case cases[] = {
	CASE(what_is_sent_comes_out_at_the_other_end, MTTY | ONE_DOOR),
	CASE(both_ends_can_send_at_once, MTTY | ONE_DOOR),
	CASE(modem_lines_are_crossed, MTTY | ONE_DOOR),
	CASE(both_directions_have_lines_of_their_own, MTTY | ONE_DOOR),
	CASE(a_line_that_came_and_went_has_changed, MTTY | ONE_DOOR),
	CASE(a_break_is_seen_at_the_other_end, MTTY | ONE_DOOR),
	CASE(the_probe_for_a_superio_chip_is_no_break, MTTY | ONE_DOOR),
	CASE(a_port_in_loop_back_mode_is_cut_off, MTTY | ONE_DOOR),
	CASE(the_other_end_is_interrupted_by_intx, MTTY | ONE_DOOR),
	CASE(the_other_end_is_interrupted_by_msi, MTTY | ONE_DOOR),
	CASE(a_full_receiver_makes_the_sender_wait, MTTY | ONE_DOOR),
	CASE(a_sender_that_polls_does_not_wait_for_ever, MTTY | ONE_DOOR),
	CASE(a_sender_that_sleeps_does_not_wait_for_ever, MTTY | ONE_DOOR),
	CASE(ports_that_wait_for_one_another_are_quiet, MTTY | ONE_DOOR),
	CASE(without_a_fifo_the_receiver_overruns, MTTY | ONE_DOOR),
	CASE(nothing_is_lost_however_much_is_sent, MTTY | ONE_DOOR),
	CASE(a_sender_that_waited_is_told, MTTY | ONE_DOOR),
	CASE(a_sender_does_not_wait_for_a_port_in_loop_back_mode, MTTY | ONE_DOOR),
	CASE(a_waiting_break_does_not_block_loop_back_mode, MTTY | ONE_DOOR),
	CASE(rates_and_formats_have_to_agree, MTTY | ONE_DOOR),
	CASE(what_is_sent_to_a_closed_device_is_lost, MTTY | ONE_DOOR),
	CASE(what_was_not_read_is_lost_by_a_close, MTTY | ONE_DOOR),
	CASE(lines_of_a_device_drop_when_it_goes, MTTY | ONE_DOOR),
	CASE(a_sender_does_not_wait_for_a_device_that_goes, MTTY | ONE_DOOR),
	CASE(reset_of_one_end_leaves_the_other_alone, MTTY | ONE_DOOR),
	CASE(an_opened_device_finds_the_lines_as_they_are, MTTY | ONE_DOOR),
	CASE(a_port_whose_other_end_is_removed_is_unplugged, MTTY | ONE_DOOR),
	CASE(a_device_that_comes_back_is_plugged_in_again, MTTY | ONE_DOOR),
	CASE(a_cable_that_is_plugged_elsewhere_leads_there, MTTY | ONE_DOOR),
	CASE(nothing_gets_from_one_wiring_into_the_next, MTTY | ONE_DOOR),
	CASE(each_port_has_its_own_cable, MTTY_2 | ONE_DOOR),
	{}
};
