// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings of a device's migration, for tests of its users: the attributes in
 * migration/ in sysfs, and all that they do but the extra state (extra.c).
 *
 * None of them uses a timer, thread or work item: time that has passed is looked at
 * when the user of the data file calls.
 */
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/wait.h>

#include "internal.h"

/* The largest of dirty_rate and bandwidth, which softpci_bytes_in() can take. */
#define MAX_RATE	(16ULL * SZ_1G)
/* A reader that adds some more to it overflows. */
#define HUGE_SIZE	(-(u64)SZ_4K)
/* As many bytes are moved at once, or caught up on by a late caller, as in 1/16 s. */
#define PACE_PARTS	16

static const char * const reported_sizes[] = {
	[SOFTPCI_SIZE_REAL]	= "real",
	[SOFTPCI_SIZE_ZERO]	= "zero",
	[SOFTPCI_SIZE_HUGE]	= "huge",
	[SOFTPCI_SIZE_GROWING]	= "growing",
};

static const char * const faults[] = {
	[SOFTPCI_FAULT_NONE]		= "none",
	[SOFTPCI_FAULT_TRUNCATE]	= "truncate",
	[SOFTPCI_FAULT_CORRUPT]		= "corrupt",
	[SOFTPCI_FAULT_STALL]		= "stall",
	[SOFTPCI_FAULT_VERSION]		= "version",
};

/* VFIO_DEVICE_STATE_* without the prefix. */
static const char * const states[] = {
	[VFIO_DEVICE_STATE_STOP]		= "STOP",
	[VFIO_DEVICE_STATE_RUNNING]		= "RUNNING",
	[VFIO_DEVICE_STATE_STOP_COPY]		= "STOP_COPY",
	[VFIO_DEVICE_STATE_RESUMING]		= "RESUMING",
	[VFIO_DEVICE_STATE_RUNNING_P2P]		= "RUNNING_P2P",
	[VFIO_DEVICE_STATE_PRE_COPY]		= "PRE_COPY",
	[VFIO_DEVICE_STATE_PRE_COPY_P2P]	= "PRE_COPY_P2P",
};

static struct softpci_knobs *knobs_of(struct device *dev)
{
	struct softpci_vfio *svfio = dev_get_drvdata(dev);

	return &svfio->knobs;
}

static ssize_t store_number(u64 *to, u64 max, const char *buf, size_t count)
{
	u64 val;
	int ret;

	ret = kstrtou64(buf, 0, &val);
	if (ret)
		return ret;
	if (val > max)
		return -ERANGE;
	WRITE_ONCE(*to, val);
	return count;
}

static ssize_t extra_size_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(knobs_of(dev)->extra_size));
}

static ssize_t extra_size_store(struct device *dev,
				struct device_attribute *attr, const char *buf,
				size_t count)
{
	struct softpci_knobs *knobs = knobs_of(dev);
	ssize_t ret;

	ret = store_number(&knobs->extra_set, SOFTPCI_STREAM_MAX_EXTRA, buf,
			   count);
	if (ret > 0)
		WRITE_ONCE(knobs->extra_size, READ_ONCE(knobs->extra_set));
	return ret;
}
static DEVICE_ATTR_RW(extra_size);

static ssize_t dirty_rate_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(knobs_of(dev)->dirty_rate));
}

static ssize_t dirty_rate_store(struct device *dev,
				struct device_attribute *attr, const char *buf,
				size_t count)
{
	return store_number(&knobs_of(dev)->dirty_rate, MAX_RATE, buf, count);
}
static DEVICE_ATTR_RW(dirty_rate);

static ssize_t bandwidth_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(knobs_of(dev)->bandwidth));
}

static ssize_t bandwidth_store(struct device *dev,
			       struct device_attribute *attr, const char *buf,
			       size_t count)
{
	return store_number(&knobs_of(dev)->bandwidth, MAX_RATE, buf, count);
}
static DEVICE_ATTR_RW(bandwidth);

static ssize_t reported_size_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	unsigned int i = READ_ONCE(knobs_of(dev)->reported_size);

	return sysfs_emit(buf, "%s\n", reported_sizes[i]);
}

static ssize_t reported_size_store(struct device *dev,
				   struct device_attribute *attr,
				   const char *buf, size_t count)
{
	struct softpci_knobs *knobs = knobs_of(dev);
	int i = sysfs_match_string(reported_sizes, buf);

	if (i < 0)
		return i;
	atomic_set(&knobs->asked, 0);
	WRITE_ONCE(knobs->reported_size, i);
	return count;
}
static DEVICE_ATTR_RW(reported_size);

static unsigned int arc_of(u32 from, u32 to)
{
	return from << 8 | to;
}

/* VFIO knows the arcs of this kernel. */
static bool is_arc(struct softpci_vfio *svfio, u32 from, u32 to)
{
	enum vfio_device_mig_state next;

	if (from == to ||
	    vfio_mig_get_next_state(&svfio->vdev, VFIO_DEVICE_STATE_STOP, from,
				    &next) ||
	    vfio_mig_get_next_state(&svfio->vdev, from, to, &next))
		return false;
	return next == to;
}

/* For softpci_knobs.fault, or -EINVAL. */
static int parse_fault(struct softpci_vfio *svfio, const char *buf)
{
	int fault = sysfs_match_string(faults, buf);
	unsigned int from, to;
	char name[32];

	if (fault >= 0)
		return fault;
	for (from = VFIO_DEVICE_STATE_STOP; from < ARRAY_SIZE(states); from++)
		for (to = VFIO_DEVICE_STATE_STOP; to < ARRAY_SIZE(states); to++) {
			snprintf(name, sizeof(name), "%s:%s", states[from],
				 states[to]);
			if (sysfs_streq(buf, name))
				return is_arc(svfio, from, to) ?
				       arc_of(from, to) : -EINVAL;
		}
	return -EINVAL;
}

static ssize_t fault_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	unsigned int fault = READ_ONCE(knobs_of(dev)->fault);

	if (fault < ARRAY_SIZE(faults))
		return sysfs_emit(buf, "%s\n", faults[fault]);
	return sysfs_emit(buf, "%s:%s\n", states[fault >> 8],
			  states[fault & 0xff]);
}

static ssize_t fault_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	int fault = parse_fault(dev_get_drvdata(dev), buf);

	if (fault < 0)
		return fault;
	WRITE_ONCE(knobs_of(dev)->fault, fault);
	return count;
}
static DEVICE_ATTR_RW(fault);

static struct attribute *knob_attrs[] = {
	&dev_attr_extra_size.attr,
	&dev_attr_dirty_rate.attr,
	&dev_attr_bandwidth.attr,
	&dev_attr_reported_size.attr,
	&dev_attr_fault.attr,
	NULL
};

const struct attribute_group softpci_knobs_group = {
	.name	= "migration",
	.attrs	= knob_attrs,
};

/**
 * softpci_bytes_in() - bytes that move, or become dirty, in a time
 * @rate: in bytes per second, up to 2^34
 * @ns: the time, up to 2^30 seconds
 *
 * Return: bytes, rounded down.
 */
u64 softpci_bytes_in(u64 rate, u64 ns)
{
	u32 rest;
	u64 seconds = div_u64_rem(ns, NSEC_PER_SEC, &rest);

	return rate * seconds + div_u64(rate * rest, NSEC_PER_SEC);
}

/**
 * softpci_time_of() - the time that bytes take
 * @rate: in bytes per second, not 0
 * @bytes: how many
 *
 * Return: ns, rounded up.
 */
u64 softpci_time_of(u64 rate, u64 bytes)
{
	u64 rest, seconds = div64_u64_rem(bytes, rate, &rest);

	return seconds * NSEC_PER_SEC +
	       div64_u64(rest * NSEC_PER_SEC + rate - 1, rate);
}

/**
 * softpci_knobs_report() - replace the length of a stream by the one to be reported
 * @svfio: the device
 * @size: the length; replaced if reported_size says so
 * @more: another part of it, or NULL
 */
void softpci_knobs_report(struct softpci_vfio *svfio, u64 *size, u64 *more)
{
	struct softpci_knobs *knobs = &svfio->knobs;
	u64 *sizes[] = { size, more };
	int shift = 0;
	unsigned int i;

	if (READ_ONCE(knobs->reported_size) == SOFTPCI_SIZE_GROWING)
		shift = atomic_fetch_add_unless(&knobs->asked, 1, 64);
	for (i = 0; i < ARRAY_SIZE(sizes) && sizes[i]; i++) {
		switch (READ_ONCE(knobs->reported_size)) {
		case SOFTPCI_SIZE_ZERO:
			*sizes[i] = 0;
			break;
		case SOFTPCI_SIZE_HUGE:
			*sizes[i] = HUGE_SIZE;
			break;
		case SOFTPCI_SIZE_GROWING:
			if (check_shl_overflow(max_t(u64, *sizes[i], SZ_4K),
					       shift, sizes[i]))
				*sizes[i] = HUGE_SIZE;
			break;
		}
	}
}

/* Is the fault set?  It is cleared then, as a fault happens once. */
static bool take_fault(struct softpci_vfio *svfio, unsigned int fault)
{
	unsigned int *now = &svfio->knobs.fault;

	return READ_ONCE(*now) == fault &&
	       cmpxchg(now, fault, SOFTPCI_FAULT_NONE) == fault;
}

/**
 * softpci_knobs_before_arc() - fail the arc that the fault names
 * @svfio: the device, softpci_migration.lock held
 * @to: the state that it leads to
 *
 * Return: 0 or -EIO.
 */
int softpci_knobs_before_arc(struct softpci_vfio *svfio, u32 to)
{
	lockdep_assert_held(&svfio->mig.lock);
	return take_fault(svfio, arc_of(svfio->mig.state, to)) ? -EIO : 0;
}

/**
 * softpci_knobs_after_arc() - the device has come to another state
 * @svfio: the device, softpci_migration.lock held
 */
void softpci_knobs_after_arc(struct softpci_vfio *svfio)
{
	struct softpci_session *session = svfio->mig.session;

	lockdep_assert_held(&svfio->mig.lock);
	if (!session)
		return;
	guard(mutex)(&session->lock);
	softpci_extra_run(&session->save.extra,
			  svfio->mig.state == VFIO_DEVICE_STATE_PRE_COPY);
}

/**
 * softpci_knobs_close() - the user of a device has left
 * @svfio: the device
 *
 * The size of extra state that it has loaded is no setting for the next user.
 */
void softpci_knobs_close(struct softpci_vfio *svfio)
{
	struct softpci_knobs *knobs = &svfio->knobs;

	WRITE_ONCE(knobs->extra_size, READ_ONCE(knobs->extra_set));
}

/* With a right checksum, so that a reader finds no other fault. */
static void raise_version(struct softpci_stream_header *header)
{
	header->major = cpu_to_le16(SOFTPCI_STREAM_MAJOR + 1);
	header->sum = softpci_stream_sum(header, offsetof(typeof(*header), sum),
					 NULL, 0);
}

/**
 * softpci_knobs_spoil() - the header or a section is about to be read
 * @svfio: the device
 * @save: the stream, softpci_session.lock held
 */
void softpci_knobs_spoil(struct softpci_vfio *svfio, struct softpci_save *save)
{
	const size_t head = sizeof(struct softpci_stream_section);

	if (!save->sections) {
		if (take_fault(svfio, SOFTPCI_FAULT_VERSION))
			raise_version((void *)save->buf);
		return;
	}
	if (take_fault(svfio, SOFTPCI_FAULT_CORRUPT))
		save->buf[head + (save->len - head) / 2] ^= 1;
	/* The state has just been made: END comes next. */
	if (save->next == SOFTPCI_SAVE_END &&
	    take_fault(svfio, SOFTPCI_FAULT_TRUNCATE)) {
		save->len = head + (save->len - head) / 2;
		save->next = SOFTPCI_SAVE_DONE;
	}
}

/* How long until more may be moved, in ns. */
static u64 pace_wait(const struct softpci_pace *pace, u64 now)
{
	return pace->rate && pace->next > now ? pace->next - now : 0;
}

static size_t pace_room(const struct softpci_pace *pace, size_t len)
{
	if (!pace->rate)
		return len;
	return clamp_t(u64, pace->rate / PACE_PARTS, 1, len);
}

/* First the bytes are moved, then the time that they take has to pass. */
static void pace_moved(struct softpci_pace *pace, size_t len, u64 now)
{
	if (pace->rate)
		pace->next = max(pace->next, now - NSEC_PER_SEC / PACE_PARTS) +
			     softpci_time_of(pace->rate, len);
}

/* Takes over the settings. Returns 1 if the call has to stall, 0, or an errno. */
static int look_at_knobs(struct softpci_session *session)
{
	struct softpci_vfio *svfio;

	guard(mutex)(&session->lock);
	svfio = session->svfio;
	if (!svfio)
		return -ENODEV;
	session->pace.rate = READ_ONCE(svfio->knobs.bandwidth);
	return take_fault(svfio, SOFTPCI_FAULT_STALL);
}

static bool has_ended(struct softpci_session *session)
{
	return !READ_ONCE(session->svfio);
}

/**
 * softpci_pace_begin() - wait until bytes of the data file may be moved
 * @session: the session, softpci_session.io held and nothing else
 * @len: how many are to be, not 0
 *
 * Return: how many may be; -ENODEV if the session has ended; -ERESTARTSYS on a
 * signal.
 */
ssize_t softpci_pace_begin(struct softpci_session *session, size_t len)
{
	u64 wait;
	int ret;

	lockdep_assert_held(&session->io);
	for (;;) {
		ret = look_at_knobs(session);
		if (ret < 0)
			return ret;
		if (ret)
			return wait_event_interruptible(session->ended,
							has_ended(session)) ?:
			       -ENODEV;
		wait = pace_wait(&session->pace, ktime_get_ns());
		if (!wait)
			return pace_room(&session->pace, len);
		ret = wait_event_interruptible_hrtimeout(session->ended,
							 has_ended(session),
							 ns_to_ktime(wait));
		if (ret != -ETIME)
			return ret ?: -ENODEV;
	}
}

/**
 * softpci_pace_end() - bytes of the data file have been moved
 * @session: the session, softpci_session.io held
 * @len: how many
 */
void softpci_pace_end(struct softpci_session *session, size_t len)
{
	lockdep_assert_held(&session->io);
	pace_moved(&session->pace, len, ktime_get_ns());
}

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/knobs.c"
#endif
