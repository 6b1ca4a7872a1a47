// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data file of a migration as it is used and misused: reads and writes of any
 * length, bad pointers, the wrong direction, and a page of the user that does not
 * come.  States: test-migration.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/migration.h"
#include "../lib/race.h"

#define PAGE		4096
/* One type of each driver. */
#define SOME		(MDPY_VGA | MBOCHS_SMALL | MTTY_2 | EXAMPLE)
/* Beyond any part of a stream but the content of a memory. */
#define SOME_BYTES	100

/* Some memory in the stream, if the device has any. */
static void touch(struct env *env)
{
	unsigned int i;

	for (i = 0; i < 3 && env->model->bit & DISPLAYS; i++)
		reg_put(&env->dev, 0, i * 200 * 1024, 4, 0x12345678 + i);
	if (env->model->bit & EXAMPLE)
		reg_put(&env->dev, 0, env->model->scratch, 1, 0x5a);
}

static struct blob stream_of(struct env *env)
{
	struct blob stream = {};

	touch(env);
	check_eq(mig_save(&env->dev, &stream), 0);
	mig_go(&env->dev, MIG_STOP);
	return stream;
}

static int start_saving(struct env *env)
{
	int fd = mig_go(&env->dev, MIG_STOP_COPY);

	check(fd);
	return fd;
}

static int start_loading(struct env *env)
{
	int fd;

	vfio_reset(&env->dev);
	fd = mig_go(&env->dev, MIG_RESUMING);
	check(fd);
	return fd;
}

static void expect_stream(const struct blob *got, const struct blob *want)
{
	check_eq(got->len, want->len);
	check_mem(got->data, want->data, want->len);
}

static void a_stream_is_read_in_pieces_of_any_length(struct env *env)
{
	static const size_t pieces[] = { 1, 7, 71, 73, 4096, 65536, 1 << 20 };
	struct blob want = stream_of(env), got = {};
	unsigned int i;
	ssize_t n;
	int fd;

	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		u8 *buf = malloc(pieces[i]);

		check(buf);
		/* A few bytes at a time only for a while: each time is a system call. */
		note("pieces of %zu", pieces[i]);
		got.len = 0;
		fd = start_saving(env);
		while ((n = sys(read(fd, buf, pieces[i]))) > 0) {
			blob_add(&got, buf, n);
			if (pieces[i] < 4096 && got.len > 3000)
				break;
		}
		if (n > 0)
			check_eq(mig_read_all(fd, &got), 0);
		else
			check_eq(n, 0);
		expect_stream(&got, &want);
		/* The end stays the end. */
		check_eq(sys(read(fd, buf, pieces[i])), 0);
		check_eq(sys(read(fd, buf, pieces[i])), 0);
		close(fd);
		mig_go(&env->dev, MIG_STOP);
		free(buf);
	}
}

static void a_stream_is_written_in_pieces_of_any_length(struct env *env)
{
	static const size_t pieces[] = { 1, 7, 71, 73, 4096, 65537, 0 };
	struct blob want = stream_of(env), got = {}, head = {}, rest = {};
	unsigned int i;
	int fd;

	blob_add(&head, want.data, want.len < 3000 ? want.len : 3000);
	blob_add(&rest, want.data + head.len, want.len - head.len);
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		note("pieces of %zu", pieces[i]);
		fd = start_loading(env);
		check_eq(sys(write(fd, want.data, 0)), 0);
		check_eq(mig_write_all(fd, &head, pieces[i]), 0);
		check_eq(mig_write_all(fd, &rest, pieces[i] < 4096 ? 0 : pieces[i]), 0);
		check_eq(sys(write(fd, want.data, 0)), 0);
		check_eq(mig_go(&env->dev, MIG_STOP), 0);
		close(fd);
		got.len = 0;
		check_eq(mig_save(&env->dev, &got), 0);
		expect_stream(&got, &want);
	}
}

static void vectors_are_as_good_as_one_buffer(struct env *env)
{
	struct blob want = stream_of(env), got = {};
	struct iovec in[3], out[3];
	ssize_t n;
	int fd;

	blob_add(&got, want.data, want.len);
	memset(got.data, 0, got.len);
	in[0] = (struct iovec){ got.data, 33 };
	in[1] = (struct iovec){ got.data + 33, 100 };
	in[2] = (struct iovec){ got.data + 133, want.len - 133 };
	fd = start_saving(env);
	n = sys(readv(fd, in, 3));
	check_eq(n, want.len);
	expect_stream(&got, &want);
	close(fd);

	out[0] = (struct iovec){ want.data, 1 };
	out[1] = (struct iovec){ want.data + 1, 170 };
	out[2] = (struct iovec){ want.data + 171, want.len - 171 };
	fd = start_loading(env);
	check_eq(sys(writev(fd, out, 3)), want.len);
	check_eq(mig_go(&env->dev, MIG_STOP), 0);
	close(fd);
}

static void a_data_file_has_one_direction_and_no_position(struct env *env)
{
	struct vfio_precopy_info info = { .argsz = sizeof(info) };
	struct blob want = stream_of(env), got = {};
	int save = start_saving(env), load, out = memfd_create("out", MFD_CLOEXEC);
	u8 bytes[SOME_BYTES] = {};

	check_eq(sys(write(save, bytes, sizeof(bytes))), -EBADF);
	check_eq(sys(pread(save, bytes, sizeof(bytes), 0)), -ESPIPE);
	check_eq(sys(lseek(save, 0, SEEK_CUR)), -ESPIPE);
	check_eq(sys(lseek(save, 0, SEEK_END)), -ESPIPE);
	check_eq(sys(sendfile(out, save, NULL, sizeof(bytes))), -EINVAL);
	check(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, save, 0) == MAP_FAILED);
	check_eq(sys(ioctl(save, VFIO_DEVICE_RESET)), -ENOTTY);
	check_eq(sys(ioctl(save, _IO(VFIO_TYPE, VFIO_BASE + 99))), -ENOTTY);
	check_eq(sys(fcntl(save, F_GETFL)) & O_ACCMODE, O_RDONLY);
	check_eq(sys(fcntl(save, F_GETFD)), FD_CLOEXEC);
	/* None of that has taken any of the stream. */
	check_eq(mig_read_all(save, &got), 0);
	expect_stream(&got, &want);

	load = start_loading(env);
	check_eq(sys(write(load, want.data, SOME_BYTES)), SOME_BYTES);
	check_eq(sys(read(load, bytes, sizeof(bytes))), -EBADF);
	check_eq(sys(pwrite(load, bytes, sizeof(bytes), 0)), -ESPIPE);
	check_eq(sys(lseek(load, 0, SEEK_SET)), -ESPIPE);
	check(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, load, 0) == MAP_FAILED);
	check_eq(sys(ioctl(load, VFIO_MIG_GET_PRECOPY_INFO, &info)), -ENOTTY);
	check_eq(sys(fcntl(load, F_GETFL)) & O_ACCMODE, O_WRONLY);
	check_eq(sys(fcntl(load, F_GETFD)), FD_CLOEXEC);
	check_eq(sys(write(load, want.data + SOME_BYTES, want.len - SOME_BYTES)),
		 want.len - SOME_BYTES);
	check_eq(mig_go(&env->dev, MIG_STOP), 0);
}

/* @len bytes at the end of a page, with nothing behind it. */
static u8 *before_the_void(size_t len)
{
	size_t size = (len + PAGE - 1) / PAGE * PAGE;
	u8 *pages;

	pages = mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(pages != MAP_FAILED);
	check_eq(sys(munmap(pages + size, PAGE)), 0);
	return pages + size - len;
}

static void a_bad_pointer_costs_no_byte_of_a_stream(struct env *env)
{
	static const size_t room[] = { 1, 71, 72, 73, 91, 92, 93, 200, PAGE };
	struct blob want = stream_of(env), got = {};
	int fd = start_saving(env);
	unsigned int i;
	ssize_t n;

	for (i = 0; i < ARRAY_SIZE(room); i++) {
		u8 *buf = before_the_void(room[i]);

		note("room for %zu", room[i]);
		check_eq(sys(read(fd, buf + room[i], 1)), -EFAULT);
		/* As much as fits of a part of the stream, or none of it. */
		n = sys(read(fd, buf, room[i] + PAGE));
		if (n < 0)
			check_eq(n, got.len == want.len ? 0 : -EFAULT);
		else
			blob_add(&got, buf, n);
		if (got.len == want.len)
			break;
	}
	if (got.len < want.len)
		check_eq(mig_read_all(fd, &got), 0);
	expect_stream(&got, &want);
	close(fd);

	fd = start_loading(env);
	got.len = 0;
	for (i = 0; i < ARRAY_SIZE(room); i++) {
		size_t len = room[i] < want.len - got.len ? room[i] : want.len - got.len;
		u8 *buf = before_the_void(len);

		note("%zu bytes are there", len);
		if (!len)
			break;
		memcpy(buf, want.data + got.len, len);
		check_eq(sys(write(fd, buf + len, 1)), -EFAULT);
		/* Not a byte of them is taken. */
		check_eq(sys(write(fd, buf, len + 1)), -EFAULT);
		check_eq(sys(write(fd, buf, len)), len);
		blob_add(&got, buf, len);
	}
	check_eq(sys(write(fd, want.data + got.len, want.len - got.len)), want.len - got.len);
	check_eq(mig_go(&env->dev, MIG_STOP), 0);
}

static void a_data_file_is_always_ready(struct env *env)
{
	struct blob stream = stream_of(env);
	struct pollfd ready = { .fd = start_saving(env), .events = POLLIN };

	check_eq(poll(&ready, 1, 0), 1);
	check_eq(ready.revents, POLLIN);
	/* At its end too. */
	stream.len = 0;
	check_eq(mig_read_all(ready.fd, &stream), 0);
	check_eq(poll(&ready, 1, 0), 1);
	check_eq(ready.revents, POLLIN);
	ready.fd = start_loading(env);
	ready.events = POLLOUT;
	check_eq(poll(&ready, 1, 0), 1);
	check_eq(ready.revents, POLLOUT);
}

static void need_precopy(struct env *env)
{
	if (!mig_has_precopy(&env->dev))
		skip_case("this kernel has no PRE_COPY");
}

static u64 bytes_left(int fd)
{
	struct vfio_precopy_info info;

	check_eq(mig_precopy_info(fd, &info), 0);
	return info.initial_bytes + info.dirty_bytes;
}

/* As linux/vfio.h has it: initial_bytes starts above 0 and goes down to it. */
static void precopy_tells_the_bytes_left_and_ends_for_now(struct env *env)
{
	u8 bytes[SOME_BYTES];
	struct blob got = {};
	u64 before, left;
	ssize_t n;
	int fd;

	need_precopy(env);
	touch(env);
	fd = mig_go(&env->dev, MIG_PRE_COPY);
	before = bytes_left(fd);
	check(before);
	while ((n = sys(read(fd, bytes, sizeof(bytes)))) > 0) {
		left = bytes_left(fd);
		check_eq(left, before - n);
		before = left;
		if (got.len > 2000)
			break;
		blob_add(&got, bytes, n);
	}
	if (n > 0)
		check_eq(mig_read_all(fd, &got), -ENOMSG);
	check_eq(bytes_left(fd), 0);
	check_eq(sys(read(fd, bytes, sizeof(bytes))), -ENOMSG);
	check_eq(sys(read(fd, bytes, sizeof(bytes))), -ENOMSG);
	mig_go(&env->dev, MIG_PRE_COPY_P2P);
	check_eq(sys(read(fd, bytes, sizeof(bytes))), -ENOMSG);
	check_eq(bytes_left(fd), 0);
	mig_go(&env->dev, MIG_STOP_COPY);
	check_eq(mig_read_all(fd, &got), 0);
	check_eq(sys(read(fd, bytes, sizeof(bytes))), 0);
}

static void precopy_info_is_for_precopy_only(struct env *env)
{
	const size_t size = sizeof(struct vfio_precopy_info);
	struct vfio_precopy_info info = { .argsz = size - 1 };
	u8 *buf;
	int fd;

	need_precopy(env);
	fd = start_saving(env);
	check_eq(mig_precopy_info(fd, &info), -EINVAL);
	close(fd);
	vfio_reset(&env->dev);

	fd = mig_go(&env->dev, MIG_PRE_COPY);
	info.argsz = size - 1;
	check_eq(sys(ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, &info)), -EINVAL);
	info.argsz = 0;
	check_eq(sys(ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, &info)), -EINVAL);
	check_eq(sys(ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, NULL)), -EFAULT);
	check_eq(sys(ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, before_the_void(size - 1))), -EFAULT);
	/* Of a longer struct, the members that the kernel knows are set. */
	buf = before_the_void(size);
	*(u32 *)buf = 2 * size;
	check_eq(sys(ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, buf)), 0);
	check_eq(sys(mprotect((void *)((uintptr_t)buf & -PAGE), PAGE, PROT_READ)), 0);
	check_eq(sys(ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, buf)), -EFAULT);
	check_eq(mig_precopy_info(fd, &info), 0);
}

enum stuck { STUCK_READ, STUCK_WRITE, STUCK_INFO, NR_STUCK };

static const char *const stuck_names[NR_STUCK] = { "read", "write", "GET_PRECOPY_INFO" };

struct stuck_call {
	enum stuck kind;
	int fd;
	void *page;
	long long ret;
};

static void be_stuck(void *arg)
{
	struct stuck_call *call = arg;

	switch (call->kind) {
	case STUCK_READ:
		call->ret = sys(read(call->fd, call->page, SOME_BYTES));
		break;
	case STUCK_WRITE:
		call->ret = sys(write(call->fd, call->page, SOME_BYTES));
		break;
	default:
		call->ret = sys(ioctl(call->fd, VFIO_MIG_GET_PRECOPY_INFO, call->page));
	}
}

static unsigned int state_for(enum stuck kind)
{
	static const unsigned int states[NR_STUCK] = { MIG_STOP_COPY, MIG_RESUMING, MIG_PRE_COPY };

	return states[kind];
}

/* The session ends, in one of the ways, while a call waits for its page. */
static void end_while_stuck(struct env *env, enum stuck kind, unsigned int end)
{
	struct late_page late = late_page_new();
	struct stuck_call call = {
		.kind = kind, .fd = mig_go(&env->dev, state_for(kind)), .page = late.page,
	};
	struct worker worker;

	note("%s, end %u", stuck_names[kind], end);
	worker_start(&worker, be_stuck, &call);
	late_page_wait_for_touch(&late);
	check_eq(mig_get_state(&env->dev), state_for(kind));
	if (end == 0)
		vfio_reset(&env->dev);
	else if (end == 1)
		env_reopen(env);
	else
		check_eq(mig_set_state(&env->dev, MIG_STOP),
			 kind == STUCK_WRITE ? -EMSGSIZE : 0);
	check(!worker.done);
	late_page_fill(&late);
	worker_join(&worker);
	/* The page is of zeroes: no stream begins with them, and no argsz is 0. */
	if (kind == STUCK_WRITE && end == 2)
		check_eq(call.ret, -EINVAL);
	else if (kind == STUCK_READ)
		check(call.ret == -ENODEV || call.ret > 0);
	else
		check_one_of(call.ret, -ENODEV, -EINVAL);
	close(call.fd);
	close(late.uffd);
	vfio_reset(&env->dev);
}

static void a_page_that_does_not_come_holds_up_nothing_else(struct env *env)
{
	unsigned int end;

	for (end = 0; end < 3; end++) {
		end_while_stuck(env, STUCK_READ, end);
		end_while_stuck(env, STUCK_WRITE, end);
	}
}

static void a_question_that_waits_for_a_page_holds_up_nothing_else(struct env *env)
{
	unsigned int end;

	need_precopy(env);
	for (end = 0; end < 3; end++)
		end_while_stuck(env, STUCK_INFO, end);
}

const struct test_case cases[] = {
	CASE(a_stream_is_read_in_pieces_of_any_length, SOME | ONE_DOOR),
	CASE(a_stream_is_written_in_pieces_of_any_length, SOME | ONE_DOOR),
	CASE(vectors_are_as_good_as_one_buffer, SOME | ONE_DOOR),
	CASE(a_data_file_has_one_direction_and_no_position, SOME | ONE_DOOR),
	CASE(a_bad_pointer_costs_no_byte_of_a_stream, SOME | ONE_DOOR),
	CASE(a_data_file_is_always_ready, SOME | ONE_DOOR),
	CASE(precopy_tells_the_bytes_left_and_ends_for_now, SOME | ONE_DOOR),
	CASE(precopy_info_is_for_precopy_only, SOME | ONE_DOOR),
	CASE(a_page_that_does_not_come_holds_up_nothing_else, SOME),
	CASE(a_question_that_waits_for_a_page_holds_up_nothing_else, MTTY_1),
	{}
};
