/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of config space that VFIO_DEVICE_RESET keeps. */
#ifndef TESTS_RESTORED_H
#define TESTS_RESTORED_H

#include "cases.h"

/*
 * Unchanged in config space for a user of vfio-pci: DPDK sets Bus Master and
 * then resets.
 */
void keep_what_is_restored(struct env *env, u8 *to, const u8 *from);

#endif /* TESTS_RESTORED_H */
