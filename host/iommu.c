// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software IOMMU, as a driver of the IOMMU API.
 *
 * It is the IOMMU of the functions of this bus and of no other device: each function
 * is told by its firmware node.  A host's own IOMMU stays as it is; on kernels that
 * cannot have both, this one is refused.
 *
 * A function is attached to at most one domain, and without one its DMA is blocked.
 * DMA uses the domain with softpci_function.dma_lock held.  So, to wait until no DMA
 * uses an entry that was removed from a page table, the lock of each function that
 * is attached is taken once.  The IOMMU API has a call for that wait, iotlb_sync, and
 * makes it before memory that was unmapped is released: in iommu_unmap(), after
 * iommu_unmap_fast() in VFIO's type 1 and in the DMA API, and after dirty bits were
 * read and cleared.  With a flush queue, which root can ask for in sysfs, the DMA API
 * does not make it, and releases memory before the queue is flushed: so unmapping
 * waits by itself then.
 */
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "internal.h"
#include "pgtable.h"

/* Where messages are written to on x86: nothing is mapped there. */
#define MSI_WINDOW	0xfee00000
#define MSI_WINDOW_SIZE	SZ_1M

/**
 * struct softpci_domain - an address space for DMA
 * @domain: for the IOMMU API
 * @pgtable: its mappings
 * @functions: the functions that are attached; attach_lock
 * @tracking: dirty pages can be asked for
 */
struct softpci_domain {
	struct iommu_domain domain;
	struct softpci_pgtable pgtable;
	struct list_head functions;
	bool tracking;
};

static struct platform_device *hardware;
static struct iommu_device softpci_iommu;

/*
 * Protects the lists of functions.  Outside of softpci_function.dma_lock.  Written
 * to for a moment, when a function changes its domain; read in any context.
 */
static DEFINE_RWLOCK(attach_lock);

static struct softpci_domain *to_softpci(struct iommu_domain *domain)
{
	return container_of(domain, struct softpci_domain, domain);
}

/* Until all DMA has ended that can have seen the domain's entries as they were. */
static void wait_for_dma(struct softpci_domain *domain)
{
	struct softpci_function *fn;
	unsigned long flags;

	read_lock_irqsave(&attach_lock, flags);
	list_for_each_entry(fn, &domain->functions, iommu_node) {
		spin_lock(&fn->dma_lock);
		spin_unlock(&fn->dma_lock);
	}
	read_unlock_irqrestore(&attach_lock, flags);
}

/*
 * The function's next DMA uses another domain, or none, and no DMA uses the one
 * before, nor do others that are still in that reach its BARs.  The IOMMU API makes no
 * two calls for one function at a time.
 */
static void set_domain(struct softpci_function *fn, struct device *dev,
		       struct softpci_domain *domain)
{
	struct softpci_domain *old = fn->domain;
	unsigned long flags;

	write_lock_irqsave(&attach_lock, flags);
	list_del_init(&fn->iommu_node);
	if (domain)
		list_add(&fn->iommu_node, &domain->functions);
	spin_lock(&fn->dma_lock);
	WRITE_ONCE(fn->domain, domain);
	fn->iommu_dev = domain ? dev : NULL;
	spin_unlock(&fn->dma_lock);
	write_unlock_irqrestore(&attach_lock, flags);
	if (old)
		wait_for_dma(old);
}

static int softpci_attach(struct iommu_domain *domain, struct device *dev,
			  struct iommu_domain *old)
{
	set_domain(softpci_function_of(dev), dev, to_softpci(domain));
	return 0;
}

static int softpci_block(struct iommu_domain *domain, struct device *dev,
			 struct iommu_domain *old)
{
	set_domain(softpci_function_of(dev), dev, NULL);
	return 0;
}

static int map_pages(struct iommu_domain *domain, unsigned long iova,
		     phys_addr_t phys, size_t page_size, size_t count, int prot,
		     gfp_t gfp, size_t *mapped)
{
	u64 access = 0;

	if (prot & IOMMU_READ)
		access |= SOFTPCI_PGTABLE_READ;
	if (prot & IOMMU_WRITE)
		access |= SOFTPCI_PGTABLE_WRITE;
	return softpci_pgtable_map(&to_softpci(domain)->pgtable, iova, phys,
				   page_size, count, access, gfp, mapped);
}

static size_t unmap_pages(struct iommu_domain *domain, unsigned long iova,
			  size_t page_size, size_t count,
			  struct iommu_iotlb_gather *gather)
{
	size_t unmapped;

	unmapped = softpci_pgtable_unmap(&to_softpci(domain)->pgtable, iova,
					 page_size * count);
	/* The range says that there is something to wait for. */
	if (unmapped)
		iommu_iotlb_gather_add_range(gather, iova, unmapped);
	if (unmapped && iommu_iotlb_gather_queued(gather))
		wait_for_dma(to_softpci(domain));
	return unmapped;
}

/* Several callers may come here: each waits, and the first one frees the tables. */
static void flush_all(struct iommu_domain *domain)
{
	struct softpci_domain *dom = to_softpci(domain);
	LIST_HEAD(tables);

	softpci_pgtable_collect(&dom->pgtable, &tables);
	wait_for_dma(dom);
	softpci_pgtable_release(&tables);
}

static void sync_unmapped(struct iommu_domain *domain,
			  struct iommu_iotlb_gather *gather)
{
	flush_all(domain);
}

static phys_addr_t iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	u64 phys;

	if (!softpci_pgtable_find(&to_softpci(domain)->pgtable, iova, &phys))
		return 0;
	return phys;
}

/* DMA is done by CPUs, through their caches. */
static bool enforce_cache_coherency(struct iommu_domain *domain)
{
	return true;
}

static void free_domain(struct iommu_domain *domain)
{
	struct softpci_domain *dom = to_softpci(domain);

	WARN_ON(!list_empty(&dom->functions));
	softpci_pgtable_destroy(&dom->pgtable);
	kfree(dom);
}

static const struct iommu_domain_ops domain_operations = {
	.attach_dev		= softpci_attach,
	.map_pages		= map_pages,
	.unmap_pages		= unmap_pages,
	.flush_iotlb_all	= flush_all,
	.iotlb_sync		= sync_unmapped,
	.iova_to_phys		= iova_to_phys,
	.enforce_cache_coherency = enforce_cache_coherency,
	.free			= free_domain,
};

/* Pages are marked in any case. */
static int set_dirty_tracking(struct iommu_domain *domain, bool enabled)
{
	WRITE_ONCE(to_softpci(domain)->tracking, enabled);
	return 0;
}

static int read_and_clear_dirty(struct iommu_domain *domain, unsigned long iova,
				size_t size, unsigned long flags,
				struct iommu_dirty_bitmap *dirty)
{
	struct softpci_domain *dom = to_softpci(domain);
	u64 next = iova, last = iova + size - 1;
	bool clear = !(flags & IOMMU_DIRTY_NO_CLEAR);
	struct softpci_run run;

	/* Without a bitmap, pages are to be forgotten that were dirty before. */
	if (!READ_ONCE(dom->tracking) && dirty->bitmap)
		return -EINVAL;
	if (!size || last < next || last > SOFTPCI_PGTABLE_LAST)
		return -EINVAL;
	while (next <= last) {
		/* No page lies across this border. */
		u64 end = min(last, next | (SZ_1G - 1));

		while (softpci_pgtable_dirty(&dom->pgtable, &next, end, clear, &run))
			iommu_dirty_bitmap_record(dirty, run.start, run.len);
		cond_resched();
	}
	return 0;
}

static const struct iommu_dirty_ops dirty_operations = {
	.set_dirty_tracking	= set_dirty_tracking,
	.read_and_clear_dirty	= read_and_clear_dirty,
};

static struct iommu_domain *alloc_domain(struct device *dev, u32 flags,
					 const struct iommu_user_data *user_data)
{
	struct softpci_domain *dom;
	int ret;

	if (flags & ~IOMMU_HWPT_ALLOC_DIRTY_TRACKING || user_data)
		return ERR_PTR(-EOPNOTSUPP);
	dom = kzalloc_obj(*dom, GFP_KERNEL_ACCOUNT);
	if (!dom)
		return ERR_PTR(-ENOMEM);
	ret = softpci_pgtable_create(&dom->pgtable);
	if (ret) {
		kfree(dom);
		return ERR_PTR(ret);
	}
	INIT_LIST_HEAD(&dom->functions);
	/* The IOMMU core sets it, iommufd leaves it to the driver. */
	dom->domain.type = IOMMU_DOMAIN_UNMANAGED;
	dom->domain.ops = &domain_operations;
	if (flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING)
		dom->domain.dirty_ops = &dirty_operations;
	dom->domain.pgsize_bitmap = SOFTPCI_PGTABLE_SIZES;
	dom->domain.geometry.aperture_end = SOFTPCI_PGTABLE_LAST;
	dom->domain.geometry.force_aperture = true;
	return &dom->domain;
}

static const struct iommu_domain_ops blocked_operations = {
	.attach_dev	= softpci_block,
};

static struct iommu_domain blocked_domain = {
	.type	= IOMMU_DOMAIN_BLOCKED,
	.ops	= &blocked_operations,
};

static bool is_capable(struct device *dev, enum iommu_cap cap)
{
	return cap == IOMMU_CAP_CACHE_COHERENCY ||
	       cap == IOMMU_CAP_ENFORCE_CACHE_COHERENCY ||
	       cap == IOMMU_CAP_DIRTY_TRACKING;
}

static struct iommu_device *probe_device(struct device *dev)
{
	struct softpci_function *fn = softpci_function_of(dev);

	if (!fn)
		return ERR_PTR(-ENODEV);
	INIT_LIST_HEAD(&fn->iommu_node);
	return &softpci_iommu;
}

static void release_device(struct device *dev)
{
	set_domain(softpci_function_of(dev), dev, NULL);
}

/* The group of the function at @devfn, if its number is @number. */
static struct iommu_group *get_group_of(unsigned int devfn, int number)
{
	struct softpci_function *fn;
	struct iommu_group *group;
	struct pci_dev *pdev;
	bool found;

	scoped_guard(rcu) {
		fn = softpci_bus_find(devfn);
		found = fn && fn->group == number;
	}
	if (!found)
		return NULL;
	pdev = pci_get_domain_bus_and_slot(softpci_bus_domain_nr(), 0, devfn);
	if (!pdev)
		return NULL;
	group = iommu_group_get(&pdev->dev);
	pci_dev_put(pdev);
	return group;
}

static struct iommu_group *device_group(struct device *dev)
{
	struct softpci_function *fn = softpci_function_of(dev);
	struct iommu_group *group;
	unsigned int devfn;

	if (fn->group >= 0) {
		for (devfn = 0; devfn < SOFTPCI_BUS_FUNCTIONS; devfn++) {
			group = get_group_of(devfn, fn->group);
			if (group)
				return group;
		}
	}
	return generic_device_group(dev);
}

static void get_resv_regions(struct device *dev, struct list_head *list)
{
	struct iommu_resv_region *region;

	region = iommu_alloc_resv_region(MSI_WINDOW, MSI_WINDOW_SIZE,
					 IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO,
					 IOMMU_RESV_MSI, GFP_KERNEL);
	if (region)
		list_add_tail(&region->list, list);
}

/* Also with iommu.passthrough: memory that a driver does not map stays out of reach. */
static int default_domain_type(struct device *dev)
{
	return IOMMU_DOMAIN_DMA;
}

static const struct iommu_ops iommu_operations = {
	.capable			= is_capable,
	.domain_alloc_paging_flags	= alloc_domain,
	.probe_device			= probe_device,
	.release_device			= release_device,
	.device_group			= device_group,
	.get_resv_regions		= get_resv_regions,
	.def_domain_type		= default_domain_type,
	.owner				= THIS_MODULE,
	.blocked_domain			= &blocked_domain,
};

/**
 * softpci_iommu_add() - let a function have this IOMMU
 * @dev: its device, which is being added to the PCI bus
 *
 * Context: process, may sleep; before the IOMMU core is told of @dev, and before any
 * driver.
 * Return: 0, or an errno: its DMA would not go through an IOMMU, and vfio-pci does not
 * bind to it.
 */
int softpci_iommu_add(struct device *dev)
{
	int ret;

	/*
	 * iommu_fwspec_init() asserts iommu_probe_device_lock, which protects
	 * dev->iommu and is not exported: its other callers are built in.  A device
	 * that is being added and has no driver yet has one other writer, the driver
	 * of another IOMMU that registers at this moment and looks at all devices.
	 * IOMMUs that firmware describes have registered before modules are loaded,
	 * which leaves the moment in which such a driver is loaded by hand.
	 *
	 * So it is called without the lock, and lockdep does not look at this call;
	 * it does at all that the IOMMU core then does with the device.
	 */
	lockdep_off();
	ret = iommu_fwspec_init(dev, dev_fwnode(&hardware->dev));
	lockdep_on();
	return ret;
}

/**
 * softpci_iommu_translate() - find the memory that an access by DMA is to
 * @fn: the function, with its dma_lock held for as long as the memory is accessed
 * @iova: first address, any
 * @len: bytes, at least 1
 * @write: it is to be written
 * @phys: set to the memory that belongs to the first of these addresses, @len bytes
 *	  or fewer
 *
 * Context: any.
 * Return: whether there is any; if not, that was reported as a fault.
 */
bool softpci_iommu_translate(struct softpci_function *fn, u64 iova, size_t len,
			     bool write, struct softpci_run *phys)
{
	u64 access = write ? SOFTPCI_PGTABLE_WRITE : SOFTPCI_PGTABLE_READ;

	lockdep_assert_held(&fn->dma_lock);
	if (fn->domain &&
	    softpci_pgtable_walk(&fn->domain->pgtable, iova, len, access, phys))
		return true;
	softpci_iommu_fault(fn, iova, write);
	return false;
}

/**
 * softpci_iommu_fault() - report an access that is not allowed
 * @fn: the function, with its dma_lock held: a handler of the domain's owner runs as
 *	for an interrupt
 * @iova: the address
 * @write: it was to be written
 *
 * Context: any.
 */
void softpci_iommu_fault(struct softpci_function *fn, u64 iova, bool write)
{
	lockdep_assert_held(&fn->dma_lock);
	pr_debug_ratelimited("softpci-host: function %02x.%d: no %s access to 0x%llx\n",
			     PCI_SLOT(fn->devfn), PCI_FUNC(fn->devfn),
			     write ? "write" : "read", iova);
	if (fn->domain)
		report_iommu_fault(&fn->domain->domain, fn->iommu_dev, iova,
				   write ? IOMMU_FAULT_WRITE : IOMMU_FAULT_READ);
}

/**
 * softpci_iommu_init() - register the IOMMU
 *
 * Return: 0; -EBUSY if the kernel cannot have another IOMMU driver; or another errno.
 */
int __init softpci_iommu_init(void)
{
	/* A device with properties has a firmware node. */
	static const struct property_entry properties[] = {
		PROPERTY_ENTRY_BOOL("softpci-iommu"),
		{}
	};
	const struct platform_device_info info = {
		.name		= "softpci-iommu",
		.id		= PLATFORM_DEVID_NONE,
		.properties	= properties,
	};
	int ret;

	hardware = platform_device_register_full(&info);
	if (IS_ERR(hardware))
		return PTR_ERR(hardware);
	ret = iommu_device_sysfs_add(&softpci_iommu, &hardware->dev, NULL,
				     "softpci-iommu");
	if (ret)
		goto err_unregister_hardware;
	ret = iommu_device_register(&softpci_iommu, &iommu_operations,
				    &hardware->dev);
	if (ret == -EBUSY)
		pr_err("softpci-host: this kernel cannot have a second IOMMU driver beside the host's\n");
	if (ret)
		goto err_remove_sysfs;
	return 0;

err_remove_sysfs:
	iommu_device_sysfs_remove(&softpci_iommu);
err_unregister_hardware:
	platform_device_unregister(hardware);
	return ret;
}

/** softpci_iommu_exit() - undo softpci_iommu_init(), when all functions are gone */
void softpci_iommu_exit(void)
{
	iommu_device_unregister(&softpci_iommu);
	iommu_device_sysfs_remove(&softpci_iommu);
	platform_device_unregister(hardware);
}

/* Of iova_bitmap_set(). */
MODULE_IMPORT_NS("IOMMUFD");

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/host-iommu.c"
#endif
