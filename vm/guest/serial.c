// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends a text over serial ports that loop back, over all of them at the same
 * time, and shows what came back. What is sent begins with the name of the
 * port, so that ports that are swapped show, and ends with every byte value
 * there is, so that a line that is not clean shows.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"

#define TEXT_MAX	65536
#define BYTE_VALUES	256
/* No byte in either direction for so long: the line is dead. */
#define PATIENCE_MS	30000

struct port {
	char path[40];
	int fd;
	char *out;
	char *in;
	size_t length;
	size_t sent;
	size_t received;
};

static char text[TEXT_MAX];

static size_t read_text(const char *path)
{
	FILE *file = fopen(path, "re");
	size_t length;

	if (!file)
		fail("%s: %s", path, strerror(errno));
	length = fread(text, 1, sizeof(text), file);
	if (!length || length == sizeof(text))
		fail("%s: not a text of less than %zu bytes", path, sizeof(text));
	fclose(file);
	return length;
}

static void port_open(struct port *port, const char *name)
{
	struct termios raw;

	snprintf(port->path, sizeof(port->path), "/dev/%.31s", name);
	port->fd = open(port->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (port->fd < 0 || tcgetattr(port->fd, &raw))
		fail("%s: no serial port: %s", port->path, strerror(errno));
	cfmakeraw(&raw);
	raw.c_cflag |= CLOCAL | CREAD;
	raw.c_cflag &= ~(CRTSCTS | CSTOPB);
	cfsetspeed(&raw, B115200);
	if (tcsetattr(port->fd, TCSANOW, &raw) || tcflush(port->fd, TCIOFLUSH))
		fail("%s: cannot set up the line: %s", port->path,
		     strerror(errno));
}

static void port_fill(struct port *port, size_t text_length)
{
	const size_t room = sizeof(port->path) + 16 + text_length + BYTE_VALUES;
	int i;

	port->out = malloc(room);
	port->in = malloc(room);
	if (!port->out || !port->in)
		fail("no memory for %s", port->path);
	port->length = sprintf(port->out, "this is %s\n", port->path);
	memcpy(port->out + port->length, text, text_length);
	port->length += text_length;
	for (i = 0; i < BYTE_VALUES; i++)
		port->out[port->length++] = i;
}

static void port_receive(struct port *port)
{
	const ssize_t got = read(port->fd, port->in + port->received,
				 port->length - port->received);

	if (got < 0 && errno != EAGAIN)
		fail("%s: read: %s", port->path, strerror(errno));
	if (got > 0)
		port->received += got;
}

static void port_send(struct port *port)
{
	const ssize_t put = write(port->fd, port->out + port->sent,
				  port->length - port->sent);

	if (put < 0 && errno != EAGAIN)
		fail("%s: write: %s", port->path, strerror(errno));
	if (put > 0)
		port->sent += put;
}

static short port_wants(const struct port *port)
{
	return (port->sent < port->length ? POLLOUT : 0) |
	       (port->received < port->length ? POLLIN : 0);
}

static int exchange_some(struct port *ports, int count)
{
	struct pollfd polls[PORTS_MAX];
	int i, busy = 0;

	for (i = 0; i < count; i++) {
		const short wants = port_wants(&ports[i]);

		polls[i] = (struct pollfd){
			.fd = wants ? ports[i].fd : -1,
			.events = wants,
		};
		busy |= wants;
	}
	if (!busy)
		return 0;
	if (!poll(polls, count, PATIENCE_MS)) {
		for (i = 0; i < count; i++)
			tell("%s: sent %zu of %zu bytes, got back %zu",
			     ports[i].path, ports[i].sent, ports[i].length,
			     ports[i].received);
		fail("the serial ports are dead");
	}
	for (i = 0; i < count; i++) {
		if (polls[i].revents & POLLIN)
			port_receive(&ports[i]);
		if (polls[i].revents & POLLOUT)
			port_send(&ports[i]);
		if (polls[i].revents & (POLLERR | POLLHUP))
			fail("%s: hung up", ports[i].path);
	}
	return 1;
}

/* What came back is shown before it is judged. */
static void port_show(const struct port *port)
{
	printf("begin %s\n", port->path);
	fwrite(port->in, 1, port->length - BYTE_VALUES, stdout);
	printf("end %s\n", port->path);
	printf("%s: sent     %zu bytes, adler32 %08x\n", port->path,
	       port->length, adler32(port->out, port->length));
	printf("%s: received %zu bytes, adler32 %08x\n", port->path,
	       port->received, adler32(port->in, port->received));
}

static void port_judge(const struct port *port)
{
	char surplus;
	size_t i;

	for (i = 0; i < port->length; i++) {
		if (port->in[i] != port->out[i])
			fail("%s: byte %zu came back as %02x, not %02x",
			     port->path, i, (unsigned char)port->in[i],
			     (unsigned char)port->out[i]);
	}
	if (read(port->fd, &surplus, 1) > 0)
		fail("%s: more came back than was sent", port->path);
	printf("%s: equal, every byte value among them\n", port->path);
}

void serial_exchange(const char *text_file, const struct names *names)
{
	const size_t text_length = read_text(text_file);
	const int count = names->count;
	struct port ports[PORTS_MAX] = { 0 };
	int i;

	for (i = 0; i < count; i++) {
		port_open(&ports[i], names->name[i]);
		port_fill(&ports[i], text_length);
	}
	while (exchange_some(ports, count))
		;
	tell("text begins");
	for (i = 0; i < count; i++)
		port_show(&ports[i]);
	for (i = 0; i < count; i++)
		port_judge(&ports[i]);
	tell("text ends");
}
