/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every allocation and every user copy of a call, made to fail in turn.
 *
 *	struct fault f = FAULTS("what is called");
 *
 *	while (fault_next(&f)) {
 *		if (faulted(&f, the_call()) < 0)
 *			expect_nothing_has_changed();
 *		else
 *			undo_it();
 *	}
 *
 * The first round makes the first of them fail, the second the second, and so
 * on.  The last round is the one in which the call needs fewer: it must
 * succeed.  A call may also succeed in spite of a failure that it can do
 * without.  It is the kernel's fail-nth that counts, in this thread only.
 */
#ifndef TESTS_FAULT_H
#define TESTS_FAULT_H

#include "check.h"

/**
 * struct fault - the rounds of one call
 * @what: name of the call, for the message of a failed expectation
 * @also: an errno besides -ENOMEM and -EFAULT that the call may end with
 * @every: of so many, one is made to fail; 0: each
 * @nth: which allocation or copy fails in this round
 * @injected: whether the call has come to it
 * @ret: return value of the call
 * @failed: how many were made to fail up to now
 */
struct fault {
	const char *what;
	int also;
	unsigned int every;
	unsigned int nth;
	bool injected;
	long long ret;
	unsigned int failed;
};

/* No round yet. */
#define FAULTS(text)	((struct fault){ .what = (text) })

/* On to the next round, if there is one.  Skips the case where the kernel cannot do it. */
bool fault_next(struct fault *f);

/**
 * faulted() - a call in which the nth allocation or copy fails
 * @f: the rounds that it is of
 * @call: evaluates to a result of 0 and more, or to -errno
 *
 * The expression should be little more than system calls: malloc() fails too.
 */
#define faulted(f, call)							\
	({									\
		long long faulted_;						\
										\
		fault_arm(f);							\
		faulted_ = (call);						\
		fault_disarm(f, faulted_);					\
		faulted_;							\
	})

/**
 * fault_spare() - leave alone what a function of the kernel calls
 * @function: as /proc/kallsyms has it
 *
 * For a bug that is not ours.  Skips the case where the kernel cannot do it.
 */
void fault_spare(const char *function);

/**
 * fault_only_in() - leave alone all but what a function of the kernel calls
 * @function: as /proc/kallsyms has it; with its module in front where others have
 *	      one of that name: "softpci_host:bus_notify"
 *
 * At most 32 functions deep.  Skips the case where the kernel cannot do it.
 */
void fault_only_in(const char *function);

/* Neither of the two any more. */
void fault_anywhere(void);

/* What can fail, and what its size is counted in. */
enum fault_kind {
	FAULT_SLAB,	/* bytes */
	FAULT_PAGES,	/* pages */
	FAULT_USERCOPY,	/* copies */
	NR_FAULT_KINDS
};

/**
 * fault_in_workers() - make one fail that a function of the kernel asks for
 * @function: as /proc/kallsyms has it; whichever thread calls it, so that it may be
 *	      one of the kernel's own, which has no fail-nth
 * @kind: what is to fail
 * @skip: how much of it is not to, before that
 */
void fault_in_workers(const char *function, enum fault_kind kind, unsigned long skip);
/* To be called afterwards: has there been one? */
bool fault_in_workers_done(enum fault_kind kind);

void fault_arm(const struct fault *f);
void fault_disarm(struct fault *f, long long ret);

/*
 * Remove the files of devices that are gone from a folder of devtmpfs: without memory
 * devtmpfs_delete_node() leaves them there, and returns no error.
 */
void fault_remove_nodes(const char *nodes, const char *class);

#endif /* TESTS_FAULT_H */
