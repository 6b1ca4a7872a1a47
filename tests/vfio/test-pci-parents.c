// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parents that are functions of the PCI bus in software (module parameter
 * "parent"): as sysfs shows them, removed and found again, and in use meanwhile.
 */
#include <dirent.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/irq.h"
#include "../lib/log.h"
#include "../lib/module.h"
#include "../lib/uevent.h"

#define HOST		"softpci-host"
#define PCI_DEVICES	"/sys/bus/pci/devices"
#define PCI_DRIVERS	"/sys/bus/pci/drivers"
#define FIRST_DOMAIN	0x1000
/* Parents that a case has. */
#define NR		2

/* PCI parents of one driver, by rising address. */
struct pci_parents {
	const char *driver;
	struct text at[NR];
};

static bool is_address(const char *name)
{
	unsigned int domain, bus, device, function;

	return sscanf(name, "%x:%x:%x.%x", &domain, &bus, &device, &function) == 4;
}

static struct text pci_file(struct text address, const char *file)
{
	return text(PCI_DEVICES "/%s/%s", address.s, file);
}

static unsigned int pci_value(struct text address, const char *file)
{
	return strtoul(sysfs_read(pci_file(address, file).s).s, NULL, 16);
}

static void pci_find(struct pci_parents *p)
{
	struct text dir = text(PCI_DRIVERS "/%s", p->driver);
	struct dirent **list;
	int nr = scandir(dir.s, &list, NULL, alphasort), i;
	unsigned int found = 0;

	note("%s", dir.s);
	check(nr >= 0);
	for (i = 0; i < nr; i++) {
		if (is_address(list[i]->d_name)) {
			check(found < NR);
			p->at[found++] = text("%s", list[i]->d_name);
		}
		free(list[i]);
	}
	free(list);
	check_eq(found, NR);
}

/* The bus; a case ends with put_host(). */
static void get_host(void)
{
	int ret;

	if (module_is_loaded(HOST))
		return;
	module_probe("configfs");
	ret = __module_load(HOST, "");
	if (ret)
		skip_case("no PCI bus in software: " HOST " cannot be loaded (%s)",
			  strerror(-ret));
}

static void put_host(void)
{
	module_unload(HOST);
}

static void load_pci(struct pci_parents *p, const char *driver, const char *params)
{
	get_host();
	p->driver = driver;
	module_reload(driver, text("parent=pci parents=%u %s", NR, params).s);
	pci_find(p);
}

static void unload_pci(const struct pci_parents *p)
{
	module_reload(p->driver, "");
	put_host();
}

static const struct model *first_model(const char *driver)
{
	const struct model *m = models;

	while (strcmp(m->parent, driver))
		m++;
	return m;
}

static void expect_parent(const struct pci_parents *p, unsigned int i)
{
	const struct model *m;

	for (m = models; m < models + NR_MODELS; m++) {
		if (strcmp(m->parent, p->driver))
			continue;
		note("%s at %s", m->type, p->at[i].s);
		check_eq(access(mdev_type_path_at(p->at[i].s, m->type, "create").s, W_OK), 0);
	}
}

static bool pci_exists(struct text address)
{
	return access(pci_file(address, "").s, F_OK) == 0;
}

static bool is_parent(struct text address)
{
	return access(text(MDEV_BUS "/%s", address.s).s, F_OK) == 0;
}

static struct text pci_event(const char *action, struct text address)
{
	char *real = realpath(pci_file(address, "").s, NULL);
	struct text event;

	check(real);
	event = text("%s@%s", action, real + strlen("/sys"));
	free(real);
	return event;
}

static void rescan(void)
{
	check_eq(__sysfs_write("/sys/bus/pci/rescan", "1"), 0);
}

static void hide(struct text address)
{
	check_eq(__sysfs_write(pci_file(address, "remove").s, "1"), 0);
}

static void they_have_ids_and_class_of_their_devices(struct env *env)
{
	const struct model *m;
	struct pci_parents p;
	unsigned int d, i;
	char *real;

	for (d = 0; d < NR_PARENTS; d++) {
		m = first_model(parents[d]);
		load_pci(&p, parents[d], "");
		for (i = 0; i < NR; i++) {
			note("%s: %s", parents[d], p.at[i].s);
			check(strtoul(p.at[i].s, NULL, 16) >= FIRST_DOMAIN);
			check_eq(pci_value(p.at[i], "vendor"), m->vendor);
			check_eq(pci_value(p.at[i], "device"), m->device);
			check_eq(pci_value(p.at[i], "subsystem_vendor"), m->subvendor);
			check_eq(pci_value(p.at[i], "subsystem_device"), m->subdevice);
			check_eq(pci_value(p.at[i], "class"), m->class);
			if (m->revision >= 0)
				check_eq(pci_value(p.at[i], "revision"), m->revision);
			check(!strcmp(sysfs_read(pci_file(p.at[i], "driver_override").s).s,
				      parents[d]));
			check(access(pci_file(p.at[i], "resource0").s, F_OK));
			check(access(pci_file(p.at[i], "resource2").s, F_OK));
			real = realpath(pci_file(p.at[i], "subsystem").s, NULL);
			check(real && !strcmp(real, "/sys/bus/pci"));
			free(real);
		}
		unload_pci(&p);
		for (i = 0; i < NR; i++)
			check(!pci_exists(p.at[i]));
	}
}

static void they_are_on_the_mdev_bus_in_place_of_virtual_ones(struct env *env)
{
	char *real, *want;
	struct pci_parents p;
	unsigned int d, i;

	for (d = 0; d < NR_PARENTS; d++) {
		load_pci(&p, parents[d], "");
		for (i = 0; i < NR; i++) {
			expect_parent(&p, i);
			real = realpath(text(MDEV_BUS "/%s", p.at[i].s).s, NULL);
			want = realpath(pci_file(p.at[i], "").s, NULL);
			check(real && want && !strcmp(real, want));
			free(real);
			free(want);
		}
		check(access(text(MDEV_BUS "/%s", parents[d]).s, F_OK));
		check(access(text("/sys/class/%s", parents[d]).s, F_OK));
		check(access(text("/sys/devices/virtual/%s", parents[d]).s, F_OK));
		unload_pci(&p);
	}
}

static void each_has_a_budget_of_its_own(struct env *env)
{
	struct pci_parents p;
	struct mdev extra;

	load_pci(&p, "mtty", "ports=3");
	mdev_create_at(p.at[0].s, "mtty-2");
	check_eq(mdev_available_at(p.at[0].s, "mtty-1"), 1);
	check_eq(mdev_available_at(p.at[0].s, "mtty-2"), 0);
	check_eq(mdev_available_at(p.at[1].s, "mtty-1"), 3);
	extra = mdev_random();
	check_eq(__mdev_create_at(&extra, p.at[0].s, "mtty-2"), -ENOSPC);
	check_eq(__mdev_create_at(&extra, p.at[1].s, "mtty-2"), 0);
	check_eq(mdev_available_at(p.at[1].s, "mtty-1"), 1);
	mdev_remove_all();
	check_eq(mdev_available_at(p.at[0].s, "mtty-1"), 3);
	check_eq(mdev_available_at(p.at[1].s, "mtty-1"), 3);
	unload_pci(&p);
}

static void their_devices_work(struct env *env)
{
	const struct model *m;
	struct pci_parents p;
	struct mdev mdev;
	struct vfio dev;
	unsigned int d;

	for (d = 0; d < NR_PARENTS; d++) {
		m = first_model(parents[d]);
		load_pci(&p, parents[d], "");
		mdev = mdev_create_at(p.at[1].s, m->type);
		note("%s", m->type);
		vfio_open(&dev, mdev.uuid, env->door);
		check_eq(config_get(&dev, PCI_VENDOR_ID, 2), m->vendor);
		check(strstr(sysfs_read(mdev_path(&mdev, "vendor/migration").s).s,
			     text("type=%s ", m->type).s));
		check_eq(__module_unload(parents[d]), -EWOULDBLOCK);
		vfio_close(&dev);
		mdev_remove(&mdev);
		unload_pci(&p);
	}
}

static void removed_and_found_again_they_are_as_new(struct env *env)
{
	struct text removed, unbind;
	int events = uevent_open();
	struct pci_parents p;
	struct mdev mdev;

	load_pci(&p, "mtty", "ports=3");
	mdev = mdev_create_at(p.at[0].s, "mtty-2");
	removed = pci_event("remove", p.at[0]);
	unbind = pci_event("unbind", p.at[0]);

	hide(p.at[0]);
	uevent_wait(events, pci_event("change", p.at[1]).s, "MDEV_STATE=registered");
	uevent_wait(events, text("remove%s/%s", strchr(removed.s, '@'), mdev.uuid).s, NULL);
	uevent_wait(events, text("change%s", strchr(removed.s, '@')).s,
		    "MDEV_STATE=unregistered");
	uevent_wait(events, unbind.s, NULL);
	uevent_wait(events, removed.s, NULL);
	check(!pci_exists(p.at[0]));
	check(!is_parent(p.at[0]));
	check(!mdev_exists(&mdev));
	expect_parent(&p, 1);

	rescan();
	uevent_wait(events, pci_event("add", p.at[0]).s, NULL);
	uevent_wait(events, pci_event("change", p.at[0]).s, "MDEV_STATE=registered");
	uevent_wait(events, pci_event("bind", p.at[0]).s, NULL);
	pci_find(&p);
	expect_parent(&p, 0);
	check_eq(mdev_available_at(p.at[0].s, "mtty-1"), 3);
	check_eq(__mdev_create_at(&mdev, p.at[0].s, "mtty-2"), 0);
	mdev_remove(&mdev);
	unload_pci(&p);
}

static void unbound_and_bound_they_are_as_new(struct env *env)
{
	struct pci_parents p;
	struct mdev mdev;

	load_pci(&p, "mdpy", "count=2");
	mdev = mdev_create_at(p.at[1].s, "mdpy-hd");
	check_eq(__sysfs_write(PCI_DRIVERS "/mdpy/unbind", p.at[1].s), 0);
	check(pci_exists(p.at[1]));
	check(!is_parent(p.at[1]));
	check(!mdev_exists(&mdev));
	check_eq(__sysfs_write(PCI_DRIVERS "/mdpy/bind", p.at[1].s), 0);
	expect_parent(&p, 1);
	check_eq(mdev_available_at(p.at[1].s, "mdpy-hd"), 2);
	unload_pci(&p);
}

/* Hiding a parent in a process of its own, one that has no file of the device. */
struct hiding {
	struct text address;
	struct vfio *dev;
};

static int hide_in_child(void *arg)
{
	const struct hiding *h = arg;

	vfio_close(h->dev);
	hide(h->address);
	return 0;
}

static void removal_asks_the_user_of_a_device_and_waits(struct env *env)
{
	struct pci_parents p;
	struct hiding h;
	struct mdev mdev;
	struct vfio dev;
	int status;
	pid_t pid;
	s32 req;

	load_pci(&p, "mdpy", "");
	mdev = mdev_create_at(p.at[0].s, "mdpy-vga");
	vfio_open(&dev, mdev.uuid, env->door);
	irq_enable(&dev, REQ, 1, &req);
	h = (struct hiding){ p.at[0], &dev };
	pid = child_start(hide_in_child, &h);
	event_wait(req);
	check_eq(config_get(&dev, PCI_VENDOR_ID, 2), model_of("mdpy-vga")->vendor);
	check(!child_ended(pid, 0, &status));
	check_eq(__module_unload("mdpy"), -EWOULDBLOCK);
	vfio_close(&dev);
	child_join(pid);
	check(!mdev_exists(&mdev));
	check(!pci_exists(p.at[0]));
	expect_parent(&p, 1);
	unload_pci(&p);
}

#define ROUNDS	20

/* While the other parent is there. */
static int create_for_ever(void *arg)
{
	const struct pci_parents *p = arg;
	unsigned int made = 0;
	struct mdev mdev;
	int ret;

	while (is_parent(p->at[1])) {
		mdev = mdev_random();
		ret = __mdev_create_at(&mdev, p->at[0].s, "mtty-1");
		made += !ret;
		if (ret && ret != -ENOSPC)
			check_one_of(ret, -ENOENT, -ENODEV);
	}
	check(made);
	return 0;
}

static void removal_survives_creation_at_the_same_time(struct env *env)
{
	struct pci_parents p;
	unsigned int i;
	pid_t pid[2];

	load_pci(&p, "mtty", "ports=100");
	for (i = 0; i < ARRAY_SIZE(pid); i++)
		pid[i] = child_start(create_for_ever, &p);
	for (i = 0; i < ROUNDS; i++) {
		hide(p.at[0]);
		check(!is_parent(p.at[0]));
		rescan();
		check(is_parent(p.at[0]));
	}
	hide(p.at[1]);
	for (i = 0; i < ARRAY_SIZE(pid); i++)
		child_join(pid[i]);
	mdev_remove_all();
	check_eq(mdev_available_at(p.at[0].s, "mtty-1"), 100);
	unload_pci(&p);
}

/* A driver takes any device by driver_override, if it does not look itself. */
static void no_other_pci_device_becomes_a_parent(struct env *env)
{
	struct text other = {};
	struct pci_parents p;
	struct dirent *entry;
	DIR *dir;

	load_pci(&p, "mdpy", "");
	dir = opendir(PCI_DEVICES);
	check(dir);
	while (!other.s[0] && (entry = readdir(dir)))
		if (is_address(entry->d_name) &&
		    access(text(PCI_DEVICES "/%s/driver", entry->d_name).s, F_OK))
			other = text("%s", entry->d_name);
	closedir(dir);
	if (!other.s[0]) {
		unload_pci(&p);
		skip_case("all PCI devices of this machine have a driver");
	}
	note("%s", other.s);
	check_eq(__sysfs_write(pci_file(other, "driver_override").s, "mdpy"), 0);
	check_eq(__sysfs_write(PCI_DRIVERS "/mdpy/bind", other.s), -ENODEV);
	check(!is_parent(other));
	check_eq(__sysfs_write(pci_file(other, "driver_override").s, "\n"), 0);
	unload_pci(&p);
}

static void they_keep_the_bus_and_virtual_ones_do_not(struct env *env)
{
	struct pci_parents p;

	load_pci(&p, "mdpy", "");
	check_eq(__module_unload(HOST), -EWOULDBLOCK);
	module_reload("mdpy", "parents=2");
	module_unload(HOST);
	check(!module_is_loaded(HOST));
}

static void when_the_bus_is_full_none_is_left(struct env *env)
{
	int log = log_open();
	struct pci_parents p;
	unsigned int i;

	load_pci(&p, "mdpy", "");
	module_unload("mtty");
	check_eq(__module_load("mtty", "parent=pci parents=256"), -ENOSPC);
	log_wait(log, "mtty: cannot add PCI function 255 of 256: ");
	close(log);
	check(access(PCI_DRIVERS "/mtty", F_OK));
	for (i = 0; i < NR; i++)
		expect_parent(&p, i);
	module_load("mtty", "");
	unload_pci(&p);
}

const struct test_case cases[] = {
	CASE(they_have_ids_and_class_of_their_devices, NO_DOOR),
	CASE(they_are_on_the_mdev_bus_in_place_of_virtual_ones, NO_DOOR),
	CASE(each_has_a_budget_of_its_own, NO_DOOR),
	CASE(removed_and_found_again_they_are_as_new, NO_DOOR),
	CASE(unbound_and_bound_they_are_as_new, NO_DOOR),
	CASE(removal_survives_creation_at_the_same_time, NO_DOOR),
	CASE(no_other_pci_device_becomes_a_parent, NO_DOOR),
	CASE(they_keep_the_bus_and_virtual_ones_do_not, NO_DOOR),
	CASE(when_the_bus_is_full_none_is_left, NO_DOOR),
	CASE(their_devices_work, NO_DEVICE),
	CASE(removal_asks_the_user_of_a_device_and_waits, NO_DEVICE),
	{}
};
