// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table and the pending bit array (PBA) of MSI-X: PCI Local Bus 3.0, 6.8.2.
 *
 * The specification allows accesses of four and eight bytes.  Here any width and
 * alignment does the same to the bytes that it names.
 */
#include <linux/bitmap.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/export.h>
#include <linux/lockdep.h>
#include <linux/stddef.h>

#include "internal.h"

/* Bits that can be written. Messages go to addresses of whole dwords. */
static const struct softpci_msix_entry writable = {
	.address_lo = ~3u,
	.address_hi = ~0u,
	.data = ~0u,
	.control = PCI_MSIX_ENTRY_CTRL_MASKBIT,
};

static_assert(sizeof(writable) == PCI_MSIX_ENTRY_SIZE);
static_assert(offsetof(struct softpci_msix_entry, address_lo) ==
	      PCI_MSIX_ENTRY_LOWER_ADDR);
static_assert(offsetof(struct softpci_msix_entry, address_hi) ==
	      PCI_MSIX_ENTRY_UPPER_ADDR);
static_assert(offsetof(struct softpci_msix_entry, data) == PCI_MSIX_ENTRY_DATA);
static_assert(offsetof(struct softpci_msix_entry, control) ==
	      PCI_MSIX_ENTRY_VECTOR_CTRL);

/* The dword that holds byte @pos of the table. */
static u32 *dword_at(const struct softpci_irqs *irqs, u64 pos)
{
	return (u32 *)irqs->table + pos / sizeof(u32);
}

static u32 writable_at(u64 pos)
{
	return ((const u32 *)&writable)[pos % sizeof(writable) / sizeof(u32)];
}

static unsigned int shift_at(u64 pos)
{
	return pos % sizeof(u32) * BITS_PER_BYTE;
}

static int table_read(struct softpci_device *dev,
		      const struct softpci_area *area, u64 pos, u8 *buf,
		      size_t len)
{
	size_t i;

	lockdep_assert_held(&dev->lock);
	for (i = 0; i < len; i++, pos++)
		buf[i] = *dword_at(&dev->irqs, pos) >> shift_at(pos);
	return len;
}

static int table_write(struct softpci_device *dev,
		       const struct softpci_area *area, u64 pos, const u8 *buf,
		       size_t len)
{
	size_t i;

	lockdep_assert_held(&dev->lock);
	for (i = 0; i < len; i++, pos++) {
		u32 mask = writable_at(pos) & 0xffu << shift_at(pos);
		u32 *dword = dword_at(&dev->irqs, pos);

		*dword = (*dword & ~mask) | ((u32)buf[i] << shift_at(pos) & mask);
	}
	/* An entry may have been unmasked. */
	softpci_irq_update(dev);
	return len;
}

const struct softpci_area_ops softpci_msix_table_ops = {
	.read = table_read,
	.write = table_write,
	.pure = true,
};

/* Pending bits of the eight vectors from 8 * @pos on. */
static u8 pending_at(const struct softpci_irqs *irqs, u64 pos)
{
	u8 pending = 0;

	if (irqs->mode != SOFTPCI_IRQ_MSIX)
		return 0;
	if (pos < sizeof(irqs->risen))
		pending = irqs->risen >> pos * BITS_PER_BYTE;
	if (irqs->nr_pulsed)
		pending |= bitmap_get_value8(irqs->pulsed, pos * BITS_PER_BYTE);
	return pending;
}

static int pba_read(struct softpci_device *dev, const struct softpci_area *area,
		    u64 pos, u8 *buf, size_t len)
{
	size_t i;

	lockdep_assert_held(&dev->lock);
	for (i = 0; i < len; i++)
		buf[i] = pending_at(&dev->irqs, pos + i);
	return len;
}

/* Software should never write: the result is undefined. Here it is nothing. */
static int pba_write(struct softpci_device *dev,
		     const struct softpci_area *area, u64 pos, const u8 *buf,
		     size_t len)
{
	lockdep_assert_held(&dev->lock);
	return len;
}

const struct softpci_area_ops softpci_msix_pba_ops = {
	.read = pba_read,
	.write = pba_write,
	.pure = true,
};

/**
 * softpci_irq_mask_vector() - set or clear the mask bit of a table entry
 * @dev: the device, lock held
 * @vector: a vector of MSI-X that the model has
 * @masked: whether its messages are held back
 *
 * As the PCI core does for a driver that frees or requests the interrupt. When it
 * has cleared bits, the caller sends the messages that were held back by them, by
 * softpci_irq_update().
 */
void softpci_irq_mask_vector(struct softpci_device *dev, unsigned int vector,
			     bool masked)
{
	u32 *control = &dev->irqs.table[vector].control;

	lockdep_assert_held(&dev->lock);
	if (masked) {
		*control |= PCI_MSIX_ENTRY_CTRL_MASKBIT;
		return;
	}
	*control &= ~PCI_MSIX_ENTRY_CTRL_MASKBIT;
}
EXPORT_SYMBOL_GPL(softpci_irq_mask_vector);

/* KUnit tests of the functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/msix.c"
#endif
