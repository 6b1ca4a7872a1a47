// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a PCI Express device has: its capability, extended config space, Function
 * Level Reset, the ERR interrupt.
 */
#include <sched.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/example.h"
#include "../lib/irq.h"
#include "../lib/long-copy.h"
#include "../lib/race.h"

#define PAGE	4096
#define TABLE_SIZE	(EXAMPLE_VECTORS * PCI_MSIX_ENTRY_SIZE)

static unsigned int pcie_pos(struct env *env)
{
	return config_find_cap(&env->dev, PCI_CAP_ID_EXP);
}

static void the_capability_is_that_of_an_endpoint_with_flr(struct env *env)
{
	unsigned int pcie = pcie_pos(env), flags;

	check(pcie);
	flags = config_get(&env->dev, pcie + PCI_EXP_FLAGS, 2);
	check_eq(flags & PCI_EXP_FLAGS_VERS, 2);
	check_eq((flags & PCI_EXP_FLAGS_TYPE) >> 4, PCI_EXP_TYPE_ENDPOINT);
	check_eq(flags & PCI_EXP_FLAGS_SLOT, 0);
	check(config_get(&env->dev, pcie + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR);
	/* A link that is up, of a width and speed that its capabilities allow. */
	check_eq(config_get(&env->dev, pcie + PCI_EXP_LNKSTA, 2) & PCI_EXP_LNKSTA_CLS,
		 config_get(&env->dev, pcie + PCI_EXP_LNKCAP, 4) & PCI_EXP_LNKCAP_SLS);
	check_eq(config_get(&env->dev, pcie + PCI_EXP_LNKSTA, 2) & PCI_EXP_LNKSTA_NLW,
		 config_get(&env->dev, pcie + PCI_EXP_LNKCAP, 4) & PCI_EXP_LNKCAP_MLW);
}

static void a_device_on_a_conventional_bus_has_none(struct env *env)
{
	check_eq(pcie_pos(env), 0);
	check_eq(vfio_region(&env->dev, CONFIG)->size, CONFIG_SIZE);
	check_eq(__irq_do(&env->dev, ERR, TRIGGER, 0), -EINVAL);
	check_eq(__sysfs_write(mdev_path(&env->mdev, "vendor/error").s, "1"), -ENOENT);
}

/* PCI Express Base 3.0, 7.9.2: a header of zeroes where there is no capability. */
static void extended_config_space_has_no_capability(struct env *env)
{
	u8 got[MAX_CONFIG_SIZE - CONFIG_SIZE], zeroes[sizeof(got)] = {};

	check_eq(vfio_region(&env->dev, CONFIG)->size, MAX_CONFIG_SIZE);
	region_read(&env->dev, CONFIG, CONFIG_SIZE, got, sizeof(got));
	check_mem(got, zeroes, sizeof(got));
	memset(got, 0xff, sizeof(got));
	region_write(&env->dev, CONFIG, CONFIG_SIZE, got, sizeof(got));
	region_read(&env->dev, CONFIG, CONFIG_SIZE, got, sizeof(got));
	check_mem(got, zeroes, sizeof(got));
	/* From one part to the other. */
	check_eq(config_get(&env->dev, CONFIG_SIZE - 2, 4), 0);
	check_eq(__region_read(&env->dev, CONFIG, MAX_CONFIG_SIZE, got, 1), -EINVAL);
}

/* All that a guest can see of the device. */
struct seen {
	u8 config[MAX_CONFIG_SIZE];
	u8 registers[EXAMPLE_REGS];
	u8 table[TABLE_SIZE];
	u64 pending;
};

static struct seen look(struct env *env)
{
	struct seen s = {};

	region_read(&env->dev, CONFIG, 0, s.config, sizeof(s.config));
	region_read(&env->dev, EXAMPLE_BAR0, 0, s.registers, sizeof(s.registers));
	region_read(&env->dev, EXAMPLE_BAR0, EXAMPLE_TABLE, s.table, sizeof(s.table));
	s.pending = reg_get(&env->dev, EXAMPLE_BAR0, EXAMPLE_PBA, 8);
	return s;
}

static void expect_seen(struct env *env, const struct seen *want)
{
	struct seen got = look(env);

	check_mem(got.config, want->config, sizeof(got.config));
	check_mem(got.registers, want->registers, sizeof(got.registers));
	check_mem(got.table, want->table, sizeof(got.table));
	check_eq(got.pending, want->pending);
}

/* All writable bits of config space are set, and the registers differ as well. */
static void scribble(struct env *env)
{
	u8 bytes[MAX_CONFIG_SIZE];

	example_start(&env->dev, 0x1111, 0x2222, 0, 7);
	memset(bytes, 0xff, sizeof(bytes));
	region_write(&env->dev, EXAMPLE_BAR0, EXAMPLE_TABLE, bytes, TABLE_SIZE);
	bytes[pcie_pos(env) + PCI_EXP_DEVCTL + 1] &= ~(PCI_EXP_DEVCTL_BCR_FLR >> 8);
	region_write(&env->dev, CONFIG, 0, bytes, sizeof(bytes));
}

/* Of D3hot, in which it is after scribble(), as well. */
static void flr_gives_the_device_as_created(struct env *env)
{
	struct seen created = look(env);
	unsigned int pmcsr = config_find_cap(&env->dev, PCI_CAP_ID_PM) + PCI_PM_CTRL;

	scribble(env);
	check_eq(config_get(&env->dev, PCI_COMMAND, 2), 0x0407);
	check_eq(config_get(&env->dev, pmcsr, 2) & PCI_PM_CTRL_STATE_MASK, D3HOT);
	check_eq(reg_get(&env->dev, EXAMPLE_BAR0, 0, 8), ~0ULL);
	example_flr(&env->dev);
	expect_seen(env, &created);
	example_flr(&env->dev);
	expect_seen(env, &created);
}

static void flr_clears_what_a_bus_reset_keeps(struct env *env)
{
	unsigned int msix = config_find_cap(&env->dev, PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS;
	unsigned int pcie = pcie_pos(env);
	const struct {
		unsigned int pos, width;
		u32 val;
	} rows[] = {
		{ PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER },
		{ PCI_BASE_ADDRESS_0, 4, 0xc0000000 | PCI_BASE_ADDRESS_MEM_TYPE_64 },
		{ PCI_BASE_ADDRESS_1, 4, 0x00000012 },
		{ PCI_INTERRUPT_LINE, 1, 0x42 },
		{ msix, 2, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL |
			   (EXAMPLE_VECTORS - 1) },
		{ pcie + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_READRQ_1024B },
		{ pcie + PCI_EXP_LNKCTL, 2, PCI_EXP_LNKCTL_CCC },
		{ pcie + PCI_EXP_DEVCTL2, 2, PCI_EXP_DEVCTL2_COMP_TMOUT_DIS },
	};
	u32 created[ARRAY_SIZE(rows)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		note("%u bytes at %02xh", rows[i].width, rows[i].pos);
		created[i] = config_get(&env->dev, rows[i].pos, rows[i].width);
		check(created[i] != rows[i].val);
		config_put(&env->dev, rows[i].pos, rows[i].width, rows[i].val);
	}
	vfio_reset(&env->dev);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		note("%u bytes at %02xh after a bus reset", rows[i].width, rows[i].pos);
		check_eq(config_get(&env->dev, rows[i].pos, rows[i].width), rows[i].val);
	}
	example_flr(&env->dev);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		note("%u bytes at %02xh after FLR", rows[i].width, rows[i].pos);
		check_eq(config_get(&env->dev, rows[i].pos, rows[i].width), created[i]);
	}
}

/* Any write that reaches the bit, and no other; it reads 0 in any case. */
static void flr_is_initiated_by_one_bit_in_a_write_of_any_width(struct env *env)
{
	unsigned int devctl = pcie_pos(env) + PCI_EXP_DEVCTL;
	const struct {
		unsigned int pos, width;
		u64 val;
		bool resets;
	} rows[] = {
		{ devctl, 2, PCI_EXP_DEVCTL_BCR_FLR, true },
		{ devctl + 1, 1, PCI_EXP_DEVCTL_BCR_FLR >> 8, true },
		{ devctl, 4, PCI_EXP_DEVCTL_BCR_FLR, true },
		{ devctl - 3, 8, (u64)PCI_EXP_DEVCTL_BCR_FLR << 24, true },
		{ devctl + 1, 4, PCI_EXP_DEVCTL_BCR_FLR >> 8, true },
		{ devctl, 2, (u16)~PCI_EXP_DEVCTL_BCR_FLR, false },
		{ devctl, 1, 0xff, false },
		{ devctl + 2, 2, 0xffff, false },
		{ devctl + 1, 1, 0x7f, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		note("%#llx to %u bytes at %02xh", rows[i].val, rows[i].width, rows[i].pos);
		example_put(&env->dev, EXAMPLE_SOURCE, 5);
		config_put(&env->dev, PCI_INTERRUPT_LINE, 1, 0x42);
		reg_put(&env->dev, CONFIG, rows[i].pos, rows[i].width, rows[i].val);
		check_eq(config_get(&env->dev, devctl, 2) & PCI_EXP_DEVCTL_BCR_FLR, 0);
		check_eq(example_get(&env->dev, EXAMPLE_SOURCE), rows[i].resets ? 0 : 5);
		check_eq(config_get(&env->dev, PCI_INTERRUPT_LINE, 1), rows[i].resets ? 0 : 0x42);
	}
}

/* Memory that starts as zeroes may keep its content, or not. */
static void mappings_outlive_flr(struct env *env)
{
	u8 *map = region_map(&env->dev, EXAMPLE_BAR0, EXAMPLE_MEMORY, EXAMPLE_MEMORY_SIZE);

	map[5] = 5;
	example_flr(&env->dev);
	check_eq(reg_get(&env->dev, EXAMPLE_BAR0, EXAMPLE_MEMORY + 5, 1), map[5]);
	map[5] = 6;
	check_eq(reg_get(&env->dev, EXAMPLE_BAR0, EXAMPLE_MEMORY + 5, 1), 6);
}

/* The user's eventfds stay; the guest's driver enables MSI-X again. */
static void interrupts_go_on_after_flr_when_they_are_enabled(struct env *env)
{
	unsigned int msix = config_find_cap(&env->dev, PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS;
	struct vfio *v = &env->dev;
	s32 events[2];

	irq_enable(v, MSIX, 2, events);
	example_mask(v, 1, true);
	example_fire(v, 1);
	example_wait_pending(v, 1);
	example_flr(v);
	check_eq(event_take(events[1]), 0);
	check(!example_is_pending(v, 1));
	check_eq(config_get(v, msix, 2), EXAMPLE_VECTORS - 1);

	note("Bus Master is off, MSI-X is not enabled");
	example_fire(v, 0);
	example_wait_pending(v, 0);
	config_set(v, PCI_COMMAND, PCI_COMMAND_MASTER);
	check_eq(event_take(events[0]), 0);
	config_put(v, msix, 2, PCI_MSIX_FLAGS_ENABLE);
	check_eq(event_take(events[0]), 1);
	example_fire(v, 1);
	check_eq(event_wait(events[1]), 1);
}

static void err_is_signalled_by_an_attribute(struct env *env)
{
	static const char *const wrong[] = { "", "0", "2", "-1", "one", "1 1", "\n" };
	struct text path = mdev_path(&env->mdev, "vendor/error");
	char line[64];
	s32 err, req;
	unsigned int i;

	/* Only to be written. */
	check_eq(__sysfs_read(path.s, line, sizeof(line)), -EACCES);
	check_eq(__sysfs_write(path.s, "1"), -ENOTCONN);
	irq_enable(&env->dev, ERR, 1, &err);
	irq_enable(&env->dev, REQ, 1, &req);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		int ret = __sysfs_write(path.s, wrong[i]);

		note("'%s'", wrong[i]);
		/* Nothing at all does not get as far as the attribute. */
		check_eq(ret, wrong[i][0] ? -EINVAL : 0);
		check_eq(event_take(err), 0);
	}
	for (i = 0; i < 3; i++) {
		check_eq(__sysfs_write(path.s, i ? "1\n" : "1"), 0);
		check_eq(event_take(err), 1);
	}
	check_eq(event_take(req), 0);

	/* It is not the guest's: no reset takes it away, and no power state. */
	vfio_reset(&env->dev);
	example_flr(&env->dev);
	power_put(&env->dev, D3HOT);
	check_eq(__sysfs_write(path.s, "1"), 0);
	check_eq(event_take(err), 1);
	irq_disable(&env->dev, ERR);
	check_eq(__sysfs_write(path.s, "1"), -ENOTCONN);
	check_eq(event_take(err), 0);

	irq_enable(&env->dev, ERR, 1, &err);
	vfio_close(&env->dev);
	check_eq(__sysfs_write(path.s, "1"), -ENOTCONN);
	check_eq(event_take(err), 0);
}

/* The device tells in no way that the copy has ended, as its message is held back. */
static void wait_for_standstill(const struct long_copy *copy)
{
	unsigned int i;
	unsigned long nr;

	do {
		nr = long_copy_done(copy);
		for (i = 0; i < 10000; i++)
			sched_yield();
	} while (long_copy_done(copy) > nr);
}

/* A copy that goes on ends in D3hot: its message comes in D0. */
static void there_is_no_dma_in_d3hot(struct env *env)
{
	struct long_copy copy;
	unsigned int attempt;
	bool cut = false;

	long_copy_init(&env->dev, &copy);
	for (attempt = 0; attempt < LONG_ATTEMPTS && !cut; attempt++) {
		long_copy_start(&env->dev, &copy);
		power_put(&env->dev, D3HOT);
		/* The BAR does not answer, and ignores what is written: a doorbell, too. */
		check_eq(reg_get(&env->dev, EXAMPLE_BAR0, EXAMPLE_LENGTH, 8), ~0ULL);
		example_put(&env->dev, EXAMPLE_DOORBELL, 0);
		wait_for_standstill(&copy);
		power_put(&env->dev, D0);
		check_eq(event_wait(copy.event), 1);
		check_eq(example_get(&env->dev, EXAMPLE_LENGTH), LONG_SIZE);
		/* It goes on in D3hot, and so to its end, if nothing stops it. */
		cut = example_get(&env->dev, EXAMPLE_STATUS) == FAILED;
		check_eq(cut, long_copy_done(&copy) < LONG_PAGES);
	}
	check(cut);
}

#define ROUNDS	40

static void flr_again_and_again(void *arg)
{
	struct env *env = arg;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		example_flr(&env->dev);
}

static void reset_again_and_again(void *arg)
{
	struct env *env = arg;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		vfio_reset(&env->dev);
}

static void wire_again_and_again(void *arg)
{
	s32 events[8], none[8];
	struct env *env = arg;
	unsigned int i;

	memset(none, -1, sizeof(none));
	for (i = 0; i < ARRAY_SIZE(events); i++)
		events[i] = event_new();
	for (i = 0; i < ROUNDS; i++) {
		check_eq(__irq_assign(&env->dev, MSIX, i, ARRAY_SIZE(events), events), 0);
		example_fire(&env->dev, i);
		check_eq(__irq_assign(&env->dev, MSIX, i, ARRAY_SIZE(none), none), 0);
		if (i % 8 == 7)
			irq_disable(&env->dev, MSIX);
	}
}

static void raise_errors(void *arg)
{
	struct env *env = arg;
	unsigned int i;
	s32 err;

	for (i = 0; i < ROUNDS; i++) {
		irq_enable(&env->dev, ERR, 1, &err);
		check_eq(__sysfs_write(mdev_path(&env->mdev, "vendor/error").s, "1"), 0);
		check_eq(event_take(err), 1);
		irq_disable(&env->dev, ERR);
		close(err);
	}
}

static void flr_against_everything(struct env *env)
{
	const struct racer racers[] = {
		{ flr_again_and_again, env }, { flr_again_and_again, env },
		{ reset_again_and_again, env }, { wire_again_and_again, env },
		{ raise_errors, env },
	};
	struct seen created = look(env);
	s32 event;

	vfio_know_regions(&env->dev);
	race(racers, ARRAY_SIZE(racers));
	example_flr(&env->dev);
	irq_disable(&env->dev, MSIX);
	expect_seen(env, &created);
	irq_enable(&env->dev, MSIX, 1, &event);
	example_fire(&env->dev, 0);
	check_eq(event_wait(event), 1);
}

const struct test_case cases[] = {
	CASE(the_capability_is_that_of_an_endpoint_with_flr, EXAMPLE),
	CASE(a_device_on_a_conventional_bus_has_none, MDPY_VGA | MBOCHS_SMALL | MTTY_1),
	CASE(extended_config_space_has_no_capability, EXAMPLE),
	CASE(flr_gives_the_device_as_created, EXAMPLE),
	CASE(flr_clears_what_a_bus_reset_keeps, EXAMPLE),
	CASE(flr_is_initiated_by_one_bit_in_a_write_of_any_width, EXAMPLE),
	CASE(mappings_outlive_flr, EXAMPLE),
	CASE(interrupts_go_on_after_flr_when_they_are_enabled, EXAMPLE),
	CASE(err_is_signalled_by_an_attribute, EXAMPLE),
	CASE(there_is_no_dma_in_d3hot, EXAMPLE),
	CASE(flr_against_everything, EXAMPLE),
	{}
};
