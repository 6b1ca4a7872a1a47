// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parents that are functions of the PCI bus in software (host/), for programs that
 * look for parents among PCI devices.
 *
 * The functions have ids and class of the devices that are created at them, and
 * nothing else.  They are on the bus from the registration of the driver to its end.
 * Each is a parent while the PCI driver below is bound to it, so that sysfs can
 * remove the PCI device and find it again, as if it was unplugged and plugged in.
 *
 * softpci-host is looked up at run time: without such parents it is not needed.
 */
#include <linux/err.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "../host/softpci-host.h"
#include "internal.h"

/**
 * struct parent_function - a parent device that is a PCI function
 * @fn: the function
 * @error: how the last attempt to make a parent of it ended, -ENODEV before the first
 */
struct parent_function {
	struct softpci_function *fn;
	int error;
};

/**
 * struct parent_functions - parent devices that are PCI functions
 * @reg: the registration of their driver
 * @drv: the PCI driver that makes parents of them
 * @registered: @drv is registered
 * @add: softpci_host_add(), NULL: softpci-host is not held
 * @remove: softpci_host_remove(), the same
 * @is: softpci_host_is(), the same
 * @nr: how many functions there are
 * @function: the functions
 */
struct parent_functions {
	struct softpci_registration *reg;
	struct pci_driver drv;
	bool registered;
	struct softpci_function *(*add)(const struct softpci_function_desc *desc);
	void (*remove)(struct softpci_function *fn);
	bool (*is)(const struct softpci_function *fn, struct pci_dev *pdev);
	unsigned int nr;
	struct parent_function function[];
};

static struct parent_function *find_function(struct parent_functions *pci,
					     struct pci_dev *pdev)
{
	unsigned int i;

	for (i = 0; i < pci->nr; i++)
		if (pci->is(pci->function[i].fn, pdev))
			return &pci->function[i];
	return NULL;
}

/* driver_override and new_id can offer any device to a driver. */
static int parent_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct parent_functions *pci =
		container_of(pdev->driver, struct parent_functions, drv);
	struct parent_function *function = find_function(pci, pdev);
	struct softpci_parent *parent;

	if (!function)
		return -ENODEV;
	parent = softpci_parent_add(pci->reg, &pdev->dev);
	function->error = PTR_ERR_OR_ZERO(parent);
	if (!function->error)
		pci_set_drvdata(pdev, parent);
	return function->error;
}

static void parent_remove(struct pci_dev *pdev)
{
	softpci_parent_remove(pci_get_drvdata(pdev));
}

static int get_host(struct parent_functions *pci)
{
	pci->add = try_then_request_module(symbol_get(softpci_host_add),
					   "softpci-host");
	if (pci->add)
		pci->remove = symbol_get(softpci_host_remove);
	if (pci->remove)
		pci->is = symbol_get(softpci_host_is);
	if (pci->is)
		return 0;
	pr_err("%s: parent=pci needs the module softpci-host, which cannot be loaded\n",
	       pci->reg->drv->name);
	return -ENODEV;
}

static void put_host(struct parent_functions *pci)
{
	if (pci->is)
		symbol_put(softpci_host_is);
	if (pci->remove)
		symbol_put(softpci_host_remove);
	if (pci->add)
		symbol_put(softpci_host_add);
}

static int add_function(struct parent_functions *pci)
{
	const struct softpci_driver *drv = pci->reg->drv;
	const struct softpci_model *model = drv->types[0].model;
	const struct softpci_function_desc desc = {
		.vendor = model->vendor,
		.device = model->device,
		.subsystem_vendor = model->subsystem_vendor,
		.subsystem_device = model->subsystem_device,
		.class = model->class,
		.revision = model->revision,
		.group = -1,
		.devfn = -1,
		.driver_override = drv->name,
	};
	struct softpci_function *fn;

	fn = pci->add(&desc);
	if (IS_ERR(fn)) {
		pr_err("%s: cannot add PCI function %u of %u: %pe\n", drv->name,
		       pci->nr + 1, pci->reg->nr_parents, fn);
		return PTR_ERR(fn);
	}
	pci->nr++;
	pci->function[pci->nr - 1].fn = fn;
	pci->function[pci->nr - 1].error = -ENODEV;
	return 0;
}

/* Without ids: only driver_override leads devices to it. */
static int register_driver(struct parent_functions *pci)
{
	const struct softpci_driver *drv = pci->reg->drv;
	unsigned int i;
	int ret;

	pci->drv.name = drv->name;
	pci->drv.probe = parent_probe;
	pci->drv.remove = parent_remove;
	/* There is no DMA. */
	pci->drv.driver_managed_dma = true;
	pci->drv.driver.probe_type = PROBE_FORCE_SYNCHRONOUS;
	ret = __pci_register_driver(&pci->drv, drv->owner, drv->name);
	if (ret)
		return ret;
	pci->registered = true;

	for (i = 0; i < pci->nr; i++) {
		ret = pci->function[i].error;
		if (ret) {
			pr_err("%s: cannot bind to PCI function %u of %u: %pe\n",
			       drv->name, i + 1, pci->nr, ERR_PTR(ret));
			return ret;
		}
	}
	return 0;
}

static int functions_add(struct softpci_registration *reg)
{
	struct parent_functions *pci;
	unsigned int i;
	int ret;

	pci = kzalloc(struct_size(pci, function, reg->nr_parents), GFP_KERNEL);
	if (!pci)
		return -ENOMEM;
	pci->reg = reg;
	reg->devices = pci;

	ret = get_host(pci);
	for (i = 0; i < reg->nr_parents && !ret; i++)
		ret = add_function(pci);
	return ret ?: register_driver(pci);
}

static void functions_remove(struct softpci_registration *reg)
{
	struct parent_functions *pci = reg->devices;

	if (pci && pci->registered)
		pci_unregister_driver(&pci->drv);
}

static void functions_free(struct softpci_registration *reg)
{
	struct parent_functions *pci = reg->devices;
	unsigned int i;

	if (!pci)
		return;
	for (i = 0; i < pci->nr; i++)
		pci->remove(pci->function[i].fn);
	put_host(pci);
	kfree(pci);
}

const struct softpci_parent_kind softpci_parent_pci = {
	.name	= "pci",
	.add	= functions_add,
	.remove	= functions_remove,
	.free	= functions_free,
};
