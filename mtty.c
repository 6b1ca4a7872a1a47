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
 * Locking: a cable ends in two devices, and no device lock is taken under
 * another one for it.  Each end leaves what it sends in the cable, under the
 * lock of that, and the other fetches it: when its registers are accessed, so
 * that they read what they should, and from a work item for the interrupt.
 */
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/serial_reg.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>

#include "core/mdev-pci-core.h"
#include "core/uart.h"

#define MTTY_MAX_PORTS		2
#define MTTY_IN_FLIGHT		16

static unsigned int ports = 2048;
module_param(ports, uint, 0444);
MODULE_PARM_DESC(ports, "how many ports all devices have together (default 2048)");

/**
 * struct mtty_end - one end of a cable
 * @port: what it is plugged into, NULL: that has left
 * @outputs: RTS and DTR of @port, as UART_MCR_*
 * @changed: those that did since the other end looked
 * @frame: characters on their way to @port
 * @head: the oldest of them
 * @len: how many
 * @lost: there was no place for another one
 * @keep: they wait until @port has room, and so does the sender
 * @waits: the sender was refused, and has to be woken when there is room
 * @next: when @port may be given the next one, if the sender is paced
 */
struct mtty_end {
	struct mtty_port *port;
	u8 outputs;
	u8 changed;
	struct mdev_pci_uart_frame frame[MTTY_IN_FLIGHT];
	unsigned int head;
	unsigned int len;
	bool lost;
	bool keep;
	bool waits;
	ktime_t next;
};

/**
 * struct mtty_cable - a null-modem cable between the ports of two devices
 * @ref: held by either port
 * @lock: protects @end; taken inside of a device's lock
 * @end: its ends
 */
struct mtty_cable {
	struct kref ref;
	spinlock_t lock; /* end */
	struct mtty_end end[2];
};

/**
 * struct mtty_port - a port
 * @mpdev: the device it is on
 * @index: which of its ports
 * @uart: its 16550A
 * @peer: the port of the same device that it is connected to; NULL: a cable
 * @cable: the cable, NULL: none
 * @side: which end of it
 * @arrival: fetches what came over the cable
 */
struct mtty_port {
	struct mdev_pci_device *mpdev;
	unsigned int index;
	struct mdev_pci_uart uart;
	struct mtty_port *peer;
	struct mtty_cable *cable;
	unsigned int side;
	struct work_struct arrival;
};

/**
 * struct mtty_device - a card
 * @mpdev: its PCI side
 * @node: in mtty_devices
 * @port: its ports
 */
struct mtty_device {
	struct mdev_pci_device mpdev;
	struct list_head node;
	struct mtty_port port[MTTY_MAX_PORTS];
};

/*
 * All devices, and who is connected to whom: that changes under this lock and
 * the device locks of both, in this order, and can be read under any of them.
 */
static DEFINE_MUTEX(mtty_wiring);
static LIST_HEAD(mtty_devices);

static struct mtty_device *to_mtty(struct mdev_pci_device *mpdev)
{
	return container_of(mpdev, struct mtty_device, mpdev);
}

static struct mtty_port *to_mtty_port(struct mdev_pci_uart *uart)
{
	return container_of(uart, struct mtty_port, uart);
}

static unsigned int mtty_nr_ports(const struct mtty_device *mtty)
{
	return mtty->mpdev.type->model->nr_regions;
}

/* RTS and DTR of one end are CTS, DSR and DCD of the other. */
static u8 mtty_cross(u8 outputs)
{
	return (outputs & UART_MCR_RTS ? UART_MSR_CTS : 0) |
	       (outputs & UART_MCR_DTR ? UART_MSR_DSR | UART_MSR_DCD : 0);
}

static struct mtty_end *mtty_far_end(const struct mtty_port *port)
{
	return &port->cable->end[!port->side];
}

static void mtty_cable_free(struct kref *ref)
{
	kfree(container_of(ref, struct mtty_cable, ref));
}

/* The other device's work is never done here: it has a lock of its own. */
static void mtty_wake(struct mtty_end *end)
{
	if (end->port)
		schedule_work(&end->port->arrival);
}

/*
 * A paced sender never waits for room, but for the work item of the other end:
 * however late that is, a receiver gets characters no faster than on a line, and
 * so in time to read them.
 */
static bool mtty_has_place(const struct mtty_end *end)
{
	if (end->keep)
		return end->len < MTTY_IN_FLIGHT;
	return !end->len && !ktime_before(ktime_get(), end->next);
}

static bool mtty_cable_send(struct mtty_port *port,
			    const struct mdev_pci_uart_frame *frame, bool force)
{
	struct mtty_end *far = mtty_far_end(port);
	bool taken = true;

	spin_lock(&port->cable->lock);
	/* Nobody is there, or it is switched off: lost. */
	if (!far->port || !READ_ONCE(far->port->mpdev->open))
		goto out_unlock;

	far->keep = !port->uart.paced;
	if (!force && !mtty_has_place(far)) {
		/*
		 * Nothing changes at the far end, so it is not woken: two full
		 * ends would wake each other for ever.
		 */
		far->waits = far->keep;
		taken = false;
		goto out_unlock;
	}
	if (far->len < MTTY_IN_FLIGHT) {
		far->frame[(far->head + far->len) % MTTY_IN_FLIGHT] = *frame;
		far->len++;
	} else if (far->lost) {
		/* Woken for it before. */
		goto out_unlock;
	} else {
		far->lost = true;
	}
	mtty_wake(far);
out_unlock:
	spin_unlock(&port->cable->lock);
	return taken;
}

static void mtty_cable_outputs(struct mtty_port *port)
{
	struct mtty_end *end = &port->cable->end[port->side];

	spin_lock(&port->cable->lock);
	end->changed |= end->outputs ^ port->uart.outputs;
	end->outputs = port->uart.outputs;
	mtty_wake(mtty_far_end(port));
	spin_unlock(&port->cable->lock);
}

static bool mtty_cable_fetch(struct mtty_port *port,
			     struct mdev_pci_uart_frame *frame)
{
	struct mtty_end *end = &port->cable->end[port->side];
	bool fetched;

	spin_lock(&port->cable->lock);
	fetched = end->len &&
		  (!end->keep || mdev_pci_uart_has_room(&port->uart));
	if (fetched) {
		*frame = end->frame[end->head];
		end->head = (end->head + 1) % MTTY_IN_FLIGHT;
		end->len--;
		/* Three quarters: as much slack as core/uart.c has. */
		if (!end->keep)
			end->next = ktime_add_ns(ktime_get(),
						 mdev_pci_uart_frame_ns(frame) / 4 * 3);
		if (end->waits) {
			end->waits = false;
			mtty_wake(mtty_far_end(port));
		}
	}
	spin_unlock(&port->cable->lock);
	return fetched;
}

static void mtty_cable_catch_up(struct mtty_port *port)
{
	struct mdev_pci_uart_frame frame;
	u8 outputs, changed;
	unsigned int i;
	bool lost;

	/* Not for as long as the other end goes on: that wakes us again. */
	for (i = 0; i < MTTY_IN_FLIGHT && mtty_cable_fetch(port, &frame); i++)
		mdev_pci_uart_receive(&port->uart, &frame);

	scoped_guard(spinlock, &port->cable->lock) {
		struct mtty_end *far = mtty_far_end(port);

		lost = port->cable->end[port->side].lost;
		port->cable->end[port->side].lost = false;
		outputs = far->outputs;
		changed = far->changed;
		far->changed = 0;
	}
	if (lost)
		mdev_pci_uart_overrun(&port->uart);
	if (changed)
		mdev_pci_uart_set_inputs(&port->uart, mtty_cross(outputs),
					 mtty_cross(changed));
}

/* All that came over the cable until now is at the pins. */
static void mtty_catch_up(struct mtty_port *port)
{
	lockdep_assert_held(&port->mpdev->lock);
	if (port->cable)
		mtty_cable_catch_up(port);
}

static void mtty_arrival(struct work_struct *work)
{
	struct mtty_port *port = container_of(work, struct mtty_port, arrival);

	guard(mdev_pci)(port->mpdev);
	mtty_catch_up(port);
	/* And what waited for the other end to have room. */
	mdev_pci_uart_run(&port->uart);
}

static void mtty_set_irq(struct mdev_pci_uart *uart, bool level)
{
	struct mtty_port *port = to_mtty_port(uart);

	mdev_pci_set_irq(port->mpdev, port->index, level);
}

static bool mtty_send(struct mdev_pci_uart *uart,
		      const struct mdev_pci_uart_frame *frame, bool force)
{
	struct mtty_port *port = to_mtty_port(uart), *peer = port->peer;

	if (port->cable)
		return mtty_cable_send(port, frame, force);
	if (!peer)
		return true;
	/* Not in loopback, where a port would wait for itself. */
	if (peer != port && !uart->paced && !force &&
	    !mdev_pci_uart_has_room(&peer->uart))
		return false;
	mdev_pci_uart_receive(&peer->uart, frame);
	return true;
}

static void mtty_outputs(struct mdev_pci_uart *uart)
{
	struct mtty_port *port = to_mtty_port(uart);

	if (port->peer)
		mdev_pci_uart_set_inputs(&port->peer->uart,
					 mtty_cross(uart->outputs), 0);
	if (port->cable)
		mtty_cable_outputs(port);
}

static void mtty_room(struct mdev_pci_uart *uart)
{
	struct mtty_port *port = to_mtty_port(uart);

	if (port->peer && port->peer != port)
		mdev_pci_uart_run(&port->peer->uart);
	else
		mtty_catch_up(port);
}

static const struct mdev_pci_uart_ops mtty_uart_ops = {
	.irq		= mtty_set_irq,
	.send		= mtty_send,
	.outputs	= mtty_outputs,
	.room		= mtty_room,
};

/* BAR n is port n + 1. */
static u32 mtty_read(struct mdev_pci_device *mpdev, unsigned int region,
		     unsigned int i)
{
	struct mtty_port *port = &to_mtty(mpdev)->port[region];

	mtty_catch_up(port);
	return mdev_pci_uart_read(&port->uart, i);
}

static int mtty_write(struct mdev_pci_device *mpdev, unsigned int region,
		      unsigned int i, u32 val)
{
	struct mtty_port *port = &to_mtty(mpdev)->port[region];

	mtty_catch_up(port);
	mdev_pci_uart_write(&port->uart, i, val);
	return 0;
}

/* What they are is in core/uart.c. */
static const struct mdev_pci_reg mtty_regs[] = {
	{ "16550A", 0, 1, MDEV_PCI_UART_REGS, mtty_read, mtty_write },
};

#define MTTY_PORT_REGION(_port) {			\
	.index = VFIO_PCI_BAR0_REGION_INDEX + (_port),	\
	.bar = PCI_BASE_ADDRESS_SPACE_IO,		\
	.size = MDEV_PCI_UART_REGS,			\
	.regs = mtty_regs,				\
	.nr_regs = ARRAY_SIZE(mtty_regs),		\
}

static const struct mdev_pci_region mtty_regions[MTTY_MAX_PORTS] = {
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

static const struct mdev_pci_model mtty_models[MTTY_MAX_PORTS] = {
	{ MTTY_IDS, .nr_regions = 1, .nr_msi = 1 },
	{ MTTY_IDS, .nr_regions = 2, .nr_msi = 2 },
};

static struct mdev_pci_type mtty_single = {
	.mdev.sysfs_name = "1",
	.mdev.pretty_name = "Single port serial",
	.description = "virtual PCI serial card, one 16550A port",
	.model = &mtty_models[0],
	.cost = 1,
};

static struct mdev_pci_type mtty_dual = {
	.mdev.sysfs_name = "2",
	.mdev.pretty_name = "Dual port serial",
	.description = "virtual PCI serial card, two 16550A ports",
	.model = &mtty_models[1],
	.cost = 2,
};

static struct mdev_pci_type *const mtty_types[] = { &mtty_single, &mtty_dual };

/* The ports of the device first, then the other ends: they are not reset. */
static void mtty_reset(struct mdev_pci_device *mpdev)
{
	struct mtty_device *mtty = to_mtty(mpdev);
	struct mtty_port *port;

	for (port = mtty->port; port < mtty->port + MTTY_MAX_PORTS; port++)
		mdev_pci_uart_reset(&port->uart, 0);

	for (port = mtty->port; port < mtty->port + MTTY_MAX_PORTS; port++) {
		struct mtty_cable *cable = port->cable;

		if (!cable)
			continue;
		scoped_guard(spinlock, &cable->lock) {
			cable->end[port->side].len = 0;
			cable->end[port->side].lost = false;
			cable->end[port->side].waits = false;
			cable->end[port->side].next = 0;
			mtty_far_end(port)->changed = 0;
			mdev_pci_uart_reset(&port->uart,
					    mtty_cross(mtty_far_end(port)->outputs));
		}
		mtty_cable_outputs(port);
	}
}

/*
 * Wiring
 */

/*
 * Takes a cable or a crossing away, and each port gets its plug back. Those
 * who call it reset the device: it is not in use.
 */
static void mtty_unplug(struct mtty_port *port)
{
	struct mtty_cable *cable = port->cable;

	lockdep_assert_held(&mtty_wiring);
	lockdep_assert_held(&port->mpdev->lock);
	if (port->peer)
		port->peer->peer = port->peer;
	port->peer = port;
	if (!cable)
		return;

	port->cable = NULL;
	scoped_guard(spinlock, &cable->lock) {
		struct mtty_end *end = &cable->end[port->side];

		end->port = NULL;
		end->changed |= end->outputs;
		end->outputs = 0;
		mtty_wake(&cable->end[!port->side]);
	}
	kref_put(&cable->ref, mtty_cable_free);
}

static void mtty_plug(struct mtty_port *port, struct mtty_cable *cable,
		      unsigned int side)
{
	lockdep_assert_held(&mtty_wiring);
	lockdep_assert_held(&port->mpdev->lock);
	port->peer = NULL;
	port->cable = cable;
	port->side = side;
	kref_get(&cable->ref);

	scoped_guard(spinlock, &cable->lock)
		cable->end[side].port = port;
}

/* The port at the other end of the cable, if there still is one. */
static struct mtty_port *mtty_other_port(const struct mtty_port *port)
{
	lockdep_assert_held(&mtty_wiring);
	return port->cable ? mtty_far_end(port)->port : NULL;
}

static struct mtty_device *mtty_find(const guid_t *uuid)
{
	struct mtty_device *mtty;

	lockdep_assert_held(&mtty_wiring);
	list_for_each_entry(mtty, &mtty_devices, node)
		if (guid_equal(&mtty->mpdev.uuid, uuid))
			return mtty;
	return NULL;
}

/**
 * struct mtty_concerned - devices whose ports get another wire, locked
 * @mtty: the devices
 * @nr: how many: one and the other ends of its ports, or both ends of a new
 *	cable and of an old one
 * @open: one of them is in use, and has to find the wires that it knows
 */
struct mtty_concerned {
	struct mtty_device *mtty[MTTY_MAX_PORTS + 1];
	unsigned int nr;
	bool open;
};

static void mtty_lock(struct mtty_concerned *c, struct mtty_port *port)
{
	struct mtty_device *mtty;
	unsigned int i;

	if (!port)
		return;
	mtty = to_mtty(port->mpdev);
	for (i = 0; i < c->nr; i++)
		if (c->mtty[i] == mtty)
			return;
	/* In any order: only one thread at a time has more than one of them. */
	spin_lock_nest_lock(&mtty->mpdev.lock, &mtty_wiring);
	__release(&mtty->mpdev.lock);
	c->open |= mtty->mpdev.open;
	c->mtty[c->nr++] = mtty;
}

static void mtty_unlock(struct mtty_concerned *c)
{
	while (c->nr)
		mdev_pci_unlock(&c->mtty[--c->nr]->mpdev);
}

static void mtty_unplug_both(struct mtty_port *port)
{
	struct mtty_port *other = mtty_other_port(port);

	if (other) {
		mtty_unplug(other);
		mtty_reset(other->mpdev);
	}
	mtty_unplug(port);
	mtty_reset(port->mpdev);
}

static int mtty_wire_card(struct mtty_device *mtty, bool crossed)
{
	unsigned int i, nr = mtty_nr_ports(mtty);
	struct mtty_concerned concerned = {};

	if (crossed && nr != 2)
		return -EINVAL;

	for (i = 0; i < nr; i++) {
		mtty_lock(&concerned, &mtty->port[i]);
		mtty_lock(&concerned, mtty_other_port(&mtty->port[i]));
	}
	if (!concerned.open) {
		for (i = 0; i < nr; i++)
			mtty_unplug_both(&mtty->port[i]);
		for (i = 0; crossed && i < nr; i++)
			mtty->port[i].peer = &mtty->port[!i];
	}
	mtty_unlock(&concerned);
	return concerned.open ? -EBUSY : 0;
}

static int mtty_wire_null_modem(struct mtty_port *port, struct mtty_port *other)
{
	struct mtty_concerned concerned = {};
	struct mtty_cable *cable;

	/* Another's cable, or a crossing, is not pulled out for this one. */
	if (mtty_other_port(other) ? mtty_other_port(other) != port :
				     !other->cable && other->peer != other)
		return -EBUSY;

	cable = kzalloc_obj(*cable, GFP_KERNEL_ACCOUNT);
	if (!cable)
		return -ENOMEM;
	kref_init(&cable->ref);
	spin_lock_init(&cable->lock);

	mtty_lock(&concerned, port);
	mtty_lock(&concerned, mtty_other_port(port));
	mtty_lock(&concerned, other);
	if (!concerned.open) {
		mtty_unplug_both(port);
		/* There may be half a cable in it, whose other end has left. */
		mtty_unplug_both(other);
		mtty_plug(port, cable, 0);
		mtty_plug(other, cable, 1);
	}
	mtty_unlock(&concerned);
	kref_put(&cable->ref, mtty_cable_free);
	return concerned.open ? -EBUSY : 0;
}

/* "loopback", "crossed", or "PORT UUID PORT" for a null-modem cable. */
static int mtty_wire(struct mtty_device *mtty, const char *buf)
{
	char uuid[UUID_STRING_LEN + 2], from[5], to[5];
	struct mtty_device *other;
	unsigned int near, far;
	guid_t guid;
	int end = 0;

	guard(mutex)(&mtty_wiring);
	if (sysfs_streq(buf, "loopback"))
		return mtty_wire_card(mtty, false);
	if (sysfs_streq(buf, "crossed"))
		return mtty_wire_card(mtty, true);

	/* Words, of which each is looked at to its end. */
	if (sscanf(buf, "%4s %37s %4s %n", from, uuid, to, &end) != 3 ||
	    buf[end] || strlen(uuid) != UUID_STRING_LEN || guid_parse(uuid, &guid) ||
	    kstrtouint(from, 10, &near) || kstrtouint(to, 10, &far))
		return -EINVAL;
	other = mtty_find(&guid);
	if (!other)
		return -ENODEV;
	if (other == mtty || !near || near > mtty_nr_ports(mtty) ||
	    !far || far > mtty_nr_ports(other))
		return -EINVAL;
	return mtty_wire_null_modem(&mtty->port[near - 1], &other->port[far - 1]);
}

static ssize_t wire_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	return mtty_wire(to_mtty(dev_get_drvdata(dev)), buf) ?: count;
}

/* A line for each port. */
static ssize_t wire_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct mtty_device *mtty = to_mtty(dev_get_drvdata(dev));
	unsigned int i;
	int len = 0;

	guard(mutex)(&mtty_wiring);
	for (i = 0; i < mtty_nr_ports(mtty); i++) {
		const struct mtty_port *port = &mtty->port[i];
		const struct mtty_port *other = mtty_other_port(port);

		if (other)
			len += sysfs_emit_at(buf, len, "%u %pUl %u\n", i + 1,
					     &other->mpdev->uuid, other->index + 1);
		else
			len += sysfs_emit_at(buf, len, "%u %s\n", i + 1,
					     port->cable ? "unplugged" :
					     port->peer == port ? "loopback" :
					     "crossed");
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

	guard(mdev_pci)(&mtty->mpdev);
	if (mtty->mpdev.open)
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
	struct mdev_pci_device *mpdev = dev_get_drvdata(dev);

	return sysfs_emit(buf, "mtty %s, %s\n", dev_name(dev),
			  mpdev->type->description);
}
static DEVICE_ATTR_RO(sample_mdev_dev);

static struct attribute *mtty_attrs[] = {
	&dev_attr_pace.attr,
	&dev_attr_sample_mdev_dev.attr,
	&dev_attr_wire.attr,
	NULL
};

static int mtty_init_device(struct mdev_pci_device *mpdev)
{
	struct mtty_device *mtty = to_mtty(mpdev);
	unsigned int i;

	for (i = 0; i < MTTY_MAX_PORTS; i++) {
		struct mtty_port *port = &mtty->port[i];

		port->mpdev = mpdev;
		port->index = i;
		port->peer = port;
		mdev_pci_uart_init(&port->uart, &mtty_uart_ops, &mpdev->lock);
		INIT_WORK(&port->arrival, mtty_arrival);
	}
	guard(mutex)(&mtty_wiring);
	list_add_tail(&mtty->node, &mtty_devices);
	return 0;
}

/* It was reset when it was closed: what its timers find is nothing to do. */
static void mtty_release_device(struct mdev_pci_device *mpdev)
{
	struct mtty_device *mtty = to_mtty(mpdev);
	unsigned int i;

	scoped_guard(mutex, &mtty_wiring) {
		guard(mdev_pci)(mpdev);
		list_del(&mtty->node);
		for (i = 0; i < MTTY_MAX_PORTS; i++)
			mtty_unplug(&mtty->port[i]);
		/* The last characters over the cable are lost with it. */
		mtty_reset(mpdev);
	}
	for (i = 0; i < MTTY_MAX_PORTS; i++) {
		cancel_work_sync(&mtty->port[i].arrival);
		mdev_pci_uart_release(&mtty->port[i].uart);
	}
}

static const struct mdev_pci_driver mtty_driver = {
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

module_mdev_pci_driver(mtty_driver, ports);

MODULE_DESCRIPTION("Virtual PCI 16550A serial ports for VFIO");
MODULE_LICENSE("GPL");

/* Here, as the tests call what is static above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "kunit/mtty.c"
#include "kunit/mtty-wire.c"
#endif
