// SPDX-License-Identifier: GPL-2.0-only
/* Words for the numbers of VFIO and PCI. */
#include <ctype.h>

#include <linux/pci_regs.h>

#include "lsvfio.h"

const struct flag_name device_flags[] = {
	{ VFIO_DEVICE_FLAGS_RESET, "reset" },
	{ VFIO_DEVICE_FLAGS_PCI, "pci" },
	{ VFIO_DEVICE_FLAGS_PLATFORM, "platform" },
	{ VFIO_DEVICE_FLAGS_AMBA, "amba" },
	{ VFIO_DEVICE_FLAGS_CCW, "ccw" },
	{ VFIO_DEVICE_FLAGS_AP, "ap" },
	{ VFIO_DEVICE_FLAGS_FSL_MC, "fsl-mc" },
	{ VFIO_DEVICE_FLAGS_CAPS, "caps" },
	{ VFIO_DEVICE_FLAGS_CDX, "cdx" },
	{ }
};

const struct flag_name region_flags[] = {
	{ VFIO_REGION_INFO_FLAG_READ, "read" },
	{ VFIO_REGION_INFO_FLAG_WRITE, "write" },
	{ VFIO_REGION_INFO_FLAG_MMAP, "mmap" },
	{ VFIO_REGION_INFO_FLAG_CAPS, "caps" },
	{ }
};

const struct flag_name irq_flags[] = {
	{ VFIO_IRQ_INFO_EVENTFD, "eventfd" },
	{ VFIO_IRQ_INFO_MASKABLE, "maskable" },
	{ VFIO_IRQ_INFO_AUTOMASKED, "automasked" },
	{ VFIO_IRQ_INFO_NORESIZE, "noresize" },
	{ }
};

const struct flag_name migration_flags[] = {
	{ VFIO_MIGRATION_STOP_COPY, "STOP_COPY" },
	{ VFIO_MIGRATION_P2P, "P2P" },
	{ VFIO_MIGRATION_PRE_COPY, "PRE_COPY" },
	{ }
};

const struct flag_name command_flags[] = {
	{ PCI_COMMAND_IO, "io" },
	{ PCI_COMMAND_MEMORY, "memory" },
	{ PCI_COMMAND_MASTER, "bus-master" },
	{ PCI_COMMAND_PARITY, "parity" },
	{ PCI_COMMAND_SERR, "serr" },
	{ PCI_COMMAND_INTX_DISABLE, "intx-disable" },
	{ }
};

const struct flag_name status_flags[] = {
	{ PCI_STATUS_INTERRUPT, "interrupt" },
	{ PCI_STATUS_CAP_LIST, "capabilities" },
	{ PCI_STATUS_66MHZ, "66MHz" },
	{ PCI_STATUS_FAST_BACK, "fast-back" },
	{ PCI_STATUS_PARITY, "parity" },
	{ PCI_STATUS_SIG_TARGET_ABORT, "target-abort" },
	{ PCI_STATUS_REC_TARGET_ABORT, "received-target-abort" },
	{ PCI_STATUS_REC_MASTER_ABORT, "master-abort" },
	{ PCI_STATUS_SIG_SYSTEM_ERROR, "serr" },
	{ PCI_STATUS_DETECTED_PARITY, "detected-parity" },
	{ }
};

const struct flag_name link_states[] = {
	{ VFIO_DEVICE_GFX_LINK_STATE_UP, "up" },
	{ VFIO_DEVICE_GFX_LINK_STATE_DOWN, "down" },
	{ }
};

const char *value_name(const struct flag_name *names, u64 val)
{
	while (names->name && names->flag != val)
		names++;
	return names->name ?: "unknown";
}

const char *region_type_name(const struct region *region)
{
	/* VFIO_REGION_TYPE_PCI_VENDOR_TYPE, which shifts into the sign of an int */
	if (region->type >> 31)
		return "vendor";
	if (region->type == VFIO_REGION_TYPE_GFX &&
	    region->subtype == VFIO_REGION_SUBTYPE_GFX_EDID)
		return "EDID";
	switch (region->type) {
	case VFIO_REGION_TYPE_GFX:
		return "graphics";
	case VFIO_REGION_TYPE_CCW:
		return "CCW";
	case VFIO_REGION_TYPE_MIGRATION_DEPRECATED:
		return "migration, version 1";
	default:
		return "unknown";
	}
}

const char *region_name(const struct model *m, const struct region *region)
{
	static const char *const names[] = {
		[VFIO_PCI_BAR0_REGION_INDEX] = "BAR0",
		[VFIO_PCI_BAR1_REGION_INDEX] = "BAR1",
		[VFIO_PCI_BAR2_REGION_INDEX] = "BAR2",
		[VFIO_PCI_BAR3_REGION_INDEX] = "BAR3",
		[VFIO_PCI_BAR4_REGION_INDEX] = "BAR4",
		[VFIO_PCI_BAR5_REGION_INDEX] = "BAR5",
		[VFIO_PCI_ROM_REGION_INDEX] = "ROM",
		[VFIO_PCI_CONFIG_REGION_INDEX] = "config",
		[VFIO_PCI_VGA_REGION_INDEX] = "VGA",
	};

	if (m->flags & VFIO_DEVICE_FLAGS_PCI && region->index < ARRAY_SIZE(names))
		return names[region->index];
	return region->typed ? region_type_name(region) : "device";
}

const char *irq_name(const struct model *m, u32 index)
{
	static const char *const names[] = {
		[VFIO_PCI_INTX_IRQ_INDEX] = "INTx",
		[VFIO_PCI_MSI_IRQ_INDEX] = "MSI",
		[VFIO_PCI_MSIX_IRQ_INDEX] = "MSI-X",
		[VFIO_PCI_ERR_IRQ_INDEX] = "ERR",
		[VFIO_PCI_REQ_IRQ_INDEX] = "REQ",
	};

	if (m->flags & VFIO_DEVICE_FLAGS_PCI && index < ARRAY_SIZE(names))
		return names[index];
	return "device";
}

const char *mig_state_name(u32 state)
{
	static const char *const names[] = {
		[VFIO_DEVICE_STATE_ERROR] = "ERROR",
		[VFIO_DEVICE_STATE_STOP] = "STOP",
		[VFIO_DEVICE_STATE_RUNNING] = "RUNNING",
		[VFIO_DEVICE_STATE_STOP_COPY] = "STOP_COPY",
		[VFIO_DEVICE_STATE_RESUMING] = "RESUMING",
		[VFIO_DEVICE_STATE_RUNNING_P2P] = "RUNNING_P2P",
		[VFIO_DEVICE_STATE_PRE_COPY] = "PRE_COPY",
		[VFIO_DEVICE_STATE_PRE_COPY_P2P] = "PRE_COPY_P2P",
	};

	return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

const char *info_cap_name(u32 id)
{
	static const char *const names[] = {
		[VFIO_DEVICE_INFO_CAP_ZPCI_BASE] = "ZPCI_BASE",
		[VFIO_DEVICE_INFO_CAP_ZPCI_GROUP] = "ZPCI_GROUP",
		[VFIO_DEVICE_INFO_CAP_ZPCI_UTIL] = "ZPCI_UTIL",
		[VFIO_DEVICE_INFO_CAP_ZPCI_PFIP] = "ZPCI_PFIP",
		[VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP] = "PCI_ATOMIC_COMP",
	};

	return id < ARRAY_SIZE(names) && names[id] ? names[id] : "unknown";
}

const char *fourcc_name(u32 fourcc)
{
	static char name[16];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		name[i] = fourcc >> 8 * i;
		if (isalnum((unsigned char)name[i]) || name[i] == ' ')
			continue;
		snprintf(name, sizeof(name), "0x%08x", fourcc);
		return name;
	}
	name[4] = '\0';
	return name;
}
