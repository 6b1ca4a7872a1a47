// SPDX-License-Identifier: GPL-2.0-only
/*
 * An IOMMU driver of the newest API, as one of the API that the kernel has: see
 * iommu.h.
 */
#if !SOFTPCI_HAS_IOMMU_ALLOC_PAGING_FLAGS
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/property.h>

#include "iommu.h"

#undef iommu_ops
#undef iommu_device_register
#undef iommu_device_unregister
#undef iommu_fwspec_init

static const struct softpci_iommu_ops *newest;

static bool old_capable(struct device *dev, enum iommu_cap cap)
{
	/* That messages are isolated is asked of the IOMMU and not of their domain. */
#if !SOFTPCI_HAS_ISOLATED_MSI
	if (cap == IOMMU_CAP_INTR_REMAP)
		return true;
#endif
	return newest->capable(dev, cap);
}

static struct iommu_domain *alloc_domain(struct device *dev)
{
	struct iommu_domain *domain = newest->domain_alloc_paging_flags(dev, 0, NULL);

	return IS_ERR(domain) ? NULL : domain;
}

#if SOFTPCI_HAS_IOMMU_ALLOC_USER
static struct iommu_domain *alloc_user_domain(struct device *dev, u32 flags,
					      struct iommu_domain *parent,
					      const struct iommu_user_data *user_data)
{
	if (parent)
		return ERR_PTR(-EOPNOTSUPP);
	return newest->domain_alloc_paging_flags(dev, flags, user_data);
}
#else
static struct iommu_ops old_ops;

/* Without a blocking domain, the core has one that maps nothing. */
static struct iommu_domain *alloc_domain_of_type(unsigned int type)
{
	struct iommu_domain *domain;

	if (type != IOMMU_DOMAIN_UNMANAGED && type != IOMMU_DOMAIN_DMA)
		return NULL;
	domain = alloc_domain(NULL);
	/* The core looks at it next, and some versions not at the domain's. */
	if (domain)
		old_ops.pgsize_bitmap = domain->pgsize_bitmap;
	return domain;
}
#endif

#if SOFTPCI_HAS_IOMMU_SETUP_DMA_OPS
static void set_up_dma(struct device *dev)
{
	iommu_setup_dma_ops(dev, 0, U64_MAX);
}
#endif

static struct iommu_ops old_ops = {
	.capable		= old_capable,
#if SOFTPCI_HAS_IOMMU_ALLOC_USER
	.domain_alloc_paging	= alloc_domain,
	.domain_alloc_user	= alloc_user_domain,
#else
	.domain_alloc		= alloc_domain_of_type,
#endif
#if SOFTPCI_HAS_IOMMU_SETUP_DMA_OPS
	.probe_finalize		= set_up_dma,
#endif
};

int softpci_iommu_fwspec_init(struct device *dev, struct fwnode_handle *fwnode)
{
#if SOFTPCI_HAS_IOMMU_SETUP_DMA_OPS
	int ret = iommu_fwspec_init(dev, fwnode, &old_ops);

	/* It is put with the device, but a node that is not of OF was not got. */
	if (!ret)
		fwnode_handle_get(fwnode);
	return ret;
#else
	return iommu_fwspec_init(dev, fwnode);
#endif
}

/*
 * A kernel with one IOMMU driver for all buses keeps the pointer to it when the
 * driver unregisters, as none but this one ever does.
 */
static void forget_driver(void)
{
#if SOFTPCI_HAS_BUS_IOMMU_OPS
	static struct bus_type * const buses[] = { &platform_bus_type, &pci_bus_type };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(buses); i++)
		cmpxchg(&buses[i]->iommu_ops, &old_ops, NULL);
#endif
}

int softpci_iommu_device_register(struct iommu_device *iommu,
				  const struct softpci_iommu_ops *ops,
				  struct device *hwdev)
{
	int ret;

	newest = ops;
	old_ops.probe_device = ops->probe_device;
	old_ops.release_device = ops->release_device;
	old_ops.device_group = ops->device_group;
	old_ops.get_resv_regions = ops->get_resv_regions;
	old_ops.def_domain_type = ops->def_domain_type;
	old_ops.owner = ops->owner;
#if SOFTPCI_HAS_IOMMU_ALLOC_USER
	old_ops.blocked_domain = ops->blocked_domain;
#endif
	ret = iommu_device_register(iommu, &old_ops, hwdev);
	if (ret)
		forget_driver();
	return ret;
}

void softpci_iommu_device_unregister(struct iommu_device *iommu)
{
	forget_driver();
	iommu_device_unregister(iommu);
}
#endif /* !SOFTPCI_HAS_IOMMU_ALLOC_PAGING_FLAGS */
