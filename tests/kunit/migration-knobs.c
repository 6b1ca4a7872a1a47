// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extra state and faults in whole streams.  Included behind migration.c and
 * migration-refused.c, whose functions it uses.
 */

/* More than one section, and an end that is not aligned. */
#define EXTRA	(SOFTPCI_STREAM_MAX_DATA + 1003)

static void extra_state_migrates_and_migrates_onward(struct kunit *test)
{
	struct mig_stream *first = new_stream(test), *second = new_stream(test);
	struct softpci_vfio *from = mig_device(test), *to = mig_device(test);
	unsigned long size = 0;

	from->knobs.extra_size = EXTRA;
	KUNIT_ASSERT_EQ(test, go(from, VFIO_DEVICE_STATE_STOP_COPY), 1);
	KUNIT_EXPECT_EQ(test, get_data_size(&from->vdev, &size), 0);
	KUNIT_EXPECT_EQ(test, read_all(test, from, first), 0);
	KUNIT_EXPECT_EQ(test, first->len, size);
	KUNIT_EXPECT_GT(test, first->len, EXTRA);

	KUNIT_ASSERT_EQ(test, go(to, VFIO_DEVICE_STATE_RESUMING), 1);
	KUNIT_EXPECT_EQ(test, feed_stream(to, first, 999), 0);
	KUNIT_EXPECT_EQ(test, to->knobs.extra_size, 0);
	KUNIT_EXPECT_EQ(test, go(to, VFIO_DEVICE_STATE_STOP_COPY), 1);
	KUNIT_EXPECT_EQ(test, to->knobs.extra_size, EXTRA);
	KUNIT_EXPECT_EQ(test, read_all(test, to, second), 0);
	KUNIT_EXPECT_EQ(test, first->len, second->len);
	KUNIT_EXPECT_MEMEQ(test, first->buf, second->buf, first->len);
}

static void extra_state_is_replaced_by_that_of_the_stream(struct kunit *test)
{
	struct mig_stream *stream = saved_stream(test, 1);
	struct softpci_vfio *to = mig_device(test);

	to->knobs.extra_size = EXTRA;
	KUNIT_ASSERT_EQ(test, go(to, VFIO_DEVICE_STATE_RESUMING), 1);
	KUNIT_EXPECT_EQ(test, feed_stream(to, stream, STREAM_ROOM), 0);
	KUNIT_EXPECT_EQ(test, go(to, VFIO_DEVICE_STATE_STOP), 0);
	KUNIT_EXPECT_EQ(test, to->knobs.extra_size, 0);
}

static void setting_changes_the_next_session_only(struct kunit *test)
{
	struct softpci_vfio *from = mig_device(test);
	struct mig_stream *stream = new_stream(test);

	KUNIT_ASSERT_EQ(test, go(from, VFIO_DEVICE_STATE_STOP_COPY), 1);
	from->knobs.extra_size = EXTRA;
	KUNIT_EXPECT_EQ(test, read_all(test, from, stream), 0);
	KUNIT_EXPECT_LT(test, stream->len, EXTRA);
}

static void extra_state_that_is_not_complete_is_refused(struct kunit *test)
{
	struct mig_stream *stream = new_stream(test);
	struct target t = new_target(test);
	struct softpci_extra extra = { .size = EXTRA, .dirty = EXTRA };
	u8 *content = kunit_kzalloc(test, SOFTPCI_STREAM_MAX_CONTENT, GFP_KERNEL);
	size_t len;

	KUNIT_ASSERT_NOT_NULL(test, content);
	put_header(stream, t.svfio);
	len = softpci_extra_next(&extra, content);
	put_section(stream, SOFTPCI_STREAM_EXTRA, 0, content, len);
	put_state(test, stream, t.svfio);
	put_end(stream, 2);
	KUNIT_EXPECT_EQ(test, refusal(test, &t, stream), -EINVAL);
	KUNIT_EXPECT_EQ(test, t.svfio->knobs.extra_size, 0);
}

static void every_flipped_bit_of_extra_state_is_refused(struct kunit *test)
{
	struct softpci_vfio *from = mig_device(test);
	struct mig_stream *stream = new_stream(test);
	struct target t = new_target(test);
	size_t pos;

	from->knobs.extra_size = 100;
	KUNIT_ASSERT_EQ(test, go(from, VFIO_DEVICE_STATE_STOP_COPY), 1);
	KUNIT_EXPECT_EQ(test, read_all(test, from, stream), 0);
	for (pos = 0; pos < stream->len; pos++) {
		stream->buf[pos] ^= BIT(pos % 8);
		KUNIT_EXPECT_LT_MSG(test, refusal(test, &t, stream), 0,
				    "byte %zu", pos);
		stream->buf[pos] ^= BIT(pos % 8);
	}
	KUNIT_EXPECT_EQ(test, refusal(test, &t, stream), 0);
}

/* The errno of a target that loads a stream with that fault. */
static int faulty(struct kunit *test, unsigned int fault)
{
	struct softpci_vfio *from = mig_device(test);
	struct mig_stream *stream = new_stream(test);
	struct target t = new_target(test);

	put_byte(from, 0, 0, 1);
	from->knobs.fault = fault;
	KUNIT_ASSERT_EQ(test, go(from, VFIO_DEVICE_STATE_STOP_COPY), 1);
	KUNIT_EXPECT_EQ(test, read_all(test, from, stream), 0);
	/* The end of it, for ever. */
	KUNIT_EXPECT_EQ(test, read_all(test, from, stream), 0);
	KUNIT_EXPECT_EQ(test, from->knobs.fault, SOFTPCI_FAULT_NONE);
	return refusal(test, &t, stream);
}

static void faulty_stream_is_refused_for_its_fault(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, faulty(test, SOFTPCI_FAULT_NONE), 0);
	KUNIT_EXPECT_EQ(test, faulty(test, SOFTPCI_FAULT_TRUNCATE), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, faulty(test, SOFTPCI_FAULT_CORRUPT), -EBADMSG);
	KUNIT_EXPECT_EQ(test, faulty(test, SOFTPCI_FAULT_VERSION),
			-EPROTONOSUPPORT);
}

static void truncated_stream_has_all_of_pre_copy(struct kunit *test)
{
	struct softpci_vfio *from = mig_device(test);
	struct mig_stream *stream = new_stream(test);
	size_t len;

	put_byte(from, 0, 0, 1);
	from->knobs.fault = SOFTPCI_FAULT_TRUNCATE;
	KUNIT_ASSERT_EQ(test, go(from, VFIO_DEVICE_STATE_PRE_COPY), 1);
	KUNIT_EXPECT_EQ(test, read_all(test, from, stream), -ENOMSG);
	KUNIT_EXPECT_EQ(test, from->knobs.fault, SOFTPCI_FAULT_TRUNCATE);
	len = stream->len;
	KUNIT_EXPECT_EQ(test, go(from, VFIO_DEVICE_STATE_STOP_COPY), 0);
	KUNIT_EXPECT_EQ(test, read_all(test, from, stream), 0);
	KUNIT_EXPECT_GT(test, stream->len, len);
	KUNIT_EXPECT_EQ(test, from->knobs.fault, SOFTPCI_FAULT_NONE);
}

static void each_arc_fails_once_and_leaves_the_state(struct kunit *test)
{
	struct softpci_vfio *svfio = mig_device(test);
	u32 from, to, nr = 0;

	for (from = 1; from <= VFIO_DEVICE_STATE_PRE_COPY_P2P; from++)
		for (to = 1; to <= VFIO_DEVICE_STATE_PRE_COPY_P2P; to++) {
			enum vfio_device_mig_state next;

			/* No stream was written, and it fails for that. */
			if (from == to || from == VFIO_DEVICE_STATE_RESUMING ||
			    vfio_mig_get_next_state(&svfio->vdev, from, to, &next) ||
			    next != to)
				continue;
			nr++;
			KUNIT_ASSERT_GE(test, go(svfio, from), 0);
			svfio->knobs.fault = from << 8 | to;
			KUNIT_EXPECT_EQ_MSG(test, go(svfio, to), -EIO,
					    "from %u to %u", from, to);
			expect_state(test, svfio, from);
			KUNIT_EXPECT_EQ(test, svfio->knobs.fault,
					SOFTPCI_FAULT_NONE);
			KUNIT_EXPECT_GE(test, go(svfio, to), 0);
			expect_state(test, svfio, to);
			reset_mig(test, svfio);
		}
	KUNIT_EXPECT_EQ(test, nr, 14);
}

static void arc_that_fails_leaves_a_stream_to_be_loaded(struct kunit *test)
{
	struct mig_stream *stream = saved_stream(test, 77);
	struct softpci_vfio *to = mig_device(test);

	KUNIT_ASSERT_EQ(test, go(to, VFIO_DEVICE_STATE_RESUMING), 1);
	KUNIT_EXPECT_EQ(test, feed_stream(to, stream, STREAM_ROOM), 0);
	to->knobs.fault = VFIO_DEVICE_STATE_RESUMING << 8 | VFIO_DEVICE_STATE_STOP;
	KUNIT_EXPECT_EQ(test, go(to, VFIO_DEVICE_STATE_RUNNING), -EIO);
	expect_state(test, to, VFIO_DEVICE_STATE_RESUMING);
	KUNIT_EXPECT_EQ(test, to_migrating(to)->number, 0);
	KUNIT_EXPECT_EQ(test, go(to, VFIO_DEVICE_STATE_RUNNING), 0);
	KUNIT_EXPECT_EQ(test, to_migrating(to)->number, 77);
}

/* In the middle of a transition, where the user asks where the device is. */
static void transition_stops_at_the_arc_that_fails(struct kunit *test)
{
	struct softpci_vfio *svfio = mig_device(test);

	svfio->knobs.fault = VFIO_DEVICE_STATE_STOP << 8 |
			     VFIO_DEVICE_STATE_STOP_COPY;
	KUNIT_EXPECT_EQ(test, go(svfio, VFIO_DEVICE_STATE_STOP_COPY), -EIO);
	expect_state(test, svfio, VFIO_DEVICE_STATE_STOP);
	KUNIT_EXPECT_EQ(test, go(svfio, VFIO_DEVICE_STATE_RUNNING), 0);
}

static struct kunit_case migration_knobs_cases[] = {
	KUNIT_CASE(extra_state_migrates_and_migrates_onward),
	KUNIT_CASE(extra_state_is_replaced_by_that_of_the_stream),
	KUNIT_CASE(setting_changes_the_next_session_only),
	KUNIT_CASE(extra_state_that_is_not_complete_is_refused),
	KUNIT_CASE(every_flipped_bit_of_extra_state_is_refused),
	KUNIT_CASE(faulty_stream_is_refused_for_its_fault),
	KUNIT_CASE(truncated_stream_has_all_of_pre_copy),
	KUNIT_CASE(each_arc_fails_once_and_leaves_the_state),
	KUNIT_CASE(arc_that_fails_leaves_a_stream_to_be_loaded),
	KUNIT_CASE(transition_stops_at_the_arc_that_fails),
	{}
};

static struct kunit_suite migration_knobs_suite = {
	.name = "softpci-migration-knobs",
	.test_cases = migration_knobs_cases,
};

kunit_test_suite(migration_knobs_suite);
