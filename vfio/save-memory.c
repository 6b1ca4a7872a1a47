// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages of a device's memories a migration has to send.
 *
 * From PRE_COPY on, the pages that were sent are kept: a shadow.  A page has to be
 * sent if it was touched and is not in there, or if its content differs.  The bytes
 * in the shadow are those in the stream, so that a write that came too late for
 * them is seen as a difference by the next pass.  See Documentation/migration.rst
 * for the reasons.
 *
 * A device is looked at under softpci_session.lock, which a reset, closing and a
 * transition take.  So each function here looks at one piece of memory, at most
 * SOFTPCI_STREAM_MAX_DATA of it, and the lock is dropped between two of them.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "internal.h"

/**
 * struct softpci_shadow - the memories as they were sent
 * @stage: the content of the pages
 * @sent: which pages those are, a bit for each page of a memory.  The stage does not
 *	  tell: the kernel gives it huge pages
 */
struct softpci_shadow {
	struct softpci_stage *stage;
	unsigned long *sent[SOFTPCI_MAX_MEMORIES];
};

static unsigned long nr_pages(struct softpci_vfio *svfio, unsigned int memory)
{
	return svfio->dev->model->memories[memory].size >> PAGE_SHIFT;
}

/**
 * softpci_save_track() - keep the pages that are sent from now on
 * @save: a stream of which nothing was read
 * @svfio: its device
 *
 * Costs memory for each page that is sent, accounted to the process that reads it.
 * Undone by softpci_save_untrack(), also after an error.
 *
 * Return: 0, -ENOMEM, -ENOSPC or -ENFILE.
 */
int softpci_save_track(struct softpci_save *save, struct softpci_vfio *svfio)
{
	struct softpci_stage *stage;
	unsigned int i;

	save->shadow = kzalloc_obj(*save->shadow, GFP_KERNEL_ACCOUNT);
	if (!save->shadow)
		return -ENOMEM;
	for (i = 0; i < svfio->dev->model->nr_memories; i++) {
		save->shadow->sent[i] = kvcalloc(BITS_TO_LONGS(nr_pages(svfio, i)),
						 sizeof(unsigned long),
						 GFP_KERNEL_ACCOUNT);
		if (!save->shadow->sent[i])
			return -ENOMEM;
	}
	stage = softpci_stage_create(svfio->dev);
	if (IS_ERR(stage))
		return PTR_ERR(stage);
	save->shadow->stage = stage;
	return 0;
}

/**
 * softpci_save_untrack() - undo softpci_save_track()
 * @save: the stream, which need not have been tracked
 */
void softpci_save_untrack(struct softpci_save *save)
{
	struct softpci_shadow *shadow = save->shadow;
	unsigned int i;

	if (!shadow)
		return;
	save->shadow = NULL;
	if (shadow->stage)
		softpci_stage_destroy(shadow->stage);
	for (i = 0; i < SOFTPCI_MAX_MEMORIES; i++)
		kvfree(shadow->sent[i]);
	kfree(shadow);
}

/**
 * softpci_save_begin_pass() - go on with the first page of all memories
 * @save: the stream, softpci_session.lock held
 */
void softpci_save_begin_pass(struct softpci_save *save)
{
	save->memory = 0;
	save->at = 0;
	save->found = false;
}

/*
 * Pages in a row that may have to be sent, from *@at on: those that were touched,
 * and those that were sent and are holes now.  @at and @len are set as by
 * softpci_memory_touched().
 */
static bool next_touched(const struct softpci_save *save,
			 struct softpci_vfio *svfio, unsigned int memory,
			 u64 *at, u64 *len)
{
	u64 touched = *at, sent;
	bool found;

	*len = SOFTPCI_STREAM_MAX_DATA;
	found = softpci_memory_touched(svfio->dev, memory, &touched, len);
	if (save->shadow) {
		unsigned long end = nr_pages(svfio, memory);

		sent = find_next_bit(save->shadow->sent[memory], end,
				     *at >> PAGE_SHIFT);
		if (sent < end && (!found || sent << PAGE_SHIFT < touched)) {
			*at = sent << PAGE_SHIFT;
			*len = PAGE_SIZE;
			return true;
		}
	}
	*at = touched;
	return found;
}

/* 1: it has to be sent; 0; or an errno. */
static int page_differs(const struct softpci_save *save,
			struct softpci_vfio *svfio, unsigned int memory, u64 at)
{
	if (!save->shadow || !test_bit(at >> PAGE_SHIFT,
				       save->shadow->sent[memory]))
		return 1;
	return softpci_stage_differs(save->shadow->stage, svfio->dev, memory, at);
}

/*
 * Bytes that have to be sent, from *@memory and *@at on, at most
 * SOFTPCI_STREAM_MAX_DATA in a row.  Returns 1, and sets all three to the place and
 * number of the bytes; 0 if there are none up to the end of the last memory; -EAGAIN
 * if there were none in the piece that was looked at, and moves *@memory and *@at
 * behind it; or an errno.
 */
static int next_run(const struct softpci_save *save, struct softpci_vfio *svfio,
		    unsigned int *memory, u64 *at, u64 *len)
{
	u64 end, pos;
	int ret = 0;

	while (!next_touched(save, svfio, *memory, at, len)) {
		if (++*memory >= svfio->dev->model->nr_memories)
			return 0;
		*at = 0;
	}
	end = *at + *len;
	while (*at < end) {
		ret = page_differs(save, svfio, *memory, *at);
		if (ret)
			break;
		*at += PAGE_SIZE;
	}
	if (ret < 0)
		return ret;
	if (!ret)
		return -EAGAIN;
	for (pos = *at + PAGE_SIZE; pos < end; pos += PAGE_SIZE)
		/* An error is met again where the next run begins. */
		if (page_differs(save, svfio, *memory, pos) <= 0)
			break;
	*len = pos - *at;
	return 1;
}

/* The bytes are in the stream: compared to from now on. */
static int remember(struct softpci_save *save, unsigned int memory, u64 at,
		    const void *data, u64 len)
{
	struct softpci_shadow *shadow = save->shadow;
	int ret;

	/* The device does not run, and is not looked at again. */
	if (!shadow || save->final)
		return 0;
	/* After an error they are not in the stream, but some are in the stage. */
	bitmap_clear(shadow->sent[memory], at >> PAGE_SHIFT, len >> PAGE_SHIFT);
	ret = softpci_stage_write(shadow->stage, memory, at, data, len);
	if (!ret)
		bitmap_set(shadow->sent[memory], at >> PAGE_SHIFT,
			   len >> PAGE_SHIFT);
	return ret;
}

/**
 * softpci_save_next() - the next bytes of memory that have to be sent
 * @save: the stream, softpci_session.lock held
 * @svfio: its device
 * @data: room for SOFTPCI_STREAM_MAX_DATA bytes, which are set
 * @head: set to where they are from, in the format of the stream
 *
 * May sleep.
 *
 * Return: how many bytes there are; 0 at the end of the pass; -EAGAIN if none were
 * found yet; -ENOMEM; or -EINTR on a fatal signal.
 */
int softpci_save_next(struct softpci_save *save, struct softpci_vfio *svfio,
		      void *data, struct softpci_stream_memory *head)
{
	u64 len;
	int ret;

	if (save->memory >= svfio->dev->model->nr_memories)
		return 0;
	ret = next_run(save, svfio, &save->memory, &save->at, &len);
	if (ret <= 0)
		return ret;
	ret = softpci_memory_peek(svfio->dev, save->memory, save->at, data, len);
	if (ret)
		return ret;
	ret = remember(save, save->memory, save->at, data, len);
	if (ret)
		return ret;
	*head = (struct softpci_stream_memory) {
		.memory = cpu_to_le32(save->memory),
		.offset = cpu_to_le64(save->at),
	};
	save->at += len;
	save->found = true;
	return len;
}

static bool is_new(const struct softpci_save *save, unsigned int memory, u64 at,
		   u64 len)
{
	unsigned long end = (at + len) >> PAGE_SHIFT;

	return save->shadow &&
	       find_next_zero_bit(save->shadow->sent[memory], end,
				  at >> PAGE_SHIFT) < end;
}

/**
 * softpci_save_count() - count the memory that has to be sent, a piece at a time
 * @save: the stream, softpci_session.lock held
 * @svfio: its device
 * @left: zeroed before the first piece
 *
 * First from the place on that the stream has come to, then from the first page up to
 * there: the next pass, if there is one.  May sleep.
 *
 * Return: 1 if there is more to be looked at; 0; or an errno of
 * softpci_stage_differs().
 */
int softpci_save_count(const struct softpci_save *save,
		       struct softpci_vfio *svfio, struct softpci_left *left)
{
	u64 len, sum;
	int ret = 0;

	if (save->next > SOFTPCI_SAVE_MEMORY)
		return 0;
	if (!left->begun) {
		left->begun = true;
		left->memory = save->memory;
		left->at = save->at;
	}
	if (left->memory < svfio->dev->model->nr_memories)
		ret = next_run(save, svfio, &left->memory, &left->at, &len);
	if (ret == -EAGAIN)
		return 1;
	if (ret < 0)
		return ret;
	if (!ret) {
		if (left->behind || save->final)
			return 0;
		left->behind = true;
		left->memory = 0;
		left->at = 0;
		return 1;
	}
	if (left->behind) {
		if (left->memory > save->memory ||
		    (left->memory == save->memory && left->at >= save->at))
			return 0;
		if (left->memory == save->memory)
			len = min(len, save->at - left->at);
	}
	sum = SOFTPCI_SAVE_MEMORY_HEAD + len;
	if (left->behind)
		left->next_pass += sum;
	else
		left->pass += sum;
	left->new |= is_new(save, left->memory, left->at, len);
	left->at += len;
	return 1;
}
