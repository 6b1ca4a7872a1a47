/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device that is sent streams: it refuses one and is as it was before, or takes
 * it.  Either way a good one loads after that.
 */
#ifndef TESTS_REFUSAL_H
#define TESTS_REFUSAL_H

#include "state.h"
#include "stream.h"

#define REFUSAL_PAGE	4096

struct refusal {
	struct env *env;
	struct blob good;		/* MEMORY twice, if there is any; STATE; END */
	struct state before;		/* in which each stream finds the device */
	u8 memory[2][REFUSAL_PAGE];	/* the pages that @good has */
};

/* Bytes of the memory of a device, where in BAR0 it is; 0: it has none. */
u64 memory_size(const struct model *m);
u64 memory_start(const struct model *m);

/*
 * Saves a device that was used.  Its memory is replaced by two pages, so that the
 * stream is short.
 */
void refusal_init(struct refusal *r, struct env *env);

/* By an errno from write(2), or from the transition; the device has not changed. */
void expect_refused(struct refusal *r, const struct blob *stream, int want);
/* It is loaded, and the device can be used. */
void expect_taken(struct refusal *r, const struct blob *stream);
/* Either of both, where the meaning of a change is not known. */
void expect_refused_or_taken(struct refusal *r, const struct blob *stream);
/*
 * To be called at the end: the good stream loads, the device is as the stream says,
 * and none of the streams before has cost a descriptor or a reference to a module.
 */
void expect_good_is_taken(struct refusal *r);

#endif /* TESTS_REFUSAL_H */
