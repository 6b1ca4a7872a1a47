/* SPDX-License-Identifier: GPL-2.0-only */
/* Registration of models as VFIO mediated devices. */
#ifndef SOFTPCI_VFIO_H
#define SOFTPCI_VFIO_H

#include <linux/device.h>
#include <linux/err.h>

#include "../core/softpci.h"

struct softpci_registration;

/**
 * struct softpci_parents - the parent devices that a driver wants
 * @budget: limit of the cost of all devices of one parent (softpci_type.cost)
 * @nr: how many parents, 1 to SOFTPCI_MAX_PARENTS
 * @kind: "virtual"; or "pci", functions of the PCI bus in software
 */
struct softpci_parents {
	unsigned int budget;
	unsigned int nr;
	const char *kind;
};

/* As many as there are functions on a PCI bus. */
#define SOFTPCI_MAX_PARENTS	256

struct softpci_registration *
softpci_vfio_register(const struct softpci_driver *drv,
		      const struct softpci_parents *parents);
void softpci_vfio_unregister(struct softpci_registration *reg);
struct softpci_device *softpci_from_dev(struct device *dev);
const struct softpci_type *softpci_type_of(struct device *dev);

/**
 * module_softpci_vfio_driver() - a module that is one driver and nothing besides
 * @_driver: the struct softpci_driver
 * @_budget: for softpci_parents.budget, read when the module is loaded
 *
 * The module gets the parameters "parents" and "parent".
 */
#define module_softpci_vfio_driver(_driver, _budget)			\
static unsigned int _driver##_parents = 1;				\
module_param_named(parents, _driver##_parents, uint, 0444);		\
MODULE_PARM_DESC(parents,						\
		 "how many parent devices, with a budget each (default 1)"); \
static char *_driver##_parent = "virtual";				\
module_param_named(parent, _driver##_parent, charp, 0444);		\
MODULE_PARM_DESC(parent, "kind of parent devices: virtual (default) or " \
		 "pci, functions of softpci-host");			\
									\
static struct softpci_registration *_driver##_registration;		\
									\
static int __init _driver##_init(void)					\
{									\
	const struct softpci_parents parents = {			\
		.budget = (_budget),					\
		.nr = _driver##_parents,				\
		.kind = _driver##_parent,				\
	};								\
									\
	_driver##_registration =					\
		softpci_vfio_register(&(_driver), &parents);		\
	return PTR_ERR_OR_ZERO(_driver##_registration);			\
}									\
module_init(_driver##_init);						\
									\
static void __exit _driver##_exit(void)					\
{									\
	softpci_vfio_unregister(_driver##_registration);		\
}									\
module_exit(_driver##_exit)

/**
 * module_softpci_vfio_model() - a module that offers one model, as type 1
 * @_model: the struct softpci_model
 * @_name: of the module
 * @_pretty_name: of the type, for people
 * @_description: of type and module, for people
 * @_budget: how many devices there may be
 */
#define module_softpci_vfio_model(_model, _name, _pretty_name,		\
				  _description, _budget)		\
static const struct softpci_type _model##_types[] = {			\
	{ "1", _pretty_name, _description, &(_model), .cost = 1 },	\
};									\
									\
static const struct softpci_driver _model##_driver = {			\
	.name = _name,							\
	.owner = THIS_MODULE,						\
	SOFTPCI_TABLE(types, _model##_types),				\
};									\
									\
module_softpci_vfio_driver(_model##_driver, _budget);			\
MODULE_DESCRIPTION(_description)

#endif /* SOFTPCI_VFIO_H */
