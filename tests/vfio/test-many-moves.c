// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many devices that migrate at the same time: 32 sources to 32 targets, each pair in a
 * process of its own, while some are reset, closed or removed in the middle.
 */
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/migration.h"

#define PAIRS	32

static const char *const types[] = { "mdpy-vga", "mbochs-small", "mtty-2", "softpci-example-1",
					"mioat-1" };

/* An event in the middle of the first migration of a pair. */
enum trouble { NO_TROUBLE, RESET_SOURCE, RESET_TARGET, CLOSE_SOURCE, REMOVE_SOURCE, NR_TROUBLES };

struct pair {
	struct env source, target;
	enum trouble trouble;
	u8 mark;
};

/* Both interfaces at the same time, if this kernel has them. */
static enum door door_of(unsigned int pair)
{
	if (door_missing(DOOR_CDEV))
		return DOOR_GROUP;
	if (door_missing(DOOR_GROUP))
		return DOOR_CDEV;
	return pair / ARRAY_SIZE(types) % 2 ? DOOR_CDEV : DOOR_GROUP;
}

static void open_one(struct env *env)
{
	vfio_open(&env->dev, env->mdev.uuid, env->door);
}

static void mark(struct pair *p)
{
	reg_put(&p->source.dev, 0, p->source.model->scratch, 1, p->mark);
	config_put(&p->source.dev, PCI_INTERRUPT_LINE, 1, ~p->mark);
}

static void expect_mark(const struct pair *p, struct env *env)
{
	check_eq(reg_get(&env->dev, 0, env->model->scratch, 1), p->mark);
	check_eq(config_get(&env->dev, PCI_INTERRUPT_LINE, 1), (u8)~p->mark);
}

static int remove_it(void *arg)
{
	struct env *env = arg;

	/* The copy of the descriptors that came with the fork. */
	vfio_close(&env->dev);
	mdev_remove(&env->mdev);
	return 0;
}

/* A migration that comes to nothing: both data files are open. */
static void make_trouble(struct pair *p)
{
	struct vfio *from = &p->source.dev, *to = &p->target.dev;
	int out, in;
	u8 bytes[64];
	pid_t pid;

	out = mig_go(from, mig_has_precopy(from) ? MIG_PRE_COPY : MIG_STOP_COPY);
	in = mig_go(to, MIG_RESUMING);
	check_eq(read(out, bytes, sizeof(bytes)), sizeof(bytes));
	check_eq(write(in, bytes, sizeof(bytes)), sizeof(bytes));
	switch (p->trouble) {
	case RESET_SOURCE:
		vfio_reset(from);
		break;
	case RESET_TARGET:
		break;
	case CLOSE_SOURCE:
		vfio_close(from);
		open_one(&p->source);
		break;
	default:
		/* It waits until the device is closed. */
		pid = child_start(remove_it, &p->source);
		vfio_close(from);
		child_join(pid);
		p->source.mdev = mdev_create(p->source.model->type);
		open_one(&p->source);
	}
	vfio_reset(to);
	if (p->trouble != RESET_TARGET)
		check_eq(sys(read(out, bytes, sizeof(bytes))), -ENODEV);
	check_eq(sys(write(in, bytes, sizeof(bytes))), -ENODEV);
	close(out);
	close(in);
	mig_go(from, MIG_RUNNING);
	check_eq(mig_get_state(to), MIG_RUNNING);
}

static int run_pair(void *arg)
{
	struct pair *p = arg;
	struct blob blob = {};

	open_one(&p->source);
	open_one(&p->target);
	mark(p);
	if (p->trouble != NO_TROUBLE) {
		make_trouble(p);
		mark(p);
	}
	if (mig_has_precopy(&p->source.dev))
		check_eq(mig_save_precopy(&p->source.dev, &blob, NULL, NULL), 0);
	else
		check_eq(mig_save(&p->source.dev, &blob), 0);
	check_eq(mig_load(&p->target.dev, &blob), 0);
	mig_go(&p->target.dev, MIG_RUNNING);
	expect_mark(p, &p->target);
	/* The source as well could go on. */
	mig_go(&p->source.dev, MIG_RUNNING);
	expect_mark(p, &p->source);
	vfio_close(&p->source.dev);
	vfio_close(&p->target.dev);
	return 0;
}

static void many_devices_move_at_the_same_time(struct env *env)
{
	static struct pair pair[PAIRS];
	pid_t pid[PAIRS];
	unsigned int i;
	int status;

	for (i = 0; i < PAIRS; i++) {
		const struct model *model = model_of(types[i % ARRAY_SIZE(types)]);

		pair[i].source = (struct env){ .door = door_of(i), .model = model };
		pair[i].target = pair[i].source;
		pair[i].source.mdev = mdev_create(model->type);
		pair[i].target.mdev = mdev_create(model->type);
		pair[i].trouble = i % NR_TROUBLES;
		pair[i].mark = i + 1;
	}
	for (i = 0; i < PAIRS; i++)
		pid[i] = child_start(run_pair, &pair[i]);
	for (i = 0; i < PAIRS; i++) {
		note("pair %u, %s, %s, trouble %u", i, door_name(pair[i].source.door),
		     pair[i].source.model->type, pair[i].trouble);
		check(child_ended(pid[i], 6 * WAIT_MS, &status));
		check_eq(status, 0);
	}
}

const struct test_case cases[] = {
	CASE(many_devices_move_at_the_same_time, NO_DOOR),
	{}
};
