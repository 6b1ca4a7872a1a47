// SPDX-License-Identifier: GPL-2.0-only
/*
 * A model, checked and prepared once for all of its devices: where its regions
 * lie in the device's file, the areas that MSI-X adds to them, and the tables of
 * config space (caps.c).
 */
#include <linux/align.h>
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

/* PCI Local Bus 3.0, 6.2.5.1: address bits below are not implemented. */
#define MIN_IO_BAR	4
#define MIN_MEMORY_BAR	16
/* Sizing needs a bit that can be written in the BAR. */
#define MAX_BAR_32	BIT_ULL(31)
#define MAX_BAR_64	BIT_ULL(63)

/* struct softpci_field in struct softpci_field: enough for any device. */
#define MAX_FIELD_DEPTH	8

static const struct softpci_area conventional_config = {
	.size = PCI_CFG_SPACE_SIZE,
	.ops = &softpci_config_ops,
};

static const struct softpci_area extended_config = {
	.size = PCI_CFG_SPACE_EXP_SIZE,
	.ops = &softpci_config_ops,
};

static bool is_bar(const struct softpci_region *region)
{
	return region->index < SOFTPCI_NUM_BARS;
}

static const struct softpci_region *find_region(const struct softpci_model *model,
						u32 index)
{
	unsigned int i;

	for (i = 0; i < model->nr_regions; i++)
		if (model->regions[i].index == index)
			return &model->regions[i];
	return NULL;
}

static bool is_inside(u64 offset, u64 size, u64 end)
{
	return size && size <= end && offset <= end - size;
}

static bool overlap(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

static struct softpci_area msix_table(const struct softpci_msix *msix)
{
	return (struct softpci_area) {
		.offset = msix->table,
		.size = msix->nr * PCI_MSIX_ENTRY_SIZE,
		.ops = &softpci_msix_table_ops,
	};
}

/* PCI Local Bus 3.0, 6.8.2.9: whole quadwords. */
static struct softpci_area msix_pba(const struct softpci_msix *msix)
{
	return (struct softpci_area) {
		.offset = msix->pba,
		.size = DIV_ROUND_UP(msix->nr, BITS_PER_TYPE(u64)) * sizeof(u64),
		.ops = &softpci_msix_pba_ops,
	};
}

/* The functions below return text that names the fault, or NULL. */
static const char *bar_fault(const struct softpci_model *model,
			     const struct softpci_region *region)
{
	u32 flags = PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH;
	u64 min = MIN_MEMORY_BAR, max = MAX_BAR_32;

	if (region->bar & PCI_BASE_ADDRESS_SPACE_IO) {
		flags = PCI_BASE_ADDRESS_SPACE_IO;
		min = MIN_IO_BAR;
	}
	if (region->bar & ~flags)
		return "unknown flags of a BAR";
	if (softpci_is_bar_64(region)) {
		max = MAX_BAR_64;
		if (region->index + 1 == SOFTPCI_NUM_BARS)
			return "no room for the upper half of a 64-bit BAR";
		if (find_region(model, region->index + 1))
			return "a BAR in the upper half of a 64-bit BAR";
	}
	if (!is_power_of_2(region->size) || region->size < min ||
	    region->size > max)
		return "size of a BAR";
	return NULL;
}

static u64 reg_size(const struct softpci_reg *reg)
{
	return (u64)reg->width * softpci_reg_count(reg);
}

static const char *regs_fault(const struct softpci_model *model,
			      const struct softpci_area *area)
{
	u8 known = SOFTPCI_ACCESS_8 | SOFTPCI_ACCESS_16 | SOFTPCI_ACCESS_32 |
		   SOFTPCI_ACCESS_64 | SOFTPCI_ACCESS_BYTES;
	unsigned int i, other;

	for (i = 0; i < area->nr_regs; i++) {
		const struct softpci_reg *reg = &area->regs[i];
		u64 size = reg_size(reg);

		if (!is_power_of_2(reg->width) || reg->width > sizeof(u64))
			return "width of a register";
		if (!IS_ALIGNED(reg->offset, reg->width))
			return "alignment of a register";
		if (reg->access & ~known)
			return "unknown access width of a register";
		if (!is_inside(reg->offset, size, area->size))
			return "a register outside of its area";
		if (reg->field && (reg->field < sizeof(struct softpci_device) ||
				   reg->field + size > model->device_size))
			return "a register's field outside of the device's part";
		for (other = 0; other < i; other++) {
			const struct softpci_reg *before = &area->regs[other];

			if (overlap(reg->offset, size, before->offset,
				    reg_size(before)))
				return "registers overlap";
		}
	}
	return NULL;
}

static const char *area_fault(const struct softpci_model *model,
			      const struct softpci_area *area)
{
	if (!area->ops)
		return "an area without ops";
	if (!area->ops->read != !area->ops->write ||
	    (!area->ops->read && !(area->ops->user && area->ops->kernel)))
		return "an area that can be read or written only";
	if (area->ops == &softpci_regs_ops)
		return regs_fault(model, area);
	if (area->ops->mmap && (!PAGE_ALIGNED(area->offset) ||
				!PAGE_ALIGNED(area->size)))
		return "an area of memory is not page-aligned";
	if (area->ops != &softpci_memory_ops)
		return NULL;
	if (area->memory >= model->nr_memories)
		return "an area of a memory that does not exist";
	if (area->size > model->memories[area->memory].size)
		return "an area larger than its memory";
	return NULL;
}

static const char *region_fault(const struct softpci_model *model,
				const struct softpci_region *region)
{
	const char *fault;
	u64 end = 0;
	unsigned int i;

	if (!is_bar(region) && region->index < SOFTPCI_NUM_INDEXES)
		return "a region at an index that is neither a BAR's nor free";
	if (find_region(model, region->index) != region)
		return "two regions with one index";
	if (is_bar(region)) {
		fault = bar_fault(model, region);
		if (fault)
			return fault;
	}
	/* Offsets in the device's file are of type loff_t. */
	if (!region->size || region->size > MAX_BAR_64)
		return "size of a region";

	for (i = 0; i < region->nr_areas; i++) {
		const struct softpci_area *area = &region->areas[i];

		if (!is_inside(area->offset, area->size, region->size))
			return "an area outside of its region";
		if (area->offset < end)
			return "areas overlap, or do not rise";
		end = area->offset + area->size;
		fault = area_fault(model, area);
		if (fault)
			return fault;
	}
	return NULL;
}

static const char *msix_fault(const struct softpci_model *model)
{
	struct softpci_area table = msix_table(&model->msix);
	struct softpci_area pba = msix_pba(&model->msix);
	const struct softpci_region *region;
	unsigned int i;

	if (model->msix.nr > SOFTPCI_MAX_MSIX)
		return "number of MSI-X vectors";
	region = find_region(model, model->msix.bar);
	if (!region || !is_bar(region) ||
	    region->bar & PCI_BASE_ADDRESS_SPACE_IO)
		return "no memory BAR for MSI-X";
	if (!IS_ALIGNED(table.offset, sizeof(u64)) ||
	    !IS_ALIGNED(pba.offset, sizeof(u64)))
		return "alignment of the MSI-X table or PBA";
	if (!is_inside(table.offset, table.size, region->size) ||
	    !is_inside(pba.offset, pba.size, region->size))
		return "MSI-X table or PBA outside of the BAR";
	if (overlap(table.offset, table.size, pba.offset, pba.size))
		return "MSI-X table and PBA overlap";

	for (i = 0; i < region->nr_areas; i++) {
		const struct softpci_area *area = &region->areas[i];

		if (overlap(table.offset, table.size, area->offset, area->size) ||
		    overlap(pba.offset, pba.size, area->offset, area->size))
			return "an area overlaps the MSI-X table or PBA";
	}
	return NULL;
}

/* Those of a struct that begins at @start, in bytes from there, to @end. */
static const char *fields_fault(const struct softpci_field *fields,
				unsigned int nr, u64 start, u64 end,
				unsigned int depth)
{
	unsigned int i;

	if (depth == MAX_FIELD_DEPTH)
		return "fields of the state nested too deep";

	for (i = 0; i < nr; i++) {
		const struct softpci_field *field = &fields[i];
		const char *fault = NULL;

		if (!field->count || !field->stride || field->offset < start ||
		    !is_inside(field->offset, (u64)field->count * field->stride,
			       end))
			return "a field of the state outside of its struct";
		if (field->width == SOFTPCI_FIELD_STRUCT && !field->nr_fields)
			return "a struct of the state without fields";
		if (field->width == SOFTPCI_FIELD_STRUCT)
			fault = fields_fault(field->fields, field->nr_fields, 0,
					     field->stride, depth + 1);
		else if (!is_power_of_2(field->width) ||
			 field->width > sizeof(u64) ||
			 field->width > field->stride)
			return "width of a field of the state";
		if (fault)
			return fault;
	}
	return NULL;
}

static const char *display_fault(const struct softpci_model *model)
{
	if (model->display == SOFTPCI_DISPLAY_NONE)
		return NULL;
	/* One of dma-bufs can be shown by region, too. */
	if (!find_region(model, model->display_region))
		return "no region with the picture";
	if (!model->nr_memories)
		return "a display without memory";
	if (!model->ops->get_mode)
		return "a display without modes";
	return NULL;
}

static const char *model_fault(const struct softpci_model *model)
{
	const char *fault = NULL;
	unsigned int i;

	if (model->device_size < sizeof(struct softpci_device))
		return "size of the device";
	if (!model->ops)
		return "no table of callbacks";
	if (model->pin > 4)
		return "interrupt pin";
	if (model->nr_msi &&
	    (!is_power_of_2(model->nr_msi) || model->nr_msi > 32))
		return "number of MSI messages";
	if (model->nr_ext_caps && !model->pcie)
		return "extended capabilities without PCI Express";
	if (model->nr_memories > SOFTPCI_MAX_MEMORIES)
		return "number of memories";

	for (i = 0; i < model->nr_memories; i++)
		if (!model->memories[i].size ||
		    !PAGE_ALIGNED(model->memories[i].size))
			return "size of a memory";
	for (i = 0; i < model->nr_regions && !fault; i++)
		fault = region_fault(model, &model->regions[i]);
	if (!fault && model->msix.nr)
		fault = msix_fault(model);
	if (!fault)
		fault = display_fault(model);
	if (!fault && model->state)
		fault = fields_fault(model->state->fields,
				     model->state->nr_fields,
				     sizeof(struct softpci_device),
				     model->device_size, 0);
	return fault;
}

static void insert_area(struct softpci_area *areas, unsigned int nr,
			struct softpci_area area)
{
	for (; nr && areas[nr - 1].offset > area.offset; nr--)
		areas[nr] = areas[nr - 1];
	areas[nr] = area;
}

static int add_msix_areas(struct softpci_window *win,
			  const struct softpci_msix *msix)
{
	unsigned int nr = win->nr_areas;
	struct softpci_area *areas;

	areas = kcalloc(nr + 2, sizeof(*areas), GFP_KERNEL);
	if (!areas)
		return -ENOMEM;
	if (nr)
		memcpy(areas, win->areas, nr * sizeof(*areas));
	insert_area(areas, nr, msix_table(msix));
	insert_area(areas, nr + 1, msix_pba(msix));
	win->areas = areas;
	win->nr_areas = nr + 2;
	return 0;
}

static int add_region(struct softpci_layout *layout,
		      struct softpci_window *win,
		      const struct softpci_region *region)
{
	const struct softpci_msix *msix = &layout->model->msix;

	win->region = region;
	win->index = region->index;
	win->size = region->size;
	win->areas = region->areas;
	win->nr_areas = region->nr_areas;
	layout->num_regions = max(layout->num_regions, region->index + 1);
	if (!is_bar(region))
		return 0;

	win->bar = BIT(region->index);
	if (region->bar & PCI_BASE_ADDRESS_SPACE_IO)
		layout->io_bars |= win->bar;
	else
		layout->memory_bars |= win->bar;
	return msix->nr && region->index == msix->bar ?
	       add_msix_areas(win, msix) : 0;
}

static void add_config(struct softpci_layout *layout,
		       struct softpci_window *win)
{
	win->areas = layout->model->pcie ? &extended_config :
					   &conventional_config;
	win->nr_areas = 1;
	win->index = SOFTPCI_CONFIG_INDEX;
	win->size = win->areas->size;
	layout->config_size = win->size;
}

/*
 * By falling position in the model's table, and a page apart, so that nothing
 * can be computed from an index: the user has to ask for the offset.
 */
static int add_windows(struct softpci_layout *layout)
{
	const struct softpci_model *model = layout->model;
	unsigned int nr = model->nr_regions, i;
	u64 start = 0;

	layout->window = kcalloc(nr + 1, sizeof(*layout->window), GFP_KERNEL);
	if (!layout->window)
		return -ENOMEM;
	layout->nr_windows = nr + 1;
	layout->num_regions = SOFTPCI_NUM_INDEXES;

	for (i = 0; i <= nr; i++) {
		struct softpci_window *win = &layout->window[i];
		int ret = 0;

		if (i < nr)
			ret = add_region(layout, win,
					 &model->regions[nr - 1 - i]);
		else
			add_config(layout, win);
		if (ret)
			return ret;

		win->start = start + PAGE_SIZE;
		start = win->start + PAGE_ALIGN(win->size);
		if (start < win->start || start > LLONG_MAX)
			return -EFBIG;
	}
	return 0;
}

/**
 * softpci_layout_create() - check a model and prepare it for its devices
 * @model: the model; stays in use
 *
 * A model that contradicts itself is an error in the source of its driver: it is
 * refused with a warning that names the fault.
 *
 * Return: the layout, or an ERR_PTR(): -EINVAL for such a model, -ENOMEM.
 */
const struct softpci_layout *softpci_layout_create(const struct softpci_model *model)
{
	const char *fault = model_fault(model);
	struct softpci_layout *layout;
	int ret;

	if (WARN(fault, "softpci: model %04x:%04x: %s\n", model->vendor,
		 model->device, fault))
		return ERR_PTR(-EINVAL);

	layout = kzalloc_obj(*layout, GFP_KERNEL);
	if (!layout)
		return ERR_PTR(-ENOMEM);
	layout->model = model;

	ret = add_windows(layout);
	if (!ret)
		ret = softpci_caps_init(layout);
	if (!ret)
		return layout;

	softpci_layout_destroy(layout);
	if (WARN(ret != -ENOMEM, "softpci: model %04x:%04x: %s\n",
		 model->vendor, model->device,
		 ret == -ENOSPC ? "capabilities do not fit" :
				  "regions do not fit into a file"))
		ret = -EINVAL;
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(softpci_layout_create);

/**
 * softpci_layout_destroy() - release a layout that no device has any more
 * @layout: from softpci_layout_create()
 */
void softpci_layout_destroy(const struct softpci_layout *layout)
{
	unsigned int i;

	for (i = 0; i < layout->nr_windows; i++) {
		const struct softpci_window *win = &layout->window[i];

		if (win->region && win->areas != win->region->areas)
			kfree(win->areas);
	}
	kfree(layout->window);
	kfree(layout->power_on);
	kfree(layout->writable);
	kfree(layout->w1c);
	kfree(layout);
}
EXPORT_SYMBOL_GPL(softpci_layout_destroy);

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/layout.c"
#endif
