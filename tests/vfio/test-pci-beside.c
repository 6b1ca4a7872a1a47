// SPDX-License-Identifier: GPL-2.0-only
/*
 * softpci-host on a machine that has an IOMMU of its own: what is behind that one stays
 * there, and functions of both are used at the same time.
 *
 * The VM of ci/run --iommu has such an IOMMU, and a device behind it without a driver.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/ioat.h"
#include "../lib/log.h"
#include "../lib/module.h"
#include "../lib/pci.h"

#define HOST		"softpci-host"
#define IOMMUS		"/sys/class/iommu"
#define VFIO_PCI	"/sys/bus/pci/drivers/vfio-pci"
/* QEMU's pci-testdev. */
#define TESTDEV_VENDOR	0x1b36
#define TESTDEV_DEVICE	0x0005
#define SIZE		(64 * 1024UL)
#define SOURCE		0x10000000UL
#define TARGET		0x20000000UL

static void need_hardware_iommu(void)
{
	if (module_is_loaded(HOST))
		module_unload(HOST);
	if (!sysfs_entries(IOMMUS))
		skip_case("this machine has no IOMMU (ci/run --iommu makes one)");
}

static int is_of_the_machine(const struct dirent *entry)
{
	/* Those of softpci-host are in a domain of their own. */
	return !strncmp(entry->d_name, "0000:", 5);
}

/*
 * The devices of the machine, a line for each: its address, its group and how DMA of
 * that is translated. To be freed.
 */
static char *describe_devices(void)
{
	struct dirent **entries;
	struct text group;
	char path[PATH_MAX], *all = NULL;
	size_t size = 0;
	ssize_t len;
	FILE *out = open_memstream(&all, &size);
	int i, nr = scandir(PCI_DEVICES, &entries, is_of_the_machine, alphasort);

	check(out && nr > 0);
	for (i = 0; i < nr; i++) {
		group = text(PCI_DEVICES "/%s/iommu_group", entries[i]->d_name);
		len = sys(readlink(group.s, path, sizeof(path) - 1));
		check(len > 0 || len == -ENOENT);
		path[len > 0 ? len : 0] = '\0';
		fprintf(out, "%s %s %s\n", entries[i]->d_name, path,
			len > 0 ? sysfs_read(text("%s/type", group.s).s).s : "none");
		free(entries[i]);
	}
	free(entries);
	check(!fclose(out));
	return all;
}

/* The state of the machine that a module could change. */
struct machine {
	unsigned int iommus, devices;
	char *groups;
};

static struct machine describe_machine(void)
{
	return (struct machine){
		.iommus = sysfs_entries(IOMMUS),
		.devices = sysfs_entries(PCI_DEVICES),
		.groups = describe_devices(),
	};
}

static void expect_same_groups(const struct machine *before)
{
	char *groups = describe_devices();

	check_str(groups, before->groups);
	free(groups);
}

static void expect_unchanged(const struct machine *before)
{
	check_eq(sysfs_entries(IOMMUS), before->iommus);
	check_eq(sysfs_entries(PCI_DEVICES), before->devices);
	expect_same_groups(before);
}

static void the_iommu_of_the_machine_keeps_its_devices(struct env *env)
{
	struct machine before;
	int log, ret;

	need_hardware_iommu();
	/* A module that is needed is not loaded by itself with insmod. */
	module_probe("configfs");
	before = describe_machine();
	log = log_open();
	ret = __module_load(HOST, "");
	if (ret == -EBUSY) {
		/* As on 6.1: it says so, and leaves nothing behind. */
		log_wait(log, "this kernel cannot have a second IOMMU driver");
		check(!module_is_loaded(HOST));
	} else {
		check_eq(ret, 0);
		check_eq(sysfs_entries(IOMMUS), before.iommus + 1);
		expect_same_groups(&before);
		module_unload(HOST);
	}
	expect_unchanged(&before);
	free(before.groups);
}

/* Have vfio-pci take the device behind the IOMMU of the machine: its address. */
static struct text bind_testdev(void)
{
	DIR *dir = opendir(PCI_DEVICES);
	struct text address = text("%s", ""), path;
	struct dirent *entry;

	check(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		path = text(PCI_DEVICES "/%s", entry->d_name);
		if (strtoul(sysfs_read(text("%s/vendor", path.s).s).s, NULL, 0) == TESTDEV_VENDOR &&
		    strtoul(sysfs_read(text("%s/device", path.s).s).s, NULL, 0) == TESTDEV_DEVICE)
			address = text("%s", entry->d_name);
	}
	closedir(dir);
	if (!*address.s)
		skip_case("this machine has no pci-testdev (ci/run --iommu has one)");
	path = text(PCI_DEVICES "/%s/driver_override", address.s);
	check_eq(__sysfs_write(path.s, "vfio-pci"), 0);
	check_eq(__sysfs_write("/sys/bus/pci/drivers_probe", address.s), 0);
	check(!access(text(VFIO_PCI "/%s", address.s).s, F_OK));
	return address;
}

static void unbind_testdev(const struct text *address)
{
	check_eq(__sysfs_write(VFIO_PCI "/unbind", address->s), 0);
	check_eq(__sysfs_write(text(PCI_DEVICES "/%s/driver_override", address->s).s, "\n"), 0);
}

/*
 * What is mapped once, in one container or IOAS, is mapped in both IOMMUs, and the one
 * of the machine does not see what the one in software does.
 */
static void one_process_uses_devices_behind_both(struct env *env)
{
	struct vfio testdev, *engine = &env->dev;
	struct pci_function fn;
	struct text address;
	struct chain chain;
	u8 *source, *target;
	unsigned int i;

	need_hardware_iommu();
	pci_begin();
	address = bind_testdev();
	fn = pci_function_for_vfio("engine", "model=ioat");
	vfio_open(&testdev, address.s, env->door);
	vfio_open_beside(engine, &testdev, fn.address);
	source = dma_memory(SIZE);
	target = dma_memory(SIZE);
	dma_map(engine, SOURCE, source, SIZE, DMA_READ);
	dma_map(engine, TARGET, target, SIZE, DMA_RW);
	chain_init(engine, &chain);
	chain_begin(engine, &chain);
	for (i = 0; i < 10; i++) {
		fill_pattern(source, SIZE, i);
		chain_add(engine, &chain, DESC_COPY | DESC_COMPLETION, SIZE, SOURCE, TARGET);
		check_eq(chain_wait(&chain), DONE);
		check_mem(target, source, SIZE);
	}
	/* Read-only is read-only for this one, too. */
	chain_add(engine, &chain, DESC_COPY | DESC_COMPLETION, SIZE, TARGET, SOURCE);
	check_eq(chain_wait(&chain), HALTED);
	vfio_close(engine);
	vfio_close(&testdev);
	pci_absent(&fn);
	unbind_testdev(&address);
}

const struct test_case cases[] = {
	CASE(the_iommu_of_the_machine_keeps_its_devices, NO_DOOR),
	CASE(one_process_uses_devices_behind_both, NO_DEVICE),
	{}
};
