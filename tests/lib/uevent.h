/* SPDX-License-Identifier: GPL-2.0-only */
/* Events of devices, as udev hears of them. */
#ifndef TESTS_UEVENT_H
#define TESTS_UEVENT_H

#include "check.h"

/* From here on; a descriptor to be closed. */
int uevent_open(void);

/**
 * uevent_wait() - wait for an event; those before it are dropped
 * @fd: from uevent_open()
 * @event: action and path, such as "add@/devices/virtual/mdpy/mdpy"
 * @variable: that it has to have, such as "MDEV_STATE=registered"; NULL: any
 */
void uevent_wait(int fd, const char *event, const char *variable);

#endif /* TESTS_UEVENT_H */
