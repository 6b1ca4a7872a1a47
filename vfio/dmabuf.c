// SPDX-License-Identifier: GPL-2.0-only
/*
 * A part of guest-visible memory as a dma-buf.
 *
 * It holds the shmem file and this module, never the device: it stays valid
 * after the device was closed, reset or removed.  No page is held for the mere
 * sake of the file descriptor, only for mappings in kernel or device.
 *
 * A process that maps it does not map the shmem file: by that, a process that is
 * given a picture could reach the rest of the video memory, for example with
 * remap_file_pages().  The price is that reclaim does not find the mapping, so
 * that its pages stay in memory while it is there, as those of most dma-bufs.
 */
#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h> /* dev_is_dma_coherent(), no operations */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iommu.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "internal.h"

/**
 * struct softpci_dmabuf - the memory that a dma-buf exports
 * @ram: the memory
 * @pgoff: first page of it
 * @nr: how many pages
 * @vmap_pages: the pages, while vmapped
 */
struct softpci_dmabuf {
	struct file *ram;
	pgoff_t pgoff;
	unsigned long nr;
	struct page **vmap_pages;
};

/**
 * struct softpci_dmabuf_mapping - a device's mapping of a dma-buf
 * @pages: the pages
 * @sgt: and how the device sees them
 */
struct softpci_dmabuf_mapping {
	struct page **pages;
	struct sg_table sgt;
};

/* The device reaches each page through an IOMMU, and not a copy of it. */
static bool translates_to(struct iommu_domain *domain, struct sg_table *sgt,
			  struct page **pages)
{
	struct sg_dma_page_iter it;
	unsigned long i = 0;

	for_each_sgtable_dma_page(sgt, &it, 0)
		if (iommu_iova_to_phys(domain, sg_page_iter_dma_address(&it)) !=
		    page_to_phys(pages[i++]))
			return false;
	return true;
}

/*
 * A guest draws through its BAR and cannot be told when a device looks.  So the
 * device has to see memory as the CPU does, at any moment: not a copy in a
 * bounce buffer, and not memory without the CPU's caches.  Synchronising either
 * would overwrite the guest's drawing in between.
 *
 * dma_need_sync() is exact where there is no IOMMU.  Where there is one, it is
 * true for some or all devices that need none, depending on the kernel.
 */
static bool sees_memory(struct device *dev, struct sg_table *sgt,
			struct page **pages)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	struct scatterlist *sg;
	int i;

	KUNIT_STATIC_STUB_REDIRECT(sees_memory, dev, sgt, pages);
	if (!dev_is_dma_coherent(dev))
		return false;
	if (domain && domain->type & __IOMMU_DOMAIN_DMA_API)
		return translates_to(domain, sgt, pages);
	for_each_sgtable_dma_sg(sgt, sg, i)
		if (dma_need_sync(dev, sg_dma_address(sg)))
			return false;
	return true;
}

static struct sg_table *softpci_dmabuf_map(struct dma_buf_attachment *attach,
					   enum dma_data_direction dir)
{
	struct softpci_dmabuf *buf = attach->dmabuf->priv;
	struct softpci_dmabuf_mapping *map;
	int ret;

	map = kzalloc_obj(*map, GFP_KERNEL_ACCOUNT);
	if (!map)
		return ERR_PTR(-ENOMEM);

	map->pages = softpci_memory_get_pages(buf->ram, buf->pgoff, buf->nr);
	if (IS_ERR(map->pages)) {
		ret = PTR_ERR(map->pages);
		goto err_free_map;
	}
	ret = sg_alloc_table_from_pages_segment(&map->sgt, map->pages, buf->nr,
						0, buf->nr << PAGE_SHIFT,
						dma_get_max_seg_size(attach->dev),
						GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_put_pages;
	ret = dma_map_sgtable(attach->dev, &map->sgt, dir,
			      DMA_ATTR_SKIP_CPU_SYNC);
	if (ret)
		goto err_free_table;
	if (!sees_memory(attach->dev, &map->sgt, map->pages)) {
		ret = -EOPNOTSUPP;
		goto err_unmap;
	}
	return &map->sgt;

err_unmap:
	dma_unmap_sgtable(attach->dev, &map->sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
err_free_table:
	sg_free_table(&map->sgt);
err_put_pages:
	softpci_memory_put_pages(map->pages, buf->nr);
err_free_map:
	kfree(map);
	return ERR_PTR(ret);
}

static void softpci_dmabuf_unmap(struct dma_buf_attachment *attach,
				 struct sg_table *sgt,
				 enum dma_data_direction dir)
{
	struct softpci_dmabuf *buf = attach->dmabuf->priv;
	struct softpci_dmabuf_mapping *map =
		container_of(sgt, struct softpci_dmabuf_mapping, sgt);

	dma_unmap_sgtable(attach->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
	sg_free_table(sgt);
	softpci_memory_put_pages(map->pages, buf->nr);
	kfree(map);
}

static vm_fault_t softpci_dmabuf_fault(struct vm_fault *vmf)
{
	struct softpci_dmabuf *buf = vmf->vma->vm_private_data;
	struct page *page;

	if (vmf->pgoff - buf->pgoff >= buf->nr)
		return VM_FAULT_SIGBUS;
	page = shmem_read_mapping_page(buf->ram->f_mapping, vmf->pgoff);
	if (IS_ERR(page))
		return vmf_error(PTR_ERR(page));
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct softpci_dmabuf_vm_ops = {
	.fault = softpci_dmabuf_fault,
};

static int softpci_dmabuf_mmap(struct dma_buf *dmabuf,
			       struct vm_area_struct *vma)
{
	struct softpci_dmabuf *buf = dmabuf->priv;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	/* As in the memory: a huge page of it is mapped where that is aligned. */
	vma->vm_pgoff += buf->pgoff;
	vma->vm_private_data = buf;
	vma->vm_ops = &softpci_dmabuf_vm_ops;
	return 0;
}

static int softpci_dmabuf_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct softpci_dmabuf *buf = dmabuf->priv;
	struct page **pages;
	void *vaddr;

	pages = softpci_memory_get_pages(buf->ram, buf->pgoff, buf->nr);
	if (IS_ERR(pages))
		return PTR_ERR(pages);
	vaddr = vmap(pages, buf->nr, VM_MAP, PAGE_KERNEL);
	if (!vaddr) {
		softpci_memory_put_pages(pages, buf->nr);
		return -ENOMEM;
	}
	buf->vmap_pages = pages;
	iosys_map_set_vaddr(map, vaddr);
	return 0;
}

static void softpci_dmabuf_vunmap(struct dma_buf *dmabuf,
				  struct iosys_map *map)
{
	struct softpci_dmabuf *buf = dmabuf->priv;

	vunmap(map->vaddr);
	softpci_memory_put_pages(buf->vmap_pages, buf->nr);
	buf->vmap_pages = NULL;
}

static void softpci_dmabuf_release(struct dma_buf *dmabuf)
{
	struct softpci_dmabuf *buf = dmabuf->priv;

	fput(buf->ram);
	kfree(buf);
}

static const struct dma_buf_ops softpci_dmabuf_ops = {
	.map_dma_buf		= softpci_dmabuf_map,
	.unmap_dma_buf		= softpci_dmabuf_unmap,
	.mmap			= softpci_dmabuf_mmap,
	.vmap			= softpci_dmabuf_vmap,
	.vunmap			= softpci_dmabuf_vunmap,
	.release		= softpci_dmabuf_release,
};

static struct dma_buf *dmabuf_export(struct file *ram, u64 offset, u64 size)
{
	DEFINE_DMA_BUF_EXPORT_INFO(exp);
	struct softpci_dmabuf *buf;
	struct dma_buf *dmabuf;

	buf = kzalloc_obj(*buf, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	buf->ram = get_file(ram);
	buf->pgoff = offset >> PAGE_SHIFT;
	buf->nr = size >> PAGE_SHIFT;

	exp.ops = &softpci_dmabuf_ops;
	exp.size = size;
	exp.flags = O_RDWR;
	exp.priv = buf;
	dmabuf = dma_buf_export(&exp);
	if (IS_ERR(dmabuf)) {
		fput(buf->ram);
		kfree(buf);
	}
	return dmabuf;
}

/**
 * softpci_dmabuf_fd() - a new dma-buf of a part of the memory
 * @ram: the memory; the dma-buf takes a reference of its own
 * @offset: first byte, a multiple of PAGE_SIZE
 * @size: in bytes, a multiple of PAGE_SIZE, not 0
 *
 * Readable and writable, or a shared mapping of it could not be made.
 *
 * Return: a close-on-exec file descriptor; -ENOMEM, -EMFILE.
 */
int softpci_dmabuf_fd(struct file *ram, u64 offset, u64 size)
{
	struct dma_buf *dmabuf;
	int fd;

	KUNIT_STATIC_STUB_REDIRECT(softpci_dmabuf_fd, ram, offset, size);

	dmabuf = dmabuf_export(ram, offset, size);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

MODULE_IMPORT_NS("DMA_BUF");

/* KUnit tests of the functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/dmabuf.c"
#endif
