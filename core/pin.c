// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of the guest that stays pinned, and is accessed without the front end.
 *
 * softpci_pin.nr says whether it is pinned, and changes with both
 * softpci_dma.pinning and softpci_dma.lock held: an access holds the latter while it
 * copies, so that none is in progress when softpci_dma_revoke() has changed it.
 */
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/wait.h>

#include "internal.h"

/*
 * After a revoke nothing is pinned at once, for this long at first and twice as
 * long each time, up to MAX_REVOKES, until REVOKES_FORGOTTEN have passed without.
 * The user's side of the mapping (an iommufd) needs a moment without pins after
 * softpci_dma_revoke() to unmap the memory, and takes it for a bug of the kernel if
 * pins keep coming back: no guest may bring that about.  All devices of an
 * IOAS are told of it and their pins are counted together, so that a revoke
 * counts also for a device that has no pin there.
 */
#define HOLDOFF_MS		10
#define MAX_REVOKES		8U
#define REVOKES_FORGOTTEN	(10 * HZ)

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

static int pin_locked(struct softpci_device *dev, u64 iova, size_t len,
		      bool writable, struct softpci_pin *pin)
{
	unsigned int nr = DIV_ROUND_UP(offset_in_page(iova) + len, PAGE_SIZE);
	int ret;

	lockdep_assert_held(&dev->dma.pinning);
	if (pin->nr)
		return -EBUSY;
	if (!softpci_dma_is_allowed(dev))
		return -EIO;
	pin->iova = iova;
	pin->len = len;
	pin->writable = writable;
	ret = dev->host_ops->pin(dev, first_page(pin), nr, writable,
				 pin->pages);
	if (ret)
		return ret;
	list_add(&pin->node, &dev->dma.pins);
	scoped_guard(spinlock_irqsave, &dev->dma.lock)
		pin->nr = nr;
	return 0;
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
	int ret;

	might_sleep();
	if (!dev->host_ops->pin)
		return -EOPNOTSUPP;
	if (!len || len > SOFTPCI_MAX_PIN_PAGES * PAGE_SIZE - offset_in_page(iova))
		return -EINVAL;
	if (!softpci_dma_is_range(iova, len))
		return -EIO;

	lock_after_holdoff(dev);
	ret = pin_locked(dev, iova, len, writable, pin);
	mutex_unlock(&dev->dma.pinning);
	return ret;
}
EXPORT_SYMBOL_GPL(softpci_dma_pin);

/**
 * softpci_dma_try_pin() - softpci_dma_pin() for memory that can be accessed otherwise
 * @dev: the device, without its lock
 * @iova: address of its first byte
 * @len: bytes, at least 1, on at most SOFTPCI_MAX_PIN_PAGES pages
 * @writable: it will be written to
 * @pin: a zeroed one, or one that is not pinned any more
 *
 * Does not wait after a revoke, but fails.  It fails for good, until the device
 * is opened anew, after MAX_REVOKES: the guest does not leave its mappings alone, and
 * pins are not worth it.  So it does where the front end cannot pin, and when the user
 * may lock no more memory, as VFIO says that in the log each time.
 *
 * Context: process, may sleep; from a job of @dev.
 * Return: 0; -EBUSY if nothing is pinned now; or as softpci_dma_pin().
 */
int softpci_dma_try_pin(struct softpci_device *dev, u64 iova, size_t len,
			bool writable, struct softpci_pin *pin)
{
	struct softpci_dma *dma = &dev->dma;
	int ret;

	might_sleep();
	if (!dev->host_ops->pin)
		return -EOPNOTSUPP;
	guard(mutex)(&dma->pinning);
	if (dma->all_revokes >= MAX_REVOKES || holdoff_left(dma))
		return -EBUSY;
	ret = pin_locked(dev, iova, len, writable, pin);
	if (ret == -ENOMEM || ret == -EOPNOTSUPP)
		dma->all_revokes = MAX_REVOKES;
	return ret;
}

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

/**
 * softpci_dma_forget_revokes() - a user opens the device
 * @dev: the device
 */
void softpci_dma_forget_revokes(struct softpci_device *dev)
{
	guard(mutex)(&dev->dma.pinning);
	dev->dma.all_revokes = 0;
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
	u64 last;

	if (check_add_overflow(iova, len - 1, &last))
		last = U64_MAX;

	guard(mutex)(&dma->pinning);
	list_for_each_entry_safe(pin, next, &dma->pins, node)
		if (overlaps(pin, iova, last))
			unpin_locked(dev, pin);
	if (time_after64(get_jiffies_64(), dma->revoked + REVOKES_FORGOTTEN))
		dma->revokes = 0;
	dma->revokes = min(dma->revokes + 1, MAX_REVOKES);
	dma->revoked = get_jiffies_64();
	dma->all_revokes++;
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
	if (!pin->nr || !softpci_dma_is_allowed(dev))
		return -EIO;
	if (offset > pin->len || len > pin->len - offset ||
	    (write && !pin->writable))
		return -EINVAL;

	at = offset_in_page(pin->iova) + offset;
	n = softpci_dma_in_page(at, len);
	page = pin->pages[at >> PAGE_SHIFT];
	kaddr = kmap_local_page(page);
	if (write) {
		write_once(kaddr + offset_in_page(at), buf, n);
		flush_dcache_page(page);
		softpci_dma_tell_written(dev, pin->iova + offset, n);
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
