// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA logging (VFIO_DEVICE_FEATURE_DMA_LOGGING_START): which pages of the guest's
 * memory the device has written.
 *
 * The ranges that the user gives are not kept: pages outside of them are logged
 * as well, and just not asked for.  So there is no limit to their number.
 *
 * The guest chooses the addresses, nothing need be mapped there, and no process can
 * be charged for what a job allocates.  So the log has a limit, and beyond that all
 * pages count as written until it is stopped.
 */
#include <linux/align.h>
#include <linux/array_size.h>
#include <linux/bitmap.h>
#include <linux/bits.h>
#include <linux/iova_bitmap.h>
#include <linux/lockdep.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "internal.h"

/* The smallest that VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT can ask for. */
#define LOG_SHIFT	12

/*
 * Nodes of the lowest level of the xarray: pages of 126 GiB, if they are all
 * written.  With the levels above, 24 MB, if the pages are as far from each other as
 * can be.
 */
#define MAX_NODES	8192

/* What is reported between two checks for a fatal signal, if all is. */
#define REPORT_PIECE	BIT_ULL(40)

/* Is nothing stored in the node that the entry is in, or would be in? */
static bool node_is_empty(struct softpci_log *log, unsigned long index)
{
	unsigned long first = round_down(index, XA_CHUNK_SIZE);

	lockdep_assert_held(&log->lock);
	return !xa_find(&log->pages, &first, first + XA_CHUNK_SIZE - 1,
			XA_PRESENT);
}

static void mark_page(struct softpci_log *log, unsigned long page)
{
	unsigned long index = page / BITS_PER_XA_VALUE, bits = 0;
	bool new_node = false;
	void *entry;

	lockdep_assert_held(&log->lock);
	if (log->all)
		return;
	entry = xa_load(&log->pages, index);
	if (entry)
		bits = xa_to_value(entry);
	else
		new_node = node_is_empty(log, index);
	if (bits & BIT(page % BITS_PER_XA_VALUE))
		return;
	bits |= BIT(page % BITS_PER_XA_VALUE);
	if ((new_node && log->nodes == MAX_NODES) ||
	    xa_err(xa_store(&log->pages, index, xa_mk_value(bits), GFP_ATOMIC)))
		log->all = true;
	else if (new_node)
		log->nodes++;
}

/**
 * softpci_log_written() - softpci_host_ops.dma_written
 * @dev: the device
 * @iova: address of the first byte that was written
 * @len: how many bytes
 */
void softpci_log_written(struct softpci_device *dev, u64 iova, size_t len)
{
	struct softpci_vfio *svfio = dev->host;
	struct softpci_log *log = &svfio->log;
	u64 page, last = (iova + len - 1) >> LOG_SHIFT;

	if (!READ_ONCE(log->on))
		return;
	guard(spinlock_irqsave)(&log->lock);
	if (!log->on)
		return;
	/* An address that the user cannot ask for. */
	if (last > ULONG_MAX >> LOG_SHIFT)
		return;
	for (page = iova >> LOG_SHIFT; page <= last; page++)
		mark_page(log, page);
}

static void erase_entry(struct softpci_log *log, unsigned long index)
{
	lockdep_assert_held(&log->lock);
	xa_erase(&log->pages, index);
	if (node_is_empty(log, index))
		log->nodes--;
}

/*
 * Take pages @first to @last, at most those of one entry, out of the log. Returns
 * false if there is none from @first on; else @first and @bits are set, to the page
 * of bit 0 and the pages from there on.
 */
static bool take_pages(struct softpci_log *log, unsigned long *first,
		       unsigned long last, unsigned long *bits)
{
	unsigned long index = *first / BITS_PER_XA_VALUE, start, wanted = ~0UL;
	unsigned long has;
	void *entry;

	guard(spinlock_irqsave)(&log->lock);
	entry = xa_find(&log->pages, &index, last / BITS_PER_XA_VALUE, XA_PRESENT);
	if (!entry)
		return false;
	start = index * BITS_PER_XA_VALUE;
	if (start < *first)
		wanted &= ~0UL << (*first - start);
	if (last - start < BITS_PER_LONG - 1)
		wanted &= BIT(last - start + 1) - 1;
	has = xa_to_value(entry);
	*first = start;
	*bits = has & wanted;
	/* Neither of them allocates. */
	if (has & ~wanted)
		xa_store(&log->pages, index, xa_mk_value(has & ~wanted),
			 GFP_ATOMIC);
	else
		erase_entry(log, index);
	return true;
}

/* Not in one go: the lock is taken with interrupts off. */
static void clear_log(struct softpci_log *log)
{
	unsigned long first = 0, bits;

	lockdep_assert_held(&log->control);
	while (take_pages(log, &first, ULONG_MAX >> LOG_SHIFT, &bits)) {
		first += BITS_PER_XA_VALUE;
		cond_resched();
	}
	guard(spinlock_irqsave)(&log->lock);
	/* Nodes without entries, of one for which memory was short. */
	xa_destroy(&log->pages);
	log->nodes = 0;
	log->all = false;
}

static int log_start(struct vfio_device *vdev, struct rb_root_cached *ranges,
		     u32 nnodes, u64 *page_size)
{
	struct softpci_log *log = &to_softpci_vfio(vdev)->log;

	guard(mutex)(&log->control);
	guard(spinlock_irqsave)(&log->lock);
	if (log->on)
		return -EINVAL;
	*page_size = BIT(LOG_SHIFT);
	WRITE_ONCE(log->on, true);
	return 0;
}

static int log_stop(struct vfio_device *vdev)
{
	struct softpci_log *log = &to_softpci_vfio(vdev)->log;

	guard(mutex)(&log->control);
	scoped_guard(spinlock_irqsave, &log->lock) {
		if (!log->on)
			return -EINVAL;
		WRITE_ONCE(log->on, false);
	}
	clear_log(log);
	return 0;
}

/* 1: all count as written; 0: see the log; or an errno. */
static int all_written(struct softpci_log *log)
{
	guard(spinlock_irqsave)(&log->lock);
	return log->on ? log->all : -EINVAL;
}

/* In pieces: the user may have as much memory for bits as there are addresses. */
static int report_all(struct iova_bitmap *dirty, unsigned long iova,
		      unsigned long length)
{
	while (length) {
		unsigned long len = min_t(u64, length, REPORT_PIECE);

		if (fatal_signal_pending(current))
			return -EINTR;
		iova_bitmap_set(dirty, iova, len);
		iova += len;
		length -= len;
		cond_resched();
	}
	return 0;
}

/* iova_bitmap_set() may sleep. */
static int log_read_and_clear(struct vfio_device *vdev, unsigned long iova,
			      unsigned long length, struct iova_bitmap *dirty)
{
	struct softpci_log *log = &to_softpci_vfio(vdev)->log;
	unsigned long first = iova >> LOG_SHIFT, last, bits;
	unsigned int i;
	int ret;

	if (!length)
		return 0;
	/* The page of @iova would begin where @dirty has no bit. */
	if (!IS_ALIGNED(iova, BIT(LOG_SHIFT)))
		return -EINVAL;
	ret = all_written(log);
	if (ret < 0)
		return ret;
	if (ret) {
		ret = report_all(dirty, iova, length);
		if (ret)
			return ret;
	}

	last = (iova + length - 1) >> LOG_SHIFT;
	while (first <= last && take_pages(log, &first, last, &bits)) {
		for_each_set_bit(i, &bits, BITS_PER_XA_VALUE)
			iova_bitmap_set(dirty, (first + i) << LOG_SHIFT,
					BIT(LOG_SHIFT));
		first += BITS_PER_XA_VALUE;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

static const struct vfio_log_ops log_ops = {
	.log_start		= log_start,
	.log_stop		= log_stop,
	.log_read_and_clear	= log_read_and_clear,
};

/**
 * softpci_log_init() - the log of a new device, off
 * @svfio: the device
 */
void softpci_log_init(struct softpci_vfio *svfio)
{
	mutex_init(&svfio->log.control);
	spin_lock_init(&svfio->log.lock);
	xa_init(&svfio->log.pages);
}

/**
 * softpci_log_release() - undo softpci_log_init()
 * @svfio: a closed device
 */
void softpci_log_release(struct softpci_vfio *svfio)
{
	xa_destroy(&svfio->log.pages);
	mutex_destroy(&svfio->log.control);
}

/**
 * softpci_log_offer() - tell VFIO that a device logs its DMA
 * @svfio: the device, which VFIO has not registered yet
 *
 * A kernel without CONFIG_IOMMUFD_DRIVER starts a log, but fails to report from it.
 * There VFIO's container has to do: it knows the pages that were written by
 * vfio_dma_rw() or are pinned.
 */
void softpci_log_offer(struct softpci_vfio *svfio)
{
	if (IS_ENABLED(CONFIG_IOMMUFD_DRIVER))
		svfio->vdev.log_ops = &log_ops;
}

/**
 * softpci_log_close() - the user of a device has left: log nothing
 * @svfio: the device
 */
void softpci_log_close(struct softpci_vfio *svfio)
{
	struct softpci_log *log = &svfio->log;

	guard(mutex)(&log->control);
	scoped_guard(spinlock_irqsave, &log->lock)
		WRITE_ONCE(log->on, false);
	clear_log(log);
}

MODULE_IMPORT_NS("IOMMUFD");

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/log.c"
#endif
