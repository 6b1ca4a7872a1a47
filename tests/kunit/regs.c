// SPDX-License-Identifier: GPL-2.0-only
/* Register tables: which register an access reaches, by which widths. */
#include "kunit.h"

#define REGS_BAR	1
#define REGS_SIZE	0x40

#define WORD_REFUSED	0xdead
#define ARRAY_POS	0x00	/* 4 registers of 1 byte */
#define WORDS_POS	0x04	/* 2 of 2 bytes */
#define LONGS_POS	0x08	/* 2 of 4 bytes, answer 1 and 2 as well */
#define GAP_POS		0x10	/* nothing */
#define WRITE_ONLY_POS	0x14	/* 4 bytes, any part */
#define READ_ONLY_POS	0x18	/* 4 bytes, any part */
#define NEITHER_POS	0x1c	/* 2 bytes */
#define REFUSING_POS	0x1e	/* 2 bytes, any part */
#define QUAD_POS	0x28	/* 8 bytes, answers 4 as well */
#define HALVES_POS	0x30	/* 8 bytes, answers 4 only */
#define END_POS		0x3c	/* 4 bytes, any part, behind a gap of 4 */

#define READ_ONLY_VAL	0xa3a2a1a0
/* The index of the first of the words. */
#define WORDS_FIRST	7

/**
 * struct kunit_regs - a device with registers
 * @dev: must be first
 * @val: their values, as bytes
 * @reads: how often each was read, by its first byte
 * @writes: and written
 */
struct kunit_regs {
	struct softpci_device dev;
	u8 val[REGS_SIZE];
	u8 reads[REGS_SIZE];
	u8 writes[REGS_SIZE];
};

/* Registers do without. */
static const struct softpci_ops no_ops;

static struct kunit_regs *to_regs(struct softpci_device *dev)
{
	return container_of(dev, struct kunit_regs, dev);
}

/* The @i-th of those of @width bytes that begin at @first. */
static u64 test_read(struct softpci_device *dev, unsigned int first,
		     unsigned int i, unsigned int width)
{
	struct kunit_regs *regs = to_regs(dev);
	unsigned int pos = first + i * width;
	u64 val = 0;

	lockdep_assert_held(&dev->lock);
	regs->reads[pos]++;
	while (width--)
		val = val << 8 | regs->val[pos + width];
	return val;
}

static int test_write(struct softpci_device *dev, unsigned int first,
		      unsigned int i, unsigned int width, u64 val)
{
	struct kunit_regs *regs = to_regs(dev);
	unsigned int pos = first + i * width, byte;

	lockdep_assert_held(&dev->lock);
	regs->writes[pos]++;
	if (pos == REFUSING_POS && val == WORD_REFUSED)
		return -EINVAL;
	for (byte = 0; byte < width; byte++)
		regs->val[pos + byte] = val >> byte * 8;
	return 0;
}

#define READER(_name, _pos, _width, _first)				\
static u64 read_##_name(struct softpci_device *dev, unsigned int i)	\
{									\
	return test_read(dev, _pos, i - (_first), _width);		\
}

#define WRITER(_name, _pos, _width, _first)				\
static int write_##_name(struct softpci_device *dev, unsigned int i,	\
			 u64 val)					\
{									\
	return test_write(dev, _pos, i - (_first), _width, val);	\
}

READER(array, ARRAY_POS, 1, 0)
WRITER(array, ARRAY_POS, 1, 0)
READER(words, WORDS_POS, 2, WORDS_FIRST)
WRITER(words, WORDS_POS, 2, WORDS_FIRST)
READER(longs, LONGS_POS, 4, 0)
WRITER(longs, LONGS_POS, 4, 0)
WRITER(only, WRITE_ONLY_POS, 4, 0)
READER(refusing, REFUSING_POS, 2, 0)
WRITER(refusing, REFUSING_POS, 2, 0)
READER(quad, QUAD_POS, 8, 0)
WRITER(quad, QUAD_POS, 8, 0)
READER(halves, HALVES_POS, 8, 0)
WRITER(halves, HALVES_POS, 8, 0)
READER(end, END_POS, 4, 0)
WRITER(end, END_POS, 4, 0)

static u64 read_only(struct softpci_device *dev, unsigned int i)
{
	to_regs(dev)->reads[READ_ONLY_POS]++;
	return READ_ONLY_VAL;
}

static const struct softpci_reg regs_table[] = {
	{
		.offset = ARRAY_POS,
		.width = 1,
		.count = 4,
		.read = read_array,
		.write = write_array,
	},
	{
		.offset = WORDS_POS,
		.width = 2,
		.count = 2,
		.first = WORDS_FIRST,
		.read = read_words,
		.write = write_words,
	},
	{
		.offset = LONGS_POS,
		.width = 4,
		.access = SOFTPCI_ACCESS_8 | SOFTPCI_ACCESS_16 |
			  SOFTPCI_ACCESS_32,
		.count = 2,
		.read = read_longs,
		.write = write_longs,
	},
	{
		.offset = WRITE_ONLY_POS,
		.width = 4,
		.access = SOFTPCI_ACCESS_BYTES,
		.count = 1,
		.write = write_only,
	},
	{
		.offset = READ_ONLY_POS,
		.width = 4,
		.access = SOFTPCI_ACCESS_BYTES,
		.read = read_only,
	},
	{ .offset = NEITHER_POS, .width = 2, },
	{
		.offset = REFUSING_POS,
		.width = 2,
		.access = SOFTPCI_ACCESS_BYTES,
		.read = read_refusing,
		.write = write_refusing,
	},
	{
		.offset = QUAD_POS,
		.width = 8,
		.access = SOFTPCI_ACCESS_32 | SOFTPCI_ACCESS_64,
		.read = read_quad,
		.write = write_quad,
	},
	{
		.offset = HALVES_POS,
		.width = 8,
		.access = SOFTPCI_ACCESS_32,
		.read = read_halves,
		.write = write_halves,
	},
	{
		.offset = END_POS,
		.width = 4,
		.access = SOFTPCI_ACCESS_BYTES,
		.read = read_end,
		.write = write_end,
	},
};

/* The first byte of the register that has a byte, NONE where there is none. */
#define NONE	0xff

static const u8 reg_of[REGS_SIZE] = {
	0x00, 0x01, 0x02, 0x03, 0x04, 0x04, 0x06, 0x06,
	0x08, 0x08, 0x08, 0x08, 0x0c, 0x0c, 0x0c, 0x0c,
	NONE, NONE, NONE, NONE, 0x14, 0x14, 0x14, 0x14,
	0x18, 0x18, 0x18, 0x18, 0x1c, 0x1c, 0x1e, 0x1e,
	NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
	0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28,
	0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30,
	NONE, NONE, NONE, NONE, 0x3c, 0x3c, 0x3c, 0x3c,
};

/* Is a part of the register at @first answered, from byte @from to before @to? */
static bool is_answered(u8 first, unsigned int from, unsigned int to)
{
	switch (first) {
	case NONE:
		return false;
	case WORDS_POS:
	case WORDS_POS + 2:
		return to - from == 2;
	case LONGS_POS:
	case LONGS_POS + 4:
		/* Not three of them, nor the two in the middle. */
		return to - from != 3 && !(from == 1 && to == 3);
	case QUAD_POS:
		if (to - from == 8)
			return true;
		fallthrough;
	case HALVES_POS:
		return to - from == 4 && from % 4 == 0;
	default:
		return true;
	}
}

/*
 * How often each register is called when @len bytes at @pos are accessed, and
 * which bytes of that are answered.
 */
static void calls_of(u8 *calls, u8 *answered, unsigned int pos,
		     unsigned int len)
{
	unsigned int from = pos, to;

	memset(calls, 0, REGS_SIZE);
	memset(answered, 0, REGS_SIZE);
	for (; from < pos + len; from = to) {
		u8 first = reg_of[from];

		to = from;
		while (to < pos + len && reg_of[to] == first)
			to++;
		if (!is_answered(first, from - first, to - first))
			continue;
		calls[first] = 1;
		memset(answered + from, 1, to - from);
	}
}

static const struct softpci_area regs_areas[] = {
	SOFTPCI_REGS_AREA(0, REGS_SIZE, regs_table),
};

static const struct softpci_region regs_regions[] = {
	{
		.index = REGS_BAR,
		.size = REGS_SIZE,
		.areas = regs_areas,
		.nr_areas = ARRAY_SIZE(regs_areas),
	},
};

static const struct softpci_model regs_model = {
	.device_size	= sizeof(struct kunit_regs),
	.ops		= &no_ops,
	.regions	= regs_regions,
	.nr_regions	= ARRAY_SIZE(regs_regions),
};

static struct kunit_regs *regs_device(struct kunit *test)
{
	return to_regs(kunit_device(test, &regs_model)->dev);
}

static int regs_access(struct softpci_device *dev, unsigned int pos, void *buf,
		       size_t len, bool write)
{
	return kunit_access(dev, REGS_BAR, pos, buf, len, write);
}

static u64 regs_get(struct softpci_device *dev, unsigned int pos,
		    unsigned int width)
{
	return kunit_read(dev, REGS_BAR, pos, width);
}

static void regs_put(struct kunit *test, struct softpci_device *dev,
		     unsigned int pos, unsigned int width, u64 val)
{
	KUNIT_EXPECT_EQ(test, kunit_write(dev, REGS_BAR, pos, width, val), 0);
}

/* Each byte tells from its value where it is. */
static void regs_fill(struct kunit_regs *regs)
{
	unsigned int i;

	for (i = 0; i < REGS_SIZE; i++)
		regs->val[i] = 0x40 + i;
	memset(regs->reads, 0, sizeof(regs->reads));
	memset(regs->writes, 0, sizeof(regs->writes));
}

static void reads_of_all_lengths_and_alignments(struct kunit *test)
{
	u8 calls[REGS_SIZE], answered[REGS_SIZE], expected[REGS_SIZE];
	struct kunit_regs *regs = regs_device(test);
	unsigned int pos, len, i;
	u8 buf[18];

	for (pos = 0; pos < REGS_SIZE; pos++)
		for (len = 1; len <= 16 && pos + len <= REGS_SIZE; len++) {
			regs_fill(regs);
			calls_of(calls, answered, pos, len);
			memcpy(expected, regs->val, sizeof(expected));
			memset(expected + WRITE_ONLY_POS, 0, 4);
			memcpy(expected + READ_ONLY_POS, "\xa0\xa1\xa2\xa3", 4);
			memset(expected + NEITHER_POS, 0, 2);
			for (i = 0; i < REGS_SIZE; i++)
				if (!answered[i])
					expected[i] = 0;

			memset(buf, 0x5a, sizeof(buf));
			KUNIT_ASSERT_EQ(test,
					regs_access(&regs->dev, pos, buf + 1,
						    len, false), len);
			KUNIT_ASSERT_MEMEQ_MSG(test, buf + 1, expected + pos,
					       len, "%u bytes at %02xh", len,
					       pos);
			KUNIT_ASSERT_EQ(test, buf[0], 0x5a);
			KUNIT_ASSERT_EQ(test, buf[len + 1], 0x5a);

			calls[WRITE_ONLY_POS] = 0;
			calls[NEITHER_POS] = 0;
			KUNIT_ASSERT_MEMEQ_MSG(test, regs->reads, calls,
					       sizeof(calls),
					       "calls for %u bytes at %02xh",
					       len, pos);
		}
}

static void writes_of_all_lengths_and_alignments(struct kunit *test)
{
	u8 calls[REGS_SIZE], answered[REGS_SIZE], expected[REGS_SIZE];
	struct kunit_regs *regs = regs_device(test);
	unsigned int pos, len, i;
	u8 buf[16];

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = 0xf0 + i;

	for (pos = 0; pos < REGS_SIZE; pos++)
		for (len = 1; len <= sizeof(buf) && pos + len <= REGS_SIZE;
		     len++) {
			regs_fill(regs);
			memcpy(expected, regs->val, sizeof(expected));
			calls_of(calls, answered, pos, len);
			calls[READ_ONLY_POS] = 0;
			calls[NEITHER_POS] = 0;
			for (i = 0; i < REGS_SIZE; i++) {
				u8 first = reg_of[i];

				if (first == NONE || !calls[first])
					continue;
				if (answered[i])
					expected[i] = buf[i - pos];
				else if (first != REFUSING_POS &&
					 first != END_POS)
					expected[i] = 0;
			}

			KUNIT_ASSERT_EQ(test,
					regs_access(&regs->dev, pos, buf, len,
						    true), len);
			KUNIT_ASSERT_MEMEQ_MSG(test, regs->val, expected,
					       sizeof(expected),
					       "%u bytes at %02xh", len, pos);
			KUNIT_ASSERT_MEMEQ_MSG(test, regs->writes, calls,
					       sizeof(calls),
					       "calls for %u bytes at %02xh",
					       len, pos);
		}
}

static void narrow_access_to_a_register_of_one_width_reaches_nothing(struct kunit *test)
{
	struct kunit_regs *regs = regs_device(test);
	struct softpci_device *dev = &regs->dev;

	regs_fill(regs);
	KUNIT_EXPECT_EQ(test, regs_get(dev, WORDS_POS, 1), 0);
	KUNIT_EXPECT_EQ(test, regs_get(dev, WORDS_POS + 1, 1), 0);
	KUNIT_EXPECT_EQ(test, regs_get(dev, WORDS_POS + 1, 2), 0);
	regs_put(test, dev, WORDS_POS, 1, 0xff);
	regs_put(test, dev, WORDS_POS + 1, 2, 0xffff);
	KUNIT_EXPECT_NULL(test, memchr_inv(regs->reads, 0, REGS_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(regs->writes, 0, REGS_SIZE));
	KUNIT_EXPECT_EQ(test, regs_get(dev, WORDS_POS, 4), 0x47464544);
}

/* As a register needs it of which ones that are written clear bits. */
static void narrow_write_of_a_declared_width_has_zeroes_beside_it(struct kunit *test)
{
	struct kunit_regs *regs = regs_device(test);
	struct softpci_device *dev = &regs->dev;

	regs_fill(regs);
	regs_put(test, dev, LONGS_POS + 2, 1, 0x11);
	KUNIT_EXPECT_EQ(test, regs_get(dev, LONGS_POS, 4), 0x00110000);
	regs_put(test, dev, LONGS_POS + 6, 2, 0x2233);
	KUNIT_EXPECT_EQ(test, regs_get(dev, LONGS_POS + 4, 4), 0x22330000);
	KUNIT_EXPECT_EQ(test, regs_get(dev, LONGS_POS + 7, 1), 0x22);
	regs_put(test, dev, QUAD_POS + 4, 4, 0x44556677);
	KUNIT_EXPECT_EQ(test, regs_get(dev, QUAD_POS, 8),
			0x4455667700000000);
	KUNIT_EXPECT_EQ(test, regs->reads[LONGS_POS], 1);
}

/* Reading can have effects that a write must not have. */
static void only_partial_writes_of_any_bytes_read_first(struct kunit *test)
{
	struct kunit_regs *regs = regs_device(test);
	struct softpci_device *dev = &regs->dev;

	regs_fill(regs);
	regs_put(test, dev, END_POS, 4, 0x11223344);
	regs_put(test, dev, REFUSING_POS, 2, 0x5566);
	regs_put(test, dev, ARRAY_POS, 1, 0x77);
	regs_put(test, dev, QUAD_POS, 8, 0x8899aabbccddeeff);
	regs_put(test, dev, LONGS_POS, 1, 0x12);
	KUNIT_EXPECT_NULL(test, memchr_inv(regs->reads, 0, REGS_SIZE));

	regs_put(test, dev, END_POS + 1, 2, 0xaabb);
	KUNIT_EXPECT_EQ(test, regs->reads[END_POS], 1);
	KUNIT_EXPECT_EQ(test, regs_get(dev, END_POS, 4), 0x11aabb44);
	regs_put(test, dev, REFUSING_POS + 1, 1, 0xcc);
	KUNIT_EXPECT_EQ(test, regs->reads[REFUSING_POS], 1);
	KUNIT_EXPECT_EQ(test, regs_get(dev, REFUSING_POS, 2), 0xcc66);
}

static void register_of_64_bits_is_one_or_two_accesses(struct kunit *test)
{
	struct kunit_regs *regs = regs_device(test);
	struct softpci_device *dev = &regs->dev;
	static const u64 val = 0x1122334455667788;

	regs_fill(regs);
	regs_put(test, dev, QUAD_POS, 8, val);
	KUNIT_EXPECT_EQ(test, regs_get(dev, QUAD_POS, 8), val);
	KUNIT_EXPECT_EQ(test, regs->reads[QUAD_POS], 1);
	KUNIT_EXPECT_EQ(test, regs->writes[QUAD_POS], 1);
	KUNIT_EXPECT_EQ(test, regs_get(dev, QUAD_POS, 4), (u32)val);
	KUNIT_EXPECT_EQ(test, regs_get(dev, QUAD_POS + 4, 4), val >> 32);
	KUNIT_EXPECT_EQ(test, regs->reads[QUAD_POS], 3);
	KUNIT_EXPECT_EQ(test, regs_get(dev, QUAD_POS + 2, 4), 0);
	KUNIT_EXPECT_EQ(test, regs_get(dev, QUAD_POS, 2), 0);

	/* A width that is not declared is none, even if it is the register's. */
	KUNIT_EXPECT_EQ(test, regs_get(dev, HALVES_POS, 8), 0);
	KUNIT_EXPECT_EQ(test, regs_get(dev, HALVES_POS + 4, 4),
			0x77767574);
}

static void index_counts_from_first(struct kunit *test)
{
	struct kunit_regs *regs = regs_device(test);

	/* The callbacks subtract it: a wrong one is outside of the array. */
	regs_fill(regs);
	KUNIT_EXPECT_EQ(test, regs_get(&regs->dev, WORDS_POS, 2), 0x4544);
	KUNIT_EXPECT_EQ(test, regs_get(&regs->dev, WORDS_POS + 2, 2),
			0x4746);
	KUNIT_EXPECT_EQ(test, regs->reads[WORDS_POS], 1);
	KUNIT_EXPECT_EQ(test, regs->reads[WORDS_POS + 2], 1);
}

static void refused_value_ends_a_write_before_it(struct kunit *test)
{
	static u8 refused[] = { 1, 2, 0xad, 0xde, 3, 4, 5, 6 };
	struct kunit_regs *regs = regs_device(test);
	struct softpci_device *dev = &regs->dev;

	regs_fill(regs);
	KUNIT_EXPECT_EQ(test, regs_access(dev, REFUSING_POS, refused + 2, 2,
					  true), -EINVAL);
	/* Merged, it is the same value. */
	KUNIT_EXPECT_EQ(test, regs_access(dev, REFUSING_POS + 1, refused + 3, 1,
					  true), 1);
	KUNIT_EXPECT_EQ(test, regs_access(dev, REFUSING_POS, refused + 2, 1,
					  true), -EINVAL);
	KUNIT_EXPECT_EQ(test, regs_get(dev, REFUSING_POS, 2), 0xde5e);

	/* The register before it is written, and none behind it. */
	KUNIT_EXPECT_EQ(test, regs_access(dev, NEITHER_POS, refused, 8, true),
			2);
	KUNIT_EXPECT_EQ(test, regs_get(dev, REFUSING_POS, 2), 0xde5e);
	KUNIT_EXPECT_EQ(test, regs->writes[REFUSING_POS], 4);
}

static void registers_are_told_apart_to_the_byte(struct kunit *test)
{
	unsigned int pos;

	for (pos = 0; pos < REGS_SIZE + 8; pos++) {
		const struct softpci_reg *reg = find_reg(&regs_areas[0], pos);
		u8 first = pos < REGS_SIZE ? reg_of[pos] : NONE;

		if (first == NONE) {
			KUNIT_EXPECT_NULL_MSG(test, reg, "%02xh", pos);
			continue;
		}
		KUNIT_ASSERT_NOT_NULL_MSG(test, reg, "%02xh", pos);
		KUNIT_EXPECT_EQ_MSG(test, reg->offset +
				    (pos - reg->offset) / reg->width * reg->width,
				    first, "%02xh", pos);
	}
	KUNIT_EXPECT_NULL(test, find_reg(&regs_areas[0], U32_MAX));
	KUNIT_EXPECT_NULL(test, find_reg(&regs_areas[0], BIT_ULL(32)));
	KUNIT_EXPECT_NULL(test, find_reg(&regs_areas[0], U64_MAX));
}

/**
 * struct kunit_fields - a device whose registers are fields
 * @dev: must be first
 * @byte: at 0
 * @word: at 2
 * @lword: at 4
 * @quad: at 8
 * @words: at 10h
 * @fixed: at 18h, cannot be written
 * @told: at 1ch, written by a callback as its complement
 * @bytes: at 20h, any part
 * @after: nothing may reach it
 */
struct kunit_fields {
	struct softpci_device dev;
	u8 byte;
	u16 word;
	u32 lword;
	u64 quad;
	u16 words[3];
	u32 fixed;
	u32 told;
	u64 bytes;
	u8 after[8];
};

static struct kunit_fields *to_fields(struct softpci_device *dev)
{
	return container_of(dev, struct kunit_fields, dev);
}

static int write_told(struct softpci_device *dev, unsigned int i, u64 val)
{
	to_fields(dev)->told = ~val;
	return 0;
}

static const struct softpci_reg fields_table[] = {
	SOFTPCI_REG(0x00, struct kunit_fields, byte),
	SOFTPCI_REG(0x02, struct kunit_fields, word),
	SOFTPCI_REG(0x04, struct kunit_fields, lword),
	SOFTPCI_REG(0x08, struct kunit_fields, quad),
	{
		.offset = 0x10,
		.width = 2,
		.count = 3,
		.first = 5,
		.field = offsetof(struct kunit_fields, words),
	},
	SOFTPCI_REG_RO(0x18, struct kunit_fields, fixed),
	SOFTPCI_REG_WRITE(0x1c, struct kunit_fields, told, write_told),
	{
		.offset = 0x20,
		.width = 8,
		.access = SOFTPCI_ACCESS_BYTES,
		.field = offsetof(struct kunit_fields, bytes),
	},
};

static const struct softpci_area fields_areas[] = {
	SOFTPCI_REGS_AREA(0, REGS_SIZE, fields_table),
};

static const struct softpci_region fields_regions[] = {
	{
		.index = REGS_BAR,
		.size = REGS_SIZE,
		.areas = fields_areas,
		.nr_areas = ARRAY_SIZE(fields_areas),
	},
};

static const struct softpci_model fields_model = {
	.device_size	= sizeof(struct kunit_fields),
	.ops		= &no_ops,
	.regions	= fields_regions,
	.nr_regions	= ARRAY_SIZE(fields_regions),
};

static void register_can_be_a_field(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &fields_model)->dev;
	struct kunit_fields *fields = to_fields(dev);

	fields->fixed = 0x99887766;
	regs_put(test, dev, 0x00, 1, 0x12);
	regs_put(test, dev, 0x02, 2, 0x3456);
	regs_put(test, dev, 0x04, 4, 0x789abcde);
	regs_put(test, dev, 0x08, 8, 0x1122334455667788);
	regs_put(test, dev, 0x10, 6, 0xaabbccddeeff);
	regs_put(test, dev, 0x18, 4, 0x11111111);
	regs_put(test, dev, 0x1c, 4, 0x0f0f0f0f);
	regs_put(test, dev, 0x20, 8, 0x0102030405060708);

	KUNIT_EXPECT_EQ(test, fields->byte, 0x12);
	KUNIT_EXPECT_EQ(test, fields->word, 0x3456);
	KUNIT_EXPECT_EQ(test, fields->lword, 0x789abcde);
	KUNIT_EXPECT_EQ(test, fields->quad, 0x1122334455667788);
	KUNIT_EXPECT_EQ(test, fields->words[0], 0xeeff);
	KUNIT_EXPECT_EQ(test, fields->words[1], 0xccdd);
	KUNIT_EXPECT_EQ(test, fields->words[2], 0xaabb);
	KUNIT_EXPECT_EQ(test, fields->fixed, 0x99887766);
	KUNIT_EXPECT_EQ(test, fields->told, 0xf0f0f0f0);
	KUNIT_EXPECT_EQ(test, fields->bytes, 0x0102030405060708);
	KUNIT_EXPECT_NULL(test, memchr_inv(fields->after, 0, 8));

	KUNIT_EXPECT_EQ(test, regs_get(dev, 0x00, 1), 0x12);
	KUNIT_EXPECT_EQ(test, regs_get(dev, 0x02, 2), 0x3456);
	KUNIT_EXPECT_EQ(test, regs_get(dev, 0x04, 4), 0x789abcde);
	KUNIT_EXPECT_EQ(test, regs_get(dev, 0x08, 8), 0x1122334455667788);
	KUNIT_EXPECT_EQ(test, regs_get(dev, 0x10, 6), 0xaabbccddeeff);
	KUNIT_EXPECT_EQ(test, regs_get(dev, 0x18, 4), 0x99887766);
	KUNIT_EXPECT_EQ(test, regs_get(dev, 0x1c, 4), 0xf0f0f0f0);

	regs_put(test, dev, 0x23, 3, 0xaabbcc);
	KUNIT_EXPECT_EQ(test, fields->bytes, 0x0102aabbcc060708);
	KUNIT_EXPECT_EQ(test, regs_get(dev, 0x22, 2), 0xcc06);
	regs_put(test, dev, 0x04, 2, 0);
	KUNIT_EXPECT_EQ(test, fields->lword, 0x789abcde);
}

static struct kunit_case regs_cases[] = {
	KUNIT_CASE(reads_of_all_lengths_and_alignments),
	KUNIT_CASE(writes_of_all_lengths_and_alignments),
	KUNIT_CASE(narrow_access_to_a_register_of_one_width_reaches_nothing),
	KUNIT_CASE(narrow_write_of_a_declared_width_has_zeroes_beside_it),
	KUNIT_CASE(only_partial_writes_of_any_bytes_read_first),
	KUNIT_CASE(register_of_64_bits_is_one_or_two_accesses),
	KUNIT_CASE(index_counts_from_first),
	KUNIT_CASE(refused_value_ends_a_write_before_it),
	KUNIT_CASE(registers_are_told_apart_to_the_byte),
	KUNIT_CASE(register_can_be_a_field),
	{}
};

static struct kunit_suite regs_suite = {
	.name = "softpci-regs",
	.test_cases = regs_cases,
};

kunit_test_suite(regs_suite);
