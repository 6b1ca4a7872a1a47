/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading and unloading the modules under test. */
#ifndef TESTS_MODULE_H
#define TESTS_MODULE_H

#include "check.h"
#include "mdev.h"

/* A file's name may have dashes; the kernel's own name of the module has underscores. */
struct text module_kernel_name(const char *name);

/**
 * __module_load() - load one of the modules: its file in $SOFTPCI_KO, or by modprobe
 * @name: as the file has it: "softpci", "mdpy"
 * @params: as of insmod, "count=2"
 */
int __module_load(const char *name, const char *params);
void module_load(const char *name, const char *params);

/* -EWOULDBLOCK if it is in use. */
int __module_unload(const char *name);
void module_unload(const char *name);
bool module_is_loaded(const char *name);

/* Unload a parent driver, and load it with other parameters. */
void module_reload(const char *name, const char *params);

/* Another module that a test can use if the machine has it. */
bool module_probe(const char *name);

#endif /* TESTS_MODULE_H */
