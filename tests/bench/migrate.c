// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration: how much is sent before a device is stopped and after that, while its
 * guest is idle, draws, or rewrites all memory as fast as it can; and how fast a
 * stream is read and written.
 *
 * As a VMM does it, a round reads as much as VFIO_MIG_GET_PRECOPY_INFO says is left.
 * The device is stopped when that is less than FEW bytes, or after MAX_SENT rounds.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/example.h"
#include "../lib/migration.h"
#include "../lib/uart.h"
#include "bench.h"

#define FEW		(64 << 10)
#define MAX_SENT	10
/* The window that a guest draws, and how far one line of it is from the next. */
#define LINES		128
#define LINE		1024
#define STRIDE		4096

/**
 * struct guest - a device that is used as by a guest
 * @target: the device
 * @map: its memory; NULL: it has none
 * @size: of the memory in bytes
 * @turn: how often something was drawn
 * @thread: it rewrites memory until @stop
 */
struct guest {
	struct target target;
	u8 *map;
	size_t size;
	unsigned int turn;
	pthread_t thread;
	atomic_bool stop;
};

static void guest_new(struct guest *g, const char *type)
{
	size_t start;

	*g = (struct guest){};
	target_new(&g->target, type);
	if (g->target.model->bit & MTTY) {
		uart_setup(&g->target.vfio, 0, 0);
		return;
	}
	start = g->target.model->bit & EXAMPLE ? EXAMPLE_MEMORY : 0;
	g->size = vfio_region(&g->target.vfio, 0)->size - start;
	if (g->target.model->bit & EXAMPLE)
		config_set(&g->target.vfio, PCI_COMMAND, PCI_COMMAND_MEMORY);
	g->map = region_map(&g->target.vfio, 0, start, g->size);
}

static void guest_remove(struct guest *g)
{
	if (g->map)
		munmap(g->map, g->size);
	target_remove(&g->target);
}

/* No two fillings have a page in common. */
static void rewrite(struct guest *g)
{
	g->turn++;
	if (g->map)
		memset(g->map, g->turn, g->size);
	else
		uart_put(&g->target.vfio, 0, UART_SCR, g->turn);
}

static void draw(struct guest *g)
{
	unsigned int lines = g->size / STRIDE < LINES ? g->size / STRIDE / 4 : LINES, i;
	size_t top;

	g->turn++;
	if (!g->map) {
		uart_send(&g->target.vfio, 0, "drawn", 5);
		for (i = 0; i < 5; i++)
			uart_get(&g->target.vfio, 0, UART_RX);
		return;
	}
	top = g->turn * 41 * STRIDE % (g->size - lines * STRIDE);
	for (i = 0; i < lines; i++)
		memset(g->map + top / STRIDE * STRIDE + i * STRIDE, g->turn, LINE);
}

static void idle(struct guest *g)
{
}

static void *flood(void *arg)
{
	struct guest *g = arg;

	while (!g->stop)
		rewrite(g);
	return NULL;
}

/* At most so many bytes, up to the end, or to the temporary one. */
static u64 read_some(int fd, u8 *buf, u64 most)
{
	u64 sum = 0;
	ssize_t n = 1;

	while (sum < most && n > 0) {
		n = sys(read(fd, buf, most - sum < MIB ? most - sum : MIB));
		if (n > 0)
			sum += n;
	}
	if (n <= 0)
		check_one_of(n, 0, -ENOMSG);
	return sum;
}

static u64 read_rest(int fd, u8 *buf)
{
	return read_some(fd, buf, ~0ULL);
}

static u64 pending(int fd)
{
	struct vfio_precopy_info info;

	check_eq(mig_precopy_info(fd, &info), 0);
	return info.initial_bytes + info.dirty_bytes;
}

/* Rounds of a migration, and bytes before and after the device was stopped. */
struct sent {
	unsigned int rounds;
	u64 before, after;
};

static struct sent migrate(struct guest *g, void (*act)(struct guest *g))
{
	const struct vfio *v = &g->target.vfio;
	u8 *buf = aligned_alloc(PAGE, MIB);
	struct sent sent = {};
	int fd = mig_go(v, MIG_PRE_COPY);
	u64 n;

	check(buf && fd > 0);
	if (!act)
		check_eq(pthread_create(&g->thread, NULL, flood, g), 0);
	while (sent.rounds < MAX_SENT) {
		n = pending(fd);
		if (n < FEW && sent.rounds)
			break;
		sent.before += read_some(fd, buf, n);
		sent.rounds++;
		if (act)
			act(g);
	}
	g->stop = true;
	if (!act)
		pthread_join(g->thread, NULL);
	g->stop = false;
	check_eq(mig_go(v, MIG_STOP_COPY), 0);
	sent.after = read_rest(fd, buf);
	close(fd);
	mig_go(v, MIG_RUNNING);
	free(buf);
	return sent;
}

/* All of it, as it is sent without PRE_COPY. */
static u64 state_size(struct guest *g)
{
	u8 *buf = aligned_alloc(PAGE, MIB);
	int fd = mig_go(&g->target.vfio, MIG_STOP_COPY);
	u64 size;

	check(buf && fd > 0);
	size = read_rest(fd, buf);
	close(fd);
	mig_go(&g->target.vfio, MIG_RUNNING);
	free(buf);
	return size;
}

static const struct activity {
	const char *name;
	void (*act)(struct guest *g);	/* after each round; NULL: all the time */
} activities[] = {
	{ "idle", idle },
	{ "drawing", draw },
	{ "flooding", NULL },
};

static double kib(u64 bytes)
{
	return bytes / 1024.0;
}

static void print_sent(const char *type, const char *activity, u64 size, struct sent sent)
{
	printf("%-17s %-9s %11.1f %6u %13.1f %13.1f\n", type, activity, kib(size), sent.rounds,
	       kib(sent.before), kib(sent.after));
	fflush(stdout);
}

static const struct metric idle_metric = {
	"mbochs-large", "migration, idle: once stopped", "its memory", KIB, 0.01,
};

static void measure_sent(void)
{
	static const char *const metric = "migration, sent";
	u64 size, idle_sent = 0, idle_size = 0;
	bool begun = false;
	struct guest g;
	unsigned int i, k;

	for (i = 0; i < NR_MODELS; i++) {
		const char *type = models[i].type;
		bool row = !strcmp(type, idle_metric.device) &&
			   wanted(type, idle_metric.name);

		/* What an engine works on is memory of its guest. */
		if ((!wanted(type, metric) && !row) || models[i].bit & MIOAT)
			continue;
		guest_new(&g, type);
		if (!mig_has_precopy(&g.target.vfio)) {
			guest_remove(&g);
			skip_row(metric, "the kernel has no PRE_COPY");
			return;
		}
		if (!begun)
			printf("\n%-17s %-9s %11s %6s %13s %13s  KiB\n", "migration", "guest",
			       "state", "rounds", "sent before", "sent stopped");
		begun = true;
		rewrite(&g);
		size = state_size(&g);
		for (k = 0; k < ARRAY_SIZE(activities); k++) {
			struct sent sent = migrate(&g, activities[k].act);

			print_sent(type, activities[k].name, size, sent);
			if (row && activities[k].act == idle) {
				idle_sent = sent.after;
				idle_size = g.size;
			}
		}
		guest_remove(&g);
	}
	if (begun)
		printf("\n");
	if (idle_size)
		report(idle_metric, kib(idle_sent), kib(idle_size));
}

static void measure_untouched(void)
{
	static const struct metric metric = {
		"mbochs-large", "migration, untouched: all", "64 KiB", KIB, 1,
	};
	struct guest g;

	if (!wanted(metric.device, metric.name))
		return;
	guest_new(&g, metric.device);
	report(metric, kib(state_size(&g)), 64);
	guest_remove(&g);
}

struct transfer {
	struct guest *guest;
	struct blob blob;	/* a stream */
	u8 *buf;		/* as long */
};

/* In pieces of 1 MiB, to the same place, as is usual for a VMM. */
static double run_save(void *arg, unsigned long n)
{
	struct transfer *t = arg;
	int fd = mig_go(&t->guest->target.vfio, MIG_STOP_COPY);
	double start = now_ns();

	check(fd > 0);
	check_eq(read_rest(fd, t->buf), t->blob.len);
	start = now_ns() - start;
	close(fd);
	mig_go(&t->guest->target.vfio, MIG_STOP);
	return start;
}

static double run_copy_out(void *arg, unsigned long n)
{
	struct transfer *t = arg;
	double start = now_ns();
	size_t i;

	for (i = 0; i < t->blob.len; i += MIB)
		memcpy(t->buf, t->blob.data + i, t->blob.len - i < MIB ? t->blob.len - i : MIB);
	return now_ns() - start;
}

/* With the transition, which gives it to the device. */
static double run_load(void *arg, unsigned long n)
{
	struct transfer *t = arg;
	int fd = mig_go(&t->guest->target.vfio, MIG_RESUMING);
	double start = now_ns();

	check(fd > 0);
	check_eq(mig_write_all(fd, &t->blob, MIB), 0);
	check_eq(mig_go(&t->guest->target.vfio, MIG_STOP), 0);
	start = now_ns() - start;
	close(fd);
	return start;
}

static double run_copy_in(void *arg, unsigned long n)
{
	struct transfer *t = arg;
	double start = now_ns();

	memcpy(t->buf, t->blob.data, t->blob.len);
	return now_ns() - start;
}

static void measure_speed(const char *type)
{
	const struct metric save = { type, "migration, save", "memcpy", MIB_PER_S, 0.8 };
	const struct metric load = { type, "migration, load", "memcpy", MIB_PER_S, 0.8 };
	struct transfer t = {};
	struct guest g;
	struct gauge value = { .arg = &t, .once = true }, limit = value;

	if (!wanted(type, save.name) && !wanted(type, load.name))
		return;
	guest_new(&g, type);
	rewrite(&g);
	t.guest = &g;
	check_eq(mig_save(&g.target.vfio, &t.blob), 0);
	mig_go(&g.target.vfio, MIG_STOP);
	t.buf = malloc(t.blob.len + MIB);
	check(t.buf);
	memset(t.buf, 1, t.blob.len + MIB);
	value.per_run = t.blob.len;
	limit.per_run = t.blob.len;

	value.run = run_save;
	limit.run = run_copy_out;
	compare(save, &value, &limit);
	value.run = run_load;
	limit.run = run_copy_in;
	compare(load, &value, &limit);
	free(t.buf);
	blob_free(&t.blob);
	guest_remove(&g);
}

void bench_migrate(void)
{
	measure_speed("mdpy-hd");
	measure_speed("mbochs-large");
	measure_untouched();
	measure_sent();
}
