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
 * @source: IOAT_MAX_LENGTH bytes, as @target
 * @target: of the copies
 * @chain: its descriptors
 */
struct engine {
	const char *name;
	struct vfio *v;
	u8 *source, *target;
	struct chain chain;
};

void engine_init(struct engine *e, const char *name, struct vfio *v);
/* Copies beside memcpy(), and from a doorbell to its interrupt beside two eventfds. */
void bench_engine(struct engine *e, double reach_copy, double reach_irq);

#endif /* BENCH_DMA_H */
