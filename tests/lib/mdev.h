/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mdevs by sysfs.  As everywhere in this library, __x() returns -errno and x()
 * expects that it works.
 *
 * Whatever a test creates is written down in memory that all its processes
 * share, so that mdev_remove_all() finds it also after a failure.
 */
#ifndef TESTS_MDEV_H
#define TESTS_MDEV_H

#include "check.h"

#define MDEV_BUS	"/sys/class/mdev_bus"
#define MDEV_DEVICES	"/sys/bus/mdev/devices"
#define UUID_LEN	36

struct mdev {
	char uuid[UUID_LEN + 1];
};

/* A path or other short text, made as by printf(). */
struct text {
	char s[256];
};

__printf(1, 2) struct text text(const char *fmt, ...);

int __sysfs_write(const char *path, const char *val);
int __sysfs_read(const char *path, char *buf, size_t size);
/* The attribute without its newline, which it has to end in. */
struct text sysfs_read(const char *path);
/*
 * Write back what is in the files of a folder that can be read and written, which does not
 * change what they show. How many they are.
 */
unsigned int sysfs_write_back(const char *path);
/* How many files and folders there are in a folder. */
unsigned int sysfs_entries(const char *path);

/* The folder of a type such as "mdpy-vga", and a file in it. */
struct text mdev_type_path(const char *type, const char *file);
/* The same at one of several parents, which has this name in MDEV_BUS. */
struct text mdev_type_path_at(const char *parent, const char *type, const char *file);
/* A file of the device, such as "remove". */
struct text mdev_path(const struct mdev *mdev, const char *file);
bool mdev_exists(const struct mdev *mdev);
unsigned int mdev_available(const char *type);
unsigned int mdev_available_at(const char *parent, const char *type);

/* Before any process that creates one is started. */
void mdev_init(void);
struct mdev mdev_random(void);
/* Create it under the UUID that @mdev has. */
int __mdev_create(const struct mdev *mdev, const char *type);
struct mdev mdev_create(const char *type);
int __mdev_create_at(const struct mdev *mdev, const char *parent, const char *type);
struct mdev mdev_create_at(const char *parent, const char *type);
int __mdev_remove(const struct mdev *mdev);
void mdev_remove(const struct mdev *mdev);
/* Before it is created in another way than by mdev_create(). */
void mdev_remember(const struct mdev *mdev);
void mdev_remove_all(void);

#endif /* TESTS_MDEV_H */
