// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver's place in sysfs: class, parent device, mdev types and the budget
 * that they share.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "internal.h"

static struct softpci_parent *to_parent(struct mdev_type *type)
{
	return container_of(type->parent, struct softpci_parent, mdev_parent);
}

static struct softpci_type *to_type(struct mdev_type *type)
{
	return container_of(type, struct softpci_type, mdev);
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
 * softpci_parent_put() - a device, or the registration, is gone
 * @parent: what it was of
 *
 * A removed device is released when its last file is put, which can be after
 * removal has returned; only then has it no use for its driver any more.
 */
void softpci_parent_put(struct softpci_parent *parent)
{
	if (refcount_dec_and_test(&parent->live))
		complete(&parent->released);
}

static int softpci_probe(struct mdev_device *mdev)
{
	struct softpci_parent *parent = to_parent(mdev->type);
	unsigned int cost = to_type(mdev->type)->cost;
	struct vfio_device *vdev;
	int ret;

	if (!take_budget(parent, cost))
		return -ENOSPC;

	vdev = _vfio_alloc_device(parent->drv->device_size, &mdev->dev,
				  &softpci_device_ops);
	if (IS_ERR(vdev)) {
		ret = PTR_ERR(vdev);
		goto err_give;
	}
	dev_set_drvdata(&mdev->dev, to_softpci(vdev));

	ret = vfio_register_emulated_iommu_dev(vdev);
	if (ret)
		goto err_put;
	return 0;

err_put:
	vfio_put_device(vdev);
err_give:
	give_budget(parent, cost);
	return ret;
}

static void softpci_remove(struct mdev_device *mdev)
{
	struct softpci_device *spdev = dev_get_drvdata(&mdev->dev);

	/* Waits for the user to close it, asking him to. */
	vfio_unregister_group_dev(&spdev->vdev);
	vfio_put_device(&spdev->vdev);
	give_budget(to_parent(mdev->type), to_type(mdev->type)->cost);
}

static unsigned int softpci_get_available(struct mdev_type *type)
{
	return READ_ONCE(to_parent(type)->left) / to_type(type)->cost;
}

static ssize_t softpci_show_description(struct mdev_type *type, char *buf)
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

static int add_types(struct softpci_parent *parent)
{
	const struct softpci_driver *drv = parent->drv;
	unsigned int i;
	int ret;

	parent->mdev_types = kcalloc(drv->nr_types, sizeof(*parent->mdev_types),
				     GFP_KERNEL);
	if (!parent->mdev_types)
		return -ENOMEM;
	for (i = 0; i < drv->nr_types; i++)
		parent->mdev_types[i] = &drv->types[i]->mdev;

	ret = mdev_register_parent(&parent->mdev_parent, parent->dev,
				   &parent->mdev_drv, parent->mdev_types,
				   drv->nr_types);
	if (ret)
		kfree(parent->mdev_types);
	return ret;
}

/**
 * softpci_register() - make a driver's types ready for use
 * @drv: the driver; it must stay until softpci_unregister()
 * @budget: what all its devices together may cost (softpci_type.cost)
 *
 * Return: what softpci_unregister() wants, or an ERR_PTR().
 */
struct softpci_parent *softpci_register(const struct softpci_driver *drv,
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
	parent->vendor.name = "vendor";
	parent->vendor.attrs = drv->attrs;
	parent->groups[0] = &parent->vendor;
	parent->mdev_drv = (struct mdev_driver) {
		.device_api = VFIO_DEVICE_API_PCI_STRING,
		.probe = softpci_probe,
		.remove = softpci_remove,
		.get_available = softpci_get_available,
		.show_description = softpci_show_description,
		.driver = {
			.name = drv->name,
			.owner = drv->owner,
			.mod_name = drv->name,
			.dev_groups = parent->groups,
		},
	};

	ret = mdev_register_driver(&parent->mdev_drv);
	if (ret)
		goto err_free;
	ret = add_parent_device(parent);
	if (ret)
		goto err_unregister_driver;
	ret = add_types(parent);
	if (ret)
		goto err_del_device;
	return parent;

err_del_device:
	del_parent_device(parent);
err_unregister_driver:
	mdev_unregister_driver(&parent->mdev_drv);
err_free:
	mutex_destroy(&parent->lock);
	kfree(parent);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(softpci_register);

/**
 * softpci_unregister() - remove all devices of a driver, and its types
 * @parent: from softpci_register(); freed
 *
 * Waits for users of devices to close them, asking them to.  The driver's
 * module cannot be unloaded before they have.
 */
void softpci_unregister(struct softpci_parent *parent)
{
	mdev_unregister_parent(&parent->mdev_parent);
	softpci_parent_put(parent);
	wait_for_completion(&parent->released);
	del_parent_device(parent);
	mdev_unregister_driver(&parent->mdev_drv);
	kfree(parent->mdev_types);
	mutex_destroy(&parent->lock);
	kfree(parent);
}
EXPORT_SYMBOL_GPL(softpci_unregister);

static int __init softpci_init(void)
{
	softpci_ram_init();
	return 0;
}
module_init(softpci_init);

/*
 * The last release of a device, which softpci_unregister() waits for, says so
 * by softpci_parent_put(), and returns through this module's text after that.
 * Nothing else keeps the module then: a file of a device that is not open,
 * such as a cdev not bound, has a reference to the device only.  A task that is
 * preempted there is waited for: it is in no grace period but that of tasks.
 * A kernel that preempts has that one if it has ftrace, kprobes or BPF, or if
 * this module was selected in its configuration.
 */
static void __exit softpci_exit(void)
{
	synchronize_rcu_tasks();
	softpci_ram_exit();
}
module_exit(softpci_exit);

MODULE_DESCRIPTION("Virtual PCI devices for VFIO, core");
MODULE_LICENSE("GPL");
