/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the KUnit tests share: a device that VFIO never sees, and the road that
 * a guest's accesses take to its registers, without the copy from user memory.
 *
 * Each test file is included at the end of the source file that it tests, so
 * that it can call what is static there.
 */
#ifndef MDEV_PCI_KUNIT_H
#define MDEV_PCI_KUNIT_H

#include <kunit/test.h>
#include <kunit/test-bug.h>

#include "../../core/mdev-pci-core.h"

/* tests/kunit/device.c */
struct mdev_pci_device *
mdev_pci_kunit_device(struct kunit *test, const struct mdev_pci_driver *drv,
		      const struct mdev_pci_type *type);

/* tests/kunit/region.c */
int mdev_pci_kunit_access(struct mdev_pci_device *mpdev, u32 index,
			  unsigned int pos, void *buf, size_t len, bool write);

static inline u32 guest_read(struct mdev_pci_device *mpdev, u32 index,
			     unsigned int pos, int width)
{
	__le32 val = 0;

	KUNIT_EXPECT_EQ(kunit_get_current_test(),
			mdev_pci_kunit_access(mpdev, index, pos, &val, width,
					      false), width);
	return le32_to_cpu(val);
}

/* 0, or the errno of a refused value. */
static inline int guest_write(struct mdev_pci_device *mpdev, u32 index,
			      unsigned int pos, int width, u32 val)
{
	__le32 le = cpu_to_le32(val);
	int ret = mdev_pci_kunit_access(mpdev, index, pos, &le, width, true);

	if (ret < 0)
		return ret;
	KUNIT_EXPECT_EQ(kunit_get_current_test(), ret, width);
	return 0;
}

static inline u32 config_get(struct mdev_pci_device *mpdev, unsigned int pos,
			     int width)
{
	return guest_read(mpdev, VFIO_PCI_CONFIG_REGION_INDEX, pos, width);
}

static inline void config_put(struct mdev_pci_device *mpdev, unsigned int pos,
			      int width, u32 val)
{
	KUNIT_EXPECT_EQ(kunit_get_current_test(),
			guest_write(mpdev, VFIO_PCI_CONFIG_REGION_INDEX, pos,
				    width, val), 0);
}

/* What a BAR reads after all ones were written to it. */
static inline u32 size_bar(struct mdev_pci_device *mpdev, unsigned int bar)
{
	unsigned int pos = PCI_BASE_ADDRESS_0 + bar * 4;

	config_put(mpdev, pos, 4, ~0);
	return config_get(mpdev, pos, 4);
}

#endif /* MDEV_PCI_KUNIT_H */
