// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs: work of a device outside of an access, in process context.
 *
 * Each device has one work item, which runs one job and queues itself again
 * while there are more, so that devices take turns where CPUs are few.
 */
#include <linux/export.h>
#include <linux/lockdep.h>
#include <linux/sched/signal.h>

#include "internal.h"

static struct workqueue_struct *jobs_wq;

static void run_job(struct work_struct *work)
{
	struct softpci_device *dev = container_of(work, struct softpci_device,
						  jobs.work);
	struct softpci_jobs *jobs = &dev->jobs;
	struct softpci_job *job = NULL;

	scoped_guard(spinlock_irqsave, &jobs->lock) {
		if (!jobs->paused)
			job = list_first_entry_or_null(&jobs->queue,
						       struct softpci_job,
						       node);
		if (job) {
			list_del_init(&job->node);
			jobs->running = true;
		}
	}
	if (!job)
		return;

	job->run(dev, job);
	/* From here on @job may be queued again, or gone. */

	scoped_guard(spinlock_irqsave, &jobs->lock) {
		jobs->done++;
		jobs->running = false;
		if (!jobs->paused && !list_empty(&jobs->queue))
			queue_work(jobs_wq, &jobs->work);
	}
	wake_up_all(&jobs->wait);
}

/**
 * softpci_jobs_create() - jobs of a new device: none is taken, and none run
 * @dev: the device
 */
void softpci_jobs_create(struct softpci_device *dev)
{
	struct softpci_jobs *jobs = &dev->jobs;

	spin_lock_init(&jobs->lock);
	INIT_LIST_HEAD(&jobs->queue);
	INIT_WORK(&jobs->work, run_job);
	init_waitqueue_head(&jobs->wait);
	jobs->paused = true;
}

/**
 * softpci_jobs_destroy() - undo softpci_jobs_create()
 * @dev: a closed device
 *
 * Its jobs have ended; the work item that ran the last one may be about to.
 *
 * Context: process, may sleep.
 */
void softpci_jobs_destroy(struct softpci_device *dev)
{
	cancel_work_sync(&dev->jobs.work);
}

/**
 * softpci_jobs_accept() - take jobs
 * @dev: the device
 *
 * They are run from softpci_jobs_resume() on.
 */
void softpci_jobs_accept(struct softpci_device *dev)
{
	guard(spinlock_irqsave)(&dev->jobs.lock);
	dev->jobs.accepted = true;
}

/**
 * softpci_jobs_refuse() - take no more jobs
 * @dev: the device
 *
 * Those in the queue are run, until softpci_jobs_pause().
 */
void softpci_jobs_refuse(struct softpci_device *dev)
{
	guard(spinlock_irqsave)(&dev->jobs.lock);
	dev->jobs.accepted = false;
}

/**
 * softpci_jobs_resume() - run jobs, beginning with those in the queue
 * @dev: the device
 */
void softpci_jobs_resume(struct softpci_device *dev)
{
	struct softpci_jobs *jobs = &dev->jobs;

	guard(spinlock_irqsave)(&jobs->lock);
	jobs->paused = false;
	if (!list_empty(&jobs->queue))
		queue_work(jobs_wq, &jobs->work);
}

static bool is_running(struct softpci_jobs *jobs)
{
	bool running;

	scoped_guard(spinlock_irqsave, &jobs->lock)
		running = jobs->running;
	return running;
}

/* No job is started from here on; false: none runs, and nothing waits for one. */
static bool pause_jobs(struct softpci_jobs *jobs)
{
	bool busy;

	scoped_guard(spinlock_irqsave, &jobs->lock) {
		jobs->paused = true;
		busy = jobs->done != jobs->queued;
	}
	/* Accesses wait there for jobs, and jobs for time to pass. */
	if (busy)
		wake_up_all(&jobs->wait);
	return busy;
}

/**
 * softpci_jobs_pause() - run no jobs until softpci_jobs_resume()
 * @dev: the device
 *
 * The job that runs has ended on return; the others stay in the queue, and more
 * of them are taken.
 *
 * Context: process, may sleep. Not from a job of @dev.
 */
void softpci_jobs_pause(struct softpci_device *dev)
{
	struct softpci_jobs *jobs = &dev->jobs;

	if (pause_jobs(jobs))
		wait_event(jobs->wait, !is_running(jobs));
}

/**
 * softpci_jobs_pause_killable() - the same, for a caller that can be killed
 * @dev: the device
 *
 * A job may wait for a page of the guest's memory that the caller's process has to
 * provide.
 *
 * Context: process, may sleep. Not from a job of @dev.
 * Return: 0; or -EINTR on a fatal signal: a job may run still, and jobs are paused.
 */
int softpci_jobs_pause_killable(struct softpci_device *dev)
{
	struct softpci_jobs *jobs = &dev->jobs;

	if (!pause_jobs(jobs))
		return 0;
	return wait_event_killable(jobs->wait, !is_running(jobs)) ? -EINTR : 0;
}

/**
 * softpci_jobs_drop() - empty the queue
 * @dev: a device whose jobs are paused
 */
void softpci_jobs_drop(struct softpci_device *dev)
{
	struct softpci_jobs *jobs = &dev->jobs;
	struct softpci_job *job, *next;

	if (list_empty(&jobs->queue))
		return;
	scoped_guard(spinlock_irqsave, &jobs->lock) {
		list_for_each_entry_safe(job, next, &jobs->queue, node) {
			list_del_init(&job->node);
			jobs->done++;
		}
	}
}

static bool is_over(struct softpci_jobs *jobs, u64 until)
{
	bool over;

	scoped_guard(spinlock_irqsave, &jobs->lock)
		over = jobs->paused || jobs->done >= until;
	return over;
}

/**
 * softpci_jobs_wait() - wait for the first jobs of a device
 * @dev: the device, without its lock
 * @until: how many of all that were ever queued; from softpci_jobs.awaited
 *
 * Returns when they have run to their ends, when jobs are paused, or on a fatal
 * signal: the wait must not depend on softpci_jobs_resume().
 *
 * Context: process, may sleep. Not from a job of @dev.
 */
void softpci_jobs_wait(struct softpci_device *dev, u64 until)
{
	struct softpci_jobs *jobs = &dev->jobs;

	(void)wait_event_killable(jobs->wait, is_over(jobs, until));
}

/**
 * softpci_job_init() - prepare a job
 * @job: the job, usually in the device's struct
 * @run: see struct softpci_job
 *
 * Once, before it is queued for the first time: in softpci_ops.init().
 */
void softpci_job_init(struct softpci_job *job,
		      void (*run)(struct softpci_device *dev,
				  struct softpci_job *job))
{
	INIT_LIST_HEAD(&job->node);
	job->run = run;
}
EXPORT_SYMBOL_GPL(softpci_job_init);

static bool queue_locked(struct softpci_jobs *jobs, struct softpci_job *job)
{
	lockdep_assert_held(&jobs->lock);
	if (!jobs->accepted || !list_empty(&job->node))
		return false;
	list_add_tail(&job->node, &jobs->queue);
	jobs->queued++;
	if (!jobs->paused)
		queue_work(jobs_wq, &jobs->work);
	return true;
}

/**
 * softpci_queue() - have a job run
 * @dev: the device
 * @job: the job
 *
 * It runs after those in the queue.  It sees all that was written before the
 * call, also if that returns false as the job is in the queue already.
 *
 * Context: any.
 * Return: true; false if it is in the queue already, or if the device is closed.
 */
bool softpci_queue(struct softpci_device *dev, struct softpci_job *job)
{
	struct softpci_jobs *jobs = &dev->jobs;
	bool queued;

	scoped_guard(spinlock_irqsave, &jobs->lock)
		queued = queue_locked(jobs, job);
	return queued;
}
EXPORT_SYMBOL_GPL(softpci_queue);

/**
 * softpci_queue_and_wait() - have a job run before the access returns
 * @dev: the device, lock held, from the write callback of a register
 * @job: the job
 *
 * The current access waits for the job without the lock: the guest's CPU that
 * made it continues when the job has run.  If it is in the queue already, the
 * access waits for that.  It does not wait while jobs are paused.
 *
 * Context: atomic.
 * Return: as softpci_queue().
 */
bool softpci_queue_and_wait(struct softpci_device *dev, struct softpci_job *job)
{
	struct softpci_jobs *jobs = &dev->jobs;
	bool queued;

	lockdep_assert_held(&dev->lock);
	scoped_guard(spinlock_irqsave, &jobs->lock) {
		queued = queue_locked(jobs, job);
		if (jobs->accepted)
			jobs->awaited = jobs->queued;
	}
	return queued;
}
EXPORT_SYMBOL_GPL(softpci_queue_and_wait);

/**
 * softpci_jobs_init() - make the workqueue of all jobs
 *
 * By /sys/devices/virtual/workqueue/softpci an administrator can keep jobs off
 * some CPUs, or make them nice: no process is charged for their time.  There may
 * be as many at a time as the kernel allows, as some wait for page faults.
 *
 * Return: 0 or -ENOMEM.
 */
int __init softpci_jobs_init(void)
{
	jobs_wq = alloc_workqueue("softpci", WQ_UNBOUND | WQ_SYSFS,
				  WQ_MAX_ACTIVE);
	return jobs_wq ? 0 : -ENOMEM;
}

/** softpci_jobs_exit() - undo softpci_jobs_init(), when all devices are gone */
void softpci_jobs_exit(void)
{
	destroy_workqueue(jobs_wq);
}

/* KUnit tests of the functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/jobs.c"
#endif
