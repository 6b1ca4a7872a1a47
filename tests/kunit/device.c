// SPDX-License-Identifier: GPL-2.0-only
/* The life of a device: which callbacks are called, and what an error undoes. */
#include "host.c"

/**
 * struct life - calls of a model's callbacks; kunit_host.data
 * @log: a letter for each, ended by a zero: i init, r release, S start, s stop;
 *	 resets: C create, O open, F FLR, B bus, X close
 * @init_ret: to be returned by init
 * @start_ret: by start
 * @fill_ret: by fill
 * @queued_by_start: softpci_queue() returned so
 * @queued_by_reset: and so in a reset
 * @blocker: a job that ends when jobs are paused
 * @started: @blocker runs
 * @counter: a job that only counts
 * @runs: how often it ran
 */
struct life {
	char log[32];
	int init_ret;
	int start_ret;
	int fill_ret;
	bool queued_by_start;
	bool queued_by_reset;
	struct softpci_job blocker;
	struct completion started;
	struct softpci_job counter;
	unsigned int runs;
};

static struct life *life_of(struct softpci_device *dev)
{
	struct kunit_host *host = dev->host;

	return host->data;
}

static void note(struct softpci_device *dev, char letter)
{
	struct life *life = life_of(dev);
	size_t len = strlen(life->log);

	if (len + 1 < sizeof(life->log))
		life->log[len] = letter;
}

static int life_init(struct softpci_device *dev)
{
	note(dev, 'i');
	return life_of(dev)->init_ret;
}

static void life_release(struct softpci_device *dev)
{
	note(dev, 'r');
}

static int life_start(struct softpci_device *dev)
{
	struct life *life = life_of(dev);

	note(dev, 'S');
	if (life->start_ret)
		return life->start_ret;
	life->queued_by_start = softpci_queue(dev, &life->counter);
	return 0;
}

static void life_stop(struct softpci_device *dev)
{
	note(dev, 's');
}

static void life_reset(struct softpci_device *dev, enum softpci_reset kind)
{
	static const char letters[] = {
		[SOFTPCI_RESET_CREATE]	= 'C',
		[SOFTPCI_RESET_OPEN]	= 'O',
		[SOFTPCI_RESET_FLR]	= 'F',
		[SOFTPCI_RESET_BUS]	= 'B',
		[SOFTPCI_RESET_CLOSE]	= 'X',
	};

	lockdep_assert_held(&dev->lock);
	note(dev, letters[kind]);
	life_of(dev)->queued_by_reset =
		softpci_queue(dev, &life_of(dev)->counter);
}

static int life_fill(struct softpci_device *dev, unsigned int memory)
{
	return life_of(dev)->fill_ret;
}

static const struct softpci_ops life_ops = {
	.init		= life_init,
	.release	= life_release,
	.start		= life_start,
	.stop		= life_stop,
	.reset		= life_reset,
};

static const struct softpci_memory_desc life_memories[] = {
	{ .size = PAGE_SIZE, .fill = life_fill, },
};

static const struct softpci_model life_model = {
	.device_size	= sizeof(struct softpci_device),
	.ops		= &life_ops,
	.vendor		= 0x1234,
	.memories	= life_memories,
	.nr_memories	= ARRAY_SIZE(life_memories),
};

/* More than a file can have. */
static const struct softpci_memory_desc huge_memories[] = {
	{ .size = PAGE_SIZE, },
	{ .size = BIT_ULL(63), },
};

static const struct softpci_model huge_model = {
	.device_size	= sizeof(struct softpci_device),
	.ops		= &life_ops,
	.memories	= huge_memories,
	.nr_memories	= ARRAY_SIZE(huge_memories),
};

static const struct softpci_ops bare_ops = {};

static const struct softpci_model bare_model = {
	.device_size	= sizeof(struct softpci_device),
	.ops		= &bare_ops,
};

static void run_blocker(struct softpci_device *dev, struct softpci_job *job)
{
	complete(&life_of(dev)->started);
	wait_event(dev->jobs.wait, READ_ONCE(dev->jobs.paused));
}

static void run_counter(struct softpci_device *dev, struct softpci_job *job)
{
	life_of(dev)->runs++;
}

/* A front end for a device whose callbacks are noted, to be created by a case. */
static struct kunit_host *life_host(struct kunit *test,
				    const struct softpci_model *model)
{
	struct kunit_host *host = host_for(test, model);
	struct life *life;

	life = kunit_kzalloc(test, sizeof(*life), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, life);
	softpci_job_init(&life->blocker, run_blocker);
	softpci_job_init(&life->counter, run_counter);
	init_completion(&life->started);
	host->data = life;
	return host;
}

static void life_create(struct kunit *test, struct kunit_host *host)
{
	host->dev = softpci_create(host->layout, &guid_null, &kunit_host_ops,
				   host);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, host->dev);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, action_destroy,
							host->dev), 0);
}

static void life_open(struct kunit *test, struct kunit_host *host)
{
	KUNIT_ASSERT_EQ(test, softpci_open(host->dev), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, action_close,
							host->dev), 0);
}

/* An open device, whose log begins with what follows. */
static struct kunit_host *life_device(struct kunit *test)
{
	struct kunit_host *host = life_host(test, &life_model);
	struct life *life = host->data;

	life_create(test, host);
	life_open(test, host);
	softpci_jobs_wait(host->dev, host->dev->jobs.queued);
	memset(life->log, 0, sizeof(life->log));
	life->runs = 0;
	host->resets = 0;
	return host;
}

/* One job runs until jobs are paused, and one is in the queue. */
static void queue_both(struct kunit *test, struct kunit_host *host)
{
	struct life *life = host->data;

	KUNIT_ASSERT_TRUE(test, softpci_queue(host->dev, &life->blocker));
	KUNIT_ASSERT_TRUE(test, softpci_queue(host->dev, &life->counter));
	wait_for_completion(&life->started);
}

static void model_whose_init_failed_is_not_called_again(struct kunit *test)
{
	struct kunit_host *host = life_host(test, &life_model);
	struct life *life = host->data;
	struct softpci_device *dev;

	life->init_ret = -EIO;
	dev = softpci_create(host->layout, &guid_null, &kunit_host_ops, host);
	KUNIT_EXPECT_PTR_EQ(test, dev, ERR_PTR(-EIO));
	KUNIT_EXPECT_STREQ(test, life->log, "i");
	KUNIT_EXPECT_EQ(test, host->resets, 0);
}

static void new_device_is_initialised_and_reset(struct kunit *test)
{
	struct kunit_host *host = life_host(test, &life_model);
	struct life *life = host->data;

	life_create(test, host);
	KUNIT_EXPECT_STREQ(test, life->log, "iC");
	KUNIT_EXPECT_EQ(test, host->resets, 1);
	KUNIT_EXPECT_FALSE(test, host->dev->open);
	KUNIT_EXPECT_FALSE(test, softpci_queue(host->dev, &life->counter));
	kunit_destroy(test, host);
	KUNIT_EXPECT_STREQ(test, life->log, "iCr");
}

static void device_is_reset_before_start_and_after_stop(struct kunit *test)
{
	struct kunit_host *host = life_host(test, &life_model);
	struct life *life = host->data;

	life_create(test, host);
	life_open(test, host);
	KUNIT_EXPECT_STREQ(test, life->log, "iCOS");
	KUNIT_EXPECT_EQ(test, host->resets, 1);
	KUNIT_EXPECT_TRUE(test, host->dev->open);
	kunit_command(host->dev, PCI_COMMAND_MASTER, 0);

	kunit_close(test, host);
	KUNIT_EXPECT_STREQ(test, life->log, "iCOSsX");
	KUNIT_EXPECT_EQ(test, host->resets, 2);
	KUNIT_EXPECT_FALSE(test, host->dev->open);
	KUNIT_EXPECT_FALSE(test, kunit_config_read(host->dev, PCI_COMMAND, 2) &
			   PCI_COMMAND_MASTER);
}

static void jobs_are_taken_while_it_is_open(struct kunit *test)
{
	struct kunit_host *host = life_host(test, &life_model);
	struct life *life = host->data;

	life_create(test, host);
	KUNIT_EXPECT_FALSE(test, life->queued_by_reset);
	life_open(test, host);
	KUNIT_EXPECT_TRUE(test, life->queued_by_reset);
	/* It is in the queue still: nothing runs before start() has returned. */
	KUNIT_EXPECT_FALSE(test, life->queued_by_start);
	softpci_jobs_wait(host->dev, 1);
	KUNIT_EXPECT_EQ(test, life->runs, 1);
	KUNIT_EXPECT_EQ(test, softpci_reset(host->dev, SOFTPCI_RESET_BUS), 0);
	KUNIT_EXPECT_TRUE(test, life->queued_by_reset);
	kunit_close(test, host);
	KUNIT_EXPECT_FALSE(test, life->queued_by_reset);
	KUNIT_EXPECT_FALSE(test, softpci_queue(host->dev, &life->counter));
}

static void device_that_did_not_start_is_closed(struct kunit *test)
{
	struct kunit_host *host = life_host(test, &life_model);
	struct life *life = host->data;

	life_create(test, host);
	life->start_ret = -EBUSY;
	KUNIT_EXPECT_EQ(test, softpci_open(host->dev), -EBUSY);
	KUNIT_EXPECT_STREQ(test, life->log, "iCOSX");
	KUNIT_EXPECT_FALSE(test, host->dev->open);
	KUNIT_EXPECT_NULL(test, host->dev->memory[0].file);
	KUNIT_EXPECT_FALSE(test, softpci_queue(host->dev, &life->counter));

	life->start_ret = 0;
	life_open(test, host);
	KUNIT_EXPECT_STREQ(test, life->log, "iCOSXOS");
}

static void device_without_its_memory_does_not_start(struct kunit *test)
{
	struct kunit_host *host = life_host(test, &huge_model);
	struct life *life = host->data;

	life_create(test, host);
	KUNIT_EXPECT_LT(test, softpci_open(host->dev), 0);
	KUNIT_EXPECT_STREQ(test, life->log, "iC");
	KUNIT_EXPECT_FALSE(test, host->dev->open);
	KUNIT_EXPECT_NULL(test, host->dev->memory[0].file);
}

static void flr_resets_what_a_bus_reset_keeps(struct kunit *test)
{
	struct kunit_host *host = life_device(test);
	struct softpci_device *dev = host->dev;
	struct life *life = host->data;
	unsigned int pm = dev->layout->pm + PCI_PM_CTRL;

	kunit_command(dev, PCI_COMMAND_MASTER, 0);
	kunit_config_write(dev, pm, 2, 3);
	KUNIT_EXPECT_EQ(test, softpci_reset(dev, SOFTPCI_RESET_BUS), 0);
	KUNIT_EXPECT_STREQ(test, life->log, "B");
	KUNIT_EXPECT_EQ(test, host->resets, 1);
	KUNIT_EXPECT_TRUE(test, kunit_config_read(dev, PCI_COMMAND, 2) &
			  PCI_COMMAND_MASTER);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, pm, 1) &
			PCI_PM_CTRL_STATE_MASK, 0);

	KUNIT_EXPECT_EQ(test, softpci_reset(dev, SOFTPCI_RESET_FLR), 0);
	KUNIT_EXPECT_STREQ(test, life->log, "BF");
	KUNIT_EXPECT_EQ(test, host->resets, 2);
	KUNIT_EXPECT_FALSE(test, kunit_config_read(dev, PCI_COMMAND, 2) &
			   PCI_COMMAND_MASTER);
}

static void reset_drops_the_queue(struct kunit *test)
{
	struct kunit_host *host = life_device(test);
	struct life *life = host->data;

	queue_both(test, host);
	KUNIT_EXPECT_EQ(test, softpci_reset(host->dev, SOFTPCI_RESET_BUS), 0);
	/* The counter was dropped, and what the device does in a reset stays. */
	KUNIT_EXPECT_TRUE(test, life->queued_by_reset);
	softpci_jobs_wait(host->dev, host->dev->jobs.queued);
	KUNIT_EXPECT_EQ(test, life->runs, 1);
}

static void reset_that_fails_changes_nothing(struct kunit *test)
{
	struct kunit_host *host = life_device(test);
	struct softpci_device *dev = host->dev;
	struct life *life = host->data;
	u8 byte = 1;

	kunit_command(dev, PCI_COMMAND_MASTER, 0);
	kunit_config_write(dev, PCI_INTERRUPT_LINE, 1, 5);
	KUNIT_ASSERT_EQ(test, softpci_memory_write(dev, 0, 0, &byte, 1), 0);
	queue_both(test, host);
	life->fill_ret = -ENOMEM;
	KUNIT_EXPECT_EQ(test, softpci_reset(dev, SOFTPCI_RESET_FLR), -ENOMEM);
	KUNIT_EXPECT_STREQ(test, life->log, "");
	KUNIT_EXPECT_EQ(test, host->resets, 0);
	KUNIT_EXPECT_TRUE(test, kunit_config_read(dev, PCI_COMMAND, 2) &
			  PCI_COMMAND_MASTER);
	softpci_jobs_wait(dev, dev->jobs.queued);
	KUNIT_EXPECT_EQ(test, life->runs, 1);
	KUNIT_EXPECT_EQ(test, softpci_dma_read(dev, 0, &byte, 1), 0);
}

static void close_drops_the_queue(struct kunit *test)
{
	struct kunit_host *host = life_device(test);
	struct life *life = host->data;

	queue_both(test, host);
	kunit_close(test, host);
	KUNIT_EXPECT_EQ(test, life->runs, 0);
	life_open(test, host);
	softpci_jobs_wait(host->dev, host->dev->jobs.queued);
	KUNIT_EXPECT_EQ(test, life->runs, 1); /* queued by its reset */
}

static void quiesced_device_goes_on_with_its_queue(struct kunit *test)
{
	struct kunit_host *host = life_device(test);
	struct softpci_device *dev = host->dev;
	struct life *life = host->data;

	queue_both(test, host);
	softpci_quiesce(dev);
	softpci_quiesce(dev);
	KUNIT_EXPECT_STREQ(test, life->log, "s");
	KUNIT_EXPECT_EQ(test, life->runs, 0);

	life->start_ret = -EBUSY;
	KUNIT_EXPECT_EQ(test, softpci_resume(dev), -EBUSY);
	KUNIT_EXPECT_FALSE(test, softpci_queue(dev, &life->counter));
	KUNIT_EXPECT_EQ(test, life->runs, 0);
	life->start_ret = 0;
	KUNIT_EXPECT_EQ(test, softpci_resume(dev), 0);
	KUNIT_EXPECT_EQ(test, softpci_resume(dev), 0);
	KUNIT_EXPECT_STREQ(test, life->log, "sSS");
	softpci_jobs_wait(dev, dev->jobs.queued);
	KUNIT_EXPECT_EQ(test, life->runs, 1);
}

static void quiesced_device_stays_so_in_a_reset(struct kunit *test)
{
	struct kunit_host *host = life_device(test);
	struct softpci_device *dev = host->dev;
	struct life *life = host->data;

	queue_both(test, host);
	softpci_quiesce(dev);
	KUNIT_EXPECT_EQ(test, softpci_reset(dev, SOFTPCI_RESET_BUS), 0);
	KUNIT_EXPECT_TRUE(test, life->queued_by_reset);
	KUNIT_EXPECT_EQ(test, life->runs, 0);
	KUNIT_EXPECT_EQ(test, softpci_resume(dev), 0);
	softpci_jobs_wait(dev, dev->jobs.queued);
	KUNIT_EXPECT_EQ(test, life->runs, 1);
	KUNIT_EXPECT_STREQ(test, life->log, "sBS");
}

static void quiesced_device_is_stopped_again_when_it_is_closed(struct kunit *test)
{
	struct kunit_host *host = life_device(test);
	struct life *life = host->data;

	softpci_quiesce(host->dev);
	kunit_close(test, host);
	KUNIT_EXPECT_STREQ(test, life->log, "ssX");
	life_open(test, host);
	KUNIT_EXPECT_STREQ(test, life->log, "ssXOS");
	kunit_close(test, host);
	KUNIT_EXPECT_STREQ(test, life->log, "ssXOSsX");
}

static void interrupts_are_held_back_while_it_is_quiesced(struct kunit *test)
{
	static const struct softpci_model model = {
		.device_size	= sizeof(struct softpci_device),
		.ops		= &bare_ops,
		.pin		= 1,
		.nr_msi		= 2,
	};
	struct kunit_host *host = kunit_device(test, &model);
	struct softpci_device *dev = host->dev;

	kunit_command(dev, PCI_COMMAND_MASTER, 0);
	scoped_guard(softpci, dev)
		softpci_irq_select(dev, SOFTPCI_IRQ_MSI, 2);
	softpci_quiesce(dev);
	scoped_guard(softpci, dev)
		softpci_irq_pulse(dev, 1);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 0);
	KUNIT_EXPECT_EQ(test, softpci_resume(dev), 0);
	KUNIT_EXPECT_EQ(test, host->messages[1], 1);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 1);

	scoped_guard(softpci, dev)
		softpci_irq_select(dev, SOFTPCI_IRQ_INTX, 1);
	softpci_quiesce(dev);
	scoped_guard(softpci, dev)
		softpci_irq_level(dev, 0, true);
	KUNIT_EXPECT_FALSE(test, host->intx);
	KUNIT_EXPECT_EQ(test, softpci_resume(dev), 0);
	KUNIT_EXPECT_TRUE(test, host->intx);
	softpci_quiesce(dev);
	scoped_guard(softpci, dev)
		softpci_irq_level(dev, 0, false);
	KUNIT_EXPECT_EQ(test, softpci_resume(dev), 0);
	KUNIT_EXPECT_FALSE(test, host->intx);

	/* Not for the next user. */
	softpci_quiesce(dev);
	kunit_close(test, host);
	KUNIT_EXPECT_FALSE(test, dev->irqs.held);
}

static void model_needs_no_callbacks(struct kunit *test)
{
	struct kunit_host *host = kunit_device(test, &bare_model);

	KUNIT_EXPECT_EQ(test, softpci_reset(host->dev, SOFTPCI_RESET_FLR), 0);
	softpci_quiesce(host->dev);
	KUNIT_EXPECT_EQ(test, softpci_resume(host->dev), 0);
}

static struct kunit_case device_cases[] = {
	KUNIT_CASE(model_whose_init_failed_is_not_called_again),
	KUNIT_CASE(new_device_is_initialised_and_reset),
	KUNIT_CASE(device_is_reset_before_start_and_after_stop),
	KUNIT_CASE(jobs_are_taken_while_it_is_open),
	KUNIT_CASE(device_that_did_not_start_is_closed),
	KUNIT_CASE(device_without_its_memory_does_not_start),
	KUNIT_CASE(flr_resets_what_a_bus_reset_keeps),
	KUNIT_CASE(reset_drops_the_queue),
	KUNIT_CASE(reset_that_fails_changes_nothing),
	KUNIT_CASE(close_drops_the_queue),
	KUNIT_CASE(quiesced_device_goes_on_with_its_queue),
	KUNIT_CASE(quiesced_device_stays_so_in_a_reset),
	KUNIT_CASE(quiesced_device_is_stopped_again_when_it_is_closed),
	KUNIT_CASE(interrupts_are_held_back_while_it_is_quiesced),
	KUNIT_CASE(model_needs_no_callbacks),
	{}
};

static struct kunit_suite device_suite = {
	.name = "softpci-device",
	.test_cases = device_cases,
};

kunit_test_suite(device_suite);
