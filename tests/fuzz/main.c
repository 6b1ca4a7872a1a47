// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options, runs, and their supervision.  Each run is a process of its own, one per
 * VFIO interface or file of steps, so that its end leaves nothing behind.
 */
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/quiet.h"
#include "fuzz.h"

#define PROGRESS_S	5
/* A thread that is at one step for so long is taken for stuck. */
#define STUCK_S		60

struct shared *shared;

static struct {
	u64 seed;
	u64 calls;		/* of all threads through all interfaces; 0: no limit */
	u64 steps;		/* of each thread; 0: no limit */
	unsigned int threads;
	int only;		/* this thread; -1: all */
	unsigned int types;
	bool door[NR_DOORS];
	bool print, verbose;
	const char *cover;
} opt = {
	.seed = 1, .threads = 4, .only = -1, .types = EACH_KIND, .door = { true, true },
};

static struct thread threads[MAX_THREADS];
/* Threads that have not ended, and of them those that do steps. */
static unsigned int running, stepping;
/* Those that do none may close what they have. */
static bool may_close;
static pthread_mutex_t running_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t running_less = PTHREAD_COND_INITIALIZER;
static pthread_cond_t may_close_now = PTHREAD_COND_INITIALIZER;
/* What a replay does, instead of a stream. */
static struct step *replay;
static size_t nr_replay;

static unsigned int passed, failed, skipped;

static void usage(void)
{
	puts("usage: fuzz [OPTION...] [FILE...]\n"
	     "Does the steps in each FILE, then random ones.\n"
	     "  --seed S       of the random numbers (default 1)\n"
	     "  --calls N      random steps until so many system calls were made\n"
	     "  --steps N      so many random steps in each thread, if that is less\n"
	     "  --threads T    default 4\n"
	     "  --thread I     only this one of them, exactly as it was\n"
	     "  --types LIST   mdpy-vga,bus-engine,... (default: all)\n"
	     "  --door DOOR    group, cdev or both (default: both)\n"
	     "  --print        print the steps of thread I (default 0) and do nothing\n"
	     "  --verbose      print each step of a FILE and what it came to\n"
	     "  --cover FILE   write the addresses that were covered there");
}

static unsigned long sum(atomic_ulong *count)
{
	unsigned long total = 0;
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++)
		total += count[i];
	return total;
}

static void do_replay(struct thread *t)
{
	char result[32];
	size_t i;
	long ret;

	for (i = 0; i < nr_replay && !shared->stop; i++) {
		ret = thread_do(t, &replay[i]);
		if (!opt.verbose)
			continue;
		snprintf(result, sizeof(result), "%ld", ret);
		printf("%-8s ", ret < 0 && ret > -4096 && strerrorname_np(-ret) ?
		       strerrorname_np(-ret) : result);
		step_print(stdout, &replay[i]);
	}
}

static void *thread_run(void *arg)
{
	struct thread *t = arg;
	struct step step;

	cover_thread(t);
	if (replay)
		do_replay(t);
	else
		while ((!t->calls || shared->calls[t->nr] < t->calls) &&
		       (!opt.steps || t->stream.nr < opt.steps) && !shared->stop) {
			stream_next(&t->stream, &step);
			thread_do(t, &step);
		}
	pthread_mutex_lock(&running_lock);
	t->waits = true;
	stepping--;
	pthread_cond_signal(&running_less);
	while (!may_close)
		pthread_cond_wait(&may_close_now, &running_lock);
	t->waits = false;
	pthread_mutex_unlock(&running_lock);

	thread_exit(t);
	t->done = true;

	pthread_mutex_lock(&running_lock);
	running--;
	pthread_cond_signal(&running_less);
	pthread_mutex_unlock(&running_lock);
	return NULL;
}

static void progress(enum door door, unsigned int seconds)
{
	unsigned int i;

	printf("fuzz: %s, %u s, %lu calls, %lu places; steps of each thread:", door_name(door),
	       seconds, sum(shared->calls), cover_count());
	for (i = 0; i < opt.threads; i++)
		printf(" %lu", shared->steps[i]);
	puts("");
}

static void stuck(struct thread *t)
{
	unsigned int i;

	printf("fuzz: thread %u is stuck; they are at\n", t->nr);
	for (i = 0; i < opt.threads; i++) {
		if (!threads[i].step.op)
			continue;
		printf("%s%u: ", threads[i].done ? "(done) " : "", i);
		step_print(stdout, &threads[i].step);
	}
	__sysfs_write("/proc/sysrq-trigger", "w");
	_exit(EXIT_FAILED);
}

/* Whether the kernel said since the last look what it should not have to. */
static bool kernel_complains(void)
{
	static const char *const words[] = {
#include "complaints.inc"
	};
	static int log = -1;
	bool found = false;
	char line[2048];
	unsigned int i;
	ssize_t len;

	if (log < 0) {
		log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		lseek(log, 0, SEEK_END);
	}
	/* A line a time; -EPIPE: some were overwritten before they were read. */
	while ((len = sys(read(log, line, sizeof(line) - 1))) > 0 || len == -EPIPE) {
		line[len > 0 ? len : 0] = '\0';
		for (i = 0; i < ARRAY_SIZE(words); i++)
			found |= !!strstr(line, words[i]);
	}
	return found;
}

/* No thread calls a device any more: now it has to use no CPU. */
static void expect_quiet(const char *when)
{
	const char *noise = find_noise();

	if (!noise)
		return;
	printf("fuzz: %s: %s\n", when, noise);
	shared->wrong = true;
}

static void watch(enum door door)
{
	unsigned int seconds = 0, idle[MAX_THREADS] = {}, i;
	unsigned long last[MAX_THREADS] = {};
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	pthread_mutex_lock(&running_lock);
	while (running) {
		until.tv_sec++;
		while (running && (stepping || may_close) &&
		       !pthread_cond_timedwait(&running_less, &running_lock, &until))
			;
		if (!stepping && !may_close) {
			expect_quiet("with all devices open");
			may_close = true;
			pthread_cond_broadcast(&may_close_now);
		}
		for (i = 0; i < opt.threads; i++) {
			if (shared->steps[i] != last[i] || threads[i].done ||
			    threads[i].waits || !threads[i].id)
				idle[i] = 0;
			else if (++idle[i] == STUCK_S)
				stuck(&threads[i]);
			last[i] = shared->steps[i];
		}
		if (++seconds % PROGRESS_S == 0 && !replay)
			progress(door, seconds);
		if (!shared->wrong && kernel_complains()) {
			printf("fuzz: the kernel complains, after %lu calls\n",
			       sum(shared->calls));
			shared->wrong = true;
			shared->stop = true;
		}
	}
	pthread_mutex_unlock(&running_lock);
	if (!replay)
		progress(door, seconds);
}

static unsigned int nr_doors(void)
{
	return opt.door[DOOR_GROUP] + opt.door[DOOR_CDEV];
}

static int run(enum door door, unsigned int types)
{
	unsigned int nr = replay ? 1 : opt.threads, i;
	struct step setup[MAX_SETUP];

	faults_init();
	kernel_complains();
	may_close = false;
	devices_make(door, types, setup, replay ? 0 : stream_setup(opt.seed, types, setup));
	root_threads_start();
	for (i = 0; i < nr; i++) {
		struct thread *t = &threads[i];

		if (!replay && opt.only >= 0 && opt.only != (int)i)
			continue;
		thread_init(t, i);
		stream_init(&t->stream, opt.seed, i, types);
		if (!replay)
			t->calls = shared->calls[i] + opt.calls / nr / nr_doors();
		pthread_mutex_lock(&running_lock);
		running++;
		stepping++;
		pthread_mutex_unlock(&running_lock);
		check_eq(pthread_create(&t->id, NULL, thread_run, t), 0);
	}
	watch(door);
	/* No device is in use any more: removals that wait for that must end soon. */
	alarm(STUCK_S);
	root_threads_stop();
	expect_quiet("with all devices closed");
	devices_remove();
	alarm(0);
	if (kernel_complains())
		shared->wrong = true;
	return shared->wrong;
}

/* A run in a process of its own: true if it came to its end. */
static bool run_alone(enum door door, unsigned int types)
{
	int status;
	pid_t pid;

	memset(shared->device, 0, sizeof(shared->device));
	memset(shared->steps, 0, sizeof(shared->steps));
	shared->leaving = 0;
	shared->stop = false;
	shared->wrong = false;
	fflush(stdout);
	pid = fork();
	check(pid >= 0);
	if (!pid) {
		status = run(door, types);
		fflush(stdout);
		_exit(status);
	}
	check_eq(sys(waitpid(pid, &status, 0)), pid);
	mdev_remove_all();
	pci_remove_all();
	if (WIFSIGNALED(status))
		printf("fuzz: ended by signal %d\n", WTERMSIG(status));
	return !status;
}

static int load_steps(const char *path, unsigned int *types)
{
	FILE *file = fopen(path, "r");
	struct step step;
	char line[256];
	int ret = 0;

	nr_replay = 0;
	*types = 0;
	if (!file) {
		perror(path);
		return -EINVAL;
	}
	while (!ret && fgets(line, sizeof(line), file)) {
		ret = step_parse(line, &step);
		if (ret || !step.op)
			continue;
		replay = reallocarray(replay, nr_replay + 1, sizeof(*replay));
		check(replay);
		replay[nr_replay++] = step;
		if (!strcmp(step.op->arg[0].name, "dev"))
			*types |= 1U << step.arg[0];
	}
	fclose(file);
	return ret ?: nr_replay ? 0 : -EINVAL;
}

/* Why there are no functions of the bus; NULL: there are, or none of @types is one. */
static const char *missing(unsigned int types)
{
	static const char *reason;
	static bool asked;

	if (!(types & FUNCTIONS))
		return NULL;
	if (!asked)
		reason = bus_missing();
	asked = true;
	return reason;
}

static void replay_file(const char *path)
{
	unsigned int types;
	enum door door;
	bool ok = !load_steps(path, &types);

	if (ok && missing(types)) {
		printf("skipped   %s: %s\n", path, missing(types));
		skipped++;
		goto out;
	}
	for (door = 0; ok && door < NR_DOORS; door++)
		if (opt.door[door])
			ok = run_alone(door, types);
	if (ok)
		passed++;
	else
		failed++;
	printf("%s  %s\n", ok ? "replayed" : "FAILED  ", path);
out:
	free(replay);
	replay = NULL;
}

static void fuzz(enum door door)
{
	printf("fuzz: again by: --door %s --seed %llu --threads %u --types %#x", door_name(door),
	       opt.seed, opt.threads, opt.types);
	if (opt.only >= 0)
		printf(" --thread %d", opt.only);
	if (opt.calls)
		printf(" --calls %llu", opt.calls / nr_doors());
	if (opt.steps)
		printf(" --steps %llu", opt.steps);
	puts("");
	if (run_alone(door, opt.types)) {
		passed++;
		return;
	}
	printf("FAILED  random steps through the %s door\n", door_name(door));
	failed++;
}

static void fuzz_all(void)
{
	const char *reason = missing(opt.types);
	enum door door;

	if (reason) {
		printf("skipped   functions of the bus: %s\n", reason);
		skipped++;
		opt.types &= ~FUNCTIONS;
	}
	for (door = 0; opt.types && door < NR_DOORS; door++)
		if (opt.door[door])
			fuzz(door);
}

static void print_steps(void)
{
	u64 n = opt.steps ?: opt.calls / opt.threads;
	struct step step, setup[MAX_SETUP];
	unsigned int i, nr_setup;
	struct stream stream;

	nr_setup = stream_setup(opt.seed, opt.types, setup);
	for (i = 0; i < nr_setup; i++)
		step_print(stdout, &setup[i]);
	stream_init(&stream, opt.seed, opt.only < 0 ? 0 : opt.only, opt.types);
	while (n--) {
		stream_next(&stream, &step);
		step_print(stdout, &step);
	}
}

static unsigned int parse_types(char *list)
{
	unsigned int types = strtoul(list, NULL, 0);
	char *type;
	u64 nr;

	if (types)
		return types & EACH_KIND;
	for (type = strtok(list, ","); type; type = strtok(NULL, ",")) {
		nr = kind_named(type, strlen(type));
		if (nr == NR_KINDS)
			return 0;
		types |= 1U << nr;
	}
	return types;
}

static bool parse_door(const char *name)
{
	bool both = !strcmp(name, "both");

	opt.door[DOOR_GROUP] = both || !strcmp(name, "group");
	opt.door[DOOR_CDEV] = both || !strcmp(name, "cdev");
	return nr_doors();
}

static bool parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "calls", required_argument, NULL, 'c' },
		{ "steps", required_argument, NULL, 'n' },
		{ "threads", required_argument, NULL, 't' },
		{ "thread", required_argument, NULL, 'i' },
		{ "types", required_argument, NULL, 'm' },
		{ "door", required_argument, NULL, 'd' },
		{ "print", no_argument, NULL, 'p' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "cover", required_argument, NULL, 'o' },
		{}
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 's':
			opt.seed = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			opt.calls = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			opt.steps = strtoull(optarg, NULL, 0);
			break;
		case 't':
			opt.threads = strtoul(optarg, NULL, 0);
			break;
		case 'i':
			opt.only = strtoul(optarg, NULL, 0);
			break;
		case 'm':
			opt.types = parse_types(optarg);
			break;
		case 'd':
			if (!parse_door(optarg))
				return false;
			break;
		case 'p':
			opt.print = true;
			break;
		case 'v':
			opt.verbose = true;
			break;
		case 'o':
			opt.cover = optarg;
			break;
		default:
			return false;
		}
	return opt.types && opt.threads && opt.threads <= MAX_THREADS &&
	       opt.only < (int)opt.threads;
}

static void figures(void)
{
	printf("figure: calls fuzzed = %lu\n", sum(shared->calls));
	printf("figure: devices removed in use = %lu\n", shared->removed);
	printf("figure: DMA stopped by unmapping = %lu\n", shared->races);
	printf("figure: processes forked in use = %lu\n", shared->children);
	printf("figure: dma-bufs imported = %lu\n", shared->imports);
	if (cover_count())
		printf("figure: code edges covered = %lu\n", cover_count());
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
}

int main(int argc, char **argv)
{
	enum door door;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!parse_options(argc, argv)) {
		usage();
		return 2;
	}
	if (opt.print) {
		print_steps();
		return 0;
	}

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	check(shared != MAP_FAILED);
	mdev_init();
	if (cover_init())
		puts("fuzz: no KCOV, coverage is not measured");
	for (door = 0; door < NR_DOORS; door++) {
		if (!opt.door[door] || !door_missing(door))
			continue;
		printf("skipped %s door: %s\n", door_name(door), door_missing(door));
		opt.door[door] = false;
		skipped++;
	}

	for (; optind < argc; optind++)
		replay_file(argv[optind]);
	if (opt.calls || opt.steps)
		fuzz_all();
	if (opt.cover)
		cover_write(opt.cover);
	figures();
	return failed || !passed;
}
