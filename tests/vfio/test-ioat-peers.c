// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA engine (mioat) and memory of other devices that its user has mapped for it:
 * of mediated devices, and BARs of functions that vfio-pci has.
 */
#include <sys/mman.h>

#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/ioat.h"
#include "../lib/irq.h"
#include "../lib/pci.h"
#include "../lib/race.h"

#define PAGE		4096UL
#define SIZE		IOAT_MAX_LENGTH
#define SOURCE		0x10000000UL
/* Above what 32 bits reach. */
#define TARGET		0x120000000UL
#define NOWHERE		0x40000000UL

static u32 copy(struct env *env, struct windows *w, u64 to, u64 from, u32 len)
{
	u32 errors;

	chain_set(&w->chain, 0, DESC_COPY, len, from, to);
	errors = chain_run(&env->dev, 0, 1);
	if (errors)
		chain_reset(&env->dev);
	return errors;
}

static void expect_copies(struct env *env, struct windows *w)
{
	w->target[0] = ~w->source[0];
	check_eq(copy(env, w, TARGET, SOURCE, SIZE), 0);
	check_mem(w->target, w->source, SIZE);
}

/* Both are of one program: it has mapped the memory of one for the other. */
static void expect_display_is_a_target(struct env *env, struct windows *w, const char *type)
{
	struct env other;
	u8 *bar;

	note("%s", type);
	env_open(&other, type, env->door);
	bar = region_map(&other.dev, 0, 0, SIZE);
	memset(w->target, 0, PAGE);
	dma_map(&env->dev, NOWHERE, bar, SIZE, DMA_RW);
	chain_set(&w->chain, 0, DESC_COPY, SIZE, SOURCE, NOWHERE);
	chain_set(&w->chain, 1, DESC_COPY, PAGE, NOWHERE + PAGE, TARGET);
	check_eq(chain_run(&env->dev, 0, 2), 0);
	check_mem(bar, w->source, SIZE);
	check_mem(w->target, w->source + PAGE, PAGE);
	dma_unmap(&env->dev, NOWHERE, SIZE);
}

static void another_devices_memory_can_be_a_target(struct env *env)
{
	struct windows w;

	windows_init(&env->dev, &w, SOURCE, TARGET, SIZE);
	expect_display_is_a_target(env, &w, "mbochs-small");
	expect_display_is_a_target(env, &w, "mdpy-vga");
}

/* A function of vfio-pci, opened, of which the engine has the BAR mapped at NOWHERE. */
struct peer {
	struct pci_function fn;
	struct vfio vfio;
	u8 *bar;
};

#define PEER_PAGES	16
#define PEER_SIZE	(PEER_PAGES * PAGE)

static void peer_init(struct env *env, struct peer *p)
{
	pci_begin();
	p->fn = pci_function_for_vfio("peer", "bar0=64K");
	vfio_open(&p->vfio, p->fn.address, env->door);
	p->bar = region_map(&p->vfio, 0, 0, PEER_SIZE);
	dma_map(&env->dev, NOWHERE, p->bar, PEER_SIZE, DMA_RW);
}

/* By the addresses of the program: it reaches what the program itself can reach there. */
static void a_bar_of_vfio_pci_can_be_a_target(struct env *env)
{
	/* The longer ones would be done in pinned memory, which a BAR cannot be. */
	static const u32 lengths[] = { 1, 8, 100, PAGE, 3 * PAGE + 5, PEER_SIZE };
	struct windows w;
	struct peer p;
	unsigned int i;

	windows_init(&env->dev, &w, SOURCE, TARGET, SIZE);
	peer_init(env, &p);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		note("%u bytes", lengths[i]);
		memset(p.bar, 0, PEER_SIZE);
		memset(w.target, 0, PEER_SIZE);
		check_eq(copy(env, &w, NOWHERE, SOURCE, lengths[i]), 0);
		check_mem(p.bar, w.source, lengths[i]);
		check(lengths[i] == PEER_SIZE || !p.bar[lengths[i]]);
		p.bar[0] = ~p.bar[0];
		check_eq(copy(env, &w, TARGET, NOWHERE, lengths[i]), 0);
		check_mem(w.target, p.bar, lengths[i]);
	}
	dma_unmap(&env->dev, NOWHERE, PEER_SIZE);
	check_eq(copy(env, &w, NOWHERE, SOURCE, PAGE), CHANERR_WRITE_DATA);
	vfio_close(&p.vfio);
	expect_copies(env, &w);
}

static void expect_out_of_reach(struct env *env, struct windows *w)
{
	static const u32 lengths[] = { 8, PEER_SIZE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		note("%u bytes", lengths[i]);
		check_eq(copy(env, w, NOWHERE, SOURCE, lengths[i]), CHANERR_WRITE_DATA);
		check_eq(copy(env, w, TARGET, NOWHERE, lengths[i]), CHANERR_READ_DATA);
	}
}

static void a_bar_that_does_not_answer_is_an_error(struct env *env)
{
	struct windows w;
	struct peer p;

	windows_init(&env->dev, &w, SOURCE, TARGET, SIZE);
	peer_init(env, &p);
	memset(p.bar, 0x55, PEER_SIZE);
	config_put(&p.vfio, PCI_COMMAND, 2, 0);
	expect_out_of_reach(env, &w);
	config_put(&p.vfio, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	check_eq(p.bar[0], 0x55);
	power_put(&p.vfio, D3HOT);
	expect_out_of_reach(env, &w);
	power_put(&p.vfio, D0);
	pci_wait(&p.fn);
	check_eq(copy(env, &w, NOWHERE, SOURCE, PEER_SIZE), 0);
	check_mem(p.bar, w.source, PEER_SIZE);
	/* The mapping for DMA stays when that of the program has gone. */
	munmap(p.bar, PEER_SIZE);
	expect_out_of_reach(env, &w);
	vfio_close(&p.vfio);
	expect_out_of_reach(env, &w);
	pci_absent(&p.fn);
	expect_out_of_reach(env, &w);
	expect_copies(env, &w);
}

static void clear_bars_again_and_again(void *arg)
{
	struct peer *p = arg;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		config_put(&p->vfio, PCI_COMMAND, 2, i % 2 ? PCI_COMMAND_MEMORY : 0);
		if (i == 10)
			vfio_reset(&p->vfio);
	}
}

static void copy_again_and_again(void *arg)
{
	struct env *env = arg;

	chain_start(&env->dev, 0, 200);
	ioat_wait(&env->dev);
	ioat_put(&env->dev, IOAT_CHANCMD, CHANCMD_RESET);
	ioat_wait(&env->dev);
}

/* Page faults of a copy take locks of the function's driver. */
static void a_bar_may_go_while_it_is_copied_to(struct env *env)
{
	struct windows w;
	struct peer p;
	const struct racer racers[] = {
		{ copy_again_and_again, env }, { clear_bars_again_and_again, &p },
	};
	unsigned int i;

	windows_init(&env->dev, &w, SOURCE, TARGET, SIZE);
	peer_init(env, &p);
	/* The answers are kept: threads only read them. */
	vfio_region(&env->dev, IOAT_BAR0);
	vfio_region(&p.vfio, CONFIG);
	for (i = 0; i < CHAIN_DESCS; i++)
		chain_set(&w.chain, i, DESC_COPY, PEER_SIZE, i % 2 ? NOWHERE : SOURCE,
			  i % 2 ? TARGET : NOWHERE);
	for (i = 0; i < 5; i++)
		race(racers, ARRAY_SIZE(racers));
	vfio_close(&p.vfio);
	chain_reset(&env->dev);
	expect_copies(env, &w);
}

const struct test_case cases[] = {
	CASE(another_devices_memory_can_be_a_target, MIOAT),
	CASE(a_bar_of_vfio_pci_can_be_a_target, MIOAT),
	CASE(a_bar_that_does_not_answer_is_an_error, MIOAT),
	CASE(a_bar_may_go_while_it_is_copied_to, MIOAT),
	{}
};
