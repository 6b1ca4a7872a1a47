// SPDX-License-Identifier: GPL-2.0-only
/*
 * Serial ports: opens them, and sends and receives over all of them at the same
 * time.
 *
 * With that, a text goes over ports that loop back, and what came back is shown.
 * What is sent begins with the name of the port, so that ports that are swapped
 * show, and ends with every byte value there is, so that a line that is not
 * clean shows.
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
#include "serial.h"

#define TEXT_MAX	65536
#define BYTE_VALUES	256
/* No byte in either direction for so long: the line is dead. */
#define PATIENCE_MS	30000

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

void port_open(struct port *port, const char *name)
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

void port_close(struct port *port)
{
	close(port->fd);
	free(port->in);
	*port = (struct port){ .fd = -1 };
}

void port_transfer(struct port *from, struct port *to, const void *data,
		   size_t length)
{
	from->out = data;
	from->length = length;
	from->sent = 0;
	port_expect(to, length);
}

void port_expect(struct port *port, size_t length)
{
	free(port->in);
	port->in = malloc(length ? length : 1);
	if (!port->in)
		fail("no memory for %s", port->path);
	port->wanted = length;
	port->received = 0;
}

static void port_receive(struct port *port)
{
	const size_t before = port->received;
	const ssize_t got = read(port->fd, port->in + port->received,
				 port->wanted - port->received);

	if (got < 0 && errno != EAGAIN)
		fail("%s: read: %s", port->path, strerror(errno));
	if (got > 0)
		port->received += got;
	if (port->tell_each &&
	    before / port->tell_each != port->received / port->tell_each)
		tell("%s: received %zu of %zu KiB", port->path,
		     port->received / 1024, port->wanted / 1024);
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
	       (port->received < port->wanted ? POLLIN : 0);
}

int ports_exchange(struct port *ports, int count)
{
	struct pollfd polls[PORTS_MAX];
	int i, busy;

	for (;;) {
		busy = 0;
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
		if (!poll(polls, count, PATIENCE_MS))
			return -1;
		for (i = 0; i < count; i++) {
			if (polls[i].revents & POLLIN)
				port_receive(&ports[i]);
			if (polls[i].revents & POLLOUT)
				port_send(&ports[i]);
			if (polls[i].revents & (POLLERR | POLLHUP))
				fail("%s: hung up", ports[i].path);
		}
	}
}

static void port_fill(struct port *port, size_t text_length)
{
	const size_t room = sizeof(port->path) + 16 + text_length + BYTE_VALUES;
	char *out = malloc(room);
	size_t length;
	int i;

	if (!out)
		fail("no memory for %s", port->path);
	length = sprintf(out, "this is %s\n", port->path);
	memcpy(out + length, text, text_length);
	length += text_length;
	for (i = 0; i < BYTE_VALUES; i++)
		out[length++] = i;
	port_transfer(port, port, out, length);
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
	if (ports_exchange(ports, count)) {
		for (i = 0; i < count; i++)
			tell("%s: sent %zu of %zu bytes, got back %zu",
			     ports[i].path, ports[i].sent, ports[i].length,
			     ports[i].received);
		fail("the serial ports are dead");
	}
	tell("text begins");
	for (i = 0; i < count; i++)
		port_show(&ports[i]);
	for (i = 0; i < count; i++)
		port_judge(&ports[i]);
	tell("text ends");
	for (i = 0; i < count; i++)
		port_close(&ports[i]);
}
