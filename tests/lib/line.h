/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two ports of mtty that are connected, and accesses at either end.
 *
 *	struct line l = LINES(env);
 *
 *	while (line_next(&l)) {
 *		end_send(&l.end[0], "x");
 *		end_expect(&l.end[1], "x");
 *	}
 *
 * goes through the ways to connect two ports, and both directions of each.
 */
#ifndef TESTS_LINE_H
#define TESTS_LINE_H

#include "cases.h"
#include "uart.h"

#define LSR_IDLE	(UART_LSR_TEMT | UART_LSR_THRE)
#define LSR_ERRORS	(UART_LSR_OE | UART_LSR_PE | UART_LSR_FE | UART_LSR_BI)

struct end {
	struct env *env;
	unsigned int port;
};

u8 end_get(const struct end *end, unsigned int reg);
void end_put(const struct end *end, unsigned int reg, u8 val);
void end_divisor(const struct end *end, u16 divisor);
void end_send(const struct end *end, const char *bytes);
/* These have been received, without an error, and no more. */
void end_expect(const struct end *end, const char *bytes);

/**
 * struct line - two ends; where it is, it has to stay
 * @env: the device of the case
 * @paced: both send at the pace of their divisors
 * @far: the other device, if there is one
 * @end: the ends; each of them is that of @env in turn
 * @nr: how many were there before, for line_next()
 */
struct line {
	struct env *env;
	bool paced;
	struct env far;
	struct end end[2];
	unsigned int nr;
};

/* No line yet. */
#define LINES(e)	{ .env = (e) }
#define PACED_LINES(e)	{ .env = (e), .paced = true }

/* The next one: open, and set up as by uart_setup(). */
bool line_next(struct line *l);

/*
 * A cable alone, from the last port of the case's device to that of a new one of the
 * other type.
 */
void line_plug(struct line *l);
void line_open_far(struct line *l);
void line_setup(const struct line *l);

#endif /* TESTS_LINE_H */
