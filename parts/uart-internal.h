/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by uart.c and uart-line.c. Quoted titles are of the data sheet. */
#ifndef SOFTPCI_UART_INTERNAL_H
#define SOFTPCI_UART_INTERNAL_H

#include <linux/bitfield.h>
#include <linux/math64.h>
#include <linux/serial_reg.h>
#include <linux/time64.h>

#include "../core/static-stub.h"
#include "uart.h"

/* 1.8432 MHz / 16: bits per second with a divisor of 1. */
#define UART_BASE_BAUD		115200
#define UART_TIMEOUT_CHARS	4

static inline bool uart_fifos_enabled(const struct softpci_uart *uart)
{
	return uart->fcr & UART_FCR_ENABLE_FIFO;
}

/* "FIFO Control Register": when the receiver asks to be emptied. */
static inline unsigned int uart_trigger_level(const struct softpci_uart *uart)
{
	static const u8 level[] = { 1, 4, 8, 14 };

	if (!uart_fifos_enabled(uart))
		return 1;
	return level[FIELD_GET(UART_FCR_TRIGGER_MASK, uart->fcr)];
}

/* "Interrupt Identification Register": the most urgent one. */
static inline u8 uart_pending(const struct softpci_uart *uart)
{
	if ((uart->ier & UART_IER_RLSI) && uart->errors)
		return UART_IIR_RLSI;
	if ((uart->ier & UART_IER_RDI) &&
	    uart->rx_len >= uart_trigger_level(uart))
		return UART_IIR_RDI;
	if ((uart->ier & UART_IER_RDI) && uart->timeout)
		return UART_IIR_RX_TIMEOUT;
	if ((uart->ier & UART_IER_THRI) && uart->thre_irq)
		return UART_IIR_THRI;
	if ((uart->ier & UART_IER_MSI) && (uart->msr & UART_MSR_ANY_DELTA))
		return UART_IIR_MSI;
	return UART_IIR_NO_INT;
}

static inline void uart_update_irq(struct softpci_uart *uart)
{
	bool intr = uart->ier && uart_pending(uart) != UART_IIR_NO_INT;

	if (intr == uart->intr)
		return;
	uart->intr = intr;
	uart->ops->irq(uart, intr);
}

/* Nothing is due, now or later, until the next access or character. */
static inline bool uart_idle(const struct softpci_uart *uart)
{
	/* Asked twice by each access: with few branches. */
	return !(uart->shifting | uart->tx_len) &&
	       !(uart->break_at | uart->thre_at | uart->timeout_at);
}

static inline unsigned int uart_word_bits(const struct softpci_uart *uart)
{
	return 5 + (uart->lcr & UART_LCR_WLEN8);
}

/* "Programmable Baud Generator" has no use for 0; taken as the fastest. */
static inline u16 uart_divisor(const struct softpci_uart *uart)
{
	return uart->divisor ?: 1;
}

static inline u64 uart_half_bits_ns(const struct softpci_uart *uart, unsigned int nr)
{
	return div_u64((u64)nr * uart_divisor(uart) * NSEC_PER_SEC,
		       2 * UART_BASE_BAUD);
}

/* "Line Control Register", bit 2: a short word has one and a half of them. */
static inline unsigned int uart_stop_half_bits(const struct softpci_uart *uart)
{
	if (!(uart->lcr & UART_LCR_STOP))
		return 2;
	return uart_word_bits(uart) == 5 ? 3 : 4;
}

/* Start bit, data, parity. */
static inline unsigned int uart_bits_before_stop(const struct softpci_uart *uart)
{
	return 1 + uart_word_bits(uart) + !!(uart->lcr & UART_LCR_PARITY);
}

static inline u64 uart_char_ns(const struct softpci_uart *uart)
{
	return uart_half_bits_ns(uart, 2 * uart_bits_before_stop(uart) +
				       uart_stop_half_bits(uart));
}

/* uart-line.c */
ktime_t softpci_uart_now(void);
u8 softpci_uart_take(struct softpci_uart *uart);
void softpci_uart_arm(struct softpci_uart *uart);
void softpci_uart_clear_receiver(struct softpci_uart *uart);
void softpci_uart_clear_transmitter(struct softpci_uart *uart);

#endif /* SOFTPCI_UART_INTERNAL_H */
