/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions on the PCI bus in software, by configfs.  As everywhere in this library,
 * __x() returns -errno and x() expects that it works.
 *
 * A case that uses them begins with pci_begin(). Functions that it leaves behind are removed
 * by pci_remove_all() of the next one, or of the end.
 */
#ifndef TESTS_PCI_H
#define TESTS_PCI_H

#include "mdev.h"
#include "vfio.h"

#define PCI_FUNCTIONS	"/sys/kernel/config/softpci"
#define PCI_DEVICES	"/sys/bus/pci/devices"

/**
 * struct pci_function - a function
 * @name: of its folder in configfs
 * @address: "1000:00:00.0", empty while it is not live
 */
struct pci_function {
	char name[256];
	char address[256];
};

/*
 * Have the module loaded, and vfio-pci; skips the case where that cannot be. Removes the
 * functions that an earlier case has left.
 */
void pci_begin(void);
/* Without the rest, and why it cannot be; NULL: it can. */
const char *pci_missing(void);
void pci_remove_all(void);

/* A folder, with attributes as "bar0=64K msix=4". */
struct pci_function pci_function(const char *name, const char *attributes);
int __pci_set(const struct pci_function *fn, const char *attribute, const char *val);
void pci_set(const struct pci_function *fn, const char *attribute, const char *val);
struct text pci_get(const struct pci_function *fn, const char *attribute);
/* Plug it in, or out. Skips the case where there is no memory for its BARs. */
void pci_live(struct pci_function *fn);
int __pci_absent(struct pci_function *fn);
void pci_absent(struct pci_function *fn);
/* A function of these attributes that vfio-pci is bound to. */
struct pci_function pci_function_for_vfio(const char *name, const char *attributes);
/* A file of its device in sysfs. */
struct text pci_path(const struct pci_function *fn, const char *file);
bool pci_exists(const struct pci_function *fn);

/*
 * Config space as the host sees it, without a driver in between; 1, 2 or 4 bytes. All
 * ones where nothing answers.
 */
u32 pci_config_get(const struct pci_function *fn, unsigned int pos, unsigned int width);
void pci_config_put(const struct pci_function *fn, unsigned int pos, unsigned int width,
		    u32 val);
/* Where a capability begins, or an extended one. */
unsigned int pci_find_cap(const struct pci_function *fn, unsigned int id);
unsigned int pci_find_ext_cap(const struct pci_function *fn, unsigned int id);
/* Until it answers, as after a reset. */
void pci_wait(const struct pci_function *fn);

/* A physical function and its virtual ones are opened with one token. */
#define PCI_TOKEN	VF_TOKEN "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"

/* Have vfio-pci take part in SR-IOV; @fn: a function of it that is open. */
void pci_enable_vfs(const struct pci_function *fn, unsigned int nr);
/* A virtual function that is enabled; it has no folder. */
struct pci_function pci_vf(const struct pci_function *pf, unsigned int n);

#endif /* TESTS_PCI_H */
