// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams that are not as they have to be (Documentation/migration.rst): each is
 * refused with the errno that is documented, the device stays as it is, and takes a
 * good one after that.  The content of STATE: test-stream-state.
 */
#include "../lib/refusal.h"

#define HEADER		sizeof(struct stream_header)
#define HEAD		sizeof(struct stream_section)
/* The bytes at the start of a section's content that are tried as those of its head. */
#define CONTENT_HEAD	40
/* Of those behind, one in this many is tried; odd, so that it meets all bits in turn. */
#define SPARSE		797
/* Of the heads, for a type whose streams take long; odd likewise. */
#define SPARSE_HEADS	7

/* The format is the same for all types: one without memory, and one with it, both quick. */
#define QUICK		(MTTY_2 | EXAMPLE)
#define SOME		(MDPY_VGA | MBOCHS_SMALL | QUICK)
/* A memory of each driver, the smallest and the largest among them. */
#define WITH_MEMORY	(MDPY_VGA | MBOCHS_LARGE | EXAMPLE)

static struct stream_header *header_of(const struct blob *stream)
{
	return (void *)stream->data;
}

/* The next byte to be tried: of heads all, or some, and of bodies some. */
static size_t next_byte(const struct refusal *r, size_t pos)
{
	size_t next = pos + (r->env->model->bit & QUICK ? 1 : SPARSE_HEADS);
	size_t section = HEADER, end = HEADER;

	if (pos >= HEADER) {
		while ((end = stream_section_end(&r->good, section)) <= pos)
			section = end;
		if (pos - section >= HEAD + CONTENT_HEAD)
			next = pos + SPARSE;
	}
	/* Not beyond the next head. */
	return next < end ? next : end;
}

static void a_stream_cut_short_anywhere_is_refused(struct env *env)
{
	struct refusal r;
	struct blob cut;
	size_t len;

	refusal_init(&r, env);
	for (len = 0; len < r.good.len; len = next_byte(&r, len)) {
		cut = r.good;
		cut.len = len;
		note("%zu bytes of %zu", len, r.good.len);
		expect_refused(&r, &cut, -EMSGSIZE);
	}
	expect_good_is_taken(&r);
}

static int errno_of_header(size_t pos)
{
	if (pos < offsetof(struct stream_header, major))
		return -EINVAL;
	if (pos < offsetof(struct stream_header, minor))
		return -EPROTONOSUPPORT;
	return -EBADMSG;
}

/* @at: of the section; @pos: the wrong byte in it. */
static int errno_of_section(const struct blob *bad, size_t at, size_t pos)
{
	const struct stream_section *section = stream_section_at(bad, at);

	if (pos >= offsetof(struct stream_section, sum))
		return -EBADMSG;
	if (pos < offsetof(struct stream_section, flags))
		return -EINVAL;
	if (pos < offsetof(struct stream_section, length))
		return section->flags == STREAM_SKIPPABLE ? -EBADMSG : -EINVAL;
	/* The others have one length. */
	if (section->id != STREAM_MEMORY || section->length <= sizeof(struct stream_memory) ||
	    section->length > sizeof(struct stream_memory) + STREAM_MAX_DATA)
		return -EINVAL;
	return at + HEAD + section->length > bad->len ? -EMSGSIZE : -EBADMSG;
}

static int errno_of(const struct refusal *r, const struct blob *bad, size_t pos)
{
	size_t at = HEADER;

	if (pos < HEADER)
		return errno_of_header(pos);
	while (stream_section_end(&r->good, at) <= pos)
		at = stream_section_end(&r->good, at);
	return errno_of_section(bad, at, pos - at);
}

static void a_flipped_bit_anywhere_is_refused(struct env *env)
{
	struct blob bad;
	struct refusal r;
	unsigned int bit;
	size_t pos;

	refusal_init(&r, env);
	bad = blob_copy(&r.good);
	for (pos = 0; pos < bad.len; pos = next_byte(&r, pos)) {
		bit = pos % 8;
		note("bit %u of byte %zu", bit, pos);
		bad.data[pos] ^= 1 << bit;
		expect_refused(&r, &bad, errno_of(&r, &bad, pos));
		bad.data[pos] ^= 1 << bit;
	}
	expect_good_is_taken(&r);
}

static void bytes_behind_the_end_are_refused(struct env *env)
{
	struct refusal r;
	struct blob bad;

	refusal_init(&r, env);
	bad = blob_copy(&r.good);
	blob_add(&bad, "", 1);
	expect_refused(&r, &bad, -EMSGSIZE);
	bad.len = r.good.len;
	blob_add(&bad, r.good.data + HEADER, r.good.len - HEADER);
	expect_refused(&r, &bad, -EMSGSIZE);
	bad.len = r.good.len;
	blob_add(&bad, r.good.data, r.good.len);
	expect_refused(&r, &bad, -EMSGSIZE);
	expect_good_is_taken(&r);
}

static void another_version_is_refused(struct env *env)
{
	static const u16 majors[] = { 0, 2, 0x101, 0xffff };
	struct refusal r;
	struct blob bad;
	unsigned int i;

	refusal_init(&r, env);
	bad = blob_copy(&r.good);
	for (i = 0; i < ARRAY_SIZE(majors); i++) {
		note("version %u.0", majors[i]);
		header_of(&bad)->major = majors[i];
		stream_seal_header(&bad);
		expect_refused(&r, &bad, -EPROTONOSUPPORT);
	}
	/* It may have sections that are ignored; this one has none. */
	note("version 1.65535");
	header_of(&bad)->major = 1;
	header_of(&bad)->minor = 0xffff;
	stream_seal_header(&bad);
	expect_taken(&r, &bad);
	expect_good_is_taken(&r);
}

static void another_type_is_refused(struct env *env)
{
	static const size_t fields[] = {
		offsetof(struct stream_header, type),
		offsetof(struct stream_header, type) + 31,
		offsetof(struct stream_header, vendor),
		offsetof(struct stream_header, device),
		offsetof(struct stream_header, subsystem_vendor),
		offsetof(struct stream_header, subsystem_device),
		offsetof(struct stream_header, class),
		offsetof(struct stream_header, class) + 3,
		offsetof(struct stream_header, identity),
		offsetof(struct stream_header, memory),
		offsetof(struct stream_header, memory) + 7,
	};
	struct refusal r;
	struct blob bad;
	unsigned int i;

	refusal_init(&r, env);
	bad = blob_copy(&r.good);
	/* By the header alone. */
	bad.len = HEADER;
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		note("byte %zu of the header", fields[i]);
		bad.data[fields[i]] ^= 0x10;
		stream_seal_header(&bad);
		expect_refused(&r, &bad, -ENXIO);
		bad.data[fields[i]] ^= 0x10;
	}
	expect_good_is_taken(&r);
}

static void the_stream_of_another_type_is_refused(struct env *env)
{
	const struct model *other = models + (env->model - models + 1) % NR_MODELS;
	struct blob stream = {};
	struct env source;
	struct refusal r;

	refusal_init(&r, env);
	env_open(&source, other->type, env->door);
	check_eq(mig_save(&source.dev, &stream), 0);
	vfio_close(&source.dev);
	note("stream of %s", other->type);
	/* It has to find the same resources. */
	r.before = used(env);
	expect_refused(&r, &stream, -ENXIO);
	expect_good_is_taken(&r);
}

static void the_header_bounds_the_state(struct env *env)
{
	u32 sizes[] = { 0, 0, 0, STREAM_MAX_STATE, STREAM_MAX_STATE + 1, ~0u }, size;
	struct refusal r;
	struct blob bad;
	unsigned int i;

	refusal_init(&r, env);
	bad = blob_copy(&r.good);
	size = header_of(&bad)->state;
	check_eq(size, stream_section_at(&bad, stream_find(&bad, HEADER, STREAM_STATE))->length);
	sizes[1] = size - 1;
	sizes[2] = size + 1;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		note("a state of %#x bytes", sizes[i]);
		header_of(&bad)->state = sizes[i];
		stream_seal_header(&bad);
		expect_refused(&r, &bad, -EINVAL);
	}
	expect_good_is_taken(&r);
}

static void lengths_that_cannot_be_are_refused(struct env *env)
{
	static const u32 ids[] = { STREAM_STATE, STREAM_MEMORY, STREAM_END };
	static const u64 lengths[] = {
		0, 1, 7, 9, sizeof(struct stream_memory), 1 << 30, 1ULL << 32, 1ULL << 63,
		~0ULL, ~0ULL - HEAD + 1,
		sizeof(struct stream_memory) + STREAM_MAX_DATA + 1,
	};
	struct refusal r;
	unsigned int i, l;
	struct blob bad;
	size_t pos;

	refusal_init(&r, env);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		pos = stream_find(&r.good, HEADER, ids[i]);
		if (!pos)
			continue;
		bad = blob_copy(&r.good);
		for (l = 0; l < ARRAY_SIZE(lengths); l++) {
			note("section %u of %#llx bytes", ids[i], lengths[l]);
			stream_section_at(&bad, pos)->length = lengths[l];
			/* Its checksum is not read any more. */
			expect_refused(&r, &bad, -EINVAL);
		}
		blob_free(&bad);
	}
	expect_good_is_taken(&r);
}

/* A section of @len bytes is put at @pos. */
static void put_section(struct blob *stream, size_t pos, u32 id, u32 flags, size_t len)
{
	struct stream_section section = { id, flags, len, 0 };
	u8 *content = calloc(1, len + 1);

	check(content);
	blob_insert(stream, pos, content, len);
	blob_insert(stream, pos, &section, sizeof(section));
	free(content);
	stream_seal(stream);
}

/* The section at @pos is refused with the flags @wrong, and taken with the one there is. */
static void expect_skippable_only(struct refusal *r, struct blob *stream, size_t pos, u32 wrong)
{
	stream_section_at(stream, pos)->flags = wrong;
	stream_seal(stream);
	expect_refused(r, stream, -EINVAL);
	stream_section_at(stream, pos)->flags = STREAM_SKIPPABLE;
	stream_seal(stream);
	expect_taken(r, stream);
}

static void unknown_sections_are_ignored_if_marked_and_else_refused(struct env *env)
{
	static const u32 ids[] = { 0, STREAM_EXTRA + 1, 0x10002, ~0u };
	static const size_t lengths[] = { 0, 1, 100000 };
	size_t state, end, place[3];
	struct refusal r;
	struct blob bad;
	unsigned int i;

	refusal_init(&r, env);
	state = stream_find(&r.good, HEADER, STREAM_STATE);
	end = stream_find(&r.good, HEADER, STREAM_END);
	place[0] = HEADER;
	place[1] = state;
	place[2] = end;
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		note("section %#x of %zu bytes", ids[i], lengths[i % 3]);
		bad = blob_copy(&r.good);
		put_section(&bad, place[i % 3], ids[i], 0, lengths[i % 3]);
		expect_refused(&r, &bad, -EINVAL);
		expect_skippable_only(&r, &bad, place[i % 3], ~STREAM_SKIPPABLE);
		/* Ignored, but not without a look. */
		stream_section_at(&bad, place[i % 3])->sum ^= 1;
		expect_refused(&r, &bad, -EBADMSG);
		/* One that never ends. */
		stream_section_at(&bad, place[i % 3])->length = ~0ULL;
		expect_refused(&r, &bad, -EMSGSIZE);
		blob_free(&bad);
	}
	expect_good_is_taken(&r);
}

static void known_sections_have_no_unknown_flags(struct env *env)
{
	struct refusal r;
	struct blob bad;
	size_t pos;

	refusal_init(&r, env);
	bad = blob_copy(&r.good);
	for (pos = HEADER; stream_section_at(&bad, pos); pos = stream_section_end(&bad, pos)) {
		note("section at %zu", pos);
		expect_skippable_only(&r, &bad, pos, 2);
		stream_section_at(&bad, pos)->flags = 0;
	}
	expect_good_is_taken(&r);
}

static void take_out(struct blob *stream, u32 id, struct blob *part)
{
	size_t pos = stream_find(stream, HEADER, id);

	part->len = 0;
	blob_add(part, stream->data + pos, stream_section_end(stream, pos) - pos);
	blob_remove(stream, pos, part->len);
}

static void sections_come_once_complete_and_the_end_last(struct env *env)
{
	struct blob bad, part = {};
	struct refusal r;

	refusal_init(&r, env);
	note("STATE twice");
	bad = blob_copy(&r.good);
	take_out(&bad, STREAM_STATE, &part);
	blob_insert(&bad, HEADER, part.data, part.len);
	blob_insert(&bad, HEADER, part.data, part.len);
	stream_seal(&bad);
	expect_refused(&r, &bad, -EINVAL);

	note("STATE once, and first");
	blob_remove(&bad, HEADER, part.len);
	stream_seal(&bad);
	expect_taken(&r, &bad);

	note("no STATE");
	blob_remove(&bad, HEADER, part.len);
	stream_seal(&bad);
	expect_refused(&r, &bad, -EINVAL);

	note("nothing but the end");
	bad.len = HEADER;
	put_section(&bad, HEADER, STREAM_END, 0, 8);
	expect_refused(&r, &bad, -EINVAL);

	note("the end, and then STATE");
	blob_add(&bad, part.data, part.len);
	stream_seal(&bad);
	expect_refused(&r, &bad, -EINVAL);

	note("no end");
	bad.len = r.good.len;
	memcpy(bad.data, r.good.data, bad.len);
	take_out(&bad, STREAM_END, &part);
	expect_refused(&r, &bad, -EMSGSIZE);

	note("the end before the last section");
	blob_insert(&bad, stream_find(&bad, HEADER, STREAM_STATE), part.data, part.len);
	stream_seal(&bad);
	expect_refused(&r, &bad, -EINVAL);
	expect_good_is_taken(&r);
}

static void the_end_counts_the_sections(struct env *env)
{
	struct refusal r;
	struct blob bad;
	unsigned int i;
	size_t end;
	u64 nr;

	refusal_init(&r, env);
	bad = blob_copy(&r.good);
	end = stream_find(&bad, HEADER, STREAM_END);
	memcpy(&nr, bad.data + end + HEAD, sizeof(nr));
	{
		const u64 counts[] = { 0, nr - 1, nr + 1, nr + (1ULL << 32), ~0ULL };

		for (i = 0; i < ARRAY_SIZE(counts); i++) {
			note("%llu sections, not %llu", counts[i], nr);
			memcpy(bad.data + end + HEAD, &counts[i], sizeof(nr));
			stream_seal_section(&bad, end);
			expect_refused(&r, &bad, -EINVAL);
		}
	}
	expect_good_is_taken(&r);
}

static void memory_lies_where_there_is_some(struct env *env)
{
	const u64 size = memory_size(env->model);
	const struct stream_memory heads[] = {
		{ 1, 0, 0 }, { ~0u, 0, 0 }, { 0x80000000, 0, 0 }, { 0, 1, 0 }, { 0, ~0u, 0 },
		{ 0, 0, size }, { 0, 0, size - REFUSAL_PAGE + 1 }, { 0, 0, size + REFUSAL_PAGE },
		{ 0, 0, ~0ULL }, { 0, 0, ~0ULL - REFUSAL_PAGE + 1 }, { 0, 0, 1ULL << 63 },
		{ 0, 0, 1ULL << 32 },
	};
	struct stream_memory *head;
	struct refusal r;
	struct blob bad;
	unsigned int i;
	size_t pos;

	refusal_init(&r, env);
	bad = blob_copy(&r.good);
	pos = stream_find(&bad, HEADER, STREAM_MEMORY);
	for (i = 0; i < ARRAY_SIZE(heads); i++) {
		note("memory %#x, reserved %#x, offset %#llx", heads[i].memory, heads[i].reserved,
		     heads[i].offset);
		head = (void *)bad.data + pos + HEAD;
		*head = heads[i];
		stream_seal_section(&bad, pos);
		expect_refused(&r, &bad, -EINVAL);
	}
	/* At any place, of any length. */
	head->offset = size - REFUSAL_PAGE - 1;
	head->memory = 0;
	head->reserved = 0;
	stream_seal_section(&bad, pos);
	expect_taken(&r, &bad);
	expect_good_is_taken(&r);
}

static void a_device_without_memory_takes_none(struct env *env)
{
	struct refusal r;
	struct blob bad;

	refusal_init(&r, env);
	bad = blob_copy(&r.good);
	put_section(&bad, HEADER, STREAM_MEMORY, 0, sizeof(struct stream_memory) + 1);
	expect_refused(&r, &bad, -EINVAL);
	expect_good_is_taken(&r);
}

const struct test_case cases[] = {
	CASE(a_stream_cut_short_anywhere_is_refused, SOME | ONE_DOOR),
	CASE(a_flipped_bit_anywhere_is_refused, SOME | ONE_DOOR),
	CASE(bytes_behind_the_end_are_refused, QUICK | ONE_DOOR),
	CASE(another_version_is_refused, QUICK | ONE_DOOR),
	CASE(another_type_is_refused, EACH | ONE_DOOR),
	CASE(the_stream_of_another_type_is_refused, EACH | ONE_DOOR),
	CASE(the_header_bounds_the_state, QUICK | ONE_DOOR),
	CASE(lengths_that_cannot_be_are_refused, QUICK | ONE_DOOR),
	CASE(unknown_sections_are_ignored_if_marked_and_else_refused, QUICK | ONE_DOOR),
	CASE(known_sections_have_no_unknown_flags, QUICK | ONE_DOOR),
	CASE(sections_come_once_complete_and_the_end_last, QUICK | ONE_DOOR),
	CASE(the_end_counts_the_sections, QUICK | ONE_DOOR),
	CASE(memory_lies_where_there_is_some, WITH_MEMORY | ONE_DOOR),
	CASE(a_device_without_memory_takes_none, MTTY | ONE_DOOR),
	{}
};
