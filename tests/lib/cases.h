/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cases of one test program, run for each type of device that they are for
 * and through each VFIO interface that this kernel has.
 *
 * Each case runs in a process of its own: whatever it leaves behind - a
 * mapping, a descriptor, a thread, a blocked child - ends with it, so that the
 * device can be removed after a failure as well.  cmocka selects and counts.
 */
#ifndef TESTS_CASES_H
#define TESTS_CASES_H

#include "check.h"
#include "mdev.h"
#include "models.h"
#include "vfio.h"

/*
 * A device that was just created and opened; nothing but @door for NO_DEVICE and
 * NO_DOOR.
 */
struct env {
	enum door door;
	const struct model *model;
	struct mdev mdev;
	struct vfio dev;
};

struct test_case {
	const char *name;
	void (*run)(struct env *env);
	unsigned int types;
};

#define CASE(run, types)	{ #run, run, types }

/* Another device beside the one that the case is given. */
void env_open(struct env *env, const char *type, enum door door);
/* Close the device, and open it again. */
void env_reopen(struct env *env);
/* Have its BARs answer, after a write to all of config space. */
void env_decode(struct env *env);

/* The cases of the program, ended by an empty one; main() is in cases.c. */
extern const struct test_case cases[];

#endif /* TESTS_CASES_H */
