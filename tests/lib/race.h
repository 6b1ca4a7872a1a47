/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Things that happen at the same time: threads that start together, and one
 * that goes on while the case looks.  How long a race is, is a number of
 * rounds: time is no measure where the CPUs are emulated.
 */
#ifndef TESTS_RACE_H
#define TESTS_RACE_H

#include <pthread.h>
#include <stdatomic.h>

#include "vfio.h"

#define MAX_RACERS	12

struct racer {
	void (*run)(void *arg);
	void *arg;
};

/* Run all of them, each in a thread, from one start line; wait for the last. */
void race(const struct racer *racers, unsigned int nr);

/* One thread beside the case. */
struct worker {
	struct racer racer;
	pthread_t thread;
	atomic_bool done;
};

void worker_start(struct worker *w, void (*run)(void *arg), void *arg);
void worker_join(struct worker *w);

/* Eight bytes from the start of a region, or to it. */
struct transfer {
	struct vfio *v;
	unsigned int index;
	bool write;
	void *buf;
};

void transfer(void *arg);

/* Ask for all regions now: the answers are kept, and threads only read them. */
void vfio_know_regions(struct vfio *v);

/*
 * Memory whose first touch, by any thread, waits until it is filled.  It stops an
 * access in its middle.
 */
struct late_page {
	int uffd;
	u8 *page;
};

struct late_page late_page_new(void);
void late_page_wait_for_touch(const struct late_page *late);
void late_page_fill(const struct late_page *late);

#endif /* TESTS_RACE_H */
