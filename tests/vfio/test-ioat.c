// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA engine as a program that drives it sees it: chains of descriptors, their
 * completions, errors, and what ends them.
 */
#include <endian.h>

#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/ioat.h"
#include "../lib/irq.h"
#include "../lib/migration.h"
#include "../lib/race.h"

#define PAGE		4096UL
#define SIZE		IOAT_MAX_LENGTH
#define SOURCE		0x10000000UL
/* Above what 32 bits reach. */
#define TARGET		0x120000000UL
#define NOWHERE		0x40000000UL
/* The largest count. */
#define MANY		0xffff

static void expect_copies(struct env *env, struct windows *w)
{
	w->target[0] = ~w->source[0];
	chain_set(&w->chain, 0, DESC_COPY | DESC_COMPLETION | DESC_INT, SIZE, SOURCE, TARGET);
	chain_start(&env->dev, 0, 1);
	check_eq(event_wait(w->chain.event), 1);
	check_eq(ioat_get(&env->dev, IOAT_CHANSTS), desc_at(0) | DONE);
	check_eq(*w->chain.completion, desc_at(0) | DONE);
	check_mem(w->target, w->source, SIZE);
}

static void what_is_copied_is_what_was_there(struct env *env)
{
	static const unsigned int lengths[] = {
		1, 2, 7, 8, 64, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE + 5,
	};
	static const unsigned int offsets[] = { 0, 1, 2047, PAGE - 1 };
	u8 *want = dma_memory(SIZE);
	unsigned int l, f, t, n = 0;
	struct windows w;

	windows_init(&env->dev, &w, SOURCE, TARGET, SIZE);
	for (l = 0; l < ARRAY_SIZE(lengths); l++)
		for (f = 0; f < ARRAY_SIZE(offsets); f++)
			for (t = 0; t < ARRAY_SIZE(offsets); t++) {
				/* All in one chain, each on pages of its own. */
				u64 at = n % (SIZE / PAGE / 6) * 6 * PAGE + offsets[t];

				memcpy(want + at, w.source + offsets[f], lengths[l]);
				chain_set(&w.chain, n++, DESC_COPY, lengths[l],
					  SOURCE + offsets[f], TARGET + at);
			}
	check_eq(chain_run(&env->dev, 0, n), 0);
	check_eq(ioat_get(&env->dev, IOAT_CHANSTS), desc_at(n - 1) | DONE);
	check_mem(w.target, want, SIZE);
	expect_copies(env, &w);
}

static void a_fill_repeats_eight_bytes(struct env *env)
{
	static const u8 pattern[] = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 };
	u8 *want = dma_memory(SIZE);
	struct windows w;
	size_t i;

	windows_init(&env->dev, &w, SOURCE, TARGET, SIZE);
	for (i = 0; i < SIZE - 10; i++)
		want[i + 5] = pattern[i % 8];
	chain_set(&w.chain, 0, DESC_FILL, SIZE - 10, 0x8877665544332211, TARGET + 5);
	check_eq(chain_run(&env->dev, 0, 1), 0);
	check_mem(w.target, want, SIZE);
}

static void each_completion_is_told_in_its_order(struct env *env)
{
	struct windows w;
	unsigned int i;

	windows_init(&env->dev, &w, SOURCE, TARGET, SIZE);
	for (i = 0; i < 3; i++)
		chain_set(&w.chain, i, DESC_NULL | DESC_COMPLETION, 1, 0, 0);
	chain_set(&w.chain, 3, DESC_NULL, 1, 0, 0);
	/* The count is of all descriptors so far. */
	ioat_put(&env->dev, IOAT_CHAINADDR, desc_at(0));
	for (i = 0; i < 3; i++) {
		ioat_put(&env->dev, IOAT_DMACOUNT, i + 1);
		check_eq(ioat_wait(&env->dev), DONE);
		check_eq(*w.chain.completion, desc_at(i) | DONE);
	}
	ioat_put(&env->dev, IOAT_DMACOUNT, 4);
	check_eq(ioat_wait(&env->dev), DONE);
	check_eq(*w.chain.completion, desc_at(2) | DONE);
	check_eq(ioat_get(&env->dev, IOAT_CHANSTS), desc_at(3) | DONE);
	check_eq(event_take(w.chain.event), 0);
}

static void an_interrupt_comes_once_until_it_is_re_armed(struct env *env)
{
	struct windows w;
	unsigned int i;

	windows_init(&env->dev, &w, SOURCE, TARGET, SIZE);
	for (i = 0; i < 10; i++)
		chain_set(&w.chain, i, DESC_NULL | DESC_INT, 1, 0, 0);
	check_eq(chain_run(&env->dev, 0, 10), 0);
	check_eq(event_wait(w.chain.event), 1);
	check_eq(event_take(w.chain.event), 0);
	/* Of the others it is one more. */
	ioat_put(&env->dev, IOAT_CHANCTRL, CHANCTRL_REARM);
	check_eq(event_wait(w.chain.event), 1);
	ioat_put(&env->dev, IOAT_CHANCTRL, CHANCTRL_REARM);
	check_eq(event_take(w.chain.event), 0);
}

struct row {
	const char *what;
	u32 control, size;
	u64 source, target;
	u32 error;
};

static const struct row rows[] = {
	{ "source is not mapped", DESC_COPY, PAGE, NOWHERE, TARGET, CHANERR_READ_DATA },
	{ "source ends nowhere", DESC_COPY, 2 * PAGE, SOURCE + SIZE - PAGE, TARGET,
	  CHANERR_READ_DATA },
	{ "target is not mapped", DESC_COPY, PAGE, SOURCE, NOWHERE, CHANERR_WRITE_DATA },
	{ "target ends nowhere", DESC_COPY, 2 * PAGE, SOURCE, TARGET + SIZE - PAGE,
	  CHANERR_WRITE_DATA },
	{ "a fill of nothing that is there", DESC_FILL, 8, 1, NOWHERE, CHANERR_WRITE_DATA },
	{ "no bytes", DESC_COPY, 0, SOURCE, TARGET, CHANERR_LENGTH },
	{ "too many bytes", DESC_COPY, SIZE + 1, SOURCE, TARGET, CHANERR_LENGTH },
	{ "all bytes", DESC_FILL, ~0U, 1, TARGET, CHANERR_LENGTH },
	{ "XOR", 0x87U << 24, PAGE, SOURCE, TARGET, CHANERR_CONTROL },
};

static void an_error_halts_at_its_descriptor(struct env *env)
{
	struct windows w;
	unsigned int i;

	windows_init(&env->dev, &w, SOURCE, TARGET, SIZE);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];

		note("%s", row->what);
		chain_set(&w.chain, 0, DESC_NULL | DESC_COMPLETION, 1, 0, 0);
		chain_set(&w.chain, 1, row->control | DESC_COMPLETION | DESC_INT, row->size,
			  row->source, row->target);
		chain_set(&w.chain, 2, DESC_NULL | DESC_COMPLETION | DESC_INT, 1, 0, 0);
		check_eq(chain_run(&env->dev, 0, 3), row->error);
		check_eq(ioat_get(&env->dev, IOAT_CHANSTS), desc_at(0) | HALTED);
		check_eq(ioat_get(&env->dev, IOAT_CDAR), desc_at(1));
		check_eq(*w.chain.completion, desc_at(0) | HALTED);
		check_eq(event_take(w.chain.event), 0);
		chain_reset(&env->dev);
		check_eq(ioat_get(&env->dev, IOAT_CHANERR), 0);
	}
	note("the error interrupt");
	chain_set(&w.chain, 0, DESC_COPY, 0, 0, 0);
	ioat_put(&env->dev, IOAT_CHAINADDR, desc_at(0));
	ioat_put(&env->dev, IOAT_CHANCTRL, CHANCTRL_REARM | CHANCTRL_ERR_INT);
	ioat_put(&env->dev, IOAT_DMACOUNT, 1);
	check_eq(event_wait(w.chain.event), 1);
	check_eq(ioat_status(&env->dev), HALTED);
	chain_reset(&env->dev);
	expect_copies(env, &w);
}

static void what_is_mapped_for_reading_is_not_written(struct env *env)
{
	u8 *memory = dma_memory(SIZE), *before = malloc(SIZE);
	struct windows w;

	check(before);
	windows_init(&env->dev, &w, SOURCE, TARGET, SIZE);
	fill_pattern(memory, SIZE, 9);
	memcpy(before, memory, SIZE);
	dma_map(&env->dev, NOWHERE, memory, SIZE, DMA_READ);
	chain_set(&w.chain, 0, DESC_COPY, SIZE, SOURCE, NOWHERE);
	check_eq(chain_run(&env->dev, 0, 1), CHANERR_WRITE_DATA);
	chain_reset(&env->dev);
	chain_set(&w.chain, 0, DESC_FILL, 1, 0, NOWHERE + 5);
	check_eq(chain_run(&env->dev, 0, 1), CHANERR_WRITE_DATA);
	chain_reset(&env->dev);
	ioat_put(&env->dev, IOAT_CHANCMP, NOWHERE);
	chain_set(&w.chain, 0, DESC_NULL | DESC_COMPLETION, 1, 0, 0);
	check_eq(chain_run(&env->dev, 0, 1), CHANERR_COMPLETION);
	check_mem(memory, before, SIZE);
	chain_reset(&env->dev);
	chain_set(&w.chain, 0, DESC_COPY, SIZE, NOWHERE, TARGET);
	check_eq(chain_run(&env->dev, 0, 1), 0);
	check_mem(w.target, memory, SIZE);
}

static void a_descriptor_that_was_unmapped_is_not_read(struct env *env)
{
	struct windows w;

	windows_init(&env->dev, &w, SOURCE, TARGET, SIZE);
	expect_copies(env, &w);
	dma_unmap(&env->dev, CHAIN, 2 * CHAIN_SIZE);
	/* And the error is not written. */
	check_eq(chain_run(&env->dev, 0, 1), CHANERR_NEXT_ADDR | CHANERR_COMPLETION);
	/* Nor is it without Bus Master. */
	chain_reset(&env->dev);
	dma_map(&env->dev, CHAIN, w.chain.desc, 2 * CHAIN_SIZE, DMA_RW);
	config_put(&env->dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	check_eq(chain_run(&env->dev, 0, 1), CHANERR_NEXT_ADDR | CHANERR_COMPLETION);
	config_put(&env->dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	chain_reset(&env->dev);
	expect_copies(env, &w);
}

/* A descriptor that leads to itself: all that a count can ask for, 64 GiB of copies. */
static void start_for_long(struct env *env, struct windows *w)
{
	chain_set(&w->chain, 0, DESC_COPY | DESC_COMPLETION, SIZE, SOURCE, TARGET);
	w->chain.desc[0].next = htole64(desc_at(0));
	*w->chain.completion = 0;
	chain_start(&env->dev, 0, MANY);
	while (!*w->chain.completion)
		;
	check_eq(ioat_status(&env->dev), ACTIVE);
}

static void a_chain_that_leads_to_itself_can_be_ended(struct env *env)
{
	struct windows w;

	windows_init(&env->dev, &w, SOURCE, TARGET, SIZE);
	start_for_long(env, &w);
	ioat_put(&env->dev, IOAT_CHANCMD, CHANCMD_SUSPEND);
	check_eq(ioat_wait(&env->dev), SUSPENDED);
	check_eq(ioat_get(&env->dev, IOAT_DMACOUNT), 0);

	start_for_long(env, &w);
	chain_reset(&env->dev);
	start_for_long(env, &w);
	vfio_reset(&env->dev);
	check_eq(ioat_get(&env->dev, IOAT_CHANSTS), HALTED);
	/* No descriptor is processed any more. */
	memset(w.target, 0, SIZE);
	check_eq(w.target[0], 0);

	ioat_put(&env->dev, IOAT_INTRCTRL, INTRCTRL_MSIX);
	chain_reset(&env->dev);
	start_for_long(env, &w);
	dma_unmap(&env->dev, TARGET, SIZE);
	check_eq(ioat_wait(&env->dev), HALTED);
	check_eq(ioat_get(&env->dev, IOAT_CHANERR), CHANERR_WRITE_DATA);
	dma_map(&env->dev, TARGET, w.target, SIZE, DMA_RW);
	chain_reset(&env->dev);
	start_for_long(env, &w);
	vfio_close(&env->dev);
	vfio_open(&env->dev, env->mdev.uuid, env->door);
	check_eq(ioat_get(&env->dev, IOAT_CHANSTS), HALTED);
}

/* A guest that migrates while its engine is at a chain. */
static void a_chain_goes_on_after_a_migration(struct env *env)
{
	struct blob blob = {};
	struct windows w, other;
	struct env target;
	unsigned int i;

	windows_init(&env->dev, &w, SOURCE, TARGET, SIZE);
	env_open(&target, "mioat-1", env->door);
	windows_init(&target.dev, &other, SOURCE, TARGET, SIZE);
	/* Each adds a page, so that none that was left out or lost remains unseen. */
	for (i = 0; i < SIZE / PAGE; i++)
		chain_set(&w.chain, i, DESC_COPY | DESC_COMPLETION, PAGE, SOURCE + i * PAGE,
			  TARGET + i * PAGE);
	w.chain.desc[i - 1].control = htole32(DESC_COPY | DESC_COMPLETION | DESC_INT);
	chain_start(&env->dev, 0, i);
	check_eq(mig_save(&env->dev, &blob), 0);
	memcpy(other.chain.desc, w.chain.desc, 2 * CHAIN_SIZE);
	memcpy(other.target, w.target, SIZE);
	check_eq(mig_load(&target.dev, &blob), 0);
	mig_go(&target.dev, MIG_RUNNING);
	check_eq(event_wait(other.chain.event), 1);
	check_eq(ioat_get(&target.dev, IOAT_CHANSTS), desc_at(i - 1) | DONE);
	check_eq(*other.chain.completion, desc_at(i - 1) | DONE);
	check_mem(other.target, w.source, SIZE);
	blob_free(&blob);
}

static void a_chain_that_a_stopped_device_is_given_moves(struct env *env)
{
	struct blob blob = {};
	struct windows w, other;
	struct env target;

	windows_init(&env->dev, &w, SOURCE, TARGET, SIZE);
	env_open(&target, "mioat-1", env->door);
	windows_init(&target.dev, &other, SOURCE, TARGET, SIZE);
	mig_go(&env->dev, MIG_STOP);
	chain_set(&w.chain, 0, DESC_COPY | DESC_COMPLETION | DESC_INT, SIZE, SOURCE, TARGET);
	chain_start(&env->dev, 0, 1);
	check_eq(ioat_status(&env->dev), ACTIVE);
	check_eq(mig_save(&env->dev, &blob), 0);
	memcpy(other.chain.desc, w.chain.desc, 2 * CHAIN_SIZE);
	check_eq(mig_load(&target.dev, &blob), 0);
	check_eq(other.target[0], 0);
	mig_go(&target.dev, MIG_RUNNING);
	check_eq(event_wait(other.chain.event), 1);
	check_mem(other.target, other.source, SIZE);
	check_eq(*w.chain.completion, 0);
	blob_free(&blob);
}

#define LOG_START	(VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START)
#define LOG_REPORT	(VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT)

/* A bit for each of the first 64 pages from @iova on. */
static u64 log_take(struct vfio *v, u64 iova)
{
	u64 bits = 0;
	struct vfio_device_feature_dma_logging_report report = {
		.iova = iova, .length = 64 * PAGE, .page_size = PAGE,
		.bitmap = (uintptr_t)&bits,
	};

	check_eq(mig_feature(v, LOG_REPORT, &report, sizeof(report)), 0);
	return bits;
}

static void pages_that_it_wrote_are_in_the_log(struct env *env)
{
	const struct vfio_device_feature_dma_logging_range all = { .length = 1ULL << 40 };
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = PAGE, .num_ranges = 1, .ranges = (uintptr_t)&all,
	};
	struct windows w;

	if (!mig_has_dma_log(&env->dev))
		skip_case("no log of DMA here: VFIO cannot report from one (no IOMMUFD_DRIVER)");
	windows_init(&env->dev, &w, SOURCE, TARGET, SIZE);
	check_eq(mig_feature(&env->dev, LOG_START, &control, sizeof(control)), 0);
	chain_set(&w.chain, 0, DESC_COPY, 2 * PAGE, SOURCE, TARGET + PAGE + 1);
	chain_set(&w.chain, 1, DESC_FILL, 1, 0, TARGET + 9 * PAGE);
	chain_set(&w.chain, 2, DESC_NULL | DESC_COMPLETION, 1, 0, 0);
	check_eq(chain_run(&env->dev, 0, 3), 0);
	check_eq(log_take(&env->dev, TARGET), 0x20e);
	check_eq(log_take(&env->dev, SOURCE), 0);
	/* The completion, and not the descriptors. */
	check_eq(log_take(&env->dev, CHAIN), 1ULL << CHAIN_SIZE / PAGE);
	check_eq(log_take(&env->dev, CHAIN), 0);
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
			ioat_put(&env->dev, IOAT_CHANCMD, CHANCMD_RESET);
}

static void map_and_unmap(void *arg)
{
	struct env *env = arg;
	u8 *memory = dma_memory(PAGE);
	unsigned int i;

	for (i = 0; i < RACE_ROUNDS; i++) {
		dma_map(&env->dev, NOWHERE, memory, PAGE, DMA_RW);
		config_set(&env->dev, PCI_COMMAND, PCI_COMMAND_MASTER);
		dma_unmap(&env->dev, NOWHERE, PAGE);
	}
}

static void start_again_and_again(void *arg)
{
	struct env *env = arg;
	unsigned int i;

	for (i = 0; i < 4 * RACE_ROUNDS; i++) {
		ioat_put(&env->dev, IOAT_CHAINADDR, desc_at(i % 8) + i % 5 / 4);
		ioat_put(&env->dev, IOAT_CHANCTRL, i);
		ioat_put(&env->dev, IOAT_DMACOUNT, i * 257);
		ioat_put(&env->dev, IOAT_CHANCMD, 1 << i % 6);
		ioat_put(&env->dev, IOAT_CHANERR, ~0);
		ioat_put(&env->dev, IOAT_CHANCMP, i % 3 ? CHAIN + CHAIN_SIZE : NOWHERE);
	}
}

static void chains_against_everything(struct env *env)
{
	const struct racer racers[] = {
		{ reset_again_and_again, env }, { map_and_unmap, env },
		{ start_again_and_again, env }, { start_again_and_again, env },
	};
	struct windows w;
	unsigned int i;

	windows_init(&env->dev, &w, SOURCE, TARGET, SIZE);
	for (i = 0; i < 8; i++)
		chain_set(&w.chain, i, (i % 3 ? DESC_COPY : DESC_FILL) | DESC_INT |
			  DESC_COMPLETION, PAGE, i % 4 ? SOURCE : NOWHERE,
			  i % 5 ? TARGET : NOWHERE);
	vfio_know_regions(&env->dev);
	race(racers, ARRAY_SIZE(racers));
	vfio_reset(&env->dev);
	irq_disable(&env->dev, MSIX);
	irq_enable(&env->dev, MSIX, 1, &w.chain.event);
	ioat_put(&env->dev, IOAT_INTRCTRL, INTRCTRL_MSIX);
	chain_reset(&env->dev);
	expect_copies(env, &w);
}

const struct test_case cases[] = {
	CASE(what_is_copied_is_what_was_there, MIOAT),
	CASE(a_fill_repeats_eight_bytes, MIOAT),
	CASE(each_completion_is_told_in_its_order, MIOAT),
	CASE(an_interrupt_comes_once_until_it_is_re_armed, MIOAT),
	CASE(an_error_halts_at_its_descriptor, MIOAT),
	CASE(what_is_mapped_for_reading_is_not_written, MIOAT),
	CASE(a_descriptor_that_was_unmapped_is_not_read, MIOAT),
	CASE(a_chain_that_leads_to_itself_can_be_ended, MIOAT),
	CASE(a_chain_goes_on_after_a_migration, MIOAT),
	CASE(a_chain_that_a_stopped_device_is_given_moves, MIOAT),
	CASE(pages_that_it_wrote_are_in_the_log, MIOAT),
	CASE(chains_against_everything, MIOAT),
	{ }
};
