// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uses displays and serial ports, or a DMA engine, without a pause, as the host says by
 * a line on the console. Meanwhile the machine may be moved to another QEMU, of which
 * nothing may be noticed here.
 *
 *	tell N	tells what was done so far, and goes on
 *	rest N	stops when all is received that was sent, or copied, verifies and tells
 *	list N	tells which PCI devices there are now; also while it rests
 *	work	goes on after a rest
 *	go	the end; of an engine's work when it rests
 *
 * Each port sends numbers, one after the other, to itself: a byte that is lost,
 * doubled or changed shows at once.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "serial.h"

/* "1234567\n" */
#define RECORD		8
#define RECORDS		1000000
/* As much as a port may have on its way: less than the driver has room for */
#define ON_THE_WAY	1024
#define DRAIN_MS	30000

struct line {
	struct port port;
	char name[32];		/* ttyS1 */
	unsigned long sent;
	unsigned long received;
};

/* Bytes @at and following of what a port sends. */
static void make_stream(char *bytes, size_t length, int number, unsigned long at)
{
	char record[RECORD + 8];
	size_t i;

	for (i = 0; i < length; i++, at++) {
		/* Ports differ in the first digit, so that ports that are swapped show. */
		if (!i || !(at % RECORD))
			snprintf(record, sizeof(record), "%d%06lu\n", number % 10,
				 at / RECORD % RECORDS);
		bytes[i] = record[at % RECORD];
	}
}

static void line_send(struct line *line, int number)
{
	unsigned long room = ON_THE_WAY - (line->sent - line->received);
	char out[ON_THE_WAY];
	ssize_t put;

	make_stream(out, room, number, line->sent);
	put = room ? write(line->port.fd, out, room) : 0;
	if (put < 0 && errno != EAGAIN)
		fail("%s: write: %s", line->port.path, strerror(errno));
	if (put > 0)
		line->sent += put;
}

static void line_receive(struct line *line, int number)
{
	char in[ON_THE_WAY + 1], expected[sizeof(in)];
	const ssize_t got = read(line->port.fd, in, sizeof(in));
	ssize_t i;

	if (got < 0 && errno != EAGAIN)
		fail("%s: read: %s", line->port.path, strerror(errno));
	if (got <= 0)
		return;
	if (line->received + got > line->sent)
		fail("%s: more came back than the %lu bytes that were sent",
		     line->port.path, line->sent);
	make_stream(expected, got, number, line->received);
	for (i = 0; i < got; i++) {
		if (in[i] != expected[i])
			fail("%s: byte %lu came back as %02x, not %02x",
			     line->port.path, line->received + i, (uint8_t)in[i],
			     (uint8_t)expected[i]);
	}
	line->received += got;
}

static void drain(struct line *lines, int count)
{
	struct pollfd poller;
	int i;

	for (i = 0; i < count; i++) {
		poller = (struct pollfd){ .fd = lines[i].port.fd, .events = POLLIN };
		while (lines[i].received < lines[i].sent) {
			if (!poll(&poller, 1, DRAIN_MS))
				fail("%s: of %lu bytes sent %lu came back",
				     lines[i].port.path, lines[i].sent,
				     lines[i].received);
			line_receive(&lines[i], i + 1);
		}
	}
}

/* Of all ports: those that share a line have one handler, by the name of the first. */
static unsigned long interrupts(const struct line *lines, int lines_count)
{
	FILE *file = fopen("/proc/interrupts", "re");
	unsigned long count = 0;
	char text[256];
	int i;

	while (file && fgets(text, sizeof(text), file)) {
		for (i = 0; i < lines_count && !strstr(text, lines[i].name); i++)
			;
		if (i < lines_count)
			count += strtoul(text + strcspn(text, ":") + 1, NULL, 10);
	}
	if (file)
		fclose(file);
	return count;
}

static void tell_lines(const char *word, const char *number, unsigned int picture,
		       const struct line *lines, int count)
{
	int i;

	for (i = 0; i < count; i++)
		tell("%s %s: %s sent %lu received %lu", word, number,
		     lines[i].name, lines[i].sent, lines[i].received);
	tell("%s %s: picture %u interrupts %lu", word, number, picture,
	     interrupts(lines, count));
}

static char *read_command(char *line, size_t size, int wait)
{
	struct pollfd poller = { .fd = STDIN_FILENO, .events = POLLIN };

	if (poll(&poller, 1, wait ? -1 : 0) != 1)
		return NULL;
	/* Not by stdio, which might have read the next one, too. */
	if (read(STDIN_FILENO, line, size) <= 0)
		fail("the console was closed by the host");
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* Whether it was a question about devices, which has been answered. */
static int list_devices(const char *command)
{
	if (strncmp(command, "list ", 5))
		return 0;
	tell_devices();
	tell("lists %s", command + 5);
	return 1;
}

void work(const char *const *fbs, int fb_count, const struct names *names)
{
	struct line lines[PORTS_MAX] = { 0 };
	unsigned int picture = 0;
	char command[64] = "";
	int i;

	screen_leave_text_mode();
	for (i = 0; i < names->count; i++) {
		snprintf(lines[i].name, sizeof(lines[i].name), "%s",
			 names->name[i]);
		port_open(&lines[i].port, lines[i].name);
	}
	tell("works");
	while (strcmp(command, "go")) {
		picture++;
		for (i = 0; i < fb_count; i++)
			screen_draw_stripes(fbs[i], picture);
		for (i = 0; i < names->count; i++) {
			line_receive(&lines[i], i + 1);
			line_send(&lines[i], i + 1);
		}
		if (!read_command(command, sizeof(command), 0))
			continue;
		if (!strncmp(command, "tell ", 5)) {
			tell_lines("tells", command + 5, picture, lines,
				   names->count);
			continue;
		}
		if (list_devices(command) || strncmp(command, "rest ", 5))
			continue;
		drain(lines, names->count);
		for (i = 0; i < fb_count; i++)
			screen_tell_stripes(fbs[i], picture);
		tell_lines("rests", command + 5, picture, lines, names->count);
		do
			read_command(command, sizeof(command), 1);
		while (list_devices(command));
	}
	for (i = 0; i < names->count; i++)
		port_close(&lines[i].port);
}

/* dma-copy.ko works; here is only what the host wants to know. */
void work_by_dma(const struct engine *engine)
{
	char command[64] = "work";

	tell("works");
	for (; strcmp(command, "go"); read_command(command, sizeof(command), 1)) {
		if (!strcmp(command, "work")) {
			dma_start(engine, 0);
		} else if (!strncmp(command, "tell ", 5)) {
			dma_tell(engine, "tells", command + 5);
		} else if (!strncmp(command, "rest ", 5)) {
			dma_stop(engine);
			dma_tell(engine, "rests", command + 5);
		}
	}
}
