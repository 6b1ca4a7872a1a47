/* SPDX-License-Identifier: GPL-2.0-only */
/* A DMA engine at work, a mediated device or a function on a bus. */
#ifndef BENCH_DMA_H
#define BENCH_DMA_H

#include "../lib/ioat.h"
#include "bench.h"

#define COPY		"DMA copy, 1 MiB"
#define DOORBELL	"doorbell to interrupt"

/**
 * struct engine - an engine, and memory that it copies
 * @name: of the device, in the table
 * @v: opened
 * @w: of IOAT_MAX_LENGTH bytes each, and its descriptors
 */
struct engine {
	const char *name;
	struct vfio *v;
	struct windows w;
};

void engine_init(struct engine *e, const char *name, struct vfio *v);
/* Copies beside memcpy(), and from a doorbell to its interrupt beside two eventfds. */
void bench_engine(struct engine *e, double reach_copy, double reach_irq);

#endif /* BENCH_DMA_H */
