/* SPDX-License-Identifier: GPL-2.0-only */
/* vgem, a DRM device without hardware: it takes anyone's dma-buf. */
#ifndef TESTS_DRM_H
#define TESTS_DRM_H

#include "check.h"

/*
 * Looks for the card by its driver, as its minor number depends on what else there
 * is. -1: there is none.
 */
int __vgem_open(void);
/* Loads the module, and skips the case where there is no such device. */
int vgem_open(void);
/*
 * Import a dma-buf, as a handle that vgem's descriptor holds it by.  vgem_import()
 * skips the case where the memory would have to be copied for vgem: -EOPNOTSUPP.
 */
int __vgem_import(int vgem, int buf, u32 *handle);
u32 vgem_import(int vgem, int buf);
/* The dma-buf behind a handle, as a new descriptor. */
int vgem_export(int vgem, u32 handle);
void vgem_drop(int vgem, u32 handle);

#endif /* TESTS_DRM_H */
