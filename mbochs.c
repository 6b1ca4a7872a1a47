// SPDX-License-Identifier: GPL-2.0-only
/*
 * mbochs: a Bochs or QEMU standard VGA as far as the guest's bochs-drm uses it,
 * without the VGA (QEMU: docs/specs/standard-vga.rst).
 *
 *	BAR0		video RAM
 *	BAR2 000h-3ffh	EDID, if the link is up
 *	     400h-41fh	VGA ports: absent
 *	     500h-515h	VBE dispi registers, 16 bit
 *	     600h-607h	QEMU extended registers
 *	EDID region	struct vfio_region_gfx_edid: the user plugs in a monitor
 *
 * The display is a dma-buf: the pages of video RAM that the dispi registers
 * select.
 */
#include <linux/bits.h>
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/vfio.h>
#include <drm/drm_fourcc.h>

#include "vfio/softpci-vfio.h"

#define MBOCHS_EDID_MAX		1024
/* The EDID region: its registers, and behind them the blob. */
#define MBOCHS_EDID_REGION	VFIO_PCI_NUM_REGIONS
#define MBOCHS_EDID_BLOB	0x400

/* A mode with a shorter side is not shown. */
#define MBOCHS_MIN_SIDE		64

/*
 * BAR2 and its registers.  VBE_DISPI_* are the names of Bochs' VBE interface,
 * PCI_VGA_* those of QEMU.
 */
#define PCI_VGA_MMIO_SIZE		SZ_4K
#define PCI_VGA_BOCHS_OFFSET		0x500
#define PCI_VGA_QEXT_OFFSET		0x600
#define PCI_VGA_QEXT_SIZE		8
#define PCI_VGA_QEXT_REG_SIZE		0
#define PCI_VGA_QEXT_REG_BYTEORDER	4
#define PCI_VGA_QEXT_LITTLE_ENDIAN	0x1e1e1e1e
#define PCI_VGA_QEXT_BIG_ENDIAN		0xbebebebe

#define VBE_DISPI_MAX_XRES		16000
#define VBE_DISPI_MAX_YRES		12000
#define VBE_DISPI_MAX_BPP		32

/* Values of VBE_DISPI_INDEX_ID and bits of VBE_DISPI_INDEX_ENABLE. */
#define VBE_DISPI_ID5			0xb0c5
#define VBE_DISPI_ENABLED		BIT(0)
#define VBE_DISPI_GETCAPS		BIT(1)
#define VBE_DISPI_NOCLEARMEM		BIT(7)

enum {
	VBE_DISPI_INDEX_ID,
	VBE_DISPI_INDEX_XRES,
	VBE_DISPI_INDEX_YRES,
	VBE_DISPI_INDEX_BPP,
	VBE_DISPI_INDEX_ENABLE,
	VBE_DISPI_INDEX_BANK,
	VBE_DISPI_INDEX_VIRT_WIDTH,
	VBE_DISPI_INDEX_VIRT_HEIGHT,
	VBE_DISPI_INDEX_X_OFFSET,
	VBE_DISPI_INDEX_Y_OFFSET,
	VBE_DISPI_INDEX_VIDEO_MEMORY_64K,
	VBE_DISPI_INDEX_NB,
};

static unsigned int mem = 65536;
module_param(mem, uint, 0444);
MODULE_PARM_DESC(mem, "megabytes for all devices of each parent (default 65536)");
module_param_named(count, mem, uint, 0444);
MODULE_PARM_DESC(count, "the same by another name");

/**
 * struct mbochs_device - one device
 * @dev: must be first
 * @clear: zeroes @clear_len bytes of video RAM from @clear_start on
 * @clear_start: set before @clear is queued
 * @clear_len: set before @clear is queued; 0: there is nothing to clear
 * @dispi: the dispi registers as they were written
 * @byte_order: of the pixels
 * @link_state: of the monitor, VFIO_DEVICE_GFX_LINK_STATE_*
 * @edid_size: how much of @edid is valid
 * @edid: the monitor's description of itself
 */
struct mbochs_device {
	struct softpci_device dev;
	struct softpci_job clear;
	u32 clear_start;
	u32 clear_len;
	u16 dispi[VBE_DISPI_INDEX_NB];
	u32 byte_order;
	u32 link_state;
	u32 edid_size;
	u8 edid[MBOCHS_EDID_MAX];
};

/**
 * struct mbochs_model - a model with a size of video RAM
 * @base: the function
 * @max_xres: width that its EDID can have at most, 0: any
 * @max_yres: height that its EDID can have at most, 0: any
 */
struct mbochs_model {
	struct softpci_model base;
	u32 max_xres;
	u32 max_yres;
};

static struct mbochs_device *to_mbochs(struct softpci_device *dev)
{
	return container_of(dev, struct mbochs_device, dev);
}

static const struct mbochs_model *mbochs_model(struct softpci_device *dev)
{
	return container_of_const(dev->model, struct mbochs_model, base);
}

static u64 mbochs_video_ram(struct softpci_device *dev)
{
	return dev->model->memories[0].size;
}

/* Of the depths that QEMU's bochs-display shows; 0: any other. */
static u32 mbochs_bytes_per_pixel(u16 bpp)
{
	return bpp == 16 || bpp == 32 ? bpp / 8 : 0;
}

/* As in QEMU, the byte order is of 32 bits per pixel only. */
static u32 mbochs_format(const struct mbochs_device *mbochs)
{
	if (mbochs->dispi[VBE_DISPI_INDEX_BPP] == 16)
		return DRM_FORMAT_RGB565;
	return mbochs->byte_order == PCI_VGA_QEXT_BIG_ENDIAN ?
	       DRM_FORMAT_BGRX8888 : DRM_FORMAT_XRGB8888;
}

static bool mbochs_get_mode(struct softpci_device *dev,
			    struct softpci_mode *mode)
{
	struct mbochs_device *mbochs = to_mbochs(dev);
	const u16 *dispi = mbochs->dispi;
	u32 bytes = mbochs_bytes_per_pixel(dispi[VBE_DISPI_INDEX_BPP]);
	u64 stride, offset;

	if (!(dispi[VBE_DISPI_INDEX_ENABLE] & VBE_DISPI_ENABLED) || !bytes ||
	    dispi[VBE_DISPI_INDEX_XRES] < MBOCHS_MIN_SIDE ||
	    dispi[VBE_DISPI_INDEX_YRES] < MBOCHS_MIN_SIDE)
		return false;

	stride = max(dispi[VBE_DISPI_INDEX_XRES], dispi[VBE_DISPI_INDEX_VIRT_WIDTH]) * bytes;
	offset = dispi[VBE_DISPI_INDEX_Y_OFFSET] * stride + dispi[VBE_DISPI_INDEX_X_OFFSET] * bytes;
	if (offset + stride * dispi[VBE_DISPI_INDEX_YRES] > mbochs_video_ram(dev))
		return false;

	mode->format = mbochs_format(mbochs);
	mode->width = dispi[VBE_DISPI_INDEX_XRES];
	mode->height = dispi[VBE_DISPI_INDEX_YRES];
	mode->stride = stride;
	mode->offset = offset;
	return true;
}

static u64 mbochs_read_dispi(struct softpci_device *dev, unsigned int i)
{
	const u16 *dispi = to_mbochs(dev)->dispi;
	bool getcaps = dispi[VBE_DISPI_INDEX_ENABLE] & VBE_DISPI_GETCAPS;

	switch (i) {
	case VBE_DISPI_INDEX_ID:
		return VBE_DISPI_ID5;
	case VBE_DISPI_INDEX_XRES:
		return getcaps ? VBE_DISPI_MAX_XRES : dispi[i];
	case VBE_DISPI_INDEX_YRES:
		return getcaps ? VBE_DISPI_MAX_YRES : dispi[i];
	case VBE_DISPI_INDEX_BPP:
		return getcaps ? VBE_DISPI_MAX_BPP : dispi[i];
	case VBE_DISPI_INDEX_VIDEO_MEMORY_64K:
		return mbochs_video_ram(dev) / SZ_64K;
	default:
		return dispi[i];
	}
}

static void mbochs_clear(struct softpci_device *dev, struct softpci_job *job)
{
	struct mbochs_device *mbochs = to_mbochs(dev);
	u32 start, len;

	scoped_guard(softpci, dev) {
		start = mbochs->clear_start;
		len = mbochs->clear_len;
		mbochs->clear_len = 0;
	}
	/* It was queued before another state was loaded. */
	if (!len)
		return;
	/* The register that asked has been written: no error can be returned. */
	softpci_memory_clear(dev, 0, start, len);
}

/* Done when the write of the register returns. */
static void mbochs_clear_screen(struct mbochs_device *mbochs)
{
	struct softpci_mode mode;

	lockdep_assert_held(&mbochs->dev.lock);
	if (!mbochs_get_mode(&mbochs->dev, &mode))
		return;
	mbochs->clear_start = mode.offset;
	mbochs->clear_len = mode.stride * mode.height;
	softpci_queue_and_wait(&mbochs->dev, &mbochs->clear);
}

static int mbochs_write_dispi(struct softpci_device *dev, unsigned int i,
			      u64 val)
{
	struct mbochs_device *mbochs = to_mbochs(dev);
	u16 old = mbochs->dispi[i];

	mbochs->dispi[i] = val;
	if (i == VBE_DISPI_INDEX_ENABLE && !(old & VBE_DISPI_ENABLED) &&
	    (val & VBE_DISPI_ENABLED) && !(val & VBE_DISPI_NOCLEARMEM))
		mbochs_clear_screen(mbochs);
	return 0;
}

static u64 mbochs_read_qext_size(struct softpci_device *dev, unsigned int i)
{
	return PCI_VGA_QEXT_SIZE;
}

static int mbochs_write_byte_order(struct softpci_device *dev, unsigned int i,
				   u64 val)
{
	if (val == PCI_VGA_QEXT_LITTLE_ENDIAN || val == PCI_VGA_QEXT_BIG_ENDIAN)
		to_mbochs(dev)->byte_order = val;
	return 0;
}

/* The EDID as the guest finds it over the wire to the monitor. */
static u64 mbochs_read_ddc(struct softpci_device *dev, unsigned int i)
{
	struct mbochs_device *mbochs = to_mbochs(dev);

	if (mbochs->link_state != VFIO_DEVICE_GFX_LINK_STATE_UP ||
	    i >= mbochs->edid_size)
		return 0;
	return mbochs->edid[i];
}

static const struct softpci_reg mbochs_mmio[] = {
	{
		/* EDID */
		.offset = 0x000, .width = 1, .count = MBOCHS_EDID_MAX,
		.read = mbochs_read_ddc,
	}, {
		/* VBE_DISPI_INDEX_ID to VBE_DISPI_INDEX_VIDEO_MEMORY_64K */
		.offset = PCI_VGA_BOCHS_OFFSET, .width = 2,
		.count = VBE_DISPI_INDEX_NB,
		.access = SOFTPCI_ACCESS_BYTES,
		.read = mbochs_read_dispi,
		.write = mbochs_write_dispi,
	}, {
		.offset = PCI_VGA_QEXT_OFFSET + PCI_VGA_QEXT_REG_SIZE,
		.width = 4,
		.access = SOFTPCI_ACCESS_BYTES,
		.read = mbochs_read_qext_size,
	}, {
		.offset = PCI_VGA_QEXT_OFFSET + PCI_VGA_QEXT_REG_BYTEORDER,
		.width = 4,
		.access = SOFTPCI_ACCESS_BYTES,
		.field = offsetof(struct mbochs_device, byte_order),
		.write = mbochs_write_byte_order,
	},
};

static u64 mbochs_read_edid_reg(struct softpci_device *dev, unsigned int i)
{
	const struct mbochs_model *model = mbochs_model(dev);
	struct mbochs_device *mbochs = to_mbochs(dev);

	switch (i * 4) {
	case offsetof(struct vfio_region_gfx_edid, edid_offset):
		return MBOCHS_EDID_BLOB;
	case offsetof(struct vfio_region_gfx_edid, edid_max_size):
		return MBOCHS_EDID_MAX;
	case offsetof(struct vfio_region_gfx_edid, edid_size):
		return mbochs->edid_size;
	case offsetof(struct vfio_region_gfx_edid, max_xres):
		return model->max_xres;
	case offsetof(struct vfio_region_gfx_edid, max_yres):
		return model->max_yres;
	case offsetof(struct vfio_region_gfx_edid, link_state):
		return mbochs->link_state;
	default:
		return 0;
	}
}

static int mbochs_write_edid_reg(struct softpci_device *dev, unsigned int i,
				 u64 val)
{
	struct mbochs_device *mbochs = to_mbochs(dev);

	switch (i * 4) {
	case offsetof(struct vfio_region_gfx_edid, edid_size):
		if (val > MBOCHS_EDID_MAX)
			return -EINVAL;
		mbochs->edid_size = val;
		return 0;
	case offsetof(struct vfio_region_gfx_edid, link_state):
		if (val != VFIO_DEVICE_GFX_LINK_STATE_UP &&
		    val != VFIO_DEVICE_GFX_LINK_STATE_DOWN)
			return -EINVAL;
		mbochs->link_state = val;
		return 0;
	default:
		return 0;
	}
}

static const struct softpci_reg mbochs_edid[] = {
	{
		/* struct vfio_region_gfx_edid */
		.offset = 0, .width = 4,
		.count = sizeof(struct vfio_region_gfx_edid) / 4,
		.access = SOFTPCI_ACCESS_BYTES,
		.read = mbochs_read_edid_reg,
		.write = mbochs_write_edid_reg,
	}, {
		.offset = MBOCHS_EDID_BLOB, .width = 1, .count = MBOCHS_EDID_MAX,
		.field = offsetof(struct mbochs_device, edid),
	},
};

static const struct softpci_area mbochs_mmio_areas[] = {
	SOFTPCI_REGS_AREA(0, PCI_VGA_MMIO_SIZE, mbochs_mmio),
};

static const struct softpci_area mbochs_edid_areas[] = {
	SOFTPCI_REGS_AREA(0, MBOCHS_EDID_BLOB + MBOCHS_EDID_MAX, mbochs_edid),
};

static int mbochs_init(struct softpci_device *dev)
{
	softpci_job_init(&to_mbochs(dev)->clear, mbochs_clear);
	return 0;
}

/* A clear that was due when the state was saved. */
static int mbochs_start(struct softpci_device *dev)
{
	struct mbochs_device *mbochs = to_mbochs(dev);

	guard(softpci)(dev);
	if (mbochs->clear_len)
		softpci_queue(dev, &mbochs->clear);
	return 0;
}

/*
 * A reset of the device does not unplug the monitor: QEMU plugs it in once,
 * before it resets the machine for the first time.
 */
static void mbochs_unplug_monitor(struct mbochs_device *mbochs)
{
	lockdep_assert_held(&mbochs->dev.lock);
	mbochs->link_state = VFIO_DEVICE_GFX_LINK_STATE_DOWN;
	mbochs->edid_size = 0;
	memset(mbochs->edid, 0, sizeof(mbochs->edid));
}

static void mbochs_reset(struct softpci_device *dev, enum softpci_reset kind)
{
	struct mbochs_device *mbochs = to_mbochs(dev);

	memset(mbochs->dispi, 0, sizeof(mbochs->dispi));
	mbochs->byte_order = PCI_VGA_QEXT_LITTLE_ENDIAN;
	mbochs->clear_len = 0;
	if (kind == SOFTPCI_RESET_CREATE || kind == SOFTPCI_RESET_CLOSE)
		mbochs_unplug_monitor(mbochs);
}

static const struct softpci_ops mbochs_ops = {
	.init		= mbochs_init,
	.start		= mbochs_start,
	.reset		= mbochs_reset,
	.get_mode	= mbochs_get_mode,
};

static const struct softpci_field mbochs_fields[] = {
	SOFTPCI_ARRAY(struct mbochs_device, dispi),
	SOFTPCI_FIELD(struct mbochs_device, byte_order),
	SOFTPCI_FIELD(struct mbochs_device, link_state),
	SOFTPCI_FIELD_MAX(struct mbochs_device, edid_size, MBOCHS_EDID_MAX),
	SOFTPCI_ARRAY(struct mbochs_device, edid),
	SOFTPCI_FIELD(struct mbochs_device, clear_start),
	SOFTPCI_FIELD(struct mbochs_device, clear_len),
};

static int mbochs_post_load(struct softpci_device *dev)
{
	const struct mbochs_device *mbochs = to_mbochs(dev);

	if (mbochs->byte_order != PCI_VGA_QEXT_LITTLE_ENDIAN &&
	    mbochs->byte_order != PCI_VGA_QEXT_BIG_ENDIAN)
		return -EINVAL;
	if (mbochs->link_state != VFIO_DEVICE_GFX_LINK_STATE_UP &&
	    mbochs->link_state != VFIO_DEVICE_GFX_LINK_STATE_DOWN)
		return -EINVAL;
	if (mbochs->clear_start > mbochs_video_ram(dev) ||
	    mbochs->clear_len > mbochs_video_ram(dev) - mbochs->clear_start)
		return -EINVAL;
	return 0;
}

static const struct softpci_state mbochs_state = {
	.version	= 1,
	SOFTPCI_TABLE(fields, mbochs_fields),
	.post_load	= mbochs_post_load,
};

#define MBOCHS_MODEL(_name, _size, _xres, _yres)			\
static const struct softpci_memory_desc mbochs_##_name##_memories[] = {	\
	{ .size = (_size) },						\
};									\
									\
static const struct softpci_area mbochs_##_name##_areas[] = {		\
	SOFTPCI_MEMORY_AREA(0, _size, 0),				\
};									\
									\
static const struct softpci_region mbochs_##_name##_regions[] = {	\
	{								\
		.index = VFIO_PCI_BAR0_REGION_INDEX,			\
		.bar = PCI_BASE_ADDRESS_MEM_TYPE_32 |			\
		       PCI_BASE_ADDRESS_MEM_PREFETCH,			\
		.size = (_size),					\
		SOFTPCI_TABLE(areas, mbochs_##_name##_areas),		\
	}, {								\
		.index = VFIO_PCI_BAR2_REGION_INDEX,			\
		.bar = PCI_BASE_ADDRESS_MEM_TYPE_32,			\
		.size = PCI_VGA_MMIO_SIZE,				\
		SOFTPCI_TABLE(areas, mbochs_mmio_areas),		\
	}, {								\
		.index = MBOCHS_EDID_REGION,				\
		.size = MBOCHS_EDID_BLOB + MBOCHS_EDID_MAX,		\
		SOFTPCI_TABLE(areas, mbochs_edid_areas),		\
		.cap_type = VFIO_REGION_TYPE_GFX,			\
		.cap_subtype = VFIO_REGION_SUBTYPE_GFX_EDID,		\
	},								\
};									\
									\
static const struct mbochs_model mbochs_##_name = {			\
	.base = {							\
		.device_size = sizeof(struct mbochs_device),		\
		.ops = &mbochs_ops,					\
		.vendor = 0x1234,					\
		.device = 0x1111,					\
		.subsystem_vendor = 0x1af4,				\
		.subsystem_device = 0x1100,				\
		.class = PCI_CLASS_DISPLAY_OTHER << 8,			\
		/* From 2 on drivers look for the extended registers. */ \
		.revision = 2,						\
		SOFTPCI_TABLE(regions, mbochs_##_name##_regions),	\
		SOFTPCI_TABLE(memories, mbochs_##_name##_memories),	\
		.display = SOFTPCI_DISPLAY_DMABUF,			\
		.display_region = VFIO_PCI_BAR0_REGION_INDEX,		\
		.state = &mbochs_state,					\
	},								\
	.max_xres = (_xres),						\
	.max_yres = (_yres),						\
}

MBOCHS_MODEL(small, SZ_4M, 800, 600);
MBOCHS_MODEL(medium, SZ_16M, 1920, 1440);
MBOCHS_MODEL(large, SZ_64M, 0, 0);

#define MBOCHS_TYPE(_name, _pretty, _mb, _edid) {			\
	.name = #_name,							\
	.pretty_name = _pretty " Bochs display",			\
	.description = "virtual display, " #_mb " MB video memory, " _edid, \
	.model = &mbochs_##_name.base,					\
	.cost = (_mb),							\
}

static const struct softpci_type mbochs_types[] = {
	MBOCHS_TYPE(small, "Small", 4, "EDID up to 800x600"),
	MBOCHS_TYPE(medium, "Medium", 16, "EDID up to 1920x1440"),
	MBOCHS_TYPE(large, "Large", 64, "EDID of any size"),
};

static ssize_t memory_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%llu MB\n",
			  mbochs_video_ram(softpci_from_dev(dev)) / SZ_1M);
}
static DEVICE_ATTR_RO(memory);

static struct attribute *mbochs_attrs[] = {
	&dev_attr_memory.attr,
	NULL
};

static const struct softpci_driver mbochs_driver = {
	.name		= "mbochs",
	.owner		= THIS_MODULE,
	SOFTPCI_TABLE(types, mbochs_types),
	.attrs		= mbochs_attrs,
};

module_softpci_vfio_driver(mbochs_driver, mem);

MODULE_DESCRIPTION("Virtual PCI Bochs display for VFIO");
MODULE_LICENSE("GPL");

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "tests/kunit/mbochs.c"
#include "tests/kunit/mbochs-state.c"
#endif
