// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "mdev.h"
#include "memory.h"
#include "vfio.h"

long meminfo_kib(const char *field)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = -1;

	check(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, field, strlen(field)))
			kib = strtol(line + strlen(field), NULL, 10);
	fclose(f);
	check(kib >= 0);
	return kib;
}

/* Free pages that each CPU keeps at hand, huge ones among them: not in MemFree. */
static long at_hand_kib(void)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	long pages, sum = 0;
	char line[128];

	check(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " count: %ld", &pages) == 1)
			sum += pages;
	fclose(f);
	return sum * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Caches keep free objects at hand for each CPU, and count them as in use. */
static void shrink_cache(const char *cache)
{
	__sysfs_write(text("/sys/kernel/slab/%s/shrink", cache).s, "1");
}

static void read_kmalloc(struct memory *m, bool count)
{
	FILE *f = fopen("/proc/slabinfo", "r");
	unsigned int active, size, i = 0;
	char line[256], name[64];

	if (!f)
		skip_case("no /proc/slabinfo: the kernel is built without SLUB_DEBUG");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %u %*u %u", name, &active, &size) != 3 ||
		    strncmp(name, "kmalloc", 7))
			continue;
		check(i < ARRAY_SIZE(m->objects));
		if (!count) {
			shrink_cache(name);
			continue;
		}
		snprintf(m->caches[i], sizeof(m->caches[i]), "%s", name);
		m->objects[i++] = active;
		m->kmalloc_kib += (long)active * size / 1024;
	}
	fclose(f);
}

void drop_caches(void)
{
	if (__sysfs_write("/proc/sys/vm/drop_caches", "3"))
		skip_case("cannot write to /proc/sys/vm/drop_caches");
}

void memory_read(struct memory *m)
{
	*m = (struct memory){};
	drop_caches();
	read_kmalloc(m, false);
	read_kmalloc(m, true);
	m->used_kib = meminfo_kib("MemTotal:") - meminfo_kib("MemFree:") - at_hand_kib() -
		      meminfo_kib("Buffers:") - meminfo_kib("Cached:") -
		      meminfo_kib("SReclaimable:") + meminfo_kib("Shmem:");
}

/*
 * The debug kernel has KASAN, which keeps freed objects for a while: at most a
 * 32nd of the memory.  It counts lost ones in a better way, see run.sh.
 */
static long freed_kib(void)
{
	return access("/sys/kernel/debug/kmemleak", F_OK) ? 0 : meminfo_kib("MemTotal:") / 32;
}

struct bounds {
	const struct memory *before;
	unsigned int objects;
	long kib;
};

static bool within(void *arg)
{
	const struct bounds *b = arg;
	struct memory now;
	unsigned int i;

	memory_read(&now);
	for (i = 0; i < ARRAY_SIZE(now.objects); i++)
		if (now.objects[i] > b->before->objects[i] + b->objects) {
			note("%s: %u objects, then %u", now.caches[i], b->before->objects[i],
			     now.objects[i]);
			return false;
		}
	note("memory in use: %ld KiB, then %ld KiB", b->before->used_kib, now.used_kib);
	return now.used_kib <= b->before->used_kib + b->kib;
}

bool memory_settles(const struct memory *before, unsigned int objects, long kib)
{
	return retry(within, &(struct bounds){ before, objects, kib + freed_kib() });
}

#define GROWTH_ROUNDS	8

bool memory_grows(void (*act)(void *arg), void *arg, unsigned int objects, long kib)
{
	struct memory before;
	unsigned int round;

	memory_read(&before);
	for (round = 1; round <= GROWTH_ROUNDS; round++) {
		act(arg);
		if (memory_settles(&before, round * objects, round * kib))
			return false;
	}
	return true;
}

/* Page frames that are in the zone "Movable" of any node. */
static bool frame_is_movable(u64 frame)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	u64 spanned = 0, present = 0, start, all = 0;
	bool movable = false, found = false;
	char line[128], zone[32];

	check(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Node %*u, zone %31s", zone) == 1)
			movable = !strcmp(zone, "Movable");
		if (sscanf(line, " spanned %llu", &spanned) == 1 ||
		    sscanf(line, " present %llu", &present) == 1)
			continue;
		if (movable && sscanf(line, " start_pfn: %llu", &start) == 1) {
			all += present;
			found |= frame >= start && frame < start + spanned;
		}
	}
	fclose(f);
	if (!all)
		skip_case("no memory is in the zone Movable: boot with movablecore=1G");
	return found;
}

#define PRESENT		0x8000000000000000ULL
#define FRAME		0x007fffffffffffffULL

bool page_is_movable(const void *page)
{
	u64 entry;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	check(fd >= 0);
	check_eq(sys(pread(fd, &entry, sizeof(entry),
			   (uintptr_t)page / sysconf(_SC_PAGESIZE) * sizeof(entry))),
		 sizeof(entry));
	close(fd);
	check(entry & PRESENT);
	check(entry & FRAME);	/* 0 is told to those without CAP_SYS_ADMIN */
	return frame_is_movable(entry & FRAME);
}

/* A file on a tmpfs of its own, which goes with it. */
static int file_of_huge_pages(size_t size)
{
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC), mnt, fd;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "huge", "always", 0) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		skip_case("no tmpfs with huge pages can be mounted");
	mnt = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	check(mnt >= 0);
	fd = openat(mnt, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	check(fd >= 0);
	check_eq(sys(ftruncate(fd, size)), 0);
	close(mnt);
	close(fs);
	return fd;
}

bool huge_pages_forget(void)
{
	int fd = file_of_huge_pages(HUGE_PAGE);
	volatile u8 *map = map_for_huge_pages(fd, 0, HUGE_PAGE);
	u8 was = *map, now;

	*map = was + 1;
	munmap((void *)map, HUGE_PAGE);
	drop_caches();
	check_eq(pread(fd, &now, 1, 0), 1);
	close(fd);
	return now == was;
}
