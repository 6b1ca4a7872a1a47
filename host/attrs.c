// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attributes of a folder in configfs: the description of its function.
 *
 * Each takes the text that it shows, at any time: it is written anew by scripts.  A model that
 * has a name has ids, BARs and capabilities of its own: they are shown, and cannot be changed
 * (-EPERM).  While the function is live nothing can (-EBUSY).
 */
#include <linux/array_size.h>
#include <linux/cleanup.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "configfs.h"

/* The default: QEMU's PCI test device, which has no driver, and no class. */
#define DEFAULT_VENDOR	PCI_VENDOR_ID_REDHAT
#define DEFAULT_DEVICE	0x0005
#define DEFAULT_CLASS	(PCI_CLASS_OTHERS << 16)

/* Places that are left on the bus. */
#define MAX_VFS		(SOFTPCI_BUS_FUNCTIONS - 1)

/* May the description be changed; if @of_model, a part that a named model has itself? */
static int may_change(struct softpci_item *item, bool of_model)
{
	lockdep_assert_held(&item->lock);
	if (item->state != SOFTPCI_ITEM_ABSENT)
		return -EBUSY;
	return of_model && item->model->model ? -EPERM : 0;
}

/* The value of a member of the description; @_of is where a model has it. */
#define NUMBER_ATTR(_name, _format, _member, _of, _valid)		\
static ssize_t item_##_name##_show(struct config_item *config, char *page) \
{									\
	struct softpci_item *item = softpci_to_item(config);		\
	const struct softpci_model *model;				\
									\
	guard(mutex)(&item->lock);					\
	model = item->model->model;					\
	return sysfs_emit(page, _format "\n",				\
			  model ? model->_of : item->desc._member);	\
}									\
									\
static ssize_t item_##_name##_store(struct config_item *config,		\
				    const char *page, size_t count)	\
{									\
	struct softpci_item *item = softpci_to_item(config);		\
	const struct softpci_model *model;				\
	unsigned int val;						\
	int ret = kstrtouint(page, 0, &val);				\
									\
	if (ret)							\
		return ret;						\
	if (!(_valid))							\
		return -EINVAL;						\
	guard(mutex)(&item->lock);					\
	model = item->model->model;					\
	if (val == (model ? model->_of : item->desc._member))		\
		return count;						\
	ret = may_change(item, true);					\
	if (ret)							\
		return ret;						\
	item->desc._member = val;					\
	return count;							\
}									\
									\
CONFIGFS_ATTR(item_, _name)

NUMBER_ATTR(vendor, "0x%04x", vendor, vendor, val <= U16_MAX);
NUMBER_ATTR(device, "0x%04x", device, device, val <= U16_MAX);
NUMBER_ATTR(subsystem_vendor, "0x%04x", subsystem_vendor, subsystem_vendor,
	    val <= U16_MAX);
NUMBER_ATTR(subsystem_device, "0x%04x", subsystem_device, subsystem_device,
	    val <= U16_MAX);
NUMBER_ATTR(class, "0x%06x", class, class, val <= 0xffffff);
NUMBER_ATTR(revision, "0x%02x", revision, revision, val <= U8_MAX);
NUMBER_ATTR(msi, "%u", nr_msi, nr_msi,
	    !val || (is_power_of_2(val) && val <= 32));
NUMBER_ATTR(msix, "%u", nr_msix, msix.nr, val <= SOFTPCI_MAX_MSIX);

static ssize_t item_model_show(struct config_item *config, char *page)
{
	struct softpci_item *item = softpci_to_item(config);

	guard(mutex)(&item->lock);
	return sysfs_emit(page, "%s\n", item->model->name);
}

static ssize_t item_model_store(struct config_item *config, const char *page,
				size_t count)
{
	const struct softpci_named_model *named = softpci_model_find(page);
	struct softpci_item *item = softpci_to_item(config);
	int ret;

	if (!named)
		return -EINVAL;
	guard(mutex)(&item->lock);
	if (named == item->model)
		return count;
	ret = may_change(item, false);
	if (ret)
		return ret;
	item->model = named;
	item->desc.model = named->model;
	return count;
}

CONFIGFS_ATTR(item_, model);

static const struct softpci_region *find_bar(const struct softpci_model *model,
					     unsigned int bar)
{
	unsigned int i;

	for (i = 0; i < model->nr_regions; i++)
		if (model->regions[i].index == bar)
			return &model->regions[i];
	return NULL;
}

static const char suffixes[] = "KMGTPE";

static ssize_t emit_bar(char *page, u64 size, u32 flags)
{
	unsigned int i = size ? __ffs64(size) / 10 : 0;

	return sysfs_emit(page, "%llu%.*s%s%s\n", size >> i * 10, i ? 1 : 0,
			  i ? &suffixes[i - 1] : "",
			  flags & PCI_BASE_ADDRESS_MEM_TYPE_64 ? ",64bit" : "",
			  flags & PCI_BASE_ADDRESS_MEM_PREFETCH ?
			  ",prefetchable" : "");
}

static void get_bar(const struct softpci_item *item, unsigned int bar,
		    u64 *size, u32 *flags)
{
	const struct softpci_region *region;

	if (item->model->model) {
		region = find_bar(item->model->model, bar);
		*size = region ? region->size : 0;
		*flags = region ? region->bar : 0;
	} else {
		*size = item->desc.bar_size[bar];
		*flags = item->desc.bar_flags[bar];
	}
}

static ssize_t show_bar(struct config_item *config, char *page,
			unsigned int bar)
{
	struct softpci_item *item = softpci_to_item(config);
	u32 flags;
	u64 size;

	guard(mutex)(&item->lock);
	get_bar(item, bar, &size, &flags);
	return emit_bar(page, size, flags);
}

/* memparse() of older kernels loses what is beyond 64 bits. */
static int parse_size(const char *text, size_t len, u64 *size)
{
	char number[24] = {};
	const char *suffix;
	unsigned int shift;

	if (!len || len >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, len);
	if (!kstrtoull(number, 0, size))
		return 0;
	suffix = strchr(suffixes, toupper(number[len - 1]));
	number[len - 1] = '\0';
	if (!suffix || kstrtoull(number, 0, size))
		return -EINVAL;
	shift = (suffix - suffixes + 1) * 10;
	if (*size > U64_MAX >> shift)
		return -EINVAL;
	*size <<= shift;
	return 0;
}

/* "0", "64K", "16M,64bit,prefetchable" */
static int parse_bar(const char *text, u64 *size, u32 *flags)
{
	static const char * const names[] = { "64bit", "prefetchable" };
	static const u32 values[] = {
		PCI_BASE_ADDRESS_MEM_TYPE_64, PCI_BASE_ADDRESS_MEM_PREFETCH,
	};
	const char *end = text + strcspn(text, ",\n");

	*flags = 0;
	if (parse_size(text, end - text, size) ||
	    (*size && (!is_power_of_2(*size) || *size < SZ_4K)))
		return -EINVAL;
	while (*end == ',') {
		const char *word = end + 1;
		size_t len = strcspn(word, ",\n");
		unsigned int i;

		for (i = 0; i < ARRAY_SIZE(names); i++)
			if (len == strlen(names[i]) && !memcmp(word, names[i], len))
				break;
		if (i == ARRAY_SIZE(names) || !*size)
			return -EINVAL;
		*flags |= values[i];
		end += 1 + len;
	}
	return *end && strcmp(end, "\n") ? -EINVAL : 0;
}

static ssize_t store_bar(struct config_item *config, const char *page,
			 size_t count, unsigned int bar)
{
	struct softpci_item *item = softpci_to_item(config);
	u32 flags, old_flags;
	u64 size, old_size;
	int ret;

	ret = parse_bar(page, &size, &flags);
	if (ret)
		return ret;
	guard(mutex)(&item->lock);
	get_bar(item, bar, &old_size, &old_flags);
	if (size == old_size && flags == old_flags)
		return count;
	ret = may_change(item, true);
	if (ret)
		return ret;
	item->desc.bar_size[bar] = size;
	item->desc.bar_flags[bar] = flags;
	return count;
}

#define BAR_ATTR(_bar)							\
static ssize_t item_bar##_bar##_show(struct config_item *config, char *page) \
{									\
	return show_bar(config, page, _bar);				\
}									\
									\
static ssize_t item_bar##_bar##_store(struct config_item *config,	\
				      const char *page, size_t count)	\
{									\
	return store_bar(config, page, count, _bar);			\
}									\
									\
CONFIGFS_ATTR(item_, bar##_bar)

BAR_ATTR(0);
BAR_ATTR(1);
BAR_ATTR(2);
BAR_ATTR(3);
BAR_ATTR(4);
BAR_ATTR(5);

static bool is_pcie(const struct softpci_item *item)
{
	const struct softpci_model *model = item->model->model;

	return model ? model->pcie : item->desc.pcie;
}

static ssize_t item_capabilities_show(struct config_item *config, char *page)
{
	struct softpci_item *item = softpci_to_item(config);

	guard(mutex)(&item->lock);
	return sysfs_emit(page, "%s\n", is_pcie(item) ? "pm pcie flr" : "pm");
}

/* Power management is always there, and FLR comes with PCI Express. */
static ssize_t item_capabilities_store(struct config_item *config,
				       const char *page, size_t count)
{
	struct softpci_item *item = softpci_to_item(config);
	bool pcie = sysfs_streq(page, "pm pcie flr");
	int ret;

	if (!pcie && !sysfs_streq(page, "pm"))
		return -EINVAL;
	guard(mutex)(&item->lock);
	if (pcie == is_pcie(item))
		return count;
	ret = may_change(item, true);
	if (ret)
		return ret;
	item->desc.pcie = pcie;
	return count;
}

CONFIGFS_ATTR(item_, capabilities);

/* Below: where a function is, which a model has no part in. */

static ssize_t item_total_vfs_show(struct config_item *config, char *page)
{
	struct softpci_item *item = softpci_to_item(config);

	guard(mutex)(&item->lock);
	return sysfs_emit(page, "%u\n", item->desc.total_vfs);
}

static ssize_t item_total_vfs_store(struct config_item *config,
				    const char *page, size_t count)
{
	struct softpci_item *item = softpci_to_item(config);
	unsigned int total;
	int ret;

	ret = kstrtouint(page, 0, &total);
	if (ret)
		return ret;
	if (total > MAX_VFS)
		return -EINVAL;
	guard(mutex)(&item->lock);
	if (total == item->desc.total_vfs)
		return count;
	ret = may_change(item, false);
	if (ret)
		return ret;
	item->desc.total_vfs = total;
	return count;
}

CONFIGFS_ATTR(item_, total_vfs);

static ssize_t item_group_show(struct config_item *config, char *page)
{
	struct softpci_item *item = softpci_to_item(config);

	guard(mutex)(&item->lock);
	if (item->desc.group < 0)
		return sysfs_emit(page, "none\n");
	return sysfs_emit(page, "%d\n", item->desc.group);
}

static ssize_t item_group_store(struct config_item *config, const char *page,
				size_t count)
{
	struct softpci_item *item = softpci_to_item(config);
	int group = -1, ret;

	if (!sysfs_streq(page, "none")) {
		ret = kstrtoint(page, 0, &group);
		if (ret)
			return ret;
		if (group < 0)
			return -EINVAL;
	}
	guard(mutex)(&item->lock);
	if (group == item->desc.group)
		return count;
	ret = may_change(item, false);
	if (ret)
		return ret;
	item->desc.group = group;
	return count;
}

CONFIGFS_ATTR(item_, group);

static ssize_t item_devfn_show(struct config_item *config, char *page)
{
	struct softpci_item *item = softpci_to_item(config);
	int devfn;

	guard(mutex)(&item->lock);
	devfn = item->desc.devfn;
	if (devfn < 0)
		return sysfs_emit(page, "auto\n");
	return sysfs_emit(page, "%02x.%u\n", PCI_SLOT(devfn), PCI_FUNC(devfn));
}

/* As in an address of lspci: "03.0". */
static int parse_devfn(const char *text, int *devfn)
{
	unsigned int slot, func;
	int len = 0;

	*devfn = -1;
	if (sysfs_streq(text, "auto"))
		return 0;
	if (sscanf(text, "%2x.%1x%n", &slot, &func, &len) != 2 || slot > 31 ||
	    func > 7 || (text[len] && strcmp(text + len, "\n")))
		return -EINVAL;
	*devfn = PCI_DEVFN(slot, func);
	return 0;
}

static ssize_t item_devfn_store(struct config_item *config, const char *page,
				size_t count)
{
	struct softpci_item *item = softpci_to_item(config);
	int devfn, ret;

	ret = parse_devfn(page, &devfn);
	if (ret)
		return ret;
	guard(mutex)(&item->lock);
	if (devfn == item->desc.devfn)
		return count;
	ret = may_change(item, false);
	if (ret)
		return ret;
	item->desc.devfn = devfn;
	return count;
}

CONFIGFS_ATTR(item_, devfn);

static ssize_t item_address_show(struct config_item *config, char *page)
{
	struct softpci_item *item = softpci_to_item(config);

	guard(mutex)(&item->lock);
	if (item->state != SOFTPCI_ITEM_LIVE)
		return sysfs_emit(page, "none\n");
	return sysfs_emit(page, "%04x:00:%02x.%u\n", softpci_bus_domain_nr(),
			  PCI_SLOT(item->fn->devfn), PCI_FUNC(item->fn->devfn));
}

CONFIGFS_ATTR_RO(item_, address);

static ssize_t item_driver_override_show(struct config_item *config, char *page)
{
	struct softpci_item *item = softpci_to_item(config);

	guard(mutex)(&item->lock);
	return sysfs_emit(page, "%s\n", item->driver_override ?: "");
}

static ssize_t item_driver_override_store(struct config_item *config,
					  const char *page, size_t count)
{
	char *name __free(kfree) = kstrndup(page, strcspn(page, "\n"),
					    GFP_KERNEL);
	struct softpci_item *item = softpci_to_item(config);
	int ret;

	if (!name)
		return -ENOMEM;
	guard(mutex)(&item->lock);
	if (!strcmp(name, item->driver_override ?: ""))
		return count;
	ret = may_change(item, false);
	if (ret)
		return ret;
	kfree(item->driver_override);
	item->driver_override = *name ? no_free_ptr(name) : NULL;
	item->desc.driver_override = item->driver_override;
	return count;
}

CONFIGFS_ATTR(item_, driver_override);

CONFIGFS_ATTR(softpci_item_, live);

struct configfs_attribute *softpci_item_attrs[] = {
	&item_attr_model,
	&item_attr_vendor,
	&item_attr_device,
	&item_attr_subsystem_vendor,
	&item_attr_subsystem_device,
	&item_attr_class,
	&item_attr_revision,
	&item_attr_bar0,
	&item_attr_bar1,
	&item_attr_bar2,
	&item_attr_bar3,
	&item_attr_bar4,
	&item_attr_bar5,
	&item_attr_msi,
	&item_attr_msix,
	&item_attr_capabilities,
	&item_attr_total_vfs,
	&item_attr_group,
	&item_attr_devfn,
	&item_attr_driver_override,
	&item_attr_address,
	&softpci_item_attr_live,
	NULL
};

/**
 * softpci_item_set_defaults() - describe a function of which nothing was written yet
 * @item: a new folder
 */
void softpci_item_set_defaults(struct softpci_item *item)
{
	item->model = softpci_models;
	item->desc = (struct softpci_function_desc) {
		.vendor = DEFAULT_VENDOR,
		.device = DEFAULT_DEVICE,
		.class = DEFAULT_CLASS,
		.pcie = true,
		.group = -1,
		.devfn = -1,
	};
}

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/host-attrs.c"
#endif
