/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual PCI devices for VFIO: what a driver sees of the core.
 *
 * A driver describes its device in const tables - struct softpci_driver,
 * softpci_type, softpci_model, softpci_region, softpci_reg - embeds
 * struct softpci_device first in its own, and is called back for what only it
 * can know: the meaning of a register, the mode on the screen.
 *
 * Locking: softpci_device.lock covers the config space, the registers, the
 * interrupt lines and the display modes.  The core takes it around every
 * callback that says "lock held": it is a spinlock, and they are not to sleep.
 * User memory is never touched under it: a page fault can wait for anything.
 */
#ifndef SOFTPCI_CORE_H
#define SOFTPCI_CORE_H

#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci_ids.h>
#include <linux/pci_regs.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>

struct softpci_device;
struct softpci_driver;

/* A conventional PCI function's config space (PCI Local Bus 3.0, 6.1). */
#define SOFTPCI_CONFIG_SIZE	256
/* Config space, six BARs, and two regions of a device's own. */
#define SOFTPCI_MAX_REGIONS	9
#define SOFTPCI_MAX_MSI	32
/*
 * Modes whose dma-buf ids are remembered; what a flipping guest cycles through.
 * As many as fit into 2 KiB (struct softpci_gfx).
 */
#define SOFTPCI_MAX_MODES	60

/**
 * struct softpci_reg - one register, or an array of equal ones
 * @name: as in the data sheet
 * @offset: of the first, in bytes from the start of its region
 * @width: of each, in bytes: 1, 2 or 4; the bus is little-endian
 * @count: how many there are, one after another; 0 means 1
 * @read: lock held; the value of register @i of the array. NULL: reads 0
 * @write: lock held; 0, or an errno if the value is refused and nothing was
 *	   changed. NULL: writes are ignored
 *
 * Accesses that are narrower than @width, or unaligned, or span several
 * registers, are taken apart by the core; a partial write is merged with what
 * @read returns.
 */
struct softpci_reg {
	const char *name;
	u16 offset;
	u8 width;
	u16 count;
	u32 (*read)(struct softpci_device *spdev, unsigned int region,
		    unsigned int i);
	int (*write)(struct softpci_device *spdev, unsigned int region,
		     unsigned int i, u32 val);
};

/**
 * struct softpci_region - a BAR or a device-specific VFIO region
 * @index: as in VFIO_DEVICE_GET_REGION_INFO; up to 5 it is a BAR as well
 * @bar: low bits of the BAR (PCI_BASE_ADDRESS_*), for a BAR
 * @size: in bytes, a power of two for a BAR; 0: the device's memory
 *	  (softpci_type.ram_size), which can be mapped
 * @regs: the registers in it, for a region that is not memory; what lies
 *	  between them reads 0 and ignores writes
 * @nr_regs: how many entries @regs has
 * @cap_type: VFIO_REGION_INFO_CAP_TYPE's type, 0 for none
 * @cap_subtype: and its subtype
 */
struct softpci_region {
	u32 index;
	u32 bar;
	u32 size;
	const struct softpci_reg *regs;
	unsigned int nr_regs;
	u32 cap_type;
	u32 cap_subtype;
};

/**
 * struct softpci_model - what the guest finds on its PCI bus
 * @vendor: PCI vendor id
 * @device: PCI device id
 * @subsystem_vendor: subsystem vendor id
 * @subsystem_device: subsystem id
 * @class: class, subclass and programming interface, 24 bits
 * @revision: revision id
 * @pin: interrupt pin, 1 for INTA; 0: no INTx
 * @nr_msi: MSI messages, a power of two up to 32; 0: no MSI capability
 * @regions: its BARs and device-specific regions; config space is implied
 * @nr_regions: how many
 */
struct softpci_model {
	u16 vendor;
	u16 device;
	u16 subsystem_vendor;
	u16 subsystem_device;
	u32 class;
	u8 revision;
	u8 pin;
	u8 nr_msi;
	const struct softpci_region *regions;
	unsigned int nr_regions;
};

/**
 * struct softpci_type - an mdev type: a folder in mdev_supported_types
 * @mdev: @mdev.sysfs_name and @mdev.pretty_name are the driver's to set
 * @description: one line for people
 * @model: the PCI device it makes
 * @ram_size: bytes of guest-visible memory, a multiple of PAGE_SIZE; 0: none
 * @cost: how much of the driver's budget one device takes, at least 1
 */
struct softpci_type {
	struct mdev_type mdev;
	const char *description;
	const struct softpci_model *model;
	u32 ram_size;
	unsigned int cost;
};

/**
 * struct softpci_mode - what a display scans out
 * @format: DRM fourcc (drm_fourcc.h)
 * @width: in pixels
 * @height: in lines
 * @stride: bytes from one line to the next
 * @offset: of the first pixel, in bytes from the start of the memory
 */
struct softpci_mode {
	u32 format;
	u32 width;
	u32 height;
	u32 stride;
	u32 offset;
};

/**
 * struct softpci_driver - an mdev parent driver
 * @name: of module, class, parent device and mdev driver
 * @owner: THIS_MODULE
 * @device_size: of the struct that embeds struct softpci_device first
 * @types: the mdev types, @nr_types pointers
 * @nr_types: how many
 * @attrs: device attributes of each mdev, shown in its folder "vendor"
 * @init: a new device, not yet seen by anyone: set up the driver's part, add
 *	  capabilities. May be NULL
 * @release: undo @init. May be NULL
 * @reset: lock held; put the registers to their state at power-on. May be NULL
 * @close: lock held; after @reset, for a new device and when its user has left:
 *	   forget what was the user's and not the guest's. May be NULL
 * @fill_ram: give the memory its content at power-on by softpci_ram_set();
 *	      called before the first access to it and after a reset. NULL: zero
 * @display: VFIO_GFX_PLANE_TYPE_DMABUF or VFIO_GFX_PLANE_TYPE_REGION; 0: none
 * @display_region: index of the region that holds the picture, for the latter
 * @get_mode: lock held; the mode on the screen as the registers have it. false:
 *	      nothing is shown
 */
struct softpci_driver {
	const char *name;
	struct module *owner;
	size_t device_size;
	struct softpci_type *const *types;
	unsigned int nr_types;
	struct attribute **attrs;

	int (*init)(struct softpci_device *spdev);
	void (*release)(struct softpci_device *spdev);
	void (*reset)(struct softpci_device *spdev);
	void (*close)(struct softpci_device *spdev);
	int (*fill_ram)(struct softpci_device *spdev);

	u32 display;
	u32 display_region;
	bool (*get_mode)(struct softpci_device *spdev,
			 struct softpci_mode *mode);
};

/**
 * struct softpci_parent - a registered driver; nothing in it is the driver's
 * @drv: the driver
 * @class: /sys/class/<name>
 * @dev: /sys/devices/virtual/<name>/<name>
 * @mdev_drv: how the mdev core sees the driver
 * @mdev_parent: how the mdev core sees @dev
 * @mdev_types: what mdev_register_parent() keeps a pointer to
 * @vendor: the group of the driver's attributes
 * @groups: @vendor, as the driver core wants it
 * @lock: protects @left
 * @left: what is left of the budget
 * @live: one for the registration and one for each device not yet released
 * @released: all of them are gone
 */
struct softpci_parent {
	const struct softpci_driver *drv;
	struct class class;
	struct device *dev;
	struct mdev_driver mdev_drv;
	struct mdev_parent mdev_parent;
	struct mdev_type **mdev_types;
	struct attribute_group vendor;
	const struct attribute_group *groups[2];
	struct mutex lock; /* left */
	unsigned int left;
	refcount_t live;
	struct completion released;
};

/**
 * struct softpci_config - config space
 * @val: what it reads
 * @power_on: what it read when the device was made
 * @writable: a mask of the bits that take what is written
 * @w1c: a mask of the bits that are cleared by writing a one to them
 * @end: first byte that no capability has taken yet
 * @last_cap: the capability at the end of the chain, 0: none
 * @pm: the power management capability
 * @msi: the MSI capability, 0: none
 * @io_bars: a bit for each BAR that COMMAND's I/O bit enables
 * @memory_bars: a bit for each BAR that COMMAND's memory bit enables
 * @absent: a bit for each BAR that answers no access: not enabled, or D3hot
 */
struct softpci_config {
	u8 val[SOFTPCI_CONFIG_SIZE];
	u8 power_on[SOFTPCI_CONFIG_SIZE];
	u8 writable[SOFTPCI_CONFIG_SIZE];
	u8 w1c[SOFTPCI_CONFIG_SIZE];
	u16 end;
	u8 last_cap;
	u8 pm;
	u8 msi;
	u8 io_bars;
	u8 memory_bars;
	u8 absent;
};

/**
 * struct softpci_window - where a region lies in the device's file
 * @region: the region
 * @start: its VFIO offset
 * @size: in bytes
 */
struct softpci_window {
	const struct softpci_region *region;
	u64 start;
	u64 size;
};

/**
 * struct softpci_ram - guest-visible memory of one opening of the device
 * @file: shmem file that backs it, NULL while the device is closed
 * @lock: serialises the first fill with itself
 * @filled: fill_ram() has run, or there is nothing to fill
 * @written: by write(2) or a clear, since it was filled; a u32, for xchg()
 * @mapped: or exported: it can be written to unseen, then or now
 * @clear_start: first byte that a register write wants zeroed; device lock
 * @clear_len: how many bytes of them; device lock
 */
struct softpci_ram {
	struct file *file;
	struct mutex lock; /* filling */
	bool filled;
	u32 written;
	bool mapped;
	u32 clear_start;
	u32 clear_len;
};

/**
 * struct softpci_irqs - interrupts; see core/irq.c
 * @igate: serialises VFIO_DEVICE_SET_IRQS and close; outside of the device lock
 * @index: VFIO_PCI_INTX_IRQ_INDEX or VFIO_PCI_MSI_IRQ_INDEX, whichever the
 *	   user has enabled; VFIO_PCI_NUM_IRQS: none
 * @level: a bit for every source in the device that asks for service
 * @pending: a bit for every MSI message that is due, and held back by a mask,
 *	     MSI Enable, Bus Master or D3hot
 * @masked: INTx masked by the user or by its delivery
 * @wired: an eventfd to mask or unmask INTx was assigned since INTx was enabled
 * @mask_work: masks INTx for its eventfd
 * @unmask_work: unmasks INTx for its eventfd, or sets @unmask_due
 * @late_work: unmasks INTx if @unmask_due
 * @unmask_due: an unmask by eventfd waits for @late_work or softpci_irq_update()
 * @level_changed: @level has changed since @unmasked was last cleared
 * @unmask_jiffy: when @unmasked was last cleared
 * @unmasked: unmasks by eventfd since then
 * @nr_vectors: enabled messages, 1 for INTx
 * @trigger: the eventfd of each vector, NULL: none
 * @req_lock: protects @req; a lock of its own, so that removal does not block
 *	      on work that the user drives
 * @req: the eventfd of VFIO_PCI_REQ_IRQ_INDEX
 * @mask: eventfd that masks INTx
 * @unmask: eventfd that unmasks INTx
 */
struct softpci_irqs {
	struct mutex igate; /* SET_IRQS */
	unsigned int index;
	u32 level;
	u32 pending;
	bool masked;
	bool wired;
	struct work_struct mask_work;
	struct work_struct unmask_work;
	struct delayed_work late_work;
	bool unmask_due;
	bool level_changed;
	unsigned long unmask_jiffy;
	unsigned int unmasked;
	unsigned int nr_vectors;
	struct eventfd_ctx *trigger[SOFTPCI_MAX_MSI];
	spinlock_t req_lock; /* req */
	struct eventfd_ctx *req;
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
 * struct softpci_device - one virtual PCI device
 * @vdev: must be first, vfio_alloc_device() wants it so
 * @parent: the driver's registration
 * @type: the mdev type it was created as
 * @uuid: as it was created
 * @lock: see the head of this file
 * @open: a user has it open
 * @config: config space
 * @window: config space and regions, by rising offset
 * @nr_windows: how many
 * @ram: memory
 * @irqs: interrupts
 * @gfx: display of dma-bufs, NULL for any other
 */
struct softpci_device {
	struct vfio_device vdev;
	struct softpci_parent *parent;
	const struct softpci_type *type;
	guid_t uuid;

	spinlock_t lock; /* all below, but for what a file of its own says */
	bool open;
	struct softpci_config config;
	struct softpci_window window[SOFTPCI_MAX_REGIONS];
	unsigned int nr_windows;
	struct softpci_ram ram;
	struct softpci_irqs irqs;
	struct softpci_gfx *gfx;
};

static inline struct softpci_device *to_softpci(struct vfio_device *vdev)
{
	return container_of(vdev, struct softpci_device, vdev);
}

/**
 * softpci_lock() - take the device lock
 * @spdev: the device
 *
 * A spinlock: whoever has it neither sleeps nor touches the user's memory. By
 * guard(softpci)(spdev) or scoped_guard(softpci, spdev).
 */
static inline void softpci_lock(struct softpci_device *spdev)
{
	spin_lock(&spdev->lock);
}

/**
 * softpci_unlock() - release the device lock
 * @spdev: the device
 */
static inline void softpci_unlock(struct softpci_device *spdev)
{
	spin_unlock(&spdev->lock);
}

DEFINE_GUARD(softpci, struct softpci_device *, softpci_lock(_T),
	     softpci_unlock(_T))

struct softpci_parent *softpci_register(const struct softpci_driver *drv,
					unsigned int budget);
void softpci_unregister(struct softpci_parent *parent);

/**
 * module_softpci_driver() - a module that is one driver and nothing besides
 * @_driver: the struct softpci_driver
 * @_budget: for softpci_register(), read when the module is loaded
 */
#define module_softpci_driver(_driver, _budget)			\
static struct softpci_parent *_driver##_parent;			\
									\
static int __init _driver##_init(void)					\
{									\
	_driver##_parent = softpci_register(&(_driver), _budget);	\
	return PTR_ERR_OR_ZERO(_driver##_parent);			\
}									\
module_init(_driver##_init);						\
									\
static void __exit _driver##_exit(void)					\
{									\
	softpci_unregister(_driver##_parent);				\
}									\
module_exit(_driver##_exit)

int softpci_add_cap(struct softpci_device *spdev, u8 id, const void *body,
		    const void *writable, size_t len);
int softpci_ram_set(struct softpci_device *spdev, u32 offset, u8 byte,
		    size_t len);
void softpci_ram_clear(struct softpci_device *spdev, u32 offset, u32 len);
void softpci_set_irq(struct softpci_device *spdev, unsigned int source,
		     bool level);

#endif /* SOFTPCI_CORE_H */
