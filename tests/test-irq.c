// SPDX-License-Identifier: GPL-2.0-only
/* The rules of VFIO_DEVICE_SET_IRQS, for every index of every device. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/cases.h"
#include "lib/irq.h"

static const unsigned int indices[] = { INTX, MSI, MSIX, ERR, REQ };
static const u32 actions[] = { MASK, UNMASK, TRIGGER };
static const u32 data_types[] = { NONE, BOOL, EVENTFD };

static unsigned int nr_irqs(const struct model *m, unsigned int index)
{
	switch (index) {
	case INTX:
		return m->pin;
	case MSI:
		return m->nr_ports;
	case REQ:
		return 1;
	default:
		return 0;
	}
}

/* One vector of an index that is enabled; 1: ENOTTY and EINVAL are both fine. */
static int want_of(const struct model *m, unsigned int index, u32 action)
{
	if (!nr_irqs(m, index))
		return -EINVAL;
	return index == INTX || action == TRIGGER ? 0 : 1;
}

static void every_action_with_every_data_type(struct env *env)
{
	s32 enabled, event = event_new();
	unsigned int i, a, d;
	int ret;

	for (i = 0; i < ARRAY_SIZE(indices); i++)
		for (a = 0; a < ARRAY_SIZE(actions); a++)
			for (d = 0; d < ARRAY_SIZE(data_types); d++) {
				u32 flags = actions[a] | data_types[d];
				int want = want_of(env->model, indices[i], actions[a]);
				size_t len[] = { 0, 1, sizeof(event) };

				note("index %u, action %#x, data %#x", indices[i], actions[a],
				     data_types[d]);
				if (nr_irqs(env->model, indices[i]))
					irq_enable(&env->dev, indices[i], 1, &enabled);
				ret = __irq_set(&env->dev, indices[i], flags, 0, 1, &event, len[d]);
				if (want == 1)
					check_one_of(ret, -ENOTTY, -EINVAL);
				else
					check_eq(ret, want);
				if (nr_irqs(env->model, indices[i]))
					irq_disable(&env->dev, indices[i]);
			}
}

static void loopback_needs_a_trigger(struct env *env)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		note("index %u", indices[i]);
		check_eq(__irq_do(&env->dev, indices[i], TRIGGER, 0), -EINVAL);
	}
}

static void flags_name_one_action_and_one_data_type(struct env *env)
{
	static const u32 wrong[] = {
		0, NONE, BOOL, EVENTFD, TRIGGER, MASK, UNMASK,
		NONE | MASK | UNMASK, NONE | MASK | TRIGGER, NONE | UNMASK | TRIGGER,
		NONE | MASK | UNMASK | TRIGGER,
		NONE | BOOL | TRIGGER, NONE | EVENTFD | TRIGGER, BOOL | EVENTFD | TRIGGER,
		NONE | BOOL | EVENTFD | TRIGGER,
		NONE | TRIGGER | 1U << 6, NONE | TRIGGER | 1U << 31, ~0U,
	};
	s32 data[2] = { -1, -1 }, event;
	unsigned int i, w;

	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		if (nr_irqs(env->model, indices[i]))
			irq_enable(&env->dev, indices[i], 1, &event);
		for (w = 0; w < ARRAY_SIZE(wrong); w++) {
			note("index %u, flags %#x", indices[i], wrong[w]);
			check_eq(__irq_set(&env->dev, indices[i], wrong[w], 0, 1, data,
					   sizeof(data)), -EINVAL);
		}
		if (!nr_irqs(env->model, indices[i]))
			continue;
		check_eq(event_take(event), 0);
		irq_do(&env->dev, indices[i], TRIGGER, 0);
		check_eq(event_take(event), 1);
		irq_disable(&env->dev, indices[i]);
	}
}

static void ranges_are_checked(struct env *env)
{
	unsigned int i;

	for (i = 0; i <= VFIO_PCI_NUM_IRQS; i++) {
		unsigned int nr = nr_irqs(env->model, i);
		const struct {
			u32 start, count;
		} wrong[] = {
			{ nr, 1 }, { 0, nr + 1 }, { 1, nr ? nr : 1 }, { UINT32_MAX, 1 },
			{ UINT32_MAX, 2 }, { 1, UINT32_MAX }, { 0, UINT32_MAX },
			{ INT32_MAX, INT32_MAX }, { VFIO_PCI_NUM_IRQS, 1 },
			{ 0, VFIO_PCI_NUM_IRQS },
		};
		unsigned int w;

		for (w = 0; w < ARRAY_SIZE(wrong); w++) {
			note("index %u, start %#x, count %#x", i, wrong[w].start, wrong[w].count);
			check_eq(__irq_set(&env->dev, i, TRIGGER | NONE, wrong[w].start,
					   wrong[w].count, NULL, 0), -EINVAL);
		}
	}
	note("index -1");
	check_eq(__irq_do(&env->dev, UINT32_MAX, TRIGGER, 0), -EINVAL);
}

static void argsz_has_to_hold_header_and_data(struct env *env)
{
	struct {
		struct vfio_irq_set set;
		s32 event;
	} arg = { .set = { .index = REQ, .count = 1 } };
	const struct {
		u32 type, min;
	} rows[] = { { NONE, 20 }, { BOOL, 21 }, { EVENTFD, 24 } };
	s32 first, event = event_new();
	unsigned int r;

	irq_enable(&env->dev, REQ, 1, &first);
	arg.event = event;
	for (r = 0; r < ARRAY_SIZE(rows); r++) {
		arg.set.flags = TRIGGER | rows[r].type;
		for (arg.set.argsz = 0; arg.set.argsz < rows[r].min; arg.set.argsz++) {
			note("argsz %u", arg.set.argsz);
			check_eq(sys(ioctl(env->dev.fd, VFIO_DEVICE_SET_IRQS, &arg)), -EINVAL);
		}
		check_eq(event_take(first), 0);
		check_eq(sys(ioctl(env->dev.fd, VFIO_DEVICE_SET_IRQS, &arg)), 0);
		/* NONE and BOOL fire the one there is, EVENTFD puts another in its place. */
		check_eq(event_take(first), rows[r].type != EVENTFD);
	}
	irq_do(&env->dev, REQ, TRIGGER, 0);
	check_eq(event_take(event), 1);
}

static void bad_pointers_are_efault(struct env *env)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct vfio_irq_set *set;
	u8 *two;

	two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(two != MAP_FAILED);
	check_eq(sys(mprotect(two + page, page, PROT_NONE)), 0);

	check_eq(sys(ioctl(env->dev.fd, VFIO_DEVICE_SET_IRQS, NULL)), -EFAULT);
	check_eq(sys(ioctl(env->dev.fd, VFIO_DEVICE_SET_IRQS, two + page)), -EFAULT);
	check_eq(sys(ioctl(env->dev.fd, VFIO_DEVICE_SET_IRQS, two + page - 8)), -EFAULT);
	/* The header is there, the eventfd is not. */
	set = (void *)(two + page - sizeof(*set));
	*set = (struct vfio_irq_set){ sizeof(*set) + 4, TRIGGER | EVENTFD, REQ, 0, 1 };
	check_eq(sys(ioctl(env->dev.fd, VFIO_DEVICE_SET_IRQS, set)), -EFAULT);
}

/* The fixture has opened the device, and asked it nothing. */
static void nothing_depends_on_get_info(struct env *env)
{
	unsigned int i;
	s32 event;

	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		if (!nr_irqs(env->model, indices[i]))
			continue;
		note("index %u", indices[i]);
		irq_enable(&env->dev, indices[i], 1, &event);
		irq_do(&env->dev, indices[i], TRIGGER, 0);
		check_eq(event_take(event), 1);
		irq_disable(&env->dev, indices[i]);
	}
}

static void loopback_fires_what_it_is_told(struct env *env)
{
	unsigned int i, nr, vector;
	s32 events[2];
	u8 bools[2];

	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		nr = nr_irqs(env->model, indices[i]);
		if (!nr)
			continue;
		irq_enable(&env->dev, indices[i], nr, events);
		for (vector = 0; vector < nr; vector++) {
			note("index %u, vector %u", indices[i], vector);
			irq_do(&env->dev, indices[i], TRIGGER, vector);
			check_eq(event_take(events[vector]), 1);
			check_eq(event_take(events[!vector % nr]), 0);

			bools[0] = vector == 0;
			bools[1] = vector == 1;
			check_eq(__irq_set(&env->dev, indices[i], TRIGGER | BOOL, 0, nr, bools,
					   nr), 0);
			check_eq(event_take(events[vector]), 1);
			check_eq(event_take(events[!vector % nr]), 0);
		}
		bools[0] = 0;
		bools[1] = 0;
		check_eq(__irq_set(&env->dev, indices[i], TRIGGER | BOOL, 0, nr, bools, nr), 0);
		check_eq(event_take(events[0]), 0);
		irq_disable(&env->dev, indices[i]);
	}
}

static void minus_one_takes_the_eventfd_away(struct env *env)
{
	unsigned int i;
	s32 event;

	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		if (!nr_irqs(env->model, indices[i]))
			continue;
		note("index %u", indices[i]);
		irq_enable(&env->dev, indices[i], 1, &event);
		check_eq(__irq_event(&env->dev, indices[i], TRIGGER, -1), 0);
		__irq_do(&env->dev, indices[i], TRIGGER, 0);
		check_eq(event_take(event), 0);
		check_eq(__irq_event(&env->dev, indices[i], TRIGGER, event), 0);
		irq_do(&env->dev, indices[i], TRIGGER, 0);
		check_eq(event_take(event), 1);
		irq_disable(&env->dev, indices[i]);
	}
}

static void disabling_ends_events(struct env *env)
{
	unsigned int i;
	s32 event;

	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		if (!nr_irqs(env->model, indices[i]))
			continue;
		note("index %u", indices[i]);
		irq_enable(&env->dev, indices[i], 1, &event);
		irq_disable(&env->dev, indices[i]);
		check_eq(__irq_do(&env->dev, indices[i], TRIGGER, 0), -EINVAL);
		check_eq(event_take(event), 0);
	}
}

static void another_eventfd_takes_the_place_of_the_first(struct env *env)
{
	s32 first, second = event_new();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		if (!nr_irqs(env->model, indices[i]))
			continue;
		note("index %u", indices[i]);
		irq_enable(&env->dev, indices[i], 1, &first);
		check_eq(__irq_event(&env->dev, indices[i], TRIGGER, second), 0);
		irq_do(&env->dev, indices[i], TRIGGER, 0);
		check_eq(event_take(first), 0);
		check_eq(event_take(second), 1);
		irq_disable(&env->dev, indices[i]);
	}
}

static void a_bad_eventfd_changes_nothing(struct env *env)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC), closed = 1000;
	const struct {
		s32 fd;
		int want;
	} bad[] = {
		{ closed, -EBADF }, { null, -EINVAL }, { env->dev.fd, -EINVAL }, { -2, -EBADF },
	};
	unsigned int i, b;
	s32 event;

	check(null >= 0);
	check_eq(sys(fcntl(closed, F_GETFD)), -EBADF);
	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		if (!nr_irqs(env->model, indices[i]))
			continue;
		for (b = 0; b < ARRAY_SIZE(bad); b++) {
			note("index %u, bad fd %u", indices[i], b);
			check_eq(__irq_event(&env->dev, indices[i], TRIGGER, bad[b].fd),
				 bad[b].want);
			check_eq(__irq_do(&env->dev, indices[i], TRIGGER, 0), -EINVAL);

			irq_enable(&env->dev, indices[i], 1, &event);
			check_eq(__irq_event(&env->dev, indices[i], TRIGGER, bad[b].fd),
				 bad[b].want);
			irq_do(&env->dev, indices[i], TRIGGER, 0);
			check_eq(event_take(event), 1);
			irq_disable(&env->dev, indices[i]);
		}
	}
}

static void a_bad_eventfd_in_the_middle_changes_nothing(struct env *env)
{
	s32 old[2], new[2] = { event_new(), env->dev.fd };

	check_eq(__irq_assign(&env->dev, MSI, 0, 2, new), -EINVAL);
	check_eq(__irq_do(&env->dev, MSI, TRIGGER, 0), -EINVAL);

	irq_enable(&env->dev, MSI, 2, old);
	check_eq(__irq_assign(&env->dev, MSI, 0, 2, new), -EINVAL);
	irq_do(&env->dev, MSI, TRIGGER, 0);
	irq_do(&env->dev, MSI, TRIGGER, 1);
	check_eq(event_take(old[0]), 1);
	check_eq(event_take(old[1]), 1);
	check_eq(event_take(new[0]), 0);
}

static void a_closed_eventfd_is_still_held(struct env *env)
{
	unsigned int i;
	s32 event;

	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		if (!nr_irqs(env->model, indices[i]))
			continue;
		irq_enable(&env->dev, indices[i], 1, &event);
		close(event);
		irq_do(&env->dev, indices[i], TRIGGER, 0);
		irq_disable(&env->dev, indices[i]);
	}
}

const struct test_case cases[] = {
	CASE(every_action_with_every_data_type, EACH),
	CASE(loopback_needs_a_trigger, EACH),
	CASE(flags_name_one_action_and_one_data_type, EACH),
	CASE(ranges_are_checked, EACH),
	CASE(argsz_has_to_hold_header_and_data, EACH),
	CASE(bad_pointers_are_efault, EACH),
	CASE(nothing_depends_on_get_info, EACH),
	CASE(loopback_fires_what_it_is_told, EACH),
	CASE(minus_one_takes_the_eventfd_away, EACH),
	CASE(disabling_ends_events, EACH),
	CASE(another_eventfd_takes_the_place_of_the_first, EACH),
	CASE(a_bad_eventfd_changes_nothing, EACH),
	CASE(a_bad_eventfd_in_the_middle_changes_nothing, MTTY_2),
	CASE(a_closed_eventfd_is_still_held, EACH),
	{}
};
