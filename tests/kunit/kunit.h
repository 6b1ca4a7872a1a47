/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the KUnit tests: a device with a front end that has no user, and
 * accesses to it as a guest makes them, without the copy from user memory.
 *
 * Each test file but example.c is included at the end of the source file that it
 * tests, so that it can call static functions.
 */
#ifndef SOFTPCI_KUNIT_H
#define SOFTPCI_KUNIT_H

#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <linux/sizes.h>

#include "../../core/frontend.h"

/* Of the fake guest's memory, which lies at IOVA 0 and up. */
#define KUNIT_MEMORY_SIZE	(32 * PAGE_SIZE)
/* For kunit_host.hole: there is none. */
#define KUNIT_NO_HOLE		U64_MAX

/**
 * struct kunit_host - a front end, with a guest
 * @dev: its device
 * @layout: of the device's model
 * @intx: INTx is asserted
 * @nr_intx: how often it rose
 * @messages: how often each message was sent
 * @nr_messages: how often any was
 * @resets: how often softpci_host_ops.reset() was called
 * @memory: the guest's memory
 * @size: of it in bytes: KUNIT_MEMORY_SIZE
 * @hole: address of a page of it that is not mapped, or KUNIT_NO_HOLE
 * @read_only: address of a page that can only be read, or KUNIT_NO_HOLE
 * @accesses: how often memory was read or written by DMA
 * @changes: how often softpci_host_ops.changed() was called
 * @pinned: how many pages are pinned
 * @in_access: called in the middle of each access by DMA, and when pages have
 *	       been pinned; may be NULL
 * @in_changed: called by softpci_host_ops.changed(); may be NULL
 * @in_unpin: called before pages are unpinned; may be NULL
 * @data: for the test
 */
struct kunit_host {
	struct softpci_device *dev;
	const struct softpci_layout *layout;
	bool intx;
	unsigned int nr_intx;
	unsigned int messages[SOFTPCI_MAX_MSIX];
	unsigned int nr_messages;
	unsigned int resets;
	u8 *memory;
	size_t size;
	u64 hole;
	u64 read_only;
	unsigned int accesses;
	unsigned int changes;
	unsigned int pinned;
	void (*in_access)(struct kunit_host *host);
	void (*in_changed)(struct kunit_host *host);
	void (*in_unpin)(struct kunit_host *host);
	void *data;
};

/* tests/kunit/host.c */
extern const struct softpci_host_ops kunit_host_ops;
struct kunit_host *kunit_closed_device(struct kunit *test,
				       const struct softpci_model *model);
struct kunit_host *kunit_device(struct kunit *test,
				const struct softpci_model *model);
void kunit_close(struct kunit *test, struct kunit_host *host);
void kunit_destroy(struct kunit *test, struct kunit_host *host);
int kunit_copy_state(struct kunit *test, struct softpci_device *from,
		     struct softpci_device *to);
int kunit_access(struct softpci_device *dev, u32 index, u64 pos, void *buf,
		 size_t len, bool write);

static inline u64 kunit_read(struct softpci_device *dev, u32 index, u64 pos,
			     unsigned int width)
{
	__le64 val = 0;

	KUNIT_EXPECT_EQ(kunit_get_current_test(),
			kunit_access(dev, index, pos, &val, width, false),
			width);
	return le64_to_cpu(val);
}

/* 0, or the errno of a refused value. */
static inline int kunit_write(struct softpci_device *dev, u32 index, u64 pos,
			      unsigned int width, u64 val)
{
	__le64 le = cpu_to_le64(val);
	int ret = kunit_access(dev, index, pos, &le, width, true);

	if (ret < 0)
		return ret;
	KUNIT_EXPECT_EQ(kunit_get_current_test(), ret, width);
	return 0;
}

static inline u32 kunit_config_read(struct softpci_device *dev,
				    unsigned int pos, unsigned int width)
{
	return kunit_read(dev, SOFTPCI_CONFIG_INDEX, pos, width);
}

static inline void kunit_config_write(struct softpci_device *dev,
				      unsigned int pos, unsigned int width,
				      u32 val)
{
	KUNIT_EXPECT_EQ(kunit_get_current_test(),
			kunit_write(dev, SOFTPCI_CONFIG_INDEX, pos, width, val), 0);
}

/* Sets the @set bits of PCI_COMMAND, clears the @clear bits. */
static inline void kunit_command(struct softpci_device *dev, u16 set, u16 clear)
{
	u16 command = kunit_config_read(dev, PCI_COMMAND, 2);

	kunit_config_write(dev, PCI_COMMAND, 2, (command & ~clear) | set);
}

/* The value that a BAR reads after all ones were written to it. */
static inline u32 kunit_size_bar(struct softpci_device *dev, unsigned int bar)
{
	unsigned int pos = PCI_BASE_ADDRESS_0 + bar * 4;

	kunit_config_write(dev, pos, 4, ~0);
	return kunit_config_read(dev, pos, 4);
}

#endif /* SOFTPCI_KUNIT_H */
