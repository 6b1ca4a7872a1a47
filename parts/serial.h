/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Serial ports of a PCI card, and the cables between them.
 *
 * A device embeds struct softpci_serial and hands it accesses to the registers of
 * its ports.  Each port is a 16550A (uart.h) with one of these at its connector:
 * a plug that sends back to it, the other port of the card, or a cable to a port
 * of another device.  All of them connect as a null-modem cable does: data that
 * is sent is received at the other end, RTS there is CTS here, DTR there is DSR
 * and DCD here.
 *
 * By default sending takes no time.  Between two ports it then waits for the
 * other end, if that has its FIFOs on, as if the rate were just low enough; but
 * not for more than a second, after which there are overruns.  With "pace" it
 * takes the time that the divisor gives, and never waits.
 *
 * A port remembers its connection.  A cable to a device that does not
 * exist leaves the port unplugged, and is plugged in when that device appears.
 *
 * Locking: the device lock covers the ports of a card.  How data gets to a port of
 * another device is told in cable.h.
 */
#ifndef SOFTPCI_SERIAL_H
#define SOFTPCI_SERIAL_H

#include <linux/list.h>
#include <linux/types.h>

#include "cable.h"
#include "uart.h"

#define SOFTPCI_SERIAL_PORTS	2

/**
 * struct softpci_port - a serial port
 * @serial: the card that it is on
 * @index: which of its ports
 * @uart: its 16550A
 * @peer: the port of the same device that it is connected to, itself for
 *	  loopback; NULL: it has a cable, or is to have one
 * @other: the port at the other end of the cable; NULL: none, or not plugged in
 * @wish: where its cable leads to, plugged in or not
 * @told: @wish is from its own attribute, not from that of the other end
 * @inbox: characters and lines that come over the cable
 * @arrival: fetches them
 * @saved: a copy of @inbox, while the state of the device is saved or loaded
 */
struct softpci_port {
	struct softpci_serial *serial;
	unsigned int index;
	struct softpci_uart uart;
	struct softpci_port *peer;
	struct softpci_port *other;
	struct softpci_far wish;
	bool told;
	struct softpci_inbox inbox;
	struct softpci_job arrival;
	struct softpci_inbox_saved saved;
};

/**
 * struct softpci_serial - the ports of one card
 * @dev: the device
 * @node: in the list of all cards
 * @nr: how many ports it has
 * @port: its ports; those from @nr on are not connected to any guest
 */
struct softpci_serial {
	struct softpci_device *dev;
	struct list_head node;
	unsigned int nr;
	struct softpci_port port[SOFTPCI_SERIAL_PORTS];
};

void softpci_serial_init(struct softpci_serial *serial,
			 struct softpci_device *dev, unsigned int nr);
void softpci_serial_release(struct softpci_serial *serial);
void softpci_serial_start(struct softpci_serial *serial);
void softpci_serial_stop(struct softpci_serial *serial);
void softpci_serial_reset(struct softpci_serial *serial);
u8 softpci_serial_read(struct softpci_serial *serial, unsigned int port,
		       unsigned int reg);
void softpci_serial_write(struct softpci_serial *serial, unsigned int port,
			  unsigned int reg, u8 val);
int softpci_serial_wire(struct softpci_serial *serial, const char *buf);
ssize_t softpci_serial_show_wire(struct softpci_serial *serial, char *buf);
int softpci_serial_set_pace(struct softpci_serial *serial, bool pace);
bool softpci_serial_pace(const struct softpci_serial *serial);

/* For softpci_model.state of a device that embeds struct softpci_serial. */
#define SOFTPCI_SERIAL_NR_FIELDS	1
extern const struct softpci_field softpci_serial_fields[SOFTPCI_SERIAL_NR_FIELDS];
void softpci_serial_pre_save(struct softpci_serial *serial);
int softpci_serial_post_load(struct softpci_serial *serial);

#endif /* SOFTPCI_SERIAL_H */
