/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migration as a VFIO user does it: states, data files, whole streams.
 *
 * Where a function can fail in a way that a case may expect, it returns -errno.
 */
#ifndef TESTS_MIGRATION_H
#define TESTS_MIGRATION_H

#include "vfio.h"

/* States, by names that fit into a line. */
#define MIG_ERROR		VFIO_DEVICE_STATE_ERROR
#define MIG_STOP		VFIO_DEVICE_STATE_STOP
#define MIG_RUNNING		VFIO_DEVICE_STATE_RUNNING
#define MIG_STOP_COPY		VFIO_DEVICE_STATE_STOP_COPY
#define MIG_RESUMING		VFIO_DEVICE_STATE_RESUMING
#define MIG_RUNNING_P2P		VFIO_DEVICE_STATE_RUNNING_P2P
#define MIG_PRE_COPY		VFIO_DEVICE_STATE_PRE_COPY
#define MIG_PRE_COPY_P2P	VFIO_DEVICE_STATE_PRE_COPY_P2P
#define NR_MIG_STATES		8

const char *mig_state_name(unsigned int state);

/**
 * mig_feature() - VFIO_DEVICE_FEATURE
 * @v: the device
 * @flags: the feature, and VFIO_DEVICE_FEATURE_GET, _SET, _PROBE
 * @data: what follows the header, written and read
 * @len: bytes of it, at most 64
 */
int mig_feature(const struct vfio *v, u32 flags, void *data, size_t len);

/* Flags of VFIO_DEVICE_FEATURE_MIGRATION. */
u64 mig_flags(const struct vfio *v);
bool mig_has_precopy(const struct vfio *v);
bool mig_has_dma_log(const struct vfio *v);

/* The data file that comes with the state; 0: none comes; or -errno. */
int mig_set_state(const struct vfio *v, unsigned int state);
/* The same, expected to succeed. */
int mig_go(const struct vfio *v, unsigned int state);
unsigned int mig_get_state(const struct vfio *v);
/* VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, 0 and more, or -errno. */
s64 mig_data_size(const struct vfio *v);
int mig_precopy_info(int fd, struct vfio_precopy_info *info);

/* Bytes of any number; { } is empty. */
struct blob {
	u8 *data;
	size_t len, room;
};

void blob_add(struct blob *blob, const void *data, size_t len);
struct blob blob_copy(const struct blob *blob);
void blob_free(struct blob *blob);

/**
 * mig_read_all() - append all that can be read from a data file
 * @fd: the data file
 * @blob: what is read goes to its end
 *
 * Return: 0 at the end of the stream, -ENOMSG at the temporary one in PRE_COPY, or
 * another -errno.
 */
int mig_read_all(int fd, struct blob *blob);
/* Write all, @piece bytes at a time (0: at once): 0 or -errno. */
int mig_write_all(int fd, const struct blob *blob, size_t piece);

/* The device's stream by STOP_COPY, where it stays: 0 or -errno. */
int mig_save(const struct vfio *v, struct blob *blob);
/*
 * The same by PRE_COPY, which is read to its temporary end first.  @between, if
 * any, is called then.
 */
int mig_save_precopy(const struct vfio *v, struct blob *blob, void (*between)(void *arg),
		     void *arg);
/*
 * Load a stream: 0, the device in STOP; or the -errno that it is refused with, by
 * write(2) or by the transition, the device in RESUMING.
 */
int mig_load(const struct vfio *v, const struct blob *blob);
int mig_load_pieces(const struct vfio *v, const struct blob *blob, size_t piece);

#endif /* TESTS_MIGRATION_H */
