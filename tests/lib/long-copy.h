/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A copy by the example device that goes on for long: of one MiB again and again,
 * to memory in which a page that was copied begins with another byte than 0.
 */
#ifndef TESTS_LONG_COPY_H
#define TESTS_LONG_COPY_H

#include "example.h"

#define LONG_PAGE	4096UL
#define LONG_SIZE	EXAMPLE_MAX_LENGTH
#define LONG_PAGES	(LONG_SIZE / LONG_PAGE)
#define LONG_SOURCE	0x100000000UL
#define LONG_TARGET	0x200000000UL
/* It may be over before the case can do something: how often to try. */
#define LONG_ATTEMPTS	20

/* Its end is told by MSI-X vector 0, which goes to @event. */
struct long_copy {
	u8 *source, *target;
	s32 event;
};

/* Memory, mappings and the eventfd of a device; the mappings alone. */
void long_copy_init(struct vfio *v, struct long_copy *copy);
void long_copy_map(struct vfio *v, const struct long_copy *copy);

/* Returns when it has begun. */
void long_copy_start(struct vfio *v, const struct long_copy *copy);

static inline volatile u8 *long_copy_page(const struct long_copy *copy, unsigned long i)
{
	return copy->target + i * LONG_PAGE;
}

/* How many pages were copied, up to LONG_PAGES. */
unsigned long long_copy_done(const struct long_copy *copy);

#endif /* TESTS_LONG_COPY_H */
