/* SPDX-License-Identifier: GPL-2.0-only */
/* A 16550A behind a BAR: port 1 is BAR0, port 2 is BAR1. */
#ifndef TESTS_UART_H
#define TESTS_UART_H

#include <linux/serial_reg.h>

#include "vfio.h"

#define PORT_1		0
#define PORT_2		1
#define UART_REGS	8
#define UART_FIFO	16

static inline u8 uart_get(struct vfio *v, unsigned int port, unsigned int reg)
{
	return reg_get(v, port, reg, 1);
}

static inline void uart_put(struct vfio *v, unsigned int port, unsigned int reg, u8 val)
{
	reg_put(v, port, reg, 1, val);
}

/* 8 data bits, no parity, 1 stop bit, as fast as it goes, FIFOs on and empty. */
static inline void uart_setup(struct vfio *v, unsigned int port, u8 trigger)
{
	uart_put(v, port, UART_LCR, UART_LCR_DLAB);
	uart_put(v, port, UART_DLL, 1);
	uart_put(v, port, UART_DLM, 0);
	uart_put(v, port, UART_LCR, UART_LCR_WLEN8);
	uart_put(v, port, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR |
		 UART_FCR_CLEAR_XMIT | trigger);
}

static inline void uart_send(struct vfio *v, unsigned int port, const char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		uart_put(v, port, UART_TX, bytes[i]);
}

/* The simplest cause of an interrupt: the transmitter has room, and says so. */
static inline void uart_raise(struct vfio *v, unsigned int port)
{
	uart_put(v, port, UART_IER, UART_IER_THRI);
}

static inline void uart_lower(struct vfio *v, unsigned int port)
{
	uart_put(v, port, UART_IER, 0);
}

#endif /* TESTS_UART_H */
