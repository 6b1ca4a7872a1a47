// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page table of the software IOMMU: four levels of tables with 512 entries each,
 * for addresses of 48 bits.  An entry of the three lower levels can map a page, of
 * 4 KiB, 2 MiB or 1 GiB.  The functions below that are told a level have it from 0,
 * the lowest, on.
 *
 * Entries are written with softpci_pgtable.lock held.  DMA reads them without it,
 * and so sees an entry as it was before or as it is after a change, and may still
 * use one that was removed.  Its end is for the caller to wait for: a table that has
 * become empty is detached, and softpci_pgtable_collect() tells which are to be
 * freed after that wait.
 *
 * The dirty bit of an entry says that DMA has written to its page.  It is set
 * without the lock, but only in an entry that has not changed since it was looked
 * at: never in one that was removed.
 *
 * Tables are allocated before the lock is taken, and installed together with the
 * first entry in them, so that there is no table without an entry but the root.
 */
#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "pgtable.h"

#define NR_LEVELS	4
#define BITS_PER_LEVEL	9
#define NR_ENTRIES	BIT(BITS_PER_LEVEL)

/* An entry of 0 is none; one without ENTRY_PAGE is the address of a table. */
#define ENTRY_PRESENT	BIT_ULL(2)
#define ENTRY_PAGE	BIT_ULL(3)
#define ENTRY_DIRTY	BIT_ULL(4)
#define ENTRY_ADDRESS	GENMASK_ULL(51, 12)

/**
 * struct spare_tables - tables that are not yet in use
 * @tables: the tables
 * @nr: how many
 * @wanted: how many have to be there before it can go on
 */
struct spare_tables {
	struct list_head tables;
	unsigned int nr;
	unsigned int wanted;
};

static unsigned int shift_of(unsigned int level)
{
	return 12 + level * BITS_PER_LEVEL;
}

/* The bytes that an entry of @level maps, or its tables do. */
static u64 size_of(unsigned int level)
{
	return BIT_ULL(shift_of(level));
}

static unsigned int index_of(u64 iova, unsigned int level)
{
	return (iova >> shift_of(level)) % NR_ENTRIES;
}

/* DMA may set its dirty bit at any time. */
static u64 read_entry(const u64 *table, unsigned int index)
{
	return READ_ONCE(table[index]);
}

static u64 *table_of(u64 entry)
{
	return phys_to_virt(entry & ENTRY_ADDRESS);
}

/* How many entries of a table are not 0. */
static unsigned long used(const u64 *table)
{
	return page_private(virt_to_page(table));
}

static void set_used(u64 *table, unsigned long nr)
{
	set_page_private(virt_to_page(table), nr);
}

static u64 *alloc_table(gfp_t gfp)
{
	return (u64 *)get_zeroed_page(gfp);
}

static void free_table(u64 *table)
{
	free_page((unsigned long)table);
}

/**
 * softpci_pgtable_release() - free tables
 * @tables: from softpci_pgtable_collect(); empty on return
 *
 * Context: any.
 */
void softpci_pgtable_release(struct list_head *tables)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, tables, lru)
		__free_page(page);
	INIT_LIST_HEAD(tables);
}

/**
 * softpci_pgtable_create() - make a page table that maps nothing
 * @pt: the page table
 *
 * Context: process, may sleep.
 * Return: 0, or -ENOMEM.
 */
int softpci_pgtable_create(struct softpci_pgtable *pt)
{
	pt->root = alloc_table(GFP_KERNEL_ACCOUNT);
	if (!pt->root)
		return -ENOMEM;
	spin_lock_init(&pt->lock);
	INIT_LIST_HEAD(&pt->detached);
	return 0;
}

static void free_tables_below(const u64 *table, unsigned int level)
{
	unsigned int i;

	if (!level)
		return;
	cond_resched();
	for (i = 0; i < NR_ENTRIES; i++) {
		u64 *lower;

		if (!table[i] || table[i] & ENTRY_PAGE)
			continue;
		lower = table_of(table[i]);
		free_tables_below(lower, level - 1);
		free_table(lower);
	}
}

/**
 * softpci_pgtable_destroy() - free a page table, with its mappings
 * @pt: the page table; nothing uses it
 *
 * Context: process, may sleep.
 */
void softpci_pgtable_destroy(struct softpci_pgtable *pt)
{
	free_tables_below(pt->root, NR_LEVELS - 1);
	free_table(pt->root);
	softpci_pgtable_release(&pt->detached);
}

static u64 *take_spare(struct spare_tables *spare)
{
	struct page *page = list_first_entry(&spare->tables, struct page, lru);

	list_del(&page->lru);
	spare->nr--;
	return page_address(page);
}

static int fill_spare(struct spare_tables *spare, gfp_t gfp)
{
	while (spare->nr < spare->wanted) {
		u64 *table = alloc_table(gfp);

		if (!table)
			return -ENOMEM;
		list_add(&virt_to_page(table)->lru, &spare->tables);
		spare->nr++;
	}
	return 0;
}

/* The lowest table for @iova that there is, not below *@level, which is set to its. */
static u64 *lowest_table(struct softpci_pgtable *pt, u64 iova,
			 unsigned int *level)
{
	unsigned int at = NR_LEVELS - 1;
	u64 *table = pt->root;

	lockdep_assert_held(&pt->lock);
	while (at > *level) {
		u64 entry = read_entry(table, index_of(iova, at));

		if (!entry || entry & ENTRY_PAGE)
			break;
		table = table_of(entry);
		at--;
	}
	*level = at;
	return table;
}

/*
 * Map up to @count pages of @level whose entries are in one table. Returns how many,
 * or -EADDRINUSE where the first one is mapped, or -EAGAIN with spare->wanted set.
 */
static int map_in_table(struct softpci_pgtable *pt, u64 iova, u64 entry,
			unsigned int level, size_t count,
			struct spare_tables *spare)
{
	unsigned int index = index_of(iova, level), at = level, i;
	u64 *table;

	lockdep_assert_held(&pt->lock);
	table = lowest_table(pt, iova, &at);
	if (read_entry(table, index_of(iova, at)))
		return -EADDRINUSE;
	spare->wanted = at - level;
	if (spare->nr < spare->wanted)
		return -EAGAIN;

	for (; at > level; at--) {
		u64 *lower = take_spare(spare);

		/* DMA that finds it sees that it is empty. */
		smp_store_release(&table[index_of(iova, at)],
				  virt_to_phys(lower) | ENTRY_PRESENT);
		set_used(table, used(table) + 1);
		table = lower;
	}

	count = min_t(size_t, count, NR_ENTRIES - index);
	for (i = 0; i < count && !read_entry(table, index + i); i++)
		WRITE_ONCE(table[index + i], entry + i * size_of(level));
	set_used(table, used(table) + i);
	return i;
}

static bool is_mappable(u64 iova, u64 phys, unsigned int level, size_t count)
{
	u64 pages = (SOFTPCI_PGTABLE_LAST + 1) >> shift_of(level);

	return iova <= SOFTPCI_PGTABLE_LAST && count &&
	       count <= pages - (iova >> shift_of(level)) &&
	       IS_ALIGNED(iova | phys, size_of(level)) &&
	       !(phys & ~ENTRY_ADDRESS) &&
	       count <= ((ENTRY_ADDRESS - phys) >> shift_of(level)) + 1;
}

/**
 * softpci_pgtable_map() - map pages of the same size that follow each other
 * @pt: the page table
 * @iova: first address for DMA
 * @phys: address of the memory for the first page
 * @page_size: of SOFTPCI_PGTABLE_SIZES, one
 * @count: how many of them
 * @access: of SOFTPCI_PGTABLE_READ and SOFTPCI_PGTABLE_WRITE, at least one
 * @gfp: how to allocate tables; they are accounted for where that may sleep
 * @mapped: bytes that have been mapped are added here, also in case of an error
 *
 * Context: as @gfp allows.
 * Return: 0; -EADDRINUSE if any of it is mapped already; -EINVAL for addresses that
 * are out of range or not aligned; -ENOMEM.
 */
int softpci_pgtable_map(struct softpci_pgtable *pt, u64 iova, u64 phys,
			size_t page_size, size_t count, u64 access, gfp_t gfp,
			size_t *mapped)
{
	struct spare_tables spare = {
		.tables	= LIST_HEAD_INIT(spare.tables),
	};
	unsigned int level;
	int ret = 0;

	if (!is_power_of_2(page_size) || !(page_size & SOFTPCI_PGTABLE_SIZES))
		return -EINVAL;
	level = (ilog2(page_size) - shift_of(0)) / BITS_PER_LEVEL;
	if (!access || !is_mappable(iova, phys, level, count))
		return -EINVAL;
	if (gfpflags_allow_blocking(gfp))
		gfp |= __GFP_ACCOUNT;

	while (count) {
		scoped_guard(spinlock_irqsave, &pt->lock)
			ret = map_in_table(pt, iova,
					   phys | access | ENTRY_PRESENT | ENTRY_PAGE,
					   level, count, &spare);
		if (ret == -EAGAIN) {
			ret = fill_spare(&spare, gfp);
			if (ret)
				break;
			continue;
		}
		if (ret < 0)
			break;
		iova += ret * page_size;
		phys += ret * page_size;
		count -= ret;
		*mapped += ret * page_size;
		ret = 0;
	}
	softpci_pgtable_release(&spare.tables);
	return ret;
}

/*
 * Unmap from @iova on up to @size bytes, rounded up to a page, as far as the entries
 * are in one table. Returns how many.
 */
static u64 unmap_in_table(struct softpci_pgtable *pt, u64 iova, u64 size)
{
	unsigned int level, index, nr = 0;
	u64 *table, *upper;

	lockdep_assert_held(&pt->lock);
	level = 0;
	table = lowest_table(pt, iova, &level);
	if (!IS_ALIGNED(iova, size_of(level)))
		return 0;
	index = index_of(iova, level);
	while (index + nr < NR_ENTRIES && nr * size_of(level) < size &&
	       read_entry(table, index + nr) & ENTRY_PAGE)
		WRITE_ONCE(table[index + nr++], 0);
	if (!nr)
		return 0;
	size = nr * size_of(level);

	for (;;) {
		set_used(table, used(table) - nr);
		if (used(table) || table == pt->root)
			return size;
		list_add(&virt_to_page(table)->lru, &pt->detached);
		level++;
		upper = lowest_table(pt, iova, &level);
		WRITE_ONCE(upper[index_of(iova, level)], 0);
		table = upper;
		nr = 1;
	}
}

/**
 * softpci_pgtable_unmap() - remove mappings
 * @pt: the page table
 * @iova: first address; the first one of a page that an entry maps
 * @size: bytes
 *
 * It ends where nothing is mapped.  A page that is larger than the rest of @size is
 * unmapped as a whole.  DMA may go on using the pages, and reading the tables that
 * mapped them: see softpci_pgtable_collect().
 *
 * Context: any.
 * Return: bytes that have been unmapped, from @iova on; may be more than @size.
 */
size_t softpci_pgtable_unmap(struct softpci_pgtable *pt, u64 iova, u64 size)
{
	u64 unmapped = 0, n;

	while (unmapped < size && iova + unmapped <= SOFTPCI_PGTABLE_LAST) {
		scoped_guard(spinlock_irqsave, &pt->lock)
			n = unmap_in_table(pt, iova + unmapped, size - unmapped);
		if (!n)
			break;
		unmapped += n;
	}
	return unmapped;
}

/**
 * softpci_pgtable_collect() - take the tables that are not in use any more
 * @pt: the page table
 * @tables: an empty list, for softpci_pgtable_release() when all DMA has ended that
 *	    went on during this call
 *
 * Context: any.
 */
void softpci_pgtable_collect(struct softpci_pgtable *pt,
			     struct list_head *tables)
{
	guard(spinlock_irqsave)(&pt->lock);
	list_splice_init(&pt->detached, tables);
}

/* Does *@entry, which was read as @val, allow @access? Sets the dirty bit. */
static bool allows(u64 *entry, u64 val, u64 access)
{
	if (!(val & ENTRY_PAGE) || (val & access) != access)
		return false;
	if (!(access & SOFTPCI_PGTABLE_WRITE))
		return true;
	while (!(val & ENTRY_DIRTY)) {
		u64 old = val;

		/* Another one can have set it, too, or it is not there any more. */
		if (try_cmpxchg(entry, &val, val | ENTRY_DIRTY))
			return true;
		if ((val ^ old) & ~ENTRY_DIRTY)
			return false;
	}
	return true;
}

/**
 * softpci_pgtable_walk() - find the memory that an access by DMA is to
 * @pt: the page table
 * @iova: the address, any
 * @len: bytes that are to be accessed, at least 1
 * @access: SOFTPCI_PGTABLE_READ or SOFTPCI_PGTABLE_WRITE; writing marks the pages
 *	    as dirty
 * @phys: the memory that belongs to the first of these addresses: @len bytes or fewer
 *
 * Tables are read without a lock: the caller must be one whose end is waited for,
 * as softpci_pgtable_collect() says.
 *
 * Context: any.
 * Return: whether anything is mapped at @iova that allows @access.
 */
bool softpci_pgtable_walk(struct softpci_pgtable *pt, u64 iova, u64 len,
			  u64 access, struct softpci_run *phys)
{
	unsigned int level = NR_LEVELS - 1, index;
	u64 *table = pt->root;
	u64 size, offset, val;

	if (iova > SOFTPCI_PGTABLE_LAST)
		return false;
	for (;;) {
		index = index_of(iova, level);
		/* The address of a table orders the reads of its entries. */
		val = read_entry(table, index);
		if (!val)
			return false;
		if (val & ENTRY_PAGE)
			break;
		table = table_of(val);
		level--;
	}
	if (!allows(&table[index], val, access))
		return false;

	size = size_of(level);
	offset = iova & (size - 1);
	phys->start = (val & ENTRY_ADDRESS) + offset;
	phys->len = size - offset;
	while (phys->len < len && ++index < NR_ENTRIES) {
		val = read_entry(table, index);
		if ((val & ENTRY_ADDRESS) != phys->start + phys->len ||
		    !allows(&table[index], val, access))
			break;
		phys->len += size;
	}
	phys->len = min(phys->len, len);
	return true;
}

/**
 * softpci_pgtable_find() - find the memory that an address is mapped to
 * @pt: the page table
 * @iova: the address, any
 * @phys: set to that of the memory
 *
 * Context: any.
 * Return: whether it is mapped.
 */
bool softpci_pgtable_find(struct softpci_pgtable *pt, u64 iova, u64 *phys)
{
	unsigned int level = 0;
	u64 *table, entry;

	if (iova > SOFTPCI_PGTABLE_LAST)
		return false;
	guard(spinlock_irqsave)(&pt->lock);
	table = lowest_table(pt, iova, &level);
	entry = read_entry(table, index_of(iova, level));
	if (!(entry & ENTRY_PAGE))
		return false;
	*phys = (entry & ENTRY_ADDRESS) + (iova & (size_of(level) - 1));
	return true;
}

/*
 * Find the first dirty pages that follow each other, from *@iova on and not beyond
 * @last, in one table. Sets *@iova to where the search ended.
 */
static void dirty_in_table(struct softpci_pgtable *pt, u64 *iova, u64 last,
			   bool clear, struct softpci_run *dirty)
{
	unsigned int level = 0, index;
	u64 *table;

	lockdep_assert_held(&pt->lock);
	dirty->len = 0;
	table = lowest_table(pt, *iova, &level);
	for (index = index_of(*iova, level);
	     index < NR_ENTRIES && *iova <= last; index++) {
		u64 start = ALIGN_DOWN(*iova, size_of(level));
		u64 end = start + size_of(level);
		u64 entry = read_entry(table, index);

		/* Below are more tables: they are for another call. */
		if (entry && !(entry & ENTRY_PAGE))
			return;
		if (entry & ENTRY_DIRTY) {
			if (!dirty->len)
				dirty->start = *iova;
			dirty->len = min(end - 1, last) + 1 - dirty->start;
			/*
			 * A page of which only a part was asked for stays dirty:
			 * the rest would be lost.  DMA does not change an entry
			 * that is dirty.
			 */
			if (clear && *iova == start && end - 1 <= last)
				WRITE_ONCE(table[index], entry & ~ENTRY_DIRTY);
		} else if (dirty->len) {
			return;
		}
		*iova = end;
	}
}

/**
 * softpci_pgtable_dirty() - find pages that DMA has written to
 * @pt: the page table
 * @iova: where to search from; set to where to go on
 * @last: where to search to, at most SOFTPCI_PGTABLE_LAST
 * @clear: they are not to be found again, unless written to again or partly
 *	   outside of the range
 * @dirty: the first pages found that follow each other, cut to the range
 *
 * DMA that goes on may still write to pages that were found.
 *
 * Context: any.
 * Return: whether any were found; if not, the search is at its end.
 */
bool softpci_pgtable_dirty(struct softpci_pgtable *pt, u64 *iova, u64 last,
			   bool clear, struct softpci_run *dirty)
{
	while (*iova <= last) {
		scoped_guard(spinlock_irqsave, &pt->lock)
			dirty_in_table(pt, iova, last, clear, dirty);
		if (dirty->len)
			return true;
	}
	return false;
}

/* KUnit tests of the functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/pgtable.c"
#include "../tests/kunit/pgtable-history.c"
#endif
