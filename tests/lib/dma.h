/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory of a guest: what of this process a device may reach by DMA, and at
 * which addresses (IOVAs).  By the container of a group, or by the IOAS of a cdev.
 */
#ifndef TESTS_DMA_H
#define TESTS_DMA_H

#include "vfio.h"

/* What the device may do. */
#define DMA_READ	1
#define DMA_WRITE	2
#define DMA_RW		(DMA_READ | DMA_WRITE)

/* Whole pages; -errno as the kernel has it. */
int __dma_map(const struct vfio *v, u64 iova, const void *addr, u64 len, unsigned int rights);
void dma_map(const struct vfio *v, u64 iova, const void *addr, u64 len, unsigned int rights);
/* Of what was mapped by one call, all. */
int __dma_unmap(const struct vfio *v, u64 iova, u64 len);
void dma_unmap(const struct vfio *v, u64 iova, u64 len);

/* Memory of this process, zeroed, shared with its children. */
u8 *dma_memory(size_t len);

#endif /* TESTS_DMA_H */
