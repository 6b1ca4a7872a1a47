// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked to the programs for a kernel without IOMMUFD.  Tests that are about no kind
 * of IOMMU in particular take the default one of their library, which is IOMMUFD.
 */
#include <libvfio/iommu.h>

static __attribute__((constructor)) void set_default(void)
{
	default_iommu_mode = MODE_VFIO_TYPE1V2_IOMMU;
}
