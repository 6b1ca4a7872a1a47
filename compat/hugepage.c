// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mount of tmpfs with huge pages, if they remember that they were written to.
 *
 * Kernels before 7.2 may forget that of a huge page of a file when it is
 * unmapped: then it counts as clean, and is thrown away.  Stable kernels got the
 * correction in some release of each series, and distributions in one that has
 * an older number.  No header shows it, so the page is tried out in the process
 * that loads the module, on any kernel.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/shmem_fs.h>
#include <linux/uaccess.h>

#undef vfs_kern_mount

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
/* Maps @file at @at, reads and then writes it. Is it in a huge page that is dirty? */
static bool __init dirty_huge_page(struct file *file, unsigned long at)
{
	u8 __user *byte = (u8 __user *)at;
	struct folio *folio;
	struct page *page;
	bool huge, dirty;
	u8 val;

	if (vm_mmap(file, at, HPAGE_PMD_SIZE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, 0) != at ||
	    get_user(val, byte) || put_user(val + 1, byte))
		return false;
	page = shmem_read_mapping_page(file->f_mapping, 0);
	if (IS_ERR(page))
		return false;
	folio = page_folio(page);
	/* A small page has no such count. */
	huge = folio_test_large(folio) && folio_entire_mapcount(folio);
	/* Unmapped by a mapping in its place, so that the room has no hole. */
	dirty = vm_mmap(NULL, at, HPAGE_PMD_SIZE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0) == at &&
		folio_test_dirty(folio);
	put_page(page);
	return huge && dirty;
}

/* False: they do not, or there may be no huge page now and it is not known. */
static bool __init huge_pages_remember(struct vfsmount *mnt)
{
	unsigned long room, size = 2 * HPAGE_PMD_SIZE;
	bool remember = false;
	struct file *file;

	if (!current->mm)
		return false;
	file = shmem_file_setup_with_mnt(mnt, "softpci", HPAGE_PMD_SIZE,
					 mk_vma_flags(VMA_NORESERVE_BIT));
	if (IS_ERR(file))
		return false;
	room = vm_mmap(NULL, 0, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (!IS_ERR_VALUE(room)) {
		remember = dirty_huge_page(file, ALIGN(room, HPAGE_PMD_SIZE));
		vm_munmap(room, size);
	}
	fput(file);
	return remember;
}
#else
static bool __init huge_pages_remember(struct vfsmount *mnt)
{
	return true;
}
#endif

/**
 * softpci_kern_mount() - vfs_kern_mount() of a kernel whose huge pages remember
 * @type: tmpfs
 * @flags: SB_KERNMOUNT
 * @name: of the source
 * @data: options, with "huge="
 *
 * Where written huge pages would be lost the mount is made with "huge=never".
 *
 * Return: the mount for kern_unmount(), or an ERR_PTR().
 */
struct vfsmount *__init softpci_kern_mount(struct file_system_type *type,
					   int flags, const char *name,
					   void *data)
{
	struct vfsmount *mnt = vfs_kern_mount(type, flags, name, data);
	char never[] = "huge=never";

	if (IS_ERR(mnt) || huge_pages_remember(mnt))
		return mnt;
	kern_unmount(mnt);
	return vfs_kern_mount(type, flags, name, never);
}
