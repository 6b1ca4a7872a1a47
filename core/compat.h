/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Older kernels made to look like the newest one.
 *
 * The drivers are written for the API of Linux 7.3.  This header, and no other
 * file, knows kernel versions.  Kbuild puts it in front of every source file
 * if it is there: in a kernel tree, delete it and change nothing else.
 *
 * Each difference is one feature macro, decided in one place from the version
 * in which mainline changed, so that a distribution kernel with a backport can
 * be told apart by correcting one line.  Tried on 6.1, 6.12, 7.2 and 7.3.
 */
#ifndef SOFTPCI_COMPAT_H
#define SOFTPCI_COMPAT_H

#include <linux/version.h>

/* What the core has to leave out or add; see core/device.c. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define SOFTPCI_NO_VM_FLAGS_SET	/* vma->vm_flags can be written */
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define SOFTPCI_NO_IOMMUFD_OPS		/* struct vfio_device_ops lacks them */
#define SOFTPCI_RELEASE_FREES		/* .release calls vfio_free_device() */
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define SOFTPCI_NO_DETACH_IOAS		/* struct vfio_device_ops lacks it */
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define SOFTPCI_NO_REGION_INFO_CAPS	/* region info is an ioctl like others */
#define SOFTPCI_LONG_VMA_FLAGS		/* unsigned long, not vma_flags_t */
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 2, 0)
#define SOFTPCI_HUGE_PAGES_MAY_FORGET	/* see huge_pages_remember() */
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define SOFTPCI_NO_VFS_MMAP		/* it is called call_mmap() */
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define SOFTPCI_NO_HRTIMER_SETUP	/* hrtimer_init() and an assignment */
#define SOFTPCI_BARE_IMPORT_NS		/* MODULE_IMPORT_NS() takes a token */
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define SOFTPCI_EVENTFD_SIGNAL_N	/* eventfd_signal() takes a count */
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define SOFTPCI_FB_NEEDS_NODE		/* see mdpy_fb_unregister() */
#endif

#ifdef SOFTPCI_LONG_VMA_FLAGS
#define VMA_NORESERVE_BIT	VM_NORESERVE
#define mk_vma_flags(flags)	(flags)
#endif

/* From 7.0 on, and in stable kernels that have it for their own backports. */
#include <linux/slab.h>
#ifndef kzalloc_obj
#define kzalloc_obj(obj, gfp)	kzalloc(sizeof(obj), gfp)
#endif

#ifdef SOFTPCI_NO_VM_FLAGS_SET
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

#ifdef SOFTPCI_NO_VFS_MMAP
#define vfs_mmap(file, vma)	call_mmap(file, vma)
#endif

#ifdef SOFTPCI_NO_HRTIMER_SETUP
#define hrtimer_setup(timer, fn, clock, mode) \
	do { \
		struct hrtimer *__timer = (timer); \
		hrtimer_init(__timer, clock, mode); \
		__timer->function = (fn); \
	} while (0)
#endif

#ifdef SOFTPCI_BARE_IMPORT_NS
#include <linux/module.h>
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns)	MODULE_INFO(import_ns, ns)
#endif

#ifdef SOFTPCI_EVENTFD_SIGNAL_N
#include <linux/eventfd.h>
#define eventfd_signal(ctx)	eventfd_signal(ctx, 1)
#endif

#endif /* SOFTPCI_COMPAT_H */
