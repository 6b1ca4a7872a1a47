// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VFIO devices of the machine, by sysfs alone: no device is opened.
 *
 * A device is one of these: it has a folder in /sys/class/vfio-dev, which kernels have
 * since 6.1; it is on the bus of mediated devices; it is in an IOMMU group that VFIO
 * knows, and its driver has "vfio" in its name.
 */
#include <strings.h>
#include <unistd.h>

#include "lsvfio.h"

static bool exists(const char *dir, const char *file)
{
	char *path = text("%s/%s", dir, file);
	bool ret = !access(path, F_OK);

	free(path);
	return ret;
}

/* "vfio0" if the device has a file in /dev/vfio/devices. */
static char *find_cdev(const char *dir)
{
	char *path = text("%s/vfio-dev", dir);
	char **names = list_names(path), **name, *cdev = NULL;

	for (name = names; *name && !cdev; name++) {
		char *folder = text("%s/%s", path, *name);

		if (!strncmp(*name, "vfio", 4) && exists(folder, "dev"))
			cdev = clean(text("/dev/vfio/devices/%s", *name), "");
		free(folder);
	}
	free_names(names);
	free(path);
	return cdev;
}

/* The group's file says whether there is an IOMMU: its name does not, for emulated ones. */
static void read_group(struct device *dev, const char *dir)
{
	static const char *const kinds[] = { "", "noiommu-" };
	char *group = link_name(dir, "iommu_group"), *class;
	unsigned int i;

	dev->group = group ? atoi(group) : -1;
	class = rooted("/sys/class/vfio");
	for (i = 0; group && i < ARRAY_SIZE(kinds) && !dev->group_node; i++) {
		char *node = text("%s%s", kinds[i], group);

		if (exists(class, node)) {
			dev->group_node = text("/dev/vfio/%s", node);
			dev->noiommu = i;
		}
		free(node);
	}
	free(class);
	free(group);
}

static void read_ids(struct device *dev, const char *dir)
{
	u64 vendor, device, subvendor = 0, subdevice = 0, class = 0, revision = 0;

	if (!dev->bus || strcmp(dev->bus, "pci") || !read_number(dir, "vendor", &vendor) ||
	    !read_number(dir, "device", &device))
		return;
	read_number(dir, "subsystem_vendor", &subvendor);
	read_number(dir, "subsystem_device", &subdevice);
	read_number(dir, "class", &class);
	read_number(dir, "revision", &revision);
	dev->has_ids = true;
	dev->ids = (struct ids) {
		.vendor = vendor, .device = device,
		.subsystem_vendor = subvendor, .subsystem_device = subdevice,
		.class = class, .revision = revision,
	};
}

static void read_type(struct device *dev, const char *dir)
{
	char *path, *slash;

	dev->type = link_name(dir, "mdev_type");
	if (!dev->type)
		return;
	dev->type_name = read_line(dir, "mdev_type/name");
	dev->api = read_line(dir, "mdev_type/device_api");
	path = xstrdup(dev->path);
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	slash = strrchr(path, '/');
	dev->parent = xstrdup(slash ? slash + 1 : path);
	free(path);
}

static void read_attributes(struct device *dev, const char *dir)
{
	char *path = text("%s/vendor", dir);
	char **names = list_names(path), **name;

	for (name = names; *name; name++) {
		dev->attributes = grow(dev->attributes, &dev->nr_attributes,
				       sizeof(*dev->attributes));
		dev->attributes[dev->nr_attributes - 1] = (struct attribute) {
			.name = clean(xstrdup(*name), ""),
			.value = read_text(path, *name),
		};
	}
	free_names(names);
	free(path);
}

static bool is_known(const struct devices *all, const char *path)
{
	unsigned int i;

	for (i = 0; i < all->nr; i++)
		if (!strcmp(all->device[i].path, path))
			return true;
	return false;
}

/* @dir: leads to the device's folder, the root included */
static void add_device(struct devices *all, const char *dir)
{
	char *path = resolve(dir);
	struct device *dev;

	if (!path || is_known(all, path)) {
		free(path);
		return;
	}
	all->device = grow(all->device, &all->nr, sizeof(*all->device));
	dev = &all->device[all->nr - 1];
	dev->path = path;
	dev->name = xstrdup(strrchr(path, '/') + 1);
	dev->bus = link_name(dir, "subsystem");
	dev->driver = link_name(dir, "driver");
	dev->cdev_node = find_cdev(dir);
	read_group(dev, dir);
	read_ids(dev, dir);
	read_type(dev, dir);
	read_attributes(dev, dir);
}

/* All that a folder has links to; FILE: of each, "" for itself. */
static void add_links(struct devices *all, const char *dir, const char *file)
{
	char **names = list_names(dir), **name;

	for (name = names; *name; name++) {
		char *link = text("%s/%s/%s", dir, *name, file);

		add_device(all, link);
		free(link);
	}
	free_names(names);
}

/* Those of a group that a driver of VFIO has. */
static void add_group(struct devices *all, const char *group)
{
	char *dir = rooted("/sys/kernel/iommu_groups/%s/devices", group);
	char **names = list_names(dir), **name;

	for (name = names; *name; name++) {
		char *link = text("%s/%s", dir, *name);
		char *driver = link_name(link, "driver");

		if (driver && strstr(driver, "vfio"))
			add_device(all, link);
		free(driver);
		free(link);
	}
	free_names(names);
	free(dir);
}

static int by_device_name(const void *a, const void *b)
{
	return strcmp(((const struct device *)a)->name, ((const struct device *)b)->name);
}

struct devices find_devices(void)
{
	static const char noiommu[] = "noiommu-";
	struct devices all = {};
	char *dir, **names, **name;

	dir = rooted("/sys/class/vfio-dev");
	add_links(&all, dir, "device");
	free(dir);
	dir = rooted("/sys/bus/mdev/devices");
	add_links(&all, dir, "");
	free(dir);
	dir = rooted("/sys/class/vfio");
	names = list_names(dir);
	for (name = names; *name; name++)
		add_group(&all, strncmp(*name, noiommu, strlen(noiommu)) ? *name :
			  *name + strlen(noiommu));
	free_names(names);
	free(dir);
	if (all.nr)
		qsort(all.device, all.nr, sizeof(*all.device), by_device_name);
	return all;
}

/* A device that is no VFIO device: say what it is, and what would make it one. */
static _Noreturn void not_vfio(const char *name, const char *dir)
{
	char *driver = link_name(dir, "driver"), *bus = link_name(dir, "subsystem");
	char *state = driver ? text("bound to %s, which is no VFIO driver", driver) :
			       xstrdup("not bound to a driver");

	if (!bus || strcmp(bus, "pci"))
		die(EXIT_USAGE, "%s is %s", name, state);
	if (!exists(dir, "iommu_group"))
		die(EXIT_USAGE, "%s is %s, and behind no IOMMU: turn that on, then bind vfio-pci",
		    name, state);
	die(EXIT_USAGE, "%s is %s: driverctl set-override %s vfio-pci", name, state,
	    strrchr(name, '/') ? strrchr(name, '/') + 1 : name);
}

static struct device *device_at(const struct devices *all, const char *link)
{
	struct device *found = NULL;
	char *path = resolve(link);
	unsigned int i;

	for (i = 0; path && i < all->nr; i++)
		if (!strcmp(all->device[i].path, path))
			found = &all->device[i];
	free(path);
	return found;
}

static struct device *device_of_path(const struct devices *all, const char *name)
{
	bool inside = *root_dir && !strncmp(name, "/sys/", 5);
	char *link = inside ? rooted("%s", name) : xstrdup(name);
	struct device *found = device_at(all, link);

	if (!found && access(link, F_OK))
		die(EXIT_USAGE, "there is no %s: %s", name, strerror(errno));
	if (!found && exists(link, "subsystem"))
		not_vfio(name, link);
	if (!found)
		die(EXIT_USAGE, "%s is not the folder of a device", name);
	free(link);
	return found;
}

struct device *choose_device(const struct devices *all, const char *name)
{
	unsigned int domain, bus, slot, function;
	char *address = NULL, *dir, end;
	unsigned int i;

	if (strchr(name, '/'))
		return device_of_path(all, name);
	/* A PCI address may lack its domain. */
	if (sscanf(name, "%x:%x:%x.%x%c", &domain, &bus, &slot, &function, &end) == 4)
		address = text("%04x:%02x:%02x.%x", domain, bus, slot, function);
	else if (sscanf(name, "%x:%x.%x%c", &bus, &slot, &function, &end) == 3)
		address = text("0000:%02x:%02x.%x", bus, slot, function);
	for (i = 0; i < all->nr; i++) {
		if (strcasecmp(all->device[i].name, address ?: name))
			continue;
		free(address);
		return &all->device[i];
	}
	if (address) {
		dir = rooted("/sys/bus/pci/devices/%s", address);
		if (!access(dir, F_OK))
			not_vfio(address, dir);
	}
	die(EXIT_USAGE, "there is no VFIO device %s: lsvfio without arguments lists them", name);
}

void free_devices(struct devices *all)
{
	unsigned int i, k;

	for (i = 0; i < all->nr; i++) {
		struct device *dev = &all->device[i];

		for (k = 0; k < dev->nr_attributes; k++) {
			free(dev->attributes[k].name);
			free(dev->attributes[k].value);
		}
		free(dev->attributes);
		free_users(dev);
		free(dev->name);
		free(dev->path);
		free(dev->bus);
		free(dev->driver);
		free(dev->group_node);
		free(dev->cdev_node);
		free(dev->type);
		free(dev->type_name);
		free(dev->api);
		free(dev->parent);
	}
	free(all->device);
}
