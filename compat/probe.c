// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which API the kernel has that the modules are built for.
 *
 * probe.sh compiles this file, which gives no object, and makes a header of
 * the errors.  HAS(X, ...) are statements for a kernel with X, as the newest
 * one or an old one has it, and ELSE(X, ...) those for a kernel without it.  If
 * HAS(X, ...) has no error, SOFTPCI_HAS_X is 1.  If only ELSE(X, ...) has none,
 * it is 0.  If both have errors, neither is known to be true and the build
 * ends, as it does when a CONTROL() is not as it says.
 *
 * To be kept in mind for new ones: a macro's name starts its line; the compiler
 * must give an error proper and no warning; a function is better mentioned than
 * called, as a call of an unknown one may be an error the first time only.
 */
#include <linux/eventfd.h>
#include <linux/fb.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/iommu.h>
#include <linux/irqdomain.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/shmem_fs.h>
#include <linux/vfio.h>

/* Kinds of MODULE_IMPORT_NS() differ in how they use the argument. */
#undef MODULE_INFO
#define MODULE_INFO(tag, info) \
	static_assert(sizeof(info) == sizeof("NAME"), #tag " is quoted twice")

#define IS_TYPE(thing, type) \
	static_assert(__same_type(thing, type), "another type")
#define HAS_MEMBER(type, member)	((void)offsetof(type, member))

#define CONTROL(name, ...)						\
	static void __maybe_unused control_##name(void) { __VA_ARGS__; }
#define HAS(name, ...)							\
	static void __maybe_unused has_##name(void) { __VA_ARGS__; }
#define ELSE(name, ...)							\
	static void __maybe_unused else_##name(void) { __VA_ARGS__; }

/* Only errors in the lines of a probe count: flags and headers are valid. */
CONTROL(COMPILES, struct vm_area_struct *vma = NULL; (void)vma);

/* vma->vm_flags is constant, and changed by functions: 6.3 */
HAS(VM_FLAGS_SET, (void)&vm_flags_set; (void)&vm_flags_clear);
ELSE(VM_FLAGS_SET, struct vm_area_struct *vma = NULL; vma->vm_flags |= 0);

/* VMA flags are a bitmap: 7.0 */
HAS(VMA_FLAGS_T, vma_flags_t f = {}; (void)shmem_file_setup("", 0, f));
ELSE(VMA_FLAGS_T, IS_TYPE(shmem_file_setup, struct file *(const char *, loff_t, unsigned long)));

/* call_mmap() is vfs_mmap(): 6.17 */
HAS(VFS_MMAP, (void)&vfs_mmap);
ELSE(VFS_MMAP, (void)&call_mmap);

/* The function of a timer is not assigned: 6.13 */
HAS(HRTIMER_SETUP, (void)&hrtimer_setup);
ELSE(HRTIMER_SETUP, (void)&hrtimer_init);

/* No count: 6.8 */
HAS(EVENTFD_SIGNAL_ONE, IS_TYPE(eventfd_signal, void (struct eventfd_ctx *)));
ELSE(EVENTFD_SIGNAL_ONE, IS_TYPE(eventfd_signal, __u64 (struct eventfd_ctx *, __u64)));

/* MODULE_IMPORT_NS() takes a string and not a token of which it makes one: 6.13 */
HAS(IMPORT_NS_STRING, MODULE_IMPORT_NS("NAME"));
ELSE(IMPORT_NS_STRING, MODULE_IMPORT_NS(NAME));

/* A framebuffer's device is there in any configuration: until 6.5 */
HAS(FB_DEV_ALWAYS, static_assert(!IS_ENABLED(CONFIG_FB_DEVICE), "an option");
	HAS_MEMBER(struct fb_info, dev));
ELSE(FB_DEV_ALWAYS, HAS_MEMBER(struct fb_info, device));

/* Members of struct vfio_device_ops: 6.2, 6.6, 7.0 */
HAS(IOMMUFD_OPS, HAS_MEMBER(struct vfio_device_ops, bind_iommufd);
	HAS_MEMBER(struct vfio_device_ops, unbind_iommufd);
	HAS_MEMBER(struct vfio_device_ops, attach_ioas));
ELSE(IOMMUFD_OPS, HAS_MEMBER(struct vfio_device_ops, ioctl));
HAS(DETACH_IOAS, HAS_MEMBER(struct vfio_device_ops, detach_ioas));
ELSE(DETACH_IOAS, HAS_MEMBER(struct vfio_device_ops, ioctl));
HAS(REGION_INFO_CAPS, HAS_MEMBER(struct vfio_device_ops, get_region_info_caps));
ELSE(REGION_INFO_CAPS, HAS_MEMBER(struct vfio_device_ops, ioctl));

/* Of a migration: PRE_COPY and the size of the data, 6.2; new initial data, 7.1 */
HAS(PRE_COPY, HAS_MEMBER(struct vfio_precopy_info, dirty_bytes));
ELSE(PRE_COPY, HAS_MEMBER(struct vfio_device_feature_migration, flags));
HAS(MIG_DATA_SIZE, HAS_MEMBER(struct vfio_migration_ops, migration_get_data_size));
ELSE(MIG_DATA_SIZE, HAS_MEMBER(struct vfio_migration_ops, migration_get_state));
HAS(PRECOPY_REINIT, HAS_MEMBER(struct vfio_device, precopy_info_v2));
ELSE(PRECOPY_REINIT, HAS_MEMBER(struct vfio_device, migration_flags));

/* .release has to call it: until 6.1 */
HAS(VFIO_FREE_DEVICE, (void)&vfio_free_device);
ELSE(VFIO_FREE_DEVICE, (void)&_vfio_alloc_device);

/* A parent domain for MSI: 6.17; a flag of domains has its name since 6.3 */
HAS(MSI_PARENT, (void)&msi_create_parent_irq_domain);
ELSE(MSI_PARENT, (void)&pci_msi_create_irq_domain);
HAS(ISOLATED_MSI, (void)IRQ_DOMAIN_FLAG_ISOLATED_MSI);
ELSE(ISOLATED_MSI, (void)IRQ_DOMAIN_FLAG_MSI_REMAP);

/* Numbers for PCI domains that are not the firmware's: 7.0 */
HAS(EMUL_DOMAIN_NR, (void)&pci_bus_find_emul_domain_nr);
ELSE(EMUL_DOMAIN_NR, (void)&pci_find_bus);

/* A device of any bus has a driver override: 7.0, and stable kernels */
HAS(DEVICE_DRIVER_OVERRIDE, (void)&device_set_driver_override);
ELSE(DEVICE_DRIVER_OVERRIDE, (void)&driver_set_override);

/* A domain is told which one a device leaves for it: 6.19 */
HAS(IOMMU_ATTACH_OLD, struct iommu_domain_ops o;
	IS_TYPE(*o.attach_dev, int (struct iommu_domain *, struct device *,
				    struct iommu_domain *)));
ELSE(IOMMU_ATTACH_OLD, struct iommu_domain_ops o;
	IS_TYPE(*o.attach_dev, int (struct iommu_domain *, struct device *)));

/* How domains are allocated: until 6.6, between 6.6 and 6.13, since 6.13 */
HAS(IOMMU_ALLOC_PAGING_FLAGS, HAS_MEMBER(struct iommu_ops, domain_alloc_paging_flags));
ELSE(IOMMU_ALLOC_PAGING_FLAGS, HAS_MEMBER(struct iommu_ops, pgsize_bitmap));
HAS(IOMMU_ALLOC_USER, HAS_MEMBER(struct iommu_ops, domain_alloc_user);
	HAS_MEMBER(struct iommu_ops, domain_alloc_paging);
	HAS_MEMBER(struct iommu_ops, blocked_domain));
ELSE(IOMMU_ALLOC_USER, HAS_MEMBER(struct iommu_ops, probe_device));

/* All buses have one IOMMU driver: until 6.7 */
HAS(BUS_IOMMU_OPS, (void)pci_bus_type.iommu_ops);
ELSE(BUS_IOMMU_OPS, (void)pci_bus_type.probe);

/* It sets up DMA of its devices, and says which it is: until 6.10 */
HAS(IOMMU_SETUP_DMA_OPS, (void)&iommu_setup_dma_ops;
	IS_TYPE(iommu_fwspec_init, int (struct device *, struct fwnode_handle *,
					const struct iommu_ops *)));
ELSE(IOMMU_SETUP_DMA_OPS, IS_TYPE(iommu_fwspec_init,
				  int (struct device *, struct fwnode_handle *)));

/* A capability to enforce coherency: 6.2 */
HAS(IOMMU_ENFORCE_CAP, (void)IOMMU_CAP_ENFORCE_CACHE_COHERENCY);
ELSE(IOMMU_ENFORCE_CAP, (void)IOMMU_CAP_CACHE_COHERENCY);

/* Domains record to which pages DMA has written: 6.7 */
HAS(IOMMU_DIRTY_OPS, HAS_MEMBER(struct iommu_domain, dirty_ops); (void)IOMMU_CAP_DIRTY_TRACKING);
ELSE(IOMMU_DIRTY_OPS, HAS_MEMBER(struct iommu_domain, ops));

/* Last: errors are seen, up to the end of the file. */
CONTROL(FAILS, (void)&softpci_no_kernel_has_this);
