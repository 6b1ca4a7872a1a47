/* SPDX-License-Identifier: GPL-2.0-only */
/* Settings of a migration for tests, and the extra state. Part of migration.h. */
#ifndef SOFTPCI_VFIO_KNOBS_H
#define SOFTPCI_VFIO_KNOBS_H

#include <linux/atomic.h>
#include <linux/types.h>

struct attribute_group;
struct softpci_save;
struct softpci_session;
struct softpci_vfio;

/**
 * struct softpci_knobs - settings for tests, in migration/ in sysfs
 * @extra_size: bytes of extra state that are carried along, as set or loaded
 * @extra_set: bytes of it as set, to which closing returns
 * @dirty_rate: bytes of it that become dirty in a second of PRE_COPY
 * @bandwidth: bytes that a data file moves in a second; 0: no limit
 * @reported_size: SOFTPCI_SIZE_*
 * @fault: SOFTPCI_FAULT_*, or an arc, from << 8 | to; it happens once
 * @asked: questions since SOFTPCI_SIZE_GROWING was set, up to 64
 *
 * They belong to the device, not to its user.  All are accessed by READ_ONCE() and
 * the like.
 */
struct softpci_knobs {
	u64 extra_size;
	u64 extra_set;
	u64 dirty_rate;
	u64 bandwidth;
	unsigned int reported_size;
	unsigned int fault;
	atomic_t asked;
};

enum {
	SOFTPCI_SIZE_REAL,
	SOFTPCI_SIZE_ZERO,
	SOFTPCI_SIZE_HUGE,
	SOFTPCI_SIZE_GROWING,
};

enum {
	SOFTPCI_FAULT_NONE,
	SOFTPCI_FAULT_TRUNCATE,
	SOFTPCI_FAULT_CORRUPT,
	SOFTPCI_FAULT_STALL,
	SOFTPCI_FAULT_VERSION,
};

/**
 * struct softpci_extra - the extra state in one stream
 * @size: bytes of it
 * @offset: where the next section begins
 * @generation: which it has
 * @dirty: bytes from there on that have to be sent; the first ones follow the last
 * @rate: how many become so in a second once all were sent
 * @since: up to when that has been counted, in ns
 * @pass: how many of @dirty are sent before memory is looked at again
 * @in_pass: some of those have been sent
 * @running: more become dirty as time goes by
 */
struct softpci_extra {
	u64 size;
	u64 offset;
	u64 generation;
	u64 dirty;
	u64 rate;
	u64 since;
	u64 pass;
	bool in_pass;
	bool running;
};

/**
 * struct softpci_pace - the bandwidth of a data file
 * @rate: in bytes per second, 0: no limit
 * @next: when more may be moved, in ns
 */
struct softpci_pace {
	u64 rate;
	u64 next;
};

/* extra.c */
void softpci_extra_begin(struct softpci_extra *extra,
			 struct softpci_vfio *svfio);
void softpci_extra_run(struct softpci_extra *extra, bool running);
size_t softpci_extra_next(struct softpci_extra *extra, u8 *content);
u64 softpci_extra_rest(const struct softpci_extra *extra);
void softpci_extra_left(struct softpci_extra *extra, u64 *initial, u64 *dirty);
int softpci_extra_take(struct softpci_extra *extra, const u8 *content,
		       size_t len);
bool softpci_extra_is_complete(const struct softpci_extra *extra);

/* knobs.c */
extern const struct attribute_group softpci_knobs_group;
u64 softpci_bytes_in(u64 rate, u64 ns);
u64 softpci_time_of(u64 rate, u64 bytes);
void softpci_knobs_report(struct softpci_vfio *svfio, u64 *size, u64 *more);
int softpci_knobs_before_arc(struct softpci_vfio *svfio, u32 to);
void softpci_knobs_after_arc(struct softpci_vfio *svfio);
void softpci_knobs_close(struct softpci_vfio *svfio);
void softpci_knobs_spoil(struct softpci_vfio *svfio, struct softpci_save *save);
ssize_t softpci_pace_begin(struct softpci_session *session, size_t len);
void softpci_pace_end(struct softpci_session *session, size_t len);

#endif /* SOFTPCI_VFIO_KNOBS_H */
