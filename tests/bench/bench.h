/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Measurements, each beside its physical limit: something that the kernel does
 * as fast as it can be done, such as the same access to a memfd.
 *
 * Both are measured in turns, in short samples, and each pair of samples gives a
 * ratio: so what else the machine does meanwhile, and how fast it is, drops out.
 * What is printed are medians.  Nothing is asserted: what a ratio has to be is
 * shown beside it, for people and for the plot.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "../lib/mdev.h"
#include "../lib/models.h"
#include "../lib/vfio.h"

#define PAGE	4096
#define MAX_ROUNDS	1001

/* What a measurement is in, and so whether more of it is better. */
enum unit {
	NS,		/* nanoseconds for each */
	MIB_PER_S,
	KIB,
	SPEED_UP,	/* times as much */
};

/**
 * struct gauge - something that can be done again and again
 * @run: does it @n times; returns how many nanoseconds that took, without what
 *	 has to be prepared for it
 * @arg: its argument
 * @per_run: how many things, or bytes, @run does at a time; 0: one
 * @once: @n is always 1: to do it is long enough
 */
struct gauge {
	double (*run)(void *arg, unsigned long n);
	void *arg;
	double per_run;
	bool once;
};

/**
 * struct metric - what is measured
 * @device: of which type
 * @name: what
 * @limit: what it is compared to
 * @unit: of both
 * @reach: what the ratio of the two has to reach; 0: nothing in particular
 */
struct metric {
	const char *device;
	const char *name;
	const char *limit;
	enum unit unit;
	double reach;
};

extern enum door bench_door;
extern unsigned int bench_devices;
extern unsigned int bench_rounds;

/* Does the name match what the user asked for? */
bool wanted(const char *device, const char *metric);
/* Measure both. */
void compare(struct metric metric, const struct gauge *value, const struct gauge *limit);
/* What was measured in another way: once, or in pairs of samples. */
void report(struct metric metric, double value, double limit);
void report_pairs(struct metric metric, double *values, double *limits, unsigned int n);
/* Tell why something is not measured. */
__printf(2, 3) void skip_row(const char *metric, const char *why, ...);

double now_ns(void);
double median(double *values, unsigned int n);
int memfd_new(size_t size);
/* All of its pages are there. */
int memfd_filled(size_t size);

/* Open a new device of a type. */
struct target {
	const struct model *model;
	struct mdev mdev;
	struct vfio vfio;
};

void target_new(struct target *t, const char *type);
void target_remove(struct target *t);

void bench_device_memory(void);
void bench_memory(void);
void bench_access(void);
void bench_irq(void);
void bench_parallel(void);
void bench_scale(void);
void bench_migrate(void);
void bench_dma(void);
void bench_pci(void);

#endif /* BENCH_BENCH_H */
