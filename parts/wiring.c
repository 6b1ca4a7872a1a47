// SPDX-License-Identifier: GPL-2.0-only
/*
 * The wires of serial ports.
 *
 * A cable is remembered at both ends, so that it is plugged in again when a
 * device that has left comes back.  If one end is wired to something else, the
 * other still waits for it only if its own attribute said so.  Nothing is
 * allocated: each port has room for one cable.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uuid.h>

#include "internal.h"

/*
 * All cards and their connections: these change under this lock and the
 * device locks of both, in this order, and can be read under any of them.
 */
static DEFINE_MUTEX(serial_wiring);
static LIST_HEAD(serial_cards);

/* Is it the port that a cable leads to? */
static bool serial_leads_to(const struct softpci_far *far,
			    const struct softpci_port *port)
{
	return far->port == port->index + 1 &&
	       guid_equal(&far->uuid, &port_dev(port)->uuid);
}

/* The outputs of one end are inputs of the other; update an open one. */
static void serial_connect(struct softpci_port *port, struct softpci_port *other)
{
	u8 outputs = other ? other->uart.outputs : 0, changed;

	lockdep_assert_held(&serial_wiring);
	lockdep_assert_held(&port_dev(port)->lock);
	port->peer = NULL;
	port->other = other;
	scoped_guard(spinlock, &port->inbox.lock) {
		changed = port->inbox.changed;
		softpci_cable_empty(&port->inbox);
		port->inbox.outputs = outputs;
	}
	if (!port_dev(port)->open) {
		softpci_serial_reset(port->serial);
		return;
	}
	softpci_uart_set_inputs(&port->uart, softpci_cable_cross(outputs),
				softpci_cable_cross(changed));
	/* Characters that waited for room at an end that has left are lost. */
	softpci_uart_run(&port->uart);
}

static void serial_plug(struct softpci_port *port, struct softpci_port *other)
{
	lockdep_assert_held(&serial_wiring);
	/* A port that waited for this one still wants this cable. */
	if (!serial_leads_to(&other->wish, port)) {
		other->wish.uuid = port_dev(port)->uuid;
		other->wish.port = port->index + 1;
		other->told = false;
	}
	port->wish.uuid = port_dev(other)->uuid;
	port->wish.port = other->index + 1;
	serial_connect(port, other);
	serial_connect(other, port);
}

/* Both ends have a cable still, which leads nowhere for now. */
static void serial_unplug(struct softpci_port *port)
{
	struct softpci_port *other = port->other;

	lockdep_assert_held(&serial_wiring);
	if (!other)
		return;
	/* Disconnected first: a reset of one end must not update the other. */
	port->other = NULL;
	serial_connect(other, NULL);
	serial_connect(port, NULL);
}

static void serial_loop_back(struct softpci_port *port)
{
	lockdep_assert_held(&serial_wiring);
	lockdep_assert_held(&port_dev(port)->lock);
	port->peer = port;
	port->wish.port = 0;
	port->told = false;
}

/* Takes a crossing or a cable away; its device is not in use. */
static void serial_unwire(struct softpci_port *port)
{
	struct softpci_port *other = port->other;

	lockdep_assert_held(&serial_wiring);
	serial_unplug(port);
	if (other && !other->told)
		serial_loop_back(other);
	if (port->peer)
		serial_loop_back(port->peer);
	serial_loop_back(port);
	softpci_serial_reset(port->serial);
}

/* The newest: one that was removed may not be freed yet. */
static struct softpci_serial *serial_find(const guid_t *uuid)
{
	struct softpci_serial *serial;

	lockdep_assert_held(&serial_wiring);
	list_for_each_entry_reverse(serial, &serial_cards, node)
		if (guid_equal(&serial->dev->uuid, uuid))
			return serial;
	return NULL;
}

/**
 * struct locked_cards - devices whose ports get another wire, locked
 * @serial: the cards
 * @nr: how many: one, and for each of its ports those at the other end of the
 *	old cable, of the new one, and of the cable that is in the way of that
 */
struct locked_cards {
	struct softpci_serial *serial[1 + 3 * SOFTPCI_SERIAL_PORTS];
	unsigned int nr;
};

static void serial_lock(struct locked_cards *c, struct softpci_port *port)
{
	struct softpci_serial *serial;
	unsigned int i;

	lockdep_assert_held(&serial_wiring);
	if (!port)
		return;
	serial = port->serial;
	for (i = 0; i < c->nr; i++)
		if (c->serial[i] == serial)
			return;
	/* In any order: only one thread at a time has more than one of them. */
	spin_lock_nest_lock(&serial->dev->lock, &serial_wiring);
	c->serial[c->nr++] = serial;
}

static void serial_unlock(struct locked_cards *c)
{
	while (c->nr)
		softpci_unlock(c->serial[--c->nr]->dev);
}

enum wire_kind { WIRE_KEEP, WIRE_LOOPBACK, WIRE_CROSSED, WIRE_CABLE };

/**
 * struct wire_order - the connection that was asked for a port
 * @kind: the kind of connection, or WIRE_KEEP
 * @far: where a cable leads to
 * @other: the port there, NULL: it does not exist
 * @change: the port has another connection
 */
struct wire_order {
	enum wire_kind kind;
	struct softpci_far far;
	struct softpci_port *other;
	bool change;
};

static bool serial_has_wire(const struct softpci_port *port,
			    const struct wire_order *wire)
{
	switch (wire->kind) {
	case WIRE_LOOPBACK:
		return port->peer == port;
	case WIRE_CROSSED:
		return port->peer && port->peer != port;
	case WIRE_CABLE:
		return !port->peer && port->wish.port == wire->far.port &&
		       guid_equal(&port->wish.uuid, &wire->far.uuid);
	default:
		return true;
	}
}

/*
 * The wires of a device in use must not change.  A cable from a port that
 * waits for this one is such a wire: it can be plugged in at any time.
 */
static bool serial_is_free(const struct softpci_port *other,
			   const struct softpci_port *port,
			   const struct wire_order *wires)
{
	lockdep_assert_held(&serial_wiring);
	if (!other->peer && serial_leads_to(&other->wish, port))
		return true;
	if (port_dev(other)->open)
		return false;
	if (other->peer)
		return other->peer == other;
	if (other->told)
		return false;
	/* But from a port of the same card, which gets another wire now. */
	return !other->other || (port_dev(other->other) == port_dev(port) &&
				 wires[other->other->index].change);
}

/* Return: 0, or an errno if it is not to be. */
static int serial_prepare(struct softpci_port *port, struct wire_order *wires)
{
	const struct wire_order *wire = &wires[port->index];

	lockdep_assert_held(&serial_wiring);
	if (wire->kind == WIRE_KEEP)
		return 0;
	if (wire->change && (port_dev(port)->open ||
			     (port->other && port_dev(port->other)->open)))
		return -EBUSY;
	if (wire->change && wire->other &&
	    !serial_is_free(wire->other, port, wires))
		return -EBUSY;
	return 0;
}

static void serial_carry_out(struct softpci_port *port, struct wire_order *wires)
{
	struct wire_order *wire = &wires[port->index];

	lockdep_assert_held(&serial_wiring);
	switch (wire->kind) {
	case WIRE_CROSSED:
		port->peer = &port->serial->port[!port->index];
		break;
	case WIRE_CABLE:
		port->told = true;
		if (wire->change) {
			port->peer = NULL;
			port->wish = wire->far;
		}
		/* Of two ports that want one cable the first gets it. */
		if (port->other || !wire->other ||
		    (wire->other->other &&
		     port_dev(wire->other->other) == port_dev(port)) ||
		    !serial_is_free(wire->other, port, wires))
			break;
		/* A device that has left, and whose name another one has now. */
		serial_unplug(wire->other);
		serial_plug(port, wire->other);
		break;
	default:
		break;
	}
}

/* All of it, or nothing. */
static int serial_wire_ports(struct softpci_serial *serial, struct wire_order *wires)
{
	unsigned int nr = serial->nr, i;
	struct locked_cards concerned = {};
	struct softpci_serial *far;
	int ret = 0;

	lockdep_assert_held(&serial_wiring);
	for (i = 0; i < nr; i++) {
		wires[i].change = !serial_has_wire(&serial->port[i], &wires[i]);
		if (wires[i].kind != WIRE_CABLE)
			continue;
		far = serial_find(&wires[i].far.uuid);
		if (far == serial)
			return -EINVAL;
		if (!far)
			continue;
		/* A port that the device came back without is waited for. */
		if (wires[i].far.port <= far->nr)
			wires[i].other = &far->port[wires[i].far.port - 1];
		else if (wires[i].change)
			return -EINVAL;
	}

	serial_lock(&concerned, &serial->port[0]);
	for (i = 0; i < nr; i++) {
		serial_lock(&concerned, serial->port[i].other);
		serial_lock(&concerned, wires[i].other);
		serial_lock(&concerned, wires[i].other ? wires[i].other->other : NULL);
	}
	for (i = 0; i < nr && !ret; i++)
		ret = serial_prepare(&serial->port[i], wires);
	for (i = 0; i < nr && !ret; i++)
		if (wires[i].change)
			serial_unwire(&serial->port[i]);
	for (i = 0; i < nr && !ret; i++)
		serial_carry_out(&serial->port[i], wires);
	serial_unlock(&concerned);
	return ret;
}

/* "PORT loopback", "PORT crossed", or "PORT UUID PORT" for a cable. */
static int serial_parse_line(const char *line, unsigned int nr,
			     struct wire_order *wires)
{
	char what[UUID_STRING_LEN + 2], from[5], to[5];
	struct wire_order *wire;
	int words, end = 0;
	unsigned int near;

	/* Words, of which each is looked at to its end. */
	words = sscanf(line, "%4s %37s %n", from, what, &end);
	if (words != 2 || kstrtouint(from, 10, &near) || !near || near > nr)
		return -EINVAL;
	wire = &wires[near - 1];
	if (wire->kind != WIRE_KEEP)
		return -EINVAL;

	line += end;
	if (!*line && !strcmp(what, "loopback")) {
		wire->kind = WIRE_LOOPBACK;
		return 0;
	}
	if (!*line && !strcmp(what, "crossed")) {
		wire->kind = WIRE_CROSSED;
		return 0;
	}
	wire->kind = WIRE_CABLE;
	if (sscanf(line, "%4s %n", to, &end) != 1 || line[end] ||
	    strlen(what) != UUID_STRING_LEN ||
	    guid_parse(what, &wire->far.uuid) ||
	    kstrtouint(to, 10, &wire->far.port) || !wire->far.port ||
	    wire->far.port > SOFTPCI_SERIAL_PORTS)
		return -EINVAL;
	return 0;
}

/* A line for each port, or for one of them; or a word for all. */
static int serial_parse(const char *buf, unsigned int nr, struct wire_order *wires)
{
	/* No line that means something is longer. */
	char line[64];
	unsigned int i;
	size_t len;
	int ret;

	if (sysfs_streq(buf, "loopback") || sysfs_streq(buf, "crossed")) {
		for (i = 0; i < nr; i++)
			wires[i].kind = *buf == 'l' ? WIRE_LOOPBACK :
						      WIRE_CROSSED;
	} else {
		do {
			len = strcspn(buf, "\n");
			if (len >= sizeof(line))
				return -EINVAL;
			memcpy(line, buf, len);
			line[len] = '\0';
			ret = serial_parse_line(line, nr, wires);
			if (ret)
				return ret;
			buf += len + !!buf[len];
		} while (*buf);
	}

	/* Two ports are crossed, or none. */
	for (i = 0; i < nr; i++)
		if (wires[i].kind == WIRE_CROSSED &&
		    (nr != 2 || wires[!i].kind != WIRE_CROSSED))
			return -EINVAL;
	return 0;
}

/**
 * softpci_serial_wire() - connect the ports of a card
 * @serial: the card
 * @buf: "loopback" or "crossed" for all ports, or a line for each port that is to
 *	 change: "PORT loopback", "PORT crossed", "PORT UUID PORT" for a cable
 *
 * All of it is done or nothing.  The state that softpci_serial_show_wire() shows
 * is accepted at any time.
 *
 * Return: 0; -EINVAL for anything else, for a cable from a card to itself and for
 * one to a port that an existing card lacks; -EBUSY if a device in use would get
 * another wire, or if the other end has one already.
 */
int softpci_serial_wire(struct softpci_serial *serial, const char *buf)
{
	struct wire_order wires[SOFTPCI_SERIAL_PORTS] = {};
	int ret;

	ret = serial_parse(buf, serial->nr, wires);
	if (ret)
		return ret;
	guard(mutex)(&serial_wiring);
	return serial_wire_ports(serial, wires);
}
EXPORT_SYMBOL_GPL(softpci_serial_wire);

/**
 * softpci_serial_show_wire() - show the connections of a card's ports
 * @serial: the card
 * @buf: a page of sysfs: a line for each port, a cable also if its other end does
 *	 not exist
 *
 * Return: the length of the text.
 */
ssize_t softpci_serial_show_wire(struct softpci_serial *serial, char *buf)
{
	unsigned int i;
	int len = 0;

	guard(mutex)(&serial_wiring);
	for (i = 0; i < serial->nr; i++) {
		const struct softpci_port *port = &serial->port[i];

		if (port->peer)
			len += sysfs_emit_at(buf, len, "%u %s\n", i + 1,
					     port->peer == port ? "loopback" :
								  "crossed");
		else
			len += sysfs_emit_at(buf, len, "%u %pUl %u\n", i + 1,
					     &port->wish.uuid, port->wish.port);
	}
	return len;
}
EXPORT_SYMBOL_GPL(softpci_serial_show_wire);

/* A port that waits for this one; of several the one of the oldest device. */
static struct softpci_port *serial_find_waiting(const struct softpci_port *port)
{
	struct softpci_serial *serial;
	unsigned int i;

	lockdep_assert_held(&serial_wiring);
	list_for_each_entry(serial, &serial_cards, node)
		for (i = 0; i < serial->nr; i++)
			/* One that was removed, and is not freed, waits no more. */
			if (!serial->port[i].peer &&
			    serial_leads_to(&serial->port[i].wish, port) &&
			    serial_find(&serial->dev->uuid) == serial)
				return &serial->port[i];
	return NULL;
}

/**
 * softpci_wiring_appear() - plug in the cables whose other ends wait for a card
 * @serial: the card, which is new
 */
void softpci_wiring_appear(struct softpci_serial *serial)
{
	struct locked_cards concerned = {};
	struct softpci_port *waiting;
	unsigned int i;

	guard(mutex)(&serial_wiring);
	for (i = 0; i < serial->nr; i++) {
		waiting = serial_find_waiting(&serial->port[i]);
		if (!waiting)
			continue;
		serial_lock(&concerned, &serial->port[i]);
		serial_lock(&concerned, waiting);
		serial_lock(&concerned, waiting->other);
		/* From one of the same name that is removed, and not yet gone. */
		serial_unplug(waiting);
		serial_plug(&serial->port[i], waiting);
		serial_unlock(&concerned);
	}
	list_add_tail(&serial->node, &serial_cards);
}

/**
 * softpci_wiring_disappear() - unplug the cables of a card
 * @serial: the card, which is going
 *
 * The other ends wait for it to come back.
 */
void softpci_wiring_disappear(struct softpci_serial *serial)
{
	struct locked_cards concerned = {};
	unsigned int i;

	guard(mutex)(&serial_wiring);
	list_del(&serial->node);
	serial_lock(&concerned, &serial->port[0]);
	for (i = 0; i < SOFTPCI_SERIAL_PORTS; i++)
		serial_lock(&concerned, serial->port[i].other);
	/* The last characters over a cable are lost with it. */
	for (i = 0; i < SOFTPCI_SERIAL_PORTS; i++)
		serial_unplug(&serial->port[i]);
	softpci_serial_reset(serial);
	serial_unlock(&concerned);
}

