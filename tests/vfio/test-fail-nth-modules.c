// SPDX-License-Identifier: GPL-2.0-only
/*
 * As test-fail-nth: each allocation made to fail in turn, while modules are loaded
 * and unloaded.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/fault.h"
#include "../lib/module.h"

/* Loading and unloading a module some hundred times. */
#define LOADING_MS	280000

/* Each needs none but those before it: in the order of loading. */
static const char *const modules[] = {
	"softpci", "softpci-vfio", "softpci-uart", "softpci-ioat", "mdpy", "mbochs", "mtty",
	"softpci-example", "mioat",
};

static bool is_parent(const char *name)
{
	unsigned int p;

	for (p = 0; p < NR_PARENTS; p++)
		if (!strcmp(name, parents[p]))
			return true;
	return false;
}

struct file {
	void *data;
	size_t len;
};

/*
 * A module's file, in memory: init_module() copies it to where it is loaded,
 * while finit_module() would read it by way of vmalloc(), whose failures the
 * kernel reports with a stack trace (warn_alloc(), mm/vmalloc.c).
 */
static struct file module_file(const char *name)
{
	const char *dir = getenv("SOFTPCI_KO");
	struct file file;
	int fd;

	if (!dir || !*dir)
		skip_case("modprobe would load it, from a process of its own: use --ko");
	fd = open(text("%s/%s.ko", dir, name).s, O_RDONLY | O_CLOEXEC);
	check(fd >= 0);
	file.len = lseek(fd, 0, SEEK_END);
	file.data = malloc(file.len);
	check(file.data);
	check_eq(pread(fd, file.data, file.len, 0), file.len);
	close(fd);
	return file;
}

static void expect_no_trace(const char *name)
{
	check(!module_is_loaded(name));
	if (!is_parent(name))
		return;
	check(access(text("/sys/class/%s", name).s, F_OK));
	check(access(text("/sys/bus/mdev/drivers/%s", name).s, F_OK));
	check(access(text("/sys/devices/virtual/%s/%s", name, name).s, F_OK));
	check(access(text(MDEV_BUS "/%s", name).s, F_OK));
}

struct loading {
	const char *name, *params;
	unsigned int every;	/* as of struct fault */
};

static void expect_loads_and_unloads(const struct loading *l)
{
	const char *name = l->name, *params = l->params;
	struct file file = module_file(name);
	/* That is what module_add_driver() says if it finds no memory for its folder. */
	struct fault f = { .what = name, .also = -EINVAL, .every = l->every };

	/* What the module does: not the hundreds of allocations of the loader before. */
	fault_only_in("do_init_module");
	while (fault_next(&f)) {
		expect_no_trace(name);
		if (!faulted(&f, sys(syscall(SYS_init_module, file.data, file.len, params))))
			module_unload(name);
	}
	fault_anywhere();
	f = (struct fault){ .what = name, .every = l->every };
	while (fault_next(&f)) {
		if (!module_is_loaded(name))
			module_load(name, params);
		if (faulted(&f, __module_unload(name)))
			check(module_is_loaded(name));
		else
			expect_no_trace(name);
	}
	free(file.data);
}

static int load_and_unload(void *arg)
{
	const struct loading *l = arg;
	unsigned int i = ARRAY_SIZE(modules);

	/* And all that may need it. */
	do {
		module_unload(modules[--i]);
	} while (strcmp(modules[i], l->name));
	expect_loads_and_unloads(l);
	return 0;
}

/* In a process of its own, for the other cases need the modules whatever comes of it. */
static void expect_loading_with(const char *name, const char *params, unsigned int every)
{
	struct loading l = { name, params, every };
	unsigned int i;
	int status;
	bool ended;
	pid_t pid;

	pid = child_start(load_and_unload, &l);
	ended = child_ended(pid, LOADING_MS, &status);
	if (!ended) {
		kill(pid, SIGKILL);
		check(child_ended(pid, WAIT_MS, &status));
	}
	for (i = 0; i < ARRAY_SIZE(modules); i++)
		if (!module_is_loaded(modules[i]))
			module_load(modules[i], "");
	check(ended);
	if (status)
		_exit(WEXITSTATUS(status));
}

static void expect_loading(const char *name)
{
	expect_loading_with(name, "", 1);
}

/* One more driver: most allocations are those of registering it, as of the first one. */
static void expect_driver(const char *name)
{
	expect_loading_with(name, "", 3);
}

static void the_model_is_loaded_or_not(struct env *env)
{
	expect_loading("softpci");
}

static void the_front_end_is_loaded_or_not(struct env *env)
{
	expect_loading("softpci-vfio");
}

static void the_uart_is_loaded_or_not(struct env *env)
{
	expect_loading("softpci-uart");
}

static void the_engine_is_loaded_or_not(struct env *env)
{
	expect_loading("softpci-ioat");
}

static void mdpy_is_loaded_or_not(struct env *env)
{
	expect_loading("mdpy");
}

static void mbochs_is_loaded_or_not(struct env *env)
{
	expect_driver("mbochs");
}

static void mtty_is_loaded_or_not(struct env *env)
{
	expect_driver("mtty");
}

static void the_example_is_loaded_or_not(struct env *env)
{
	expect_driver("softpci-example");
}

static void mioat_is_loaded_or_not(struct env *env)
{
	expect_driver("mioat");
}

static void several_parents_are_loaded_or_not(struct env *env)
{
	expect_loading_with("mtty", "parents=3", 7);
}

const struct test_case cases[] = {
	CASE(the_model_is_loaded_or_not, NO_DOOR),
	CASE(the_front_end_is_loaded_or_not, NO_DOOR),
	CASE(the_uart_is_loaded_or_not, NO_DOOR),
	CASE(the_engine_is_loaded_or_not, NO_DOOR),
	CASE(mdpy_is_loaded_or_not, NO_DOOR),
	CASE(mbochs_is_loaded_or_not, NO_DOOR),
	CASE(mtty_is_loaded_or_not, NO_DOOR),
	CASE(the_example_is_loaded_or_not, NO_DOOR),
	CASE(mioat_is_loaded_or_not, NO_DOOR),
	CASE(several_parents_are_loaded_or_not, NO_DOOR),
	{}
};
