/* SPDX-License-Identifier: GPL-2.0-only */
/* Migration and DMA logging in the VFIO front end. Part of internal.h. */
#ifndef SOFTPCI_VFIO_MIGRATION_H
#define SOFTPCI_VFIO_MIGRATION_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vfio.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include <linux/xxhash.h>

#include "knobs.h"
#include "softpci-stream.h"

struct softpci_shadow;
struct softpci_stage;
struct softpci_vfio;

/* The bytes before the data in a section of memory. */
#define SOFTPCI_SAVE_MEMORY_HEAD	(sizeof(struct softpci_stream_section) + \
					 sizeof(struct softpci_stream_memory))

/**
 * struct softpci_save - the stream of a device, section by section
 * @buf: the section, or header, that is being read
 * @pos: how much of it was read
 * @len: its length
 * @next: what comes after it
 * @final: the device is stopped: memory, state and end are sent now
 * @memory: the memory that is to be looked at next
 * @at: from here on
 * @found: a part of the memories was sent in this pass over them
 * @initial: what this pass sends are the initial bytes of pre-copy
 * @reinit: it is not the first pass of that kind
 * @shadow: of the memories, as they were sent; NULL: all that was touched is sent
 * @sections: sent so far
 * @extra: the extra state
 */
struct softpci_save {
	u8 *buf;
	size_t pos;
	size_t len;
	enum {
		SOFTPCI_SAVE_HEADER,
		SOFTPCI_SAVE_MEMORY,
		SOFTPCI_SAVE_STATE,
		SOFTPCI_SAVE_END,
		SOFTPCI_SAVE_DONE,
	} next;
	bool final;
	unsigned int memory;
	u64 at;
	bool found;
	bool initial;
	bool reinit;
	struct softpci_shadow *shadow;
	u64 sections;
	struct softpci_extra extra;
};

/**
 * struct softpci_left - memory that is left to be sent, as it is counted
 * @begun: @memory and @at are set
 * @memory: the memory that is to be looked at next
 * @at: from here on
 * @behind: the stream has passed that place
 * @new: some of the pages were never sent
 * @pass: bytes of sections that this pass sends
 * @next_pass: of those that the next one sends
 */
struct softpci_left {
	bool begun;
	unsigned int memory;
	u64 at;
	bool behind;
	bool new;
	u64 pass;
	u64 next_pass;
};

/**
 * struct softpci_load - a stream on its way into a device
 * @expect: the part of the stream that is being collected
 * @error: the errno that it was refused with, or 0
 * @to: where the rest of the part goes to, NULL: nowhere
 * @left: how many bytes it lacks
 * @header: the part, if it is that
 * @section: the head of the section
 * @sum: of the section so far
 * @sections: that are complete
 * @buf: the content of a section, if it is not the state
 * @state: the content of SOFTPCI_STREAM_STATE; NULL: not seen
 * @state_size: its length, as the header has it
 * @stage: the content of memories
 * @extra: the extra state
 */
struct softpci_load {
	enum {
		SOFTPCI_LOAD_HEADER,
		SOFTPCI_LOAD_SECTION,
		SOFTPCI_LOAD_CONTENT,
		SOFTPCI_LOAD_END,
	} expect;
	int error;
	u8 *to;
	u64 left;
	struct softpci_stream_header header;
	struct softpci_stream_section section;
	struct xxh64_state sum;
	u64 sections;
	u8 *buf;
	u8 *state;
	u32 state_size;
	struct softpci_stage *stage;
	struct softpci_extra extra;
};

/**
 * struct softpci_session - a transfer of data, from its beginning on
 * @ref: one for the device, one for the data file
 * @io: serialises read() and write(); held while user memory is accessed, and
 *	outside of @lock
 * @pace: of transfers; @io
 * @ended: woken up when the session ends
 * @lock: protects all below; inside of softpci_migration.lock
 * @svfio: the device; NULL: the session has ended, which can be seen without @lock
 * @precopy: in PRE_COPY or PRE_COPY_P2P
 * @save: for a session that saves
 * @load: for one that loads
 * @chunk: for it, bytes of the user on their way to @load; @io
 */
struct softpci_session {
	struct kref ref;
	struct mutex io; /* see above */
	struct softpci_pace pace;
	wait_queue_head_t ended;
	struct mutex lock; /* all below */
	struct softpci_vfio *svfio;
	bool precopy;
	struct softpci_save save;
	struct softpci_load load;
	u8 *chunk;
};

/**
 * struct softpci_migration - the state machine
 * @lock: serialises changes of @state, resets and closing; outside of all other
 *	  locks of the front end
 * @state: VFIO_DEVICE_STATE_*; changes with @lock held, and is read without
 * @session: the one that goes on, NULL: none
 */
struct softpci_migration {
	struct mutex lock; /* see above */
	enum vfio_device_mig_state state;
	struct softpci_session *session;
};

/**
 * struct softpci_log - which pages of the guest were written by DMA
 * @control: serialises starting and stopping; outside of @lock
 * @lock: protects all below; taken in any context, with interrupts off, inside of
 *	  every other lock
 * @on: they are logged
 * @all: there was no memory to log some, or they were too many: all count as written
 * @pages: a bitmap of the pages, BITS_PER_XA_VALUE of them in each entry
 * @nodes: how many nodes hold the entries
 */
struct softpci_log {
	struct mutex control; /* see above */
	spinlock_t lock; /* all below */
	bool on;
	bool all;
	struct xarray pages;
	unsigned int nodes;
};

/* migration.c */
void softpci_mig_init(struct softpci_vfio *svfio);
void softpci_mig_release(struct softpci_vfio *svfio);
void softpci_mig_offer(struct softpci_vfio *svfio);
int softpci_mig_reset(struct softpci_vfio *svfio);
void softpci_mig_close(struct softpci_vfio *svfio);

/* mig-file.c */
struct softpci_session *softpci_session_create(struct softpci_vfio *svfio,
					       bool save, bool precopy);
void softpci_session_put(struct softpci_session *session);
struct file *softpci_session_file(struct softpci_session *session, bool save);
void softpci_session_end(struct softpci_session *session);
int softpci_session_size(struct softpci_session *session, u64 *size);

/* save.c */
int softpci_save_init(struct softpci_save *save, struct softpci_vfio *svfio,
		      bool precopy);
void softpci_save_release(struct softpci_save *save);
void softpci_save_finish(struct softpci_save *save);
int softpci_save_fill(struct softpci_save *save, struct softpci_vfio *svfio);
void softpci_save_info(struct softpci_save *save,
		       const struct softpci_left *left, bool v2,
		       struct vfio_precopy_info *info);
u64 softpci_save_rest(const struct softpci_save *save,
		      struct softpci_vfio *svfio,
		      const struct softpci_left *left);
int softpci_save_size(struct softpci_vfio *svfio, u64 *size);
void softpci_stream_make_header(struct softpci_vfio *svfio,
				struct softpci_stream_header *header);
__le64 softpci_stream_sum(const void *head, size_t head_len,
			  const void *content, size_t len);

/* save-memory.c */
int softpci_save_track(struct softpci_save *save, struct softpci_vfio *svfio);
void softpci_save_untrack(struct softpci_save *save);
void softpci_save_begin_pass(struct softpci_save *save);
int softpci_save_next(struct softpci_save *save, struct softpci_vfio *svfio,
		      void *data, struct softpci_stream_memory *head);
int softpci_save_count(const struct softpci_save *save,
		       struct softpci_vfio *svfio, struct softpci_left *left);

/* load.c */
int softpci_load_init(struct softpci_load *load, struct softpci_vfio *svfio);
void softpci_load_release(struct softpci_load *load);
int softpci_load_feed(struct softpci_load *load, struct softpci_vfio *svfio,
		      const u8 *data, size_t len);
int softpci_load_apply(struct softpci_load *load, struct softpci_vfio *svfio,
		       bool *broken);

/* log.c */
struct softpci_device;

void softpci_log_init(struct softpci_vfio *svfio);
void softpci_log_release(struct softpci_vfio *svfio);
void softpci_log_offer(struct softpci_vfio *svfio);
void softpci_log_close(struct softpci_vfio *svfio);
void softpci_log_written(struct softpci_device *dev, u64 iova, size_t len);

#endif /* SOFTPCI_VFIO_MIGRATION_H */
