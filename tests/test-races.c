// SPDX-License-Identifier: GPL-2.0-only
/*
 * Things that a hostile user does at the same time, or to a device that is
 * about to go.  What each call answers is left open where either of two may
 * come first; that it answers, and that the device is as good as new after it,
 * is not.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "lib/bochs.h"
#include "lib/cases.h"
#include "lib/gfx.h"
#include "lib/irq.h"
#include "lib/race.h"
#include "lib/uart.h"

#define PAGE	4096
#define ONE_OF_EACH	(MDPY_VGA | MBOCHS_SMALL | MTTY_2)

static void remove_mdev(void *arg)
{
	struct env *env = arg;

	mdev_remove(&env->mdev);
}

static bool removal_has_begun(void *arg)
{
	const struct env *env = arg;

	return access(mdev_path(&env->mdev, "mdev_type").s, F_OK) != 0;
}

static void reset(void *arg)
{
	struct env *env = arg;

	vfio_reset(&env->dev);
}

struct transfer {
	struct vfio *v;
	unsigned int index;
	bool write;
	void *buf;
};

static void transfer(void *arg)
{
	const struct transfer *t = arg;

	note("%s of region %u", t->write ? "write" : "read", t->index);
	if (t->write)
		region_write(t->v, t->index, 0, t->buf, 8);
	else
		region_read(t->v, t->index, 0, t->buf, 8);
}

static void reset_and_let_go(struct env *env, unsigned int index, bool write)
{
	struct late_page late = late_page_new();
	struct transfer slow = { &env->dev, index, write, late.page };
	struct worker transferring, resetting;

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

/* The access is in the middle of its copy when the descriptor is closed and the device removed. */
static void remove_and_let_go(struct env *env, unsigned int index, bool write)
{
	struct late_page late = late_page_new();
	struct transfer slow = { &env->dev, index, write, late.page };
	struct worker transferring, removing;

	worker_start(&transferring, transfer, &slow);
	late_page_wait_for_touch(&late);
	worker_start(&removing, remove_mdev, env);
	check(retry(removal_has_begun, env));
	vfio_close(&env->dev);
	check(!transferring.done);
	check(!removing.done);
	late_page_fill(&late);
	worker_join(&transferring);
	worker_join(&removing);
	check(!mdev_exists(&env->mdev));
	close(late.uffd);
}

static void removal_waits_for_an_access_that_waits_for_a_page(struct env *env)
{
	unsigned int i, nr = vfio_info(&env->dev).num_regions, have = mdev_available(env->model->type);
	bool write = false;

	vfio_know_regions(&env->dev);
	for (i = 0; i < nr; i++) {
		if (!env->dev.region[i].size)
			continue;
		remove_and_let_go(env, i, write);
		check_eq(mdev_available(env->model->type),
			 have + 1);
		env_open(env, env->model->type, env->door);
		vfio_know_regions(&env->dev);
		write = !write;
	}
}

#define QUERIES	300

struct querying {
	struct env *env;
	atomic_uint nr;
	atomic_bool asked;	/* to let go */
};

static void query_until_asked_to_go(void *arg)
{
	struct querying *q = arg;
	u32 flags = q->env->model->bit & MDPY ? REGION : DMABUF;

	/* And some more, to meet a removal that waits. */
	while (!q->asked || q->nr < QUERIES) {
		check(plane_query(&q->env->dev, flags).width);
		q->nr++;
	}
}

static void removal_asks_a_user_who_looks_at_the_display(struct env *env)
{
	struct querying q = { .env = env };
	struct worker querying, removing;
	s32 req;

	if (env->model->bit & MBOCHS)
		dispi_show(&env->dev, 640, 480);
	irq_enable(&env->dev, REQ, 1, &req);
	worker_start(&querying, query_until_asked_to_go, &q);
	worker_start(&removing, remove_mdev, env);
	event_wait(req);
	check(!removing.done);
	q.asked = true;
	worker_join(&querying);
	vfio_close(&env->dev);
	worker_join(&removing);
	check(!mdev_exists(&env->mdev));
}

/* Who comes second finds no file, or none that works any more. */
static void try_to_remove(void *arg)
{
	int ret = __mdev_remove(arg);

	if (ret != -ENOENT)
		check_one_of(ret, 0, -ENODEV);
}

static void four_remove_one_device(struct env *env)
{
	unsigned int round, have = mdev_available("mtty-1");
	struct mdev mdev;

	for (round = 0; round < 20; round++) {
		const struct racer racers[] = {
			{ try_to_remove, &mdev }, { try_to_remove, &mdev },
			{ try_to_remove, &mdev }, { try_to_remove, &mdev },
		};

		mdev = mdev_create("mtty-1");
		race(racers, ARRAY_SIZE(racers));
		note("round %u", round);
		check(!mdev_exists(&mdev));
		check_eq(mdev_available("mtty-1"), have);
	}
}

struct creating {
	struct mdev mdev;
	const char *type;
	atomic_uint *made;
};

static void create_when_it_has_gone(void *arg)
{
	const struct creating *c = arg;
	unsigned int i;
	int ret;

	/* Until it works for this one or another. */
	for (i = 0; i < 200 && !*c->made; i++) {
		ret = __mdev_create(&c->mdev, c->type);
		if (!ret) {
			(*c->made)++;
			return;
		}
		check_eq(ret, -EEXIST);
	}
}

static void one_of_three_gets_the_uuid_of_a_removed_device(struct env *env)
{
	unsigned int round, m, have[NR_MODELS];
	atomic_uint made;

	for (m = 0; m < NR_MODELS; m++)
		have[m] = mdev_available(models[m].type);
	for (round = 0; round < 20; round++) {
		struct creating c[] = {
			{ mdev_create("mtty-1"), "mtty-1", &made },
			{ c[0].mdev, "mtty-2", &made },
			{ c[0].mdev, "mbochs-small", &made },
		};
		const struct racer racers[] = {
			{ try_to_remove, &c[0].mdev }, { create_when_it_has_gone, &c[0] },
			{ create_when_it_has_gone, &c[1] }, { create_when_it_has_gone, &c[2] },
		};

		made = 0;
		race(racers, ARRAY_SIZE(racers));
		note("round %u", round);
		check(made <= 1);
		check_eq(mdev_exists(&c[0].mdev), made);
		if (made)
			mdev_remove(&c[0].mdev);
		for (m = 0; m < NR_MODELS; m++)
			check_eq(mdev_available(models[m].type), have[m]);
	}
}

/* Each has it alone, and finds it as new. */
static void open_and_scribble(void *arg)
{
	struct env *env = arg;
	struct vfio v;
	unsigned int i;
	int ret;

	for (i = 0; i < 15; i++) {
		ret = __vfio_open(&v, env->mdev.uuid, env->door);
		if (ret) {
			/* Taken: a group by its descriptor, a cdev when it is bound. */
			check_one_of(ret, -EBUSY, -EINVAL);
			continue;
		}
		check_eq(config_get(&v, PCI_INTERRUPT_LINE, 1), 0);
		config_put(&v, PCI_INTERRUPT_LINE, 1, 0x42);
		if (env->model->bit & MBOCHS) {
			check_eq(reg_get(&v, VRAM_BAR, 0, 8), 0);
			reg_put(&v, VRAM_BAR, 0, 8, ~0ULL);
		}
		check_eq(config_get(&v, PCI_INTERRUPT_LINE, 1), 0x42);
		vfio_close(&v);
	}
}

static void users_come_one_after_the_other(struct env *env)
{
	const struct racer racers[] = {
		{ open_and_scribble, env }, { open_and_scribble, env }, { open_and_scribble, env },
	};

	vfio_close(&env->dev);
	race(racers, ARRAY_SIZE(racers));
	/* They may all have been turned away each time; now there is nobody else. */
	vfio_open(&env->dev, env->mdev.uuid, env->door);
	check_eq(config_get(&env->dev, PCI_INTERRUPT_LINE, 1), 0);
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
			/* What was read suits all registers. */
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

/* What is not enabled just now is -EINVAL. */
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
	check_eq(config_get(&env->dev, PCI_COMMAND, 2), 0);
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

const struct test_case cases[] = {
	CASE(reset_does_not_wait_for_a_page_of_the_users, ONE_OF_EACH),
	CASE(removal_waits_for_an_access_that_waits_for_a_page, ONE_OF_EACH),
	CASE(removal_asks_a_user_who_looks_at_the_display, MDPY_VGA | MBOCHS_SMALL),
	CASE(four_remove_one_device, NO_DEVICE),
	CASE(one_of_three_gets_the_uuid_of_a_removed_device, NO_DEVICE),
	CASE(users_come_one_after_the_other, ONE_OF_EACH),
	CASE(reset_against_everything, ONE_OF_EACH),
	CASE(interrupts_are_wired_and_cut_while_they_come, MTTY_2),
	CASE(the_last_close_meets_an_unmask_on_its_way, MTTY_2),
	CASE(an_interrupt_that_unmasks_itself_ends_with_its_cause, MTTY_1),
	CASE(an_interrupt_that_unmasks_itself_can_be_disabled, MTTY_1),
	CASE(a_device_whose_interrupt_unmasks_itself_is_reset_closed_and_removed, MTTY_1),
	{}
};
