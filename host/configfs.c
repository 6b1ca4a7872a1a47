// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions made by the administrator: /sys/kernel/config/softpci.
 *
 * A folder there is a function; its attributes describe it, and "live" plugs it
 * in.  The attributes cannot be written while it is live, and the folder cannot be
 * removed: rmdir would have to wait until a user of the function closes it, with
 * locks of directories held.  A write to "live" holds none of these.  It does hold the
 * folder's frag_sem for reading, which rmdir takes for writing: but rmdir looks first
 * whether anything depends on the folder, as a live function does, and gives up.
 * The attributes can be read meanwhile.
 *
 * Module and subsystem stay for as long as there is a folder.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "configfs.h"

/**
 * softpci_item_lock() - have the function of a folder stay live
 * @errors: the folder "errors" in it
 *
 * Context: process, may sleep.
 * Return: the function, until softpci_item_unlock(); or an ERR_PTR() of -ENODEV if it
 * is not live, and then nothing is to be undone.
 */
struct softpci_function *softpci_item_lock(struct config_item *errors)
{
	struct softpci_item *item = softpci_to_item(errors->ci_parent);

	mutex_lock(&item->lock);
	if (item->state == SOFTPCI_ITEM_LIVE)
		return item->fn;
	mutex_unlock(&item->lock);
	return ERR_PTR(-ENODEV);
}

/**
 * softpci_item_unlock() - undo softpci_item_lock()
 * @errors: the folder "errors"
 */
void softpci_item_unlock(struct config_item *errors)
{
	mutex_unlock(&softpci_to_item(errors->ci_parent)->lock);
}

/**
 * softpci_item_live_show() - read "live"
 * @config: the folder
 * @page: the text
 *
 * Return: its length.
 */
ssize_t softpci_item_live_show(struct config_item *config, char *page)
{
	struct softpci_item *item = softpci_to_item(config);

	guard(mutex)(&item->lock);
	return sysfs_emit(page, "%d\n", item->state == SOFTPCI_ITEM_LIVE ||
					item->state == SOFTPCI_ITEM_LEAVING);
}

/* Gives the item a state that nothing else leaves; 1 if it is @to already. */
static int begin(struct softpci_item *item, enum softpci_item_state from,
		 enum softpci_item_state state, enum softpci_item_state to)
{
	guard(mutex)(&item->lock);
	if (item->state == to)
		return 1;
	if (item->state != from)
		return -EBUSY;
	item->state = state;
	return 0;
}

static void finish(struct softpci_item *item, enum softpci_item_state state,
		   struct softpci_function *fn)
{
	guard(mutex)(&item->lock);
	item->state = state;
	item->fn = fn;
}

static struct configfs_subsystem subsystem;

static struct softpci_function *plug_in(struct softpci_item *item)
{
	struct config_item *folder = &item->group.cg_item;
	struct softpci_function *fn;
	int ret;

	/* rmdir is refused from here on. */
	ret = configfs_depend_item_unlocked(&subsystem, folder);
	if (ret)
		return ERR_PTR(ret);
	fn = softpci_function_create(&item->desc);
	if (!IS_ERR(fn)) {
		ret = softpci_function_live(fn, item->desc.devfn);
		if (!ret)
			return fn;
		softpci_function_destroy(fn);
		fn = ERR_PTR(ret);
	}
	configfs_undepend_item_unlocked(folder);
	return fn;
}

static int make_live(struct softpci_item *item)
{
	int ret = begin(item, SOFTPCI_ITEM_ABSENT, SOFTPCI_ITEM_COMING,
			SOFTPCI_ITEM_LIVE);
	struct softpci_function *fn;

	if (ret)
		return min(ret, 0);
	fn = plug_in(item);
	if (IS_ERR(fn)) {
		finish(item, SOFTPCI_ITEM_ABSENT, NULL);
		return PTR_ERR(fn);
	}
	finish(item, SOFTPCI_ITEM_LIVE, fn);
	return 0;
}

/*
 * Waits while a driver does not let go of the function, as vfio-pci while a user has it
 * open; in the PCI core, which no signal ends.
 */
static int make_absent(struct softpci_item *item)
{
	int ret = begin(item, SOFTPCI_ITEM_LIVE, SOFTPCI_ITEM_LEAVING,
			SOFTPCI_ITEM_ABSENT);

	if (ret)
		return min(ret, 0);
	softpci_inject_end_flr(item->fn);
	softpci_function_unplug(item->fn);
	softpci_function_destroy(item->fn);
	finish(item, SOFTPCI_ITEM_ABSENT, NULL);
	configfs_undepend_item_unlocked(&item->group.cg_item);
	return 0;
}

/**
 * softpci_item_live_store() - plug a function in or out
 * @config: the folder
 * @page: the text
 * @count: its length
 *
 * Return: @count; an errno of kstrtobool(), softpci_function_create() or
 * softpci_function_live(), -EBUSY while it is being plugged in or out.
 */
ssize_t softpci_item_live_store(struct config_item *config, const char *page,
				size_t count)
{
	struct softpci_item *item = softpci_to_item(config);
	bool live;
	int ret;

	ret = kstrtobool(page, &live);
	if (ret)
		return ret;
	ret = live ? make_live(item) : make_absent(item);
	return ret ?: count;
}

static void item_release(struct config_item *config)
{
	struct softpci_item *item = softpci_to_item(config);

	mutex_destroy(&item->lock);
	kfree(item->driver_override);
	kfree(item);
}

static struct configfs_item_operations item_ops = {
	.release = item_release,
};

static const struct config_item_type item_type = {
	.ct_item_ops = &item_ops,
	.ct_attrs = softpci_item_attrs,
	.ct_owner = THIS_MODULE,
};

static struct config_group *make_item(struct config_group *parent,
				      const char *name)
{
	struct softpci_item *item = kzalloc_obj(*item, GFP_KERNEL);

	if (!item)
		return ERR_PTR(-ENOMEM);
	mutex_init(&item->lock);
	softpci_item_set_defaults(item);
	config_group_init_type_name(&item->group, name, &item_type);
	config_group_init_type_name(&item->errors, "errors",
				    &softpci_errors_type);
	configfs_add_default_group(&item->errors, &item->group);
	return &item->group;
}

static struct configfs_group_operations subsystem_ops = {
	.make_group = make_item,
};

static const struct config_item_type subsystem_type = {
	.ct_group_ops = &subsystem_ops,
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem subsystem = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "softpci",
			.ci_type = &subsystem_type,
		},
	},
	.su_mutex = __MUTEX_INITIALIZER(subsystem.su_mutex),
};

/**
 * softpci_configfs_init() - have the folder "softpci" in configfs
 *
 * Return: 0 or an errno.
 */
int __init softpci_configfs_init(void)
{
	config_group_init(&subsystem.su_group);
	return configfs_register_subsystem(&subsystem);
}

/** softpci_configfs_exit() - undo softpci_configfs_init(), when there is no folder in it */
void softpci_configfs_exit(void)
{
	configfs_unregister_subsystem(&subsystem);
}
