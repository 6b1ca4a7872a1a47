/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A null-modem cable between ports of two devices: data on its way, and where it
 * leads to.  Part of serial.h, which includes it.
 *
 * Nothing that a guest does takes the locks of both devices.  Each end puts its
 * output into the inbox of the other port, under the lock of that, and the other
 * fetches it: when its registers are accessed, so that they are up to date, and
 * from a job for the interrupt.
 */
#ifndef SOFTPCI_CABLE_H
#define SOFTPCI_CABLE_H

#include <linux/ktime.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uuid.h>

#include "uart.h"

#define SOFTPCI_IN_FLIGHT	16

/**
 * struct softpci_inbox - data on its way to a port over a cable
 * @lock: protects all else; taken inside of a device's lock
 * @outputs: RTS and DTR of the other end, as UART_MCR_*
 * @changed: those that did since the port looked
 * @frame: characters
 * @head: the oldest of them
 * @len: how many
 * @lost: there was no place for another one
 * @keep: they wait until the port has room, and so does the sender
 * @waits: the sender was refused, and has to be woken when there is room
 * @held: the port is stopped, so that the sender has to wait
 * @fetched: when the port took the last one, if the sender is paced
 */
struct softpci_inbox {
	spinlock_t lock; /* all of it */
	u8 outputs;
	u8 changed;
	struct softpci_uart_frame frame[SOFTPCI_IN_FLIGHT];
	unsigned int head;
	unsigned int len;
	bool lost;
	bool keep;
	bool waits;
	bool held;
	ktime_t fetched;
};

/**
 * struct softpci_inbox_saved - data on its way to a port, as it is saved
 * @frame: the characters, the oldest first; those beyond @len are 0
 * @len: how many
 * @changed: see struct softpci_inbox
 * @lost: see there
 * @keep: see there
 */
struct softpci_inbox_saved {
	struct softpci_uart_frame frame[SOFTPCI_IN_FLIGHT];
	u8 len;
	u8 changed;
	bool lost;
	bool keep;
};

/**
 * struct softpci_far - the port that a cable leads to, which may not exist
 * @uuid: of the device
 * @port: number of the port, from 1; 0: no cable
 */
struct softpci_far {
	guid_t uuid;
	unsigned int port;
};

#endif /* SOFTPCI_CABLE_H */
