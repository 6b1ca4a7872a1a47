// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pci_regs.h>

#include "restored.h"

static void keep(u8 *to, const u8 *from, unsigned int pos, unsigned int len)
{
	memcpy(to + pos, from + pos, len);
}

void keep_what_is_restored(struct env *env, u8 *to, const u8 *from)
{
	unsigned int msi = config_find_cap(&env->dev, PCI_CAP_ID_MSI);
	unsigned int msix = config_find_cap(&env->dev, PCI_CAP_ID_MSIX);
	unsigned int pcie = config_find_cap(&env->dev, PCI_CAP_ID_EXP);

	keep(to, from, PCI_COMMAND, 2);
	keep(to, from, PCI_BASE_ADDRESS_0, 24);
	keep(to, from, PCI_INTERRUPT_LINE, 1);
	if (msi) {
		keep(to, from, msi + PCI_MSI_FLAGS, 2);
		keep(to, from, msi + PCI_MSI_ADDRESS_LO, 8);
		keep(to, from, msi + PCI_MSI_DATA_64, 2);
	}
	if (msix)
		keep(to, from, msix + PCI_MSIX_FLAGS, 2);
	if (pcie) {
		keep(to, from, pcie + PCI_EXP_DEVCTL, 2);
		keep(to, from, pcie + PCI_EXP_LNKCTL, 2);
		keep(to, from, pcie + PCI_EXP_DEVCTL2, 2);
	}
}
