// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory behind BARs.
 *
 * Drivers map BARs by ioremap(), which refuses memory that the kernel uses.  So it
 * has to be memory that the kernel does not use, from one of two places:
 *
 *	memory=SIZE@ADDRESS	reserved on the kernel's command line by memmap=
 *	memory=auto		a memory block that the kernel gives up at run time
 *
 * The second costs a block, 128 MiB on most machines, so it is taken when the first
 * BAR needs it.  It is kept until the module goes: a page table of the IOMMU may
 * have its addresses for as long as there is a function, and they must not become
 * memory of the kernel's again.  /proc/iomem shows memory reserved by memmap= in the
 * same way as that of the firmware, which is not to be touched.  So this module does not
 * look for it, and its address has to be given.
 *
 * All mappings of it are uncached, here as in drivers: only ioremap().
 */
#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/kthread.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

/*
 * A block may be tried in vain: with pages that cannot be moved that takes a
 * millisecond, and moving what is in it may take long.  So all blocks of 128 MiB
 * below 4 GiB are tried.
 */
#define MAX_ATTEMPTS	32
#define MAX_WAIT	(20 * HZ)
/* Of the memory of the machine, no more than this part is taken. */
#define MIN_REST	8

static char *memory = "auto";
module_param(memory, charp, 0444);
MODULE_PARM_DESC(memory,
		 "memory behind BARs: SIZE@ADDRESS that memmap= has reserved, \"auto\" (default): taken from the kernel when it is needed, or \"none\"");

/**
 * struct bars_pool - the memory
 * @taking: serialises the search for it
 * @lock: protects @used while it is written
 * @window: its addresses; a window of the host bridge
 * @kva: where the kernel has it; NULL: there is none, yet; never changes after that
 * @used: a bit for each page that is handed out
 * @nr_pages: how many pages it has
 * @taken: it is a memory block, to be given back
 * @nid: NUMA node of that block
 */
struct bars_pool {
	struct mutex taking; /* see above */
	spinlock_t lock; /* writers of @used */
	struct resource window;
	void __iomem *kva;
	unsigned long *used;
	unsigned long nr_pages;
	bool taken;
	int nid;
};

static struct bars_pool pool = {
	.taking = __MUTEX_INITIALIZER(pool.taking),
	.lock = __SPIN_LOCK_UNLOCKED(pool.lock),
	.window = {
		.name = "softpci-host BARs",
		.flags = IORESOURCE_MEM,
	},
};

/**
 * struct block_search - a search for a memory block that the kernel gives up
 * @size: of a block
 * @from: the lowest address that it may have
 * @to: the end of those that are left to try
 * @found: the highest block there, 0 if none
 * @start: the one that was given up, if @ret is 0
 * @nid: its NUMA node
 * @ret: 0 or an errno
 * @done: the search has ended
 */
struct block_search {
	u64 size;
	u64 from;
	u64 to;
	u64 found;
	u64 start;
	int nid;
	int ret;
	struct completion done;
};

static int is_found(struct resource *res, void *arg)
{
	*(bool *)arg = true;
	return 1;
}

/*
 * When the middle of an entry for memory is removed, kernels up to about 6.12 leave the
 * parts of the entry that have a name with the lower rest, and fail if one is above it.
 * These are the kernel itself and the memory set aside for another one.
 */
static bool has_parts_above(const struct resource *res, u64 from)
{
	u64 kernel = __pa((unsigned long)kfree);
	bool found = kernel >= from && kernel <= res->end;

	if (from <= res->end)
		walk_iomem_res_desc(IORES_DESC_CRASH_KERNEL,
				    IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY,
				    from, res->end, &found, is_found);
	return found;
}

static int look_for_block(struct resource *res, void *arg)
{
	struct block_search *search = arg;
	u64 end = ALIGN_DOWN(min_t(u64, res->end + 1, search->to), search->size);

	/* As of virtio-mem, where a block may have holes. */
	if (res->flags & IORESOURCE_SYSRAM_DRIVER_MANAGED)
		return 0;
	if (has_parts_above(res, end))
		return 0;
	if (end >= search->from + search->size &&
	    end - search->size >= res->start)
		search->found = max(search->found, end - search->size);
	return 0;
}

/* Tries blocks from the top down. */
static int try_blocks(struct block_search *search, u64 from, u64 to)
{
	unsigned int attempts = 0;

	search->from = from;
	search->to = to;
	while (attempts < MAX_ATTEMPTS && !signal_pending(current)) {
		struct page *page;

		search->found = 0;
		walk_iomem_res_desc(IORES_DESC_NONE,
				    IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, from,
				    to - 1, search, look_for_block);
		if (!search->found)
			return -ENOSPC;
		search->to = search->found;
		/* One that is offline may be so because it is broken. */
		page = pfn_to_online_page(PHYS_PFN(search->found));
		if (!page)
			continue;
		search->nid = page_to_nid(page);
		if (!offline_and_remove_memory(search->found, search->size)) {
			search->start = search->found;
			return 0;
		}
		attempts++;
	}
	return -ENOSPC;
}

/*
 * Below 4 GiB first: BARs of 32 bits need that, and the kernel does not take this
 * memory for itself as long as it has other.
 */
static int search_blocks(void *arg)
{
	struct block_search *search = arg;

	/* Where pages cannot be moved the kernel tries again until there is one. */
	allow_signal(SIGINT);
	search->ret = try_blocks(search, 0, SZ_4G);
	if (search->ret)
		search->ret = try_blocks(search, SZ_4G, U64_MAX);
	kthread_complete_and_exit(&search->done, 0);
}

static int open_pool(u64 start, u64 size, bool reserved);

static void give_back_block(u64 start, u64 size, int nid)
{
	int ret = add_memory(nid, start, size, MHP_NONE);

	if (ret)
		pr_err("softpci-host: memory block %#llx-%#llx cannot be given back: error %d\n",
		       start, start + size - 1, ret);
	else if (!pfn_to_online_page(PHYS_PFN(start)))
		pr_info("softpci-host: memory block %#llx-%#llx was given back, and is offline as the kernel has it for new memory: echo online > /sys/devices/system/memory/memory%llu/state\n",
			start, start + size - 1, start / size);
}

/* In a thread, which can be interrupted in a function that has no timeout. */
static int take_block(void)
{
	struct block_search search = { .size = memory_block_size_bytes() };
	struct task_struct *task;
	int ret;

	if (search.size > PFN_PHYS(totalram_pages()) / MIN_REST) {
		pr_info("softpci-host: a memory block of %llu MiB is too much of this machine's memory\n",
			search.size / SZ_1M);
		return -ENOSPC;
	}
	init_completion(&search.done);
	task = kthread_create(search_blocks, &search, "softpci-memory");
	if (IS_ERR(task))
		return PTR_ERR(task);
	get_task_struct(task);
	wake_up_process(task);
	if (wait_for_completion_killable_timeout(&search.done, MAX_WAIT) <= 0) {
		send_sig(SIGINT, task, 1);
		wait_for_completion(&search.done);
	}
	put_task_struct(task);
	if (search.ret)
		return search.ret;

	ret = open_pool(search.start, search.size, false);
	if (ret) {
		give_back_block(search.start, search.size, search.nid);
		return ret;
	}
	pool.taken = true;
	pool.nid = search.nid;
	pr_info("softpci-host: memory for BARs: %pR, taken from the kernel until this module is removed\n",
		&pool.window);
	return 0;
}

/* Is it memory? Its content is the same afterwards. */
static bool holds_values(u8 __iomem *kva, u64 size)
{
	const u64 step = max_t(u64, ALIGN_DOWN(size / 16, PAGE_SIZE), PAGE_SIZE);
	const u32 pattern = 0x5af09669;
	u64 pos;

	for (pos = 0; pos < size; pos += step) {
		u8 __iomem *at = kva + pos;
		u32 before = readl(at);
		bool good;

		writel(pattern, at);
		good = readl(at) == pattern;
		writel(~pattern, at);
		good &= readl(at) == ~pattern;
		writel(before, at);
		if (!good)
			return false;
	}
	return true;
}

static void close_pool(void)
{
	iounmap(pool.kva);
	bitmap_free(pool.used);
	if (pool.window.parent)
		remove_resource(&pool.window);
}

static int open_pool(u64 start, u64 size, bool reserved)
{
	void __iomem *kva;
	int ret = -ENOMEM;

	pool.nr_pages = size >> PAGE_SHIFT;
	pool.used = bitmap_zalloc(pool.nr_pages, GFP_KERNEL);
	if (!pool.used)
		return -ENOMEM;
	pool.window.start = start;
	pool.window.end = start + size - 1;
	/* Memory reserved by memmap= has an entry, which may not be put into ours. */
	ret = reserved ? 0 : insert_resource(&iomem_resource, &pool.window);
	if (ret)
		goto err_free;
	kva = ioremap(start, size);
	if (!kva) {
		ret = -ENOMEM;
		goto err_remove;
	}
	if (!holds_values(kva, size)) {
		ret = -EIO;
		goto err_unmap;
	}
	/* Pairs with softpci_bars_at(): with all of the above. */
	smp_store_release(&pool.kva, kva);
	return 0;

err_unmap:
	iounmap(kva);
err_remove:
	if (pool.window.parent)
		remove_resource(&pool.window);
err_free:
	bitmap_free(pool.used);
	pool.window.start = 0;
	pool.window.end = 0;
	return ret;
}

/* "16M@0x70000000", and with the '$' of memmap=. */
static int parse_memory(const char *text, u64 *start, u64 *size)
{
	char *end;

	*size = memparse(text, &end);
	if (*end != '@' && *end != '$')
		return -EINVAL;
	*start = memparse(end + 1, &end);
	if (*end || !*start || !*size || !PAGE_ALIGNED(*start) ||
	    !PAGE_ALIGNED(*size) || *start + *size < *start)
		return -EINVAL;
	return 0;
}

/*
 * Memory that memmap= has reserved is reserved as a whole, and has no driver. That of
 * the firmware looks the same: the parameter must name no such address.
 */
static int open_reserved(u64 start, u64 size)
{
	int ret;

	if (region_intersects(start, size, IORESOURCE_MEM, IORES_DESC_RESERVED) !=
	    REGION_INTERSECTS ||
	    region_intersects(start, size, IORESOURCE_BUSY, IORES_DESC_NONE) !=
	    REGION_DISJOINT) {
		pr_err("softpci-host: memory=%s: not reserved by memmap=, see \"Reserved\" in /proc/iomem\n",
		       memory);
		return -EINVAL;
	}
	ret = open_pool(start, size, true);
	if (ret == -EIO)
		pr_err("softpci-host: memory=%s: no memory is there\n", memory);
	else if (ret)
		pr_err("softpci-host: memory=%s: cannot be used, error %d\n", memory, ret);
	return ret;
}

/**
 * softpci_bars_init() - have memory that the parameter of the module tells of
 *
 * Return: 0; -EINVAL for a parameter that makes no sense or tells of memory that is
 * not reserved, -EIO if there is none, -EBUSY or -ENOMEM.
 */
int softpci_bars_init(void)
{
	u64 start, size;

	if (!strcmp(memory, "auto") || !strcmp(memory, "none"))
		return 0;
	if (parse_memory(memory, &start, &size)) {
		pr_err("softpci-host: memory=%s: neither SIZE@ADDRESS in whole pages nor \"auto\" nor \"none\"\n",
		       memory);
		return -EINVAL;
	}
	return open_reserved(start, size);
}

/**
 * softpci_bars_exit() - undo softpci_bars_init(), and give back memory
 *
 * Nothing has a mapping of it any more.
 */
void softpci_bars_exit(void)
{
	if (!pool.kva)
		return;
	close_pool();
	if (pool.taken)
		give_back_block(pool.window.start, resource_size(&pool.window),
				pool.nid);
}

/**
 * softpci_bars_window() - addresses of all BARs
 *
 * Return: a window for the host bridge. It begins and ends at 0 as long as there is no
 * memory; that can change once, in softpci_bars_alloc().
 */
struct resource *softpci_bars_window(void)
{
	return &pool.window;
}

static int have_memory(void)
{
	int ret;

	guard(mutex)(&pool.taking);
	if (pool.kva)
		return 0;
	ret = !strcmp(memory, "none") ? -ENOSPC : take_block();
	if (ret)
		pr_warn("softpci-host: no memory for BARs (error %d): boot with memmap=64M$ADDRESS and load with memory=64M@ADDRESS, or boot with movablecore=1G, on a small machine with nokaslr as well; functions without memory BARs are possible\n",
			ret);
	return ret;
}

/**
 * softpci_bars_fill() - write to all memory of a BAR
 * @bar: the BAR, which has memory
 * @byte: the value
 *
 * Context: process, may sleep: it may be much, and is not cached.
 */
void softpci_bars_fill(const struct softpci_bar *bar, u8 byte)
{
	u64 size = PAGE_ALIGN(bar->size), pos, len;

	for (pos = 0; pos < size; pos += len) {
		len = min_t(u64, size - pos, SZ_64K);
		memset_io(bar->kva + pos, byte, len);
		cond_resched();
	}
}

/**
 * softpci_bars_alloc() - memory for a BAR
 * @bar: filled in
 * @size: in bytes; aligned to the largest power of two that it is a multiple of, and
 *	  to pages
 * @is_64: the BAR has 64 bits
 *
 * The memory reads 0.
 *
 * Context: process, may sleep.
 * Return: 0; -ENOSPC where there is no memory, or not enough, -ENOMEM or another errno
 * if it could not be had from the kernel.
 */
int softpci_bars_alloc(struct softpci_bar *bar, u64 size, bool is_64)
{
	unsigned long align = max_t(u64, size & -size, PAGE_SIZE) >> PAGE_SHIFT;
	unsigned long nr = PAGE_ALIGN(size) >> PAGE_SHIFT;
	unsigned long first;
	u64 offset;
	int ret;

	ret = have_memory();
	if (ret)
		return ret;
	if (!is_64 && pool.window.end >= SZ_4G) {
		pr_warn("softpci-host: the memory for BARs is beyond 4 GiB: a BAR needs 64 bits\n");
		return -ENOSPC;
	}
	scoped_guard(spinlock_irqsave, &pool.lock) {
		first = bitmap_find_next_zero_area_off(pool.used, pool.nr_pages,
						       0, nr, align - 1,
						       PHYS_PFN(pool.window.start));
		if (first < pool.nr_pages)
			bitmap_set(pool.used, first, nr);
	}
	if (first >= pool.nr_pages) {
		pr_warn("softpci-host: no room for a BAR of %#llx bytes in the %#llx that there are\n",
			size, (u64)resource_size(&pool.window));
		return -ENOSPC;
	}
	offset = PFN_PHYS(first);
	bar->phys = pool.window.start + offset;
	bar->kva = pool.kva + offset;
	bar->size = size;
	softpci_bars_fill(bar, 0);
	return 0;
}

/**
 * softpci_bars_free() - undo softpci_bars_alloc()
 * @bar: the BAR; nothing has a mapping of it any more. One that has no memory is left
 *	 as it is
 *
 * Context: process.
 */
void softpci_bars_free(struct softpci_bar *bar)
{
	if (!bar->phys)
		return;
	scoped_guard(spinlock_irqsave, &pool.lock)
		bitmap_clear(pool.used,
			     PHYS_PFN(bar->phys - pool.window.start),
			     PAGE_ALIGN(bar->size) >> PAGE_SHIFT);
	*bar = (struct softpci_bar) {};
}

/**
 * softpci_bars_show() - have registers of a BAR hold its address
 * @bar: the BAR; nothing is done for one that has no memory
 * @config: config space, which has the flags of the BAR in it
 * @pos: where the first of its registers is
 */
void softpci_bars_show(const struct softpci_bar *bar, u8 *config,
		       unsigned int pos)
{
	u32 flags = get32(config, pos) & ~(u32)PCI_BASE_ADDRESS_MEM_MASK;

	if (!bar->phys)
		return;
	set32(config, pos, flags | (u32)bar->phys);
	if (flags & PCI_BASE_ADDRESS_MEM_TYPE_64)
		set32(config, pos + 4, bar->phys >> 32);
}

/**
 * softpci_bars_at() - memory of BARs at an address of the bus
 * @phys: the first byte
 * @len: how many bytes
 *
 * Context: any.
 * Return: where the kernel has it; NULL if some byte is not of a BAR.
 */
void __iomem *softpci_bars_at(phys_addr_t phys, size_t len)
{
	/* Pairs with open_pool(). */
	u8 __iomem *kva = smp_load_acquire(&pool.kva);
	unsigned long first, last;
	u64 offset;

	if (!kva || !len || phys < pool.window.start ||
	    phys > pool.window.end || len - 1 > pool.window.end - phys)
		return NULL;
	offset = phys - pool.window.start;
	first = PHYS_PFN(offset);
	last = PHYS_PFN(offset + len - 1);
	if (find_next_zero_bit(pool.used, last + 1, first) <= last)
		return NULL;
	return kva + offset;
}

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/host-bars.c"
#endif
