// SPDX-License-Identifier: GPL-2.0-only
/* Options, sampling, and what comes out: a table, and the same as a file. */
#include <fnmatch.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/race.h"
#include "bench.h"

#define MAX_ROWS	256

static const char *const unit_name[] = {
	[NS] = "ns", [MIB_PER_S] = "MiB/s", [KIB] = "KiB", [SPEED_UP] = "x",
};

/* One line of the table; of the ratios a quarter was below @low, one above @high. */
struct row {
	struct metric metric;
	double value;
	double limit;
	double ratio;
	double low;
	double high;
};

enum door bench_door;
unsigned int bench_devices = 1000;
unsigned int bench_rounds = 21;

static double sample_ns = 10e6;
static const char *only = "*";
static bool alone;
static unsigned int nr_skipped;
static pid_t child;
static struct row rows[MAX_ROWS];
static unsigned int nr_rows;

double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *values, unsigned int n)
{
	qsort(values, n, sizeof(*values), by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

bool wanted(const char *device, const char *metric)
{
	return !fnmatch(only, text("%s: %s", device, metric).s, 0);
}

static bool more_is_better(enum unit unit)
{
	return unit == MIB_PER_S || unit == SPEED_UP;
}

static const char *verdict(const struct row *row)
{
	const struct metric *m = &row->metric;

	if (m->reach == 0)
		return "";
	if (more_is_better(m->unit))
		return row->ratio >= m->reach ? "reached" : "MISSED";
	return row->ratio <= m->reach ? "reached" : "MISSED";
}

static struct text wish(const struct metric *m)
{
	if (m->reach == 0)
		return text("-");
	return text("%s %g", more_is_better(m->unit) ? ">=" : "<=", m->reach);
}

static const char *number(double x)
{
	static struct text s[2];
	static unsigned int i;

	i = !i;
	s[i] = text(x < 100 ? "%.2f" : "%.0f", x);
	return s[i].s;
}

static void add_row(const struct row *row)
{
	const struct metric *m = &row->metric;

	check(nr_rows < MAX_ROWS);
	rows[nr_rows++] = *row;
	printf("%-14s %-31s %9s %9s %-5s %8.3f  %-7s %-8s %s\n", m->device, m->name,
	       number(row->value), number(row->limit), unit_name[m->unit], row->ratio,
	       wish(m).s, verdict(row), m->limit);
	fflush(stdout);
}

void report(struct metric metric, double value, double limit)
{
	double ratio = value / limit;

	add_row(&(struct row){ metric, value, limit, ratio, ratio, ratio });
}

void report_pairs(struct metric metric, double *values, double *limits, unsigned int n)
{
	struct row row = { .metric = metric };
	double ratios[MAX_ROUNDS];
	unsigned int i;

	for (i = 0; i < n; i++)
		ratios[i] = values[i] / limits[i];
	row.value = median(values, n);
	row.limit = median(limits, n);
	row.ratio = median(ratios, n);
	row.low = ratios[n / 4];
	row.high = ratios[n - 1 - n / 4];
	add_row(&row);
}

void skip_row(const char *metric, const char *why, ...)
{
	va_list args;

	nr_skipped++;
	printf("skipped: %s: ", metric);
	va_start(args, why);
	vprintf(why, args);
	va_end(args);
	printf("\n");
}

/* How often it is done in one sample. */
static unsigned long calibrate(const struct gauge *gauge)
{
	unsigned long n = 1;
	double ns;

	if (gauge->once)
		return 1;
	for (;;) {
		ns = gauge->run(gauge->arg, n);
		if (ns >= sample_ns)
			return n;
		/* Not all at once: the first runs are slower than the rest. */
		n = ns * 10 < sample_ns ? n * 8 : n * (sample_ns / ns) + 1;
	}
}

static double sample(const struct gauge *gauge, unsigned long n)
{
	return gauge->run(gauge->arg, n) / n / (gauge->per_run ?: 1);
}

static double in_unit(double ns, enum unit unit)
{
	return unit == MIB_PER_S ? 1e9 / ns / MIB : ns;
}

void compare(struct metric metric, const struct gauge *value, const struct gauge *limit)
{
	double values[MAX_ROUNDS], limits[MAX_ROUNDS];
	unsigned long n, m;
	unsigned int i;

	if (!wanted(metric.device, metric.name))
		return;
	if (alone)
		limit = value;
	n = calibrate(value);
	m = calibrate(limit);
	for (i = 0; i < bench_rounds; i++) {
		/* By turns first, as the first may pay for what the second finds. */
		if (i % 2)
			limits[i] = in_unit(sample(limit, m), metric.unit);
		values[i] = in_unit(sample(value, n), metric.unit);
		if (!(i % 2))
			limits[i] = in_unit(sample(limit, m), metric.unit);
	}
	report_pairs(metric, values, limits, bench_rounds);
}

int memfd_new(size_t size)
{
	int fd = memfd_create("bench", MFD_CLOEXEC);

	check(fd >= 0);
	check_eq(sys(ftruncate(fd, size)), 0);
	return fd;
}

int memfd_filled(size_t size)
{
	int fd = memfd_new(size);
	u8 *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	size_t i;

	check(map != MAP_FAILED);
	for (i = 0; i < size; i += PAGE)
		map[i] = i / PAGE;
	munmap(map, size);
	return fd;
}

void target_new(struct target *t, const char *type)
{
	t->model = model_of(type);
	t->mdev = mdev_create(type);
	vfio_open(&t->vfio, t->mdev.uuid, bench_door);
	vfio_know_regions(&t->vfio);
}

void target_remove(struct target *t)
{
	vfio_close(&t->vfio);
	mdev_remove(&t->mdev);
}

/* For programs: one line per row, the ratio's spread with it. */
static void write_rows(FILE *f)
{
	unsigned int i;

	fprintf(f, "device\tmetric\tvalue\tlimit\tunit\t"
		"ratio\tlow\thigh\twanted\tverdict\tlimit is\n");
	for (i = 0; i < nr_rows; i++) {
		const struct row *row = &rows[i];
		const struct metric *m = &row->metric;

		fprintf(f, "%s\t%s\t%.6g\t%.6g\t%s\t%.4f\t%.4f\t%.4f\t%s\t%s\t%s\n",
			m->device, m->name, row->value, row->limit, unit_name[m->unit],
			row->ratio, row->low, row->high, wish(m).s, verdict(row), m->limit);
	}
	check_eq(fclose(f), 0);
}

static void usage(void)
{
	printf("usage: bench [OPTION...]: speed, as ratios to what the kernel can do at best\n"
	       "  --only GLOB    what to measure: 'DEVICE: METRIC', such as '*: BAR0*'\n"
	       "  --file FILE    write what came out there, separated by tabs\n"
	       "  --alone        do not measure the limits: for a profile\n"
	       "  --rounds N     how many pairs of samples (default %u)\n"
	       "  --sample MS    how long one of them is (default %g)\n"
	       "  --devices N    how many of each driver there are at once (default %u)\n"
	       "  --door DOOR    group (default) or cdev\n",
	       bench_rounds, sample_ns / 1e6, bench_devices);
}

static double number_of(const char *name, const char *arg, double max)
{
	char *end;
	double x = strtod(arg, &end);

	if (*end || !(x >= 1) || x > max) {
		fprintf(stderr, "bench: --%s wants a number from 1 to %g, not '%s'\n", name, max,
			arg);
		exit(2);
	}
	return x;
}

static enum door door_of(const char *arg)
{
	enum door door;

	for (door = 0; door < NR_DOORS; door++)
		if (!strcmp(arg, door_name(door)))
			return door;
	fprintf(stderr, "bench: there is no door '%s': group or cdev\n", arg);
	exit(2);
}

static const char *read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "only", required_argument, NULL, 'o' },
		{ "file", required_argument, NULL, 'f' },
		{ "alone", no_argument, NULL, 'a' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "sample", required_argument, NULL, 's' },
		{ "devices", required_argument, NULL, 'n' },
		{ "door", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	const char *file = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'o':
			only = optarg;
			break;
		case 'f':
			file = optarg;
			break;
		case 'a':
			alone = true;
			break;
		case 'r':
			bench_rounds = number_of("rounds", optarg, MAX_ROUNDS);
			break;
		case 's':
			sample_ns = number_of("sample", optarg, 10000) * 1e6;
			break;
		case 'n':
			bench_devices = number_of("devices", optarg, 10000);
			break;
		case 'd':
			bench_door = door_of(optarg);
			break;
		case 'h':
			usage();
			exit(0);
		default:
			exit(2);
		}
	}
	if (argv[optind]) {
		fprintf(stderr, "bench: what is '%s'? (--help)\n", argv[optind]);
		exit(2);
	}
	return file;
}

static int measure(void *file)
{
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 65536, 65536 });
	bench_device_memory();
	bench_memory();
	bench_access();
	bench_irq();
	bench_parallel();
	bench_migrate();
	bench_dma();
	bench_pci();
	bench_scale();
	if (!nr_rows && !nr_skipped) {
		fprintf(stderr, "bench: nothing is called '%s': try --only '*'\n", only);
		return 1;
	}
	if (file)
		write_rows(file);
	return 0;
}

/* The measuring process ends; its parent removes the devices that are left. */
static void interrupted(int sig)
{
	kill(child, SIGKILL);
}

int main(int argc, char **argv)
{
	const char *path = read_options(argc, argv), *missing;
	struct utsname uts;
	FILE *file = NULL;
	int status;

	missing = door_missing(bench_door);
	if (missing) {
		fprintf(stderr, "bench: %s\n", missing);
		return 1;
	}
	if (path) {
		file = fopen(path, "w");
		if (!file) {
			fprintf(stderr, "bench: cannot write %s: %m\n", path);
			return 1;
		}
	}
	uname(&uts);
	printf("Linux %s, %ld CPUs, medians of %u pairs of %g ms\n\n", uts.release,
	       sysconf(_SC_NPROCESSORS_ONLN), bench_rounds, sample_ns / 1e6);
	printf("%-14s %-31s %9s %9s %-5s %8s  %-7s %-8s %s\n", "device", "metric", "value",
	       "limit", "", "ratio", "wanted", "", "limit is");
	fflush(stdout);
	mdev_init();
	/* In a process of its own: devices that it leaves open are closed by its end. */
	child = child_start(measure, file);
	signal(SIGINT, interrupted);
	signal(SIGTERM, interrupted);
	while (waitpid(child, &status, 0) < 0)
		check_eq(errno, EINTR);
	mdev_remove_all();
	return status ? 1 : 0;
}
