/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the core share with each other and with nobody else. */
#ifndef MDEV_PCI_INTERNAL_H
#define MDEV_PCI_INTERNAL_H

#include <linux/string.h>
#include <asm/byteorder.h>

#include "mdev-pci-core.h"

/* Where a test may put a function of its own in the place of the real one. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include <kunit/static_stub.h>
#else
#define KUNIT_STATIC_STUB_REDIRECT(fn, ...)
#endif

struct page;
struct vm_area_struct;

/* parent.c */
void mdev_pci_parent_put(struct mdev_pci_parent *parent);

/* device.c */
extern const struct vfio_device_ops mdev_pci_device_ops;

/* config.c */
void mdev_pci_config_init(struct mdev_pci_device *mpdev);
int mdev_pci_config_seal(struct mdev_pci_device *mpdev);
void mdev_pci_config_power_on(struct mdev_pci_device *mpdev);
void mdev_pci_config_reset(struct mdev_pci_device *mpdev);
void mdev_pci_config_read(struct mdev_pci_device *mpdev, unsigned int pos,
			  u8 *buf, size_t len);
void mdev_pci_config_write(struct mdev_pci_device *mpdev, unsigned int pos,
			   const u8 *buf, size_t len);

/* In D3hot a device answers config accesses only. */
static inline bool in_d3hot(const struct mdev_pci_device *mpdev)
{
	const struct mdev_pci_config *cfg = &mpdev->config;

	/* D1 and D2 are never entered. */
	return cfg->val[cfg->pm + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK;
}

/* Config space as it is in memory: little-endian, at any alignment. */
static inline void set16(u8 *bytes, unsigned int pos, u16 val)
{
	__le16 le = cpu_to_le16(val);

	memcpy(bytes + pos, &le, sizeof(le));
}

static inline void set32(u8 *bytes, unsigned int pos, u32 val)
{
	__le32 le = cpu_to_le32(val);

	memcpy(bytes + pos, &le, sizeof(le));
}

static inline u32 get32(const u8 *bytes, unsigned int pos)
{
	__le32 le;

	memcpy(&le, bytes + pos, sizeof(le));
	return le32_to_cpu(le);
}

/* region.c */
int mdev_pci_regions_init(struct mdev_pci_device *mpdev);
int mdev_pci_get_region_info(struct vfio_device *vdev,
			     struct vfio_region_info *info,
			     struct vfio_info_cap *caps);
unsigned int mdev_pci_num_regions(struct mdev_pci_device *mpdev);
ssize_t mdev_pci_read(struct vfio_device *vdev, char __user *buf, size_t count,
		      loff_t *ppos);
ssize_t mdev_pci_write(struct vfio_device *vdev, const char __user *buf,
		       size_t count, loff_t *ppos);
int mdev_pci_mmap(struct vfio_device *vdev, struct vm_area_struct *vma);

/* ram.c */
void mdev_pci_ram_init(void);
void mdev_pci_ram_exit(void);
int mdev_pci_ram_open(struct mdev_pci_device *mpdev);
void mdev_pci_ram_close(struct mdev_pci_device *mpdev);
int mdev_pci_ram_reset(struct mdev_pci_device *mpdev);
int mdev_pci_ram_fill(struct mdev_pci_device *mpdev);
int mdev_pci_ram_expose(struct mdev_pci_device *mpdev);
void mdev_pci_ram_zero(struct mdev_pci_device *mpdev, u32 offset, u32 len);
ssize_t mdev_pci_ram_rw(struct mdev_pci_device *mpdev, u64 pos,
			char __user *buf, size_t count, bool write);
int mdev_pci_ram_map(struct file *file, struct vm_area_struct *vma,
		     pgoff_t pgoff);
struct page **mdev_pci_ram_get_pages(struct file *file, pgoff_t pgoff,
				     unsigned long nr);
void mdev_pci_ram_put_pages(struct page **pages, unsigned long nr);

/* irq.c */
void mdev_pci_irq_init(struct mdev_pci_device *mpdev);
int mdev_pci_irq_count(struct mdev_pci_device *mpdev, unsigned int index);
u32 mdev_pci_irq_flags(unsigned int index);
int mdev_pci_set_irqs(struct mdev_pci_device *mpdev,
		      const struct vfio_irq_set *set, const void *data);
void mdev_pci_irq_settle(struct mdev_pci_device *mpdev);
void mdev_pci_irq_update(struct mdev_pci_device *mpdev);
void mdev_pci_irq_reset(struct mdev_pci_device *mpdev);
void mdev_pci_irq_close(struct mdev_pci_device *mpdev);
void mdev_pci_request(struct vfio_device *vdev, unsigned int count);

/* gfx.c */
int mdev_pci_gfx_init(struct mdev_pci_device *mpdev);
void mdev_pci_gfx_release(struct mdev_pci_device *mpdev);
int mdev_pci_query_plane(struct mdev_pci_device *mpdev,
			 struct vfio_device_gfx_plane_info *plane);
int mdev_pci_get_dmabuf(struct mdev_pci_device *mpdev, u32 id);
void mdev_pci_gfx_close(struct mdev_pci_device *mpdev);

/* dmabuf.c */
int mdev_pci_dmabuf_fd(struct file *ram, u64 offset, u64 size);

#endif /* MDEV_PCI_INTERNAL_H */
