// SPDX-License-Identifier: GPL-2.0-only
/*
 * As test-fail-nth: each allocation and each user copy made to fail in turn, in
 * calls that migrate a device and log its DMA.  A call that failed can be repeated.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/example.h"
#include "../lib/fault.h"
#include "../lib/migration.h"
#include "../lib/refusal.h"
#include "../lib/state.h"

/* One type of each driver: the others have the same code. */
#define SOME		(MDPY_VGA | MBOCHS_SMALL | MTTY_2 | EXAMPLE)
#define PAGE		4096

struct arc {
	unsigned int from, to;
};

/* All there are; the other transitions are several of them. */
static const struct arc arcs[] = {
	{ MIG_RUNNING, MIG_RUNNING_P2P }, { MIG_RUNNING_P2P, MIG_RUNNING },
	{ MIG_RUNNING_P2P, MIG_STOP }, { MIG_STOP, MIG_RUNNING_P2P },
	{ MIG_STOP, MIG_STOP_COPY }, { MIG_STOP_COPY, MIG_STOP }, { MIG_STOP, MIG_RESUMING },
	{ MIG_RUNNING, MIG_PRE_COPY }, { MIG_PRE_COPY, MIG_RUNNING },
	{ MIG_PRE_COPY, MIG_PRE_COPY_P2P }, { MIG_PRE_COPY_P2P, MIG_PRE_COPY },
	{ MIG_RUNNING_P2P, MIG_PRE_COPY_P2P }, { MIG_PRE_COPY_P2P, MIG_RUNNING_P2P },
	{ MIG_PRE_COPY_P2P, MIG_STOP_COPY },
};

/* Memory that shows in the stream, unless it is a whole picture. */
static void touch(struct env *env)
{
	unsigned int i;

	for (i = 0; i < 2 && env->model->bit & (MBOCHS | EXAMPLE); i++)
		reg_put(&env->dev, 0, memory_start(env->model) + i * 2 * PAGE, 4, 0x5a5a + i);
}

static int lowest_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void close_fd(int fd)
{
	if (fd > 0)
		close(fd);
}

/* shmem_get_inode() returns -ENOSPC if there is no memory for an inode. */
static struct fault rounds(const char *what)
{
	return (struct fault){ .what = what, .also = -ENOSPC };
}

static void each_arc_is_followed_or_not(struct env *env)
{
	bool precopy = mig_has_precopy(&env->dev);
	int before = lowest_fd(), first, second;
	unsigned int i, state;

	touch(env);
	for (i = 0; i < ARRAY_SIZE(arcs); i++) {
		const unsigned int from = arcs[i].from, to = arcs[i].to;
		struct fault f = rounds(mig_state_name(to));

		if (!precopy && (from >= MIG_PRE_COPY || to >= MIG_PRE_COPY))
			continue;
		while (fault_next(&f)) {
			vfio_reset(&env->dev);
			first = mig_go(&env->dev, from);
			second = faulted(&f, mig_set_state(&env->dev, to));
			state = mig_get_state(&env->dev);
			/* In the new one as well, if only the answer has failed. */
			if (second < 0 && state != to) {
				check_eq(state, from);
				second = mig_go(&env->dev, to);
			}
			check_eq(mig_get_state(&env->dev), to);
			close_fd(first);
			close_fd(second);
			check_eq(lowest_fd(), before);
		}
	}
}

static void a_transition_of_several_arcs_can_be_completed(struct env *env)
{
	static const struct arc several[] = {
		{ MIG_RUNNING, MIG_STOP_COPY }, { MIG_RUNNING, MIG_RESUMING },
		{ MIG_STOP_COPY, MIG_RESUMING }, { MIG_STOP_COPY, MIG_RUNNING },
	};
	int first, second;
	unsigned int i;

	touch(env);
	for (i = 0; i < ARRAY_SIZE(several); i++) {
		struct fault f = rounds(mig_state_name(several[i].to));

		while (fault_next(&f)) {
			vfio_reset(&env->dev);
			first = mig_go(&env->dev, several[i].from);
			second = faulted(&f, mig_set_state(&env->dev, several[i].to));
			check(mig_get_state(&env->dev) != MIG_ERROR);
			if (second < 0)
				second = mig_go(&env->dev, several[i].to);
			check_eq(mig_get_state(&env->dev), several[i].to);
			close_fd(first);
			close_fd(second);
		}
	}
}

/* All of the stream of a device, by one read that fails somewhere and those after it. */
static void expect_stream(struct fault *f, int fd, const struct blob *want, int end)
{
	struct blob got = {};
	ssize_t n;

	/* So that no malloc() is needed meanwhile. */
	blob_add(&got, want->data, want->len);
	memset(got.data, 0, got.len);
	n = faulted(f, sys(read(fd, got.data, want->len)));
	got.len = n < 0 ? 0 : n;
	check_eq(mig_read_all(fd, &got), end);
	check_eq(got.len, want->len);
	check_mem(got.data, want->data, want->len);
	blob_free(&got);
}

static void no_byte_is_lost_when_reading_fails(struct env *env)
{
	struct blob want = {}, precopy = {};
	struct fault f = FAULTS("read in STOP_COPY");
	int fd;

	/* Not use(): of a screen that it clears, each 64 KiB would be another two rounds. */
	touch(env);
	check_eq(mig_save(&env->dev, &want), 0);
	while (fault_next(&f)) {
		mig_go(&env->dev, MIG_STOP);
		fd = mig_go(&env->dev, MIG_STOP_COPY);
		expect_stream(&f, fd, &want, 0);
		close(fd);
	}
	if (!mig_has_precopy(&env->dev))
		return;
	f = FAULTS("read in PRE_COPY");
	while (fault_next(&f)) {
		mig_go(&env->dev, MIG_RUNNING);
		fd = mig_go(&env->dev, MIG_PRE_COPY);
		if (!precopy.len)
			check_eq(mig_read_all(fd, &precopy), -ENOMSG);
		mig_go(&env->dev, MIG_RUNNING);
		close(fd);
		fd = mig_go(&env->dev, MIG_PRE_COPY);
		expect_stream(&f, fd, &precopy, -ENOMSG);
		close(fd);
	}
}

static void a_stream_is_written_or_can_be_sent_again(struct env *env)
{
	struct fault f = rounds("write");
	struct refusal r;
	ssize_t n;
	int fd;

	refusal_init(&r, env);
	while (fault_next(&f)) {
		vfio_reset(&env->dev);
		use(env);
		fd = mig_go(&env->dev, MIG_RESUMING);
		n = faulted(&f, sys(write(fd, r.good.data, r.good.len)));
		check_eq(mig_get_state(&env->dev), MIG_RESUMING);
		if (n == -EFAULT)
			/* Nothing was taken. */
			n = sys(write(fd, r.good.data, r.good.len));
		if (n < 0) {
			/* For good: see the transition. */
			check_eq(sys(write(fd, r.good.data, 1)), n);
			check_eq(mig_set_state(&env->dev, MIG_STOP), n);
			close(fd);
			expect_device_state(env, &r.before);
		} else {
			check_eq(n, r.good.len);
			check_eq(mig_go(&env->dev, MIG_STOP), 0);
			close(fd);
		}
	}
	expect_good_is_taken(&r);
}

static void a_device_is_loaded_or_stays_as_it_is(struct env *env)
{
	struct fault f = rounds("RESUMING to STOP");
	struct refusal r;
	int fd, ret;

	refusal_init(&r, env);
	while (fault_next(&f)) {
		vfio_reset(&env->dev);
		use(env);
		fd = mig_go(&env->dev, MIG_RESUMING);
		check_eq(mig_write_all(fd, &r.good, 0), 0);
		ret = faulted(&f, mig_set_state(&env->dev, MIG_STOP));
		if (ret < 0 && mig_get_state(&env->dev) == MIG_RESUMING) {
			close(fd);
			expect_device_state(env, &r.before);
			/* The stream is still there. */
			ret = mig_go(&env->dev, MIG_STOP);
		} else {
			close(fd);
		}
		check_eq(mig_get_state(&env->dev), MIG_STOP);
		check_eq(config_get(&env->dev, PCI_INTERRUPT_LINE, 1), 0x77);
	}
	expect_good_is_taken(&r);
}

static void questions_are_answered_or_not(struct env *env)
{
	s64 want = mig_data_size(&env->dev), got;
	struct fault f = FAULTS("MIG_DATA_SIZE");
	struct vfio_precopy_info info;
	int fd;

	/* MIGRATION, MIG_DEVICE_STATE: their answers are checked where they are asked for. */
	while (fault_next(&f)) {
		got = faulted(&f, mig_data_size(&env->dev));
		if (got >= 0)
			check_eq(got, want);
	}
	if (mig_has_precopy(&env->dev)) {
		fd = mig_go(&env->dev, MIG_PRE_COPY);
		f = FAULTS("GET_PRECOPY_INFO");
		while (fault_next(&f))
			if (!faulted(&f, mig_precopy_info(fd, &info)))
				check(info.initial_bytes);
		close(fd);
	}
}

struct log_start {
	struct vfio_device_feature feature;
	struct vfio_device_feature_dma_logging_control control;
};

static int log_start(const struct env *env,
		     const struct vfio_device_feature_dma_logging_range *range)
{
	struct log_start call = {
		.feature = {
			sizeof(call),
			VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
		},
		.control = { PAGE, 1, 0, (uintptr_t)range },
	};

	return sys(ioctl(env->dev.fd, VFIO_DEVICE_FEATURE, &call));
}

static int log_stop(const struct env *env)
{
	return mig_feature(&env->dev,
			   VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, NULL, 0);
}

static void a_log_is_started_and_stopped_or_not(struct env *env)
{
	const struct vfio_device_feature_dma_logging_range range = { 0, 1 << 30 };
	struct vfio_device_feature_dma_logging_report report = { 0, 1 << 30, PAGE, 0 };
	static u64 bitmap[(1 << 30) / PAGE / 64];
	struct fault f = FAULTS("DMA_LOGGING_START");

	if (!mig_has_dma_log(&env->dev))
		skip_case("this kernel has no DMA logging for drivers");
	report.bitmap = (uintptr_t)bitmap;
	/* Present, so that no page has to be allocated for it. */
	memset(bitmap, 0, sizeof(bitmap));
	while (fault_next(&f)) {
		if (faulted(&f, log_start(env, &range)) < 0)
			check_eq(log_start(env, &range), 0);
		check_eq(log_start(env, &range), -EINVAL);
		check_eq(log_stop(env), 0);
	}
	check_eq(log_start(env, &range), 0);
	f = FAULTS("DMA_LOGGING_REPORT");
	while (fault_next(&f))
		faulted(&f, mig_feature(&env->dev, VFIO_DEVICE_FEATURE_GET |
					VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
					&report, sizeof(report)));
	f = FAULTS("DMA_LOGGING_STOP");
	while (fault_next(&f)) {
		if (faulted(&f, log_stop(env)) < 0)
			check_eq(log_stop(env), 0);
		check_eq(log_start(env, &range), 0);
	}
}

const struct test_case cases[] = {
	CASE(each_arc_is_followed_or_not, SOME | ONE_DOOR),
	CASE(a_transition_of_several_arcs_can_be_completed, SOME | ONE_DOOR),
	CASE(no_byte_is_lost_when_reading_fails, SOME | ONE_DOOR),
	CASE(a_stream_is_written_or_can_be_sent_again, SOME | ONE_DOOR),
	CASE(a_device_is_loaded_or_stays_as_it_is, SOME | ONE_DOOR),
	CASE(questions_are_answered_or_not, SOME | ONE_DOOR),
	CASE(a_log_is_started_and_stopped_or_not, MTTY_1 | EXAMPLE | ONE_DOOR),
	{}
};
