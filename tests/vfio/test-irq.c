// SPDX-License-Identifier: GPL-2.0-only
/* The rules of VFIO_DEVICE_SET_IRQS, for every index of every device. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/irq.h"

/* More than any index has. */
#define MAX_RANGE	66

static const unsigned int indices[] = { INTX, MSI, MSIX, ERR, REQ };

static unsigned int nr_irqs(const struct model *m, unsigned int index)
{
	switch (index) {
	case INTX:
		return m->pin;
	case MSI:
		return m->nr_ports;
	case MSIX:
		return m->nr_msix;
	case ERR:
		return m->pcie;
	case REQ:
		return 1;
	default:
		return 0;
	}
}

/*
 * What each combination of the uapi answers.  Indices that a device lacks have no
 * vector that could be named: -EINVAL, whatever the table says of those that have
 * it.
 */
static const struct rule {
	unsigned int index;
	u32 action, data;
	int on;		/* one vector of an index that is enabled */
	int off;	/* of one that is not, and neither is another of INTx, MSI and MSI-X */
	int other;	/* but another is */
	int zero;	/* enabled, and a count of 0 */
} rules[] = {
	{ INTX, MASK,    NONE,    0,       -EINVAL, -EINVAL, -EINVAL },
	{ INTX, MASK,    BOOL,    0,       -EINVAL, -EINVAL, -EINVAL },
	{ INTX, MASK,    EVENTFD, 0,       -EINVAL, -EINVAL, -EINVAL },
	{ INTX, UNMASK,  NONE,    0,       -EINVAL, -EINVAL, -EINVAL },
	{ INTX, UNMASK,  BOOL,    0,       -EINVAL, -EINVAL, -EINVAL },
	{ INTX, UNMASK,  EVENTFD, 0,       -EINVAL, -EINVAL, -EINVAL },
	{ INTX, TRIGGER, NONE,    0,       -EINVAL, -EINVAL, 0 },
	{ INTX, TRIGGER, BOOL,    0,       -EINVAL, -EINVAL, -EINVAL },
	{ INTX, TRIGGER, EVENTFD, 0,       0,       -EINVAL, -EINVAL },

	{ MSI,  MASK,    NONE,    -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ MSI,  MASK,    BOOL,    -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ MSI,  MASK,    EVENTFD, -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ MSI,  UNMASK,  NONE,    -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ MSI,  UNMASK,  BOOL,    -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ MSI,  UNMASK,  EVENTFD, -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ MSI,  TRIGGER, NONE,    0,       -EINVAL, -EINVAL, 0 },
	{ MSI,  TRIGGER, BOOL,    0,       -EINVAL, -EINVAL, -EINVAL },
	{ MSI,  TRIGGER, EVENTFD, 0,       0,       -EINVAL, -EINVAL },

	{ MSIX, MASK,    NONE,    -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ MSIX, MASK,    BOOL,    -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ MSIX, MASK,    EVENTFD, -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ MSIX, UNMASK,  NONE,    -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ MSIX, UNMASK,  BOOL,    -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ MSIX, UNMASK,  EVENTFD, -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ MSIX, TRIGGER, NONE,    0,       -EINVAL, -EINVAL, 0 },
	{ MSIX, TRIGGER, BOOL,    0,       -EINVAL, -EINVAL, -EINVAL },
	{ MSIX, TRIGGER, EVENTFD, 0,       0,       -EINVAL, -EINVAL },

	{ ERR,  MASK,    NONE,    -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ ERR,  MASK,    BOOL,    -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ ERR,  MASK,    EVENTFD, -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ ERR,  UNMASK,  NONE,    -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ ERR,  UNMASK,  BOOL,    -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ ERR,  UNMASK,  EVENTFD, -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ ERR,  TRIGGER, NONE,    0,       -EINVAL, -EINVAL, 0 },
	{ ERR,  TRIGGER, BOOL,    0,       -EINVAL, -EINVAL, -EINVAL },
	{ ERR,  TRIGGER, EVENTFD, 0,       0,       0,       -EINVAL },

	{ REQ,  MASK,    NONE,    -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ REQ,  MASK,    BOOL,    -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ REQ,  MASK,    EVENTFD, -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ REQ,  UNMASK,  NONE,    -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ REQ,  UNMASK,  BOOL,    -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ REQ,  UNMASK,  EVENTFD, -ENOTTY, -ENOTTY, -ENOTTY, -EINVAL },
	{ REQ,  TRIGGER, NONE,    0,       -EINVAL, -EINVAL, 0 },
	{ REQ,  TRIGGER, BOOL,    0,       -EINVAL, -EINVAL, -EINVAL },
	{ REQ,  TRIGGER, EVENTFD, 0,       0,       0,       -EINVAL },
};

static int want_of(const struct env *env, const struct rule *rule, int want)
{
	return nr_irqs(env->model, rule->index) ? want : -EINVAL;
}

static void note_rule(const struct rule *rule, const char *when)
{
	note("index %u, action %#x, data %#x, %s", rule->index, rule->action, rule->data, when);
}

/* With bools that are all true, or eventfds. */
static int set_by_rule(struct env *env, const struct rule *rule, u32 start, u32 count)
{
	u8 bools[MAX_RANGE];
	s32 events[MAX_RANGE] = {};
	unsigned int i, len = count <= MAX_RANGE ? count : 1;
	int ret;

	if (rule->data == NONE)
		return __irq_set(&env->dev, rule->index, rule->action | NONE, start, count, NULL,
				 0);
	memset(bools, 1, sizeof(bools));
	if (rule->data == BOOL)
		return __irq_set(&env->dev, rule->index, rule->action | BOOL, start, count, bools,
				 len);
	for (i = 0; i < len; i++)
		events[i] = event_new();
	ret = __irq_set(&env->dev, rule->index, rule->action | EVENTFD, start, count, events,
			len * sizeof(*events));
	for (i = 0; i < len; i++)
		close(events[i]);
	return ret;
}

static void disable_and_close(struct env *env, unsigned int index, unsigned int nr,
			      const s32 *events)
{
	if (nr)
		irq_disable(&env->dev, index);
	while (nr)
		close(events[--nr]);
}

static void every_action_with_every_data_type(struct env *env)
{
	const struct rule *rule;
	s32 event;

	for (rule = rules; rule < rules + ARRAY_SIZE(rules); rule++) {
		note_rule(rule, "enabled");
		if (nr_irqs(env->model, rule->index))
			irq_enable(&env->dev, rule->index, 1, &event);
		check_eq(set_by_rule(env, rule, 0, 1), want_of(env, rule, rule->on));
		if (!nr_irqs(env->model, rule->index))
			continue;
		/* Without an eventfd of its own a trigger fires the one there is. */
		check_eq(event_take(event), rule->action == TRIGGER && rule->data != EVENTFD);
		disable_and_close(env, rule->index, 1, &event);
	}
}

static void every_action_where_nothing_is_enabled(struct env *env)
{
	const struct rule *rule;
	int want;

	for (rule = rules; rule < rules + ARRAY_SIZE(rules); rule++) {
		note_rule(rule, "not enabled");
		want = want_of(env, rule, rule->off);
		check_eq(set_by_rule(env, rule, 0, 1), want);
		if (want)
			check_eq(__irq_do(&env->dev, rule->index, TRIGGER, 0), -EINVAL);
		else
			irq_disable(&env->dev, rule->index);
	}
}

/* The one that is enabled stays so, and fires its eventfd as before. */
static void every_action_where_the_other_is_enabled(struct env *env)
{
	const struct rule *rule;
	s32 event;

	for (rule = rules; rule < rules + ARRAY_SIZE(rules); rule++) {
		unsigned int other = rule->index == MSI ? INTX : MSI;

		note_rule(rule, "the other is enabled");
		irq_enable(&env->dev, other, 1, &event);
		check_eq(set_by_rule(env, rule, 0, 1), want_of(env, rule, rule->other));
		check_eq(event_take(event), 0);
		irq_do(&env->dev, other, TRIGGER, 0);
		check_eq(event_take(event), 1);
		disable_and_close(env, other, 1, &event);
	}
}

static void a_count_of_zero_is_for_disabling_alone(struct env *env)
{
	const struct rule *rule;
	unsigned int start, nr;
	s32 events[MAX_RANGE];

	for (rule = rules; rule < rules + ARRAY_SIZE(rules); rule++) {
		nr = nr_irqs(env->model, rule->index);
		for (start = 0; start <= nr; start += nr / 4 ?: 1) {
			int want = start < nr ? want_of(env, rule, rule->zero) : -EINVAL;

			note_rule(rule, text("none from %u", start).s);
			if (nr)
				irq_enable(&env->dev, rule->index, nr, events);
			check_eq(set_by_rule(env, rule, start, 0), want);
			check_eq(__irq_do(&env->dev, rule->index, TRIGGER, 0),
				 nr && want ? 0 : -EINVAL);
			disable_and_close(env, rule->index, nr, events);
		}
	}
}

/* All that an index has, or its last one: as one of them. And none behind. */
static void ranges_are_checked(struct env *env)
{
	const struct rule *rule;
	s32 events[MAX_RANGE];
	unsigned int r;

	for (rule = rules; rule < rules + ARRAY_SIZE(rules); rule++) {
		unsigned int nr = nr_irqs(env->model, rule->index);
		const struct {
			u32 start, count;
			int want;
		} rows[] = {
			{ 0, nr ?: 1, want_of(env, rule, rule->on) },
			{ nr ? nr - 1 : 0, 1, want_of(env, rule, rule->on) },
			{ nr, 1, -EINVAL }, { 0, nr + 1, -EINVAL }, { 1, nr ?: 1, -EINVAL },
			{ nr ? nr - 1 : 0, 2, -EINVAL },
			{ 0, nr + VFIO_PCI_NUM_IRQS, -EINVAL },
			{ nr + VFIO_PCI_NUM_IRQS, 1, -EINVAL },
			{ 0, UINT32_MAX, -EINVAL }, { 1, UINT32_MAX, -EINVAL },
			{ UINT32_MAX, 1, -EINVAL }, { UINT32_MAX, 2, -EINVAL },
			{ INT32_MAX, INT32_MAX, -EINVAL },
			/* Together 2^32, and 2^32 + 1. */
			{ 1U << 31, 1U << 31, -EINVAL }, { 2, UINT32_MAX, -EINVAL },
		};

		for (r = 0; r < ARRAY_SIZE(rows); r++) {
			note_rule(rule, text("%#x from %#x", rows[r].count, rows[r].start).s);
			if (nr)
				irq_enable(&env->dev, rule->index, nr, events);
			check_eq(set_by_rule(env, rule, rows[r].start, rows[r].count),
				 rows[r].want);
			if (nr && rows[r].want) {
				check_eq(event_take(events[0]), 0);
				irq_do(&env->dev, rule->index, TRIGGER, 0);
				check_eq(event_take(events[0]), 1);
			}
			disable_and_close(env, rule->index, nr, events);
		}
	}
}

static void there_are_no_other_indices(struct env *env)
{
	static const u32 wrong[] = {
		VFIO_PCI_NUM_IRQS, VFIO_PCI_NUM_IRQS + 1, INT32_MAX, 1U << 31, UINT32_MAX,
	};
	struct rule rule;
	unsigned int r, w;

	for (r = 0; r < ARRAY_SIZE(rules); r++)
		for (w = 0; w < ARRAY_SIZE(wrong); w++) {
			rule = rules[r];
			rule.index = wrong[w];
			note_rule(&rule, "");
			check_eq(set_by_rule(env, &rule, 0, 1), -EINVAL);
			check_eq(set_by_rule(env, &rule, 0, 0), -EINVAL);
		}
}

/* How many messages there are is said by the call that enables them. */
static void messages_that_were_not_enabled_are_behind_the_end(struct env *env)
{
	const struct rule *rule;
	s32 event, events[2];

	for (rule = rules; rule < rules + ARRAY_SIZE(rules); rule++) {
		if (rule->index != MSI || rule->action != TRIGGER)
			continue;
		note_rule(rule, "the second of one");
		irq_enable(&env->dev, MSI, 1, &event);
		check_eq(set_by_rule(env, rule, 1, 1), -EINVAL);
		check_eq(set_by_rule(env, rule, 0, 2), -EINVAL);
		check_eq(event_take(event), 0);
		irq_do(&env->dev, MSI, TRIGGER, 0);
		check_eq(event_take(event), 1);
		disable_and_close(env, MSI, 1, &event);
	}
	/* By its last one: the first is there then, and has no eventfd. */
	events[1] = event_new();
	check_eq(__irq_assign(&env->dev, MSI, 1, 1, &events[1]), 0);
	check_eq(__irq_set(&env->dev, MSI, TRIGGER | NONE, 0, 2, NULL, 0), 0);
	check_eq(event_take(events[1]), 1);
	events[0] = event_new();
	check_eq(__irq_assign(&env->dev, MSI, 0, 1, &events[0]), 0);
	irq_do(&env->dev, MSI, TRIGGER, 0);
	check_eq(event_take(events[0]), 1);
	check_eq(event_take(events[1]), 0);
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

/* This one has fired, once, and no other. */
static void expect_one(const s32 *events, unsigned int nr, unsigned int which)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		check_eq(event_take(events[i]), i == which);
}

static void loopback_fires_what_it_is_told(struct env *env)
{
	unsigned int i, nr, vector;
	s32 events[MAX_RANGE];
	u8 bools[MAX_RANGE];

	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		nr = nr_irqs(env->model, indices[i]);
		if (!nr)
			continue;
		irq_enable(&env->dev, indices[i], nr, events);
		for (vector = 0; vector < nr; vector++) {
			note("index %u, vector %u", indices[i], vector);
			irq_do(&env->dev, indices[i], TRIGGER, vector);
			expect_one(events, nr, vector);

			memset(bools, 0, sizeof(bools));
			bools[vector] = 1;
			check_eq(__irq_set(&env->dev, indices[i], TRIGGER | BOOL, 0, nr, bools,
					   nr), 0);
			expect_one(events, nr, vector);
		}
		memset(bools, 0, sizeof(bools));
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
		/* INTx, MSI and MSI-X stay enabled, of ERR and REQ there is no more than that. */
		check_eq(__irq_do(&env->dev, indices[i], TRIGGER, 0),
			 indices[i] == REQ || indices[i] == ERR ? -EINVAL : 0);
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
	CASE(every_action_where_nothing_is_enabled, EACH),
	CASE(every_action_where_the_other_is_enabled, MTTY),
	CASE(a_count_of_zero_is_for_disabling_alone, EACH),
	CASE(ranges_are_checked, EACH),
	CASE(there_are_no_other_indices, EACH),
	CASE(messages_that_were_not_enabled_are_behind_the_end, MTTY_2),
	CASE(loopback_needs_a_trigger, EACH),
	CASE(flags_name_one_action_and_one_data_type, EACH),
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
