// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a 16550A that a migration takes along: registers, FIFOs and the
 * character in the shift register.  Times are not saved: an event that was due is
 * due a whole character after the state was loaded.  Nor is the pace, which is set
 * on the host.
 */
#include <linux/array_size.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/serial_reg.h>

#include "uart-internal.h"

#define UART_FIELD(_field)	SOFTPCI_FIELD(struct softpci_uart, _field)
#define UART_MAX(_field, _max)	SOFTPCI_FIELD_MAX(struct softpci_uart, _field, _max)

static const struct softpci_field char_fields[] = {
	SOFTPCI_FIELD(struct softpci_uart_char, data),
	SOFTPCI_FIELD(struct softpci_uart_char, errors),
};

const struct softpci_field softpci_uart_frame_fields[SOFTPCI_UART_FRAME_NR_FIELDS] = {
	SOFTPCI_FIELD(struct softpci_uart_frame, levels),
	SOFTPCI_FIELD_MAX(struct softpci_uart_frame, nr, SOFTPCI_UART_FRAME_BITS),
	SOFTPCI_FIELD(struct softpci_uart_frame, divisor),
};

const struct softpci_field softpci_uart_fields[SOFTPCI_UART_NR_FIELDS] = {
	UART_MAX(ier, UART_IER_RDI | UART_IER_THRI | UART_IER_RLSI | UART_IER_MSI),
	UART_FIELD(fcr),
	UART_FIELD(lcr),
	UART_MAX(mcr, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT1 |
		      UART_MCR_OUT2 | UART_MCR_LOOP),
	UART_FIELD(msr),
	UART_FIELD(scr),
	UART_FIELD(divisor),
	UART_FIELD(inputs),
	UART_FIELD(outputs),
	UART_FIELD(errors),
	UART_FIELD(rbr),
	SOFTPCI_STRUCTS(struct softpci_uart, rx, char_fields),
	UART_MAX(rx_head, SOFTPCI_UART_FIFO - 1),
	UART_MAX(rx_len, SOFTPCI_UART_FIFO),
	UART_FIELD(timeout),
	SOFTPCI_ARRAY(struct softpci_uart, tx),
	UART_MAX(tx_head, SOFTPCI_UART_FIFO - 1),
	UART_MAX(tx_len, SOFTPCI_UART_FIFO),
	UART_MAX(tx_peak, SOFTPCI_UART_FIFO),
	UART_FIELD(thre),
	UART_FIELD(thre_irq),
	SOFTPCI_STRUCT(struct softpci_uart, shift, softpci_uart_frame_fields),
	UART_FIELD(shifting),
	UART_FIELD(shift_lost),
	UART_FIELD(breaking),
	UART_FIELD(break_due),
	UART_FIELD(intr),
};

/**
 * softpci_uart_pre_save() - for softpci_state.pre_save()
 * @uart: the UART, lock held
 */
void softpci_uart_pre_save(struct softpci_uart *uart)
{
	lockdep_assert_held(&uart->dev->lock);
	uart->break_due = uart->break_at;
}

#define ERROR_BITS	(UART_LSR_OE | UART_LSR_PE | UART_LSR_FE | UART_LSR_BI)
#define LINE_BITS	(UART_MSR_CTS | UART_MSR_DSR | UART_MSR_RI | UART_MSR_DCD)

/* A wrong break would last until LCR or MCR is written, a wrong time-out for ever. */
static bool uart_conditions_are_valid(const struct softpci_uart *uart)
{
	bool spacing = (uart->lcr & UART_LCR_SBC) && !(uart->mcr & UART_MCR_LOOP);

	/* While DLAB is set no break begins, but one goes on. */
	if (uart->breaking ? !spacing : spacing && !(uart->lcr & UART_LCR_DLAB))
		return false;
	return !uart->timeout || (uart_fifos_enabled(uart) && uart->rx_len);
}

/**
 * softpci_uart_is_valid() - could a UART have the fields that were loaded
 * @uart: the UART, lock held
 *
 * Return: false if a register has a bit that it does not have, the pins are not as
 * MCR says, or there is a break or a time-out of characters that cannot be. The
 * fields' own limits were checked before.
 */
bool softpci_uart_is_valid(const struct softpci_uart *uart)
{
	unsigned int i;
	u8 pins;

	lockdep_assert_held(&uart->dev->lock);
	pins = uart->mcr & UART_MCR_LOOP ?
	       0 : uart->mcr & (UART_MCR_DTR | UART_MCR_RTS);
	for (i = 0; i < SOFTPCI_UART_FIFO; i++)
		if (uart->rx[i].errors & ~ERROR_BITS)
			return false;
	return !(uart->fcr & ~(UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_MASK)) &&
	       !(uart->inputs & ~LINE_BITS) && !(uart->errors & ~ERROR_BITS) &&
	       uart->outputs == pins && uart_conditions_are_valid(uart);
}

/**
 * softpci_uart_post_load() - for softpci_state.post_load()
 * @uart: the UART, lock held, stopped, and softpci_uart_is_valid()
 *
 * softpci_uart_start() sets the timer to the first event that is due.
 */
void softpci_uart_post_load(struct softpci_uart *uart)
{
	ktime_t later;

	lockdep_assert_held(&uart->dev->lock);
	later = ktime_add_ns(softpci_uart_now(), uart_char_ns(uart));
	uart->shift_end = uart->paced ? later : softpci_uart_now();
	uart->break_at = uart->break_due ? later : 0;
	uart->thre_at = !uart->thre && !uart->tx_len ? later : 0;
	uart->timeout_at = 0;
	if (uart_fifos_enabled(uart) && uart->rx_len && !uart->timeout)
		uart->timeout_at = ktime_add_ns(later, UART_TIMEOUT_CHARS *
						       uart_char_ns(uart));
	uart->waiting = false;
	uart->wait_end = 0;
}
