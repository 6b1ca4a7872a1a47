// SPDX-License-Identifier: GPL-2.0-only
/* Virtual functions on the PCI bus in software, through the stock vfio-pci driver. */
#include <dirent.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/ioat.h"
#include "../lib/irq.h"
#include "../lib/log.h"
#include "../lib/module.h"
#include "../lib/pci.h"
#include "../lib/race.h"

#define PAGE		4096UL
#define SIZE		(16 * PAGE)
#define SOURCE		0x10000000UL
#define TARGET		0x20000000UL
#define NOWHERE		0x40000000UL

/* A physical function and one of its virtual ones, a DMA engine, both opened. */
struct engine {
	struct pci_function pf, vf;
	struct vfio parent, *v;
	struct windows w;
};

static void engine_init(struct env *env, struct engine *e)
{
	pci_begin();
	e->pf = pci_function_for_vfio("pf", "model=ioat total_vfs=2");
	vfio_open(&e->parent, text("%s " PCI_TOKEN, e->pf.address).s, env->door);
	pci_enable_vfs(&e->pf, 2);
	e->vf = pci_vf(&e->pf, 1);
	e->v = &env->dev;
	vfio_open(e->v, text("%s " PCI_TOKEN, e->vf.address).s, env->door);
	windows_init(e->v, &e->w, SOURCE, TARGET, SIZE);
}

static void expect_copy_and_message(struct engine *e)
{
	memset(e->w.target, 0, SIZE);
	chain_begin(e->v, &e->w.chain);
	chain_add(e->v, &e->w.chain, DESC_COPY | DESC_COMPLETION | DESC_INT, SIZE, SOURCE, TARGET);
	check_eq(chain_wait(&e->w.chain), DONE);
	check_mem(e->w.target, e->w.source, SIZE);
	check_eq(event_wait(e->w.chain.event), 1);
}

static void a_virtual_function_does_dma_and_sends_messages(struct env *env)
{
	struct engine e;

	engine_init(env, &e);
	expect_copy_and_message(&e);
	/* Its own reset leaves it so, as what software has saved is restored. */
	ioat_put(e.v, IOAT_CHAINADDR, NOWHERE);
	vfio_reset(e.v);
	check_eq(ioat_get(e.v, IOAT_CHAINADDR), 0);
	check_eq(ioat_get(e.v, IOAT_CHANCMP), 0);
	ioat_put(e.v, IOAT_INTRCTRL, INTRCTRL_MSIX);
	chain_reset(e.v);
	expect_copy_and_message(&e);
}

/* What is in flight has ended when something was unmapped. */
static void expect_no_dma(struct engine *e, const char *when)
{
	unsigned int i;

	note("%s", when);
	dma_map(e->v, NOWHERE, dma_memory(PAGE), PAGE, DMA_RW);
	dma_unmap(e->v, NOWHERE, PAGE);
	memset(e->w.target, 0x55, SIZE);
	for (i = 0; i < SIZE; i++)
		check_eq(((volatile u8 *)e->w.target)[i], 0x55);
}

static void expect_new_function(struct engine *e)
{
	unsigned int i;

	pci_wait(&e->vf);
	check_eq(pci_config_get(&e->vf, PCI_COMMAND, 2), 0);
	check_eq(ioat_get(e->v, IOAT_CHAINADDR), 0);
	check_eq(ioat_get(e->v, IOAT_CHANCMP), 0);
	check_eq(ioat_get(e->v, IOAT_DMACOUNT), 0);
	for (i = 0; i < SIZE; i++)
		check_eq(e->w.target[i], 0x55);
}

static void set_control(struct engine *e, u16 clear, u16 set)
{
	unsigned int pos = pci_find_ext_cap(&e->pf, PCI_EXT_CAP_ID_SRIOV) + PCI_SRIOV_CTRL;

	pci_config_put(&e->pf, pos, 2, (pci_config_get(&e->pf, pos, 2) & ~clear) | set);
}

static void without_vf_enable_there_is_no_virtual_function_and_it_is_new_afterwards(struct env *env)
{
	struct engine e;

	engine_init(env, &e);
	chain_flood(e.v, &e.w.chain, SIZE, SOURCE, TARGET, e.w.target);
	set_control(&e, PCI_SRIOV_CTRL_VFE, 0);
	check_eq(pci_config_get(&e.vf, PCI_COMMAND, 2), 0xffff);
	expect_no_dma(&e, "VF Enable is cleared");
	set_control(&e, 0, PCI_SRIOV_CTRL_VFE);
	expect_new_function(&e);
}

static void a_reset_of_the_physical_function_resets_the_virtual_ones(struct env *env)
{
	struct engine e;

	engine_init(env, &e);
	chain_flood(e.v, &e.w.chain, SIZE, SOURCE, TARGET, e.w.target);
	vfio_reset(&e.parent);
	expect_no_dma(&e, "the physical function was reset");
	expect_new_function(&e);
}

static void remove_function(void *arg)
{
	pci_absent(arg);
}

static void virtual_functions_are_pulled_out_with_their_physical_one(struct env *env)
{
	struct worker worker;
	struct engine e;
	s32 event, gone;
	u8 *bar;

	engine_init(env, &e);
	event = event_new();
	gone = event_new();
	check_eq(__irq_assign(&e.parent, REQ, 0, 1, &event), 0);
	check_eq(__irq_assign(e.v, REQ, 0, 1, &gone), 0);
	bar = region_map(e.v, IOAT_BAR0, IOAT_TABLE, PAGE);
	chain_flood(e.v, &e.w.chain, SIZE, SOURCE, TARGET, e.w.target);
	pci_set(&e.pf, "errors/surprise_removal", "1");
	check_eq(pci_config_get(&e.vf, PCI_COMMAND, 2), 0xffff);
	check_eq(bar[0], 0xff);
	expect_no_dma(&e, "it was pulled out");
	munmap(bar, PAGE);
	worker_start(&worker, remove_function, &e.pf);
	check(event_wait(gone) >= 1);
	vfio_close(e.v);
	check(event_wait(event) >= 1);
	vfio_close(&e.parent);
	worker_join(&worker);
}

static atomic_bool plugging;

static void look_for_functions(void *arg)
{
	while (atomic_load(&plugging))
		check_eq(__sysfs_write("/sys/bus/pci/rescan", "1"), 0);
}

static void a_rescan_may_find_a_function_first(struct env *env)
{
	struct pci_function fn;
	struct worker worker;
	struct text line;
	unsigned int i;
	int log;

	pci_begin();
	log = log_open();
	fn = pci_function("a", "total_vfs=4");
	atomic_store(&plugging, true);
	worker_start(&worker, look_for_functions, NULL);
	for (i = 0; i < 10; i++) {
		pci_live(&fn);
		check(pci_exists(&fn));
		pci_absent(&fn);
	}
	atomic_store(&plugging, false);
	worker_join(&worker);
	while (log_line(log, &line))
		if (strstr(line.s, "Unbalanced"))
			check_failed(__FILE__, __LINE__, line.s);
	close(log);
}

/* The driver of others that is there for virtual functions only. */
static void virtual_functions_that_a_driver_leaves_behind_go(struct env *env)
{
	struct pci_function fn, vf;
	unsigned int i;

	pci_begin();
	if (!module_probe("pci-pf-stub"))
		skip_case("this kernel has no pci-pf-stub");
	fn = pci_function("pf", "model=ioat total_vfs=2 driver_override=pci-pf-stub");
	for (i = 0; i < 2; i++) {
		pci_live(&fn);
		pci_enable_vfs(&fn, 2);
		vf = pci_vf(&fn, 1);
		check(pci_exists(&vf));
		pci_absent(&fn);
		check(!pci_exists(&fn));
		check(!pci_exists(&vf));
	}
}

/* Those of a function, and in its capability those of all its virtual functions. */
struct bar_registers {
	u32 own[6];
	u32 of_vfs[6];
};

static struct bar_registers bar_registers(const struct pci_function *fn)
{
	unsigned int pos = pci_find_ext_cap(fn, PCI_EXT_CAP_ID_SRIOV) + PCI_SRIOV_BAR, i;
	struct bar_registers bars;

	for (i = 0; i < ARRAY_SIZE(bars.own); i++) {
		bars.own[i] = pci_config_get(fn, PCI_BASE_ADDRESS_0 + i * 4, 4);
		bars.of_vfs[i] = pci_config_get(fn, pos + i * 4, 4);
	}
	return bars;
}

static void reset_by_register(const struct pci_function *fn)
{
	pci_config_put(fn, pci_find_cap(fn, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL, 2,
		       PCI_EXP_DEVCTL_BCR_FLR);
	pci_wait(fn);
}

static void reset_by_sysfs(const struct pci_function *fn)
{
	check_eq(__sysfs_write(pci_path(fn, "reset").s, "1"), 0);
}

/* The PCI core cannot give them other addresses. */
static void after_a_reset_all_bars_are_where_they_were(struct env *env)
{
	static void (*const resets[])(const struct pci_function *) = {
		reset_by_sysfs, reset_by_register,
	};
	struct bar_registers before, after;
	struct pci_function fn, vf;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(resets); i++) {
		note("%s", i ? "by its register: nothing restores it" : "by sysfs");
		pci_begin();
		fn = pci_function("a", "bar0=64K bar2=16K,64bit msix=2 total_vfs=2");
		pci_live(&fn);
		before = bar_registers(&fn);
		resets[i](&fn);
		after = bar_registers(&fn);
		check_mem(&after, &before, sizeof(before));
		/* Found again, it has all of them. */
		check_eq(__sysfs_write(pci_path(&fn, "remove").s, "1"), 0);
		check_eq(__sysfs_write("/sys/bus/pci/rescan", "1"), 0);
		check_eq(access(pci_path(&fn, "resource0").s, F_OK), 0);
		check_eq(access(pci_path(&fn, "resource2").s, F_OK), 0);
		check_eq(__sysfs_write(pci_path(&fn, "driver_override").s, "vfio-pci"), 0);
		check_eq(__sysfs_write("/sys/bus/pci/drivers/vfio-pci/bind", fn.address), 0);
		pci_enable_vfs(&fn, 2);
		vf = pci_vf(&fn, 1);
		check_eq(access(pci_path(&vf, "resource0").s, F_OK), 0);
		check_eq(access(pci_path(&vf, "resource2").s, F_OK), 0);
	}
}

/* Threads of this process that wait in the kernel for a lock. */
static bool as_many_wait(void *arg)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	unsigned int nr = 0;
	char stat[512];
	char *end;

	check(dir);
	while ((entry = readdir(dir))) {
		if (__sysfs_read(text("/proc/self/task/%s/stat", entry->d_name).s, stat,
				 sizeof(stat)) < 0)
			continue;
		end = strrchr(stat, ')');
		nr += end && end[2] == 'D';
	}
	closedir(dir);
	return nr == *(unsigned int *)arg;
}

static void expect_to_wait(unsigned int nr)
{
	check(retry(as_many_wait, &nr));
}

struct pf_write {
	struct pci_function *pf;
	const char *attribute;
	const char *text;
	int ret;
};

static void write_to_pf(void *arg)
{
	struct pf_write *write = arg;

	write->ret = __sysfs_write(pci_path(write->pf, write->attribute).s, write->text);
}

/* The removal of another function, which is in use, has the lock of all hot-plug. */
static void nothing_that_is_written_to_it_and_removal_hang(struct env *env)
{
	static const struct {
		unsigned int before;
		const char *attribute;
		const char *text;
		bool first;
	} orders[] = {
		{ 0, "sriov_numvfs", "2", false }, { 0, "sriov_numvfs", "2", true },
		{ 2, "sriov_numvfs", "0", false }, { 2, "sriov_numvfs", "0", true },
		{ 0, "remove", "1", false }, { 0, "remove", "1", true },
		{ 2, "remove", "1", false }, { 2, "remove", "1", true },
	};
	struct worker keeps, removes, writes;
	struct pci_function used, fn, copy;
	struct pf_write write;
	unsigned int i;
	s32 event;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		note("%u of them, %s is written to %s %s removal", orders[i].before,
		     orders[i].text, orders[i].attribute, orders[i].first ? "before" : "after");
		pci_begin();
		used = pci_function_for_vfio("used", "");
		fn = pci_function_for_vfio("fn", "total_vfs=2");
		pci_enable_vfs(&fn, orders[i].before);
		vfio_open(&env->dev, used.address, env->door);
		event = event_new();
		check_eq(__irq_assign(&env->dev, REQ, 0, 1, &event), 0);
		worker_start(&keeps, remove_function, &used);
		check(event_wait(event) >= 1);

		copy = fn;
		write = (struct pf_write) {
			.pf = &copy, .attribute = orders[i].attribute, .text = orders[i].text,
		};
		if (orders[i].first) {
			worker_start(&writes, write_to_pf, &write);
			expect_to_wait(1);
			worker_start(&removes, remove_function, &fn);
		} else {
			worker_start(&removes, remove_function, &fn);
			expect_to_wait(1);
			worker_start(&writes, write_to_pf, &write);
		}
		expect_to_wait(2);
		vfio_close(&env->dev);
		memset(&env->dev, 0, sizeof(env->dev));
		worker_join(&keeps);
		worker_join(&removes);
		worker_join(&writes);
		/* None are enabled once it is being removed, but that there be none is granted. */
		if (!strcmp(orders[i].text, "2"))
			check(write.ret < 0);
		else
			check_eq(write.ret, 0);
		check(!pci_exists(&copy));
	}
}

const struct test_case cases[] = {
	CASE(a_rescan_may_find_a_function_first, NO_DOOR),
	CASE(virtual_functions_that_a_driver_leaves_behind_go, NO_DOOR),
	CASE(after_a_reset_all_bars_are_where_they_were, NO_DOOR),
	CASE(a_virtual_function_does_dma_and_sends_messages, NO_DEVICE),
	CASE(without_vf_enable_there_is_no_virtual_function_and_it_is_new_afterwards, NO_DEVICE),
	CASE(a_reset_of_the_physical_function_resets_the_virtual_ones, NO_DEVICE),
	CASE(virtual_functions_are_pulled_out_with_their_physical_one, NO_DEVICE),
	CASE(nothing_that_is_written_to_it_and_removal_hang, NO_DEVICE),
	{}
};
