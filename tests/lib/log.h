/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel log. */
#ifndef TESTS_LOG_H
#define TESTS_LOG_H

#include "mdev.h"

/* From here on; a descriptor to be closed. */
int log_open(void);
/* The next line of the kernel's, not of a program's; false: there is none now. */
bool log_line(int log, struct text *line);
/* Wait for a line with a word in it. */
struct text log_wait(int log, const char *word);

#endif /* TESTS_LOG_H */
