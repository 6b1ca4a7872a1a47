/* SPDX-License-Identifier: GPL-2.0-only */
/* A folder of configfs, as configfs.c, attrs.c and inject.c share it. */
#ifndef SOFTPCI_HOST_CONFIGFS_H
#define SOFTPCI_HOST_CONFIGFS_H

#include <linux/configfs.h>
#include <linux/mutex.h>

#include "internal.h"

enum softpci_item_state {
	SOFTPCI_ITEM_ABSENT,
	SOFTPCI_ITEM_COMING,
	SOFTPCI_ITEM_LIVE,
	SOFTPCI_ITEM_LEAVING,
};

/**
 * struct softpci_item - a folder
 * @group: as configfs knows it
 * @errors: the folder "errors" in it
 * @lock: protects all below; not held while a function is plugged in or out
 * @state: of the function
 * @model: its model
 * @desc: its description
 * @driver_override: the same, of which @desc has a pointer; NULL: none
 * @fn: the function, while it is live
 */
struct softpci_item {
	struct config_group group;
	struct config_group errors;
	struct mutex lock; /* see above */
	enum softpci_item_state state;
	const struct softpci_named_model *model;
	struct softpci_function_desc desc;
	char *driver_override;
	struct softpci_function *fn;
};

static inline struct softpci_item *softpci_to_item(struct config_item *item)
{
	return container_of(to_config_group(item), struct softpci_item, group);
}

/* configfs.c */
ssize_t softpci_item_live_show(struct config_item *config, char *page);
ssize_t softpci_item_live_store(struct config_item *config, const char *page,
				size_t count);
struct softpci_function *softpci_item_lock(struct config_item *errors);
void softpci_item_unlock(struct config_item *errors);

/* attrs.c */
void softpci_item_set_defaults(struct softpci_item *item);

extern struct configfs_attribute *softpci_item_attrs[];

/* inject.c */
extern const struct config_item_type softpci_errors_type;

#endif /* SOFTPCI_HOST_CONFIGFS_H */
