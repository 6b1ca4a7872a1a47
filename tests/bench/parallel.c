// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several at once: two users of two independent devices, and two users of one
 * device, one of them stuck in a slow page fault.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/race.h"
#include "../lib/bochs.h"
#include "../lib/gfx.h"
#include "bench.h"

struct lane {
	int fd;
	off_t at;
	size_t len;
	bool query;
	unsigned long n;
	pthread_barrier_t *barrier;
	double from, until;	/* when it was at it */
	pthread_t thread;
	u8 buf[PAGE] __attribute((aligned(PAGE)));
};

static void *run_lane(void *arg)
{
	struct lane *lane = arg;
	struct vfio vfio = { .fd = lane->fd };
	unsigned long i;

	if (lane->barrier)
		pthread_barrier_wait(lane->barrier);
	lane->from = now_ns();
	for (i = 0; i < lane->n; i++) {
		if (lane->query)
			plane_query(&vfio, REGION);
		else
			check_eq(pread(lane->fd, lane->buf, lane->len, lane->at), lane->len);
	}
	lane->until = now_ns();
	return NULL;
}

static double run_alone(void *arg, unsigned long n)
{
	struct lane *lane = arg;

	lane->n = n;
	lane->barrier = NULL;
	run_lane(lane);
	return lane->until - lane->from;
}

static double run_both(void *arg, unsigned long n)
{
	struct lane *lane = arg;
	pthread_barrier_t barrier;
	unsigned int i;

	pthread_barrier_init(&barrier, NULL, 2);
	for (i = 0; i < 2; i++) {
		lane[i].n = n;
		lane[i].barrier = &barrier;
		check_eq(pthread_create(&lane[i].thread, NULL, run_lane, &lane[i]), 0);
	}
	for (i = 0; i < 2; i++)
		pthread_join(lane[i].thread, NULL);
	pthread_barrier_destroy(&barrier);
	/* From when the first began until the last one was done. */
	return (lane[0].until > lane[1].until ? lane[0].until : lane[1].until) -
	       (lane[0].from < lane[1].from ? lane[0].from : lane[1].from);
}

#define SPEED_UP_N	4096

/* How much more two get done than one in the same time. */
static double speed_up(struct lane *lanes)
{
	double one = run_alone(lanes, SPEED_UP_N);

	return 2 * one / run_both(lanes, SPEED_UP_N);
}

static void two_devices(const char *metric, unsigned int region, size_t len, bool query)
{
	static struct lane value[2], limit[2];
	double values[MAX_ROUNDS], limits[MAX_ROUNDS];
	struct target t[2];
	unsigned int i;

	if (!wanted("mdpy-vga", metric))
		return;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		skip_row(metric, "there is one CPU only");
		return;
	}
	for (i = 0; i < 2; i++) {
		target_new(&t[i], "mdpy-vga");
		value[i] = (struct lane){
			.fd = t[i].vfio.fd, .at = vfio_region(&t[i].vfio, region)->offset,
			.len = len, .query = query,
		};
		limit[i] = (struct lane){ .fd = memfd_filled(PAGE), .len = len ?: 1 };
	}
	for (i = 0; i < bench_rounds; i++) {
		values[i] = speed_up(value);
		limits[i] = speed_up(limit);
	}
	report_pairs((struct metric){ "mdpy-vga", metric, "two memfds, pread", SPEED_UP, 0.9 },
		     values, limits, bench_rounds);
	for (i = 0; i < 2; i++) {
		close(limit[i].fd);
		target_remove(&t[i]);
	}
}

/*
 * A read waits for a page of its own buffer that does not come; do other users of
 * the device wait for it?
 */
static void beside_a_fault(const char *type, const char *metric, unsigned int region,
			   size_t len, bool write)
{
	static struct lane stuck_lane, free_lane;
	struct target stuck, calm;
	struct late_page late;
	struct transfer slow;
	struct worker worker;
	int fd;

	if (!wanted(type, metric))
		return;
	fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (fd < 0) {
		skip_row(metric, "no userfaultfd, which holds up a fault: %m");
		return;
	}
	close(fd);
	target_new(&stuck, type);
	target_new(&calm, type);
	stuck_lane = (struct lane){
		.fd = stuck.vfio.fd, .at = vfio_region(&stuck.vfio, region)->offset, .len = len,
	};
	free_lane = stuck_lane;
	free_lane.fd = calm.vfio.fd;

	late = late_page_new();
	slow = (struct transfer){ &stuck.vfio, region, write, late.page };
	worker_start(&worker, transfer, &slow);
	late_page_wait_for_touch(&late);
	compare((struct metric){ type, metric, "the same with nobody stuck", NS, 1.1 },
		&(struct gauge){ .run = run_alone, .arg = &stuck_lane },
		&(struct gauge){ .run = run_alone, .arg = &free_lane });
	check(!worker.done);
	late_page_fill(&late);
	worker_join(&worker);
	close(late.uffd);
	target_remove(&stuck);
	target_remove(&calm);
}

void bench_parallel(void)
{
	two_devices("two CPUs: config read, 4 bytes", CONFIG, 4, false);
	two_devices("two CPUs: BAR0 pread, 4 KiB", 0, 4096, false);
	two_devices("two CPUs: QUERY_GFX_PLANE", 0, 0, true);
	beside_a_fault("mdpy-vga", "config read beside a stuck one", CONFIG, 4, false);
	beside_a_fault("mdpy-vga", "BAR0 read beside a stuck one", 0, 4096, false);
	beside_a_fault("mdpy-vga", "BAR0 read beside a stuck write", 0, 4096, true);
}
