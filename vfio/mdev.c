// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver's place in sysfs: class, parent device, mdev types and the budget
 * that they share.
 */
#include <linux/cleanup.h>
#include <linux/container_of.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"

static struct softpci_parent *to_parent(struct mdev_type *type)
{
	return container_of(type->parent, struct softpci_parent, mdev_parent);
}

static const struct softpci_type *to_type(struct mdev_type *type)
{
	return container_of(type, struct softpci_mdev_type, mdev)->type;
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

/* Only a PCI Express device has the ERR interrupt. */
static umode_t attr_visible(struct kobject *kobj, struct attribute *attr, int i)
{
	if (attr == &dev_attr_error.attr &&
	    !softpci_type_of(kobj_to_dev(kobj))->model->pcie)
		return 0;
	return attr->mode;
}

/**
 * softpci_parent_put() - a device, or the registration, is gone
 * @parent: the registration
 *
 * A removed device is released when its last file is put, which can be after
 * removal has returned; only then has it no use for its driver any more.
 */
void softpci_parent_put(struct softpci_parent *parent)
{
	if (refcount_dec_and_test(&parent->live))
		complete(&parent->released);
}

static int softpci_mdev_probe(struct mdev_device *mdev)
{
	struct softpci_parent *parent = to_parent(mdev->type);
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
	give_budget(to_parent(mdev->type), to_type(mdev->type)->cost);
}

static unsigned int softpci_mdev_available(struct mdev_type *type)
{
	return READ_ONCE(to_parent(type)->left) / to_type(type)->cost;
}

static ssize_t softpci_mdev_description(struct mdev_type *type, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_type(type)->description);
}

/* Class and parent device: /sys/devices/virtual/<name>/<name>. */
static int add_parent_device(struct softpci_parent *parent)
{
	int ret;

	parent->class.name = parent->drv->name;
	ret = class_register(&parent->class);
	if (ret)
		return ret;

	parent->dev = device_create(&parent->class, NULL, MKDEV(0, 0), NULL,
				    "%s", parent->drv->name);
	if (IS_ERR(parent->dev)) {
		class_unregister(&parent->class);
		return PTR_ERR(parent->dev);
	}
	return 0;
}

static void del_parent_device(struct softpci_parent *parent)
{
	device_unregister(parent->dev);
	class_unregister(&parent->class);
}

static void free_types(struct softpci_parent *parent)
{
	unsigned int i;

	for (i = 0; parent->types && i < parent->drv->nr_types; i++)
		if (!IS_ERR_OR_NULL(parent->types[i].layout))
			softpci_layout_destroy(parent->types[i].layout);
	kfree(parent->types);
	kfree(parent->mdev_types);
}

/* The caller calls free_types(), after an error as well. */
static int init_types(struct softpci_parent *parent)
{
	const struct softpci_driver *drv = parent->drv;
	unsigned int i;

	parent->types = kcalloc(drv->nr_types, sizeof(*parent->types),
				GFP_KERNEL);
	parent->mdev_types = kcalloc(drv->nr_types, sizeof(*parent->mdev_types),
				     GFP_KERNEL);
	if (!parent->types || !parent->mdev_types)
		return -ENOMEM;

	for (i = 0; i < drv->nr_types; i++) {
		const struct softpci_type *type = &drv->types[i];
		struct softpci_mdev_type *mtype = &parent->types[i];

		if (WARN_ON(!type->cost))
			return -EINVAL;
		mtype->type = type;
		/* A name that is cut short would be that of another type. */
		if (WARN_ON(snprintf(mtype->name, sizeof(mtype->name), "%s-%s",
				     drv->name, type->name) >=
			    sizeof(mtype->name)))
			return -EINVAL;
		mtype->mdev.sysfs_name = type->name;
		mtype->mdev.pretty_name = type->pretty_name;
		mtype->layout = softpci_layout_create(type->model);
		if (IS_ERR(mtype->layout))
			return PTR_ERR(mtype->layout);
		parent->mdev_types[i] = &mtype->mdev;
	}
	return 0;
}

/* The driver's attributes, and those that all devices have. */
static int init_attrs(struct softpci_parent *parent)
{
	struct attribute **attrs = parent->drv->attrs;
	unsigned int nr = 0;

	while (attrs && attrs[nr])
		nr++;
	parent->attrs = kcalloc(nr + 3, sizeof(*parent->attrs), GFP_KERNEL);
	if (!parent->attrs)
		return -ENOMEM;
	if (nr)
		memcpy(parent->attrs, attrs, nr * sizeof(*attrs));
	parent->attrs[nr] = &dev_attr_error.attr;
	parent->attrs[nr + 1] = &dev_attr_migration.attr;

	parent->vendor.name = "vendor";
	parent->vendor.attrs = parent->attrs;
	parent->vendor.is_visible = attr_visible;
	parent->groups[0] = &parent->vendor;
	parent->groups[1] = &softpci_knobs_group;
	return 0;
}

static void free_parent(struct softpci_parent *parent)
{
	free_types(parent);
	kfree(parent->attrs);
	mutex_destroy(&parent->lock);
	kfree(parent);
}

/**
 * softpci_vfio_register() - offer a driver's models as mediated devices
 * @drv: the driver; it must stay until softpci_vfio_unregister()
 * @budget: the limit of the cost of all its devices (softpci_type.cost)
 *
 * May sleep.
 *
 * Return: the argument of softpci_vfio_unregister(); ERR_PTR() of -ENOMEM, of
 * the error of softpci_layout_create(), or of -EEXIST or -EBUSY
 * where another driver has the name.
 */
struct softpci_parent *softpci_vfio_register(const struct softpci_driver *drv,
					     unsigned int budget)
{
	struct softpci_parent *parent;
	int ret;

	parent = kzalloc_obj(*parent, GFP_KERNEL);
	if (!parent)
		return ERR_PTR(-ENOMEM);
	parent->drv = drv;
	parent->left = budget;
	refcount_set(&parent->live, 1);
	init_completion(&parent->released);
	mutex_init(&parent->lock);
	parent->mdev_drv = (struct mdev_driver) {
		.device_api = VFIO_DEVICE_API_PCI_STRING,
		.probe = softpci_mdev_probe,
		.remove = softpci_mdev_remove,
		.get_available = softpci_mdev_available,
		.show_description = softpci_mdev_description,
		.driver = {
			.name = drv->name,
			.owner = drv->owner,
			.mod_name = drv->name,
			.dev_groups = parent->groups,
		},
	};

	ret = init_types(parent);
	if (ret)
		goto err_free;
	ret = init_attrs(parent);
	if (ret)
		goto err_free;
	ret = mdev_register_driver(&parent->mdev_drv);
	if (ret)
		goto err_free;
	ret = add_parent_device(parent);
	if (ret)
		goto err_unregister_driver;
	ret = mdev_register_parent(&parent->mdev_parent, parent->dev,
				   &parent->mdev_drv, parent->mdev_types,
				   drv->nr_types);
	if (ret)
		goto err_del_device;
	return parent;

err_del_device:
	del_parent_device(parent);
err_unregister_driver:
	mdev_unregister_driver(&parent->mdev_drv);
err_free:
	free_parent(parent);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(softpci_vfio_register);

/**
 * softpci_vfio_unregister() - remove all devices of a driver, and its types
 * @parent: from softpci_vfio_register(); freed
 *
 * Asks the users of devices to close them, and waits for that. The driver's
 * module cannot be unloaded before they have.
 */
void softpci_vfio_unregister(struct softpci_parent *parent)
{
	mdev_unregister_parent(&parent->mdev_parent);
	softpci_parent_put(parent);
	wait_for_completion(&parent->released);
	del_parent_device(parent);
	mdev_unregister_driver(&parent->mdev_drv);
	free_parent(parent);
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
