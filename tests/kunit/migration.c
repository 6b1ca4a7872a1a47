// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state machine, and streams from one device to another.  The data file is
 * left out: its read() and write() need a process.
 */
#include <linux/file.h>

#include "vfio.h"

#define MIG_PAGES	32
#define MIG_SIZE	(MIG_PAGES * PAGE_SIZE)
#define STREAM_ROOM	SZ_512K

/**
 * struct migrating - a device with memories and a state
 * @dev: must be first
 * @number: its state
 * @starts: how often it was started
 * @stops: how often it was stopped
 * @refuse: what post_load() returns
 */
struct migrating {
	struct softpci_device dev;
	u32 number;
	unsigned int starts;
	unsigned int stops;
	int refuse;
};

static struct migrating *to_migrating(struct softpci_vfio *svfio)
{
	return container_of(svfio->dev, struct migrating, dev);
}

static int migrating_start(struct softpci_device *dev)
{
	container_of(dev, struct migrating, dev)->starts++;
	return 0;
}

static void migrating_stop(struct softpci_device *dev)
{
	container_of(dev, struct migrating, dev)->stops++;
}

static int migrating_post_load(struct softpci_device *dev)
{
	return container_of(dev, struct migrating, dev)->refuse;
}

static const struct softpci_ops migrating_ops = {
	.start	= migrating_start,
	.stop	= migrating_stop,
};

static const struct softpci_field migrating_fields[] = {
	SOFTPCI_FIELD(struct migrating, number),
};

static const struct softpci_state migrating_state = {
	.version	= 1,
	SOFTPCI_TABLE(fields, migrating_fields),
	.post_load	= migrating_post_load,
};

static int fill_with_sevens(struct softpci_device *dev, unsigned int memory)
{
	return softpci_memory_set(dev, memory, 0, 7, PAGE_SIZE);
}

static const struct softpci_memory_desc migrating_memories[] = {
	{ .size = MIG_SIZE },
	{ .size = PAGE_SIZE, .fill = fill_with_sevens },
};

static const struct softpci_model migrating_model = {
	.device_size	= sizeof(struct migrating),
	.ops		= &migrating_ops,
	.vendor		= 0x1234,
	.device		= 0x5678,
	SOFTPCI_TABLE(memories, migrating_memories),
	.state		= &migrating_state,
};

static struct softpci_vfio *mig_device(struct kunit *test)
{
	struct softpci_vfio *svfio = kunit_vfio(test, &migrating_model);

	softpci_mig_offer(svfio);
	return svfio;
}

/* 1: with a new data file, which is closed at once; 0: without; or an errno. */
static int go(struct softpci_vfio *svfio, enum vfio_device_mig_state to)
{
	struct file *filp = set_state(&svfio->vdev, to);

	if (IS_ERR_OR_NULL(filp))
		return PTR_ERR(filp);
	fput(filp);
	return 1;
}

static void reset_mig(struct kunit *test, struct softpci_vfio *svfio)
{
	guard(mutex)(&svfio->mig.lock);
	KUNIT_EXPECT_EQ(test, softpci_mig_reset(svfio), 0);
}

static enum vfio_device_mig_state state_of(struct softpci_vfio *svfio)
{
	enum vfio_device_mig_state state;

	KUNIT_EXPECT_EQ(kunit_get_current_test(),
			get_state(&svfio->vdev, &state), 0);
	return state;
}

static bool is_precopy(u32 state)
{
	return state == VFIO_DEVICE_STATE_PRE_COPY ||
	       state == VFIO_DEVICE_STATE_PRE_COPY_P2P;
}

static bool is_saving(u32 state)
{
	return is_precopy(state) || state == VFIO_DEVICE_STATE_STOP_COPY;
}

/* As the comments in <linux/vfio.h> have it. */
static int expected(u32 from, u32 to)
{
	if (from == to)
		return 0;
	if (to == VFIO_DEVICE_STATE_ERROR || to > VFIO_DEVICE_STATE_PRE_COPY_P2P)
		return -EINVAL;
	/* Nothing was written: the stream is not complete. */
	if (from == VFIO_DEVICE_STATE_RESUMING)
		return -EMSGSIZE;
	if (from == VFIO_DEVICE_STATE_STOP_COPY && is_precopy(to))
		return -EINVAL;
	if (is_saving(to))
		return !is_saving(from);
	return to == VFIO_DEVICE_STATE_RESUMING;
}

/* Session, and whether anything of the device may run. */
static void expect_state(struct kunit *test, struct softpci_vfio *svfio,
			 u32 state)
{
	KUNIT_EXPECT_EQ(test, state_of(svfio), state);
	KUNIT_EXPECT_EQ(test, !!svfio->mig.session,
			is_saving(state) || state == VFIO_DEVICE_STATE_RESUMING);
	KUNIT_EXPECT_EQ(test, svfio->dev->quiesced,
			state != VFIO_DEVICE_STATE_RUNNING &&
			state != VFIO_DEVICE_STATE_PRE_COPY);
}

static void every_pair_of_states_is_allowed_or_refused(struct kunit *test)
{
	struct softpci_vfio *svfio = mig_device(test);
	u32 from, to;

	for (from = VFIO_DEVICE_STATE_STOP;
	     from <= VFIO_DEVICE_STATE_PRE_COPY_P2P; from++)
		for (to = 0; to <= VFIO_DEVICE_STATE_PRE_COPY_P2P + 2; to++) {
			int want = expected(from, to);

			KUNIT_ASSERT_GE(test, go(svfio, from), 0);
			KUNIT_EXPECT_EQ_MSG(test, go(svfio, to), want,
					    "from %u to %u", from, to);
			expect_state(test, svfio, want < 0 ? from : to);
			reset_mig(test, svfio);
			expect_state(test, svfio, VFIO_DEVICE_STATE_RUNNING);
		}
	KUNIT_EXPECT_EQ(test, go(svfio, U32_MAX), -EINVAL);
}

static void only_a_reset_leads_out_of_error(struct kunit *test)
{
	struct softpci_vfio *svfio = mig_device(test);
	u32 to;

	KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_STOP), 0);
	scoped_guard(mutex, &svfio->mig.lock)
		svfio->mig.state = VFIO_DEVICE_STATE_ERROR;
	for (to = 0; to <= VFIO_DEVICE_STATE_PRE_COPY_P2P; to++)
		KUNIT_EXPECT_EQ(test, go(svfio, to), -EINVAL);
	expect_state(test, svfio, VFIO_DEVICE_STATE_ERROR);
	reset_mig(test, svfio);
	expect_state(test, svfio, VFIO_DEVICE_STATE_RUNNING);
}

static void model_stops_and_starts_once_on_the_way(struct kunit *test)
{
	struct softpci_vfio *svfio = mig_device(test);
	struct migrating *m = to_migrating(svfio);

	KUNIT_EXPECT_EQ(test, m->starts, 1);
	KUNIT_EXPECT_EQ(test, go(svfio, VFIO_DEVICE_STATE_PRE_COPY), 1);
	KUNIT_EXPECT_EQ(test, m->stops, 0);
	KUNIT_EXPECT_EQ(test, go(svfio, VFIO_DEVICE_STATE_STOP_COPY), 0);
	KUNIT_EXPECT_EQ(test, go(svfio, VFIO_DEVICE_STATE_STOP), 0);
	KUNIT_EXPECT_EQ(test, m->stops, 1);
	KUNIT_EXPECT_EQ(test, go(svfio, VFIO_DEVICE_STATE_RUNNING_P2P), 0);
	KUNIT_EXPECT_EQ(test, m->starts, 1);
	KUNIT_EXPECT_EQ(test, go(svfio, VFIO_DEVICE_STATE_RUNNING), 0);
	KUNIT_EXPECT_EQ(test, m->starts, 2);
	KUNIT_EXPECT_EQ(test, m->stops, 1);
}

static void session_ends_with_a_reset_and_with_its_user(struct kunit *test)
{
	struct softpci_vfio *svfio = mig_device(test);
	struct softpci_session *session;
	unsigned int close;
	u32 state;

	for (state = VFIO_DEVICE_STATE_STOP;
	     state <= VFIO_DEVICE_STATE_PRE_COPY_P2P; state++)
		for (close = 0; close < 2; close++) {
			KUNIT_ASSERT_GE(test, go(svfio, state), 0);
			session = svfio->mig.session;
			if (session)
				kref_get(&session->ref);
			if (close)
				kunit_vfio_reopen(test, svfio);
			else
				reset_mig(test, svfio);
			expect_state(test, svfio, VFIO_DEVICE_STATE_RUNNING);
			if (!session)
				continue;
			KUNIT_EXPECT_NULL(test, session->svfio);
			softpci_session_put(session);
		}
}

/**
 * struct mig_stream - a stream in memory
 * @len: its length
 * @buf: its bytes
 */
struct mig_stream {
	size_t len;
	u8 buf[STREAM_ROOM];
};

static void action_kvfree(void *data)
{
	kvfree(data);
}

static struct mig_stream *new_stream(struct kunit *test)
{
	struct mig_stream *stream = kvzalloc(sizeof(*stream), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, stream);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, action_kvfree,
							stream), 0);
	return stream;
}

/* All that can be read now: how it ended, 0 or -ENOMSG, or an errno. */
static int read_all(struct kunit *test, struct softpci_vfio *svfio,
		    struct mig_stream *stream)
{
	struct softpci_save *save = &svfio->mig.session->save;
	int ret;

	while ((ret = softpci_save_fill(save, svfio)) > 0 || ret == -EAGAIN) {
		if (ret < 0)
			continue;
		KUNIT_ASSERT_LE(test, stream->len + save->len, STREAM_ROOM);
		memcpy(stream->buf + stream->len, save->buf, save->len);
		stream->len += save->len;
		save->pos = save->len;
	}
	return ret;
}

/* In pieces of @piece bytes. */
static int feed_stream(struct softpci_vfio *svfio,
		       const struct mig_stream *stream, size_t piece)
{
	struct softpci_load *load = &svfio->mig.session->load;
	size_t pos, n;
	int ret = 0;

	for (pos = 0; pos < stream->len && !ret; pos += n) {
		n = min(piece, stream->len - pos);
		ret = softpci_load_feed(load, svfio, stream->buf + pos, n);
	}
	return ret;
}

static void put_byte(struct softpci_vfio *svfio, unsigned int memory, u64 pos,
		     u8 byte)
{
	KUNIT_EXPECT_EQ(kunit_get_current_test(),
			softpci_memory_write(svfio->dev, memory, pos, &byte, 1),
			0);
}

static u8 get_byte(struct softpci_vfio *svfio, unsigned int memory, u64 pos)
{
	u8 byte = 0;

	KUNIT_EXPECT_EQ(kunit_get_current_test(),
			softpci_memory_read(svfio->dev, memory, pos, &byte, 1),
			0);
	return byte;
}

/* Of a device with @number and something in its memory. */
static struct mig_stream *saved_stream(struct kunit *test, u32 number)
{
	struct softpci_vfio *svfio = mig_device(test);
	struct mig_stream *stream = new_stream(test);
	unsigned long size = 0;

	to_migrating(svfio)->number = number;
	put_byte(svfio, 0, 3 * PAGE_SIZE + 1, 0x33);
	put_byte(svfio, 0, MIG_SIZE - 1, 0x44);
	put_byte(svfio, 1, 9, 0x55);
	KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_STOP_COPY), 1);
	KUNIT_EXPECT_EQ(test, get_data_size(&svfio->vdev, &size), 0);
	KUNIT_EXPECT_EQ(test, read_all(test, svfio, stream), 0);
	KUNIT_EXPECT_EQ(test, stream->len, size);
	/* For ever. */
	KUNIT_EXPECT_EQ(test, read_all(test, svfio, stream), 0);
	KUNIT_EXPECT_EQ(test, stream->len, size);
	return stream;
}

static void stream_comes_in_pieces_of_any_length(struct kunit *test)
{
	static const size_t pieces[] = { 1, 7, 24, 75, 76, 77, 4096, STREAM_ROOM };
	struct mig_stream *stream = saved_stream(test, 0x12345678);
	struct softpci_vfio *svfio = mig_device(test);
	struct migrating *m = to_migrating(svfio);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		m->number = i;
		put_byte(svfio, 0, 5 * PAGE_SIZE, 0xff);
		KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_RESUMING), 1);
		KUNIT_EXPECT_EQ_MSG(test, feed_stream(svfio, stream, pieces[i]),
				    0, "pieces of %zu", pieces[i]);
		/* Nothing is changed before all is there. */
		KUNIT_EXPECT_EQ(test, m->number, i);
		KUNIT_EXPECT_EQ(test, get_byte(svfio, 0, 5 * PAGE_SIZE), 0xff);
		KUNIT_EXPECT_EQ(test, go(svfio, VFIO_DEVICE_STATE_STOP), 0);
		KUNIT_EXPECT_EQ(test, m->number, 0x12345678);
		KUNIT_EXPECT_EQ(test, get_byte(svfio, 0, 5 * PAGE_SIZE), 0);
		KUNIT_EXPECT_EQ(test, get_byte(svfio, 0, 3 * PAGE_SIZE + 1),
				0x33);
		KUNIT_EXPECT_EQ(test, get_byte(svfio, 0, MIG_SIZE - 1), 0x44);
		KUNIT_EXPECT_EQ(test, get_byte(svfio, 1, 8), 7);
		KUNIT_EXPECT_EQ(test, get_byte(svfio, 1, 9), 0x55);
		KUNIT_EXPECT_EQ(test, go(svfio, VFIO_DEVICE_STATE_RUNNING), 0);
	}
}

static void pages_that_were_not_touched_are_not_sent(struct kunit *test)
{
	struct softpci_vfio *from = mig_device(test), *to = mig_device(test);
	struct mig_stream *stream = new_stream(test);

	KUNIT_ASSERT_EQ(test, go(from, VFIO_DEVICE_STATE_STOP_COPY), 1);
	KUNIT_EXPECT_EQ(test, read_all(test, from, stream), 0);
	KUNIT_EXPECT_LT(test, stream->len, 1024);

	put_byte(to, 0, 77, 1);
	put_byte(to, 1, 77, 1);
	KUNIT_ASSERT_EQ(test, go(to, VFIO_DEVICE_STATE_RESUMING), 1);
	KUNIT_EXPECT_EQ(test, feed_stream(to, stream, STREAM_ROOM), 0);
	KUNIT_EXPECT_EQ(test, go(to, VFIO_DEVICE_STATE_RUNNING), 0);
	KUNIT_EXPECT_EQ(test, get_byte(to, 0, 77), 0);
	KUNIT_EXPECT_EQ(test, get_byte(to, 1, 77), 7);
}

/* In struct vfio_precopy_info, if they are left alone. */
#define UNTOUCHED_FLAGS	0x5a5a

static struct vfio_precopy_info precopy_info(struct softpci_vfio *svfio)
{
	struct softpci_save *save = &svfio->mig.session->save;
	struct vfio_precopy_info info = { .flags = UNTOUCHED_FLAGS };
	struct softpci_left left = {};
	int ret;

	while ((ret = softpci_save_count(save, svfio, &left)) > 0)
		;
	KUNIT_EXPECT_EQ(kunit_get_current_test(), ret, 0);
	softpci_save_info(save, &left, svfio->vdev.precopy_info_v2, &info);
	return info;
}

static u64 left(struct softpci_vfio *svfio)
{
	return precopy_info(svfio).initial_bytes;
}

static void precopy_sends_memory_and_stop_copy_the_rest(struct kunit *test)
{
	struct softpci_vfio *from = mig_device(test), *to = mig_device(test);
	struct mig_stream *stream = new_stream(test);
	u64 size;

	put_byte(from, 0, 0, 1);
	KUNIT_ASSERT_EQ(test, go(from, VFIO_DEVICE_STATE_PRE_COPY), 1);
	size = left(from);
	KUNIT_EXPECT_GT(test, size, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, read_all(test, from, stream), -ENOMSG);
	KUNIT_EXPECT_EQ(test, stream->len, size);
	KUNIT_EXPECT_EQ(test, left(from), 0);
	/* Behind and before the place that it has come to. */
	put_byte(from, 0, 0, 2);
	put_byte(from, 0, 9 * PAGE_SIZE, 3);
	to_migrating(from)->number = 4;
	KUNIT_EXPECT_EQ(test, go(from, VFIO_DEVICE_STATE_PRE_COPY_P2P), 0);
	KUNIT_EXPECT_EQ(test, go(from, VFIO_DEVICE_STATE_PRE_COPY), 0);
	KUNIT_EXPECT_FALSE(test, from->dev->quiesced);
	KUNIT_EXPECT_EQ(test, go(from, VFIO_DEVICE_STATE_STOP_COPY), 0);
	KUNIT_EXPECT_EQ(test, read_all(test, from, stream), 0);

	KUNIT_ASSERT_EQ(test, go(to, VFIO_DEVICE_STATE_RESUMING), 1);
	KUNIT_EXPECT_EQ(test, feed_stream(to, stream, 1000), 0);
	KUNIT_EXPECT_EQ(test, go(to, VFIO_DEVICE_STATE_RUNNING), 0);
	KUNIT_EXPECT_EQ(test, get_byte(to, 0, 0), 2);
	KUNIT_EXPECT_EQ(test, get_byte(to, 0, 9 * PAGE_SIZE), 3);
	KUNIT_EXPECT_EQ(test, to_migrating(to)->number, 4);
}

static void session_that_has_ended_is_followed_by_a_new_one(struct kunit *test)
{
	struct mig_stream *first = new_stream(test), *second = new_stream(test);
	struct softpci_vfio *svfio = mig_device(test);

	KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_PRE_COPY), 1);
	KUNIT_EXPECT_EQ(test, read_all(test, svfio, first), -ENOMSG);
	KUNIT_EXPECT_EQ(test, go(svfio, VFIO_DEVICE_STATE_RUNNING), 0);
	KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_PRE_COPY), 1);
	KUNIT_EXPECT_EQ(test, read_all(test, svfio, second), -ENOMSG);
	KUNIT_EXPECT_EQ(test, first->len, second->len);
}

/* Which may last for as long as the user wants. */
static void state_is_told_during_a_transition(struct kunit *test)
{
	struct softpci_vfio *svfio = mig_device(test);
	enum vfio_device_mig_state state;

	guard(mutex)(&svfio->mig.lock);
	KUNIT_EXPECT_EQ(test, get_state(&svfio->vdev, &state), 0);
	KUNIT_EXPECT_EQ(test, state, VFIO_DEVICE_STATE_RUNNING);
}

static struct kunit_case migration_cases[] = {
	KUNIT_CASE(every_pair_of_states_is_allowed_or_refused),
	KUNIT_CASE(only_a_reset_leads_out_of_error),
	KUNIT_CASE(model_stops_and_starts_once_on_the_way),
	KUNIT_CASE(session_ends_with_a_reset_and_with_its_user),
	KUNIT_CASE(stream_comes_in_pieces_of_any_length),
	KUNIT_CASE(pages_that_were_not_touched_are_not_sent),
	KUNIT_CASE(precopy_sends_memory_and_stop_copy_the_rest),
	KUNIT_CASE(session_that_has_ended_is_followed_by_a_new_one),
	KUNIT_CASE(state_is_told_during_a_transition),
	{}
};

static struct kunit_suite migration_suite = {
	.name = "softpci-migration",
	.test_cases = migration_cases,
};

kunit_test_suite(migration_suite);
