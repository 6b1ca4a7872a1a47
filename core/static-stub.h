/* SPDX-License-Identifier: GPL-2.0-only */
/* KUNIT_STATIC_STUB_REDIRECT(), by which a test replaces a function by its own. */
#ifndef SOFTPCI_STATIC_STUB_H
#define SOFTPCI_STATIC_STUB_H

#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include <kunit/static_stub.h>
#else
#define KUNIT_STATIC_STUB_REDIRECT(fn, ...)
#endif

#endif /* SOFTPCI_STATIC_STUB_H */
