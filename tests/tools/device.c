// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VFIO device for a machine without VFIO, to be preloaded into lsvfio: it answers the
 * ioctls of any group.  Its display is in region 0.  DEVICE in the environment has the
 * numbers of struct shown.  With FULL_DISK, closing a file that was written fails.
 *
 * Numbers of 64 bits have digits that a double cannot hold.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#define CONFIG_OFFSET	0x10000000000
#define CONFIG_SIZE	4096

static struct shown {
	unsigned int width, height, stride;
	unsigned long long region, modifier;
} shown = { 64, 48, 256, 1 << 20, 0 };

static void put(__u8 *at, __u64 val, unsigned int bytes)
{
	for (; bytes--; val >>= 8)
		*at++ = val;
}

static void fill_config(__u8 *config)
{
	static const unsigned int serial = 0x100, sriov = 0x110, vendor = 0x180;

	put(config, 0x11111234, 4);
	put(config + PCI_STATUS, PCI_STATUS_CAP_LIST, 2);
	put(config + PCI_BASE_ADDRESS_0, 0xfedcba9876543200ULL | PCI_BASE_ADDRESS_MEM_TYPE_64, 8);
	put(config + PCI_CAPABILITY_LIST, 0x40, 1);
	put(config + 0x40, PCI_CAP_ID_MSIX, 1);
	put(config + 0x40 + PCI_MSIX_TABLE, 0xf000, 4);
	put(config + 0x40 + PCI_MSIX_PBA, 0xf040, 4);
	put(config + serial, PCI_EXT_CAP_ID_DSN | 1 << 16 | sriov << 20, 4);
	put(config + serial + 4, 0x0123456789abcdefULL, 8);
	put(config + sriov, PCI_EXT_CAP_ID_SRIOV | 1 << 16 | vendor << 20, 4);
	put(config + sriov + PCI_SRIOV_VF_DID, 0xabcd, 2);
	put(config + vendor, PCI_EXT_CAP_ID_VNDR | 1 << 16, 4);
	put(config + vendor + PCI_VNDR_HEADER, 0x0100beef, 4);
}

/* A file, which can be read and mapped as a device can. */
static int open_device(void)
{
	const char *numbers = getenv("DEVICE");
	int fd = memfd_create("device", MFD_CLOEXEC);
	__u8 config[CONFIG_SIZE] = {}, noise[256 * 1024];
	struct rlimit limit;
	unsigned int i;

	if (numbers && sscanf(numbers, "%u %u %u %llu %llx", &shown.width, &shown.height,
			      &shown.stride, &shown.region, &shown.modifier) != 5)
		abort();
	/* A limit is for the files of lsvfio. */
	getrlimit(RLIMIT_FSIZE, &limit);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ limit.rlim_max, limit.rlim_max });
	fill_config(config);
	if (pwrite(fd, config, sizeof(config), CONFIG_OFFSET) != sizeof(config))
		abort();
	/* Noise, so that a picture of it is not small. */
	for (i = 0; i < sizeof(noise); i++)
		noise[i] = i * 2654435761U >> 24;
	if (pwrite(fd, noise, sizeof(noise), 0) != sizeof(noise))
		abort();
	setrlimit(RLIMIT_FSIZE, &limit);
	return fd;
}

static int region_info(struct vfio_region_info *info)
{
	info->flags = VFIO_REGION_INFO_FLAG_READ;
	info->offset = 0;
	info->size = 0;
	if (info->index == VFIO_PCI_BAR0_REGION_INDEX) {
		info->size = shown.region;
	} else if (info->index == VFIO_PCI_CONFIG_REGION_INDEX) {
		info->size = CONFIG_SIZE;
		info->offset = CONFIG_OFFSET;
	}
	return 0;
}

static int plane_info(struct vfio_device_gfx_plane_info *info)
{
	if (!(info->flags & VFIO_GFX_PLANE_TYPE_REGION)) {
		errno = EINVAL;
		return -1;
	}
	if (info->flags & VFIO_GFX_PLANE_TYPE_PROBE)
		return 0;
	info->drm_format = 'X' | 'R' << 8 | '2' << 16 | '4' << 24;
	info->drm_format_mod = shown.modifier;
	info->width = shown.width;
	info->height = shown.height;
	info->stride = shown.stride;
	info->size = shown.stride * shown.height ?: 1;
	info->region_index = 0;
	return 0;
}

static int answer(unsigned long request, void *arg)
{
	struct vfio_device_info *info = arg;

	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		((struct vfio_group_status *)arg)->flags = VFIO_GROUP_FLAGS_VIABLE;
		return 0;
	case VFIO_CHECK_EXTENSION:
		return 1;
	case VFIO_GROUP_SET_CONTAINER:
	case VFIO_SET_IOMMU:
		return 0;
	case VFIO_GROUP_GET_DEVICE_FD:
		return open_device();
	case VFIO_DEVICE_GET_INFO:
		info->flags = VFIO_DEVICE_FLAGS_PCI;
		info->num_regions = VFIO_PCI_NUM_REGIONS;
		info->num_irqs = 0;
		return 0;
	case VFIO_DEVICE_GET_REGION_INFO:
		return region_info(arg);
	case VFIO_DEVICE_QUERY_GFX_PLANE:
		return plane_info(arg);
	default:
		errno = ENOTTY;
		return -1;
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (_IOC_TYPE(request) == VFIO_TYPE)
		return answer(request, arg);
	return syscall(SYS_ioctl, fd, request, arg);
}

int close(int fd)
{
	int ret = syscall(SYS_close, fd);

	if (ret || fd != STDOUT_FILENO || !getenv("FULL_DISK"))
		return ret;
	errno = ENOSPC;
	return -1;
}

int fclose(FILE *file)
{
	int (*real)(FILE *file) = dlsym(RTLD_NEXT, "fclose");
	bool fails = fileno(file) >= 0 && getenv("FULL_DISK");
	int ret = real(file);

	if (ret || !fails)
		return ret;
	errno = ENOSPC;
	return EOF;
}
