// SPDX-License-Identifier: GPL-2.0-only
/* Programs of the distribution, whose word counts more than our own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

/* What it complains about goes to the console like any other output. */
void tell_program(const char *word, char *const argv[])
{
	char line[256];
	int fds[2], status;
	FILE *output;
	pid_t child;

	if (pipe(fds))
		fail("pipe: %s", strerror(errno));
	child = fork();
	if (child < 0)
		fail("fork: %s", strerror(errno));
	if (!child) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execv(argv[0], argv);
		dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(fds[1]);
	output = fdopen(fds[0], "re");
	if (!output)
		fail("fdopen: %s", strerror(errno));
	while (fgets(line, sizeof(line), output))
		tell("%s: %.*s", word, (int)strcspn(line, "\n"), line);
	fclose(output);
	if (waitpid(child, &status, 0) != child)
		fail("waitpid: %s", strerror(errno));
	tell("%s ended with status %d", word,
	     WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}
