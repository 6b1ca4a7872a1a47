// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parents: devices with mdev types, each with a budget of its own.  A virtual one
 * is /sys/devices/virtual/<driver>/<driver>, the others beside it.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "internal.h"

/**
 * softpci_parent_add() - offer the types of a driver at a device
 * @reg: the registration of the driver
 * @dev: the device; it must stay until softpci_parent_remove() has returned
 *
 * May sleep.
 *
 * Return: the argument of softpci_parent_remove(); ERR_PTR() of -ENOMEM.
 */
struct softpci_parent *softpci_parent_add(struct softpci_registration *reg,
					  struct device *dev)
{
	unsigned int nr = reg->drv->nr_types, i;
	struct softpci_parent *parent;
	int ret;

	parent = kzalloc(struct_size(parent, types, nr), GFP_KERNEL);
	if (!parent)
		return ERR_PTR(-ENOMEM);
	parent->mdev_types = kcalloc(nr, sizeof(*parent->mdev_types),
				     GFP_KERNEL);
	if (!parent->mdev_types) {
		kfree(parent);
		return ERR_PTR(-ENOMEM);
	}
	parent->reg = reg;
	parent->left = reg->budget;
	mutex_init(&parent->lock);
	refcount_set(&parent->live, 1);
	refcount_inc(&reg->live);

	for (i = 0; i < nr; i++) {
		parent->types[i].sysfs_name = reg->types[i].type->name;
		parent->types[i].pretty_name = reg->types[i].type->pretty_name;
		parent->mdev_types[i] = &parent->types[i];
	}
	ret = mdev_register_parent(&parent->mdev_parent, dev, &reg->mdev_drv,
				   parent->mdev_types, nr);
	if (ret) {
		softpci_parent_put(parent);
		return ERR_PTR(ret);
	}
	return parent;
}

/**
 * softpci_parent_remove() - remove all devices of a parent, and its types
 * @parent: from softpci_parent_add(); it must not be used any more
 *
 * Asks the users of devices to close them, and waits for that.  A device is
 * released when its last file is put, which can be after this has returned: the
 * parent's memory stays until then.
 */
void softpci_parent_remove(struct softpci_parent *parent)
{
	mdev_unregister_parent(&parent->mdev_parent);
	softpci_parent_put(parent);
}

/**
 * softpci_parent_put() - a device, or the parent itself, is gone
 * @parent: the parent
 *
 * Only when its devices are released have they no use for their driver any more.
 */
void softpci_parent_put(struct softpci_parent *parent)
{
	struct softpci_registration *reg = parent->reg;

	if (!refcount_dec_and_test(&parent->live))
		return;
	mutex_destroy(&parent->lock);
	kfree(parent->mdev_types);
	kfree(parent);
	softpci_registration_put(reg);
}

/**
 * struct virtual_devices - virtual parent devices
 * @class: /sys/class/<driver>
 * @slot: as many as there are to be, empty behind the last one that could be made
 */
struct virtual_devices {
	struct class class;
	struct {
		struct device *dev;
		struct softpci_parent *parent;
	} slot[];
};

static struct device *make_device(const struct softpci_registration *reg,
				  struct class *class, unsigned int i)
{
	const char *name = reg->drv->name;

	if (!i)
		return device_create(class, NULL, MKDEV(0, 0), NULL, "%s", name);
	return device_create(class, NULL, MKDEV(0, 0), NULL, "%s.%u", name, i);
}

static int virtual_add(struct softpci_registration *reg)
{
	struct virtual_devices *virtual;
	struct softpci_parent *parent;
	struct device *dev;
	unsigned int i;
	int ret;

	virtual = kzalloc(struct_size(virtual, slot, reg->nr_parents),
			  GFP_KERNEL);
	if (!virtual)
		return -ENOMEM;
	virtual->class.name = reg->drv->name;
	ret = class_register(&virtual->class);
	if (ret) {
		kfree(virtual);
		return ret;
	}
	reg->devices = virtual;

	for (i = 0; i < reg->nr_parents; i++) {
		dev = make_device(reg, &virtual->class, i);
		if (IS_ERR(dev))
			return PTR_ERR(dev);
		virtual->slot[i].dev = dev;
		parent = softpci_parent_add(reg, dev);
		if (IS_ERR(parent))
			return PTR_ERR(parent);
		virtual->slot[i].parent = parent;
	}
	return 0;
}

static void virtual_remove(struct softpci_registration *reg)
{
	struct virtual_devices *virtual = reg->devices;
	unsigned int i;

	if (!virtual)
		return;
	for (i = 0; i < reg->nr_parents && virtual->slot[i].parent; i++)
		softpci_parent_remove(virtual->slot[i].parent);
}

static void virtual_free(struct softpci_registration *reg)
{
	struct virtual_devices *virtual = reg->devices;
	unsigned int i;

	if (!virtual)
		return;
	for (i = 0; i < reg->nr_parents && virtual->slot[i].dev; i++)
		device_unregister(virtual->slot[i].dev);
	class_unregister(&virtual->class);
	kfree(virtual);
}

const struct softpci_parent_kind softpci_parent_virtual = {
	.name	= "virtual",
	.add	= virtual_add,
	.remove	= virtual_remove,
	.free	= virtual_free,
};
