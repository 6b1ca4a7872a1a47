/* SPDX-License-Identifier: GPL-2.0-only */
/* The connections of the ports of mtty, and the pace of sending. */
#ifndef TESTS_WIRE_H
#define TESTS_WIRE_H

#include "mdev.h"

int __wire(const struct mdev *mdev, const char *val);
void wire(const struct mdev *mdev, const char *val);
int __pace(const struct mdev *mdev, const char *val);
void pace(const struct mdev *mdev, const char *val);

/* "PORT UUID PORT", as it is written and read. */
struct text cable(unsigned int port, const struct mdev *far, unsigned int far_port);

/* A line for each port. */
void expect_wire(const struct mdev *mdev, const char *want);
void expect_pace(const struct mdev *mdev, const char *want);

#endif /* TESTS_WIRE_H */
