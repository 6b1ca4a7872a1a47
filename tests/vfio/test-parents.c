// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several parents of a driver (module parameter "parents"): their names, the budget
 * that each has, what is said about them, and parameters that are refused.  Each
 * case loads the modules anew, and leaves them as they were.
 */
#include <dirent.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/log.h"
#include "../lib/module.h"
#include "../lib/uevent.h"

#define MAX_PARENTS	256

/* The i-th virtual parent of a driver. */
static struct text parent_name(const char *driver, unsigned int i)
{
	return i ? text("%s.%u", driver, i) : text("%s", driver);
}

static void expect_parents(const char *driver, unsigned int nr)
{
	struct text name;
	unsigned int i;
	char *real;

	for (i = 0; i < nr; i++) {
		name = parent_name(driver, i);
		note("%s", name.s);
		real = realpath(text(MDEV_BUS "/%s", name.s).s, NULL);
		check(real);
		check(!strcmp(real, text("/sys/devices/virtual/%s/%s", driver, name.s).s));
		free(real);
	}
	check_eq(sysfs_entries(text("/sys/class/%s", driver).s), nr);
	check_eq(sysfs_entries(text("/sys/devices/virtual/%s", driver).s), nr);
}

static void expect_no_trace(const char *driver)
{
	check(!module_is_loaded(driver));
	check(access(text("/sys/class/%s", driver).s, F_OK));
	check(access(text("/sys/devices/virtual/%s", driver).s, F_OK));
	check(access(text("/sys/bus/mdev/drivers/%s", driver).s, F_OK));
	check(access(text("/sys/bus/pci/drivers/%s", driver).s, F_OK));
	check(access(text(MDEV_BUS "/%s", driver).s, F_OK));
}

static void by_default_there_is_one_virtual_parent(struct env *env)
{
	unsigned int p;

	for (p = 0; p < NR_PARENTS; p++) {
		struct text dir = text("/sys/module/%s/parameters",
				       module_kernel_name(parents[p]).s);

		expect_parents(parents[p], 1);
		check(!strcmp(sysfs_read(text("%s/parents", dir.s).s).s, "1"));
		check(!strcmp(sysfs_read(text("%s/parent", dir.s).s).s, "virtual"));
		check(access(text("/sys/bus/pci/drivers/%s", parents[p]).s, F_OK));
	}
}

static void the_first_has_the_drivers_name_and_the_others_a_number(struct env *env)
{
	unsigned int p;

	for (p = 0; p < NR_PARENTS; p++) {
		module_reload(parents[p], "parents=3");
		expect_parents(parents[p], 3);
		module_reload(parents[p], "parent=virtual");
		expect_parents(parents[p], 1);
		module_reload(parents[p], "");
	}
}

static void each_has_all_types(struct env *env)
{
	const struct model *m;
	unsigned int p, i, nr;
	struct text name;

	for (p = 0; p < NR_PARENTS; p++) {
		module_reload(parents[p], "parents=2");
		for (i = 0; i < 2; i++) {
			name = parent_name(parents[p], i);
			for (nr = 0, m = models; m < models + NR_MODELS; m++) {
				if (strcmp(m->parent, parents[p]))
					continue;
				nr++;
				check(!strcmp(sysfs_read(mdev_type_path_at(name.s, m->type,
									   "name").s).s,
					      m->name));
			}
			check_eq(sysfs_entries(text(MDEV_BUS "/%s/mdev_supported_types",
						    name.s).s), nr);
		}
		module_reload(parents[p], "");
	}
}

/* A budget, and how many devices of a type there can be with it. */
struct budget {
	const char *driver, *params, *type;
	unsigned int nr, available;
};

static const struct budget budgets[] = {
	{ "mdpy", "count=2 parents=3", "mdpy-vga", 3, 2 },
	{ "mbochs", "mem=40 parents=2", "mbochs-medium", 2, 2 },
	{ "mtty", "parents=4 ports=5", "mtty-2", 4, 2 },
};

static void expect_available(const struct budget *b, const unsigned int *taken)
{
	unsigned int i;

	for (i = 0; i < b->nr; i++) {
		note("%s at %s", b->type, parent_name(b->driver, i).s);
		check_eq(mdev_available_at(parent_name(b->driver, i).s, b->type),
			 b->available - taken[i]);
	}
}

/* Each device is counted where it was created, and there alone. */
static void each_has_a_budget_of_its_own(struct env *env)
{
	const struct budget *b;
	struct mdev extra, last;
	unsigned int i, made;

	for (b = budgets; b < budgets + ARRAY_SIZE(budgets); b++) {
		unsigned int taken[MAX_PARENTS] = {};

		module_reload(b->driver, b->params);
		expect_available(b, taken);
		for (i = 0; i < b->nr; i++) {
			struct text name = parent_name(b->driver, i);

			for (made = 0; made < b->available; made++) {
				last = mdev_create_at(name.s, b->type);
				taken[i]++;
				expect_available(b, taken);
			}
			extra = mdev_random();
			check_eq(__mdev_create_at(&extra, name.s, b->type), -ENOSPC);
			expect_available(b, taken);
			mdev_remove(&last);
			taken[i]--;
			expect_available(b, taken);
		}
		mdev_remove_all();
		memset(taken, 0, sizeof(taken));
		expect_available(b, taken);
		module_reload(b->driver, "");
	}
}

static void a_uuid_is_used_at_one_parent(struct env *env)
{
	struct mdev mdev;

	module_reload("mtty", "ports=3 parents=2");
	mdev = mdev_create_at("mtty", "mtty-1");
	check_eq(__sysfs_write(mdev_type_path_at("mtty.1", "mtty-1", "create").s, mdev.uuid),
		 -EEXIST);
	check_eq(mdev_available_at("mtty", "mtty-1"), 2);
	check_eq(mdev_available_at("mtty.1", "mtty-1"), 3);
	mdev_remove(&mdev);
	check_eq(__mdev_create_at(&mdev, "mtty.1", "mtty-1"), 0);
	check_eq(mdev_available_at("mtty", "mtty-1"), 3);
	check_eq(mdev_available_at("mtty.1", "mtty-1"), 2);
	mdev_remove(&mdev);
	module_reload("mtty", "");
}

/* Exit status: how many could be made. */
static int create_until_enospc(void *arg)
{
	unsigned int made = 0;
	struct mdev mdev;
	int ret;

	while (true) {
		mdev = mdev_random();
		ret = __mdev_create_at(&mdev, arg, "mdpy-vga");
		if (ret)
			break;
		made++;
	}
	check_eq(ret, -ENOSPC);
	return 100 + made;
}

static void as_many_as_fit_win_the_race_at_each(struct env *env)
{
	unsigned int made[2] = {}, i;
	struct text name[2];
	pid_t pid[4];
	int status;

	module_reload("mdpy", "count=10 parents=2");
	for (i = 0; i < ARRAY_SIZE(name); i++)
		name[i] = parent_name("mdpy", i);
	for (i = 0; i < ARRAY_SIZE(pid); i++)
		pid[i] = child_start(create_until_enospc, name[i % 2].s);
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		check(child_ended(pid[i], WAIT_MS, &status));
		check(WIFEXITED(status) && WEXITSTATUS(status) >= 100);
		made[i % 2] += WEXITSTATUS(status) - 100;
	}
	check_eq(made[0], 10);
	check_eq(made[1], 10);
	mdev_remove_all();
	check_eq(mdev_available_at("mdpy", "mdpy-vga"), 10);
	check_eq(mdev_available_at("mdpy.1", "mdpy-vga"), 10);
	module_reload("mdpy", "");
}

static void each_is_announced_and_taken_back(struct env *env)
{
	int events = uevent_open();
	unsigned int p, i;
	struct text path;

	for (p = 0; p < NR_PARENTS; p++) {
		module_reload(parents[p], "parents=3");
		for (i = 0; i < 3; i++) {
			path = text("/devices/virtual/%s/%s", parents[p],
				    parent_name(parents[p], i).s);
			uevent_wait(events, text("add@%s", path.s).s, NULL);
			uevent_wait(events, text("change@%s", path.s).s,
				    "MDEV_STATE=registered");
		}
		module_reload(parents[p], "");
		for (i = 0; i < 3; i++)
			uevent_wait(events, text("change@/devices/virtual/%s/%s", parents[p],
						 parent_name(parents[p], i).s).s,
				    "MDEV_STATE=unregistered");
		for (i = 0; i < 3; i++)
			uevent_wait(events, text("remove@/devices/virtual/%s/%s", parents[p],
						 parent_name(parents[p], i).s).s, NULL);
	}
}

static void devices_of_all_of_them_work(struct env *env)
{
	const struct model *m;
	struct mdev mdev;
	struct vfio dev;

	for (m = models; m < models + NR_MODELS; m++) {
		module_reload(m->parent, "parents=2");
		mdev = mdev_create_at(parent_name(m->parent, 1).s, m->type);
		note("%s", m->type);
		vfio_open(&dev, mdev.uuid, env->door);
		check_eq(config_get(&dev, PCI_VENDOR_ID, 2), m->vendor);
		check(strstr(sysfs_read(mdev_path(&mdev, "vendor/migration").s).s,
			     text("type=%s ", m->type).s));
		check_eq(__module_unload(m->parent), -EWOULDBLOCK);
		vfio_close(&dev);
		mdev_remove(&mdev);
		module_reload(m->parent, "");
	}
}

static void unloading_removes_the_devices_of_all(struct env *env)
{
	struct mdev mdev[3];
	unsigned int i;

	module_reload("mtty", "parents=3");
	for (i = 0; i < ARRAY_SIZE(mdev); i++)
		mdev[i] = mdev_create_at(parent_name("mtty", i).s, "mtty-2");
	module_unload("mtty");
	for (i = 0; i < ARRAY_SIZE(mdev); i++)
		check(!mdev_exists(&mdev[i]));
	expect_no_trace("mtty");
	module_load("mtty", "");
}

static void there_can_be_as_many_as_functions_on_a_bus(struct env *env)
{
	struct text last = parent_name("mtty", MAX_PARENTS - 1);

	module_reload("mtty", text("parents=%u", MAX_PARENTS).s);
	expect_parents("mtty", MAX_PARENTS);
	mdev_create_at(last.s, "mtty-1");
	check_eq(mdev_available_at(last.s, "mtty-1"), 2047);
	module_unload("mtty");
	expect_no_trace("mtty");
	module_load("mtty", "");
}

/* Parameters, and the line in the log that names them. */
static const struct refused {
	const char *params;
	int error;
	const char *line;
} refused[] = {
	{ "parents=0", -EINVAL, "parents=0: there can be 1 to 256" },
	{ "parents=257", -EINVAL, "parents=257: there can be 1 to 256" },
	{ "parents=4294967295", -EINVAL, "parents=4294967295: there can be 1 to 256" },
	{ "parents=-1", -EINVAL, "`-1' invalid for parameter `parents'" },
	{ "parents=some", -EINVAL, "`some' invalid for parameter `parents'" },
	{ "parent=foo", -EINVAL, "parent=foo: it can be virtual or pci" },
	{ "parent=PCI", -EINVAL, "parent=PCI: it can be virtual or pci" },
	{ "parent=", -EINVAL, "parent=: it can be virtual or pci" },
	{ "parent=pci parents=0", -EINVAL, "parents=0: there can be 1 to 256" },
};

static void expect_refused(const char *driver, const struct refused *r)
{
	int log = log_open();
	struct text line;

	note("%s %s", driver, r->params);
	check_eq(__module_load(driver, r->params), r->error);
	expect_no_trace(driver);
	line = log_wait(log, r->line);
	/* Ours has the driver's name, the kernel's that of the module. */
	check(strstr(line.s, text("%s: ", driver).s) ||
	      strstr(line.s, text("%s: ", module_kernel_name(driver).s).s));
	while (log_line(log, &line)) {
		note("%s %s: %.150s", driver, r->params, line.s);
		check(!strstr(line.s, driver));
	}
	close(log);
}

static void wrong_parameters_are_refused_and_say_why(struct env *env)
{
	const struct refused *r;
	unsigned int p;

	for (p = 0; p < NR_PARENTS; p++) {
		module_unload(parents[p]);
		for (r = refused; r < refused + ARRAY_SIZE(refused); r++)
			expect_refused(parents[p], r);
		module_load(parents[p], "");
	}
}

static void pci_parents_need_the_bus(struct env *env)
{
	static const struct refused r = {
		"parent=pci", -ENODEV, "needs the module softpci-host, which cannot be loaded",
	};

	if (module_is_loaded("softpci-host") || module_probe("softpci-host"))
		skip_case("softpci-host is installed, and would be loaded");
	module_unload("mdpy");
	expect_refused("mdpy", &r);
	module_load("mdpy", "");
}

static void parameters_have_a_description(struct env *env)
{
	static const char *const names[] = { "parents:", "parent:" };
	const char *dir = getenv("SOFTPCI_KO");
	unsigned int p, n;
	char line[256];
	bool found;
	FILE *f;

	for (p = 0; p < NR_PARENTS; p++)
		for (n = 0; n < ARRAY_SIZE(names); n++) {
			f = popen(text("modinfo -F parm %s%s%s%s", dir ?: "", dir ? "/" : "",
				       parents[p], dir ? ".ko" : "").s, "r");
			check(f);
			for (found = false; fgets(line, sizeof(line), f);)
				found |= !strncmp(line, names[n], strlen(names[n])) &&
					 strlen(line) > strlen(names[n]) + 10;
			pclose(f);
			note("%s of %s", names[n], parents[p]);
			check(found);
		}
}

/* From the first to the last: each needs none but those before it. */
static const char *const cores[] = {
	"softpci", "softpci-vfio", "softpci-uart", "softpci-ioat",
};

/* Where a PCI bus, an IOMMU, a folder in configfs or another module would show. */
static const char *const places[] = {
	"/sys/class/pci_bus", "/sys/bus/pci/devices", "/sys/bus/pci/drivers",
	"/sys/class/iommu", "/sys/devices/platform", "/sys/kernel/config", "/sys/module",
};

struct listing {
	struct dirent **names;
	int nr;
};

static struct listing list(const char *place)
{
	struct listing l = {};

	l.nr = scandir(place, &l.names, NULL, alphasort);
	return l;
}

static bool is_listed(const struct listing *l, const char *name)
{
	int i;

	for (i = 0; i < l->nr; i++)
		if (!strcmp(l->names[i]->d_name, name))
			return true;
	return false;
}

static bool is_ours(const char *module)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cores); i++)
		if (!strcmp(module, module_kernel_name(cores[i]).s))
			return true;
	for (i = 0; i < NR_PARENTS; i++)
		if (!strcmp(module, module_kernel_name(parents[i]).s))
			return true;
	return false;
}

static void expect_only_ours_are_new(const struct listing *before)
{
	struct listing after;
	unsigned int p;
	int i;

	for (p = 0; p < ARRAY_SIZE(places); p++) {
		after = list(places[p]);
		for (i = 0; i < after.nr; i++) {
			note("%s in %s", after.names[i]->d_name, places[p]);
			check(is_listed(&before[p], after.names[i]->d_name) ||
			      (!strcmp(places[p], "/sys/module") &&
			       is_ours(after.names[i]->d_name)));
		}
	}
}

/* Those that need @module, or that have asked for it. */
static void expect_not_held_by_us(const char *module)
{
	struct listing l = list(text("/sys/module/%s/holders", module).s);
	int i;

	for (i = 0; i < l.nr; i++) {
		note("%s holds %s", l.names[i]->d_name, module);
		check(!is_ours(l.names[i]->d_name));
	}
}

static void expect_ours_alone_hold(const char *module)
{
	struct listing l = list(text("/sys/module/%s/holders", module).s);
	int i;

	for (i = 0; i < l.nr; i++) {
		note("%s holds %s", l.names[i]->d_name, module);
		check(l.names[i]->d_name[0] == '.' || is_ours(l.names[i]->d_name));
	}
}

static void unload_all(void)
{
	int i;

	if (module_is_loaded("softpci-host"))
		module_unload("softpci-host");
	for (i = NR_PARENTS - 1; i >= 0; i--)
		module_unload(parents[i]);
	for (i = ARRAY_SIZE(cores) - 1; i >= 0; i--)
		module_unload(cores[i]);
}

static void mediated_devices_bring_no_pci_bus(struct env *env)
{
	static const char *const others[] = {
		"softpci_host", "vfio_pci", "vfio_pci_core", "configfs",
	};
	struct listing before[ARRAY_SIZE(places)];
	unsigned int i;

	unload_all();
	for (i = 0; i < ARRAY_SIZE(places); i++)
		before[i] = list(places[i]);
	for (i = 0; i < ARRAY_SIZE(cores); i++)
		module_load(cores[i], "");
	for (i = 0; i < NR_PARENTS; i++)
		module_load(parents[i], "");
	expect_only_ours_are_new(before);
	for (i = 0; i < NR_MODELS; i++)
		mdev_create(models[i].type);
	expect_only_ours_are_new(before);
	check(!module_is_loaded("softpci-host"));
	check(access("/sys/kernel/config/softpci", F_OK));
	for (i = 0; i < ARRAY_SIZE(others); i++)
		expect_not_held_by_us(others[i]);
	for (i = 0; i < ARRAY_SIZE(cores); i++)
		expect_ours_alone_hold(module_kernel_name(cores[i]).s);
}

const struct test_case cases[] = {
	CASE(by_default_there_is_one_virtual_parent, NO_DOOR),
	CASE(the_first_has_the_drivers_name_and_the_others_a_number, NO_DOOR),
	CASE(each_has_all_types, NO_DOOR),
	CASE(each_has_a_budget_of_its_own, NO_DOOR),
	CASE(a_uuid_is_used_at_one_parent, NO_DOOR),
	CASE(as_many_as_fit_win_the_race_at_each, NO_DOOR),
	CASE(each_is_announced_and_taken_back, NO_DOOR),
	CASE(unloading_removes_the_devices_of_all, NO_DOOR),
	CASE(there_can_be_as_many_as_functions_on_a_bus, NO_DOOR),
	CASE(wrong_parameters_are_refused_and_say_why, NO_DOOR),
	CASE(pci_parents_need_the_bus, NO_DOOR),
	CASE(parameters_have_a_description, NO_DOOR),
	CASE(mediated_devices_bring_no_pci_bus, NO_DOOR),
	CASE(devices_of_all_of_them_work, NO_DEVICE),
	{}
};
