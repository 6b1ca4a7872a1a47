// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that come and go under the hands of others: creation, removal, opening
 * and unloading at the same time.  What each call answers is left open where
 * either of two may come first; that it answers, and that nothing is lost or
 * counted twice after it, is not.
 */
#include <unistd.h>

#include "../lib/bochs.h"
#include "../lib/cases.h"
#include "../lib/gfx.h"
#include "../lib/irq.h"
#include "../lib/module.h"
#include "../lib/race.h"

#define ONE_OF_EACH	(MDPY_VGA | MBOCHS_SMALL | MTTY_2 | EXAMPLE)

/* Not in a thread: a process that waits for itself to close it cannot be ended. */
static int remove_env(void *arg)
{
	const struct env *env = arg;

	/* The one that this process has from its parent. */
	vfio_close((struct vfio *)&env->dev);
	mdev_remove(&env->mdev);
	return 0;
}

static bool removal_has_begun(void *arg)
{
	const struct env *env = arg;

	return access(mdev_path(&env->mdev, "mdev_type").s, F_OK) != 0;
}

/* The access is in the middle of its copy when the descriptor is closed and the device removed. */
static void remove_and_let_go(struct env *env, unsigned int index, bool write)
{
	struct late_page late = late_page_new();
	struct transfer slow = { &env->dev, index, write, late.page };
	struct worker transferring;
	pid_t removing;
	int status;

	worker_start(&transferring, transfer, &slow);
	late_page_wait_for_touch(&late);
	removing = child_start(remove_env, env);
	check(retry(removal_has_begun, env));
	vfio_close(&env->dev);
	check(!transferring.done);
	check(!child_ended(removing, 0, &status));
	late_page_fill(&late);
	worker_join(&transferring);
	child_join(removing);
	check(!mdev_exists(&env->mdev));
	close(late.uffd);
}

static void removal_waits_for_an_access_that_waits_for_a_page(struct env *env)
{
	unsigned int i, nr = vfio_info(&env->dev).num_regions;
	unsigned int have = mdev_available(env->model->type);
	bool write = false;

	vfio_know_regions(&env->dev);
	for (i = 0; i < nr; i++) {
		if (!env->dev.region[i].size)
			continue;
		remove_and_let_go(env, i, write);
		check_eq(mdev_available(env->model->type), have + 1);
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

static void removal_asks_a_user_of_the_display(struct env *env)
{
	struct querying q = { .env = env };
	struct worker querying;
	pid_t removing;
	int status;
	s32 req;

	if (env->model->bit & MBOCHS)
		dispi_show(&env->dev, 640, 480);
	irq_enable(&env->dev, REQ, 1, &req);
	worker_start(&querying, query_until_asked_to_go, &q);
	removing = child_start(remove_env, env);
	event_wait(req);
	check(!child_ended(removing, 0, &status));
	q.asked = true;
	worker_join(&querying);
	vfio_close(&env->dev);
	child_join(removing);
	check(!mdev_exists(&env->mdev));
}

/* The second one finds no file, or one that does not work any more. */
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

/*
 * Creation and removal at the limit of the budget: @used is no more than what
 * there is at that moment, for it grows after a creation, and shrinks before a
 * removal.
 */
#define PORTS		3
#define AT_THE_LIMIT	40

static void create_and_remove_at_the_limit(void *arg)
{
	atomic_int *used = arg;
	unsigned int i, cost;
	struct mdev mdev;
	int ret, now;

	for (i = 0; i < AT_THE_LIMIT; i++) {
		cost = 1 + i % 2;
		mdev = mdev_random();
		ret = __mdev_create(&mdev, cost == 1 ? "mtty-1" : "mtty-2");
		if (ret) {
			check_eq(ret, -ENOSPC);
			continue;
		}
		now = atomic_fetch_add(used, cost) + cost;
		check(now <= PORTS);
		atomic_fetch_sub(used, cost);
		mdev_remove(&mdev);
	}
}

static void there_is_never_more_than_the_budget(struct env *env)
{
	atomic_int used = 0;
	const struct racer racers[] = {
		{ create_and_remove_at_the_limit, &used },
		{ create_and_remove_at_the_limit, &used },
		{ create_and_remove_at_the_limit, &used },
		{ create_and_remove_at_the_limit, &used },
	};

	module_reload("mtty", "ports=3");
	race(racers, ARRAY_SIZE(racers));
	check_eq(mdev_available("mtty-1"), PORTS);
	check_eq(mdev_available("mtty-2"), PORTS / 2);
	module_reload("mtty", "");
}

/* The same UUIDs, by all: each thread removes one that it made. */
static void create_and_remove_the_same(void *arg)
{
	struct mdev *mdev = arg;
	unsigned int i, m;
	int ret;

	for (i = 0; i < AT_THE_LIMIT; i++) {
		m = i % 3;
		ret = __mdev_create(&mdev[m], i % 2 ? "mtty-1" : "mtty-2");
		if (!ret)
			mdev_remove(&mdev[m]);
		else
			check_one_of(ret, -EEXIST, -ENOSPC);
	}
}

static void the_budget_is_exact_when_uuids_collide(struct env *env)
{
	struct mdev mdev[] = { mdev_random(), mdev_random(), mdev_random() };
	const struct racer racers[] = {
		{ create_and_remove_the_same, mdev }, { create_and_remove_the_same, mdev },
		{ create_and_remove_the_same, mdev }, { create_and_remove_the_same, mdev },
	};

	module_reload("mtty", "ports=3");
	race(racers, ARRAY_SIZE(racers));
	check_eq(mdev_available("mtty-1"), PORTS);
	check_eq(mdev_available("mtty-2"), PORTS / 2);
	module_reload("mtty", "");
}

/* Until the parent has gone: a call that succeeds does all of its work. */
static void create_and_use_until_it_has_gone(void *arg)
{
	struct env env = *(struct env *)arg;
	int ret;

	while (true) {
		env.mdev = mdev_random();
		ret = __mdev_create(&env.mdev, "mtty-1");
		if (ret)
			break;
		ret = __vfio_open(&env.dev, env.mdev.uuid, env.door);
		if (!ret) {
			/* Open: the module cannot go. */
			check(module_is_loaded("mtty"));
			check_eq(config_get(&env.dev, PCI_VENDOR_ID, 2),
				 model_of("mtty-1")->vendor);
			check_eq(__module_unload("mtty"), -EWOULDBLOCK);
			vfio_close(&env.dev);
		}
		try_to_remove(&env.mdev);
	}
	check_one_of(ret, -ENOENT, -ENODEV);
}

static bool mtty_unloads(void *arg)
{
	return __module_unload("mtty") == 0;
}

static void unload(void *arg)
{
	check(retry(mtty_unloads, NULL));
}

static void unloading_is_refused_or_ends_creation(struct env *env)
{
	const struct racer racers[] = {
		{ create_and_use_until_it_has_gone, env },
		{ create_and_use_until_it_has_gone, env },
		{ unload, env },
	};
	unsigned int round;

	for (round = 0; round < 4; round++) {
		race(racers, ARRAY_SIZE(racers));
		module_load("mtty", "");
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
	/* They may all have been refused each time; now there is no other user. */
	vfio_open(&env->dev, env->mdev.uuid, env->door);
	check_eq(config_get(&env->dev, PCI_INTERRUPT_LINE, 1), 0);
}

const struct test_case cases[] = {
	CASE(removal_waits_for_an_access_that_waits_for_a_page, ONE_OF_EACH),
	CASE(removal_asks_a_user_of_the_display, MDPY_VGA | MBOCHS_SMALL),
	CASE(four_remove_one_device, NO_DEVICE),
	CASE(one_of_three_gets_the_uuid_of_a_removed_device, NO_DEVICE),
	CASE(there_is_never_more_than_the_budget, NO_DEVICE),
	CASE(the_budget_is_exact_when_uuids_collide, NO_DEVICE),
	CASE(unloading_is_refused_or_ends_creation, NO_DEVICE),
	CASE(users_come_one_after_the_other, ONE_OF_EACH),
	{}
};
