// SPDX-License-Identifier: GPL-2.0-only
/* Copies within the memory of the guest in host.c, and the windows that they keep pinned. */
#include "kunit.h"

#define COPIED_PAGES	4
#define COPIED		(COPIED_PAGES * PAGE_SIZE)
#define SOURCE		PAGE_SIZE
#define TARGET		(8 * PAGE_SIZE)

static const struct softpci_ops copy_ops = {};

static const struct softpci_model copy_model = {
	.device_size	= sizeof(struct softpci_device),
	.ops		= &copy_ops,
	.pcie		= true,
};

/* An open device with Bus Master. */
static struct kunit_host *copy_device(struct kunit *test)
{
	struct kunit_host *host = kunit_device(test, &copy_model);

	kunit_command(host->dev, PCI_COMMAND_MASTER, 0);
	return host;
}

/* Copies new bytes, and expects how they were copied. */
static void expect_copy(struct kunit *test, struct kunit_host *host,
			unsigned int accesses, unsigned int pinned)
{
	static u8 round;

	round++;
	memset(host->memory + SOURCE, round, COPIED);
	memset(host->memory + SOURCE + COPIED / 2, ~round, 1);
	host->accesses = 0;
	KUNIT_EXPECT_EQ(test, softpci_dma_copy(host->dev, TARGET, SOURCE, COPIED), 0);
	KUNIT_EXPECT_MEMEQ(test, host->memory + TARGET, host->memory + SOURCE, COPIED);
	KUNIT_EXPECT_EQ(test, host->accesses, accesses);
	KUNIT_EXPECT_EQ(test, host->pinned, pinned);
}

#define EXPECT_PINNED(test, host) \
	expect_copy(test, host, 0, 2 * COPIED_PAGES)
#define EXPECT_BUFFERED(test, host) \
	expect_copy(test, host, 2, 0)

static void long_copy_is_done_at_once_in_windows_that_stay(struct kunit *test)
{
	struct kunit_host *host = copy_device(test);

	EXPECT_PINNED(test, host);
	EXPECT_PINNED(test, host);
	/* A short one in them as well. */
	KUNIT_EXPECT_EQ(test, softpci_dma_copy(host->dev, TARGET + 5, SOURCE, 3), 0);
	KUNIT_EXPECT_MEMEQ(test, host->memory + TARGET + 5, host->memory + SOURCE, 3);
	KUNIT_EXPECT_EQ(test, host->accesses, 0);
}

static void short_copy_pins_nothing(struct kunit *test)
{
	struct kunit_host *host = copy_device(test);

	KUNIT_EXPECT_EQ(test, softpci_dma_copy(host->dev, TARGET, SOURCE,
					       MIN_PINNED - 1), 0);
	KUNIT_EXPECT_EQ(test, host->pinned, 0);
}

static void window_for_reading_is_not_written_to(struct kunit *test)
{
	struct kunit_host *host = copy_device(test);

	host->read_only = SOURCE;
	EXPECT_PINNED(test, host);
	host->accesses = 0;
	KUNIT_EXPECT_EQ(test, softpci_dma_copy(host->dev, SOURCE, TARGET, COPIED), -EIO);
	/* All of it was read and refused, then the first page. */
	KUNIT_EXPECT_EQ(test, host->accesses, 4);
}

static void copy_ends_at_the_page_that_is_not_mapped(struct kunit *test)
{
	struct kunit_host *host = copy_device(test);

	memset(host->memory + SOURCE, 0x5a, COPIED);
	memset(host->memory + TARGET, 0, COPIED);
	host->hole = TARGET + PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, softpci_dma_copy(host->dev, TARGET, SOURCE, COPIED), -EIO);
	KUNIT_EXPECT_MEMEQ(test, host->memory + TARGET, host->memory + SOURCE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, host->memory[host->hole], 0);
}

static void windows_are_few(struct kunit *test)
{
	struct kunit_host *host = copy_device(test);
	unsigned int i;

	/* None of these windows contains the next one. */
	for (i = 0; i < 2 * NR_WINDOWS; i++)
		KUNIT_ASSERT_EQ(test, softpci_dma_copy(host->dev, TARGET, i % 2 * COPIED,
						       (4 + i % 3) * PAGE_SIZE), 0);
	KUNIT_EXPECT_LE(test, host->pinned, NR_WINDOWS * SOFTPCI_MAX_PIN_PAGES);
}

/* The window of the target takes the place of that of the source. */
static void window_that_made_room_is_not_used(struct kunit *test)
{
	struct kunit_host *host = copy_device(test);

	EXPECT_PINNED(test, host);
	host->dev->dma.copying->next = 0;
	memset(host->memory + SOURCE, 0x5a, COPIED);
	KUNIT_EXPECT_EQ(test, softpci_dma_copy(host->dev, TARGET + 8 * PAGE_SIZE,
					       SOURCE, COPIED), 0);
	KUNIT_EXPECT_MEMEQ(test, host->memory + TARGET + 8 * PAGE_SIZE,
			   host->memory + SOURCE, COPIED);
}

static void revoked_windows_are_not_pinned_at_once(struct kunit *test)
{
	struct kunit_host *host = copy_device(test);
	struct softpci_dma *dma = &host->dev->dma;

	EXPECT_PINNED(test, host);
	softpci_dma_revoke(host->dev, 0, U64_MAX);
	KUNIT_EXPECT_EQ(test, host->pinned, 0);
	/* For as long as it may take to get here. */
	dma->revoked = get_jiffies_64() + 60 * HZ;
	EXPECT_BUFFERED(test, host);
	dma->revoked = get_jiffies_64() - HZ;
	EXPECT_PINNED(test, host);
}

static void stopped_device_has_no_windows(struct kunit *test)
{
	struct kunit_host *host = copy_device(test);

	EXPECT_PINNED(test, host);
	softpci_quiesce(host->dev);
	KUNIT_EXPECT_EQ(test, host->pinned, 0);
	KUNIT_EXPECT_EQ(test, softpci_resume(host->dev), 0);
	EXPECT_PINNED(test, host);
	kunit_close(test, host);
	KUNIT_EXPECT_EQ(test, host->pinned, 0);
	/* Nor memory, in which are bytes of the guest. */
	KUNIT_EXPECT_NULL(test, host->dev->dma.copying);
}

static struct kunit_case dma_copy_cases[] = {
	KUNIT_CASE(long_copy_is_done_at_once_in_windows_that_stay),
	KUNIT_CASE(short_copy_pins_nothing),
	KUNIT_CASE(window_for_reading_is_not_written_to),
	KUNIT_CASE(copy_ends_at_the_page_that_is_not_mapped),
	KUNIT_CASE(windows_are_few),
	KUNIT_CASE(window_that_made_room_is_not_used),
	KUNIT_CASE(revoked_windows_are_not_pinned_at_once),
	KUNIT_CASE(stopped_device_has_no_windows),
	{}
};

static struct kunit_suite dma_copy_suite = {
	.name = "softpci-dma-copy",
	.test_cases = dma_copy_cases,
};

kunit_test_suite(dma_copy_suite);
