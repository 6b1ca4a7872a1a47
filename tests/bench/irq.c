// SPDX-License-Identifier: GPL-2.0-only
/* From the register write that is the cause, to an eventfd that can be read. */
#include <poll.h>
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

void bench_irq(void)
{
	static unsigned int indexes[] = { MSI, INTX };
	static const char *const metric[] = { "MSI: write to readable", "INTx: write to readable" };
	unsigned int i, j;

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
