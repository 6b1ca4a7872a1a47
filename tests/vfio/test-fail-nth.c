// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation and each user copy made to fail in turn, in all that a user
 * or an administrator can ask for.  A call that fails has changed nothing; one
 * that succeeds in spite of it has done all that it should.  What is lost on
 * the way is found by tests/vfio/run.sh, which looks for leaks and at the kernel log.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/example.h"
#include "../lib/fault.h"
#include "../lib/irq.h"
#include "../lib/restored.h"
#include "../lib/state.h"

#define VRAM		0	/* BAR of the displays */

/* One type of each driver: what they have in common is all the same. */
#define SOME		(MDPY_VGA | MBOCHS_SMALL | MTTY_2 | EXAMPLE)

/* How much there is of what a device takes from the rest of the kernel. */
struct outside {
	unsigned int available, groups, users, cdevs;
};

static unsigned int nr_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned int nr = 0;

	while (dir && readdir(dir))
		nr++;
	if (dir)
		closedir(dir);
	return nr;
}

static struct outside outside_of(const char *type)
{
	return (struct outside){
		mdev_available(type), nr_entries("/sys/kernel/iommu_groups"),
		nr_entries("/sys/class/vfio"), nr_entries("/sys/class/vfio-dev"),
	};
}

static void expect_outside(const char *type, const struct outside *want)
{
	struct outside got = outside_of(type);

	check_eq(got.available, want->available);
	check_eq(got.groups, want->groups);
	check_eq(got.users, want->users);
	check_eq(got.cdevs, want->cdevs);
}

static struct text attribute_path(const struct model *m, const struct mdev *mdev)
{
	return mdev_path(mdev, text("vendor/%s", m->attribute ?: "").s);
}

/* Each round asks for the same UUID, so each is also the second try of the last. */
static void a_device_is_made_or_nothing(struct env *env)
{
	const char *type = env->model->type;
	struct outside before = outside_of(type);
	struct fault f = FAULTS("create");
	struct mdev mdev = mdev_random();

	/* Its error path warns, and loses the IOMMU group (7.3): not for us to prove. */
	fault_spare("vfio_create_group");
	while (fault_next(&f)) {
		if (!faulted(&f, __mdev_create(&mdev, type))) {
			if (env->model->attribute)
				sysfs_read(attribute_path(env->model, &mdev).s);
			mdev_remove(&mdev);
		}
		check(!mdev_exists(&mdev));
		check(access(mdev_type_path(type, text("devices/%s", mdev.uuid).s).s, F_OK));
		expect_outside(type, &before);
	}
}

static void a_device_is_removed_or_stays(struct env *env)
{
	const char *type = env->model->type;
	struct outside before = outside_of(type), with;
	struct fault f = FAULTS("remove");
	struct mdev mdev = mdev_random();

	while (fault_next(&f)) {
		if (!mdev_exists(&mdev))
			check_eq(__mdev_create(&mdev, type), 0);
		with = outside_of(type);
		if (faulted(&f, __mdev_remove(&mdev)) < 0) {
			check(mdev_exists(&mdev));
			expect_outside(type, &with);
		} else {
			check(!mdev_exists(&mdev));
			expect_outside(type, &before);
			fault_remove_nodes("/dev/vfio", "/sys/class/vfio");
			fault_remove_nodes("/dev/vfio/devices", "/sys/class/vfio-dev");
		}
	}
}

static void attributes_are_read_or_not(struct env *env)
{
	const struct text paths[] = {
		mdev_type_path(env->model->type, "name"),
		mdev_type_path(env->model->type, "description"),
		mdev_type_path(env->model->type, "device_api"),
		mdev_type_path(env->model->type, "available_instances"),
		attribute_path(env->model, &env->mdev),
	};
	struct text want, got;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(paths) - !env->model->attribute; i++) {
		struct fault f = FAULTS(paths[i].s);

		check_eq(__sysfs_read(paths[i].s, want.s, sizeof(want.s)), 0);
		while (fault_next(&f))
			if (!faulted(&f, __sysfs_read(paths[i].s, got.s, sizeof(got.s))))
				check_mem(got.s, want.s, strlen(want.s) + 1);
	}
}

static int close_all(struct env *env)
{
	vfio_close(&env->dev);
	return 0;
}

static void a_device_opens_as_new_or_not_at_all(struct env *env)
{
	struct state new = state_of(env);
	/* That is what shmem_get_inode() says if it finds no memory for one. */
	struct fault f = { .what = "open", .also = -ENOSPC };

	while (fault_next(&f)) {
		use(env);
		vfio_close(&env->dev);
		if (faulted(&f, __vfio_open(&env->dev, env->mdev.uuid, env->door)) < 0)
			vfio_open(&env->dev, env->mdev.uuid, env->door);
		expect_state(env, &new);
	}
}

static void closing_is_complete_whatever_fails(struct env *env)
{
	struct state new = state_of(env);
	struct fault f = FAULTS("close");
	s32 event;

	while (fault_next(&f)) {
		use(env);
		irq_enable(&env->dev, REQ, 1, &event);
		faulted(&f, close_all(env));
		close(event);
		vfio_open(&env->dev, env->mdev.uuid, env->door);
		expect_state(env, &new);
		check_eq(__irq_do(&env->dev, REQ, TRIGGER, 0), -EINVAL);
	}
}

static void questions_are_answered_or_not(struct env *env)
{
	struct state before = used(env);
	struct vfio_device_info device;
	struct vfio_irq_info irq;
	struct vfio_region_info region;
	struct fault f = FAULTS("GET_INFO");
	unsigned int i;

	while (fault_next(&f))
		if (!faulted(&f, __vfio_info(&env->dev, &device)))
			check_mem(&device, &before.info, sizeof(device));
	for (i = 0; i < VFIO_PCI_NUM_IRQS; i++) {
		f = FAULTS("GET_IRQ_INFO");
		while (fault_next(&f))
			if (!faulted(&f, __vfio_irq_info(&env->dev, i, &irq)))
				check_mem(&irq, &before.irq[i], sizeof(irq));
	}
	for (i = 0; i < before.info.num_regions; i++) {
		f = FAULTS("GET_REGION_INFO");
		while (fault_next(&f))
			if (!faulted(&f, __vfio_region_info(&env->dev, i, &region)))
				check_mem(&region, vfio_region(&env->dev, i), sizeof(region));
	}
	expect_state(env, &before);
}

static void a_capability_comes_whole_or_not(struct env *env)
{
	const unsigned int index = edid_region(&env->dev);
	struct {
		struct vfio_region_info info;
		struct vfio_region_info_cap_type type;
	} got;
	struct fault f = FAULTS("GET_REGION_INFO with room for its capability");

	while (fault_next(&f)) {
		got.info = (struct vfio_region_info){ .argsz = sizeof(got), .index = index };
		if (faulted(&f, sys(ioctl(env->dev.fd, VFIO_DEVICE_GET_REGION_INFO, &got))) < 0)
			continue;
		check_eq(got.info.cap_offset, sizeof(got.info));
		check_eq(got.type.header.id, VFIO_REGION_INFO_CAP_TYPE);
		check_eq(got.type.type, VFIO_REGION_TYPE_GFX);
		check_eq(got.type.subtype, VFIO_REGION_SUBTYPE_GFX_EDID);
	}
}

static void a_reset_is_complete_or_none(struct env *env)
{
	struct state new = state_of(env), before;
	struct fault f = FAULTS("RESET");

	/* So that there is memory to be reset. */
	if (env->model->bit & DISPLAYS)
		reg_put(&env->dev, VRAM, 0, 4, 0);
	while (fault_next(&f)) {
		before = used(env);
		if (faulted(&f, __vfio_reset(&env->dev)) < 0) {
			expect_state(env, &before);
			continue;
		}
		keep_what_is_restored(env, new.config, before.config);
		/* A reset does not unplug the monitor. */
		memcpy(new.edid, before.edid, sizeof(new.edid));
		memcpy(new.blob, before.blob, sizeof(new.blob));
		memcpy(new.registers, before.registers, EDID_BLOB);
		expect_state(env, &new);
	}
}

#define MAX_VECTORS	EXAMPLE_VECTORS

/* SET_IRQS without the malloc() of lib/irq, which is not what is to fail. */
struct irq_call {
	struct vfio_irq_set set;
	s32 data[MAX_VECTORS];
};

static int irq_set(const struct env *env, unsigned int index, u32 flags, u32 count,
		   const s32 *events)
{
	struct irq_call call = {
		.set = { sizeof(call), flags, index, 0, count },
	};

	if (events)
		memcpy(call.data, events, count * sizeof(*events));
	if (flags & BOOL)
		memset(call.data, 1, sizeof(call.data));
	return sys(ioctl(env->dev.fd, VFIO_DEVICE_SET_IRQS, &call));
}

static unsigned int nr_vectors(const struct env *env, unsigned int index)
{
	switch (index) {
	case INTX:
		return env->model->pin;
	case MSI:
		return env->model->nr_ports;
	case MSIX:
		return env->model->nr_msix;
	case ERR:
		return env->model->pcie;
	default:
		return 1;
	}
}

/* All vectors go to @events and to no other; NULL: the index is not enabled. */
static void expect_wired(struct env *env, unsigned int index, const s32 *events,
			 const s32 *others)
{
	unsigned int i;

	for (i = 0; i < nr_vectors(env, index); i++) {
		check_eq(__irq_do(&env->dev, index, TRIGGER, i), events ? 0 : -EINVAL);
		check(!events || event_take(events[i]) == 1);
		check_eq(event_take(others[i]), 0);
	}
}

static const unsigned int indices[] = { INTX, MSI, MSIX, ERR, REQ };

static void events_new(s32 *events)
{
	unsigned int i;

	for (i = 0; i < MAX_VECTORS; i++)
		events[i] = event_new();
}

static void eventfds_are_assigned_all_or_none(struct env *env)
{
	s32 old[MAX_VECTORS], new[MAX_VECTORS];
	unsigned int i, nr;

	events_new(old);
	events_new(new);
	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		struct fault f = FAULTS("SET_IRQS with the first eventfds");

		nr = nr_vectors(env, indices[i]);
		if (!nr)
			continue;
		while (fault_next(&f)) {
			if (faulted(&f, irq_set(env, indices[i], TRIGGER | EVENTFD, nr, new)))
				expect_wired(env, indices[i], NULL, new);
			else
				expect_wired(env, indices[i], new, old);
			irq_disable(&env->dev, indices[i]);
		}

		f = FAULTS("SET_IRQS with other eventfds");
		while (fault_next(&f)) {
			check_eq(irq_set(env, indices[i], TRIGGER | EVENTFD, nr, old), 0);
			if (faulted(&f, irq_set(env, indices[i], TRIGGER | EVENTFD, nr, new)))
				expect_wired(env, indices[i], old, new);
			else
				expect_wired(env, indices[i], new, old);
		}
		irq_disable(&env->dev, indices[i]);
	}
}

static void eventfds_are_taken_away_all_or_none(struct env *env)
{
	s32 old[MAX_VECTORS], none[MAX_VECTORS];
	unsigned int i, nr;
	bool taken;

	events_new(old);
	memset(none, -1, sizeof(none));
	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		struct fault f = FAULTS("SET_IRQS with -1");

		nr = nr_vectors(env, indices[i]);
		if (!nr)
			continue;
		while (fault_next(&f)) {
			check_eq(irq_set(env, indices[i], TRIGGER | EVENTFD, nr, old), 0);
			taken = !faulted(&f, irq_set(env, indices[i], TRIGGER | EVENTFD, nr, none));
			__irq_do(&env->dev, indices[i], TRIGGER, 0);
			check_eq(event_take(old[0]), !taken);
			/* An entry of MSI-X that has no eventfd is masked. */
			if (indices[i] == MSIX)
				check_eq(example_is_masked(&env->dev, nr - 1), taken);
		}

		f = FAULTS("SET_IRQS with no vector");
		while (fault_next(&f)) {
			check_eq(irq_set(env, indices[i], TRIGGER | EVENTFD, nr, old), 0);
			if (faulted(&f, irq_set(env, indices[i], TRIGGER | NONE, 0, NULL)))
				expect_wired(env, indices[i], old, old);
			else
				expect_wired(env, indices[i], NULL, old);
		}
	}
}

static void loopback_fires_once_or_not(struct env *env)
{
	static const u32 types[] = { NONE, BOOL };
	s32 events[MAX_VECTORS];
	unsigned int i, t;
	int ret;

	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		if (!nr_vectors(env, indices[i]))
			continue;
		irq_enable(&env->dev, indices[i], nr_vectors(env, indices[i]), events);
		for (t = 0; t < ARRAY_SIZE(types); t++) {
			struct fault f = FAULTS("SET_IRQS that fires");

			while (fault_next(&f)) {
				ret = faulted(&f, irq_set(env, indices[i], TRIGGER | types[t], 1,
							  NULL));
				check_eq(event_take(events[0]), !ret);
			}
		}
		irq_disable(&env->dev, indices[i]);
	}
}

/* Masked or not: an interrupt that is asked for tells, and leaves it unmasked. */
static bool intx_is_masked(struct env *env, s32 event)
{
	bool masked;

	uart_raise(&env->dev, PORT_1);
	masked = !event_take(event);
	uart_lower(&env->dev, PORT_1);
	irq_do(&env->dev, INTX, UNMASK, 0);
	check_eq(event_take(event), 0);
	return masked;
}

static void intx_is_masked_and_unmasked_or_not(struct env *env)
{
	static const u32 types[] = { NONE, BOOL };
	unsigned int t;
	s32 event;
	int ret;

	irq_enable(&env->dev, INTX, 1, &event);
	for (t = 0; t < ARRAY_SIZE(types); t++) {
		struct fault f = FAULTS("SET_IRQS that masks");

		while (fault_next(&f)) {
			ret = faulted(&f, irq_set(env, INTX, MASK | types[t], 1, NULL));
			check_eq(intx_is_masked(env, event), !ret);
		}

		f = FAULTS("SET_IRQS that unmasks");
		while (fault_next(&f)) {
			irq_do(&env->dev, INTX, MASK, 0);
			ret = faulted(&f, irq_set(env, INTX, UNMASK | types[t], 1, NULL));
			check_eq(intx_is_masked(env, event), !!ret);
		}
	}
}

/* Whether there is one: a second is refused. */
static bool has_eventfd(const struct env *env, u32 action)
{
	const s32 event = event_new(), none = -1;
	int ret = irq_set(env, INTX, action | EVENTFD, 1, &event);

	if (!ret)
		check_eq(irq_set(env, INTX, action | EVENTFD, 1, &none), 0);
	else
		check_eq(ret, -EBUSY);
	close(event);
	return ret;
}

static void eventfds_that_mask_come_and_go_or_not(struct env *env)
{
	static const u32 actions[] = { MASK, UNMASK };
	const s32 event = event_new(), none = -1;
	s32 trigger;
	unsigned int a;
	int ret;

	irq_enable(&env->dev, INTX, 1, &trigger);
	for (a = 0; a < ARRAY_SIZE(actions); a++) {
		struct fault f = FAULTS("SET_IRQS with an eventfd that masks or unmasks");
		const u32 flags = actions[a] | EVENTFD;

		while (fault_next(&f)) {
			ret = faulted(&f, irq_set(env, INTX, flags, 1, &event));
			check_eq(has_eventfd(env, actions[a]), !ret);
			check_eq(irq_set(env, INTX, flags, 1, &none), 0);
		}

		f = FAULTS("SET_IRQS that takes such an eventfd away");
		while (fault_next(&f)) {
			check_eq(irq_set(env, INTX, flags, 1, &event), 0);
			ret = faulted(&f, irq_set(env, INTX, flags, 1, &none));
			check_eq(has_eventfd(env, actions[a]), !!ret);
			check_eq(irq_set(env, INTX, flags, 1, &none), 0);
		}
	}
	check(!intx_is_masked(env, trigger));
}

const struct test_case cases[] = {
	CASE(a_device_is_made_or_nothing, SOME),
	CASE(a_device_is_removed_or_stays, SOME),
	CASE(attributes_are_read_or_not, SOME),
	CASE(a_device_opens_as_new_or_not_at_all, SOME),
	CASE(closing_is_complete_whatever_fails, SOME),
	CASE(questions_are_answered_or_not, SOME),
	CASE(a_capability_comes_whole_or_not, MBOCHS_SMALL),
	CASE(a_reset_is_complete_or_none, SOME),
	CASE(eventfds_are_assigned_all_or_none, SOME),
	CASE(eventfds_are_taken_away_all_or_none, SOME),
	CASE(loopback_fires_once_or_not, SOME),
	CASE(intx_is_masked_and_unmasked_or_not, MTTY_2),
	CASE(eventfds_that_mask_come_and_go_or_not, MTTY_2),
	{}
};
