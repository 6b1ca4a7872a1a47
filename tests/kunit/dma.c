// SPDX-License-Identifier: GPL-2.0-only
/* DMA to the memory of the guest in host.c, and pins in it. */
#include "kunit.h"

#define LONG_PAGES	8
#define LONG_LEN	(LONG_PAGES * PAGE_SIZE)

/* For events that come, if nothing is wrong. */
#define LONG_ENOUGH	(60 * HZ)

/**
 * struct dma_device - a device with a long transfer
 * @dev: must be first
 * @job: reads LONG_LEN bytes into @buf, or pins
 * @pinning: it is to pin @pin
 * @ret: the result
 * @buf: a buffer
 * @started: the first page was accessed, or a pin begins
 * @revoked: a revoke has ended
 * @pin: a window
 * @revoker: revokes the guest's first page
 */
struct dma_device {
	struct softpci_device dev;
	struct softpci_job job;
	bool pinning;
	int ret;
	u8 *buf;
	struct completion started;
	struct completion revoked;
	struct softpci_pin pin;
	struct work_struct revoker;
};

static struct dma_device *to_dma(struct softpci_device *dev)
{
	return container_of(dev, struct dma_device, dev);
}

static void run_transfer(struct softpci_device *dev, struct softpci_job *job)
{
	struct dma_device *dd = to_dma(dev);

	if (dd->pinning) {
		complete(&dd->started);
		dd->ret = softpci_dma_pin(dev, 0, 8, true, &dd->pin);
	} else {
		dd->ret = softpci_dma_read(dev, 0, dd->buf, LONG_LEN);
	}
}

static void revoke_first_page(struct work_struct *work)
{
	struct dma_device *dd = container_of(work, struct dma_device, revoker);

	softpci_dma_revoke(&dd->dev, 0, PAGE_SIZE);
	complete(&dd->revoked);
}

static int dma_device_init(struct softpci_device *dev)
{
	struct dma_device *dd = to_dma(dev);

	softpci_job_init(&dd->job, run_transfer);
	init_completion(&dd->started);
	init_completion(&dd->revoked);
	INIT_WORK(&dd->revoker, revoke_first_page);
	return 0;
}

static const struct softpci_ops dma_ops = { .init = dma_device_init, };

static const struct softpci_model dma_model = {
	.device_size	= sizeof(struct dma_device),
	.ops		= &dma_ops,
	.pcie		= true,
};

/* An open device with Bus Master, and a guest whose bytes are all different. */
static struct kunit_host *dma_device(struct kunit *test)
{
	struct kunit_host *host = kunit_device(test, &dma_model);
	struct dma_device *dd = to_dma(host->dev);
	size_t i;

	kunit_command(host->dev, PCI_COMMAND_MASTER, 0);
	dd->buf = kunit_kzalloc(test, LONG_LEN, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dd->buf);
	for (i = 0; i < host->size; i++)
		host->memory[i] = i ^ i >> PAGE_SHIFT;
	return host;
}

static void transfers_cross_pages(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	u8 *buf = to_dma(host->dev)->buf;
	size_t len = 3 * PAGE_SIZE;
	u64 iova = PAGE_SIZE - 5;

	KUNIT_EXPECT_EQ(test, softpci_dma_read(host->dev, iova, buf, len), 0);
	KUNIT_EXPECT_MEMEQ(test, buf, host->memory + iova, len);
	KUNIT_EXPECT_EQ(test, host->accesses, 4);

	memset(buf, 0x5a, len);
	host->accesses = 0;
	KUNIT_EXPECT_EQ(test, softpci_dma_write(host->dev, iova, buf, len), 0);
	KUNIT_EXPECT_MEMEQ(test, buf, host->memory + iova, len);
	KUNIT_EXPECT_EQ(test, host->memory[iova - 1], (u8)(iova - 1));
	KUNIT_EXPECT_EQ(test, host->memory[iova + len],
			(u8)((iova + len) ^ 3));
	KUNIT_EXPECT_EQ(test, host->accesses, 4);
}

static void expect_no_access(struct kunit *test, struct kunit_host *host)
{
	struct dma_device *dd = to_dma(host->dev);
	struct softpci_pin pin = {};

	host->accesses = 0;
	KUNIT_EXPECT_EQ(test, softpci_dma_read(host->dev, 0, dd->buf, 1), -EIO);
	KUNIT_EXPECT_EQ(test, softpci_dma_write(host->dev, 0, dd->buf, 1),
			-EIO);
	KUNIT_EXPECT_EQ(test, softpci_dma_copy(host->dev, 0, 8, 1), -EIO);
	KUNIT_EXPECT_EQ(test, softpci_dma_pin(host->dev, 0, 1, false, &pin),
			-EIO);
	KUNIT_EXPECT_EQ(test, softpci_pin_read(host->dev, &dd->pin, 0, dd->buf,
					       1), -EIO);
	KUNIT_EXPECT_EQ(test, softpci_pin_write(host->dev, &dd->pin, 0, dd->buf,
						1), -EIO);
	KUNIT_EXPECT_EQ(test, host->accesses, 0);
}

static void expect_access(struct kunit *test, struct kunit_host *host)
{
	struct dma_device *dd = to_dma(host->dev);

	KUNIT_EXPECT_EQ(test, softpci_dma_read(host->dev, 0, dd->buf, 1), 0);
	KUNIT_EXPECT_EQ(test, softpci_pin_read(host->dev, &dd->pin, 0, dd->buf,
					       1), 0);
}

static void nothing_is_accessed_without_bus_master(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	struct dma_device *dd = to_dma(host->dev);

	KUNIT_ASSERT_EQ(test, softpci_dma_pin(host->dev, 0, 8, true, &dd->pin),
			0);
	expect_access(test, host);
	kunit_command(host->dev, 0, PCI_COMMAND_MASTER);
	expect_no_access(test, host);
	kunit_command(host->dev, PCI_COMMAND_MASTER, 0);
	expect_access(test, host);
}

static void nothing_is_accessed_in_d3hot(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	struct dma_device *dd = to_dma(host->dev);
	unsigned int pm = host->dev->layout->pm + PCI_PM_CTRL;

	KUNIT_ASSERT_EQ(test, softpci_dma_pin(host->dev, 0, 8, true, &dd->pin),
			0);
	kunit_config_write(host->dev, pm, 2, 3);
	expect_no_access(test, host);
	kunit_config_write(host->dev, pm, 2, 0);
	expect_access(test, host);
}

static void nothing_is_accessed_while_dma_is_suspended(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	struct dma_device *dd = to_dma(host->dev);

	KUNIT_ASSERT_EQ(test, softpci_dma_pin(host->dev, 0, 8, true, &dd->pin),
			0);
	softpci_dma_suspend(host->dev, true);
	expect_no_access(test, host);
	softpci_dma_suspend(host->dev, false);
	expect_access(test, host);
}

static void nothing_is_accessed_by_a_closed_device(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);

	kunit_close(test, host);
	/* Nothing but its being closed stops it. */
	kunit_command(host->dev, PCI_COMMAND_MASTER, 0);
	expect_no_access(test, host);
}

static void hole_ends_a_transfer_with_an_error(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	u8 *buf = to_dma(host->dev)->buf;

	host->hole = 2 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, softpci_dma_read(host->dev, 0, buf, LONG_LEN),
			-EIO);
	KUNIT_EXPECT_EQ(test, host->accesses, 3);
	memset(buf, 0x5a, LONG_LEN);
	KUNIT_EXPECT_EQ(test, softpci_dma_write(host->dev, 0, buf, LONG_LEN),
			-EIO);
	KUNIT_EXPECT_MEMEQ(test, host->memory, buf, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, host->memory[2 * PAGE_SIZE], 2);
	KUNIT_EXPECT_EQ(test, host->memory[3 * PAGE_SIZE], 3);
	KUNIT_EXPECT_EQ(test, softpci_dma_copy(host->dev, 0, host->hole, 1),
			-EIO);
	KUNIT_EXPECT_EQ(test, softpci_dma_copy(host->dev, host->hole, 0, 1),
			-EIO);
}

static void read_only_memory_is_not_written(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	struct dma_device *dd = to_dma(host->dev);

	host->read_only = 0;
	KUNIT_EXPECT_EQ(test, softpci_dma_read(host->dev, 0, dd->buf, 8), 0);
	KUNIT_EXPECT_EQ(test, softpci_dma_write(host->dev, 0, dd->buf, 8),
			-EIO);
	KUNIT_EXPECT_EQ(test, softpci_dma_pin(host->dev, 0, 8, true, &dd->pin),
			-EIO);
	KUNIT_EXPECT_EQ(test, softpci_dma_pin(host->dev, 0, 8, false, &dd->pin),
			0);
	KUNIT_EXPECT_EQ(test, softpci_pin_read(host->dev, &dd->pin, 0, dd->buf,
					       8), 0);
	KUNIT_EXPECT_EQ(test, softpci_pin_write(host->dev, &dd->pin, 0,
						dd->buf, 8), -EINVAL);
}

static void addresses_do_not_wrap(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	struct dma_device *dd = to_dma(host->dev);
	u64 iova = U64_MAX - 3;

	KUNIT_EXPECT_EQ(test, softpci_dma_read(host->dev, iova, dd->buf, 5),
			-EIO);
	KUNIT_EXPECT_EQ(test, softpci_dma_write(host->dev, iova, dd->buf, 5),
			-EIO);
	KUNIT_EXPECT_EQ(test, softpci_dma_copy(host->dev, iova, 0, 5), -EIO);
	KUNIT_EXPECT_EQ(test, softpci_dma_copy(host->dev, 0, iova, 5), -EIO);
	KUNIT_EXPECT_EQ(test, softpci_dma_pin(host->dev, iova, 5, false,
					      &dd->pin), -EIO);
	KUNIT_EXPECT_EQ(test, host->accesses, 0);
	/* The last bytes are as good as any, only not mapped. */
	KUNIT_EXPECT_EQ(test, softpci_dma_read(host->dev, iova, dd->buf, 4),
			-EIO);
	KUNIT_EXPECT_EQ(test, host->accesses, 1);
	/* Nor is there anything wrong with no bytes. */
	KUNIT_EXPECT_EQ(test, softpci_dma_read(host->dev, iova, dd->buf, 0), 0);
	KUNIT_EXPECT_EQ(test, softpci_dma_copy(host->dev, iova, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, host->accesses, 1);
}

static void copies_at_all_alignments(struct kunit *test)
{
	static const size_t at[] = { 0, 1, 1000, PAGE_SIZE - 1 };
	struct kunit_host *host = dma_device(test);
	u8 *before = to_dma(host->dev)->buf;
	size_t len = 2 * PAGE_SIZE + 7;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(at); i++)
		for (j = 0; j < ARRAY_SIZE(at); j++) {
			u64 from = at[i], to = 8 * PAGE_SIZE + at[j];

			memset(host->memory + 8 * PAGE_SIZE, 0, LONG_LEN);
			KUNIT_ASSERT_EQ(test, softpci_dma_copy(host->dev, to,
							       from, len), 0);
			KUNIT_ASSERT_MEMEQ(test, host->memory + to,
					   host->memory + from, len);
			KUNIT_ASSERT_EQ(test, host->memory[to + len], 0);
			if (at[j])
				KUNIT_ASSERT_EQ(test, host->memory[to - 1], 0);
		}

	/* Towards lower addresses it can overlap. */
	memcpy(before, host->memory + 100, len);
	KUNIT_EXPECT_EQ(test, softpci_dma_copy(host->dev, 0, 100, len), 0);
	KUNIT_EXPECT_MEMEQ(test, host->memory, before, len);
}

/* The device is in the middle of a page when its jobs are paused. */
static void until_paused(struct kunit_host *host)
{
	host->in_access = NULL;
	complete(&to_dma(host->dev)->started);
	wait_event(host->dev->jobs.wait,
		   READ_ONCE(host->dev->jobs.paused));
}

static struct dma_device *start_transfer(struct kunit *test,
					 struct kunit_host *host)
{
	struct dma_device *dd = to_dma(host->dev);

	host->in_access = until_paused;
	dd->ret = 1;
	KUNIT_ASSERT_TRUE(test, softpci_queue(host->dev, &dd->job));
	wait_for_completion(&dd->started);
	return dd;
}

static void reset_ends_a_transfer_at_the_next_page(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	struct dma_device *dd = start_transfer(test, host);

	KUNIT_EXPECT_EQ(test, softpci_reset(host->dev, SOFTPCI_RESET_BUS), 0);
	KUNIT_EXPECT_EQ(test, dd->ret, -EIO);
	KUNIT_EXPECT_EQ(test, host->accesses, 1);
	/* The next one comes to its end. */
	KUNIT_ASSERT_TRUE(test, softpci_queue(host->dev, &dd->job));
	softpci_jobs_wait(host->dev, host->dev->jobs.queued);
	KUNIT_EXPECT_EQ(test, dd->ret, 0);
}

static void close_ends_a_transfer_at_the_next_page(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	struct dma_device *dd = start_transfer(test, host);

	kunit_close(test, host);
	KUNIT_EXPECT_EQ(test, dd->ret, -EIO);
	KUNIT_EXPECT_EQ(test, host->accesses, 1);
}

static void transfer_ends_well_before_a_device_is_quiet(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	struct dma_device *dd = start_transfer(test, host);

	softpci_quiesce(host->dev);
	KUNIT_EXPECT_EQ(test, dd->ret, 0);
	KUNIT_EXPECT_EQ(test, host->accesses, LONG_PAGES);
	KUNIT_EXPECT_MEMEQ(test, dd->buf, host->memory, LONG_LEN);
}

static void pin_shows_the_guests_memory(struct kunit *test)
{
	static const size_t widths[] = { 1, 2, 3, 4, 8, 64, PAGE_SIZE + 9 };
	struct kunit_host *host = dma_device(test);
	struct dma_device *dd = to_dma(host->dev);
	u64 iova = 3 * PAGE_SIZE - 16;
	unsigned int i, offset;

	KUNIT_ASSERT_EQ(test, softpci_dma_pin(host->dev, iova, 2 * PAGE_SIZE,
					      true, &dd->pin), 0);
	KUNIT_EXPECT_EQ(test, host->pinned, 3);
	for (i = 0; i < ARRAY_SIZE(widths); i++)
		for (offset = 0; offset < 20; offset++) {
			u8 *at = host->memory + iova + offset;
			size_t len = widths[i];

			KUNIT_ASSERT_EQ(test,
					softpci_pin_read(host->dev, &dd->pin,
							 offset, dd->buf, len),
					0);
			KUNIT_ASSERT_MEMEQ(test, dd->buf, at, len);
			memset(dd->buf, offset + i, len);
			KUNIT_ASSERT_EQ(test,
					softpci_pin_write(host->dev, &dd->pin,
							  offset, dd->buf, len),
					0);
			KUNIT_ASSERT_MEMEQ(test, dd->buf, at, len);
		}
	KUNIT_EXPECT_EQ(test, host->accesses, 0);

	softpci_dma_unpin(host->dev, &dd->pin);
	KUNIT_EXPECT_EQ(test, host->pinned, 0);
	KUNIT_EXPECT_EQ(test, softpci_pin_read(host->dev, &dd->pin, 0, dd->buf,
					       1), -EIO);
	softpci_dma_unpin(host->dev, &dd->pin);
	KUNIT_EXPECT_EQ(test, host->pinned, 0);
}

static void pin_has_bounds(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	struct softpci_device *dev = host->dev;
	struct dma_device *dd = to_dma(dev);
	size_t most = SOFTPCI_MAX_PIN_PAGES * PAGE_SIZE;

	KUNIT_EXPECT_EQ(test, softpci_dma_pin(dev, 0, 0, true, &dd->pin),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, softpci_dma_pin(dev, 0, most + 1, true, &dd->pin),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, softpci_dma_pin(dev, 1, most, true, &dd->pin),
			-EINVAL);
	host->hole = most - PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, softpci_dma_pin(dev, 0, most, true, &dd->pin),
			-EIO);
	KUNIT_EXPECT_EQ(test, host->pinned, 0);
	host->hole = KUNIT_NO_HOLE;
	KUNIT_EXPECT_EQ(test, softpci_dma_pin(dev, 0, most, true, &dd->pin), 0);
	KUNIT_EXPECT_EQ(test, softpci_dma_pin(dev, 0, 1, true, &dd->pin),
			-EBUSY);
	KUNIT_EXPECT_EQ(test, host->pinned, SOFTPCI_MAX_PIN_PAGES);

	KUNIT_EXPECT_EQ(test, softpci_pin_read(dev, &dd->pin, most - 1, dd->buf,
					       1), 0);
	KUNIT_EXPECT_EQ(test, softpci_pin_read(dev, &dd->pin, most - 1, dd->buf,
					       2), -EINVAL);
	KUNIT_EXPECT_EQ(test, softpci_pin_read(dev, &dd->pin, most, dd->buf, 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, softpci_pin_write(dev, &dd->pin, SIZE_MAX,
						dd->buf, 2), -EINVAL);
}

static void expect_pinned(struct kunit *test, struct kunit_host *host,
			  struct softpci_pin *pin, bool pinned)
{
	u8 byte;

	KUNIT_EXPECT_EQ(test, softpci_pin_read(host->dev, pin, 0, &byte, 1),
			pinned ? 0 : -EIO);
	KUNIT_EXPECT_EQ(test, host->pinned, pinned ? pin->nr : 0);
}

static void pin_goes_when_any_of_it_is_unmapped(struct kunit *test)
{
	static const struct {
		u64 iova;
		u64 len;
		bool hit;
	} unmaps[] = {
		{ 0, 4 * PAGE_SIZE, false },
		{ 6 * PAGE_SIZE, PAGE_SIZE, false },
		{ 6 * PAGE_SIZE, U64_MAX, false },
		{ 0, 4 * PAGE_SIZE + 1, true },
		{ 4 * PAGE_SIZE, 1, true },
		{ 6 * PAGE_SIZE - 1, 1, true },
		{ 5 * PAGE_SIZE, U64_MAX, true },
		{ 0, U64_MAX, true },
	};
	struct kunit_host *host = dma_device(test);
	struct dma_device *dd = to_dma(host->dev);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unmaps); i++) {
		/* Two pages, and not the first bytes of the one or all of the other. */
		KUNIT_ASSERT_EQ(test, softpci_dma_pin(host->dev,
						      4 * PAGE_SIZE + 32,
						      PAGE_SIZE, true,
						      &dd->pin), 0);
		softpci_dma_revoke(host->dev, unmaps[i].iova, unmaps[i].len);
		expect_pinned(test, host, &dd->pin, !unmaps[i].hit);
		softpci_dma_unpin(host->dev, &dd->pin);
		/* Enough of them to wait for long. */
		host->dev->dma.revokes = 0;
	}
}

static void stopped_device_has_no_pins(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	struct softpci_device *dev = host->dev;
	struct dma_device *dd = to_dma(dev);

	KUNIT_EXPECT_EQ(test, softpci_dma_pin(dev, 0, 8, true, &dd->pin), 0);
	softpci_quiesce(dev);
	expect_pinned(test, host, &dd->pin, false);
	KUNIT_EXPECT_EQ(test, softpci_resume(dev), 0);

	KUNIT_EXPECT_EQ(test, softpci_dma_pin(dev, 0, 8, true, &dd->pin), 0);
	KUNIT_EXPECT_EQ(test, softpci_reset(dev, SOFTPCI_RESET_BUS), 0);
	expect_pinned(test, host, &dd->pin, false);

	KUNIT_EXPECT_EQ(test, softpci_dma_pin(dev, 0, 8, true, &dd->pin), 0);
	kunit_close(test, host);
	expect_pinned(test, host, &dd->pin, false);
}

static void is_gone_already(struct kunit_host *host)
{
	struct dma_device *dd = to_dma(host->dev);

	dd->ret = softpci_pin_read(host->dev, &dd->pin, 0, dd->buf, 1);
}

static void pin_is_not_accessed_once_it_is_unpinned(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	struct dma_device *dd = to_dma(host->dev);

	host->in_unpin = is_gone_already;
	KUNIT_ASSERT_EQ(test, softpci_dma_pin(host->dev, 0, 8, true, &dd->pin),
			0);
	softpci_dma_revoke(host->dev, 0, 1);
	KUNIT_EXPECT_EQ(test, dd->ret, -EIO);
}

/* The time is for one that does not wait, to be found out. */
static void revoke_meanwhile(struct kunit_host *host)
{
	struct dma_device *dd = to_dma(host->dev);

	schedule_work(&dd->revoker);
	wait_for_completion_timeout(&dd->revoked, HZ / 10);
}

static void revoke_finds_what_is_being_pinned(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	struct dma_device *dd = to_dma(host->dev);

	host->in_access = revoke_meanwhile;
	KUNIT_EXPECT_EQ(test, softpci_dma_pin(host->dev, 0, 8, true, &dd->pin),
			0);
	flush_work(&dd->revoker);
	expect_pinned(test, host, &dd->pin, false);
}

static void revoked_memory_is_not_pinned_again_at_once(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	struct softpci_dma *dma = &host->dev->dma;
	struct dma_device *dd = to_dma(host->dev);
	unsigned int i;

	for (i = 0; i < 4; i++) {
		KUNIT_ASSERT_EQ(test, softpci_dma_pin(host->dev, 0, 8, true,
						      &dd->pin), 0);
		if (i)
			KUNIT_EXPECT_GE(test, get_jiffies_64() - dma->revoked,
					msecs_to_jiffies(HOLDOFF_MS << (i - 1)));
		softpci_dma_revoke(host->dev, 0, PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, dma->revokes, i + 1);
	}
	/* One that hits nothing counts as well, but not those of long ago. */
	softpci_dma_revoke(host->dev, 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, dma->revokes, 5);
	dma->revoked = get_jiffies_64() - REVOKES_FORGOTTEN - 1;
	KUNIT_ASSERT_EQ(test, softpci_dma_pin(host->dev, 0, 8, true, &dd->pin),
			0);
	softpci_dma_revoke(host->dev, 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, dma->revokes, 1);
}

static void what_need_not_be_pinned_is_given_up(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	struct softpci_device *dev = host->dev;
	struct dma_device *dd = to_dma(dev);
	unsigned int i;

	for (i = 0; i < MAX_REVOKES; i++) {
		dev->dma.revokes = 0;
		KUNIT_EXPECT_EQ(test, softpci_dma_try_pin(dev, 0, 8, true,
							  &dd->pin), 0);
		softpci_dma_revoke(dev, 0, PAGE_SIZE);
		dev->dma.revoked = get_jiffies_64() + LONG_ENOUGH;
		KUNIT_EXPECT_EQ(test, softpci_dma_try_pin(dev, 0, 8, true,
							  &dd->pin), -EBUSY);
	}
	dev->dma.revokes = 0;
	KUNIT_EXPECT_EQ(test, softpci_dma_try_pin(dev, 0, 8, true, &dd->pin),
			-EBUSY);
	KUNIT_EXPECT_EQ(test, softpci_dma_pin(dev, 0, 8, true, &dd->pin), 0);
	softpci_dma_unpin(dev, &dd->pin);

	kunit_close(test, host);
	KUNIT_ASSERT_EQ(test, softpci_open(dev), 0);
	kunit_command(dev, PCI_COMMAND_MASTER, 0);
	KUNIT_EXPECT_EQ(test, softpci_dma_try_pin(dev, 0, 8, true, &dd->pin), 0);
	softpci_close(dev);
}

static void reset_does_not_wait_for_a_pin_that_waits(struct kunit *test)
{
	struct kunit_host *host = dma_device(test);
	struct dma_device *dd = to_dma(host->dev);
	unsigned long begin = jiffies;

	dd->pinning = true;
	host->dev->dma.revokes = 1;
	host->dev->dma.revoked = get_jiffies_64() + LONG_ENOUGH;
	KUNIT_ASSERT_TRUE(test, softpci_queue(host->dev, &dd->job));
	wait_for_completion(&dd->started);
	KUNIT_EXPECT_EQ(test, softpci_reset(host->dev, SOFTPCI_RESET_BUS), 0);
	KUNIT_EXPECT_EQ(test, dd->ret, -EIO);
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, begin + LONG_ENOUGH));
}

static struct kunit_case dma_cases[] = {
	KUNIT_CASE(transfers_cross_pages),
	KUNIT_CASE(nothing_is_accessed_without_bus_master),
	KUNIT_CASE(nothing_is_accessed_in_d3hot),
	KUNIT_CASE(nothing_is_accessed_while_dma_is_suspended),
	KUNIT_CASE(nothing_is_accessed_by_a_closed_device),
	KUNIT_CASE(hole_ends_a_transfer_with_an_error),
	KUNIT_CASE(read_only_memory_is_not_written),
	KUNIT_CASE(addresses_do_not_wrap),
	KUNIT_CASE(copies_at_all_alignments),
	KUNIT_CASE(reset_ends_a_transfer_at_the_next_page),
	KUNIT_CASE(close_ends_a_transfer_at_the_next_page),
	KUNIT_CASE(transfer_ends_well_before_a_device_is_quiet),
	KUNIT_CASE(pin_shows_the_guests_memory),
	KUNIT_CASE(pin_has_bounds),
	KUNIT_CASE(pin_goes_when_any_of_it_is_unmapped),
	KUNIT_CASE(stopped_device_has_no_pins),
	KUNIT_CASE(pin_is_not_accessed_once_it_is_unpinned),
	KUNIT_CASE(revoke_finds_what_is_being_pinned),
	KUNIT_CASE(revoked_memory_is_not_pinned_again_at_once),
	KUNIT_CASE(what_need_not_be_pinned_is_given_up),
	KUNIT_CASE(reset_does_not_wait_for_a_pin_that_waits),
	{}
};

static struct kunit_suite dma_suite = {
	.name = "softpci-dma",
	.test_cases = dma_cases,
};

kunit_test_suite(dma_suite);
