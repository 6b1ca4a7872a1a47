// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: INTx as a level, MSI and MSI-X as messages.
 *
 * A device has sources that are levels, as the interrupt output of a UART, and
 * completions that are pulses.  INTx is the OR of the levels.  With messages, a
 * level that rises makes a vector due, and so does a pulse.  It is sent
 * when config space and the table of MSI-X allow it, and is pending until then.
 * A vector that is due because of a level is due no longer when the level falls.
 * A pulse is remembered until it was sent, as no level repeats it.
 *
 * The front end chooses the mode, and delivers.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/lockdep.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "internal.h"

static bool sends_messages(enum softpci_irq_mode mode)
{
	return mode == SOFTPCI_IRQ_MSI || mode == SOFTPCI_IRQ_MSIX;
}

/* INTx is the OR of all sources (PCI Local Bus 3.0, 2.2.6). */
static bool intx_asserted(const struct softpci_device *dev)
{
	const u8 *val = dev->config.val;

	return dev->irqs.level && dev->irqs.mode == SOFTPCI_IRQ_INTX &&
	       !(val[PCI_COMMAND + 1] & (PCI_COMMAND_INTX_DISABLE >> 8)) &&
	       !in_d3hot(dev);
}

static void drop_pulse(struct softpci_irqs *irqs, unsigned int vector)
{
	if (irqs->nr_pulsed && __test_and_clear_bit(vector, irqs->pulsed))
		irqs->nr_pulsed--;
}

static void drop_pulses(struct softpci_device *dev)
{
	if (!dev->irqs.nr_pulsed)
		return;
	bitmap_zero(dev->irqs.pulsed, softpci_nr_vectors(dev->model));
	dev->irqs.nr_pulsed = 0;
}

static void set_pulse(struct softpci_irqs *irqs, unsigned int vector)
{
	if (!__test_and_set_bit(vector, irqs->pulsed))
		irqs->nr_pulsed++;
}

/* One message for all that made the vector due. */
static void send_message(struct softpci_device *dev, unsigned int vector)
{
	if (vector < SOFTPCI_MAX_SOURCES)
		dev->irqs.risen &= ~BIT(vector);
	drop_pulse(&dev->irqs, vector);
	dev->host_ops->message(dev, vector);
}

/* The vectors that are due in SOFTPCI_IRQ_MSI, which has 32 of them at most. */
static u32 msi_due(const struct softpci_irqs *irqs)
{
	u32 due = irqs->risen;

	if (irqs->nr_pulsed)
		due |= irqs->pulsed[0];
	return due;
}

/* PCI Local Bus 3.0, 6.8.1, Mask and Pending Bits: kept, and sent once. */
static void send_msi(struct softpci_device *dev)
{
	unsigned int msi = dev->layout->msi, i;
	const u8 *val = dev->config.val;
	unsigned long allowed;

	if (!(get16(val, msi + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_ENABLE))
		return;
	allowed = msi_due(&dev->irqs) & ~get32(val, msi + PCI_MSI_MASK_64);
	for_each_set_bit(i, &allowed, SOFTPCI_MAX_SOURCES)
		send_message(dev, i);
}

static bool entry_masked(const struct softpci_irqs *irqs, unsigned int vector)
{
	return irqs->table[vector].control & PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

/* PCI Local Bus 3.0, 6.8.2: Function Mask, and a mask bit in each entry. */
static void send_msix(struct softpci_device *dev)
{
	u16 flags = get16(dev->config.val, dev->layout->msix + PCI_MSIX_FLAGS);
	struct softpci_irqs *irqs = &dev->irqs;
	unsigned long risen = irqs->risen;
	unsigned int i;

	if (!(flags & PCI_MSIX_FLAGS_ENABLE) || flags & PCI_MSIX_FLAGS_MASKALL)
		return;
	for_each_set_bit(i, &risen, SOFTPCI_MAX_SOURCES)
		if (!entry_masked(irqs, i))
			send_message(dev, i);
	if (!irqs->nr_pulsed)
		return;
	for_each_set_bit(i, irqs->pulsed, irqs->nr_vectors)
		if (!entry_masked(irqs, i))
			send_message(dev, i);
}

/**
 * softpci_irq_update() - deliver interrupts that are due
 * @dev: the device, lock held
 *
 * To be called when a level, COMMAND, the power state, the Enable bit of MSI or
 * MSI-X or a mask may have changed.
 */
void softpci_irq_update(struct softpci_device *dev)
{
	const struct softpci_irqs *irqs = &dev->irqs;

	lockdep_assert_held(&dev->lock);
	if (unlikely(irqs->held))
		return;
	if (irqs->mode == SOFTPCI_IRQ_INTX) {
		dev->host_ops->intx(dev, intx_asserted(dev));
		return;
	}
	if (irqs->mode == SOFTPCI_IRQ_NONE ||
	    (!irqs->risen && !irqs->nr_pulsed) || !softpci_bus_master(dev))
		return;
	if (irqs->mode == SOFTPCI_IRQ_MSI)
		send_msi(dev);
	else
		send_msix(dev);
}
EXPORT_SYMBOL_GPL(softpci_irq_update);

/**
 * softpci_irq_hold() - deliver no interrupts, or those that have become due
 * @dev: the device, lock held
 * @held: deliver none, as of now
 *
 * A guest that is being moved does not see an interrupt that it gets on the source
 * after its own state was saved, or on the target before that was loaded. It is
 * due until the device goes on, and its state says so.
 */
void softpci_irq_hold(struct softpci_device *dev, bool held)
{
	lockdep_assert_held(&dev->lock);
	dev->irqs.held = held;
	softpci_irq_update(dev);
}

/* Sources beyond the last vector share it. */
static unsigned int shared_vector(const struct softpci_irqs *irqs,
				  unsigned int vector)
{
	return min(vector, irqs->nr_vectors - 1);
}

/* A bit for each vector that some level asks for. */
static u32 asked_vectors(const struct softpci_irqs *irqs)
{
	unsigned long level = irqs->level;
	unsigned int i;
	u32 asked = 0;

	for_each_set_bit(i, &level, SOFTPCI_MAX_SOURCES)
		asked |= BIT(shared_vector(irqs, i));
	return asked;
}

/**
 * softpci_irq_level() - a source asks for service, or no longer
 * @dev: a device with an interrupt pin, lock held
 * @source: below SOFTPCI_MAX_SOURCES; with messages also which vector
 * @level: whether it asks
 */
void softpci_irq_level(struct softpci_device *dev, unsigned int source,
		       bool level)
{
	struct softpci_irqs *irqs = &dev->irqs;

	lockdep_assert_held(&dev->lock);
	if (!!(irqs->level & BIT(source)) == level)
		return;
	irqs->level ^= BIT(source);
	irqs->changes++;

	if (sends_messages(irqs->mode)) {
		if (level)
			irqs->risen |= BIT(shared_vector(irqs, source));
		else if (irqs->risen)
			irqs->risen &= asked_vectors(irqs);
	}
	softpci_irq_update(dev);
}
EXPORT_SYMBOL_GPL(softpci_irq_level);

/**
 * softpci_irq_pulse() - something has completed
 * @dev: the device, lock held
 * @vector: MSI or MSI-X vector; ignored if the model does not have it
 *
 * It is remembered until the message was sent, the device is reset, or the front
 * end leaves the mode that it would have been sent in. INTx knows levels only.
 */
void softpci_irq_pulse(struct softpci_device *dev, unsigned int vector)
{
	struct softpci_irqs *irqs = &dev->irqs;

	lockdep_assert_held(&dev->lock);
	if (vector >= softpci_nr_vectors(dev->model))
		return;
	if (!sends_messages(irqs->mode)) {
		set_pulse(irqs, vector);
		return;
	}
	set_pulse(irqs, shared_vector(irqs, vector));
	softpci_irq_update(dev);
}
EXPORT_SYMBOL_GPL(softpci_irq_pulse);

/* Pulses from before the number of vectors was known. */
static void share_pulses(struct softpci_device *dev)
{
	struct softpci_irqs *irqs = &dev->irqs;
	unsigned int i = irqs->nr_vectors;

	if (!irqs->nr_pulsed)
		return;
	for_each_set_bit_from(i, irqs->pulsed, softpci_nr_vectors(dev->model)) {
		drop_pulse(irqs, i);
		set_pulse(irqs, irqs->nr_vectors - 1);
	}
}

/**
 * softpci_irq_loaded() - due messages have been loaded from a stream
 * @dev: the device, lock held
 *
 * Those beyond the vectors that are enabled here share the last of them.  The
 * caller calls softpci_irq_update().
 */
void softpci_irq_loaded(struct softpci_device *dev)
{
	struct softpci_irqs *irqs = &dev->irqs;
	u32 enabled;

	lockdep_assert_held(&dev->lock);
	if (!sends_messages(irqs->mode))
		return;
	if (irqs->nr_vectors < SOFTPCI_MAX_SOURCES) {
		enabled = BIT(irqs->nr_vectors) - 1;
		if (irqs->risen & ~enabled)
			irqs->risen = (irqs->risen & enabled) |
				      BIT(irqs->nr_vectors - 1);
	}
	share_pulses(dev);
}

static void set_enable(struct softpci_device *dev, enum softpci_irq_mode mode,
		       bool enable)
{
	unsigned int pos;
	u16 bit, flags;

	if (mode == SOFTPCI_IRQ_MSI) {
		pos = dev->layout->msi + PCI_MSI_FLAGS;
		bit = PCI_MSI_FLAGS_ENABLE;
	} else if (mode == SOFTPCI_IRQ_MSIX) {
		pos = dev->layout->msix + PCI_MSIX_FLAGS;
		bit = PCI_MSIX_FLAGS_ENABLE;
	} else {
		return;
	}
	flags = get16(dev->config.val, pos);
	set16(dev->config.val, pos, enable ? flags | bit : flags & ~bit);
}

/**
 * softpci_irq_select() - choose how interrupts are delivered
 * @dev: the device, lock held
 * @mode: one that the model has
 * @nr_vectors: for SOFTPCI_IRQ_MSI how many messages there are, at least 1; all
 *		vectors of MSI-X are there in any case
 *
 * The Enable bit of MSI or MSI-X is set for the mode that is selected, as the PCI
 * core does for a driver, and cleared for the one that is left. The guest can
 * clear and set it meanwhile. Levels that are asserted already are delivered.
 */
void softpci_irq_select(struct softpci_device *dev, enum softpci_irq_mode mode,
			unsigned int nr_vectors)
{
	struct softpci_irqs *irqs = &dev->irqs;
	enum softpci_irq_mode old = irqs->mode;

	lockdep_assert_held(&dev->lock);
	set_enable(dev, old, false);
	set_enable(dev, mode, true);
	if (sends_messages(old))
		drop_pulses(dev);

	irqs->mode = mode;
	irqs->nr_vectors = mode == SOFTPCI_IRQ_MSIX ? dev->model->msix.nr :
						      nr_vectors;
	irqs->risen = 0;
	if (sends_messages(mode)) {
		irqs->risen = asked_vectors(irqs);
		share_pulses(dev);
	}
	if (old == SOFTPCI_IRQ_INTX && mode != SOFTPCI_IRQ_INTX)
		dev->host_ops->intx(dev, false);
	softpci_irq_update(dev);
}
EXPORT_SYMBOL_GPL(softpci_irq_select);

/**
 * softpci_irq_msi_pending() - Pending Bits of the MSI capability
 * @dev: the device, lock held
 *
 * Return: a bit for each message that is due and held back.
 */
u32 softpci_irq_msi_pending(const struct softpci_device *dev)
{
	lockdep_assert_held(&dev->lock);
	if (dev->irqs.mode != SOFTPCI_IRQ_MSI)
		return 0;
	return msi_due(&dev->irqs);
}

/**
 * softpci_irq_reset() - no source asks, nothing is due, all entries are masked
 * @dev: the device, lock held
 * @kind: why
 *
 * The mode stays: it belongs to the front end, as does the unmasking of entries
 * that it still uses, in its reset callback. A new device, and one without a
 * user, has none.
 */
void softpci_irq_reset(struct softpci_device *dev, enum softpci_reset kind)
{
	struct softpci_irqs *irqs = &dev->irqs;
	unsigned int i;

	lockdep_assert_held(&dev->lock);
	irqs->level = 0;
	irqs->risen = 0;
	drop_pulses(dev);
	for (i = 0; i < dev->model->msix.nr; i++)
		irqs->table[i] = (struct softpci_msix_entry) {
			.control = PCI_MSIX_ENTRY_CTRL_MASKBIT,
		};
	if (kind == SOFTPCI_RESET_CREATE || kind == SOFTPCI_RESET_CLOSE) {
		irqs->mode = SOFTPCI_IRQ_NONE;
		irqs->nr_vectors = 0;
	}
}

/**
 * softpci_irq_create() - make room for vectors
 * @dev: a new device
 *
 * Return: 0 or -ENOMEM.
 */
int softpci_irq_create(struct softpci_device *dev)
{
	struct softpci_irqs *irqs = &dev->irqs;
	unsigned int nr_vectors = softpci_nr_vectors(dev->model);
	unsigned int nr_msix = dev->model->msix.nr;

	if (nr_vectors) {
		/* Whole quadwords, as those of the PBA. */
		irqs->pulsed = bitmap_zalloc(round_up(nr_vectors, 64),
					     GFP_KERNEL);
		if (!irqs->pulsed)
			return -ENOMEM;
	}
	if (nr_msix) {
		irqs->table = kvcalloc(nr_msix, sizeof(*irqs->table),
				       GFP_KERNEL);
		if (!irqs->table)
			goto err_free_pulsed;
	}
	return 0;

err_free_pulsed:
	bitmap_free(irqs->pulsed);
	irqs->pulsed = NULL;
	return -ENOMEM;
}

/**
 * softpci_irq_destroy() - undo softpci_irq_create()
 * @dev: a device that nothing uses any more
 */
void softpci_irq_destroy(struct softpci_device *dev)
{
	kvfree(dev->irqs.table);
	bitmap_free(dev->irqs.pulsed);
}

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/irq.c"
#include "../tests/kunit/irq-held.c"
#endif
