// SPDX-License-Identifier: GPL-2.0-only
/*
 * Passes of a migration over the memories. Included behind migration.c, whose model
 * it uses.
 */
#include <linux/shmem_fs.h>

/* Bytes of memory in the sections of a stream, from @pos on. */
static u64 memory_in(const struct mig_stream *stream, size_t pos)
{
	u64 sum = 0;

	if (!pos)
		pos = sizeof(struct softpci_stream_header);
	while (pos < stream->len) {
		struct softpci_stream_section head;

		memcpy(&head, stream->buf + pos, sizeof(head));
		pos += sizeof(head) + le64_to_cpu(head.length);
		if (head.id == cpu_to_le32(SOFTPCI_STREAM_MEMORY))
			sum += le64_to_cpu(head.length) -
			       sizeof(struct softpci_stream_memory);
	}
	KUNIT_EXPECT_EQ(kunit_get_current_test(), pos, stream->len);
	return sum;
}

static u64 touched_bytes(struct softpci_vfio *svfio, unsigned int memory)
{
	u64 pos, len = U64_MAX, sum = 0;

	for (pos = 0; softpci_memory_touched(svfio->dev, memory, &pos, &len);
	     pos += len, len = U64_MAX)
		sum += len;
	return sum;
}

/* Bytes of memory that the passes up to the next -ENOMSG send. */
static u64 read_passes(struct kunit *test, struct softpci_vfio *svfio,
		       struct mig_stream *stream)
{
	size_t from = stream->len;

	KUNIT_EXPECT_EQ(test, read_all(test, svfio, stream), -ENOMSG);
	return memory_in(stream, from);
}

/* In PRE_COPY, with all that was touched sent: four pages and a filled memory. */
static struct softpci_vfio *sent_device(struct kunit *test,
					struct mig_stream *stream)
{
	struct softpci_vfio *svfio = mig_device(test);

	put_byte(svfio, 0, 0, 1);
	put_byte(svfio, 0, 5 * PAGE_SIZE, 2);
	put_byte(svfio, 0, 6 * PAGE_SIZE, 3);
	put_byte(svfio, 0, MIG_SIZE - 1, 4);
	put_byte(svfio, 1, 0, 5);
	KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_PRE_COPY), 1);
	KUNIT_EXPECT_EQ(test, read_passes(test, svfio, stream),
			touched_bytes(svfio, 0) + touched_bytes(svfio, 1));
	return svfio;
}

/* The target has the memories that the source has. */
static void expect_same(struct kunit *test, struct softpci_vfio *from,
			struct mig_stream *stream)
{
	struct softpci_vfio *to = mig_device(test);
	u64 pos;

	KUNIT_ASSERT_EQ(test, go(from, VFIO_DEVICE_STATE_STOP_COPY), 0);
	KUNIT_EXPECT_EQ(test, read_all(test, from, stream), 0);
	KUNIT_ASSERT_EQ(test, go(to, VFIO_DEVICE_STATE_RESUMING), 1);
	KUNIT_EXPECT_EQ(test, feed_stream(to, stream, STREAM_ROOM), 0);
	KUNIT_EXPECT_EQ(test, go(to, VFIO_DEVICE_STATE_RUNNING), 0);
	for (pos = 0; pos < MIG_SIZE; pos += PAGE_SIZE) {
		KUNIT_EXPECT_EQ(test, get_byte(to, 0, pos), get_byte(from, 0, pos));
		KUNIT_EXPECT_EQ(test, get_byte(to, 0, pos + PAGE_SIZE - 1),
				get_byte(from, 0, pos + PAGE_SIZE - 1));
	}
	KUNIT_EXPECT_EQ(test, get_byte(to, 1, 0), get_byte(from, 1, 0));
}

static void passes_after_the_first_send_pages_that_changed(struct kunit *test)
{
	struct mig_stream *stream = new_stream(test);
	struct softpci_vfio *svfio = sent_device(test, stream);

	KUNIT_EXPECT_EQ(test, read_passes(test, svfio, stream), 0);
	put_byte(svfio, 0, 5 * PAGE_SIZE + 9, 6);
	KUNIT_EXPECT_EQ(test, read_passes(test, svfio, stream), PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, read_passes(test, svfio, stream), 0);
	/* Two in a row, one elsewhere, and one that is as it was. */
	put_byte(svfio, 0, 5 * PAGE_SIZE, 7);
	put_byte(svfio, 0, 6 * PAGE_SIZE, 8);
	put_byte(svfio, 0, MIG_SIZE - 1, 4);
	put_byte(svfio, 1, 0, 9);
	KUNIT_EXPECT_EQ(test, read_passes(test, svfio, stream), 3 * PAGE_SIZE);
	expect_same(test, svfio, stream);
}

static void stop_copy_sends_pages_that_changed(struct kunit *test)
{
	struct mig_stream *stream = new_stream(test);
	struct softpci_vfio *svfio = sent_device(test, stream);
	size_t from = stream->len;

	put_byte(svfio, 0, MIG_SIZE - 1, 99);
	expect_same(test, svfio, stream);
	KUNIT_EXPECT_EQ(test, memory_in(stream, from), PAGE_SIZE);
}

/* In PRE_COPY, with the header and one section of memory read. */
static struct softpci_vfio *half_sent_device(struct kunit *test,
					     struct mig_stream *stream)
{
	struct softpci_vfio *svfio = mig_device(test);
	struct softpci_save *save;

	put_byte(svfio, 0, 5 * PAGE_SIZE, 1);
	KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_PRE_COPY), 1);
	save = &svfio->mig.session->save;
	while (!save->found) {
		KUNIT_ASSERT_EQ(test, softpci_save_fill(save, svfio), 1);
		memcpy(stream->buf + stream->len, save->buf, save->len);
		stream->len += save->len;
		save->pos = save->len;
	}
	return svfio;
}

static void stop_copy_begins_with_the_first_page(struct kunit *test)
{
	struct mig_stream *stream = new_stream(test);
	struct softpci_vfio *svfio = half_sent_device(test, stream);

	put_byte(svfio, 0, 5 * PAGE_SIZE, 2);
	expect_same(test, svfio, stream);
}

static void change_of_a_page_that_is_being_sent_is_sent_again(struct kunit *test)
{
	struct mig_stream *stream = new_stream(test);
	struct softpci_vfio *svfio = half_sent_device(test, stream);
	u64 left;

	put_byte(svfio, 0, 5 * PAGE_SIZE, 2);
	left = touched_bytes(svfio, 0) + touched_bytes(svfio, 1) -
	       memory_in(stream, 0);
	KUNIT_EXPECT_EQ(test, read_passes(test, svfio, stream), left + PAGE_SIZE);
	expect_same(test, svfio, stream);
}

static void page_that_was_cleared_or_is_gone_is_sent(struct kunit *test)
{
	struct mig_stream *stream = new_stream(test);
	struct softpci_vfio *svfio = sent_device(test, stream);
	struct file *file = svfio->dev->memory[0].file;

	KUNIT_EXPECT_EQ(test, softpci_memory_clear(svfio->dev, 0, 0, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, read_passes(test, svfio, stream), PAGE_SIZE);
	shmem_truncate_range(file_inode(file), 5 * PAGE_SIZE, 6 * PAGE_SIZE - 1);
	KUNIT_EXPECT_EQ(test, read_passes(test, svfio, stream), PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, read_passes(test, svfio, stream), 0);
	KUNIT_EXPECT_TRUE(test, !xa_load(&file->f_mapping->i_pages, 5) ||
			  touched_bytes(svfio, 0) == MIG_SIZE);
	expect_same(test, svfio, stream);
}

static void saving_touches_no_page(struct kunit *test)
{
	struct mig_stream *stream = new_stream(test);
	struct softpci_vfio *svfio = mig_device(test);
	u64 size;

	put_byte(svfio, 0, 5 * PAGE_SIZE, 1);
	size = touched_bytes(svfio, 0);
	KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_PRE_COPY), 1);
	precopy_info(svfio);
	KUNIT_EXPECT_EQ(test, read_passes(test, svfio, stream), size);
	precopy_info(svfio);
	KUNIT_EXPECT_EQ(test, read_passes(test, svfio, stream), 0);
	KUNIT_EXPECT_EQ(test, go(svfio, VFIO_DEVICE_STATE_STOP_COPY), 0);
	KUNIT_EXPECT_EQ(test, read_all(test, svfio, stream), 0);
	KUNIT_EXPECT_EQ(test, touched_bytes(svfio, 0), size);
	KUNIT_EXPECT_EQ(test, touched_bytes(svfio, 1), 0);
}

static void pages_that_were_sent_are_kept_in_pre_copy_alone(struct kunit *test)
{
	struct softpci_vfio *svfio = mig_device(test);
	struct softpci_session *session;

	KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_STOP_COPY), 1);
	KUNIT_EXPECT_NULL(test, svfio->mig.session->save.shadow);
	reset_mig(test, svfio);

	KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_PRE_COPY), 1);
	session = svfio->mig.session;
	KUNIT_EXPECT_NOT_NULL(test, session->save.shadow);
	/* Also if the data file is still open. */
	kref_get(&session->ref);
	reset_mig(test, svfio);
	KUNIT_EXPECT_NULL(test, session->save.shadow);
	softpci_session_put(session);
}

static void search_for_changes_is_cut_into_pieces(struct kunit *test)
{
	struct softpci_vfio *svfio = mig_device(test);
	struct mig_stream *stream = new_stream(test);
	unsigned int i, pieces = 0;
	struct softpci_left left = {};
	struct softpci_save *save;

	for (i = 0; i < MIG_PAGES; i++)
		put_byte(svfio, 0, i * PAGE_SIZE, 1);
	KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_PRE_COPY), 1);
	save = &svfio->mig.session->save;
	KUNIT_EXPECT_EQ(test, read_passes(test, svfio, stream), MIG_SIZE);
	while (softpci_save_fill(save, svfio) == -EAGAIN)
		pieces++;
	KUNIT_EXPECT_GE(test, pieces, MIG_SIZE / SOFTPCI_STREAM_MAX_DATA);
	for (pieces = 0; softpci_save_count(save, svfio, &left) > 0; pieces++)
		;
	KUNIT_EXPECT_GE(test, pieces, MIG_SIZE / SOFTPCI_STREAM_MAX_DATA);
}

static void expect_info(struct kunit *test, struct softpci_vfio *svfio,
			u64 initial, u64 dirty, u32 flags)
{
	struct vfio_precopy_info info = precopy_info(svfio);

	KUNIT_EXPECT_EQ(test, info.initial_bytes, initial);
	KUNIT_EXPECT_EQ(test, info.dirty_bytes, dirty);
	KUNIT_EXPECT_EQ(test, info.flags, flags);
}

#define IN_SECTION(_size)	(SOFTPCI_SAVE_MEMORY_HEAD + (_size))

static void first_pass_is_initial_and_later_ones_are_dirty(struct kunit *test)
{
	const u32 flags = UNTOUCHED_FLAGS;
	struct softpci_vfio *svfio = mig_device(test);
	struct mig_stream *stream = new_stream(test);

	/* A header, even if nothing was touched. */
	KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_PRE_COPY), 1);
	expect_info(test, svfio, sizeof(struct softpci_stream_header), 0, flags);
	reset_mig(test, svfio);

	svfio = sent_device(test, stream);
	put_byte(svfio, 0, 0, 9);
	expect_info(test, svfio, 0, IN_SECTION(PAGE_SIZE), flags);
	/* As it was sent. */
	put_byte(svfio, 0, 0, 1);
	expect_info(test, svfio, 0, 0, flags);
	put_byte(svfio, 0, 5 * PAGE_SIZE, 9);
	put_byte(svfio, 0, 6 * PAGE_SIZE, 9);
	put_byte(svfio, 1, 0, 9);
	expect_info(test, svfio, 0, IN_SECTION(2 * PAGE_SIZE) +
		    IN_SECTION(PAGE_SIZE), flags);
	/* New pages, too. */
	put_byte(svfio, 0, 20 * PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, precopy_info(svfio).initial_bytes, 0);
	KUNIT_EXPECT_GE(test, precopy_info(svfio).dirty_bytes,
			2 * IN_SECTION(PAGE_SIZE) + IN_SECTION(2 * PAGE_SIZE));
	read_passes(test, svfio, stream);
	expect_info(test, svfio, 0, 0, flags);
}

static void initial_bytes_shrink_while_the_guest_draws(struct kunit *test)
{
	struct softpci_vfio *svfio = mig_device(test);
	unsigned int i;
	struct softpci_save *save;
	u64 before, dirty = 0;

	for (i = 0; i < MIG_PAGES; i++)
		put_byte(svfio, 0, i * PAGE_SIZE, 1);
	KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_PRE_COPY), 1);
	save = &svfio->mig.session->save;
	before = left(svfio);
	KUNIT_EXPECT_GT(test, before, MIG_SIZE);
	for (i = 0; before; i++) {
		struct vfio_precopy_info info;

		KUNIT_ASSERT_EQ(test, softpci_save_fill(save, svfio), 1);
		save->pos = save->len;
		put_byte(svfio, 0, 0, 2 + i);
		info = precopy_info(svfio);
		KUNIT_EXPECT_EQ(test, info.initial_bytes, before - save->len);
		before = info.initial_bytes;
		dirty = info.dirty_bytes;
	}
	KUNIT_EXPECT_EQ(test, dirty, IN_SECTION(PAGE_SIZE));
}

static void new_pages_are_new_initial_bytes_if_the_user_knows_them(struct kunit *test)
{
	const u32 reinit = VFIO_PRECOPY_INFO_REINIT;
	struct mig_stream *stream = new_stream(test);
	struct softpci_vfio *svfio = mig_device(test);
	struct vfio_precopy_info info;

	svfio->vdev.precopy_info_v2 = 1;
	put_byte(svfio, 0, 5 * PAGE_SIZE, 1);
	KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_PRE_COPY), 1);
	KUNIT_EXPECT_EQ(test, precopy_info(svfio).flags, 0);
	read_passes(test, svfio, stream);
	expect_info(test, svfio, 0, 0, 0);
	put_byte(svfio, 0, 5 * PAGE_SIZE, 2);
	expect_info(test, svfio, 0, IN_SECTION(PAGE_SIZE), 0);

	/* All that there is to be read then, and dirty bytes begin at zero. */
	put_byte(svfio, 1, 0, 3);
	expect_info(test, svfio, 2 * IN_SECTION(PAGE_SIZE), 0, reinit);
	expect_info(test, svfio, 2 * IN_SECTION(PAGE_SIZE), 0, reinit);
	while (softpci_save_fill(&svfio->mig.session->save, svfio) != 1)
		;
	svfio->mig.session->save.pos = svfio->mig.session->save.len;
	put_byte(svfio, 0, 5 * PAGE_SIZE, 4);
	expect_info(test, svfio, IN_SECTION(PAGE_SIZE), IN_SECTION(PAGE_SIZE),
		    reinit);
	while (softpci_save_fill(&svfio->mig.session->save, svfio) != 1)
		;
	svfio->mig.session->save.pos = svfio->mig.session->save.len;
	info = precopy_info(svfio);
	KUNIT_EXPECT_EQ(test, info.initial_bytes, 0);
	KUNIT_EXPECT_EQ(test, info.dirty_bytes, IN_SECTION(PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, info.flags, 0);
}

/* In the middle of a pass. */
static void new_initial_bytes_begin_with_the_first_page(struct kunit *test)
{
	struct mig_stream *stream = new_stream(test);
	struct softpci_vfio *svfio = mig_device(test);
	struct vfio_precopy_info info;

	svfio->vdev.precopy_info_v2 = 1;
	put_byte(svfio, 1, 0, 1);
	KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_PRE_COPY), 1);
	read_passes(test, svfio, stream);
	put_byte(svfio, 1, 0, 2);
	while (softpci_save_fill(&svfio->mig.session->save, svfio) != 1)
		;
	svfio->mig.session->save.pos = svfio->mig.session->save.len;
	put_byte(svfio, 0, 20 * PAGE_SIZE, 3);
	info = precopy_info(svfio);
	KUNIT_EXPECT_GT(test, info.initial_bytes, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, info.dirty_bytes, 0);
	KUNIT_EXPECT_EQ(test, info.flags, VFIO_PRECOPY_INFO_REINIT);
	KUNIT_EXPECT_EQ(test, read_passes(test, svfio, stream),
			touched_bytes(svfio, 0));
	expect_info(test, svfio, 0, 0, 0);
}

static void data_size_is_the_length_of_stop_copy(struct kunit *test)
{
	struct mig_stream *stream = new_stream(test);
	struct softpci_vfio *svfio = sent_device(test, stream);
	unsigned long idle, size;
	size_t from = stream->len;

	KUNIT_EXPECT_EQ(test, get_data_size(&svfio->vdev, &idle), 0);
	put_byte(svfio, 0, 0, 77);
	KUNIT_EXPECT_EQ(test, get_data_size(&svfio->vdev, &size), 0);
	KUNIT_EXPECT_EQ(test, size, idle + IN_SECTION(PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, go(svfio, VFIO_DEVICE_STATE_STOP_COPY), 0);
	KUNIT_EXPECT_EQ(test, get_data_size(&svfio->vdev, &idle), 0);
	KUNIT_EXPECT_EQ(test, idle, size);
	KUNIT_EXPECT_EQ(test, read_all(test, svfio, stream), 0);
	KUNIT_EXPECT_EQ(test, stream->len - from, size);
	KUNIT_EXPECT_EQ(test, get_data_size(&svfio->vdev, &size), 0);
	KUNIT_EXPECT_EQ(test, size, 0);
}

static struct kunit_case migration_dirty_cases[] = {
	KUNIT_CASE(passes_after_the_first_send_pages_that_changed),
	KUNIT_CASE(stop_copy_sends_pages_that_changed),
	KUNIT_CASE(stop_copy_begins_with_the_first_page),
	KUNIT_CASE(change_of_a_page_that_is_being_sent_is_sent_again),
	KUNIT_CASE(page_that_was_cleared_or_is_gone_is_sent),
	KUNIT_CASE(saving_touches_no_page),
	KUNIT_CASE(pages_that_were_sent_are_kept_in_pre_copy_alone),
	KUNIT_CASE(search_for_changes_is_cut_into_pieces),
	KUNIT_CASE(first_pass_is_initial_and_later_ones_are_dirty),
	KUNIT_CASE(initial_bytes_shrink_while_the_guest_draws),
	KUNIT_CASE(new_pages_are_new_initial_bytes_if_the_user_knows_them),
	KUNIT_CASE(new_initial_bytes_begin_with_the_first_page),
	KUNIT_CASE(data_size_is_the_length_of_stop_copy),
	{}
};

static struct kunit_suite migration_dirty_suite = {
	.name = "softpci-migration-dirty",
	.test_cases = migration_dirty_cases,
};

kunit_test_suite(migration_dirty_suite);
