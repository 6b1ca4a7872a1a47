/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * softpci: models of PCI functions, as a device driver sees them.
 *
 * A model is data: const tables of ids, regions, registers, capabilities and
 * state, and callbacks for the behaviour of the device.  A front end shows the
 * models to their users: vfio/ as VFIO mediated devices.  A device includes this
 * header, which includes the other softpci-*.h here, and the one of the front end
 * that it registers with.
 *
 * Locking: softpci_device.lock covers config space, registers, interrupts and
 * display modes.  It is a spinlock: "lock held" in the description of a callback
 * means that the callback must not sleep.  User memory is never touched under it.
 * Jobs run without it, in process context.
 */
#ifndef SOFTPCI_H
#define SOFTPCI_H

#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/container_of.h>
#include <linux/module.h>
#include <linux/pci_ids.h>
#include <linux/pci_regs.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include "softpci-device.h"
#include "softpci-regions.h"
#include "softpci-state.h"

struct attribute;

/* Interrupt sources that are levels. */
#define SOFTPCI_MAX_SOURCES	32
/* PCI Express Base 3.0, 7.7.2.3: the field has eleven bits. */
#define SOFTPCI_MAX_MSIX	2048
#define SOFTPCI_NUM_BARS	6

/* Initialises a pointer to a table and the number of its entries. */
#define SOFTPCI_TABLE(_member, _table)					\
	._member = (_table),						\
	.nr_##_member = ARRAY_SIZE(_table)

/**
 * struct softpci_cap - a capability in config space
 * @id: PCI_CAP_ID_* or, for an extended one, PCI_EXT_CAP_ID_*
 * @version: of an extended capability
 * @len: length of @body in bytes
 * @body: the bytes after the header: two of id and next pointer, or the four
 *	  bytes of an extended one
 * @writable: a mask of the bits in @body that can be written; NULL: none
 */
struct softpci_cap {
	u16 id;
	u8 version;
	u16 len;
	const void *body;
	const void *writable;
};

/**
 * struct softpci_msix - MSI-X
 * @nr: vectors, 1 to SOFTPCI_MAX_MSIX; 0: no MSI-X
 * @bar: BAR that holds table and PBA, among the model's regions
 * @table: offset of the table in it, a multiple of 8; nothing else is there
 * @pba: offset of the pending bit array, a multiple of 8
 */
struct softpci_msix {
	u16 nr;
	u8 bar;
	u32 table;
	u32 pba;
};

/**
 * enum softpci_reset - why a device is reset
 * @SOFTPCI_RESET_CREATE: it is new
 * @SOFTPCI_RESET_OPEN: its user begins to use it; it was reset when the last one
 *			left, and its connections may have changed since
 * @SOFTPCI_RESET_FLR: Function Level Reset by the guest
 * @SOFTPCI_RESET_BUS: VFIO_DEVICE_RESET: keeps the parts of config space that the
 *		       PCI core saves and restores around a reset
 * @SOFTPCI_RESET_CLOSE: its user has left: nothing of the user may remain
 */
enum softpci_reset {
	SOFTPCI_RESET_CREATE,
	SOFTPCI_RESET_OPEN,
	SOFTPCI_RESET_FLR,
	SOFTPCI_RESET_BUS,
	SOFTPCI_RESET_CLOSE,
};

/* Changes that are reported to softpci_ops.config. */
#define SOFTPCI_CONFIG_COMMAND	BIT(0)	/* a bit of PCI_COMMAND */
#define SOFTPCI_CONFIG_POWER	BIT(1)	/* D0 or D3hot */
#define SOFTPCI_CONFIG_VECTORS	BIT(2)	/* messages are set up; by softpci-host alone */

/**
 * struct softpci_mode - the picture that a display scans out
 * @format: DRM fourcc (drm_fourcc.h)
 * @width: in pixels
 * @height: in lines
 * @stride: bytes from one line to the next
 * @offset: of the first pixel, in bytes from the start of memory 0
 */
struct softpci_mode {
	u32 format;
	u32 width;
	u32 height;
	u32 stride;
	u32 offset;
};

/**
 * enum softpci_display - how a display is shown
 * @SOFTPCI_DISPLAY_NONE: there is none
 * @SOFTPCI_DISPLAY_REGION: as a region
 * @SOFTPCI_DISPLAY_DMABUF: as dma-bufs of memory 0
 */
enum softpci_display {
	SOFTPCI_DISPLAY_NONE,
	SOFTPCI_DISPLAY_REGION,
	SOFTPCI_DISPLAY_DMABUF,
};

/**
 * struct softpci_ops - callbacks of a device; any of them may be NULL
 * @init: a new device that nothing else can reach yet; may sleep
 * @release: undo @init; may sleep
 * @start: from here on the device may be active; may sleep. Called when it is
 *	   opened and when a migration resumes it
 * @stop: nothing of the device may run when it returns: no timer, no work item;
 *	  may sleep. Jobs were stopped by the core, before it. Called for a
 *	  device that is stopped, too
 * @reset: lock held; put the registers to their state at power-on
 * @config: lock held; a write to config space has changed @what
 *	    (SOFTPCI_CONFIG_*), and the new values are there already. Not called
 *	    for a reset or a loaded state, which @reset and softpci_state.post_load
 *	    tell of. It must not write to config space
 * @get_mode: lock held; the mode on the screen as the registers have it. false:
 *	      nothing is shown
 */
struct softpci_ops {
	int (*init)(struct softpci_device *dev);
	void (*release)(struct softpci_device *dev);
	int (*start)(struct softpci_device *dev);
	void (*stop)(struct softpci_device *dev);
	void (*reset)(struct softpci_device *dev, enum softpci_reset kind);
	void (*config)(struct softpci_device *dev, unsigned int what);
	bool (*get_mode)(struct softpci_device *dev, struct softpci_mode *mode);
};

/**
 * struct softpci_model - a PCI function
 * @device_size: of the struct that embeds struct softpci_device first
 * @ops: its callbacks
 * @vendor: PCI vendor id
 * @device: PCI device id
 * @subsystem_vendor: subsystem vendor id
 * @subsystem_device: subsystem id
 * @class: class, subclass and programming interface, 24 bits
 * @revision: revision id
 * @pin: interrupt pin, 1 for INTA; 0: no INTx
 * @nr_msi: MSI messages, a power of two up to 32; 0: no MSI capability
 * @msix: MSI-X
 * @pcie: a PCI Express endpoint: FLR, 4096 bytes of config space, ERR interrupt
 * @regions: its BARs and device-specific regions; config space is implied
 * @nr_regions: how many
 * @memories: its memories
 * @nr_memories: how many, up to SOFTPCI_MAX_MEMORIES
 * @caps: capabilities besides PM, PCIe, MSI and MSI-X, which the core adds
 *	  behind them; the first of all lies at 40h
 * @nr_caps: how many
 * @ext_caps: extended capabilities, for a PCI Express endpoint
 * @nr_ext_caps: how many
 * @display: how it is shown, unless the administrator of a device chooses another way
 * @display_region: index of the region with the picture
 * @state: its state, NULL: none besides that of the core
 */
struct softpci_model {
	size_t device_size;
	const struct softpci_ops *ops;
	u16 vendor;
	u16 device;
	u16 subsystem_vendor;
	u16 subsystem_device;
	u32 class;
	u8 revision;
	u8 pin;
	u8 nr_msi;
	struct softpci_msix msix;
	bool pcie;
	const struct softpci_region *regions;
	unsigned int nr_regions;
	const struct softpci_memory_desc *memories;
	unsigned int nr_memories;
	const struct softpci_cap *caps;
	unsigned int nr_caps;
	const struct softpci_cap *ext_caps;
	unsigned int nr_ext_caps;
	enum softpci_display display;
	u32 display_region;
	const struct softpci_state *state;
};

/**
 * struct softpci_type - a model on offer
 * @name: without the name of the driver, as "vga"
 * @pretty_name: for people
 * @description: one line for people
 * @model: the function it makes
 * @cost: how much of the driver's budget one device takes, at least 1
 */
struct softpci_type {
	const char *name;
	const char *pretty_name;
	const char *description;
	const struct softpci_model *model;
	unsigned int cost;
};

/**
 * struct softpci_driver - a module with models
 * @name: of the module and of its parent device in sysfs
 * @owner: THIS_MODULE
 * @types: the types that it offers, @nr_types entries
 * @nr_types: how many
 * @attrs: attributes of each device, ended by NULL; softpci_from_dev() gives the
 *	   device; may be NULL
 */
struct softpci_driver {
	const char *name;
	struct module *owner;
	const struct softpci_type *types;
	unsigned int nr_types;
	struct attribute **attrs;
};

/* regs.c */
void softpci_changed(struct softpci_device *dev);

/* irq.c */
void softpci_irq_level(struct softpci_device *dev, unsigned int source,
		       bool level);
void softpci_irq_pulse(struct softpci_device *dev, unsigned int vector);

/* jobs.c */
void softpci_job_init(struct softpci_job *job,
		      void (*run)(struct softpci_device *dev,
				  struct softpci_job *job));
bool softpci_queue(struct softpci_device *dev, struct softpci_job *job);
bool softpci_queue_and_wait(struct softpci_device *dev,
			    struct softpci_job *job);

/* dma.c */
int softpci_dma_read(struct softpci_device *dev, u64 iova, void *buf,
		     size_t len);
int softpci_dma_write(struct softpci_device *dev, u64 iova, const void *buf,
		      size_t len);
int softpci_dma_copy(struct softpci_device *dev, u64 to, u64 from, u64 len);
int softpci_dma_pin(struct softpci_device *dev, u64 iova, size_t len,
		    bool writable, struct softpci_pin *pin);
void softpci_dma_unpin(struct softpci_device *dev, struct softpci_pin *pin);
int softpci_pin_read(struct softpci_device *dev, const struct softpci_pin *pin,
		     size_t offset, void *buf, size_t len);
int softpci_pin_write(struct softpci_device *dev, const struct softpci_pin *pin,
		      size_t offset, const void *buf, size_t len);

/* ram.c */
int softpci_memory_set(struct softpci_device *dev, unsigned int memory,
		       u64 offset, u8 byte, u64 len);
int softpci_memory_clear(struct softpci_device *dev, unsigned int memory,
			 u64 offset, u64 len);
int softpci_memory_read(struct softpci_device *dev, unsigned int memory,
			u64 offset, void *buf, size_t len);
int softpci_memory_write(struct softpci_device *dev, unsigned int memory,
			 u64 offset, const void *buf, size_t len);

#endif /* SOFTPCI_H */
