// SPDX-License-Identifier: GPL-2.0-only
/* Opening a device through its group or its cdev. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lsvfio.h"

const char *interface_name(enum interface interface)
{
	static const char *const names[] = {
		[ANY] = "any", [GROUP] = "group", [CDEV] = "cdev", [JOINED] = "joined",
	};

	return names[interface];
}

void close_device(struct handle *h)
{
	/* The device goes before the group that it came from. */
	if (h->fd >= 0)
		close(h->fd);
	if (h->group >= 0)
		close(h->group);
	if (h->iommu >= 0)
		close(h->iommu);
	*h = (struct handle){ .fd = -1, .group = -1, .iommu = -1 };
}

static char *busy(const struct device *dev)
{
	char *users = name_users(dev), *why;

	if (users)
		why = text("%s is in use by process %s: end it, or look through it by --join",
			   dev->name, users);
	else
		why = text("%s is in use by another process%s%s", dev->name,
			   dev->users_hidden ? ": to see which, " : "",
			   dev->users_hidden ? how_to_see() : "");
	free(users);
	return why;
}

/* Why a file cannot be opened; MODULE: creates it. */
static char *no_file(const struct device *dev, const char *file, const char *module)
{
	switch (errno) {
	case EACCES:
		return text("no permission for %s: be root, or change its mode", file);
	case EPERM:
		if (dev->noiommu)
			return text("no permission for %s: without an IOMMU, be root", file);
		return text("no permission for %s: be root", file);
	case EBUSY:
		return busy(dev);
	case ENOENT:
	case ENXIO:
	case ENODEV:
		if (module)
			return text("there is no %s: load the module %s, if the kernel has it",
				    file, module);
		return text("there is no %s: the device has gone, or udev does not run", file);
	default:
		return text("cannot open %s: %s", file, strerror(errno));
	}
}

static int open_file(const char *file)
{
	char *path = rooted("%s", file);
	int fd = open(path, O_RDWR | O_CLOEXEC), err = errno;

	free(path);
	errno = err;
	return fd;
}

/* The devices of a group that keep it from being used. */
static char *not_viable(const struct device *dev)
{
	char *dir = rooted("/sys/kernel/iommu_groups/%d/devices", dev->group);
	char **names = list_names(dir), **name, *others = xstrdup(""), *why;

	for (name = names; *name; name++) {
		char *link = text("%s/%s", dir, *name), *driver = link_name(link, "driver");

		if (driver && !strstr(driver, "vfio") && strcmp(*name, dev->name))
			others = append(others, " %s (%s)", *name, driver);
		free(driver);
		free(link);
	}
	why = text("group %d is shared with other drivers: bind these devices to vfio-pci, too:%s",
		   dev->group, others);
	free(others);
	free_names(names);
	free(dir);
	return why;
}

static char *set_container(struct handle *h, const struct device *dev)
{
	static const int types[] = {
		VFIO_TYPE1v2_IOMMU, VFIO_TYPE1_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU,
		VFIO_SPAPR_TCE_IOMMU,
	};
	int type = dev->noiommu ? VFIO_NOIOMMU_IOMMU : 0;
	unsigned int i;

	if (ioctl(h->group, VFIO_GROUP_SET_CONTAINER, &h->iommu))
		return errno == EBUSY ? busy(dev) :
			text("group %d takes no container: %s", dev->group, strerror(errno));
	for (i = 0; !type && i < ARRAY_SIZE(types); i++)
		if (ioctl(h->iommu, VFIO_CHECK_EXTENSION, types[i]) > 0)
			type = types[i];
	if (!type)
		return text("VFIO has no driver for the IOMMU: load the module vfio_iommu_type1");
	if (!ioctl(h->iommu, VFIO_SET_IOMMU, type))
		return NULL;
	if (errno == EPERM)
		return text("no interrupt remapping for %s: load %s with allow_unsafe_interrupts=1",
			    dev->name, "vfio_iommu_type1");
	return text("the IOMMU of %s cannot be used: %s", dev->name, strerror(errno));
}

static char *no_device(const struct device *dev, const char *token)
{
	switch (errno) {
	case EBUSY:
		return busy(dev);
	case EACCES:
		if (token)
			return text("%s does not accept this token", dev->name);
		return text("%s wants a token: name it by --vf-token", dev->name);
	default:
		return text("%s cannot be opened: %s", dev->name, strerror(errno));
	}
}

static char *open_group(struct handle *h, const struct device *dev, const char *token)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char *name, *why;

	if (!dev->group_node)
		return text("%s has no file in /dev/vfio for its group: use --cdev", dev->name);
	h->interface = GROUP;
	h->group = open_file(dev->group_node);
	if (h->group < 0)
		return no_file(dev, dev->group_node, NULL);
	h->iommu = open_file("/dev/vfio/vfio");
	if (h->iommu < 0)
		return no_file(dev, "/dev/vfio/vfio", "vfio");
	if (ioctl(h->group, VFIO_GROUP_GET_STATUS, &status))
		return text("%s is no group of VFIO: %s", dev->group_node, strerror(errno));
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return not_viable(dev);
	why = set_container(h, dev);
	if (why)
		return why;
	name = token ? text("%s vf_token=%s", dev->name, token) : xstrdup(dev->name);
	h->fd = ioctl(h->group, VFIO_GROUP_GET_DEVICE_FD, name);
	why = h->fd < 0 ? no_device(dev, token) : NULL;
	free(name);
	return why;
}

/* The options were checked: it is a UUID. */
static void read_uuid(const char *s, u8 *uuid)
{
	unsigned int i;

	for (i = 0; i < 16; i++, s += 2) {
		s += *s == '-';
		if (sscanf(s, "%2hhx", &uuid[i]) != 1)
			return;
	}
}

static int bind_iommufd(struct handle *h, const char *token)
{
	struct vfio_bind bind = { .argsz = sizeof(bind), .iommufd = h->iommu };
	u8 uuid[16];

	/* Without the token the structure is that of all kernels. */
	if (!token) {
		bind.argsz = offsetof(struct vfio_bind, token_uuid_ptr);
	} else {
		read_uuid(token, uuid);
		bind.flags = VFIO_BIND_TOKEN;
		bind.token_uuid_ptr = (uintptr_t)uuid;
	}
	return ioctl(h->fd, VFIO_BIND, &bind);
}

/* No IOAS is attached: lsvfio maps no memory for the device. */
static char *open_cdev(struct handle *h, const struct device *dev, const char *token)
{
	if (!dev->cdev_node)
		return text("%s has no file in /dev/vfio/devices: use --group", dev->name);
	h->interface = CDEV;
	h->fd = open_file(dev->cdev_node);
	if (h->fd < 0)
		return no_file(dev, dev->cdev_node, NULL);
	h->iommu = open_file("/dev/iommu");
	if (h->iommu < 0)
		return no_file(dev, "/dev/iommu", "iommufd");
	if (!bind_iommufd(h, token))
		return NULL;
	/* The kernel answers EINVAL if another descriptor of the cdev is bound. */
	if (errno == EINVAL && dev->nr_users)
		return busy(dev);
	return no_device(dev, token);
}

/* The explanation of the interface that the device has tells more. */
static char *open_any(struct handle *h, const struct device *dev, const char *token)
{
	char *why, *other;

	if (!dev->group_node && !dev->cdev_node)
		return text("%s has no file in /dev/vfio: the driver %s is not one of VFIO",
			    dev->name, dev->driver ?: "none");
	if (!dev->cdev_node)
		return open_group(h, dev, token);
	why = open_cdev(h, dev, token);
	if (!why || !dev->group_node)
		return why;
	close_device(h);
	other = open_group(h, dev, token);
	free(why);
	return other;
}

void open_device(struct handle *h, const struct device *dev, const struct options *options)
{
	char *why;

	*h = (struct handle){ .fd = -1, .group = -1, .iommu = -1 };
	switch (options->interface) {
	case JOINED:
		why = join_device(h, dev, options);
		break;
	case GROUP:
		why = open_group(h, dev, options->token);
		break;
	case CDEV:
		why = open_cdev(h, dev, options->token);
		break;
	default:
		why = open_any(h, dev, options->token);
	}
	if (why)
		die(EXIT_DEVICE, "%s", why);
}
