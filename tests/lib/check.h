/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Expectations.  One that does not hold says what was seen and ends the
 * process: every case, and every process that a case starts, is one of its own
 * (see cases.c), so nothing is left half undone.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/types.h>

#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#define __printf(fmt, args)	__attribute((format(printf, fmt, args)))

/* Exit status of a process that ends in the middle of a case. */
#define EXIT_FAILED	1
#define EXIT_SKIPPED	77

/* The upper bound of every wait for an event, generous: emulated CPUs are slow. */
#define WAIT_MS		10000

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/**
 * note() - position of a loop or table, printed when an expectation fails
 * @fmt: as of printf(); NULL: nothing to tell
 */
__printf(1, 2) void note(const char *fmt, ...);

/**
 * skip_case() - end the case: this machine cannot run it
 * @fmt: the reason
 */
noreturn __printf(1, 2) void skip_case(const char *fmt, ...);

noreturn void check_failed(const char *file, int line, const char *what);
void check_eq_(const char *file, int line, const char *what, long long got, long long want);
void check_str_(const char *file, int line, const char *what, const char *got,
		const char *want);
void check_mem_(const char *file, int line, const char *what, const void *got,
		const void *want, size_t len);

#define check(cond)								\
	do {									\
		if (!(cond))							\
			check_failed(__FILE__, __LINE__, "expected " #cond);	\
	} while (0)

/* Integers; a small negative one is shown as the errno that it is. */
#define check_eq(got, want)							\
	check_eq_(__FILE__, __LINE__, #got, (long long)(got), (long long)(want))

#define check_str(got, want)							\
	check_str_(__FILE__, __LINE__, #got, got, want)

#define check_mem(got, want, len)						\
	check_mem_(__FILE__, __LINE__, #got, got, want, len)

/* Where an interface allows more than one answer. */
#define check_one_of(got, a, b)							\
	do {									\
		long long got_ = (got);						\
		if (got_ != (long long)(b))					\
			check_eq_(__FILE__, __LINE__, #got " (or " #b ")", got_, a); \
	} while (0)

/* A system call's result with its errno folded in: -EINVAL instead of -1. */
#define sys(call)								\
	({									\
		long long ret_ = (long long)(call);				\
		ret_ == -1 ? -errno : ret_;					\
	})

/**
 * child_start() - run a function in a process of its own
 * @run: its result is the exit status; checks may be used in it
 * @arg: its argument
 */
pid_t child_start(int (*run)(void *arg), void *arg);

/**
 * child_ended() - wait for a child
 * @pid: the child
 * @ms: how long; 0: just look
 * @status: as of waitpid(), if it has ended
 */
bool child_ended(pid_t pid, int ms, int *status);

/* Wait for a child and expect that all went well in it. */
void child_join(pid_t pid);

/**
 * retry() - look again every 50 ms until something is so; false after WAIT_MS
 * @is_so: looks
 * @arg: its argument
 *
 * Only for conditions without an event.
 */
bool retry(bool (*is_so)(void *arg), void *arg);

#endif /* TESTS_CHECK_H */
