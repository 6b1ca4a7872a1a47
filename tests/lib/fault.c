// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fault.h"
#include "mdev.h"

static const char *const kinds[NR_FAULT_KINDS] = {
	[FAULT_SLAB] = "failslab",
	[FAULT_PAGES] = "fail_page_alloc",
	[FAULT_USERCOPY] = "fail_usercopy",
};

#define DEBUGFS	"/sys/kernel/debug"
/* Far above what any call needs: to end a round that goes on for ever. */
#define MAX_NTH	1000
#define OWN_FD	500
/* require-end, if no function is required */
#define EVERYWHERE	"0xffffffffffffffff"

static void set(const char *file, const char *val)
{
	if (__sysfs_write(text(DEBUGFS "/%s", file).s, val))
		skip_case("this kernel is built without fault injection: cannot set %s", file);
}

/* Any allocation may fail, only fail-nth makes it, and the log stays as it is. */
static void set_up(void)
{
	static const struct {
		const char *file, *val;
	} settings[] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "failslab/cache-filter", "N" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
	};
	unsigned int i;

	if (access(DEBUGFS "/failslab", F_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	for (i = 0; i < ARRAY_SIZE(settings); i++)
		set(settings[i].file, settings[i].val);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		set(text("%s/probability", kinds[i]).s, "0");
		set(text("%s/verbose", kinds[i]).s, "0");
		__sysfs_write(text(DEBUGFS "/%s/reject-start", kinds[i]).s, "0");
		__sysfs_write(text(DEBUGFS "/%s/reject-end", kinds[i]).s, "0");
		__sysfs_write(text(DEBUGFS "/%s/require-start", kinds[i]).s, "0");
		__sysfs_write(text(DEBUGFS "/%s/require-end", kinds[i]).s, EVERYWHERE);
	}
}

/* This process's own: the file names the thread that has opened it. */
static int fail_nth(void)
{
	static pid_t owner;
	static int fd;
	int low;

	if (owner == getpid())
		return fd;
	set_up();
	low = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (low < 0)
		skip_case("this kernel is built without fault injection: no fail-nth in /proc");
	/* Out of the range that is checked for descriptors that a call leaves behind. */
	fd = fcntl(low, F_DUPFD_CLOEXEC, OWN_FD);
	check(fd >= 0);
	close(low);
	owner = getpid();
	return fd;
}

bool fault_next(struct fault *f)
{
	fail_nth();
	if (f->nth && !f->injected) {
		note("%s, nothing failed", f->what);
		if (f->ret < 0)
			check_eq(f->ret, 0);
		printf("figure: allocations and copies failed = %u\n", f->failed);
		return false;
	}
	f->nth += f->every ?: 1;
	f->ret = -EINPROGRESS;
	f->injected = false;
	note("%s, failure %u", f->what, f->nth);
	check(f->nth <= MAX_NTH);
	return true;
}

void fault_arm(const struct fault *f)
{
	struct text nth = text("%u", f->nth);

	check_eq(sys(pwrite(fail_nth(), nth.s, strlen(nth.s), 0)), strlen(nth.s));
}

void fault_disarm(struct fault *f, long long ret)
{
	char left[16] = "";
	ssize_t len;

	/* To look is a copy as well.  If it is what fails, the call has ended one before. */
	len = pread(fail_nth(), left, sizeof(left) - 1, 0);
	/* So is this; and if it fails, none is left to fail. */
	pwrite(fail_nth(), "0", 1, 0);

	f->ret = ret;
	f->injected = len > 0 && !strtoul(left, NULL, 10);
	f->failed += f->injected;
	if (f->injected && ret < 0 && ret != -ENOMEM && ret != -EFAULT)
		check_eq(ret, f->also ? f->also : -ENOMEM);
}

/* Addresses, not sorted: those of modules are not. */
struct symbols {
	unsigned long *at;
	unsigned int nr;
};

static void add_symbol(struct symbols *symbols, unsigned long at)
{
	if (!(symbols->nr & (symbols->nr - 1)))
		symbols->at = realloc(symbols->at, (2 * symbols->nr + 1) * sizeof(at));
	check(symbols->at);
	symbols->at[symbols->nr++] = at;
}

/*
 * Where a function starts and where the next one does. @function: "f", or "module:f" if
 * others have one of that name.
 */
static bool find_function(const char *function, unsigned long *start, unsigned long *end)
{
	const char *colon = strchr(function, ':');
	struct text wanted = text("%.*s", colon ? (int)(colon - function) : 0, function);
	FILE *f = fopen("/proc/kallsyms", "r");
	char line[512], name[256], module[64];
	struct symbols symbols = {};
	unsigned long at;
	unsigned int i;

	*start = 0;
	*end = 0;
	while (f && fgets(line, sizeof(line), f)) {
		module[0] = '\0';
		if (sscanf(line, "%lx %*c %255s [%63[^]]", &at, name, module) < 2 ||
		    (colon && strcmp(module, wanted.s)))
			continue;
		if (!*start && !strcmp(name, colon ? colon + 1 : function))
			*start = at;
		add_symbol(&symbols, at);
	}
	if (f)
		fclose(f);
	for (i = 0; *start && i < symbols.nr; i++)
		if (symbols.at[i] > *start && (!*end || symbols.at[i] < *end))
			*end = symbols.at[i];
	free(symbols.at);
	return *end;
}

/* @filter: "reject" or "require", of the functions that have called. */
static void filter_by(const char *filter, const char *function)
{
	unsigned long start, end;
	unsigned int i;

	fail_nth();
	if (!find_function(function, &start, &end))
		skip_case("no %s() in /proc/kallsyms", function);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		set(text("%s/stacktrace-depth", kinds[i]).s, "32");
		set(text("%s/%s-start", kinds[i], filter).s, text("%#lx", start).s);
		set(text("%s/%s-end", kinds[i], filter).s, text("%#lx", end).s);
	}
}

void fault_spare(const char *function)
{
	filter_by("reject", function);
}

void fault_only_in(const char *function)
{
	filter_by("require", function);
}

static void set_number(enum fault_kind kind, const char *file, unsigned long val)
{
	set(text("%s/%s", kinds[kind], file).s, text("%lu", val).s);
}

void fault_in_workers(const char *function, enum fault_kind kind, unsigned long skip)
{
	fault_only_in(function);
	set_number(kind, "interval", 1);
	set_number(kind, "times", 1);
	set_number(kind, "space", skip);
	set_number(kind, "probability", 100);
}

bool fault_in_workers_done(enum fault_kind kind)
{
	bool hit;

	set_number(kind, "probability", 0);
	hit = !strcmp(sysfs_read(text(DEBUGFS "/%s/times", kinds[kind]).s).s, "0");
	set_number(kind, "times", 1);
	set_number(kind, "space", 0);
	fault_anywhere();
	return hit;
}

void fault_anywhere(void)
{
	fail_nth();
	set_up();
}

void fault_remove_nodes(const char *nodes, const char *class)
{
	DIR *dir = opendir(nodes);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_type == DT_CHR && strcmp(entry->d_name, "vfio") &&
		    access(text("%s/%s", class, entry->d_name).s, F_OK))
			unlink(text("%s/%s", nodes, entry->d_name).s);
	if (dir)
		closedir(dir);
}
