// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking at a device that another process has open, by a copy of its descriptor: a
 * device can be opened by one process at a time, and opening it again would reset it.
 *
 * Only what changes nothing in the device may be asked then.
 */
#include <endian.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lsvfio.h"

/* So many descriptors are named to choose from. */
#define MAX_LISTED	16

static int copy_fd(struct handle *h, pid_t pid, int fd)
{
	int pidfd, err;

	*h = (struct handle){ .fd = -1, .group = -1, .iommu = -1, .interface = JOINED };
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return -1;
	h->fd = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	err = errno;
	close(pidfd);
	errno = err;
	return h->fd < 0 ? -1 : 0;
}

/* The descriptors of a process to choose from, with the ids of those that are PCI. */
static char *list_fds(pid_t pid)
{
	int fds[MAX_LISTED];
	unsigned int i, nr = nameless_fds(pid, fds, MAX_LISTED);
	char *list = xstrdup(""), *longer;
	struct handle h;
	u16 ids[2];

	for (i = 0; i < nr && i < MAX_LISTED; i++) {
		struct vfio_device_info device = { .argsz = sizeof(device) };
		struct vfio_region_info info = {
			.argsz = sizeof(info),
			.index = VFIO_PCI_CONFIG_REGION_INDEX,
		};

		longer = text("%s%s%d", list, i ? ", " : "", fds[i]);
		free(list);
		list = longer;
		if (copy_fd(&h, pid, fds[i]))
			continue;
		if (!ioctl(h.fd, VFIO_DEVICE_GET_INFO, &device) &&
		    device.flags & VFIO_DEVICE_FLAGS_PCI &&
		    !ioctl(h.fd, VFIO_DEVICE_GET_REGION_INFO, &info) &&
		    pread(h.fd, ids, sizeof(ids), info.offset) == sizeof(ids)) {
			longer = text("%s (%04x:%04x)", list, le16toh(ids[0]), le16toh(ids[1]));
			free(list);
			list = longer;
		}
		close_device(&h);
	}
	return list;
}

/* Sets the process and its descriptor; the explanation if there is none. */
static char *choose_fd(const struct device *dev, int *fd, pid_t *pid)
{
	unsigned int i, nr, sum = 0;
	char *list, *why;
	int candidate;

	for (i = 0; i < dev->nr_users; i++) {
		if (dev->users[i].fd < 0 && *fd < 0)
			continue;
		*pid = dev->users[i].pid;
		*fd = *fd < 0 ? dev->users[i].fd : *fd;
		return NULL;
	}
	for (i = 0; i < dev->nr_users; i++) {
		nr = nameless_fds(dev->users[i].pid, &candidate, 1);
		sum += nr;
		if (nr) {
			*pid = dev->users[i].pid;
			*fd = candidate;
		}
	}
	if (!sum)
		return text("process %d (%s) has the group of %s open, but no device of it",
			    dev->users[0].pid, dev->users[0].comm, dev->name);
	if (sum == 1)
		return NULL;
	list = list_fds(*pid);
	why = text("which of %u descriptors is %s? Name one of process %d by --join=FD: %s", sum,
		   dev->name, *pid, list);
	free(list);
	return why;
}

char *join_device(struct handle *h, const struct device *dev, int fd)
{
	pid_t pid = 0;
	char *why;

	if (!dev->nr_users)
		return text("no process is seen that has %s open%s", dev->name,
			    dev->users_hidden ? ": be root to see all" : ": --join needs one");
	why = choose_fd(dev, &fd, &pid);
	if (why)
		return why;
	if (!copy_fd(h, pid, fd))
		return NULL;
	switch (errno) {
	case EPERM:
		return text("no permission to copy descriptor %d of process %d: be root", fd, pid);
	case EBADF:
		return text("process %d has no descriptor %d", pid, fd);
	default:
		return text("descriptor %d of process %d cannot be copied: %s", fd, pid,
			    strerror(errno));
	}
}
