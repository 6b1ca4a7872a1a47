// SPDX-License-Identifier: GPL-2.0-only
/*
 * KCOV: which places in the code a thread's system calls came by.  The debug
 * kernel has only the modules of this project instrumented.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

/* linux/kcov.h is not for programs. */
#define KCOV		"/sys/kernel/debug/kcov"
#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_TRACE_PC	0

/* Per thread and step; what a long loop adds behind it was seen before. */
#define TRACE		(16 * 1024)
/* Places altogether: some ten thousand, with room to find them fast. */
#define PLACES		(64 * 1024)

static atomic_ulong *places;

int cover_init(void)
{
	if (access(KCOV, F_OK))
		return -ENOENT;
	places = mmap(NULL, PLACES * sizeof(*places), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return places == MAP_FAILED ? -errno : 0;
}

void cover_thread(struct thread *t)
{
	u64 *trace;
	int fd;

	if (!places)
		return;
	/* Stays open: it lives as long as the thread, which it belongs to. */
	fd = open(KCOV, O_RDWR | O_CLOEXEC);
	check(fd >= 0);
	check_eq(sys(ioctl(fd, KCOV_INIT_TRACE, (unsigned long)TRACE)), 0);
	trace = mmap(NULL, TRACE * sizeof(*trace), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check(trace != MAP_FAILED);
	check_eq(sys(ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC)), 0);
	t->cover = trace;
}

static void add(unsigned long place)
{
	unsigned long i = (place * 0x9e3779b97f4a7c15) >> 48, seen;

	for (;; i++) {
		atomic_ulong *slot = &places[i % PLACES];

		seen = atomic_load_explicit(slot, memory_order_relaxed);
		if (seen == place)
			return;
		if (!seen && atomic_compare_exchange_strong(slot, &seen, place))
			return;
		if (seen == place)
			return;
	}
}

void cover_collect(struct thread *t)
{
	u64 i, nr;

	if (!t->cover || t->is_child)
		return;
	nr = __atomic_load_n(&t->cover[0], __ATOMIC_RELAXED);
	for (i = 1; i <= nr; i++)
		add(t->cover[i]);
	__atomic_store_n(&t->cover[0], 0, __ATOMIC_RELAXED);
}

unsigned long cover_count(void)
{
	unsigned long i, nr = 0;

	for (i = 0; places && i < PLACES; i++)
		nr += places[i] != 0;
	return nr;
}

/* The addresses, for addr2line. */
void cover_write(const char *path)
{
	FILE *file = fopen(path, "w");
	unsigned long i;

	for (i = 0; file && places && i < PLACES; i++)
		if (places[i])
			fprintf(file, "%#lx\n", places[i]);
	if (file)
		fclose(file);
}
