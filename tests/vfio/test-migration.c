// SPDX-License-Identifier: GPL-2.0-only
/*
 * The states of migration (VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE in linux/vfio.h):
 * which transitions there are, which of them bring a data file, what ends a
 * session, and the features that go with it.  Data files: test-data-file.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/example.h"
#include "../lib/migration.h"
#include "../lib/module.h"

#define GET		VFIO_DEVICE_FEATURE_GET
#define SET		VFIO_DEVICE_FEATURE_SET
#define PROBE		VFIO_DEVICE_FEATURE_PROBE
#define DEVICE_STATE	VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE
#define PAGE		4096

/* One type of each driver: the state machine is the front end's. */
#define SOME		(MDPY_VGA | MBOCHS_SMALL | MTTY_2 | EXAMPLE)

static bool is_precopy(unsigned int state)
{
	return state == MIG_PRE_COPY || state == MIG_PRE_COPY_P2P;
}

static bool is_saving(unsigned int state)
{
	return is_precopy(state) || state == MIG_STOP_COPY;
}

static bool has_data_file(unsigned int state)
{
	return is_saving(state) || state == MIG_RESUMING;
}

/* The states that can be entered here, from STOP on; the last one is @nr - 1. */
static unsigned int nr_states(const struct env *env)
{
	return mig_has_precopy(&env->dev) ? NR_MIG_STATES : MIG_RUNNING_P2P + 1;
}

/* Like mig_go(), with the data file that has to come or not. */
static int enter(const struct env *env, unsigned int state)
{
	int fd = mig_go(&env->dev, state);

	check_eq(!!fd, has_data_file(state));
	check_eq(mig_get_state(&env->dev), state);
	return fd;
}

static void close_fd(int fd)
{
	if (fd > 0)
		close(fd);
}

struct feature {
	const char *name;
	u32 feature;
	u32 operations;		/* GET and SET that it knows */
	size_t size;		/* of its data */
	bool is_there;
};

#define NR_FEATURES	7

static void list_features(const struct env *env, struct feature *features)
{
	bool log = mig_has_dma_log(&env->dev);
	const struct feature all[NR_FEATURES] = {
		{ "MIGRATION", VFIO_DEVICE_FEATURE_MIGRATION, GET,
		  sizeof(struct vfio_device_feature_migration), true },
		{ "MIG_DEVICE_STATE", DEVICE_STATE, GET | SET,
		  sizeof(struct vfio_device_feature_mig_state), true },
		{ "MIG_DATA_SIZE", VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, GET,
		  sizeof(struct vfio_device_feature_mig_data_size),
		  true },
		{ "MIG_PRECOPY_INFOv2", MIG_PRECOPY_INFO_V2, SET, 0,
		  !mig_feature(&env->dev,
			       PROBE | SET | MIG_PRECOPY_INFO_V2, NULL, 0) },
		{ "DMA_LOGGING_START", VFIO_DEVICE_FEATURE_DMA_LOGGING_START, SET,
		  sizeof(struct vfio_device_feature_dma_logging_control), log },
		{ "DMA_LOGGING_STOP", VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, SET, 0, log },
		{ "DMA_LOGGING_REPORT", VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, GET,
		  sizeof(struct vfio_device_feature_dma_logging_report), log },
	};

	memcpy(features, all, sizeof(all));
}

/* Without its data: a state that does not exist, logging of nothing. */
static int ask(const struct env *env, const struct feature *f, u32 operations, size_t size)
{
	u8 data[64];

	memset(data, 0xff, sizeof(data));
	return mig_feature(&env->dev, operations | f->feature, data, size);
}

static void features_know_their_operations(struct env *env)
{
	static const u32 operations[] = { 0, GET, SET, GET | SET };
	struct feature features[NR_FEATURES];
	unsigned int i, o;

	list_features(env, features);
	for (i = 0; i < NR_FEATURES; i++) {
		const struct feature *f = &features[i];

		note("%s", f->name);
		for (o = 0; o < ARRAY_SIZE(operations); o++) {
			int want = operations[o] & ~f->operations ? -EINVAL : 0;

			check_eq(ask(env, f, PROBE | operations[o], 0),
				 f->is_there ? want : -ENOTTY);
		}
		check_eq(ask(env, f, GET | SET, f->size), -EINVAL);
		check_eq(ask(env, f, GET | SET | 1 << 19, f->size), -EINVAL);
		if (!f->is_there) {
			check_eq(ask(env, f, GET, f->size), -ENOTTY);
			check_eq(ask(env, f, SET, f->size), -ENOTTY);
			continue;
		}
		check_eq(ask(env, f, 0, f->size), -EINVAL);
		check_eq(ask(env, f, (GET | SET) & ~f->operations, f->size), -EINVAL);
		if (f->size)
			check_eq(ask(env, f, f->operations & GET ?: SET, f->size - 1), -EINVAL);
	}
	check_eq(mig_get_state(&env->dev), MIG_RUNNING);
}

static void all_devices_offer_the_same(struct env *env)
{
	u64 flags = mig_flags(&env->dev);
	struct utsname uts;

	check_eq(flags & ~VFIO_MIGRATION_PRE_COPY, VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P);
	/* Since 6.2. The log needs nothing on 6.1, and then what brings cdev as well. */
	uname(&uts);
	check_eq(!!(flags & VFIO_MIGRATION_PRE_COPY), !!strncmp(uts.release, "6.1.", 4));
	if (!door_missing(DOOR_CDEV) || !(flags & VFIO_MIGRATION_PRE_COPY))
		check(mig_has_dma_log(&env->dev));
}

static void type_and_version_are_in_sysfs(struct env *env)
{
	struct text want = text("type=%s stream=1.0", env->model->type);
	struct text got = sysfs_read(mdev_path(&env->mdev, "vendor/migration").s);

	check_mem(got.s, want.s, strlen(want.s) + 1);
}

/* As the comments in linux/vfio.h have it, if nothing is written to the data file. */
static int expected(unsigned int from, unsigned int to, unsigned int nr)
{
	if (from == to)
		return 0;
	if (to == MIG_ERROR || to >= nr)
		return -EINVAL;
	if (from == MIG_RESUMING)
		return -EMSGSIZE;
	if (from == MIG_STOP_COPY && is_precopy(to))
		return -EINVAL;
	if (is_saving(to))
		return !is_saving(from);
	return to == MIG_RESUMING;
}

static void every_pair_of_states_is_a_transition_or_refused(struct env *env)
{
	unsigned int nr = nr_states(env), from, to;
	int first, fd, want;

	for (from = MIG_STOP; from < nr; from++)
		for (to = 0; to < NR_MIG_STATES + 2; to++) {
			first = enter(env, from);
			note("%s to %s", mig_state_name(from), mig_state_name(to));
			want = expected(from, to, nr);
			fd = mig_set_state(&env->dev, to);
			if (want > 0)
				check(fd > 0 && fd != first);
			else
				check_eq(fd, want);
			check_eq(mig_get_state(&env->dev), want < 0 ? from : to);
			close_fd(fd);
			close_fd(first);
			vfio_reset(&env->dev);
			check_eq(mig_get_state(&env->dev), MIG_RUNNING);
		}
	check_eq(mig_set_state(&env->dev, ~0U), -EINVAL);
	check_eq(mig_get_state(&env->dev), MIG_RUNNING);
}

static void a_whole_stream_leads_from_resuming_to_any_state(struct env *env)
{
	unsigned int nr = nr_states(env), to;
	struct blob stream = {};
	int first, fd;

	check_eq(mig_save(&env->dev, &stream), 0);
	for (to = MIG_STOP; to < nr; to++) {
		vfio_reset(&env->dev);
		first = enter(env, MIG_RESUMING);
		check_eq(mig_write_all(first, &stream, 0), 0);
		note("to %s", mig_state_name(to));
		fd = mig_go(&env->dev, to);
		check_eq(!!fd, is_saving(to));
		check_eq(mig_get_state(&env->dev), to);
		close_fd(first);
		close_fd(fd);
	}
}

static void a_refused_transition_does_not_end_the_session(struct env *env)
{
	struct blob want = {}, got = {};
	u8 bytes[10];
	int fd;

	check_eq(mig_save(&env->dev, &want), 0);
	enter(env, MIG_STOP);
	fd = enter(env, MIG_STOP_COPY);
	check_eq(sys(read(fd, bytes, sizeof(bytes))), sizeof(bytes));
	blob_add(&got, bytes, sizeof(bytes));
	check_eq(mig_set_state(&env->dev, MIG_PRE_COPY), -EINVAL);
	check_eq(mig_set_state(&env->dev, MIG_ERROR), -EINVAL);
	check_eq(mig_set_state(&env->dev, MIG_STOP_COPY), 0);
	check_eq(mig_read_all(fd, &got), 0);
	check_eq(got.len, want.len);
	check_mem(got.data, want.data, want.len);

	vfio_reset(&env->dev);
	fd = enter(env, MIG_RESUMING);
	check_eq(sys(write(fd, want.data, 100)), 100);
	check_eq(mig_set_state(&env->dev, MIG_STOP), -EMSGSIZE);
	check_eq(mig_set_state(&env->dev, MIG_RESUMING), 0);
	check_eq(sys(write(fd, want.data + 100, want.len - 100)), want.len - 100);
	enter(env, MIG_STOP);
}

enum end { BY_RESET, BY_FLR, BY_CLOSING, BY_REMOVAL, NR_ENDS };

static const char *const end_names[NR_ENDS] = { "reset", "FLR", "closing", "removal" };

static void end_session(struct env *env, enum end end)
{
	switch (end) {
	case BY_RESET:
		vfio_reset(&env->dev);
		break;
	case BY_FLR:
		example_flr(&env->dev);
		break;
	case BY_CLOSING:
		env_reopen(env);
		break;
	default:
		vfio_close(&env->dev);
		mdev_remove(&env->mdev);
		env->mdev = mdev_create(env->model->type);
		vfio_open(&env->dev, env->mdev.uuid, env->door);
	}
}

/* By the call that the data file is for. */
static void expect_ended(int fd, unsigned int state)
{
	struct vfio_precopy_info info;
	u8 bytes[8] = {};

	if (state == MIG_RESUMING) {
		check_eq(sys(write(fd, bytes, sizeof(bytes))), -ENODEV);
		return;
	}
	check_eq(sys(read(fd, bytes, sizeof(bytes))), -ENODEV);
	check_eq(mig_precopy_info(fd, &info), -ENODEV);
}

static void reset_close_and_removal_end_a_session_in_every_state(struct env *env)
{
	unsigned int nr = nr_states(env), state, end;
	u8 byte = 0x46;
	int fd;

	for (state = MIG_STOP; state < nr; state++)
		for (end = 0; end < NR_ENDS; end++) {
			if (end == BY_FLR && !env->model->pcie)
				continue;
			fd = enter(env, state);
			note("%s in %s", end_names[end], mig_state_name(state));
			/* In the middle of a part of the stream. */
			if (state == MIG_RESUMING)
				check_eq(sys(write(fd, &byte, 1)), 1);
			else if (fd)
				check_eq(sys(read(fd, &byte, 1)), 1);
			end_session(env, end);
			check_eq(mig_get_state(&env->dev), MIG_RUNNING);
			if (fd)
				expect_ended(fd, state);
			close_fd(fd);
			/* All that a new user can do. */
			close_fd(enter(env, state));
			end_session(env, BY_RESET);
		}
}

static void a_transition_ends_a_session(struct env *env)
{
	unsigned int nr = nr_states(env), state;
	struct blob stream = {};
	int fd;

	check_eq(mig_save(&env->dev, &stream), 0);
	for (state = MIG_STOP; state < nr; state++) {
		if (!has_data_file(state))
			continue;
		vfio_reset(&env->dev);
		fd = enter(env, state);
		if (state == MIG_RESUMING)
			check_eq(mig_write_all(fd, &stream, 0), 0);
		note("from %s", mig_state_name(state));
		enter(env, is_precopy(state) ? MIG_RUNNING : MIG_STOP);
		expect_ended(fd, state);
		close(fd);
	}
}

static void each_session_has_a_stream_of_its_own(struct env *env)
{
	struct blob first = {}, second = {};
	int one, two;

	close_fd(enter(env, MIG_STOP));
	one = enter(env, MIG_STOP_COPY);
	check_eq(mig_read_all(one, &first), 0);
	enter(env, MIG_STOP);
	two = enter(env, MIG_STOP_COPY);
	expect_ended(one, MIG_STOP_COPY);
	check_eq(mig_read_all(two, &second), 0);
	expect_ended(one, MIG_STOP_COPY);
	check_eq(second.len, first.len);
	check_mem(second.data, first.data, first.len);
	/* The first one's end is not the end of the second. */
	close(one);
	check_eq(mig_read_all(two, &second), 0);
	check_eq(mig_get_state(&env->dev), MIG_STOP_COPY);
}

static void a_session_needs_no_data_file_to_be_open(struct env *env)
{
	unsigned int nr = nr_states(env), state;

	for (state = MIG_STOP; state < nr; state++) {
		close_fd(enter(env, state));
		note("%s", mig_state_name(state));
		check_eq(mig_set_state(&env->dev, MIG_STOP),
			 state == MIG_RESUMING ? -EMSGSIZE : 0);
		vfio_reset(&env->dev);
	}
}

/* The parent driver, its device gone, is not needed by the file that is left. */
static void a_data_file_outlives_the_driver_of_its_device(struct env *env)
{
	unsigned int nr = nr_states(env), state;
	int fd[NR_MIG_STATES] = {};

	for (state = MIG_STOP; state < nr; state++) {
		fd[state] = enter(env, state);
		vfio_reset(&env->dev);
	}
	vfio_close(&env->dev);
	mdev_remove(&env->mdev);
	module_reload(env->model->parent, "");
	for (state = MIG_STOP; state < nr; state++)
		if (fd[state]) {
			expect_ended(fd[state], state);
			close(fd[state]);
		}
}

/* The state has been entered, and its data file cannot be told of. */
static void a_data_file_that_cannot_be_given_is_closed(struct env *env)
{
	static const unsigned int states[] = { MIG_STOP_COPY, MIG_RESUMING };
	const size_t size = sizeof(struct vfio_device_feature) +
			    sizeof(struct vfio_device_feature_mig_state);
	struct vfio_device_feature *call;
	struct rlimit files, none = {};
	unsigned int i;
	int free;

	call = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(call != MAP_FAILED);
	free = dup(0);
	close(free);
	check_eq(sys(getrlimit(RLIMIT_NOFILE, &files)), 0);
	none.rlim_max = files.rlim_max;
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		note("%s", mig_state_name(states[i]));
		setrlimit(RLIMIT_NOFILE, &none);
		check_eq(mig_set_state(&env->dev, states[i]), -EMFILE);
		setrlimit(RLIMIT_NOFILE, &files);
		check_eq(mig_get_state(&env->dev), states[i]);
		vfio_reset(&env->dev);

		*call = (struct vfio_device_feature){ size, SET | DEVICE_STATE };
		((struct vfio_device_feature_mig_state *)call->data)->device_state = states[i];
		check_eq(sys(mprotect(call, PAGE, PROT_READ)), 0);
		check_eq(sys(ioctl(env->dev.fd, VFIO_DEVICE_FEATURE, call)), -EFAULT);
		check_eq(sys(mprotect(call, PAGE, PROT_READ | PROT_WRITE)), 0);
		check_eq(mig_get_state(&env->dev), states[i]);
		vfio_reset(&env->dev);
		check_eq(mig_get_state(&env->dev), MIG_RUNNING);
	}
	/* No descriptor was left open. */
	check_eq(dup(0), free);
}

static void a_state_that_cannot_be_read_is_not_entered(struct env *env)
{
	struct vfio_device_feature *call;
	u8 *pages;

	pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(pages != MAP_FAILED);
	check_eq(sys(munmap(pages + PAGE, PAGE)), 0);
	call = (void *)(pages + PAGE - sizeof(*call));
	call->argsz = sizeof(*call) + sizeof(struct vfio_device_feature_mig_state);
	call->flags = SET | DEVICE_STATE;
	check_eq(sys(ioctl(env->dev.fd, VFIO_DEVICE_FEATURE, call)), -EFAULT);
	call->flags = GET | DEVICE_STATE;
	check_eq(sys(ioctl(env->dev.fd, VFIO_DEVICE_FEATURE, call)), -EFAULT);
	check_eq(mig_get_state(&env->dev), MIG_RUNNING);
}

/* Also if some of the memory was touched. */
static void the_data_size_is_the_length_of_the_stream(struct env *env)
{
	struct blob stream = {};
	unsigned int i;
	s64 size;

	for (i = 0; i < 3; i++) {
		if (i && env->model->bit & DISPLAYS)
			reg_put(&env->dev, 0, i * 100 * PAGE, 4, 0x12345678);
		note("round %u", i);
		size = mig_data_size(&env->dev);
		stream.len = 0;
		check_eq(mig_save(&env->dev, &stream), 0);
		check_eq(size, stream.len);
		vfio_reset(&env->dev);
	}
}

const struct test_case cases[] = {
	CASE(features_know_their_operations, SOME),
	CASE(all_devices_offer_the_same, EACH | ONE_DOOR),
	CASE(type_and_version_are_in_sysfs, EACH | ONE_DOOR),
	CASE(every_pair_of_states_is_a_transition_or_refused, SOME | ONE_DOOR),
	CASE(a_whole_stream_leads_from_resuming_to_any_state, SOME | ONE_DOOR),
	CASE(a_refused_transition_does_not_end_the_session, SOME | ONE_DOOR),
	CASE(reset_close_and_removal_end_a_session_in_every_state, SOME),
	CASE(a_transition_ends_a_session, SOME | ONE_DOOR),
	CASE(each_session_has_a_stream_of_its_own, SOME | ONE_DOOR),
	CASE(a_session_needs_no_data_file_to_be_open, SOME | ONE_DOOR),
	CASE(a_data_file_outlives_the_driver_of_its_device, SOME),
	CASE(a_data_file_that_cannot_be_given_is_closed, SOME),
	CASE(a_state_that_cannot_be_read_is_not_entered, SOME | ONE_DOOR),
	CASE(the_data_size_is_the_length_of_the_stream, SOME | ONE_DOOR),
	{}
};
