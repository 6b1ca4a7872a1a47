/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the files of the PCI bus in software, and used by nothing else.
 *
 * Locks, from the outside in:
 *
 *	softpci_item.lock		attributes in configfs
 *	pci_lock_rescan_remove()	functions come and go
 *	device_lock()			the driver of a function; the PCI core takes these two
 *					in either order (lock_with_device())
 *	softpci_device.life		resets of a function (core)
 *	poll_lock			functions that poll.c looks at
 *	softpci_device.lock		registers of a model, and their image in a BAR
 *	attach_lock			functions of IOMMU domains; any context
 *	softpci_function.dma_lock	DMA and detaching of a domain; any context
 *	softpci_function.config_lock	config space; any context
 *
 * and those in which no other of these is taken:
 *
 *	bars_pool.taking		the search for memory
 *	bars_pool.lock			pages of BARs
 *	msi_lock			vectors of messages
 *	softpci_pgtable.lock		entries of a page table; any context
 *	softpci_inject.lock		errors that are asked for; any context
 *
 * Config accesses come in any context and must not sleep.  Nor must the operations that
 * the IOMMU API calls for the DMA API.
 */
#ifndef SOFTPCI_HOST_INTERNAL_H
#define SOFTPCI_HOST_INTERNAL_H

#include <linux/iommu.h>
#include <linux/irqdomain.h>
#include <linux/list.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../core/bytes.h"
#include "../core/frontend.h"
#include "softpci-host.h"

struct softpci_domain;
struct softpci_inject;
struct softpci_polled;
struct softpci_run;
struct softpci_sriov;

/* Functions of a bus: 32 devices with 8 functions each. */
#define SOFTPCI_BUS_FUNCTIONS	256

/**
 * struct softpci_bar - memory behind a BAR
 * @phys: its first address on the bus, which is that of the host; 0: none
 * @kva: where the kernel has it, uncached as everything else that maps it
 * @size: in bytes
 */
struct softpci_bar {
	phys_addr_t phys;
	void __iomem *kva;
	u64 size;
};

/* Bits of softpci_function.state. */
enum {
	/* a Function Level Reset goes on: config space answers nothing */
	SOFTPCI_FUNCTION_FLR,
	/* it was pulled out: config space answers nothing, ever again */
	SOFTPCI_FUNCTION_GONE,
};

/**
 * struct softpci_function - a function on the bus
 * @dev: the device of its model, open from the beginning to the end
 * @layout: of the model, its own
 * @own_model: a model that was made for it; NULL: another one
 * @devfn: its place on the bus
 * @group: functions with the same number from 0 on share an IOMMU group; -1: none
 * @bar: the memory of its BARs
 * @state: SOFTPCI_FUNCTION_*
 * @notify_error: why its device lacks something, when the PCI core found it last; bus.c
 * @config_written: COMMAND, the power state, MSI or MSI-X were; for poll.c
 * @config_lock: protects @config; taken in any context, with interrupts off
 * @config: config space, layout->config_size bytes
 * @flr_work: does a Function Level Reset
 * @poll_node: in the list of poll.c, while its registers are looked at
 * @polled: its registers, in the order in which they are shown; poll.c
 * @nr_polled: how many
 * @active: when its driver or the function itself did something last; poll.c
 * @dma_lock: held while DMA accesses memory; taken in any context, with interrupts
 *	      off
 * @domain: its IOMMU domain; NULL: DMA is blocked; @dma_lock
 * @iommu_node: in the domain's list of functions; iommu.c
 * @iommu_dev: its device while it has a domain, for reports; @dma_lock
 * @pending: a bitmap of the messages that are held back; dev->lock
 * @nr_pending: how many bits of @pending are set
 * @sriov: virtual functions, NULL: there cannot be any
 * @pf: the physical function, for a virtual one
 * @faults: a bit for each SOFTPCI_FAULT_* that is to happen
 * @inject: which of them when; inject.c
 * @driver_override: the only driver that may bind to it; NULL: any
 */
struct softpci_function {
	struct softpci_device *dev;
	const struct softpci_layout *layout;
	const struct softpci_model *own_model;
	u8 devfn;
	int group;
	struct softpci_bar bar[SOFTPCI_NUM_BARS];
	unsigned long state;
	int notify_error;
	bool config_written;

	raw_spinlock_t config_lock; /* see above */
	u8 *config;
	struct work_struct flr_work;

	struct list_head poll_node;
	struct softpci_polled *polled;
	unsigned int nr_polled;
	ktime_t active;

	spinlock_t dma_lock; /* see above */
	struct softpci_domain *domain;
	struct list_head iommu_node;
	struct device *iommu_dev;

	unsigned long *pending;
	unsigned int nr_pending;

	struct softpci_sriov *sriov;
	struct softpci_function *pf;
	unsigned long faults;
	struct softpci_inject *inject;
	const char *driver_override;
};

/* bus.c: the host bridge and the functions on it */
int softpci_bus_init(void);
void softpci_bus_exit(void);
int softpci_bus_domain_nr(void);
int softpci_bus_insert(struct softpci_function *fn, int devfn);
void softpci_bus_remove(struct softpci_function *fn);
struct softpci_function *softpci_bus_find(unsigned int devfn);
bool softpci_bus_has_siblings(unsigned int devfn);
struct softpci_function *softpci_function_of(struct device *dev);
struct pci_dev *softpci_bus_get_pdev(struct softpci_function *fn);

/* config.c: config space */
int softpci_function_config_init(struct softpci_function *fn);
void softpci_function_config_exit(struct softpci_function *fn);
u32 softpci_function_config_read(struct softpci_function *fn, int pos, int size);
void softpci_function_config_write(struct softpci_function *fn, int pos, int size,
				   u32 val);
void softpci_function_config_reset(struct softpci_function *fn);
u16 softpci_function_command(const struct softpci_function *fn);
bool softpci_function_in_d0(const struct softpci_function *fn);

/* function.c: the life of a function */
int softpci_function_init(void);
void softpci_function_exit(void);
bool softpci_function_start_flr(struct softpci_function *fn);
struct softpci_function *softpci_function_create(const struct softpci_function_desc *desc);
struct softpci_function *softpci_function_create_vf(struct softpci_function *pf,
						    const struct softpci_model *model,
						    unsigned int index);
int softpci_function_live(struct softpci_function *fn, int devfn);
void softpci_function_unplug(struct softpci_function *fn);
void softpci_function_destroy(struct softpci_function *fn);

/* poll.c: registers that are memory, looked at from time to time */
int softpci_poll_init(void);
void softpci_poll_exit(void);
int softpci_poll_add(struct softpci_function *fn);
void softpci_poll_remove(struct softpci_function *fn);
void softpci_poll_wake(void);
void softpci_poll_publish(struct softpci_function *fn);
void softpci_poll_vectors(struct softpci_function *fn);
void softpci_poll_reset(struct softpci_function *fn);

/* msi.c: MSI and MSI-X */
int softpci_msi_init(void);
void softpci_msi_exit(void);
struct irq_domain *softpci_msi_domain(void);
void softpci_function_message(struct softpci_function *fn, unsigned int vector);
void softpci_function_unmasked(struct softpci_function *fn);
void softpci_function_reset_messages(struct softpci_function *fn);

/* bars.c: memory for BARs that is not the kernel's */
int softpci_bars_init(void);
void softpci_bars_exit(void);
struct resource *softpci_bars_window(void);
int softpci_bars_alloc(struct softpci_bar *bar, u64 size, bool is_64);
void softpci_bars_free(struct softpci_bar *bar);
void softpci_bars_fill(const struct softpci_bar *bar, u8 byte);
void softpci_bars_show(const struct softpci_bar *bar, u8 *config,
		       unsigned int pos);
void __iomem *softpci_bars_at(phys_addr_t phys, size_t len);

/* iommu.c: the software IOMMU */
int softpci_iommu_init(void);
void softpci_iommu_exit(void);
int softpci_iommu_add(struct device *dev);
bool softpci_iommu_translate(struct softpci_function *fn, u64 iova, size_t len,
			     bool write, struct softpci_run *phys);
void softpci_iommu_fault(struct softpci_function *fn, u64 iova, bool write);

/* dma.c: DMA of a function through the IOMMU */
int softpci_function_dma_read(struct softpci_function *fn, u64 iova, void *buf,
			      size_t len);
int softpci_function_dma_write(struct softpci_function *fn, u64 iova,
			       const void *buf, size_t len);
int softpci_function_dma_copy(struct softpci_function *fn, u64 to, u64 from,
			      size_t len);

/* sriov.c: virtual functions */
const struct softpci_model *softpci_sriov_create(struct softpci_function *fn,
						 const struct softpci_model *base,
						 unsigned int total);
void softpci_sriov_destroy(struct softpci_function *fn);
int softpci_sriov_alloc_bars(struct softpci_function *fn);
struct softpci_bar softpci_sriov_slice(const struct softpci_function *fn,
				       unsigned int index, unsigned int nr,
				       u64 size);
void softpci_sriov_set_up(struct softpci_function *fn);
void softpci_sriov_close(struct softpci_function *fn);
int softpci_sriov_add(struct softpci_function *fn);
void softpci_sriov_remove(struct softpci_function *fn);
unsigned int softpci_sriov_total(const struct softpci_function *fn);
struct softpci_function *softpci_sriov_vf(const struct softpci_function *fn,
					  unsigned int index);
void softpci_sriov_place(struct softpci_function *fn, unsigned int first);
bool softpci_sriov_has_vfs(const struct softpci_function *fn);
void softpci_sriov_reset(struct softpci_function *fn);
bool softpci_sriov_enabled(const struct softpci_function *vf);
bool softpci_sriov_decodes(const struct softpci_function *vf);

/* model.c: models without registers, made to order, and those that have a name */
/**
 * struct softpci_named_model - a model that configfs offers
 * @name: its name there; NULL ends the table
 * @model: the model; NULL: one made to order
 */
struct softpci_named_model {
	const char *name;
	const struct softpci_model *model;
};

extern const struct softpci_named_model softpci_models[];

const struct softpci_named_model *softpci_model_find(const char *name);
const struct softpci_model *softpci_model_create(const struct softpci_function_desc *desc);
void softpci_model_destroy(const struct softpci_model *model);

/* configfs.c */
int softpci_configfs_init(void);
void softpci_configfs_exit(void);

/* inject.c: errors that are asked for, each once */
enum softpci_fault {
	SOFTPCI_FAULT_DMA,		/* a DMA access fails */
	SOFTPCI_FAULT_IOMMU,		/* an access finds no mapping, and is reported */
	SOFTPCI_FAULT_DROP_IRQ,		/* a message is lost */
	SOFTPCI_FAULT_DOUBLE_IRQ,	/* a message is sent twice */
	SOFTPCI_FAULT_STALL_FLR,	/* a reset does not end before it is told to */
	SOFTPCI_NR_FAULTS,
};

int softpci_inject_create(struct softpci_function *fn);
void softpci_inject_destroy(struct softpci_function *fn);
bool softpci_inject_due(struct softpci_function *fn, enum softpci_fault fault);
void softpci_inject_wait_flr(struct softpci_function *fn);
void softpci_inject_end_flr(struct softpci_function *fn);

/**
 * softpci_inject() - does something go wrong now, as was asked for
 * @fn: the function
 * @fault: a use that is about to be made of it
 *
 * Context: any.
 * Return: whether it does.
 */
static inline bool softpci_inject(struct softpci_function *fn,
				  enum softpci_fault fault)
{
	return unlikely(READ_ONCE(fn->faults) & BIT(fault)) &&
	       softpci_inject_due(fn, fault);
}

#endif /* SOFTPCI_HOST_INTERNAL_H */
