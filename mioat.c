// SPDX-License-Identifier: GPL-2.0-only
/*
 * mioat: a DMA engine on PCI Express, one channel of I/O AT 3.x, as parts/ioat.c
 * models it.
 *
 *	BAR0		16 KiB: registers; MSI-X at 2000h and 3000h
 *	MSI-X		one vector
 *
 * Each access to a register is seen, so that it behaves as the hardware does: the
 * kernel's driver for it is ioatdma.
 */
#include <linux/module.h>

#include "parts/ioat.h"
#include "vfio/softpci-vfio.h"

static unsigned int count = 1024;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "devices of each parent (default 1024)");

static const struct softpci_type mioat_types[] = {
	{
		.name = "1",
		.pretty_name = "DMA engine",
		.description = "virtual I/O AT DMA engine, one channel",
		.model = &softpci_ioat_model,
		.cost = 1,
	},
};

static const struct softpci_driver mioat_driver = {
	.name		= "mioat",
	.owner		= THIS_MODULE,
	SOFTPCI_TABLE(types, mioat_types),
};

module_softpci_vfio_driver(mioat_driver, count);

MODULE_DESCRIPTION("Virtual I/O AT DMA engine for VFIO");
MODULE_LICENSE("GPL");
