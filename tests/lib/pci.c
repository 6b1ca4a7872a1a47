// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "module.h"
#include "pci.h"

#define CONFIGFS	"/sys/kernel/config"

static struct text attribute_path(const struct pci_function *fn, const char *attribute)
{
	return text(PCI_FUNCTIONS "/%s/%s", fn->name, attribute);
}

const char *pci_missing(void)
{
	int ret;

	if (!module_probe("vfio-pci"))
		return "this kernel has no vfio-pci";
	module_probe("configfs");
	if (access(CONFIGFS, F_OK))
		return "this kernel has no configfs";
	if (access(PCI_FUNCTIONS, F_OK))
		mount("configfs", CONFIGFS, "configfs", 0, NULL);
	if (module_is_loaded("softpci-host"))
		return NULL;
	ret = __module_load("softpci-host", "");
	if (ret == -ENOENT)
		return "softpci-host is not built for this kernel";
	if (ret == -EBUSY)
		return "this kernel cannot have a second IOMMU driver";
	check_eq(ret, 0);
	return NULL;
}

void pci_begin(void)
{
	const char *reason = pci_missing();

	if (reason)
		skip_case("%s", reason);
	pci_remove_all();
}

void pci_remove_all(void)
{
	struct pci_function fn = {};
	struct dirent *entry;
	DIR *dir = opendir(PCI_FUNCTIONS);

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(fn.name, sizeof(fn.name), "%s", entry->d_name);
		__pci_set(&fn, "errors/stall_flr", "0");
		__pci_set(&fn, "live", "0");
		check_eq(sys(rmdir(text(PCI_FUNCTIONS "/%s", fn.name).s)), 0);
	}
	closedir(dir);
}

int __pci_set(const struct pci_function *fn, const char *attribute, const char *val)
{
	return __sysfs_write(attribute_path(fn, attribute).s, val);
}

void pci_set(const struct pci_function *fn, const char *attribute, const char *val)
{
	int ret = __pci_set(fn, attribute, val);

	if (ret)
		note("%s of %s: \"%s\"", attribute, fn->name, val);
	check_eq(ret, 0);
}

struct text pci_get(const struct pci_function *fn, const char *attribute)
{
	return sysfs_read(attribute_path(fn, attribute).s);
}

struct pci_function pci_function(const char *name, const char *attributes)
{
	struct text all = text("%s", attributes);
	struct pci_function fn = {};
	char *next = all.s, *attribute, *val;

	snprintf(fn.name, sizeof(fn.name), "%s", name);
	check_eq(sys(mkdir(text(PCI_FUNCTIONS "/%s", name).s, 0755)), 0);
	while ((attribute = strsep(&next, " "))) {
		if (!*attribute)
			continue;
		val = strchr(attribute, '=');
		check(val);
		*val++ = '\0';
		pci_set(&fn, attribute, val);
	}
	return fn;
}

void pci_live(struct pci_function *fn)
{
	int ret = __pci_set(fn, "live", "1");

	if (ret == -ENOSPC)
		skip_case("there is no memory for BARs: see the kernel log");
	check_eq(ret, 0);
	snprintf(fn->address, sizeof(fn->address), "%s", pci_get(fn, "address").s);
}

int __pci_absent(struct pci_function *fn)
{
	int ret = __pci_set(fn, "live", "0");

	if (!ret)
		fn->address[0] = '\0';
	return ret;
}

void pci_absent(struct pci_function *fn)
{
	check_eq(__pci_absent(fn), 0);
}

struct pci_function pci_function_for_vfio(const char *name, const char *attributes)
{
	struct pci_function fn = pci_function(name, attributes);

	pci_set(&fn, "driver_override", "vfio-pci");
	pci_live(&fn);
	return fn;
}

struct text pci_path(const struct pci_function *fn, const char *file)
{
	return text(PCI_DEVICES "/%s/%s", fn->address, file);
}

bool pci_exists(const struct pci_function *fn)
{
	return access(pci_path(fn, "config").s, F_OK) == 0;
}

static int open_config(const struct pci_function *fn, int flags)
{
	int fd = open(pci_path(fn, "config").s, flags | O_CLOEXEC);

	check(fd >= 0);
	return fd;
}

u32 pci_config_get(const struct pci_function *fn, unsigned int pos, unsigned int width)
{
	int fd = open_config(fn, O_RDONLY);
	u32 val = 0;

	check_eq(sys(pread(fd, &val, width, pos)), width);
	close(fd);
	return le32toh(val);
}

void pci_config_put(const struct pci_function *fn, unsigned int pos, unsigned int width,
		    u32 val)
{
	int fd = open_config(fn, O_WRONLY);

	val = htole32(val);
	check_eq(sys(pwrite(fd, &val, width, pos)), width);
	close(fd);
}

unsigned int pci_find_cap(const struct pci_function *fn, unsigned int id)
{
	unsigned int pos = PCI_CAPABILITY_LIST;

	while ((pos = pci_config_get(fn, pos, 1)) && pci_config_get(fn, pos, 1) != id)
		pos += PCI_CAP_LIST_NEXT;
	check(pos);
	return pos;
}

unsigned int pci_find_ext_cap(const struct pci_function *fn, unsigned int id)
{
	unsigned int pos = CONFIG_SIZE;
	u32 header;

	while ((header = pci_config_get(fn, pos, 4)) && (header & 0xffff) != id) {
		pos = header >> 20;
		check(pos);
	}
	check(header);
	return pos;
}

/* There is no event that tells. */
void pci_wait(const struct pci_function *fn)
{
	time_t end = time(NULL) + WAIT_MS / 1000 + 1;

	while (pci_config_get(fn, PCI_COMMAND, 2) == 0xffff) {
		check(time(NULL) <= end);
		sched_yield();
	}
}

void pci_enable_vfs(const struct pci_function *fn, unsigned int nr)
{
	check_eq(__sysfs_write("/sys/module/vfio_pci/parameters/enable_sriov", "1"), 0);
	check_eq(__sysfs_write(pci_path(fn, "sriov_numvfs").s, text("%u", nr).s), 0);
}

struct pci_function pci_vf(const struct pci_function *pf, unsigned int n)
{
	struct pci_function vf = {};
	char path[PATH_MAX];
	ssize_t len;

	len = sys(readlink(pci_path(pf, text("virtfn%u", n).s).s, path, sizeof(path) - 1));
	check(len > 0);
	path[len] = '\0';
	snprintf(vf.address, sizeof(vf.address), "%s", basename(path));
	return vf;
}
