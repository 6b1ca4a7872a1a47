// SPDX-License-Identifier: GPL-2.0-only
/* Places on the PCI bus in software, and functions that are found there again. */
#include <limits.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/pci.h"

static void a_place_that_is_taken_is_refused(struct env *env)
{
	struct pci_function a, b;

	pci_begin();
	a = pci_function("a", "devfn=07.0");
	b = pci_function("b", "devfn=07.0");
	pci_live(&a);
	check(strstr(a.address, ":00:07.0"));
	check_eq(__pci_set(&b, "live", "1"), -EBUSY);
	pci_set(&b, "devfn", "07.1");
	pci_live(&b);
	check(strstr(b.address, ":00:07.1"));
}

static void sixty_four_functions_have_places_and_groups_of_their_own(struct env *env)
{
	enum { NR = 64 };
	struct pci_function fn[NR];
	char group[PATH_MAX];
	bool seen[1024] = {};
	unsigned int i, nr;
	ssize_t len;

	pci_begin();
	for (i = 0; i < NR; i++) {
		fn[i] = pci_function(text("f%u", i).s, "");
		pci_live(&fn[i]);
	}
	for (i = 0; i < NR; i++) {
		note("function %u at %s", i, fn[i].address);
		check(pci_exists(&fn[i]));
		len = readlink(pci_path(&fn[i], "iommu_group").s, group, sizeof(group) - 1);
		check(len > 0);
		group[len] = '\0';
		nr = atoi(strrchr(group, '/') + 1);
		check(nr < ARRAY_SIZE(seen) && !seen[nr]);
		seen[nr] = true;
	}
}

static void function_0_is_not_alone_with_other_functions_only(struct env *env)
{
	struct pci_function pf, other;

	pci_begin();
	pf = pci_function("pf", "devfn=03.0 total_vfs=2");
	other = pci_function("other", "devfn=03.3");
	pci_live(&pf);
	check_eq(pci_config_get(&pf, PCI_HEADER_TYPE, 1), 0);
	pci_live(&other);
	check_eq(pci_config_get(&pf, PCI_HEADER_TYPE, 1), 0x80);
	pci_absent(&other);
	check_eq(pci_config_get(&pf, PCI_HEADER_TYPE, 1), 0);
}

static void rescan(void)
{
	check_eq(__sysfs_write("/sys/bus/pci/rescan", "1"), 0);
}

static void remove_by_sysfs(const struct pci_function *fn)
{
	check_eq(__sysfs_write(pci_path(fn, "remove").s, "1"), 0);
	check(!pci_exists(fn));
}

/* Whichever of them came first. */
static void a_rescan_finds_functions_beside_function_0(struct env *env)
{
	struct pci_function zero, other;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		note("function %s was first", i ? "3" : "0");
		pci_begin();
		zero = pci_function("zero", "devfn=03.0");
		other = pci_function("other", "devfn=03.3");
		pci_live(i ? &other : &zero);
		pci_live(i ? &zero : &other);
		remove_by_sysfs(&other);
		rescan();
		check(pci_exists(&other));
		remove_by_sysfs(&zero);
		remove_by_sysfs(&other);
		rescan();
		check(pci_exists(&zero));
		check(pci_exists(&other));
	}
}

/* PCI asks each device for function 0 first. */
static void a_rescan_finds_no_device_without_function_0(struct env *env)
{
	struct pci_function zero, other;

	pci_begin();
	other = pci_function("other", "devfn=03.3");
	pci_live(&other);
	check(pci_exists(&other));
	remove_by_sysfs(&other);
	rescan();
	check(!pci_exists(&other));
	/* It has its place, and is found with it. */
	zero = pci_function("zero", "devfn=03.0");
	pci_live(&zero);
	rescan();
	check(pci_exists(&other));
	/* Or plugged in again. */
	remove_by_sysfs(&other);
	pci_absent(&zero);
	pci_set(&other, "live", "0");
	pci_live(&other);
	check(pci_exists(&other));
}

const struct test_case cases[] = {
	CASE(a_place_that_is_taken_is_refused, NO_DOOR),
	CASE(sixty_four_functions_have_places_and_groups_of_their_own, NO_DOOR),
	CASE(function_0_is_not_alone_with_other_functions_only, NO_DOOR),
	CASE(a_rescan_finds_functions_beside_function_0, NO_DOOR),
	CASE(a_rescan_finds_no_device_without_function_0, NO_DOOR),
	{}
};
