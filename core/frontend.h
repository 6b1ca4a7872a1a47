/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core as a front end uses it: a front end makes devices of a model, hands
 * accesses to them, and is called back for interrupts and DMA.
 *
 * The life of a device:
 *
 *	softpci_create()
 *		softpci_open()		memory, reset(OPEN), start()
 *			softpci_access() and others, softpci_reset()
 *		softpci_close()		jobs stopped, stop(), reset(CLOSE)
 *	softpci_destroy()
 */
#ifndef SOFTPCI_FRONTEND_H
#define SOFTPCI_FRONTEND_H

#include <linux/minmax.h>
#include <linux/types.h>
#include <linux/uuid.h>

#include "softpci.h"

/* Index of config space (VFIO_PCI_CONFIG_REGION_INDEX). */
#define SOFTPCI_CONFIG_INDEX	7
/* Device-specific regions have this index or a higher one. */
#define SOFTPCI_NUM_INDEXES	9

/* Bytes that softpci_host_ops.dma_copy is asked for at once. */
#define SOFTPCI_MAX_DMA_COPY	SZ_64K

/**
 * struct softpci_host_ops - services of a front end to a device
 * @intx: lock held; the level of INTx is @asserted. Called whenever it may have
 *	  changed, and when config space was written
 * @message: lock held; send message @vector of the mode of softpci_irq_select()
 * @reset: lock held; the model has been reset: reset the front end's part
 * @dma_read: copy @len bytes from @iova of the guest's memory; may sleep: 0, or
 *	      -EIO where nothing is mapped that can be read
 * @dma_write: copy @len bytes to @iova of the guest's memory; may sleep: 0, or
 *	       -EIO where nothing is mapped that can be written
 * @pin: pin the @nr pages of the guest's memory from @iova on, a page's first
 *	 byte, for reading and, if @writable, for writing; may sleep: 0, or -EIO
 *	 if not all of it is mapped so, or -ENOMEM. With softpci_dma.pinning
 *	 held. NULL, with @unpin: nothing can be pinned
 * @unpin: undo a successful @pin of the same pages; may sleep. The same
 * @dma_copy: copy @len bytes, up to SOFTPCI_MAX_DMA_COPY, from low to high addresses
 *	      from one place of the guest's memory to another; may sleep: 0, or -EIO
 *	      as @dma_read and @dma_write; @dma_written does not tell of it. NULL:
 *	      by a buffer and those two
 * @changed: lock held; registers have changed outside of an access. NULL: accesses
 *	     find out
 * @dma_written: @len bytes from @iova on of the guest's memory have been written by
 *		 DMA; not beyond a page. In any context, with softpci_dma.lock held
 *		 or not. NULL: nothing is to be told
 */
struct softpci_host_ops {
	void (*intx)(struct softpci_device *dev, bool asserted);
	void (*message)(struct softpci_device *dev, unsigned int vector);
	void (*reset)(struct softpci_device *dev);
	int (*dma_read)(struct softpci_device *dev, u64 iova, void *buf,
			size_t len);
	int (*dma_write)(struct softpci_device *dev, u64 iova, const void *buf,
			 size_t len);
	int (*dma_copy)(struct softpci_device *dev, u64 to, u64 from,
			size_t len);
	void (*changed)(struct softpci_device *dev);
	int (*pin)(struct softpci_device *dev, u64 iova, unsigned int nr,
		   bool writable, struct page **pages);
	void (*unpin)(struct softpci_device *dev, u64 iova, unsigned int nr);
	void (*dma_written)(struct softpci_device *dev, u64 iova, size_t len);
};

/**
 * struct softpci_window - where a region lies in the device's file
 * @region: the region; NULL: config space
 * @index: its index (VFIO_PCI_*_REGION_INDEX)
 * @start: offset in the file
 * @size: in bytes
 * @areas: its parts by rising offset, those of MSI-X among them
 * @nr_areas: how many
 * @bar: its bit in softpci_config.absent, 0 if it is no BAR
 */
struct softpci_window {
	const struct softpci_region *region;
	u32 index;
	u64 start;
	u64 size;
	const struct softpci_area *areas;
	unsigned int nr_areas;
	u8 bar;
};

/**
 * struct softpci_layout - a model, prepared once for all its devices
 * @model: the model
 * @window: where its regions lie, by rising offset; config space is the last one
 * @nr_windows: how many
 * @num_regions: one more than the highest index
 * @config_size: 256 or 4096
 * @power_on: config space of a new device
 * @writable: a mask of the bits of config space that can be written
 * @w1c: a mask of the bits that are cleared by writing a one to them
 * @pm: offset of the power management capability
 * @pcie: of the PCI Express capability, 0: none
 * @msi: of the MSI capability, 0: none
 * @msix: of the MSI-X capability, 0: none
 * @io_bars: a bit for each BAR that COMMAND's I/O bit enables
 * @memory_bars: a bit for each BAR that COMMAND's memory bit enables
 */
struct softpci_layout {
	const struct softpci_model *model;
	struct softpci_window *window;
	unsigned int nr_windows;
	unsigned int num_regions;
	u16 config_size;
	u8 *power_on;
	u8 *writable;
	u8 *w1c;
	u16 pm;
	u16 pcie;
	u16 msi;
	u16 msix;
	u8 io_bars;
	u8 memory_bars;
};

/**
 * softpci_nr_vectors() - how many messages a device can send
 * @model: its model
 *
 * Return: those of MSI or of MSI-X, whichever are more; 0: it has neither.
 */
static inline unsigned int softpci_nr_vectors(const struct softpci_model *model)
{
	return max_t(unsigned int, model->nr_msi, model->msix.nr);
}

/**
 * softpci_flr_pending() - has the guest asked for a Function Level Reset
 * @dev: the device; the lock need not be held
 *
 * Return: whether the front end is to call softpci_reset() for it.
 */
static inline bool softpci_flr_pending(const struct softpci_device *dev)
{
	return READ_ONCE(dev->config.flr);
}

/* config.c */
void softpci_config_merge(const struct softpci_layout *layout, u8 *val, u64 pos,
			  const u8 *buf, size_t len);
bool softpci_config_is_flr(const struct softpci_layout *layout, u64 pos,
			   const u8 *buf, size_t len);

/* layout.c */
const struct softpci_layout *softpci_layout_create(const struct softpci_model *model);
void softpci_layout_destroy(const struct softpci_layout *layout);

/* device.c */
struct softpci_device *softpci_create(const struct softpci_layout *layout,
				      const guid_t *uuid,
				      const struct softpci_host_ops *ops,
				      void *host);
void softpci_destroy(struct softpci_device *dev);
int softpci_open(struct softpci_device *dev);
void softpci_close(struct softpci_device *dev);
int softpci_reset(struct softpci_device *dev, enum softpci_reset kind);
int softpci_quiesce(struct softpci_device *dev);
int softpci_resume(struct softpci_device *dev);

/* region.c */
ssize_t softpci_user_read(struct softpci_device *dev, char __user *buf,
			  size_t count, loff_t *ppos);
ssize_t softpci_user_write(struct softpci_device *dev, const char __user *buf,
			   size_t count, loff_t *ppos);
int softpci_mmap(struct softpci_device *dev, struct vm_area_struct *vma,
		 u64 pos);
int softpci_access(struct softpci_device *dev,
		   const struct softpci_window *win, u64 pos, u8 *buf,
		   size_t len, bool write);

/* irq.c */
void softpci_irq_select(struct softpci_device *dev, enum softpci_irq_mode mode,
			unsigned int nr_vectors);
void softpci_irq_mask_vector(struct softpci_device *dev, unsigned int vector,
			     bool masked);
void softpci_irq_update(struct softpci_device *dev);

/* dma.c */
void softpci_dma_suspend(struct softpci_device *dev, bool suspended);
void softpci_dma_revoke(struct softpci_device *dev, u64 iova, u64 len);

/* ram.c */
int softpci_memory_expose(struct softpci_device *dev, unsigned int memory);

/* shmem.c */
struct page **softpci_memory_get_pages(struct file *file, pgoff_t pgoff,
				       unsigned long nr);
void softpci_memory_put_pages(struct page **pages, unsigned long nr);

/* stage.c */
struct softpci_stage;

bool softpci_memory_touched(struct softpci_device *dev, unsigned int memory,
			    u64 *pos, u64 *len);
int softpci_memory_peek(struct softpci_device *dev, unsigned int memory,
			u64 pos, void *buf, size_t len);
struct softpci_stage *softpci_stage_create(struct softpci_device *dev);
void softpci_stage_destroy(struct softpci_stage *stage);
int softpci_stage_write(struct softpci_stage *stage, unsigned int memory,
			u64 pos, const void *buf, size_t len);
int softpci_stage_differs(struct softpci_stage *stage,
			  struct softpci_device *dev, unsigned int memory,
			  u64 pos);
int softpci_stage_prepare(struct softpci_device *dev,
			  struct softpci_stage *stage);
int softpci_stage_apply(struct softpci_device *dev,
			struct softpci_stage *stage);

/* state.c */
u32 softpci_state_identity(const struct softpci_layout *layout);
int softpci_state_size(struct softpci_device *dev);
int softpci_state_save(struct softpci_device *dev, void *buf, size_t size);
int softpci_state_check(struct softpci_device *dev, const void *buf,
			size_t size);
int softpci_state_load(struct softpci_device *dev, const void *buf,
		       size_t size);

#endif /* SOFTPCI_FRONTEND_H */
