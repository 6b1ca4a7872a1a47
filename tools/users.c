// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which processes have a device open, by their descriptors in /proc.
 *
 * A descriptor of a group names its file, as that of a cdev does.  A device that was
 * opened by its group has a descriptor without a file; since 6.17, fdinfo has the
 * device's path in sysfs.
 */
#include <ctype.h>
#include <unistd.h>

#include "lsvfio.h"

#define DEVICE_LINK	"anon_inode:[vfio-device]"

static struct user *user_of(struct device *dev, pid_t pid)
{
	unsigned int i;
	char *dir, *comm;
	struct user *user;

	for (i = 0; i < dev->nr_users; i++)
		if (dev->users[i].pid == pid)
			return &dev->users[i];
	dev->users = grow(dev->users, &dev->nr_users, sizeof(*dev->users));
	user = &dev->users[dev->nr_users - 1];
	user->pid = pid;
	user->fd = -1;
	dir = rooted("/proc/%d", pid);
	comm = read_text(dir, "comm");
	snprintf(user->comm, sizeof(user->comm), "%s", comm ?: "?");
	clean(user->comm, "");
	free(comm);
	free(dir);
	return user;
}

/*
 * Where a descriptor leads; false, and the reason in errno: it cannot be read.  A folder of
 * descriptors can be readable while they are not, for root without CAP_SYS_PTRACE.
 */
static bool fd_target(const char *dir, const char *fd, char *target)
{
	char *link = text("%s/%s", dir, fd);
	ssize_t len = readlink(link, target, PATH_MAX - 1);
	int err = errno;

	free(link);
	errno = err;
	if (len < 0)
		return false;
	target[len] = '\0';
	return true;
}

/* A process that has ended meanwhile hides nothing. */
static bool is_denied(void)
{
	return errno == EACCES || errno == EPERM;
}

/* The path in sysfs that a descriptor of a device belongs to, or NULL. DIR: .../fdinfo. */
static char *path_of_fd(const char *dir, const char *fd)
{
	static const char key[] = "vfio-device-syspath:";
	char *info = read_text(dir, fd), *path = NULL, *line;

	line = info ? strstr(info, key) : NULL;
	if (line) {
		line += strlen(key);
		line += strspn(line, " \t");
		line[strcspn(line, "\n")] = '\0';
		path = xstrdup(line);
	}
	free(info);
	return path;
}

static void look_at_fd(struct devices *all, pid_t pid, const char *fd, const char *target)
{
	char *path = NULL, *dir;
	unsigned int i;

	if (!strcmp(target, DEVICE_LINK)) {
		dir = rooted("/proc/%d/fdinfo", pid);
		path = path_of_fd(dir, fd);
		free(dir);
	} else if (strncmp(target, "/dev/vfio/", 10)) {
		return;
	}
	for (i = 0; i < all->nr; i++) {
		struct device *dev = &all->device[i];

		if ((path && !strcmp(path, dev->path)) ||
		    (dev->cdev_node && !strcmp(target, dev->cdev_node)))
			user_of(dev, pid)->fd = atoi(fd);
		else if (dev->group_node && !strcmp(target, dev->group_node))
			user_of(dev, pid);
	}
	free(path);
}

/* false: some of its descriptors cannot be seen. */
static bool look_at_process(struct devices *all, const char *pid)
{
	char *dir = rooted("/proc/%s/fd", pid), **fds, **fd, target[PATH_MAX];
	bool seen = !access(dir, R_OK) || !is_denied();

	fds = list_names(dir);
	for (fd = fds; *fd; fd++) {
		if (fd_target(dir, *fd, target))
			look_at_fd(all, atoi(pid), *fd, target);
		else if (is_denied())
			seen = false;
	}
	free_names(fds);
	free(dir);
	return seen;
}

void find_users(struct devices *all)
{
	char *proc = rooted("/proc"), **names = list_names(proc), **name;
	pid_t own = own_pid();
	bool hidden = true;
	unsigned int i;

	for (i = 0; i < all->nr; i++)
		free_users(&all->device[i]);
	/* Each /proc has a process 1, unless it is mounted with hidepid. */
	for (name = names; *name && hidden; name++)
		hidden = strcmp(*name, "1");
	for (name = names; *name; name++)
		if (isdigit(**name) && atoi(*name) != own && !look_at_process(all, *name))
			hidden = true;
	for (i = 0; i < all->nr; i++)
		all->device[i].users_hidden = hidden;
	free_names(names);
	free(proc);
}

const char *how_to_see(void)
{
	return geteuid() ? "be root" : "get CAP_SYS_PTRACE";
}

char *name_users(const struct device *dev)
{
	char *s = NULL;
	unsigned int i;

	for (i = 0; i < dev->nr_users; i++)
		s = append(s, "%s%d (%s)", s ? ", " : "", dev->users[i].pid,
			   dev->users[i].comm);
	return s;
}

unsigned int nameless_fds(pid_t pid, int *found, unsigned int max)
{
	char *dir = rooted("/proc/%d/fd", pid), *info = rooted("/proc/%d/fdinfo", pid);
	char **fds = list_names(dir), **fd, target[PATH_MAX];
	unsigned int nr = 0;

	for (fd = fds; *fd; fd++) {
		char *path;

		if (!fd_target(dir, *fd, target) || strcmp(target, DEVICE_LINK))
			continue;
		/* One that has a path is another device's. */
		path = path_of_fd(info, *fd);
		if (!path && nr++ < max)
			found[nr - 1] = atoi(*fd);
		free(path);
	}
	free_names(fds);
	free(info);
	free(dir);
	return nr;
}

enum fd_kind judge_fd(const struct device *dev, const char *dir, int fd, char **file)
{
	char *fds = text("%s/fd", dir), *infos = text("%s/fdinfo", dir), *number = text("%d", fd);
	char target[PATH_MAX], *path = NULL;
	enum fd_kind kind = NO_DEVICE;
	bool nameless, seen = fd_target(fds, number, target);

	nameless = seen && !strcmp(target, DEVICE_LINK);
	if (nameless || (seen && dev->cdev_node && !strcmp(target, dev->cdev_node))) {
		path = path_of_fd(infos, number);
		kind = path ? strcmp(path, dev->path) ? NO_DEVICE : THIS_DEVICE :
		       nameless ? NAMELESS : THIS_DEVICE;
	}
	if (file && path && kind == NO_DEVICE)
		*file = text("the device %s", path);
	else if (file)
		*file = seen ? clean(xstrdup(target), "") : NULL;
	free(path);
	free(number);
	free(infos);
	free(fds);
	return kind;
}

pid_t own_pid(void)
{
	char *proc = rooted("/proc"), *self = link_name(proc, "self");
	pid_t pid = self ? atoi(self) : 0;

	free(self);
	free(proc);
	return pid;
}

void free_users(struct device *dev)
{
	free(dev->users);
	dev->users = NULL;
	dev->nr_users = 0;
}
