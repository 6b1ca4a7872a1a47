// SPDX-License-Identifier: GPL-2.0-only
/* DMA: the bytes that an engine copies, and how long it takes to say so. */
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "../lib/dma.h"
#include "../lib/irq.h"
#include "dma.h"

#define SOURCE	0x10000000UL
#define TARGET	0x120000000UL

void engine_init(struct engine *e, const char *name, struct vfio *v)
{
	*e = (struct engine){ .name = name, .v = v };
	windows_init(v, &e->w, SOURCE, TARGET, IOAT_MAX_LENGTH);
	chain_begin(v, &e->w.chain);
}

/* As many as a driver that has much to copy leaves to one doorbell. */
#define QUEUED	8

/* Some more descriptors, and wait for the interrupt of the last one. */
static void run_some(struct engine *e, unsigned int nr, u32 control, u32 size)
{
	struct pollfd pollfd = { e->w.chain.event, POLLIN, 0 };

	while (--nr)
		chain_append(&e->w.chain, control, size, SOURCE, TARGET);
	chain_append(&e->w.chain, control | DESC_INT | DESC_COMPLETION, size, SOURCE, TARGET);
	chain_ring(e->v, &e->w.chain);
	check_eq(poll(&pollfd, 1, WAIT_MS), 1);
	event_take(e->w.chain.event);
}

static double run_copy(void *arg, unsigned long n)
{
	double start = now_ns();

	while (n--)
		run_some(arg, QUEUED, DESC_COPY, IOAT_MAX_LENGTH);
	return now_ns() - start;
}

static double run_memcpy(void *arg, unsigned long n)
{
	struct engine *e = arg;
	double start = now_ns();

	for (n *= QUEUED; n; n--) {
		memcpy(e->w.target, e->w.source, IOAT_MAX_LENGTH);
		/* It is to be done each time. */
		asm volatile("" : : "r" (e->w.target) : "memory");
	}
	return now_ns() - start;
}

static double run_doorbell(void *arg, unsigned long n)
{
	double start = now_ns();

	while (n--)
		run_some(arg, 1, DESC_NULL, 1);
	return now_ns() - start;
}

/* A thread that answers each event on @to by one on @from, until @stop. */
struct echo {
	int to, from;
	bool stop;
	pthread_t thread;
};

static void *echo(void *arg)
{
	struct echo *echo = arg;

	for (;;) {
		event_wait(echo->to);
		if (echo->stop)
			return NULL;
		event_signal(echo->from);
	}
}

static double run_round_trip(void *arg, unsigned long n)
{
	struct echo *echo = arg;
	double start = now_ns();

	while (n--) {
		event_signal(echo->to);
		event_wait(echo->from);
	}
	return now_ns() - start;
}

static void bench_doorbell(struct engine *e, double reach)
{
	struct echo other = { .to = event_new(), .from = event_new() };

	check_eq(pthread_create(&other.thread, NULL, echo, &other), 0);
	compare((struct metric){ e->name, DOORBELL, "eventfd round trip", NS, reach },
		&(struct gauge){ .run = run_doorbell, .arg = e },
		&(struct gauge){ .run = run_round_trip, .arg = &other });
	other.stop = true;
	event_signal(other.to);
	check_eq(pthread_join(other.thread, NULL), 0);
	close(other.to);
	close(other.from);
}

void bench_engine(struct engine *e, double reach_copy, double reach_irq)
{
	if (wanted(e->name, COPY))
		compare((struct metric){ e->name, COPY, "memcpy()", MIB_PER_S, reach_copy },
			&(struct gauge){ .run = run_copy, .arg = e,
					 .per_run = QUEUED * IOAT_MAX_LENGTH },
			&(struct gauge){ .run = run_memcpy, .arg = e,
					 .per_run = QUEUED * IOAT_MAX_LENGTH });
	if (wanted(e->name, DOORBELL))
		bench_doorbell(e, reach_irq);
}

void bench_dma(void)
{
	struct engine e;
	struct target t;

	if (!wanted("mioat-1", COPY) && !wanted("mioat-1", DOORBELL))
		return;
	target_new(&t, "mioat-1");
	engine_init(&e, "mioat-1", &t.vfio);
	/* With a container, which cannot pin safely, all is copied twice. */
	bench_engine(&e, bench_door == DOOR_CDEV ? 0.8 : 0, 2);
	target_remove(&t);
}
