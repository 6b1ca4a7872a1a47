/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device of a model: its state at run time, part by part.  Part of softpci.h,
 * which includes it; the fields belong to the core.
 */
#ifndef SOFTPCI_DEVICE_H
#define SOFTPCI_DEVICE_H

#include <linux/cleanup.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct file;
struct page;
struct softpci_device;
struct softpci_host_ops;
struct softpci_layout;
struct softpci_model;

/* Memories of one device, such as video RAM. */
#define SOFTPCI_MAX_MEMORIES	4
/* Pages of guest memory of one struct softpci_pin. */
#define SOFTPCI_MAX_PIN_PAGES	16

/**
 * struct softpci_config - config space of a device
 * @val: softpci_layout.config_size bytes, as they read except computed bits
 * @absent: a bit for each BAR that answers no access: not enabled, or D3hot
 * @flr: the guest has asked for a Function Level Reset, which is still to come
 */
struct softpci_config {
	u8 *val;
	u8 absent;
	bool flr;
};

/**
 * struct softpci_memory - guest-visible memory of one opening of a device
 * @file: shmem file that backs it, NULL while the device is closed
 * @lock: serialises the first fill with itself and with a reset
 * @filled: it has its content at power-on, or there is nothing to fill
 * @written: by write(2), a job or DMA, since it was filled; a u32, for xchg()
 * @mapped: or exported: it can be written to unseen, then or now
 */
struct softpci_memory {
	struct file *file;
	struct mutex lock; /* filling */
	bool filled;
	u32 written;
	bool mapped;
};

/**
 * enum softpci_irq_mode - how interrupts are delivered
 * @SOFTPCI_IRQ_NONE: not at all
 * @SOFTPCI_IRQ_INTX: as a level
 * @SOFTPCI_IRQ_MSI: as MSI messages
 * @SOFTPCI_IRQ_MSIX: as MSI-X messages
 */
enum softpci_irq_mode {
	SOFTPCI_IRQ_NONE,
	SOFTPCI_IRQ_INTX,
	SOFTPCI_IRQ_MSI,
	SOFTPCI_IRQ_MSIX,
};

/**
 * struct softpci_msix_entry - an entry of the MSI-X table
 * @address_lo: Message Address
 * @address_hi: Message Upper Address
 * @data: Message Data
 * @control: Vector Control (PCI_MSIX_ENTRY_CTRL_MASKBIT)
 */
struct softpci_msix_entry {
	u32 address_lo;
	u32 address_hi;
	u32 data;
	u32 control;
};

/**
 * struct softpci_irqs - interrupts
 * @mode: how the front end delivers them
 * @held: none is delivered: the device is quiesced
 * @nr_vectors: MSI messages that are enabled; sources beyond share the last one
 * @level: a bit for each source that asks for service
 * @changes: how often @level has changed; wraps
 * @risen: a bit for each vector that a source made due by rising, not yet sent
 * @pulsed: a bitmap of the vectors that softpci_irq_pulse() made due
 * @nr_pulsed: how many bits of @pulsed are set
 * @table: the MSI-X table
 */
struct softpci_irqs {
	enum softpci_irq_mode mode;
	bool held;
	unsigned int nr_vectors;
	u32 level;
	unsigned int changes;
	u32 risen;
	unsigned long *pulsed;
	unsigned int nr_pulsed;
	struct softpci_msix_entry *table;
};

/**
 * struct softpci_job - work of a device outside of an access
 * @node: in the queue
 * @run: lock not held; may sleep, and use DMA and memory. One job of a device
 *	 runs at a time. It must not queue itself again unless it made progress
 *
 * It is off the queue when @run is called, and can be queued again then.
 */
struct softpci_job {
	struct list_head node;
	void (*run)(struct softpci_device *dev, struct softpci_job *job);
};

/**
 * struct softpci_jobs - the jobs of a device
 * @lock: protects all but @awaited; taken in any context, with interrupts off,
 *	  inside of every other lock
 * @queue: those to be run, in this order
 * @work: runs them
 * @accepted: the device is open: jobs are taken
 * @paused: they are not run: it has not started, is in a reset or quiesced
 * @running: one of them runs
 * @queued: how many were ever queued
 * @done: how many have ended or were dropped
 * @awaited: @queued when softpci_queue_and_wait() was called last by the access
 *	     that goes on; 0: nothing to wait for; device lock
 * @wait: woken when @done changes and when jobs are paused
 */
struct softpci_jobs {
	spinlock_t lock; /* see above */
	struct list_head queue;
	struct work_struct work;
	bool accepted;
	bool paused;
	bool running;
	u64 queued;
	u64 done;
	u64 awaited;
	wait_queue_head_t wait;
};

/**
 * struct softpci_pin - a window of guest memory that stays pinned
 * @node: in softpci_dma.pins while @nr is not 0
 * @iova: address of its first byte
 * @len: in bytes
 * @writable: softpci_pin_write() is allowed
 * @nr: pages that are pinned; 0: none, not yet or no longer
 * @pages: the pages
 *
 * For memory that a device accesses often and in small pieces, such as rings
 * and completion records.  It is embedded in the device's struct, zeroed at
 * first; its fields belong to the core.
 */
struct softpci_pin {
	struct list_head node;
	u64 iova;
	u32 len;
	bool writable;
	unsigned int nr;
	struct page *pages[SOFTPCI_MAX_PIN_PAGES];
};

/**
 * struct softpci_dma - DMA of a device; see dma.c
 * @stopped: no access may begin and a long one ends: closed, or in a reset
 * @suspended: the same, for softpci_dma_suspend(); written under @lock
 * @pinning: held while pages are pinned and unpinned; inside of
 *	     softpci_device.life, outside of the locks that the front end takes for it
 * @lock: held while pinned pages are accessed; taken in any context, with
 *	  interrupts off, inside of every other lock
 * @pins: the pins that have pages; @pinning
 * @revokes: how often in short succession memory was revoked; @pinning
 * @revoked: when that was last, in jiffies of 64 bits; @pinning
 * @all_revokes: how often it was since the device was opened; @pinning
 * @copying: windows that softpci_dma_copy() keeps pinned, see dma-copy.c; NULL: none
 */
struct softpci_dma {
	bool stopped;
	bool suspended;
	struct mutex pinning; /* see above */
	spinlock_t lock; /* see above */
	struct list_head pins;
	unsigned int revokes;
	u64 revoked;
	unsigned int all_revokes;
	struct softpci_dma_copying *copying;
};

/**
 * struct softpci_device - one function
 * @model: its model
 * @layout: the model as the core has prepared it, shared by all of a type
 * @host_ops: of the front end
 * @host: of the front end
 * @uuid: its name
 * @lock: see the head of softpci.h
 * @life: serialises open, close and resets; outside of everything else of the core
 * @open: it has a user; written under both locks
 * @quiesced: it does nothing of its own accord (softpci_quiesce()); @life
 * @config: config space
 * @memory: memories
 * @irqs: interrupts
 * @jobs: jobs
 * @dma: DMA
 */
struct softpci_device {
	const struct softpci_model *model;
	const struct softpci_layout *layout;
	const struct softpci_host_ops *host_ops;
	void *host;
	guid_t uuid;

	spinlock_t lock; /* all below, except as described there */
	struct mutex life; /* open, close, reset */
	bool open;
	bool quiesced;
	struct softpci_config config;
	struct softpci_memory memory[SOFTPCI_MAX_MEMORIES];
	struct softpci_irqs irqs;
	struct softpci_jobs jobs;
	struct softpci_dma dma;
};

/**
 * softpci_lock() - take the device lock
 * @dev: the device
 *
 * By guard(softpci)(dev) or scoped_guard(softpci, dev).
 */
static inline void softpci_lock(struct softpci_device *dev)
{
	spin_lock(&dev->lock);
}

/**
 * softpci_unlock() - release the device lock
 * @dev: the device
 */
static inline void softpci_unlock(struct softpci_device *dev)
{
	spin_unlock(&dev->lock);
}

DEFINE_GUARD(softpci, struct softpci_device *, softpci_lock(_T),
	     softpci_unlock(_T))

#endif /* SOFTPCI_DEVICE_H */
