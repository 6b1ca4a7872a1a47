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
#include <linux/device.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/sysfs.h>
#include <linux/vfio.h>
#include <asm/byteorder.h>
#include <drm/drm_fourcc.h>

#include "vfio/softpci-vfio.h"
#include "mdpy-defs.h"

#define MDPY_DISPLAY_REGION	16

static unsigned int count = 1024;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "devices of each parent (default 1024)");

/**
 * struct mdpy_vendor_cap - the vendor-specific capability, behind its header
 * @length: of all of it
 * @reserved: 0
 * @format: DRM fourcc
 * @width: in pixels
 * @height: in lines
 */
struct mdpy_vendor_cap {
	u8 length;
	u8 reserved;
	__le32 format;
	__le32 width;
	__le32 height;
} __packed;

/**
 * struct mdpy_model - a model of one mode
 * @base: the function
 * @width: in pixels
 * @height: in lines
 */
struct mdpy_model {
	struct softpci_model base;
	u32 width;
	u32 height;
};

static const struct mdpy_model *mdpy_model(struct softpci_device *dev)
{
	return container_of_const(dev->model, struct mdpy_model, base);
}

/* A gray ramp from top to bottom: shows at a glance that the display works. */
static int mdpy_fill(struct softpci_device *dev, unsigned int memory)
{
	const struct mdpy_model *model = mdpy_model(dev);
	u32 stride = model->width * 4, y;
	int ret = 0;

	for (y = 0; y < model->height && !ret; y++)
		ret = softpci_memory_set(dev, memory, y * stride,
					 y * 255 / model->height, stride);
	return ret;
}

static bool mdpy_get_mode(struct softpci_device *dev, struct softpci_mode *mode)
{
	const struct mdpy_model *model = mdpy_model(dev);

	mode->format = DRM_FORMAT_XRGB8888;
	mode->width = model->width;
	mode->height = model->height;
	mode->stride = model->width * 4;
	return true;
}

static const struct softpci_ops mdpy_ops = {
	.get_mode	= mdpy_get_mode,
};

/* As BARs want it, the memory is the next power of two. */
#define MDPY_MODEL(_name, _width, _height, _size)			\
static const struct softpci_memory_desc mdpy_##_name##_memories[] = {	\
	{ .size = (_size), .fill = mdpy_fill },				\
};									\
									\
static const struct softpci_area mdpy_##_name##_areas[] = {		\
	SOFTPCI_MEMORY_AREA(0, _size, 0),				\
};									\
									\
static const struct softpci_region mdpy_##_name##_regions[] = {		\
	{								\
		.index = VFIO_PCI_BAR0_REGION_INDEX,			\
		.bar = PCI_BASE_ADDRESS_MEM_TYPE_32 |			\
		       PCI_BASE_ADDRESS_MEM_PREFETCH,			\
		.size = (_size),					\
		SOFTPCI_TABLE(areas, mdpy_##_name##_areas),		\
	}, {								\
		.index = MDPY_DISPLAY_REGION,				\
		.size = (_size),					\
		SOFTPCI_TABLE(areas, mdpy_##_name##_areas),		\
	},								\
};									\
									\
static const struct mdpy_vendor_cap mdpy_##_name##_body = {		\
	.length = MDPY_VENDORCAP_SIZE,					\
	.format = cpu_to_le32(DRM_FORMAT_XRGB8888),			\
	.width = cpu_to_le32(_width),					\
	.height = cpu_to_le32(_height),					\
};									\
									\
static const struct softpci_cap mdpy_##_name##_caps[] = {		\
	{								\
		.id = PCI_CAP_ID_VNDR,					\
		.len = sizeof(mdpy_##_name##_body),			\
		.body = &mdpy_##_name##_body,				\
	},								\
};									\
									\
static const struct mdpy_model mdpy_##_name = {				\
	.base = {							\
		.device_size = sizeof(struct softpci_device),		\
		.ops = &mdpy_ops,					\
		.vendor = MDPY_PCI_VENDOR_ID,				\
		.device = MDPY_PCI_DEVICE_ID,				\
		.subsystem_vendor = MDPY_PCI_SUBVENDOR_ID,		\
		.subsystem_device = MDPY_PCI_SUBDEVICE_ID,		\
		.class = PCI_CLASS_DISPLAY_OTHER << 8,			\
		.revision = 1,						\
		SOFTPCI_TABLE(regions, mdpy_##_name##_regions),		\
		SOFTPCI_TABLE(memories, mdpy_##_name##_memories),	\
		SOFTPCI_TABLE(caps, mdpy_##_name##_caps),		\
		.display = SOFTPCI_DISPLAY_REGION,			\
		.display_region = MDPY_DISPLAY_REGION,			\
	},								\
	.width = (_width),						\
	.height = (_height),						\
}

MDPY_MODEL(vga, 640, 480, SZ_2M);
MDPY_MODEL(xga, 1024, 768, SZ_4M);
MDPY_MODEL(hd, 1920, 1080, SZ_8M);

#define MDPY_TYPE(_name, _pretty, _size) {				\
	.name = #_name,							\
	.pretty_name = _pretty " framebuffer",				\
	.description = "virtual display, " _size " framebuffer",	\
	.model = &mdpy_##_name.base,					\
	.cost = 1,							\
}

static const struct softpci_type mdpy_types[] = {
	MDPY_TYPE(vga, "VGA", "640x480"),
	MDPY_TYPE(xga, "XGA", "1024x768"),
	MDPY_TYPE(hd, "HD", "1920x1080"),
};

static ssize_t resolution_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	const struct mdpy_model *model = mdpy_model(softpci_from_dev(dev));

	return sysfs_emit(buf, "%ux%u\n", model->width, model->height);
}
static DEVICE_ATTR_RO(resolution);

static struct attribute *mdpy_attrs[] = {
	&dev_attr_resolution.attr,
	NULL
};

static const struct softpci_driver mdpy_driver = {
	.name		= "mdpy",
	.owner		= THIS_MODULE,
	SOFTPCI_TABLE(types, mdpy_types),
	.attrs		= mdpy_attrs,
};

module_softpci_vfio_driver(mdpy_driver, count);

MODULE_DESCRIPTION("Virtual PCI framebuffer for VFIO");
MODULE_LICENSE("GPL");

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "tests/kunit/mdpy.c"
#endif
