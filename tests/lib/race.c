// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "race.h"

#define PAGE		4096
/* Above the slowest race, below the limit of a case, to say which hangs. */
#define RACE_MS		90000

static void join(pthread_t thread, int ms)
{
	struct timespec end;

	check_eq(clock_gettime(CLOCK_REALTIME, &end), 0);
	end.tv_sec += ms / 1000;
	check_eq(pthread_timedjoin_np(thread, NULL, &end), 0);
}

struct lane {
	const struct racer *racer;
	pthread_barrier_t *start;
	pthread_t thread;
};

static void *run_lane(void *arg)
{
	const struct lane *lane = arg;

	pthread_barrier_wait(lane->start);
	lane->racer->run(lane->racer->arg);
	return NULL;
}

void race(const struct racer *racers, unsigned int nr)
{
	struct lane lanes[MAX_RACERS];
	pthread_barrier_t start;
	unsigned int i;

	check(nr <= MAX_RACERS);
	check_eq(pthread_barrier_init(&start, NULL, nr), 0);
	for (i = 0; i < nr; i++) {
		lanes[i] = (struct lane){ .racer = &racers[i], .start = &start };
		check_eq(pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]), 0);
	}
	for (i = 0; i < nr; i++)
		join(lanes[i].thread, RACE_MS);
	pthread_barrier_destroy(&start);
}

static void *run_worker(void *arg)
{
	struct worker *w = arg;

	w->racer.run(w->racer.arg);
	w->done = true;
	return NULL;
}

void worker_start(struct worker *w, void (*run)(void *arg), void *arg)
{
	w->racer = (struct racer){ run, arg };
	w->done = false;
	check_eq(pthread_create(&w->thread, NULL, run_worker, w), 0);
}

void worker_join(struct worker *w)
{
	join(w->thread, RACE_MS);
}

void transfer(void *arg)
{
	const struct transfer *t = arg;

	note("%s of region %u", t->write ? "write" : "read", t->index);
	if (t->write)
		region_write(t->v, t->index, 0, t->buf, 8);
	else
		region_read(t->v, t->index, 0, t->buf, 8);
}

void vfio_know_regions(struct vfio *v)
{
	unsigned int i, nr = vfio_info(v).num_regions;

	for (i = 0; i < nr; i++)
		vfio_region(v, i);
}

struct late_page late_page_new(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range;
	struct late_page late;

	/* One that blocks cannot be polled: it is always ready, with an error. */
	late.uffd = sys(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
	if (late.uffd < 0)
		skip_case("no userfaultfd: %s", strerror(-late.uffd));
	check_eq(sys(ioctl(late.uffd, UFFDIO_API, &api)), 0);
	late.page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(late.page != MAP_FAILED);
	range = (struct uffdio_register){
		.range = { (uintptr_t)late.page, PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	check_eq(sys(ioctl(late.uffd, UFFDIO_REGISTER, &range)), 0);
	return late;
}

void late_page_wait_for_touch(const struct late_page *late)
{
	struct pollfd touched = { .fd = late->uffd, .events = POLLIN };

	check_eq(poll(&touched, 1, WAIT_MS), 1);
	check_eq(touched.revents, POLLIN);
}

void late_page_fill(const struct late_page *late)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)late->page, PAGE } };

	check_eq(sys(ioctl(late->uffd, UFFDIO_ZEROPAGE, &zero)), 0);
}
