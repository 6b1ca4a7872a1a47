/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For kernels that have no such header: an MSI parent domain as of 6.17, by means
 * of the PCI/MSI domains of before (msi.c).
 */
#ifndef SOFTPCI_IRQ_MSI_LIB_H
#define SOFTPCI_IRQ_MSI_LIB_H

#include <linux/irqdomain.h>
#include <linux/msi.h>

#define MATCH_PCI_MSI			0

#ifndef MSI_GENERIC_FLAGS_MASK
#define MSI_GENERIC_FLAGS_MASK		0
#endif
#define MSI_FLAG_NO_AFFINITY		0
#define MSI_CHIP_FLAG_SET_ACK		0
#define msi_parent_ops			softpci_msi_parent_ops
#define irq_domain_info			softpci_irq_domain_info
#define msi_lib_init_dev_msi_info	0

#if !SOFTPCI_HAS_ISOLATED_MSI
#define IRQ_DOMAIN_FLAG_ISOLATED_MSI	IRQ_DOMAIN_FLAG_MSI_REMAP
#endif

/* The part of it that is used. */
struct irq_domain_info {
	struct fwnode_handle *fwnode;
	unsigned int domain_flags;
	unsigned int size;
	const struct irq_domain_ops *ops;
};

struct msi_parent_ops {
	u32 supported_flags;
	u32 required_flags;
	u32 chip_flags;
	u32 bus_select_token;
	u32 bus_select_mask;
	const char *prefix;
	int init_dev_msi_info;
};

struct irq_domain *msi_create_parent_irq_domain(const struct irq_domain_info *info,
						const struct msi_parent_ops *ops);
void softpci_msi_remove(struct irq_domain *domain);

#define irq_domain_remove		softpci_msi_remove

#endif /* SOFTPCI_IRQ_MSI_LIB_H */
