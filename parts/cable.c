// SPDX-License-Identifier: GPL-2.0-only
/* Characters and modem lines on their way over a cable; see cable.h. */
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/serial_reg.h>
#include <linux/string.h>

#include "internal.h"

/**
 * softpci_cable_cross() - the inputs that a null-modem cable makes of outputs
 * @outputs: RTS and DTR of one end, as UART_MCR_*
 *
 * Return: CTS, DSR and DCD of the other end, as UART_MSR_*.
 */
u8 softpci_cable_cross(u8 outputs)
{
	return (outputs & UART_MCR_RTS ? UART_MSR_CTS : 0) |
	       (outputs & UART_MCR_DTR ? UART_MSR_DSR | UART_MSR_DCD : 0);
}

/**
 * softpci_cable_wake() - have a port fetch data that came over its cable
 * @port: the port
 *
 * Context: any; takes softpci_jobs.lock of its device and no other lock.
 */
void softpci_cable_wake(struct softpci_port *port)
{
	softpci_queue(port_dev(port), &port->arrival);
}

/*
 * A paced sender never waits for room, but for the job of the other end:
 * however late that is, a receiver gets characters no faster than on a line, and
 * so in time to read them.
 */
static bool cable_has_place(const struct softpci_inbox *inbox,
			    const struct softpci_uart_frame *frame)
{
	u64 least;

	lockdep_assert_held(&inbox->lock);
	if (inbox->held)
		return false;
	if (inbox->keep)
		return inbox->len < SOFTPCI_IN_FLIGHT;
	/* Three quarters: as much slack as uart-line.c has. */
	least = softpci_uart_frame_ns(frame) / 4 * 3;
	return !inbox->len &&
	       !ktime_before(ktime_get(), ktime_add_ns(inbox->fetched, least));
}

/**
 * softpci_cable_send() - put a character on a cable
 * @port: the sender, whose cable is plugged in; device lock held
 * @frame: the character
 * @force: see softpci_uart_ops.send
 *
 * Return: see there.
 */
bool softpci_cable_send(struct softpci_port *port,
			const struct softpci_uart_frame *frame, bool force)
{
	struct softpci_port *other = port->other;
	struct softpci_inbox *inbox = &other->inbox;

	lockdep_assert_held(&port_dev(port)->lock);
	/* Switched off: lost. */
	if (!READ_ONCE(port_dev(other)->open))
		return true;

	guard(spinlock)(&inbox->lock);
	/* Data on its way stays paced or unpaced. */
	if (!inbox->len)
		inbox->keep = !port->uart.paced;
	if (!force && !cable_has_place(inbox, frame)) {
		/*
		 * Nothing changes at the far end, so it is not woken: two full
		 * ends would wake each other for ever.  A paced sender has a timer.
		 */
		inbox->waits = inbox->keep || !port->uart.paced;
		return false;
	}
	if (inbox->len < SOFTPCI_IN_FLIGHT) {
		inbox->frame[(inbox->head + inbox->len) % SOFTPCI_IN_FLIGHT] = *frame;
		inbox->len++;
		softpci_cable_wake(other);
	} else if (!inbox->lost) {
		inbox->lost = true;
		softpci_cable_wake(other);
	}
	return true;
}

/**
 * softpci_cable_outputs() - RTS or DTR of a port may have changed
 * @port: the port, whose cable is plugged in; device lock held
 */
void softpci_cable_outputs(struct softpci_port *port)
{
	struct softpci_inbox *inbox = &port->other->inbox;

	lockdep_assert_held(&port_dev(port)->lock);
	guard(spinlock)(&inbox->lock);
	inbox->changed |= inbox->outputs ^ port->uart.outputs;
	inbox->outputs = port->uart.outputs;
	softpci_cable_wake(port->other);
}

/**
 * softpci_cable_hold() - have senders to a port wait, or no longer
 * @port: the port, device lock held
 * @held: it is stopped
 *
 * Its state may have been saved already, or is still to be loaded: a character that
 * came now would be in neither.
 */
void softpci_cable_hold(struct softpci_port *port, bool held)
{
	struct softpci_inbox *inbox = &port->inbox;

	lockdep_assert_held(&port_dev(port)->lock);
	guard(spinlock)(&inbox->lock);
	inbox->held = held;
	if (held || !inbox->waits)
		return;
	inbox->waits = false;
	softpci_cable_wake(port->other);
}

static bool cable_fetch(struct softpci_port *port,
			struct softpci_uart_frame *frame)
{
	struct softpci_inbox *inbox = &port->inbox;

	guard(spinlock)(&inbox->lock);
	if (!inbox->len || (inbox->keep && !softpci_uart_has_room(&port->uart)))
		return false;
	*frame = inbox->frame[inbox->head];
	inbox->head = (inbox->head + 1) % SOFTPCI_IN_FLIGHT;
	inbox->len--;
	if (!inbox->keep)
		inbox->fetched = ktime_get();
	if (inbox->waits) {
		inbox->waits = false;
		softpci_cable_wake(port->other);
	}
	return true;
}

/**
 * softpci_cable_catch_up() - fetch all that came over a cable until now
 * @port: the receiver, device lock held
 *
 * Without a cable, that is data from the one that it had where its state was saved.
 */
void softpci_cable_catch_up(struct softpci_port *port)
{
	struct softpci_inbox *inbox = &port->inbox;
	struct softpci_uart_frame frame;
	u8 inputs, changed;
	unsigned int i;
	bool lost;

	lockdep_assert_held(&port_dev(port)->lock);
	/* Bounded, as the other end may go on sending: it queues this again. */
	for (i = 0; i < SOFTPCI_IN_FLIGHT && cable_fetch(port, &frame); i++)
		softpci_uart_receive(&port->uart, &frame);

	scoped_guard(spinlock, &inbox->lock) {
		lost = inbox->lost;
		inbox->lost = false;
		inputs = softpci_cable_cross(inbox->outputs);
		changed = inbox->changed;
		inbox->changed = 0;
	}
	if (lost)
		softpci_uart_overrun(&port->uart);
	if (!port->other)
		inputs = port->uart.inputs;
	if (changed || inputs != port->uart.inputs)
		softpci_uart_set_inputs(&port->uart, inputs,
					softpci_cable_cross(changed));
}

/**
 * softpci_cable_arrival() - fetch data that came over the cable
 * @dev: the device
 * @job: softpci_port.arrival
 */
void softpci_cable_arrival(struct softpci_device *dev, struct softpci_job *job)
{
	struct softpci_port *port = container_of(job, struct softpci_port,
						 arrival);

	guard(softpci)(dev);
	softpci_cable_catch_up(port);
	/* And send characters that waited for room at the other end. */
	softpci_uart_run(&port->uart);
}

/**
 * softpci_cable_save() - copy data that is on its way
 * @port: the receiver, device lock held; its softpci_port.saved is set
 */
void softpci_cable_save(struct softpci_port *port)
{
	struct softpci_inbox_saved *saved = &port->saved;
	struct softpci_inbox *inbox = &port->inbox;
	unsigned int i;

	lockdep_assert_held(&port_dev(port)->lock);
	guard(spinlock)(&inbox->lock);
	memset(saved, 0, sizeof(*saved));
	for (i = 0; i < inbox->len; i++)
		saved->frame[i] = inbox->frame[(inbox->head + i) %
					       SOFTPCI_IN_FLIGHT];
	saved->len = inbox->len;
	saved->changed = inbox->changed;
	saved->lost = inbox->lost;
	saved->keep = inbox->keep;
}

/**
 * softpci_cable_load() - put data of softpci_port.saved on its way
 * @port: the receiver, device lock held; data that was on its way to it is dropped
 *
 * The lines to the port stay as the other end here has them: softpci_serial_start()
 * tells the port of them. The other end has those of the port from here on. For both
 * it counts whether they are as before, and not how they were meanwhile: the ends of
 * a cable that move together see no change.
 */
void softpci_cable_load(struct softpci_port *port)
{
	const struct softpci_inbox_saved *saved = &port->saved;
	struct softpci_inbox *inbox = &port->inbox;

	lockdep_assert_held(&port_dev(port)->lock);
	scoped_guard(spinlock, &inbox->lock) {
		memcpy(inbox->frame, saved->frame, sizeof(inbox->frame));
		inbox->head = 0;
		inbox->len = saved->len;
		inbox->changed = saved->changed;
		inbox->lost = saved->lost;
		inbox->keep = saved->keep;
		inbox->fetched = 0;
	}
	if (!port->other)
		return;
	inbox = &port->other->inbox;
	guard(spinlock)(&inbox->lock);
	inbox->outputs = port->uart.outputs;
	softpci_cable_wake(port->other);
}

/**
 * softpci_cable_empty() - drop data that is on its way
 * @inbox: where to, lock held
 */
void softpci_cable_empty(struct softpci_inbox *inbox)
{
	lockdep_assert_held(&inbox->lock);
	/* It may belong to a user that has left. */
	memset(inbox->frame, 0, sizeof(inbox->frame));
	inbox->head = 0;
	inbox->len = 0;
	inbox->changed = 0;
	inbox->lost = false;
	inbox->keep = false;
	inbox->waits = false;
	inbox->fetched = 0;
}
