// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "drm.h"
#include "mdev.h"
#include "module.h"
#include "uapi.h"

int __vgem_open(void)
{
	DIR *dir = opendir("/sys/class/drm");
	struct dirent *entry;
	char target[PATH_MAX];
	int fd = -1;
	ssize_t len;

	while (dir && fd < 0 && (entry = readdir(dir))) {
		len = readlink(text("/sys/class/drm/%s", entry->d_name).s, target,
			       sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		if (strstr(target, "/vgem/") && !strncmp(entry->d_name, "card", 4))
			fd = open(text("/dev/dri/%s", entry->d_name).s, O_RDWR | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

int vgem_open(void)
{
	int vgem;

	if (!module_probe("vgem"))
		skip_case("no module vgem");
	vgem = __vgem_open();
	if (vgem < 0)
		skip_case("no /dev/dri/card* of vgem");
	return vgem;
}

int __vgem_import(int vgem, int buf, u32 *handle)
{
	struct prime_handle prime = { .fd = buf };
	int ret = sys(ioctl(vgem, IOCTL_PRIME_FD_TO_HANDLE, &prime));

	*handle = prime.handle;
	return ret;
}

u32 vgem_import(int vgem, int buf)
{
	u32 handle;
	int ret = __vgem_import(vgem, buf, &handle);

	if (ret == -EOPNOTSUPP)
		skip_case("vgem does not see memory itself here, but a copy (swiotlb=force)");
	check_eq(ret, 0);
	return handle;
}

int vgem_export(int vgem, u32 handle)
{
	struct prime_handle prime = { .handle = handle, .flags = O_RDWR | O_CLOEXEC };

	check_eq(sys(ioctl(vgem, IOCTL_PRIME_HANDLE_TO_FD, &prime)), 0);
	return prime.fd;
}

void vgem_drop(int vgem, u32 handle)
{
	struct gem_close gem = { .handle = handle };

	check_eq(sys(ioctl(vgem, IOCTL_GEM_CLOSE, &gem)), 0);
}
