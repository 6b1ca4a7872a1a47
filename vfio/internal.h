/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the VFIO front end, and used by nothing else. */
#ifndef SOFTPCI_VFIO_INTERNAL_H
#define SOFTPCI_VFIO_INTERNAL_H

#include <linux/completion.h>
#include <linux/container_of.h>
#include <linux/device.h>
#include <linux/mdev.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>

#include "../core/frontend.h"
#include "../core/static-stub.h"
#include "migration.h"
#include "softpci-stream.h"
#include "softpci-vfio.h"

/*
 * Modes whose dma-buf ids are remembered: enough for a guest that flips pages.
 * As many as fit into 2 KiB (struct softpci_gfx).
 */
#define SOFTPCI_MAX_MODES	60

/**
 * struct softpci_mdev_type - a type that a driver offers, of all its parents
 * @type: the driver's
 * @name: the folder in mdev_supported_types, which streams of a migration name
 * @layout: of its model
 */
struct softpci_mdev_type {
	const struct softpci_type *type;
	char name[SOFTPCI_STREAM_TYPE];
	const struct softpci_layout *layout;
};

/**
 * struct softpci_parent_kind - what the parent devices of a driver are
 * @name: value of the module parameter "parent"
 * @add: make all devices, and parents of them by softpci_parent_add()
 * @remove: softpci_parent_remove() all parents; nothing makes new ones after that
 * @free: undo the rest of @add; no parent is left
 *
 * @remove and @free are called after an error of @add as well.
 */
struct softpci_parent_kind {
	const char *name;
	int (*add)(struct softpci_registration *reg);
	void (*remove)(struct softpci_registration *reg);
	void (*free)(struct softpci_registration *reg);
};

/**
 * struct softpci_registration - a registered driver
 * @drv: the driver
 * @budget: what each parent begins with
 * @nr_parents: how many parent devices there are to be
 * @kind: what they are
 * @devices: the parent devices, as @kind keeps them
 * @mdev_drv: how the mdev core sees the driver
 * @types: the types, as many as the driver has
 * @attrs: the driver's attributes and those of every device, ended by NULL
 * @vendor: the group of @attrs
 * @groups: @vendor and softpci_knobs_group, as the driver core wants them
 * @live: one for the registration and one for each parent not yet freed
 * @released: all of them are gone
 */
struct softpci_registration {
	const struct softpci_driver *drv;
	unsigned int budget;
	unsigned int nr_parents;
	const struct softpci_parent_kind *kind;
	void *devices;
	struct mdev_driver mdev_drv;
	struct softpci_mdev_type *types;
	struct attribute **attrs;
	struct attribute_group vendor;
	const struct attribute_group *groups[3];
	refcount_t live;
	struct completion released;
};

/**
 * struct softpci_parent - a parent device with mdev types
 * @reg: the registration of its driver
 * @mdev_parent: how the mdev core sees it
 * @mdev_types: the table that mdev_register_parent() keeps a pointer to
 * @lock: protects @left
 * @left: the rest of the budget
 * @live: one while it is registered, and one for each device not yet released
 * @types: the types as the mdev core sees them, in the order of @reg->types
 */
struct softpci_parent {
	struct softpci_registration *reg;
	struct mdev_parent mdev_parent;
	struct mdev_type **mdev_types;
	struct mutex lock; /* left */
	unsigned int left;
	refcount_t live;
	struct mdev_type types[];
};

/**
 * struct softpci_vfio_irqs - interrupts of the VFIO user; set_irqs.c, intx.c
 * @igate: serialises VFIO_DEVICE_SET_IRQS, reset and close; outside of the device
 *	   lock
 * @index: VFIO_PCI_INTX_, MSI_ or MSIX_IRQ_INDEX, whichever the user has enabled;
 *	   VFIO_PCI_NUM_IRQS: none
 * @masked: INTx masked by the user or by its delivery
 * @wired: an eventfd to mask or unmask INTx was assigned since INTx was enabled
 * @mask_work: masks INTx for its eventfd
 * @unmask_work: unmasks INTx for its eventfd, or sets @unmask_due
 * @late_work: unmasks INTx if @unmask_due
 * @unmask_due: an unmask by eventfd waits for @late_work or a call of intx()
 * @changes: softpci_irqs.changes when @unmasked was last cleared
 * @unmask_jiffy: when that was
 * @unmasked: unmasks by eventfd since then
 * @nr_vectors: enabled vectors, 1 for INTx, all of MSI-X
 * @trigger: the eventfd of each vector, NULL: none; room for the largest index
 * @req_lock: protects @req and @err; a lock of its own, so that removal does not
 *	      block on work driven by the user
 * @req: the eventfd of VFIO_PCI_REQ_IRQ_INDEX
 * @err: the eventfd of VFIO_PCI_ERR_IRQ_INDEX
 * @mask: eventfd that masks INTx
 * @unmask: eventfd that unmasks INTx
 */
struct softpci_vfio_irqs {
	struct mutex igate; /* SET_IRQS */
	unsigned int index;
	bool masked;
	bool wired;
	struct work_struct mask_work;
	struct work_struct unmask_work;
	struct delayed_work late_work;
	bool unmask_due;
	unsigned int changes;
	unsigned long unmask_jiffy;
	unsigned int unmasked;
	unsigned int nr_vectors;
	struct eventfd_ctx **trigger;
	spinlock_t req_lock; /* req, err */
	struct eventfd_ctx *req;
	struct eventfd_ctx *err;
	struct virqfd *mask;
	struct virqfd *unmask;
};

/**
 * struct softpci_gfx - the modes that have a dma-buf id
 * @mode: the modes, those with @id 0 unused
 * @id: their dma-buf ids
 * @used: when each was last asked for, in queries
 * @last_id: the newest id
 * @clock: counts queries
 */
struct softpci_gfx {
	struct softpci_mode mode[SOFTPCI_MAX_MODES];
	u32 id[SOFTPCI_MAX_MODES];
	u64 used[SOFTPCI_MAX_MODES];
	u32 last_id;
	u64 clock;
};

/**
 * struct softpci_vfio - a device of a model as a VFIO device
 * @vdev: must be first, vfio_alloc_device() wants it so
 * @parent: the parent that it was created at
 * @type: the type it was created as
 * @dev: the model's device
 * @irqs: interrupts
 * @display: how it is shown; written by softpci_display_choose() while it is closed
 * @gfx: modes of dma-bufs, NULL if it cannot be shown by them
 * @low_power: the user has put it into low power (power.c); device lock
 * @wakeup: the eventfd of LOW_POWER_ENTRY_WITH_WAKEUP; NULL: it was entered without,
 *	    or not at all; device lock
 * @mig: migration
 * @log: DMA logging
 * @knobs: settings of migration
 */
struct softpci_vfio {
	struct vfio_device vdev;
	struct softpci_parent *parent;
	const struct softpci_mdev_type *type;
	struct softpci_device *dev;
	struct softpci_vfio_irqs irqs;
	enum softpci_display display;
	struct softpci_gfx *gfx;
	bool low_power;
	struct eventfd_ctx *wakeup;
	struct softpci_migration mig;
	struct softpci_log log;
	struct softpci_knobs knobs;
};

static inline struct softpci_vfio *to_softpci_vfio(struct vfio_device *vdev)
{
	return container_of(vdev, struct softpci_vfio, vdev);
}

static inline struct softpci_parent *to_softpci_parent(struct mdev_type *type)
{
	return container_of(type->parent, struct softpci_parent, mdev_parent);
}

static inline struct softpci_mdev_type *
to_softpci_mdev_type(struct mdev_type *type)
{
	struct softpci_parent *parent = to_softpci_parent(type);

	return &parent->reg->types[type - parent->types];
}

/* mdev.c */
void softpci_registration_put(struct softpci_registration *reg);

/* parent.c: a parent, and virtual parent devices */
extern const struct softpci_parent_kind softpci_parent_virtual;
struct softpci_parent *softpci_parent_add(struct softpci_registration *reg,
					  struct device *dev);
void softpci_parent_remove(struct softpci_parent *parent);
void softpci_parent_put(struct softpci_parent *parent);

/* parent-pci.c: parents that are functions of the PCI bus in software */
extern const struct softpci_parent_kind softpci_parent_pci;

/* device.c */
extern const struct vfio_device_ops softpci_vfio_ops;

/* info.c: GET_INFO, GET_REGION_INFO, GET_IRQ_INFO */
long softpci_vfio_get_info(struct softpci_vfio *svfio, void __user *arg);
int softpci_vfio_region_info_caps(struct vfio_device *vdev,
				  struct vfio_region_info *info,
				  struct vfio_info_cap *caps);
long softpci_vfio_get_irq_info(struct softpci_vfio *svfio, void __user *arg);

/* set_irqs.c */
int softpci_vfio_irq_init(struct softpci_vfio *svfio);
void softpci_vfio_irq_release(struct softpci_vfio *svfio);
unsigned int softpci_vfio_irq_count(struct softpci_vfio *svfio,
				    unsigned int index);
u32 softpci_vfio_irq_flags(struct softpci_vfio *svfio, unsigned int index);
int softpci_vfio_set_irqs(struct softpci_vfio *svfio,
			  const struct vfio_irq_set *set, const void *data);
void softpci_vfio_irq_close(struct softpci_vfio *svfio);
void softpci_vfio_message(struct softpci_device *dev, unsigned int vector);
void softpci_vfio_irq_reset(struct softpci_device *dev);
void softpci_vfio_request(struct vfio_device *vdev, unsigned int count);
int softpci_vfio_error(struct softpci_vfio *svfio);
void softpci_vfio_signal(struct eventfd_ctx *ctx);
bool softpci_vfio_irq_chosen(const struct vfio_irq_set *set, const void *data,
			     unsigned int i);

/* intx.c */
void softpci_vfio_intx_init(struct softpci_vfio *svfio);
void softpci_vfio_intx(struct softpci_device *dev, bool asserted);
void softpci_vfio_irq_settle(struct softpci_vfio *svfio);
void softpci_vfio_intx_unwire(struct softpci_vfio *svfio);
int softpci_vfio_set_intx_mask(struct softpci_vfio *svfio,
			       const struct vfio_irq_set *set,
			       const void *data, bool masked);

/* display.c */
const char *softpci_display_name(const struct softpci_vfio *svfio);
int softpci_display_choose(struct softpci_vfio *svfio, const char *name);
int softpci_gfx_init(struct softpci_vfio *svfio);
void softpci_gfx_release(struct softpci_vfio *svfio);
void softpci_gfx_close(struct softpci_vfio *svfio);
long softpci_vfio_query_plane(struct softpci_vfio *svfio, void __user *arg);
long softpci_vfio_get_dmabuf(struct softpci_vfio *svfio, void __user *arg);

/* dmabuf.c */
int softpci_dmabuf_fd(struct file *ram, u64 offset, u64 size);

/* dma.c */
int softpci_vfio_dma_read(struct softpci_device *dev, u64 iova, void *buf,
			  size_t len);
int softpci_vfio_dma_write(struct softpci_device *dev, u64 iova,
			   const void *buf, size_t len);
int softpci_vfio_pin(struct softpci_device *dev, u64 iova, unsigned int nr,
		     bool writable, struct page **pages);
void softpci_vfio_unpin(struct softpci_device *dev, u64 iova, unsigned int nr);
void softpci_vfio_dma_unmap(struct vfio_device *vdev, u64 iova, u64 length);

/* power.c */
int softpci_vfio_power_feature(struct softpci_vfio *svfio, u32 flags,
			       void __user *arg, size_t argsz);
void softpci_vfio_wake(struct softpci_vfio *svfio);
void softpci_vfio_resume(struct softpci_vfio *svfio);
void softpci_vfio_power_reset(struct softpci_device *dev);

/* Comes before each access of the user; the lock is not held. */
static inline void softpci_vfio_accessed(struct softpci_vfio *svfio)
{
	if (unlikely(READ_ONCE(svfio->low_power)))
		softpci_vfio_resume(svfio);
}

#endif /* SOFTPCI_VFIO_INTERNAL_H */
