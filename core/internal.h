/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the core share with each other and with nobody else. */
#ifndef SOFTPCI_INTERNAL_H
#define SOFTPCI_INTERNAL_H

#include <linux/string.h>
#include <asm/byteorder.h>

#include "softpci.h"

/* Where a test may put a function of its own in the place of the real one. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include <kunit/static_stub.h>
#else
#define KUNIT_STATIC_STUB_REDIRECT(fn, ...)
#endif

struct page;
struct vm_area_struct;

/* parent.c */
void softpci_parent_put(struct softpci_parent *parent);

/* device.c */
extern const struct vfio_device_ops softpci_device_ops;

/* config.c */
void softpci_config_init(struct softpci_device *spdev);
int softpci_config_seal(struct softpci_device *spdev);
void softpci_config_power_on(struct softpci_device *spdev);
void softpci_config_reset(struct softpci_device *spdev);
void softpci_config_read(struct softpci_device *spdev, unsigned int pos,
			 u8 *buf, size_t len);
void softpci_config_write(struct softpci_device *spdev, unsigned int pos,
			  const u8 *buf, size_t len);

/* In D3hot a device answers config accesses only. */
static inline bool in_d3hot(const struct softpci_device *spdev)
{
	const struct softpci_config *cfg = &spdev->config;

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
int softpci_regions_init(struct softpci_device *spdev);
int softpci_get_region_info(struct vfio_device *vdev,
			    struct vfio_region_info *info,
			     struct vfio_info_cap *caps);
unsigned int softpci_num_regions(struct softpci_device *spdev);
ssize_t softpci_read(struct vfio_device *vdev, char __user *buf, size_t count,
		     loff_t *ppos);
ssize_t softpci_write(struct vfio_device *vdev, const char __user *buf,
		      size_t count, loff_t *ppos);
int softpci_mmap(struct vfio_device *vdev, struct vm_area_struct *vma);

/* ram.c */
void softpci_ram_init(void);
void softpci_ram_exit(void);
int softpci_ram_open(struct softpci_device *spdev);
void softpci_ram_close(struct softpci_device *spdev);
int softpci_ram_reset(struct softpci_device *spdev);
int softpci_ram_fill(struct softpci_device *spdev);
int softpci_ram_expose(struct softpci_device *spdev);
void softpci_ram_zero(struct softpci_device *spdev, u32 offset, u32 len);
ssize_t softpci_ram_rw(struct softpci_device *spdev, u64 pos,
		       char __user *buf, size_t count, bool write);
int softpci_ram_map(struct file *file, struct vm_area_struct *vma,
		    pgoff_t pgoff);
struct page **softpci_ram_get_pages(struct file *file, pgoff_t pgoff,
				    unsigned long nr);
void softpci_ram_put_pages(struct page **pages, unsigned long nr);

/* irq.c */
void softpci_irq_init(struct softpci_device *spdev);
int softpci_irq_count(struct softpci_device *spdev, unsigned int index);
u32 softpci_irq_flags(unsigned int index);
int softpci_set_irqs(struct softpci_device *spdev,
		     const struct vfio_irq_set *set, const void *data);
void softpci_irq_settle(struct softpci_device *spdev);
void softpci_irq_update(struct softpci_device *spdev);
void softpci_irq_reset(struct softpci_device *spdev);
void softpci_irq_close(struct softpci_device *spdev);
void softpci_request(struct vfio_device *vdev, unsigned int count);

/* gfx.c */
int softpci_gfx_init(struct softpci_device *spdev);
void softpci_gfx_release(struct softpci_device *spdev);
int softpci_query_plane(struct softpci_device *spdev,
			struct vfio_device_gfx_plane_info *plane);
int softpci_get_dmabuf(struct softpci_device *spdev, u32 id);
void softpci_gfx_close(struct softpci_device *spdev);

/* dmabuf.c */
int softpci_dmabuf_fd(struct file *ram, u64 offset, u64 size);

#endif /* SOFTPCI_INTERNAL_H */
