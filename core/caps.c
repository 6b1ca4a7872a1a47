// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space of a model: its bytes at power-on, and for each bit whether a
 * write changes it, clears it, or neither.
 *
 * Nothing compares a BAR with 0xffffffff: address bits below the size of a BAR
 * are not writable, and sizing follows (PCI Local Bus 3.0, 6.2.5.1).
 */
#include <linux/align.h>
#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

#define PM_LEN		(PCI_PM_SIZEOF - PCI_CAP_FLAGS)
#define MSI_LEN		(PCI_MSI_PENDING_64 + 4 - PCI_CAP_FLAGS)
#define MSIX_LEN	(PCI_CAP_MSIX_SIZEOF - PCI_CAP_FLAGS)
/* With all of the second version's registers, those of slots among them. */
#define PCIE_SIZE	(PCI_EXP_SLTSTA2 + 2)
#define PCIE_LEN	(PCIE_SIZE - PCI_CAP_FLAGS)

#define EXT_CAP_HEADER	4
/* PCI Express Base 3.0, 7.9.3: version and next pointer in the header. */
#define EXT_CAP_VERSION_SHIFT	16
#define EXT_CAP_NEXT_SHIFT	20

/**
 * struct chain - the capabilities so far
 * @layout: the layout that they are added to
 * @last: where the last one lies, 0: there is none
 * @end: the first byte behind it
 */
struct chain {
	struct softpci_layout *layout;
	unsigned int last;
	unsigned int end;
};

/*
 * PCI Local Bus 3.0, 6.7: the first capability lies at 40h, each later one at
 * the next multiple of four. Returns where, or -ENOSPC.
 */
static int add_cap(struct chain *chain, u8 id, const void *body,
		   const void *writable, size_t len)
{
	struct softpci_layout *layout = chain->layout;
	unsigned int pos = ALIGN(chain->end, 4);
	u8 *val = layout->power_on;

	if (pos + PCI_CAP_FLAGS + len > PCI_CFG_SPACE_SIZE)
		return -ENOSPC;

	if (chain->last)
		val[chain->last + PCI_CAP_LIST_NEXT] = pos;
	else
		val[PCI_CAPABILITY_LIST] = pos;
	val[pos + PCI_CAP_LIST_ID] = id;
	memcpy(&val[pos + PCI_CAP_FLAGS], body, len);
	if (writable)
		memcpy(&layout->writable[pos + PCI_CAP_FLAGS], writable, len);

	chain->last = pos;
	chain->end = pos + PCI_CAP_FLAGS + len;
	return pos;
}

/* PCI Bus Power Management 1.2, 3.2: D0 and D3hot, state kept across D3hot. */
static int add_pm(struct chain *chain)
{
	u8 body[PM_LEN] = {}, writable[PM_LEN] = {};
	int pos;

	set16(body, 0, 3 /* version 1.2 */);
	set16(body, PCI_PM_CTRL - PCI_CAP_FLAGS, PCI_PM_CTRL_NO_SOFT_RESET);
	set16(writable, PCI_PM_CTRL - PCI_CAP_FLAGS, PCI_PM_CTRL_STATE_MASK);

	pos = add_cap(chain, PCI_CAP_ID_PM, body, writable, PM_LEN);
	if (pos > 0)
		chain->layout->pm = pos;
	return pos;
}

/* PCI Local Bus 3.0, 6.8.1: 64-bit addresses, per-vector masking. */
static int add_msi(struct chain *chain)
{
	unsigned int nr = chain->layout->model->nr_msi;
	u8 body[MSI_LEN] = {}, writable[MSI_LEN] = {};
	int pos;

	if (!nr)
		return 0;

	set16(body, 0, PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_MASKBIT |
	      FIELD_PREP(PCI_MSI_FLAGS_QMASK, ilog2(nr)));
	set16(writable, 0, PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
	set32(writable, PCI_MSI_ADDRESS_LO - PCI_CAP_FLAGS, ~3);
	set32(writable, PCI_MSI_ADDRESS_HI - PCI_CAP_FLAGS, ~0);
	set16(writable, PCI_MSI_DATA_64 - PCI_CAP_FLAGS, ~0);
	set32(writable, PCI_MSI_MASK_64 - PCI_CAP_FLAGS, GENMASK(nr - 1, 0));

	pos = add_cap(chain, PCI_CAP_ID_MSI, body, writable, MSI_LEN);
	if (pos > 0)
		chain->layout->msi = pos;
	return pos;
}

/* PCI Local Bus 3.0, 6.8.2: table and PBA by BAR and offset. */
static int add_msix(struct chain *chain)
{
	const struct softpci_msix *msix = &chain->layout->model->msix;
	u8 body[MSIX_LEN] = {}, writable[MSIX_LEN] = {};
	int pos;

	if (!msix->nr)
		return 0;

	set16(body, 0, msix->nr - 1);
	set32(body, PCI_MSIX_TABLE - PCI_CAP_FLAGS, msix->table | msix->bar);
	set32(body, PCI_MSIX_PBA - PCI_CAP_FLAGS, msix->pba | msix->bar);
	set16(writable, 0, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);

	pos = add_cap(chain, PCI_CAP_ID_MSIX, body, writable, MSIX_LEN);
	if (pos > 0)
		chain->layout->msix = pos;
	return pos;
}

/*
 * PCI Express Base 3.0, 7.8: an endpoint with Function Level Reset on a link of
 * one lane at 2.5 GT/s. It hardwires what such a function may hardwire: a payload
 * of 128 bytes, no extended tags, no ASPM, the target link speed. Initiate
 * Function Level Reset reads 0, so that it is not among the writable bits: see
 * config.c.
 */
static int add_pcie(struct chain *chain)
{
	struct softpci_layout *layout = chain->layout;
	u8 val[PCIE_SIZE] = {}, writable[PCIE_SIZE] = {};
	int pos;

	if (!layout->model->pcie)
		return 0;

	set16(val, PCI_EXP_FLAGS, 2 /* version */ |
	      FIELD_PREP(PCI_EXP_FLAGS_TYPE, PCI_EXP_TYPE_ENDPOINT));
	set32(val, PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR);
	set16(val, PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_RELAX_EN |
	      PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ_512B);
	set16(writable, PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_CERE |
	      PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE |
	      PCI_EXP_DEVCTL_URRE | PCI_EXP_DEVCTL_RELAX_EN |
	      PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ);
	set32(val, PCI_EXP_LNKCAP, PCI_EXP_LNKCAP_SLS_2_5GB |
	      FIELD_PREP(PCI_EXP_LNKCAP_MLW, 1));
	set16(writable, PCI_EXP_LNKCTL, PCI_EXP_LNKCTL_RCB |
	      PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES);
	set16(val, PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_CLS_2_5GB |
	      PCI_EXP_LNKSTA_NLW_X1 | PCI_EXP_LNKSTA_SLC);
	set32(val, PCI_EXP_DEVCAP2, PCI_EXP_DEVCAP2_COMP_TMOUT_DIS);
	set16(writable, PCI_EXP_DEVCTL2, PCI_EXP_DEVCTL2_COMP_TMOUT_DIS);
	set32(val, PCI_EXP_LNKCAP2, PCI_EXP_LNKCAP2_SLS_2_5GB);

	pos = add_cap(chain, PCI_CAP_ID_EXP, val + PCI_CAP_FLAGS,
		      writable + PCI_CAP_FLAGS, PCIE_LEN);
	if (pos < 0)
		return pos;
	layout->pcie = pos;
	set16(layout->w1c, pos + PCI_EXP_DEVSTA, PCI_EXP_DEVSTA_CED |
	      PCI_EXP_DEVSTA_NFED | PCI_EXP_DEVSTA_FED | PCI_EXP_DEVSTA_URD);
	return pos;
}

static int add_caps(struct softpci_layout *layout)
{
	const struct softpci_model *model = layout->model;
	struct chain chain = {
		.layout = layout,
		.end = PCI_STD_HEADER_SIZEOF,
	};
	unsigned int i;
	int ret = 0;

	for (i = 0; i < model->nr_caps && ret >= 0; i++)
		ret = add_cap(&chain, model->caps[i].id, model->caps[i].body,
			      model->caps[i].writable, model->caps[i].len);
	if (ret >= 0)
		ret = add_pm(&chain);
	if (ret >= 0)
		ret = add_msi(&chain);
	if (ret >= 0)
		ret = add_msix(&chain);
	if (ret >= 0)
		ret = add_pcie(&chain);
	return min(ret, 0);
}

/* PCI Express Base 3.0, 7.9: a chain of its own, the first one at 100h. */
static int add_ext_caps(struct softpci_layout *layout)
{
	const struct softpci_model *model = layout->model;
	unsigned int pos = PCI_CFG_SPACE_SIZE, i;

	for (i = 0; i < model->nr_ext_caps; i++) {
		const struct softpci_cap *cap = &model->ext_caps[i];
		unsigned int next = ALIGN(pos + EXT_CAP_HEADER + cap->len, 4);

		if (next > PCI_CFG_SPACE_EXP_SIZE)
			return -ENOSPC;
		memcpy(layout->power_on + pos + EXT_CAP_HEADER, cap->body,
		       cap->len);
		if (cap->writable)
			memcpy(layout->writable + pos + EXT_CAP_HEADER,
			       cap->writable, cap->len);
		set32(layout->power_on, pos, cap->id |
		      cap->version << EXT_CAP_VERSION_SHIFT |
		      (i + 1 < model->nr_ext_caps ?
		       next << EXT_CAP_NEXT_SHIFT : 0));
		pos = next;
	}
	return 0;
}

static void add_bar(struct softpci_layout *layout,
		    const struct softpci_region *region)
{
	unsigned int pos = PCI_BASE_ADDRESS_0 + region->index * 4;
	u64 address = ~(region->size - 1);

	set32(layout->power_on, pos, region->bar);
	set32(layout->writable, pos, address);
	if (softpci_is_bar_64(region))
		set32(layout->writable, pos + 4, address >> 32);
}

/*
 * The BARs are enabled, and Bus Master is not: so a user of vfio-pci finds a
 * device that it opens.
 */
static void add_header(struct softpci_layout *layout)
{
	const struct softpci_model *model = layout->model;
	u8 *val = layout->power_on;
	unsigned int i;

	set16(val, PCI_VENDOR_ID, model->vendor);
	set16(val, PCI_DEVICE_ID, model->device);
	set16(val, PCI_SUBSYSTEM_VENDOR_ID, model->subsystem_vendor);
	set16(val, PCI_SUBSYSTEM_ID, model->subsystem_device);
	set32(val, PCI_CLASS_REVISION, model->class << 8 | model->revision);
	set16(val, PCI_COMMAND,
	      (layout->io_bars ? PCI_COMMAND_IO : 0) |
	      (layout->memory_bars ? PCI_COMMAND_MEMORY : 0));
	set16(val, PCI_STATUS, PCI_STATUS_CAP_LIST);
	val[PCI_INTERRUPT_PIN] = model->pin;

	set16(layout->writable, PCI_COMMAND,
	      PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
	      PCI_COMMAND_INTX_DISABLE);
	set16(layout->w1c, PCI_STATUS, PCI_STATUS_PARITY |
	      PCI_STATUS_SIG_TARGET_ABORT | PCI_STATUS_REC_TARGET_ABORT |
	      PCI_STATUS_REC_MASTER_ABORT | PCI_STATUS_SIG_SYSTEM_ERROR |
	      PCI_STATUS_DETECTED_PARITY);
	layout->writable[PCI_INTERRUPT_LINE] = 0xff;

	for (i = 0; i < layout->nr_windows; i++)
		if (layout->window[i].bar)
			add_bar(layout, layout->window[i].region);
}

/**
 * softpci_caps_init() - build the tables of config space
 * @layout: a layout with its model, windows and config_size; what this
 *	    allocates is released with it, also after an error
 *
 * Return: 0, -ENOSPC if config space has no room for the capabilities, or
 * -ENOMEM.
 */
int softpci_caps_init(struct softpci_layout *layout)
{
	int ret;

	layout->power_on = kzalloc(layout->config_size, GFP_KERNEL);
	layout->writable = kzalloc(layout->config_size, GFP_KERNEL);
	layout->w1c = kzalloc(layout->config_size, GFP_KERNEL);
	if (!layout->power_on || !layout->writable || !layout->w1c)
		return -ENOMEM;

	add_header(layout);
	ret = add_caps(layout);
	return ret ?: add_ext_caps(layout);
}

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/caps.c"
#endif
