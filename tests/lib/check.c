// SPDX-License-Identifier: GPL-2.0-only
#include <poll.h>
#include <stdarg.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define RETRY_MS	50

static __thread char noted[200];

void note(const char *fmt, ...)
{
	va_list args;

	noted[0] = '\0';
	if (!fmt)
		return;
	va_start(args, fmt);
	vsnprintf(noted, sizeof(noted), fmt, args);
	va_end(args);
}

void skip_case(const char *fmt, ...)
{
	va_list args;

	printf("skip: ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	_exit(EXIT_SKIPPED);
}

void check_failed(const char *file, int line, const char *what)
{
	printf("%s:%d: %s%s%s\n", file, line, noted, noted[0] ? ": " : "", what);
	fflush(stdout);
	_exit(EXIT_FAILED);
}

static const char *value(char *buf, size_t size, long long val)
{
	const char *name = val < 0 && val > -4096 ? strerrorname_np(-val) : NULL;

	if (name)
		snprintf(buf, size, "-%s", name);
	else
		snprintf(buf, size, "%lld (%#llx)", val, val);
	return buf;
}

void check_eq_(const char *file, int line, const char *what, long long got, long long want)
{
	char text[300], g[48], w[48];

	if (got == want)
		return;
	snprintf(text, sizeof(text), "%s is %s, expected %s", what,
		 value(g, sizeof(g), got), value(w, sizeof(w), want));
	check_failed(file, line, text);
}

void check_str_(const char *file, int line, const char *what, const char *got,
		const char *want)
{
	char text[300];

	if (!strcmp(got, want))
		return;
	snprintf(text, sizeof(text), "%s is \"%s\", expected \"%s\"", what, got, want);
	check_failed(file, line, text);
}

void check_mem_(const char *file, int line, const char *what, const void *got,
		const void *want, size_t len)
{
	const u8 *g = got, *w = want;
	char text[300];
	size_t i;

	if (!memcmp(got, want, len))
		return;
	for (i = 0; g[i] == w[i]; i++)
		;
	snprintf(text, sizeof(text), "%s: byte %#zx of %#zx is %02x, expected %02x",
		 what, i, len, g[i], w[i]);
	check_failed(file, line, text);
}

pid_t child_start(int (*run)(void *arg), void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	check(pid >= 0);
	if (!pid) {
		int status = run(arg);

		fflush(NULL);
		_exit(status);
	}
	return pid;
}

bool child_ended(pid_t pid, int ms, int *status)
{
	struct pollfd ended = { .fd = pidfd_open(pid, 0), .events = POLLIN };
	int ret;

	check(ended.fd >= 0);
	ret = poll(&ended, 1, ms);
	close(ended.fd);
	return ret == 1 && waitpid(pid, status, 0) == pid;
}

void child_join(pid_t pid)
{
	int status;

	check(child_ended(pid, WAIT_MS, &status));
	check(WIFEXITED(status));
	/* A child that failed has said why. */
	if (WEXITSTATUS(status))
		_exit(WEXITSTATUS(status));
}

bool retry(bool (*is_so)(void *arg), void *arg)
{
	const struct timespec pause = { .tv_nsec = RETRY_MS * 1000000L };
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		/* The check may itself take long; one more after the deadline sees all. */
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (is_so(arg))
			return true;
		nanosleep(&pause, NULL);
	} while (now.tv_sec - start.tv_sec <= WAIT_MS / 1000);
	return false;
}
