// SPDX-License-Identifier: GPL-2.0-only
/*
 * mtty: one or two 16550A ports on PCI.
 *
 *	BAR0, BAR1	the eight registers of port 1 and port 2
 *	INTA, MSI	one interrupt source per port
 *
 * The attribute "wire" chooses how the ports are connected, "pace" how fast
 * they send; see parts/serial.h.
 */
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/serial_reg.h>
#include <linux/sysfs.h>
#include <linux/vfio.h>

#include "parts/serial.h"
#include "vfio/softpci-vfio.h"

static unsigned int ports = 2048;
module_param(ports, uint, 0444);
MODULE_PARM_DESC(ports, "ports of all devices of each parent (default 2048)");

/**
 * struct mtty_device - a card
 * @dev: must be first
 * @serial: its ports
 */
struct mtty_device {
	struct softpci_device dev;
	struct softpci_serial serial;
};

static struct mtty_device *to_mtty(struct softpci_device *dev)
{
	return container_of(dev, struct mtty_device, dev);
}

static u64 mtty_read(struct softpci_device *dev, unsigned int i)
{
	return softpci_serial_read(&to_mtty(dev)->serial, i / SOFTPCI_UART_REGS,
				   i % SOFTPCI_UART_REGS);
}

static int mtty_write(struct softpci_device *dev, unsigned int i, u64 val)
{
	softpci_serial_write(&to_mtty(dev)->serial, i / SOFTPCI_UART_REGS,
			     i % SOFTPCI_UART_REGS, val);
	return 0;
}

/* The names of the registers are in parts/uart.c. */
#define MTTY_PORT_REGS(_port) {						\
	.offset = 0, .width = 1, .count = SOFTPCI_UART_REGS,		\
	.first = (_port) * SOFTPCI_UART_REGS,				\
	.read = mtty_read,						\
	.write = mtty_write,						\
}

static const struct softpci_reg mtty_regs[][1] = {
	{ MTTY_PORT_REGS(0) },
	{ MTTY_PORT_REGS(1) },
};

static const struct softpci_area mtty_areas[][1] = {
	{ SOFTPCI_REGS_AREA(0, SOFTPCI_UART_REGS, mtty_regs[0]) },
	{ SOFTPCI_REGS_AREA(0, SOFTPCI_UART_REGS, mtty_regs[1]) },
};

#define MTTY_PORT_REGION(_port) {					\
	.index = VFIO_PCI_BAR0_REGION_INDEX + (_port),			\
	.bar = PCI_BASE_ADDRESS_SPACE_IO,				\
	.size = SOFTPCI_UART_REGS,					\
	SOFTPCI_TABLE(areas, mtty_areas[_port]),			\
}

static const struct softpci_region mtty_regions[SOFTPCI_SERIAL_PORTS] = {
	MTTY_PORT_REGION(0),
	MTTY_PORT_REGION(1),
};

static int mtty_init(struct softpci_device *dev)
{
	softpci_serial_init(&to_mtty(dev)->serial, dev, dev->model->nr_regions);
	return 0;
}

static void mtty_release(struct softpci_device *dev)
{
	softpci_serial_release(&to_mtty(dev)->serial);
}

static int mtty_start(struct softpci_device *dev)
{
	softpci_serial_start(&to_mtty(dev)->serial);
	return 0;
}

static void mtty_stop(struct softpci_device *dev)
{
	softpci_serial_stop(&to_mtty(dev)->serial);
}

static void mtty_reset(struct softpci_device *dev, enum softpci_reset kind)
{
	softpci_serial_reset(&to_mtty(dev)->serial);
}

static const struct softpci_ops mtty_ops = {
	.init		= mtty_init,
	.release	= mtty_release,
	.start		= mtty_start,
	.stop		= mtty_stop,
	.reset		= mtty_reset,
};

static const struct softpci_field mtty_fields[] = {
	SOFTPCI_STRUCT(struct mtty_device, serial, softpci_serial_fields),
};

static void mtty_pre_save(struct softpci_device *dev)
{
	softpci_serial_pre_save(&to_mtty(dev)->serial);
}

static int mtty_post_load(struct softpci_device *dev)
{
	return softpci_serial_post_load(&to_mtty(dev)->serial);
}

static const struct softpci_state mtty_state = {
	.version	= 1,
	SOFTPCI_TABLE(fields, mtty_fields),
	.pre_save	= mtty_pre_save,
	.post_load	= mtty_post_load,
};

#define MTTY_MODEL(_ports) {						\
	.device_size		= sizeof(struct mtty_device),		\
	.ops			= &mtty_ops,				\
	.vendor			= 0x4348,				\
	.device			= 0x3253,				\
	.subsystem_vendor	= 0x4348,				\
	.subsystem_device	= 0x3253,				\
	.class			= PCI_CLASS_COMMUNICATION_SERIAL << 8 | 0x02, \
	.revision		= 0x10,					\
	.pin			= 1,					\
	.nr_msi			= (_ports),				\
	.regions		= mtty_regions,				\
	.nr_regions		= (_ports),				\
	.state			= &mtty_state,				\
}

static const struct softpci_model mtty_models[SOFTPCI_SERIAL_PORTS] = {
	MTTY_MODEL(1),
	MTTY_MODEL(2),
};

static const struct softpci_type mtty_types[] = {
	{
		.name = "1",
		.pretty_name = "Single port serial",
		.description = "virtual PCI serial card, one 16550A port",
		.model = &mtty_models[0],
		.cost = 1,
	}, {
		.name = "2",
		.pretty_name = "Dual port serial",
		.description = "virtual PCI serial card, two 16550A ports",
		.model = &mtty_models[1],
		.cost = 2,
	},
};

static struct softpci_serial *serial_from_dev(struct device *dev)
{
	return &to_mtty(softpci_from_dev(dev))->serial;
}

static ssize_t wire_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	return softpci_serial_wire(serial_from_dev(dev), buf) ?: count;
}

static ssize_t wire_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return softpci_serial_show_wire(serial_from_dev(dev), buf);
}
static DEVICE_ATTR_RW(wire);

static ssize_t pace_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	bool pace;
	int ret;

	ret = kstrtobool(buf, &pace);
	if (ret)
		return ret;
	return softpci_serial_set_pace(serial_from_dev(dev), pace) ?: count;
}

static ssize_t pace_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%d\n", softpci_serial_pace(serial_from_dev(dev)));
}
static DEVICE_ATTR_RW(pace);

static ssize_t sample_mdev_dev_show(struct device *dev,
				    struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "mtty %s, %s\n", dev_name(dev),
			  softpci_type_of(dev)->description);
}
static DEVICE_ATTR_RO(sample_mdev_dev);

static struct attribute *mtty_attrs[] = {
	&dev_attr_pace.attr,
	&dev_attr_sample_mdev_dev.attr,
	&dev_attr_wire.attr,
	NULL
};

static const struct softpci_driver mtty_driver = {
	.name		= "mtty",
	.owner		= THIS_MODULE,
	SOFTPCI_TABLE(types, mtty_types),
	.attrs		= mtty_attrs,
};

module_softpci_vfio_driver(mtty_driver, ports);

MODULE_DESCRIPTION("Virtual PCI 16550A serial ports for VFIO");
MODULE_LICENSE("GPL");

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "tests/kunit/mtty.c"
#include "tests/kunit/mtty-time.c"
#include "tests/kunit/mtty-wire.c"
#include "tests/kunit/mtty-state.c"
#endif
