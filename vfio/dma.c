// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA: the addresses that a device uses are the IOVAs of the user's IOMMU
 * mappings, by VFIO's container or by iommufd.
 *
 * VFIO says by different error codes that an address is not mapped, or mapped
 * without the permission.  On a bus there is one answer to that: the transaction
 * fails.
 */
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "internal.h"

static int dma_rw(struct softpci_device *dev, u64 iova, void *buf, size_t len,
		  bool write)
{
	struct softpci_vfio *svfio = dev->host;

	return vfio_dma_rw(&svfio->vdev, iova, buf, len, write) ? -EIO : 0;
}

/**
 * softpci_vfio_dma_read() - softpci_host_ops.dma_read
 * @dev: the device, open, lock not held
 * @iova: where in the guest's memory
 * @buf: where to
 * @len: in bytes, not 0
 *
 * Return: 0, or -EIO if not all of it is mapped for reading.
 */
int softpci_vfio_dma_read(struct softpci_device *dev, u64 iova, void *buf,
			  size_t len)
{
	return dma_rw(dev, iova, buf, len, false);
}

/**
 * softpci_vfio_dma_write() - softpci_host_ops.dma_write
 * @dev: the device, open, lock not held
 * @iova: where in the guest's memory
 * @buf: the bytes
 * @len: in bytes, not 0
 *
 * Return: 0, or -EIO if not all of it is mapped for writing; a part may have been
 * written then.
 */
int softpci_vfio_dma_write(struct softpci_device *dev, u64 iova,
			   const void *buf, size_t len)
{
	/* It is only read from, if the last argument says so. */
	return dma_rw(dev, iova, (void *)buf, len, true);
}

/*
 * Pins are not for containers.  A container calls dma_unmap() with one lock held, in
 * which unpinning takes another, and takes both in the opposite order when one of its
 * devices is opened or closed: a user that does both would block itself for good.
 */
static bool has_iommufd(const struct softpci_vfio *svfio)
{
#if IS_ENABLED(CONFIG_IOMMUFD)
	return svfio->vdev.iommufd_access;
#else
	return false;
#endif
}

/* The kernel need not have an address for a device's memory that a user has mapped. */
static bool is_memory(struct page *const *pages, unsigned int nr)
{
	while (nr--)
		if (PageReserved(pages[nr]) && !is_zero_pfn(page_to_pfn(pages[nr])))
			return false;
	return true;
}

/**
 * softpci_vfio_pin() - softpci_host_ops.pin
 * @dev: the device, open, lock not held
 * @iova: where in the guest's memory, a multiple of PAGE_SIZE
 * @nr: how many pages, up to VFIO_PIN_PAGES_MAX_ENTRIES
 * @writable: map them for writing as well
 * @pages: the pages
 *
 * Return: 0; -EOPNOTSUPP with a container; -EIO if not all of it is memory that is mapped
 * so; -ENOMEM, also when the user may lock no more memory.
 */
int softpci_vfio_pin(struct softpci_device *dev, u64 iova, unsigned int nr,
		     bool writable, struct page **pages)
{
	struct softpci_vfio *svfio = dev->host;
	int prot = IOMMU_READ | (writable ? IOMMU_WRITE : 0);
	int ret;

	if (!has_iommufd(svfio))
		return -EOPNOTSUPP;
	ret = vfio_pin_pages(&svfio->vdev, iova, nr, prot, pages);
	if (ret == nr && is_memory(pages, nr))
		return 0;
	if (ret > 0)
		vfio_unpin_pages(&svfio->vdev, iova, ret);
	return ret == -ENOMEM ? -ENOMEM : -EIO;
}

/**
 * softpci_vfio_unpin() - softpci_host_ops.unpin
 * @dev: the device, open, lock not held
 * @iova: as it was pinned
 * @nr: as it was pinned
 */
void softpci_vfio_unpin(struct softpci_device *dev, u64 iova, unsigned int nr)
{
	struct softpci_vfio *svfio = dev->host;

	vfio_unpin_pages(&svfio->vdev, iova, nr);
}

/**
 * softpci_vfio_dma_unmap() - vfio_device_ops.dma_unmap
 * @vdev: the device, which may be closed by now
 * @iova: first address that is being unmapped
 * @length: how many bytes; no pin may touch them on return
 *
 * Called by a container for a mapping that has pinned pages, and by an iommufd
 * for any; also for all addresses, when the device leaves an IOAS.
 */
void softpci_vfio_dma_unmap(struct vfio_device *vdev, u64 iova, u64 length)
{
	softpci_dma_revoke(to_softpci_vfio(vdev)->dev, iova, length);
}
