/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the core, and used by nothing else. */
#ifndef SOFTPCI_INTERNAL_H
#define SOFTPCI_INTERNAL_H

#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/types.h>

#include "bytes.h"
#include "frontend.h"

struct address_space;

static inline bool softpci_is_bar_64(const struct softpci_region *region)
{
	return region->index < SOFTPCI_NUM_BARS &&
	       !(region->bar & PCI_BASE_ADDRESS_SPACE_IO) &&
	       region->bar & PCI_BASE_ADDRESS_MEM_TYPE_64;
}

static inline unsigned int softpci_reg_count(const struct softpci_reg *reg)
{
	return reg->count ?: 1;
}

/* A number in a field of a device's struct that is 1, 2, 4 or 8 bytes wide. */
static inline u64 load_uint(const void *field, unsigned int width)
{
	switch (width) {
	case 1:
		return *(const u8 *)field;
	case 2:
		return *(const u16 *)field;
	case 4:
		return *(const u32 *)field;
	default:
		return *(const u64 *)field;
	}
}

static inline void store_uint(void *field, unsigned int width, u64 val)
{
	switch (width) {
	case 1:
		*(u8 *)field = val;
		break;
	case 2:
		*(u16 *)field = val;
		break;
	case 4:
		*(u32 *)field = val;
		break;
	default:
		*(u64 *)field = val;
	}
}

/* caps.c: builds the config space tables of a layout */
int softpci_caps_init(struct softpci_layout *layout);

/* region.c */
const struct softpci_window *softpci_find_window(const struct softpci_layout *layout,
						 u64 pos, u64 len);

/* config.c */
bool softpci_bus_master(const struct softpci_device *dev);
extern const struct softpci_area_ops softpci_config_ops;
int softpci_config_create(struct softpci_device *dev);
void softpci_config_destroy(struct softpci_device *dev);
void softpci_config_power_on(struct softpci_device *dev);
void softpci_config_bus_reset(struct softpci_device *dev);
bool softpci_config_is_valid(const struct softpci_layout *layout, const u8 *val);
void softpci_config_load(struct softpci_device *dev, const u8 *val);

/* In D3hot a function answers config accesses only. D1 and D2 are never entered. */
static inline bool in_d3hot(const struct softpci_device *dev)
{
	return dev->config.val[dev->layout->pm + PCI_PM_CTRL] &
	       PCI_PM_CTRL_STATE_MASK;
}

/* fields.c */
unsigned int softpci_fields_size(const struct softpci_state *state);
void softpci_fields_save(struct softpci_device *dev, u8 *to);
bool softpci_fields_are_valid(const struct softpci_state *state, const u8 *from);
void softpci_fields_load(struct softpci_device *dev, const u8 *from);

/* irq-state.c */
u32 softpci_irqs_size(const struct softpci_model *model);
void softpci_irqs_save(const struct softpci_device *dev, u8 *to);
bool softpci_irqs_are_valid(const struct softpci_model *model, const u8 *from);
void softpci_irqs_load(struct softpci_device *dev, const u8 *from);

/* irq.c; the table and PBA of MSI-X are areas that layout.c adds */
extern const struct softpci_area_ops softpci_msix_table_ops;
extern const struct softpci_area_ops softpci_msix_pba_ops;
int softpci_irq_create(struct softpci_device *dev);
void softpci_irq_destroy(struct softpci_device *dev);
void softpci_irq_reset(struct softpci_device *dev, enum softpci_reset kind);
u32 softpci_irq_msi_pending(const struct softpci_device *dev);
void softpci_irq_hold(struct softpci_device *dev, bool held);
void softpci_irq_loaded(struct softpci_device *dev);

/* jobs.c */
void softpci_jobs_create(struct softpci_device *dev);
void softpci_jobs_destroy(struct softpci_device *dev);
void softpci_jobs_accept(struct softpci_device *dev);
void softpci_jobs_resume(struct softpci_device *dev);
void softpci_jobs_refuse(struct softpci_device *dev);
void softpci_jobs_pause(struct softpci_device *dev);
int softpci_jobs_pause_killable(struct softpci_device *dev);
void softpci_jobs_drop(struct softpci_device *dev);
void softpci_jobs_wait(struct softpci_device *dev, u64 until);
int softpci_jobs_init(void);
void softpci_jobs_exit(void);

/* dma.c */
void softpci_dma_create(struct softpci_device *dev);
void softpci_dma_destroy(struct softpci_device *dev);
void softpci_dma_start(struct softpci_device *dev);
void softpci_dma_stop(struct softpci_device *dev);
int softpci_dma_access(struct softpci_device *dev, u64 iova, void *buf,
		       size_t len, bool write);

static inline bool softpci_dma_is_allowed(const struct softpci_device *dev)
{
	return !READ_ONCE(dev->dma.stopped) && !READ_ONCE(dev->dma.suspended) &&
	       softpci_bus_master(dev);
}

/* Bytes of @len from @iova on that lie in the page of @iova. */
static inline size_t softpci_dma_in_page(u64 iova, u64 len)
{
	return min_t(u64, len, PAGE_SIZE - offset_in_page(iova));
}

/* Are all of @len bytes from @iova on, at least one, at addresses that exist? */
static inline bool softpci_dma_is_range(u64 iova, u64 len)
{
	u64 last;

	return !check_add_overflow(iova, len - 1, &last);
}

static inline void softpci_dma_tell_written(struct softpci_device *dev,
					    u64 iova, size_t len)
{
	if (dev->host_ops->dma_written)
		dev->host_ops->dma_written(dev, iova, len);
}

/* pin.c */
int softpci_dma_try_pin(struct softpci_device *dev, u64 iova, size_t len,
			bool writable, struct softpci_pin *pin);
void softpci_dma_unpin_all(struct softpci_device *dev);
void softpci_dma_forget_revokes(struct softpci_device *dev);

/* dma-copy.c */
void softpci_dma_copy_destroy(struct softpci_device *dev);

/* Are all of the bytes there? A guest or a stream chooses them. */
static inline bool softpci_in_memory(const struct softpci_model *model,
				     unsigned int memory, u64 pos, u64 len)
{
	u64 size;

	if (memory >= model->nr_memories)
		return false;
	size = model->memories[memory].size;
	return pos <= size && len <= size - pos;
}

/* shmem.c */
void softpci_ram_init(void);
void softpci_ram_exit(void);
struct file *softpci_ram_file(u64 size);
bool softpci_is_hole(struct address_space *mapping, pgoff_t index);
int softpci_ram_copy(struct file *file, u64 pos, void *buf, size_t n,
		     bool write);

/* ram.c */
void softpci_memory_create(struct softpci_device *dev);
void softpci_memory_destroy(struct softpci_device *dev);
int softpci_memory_open(struct softpci_device *dev);
void softpci_memory_close(struct softpci_device *dev);
int softpci_memory_reset(struct softpci_device *dev);

#endif /* SOFTPCI_INTERNAL_H */
