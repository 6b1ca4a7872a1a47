// SPDX-License-Identifier: GPL-2.0-only
/* From the register write that is the cause, to an eventfd that can be read. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "../lib/irq.h"
#include "../lib/uart.h"
#include "bench.h"

/*
 * As many as are raised before the clock is read, and then, unmeasured, all
 * lowered again.
 */
#define NR	16

static struct target targets[NR];
static s32 events[NR];

/* The transmitter has room, and says so; or says no more. */
static void write_ier(unsigned int i, u8 val)
{
	const struct vfio *vfio = &targets[i].vfio;

	check_eq(pwrite(vfio->fd, &val, 1, vfio->region[PORT_1].offset + UART_IER), 1);
}

static void expect_readable(int event)
{
	struct pollfd pollfd = { event, POLLIN, 0 };

	check_eq(poll(&pollfd, 1, 0), 1);
}

static double run_raise(void *arg, unsigned long n)
{
	unsigned int index = *(unsigned int *)arg, i;
	double start, ns = 0;

	while (n--) {
		start = now_ns();
		for (i = 0; i < NR; i++) {
			write_ier(i, UART_IER_THRI);
			expect_readable(events[i]);
		}
		ns += now_ns() - start;
		for (i = 0; i < NR; i++) {
			check_eq(event_take(events[i]), 1);
			write_ier(i, 0);
			if (index == INTX)
				irq_do(&targets[i].vfio, INTX, UNMASK, 0);
		}
	}
	return ns;
}

static double run_eventfd(void *arg, unsigned long n)
{
	double start, ns = 0;
	unsigned int i;

	while (n--) {
		start = now_ns();
		for (i = 0; i < NR; i++) {
			event_signal(events[i]);
			expect_readable(events[i]);
		}
		ns += now_ns() - start;
		for (i = 0; i < NR; i++)
			check_eq(event_take(events[i]), 1);
	}
	return ns;
}

/*
 * What other users of VFIO notice: INTx of one device enabled with an eventfd to
 * unmask it, and disabled, while many others unmask themselves, by eventfd for
 * ever and by ioctl from a thread. The limit is the same without them.
 */
#define NR_STORMS	16

static struct target storms[NR_STORMS];
static atomic_bool storming;

static void *unmask_for_ever(void *arg)
{
	struct target *t = arg;

	while (storming)
		irq_do(&t->vfio, INTX, UNMASK, 0);
	return NULL;
}

static double run_wire(void *arg, unsigned long n)
{
	struct target *t = arg;
	s32 event = event_new(), unmask = event_new();
	double start = now_ns();

	while (n--) {
		check_eq(__irq_assign(&t->vfio, INTX, 0, 1, &event), 0);
		check_eq(__irq_event(&t->vfio, INTX, UNMASK, unmask), 0);
		irq_disable(&t->vfio, INTX);
	}
	start = now_ns() - start;
	close(event);
	close(unmask);
	return start;
}

static void storms_set(bool on)
{
	static pthread_t thread[NR_STORMS];
	unsigned int i;

	storming = on;
	for (i = 0; i < NR_STORMS; i++)
		if (on)
			check_eq(pthread_create(&thread[i], NULL, unmask_for_ever, &storms[i]), 0);
		else
			check_eq(pthread_join(thread[i], NULL), 0);
}

static double run_wire_in_storm(void *arg, unsigned long n)
{
	double ns;

	storms_set(true);
	ns = run_wire(arg, n);
	storms_set(false);
	return ns;
}

static void bench_storm(void)
{
	const char *metric = "INTx set up beside 16 that unmask themselves";
	s32 event[NR_STORMS];
	struct target t;
	unsigned int i;

	if (!wanted("mtty-1", metric))
		return;
	if (mdev_available("mtty-1") < NR_STORMS + 1) {
		skip_row("interrupts", "mtty's budget is below %u ports", NR_STORMS + 1);
		return;
	}
	target_new(&t, "mtty-1");
	for (i = 0; i < NR_STORMS; i++) {
		target_new(&storms[i], "mtty-1");
		irq_enable(&storms[i].vfio, INTX, 1, &event[i]);
		check_eq(__irq_event(&storms[i].vfio, INTX, UNMASK, event[i]), 0);
		uart_raise(&storms[i].vfio, PORT_1);
	}
	/* 16 threads share the CPUs with it: that, and no waiting besides. */
	compare((struct metric){ "mtty-1", metric, "the same alone", NS, 2.0 * NR_STORMS },
		&(struct gauge){ .run = run_wire_in_storm, .arg = &t },
		&(struct gauge){ .run = run_wire, .arg = &t });
	for (i = 0; i < NR_STORMS; i++) {
		target_remove(&storms[i]);
		close(event[i]);
	}
	target_remove(&t);
}

void bench_irq(void)
{
	static unsigned int indexes[] = { MSI, INTX };
	static const char *const metric[] = { "MSI: write to readable", "INTx: write to readable" };
	unsigned int i, j;

	bench_storm();
	if (!wanted("mtty-1", metric[0]) && !wanted("mtty-1", metric[1]))
		return;
	if (mdev_available("mtty-1") < NR) {
		skip_row("interrupts", "mtty's budget is below %u ports", NR);
		return;
	}
	for (i = 0; i < NR; i++)
		target_new(&targets[i], "mtty-1");
	for (j = 0; j < ARRAY_SIZE(indexes); j++) {
		for (i = 0; i < NR; i++)
			irq_enable(&targets[i].vfio, indexes[j], 1, &events[i]);
		compare((struct metric){ "mtty-1", metric[j], "eventfd write and poll", NS, 1.2 },
			&(struct gauge){ .run = run_raise, .arg = &indexes[j], .per_run = NR },
			&(struct gauge){ .run = run_eventfd, .arg = NULL, .per_run = NR });
		for (i = 0; i < NR; i++) {
			irq_disable(&targets[i].vfio, indexes[j]);
			close(events[i]);
		}
	}
	for (i = 0; i < NR; i++)
		target_remove(&targets[i]);
}
