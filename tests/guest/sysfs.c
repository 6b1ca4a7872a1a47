// SPDX-License-Identifier: GPL-2.0-only
/* What sysfs tells about the devices of the guest. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

#define DEVICES		"/sys/bus/pci/devices"
#define TRIES		300
#define TRY_US		100000

/* The first line of a file without its end, or -1 */
int read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	char *got;

	if (!file)
		return -1;
	got = fgets(line, size, file);
	fclose(file);
	if (!got)
		return -1;
	line[strcspn(line, "\n")] = '\0';
	return 0;
}

/* Returns 0 or what errno was */
int write_line(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err = errno;
	if (fd >= 0)
		close(fd);
	return err;
}

/* A number in sysfs, without its 0x */
static void read_attribute(const char *address, const char *name, char *value,
			   size_t size)
{
	char path[128], line[32];

	snprintf(path, sizeof(path), DEVICES "/%s/%s", address, name);
	if (read_line(path, line, sizeof(line)))
		fail("cannot read %s", path);
	snprintf(value, size, "%.6s", line + 2);
}

static void pci_read(struct pci_device *dev, const char *address)
{
	char path[128], target[256], vendor[8], device[8];
	ssize_t length;

	snprintf(dev->address, sizeof(dev->address), "%.31s", address);
	read_attribute(address, "vendor", vendor, sizeof(vendor));
	read_attribute(address, "device", device, sizeof(device));
	read_attribute(address, "class", dev->class, sizeof(dev->class));
	snprintf(dev->id, sizeof(dev->id), "%.6s:%.6s", vendor, device);

	snprintf(path, sizeof(path), DEVICES "/%s/driver", dev->address);
	length = readlink(path, target, sizeof(target) - 1);
	target[length < 0 ? 0 : length] = '\0';
	snprintf(dev->driver, sizeof(dev->driver), "%.31s",
		 length < 0 ? "" : strrchr(target, '/') + 1);
}

static int is_no_dot_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* All devices in the order of their addresses, returns how many */
int pci_list(struct pci_device *devs, int max)
{
	struct dirent **entries;
	const int count = scandir(DEVICES, &entries, is_no_dot_file, alphasort);
	int i;

	if (count < 0)
		fail("there is no PCI bus");
	if (count > max)
		fail("there are %d PCI devices, more than %d", count, max);
	for (i = 0; i < count; i++) {
		pci_read(&devs[i], entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return count;
}

/* The devices with this id in the order of their addresses, returns how many */
int pci_find_all(struct pci_device *devs, int max, const char *id)
{
	struct pci_device all[DEVICES_MAX];
	const int count = pci_list(all, DEVICES_MAX);
	int i, found = 0;

	for (i = 0; i < count && found < max; i++) {
		if (!strcmp(all[i].id, id))
			devs[found++] = all[i];
	}
	return found;
}

/* The first of them */
void pci_find(struct pci_device *dev, const char *id)
{
	if (!pci_find_all(dev, 1, id))
		fail("there is no PCI device %s", id);
}

int pci_is_there(const struct pci_device *dev)
{
	char path[128];

	snprintf(path, sizeof(path), DEVICES "/%s", dev->address);
	return !access(path, F_OK);
}

int pci_is_driven(const struct pci_device *dev)
{
	char path[128];

	snprintf(path, sizeof(path), DEVICES "/%s/driver", dev->address);
	return !access(path, F_OK);
}

/* What matches, once there is something: a driver may put its probing off. */
static void await_names(const char *pattern, struct names *names)
{
	glob_t paths;
	size_t i;
	int tries;

	names->count = 0;
	for (tries = 0; tries < TRIES && !names->count; tries++) {
		if (tries)
			usleep(TRY_US);
		if (glob(pattern, GLOB_BRACE, NULL, &paths))
			continue;
		for (i = 0; i < paths.gl_pathc && names->count < PORTS_MAX; i++)
			snprintf(names->name[names->count++],
				 sizeof(names->name[0]), "%.31s",
				 strrchr(paths.gl_pathv[i], '/') + 1);
		globfree(&paths);
	}
}

void pci_framebuffers(const struct pci_device *dev, struct names *names)
{
	char pattern[128];

	snprintf(pattern, sizeof(pattern), DEVICES "/%s/graphics/fb*",
		 dev->address);
	await_names(pattern, names);
	if (!names->count)
		fail("no framebuffer came up for %s at %s", dev->id, dev->address);
}

void pci_serial_ports(const struct pci_device *dev, struct names *names)
{
	const char *at = dev->address;
	char pattern[192];

	/* The second place since the serial core has a bus of its own. */
	snprintf(pattern, sizeof(pattern),
		 DEVICES "/%s/{tty,%s:*/%s:*/tty}/ttyS*", at, at, at);
	await_names(pattern, names);
	if (!names->count)
		fail("no serial port came up for %s at %s", dev->id, at);
}

void pci_drm_cards(const struct pci_device *dev, struct names *names)
{
	char pattern[128];

	snprintf(pattern, sizeof(pattern), DEVICES "/%s/drm/card*", dev->address);
	await_names(pattern, names);
	if (!names->count)
		fail("no DRM device came up for %s at %s", dev->id, dev->address);
}

void pci_dma_channels(const struct pci_device *dev, struct names *names)
{
	char pattern[128];

	snprintf(pattern, sizeof(pattern), DEVICES "/%s/dma/dma*", dev->address);
	await_names(pattern, names);
	if (!names->count)
		fail("no DMA channel came up for %s at %s", dev->id, dev->address);
}
