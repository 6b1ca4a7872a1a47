// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "log.h"

int log_open(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	check(log >= 0);
	check_eq(sys(lseek(log, 0, SEEK_END)), 0);
	return log;
}

bool log_line(int log, struct text *line)
{
	char record[2048];
	ssize_t len;

	while (true) {
		len = sys(read(log, record, sizeof(record) - 1));
		if (len == -EAGAIN)
			return false;
		/* Lines have been lost: those that are left follow. */
		if (len == -EPIPE)
			continue;
		check(len > 0);
		record[len] = '\0';
		/* The priority comes first, the facility above it: 0 is the kernel. */
		if (strtoul(record, NULL, 10) >> 3)
			continue;
		record[strcspn(record, "\n")] = '\0';
		*line = text("%.*s", (int)sizeof(line->s) - 1, record);
		return true;
	}
}

struct text log_wait(int log, const char *word)
{
	struct pollfd more = { .fd = log, .events = POLLIN };
	struct text line;

	note("waiting for '%s' in the kernel log", word);
	do {
		while (log_line(log, &line))
			if (strstr(line.s, word))
				return line;
	} while (poll(&more, 1, WAIT_MS) == 1);
	check_failed(__FILE__, __LINE__, "it does not come");
}
