// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA: accesses of a device to the guest's memory, by addresses that the guest
 * gave it (IOVAs).
 *
 * All of it fails with -EIO while the guest has not enabled Bus Master or the
 * function is in D3hot, while the front end has suspended DMA, and while the
 * device is closed or in a reset.  That is looked at again for each page, so that
 * a long access does not hold up a reset.
 *
 * Pinned memory is accessed without the front end.  softpci_pin.nr says whether
 * it is pinned, and changes with both softpci_dma.pinning and softpci_dma.lock
 * held: an access holds the latter while it copies, so that none is in progress
 * when softpci_dma_revoke() has changed it.
 */
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "internal.h"

/*
 * Memory that was revoked is not pinned again at once, for this long at first
 * and twice as long each time, up to MAX_REVOKES, until REVOKES_FORGOTTEN have
 * passed without.  The user's side of the mapping (VFIO's type 1) needs a moment
 * without pins after softpci_dma_revoke() to unmap the memory, and takes it for
 * a bug of the kernel if pins keep coming back: no guest may bring that about.
 */
#define HOLDOFF_MS		10
#define MAX_REVOKES		8U
#define REVOKES_FORGOTTEN	(10 * HZ)

/**
 * softpci_dma_create() - DMA of a new device, stopped
 * @dev: the device
 */
void softpci_dma_create(struct softpci_device *dev)
{
	struct softpci_dma *dma = &dev->dma;

	dma->stopped = true;
	mutex_init(&dma->pinning);
	spin_lock_init(&dma->lock);
	INIT_LIST_HEAD(&dma->pins);
}

/**
 * softpci_dma_destroy() - undo softpci_dma_create()
 * @dev: a closed device
 */
void softpci_dma_destroy(struct softpci_device *dev)
{
	WARN_ON(!list_empty(&dev->dma.pins));
	mutex_destroy(&dev->dma.pinning);
}

/**
 * softpci_dma_start() - let accesses begin
 * @dev: the device
 */
void softpci_dma_start(struct softpci_device *dev)
{
	WRITE_ONCE(dev->dma.stopped, false);
}

/**
 * softpci_dma_stop() - undo softpci_dma_start()
 * @dev: the device
 *
 * Accesses that go on end with -EIO at the next page, and softpci_jobs_pause()
 * waits for the job that makes them.  Pins stay: softpci_dma_unpin_all().
 */
void softpci_dma_stop(struct softpci_device *dev)
{
	WRITE_ONCE(dev->dma.stopped, true);
}

/**
 * softpci_dma_suspend() - let accesses fail, or succeed again
 * @dev: the device, open or not
 * @suspended: they fail with -EIO; pins stay, and can be accessed afterwards
 *
 * An access to pinned memory is over on return.  One by softpci_dma_read() and
 * the like may end after it, with the page that it is at.
 *
 * Context: any.
 */
void softpci_dma_suspend(struct softpci_device *dev, bool suspended)
{
	guard(spinlock_irqsave)(&dev->dma.lock);
	WRITE_ONCE(dev->dma.suspended, suspended);
}
EXPORT_SYMBOL_GPL(softpci_dma_suspend);

static bool is_allowed(const struct softpci_device *dev)
{
	return !READ_ONCE(dev->dma.stopped) && !READ_ONCE(dev->dma.suspended) &&
	       softpci_bus_master(dev);
}

/* Bytes of @len from @iova on that lie in the page of @iova. */
static size_t in_one_page(u64 iova, u64 len)
{
	return min_t(u64, len, PAGE_SIZE - offset_in_page(iova));
}

/* Are all of @len bytes from @iova on, at least one, at addresses that exist? */
static bool is_range(u64 iova, u64 len)
{
	u64 last;

	return !check_add_overflow(iova, len - 1, &last);
}

static void tell_written(struct softpci_device *dev, u64 iova, size_t len)
{
	if (dev->host_ops->dma_written)
		dev->host_ops->dma_written(dev, iova, len);
}

static int access_page(struct softpci_device *dev, u64 iova, void *buf,
		       size_t len, bool write)
{
	int ret;

	cond_resched();
	if (!is_allowed(dev))
		return -EIO;
	if (!write)
		return dev->host_ops->dma_read(dev, iova, buf, len);
	ret = dev->host_ops->dma_write(dev, iova, buf, len);
	/* After an error, too, as a part may have been written. */
	tell_written(dev, iova, len);
	return ret;
}

static int access_pages(struct softpci_device *dev, u64 iova, void *buf,
			size_t len, bool write)
{
	might_sleep();
	if (len && !is_range(iova, len))
		return -EIO;

	while (len) {
		size_t n = in_one_page(iova, len);
		int ret = access_page(dev, iova, buf, n, write);

		if (ret)
			return ret;
		iova += n;
		buf += n;
		len -= n;
	}
	return 0;
}

/**
 * softpci_dma_read() - copy from the guest's memory
 * @dev: the device, without its lock
 * @iova: address of the first byte
 * @buf: to here
 * @len: bytes; 0 is none, and no error
 *
 * Context: process, may sleep; from a job of @dev.
 * Return: 0; -EIO if DMA is not allowed, not all of it is mapped for reading, or
 * it extends beyond the last address. Some of @buf may be written then.
 */
int softpci_dma_read(struct softpci_device *dev, u64 iova, void *buf,
		     size_t len)
{
	return access_pages(dev, iova, buf, len, false);
}
EXPORT_SYMBOL_GPL(softpci_dma_read);

/**
 * softpci_dma_write() - copy to the guest's memory
 * @dev: the device, without its lock
 * @iova: address of the first byte
 * @buf: from here
 * @len: bytes; 0 is none, and no error
 *
 * As posted writes on PCI, it is visible to the guest before later ones and before
 * an interrupt that the job raises after it.
 *
 * Context: process, may sleep; from a job of @dev.
 * Return: 0; -EIO if DMA is not allowed, not all of it is mapped for writing, or
 * it extends beyond the last address. The first pages may be written then.
 */
int softpci_dma_write(struct softpci_device *dev, u64 iova, const void *buf,
		      size_t len)
{
	return access_pages(dev, iova, (void *)buf, len, true);
}
EXPORT_SYMBOL_GPL(softpci_dma_write);

/**
 * softpci_dma_copy() - copy within the guest's memory
 * @dev: the device, without its lock
 * @to: address of the first byte of the target
 * @from: address of the first byte of the source
 * @len: bytes; 0 is none, and no error
 *
 * By a buffer of a page, from low to high addresses: where the target begins
 * inside of the source, its content is undefined.
 *
 * Context: process, may sleep; from a job of @dev.
 * Return: 0; -EIO as softpci_dma_read() and softpci_dma_write(); -ENOMEM. The
 * first pages may be written then.
 */
int softpci_dma_copy(struct softpci_device *dev, u64 to, u64 from, u64 len)
{
	void *buf;
	int ret = 0;

	might_sleep();
	if (!len)
		return 0;
	if (!is_range(to, len) || !is_range(from, len))
		return -EIO;
	/* A worker has no cgroup to charge. One job runs, so this is one page. */
	buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;

	while (len && !ret) {
		size_t n = in_one_page(to, in_one_page(from, len));

		ret = access_page(dev, from, buf, n, false);
		if (!ret)
			ret = access_page(dev, to, buf, n, true);
		to += n;
		from += n;
		len -= n;
	}
	kfree(buf);
	return ret;
}
EXPORT_SYMBOL_GPL(softpci_dma_copy);

static u64 first_page(const struct softpci_pin *pin)
{
	return pin->iova - offset_in_page(pin->iova);
}

static void unpin_locked(struct softpci_device *dev, struct softpci_pin *pin)
{
	unsigned int nr = pin->nr;

	lockdep_assert_held(&dev->dma.pinning);
	/* No access is in progress when this is done. */
	scoped_guard(spinlock_irqsave, &dev->dma.lock)
		pin->nr = 0;
	list_del(&pin->node);
	dev->host_ops->unpin(dev, first_page(pin), nr);
}

/* In jiffies, until the next softpci_dma_pin() may be. */
static unsigned long holdoff_left(struct softpci_dma *dma)
{
	u64 now = get_jiffies_64(), end;

	lockdep_assert_held(&dma->pinning);
	if (!dma->revokes)
		return 0;
	end = dma->revoked +
	      msecs_to_jiffies(HOLDOFF_MS << (dma->revokes - 1));
	/* One more, as the first may be over in a moment. */
	return now <= end ? end - now + 1 : 0;
}

/*
 * Takes @pinning when enough time has passed since the last revoke, or DMA was
 * stopped: softpci_jobs_pause() wakes it then.
 */
static void lock_after_holdoff(struct softpci_device *dev)
{
	struct softpci_dma *dma = &dev->dma;
	unsigned long left;

	mutex_lock(&dma->pinning);
	while (!READ_ONCE(dma->stopped) && (left = holdoff_left(dma))) {
		mutex_unlock(&dma->pinning);
		wait_event_timeout(dev->jobs.wait, READ_ONCE(dma->stopped),
				   left);
		mutex_lock(&dma->pinning);
	}
}

/**
 * softpci_dma_pin() - keep a window of the guest's memory at hand
 * @dev: the device, without its lock
 * @iova: address of its first byte
 * @len: bytes, at least 1, on at most SOFTPCI_MAX_PIN_PAGES pages
 * @writable: softpci_pin_write() will be used, too
 * @pin: a zeroed one, or one that is not pinned any more
 *
 * Until softpci_dma_unpin(), or until the guest unmaps any of it or the device
 * is stopped, reset or closed.  Then all accesses fail with -EIO until it is
 * pinned anew: after softpci_ops.start(), by a job that this queues.
 *
 * Context: process, may sleep; from a job of @dev.
 * Return: 0; -EIO if DMA is not allowed or not all of it is mapped for such
 * accesses; -EINVAL for a length that cannot be; -EBUSY if @pin is pinned;
 * -EOPNOTSUPP if the front end pins nothing; -ENOMEM.
 */
int softpci_dma_pin(struct softpci_device *dev, u64 iova, size_t len,
		    bool writable, struct softpci_pin *pin)
{
	struct softpci_dma *dma = &dev->dma;
	unsigned int nr;
	int ret;

	might_sleep();
	if (!dev->host_ops->pin)
		return -EOPNOTSUPP;
	if (!len || len > SOFTPCI_MAX_PIN_PAGES * PAGE_SIZE)
		return -EINVAL;
	nr = DIV_ROUND_UP(offset_in_page(iova) + len, PAGE_SIZE);
	if (nr > SOFTPCI_MAX_PIN_PAGES)
		return -EINVAL;
	if (!is_range(iova, len))
		return -EIO;

	lock_after_holdoff(dev);
	if (pin->nr) {
		ret = -EBUSY;
		goto out_unlock;
	}
	if (!is_allowed(dev)) {
		ret = -EIO;
		goto out_unlock;
	}
	pin->iova = iova;
	pin->len = len;
	pin->writable = writable;
	ret = dev->host_ops->pin(dev, first_page(pin), nr, writable,
				 pin->pages);
	if (ret)
		goto out_unlock;
	list_add(&pin->node, &dma->pins);
	scoped_guard(spinlock_irqsave, &dma->lock)
		pin->nr = nr;

out_unlock:
	mutex_unlock(&dma->pinning);
	return ret;
}
EXPORT_SYMBOL_GPL(softpci_dma_pin);

/**
 * softpci_dma_unpin() - undo softpci_dma_pin()
 * @dev: the device, without its lock
 * @pin: the window; nothing is done if it is not pinned
 *
 * Context: process, may sleep.
 */
void softpci_dma_unpin(struct softpci_device *dev, struct softpci_pin *pin)
{
	guard(mutex)(&dev->dma.pinning);
	if (pin->nr)
		unpin_locked(dev, pin);
}
EXPORT_SYMBOL_GPL(softpci_dma_unpin);

/**
 * softpci_dma_unpin_all() - unpin everything
 * @dev: a device whose jobs are paused
 *
 * Context: process, may sleep.
 */
void softpci_dma_unpin_all(struct softpci_device *dev)
{
	struct softpci_pin *pin, *next;

	guard(mutex)(&dev->dma.pinning);
	list_for_each_entry_safe(pin, next, &dev->dma.pins, node)
		unpin_locked(dev, pin);
}

static bool overlaps(const struct softpci_pin *pin, u64 first, u64 last)
{
	u64 pin_first = first_page(pin);

	return pin_first <= last &&
	       pin_first + (u64)pin->nr * PAGE_SIZE - 1 >= first;
}

/**
 * softpci_dma_revoke() - the guest's memory is about to be unmapped
 * @dev: the device, open or not
 * @iova: address of the first byte that is
 * @len: bytes, at least 1; may extend beyond the last address
 *
 * Pins that touch it are gone on return, and not accessed any more.  Waits
 * for a softpci_host_ops.pin() that goes on.  softpci_dma_read() and the like
 * need no such call.
 *
 * Context: process, may sleep; without locks that softpci_host_ops.pin() and
 * unpin() take.
 */
void softpci_dma_revoke(struct softpci_device *dev, u64 iova, u64 len)
{
	struct softpci_dma *dma = &dev->dma;
	struct softpci_pin *pin, *next;
	bool hit = false;
	u64 last;

	if (check_add_overflow(iova, len - 1, &last))
		last = U64_MAX;

	guard(mutex)(&dma->pinning);
	list_for_each_entry_safe(pin, next, &dma->pins, node) {
		if (overlaps(pin, iova, last)) {
			unpin_locked(dev, pin);
			hit = true;
		}
	}
	if (!hit)
		return;
	if (time_after64(get_jiffies_64(), dma->revoked + REVOKES_FORGOTTEN))
		dma->revokes = 0;
	dma->revokes = min(dma->revokes + 1, MAX_REVOKES);
	dma->revoked = get_jiffies_64();
}
EXPORT_SYMBOL_GPL(softpci_dma_revoke);

/* At once where it can be: the guest must see no half of a number. */
static void write_once(void *to, const void *from, size_t len)
{
	u16 val16;
	u32 val32;
	u64 val64;

	if (!is_power_of_2(len) || len > sizeof(val64) ||
	    !IS_ALIGNED((unsigned long)to, len)) {
		memcpy(to, from, len);
	} else if (len == sizeof(val64)) {
		memcpy(&val64, from, sizeof(val64));
		WRITE_ONCE(*(u64 *)to, val64);
	} else if (len == sizeof(val32)) {
		memcpy(&val32, from, sizeof(val32));
		WRITE_ONCE(*(u32 *)to, val32);
	} else if (len == sizeof(val16)) {
		memcpy(&val16, from, sizeof(val16));
		WRITE_ONCE(*(u16 *)to, val16);
	} else {
		WRITE_ONCE(*(u8 *)to, *(const u8 *)from);
	}
}

static void read_once(void *to, const void *from, size_t len)
{
	u16 val16;
	u32 val32;
	u64 val64;

	if (!is_power_of_2(len) || len > sizeof(val64) ||
	    !IS_ALIGNED((unsigned long)from, len)) {
		memcpy(to, from, len);
	} else if (len == sizeof(val64)) {
		val64 = READ_ONCE(*(const u64 *)from);
		memcpy(to, &val64, sizeof(val64));
	} else if (len == sizeof(val32)) {
		val32 = READ_ONCE(*(const u32 *)from);
		memcpy(to, &val32, sizeof(val32));
	} else if (len == sizeof(val16)) {
		val16 = READ_ONCE(*(const u16 *)from);
		memcpy(to, &val16, sizeof(val16));
	} else {
		*(u8 *)to = READ_ONCE(*(const u8 *)from);
	}
}

/* The part of an access that lies on the first page of it: bytes or an errno. */
static int access_pin_locked(struct softpci_device *dev,
			     const struct softpci_pin *pin, size_t offset,
			     void *buf, size_t len, bool write)
{
	struct page *page;
	size_t at, n;
	void *kaddr;

	lockdep_assert_held(&dev->dma.lock);
	if (!pin->nr || !is_allowed(dev))
		return -EIO;
	if (offset > pin->len || len > pin->len - offset ||
	    (write && !pin->writable))
		return -EINVAL;

	at = offset_in_page(pin->iova) + offset;
	n = in_one_page(at, len);
	page = pin->pages[at >> PAGE_SHIFT];
	kaddr = kmap_local_page(page);
	if (write) {
		write_once(kaddr + offset_in_page(at), buf, n);
		flush_dcache_page(page);
		tell_written(dev, pin->iova + offset, n);
	} else {
		read_once(buf, kaddr + offset_in_page(at), n);
	}
	kunmap_local(kaddr);
	return n;
}

static int access_pin(struct softpci_device *dev, const struct softpci_pin *pin,
		      size_t offset, void *buf, size_t len, bool write)
{
	while (len) {
		int n;

		scoped_guard(spinlock_irqsave, &dev->dma.lock)
			n = access_pin_locked(dev, pin, offset, buf, len,
					      write);
		if (n < 0)
			return n;
		offset += n;
		buf += n;
		len -= n;
	}
	return 0;
}

/**
 * softpci_pin_read() - copy from pinned memory
 * @dev: the device
 * @pin: the window
 * @offset: of the first byte in it
 * @buf: to here
 * @len: bytes; 0 is none, and no error
 *
 * Two, four or eight bytes that are aligned in the guest's memory are read at
 * once, and before all that is read after them.
 *
 * Context: any.
 * Return: 0; -EIO if it is not pinned any more or DMA is not allowed; -EINVAL
 * outside of the window. Some of @buf may be written then.
 */
int softpci_pin_read(struct softpci_device *dev, const struct softpci_pin *pin,
		     size_t offset, void *buf, size_t len)
{
	int ret = access_pin(dev, pin, offset, buf, len, false);

	/* Pairs with the barrier of the guest's driver between data and index. */
	smp_rmb();
	return ret;
}
EXPORT_SYMBOL_GPL(softpci_pin_read);

/**
 * softpci_pin_write() - copy to pinned memory
 * @dev: the device
 * @pin: the window, pinned writable
 * @offset: of the first byte in it
 * @buf: from here
 * @len: bytes; 0 is none, and no error
 *
 * Two, four or eight bytes that are aligned in the guest's memory are written at
 * once, and after all that was written before them, also by softpci_dma_write().
 *
 * Context: any.
 * Return: 0; -EIO if it is not pinned any more or DMA is not allowed; -EINVAL
 * outside of the window or if it is not writable. Some may be written then.
 */
int softpci_pin_write(struct softpci_device *dev, const struct softpci_pin *pin,
		      size_t offset, const void *buf, size_t len)
{
	/* Pairs with the barrier of the guest's driver between index and data. */
	smp_wmb();
	return access_pin(dev, pin, offset, (void *)buf, len, true);
}
EXPORT_SYMBOL_GPL(softpci_pin_write);

/* KUnit tests of the functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/dma.c"
#endif
