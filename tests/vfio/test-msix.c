// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI-X: the table and the pending bits in a BAR, vectors that come and go while
 * others are enabled, and messages as they are delivered.
 */
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/example.h"
#include "../lib/irq.h"
#include "../lib/race.h"

#define VECTORS		EXAMPLE_VECTORS
#define TABLE_SIZE	(VECTORS * PCI_MSIX_ENTRY_SIZE)
#define BAR		EXAMPLE_BAR0

static unsigned int control_pos(struct env *env)
{
	return config_find_cap(&env->dev, PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS;
}

static u16 control(struct env *env)
{
	return config_get(&env->dev, control_pos(env), 2);
}

static void put_control(struct env *env, u16 bits)
{
	config_put(&env->dev, control_pos(env), 2, bits);
}

/* All of the table, as it has to be after what is written to it. */
static void expect_table(struct env *env, const u8 *want)
{
	u8 got[TABLE_SIZE];

	region_read(&env->dev, BAR, EXAMPLE_TABLE, got, sizeof(got));
	check_mem(got, want, sizeof(got));
}

/* Message Address is that of a dword; of Vector Control there is one bit. */
static void table_write(u8 *table, unsigned int pos, const u8 *buf, unsigned int len)
{
	static const u8 writable[PCI_MSIX_ENTRY_SIZE] = {
		0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, PCI_MSIX_ENTRY_CTRL_MASKBIT,
	};
	unsigned int i;

	for (i = 0; i < len; i++)
		table[pos + i] = buf[i] & writable[(pos + i) % PCI_MSIX_ENTRY_SIZE];
}

static void table_at_power_on(u8 *table)
{
	unsigned int i;

	memset(table, 0, TABLE_SIZE);
	for (i = 0; i < VECTORS; i++)
		table[i * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL] =
			PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

static void all_entries_of_a_new_device_are_masked(struct env *env)
{
	u8 want[TABLE_SIZE];

	table_at_power_on(want);
	expect_table(env, want);
	check_eq(control(env), VECTORS - 1);
}

static void the_table_takes_writes_of_any_width(struct env *env)
{
	static const unsigned int widths[] = { 1, 2, 4, 8, 16 };
	unsigned int w, pos;
	u8 want[TABLE_SIZE], buf[16];

	table_at_power_on(want);
	for (w = 0; w < ARRAY_SIZE(widths); w++) {
		for (pos = 0; pos + widths[w] <= TABLE_SIZE; pos += w ? 7 : 5) {
			note("%u bytes at %#x", widths[w], pos);
			fill_pattern(buf, sizeof(buf), pos + w);
			region_write(&env->dev, BAR, EXAMPLE_TABLE + pos, buf, widths[w]);
			table_write(want, pos, buf, widths[w]);
			expect_table(env, want);
		}
	}
	memset(buf, 0xff, sizeof(buf));
	region_write(&env->dev, BAR, EXAMPLE_TABLE + TABLE_SIZE - 16, buf, sizeof(buf));
	table_write(want, TABLE_SIZE - 16, buf, sizeof(buf));
	expect_table(env, want);
}

static void nothing_lies_between_the_table_and_the_pending_bits(struct env *env)
{
	u8 buf[EXAMPLE_PBA - EXAMPLE_TABLE - TABLE_SIZE], zeroes[sizeof(buf)] = {};

	memset(buf, 0xff, sizeof(buf));
	region_write(&env->dev, BAR, EXAMPLE_TABLE + TABLE_SIZE, buf, sizeof(buf));
	region_read(&env->dev, BAR, EXAMPLE_TABLE + TABLE_SIZE, buf, sizeof(buf));
	check_mem(buf, zeroes, sizeof(buf));
}

static void pending_bits_are_read_only(struct env *env)
{
	s32 event;

	reg_put(&env->dev, BAR, EXAMPLE_PBA, 8, ~0ULL);
	check_eq(reg_get(&env->dev, BAR, EXAMPLE_PBA, 8), 0);

	irq_enable(&env->dev, MSIX, 1, &event);
	example_fire(&env->dev, 33);
	example_wait_pending(&env->dev, 33);
	reg_put(&env->dev, BAR, EXAMPLE_PBA, 8, 0);
	reg_put(&env->dev, BAR, EXAMPLE_PBA + 4, 1, 0);
	check_eq(reg_get(&env->dev, BAR, EXAMPLE_PBA, 8), 1ULL << 33);
	check_eq(reg_get(&env->dev, BAR, EXAMPLE_PBA, 4), 0);
	check_eq(reg_get(&env->dev, BAR, EXAMPLE_PBA + 4, 4), 2);
	check_eq(reg_get(&env->dev, BAR, EXAMPLE_PBA + 4, 1), 2);
	/* There are bits for 64 vectors, and no more. */
	check_eq(reg_get(&env->dev, BAR, EXAMPLE_PBA + 8, 8), 0);
}

/* As the PCI core does for a driver that requests and frees the interrupt. */
static void an_entry_is_unmasked_while_it_has_an_eventfd(struct env *env)
{
	s32 events[2] = { event_new(), event_new() }, none = -1;

	check_eq(__irq_assign(&env->dev, MSIX, 3, 2, events), 0);
	check_eq(control(env) & PCI_MSIX_FLAGS_ENABLE, PCI_MSIX_FLAGS_ENABLE);
	check(example_is_masked(&env->dev, 2));
	check(!example_is_masked(&env->dev, 3));
	check(!example_is_masked(&env->dev, 4));
	check(example_is_masked(&env->dev, 5));
	check_eq(__irq_assign(&env->dev, MSIX, 3, 1, &none), 0);
	check(example_is_masked(&env->dev, 3));
	check(!example_is_masked(&env->dev, 4));
	irq_disable(&env->dev, MSIX);
	check(example_is_masked(&env->dev, 4));
	check_eq(control(env) & PCI_MSIX_FLAGS_ENABLE, 0);
}

static void expect_one(const s32 *events, unsigned int which)
{
	unsigned int i;

	check_eq(event_wait(events[which]), 1);
	for (i = 0; i < VECTORS; i++)
		check_eq(event_take(events[i]), 0);
}

static void each_vector_goes_to_its_own_eventfd(struct env *env)
{
	s32 events[VECTORS];
	unsigned int i;

	irq_enable(&env->dev, MSIX, VECTORS, events);
	for (i = 0; i < VECTORS; i++) {
		note("vector %u", i);
		example_fire(&env->dev, i);
		expect_one(events, i);
		check_eq(example_get(&env->dev, EXAMPLE_STATUS), COPIED);
	}
	/* The device has no more than these. */
	example_fire(&env->dev, VECTORS + 5);
	expect_one(events, 5);
	example_fire(&env->dev, ~0U);
	expect_one(events, VECTORS - 1);
}

#define MANY	300

static void no_message_is_lost_or_doubled(struct env *env)
{
	unsigned int i, seen = 0;
	s32 events[VECTORS];

	irq_enable(&env->dev, MSIX, VECTORS, events);
	for (i = 0; i < MANY; i++) {
		example_fire(&env->dev, i % 7);
		seen += event_wait(events[i % 7]);
		check_eq(seen, i + 1);
	}
	for (i = 0; i < VECTORS; i++)
		check_eq(event_take(events[i]), 0);
}

static void one_eventfd_may_be_that_of_all_vectors(struct env *env)
{
	s32 event = event_new(), events[VECTORS];
	unsigned int i;

	config_set(&env->dev, PCI_COMMAND, PCI_COMMAND_MASTER);
	for (i = 0; i < VECTORS; i++)
		events[i] = event;
	check_eq(__irq_assign(&env->dev, MSIX, 0, VECTORS, events), 0);
	for (i = 0; i < VECTORS; i++) {
		example_fire(&env->dev, i);
		check_eq(event_wait(event), 1);
	}
	check_eq(__irq_set(&env->dev, MSIX, TRIGGER | NONE, 0, VECTORS, NULL, 0), 0);
	check_eq(event_take(event), VECTORS);
}

static void a_masked_vector_is_pending_and_sent_once_when_unmasked(struct env *env)
{
	s32 events[VECTORS];
	unsigned int i;

	irq_enable(&env->dev, MSIX, VECTORS, events);
	example_mask(&env->dev, 9, true);
	for (i = 0; i < 3; i++) {
		example_fire(&env->dev, 9);
		example_wait_pending(&env->dev, 9);
		check_eq(event_take(events[9]), 0);
	}
	/* It holds up no other one. */
	example_fire(&env->dev, 8);
	expect_one(events, 8);

	example_mask(&env->dev, 9, false);
	check_eq(event_take(events[9]), 1);
	check(!example_is_pending(&env->dev, 9));
	example_mask(&env->dev, 9, true);
	example_mask(&env->dev, 9, false);
	check_eq(event_take(events[9]), 0);
	example_fire(&env->dev, 9);
	expect_one(events, 9);
}

static void unmasking_by_a_write_of_any_width_sends(struct env *env)
{
	static const struct {
		unsigned int pos, width;
	} rows[] = { { 12, 1 }, { 12, 2 }, { 12, 4 }, { 8, 8 }, { 11, 2 }, { 0, 8 } };
	u8 entry[PCI_MSIX_ENTRY_SIZE] = {};
	s32 event;
	unsigned int i;

	irq_enable(&env->dev, MSIX, 1, &event);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		bool reaches = rows[i].pos + rows[i].width > PCI_MSIX_ENTRY_VECTOR_CTRL;

		note("%u bytes at %u", rows[i].width, rows[i].pos);
		example_mask(&env->dev, 0, true);
		example_fire(&env->dev, 0);
		example_wait_pending(&env->dev, 0);
		region_write(&env->dev, BAR, EXAMPLE_TABLE + rows[i].pos, entry, rows[i].width);
		check_eq(event_take(event), reaches);
	}
	/* The whole entry, as a guest's driver restores it. */
	region_write(&env->dev, BAR, EXAMPLE_TABLE, entry, sizeof(entry));
	check_eq(event_take(event), 1);
}

/* What holds all vectors back: messages are pending, and come when they may. */
static void expect_held_back(struct env *env, const s32 *events, void (*hold)(struct env *env),
			     void (*let_go)(struct env *env))
{
	static const unsigned int some[] = { 0, 1, 31, 32, 63 };
	unsigned int i;

	hold(env);
	for (i = 0; i < ARRAY_SIZE(some); i++) {
		example_fire(&env->dev, some[i]);
		example_wait_pending(&env->dev, some[i]);
	}
	example_mask(&env->dev, 31, true);
	for (i = 0; i < VECTORS; i++)
		check_eq(event_take(events[i]), 0);

	let_go(env);
	check_eq(reg_get(&env->dev, BAR, EXAMPLE_PBA, 8), 1ULL << 31);
	for (i = 0; i < ARRAY_SIZE(some); i++)
		check_eq(event_take(events[some[i]]), some[i] != 31);
	example_mask(&env->dev, 31, false);
	check_eq(event_take(events[31]), 1);
	check_eq(reg_get(&env->dev, BAR, EXAMPLE_PBA, 8), 0);
}

static void mask_function(struct env *env)
{
	put_control(env, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
}

static void unmask_function(struct env *env)
{
	put_control(env, PCI_MSIX_FLAGS_ENABLE);
}

static void clear_enable(struct env *env)
{
	put_control(env, 0);
}

static void clear_master(struct env *env)
{
	config_clear(&env->dev, PCI_COMMAND, PCI_COMMAND_MASTER);
}

static void set_master(struct env *env)
{
	config_set(&env->dev, PCI_COMMAND, PCI_COMMAND_MASTER);
}

static void what_config_space_holds_back_comes_when_it_is_allowed(struct env *env)
{
	s32 events[VECTORS];

	irq_enable(&env->dev, MSIX, VECTORS, events);
	note("Function Mask");
	expect_held_back(env, events, mask_function, unmask_function);
	note("MSI-X Enable");
	expect_held_back(env, events, clear_enable, unmask_function);
	note("Bus Master");
	expect_held_back(env, events, clear_master, set_master);
}

static void nothing_is_sent_in_d3hot(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, MSIX, 1, &event);
	mask_function(env);
	example_fire(&env->dev, 0);
	example_wait_pending(&env->dev, 0);
	power_put(&env->dev, D3HOT);
	unmask_function(env);
	check_eq(event_take(event), 0);
	power_put(&env->dev, D0);
	check_eq(event_take(event), 1);
}

/* The missing VFIO_IRQ_INFO_NORESIZE says so. */
static void vectors_can_be_added_while_others_are_enabled(struct env *env)
{
	s32 first, more[2] = { event_new(), event_new() }, none = -1;
	struct vfio *v = &env->dev;

	irq_enable(v, MSIX, 1, &first);
	check_eq(__irq_assign(v, MSIX, 5, 1, &more[0]), 0);
	check_eq(__irq_assign(v, MSIX, VECTORS - 1, 1, &more[1]), 0);
	example_fire(v, 5);
	check_eq(event_wait(more[0]), 1);
	example_fire(v, VECTORS - 1);
	check_eq(event_wait(more[1]), 1);
	example_fire(v, 0);
	check_eq(event_wait(first), 1);
	check_eq(event_take(more[0]) + event_take(more[1]), 0);

	note("one of them goes");
	check_eq(__irq_assign(v, MSIX, 5, 1, &none), 0);
	example_fire(v, 5);
	example_wait_pending(v, 5);
	check_eq(event_take(more[0]), 0);
	example_fire(v, VECTORS - 1);
	check_eq(event_wait(more[1]), 1);

	note("and comes back, and with it what was pending");
	check_eq(__irq_assign(v, MSIX, 5, 1, &more[0]), 0);
	check_eq(event_take(more[0]), 1);
	check(!example_is_pending(v, 5));
}

static void the_first_call_may_name_any_of_the_vectors(struct env *env)
{
	s32 event = event_new(), other = event_new();
	struct vfio *v = &env->dev;

	set_master(env);
	check_eq(__irq_assign(v, MSIX, 10, 1, &event), 0);
	/* The others are enabled as well, and go nowhere. */
	irq_do(v, MSIX, TRIGGER, 0);
	irq_do(v, MSIX, TRIGGER, VECTORS - 1);
	check_eq(event_take(event), 0);
	irq_do(v, MSIX, TRIGGER, 10);
	check_eq(event_take(event), 1);
	example_fire(v, 10);
	check_eq(event_wait(event), 1);
	check_eq(__irq_assign(v, MSIX, 0, 1, &other), 0);
	example_fire(v, 0);
	check_eq(event_wait(other), 1);
}

static void eventfds_are_assigned_all_or_none(struct env *env)
{
	s32 old[VECTORS], new[VECTORS], bad[] = { env->dev.fd, -2, 1000 };
	struct vfio *v = &env->dev;
	unsigned int b, i;

	for (i = 0; i < VECTORS; i++)
		new[i] = event_new();
	for (b = 0; b < ARRAY_SIZE(bad); b++) {
		note("bad fd %u", b);
		new[VECTORS - 1] = bad[b];
		check(__irq_assign(v, MSIX, 0, VECTORS, new) < 0);
		check_eq(control(env), VECTORS - 1);
		check(example_is_masked(v, 0));
		check_eq(__irq_do(v, MSIX, TRIGGER, 0), -EINVAL);
	}

	irq_enable(v, MSIX, VECTORS, old);
	example_mask(v, 1, true);
	for (b = 0; b < ARRAY_SIZE(bad); b++) {
		note("bad fd %u instead of another", b);
		new[VECTORS - 1] = bad[b];
		check(__irq_assign(v, MSIX, 0, VECTORS, new) < 0);
		check(example_is_masked(v, 1));
		example_fire(v, 0);
		expect_one(old, 0);
		check_eq(event_take(new[0]), 0);
	}
}

static void loopback_is_not_held_back_by_masks(struct env *env)
{
	u8 bools[VECTORS] = { [2] = 1, [62] = 1 };
	s32 events[VECTORS];
	unsigned int i;

	irq_enable(&env->dev, MSIX, VECTORS, events);
	put_control(env, PCI_MSIX_FLAGS_MASKALL);
	example_mask(&env->dev, 2, true);
	clear_master(env);
	check_eq(__irq_set(&env->dev, MSIX, TRIGGER | BOOL, 0, VECTORS, bools, VECTORS), 0);
	for (i = 0; i < VECTORS; i++)
		check_eq(event_take(events[i]), bools[i]);
	/* From the third on. */
	check_eq(__irq_set(&env->dev, MSIX, TRIGGER | BOOL, 2, VECTORS - 2, bools, VECTORS - 2),
		 0);
	for (i = 0; i < VECTORS; i++)
		check_eq(event_take(events[i]), i >= 2 && bools[i - 2]);
}

static void disabling_forgets_what_is_pending(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, MSIX, 1, &event);
	example_mask(&env->dev, 0, true);
	example_fire(&env->dev, 0);
	example_wait_pending(&env->dev, 0);
	irq_disable(&env->dev, MSIX);
	check_eq(reg_get(&env->dev, BAR, EXAMPLE_PBA, 8), 0);
	check_eq(__irq_assign(&env->dev, MSIX, 0, 1, &event), 0);
	check_eq(event_take(event), 0);
	example_fire(&env->dev, 0);
	check_eq(event_wait(event), 1);
}

static void reset_keeps_eventfds_and_clears_masks_and_what_is_pending(struct env *env)
{
	s32 events[VECTORS];
	unsigned int i;

	irq_enable(&env->dev, MSIX, 2, events);
	for (i = 2; i < VECTORS; i++)
		events[i] = event_new();
	reg_put(&env->dev, BAR, EXAMPLE_TABLE, 8, 0xfee00000);
	example_mask(&env->dev, 1, true);
	example_fire(&env->dev, 1);
	example_wait_pending(&env->dev, 1);
	vfio_reset(&env->dev);
	check_eq(event_take(events[1]), 0);
	check_eq(reg_get(&env->dev, BAR, EXAMPLE_PBA, 8), 0);
	check_eq(reg_get(&env->dev, BAR, EXAMPLE_TABLE, 8), 0);
	check(!example_is_masked(&env->dev, 0));
	check(!example_is_masked(&env->dev, 1));
	check(example_is_masked(&env->dev, 2));
	/* As vfio-pci, it keeps MSI-X Enable and Bus Master: messages go on. */
	for (i = 0; i < 2; i++) {
		example_fire(&env->dev, i);
		expect_one(events, i);
	}
}

static void no_other_kind_can_be_enabled_beside_it(struct env *env)
{
	s32 event, other = event_new();

	check_eq(__irq_assign(&env->dev, INTX, 0, 1, &other), -EINVAL);
	check_eq(__irq_assign(&env->dev, MSI, 0, 1, &other), -EINVAL);
	irq_enable(&env->dev, MSIX, 1, &event);
	check_eq(__irq_assign(&env->dev, INTX, 0, 1, &other), -EINVAL);
	check_eq(__irq_assign(&env->dev, MSI, 0, 1, &other), -EINVAL);
	example_fire(&env->dev, 0);
	check_eq(event_wait(event), 1);
}

struct beside {
	struct env *env;
	s32 event;
	atomic_bool over;
};

static void mask_and_unmask(void *arg)
{
	struct beside *b = arg;

	while (!b->over) {
		example_mask(&b->env->dev, 0, true);
		example_mask(&b->env->dev, 0, false);
		mask_function(b->env);
		unmask_function(b->env);
	}
}

static void take_away_and_assign(void *arg)
{
	struct beside *b = arg;

	while (!b->over) {
		check_eq(__irq_event(&b->env->dev, MSIX, TRIGGER, -1), 0);
		check_eq(__irq_event(&b->env->dev, MSIX, TRIGGER, b->event), 0);
	}
}

static void fire_beside(struct env *env, void (*run)(void *arg))
{
	struct beside beside = { .env = env };
	struct worker worker;
	unsigned int i;

	irq_enable(&env->dev, MSIX, 1, &beside.event);
	vfio_know_regions(&env->dev);
	worker_start(&worker, run, &beside);
	for (i = 0; i < MANY; i++) {
		example_fire(&env->dev, 0);
		check_eq(event_wait(beside.event), 1);
	}
	beside.over = true;
	worker_join(&worker);
	check_eq(event_take(beside.event), 0);
	irq_disable(&env->dev, MSIX);
}

static void a_message_that_meets_masks_or_wiring_is_not_lost(struct env *env)
{
	note("masks");
	fire_beside(env, mask_and_unmask);
	note("wiring");
	fire_beside(env, take_away_and_assign);
}

const struct test_case cases[] = {
	CASE(all_entries_of_a_new_device_are_masked, EXAMPLE),
	CASE(the_table_takes_writes_of_any_width, EXAMPLE),
	CASE(nothing_lies_between_the_table_and_the_pending_bits, EXAMPLE),
	CASE(pending_bits_are_read_only, EXAMPLE),
	CASE(an_entry_is_unmasked_while_it_has_an_eventfd, EXAMPLE),
	CASE(each_vector_goes_to_its_own_eventfd, EXAMPLE),
	CASE(no_message_is_lost_or_doubled, EXAMPLE),
	CASE(one_eventfd_may_be_that_of_all_vectors, EXAMPLE),
	CASE(a_masked_vector_is_pending_and_sent_once_when_unmasked, EXAMPLE),
	CASE(unmasking_by_a_write_of_any_width_sends, EXAMPLE),
	CASE(what_config_space_holds_back_comes_when_it_is_allowed, EXAMPLE),
	CASE(nothing_is_sent_in_d3hot, EXAMPLE),
	CASE(vectors_can_be_added_while_others_are_enabled, EXAMPLE),
	CASE(the_first_call_may_name_any_of_the_vectors, EXAMPLE),
	CASE(eventfds_are_assigned_all_or_none, EXAMPLE),
	CASE(loopback_is_not_held_back_by_masks, EXAMPLE),
	CASE(disabling_forgets_what_is_pending, EXAMPLE),
	CASE(reset_keeps_eventfds_and_clears_masks_and_what_is_pending, EXAMPLE),
	CASE(no_other_kind_can_be_enabled_beside_it, EXAMPLE),
	CASE(a_message_that_meets_masks_or_wiring_is_not_lost, EXAMPLE),
	{}
};
