// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space: bytes, and for each bit whether a write changes it.
 *
 * Nothing here compares a BAR with 0xffffffff: address bits below the size of
 * a BAR are not writable, and sizing follows (PCI Local Bus 3.0, 6.2.5.1).
 */
#include <linux/bitfield.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/string.h>

#include "internal.h"

#define PM_CAP_LEN	(PCI_PM_SIZEOF - PCI_CAP_FLAGS)
#define MSI_CAP_LEN	(PCI_MSI_PENDING_64 + 4 - PCI_CAP_FLAGS)

/**
 * softpci_add_cap() - put a capability at the end of the chain
 * @spdev: the device; only from its driver's init callback
 * @id: capability id (PCI_CAP_ID_*)
 * @body: what follows the two bytes of id and next pointer
 * @writable: a mask of the bits in @body that a guest can write; NULL: none
 * @len: length of @body in bytes
 *
 * The first one lies at 40h, each later one at the next multiple of four
 * (PCI Local Bus 3.0, 6.7).
 *
 * Return: 0, or -ENOSPC if config space has no room left.
 */
int softpci_add_cap(struct softpci_device *spdev, u8 id, const void *body,
		    const void *writable, size_t len)
{
	struct softpci_config *cfg = &spdev->config;
	unsigned int pos = ALIGN(cfg->end, 4);

	if (pos + PCI_CAP_FLAGS + len > SOFTPCI_CONFIG_SIZE)
		return -ENOSPC;

	if (cfg->last_cap)
		cfg->val[cfg->last_cap + PCI_CAP_LIST_NEXT] = pos;
	else
		cfg->val[PCI_CAPABILITY_LIST] = pos;
	cfg->val[pos + PCI_CAP_LIST_ID] = id;
	memcpy(&cfg->val[pos + PCI_CAP_FLAGS], body, len);
	if (writable)
		memcpy(&cfg->writable[pos + PCI_CAP_FLAGS], writable, len);

	cfg->last_cap = pos;
	cfg->end = pos + PCI_CAP_FLAGS + len;
	return 0;
}
EXPORT_SYMBOL_GPL(softpci_add_cap);

/* PCI Bus Power Management 1.2, 3.2: D0 and D3hot, state kept across D3hot. */
static int add_pm_cap(struct softpci_device *spdev)
{
	u8 body[PM_CAP_LEN] = {}, writable[PM_CAP_LEN] = {};

	set16(body, 0, 3 /* version 1.2 */);
	set16(body, PCI_PM_CTRL - PCI_CAP_FLAGS, PCI_PM_CTRL_NO_SOFT_RESET);
	set16(writable, PCI_PM_CTRL - PCI_CAP_FLAGS, PCI_PM_CTRL_STATE_MASK);

	spdev->config.pm = ALIGN(spdev->config.end, 4);
	return softpci_add_cap(spdev, PCI_CAP_ID_PM, body, writable,
				PM_CAP_LEN);
}

/* PCI Local Bus 3.0, 6.8.1: 64-bit addresses, per-vector masking. */
static int add_msi_cap(struct softpci_device *spdev)
{
	u8 body[MSI_CAP_LEN] = {}, writable[MSI_CAP_LEN] = {};
	unsigned int nr = spdev->type->model->nr_msi;

	set16(body, 0, PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_MASKBIT |
	      FIELD_PREP(PCI_MSI_FLAGS_QMASK, ilog2(nr)));
	set16(writable, 0, PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
	set32(writable, PCI_MSI_ADDRESS_LO - PCI_CAP_FLAGS, ~3);
	set32(writable, PCI_MSI_ADDRESS_HI - PCI_CAP_FLAGS, ~0);
	set16(writable, PCI_MSI_DATA_64 - PCI_CAP_FLAGS, ~0);
	set32(writable, PCI_MSI_MASK_64 - PCI_CAP_FLAGS, GENMASK(nr - 1, 0));

	spdev->config.msi = ALIGN(spdev->config.end, 4);
	return softpci_add_cap(spdev, PCI_CAP_ID_MSI, body, writable,
				MSI_CAP_LEN);
}

static void add_bar(struct softpci_config *cfg, unsigned int bar, u32 flags,
		    u32 size)
{
	unsigned int pos = PCI_BASE_ADDRESS_0 + bar * 4;

	set32(cfg->val, pos, flags);
	set32(cfg->writable, pos, ~(size - 1));
	if (flags & PCI_BASE_ADDRESS_SPACE_IO)
		cfg->io_bars |= BIT(bar);
	else
		cfg->memory_bars |= BIT(bar);
}

/* To be called when COMMAND or the power state may have changed. */
static void update_absent(struct softpci_device *spdev)
{
	struct softpci_config *cfg = &spdev->config;
	u8 absent = 0;

	if (!(cfg->val[PCI_COMMAND] & PCI_COMMAND_IO) || in_d3hot(spdev))
		absent |= cfg->io_bars;
	if (!(cfg->val[PCI_COMMAND] & PCI_COMMAND_MEMORY) || in_d3hot(spdev))
		absent |= cfg->memory_bars;
	/* Read without the lock before an access to a BAR that is memory. */
	WRITE_ONCE(cfg->absent, absent);
}

/**
 * softpci_config_init() - the header of a new device
 * @spdev: a device with its windows laid out
 *
 * The BARs are enabled, and Bus Master is not: so a user of vfio-pci finds a
 * device that it opens. The capabilities are added by the driver and by
 * softpci_config_seal().
 */
void softpci_config_init(struct softpci_device *spdev)
{
	const struct softpci_model *model = spdev->type->model;
	struct softpci_config *cfg = &spdev->config;
	unsigned int i;

	set16(cfg->val, PCI_VENDOR_ID, model->vendor);
	set16(cfg->val, PCI_DEVICE_ID, model->device);
	set16(cfg->val, PCI_SUBSYSTEM_VENDOR_ID, model->subsystem_vendor);
	set16(cfg->val, PCI_SUBSYSTEM_ID, model->subsystem_device);
	set32(cfg->val, PCI_CLASS_REVISION, model->class << 8 | model->revision);
	set16(cfg->val, PCI_STATUS, PCI_STATUS_CAP_LIST);
	cfg->val[PCI_INTERRUPT_PIN] = model->pin;

	set16(cfg->writable, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
	      PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	set16(cfg->w1c, PCI_STATUS, PCI_STATUS_PARITY |
	      PCI_STATUS_SIG_TARGET_ABORT | PCI_STATUS_REC_TARGET_ABORT |
	      PCI_STATUS_REC_MASTER_ABORT | PCI_STATUS_SIG_SYSTEM_ERROR |
	      PCI_STATUS_DETECTED_PARITY);
	cfg->writable[PCI_INTERRUPT_LINE] = 0xff;

	for (i = 0; i < spdev->nr_windows; i++) {
		const struct softpci_window *win = &spdev->window[i];

		if (win->region->index <= VFIO_PCI_BAR5_REGION_INDEX)
			add_bar(cfg, win->region->index, win->region->bar,
				win->size);
	}

	if (cfg->io_bars)
		cfg->val[PCI_COMMAND] |= PCI_COMMAND_IO;
	if (cfg->memory_bars)
		cfg->val[PCI_COMMAND] |= PCI_COMMAND_MEMORY;

	cfg->end = PCI_STD_HEADER_SIZEOF;
}

/**
 * softpci_config_seal() - the last capabilities; remember the power-on state
 * @spdev: a device whose driver has added its own
 *
 * Return: 0, or -ENOSPC if config space has no room left.
 */
int softpci_config_seal(struct softpci_device *spdev)
{
	struct softpci_config *cfg = &spdev->config;
	int ret;

	ret = add_pm_cap(spdev);
	if (!ret && spdev->type->model->nr_msi)
		ret = add_msi_cap(spdev);
	if (!ret)
		memcpy(cfg->power_on, cfg->val, sizeof(cfg->val));
	return ret;
}

/**
 * softpci_config_power_on() - put all of config space to its state at power-on
 * @spdev: the device, lock held
 */
void softpci_config_power_on(struct softpci_device *spdev)
{
	struct softpci_config *cfg = &spdev->config;

	lockdep_assert_held(&spdev->lock);
	memcpy(cfg->val, cfg->power_on, sizeof(cfg->val));
	update_absent(spdev);
}

static void restore(struct softpci_config *cfg, const u8 *saved,
		    unsigned int start, unsigned int end)
{
	memcpy(cfg->val + start, saved + start, end - start);
}

/**
 * softpci_config_reset() - what VFIO_DEVICE_RESET does to config space
 * @spdev: the device, lock held
 *
 * The PCI core saves and restores the header and MSI around a reset by
 * vfio-pci, and users depend on it: DPDK sets Bus Master and then resets. Mask
 * bits are cleared: those that the PCI core restores are its own, and a user of
 * vfio-pci sets others behind its back.
 */
void softpci_config_reset(struct softpci_device *spdev)
{
	struct softpci_config *cfg = &spdev->config;
	u8 saved[SOFTPCI_CONFIG_SIZE];

	lockdep_assert_held(&spdev->lock);
	memcpy(saved, cfg->val, sizeof(saved));
	softpci_config_power_on(spdev);

	restore(cfg, saved, PCI_COMMAND, PCI_STATUS);
	restore(cfg, saved, PCI_BASE_ADDRESS_0, PCI_CARDBUS_CIS);
	restore(cfg, saved, PCI_INTERRUPT_LINE, PCI_INTERRUPT_PIN);
	if (cfg->msi)
		restore(cfg, saved, cfg->msi + PCI_MSI_FLAGS,
			cfg->msi + PCI_MSI_MASK_64);
	update_absent(spdev);
}

/**
 * softpci_config_read() - read from config space
 * @spdev: the device, lock held
 * @pos: first byte
 * @buf: where to
 * @len: how many; the caller has checked that they are there
 */
void softpci_config_read(struct softpci_device *spdev, unsigned int pos,
			 u8 *buf, size_t len)
{
	lockdep_assert_held(&spdev->lock);
	/* Mostly one to four bytes: less than a call of memcpy() takes. */
	while (len--)
		*buf++ = spdev->config.val[pos++];
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
 * softpci_config_write() - write to config space
 * @spdev: the device, lock held
 * @pos: first byte
 * @buf: where from
 * @len: how many; the caller has checked that they are there
 */
void softpci_config_write(struct softpci_device *spdev, unsigned int pos,
			  const u8 *buf, size_t len)
{
	struct softpci_config *cfg = &spdev->config;
	unsigned int pmcsr = cfg->pm + PCI_PM_CTRL;
	u8 power = cfg->val[pmcsr];
	size_t i;

	lockdep_assert_held(&spdev->lock);
	for (i = 0; i < len; i++) {
		u8 mask = cfg->writable[pos + i];
		u8 *val = &cfg->val[pos + i];

		*val = (*val & ~mask) | (buf[i] & mask);
		*val &= ~(buf[i] & cfg->w1c[pos + i]);
	}

	/* A write of a power state that is not supported, is to be discarded. */
	switch (cfg->val[pmcsr] & PCI_PM_CTRL_STATE_MASK) {
	case 1: /* D1 */
	case 2: /* D2 */
		cfg->val[pmcsr] = power;
	}

	if (cfg->msi)
		bound_messages(&cfg->val[cfg->msi + PCI_MSI_FLAGS]);
	update_absent(spdev);
	/* What holds interrupts back may have changed. */
	softpci_irq_update(spdev);
}

/* Here, as the tests call what is static above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/config.c"
#endif
