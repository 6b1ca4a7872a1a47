// SPDX-License-Identifier: GPL-2.0-only
/* Config space as a user of VFIO reads it: the header. */
#include <linux/pci_regs.h>

#include "lsvfio.h"

static u16 get16(const struct config *config, unsigned int pos)
{
	return config->raw[pos] | config->raw[pos + 1] << 8;
}

static u32 get32(const struct config *config, unsigned int pos)
{
	return get16(config, pos) | (u32)get16(config, pos + 2) << 16;
}

static u64 region_size(const struct model *m, unsigned int index)
{
	return index < m->nr_regions ? m->region[index].size : 0;
}

static void read_bars(struct model *m)
{
	struct config *config = &m->config;
	/* A bridge has two, a CardBus bridge one; neither is given to users as a rule. */
	unsigned int nr = config->header == PCI_HEADER_TYPE_NORMAL ? 6 :
			  config->header == PCI_HEADER_TYPE_BRIDGE ? 2 : 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		u32 val = get32(config, PCI_BASE_ADDRESS_0 + 4 * i);
		struct bar *bar = &config->bar[config->nr_bars];

		if (!val && !region_size(m, i))
			continue;
		*bar = (struct bar){ .index = i, .size = region_size(m, i) };
		bar->io = val & PCI_BASE_ADDRESS_SPACE_IO;
		bar->address = val & (bar->io ? PCI_BASE_ADDRESS_IO_MASK & 0xffffffff :
				      PCI_BASE_ADDRESS_MEM_MASK & 0xffffffff);
		if (!bar->io) {
			bar->prefetchable = val & PCI_BASE_ADDRESS_MEM_PREFETCH;
			bar->wide = (val & PCI_BASE_ADDRESS_MEM_TYPE_MASK) ==
				    PCI_BASE_ADDRESS_MEM_TYPE_64 && i + 1 < nr;
		}
		if (bar->wide)
			bar->address |= (u64)get32(config, PCI_BASE_ADDRESS_0 + 4 * ++i) << 32;
		config->nr_bars++;
	}
}

void read_config(struct model *m, int fd)
{
	struct config *config = &m->config;
	const struct region *region;

	memset(config, 0, sizeof(*config));
	if (!(m->flags & VFIO_DEVICE_FLAGS_PCI) || m->nr_regions <= VFIO_PCI_CONFIG_REGION_INDEX)
		return;
	region = &m->region[VFIO_PCI_CONFIG_REGION_INDEX];
	config->size = region->size < MAX_CONFIG ? region->size : MAX_CONFIG;
	config->size = read_region(fd, region, 0, config->raw, config->size);
	if (config->size < PCI_STD_HEADER_SIZEOF)
		return;

	config->present = true;
	config->ids = (struct ids) {
		.vendor = get16(config, PCI_VENDOR_ID),
		.device = get16(config, PCI_DEVICE_ID),
		.class = get32(config, PCI_CLASS_REVISION) >> 8,
		.revision = config->raw[PCI_REVISION_ID],
	};
	config->header = config->raw[PCI_HEADER_TYPE] & 0x7f;
	if (config->header == PCI_HEADER_TYPE_NORMAL) {
		config->ids.subsystem_vendor = get16(config, PCI_SUBSYSTEM_VENDOR_ID);
		config->ids.subsystem_device = get16(config, PCI_SUBSYSTEM_ID);
	}
	config->command = get16(config, PCI_COMMAND);
	config->status = get16(config, PCI_STATUS) & ~PCI_STATUS_DEVSEL_MASK;
	config->interrupt_pin = config->raw[PCI_INTERRUPT_PIN];
	config->interrupt_line = config->raw[PCI_INTERRUPT_LINE];
	read_bars(m);
	read_caps(config);
}
