// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies from the guest's memory to the guest's memory.
 *
 * A front end whose device is at the memory's side copies itself
 * (softpci_host_ops.dma_copy).  Otherwise bytes go through a buffer, which takes
 * two copies.  So both ends of a long copy are pinned, if the front end can do that,
 * and it is done at once: in windows that stay pinned, as guests copy from and to the
 * same buffers again and again.  The windows are few, the one that was pinned first
 * makes room for a new one, and they go when the device is stopped.
 *
 * Windows are pinned by jobs, one at a time, and taken away by softpci_dma_revoke() at
 * any time.  A window that cannot be pinned is no error: its memory goes
 * through the buffer, which says where an address is not mapped.
 */
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "internal.h"

/* Both ends of a copy of 1 MiB, wherever they begin in a page, and some more. */
#define NR_WINDOWS	48
#define WINDOW_SIZE	(SOFTPCI_MAX_PIN_PAGES * PAGE_SIZE)
/* A copy that is shorter is not worth a window. */
#define MIN_PINNED	(4 * PAGE_SIZE)
/* Each access by the front end takes a while, however short it is. */
#define BUFFER_SIZE	WINDOW_SIZE

/**
 * struct softpci_dma_copying - windows for copies of a device
 * @window: the windows
 * @next: the one that is pinned anew next
 * @buf: BUFFER_SIZE bytes
 */
struct softpci_dma_copying {
	struct softpci_pin window[NR_WINDOWS];
	unsigned int next;
	u8 buf[] __aligned(8);
};

/**
 * struct copy_end - source or target of a copy
 * @iova: address of the next byte
 * @write: it is the target
 * @pin: the last window, or NULL
 * @unpinned: bytes for which it need not be tried to pin a window
 */
struct copy_end {
	u64 iova;
	bool write;
	struct softpci_pin *pin;
	u64 unpinned;
};

/* The front end copies, a piece at a time. */
static int copy_directly(struct softpci_device *dev, u64 to, u64 from, u64 len)
{
	while (len) {
		size_t n = min_t(u64, len, SOFTPCI_MAX_DMA_COPY);
		int ret;

		cond_resched();
		if (!softpci_dma_is_allowed(dev))
			return -EIO;
		ret = dev->host_ops->dma_copy(dev, to, from, n);
		if (ret)
			return ret;
		to += n;
		from += n;
		len -= n;
	}
	return 0;
}

/* Pages are whole in windows for copies. */
static bool contains(const struct softpci_pin *pin, const struct copy_end *end)
{
	return READ_ONCE(pin->nr) && end->iova >= pin->iova &&
	       end->iova - pin->iova < pin->len &&
	       (pin->writable || !end->write);
}

static struct softpci_pin *find_window(struct softpci_dma_copying *copying,
				       const struct copy_end *end)
{
	unsigned int i;

	if (end->pin && contains(end->pin, end))
		return end->pin;
	for (i = 0; i < NR_WINDOWS; i++)
		if (contains(&copying->window[i], end))
			return &copying->window[i];
	return NULL;
}

/* Have a window at @end, of which @len bytes are left to be copied, if it can be. */
static void get_window(struct softpci_device *dev, struct copy_end *end, u64 len)
{
	struct softpci_dma_copying *copying = dev->dma.copying;
	u64 first = end->iova - offset_in_page(end->iova);
	struct softpci_pin *pin;

	end->pin = find_window(copying, end);
	if (end->pin || end->unpinned || len < MIN_PINNED)
		return;
	len = min_t(u64, PAGE_ALIGN(offset_in_page(end->iova) + len),
		    WINDOW_SIZE);
	pin = &copying->window[copying->next];
	softpci_dma_unpin(dev, pin);
	if (softpci_dma_try_pin(dev, first, len, end->write, pin)) {
		end->unpinned = len;
		return;
	}
	copying->next = (copying->next + 1) % NR_WINDOWS;
	end->pin = pin;
}

static void *map_locked(const struct copy_end *end)
{
	size_t at = end->iova - end->pin->iova;

	return kmap_local_page(end->pin->pages[at >> PAGE_SHIFT]) +
	       offset_in_page(at);
}

/*
 * Returns 0, -EIO, or -EAGAIN if a window was taken away: by the guest, or
 * for the other end.
 */
static int copy_pinned(struct softpci_device *dev, const struct copy_end *to,
		       const struct copy_end *from, size_t len)
{
	void *source, *target;

	guard(spinlock_irqsave)(&dev->dma.lock);
	if (!softpci_dma_is_allowed(dev))
		return -EIO;
	if (!contains(to->pin, to) || !contains(from->pin, from))
		return -EAGAIN;
	source = map_locked(from);
	target = map_locked(to);
	memmove(target, source, len);
	kunmap_local(target);
	kunmap_local(source);
	flush_dcache_page(to->pin->pages[(to->iova - to->pin->iova) >> PAGE_SHIFT]);
	softpci_dma_tell_written(dev, to->iova, len);
	return 0;
}

static int copy_by_buffer(struct softpci_device *dev, u64 to, u64 from,
			  size_t len)
{
	u8 *buf = dev->dma.copying->buf;

	return softpci_dma_access(dev, from, buf, len, false) ?:
	       softpci_dma_access(dev, to, buf, len, true);
}

/* All pages before one that cannot be accessed are copied. */
static int copy_buffered(struct softpci_device *dev, u64 to, u64 from,
			 size_t len)
{
	size_t n;
	int ret;

	if (!copy_by_buffer(dev, to, from, len))
		return 0;
	for (; len; len -= n) {
		n = softpci_dma_in_page(to, softpci_dma_in_page(from, len));
		ret = copy_by_buffer(dev, to, from, n);
		if (ret)
			return ret;
		to += n;
		from += n;
	}
	return 0;
}

static void advance(struct copy_end *end, size_t len)
{
	end->iova += len;
	end->unpinned -= min_t(u64, end->unpinned, len);
}

static int copy_by_pages(struct softpci_device *dev, u64 to, u64 from, u64 len)
{
	struct copy_end target = { .iova = to, .write = true };
	struct copy_end source = { .iova = from };

	while (len) {
		size_t n = softpci_dma_in_page(target.iova,
					       softpci_dma_in_page(source.iova, len));
		int ret = -EAGAIN;

		cond_resched();
		get_window(dev, &source, len);
		get_window(dev, &target, len);
		if (source.pin && target.pin)
			ret = copy_pinned(dev, &target, &source, n);
		if (ret == -EAGAIN) {
			n = min_t(u64, len, BUFFER_SIZE);
			ret = copy_buffered(dev, target.iova, source.iova, n);
		}
		if (ret)
			return ret;
		advance(&source, n);
		advance(&target, n);
		len -= n;
	}
	return 0;
}

/**
 * softpci_dma_copy() - copy within the guest's memory
 * @dev: the device, without its lock
 * @to: address of the first byte of the target
 * @from: address of the first byte of the source
 * @len: bytes; 0 is none, and no error
 *
 * From low to high addresses: where the target begins
 * inside of the source, its content is undefined.
 *
 * Context: process, may sleep; from a job of @dev.
 * Return: 0; -EIO as softpci_dma_read() and softpci_dma_write(); -ENOMEM. The
 * first pages may be written then.
 */
int softpci_dma_copy(struct softpci_device *dev, u64 to, u64 from, u64 len)
{
	struct softpci_dma *dma = &dev->dma;

	might_sleep();
	if (!len)
		return 0;
	if (!softpci_dma_is_range(to, len) || !softpci_dma_is_range(from, len))
		return -EIO;
	if (dev->host_ops->dma_copy)
		return copy_directly(dev, to, from, len);
	/* A worker has no cgroup to charge. One job runs, and it is not freed meanwhile. */
	if (!dma->copying)
		dma->copying = kvzalloc(struct_size(dma->copying, buf, BUFFER_SIZE),
					GFP_KERNEL);
	if (!dma->copying)
		return -ENOMEM;
	return copy_by_pages(dev, to, from, len);
}
EXPORT_SYMBOL_GPL(softpci_dma_copy);

/**
 * softpci_dma_copy_destroy() - free the windows of copies, and bytes of the guest
 * @dev: a device that nothing runs on
 */
void softpci_dma_copy_destroy(struct softpci_device *dev)
{
	kvfree(dev->dma.copying);
	dev->dma.copying = NULL;
}

/* KUnit tests of the functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/dma-copy.c"
#endif
