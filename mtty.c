// SPDX-License-Identifier: GPL-2.0-only
/*
 * mtty: one or two 16550A ports on PCI.
 *
 *	BAR0, BAR1	the eight registers of port 1 and port 2
 *	INTA, MSI	one interrupt source per port
 *
 * A plug is on each port: what is sent is received, RTS drives CTS, DTR drives
 * DSR and DCD.  By default sending takes no time; with the attribute "pace" it
 * takes the time that the divisor says.
 */
#include <linux/module.h>
#include <linux/serial_reg.h>
#include <linux/sysfs.h>

#include "core/mdev-pci-core.h"
#include "core/uart.h"

#define MTTY_MAX_PORTS		2

static unsigned int ports = 24;
module_param(ports, uint, 0444);
MODULE_PARM_DESC(ports, "how many ports all devices have together (default 24)");

/**
 * struct mtty_port - a port
 * @mpdev: the device it is on
 * @index: which of its ports
 * @uart: its 16550A
 */
struct mtty_port {
	struct mdev_pci_device *mpdev;
	unsigned int index;
	struct mdev_pci_uart uart;
};

/**
 * struct mtty_device - a card
 * @mpdev: its PCI side
 * @port: its ports
 */
struct mtty_device {
	struct mdev_pci_device mpdev;
	struct mtty_port port[MTTY_MAX_PORTS];
};

static struct mtty_device *to_mtty(struct mdev_pci_device *mpdev)
{
	return container_of(mpdev, struct mtty_device, mpdev);
}

/* RTS and DTR of one end are CTS, DSR and DCD of the other. */
static u8 mtty_cross(u8 outputs)
{
	return (outputs & UART_MCR_RTS ? UART_MSR_CTS : 0) |
	       (outputs & UART_MCR_DTR ? UART_MSR_DSR | UART_MSR_DCD : 0);
}

static void mtty_set_irq(struct mdev_pci_uart *uart, bool level)
{
	struct mtty_port *port = container_of(uart, struct mtty_port, uart);

	mdev_pci_set_irq(port->mpdev, port->index, level);
}

static bool mtty_send(struct mdev_pci_uart *uart,
		      const struct mdev_pci_uart_frame *frame)
{
	mdev_pci_uart_receive(uart, frame);
	return true;
}

static void mtty_outputs(struct mdev_pci_uart *uart)
{
	mdev_pci_uart_set_inputs(uart, mtty_cross(uart->outputs), 0);
}

static const struct mdev_pci_uart_ops mtty_uart_ops = {
	.irq		= mtty_set_irq,
	.send		= mtty_send,
	.outputs	= mtty_outputs,
};

/* BAR n is port n + 1. */
static u32 mtty_read(struct mdev_pci_device *mpdev, unsigned int region,
		     unsigned int i)
{
	return mdev_pci_uart_read(&to_mtty(mpdev)->port[region].uart, i);
}

static int mtty_write(struct mdev_pci_device *mpdev, unsigned int region,
		      unsigned int i, u32 val)
{
	mdev_pci_uart_write(&to_mtty(mpdev)->port[region].uart, i, val);
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

static void mtty_reset(struct mdev_pci_device *mpdev)
{
	unsigned int i;

	for (i = 0; i < MTTY_MAX_PORTS; i++)
		mdev_pci_uart_reset(&to_mtty(mpdev)->port[i].uart, 0);
}

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

	guard(mutex)(&mtty->mpdev.lock);
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
	NULL
};

static int mtty_init_device(struct mdev_pci_device *mpdev)
{
	unsigned int i;

	for (i = 0; i < MTTY_MAX_PORTS; i++) {
		struct mtty_port *port = &to_mtty(mpdev)->port[i];

		port->mpdev = mpdev;
		port->index = i;
		mdev_pci_uart_init(&port->uart, &mtty_uart_ops, &mpdev->lock);
	}
	return 0;
}

/* It was reset when it was closed: what its timers find is nothing to do. */
static void mtty_release_device(struct mdev_pci_device *mpdev)
{
	unsigned int i;

	for (i = 0; i < MTTY_MAX_PORTS; i++)
		mdev_pci_uart_release(&to_mtty(mpdev)->port[i].uart);
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
#endif
