// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the stock driver and a program make of the 16550As of a card: each thing
 * that a serial line can do, in both directions at the same time.
 *
 * A card is wired as told: each port to itself, or the two to one another.  In
 * both cases "the far end" of a port is the one that receives what it sends, and
 * whose CTS, DSR and DCD its RTS and DTR are.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/serial.h>
#include <linux/serial_reg.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"
#include "serial.h"

#define CARD_PORTS	2
#define UART_REGS	8
#define UART_BASE_BAUD	115200
#define UART_FIFO	16
#define OUTPUTS		(TIOCM_RTS | TIOCM_DTR)
#define INPUTS		(TIOCM_CTS | TIOCM_DSR | TIOCM_CD | TIOCM_RI)
#define PROGRESS	4	/* how often it is told in a file */

/* How a driver that looks again and again finds out that nothing will come. */
#define TRIES		1000
#define TRY_US		10000

struct card {
	const char *name;
	int crossed;
	struct port port[CARD_PORTS];
	unsigned int io[CARD_PORTS];
	struct serial_icounter_struct before[CARD_PORTS];
};

/* What the driver should have counted since the check began. */
struct counts {
	int rx;
	int tx;
	int brk;
	int parity;
	int frame;
};

/* A way to use the line: what tcsetattr() wants, and what the 16550A gets. */
struct line {
	speed_t speed;
	unsigned int rate;
	tcflag_t cflag;
};

/*
 * Verdicts
 */

static char objection[200];

/* Makes the next verdict a bad one; of several reasons the first is told. */
static void __attribute__((format(printf, 1, 2))) object(const char *format, ...)
{
	va_list args;

	if (*objection)
		return;
	va_start(args, format);
	vsnprintf(objection, sizeof(objection), format, args);
	va_end(args);
}

/* Whether this holds: it does unless there was an objection. */
static void __attribute__((format(printf, 1, 2))) verdict(const char *format, ...)
{
	char what[200];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (*objection)
		tell("wrong: %s: %s", what, objection);
	else
		tell("right: %s", what);
	*objection = '\0';
}

/*
 * A card
 */

static unsigned int io_port(const char *name)
{
	char path[64], line[32];

	snprintf(path, sizeof(path), "/sys/class/tty/%s/port", name);
	if (read_line(path, line, sizeof(line)))
		fail("cannot read %s", path);
	return strtoul(line, NULL, 16);
}

static int far_end(const struct card *card, int i)
{
	return card->crossed ? !i : i;
}

static void card_open(struct card *card, const char *name, int crossed,
		      const struct names *ports)
{
	int i;

	if (ports->count != CARD_PORTS)
		fail("%s has %d ports, not %d", name, ports->count, CARD_PORTS);
	*card = (struct card){ .name = name, .crossed = crossed };
	for (i = 0; i < CARD_PORTS; i++) {
		port_open(&card->port[i], ports->name[i]);
		card->io[i] = io_port(ports->name[i]);
		if (ioperm(card->io[i], UART_REGS, 1))
			fail("no access to the registers at %#x: %s",
			     card->io[i], strerror(errno));
	}
}

static void card_close(struct card *card)
{
	int i;

	for (i = 0; i < CARD_PORTS; i++)
		port_close(&card->port[i]);
}

static struct serial_icounter_struct counters(const struct card *card, int i)
{
	struct serial_icounter_struct counters;

	if (ioctl(card->port[i].fd, TIOCGICOUNT, &counters))
		fail("%s: TIOCGICOUNT: %s", card->port[i].path, strerror(errno));
	return counters;
}

/* From here on everything counts. */
static void begin(struct card *card)
{
	int i;

	for (i = 0; i < CARD_PORTS; i++)
		card->before[i] = counters(card, i);
}

static void expect_count(const struct port *port, const char *what, int got,
			 int wanted)
{
	if (got != wanted)
		object("%s counts %s %d times, not %d", port->path, what, got,
		       wanted);
}

static void expect_counts(const struct card *card, int i, struct counts wanted)
{
	const struct serial_icounter_struct now = counters(card, i);
	const struct serial_icounter_struct *before = &card->before[i];
	const struct port *port = &card->port[i];

	expect_count(port, "overrun", now.overrun - before->overrun, 0);
	expect_count(port, "buf_overrun", now.buf_overrun - before->buf_overrun, 0);
	expect_count(port, "brk", now.brk - before->brk, wanted.brk);
	expect_count(port, "parity", now.parity - before->parity, wanted.parity);
	expect_count(port, "frame", now.frame - before->frame, wanted.frame);
	expect_count(port, "rx", now.rx - before->rx, wanted.rx);
	expect_count(port, "tx", now.tx - before->tx, wanted.tx);
}

/* Nothing is left over, neither in the driver nor in the 16550A. */
static void expect_idle(const struct card *card, int i)
{
	const struct port *port = &card->port[i];
	unsigned char surplus, lsr;

	if (read(port->fd, &surplus, 1) > 0)
		object("%s receives more than that, %02x", port->path, surplus);
	lsr = inb(card->io[i] + UART_LSR);
	if (lsr != (UART_LSR_TEMT | UART_LSR_THRE))
		object("%s has %02x in LSR in the end", port->path, lsr);
}

static void expect_received(const struct port *port, const void *bytes)
{
	const unsigned char *wanted = bytes;
	size_t i;

	for (i = 0; i < port->received; i++) {
		const unsigned char got = port->in[i];

		if (got != wanted[i]) {
			object("byte %zu at %s is %02x, not %02x", i,
			       port->path, got, wanted[i]);
			return;
		}
	}
	if (port->received != port->wanted)
		object("%s receives only %zu of %zu bytes", port->path,
		       port->received, port->wanted);
}

/*
 * Sends what was prepared, expects what is given for each port, and the counts
 * that follow from that if there are no errors on the line.
 */
static void exchange(struct card *card, const void *const wanted[CARD_PORTS])
{
	struct port *port = card->port;
	int i;

	if (ports_exchange(port, CARD_PORTS))
		object("of %zu and %zu bytes %zu and %zu were sent, %zu and %zu received",
		       port[0].length, port[1].length, port[0].sent, port[1].sent,
		       port[0].received, port[1].received);
	for (i = 0; i < CARD_PORTS; i++)
		expect_received(&port[i], wanted[i]);
	for (i = 0; i < CARD_PORTS; i++) {
		expect_counts(card, i, (struct counts){
			.rx = port[i].wanted, .tx = port[i].length });
		expect_idle(card, i);
	}
}

/* Each port sends a text of its own, of which so many bits arrive. */
static void exchange_texts(struct card *card, const char *what, int mask)
{
	char text[CARD_PORTS][80];
	const void *wanted[CARD_PORTS];
	int i, j;

	begin(card);
	for (i = 0; i < CARD_PORTS; i++) {
		struct port *port = &card->port[i];
		const int length = snprintf(text[i], sizeof(text[i]),
					    "%s sends this at %s.", port->path, what);

		for (j = 0; j < length; j++)
			text[i][j] &= mask;
		port_transfer(port, &card->port[far_end(card, i)], text[i], length);
		wanted[far_end(card, i)] = text[i];
	}
	exchange(card, wanted);
}

/*
 * Rates and formats
 */

static void set_line(const struct port *port, const struct line *line,
		     tcflag_t iflag)
{
	const tcflag_t mask = CSIZE | CSTOPB | PARENB | PARODD | CMSPAR | CRTSCTS;
	struct termios want, got;

	if (tcgetattr(port->fd, &want))
		fail("%s: tcgetattr: %s", port->path, strerror(errno));
	want.c_iflag = iflag;
	want.c_cflag = (want.c_cflag & ~mask) | line->cflag;
	cfsetspeed(&want, line->speed);
	if (tcsetattr(port->fd, TCSADRAIN, &want) || tcgetattr(port->fd, &got))
		fail("%s: tcsetattr: %s", port->path, strerror(errno));
	if (got.c_cflag != want.c_cflag || cfgetospeed(&got) != line->speed)
		object("%s has the modes %o instead of %o", port->path,
		       got.c_cflag, want.c_cflag);
}

static void set_lines(const struct card *card, const struct line *line,
		      tcflag_t iflag)
{
	int i;

	for (i = 0; i < CARD_PORTS; i++)
		set_line(&card->port[i], line, iflag);
}

static const struct line plain = { B115200, 115200, CS8 };
static const struct line rts_cts = { B115200, 115200, CS8 | CRTSCTS };

/* By the data sheet, "Line Control Register" */
static unsigned int lcr_of(const struct line *line)
{
	unsigned int lcr;

	switch (line->cflag & CSIZE) {
	case CS5:
		lcr = UART_LCR_WLEN5;
		break;
	case CS6:
		lcr = UART_LCR_WLEN6;
		break;
	case CS7:
		lcr = UART_LCR_WLEN7;
		break;
	default:
		lcr = UART_LCR_WLEN8;
		break;
	}
	return lcr | (line->cflag & CSTOPB ? UART_LCR_STOP : 0) |
	       (line->cflag & PARENB ? UART_LCR_PARITY : 0) |
	       (line->cflag & PARENB && !(line->cflag & PARODD) ? UART_LCR_EPAR : 0) |
	       (line->cflag & CMSPAR ? UART_LCR_SPAR : 0);
}

/*
 * In the registers, where the driver put it. The driver is idle and does not
 * see what is done to the bit that uncovers the divisor.
 */
static void expect_line(const struct card *card, int i, const struct line *line)
{
	const unsigned int io = card->io[i];
	unsigned int lcr = inb(io + UART_LCR), divisor;

	outb(lcr | UART_LCR_DLAB, io + UART_LCR);
	divisor = inb(io + UART_DLL) | inb(io + UART_DLM) << 8;
	outb(lcr, io + UART_LCR);
	/* Which parity it would be does not matter if there is none. */
	if (!(lcr & UART_LCR_PARITY))
		lcr &= ~(UART_LCR_EPAR | UART_LCR_SPAR);
	if (lcr != lcr_of(line))
		object("%s has %02x in LCR, not %02x", card->port[i].path, lcr,
		       lcr_of(line));
	if (divisor != UART_BASE_BAUD / line->rate)
		object("%s has the divisor %u, not %u", card->port[i].path,
		       divisor, UART_BASE_BAUD / line->rate);
}

static void try_line(struct card *card, const struct line *line,
		     const char *what, int mask)
{
	int i;

	set_lines(card, line, INPCK | PARMRK);
	exchange_texts(card, what, mask);
	for (i = 0; i < CARD_PORTS; i++)
		expect_line(card, i, line);
}

static void check_rates(struct card *card)
{
	static const struct line lines[] = {
		{ B50, 50, CS8 }, { B300, 300, CS8 }, { B9600, 9600, CS8 },
		{ B38400, 38400, CS8 }, { B115200, 115200, CS8 },
	};
	const size_t n = sizeof(lines) / sizeof(lines[0]);
	char what[32];
	size_t i;

	for (i = 0; i < n; i++) {
		snprintf(what, sizeof(what), "%u 8N1", lines[i].rate);
		try_line(card, &lines[i], what, 0xff);
		verdict("%s: a text goes both ways at %s, the divisor is %u",
			card->name, what, UART_BASE_BAUD / lines[i].rate);
	}
}

/* With words of so many bits */
static void try_formats(struct card *card, unsigned int bits)
{
	static const tcflag_t sizes[] = { CS5, CS6, CS7, CS8 };
	static const struct {
		char name;
		tcflag_t cflag;
	} parities[] = {
		{ 'N', 0 }, { 'E', PARENB }, { 'O', PARENB | PARODD },
		{ 'S', PARENB | CMSPAR }, { 'M', PARENB | PARODD | CMSPAR },
	};
	char what[32];
	unsigned int i;

	for (i = 0; i < 2 * sizeof(parities) / sizeof(parities[0]); i++) {
		const struct line line = {
			.speed = B115200,
			.rate = 115200,
			.cflag = sizes[bits - 5] | parities[i / 2].cflag |
				 (i % 2 ? CSTOPB : 0),
		};

		snprintf(what, sizeof(what), "115200 %u%c%u", bits,
			 parities[i / 2].name, 1 + i % 2);
		try_line(card, &line, what, (1 << bits) - 1);
		if (*objection) {
			tell("%s: not at %s", card->name, what);
			return;
		}
	}
}

static void check_formats(struct card *card)
{
	unsigned int bits;

	for (bits = 5; bits <= 8; bits++) {
		try_formats(card, bits);
		verdict("%s: a text goes both ways in %u bits, any parity or none, 1 or 2 stops",
			card->name, bits);
	}
	set_lines(card, &plain, 0);
}

/*
 * Ports that do not agree on the line: what must arrive follows from the levels
 * on it. Only with this does it show that rate and format are more than numbers.
 */
static void check_mismatches(struct card *card)
{
	static const struct {
		struct line from;
		struct line to;
		const char *bytes;
		size_t length;
		const char *wanted;
		size_t wanted_length;
		struct counts counts;
		const char *what;
	} cases[] = {
		{
			{ B115200, 115200, CS7 | PARENB }, { B115200, 115200, CS8 },
			"ABCD", 4, "AB\303D", 4, { .rx = 4 },
			"even parity of 7 bits is bit 7 for a receiver of 8"
		}, {
			{ B115200, 115200, CS8 | PARENB | PARODD },
			{ B115200, 115200, CS8 | PARENB },
			"ABC", 3, "\377\0A\377\0B\377\0C", 9, { .rx = 3, .parity = 3 },
			"odd parity is an error for a receiver of even parity"
		}, {
			{ B115200, 115200, CS8 }, { B115200, 115200, CS7 },
			"\301A\302", 3, "A\377\0AB", 5, { .rx = 3, .frame = 1 },
			"a clear bit 7 is a framing error for a receiver of 7 bits"
		}, {
			{ B9600, 9600, CS8 }, { B38400, 38400, CS8 },
			"\0", 1, "\377\0\0", 3, { .rx = 1, .brk = 1 },
			"a zero at 9600 is a break at 38400"
		}, {
			{ B38400, 38400, CS8 }, { B19200, 19200, CS8 },
			"\346", 1, "\375", 1, { .rx = 1 },
			"a character at 38400 is another one at 19200"
		},
	};
	const size_t n = sizeof(cases) / sizeof(cases[0]);
	size_t i;
	int from;

	for (i = 0; i < n; i++) {
		for (from = 0; from < CARD_PORTS; from++) {
			const int to = far_end(card, from);
			struct port *port = card->port;

			set_line(&port[from], &cases[i].from, INPCK | PARMRK);
			set_line(&port[to], &cases[i].to, INPCK | PARMRK);
			begin(card);
			port_transfer(&port[from], &port[to], cases[i].bytes,
				      cases[i].length);
			port_transfer(&port[to], &port[from], "", 0);
			port_expect(&port[to], cases[i].wanted_length);
			if (ports_exchange(port, CARD_PORTS))
				object("it does not arrive");
			expect_received(&port[to], cases[i].wanted);
			expect_counts(card, from, (struct counts){ .tx = cases[i].length });
			expect_counts(card, to, cases[i].counts);
			expect_idle(card, to);
		}
		verdict("%s: %s", card->name, cases[i].what);
	}
	set_lines(card, &plain, 0);
}

/*
 * Modem lines and flow control
 */

static int modem_lines(const struct port *port)
{
	int lines;

	if (ioctl(port->fd, TIOCMGET, &lines))
		fail("%s: TIOCMGET: %s", port->path, strerror(errno));
	return lines;
}

static void set_outputs(const struct port *port, int up)
{
	int down = OUTPUTS & ~up;

	if (ioctl(port->fd, TIOCMBIC, &down) || ioctl(port->fd, TIOCMBIS, &up))
		fail("%s: TIOCMBIC or TIOCMBIS: %s", port->path, strerror(errno));
}

/*
 * The driver learns of a change by an interrupt and counts it: TIOCGICOUNT does
 * not look at the device.
 */
static void await_changes(const struct card *card, int i, int cts, int dsr)
{
	const struct serial_icounter_struct *before = &card->before[i];
	struct serial_icounter_struct now;
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		now = counters(card, i);
		if (now.cts - before->cts >= cts && now.dsr - before->dsr >= dsr)
			break;
		usleep(TRY_US);
	}
	expect_count(&card->port[i], "cts", now.cts - before->cts, cts);
	expect_count(&card->port[i], "dsr", now.dsr - before->dsr, dsr);
	expect_count(&card->port[i], "dcd", now.dcd - before->dcd, dsr);
	expect_count(&card->port[i], "rng", now.rng - before->rng, 0);
}

static void check_modem_lines(struct card *card)
{
	static const struct {
		int outputs;
		int cts;	/* changes until then */
		int dsr;
	} steps[] = {
		{ OUTPUTS, 0, 0 }, { TIOCM_DTR, 1, 0 }, { TIOCM_RTS, 2, 1 },
		{ 0, 3, 1 }, { OUTPUTS, 4, 2 },
	};
	const size_t n = sizeof(steps) / sizeof(steps[0]);
	size_t step;
	int i;

	/* Without flow control the driver wants no interrupts of the lines. */
	set_lines(card, &rts_cts, 0);
	for (i = 0; i < CARD_PORTS; i++) {
		const struct port *port = &card->port[i];
		const struct port *far = &card->port[far_end(card, i)];

		begin(card);
		for (step = 0; step < n && !*objection; step++) {
			const int up = steps[step].outputs;
			const int wanted = (up & TIOCM_RTS ? TIOCM_CTS : 0) |
					   (up & TIOCM_DTR ? TIOCM_DSR | TIOCM_CD : 0);
			int lines;

			set_outputs(port, up);
			await_changes(card, far_end(card, i), steps[step].cts,
				      steps[step].dsr);
			lines = modem_lines(far) & INPUTS;
			if (lines != wanted)
				object("with %#x at %s there is %#x at %s", up,
				       port->path, lines, far->path);
		}
		verdict("%s: RTS of %s is CTS of %s, DTR is DSR and DCD, each change interrupts",
			card->name, port->path, far->path);
	}
	set_lines(card, &plain, 0);
}

/*
 * The other direction, or the other port, carries a text meanwhile: had the
 * stopped one wanted to send, it would have done so before.
 */
static void check_stop(struct card *card, int i)
{
	static const char held[] = "sent while CTS is low, received when it is high";
	const size_t length = sizeof(held) - 1;
	struct port *from = &card->port[i], *to = &card->port[far_end(card, i)];
	struct port *other = &card->port[!i];
	struct port *other_to = &card->port[far_end(card, !i)];
	static const char text[] = "this way is free";
	char unread;
	int queued;

	begin(card);
	set_outputs(to, TIOCM_DTR);
	await_changes(card, i, 1, 0);
	if (write(from->fd, held, length) != (ssize_t)length)
		object("%s takes only a part of a text", from->path);

	port_transfer(from, to, "", 0);
	port_transfer(other, other_to, text, sizeof(text) - 1);
	if (ports_exchange(card->port, CARD_PORTS))
		object("%s does not send, either", other->path);
	expect_received(other_to, text);
	if (ioctl(from->fd, TIOCOUTQ, &queued))
		fail("%s: TIOCOUTQ: %s", from->path, strerror(errno));
	if (queued != (int)length)
		object("%s has %d bytes to send, not %zu", from->path, queued, length);
	if (read(to->fd, &unread, 1) > 0)
		object("%s receives something", to->path);
	expect_count(from, "tx", counters(card, i).tx - card->before[i].tx, 0);
	verdict("%s: without RTS of %s %s keeps what it has to send", card->name,
		to->path, from->path);

	set_outputs(to, OUTPUTS);
	port_expect(other_to, 0);
	port_expect(to, length);
	from->length = 0;
	other->length = 0;
	from->sent = 0;
	other->sent = 0;
	if (ports_exchange(card->port, CARD_PORTS))
		object("it does not arrive");
	expect_received(to, held);
	expect_count(from, "tx", counters(card, i).tx - card->before[i].tx, length);
	expect_idle(card, far_end(card, i));
	verdict("%s: with RTS of %s %s sends it", card->name, to->path, from->path);
}

static void fill_random(unsigned char *bytes, size_t length, uint32_t seed)
{
	uint32_t x = seed;
	size_t i;

	for (i = 0; i < length; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		bytes[i] = x >> 24;
	}
}

/* The far end is not read, and its driver lets RTS fall. */
static void check_slow_reader(struct card *card, int i, size_t length)
{
	struct port *from = &card->port[i], *to = &card->port[far_end(card, i)];
	struct port *other = &card->port[!i];
	unsigned char *bytes = malloc(length);
	const void *wanted[CARD_PORTS];
	ssize_t put;
	int tries;

	if (!bytes)
		fail("no memory for %zu bytes", length);
	fill_random(bytes, length, i + 1);
	begin(card);
	port_transfer(other, &card->port[far_end(card, !i)], "", 0);
	port_transfer(from, to, bytes, length);
	for (tries = 0; tries < TRIES && modem_lines(to) & TIOCM_RTS; tries++) {
		put = write(from->fd, bytes + from->sent, length - from->sent);
		if (put > 0)
			from->sent += put;
		else
			usleep(TRY_US);
	}
	if (modem_lines(to) & TIOCM_RTS)
		object("RTS of %s stays up", to->path);
	if (modem_lines(from) & TIOCM_CTS)
		object("CTS of %s stays up", from->path);
	verdict("%s: RTS falls when nobody reads from %s, %zu bytes have been written",
		card->name, to->path, from->sent);

	wanted[far_end(card, i)] = bytes;
	wanted[far_end(card, !i)] = "";
	exchange(card, wanted);
	if (!(modem_lines(to) & TIOCM_RTS))
		object("RTS of %s stays down", to->path);
	verdict("%s: RTS rises when somebody reads, all %zu bytes come to %s",
		card->name, length, to->path);
	free(bytes);
}

static void check_flow_control(struct card *card)
{
	int i;

	set_lines(card, &rts_cts, 0);
	for (i = 0; i < CARD_PORTS; i++)
		check_stop(card, i);
	for (i = 0; i < CARD_PORTS; i++)
		check_slow_reader(card, i, 16 * 1024);
	set_lines(card, &plain, 0);
}

/*
 * Breaks
 */

static void send_all(const struct port *port, const char *text)
{
	const ssize_t length = strlen(text);

	if (write(port->fd, text, length) != length || tcdrain(port->fd))
		object("%s does not send a text: %s", port->path, strerror(errno));
}

static void check_breaks(struct card *card)
{
	static const char wanted[] = "one\377\0\0two\377\0\0three";
	const size_t length = sizeof(wanted) - 1;
	const int sent = strlen("onetwothree"), breaks = 2;
	int i;

	set_lines(card, &plain, PARMRK);
	for (i = 0; i < CARD_PORTS; i++) {
		struct port *from = &card->port[i];
		struct port *to = &card->port[far_end(card, i)];

		begin(card);
		port_transfer(&card->port[!i], &card->port[far_end(card, !i)], "", 0);
		port_transfer(from, to, "", 0);
		port_expect(to, length);
		send_all(from, "one");
		if (tcsendbreak(from->fd, 0))
			object("tcsendbreak: %s", strerror(errno));
		send_all(from, "two");
		if (ioctl(from->fd, TIOCSBRK) || ioctl(from->fd, TIOCCBRK))
			object("TIOCSBRK or TIOCCBRK: %s", strerror(errno));
		send_all(from, "three");
		if (ports_exchange(card->port, CARD_PORTS))
			object("it does not arrive");
		expect_received(to, wanted);
		if (card->crossed)
			expect_counts(card, i, (struct counts){ .tx = sent });
		expect_counts(card, far_end(card, i), (struct counts){
			.tx = card->crossed ? 0 : sent,
			.rx = sent + breaks, .brk = breaks });
		expect_idle(card, far_end(card, i));
		verdict("%s: each break of %s arrives once at %s, in its place",
			card->name, from->path, to->path);
	}
	set_lines(card, &plain, 0);
}

/*
 * Files
 */

/* Wants the processor all the time, as the driver and we do. */
static pid_t start_burner(void)
{
	const pid_t burner = fork();

	if (burner < 0)
		fail("fork: %s", strerror(errno));
	if (!burner) {
		for (;;)
			__asm__ volatile("" ::: "memory");
	}
	return burner;
}

static void stop_burner(pid_t burner)
{
	struct rusage usage;
	int status;

	if (waitpid(burner, &status, WNOHANG))
		object("the CPU burner has ended");
	kill(burner, SIGKILL);
	if (wait4(burner, &status, 0, &usage) != burner)
		fail("wait4: %s", strerror(errno));
	tell("a CPU burner had %ld.%03ld s meanwhile", (long)usage.ru_utime.tv_sec,
	     (long)usage.ru_utime.tv_usec / 1000);
}

/* A file from each port at the same time. */
static void check_files(struct card *card, size_t length)
{
	unsigned char *bytes[CARD_PORTS];
	const void *wanted[CARD_PORTS];
	pid_t burner;
	int i;

	for (i = 0; i < CARD_PORTS; i++) {
		struct port *port = &card->port[i];

		bytes[i] = malloc(length);
		if (!bytes[i])
			fail("no memory for %zu bytes", length);
		fill_random(bytes[i], length, 1000 + card->io[i]);
		port_transfer(port, &card->port[far_end(card, i)], bytes[i], length);
		wanted[far_end(card, i)] = bytes[i];
		port->tell_each = length / PROGRESS;
	}
	begin(card);
	burner = start_burner();
	exchange(card, wanted);
	stop_burner(burner);
	for (i = 0; i < CARD_PORTS; i++) {
		const struct port *far = &card->port[far_end(card, i)];
		const uint32_t sum = adler32(bytes[i], length);

		if (adler32(far->in, far->received) != sum)
			object("adler32 is %08x, not %08x",
			       adler32(far->in, far->received), sum);
		tell("%s sent %zu KiB, adler32 %08x, %s received them",
		     card->port[i].path, length / 1024, sum, far->path);
	}
	verdict("%s: %zu KiB from each port at the same time arrive as they were sent",
		card->name, length / 1024);
	for (i = 0; i < CARD_PORTS; i++) {
		card->port[i].tell_each = 0;
		free(bytes[i]);
	}
}

/*
 * Pieces that the receiver's FIFO holds, each taken before the next one is
 * sent: nothing can be lost, however slow this guest is.
 */
static void check_paced(struct card *card, const struct line *line, size_t length)
{
	unsigned char bytes[CARD_PORTS][UART_FIFO];
	const void *wanted[CARD_PORTS];
	size_t done;
	int i;

	set_lines(card, line, 0);
	for (done = 0; done < length && !*objection; done += UART_FIFO) {
		begin(card);
		for (i = 0; i < CARD_PORTS; i++) {
			fill_random(bytes[i], UART_FIFO, 1 + i + done);
			port_transfer(&card->port[i], &card->port[far_end(card, i)],
				      bytes[i], UART_FIFO);
			wanted[far_end(card, i)] = bytes[i];
		}
		exchange(card, wanted);
	}
	verdict("%s: %zu bytes from each port arrive as they were sent at %u",
		card->name, length, line->rate);
}

static void check_card(struct card *card)
{
	check_rates(card);
	check_formats(card);
	check_modem_lines(card);
	check_flow_control(card);
	check_breaks(card);
}

void uart_check_loopback(const struct names *ports, size_t file_length)
{
	struct card card;

	card_open(&card, "loopback", 0, ports);
	check_card(&card);
	check_files(&card, file_length);
	card_close(&card);
}

void uart_check_crossed(const struct names *ports, size_t file_length)
{
	struct card card;

	card_open(&card, "crossed", 1, ports);
	check_card(&card);
	check_mismatches(&card);
	check_files(&card, file_length);
	card_close(&card);
}

void uart_check_paced(const struct names *ports)
{
	static const struct line slow = { B300, 300, CS8 };
	struct card card;

	card_open(&card, "paced", 1, ports);
	check_paced(&card, &plain, 320);
	/* The host takes the time, from before its answer. */
	tell("slow begins");
	await_go();
	check_paced(&card, &slow, 128);
	tell("slow ends");
	card_close(&card);
}
