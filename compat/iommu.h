/* SPDX-License-Identifier: GPL-2.0-only */
/* The newest API of an IOMMU driver, for kernels that have an older one. */
#ifndef SOFTPCI_COMPAT_IOMMU_H
#define SOFTPCI_COMPAT_IOMMU_H

#include <linux/iommu.h>
#if SOFTPCI_HAS_IOMMU_DIRTY_OPS
#include <uapi/linux/iommufd.h>
#endif

/* Functions of host/iommu.c, which do not look at the domain that is left. */
#if !SOFTPCI_HAS_IOMMU_ATTACH_OLD
#define softpci_attach(domain, dev, ...)	softpci_attach(domain, dev)
#define softpci_block(domain, dev, ...)		softpci_block(domain, dev)
#endif

/* Nothing asks for this one. */
#if !SOFTPCI_HAS_IOMMU_ENFORCE_CAP
#define IOMMU_CAP_ENFORCE_CACHE_COHERENCY	((enum iommu_cap)-1)
#endif

/* Nor for a domain with dirty tracking. */
#if !SOFTPCI_HAS_IOMMU_DIRTY_OPS
#define IOMMU_CAP_DIRTY_TRACKING	((enum iommu_cap)-2)
#define IOMMU_HWPT_ALLOC_DIRTY_TRACKING	BIT(1)
#define IOMMU_DIRTY_NO_CLEAR		BIT(0)

struct iova_bitmap;
struct iommu_user_data;

struct iommu_dirty_bitmap {
	struct iova_bitmap *bitmap;
	struct iommu_iotlb_gather *gather;
};

struct iommu_dirty_ops {
	int (*set_dirty_tracking)(struct iommu_domain *domain, bool enabled);
	int (*read_and_clear_dirty)(struct iommu_domain *domain,
				    unsigned long iova, size_t size,
				    unsigned long flags,
				    struct iommu_dirty_bitmap *dirty);
};

static inline void iommu_dirty_bitmap_record(struct iommu_dirty_bitmap *dirty,
					     unsigned long iova,
					     unsigned long length)
{
}

static const struct iommu_dirty_ops *softpci_dirty_struct __maybe_unused;

/* For an assignment to the member of struct iommu_domain. */
#define dirty_ops	type |= 0, softpci_dirty_struct
#endif

#if !SOFTPCI_HAS_IOMMU_ALLOC_PAGING_FLAGS
/* As struct iommu_ops of the newest kernel. */
struct softpci_iommu_ops {
	bool (*capable)(struct device *dev, enum iommu_cap cap);
	struct iommu_domain *(*domain_alloc_paging_flags)(struct device *dev, u32 flags,
							  const struct iommu_user_data *user_data);
	struct iommu_device *(*probe_device)(struct device *dev);
	void (*release_device)(struct device *dev);
	struct iommu_group *(*device_group)(struct device *dev);
	void (*get_resv_regions)(struct device *dev, struct list_head *list);
	int (*def_domain_type)(struct device *dev);
	struct module *owner;
	struct iommu_domain *blocked_domain;
};

int softpci_iommu_device_register(struct iommu_device *iommu,
				  const struct softpci_iommu_ops *ops,
				  struct device *hwdev);
void softpci_iommu_device_unregister(struct iommu_device *iommu);
int softpci_iommu_fwspec_init(struct device *dev, struct fwnode_handle *fwnode);

#define iommu_ops		softpci_iommu_ops
#define iommu_device_register	softpci_iommu_device_register
#define iommu_device_unregister	softpci_iommu_device_unregister
#define iommu_fwspec_init	softpci_iommu_fwspec_init
#endif

#endif /* SOFTPCI_COMPAT_IOMMU_H */
