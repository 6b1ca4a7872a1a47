// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports of mtty that send at the pace of their divisors.  What the registers say
 * is looked at right after an access, at a rate so low that the character is still
 * on its way, whatever the machine does meanwhile; what is to come is waited for.
 */
#include <poll.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/irq.h"
#include "../lib/line.h"
#include "../lib/wire.h"

#define IIR_CODE	0x3f
#define SLOWEST		0xffff	/* a character of ten bits takes almost six seconds */
#define SLOW		1152	/* a tenth of a second: a FIFO is read in time */
#define FAST		1

/* Port 1 with a plug, which sends at its pace; 8N1, FIFOs on. */
static struct end paced(struct env *env, u16 divisor)
{
	struct end end = { env, PORT_1 };

	vfio_close(&env->dev);
	pace(&env->mdev, "1");
	vfio_open(&env->dev, env->mdev.uuid, env->door);
	uart_setup(&env->dev, PORT_1, UART_FCR_TRIGGER_1);
	end_divisor(&end, divisor);
	return end;
}

static unsigned int pending(const struct end *end)
{
	return end_get(end, UART_IIR) & IIR_CODE;
}

static bool transmitter_is_empty(void *arg)
{
	return end_get(arg, UART_LSR) & UART_LSR_TEMT;
}

static void wait_until_sent(struct end *end)
{
	check(retry(transmitter_is_empty, end));
}

static void a_character_takes_its_time(struct env *env)
{
	struct end end = paced(env, SLOWEST);

	end_put(&end, UART_FCR, 0);
	end_put(&end, UART_TX, 'x');
	/* It is in the shift register, and the holding register is free again. */
	check_eq(end_get(&end, UART_LSR), UART_LSR_THRE);
	end_put(&end, UART_TX, 'y');
	check_eq(end_get(&end, UART_LSR), 0);
}

static void a_character_arrives_when_it_has_been_sent(struct env *env)
{
	struct end end = paced(env, SLOWEST);
	s32 event;

	irq_enable(&env->dev, INTX, 1, &event);
	end_put(&end, UART_IER, UART_IER_RDI);
	end_put(&end, UART_TX, 'x');
	check_eq(event_take(event), 0);
	check_eq(end_get(&end, UART_LSR) & (UART_LSR_TEMT | UART_LSR_DR), 0);
	event_wait(event);
	check_eq(pending(&end), UART_IIR_RDI);
	check_eq(end_get(&end, UART_LSR), LSR_IDLE | UART_LSR_DR);
	end_expect(&end, "x");
}

/* With the FIFOs on, just switched on, and then off. */
static void the_transmitter_has_as_much_room_as_it_says(struct env *env)
{
	struct end end = paced(env, SLOWEST);
	unsigned int i;

	end_put(&end, UART_TX, 'x');
	check_eq(end_get(&end, UART_LSR), UART_LSR_THRE);
	for (i = 0; i < UART_FIFO; i++) {
		end_put(&end, UART_TX, i);
		check_eq(end_get(&end, UART_LSR), 0);
	}
	/* To switch them empties both, and leaves the shift register alone. */
	end_put(&end, UART_FCR, 0);
	check_eq(end_get(&end, UART_LSR), UART_LSR_THRE);
	end_put(&end, UART_TX, 'y');
	check_eq(end_get(&end, UART_LSR), 0);
	end_put(&end, UART_FCR, UART_FCR_ENABLE_FIFO);
	check_eq(end_get(&end, UART_LSR), UART_LSR_THRE);
}

struct received {
	const struct end *end;
	u8 byte[64], lsr[64];
	unsigned int nr;
};

static bool receive_all(void *arg)
{
	struct received *r = arg;
	u8 lsr;

	while ((lsr = end_get(r->end, UART_LSR)) & UART_LSR_DR && r->nr < ARRAY_SIZE(r->byte)) {
		r->lsr[r->nr] = lsr;
		r->byte[r->nr++] = end_get(r->end, UART_RX);
	}
	return lsr & UART_LSR_TEMT;
}

/*
 * While the first is in the shift register for seconds, some more are written; they
 * are sent much faster than it.  The receiver, fast as well by then, takes the start
 * bit of the first for a break, and all its other bits for an idle line.
 */
static void send_behind_a_slow_one(const struct end *end, unsigned int nr, struct received *r)
{
	unsigned int i;

	*r = (struct received){ .end = end };
	end_put(end, UART_TX, 0xff);
	for (i = 1; i <= nr; i++)
		end_put(end, UART_TX, i);
	end_divisor(end, SLOW);
	check(retry(receive_all, r));
	check(r->nr > 0);
}

static void the_transmitter_fifo_holds_sixteen_and_loses_the_next(struct env *env)
{
	struct end end = paced(env, SLOWEST);
	struct received r;
	unsigned int i;

	send_behind_a_slow_one(&end, UART_FIFO + 1, &r);
	check_eq(r.nr, 1 + UART_FIFO);
	check_eq(r.byte[0], 0);
	check(r.lsr[0] & UART_LSR_BI);
	for (i = 1; i <= UART_FIFO; i++) {
		note("character %u", i);
		check_eq(r.byte[i], i);
		check_eq(r.lsr[i] & LSR_ERRORS, 0);
	}
}

static void without_a_fifo_the_holding_register_is_overwritten(struct env *env)
{
	struct end end = paced(env, SLOWEST);
	struct received r;

	end_put(&end, UART_FCR, 0);
	send_behind_a_slow_one(&end, 3, &r);
	/* The break may have been overrun by it, but not the other way round. */
	check_eq(r.byte[r.nr - 1], 3);
	check(r.nr <= 2);
}

static void clearing_the_transmitter_keeps_what_is_being_sent(struct env *env)
{
	struct end end = paced(env, SLOWEST);
	s32 event;

	end_send(&end, "one, and not the others");
	end_put(&end, UART_IER, UART_IER_THRI);
	check_eq(pending(&end), UART_IIR_NO_INT);
	end_put(&end, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	check_eq(end_get(&end, UART_LSR), 0);
	end_put(&end, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_XMIT);
	check_eq(end_get(&end, UART_LSR), UART_LSR_THRE);
	check_eq(pending(&end), UART_IIR_THRI);

	irq_enable(&env->dev, INTX, 1, &event);
	end_put(&end, UART_IER, UART_IER_RDI);
	check_eq(event_take(event), 0);
	event_wait(event);
	check_eq(end_get(&end, UART_LSR), LSR_IDLE | UART_LSR_DR);
	end_expect(&end, "o");
}

/*
 * "FIFO Interrupt Mode Operation": the empty FIFO is not told of at once, if there
 * was never more than one character in it.
 */
static void a_fifo_for_single_characters_is_slow_to_say_that_it_is_empty(struct env *env)
{
	struct end end = paced(env, FAST);

	/* The first one after the FIFOs were switched on is an exception. */
	end_put(&end, UART_TX, 'a');
	wait_until_sent(&end);
	end_divisor(&end, SLOWEST);
	end_put(&end, UART_IER, UART_IER_THRI);
	end_get(&end, UART_IIR);
	end_put(&end, UART_TX, 'b');
	check_eq(end_get(&end, UART_LSR) & LSR_IDLE, 0);
	check_eq(pending(&end), UART_IIR_NO_INT);

	/* One by one with a holding register: at once. */
	vfio_reset(&env->dev);
	uart_setup(&env->dev, PORT_1, 0);
	end_put(&end, UART_FCR, 0);
	end_divisor(&end, SLOWEST);
	end_put(&end, UART_IER, UART_IER_THRI);
	end_get(&end, UART_IIR);
	end_put(&end, UART_TX, 'c');
	check_eq(end_get(&end, UART_LSR), UART_LSR_THRE);
	check_eq(pending(&end), UART_IIR_THRI);
}

/* The port is not accessed meanwhile: the timer raises the interrupt. */
static void an_empty_transmitter_interrupts(struct env *env)
{
	static const struct {
		u8 fcr;
		const char *bytes;
	} rows[] = {
		{ UART_FCR_ENABLE_FIFO, "sixteen at once." }, { UART_FCR_ENABLE_FIFO, "1" },
		{ UART_FCR_ENABLE_FIFO, "1" }, { 0, "12" },
	};
	static const unsigned int indices[] = { INTX, MSI };
	struct end end = paced(env, SLOW);
	unsigned int r, i;
	s32 event;

	for (i = 0; i < ARRAY_SIZE(indices); i++)
		for (r = 0; r < ARRAY_SIZE(rows); r++) {
			note("index %u, '%s'", indices[i], rows[r].bytes);
			end_put(&end, UART_FCR, rows[r].fcr);
			end_put(&end, UART_IER, UART_IER_THRI);
			end_get(&end, UART_IIR);
			end_send(&end, rows[r].bytes);
			irq_enable(&env->dev, indices[i], 1, &event);
			event_wait(event);
			check_eq(pending(&end), UART_IIR_THRI);
			check_eq(pending(&end), UART_IIR_NO_INT);
			check(end_get(&end, UART_LSR) & UART_LSR_THRE);
			irq_disable(&env->dev, indices[i]);
			close(event);
			wait_until_sent(&end);
			end_put(&end, UART_IER, 0);
		}
}

static void characters_that_wait_time_out(struct env *env)
{
	struct end end = paced(env, SLOW);
	s32 event;

	irq_enable(&env->dev, INTX, 1, &event);
	end_put(&end, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_14);
	end_put(&end, UART_IER, UART_IER_RDI);
	end_send(&end, "abc");
	check_eq(event_take(event), 0);
	event_wait(event);
	check_eq(pending(&end), UART_IIR_RX_TIMEOUT);
	wait_until_sent(&end);
	end_expect(&end, "abc");
	check_eq(pending(&end), UART_IIR_NO_INT);
}

/* Its trigger level is reached before. */
static void a_level_is_announced_while_more_is_to_come(struct env *env)
{
	struct end end = paced(env, SLOW);
	s32 event;

	irq_enable(&env->dev, INTX, 1, &event);
	end_put(&end, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_4);
	end_put(&end, UART_IER, UART_IER_RDI);
	end_send(&end, "12345678");
	event_wait(event);
	check_eq(pending(&end), UART_IIR_RDI);
	wait_until_sent(&end);
	end_expect(&end, "12345678");
}

static void a_break_arrives_when_it_is_as_long_as_a_character(struct env *env)
{
	struct end end = paced(env, SLOWEST);
	s32 event;

	irq_enable(&env->dev, INTX, 1, &event);
	end_put(&end, UART_IER, UART_IER_RLSI);
	end_put(&end, UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC);
	check_eq(end_get(&end, UART_LSR), LSR_IDLE);
	end_put(&end, UART_LCR, UART_LCR_WLEN8);
	check_eq(event_take(event), 0);

	/* Not accessed meanwhile. */
	end_divisor(&end, SLOW);
	end_put(&end, UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC);
	event_wait(event);
	check_eq(end_get(&end, UART_LSR) & (UART_LSR_DR | LSR_ERRORS),
		 UART_LSR_DR | UART_LSR_BI | UART_LSR_FE);
	check_eq(end_get(&end, UART_RX), 0);
	check_eq(end_get(&end, UART_LSR), LSR_IDLE);
}

static bool has_received_two(void *arg)
{
	struct received *r = arg;

	receive_all(r);
	return r->nr >= 2;
}

static void a_break_comes_after_the_character_being_sent(struct env *env)
{
	struct end end = paced(env, SLOW);
	struct received r = { .end = &end };
	s32 event;

	irq_enable(&env->dev, INTX, 1, &event);
	end_put(&end, UART_IER, UART_IER_RLSI);
	end_put(&end, UART_TX, 'x');
	end_put(&end, UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC);
	check(retry(has_received_two, &r));
	check_eq(r.byte[0], 'x');
	check_eq(r.lsr[0] & (UART_LSR_BI | UART_LSR_FE), 0);
	check_eq(r.byte[1], 0);
	check_eq(r.lsr[1] & (UART_LSR_BI | UART_LSR_FE), UART_LSR_BI | UART_LSR_FE);
	check_eq(event_take(event), 1);
}

static void expect_as_new(struct env *env, struct end *end)
{
	struct received r = { .end = end };

	check_eq(end_get(end, UART_LSR), LSR_IDLE);
	uart_setup(&env->dev, PORT_1, UART_FCR_TRIGGER_1);
	end_send(end, "new");
	check(retry(receive_all, &r));
	check_eq(r.nr, 3);
	check_mem(r.byte, "new", 3);
}

static void what_is_being_sent_is_lost_by_reset_and_close(struct env *env)
{
	struct end end = paced(env, SLOWEST);

	end_send(&end, "old");
	vfio_reset(&env->dev);
	expect_as_new(env, &end);

	end_divisor(&end, SLOWEST);
	end_send(&end, "old");
	env_reopen(env);
	expect_as_new(env, &end);

	/* A timer of a character on its way finds a device that is gone. */
	end_divisor(&end, 12);
	end_send(&end, "old");
	vfio_close(&env->dev);
	mdev_remove(&env->mdev);
}

static void the_loop_in_the_port_is_no_faster(struct env *env)
{
	struct end end = paced(env, SLOWEST);
	struct received r = { .end = &end };

	end_put(&end, UART_MCR, UART_MCR_LOOP);
	end_put(&end, UART_TX, 'x');
	check_eq(end_get(&end, UART_LSR), UART_LSR_THRE);
	vfio_reset(&env->dev);
	uart_setup(&env->dev, PORT_1, UART_FCR_TRIGGER_1);
	end_put(&end, UART_MCR, UART_MCR_LOOP);
	end_send(&end, "inside");
	check(retry(receive_all, &r));
	check_eq(r.nr, 6);
	check_mem(r.byte, "inside", 6);
}

/* A paced sender does not wait: a receiver that is not read loses characters. */
static void a_receiver_that_is_not_read_overruns(struct env *env)
{
	struct line l = PACED_LINES(env);
	s32 event;

	while (line_next(&l)) {
		irq_enable(&l.end[1].env->dev, MSI, 1, &event);
		end_put(&l.end[1], UART_IER, UART_IER_RLSI);
		end_send(&l.end[0], "0123456789abcdefX");
		event_wait(event);
		check_eq(pending(&l.end[1]), UART_IIR_RLSI);
		check_eq(end_get(&l.end[1], UART_LSR), LSR_IDLE | UART_LSR_DR | UART_LSR_OE);
		end_expect(&l.end[1], "0123456789abcdef");
		check_eq(end_get(&l.end[0], UART_LSR), LSR_IDLE);
		end_put(&l.end[1], UART_IER, 0);
		irq_disable(&l.end[1].env->dev, MSI);
		close(event);
	}
}

static void each_end_has_its_own_pace(struct env *env)
{
	struct line l = LINES(env);

	line_plug(&l);
	vfio_close(&l.far.dev);
	pace(&l.far.mdev, "1");
	line_open_far(&l);
	line_setup(&l);
	end_divisor(&l.end[0], SLOWEST);
	end_divisor(&l.end[1], SLOWEST);
	end_send(&l.end[0], "at once");
	end_expect(&l.end[1], "at once");
	end_send(&l.end[1], "not at all soon");
	check_eq(end_get(&l.end[1], UART_LSR), 0);
	end_expect(&l.end[0], "");
}

/* Changes of the pins take effect at once, as nothing is sent for them. */
static void modem_lines_have_no_pace(struct env *env)
{
	struct line l = PACED_LINES(env);

	while (line_next(&l)) {
		end_divisor(&l.end[0], SLOWEST);
		end_put(&l.end[0], UART_MCR, UART_MCR_RTS);
		check_eq(end_get(&l.end[1], UART_MSR), UART_MSR_CTS | UART_MSR_DCTS);
		end_put(&l.end[0], UART_MCR, 0);
		end_get(&l.end[1], UART_MSR);
	}
}

/* As much as there is room for at a time, when an interrupt says so, as drivers do. */
struct driver {
	const struct end *end;
	s32 event;
	const char *text;
	unsigned int sent, received;
	char got[64];
};

static void driver_start(struct driver *d)
{
	end_divisor(d->end, SLOW);
	end_put(d->end, UART_IER, UART_IER_RDI | UART_IER_THRI | UART_IER_RLSI);
}

static void driver_interrupt(struct driver *d)
{
	unsigned int i, iir;

	while ((iir = pending(d->end)) != UART_IIR_NO_INT)
		switch (iir) {
		case UART_IIR_THRI:
			for (i = 0; i < UART_FIFO && d->text[d->sent]; i++)
				end_put(d->end, UART_TX, d->text[d->sent++]);
			break;
		case UART_IIR_RDI:
		case UART_IIR_RX_TIMEOUT:
			check(d->received < sizeof(d->got));
			d->got[d->received++] = end_get(d->end, UART_RX);
			break;
		default:
			check_eq(end_get(d->end, UART_LSR) & LSR_ERRORS, 0);
		}
}

/* A message for each port, be they on two devices or on one. */
static void enable_messages(const struct line *l, struct driver *d)
{
	s32 events[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct env *env = l->end[i].env;

		if (!i || env != l->end[0].env)
			irq_enable(&env->dev, MSI, env->model->nr_ports, events);
		d[i].event = events[l->end[i].port];
	}
}

static void two_drivers_talk_by_interrupts(struct env *env)
{
	struct line l = PACED_LINES(env);

	while (line_next(&l)) {
		struct driver d[] = {
			{ .end = &l.end[0], .text = "Ahoy" },
			{ .end = &l.end[1], .text = "Come here!" },
		};
		struct pollfd fds[2];
		unsigned int i;

		enable_messages(&l, d);
		for (i = 0; i < 2; i++) {
			fds[i] = (struct pollfd){ .fd = d[i].event, .events = POLLIN };
			driver_start(&d[i]);
		}
		while (d[0].received < strlen(d[1].text) || d[1].received < strlen(d[0].text)) {
			check(poll(fds, 2, WAIT_MS) > 0);
			for (i = 0; i < 2; i++)
				if (event_take(d[i].event))
					driver_interrupt(&d[i]);
		}
		for (i = 0; i < 2; i++) {
			check_mem(d[i].got, d[!i].text, strlen(d[!i].text));
			end_put(&l.end[i], UART_IER, 0);
		}
		irq_disable(&l.end[0].env->dev, MSI);
		irq_disable(&l.end[1].env->dev, MSI);
	}
}

const struct test_case cases[] = {
	CASE(a_character_takes_its_time, MTTY | ONE_DOOR),
	CASE(a_character_arrives_when_it_has_been_sent, MTTY_1 | ONE_DOOR),
	CASE(the_transmitter_has_as_much_room_as_it_says, MTTY | ONE_DOOR),
	CASE(the_transmitter_fifo_holds_sixteen_and_loses_the_next, MTTY_1 | ONE_DOOR),
	CASE(without_a_fifo_the_holding_register_is_overwritten, MTTY_1 | ONE_DOOR),
	CASE(clearing_the_transmitter_keeps_what_is_being_sent, MTTY_1 | ONE_DOOR),
	CASE(a_fifo_for_single_characters_is_slow_to_say_that_it_is_empty, MTTY | ONE_DOOR),
	CASE(an_empty_transmitter_interrupts, MTTY_1 | ONE_DOOR),
	CASE(characters_that_wait_time_out, MTTY_1 | ONE_DOOR),
	CASE(a_level_is_announced_while_more_is_to_come, MTTY_1 | ONE_DOOR),
	CASE(a_break_arrives_when_it_is_as_long_as_a_character, MTTY_1 | ONE_DOOR),
	CASE(a_break_comes_after_the_character_being_sent, MTTY_1 | ONE_DOOR),
	CASE(what_is_being_sent_is_lost_by_reset_and_close, MTTY | ONE_DOOR),
	CASE(the_loop_in_the_port_is_no_faster, MTTY | ONE_DOOR),
	CASE(a_receiver_that_is_not_read_overruns, MTTY | ONE_DOOR),
	CASE(each_end_has_its_own_pace, MTTY | ONE_DOOR),
	CASE(modem_lines_have_no_pace, MTTY | ONE_DOOR),
	CASE(two_drivers_talk_by_interrupts, MTTY | ONE_DOOR),
	{}
};
