// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdpy: a framebuffer of one fixed mode on PCI.
 *
 *	BAR0		the framebuffer, XR24, lines without padding
 *	config 40h	vendor-specific capability with the mode (mdpy-defs.h)
 *	region 16	the framebuffer again, for VFIO_GFX_PLANE_TYPE_REGION
 *
 * There is no register.  mdpy-fb.c is its driver in the guest.
 */
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/sysfs.h>
#include <drm/drm_fourcc.h>

#include "core/softpci.h"
#include "mdpy-defs.h"

#define MDPY_DISPLAY_REGION	16

static unsigned int count = 1024;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "how many devices there can be at once (default 1024)");

static const struct softpci_region mdpy_regions[] = {
	{
		.index = VFIO_PCI_BAR0_REGION_INDEX,
		.bar = PCI_BASE_ADDRESS_MEM_TYPE_32 |
		       PCI_BASE_ADDRESS_MEM_PREFETCH,
	},
	{ .index = MDPY_DISPLAY_REGION },
};

static const struct softpci_model mdpy_model = {
	.vendor			= MDPY_PCI_VENDOR_ID,
	.device			= MDPY_PCI_DEVICE_ID,
	.subsystem_vendor	= MDPY_PCI_SUBVENDOR_ID,
	.subsystem_device	= MDPY_PCI_SUBDEVICE_ID,
	.class			= PCI_CLASS_DISPLAY_OTHER << 8,
	.revision		= 1,
	.regions		= mdpy_regions,
	.nr_regions		= ARRAY_SIZE(mdpy_regions),
};

struct mdpy_type {
	struct softpci_type base;
	u32 width;
	u32 height;
};

#define MDPY_TYPE(_name, _pretty, _width, _height, _ram_size) {		\
	.base = {							\
		.mdev.sysfs_name = #_name,				\
		.mdev.pretty_name = _pretty " framebuffer",		\
		.description = "virtual display, " #_width "x" #_height	\
			       " framebuffer",				\
		.model = &mdpy_model,					\
		.ram_size = _ram_size,					\
		.cost = 1,						\
	},								\
	.width = _width,						\
	.height = _height,						\
}

/* As BARs want it, the memory is the next power of two. */
static struct mdpy_type mdpy_vga = MDPY_TYPE(vga, "VGA", 640, 480, SZ_2M);
static struct mdpy_type mdpy_xga = MDPY_TYPE(xga, "XGA", 1024, 768, SZ_4M);
static struct mdpy_type mdpy_hd = MDPY_TYPE(hd, "HD", 1920, 1080, SZ_8M);

static struct softpci_type *const mdpy_types[] = {
	&mdpy_vga.base, &mdpy_xga.base, &mdpy_hd.base,
};

static const struct mdpy_type *mdpy_type(struct softpci_device *spdev)
{
	return container_of_const(spdev->type, struct mdpy_type, base);
}

static int mdpy_init_device(struct softpci_device *spdev)
{
	const struct mdpy_type *type = mdpy_type(spdev);
	struct {
		u8 length;
		u8 reserved;
		__le32 format;
		__le32 width;
		__le32 height;
	} __packed cap = {
		.length = MDPY_VENDORCAP_SIZE,
		.format = cpu_to_le32(DRM_FORMAT_XRGB8888),
		.width = cpu_to_le32(type->width),
		.height = cpu_to_le32(type->height),
	};

	return softpci_add_cap(spdev, PCI_CAP_ID_VNDR, &cap, NULL,
				sizeof(cap));
}

/* A gray ramp from top to bottom: shows at a glance that the display works. */
static int mdpy_fill_ram(struct softpci_device *spdev)
{
	const struct mdpy_type *type = mdpy_type(spdev);
	u32 stride = type->width * 4, y;
	int ret = 0;

	for (y = 0; y < type->height && !ret; y++)
		ret = softpci_ram_set(spdev, y * stride,
				      y * 255 / type->height, stride);
	return ret;
}

static bool mdpy_get_mode(struct softpci_device *spdev,
			  struct softpci_mode *mode)
{
	const struct mdpy_type *type = mdpy_type(spdev);

	mode->format = DRM_FORMAT_XRGB8888;
	mode->width = type->width;
	mode->height = type->height;
	mode->stride = type->width * 4;
	return true;
}

static ssize_t resolution_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	const struct mdpy_type *type = mdpy_type(dev_get_drvdata(dev));

	return sysfs_emit(buf, "%ux%u\n", type->width, type->height);
}
static DEVICE_ATTR_RO(resolution);

static struct attribute *mdpy_attrs[] = {
	&dev_attr_resolution.attr,
	NULL
};

static const struct softpci_driver mdpy_driver = {
	.name		= "mdpy",
	.owner		= THIS_MODULE,
	.device_size	= sizeof(struct softpci_device),
	.types		= mdpy_types,
	.nr_types	= ARRAY_SIZE(mdpy_types),
	.attrs		= mdpy_attrs,
	.init		= mdpy_init_device,
	.fill_ram	= mdpy_fill_ram,
	.display	= VFIO_GFX_PLANE_TYPE_REGION,
	.display_region	= MDPY_DISPLAY_REGION,
	.get_mode	= mdpy_get_mode,
};

module_softpci_driver(mdpy_driver, count);

MODULE_DESCRIPTION("Virtual PCI framebuffer for VFIO");
MODULE_LICENSE("GPL");

/* Here, as the tests call what is static above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "tests/kunit/mdpy.c"
#endif
