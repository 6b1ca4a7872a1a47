// SPDX-License-Identifier: GPL-2.0-only
/* Jobs: their order, and accesses that wait for them. */
#include "kunit.h"

#define NR_JOBS		8
/* Of the register that has a job run. */
#define JOBS_BAR	0
#define JOBS_DOORBELL	0x10

/* For events that come, if nothing is wrong. */
#define LONG_ENOUGH	(60 * HZ)

/**
 * struct jobs_device - a device with jobs that leave a trace
 * @dev: must be first
 * @counted: jobs that note their numbers in @order
 * @order: the numbers, in the order of the runs
 * @nr: how many runs there were
 * @running: jobs that run now
 * @parallel: more than one job ran
 * @blocker: a job that runs until @go
 * @paused: @blocker ends when jobs are paused instead
 * @waited_for: or when something waits for jobs, or @returned
 * @returned: the access has returned
 * @late: before something waited for jobs
 * @started: @blocker runs
 * @go: it is to end
 * @again: a job that queues itself, @rounds times
 * @rounds: how often it does
 * @requeued: how often it could
 * @doorbell_queues: the job that the doorbell queues and waits for
 * @doorbell_queued: softpci_queue_and_wait() returned so
 * @waiter: waits for all jobs
 * @waited: it has returned
 */
struct jobs_device {
	struct softpci_device dev;
	struct softpci_job counted[NR_JOBS];
	unsigned int order[NR_JOBS * 2];
	unsigned int nr;
	atomic_t running;
	bool parallel;
	struct softpci_job blocker;
	bool paused;
	bool waited_for;
	bool returned;
	bool late;
	struct completion started;
	struct completion go;
	struct softpci_job again;
	unsigned int rounds;
	unsigned int requeued;
	struct softpci_job *doorbell_queues;
	bool doorbell_queued;
	struct work_struct waiter;
	struct completion waited;
};

static struct jobs_device *to_jobs(struct softpci_device *dev)
{
	return container_of(dev, struct jobs_device, dev);
}

static void enter_job(struct jobs_device *jd)
{
	if (atomic_inc_return(&jd->running) != 1)
		jd->parallel = true;
}

static void leave_job(struct jobs_device *jd)
{
	atomic_dec(&jd->running);
}

static void run_counted(struct softpci_device *dev, struct softpci_job *job)
{
	struct jobs_device *jd = to_jobs(dev);

	enter_job(jd);
	if (jd->nr < ARRAY_SIZE(jd->order))
		jd->order[jd->nr++] = job - jd->counted;
	/* Time for another one to come in between. */
	cond_resched();
	leave_job(jd);
}

static void run_until_waited_for(struct jobs_device *jd)
{
	/* Without a barrier: it is looked at again until it is seen. */
	while (!waitqueue_active(&jd->dev.jobs.wait) &&
	       !READ_ONCE(jd->returned))
		cond_resched();
	jd->late = READ_ONCE(jd->returned);
}

static void run_until_go(struct softpci_device *dev, struct softpci_job *job)
{
	struct jobs_device *jd = to_jobs(dev);

	enter_job(jd);
	complete(&jd->started);
	if (jd->paused)
		wait_event(dev->jobs.wait, READ_ONCE(dev->jobs.paused));
	else if (jd->waited_for)
		run_until_waited_for(jd);
	else
		wait_for_completion(&jd->go);
	leave_job(jd);
}

static void run_again(struct softpci_device *dev, struct softpci_job *job)
{
	struct jobs_device *jd = to_jobs(dev);

	enter_job(jd);
	if (jd->rounds) {
		jd->rounds--;
		jd->requeued += softpci_queue(dev, job);
	}
	leave_job(jd);
}

static void wait_for_all(struct work_struct *work)
{
	struct jobs_device *jd = container_of(work, struct jobs_device, waiter);

	softpci_jobs_wait(&jd->dev, jd->dev.jobs.queued);
	complete(&jd->waited);
}

static int jobs_device_init(struct softpci_device *dev)
{
	struct jobs_device *jd = to_jobs(dev);
	unsigned int i;

	for (i = 0; i < NR_JOBS; i++)
		softpci_job_init(&jd->counted[i], run_counted);
	softpci_job_init(&jd->blocker, run_until_go);
	softpci_job_init(&jd->again, run_again);
	init_completion(&jd->started);
	init_completion(&jd->go);
	init_completion(&jd->waited);
	INIT_WORK(&jd->waiter, wait_for_all);
	return 0;
}

static int write_doorbell(struct softpci_device *dev, unsigned int i, u64 val)
{
	struct jobs_device *jd = to_jobs(dev);

	jd->doorbell_queued = softpci_queue_and_wait(dev, jd->doorbell_queues);
	return 0;
}

static const struct softpci_reg jobs_regs[] = {
	{ .offset = JOBS_DOORBELL, .width = 4, .write = write_doorbell, },
};

static const struct softpci_area jobs_areas[] = {
	SOFTPCI_REGS_AREA(0, SZ_4K, jobs_regs),
};

static const struct softpci_region jobs_regions[] = {
	{
		.index = JOBS_BAR,
		.size = SZ_4K,
		.areas = jobs_areas,
		.nr_areas = ARRAY_SIZE(jobs_areas),
	},
};

static const struct softpci_ops jobs_ops = { .init = jobs_device_init, };

static const struct softpci_model jobs_model = {
	.device_size	= sizeof(struct jobs_device),
	.ops		= &jobs_ops,
	.regions	= jobs_regions,
	.nr_regions	= ARRAY_SIZE(jobs_regions),
};

static void wait_for_jobs(struct jobs_device *jd)
{
	softpci_jobs_wait(&jd->dev, jd->dev.jobs.queued);
}

/* @jd with its blocker running, and the counted jobs behind it. */
static void queue_all(struct kunit *test, struct jobs_device *jd)
{
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, softpci_queue(&jd->dev, &jd->blocker));
	wait_for_completion(&jd->started);
	for (i = 0; i < NR_JOBS; i++)
		KUNIT_ASSERT_TRUE(test,
				  softpci_queue(&jd->dev, &jd->counted[i]));
}

static void jobs_run_in_order_and_one_at_a_time(struct kunit *test)
{
	struct jobs_device *jd = to_jobs(kunit_device(test, &jobs_model)->dev);
	unsigned int i;

	queue_all(test, jd);
	KUNIT_EXPECT_EQ(test, jd->nr, 0);
	complete(&jd->go);
	wait_for_jobs(jd);
	KUNIT_EXPECT_EQ(test, jd->nr, NR_JOBS);
	for (i = 0; i < jd->nr; i++)
		KUNIT_EXPECT_EQ(test, jd->order[i], i);
	KUNIT_EXPECT_FALSE(test, jd->parallel);
}

static void job_in_the_queue_is_not_queued_again(struct kunit *test)
{
	struct jobs_device *jd = to_jobs(kunit_device(test, &jobs_model)->dev);

	queue_all(test, jd);
	KUNIT_EXPECT_FALSE(test, softpci_queue(&jd->dev, &jd->counted[3]));
	/* One that runs is not in it. */
	KUNIT_EXPECT_TRUE(test, softpci_queue(&jd->dev, &jd->blocker));
	complete_all(&jd->go);
	wait_for_jobs(jd);
	KUNIT_EXPECT_EQ(test, jd->nr, NR_JOBS);
	KUNIT_EXPECT_TRUE(test, softpci_queue(&jd->dev, &jd->counted[3]));
	wait_for_jobs(jd);
	KUNIT_EXPECT_EQ(test, jd->nr, NR_JOBS + 1);
}

static void job_can_queue_itself_while_it_runs(struct kunit *test)
{
	struct jobs_device *jd = to_jobs(kunit_device(test, &jobs_model)->dev);

	jd->rounds = 5;
	KUNIT_EXPECT_TRUE(test, softpci_queue(&jd->dev, &jd->again));
	/* Each round queues the next one before it is done. */
	softpci_jobs_wait(&jd->dev, 6);
	KUNIT_EXPECT_EQ(test, jd->requeued, 5);
	KUNIT_EXPECT_EQ(test, jd->dev.jobs.queued, 6);
	KUNIT_EXPECT_FALSE(test, jd->parallel);
}

static void no_job_is_taken_by_a_closed_device(struct kunit *test)
{
	struct kunit_host *host = kunit_closed_device(test, &jobs_model);
	struct jobs_device *jd = to_jobs(host->dev);

	KUNIT_EXPECT_FALSE(test, softpci_queue(&jd->dev, &jd->counted[0]));
	KUNIT_EXPECT_EQ(test, jd->dev.jobs.queued, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&jd->counted[0].node));
}

static void paused_jobs_stay_in_the_queue(struct kunit *test)
{
	struct jobs_device *jd = to_jobs(kunit_device(test, &jobs_model)->dev);
	unsigned int i;

	jd->paused = true;
	queue_all(test, jd);
	softpci_jobs_pause(&jd->dev);
	KUNIT_EXPECT_EQ(test, atomic_read(&jd->running), 0);
	KUNIT_EXPECT_EQ(test, jd->nr, 0);
	KUNIT_EXPECT_TRUE(test, softpci_queue(&jd->dev, &jd->again));
	softpci_jobs_resume(&jd->dev);
	wait_for_jobs(jd);
	KUNIT_EXPECT_EQ(test, jd->nr, NR_JOBS);
	for (i = 0; i < jd->nr; i++)
		KUNIT_EXPECT_EQ(test, jd->order[i], i);
}

static void accesses_do_not_wait_for_jobs_to_go_on(struct kunit *test)
{
	struct jobs_device *jd = to_jobs(kunit_device(test, &jobs_model)->dev);

	jd->paused = true;
	queue_all(test, jd);
	schedule_work(&jd->waiter);
	softpci_jobs_pause(&jd->dev);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&jd->waited,
							  LONG_ENOUGH), 0);
	flush_work(&jd->waiter);
	KUNIT_EXPECT_EQ(test, jd->nr, 0);
}

static void dropped_jobs_can_be_queued_again(struct kunit *test)
{
	struct jobs_device *jd = to_jobs(kunit_device(test, &jobs_model)->dev);

	jd->paused = true;
	queue_all(test, jd);
	softpci_jobs_pause(&jd->dev);
	softpci_jobs_drop(&jd->dev);
	softpci_jobs_resume(&jd->dev);
	wait_for_jobs(jd);
	KUNIT_EXPECT_EQ(test, jd->nr, 0);
	KUNIT_EXPECT_TRUE(test, softpci_queue(&jd->dev, &jd->counted[0]));
	wait_for_jobs(jd);
	KUNIT_EXPECT_EQ(test, jd->nr, 1);
}

static void ring_doorbell(struct kunit *test, struct jobs_device *jd,
			  struct softpci_job *job)
{
	jd->doorbell_queues = job;
	KUNIT_EXPECT_EQ(test, kunit_write(&jd->dev, JOBS_BAR, JOBS_DOORBELL, 4,
					  1), 0);
	WRITE_ONCE(jd->returned, true);
}

static void access_waits_for_the_job_it_queued(struct kunit *test)
{
	struct jobs_device *jd = to_jobs(kunit_device(test, &jobs_model)->dev);

	jd->waited_for = true;
	KUNIT_ASSERT_TRUE(test, softpci_queue(&jd->dev, &jd->blocker));
	wait_for_completion(&jd->started);
	ring_doorbell(test, jd, &jd->counted[0]);
	KUNIT_EXPECT_TRUE(test, jd->doorbell_queued);
	wait_for_jobs(jd);
	KUNIT_EXPECT_FALSE(test, jd->late);
	KUNIT_EXPECT_EQ(test, jd->nr, 1);
}

static void access_waits_for_a_job_that_was_queued_before(struct kunit *test)
{
	struct jobs_device *jd = to_jobs(kunit_device(test, &jobs_model)->dev);

	jd->waited_for = true;
	queue_all(test, jd);
	ring_doorbell(test, jd, &jd->counted[NR_JOBS - 1]);
	KUNIT_EXPECT_FALSE(test, jd->doorbell_queued);
	wait_for_jobs(jd);
	KUNIT_EXPECT_FALSE(test, jd->late);
	KUNIT_EXPECT_EQ(test, jd->nr, NR_JOBS);
}

static void access_does_not_wait_for_paused_jobs(struct kunit *test)
{
	struct jobs_device *jd = to_jobs(kunit_device(test, &jobs_model)->dev);

	jd->paused = true;
	queue_all(test, jd);
	softpci_jobs_pause(&jd->dev);
	ring_doorbell(test, jd, &jd->counted[0]);
	KUNIT_EXPECT_FALSE(test, jd->doorbell_queued);
	KUNIT_EXPECT_EQ(test, jd->dev.jobs.awaited, 0);
	KUNIT_EXPECT_EQ(test, jd->nr, 0);
	softpci_jobs_resume(&jd->dev);
	wait_for_jobs(jd);
}

static struct kunit_case jobs_cases[] = {
	KUNIT_CASE(jobs_run_in_order_and_one_at_a_time),
	KUNIT_CASE(job_in_the_queue_is_not_queued_again),
	KUNIT_CASE(job_can_queue_itself_while_it_runs),
	KUNIT_CASE(no_job_is_taken_by_a_closed_device),
	KUNIT_CASE(paused_jobs_stay_in_the_queue),
	KUNIT_CASE(accesses_do_not_wait_for_jobs_to_go_on),
	KUNIT_CASE(dropped_jobs_can_be_queued_again),
	KUNIT_CASE(access_waits_for_the_job_it_queued),
	KUNIT_CASE(access_waits_for_a_job_that_was_queued_before),
	KUNIT_CASE(access_does_not_wait_for_paused_jobs),
	{}
};

static struct kunit_suite jobs_suite = {
	.name = "softpci-jobs",
	.test_cases = jobs_cases,
};

kunit_test_suite(jobs_suite);
