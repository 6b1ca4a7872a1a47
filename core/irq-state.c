// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupts of a device as bytes and back: section IRQS of a stream (state.c).
 *
 * A struct state_irqs comes first; then the vectors that softpci_irq_pulse() made
 * due, as a bitmap of 64-bit words, vector 0 in bit 0 of the first one; then the
 * MSI-X table, a struct state_msix_entry for each vector. Bitmap and table have a
 * bit and an entry for each vector of the model's. All numbers are little-endian.
 */
#include <linux/bitmap.h>

#include "internal.h"

/**
 * struct state_irqs - the start of section IRQS
 * @level: a bit for each source that asks for service
 * @risen: a bit for each vector that is due because a source rose
 * @nr_vectors: vectors of the model, MSI's or MSI-X's, whichever are more
 * @nr_entries: entries of the MSI-X table
 */
struct state_irqs {
	__le32 level;
	__le32 risen;
	__le16 nr_vectors;
	__le16 nr_entries;
} __packed;

/**
 * struct state_msix_entry - an entry of the MSI-X table
 * @address_lo: Message Address, a multiple of 4
 * @address_hi: Message Upper Address
 * @data: Message Data
 * @control: Vector Control, PCI_MSIX_ENTRY_CTRL_MASKBIT or 0
 */
struct state_msix_entry {
	__le32 address_lo;
	__le32 address_hi;
	__le32 data;
	__le32 control;
} __packed;

/**
 * softpci_irqs_size() - the length of the interrupts of a model
 * @model: the model
 *
 * Return: bytes.
 */
u32 softpci_irqs_size(const struct softpci_model *model)
{
	return sizeof(struct state_irqs) +
	       DIV_ROUND_UP(softpci_nr_vectors(model), 64) * sizeof(__le64) +
	       model->msix.nr * sizeof(struct state_msix_entry);
}

/**
 * softpci_irqs_save() - write the interrupts of a device
 * @dev: the device, lock held
 * @to: where to, softpci_irqs_size() bytes
 */
void softpci_irqs_save(const struct softpci_device *dev, u8 *to)
{
	const struct softpci_irqs *irqs = &dev->irqs;
	const struct softpci_model *model = dev->model;
	struct state_irqs head = {
		.level = cpu_to_le32(irqs->level),
		.risen = cpu_to_le32(irqs->risen),
		.nr_vectors = cpu_to_le16(softpci_nr_vectors(model)),
		.nr_entries = cpu_to_le16(model->msix.nr),
	};
	unsigned int i;

	lockdep_assert_held(&dev->lock);
	memcpy(to, &head, sizeof(head));
	to += sizeof(head);
	for (i = 0; i < softpci_nr_vectors(model); i += 64) {
		unsigned int bit;
		u64 due = 0;

		for (bit = i; bit < min(softpci_nr_vectors(model), i + 64); bit++)
			if (test_bit(bit, irqs->pulsed))
				due |= BIT_ULL(bit - i);
		set32(to, 0, due);
		set32(to, 4, due >> 32);
		to += sizeof(due);
	}
	for (i = 0; i < model->msix.nr; i++) {
		const struct softpci_msix_entry *from = &irqs->table[i];
		struct state_msix_entry entry = {
			.address_lo = cpu_to_le32(from->address_lo),
			.address_hi = cpu_to_le32(from->address_hi),
			.data = cpu_to_le32(from->data),
			.control = cpu_to_le32(from->control),
		};

		memcpy(to, &entry, sizeof(entry));
		to += sizeof(entry);
	}
}

/**
 * softpci_irqs_are_valid() - can the interrupts of a model be as they are saved
 * @model: the model
 * @from: softpci_irqs_size() bytes
 *
 * Return: false if there is another number of vectors, or a bit that cannot be set.
 */
bool softpci_irqs_are_valid(const struct softpci_model *model, const u8 *from)
{
	unsigned int nr = softpci_nr_vectors(model), i;
	struct state_msix_entry entry;
	struct state_irqs head;

	memcpy(&head, from, sizeof(head));
	if (le16_to_cpu(head.nr_vectors) != nr ||
	    le16_to_cpu(head.nr_entries) != model->msix.nr ||
	    (nr < 32 && le32_to_cpu(head.risen) >> nr) ||
	    (!model->pin && head.level))
		return false;
	from += sizeof(head);

	for (i = 0; i < nr; i += 64, from += sizeof(u64)) {
		u64 due = get32(from, 0) | (u64)get32(from, 4) << 32;

		if (nr - i < 64 && due >> (nr - i))
			return false;
	}
	for (i = 0; i < model->msix.nr; i++, from += sizeof(entry)) {
		memcpy(&entry, from, sizeof(entry));
		/* The bits that no write can set: see msix.c. */
		if (le32_to_cpu(entry.address_lo) & 3 ||
		    le32_to_cpu(entry.control) & ~PCI_MSIX_ENTRY_CTRL_MASKBIT)
			return false;
	}
	return true;
}

/**
 * softpci_irqs_load() - set the interrupts of a device
 * @dev: the device, lock held
 * @from: softpci_irqs_size() valid bytes
 */
void softpci_irqs_load(struct softpci_device *dev, const u8 *from)
{
	unsigned int nr = softpci_nr_vectors(dev->model), i;
	struct softpci_irqs *irqs = &dev->irqs;
	struct state_msix_entry entry;
	struct state_irqs head;

	lockdep_assert_held(&dev->lock);
	memcpy(&head, from, sizeof(head));
	irqs->level = le32_to_cpu(head.level);
	irqs->risen = le32_to_cpu(head.risen);
	irqs->changes++;
	irqs->nr_pulsed = 0;
	from += sizeof(head);

	for (i = 0; i < nr; i++) {
		bool due = from[i / BITS_PER_BYTE] & BIT(i % BITS_PER_BYTE);

		__assign_bit(i, irqs->pulsed, due);
		irqs->nr_pulsed += due;
	}
	from += DIV_ROUND_UP(nr, 64) * sizeof(u64);

	for (i = 0; i < dev->model->msix.nr; i++, from += sizeof(entry)) {
		memcpy(&entry, from, sizeof(entry));
		irqs->table[i] = (struct softpci_msix_entry) {
			.address_lo = le32_to_cpu(entry.address_lo),
			.address_hi = le32_to_cpu(entry.address_hi),
			.data = le32_to_cpu(entry.data),
			.control = le32_to_cpu(entry.control),
		};
	}
}
