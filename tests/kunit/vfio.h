/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device with the VFIO front end, but without VFIO: functions that end in VFIO's
 * own, such as vfio_dma_rw(), cannot be called for it.
 */
#ifndef SOFTPCI_KUNIT_VFIO_H
#define SOFTPCI_KUNIT_VFIO_H

#include "kunit.h"

/* tests/kunit/vfio-device.c */
struct softpci_vfio *kunit_vfio(struct kunit *test,
				const struct softpci_model *model);
void kunit_vfio_reopen(struct kunit *test, struct softpci_vfio *svfio);

#endif /* SOFTPCI_KUNIT_VFIO_H */
