// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver as the mdev core sees it: types, attributes of devices, and the budget
 * of the parents that the devices are created at.
 */
#include <linux/array_size.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"

static const struct softpci_type *to_type(struct mdev_type *type)
{
	return to_softpci_mdev_type(type)->type;
}

static bool take_budget(struct softpci_parent *parent, unsigned int cost)
{
	guard(mutex)(&parent->lock);
	if (parent->left < cost)
		return false;
	WRITE_ONCE(parent->left, parent->left - cost);
	return true;
}

static void give_budget(struct softpci_parent *parent, unsigned int cost)
{
	guard(mutex)(&parent->lock);
	WRITE_ONCE(parent->left, parent->left + cost);
}

/**
 * softpci_from_dev() - the model's device of an mdev
 * @dev: the device that attributes (softpci_driver.attrs) are shown of
 *
 * Return: the device; it stays for as long as an attribute is accessed.
 */
struct softpci_device *softpci_from_dev(struct device *dev)
{
	struct softpci_vfio *svfio = dev_get_drvdata(dev);

	return svfio->dev;
}
EXPORT_SYMBOL_GPL(softpci_from_dev);

/**
 * softpci_type_of() - the type that an mdev was created as
 * @dev: as for softpci_from_dev()
 *
 * Return: the entry of softpci_driver.types.
 */
const struct softpci_type *softpci_type_of(struct device *dev)
{
	struct softpci_vfio *svfio = dev_get_drvdata(dev);

	return svfio->type->type;
}
EXPORT_SYMBOL_GPL(softpci_type_of);

/* vendor/error: a fatal error on the bus, as AER would report it. */
static ssize_t error_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	unsigned int val;
	int ret;

	ret = kstrtouint(buf, 0, &val);
	if (ret)
		return ret;
	if (val != 1)
		return -EINVAL;
	ret = softpci_vfio_error(dev_get_drvdata(dev));
	return ret ?: count;
}
static DEVICE_ATTR_WO(error);

/* vendor/migration: which streams it takes, for a check before a migration. */
static ssize_t migration_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	struct softpci_vfio *svfio = dev_get_drvdata(dev);

	return sysfs_emit(buf, "type=%s stream=%u.%u\n", svfio->type->name,
			  SOFTPCI_STREAM_MAJOR, SOFTPCI_STREAM_MINOR);
}
static DEVICE_ATTR_RO(migration);

/* vendor/display: by which interface a user sees what is displayed. */
static ssize_t display_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  softpci_display_name(dev_get_drvdata(dev)));
}

static ssize_t display_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	int ret;

	ret = softpci_display_choose(dev_get_drvdata(dev), buf);
	return ret ?: count;
}
static DEVICE_ATTR_RW(display);

/*
 * Only a PCI Express device has the ERR interrupt, and a display that is not there
 * has no other interface.
 */
static umode_t attr_visible(struct kobject *kobj, struct attribute *attr, int i)
{
	const struct softpci_model *model =
		softpci_type_of(kobj_to_dev(kobj))->model;

	if (attr == &dev_attr_error.attr && !model->pcie)
		return 0;
	if (attr == &dev_attr_display.attr &&
	    model->display == SOFTPCI_DISPLAY_NONE)
		return 0444;
	return attr->mode;
}

static int softpci_mdev_probe(struct mdev_device *mdev)
{
	struct softpci_parent *parent = to_softpci_parent(mdev->type);
	unsigned int cost = to_type(mdev->type)->cost;
	struct softpci_vfio *svfio;
	int ret;

	if (!take_budget(parent, cost))
		return -ENOSPC;

	svfio = vfio_alloc_device(softpci_vfio, vdev, &mdev->dev,
				  &softpci_vfio_ops);
	if (IS_ERR(svfio)) {
		ret = PTR_ERR(svfio);
		goto err_give;
	}
	dev_set_drvdata(&mdev->dev, svfio);

	ret = vfio_register_emulated_iommu_dev(&svfio->vdev);
	if (ret)
		goto err_put;
	return 0;

err_put:
	vfio_put_device(&svfio->vdev);
err_give:
	give_budget(parent, cost);
	return ret;
}

static void softpci_mdev_remove(struct mdev_device *mdev)
{
	struct softpci_vfio *svfio = dev_get_drvdata(&mdev->dev);

	/* Asks the user to close it, and waits for that. */
	vfio_unregister_group_dev(&svfio->vdev);
	vfio_put_device(&svfio->vdev);
	give_budget(to_softpci_parent(mdev->type), to_type(mdev->type)->cost);
}

static unsigned int softpci_mdev_available(struct mdev_type *type)
{
	return READ_ONCE(to_softpci_parent(type)->left) / to_type(type)->cost;
}

static ssize_t softpci_mdev_description(struct mdev_type *type, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_type(type)->description);
}

/**
 * softpci_registration_put() - a parent, or the registration itself, is gone
 * @reg: the registration
 */
void softpci_registration_put(struct softpci_registration *reg)
{
	if (refcount_dec_and_test(&reg->live))
		complete(&reg->released);
}

static void free_types(struct softpci_registration *reg)
{
	unsigned int i;

	for (i = 0; reg->types && i < reg->drv->nr_types; i++)
		if (!IS_ERR_OR_NULL(reg->types[i].layout))
			softpci_layout_destroy(reg->types[i].layout);
	kfree(reg->types);
}

/* The caller calls free_types(), after an error as well. */
static int init_types(struct softpci_registration *reg)
{
	const struct softpci_driver *drv = reg->drv;
	unsigned int i;

	reg->types = kcalloc(drv->nr_types, sizeof(*reg->types), GFP_KERNEL);
	if (!reg->types)
		return -ENOMEM;

	for (i = 0; i < drv->nr_types; i++) {
		const struct softpci_type *type = &drv->types[i];
		struct softpci_mdev_type *mtype = &reg->types[i];

		if (WARN_ON(!type->cost))
			return -EINVAL;
		mtype->type = type;
		/* A name that is cut short would be that of another type. */
		if (WARN_ON(snprintf(mtype->name, sizeof(mtype->name), "%s-%s",
				     drv->name, type->name) >=
			    sizeof(mtype->name)))
			return -EINVAL;
		mtype->layout = softpci_layout_create(type->model);
		if (IS_ERR(mtype->layout))
			return PTR_ERR(mtype->layout);
	}
	return 0;
}

/* The driver's attributes, and those that all devices have. */
static int init_attrs(struct softpci_registration *reg)
{
	struct attribute **attrs = reg->drv->attrs;
	unsigned int nr = 0;

	while (attrs && attrs[nr])
		nr++;
	reg->attrs = kcalloc(nr + 4, sizeof(*reg->attrs), GFP_KERNEL);
	if (!reg->attrs)
		return -ENOMEM;
	if (nr)
		memcpy(reg->attrs, attrs, nr * sizeof(*attrs));
	reg->attrs[nr] = &dev_attr_error.attr;
	reg->attrs[nr + 1] = &dev_attr_migration.attr;
	reg->attrs[nr + 2] = &dev_attr_display.attr;

	reg->vendor.name = "vendor";
	reg->vendor.attrs = reg->attrs;
	reg->vendor.is_visible = attr_visible;
	reg->groups[0] = &reg->vendor;
	reg->groups[1] = &softpci_knobs_group;
	return 0;
}

static int init_parents(struct softpci_registration *reg,
			const struct softpci_parents *parents)
{
	static const struct softpci_parent_kind *const kinds[] = {
		&softpci_parent_virtual, &softpci_parent_pci,
	};
	unsigned int i;

	if (!parents->nr || parents->nr > SOFTPCI_MAX_PARENTS) {
		pr_err("%s: parents=%u: there can be 1 to %u\n", reg->drv->name,
		       parents->nr, SOFTPCI_MAX_PARENTS);
		return -EINVAL;
	}
	reg->nr_parents = parents->nr;
	reg->budget = parents->budget;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!strcmp(parents->kind, kinds[i]->name)) {
			reg->kind = kinds[i];
			return 0;
		}
	}
	pr_err("%s: parent=%s: it can be virtual or pci\n", reg->drv->name,
	       parents->kind);
	return -EINVAL;
}

/* Asks the users of devices to close them, and waits for that. */
static void remove_parents(struct softpci_registration *reg)
{
	reg->kind->remove(reg);
	softpci_registration_put(reg);
	wait_for_completion(&reg->released);
	reg->kind->free(reg);
}

static void free_registration(struct softpci_registration *reg)
{
	free_types(reg);
	kfree(reg->attrs);
	kfree(reg);
}

/**
 * softpci_vfio_register() - offer a driver's models as mediated devices
 * @drv: the driver; it must stay until softpci_vfio_unregister()
 * @parents: the parent devices that it gets
 *
 * May sleep.  With @parents->kind "pci" the module softpci-host is loaded, if it
 * is not there, and kept.
 *
 * Return: the argument of softpci_vfio_unregister(); ERR_PTR() of -ENOMEM, of
 * -EINVAL for wrong @parents, of the error of softpci_layout_create(), of -EEXIST
 * or -EBUSY where another driver has the name, of -ENODEV without softpci-host, or
 * of the error of softpci_host_add().
 */
struct softpci_registration *
softpci_vfio_register(const struct softpci_driver *drv,
		      const struct softpci_parents *parents)
{
	struct softpci_registration *reg;
	int ret;

	reg = kzalloc_obj(*reg, GFP_KERNEL);
	if (!reg)
		return ERR_PTR(-ENOMEM);
	reg->drv = drv;
	refcount_set(&reg->live, 1);
	init_completion(&reg->released);
	reg->mdev_drv = (struct mdev_driver) {
		.device_api = VFIO_DEVICE_API_PCI_STRING,
		.probe = softpci_mdev_probe,
		.remove = softpci_mdev_remove,
		.get_available = softpci_mdev_available,
		.show_description = softpci_mdev_description,
		.driver = {
			.name = drv->name,
			.owner = drv->owner,
			.mod_name = drv->name,
			.dev_groups = reg->groups,
		},
	};

	ret = init_parents(reg, parents);
	if (ret)
		goto err_free;
	ret = init_types(reg);
	if (ret)
		goto err_free;
	ret = init_attrs(reg);
	if (ret)
		goto err_free;
	ret = mdev_register_driver(&reg->mdev_drv);
	if (ret)
		goto err_free;
	ret = reg->kind->add(reg);
	if (ret)
		goto err_remove_parents;
	return reg;

err_remove_parents:
	remove_parents(reg);
	mdev_unregister_driver(&reg->mdev_drv);
err_free:
	free_registration(reg);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(softpci_vfio_register);

/**
 * softpci_vfio_unregister() - remove all devices of a driver, and its parents
 * @reg: from softpci_vfio_register(); freed
 *
 * Asks the users of devices to close them, and waits for that. The driver's
 * module cannot be unloaded before they have.
 */
void softpci_vfio_unregister(struct softpci_registration *reg)
{
	remove_parents(reg);
	mdev_unregister_driver(&reg->mdev_drv);
	free_registration(reg);
}
EXPORT_SYMBOL_GPL(softpci_vfio_unregister);

/*
 * The last release of a device, which softpci_vfio_unregister() waits for, says
 * so by softpci_parent_put(), and returns through this module's text after that.
 * Nothing else keeps the module then: a file of a device that is not open,
 * such as a cdev not bound, has a reference to the device only.  A task that is
 * preempted there is waited for: it is in no grace period but that of tasks.
 * A kernel that preempts has that one if it has ftrace, kprobes or BPF, or if
 * this module was selected in its configuration.
 */
static void __exit softpci_vfio_module_exit(void)
{
	synchronize_rcu_tasks();
}
module_exit(softpci_vfio_module_exit);

MODULE_DESCRIPTION("Models of PCI devices as VFIO mediated devices");
MODULE_LICENSE("GPL");
