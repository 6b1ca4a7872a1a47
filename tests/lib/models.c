// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pci_regs.h>

#include "example.h"
#include "ioat.h"
#include "models.h"
#include "vfio.h"

#define MEMORY_BAR(bytes)							\
	{ .size = (bytes), .flags = PCI_BASE_ADDRESS_MEM_PREFETCH, .mmap = true }

#define PORT_BAR	{ .size = 8, .flags = PCI_BASE_ADDRESS_SPACE_IO }

#define EXAMPLE_BAR								\
	{									\
		.size = EXAMPLE_MEMORY + EXAMPLE_MEMORY_SIZE,			\
		.flags = PCI_BASE_ADDRESS_MEM_TYPE_64,				\
		.mmap = true, .mmap_from = EXAMPLE_MEMORY,			\
	}

#define MDPY_MODEL								\
	.parent = "mdpy", .attribute = "resolution", .scratch = 7,		\
	.vendor = 0x1b36, .device = 0x000f,					\
	.subvendor = 0x1af4, .subdevice = 0x1100, .class = 0x038000, .revision = 1

#define MBOCHS_MODEL								\
	.parent = "mbochs", .attribute = "memory", .scratch = 7,		\
	.vendor = 0x1234, .device = 0x1111,					\
	.subvendor = 0x1af4, .subdevice = 0x1100, .class = 0x038000, .revision = 2

#define MTTY_MODEL								\
	.parent = "mtty", .attribute = "sample_mdev_dev", .scratch = 7,	\
	.vendor = 0x4348, .device = 0x3253,					\
	.subvendor = 0x4348, .subdevice = 0x3253, .class = 0x070002, .revision = 0x10, \
	.pin = 1

const char *const parents[NR_PARENTS] = { "mdpy", "mbochs", "mtty", "softpci-example", "mioat" };

const struct model models[NR_MODELS] = {
	{
		MDPY_MODEL, .bit = MDPY_VGA, .type = "mdpy-vga",
		.name = "VGA framebuffer", .width = 640, .height = 480,
		.bar = { MEMORY_BAR(2 * MIB) },
	}, {
		MDPY_MODEL, .bit = MDPY_XGA, .type = "mdpy-xga",
		.name = "XGA framebuffer", .width = 1024, .height = 768,
		.bar = { MEMORY_BAR(4 * MIB) },
	}, {
		MDPY_MODEL, .bit = MDPY_HD, .type = "mdpy-hd",
		.name = "HD framebuffer", .width = 1920, .height = 1080,
		.bar = { MEMORY_BAR(8 * MIB) },
	}, {
		MBOCHS_MODEL, .bit = MBOCHS_SMALL, .type = "mbochs-small",
		.name = "Small Bochs display",
		.width = 800, .height = 600,
		.bar = { MEMORY_BAR(4 * MIB), [2] = { .size = 4096 } },
	}, {
		MBOCHS_MODEL, .bit = MBOCHS_MEDIUM, .type = "mbochs-medium",
		.name = "Medium Bochs display",
		.width = 1920, .height = 1440,
		.bar = { MEMORY_BAR(16 * MIB), [2] = { .size = 4096 } },
	}, {
		MBOCHS_MODEL, .bit = MBOCHS_LARGE, .type = "mbochs-large",
		.name = "Large Bochs display",
		.bar = { MEMORY_BAR(64 * MIB), [2] = { .size = 4096 } },
	}, {
		MTTY_MODEL, .bit = MTTY_1, .type = "mtty-1",
		.name = "Single port serial", .nr_ports = 1, .bar = { PORT_BAR },
	}, {
		MTTY_MODEL, .bit = MTTY_2, .type = "mtty-2",
		.name = "Dual port serial", .nr_ports = 2,
		.bar = { PORT_BAR, PORT_BAR },
	}, {
		.bit = EXAMPLE, .type = "softpci-example-1", .name = "DMA copier",
		.parent = "softpci-example", .vendor = 0x1b36, .device = 0x0005,
		.class = 0xff0000, .bar = { EXAMPLE_BAR },
		.scratch = EXAMPLE_MEMORY, .nr_msix = EXAMPLE_VECTORS, .pcie = true,
		.msix_table = EXAMPLE_TABLE, .msix_pba = EXAMPLE_PBA,
	}, {
		/* A byte of CHANCMP, and not its first one, which is aligned. */
		.bit = MIOAT, .type = "mioat-1", .name = "DMA engine", .parent = "mioat",
		.vendor = 0x8086, .device = 0x2021, .subvendor = 0x8086, .class = 0x088000,
		.revision = 4, .scratch = IOAT_CHANCMP + 1, .nr_msix = 1, .pcie = true,
		.msix_table = IOAT_TABLE, .msix_pba = IOAT_PBA,
		.bar = { { .size = IOAT_SIZE, .flags = PCI_BASE_ADDRESS_MEM_TYPE_64 } },
	},
};

const struct model *model_of(const char *type)
{
	const struct model *m;

	for (m = models; m < models + NR_MODELS; m++)
		if (!strcmp(m->type, type))
			return m;
	check_failed(__FILE__, __LINE__, "no such type");
}

unsigned int model_config_size(const struct model *m)
{
	return m->pcie ? MAX_CONFIG_SIZE : CONFIG_SIZE;
}

bool model_bar_is_upper(const struct model *m, unsigned int bar)
{
	return bar && m->bar[bar - 1].flags & PCI_BASE_ADDRESS_MEM_TYPE_64 &&
	       !(m->bar[bar - 1].flags & PCI_BASE_ADDRESS_SPACE_IO);
}

u8 model_decoding(const struct model *m)
{
	return m->bit & MTTY ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
}

unsigned int model_cost(const struct model *m)
{
	if (m->bit & MBOCHS)
		return m->bar[0].size / MIB;
	return m->bit & MTTY ? m->nr_ports : 1;
}
