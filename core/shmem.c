// SPDX-License-Identifier: GPL-2.0-only
/* The shmem files that memory is made of: where they come from, and their pages. */
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "internal.h"

/* A tmpfs of our own; NULL: the kernel's will do. */
static struct vfsmount *ram_mnt;

/**
 * softpci_ram_init() - make a mount for memory, with huge pages
 *
 * The kernel's own tmpfs has no huge pages unless an administrator says so for
 * all of its users.  A mount of our own has them wherever one fits; a kernel
 * that has none at all, or is told to "deny" them to shmem, gives small pages.
 */
void __init softpci_ram_init(void)
{
	struct file_system_type *tmpfs = get_fs_type("tmpfs");
	char options[] = "huge=within_size";
	struct vfsmount *mnt;

	if (!tmpfs || !IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		return;
	mnt = vfs_kern_mount(tmpfs, SB_KERNMOUNT, tmpfs->name, options);
	if (!IS_ERR(mnt))
		ram_mnt = mnt;
}

/**
 * softpci_ram_exit() - undo softpci_ram_init()
 *
 * Memory that is still mapped holds a reference to the mount.
 */
void softpci_ram_exit(void)
{
	if (ram_mnt)
		kern_unmount(ram_mnt);
}

/**
 * softpci_ram_file() - make a file that is memory, without any page in it
 * @size: in bytes
 *
 * Return: the file, for fput(); or ERR_PTR() of -ENOMEM, -ENOSPC, -ENFILE.
 */
struct file *softpci_ram_file(u64 size)
{
	if (ram_mnt)
		return shmem_file_setup_with_mnt(ram_mnt, "softpci", size,
						 mk_vma_flags(VMA_NORESERVE_BIT));
	return shmem_file_setup("softpci", size,
				mk_vma_flags(VMA_NORESERVE_BIT));
}

/**
 * softpci_is_hole() - has a page of memory never been touched
 * @mapping: of the memory's file
 * @index: of the page
 *
 * A hole reads as zeroes. Writing zeroes to it would allocate a page.
 *
 * Return: whether it is a hole; one that is swapped out is not.
 */
bool softpci_is_hole(struct address_space *mapping, pgoff_t index)
{
	return !xa_load(&mapping->i_pages, index);
}

/**
 * softpci_ram_copy() - copy bytes of one page from or to a buffer of the kernel
 * @file: the memory
 * @pos: of the first byte
 * @buf: the buffer
 * @n: how many bytes, none beyond the page
 * @write: from the buffer to the page
 *
 * May sleep.
 *
 * Return: 0, or an errno of a page that cannot be had, such as -ENOMEM.
 */
int softpci_ram_copy(struct file *file, u64 pos, void *buf, size_t n, bool write)
{
	struct address_space *mapping = file->f_mapping;
	pgoff_t index = pos >> PAGE_SHIFT;
	struct page *page;

	if (!write && softpci_is_hole(mapping, index)) {
		memset(buf, 0, n);
		return 0;
	}
	page = shmem_read_mapping_page(mapping, index);
	if (IS_ERR(page))
		return PTR_ERR(page);
	if (write) {
		memcpy_to_page(page, offset_in_page(pos), buf, n);
		set_page_dirty(page);
	} else {
		memcpy_from_page(buf, page, offset_in_page(pos), n);
	}
	put_page(page);
	return 0;
}

/**
 * softpci_memory_get_pages() - the pages of a part of the memory, held in place
 * @file: the memory
 * @pgoff: first page
 * @nr: how many
 *
 * Return: an array of @nr pages for softpci_memory_put_pages(), or an ERR_PTR().
 */
struct page **softpci_memory_get_pages(struct file *file, pgoff_t pgoff,
				       unsigned long nr)
{
	struct page **pages;
	unsigned long i;

	pages = kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return ERR_PTR(-ENOMEM);

	for (i = 0; i < nr; i++) {
		struct page *page;

		page = shmem_read_mapping_page(file->f_mapping, pgoff + i);
		if (IS_ERR(page)) {
			softpci_memory_put_pages(pages, i);
			return ERR_CAST(page);
		}
		pages[i] = page;
		cond_resched();
	}
	return pages;
}
EXPORT_SYMBOL_GPL(softpci_memory_get_pages);

/**
 * softpci_memory_put_pages() - undo softpci_memory_get_pages()
 * @pages: what it returned; freed
 * @nr: how many
 */
void softpci_memory_put_pages(struct page **pages, unsigned long nr)
{
	unsigned long i;

	/* They may have been written to. */
	for (i = 0; i < nr; i++) {
		set_page_dirty(pages[i]);
		put_page(pages[i]);
	}
	kvfree(pages);
}
EXPORT_SYMBOL_GPL(softpci_memory_put_pages);
