/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the kernel: objects of each kmalloc size, counted exactly, and
 * pages, which come and go for other reasons too.
 */
#ifndef TESTS_MEMORY_H
#define TESTS_MEMORY_H

#include "check.h"

struct memory {
	char caches[128][64];		/* all kmalloc caches */
	unsigned int objects[128];	/* of each of them */
	long kmalloc_kib;		/* all of those */
	long used_kib;			/* pages that could not be given back */
};

/* A line of /proc/meminfo, such as "Slab:". */
long meminfo_kib(const char *field);

/* Skips the case where the kernel does not tell. */
void memory_read(struct memory *m);

/**
 * memory_settles() - does it come back to where it was, give or take
 * @before: where it was
 * @objects: how many more of any one size are fine
 * @kib: how much more memory is fine
 *
 * Frees may be deferred (RCU): looked at again for a while before it says no.
 */
bool memory_settles(const struct memory *before, unsigned int objects, long kib);

/**
 * memory_grows() - does something that can be done again and again take memory for good
 * @act: does it, often
 * @arg: its argument
 * @objects: how many more of any one size are fine, each time: less than @act would lose
 * @kib: how much more memory is fine, each time
 *
 * What is lost grows with each time. What a processor takes from a cache for itself,
 * to have it at hand, does not, and counts as in use: up to two sheaves of 60 objects.
 * So @act is done once where nothing grows, and up to eight times before it says yes.
 */
bool memory_grows(void (*act)(void *arg), void *arg, unsigned int objects, long kib);

/* Clean pages are dropped, all of them that are not mapped. */
void drop_caches(void);

/* In a memory zone whose memory can be taken away; skips where there is no such zone. */
bool page_is_movable(const void *page);

/*
 * Does this kernel forget that a huge page of a file was written to, when it is
 * unmapped?  Found out with a tmpfs, without our modules.
 */
bool huge_pages_forget(void);

#endif /* TESTS_MEMORY_H */
