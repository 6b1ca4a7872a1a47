// SPDX-License-Identifier: GPL-2.0-only
/* From an offset to a region, and from a region to registers. */
#include "kunit.h"

/**
 * softpci_kunit_access() - an access to config space or registers
 * @spdev: the device
 * @index: of the region
 * @pos: first byte, from the start of the region
 * @buf: where to or where from
 * @len: how many
 * @write: which of them
 *
 * Without memory, which a device that is not open lacks: what a register wants
 * to be cleared can be seen in struct softpci_ram.
 *
 * Return: bytes done, or an errno if none.
 */
int softpci_kunit_access(struct softpci_device *spdev, u32 index,
			 unsigned int pos, void *buf, size_t len, bool write)
{
	unsigned int i;

	guard(softpci)(spdev);
	for (i = 0; i < spdev->nr_windows; i++)
		if (spdev->window[i].region->index == index)
			return piece_access_locked(spdev,
						   spdev->window[i].region, pos,
						   buf, len, write);
	return -ENXIO;
}
EXPORT_SYMBOL_GPL(softpci_kunit_access);

/* The region with registers, and what is where in it. */
#define REGS_REGION	1
#define REGS_SIZE	0x28

#define WORD_REFUSED	0xdead
#define ARRAY_POS	0x00	/* 4 registers of 1 byte */
#define WORDS_POS	0x04	/* 2 of 2 bytes */
#define LONGS_POS	0x08	/* 2 of 4 bytes */
#define GAP_POS		0x10	/* nothing */
#define WRITE_ONLY_POS	0x14	/* 4 bytes */
#define READ_ONLY_POS	0x18	/* 4 bytes */
#define NEITHER_POS	0x1c	/* 2 bytes */
#define REFUSING_POS	0x1e	/* 2 bytes */
#define END_POS		0x24	/* 4 bytes, behind a gap of 4 */

#define READ_ONLY_VAL	0xa3a2a1a0

/**
 * struct kunit_regs - a device with registers
 * @spdev: must be first
 * @val: what they hold, as bytes
 * @reads: how often each was read, by its first byte
 * @writes: and written
 */
struct kunit_regs {
	struct softpci_device spdev;
	u8 val[REGS_SIZE];
	u8 reads[REGS_SIZE];
	u8 writes[REGS_SIZE];
};

static struct kunit_regs *to_regs(struct softpci_device *spdev)
{
	return container_of(spdev, struct kunit_regs, spdev);
}

/* The @i-th of those of @width bytes that begin at @first. */
static u32 regs_read(struct softpci_device *spdev, unsigned int first,
		     unsigned int i, unsigned int width)
{
	struct kunit_regs *regs = to_regs(spdev);
	unsigned int pos = first + i * width;
	u32 val = 0;

	lockdep_assert_held(&spdev->lock);
	regs->reads[pos]++;
	while (width--)
		val = val << 8 | regs->val[pos + width];
	return val;
}

static int regs_write(struct softpci_device *spdev, unsigned int first,
		      unsigned int i, unsigned int width, u32 val)
{
	struct kunit_regs *regs = to_regs(spdev);
	unsigned int pos = first + i * width, byte;

	lockdep_assert_held(&spdev->lock);
	regs->writes[pos]++;
	if (pos == REFUSING_POS && val == WORD_REFUSED)
		return -EINVAL;
	for (byte = 0; byte < width; byte++)
		regs->val[pos + byte] = val >> byte * 8;
	return 0;
}

#define READER(_name, _pos, _width)					\
static u32 read_##_name(struct softpci_device *spdev,			\
			unsigned int region, unsigned int i)		\
{									\
	return regs_read(spdev, _pos, i, _width);			\
}

#define WRITER(_name, _pos, _width)					\
static int write_##_name(struct softpci_device *spdev,			\
			 unsigned int region, unsigned int i, u32 val)	\
{									\
	return regs_write(spdev, _pos, i, _width, val);			\
}

READER(array, ARRAY_POS, 1)
WRITER(array, ARRAY_POS, 1)
READER(words, WORDS_POS, 2)
WRITER(words, WORDS_POS, 2)
READER(longs, LONGS_POS, 4)
WRITER(longs, LONGS_POS, 4)
WRITER(only, WRITE_ONLY_POS, 4)
READER(refusing, REFUSING_POS, 2)
WRITER(refusing, REFUSING_POS, 2)
READER(end, END_POS, 4)
WRITER(end, END_POS, 4)

static u32 read_only(struct softpci_device *spdev, unsigned int region,
		     unsigned int i)
{
	to_regs(spdev)->reads[READ_ONLY_POS]++;
	return READ_ONLY_VAL;
}

static const struct softpci_reg regs_table[] = {
	{ "array", ARRAY_POS, 1, 4, read_array, write_array },
	{ "words", WORDS_POS, 2, 2, read_words, write_words },
	{ "longs", LONGS_POS, 4, 2, read_longs, write_longs },
	{ "write-only", WRITE_ONLY_POS, 4, 1, NULL, write_only },
	{ "read-only", READ_ONLY_POS, 4, 0, read_only },
	{ "neither", NEITHER_POS, 2 },
	{ "refusing", REFUSING_POS, 2, 0, read_refusing, write_refusing },
	{ "end", END_POS, 4, 1, read_end, write_end },
};

/* The first byte of the register that has a byte, 0xff where there is none. */
static const u8 reg_of[REGS_SIZE] = {
	0x00, 0x01, 0x02, 0x03, 0x04, 0x04, 0x06, 0x06,
	0x08, 0x08, 0x08, 0x08, 0x0c, 0x0c, 0x0c, 0x0c,
	0xff, 0xff, 0xff, 0xff, 0x14, 0x14, 0x14, 0x14,
	0x18, 0x18, 0x18, 0x18, 0x1c, 0x1c, 0x1e, 0x1e,
	0xff, 0xff, 0xff, 0xff, 0x24, 0x24, 0x24, 0x24,
};

/* How often each register is called when @len bytes at @pos are accessed. */
static void calls_of(u8 *calls, unsigned int pos, unsigned int len)
{
	unsigned int i;

	memset(calls, 0, REGS_SIZE);
	for (i = pos; i < pos + len; i++)
		if (reg_of[i] != 0xff)
			calls[reg_of[i]] = 1;
}

static const struct softpci_driver regs_driver = {
	.device_size = sizeof(struct kunit_regs),
};

static const struct softpci_region regs_regions[] = {
	{ .index = 0, .bar = PCI_BASE_ADDRESS_MEM_PREFETCH, },
	{
		.index = REGS_REGION,
		.size = REGS_SIZE,
		.regs = regs_table,
		.nr_regs = ARRAY_SIZE(regs_table),
	},
	{ .index = 3, .bar = PCI_BASE_ADDRESS_SPACE_IO, .size = 8, },
	{
		.index = 16,
		.size = SZ_4K + 1,
		.cap_type = VFIO_REGION_TYPE_GFX,
		.cap_subtype = VFIO_REGION_SUBTYPE_GFX_EDID,
	},
};

static const struct softpci_model regs_model = {
	.regions	= regs_regions,
	.nr_regions	= ARRAY_SIZE(regs_regions),
};

static const struct softpci_type regs_type = {
	.model = &regs_model,
	.ram_size = SZ_1M,
};

static struct kunit_regs *regs_device(struct kunit *test)
{
	return to_regs(softpci_kunit_device(test, &regs_driver, &regs_type));
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
	struct kunit_regs *regs = regs_device(test);
	u8 expected[REGS_SIZE], calls[REGS_SIZE], buf[10];
	unsigned int pos, len;

	regs_fill(regs);
	memcpy(expected, regs->val, sizeof(expected));
	memset(expected + GAP_POS, 0, 8); /* and the write-only one */
	memcpy(expected + READ_ONLY_POS, "\xa0\xa1\xa2\xa3", 4);
	memset(expected + NEITHER_POS, 0, 2);
	memset(expected + END_POS - 4, 0, 4);

	for (pos = 0; pos < REGS_SIZE; pos++)
		for (len = 1; len <= 8 && pos + len <= REGS_SIZE; len++) {
			regs_fill(regs);
			memset(buf, 0x5a, sizeof(buf));
			KUNIT_ASSERT_EQ(test,
					softpci_kunit_access(&regs->spdev,
							     REGS_REGION, pos,
							      buf + 1, len, false),
					len);
			KUNIT_ASSERT_MEMEQ_MSG(test, buf + 1, expected + pos,
					       len, "%u bytes at %02xh", len,
					       pos);
			KUNIT_ASSERT_EQ(test, buf[0], 0x5a);
			KUNIT_ASSERT_EQ(test, buf[len + 1], 0x5a);

			calls_of(calls, pos, len);
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
	struct kunit_regs *regs = regs_device(test);
	u8 expected[REGS_SIZE], calls[REGS_SIZE], buf[8];
	unsigned int pos, len, i;

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = 0xf0 + i;

	for (pos = 0; pos < REGS_SIZE; pos++)
		for (len = 1; len <= 8 && pos + len <= REGS_SIZE; len++) {
			regs_fill(regs);
			memcpy(expected, regs->val, sizeof(expected));
			calls_of(calls, pos, len);
			calls[READ_ONLY_POS] = 0;
			calls[NEITHER_POS] = 0;
			/* What cannot be read is merged with 0. */
			if (calls[WRITE_ONLY_POS])
				memset(expected + WRITE_ONLY_POS, 0, 4);
			for (i = 0; i < len; i++)
				if (reg_of[pos + i] != 0xff &&
				    calls[reg_of[pos + i]])
					expected[pos + i] = buf[i];

			KUNIT_ASSERT_EQ(test,
					softpci_kunit_access(&regs->spdev,
							     REGS_REGION, pos,
							      buf, len, true),
					len);
			KUNIT_ASSERT_MEMEQ_MSG(test, regs->val, expected,
					       sizeof(expected),
					       "%u bytes at %02xh", len, pos);
			KUNIT_ASSERT_MEMEQ_MSG(test, regs->writes, calls,
					       sizeof(calls),
					       "calls for %u bytes at %02xh",
					       len, pos);
		}
}

/* Reading can have effects that a write must not have. */
static void only_partial_writes_read_first(struct kunit *test)
{
	struct kunit_regs *regs = regs_device(test);
	struct softpci_device *spdev = &regs->spdev;

	regs_fill(regs);
	guest_write(spdev, REGS_REGION, LONGS_POS, 4, 0x11223344);
	guest_write(spdev, REGS_REGION, WORDS_POS, 2, 0x5566);
	guest_write(spdev, REGS_REGION, ARRAY_POS, 1, 0x77);
	KUNIT_EXPECT_NULL(test, memchr_inv(regs->reads, 0, REGS_SIZE));

	guest_write(spdev, REGS_REGION, LONGS_POS + 1, 2, 0xaabb);
	KUNIT_EXPECT_EQ(test, regs->reads[LONGS_POS], 1);
	KUNIT_EXPECT_EQ(test, guest_read(spdev, REGS_REGION, LONGS_POS, 4),
			0x11aabb44);
	guest_write(spdev, REGS_REGION, WORDS_POS + 1, 2, 0xccdd);
	KUNIT_EXPECT_EQ(test, regs->reads[WORDS_POS], 1);
	KUNIT_EXPECT_EQ(test, regs->reads[WORDS_POS + 2], 1);
	KUNIT_EXPECT_EQ(test, guest_read(spdev, REGS_REGION, WORDS_POS, 4),
			0x47ccdd66);
}

static void refused_value_ends_a_write_before_it(struct kunit *test)
{
	struct kunit_regs *regs = regs_device(test);
	struct softpci_device *spdev = &regs->spdev;
	static const u8 refused[] = { 1, 2, 0xad, 0xde, 3, 4, 5, 6 };

	regs_fill(regs);
	KUNIT_EXPECT_EQ(test, guest_write(spdev, REGS_REGION, REFUSING_POS, 2,
					  WORD_REFUSED), -EINVAL);
	/* Merged, it is the same value. */
	KUNIT_EXPECT_EQ(test, guest_write(spdev, REGS_REGION, REFUSING_POS + 1,
					  1, WORD_REFUSED >> 8), 0);
	KUNIT_EXPECT_EQ(test, guest_write(spdev, REGS_REGION, REFUSING_POS, 1,
					  WORD_REFUSED & 0xff), -EINVAL);
	KUNIT_EXPECT_EQ(test, guest_read(spdev, REGS_REGION, REFUSING_POS, 2),
			0xde5e);

	/* What lies before it is done, what lies behind it is not. */
	KUNIT_EXPECT_EQ(test,
			softpci_kunit_access(spdev, REGS_REGION, NEITHER_POS,
					     (void *)refused, 8, true), 2);
	KUNIT_EXPECT_EQ(test, guest_read(spdev, REGS_REGION, REFUSING_POS, 2),
			0xde5e);
	KUNIT_EXPECT_EQ(test, regs->writes[REFUSING_POS], 4);
}

static void registers_are_told_apart_to_the_byte(struct kunit *test)
{
	unsigned int pos;

	for (pos = 0; pos < REGS_SIZE + 8; pos++) {
		const struct softpci_reg *reg = find_reg(&regs_regions[1], pos);
		u8 first = pos < REGS_SIZE ? reg_of[pos] : 0xff;

		if (first == 0xff) {
			KUNIT_EXPECT_NULL_MSG(test, reg, "%02xh", pos);
			continue;
		}
		KUNIT_ASSERT_NOT_NULL_MSG(test, reg, "%02xh", pos);
		KUNIT_EXPECT_EQ_MSG(test, reg->offset +
				    (pos - reg->offset) / reg->width * reg->width,
				    first, "%02xh", pos);
	}
	KUNIT_EXPECT_NULL(test, find_reg(&regs_regions[1], U32_MAX));
}

static void regions_lie_apart_from_each_other(struct kunit *test)
{
	struct softpci_device *spdev = &regs_device(test)->spdev;
	u64 end = 0;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, spdev->nr_windows, ARRAY_SIZE(regs_regions) + 1);
	for (i = 0; i < spdev->nr_windows; i++) {
		const struct softpci_window *win = &spdev->window[i];

		KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(win->start));
		KUNIT_EXPECT_GE(test, win->start, end + PAGE_SIZE);
		KUNIT_EXPECT_GT(test, win->size, 0);
		end = win->start + win->size;
	}
	KUNIT_EXPECT_PTR_EQ(test, spdev->window[i - 1].region, &config_region);
}

static void window_is_found_to_the_byte(struct kunit *test)
{
	struct softpci_device *spdev = &regs_device(test)->spdev;
	unsigned int i, j;

	for (i = 0; i < spdev->nr_windows; i++) {
		const struct softpci_window *win = &spdev->window[i];
		u64 start = win->start, size = win->size;
		const struct {
			u64 pos;
			u64 len;
			bool found;
		} edges[] = {
			{ start - 1, 1 },
			{ start - 1, 2 },
			{ start, 1, true },
			{ start, size - 1, true },
			{ start, size, true },
			{ start, size + 1 },
			{ start + 1, size - 1, true },
			{ start + 1, size },
			{ start + size - 1, 1, true },
			{ start + size - 1, 2 },
			{ start + size, 1 },
			/* The sum overflows: to just before it, into it, behind. */
			{ start, U64_MAX },
			{ start, -start },
			{ start, 1 - start },
			{ start + 1, U64_MAX },
			{ start + size - 1, U64_MAX },
			{ start + size - 1, 2 - start - size },
			{ start - 1, U64_MAX },
		};

		for (j = 0; j < ARRAY_SIZE(edges); j++)
			KUNIT_EXPECT_PTR_EQ_MSG(test,
						find_window(spdev, edges[j].pos,
							    edges[j].len),
						edges[j].found ? win : NULL,
						"window %u, edge %u", i, j);
	}
}

static void nothing_is_found_far_away(struct kunit *test)
{
	struct softpci_device *spdev = &regs_device(test)->spdev;
	static const u64 far[] = {
		0, 1, PAGE_SIZE - 1, SZ_16M, U32_MAX, BIT_ULL(32), BIT_ULL(40),
		S64_MAX, BIT_ULL(63), U64_MAX - 1, U64_MAX,
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(far); i++)
		for (j = 1; j < ARRAY_SIZE(far); j++)
			KUNIT_EXPECT_NULL_MSG(test, find_window(spdev, far[i],
								far[j]),
					      "%llx, length %llx", far[i],
					      far[j]);
}

static void region_info_of_every_index(struct kunit *test)
{
	struct softpci_device *spdev = &regs_device(test)->spdev;
	struct vfio_region_info_cap_type *cap;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, softpci_num_regions(spdev), 17);
	for (i = 0; i < 20; i++) {
		struct vfio_region_info info = { .index = i, .size = 1, };
		struct vfio_info_cap caps = {};
		u32 flags = VFIO_REGION_INFO_FLAG_READ |
			    VFIO_REGION_INFO_FLAG_WRITE;
		u64 size = 0;
		int ret;

		ret = softpci_get_region_info(&spdev->vdev, &info, &caps);
		KUNIT_ASSERT_EQ_MSG(test, ret, i < 17 ? 0 : -EINVAL, "%u", i);
		if (ret)
			continue;

		switch (i) {
		case 0:
			flags |= VFIO_REGION_INFO_FLAG_MMAP;
			size = SZ_1M;
			break;
		case REGS_REGION:
			size = REGS_SIZE;
			break;
		case 3:
			size = 8;
			break;
		case VFIO_PCI_CONFIG_REGION_INDEX:
			size = 256;
			break;
		case 16:
			size = SZ_4K + 1;
			cap = container_of(caps.buf, typeof(*cap), header);
			KUNIT_ASSERT_EQ(test, caps.size, sizeof(*cap));
			KUNIT_EXPECT_EQ(test, cap->header.id,
					VFIO_REGION_INFO_CAP_TYPE);
			KUNIT_EXPECT_EQ(test, cap->header.version, 1);
			KUNIT_EXPECT_EQ(test, cap->header.next, 0);
			KUNIT_EXPECT_EQ(test, cap->type, VFIO_REGION_TYPE_GFX);
			KUNIT_EXPECT_EQ(test, cap->subtype,
					VFIO_REGION_SUBTYPE_GFX_EDID);
			kfree(caps.buf);
			break;
		default:
			flags = 0;
		}
		KUNIT_EXPECT_EQ_MSG(test, info.size, size, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, info.flags, flags, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, !!info.offset, !!size, "%u", i);
		if (i != 16)
			KUNIT_EXPECT_EQ_MSG(test, caps.size, 0, "%u", i);
		if (size)
			KUNIT_EXPECT_EQ_MSG(test,
					    find_window(spdev, info.offset,
							size)->region->index,
					    i, "%u", i);
	}
}

/* Registers are not called for it; a region that is no BAR does not care. */
static void absent_bar_reads_all_ones_and_ignores_writes(struct kunit *test)
{
	struct kunit_regs *regs = regs_device(test);
	struct softpci_device *spdev = &regs->spdev;
	u8 before[REGS_SIZE], ones[8], buf[8];
	unsigned int pos, len;

	regs_fill(regs);
	memcpy(before, regs->val, sizeof(before));
	memset(ones, 0xff, sizeof(ones));
	config_put(spdev, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	for (pos = 0; pos < REGS_SIZE; pos++)
		for (len = 1; len <= 8 && pos + len <= REGS_SIZE; len++) {
			memset(buf, 0x5a, sizeof(buf));
			KUNIT_ASSERT_EQ(test,
					softpci_kunit_access(spdev, REGS_REGION,
							     pos, buf, len,
							      true), len);
			KUNIT_ASSERT_EQ(test,
					softpci_kunit_access(spdev, REGS_REGION,
							     pos, buf, len,
							      false), len);
			KUNIT_ASSERT_MEMEQ(test, buf, ones, len);
		}
	KUNIT_EXPECT_MEMEQ(test, regs->val, before, sizeof(before));
	KUNIT_EXPECT_NULL(test, memchr_inv(regs->reads, 0, REGS_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(regs->writes, 0, REGS_SIZE));

	/* The other kind of BAR is there, and what is none. */
	KUNIT_EXPECT_EQ(test, guest_read(spdev, 0, 0, 4), ~0U);
	KUNIT_EXPECT_EQ(test, guest_read(spdev, 3, 0, 4), 0);
	config_put(spdev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	KUNIT_EXPECT_EQ(test, guest_read(spdev, 3, 0, 4), ~0U);
	KUNIT_EXPECT_EQ(test, guest_read(spdev, REGS_REGION, ARRAY_POS, 1),
			0x40);
	config_put(spdev, spdev->config.pm + PCI_PM_CTRL, 2, 3);
	KUNIT_EXPECT_EQ(test, guest_read(spdev, REGS_REGION, ARRAY_POS, 1),
			0xff);
	KUNIT_EXPECT_EQ(test, guest_read(spdev, 16, 0, 4), 0);
	KUNIT_EXPECT_EQ(test, guest_read(spdev, VFIO_PCI_CONFIG_REGION_INDEX,
					 PCI_COMMAND, 1), PCI_COMMAND_MEMORY);
}

static struct kunit_case region_cases[] = {
	KUNIT_CASE(reads_of_all_lengths_and_alignments),
	KUNIT_CASE(writes_of_all_lengths_and_alignments),
	KUNIT_CASE(only_partial_writes_read_first),
	KUNIT_CASE(refused_value_ends_a_write_before_it),
	KUNIT_CASE(registers_are_told_apart_to_the_byte),
	KUNIT_CASE(regions_lie_apart_from_each_other),
	KUNIT_CASE(window_is_found_to_the_byte),
	KUNIT_CASE(nothing_is_found_far_away),
	KUNIT_CASE(region_info_of_every_index),
	KUNIT_CASE(absent_bar_reads_all_ones_and_ignores_writes),
	{}
};

static struct kunit_suite region_suite = {
	.name = "softpci-region",
	.test_cases = region_cases,
};

kunit_test_suite(region_suite);
