// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wires of mtty that are changed while devices are made, opened, reset and removed
 * at their ends, and both ends of one in use at the same time.
 */
#include <time.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/irq.h"
#include "../lib/line.h"
#include "../lib/race.h"
#include "../lib/wire.h"

#define ROUNDS		20
/* Above the slowest race, below the limit of a case. */
#define RACE_MS		100000
#define MCR_OUTPUTS	(UART_MCR_RTS | UART_MCR_DTR)

/*
 * The racers are processes: removing a device waits for processes that have it open,
 * and these can be ended if they are not threads of the one that waits.
 */
static void race_of_processes(int (*const run[])(void *arg), unsigned int nr, void *arg)
{
	pid_t pid[MAX_RACERS];
	unsigned int i;
	int status;

	for (i = 0; i < nr; i++)
		pid[i] = child_start(run[i], arg);
	for (i = 0; i < nr; i++) {
		note("racer %u", i);
		check(child_ended(pid[i], RACE_MS, &status));
		check(WIFEXITED(status));
		if (WEXITSTATUS(status))
			_exit(WEXITSTATUS(status));
	}
}

/* Two devices, of two ports and of one, with the same names throughout. */
struct devices {
	enum door door;
	struct mdev two, one;
};

static struct devices devices_of(struct env *env)
{
	vfio_close(&env->dev);
	return (struct devices){ env->door, env->mdev, mdev_create("mtty-1") };
}

/* Errors that are allowed: in use, no such device or file (any more). */
static bool fine_or_refused(int ret)
{
	return !ret || ret == -EBUSY || ret == -ENODEV || ret == -ENOENT;
}

static int change_wires(void *arg)
{
	const struct devices *d = arg;
	unsigned int i;
	int ret;

	for (i = 0; i < 4 * ROUNDS; i++) {
		switch (i % 6) {
		case 0:
			ret = __wire(&d->two, cable(1 + i / 6 % 2, &d->one, 1).s);
			break;
		case 1:
			ret = __wire(&d->one, cable(1, &d->two, 2).s);
			break;
		case 2:
			ret = __wire(&d->two, "crossed");
			break;
		case 3:
			ret = __wire(&d->one, "loopback");
			break;
		case 4:
			ret = __wire(&d->two, "loopback");
			break;
		default:
			ret = __pace(i & 16 ? &d->one : &d->two, i & 8 ? "1" : "0");
		}
		note("change %u", i % 6);
		check(fine_or_refused(ret));
	}
	return 0;
}

/* Whatever it says, it says something of each port. */
static int read_wires(void *arg)
{
	const struct devices *d = arg;
	char buf[256];
	unsigned int i;
	int ret;

	for (i = 0; i < 4 * ROUNDS; i++) {
		ret = __sysfs_read(mdev_path(&d->two, "vendor/wire").s, buf, sizeof(buf));
		check_eq(ret, 0);
		check(!strncmp(buf, "1 ", 2) && strstr(buf, "\n2 "));
		ret = __sysfs_read(mdev_path(&d->one, "vendor/wire").s, buf, sizeof(buf));
		check(fine_or_refused(ret));
		if (!ret)
			check(!strncmp(buf, "1 ", 2));
	}
	return 0;
}

static void use_port(struct vfio *v, unsigned int port, unsigned int round)
{
	u8 regs[UART_REGS];

	uart_setup(v, port, UART_FCR_TRIGGER_8);
	uart_put(v, port, UART_IER, 0x0f);
	uart_put(v, port, UART_MCR, round & 0x1f);
	uart_send(v, port, "0123456789abcdefghijklmnopqrstuvwxyz", round % 37);
	if (round % 3 == 0)
		vfio_reset(v);
	region_read(v, port, 0, regs, sizeof(regs));
	uart_put(v, port, UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC);
	uart_send(v, port, "xyz", 3);
}

/* Refused: in use, or removed meanwhile; which of them is found first is open. */
static int open_and_use(const struct devices *d, const struct mdev *mdev, unsigned int ports)
{
	unsigned int i, port;
	struct vfio v;
	s32 event;

	for (i = 0; i < ROUNDS; i++) {
		if (__vfio_open(&v, mdev->uuid, d->door))
			continue;
		irq_enable(&v, i % 2 ? INTX : MSI, 1, &event);
		for (port = 0; port < ports; port++)
			use_port(&v, port, i);
		vfio_close(&v);
		close(event);
	}
	return 0;
}

static int open_and_use_two(void *arg)
{
	const struct devices *d = arg;

	return open_and_use(d, &d->two, 2);
}

static int open_and_use_one(void *arg)
{
	const struct devices *d = arg;

	return open_and_use(d, &d->one, 1);
}

static int remove_and_create_one(void *arg)
{
	const struct devices *d = arg;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		mdev_remove(&d->one);
		check_eq(__mdev_create(&d->one, "mtty-1"), 0);
	}
	return 0;
}

/* Something is sent over a cable between them, to either side. */
static void expect_connected(const struct devices *d)
{
	struct vfio two, one;

	vfio_open(&two, d->two.uuid, d->door);
	vfio_open(&one, d->one.uuid, d->door);
	check_eq(uart_get(&two, PORT_2, UART_MSR), 0);
	check_eq(uart_get(&one, PORT_1, UART_MSR), 0);
	uart_setup(&two, PORT_2, UART_FCR_TRIGGER_1);
	uart_setup(&one, PORT_1, UART_FCR_TRIGGER_1);
	check_eq(uart_get(&two, PORT_2, UART_LSR), LSR_IDLE);
	check_eq(uart_get(&one, PORT_1, UART_LSR), LSR_IDLE);
	uart_put(&two, PORT_2, UART_TX, 't');
	check_eq(uart_get(&one, PORT_1, UART_LSR), LSR_IDLE | UART_LSR_DR);
	check_eq(uart_get(&one, PORT_1, UART_RX), 't');
	uart_put(&one, PORT_1, UART_TX, 'o');
	check_eq(uart_get(&two, PORT_2, UART_LSR), LSR_IDLE | UART_LSR_DR);
	check_eq(uart_get(&two, PORT_2, UART_RX), 'o');
	vfio_close(&one);
	vfio_close(&two);
}

/* As good as new. */
static void expect_cable_works(const struct devices *d)
{
	wire(&d->two, "loopback");
	wire(&d->one, "loopback");
	wire(&d->one, cable(1, &d->two, 2).s);
	pace(&d->one, "0");
	pace(&d->two, "0");
	expect_connected(d);
}

static void wires_are_changed_while_devices_come_and_go(struct env *env)
{
	static int (*const racers[])(void *arg) = {
		change_wires, change_wires, read_wires, open_and_use_two, open_and_use_one,
		remove_and_create_one,
	};
	struct devices d = devices_of(env);

	race_of_processes(racers, ARRAY_SIZE(racers), &d);
	expect_cable_works(&d);
}

/* One end of a cable goes and comes back, again and again; the wires are left alone. */
static void a_cable_is_plugged_in_while_its_ends_are_used(struct env *env)
{
	static int (*const racers[])(void *arg) = {
		open_and_use_two, open_and_use_one, read_wires, remove_and_create_one,
	};
	struct devices d = devices_of(env);

	wire(&d.two, cable(2, &d.one, 1).s);
	race_of_processes(racers, ARRAY_SIZE(racers), &d);
	expect_wire(&d.two, text("1 loopback\n%s", cable(2, &d.one, 1).s).s);
	expect_wire(&d.one, cable(1, &d.two, 2).s);
	expect_connected(&d);
}

/* No device is removed here, so that wires are there more often. */
static void wires_are_changed_while_devices_are_used(struct env *env)
{
	static int (*const racers[])(void *arg) = {
		change_wires, change_wires, open_and_use_two, open_and_use_one,
	};
	struct devices d = devices_of(env);

	race_of_processes(racers, ARRAY_SIZE(racers), &d);
	expect_cable_works(&d);
}

/*
 * A process that has opened a device finds the same wires on it until it closes it,
 * and no other process resets it.
 */
static int open_and_expect_nothing_to_change(void *arg)
{
	const struct devices *d = arg;
	struct text path = mdev_path(&d->two, "vendor/wire"), before, now;
	unsigned int i, n;
	struct vfio v;

	for (i = 0; i < 4 * ROUNDS; i++) {
		vfio_open(&v, d->two.uuid, d->door);
		uart_put(&v, PORT_1, UART_SCR, 0x11);
		uart_put(&v, PORT_2, UART_SCR, 0x22);
		before = sysfs_read(path.s);
		for (n = 0; n < 10; n++) {
			note("opening %u, look %u", i, n);
			check_eq(uart_get(&v, PORT_1, UART_SCR), 0x11);
			check_eq(uart_get(&v, PORT_2, UART_SCR), 0x22);
		}
		now = sysfs_read(path.s);
		check(!strcmp(before.s, now.s));
		vfio_close(&v);
	}
	return 0;
}

static void no_wire_is_changed_under_its_user(struct env *env)
{
	static int (*const racers[])(void *arg) = {
		change_wires, change_wires, change_wires, open_and_expect_nothing_to_change,
	};
	struct devices d = devices_of(env);

	race_of_processes(racers, ARRAY_SIZE(racers), &d);
	expect_cable_works(&d);
}

static int wire_loopback_again_and_again(void *arg)
{
	const struct devices *d = arg;
	unsigned int i;

	for (i = 0; i < 20 * ROUNDS; i++)
		check(fine_or_refused(__wire(&d->two, "loopback")));
	return 0;
}

static int wire_cables_again_and_again(void *arg)
{
	const struct devices *d = arg;
	unsigned int i;

	for (i = 0; i < 20 * ROUNDS; i++)
		check(fine_or_refused(__wire(&d->one, cable(1, &d->two, 1).s)));
	return 0;
}

/* Openings, as many as can be, meet the moment between a look and a change. */
static void an_opening_is_before_a_change_or_after_it(struct env *env)
{
	static int (*const racers[])(void *arg) = {
		wire_loopback_again_and_again, wire_cables_again_and_again,
		open_and_expect_nothing_to_change,
	};
	struct devices d = devices_of(env);

	race_of_processes(racers, ARRAY_SIZE(racers), &d);
	expect_cable_works(&d);
}

/*
 * Both ends in use: each waits until the other is there, as its DTR says, and then
 * sends and receives at the same time.
 */
#define TALK		8192

#define SENDER_WAITS_MS	1000

struct talk {
	struct env *env;		/* of a process of its own it is opened there */
	const struct mdev *mdev;
	enum door door;
	unsigned int port, seed;
	bool by_interrupt;

	struct end end;
	unsigned int sent, received;
	u64 looked, longest_ms;		/* between two looks at the receiver */
};

static u64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

/*
 * A sender waits for a second at most.  On a machine so busy that a process does not
 * get to look for that long, characters sent meanwhile are lost.
 */
static void talk_look(struct talk *t)
{
	u64 now = now_ms();

	if (t->looked && now - t->looked > t->longest_ms)
		t->longest_ms = now - t->looked;
	t->looked = now;
}

static u8 talk_byte(unsigned int seed, unsigned int i)
{
	return (i * 167 + seed) ^ i >> 8;
}

static void talk_receive(struct talk *t)
{
	u8 lsr;

	talk_look(t);
	while ((lsr = end_get(&t->end, UART_LSR)) & UART_LSR_DR) {
		if (lsr & UART_LSR_OE && t->longest_ms >= SENDER_WAITS_MS / 2)
			skip_case("a receiver was held up for %llu ms", t->longest_ms);
		check_eq(lsr & LSR_ERRORS, 0);
		note("character %u", t->received);
		check_eq(end_get(&t->end, UART_RX), talk_byte(!t->seed, t->received));
		t->received++;
	}
}

static void talk_send(struct talk *t)
{
	unsigned int room = UART_FIFO;

	while (room-- && t->sent < TALK) {
		end_put(&t->end, UART_TX, talk_byte(t->seed, t->sent));
		t->sent++;
	}
}

static bool talk_is_over(const struct talk *t)
{
	return t->sent == TALK && t->received == TALK;
}

static bool other_is_there(void *arg)
{
	return end_get(arg, UART_MSR) & UART_MSR_DSR;
}

static void talk_by_polling(struct talk *t)
{
	end_put(&t->end, UART_MCR, MCR_OUTPUTS);
	check(retry(other_is_there, &t->end));
	while (!talk_is_over(t)) {
		if (end_get(&t->end, UART_LSR) & UART_LSR_THRE)
			talk_send(t);
		talk_receive(t);
	}
}

/* A lost interrupt is one that is waited for in vain. */
static void talk_by_interrupts(struct talk *t)
{
	bool there = false;
	u8 iir;
	s32 event;

	irq_enable(&t->end.env->dev, MSI, 1, &event);
	end_put(&t->end, UART_IER, UART_IER_MSI | UART_IER_RDI);
	end_put(&t->end, UART_MCR, MCR_OUTPUTS);
	/* The other may have been there first: that is no change. */
	there = other_is_there(&t->end);
	while (!talk_is_over(t)) {
		end_put(&t->end, UART_IER, UART_IER_MSI | UART_IER_RDI |
			(there && t->sent < TALK ? UART_IER_THRI : 0));
		event_wait(event);
		while ((iir = end_get(&t->end, UART_IIR) & 0x3f) != UART_IIR_NO_INT) {
			if (iir == UART_IIR_MSI)
				there |= other_is_there(&t->end);
			else if (iir == UART_IIR_THRI)
				talk_send(t);
			else
				talk_receive(t);
		}
	}
}

static bool all_has_left(void *arg)
{
	return end_get(arg, UART_LSR) & UART_LSR_TEMT;
}

static void talk(void *arg)
{
	struct talk *t = arg;

	t->end = (struct end){ t->env, t->port };
	uart_setup(&t->env->dev, t->port, UART_FCR_TRIGGER_14);
	if (t->by_interrupt)
		talk_by_interrupts(t);
	else
		talk_by_polling(t);
	check(retry(all_has_left, &t->end));
}

static int open_and_talk(void *arg)
{
	struct talk *t = arg;
	struct env env = { .door = t->door, .mdev = *t->mdev };

	vfio_open(&env.dev, env.mdev.uuid, env.door);
	t->env = &env;
	talk(t);
	vfio_close(&env.dev);
	return 0;
}

static void two_processes_use_a_cable(struct env *env)
{
	struct devices d = devices_of(env);
	unsigned int how;

	wire(&d.one, cable(1, &d.two, 2).s);
	for (how = 0; how < 4; how++) {
		struct talk t[] = {
			{ .mdev = &d.one, .door = d.door, .port = PORT_1, .seed = 0,
			  .by_interrupt = how & 1 },
			{ .mdev = &d.two, .door = d.door, .port = PORT_2, .seed = 1,
			  .by_interrupt = how & 2 },
		};
		pid_t pid[2];
		unsigned int i;
		int status;

		for (i = 0; i < 2; i++)
			pid[i] = child_start(open_and_talk, &t[i]);
		for (i = 0; i < 2; i++) {
			note("%s, process %u", how & 1 << i ? "interrupts" : "polling", i);
			check(child_ended(pid[i], RACE_MS, &status));
			check(WIFEXITED(status));
			if (WEXITSTATUS(status))
				_exit(WEXITSTATUS(status));
		}
	}
}

static void two_threads_use_crossed_ports(struct env *env)
{
	struct talk t[] = {
		{ .env = env, .port = PORT_1, .seed = 0 },
		{ .env = env, .port = PORT_2, .seed = 1 },
	};
	const struct racer racers[] = { { talk, &t[0] }, { talk, &t[1] } };

	vfio_close(&env->dev);
	wire(&env->mdev, "crossed");
	vfio_open(&env->dev, env->mdev.uuid, env->door);
	vfio_know_regions(&env->dev);
	race(racers, ARRAY_SIZE(racers));
}

const struct test_case cases[] = {
	CASE(wires_are_changed_while_devices_come_and_go, MTTY_2 | ONE_DOOR),
	CASE(a_cable_is_plugged_in_while_its_ends_are_used, MTTY_2 | ONE_DOOR),
	CASE(wires_are_changed_while_devices_are_used, MTTY_2 | ONE_DOOR),
	CASE(no_wire_is_changed_under_its_user, MTTY_2 | ONE_DOOR),
	CASE(an_opening_is_before_a_change_or_after_it, MTTY_2 | ONE_DOOR),
	CASE(two_processes_use_a_cable, MTTY_2 | ONE_DOOR),
	CASE(two_threads_use_crossed_ports, MTTY_2 | ONE_DOOR),
	{}
};
