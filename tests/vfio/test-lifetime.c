// SPDX-License-Identifier: GPL-2.0-only
/*
 * How devices and modules come to an end: removal and unloading while in use
 * and while not, in any order, and nothing left behind.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/bochs.h"
#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/example.h"
#include "../lib/gfx.h"
#include "../lib/irq.h"
#include "../lib/log.h"
#include "../lib/memory.h"
#include "../lib/module.h"
#include "../lib/race.h"
#include "../lib/uart.h"
#include "../lib/uevent.h"

#define CORE		"softpci-vfio"
#define ONE_OF_EACH	(MDPY_VGA | MBOCHS_SMALL | MTTY_1 | EXAMPLE)
/* For unloading modules beside a thread that leaves one CPU to nothing else. */
#define UNLOAD_MS	90000

static int remove_env(void *arg)
{
	const struct env *env = arg;

	/* The one that this process has from its parent. */
	vfio_close((struct vfio *)&env->dev);
	mdev_remove(&env->mdev);
	return 0;
}

/* Which device it is, which process waits, and for what. */
static void expect_line(int log, const struct env *env, pid_t pid, const char *what)
{
	struct text line = log_wait(log, env->mdev.uuid);

	note("%.150s", line.s);
	check(strstr(line.s, text("(pid %d) waits", pid).s));
	check(strstr(line.s, what));
}

/*
 * Its next request would come after ten seconds, the next line after a hundred.
 * The kernel has lines of its own about each device that comes and goes.
 */
static void expect_no_other_line(int log, const struct env *env)
{
	struct text line;

	while (log_line(log, &line)) {
		note("%.150s", line.s);
		check(!strstr(line.s, env->mdev.uuid) || !strstr(line.s, "waits"));
	}
	close(log);
}

static void remove_asks_the_user_and_waits_for_him(struct env *env)
{
	int log = log_open();
	u16 vendor;
	s32 req;
	int status;
	pid_t pid;

	irq_enable(&env->dev, REQ, 1, &req);
	pid = child_start(remove_env, env);
	event_wait(req);
	expect_line(log, env, pid, "was asked");
	/* It is still all there. */
	vendor = config_get(&env->dev, PCI_VENDOR_ID, 2);
	check_eq(vendor, env->model->vendor);
	check_eq(vfio_info(&env->dev).num_irqs, VFIO_PCI_NUM_IRQS);
	check(!child_ended(pid, 0, &status));
	vfio_close(&env->dev);
	child_join(pid);
	check(!mdev_exists(&env->mdev));
	expect_no_other_line(log, env);
}

static void remove_waits_also_for_who_cannot_be_asked(struct env *env)
{
	int log = log_open(), status;
	pid_t pid = child_start(remove_env, env);

	expect_line(log, env, pid, "gave no eventfd");
	check_eq(config_get(&env->dev, PCI_VENDOR_ID, 2), env->model->vendor);
	check(!child_ended(pid, 0, &status));
	vfio_close(&env->dev);
	child_join(pid);
	expect_no_other_line(log, env);
}

static void a_device_that_nobody_uses_goes_without_a_word(struct env *env)
{
	int log = log_open();

	vfio_close(&env->dev);
	mdev_remove(&env->mdev);
	expect_no_other_line(log, env);
}

/* Whether removal waits for the mapping or leaves the memory to it is not said. */
static void a_mapping_stays_good_when_the_device_goes(struct env *env)
{
	size_t size = vfio_region(&env->dev, VRAM_BAR)->size;
	u8 *map = region_map(&env->dev, VRAM_BAR, 0, size), want[256];
	pid_t pid;

	fill_pattern(want, sizeof(want), 3);
	memcpy(map + size / 2, want, sizeof(want));
	check_eq(sys(madvise(map, size, MADV_DONTFORK)), 0);
	vfio_close(&env->dev);
	pid = child_start(remove_env, env);
	check_mem(map + size / 2, want, sizeof(want));
	map[size - 1] = 1;
	check_eq(map[size - 1], 1);
	munmap(map, size);
	child_join(pid);
	check(!mdev_exists(&env->mdev));
}

static void an_open_device_keeps_its_modules(struct env *env)
{
	check_eq(__module_unload(env->model->parent), -EWOULDBLOCK);
	check_eq(__module_unload(CORE), -EWOULDBLOCK);
	check_eq(config_get(&env->dev, PCI_VENDOR_ID, 2), env->model->vendor);
	vfio_close(&env->dev);
	check_eq(__module_unload(CORE), -EWOULDBLOCK);
}

static void unloading_removes_devices_that_nobody_has_open(struct env *env)
{
	unsigned int p, m;
	struct mdev mdev;

	for (p = 0; p < NR_PARENTS; p++) {
		for (m = 0; m < NR_MODELS; m++)
			if (!strcmp(models[m].parent, parents[p]))
				mdev = mdev_create(models[m].type);
		module_unload(parents[p]);
		check(!mdev_exists(&mdev));
		check(access(text(MDEV_BUS "/%s", parents[p]).s, F_OK));
		module_load(parents[p], "");
	}
}

static void modules_can_be_unloaded_in_any_order(struct env *env)
{
	/* Each of them first and last, and each two in both orders. */
	static const unsigned int orders[][NR_PARENTS] = {
		{ 0, 1, 2, 3, 4 }, { 1, 2, 3, 4, 0 }, { 2, 3, 4, 0, 1 }, { 3, 4, 0, 1, 2 },
		{ 4, 0, 1, 2, 3 }, { 4, 3, 2, 1, 0 },
	};
	unsigned int o, p, m;
	struct env used;

	_Static_assert(NR_PARENTS == 5, "the orders have them all");
	for (o = 0; o < ARRAY_SIZE(orders); o++) {
		for (m = 0; m < NR_MODELS; m++) {
			if (!(models[m].bit & ONE_OF_EACH))
				continue;
			env_open(&used, models[m].type, env->door);
			vfio_close(&used.dev);
		}
		for (p = 0; p < NR_PARENTS; p++)
			module_unload(parents[orders[o][p]]);
		module_unload(CORE);
		check(!module_is_loaded(CORE));
		module_load(CORE, "");
		for (p = 0; p < NR_PARENTS; p++)
			module_load(parents[orders[o][NR_PARENTS - 1 - p]], "");
	}
}

/* Until the parent has gone under its hands. */
static int create_for_ever(void *arg)
{
	struct mdev mdev;
	int ret;

	do {
		mdev = mdev_random();
		ret = __mdev_create(&mdev, "mtty-1");
		if (!ret)
			__mdev_remove(&mdev);
	} while (!ret);
	check_one_of(ret, -ENOENT, -ENODEV);
	return 0;
}

static bool mtty_unloads(void *arg)
{
	return __module_unload("mtty") == 0;
}

static void unloading_survives_creation_at_the_same_time(struct env *env)
{
	unsigned int round, c;
	pid_t pid[2];

	for (round = 0; round < 5; round++) {
		for (c = 0; c < ARRAY_SIZE(pid); c++)
			pid[c] = child_start(create_for_ever, NULL);
		check(retry(mtty_unloads, NULL));
		for (c = 0; c < ARRAY_SIZE(pid); c++)
			child_join(pid[c]);
		module_load("mtty", "");
	}
}

/* This thread alone on the first CPU, before all of a lower priority. */
static void run_first(int priority)
{
	const struct sched_param param = { .sched_priority = priority };
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	check_eq(sys(sched_setaffinity(0, sizeof(first), &first)), 0);
	check_eq(sys(sched_setscheduler(0, priority ? SCHED_FIFO : SCHED_OTHER, &param)), 0);
}

struct unload {
	atomic_bool begun, done;
	int uevents;
};

static void unload_mtty_and_core(void *arg)
{
	struct unload *u = arg;

	run_first(30);
	u->begun = true;
	module_unload("mtty");
	module_unload(CORE);
	u->done = true;
}

/*
 * From the moment on when the parent device is removed, which is after the last
 * device was released, leave no time on that CPU to what releases the device.
 */
static void hold_up_release(void *arg)
{
	struct unload *u = arg;
	unsigned long looks;

	run_first(20);
	uevent_wait(u->uevents, "remove@/devices/virtual/mtty/mtty", NULL);
	/*
	 * Bounded, as unloading waits for the other thread, which has to run on then.
	 * A bound that is too low lets the fault go unseen, and nothing else.
	 */
	for (looks = 0; looks < 20000000 && !u->done; looks++)
		;
}

static bool unloading_waits(void *arg)
{
	return access(MDEV_BUS "/mtty", F_OK) != 0;
}

/*
 * A file of a device that nothing is bound to keeps the device, not the modules.
 * The thread that closes it, and releases the device, is preempted by the one that
 * waits for that, and unloads the modules.
 */
static int unload_while_releasing(void *arg)
{
	struct unload u = { .uevents = uevent_open() };
	struct mdev mdev = mdev_create("mtty-1");
	int file = vfio_open_cdev(mdev.uuid);
	struct worker remover, holder;

	check(file >= 0);
	run_first(0);
	worker_start(&holder, hold_up_release, &u);
	worker_start(&remover, unload_mtty_and_core, &u);
	check(retry(unloading_waits, NULL));
	close(file);
	worker_join(&remover);
	worker_join(&holder);
	return 0;
}

#define RT_RUNTIME	"/proc/sys/kernel/sched_rt_runtime_us"

static void the_core_stays_until_the_last_release_has_returned(struct env *env)
{
	struct text before = sysfs_read(RT_RUNTIME);
	int status = -1;
	pid_t pid;

	if (env->door == DOOR_GROUP)
		skip_case("a file that keeps the device but not the modules is one of a cdev");
	module_unload("mdpy");
	module_unload("mbochs");
	module_unload("softpci-example");
	module_unload("mioat");
	check_eq(__sysfs_write(RT_RUNTIME, "-1"), 0);
	pid = child_start(unload_while_releasing, NULL);
	child_ended(pid, UNLOAD_MS, &status);
	check_eq(__sysfs_write(RT_RUNTIME, before.s), 0);
	check_eq(status, 0);
	check(!module_is_loaded(CORE));
	module_load(CORE, "");
	module_load("mdpy", "");
	module_load("mbochs", "");
	module_load("mtty", "");
	module_load("softpci-example", "");
	module_load("mioat", "");
}

/* Create it, use most of what it has, and remove it. */
static void live_and_die(const char *type, enum door door)
{
	s32 event, events[EXAMPLE_VECTORS], unmask = event_new();
	unsigned int i;
	struct env env;
	int buf = -1;
	u8 *map;

	env_open(&env, type, door);
	irq_enable(&env.dev, REQ, 1, &event);
	close(event);
	if (env.model->bit & DISPLAYS) {
		map = region_map(&env.dev, VRAM_BAR, 0, 64 * 4096);
		memset(map, 1, 64 * 4096);
		munmap(map, 64 * 4096);
	}
	if (env.model->bit & MBOCHS) {
		dispi_show(&env.dev, 640, 480);
		buf = dmabuf_get(&env.dev, plane_query(&env.dev, DMABUF).dmabuf_id);
	}
	if (env.model->bit & MTTY) {
		irq_enable(&env.dev, INTX, 1, &event);
		check_eq(__irq_event(&env.dev, INTX, UNMASK, unmask), 0);
		close(event);
		uart_setup(&env.dev, PORT_1, UART_FCR_TRIGGER_14);
		uart_send(&env.dev, PORT_1, "left behind", 11);
	}
	if (env.model->bit & EXAMPLE) {
		irq_enable(&env.dev, MSIX, EXAMPLE_VECTORS, events);
		for (i = 0; i < EXAMPLE_VECTORS; i++)
			close(events[i]);
		map = region_map(&env.dev, EXAMPLE_BAR0, EXAMPLE_MEMORY, EXAMPLE_MEMORY_SIZE);
		memset(map, 1, EXAMPLE_MEMORY_SIZE);
		dma_map(&env.dev, 0, map, EXAMPLE_MEMORY_SIZE, DMA_RW);
		example_start(&env.dev, 0, 4096, 4096, 1);
		munmap(map, EXAMPLE_MEMORY_SIZE);
	}
	close(unmask);
	vfio_close(&env.dev);
	mdev_remove(&env.mdev);
	if (buf >= 0)
		close(buf);
}

#define LIVES	48
#define FIRST	8	/* while caches fill */

struct lives {
	const char *type;
	enum door door;
	unsigned int nr;
};

static void live(void *arg)
{
	const struct lives *lives = arg;
	unsigned int i;

	for (i = 0; i < lives->nr; i++)
		live_and_die(lives->type, lives->door);
}

static void nothing_is_left_of_a_device(struct env *env)
{
	struct lives lives = { .door = env->door };
	unsigned int m;

	for (m = 0; m < NR_MODELS; m++) {
		if (!(models[m].bit & ONE_OF_EACH))
			continue;
		note("%s", models[m].type);
		lives.type = models[m].type;
		lives.nr = FIRST;
		live(&lives);
		lives.nr = LIVES;
		check(!memory_grows(live, &lives, LIVES - 8, 4096));
	}
}

static void open_again(struct env *env, unsigned int times)
{
	unsigned int i;
	s32 event;

	for (i = 0; i < times; i++) {
		irq_enable(&env->dev, REQ, 1, &event);
		close(event);
		if (env->model->bit & DISPLAYS) {
			u8 *map = region_map(&env->dev, VRAM_BAR, 0, 64 * 4096);

			memset(map, 1, 64 * 4096);
			munmap(map, 64 * 4096);
		}
		env_reopen(env);
	}
}

static void open_often(void *arg)
{
	open_again(arg, LIVES);
}

/* As for the next user: it is opened again and again. */
static void nothing_is_left_of_an_opening(struct env *env)
{
	open_again(env, FIRST);
	check(!memory_grows(open_often, env, LIVES - 8, 4096));
}

/* Video memory comes into being when it is touched, not when the device does. */
static void memory_is_not_taken_before_it_is_touched(struct env *env)
{
	struct memory before, after;
	struct env large;

	memory_read(&before);
	env_open(&large, "mbochs-large", env->door);
	region_map(&large.dev, VRAM_BAR, 0, 64 * MIB);
	memory_read(&after);
	check(after.used_kib - before.used_kib < 16 * 1024);
}

const struct test_case cases[] = {
	CASE(remove_asks_the_user_and_waits_for_him, EACH),
	CASE(remove_waits_also_for_who_cannot_be_asked, ONE_OF_EACH),
	CASE(a_device_that_nobody_uses_goes_without_a_word, ONE_OF_EACH),
	CASE(a_mapping_stays_good_when_the_device_goes, DISPLAYS),
	CASE(an_open_device_keeps_its_modules, ONE_OF_EACH),
	CASE(unloading_removes_devices_that_nobody_has_open, NO_DEVICE),
	CASE(modules_can_be_unloaded_in_any_order, NO_DEVICE),
	CASE(unloading_survives_creation_at_the_same_time, NO_DEVICE),
	CASE(the_core_stays_until_the_last_release_has_returned, NO_DEVICE),
	CASE(nothing_is_left_of_a_device, NO_DEVICE),
	CASE(nothing_is_left_of_an_opening, MDPY_VGA | MBOCHS_SMALL | MTTY_2 | EXAMPLE),
	CASE(memory_is_not_taken_before_it_is_touched, NO_DEVICE),
	{}
};
