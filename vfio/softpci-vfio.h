/* SPDX-License-Identifier: GPL-2.0-only */
/* Registration of models as VFIO mediated devices. */
#ifndef SOFTPCI_VFIO_H
#define SOFTPCI_VFIO_H

#include <linux/device.h>
#include <linux/err.h>

#include "../core/softpci.h"

struct softpci_parent;

struct softpci_parent *softpci_vfio_register(const struct softpci_driver *drv,
					     unsigned int budget);
void softpci_vfio_unregister(struct softpci_parent *parent);
struct softpci_device *softpci_from_dev(struct device *dev);
const struct softpci_type *softpci_type_of(struct device *dev);

/**
 * module_softpci_vfio_driver() - a module that is one driver and nothing besides
 * @_driver: the struct softpci_driver
 * @_budget: for softpci_vfio_register(), read when the module is loaded
 */
#define module_softpci_vfio_driver(_driver, _budget)			\
static struct softpci_parent *_driver##_parent;				\
									\
static int __init _driver##_init(void)					\
{									\
	_driver##_parent = softpci_vfio_register(&(_driver), _budget);	\
	return PTR_ERR_OR_ZERO(_driver##_parent);			\
}									\
module_init(_driver##_init);						\
									\
static void __exit _driver##_exit(void)					\
{									\
	softpci_vfio_unregister(_driver##_parent);			\
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
