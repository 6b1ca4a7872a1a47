// SPDX-License-Identifier: GPL-2.0-only
/* Migration and DMA logging: states, data files that are kept, and whole streams. */
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/stream.h"
#include "fuzz.h"

#define GET		VFIO_DEVICE_FEATURE_GET
#define SET		VFIO_DEVICE_FEATURE_SET
#define PAGE		4096
/* A stream that is longer is cut there. */
#define SAVED_SIZE	(512 * 1024)

struct state_call {
	struct vfio_device_feature feature;
	struct vfio_device_feature_mig_state mig;
};

/*
 * In memory that no other thread and no device can write to: the descriptor in it
 * is one to be closed.
 */
static long set_state(struct thread *t, u64 dev, u32 state)
{
	struct state_call data = {
		{ sizeof(data), SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE }, { state, -1 },
	};
	long ret = call(t, ioctl(device_fd(t, dev), VFIO_DEVICE_FEATURE, &data));

	if (ret >= 0)
		judge(t, state && state < NR_MIG_STATES, "a state that does not exist");
	return ret < 0 ? ret : data.mig.data_fd < 0 ? 0 : data.mig.data_fd;
}

static long reset(struct thread *t, u64 dev)
{
	return call(t, ioctl(device_fd(t, dev), VFIO_DEVICE_RESET));
}

/* Only a reset leads out of RESUMING without a stream. */
static long go_back(struct thread *t, u64 dev)
{
	long ret = set_state(t, dev, MIG_RUNNING);

	return ret < 0 ? reset(t, dev) : ret;
}

long op_mig_state(struct thread *t, const u64 *arg)
{
	int *mig = &t->mig[arg[2] % NR_MIGS];
	long fd;

	if (arg[1] == MIG_RUNNING)
		return go_back(t, arg[0]);
	fd = set_state(t, arg[0], arg[1]);
	if (fd <= 0)
		return fd;
	/* The one before may be of any device, which may have gone. */
	if (*mig >= 0)
		call(t, close(*mig));
	*mig = fd;
	return fd;
}

long op_mig_read(struct thread *t, const u64 *arg)
{
	long ret = call(t, read(t->mig[arg[0] % NR_MIGS], user_buffer(t, arg[2], arg[1]), arg[1]));

	judge(t, ret <= 0 || (u64)ret <= arg[1], "read more of a stream than was asked for");
	return ret;
}

long op_mig_write(struct thread *t, const u64 *arg)
{
	const struct stream_header header = {
		.magic = STREAM_MAGIC, .major = 1, .memory = arg[3], .state = arg[3] >> 32,
	};
	long ret;

	user_data(t, arg[2], &header, sizeof(header));
	ret = call(t, write(t->mig[arg[0] % NR_MIGS], user_buffer(t, arg[2], arg[1]), arg[1]));
	judge(t, ret <= 0 || (u64)ret <= arg[1], "wrote more of a stream than was given");
	return ret;
}

long op_mig_file(struct thread *t, const u64 *arg)
{
	int fd = t->mig[arg[0] % NR_MIGS];
	struct vfio_precopy_info info = { .argsz = arg[2] };
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLOUT };

	switch (arg[1] % 8) {
	case 0 ... 3:
		if (!arg[3])
			info.argsz = sizeof(info);
		return call(t, ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO,
				     user_data(t, arg[3], &info, sizeof(info))));
	case 4:
		return call(t, ioctl(fd, _IO(VFIO_TYPE, VFIO_BASE + arg[2] % 32),
				     user_buffer(t, arg[3], arg[2])));
	case 5:
		return call(t, poll(&poll_fd, 1, 0));
	case 6:
		return call(t, pread(fd, t->buffer, 8, arg[2]));
	default:
		return call(t, lseek(fd, arg[2], SEEK_SET));
	}
}

long op_mig_close(struct thread *t, const u64 *arg)
{
	int *mig = &t->mig[arg[0] % NR_MIGS];
	long ret = call(t, close(*mig));

	*mig = -1;
	return ret;
}

/* A byte of the state, with all checksums right; or any byte, with one that is wrong. */
static void spoil(struct thread *t, struct blob *stream, u64 where, u64 val)
{
	const u16 id = where & 1 ? STATE_DEVICE : where & 2 ? STATE_IRQS : STATE_CONFIG;
	const struct state_section *section;
	size_t at;

	where >>= 2;
	/* A child may find a lock of malloc() taken for ever. */
	if (val & 0x100 && !t->is_child) {
		at = stream_find_state(stream, id);
		if (at) {
			section = (void *)stream->data + at;
			stream->data[at + sizeof(*section) + where % section->length] = val;
			stream_seal(stream);
			return;
		}
	}
	if (stream->len)
		stream->data[where % stream->len] ^= val;
}

static long read_stream(struct thread *t, int fd, struct blob *stream)
{
	long n;

	do {
		n = call(t, read(fd, stream->data + stream->len, stream->room - stream->len));
		if (n > 0)
			stream->len += n;
	} while (n > 0 && stream->len < stream->room);
	return n;
}

static long write_stream(struct thread *t, int fd, const struct blob *stream)
{
	size_t pos = 0;
	long n = 0;

	while (pos < stream->len && n >= 0) {
		n = call(t, write(fd, stream->data + pos, stream->len - pos));
		if (n > 0)
			pos += n;
	}
	return n < 0 ? n : 0;
}

/* All of a device's stream into a device of the same type: itself. */
static long copy_stream(struct thread *t, const u64 *arg, struct blob *stream)
{
	long ret, fd = set_state(t, arg[0], arg[1] & 1 ? MIG_PRE_COPY : MIG_STOP_COPY);

	if (fd <= 0)
		return fd;
	ret = read_stream(t, fd, stream);
	if (ret == -ENOMSG) {
		ret = set_state(t, arg[0], MIG_STOP_COPY);
		if (ret > 0)
			close(ret);
		ret = read_stream(t, fd, stream);
	}
	close(fd);
	/* Others may have been at it meanwhile, and it may be longer. */
	if (!ret && stream->len < stream->room && !(arg[1] & 2))
		spoil(t, stream, arg[2], arg[3]);

	fd = set_state(t, arg[0], MIG_RESUMING);
	if (fd <= 0)
		return fd;
	ret = write_stream(t, fd, stream);
	close(fd);
	return ret;
}

long op_mig_copy(struct thread *t, const u64 *arg)
{
	struct blob stream = { .room = SAVED_SIZE };
	long ret;

	stream.data = mmap(NULL, SAVED_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	if (stream.data == MAP_FAILED)
		return -errno;
	ret = copy_stream(t, arg, &stream);
	go_back(t, arg[0]);
	munmap(stream.data, SAVED_SIZE);
	return ret;
}

long op_mig_feature(struct thread *t, const u64 *arg)
{
	struct vfio_device_feature_dma_logging_range ranges[4];
	struct {
		struct vfio_device_feature feature;
		union {
			struct vfio_device_feature_dma_logging_control control;
			struct vfio_device_feature_dma_logging_report report;
		};
	} data = { .feature = { arg[5] ? arg[5] : sizeof(data), arg[1] } };
	u64 iova = arg[2], len = arg[3];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		ranges[i] = (struct vfio_device_feature_dma_logging_range){ iova + i * len, len };
	if ((arg[1] & VFIO_DEVICE_FEATURE_MASK) == VFIO_DEVICE_FEATURE_DMA_LOGGING_START)
		data.control = (struct vfio_device_feature_dma_logging_control){
			PAGE, 1 + arg[4] % 4, 0, (uintptr_t)ranges,
		};
	else
		data.report = (struct vfio_device_feature_dma_logging_report){
			iova, len, PAGE << arg[4] % 4,
			(uintptr_t)user_buffer(t, arg[6], len / PAGE / 8),
		};
	/* No state is set this way: see set_state(). */
	if ((arg[1] & VFIO_DEVICE_FEATURE_MASK) == VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE)
		data.feature.flags &= ~SET;
	return call(t, ioctl(device_fd(t, arg[0]), VFIO_DEVICE_FEATURE,
			     user_data(t, arg[6], &data, sizeof(data))));
}
