// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA that goes on for long: resets, closing, unmapping and clearing Bus Master
 * end it, and nothing is written after they have returned.
 */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/example.h"
#include "../lib/irq.h"
#include "../lib/long-copy.h"
#include "../lib/migration.h"
#include "../lib/race.h"

#define PAGE		4096UL
/* Pages that a front end copies at a time. */
#define ON_ITS_WAY	16

/* It was cut off, and no byte is written any more. */
static bool was_cut(const struct long_copy *copy)
{
	unsigned long nr = long_copy_done(copy), i;

	if (nr == LONG_PAGES)
		return false;
	/* In the middle of a page, and with all that is still to come in front of it. */
	for (i = 0; i < 100; i++)
		sched_yield();
	check_eq(long_copy_done(copy), nr);
	for (i = nr; i < LONG_PAGES; i++)
		check_eq(*long_copy_page(copy, i), 0);
	return true;
}

/* It may be faster than this process: some of the attempts must do. */
static void expect_cut(struct env *env, struct long_copy *copy, void (*cut)(struct env *env),
		       void (*then)(struct env *env, struct long_copy *copy))
{
	unsigned int attempt;
	bool done = false;

	for (attempt = 0; attempt < LONG_ATTEMPTS && !done; attempt++) {
		long_copy_start(&env->dev, copy);
		cut(env);
		done = was_cut(copy);
		then(env, copy);
	}
	note("in %u attempts", attempt);
	check(done);
}

static void expect_idle(struct env *env, struct long_copy *copy)
{
	check_eq(example_get(&env->dev, EXAMPLE_STATUS), IDLE);
	check_eq(example_get(&env->dev, EXAMPLE_LENGTH), 0);
	event_take(copy->event);
}

static void reset_bus(struct env *env)
{
	vfio_reset(&env->dev);
}

static void reset_ends_a_copy(struct env *env)
{
	struct long_copy copy;

	long_copy_init(&env->dev, &copy);
	expect_cut(env, &copy, reset_bus, expect_idle);
	/* And the next one works. */
	check_eq(example_copy(&env->dev, copy.event, LONG_TARGET, LONG_SOURCE, 8), COPIED);
}

static void flr(struct env *env)
{
	example_flr(&env->dev);
}

static void restore_what_flr_clears(struct env *env, struct long_copy *copy)
{
	expect_idle(env, copy);
	irq_disable(&env->dev, MSIX);
	irq_enable(&env->dev, MSIX, 1, &copy->event);
}

static void flr_ends_a_copy(struct env *env)
{
	struct long_copy copy;

	long_copy_init(&env->dev, &copy);
	expect_cut(env, &copy, flr, restore_what_flr_clears);
	check_eq(example_copy(&env->dev, copy.event, LONG_TARGET, LONG_SOURCE, 8), COPIED);
}

/* The container or IOAS stays: it is not for want of a mapping that the copy ends. */
static void close_device(struct env *env)
{
	close(env->dev.fd);
	env->dev.fd = -1;
}

static void open_again(struct env *env, struct long_copy *copy)
{
	env_reopen(env);
	long_copy_map(&env->dev, copy);
	irq_enable(&env->dev, MSIX, 1, &copy->event);
	check_eq(example_get(&env->dev, EXAMPLE_STATUS), IDLE);
}

static void closing_ends_a_copy(struct env *env)
{
	struct long_copy copy;

	long_copy_init(&env->dev, &copy);
	expect_cut(env, &copy, close_device, open_again);
}

static void expect_failed(struct env *env, struct long_copy *copy)
{
	/* The last page may have been on its way: it is over when this comes. */
	event_wait(copy->event);
	check_one_of((int)example_get(&env->dev, EXAMPLE_STATUS), COPIED, FAILED);
}

static void unmap_target(struct env *env)
{
	dma_unmap(&env->dev, LONG_TARGET, LONG_SIZE);
}

static void map_target_again(struct env *env, struct long_copy *copy)
{
	expect_failed(env, copy);
	dma_map(&env->dev, LONG_TARGET, copy->target, LONG_SIZE, DMA_RW);
}

static void unmapping_ends_a_copy(struct env *env)
{
	struct long_copy copy;

	long_copy_init(&env->dev, &copy);
	expect_cut(env, &copy, unmap_target, map_target_again);
	check_eq(example_copy(&env->dev, copy.event, LONG_TARGET, LONG_SOURCE, 8), COPIED);
}

/* What is on its way when the write returns may arrive: 64 KiB, and no more. */
static void clearing_bus_master_ends_a_copy(struct env *env)
{
	unsigned long nr = LONG_PAGES;
	struct long_copy copy;
	unsigned int attempt;

	long_copy_init(&env->dev, &copy);
	for (attempt = 0; attempt < LONG_ATTEMPTS && nr == LONG_PAGES; attempt++) {
		long_copy_start(&env->dev, &copy);
		config_clear(&env->dev, PCI_COMMAND, PCI_COMMAND_MASTER);
		nr = long_copy_done(&copy);
		if (!event_take(copy.event))
			example_wait_pending(&env->dev, 0);
		check(long_copy_done(&copy) <= nr + ON_ITS_WAY);
		config_set(&env->dev, PCI_COMMAND, PCI_COMMAND_MASTER);
		event_take(copy.event);
	}
	check(nr < LONG_PAGES);
	check_eq(example_get(&env->dev, EXAMPLE_STATUS), FAILED);
	check_eq(example_copy(&env->dev, copy.event, LONG_TARGET, LONG_SOURCE, 8), COPIED);
}

/* Registers that are read meanwhile answer at once: no access waits for a copy. */
static void the_device_answers_while_it_copies(struct env *env)
{
	struct long_copy copy;
	unsigned int attempt;
	bool during = false;

	long_copy_init(&env->dev, &copy);
	for (attempt = 0; attempt < LONG_ATTEMPTS && !during; attempt++) {
		long_copy_start(&env->dev, &copy);
		check_eq(example_get(&env->dev, EXAMPLE_LENGTH), LONG_SIZE);
		check_eq(config_get(&env->dev, PCI_VENDOR_ID, 2), env->model->vendor);
		during = example_get(&env->dev, EXAMPLE_STATUS) == BUSY;
		check_eq(event_wait(copy.event), 1);
		check_eq(long_copy_done(&copy), LONG_PAGES);
	}
	check(during);
	check_eq(example_get(&env->dev, EXAMPLE_STATUS), COPIED);
}

struct copying {
	struct env env;
	s32 begun;
	void (*wait)(const struct vfio *v);
};

static int copy_for_ever(void *arg)
{
	struct copying *c = arg;
	struct long_copy copy;

	long_copy_init(&c->env.dev, &copy);
	while (true) {
		long_copy_start(&c->env.dev, &copy);
		event_signal(c->begun);
	}
	return EXIT_FAILED;
}

/* Its memory goes before its descriptors, with the device in the middle of a copy. */
static void a_process_can_be_killed_while_its_device_copies(struct env *env)
{
	struct copying c = { .begun = event_new() };
	int status;
	pid_t pid;

	env_open(&c.env, env->model->type, env->door);
	pid = child_start(copy_for_ever, &c);
	vfio_close(&c.env.dev);
	event_wait(c.begun);
	check_eq(sys(kill(pid, SIGKILL)), 0);
	check(child_ended(pid, WAIT_MS, &status));
	check(WIFSIGNALED(status));
	/* No process has it open any more. */
	mdev_remove(&c.env.mdev);
}

/* The device waits for a page of the process, and the process for the device. */
static int wait_in_a_page_fault(void *arg)
{
	struct copying *c = arg;
	struct late_page late = late_page_new();
	u8 *target = dma_memory(PAGE);

	dma_map(&c->env.dev, LONG_SOURCE, late.page, PAGE, DMA_READ);
	dma_map(&c->env.dev, LONG_TARGET, target, PAGE, DMA_RW);
	example_start(&c->env.dev, LONG_TARGET, LONG_SOURCE, PAGE, 0);
	late_page_wait_for_touch(&late);
	event_signal(c->begun);
	c->wait(&c->env.dev);
	return EXIT_FAILED;
}

/* In uninterruptible sleep, as far as ps can tell; see proc_pid_stat(5). */
static bool is_blocked(void *arg)
{
	struct text path = text("/proc/%d/stat", *(pid_t *)arg);
	char stat[512], *state;

	check_eq(__sysfs_read(path.s, stat, sizeof(stat)), 0);
	state = strrchr(stat, ')');
	return state && state[1] == ' ' && state[2] == 'D';
}

static void kill_in(struct env *env, void (*wait)(const struct vfio *v))
{
	struct copying c = { .begun = event_new(), .wait = wait };
	int status;
	pid_t pid;

	env_open(&c.env, env->model->type, env->door);
	config_set(&c.env.dev, PCI_COMMAND, PCI_COMMAND_MASTER);
	pid = child_start(wait_in_a_page_fault, &c);
	vfio_close(&c.env.dev);
	event_wait(c.begun);
	check(retry(is_blocked, &pid));
	check_eq(sys(kill(pid, SIGKILL)), 0);
	check(child_ended(pid, WAIT_MS, &status));
	check(WIFSIGNALED(status));
	mdev_remove(&c.env.mdev);
}

static void a_process_can_be_killed_in_a_reset_that_waits_for_it(struct env *env)
{
	kill_in(env, vfio_reset);
}

static void stop(const struct vfio *v)
{
	mig_go(v, MIG_STOP);
}

static void a_process_can_be_killed_as_it_stops_a_device_that_waits_for_it(struct env *env)
{
	kill_in(env, stop);
}

const struct test_case cases[] = {
	CASE(reset_ends_a_copy, EXAMPLE),
	CASE(flr_ends_a_copy, EXAMPLE),
	CASE(closing_ends_a_copy, EXAMPLE),
	CASE(unmapping_ends_a_copy, EXAMPLE),
	CASE(clearing_bus_master_ends_a_copy, EXAMPLE),
	CASE(the_device_answers_while_it_copies, EXAMPLE),
	CASE(a_process_can_be_killed_while_its_device_copies, EXAMPLE),
	CASE(a_process_can_be_killed_in_a_reset_that_waits_for_it, EXAMPLE),
	CASE(a_process_can_be_killed_as_it_stops_a_device_that_waits_for_it, EXAMPLE),
	{}
};
