// SPDX-License-Identifier: GPL-2.0-only
/*
 * A part of guest-visible memory as a dma-buf.
 *
 * It holds the shmem file and this module, never the device: it stays good
 * after the device was closed, reset or removed.  No page is held for the mere
 * sake of the file descriptor, only for mappings in kernel or device.
 *
 * A process that maps it does not map the shmem file: whoever is handed a
 * picture could reach the rest of the video memory by that, for example by
 * remap_file_pages().  The price is that reclaim does not find the mapping, so
 * that its pages stay in memory while it is there, as those of most dma-bufs.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/iosys-map.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "internal.h"

/**
 * struct mdev_pci_dmabuf - what a dma-buf exports
 * @ram: the memory
 * @pgoff: first page of it
 * @nr: how many pages
 * @vmap_pages: the pages, while vmapped
 * @lock: protects @users
 * @users: devices that have it mapped now
 */
struct mdev_pci_dmabuf {
	struct file *ram;
	pgoff_t pgoff;
	unsigned long nr;
	struct page **vmap_pages;
	struct mutex lock; /* users */
	struct list_head users;
};

/**
 * struct mdev_pci_dmabuf_user - a device's mapping of a dma-buf
 * @node: in mdev_pci_dmabuf.users
 * @dev: the device
 * @pages: the pages
 * @sgt: and how the device sees them
 */
struct mdev_pci_dmabuf_user {
	struct list_head node;
	struct device *dev;
	struct page **pages;
	struct sg_table sgt;
};

static struct sg_table *mdev_pci_dmabuf_map(struct dma_buf_attachment *attach,
					    enum dma_data_direction dir)
{
	struct mdev_pci_dmabuf *buf = attach->dmabuf->priv;
	struct mdev_pci_dmabuf_user *user;
	int ret;

	user = kzalloc_obj(*user, GFP_KERNEL_ACCOUNT);
	if (!user)
		return ERR_PTR(-ENOMEM);
	user->dev = attach->dev;

	user->pages = mdev_pci_ram_get_pages(buf->ram, buf->pgoff, buf->nr);
	if (IS_ERR(user->pages)) {
		ret = PTR_ERR(user->pages);
		goto err_free_user;
	}
	ret = sg_alloc_table_from_pages_segment(&user->sgt, user->pages, buf->nr,
						0, buf->nr << PAGE_SHIFT,
						dma_get_max_seg_size(user->dev),
						GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_put_pages;
	ret = dma_map_sgtable(user->dev, &user->sgt, dir, 0);
	if (ret)
		goto err_free_table;

	scoped_guard(mutex, &buf->lock)
		list_add(&user->node, &buf->users);
	return &user->sgt;

err_free_table:
	sg_free_table(&user->sgt);
err_put_pages:
	mdev_pci_ram_put_pages(user->pages, buf->nr);
err_free_user:
	kfree(user);
	return ERR_PTR(ret);
}

static void mdev_pci_dmabuf_unmap(struct dma_buf_attachment *attach,
				  struct sg_table *sgt,
				  enum dma_data_direction dir)
{
	struct mdev_pci_dmabuf *buf = attach->dmabuf->priv;
	struct mdev_pci_dmabuf_user *user =
		container_of(sgt, struct mdev_pci_dmabuf_user, sgt);

	scoped_guard(mutex, &buf->lock)
		list_del(&user->node);

	dma_unmap_sgtable(user->dev, sgt, dir, 0);
	sg_free_table(sgt);
	mdev_pci_ram_put_pages(user->pages, buf->nr);
	kfree(user);
}

static int mdev_pci_dmabuf_begin_cpu(struct dma_buf *dmabuf,
				     enum dma_data_direction dir)
{
	struct mdev_pci_dmabuf *buf = dmabuf->priv;
	struct mdev_pci_dmabuf_user *user;

	guard(mutex)(&buf->lock);
	list_for_each_entry(user, &buf->users, node)
		dma_sync_sgtable_for_cpu(user->dev, &user->sgt, dir);
	return 0;
}

static int mdev_pci_dmabuf_end_cpu(struct dma_buf *dmabuf,
				   enum dma_data_direction dir)
{
	struct mdev_pci_dmabuf *buf = dmabuf->priv;
	struct mdev_pci_dmabuf_user *user;

	guard(mutex)(&buf->lock);
	list_for_each_entry(user, &buf->users, node)
		dma_sync_sgtable_for_device(user->dev, &user->sgt, dir);
	return 0;
}

static vm_fault_t mdev_pci_dmabuf_fault(struct vm_fault *vmf)
{
	struct mdev_pci_dmabuf *buf = vmf->vma->vm_private_data;
	struct page *page;

	if (vmf->pgoff - buf->pgoff >= buf->nr)
		return VM_FAULT_SIGBUS;
	page = shmem_read_mapping_page(buf->ram->f_mapping, vmf->pgoff);
	if (IS_ERR(page))
		return vmf_error(PTR_ERR(page));
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct mdev_pci_dmabuf_vm_ops = {
	.fault = mdev_pci_dmabuf_fault,
};

static int mdev_pci_dmabuf_mmap(struct dma_buf *dmabuf,
				struct vm_area_struct *vma)
{
	struct mdev_pci_dmabuf *buf = dmabuf->priv;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	/* As in the memory: a huge page of it is mapped where that is aligned. */
	vma->vm_pgoff += buf->pgoff;
	vma->vm_private_data = buf;
	vma->vm_ops = &mdev_pci_dmabuf_vm_ops;
	return 0;
}

static int mdev_pci_dmabuf_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct mdev_pci_dmabuf *buf = dmabuf->priv;
	struct page **pages;
	void *vaddr;

	pages = mdev_pci_ram_get_pages(buf->ram, buf->pgoff, buf->nr);
	if (IS_ERR(pages))
		return PTR_ERR(pages);
	vaddr = vmap(pages, buf->nr, VM_MAP, PAGE_KERNEL);
	if (!vaddr) {
		mdev_pci_ram_put_pages(pages, buf->nr);
		return -ENOMEM;
	}
	buf->vmap_pages = pages;
	iosys_map_set_vaddr(map, vaddr);
	return 0;
}

static void mdev_pci_dmabuf_vunmap(struct dma_buf *dmabuf,
				   struct iosys_map *map)
{
	struct mdev_pci_dmabuf *buf = dmabuf->priv;

	vunmap(map->vaddr);
	mdev_pci_ram_put_pages(buf->vmap_pages, buf->nr);
	buf->vmap_pages = NULL;
}

static void mdev_pci_dmabuf_release(struct dma_buf *dmabuf)
{
	struct mdev_pci_dmabuf *buf = dmabuf->priv;

	fput(buf->ram);
	mutex_destroy(&buf->lock);
	kfree(buf);
}

static const struct dma_buf_ops mdev_pci_dmabuf_ops = {
	.map_dma_buf		= mdev_pci_dmabuf_map,
	.unmap_dma_buf		= mdev_pci_dmabuf_unmap,
	.begin_cpu_access	= mdev_pci_dmabuf_begin_cpu,
	.end_cpu_access		= mdev_pci_dmabuf_end_cpu,
	.mmap			= mdev_pci_dmabuf_mmap,
	.vmap			= mdev_pci_dmabuf_vmap,
	.vunmap			= mdev_pci_dmabuf_vunmap,
	.release		= mdev_pci_dmabuf_release,
};

/**
 * mdev_pci_dmabuf_fd() - a new dma-buf of a part of the memory
 * @ram: the memory; the dma-buf takes a reference of its own
 * @offset: first byte, a multiple of PAGE_SIZE
 * @size: in bytes, a multiple of PAGE_SIZE, not 0
 *
 * Readable and writable, or a shared mapping of it could not be made.
 *
 * Return: a close-on-exec file descriptor; -ENOMEM, -EMFILE.
 */
int mdev_pci_dmabuf_fd(struct file *ram, u64 offset, u64 size)
{
	DEFINE_DMA_BUF_EXPORT_INFO(exp);
	struct mdev_pci_dmabuf *buf;
	struct dma_buf *dmabuf;
	int fd;

	buf = kzalloc_obj(*buf, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	buf->ram = get_file(ram);
	buf->pgoff = offset >> PAGE_SHIFT;
	buf->nr = size >> PAGE_SHIFT;
	mutex_init(&buf->lock);
	INIT_LIST_HEAD(&buf->users);

	exp.ops = &mdev_pci_dmabuf_ops;
	exp.size = size;
	exp.flags = O_RDWR;
	exp.priv = buf;
	dmabuf = dma_buf_export(&exp);
	if (IS_ERR(dmabuf)) {
		fput(buf->ram);
		mutex_destroy(&buf->lock);
		kfree(buf);
		return PTR_ERR(dmabuf);
	}

	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

MODULE_IMPORT_NS("DMA_BUF");
