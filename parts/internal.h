/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by serial.c, cable.c and wiring.c. */
#ifndef SOFTPCI_PARTS_INTERNAL_H
#define SOFTPCI_PARTS_INTERNAL_H

#include "serial.h"

/* cable.c */
u8 softpci_cable_cross(u8 outputs);
void softpci_cable_wake(struct softpci_port *port);
bool softpci_cable_send(struct softpci_port *port,
			const struct softpci_uart_frame *frame, bool force);
void softpci_cable_outputs(struct softpci_port *port);
void softpci_cable_hold(struct softpci_port *port, bool held);
void softpci_cable_catch_up(struct softpci_port *port);
void softpci_cable_arrival(struct softpci_device *dev, struct softpci_job *job);
void softpci_cable_save(struct softpci_port *port);
void softpci_cable_load(struct softpci_port *port);
void softpci_cable_empty(struct softpci_inbox *inbox);

/* wiring.c */
void softpci_wiring_appear(struct softpci_serial *serial);
void softpci_wiring_disappear(struct softpci_serial *serial);

static inline struct softpci_device *port_dev(const struct softpci_port *port)
{
	return port->serial->dev;
}

#endif /* SOFTPCI_PARTS_INTERNAL_H */
