// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cables between ports of mtty whose devices migrate: both of them, to devices that are
 * wired to each other, or one of them.
 */
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/line.h"
#include "../lib/migration.h"
#include "../lib/wire.h"

#define MSR_LINES	(UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD)
#define MSR_DELTAS	(UART_MSR_DCTS | UART_MSR_DDSR | UART_MSR_DDCD)
#define MCR_OUTPUTS	(UART_MCR_RTS | UART_MCR_DTR)
/* A running sender waits for room for a second, and then loses characters. */
#define LONGER_THAN_A_SENDER_WAITS_MS	1200

/**
 * struct pair - two devices and the cable between them; has pointers to itself
 * @env: the devices
 * @end: the port of each that the cable is at
 * @stream: of each
 */
struct pair {
	struct env env[2];
	struct end end[2];
	struct blob stream[2];
};

static void pair_open(struct pair *p, enum door which, bool paced)
{
	static const char *const type[] = { "mtty-1", "mtty-2" };
	unsigned int i;

	*p = (struct pair){};
	for (i = 0; i < 2; i++) {
		p->env[i] = (struct env){ .door = which, .model = model_of(type[i]) };
		p->env[i].mdev = mdev_create(type[i]);
		pace(&p->env[i].mdev, paced ? "1" : "0");
		p->end[i] = (struct end){ &p->env[i], p->env[i].model->nr_ports - 1 };
	}
	wire(&p->env[0].mdev, cable(1, &p->env[1].mdev, 2).s);
	for (i = 0; i < 2; i++) {
		vfio_open(&p->env[i].dev, p->env[i].mdev.uuid, which);
		uart_setup(&p->env[i].dev, p->end[i].port, UART_FCR_TRIGGER_1);
	}
}

static void pair_close(struct pair *p)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		vfio_close(&p->env[i].dev);
		mdev_remove(&p->env[i].mdev);
		blob_free(&p->stream[i]);
	}
}

static void pair_go(struct pair *p, unsigned int state, unsigned int first)
{
	mig_go(&p->env[first].dev, state);
	mig_go(&p->env[!first].dev, state);
}

/* As a VMM does: none of them runs before all are loaded. */
static void pair_load(struct pair *to, const struct pair *from, unsigned int first)
{
	unsigned int i, at;

	for (i = 0; i < 2; i++) {
		at = i ^ first;
		check_eq(mig_load(&to->env[at].dev, &from->stream[at]), 0);
	}
}

static void pair_save(struct pair *p, unsigned int first)
{
	unsigned int i, at;

	pair_go(p, MIG_RUNNING_P2P, first);
	for (i = 0; i < 2; i++) {
		at = i ^ first;
		blob_free(&p->stream[at]);
		check_eq(mig_save(&p->env[at].dev, &p->stream[at]), 0);
		mig_go(&p->env[at].dev, MIG_STOP);
	}
}

/* The whole way, in each order in which it can be done. */
#define WAYS	4

static void pair_move(struct pair *from, struct pair *to, unsigned int way)
{
	note("way %u", way);
	pair_save(from, way & 1);
	pair_load(to, from, way & 1);
	pair_go(to, MIG_RUNNING, way >> 1);
}

/* Bytes in one direction: each is one more than the one before. */
struct flow {
	const struct end *from, *to;
	unsigned int sent, got;
};

static struct flow flow(const struct pair *p, unsigned int from)
{
	return (struct flow){ .from = &p->end[from], .to = &p->end[!from] };
}

static void flow_moves(struct flow *f, const struct pair *to, unsigned int from)
{
	f->from = &to->end[from];
	f->to = &to->end[!from];
}

static bool has_bit(const struct end *end, u8 bit)
{
	u8 lsr = end_get(end, UART_LSR);

	/* None was lost. */
	check_eq(lsr & LSR_ERRORS, 0);
	return lsr & bit;
}

static void wait_for(const struct end *end, u8 bit)
{
	time_t until = time(NULL) + WAIT_MS / 1000 + 1;

	while (!has_bit(end, bit)) {
		check(time(NULL) <= until);
		sched_yield();
	}
}

/* As many as the transmitter takes, when it is empty. */
static void send_a_fifo(struct flow *f)
{
	unsigned int i;

	wait_for(f->from, UART_LSR_THRE);
	for (i = 0; i < UART_FIFO; i++)
		end_put(f->from, UART_TX, f->sent++);
}

static void take_one(struct flow *f)
{
	wait_for(f->to, UART_LSR_DR);
	check_eq(end_get(f->to, UART_RX), f->got & 0xff);
	f->got++;
}

static void take_all(struct flow *f)
{
	while (f->got < f->sent)
		take_one(f);
	wait_for(f->from, UART_LSR_TEMT);
	check(!has_bit(f->to, UART_LSR_DR));
}

/* In the receiver, on the way, and in the sender, of which the last ones wait. */
#define ON_THE_WAY	16
#define ARRIVED		(UART_FIFO + ON_THE_WAY)

static void fill(struct flow *f)
{
	send_a_fifo(f);
	send_a_fifo(f);
	send_a_fifo(f);
	check_eq(f->sent, ARRIVED + UART_FIFO);
}

static void nothing_is_lost_or_doubled_when_both_ends_move(struct env *env)
{
	struct pair pair[2];
	struct flow f[2];
	unsigned int way, i;

	pair_open(&pair[0], env->door, false);
	pair_open(&pair[1], env->door, false);
	f[0] = flow(&pair[0], 0);
	f[1] = flow(&pair[0], 1);
	for (way = 0; way < WAYS; way++) {
		struct pair *from = &pair[way % 2], *to = &pair[!(way % 2)];

		for (i = 0; i < 2; i++)
			do {
				send_a_fifo(&f[i]);
			} while (f[i].sent - f[i].got < ARRIVED + UART_FIFO);
		/* One end is stopped first, and the other goes on. */
		mig_go(&from->env[way & 1].dev, MIG_RUNNING_P2P);
		for (i = 0; i < 20; i++)
			take_one(&f[way & 1]);
		pair_move(from, to, way);
		for (i = 0; i < 2; i++)
			flow_moves(&f[i], to, i);
		take_all(&f[0]);
		send_a_fifo(&f[0]);
		take_all(&f[1]);
		take_all(&f[0]);
	}
}

static void nothing_is_lost_or_doubled_at_a_pace(struct env *env)
{
	struct pair pair[2];
	struct flow f[2];
	unsigned int way, i;

	pair_open(&pair[0], env->door, true);
	pair_open(&pair[1], env->door, true);
	f[0] = flow(&pair[0], 0);
	f[1] = flow(&pair[0], 1);
	for (way = 0; way < WAYS; way++) {
		/* As a line does not wait for its receiver: as many as that has room for. */
		send_a_fifo(&f[0]);
		send_a_fifo(&f[1]);
		take_one(&f[way >> 1]);
		pair_move(&pair[way % 2], &pair[!(way % 2)], way);
		for (i = 0; i < 2; i++)
			flow_moves(&f[i], &pair[!(way % 2)], i);
		take_all(&f[0]);
		take_all(&f[1]);
	}
}

/* The inputs that the other end makes by MCR. */
static u8 inputs_of(u8 mcr)
{
	return (mcr & UART_MCR_RTS ? UART_MSR_CTS : 0) |
	       (mcr & UART_MCR_DTR ? UART_MSR_DSR | UART_MSR_DCD : 0);
}

static void lines_stay_as_they_are_when_both_ends_move(struct env *env)
{
	struct pair pair[2];
	u8 mcr[2], was[2] = {}, deltas;
	unsigned int i, end, looked;

	pair_open(&pair[0], env->door, false);
	pair_open(&pair[1], env->door, false);
	for (i = 0; i < 32; i++) {
		struct pair *from = &pair[i % 2], *to = &pair[!(i % 2)];

		looked = i / 16;
		mcr[0] = i % 4;
		mcr[1] = i / 4 % 4;
		for (end = 0; end < 2; end++)
			end_put(&from->end[end], UART_MCR, mcr[end]);
		for (end = 0; end < 2 && looked; end++)
			end_get(&from->end[end], UART_MSR);
		pair_move(from, to, i % WAYS);
		for (end = 0; end < 2; end++) {
			note("%u: MCR %#x and %#x, end %u", i, mcr[0], mcr[1], end);
			/* Those that were not seen yet, and no more. */
			deltas = (inputs_of(mcr[!end]) ^ inputs_of(was[!end])) >> 4;
			check_eq(end_get(&to->end[end], UART_MSR),
				 inputs_of(mcr[!end]) | (looked ? 0 : deltas));
			check_eq(end_get(&to->end[end], UART_MSR), inputs_of(mcr[!end]));
			check_eq(end_get(&to->end[end], UART_MCR), mcr[end]);
		}
		memcpy(was, mcr, sizeof(was));
	}
}

/* The target has a cable as well, to a device that does not exist. */
static void an_end_that_stays_behind_is_unplugged(struct env *env)
{
	struct mdev nowhere = mdev_random();
	struct blob stream = {};
	struct env target;
	struct pair p;
	struct flow f;
	struct end end;

	pair_open(&p, env->door, false);
	f = flow(&p, 1);
	env_open(&target, "mtty-1", env->door);
	vfio_close(&target.dev);
	wire(&target.mdev, cable(1, &nowhere, 1).s);
	vfio_open(&target.dev, target.mdev.uuid, env->door);
	end = (struct end){ &target, PORT_1 };

	end_put(&p.end[0], UART_MCR, MCR_OUTPUTS);
	end_put(&p.end[1], UART_MCR, MCR_OUTPUTS);
	end_get(&p.end[0], UART_MSR);
	end_get(&p.end[1], UART_MSR);
	fill(&f);
	mig_go(&p.env[0].dev, MIG_RUNNING_P2P);
	check_eq(mig_save(&p.env[0].dev, &stream), 0);
	/* For the end that stays, nothing has happened yet. */
	check(!has_bit(&p.end[1], UART_LSR_THRE));
	check_eq(end_get(&p.end[1], UART_MSR), MSR_LINES);

	check_eq(mig_load(&target.dev, &stream), 0);
	mig_go(&target.dev, MIG_RUNNING);
	check_eq(end_get(&end, UART_MSR), MSR_DELTAS);
	check_eq(end_get(&end, UART_MCR), MCR_OUTPUTS);
	/* Characters that had left the sender came along. */
	f.to = &end;
	while (f.got < ARRIVED)
		take_one(&f);
	check(!has_bit(&end, UART_LSR_DR));
	end_put(&end, UART_TX, 'x');
	check_eq(end_get(&end, UART_LSR), LSR_IDLE);

	vfio_close(&p.env[0].dev);
	check_eq(end_get(&p.end[1], UART_MSR), MSR_DELTAS);
	wait_for(&p.end[1], UART_LSR_TEMT);
	blob_free(&stream);
}

static void a_sender_waits_for_a_receiver_that_is_stopped(struct env *env)
{
	struct pair p;
	struct flow f;

	pair_open(&p, env->door, false);
	f = flow(&p, 1);
	mig_go(&p.env[0].dev, MIG_RUNNING_P2P);
	end_put(&p.end[1], UART_TX, f.sent++);
	check(!has_bit(&p.end[1], UART_LSR_TEMT));
	mig_go(&p.env[0].dev, MIG_RUNNING);
	wait_for(&p.end[1], UART_LSR_TEMT);
	take_all(&f);
}

/* Both ends go on where they were, however long that took; the sender first. */
static void a_migration_that_is_given_up_loses_nothing(struct env *env)
{
	const struct timespec long_time = {
		.tv_sec = LONGER_THAN_A_SENDER_WAITS_MS / 1000,
		.tv_nsec = LONGER_THAN_A_SENDER_WAITS_MS % 1000 * 1000000,
	};
	struct pair p;
	struct flow f;

	pair_open(&p, env->door, false);
	f = flow(&p, 0);
	fill(&f);
	pair_save(&p, 0);
	nanosleep(&long_time, NULL);
	check(!has_bit(&p.end[0], UART_LSR_THRE));
	pair_go(&p, MIG_RUNNING, 0);
	take_all(&f);
	pair_close(&p);
}

const struct test_case cases[] = {
	CASE(nothing_is_lost_or_doubled_when_both_ends_move, NO_DEVICE),
	CASE(nothing_is_lost_or_doubled_at_a_pace, NO_DEVICE),
	CASE(lines_stay_as_they_are_when_both_ends_move, NO_DEVICE),
	CASE(an_end_that_stays_behind_is_unplugged, NO_DEVICE),
	CASE(a_sender_waits_for_a_receiver_that_is_stopped, NO_DEVICE),
	CASE(a_migration_that_is_given_up_loses_nothing, NO_DEVICE),
	{}
};
