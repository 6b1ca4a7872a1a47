// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "quiet.h"

#define MAX_WORKERS	512
/* More than two ticks of 4 ms: the time of a running thread is counted at each tick. */
#define WINDOW_NS	(10 * 1000000ULL)
/* Where the kernel counts whole ticks only. */
#define COARSE_NS	(20 * WINDOW_NS)
#define NS_PER_S	1000000000ULL

struct worker {
	int pid;
	u64 ns;
};

struct look {
	struct worker worker[MAX_WORKERS];
	unsigned int nr;
	char said[200];
};

static u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* A file of a process; false: the process has ended. */
static bool read_proc(const char *pid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, buf, size - 1);
	close(fd);
	if (len <= 0)
		return false;
	buf[len] = '\0';
	return true;
}

static bool schedstat_ns(const char *pid, u64 *ns)
{
	char buf[128];

	if (!read_proc(pid, "schedstat", buf, sizeof(buf)))
		return false;
	*ns = strtoull(buf, NULL, 10);
	return true;
}

/* All zeros, or no such file: this kernel was built without it. */
static bool has_schedstat(void)
{
	static int has = -1;
	u64 ns;

	if (has < 0)
		has = schedstat_ns("self", &ns) && ns;
	return has;
}

static bool stat_ns(const char *pid, u64 *ns)
{
	unsigned long long utime, stime;
	char buf[512], *end;

	/* A name may contain anything, the fields after it are numbers. */
	if (!read_proc(pid, "stat", buf, sizeof(buf)))
		return false;
	end = strrchr(buf, ')');
	if (!end || sscanf(end, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
			   &utime, &stime) != 2)
		return false;
	*ns = (utime + stime) * NS_PER_S / sysconf(_SC_CLK_TCK);
	return true;
}

static bool cpu_ns(const char *pid, u64 *ns)
{
	return has_schedstat() ? schedstat_ns(pid, ns) : stat_ns(pid, ns);
}

/*
 * The name of a process id is read once, and known to all processes that are forked
 * later: reading it is most of the cost of a check.
 */
static bool is_worker(const char *pid)
{
	static enum { UNKNOWN, WORKER, OTHER } known[65536];
	const unsigned int i = atoi(pid) % ARRAY_SIZE(known);
	char name[32];

	if (known[i] == UNKNOWN && read_proc(pid, "comm", name, sizeof(name)))
		known[i] = strncmp(name, "kworker/", 8) && strncmp(name, "ksoftirqd/", 10) &&
			   strncmp(name, "softpci-", 8) ? OTHER : WORKER;
	return known[i] == WORKER;
}

static void find_workers(struct look *look)
{
	struct dirent *entry;
	struct worker *w;
	DIR *dir;

	dir = opendir("/proc");
	check(dir);
	look->nr = 0;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		check(look->nr < MAX_WORKERS);
		w = &look->worker[look->nr];
		if (!is_worker(entry->d_name) || !cpu_ns(entry->d_name, &w->ns))
			continue;
		w->pid = atoi(entry->d_name);
		look->nr++;
	}
	closedir(dir);
	check(look->nr);
}

static bool is_quiet(void *arg)
{
	const u64 window = has_schedstat() ? WINDOW_NS : COARSE_NS;
	const struct timespec pause = { .tv_nsec = window };
	struct look *look = arg;
	char busiest[32] = "";
	u64 start, ns, sum = 0, most = 0;
	int busiest_pid = 0;
	unsigned int i;
	char pid[16];

	start = now_ns();
	find_workers(look);
	nanosleep(&pause, NULL);
	for (i = 0; i < look->nr; i++) {
		snprintf(pid, sizeof(pid), "%d", look->worker[i].pid);
		if (!cpu_ns(pid, &ns) || ns <= look->worker[i].ns)
			continue;
		ns -= look->worker[i].ns;
		sum += ns;
		if (ns > most) {
			most = ns;
			busiest_pid = look->worker[i].pid;
		}
	}
	ns = now_ns() - start;
	/* Reading is a part of the window: it can take longer than the pause. */
	if (sum < ns / (has_schedstat() ? 10 : 2))
		return true;
	snprintf(pid, sizeof(pid), "%d", busiest_pid);
	if (read_proc(pid, "comm", busiest, sizeof(busiest)))
		busiest[strcspn(busiest, "\n")] = '\0';
	snprintf(look->said, sizeof(look->said),
		 "kernel threads used %llu us of %llu us, most of them %s", sum / 1000, ns / 1000,
		 busiest);
	return false;
}

const char *find_noise(void)
{
	static struct look look;

	return retry(is_quiet, &look) ? NULL : look.said;
}

void check_quiet(void)
{
	const char *noise = find_noise();

	if (noise)
		check_failed(__FILE__, __LINE__, noise);
}
