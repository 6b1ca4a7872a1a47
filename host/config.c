// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space of a function, as the PCI core accesses it: in any context.
 *
 * The model has a config space of its own, which is of no use here, as accesses to it
 * take a lock that is held while registers are handled.  This one has the same
 * tables.  DMA and messages look at COMMAND and the power state here; the model is
 * told that it may do all (function.c).
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

/*
 * Nothing has enabled its BARs. A virtual function has none in its header, nor ids,
 * so that only its physical function's driver finds it (SR-IOV 1.1, 3.4.1).
 */
static void power_on_header(struct softpci_function *fn)
{
	set16(fn->config, PCI_COMMAND, 0);
	if (!fn->pf)
		return;
	set16(fn->config, PCI_VENDOR_ID, 0xffff);
	set16(fn->config, PCI_DEVICE_ID, 0xffff);
	memset(fn->config + PCI_BASE_ADDRESS_0, 0, 4 * SOFTPCI_NUM_BARS);
}

/*
 * The BARs have their addresses, as those that a firmware has set up. They keep them in a
 * reset: the PCI core does not restore those of virtual functions, which it must not move
 * (bus.c), and it can find a function anew of which nothing was restored.
 */
static void set_bars(struct softpci_function *fn)
{
	unsigned int i;

	for (i = 0; !fn->pf && i < SOFTPCI_NUM_BARS; i++)
		softpci_bars_show(&fn->bar[i], fn->config,
				  PCI_BASE_ADDRESS_0 + i * 4);
}

/* PCI Local Bus 3.0, 6.2.1: in Header Type. */
#define MULTI_FUNCTION	0x80

/**
 * softpci_function_config_init() - config space of a new function
 * @fn: the function, with its layout and BARs
 *
 * Return: 0 or -ENOMEM.
 */
int softpci_function_config_init(struct softpci_function *fn)
{
	raw_spin_lock_init(&fn->config_lock);
	fn->config = kmemdup(fn->layout->power_on, fn->layout->config_size,
			     GFP_KERNEL);
	if (!fn->config)
		return -ENOMEM;
	power_on_header(fn);
	set_bars(fn);
	return 0;
}

/**
 * softpci_function_config_exit() - undo softpci_function_config_init()
 * @fn: the function
 */
void softpci_function_config_exit(struct softpci_function *fn)
{
	kfree(fn->config);
}

/**
 * softpci_function_command() - the COMMAND register
 * @fn: the function
 *
 * Context: any.
 * Return: its value.
 */
u16 softpci_function_command(const struct softpci_function *fn)
{
	return READ_ONCE(fn->config[PCI_COMMAND]) |
	       READ_ONCE(fn->config[PCI_COMMAND + 1]) << 8;
}

/* A function that is in a reset, was pulled out or not enabled answers nothing. */
static bool is_absent(const struct softpci_function *fn)
{
	return READ_ONCE(fn->state) || (fn->pf && !softpci_sriov_enabled(fn));
}

/**
 * softpci_function_in_d0() - is a function powered
 * @fn: the function
 *
 * Context: any.
 * Return: whether it is in D0, and there at all.
 */
bool softpci_function_in_d0(const struct softpci_function *fn)
{
	return !(READ_ONCE(fn->config[fn->layout->pm + PCI_PM_CTRL]) &
		 PCI_PM_CTRL_STATE_MASK) && !is_absent(fn);
}

static bool touches(int pos, int size, int start, int len)
{
	return pos < start + len && pos + size > start;
}

/* Bits that are computed when they are read. */
static void read_computed(struct softpci_function *fn, int pos, int size,
			  u8 *bytes)
{
	int i;

	if (touches(pos, size, PCI_HEADER_TYPE, 1) && !PCI_FUNC(fn->devfn) &&
	    softpci_bus_has_siblings(fn->devfn))
		bytes[PCI_HEADER_TYPE - pos] |= MULTI_FUNCTION;

	/* PCI Local Bus 3.0, 6.8.1.5: the messages that are due. */
	for (i = 0; fn->layout->msi && i < 4; i++) {
		int at = fn->layout->msi + PCI_MSI_PENDING_64 + i;

		if (touches(pos, size, at, 1))
			bytes[at - pos] = READ_ONCE(*fn->pending) >> i * 8;
	}
}

/**
 * softpci_function_config_read() - read from config space
 * @fn: the function
 * @pos: the first byte, a multiple of @size
 * @size: 1, 2 or 4
 *
 * Context: any.
 * Return: the value; all ones where there is nothing.
 */
u32 softpci_function_config_read(struct softpci_function *fn, int pos, int size)
{
	u8 bytes[4] = {};

	if (is_absent(fn) || pos + size > fn->layout->config_size)
		return ~0u;
	scoped_guard(raw_spinlock_irqsave, &fn->config_lock)
		memcpy(bytes, fn->config + pos, size);
	read_computed(fn, pos, size, bytes);
	return get32(bytes, 0);
}

/* Does a write decide on whether a function may do anything, or send messages? */
static bool is_control(const struct softpci_layout *layout, int pos, int size)
{
	return touches(pos, size, PCI_COMMAND, 2) ||
	       touches(pos, size, layout->pm + PCI_PM_CTRL, 1) ||
	       (layout->msi &&
		touches(pos, size, layout->msi, PCI_MSI_PENDING_64)) ||
	       (layout->msix &&
		touches(pos, size, layout->msix, PCI_MSIX_TABLE));
}

static void tell_written(struct softpci_function *fn)
{
	WRITE_ONCE(fn->config_written, true);
	softpci_poll_wake();
}

/**
 * softpci_function_config_write() - write to config space
 * @fn: the function
 * @pos: the first byte, a multiple of @size
 * @size: 1, 2 or 4
 * @val: the value
 *
 * A Function Level Reset begins here and ends some time later, within the 100 ms
 * that software waits for it (PCI Express Base 3.0, 6.6.2).
 *
 * Context: any.
 */
void softpci_function_config_write(struct softpci_function *fn, int pos,
				   int size, u32 val)
{
	bool had_vfs, has_vfs;
	u8 bytes[4];

	/* SR-IOV 1.1, 3.4.1: of the header's registers, a virtual function has one. */
	if (fn->pf && pos < PCI_STD_HEADER_SIZEOF) {
		if (pos != PCI_COMMAND)
			return;
		val &= PCI_COMMAND_MASTER;
	}
	if (is_absent(fn) || pos + size > fn->layout->config_size)
		return;
	set32(bytes, 0, val);
	scoped_guard(raw_spinlock_irqsave, &fn->config_lock) {
		had_vfs = softpci_sriov_has_vfs(fn);
		softpci_config_merge(fn->layout, fn->config, pos, bytes, size);
		has_vfs = softpci_sriov_has_vfs(fn);
	}
	if (had_vfs && !has_vfs)
		softpci_sriov_reset(fn);
	if (is_control(fn->layout, pos, size))
		tell_written(fn);
	if (softpci_config_is_flr(fn->layout, pos, bytes, size))
		softpci_function_start_flr(fn);
}

/* PCI Express Base 3.0, 6.6.2: these belong to the link, which is not reset. */
#define LINK_BITS	(PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES)

static void power_on_locked(struct softpci_function *fn)
{
	const struct softpci_layout *layout = fn->layout;
	unsigned int lnkctl = layout->pcie + PCI_EXP_LNKCTL;
	u16 link = get16(fn->config, lnkctl) & LINK_BITS;

	lockdep_assert_held(&fn->config_lock);
	memcpy(fn->config, layout->power_on, layout->config_size);
	power_on_header(fn);
	set_bars(fn);
	if (layout->pcie)
		set16(fn->config, lnkctl,
		      (get16(fn->config, lnkctl) & ~LINK_BITS) | link);
	if (fn->sriov)
		softpci_sriov_set_up(fn);
}

/**
 * softpci_function_config_reset() - config space after a Function Level Reset
 * @fn: the function, in the reset
 *
 * Software has saved what it needs of it (PCI Express Base 3.0, 6.6.2).
 */
void softpci_function_config_reset(struct softpci_function *fn)
{
	bool had_vfs;

	scoped_guard(raw_spinlock_irqsave, &fn->config_lock) {
		had_vfs = softpci_sriov_has_vfs(fn);
		power_on_locked(fn);
	}
	if (had_vfs)
		softpci_sriov_reset(fn);
	tell_written(fn);
}
