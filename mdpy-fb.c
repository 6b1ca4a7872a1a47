// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdpy-fb: fbdev driver, in the guest, for the framebuffer that mdpy makes.
 *
 * The mode is fixed; a vendor-specific capability says which it is
 * (mdpy-defs.h).  The driver takes nothing over from another one: its memory
 * is its own.
 *
 * A process can keep /dev/fbN open, and mapped, after the device is gone.  The
 * fb_info lives until the last close.  The memory of the device is out of reach
 * from the removal on, because another device can be given its address:
 * mappings end in SIGBUS, read(2) and write(2) in ENODEV.
 */
#include <linux/atomic.h>
#include <linux/console.h>
#include <linux/fb.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait_bit.h>
#include <drm/drm_fourcc.h>

#include "mdpy-defs.h"

#define MDPY_FB_MIN_SIDE	100
#define MDPY_FB_MAX_SIDE	10000
/* The colours of the console. */
#define MDPY_FB_PALETTE_LEN	16

static const struct fb_fix_screeninfo mdpy_fb_fix = {
	.id	= "mdpy-fb",
	.type	= FB_TYPE_PACKED_PIXELS,
	.visual	= FB_VISUAL_TRUECOLOR,
	.accel	= FB_ACCEL_NONE,
};

/* XR24 has blue in the lowest byte; pixels are written in the CPU's order. */
#ifdef __LITTLE_ENDIAN
#define MDPY_FB_SHIFT(byte)	((byte) * 8)
#else
#define MDPY_FB_SHIFT(byte)	(24 - (byte) * 8)
#endif

static const struct fb_var_screeninfo mdpy_fb_var = {
	.bits_per_pixel	= 32,
	.red		= { .offset = MDPY_FB_SHIFT(2), .length = 8 },
	.green		= { .offset = MDPY_FB_SHIFT(1), .length = 8 },
	.blue		= { .offset = MDPY_FB_SHIFT(0), .length = 8 },
	.activate	= FB_ACTIVATE_NOW,
	.height		= -1,
	.width		= -1,
	.vmode		= FB_VMODE_NONINTERLACED,
};

/**
 * struct mdpy_fb - a framebuffer, besides its fb_info
 * @palette: pseudo palette of the console
 * @lock: held for reading around each access to the memory of the device
 * @gone: the device is being removed and its memory must not be accessed
 * @mappings: struct mdpy_fb_mapping of each mmap()
 */
struct mdpy_fb {
	u32 palette[MDPY_FB_PALETTE_LEN];
	/* protects gone and mappings */
	struct rw_semaphore lock;
	bool gone;
	struct list_head mappings;
};

/**
 * struct mdpy_fb_mapping - one mmap() and the VMAs that came of it
 * @node: in mdpy_fb.mappings
 * @info: the framebuffer, alive because the VMAs hold its file
 * @space: where the VMAs are found; different device nodes have different ones
 * @nr_vmas: splitting, moving and fork() make more than one
 */
struct mdpy_fb_mapping {
	struct list_head node;
	struct fb_info *info;
	struct address_space *space;
	unsigned int nr_vmas;
};

static int mdpy_fb_setcolreg(unsigned int reg, unsigned int red,
			     unsigned int green, unsigned int blue,
			     unsigned int transp, struct fb_info *info)
{
	u32 *palette = info->pseudo_palette;

	if (reg >= MDPY_FB_PALETTE_LEN)
		return -EINVAL;
	palette[reg] = (red >> 8) << info->var.red.offset |
		       (green >> 8) << info->var.green.offset |
		       (blue >> 8) << info->var.blue.offset;
	return 0;
}

/*
 * A fixed mode: another geometry or depth is refused.  The rest - timings,
 * layout of the colours - has no effect here and is answered with the values
 * in use.  That also keeps the list of modes at one entry.
 */
static int mdpy_fb_check_var(struct fb_var_screeninfo *var, struct fb_info *info)
{
	const struct fb_var_screeninfo *now = &info->var;
	const u32 activate = var->activate;

	if (var->xres != now->xres || var->yres != now->yres ||
	    var->xres_virtual > now->xres || var->yres_virtual > now->yres ||
	    var->xoffset || var->yoffset ||
	    var->bits_per_pixel != now->bits_per_pixel ||
	    var->grayscale || var->nonstd || var->vmode != now->vmode ||
	    var->rotate)
		return -EINVAL;

	*var = *now;
	var->activate = activate;
	return 0;
}

/* fbcon clears the screen by itself if the driver cannot blank it. */
static int mdpy_fb_blank(int blank, struct fb_info *info)
{
	return blank == FB_BLANK_UNBLANK ? 0 : -EINVAL;
}

/* fb_pan_display() refuses other offsets than 0: there are no pan steps. */
static int mdpy_fb_pan_display(struct fb_var_screeninfo *var, struct fb_info *info)
{
	return var->vmode & FB_VMODE_YWRAP ? -EINVAL : 0;
}

/*
 * Copies between the device and a buffer of the kernel.  The lock is not held
 * while user memory is touched: that can take a fault on a mapping of this same
 * framebuffer, or any length of time.
 */
static int mdpy_fb_copy(struct fb_info *info, loff_t pos, void *buf, size_t len,
			bool write)
{
	struct mdpy_fb *fb = info->par;
	int ret = 0;

	down_read(&fb->lock);
	if (fb->gone)
		ret = -ENODEV;
	else if (write)
		memcpy_toio(info->screen_base + pos, buf, len);
	else
		memcpy_fromio(buf, info->screen_base + pos, len);
	up_read(&fb->lock);
	return ret;
}

static ssize_t mdpy_fb_read(struct fb_info *info, char __user *to, size_t count,
			    loff_t *ppos)
{
	const size_t size = info->fix.smem_len;
	size_t done = 0, len;
	int ret = 0;
	void *buf;

	if (*ppos >= size)
		return 0;
	count = min_t(size_t, count, size - *ppos);
	buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	for (; done < count; done += len) {
		len = min_t(size_t, count - done, PAGE_SIZE);
		ret = mdpy_fb_copy(info, *ppos + done, buf, len, false);
		if (!ret && copy_to_user(to + done, buf, len))
			ret = -EFAULT;
		if (ret)
			break;
	}
	kfree(buf);
	*ppos += done;
	return done ?: ret;
}

static ssize_t mdpy_fb_write(struct fb_info *info, const char __user *from,
			     size_t count, loff_t *ppos)
{
	const size_t size = info->fix.smem_len;
	size_t done = 0, len;
	int ret = 0;
	void *buf;

	if (*ppos > size)
		return -EFBIG;
	if (!count)
		return 0;
	if (*ppos == size)
		return -ENOSPC;
	count = min_t(size_t, count, size - *ppos);
	buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	for (; done < count; done += len) {
		len = min_t(size_t, count - done, PAGE_SIZE);
		if (copy_from_user(buf, from + done, len))
			ret = -EFAULT;
		else
			ret = mdpy_fb_copy(info, *ppos + done, buf, len, true);
		if (ret)
			break;
	}
	kfree(buf);
	*ppos += done;
	return done ?: ret;
}

static void mdpy_fb_vm_open(struct vm_area_struct *vma)
{
	struct mdpy_fb_mapping *mapping = vma->vm_private_data;
	struct mdpy_fb *fb = mapping->info->par;

	down_write(&fb->lock);
	mapping->nr_vmas++;
	up_write(&fb->lock);
}

static void mdpy_fb_vm_close(struct vm_area_struct *vma)
{
	struct mdpy_fb_mapping *mapping = vma->vm_private_data;
	struct mdpy_fb *fb = mapping->info->par;

	down_write(&fb->lock);
	if (!--mapping->nr_vmas) {
		list_del(&mapping->node);
		kfree(mapping);
	}
	up_write(&fb->lock);
}

/*
 * Pages are mapped when they are touched and not by mmap(): until that has
 * returned, mdpy_fb_remove() would not find them.
 */
static vm_fault_t mdpy_fb_vm_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct mdpy_fb_mapping *mapping = vma->vm_private_data;
	struct fb_info *info = mapping->info;
	struct mdpy_fb *fb = info->par;
	vm_fault_t ret = VM_FAULT_SIGBUS;

	down_read(&fb->lock);
	if (!fb->gone)
		ret = vmf_insert_pfn(vma, vmf->address,
				     PHYS_PFN(info->fix.smem_start) + vmf->pgoff);
	up_read(&fb->lock);
	return ret;
}

static const struct vm_operations_struct mdpy_fb_vm_ops = {
	.open	= mdpy_fb_vm_open,
	.close	= mdpy_fb_vm_close,
	.fault	= mdpy_fb_vm_fault,
};

static int mdpy_fb_mmap(struct fb_info *info, struct vm_area_struct *vma)
{
	const unsigned long size = PFN_UP(info->fix.smem_len);
	struct mdpy_fb *fb = info->par;
	struct mdpy_fb_mapping *mapping;
	int ret = 0;

	if (vma->vm_pgoff > size || vma_pages(vma) > size - vma->vm_pgoff)
		return -EINVAL;
	/* Pages without a struct page cannot be copied on write. */
	if (!(vma->vm_flags & VM_MAYSHARE)) {
		if (vma->vm_flags & VM_WRITE)
			return -EINVAL;
		vm_flags_clear(vma, VM_MAYWRITE);
	}

	mapping = kzalloc_obj(*mapping, GFP_KERNEL);
	if (!mapping)
		return -ENOMEM;
	mapping->info = info;
	mapping->space = vma->vm_file->f_mapping;
	mapping->nr_vmas = 1;

	down_write(&fb->lock);
	if (fb->gone)
		ret = -ENODEV;
	else
		list_add(&mapping->node, &fb->mappings);
	up_write(&fb->lock);
	if (ret) {
		kfree(mapping);
		return ret;
	}

	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = pgprot_decrypted(pgprot_writecombine(vma->vm_page_prot));
	vma->vm_private_data = mapping;
	vma->vm_ops = &mdpy_fb_vm_ops;
	return 0;
}

/* Ends all accesses to the memory of the device, for good. */
static void mdpy_fb_revoke(struct mdpy_fb *fb)
{
	struct mdpy_fb_mapping *mapping;

	down_write(&fb->lock);
	fb->gone = true;
	list_for_each_entry(mapping, &fb->mappings, node)
		unmap_mapping_range(mapping->space, 0, 0, 1);
	up_write(&fb->lock);
}

/* How many fb_infos have been published and not been destroyed. */
static atomic_t mdpy_fb_nr_live = ATOMIC_INIT(0);

/* The last user has gone, which may be long after the device has. */
static void mdpy_fb_destroy(struct fb_info *info)
{
	iounmap(info->screen_base);
	framebuffer_release(info);
	if (atomic_dec_and_test(&mdpy_fb_nr_live))
		wake_up_var(&mdpy_fb_nr_live);
}

static const struct fb_ops mdpy_fb_ops = {
	.owner		= THIS_MODULE,
	.fb_read	= mdpy_fb_read,
	.fb_write	= mdpy_fb_write,
	.fb_mmap	= mdpy_fb_mmap,
	.fb_fillrect	= cfb_fillrect,
	.fb_copyarea	= cfb_copyarea,
	.fb_imageblit	= cfb_imageblit,
	.fb_check_var	= mdpy_fb_check_var,
	.fb_setcolreg	= mdpy_fb_setcolreg,
	.fb_blank	= mdpy_fb_blank,
	.fb_pan_display	= mdpy_fb_pan_display,
	.fb_destroy	= mdpy_fb_destroy,
};

/* Reads the mode and sets up @info for it, without mapping anything. */
static int mdpy_fb_read_mode(struct pci_dev *pdev, struct fb_info *info)
{
	u32 format, width, height;
	u64 size;
	u8 id;

	pci_read_config_byte(pdev, MDPY_VENDORCAP_OFFSET, &id);
	pci_read_config_dword(pdev, MDPY_FORMAT_OFFSET, &format);
	pci_read_config_dword(pdev, MDPY_WIDTH_OFFSET, &width);
	pci_read_config_dword(pdev, MDPY_HEIGHT_OFFSET, &height);

	if (id != PCI_CAP_ID_VNDR) {
		pci_err(pdev, "no capability that says the mode\n");
		return -ENODEV;
	}
	if (format != DRM_FORMAT_XRGB8888) {
		pci_err(pdev, "format %p4cc is not supported\n", &format);
		return -EINVAL;
	}
	if (width < MDPY_FB_MIN_SIDE || width > MDPY_FB_MAX_SIDE ||
	    height < MDPY_FB_MIN_SIDE || height > MDPY_FB_MAX_SIDE) {
		pci_err(pdev, "%ux%u is out of range\n", width, height);
		return -EINVAL;
	}
	size = (u64)width * height * 4;
	if (pci_resource_len(pdev, 0) < size) {
		pci_err(pdev, "%ux%u does not fit BAR 0\n", width, height);
		return -EINVAL;
	}

	info->fix = mdpy_fb_fix;
	info->fix.smem_start = pci_resource_start(pdev, 0);
	info->fix.smem_len = size;
	info->fix.line_length = width * 4;
	info->var = mdpy_fb_var;
	info->var.xres = width;
	info->var.yres = height;
	info->var.xres_virtual = width;
	info->var.yres_virtual = height;
	return 0;
}

static int mdpy_fb_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct fb_info *info;
	struct mdpy_fb *fb;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = pci_request_region(pdev, 0, "mdpy-fb");
	if (ret)
		return ret;

	info = framebuffer_alloc(sizeof(*fb), &pdev->dev);
	if (!info) {
		ret = -ENOMEM;
		goto err_release_region;
	}
	ret = mdpy_fb_read_mode(pdev, info);
	if (ret)
		goto err_release_fb;

	info->screen_base = ioremap_wc(info->fix.smem_start,
				       info->fix.smem_len);
	if (!info->screen_base) {
		ret = -ENOMEM;
		goto err_release_fb;
	}
	fb = info->par;
	init_rwsem(&fb->lock);
	INIT_LIST_HEAD(&fb->mappings);
	info->pseudo_palette = fb->palette;
	info->fbops = &mdpy_fb_ops;

	/* Counted before there can be a user: a failed probe may destroy it. */
	atomic_inc(&mdpy_fb_nr_live);
	ret = register_framebuffer(info);
	/*
	 * A console that cannot be set up fails it after the framebuffer has
	 * been published, which its use count tells.  Processes can have it
	 * open by now: it has to be unregistered like any other.
	 */
	if (ret && refcount_read(&info->count)) {
		mdpy_fb_revoke(fb);
		/* mdpy_fb_destroy() does the rest, at once or when it is closed. */
		unregister_framebuffer(info);
		goto err_release_region;
	}
	if (ret)
		goto err_unmap;

	/* With fb_blank(), newer kernels think that it is dark at first. */
	console_lock();
	fb_blank(info, FB_BLANK_UNBLANK);
	console_unlock();

	pci_set_drvdata(pdev, info);
	pci_info(pdev, "fb%d: %ux%u\n", info->node, info->var.xres,
		 info->var.yres);
	return 0;

err_unmap:
	atomic_dec(&mdpy_fb_nr_live);
	iounmap(info->screen_base);
err_release_fb:
	framebuffer_release(info);
err_release_region:
	pci_release_region(pdev, 0);
	return ret;
}

static void mdpy_fb_remove(struct pci_dev *pdev)
{
	struct fb_info *info = pci_get_drvdata(pdev);

	mdpy_fb_revoke(info->par);
	/* Likewise. */
	unregister_framebuffer(info);
	pci_release_region(pdev, 0);
}

/*
 * The device keeps its memory in D3hot, but nothing gets there: the console
 * stops drawing and draws all of itself afterwards.  Processes are frozen.
 */
static void mdpy_fb_set_suspend(struct device *dev, int state)
{
	console_lock();
	fb_set_suspend(dev_get_drvdata(dev), state);
	console_unlock();
}

static int mdpy_fb_suspend(struct device *dev)
{
	mdpy_fb_set_suspend(dev, FBINFO_STATE_SUSPENDED);
	return 0;
}

static int mdpy_fb_resume(struct device *dev)
{
	mdpy_fb_set_suspend(dev, FBINFO_STATE_RUNNING);
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(mdpy_fb_pm_ops, mdpy_fb_suspend, mdpy_fb_resume);

static const struct pci_device_id mdpy_fb_ids[] = {
	{ PCI_DEVICE_SUB(MDPY_PCI_VENDOR_ID, MDPY_PCI_DEVICE_ID,
			 MDPY_PCI_SUBVENDOR_ID, MDPY_PCI_SUBDEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, mdpy_fb_ids);

static struct pci_driver mdpy_fb_driver = {
	.name		= "mdpy-fb",
	.id_table	= mdpy_fb_ids,
	.probe		= mdpy_fb_probe,
	.remove		= mdpy_fb_remove,
	.driver.pm	= pm_sleep_ptr(&mdpy_fb_pm_ops),
};

static int __init mdpy_fb_init(void)
{
	return pci_register_driver(&mdpy_fb_driver);
}

/*
 * The last close of a framebuffer lets go of the module before it calls
 * mdpy_fb_destroy().  Wait until that has been called, and has returned.
 */
static void __exit mdpy_fb_exit(void)
{
	pci_unregister_driver(&mdpy_fb_driver);
	wait_var_event(&mdpy_fb_nr_live, !atomic_read(&mdpy_fb_nr_live));
	synchronize_rcu_tasks();
}

module_init(mdpy_fb_init);
module_exit(mdpy_fb_exit);

MODULE_DESCRIPTION("Guest framebuffer driver for mdpy");
MODULE_LICENSE("GPL");
