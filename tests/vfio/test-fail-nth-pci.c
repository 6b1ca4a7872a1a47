// SPDX-License-Identifier: GPL-2.0-only
/*
 * As test-fail-nth: each allocation made to fail in turn, while functions of the PCI
 * bus in software are made, plugged in, bound to vfio-pci, used and removed.
 *
 * The PCI core and the IOMMU core do not pass errors on when they add a device, and
 * warn of some (pci_device_add()). So of what happens then, only those allocations fail
 * that softpci-host makes, or that are made for it: each row of a table is a function of
 * its that makes some.
 */
#include <dirent.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/fault.h"
#include "../lib/ioat.h"
#include "../lib/irq.h"
#include "../lib/pci.h"

#define PAGE		4096UL
#define SIZE		(16 * PAGE)
#define SOURCE		0x10000000UL
#define TARGET		0x20000000UL
/* Nothing is mapped near, so that the page table lacks all levels but the first. */
#define FAR		0x123456000000UL
#define NR_VFS		2
#define VECTORS		4

static const char *const functions[] = {
	"bar0=64K msix=4",
	"model=ioat driver_override=none",
	"bar0=64K,64bit bar2=4K msi=8 total_vfs=2 driver_override=none",
};

/* Where softpci-host allocates when a function is plugged in, and when it is found. */
static const char *const allocators[] = {
	"softpci_host:softpci_function_create",
	"softpci_host:softpci_poll_add",
	"softpci_host:softpci_sriov_add",
	"softpci_host:bus_notify",
	"softpci_host:device_group",
	"softpci_host:alloc_domain",
};

#define WHEN_FOUND	3

/* Longer than what configfs has room for in an item. */
#define LONG_NAME	PCI_FUNCTIONS "/a-function-of-many-characters"

/* How much there is of what functions take from the rest of the kernel. */
struct outside {
	unsigned int devices, groups, users, cdevs;
};

static unsigned int nr_entries(const char *path)
{
	return access(path, F_OK) ? 0 : sysfs_entries(path);
}

static struct outside outside(void)
{
	return (struct outside){
		nr_entries(PCI_DEVICES), nr_entries("/sys/kernel/iommu_groups"),
		nr_entries("/sys/class/vfio"), nr_entries("/sys/class/vfio-dev"),
	};
}

static void expect_outside(const struct outside *want)
{
	struct outside got = outside();

	check_eq(got.devices, want->devices);
	check_eq(got.groups, want->groups);
	check_eq(got.users, want->users);
	check_eq(got.cdevs, want->cdevs);
}

/* With the bus, and with memory for BARs: the first function has it taken. */
static void begin(void)
{
	struct pci_function fn;

	pci_begin();
	fn = pci_function("first", "bar0=4K driver_override=none");
	pci_live(&fn);
	pci_absent(&fn);
	check_eq(sys(rmdir(PCI_FUNCTIONS "/first")), 0);
}

static void a_folder_is_made_or_nothing(struct env *env)
{
	struct fault f = FAULTS("mkdir");

	begin();
	while (fault_next(&f)) {
		if (!faulted(&f, sys(mkdir(LONG_NAME, 0755))))
			check_eq(sys(rmdir(LONG_NAME)), 0);
		check_eq(sysfs_entries(PCI_FUNCTIONS), 0);
	}
}

static void an_attribute_is_set_or_stays(struct env *env)
{
	static const char *const values[][3] = {
		{ "driver_override", "vfio-pci", "ioatdma" },
		{ "bar0", "64K", "128K,64bit" },
		{ "model", "ioat", "plain" },
	};
	struct pci_function fn;
	unsigned int i;
	int ret;

	begin();
	fn = pci_function("fn", "");
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		struct fault f = FAULTS(values[i][0]);

		while (fault_next(&f)) {
			pci_set(&fn, values[i][0], values[i][1]);
			ret = faulted(&f, __pci_set(&fn, values[i][0], values[i][2]));
			check_str(pci_get(&fn, values[i][0]).s, values[i][ret ? 1 : 2]);
		}
	}
}

static void expect_absent(const struct pci_function *fn, const struct outside *before)
{
	check_str(pci_get(fn, "address").s, "none");
	check_str(pci_get(fn, "live").s, "0");
	expect_outside(before);
}

static void plug_in(struct pci_function *fn, const char *allocator)
{
	struct outside before = outside();
	/* That is what it says where the IOMMU core keeps the error to itself. */
	struct fault f = { .what = allocator, .also = -ENODEV };

	fault_only_in(allocator);
	while (fault_next(&f)) {
		if (!faulted(&f, __pci_set(fn, "live", "1"))) {
			check_str(pci_get(fn, "live").s, "1");
			check_eq(outside().devices, before.devices + 1);
			check_eq(outside().groups, before.groups + 1);
			pci_absent(fn);
		}
		expect_absent(fn, &before);
	}
	fault_anywhere();
}

static void a_function_is_plugged_in_or_absent(struct env *env)
{
	struct pci_function fn;
	unsigned int i, a;

	begin();
	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		fn = pci_function(text("fn%u", i).s, functions[i]);
		for (a = 0; a < ARRAY_SIZE(allocators); a++)
			plug_in(&fn, allocators[a]);
	}
}

static void a_function_is_plugged_out_whatever_fails(struct env *env)
{
	struct outside before;
	struct pci_function fn;
	unsigned int i;

	begin();
	before = outside();
	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		struct fault f = FAULTS("live = 0");

		fn = pci_function(text("fn%u", i).s, functions[i]);
		while (fault_next(&f)) {
			if (!fn.address[0])
				pci_live(&fn);
			/* Only the copy of the text can fail. */
			if (faulted(&f, __pci_absent(&fn)))
				check_str(pci_get(&fn, "live").s, "1");
			else
				expect_absent(&fn, &before);
		}
		f = FAULTS("rmdir");
		while (fault_next(&f)) {
			if (!faulted(&f, sys(rmdir(text(PCI_FUNCTIONS "/%s", fn.name).s))))
				fn = pci_function(text("fn%u", i).s, functions[i]);
		}
	}
}

#define DRIVER	"/sys/bus/pci/drivers/vfio-pci"

static bool is_bound(const struct pci_function *fn)
{
	return access(text(DRIVER "/%s", fn->address).s, F_OK) == 0;
}

static void vfio_pci_binds_and_unbinds_or_not(struct env *env)
{
	struct outside unbound, bound;
	struct pci_function fn;
	/* Hundreds, none of them of softpci-host, and a reset in each round. */
	struct fault f = { .what = "bind", .also = -ENODEV, .every = 8 };

	begin();
	fn = pci_function_for_vfio("fn", functions[0]);
	check(is_bound(&fn));
	bound = outside();
	check_eq(__sysfs_write(DRIVER "/unbind", fn.address), 0);
	unbound = outside();
	/* Its error path warns, and loses the IOMMU group (7.3): not for us to prove. */
	fault_spare("vfio_create_group");
	while (fault_next(&f)) {
		if (faulted(&f, __sysfs_write(DRIVER "/bind", fn.address))) {
			check(!is_bound(&fn));
		} else {
			check(is_bound(&fn));
			check_eq(__sysfs_write(DRIVER "/unbind", fn.address), 0);
		}
		expect_outside(&unbound);
	}
	fault_anywhere();
	f = FAULTS("unbind");
	while (fault_next(&f)) {
		if (!is_bound(&fn))
			check_eq(__sysfs_write(DRIVER "/bind", fn.address), 0);
		if (faulted(&f, __sysfs_write(DRIVER "/unbind", fn.address)))
			expect_outside(&bound);
		else
			expect_outside(&unbound);
		fault_remove_nodes("/dev/vfio", "/sys/class/vfio");
		fault_remove_nodes("/dev/vfio/devices", "/sys/class/vfio-dev");
	}
}

/* A function with the engine, opened, and memory mapped for it. */
struct engine {
	struct pci_function fn;
	struct vfio *v;
	struct windows w;
};

static void engine_begin(struct engine *e)
{
	windows_init(e->v, &e->w, SOURCE, TARGET, SIZE);
	chain_begin(e->v, &e->w.chain);
}

static bool copies(struct engine *e, u64 to, u64 from, u32 len)
{
	return chain_try(e->v, &e->w.chain, DESC_COPY, len, from, to);
}

static void expect_works(struct engine *e)
{
	e->w.target[0] = ~e->w.source[0];
	check(copies(e, TARGET, SOURCE, SIZE));
	check_mem(e->w.target, e->w.source, SIZE);
}

static void a_function_opens_or_not(struct env *env)
{
	struct engine e = { .v = &env->dev };
	struct fault f = FAULTS("open");

	begin();
	e.fn = pci_function_for_vfio("fn", "model=ioat");
	/* All else is a reset of 100 ms, and VFIO's: test-fail-nth has that. */
	fault_only_in("softpci_host:alloc_domain");
	while (fault_next(&f)) {
		if (!faulted(&f, __vfio_open(&env->dev, e.fn.address, env->door)))
			vfio_close(&env->dev);
	}
	vfio_open(&env->dev, e.fn.address, env->door);
	engine_begin(&e);
	expect_works(&e);
}

static void engine_init(struct env *env, struct engine *e)
{
	begin();
	e->v = &env->dev;
	e->fn = pci_function_for_vfio("engine", "model=ioat");
	vfio_open(e->v, e->fn.address, env->door);
	engine_begin(e);
}

static void memory_is_mapped_or_not(struct env *env)
{
	struct fault f = FAULTS("map");
	struct engine e;
	u8 *memory;

	engine_init(env, &e);
	memory = dma_memory(SIZE);
	/* iommufd maps, and then fails to say where. */
	fault_only_in("softpci_host:map_pages");
	while (fault_next(&f)) {
		memory[0] = ~e.w.source[0];
		if (faulted(&f, __dma_map(e.v, FAR, memory, SIZE, DMA_RW))) {
			check(!copies(&e, FAR, SOURCE, SIZE));
			check(memory[0] != e.w.source[0]);
			/* Nothing of it is left. */
			dma_map(e.v, FAR, memory, SIZE, DMA_RW);
		}
		check(copies(&e, FAR, SOURCE, SIZE));
		check_mem(memory, e.w.source, SIZE);
		dma_unmap(e.v, FAR, SIZE);
	}
	expect_works(&e);
}

/* SET_IRQS without the malloc() of lib/irq, which is not what is to fail. */
struct irq_call {
	struct vfio_irq_set set;
	s32 data[VECTORS];
};

static int take_vectors(const struct vfio *v, const s32 *events)
{
	struct irq_call call = {
		.set = { sizeof(call), TRIGGER | EVENTFD, MSIX, 0, VECTORS },
	};

	memcpy(call.data, events, sizeof(call.data));
	return sys(ioctl(v->fd, VFIO_DEVICE_SET_IRQS, &call));
}

static void vectors_are_taken_all_or_none(struct env *env)
{
	/* That is what the interrupt core says of some. */
	struct fault f = { .what = "SET_IRQS", .also = -ENOSPC };
	struct pci_function fn;
	s32 events[VECTORS];
	unsigned int i;

	begin();
	fn = pci_function_for_vfio("fn", functions[0]);
	vfio_open(&env->dev, fn.address, env->door);
	config_put(&env->dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	for (i = 0; i < VECTORS; i++)
		events[i] = event_new();
	/* Elsewhere the interrupt core warns when it frees what it never made. */
	fault_only_in("softpci_host:msi_alloc");
	while (fault_next(&f)) {
		if (faulted(&f, take_vectors(&env->dev, events))) {
			check_eq(__irq_do(&env->dev, MSIX, TRIGGER, 0), -EINVAL);
			check_eq(take_vectors(&env->dev, events), 0);
		}
		for (i = 0; i < VECTORS; i++) {
			pci_set(&fn, "errors/interrupt", text("%u", i).s);
			check_eq(event_wait(events[i]), 1);
		}
		irq_disable(&env->dev, MSIX);
	}
}

/* The PCI core tells nothing of those that it cannot add, or that have no driver. */
static void virtual_functions_are_enabled_or_not(struct env *env)
{
	struct outside before;
	struct pci_function fn;
	struct text file;
	unsigned int a;

	begin();
	fn = pci_function("fn", functions[2]);
	pci_live(&fn);
	check_eq(__sysfs_write(pci_path(&fn, "driver_override").s, "vfio-pci"), 0);
	check_eq(__sysfs_write("/sys/module/vfio_pci/parameters/enable_sriov", "1"), 0);
	check_eq(__sysfs_write(DRIVER "/bind", fn.address), 0);
	before = outside();
	file = pci_path(&fn, "sriov_numvfs");
	for (a = WHEN_FOUND; a < ARRAY_SIZE(allocators); a++) {
		struct fault f = FAULTS(allocators[a]);

		fault_only_in(allocators[a]);
		while (fault_next(&f)) {
			if (!faulted(&f, __sysfs_write(file.s, "2"))) {
				check_eq(outside().devices, before.devices + NR_VFS);
				check_eq(__sysfs_write(file.s, "0"), 0);
			}
			expect_outside(&before);
		}
		fault_anywhere();
	}
	check_eq(__sysfs_write(file.s, "2"), 0);
	check_eq(outside().groups, before.groups + NR_VFS);
	pci_absent(&fn);
}

const struct test_case cases[] = {
	CASE(a_folder_is_made_or_nothing, NO_DOOR),
	CASE(an_attribute_is_set_or_stays, NO_DOOR),
	CASE(a_function_is_plugged_in_or_absent, NO_DOOR),
	CASE(a_function_is_plugged_out_whatever_fails, NO_DOOR),
	CASE(vfio_pci_binds_and_unbinds_or_not, NO_DOOR),
	CASE(virtual_functions_are_enabled_or_not, NO_DOOR),
	CASE(a_function_opens_or_not, NO_DEVICE),
	CASE(memory_is_mapped_or_not, NO_DEVICE),
	CASE(vectors_are_taken_all_or_none, NO_DEVICE),
	{}
};
