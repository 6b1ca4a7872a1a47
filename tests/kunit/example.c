// SPDX-License-Identifier: GPL-2.0-only
/*
 * The example device.  This file includes it, and not the other way round as for
 * all other tests, so that it can be read as a whole.
 */
#include "../../Documentation/example.c"
#include "kunit.h"

#define SOURCE		0x00
#define TARGET		0x08
#define LENGTH		0x10
#define DOORBELL	0x20
#define STATUS		0x24

#define PLACE		(4 * PAGE_SIZE)
#define BYTES		(2 * PAGE_SIZE)

/* An open device with Bus Master and MSI-X, and something to copy. */
static struct kunit_host *copier(struct kunit *test)
{
	struct kunit_host *host = kunit_device(test, &example_model);
	unsigned int msix = host->dev->layout->msix + PCI_MSIX_FLAGS;
	size_t i;

	kunit_command(host->dev, PCI_COMMAND_MASTER, 0);
	kunit_config_write(host->dev, msix, 2, PCI_MSIX_FLAGS_ENABLE);
	scoped_guard(softpci, host->dev) {
		softpci_irq_select(host->dev, SOFTPCI_IRQ_MSIX, 64);
		for (i = 0; i < 64; i++)
			softpci_irq_mask_vector(host->dev, i, false);
	}
	for (i = 0; i < BYTES; i++)
		host->memory[i] = (i ^ i >> PAGE_SHIFT) | 1;
	return host;
}

static void ring(struct kunit *test, struct kunit_host *host, u32 vector)
{
	KUNIT_EXPECT_EQ(test, kunit_write(host->dev, 0, DOORBELL, 4, vector), 0);
}

/* From the guest's first byte to PLACE. */
static void start_copy(struct kunit *test, struct kunit_host *host, u64 len,
		       u32 vector)
{
	KUNIT_EXPECT_EQ(test, kunit_write(host->dev, 0, SOURCE, 8, 0), 0);
	KUNIT_EXPECT_EQ(test, kunit_write(host->dev, 0, TARGET, 8, PLACE), 0);
	KUNIT_EXPECT_EQ(test, kunit_write(host->dev, 0, LENGTH, 8, len), 0);
	ring(test, host, vector);
}

static u32 status(struct kunit_host *host)
{
	return kunit_read(host->dev, 0, STATUS, 4);
}

static void wait_for_jobs(struct kunit_host *host)
{
	struct softpci_jobs *jobs = &host->dev->jobs;

	wait_event(jobs->wait, READ_ONCE(jobs->done) == READ_ONCE(jobs->queued));
}

/* Of one device and into another, with nothing but the stream between them. */
static int move_state(struct kunit *test, struct kunit_host *from,
		      struct kunit_host *to)
{
	int size = softpci_state_size(from->dev);
	void *buf = kunit_kzalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	softpci_quiesce(from->dev);
	KUNIT_ASSERT_EQ(test, softpci_state_save(from->dev, buf, size), size);
	softpci_quiesce(to->dev);
	return softpci_state_load(to->dev, buf, size);
}

static void copy_is_made_and_told_by_a_message(struct kunit *test)
{
	struct kunit_host *host = copier(test);

	KUNIT_EXPECT_EQ(test, status(host), EXAMPLE_IDLE);
	start_copy(test, host, BYTES, 3);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, status(host), EXAMPLE_COPIED);
	KUNIT_EXPECT_MEMEQ(test, host->memory + PLACE, host->memory, BYTES);
	KUNIT_EXPECT_EQ(test, host->messages[3], 1);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 1);
}

static void more_than_16_mib_is_an_error_without_an_access(struct kunit *test)
{
	static const u64 lengths[] = { SZ_16M + 1, BIT_ULL(32), U64_MAX };
	struct kunit_host *host = copier(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		start_copy(test, host, lengths[i], i);
		wait_for_jobs(host);
		KUNIT_EXPECT_EQ(test, status(host), EXAMPLE_ERROR);
		KUNIT_EXPECT_EQ(test, host->accesses, 0);
		KUNIT_EXPECT_EQ(test, host->messages[i], 1);
	}
	/* So many are tried, and are more than the guest has. */
	start_copy(test, host, SZ_16M, 9);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, status(host), EXAMPLE_ERROR);
	KUNIT_EXPECT_GT(test, host->accesses, 0);
}

/* In the job, and once. */
static void ring_another(struct kunit_host *host)
{
	__le32 vector = cpu_to_le32(9);

	host->in_access = NULL;
	kunit_access(host->dev, 0, DOORBELL, &vector, sizeof(vector), true);
}

static void doorbell_is_ignored_while_it_copies(struct kunit *test)
{
	struct kunit_host *host = copier(test);

	host->in_access = ring_another;
	start_copy(test, host, BYTES, 3);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, status(host), EXAMPLE_COPIED);
	KUNIT_EXPECT_EQ(test, host->messages[3], 1);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 1);
	/* And no longer. */
	ring(test, host, 9);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, host->messages[9], 1);
}

static void copy_that_is_due_moves_with_the_state(struct kunit *test)
{
	struct kunit_host *from = copier(test), *to = copier(test);

	softpci_quiesce(from->dev);
	start_copy(test, from, BYTES, 5);
	KUNIT_EXPECT_EQ(test, status(from), EXAMPLE_BUSY);
	KUNIT_ASSERT_EQ(test, move_state(test, from, to), 0);
	KUNIT_EXPECT_EQ(test, status(to), EXAMPLE_BUSY);
	KUNIT_EXPECT_EQ(test, to->accesses, 0);

	KUNIT_ASSERT_EQ(test, softpci_resume(to->dev), 0);
	wait_for_jobs(to);
	KUNIT_EXPECT_EQ(test, status(to), EXAMPLE_COPIED);
	KUNIT_EXPECT_MEMEQ(test, to->memory + PLACE, to->memory, BYTES);
	KUNIT_EXPECT_EQ(test, to->messages[5], 1);
	KUNIT_EXPECT_EQ(test, to->nr_messages, 1);
	KUNIT_EXPECT_EQ(test, from->accesses, 0);
}

static void loaded_state_takes_the_place_of_a_copy_that_is_due(struct kunit *test)
{
	struct kunit_host *from = copier(test), *to = copier(test);

	softpci_quiesce(to->dev);
	start_copy(test, to, BYTES, 5);
	KUNIT_ASSERT_EQ(test, move_state(test, from, to), 0);
	KUNIT_ASSERT_EQ(test, softpci_resume(to->dev), 0);
	wait_for_jobs(to);
	KUNIT_EXPECT_EQ(test, status(to), EXAMPLE_IDLE);
	KUNIT_EXPECT_EQ(test, to->accesses, 0);
	KUNIT_EXPECT_EQ(test, to->nr_messages, 0);
}

static void status_that_there_is_not_is_refused(struct kunit *test)
{
	struct kunit_host *from = copier(test), *to = copier(test);
	struct example *ex = container_of(from->dev, struct example, dev);

	scoped_guard(softpci, from->dev)
		ex->regs.status = EXAMPLE_BUSY + 1;
	KUNIT_EXPECT_EQ(test, move_state(test, from, to), -EINVAL);
	KUNIT_EXPECT_EQ(test, status(to), EXAMPLE_IDLE);
}

static void reset_forgets_a_copy_that_is_due(struct kunit *test)
{
	struct kunit_host *host = copier(test);

	softpci_quiesce(host->dev);
	start_copy(test, host, BYTES, 5);
	KUNIT_ASSERT_EQ(test, softpci_reset(host->dev, SOFTPCI_RESET_BUS), 0);
	KUNIT_ASSERT_EQ(test, softpci_resume(host->dev), 0);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, status(host), EXAMPLE_IDLE);
	KUNIT_EXPECT_EQ(test, host->accesses, 0);
}

static struct kunit_case example_cases[] = {
	KUNIT_CASE(copy_is_made_and_told_by_a_message),
	KUNIT_CASE(more_than_16_mib_is_an_error_without_an_access),
	KUNIT_CASE(doorbell_is_ignored_while_it_copies),
	KUNIT_CASE(copy_that_is_due_moves_with_the_state),
	KUNIT_CASE(loaded_state_takes_the_place_of_a_copy_that_is_due),
	KUNIT_CASE(status_that_there_is_not_is_refused),
	KUNIT_CASE(reset_forgets_a_copy_that_is_due),
	{}
};

static struct kunit_suite example_suite = {
	.name = "softpci-example",
	.test_cases = example_cases,
};

kunit_test_suite(example_suite);
