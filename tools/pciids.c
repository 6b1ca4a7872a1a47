// SPDX-License-Identifier: GPL-2.0-only
/* Names of PCI ids, by libpci; it reads its list at the first question. */
#include <unistd.h>

/* The types of both are the same by size. */
#define PCI_HAVE_Uxx_TYPES
#include "lsvfio.h"

#include <pci/pci.h>

static const char *ids_file;
static struct pci_access *access_data;

void use_ids(const char *file)
{
	if (access(file, R_OK))
		die(EXIT_USAGE, "cannot read %s: %s", file, strerror(errno));
	ids_file = file;
}

static void be_quiet(char *msg, ...)
{
}

static _Noreturn void give_up(char *msg, ...)
{
	die(EXIT_DEVICE, "libpci: %s", msg);
}

/*
 * Only names are asked for: pci_init(), which sets up these functions as well, is not
 * called, as it ends the program where there is no PCI.
 */
static struct pci_access *ids(void)
{
	if (!access_data) {
		access_data = pci_alloc();
		access_data->error = give_up;
		access_data->warning = be_quiet;
		access_data->debug = be_quiet;
		if (ids_file)
			pci_set_name_list_path(access_data, (char *)ids_file, 0);
	}
	return access_data;
}

/* NULL, or a name, which a list of names may have in any encoding. */
static const char *named(char *name)
{
	return name ? clean(name, "") : NULL;
}

static int lookup_flags(int what)
{
	return what | PCI_LOOKUP_NO_NUMBERS | (ids_file ? PCI_LOOKUP_NO_HWDB : 0);
}

const char *vendor_name(u16 vendor)
{
	static char name[128];

	return named(pci_lookup_name(ids(), name, sizeof(name), lookup_flags(PCI_LOOKUP_VENDOR),
				     vendor));
}

const char *device_name(u16 vendor, u16 device)
{
	static char name[128];

	return named(pci_lookup_name(ids(), name, sizeof(name), lookup_flags(PCI_LOOKUP_DEVICE),
				     vendor, device));
}

const char *class_name(u32 class)
{
	static char name[128];

	return named(pci_lookup_name(ids(), name, sizeof(name), lookup_flags(PCI_LOOKUP_CLASS),
				     class >> 8));
}

const char *subsystem_vendor_name(const struct ids *of)
{
	static char name[128];

	return named(pci_lookup_name(ids(), name, sizeof(name),
				     lookup_flags(PCI_LOOKUP_SUBSYSTEM | PCI_LOOKUP_VENDOR),
				     of->subsystem_vendor));
}

const char *subsystem_name(const struct ids *of)
{
	static char name[128];

	return named(pci_lookup_name(ids(), name, sizeof(name),
				     lookup_flags(PCI_LOOKUP_SUBSYSTEM | PCI_LOOKUP_DEVICE),
				     of->vendor, of->device, of->subsystem_vendor,
				     of->subsystem_device));
}
