// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_FEATURE: which features a device has, by PROBE, which changes nothing; and
 * what it says of migration.
 */
#include <sys/ioctl.h>

#include "lsvfio.h"

static const char *const names[] = {
	[VFIO_DEVICE_FEATURE_PCI_VF_TOKEN] = "PCI_VF_TOKEN",
	[VFIO_DEVICE_FEATURE_MIGRATION] = "MIGRATION",
	[VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE] = "MIG_DEVICE_STATE",
	[VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY] = "LOW_POWER_ENTRY",
	[VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP] = "LOW_POWER_ENTRY_WITH_WAKEUP",
	[VFIO_DEVICE_FEATURE_LOW_POWER_EXIT] = "LOW_POWER_EXIT",
	[VFIO_DEVICE_FEATURE_DMA_LOGGING_START] = "DMA_LOGGING_START",
	[VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP] = "DMA_LOGGING_STOP",
	[VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT] = "DMA_LOGGING_REPORT",
	[VFIO_DEVICE_FEATURE_MIG_DATA_SIZE] = "MIG_DATA_SIZE",
	[FEATURE_BUS_MASTER] = "BUS_MASTER",
	[FEATURE_DMA_BUF] = "DMA_BUF",
	[FEATURE_MIG_PRECOPY_INFO_V2] = "MIG_PRECOPY_INFOv2",
	[FEATURE_ZPCI_ERROR] = "ZPCI_ERROR",
};

/* The largest structure of any of these features is smaller. */
#define ROOM	64

static bool feature(int fd, u32 flags, void *data, size_t len)
{
	union {
		struct vfio_device_feature header;
		u8 bytes[sizeof(struct vfio_device_feature) + ROOM];
	} f = { .header = { .flags = flags } };

	/* Some features refuse an argsz that is larger than they need; a probe takes any. */
	f.header.argsz = data ? sizeof(f.header) + len : sizeof(f);
	if (ioctl(fd, VFIO_DEVICE_FEATURE, &f))
		return false;
	if (data)
		memcpy(data, f.header.data, len);
	return true;
}

void read_migration(struct migration *migration, int fd)
{
	struct vfio_device_feature_migration caps = {};
	struct vfio_device_feature_mig_state state = {};
	struct vfio_device_feature_mig_data_size size = {};

	*migration = (struct migration){};
	if (!feature(fd, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION, &caps,
		     sizeof(caps)))
		return;
	migration->present = true;
	migration->flags = caps.flags;
	if (feature(fd, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &state,
		    sizeof(state))) {
		migration->has_state = true;
		migration->state = state.device_state;
	}
	if (feature(fd, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, &size,
		    sizeof(size))) {
		migration->has_size = true;
		migration->size = size.stop_copy_length;
	}
}

void read_features(struct model *m, int fd)
{
	unsigned int i;

	m->nr_features = 0;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct feature f = { .id = i, .name = names[i] };

		f.get = feature(fd, VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET | i,
				NULL, 0);
		f.set = feature(fd, VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET | i,
				NULL, 0);
		if (f.get || f.set)
			m->feature[m->nr_features++] = f;
	}
	read_migration(&m->migration, fd);
}
