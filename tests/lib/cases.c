// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cases.h"
#include "pci.h"
#include "quiet.h"

/* Far above the slowest case, to end one that hangs. */
#define CASE_MS		300000

struct instance {
	const struct test_case *test;
	const struct model *model;
	enum door door;
	const char *skip;	/* the reason, if it cannot run */
	bool listen;		/* it ends with a look whether the kernel is quiet */
	char name[96];
};

void env_open(struct env *env, const char *type, enum door door)
{
	env->door = door;
	env->model = model_of(type);
	env->mdev = mdev_create(type);
	vfio_open(&env->dev, env->mdev.uuid, door);
}

void env_reopen(struct env *env)
{
	vfio_close(&env->dev);
	vfio_open(&env->dev, env->mdev.uuid, env->door);
}

void env_decode(struct env *env)
{
	config_put(&env->dev, PCI_COMMAND, 2, model_decoding(env->model));
}

static int run_in_child(void *arg)
{
	const struct instance *instance = arg;
	static const int fatal[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS };
	struct env env = { .door = instance->door, .model = instance->model };
	unsigned int i;
	int ret;

	/* A group of its own, so that what it starts can be found and ended. */
	setpgid(0, 0);
	/* cmocka would go on with the next case, in this process. */
	for (i = 0; i < ARRAY_SIZE(fatal); i++)
		signal(fatal[i], SIG_DFL);
	setrlimit(RLIMIT_CORE, &(struct rlimit){});
	if (env.model) {
		env.mdev = mdev_create(env.model->type);
		ret = __vfio_open(&env.dev, env.mdev.uuid, env.door);
		if (ret == -ENOENT && env.door == DOOR_CDEV)
			skip_case("no vfio-dev: this kernel is built without VFIO_DEVICE_CDEV");
		check_eq(ret, 0);
	}
	instance->test->run(&env);
	/* No process calls the device any more, and it is still open. */
	if (instance->listen)
		check_quiet();
	return 0;
}

static void run_instance(void **state)
{
	struct instance *instance = *state;
	const char *noise;
	bool in_time;
	int status;
	pid_t pid;

	if (instance->skip) {
		printf("skip: %s\n", instance->skip);
		skip();
	}

	pid = child_start(run_in_child, instance);
	in_time = child_ended(pid, CASE_MS, &status);
	kill(-pid, SIGKILL);
	if (!in_time) {
		printf("still running after %d s\n", CASE_MS / 1000);
		if (!child_ended(pid, WAIT_MS, &status))
			printf("and SIGKILL does not end it: it hangs in the kernel\n");
		fail();
	}
	if (WIFSIGNALED(status)) {
		printf("ended by SIG%s\n", sigabbrev_np(WTERMSIG(status)));
		fail();
	}
	if (WEXITSTATUS(status) == EXIT_SKIPPED)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
	/* No process has it open any more. */
	noise = instance->listen ? find_noise() : NULL;
	if (noise) {
		printf("after the device was closed: %s\n", noise);
		fail();
	}
}

static int remove_devices(void **state)
{
	mdev_remove_all();
	pci_remove_all();
	return 0;
}

static struct instance *add(struct CMUnitTest **tests, size_t *nr)
{
	struct instance *instance = calloc(1, sizeof(*instance));

	*tests = realloc(*tests, (*nr + 1) * sizeof(**tests));
	check(instance && *tests);
	(*tests)[(*nr)++] = (struct CMUnitTest){
		.name = instance->name,
		.test_func = run_instance,
		.teardown_func = remove_devices,
		.initial_state = instance,
	};
	return instance;
}

/* Those of tests/vfio/run.sh --interface; otherwise all. */
static bool is_chosen(enum door door)
{
	const char *only = getenv("SOFTPCI_INTERFACE");

	return !only || !strcmp(only, door_name(door));
}

/* The first interface that there is. */
static enum door first_door(void)
{
	return door_missing(DOOR_GROUP) || !is_chosen(DOOR_GROUP) ? DOOR_CDEV : DOOR_GROUP;
}

/* With run.sh --brief: the type that stands for those of its driver that a case is for. */
static bool stands_for_others(const struct test_case *test, const struct model *model)
{
	const struct model *m;

	if (!getenv("SOFTPCI_BRIEF"))
		return true;
	/* The smallest memory, or both ports. */
	if (model->bit == MTTY_2)
		return true;
	for (m = models; m < models + NR_MODELS; m++)
		if (!strcmp(m->parent, model->parent) && test->types & m->bit &&
		    (m->bit < model->bit || m->bit == MTTY_2))
			return false;
	return true;
}

static bool is_for(const struct test_case *test, enum door door, const struct model *model)
{
	return test->types & model->bit && stands_for_others(test, model) &&
	       (!(test->types & ONE_DOOR) || door == first_door());
}

/* A look takes its time on a slow kernel, and displays have nothing that is deferred. */
static bool has_to_listen(const struct test_case *test, enum door door,
			  const struct model *model)
{
	if (!model || model->bit & MTTY)
		return true;
	/* The last one for its type. */
	for (test++; test->run; test++)
		if (is_for(test, door, model))
			return false;
	return true;
}

static void add_case(struct CMUnitTest **tests, size_t *nr, const struct test_case *test,
		     enum door door, const struct model *model)
{
	struct instance *instance = add(tests, nr);

	instance->test = test;
	instance->listen = has_to_listen(test, door, model);
	instance->door = door;
	instance->model = model;
	if (model)
		snprintf(instance->name, sizeof(instance->name), "%s/%s/%s", door_name(door),
			 model->type, test->name);
	else
		snprintf(instance->name, sizeof(instance->name), "%s/%s", door_name(door),
			 test->name);
}

/* The name of a case has an interface. */
static void add_without_door(struct CMUnitTest **tests, size_t *nr)
{
	const struct test_case *test;

	for (test = cases; test->run; test++)
		if (test->types == NO_DOOR)
			add_case(tests, nr, test, first_door(), NULL);
}

static bool needs_doors(void)
{
	const struct test_case *test;

	for (test = cases; test->run; test++)
		if (test->types != NO_DOOR)
			return true;
	return false;
}

static void add_door(struct CMUnitTest **tests, size_t *nr, enum door door)
{
	const struct test_case *test;
	struct instance *instance;
	const struct model *m;

	if (door_missing(door)) {
		instance = add(tests, nr);
		instance->skip = door_missing(door);
		snprintf(instance->name, sizeof(instance->name), "%s/all", door_name(door));
		return;
	}

	for (test = cases; test->run; test++)
		if (test->types == NO_DEVICE)
			add_case(tests, nr, test, door, NULL);
	for (m = models; m < models + NR_MODELS; m++)
		for (test = cases; test->run; test++)
			if (is_for(test, door, m))
				add_case(tests, nr, test, door, m);
}

/* Arguments: none, "--list", or a pattern of names: 'group/mtty-*'. */
int main(int argc, char **argv)
{
	struct CMUnitTest *tests = NULL;
	enum door door;
	size_t nr = 0, i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	add_without_door(&tests, &nr);
	for (door = 0; door < NR_DOORS && needs_doors(); door++)
		if (is_chosen(door))
			add_door(&tests, &nr, door);

	if (argc > 1 && !strcmp(argv[1], "--list")) {
		for (i = 0; i < nr; i++)
			puts(tests[i].name);
		return 0;
	}
	if (geteuid()) {
		fprintf(stderr, "%s: run me as root: devices are created and opened\n", argv[0]);
		return 1;
	}
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	mdev_init();
	return _cmocka_run_group_tests(basename(argv[0]), tests, nr, NULL, NULL);
}
