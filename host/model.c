// SPDX-License-Identifier: GPL-2.0-only
/*
 * Models of functions: those without registers, made to order, and those that have a
 * name.
 *
 * A model that is made to order has ids, BARs that are plain memory, and MSI or
 * MSI-X.  A driver in user space finds in it all that VFIO shows of a device, and
 * nothing that acts.
 */
#include <linux/align.h>
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../parts/ioat.h"
#include "internal.h"

/* BARs are mapped by their users: whole pages. */
#define MIN_BAR		SZ_4K
/* PCI Local Bus 3.0, 6.2.5.1: sizing needs a bit that can be written. */
#define MAX_BAR_32	SZ_2G
/* Addresses have 52 bits at most. Those of 255 virtual functions add up to less than 64. */
#define MAX_BAR_64	BIT_ULL(50)

/**
 * struct made_model - a model that was made to order
 * @model: the model
 * @regions: its BARs
 */
struct made_model {
	struct softpci_model model;
	struct softpci_region regions[SOFTPCI_NUM_BARS];
};

static const struct softpci_ops no_ops;

const struct softpci_named_model softpci_models[] = {
	{ .name = "plain" },
	{ .name = "ioat", .model = &softpci_ioat_polled_model },
	{}
};

/**
 * softpci_model_find() - look up a model by its name
 * @name: the name; a newline at its end is ignored
 *
 * Return: the model, or NULL.
 */
const struct softpci_named_model *softpci_model_find(const char *name)
{
	const struct softpci_named_model *named;

	for (named = softpci_models; named->name; named++)
		if (sysfs_streq(name, named->name))
			return named;
	return NULL;
}

static bool is_64(const struct softpci_function_desc *desc, unsigned int bar)
{
	return desc->bar_flags[bar] & PCI_BASE_ADDRESS_MEM_TYPE_64;
}

/* The functions below return text that names the fault, or NULL. */
static const char *bar_fault(const struct softpci_function_desc *desc,
			     unsigned int bar)
{
	u64 size = desc->bar_size[bar];

	if (!size)
		return NULL;
	if (desc->bar_flags[bar] & ~(PCI_BASE_ADDRESS_MEM_TYPE_64 |
				     PCI_BASE_ADDRESS_MEM_PREFETCH))
		return "a BAR is memory";
	if (!is_power_of_2(size) || size < MIN_BAR)
		return "the size of a BAR is a power of two from 4K on";
	if (!is_64(desc, bar))
		return size > MAX_BAR_32 ?
		       "a BAR of more than 2G has 64 bits" : NULL;
	if (size > MAX_BAR_64)
		return "a BAR has 1P at most";
	if (bar + 1 == SOFTPCI_NUM_BARS)
		return "the last BAR cannot have 64 bits";
	if (desc->bar_size[bar + 1])
		return "a BAR of 64 bits takes the next one as well";
	return NULL;
}

/* Ids that the PCI core takes for a function that is not there, or not yet ready. */
static const char *ids_fault(const struct softpci_function_desc *desc)
{
	u32 class = desc->class >> 8;

	if (!desc->vendor || desc->vendor == PCI_VENDOR_ID_PCI_SIG ||
	    desc->vendor == 0xffff)
		return "no function has this vendor id";
	if (desc->class > 0xffffff)
		return "a class has 24 bits";
	if (class == PCI_CLASS_BRIDGE_PCI || class == PCI_CLASS_BRIDGE_CARDBUS)
		return "a bridge has another header";
	/* Their registers are those of the machine, at fixed addresses. */
	if (class == PCI_CLASS_STORAGE_IDE && (desc->class & 5) != 5)
		return "IDE in native mode only";
	return NULL;
}

static const char *desc_fault(const struct softpci_function_desc *desc)
{
	const char *fault = ids_fault(desc);
	unsigned int i;

	for (i = 0; i < SOFTPCI_NUM_BARS && !fault; i++)
		fault = bar_fault(desc, i);
	if (fault)
		return fault;
	if (desc->nr_msi && (!is_power_of_2(desc->nr_msi) || desc->nr_msi > 32))
		return "MSI messages are a power of two up to 32";
	if (desc->nr_msix > SOFTPCI_MAX_MSIX)
		return "MSI-X vectors are 2048 at most";
	return NULL;
}

static void add_bars(struct made_model *made,
		     const struct softpci_function_desc *desc)
{
	unsigned int i;

	for (i = 0; i < SOFTPCI_NUM_BARS; i++)
		if (desc->bar_size[i])
			made->regions[made->model.nr_regions++] =
				(struct softpci_region) {
					.index = i,
					.bar = desc->bar_flags[i],
					.size = desc->bar_size[i],
				};
}

/*
 * The last pages of the last BAR that has room for the table and the pending bits,
 * which are apart from all else by whole pages (PCI Local Bus 3.0, 6.8.2).
 */
static bool place_msix(struct made_model *made, unsigned int nr)
{
	struct softpci_msix *msix = &made->model.msix;
	u64 table = nr * PCI_MSIX_ENTRY_SIZE;
	u64 pba = DIV_ROUND_UP(nr, BITS_PER_TYPE(u64)) * sizeof(u64);
	u64 need = ALIGN(table + pba, SZ_4K);
	unsigned int i;

	for (i = made->model.nr_regions; i--;) {
		const struct softpci_region *region = &made->regions[i];

		if (region->size < need)
			continue;
		msix->nr = nr;
		msix->bar = region->index;
		/* An offset has 32 bits. */
		msix->table = min_t(u64, region->size, SZ_4G) - need;
		msix->pba = msix->table + table;
		return true;
	}
	return false;
}

/**
 * softpci_model_create() - make a model to order
 * @desc: its description; not needed afterwards
 *
 * The log names the fault of a description that makes no sense.
 *
 * Context: process, may sleep.
 * Return: the model, to be freed by softpci_model_destroy(); an ERR_PTR() of -EINVAL
 * for a description that makes no sense, -ENOMEM.
 */
const struct softpci_model *softpci_model_create(const struct softpci_function_desc *desc)
{
	const char *fault = desc_fault(desc);
	struct made_model *made;

	made = kzalloc_obj(*made, GFP_KERNEL);
	if (!made)
		return ERR_PTR(-ENOMEM);
	made->model = (struct softpci_model) {
		.device_size = sizeof(struct softpci_device),
		.ops = &no_ops,
		.vendor = desc->vendor,
		.device = desc->device,
		.subsystem_vendor = desc->subsystem_vendor,
		.subsystem_device = desc->subsystem_device,
		.class = desc->class,
		.revision = desc->revision,
		.nr_msi = desc->nr_msi,
		.pcie = desc->pcie,
		.regions = made->regions,
	};
	if (!fault) {
		add_bars(made, desc);
		if (desc->nr_msix && !place_msix(made, desc->nr_msix))
			fault = "no BAR has room for the table of MSI-X";
	}
	if (!fault)
		return &made->model;

	kfree(made);
	pr_err("softpci-host: %04x:%04x: %s\n", desc->vendor, desc->device,
	       fault);
	return ERR_PTR(-EINVAL);
}

/**
 * softpci_model_destroy() - free a model that softpci_model_create() made
 * @model: the model, that no layout has any more; NULL is ignored
 */
void softpci_model_destroy(const struct softpci_model *model)
{
	if (model)
		kfree(container_of(model, struct made_model, model));
}

/* KUnit tests of the functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/host-model.c"
#endif
