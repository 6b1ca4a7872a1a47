// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that devices reach by DMA, mapped and unmapped by type 1 containers and by
 * iommufd, with engines that are at it.
 */
#include <endian.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "../lib/dma.h"
#include "../lib/ioat.h"
#include "draw.h"

#define PAGE		4096UL
#define MAX_DESCS	16
/* A thread does not wait longer until an engine has begun. */
#define BEGIN_NS	(50 * 1000000L)
/* How long it is looked for DMA that comes too late. */
#define LATE_NS		500000L
/* In each part of so many bytes one byte tells whether it was written to. */
#define PART		512
#define EMPTY		0x5a

u8 *arena;

/* Nothing follows it: what is mapped beyond it must not be the program's other memory. */
void arena_make(void)
{
	arena = mmap(NULL, 2 * ARENA, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(arena != MAP_FAILED);
	check(mmap(arena, ARENA, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
		   -1, 0) == arena);
}

/* Part of the arena, or memory that is of no use for DMA: a device's, or none at all. */
long op_dma_map(struct thread *t, const u64 *arg)
{
	struct vfio v = device_space(t, arg[0]);
	const u8 *memory = arg[5] ? user_buffer(t, arg[5], arg[2]) : arena + arg[3] % ARENA;

	return call(t, __dma_map(&v, arg[1], memory, arg[2], arg[4]));
}

static long unmap_all(struct thread *t, const struct vfio *v)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .flags = VFIO_DMA_UNMAP_FLAG_ALL,
	};

	if (v->group < 0)
		return call(t, __dma_unmap(v, 0, -1));
	return call(t, ioctl(v->iommu, VFIO_IOMMU_UNMAP_DMA, &unmap));
}

static long unmap_dirty(struct thread *t, const struct vfio *v, const u64 *arg)
{
	struct {
		struct vfio_iommu_type1_dma_unmap unmap;
		struct vfio_bitmap bitmap;
	} data = {
		{
			.argsz = sizeof(data), .flags = VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP,
			.iova = arg[1], .size = arg[2],
		},
		{ PAGE, 8 << arg[3] % 8, (void *)user_buffer(t, arg[4], 8 << arg[3] % 8) },
	};

	return call(t, ioctl(v->iommu, VFIO_IOMMU_UNMAP_DMA, &data));
}

long op_dma_unmap(struct thread *t, const u64 *arg)
{
	struct vfio v = device_space(t, arg[0]);

	if (arg[3] % 8 == 0)
		return unmap_all(t, &v);
	if (arg[3] % 8 < 3 && v.group >= 0)
		return unmap_dirty(t, &v, arg);
	return call(t, __dma_unmap(&v, arg[1], arg[2]));
}

static long container_dirty(struct thread *t, const struct vfio *v, const u64 *arg)
{
	struct {
		struct vfio_iommu_type1_dirty_bitmap dirty;
		struct vfio_iommu_type1_dirty_bitmap_get get;
	} data = {
		{ sizeof(data), 1 << arg[1] % 3 },
		{
			arg[4], arg[5],
			{ PAGE, arg[5] / PAGE / 8 + 8, (void *)user_buffer(t, arg[6], arg[5]) },
		},
	};

	if (arg[1] % 3 < 2)
		data.dirty.argsz = sizeof(data.dirty);
	return call(t, ioctl(v->iommu, VFIO_IOMMU_DIRTY_PAGES, &data));
}

static long detach(struct thread *t, const struct vfio *v)
{
	struct vfio_device_detach_iommufd_pt detach = { .argsz = sizeof(detach) };

	return call(t, ioctl(v->fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach));
}

static long attach(struct thread *t, const struct vfio *v, u32 id)
{
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach), .pt_id = id };

	return call(t, ioctl(v->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach));
}

/*
 * An iommufd has a number for each object: 1 is the device and 2 its IOAS, unless
 * other threads have made it otherwise; page tables follow.
 */
long op_iommu(struct thread *t, const u64 *arg)
{
	struct vfio v = device_space(t, arg[0]);
	u64 id = arg[2], other = arg[3];
	struct hwpt_alloc alloc = {
		.size = sizeof(alloc), .dev_id = other & 8 ? other : 1, .pt_id = id,
		.flags = other & 1 ? HWPT_ALLOC_DIRTY : 0,
	};
	struct hwpt_set_dirty set = {
		.size = sizeof(set), .flags = !(other & 4), .hwpt_id = id,
	};
	struct hwpt_get_dirty get = {
		sizeof(get), id, other & 1, .iova = arg[4], .length = arg[5],
		.page_size = PAGE << (other & 8 ? other : 0),
		.data = (uintptr_t)user_buffer(t, arg[6], arg[5] / PAGE / 8),
	};
	struct ioas_copy copy = {
		sizeof(copy), IOAS_MAP_READABLE | (other & 4 ? IOAS_MAP_FIXED_IOVA : 0) |
		(other & 8 ? IOAS_MAP_WRITEABLE : 0), id, 2, arg[5], other * PAGE, arg[4] % ARENA,
	};
	struct ioas_alloc ioas = { .size = sizeof(ioas) };
	struct iommufd_destroy object = { sizeof(object), id };

	if (v.group >= 0)
		return container_dirty(t, &v, arg);
	switch (arg[1] % 16) {
	case 0 ... 1:
		return call(t, ioctl(v.iommu, IOCTL_HWPT_ALLOC, &alloc));
	case 2 ... 4:
		return attach(t, &v, id);
	case 5:
		return detach(t, &v);
	case 6 ... 8:
		return call(t, ioctl(v.iommu, IOCTL_HWPT_SET_DIRTY, &set));
	case 9 ... 11:
		return call(t, ioctl(v.iommu, IOCTL_HWPT_GET_DIRTY, &get));
	case 12:
		return call(t, ioctl(v.iommu, IOCTL_IOAS_ALLOC, &ioas));
	case 13:
		return call(t, ioctl(v.iommu, IOCTL_IOAS_COPY, &copy));
	case 14:
		/* Not what the others need. */
		if (id < 3)
			return -EPERM;
		return call(t, ioctl(v.iommu, IOCTL_DESTROY, &object));
	default:	/* as before */
		return attach(t, &v, v.ioas);
	}
}

static long put(struct thread *t, u64 dev, unsigned int reg, unsigned int width, u64 val)
{
	return device_put(t, dev, IOAT_BAR0, reg, width, val);
}

/* Descriptors in a ring, or up to one that has none behind it. */
static void write_descs(u8 *at, u64 iova, unsigned int nr, u64 size, u64 val)
{
	struct ioat_desc *desc = (struct ioat_desc *)at;
	unsigned int i;
	u32 control;
	u64 x;

	for (i = 0; i < nr; i++) {
		x = mix(val + i);
		control = x & 0x80 ? DESC_FILL : DESC_COPY;
		control |= x >> 8 & (DESC_INT | DESC_COMPLETION);
		if (!(x & 0x70))
			control |= DESC_NULL;
		desc[i] = (struct ioat_desc){
			.size = htole32(x & 0xf ? size : x >> 32),
			.control = htole32(control),
			.source = htole64(x >> 12 & (ARENA - 1)),
			.target = htole64(x >> 36 & (ARENA - 1)),
			.next = htole64(i + 1 < nr ? iova + (i + 1) * sizeof(*desc) :
					x & 0x200 ? iova : 0),
		};
	}
}

/*
 * A chain in the arena, where it was mapped when the device was opened: anything may
 * have become of that meanwhile, and other threads may be at the same engine.
 */
long op_engine(struct thread *t, const u64 *arg)
{
	unsigned int nr = 1 + arg[2] % MAX_DESCS;
	u64 at = arg[1] % (ARENA / 2) & -sizeof(struct ioat_desc), way = arg[4] >> 56;

	write_descs(arena + at, at, nr, arg[3], arg[4]);
	if (way & 1)
		put(t, arg[0], IOAT_CHANCMD, 1, CHANCMD_RESET);
	if (way & 2)
		put(t, arg[0], IOAT_CHANCMP, 8, arg[4] >> 8 & (ARENA - 8));
	put(t, arg[0], IOAT_CHAINADDR, 8, at);
	put(t, arg[0], IOAT_CHANCTRL, 2, CHANCTRL_REARM | (way & 0x1c));
	return put(t, arg[0], IOAT_DMACOUNT, 2, way & 0x20 ? nr : arg[2]);
}

static u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/*
 * Memory for a race: a page with a descriptor, some to be read, and as many to be
 * written.  In one piece if possible, as then an engine is at all of it at once.
 */
struct race {
	u8 *room;
	u8 *memory, *target;
	u64 len, size;		/* of all, and of each half */
};

static bool race_init(struct race *r, u64 pages)
{
	r->size = (1 + pages) * PAGE;
	r->len = PAGE + 2 * r->size;
	r->room = mmap(NULL, 2 * HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	if (r->room == MAP_FAILED)
		return false;
	madvise(r->room, 2 * HUGE_PAGE, MADV_HUGEPAGE);
	r->memory = (u8 *)(((uintptr_t)r->room + HUGE_PAGE - 1) & -(uintptr_t)HUGE_PAGE);
	r->target = r->memory + PAGE + r->size;
	memset(r->memory + PAGE, ~EMPTY, 2 * r->size);
	return true;
}

static void make_empty(const struct race *r)
{
	u64 i;

	for (i = PART - 1; i < r->size; i += PART)
		*(volatile u8 *)(r->target + i) = EMPTY;
}

static bool is_empty(const struct race *r)
{
	u64 i;

	for (i = PART - 1; i < r->size; i += PART)
		if (*(volatile u8 *)(r->target + i) != EMPTY)
			return false;
	return true;
}

/* A chain without an end, of one descriptor; returns when it is at work, if it comes to that. */
static void race_begin(struct thread *t, u64 dev, const struct race *r, u64 iova, u64 way)
{
	struct ioat_desc *desc = (struct ioat_desc *)r->memory;
	const u64 until = now_ns() + BEGIN_NS;
	u8 command = CHANCMD_RESET;

	*desc = (struct ioat_desc){
		.size = htole32(r->size),
		.control = htole32(way & 1 ? DESC_FILL : DESC_COPY),
		.source = htole64(iova + PAGE),
		.target = htole64(iova + PAGE + r->size),
		.next = htole64(iova),
	};
	make_empty(r);
	op_wake(t, &dev);
	put(t, dev, IOAT_CHANCMD, 1, command);
	/* What is written before it is carried out would be gone with it. */
	while (device_get(t, dev, IOAT_BAR0, IOAT_CHANCMD, 1, &command) == 1 && command &&
	       now_ns() < until)
		sched_yield();
	put(t, dev, IOAT_CHAINADDR, 8, iova);
	put(t, dev, IOAT_CHANCTRL, 2, CHANCTRL_REARM);
	put(t, dev, IOAT_DMACOUNT, 2, 0xffff);
	while (is_empty(r) && now_ns() < until)
		sched_yield();
	if (!is_empty(r))
		atomic_fetch_add(&shared->races, 1);
}

/* DMA that is in flight when the memory is unmapped has ended when that is done. */
static void race_judge(struct thread *t, const struct race *r)
{
	const u64 until = now_ns() + LATE_NS;
	bool ok;

	make_empty(r);
	do {
		ok = is_empty(r);
	} while (ok && now_ns() < until);
	judge(t, ok, "DMA to memory that was unmapped");
}

/*
 * Memory that is unmapped while an engine writes to it is written to no more
 * afterwards: nothing else has it, whatever other threads do.  The address is not one
 * of the arena's, of which op_iommu() maps memory a second time.
 */
long op_dma_race(struct thread *t, const u64 *arg)
{
	struct vfio v = device_space(t, arg[0]);
	bool detached = v.group < 0 && arg[3] & 2;
	struct race r;
	long ret;

	if (v.fd < 0)
		return -EBADF;
	if (!race_init(&r, arg[2] % 16))
		return -ENOMEM;
	ret = call(t, __dma_map(&v, arg[1], r.memory, r.len, DMA_RW));
	if (!ret) {
		if (kind(arg[0])->bit & ENGINES)
			race_begin(t, arg[0], &r, arg[1], arg[3]);
		/* From the IOAS: unmapping from that has nothing to wait for then. */
		if (detached)
			detach(t, &v);
		ret = call(t, __dma_unmap(&v, arg[1], r.len));
		if (!ret)
			race_judge(t, &r);
		if (detached)
			attach(t, &v, v.ioas);
	}
	munmap(r.room, 2 * HUGE_PAGE);
	return ret;
}
