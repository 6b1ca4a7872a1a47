// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions on the PCI bus in software: made by configfs, seen by the PCI core, and
 * used through the stock vfio-pci driver.
 */
#include <dirent.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/ioat.h"
#include "../lib/irq.h"
#include "../lib/pci.h"
#include "../lib/race.h"

#define PLAIN	"bar0=64K bar2=16K,64bit msi=4 msix=8"

static u32 sysfs_number(const struct pci_function *fn, const char *file)
{
	return strtoul(sysfs_read(pci_path(fn, file).s).s, NULL, 0);
}

static void a_live_function_is_a_pci_device_with_the_ids_it_was_given(struct env *env)
{
	struct pci_function fn;

	pci_begin();
	fn = pci_function("a", "vendor=0x1234 device=0x5678 class=0x020000 revision=0x12");
	pci_set(&fn, "subsystem_vendor", "0x9abc");
	pci_set(&fn, "subsystem_device", "0xdef0");
	check_str(pci_get(&fn, "address").s, "none");
	pci_live(&fn);
	check_eq(sysfs_number(&fn, "vendor"), 0x1234);
	check_eq(sysfs_number(&fn, "device"), 0x5678);
	check_eq(sysfs_number(&fn, "subsystem_vendor"), 0x9abc);
	check_eq(sysfs_number(&fn, "subsystem_device"), 0xdef0);
	check_eq(sysfs_number(&fn, "class"), 0x020000);
	check_eq(sysfs_number(&fn, "revision"), 0x12);
	pci_absent(&fn);
	check_str(pci_get(&fn, "address").s, "none");
}

/* The description cannot be changed while it is live, nor much of a model that has a name. */
static void attributes_take_what_they_show(struct env *env)
{
	static const char * const described[] = {
		"", PLAIN " group=7 devfn=05.0 total_vfs=2 driver_override=vfio-pci",
		"model=ioat total_vfs=1",
		"vendor=0x1234 bar0=1T,64bit,prefetchable capabilities=pm",
	};
	struct pci_function fn;
	struct text folder;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(described); i++) {
		note("%s", described[i]);
		pci_begin();
		fn = pci_function("a", described[i]);
		folder = text(PCI_FUNCTIONS "/%s", fn.name);
		check_eq(sysfs_write_back(folder.s), 21);
		sysfs_write_back(text("%s/errors", folder.s).s);
		if (!strstr(described[i], "1T")) {
			pci_live(&fn);
			check_eq(sysfs_write_back(folder.s), 21);
		}
	}
	/* The model took nothing of it. */
	pci_begin();
	fn = pci_function("a", "model=ioat");
	sysfs_write_back(text(PCI_FUNCTIONS "/%s", fn.name).s);
	pci_set(&fn, "model", "plain");
	check_str(pci_get(&fn, "vendor").s, "0x1b36");
	check_str(pci_get(&fn, "bar0").s, "0");
}

static void values_that_make_no_sense_are_refused_and_change_nothing(struct env *env)
{
	static const struct {
		const char *attribute, *val;
	} bad[] = {
		{ "model", "toaster" }, { "vendor", "0x10000" },
		{ "class", "0x1000000" }, { "revision", "256" }, { "bar0", "3000" },
		{ "bar0", "2K" }, { "bar0", "64K,round" }, { "bar0", "16E" },
		{ "bar0", "0x10000000000001000" },
		{ "msi", "3" }, { "msi", "64" }, { "msix", "2049" }, { "capabilities", "wings" },
		{ "group", "-2" }, { "total_vfs", "256" }, { "devfn", "20.0" },
		{ "devfn", "00.8" }, { "live", "2" },
	};
	struct pci_function fn;
	struct text before;
	unsigned int i;

	pci_begin();
	fn = pci_function("a", PLAIN);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		note("%s: \"%s\"", bad[i].attribute, bad[i].val);
		before = pci_get(&fn, bad[i].attribute);
		check_eq(__pci_set(&fn, bad[i].attribute, bad[i].val), -EINVAL);
		check_str(pci_get(&fn, bad[i].attribute).s, before.s);
	}
}

static void a_description_that_contradicts_itself_cannot_be_live(struct env *env)
{
	static const char * const bad[] = {
		/* No BAR has room for the table. */
		"bar0=4K msix=2048", "msix=1",
		/* There is no second half. */
		"bar5=64K,64bit", "bar0=64K,64bit bar1=64K",
		/* There are no such addresses. */
		"bar0=8E,64bit", "bar0=4E,64bit bar2=4E,64bit", "bar4=2P,64bit",
		"bar0=1E,64bit total_vfs=16", "bar0=4K bar2=2E,64bit total_vfs=255",
		/* These come with PCI Express. */
		"capabilities=pm total_vfs=2",
	};
	struct pci_function fn;
	unsigned int i;

	pci_begin();
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		note("%s", bad[i]);
		fn = pci_function("a", bad[i]);
		check_eq(__pci_set(&fn, "live", "1"), -EINVAL);
		check_str(pci_get(&fn, "live").s, "0");
		pci_remove_all();
	}
}

static void a_bar_that_is_larger_than_all_memory_is_refused(struct env *env)
{
	static const char * const large[] = {
		"bar0=2G", "bar0=8T,64bit", "bar0=16T,64bit", "bar0=1P,64bit",
		"bar0=1P,64bit bar2=1P,64bit bar4=1P,64bit", "bar0=4K bar2=1P,64bit total_vfs=255",
		"bar0=64M,64bit total_vfs=255",
	};
	struct pci_function fn;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(large); i++) {
		note("%s", large[i]);
		pci_begin();
		fn = pci_function("a", large[i]);
		check_eq(__pci_set(&fn, "live", "1"), -ENOSPC);
		check_str(pci_get(&fn, "live").s, "0");
	}
}

static void a_live_function_cannot_be_changed_or_its_folder_removed(struct env *env)
{
	struct pci_function fn;

	pci_begin();
	fn = pci_function("a", "");
	pci_live(&fn);
	check_eq(__pci_set(&fn, "vendor", "0x1234"), -EBUSY);
	check_eq(__pci_set(&fn, "bar0", "64K"), -EBUSY);
	check_eq(sys(rmdir(PCI_FUNCTIONS "/a")), -EBUSY);
	check(pci_exists(&fn));
	pci_set(&fn, "live", "1");
}

static void functions_of_the_same_group_number_share_a_group(struct env *env)
{
	struct pci_function a, b;
	struct stat in_a, in_b;

	pci_begin();
	a = pci_function("a", "group=3");
	b = pci_function("b", "group=3");
	pci_live(&a);
	pci_live(&b);
	check_eq(sys(stat(pci_path(&a, "iommu_group").s, &in_a)), 0);
	check_eq(sys(stat(pci_path(&b, "iommu_group").s, &in_b)), 0);
	check_eq(in_a.st_ino, in_b.st_ino);
}

static void the_pci_core_removes_and_finds_a_function_again(struct env *env)
{
	struct pci_function fn;
	u32 bar;

	pci_begin();
	fn = pci_function_for_vfio("a", PLAIN);
	bar = pci_config_get(&fn, PCI_BASE_ADDRESS_0, 4);
	check_eq(__sysfs_write(pci_path(&fn, "remove").s, "1"), 0);
	check(!pci_exists(&fn));
	check_eq(__sysfs_write("/sys/bus/pci/rescan", "1"), 0);
	check(pci_exists(&fn));
	check_eq(pci_config_get(&fn, PCI_BASE_ADDRESS_0, 4), bar);
	/* It is the same, with its driver and BARs. */
	vfio_open(&env->dev, fn.address, env->door);
	check_eq(vfio_region(&env->dev, 0)->size, 64 << 10);
}

static void bars_are_memory_that_reads_as_it_was_written(struct env *env)
{
	static const struct {
		unsigned int bar;
		size_t size;
	} bars[] = { { 0, 64 << 10 }, { 2, 16 << 10 } };
	struct pci_function fn;
	u8 *want, *map;
	unsigned int i;

	pci_begin();
	fn = pci_function_for_vfio("a", "bar0=64K bar2=16K,64bit");
	vfio_open(&env->dev, fn.address, env->door);
	for (i = 0; i < ARRAY_SIZE(bars); i++) {
		note("BAR %u", bars[i].bar);
		check_eq(vfio_region(&env->dev, bars[i].bar)->size, bars[i].size);
		want = calloc(1, bars[i].size);
		check(want);
		map = region_map(&env->dev, bars[i].bar, 0, bars[i].size);
		check_mem(map, want, bars[i].size);
		fill_pattern(want, bars[i].size, i);
		memcpy(map, want, bars[i].size);
		memset(want, 0, bars[i].size);
		region_read(&env->dev, bars[i].bar, 0, want, bars[i].size);
		check_mem(map, want, bars[i].size);
	}
}

static void what_one_user_left_in_a_bar_is_not_the_next_functions(struct env *env)
{
	static const u8 zeroes[4096];
	struct pci_function fn;
	u8 *map;

	pci_begin();
	fn = pci_function_for_vfio("a", "bar0=64K");
	vfio_open(&env->dev, fn.address, env->door);
	map = region_map(&env->dev, 0, 0, sizeof(zeroes));
	memset(map, 0xee, sizeof(zeroes));
	munmap(map, sizeof(zeroes));
	vfio_close(&env->dev);
	memset(&env->dev, 0, sizeof(env->dev));
	pci_absent(&fn);

	pci_live(&fn);
	vfio_open(&env->dev, fn.address, env->door);
	map = region_map(&env->dev, 0, 0, sizeof(zeroes));
	check_mem(map, zeroes, sizeof(zeroes));
}

/* Only its users change, and the function is live all the time. */
static void the_next_user_finds_a_bar_as_after_a_reset(struct env *env)
{
	static const struct {
		size_t pos;
		/* MSI-X: the table of two vectors, which are masked, and pending bits. */
		u32 want[16];
	} pages[] = { { 0, {} }, { 0xf000, { [3] = 1, [7] = 1 } } };
	struct pci_function fn;
	unsigned int i;
	u8 *map;

	pci_begin();
	fn = pci_function_for_vfio("a", "bar0=64K msix=2");
	/* The first one does not see what it was before. */
	for (i = 0; i < 2 * ARRAY_SIZE(pages); i++) {
		note("user %u", i);
		vfio_open(&env->dev, fn.address, env->door);
		map = region_map(&env->dev, 0, pages[i % 2].pos, 4096);
		check_mem(map, pages[i % 2].want, sizeof(pages->want));
		munmap(map, 4096);
		map = region_map(&env->dev, 0, 0, 64 << 10);
		memset(map, 0xee, 64 << 10);
		munmap(map, 64 << 10);
		vfio_close(&env->dev);
		memset(&env->dev, 0, sizeof(env->dev));
	}
}

/* Registers that start nothing are not looked at, nor is any without Bus Master. */
static void the_next_user_finds_registers_as_after_a_reset(struct env *env)
{
	static const unsigned int regs[] = {
		IOAT_INTRCTRL, IOAT_CHANCTRL, IOAT_DMACOUNT, IOAT_CHAINADDR,
	};
	struct pci_function fn;
	unsigned int user, i;

	pci_begin();
	fn = pci_function_for_vfio("a", "model=ioat");
	for (user = 0; user < 2; user++) {
		vfio_open(&env->dev, fn.address, env->door);
		config_put(&env->dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
		for (i = 0; i < ARRAY_SIZE(regs); i++) {
			note("user %u, register %#x", user, regs[i]);
			check_eq(ioat_get(&env->dev, regs[i]), 0);
			ioat_put(&env->dev, regs[i], 1);
		}
		vfio_close(&env->dev);
		memset(&env->dev, 0, sizeof(env->dev));
	}
}

/* PCI Express Base 3.0, 6.6.2, without a driver that restores the rest. */
static void a_reset_leaves_the_link_as_it_is(struct env *env)
{
	const u16 link = PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES;
	struct pci_function fn;
	unsigned int pcie;

	pci_begin();
	fn = pci_function("a", "bar0=64K");
	pci_live(&fn);
	pcie = pci_find_cap(&fn, PCI_CAP_ID_EXP);
	pci_config_put(&fn, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	pci_config_put(&fn, pcie + PCI_EXP_LNKCTL, 2, link);
	pci_config_put(&fn, pcie + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
	pci_wait(&fn);
	check_eq(pci_config_get(&fn, PCI_COMMAND, 2), 0);
	check_eq(pci_config_get(&fn, pcie + PCI_EXP_LNKCTL, 2), link);
}

static void each_vector_reaches_its_own_eventfd(struct env *env)
{
	static const struct {
		const char *attributes;
		unsigned int index, nr;
	} kinds[] = {
		{ PLAIN, MSI, 4 }, { PLAIN, MSIX, 8 },
		{ "bar0=64K msi=8 msix=2", MSI, 8 }, { "bar0=64K msi=8 msix=2", MSIX, 2 },
	};
	s32 events[8];
	struct pci_function fn;
	unsigned int k, i, j;

	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		note("%s", kinds[k].attributes);
		pci_begin();
		fn = pci_function_for_vfio("a", kinds[k].attributes);
		vfio_open(&env->dev, fn.address, env->door);
		check_eq(vfio_irq_info(&env->dev, kinds[k].index).count, kinds[k].nr);
		irq_enable(&env->dev, kinds[k].index, kinds[k].nr, events);
		for (i = 0; i < kinds[k].nr; i++) {
			note("index %u, vector %u", kinds[k].index, i);
			pci_set(&fn, "errors/interrupt", text("%u", i).s);
			check_eq(event_wait(events[i]), 1);
			for (j = 0; j < kinds[k].nr; j++)
				check_eq(event_take(events[j]), 0);
		}
		irq_disable(&env->dev, kinds[k].index);
		vfio_close(&env->dev);
	}
}

static void a_message_waits_for_bus_master(struct env *env)
{
	struct pci_function fn;
	s32 event;

	pci_begin();
	fn = pci_function_for_vfio("a", "bar0=64K msix=1");
	vfio_open(&env->dev, fn.address, env->door);
	irq_enable(&env->dev, MSIX, 1, &event);
	config_put(&env->dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	pci_set(&fn, "errors/interrupt", "0");
	check_eq(event_take(event), 0);
	config_put(&env->dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	check_eq(event_wait(event), 1);
}

static void messages_arrive_after_a_reset_as_before(struct env *env)
{
	struct pci_function fn;
	s32 event;

	pci_begin();
	fn = pci_function_for_vfio("a", "bar0=64K msix=1");
	vfio_open(&env->dev, fn.address, env->door);
	vfio_reset(&env->dev);
	irq_enable(&env->dev, MSIX, 1, &event);
	pci_set(&fn, "errors/interrupt", "0");
	check_eq(event_wait(event), 1);
}

/*
 * The table of MSI-X is in a BAR, which a user can map and write to: vectors of other
 * functions must be out of its reach.
 */
static void a_table_of_msix_that_names_foreign_vectors_raises_none_of_them(struct env *env)
{
	struct pci_function a, b;
	struct vfio other;
	s32 event, own;
	u32 *table;
	u32 data;

	pci_begin();
	a = pci_function_for_vfio("a", "bar0=64K msix=1");
	b = pci_function_for_vfio("b", "bar0=64K msix=1");
	vfio_open(&env->dev, a.address, env->door);
	vfio_open(&other, b.address, env->door);
	irq_enable(&env->dev, MSIX, 1, &own);
	irq_enable(&other, MSIX, 1, &event);
	table = region_map(&env->dev, 0, 0xf000, 4096);
	for (data = 0; data < 64; data++) {
		table[2] = data;
		pci_set(&a, "errors/interrupt", "0");
	}
	table[2] = ~0U;
	pci_set(&a, "errors/interrupt", "0");
	check_eq(event_take(event), 0);
	/* It still has its own. */
	check(event_take(own) >= 1);
	pci_set(&b, "errors/interrupt", "0");
	check_eq(event_wait(event), 1);
	vfio_close(&other);
}

static void remove_function(void *arg)
{
	pci_absent(arg);
}

static void removal_asks_the_user_to_go_and_waits(struct env *env)
{
	struct pci_function fn;
	struct worker worker;
	s32 event;

	pci_begin();
	fn = pci_function_for_vfio("a", "bar0=64K");
	vfio_open(&env->dev, fn.address, env->door);
	event = event_new();
	check_eq(__irq_assign(&env->dev, REQ, 0, 1, &event), 0);
	worker_start(&worker, remove_function, &fn);
	check(event_wait(event) >= 1);
	check(!atomic_load(&worker.done));
	vfio_close(&env->dev);
	worker_join(&worker);
	check(!pci_exists(&fn));
}

/* The process id of the thread that looks at registers. */
static unsigned int poll_thread(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	unsigned int pid = 0;
	char name[32];

	check(proc);
	while (!pid && (entry = readdir(proc)))
		if (__sysfs_read(text("/proc/%s/comm", entry->d_name).s, name,
				 sizeof(name)) >= 0 &&
		    !strncmp(name, "softpci-poll", 12))
			pid = atoi(entry->d_name);
	closedir(proc);
	check(pid);
	return pid;
}

static unsigned long times_asleep(unsigned int pid)
{
	char status[4096];
	char *at;

	check(__sysfs_read(text("/proc/%u/status", pid).s, status, sizeof(status)) >= 0);
	at = strstr(status, "\nvoluntary_ctxt_switches:");
	check(at);
	return strtoul(strchr(at, ':') + 1, NULL, 10);
}

static bool sleeps_on(void *arg)
{
	/* Between two looks it sleeps for a millisecond at most. */
	const struct timespec pause = { .tv_nsec = 20 * 1000000 };
	unsigned long before = times_asleep(*(unsigned int *)arg);

	nanosleep(&pause, NULL);
	return times_asleep(*(unsigned int *)arg) == before;
}

static bool wakes_up(void *arg)
{
	return !sleeps_on(arg);
}

/* With its registers in memory, the engine has to be looked at while it is in use. */
static void nothing_looks_at_functions_that_are_not_in_use(struct env *env)
{
	struct pci_function fn[4];
	unsigned int i, pid;

	pci_begin();
	for (i = 0; i < ARRAY_SIZE(fn); i++)
		fn[i] = pci_function_for_vfio(text("f%u", i).s, "model=ioat");
	pid = poll_thread();
	check(retry(sleeps_on, &pid));
	/* Opened, but without Bus Master. */
	vfio_open(&env->dev, fn[0].address, env->door);
	check(retry(sleeps_on, &pid));
	config_put(&env->dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	check(retry(wakes_up, &pid));
	vfio_close(&env->dev);
	check(retry(sleeps_on, &pid));
}

/* Its model differs from that of other functions by the capability of SR-IOV. */
static void an_engine_with_virtual_functions_interrupts_again(struct env *env)
{
	struct pci_function fn;
	struct chain chain;
	unsigned int i;

	pci_begin();
	fn = pci_function_for_vfio("a", "model=ioat total_vfs=1");
	vfio_open(&env->dev, fn.address, env->door);
	chain_init(&env->dev, &chain);
	chain_begin(&env->dev, &chain);
	for (i = 0; i < 3; i++) {
		note("descriptor %u", i);
		chain_add(&env->dev, &chain, DESC_NULL | DESC_INT, 1, 0, 0);
		check_eq(event_wait(chain.event), 1);
	}
}

static void vfs_appear_with_sriov_numvfs_and_go_with_it(struct env *env)
{
	struct pci_function fn;
	unsigned int i;

	pci_begin();
	fn = pci_function("a", "bar0=64K msix=2 total_vfs=4");
	pci_live(&fn);
	check_eq(sysfs_number(&fn, "sriov_totalvfs"), 4);
	check_eq(__sysfs_write("/sys/module/vfio_pci/parameters/enable_sriov", "1"), 0);
	check_eq(__sysfs_write(pci_path(&fn, "driver_override").s, "vfio-pci"), 0);
	check_eq(__sysfs_write("/sys/bus/pci/drivers/vfio-pci/bind", fn.address), 0);
	check_eq(__sysfs_write(pci_path(&fn, "sriov_numvfs").s, "4"), 0);
	for (i = 0; i < 4; i++) {
		note("virtual function %u", i);
		check_eq(access(pci_path(&fn, text("virtfn%u/iommu_group", i).s).s, F_OK), 0);
		check_eq(access(pci_path(&fn, text("virtfn%u/resource0", i).s).s, F_OK), 0);
	}
	check_eq(__sysfs_write(pci_path(&fn, "sriov_numvfs").s, "0"), 0);
	check(access(pci_path(&fn, "virtfn0").s, F_OK));
	check_eq(__sysfs_write(pci_path(&fn, "sriov_numvfs").s, "2"), 0);
	pci_absent(&fn);
	check(!pci_exists(&fn));
}

const struct test_case cases[] = {
	CASE(a_live_function_is_a_pci_device_with_the_ids_it_was_given, NO_DOOR),
	CASE(attributes_take_what_they_show, NO_DOOR),
	CASE(values_that_make_no_sense_are_refused_and_change_nothing, NO_DOOR),
	CASE(a_description_that_contradicts_itself_cannot_be_live, NO_DOOR),
	CASE(a_bar_that_is_larger_than_all_memory_is_refused, NO_DOOR),
	CASE(a_live_function_cannot_be_changed_or_its_folder_removed, NO_DOOR),
	CASE(functions_of_the_same_group_number_share_a_group, NO_DOOR),
	CASE(vfs_appear_with_sriov_numvfs_and_go_with_it, NO_DOOR),
	CASE(the_pci_core_removes_and_finds_a_function_again, NO_DEVICE),
	CASE(bars_are_memory_that_reads_as_it_was_written, NO_DEVICE),
	CASE(a_reset_leaves_the_link_as_it_is, NO_DOOR),
	CASE(what_one_user_left_in_a_bar_is_not_the_next_functions, NO_DEVICE),
	CASE(the_next_user_finds_a_bar_as_after_a_reset, NO_DEVICE),
	CASE(the_next_user_finds_registers_as_after_a_reset, NO_DEVICE),
	CASE(each_vector_reaches_its_own_eventfd, NO_DEVICE),
	CASE(a_message_waits_for_bus_master, NO_DEVICE),
	CASE(messages_arrive_after_a_reset_as_before, NO_DEVICE),
	CASE(a_table_of_msix_that_names_foreign_vectors_raises_none_of_them, NO_DEVICE),
	CASE(nothing_looks_at_functions_that_are_not_in_use, NO_DEVICE),
	CASE(removal_asks_the_user_to_go_and_waits, NO_DEVICE),
	CASE(an_engine_with_virtual_functions_interrupts_again, NO_DEVICE),
	{}
};
