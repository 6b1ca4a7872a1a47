// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attributes in migration/, by which a device's migration is made large, slow or
 * faulty: each of them is seen at the files that a VMM reads and writes.
 */
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/stream.h"

/* Several sections, and an end that is not aligned. */
#define EXTRA		200003
#define MAX_RATE	"17179869184"
/* More than a device that has no memory ever sends. */
#define PIECE		MIB

static int __knob_put(const struct env *env, const char *name, const char *val)
{
	return __sysfs_write(mdev_path(&env->mdev, text("migration/%s", name).s).s, val);
}

static void knob_put(const struct env *env, const char *name, const char *val)
{
	note("%s to %s", val, name);
	check_eq(__knob_put(env, name, val), 0);
	note(NULL);
}

static void knob_is(const struct env *env, const char *name, const char *val)
{
	struct text now = sysfs_read(mdev_path(&env->mdev, text("migration/%s", name).s).s);

	note("%s is %s", name, now.s);
	check(!strcmp(now.s, val));
	note(NULL);
}

static void need_precopy(const struct env *env)
{
	if (!mig_has_precopy(&env->dev))
		skip_case("this kernel has no PRE_COPY: it is older than 6.2");
}

static const char *const knobs[][2] = {
	{ "extra_size", "0" }, { "dirty_rate", "0" }, { "bandwidth", "0" },
	{ "reported_size", "real" }, { "fault", "none" },
};

static void knobs_are_off_by_default(struct env *env)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(knobs); i++)
		knob_is(env, knobs[i][0], knobs[i][1]);
}

static void knobs_take_the_values_that_they_show(struct env *env)
{
	static const char *const values[][2] = {
		{ "extra_size", "1" }, { "extra_size", "68719476736" },
		{ "dirty_rate", MAX_RATE }, { "bandwidth", MAX_RATE },
		{ "reported_size", "zero" }, { "reported_size", "huge" },
		{ "reported_size", "growing" }, { "reported_size", "real" },
		{ "fault", "truncate" }, { "fault", "corrupt" }, { "fault", "stall" },
		{ "fault", "version" }, { "fault", "RUNNING:RUNNING_P2P" }, { "fault", "none" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		knob_put(env, values[i][0], values[i][1]);
		knob_is(env, values[i][0], values[i][1]);
	}
}

/* Also while the device is open, of which some of them cannot be changed then. */
static void every_attribute_takes_what_it_shows(struct env *env)
{
	check(sysfs_write_back(mdev_path(&env->mdev, "vendor").s) <= 2);
	check_eq(sysfs_write_back(mdev_path(&env->mdev, "migration").s), ARRAY_SIZE(knobs));
	vfio_close(&env->dev);
	memset(&env->dev, 0, sizeof(env->dev));
	sysfs_write_back(mdev_path(&env->mdev, "vendor").s);
}

static void a_wrong_value_is_refused_and_changes_nothing(struct env *env)
{
	static const struct {
		const char *name, *val;
		int ret;
	} wrong[] = {
		{ "extra_size", "68719476737", -ERANGE }, { "extra_size", "-1", -EINVAL },
		{ "dirty_rate", "17179869185", -ERANGE }, { "dirty_rate", "much", -EINVAL },
		{ "bandwidth", "17179869185", -ERANGE }, { "bandwidth", "0x", -EINVAL },
		{ "reported_size", "large", -EINVAL }, { "fault", "all", -EINVAL },
		{ "fault", "RUNNING:STOP", -EINVAL }, { "fault", "STOP:STOP", -EINVAL },
		{ "fault", "RUNNING:ERROR", -EINVAL },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		note("%s to %s", wrong[i].val, wrong[i].name);
		check_eq(__knob_put(env, wrong[i].name, wrong[i].val), wrong[i].ret);
	}
	knobs_are_off_by_default(env);
}

static void settings_stay_over_close_and_reset(struct env *env)
{
	knob_put(env, "extra_size", "77");
	knob_put(env, "fault", "stall");
	vfio_reset(&env->dev);
	env_reopen(env);
	knob_is(env, "extra_size", "77");
	knob_is(env, "fault", "stall");
}

static struct blob saved(const struct env *env)
{
	struct blob blob = {};

	check_eq(mig_save(&env->dev, &blob), 0);
	return blob;
}

static u64 extra_bytes(const struct blob *blob)
{
	size_t pos = 0;
	u64 sum = 0;

	for (pos = sizeof(struct stream_header);
	     (pos = stream_find(blob, pos, STREAM_EXTRA)); pos = stream_section_end(blob, pos))
		sum += stream_section_at(blob, pos)->length - sizeof(struct stream_extra);
	return sum;
}

static void extra_state_migrates_and_migrates_onward(struct env *env)
{
	struct env target = {}, third = {};
	struct blob plain = saved(env), first, second;

	check_eq(extra_bytes(&plain), 0);
	mig_go(&env->dev, MIG_RUNNING);
	knob_put(env, "extra_size", text("%u", EXTRA).s);
	first = saved(env);
	check_eq(extra_bytes(&first), EXTRA);
	mig_go(&env->dev, MIG_RUNNING);
	check_eq(mig_data_size(&env->dev), first.len);

	env_open(&target, env->model->type, env->door);
	check_eq(mig_load_pieces(&target.dev, &first, 9999), 0);
	knob_is(&target, "extra_size", text("%u", EXTRA).s);
	second = saved(&target);
	check_eq(extra_bytes(&second), EXTRA);

	/* Extra state of the target is replaced, as all of its state. */
	env_open(&third, env->model->type, env->door);
	check_eq(mig_load(&third.dev, &second), 0);
	knob_is(&third, "extra_size", text("%u", EXTRA).s);
	mig_go(&third.dev, MIG_RUNNING);
	check_eq(mig_load(&third.dev, &plain), 0);
	knob_is(&third, "extra_size", "0");

	/* A user's stream is no setting for the next user. */
	knob_put(&third, "extra_size", "5");
	mig_go(&third.dev, MIG_RUNNING);
	check_eq(mig_load(&third.dev, &first), 0);
	knob_is(&third, "extra_size", text("%u", EXTRA).s);
	env_reopen(&third);
	knob_is(&third, "extra_size", "5");
}

static void extra_state_that_is_not_as_sent_is_refused(struct env *env)
{
	struct env target = {};
	struct blob good, bad;
	size_t pos;

	knob_put(env, "extra_size", text("%u", EXTRA).s);
	good = saved(env);
	env_open(&target, env->model->type, env->door);
	knob_put(&target, "extra_size", "5");

	pos = stream_find(&good, sizeof(struct stream_header), STREAM_EXTRA);
	bad = blob_copy(&good);
	bad.data[pos + sizeof(struct stream_section) + sizeof(struct stream_extra) + 99] ^= 1;
	stream_seal_section(&bad, pos);
	check_eq(mig_load(&target.dev, &bad), -EBADMSG);
	vfio_reset(&target.dev);
	blob_free(&bad);

	/* The same section twice. */
	bad = blob_copy(&good);
	blob_insert(&bad, pos, good.data + pos, stream_section_end(&good, pos) - pos);
	stream_seal(&bad);
	check_eq(mig_load(&target.dev, &bad), -EINVAL);
	vfio_reset(&target.dev);
	blob_free(&bad);

	/* One is missing: the first, the last. */
	bad = blob_copy(&good);
	blob_remove(&bad, pos, stream_section_end(&good, pos) - pos);
	stream_seal(&bad);
	check_eq(mig_load(&target.dev, &bad), -EINVAL);
	vfio_reset(&target.dev);
	blob_free(&bad);
	while (stream_find(&good, stream_section_end(&good, pos), STREAM_EXTRA))
		pos = stream_find(&good, stream_section_end(&good, pos), STREAM_EXTRA);
	bad = blob_copy(&good);
	blob_remove(&bad, pos, stream_section_end(&good, pos) - pos);
	stream_seal(&bad);
	check_eq(mig_load(&target.dev, &bad), -EINVAL);
	vfio_reset(&target.dev);

	knob_is(&target, "extra_size", "5");
	check_eq(mig_load(&target.dev, &good), 0);
}

static bool is_dirty(void *arg)
{
	struct vfio_precopy_info info;

	check_eq(mig_precopy_info(*(int *)arg, &info), 0);
	check_eq(info.initial_bytes, 0);
	/* With the heads of sections. */
	check(info.dirty_bytes < EXTRA + 1000);
	return info.dirty_bytes;
}

static void extra_state_becomes_dirty_in_pre_copy_only(struct env *env)
{
	struct vfio_precopy_info info;
	struct env target = {};
	struct blob blob = {};
	u8 *piece = calloc(1, PIECE);
	ssize_t n;
	int fd;

	need_precopy(env);
	knob_put(env, "extra_size", text("%u", EXTRA).s);
	fd = mig_go(&env->dev, MIG_PRE_COPY);
	check_eq(mig_precopy_info(fd, &info), 0);
	check(info.initial_bytes > EXTRA);
	check_eq(mig_read_all(fd, &blob), -ENOMSG);
	/* Nothing changes at rate 0: the temporary end is the end. */
	check(!is_dirty(&fd));
	check_eq(mig_read_all(fd, &blob), -ENOMSG);
	check_eq(extra_bytes(&blob), EXTRA);
	mig_go(&env->dev, MIG_RUNNING);
	close(fd);
	blob_free(&blob);

	/* At a rate above the speed of any reader no temporary end lasts. */
	knob_put(env, "dirty_rate", MAX_RATE);
	fd = mig_go(&env->dev, MIG_PRE_COPY);
	while (blob.len < 2 * PIECE) {
		n = sys(read(fd, piece, PIECE));
		if (n > 0) {
			blob_add(&blob, piece, n);
			continue;
		}
		/* Time has not moved on since the last read(). */
		check_eq(n, -ENOMSG);
		check(retry(is_dirty, &fd));
	}
	check(retry(is_dirty, &fd));
	/* But where the device is quiet. */
	mig_go(&env->dev, MIG_PRE_COPY_P2P);
	check_eq(mig_read_all(fd, &blob), -ENOMSG);
	check(!is_dirty(&fd));
	check_eq(mig_read_all(fd, &blob), -ENOMSG);
	mig_go(&env->dev, MIG_PRE_COPY);
	check(retry(is_dirty, &fd));
	check_eq(mig_go(&env->dev, MIG_STOP_COPY), 0);
	check_eq(mig_read_all(fd, &blob), 0);
	check(extra_bytes(&blob) > PIECE);

	env_open(&target, env->model->type, env->door);
	check_eq(mig_load(&target.dev, &blob), 0);
	knob_is(&target, "extra_size", text("%u", EXTRA).s);
}

static void size_is_reported_as_it_is_set(struct env *env)
{
	s64 real, last;
	unsigned int i;

	real = mig_data_size(&env->dev);
	check(real > 0);
	knob_put(env, "reported_size", "zero");
	check_eq(mig_data_size(&env->dev), 0);
	knob_put(env, "reported_size", "huge");
	check_eq(mig_data_size(&env->dev), -4096);
	knob_put(env, "reported_size", "growing");
	last = mig_data_size(&env->dev);
	check(last >= real);
	for (i = 0; i < 20; i++) {
		check_eq(mig_data_size(&env->dev), 2 * last);
		last *= 2;
	}
	knob_put(env, "reported_size", "real");
	check_eq(mig_data_size(&env->dev), real);
}

static void precopy_info_is_reported_as_it_is_set(struct env *env)
{
	struct vfio_precopy_info info, last;
	int fd;

	need_precopy(env);
	fd = mig_go(&env->dev, MIG_PRE_COPY);
	knob_put(env, "reported_size", "zero");
	check_eq(mig_precopy_info(fd, &info), 0);
	check_eq(info.initial_bytes, 0);
	check_eq(info.dirty_bytes, 0);
	knob_put(env, "reported_size", "huge");
	check_eq(mig_precopy_info(fd, &info), 0);
	check_eq(info.initial_bytes, -4096);
	check_eq(info.dirty_bytes, -4096);
	knob_put(env, "reported_size", "growing");
	check_eq(mig_precopy_info(fd, &last), 0);
	check_eq(mig_precopy_info(fd, &info), 0);
	check_eq(info.initial_bytes, 2 * last.initial_bytes);
	check_eq(info.dirty_bytes, 2 * last.dirty_bytes);
}

/* One read(2) or write(2) by a process of its own. */
struct call {
	int fd;
	const struct blob *stream;	/* to be written; NULL: read */
	ssize_t ret;
	pid_t pid;
};

static void no_restart(int sig)
{
}

static int do_call(void *arg)
{
	struct call *call = arg;
	u8 *buf = calloc(1, PIECE);
	struct sigaction usr1 = { .sa_handler = no_restart };

	check_eq(sys(sigaction(SIGUSR1, &usr1, NULL)), 0);
	if (call->stream)
		call->ret = sys(write(call->fd, call->stream->data, call->stream->len));
	else
		call->ret = sys(read(call->fd, buf, PIECE));
	return 0;
}

/* Waits for nothing but the call; see proc_pid_stat(5). */
static bool sleeps(void *arg)
{
	struct text path = text("/proc/%d/stat", *(pid_t *)arg);
	char stat[512], *state;

	check_eq(__sysfs_read(path.s, stat, sizeof(stat)), 0);
	state = strrchr(stat, ')');
	return state && state[1] == ' ' && state[2] == 'S';
}

/* It does not return by itself. */
static struct call *call_start(int fd, const struct blob *stream)
{
	struct call *call = mmap(NULL, sizeof(*call), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	check(call != MAP_FAILED);
	call->fd = fd;
	call->stream = stream;
	call->pid = child_start(do_call, call);
	check(retry(sleeps, &call->pid));
	return call;
}

static ssize_t call_end(struct call *call)
{
	child_join(call->pid);
	return call->ret;
}

static ssize_t call_interrupt(struct call *call)
{
	check_eq(sys(kill(call->pid, SIGUSR1)), 0);
	return call_end(call);
}

static void call_kill(struct call *call)
{
	int status;

	check_eq(sys(kill(call->pid, SIGKILL)), 0);
	check(child_ended(call->pid, WAIT_MS, &status));
	check(WIFSIGNALED(status));
}

/* A source and a target that move a byte a second, and a stream of the source. */
static struct blob slow_down(struct env *env, struct env *target)
{
	struct blob stream = saved(env);

	mig_go(&env->dev, MIG_RUNNING);
	env_open(target, env->model->type, env->door);
	knob_put(env, "bandwidth", "1");
	knob_put(target, "bandwidth", "1");
	return stream;
}

static void a_byte_a_second_is_slow_and_can_be_interrupted(struct env *env)
{
	struct env target = {};
	struct blob stream = slow_down(env, &target);
	ssize_t n;
	int fd;

	fd = mig_go(&env->dev, MIG_STOP_COPY);
	n = call_interrupt(call_start(fd, NULL));
	check(n >= 1 && n < 100);
	/* Its limit is looked at all the time. */
	knob_put(env, "bandwidth", "0");
	check(sys(read(fd, stream.data, stream.len)) > 100);

	fd = mig_go(&target.dev, MIG_RESUMING);
	n = call_interrupt(call_start(fd, &stream));
	check(n >= 1 && n < 100);
	call_kill(call_start(fd, &stream));
}

static void a_slow_file_does_not_hold_up_its_device(struct env *env)
{
	struct call *read_call, *write_call;
	struct env target = {};
	struct blob stream = slow_down(env, &target);
	int fd;

	fd = mig_go(&env->dev, MIG_STOP_COPY);
	read_call = call_start(fd, NULL);
	fd = mig_go(&target.dev, MIG_RESUMING);
	write_call = call_start(fd, &stream);

	check_eq(mig_get_state(&env->dev), MIG_STOP_COPY);
	mig_go(&env->dev, MIG_STOP);
	check_eq(call_end(read_call), -ENODEV);
	vfio_reset(&target.dev);
	check_eq(call_end(write_call), -ENODEV);
	check_eq(mig_get_state(&target.dev), MIG_RUNNING);
}

static void a_limit_above_the_speed_changes_nothing(struct env *env)
{
	struct blob plain, paced;

	knob_put(env, "extra_size", text("%u", EXTRA).s);
	plain = saved(env);
	mig_go(&env->dev, MIG_RUNNING);
	knob_put(env, "bandwidth", "100000000");
	paced = saved(env);
	check_eq(paced.len, plain.len);
	check_eq(extra_bytes(&paced), EXTRA);
}

static void a_stalled_file_waits_for_a_signal_or_the_end_of_its_session(struct env *env)
{
	struct env target = {};
	struct blob stream;
	struct call *call;
	int fd;

	stream = saved(env);
	mig_go(&env->dev, MIG_RUNNING);
	env_open(&target, env->model->type, env->door);

	knob_put(env, "fault", "stall");
	fd = mig_go(&env->dev, MIG_STOP_COPY);
	check_eq(call_interrupt(call_start(fd, NULL)), -EINTR);
	/* A fault happens once. */
	knob_is(env, "fault", "none");
	check_eq(sys(read(fd, stream.data, PIECE)), stream.len);
	knob_put(env, "fault", "stall");
	mig_go(&env->dev, MIG_RUNNING);
	fd = mig_go(&env->dev, MIG_STOP_COPY);
	call = call_start(fd, NULL);
	vfio_reset(&env->dev);
	check_eq(call_end(call), -ENODEV);

	knob_put(&target, "fault", "stall");
	fd = mig_go(&target.dev, MIG_RESUMING);
	check_eq(call_interrupt(call_start(fd, &stream)), -EINTR);
	knob_is(&target, "fault", "none");
	check_eq(mig_write_all(fd, &stream, 0), 0);
	mig_go(&target.dev, MIG_STOP);
	knob_put(&target, "fault", "stall");
	fd = mig_go(&target.dev, MIG_RESUMING);
	call = call_start(fd, &stream);
	vfio_close(&target.dev);
	/* The child has it open as well. */
	call_kill(call);
}

static void an_arc_fails_once_and_leaves_the_state(struct env *env)
{
	static const unsigned int arcs[][2] = {
		{ MIG_RUNNING, MIG_RUNNING_P2P }, { MIG_RUNNING_P2P, MIG_RUNNING },
		{ MIG_RUNNING_P2P, MIG_STOP }, { MIG_STOP, MIG_RUNNING_P2P },
		{ MIG_STOP, MIG_STOP_COPY }, { MIG_STOP_COPY, MIG_STOP },
		{ MIG_STOP, MIG_RESUMING }, { MIG_RUNNING, MIG_PRE_COPY },
		{ MIG_PRE_COPY, MIG_RUNNING }, { MIG_PRE_COPY, MIG_PRE_COPY_P2P },
		{ MIG_PRE_COPY_P2P, MIG_PRE_COPY }, { MIG_PRE_COPY_P2P, MIG_RUNNING_P2P },
		{ MIG_PRE_COPY_P2P, MIG_STOP_COPY }, { MIG_RUNNING_P2P, MIG_PRE_COPY_P2P },
	};
	unsigned int i, nr = mig_has_precopy(&env->dev) ? ARRAY_SIZE(arcs) : 7;
	struct text arc;

	for (i = 0; i < ARRAY_SIZE(arcs); i++) {
		arc = text("%s:%s", mig_state_name(arcs[i][0]), mig_state_name(arcs[i][1]));
		if (i >= nr) {
			note("%s", arc.s);
			check_eq(__knob_put(env, "fault", arc.s), -EINVAL);
			continue;
		}
		mig_go(&env->dev, arcs[i][0]);
		knob_put(env, "fault", arc.s);
		note("%s", arc.s);
		check_eq(mig_set_state(&env->dev, arcs[i][1]), -EIO);
		check_eq(mig_get_state(&env->dev), arcs[i][0]);
		knob_is(env, "fault", "none");
		mig_go(&env->dev, arcs[i][1]);
		check_eq(mig_get_state(&env->dev), arcs[i][1]);
		vfio_reset(&env->dev);
	}
}

static void a_target_whose_last_arc_fails_can_try_again(struct env *env)
{
	struct blob stream = saved(env);

	mig_go(&env->dev, MIG_RUNNING);
	knob_put(env, "fault", "RESUMING:STOP");
	check_eq(mig_load(&env->dev, &stream), -EIO);
	check_eq(mig_get_state(&env->dev), MIG_RESUMING);
	mig_go(&env->dev, MIG_RUNNING);
}

static void a_faulty_stream_is_refused_and_the_source_goes_on(struct env *env)
{
	static const struct {
		const char *fault;
		int ret;
	} faults[] = {
		{ "truncate", -EMSGSIZE }, { "corrupt", -EBADMSG },
		{ "version", -EPROTONOSUPPORT },
	};
	struct env target = {};
	struct blob stream;
	unsigned int i;

	env_open(&target, env->model->type, env->door);
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		knob_put(env, "fault", faults[i].fault);
		stream = saved(env);
		knob_is(env, "fault", "none");
		note("%s", faults[i].fault);
		check_eq(mig_load(&target.dev, &stream), faults[i].ret);
		vfio_reset(&target.dev);
		blob_free(&stream);
		mig_go(&env->dev, MIG_RUNNING);
		stream = saved(env);
		check_eq(mig_load(&target.dev, &stream), 0);
		mig_go(&target.dev, MIG_RUNNING);
		mig_go(&env->dev, MIG_RUNNING);
	}
}

static void truncation_is_in_the_final_part(struct env *env)
{
	struct blob stream = {};
	size_t len;
	int fd;

	need_precopy(env);
	knob_put(env, "fault", "truncate");
	fd = mig_go(&env->dev, MIG_PRE_COPY);
	check_eq(mig_read_all(fd, &stream), -ENOMSG);
	knob_is(env, "fault", "truncate");
	len = stream.len;
	mig_go(&env->dev, MIG_STOP_COPY);
	check_eq(mig_read_all(fd, &stream), 0);
	check(stream.len > len);
	check_eq(mig_read_all(fd, &stream), 0);
	knob_is(env, "fault", "none");
}

const struct test_case cases[] = {
	CASE(knobs_are_off_by_default, EACH | ONE_DOOR),
	CASE(every_attribute_takes_what_it_shows, EACH),
	CASE(knobs_take_the_values_that_they_show, MTTY_1 | ONE_DOOR),
	CASE(a_wrong_value_is_refused_and_changes_nothing, MTTY_1 | ONE_DOOR),
	CASE(settings_stay_over_close_and_reset, MTTY_1),
	CASE(extra_state_migrates_and_migrates_onward, MBOCHS_SMALL | MTTY_1 | ONE_DOOR),
	CASE(extra_state_that_is_not_as_sent_is_refused, MTTY_1 | ONE_DOOR),
	CASE(extra_state_becomes_dirty_in_pre_copy_only, MTTY_1 | ONE_DOOR),
	CASE(size_is_reported_as_it_is_set, MTTY_1 | ONE_DOOR),
	CASE(precopy_info_is_reported_as_it_is_set, MTTY_1 | ONE_DOOR),
	CASE(a_byte_a_second_is_slow_and_can_be_interrupted, MTTY_1 | ONE_DOOR),
	CASE(a_slow_file_does_not_hold_up_its_device, MTTY_1 | ONE_DOOR),
	CASE(a_limit_above_the_speed_changes_nothing, MTTY_1 | ONE_DOOR),
	CASE(a_stalled_file_waits_for_a_signal_or_the_end_of_its_session, MTTY_1 | ONE_DOOR),
	CASE(an_arc_fails_once_and_leaves_the_state, MDPY_VGA | MTTY_1 | ONE_DOOR),
	CASE(a_target_whose_last_arc_fails_can_try_again, MTTY_1 | ONE_DOOR),
	CASE(a_faulty_stream_is_refused_and_the_source_goes_on, MBOCHS_SMALL | MTTY_1 | ONE_DOOR),
	CASE(truncation_is_in_the_final_part, MTTY_1 | ONE_DOOR),
	{}
};
