// SPDX-License-Identifier: GPL-2.0-only
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "uevent.h"

int uevent_open(void)
{
	const struct sockaddr_nl all = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	check(fd >= 0);
	check_eq(sys(bind(fd, (const void *)&all, sizeof(all))), 0);
	return fd;
}

void uevent_wait(int fd, const char *event, const char *variable)
{
	struct pollfd more = { .fd = fd, .events = POLLIN };
	char text[4096], *word;
	ssize_t len;

	note("waiting for the event %s %s", event, variable ?: "");
	while (true) {
		check_eq(poll(&more, 1, WAIT_MS), 1);
		len = recv(fd, text, sizeof(text) - 1, 0);
		check(len > 0);
		text[len] = '\0';
		if (strcmp(text, event))
			continue;
		for (word = text; word < text + len; word += strlen(word) + 1)
			if (!variable || !strcmp(word, variable))
				return;
	}
}
