// SPDX-License-Identifier: GPL-2.0-only
#include <sys/mman.h>

#include "dma.h"
#include "irq.h"
#include "long-copy.h"

#define CHUNK	0x100000UL

void long_copy_map(struct vfio *v, const struct long_copy *copy)
{
	unsigned long at;

	for (at = 0; at < LONG_SIZE; at += CHUNK)
		dma_map(v, LONG_SOURCE + at, copy->source, CHUNK, DMA_READ);
	dma_map(v, LONG_TARGET, copy->target, LONG_SIZE, DMA_RW);
}

void long_copy_init(struct vfio *v, struct long_copy *copy)
{
	copy->source = dma_memory(CHUNK);
	copy->target = dma_memory(LONG_SIZE);
	memset(copy->source, 0x5a, CHUNK);
	long_copy_map(v, copy);
	irq_enable(v, MSIX, 1, &copy->event);
}

void long_copy_start(struct vfio *v, const struct long_copy *copy)
{
	madvise(copy->target, LONG_SIZE, MADV_REMOVE);
	check_eq(*long_copy_page(copy, 0), 0);
	example_start(v, LONG_TARGET, LONG_SOURCE, LONG_SIZE, 0);
	while (!*long_copy_page(copy, 0))
		;
}

unsigned long long_copy_done(const struct long_copy *copy)
{
	unsigned long i;

	for (i = 0; i < LONG_PAGES && *long_copy_page(copy, i); i++)
		;
	return i;
}
