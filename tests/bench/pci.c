// SPDX-License-Identifier: GPL-2.0-only
/* Functions on the PCI bus in software: DMA, the IOMMU, and many of them. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/io_uring.h>

#include "../lib/dma.h"
#include "../lib/module.h"
#include "../lib/pci.h"
#include "dma.h"

#define NAME	"softpci-host"
#define MANY	64
#define MAP_HUGE	"map and unmap 1 GiB, 2 MiB pages"
#define MAP_SMALL	"map and unmap 1 GiB, 4 KiB pages"
#define LAST		"the last 8 of 64 functions"
#define AREA	(1024 * MIB)
#define IOVA	0x200000000UL

static bool have_function(struct pci_function *fn, struct vfio *v)
{
	static const char * const needed[] = { "vfio-pci", "configfs" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(needed); i++)
		if (!module_probe(needed[i]))
			return false;
	if (!module_is_loaded("softpci-host") && __module_load("softpci-host", ""))
		return false;
	pci_begin();
	*fn = pci_function("bench", "model=ioat driver_override=vfio-pci");
	/* There may be no memory for its BAR. */
	if (__pci_set(fn, "live", "1"))
		return false;
	return !__vfio_open(v, pci_get(fn, "address").s, bench_door);
}

/* A GiB of memory, mapped for DMA and unmapped. */
struct area {
	struct vfio *v;
	u8 *memory;
	int uring;
};

static double run_map(void *arg, unsigned long n)
{
	struct area *area = arg;
	double start = now_ns();

	while (n--) {
		dma_map(area->v, IOVA, area->memory, AREA, DMA_RW);
		dma_unmap(area->v, IOVA, AREA);
	}
	return now_ns() - start;
}

/* The same without this IOMMU: the pages are pinned. */
static double run_pin(void *arg, unsigned long n)
{
	struct area *area = arg;
	struct iovec iov = { area->memory, AREA };
	double start = now_ns();

	while (n--) {
		check_eq(sys(syscall(SYS_io_uring_register, area->uring,
				     IORING_REGISTER_BUFFERS, &iov, 1)), 0);
		check_eq(sys(syscall(SYS_io_uring_register, area->uring,
				     IORING_UNREGISTER_BUFFERS, NULL, 0)), 0);
	}
	return now_ns() - start;
}

static void bench_map(struct vfio *v, bool huge)
{
	const char *name = huge ? MAP_HUGE : MAP_SMALL;
	struct io_uring_params params = {};
	struct area area = { .v = v };

	if (!wanted(NAME, name))
		return;
	area.uring = sys(syscall(SYS_io_uring_setup, 1, &params));
	if (area.uring < 0) {
		skip_row(name, "no io_uring to compare it to");
		return;
	}
	area.memory = mmap(NULL, AREA, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	check(area.memory != MAP_FAILED);
	madvise(area.memory, AREA, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	memset(area.memory, 1, AREA);
	compare((struct metric){ NAME, name, "pages pinned by io_uring", NS, 0 },
		&(struct gauge){ .run = run_map, .arg = &area, .once = true },
		&(struct gauge){ .run = run_pin, .arg = &area, .once = true });
	munmap(area.memory, AREA);
	close(area.uring);
}

/* Time to plug in the last eight of many functions, beside that of the first eight. */
static void bench_many(void)
{
	double first = 0, last = 0, start;
	struct pci_function fn;
	unsigned int i;

	if (!wanted(NAME, LAST))
		return;
	for (i = 0; i < MANY; i++) {
		fn = pci_function(text("many%u", i).s, "bar0=64K msix=4");
		start = now_ns();
		pci_live(&fn);
		if (i < 8)
			first += now_ns() - start;
		else if (i >= MANY - 8)
			last += now_ns() - start;
	}
	report((struct metric){ NAME, LAST, "the first 8", NS, 1.5 },
	       last / 8, first / 8);
}

void bench_pci(void)
{
	static const char * const names[] = {
		COPY, DOORBELL, MAP_HUGE, MAP_SMALL, LAST,
	};
	struct pci_function fn;
	struct engine e;
	struct vfio v;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names) && !wanted(NAME, names[i]); i++)
		;
	if (i == ARRAY_SIZE(names))
		return;
	if (!have_function(&fn, &v)) {
		skip_row(NAME, "no softpci-host or vfio-pci here");
		return;
	}
	engine_init(&e, NAME, &v);
	bench_engine(&e, 0.8, 0);
	bench_map(&v, true);
	bench_map(&v, false);
	bench_many();
	vfio_close(&v);
	pci_remove_all();
}
