// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space of a device: reads, writes and resets by the tables of its
 * layout (caps.c).
 *
 * Interrupt Status and the Pending Bits of MSI are not in softpci_config.val, where
 * they are 0: they are computed from the state of irq.c when they are read.
 */
#include <linux/bitfield.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "internal.h"

/* Called when COMMAND or the power state may have changed. */
static void update_absent(struct softpci_device *dev)
{
	const struct softpci_layout *layout = dev->layout;
	u8 command = dev->config.val[PCI_COMMAND];
	u8 absent = 0;

	if (!(command & PCI_COMMAND_IO) || in_d3hot(dev))
		absent |= layout->io_bars;
	if (!(command & PCI_COMMAND_MEMORY) || in_d3hot(dev))
		absent |= layout->memory_bars;
	/* Read without the lock before an access to a BAR that is memory. */
	WRITE_ONCE(dev->config.absent, absent);
}

/**
 * softpci_config_create() - give a new device its config space
 * @dev: the device, with its layout; nothing else can reach it yet
 *
 * Return: 0 or -ENOMEM.
 */
int softpci_config_create(struct softpci_device *dev)
{
	const struct softpci_layout *layout = dev->layout;

	dev->config.val = kmemdup(layout->power_on, layout->config_size,
				  GFP_KERNEL);
	if (!dev->config.val)
		return -ENOMEM;
	update_absent(dev);
	return 0;
}

/**
 * softpci_config_destroy() - undo softpci_config_create()
 * @dev: the device
 */
void softpci_config_destroy(struct softpci_device *dev)
{
	kfree(dev->config.val);
	dev->config.val = NULL;
}

/**
 * softpci_config_power_on() - put all of config space to its state at power-on
 * @dev: the device, lock held
 */
void softpci_config_power_on(struct softpci_device *dev)
{
	lockdep_assert_held(&dev->lock);
	softpci_config_load(dev, dev->layout->power_on);
}

/* Inline, as that makes a move or two of each. */
static __always_inline void restore(struct softpci_device *dev,
				    const u8 *saved, unsigned int pos,
				    unsigned int len)
{
	memcpy(dev->config.val + pos, saved + pos, len);
}

/**
 * softpci_config_bus_reset() - reset config space for VFIO_DEVICE_RESET
 * @dev: the device, lock held
 *
 * The PCI core saves and restores the header and the controls of MSI, MSI-X and
 * PCI Express around a reset by vfio-pci, and users depend on it: DPDK sets Bus
 * Master and then resets. Mask bits of MSI are cleared: those that the PCI core
 * restores are its own, and a user of vfio-pci sets others behind its back.
 */
void softpci_config_bus_reset(struct softpci_device *dev)
{
	const struct softpci_layout *layout = dev->layout;
	u8 saved[PCI_CFG_SPACE_SIZE];

	lockdep_assert_held(&dev->lock);
	memcpy(saved, dev->config.val, sizeof(saved));
	softpci_config_power_on(dev);

	restore(dev, saved, PCI_COMMAND, 2);
	restore(dev, saved, PCI_BASE_ADDRESS_0, 4 * SOFTPCI_NUM_BARS);
	restore(dev, saved, PCI_INTERRUPT_LINE, 1);
	if (layout->msi)
		restore(dev, saved, layout->msi + PCI_MSI_FLAGS,
			PCI_MSI_MASK_64 - PCI_MSI_FLAGS);
	if (layout->msix)
		restore(dev, saved, layout->msix + PCI_MSIX_FLAGS, 2);
	if (layout->pcie) {
		restore(dev, saved, layout->pcie + PCI_EXP_DEVCTL, 2);
		restore(dev, saved, layout->pcie + PCI_EXP_LNKCTL, 2);
		restore(dev, saved, layout->pcie + PCI_EXP_DEVCTL2, 2);
	}
	update_absent(dev);
}

static __always_inline bool touches(u64 pos, size_t len, unsigned int start,
				    unsigned int size)
{
	return pos < start + size && pos + len > start;
}

/* PCI Local Bus 3.0, 6.8.1.5: the messages that are due. */
static noinline void read_msi_pending(struct softpci_device *dev, u64 pos,
				      u8 *buf, size_t len)
{
	unsigned int start = dev->layout->msi + PCI_MSI_PENDING_64;
	u8 pending[4];
	size_t i;

	if (!touches(pos, len, start, sizeof(pending)))
		return;
	set32(pending, 0, softpci_irq_msi_pending(dev));
	for (i = 0; i < sizeof(pending); i++)
		if (touches(pos, len, start + i, 1))
			buf[start + i - pos] = pending[i];
}

static int config_read(struct softpci_device *dev,
		       const struct softpci_area *area, u64 pos, u8 *buf,
		       size_t len)
{
	const u8 *val = dev->config.val + pos;
	size_t i;

	lockdep_assert_held(&dev->lock);
	/* Mostly one to four bytes: less than a call of memcpy() takes. */
	for (i = 0; i < len; i++)
		buf[i] = val[i];

	/* It shows the level whether or not it is delivered (6.2.3). */
	if (dev->irqs.level && dev->model->pin &&
	    touches(pos, len, PCI_STATUS, 1))
		buf[PCI_STATUS - pos] |= PCI_STATUS_INTERRUPT;
	/* In any other mode no message is due. */
	if (dev->irqs.mode == SOFTPCI_IRQ_MSI)
		read_msi_pending(dev, pos, buf, len);
	return len;
}

/* PCI Local Bus 3.0, 6.8.1.3: as many messages as it asks for, or fewer. */
static void bound_messages(u8 *msi_flags)
{
	u8 capable = FIELD_GET(PCI_MSI_FLAGS_QMASK, *msi_flags);

	if (FIELD_GET(PCI_MSI_FLAGS_QSIZE, *msi_flags) <= capable)
		return;
	*msi_flags &= ~PCI_MSI_FLAGS_QSIZE;
	*msi_flags |= FIELD_PREP(PCI_MSI_FLAGS_QSIZE, capable);
}

/**
 * softpci_config_is_flr() - does a write ask for a Function Level Reset
 * @layout: of the model
 * @pos: the first byte
 * @buf: the bytes that are written
 * @len: how many
 *
 * Context: any.
 * Return: whether it does.
 */
bool softpci_config_is_flr(const struct softpci_layout *layout, u64 pos,
			   const u8 *buf, size_t len)
{
	/* The upper byte of the register. */
	unsigned int devctl = layout->pcie + PCI_EXP_DEVCTL + 1;

	return layout->pcie && touches(pos, len, devctl, 1) &&
	       buf[devctl - pos] & (PCI_EXP_DEVCTL_BCR_FLR >> 8);
}
EXPORT_SYMBOL_GPL(softpci_config_is_flr);

/* There is D0, 0, and D3hot, 3, but neither D1 nor D2. */
static bool is_power_state(u8 pmcsr)
{
	u8 state = pmcsr & PCI_PM_CTRL_STATE_MASK;

	return state == 0 || state == 3;
}

/**
 * softpci_config_merge() - a write to config space
 * @layout: of the model
 * @val: config_size bytes, changed as the bits of @pos that can be written say
 * @pos: the first byte
 * @buf: the bytes that are written
 * @len: how many, within config space
 *
 * A power state or a number of messages that is not supported is not taken.
 *
 * Context: any; the caller protects @val.
 */
void softpci_config_merge(const struct softpci_layout *layout, u8 *val, u64 pos,
			  const u8 *buf, size_t len)
{
	unsigned int pmcsr = layout->pm + PCI_PM_CTRL;
	u8 power = val[pmcsr];
	size_t i;

	for (i = 0; i < len; i++) {
		u8 mask = layout->writable[pos + i];
		u8 *byte = &val[pos + i];

		*byte = (*byte & ~mask) | (buf[i] & mask);
		*byte &= ~(buf[i] & layout->w1c[pos + i]);
	}

	/* Discard the write of a power state that is not supported. */
	if (!is_power_state(val[pmcsr]))
		val[pmcsr] = power;
	if (layout->msi)
		bound_messages(&val[layout->msi + PCI_MSI_FLAGS]);
}
EXPORT_SYMBOL_GPL(softpci_config_merge);

static int config_write(struct softpci_device *dev,
			const struct softpci_area *area, u64 pos,
			const u8 *buf, size_t len)
{
	const struct softpci_layout *layout = dev->layout;
	unsigned int pmcsr = layout->pm + PCI_PM_CTRL, what = 0;
	u8 *val = dev->config.val;
	u16 command = get16(val, PCI_COMMAND);
	u8 power = val[pmcsr];

	lockdep_assert_held(&dev->lock);
	softpci_config_merge(layout, val, pos, buf, len);
	if (softpci_config_is_flr(layout, pos, buf, len))
		WRITE_ONCE(dev->config.flr, true);

	if (get16(val, PCI_COMMAND) != command)
		what |= SOFTPCI_CONFIG_COMMAND;
	if (val[pmcsr] != power)
		what |= SOFTPCI_CONFIG_POWER;
	if (what) {
		update_absent(dev);
		if (dev->model->ops->config)
			dev->model->ops->config(dev, what);
	}
	/* Conditions that hold interrupts back may have changed. */
	softpci_irq_update(dev);
	return len;
}

/* Config space, the one area of a region of its own. */
const struct softpci_area_ops softpci_config_ops = {
	.read = config_read,
	.write = config_write,
	.pure = true,
};

/**
 * softpci_config_is_valid() - could a device of this model have this config space
 * @layout: of the model
 * @val: config_size bytes
 *
 * Return: false if a bit differs from its state at power-on that nothing can
 * change, or a field holds a value that no write can give it.
 */
bool softpci_config_is_valid(const struct softpci_layout *layout, const u8 *val)
{
	unsigned int i;
	u8 flags, bounded;

	for (i = 0; i < layout->config_size; i++)
		if ((val[i] ^ layout->power_on[i]) &
		    ~(layout->writable[i] | layout->w1c[i]))
			return false;

	if (!is_power_state(val[layout->pm + PCI_PM_CTRL]))
		return false;
	if (!layout->msi)
		return true;
	flags = val[layout->msi + PCI_MSI_FLAGS];
	bounded = flags;
	bound_messages(&bounded);
	return bounded == flags;
}

/**
 * softpci_config_load() - replace all of config space
 * @dev: the device, lock held
 * @val: config_size valid bytes
 *
 * The caller calls softpci_irq_update() when the interrupts fit to it.
 */
void softpci_config_load(struct softpci_device *dev, const u8 *val)
{
	lockdep_assert_held(&dev->lock);
	memcpy(dev->config.val, val, dev->layout->config_size);
	WRITE_ONCE(dev->config.flr, false);
	update_absent(dev);
}

/**
 * softpci_bus_master() - may the device access memory
 * @dev: the device; with the lock not held, the answer may be outdated
 *
 * Return: whether Bus Master is set and the device is in D0.
 */
bool softpci_bus_master(const struct softpci_device *dev)
{
	return READ_ONCE(dev->config.val[PCI_COMMAND]) & PCI_COMMAND_MASTER &&
	       !in_d3hot(dev);
}

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/config.c"
#include "../tests/kunit/config-effects.c"
#endif
