// SPDX-License-Identifier: GPL-2.0-only
/* Errors of functions on the PCI bus in software, on request: each happens once. */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/ioat.h"
#include "../lib/irq.h"
#include "../lib/pci.h"
#include "../lib/race.h"

#define PAGE		4096UL
#define SOURCE		0x10000000UL
#define TARGET		0x20000000UL
#define TRACING		"/sys/kernel/tracing"
#define NOWHERE		0x40000000UL

static struct pci_function open_plain(struct env *env)
{
	struct pci_function fn;

	pci_begin();
	fn = pci_function_for_vfio("a", "bar0=64K msix=2");
	vfio_open(&env->dev, fn.address, env->door);
	return fn;
}

static struct pci_function open_engine(struct env *env, struct chain *chain)
{
	struct pci_function fn;
	u8 *memory = dma_memory(2 * PAGE);

	pci_begin();
	fn = pci_function_for_vfio("a", "model=ioat");
	vfio_open(&env->dev, fn.address, env->door);
	dma_map(&env->dev, SOURCE, memory, PAGE, DMA_RW);
	dma_map(&env->dev, TARGET, memory + PAGE, PAGE, DMA_RW);
	chain_init(&env->dev, chain);
	chain_begin(&env->dev, chain);
	return fn;
}

/* Copy a page, and wait for the completion: its status. */
static unsigned int copy(struct env *env, struct chain *chain)
{
	unsigned int status;

	chain_add(&env->dev, chain, DESC_COPY | DESC_COMPLETION, PAGE, SOURCE, TARGET);
	status = chain_wait(chain);
	if (status == HALTED) {
		chain_reset(&env->dev);
		chain_begin(&env->dev, chain);
	}
	return status;
}

static bool trace_faults(void)
{
	if (access(TRACING "/events", F_OK))
		mount("tracefs", TRACING, "tracefs", 0, NULL);
	return !__sysfs_write(TRACING "/events/iommu/io_page_fault/enable", "1");
}

static unsigned int traced_faults(void)
{
	FILE *f = fopen(TRACING "/trace", "r");
	unsigned int nr = 0;
	char line[512];

	check(f);
	while (fgets(line, sizeof(line), f))
		nr += !!strstr(line, " io_page_fault: ");
	fclose(f);
	return nr;
}

/* Accesses of a copy: the descriptor, the copy, the completion. */
static void the_dma_access_that_is_named_fails(struct env *env)
{
	static const struct {
		const char *name;
		unsigned int reports;
	} faults[] = { { "errors/fail_dma", 0 }, { "errors/iommu_fault", 1 } };
	bool tracing = trace_faults();
	struct pci_function fn;
	unsigned int before = 0;
	struct chain chain;
	unsigned int i;

	fn = open_engine(env, &chain);
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		note("%s", faults[i].name);
		if (tracing)
			before = traced_faults();
		check_eq(copy(env, &chain), DONE);
		check_str(pci_get(&fn, faults[i].name).s, "0");
		/* The copy of the second descriptor. */
		pci_set(&fn, faults[i].name, "5");
		check_str(pci_get(&fn, faults[i].name).s, "5");
		check_eq(copy(env, &chain), DONE);
		check_eq(copy(env, &chain), HALTED);
		check_str(pci_get(&fn, faults[i].name).s, "0");
		check_eq(copy(env, &chain), DONE);
		if (tracing)
			check_eq(traced_faults() - before, faults[i].reports);
	}
	if (!tracing)
		skip_case("this kernel has no trace of IOMMU faults, which tells them apart");
	__sysfs_write(TRACING "/events/iommu/io_page_fault/enable", "0");
}

static void a_message_is_lost_once(struct env *env)
{
	struct pci_function fn = open_plain(env);
	s32 event;

	irq_enable(&env->dev, MSIX, 1, &event);
	pci_set(&fn, "errors/drop_interrupt", "2");
	pci_set(&fn, "errors/interrupt", "0");
	check_eq(event_wait(event), 1);
	pci_set(&fn, "errors/interrupt", "0");
	check_eq(event_take(event), 0);
	pci_set(&fn, "errors/interrupt", "0");
	check_eq(event_wait(event), 1);
}

static void a_message_is_sent_twice_once(struct env *env)
{
	struct pci_function fn = open_plain(env);
	s32 event;

	irq_enable(&env->dev, MSIX, 1, &event);
	pci_set(&fn, "errors/double_interrupt", "1");
	pci_set(&fn, "errors/interrupt", "0");
	check_eq(event_take(event), 2);
	pci_set(&fn, "errors/interrupt", "0");
	check_eq(event_take(event), 1);
}

static void reset_device(void *arg)
{
	vfio_reset(arg);
}

static void a_reset_that_stalls_ends_when_it_may(struct env *env)
{
	struct pci_function fn = open_plain(env);
	struct worker worker;

	pci_set(&fn, "errors/stall_flr", "1");
	worker_start(&worker, reset_device, &env->dev);
	/* It is under way. */
	while (!strcmp(pci_get(&fn, "errors/stall_flr").s, "1"))
		check(!atomic_load(&worker.done));
	check_str(pci_get(&fn, "errors/stall_flr").s, "2");
	check(!atomic_load(&worker.done));
	pci_set(&fn, "errors/stall_flr", "0");
	worker_join(&worker);
	check_eq(config_get(&env->dev, PCI_VENDOR_ID, 2), 0x1b36);
}

static void remove_function(void *arg)
{
	pci_absent(arg);
}

static void a_function_that_was_pulled_out_answers_and_does_nothing(struct env *env)
{
	struct pci_function fn;
	struct worker worker;
	struct chain chain;
	s32 event = event_new();
	unsigned int i;
	u8 *bar, *memory;

	fn = open_engine(env, &chain);
	check_eq(__irq_assign(&env->dev, REQ, 0, 1, &event), 0);
	memory = dma_memory(PAGE);
	dma_map(&env->dev, NOWHERE, memory, PAGE, DMA_RW);
	bar = region_map(&env->dev, IOAT_BAR0, 0, IOAT_SIZE);
	pci_set(&fn, "errors/interrupt", "0");
	check_eq(event_wait(chain.event), 1);
	/* It writes without end. */
	for (i = 0; i < CHAIN_DESCS; i++)
		chain_set(&chain, i, DESC_FILL, PAGE, ~0UL, NOWHERE);
	chain_start(&env->dev, 0, 0xffff);
	while (!*(volatile u8 *)memory)
		;

	pci_set(&fn, "errors/surprise_removal", "1");
	check_eq(config_get(&env->dev, PCI_STATUS, 2), 0xffff);
	pci_set(&fn, "errors/interrupt", "0");
	check_eq(event_take(chain.event), 0);
	for (i = 0; i < IOAT_SIZE; i++)
		check_eq(bar[i], 0xff);
	/* What is in flight has ended when something was unmapped. */
	dma_unmap(&env->dev, SOURCE, PAGE);
	memset(memory, 0x55, PAGE);
	for (i = 0; i < PAGE; i++)
		check_eq(((volatile u8 *)memory)[i], 0x55);
	check_eq(__pci_set(&fn, "errors/surprise_removal", "0"), -EINVAL);
	check_eq(__pci_set(&fn, "errors/bus_error", "fatal"), -EBUSY);
	munmap(bar, IOAT_SIZE);

	worker_start(&worker, remove_function, &fn);
	check(event_wait(event) >= 1);
	vfio_close(&env->dev);
	worker_join(&worker);
	/* Plugged in again, it is as new. */
	pci_live(&fn);
	vfio_open(&env->dev, fn.address, env->door);
	check_eq(config_get(&env->dev, PCI_VENDOR_ID, 2), 0x8086);
}

static void a_bus_error_signals_the_err_eventfd_and_a_fatal_one_resets(struct env *env)
{
	struct pci_function fn = open_plain(env);
	u8 *bar = region_map(&env->dev, 0, 0, PAGE);
	s32 event = event_new(), message;
	u32 command;

	check_eq(__irq_assign(&env->dev, ERR, 0, 1, &event), 0);
	irq_enable(&env->dev, MSIX, 1, &message);
	command = config_get(&env->dev, PCI_COMMAND, 2);
	bar[0] = 1;
	pci_set(&fn, "errors/bus_error", "nonfatal");
	check_eq(event_take(event), 1);
	check_eq(bar[0], 1);
	pci_set(&fn, "errors/bus_error", "fatal");
	check_eq(event_take(event), 1);
	check_eq(bar[0], 0);
	check_eq(__pci_set(&fn, "errors/bus_error", "serious"), -EINVAL);
	check_eq(event_take(event), 0);
	/* It can be used again, as it was set up. */
	check_eq(config_get(&env->dev, PCI_VENDOR_ID, 2), 0x1b36);
	check_eq(config_get(&env->dev, PCI_COMMAND, 2), command);
	pci_set(&fn, "errors/interrupt", "0");
	check_eq(event_wait(message), 1);
}

static void errors_of_a_function_that_is_not_there_are_refused(struct env *env)
{
	static const char * const names[] = {
		"fail_dma", "iommu_fault", "drop_interrupt", "double_interrupt", "stall_flr",
		"surprise_removal", "interrupt",
	};
	struct pci_function fn;
	unsigned int i;

	pci_begin();
	fn = pci_function("a", "");
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		note("%s", names[i]);
		check_eq(__pci_set(&fn, text("errors/%s", names[i]).s, "1"), -ENODEV);
	}
}

/* Errors that were armed are as before, and nothing happens. */
static void expect_to_take_what_they_show(const struct pci_function *fn, const char *when)
{
	struct text path = text(PCI_FUNCTIONS "/%s/errors", fn->name);

	note("%s", when);
	check_eq(sysfs_write_back(path.s), 8);
}

static void errors_take_what_they_show(struct env *env)
{
	static const char * const counts[] = {
		"errors/fail_dma", "errors/iommu_fault", "errors/drop_interrupt",
		"errors/double_interrupt",
	};
	struct pci_function fn = open_plain(env);
	struct worker worker;
	s32 event, error;
	unsigned int i;

	irq_enable(&env->dev, MSIX, 1, &event);
	error = event_new();
	check_eq(__irq_assign(&env->dev, ERR, 0, 1, &error), 0);
	expect_to_take_what_they_show(&fn, "nothing is armed");
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		pci_set(&fn, counts[i], "4294967295");
	pci_set(&fn, "errors/stall_flr", "1");
	expect_to_take_what_they_show(&fn, "all are armed");
	worker_start(&worker, reset_device, &env->dev);
	while (strcmp(pci_get(&fn, "errors/stall_flr").s, "2"))
		check(!atomic_load(&worker.done));
	expect_to_take_what_they_show(&fn, "a reset stalls");
	check(!atomic_load(&worker.done));
	pci_set(&fn, "errors/stall_flr", "0");
	worker_join(&worker);
	check_eq(__pci_set(&fn, "errors/stall_flr", "2"), -EINVAL);
	check_eq(event_take(event), 0);
	check_eq(event_take(error), 0);
	pci_set(&fn, "errors/surprise_removal", "1");
	expect_to_take_what_they_show(&fn, "it was pulled out");
	check_eq(__pci_set(&fn, "errors/stall_flr", "1"), -EBUSY);
	/* Closed while it is being removed: else a reset waits for it for a minute. */
	check_eq(__irq_assign(&env->dev, REQ, 0, 1, &error), 0);
	worker_start(&worker, remove_function, &fn);
	check(event_wait(error) >= 1);
	vfio_close(&env->dev);
	worker_join(&worker);
}

const struct test_case cases[] = {
	CASE(errors_of_a_function_that_is_not_there_are_refused, NO_DOOR),
	CASE(errors_take_what_they_show, NO_DEVICE),
	CASE(the_dma_access_that_is_named_fails, NO_DEVICE),
	CASE(a_message_is_lost_once, NO_DEVICE),
	CASE(a_message_is_sent_twice_once, NO_DEVICE),
	CASE(a_reset_that_stalls_ends_when_it_may, NO_DEVICE),
	CASE(a_function_that_was_pulled_out_answers_and_does_nothing, NO_DEVICE),
	CASE(a_bus_error_signals_the_err_eventfd_and_a_fatal_one_resets, NO_DEVICE),
	{}
};
