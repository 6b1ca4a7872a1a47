// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams of a migration that are refused without a trace. Included behind
 * migration.c, whose model it uses.
 */

/**
 * struct target - a device that refuses
 * @svfio: the device
 * @number: its state
 */
struct target {
	struct softpci_vfio *svfio;
	u32 number;
};

static struct target new_target(struct kunit *test)
{
	struct target t = { .svfio = mig_device(test), .number = 0x600d };

	to_migrating(t.svfio)->number = t.number;
	put_byte(t.svfio, 0, 3 * PAGE_SIZE + 1, 0x99);
	return t;
}

/* Refused by write(2) or when all has come: the errno. The device is as it was. */
static int refusal(struct kunit *test, struct target *t,
		   const struct mig_stream *stream)
{
	int ret, stop;

	KUNIT_ASSERT_EQ(test, go(t->svfio, VFIO_DEVICE_STATE_RESUMING), 1);
	ret = feed_stream(t->svfio, stream, STREAM_ROOM);
	stop = go(t->svfio, VFIO_DEVICE_STATE_STOP);
	if (ret)
		KUNIT_EXPECT_EQ(test, stop, ret);
	if (stop)
		expect_state(test, t->svfio, VFIO_DEVICE_STATE_RESUMING);
	KUNIT_EXPECT_EQ(test, to_migrating(t->svfio)->number,
			stop ? t->number : to_migrating(t->svfio)->number);
	if (stop)
		KUNIT_EXPECT_EQ(test, get_byte(t->svfio, 0, 3 * PAGE_SIZE + 1),
				0x99);
	reset_mig(test, t->svfio);
	return stop;
}

/* All of the first bytes and of the last, and some of those between. */
static bool is_sampled(const struct mig_stream *stream, size_t pos)
{
	return pos < 160 || pos + 80 > stream->len || pos % 61 == 0;
}

static void every_truncated_migration_is_refused(struct kunit *test)
{
	struct mig_stream *stream = saved_stream(test, 1);
	struct target t = new_target(test);
	size_t size = stream->len, len;

	for (len = 0; len < size; len++) {
		if (!is_sampled(stream, len))
			continue;
		stream->len = len;
		KUNIT_EXPECT_EQ_MSG(test, refusal(test, &t, stream), -EMSGSIZE,
				    "%zu bytes", len);
		stream->len = size;
	}
	KUNIT_EXPECT_EQ(test, refusal(test, &t, stream), 0);
	KUNIT_EXPECT_EQ(test, to_migrating(t.svfio)->number, 1);
}

/* One bit of each byte, a different one than in the byte before. */
static void every_changed_byte_of_a_migration_is_refused(struct kunit *test)
{
	struct mig_stream *stream = saved_stream(test, 1);
	struct target t = new_target(test);
	size_t pos;

	for (pos = 0; pos < stream->len; pos++) {
		if (!is_sampled(stream, pos))
			continue;
		stream->buf[pos] ^= BIT(pos % 8);
		KUNIT_EXPECT_LT_MSG(test, refusal(test, &t, stream), 0,
				    "byte %zu", pos);
		stream->buf[pos] ^= BIT(pos % 8);
	}
	KUNIT_EXPECT_EQ(test, refusal(test, &t, stream), 0);
}

static void put_bytes(struct mig_stream *stream, const void *bytes, size_t len)
{
	memcpy(stream->buf + stream->len, bytes, len);
	stream->len += len;
}

static void put_section(struct mig_stream *stream, u32 id, u32 flags,
			const void *content, size_t len)
{
	struct softpci_stream_section head = {
		.id = cpu_to_le32(id),
		.flags = cpu_to_le32(flags),
		.length = cpu_to_le64(len),
	};

	head.sum = softpci_stream_sum(&head, offsetof(typeof(head), sum),
				      content, len);
	put_bytes(stream, &head, sizeof(head));
	put_bytes(stream, content, len);
}

static void put_memory(struct kunit *test, struct mig_stream *stream,
		       u32 memory, u32 reserved, u64 offset, size_t len)
{
	struct softpci_stream_memory head = {
		.memory = cpu_to_le32(memory),
		.reserved = cpu_to_le32(reserved),
		.offset = cpu_to_le64(offset),
	};
	u8 *content = kunit_kzalloc(test, sizeof(head) + len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, content);
	memcpy(content, &head, sizeof(head));
	put_section(stream, SOFTPCI_STREAM_MEMORY, 0, content,
		    sizeof(head) + len);
}

static void put_state(struct kunit *test, struct mig_stream *stream,
		      struct softpci_vfio *svfio)
{
	int size = softpci_state_size(svfio->dev);
	u8 *content = kunit_kzalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, content);
	KUNIT_ASSERT_EQ(test, softpci_state_save(svfio->dev, content, size), size);
	put_section(stream, SOFTPCI_STREAM_STATE, 0, content, size);
}

static void put_end(struct mig_stream *stream, u64 sections)
{
	struct softpci_stream_end end = { .sections = cpu_to_le64(sections) };

	put_section(stream, SOFTPCI_STREAM_END, 0, &end, sizeof(end));
}

static struct softpci_stream_header *put_header(struct mig_stream *stream,
						struct softpci_vfio *svfio)
{
	struct softpci_stream_header header;

	stream->len = 0;
	softpci_stream_make_header(svfio, &header);
	put_bytes(stream, &header, sizeof(header));
	return (struct softpci_stream_header *)stream->buf;
}

static void seal_header(struct softpci_stream_header *header)
{
	header->sum = softpci_stream_sum(header, offsetof(typeof(*header), sum),
					 NULL, 0);
}

static const struct header_case {
	const char *name;
	size_t offset;
	u8 flip;
	int err;
} header_cases[] = {
#define HEADER(_field, _byte, _flip, _err) \
	{ #_field, offsetof(struct softpci_stream_header, _field) + (_byte), \
	  _flip, _err }
	HEADER(magic, 0, 1, -EINVAL),
	HEADER(major, 0, 3, -EPROTONOSUPPORT),
	HEADER(minor, 0, 7, 0),
	HEADER(type, 0, 1, -ENXIO),
	HEADER(type, SOFTPCI_STREAM_TYPE - 1, 1, -ENXIO),
	HEADER(vendor, 0, 1, -ENXIO),
	HEADER(device, 1, 1, -ENXIO),
	HEADER(subsystem_vendor, 0, 1, -ENXIO),
	HEADER(subsystem_device, 0, 1, -ENXIO),
	HEADER(class, 3, 1, -ENXIO),
	HEADER(identity, 0, 1, -ENXIO),
	HEADER(memory, 0, 1, -ENXIO),
	HEADER(state, 0, 1, -EINVAL),
	HEADER(state, 3, 1, -EINVAL),
#undef HEADER
};

KUNIT_ARRAY_PARAM_DESC(header, header_cases, name);

static void header_is_refused_for_its_fault(struct kunit *test)
{
	const struct header_case *c = test->param_value;
	struct mig_stream *stream = new_stream(test);
	struct target t = new_target(test);
	struct softpci_stream_header *header = put_header(stream, t.svfio);

	stream->buf[c->offset] ^= c->flip;
	seal_header(header);
	put_state(test, stream, t.svfio);
	put_end(stream, 1);
	KUNIT_EXPECT_EQ(test, refusal(test, &t, stream), c->err);
}

static void memory_is_refused_outside_of_the_device(struct kunit *test)
{
	const struct {
		u32 memory;
		u32 reserved;
		u64 offset;
		size_t len;
		int err;
	} cases[] = {
		{ 0, 0, 0, 1, 0 },
		{ 0, 0, MIG_SIZE - 1, 1, 0 },
		{ 0, 0, 1, SOFTPCI_STREAM_MAX_DATA, 0 },
		{ 0, 0, 0, SOFTPCI_STREAM_MAX_DATA + 1, -EINVAL },
		{ 0, 0, 0, 0, -EINVAL },
		{ 0, 0, MIG_SIZE - 1, 2, -EINVAL },
		{ 0, 0, MIG_SIZE, 1, -EINVAL },
		{ 0, 0, U64_MAX, 1, -EINVAL },
		{ 1, 0, PAGE_SIZE, 1, -EINVAL },
		{ 2, 0, 0, 1, -EINVAL },
		{ U32_MAX, 0, 0, 1, -EINVAL },
		{ 0, 1, 0, 1, -EINVAL },
	};
	struct mig_stream *stream = new_stream(test);
	struct target t = new_target(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		put_header(stream, t.svfio);
		put_memory(test, stream, cases[i].memory, cases[i].reserved,
			   cases[i].offset, cases[i].len);
		put_state(test, stream, t.svfio);
		put_end(stream, 2);
		put_byte(t.svfio, 0, 3 * PAGE_SIZE + 1, 0x99);
		KUNIT_EXPECT_EQ_MSG(test, refusal(test, &t, stream),
				    cases[i].err, "%u", i);
	}
}

static void sections_are_refused_where_they_do_not_belong(struct kunit *test)
{
	struct mig_stream *stream = new_stream(test);
	struct target t = new_target(test);
	const u8 junk[100] = {};

	/* Nothing but the end, and the state twice. */
	put_header(stream, t.svfio);
	put_end(stream, 0);
	KUNIT_EXPECT_EQ(test, refusal(test, &t, stream), -EINVAL);
	put_header(stream, t.svfio);
	put_state(test, stream, t.svfio);
	put_state(test, stream, t.svfio);
	put_end(stream, 2);
	KUNIT_EXPECT_EQ(test, refusal(test, &t, stream), -EINVAL);

	/* Another number of sections, and something behind the end. */
	put_header(stream, t.svfio);
	put_state(test, stream, t.svfio);
	put_end(stream, 2);
	KUNIT_EXPECT_EQ(test, refusal(test, &t, stream), -EINVAL);
	put_header(stream, t.svfio);
	put_state(test, stream, t.svfio);
	put_end(stream, 1);
	put_bytes(stream, junk, 1);
	KUNIT_EXPECT_EQ(test, refusal(test, &t, stream), -EMSGSIZE);

	/* Unknown, flags that are, and one that says that it can be skipped. */
	put_header(stream, t.svfio);
	put_section(stream, 99, 0, junk, sizeof(junk));
	KUNIT_EXPECT_EQ(test, refusal(test, &t, stream), -EINVAL);
	put_header(stream, t.svfio);
	put_section(stream, SOFTPCI_STREAM_END, 2, junk, 8);
	KUNIT_EXPECT_EQ(test, refusal(test, &t, stream), -EINVAL);
	put_header(stream, t.svfio);
	put_section(stream, 99, SOFTPCI_STREAM_SKIPPABLE, junk, sizeof(junk));
	put_section(stream, 98, SOFTPCI_STREAM_SKIPPABLE, junk, 0);
	put_state(test, stream, t.svfio);
	put_end(stream, 3);
	KUNIT_EXPECT_EQ(test, refusal(test, &t, stream), 0);
}

static void state_that_the_model_refuses_leaves_the_memory(struct kunit *test)
{
	struct mig_stream *stream = saved_stream(test, 1);
	struct target t = new_target(test);

	to_migrating(t.svfio)->refuse = -ERANGE;
	KUNIT_EXPECT_EQ(test, refusal(test, &t, stream), -ERANGE);
	to_migrating(t.svfio)->refuse = 0;
	KUNIT_EXPECT_EQ(test, refusal(test, &t, stream), 0);
}

static void stream_can_be_finished_after_a_stop_that_was_too_early(struct kunit *test)
{
	struct mig_stream *stream = saved_stream(test, 1);
	struct target t = new_target(test);
	size_t size = stream->len, part = size / 2;

	KUNIT_ASSERT_EQ(test, go(t.svfio, VFIO_DEVICE_STATE_RESUMING), 1);
	stream->len = part;
	KUNIT_EXPECT_EQ(test, feed_stream(t.svfio, stream, STREAM_ROOM), 0);
	KUNIT_EXPECT_EQ(test, go(t.svfio, VFIO_DEVICE_STATE_STOP), -EMSGSIZE);
	stream->len = size - part;
	memmove(stream->buf, stream->buf + part, stream->len);
	KUNIT_EXPECT_EQ(test, feed_stream(t.svfio, stream, STREAM_ROOM), 0);
	KUNIT_EXPECT_EQ(test, go(t.svfio, VFIO_DEVICE_STATE_STOP), 0);
	KUNIT_EXPECT_EQ(test, to_migrating(t.svfio)->number, 1);
}

static void other_model_is_refused(struct kunit *test)
{
	static struct softpci_memory_desc memories[] = {
		{ .size = MIG_SIZE + PAGE_SIZE },
		{ .size = PAGE_SIZE, .fill = fill_with_sevens },
	};
	static struct softpci_model other;
	struct mig_stream *stream = saved_stream(test, 1);
	struct softpci_vfio *svfio;

	other = migrating_model;
	other.memories = memories;
	svfio = kunit_vfio(test, &other);
	softpci_mig_offer(svfio);
	KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_RESUMING), 1);
	KUNIT_EXPECT_EQ(test, feed_stream(svfio, stream, STREAM_ROOM), -ENXIO);
	KUNIT_EXPECT_EQ(test, go(svfio, VFIO_DEVICE_STATE_RUNNING), -ENXIO);
	KUNIT_EXPECT_EQ(test, to_migrating(svfio)->number, 0);
}

static struct kunit_case migration_refused_cases[] = {
	KUNIT_CASE(every_truncated_migration_is_refused),
	KUNIT_CASE(every_changed_byte_of_a_migration_is_refused),
	KUNIT_CASE_PARAM(header_is_refused_for_its_fault, header_gen_params),
	KUNIT_CASE(memory_is_refused_outside_of_the_device),
	KUNIT_CASE(sections_are_refused_where_they_do_not_belong),
	KUNIT_CASE(state_that_the_model_refuses_leaves_the_memory),
	KUNIT_CASE(stream_can_be_finished_after_a_stop_that_was_too_early),
	KUNIT_CASE(other_model_is_refused),
	{}
};

static struct kunit_suite migration_refused_suite = {
	.name = "softpci-migration-refused",
	.test_cases = migration_refused_cases,
};

kunit_test_suite(migration_refused_suite);
