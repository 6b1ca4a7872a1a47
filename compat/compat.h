/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Older kernels made to look like the newest one.
 *
 * The modules are written for the API of Linux 7.3.  This folder, and no other
 * file, knows of differences.  compat.mk puts this header in front of every
 * source file, vfio.h in front of those in vfio/ and iommu.h in front of those in
 * host/, after the answers to the probes in probe.c: SOFTPCI_HAS_... is 1 or 0.  In
 * a kernel tree, delete the folder and change nothing else.
 */
#ifndef SOFTPCI_COMPAT_H
#define SOFTPCI_COMPAT_H

#if !SOFTPCI_HAS_VM_FLAGS_SET
#include <linux/mm.h>

static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#if !SOFTPCI_HAS_VMA_FLAGS_T
#define VMA_NORESERVE_BIT	VM_NORESERVE
#define mk_vma_flags(flags)	(flags)
#endif

#if !SOFTPCI_HAS_VFS_MMAP
#define vfs_mmap(file, vma)	call_mmap(file, vma)
#endif

#if !SOFTPCI_HAS_HRTIMER_SETUP
#define hrtimer_setup(timer, fn, clock, mode) \
	do { \
		struct hrtimer *__timer = (timer); \
		hrtimer_init(__timer, clock, mode); \
		__timer->function = (fn); \
	} while (0)
#endif

#if !SOFTPCI_HAS_IMPORT_NS_STRING
#include <linux/module.h>
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns)	MODULE_INFO(import_ns, ns)
#endif

#if !SOFTPCI_HAS_EVENTFD_SIGNAL_ONE
#include <linux/eventfd.h>
#define eventfd_signal(ctx)	eventfd_signal(ctx, 1)
#endif

/* A macro tells by itself whether it is there. */
#include <linux/slab.h>
#ifndef kzalloc_obj
#define kzalloc_obj(obj, gfp)	kzalloc(sizeof(obj), gfp)
#endif

#if SOFTPCI_HAS_FB_DEV_ALWAYS
#include <linux/fb.h>

/* Without a device node the console would keep a freed framebuffer. */
static inline void softpci_unregister_framebuffer(struct fb_info *info)
{
	if (!info->dev)
		info->dev = info->device;
	unregister_framebuffer(info);
}

#define unregister_framebuffer	softpci_unregister_framebuffer
#endif

#if !SOFTPCI_HAS_MSI_PARENT
#include <linux/device.h>
#include <linux/irqdomain.h>
#define dev_set_msi_domain(dev, domain) \
	dev_set_msi_domain(dev, (struct irq_domain *)(domain)->host_data)
#endif

#if !SOFTPCI_HAS_EMUL_DOMAIN_NR
#define pci_bus_find_emul_domain_nr(hint, min, max) \
	((hint) >= (min) && (hint) <= (max) ? (int)(hint) : -ENOSPC)
#define pci_bus_release_emul_domain_nr(nr)	((void)(nr))
#endif

#if !SOFTPCI_HAS_DEVICE_DRIVER_OVERRIDE
#include <linux/pci.h>
static inline int device_set_driver_override(struct device *dev, const char *s)
{
	return driver_set_override(dev, &to_pci_dev(dev)->driver_override, s,
				   strlen(s));
}
#endif

/* See hugepage.c. */
#include <linux/mount.h>
struct vfsmount *softpci_kern_mount(struct file_system_type *type, int flags,
				    const char *name, void *data);
#define vfs_kern_mount		softpci_kern_mount

#endif /* SOFTPCI_COMPAT_H */
