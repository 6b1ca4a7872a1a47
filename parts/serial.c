// SPDX-License-Identifier: GPL-2.0-only
/* The serial ports of a card; see serial.h. */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/hrtimer.h>
#include <linux/lockdep.h>
#include <linux/serial_reg.h>

#include "internal.h"

static struct softpci_port *to_port(struct softpci_uart *uart)
{
	return container_of(uart, struct softpci_port, uart);
}

/* All that came over the cable until now is at the pins. */
static void serial_catch_up(struct softpci_port *port)
{
	lockdep_assert_held(&port_dev(port)->lock);
	/* Without a cable, only this device changes the inbox. */
	if (port->other || READ_ONCE(port->inbox.len))
		softpci_cable_catch_up(port);
}

static void serial_set_irq(struct softpci_uart *uart, bool level)
{
	struct softpci_port *port = to_port(uart);

	softpci_irq_level(uart->dev, port->index, level);
}

static bool serial_send(struct softpci_uart *uart,
			const struct softpci_uart_frame *frame, bool force)
{
	struct softpci_port *port = to_port(uart), *peer = port->peer;

	if (port->other)
		return softpci_cable_send(port, frame, force);
	/* Unplugged: lost. */
	if (!peer)
		return true;
	/* Not in loopback, where a port would wait for itself. */
	if (peer != port && !uart->paced && !force &&
	    !softpci_uart_has_room(&peer->uart))
		return false;
	softpci_uart_receive(&peer->uart, frame);
	return true;
}

static void serial_outputs(struct softpci_uart *uart)
{
	struct softpci_port *port = to_port(uart);

	if (port->peer)
		softpci_uart_set_inputs(&port->peer->uart,
					softpci_cable_cross(uart->outputs), 0);
	if (port->other)
		softpci_cable_outputs(port);
}

static void serial_room(struct softpci_uart *uart)
{
	struct softpci_port *port = to_port(uart);

	if (port->peer && port->peer != port)
		softpci_uart_run(&port->peer->uart);
	serial_catch_up(port);
}

static const struct softpci_uart_ops serial_uart_ops = {
	.irq		= serial_set_irq,
	.send		= serial_send,
	.outputs	= serial_outputs,
	.room		= serial_room,
};

/**
 * softpci_serial_init() - set up the ports of a card
 * @serial: the ports, zeroed
 * @dev: the device; interrupt source n is port n + 1
 * @nr: how many ports it has
 *
 * From here on other devices can connect to it.  To be called by
 * softpci_ops.init(), and undone by softpci_serial_release().
 */
void softpci_serial_init(struct softpci_serial *serial,
			 struct softpci_device *dev, unsigned int nr)
{
	unsigned int i;

	serial->dev = dev;
	serial->nr = nr;
	for (i = 0; i < SOFTPCI_SERIAL_PORTS; i++) {
		struct softpci_port *port = &serial->port[i];

		port->serial = serial;
		port->index = i;
		port->peer = port;
		softpci_uart_init(&port->uart, &serial_uart_ops, dev);
		spin_lock_init(&port->inbox.lock);
		softpci_job_init(&port->arrival, softpci_cable_arrival);
	}
	softpci_wiring_appear(serial);
}
EXPORT_SYMBOL_GPL(softpci_serial_init);

/**
 * softpci_serial_release() - undo softpci_serial_init()
 * @serial: the ports, not in use
 */
void softpci_serial_release(struct softpci_serial *serial)
{
	softpci_wiring_disappear(serial);
}
EXPORT_SYMBOL_GPL(softpci_serial_release);

/*
 * The lines as they are here: after a state was loaded, the port does not know
 * them, and the other end does not know those of the port.
 */
static void serial_tell_lines(struct softpci_port *port)
{
	u8 outputs = 0;

	lockdep_assert_held(&port_dev(port)->lock);
	if (port->other) {
		softpci_cable_outputs(port);
		scoped_guard(spinlock, &port->inbox.lock)
			outputs = port->inbox.outputs;
	} else if (port->peer) {
		outputs = port->peer->uart.outputs;
	}
	softpci_uart_set_inputs(&port->uart, softpci_cable_cross(outputs), 0);
}

/**
 * softpci_serial_start() - for softpci_ops.start()
 * @serial: the ports
 */
void softpci_serial_start(struct softpci_serial *serial)
{
	unsigned int i;

	for (i = 0; i < serial->nr; i++) {
		struct softpci_port *port = &serial->port[i];

		softpci_uart_start(&port->uart);
		guard(softpci)(serial->dev);
		softpci_cable_hold(port, false);
		serial_tell_lines(port);
		/* Data may have come before it was stopped, here or elsewhere. */
		softpci_cable_catch_up(port);
		if (port->other)
			softpci_cable_wake(port);
	}
}
EXPORT_SYMBOL_GPL(softpci_serial_start);

/**
 * softpci_serial_stop() - for softpci_ops.stop()
 * @serial: the ports
 */
void softpci_serial_stop(struct softpci_serial *serial)
{
	unsigned int i;

	for (i = 0; i < serial->nr; i++) {
		struct softpci_port *port = &serial->port[i];

		softpci_uart_stop(&port->uart);
		guard(softpci)(serial->dev);
		softpci_cable_hold(port, true);
	}
}
EXPORT_SYMBOL_GPL(softpci_serial_stop);

/**
 * softpci_serial_reset() - for softpci_ops.reset()
 * @serial: the ports, device lock held
 *
 * The ports of the device first, then the other ends: those are not reset.
 */
void softpci_serial_reset(struct softpci_serial *serial)
{
	struct softpci_port *port;

	lockdep_assert_held(&serial->dev->lock);
	for (port = serial->port; port < serial->port + SOFTPCI_SERIAL_PORTS; port++) {
		guard(spinlock)(&port->inbox.lock);
		softpci_cable_empty(&port->inbox);
		softpci_uart_reset(&port->uart,
				   softpci_cable_cross(port->inbox.outputs));
	}
	for (port = serial->port; port < serial->port + SOFTPCI_SERIAL_PORTS; port++)
		if (port->other)
			softpci_cable_outputs(port);
}
EXPORT_SYMBOL_GPL(softpci_serial_reset);

/**
 * softpci_serial_read() - read a register of a port
 * @serial: the ports, device lock held
 * @port: index of the port, below SOFTPCI_SERIAL_PORTS
 * @reg: offset of the register, below SOFTPCI_UART_REGS
 *
 * Return: its value; reading may have effects.
 */
u8 softpci_serial_read(struct softpci_serial *serial, unsigned int port,
		       unsigned int reg)
{
	struct softpci_port *p = &serial->port[port];

	serial_catch_up(p);
	return softpci_uart_read(&p->uart, reg);
}
EXPORT_SYMBOL_GPL(softpci_serial_read);

/**
 * softpci_serial_write() - write to a register of a port
 * @serial: the ports, device lock held
 * @port: index of the port, below SOFTPCI_SERIAL_PORTS
 * @reg: offset of the register, below SOFTPCI_UART_REGS
 * @val: the value
 */
void softpci_serial_write(struct softpci_serial *serial, unsigned int port,
			  unsigned int reg, u8 val)
{
	struct softpci_port *p = &serial->port[port];

	serial_catch_up(p);
	softpci_uart_write(&p->uart, reg, val);
}
EXPORT_SYMBOL_GPL(softpci_serial_write);

/**
 * softpci_serial_set_pace() - send at the pace of the divisor, or at once
 * @serial: the ports
 * @pace: at the pace of the divisor
 *
 * Return: 0; -EBUSY if that would change the pace of a device in use.
 */
int softpci_serial_set_pace(struct softpci_serial *serial, bool pace)
{
	unsigned int i;

	guard(softpci)(serial->dev);
	/* The value that is shown is accepted at any time. */
	if (pace == serial->port[0].uart.paced)
		return 0;
	if (serial->dev->open)
		return -EBUSY;
	for (i = 0; i < SOFTPCI_SERIAL_PORTS; i++)
		serial->port[i].uart.paced = pace;
	return 0;
}
EXPORT_SYMBOL_GPL(softpci_serial_set_pace);

/**
 * softpci_serial_pace() - the value of softpci_serial_set_pace()
 * @serial: the ports
 *
 * Return: true if they send at the pace of the divisor.
 */
bool softpci_serial_pace(const struct softpci_serial *serial)
{
	return READ_ONCE(serial->port[0].uart.paced);
}
EXPORT_SYMBOL_GPL(softpci_serial_pace);

static const struct softpci_field inbox_fields[] = {
	SOFTPCI_STRUCTS(struct softpci_inbox_saved, frame,
			softpci_uart_frame_fields),
	SOFTPCI_FIELD_MAX(struct softpci_inbox_saved, len, SOFTPCI_IN_FLIGHT),
	SOFTPCI_FIELD_MAX(struct softpci_inbox_saved, changed,
			  UART_MCR_RTS | UART_MCR_DTR),
	SOFTPCI_FIELD(struct softpci_inbox_saved, lost),
	SOFTPCI_FIELD(struct softpci_inbox_saved, keep),
};

static const struct softpci_field port_fields[] = {
	SOFTPCI_STRUCT(struct softpci_port, uart, softpci_uart_fields),
	SOFTPCI_STRUCT(struct softpci_port, saved, inbox_fields),
};

/*
 * Data on a cable is saved with its receiver.  The wires themselves are of the
 * host: a device that is loaded has those that it was given there.
 */
const struct softpci_field softpci_serial_fields[SOFTPCI_SERIAL_NR_FIELDS] = {
	SOFTPCI_STRUCTS(struct softpci_serial, port, port_fields),
};
EXPORT_SYMBOL_GPL(softpci_serial_fields);

/**
 * softpci_serial_pre_save() - for softpci_state.pre_save()
 * @serial: the ports, device lock held
 */
void softpci_serial_pre_save(struct softpci_serial *serial)
{
	unsigned int i;

	for (i = 0; i < SOFTPCI_SERIAL_PORTS; i++) {
		softpci_uart_pre_save(&serial->port[i].uart);
		softpci_cable_save(&serial->port[i]);
	}
}
EXPORT_SYMBOL_GPL(softpci_serial_pre_save);

/* A source that no port has, or that differs from its port, would never fall. */
static bool serial_irqs_are_valid(const struct softpci_serial *serial)
{
	unsigned int i;
	u32 level = 0;

	for (i = 0; i < SOFTPCI_SERIAL_PORTS; i++)
		if (serial->port[i].uart.intr)
			level |= BIT(i);
	return serial->dev->irqs.level == level && !(level >> serial->nr);
}

/**
 * softpci_serial_post_load() - for softpci_state.post_load()
 * @serial: the ports, device lock held, stopped; the card has no interrupt sources
 *	    but theirs
 *
 * Return: 0; -EINVAL, and nothing is done, if a register or an interrupt source has
 * a value that it cannot have.
 */
int softpci_serial_post_load(struct softpci_serial *serial)
{
	unsigned int i;

	if (!serial_irqs_are_valid(serial))
		return -EINVAL;
	for (i = 0; i < SOFTPCI_SERIAL_PORTS; i++)
		if (!softpci_uart_is_valid(&serial->port[i].uart))
			return -EINVAL;
	for (i = 0; i < SOFTPCI_SERIAL_PORTS; i++) {
		softpci_uart_post_load(&serial->port[i].uart);
		softpci_cable_load(&serial->port[i]);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(softpci_serial_post_load);
