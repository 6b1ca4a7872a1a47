// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mdev.h"

#define MAX_LIVE	16384

static struct live {
	atomic_bool taken;
	struct mdev mdev;
} *live;

struct text text(const char *fmt, ...)
{
	struct text t;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(t.s, sizeof(t.s), fmt, args);
	va_end(args);
	check(len >= 0 && len < (int)sizeof(t.s));
	return t;
}

int __sysfs_write(const char *path, const char *val)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = sys(write(fd, val, strlen(val)));
	close(fd);
	return ret < 0 ? ret : 0;
}

int __sysfs_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = sys(read(fd, buf, size - 1));
	close(fd);
	if (ret < 0)
		return ret;
	buf[ret] = '\0';
	return 0;
}

struct text sysfs_read(const char *path)
{
	struct text t;
	int ret = __sysfs_read(path, t.s, sizeof(t.s));

	if (ret)
		note("%s", path);
	check_eq(ret, 0);
	check(t.s[0] && t.s[strlen(t.s) - 1] == '\n');
	t.s[strlen(t.s) - 1] = '\0';
	return t;
}

unsigned int sysfs_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	unsigned int nr = 0;

	note("%s", path);
	check(dir);
	while ((entry = readdir(dir)))
		nr += entry->d_name[0] != '.';
	closedir(dir);
	return nr;
}

unsigned int sysfs_write_back(const char *path)
{
	DIR *dir = opendir(path);
	char before[4096], after[4096];
	struct dirent *entry;
	unsigned int nr = 0;
	struct stat info;
	struct text file;

	note("%s", path);
	check(dir);
	while ((entry = readdir(dir))) {
		file = text("%s/%s", path, entry->d_name);
		check_eq(sys(stat(file.s, &info)), 0);
		if (!S_ISREG(info.st_mode) || (info.st_mode & 0600) != 0600)
			continue;
		nr++;
		check_eq(__sysfs_read(file.s, before, sizeof(before)), 0);
		note("%s takes \"%s\"", file.s, before);
		check_eq(__sysfs_write(file.s, before), 0);
		check_eq(__sysfs_read(file.s, after, sizeof(after)), 0);
		check_str(after, before);
	}
	closedir(dir);
	note(NULL);
	return nr;
}

struct text mdev_type_path_at(const char *parent, const char *type, const char *file)
{
	return text(MDEV_BUS "/%s/mdev_supported_types/%s/%s", parent, type, file);
}

struct text mdev_type_path(const char *type, const char *file)
{
	struct text parent = text("%.*s", (int)(strrchr(type, '-') - type), type);

	return mdev_type_path_at(parent.s, type, file);
}

struct text mdev_path(const struct mdev *mdev, const char *file)
{
	return text(MDEV_DEVICES "/%s/%s", mdev->uuid, file);
}

bool mdev_exists(const struct mdev *mdev)
{
	return access(mdev_path(mdev, "").s, F_OK) == 0;
}

static unsigned int available(struct text path)
{
	return strtoul(sysfs_read(path.s).s, NULL, 10);
}

unsigned int mdev_available(const char *type)
{
	return available(mdev_type_path(type, "available_instances"));
}

unsigned int mdev_available_at(const char *parent, const char *type)
{
	return available(mdev_type_path_at(parent, type, "available_instances"));
}

void mdev_init(void)
{
	live = mmap(NULL, MAX_LIVE * sizeof(*live), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(live != MAP_FAILED);
}

struct mdev mdev_random(void)
{
	struct text uuid = sysfs_read("/proc/sys/kernel/random/uuid");
	struct mdev mdev;

	check_eq(strlen(uuid.s), UUID_LEN);
	memcpy(mdev.uuid, uuid.s, sizeof(mdev.uuid));
	return mdev;
}

static void mdev_forget(const struct mdev *mdev)
{
	struct live *l;

	for (l = live; l < live + MAX_LIVE; l++)
		if (l->taken && !strcmp(l->mdev.uuid, mdev->uuid))
			l->taken = false;
}

void mdev_remember(const struct mdev *mdev)
{
	struct live *l;

	for (l = live; l < live + MAX_LIVE; l++)
		if (!atomic_exchange(&l->taken, true)) {
			l->mdev = *mdev;
			return;
		}
	check_failed(__FILE__, __LINE__, "more mdevs than this is made for");
}

static int create(const struct mdev *mdev, struct text path)
{
	int ret;

	mdev_remember(mdev);
	ret = __sysfs_write(path.s, mdev->uuid);
	if (ret)
		mdev_forget(mdev);
	return ret;
}

int __mdev_create(const struct mdev *mdev, const char *type)
{
	return create(mdev, mdev_type_path(type, "create"));
}

int __mdev_create_at(const struct mdev *mdev, const char *parent, const char *type)
{
	return create(mdev, mdev_type_path_at(parent, type, "create"));
}

struct mdev mdev_create(const char *type)
{
	struct mdev mdev = mdev_random();

	check_eq(__mdev_create(&mdev, type), 0);
	return mdev;
}

struct mdev mdev_create_at(const char *parent, const char *type)
{
	struct mdev mdev = mdev_random();

	check_eq(__mdev_create_at(&mdev, parent, type), 0);
	return mdev;
}

int __mdev_remove(const struct mdev *mdev)
{
	int ret = __sysfs_write(mdev_path(mdev, "remove").s, "1");

	if (!ret)
		mdev_forget(mdev);
	return ret;
}

void mdev_remove(const struct mdev *mdev)
{
	check_eq(__mdev_remove(mdev), 0);
}

void mdev_remove_all(void)
{
	struct live *l;

	for (l = live; l < live + MAX_LIVE; l++) {
		if (!l->taken)
			continue;
		if (mdev_exists(&l->mdev))
			__mdev_remove(&l->mdev);
		l->taken = false;
	}
}
