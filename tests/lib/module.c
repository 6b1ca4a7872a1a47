// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mdev.h"
#include "module.h"

struct text module_kernel_name(const char *name)
{
	struct text t = text("%s", name);
	char *c;

	for (c = t.s; *c; c++)
		if (*c == '-')
			*c = '_';
	return t;
}

static int run_modprobe(const char *name, const char *params)
{
	int status;
	pid_t pid = fork();

	check(pid >= 0);
	if (!pid) {
		execlp("modprobe", "modprobe", "-q", name, *params ? params : NULL, NULL);
		_exit(127);
	}
	check_eq(sys(waitpid(pid, &status, 0)), pid);
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EINVAL;
}

int __module_load(const char *name, const char *params)
{
	const char *dir = getenv("SOFTPCI_KO");
	int fd, ret;

	if (!dir || !*dir)
		return run_modprobe(name, params);

	fd = open(text("%s/%s.ko", dir, name).s, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = sys(syscall(SYS_finit_module, fd, params, 0));
	close(fd);
	return ret;
}

void module_load(const char *name, const char *params)
{
	int ret = __module_load(name, params);

	if (ret)
		note("loading %s %s", name, params);
	check_eq(ret, 0);
}

int __module_unload(const char *name)
{
	return sys(syscall(SYS_delete_module, module_kernel_name(name).s, O_NONBLOCK));
}

void module_unload(const char *name)
{
	int ret = __module_unload(name);

	if (ret)
		note("unloading %s", name);
	check_eq(ret, 0);
}

bool module_is_loaded(const char *name)
{
	return access(text("/sys/module/%s/refcnt", module_kernel_name(name).s).s, F_OK) == 0;
}

void module_reload(const char *name, const char *params)
{
	module_unload(name);
	module_load(name, params);
}

bool module_probe(const char *name)
{
	return run_modprobe(name, "") == 0;
}
