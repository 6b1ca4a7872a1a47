/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random histories of a device: accesses and events as a guest and a VMM make them.
 * The same chance is the same history, on each device of a type.
 */
#ifndef TESTS_HISTORY_H
#define TESTS_HISTORY_H

#include "cases.h"
#include "example.h"
#include "ioat.h"

/* Guest memory that the example device and the engine reach by DMA. */
#define GUEST		0x100000UL
#define GUEST_SIZE	(8 * 4096UL)

/* Its state; not 0. */
struct chance {
	u64 state;
};

/* A number below @below. */
u32 pick(struct chance *rng, u32 below);
/* Any number. */
u32 any(struct chance *rng);

/**
 * struct side - the source or the target
 * @env: the device
 * @irq: the kind of interrupt that is in use
 * @event: eventfds of its vectors
 * @nr_events: how many
 * @ram: a mapping of the memory, if there is one
 * @guest: memory of the guest
 * @paced: the ports take their time
 */
struct side {
	struct env *env;
	unsigned int irq;
	s32 event[EXAMPLE_VECTORS];
	unsigned int nr_events;
	u8 *ram;
	u8 *guest;
	bool paced;
};

bool is(const struct side *s, unsigned int types);
/* The memory in BAR0: where it starts, and how much of it a history writes to. */
u64 ram_start(const struct side *s);
u64 ram_size(const struct side *s);

/*
 * Time has come to rest at the ports: what is sent has left, and the character
 * time-out has come.
 */
void settle(const struct side *s);
/* The character time-out alone. */
void settle_for_time_out(void);
/* The example device has made its copy, or the engine its chain. */
void wait_for_the_copy(struct side *s);

/* @rng by value: the history that it begins can be repeated. */
void live(struct side *s, struct chance rng, unsigned int steps);
/* Causes of work that the device would do now, were it not quiesced. */
void leave_something_to_do(struct side *s, struct chance *rng);

#endif /* TESTS_HISTORY_H */
