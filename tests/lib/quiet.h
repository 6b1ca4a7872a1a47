/* SPDX-License-Identifier: GPL-2.0-only */
/* Nothing in the kernel runs on by itself. */
#ifndef TESTS_QUIET_H
#define TESTS_QUIET_H

/**
 * find_noise() - look whether the kernel's workers come to rest
 *
 * Return: NULL if they do, or what they do instead.
 */
const char *find_noise(void);

/**
 * check_quiet() - expect that the kernel's workers come to rest
 *
 * A device that no process calls must not use a CPU.  Deferred work runs in kworker and
 * ksoftirqd threads, which the devices share with the rest of the kernel, and in threads
 * of our own: a short
 * window in which these threads together use less than a tenth of one CPU is enough.
 * Windows are looked at until one is quiet, for WAIT_MS at most.
 */
void check_quiet(void);

#endif /* TESTS_QUIET_H */
