// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parents: types in sysfs, creation and removal, the budget and the
 * module parameters that set it.  Some of the cases load the modules anew.
 */
#include <ctype.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/module.h"

#define CHILDREN	4

static void parents_are_on_the_mdev_bus(struct env *env)
{
	unsigned int p;
	char *real;

	for (p = 0; p < NR_PARENTS; p++) {
		note("%s", parents[p]);
		real = realpath(text(MDEV_BUS "/%s", parents[p]).s, NULL);
		check(real);
		check(!strcmp(real, text("/sys/devices/virtual/%s/%s", parents[p], parents[p]).s));
		free(real);
	}
}

static void parents_have_their_types_and_no_others(struct env *env)
{
	unsigned int p, m, nr;

	for (p = 0; p < NR_PARENTS; p++) {
		for (nr = 0, m = 0; m < NR_MODELS; m++)
			nr += !strcmp(models[m].parent, parents[p]);
		check_eq(sysfs_entries(text(MDEV_BUS "/%s/mdev_supported_types",
					    parents[p]).s), nr);
	}
}

static void types_describe_themselves(struct env *env)
{
	const struct model *m;

	for (m = models; m < models + NR_MODELS; m++) {
		struct text description = sysfs_read(mdev_type_path(m->type, "description").s);

		note("%s", m->type);
		check(!strcmp(sysfs_read(mdev_type_path(m->type, "name").s).s, m->name));
		check(!strcmp(sysfs_read(mdev_type_path(m->type, "device_api").s).s, "vfio-pci"));
		check(description.s[0]);
		if (m->bit & MDPY)
			check(strstr(description.s, text("%ux%u", m->width, m->height).s));
		check(mdev_available(m->type) > 0);
		check_eq(access(mdev_type_path(m->type, "create").s, W_OK), 0);
		check_eq(sysfs_entries(mdev_type_path(m->type, "devices").s), 0);
	}
}

static void a_uuid_makes_a_device_and_remove_takes_it_away(struct env *env)
{
	const struct model *m;
	struct mdev mdev;

	for (m = models; m < models + NR_MODELS; m++) {
		mdev = mdev_create(m->type);
		note("%s", m->type);
		check(mdev_exists(&mdev));
		check_eq(access(mdev_type_path(m->type, text("devices/%s", mdev.uuid).s).s, F_OK),
			 0);
		check_eq(access(mdev_path(&mdev, "mdev_type/device_api").s, F_OK), 0);
		mdev_remove(&mdev);
		check(!mdev_exists(&mdev));
		check_eq(sysfs_entries(mdev_type_path(m->type, "devices").s), 0);
	}
}

static void attributes_are_in_vendor(struct env *env)
{
	const struct model *m;
	struct text value;
	struct mdev mdev;

	for (m = models; m < models + NR_MODELS; m++) {
		if (!m->attribute)
			continue;
		mdev = mdev_create(m->type);
		value = sysfs_read(mdev_path(&mdev, text("vendor/%s", m->attribute).s).s);
		note("%s: %s", m->type, value.s);
		check(!strchr(value.s, '\n'));
		if (m->bit & MDPY)
			check(!strcmp(value.s, text("%ux%u", m->width, m->height).s));
		else if (m->bit & MBOCHS)
			check(!strcmp(value.s, text("%u MB", m->bar[0].size / MIB).s));
		else
			check(strstr(value.s, mdev.uuid));	/* whose name it is */
		mdev_remove(&mdev);
	}
}

static void what_is_no_uuid_is_einval(struct env *env)
{
	static const char *const wrong[] = {
		"\n", "1", "not-a-uuid", "00000000-0000-0000-0000-00000000000",
		"00000000-0000-0000-0000-000000000000\n\n",
		"00000000_0000_0000_0000_000000000001", "0000000g-0000-0000-0000-000000000001",
		"{0000000-0000-0000-0000-000000000001",
		"0000000000000000-0000-0000-000000000",
	};
	unsigned int p, w;

	for (p = 0; p < NR_MODELS; p++)
		for (w = 0; w < ARRAY_SIZE(wrong); w++) {
			note("%s: '%s'", models[p].type, wrong[w]);
			check_eq(__sysfs_write(mdev_type_path(models[p].type, "create").s,
					       wrong[w]), -EINVAL);
		}
}

static void capital_letters_are_fine(struct env *env)
{
	struct mdev mdev = mdev_random(), capital = mdev;
	char *c;

	for (c = capital.uuid; *c; c++)
		*c = toupper(*c);
	check_eq(__mdev_create(&capital, "mtty-1"), 0);
	check(mdev_exists(&mdev));
	mdev_remove(&mdev);
}

static void a_uuid_is_used_once(struct env *env)
{
	unsigned int first, second, before;
	struct mdev mdev;

	for (first = 0; first < NR_MODELS; first++) {
		mdev = mdev_create(models[first].type);
		for (second = 0; second < NR_MODELS; second++) {
			before = mdev_available(models[second].type);
			note("%s, then %s", models[first].type, models[second].type);
			check_eq(__sysfs_write(mdev_type_path(models[second].type, "create").s,
					       mdev.uuid), -EEXIST);
			check_eq(mdev_available(models[second].type), before);
		}
		mdev_remove(&mdev);
	}
}

/* Module parameters, and how many devices of each type there can be with them. */
struct budget {
	const char *module, *params, *type;
	unsigned int available;
};

static const struct budget budgets[] = {
	{ "mdpy", "count=2", "mdpy-vga", 2 },
	{ "mdpy", "count=2", "mdpy-hd", 2 },
	{ "mdpy", "count=7", "mdpy-xga", 7 },
	{ "mbochs", "mem=40", "mbochs-small", 10 },
	{ "mbochs", "mem=40", "mbochs-medium", 2 },
	{ "mbochs", "mem=40", "mbochs-large", 0 },
	{ "mbochs", "count=33", "mbochs-small", 8 },
	{ "mtty", "ports=24", "mtty-1", 24 },
	{ "mtty", "ports=24", "mtty-2", 12 },
	{ "mtty", "ports=3", "mtty-1", 3 },
	{ "mtty", "ports=3", "mtty-2", 1 },
	{ "mtty", "ports=1", "mtty-2", 0 },
};

static void use_up(const struct budget *b)
{
	struct mdev extra, last = mdev_random();
	unsigned int i;

	check_eq(mdev_available(b->type), b->available);
	for (i = 0; i < b->available; i++) {
		note("%s %s: %s %u", b->module, b->params, b->type, i);
		last = mdev_create(b->type);
		check_eq(mdev_available(b->type), b->available - i - 1);
	}
	/* One too many: refused, and nothing is lost by it. */
	note("%s %s: one more %s", b->module, b->params, b->type);
	extra = mdev_random();
	for (i = 0; i < 3; i++)
		check_eq(__mdev_create(&extra, b->type), -ENOSPC);
	check(!mdev_exists(&extra));
	check_eq(mdev_available(b->type), 0);
	if (b->available) {
		mdev_remove(&last);
		check_eq(mdev_available(b->type), 1);
		check_eq(__mdev_create(&extra, b->type), 0);
	}
	mdev_remove_all();
	check_eq(mdev_available(b->type), b->available);
}

static void parameters_set_the_budget(struct env *env)
{
	const struct budget *b;

	for (b = budgets; b < budgets + ARRAY_SIZE(budgets); b++) {
		module_reload(b->module, b->params);
		use_up(b);
		module_reload(b->module, "");
	}
}

static void by_default_there_can_be_a_thousand_of_any_type_but_the_example(struct env *env)
{
	static const unsigned int budget[NR_PARENTS] = { 1024, 65536, 2048, 64, 1024 };
	unsigned int m, p;

	for (m = 0; m < NR_MODELS; m++)
		for (p = 0; p < NR_PARENTS; p++)
			if (!strcmp(parents[p], models[m].parent)) {
				note("%s", models[m].type);
				check_eq(mdev_available(models[m].type),
					 budget[p] / model_cost(&models[m]));
				check(models[m].bit & EXAMPLE ||
				      mdev_available(models[m].type) >= 1000);
			}
}

/* The largest of them: memory that was not touched costs nothing. */
static void a_thousand_large_devices_and_not_one_more(struct env *env)
{
	use_up(&(struct budget){ "mbochs", "", "mbochs-large", 1024 });
}

static void types_share_their_parents_budget(struct env *env)
{
	unsigned int budget[NR_MODELS], taken, m, a, b;

	/* Each budget is a multiple of each cost: every device begun is one less. */
	for (a = 0; a < NR_MODELS; a++) {
		for (m = 0; m < NR_MODELS; m++)
			budget[m] = mdev_available(models[m].type);
		mdev_create(models[a].type);
		for (b = 0; b < NR_MODELS; b++) {
			note("%s with one %s", models[b].type, models[a].type);
			taken = 0;
			if (!strcmp(models[a].parent, models[b].parent))
				taken = (model_cost(&models[a]) + model_cost(&models[b]) - 1) /
					model_cost(&models[b]);
			check_eq(mdev_available(models[b].type), budget[b] - taken);
		}
		mdev_remove_all();
	}
}

static void a_small_device_fits_where_a_large_one_does_not(struct env *env)
{
	module_reload("mtty", "ports=3");
	mdev_create("mtty-2");
	check_eq(mdev_available("mtty-2"), 0);
	check_eq(mdev_available("mtty-1"), 1);
	check_eq(__mdev_create(&(struct mdev){ "00000000-0000-4000-8000-000000000001" }, "mtty-2"),
		 -ENOSPC);
	mdev_create("mtty-1");
	mdev_remove_all();
	module_reload("mtty", "");
}

static void parameters_have_a_description(struct env *env)
{
	static const char *const rows[][2] = {
		{ "mdpy", "count:" }, { "mbochs", "mem:" }, { "mbochs", "count:" },
		{ "mtty", "ports:" },
	};
	const char *dir = getenv("SOFTPCI_KO");
	char line[256];
	unsigned int r;
	bool found;
	FILE *f;

	for (r = 0; r < ARRAY_SIZE(rows); r++) {
		f = popen(text("modinfo -F parm %s%s%s%s", dir ?: "", dir ? "/" : "", rows[r][0],
			       dir ? ".ko" : "").s, "r");
		check(f);
		for (found = false; fgets(line, sizeof(line), f);)
			found |= !strncmp(line, rows[r][1], strlen(rows[r][1])) &&
				 strlen(line) > strlen(rows[r][1]) + 10;
		pclose(f);
		note("%s of %s", rows[r][1], rows[r][0]);
		check(found);
	}
}

static void wrong_parameters_are_refused(struct env *env)
{
	static const char *const rows[][2] = {
		{ "mdpy", "count=many" }, { "mbochs", "mem=-1" }, { "mtty", "ports=" },
	};
	unsigned int r;

	for (r = 0; r < ARRAY_SIZE(rows); r++) {
		note("%s %s", rows[r][0], rows[r][1]);
		module_unload(rows[r][0]);
		check_eq(__module_load(rows[r][0], rows[r][1]), -EINVAL);
		module_load(rows[r][0], "");
	}
}

/* A part of the devices of a race: those that one of the processes makes. */
struct share {
	const char *type;
	struct mdev mdev[8];
	unsigned int nr;
};

static int create_share(void *arg)
{
	struct share *s = arg;
	unsigned int i;

	for (i = 0; i < s->nr; i++)
		check_eq(__mdev_create(&s->mdev[i], s->type), 0);
	return 0;
}

static int remove_share(void *arg)
{
	struct share *s = arg;
	unsigned int i;

	for (i = 0; i < s->nr; i++)
		mdev_remove(&s->mdev[i]);
	return 0;
}

/* Exit status: how many could be made. */
static int create_until_enospc(void *arg)
{
	const struct budget *b = arg;
	unsigned int made = 0;
	struct mdev mdev;
	int ret;

	while (true) {
		mdev = mdev_random();
		ret = __mdev_create(&mdev, b->type);
		if (ret)
			break;
		made++;
		/* The number available never exceeds the rest of the budget. */
		check(mdev_available(b->type) <= b->available - made);
	}
	check_eq(ret, -ENOSPC);
	return 100 + made;
}

static const struct budget races[] = {
	{ "mdpy", "count=10", "mdpy-vga", 10 },
	{ "mbochs", "mem=40", "mbochs-small", 10 },
	{ "mtty", "ports=20", "mtty-2", 10 },
};

static void as_many_as_fit_win_the_race_for_them(struct env *env)
{
	unsigned int r, round, c, made;
	pid_t pid[CHILDREN];
	int status;

	for (r = 0; r < ARRAY_SIZE(races); r++) {
		module_reload(races[r].module, races[r].params);
		for (round = 0; round < 3; round++) {
			note("%s, round %u", races[r].type, round);
			for (c = 0; c < CHILDREN; c++)
				pid[c] = child_start(create_until_enospc, (void *)&races[r]);
			for (made = 0, c = 0; c < CHILDREN; c++) {
				check(child_ended(pid[c], WAIT_MS, &status));
				check(WIFEXITED(status) && WEXITSTATUS(status) >= 100);
				made += WEXITSTATUS(status) - 100;
			}
			check_eq(made, races[r].available);
			check_eq(mdev_available(races[r].type), 0);
			mdev_remove_all();
			check_eq(mdev_available(races[r].type), races[r].available);
		}
		module_reload(races[r].module, "");
	}
}

static void share_fill(struct share *s, const char *type, unsigned int nr)
{
	s->type = type;
	for (s->nr = 0; s->nr < nr; s->nr++)
		s->mdev[s->nr] = mdev_random();
}

/* While some processes create, others remove: afterwards every one is accounted for. */
static void the_count_is_exact_under_create_and_remove(struct env *env)
{
	struct share old[CHILDREN], new[CHILDREN];
	pid_t creator[CHILDREN], remover[CHILDREN];
	unsigned int m, round, c, before;

	for (m = 0; m < NR_MODELS; m++) {
		/* All are there twice for a moment; of the large ones there are too few. */
		before = mdev_available(models[m].type);
		if (before < 2 * CHILDREN)
			continue;
		for (c = 0; c < CHILDREN; c++) {
			share_fill(&old[c], models[m].type, 1);
			create_share(&old[c]);
		}
		for (round = 0; round < 5; round++) {
			for (c = 0; c < CHILDREN; c++) {
				share_fill(&new[c], models[m].type, 1);
				creator[c] = child_start(create_share, &new[c]);
				remover[c] = child_start(remove_share, &old[c]);
			}
			for (c = 0; c < CHILDREN; c++) {
				child_join(creator[c]);
				child_join(remover[c]);
				old[c] = new[c];
			}
			note("%s, round %u", models[m].type, round);
			check_eq(mdev_available(models[m].type), before - CHILDREN);
		}
		mdev_remove_all();
		check_eq(mdev_available(models[m].type), before);
	}
}

const struct test_case cases[] = {
	CASE(parents_are_on_the_mdev_bus, NO_DOOR),
	CASE(parents_have_their_types_and_no_others, NO_DOOR),
	CASE(types_describe_themselves, NO_DOOR),
	CASE(a_uuid_makes_a_device_and_remove_takes_it_away, NO_DOOR),
	CASE(attributes_are_in_vendor, NO_DOOR),
	CASE(what_is_no_uuid_is_einval, NO_DOOR),
	CASE(capital_letters_are_fine, NO_DOOR),
	CASE(a_uuid_is_used_once, NO_DOOR),
	CASE(by_default_there_can_be_a_thousand_of_any_type_but_the_example, NO_DOOR),
	CASE(a_thousand_large_devices_and_not_one_more, NO_DOOR),
	CASE(parameters_set_the_budget, NO_DOOR),
	CASE(types_share_their_parents_budget, NO_DOOR),
	CASE(a_small_device_fits_where_a_large_one_does_not, NO_DOOR),
	CASE(parameters_have_a_description, NO_DOOR),
	CASE(wrong_parameters_are_refused, NO_DOOR),
	CASE(as_many_as_fit_win_the_race_for_them, NO_DOOR),
	CASE(the_count_is_exact_under_create_and_remove, NO_DOOR),
	{}
};
