// SPDX-License-Identifier: GPL-2.0-only
/* The answers of GET_INFO, GET_REGION_INFO and GET_IRQ_INFO. */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>

#include "internal.h"

static_assert(SOFTPCI_CONFIG_INDEX == VFIO_PCI_CONFIG_REGION_INDEX);
static_assert(SOFTPCI_NUM_INDEXES == VFIO_PCI_NUM_REGIONS);

/**
 * softpci_vfio_get_info() - VFIO_DEVICE_GET_INFO
 * @svfio: the device
 * @arg: struct vfio_device_info
 *
 * Return: 0, -EINVAL if argsz is too small, or -EFAULT.
 */
long softpci_vfio_get_info(struct softpci_vfio *svfio, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info = {};

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = svfio->dev->layout->num_regions;
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static int add_type(const struct softpci_region *region,
		    struct vfio_info_cap *caps)
{
	struct vfio_region_info_cap_type type = {
		.header.id = VFIO_REGION_INFO_CAP_TYPE,
		.header.version = 1,
		.type = region->cap_type,
		.subtype = region->cap_subtype,
	};

	return vfio_info_add_capability(caps, &type.header, sizeof(type));
}

/* Which areas can be mapped, for a region that cannot be mapped as a whole. */
static int add_sparse_mmap(const struct softpci_window *win,
			   struct vfio_info_cap *caps)
{
	struct vfio_region_info_cap_sparse_mmap *sparse;
	unsigned int i;
	size_t size;
	int ret;

	size = struct_size(sparse, areas, win->nr_areas);
	sparse = kzalloc(size, GFP_KERNEL);
	if (!sparse)
		return -ENOMEM;

	sparse->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	sparse->header.version = 1;
	for (i = 0; i < win->nr_areas; i++) {
		const struct softpci_area *area = &win->areas[i];

		if (!area->ops->mmap)
			continue;
		sparse->areas[sparse->nr_areas].offset = area->offset;
		sparse->areas[sparse->nr_areas].size = area->size;
		sparse->nr_areas++;
	}
	size = struct_size(sparse, areas, sparse->nr_areas);
	ret = vfio_info_add_capability(caps, &sparse->header, size);
	kfree(sparse);
	return ret;
}

static bool can_map(const struct softpci_window *win)
{
	unsigned int i;

	for (i = 0; i < win->nr_areas; i++)
		if (win->areas[i].ops->mmap)
			return true;
	return false;
}

/* A mapping does not go from one area to the next. */
static bool is_one_area(const struct softpci_window *win)
{
	return win->nr_areas == 1 && win->areas[0].size == win->size;
}

static const struct softpci_window *
window_of(const struct softpci_layout *layout, u32 index)
{
	unsigned int i;

	for (i = 0; i < layout->nr_windows; i++)
		if (layout->window[i].index == index)
			return &layout->window[i];
	return NULL;
}

/**
 * softpci_vfio_region_info_caps() - VFIO_DEVICE_GET_REGION_INFO
 * @vdev: the device
 * @info: index in, the rest out; the caller has checked argsz
 * @caps: for the capabilities TYPE and SPARSE_MMAP; the caller's to free
 *
 * Return: 0; -EINVAL for an index that the device does not have; -ENOMEM. An
 * index that is in range but names nothing has size 0, as in vfio-pci.
 */
int softpci_vfio_region_info_caps(struct vfio_device *vdev,
				  struct vfio_region_info *info,
				  struct vfio_info_cap *caps)
{
	const struct softpci_layout *layout = to_softpci_vfio(vdev)->dev->layout;
	const struct softpci_window *win;
	int ret;

	if (info->index >= layout->num_regions)
		return -EINVAL;

	info->flags = 0;
	info->cap_offset = 0;
	info->size = 0;
	info->offset = 0;

	win = window_of(layout, info->index);
	if (!win)
		return 0;

	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	info->size = win->size;
	info->offset = win->start;

	if (win->region && win->region->cap_type) {
		ret = add_type(win->region, caps);
		if (ret)
			return ret;
	}
	if (!can_map(win))
		return 0;
	info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	return is_one_area(win) ? 0 : add_sparse_mmap(win, caps);
}

/**
 * softpci_vfio_get_irq_info() - VFIO_DEVICE_GET_IRQ_INFO
 * @svfio: the device
 * @arg: struct vfio_irq_info
 *
 * Return: 0, with count 0 for an index that the device lacks; -EINVAL if argsz
 * is too small or the index is out of range; -EFAULT.
 */
long softpci_vfio_get_irq_info(struct softpci_vfio *svfio, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;

	info.count = softpci_vfio_irq_count(svfio, info.index);
	info.flags = softpci_vfio_irq_flags(svfio, info.index);
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}
