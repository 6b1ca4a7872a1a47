/* SPDX-License-Identifier: GPL-2.0-only */
/* Serial ports, what is sent and received over them. */
#ifndef GUEST_SERIAL_H
#define GUEST_SERIAL_H

#include <stddef.h>

/**
 * struct port - an open serial port
 * @path: below /dev
 * @fd: it waits for nothing
 * @out: data to send, the caller's
 * @length: how much that is
 * @sent: how much of it the driver has taken
 * @in: what was received
 * @wanted: how much to receive
 * @received: how much of it there is
 * @tell_each: of how many bytes the host is told when they are received; 0: of none
 */
struct port {
	char path[40];
	int fd;
	const char *out;
	size_t length;
	size_t sent;
	char *in;
	size_t wanted;
	size_t received;
	size_t tell_each;
};

/* At 115200 8N1, raw, without flow control */
void port_open(struct port *port, const char *name);
void port_close(struct port *port);

/* Set up a port for ports_exchange(), which does the transfer. */
void port_transfer(struct port *from, struct port *to, const void *data,
		   size_t length);
void port_expect(struct port *port, size_t length);

/* Send and receive all of it. -1: nothing moves any more */
int ports_exchange(struct port *ports, int count);

#endif
