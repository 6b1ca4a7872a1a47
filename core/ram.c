// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest-visible memory: a shmem file.
 *
 * Sparse allocation, fault-around, accounting, swap and fast copies come from
 * the kernel, and a mapping costs as much as one of a memfd.  The mapping is
 * of the shmem file, not of the device: it stays valid after the device is
 * gone.  That is why each opening of the device has a file of its own, so
 * that a mapping kept by one user never shows the memory of the next.
 */
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "internal.h"

/* Bytes that are copied between two checks for a fatal signal. */
#define RW_CHUNK	SZ_1M

static const struct softpci_memory_desc *
memory_desc(const struct softpci_device *dev, unsigned int memory)
{
	return &dev->model->memories[memory];
}

/**
 * softpci_memory_create() - set up the memories of a new device
 * @dev: the device
 */
void softpci_memory_create(struct softpci_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->model->nr_memories; i++)
		mutex_init(&dev->memory[i].lock);
}

/**
 * softpci_memory_destroy() - undo softpci_memory_create()
 * @dev: a closed device
 */
void softpci_memory_destroy(struct softpci_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->model->nr_memories; i++)
		mutex_destroy(&dev->memory[i].lock);
}

static int memory_open(struct softpci_device *dev, unsigned int memory)
{
	struct softpci_memory *mem = &dev->memory[memory];
	struct file *file = softpci_ram_file(memory_desc(dev, memory)->size);

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
	if (dev->model->display == SOFTPCI_DISPLAY_DMABUF && !memory)
		mapping_set_gfp_mask(file->f_mapping, GFP_HIGHUSER);
	mem->filled = !memory_desc(dev, memory)->fill;
	mem->written = 0;
	mem->mapped = false;
	mem->file = file;
	return 0;
}

/**
 * softpci_memory_open() - make the memories, without any page in them
 * @dev: a device that is being opened
 *
 * Return: 0, or -ENOMEM, -ENOSPC, -ENFILE.
 */
int softpci_memory_open(struct softpci_device *dev)
{
	unsigned int i;
	int ret;

	for (i = 0; i < dev->model->nr_memories; i++) {
		ret = memory_open(dev, i);
		if (ret) {
			softpci_memory_close(dev);
			return ret;
		}
	}
	return 0;
}

/**
 * softpci_memory_close() - let go of the memories
 * @dev: a device that is being closed
 *
 * Mappings and dma-bufs keep them for as long as they want them.
 */
void softpci_memory_close(struct softpci_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->model->nr_memories; i++) {
		struct softpci_memory *mem = &dev->memory[i];

		if (mem->file)
			fput(mem->file);
		mem->file = NULL;
	}
}

/*
 * Give a memory its content at power-on if it has none yet.  Called before
 * anything reads, writes or maps it: until then it costs no page.  Returns 0,
 * -ENOMEM or -EINTR.
 */
static int memory_fill(struct softpci_device *dev, unsigned int memory)
{
	struct softpci_memory *mem = &dev->memory[memory];
	int ret;

	/* Pairs with the release below: with true the content is seen as well. */
	if (smp_load_acquire(&mem->filled))
		return 0;

	guard(mutex)(&mem->lock);
	if (mem->filled)
		return 0;
	ret = memory_desc(dev, memory)->fill(dev, memory);
	if (ret)
		return ret;
	/* Pairs with the acquire above. */
	smp_store_release(&mem->filled, true);
	return 0;
}

/**
 * softpci_memory_expose() - note that memory can be written to unseen
 * @dev: an open device
 * @memory: index of the memory
 *
 * To be called before the memory is mapped into a process or exported.  May sleep.
 *
 * Return: 0, -ENOMEM or -EINTR.
 */
int softpci_memory_expose(struct softpci_device *dev, unsigned int memory)
{
	int ret = memory_fill(dev, memory);

	if (!ret)
		WRITE_ONCE(dev->memory[memory].mapped, true);
	return ret;
}
EXPORT_SYMBOL_GPL(softpci_memory_expose);

static int memory_reset(struct softpci_device *dev, unsigned int memory)
{
	struct softpci_memory *mem = &dev->memory[memory];
	int ret;

	if (!memory_desc(dev, memory)->fill)
		return 0;

	guard(mutex)(&mem->lock);
	if (!mem->filled || !(xchg(&mem->written, 0) || READ_ONCE(mem->mapped)))
		return 0;
	ret = memory_desc(dev, memory)->fill(dev, memory);
	if (ret)
		WRITE_ONCE(mem->written, 1);
	return ret;
}

/**
 * softpci_memory_reset() - back to the content at power-on
 * @dev: an open device
 *
 * Memory that starts as zeroes may keep its content, as RAM does.  Nor is there
 * anything to do for other memory that cannot have been written to since.
 * May sleep.
 *
 * Return: 0, -ENOMEM or -EINTR. Some may have been reset after an error.
 */
int softpci_memory_reset(struct softpci_device *dev)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < dev->model->nr_memories && !ret; i++)
		ret = memory_reset(dev, i);
	return ret;
}

/**
 * softpci_memory_set() - set bytes of memory, from softpci_memory_desc.fill
 * @dev: an open device
 * @memory: index of the memory
 * @offset: first byte
 * @byte: their new value
 * @len: how many
 *
 * May sleep.
 *
 * Return: 0; -EINVAL if they are not all there; -ENOMEM; or -EINTR on a fatal
 * signal. Some may be set after one of the last two.
 */
int softpci_memory_set(struct softpci_device *dev, unsigned int memory,
		       u64 offset, u8 byte, u64 len)
{
	struct address_space *mapping = dev->memory[memory].file->f_mapping;

	if (!softpci_in_memory(dev->model, memory, offset, len))
		return -EINVAL;

	while (len) {
		size_t n = min_t(u64, len, PAGE_SIZE - offset_in_page(offset));
		struct page *page;

		if (fatal_signal_pending(current))
			return -EINTR;
		if (byte || !softpci_is_hole(mapping, offset >> PAGE_SHIFT)) {
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
EXPORT_SYMBOL_GPL(softpci_memory_set);

/**
 * softpci_memory_clear() - zero bytes of memory, from a job
 * @dev: an open device
 * @memory: index of the memory
 * @offset: first byte
 * @len: how many
 *
 * Pages that were never touched stay so.  May sleep.
 *
 * Return: as softpci_memory_set().
 */
int softpci_memory_clear(struct softpci_device *dev, unsigned int memory,
			 u64 offset, u64 len)
{
	int ret;

	if (!softpci_in_memory(dev->model, memory, offset, len))
		return -EINVAL;
	ret = memory_fill(dev, memory);
	if (ret)
		return ret;
	ret = softpci_memory_set(dev, memory, offset, 0, len);
	/* After that, as in memory_user(). */
	WRITE_ONCE(dev->memory[memory].written, 1);
	return ret;
}
EXPORT_SYMBOL_GPL(softpci_memory_clear);

/* 0, or an errno; some may have been copied after it. */
static int memory_copy(struct softpci_device *dev, unsigned int memory, u64 pos,
		       void *buf, size_t len, bool write)
{
	struct softpci_memory *mem = &dev->memory[memory];
	size_t done, n;
	int ret;

	if (!softpci_in_memory(dev->model, memory, pos, len))
		return -EINVAL;
	ret = memory_fill(dev, memory);
	if (ret)
		return ret;

	for (done = 0; done < len && !ret; done += n) {
		u64 at = pos + done;

		n = min_t(size_t, len - done, PAGE_SIZE - offset_in_page(at));
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		ret = softpci_ram_copy(mem->file, at, buf + done, n, write);
		cond_resched();
	}
	/* After that, as in memory_user(). */
	if (write)
		WRITE_ONCE(mem->written, 1);
	return ret;
}

/**
 * softpci_memory_read() - read memory, from a job or softpci_ops.start
 * @dev: an open device
 * @memory: index of the memory
 * @offset: first byte
 * @buf: where to
 * @len: how many bytes
 *
 * May sleep.
 *
 * Return: 0; -EINVAL if they are not all there; -ENOMEM; or -EINTR on a fatal
 * signal.
 */
int softpci_memory_read(struct softpci_device *dev, unsigned int memory,
			u64 offset, void *buf, size_t len)
{
	return memory_copy(dev, memory, offset, buf, len, false);
}
EXPORT_SYMBOL_GPL(softpci_memory_read);

/**
 * softpci_memory_write() - write to memory, from a job or softpci_ops.start
 * @dev: an open device
 * @memory: index of the memory
 * @offset: first byte
 * @buf: where from
 * @len: how many bytes
 *
 * May sleep.
 *
 * Return: as softpci_memory_read(). Some may be written after an error.
 */
int softpci_memory_write(struct softpci_device *dev, unsigned int memory,
			 u64 offset, const void *buf, size_t len)
{
	return memory_copy(dev, memory, offset, (void *)buf, len, true);
}
EXPORT_SYMBOL_GPL(softpci_memory_write);

static int memory_kernel(struct softpci_device *dev,
			 const struct softpci_area *area, u64 pos, u8 *buf,
			 size_t len, bool write)
{
	int ret = memory_copy(dev, area->memory, pos, buf, len, write);

	return ret ?: (int)len;
}

/*
 * Not vfs_iter_write(): that holds the inode's lock while it waits for a page
 * of the user's, and blocks every other writer.  Here a page that does not
 * come blocks only this writer.
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

/*
 * Returns how many bytes were copied, less than @count if a fatal signal or the
 * end of the user's buffer came first; or -EFAULT, -ENOMEM, -EINTR.
 */
static ssize_t memory_user(struct softpci_device *dev,
			   const struct softpci_area *area, u64 pos,
			   char __user *buf, size_t count, bool write)
{
	struct softpci_memory *mem = &dev->memory[area->memory];
	struct file *file = mem->file;
	size_t done = 0;
	ssize_t ret;

	ret = memory_fill(dev, area->memory);
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
		/* After the write, so that a reset in between is not the last to set it. */
		if (write)
			WRITE_ONCE(mem->written, 1);
	}
	return done ?: ret;
}

/*
 * With the flags of a BAR that vfio-pci maps: a core dump does not contain the
 * guest's picture, and a mapping of a window of the BAR does not grow.  The latter
 * also keeps the kernel from moving its pages together as huge ones, for which
 * it does not look at where memory_open() wants them.
 */
static int memory_mmap(struct softpci_device *dev,
		       const struct softpci_area *area,
		       struct vm_area_struct *vma, pgoff_t pgoff)
{
	struct file *file = dev->memory[area->memory].file;
	int ret;

	ret = softpci_memory_expose(dev, area->memory);
	if (ret)
		return ret;
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_pgoff = pgoff;
	/* A new one, whose file is still the device. */
	vma_set_file(vma, file);
	return vfs_mmap(file, vma);
}

/*
 * An area of memory.  It has no read() and write(), as memory is not touched
 * under the device lock.
 */
const struct softpci_area_ops softpci_memory_ops = {
	.user = memory_user,
	.kernel = memory_kernel,
	.mmap = memory_mmap,
	.pure = true,
};
EXPORT_SYMBOL_GPL(softpci_memory_ops);

/* KUnit tests of the functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/ram.c"
#endif
