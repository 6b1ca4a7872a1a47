// SPDX-License-Identifier: GPL-2.0-only
/*
 * softpci-host: models as functions on a PCI bus in software, behind an IOMMU in
 * software.  Their drivers are those that real hardware has: vfio-pci, or the
 * one that knows the ids.
 *
 * The bus has a PCI domain of its own, and this module touches nothing outside of
 * it.  It is loaded on request only.
 */
#include <linux/module.h>

#include "internal.h"

/* In this order, undone in the opposite one. */
static const struct {
	int (*init)(void);
	void (*exit)(void);
} parts[] = {
	{ softpci_bars_init, softpci_bars_exit },
	{ softpci_msi_init, softpci_msi_exit },
	{ softpci_iommu_init, softpci_iommu_exit },
	{ softpci_poll_init, softpci_poll_exit },
	{ softpci_function_init, softpci_function_exit },
	{ softpci_bus_init, softpci_bus_exit },
	{ softpci_configfs_init, softpci_configfs_exit },
};

static void exit_parts(unsigned int nr)
{
	while (nr--)
		parts[nr].exit();
}

static int __init softpci_host_init(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		ret = parts[i].init();
		if (ret) {
			exit_parts(i);
			return ret;
		}
	}
	return 0;
}
module_init(softpci_host_init);

/*
 * There are no functions any more: a folder in configfs keeps the module, and so does
 * another module that has added functions.
 */
static void __exit softpci_host_exit(void)
{
	exit_parts(ARRAY_SIZE(parts));
}
module_exit(softpci_host_exit);

MODULE_DESCRIPTION("PCI bus in software, with an IOMMU");
MODULE_LICENSE("GPL");
