// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mdev.h"
#include "vfio.h"

const char *door_name(enum door door)
{
	return door == DOOR_GROUP ? "group" : "cdev";
}

const char *door_missing(enum door door)
{
	if (door == DOOR_GROUP && access("/dev/vfio/vfio", F_OK))
		return "no /dev/vfio/vfio: load vfio, or the kernel lacks VFIO_GROUP";
	if (door == DOOR_CDEV && access("/dev/iommu", F_OK))
		return "no /dev/iommu: this kernel is built without IOMMUFD";
	return NULL;
}

/* An mdev has a UUID for a name, a PCI function an address, and perhaps a token. */
static struct text device_path(const char *name, const char *file)
{
	return text("%s/%.*s/%s", strchr(name, ':') ? "/sys/bus/pci/devices" : MDEV_DEVICES,
		    (int)strcspn(name, " "), name, file);
}

static int open_group(struct vfio *v, const char *uuid, const struct vfio *first)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char group[PATH_MAX];
	ssize_t len;

	len = sys(readlink(device_path(uuid, "iommu_group").s, group, sizeof(group) - 1));
	if (len < 0)
		return len;
	group[len] = '\0';

	v->iommu = first ? dup(first->iommu) : open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	v->group = open(text("/dev/vfio/%s", basename(group)).s, O_RDWR | O_CLOEXEC);
	if (v->iommu < 0 || v->group < 0)
		return -errno;
	if (ioctl(v->group, VFIO_GROUP_GET_STATUS, &status) ||
	    ioctl(v->group, VFIO_GROUP_SET_CONTAINER, &v->iommu) ||
	    (!first && ioctl(v->iommu, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU)))
		return -errno;
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return -EPERM;

	v->fd = sys(ioctl(v->group, VFIO_GROUP_GET_DEVICE_FD, uuid));
	return v->fd < 0 ? v->fd : 0;
}

int vfio_open_cdev(const char *uuid)
{
	DIR *dir = opendir(device_path(uuid, "vfio-dev").s);
	struct dirent *entry;
	struct text path = { "" };
	int ret;

	if (!dir)
		return -errno;
	errno = ENOENT;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, "vfio", 4))
			path = text("/dev/vfio/devices/%s", entry->d_name);
	ret = path.s[0] ? 0 : -errno;
	closedir(dir);
	return ret ?: sys(open(path.s, O_RDWR | O_CLOEXEC));
}

static void parse_uuid(const char *text, u8 *uuid)
{
	unsigned int i;

	for (i = 0; i < 16; i++, text += 2) {
		text += *text == '-';
		check(sscanf(text, "%2hhx", &uuid[i]) == 1);
	}
}

static int bind_cdev(struct vfio *v, const char *name)
{
	const char *token = strstr(name, VF_TOKEN);
	struct vfio_bind bind = { .argsz = sizeof(bind), .iommufd = v->iommu };
	u8 uuid[16];
	int ret;

	if (token) {
		parse_uuid(token + strlen(VF_TOKEN), uuid);
		bind.flags = VFIO_BIND_TOKEN;
		bind.token_uuid_ptr = (uintptr_t)uuid;
	}
	ret = sys(ioctl(v->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind));
	if (token && ret == -EINVAL) {
		/* Before 6.17 this interface knows no tokens, and wants none. */
		bind.flags = 0;
		ret = sys(ioctl(v->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind));
	}
	v->devid = bind.out_devid;
	return ret;
}

static int open_cdev(struct vfio *v, const char *uuid, const struct vfio *first)
{
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach) };
	struct ioas_alloc ioas = { .size = sizeof(ioas) };
	int ret;

	v->fd = vfio_open_cdev(uuid);
	if (v->fd < 0)
		return v->fd;
	v->iommu = first ? dup(first->iommu) : open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (v->iommu < 0)
		return -errno;
	ret = bind_cdev(v, uuid);
	if (!ret && !first)
		ret = sys(ioctl(v->iommu, IOCTL_IOAS_ALLOC, &ioas));
	if (ret)
		return ret;
	v->ioas = first ? first->ioas : ioas.out_ioas_id;
	attach.pt_id = v->ioas;
	return sys(ioctl(v->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach));
}

static int open_door(struct vfio *v, const char *uuid, enum door door,
		     const struct vfio *first)
{
	int ret;

	*v = (struct vfio){ .fd = -1, .group = -1, .iommu = -1 };
	ret = door == DOOR_GROUP ? open_group(v, uuid, first) : open_cdev(v, uuid, first);
	if (ret)
		vfio_close(v);
	return ret;
}

int __vfio_open(struct vfio *v, const char *uuid, enum door door)
{
	return open_door(v, uuid, door, NULL);
}

void vfio_open(struct vfio *v, const char *uuid, enum door door)
{
	check_eq(__vfio_open(v, uuid, door), 0);
}

void vfio_open_beside(struct vfio *v, const struct vfio *first, const char *uuid)
{
	check_eq(open_door(v, uuid, first->group >= 0 ? DOOR_GROUP : DOOR_CDEV, first), 0);
}

void vfio_open_again(struct vfio *v, const struct vfio *first, const char *uuid)
{
	*v = (struct vfio){ .group = -1, .iommu = -1 };
	v->fd = sys(ioctl(first->group, VFIO_GROUP_GET_DEVICE_FD, uuid));
	check(v->fd >= 0);
}

void vfio_close(struct vfio *v)
{
	/* The device goes before the group that it came from. */
	if (v->fd >= 0)
		close(v->fd);
	if (v->group >= 0)
		close(v->group);
	if (v->iommu >= 0)
		close(v->iommu);
	v->fd = -1;
	v->group = -1;
	v->iommu = -1;
}

int __vfio_info(const struct vfio *v, struct vfio_device_info *info)
{
	*info = (struct vfio_device_info){ .argsz = sizeof(*info) };
	return sys(ioctl(v->fd, VFIO_DEVICE_GET_INFO, info));
}

struct vfio_device_info vfio_info(const struct vfio *v)
{
	struct vfio_device_info info;

	check_eq(__vfio_info(v, &info), 0);
	return info;
}

int __vfio_region_info(const struct vfio *v, unsigned int index, struct vfio_region_info *info)
{
	*info = (struct vfio_region_info){ .argsz = sizeof(*info), .index = index };
	return sys(ioctl(v->fd, VFIO_DEVICE_GET_REGION_INFO, info));
}

const struct vfio_region_info *vfio_region(struct vfio *v, unsigned int index)
{
	check(index < MAX_REGIONS);
	if (!v->region[index].argsz)
		check_eq(__vfio_region_info(v, index, &v->region[index]), 0);
	return &v->region[index];
}

int __vfio_irq_info(const struct vfio *v, unsigned int index, struct vfio_irq_info *info)
{
	*info = (struct vfio_irq_info){ .argsz = sizeof(*info), .index = index };
	return sys(ioctl(v->fd, VFIO_DEVICE_GET_IRQ_INFO, info));
}

struct vfio_irq_info vfio_irq_info(const struct vfio *v, unsigned int index)
{
	struct vfio_irq_info info;

	check_eq(__vfio_irq_info(v, index, &info), 0);
	return info;
}

int __vfio_reset(const struct vfio *v)
{
	return sys(ioctl(v->fd, VFIO_DEVICE_RESET));
}

void vfio_reset(const struct vfio *v)
{
	check_eq(__vfio_reset(v), 0);
}

static bool region_is(struct vfio *v, unsigned int index, u32 type, u32 subtype)
{
	const struct vfio_region_info *asked = vfio_region(v, index);
	struct vfio_region_info_cap_type *cap;
	struct vfio_region_info *info;
	bool found = false;
	u32 pos;

	if (!(asked->flags & VFIO_REGION_INFO_FLAG_CAPS))
		return false;
	info = calloc(1, asked->argsz);
	check(info);
	info->argsz = asked->argsz;
	info->index = index;
	check_eq(sys(ioctl(v->fd, VFIO_DEVICE_GET_REGION_INFO, info)), 0);
	for (pos = info->cap_offset; pos && !found; pos = cap->header.next) {
		check(pos + sizeof(cap->header) <= info->argsz);
		cap = (void *)info + pos;
		found = cap->header.id == VFIO_REGION_INFO_CAP_TYPE &&
			cap->type == type && cap->subtype == subtype;
	}
	free(info);
	return found;
}

int vfio_find_region(struct vfio *v, u32 type, u32 subtype)
{
	unsigned int i, nr = vfio_info(v).num_regions;

	for (i = VFIO_PCI_NUM_REGIONS; i < nr; i++)
		if (region_is(v, i, type, subtype))
			return i;
	return -ENOENT;
}

ssize_t __region_read(struct vfio *v, unsigned int index, s64 off, void *buf, size_t len)
{
	return sys(pread(v->fd, buf, len, vfio_region(v, index)->offset + off));
}

ssize_t __region_write(struct vfio *v, unsigned int index, s64 off, const void *buf,
		       size_t len)
{
	return sys(pwrite(v->fd, buf, len, vfio_region(v, index)->offset + off));
}

void region_read(struct vfio *v, unsigned int index, s64 off, void *buf, size_t len)
{
	check_eq(__region_read(v, index, off, buf, len), len);
}

void region_write(struct vfio *v, unsigned int index, s64 off, const void *buf, size_t len)
{
	check_eq(__region_write(v, index, off, buf, len), len);
}

static size_t expect_count(struct vfio *v, unsigned int index, s64 off, size_t len, ssize_t ret)
{
	s64 left = (s64)vfio_region(v, index)->size - off;

	if (off < 0 || left <= 0)
		check_eq(ret, -EINVAL);
	else if ((s64)len <= left)
		check_eq(ret, len);
	else
		check_one_of(ret, left, -EINVAL);
	return ret < 0 ? 0 : ret;
}

void expect_read_at_end(struct vfio *v, unsigned int index, s64 off, size_t len, const u8 *want)
{
	const size_t slack = 64;
	u8 *buf = malloc(len + slack), *untouched = malloc(len + slack);
	size_t got;

	note("%zu bytes at %#llx of region %u are read", len, (long long)off, index);
	check(buf && untouched);
	memset(untouched, 0xee, len + slack);
	memcpy(buf, untouched, len + slack);
	got = expect_count(v, index, off, len, __region_read(v, index, off, buf, len));
	if (want)
		check_mem(buf, want, got);
	check_mem(buf + got, untouched, len + slack - got);
	free(buf);
	free(untouched);
}

void expect_write_at_end(struct vfio *v, unsigned int index, s64 off, size_t len, const u8 *buf)
{
	note("%zu bytes at %#llx of region %u are written", len, (long long)off, index);
	expect_count(v, index, off, len, __region_write(v, index, off, buf, len));
}

void *__region_map(struct vfio *v, unsigned int index, s64 off, size_t len, int prot,
		   int flags)
{
	return mmap(NULL, len, prot, flags, v->fd, vfio_region(v, index)->offset + off);
}

void *region_map(struct vfio *v, unsigned int index, s64 off, size_t len)
{
	void *map = __region_map(v, index, off, len, PROT_READ | PROT_WRITE, MAP_SHARED);

	check(map != MAP_FAILED);
	return map;
}

u8 *map_for_huge_pages(int fd, off_t off, size_t len)
{
	u8 *room = mmap(NULL, len + HUGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	u8 *at;

	check(room != MAP_FAILED);
	at = (u8 *)(((uintptr_t)room + HUGE_PAGE - 1) & -(uintptr_t)HUGE_PAGE);
	if (at > room)
		munmap(room, at - room);
	munmap(at + len, room + HUGE_PAGE - at);
	check(mmap(at, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, off) == at);
	return at;
}

u64 reg_get(struct vfio *v, unsigned int index, s64 off, unsigned int width)
{
	u64 val = 0;

	region_read(v, index, off, &val, width);
	return le64toh(val);
}

void reg_put(struct vfio *v, unsigned int index, s64 off, unsigned int width, u64 val)
{
	val = htole64(val);
	region_write(v, index, off, &val, width);
}

unsigned int config_find_cap(struct vfio *v, unsigned int id)
{
	unsigned int pos = config_get(v, PCI_CAPABILITY_LIST, 1);
	/* No more capabilities fit: a longer chain is a loop. */
	int left = (CONFIG_SIZE - PCI_STD_HEADER_SIZEOF) / 4;

	while (pos && config_get(v, pos + PCI_CAP_LIST_ID, 1) != id) {
		check(left--);
		pos = config_get(v, pos + PCI_CAP_LIST_NEXT, 1);
	}
	return pos;
}

void fill_pattern(void *buf, size_t len, unsigned int seed)
{
	u8 *bytes = buf;
	size_t i;

	for (i = 0; i < len; i++)
		bytes[i] = (i + seed) * 167 ^ i >> 8 ^ i >> 16;
}
