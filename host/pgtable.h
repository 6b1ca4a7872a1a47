/* SPDX-License-Identifier: GPL-2.0-only */
/* The page table of the software IOMMU: see pgtable.c. */
#ifndef SOFTPCI_HOST_PGTABLE_H
#define SOFTPCI_HOST_PGTABLE_H

#include <linux/bits.h>
#include <linux/list.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* Addresses that can be mapped: those from 0 to this one. */
#define SOFTPCI_PGTABLE_LAST	(BIT_ULL(48) - 1)
/* Sizes of the pages that an entry can map. */
#define SOFTPCI_PGTABLE_SIZES	(SZ_4K | SZ_2M | SZ_1G)

/* Of an entry: DMA may read, and write. */
#define SOFTPCI_PGTABLE_READ	BIT_ULL(0)
#define SOFTPCI_PGTABLE_WRITE	BIT_ULL(1)

/**
 * struct softpci_pgtable - a page table
 * @root: the uppermost table
 * @lock: held while entries are written, except for setting their dirty bit
 * @detached: tables that are not in use any more, to be freed when no DMA can be
 *	      reading them; @lock
 */
struct softpci_pgtable {
	u64 *root;
	spinlock_t lock; /* see above */
	struct list_head detached;
};

/**
 * struct softpci_run - addresses that follow each other
 * @start: the first one
 * @len: how many, in bytes; 0: none
 */
struct softpci_run {
	u64 start;
	u64 len;
};

int softpci_pgtable_create(struct softpci_pgtable *pt);
void softpci_pgtable_destroy(struct softpci_pgtable *pt);
int softpci_pgtable_map(struct softpci_pgtable *pt, u64 iova, u64 phys,
			size_t page_size, size_t count, u64 access, gfp_t gfp,
			size_t *mapped);
size_t softpci_pgtable_unmap(struct softpci_pgtable *pt, u64 iova, u64 size);
void softpci_pgtable_collect(struct softpci_pgtable *pt,
			     struct list_head *tables);
void softpci_pgtable_release(struct list_head *tables);
bool softpci_pgtable_walk(struct softpci_pgtable *pt, u64 iova, u64 len,
			  u64 access, struct softpci_run *phys);
bool softpci_pgtable_find(struct softpci_pgtable *pt, u64 iova, u64 *phys);
bool softpci_pgtable_dirty(struct softpci_pgtable *pt, u64 *iova, u64 last,
			   bool clear, struct softpci_run *dirty);

#endif /* SOFTPCI_HOST_PGTABLE_H */
