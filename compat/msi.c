// SPDX-License-Identifier: GPL-2.0-only
/*
 * Up to 6.16 a PCI/MSI domain on top of a domain of vectors, in place of a parent domain
 * on which the MSI core puts one for each device.  The host data of the lower one is
 * the upper one.
 */
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>

#if !SOFTPCI_HAS_MSI_PARENT
#include "include/linux/irqchip/irq-msi-lib.h"
#undef irq_domain_remove

/* The MSI core's own would ask the lower domain, which has none. */
static int no_affinity(struct irq_data *data, const struct cpumask *mask,
		       bool force)
{
	return -EINVAL;
}

static struct irq_chip pci_msi_chip = {
	.name			= "softpci-MSI",
	.irq_ack		= irq_chip_ack_parent,
	.irq_set_affinity	= no_affinity,
};

static struct msi_domain_info pci_msi_info = {
	.chip	= &pci_msi_chip,
};

struct irq_domain *msi_create_parent_irq_domain(const struct irq_domain_info *info,
						const struct msi_parent_ops *ops)
{
	struct irq_domain *parent, *pci;

	parent = irq_domain_create_linear(info->fwnode, info->size, info->ops,
					  NULL);
	if (!parent)
		return NULL;
	parent->flags |= info->domain_flags;
	pci_msi_info.flags = ops->supported_flags | ops->required_flags;
	pci = pci_msi_create_irq_domain(info->fwnode, &pci_msi_info, parent);
	if (!pci) {
		irq_domain_remove(parent);
		return NULL;
	}
	parent->host_data = pci;
	return parent;
}

void softpci_msi_remove(struct irq_domain *domain)
{
	irq_domain_remove(domain->host_data);
	irq_domain_remove(domain);
}
#endif
