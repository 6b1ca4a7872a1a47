/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VFIO client: a device through either of its two interfaces, its regions, its
 * config space.  __x() returns -errno, x() expects success.
 *
 * Opening asks the device nothing.  Reads and writes of a region ask for that
 * region's info, once; VFIO_DEVICE_GET_INFO is called only on request.
 */
#ifndef TESTS_VFIO_H
#define TESTS_VFIO_H

#include "check.h"
#include "uapi.h"

#define MAX_REGIONS	32
#define CONFIG		VFIO_PCI_CONFIG_REGION_INDEX
#define CONFIG_SIZE	256
#define MAX_CONFIG_SIZE	4096	/* of PCI Express */
#define HUGE_PAGE	(2 << 20)

enum door {
	DOOR_GROUP,	/* /dev/vfio/<group> in a type1 container */
	DOOR_CDEV,	/* /dev/vfio/devices/vfioN bound to an iommufd */
	NR_DOORS
};

struct vfio {
	int fd;
	int group;	/* -1: the interface has none */
	int iommu;	/* container or iommufd */
	u32 ioas;	/* of the iommufd */
	u32 devid;	/* of the device in it */
	struct vfio_region_info region[MAX_REGIONS];	/* argsz 0: not asked yet */
};

const char *door_name(enum door door);
/* Why no device can be opened through an interface here; NULL: one can. */
const char *door_missing(enum door door);

/* The file in /dev/vfio/devices, not bound to an iommufd; or -errno. */
int vfio_open_cdev(const char *uuid);
/*
 * @uuid: of an mdev, or the address of a PCI function that vfio-pci is bound to; with
 *	  " " VF_TOKEN and a UUID behind it for one that has, or is, a virtual function.
 * -ENOENT: the kernel has no such interface for this device.
 */
#define VF_TOKEN	"vf_token="
int __vfio_open(struct vfio *v, const char *uuid, enum door door);
void vfio_open(struct vfio *v, const char *uuid, enum door door);
/* In the container or IOAS of another device, so with the same memory mapped. */
void vfio_open_beside(struct vfio *v, const struct vfio *first, const char *uuid);
/* Once more through the same group, which a cdev does not allow. */
void vfio_open_again(struct vfio *v, const struct vfio *first, const char *uuid);
void vfio_close(struct vfio *v);

int __vfio_info(const struct vfio *v, struct vfio_device_info *info);
struct vfio_device_info vfio_info(const struct vfio *v);
int __vfio_region_info(const struct vfio *v, unsigned int index, struct vfio_region_info *info);
const struct vfio_region_info *vfio_region(struct vfio *v, unsigned int index);
int __vfio_irq_info(const struct vfio *v, unsigned int index, struct vfio_irq_info *info);
struct vfio_irq_info vfio_irq_info(const struct vfio *v, unsigned int index);
int __vfio_reset(const struct vfio *v);
void vfio_reset(const struct vfio *v);

/**
 * vfio_find_region() - a device-specific region by its type capability
 * @v: the device
 * @type: VFIO_REGION_TYPE_*
 * @subtype: VFIO_REGION_SUBTYPE_*
 *
 * Return: its index, or -ENOENT.
 */
int vfio_find_region(struct vfio *v, u32 type, u32 subtype);

/* As pread(2) and pwrite(2): a count or -errno; @off from the region's start. */
ssize_t __region_read(struct vfio *v, unsigned int index, s64 off, void *buf, size_t len);
ssize_t __region_write(struct vfio *v, unsigned int index, s64 off, const void *buf,
		       size_t len);
void region_read(struct vfio *v, unsigned int index, s64 off, void *buf, size_t len);
void region_write(struct vfio *v, unsigned int index, s64 off, const void *buf, size_t len);
/**
 * expect_read_at_end() - read what may be behind the end of a region, or in front
 * @v: the device
 * @index: of the region
 * @off: first byte
 * @len: how many: a count as far as the region goes, or -EINVAL if that is less;
 *	 no byte of the buffer behind them is touched
 * @want: expected value of these bytes; NULL: anything
 */
void expect_read_at_end(struct vfio *v, unsigned int index, s64 off, size_t len, const u8 *want);
/* The same of a write. */
void expect_write_at_end(struct vfio *v, unsigned int index, s64 off, size_t len, const u8 *buf);
void *__region_map(struct vfio *v, unsigned int index, s64 off, size_t len, int prot,
		   int flags);
void *region_map(struct vfio *v, unsigned int index, s64 off, size_t len);
/* Where huge pages fit, if there are any: as QEMU maps a BAR. Any file will do. */
u8 *map_for_huge_pages(int fd, off_t off, size_t len);

/* A register of 1 to 8 bytes; the bus is little-endian, the answer is the CPU's. */
u64 reg_get(struct vfio *v, unsigned int index, s64 off, unsigned int width);
void reg_put(struct vfio *v, unsigned int index, s64 off, unsigned int width, u64 val);

static inline u32 config_get(struct vfio *v, unsigned int pos, unsigned int width)
{
	return reg_get(v, CONFIG, pos, width);
}

static inline void config_put(struct vfio *v, unsigned int pos, unsigned int width, u32 val)
{
	reg_put(v, CONFIG, pos, width, val);
}

/* Set or clear bits of a byte. */
static inline void config_set(struct vfio *v, unsigned int pos, u8 bits)
{
	config_put(v, pos, 1, config_get(v, pos, 1) | bits);
}

static inline void config_clear(struct vfio *v, unsigned int pos, u8 bits)
{
	config_put(v, pos, 1, config_get(v, pos, 1) & ~bits);
}

/* Where a capability starts, 0: there is none. */
unsigned int config_find_cap(struct vfio *v, unsigned int id);

/* D0 or D3hot, by the power management capability. */
static inline void power_put(struct vfio *v, unsigned int state)
{
	config_put(v, config_find_cap(v, PCI_CAP_ID_PM) + PCI_PM_CTRL, 2, state);
}

#define D0	0
#define D3HOT	3

/* Some bytes that differ from place to place and from seed to seed. */
void fill_pattern(void *buf, size_t len, unsigned int seed);

#endif /* TESTS_VFIO_H */
