// SPDX-License-Identifier: GPL-2.0-only
#include <sys/ioctl.h>
#include <unistd.h>

#include "migration.h"

#define GET		VFIO_DEVICE_FEATURE_GET
#define SET		VFIO_DEVICE_FEATURE_SET
#define PROBE		VFIO_DEVICE_FEATURE_PROBE
#define MAX_DATA	64
/* Read and written at once. */
#define PIECE		(1024 * 1024)

const char *mig_state_name(unsigned int state)
{
	static const char *const names[NR_MIG_STATES] = {
		[MIG_ERROR] = "ERROR",
		[MIG_STOP] = "STOP",
		[MIG_RUNNING] = "RUNNING",
		[MIG_STOP_COPY] = "STOP_COPY",
		[MIG_RESUMING] = "RESUMING",
		[MIG_RUNNING_P2P] = "RUNNING_P2P",
		[MIG_PRE_COPY] = "PRE_COPY",
		[MIG_PRE_COPY_P2P] = "PRE_COPY_P2P",
	};

	return state < NR_MIG_STATES ? names[state] : "a state that does not exist";
}

int mig_feature(const struct vfio *v, u32 flags, void *data, size_t len)
{
	struct {
		struct vfio_device_feature feature;
		u8 data[MAX_DATA];
	} call = {
		.feature = { .argsz = sizeof(call.feature) + len, .flags = flags },
	};
	int ret;

	check(len <= MAX_DATA);
	if (len)
		memcpy(call.data, data, len);
	ret = sys(ioctl(v->fd, VFIO_DEVICE_FEATURE, &call));
	if (len)
		memcpy(data, call.data, len);
	return ret;
}

u64 mig_flags(const struct vfio *v)
{
	struct vfio_device_feature_migration mig = {};

	check_eq(mig_feature(v, GET | VFIO_DEVICE_FEATURE_MIGRATION, &mig, sizeof(mig)), 0);
	return mig.flags;
}

bool mig_has_precopy(const struct vfio *v)
{
	return mig_flags(v) & VFIO_MIGRATION_PRE_COPY;
}

bool mig_has_dma_log(const struct vfio *v)
{
	return !mig_feature(v, PROBE | SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START, NULL, 0);
}

int mig_set_state(const struct vfio *v, unsigned int state)
{
	struct vfio_device_feature_mig_state mig = { .device_state = state, .data_fd = -1 };
	int ret;

	ret = mig_feature(v, SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &mig, sizeof(mig));
	if (ret < 0) {
		check_eq(mig.data_fd, -1);
		return ret;
	}
	check(mig.data_fd == -1 || mig.data_fd > 0);
	return mig.data_fd == -1 ? 0 : mig.data_fd;
}

int mig_go(const struct vfio *v, unsigned int state)
{
	int ret = mig_set_state(v, state);

	if (ret < 0)
		check_eq(ret, 0);
	return ret;
}

unsigned int mig_get_state(const struct vfio *v)
{
	struct vfio_device_feature_mig_state mig = {};

	check_eq(mig_feature(v, GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &mig, sizeof(mig)), 0);
	check_eq(mig.data_fd, -1);
	return mig.device_state;
}

s64 mig_data_size(const struct vfio *v)
{
	struct vfio_device_feature_mig_data_size size = {};
	int ret;

	ret = mig_feature(v, GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, &size, sizeof(size));
	return ret ?: (s64)size.stop_copy_length;
}

int mig_precopy_info(int fd, struct vfio_precopy_info *info)
{
	*info = (struct vfio_precopy_info){ .argsz = sizeof(*info) };
	return sys(ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, info));
}

static void blob_reserve(struct blob *blob, size_t len)
{
	if (blob->room - blob->len >= len)
		return;
	blob->room = blob->len + len + blob->room / 2;
	blob->data = realloc(blob->data, blob->room);
	check(blob->data);
}

void blob_add(struct blob *blob, const void *data, size_t len)
{
	blob_reserve(blob, len);
	if (len)
		memcpy(blob->data + blob->len, data, len);
	blob->len += len;
}

struct blob blob_copy(const struct blob *blob)
{
	struct blob copy = {};

	blob_add(&copy, blob->data, blob->len);
	return copy;
}

void blob_free(struct blob *blob)
{
	free(blob->data);
	*blob = (struct blob){};
}

int mig_read_all(int fd, struct blob *blob)
{
	ssize_t n;

	do {
		blob_reserve(blob, PIECE);
		n = sys(read(fd, blob->data + blob->len, PIECE));
		if (n > 0)
			blob->len += n;
	} while (n > 0);
	return n;
}

int mig_write_all(int fd, const struct blob *blob, size_t piece)
{
	size_t pos = 0;

	while (pos < blob->len) {
		size_t left = blob->len - pos;
		ssize_t n = sys(write(fd, blob->data + pos, piece && piece < left ? piece : left));

		if (n < 0)
			return n;
		check(n > 0);
		pos += n;
	}
	return 0;
}

int mig_save(const struct vfio *v, struct blob *blob)
{
	int fd = mig_set_state(v, MIG_STOP_COPY), ret;

	if (fd < 0)
		return fd;
	check(fd);
	ret = mig_read_all(fd, blob);
	close(fd);
	return ret;
}

int mig_save_precopy(const struct vfio *v, struct blob *blob, void (*between)(void *arg),
		     void *arg)
{
	int fd = mig_set_state(v, MIG_PRE_COPY), ret;

	if (fd < 0)
		return fd;
	check(fd);
	ret = mig_read_all(fd, blob);
	if (ret == -ENOMSG) {
		if (between)
			between(arg);
		ret = mig_set_state(v, MIG_STOP_COPY);
		check(ret <= 0);
		ret = ret ?: mig_read_all(fd, blob);
	}
	close(fd);
	return ret;
}

int mig_load_pieces(const struct vfio *v, const struct blob *blob, size_t piece)
{
	int fd = mig_set_state(v, MIG_RESUMING), ret, moved;

	if (fd < 0)
		return fd;
	check(fd);
	ret = mig_write_all(fd, blob, piece);
	moved = mig_set_state(v, MIG_STOP);
	/* The transition fails as well, and as write(2) did. */
	if (ret)
		check_eq(moved, ret);
	close(fd);
	return moved;
}

int mig_load(const struct vfio *v, const struct blob *blob)
{
	return mig_load_pieces(v, blob, 0);
}
