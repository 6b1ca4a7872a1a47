// SPDX-License-Identifier: GPL-2.0-only
/*
 * One device, used by many threads at once: reset, close and interrupts against
 * everything.  What a call answers is left open where either of two may come
 * first; that it answers, and that the device is as good as new after it, is
 * not.
 */
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../lib/bochs.h"
#include "../lib/cases.h"
#include "../lib/gfx.h"
#include "../lib/irq.h"
#include "../lib/race.h"
#include "../lib/uart.h"

#define PAGE	4096
#define ONE_OF_EACH	(MDPY_VGA | MBOCHS_SMALL | MTTY_2 | EXAMPLE)

static void reset(void *arg)
{
	struct env *env = arg;

	vfio_reset(&env->dev);
}

static void reset_and_let_go(struct env *env, unsigned int index, bool write)
{
	struct late_page late = late_page_new();
	struct transfer slow = { &env->dev, index, write, late.page };
	struct worker transferring, resetting;

	env_decode(env);
	worker_start(&transferring, transfer, &slow);
	late_page_wait_for_touch(&late);
	worker_start(&resetting, reset, env);
	worker_join(&resetting);
	check(!transferring.done);
	late_page_fill(&late);
	worker_join(&transferring);
	close(late.uffd);
}

static void reset_does_not_wait_for_a_page_of_the_users(struct env *env)
{
	unsigned int i, nr = vfio_info(&env->dev).num_regions;

	vfio_know_regions(&env->dev);
	for (i = 0; i < nr; i++)
		if (env->dev.region[i].size) {
			reset_and_let_go(env, i, false);
			reset_and_let_go(env, i, true);
		}
}

#define ROUNDS	40

static void reset_again_and_again(void *arg)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		reset(arg);
}

static void read_and_write_regions(void *arg)
{
	struct env *env = arg;
	unsigned int i, r;
	u8 buf[2 * PAGE];
	size_t len;

	for (i = 0; i < ROUNDS; i++)
		for (r = 0; r < MAX_REGIONS; r++) {
			const struct vfio_region_info *info = &env->dev.region[r];

			if (!info->size)
				continue;
			len = info->size < sizeof(buf) ? info->size : sizeof(buf);
			region_read(&env->dev, r, 0, buf, len);
			/* Values that were read suit all registers. */
			region_write(&env->dev, r, 0, buf, len);
			region_read(&env->dev, r, info->size - len, buf, len);
		}
}

static void raise_and_lower(void *arg)
{
	struct env *env = arg;
	unsigned int i;

	for (i = 0; i < 4 * ROUNDS && env->model->bit & MTTY; i++) {
		uart_raise(&env->dev, PORT_1);
		uart_lower(&env->dev, PORT_1);
	}
}

/* An index that is not enabled at the moment is -EINVAL. */
static void maybe(int ret)
{
	check_one_of(ret, 0, -EINVAL);
}

static void assign_and_deassign_intx(void *arg)
{
	struct env *env = arg;
	s32 event = event_new();
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		maybe(__irq_assign(&env->dev, INTX, 0, 1, &event));
		maybe(__irq_do(&env->dev, INTX, TRIGGER, 0));
		maybe(__irq_set(&env->dev, INTX, TRIGGER | NONE, 0, 0, NULL, 0));
	}
	close(event);
}

static void assign_and_deassign_msi(void *arg)
{
	struct env *env = arg;
	s32 event = event_new();
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		maybe(__irq_assign(&env->dev, MSI, 0, 1, &event));
		maybe(__irq_do(&env->dev, MSI, TRIGGER, 0));
		maybe(__irq_set(&env->dev, MSI, TRIGGER | NONE, 0, 0, NULL, 0));
	}
	close(event);
}

static void assign_and_deassign_req(void *arg)
{
	struct env *env = arg;
	unsigned int i;
	s32 event;

	for (i = 0; i < ROUNDS; i++) {
		event = event_new();
		check_eq(__irq_assign(&env->dev, REQ, 0, 1, &event), 0);
		maybe(__irq_do(&env->dev, REQ, TRIGGER, 0));
		close(event);
		check_eq(__irq_set(&env->dev, REQ, TRIGGER | NONE, 0, 0, NULL, 0), 0);
	}
}

/* Eventfds that mask and unmask: each is closed while its event is on the way. */
static void mask_and_unmask(void *arg)
{
	struct env *env = arg;
	unsigned int i;
	s32 event;
	int ret;

	for (i = 0; i < ROUNDS; i++) {
		u32 action = i % 2 ? MASK : UNMASK;

		maybe(__irq_do(&env->dev, INTX, action, 0));
		event = event_new();
		ret = __irq_event(&env->dev, INTX, action, event);
		if (ret != -EBUSY)
			maybe(ret);
		event_signal(event);
		if (i % 3)
			maybe(__irq_event(&env->dev, INTX, action, -1));
		close(event);
	}
}

static void look_at_the_display(void *arg)
{
	struct env *env = arg;
	u32 flags = env->model->bit & MDPY ? REGION : DMABUF;
	struct vfio_device_gfx_plane_info plane;
	unsigned int i;
	int buf;

	for (i = 0; i < ROUNDS && env->model->bit & DISPLAYS; i++) {
		if (flags == DMABUF)
			dispi_show(&env->dev, 640 + i % 8, 480);
		plane = plane_query(&env->dev, flags);
		if (flags != DMABUF)
			continue;
		buf = __dmabuf_get(&env->dev, plane.dmabuf_id);
		if (buf < 0)
			check_eq(buf, -ENOENT);
		else
			close(buf);
	}
}

static void map_and_touch(void *arg)
{
	struct env *env = arg;
	unsigned int i, page;
	u8 *map;

	for (i = 0; i < ROUNDS && env->model->bit & DISPLAYS; i++) {
		map = region_map(&env->dev, VRAM_BAR, i * PAGE, 16 * PAGE);
		for (page = 0; page < 16; page++)
			map[page * PAGE] = i;
		munmap(map, 16 * PAGE);
	}
}

static void expect_works(struct env *env)
{
	s32 event;

	vfio_reset(&env->dev);
	check_eq(config_get(&env->dev, PCI_VENDOR_ID, 2), env->model->vendor);
	check_eq(config_get(&env->dev, PCI_COMMAND, 2), model_decoding(env->model));
	if (env->model->bit & MBOCHS)
		check_eq(plane_query(&env->dev, DMABUF).size, 0);
	if (env->model->bit & MDPY)
		check_eq(reg_get(&env->dev, VRAM_BAR, 0, 8), 0);
	if (!env->model->pin)
		return;
	irq_enable(&env->dev, INTX, 1, &event);
	check_eq(event_take(event), 0);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 1);
}

static void reset_against_everything(struct env *env)
{
	const struct racer racers[] = {
		{ reset_again_and_again, env }, { reset_again_and_again, env },
		{ read_and_write_regions, env }, { raise_and_lower, env },
		{ assign_and_deassign_intx, env }, { assign_and_deassign_req, env },
		{ mask_and_unmask, env }, { look_at_the_display, env }, { map_and_touch, env },
	};
	unsigned int i;

	vfio_know_regions(&env->dev);
	race(racers, ARRAY_SIZE(racers));
	__irq_set(&env->dev, INTX, TRIGGER | NONE, 0, 0, NULL, 0);
	for (i = 0; i < 2; i++) {
		expect_works(env);
		env_reopen(env);
	}
}

static void interrupts_are_wired_and_cut_while_they_come(struct env *env)
{
	const struct racer racers[] = {
		{ raise_and_lower, env }, { raise_and_lower, env },
		{ assign_and_deassign_intx, env }, { assign_and_deassign_msi, env },
		{ assign_and_deassign_req, env }, { mask_and_unmask, env },
		{ mask_and_unmask, env },
	};

	vfio_know_regions(&env->dev);
	race(racers, ARRAY_SIZE(racers));
	irq_disable(&env->dev, INTX);
	irq_disable(&env->dev, MSI);
	expect_works(env);
}

static void signal_again_and_again(void *arg)
{
	unsigned int i;

	for (i = 0; i < 20 * ROUNDS; i++)
		event_signal(*(s32 *)arg);
}

static void reopen_again_and_again(void *arg)
{
	s32 *unmask = ((s32 **)arg)[1], event;
	struct env *env = *(struct env **)arg;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		irq_enable(&env->dev, INTX, 1, &event);
		check_eq(__irq_event(&env->dev, INTX, UNMASK, *unmask), 0);
		uart_raise(&env->dev, PORT_1);
		env_reopen(env);
		close(event);
	}
}

static void the_last_close_meets_an_unmask_on_its_way(struct env *env)
{
	s32 unmask = event_new();
	void *arg[] = { env, &unmask };
	const struct racer racers[] = {
		{ reopen_again_and_again, arg }, { signal_again_and_again, &unmask },
	};

	race(racers, ARRAY_SIZE(racers));
	expect_works(env);
}

/*
 * Its delivery unmasks it, which delivers it again: it goes on for as long as
 * the device asks for service.
 */
static void feed_intx_to_itself(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, INTX, 1, &event);
	check_eq(__irq_event(&env->dev, INTX, UNMASK, event), 0);
	uart_raise(&env->dev, PORT_1);
}

static void an_interrupt_that_unmasks_itself_ends_with_its_cause(struct env *env)
{
	feed_intx_to_itself(env);
	uart_lower(&env->dev, PORT_1);
	irq_disable(&env->dev, INTX);
	expect_works(env);
}

static void an_interrupt_that_unmasks_itself_can_be_disabled(struct env *env)
{
	feed_intx_to_itself(env);
	irq_do(&env->dev, INTX, MASK, 0);
	irq_do(&env->dev, INTX, UNMASK, 0);
	irq_disable(&env->dev, INTX);
	uart_lower(&env->dev, PORT_1);
	expect_works(env);
}

static void a_device_whose_interrupt_unmasks_itself_is_reset_closed_and_removed(struct env *env)
{
	feed_intx_to_itself(env);
	reset_again_and_again(env);
	uart_raise(&env->dev, PORT_1);
	vfio_reset(&env->dev);
	check_eq(uart_get(&env->dev, PORT_1, UART_IER), 0);
	uart_raise(&env->dev, PORT_1);
	env_reopen(env);
	expect_works(env);
	env_reopen(env);
	feed_intx_to_itself(env);
	vfio_close(&env->dev);
	mdev_remove(&env->mdev);
	check(!mdev_exists(&env->mdev));
}

#define STORMS		8
#define STORM_ROUNDS	20
#define SET_UPS		500

struct storm {
	struct env env;
	s32 ready;
};

/* Unmasked by its own delivery, and by this process, until that is killed. */
static int unmask_for_ever(void *arg)
{
	struct storm *s = arg;
	unsigned int i = 0;

	feed_intx_to_itself(&s->env);
	while (true) {
		irq_do(&s->env.dev, INTX, UNMASK, 0);
		if (++i == STORM_ROUNDS)
			event_signal(s->ready);
	}
	return EXIT_FAILED;
}

/* How often this thread has gone to sleep. */
static long nr_sleeps(void)
{
	struct rusage usage;

	check_eq(sys(getrusage(RUSAGE_THREAD, &usage)), 0);
	return usage.ru_nvcsw;
}

static void set_up_interrupts(struct env *env)
{
	s32 event = event_new();

	check_eq(__irq_assign(&env->dev, INTX, 0, 1, &event), 0);
	irq_do(&env->dev, INTX, MASK, 0);
	irq_do(&env->dev, INTX, UNMASK, 0);
	vfio_reset(&env->dev);
	irq_disable(&env->dev, INTX);
	check_eq(__irq_assign(&env->dev, MSI, 0, 1, &event), 0);
	irq_disable(&env->dev, MSI);
	close(event);
}

/* VFIO has one queue for all devices, in which no device may hold up another. */
static void setting_up_interrupts_waits_for_no_other_device(struct env *env)
{
	struct storm storm = { .ready = event_new() };
	pid_t pid[STORMS];
	unsigned int i;
	int status;
	long sleeps;
	u64 ready;

	for (i = 0; i < STORMS; i++) {
		env_open(&storm.env, "mtty-1", env->door);
		pid[i] = child_start(unmask_for_ever, &storm);
	}
	for (ready = 0; ready < STORMS;) {
		struct pollfd more = { .fd = storm.ready, .events = POLLIN };

		check_eq(poll(&more, 1, WAIT_MS), 1);
		ready += event_take(storm.ready);
	}

	set_up_interrupts(env);
	sleeps = nr_sleeps();
	for (i = 0; i < SET_UPS; i++)
		set_up_interrupts(env);
	sleeps = nr_sleeps() - sleeps;
	note("slept %ld times in %u rounds", sleeps, SET_UPS);
	/* It can happen for a page of memory. */
	check(sleeps < SET_UPS / 10);

	for (i = 0; i < STORMS; i++) {
		check_eq(sys(kill(pid[i], SIGKILL)), 0);
		check(child_ended(pid[i], WAIT_MS, &status));
	}
	expect_works(env);
}

const struct test_case cases[] = {
	CASE(reset_does_not_wait_for_a_page_of_the_users, ONE_OF_EACH),
	CASE(reset_against_everything, ONE_OF_EACH),
	CASE(interrupts_are_wired_and_cut_while_they_come, MTTY_2),
	CASE(the_last_close_meets_an_unmask_on_its_way, MTTY_2),
	CASE(setting_up_interrupts_waits_for_no_other_device, MTTY_1),
	CASE(an_interrupt_that_unmasks_itself_ends_with_its_cause, MTTY_1),
	CASE(an_interrupt_that_unmasks_itself_can_be_disabled, MTTY_1),
	CASE(a_device_whose_interrupt_unmasks_itself_is_reset_closed_and_removed, MTTY_1),
	{}
};
