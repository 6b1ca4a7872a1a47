// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking at a device that another process has open, by a copy of its descriptor: a
 * device can be opened by one process at a time, and opening it again would reset it.
 *
 * Only what changes nothing in the device may be asked then.
 */
#include <endian.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lsvfio.h"

/* So many descriptors of a process are named to choose from. */
#define MAX_LISTED	16

/* A descriptor of another process. */
struct source {
	pid_t pid;
	int fd;
};

/* A process can have any file under the name of a cdev in its own /dev. */
static bool is_cdev(const struct device *dev, const struct stat *st)
{
	char *dir, *wanted, *number;
	bool ret;

	if (!S_ISCHR(st->st_mode) || !dev->cdev_node)
		return false;
	dir = rooted("%s/vfio-dev%s", dev->path, strrchr(dev->cdev_node, '/'));
	wanted = read_line(dir, "dev");
	number = text("%u:%u", major(st->st_rdev), minor(st->st_rdev));
	ret = wanted && !strcmp(wanted, number);
	free(number);
	free(wanted);
	free(dir);
	return ret;
}

/*
 * Whether a copy is the device. The number that was copied says nothing, as the process can
 * give it to another file at any time.
 */
static char *check_copy(const struct device *dev, int copy, const struct source *from)
{
	char *file = NULL, *why = NULL;
	struct stat st;

	/* A device that was opened by its group is no file in /dev. */
	if (judge_fd(dev, "/proc/self", copy, &file) == NO_DEVICE ||
	    (*file == '/' && (fstat(copy, &st) || !is_cdev(dev, &st))))
		why = text("descriptor %d of process %d is %s and not %s: %s", from->fd, from->pid,
			   file ?: "no file that /proc shows", dev->name,
			   "--join without a number finds its descriptor");
	free(file);
	return why;
}

static char *copy_fd(struct handle *h, const struct device *dev, const struct source *from)
{
	char *why;
	int pidfd;

	*h = (struct handle){ .fd = -1, .group = -1, .iommu = -1, .interface = JOINED };
	pidfd = syscall(SYS_pidfd_open, from->pid, 0);
	if (pidfd >= 0)
		h->fd = syscall(SYS_pidfd_getfd, pidfd, from->fd, 0);
	if (h->fd >= 0) {
		why = check_copy(dev, h->fd, from);
		if (why)
			close_device(h);
	} else if (errno == EPERM) {
		why = text("no permission to copy descriptor %d of process %d: %s", from->fd,
			   from->pid, how_to_see());
	} else if (errno == EBADF) {
		why = text("process %d has no descriptor %d", from->pid, from->fd);
	} else {
		why = text("descriptor %d of process %d cannot be copied: %s", from->fd, from->pid,
			   strerror(errno));
	}
	if (pidfd >= 0)
		close(pidfd);
	return why;
}

/* The ids of a PCI device; NULL: it is none, or cannot be asked. */
static char *ids_of(const struct device *dev, const struct source *from)
{
	struct vfio_device_info device = { .argsz = sizeof(device) };
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	char *why, *ids = NULL;
	struct handle h;
	u16 raw[2];

	why = copy_fd(&h, dev, from);
	free(why);
	if (why)
		return NULL;
	if (!ioctl(h.fd, VFIO_DEVICE_GET_INFO, &device) &&
	    device.flags & VFIO_DEVICE_FLAGS_PCI &&
	    !ioctl(h.fd, VFIO_DEVICE_GET_REGION_INFO, &info) &&
	    pread(h.fd, raw, sizeof(raw), info.offset) == sizeof(raw))
		ids = text("%04x:%04x", le16toh(raw[0]), le16toh(raw[1]));
	close_device(&h);
	return ids;
}

/* The descriptors to choose from, with the ids of those that are PCI. */
static char *list_fds(const struct device *dev)
{
	char *list = xstrdup(""), *ids;
	int fds[MAX_LISTED];
	unsigned int i, k;

	for (i = 0; i < dev->nr_users; i++) {
		const struct user *user = &dev->users[i];
		unsigned int nr = nameless_fds(user->pid, fds, MAX_LISTED);

		if (nr)
			list = append(list, "%sprocess %d (%s) has", *list ? "; " : "", user->pid,
				      user->comm);
		for (k = 0; k < nr && k < MAX_LISTED; k++) {
			ids = ids_of(dev, &(struct source){ user->pid, fds[k] });
			list = append(list, ids ? "%s %d (%s)" : "%s %d", k ? "," : "", fds[k],
				      ids);
			free(ids);
		}
		if (nr > MAX_LISTED)
			list = append(list, ", ...");
	}
	return list;
}

/* Sets the process and its descriptor; the explanation if there is none. */
static char *choose_fd(const struct device *dev, struct source *from)
{
	unsigned int i, nr, sum = 0;
	char *list, *why;
	int candidate;

	for (i = 0; i < dev->nr_users; i++) {
		if (dev->users[i].fd < 0)
			continue;
		*from = (struct source){ dev->users[i].pid, dev->users[i].fd };
		return NULL;
	}
	for (i = 0; i < dev->nr_users; i++) {
		nr = nameless_fds(dev->users[i].pid, &candidate, 1);
		sum += nr;
		if (nr)
			*from = (struct source){ dev->users[i].pid, candidate };
	}
	if (sum == 1)
		return NULL;
	if (!sum) {
		list = name_users(dev);
		why = text("process %s has the group of %s open, but no device of it%s%s", list,
			   dev->name, dev->users_hidden ? " that is seen: " : "",
			   dev->users_hidden ? how_to_see() : "");
	} else {
		list = list_fds(dev);
		why = text("which of %u descriptors is %s? Name one by --join=FD: %s", sum,
			   dev->name, list);
	}
	free(list);
	return why;
}

/* Sets the process whose descriptor of this number is the device. */
static char *choose_user(const struct device *dev, struct source *from)
{
	char *users = xstrdup(""), *why = NULL;
	unsigned int i, nr = 0;

	for (i = 0; i < dev->nr_users; i++) {
		const struct user *user = &dev->users[i];
		char *dir = rooted("/proc/%d", user->pid);
		enum fd_kind kind = judge_fd(dev, dir, from->fd, NULL);

		free(dir);
		if (kind == THIS_DEVICE) {
			from->pid = user->pid;
			nr = 1;
			break;
		}
		/* If another one is known to be the device, this one is not. */
		if (kind == NAMELESS && user->fd < 0) {
			users = append(users, "%s%d (%s)", nr++ ? ", " : "", user->pid, user->comm);
			from->pid = user->pid;
		}
	}
	if (nr > 1) {
		why = text("descriptor %d is a device in each of these processes: %s: %s", from->fd,
			   users, "name one by --join=PID:FD");
	} else if (!nr && dev->nr_users == 1) {
		/* The copy will tell what it is. */
		from->pid = dev->users[0].pid;
	} else if (!nr) {
		free(users);
		users = name_users(dev);
		why = text("%s is descriptor %d of none of its users: process %s", dev->name,
			   from->fd, users);
	}
	free(users);
	return why;
}

char *join_device(struct handle *h, const struct device *dev, const struct options *options)
{
	struct source from = { options->join_pid, options->join_fd };
	char *why = NULL;

	if (own_pid() != getpid())
		return text("%s/proc is of another PID namespace: --join works inside of that one",
			    root_dir);
	if (!from.pid && !dev->nr_users)
		return text("no process is seen that has %s open: %s", dev->name,
			    dev->users_hidden ? how_to_see() : "--join needs one");
	if (from.fd < 0)
		why = choose_fd(dev, &from);
	else if (!from.pid)
		why = choose_user(dev, &from);
	return why ?: copy_fd(h, dev, &from);
}
