// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA by a device, at the addresses that its user maps: by a container, or by an
 * IOAS.  Addresses that do not answer end a copy with an error.
 */
#include <sys/mman.h>

#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/example.h"
#include "../lib/irq.h"
#include "../lib/race.h"

#define PAGE		4096UL
#define PAGES		8
#define SIZE		(PAGES * PAGE)
/* Far from each other, and above what 32 bits reach. */
#define SOURCE		0x10000UL
#define TARGET		0x120000000UL
#define NOWHERE		0x40000000UL

/* Two windows of memory, mapped for the device, and an eventfd for its message. */
struct memory {
	u8 *source, *target;
	s32 event;
};

static void memory_init(struct env *env, struct memory *m)
{
	m->source = dma_memory(SIZE);
	m->target = dma_memory(SIZE);
	fill_pattern(m->source, SIZE, 1);
	dma_map(&env->dev, SOURCE, m->source, SIZE, DMA_RW);
	dma_map(&env->dev, TARGET, m->target, SIZE, DMA_RW);
	irq_enable(&env->dev, MSIX, 1, &m->event);
}

static void expect_copies(struct env *env, const struct memory *m)
{
	u8 *before = m->target;

	before[0] = ~m->source[0];
	check_eq(example_copy(&env->dev, m->event, TARGET, SOURCE, SIZE), COPIED);
	check_mem(m->target, m->source, SIZE);
}

static void expect_fails(struct env *env, const struct memory *m, u64 to, u64 from, u64 len)
{
	note("%#llx bytes from %#llx to %#llx", len, from, to);
	check_eq(example_copy(&env->dev, m->event, to, from, len), FAILED);
}

static void what_is_copied_is_what_was_there(struct env *env)
{
	static const unsigned int lengths[] = {
		1, 2, 3, 7, 8, 9, 64, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 3 * PAGE + 5,
	};
	static const unsigned int offsets[] = { 0, 1, 2047, PAGE - 8, PAGE - 1 };
	unsigned int l, f, t;
	struct memory m;
	u8 *want = malloc(SIZE);

	check(want);
	memory_init(env, &m);
	memset(want, 0, SIZE);
	for (l = 0; l < ARRAY_SIZE(lengths); l++)
		for (f = 0; f < ARRAY_SIZE(offsets); f++)
			for (t = 0; t < ARRAY_SIZE(offsets); t++) {
				u64 from = SOURCE + offsets[f], to = TARGET + PAGE + offsets[t];

				note("%u bytes from %#llx to %#llx", lengths[l], from, to);
				fill_pattern(m.source, SIZE, l + f + t);
				memcpy(want + PAGE + offsets[t], m.source + offsets[f],
				       lengths[l]);
				check_eq(example_copy(&env->dev, m.event, to, from, lengths[l]),
					 COPIED);
				/* And nothing in front of it or behind. */
				check_mem(m.target, want, SIZE);
			}
}

static void copying_nothing_is_no_error(struct env *env)
{
	struct memory m;

	memory_init(env, &m);
	check_eq(example_copy(&env->dev, m.event, NOWHERE, NOWHERE, 0), COPIED);
	check_eq(example_copy(&env->dev, m.event, ~0ULL, ~0ULL, 0), COPIED);
}

static void a_copy_goes_on_from_one_mapping_to_the_next(struct env *env)
{
	u8 *target = dma_memory(SIZE);
	struct memory m;
	unsigned int i;

	memory_init(env, &m);
	/* The other way round in the process than at the device. */
	for (i = 0; i < PAGES; i++)
		dma_map(&env->dev, NOWHERE + i * PAGE, target + (PAGES - 1 - i) * PAGE, PAGE,
			DMA_RW);
	check_eq(example_copy(&env->dev, m.event, NOWHERE, SOURCE, SIZE), COPIED);
	for (i = 0; i < PAGES; i++)
		check_mem(target + (PAGES - 1 - i) * PAGE, m.source + i * PAGE, PAGE);
}

static void addresses_that_are_not_mapped_fail(struct env *env)
{
	static const u8 zeroes[PAGE];
	struct memory m;

	memory_init(env, &m);
	expect_fails(env, &m, TARGET, NOWHERE, PAGE);
	expect_fails(env, &m, NOWHERE, SOURCE, PAGE);
	expect_fails(env, &m, NOWHERE, NOWHERE, 1);
	expect_fails(env, &m, TARGET, SOURCE - 1, 1);
	expect_fails(env, &m, TARGET - 1, SOURCE, 1);
	expect_fails(env, &m, TARGET, SOURCE + SIZE, 1);
	check_mem(m.target, zeroes, PAGE);
	/* The first pages of what ends nowhere may be copied. */
	expect_fails(env, &m, TARGET, SOURCE + SIZE - PAGE, PAGE + 1);
	expect_fails(env, &m, TARGET + SIZE - PAGE, SOURCE, PAGE + 1);
	expect_fails(env, &m, TARGET, SOURCE, ~0ULL - TARGET);
	/* It is as good as before. */
	expect_copies(env, &m);
}

/* All of it is mapped: it is not for want of a mapping that a longer one fails. */
static void a_copy_is_16_mib_at_most(struct env *env)
{
	static const u64 lengths[] = { EXAMPLE_MAX_LENGTH + 1, 1ULL << 32, 1ULL << 40 };
	const u64 from = 1ULL << 33, to = 1ULL << 34, chunk = 1 << 20;
	u8 *memory = dma_memory(chunk), *target = dma_memory(chunk);
	struct memory m;
	unsigned int i;
	u64 at;

	memory_init(env, &m);
	memset(memory, 1, chunk);
	for (at = 0; at < EXAMPLE_MAX_LENGTH + chunk; at += chunk) {
		dma_map(&env->dev, from + at, memory, chunk, DMA_READ);
		dma_map(&env->dev, to + at, target, chunk, DMA_RW);
	}
	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		expect_fails(env, &m, to, from, lengths[i]);
	check_eq(target[0], 0);
	check_eq(example_copy(&env->dev, m.event, to, from, EXAMPLE_MAX_LENGTH), COPIED);
	check_mem(target, memory, chunk);
}

static void addresses_that_wrap_fail(struct env *env)
{
	static const u64 lengths[] = { 2, 100, PAGE, SIZE, 1ULL << 63, ~0ULL };
	static const u8 zeroes[PAGE];
	struct memory m;
	unsigned int i;

	memory_init(env, &m);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		u64 len = lengths[i];

		expect_fails(env, &m, TARGET, -(len / 2), len);
		expect_fails(env, &m, TARGET, ~0ULL, len);
		expect_fails(env, &m, ~0ULL, SOURCE, len);
		expect_fails(env, &m, 1 - len, SOURCE, len);
	}
	expect_fails(env, &m, TARGET, ~0ULL, 1);
	check_mem(m.target, zeroes, PAGE);
	expect_copies(env, &m);
}

static void what_is_mapped_for_reading_is_not_written(struct env *env)
{
	u8 *memory = dma_memory(SIZE), *before = malloc(SIZE);
	struct memory m;

	memory_init(env, &m);
	fill_pattern(memory, SIZE, 9);
	check(before);
	memcpy(before, memory, SIZE);
	dma_map(&env->dev, NOWHERE, memory, SIZE, DMA_READ);
	expect_fails(env, &m, NOWHERE, SOURCE, SIZE);
	expect_fails(env, &m, NOWHERE + 5, SOURCE, 1);
	check_mem(memory, before, SIZE);
	check_eq(example_copy(&env->dev, m.event, TARGET, NOWHERE, SIZE), COPIED);
	check_mem(m.target, memory, SIZE);
}

/* Mapped for the device, and not there any more in the process, or not to be written. */
static void memory_that_the_process_does_not_have_fails(struct env *env)
{
	u8 *memory = dma_memory(SIZE);
	struct memory m;

	memory_init(env, &m);
	dma_map(&env->dev, NOWHERE, memory, SIZE, DMA_RW);
	munmap(memory + PAGE, PAGE);
	expect_fails(env, &m, NOWHERE, SOURCE, 2 * PAGE);
	expect_fails(env, &m, TARGET, NOWHERE + PAGE, 1);
	check_eq(example_copy(&env->dev, m.event, NOWHERE + 2 * PAGE, SOURCE, PAGE), COPIED);
	check_mem(memory + 2 * PAGE, m.source, PAGE);
	check_eq(sys(mprotect(memory + 3 * PAGE, PAGE, PROT_READ)), 0);
	expect_fails(env, &m, NOWHERE + 3 * PAGE, SOURCE, 1);
}

/* No message is sent then either: it is pending. */
static void expect_no_dma(struct env *env, const struct memory *m)
{
	example_start(&env->dev, TARGET, SOURCE, SIZE, 0);
	example_wait_pending(&env->dev, 0);
	check_eq(example_get(&env->dev, EXAMPLE_STATUS), FAILED);
	check_eq(event_take(m->event), 0);
}

static void without_bus_master_there_is_no_dma(struct env *env)
{
	static const u8 zeroes[PAGE];
	struct memory m;

	memory_init(env, &m);
	config_clear(&env->dev, PCI_COMMAND, PCI_COMMAND_MASTER);
	expect_no_dma(env, &m);
	check_mem(m.target, zeroes, PAGE);
	config_set(&env->dev, PCI_COMMAND, PCI_COMMAND_MASTER);
	check_eq(event_take(m.event), 1);
	expect_copies(env, &m);
	config_clear(&env->dev, PCI_COMMAND, PCI_COMMAND_MASTER);
	expect_no_dma(env, &m);
}

static void the_devices_own_memory_can_be_a_target(struct env *env)
{
	u8 *bar = region_map(&env->dev, EXAMPLE_BAR0, EXAMPLE_MEMORY, EXAMPLE_MEMORY_SIZE);
	u8 got[SIZE];
	struct memory m;

	memory_init(env, &m);
	dma_map(&env->dev, NOWHERE, bar, EXAMPLE_MEMORY_SIZE, DMA_RW);
	check_eq(example_copy(&env->dev, m.event, NOWHERE, SOURCE, SIZE), COPIED);
	check_mem(bar, m.source, SIZE);
	region_read(&env->dev, EXAMPLE_BAR0, EXAMPLE_MEMORY, got, sizeof(got));
	check_mem(got, m.source, SIZE);
	/* From itself to itself, and from it. */
	check_eq(example_copy(&env->dev, m.event, NOWHERE + PAGE, NOWHERE, PAGE), COPIED);
	check_mem(bar + PAGE, m.source, PAGE);
	check_eq(example_copy(&env->dev, m.event, TARGET, NOWHERE + PAGE, PAGE), COPIED);
	check_mem(m.target, m.source, PAGE);
}

static void another_devices_memory_can_be_a_target(struct env *env)
{
	struct env other;
	struct memory m;
	u8 *bar;

	env_open(&other, "mbochs-small", env->door);
	bar = region_map(&other.dev, 0, 0, SIZE);
	memory_init(env, &m);
	dma_map(&env->dev, NOWHERE, bar, SIZE, DMA_RW);
	check_eq(example_copy(&env->dev, m.event, NOWHERE + 1, SOURCE, SIZE - 1), COPIED);
	check_mem(bar + 1, m.source, SIZE - 1);
}

static void registers_are_not_in_the_way_of_a_copy(struct env *env)
{
	struct memory m;

	memory_init(env, &m);
	check_eq(example_get(&env->dev, EXAMPLE_STATUS), IDLE);
	example_put(&env->dev, EXAMPLE_SOURCE, 0x0123456789abcdef);
	check_eq(example_get(&env->dev, EXAMPLE_SOURCE), 0x0123456789abcdef);
	/* Half of a register of eight bytes is none, and the status is read-only. */
	reg_put(&env->dev, EXAMPLE_BAR0, EXAMPLE_SOURCE, 4, 5);
	check_eq(example_get(&env->dev, EXAMPLE_SOURCE), 0x0123456789abcdef);
	example_put(&env->dev, EXAMPLE_STATUS, 7);
	check_eq(example_get(&env->dev, EXAMPLE_STATUS), IDLE);
	expect_copies(env, &m);
	check_eq(example_get(&env->dev, EXAMPLE_TARGET), TARGET);
	check_eq(example_get(&env->dev, EXAMPLE_LENGTH), SIZE);
}

static void what_was_unmapped_is_not_reached(struct env *env)
{
	struct memory m;

	memory_init(env, &m);
	expect_copies(env, &m);
	dma_unmap(&env->dev, TARGET, SIZE);
	memset(m.target, 0, SIZE);
	expect_fails(env, &m, TARGET, SOURCE, SIZE);
	check_eq(m.target[0], 0);
	dma_map(&env->dev, TARGET, m.target, SIZE, DMA_RW);
	expect_copies(env, &m);
	dma_unmap(&env->dev, SOURCE, SIZE);
	expect_fails(env, &m, TARGET, SOURCE, 1);
}

#define RACE_ROUNDS	60

static void reset_again_and_again(void *arg)
{
	struct env *env = arg;
	unsigned int i;

	for (i = 0; i < RACE_ROUNDS; i++)
		if (i % 2)
			vfio_reset(&env->dev);
		else
			example_flr(&env->dev);
}

static void map_and_unmap(void *arg)
{
	struct env *env = arg;
	u8 *memory = dma_memory(SIZE);
	unsigned int i;

	for (i = 0; i < RACE_ROUNDS; i++) {
		dma_map(&env->dev, NOWHERE, memory, SIZE, DMA_RW);
		config_set(&env->dev, PCI_COMMAND, PCI_COMMAND_MASTER);
		dma_unmap(&env->dev, NOWHERE, SIZE);
	}
}

static void start_again_and_again(void *arg)
{
	struct env *env = arg;
	unsigned int i;

	for (i = 0; i < 4 * RACE_ROUNDS; i++)
		example_start(&env->dev, i % 2 ? TARGET : NOWHERE, i % 3 ? SOURCE : NOWHERE, SIZE,
			      i);
}

static void copies_against_everything(struct env *env)
{
	const struct racer racers[] = {
		{ reset_again_and_again, env }, { map_and_unmap, env },
		{ start_again_and_again, env }, { start_again_and_again, env },
	};
	struct memory m;

	memory_init(env, &m);
	vfio_know_regions(&env->dev);
	race(racers, ARRAY_SIZE(racers));
	vfio_reset(&env->dev);
	irq_disable(&env->dev, MSIX);
	irq_enable(&env->dev, MSIX, 1, &m.event);
	expect_copies(env, &m);
}

const struct test_case cases[] = {
	CASE(what_is_copied_is_what_was_there, EXAMPLE),
	CASE(copying_nothing_is_no_error, EXAMPLE),
	CASE(a_copy_goes_on_from_one_mapping_to_the_next, EXAMPLE),
	CASE(addresses_that_are_not_mapped_fail, EXAMPLE),
	CASE(a_copy_is_16_mib_at_most, EXAMPLE),
	CASE(addresses_that_wrap_fail, EXAMPLE),
	CASE(what_is_mapped_for_reading_is_not_written, EXAMPLE),
	CASE(memory_that_the_process_does_not_have_fails, EXAMPLE),
	CASE(without_bus_master_there_is_no_dma, EXAMPLE),
	CASE(the_devices_own_memory_can_be_a_target, EXAMPLE),
	CASE(another_devices_memory_can_be_a_target, EXAMPLE),
	CASE(registers_are_not_in_the_way_of_a_copy, EXAMPLE),
	CASE(what_was_unmapped_is_not_reached, EXAMPLE),
	CASE(copies_against_everything, EXAMPLE),
	{}
};
