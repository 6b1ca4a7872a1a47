// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host bridge, its one bus, and the functions on it.
 *
 * A function is added to the table of the bus and then scanned, as one that was
 * plugged in; the PCI core's "remove" and "rescan" work as for any other: a rescan finds
 * functions of a device that has function 0.  Whichever way the PCI core finds a
 * function, bus_notify() prepares its device before any driver sees it.
 */
#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/notifier.h>
#include <linux/numa.h>
#include <linux/platform_device.h>

#include "internal.h"

/* Domains are numbers of 16 bits: some programs take no more. */
#define FIRST_DOMAIN	0x1000
#define LAST_DOMAIN	0xffff

/**
 * struct softpci_bus - the bus
 * @sysdata: of the architecture; the domain
 * @bridge: the host bridge
 * @busn: its bus numbers: 0
 * @function: the functions by devfn; written under pci_lock_rescan_remove()
 * @hardware: the parent of the bridge in sysfs
 */
struct softpci_bus {
	struct pci_sysdata sysdata;
	struct pci_host_bridge *bridge;
	struct resource busn;
	struct softpci_function __rcu *function[SOFTPCI_BUS_FUNCTIONS];
	struct platform_device *hardware;
};

static struct softpci_bus softpci_bus;

/**
 * softpci_bus_domain_nr() - number of the PCI domain
 *
 * Return: the number.
 */
int softpci_bus_domain_nr(void)
{
	return softpci_bus.sysdata.domain;
}

/**
 * softpci_bus_find() - the function at a place of the bus
 * @devfn: the place
 *
 * Context: any, in an RCU read-side critical section, or with the function kept by
 * other means.
 * Return: the function, or NULL.
 */
struct softpci_function *softpci_bus_find(unsigned int devfn)
{
	if (devfn >= SOFTPCI_BUS_FUNCTIONS)
		return NULL;
	return rcu_dereference_check(softpci_bus.function[devfn], true);
}

/**
 * softpci_function_of() - the function that a device is
 * @dev: a device of any kind, that is being added or has been
 *
 * It stays until the device was removed.
 *
 * Context: any.
 * Return: the function; NULL if the device is not on this bus.
 */
struct softpci_function *softpci_function_of(struct device *dev)
{
	struct pci_dev *pdev;

	if (!dev_is_pci(dev))
		return NULL;
	pdev = to_pci_dev(dev);
	if (pdev->bus->sysdata != &softpci_bus.sysdata)
		return NULL;
	return softpci_bus_find(pdev->devfn);
}

/**
 * softpci_bus_has_siblings() - are there other functions of the same device
 * @devfn: place of function 0
 *
 * Virtual functions are none: the driver of the physical one finds them.
 *
 * Context: any.
 * Return: whether there are.
 */
bool softpci_bus_has_siblings(unsigned int devfn)
{
	struct softpci_function *fn;
	unsigned int i;

	guard(rcu)();
	for (i = 1; i < 8; i++) {
		fn = softpci_bus_find(devfn + i);
		if (fn && !fn->pf)
			return true;
	}
	return false;
}

static int bus_read(struct pci_bus *bus, unsigned int devfn, int where,
		    int size, u32 *val)
{
	struct softpci_function *fn;

	guard(rcu)();
	fn = softpci_bus_find(devfn);
	if (!fn) {
		PCI_SET_ERROR_RESPONSE(val);
		return PCIBIOS_DEVICE_NOT_FOUND;
	}
	*val = softpci_function_config_read(fn, where, size);
	return PCIBIOS_SUCCESSFUL;
}

static int bus_write(struct pci_bus *bus, unsigned int devfn, int where,
		     int size, u32 val)
{
	struct softpci_function *fn;

	guard(rcu)();
	fn = softpci_bus_find(devfn);
	if (!fn)
		return PCIBIOS_DEVICE_NOT_FOUND;
	softpci_function_config_write(fn, where, size, val);
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops bus_ops = {
	.read	= bus_read,
	.write	= bus_write,
};

/*
 * BARs are where their memory is: the PCI core must not move them. One that cannot be
 * claimed is none. Those of virtual functions are claimed by the PCI core, as parts of
 * these.
 */
static void claim_bars(struct pci_dev *pdev)
{
	int i;

	for (i = 0; i < PCI_BRIDGE_RESOURCES; i++) {
		struct resource *res = &pdev->resource[i];

		if (i == PCI_ROM_RESOURCE || !res->flags || res->parent)
			continue;
		if (pci_claim_resource(pdev, i))
			*res = (struct resource) { .name = res->name };
		else
			res->flags |= IORESOURCE_PCI_FIXED;
	}
}

/* Before the IOMMU core and drivers see the device, thus the priority. */
static int bus_notify(struct notifier_block *nb, unsigned long action,
		      void *data)
{
	struct device *dev = data;
	struct softpci_function *fn = softpci_function_of(dev);
	int ret;

	if (!fn || action != BUS_NOTIFY_ADD_DEVICE)
		return NOTIFY_DONE;
	ret = softpci_iommu_add(dev);
	if (ret)
		dev_err(dev, "no IOMMU for it (error %d)\n", ret);
	claim_bars(to_pci_dev(dev));
	/* A rescan looks for others beside it, which may come later. */
	if (!fn->pf && !PCI_FUNC(fn->devfn))
		to_pci_dev(dev)->multifunction = 1;
	if (fn->driver_override)
		ret = device_set_driver_override(dev, fn->driver_override) ?: ret;
	/* The PCI core does not ask for it. */
	fn->notify_error = ret;
	return NOTIFY_OK;
}

static struct notifier_block bus_notifier = {
	.notifier_call	= bus_notify,
	.priority	= INT_MAX,
};

static int find_domain(void)
{
	int nr, next = FIRST_DOMAIN;

	for (;;) {
		nr = pci_bus_find_emul_domain_nr(next, FIRST_DOMAIN,
						 LAST_DOMAIN);
		if (nr < 0 || !pci_find_bus(nr, 0))
			return nr;
		pci_bus_release_emul_domain_nr(nr);
		next = nr + 1;
	}
}

static int add_bridge(struct softpci_bus *bus)
{
	struct resource *window = softpci_bars_window();
	struct pci_host_bridge *bridge;
	int ret;

	bridge = pci_alloc_host_bridge(0);
	if (!bridge)
		return -ENOMEM;
	bus->busn.name = "softpci";
	bus->busn.flags = IORESOURCE_BUS;
	bridge->dev.parent = &bus->hardware->dev;
	bridge->sysdata = &bus->sysdata;
	bridge->ops = &bus_ops;
	pci_add_resource(&bridge->windows, &bus->busn);
	if (window)
		pci_add_resource(&bridge->windows, window);
	dev_set_msi_domain(&bridge->dev, softpci_msi_domain());

	pci_lock_rescan_remove();
	ret = pci_scan_root_bus_bridge(bridge);
	pci_unlock_rescan_remove();
	if (ret) {
		pci_free_host_bridge(bridge);
		return ret;
	}
	bus->bridge = bridge;
	return 0;
}

/**
 * softpci_bus_init() - register the bus, without functions
 *
 * Return: 0, or an errno.
 */
int __init softpci_bus_init(void)
{
	struct softpci_bus *bus = &softpci_bus;
	int ret;

	bus->sysdata.node = NUMA_NO_NODE;
	ret = find_domain();
	if (ret < 0)
		return ret;
	bus->sysdata.domain = ret;

	bus->hardware = platform_device_register_simple("softpci-host",
							PLATFORM_DEVID_NONE,
							NULL, 0);
	if (IS_ERR(bus->hardware)) {
		ret = PTR_ERR(bus->hardware);
		goto err_release_domain;
	}
	ret = bus_register_notifier(&pci_bus_type, &bus_notifier);
	if (ret)
		goto err_unregister_hardware;
	ret = add_bridge(bus);
	if (ret)
		goto err_unregister_notifier;
	return 0;

err_unregister_notifier:
	bus_unregister_notifier(&pci_bus_type, &bus_notifier);
err_unregister_hardware:
	platform_device_unregister(bus->hardware);
err_release_domain:
	pci_bus_release_emul_domain_nr(bus->sysdata.domain);
	return ret;
}

/** softpci_bus_exit() - undo softpci_bus_init(), when all functions are gone */
void softpci_bus_exit(void)
{
	struct softpci_bus *bus = &softpci_bus;

	pci_lock_rescan_remove();
	pci_stop_root_bus(bus->bridge->bus);
	pci_remove_root_bus(bus->bridge->bus);
	pci_unlock_rescan_remove();
	pci_free_host_bridge(bus->bridge);
	bus_unregister_notifier(&pci_bus_type, &bus_notifier);
	platform_device_unregister(bus->hardware);
	pci_bus_release_emul_domain_nr(bus->sysdata.domain);
}

/*
 * Virtual functions come after their physical one, in a row. Returns the first place
 * of one.
 */
static int find_row(unsigned long *taken, unsigned int after, unsigned int nr)
{
	unsigned long first = bitmap_find_next_zero_area(taken,
							 SOFTPCI_BUS_FUNCTIONS,
							 after + 1, nr, 0);

	return first < SOFTPCI_BUS_FUNCTIONS ? first : -ENOSPC;
}

/*
 * A place for a function, -1: any, with @nr_vfs after it, the first of which is at
 * @first. A device of its own is looked for first, as most devices have one function.
 */
static int find_places(unsigned long *taken, int wanted, unsigned int nr_vfs,
		       int *first)
{
	unsigned int slot, func;

	if (wanted >= SOFTPCI_BUS_FUNCTIONS)
		return -EINVAL;
	if (wanted >= 0) {
		if (test_bit(wanted, taken))
			return -EBUSY;
		*first = nr_vfs ? find_row(taken, wanted, nr_vfs) : 0;
		return *first < 0 ? *first : wanted;
	}
	for (func = 0; func < 8; func++) {
		for (slot = 0; slot < 32; slot++) {
			unsigned int place = PCI_DEVFN(slot, func);

			if (test_bit(place, taken))
				continue;
			*first = nr_vfs ? find_row(taken, place, nr_vfs) : 0;
			if (*first >= 0)
				return place;
		}
	}
	return -ENOSPC;
}

static void enter(struct softpci_function *fn)
{
	rcu_assign_pointer(softpci_bus.function[fn->devfn], fn);
}

/*
 * Before a driver can be bound: it would be one that is not to, or it could do no DMA.
 * The IOMMU core keeps its errors to itself.
 */
static int check_device(const struct softpci_function *fn, struct pci_dev *pdev)
{
	if (fn->notify_error)
		return fn->notify_error;
	if (device_iommu_mapped(&pdev->dev))
		return 0;
	pci_err(pdev, "the IOMMU core has no group for it\n");
	return -ENODEV;
}

/*
 * Have the PCI core find a function and give it to a driver. It is new: no rescan was
 * possible since it has its place. Other devices are left alone, as pci_bus_add_devices()
 * would not: when a driver is unbound, it may disable virtual functions without the lock,
 * and they leave the list of devices while that is walked.
 */
static int show(struct softpci_function *fn)
{
	struct pci_dev *pdev;
	int ret;

	pdev = pci_scan_single_device(softpci_bus.bridge->bus, fn->devfn);
	if (!pdev)
		return -ENODEV;
	ret = check_device(fn, pdev);
	if (ret)
		/* A rescan would add it. */
		pci_stop_and_remove_bus_device(pdev);
	else
		pci_bus_add_device(pdev);
	return ret;
}

/**
 * softpci_bus_insert() - plug in a function, with its virtual ones
 * @fn: the function, with its config space and softpci_sriov_add()
 * @devfn: the place, or -1 for any
 *
 * A driver for it may be bound on return.
 *
 * Context: process, may sleep.
 * Return: 0; -EBUSY if the place is taken, -ENOSPC if there is none, or none for its
 * virtual functions, -EINVAL for one that does not exist; -ENODEV if the PCI core or the
 * IOMMU core cannot use it, -ENOMEM: it has its place then.
 */
int softpci_bus_insert(struct softpci_function *fn, int devfn)
{
	DECLARE_BITMAP(taken, SOFTPCI_BUS_FUNCTIONS) = {};
	unsigned int nr_vfs = softpci_sriov_total(fn), i;
	int place, first, ret;

	pci_lock_rescan_remove();
	for (i = 0; i < SOFTPCI_BUS_FUNCTIONS; i++)
		if (rcu_access_pointer(softpci_bus.function[i]))
			__set_bit(i, taken);
	place = find_places(taken, devfn, nr_vfs, &first);
	ret = min(place, 0);
	if (!ret) {
		fn->devfn = place;
		if (nr_vfs)
			softpci_sriov_place(fn, first);
		/* Before the one whose driver enables them. */
		for (i = 0; i < nr_vfs; i++)
			enter(softpci_sriov_vf(fn, i));
		enter(fn);
		ret = show(fn);
	}
	pci_unlock_rescan_remove();
	return ret;
}

/**
 * softpci_bus_get_pdev() - the device of a function
 * @fn: the function, inserted
 *
 * Return: the device, to be put by pci_dev_put(); NULL if the PCI core does not know
 * of it: it was removed by its user, or not yet shown.
 */
struct pci_dev *softpci_bus_get_pdev(struct softpci_function *fn)
{
	return pci_get_domain_bus_and_slot(softpci_bus_domain_nr(), 0,
					   fn->devfn);
}

/*
 * As the driver of a slot does for a card that was pulled out: nothing waits for an
 * answer of it.
 */
static void disconnect(struct softpci_function *fn)
{
	struct pci_dev *pdev;

	if (!test_bit(SOFTPCI_FUNCTION_GONE, &fn->state))
		return;
	pdev = softpci_bus_get_pdev(fn);
	if (!pdev)
		return;
	xchg(&pdev->error_state, pci_channel_io_perm_failure);
	pci_dev_put(pdev);
}

/*
 * A driver can leave its virtual functions enabled when it is unbound; the PCI core
 * forgets its physical function only after they were disabled.  It removes them from the
 * bus, for which the caller holds pci_lock_rescan_remove().
 */
static void disable_vfs(struct softpci_function *fn)
{
	struct pci_dev *pdev = softpci_bus_get_pdev(fn);

	if (pdev && pci_num_vf(pdev)) {
		device_release_driver(&pdev->dev);
		pci_disable_sriov(pdev);
	}
	pci_dev_put(pdev);
}

/*
 * The device of a function with both locks, to be put; NULL: with the one for removal, as
 * there is no device.  The PCI core takes the two in either order, so this one waits for
 * neither while it holds the other.
 */
static struct pci_dev *lock_with_device(struct softpci_function *fn)
{
	struct pci_dev *pdev;

	while (true) {
		pci_lock_rescan_remove();
		pdev = softpci_bus_get_pdev(fn);
		if (!pdev || device_trylock(&pdev->dev))
			return pdev;
		pci_unlock_rescan_remove();
		device_lock(&pdev->dev);
		device_unlock(&pdev->dev);
		pci_dev_put(pdev);
	}
}

/*
 * When sriov_numvfs is written, the PCI core takes the lock of the device first and then
 * pci_lock_rescan_remove(), and when a device is removed the other way round.  So a
 * function that can have virtual ones loses these here, as by a write of 0, and then its
 * driver without the second lock: without a driver, a write takes no second lock.
 */
static void lock_for_removal(struct softpci_function *fn)
{
	struct pci_dev *pdev;
	bool done = false;

	if (!softpci_sriov_total(fn)) {
		pci_lock_rescan_remove();
		return;
	}
	/* No driver enables them again. */
	softpci_sriov_close(fn);
	while (!done) {
		pdev = lock_with_device(fn);
		if (!pdev)
			return;
		if (pci_num_vf(pdev) && pdev->driver && pdev->driver->sriov_configure)
			pdev->driver->sriov_configure(pdev, 0);
		/* If there are any left, disable_vfs() is for them. */
		done = !pdev->driver || pci_num_vf(pdev);
		device_unlock(&pdev->dev);
		if (!done) {
			pci_unlock_rescan_remove();
			device_release_driver(&pdev->dev);
		}
		pci_dev_put(pdev);
	}
}

/**
 * softpci_bus_remove() - unplug a function
 * @fn: the function; one that has no place is left as it is
 *
 * Its driver is unbound before, for which vfio-pci waits until its user has closed
 * it. All of the PCI core's hot-plug waits meanwhile, unless the function can have
 * virtual ones. No access reaches the function on return.
 *
 * Context: process, may sleep.
 */
void softpci_bus_remove(struct softpci_function *fn)
{
	struct pci_dev *pdev;
	unsigned int i;

	if (rcu_access_pointer(softpci_bus.function[fn->devfn]) != fn)
		return;
	for (i = 0; i < softpci_sriov_total(fn); i++)
		disconnect(softpci_sriov_vf(fn, i));
	disconnect(fn);
	lock_for_removal(fn);
	disable_vfs(fn);
	pdev = softpci_bus_get_pdev(fn);
	if (pdev) {
		pci_stop_and_remove_bus_device(pdev);
		pci_dev_put(pdev);
	}
	RCU_INIT_POINTER(softpci_bus.function[fn->devfn], NULL);
	pci_unlock_rescan_remove();
	synchronize_rcu();
}

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/host-bus.c"
#endif
