/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the KUnit tests share: a device that VFIO never sees, and the road that
 * a guest's accesses take to its registers, without the copy from user memory.
 *
 * Each test file is included at the end of the source file that it tests, so
 * that it can call what is static there.
 */
#ifndef SOFTPCI_KUNIT_H
#define SOFTPCI_KUNIT_H

#include <kunit/test.h>
#include <kunit/test-bug.h>

#include "../../core/softpci.h"

/* tests/kunit/device.c */
struct softpci_device *
softpci_kunit_device(struct kunit *test, const struct softpci_driver *drv,
		     const struct softpci_type *type);

/* tests/kunit/region.c */
int softpci_kunit_access(struct softpci_device *spdev, u32 index,
			 unsigned int pos, void *buf, size_t len, bool write);

static inline u32 guest_read(struct softpci_device *spdev, u32 index,
			     unsigned int pos, int width)
{
	__le32 val = 0;

	KUNIT_EXPECT_EQ(kunit_get_current_test(),
			softpci_kunit_access(spdev, index, pos, &val, width,
					     false), width);
	return le32_to_cpu(val);
}

/* 0, or the errno of a refused value. */
static inline int guest_write(struct softpci_device *spdev, u32 index,
			      unsigned int pos, int width, u32 val)
{
	__le32 le = cpu_to_le32(val);
	int ret = softpci_kunit_access(spdev, index, pos, &le, width, true);

	if (ret < 0)
		return ret;
	KUNIT_EXPECT_EQ(kunit_get_current_test(), ret, width);
	return 0;
}

static inline u32 config_get(struct softpci_device *spdev, unsigned int pos,
			     int width)
{
	return guest_read(spdev, VFIO_PCI_CONFIG_REGION_INDEX, pos, width);
}

static inline void config_put(struct softpci_device *spdev, unsigned int pos,
			      int width, u32 val)
{
	KUNIT_EXPECT_EQ(kunit_get_current_test(),
			guest_write(spdev, VFIO_PCI_CONFIG_REGION_INDEX, pos,
				    width, val), 0);
}

/* What a BAR reads after all ones were written to it. */
static inline u32 size_bar(struct softpci_device *spdev, unsigned int bar)
{
	unsigned int pos = PCI_BASE_ADDRESS_0 + bar * 4;

	config_put(spdev, pos, 4, ~0);
	return config_get(spdev, pos, 4);
}

#endif /* SOFTPCI_KUNIT_H */
