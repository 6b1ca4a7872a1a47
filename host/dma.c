// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA of a function: accesses to memory that its IOMMU domain maps, which are done
 * by the CPU.
 *
 * An access is done in pieces with softpci_function.dma_lock held.  For each piece
 * it is looked up anew where the memory is and whether the function may do DMA at
 * all, as the domain can unmap memory and be detached in between, and the driver can
 * disable Bus Master.  The IOMMU waits for a piece, not for an access.
 *
 * Memory is copied from where it is to where it is to be, without a buffer.  It is
 * memory of the kernel or of a BAR of another function on this bus.  An access to any
 * other memory fails.
 */
#include <linux/align.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/io.h>
#include <linux/lockdep.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "internal.h"
#include "pgtable.h"

/* Bytes that are copied with the lock held, at most. */
#define MAX_PIECE	SZ_16K
/* Of a BAR, which is not cached: they take as long. */
#define MAX_BAR_PIECE	256

/**
 * struct dma_end - where data come from, or go to
 * @iova: address in the function's domain, if there is no @buf
 * @buf: memory of the caller
 */
struct dma_end {
	u64 iova;
	void *buf;
};

/**
 * struct dma_place - accessible bytes
 * @mem: they are memory
 * @io: they are memory of a BAR, if there is no @mem
 * @len: how many
 */
struct dma_place {
	void *mem;
	void __iomem *io;
	size_t len;
};

/*
 * Has the page an address in the kernel?  Not all pages with a struct page have:
 * those in holes of memory, as below 1 MiB or in front of a device's memory, have a
 * reserved one.  So has the page of zeros, which a user can get mapped for reading.
 */
static bool is_memory(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	return page && (!PageReserved(page) || is_zero_pfn(pfn));
}

static size_t in_one_page(phys_addr_t phys, size_t len)
{
	return min_t(size_t, len, PAGE_SIZE - offset_in_page(phys));
}

/* How many bytes of @run are memory of the kernel, from the first one on? */
static size_t memory_of(const struct softpci_run *run)
{
	size_t len = 0;

	while (len < run->len && is_memory(PHYS_PFN(run->start + len)))
		len += in_one_page(run->start + len, run->len - len);
	return len;
}

static bool has_bar_at(const struct softpci_function *fn, phys_addr_t phys,
		       size_t len)
{
	unsigned int i;

	for (i = 0; i < SOFTPCI_NUM_BARS; i++) {
		const struct softpci_bar *bar = &fn->bar[i];

		if (bar->phys && phys >= bar->phys &&
		    phys - bar->phys < bar->size &&
		    len <= bar->size - (phys - bar->phys))
			return true;
	}
	return false;
}

/*
 * The memory of a BAR of another function.  A user can have it mapped for DMA
 * longer than it has that function, so that both have to be in one domain.  And it
 * must not have registers: a device that rings doorbells by DMA, in the end its
 * own, would go on without its user.
 */
static void __iomem *peer_at(struct softpci_function *fn, phys_addr_t phys,
			     size_t len)
{
	struct softpci_function *peer;
	unsigned int devfn;

	lockdep_assert_held(&fn->dma_lock);
	guard(rcu)();
	for (devfn = 0; devfn < SOFTPCI_BUS_FUNCTIONS; devfn++) {
		peer = softpci_bus_find(devfn);
		if (!peer || !has_bar_at(peer, phys, len))
			continue;
		/* iommu.c waits for DMA when a function leaves a domain. */
		if (READ_ONCE(peer->domain) == fn->domain &&
		    !READ_ONCE(peer->nr_polled))
			return softpci_bars_at(phys, len);
		return NULL;
	}
	return NULL;
}

/* The bytes at @end, up to @len; false: none can be accessed. */
static bool find_place(struct softpci_function *fn, const struct dma_end *end,
		       size_t len, bool write, struct dma_place *place)
{
	struct softpci_run run;

	lockdep_assert_held(&fn->dma_lock);
	*place = (struct dma_place) { .mem = end->buf, .len = len };
	if (end->buf)
		return true;
	if (!softpci_iommu_translate(fn, end->iova, len, write, &run))
		return false;
	place->len = memory_of(&run);
	if (place->len) {
		place->mem = phys_to_virt(run.start);
		return true;
	}
	place->len = min_t(size_t, in_one_page(run.start, run.len), MAX_BAR_PIECE);
	place->io = peer_at(fn, run.start, place->len);
	return place->io;
}

/* A number that is aligned is copied at once: the other side sees no half of it. */
static void copy_memory(void *to, const void *from, size_t len)
{
	bool aligned = IS_ALIGNED((unsigned long)to | (unsigned long)from, len);

	if (len == sizeof(u64) && aligned)
		WRITE_ONCE(*(u64 *)to, READ_ONCE(*(const u64 *)from));
	else if (len == sizeof(u32) && aligned)
		WRITE_ONCE(*(u32 *)to, READ_ONCE(*(const u32 *)from));
	else if (to >= from + len || from >= to + len)
		memcpy(to, from, len);
	else
		memmove(to, from, len);
}

static void copy_between_bars(void __iomem *to, const void __iomem *from,
			      size_t len)
{
	u8 buf[64];

	while (len) {
		size_t n = min(len, sizeof(buf));

		memcpy_fromio(buf, from, n);
		memcpy_toio(to, buf, n);
		to += n;
		from += n;
		len -= n;
	}
}

static void copy(const struct dma_place *to, const struct dma_place *from,
		 size_t len)
{
	if (to->mem && from->mem)
		copy_memory(to->mem, from->mem, len);
	else if (to->mem)
		memcpy_fromio(to->mem, from->io, len);
	else if (from->mem)
		memcpy_toio(to->io, from->mem, len);
	else
		copy_between_bars(to->io, from->io, len);
}

static void advance(struct dma_end *end, size_t len)
{
	if (end->buf)
		end->buf += len;
	else
		end->iova += len;
}

static bool is_allowed(const struct softpci_function *fn)
{
	return softpci_function_command(fn) & PCI_COMMAND_MASTER &&
	       softpci_function_in_d0(fn);
}

/* Copy up to @len bytes, and MAX_PIECE. Returns how many, or -EIO. */
static int copy_piece(struct softpci_function *fn, struct dma_end *to,
		      struct dma_end *from, size_t len)
{
	struct dma_place source, target;
	size_t done = 0;

	lockdep_assert_held(&fn->dma_lock);
	if (!is_allowed(fn))
		return -EIO;
	len = min_t(size_t, len, MAX_PIECE);
	while (done < len) {
		if (!find_place(fn, from, len - done, false, &source) ||
		    !find_place(fn, to, source.len, true, &target))
			return -EIO;
		copy(&target, &source, target.len);
		advance(to, target.len);
		advance(from, target.len);
		done += target.len;
		if (!source.mem || !target.mem)
			break;
	}
	return done;
}

/* Is the access one that is to go wrong? */
static bool inject_fault(struct softpci_function *fn, const struct dma_end *end,
			 bool write)
{
	if (softpci_inject(fn, SOFTPCI_FAULT_DMA))
		return true;
	if (!softpci_inject(fn, SOFTPCI_FAULT_IOMMU))
		return false;
	guard(spinlock_irqsave)(&fn->dma_lock);
	softpci_iommu_fault(fn, end->iova, write);
	return true;
}

static int access(struct softpci_function *fn, struct dma_end to,
		  struct dma_end from, size_t len)
{
	bool write = !to.buf;

	might_sleep();
	if (len && inject_fault(fn, write ? &to : &from, write))
		return -EIO;
	while (len) {
		int ret;

		scoped_guard(spinlock_irqsave, &fn->dma_lock)
			ret = copy_piece(fn, &to, &from, len);
		if (ret < 0)
			return ret;
		len -= ret;
		cond_resched();
	}
	return 0;
}

/**
 * softpci_function_dma_read() - copy from memory
 * @fn: the function
 * @iova: address of the first byte
 * @buf: to here
 * @len: bytes; 0 is none, and no error
 *
 * Context: process, may sleep; without softpci_device.lock.
 * Return: 0; -EIO if Bus Master is off, the function is not in D0, or not all of it
 * is memory that is mapped for reading. Some of @buf may be written then.
 */
int softpci_function_dma_read(struct softpci_function *fn, u64 iova, void *buf,
			      size_t len)
{
	return access(fn, (struct dma_end) { .buf = buf },
		      (struct dma_end) { .iova = iova }, len);
}

/**
 * softpci_function_dma_write() - copy to memory
 * @fn: the function
 * @iova: address of the first byte
 * @buf: from here
 * @len: bytes; 0 is none, and no error
 *
 * Context: process, may sleep; without softpci_device.lock.
 * Return: 0; -EIO if Bus Master is off, the function is not in D0, or not all of it
 * is memory that is mapped for writing. The first part may be written then.
 */
int softpci_function_dma_write(struct softpci_function *fn, u64 iova,
			       const void *buf, size_t len)
{
	return access(fn, (struct dma_end) { .iova = iova },
		      (struct dma_end) { .buf = (void *)buf }, len);
}

/**
 * softpci_function_dma_copy() - copy from memory to memory
 * @fn: the function
 * @to: address of the first byte to be written
 * @from: address of the first byte to be read
 * @len: bytes; 0 is none, and no error
 *
 * Context: process, may sleep; without softpci_device.lock.
 * Return: 0, or -EIO as softpci_function_dma_read() and softpci_function_dma_write().
 */
int softpci_function_dma_copy(struct softpci_function *fn, u64 to, u64 from,
			      size_t len)
{
	return access(fn, (struct dma_end) { .iova = to },
		      (struct dma_end) { .iova = from }, len);
}
