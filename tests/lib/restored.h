/* SPDX-License-Identifier: GPL-2.0-only */
/* What VFIO_DEVICE_RESET keeps. */
#ifndef TESTS_RESTORED_H
#define TESTS_RESTORED_H

#include "cases.h"

/*
 * What a user of vfio-pci finds unchanged in config space: DPDK sets Bus Master and
 * then resets.
 */
void keep_what_is_restored(struct env *env, u8 *to, const u8 *from);

#endif /* TESTS_RESTORED_H */
