// SPDX-License-Identifier: GPL-2.0-only
/*
 * The content of a device's memories as a migration moves it: page by page,
 * without the pages that were never touched.
 *
 * The target collects it in files of its own, a stage, so that the device stays as
 * it is until all has come.  It is copied then, and the files of the device are
 * not exchanged: mappings and dma-bufs of them exist already.
 *
 * The source keeps what it has sent in a stage as well, and compares memory to it.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "internal.h"

/**
 * struct softpci_stage - content for the memories of a device
 * @model: of the device
 * @file: a file for each memory, of the same size
 */
struct softpci_stage {
	const struct softpci_model *model;
	struct file *file[SOFTPCI_MAX_MEMORIES];
};

static u64 memory_size(const struct softpci_model *model, unsigned int memory)
{
	return model->memories[memory].size;
}

/**
 * softpci_memory_touched() - find pages that were touched
 * @dev: an open device
 * @memory: index of the memory
 * @pos: where to begin, a multiple of PAGE_SIZE; set to the start of these pages
 * @len: how many bytes are wanted at most, the same; set to how many there are
 *
 * Return: false if there is none from @pos on.
 */
bool softpci_memory_touched(struct softpci_device *dev, unsigned int memory,
			    u64 *pos, u64 *len)
{
	struct xarray *pages = &dev->memory[memory].file->f_mapping->i_pages;
	u64 size = memory_size(dev->model, memory);
	unsigned long index = *pos >> PAGE_SHIFT, end;

	/* Some of the pages, if filling it was interrupted: as at power-on. */
	if (!smp_load_acquire(&dev->memory[memory].filled))
		return false;
	if (*pos >= size ||
	    !xa_find(pages, &index, (size - 1) >> PAGE_SHIFT, XA_PRESENT))
		return false;
	*pos = (u64)index << PAGE_SHIFT;
	*len = min(*len, size - *pos);
	for (end = index + 1; end < (*pos + *len) >> PAGE_SHIFT; end++)
		if (!xa_load(pages, end))
			break;
	*len = (u64)(end - index) << PAGE_SHIFT;
	return true;
}
EXPORT_SYMBOL_GPL(softpci_memory_touched);

/* As softpci_ram_copy(), of any number of pages. */
static int copy_pages(struct file *file, u64 pos, void *buf, size_t len,
		      bool write)
{
	while (len) {
		size_t n = min_t(size_t, len, PAGE_SIZE - offset_in_page(pos));
		int ret;

		if (fatal_signal_pending(current))
			return -EINTR;
		ret = softpci_ram_copy(file, pos, buf, n, write);
		if (ret)
			return ret;
		pos += n;
		buf += n;
		len -= n;
		cond_resched();
	}
	return 0;
}

/**
 * softpci_memory_peek() - read memory, and touch no page
 * @dev: an open device
 * @memory: index of the memory
 * @pos: first byte
 * @buf: where to
 * @len: how many bytes
 *
 * Without its content at power-on, if it has not got that yet.  May sleep.
 *
 * Return: 0; -EINVAL if they are not all there; -ENOMEM; or -EINTR on a fatal
 * signal.
 */
int softpci_memory_peek(struct softpci_device *dev, unsigned int memory,
			u64 pos, void *buf, size_t len)
{
	if (!softpci_in_memory(dev->model, memory, pos, len))
		return -EINVAL;
	return copy_pages(dev->memory[memory].file, pos, buf, len, false);
}
EXPORT_SYMBOL_GPL(softpci_memory_peek);

/**
 * softpci_stage_create() - make room for the content of a device's memories
 * @dev: the device
 *
 * Pages come into being when they are written.
 *
 * Return: the stage, or an ERR_PTR() of -ENOMEM, -ENOSPC, -ENFILE.
 */
struct softpci_stage *softpci_stage_create(struct softpci_device *dev)
{
	const struct softpci_model *model = dev->model;
	struct softpci_stage *stage;
	unsigned int i;

	stage = kzalloc_obj(*stage, GFP_KERNEL_ACCOUNT);
	if (!stage)
		return ERR_PTR(-ENOMEM);
	stage->model = model;
	for (i = 0; i < model->nr_memories; i++) {
		struct file *file = softpci_ram_file(memory_size(model, i));

		if (IS_ERR(file)) {
			softpci_stage_destroy(stage);
			return ERR_CAST(file);
		}
		stage->file[i] = file;
	}
	return stage;
}
EXPORT_SYMBOL_GPL(softpci_stage_create);

/**
 * softpci_stage_destroy() - undo softpci_stage_create()
 * @stage: the stage; freed
 */
void softpci_stage_destroy(struct softpci_stage *stage)
{
	unsigned int i;

	for (i = 0; i < SOFTPCI_MAX_MEMORIES; i++)
		if (stage->file[i])
			fput(stage->file[i]);
	kfree(stage);
}
EXPORT_SYMBOL_GPL(softpci_stage_destroy);

/**
 * softpci_stage_write() - collect content
 * @stage: the stage
 * @memory: index of the memory
 * @pos: first byte
 * @buf: where from
 * @len: how many bytes
 *
 * May sleep.
 *
 * Return: 0; -EINVAL if the device has no such memory or bytes; -ENOMEM; or
 * -EINTR on a fatal signal.
 */
int softpci_stage_write(struct softpci_stage *stage, unsigned int memory,
			u64 pos, const void *buf, size_t len)
{
	if (!softpci_in_memory(stage->model, memory, pos, len))
		return -EINVAL;
	return copy_pages(stage->file[memory], pos, (void *)buf, len, true);
}
EXPORT_SYMBOL_GPL(softpci_stage_write);

/* A page with a reference; NULL: it was never touched; or an ERR_PTR(). */
static struct page *touched_page(struct file *file, pgoff_t index)
{
	if (softpci_is_hole(file->f_mapping, index))
		return NULL;
	return shmem_read_mapping_page(file->f_mapping, index);
}

static bool is_zero(struct page *page)
{
	const void *bytes = kmap_local_page(page);
	bool zero = !memchr_inv(bytes, 0, PAGE_SIZE);

	kunmap_local(bytes);
	return zero;
}

/* NULL is a page of zeroes. */
static bool are_equal(struct page *a, struct page *b)
{
	const void *bytes_a, *bytes_b;
	bool equal;

	if (!a || !b)
		return a == b || is_zero(a ?: b);
	bytes_a = kmap_local_page(a);
	bytes_b = kmap_local_page(b);
	equal = !memcmp(bytes_a, bytes_b, PAGE_SIZE);
	kunmap_local(bytes_b);
	kunmap_local(bytes_a);
	return equal;
}

/**
 * softpci_stage_differs() - has a page another content than in a stage
 * @stage: the stage
 * @dev: the open device that it was made for
 * @memory: index of the memory
 * @pos: of the page, a multiple of PAGE_SIZE
 *
 * A page that was never touched is one of zeroes, here and there, and stays
 * untouched.  One that is swapped out is read.  May sleep.
 *
 * Return: 1 if it has; 0; -EINVAL if there is no such page; or an errno of a page
 * that cannot be had, such as -ENOMEM.
 */
int softpci_stage_differs(struct softpci_stage *stage,
			  struct softpci_device *dev, unsigned int memory,
			  u64 pos)
{
	struct page *now, *then;
	int ret;

	if (!softpci_in_memory(stage->model, memory, pos, PAGE_SIZE))
		return -EINVAL;
	now = touched_page(dev->memory[memory].file, pos >> PAGE_SHIFT);
	if (IS_ERR(now))
		return PTR_ERR(now);
	then = touched_page(stage->file[memory], pos >> PAGE_SHIFT);
	ret = IS_ERR(then) ? PTR_ERR(then) : !are_equal(now, then);
	if (!IS_ERR_OR_NULL(then))
		put_page(then);
	if (now)
		put_page(now);
	return ret;
}
EXPORT_SYMBOL_GPL(softpci_stage_differs);

/* Not xa_for_each(), which finds a huge page once and not for each page of it. */
static int prepare_memory(struct file *file, struct file *staged, u64 size)
{
	struct xarray *pages = &staged->f_mapping->i_pages;
	unsigned long index, last = (size - 1) >> PAGE_SHIFT;

	for (index = 0; xa_find(pages, &index, last, XA_PRESENT); index++) {
		struct page *page;

		if (fatal_signal_pending(current))
			return -EINTR;
		page = shmem_read_mapping_page(file->f_mapping, index);
		if (IS_ERR(page))
			return PTR_ERR(page);
		put_page(page);
		cond_resched();
	}
	return 0;
}

/**
 * softpci_stage_prepare() - allocate the pages that softpci_stage_apply() needs
 * @dev: the open device that the stage was made for
 * @stage: the stage
 *
 * The content of the device's memories stays as it is.  May sleep.
 *
 * Return: 0, -ENOMEM, or -EINTR on a fatal signal.
 */
int softpci_stage_prepare(struct softpci_device *dev,
			  struct softpci_stage *stage)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < stage->model->nr_memories && !ret; i++)
		ret = prepare_memory(dev->memory[i].file, stage->file[i],
				     memory_size(stage->model, i));
	return ret;
}
EXPORT_SYMBOL_GPL(softpci_stage_prepare);

static int apply_page(struct file *file, struct file *staged, pgoff_t index)
{
	bool data = !softpci_is_hole(staged->f_mapping, index);
	struct page *to, *from;

	if (!data && softpci_is_hole(file->f_mapping, index))
		return 0;
	to = shmem_read_mapping_page(file->f_mapping, index);
	if (IS_ERR(to))
		return PTR_ERR(to);
	if (data) {
		from = shmem_read_mapping_page(staged->f_mapping, index);
		if (IS_ERR(from)) {
			put_page(to);
			return PTR_ERR(from);
		}
		copy_highpage(to, from);
		put_page(from);
	} else {
		clear_highpage(to);
	}
	flush_dcache_page(to);
	set_page_dirty(to);
	put_page(to);
	return 0;
}

static int apply_memory(struct softpci_device *dev, unsigned int memory,
			struct file *staged)
{
	const struct softpci_memory_desc *desc = &dev->model->memories[memory];
	struct softpci_memory *mem = &dev->memory[memory];
	pgoff_t index;
	int ret;

	guard(mutex)(&mem->lock);
	/* Nothing was touched there: it is as at power-on. */
	if (desc->fill && xa_empty(&staged->f_mapping->i_pages))
		return mem->filled ? desc->fill(dev, memory) : 0;

	for (index = 0; index < desc->size >> PAGE_SHIFT; index++) {
		ret = apply_page(mem->file, staged, index);
		if (ret)
			return ret;
		cond_resched();
	}
	WRITE_ONCE(mem->written, 1);
	/* As in memory_fill(), which must not replace it. */
	smp_store_release(&mem->filled, true);
	return 0;
}

/**
 * softpci_stage_apply() - give a device's memories the content of a stage
 * @dev: an open device, after softpci_stage_prepare()
 * @stage: the stage
 *
 * Pages that the stage lacks are zeroed; a memory of which it has none is as at
 * power-on.  May sleep.
 *
 * Return: 0, or an errno of a page that was swapped out and cannot be read: only a
 * part has been replaced then.
 */
int softpci_stage_apply(struct softpci_device *dev,
			struct softpci_stage *stage)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < stage->model->nr_memories && !ret; i++)
		ret = apply_memory(dev, i, stage->file[i]);
	return ret;
}
EXPORT_SYMBOL_GPL(softpci_stage_apply);

/* KUnit tests of the functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/stage.c"
#endif
