// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest-visible memory: a shmem file.
 *
 * Sparse allocation, fault-around, accounting, swap and fast copies come from
 * the kernel, and a mapping costs what a memfd mapping costs.  The mapping is
 * of the shmem file, not of the device: it stays good whatever becomes of the
 * device.  That is why each opening of the device has a file of its own, so
 * that a mapping kept by one user never shows the memory of the next.
 */
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/xarray.h>

#include "internal.h"

/* What is read between two looks for a fatal signal. */
#define RW_CHUNK	SZ_1M

/* A tmpfs of our own; NULL: the kernel's will do. */
static struct vfsmount *ram_mnt;

/**
 * softpci_ram_init() - find out where memory can come from
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
 * Memory that is still mapped somewhere keeps what it needs of it.
 */
void softpci_ram_exit(void)
{
	if (ram_mnt)
		kern_unmount(ram_mnt);
}

static struct file *ram_file(const char *name, u32 size)
{
	if (ram_mnt)
		return shmem_file_setup_with_mnt(ram_mnt, name, size,
						 mk_vma_flags(VMA_NORESERVE_BIT));
	return shmem_file_setup(name, size, mk_vma_flags(VMA_NORESERVE_BIT));
}

/**
 * softpci_ram_open() - make the memory, without any page in it
 * @spdev: a device that is being opened
 *
 * Return: 0, or -ENOMEM, -ENOSPC, -ENFILE.
 */
int softpci_ram_open(struct softpci_device *spdev)
{
	struct softpci_ram *ram = &spdev->ram;
	struct file *file;

	if (!spdev->type->ram_size)
		return 0;

	file = ram_file(spdev->parent->drv->name, spdev->type->ram_size);
	if (IS_ERR(file))
		return PTR_ERR(file);

	/*
	 * No holes by MADV_REMOVE: a dma-buf would keep the old page while the
	 * BAR gets a new one, and that time and again.
	 */
	file_inode(file)->i_flags |= S_IMMUTABLE;
	/*
	 * A dma-buf keeps pages in their place for as long as it is mapped.  That
	 * must not be in a zone of which all memory can be taken away.
	 */
	if (spdev->parent->drv->display == VFIO_GFX_PLANE_TYPE_DMABUF)
		mapping_set_gfp_mask(file->f_mapping, GFP_HIGHUSER);
	ram->filled = !spdev->parent->drv->fill_ram;
	ram->written = 0;
	ram->mapped = false;
	ram->file = file;
	return 0;
}

/**
 * softpci_ram_close() - let go of the memory
 * @spdev: a device that is being closed
 *
 * Mappings and dma-bufs keep it for as long as they want it.
 */
void softpci_ram_close(struct softpci_device *spdev)
{
	struct softpci_ram *ram = &spdev->ram;

	if (ram->file)
		fput(ram->file);
	ram->file = NULL;
}

/**
 * softpci_ram_fill() - see to it that the memory has its initial content
 * @spdev: an open device
 *
 * To be called before anything reads, writes or maps the memory.  Until then
 * a device that nobody looks at costs no page.
 *
 * Return: 0, -ENOMEM or -EINTR.
 */
int softpci_ram_fill(struct softpci_device *spdev)
{
	struct softpci_ram *ram = &spdev->ram;
	int ret;

	/* Pairs with the release below: who sees it true sees the content. */
	if (smp_load_acquire(&ram->filled))
		return 0;

	guard(mutex)(&ram->lock);
	if (ram->filled)
		return 0;
	ret = spdev->parent->drv->fill_ram(spdev);
	if (ret)
		return ret;
	/* Pairs with the acquire above. */
	smp_store_release(&ram->filled, true);
	return 0;
}

/**
 * softpci_ram_expose() - note that the memory can be written to unseen
 * @spdev: an open device
 *
 * To be called before the memory is mapped into a process or exported.
 *
 * Return: 0, -ENOMEM or -EINTR.
 */
int softpci_ram_expose(struct softpci_device *spdev)
{
	int ret = softpci_ram_fill(spdev);

	if (!ret)
		WRITE_ONCE(spdev->ram.mapped, true);
	return ret;
}

/**
 * softpci_ram_reset() - back to the content at power-on
 * @spdev: an open device
 *
 * Memory that starts as zeroes may keep its content, as RAM does.  Nor is there
 * anything to do for other memory that nobody can have written to since.
 *
 * Return: 0, -ENOMEM or -EINTR.
 */
int softpci_ram_reset(struct softpci_device *spdev)
{
	struct softpci_ram *ram = &spdev->ram;
	int ret;

	if (!spdev->parent->drv->fill_ram)
		return 0;

	guard(mutex)(&ram->lock);
	if (!ram->filled || !(xchg(&ram->written, 0) || READ_ONCE(ram->mapped)))
		return 0;
	ret = spdev->parent->drv->fill_ram(spdev);
	if (ret)
		WRITE_ONCE(ram->written, 1);
	return ret;
}

/* A hole reads as zeroes; to fill it with some costs a page. */
static bool is_hole(struct address_space *mapping, pgoff_t index)
{
	return !xa_load(&mapping->i_pages, index);
}

/**
 * softpci_ram_set() - set bytes of the memory
 * @spdev: an open device
 * @offset: first byte
 * @byte: what to set them to
 * @len: how many; the caller has checked that they are there
 *
 * Return: 0; -ENOMEM; or -EINTR on a fatal signal. Some may be set after an
 * error.
 */
int softpci_ram_set(struct softpci_device *spdev, u32 offset, u8 byte,
		    size_t len)
{
	struct address_space *mapping = spdev->ram.file->f_mapping;

	while (len) {
		size_t n = min_t(size_t, len, PAGE_SIZE - offset_in_page(offset));
		struct page *page;

		if (fatal_signal_pending(current))
			return -EINTR;
		if (byte || !is_hole(mapping, offset >> PAGE_SHIFT)) {
			page = shmem_read_mapping_page(mapping,
						       offset >> PAGE_SHIFT);
			if (IS_ERR(page))
				return PTR_ERR(page);
			memset_page(page, offset_in_page(offset), byte, n);
			set_page_dirty(page);
			put_page(page);
		}

		offset += n;
		len -= n;
		cond_resched();
	}
	return 0;
}
EXPORT_SYMBOL_GPL(softpci_ram_set);

/**
 * softpci_ram_clear() - have bytes of the memory zeroed
 * @spdev: an open device, lock held, from a register's write callback
 * @offset: first byte
 * @len: how many; the caller has checked that they are there
 *
 * Done by the writer when the lock is free again, before write(2) returns: it
 * can take its time, and others are not to wait for it. It ends early on a fatal
 * signal and where a page cannot be swapped in. Of several calls in one write(2)
 * the last counts.
 */
void softpci_ram_clear(struct softpci_device *spdev, u32 offset, u32 len)
{
	lockdep_assert_held(&spdev->lock);
	spdev->ram.clear_start = offset;
	spdev->ram.clear_len = len;
}
EXPORT_SYMBOL_GPL(softpci_ram_clear);

/**
 * softpci_ram_zero() - do what softpci_ram_clear() asked for
 * @spdev: an open device
 * @offset: first byte
 * @len: how many
 *
 * The register that asked has been written, so a failure is not told: what
 * cannot be filled or swapped in stays as it is.
 */
void softpci_ram_zero(struct softpci_device *spdev, u32 offset, u32 len)
{
	if (softpci_ram_fill(spdev))
		return;
	softpci_ram_set(spdev, offset, 0, len);
	/* After that, as in softpci_ram_rw(). */
	WRITE_ONCE(spdev->ram.written, 1);
}

/*
 * Not vfs_iter_write(): that holds the inode's lock while it waits for a page
 * of the user's, and with it every other writer.  Here a page that does not
 * come holds up nobody else.
 */
static ssize_t write_page(struct file *file, u64 pos, struct iov_iter *from)
{
	size_t n = min_t(size_t, iov_iter_count(from),
			 PAGE_SIZE - offset_in_page(pos));
	struct page *page;

	page = shmem_read_mapping_page(file->f_mapping, pos >> PAGE_SHIFT);
	if (IS_ERR(page))
		return PTR_ERR(page);
	n = copy_page_from_iter(page, offset_in_page(pos), n, from);
	flush_dcache_page(page);
	set_page_dirty(page);
	put_page(page);
	return n ?: -EFAULT;
}

/**
 * softpci_ram_rw() - read(2) or write(2) of the memory
 * @spdev: an open device
 * @pos: first byte
 * @buf: the user's buffer
 * @count: how many; the caller has checked that they are there
 * @write: from @buf into the memory
 *
 * Return: how many bytes were copied, less than @count if a fatal signal or
 * the end of what @buf has came first; or -EFAULT, -ENOMEM, -EINTR.
 */
ssize_t softpci_ram_rw(struct softpci_device *spdev, u64 pos,
		       char __user *buf, size_t count, bool write)
{
	struct file *file = spdev->ram.file;
	size_t done = 0;
	ssize_t ret;

	ret = softpci_ram_fill(spdev);
	if (ret)
		return ret;

	while (done < count) {
		size_t n = min_t(size_t, count - done, RW_CHUNK);
		loff_t at = pos + done;
		struct iov_iter iter;

		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		cond_resched();
		iov_iter_ubuf(&iter, write ? ITER_SOURCE : ITER_DEST,
			      buf + done, n);
		ret = write ? write_page(file, at, &iter) :
			      vfs_iter_read(file, &iter, &at, 0);
		if (ret <= 0)
			break;
		done += ret;
		/* After that: what a reset meanwhile found is not the last word. */
		if (write)
			WRITE_ONCE(spdev->ram.written, 1);
	}
	return done ?: ret;
}

/**
 * softpci_ram_map() - map the memory into a process
 * @file: the memory
 * @vma: where; a new one, whose file is still the device
 * @pgoff: first page of the memory to show
 *
 * With the flags of a BAR that vfio-pci maps: a core dump does not contain what
 * a guest shows, and a mapping of a window of the BAR does not grow.  The latter
 * also keeps the kernel from moving its pages together as huge ones, for which
 * it does not look at where ram_open() wants them.
 *
 * Return: 0, or an errno of shmem's.
 */
int softpci_ram_map(struct file *file, struct vm_area_struct *vma,
		    pgoff_t pgoff)
{
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_pgoff = pgoff;
	vma_set_file(vma, file);
	return vfs_mmap(file, vma);
}

/**
 * softpci_ram_get_pages() - the pages of a part of the memory, held in place
 * @file: the memory
 * @pgoff: first page
 * @nr: how many
 *
 * Return: an array of @nr pages for softpci_ram_put_pages(), or an ERR_PTR().
 */
struct page **softpci_ram_get_pages(struct file *file, pgoff_t pgoff,
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
			softpci_ram_put_pages(pages, i);
			return ERR_CAST(page);
		}
		pages[i] = page;
		cond_resched();
	}
	return pages;
}

/**
 * softpci_ram_put_pages() - undo softpci_ram_get_pages()
 * @pages: what it returned; freed
 * @nr: how many
 */
void softpci_ram_put_pages(struct page **pages, unsigned long nr)
{
	unsigned long i;

	/* Whoever had them may have written to them: they are to be kept. */
	for (i = 0; i < nr; i++) {
		set_page_dirty(pages[i]);
		put_page(pages[i]);
	}
	kvfree(pages);
}

/* KUnit tests of the functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/ram.c"
#endif
