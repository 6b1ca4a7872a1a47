// SPDX-License-Identifier: GPL-2.0-only
/*
 * mtty: one or two 16550A ports on PCI.
 *
 *	BAR0, BAR1	the eight registers of port 1 and port 2
 *	INTA, MSI	one interrupt source per port
 *
 * What the ports are connected to is chosen by the attribute "wire": each a
 * plug that sends back to it, or one another, or by a cable a port of another
 * device.  In all cases they are connected as by a null-modem cable: what is
 * sent is received at the other end, RTS there is CTS here, DTR there is DSR
 * and DCD here.
 *
 * By default sending takes no time.  Between two ports it then waits for the
 * other end, if that has its FIFOs on, as if the rate were just low enough; but
 * not for more than a second, after which an overrun is an overrun.  With the
 * attribute "pace" it takes the time that the divisor says, and never waits.
 *
 * A port remembers what it was connected to.  A cable to a device that does not
 * exist leaves the port unplugged, and is plugged in when that device appears.
 *
 * Locking: a cable ends in two devices, and nothing that a guest does takes both
 * device locks.  Each end leaves what it sends in the inbox of the other port,
 * under the lock of that, and the other fetches it: when its registers are
 * accessed, so that they read what they should, and from a work item for the
 * interrupt.
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/serial_reg.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>

#include "core/softpci.h"
#include "core/uart.h"

#define MTTY_MAX_PORTS		2
#define MTTY_IN_FLIGHT		16

static unsigned int ports = 2048;
module_param(ports, uint, 0444);
MODULE_PARM_DESC(ports, "how many ports all devices have together (default 2048)");

/**
 * struct mtty_inbox - what is on its way to a port over a cable
 * @lock: protects all else; taken inside of a device's lock
 * @outputs: RTS and DTR of the other end, as UART_MCR_*
 * @changed: those that did since the port looked
 * @frame: characters
 * @head: the oldest of them
 * @len: how many
 * @lost: there was no place for another one
 * @keep: they wait until the port has room, and so does the sender
 * @waits: the sender was refused, and has to be woken when there is room
 * @fetched: when the port took the last one, if the sender is paced
 */
struct mtty_inbox {
	spinlock_t lock; /* all of it */
	u8 outputs;
	u8 changed;
	struct softpci_uart_frame frame[MTTY_IN_FLIGHT];
	unsigned int head;
	unsigned int len;
	bool lost;
	bool keep;
	bool waits;
	ktime_t fetched;
};

/**
 * struct mtty_far - the port that a cable leads to, which may not exist
 * @uuid: of the device
 * @port: number of the port, from 1; 0: no cable
 */
struct mtty_far {
	guid_t uuid;
	unsigned int port;
};

/**
 * struct mtty_port - a port
 * @spdev: the device it is on
 * @index: which of its ports
 * @uart: its 16550A
 * @peer: the port of the same device that it is connected to, itself for
 *	  loopback; NULL: it has a cable, or is to have one
 * @other: the port at the other end of the cable; NULL: none, or not plugged in
 * @wish: where its cable leads to, plugged in or not
 * @told: by its own attribute, not by that of the other end
 * @inbox: what comes over the cable
 * @arrival: fetches it
 */
struct mtty_port {
	struct softpci_device *spdev;
	unsigned int index;
	struct softpci_uart uart;
	struct mtty_port *peer;
	struct mtty_port *other;
	struct mtty_far wish;
	bool told;
	struct mtty_inbox inbox;
	struct work_struct arrival;
};

/**
 * struct mtty_device - a card
 * @spdev: its PCI side
 * @node: in mtty_devices
 * @port: its ports
 */
struct mtty_device {
	struct softpci_device spdev;
	struct list_head node;
	struct mtty_port port[MTTY_MAX_PORTS];
};

/*
 * All devices, and what is connected to what: that changes under this lock and
 * the device locks of both, in this order, and can be read under any of them.
 */
static DEFINE_MUTEX(mtty_wiring);
static LIST_HEAD(mtty_devices);

static struct mtty_device *to_mtty(struct softpci_device *spdev)
{
	return container_of(spdev, struct mtty_device, spdev);
}

static struct mtty_port *to_mtty_port(struct softpci_uart *uart)
{
	return container_of(uart, struct mtty_port, uart);
}

static unsigned int mtty_nr_ports(const struct mtty_device *mtty)
{
	return mtty->spdev.type->model->nr_regions;
}

/* Is it the port that a cable leads to? */
static bool mtty_leads_to(const struct mtty_far *far,
			  const struct mtty_port *port)
{
	return far->port == port->index + 1 &&
	       guid_equal(&far->uuid, &port->spdev->uuid);
}

/* RTS and DTR of one end are CTS, DSR and DCD of the other. */
static u8 mtty_cross(u8 outputs)
{
	return (outputs & UART_MCR_RTS ? UART_MSR_CTS : 0) |
	       (outputs & UART_MCR_DTR ? UART_MSR_DSR | UART_MSR_DCD : 0);
}

/* The other device's work is never done here: it has a lock of its own. */
static void mtty_wake(struct mtty_port *port)
{
	schedule_work(&port->arrival);
}

/*
 * A paced sender never waits for room, but for the work item of the other end:
 * however late that is, a receiver gets characters no faster than on a line, and
 * so in time to read them.
 */
static bool mtty_has_place(const struct mtty_inbox *inbox,
			   const struct softpci_uart_frame *frame)
{
	/* Three quarters: as much slack as core/uart.c has. */
	u64 least = softpci_uart_frame_ns(frame) / 4 * 3;

	if (inbox->keep)
		return inbox->len < MTTY_IN_FLIGHT;
	return !inbox->len &&
	       !ktime_before(ktime_get(), ktime_add_ns(inbox->fetched, least));
}

static bool mtty_cable_send(struct mtty_port *port,
			    const struct softpci_uart_frame *frame, bool force)
{
	struct mtty_port *other = port->other;
	struct mtty_inbox *inbox = &other->inbox;
	bool taken = true;

	/* Switched off: lost. */
	if (!READ_ONCE(other->spdev->open))
		return true;

	spin_lock(&inbox->lock);
	/* What is on its way stays what it was. */
	if (!inbox->len)
		inbox->keep = !port->uart.paced;
	if (!force && !mtty_has_place(inbox, frame)) {
		/*
		 * Nothing changes at the far end, so it is not woken: two full
		 * ends would wake each other for ever.
		 */
		inbox->waits = inbox->keep;
		taken = false;
	} else if (inbox->len < MTTY_IN_FLIGHT) {
		inbox->frame[(inbox->head + inbox->len) % MTTY_IN_FLIGHT] = *frame;
		inbox->len++;
		mtty_wake(other);
	} else if (!inbox->lost) {
		inbox->lost = true;
		mtty_wake(other);
	}
	spin_unlock(&inbox->lock);
	return taken;
}

static void mtty_cable_outputs(struct mtty_port *port)
{
	struct mtty_inbox *inbox = &port->other->inbox;

	spin_lock(&inbox->lock);
	inbox->changed |= inbox->outputs ^ port->uart.outputs;
	inbox->outputs = port->uart.outputs;
	mtty_wake(port->other);
	spin_unlock(&inbox->lock);
}

static bool mtty_cable_fetch(struct mtty_port *port,
			     struct softpci_uart_frame *frame)
{
	struct mtty_inbox *inbox = &port->inbox;
	bool fetched;

	spin_lock(&inbox->lock);
	fetched = inbox->len &&
		  (!inbox->keep || softpci_uart_has_room(&port->uart));
	if (fetched) {
		*frame = inbox->frame[inbox->head];
		inbox->head = (inbox->head + 1) % MTTY_IN_FLIGHT;
		inbox->len--;
		if (!inbox->keep)
			inbox->fetched = ktime_get();
		if (inbox->waits) {
			inbox->waits = false;
			mtty_wake(port->other);
		}
	}
	spin_unlock(&inbox->lock);
	return fetched;
}

static void mtty_cable_catch_up(struct mtty_port *port)
{
	struct mtty_inbox *inbox = &port->inbox;
	struct softpci_uart_frame frame;
	u8 outputs, changed;
	unsigned int i;
	bool lost;

	/* Not for as long as the other end goes on: that wakes us again. */
	for (i = 0; i < MTTY_IN_FLIGHT && mtty_cable_fetch(port, &frame); i++)
		softpci_uart_receive(&port->uart, &frame);

	scoped_guard(spinlock, &inbox->lock) {
		lost = inbox->lost;
		inbox->lost = false;
		outputs = inbox->outputs;
		changed = inbox->changed;
		inbox->changed = 0;
	}
	if (lost)
		softpci_uart_overrun(&port->uart);
	if (changed)
		softpci_uart_set_inputs(&port->uart, mtty_cross(outputs),
					mtty_cross(changed));
}

/* All that came over the cable until now is at the pins. */
static void mtty_catch_up(struct mtty_port *port)
{
	lockdep_assert_held(&port->spdev->lock);
	if (port->other)
		mtty_cable_catch_up(port);
}

static void mtty_arrival(struct work_struct *work)
{
	struct mtty_port *port = container_of(work, struct mtty_port, arrival);

	guard(softpci)(port->spdev);
	mtty_catch_up(port);
	/* And what waited for the other end to have room. */
	softpci_uart_run(&port->uart);
}

static void mtty_set_irq(struct softpci_uart *uart, bool level)
{
	struct mtty_port *port = to_mtty_port(uart);

	softpci_set_irq(port->spdev, port->index, level);
}

static bool mtty_send(struct softpci_uart *uart,
		      const struct softpci_uart_frame *frame, bool force)
{
	struct mtty_port *port = to_mtty_port(uart), *peer = port->peer;

	if (port->other)
		return mtty_cable_send(port, frame, force);
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

static void mtty_outputs(struct softpci_uart *uart)
{
	struct mtty_port *port = to_mtty_port(uart);

	if (port->peer)
		softpci_uart_set_inputs(&port->peer->uart,
					mtty_cross(uart->outputs), 0);
	if (port->other)
		mtty_cable_outputs(port);
}

static void mtty_room(struct softpci_uart *uart)
{
	struct mtty_port *port = to_mtty_port(uart);

	if (port->peer && port->peer != port)
		softpci_uart_run(&port->peer->uart);
	else
		mtty_catch_up(port);
}

static const struct softpci_uart_ops mtty_uart_ops = {
	.irq		= mtty_set_irq,
	.send		= mtty_send,
	.outputs	= mtty_outputs,
	.room		= mtty_room,
};

/* BAR n is port n + 1. */
static u32 mtty_read(struct softpci_device *spdev, unsigned int region,
		     unsigned int i)
{
	struct mtty_port *port = &to_mtty(spdev)->port[region];

	mtty_catch_up(port);
	return softpci_uart_read(&port->uart, i);
}

static int mtty_write(struct softpci_device *spdev, unsigned int region,
		      unsigned int i, u32 val)
{
	struct mtty_port *port = &to_mtty(spdev)->port[region];

	mtty_catch_up(port);
	softpci_uart_write(&port->uart, i, val);
	return 0;
}

/* What they are is in core/uart.c. */
static const struct softpci_reg mtty_regs[] = {
	{ "16550A", 0, 1, SOFTPCI_UART_REGS, mtty_read, mtty_write },
};

#define MTTY_PORT_REGION(_port) {			\
	.index = VFIO_PCI_BAR0_REGION_INDEX + (_port),	\
	.bar = PCI_BASE_ADDRESS_SPACE_IO,		\
	.size = SOFTPCI_UART_REGS,			\
	.regs = mtty_regs,				\
	.nr_regs = ARRAY_SIZE(mtty_regs),		\
}

static const struct softpci_region mtty_regions[MTTY_MAX_PORTS] = {
	MTTY_PORT_REGION(0),
	MTTY_PORT_REGION(1),
};

#define MTTY_IDS \
	.vendor			= 0x4348, \
	.device			= 0x3253, \
	.subsystem_vendor	= 0x4348, \
	.subsystem_device	= 0x3253, \
	.class			= PCI_CLASS_COMMUNICATION_SERIAL << 8 | 0x02, \
	.revision		= 0x10, \
	.pin			= 1, \
	.regions		= mtty_regions

static const struct softpci_model mtty_models[MTTY_MAX_PORTS] = {
	{ MTTY_IDS, .nr_regions = 1, .nr_msi = 1 },
	{ MTTY_IDS, .nr_regions = 2, .nr_msi = 2 },
};

static struct softpci_type mtty_single = {
	.mdev.sysfs_name = "1",
	.mdev.pretty_name = "Single port serial",
	.description = "virtual PCI serial card, one 16550A port",
	.model = &mtty_models[0],
	.cost = 1,
};

static struct softpci_type mtty_dual = {
	.mdev.sysfs_name = "2",
	.mdev.pretty_name = "Dual port serial",
	.description = "virtual PCI serial card, two 16550A ports",
	.model = &mtty_models[1],
	.cost = 2,
};

static struct softpci_type *const mtty_types[] = { &mtty_single, &mtty_dual };

static void mtty_empty_inbox(struct mtty_inbox *inbox)
{
	lockdep_assert_held(&inbox->lock);
	inbox->len = 0;
	inbox->changed = 0;
	inbox->lost = false;
	inbox->waits = false;
	inbox->fetched = 0;
}

/* The ports of the device first, then the other ends: they are not reset. */
static void mtty_reset(struct softpci_device *spdev)
{
	struct mtty_device *mtty = to_mtty(spdev);
	struct mtty_port *port;

	for (port = mtty->port; port < mtty->port + MTTY_MAX_PORTS; port++) {
		spin_lock(&port->inbox.lock);
		mtty_empty_inbox(&port->inbox);
		softpci_uart_reset(&port->uart,
				   mtty_cross(port->inbox.outputs));
		spin_unlock(&port->inbox.lock);
	}
	for (port = mtty->port; port < mtty->port + MTTY_MAX_PORTS; port++)
		if (port->other)
			mtty_cable_outputs(port);
}

/*
 * Wiring
 *
 * A cable is remembered at both ends, so that it is plugged in again when a
 * device that has left comes back.  If one end is wired to something else, the
 * other goes on waiting for it only if its own attribute said so.  Nothing is
 * allocated: each port has room for one cable.
 */

/* The lines of one end are the inputs of the other; an open one is told. */
static void mtty_connect(struct mtty_port *port, struct mtty_port *other)
{
	u8 outputs = other ? other->uart.outputs : 0, changed;

	lockdep_assert_held(&mtty_wiring);
	lockdep_assert_held(&port->spdev->lock);
	port->peer = NULL;
	port->other = other;
	scoped_guard(spinlock, &port->inbox.lock) {
		changed = port->inbox.changed;
		mtty_empty_inbox(&port->inbox);
		port->inbox.outputs = outputs;
	}
	if (!port->spdev->open) {
		mtty_reset(port->spdev);
		return;
	}
	softpci_uart_set_inputs(&port->uart, mtty_cross(outputs),
				mtty_cross(changed));
	/* What waited for room at an end that has left, is lost. */
	softpci_uart_run(&port->uart);
}

static void mtty_plug(struct mtty_port *port, struct mtty_port *other)
{
	/* A port that waited for this one keeps what it was told. */
	if (!mtty_leads_to(&other->wish, port)) {
		other->wish.uuid = port->spdev->uuid;
		other->wish.port = port->index + 1;
		other->told = false;
	}
	port->wish.uuid = other->spdev->uuid;
	port->wish.port = other->index + 1;
	mtty_connect(port, other);
	mtty_connect(other, port);
}

/* Both ends have a cable still, which leads nowhere for now. */
static void mtty_unplug(struct mtty_port *port)
{
	struct mtty_port *other = port->other;

	if (!other)
		return;
	/* Neither is told of the other by a reset once they are apart. */
	port->other = NULL;
	mtty_connect(other, NULL);
	mtty_connect(port, NULL);
}

static void mtty_loop_back(struct mtty_port *port)
{
	lockdep_assert_held(&mtty_wiring);
	lockdep_assert_held(&port->spdev->lock);
	port->peer = port;
	port->wish.port = 0;
	port->told = false;
}

/* Takes a crossing or a cable away; its device is not in use. */
static void mtty_unwire(struct mtty_port *port)
{
	struct mtty_port *other = port->other;

	mtty_unplug(port);
	if (other && !other->told)
		mtty_loop_back(other);
	if (port->peer)
		mtty_loop_back(port->peer);
	mtty_loop_back(port);
	mtty_reset(port->spdev);
}

/* The newest: one that was removed may not be freed yet. */
static struct mtty_device *mtty_find(const guid_t *uuid)
{
	struct mtty_device *mtty;

	lockdep_assert_held(&mtty_wiring);
	list_for_each_entry_reverse(mtty, &mtty_devices, node)
		if (guid_equal(&mtty->spdev.uuid, uuid))
			return mtty;
	return NULL;
}

/**
 * struct mtty_concerned - devices whose ports get another wire, locked
 * @mtty: the devices
 * @nr: how many: one, and for each of its ports those at the other end of the
 *	old cable, of the new one, and of the cable that is in the way of that
 */
struct mtty_concerned {
	struct mtty_device *mtty[1 + 3 * MTTY_MAX_PORTS];
	unsigned int nr;
};

static void mtty_lock(struct mtty_concerned *c, struct mtty_port *port)
{
	struct mtty_device *mtty;
	unsigned int i;

	if (!port)
		return;
	mtty = to_mtty(port->spdev);
	for (i = 0; i < c->nr; i++)
		if (c->mtty[i] == mtty)
			return;
	/* In any order: only one thread at a time has more than one of them. */
	spin_lock_nest_lock(&mtty->spdev.lock, &mtty_wiring);
	c->mtty[c->nr++] = mtty;
}

static void mtty_unlock(struct mtty_concerned *c)
{
	while (c->nr)
		softpci_unlock(&c->mtty[--c->nr]->spdev);
}

enum mtty_kind { MTTY_KEEP, MTTY_LOOPBACK, MTTY_CROSSED, MTTY_CABLE };

/**
 * struct mtty_order - what a port is to be connected to
 * @kind: to what kind of thing, or that nothing is said of it
 * @far: where a cable leads to
 * @other: the port there, NULL: it does not exist
 * @change: it is not what the port has
 */
struct mtty_order {
	enum mtty_kind kind;
	struct mtty_far far;
	struct mtty_port *other;
	bool change;
};

static bool mtty_has_wire(const struct mtty_port *port,
			  const struct mtty_order *wire)
{
	switch (wire->kind) {
	case MTTY_LOOPBACK:
		return port->peer == port;
	case MTTY_CROSSED:
		return port->peer && port->peer != port;
	case MTTY_CABLE:
		return !port->peer && port->wish.port == wire->far.port &&
		       guid_equal(&port->wish.uuid, &wire->far.uuid);
	default:
		return true;
	}
}

/*
 * A device in use has to find the wires that it knows.  A cable from a port that
 * waits for this one is such a wire: it can be plugged in at any time.
 */
static bool mtty_is_free(const struct mtty_port *other,
			 const struct mtty_port *port,
			 const struct mtty_order *wires)
{
	if (!other->peer && mtty_leads_to(&other->wish, port))
		return true;
	if (other->spdev->open)
		return false;
	if (other->peer)
		return other->peer == other;
	if (other->told)
		return false;
	/* But from a port of the same card, which gets another wire now. */
	return !other->other || (other->other->spdev == port->spdev &&
				 wires[other->other->index].change);
}

/* Return: 0, or an errno if it is not to be. */
static int mtty_prepare(struct mtty_port *port, struct mtty_order *wires)
{
	const struct mtty_order *wire = &wires[port->index];

	if (wire->kind == MTTY_KEEP)
		return 0;
	if (wire->change && (port->spdev->open ||
			     (port->other && port->other->spdev->open)))
		return -EBUSY;
	if (wire->change && wire->other &&
	    !mtty_is_free(wire->other, port, wires))
		return -EBUSY;
	return 0;
}

static void mtty_carry_out(struct mtty_port *port, struct mtty_order *wires)
{
	struct mtty_order *wire = &wires[port->index];

	switch (wire->kind) {
	case MTTY_CROSSED:
		port->peer = &to_mtty(port->spdev)->port[!port->index];
		break;
	case MTTY_CABLE:
		port->told = true;
		if (wire->change) {
			port->peer = NULL;
			port->wish = wire->far;
		}
		/* Of two ports that want one cable the first gets it. */
		if (port->other || !wire->other ||
		    (wire->other->other && wire->other->other->spdev == port->spdev) ||
		    !mtty_is_free(wire->other, port, wires))
			break;
		/* A device that has left, and whose name another one has now. */
		mtty_unplug(wire->other);
		mtty_plug(port, wire->other);
		break;
	default:
		break;
	}
}

/* All of it, or nothing. */
static int mtty_wire_ports(struct mtty_device *mtty, struct mtty_order *wires)
{
	unsigned int nr = mtty_nr_ports(mtty), i;
	struct mtty_concerned concerned = {};
	struct mtty_device *far;
	int ret = 0;

	lockdep_assert_held(&mtty_wiring);
	for (i = 0; i < nr; i++) {
		wires[i].change = !mtty_has_wire(&mtty->port[i], &wires[i]);
		if (wires[i].kind != MTTY_CABLE)
			continue;
		far = mtty_find(&wires[i].far.uuid);
		if (far == mtty)
			return -EINVAL;
		if (!far)
			continue;
		/* A port that the device came back without is waited for. */
		if (wires[i].far.port <= mtty_nr_ports(far))
			wires[i].other = &far->port[wires[i].far.port - 1];
		else if (wires[i].change)
			return -EINVAL;
	}

	mtty_lock(&concerned, &mtty->port[0]);
	for (i = 0; i < nr; i++) {
		mtty_lock(&concerned, mtty->port[i].other);
		mtty_lock(&concerned, wires[i].other);
		mtty_lock(&concerned, wires[i].other ? wires[i].other->other : NULL);
	}
	for (i = 0; i < nr && !ret; i++)
		ret = mtty_prepare(&mtty->port[i], wires);
	for (i = 0; i < nr && !ret; i++)
		if (wires[i].change)
			mtty_unwire(&mtty->port[i]);
	for (i = 0; i < nr && !ret; i++)
		mtty_carry_out(&mtty->port[i], wires);
	mtty_unlock(&concerned);
	return ret;
}

/* "PORT loopback", "PORT crossed", or "PORT UUID PORT" for a cable. */
static int mtty_parse_line(const char *line, unsigned int nr,
			   struct mtty_order *wires)
{
	char what[UUID_STRING_LEN + 2], from[5], to[5];
	struct mtty_order *wire;
	int words, end = 0;
	unsigned int near;

	/* Words, of which each is looked at to its end. */
	words = sscanf(line, "%4s %37s %n", from, what, &end);
	if (words != 2 || kstrtouint(from, 10, &near) || !near || near > nr)
		return -EINVAL;
	wire = &wires[near - 1];
	if (wire->kind != MTTY_KEEP)
		return -EINVAL;

	line += end;
	if (!*line && !strcmp(what, "loopback")) {
		wire->kind = MTTY_LOOPBACK;
		return 0;
	}
	if (!*line && !strcmp(what, "crossed")) {
		wire->kind = MTTY_CROSSED;
		return 0;
	}
	wire->kind = MTTY_CABLE;
	if (sscanf(line, "%4s %n", to, &end) != 1 || line[end] ||
	    strlen(what) != UUID_STRING_LEN ||
	    guid_parse(what, &wire->far.uuid) ||
	    kstrtouint(to, 10, &wire->far.port) || !wire->far.port ||
	    wire->far.port > MTTY_MAX_PORTS)
		return -EINVAL;
	return 0;
}

/* A line for each port, or for one of them; or a word for all. */
static int mtty_parse(const char *buf, unsigned int nr, struct mtty_order *wires)
{
	/* No line that means something is longer. */
	char line[64];
	unsigned int i;
	size_t len;
	int ret;

	if (sysfs_streq(buf, "loopback") || sysfs_streq(buf, "crossed")) {
		for (i = 0; i < nr; i++)
			wires[i].kind = *buf == 'l' ? MTTY_LOOPBACK :
						      MTTY_CROSSED;
	} else {
		do {
			len = strcspn(buf, "\n");
			if (len >= sizeof(line))
				return -EINVAL;
			memcpy(line, buf, len);
			line[len] = '\0';
			ret = mtty_parse_line(line, nr, wires);
			if (ret)
				return ret;
			buf += len + !!buf[len];
		} while (*buf);
	}

	/* Two ports are crossed, or none. */
	for (i = 0; i < nr; i++)
		if (wires[i].kind == MTTY_CROSSED &&
		    (nr != 2 || wires[!i].kind != MTTY_CROSSED))
			return -EINVAL;
	return 0;
}

static int mtty_wire(struct mtty_device *mtty, const char *buf)
{
	struct mtty_order wires[MTTY_MAX_PORTS] = {};
	int ret;

	ret = mtty_parse(buf, mtty_nr_ports(mtty), wires);
	if (ret)
		return ret;
	guard(mutex)(&mtty_wiring);
	return mtty_wire_ports(mtty, wires);
}

/* A port that waits for this one; of several the one of the oldest device. */
static struct mtty_port *mtty_find_waiting(const struct mtty_port *port)
{
	struct mtty_device *mtty;
	unsigned int i;

	lockdep_assert_held(&mtty_wiring);
	list_for_each_entry(mtty, &mtty_devices, node)
		for (i = 0; i < mtty_nr_ports(mtty); i++)
			/* One that was removed, and is not freed, waits no more. */
			if (!mtty->port[i].peer &&
			    mtty_leads_to(&mtty->port[i].wish, port) &&
			    mtty_find(&mtty->spdev.uuid) == mtty)
				return &mtty->port[i];
	return NULL;
}

/* A new device gets the cables whose other ends wait for it. */
static void mtty_appear(struct mtty_device *mtty)
{
	struct mtty_concerned concerned = {};
	struct mtty_port *waiting;
	unsigned int i;

	guard(mutex)(&mtty_wiring);
	for (i = 0; i < mtty_nr_ports(mtty); i++) {
		waiting = mtty_find_waiting(&mtty->port[i]);
		if (!waiting)
			continue;
		mtty_lock(&concerned, &mtty->port[i]);
		mtty_lock(&concerned, waiting);
		mtty_lock(&concerned, waiting->other);
		/* From one of the same name that is removed, and not yet gone. */
		mtty_unplug(waiting);
		mtty_plug(&mtty->port[i], waiting);
		mtty_unlock(&concerned);
	}
	list_add_tail(&mtty->node, &mtty_devices);
}

/* The other ends of its cables wait for it to come back. */
static void mtty_disappear(struct mtty_device *mtty)
{
	struct mtty_concerned concerned = {};
	unsigned int i;

	guard(mutex)(&mtty_wiring);
	list_del(&mtty->node);
	mtty_lock(&concerned, &mtty->port[0]);
	for (i = 0; i < MTTY_MAX_PORTS; i++)
		mtty_lock(&concerned, mtty->port[i].other);
	/* The last characters over a cable are lost with it. */
	for (i = 0; i < MTTY_MAX_PORTS; i++)
		mtty_unplug(&mtty->port[i]);
	mtty_reset(&mtty->spdev);
	mtty_unlock(&concerned);
}

static ssize_t wire_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	return mtty_wire(to_mtty(dev_get_drvdata(dev)), buf) ?: count;
}

/* A line for each port: what it was told, also if that does not exist. */
static ssize_t wire_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct mtty_device *mtty = to_mtty(dev_get_drvdata(dev));
	unsigned int i;
	int len = 0;

	guard(mutex)(&mtty_wiring);
	for (i = 0; i < mtty_nr_ports(mtty); i++) {
		const struct mtty_port *port = &mtty->port[i];

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
static DEVICE_ATTR_RW(wire);

static ssize_t pace_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct mtty_device *mtty = to_mtty(dev_get_drvdata(dev));
	unsigned int i;
	bool pace;
	int ret;

	ret = kstrtobool(buf, &pace);
	if (ret)
		return ret;

	guard(softpci)(&mtty->spdev);
	/* What it shows is accepted at any time. */
	if (pace == mtty->port[0].uart.paced)
		return count;
	if (mtty->spdev.open)
		return -EBUSY;
	for (i = 0; i < MTTY_MAX_PORTS; i++)
		mtty->port[i].uart.paced = pace;
	return count;
}

static ssize_t pace_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct mtty_device *mtty = to_mtty(dev_get_drvdata(dev));

	return sysfs_emit(buf, "%d\n", mtty->port[0].uart.paced);
}
static DEVICE_ATTR_RW(pace);

static ssize_t sample_mdev_dev_show(struct device *dev,
				    struct device_attribute *attr, char *buf)
{
	struct softpci_device *spdev = dev_get_drvdata(dev);

	return sysfs_emit(buf, "mtty %s, %s\n", dev_name(dev),
			  spdev->type->description);
}
static DEVICE_ATTR_RO(sample_mdev_dev);

static struct attribute *mtty_attrs[] = {
	&dev_attr_pace.attr,
	&dev_attr_sample_mdev_dev.attr,
	&dev_attr_wire.attr,
	NULL
};

static int mtty_init_device(struct softpci_device *spdev)
{
	struct mtty_device *mtty = to_mtty(spdev);
	unsigned int i;

	for (i = 0; i < MTTY_MAX_PORTS; i++) {
		struct mtty_port *port = &mtty->port[i];

		port->spdev = spdev;
		port->index = i;
		port->peer = port;
		softpci_uart_init(&port->uart, &mtty_uart_ops, &spdev->lock);
		spin_lock_init(&port->inbox.lock);
		INIT_WORK(&port->arrival, mtty_arrival);
	}
	mtty_appear(mtty);
	return 0;
}

/* It was reset when it was closed: what its timers find is nothing to do. */
static void mtty_release_device(struct softpci_device *spdev)
{
	struct mtty_device *mtty = to_mtty(spdev);
	unsigned int i;

	mtty_disappear(mtty);
	for (i = 0; i < MTTY_MAX_PORTS; i++) {
		cancel_work_sync(&mtty->port[i].arrival);
		softpci_uart_release(&mtty->port[i].uart);
	}
}

static const struct softpci_driver mtty_driver = {
	.name		= "mtty",
	.owner		= THIS_MODULE,
	.device_size	= sizeof(struct mtty_device),
	.types		= mtty_types,
	.nr_types	= ARRAY_SIZE(mtty_types),
	.attrs		= mtty_attrs,
	.init		= mtty_init_device,
	.release	= mtty_release_device,
	.reset		= mtty_reset,
};

module_softpci_driver(mtty_driver, ports);

MODULE_DESCRIPTION("Virtual PCI 16550A serial ports for VFIO");
MODULE_LICENSE("GPL");

/* Here, as the tests call what is static above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "tests/kunit/mtty.c"
#include "tests/kunit/mtty-wire.c"
#endif
