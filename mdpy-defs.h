/* SPDX-License-Identifier: GPL-2.0-only */
/* Constants of mdpy, the device, and mdpy-fb, its driver in the guest. */
#ifndef MDPY_DEFS_H
#define MDPY_DEFS_H

#define MDPY_PCI_VENDOR_ID	0x1b36
#define MDPY_PCI_DEVICE_ID	0x000f
#define MDPY_PCI_SUBVENDOR_ID	0x1af4
#define MDPY_PCI_SUBDEVICE_ID	0x1100

/* The vendor-specific capability that says the mode, and its dwords. */
#define MDPY_VENDORCAP_OFFSET	0x40
#define MDPY_VENDORCAP_SIZE	0x10
#define MDPY_FORMAT_OFFSET	(MDPY_VENDORCAP_OFFSET + 0x04)
#define MDPY_WIDTH_OFFSET	(MDPY_VENDORCAP_OFFSET + 0x08)
#define MDPY_HEIGHT_OFFSET	(MDPY_VENDORCAP_OFFSET + 0x0c)

#endif /* MDPY_DEFS_H */
