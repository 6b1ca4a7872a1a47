// SPDX-License-Identifier: GPL-2.0-only
#include "wire.h"

static struct text path(const struct mdev *mdev, const char *name)
{
	return mdev_path(mdev, text("vendor/%s", name).s);
}

int __wire(const struct mdev *mdev, const char *val)
{
	return __sysfs_write(path(mdev, "wire").s, val);
}

void wire(const struct mdev *mdev, const char *val)
{
	int ret = __wire(mdev, val);

	if (ret)
		note("wire '%s'", val);
	check_eq(ret, 0);
}

int __pace(const struct mdev *mdev, const char *val)
{
	return __sysfs_write(path(mdev, "pace").s, val);
}

void pace(const struct mdev *mdev, const char *val)
{
	check_eq(__pace(mdev, val), 0);
}

struct text cable(unsigned int port, const struct mdev *far, unsigned int far_port)
{
	return text("%u %s %u", port, far->uuid, far_port);
}

static void expect(const struct mdev *mdev, const char *name, const char *want)
{
	struct text got = sysfs_read(path(mdev, name).s);

	if (strcmp(got.s, want))
		check_failed(__FILE__, __LINE__,
			     text("%s is '%s', expected '%s'", name, got.s, want).s);
}

void expect_wire(const struct mdev *mdev, const char *want)
{
	expect(mdev, "wire", want);
}

void expect_pace(const struct mdev *mdev, const char *want)
{
	expect(mdev, "pace", want);
}
