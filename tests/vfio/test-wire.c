// SPDX-License-Identifier: GPL-2.0-only
/* How the ports of mtty are connected, and paced: the attributes "wire" and "pace". */
#include <ctype.h>

#include "../lib/cases.h"
#include "../lib/memory.h"
#include "../lib/uart.h"
#include "../lib/wire.h"

#define NOBODY		"00000000-0000-4000-8000-000000000000"
#define FIRST_ROUNDS	30
#define ROUNDS		90
#define SLACK_KIB	4096

static void a_new_device_has_a_plug_on_each_port(struct env *env)
{
	expect_wire(&env->mdev, env->model->nr_ports == 1 ? "1 loopback" :
							    "1 loopback\n2 loopback");
	expect_pace(&env->mdev, "0");
}

static void two_ports_of_a_device_can_be_crossed(struct env *env)
{
	vfio_close(&env->dev);
	wire(&env->mdev, "crossed");
	expect_wire(&env->mdev, "1 crossed\n2 crossed");
	wire(&env->mdev, "crossed\n");
	expect_wire(&env->mdev, "1 crossed\n2 crossed");
	wire(&env->mdev, "loopback\n");
	expect_wire(&env->mdev, "1 loopback\n2 loopback");
}

static void one_port_cannot_be_crossed(struct env *env)
{
	struct mdev far = mdev_create("mtty-2");

	vfio_close(&env->dev);
	check_eq(__wire(&env->mdev, "crossed"), -EINVAL);
	expect_wire(&env->mdev, "1 loopback");
	wire(&env->mdev, cable(1, &far, 2).s);
	check_eq(__wire(&env->mdev, "crossed"), -EINVAL);
	expect_wire(&env->mdev, cable(1, &far, 2).s);
	expect_wire(&far, text("1 loopback\n%s", cable(2, &env->mdev, 1).s).s);
}

static void a_cable_is_seen_at_both_ends(struct env *env)
{
	struct mdev one = mdev_create("mtty-1"), other = mdev_create("mtty-1"), capital = other;
	char *c;

	vfio_close(&env->dev);
	wire(&one, cable(1, &env->mdev, 2).s);
	expect_wire(&one, cable(1, &env->mdev, 2).s);
	expect_wire(&env->mdev, text("1 loopback\n%s", cable(2, &one, 1).s).s);
	/* The other port is as free as before. */
	for (c = capital.uuid; *c; c++)
		*c = toupper(*c);
	wire(&env->mdev, text("%s\n", cable(1, &capital, 1).s).s);
	expect_wire(&other, cable(1, &env->mdev, 1).s);
	expect_wire(&env->mdev, text("%s\n%s", cable(1, &other, 1).s, cable(2, &one, 1).s).s);
	expect_wire(&one, cable(1, &env->mdev, 2).s);
}

/* The case's device, closed, and three others: the connections of all of them. */
struct net {
	struct mdev *card;		/* two ports */
	struct mdev one, other;		/* one port */
	struct mdev two;		/* two ports */
};

static struct net net_of(struct env *env)
{
	vfio_close(&env->dev);
	return (struct net){
		.card = &env->mdev,
		.one = mdev_create("mtty-1"),
		.other = mdev_create("mtty-1"),
		.two = mdev_create("mtty-2"),
	};
}

static void expect_net(const struct net *n, const char *card, const char *one, const char *other,
		       const char *two)
{
	expect_wire(n->card, card);
	expect_wire(&n->one, one);
	expect_wire(&n->other, other);
	expect_wire(&n->two, two);
}

static void loopback_takes_all_cables_away(struct env *env)
{
	struct net n = net_of(env);

	wire(n.card, cable(1, &n.one, 1).s);
	wire(n.card, cable(2, &n.two, 1).s);
	wire(&n.two, cable(2, &n.other, 1).s);
	wire(n.card, "loopback");
	expect_net(&n, "1 loopback\n2 loopback", "1 loopback", cable(1, &n.two, 2).s,
		   text("1 loopback\n%s", cable(2, &n.other, 1).s).s);
}

static void crossing_takes_all_cables_away(struct env *env)
{
	struct net n = net_of(env);

	wire(n.card, cable(1, &n.one, 1).s);
	wire(n.card, cable(2, &n.two, 1).s);
	wire(n.card, "crossed");
	expect_net(&n, "1 crossed\n2 crossed", "1 loopback", "1 loopback",
		   "1 loopback\n2 loopback");
}

static void a_cable_takes_the_port_out_of_a_crossing(struct env *env)
{
	struct net n = net_of(env);

	wire(n.card, "crossed");
	wire(n.card, cable(2, &n.one, 1).s);
	expect_net(&n, text("1 loopback\n%s", cable(2, &n.one, 1).s).s, cable(1, n.card, 2).s,
		   "1 loopback", "1 loopback\n2 loopback");
}

static void another_cable_takes_the_place_of_the_first(struct env *env)
{
	struct net n = net_of(env);

	wire(n.card, cable(1, &n.one, 1).s);
	wire(n.card, cable(1, &n.two, 2).s);
	expect_net(&n, text("%s\n2 loopback", cable(1, &n.two, 2).s).s, "1 loopback",
		   "1 loopback", text("1 loopback\n%s", cable(2, n.card, 1).s).s);
	/* The same once more, from either end: it is the port that keeps its place. */
	wire(n.card, cable(1, &n.two, 2).s);
	wire(&n.two, cable(2, n.card, 1).s);
	expect_net(&n, text("%s\n2 loopback", cable(1, &n.two, 2).s).s, "1 loopback",
		   "1 loopback", text("1 loopback\n%s", cable(2, n.card, 1).s).s);
	/* The card was told of it as well, and waits for it: see below. */
	wire(&n.two, cable(2, &n.other, 1).s);
	expect_net(&n, text("%s\n2 loopback", cable(1, &n.two, 2).s).s, "1 loopback",
		   cable(1, &n.two, 2).s, text("1 loopback\n%s", cable(2, &n.other, 1).s).s);
}

static void mistakes_in_wire_change_nothing(struct env *env)
{
	struct net n = net_of(env);
	const char *two = n.two.uuid, *card = n.card->uuid;
	const struct {
		struct text val;
		int want;
	} rows[] = {
		/* Words. */
		{ text("\n"), -EINVAL }, { text(" "), -EINVAL }, { text("loop"), -EINVAL },
		{ text("Loopback"), -EINVAL }, { text("loopback 1"), -EINVAL },
		{ text("loopback\n\n"), -EINVAL }, { text("crossed 1 2"), -EINVAL },
		{ text("unplugged"), -EINVAL }, { text("1 unplugged"), -EINVAL },
		/* Lines of which one is wrong, or that are at odds with each other. */
		{ text("1 loopback\n\n"), -EINVAL }, { text("\n1 loopback"), -EINVAL },
		{ text("1 loopback\n2 loopback\n2 loopback"), -EINVAL },
		{ text("1 loopback\n3 loopback"), -EINVAL },
		{ text("1 loopback\nloopback"), -EINVAL }, { text("1 loopback 2"), -EINVAL },
		{ text("1 loopback 2 loopback"), -EINVAL }, { text("0 loopback"), -EINVAL },
		{ text("1 crossed"), -EINVAL }, { text("1 crossed\n2 loopback"), -EINVAL },
		{ text("2 loopback\n1 %s 3", two), -EINVAL },
		{ text("2 loopback\n1 %s 1 1", two), -EINVAL },
		{ text("1 %s 1\n2 %s 2", two, card), -EINVAL },
		/* Of "PORT UUID PORT" something is missing, or too much. */
		{ text("1"), -EINVAL }, { text("%s", two), -EINVAL },
		{ text("1 %s", two), -EINVAL }, { text("%s 1", two), -EINVAL },
		{ text("1 %s 1 1", two), -EINVAL }, { text("1%s 1", two), -EINVAL },
		{ text("1 %s 1x", two), -EINVAL },
		{ text("1 %s1", two), -EINVAL }, { text("1, %s, 1", two), -EINVAL },
		/* Ports that there are not, whatever a number of 32 bits makes of them. */
		{ text("0 %s 1", two), -EINVAL }, { text("3 %s 1", two), -EINVAL },
		{ text("1 %s 0", two), -EINVAL }, { text("1 %s 3", two), -EINVAL },
		{ text("-1 %s 1", two), -EINVAL }, { text("1 %s -1", two), -EINVAL },
		{ text("x %s 1", two), -EINVAL }, { text("1 %s x", two), -EINVAL },
		{ text("4294967297 %s 1", two), -EINVAL },
		{ text("1 %s 4294967297", two), -EINVAL },
		{ text("18446744073709551617 %s 1", two), -EINVAL },
		{ text("1 %s 2", n.other.uuid), -EINVAL },
		/* Not a UUID, and the device's own. */
		{ text("1 %.35s 1", two), -EINVAL }, { text("1 %s0 1", two), -EINVAL },
		{ text("1 {%s} 1", two), -EINVAL }, { text("1 %.35sg 1", two), -EINVAL },
		{ text("1 crossed 1"), -EINVAL },
		{ text("1 %s 2", card), -EINVAL }, { text("2 %s 2", card), -EINVAL },
		/* A device that does not exist, and that no device can be. */
		{ text("1 %s 0", NOBODY), -EINVAL }, { text("1 %s 3", NOBODY), -EINVAL },
	};
	unsigned int r;

	/* Not all as it was in the beginning, so that something can change. */
	wire(n.card, cable(1, &n.one, 1).s);
	for (r = 0; r < ARRAY_SIZE(rows); r++) {
		note("'%s'", rows[r].val.s);
		check_eq(__wire(n.card, rows[r].val.s), rows[r].want);
		expect_net(&n, text("%s\n2 loopback", cable(1, &n.one, 1).s).s,
			   cable(1, n.card, 1).s, "1 loopback", "1 loopback\n2 loopback");
	}
}

/* Neither another's cable nor a crossing is pulled out for a new one. */
static void ports_that_are_connected_are_busy(struct env *env)
{
	struct net n = net_of(env);
	struct mdev crossed = mdev_create("mtty-2");

	wire(&n.two, cable(1, &n.one, 1).s);
	wire(&crossed, "crossed");
	wire(n.card, cable(1, &n.other, 1).s);
	check_eq(__wire(n.card, cable(1, &n.two, 1).s), -EBUSY);
	check_eq(__wire(n.card, cable(1, &n.one, 1).s), -EBUSY);
	check_eq(__wire(n.card, cable(2, &n.other, 1).s), -EBUSY);
	check_eq(__wire(n.card, cable(1, &crossed, 1).s), -EBUSY);
	check_eq(__wire(n.card, cable(2, &crossed, 2).s), -EBUSY);
	expect_net(&n, text("%s\n2 loopback", cable(1, &n.other, 1).s).s, cable(1, &n.two, 1).s,
		   cable(1, n.card, 1).s, text("%s\n2 loopback", cable(1, &n.one, 1).s).s);
	expect_wire(&crossed, "1 crossed\n2 crossed");
	/* The other port of it is free. */
	wire(n.card, cable(1, &n.two, 2).s);
}

static void the_wires_of_an_open_device_are_fixed(struct env *env)
{
	struct net n = net_of(env);

	wire(n.card, cable(1, &n.one, 1).s);
	vfio_open(&env->dev, env->mdev.uuid, env->door);
	check_eq(__wire(n.card, "loopback"), -EBUSY);
	check_eq(__wire(n.card, "crossed"), -EBUSY);
	check_eq(__wire(n.card, cable(1, &n.two, 1).s), -EBUSY);
	check_eq(__wire(n.card, cable(2, &n.two, 1).s), -EBUSY);
	check_eq(__wire(n.card, text("%s\n%s", cable(1, &n.one, 1).s,
				     cable(2, &n.two, 1).s).s), -EBUSY);
	/* From the other end of its cable, or of one that was to be. */
	check_eq(__wire(&n.one, "loopback"), -EBUSY);
	check_eq(__wire(&n.one, cable(1, &n.two, 1).s), -EBUSY);
	check_eq(__wire(&n.one, cable(1, n.card, 2).s), -EBUSY);
	check_eq(__wire(&n.two, cable(1, n.card, 2).s), -EBUSY);
	/* The present connection is no change: the cable can be named at each end. */
	wire(n.card, cable(1, &n.one, 1).s);
	wire(&n.one, cable(1, n.card, 1).s);
	expect_net(&n, text("%s\n2 loopback", cable(1, &n.one, 1).s).s, cable(1, n.card, 1).s,
		   "1 loopback", "1 loopback\n2 loopback");
	/* Those of others are not. */
	wire(&n.two, cable(1, &n.other, 1).s);
	wire(&n.two, "loopback");

	vfio_close(&env->dev);
	wire(n.card, cable(2, &n.two, 1).s);
	wire(n.card, "crossed");
}

/* A port whose device is closed, while what is at the other port is in use. */
static void the_other_port_of_a_device_does_not_matter(struct env *env)
{
	struct net n = net_of(env);
	struct vfio open;

	wire(n.card, cable(1, &n.one, 1).s);
	vfio_open(&open, n.one.uuid, env->door);
	wire(n.card, cable(2, &n.other, 1).s);
	check_eq(__wire(n.card, "loopback"), -EBUSY);
	check_eq(__wire(n.card, "crossed"), -EBUSY);
	expect_net(&n, text("%s\n%s", cable(1, &n.one, 1).s, cable(2, &n.other, 1).s).s,
		   cable(1, n.card, 1).s, cable(1, n.card, 2).s, "1 loopback\n2 loopback");
	vfio_close(&open);
	wire(n.card, "loopback");
}

static void create(const struct mdev *mdev, const char *type)
{
	check_eq(__mdev_create(mdev, type), 0);
}

/* It is known to both ends that a cable leads to the other. */
static void expect_plugged(enum door door, const struct mdev *a, const struct mdev *b, bool plugged)
{
	struct vfio v, w;

	vfio_open(&v, a->uuid, door);
	vfio_open(&w, b->uuid, door);
	uart_put(&v, PORT_1, UART_MCR, UART_MCR_RTS);
	check_eq(uart_get(&w, PORT_1, UART_MSR) & UART_MSR_CTS, plugged ? UART_MSR_CTS : 0);
	uart_put(&v, PORT_1, UART_MCR, 0);
	uart_put(&w, PORT_1, UART_MCR, UART_MCR_RTS);
	check_eq(uart_get(&v, PORT_1, UART_MSR) & UART_MSR_CTS, plugged ? UART_MSR_CTS : 0);
	vfio_close(&v);
	vfio_close(&w);
}

/*
 * Devices that are defined with the names of each other are started one after the
 * other, each told of its wire before the next one exists: in any order, and by one
 * end or by both.
 */
static void a_cable_is_plugged_in_when_both_ends_exist(struct env *env)
{
	unsigned int order, told;

	for (order = 0; order < 2; order++)
		for (told = 1; told < 4; told++) {
			struct mdev end[2] = { mdev_random(), mdev_random() };
			unsigned int i;

			note("order %u, told %u", order, told);
			for (i = 0; i < 2; i++) {
				const struct mdev *me = &end[i ^ order], *far = &end[!i ^ order];

				mdev_remember(me);
				create(me, "mtty-1");
				if (told & 1U << (i ^ order))
					wire(me, cable(1, far, 1).s);
			}
			for (i = 0; i < 2; i++)
				expect_wire(&end[i], cable(1, &end[!i], 1).s);
			expect_plugged(env->door, &end[0], &end[1], true);

			/* Each goes, and comes back. */
			for (i = 0; i < 2; i++) {
				mdev_remove(&end[i]);
				expect_wire(&end[!i], cable(1, &end[i], 1).s);
				create(&end[i], "mtty-1");
				expect_wire(&end[i], cable(1, &end[!i], 1).s);
				expect_plugged(env->door, &end[0], &end[1], true);
			}
			mdev_remove(&end[0]);
			mdev_remove(&end[1]);
		}
}

/* Two that wait for the same port, one that has too few ports, one that has another wish. */
static void a_port_that_cannot_be_plugged_in_waits(struct env *env)
{
	struct net n = net_of(env);
	struct mdev late = mdev_random();

	wire(n.card, cable(1, &late, 1).s);
	wire(&n.one, cable(1, &late, 1).s);
	wire(&n.other, cable(1, &late, 2).s);
	mdev_remember(&late);
	create(&late, "mtty-1");
	/* The card is older. */
	expect_wire(&late, cable(1, n.card, 1).s);
	expect_net(&n, text("%s\n2 loopback", cable(1, &late, 1).s).s, cable(1, &late, 1).s,
		   cable(1, &late, 2).s, "1 loopback\n2 loopback");
	expect_plugged(env->door, n.card, &late, true);
	expect_plugged(env->door, &n.one, &late, false);
	expect_plugged(env->door, &n.other, &late, false);
	/* The text shown is accepted, also for a port that has just appeared. */
	wire(&n.other, sysfs_read(mdev_path(&n.other, "vendor/wire").s).s);
	check_eq(__wire(&n.two, cable(1, &late, 2).s), -EINVAL);
	/* It is told otherwise: nothing is left for the others. */
	wire(&late, cable(1, &n.two, 1).s);
	expect_wire(n.card, text("%s\n2 loopback", cable(1, &late, 1).s).s);
	expect_plugged(env->door, n.card, &late, false);
	check_eq(__wire(&n.two, cable(2, n.card, 1).s), -EBUSY);
	/* Said again when it is free, it is plugged in. */
	wire(&late, "loopback");
	expect_plugged(env->door, &n.one, &late, false);
	wire(&n.one, cable(1, &late, 1).s);
	expect_plugged(env->door, &n.one, &late, true);
	expect_wire(&late, cable(1, &n.one, 1).s);
}

/* An end that was not told itself is free for others, when the end that told it has left. */
static void a_cable_to_what_was_removed_can_be_replaced(struct env *env)
{
	struct net n = net_of(env);

	wire(&n.one, cable(1, n.card, 1).s);
	mdev_remove(&n.one);
	expect_wire(n.card, text("%s\n2 loopback", cable(1, &n.one, 1).s).s);
	wire(&n.other, cable(1, n.card, 1).s);
	expect_plugged(env->door, &n.other, n.card, true);
	create(&n.one, "mtty-1");
	expect_wire(&n.one, "1 loopback");
	mdev_remove(&n.other);
	wire(n.card, "loopback");
	expect_wire(n.card, "1 loopback\n2 loopback");
	create(&n.other, "mtty-1");
	expect_wire(&n.other, "1 loopback");
}

/* What a state is made by, of the card and of the device with one port. */
struct state {
	const char *name;
	struct text card, one;
	bool remove_one;
};

/* How running devices become saved definitions. */
static void attributes_accept_what_they_show(struct env *env)
{
	struct net n = net_of(env);
	const struct state states[] = {
		{ "loopback", text("loopback"), text("loopback"), false },
		{ "crossed", text("crossed"), text("loopback"), false },
		{ "cable", text("1 %s 1", n.one.uuid), text("loopback"), false },
		{ "cable of the other port", text("2 %s 1", n.one.uuid), text("loopback"), false },
		{ "both ends told", text("2 %s 1", n.one.uuid), cable(1, n.card, 2), false },
		{ "two cables", text("1 %s 2\n2 %s 1", n.two.uuid, n.one.uuid),
		  text("1 %s 2", n.card->uuid), false },
		{ "no such device", text("1 %s 2", NOBODY), text("1 %s 1", NOBODY), false },
		{ "removed device", text("2 %s 1", n.one.uuid), text("loopback"), true },
		{ "two ports that wait", text("1 %s 1\n2 %s 2", NOBODY, NOBODY), text("loopback"),
		  false },
		{ "two ports that wait for one", text("1 %s 1\n2 %s 1", NOBODY, NOBODY),
		  text("loopback"), false },
		{ "two ports for one", text("1 %s 1\n2 %s 1", n.one.uuid, n.one.uuid),
		  text("loopback"), false },
		{ "the second of two for one", text("1 %s 1", n.one.uuid), cable(1, n.card, 2),
		  false },
	};
	const struct mdev *all[] = { n.card, &n.one, &n.two };
	struct text shown[ARRAY_SIZE(all)];
	unsigned int s, i, j, door;

	for (s = 0; s < ARRAY_SIZE(states); s++) {
		for (i = 0; i < ARRAY_SIZE(all); i++)
			wire(all[i], "loopback");
		wire(n.card, states[s].card.s);
		if (strcmp(states[s].one.s, "loopback"))
			wire(&n.one, states[s].one.s);
		if (states[s].remove_one)
			mdev_remove(&n.one);
		for (i = 0; i < ARRAY_SIZE(all); i++)
			if (!states[s].remove_one || all[i] != &n.one)
				shown[i] = sysfs_read(mdev_path(all[i], "vendor/wire").s);
		/* Closed and then open; with the newline that it is shown with, and without. */
		for (door = 0; door < 2; door++) {
			struct vfio v;

			if (door)
				vfio_open(&v, n.card->uuid, env->door);
			for (i = 0; i < ARRAY_SIZE(all); i++) {
				if (states[s].remove_one && all[i] == &n.one)
					continue;
				note("%s, device %u%s", states[s].name, i, door ? ", in use" : "");
				wire(all[i], shown[i].s);
				wire(all[i], text("%s\n", shown[i].s).s);
				for (j = 0; j < ARRAY_SIZE(all); j++)
					if (!states[s].remove_one || all[j] != &n.one)
						expect_wire(all[j], shown[j].s);
			}
			for (i = 0; i < 2; i++) {
				struct text p = sysfs_read(mdev_path(n.card, "vendor/pace").s);

				pace(n.card, p.s);
				pace(n.card, text("%s\n", p.s).s);
				expect_pace(n.card, p.s);
				if (!door)
					pace(n.card, i ? "0" : "1");
			}
			if (door)
				vfio_close(&v);
		}
		if (states[s].remove_one)
			create(&n.one, "mtty-1");
	}
}

/* The wires of a card that is made anew, as its definition has them. */
static void all_lines_of_a_write_are_applied_or_none(struct env *env)
{
	struct net n = net_of(env);
	struct text both = text("%s\n%s", cable(1, &n.one, 1).s, cable(2, &n.other, 1).s);

	wire(n.card, both.s);
	expect_net(&n, both.s, cable(1, n.card, 1).s, cable(1, n.card, 2).s,
		   "1 loopback\n2 loopback");
	/* They change places. */
	both = text("%s\n%s", cable(1, &n.other, 1).s, cable(2, &n.one, 1).s);
	wire(n.card, both.s);
	expect_net(&n, both.s, cable(1, n.card, 2).s, cable(1, n.card, 1).s,
		   "1 loopback\n2 loopback");
	/* The first could be, the second not: that port has another cable. */
	wire(n.card, "loopback");
	wire(&n.two, cable(1, &n.one, 1).s);
	check_eq(__wire(n.card, text("%s\n%s", cable(1, &n.other, 1).s,
				     cable(2, &n.one, 1).s).s), -EBUSY);
	expect_net(&n, "1 loopback\n2 loopback", cable(1, &n.two, 1).s, "1 loopback",
		   text("%s\n2 loopback", cable(1, &n.one, 1).s).s);
	/* A line for one of the ports says nothing of the other. */
	wire(n.card, cable(2, &n.other, 1).s);
	wire(n.card, "1 loopback\n");
	expect_wire(n.card, text("1 loopback\n%s", cable(2, &n.other, 1).s).s);
}

struct cabling {
	struct net net;
	unsigned int rounds, done;
};

/* Each time in another way, so that each of them would add up. */
static void cable_on(void *arg)
{
	struct cabling *c = arg;
	struct net *n = &c->net;
	unsigned int end = c->done + c->rounds;

	for (; c->done < end; c->done++) {
		wire(&n->one, cable(1, n->card, 1).s);
		mdev_remove(&n->one);
		/* A cable unplugged there is plugged in again, by the other end. */
		wire(&n->other, cable(1, n->card, 1).s);
		wire(n->card, cable(2, &n->two, 1).s);
		mdev_remove(&n->two);
		wire(n->card, c->done % 2 ? "crossed" : "loopback");
		wire(n->card, cable(1, &n->other, 1).s);
		wire(n->card, cable(1, &n->other, 1).s);
		wire(n->card, cable(2, &n->one, 1).s);
		wire(n->card, "loopback");
		wire(&n->other, "loopback");
		n->one = mdev_create("mtty-1");
		n->two = mdev_create("mtty-2");
	}
}

static void cables_that_are_gone_cost_no_memory(struct env *env)
{
	struct cabling c = { net_of(env), FIRST_ROUNDS, 0 };

	/* The first rounds are not counted: caches fill. */
	cable_on(&c);
	c.rounds = ROUNDS;
	/* Of an object lost in each round there would be more. */
	check(!memory_grows(cable_on, &c, ROUNDS - 10, SLACK_KIB));
}

static void wires_and_pace_are_kept_over_close_and_reset(struct env *env)
{
	struct net n = net_of(env);
	struct text card = text("1 loopback\n%s", cable(2, &n.one, 1).s);
	unsigned int i;

	wire(n.card, cable(2, &n.one, 1).s);
	pace(n.card, "1");
	for (i = 0; i < 2; i++) {
		vfio_open(&env->dev, env->mdev.uuid, env->door);
		expect_wire(n.card, card.s);
		vfio_reset(&env->dev);
		expect_wire(n.card, card.s);
		expect_pace(n.card, "1");
		vfio_close(&env->dev);
		expect_wire(n.card, card.s);
		expect_wire(&n.one, cable(1, n.card, 2).s);
		expect_pace(n.card, "1");
		expect_pace(&n.one, "0");
	}
}

static void pace_is_a_bool(struct env *env)
{
	static const struct {
		const char *val, *read;
	} rows[] = {
		{ "1", "1" }, { "0", "0" }, { "1\n", "1" }, { "0\n", "0" }, { "y", "1" },
		{ "n", "0" }, { "Y", "1" }, { "N", "0" }, { "on", "1" }, { "off", "0" },
	};
	static const char *const wrong[] = { "\n", " ", "2", "-1", "x", "maybe", "o", "paced" };
	unsigned int r, w;

	vfio_close(&env->dev);
	for (r = 0; r < ARRAY_SIZE(rows); r++) {
		note("'%s'", rows[r].val);
		pace(&env->mdev, rows[r].val);
		expect_pace(&env->mdev, rows[r].read);
		for (w = 0; w < ARRAY_SIZE(wrong); w++) {
			note("'%s', then '%s'", rows[r].val, wrong[w]);
			check_eq(__pace(&env->mdev, wrong[w]), -EINVAL);
			expect_pace(&env->mdev, rows[r].read);
		}
	}
}

static void the_pace_of_an_open_device_is_fixed(struct env *env)
{
	check_eq(__pace(&env->mdev, "1"), -EBUSY);
	expect_pace(&env->mdev, "0");
	/* The present connection is no change. */
	pace(&env->mdev, "0");
	vfio_close(&env->dev);
	pace(&env->mdev, "1");
	vfio_open(&env->dev, env->mdev.uuid, env->door);
	check_eq(__pace(&env->mdev, "0"), -EBUSY);
	expect_pace(&env->mdev, "1");
}

const struct test_case cases[] = {
	CASE(a_new_device_has_a_plug_on_each_port, MTTY | ONE_DOOR),
	CASE(two_ports_of_a_device_can_be_crossed, MTTY_2 | ONE_DOOR),
	CASE(one_port_cannot_be_crossed, MTTY_1 | ONE_DOOR),
	CASE(a_cable_is_seen_at_both_ends, MTTY_2 | ONE_DOOR),
	CASE(loopback_takes_all_cables_away, MTTY_2 | ONE_DOOR),
	CASE(crossing_takes_all_cables_away, MTTY_2 | ONE_DOOR),
	CASE(a_cable_takes_the_port_out_of_a_crossing, MTTY_2 | ONE_DOOR),
	CASE(another_cable_takes_the_place_of_the_first, MTTY_2 | ONE_DOOR),
	CASE(mistakes_in_wire_change_nothing, MTTY_2 | ONE_DOOR),
	CASE(ports_that_are_connected_are_busy, MTTY_2 | ONE_DOOR),
	CASE(the_wires_of_an_open_device_are_fixed, MTTY_2 | ONE_DOOR),
	CASE(the_other_port_of_a_device_does_not_matter, MTTY_2 | ONE_DOOR),
	CASE(a_cable_is_plugged_in_when_both_ends_exist, NO_DEVICE),
	CASE(a_port_that_cannot_be_plugged_in_waits, MTTY_2 | ONE_DOOR),
	CASE(a_cable_to_what_was_removed_can_be_replaced, MTTY_2 | ONE_DOOR),
	CASE(attributes_accept_what_they_show, MTTY_2 | ONE_DOOR),
	CASE(all_lines_of_a_write_are_applied_or_none, MTTY_2 | ONE_DOOR),
	CASE(cables_that_are_gone_cost_no_memory, MTTY_2 | ONE_DOOR),
	CASE(wires_and_pace_are_kept_over_close_and_reset, MTTY_2 | ONE_DOOR),
	CASE(pace_is_a_bool, MTTY | ONE_DOOR),
	CASE(the_pace_of_an_open_device_is_fixed, MTTY | ONE_DOOR),
	{}
};
