// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <sched.h>
#include <time.h>

#include "dma.h"
#include "ioat.h"
#include "irq.h"

static unsigned int width_of(unsigned int reg)
{
	switch (reg) {
	case IOAT_INTRCTRL:
	case IOAT_VER:
	case IOAT_CHANCMD:
		return 1;
	case IOAT_CHANCTRL:
	case IOAT_DMACOUNT:
		return 2;
	case IOAT_CHANERR:
		return 4;
	default:
		return 8;
	}
}

u64 ioat_get(struct vfio *v, unsigned int reg)
{
	return reg_get(v, IOAT_BAR0, reg, width_of(reg));
}

void ioat_put(struct vfio *v, unsigned int reg, u64 val)
{
	reg_put(v, IOAT_BAR0, reg, width_of(reg), val);
}

unsigned int ioat_status(struct vfio *v)
{
	return ioat_get(v, IOAT_CHANSTS) & 7;
}

/* Only where no event tells the end, as of an error. */
unsigned int ioat_wait(struct vfio *v)
{
	time_t end = time(NULL) + WAIT_MS / 1000 + 1;
	unsigned int status, command;

	/* All ones where the BAR does not answer. The status is that after the command. */
	while (((command = ioat_get(v, IOAT_CHANCMD)) && command != 0xff) ||
	       (status = ioat_status(v)) == ACTIVE) {
		check(time(NULL) <= end);
		sched_yield();
	}
	return status;
}

void chain_init(struct vfio *v, struct chain *chain)
{
	unsigned int i;
	u8 *memory = dma_memory(2 * CHAIN_SIZE);

	chain->desc = (struct ioat_desc *)memory;
	chain->completion = (u64 *)(memory + CHAIN_SIZE);
	for (i = 0; i < CHAIN_DESCS; i++)
		chain_set(chain, i, DESC_NULL, 1, 0, 0);
	dma_map(v, CHAIN, memory, 2 * CHAIN_SIZE, DMA_RW);
	irq_enable(v, MSIX, 1, &chain->event);
	config_put(v, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	ioat_put(v, IOAT_INTRCTRL, INTRCTRL_MSIX);
	chain_reset(v);
}

void windows_init(struct vfio *v, struct windows *w, u64 source, u64 target, size_t size)
{
	w->source = dma_memory(size);
	w->target = dma_memory(size);
	fill_pattern(w->source, size, 1);
	dma_map(v, source, w->source, size, DMA_RW);
	dma_map(v, target, w->target, size, DMA_RW);
	chain_init(v, &w->chain);
}

void chain_set(struct chain *chain, unsigned int n, u32 control, u32 size, u64 source,
	       u64 target)
{
	chain->desc[n] = (struct ioat_desc) {
		.size = htole32(size),
		.control = htole32(control),
		.source = htole64(source),
		.target = htole64(target),
		.next = htole64(desc_at((n + 1) % CHAIN_DESCS)),
	};
}

void chain_start(struct vfio *v, unsigned int first, unsigned int count)
{
	ioat_put(v, IOAT_CHAINADDR, desc_at(first));
	ioat_put(v, IOAT_CHANCTRL, CHANCTRL_REARM | CHANCTRL_ERR_COMPLETION);
	ioat_put(v, IOAT_DMACOUNT, count);
}

void chain_flood(struct vfio *v, struct chain *chain, u32 size, u64 source, u64 target,
		 u8 *memory)
{
	unsigned int n;

	for (n = 0; n < CHAIN_DESCS; n++)
		chain_set(chain, n, DESC_COPY, size, source, target);
	memset(memory, 0xaa, size);
	chain_start(v, 0, 0xffff);
	while (*(volatile u8 *)memory == 0xaa)
		;
}

u32 chain_run(struct vfio *v, unsigned int first, unsigned int count)
{
	chain_start(v, first, count);
	ioat_wait(v);
	return ioat_get(v, IOAT_CHANERR);
}

void chain_begin(struct vfio *v, struct chain *chain)
{
	chain->next = 0;
	chain->count = 0;
	ioat_put(v, IOAT_CHAINADDR, desc_at(0));
}

void chain_append(struct chain *chain, u32 control, u32 size, u64 source, u64 target)
{
	chain_set(chain, chain->next, control, size, source, target);
	chain->next = (chain->next + 1) % CHAIN_DESCS;
	chain->count++;
}

void chain_ring(struct vfio *v, struct chain *chain)
{
	*chain->completion = htole64(ACTIVE);
	ioat_put(v, IOAT_CHANCTRL, CHANCTRL_REARM | CHANCTRL_ERR_COMPLETION);
	ioat_put(v, IOAT_DMACOUNT, chain->count);
}

void chain_add(struct vfio *v, struct chain *chain, u32 control, u32 size, u64 source,
	       u64 target)
{
	chain_append(chain, control, size, source, target);
	chain_ring(v, chain);
}

unsigned int chain_wait(const struct chain *chain)
{
	time_t end = time(NULL) + WAIT_MS / 1000 + 1;
	unsigned int status;

	while ((status = le64toh(*chain->completion) & 7) == ACTIVE) {
		check(time(NULL) <= end);
		sched_yield();
	}
	return status;
}

void chain_reset(struct vfio *v)
{
	ioat_put(v, IOAT_CHANCMD, CHANCMD_RESET);
	check_eq(ioat_wait(v), HALTED);
	ioat_put(v, IOAT_CHANCMP, CHAIN + CHAIN_SIZE);
}

bool chain_try(struct vfio *v, struct chain *chain, u32 operation, u32 size, u64 source,
	       u64 target)
{
	unsigned int status;

	chain_add(v, chain, operation | DESC_COMPLETION, size, source, target);
	status = chain_wait(chain);
	if (status == DONE)
		return true;
	check_eq(status, HALTED);
	chain_reset(v);
	chain_begin(v, chain);
	return false;
}
