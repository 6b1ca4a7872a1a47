// SPDX-License-Identifier: GPL-2.0-only
/*
 * mbochs: what the guest's bochs-drm expects of a Bochs or QEMU standard VGA,
 * without the VGA (QEMU: docs/specs/standard-vga.rst).
 *
 *	BAR0		video RAM
 *	BAR2 000h-3ffh	EDID, if the link is up
 *	     400h-41fh	VGA ports: absent
 *	     500h-515h	dispi registers, 16 bit
 *	     600h-607h	QEMU extended registers
 *	EDID region	struct vfio_region_gfx_edid: the user plugs in a monitor
 *
 * The display is a dma-buf: the pages of video RAM that the dispi registers
 * select.
 */
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/sysfs.h>
#include <drm/drm_fourcc.h>

#include "core/softpci.h"

#define MBOCHS_EDID_MAX		1024
/* The EDID region: its registers, and behind them the blob. */
#define MBOCHS_EDID_REGION	VFIO_PCI_NUM_REGIONS
#define MBOCHS_EDID_BLOB	0x400

#define MBOCHS_ID		0xb0c5
#define MBOCHS_MAX_XRES		16000
#define MBOCHS_MAX_YRES		12000
#define MBOCHS_MAX_BPP		32
#define MBOCHS_MIN_SIDE		64

#define MBOCHS_EXT_SIZE		8
#define MBOCHS_LITTLE_ENDIAN	0x1e1e1e1e
#define MBOCHS_BIG_ENDIAN	0xbebebebe

enum mbochs_dispi {
	DISPI_ID,
	DISPI_XRES,
	DISPI_YRES,
	DISPI_BPP,
	DISPI_ENABLE,
	DISPI_BANK,
	DISPI_VIRT_WIDTH,
	DISPI_VIRT_HEIGHT,
	DISPI_X_OFFSET,
	DISPI_Y_OFFSET,
	DISPI_VIDEO_MEMORY_64K,
	NR_DISPI,
};

#define DISPI_ENABLED		BIT(0)
#define DISPI_GETCAPS		BIT(1)
#define DISPI_NOCLEARMEM	BIT(7)

static unsigned int mem = 65536;
module_param(mem, uint, 0444);
MODULE_PARM_DESC(mem, "megabytes for all devices together (default 65536)");
module_param_named(count, mem, uint, 0444);
MODULE_PARM_DESC(count, "the same by another name");

/**
 * struct mbochs_device - one device
 * @spdev: must be first
 * @dispi: what was written to the dispi registers
 * @byte_order: of the pixels
 * @link_state: of the monitor, VFIO_DEVICE_GFX_LINK_STATE_*
 * @edid_size: how much of @edid is valid
 * @edid: what the monitor says of itself
 */
struct mbochs_device {
	struct softpci_device spdev;
	u16 dispi[NR_DISPI];
	u32 byte_order;
	u32 link_state;
	u32 edid_size;
	u8 edid[MBOCHS_EDID_MAX];
};

struct mbochs_type {
	struct softpci_type base;
	u32 max_xres;
	u32 max_yres;
};

static struct mbochs_device *to_mbochs(struct softpci_device *spdev)
{
	return container_of(spdev, struct mbochs_device, spdev);
}

static const struct mbochs_type *mbochs_type(struct softpci_device *spdev)
{
	return container_of_const(spdev->type, struct mbochs_type, base);
}

/* Of the depths that QEMU's bochs-display shows; 0: any other. */
static u32 mbochs_bytes_per_pixel(u16 bpp)
{
	return bpp == 16 || bpp == 32 ? bpp / 8 : 0;
}

/* As in QEMU, the byte order is of 32 bits per pixel only. */
static u32 mbochs_format(const struct mbochs_device *mbochs)
{
	if (mbochs->dispi[DISPI_BPP] == 16)
		return DRM_FORMAT_RGB565;
	return mbochs->byte_order == MBOCHS_BIG_ENDIAN ?
	       DRM_FORMAT_BGRX8888 : DRM_FORMAT_XRGB8888;
}

static bool mbochs_get_mode(struct softpci_device *spdev,
			    struct softpci_mode *mode)
{
	struct mbochs_device *mbochs = to_mbochs(spdev);
	const u16 *dispi = mbochs->dispi;
	u32 bytes = mbochs_bytes_per_pixel(dispi[DISPI_BPP]);
	u64 stride, offset;

	if (!(dispi[DISPI_ENABLE] & DISPI_ENABLED) || !bytes ||
	    dispi[DISPI_XRES] < MBOCHS_MIN_SIDE ||
	    dispi[DISPI_YRES] < MBOCHS_MIN_SIDE)
		return false;

	stride = max(dispi[DISPI_XRES], dispi[DISPI_VIRT_WIDTH]) * bytes;
	offset = dispi[DISPI_Y_OFFSET] * stride + dispi[DISPI_X_OFFSET] * bytes;
	if (offset + stride * dispi[DISPI_YRES] > spdev->type->ram_size)
		return false;

	mode->format = mbochs_format(mbochs);
	mode->width = dispi[DISPI_XRES];
	mode->height = dispi[DISPI_YRES];
	mode->stride = stride;
	mode->offset = offset;
	return true;
}

static u32 mbochs_read_dispi(struct softpci_device *spdev, unsigned int region,
			     unsigned int i)
{
	const u16 *dispi = to_mbochs(spdev)->dispi;
	bool getcaps = dispi[DISPI_ENABLE] & DISPI_GETCAPS;

	switch (i) {
	case DISPI_ID:
		return MBOCHS_ID;
	case DISPI_XRES:
		return getcaps ? MBOCHS_MAX_XRES : dispi[i];
	case DISPI_YRES:
		return getcaps ? MBOCHS_MAX_YRES : dispi[i];
	case DISPI_BPP:
		return getcaps ? MBOCHS_MAX_BPP : dispi[i];
	case DISPI_VIDEO_MEMORY_64K:
		return spdev->type->ram_size / SZ_64K;
	default:
		return dispi[i];
	}
}

static void mbochs_clear_screen(struct softpci_device *spdev)
{
	struct softpci_mode mode;

	if (mbochs_get_mode(spdev, &mode))
		softpci_ram_clear(spdev, mode.offset,
				  mode.stride * mode.height);
}

static int mbochs_write_dispi(struct softpci_device *spdev,
			      unsigned int region, unsigned int i, u32 val)
{
	u16 *dispi = &to_mbochs(spdev)->dispi[i];
	u16 old = *dispi;

	*dispi = val;
	if (i == DISPI_ENABLE && !(old & DISPI_ENABLED) &&
	    (val & DISPI_ENABLED) && !(val & DISPI_NOCLEARMEM))
		mbochs_clear_screen(spdev);
	return 0;
}

static u32 mbochs_read_ext_size(struct softpci_device *spdev,
				unsigned int region, unsigned int i)
{
	return MBOCHS_EXT_SIZE;
}

static u32 mbochs_read_byte_order(struct softpci_device *spdev,
				  unsigned int region, unsigned int i)
{
	return to_mbochs(spdev)->byte_order;
}

static int mbochs_write_byte_order(struct softpci_device *spdev,
				   unsigned int region, unsigned int i, u32 val)
{
	if (val == MBOCHS_LITTLE_ENDIAN || val == MBOCHS_BIG_ENDIAN)
		to_mbochs(spdev)->byte_order = val;
	return 0;
}

/* The EDID as the guest finds it over the wire to the monitor. */
static u32 mbochs_read_ddc(struct softpci_device *spdev, unsigned int region,
			   unsigned int i)
{
	struct mbochs_device *mbochs = to_mbochs(spdev);

	if (mbochs->link_state != VFIO_DEVICE_GFX_LINK_STATE_UP ||
	    i >= mbochs->edid_size)
		return 0;
	return mbochs->edid[i];
}

static const struct softpci_reg mbochs_mmio[] = {
	{ "EDID", 0x000, 1, MBOCHS_EDID_MAX, mbochs_read_ddc },
	{ "dispi", 0x500, 2, NR_DISPI, mbochs_read_dispi, mbochs_write_dispi },
	{ "size", 0x600, 4, 1, mbochs_read_ext_size },
	{ "byte order", 0x604, 4, 1,
	  mbochs_read_byte_order, mbochs_write_byte_order },
};

static u32 mbochs_read_edid_reg(struct softpci_device *spdev,
				unsigned int region, unsigned int i)
{
	const struct mbochs_type *type = mbochs_type(spdev);
	struct mbochs_device *mbochs = to_mbochs(spdev);

	switch (i * 4) {
	case offsetof(struct vfio_region_gfx_edid, edid_offset):
		return MBOCHS_EDID_BLOB;
	case offsetof(struct vfio_region_gfx_edid, edid_max_size):
		return MBOCHS_EDID_MAX;
	case offsetof(struct vfio_region_gfx_edid, edid_size):
		return mbochs->edid_size;
	case offsetof(struct vfio_region_gfx_edid, max_xres):
		return type->max_xres;
	case offsetof(struct vfio_region_gfx_edid, max_yres):
		return type->max_yres;
	case offsetof(struct vfio_region_gfx_edid, link_state):
		return mbochs->link_state;
	default:
		return 0;
	}
}

static int mbochs_write_edid_reg(struct softpci_device *spdev,
				 unsigned int region, unsigned int i, u32 val)
{
	struct mbochs_device *mbochs = to_mbochs(spdev);

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

static u32 mbochs_read_blob(struct softpci_device *spdev, unsigned int region,
			    unsigned int i)
{
	return to_mbochs(spdev)->edid[i];
}

static int mbochs_write_blob(struct softpci_device *spdev, unsigned int region,
			     unsigned int i, u32 val)
{
	to_mbochs(spdev)->edid[i] = val;
	return 0;
}

static const struct softpci_reg mbochs_edid[] = {
	{ "registers", 0, 4, sizeof(struct vfio_region_gfx_edid) / 4,
	  mbochs_read_edid_reg, mbochs_write_edid_reg },
	{ "blob", MBOCHS_EDID_BLOB, 1, MBOCHS_EDID_MAX,
	  mbochs_read_blob, mbochs_write_blob },
};

static const struct softpci_region mbochs_regions[] = {
	{
		.index = VFIO_PCI_BAR0_REGION_INDEX,
		.bar = PCI_BASE_ADDRESS_MEM_TYPE_32 |
		       PCI_BASE_ADDRESS_MEM_PREFETCH,
	}, {
		.index = VFIO_PCI_BAR2_REGION_INDEX,
		.bar = PCI_BASE_ADDRESS_MEM_TYPE_32,
		.size = SZ_4K,
		.regs = mbochs_mmio,
		.nr_regs = ARRAY_SIZE(mbochs_mmio),
	}, {
		.index = MBOCHS_EDID_REGION,
		.size = MBOCHS_EDID_BLOB + MBOCHS_EDID_MAX,
		.regs = mbochs_edid,
		.nr_regs = ARRAY_SIZE(mbochs_edid),
		.cap_type = VFIO_REGION_TYPE_GFX,
		.cap_subtype = VFIO_REGION_SUBTYPE_GFX_EDID,
	},
};

static const struct softpci_model mbochs_model = {
	.vendor			= 0x1234,
	.device			= 0x1111,
	.subsystem_vendor	= 0x1af4,
	.subsystem_device	= 0x1100,
	.class			= PCI_CLASS_DISPLAY_OTHER << 8,
	/* From revision 2 on, drivers look for the extended registers. */
	.revision		= 2,
	.regions		= mbochs_regions,
	.nr_regions		= ARRAY_SIZE(mbochs_regions),
};

#define MBOCHS_TYPE(_name, _pretty, _mb, _ram_size, _xres, _yres, _edid) { \
	.base = {							\
		.mdev.sysfs_name = #_name,				\
		.mdev.pretty_name = _pretty " Bochs display",		\
		.description = "virtual display, " #_mb			\
			       " MB video memory, " _edid,		\
		.model = &mbochs_model,					\
		.ram_size = _ram_size,					\
		.cost = _mb,						\
	},								\
	.max_xres = _xres,						\
	.max_yres = _yres,						\
}

static struct mbochs_type mbochs_small =
	MBOCHS_TYPE(small, "Small", 4, SZ_4M, 800, 600, "EDID up to 800x600");
static struct mbochs_type mbochs_medium =
	MBOCHS_TYPE(medium, "Medium", 16, SZ_16M, 1920, 1440,
		    "EDID up to 1920x1440");
static struct mbochs_type mbochs_large =
	MBOCHS_TYPE(large, "Large", 64, SZ_64M, 0, 0, "EDID of any size");

static struct softpci_type *const mbochs_types[] = {
	&mbochs_small.base, &mbochs_medium.base, &mbochs_large.base,
};

static void mbochs_reset(struct softpci_device *spdev)
{
	struct mbochs_device *mbochs = to_mbochs(spdev);

	memset(mbochs->dispi, 0, sizeof(mbochs->dispi));
	mbochs->byte_order = MBOCHS_LITTLE_ENDIAN;
}

/*
 * A reset of the device does not unplug the monitor: QEMU plugs it in once,
 * before it resets the machine for the first time.
 */
static void mbochs_close(struct softpci_device *spdev)
{
	struct mbochs_device *mbochs = to_mbochs(spdev);

	mbochs->link_state = VFIO_DEVICE_GFX_LINK_STATE_DOWN;
	mbochs->edid_size = 0;
	memset(mbochs->edid, 0, sizeof(mbochs->edid));
}

static ssize_t memory_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct softpci_device *spdev = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u MB\n", spdev->type->ram_size / SZ_1M);
}
static DEVICE_ATTR_RO(memory);

static struct attribute *mbochs_attrs[] = {
	&dev_attr_memory.attr,
	NULL
};

static const struct softpci_driver mbochs_driver = {
	.name		= "mbochs",
	.owner		= THIS_MODULE,
	.device_size	= sizeof(struct mbochs_device),
	.types		= mbochs_types,
	.nr_types	= ARRAY_SIZE(mbochs_types),
	.attrs		= mbochs_attrs,
	.reset		= mbochs_reset,
	.close		= mbochs_close,
	.display	= VFIO_GFX_PLANE_TYPE_DMABUF,
	.get_mode	= mbochs_get_mode,
};

module_softpci_driver(mbochs_driver, mem);

MODULE_DESCRIPTION("Virtual PCI Bochs display for VFIO");
MODULE_LICENSE("GPL");

/* Here, as the tests call what is static above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "tests/kunit/mbochs.c"
#endif
