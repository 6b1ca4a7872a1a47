// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that DMA has written to, as the IOMMU of the PCI bus in software tells them
 * through iommufd (IOMMU_HWPT_ALLOC_DIRTY_TRACKING): each of them, once, and no other.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/ioat.h"
#include "../lib/pci.h"
#include "../lib/race.h"

#define PAGE		4096UL
/* Of the windows of memory: as many pages as a word has bits. */
#define PAGES		64
#define SIZE		(PAGES * PAGE)
#define SOURCE		0x10000000UL
/* Above what 32 bits reach. */
#define TARGET		0x120000000UL
/* Pages of 2 MiB, or as many bytes in small ones. */
#define LARGE		0x140000000UL
#define LARGE_PAGES	4
#define LARGE_SIZE	((u64)LARGE_PAGES * HUGE_PAGE)
#define LARGE_BITS	(LARGE_SIZE / PAGE)
#define NOWHERE		0x40000000UL
#define ROUNDS		30

/* A page table of iommufd, an address space that mappings of its IOAS are in. */
struct hwpt {
	int iommu;
	u32 id;
};

/* A function with the engine, and two windows of memory mapped for it. */
struct engine {
	struct pci_function fn;
	struct vfio v;
	struct windows w;
};

static int __hwpt_alloc(const struct vfio *v, u32 flags, struct hwpt *hwpt)
{
	struct hwpt_alloc alloc = {
		.size = sizeof(alloc), .flags = flags, .dev_id = v->devid, .pt_id = v->ioas,
	};
	int ret = sys(ioctl(v->iommu, IOCTL_HWPT_ALLOC, &alloc));

	*hwpt = (struct hwpt){ v->iommu, alloc.out_hwpt_id };
	return ret;
}

static struct hwpt hwpt_new(const struct vfio *v, u32 flags)
{
	struct hwpt hwpt;

	check_eq(__hwpt_alloc(v, flags, &hwpt), 0);
	return hwpt;
}

static int __hwpt_destroy(const struct hwpt *hwpt)
{
	struct iommufd_destroy destroy = { sizeof(destroy), hwpt->id };

	return sys(ioctl(hwpt->iommu, IOCTL_DESTROY, &destroy));
}

/* In the place of the one before. */
static void attach(const struct vfio *v, const struct hwpt *hwpt)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach), .pt_id = hwpt->id,
	};

	check_eq(sys(ioctl(v->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach)), 0);
	check_eq(attach.pt_id, hwpt->id);
}

static int __track(const struct hwpt *hwpt, bool on)
{
	struct hwpt_set_dirty set = {
		.size = sizeof(set), .flags = on ? HWPT_DIRTY_ENABLE : 0, .hwpt_id = hwpt->id,
	};

	return sys(ioctl(hwpt->iommu, IOCTL_HWPT_SET_DIRTY, &set));
}

static void track(const struct hwpt *hwpt, bool on)
{
	check_eq(__track(hwpt, on), 0);
}

static int __dirty(const struct hwpt *hwpt, u32 flags, u64 iova, u64 len, u64 page_size,
		   u64 *bits)
{
	struct hwpt_get_dirty get = {
		.size = sizeof(get), .hwpt_id = hwpt->id, .flags = flags, .iova = iova,
		.length = len, .page_size = page_size, .data = (uintptr_t)bits,
	};

	return sys(ioctl(hwpt->iommu, IOCTL_HWPT_GET_DIRTY, &get));
}

/* The pages of a window of SIZE. */
static u64 dirty(const struct hwpt *hwpt, u32 flags, u64 iova)
{
	u64 bits = 0;

	check_eq(__dirty(hwpt, flags, iova, SIZE, PAGE, &bits), 0);
	return bits;
}

/* They are not dirty any more then. */
static u64 take(const struct hwpt *hwpt, u64 iova)
{
	return dirty(hwpt, 0, iova);
}

static u64 look(const struct hwpt *hwpt, u64 iova)
{
	return dirty(hwpt, HWPT_DIRTY_NO_CLEAR, iova);
}

static u64 pages_of(u64 offset, u64 len)
{
	u64 first = offset / PAGE, last = (offset + len - 1) / PAGE;

	return (last == PAGES - 1 ? ~0ULL : (1ULL << (last + 1)) - 1) & ~((1ULL << first) - 1);
}

static void engine_begin(struct engine *e)
{
	windows_init(&e->v, &e->w, SOURCE, TARGET, SIZE);
	chain_begin(&e->v, &e->w.chain);
}

/* Opened, in the page table that iommufd makes for who does not ask for another. */
static void engine_init(struct engine *e)
{
	const char *missing = door_missing(DOOR_CDEV);

	if (missing)
		skip_case("%s", missing);
	pci_begin();
	e->fn = pci_function_for_vfio("engine", "model=ioat");
	vfio_open(&e->v, e->fn.address, DOOR_CDEV);
	engine_begin(e);
}

/* And in one of its own that tracks. */
static struct hwpt engine_init_tracked(struct engine *e)
{
	struct hwpt hwpt;

	engine_init(e);
	hwpt = hwpt_new(&e->v, HWPT_ALLOC_DIRTY);
	attach(&e->v, &hwpt);
	track(&hwpt, true);
	return hwpt;
}

static bool moves(struct engine *e, u32 operation, u64 to, u64 from, u32 len)
{
	return chain_try(&e->v, &e->w.chain, operation, len, from, to);
}

static void copy(struct engine *e, u64 to, u64 len)
{
	check(moves(e, DESC_COPY, to, SOURCE, len));
}

static const struct {
	u64 offset, len;
} writes[] = {
	{ 0, 1 }, { PAGE - 1, 1 }, { PAGE, PAGE }, { 5 * PAGE + 100, 200 },
	/* Over the end of a page, and of several. */
	{ 7 * PAGE - 1, 2 }, { 8 * PAGE + 8, 3 * PAGE }, { 0, SIZE }, { SIZE - 1, 1 },
};

static void the_iommu_says_that_it_tracks(struct env *env)
{
	struct hw_info info = { .size = sizeof(info) };
	struct engine e;
	struct hwpt hwpt;

	engine_init(&e);
	info.dev_id = e.v.devid;
	check_eq(sys(ioctl(e.v.iommu, IOCTL_GET_HW_INFO, &info)), 0);
	check(info.out_capabilities & HW_CAP_DIRTY_TRACKING);
	check_eq(__hwpt_alloc(&e.v, HWPT_ALLOC_DIRTY, &hwpt), 0);
	check_eq(__hwpt_destroy(&hwpt), 0);
	/* Page tables in two stages are another matter. */
	check_eq(__hwpt_alloc(&e.v, HWPT_ALLOC_NEST_PARENT, &hwpt), -EOPNOTSUPP);
}

static void pages_that_dma_wrote_are_told_once(struct env *env)
{
	struct engine e;
	struct hwpt hwpt = engine_init_tracked(&e);
	unsigned int i;

	check_eq(take(&hwpt, TARGET), 0);
	for (i = 0; i < ARRAY_SIZE(writes); i++) {
		copy(&e, TARGET + writes[i].offset, writes[i].len);
		note("%#llx bytes at %#llx", writes[i].len, writes[i].offset);
		check_eq(take(&hwpt, TARGET), pages_of(writes[i].offset, writes[i].len));
		check_eq(take(&hwpt, TARGET), 0);
	}
	/* All that came between two looks. */
	copy(&e, TARGET + 2 * PAGE, 1);
	check(moves(&e, DESC_FILL, TARGET + 40 * PAGE, 0x55, 1));
	check_eq(take(&hwpt, TARGET), 1ULL << 2 | 1ULL << 40);
}

/* Descriptors lie in front of the completion. */
static void pages_that_dma_read_are_not_dirty(struct env *env)
{
	const u64 completion = CHAIN_SIZE / PAGE;
	struct engine e;
	struct hwpt hwpt = engine_init_tracked(&e);
	u64 bits = 0;

	copy(&e, TARGET, SIZE);
	check_eq(take(&hwpt, SOURCE), 0);
	check_eq(__dirty(&hwpt, 0, CHAIN, 2 * CHAIN_SIZE, PAGE, &bits), 0);
	check_eq(bits, 1ULL << completion);
	check_eq(take(&hwpt, TARGET), ~0ULL);
}

static void what_is_refused_is_not_dirty(struct env *env)
{
	struct engine e;
	struct hwpt hwpt = engine_init_tracked(&e);
	u8 *memory = dma_memory(SIZE);

	dma_map(&e.v, NOWHERE, memory, SIZE, DMA_READ);
	check(!moves(&e, DESC_COPY, NOWHERE, SOURCE, PAGE));
	check(!moves(&e, DESC_FILL, NOWHERE + PAGE, 0, PAGE));
	check_eq(take(&hwpt, NOWHERE), 0);
	check(!moves(&e, DESC_COPY, TARGET, SOURCE - PAGE, PAGE));
	check_eq(take(&hwpt, TARGET), 0);
	/* What was written in front of it is. */
	check(!moves(&e, DESC_COPY, TARGET + SIZE - PAGE, SOURCE, 2 * PAGE));
	check_mem(e.w.target + SIZE - PAGE, e.w.source, PAGE);
	check_eq(take(&hwpt, TARGET), 1ULL << (PAGES - 1));
}

static void looking_need_not_clear(struct env *env)
{
	struct engine e;
	struct hwpt hwpt = engine_init_tracked(&e);
	unsigned int i;

	copy(&e, TARGET + 3 * PAGE, 2 * PAGE);
	for (i = 0; i < 3; i++)
		check_eq(look(&hwpt, TARGET), pages_of(3 * PAGE, 2 * PAGE));
	copy(&e, TARGET + 9 * PAGE, 1);
	check_eq(look(&hwpt, TARGET), pages_of(3 * PAGE, 2 * PAGE) | 1ULL << 9);
	check_eq(take(&hwpt, TARGET), pages_of(3 * PAGE, 2 * PAGE) | 1ULL << 9);
	check_eq(look(&hwpt, TARGET), 0);
}

/* Nothing is told while it is off, nor afterwards of what was written until then. */
static void tracking_begins_with_clean_pages(struct env *env)
{
	struct engine e;
	struct hwpt hwpt = engine_init_tracked(&e);
	u64 bits = 0;

	copy(&e, TARGET, PAGE);
	track(&hwpt, false);
	copy(&e, TARGET + PAGE, PAGE);
	/* The kernel keeps the error to itself. */
	__dirty(&hwpt, 0, TARGET, SIZE, PAGE, &bits);
	check_eq(bits, 0);
	track(&hwpt, true);
	check_eq(look(&hwpt, TARGET), 0);
	copy(&e, TARGET + 2 * PAGE, PAGE);
	check_eq(look(&hwpt, TARGET), 1ULL << 2);
	/* So it does also if it is on. */
	track(&hwpt, true);
	check_eq(take(&hwpt, TARGET), 0);
}

static bool is_set(const u64 *bits, u64 n)
{
	return bits[n / 64] >> n % 64 & 1;
}

/* Of the LARGE window: @len bytes from @offset on, in pages of @page_size, all or none. */
static void expect_large(const struct hwpt *hwpt, u32 flags, u64 page_size, u64 offset, u64 len)
{
	u64 bits[LARGE_BITS / 64] = {}, n;

	check_eq(__dirty(hwpt, flags, LARGE, LARGE_SIZE, page_size, bits), 0);
	for (n = 0; n < LARGE_BITS; n++) {
		bool want = len && n >= offset / page_size && n <= (offset + len - 1) / page_size;

		if (is_set(bits, n) == want)
			continue;
		note("dirty: %#llx bytes at %#llx, looked at in pages of %#llx: page %llu",
		     len, offset, page_size, n);
		check_eq(is_set(bits, n), want);
	}
}

/* Any size from that of the smallest page on. */
static void a_bit_is_for_as_many_bytes_as_asked_for(struct env *env)
{
	static const struct {
		u64 offset, len;
	} places[] = {
		{ 0, 1 }, { PAGE, 1 }, { LARGE_SIZE - 1, 1 }, { HUGE_PAGE - 1, 2 },
		{ 3 * HUGE_PAGE / 2, PAGE }, { HUGE_PAGE + 5 * PAGE, SIZE },
	};
	struct engine e;
	struct hwpt hwpt = engine_init_tracked(&e);
	u8 *memory = dma_memory(LARGE_SIZE);
	u64 size, offset, bits = 0;
	unsigned int i;

	/* In halves of a large page, so that the IOMMU has entries for small ones. */
	for (offset = 0; offset < LARGE_SIZE; offset += HUGE_PAGE / 2)
		dma_map(&e.v, LARGE + offset, memory + offset, HUGE_PAGE / 2, DMA_RW);
	for (size = PAGE; size <= HUGE_PAGE; size *= 2)
		for (i = 0; i < ARRAY_SIZE(places); i++) {
			copy(&e, LARGE + places[i].offset, places[i].len);
			expect_large(&hwpt, HWPT_DIRTY_NO_CLEAR, size, places[i].offset,
				     places[i].len);
			expect_large(&hwpt, 0, size, places[i].offset, places[i].len);
			expect_large(&hwpt, 0, size, 0, 0);
		}
	copy(&e, LARGE, 1);
	check_eq(__dirty(&hwpt, 0, LARGE, 0, PAGE, &bits), -EINVAL);
	check_eq(__dirty(&hwpt, 0, LARGE, PAGE, 0, &bits), -EINVAL);
	check_eq(__dirty(&hwpt, 0, LARGE + 1, PAGE, PAGE, &bits), -EINVAL);
	check_eq(__dirty(&hwpt, 0, LARGE, PAGE, HUGE_PAGE, &bits), -EINVAL);
	check_eq(__dirty(&hwpt, 2, LARGE, PAGE, PAGE, &bits), -EOPNOTSUPP);
	check_eq(bits, 0);
	expect_large(&hwpt, 0, PAGE, 0, 1);
}

#define NR_HUGE	"/proc/sys/vm/nr_hugepages"

/* They go when this process does. */
static u8 *huge_pages(void)
{
	struct text before;
	u8 *memory;

	if (__sysfs_read(NR_HUGE, before.s, sizeof(before.s)))
		skip_case("this kernel is built without HUGETLBFS");
	__sysfs_write(NR_HUGE, text("%lu", strtoul(before.s, NULL, 10) + LARGE_PAGES).s);
	memory = mmap(NULL, LARGE_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	__sysfs_write(NR_HUGE, before.s);
	if (memory == MAP_FAILED)
		skip_case("there are no %u huge pages", LARGE_PAGES);
	return memory;
}

/* The IOMMU has one entry for each, with one dirty bit. */
static void a_large_page_is_dirty_as_a_whole(struct env *env)
{
	u64 bits[HUGE_PAGE / PAGE / 2 / 64] = {}, size;
	struct engine e;
	struct hwpt hwpt = engine_init_tracked(&e);
	unsigned int i;

	dma_map(&e.v, LARGE, huge_pages(), LARGE_SIZE, DMA_RW);
	expect_large(&hwpt, 0, PAGE, 0, 0);
	for (size = PAGE; size <= HUGE_PAGE; size *= 2) {
		copy(&e, LARGE + HUGE_PAGE + 5 * PAGE + 8, 1);
		expect_large(&hwpt, 0, size, HUGE_PAGE, HUGE_PAGE);
		expect_large(&hwpt, 0, size, 0, 0);
	}
	copy(&e, LARGE + 2 * HUGE_PAGE - 1, 2);
	expect_large(&hwpt, HWPT_DIRTY_NO_CLEAR, PAGE, HUGE_PAGE, 2 * HUGE_PAGE);
	expect_large(&hwpt, 0, PAGE, HUGE_PAGE, 2 * HUGE_PAGE);

	/* Its other half would be lost. */
	copy(&e, LARGE, 1);
	for (i = 0; i < 2; i++) {
		check_eq(__dirty(&hwpt, 0, LARGE + HUGE_PAGE / 2, HUGE_PAGE / 2, PAGE, bits), 0);
		check_eq(bits[0], ~0ULL);
		check_eq(bits[ARRAY_SIZE(bits) - 1], ~0ULL);
	}
	expect_large(&hwpt, 0, PAGE, 0, HUGE_PAGE);
	expect_large(&hwpt, 0, PAGE, 0, 0);
}

/* As a migration does: copy the pages that are told, and only those. */
static void follow(const struct engine *e, u8 *shadow, u64 bits)
{
	unsigned int n;

	for (n = 0; n < PAGES; n++)
		if (bits >> n & 1)
			memcpy(shadow + n * PAGE, e->w.target + n * PAGE, PAGE);
}

/* Have pages written to, each several times, with other bytes each time. */
static void write_pages(struct engine *e, unsigned int round)
{
	const unsigned int nr = 3 * PAGES;
	unsigned int i;

	for (i = 0; i < nr; i++)
		chain_append(&e->w.chain, DESC_COPY | (i == nr - 1 ? DESC_COMPLETION : 0), PAGE,
			     SOURCE + (i + round) * 5 % (PAGES - 1) * PAGE,
			     TARGET + i * 7 % PAGES * PAGE);
	chain_ring(&e->v, &e->w.chain);
}

static bool is_writing(const struct engine *e)
{
	return (*e->w.chain.completion & 7) == ACTIVE;
}

static void no_page_is_lost_while_dma_goes_on(struct env *env)
{
	u8 *shadow = dma_memory(SIZE);
	struct engine e;
	struct hwpt hwpt = engine_init_tracked(&e);
	unsigned int i, looks = 0;

	for (i = 0; i < ROUNDS; i++) {
		note("round %u", i);
		write_pages(&e, i);
		do {
			follow(&e, shadow, take(&hwpt, TARGET));
			looks++;
		} while (is_writing(&e));
		check_eq(chain_wait(&e.w.chain), DONE);
		follow(&e, shadow, take(&hwpt, TARGET));
		check_mem(shadow, e.w.target, SIZE);
	}
	check(looks > ROUNDS);
}

static void pages_that_are_unmapped_are_forgotten(struct env *env)
{
	struct engine e;
	struct hwpt hwpt = engine_init_tracked(&e);
	u8 *memory = dma_memory(SIZE);
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		note("round %u", i);
		dma_map(&e.v, NOWHERE, memory, SIZE, DMA_RW);
		check_eq(look(&hwpt, NOWHERE), 0);
		copy(&e, NOWHERE + i * PAGE, PAGE);
		check_eq(look(&hwpt, NOWHERE), 1ULL << i);
		dma_unmap(&e.v, NOWHERE, SIZE);
	}
	/* Also if DMA writes to them until the end. */
	for (i = 0; i < ROUNDS / 3; i++) {
		note("round %u with DMA", i);
		dma_map(&e.v, NOWHERE, memory, SIZE, DMA_RW);
		*e.w.chain.completion = ACTIVE;
		chain_flood(&e.v, &e.w.chain, SIZE, SOURCE, NOWHERE, memory);
		dma_unmap(&e.v, NOWHERE, SIZE);
		check_eq(chain_wait(&e.w.chain), HALTED);
		dma_map(&e.v, NOWHERE, memory, SIZE, DMA_RW);
		check_eq(take(&hwpt, NOWHERE), 0);
		dma_unmap(&e.v, NOWHERE, SIZE);
		chain_reset(&e.v);
	}
}

static void each_page_table_has_dirty_pages_of_its_own(struct env *env)
{
	struct engine e;
	struct hwpt first = engine_init_tracked(&e), second;

	second = hwpt_new(&e.v, HWPT_ALLOC_DIRTY);
	track(&second, true);
	copy(&e, TARGET, PAGE);
	check_eq(look(&second, TARGET), 0);
	attach(&e.v, &second);
	copy(&e, TARGET + PAGE, PAGE);
	check_eq(take(&second, TARGET), 1ULL << 1);
	/* It still has those from when the function was attached. */
	check_eq(take(&first, TARGET), 1ULL << 0);
	copy(&e, TARGET + 2 * PAGE, PAGE);
	check_eq(take(&first, TARGET), 0);
	check_eq(__hwpt_destroy(&second), -EBUSY);
	check_eq(__hwpt_destroy(&first), 0);
	check_eq(take(&second, TARGET), 1ULL << 2);
}

/* One takes the place of the other while pages are written to. */
static void no_page_is_lost_when_the_page_table_is_replaced(struct env *env)
{
	u8 *shadow = dma_memory(SIZE);
	struct hwpt hwpts[2];
	unsigned int i, now = 0;
	struct engine e;

	hwpts[0] = engine_init_tracked(&e);
	hwpts[1] = hwpt_new(&e.v, HWPT_ALLOC_DIRTY);
	track(&hwpts[1], true);
	for (i = 0; i < ROUNDS; i++) {
		note("round %u", i);
		write_pages(&e, i);
		do {
			const struct hwpt *old = &hwpts[now];

			now ^= 1;
			attach(&e.v, &hwpts[now]);
			/* Nothing can be written by way of it any more. */
			follow(&e, shadow, take(old, TARGET));
			check_eq(take(old, TARGET), 0);
		} while (is_writing(&e));
		check_eq(chain_wait(&e.w.chain), DONE);
		follow(&e, shadow, take(&hwpts[now], TARGET));
		check_mem(shadow, e.w.target, SIZE);
	}
}

static void functions_in_one_page_table_are_told_together(struct env *env)
{
	struct engine e, other = {};
	struct hwpt hwpt = engine_init_tracked(&e);

	other.fn = pci_function_for_vfio("other", "model=ioat");
	vfio_open_beside(&other.v, &e.v, other.fn.address);
	attach(&other.v, &hwpt);
	/* There is one address for chains, and both engines use the same. */
	dma_unmap(&e.v, SOURCE, SIZE);
	dma_unmap(&e.v, TARGET, SIZE);
	dma_unmap(&e.v, CHAIN, 2 * CHAIN_SIZE);
	engine_begin(&other);
	copy(&other, TARGET + PAGE, PAGE);
	check_eq(look(&hwpt, TARGET), 1ULL << 1);
	/* A reset before the first copy would not halt it (Documentation/ioat.rst). */
	e.w.chain = other.w.chain;
	chain_begin(&e.v, &e.w.chain);
	copy(&e, TARGET + 6 * PAGE, PAGE);
	check_eq(take(&hwpt, TARGET), 1ULL << 1 | 1ULL << 6);
	vfio_close(&other.v);
	copy(&e, TARGET + 7 * PAGE, PAGE);
	check_eq(take(&hwpt, TARGET), 1ULL << 7);
}

static void a_page_table_without_tracking_tells_nothing(struct env *env)
{
	struct hwpt plain, tracking;
	struct engine e;
	u64 bits = 0;

	engine_init(&e);
	tracking = hwpt_new(&e.v, HWPT_ALLOC_DIRTY);
	track(&tracking, true);
	/* In that of iommufd, and in one that the user made. */
	copy(&e, TARGET, PAGE);
	plain = hwpt_new(&e.v, 0);
	attach(&e.v, &plain);
	copy(&e, TARGET, PAGE);
	check_eq(__track(&plain, true), -EOPNOTSUPP);
	check_eq(__track(&plain, false), -EOPNOTSUPP);
	check_eq(__dirty(&plain, 0, TARGET, SIZE, PAGE, &bits), -EOPNOTSUPP);
	check_eq(bits, 0);
	/* One with the same mappings to which nothing is attached. */
	check_eq(take(&tracking, TARGET), 0);
	check_mem(e.w.target, e.w.source, PAGE);
}

const struct test_case cases[] = {
	CASE(the_iommu_says_that_it_tracks, NO_DOOR),
	CASE(pages_that_dma_wrote_are_told_once, NO_DOOR),
	CASE(pages_that_dma_read_are_not_dirty, NO_DOOR),
	CASE(what_is_refused_is_not_dirty, NO_DOOR),
	CASE(looking_need_not_clear, NO_DOOR),
	CASE(tracking_begins_with_clean_pages, NO_DOOR),
	CASE(a_bit_is_for_as_many_bytes_as_asked_for, NO_DOOR),
	CASE(a_large_page_is_dirty_as_a_whole, NO_DOOR),
	CASE(no_page_is_lost_while_dma_goes_on, NO_DOOR),
	CASE(pages_that_are_unmapped_are_forgotten, NO_DOOR),
	CASE(each_page_table_has_dirty_pages_of_its_own, NO_DOOR),
	CASE(no_page_is_lost_when_the_page_table_is_replaced, NO_DOOR),
	CASE(functions_in_one_page_table_are_told_together, NO_DOOR),
	CASE(a_page_table_without_tracking_tells_nothing, NO_DOOR),
	{}
};
