// SPDX-License-Identifier: GPL-2.0-only
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "dma.h"

static int map_by_container(const struct vfio *v, u64 iova, const void *addr, u64 len,
			    unsigned int rights)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = (rights & DMA_READ ? VFIO_DMA_MAP_FLAG_READ : 0) |
			 (rights & DMA_WRITE ? VFIO_DMA_MAP_FLAG_WRITE : 0),
		.vaddr = (uintptr_t)addr,
		.iova = iova,
		.size = len,
	};

	return sys(ioctl(v->iommu, VFIO_IOMMU_MAP_DMA, &map));
}

static int map_by_ioas(const struct vfio *v, u64 iova, const void *addr, u64 len,
		       unsigned int rights)
{
	struct ioas_map map = {
		.size = sizeof(map),
		.flags = IOAS_MAP_FIXED_IOVA |
			 (rights & DMA_READ ? IOAS_MAP_READABLE : 0) |
			 (rights & DMA_WRITE ? IOAS_MAP_WRITEABLE : 0),
		.ioas_id = v->ioas,
		.user_va = (uintptr_t)addr,
		.length = len,
		.iova = iova,
	};

	return sys(ioctl(v->iommu, IOCTL_IOAS_MAP, &map));
}

int __dma_map(const struct vfio *v, u64 iova, const void *addr, u64 len, unsigned int rights)
{
	if (v->group >= 0)
		return map_by_container(v, iova, addr, len, rights);
	return map_by_ioas(v, iova, addr, len, rights);
}

void dma_map(const struct vfio *v, u64 iova, const void *addr, u64 len, unsigned int rights)
{
	check_eq(__dma_map(v, iova, addr, len, rights), 0);
}

int __dma_unmap(const struct vfio *v, u64 iova, u64 len)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = len,
	};
	struct ioas_unmap ioas_unmap = {
		.size = sizeof(ioas_unmap), .ioas_id = v->ioas, .iova = iova, .length = len,
	};

	if (v->group >= 0)
		return sys(ioctl(v->iommu, VFIO_IOMMU_UNMAP_DMA, &unmap));
	return sys(ioctl(v->iommu, IOCTL_IOAS_UNMAP, &ioas_unmap));
}

void dma_unmap(const struct vfio *v, u64 iova, u64 len)
{
	check_eq(__dma_unmap(v, iova, len), 0);
}

u8 *dma_memory(size_t len)
{
	u8 *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	check(memory != MAP_FAILED);
	return memory;
}
