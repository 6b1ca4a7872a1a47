// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOMMU of the PCI bus in software as a boundary: a DMA engine that its user has
 * full control of reaches what the user has mapped for it, as it was mapped, and
 * nothing else.
 */
#include <sys/mman.h>

#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/ioat.h"
#include "../lib/irq.h"
#include "../lib/pci.h"
#include "../lib/quiet.h"
#include "../lib/race.h"

#define PAGE		4096UL
#define PAGES		16
#define SIZE		(PAGES * PAGE)
#define SOURCE		0x10000000UL
/* Above what 32 bits reach. */
#define TARGET		0x120000000UL
#define NOWHERE		0x40000000UL
/* What the page table can map ends here. */
#define BEYOND		0x1000000000000UL
#define ROUNDS		100

/* A function with the engine, opened, and two windows of memory mapped for it. */
struct engine {
	struct pci_function fn;
	struct vfio *v;
	struct windows w;
};

/*
 * Registers are looked at some time after they were written: a command is over when it
 * reads 0 and the count was taken, which the completion says.
 */
static void engine_init(struct env *env, struct engine *e)
{
	pci_begin();
	e->v = &env->dev;
	e->fn = pci_function_for_vfio("engine", "model=ioat");
	vfio_open(e->v, e->fn.address, env->door);
	windows_init(e->v, &e->w, SOURCE, TARGET, SIZE);
	chain_begin(e->v, &e->w.chain);
}

/* Copy, and wait for the completion: whether it succeeded. */
static bool copies(struct engine *e, u64 to, u64 from, u32 len)
{
	return chain_try(e->v, &e->w.chain, DESC_COPY, len, from, to);
}

static void expect_copies(struct engine *e)
{
	e->w.target[0] = ~e->w.source[0];
	check(copies(e, TARGET, SOURCE, SIZE));
	check_mem(e->w.target, e->w.source, SIZE);
}

static void what_is_mapped_is_copied(struct env *env)
{
	struct engine e;
	unsigned int i;

	engine_init(env, &e);
	for (i = 0; i < 20; i++) {
		fill_pattern(e.w.source, SIZE, i);
		expect_copies(&e);
	}
}

static void addresses_that_are_not_mapped_fail_and_change_nothing(struct env *env)
{
	static const struct {
		u64 to, from;
	} bad[] = {
		{ TARGET, NOWHERE }, { NOWHERE, SOURCE }, { TARGET, 0 }, { 0, SOURCE },
		{ TARGET, SOURCE - 1 }, { TARGET - 1, SOURCE }, { TARGET, SOURCE + SIZE },
		{ TARGET + SIZE, SOURCE }, { TARGET, BEYOND }, { BEYOND, SOURCE },
		{ TARGET, BEYOND - 1 }, { TARGET, ~0UL }, { ~0UL, SOURCE },
		/* What is mapped must not be found under another address. */
		{ TARGET, BEYOND + SOURCE }, { BEYOND + TARGET, SOURCE },
		{ TARGET, (1UL << 63) + SOURCE },
	};
	u8 zeroes[PAGE] = {};
	struct engine e;
	unsigned int i;

	engine_init(env, &e);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		note("from %#llx to %#llx", bad[i].from, bad[i].to);
		check(!copies(&e, bad[i].to, bad[i].from, 64));
	}
	check_mem(e.w.target, zeroes, PAGE);
	expect_copies(&e);
}

static void permissions_are_honoured(struct env *env)
{
	u8 *memory, *before;
	struct engine e;

	engine_init(env, &e);
	memory = dma_memory(PAGE);
	before = malloc(PAGE);
	check(before);
	fill_pattern(memory, PAGE, 7);
	memcpy(before, memory, PAGE);
	dma_map(e.v, NOWHERE, memory, PAGE, DMA_READ);
	check(!copies(&e, NOWHERE, SOURCE, PAGE));
	check_mem(memory, before, PAGE);
	check(copies(&e, TARGET, NOWHERE, PAGE));
	check_mem(e.w.target, before, PAGE);
}

static void unmapped_memory_is_out_of_reach_at_once(struct env *env)
{
	struct engine e;
	unsigned int i;
	u8 *memory;

	engine_init(env, &e);
	memory = dma_memory(PAGE);
	for (i = 0; i < ROUNDS; i++) {
		note("round %u", i);
		dma_map(e.v, NOWHERE, memory, PAGE, DMA_RW);
		check(copies(&e, NOWHERE, SOURCE, PAGE));
		dma_unmap(e.v, NOWHERE, PAGE);
		memset(memory, 0, PAGE);
		check(!copies(&e, NOWHERE, SOURCE, PAGE));
		check_eq(memory[0] | memory[PAGE - 1], 0);
	}
}

/*
 * The engine writes to a page without end, while the page is unmapped: from then on
 * no byte of it may change.
 */
static void unmapping_waits_for_dma_in_flight(struct env *env)
{
	struct engine e;
	unsigned int i, j;
	u8 *memory;

	engine_init(env, &e);
	memory = dma_memory(SIZE);
	for (i = 0; i < ROUNDS / 4; i++) {
		note("round %u", i);
		dma_map(e.v, NOWHERE, memory, SIZE, DMA_RW);
		*e.w.chain.completion = ACTIVE;
		chain_flood(e.v, &e.w.chain, SIZE, SOURCE, NOWHERE, memory);
		dma_unmap(e.v, NOWHERE, SIZE);
		memset(memory, 0x55, SIZE);
		/* It ends by itself, as there is nothing to write to. */
		check_eq(chain_wait(&e.w.chain), HALTED);
		for (j = 0; j < SIZE; j++)
			check_eq(memory[j], 0x55);
		chain_reset(e.v);
	}
}

static void without_bus_master_there_is_no_dma(struct env *env)
{
	struct engine e;
	u8 zeroes[PAGE] = {};

	engine_init(env, &e);
	config_put(e.v, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	chain_add(e.v, &e.w.chain, DESC_COPY | DESC_COMPLETION | DESC_INT, PAGE, SOURCE, TARGET);
	check_quiet();
	check_eq(event_take(e.w.chain.event), 0);
	check_mem(e.w.target, zeroes, PAGE);
	/* It is done when it may be. */
	config_put(e.v, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	check_eq(chain_wait(&e.w.chain), DONE);
	check_mem(e.w.target, e.w.source, PAGE);
}

static void clearing_bus_master_ends_dma_in_flight(struct env *env)
{
	struct engine e;
	unsigned int n;

	engine_init(env, &e);
	chain_flood(e.v, &e.w.chain, SIZE, SOURCE, TARGET, e.w.target);
	config_put(e.v, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	check(ioat_wait(e.v) != DONE);
	check(ioat_get(e.v, IOAT_CHANERR));
	memset(e.w.target, 0x55, SIZE);
	config_put(e.v, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	for (n = 0; n < SIZE; n++)
		check_eq(e.w.target[n], 0x55);
}

static void one_function_does_not_reach_what_is_mapped_for_another(struct env *env)
{
	struct pci_function fn;
	struct vfio other;
	struct engine e;
	u8 *memory;

	engine_init(env, &e);
	fn = pci_function_for_vfio("other", "model=ioat");
	vfio_open(&other, fn.address, env->door);
	memory = dma_memory(PAGE);
	dma_map(&other, NOWHERE, memory, PAGE, DMA_RW);
	check(!copies(&e, NOWHERE, SOURCE, PAGE));
	check(!copies(&e, TARGET, NOWHERE, PAGE));
	check_eq(memory[0], 0);
	vfio_close(&other);
}

/* Addresses of memory in the machine mean nothing to it. */
static void physical_addresses_are_not_mapped(struct env *env)
{
	struct engine e;
	u64 phys;

	engine_init(env, &e);
	for (phys = 1 << 20; phys < 1UL << 31; phys <<= 1) {
		note("%#llx", phys);
		if (phys == SOURCE || phys == CHAIN)
			continue;
		check(!copies(&e, TARGET, phys, 64));
		check(!copies(&e, phys, SOURCE, 64));
	}
}

static void a_closed_function_does_no_dma(struct env *env)
{
	struct engine e;
	unsigned int n;

	engine_init(env, &e);
	chain_flood(e.v, &e.w.chain, SIZE, SOURCE, TARGET, e.w.target);
	vfio_close(e.v);
	memset(e.w.target, 0x55, SIZE);
	for (n = 0; n < SIZE; n++)
		check_eq(e.w.target[n], 0x55);
	memset(e.v, 0, sizeof(*e.v));
	vfio_open(e.v, e.fn.address, env->door);
	for (n = 0; n < SIZE; n++)
		check_eq(e.w.target[n], 0x55);
}

/* Another function of the user, whose BAR is mapped for DMA of the engine. */
struct peer {
	struct pci_function fn;
	struct vfio vfio;
	u8 *bar;
};

static void peer_init(struct engine *e, struct peer *p, const char *what)
{
	p->fn = pci_function_for_vfio("peer", what);
	vfio_open_beside(&p->vfio, e->v, p->fn.address);
	p->bar = region_map(&p->vfio, 0, 0, PAGE);
	if (__dma_map(e->v, NOWHERE, p->bar, PAGE, DMA_RW))
		skip_case("this interface maps no BARs for DMA");
}

static void peer_to_peer_reaches_a_bar_that_is_mapped(struct env *env)
{
	struct engine e;
	struct peer p;

	engine_init(env, &e);
	peer_init(&e, &p, "bar0=64K");
	check(copies(&e, NOWHERE, SOURCE, PAGE));
	check_mem(p.bar, e.w.source, PAGE);
	p.bar[100] = ~p.bar[100];
	check(copies(&e, TARGET, NOWHERE, PAGE));
	check_mem(e.w.target, p.bar, PAGE);
	dma_unmap(e.v, NOWHERE, PAGE);
	vfio_close(&p.vfio);
}

/* The container keeps the mapping when the function has gone. */
static void peer_to_peer_ends_when_the_peer_is_closed(struct env *env)
{
	struct vfio next;
	struct engine e;
	struct peer p;
	u8 *bar;

	engine_init(env, &e);
	peer_init(&e, &p, "bar0=64K");
	check(copies(&e, NOWHERE, SOURCE, PAGE));
	/* A mapping keeps the file. */
	munmap(p.bar, PAGE);
	vfio_close(&p.vfio);
	check(!copies(&e, NOWHERE, SOURCE, PAGE));
	check(!copies(&e, TARGET, NOWHERE, PAGE));
	/* Nor is it reached when another user has it. */
	vfio_open(&next, p.fn.address, env->door);
	bar = region_map(&next, 0, 0, PAGE);
	memset(bar, 0, PAGE);
	check(!copies(&e, NOWHERE, SOURCE, PAGE));
	check(!bar[0] && !bar[PAGE - 1]);
	expect_copies(&e);
	vfio_close(&next);
}

/* The peer would do what the registers say, and could have its own written. */
static void peer_to_peer_does_not_reach_registers(struct env *env)
{
	struct engine e;
	struct peer p;

	engine_init(env, &e);
	peer_init(&e, &p, "model=ioat");
	check(!copies(&e, NOWHERE, SOURCE, PAGE));
	check(!copies(&e, TARGET, NOWHERE, PAGE));
	expect_copies(&e);
	vfio_close(&p.vfio);
}

static void map_and_unmap(void *arg)
{
	struct engine *e = arg;
	u8 *memory = dma_memory(SIZE);
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		dma_map(e->v, NOWHERE, memory, SIZE, DMA_RW);
		dma_unmap(e->v, NOWHERE, SIZE);
	}
}

static void reset_again_and_again(void *arg)
{
	struct engine *e = arg;
	unsigned int i;

	/* A reset takes 100 ms. */
	for (i = 0; i < 5; i++)
		vfio_reset(e->v);
}

static void ring_doorbells(void *arg)
{
	struct engine *e = arg;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		chain_start(e->v, 0, i);
		ioat_put(e->v, IOAT_CHANCMD, i & 0x3f);
	}
}

static void maps_resets_and_doorbells_may_race(struct env *env)
{
	struct engine e;
	const struct racer racers[] = {
		{ map_and_unmap, &e }, { reset_again_and_again, &e }, { ring_doorbells, &e },
	};
	unsigned int n;

	engine_init(env, &e);
	/* The answers are kept: threads only read them. */
	vfio_region(e.v, IOAT_BAR0);
	for (n = 0; n < CHAIN_DESCS; n++)
		chain_set(&e.w.chain, n, DESC_COPY, PAGE, SOURCE, n % 2 ? NOWHERE : TARGET);
	race(racers, ARRAY_SIZE(racers));
	/* The memory behind the chain is mapped still. */
	vfio_close(e.v);
}

const struct test_case cases[] = {
	CASE(what_is_mapped_is_copied, NO_DEVICE),
	CASE(addresses_that_are_not_mapped_fail_and_change_nothing, NO_DEVICE),
	CASE(permissions_are_honoured, NO_DEVICE),
	CASE(unmapped_memory_is_out_of_reach_at_once, NO_DEVICE),
	CASE(unmapping_waits_for_dma_in_flight, NO_DEVICE),
	CASE(without_bus_master_there_is_no_dma, NO_DEVICE),
	CASE(clearing_bus_master_ends_dma_in_flight, NO_DEVICE),
	CASE(one_function_does_not_reach_what_is_mapped_for_another, NO_DEVICE),
	CASE(physical_addresses_are_not_mapped, NO_DEVICE),
	CASE(a_closed_function_does_no_dma, NO_DEVICE),
	CASE(peer_to_peer_reaches_a_bar_that_is_mapped, NO_DEVICE),
	CASE(peer_to_peer_ends_when_the_peer_is_closed, NO_DEVICE),
	CASE(peer_to_peer_does_not_reach_registers, NO_DEVICE),
	CASE(maps_resets_and_doorbells_may_race, NO_DEVICE),
	{}
};
