/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions on the PCI bus in software, for other modules. */
#ifndef SOFTPCI_HOST_H
#define SOFTPCI_HOST_H

#include "../core/softpci.h"

struct pci_dev;
struct softpci_function;

/**
 * struct softpci_function_desc - the description of a function
 * @model: a model, as of an I/OAT engine; NULL: one made to order of the fields
 *	   from @vendor to @pcie
 * @vendor: PCI vendor id
 * @device: PCI device id
 * @subsystem_vendor: subsystem vendor id
 * @subsystem_device: subsystem id
 * @class: class, subclass and programming interface, 24 bits
 * @revision: revision id
 * @bar_size: of each BAR in bytes, a power of two from 4096 on; 0: there is none
 * @bar_flags: PCI_BASE_ADDRESS_* of each BAR; a BAR of 64 bits takes two
 * @nr_msi: MSI messages
 * @nr_msix: MSI-X vectors; table and PBA are at the end of the last BAR that has room
 * @pcie: a PCI Express function, with FLR
 * @total_vfs: virtual functions that it can have
 * @group: functions with the same number from 0 on share an IOMMU group; -1: a group
 *	   of its own
 * @devfn: where on the bus, -1: anywhere
 * @driver_override: the name of the only driver that may bind to it; NULL: any
 */
struct softpci_function_desc {
	const struct softpci_model *model;
	u16 vendor;
	u16 device;
	u16 subsystem_vendor;
	u16 subsystem_device;
	u32 class;
	u8 revision;
	u64 bar_size[SOFTPCI_NUM_BARS];
	u32 bar_flags[SOFTPCI_NUM_BARS];
	unsigned int nr_msi;
	unsigned int nr_msix;
	bool pcie;
	unsigned int total_vfs;
	int group;
	int devfn;
	const char *driver_override;
};

struct softpci_function *softpci_host_add(const struct softpci_function_desc *desc);
void softpci_host_remove(struct softpci_function *fn);
bool softpci_host_is(const struct softpci_function *fn, struct pci_dev *pdev);

#endif /* SOFTPCI_HOST_H */
