// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA: accesses of a device to the guest's memory, by addresses that the guest
 * gave it (IOVAs).
 *
 * All of it fails with -EIO while the guest has not enabled Bus Master or the
 * function is in D3hot, while the front end has suspended DMA, and while the
 * device is closed or in a reset.  That is looked at again for each page, so that
 * a long access does not hold up a reset.
 */
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/sched.h>

#include "internal.h"

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

/**
 * softpci_dma_access() - copy from or to some pages of the guest's memory
 * @dev: the device, without its lock
 * @iova: address of the first byte
 * @buf: to or from here
 * @len: bytes, at least 1, and few, as a reset waits until they are copied
 * @write: to the guest's memory
 *
 * Context: process, may sleep; from a job of @dev.
 * Return: 0; -EIO if DMA is not allowed or not all of it is mapped for the access. A
 * part may have been accessed then.
 */
int softpci_dma_access(struct softpci_device *dev, u64 iova, void *buf,
		       size_t len, bool write)
{
	int ret;

	cond_resched();
	if (!softpci_dma_is_allowed(dev))
		return -EIO;
	if (!write)
		return dev->host_ops->dma_read(dev, iova, buf, len);
	ret = dev->host_ops->dma_write(dev, iova, buf, len);
	/* After an error, too, as a part may have been written. */
	softpci_dma_tell_written(dev, iova, len);
	return ret;
}

static int access_pages(struct softpci_device *dev, u64 iova, void *buf,
			size_t len, bool write)
{
	might_sleep();
	if (len && !softpci_dma_is_range(iova, len))
		return -EIO;

	while (len) {
		size_t n = softpci_dma_in_page(iova, len);
		int ret = softpci_dma_access(dev, iova, buf, n, write);

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
