/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers of a stream, and the generators of arguments that several tables use. */
#ifndef FUZZ_DRAW_H
#define FUZZ_DRAW_H

#include "fuzz.h"

static inline u64 mix(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* xoroshiro128+ */
static inline u64 draw(struct stream *s)
{
	u64 a = s->state[0], b = s->state[1] ^ a;

	s->state[0] = (a << 24 | a >> 40) ^ b ^ b << 16;
	s->state[1] = b << 37 | b >> 27;
	return a + (a ^ b);
}

static inline u64 below(struct stream *s, u64 n)
{
	return (draw(s) >> 16) % n;
}

static inline bool one_in(struct stream *s, u64 n)
{
	return !below(s, n);
}

#define one_of(s, ...)							\
	({								\
		static const u64 of_[] = { __VA_ARGS__ };		\
									\
		of_[below(s, ARRAY_SIZE(of_))];				\
	})

/* steps.c */
u64 a_dev(struct stream *s);
/* Of @kinds, if there is one. */
u64 a_dev_of(struct stream *s, unsigned int kinds);
u64 a_buffer(struct stream *s);
u64 a_way(struct stream *s);

#endif /* FUZZ_DRAW_H */
