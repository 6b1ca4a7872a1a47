// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of pages that DMA wrote.  A bitmap of the user needs a process:
 * take_pages() is called in the place of log_read_and_clear().
 */
#include "vfio.h"

static const struct softpci_ops log_model_ops = {};

static const struct softpci_model log_model = {
	.device_size	= sizeof(struct softpci_device),
	.ops		= &log_model_ops,
};

static void start_log(struct kunit *test, struct softpci_vfio *svfio)
{
	u64 page_size = SZ_64K;

	KUNIT_ASSERT_EQ(test, log_start(&svfio->vdev, NULL, 0, &page_size), 0);
	KUNIT_EXPECT_EQ(test, page_size, SZ_4K);
}

/* How many of the pages are in the log; they are taken out. */
static unsigned int take(struct softpci_vfio *svfio, unsigned long first,
			 unsigned long last)
{
	unsigned long bits;
	unsigned int nr = 0;

	while (first <= last && take_pages(&svfio->log, &first, last, &bits)) {
		nr += hweight_long(bits);
		first += BITS_PER_XA_VALUE;
	}
	return nr;
}

static void written(struct softpci_vfio *svfio, u64 iova, size_t len)
{
	softpci_log_written(svfio->dev, iova, len);
}

static void pages_that_were_written_are_reported_once(struct kunit *test)
{
	struct softpci_vfio *svfio = kunit_vfio(test, &log_model);

	start_log(test, svfio);
	written(svfio, 0, 1);
	written(svfio, 0xfff, 1);
	written(svfio, 0x5fff, 2);
	written(svfio, 62ull << 12, 1);
	written(svfio, 63ull << 12, 1);
	written(svfio, 64ull << 12, 1);
	written(svfio, 1ull << 40, SZ_4K);
	KUNIT_EXPECT_EQ(test, take(svfio, 1, 4), 0);
	KUNIT_EXPECT_EQ(test, take(svfio, 5, 5), 1);
	KUNIT_EXPECT_EQ(test, take(svfio, 0, 61), 2);
	KUNIT_EXPECT_EQ(test, take(svfio, 63, 63), 1);
	KUNIT_EXPECT_EQ(test, take(svfio, 0, ULONG_MAX >> 12), 3);
	KUNIT_EXPECT_EQ(test, take(svfio, 0, ULONG_MAX >> 12), 0);
	written(svfio, 0, 1);
	KUNIT_EXPECT_EQ(test, take(svfio, 0, 0), 1);
}

static void each_page_of_an_entry_is_told_apart(struct kunit *test)
{
	struct softpci_vfio *svfio = kunit_vfio(test, &log_model);
	unsigned long page, nr = 3 * BITS_PER_XA_VALUE;

	start_log(test, svfio);
	for (page = 0; page < nr; page++)
		written(svfio, (u64)page << 12, 1);
	for (page = 0; page < nr; page += 2)
		KUNIT_EXPECT_EQ(test, take(svfio, page, page), 1);
	for (page = 0; page < nr; page++)
		KUNIT_EXPECT_EQ(test, take(svfio, page, page), page % 2);
}

static void nothing_is_logged_while_it_is_off(struct kunit *test)
{
	struct softpci_vfio *svfio = kunit_vfio(test, &log_model);
	u64 page_size = SZ_4K;

	written(svfio, 0, 1);
	KUNIT_EXPECT_EQ(test, all_written(&svfio->log), -EINVAL);
	KUNIT_EXPECT_EQ(test, log_stop(&svfio->vdev), -EINVAL);
	start_log(test, svfio);
	KUNIT_EXPECT_EQ(test, take(svfio, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, log_start(&svfio->vdev, NULL, 0, &page_size),
			-EINVAL);
	written(svfio, 0, 1);
	KUNIT_EXPECT_EQ(test, log_stop(&svfio->vdev), 0);
	start_log(test, svfio);
	KUNIT_EXPECT_EQ(test, take(svfio, 0, 0), 0);
	written(svfio, 0, 1);
	kunit_vfio_reopen(test, svfio);
	KUNIT_EXPECT_EQ(test, all_written(&svfio->log), -EINVAL);
	start_log(test, svfio);
	KUNIT_EXPECT_EQ(test, take(svfio, 0, 0), 0);
}

/* The guest chooses the addresses. */
static void too_many_pages_are_all(struct kunit *test)
{
	struct softpci_vfio *svfio = kunit_vfio(test, &log_model);
	const u64 stretch = (u64)BITS_PER_XA_VALUE * XA_CHUNK_SIZE << 12;
	struct softpci_log *log = &svfio->log;
	unsigned int i;

	start_log(test, svfio);
	for (i = 0; i < MAX_NODES; i++) {
		written(svfio, i * stretch, 1);
		written(svfio, (i + 1) * stretch - 1, 1);
	}
	KUNIT_EXPECT_EQ(test, all_written(log), 0);
	/* Room that a report makes is used again. */
	KUNIT_EXPECT_EQ(test, take(svfio, 0, (stretch >> 12) - 1), 2);
	written(svfio, MAX_NODES * stretch, 1);
	KUNIT_EXPECT_EQ(test, all_written(log), 0);
	written(svfio, 0, 1);
	KUNIT_EXPECT_EQ(test, all_written(log), 1);
	KUNIT_EXPECT_EQ(test, log->nodes, MAX_NODES);
	KUNIT_EXPECT_EQ(test, take(svfio, 0, ULONG_MAX >> 12),
			2 * (MAX_NODES - 1) + 1);
	KUNIT_EXPECT_EQ(test, log->nodes, 0);
	KUNIT_EXPECT_EQ(test, all_written(log), 1);

	KUNIT_EXPECT_EQ(test, log_stop(&svfio->vdev), 0);
	start_log(test, svfio);
	KUNIT_EXPECT_EQ(test, all_written(log), 0);
	written(svfio, 0, 1);
	KUNIT_EXPECT_EQ(test, log_stop(&svfio->vdev), 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&log->pages));
	KUNIT_EXPECT_EQ(test, log->nodes, 0);
}

static int write_nothing(struct softpci_device *dev, u64 iova, const void *buf,
			 size_t len)
{
	return 0;
}

static void dma_is_logged_from_the_core(struct kunit *test)
{
	static struct softpci_host_ops ops;
	struct softpci_vfio *svfio = kunit_vfio(test, &log_model);
	struct softpci_device *dev = svfio->dev;
	struct softpci_pin pin = { .iova = 0x7ff0, .len = 16, .writable = true };
	u8 buf[16] = {};

	ops = *dev->host_ops;
	ops.dma_write = write_nothing;
	dev->host_ops = &ops;
	pin.pages[0] = virt_to_page(kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL));
	pin.nr = 1;
	kunit_command(dev, PCI_COMMAND_MASTER, 0);
	start_log(test, svfio);
	KUNIT_EXPECT_EQ(test, softpci_dma_write(dev, 0x2ff8, buf, 16), 0);
	KUNIT_EXPECT_EQ(test, softpci_pin_write(dev, &pin, 8, buf, 8), 0);
	KUNIT_EXPECT_EQ(test, softpci_pin_read(dev, &pin, 0, buf, 8), 0);
	KUNIT_EXPECT_EQ(test, take(svfio, 2, 3), 2);
	KUNIT_EXPECT_EQ(test, take(svfio, 7, 7), 1);
	KUNIT_EXPECT_EQ(test, take(svfio, 0, ULONG_MAX >> 12), 0);
}

static struct kunit_case log_cases[] = {
	KUNIT_CASE(pages_that_were_written_are_reported_once),
	KUNIT_CASE(each_page_of_an_entry_is_told_apart),
	KUNIT_CASE(nothing_is_logged_while_it_is_off),
	KUNIT_CASE(too_many_pages_are_all),
	KUNIT_CASE(dma_is_logged_from_the_core),
	{}
};

static struct kunit_suite log_suite = {
	.name = "softpci-log",
	.test_cases = log_cases,
};

kunit_test_suite(log_suite);
