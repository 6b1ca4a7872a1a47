// SPDX-License-Identifier: GPL-2.0-only
/*
 * A 16550A for virtual serial devices, by the National PC16550D data sheet,
 * whose section titles are quoted below: registers, interrupt, modem lines and
 * break.  The serial line is in uart-line.c.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/string.h>

#include "uart-internal.h"

#define UART_POWER_ON_DIVISOR	12

#define UART_IER_BITS		(UART_IER_RDI | UART_IER_THRI | \
				 UART_IER_RLSI | UART_IER_MSI)
#define UART_MCR_BITS		(UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT1 | \
				 UART_MCR_OUT2 | UART_MCR_LOOP)
#define UART_MCR_PINS		(UART_MCR_DTR | UART_MCR_RTS)
#define UART_IIR_FIFOS		0xc0

static bool uart_char_errors_waiting(const struct softpci_uart *uart)
{
	unsigned int i;

	for (i = 0; i < uart->rx_len; i++)
		if (uart->rx[(uart->rx_head + i) % SOFTPCI_UART_FIFO].errors)
			return true;
	return false;
}

/* "Modem Control Register": in loop-back mode the outputs are the inputs. */
static u8 uart_modem_lines(const struct softpci_uart *uart)
{
	u8 mcr = uart->mcr;

	if (!(mcr & UART_MCR_LOOP))
		return uart->inputs;
	return (mcr & UART_MCR_RTS ? UART_MSR_CTS : 0) |
	       (mcr & UART_MCR_DTR ? UART_MSR_DSR : 0) |
	       (mcr & UART_MCR_OUT1 ? UART_MSR_RI : 0) |
	       (mcr & UART_MCR_OUT2 ? UART_MSR_DCD : 0);
}

static void uart_update_modem_lines(struct softpci_uart *uart, u8 changed)
{
	u8 lines = uart_modem_lines(uart);

	changed |= lines ^ (uart->msr & ~UART_MSR_ANY_DELTA);
	if (changed & UART_MSR_CTS)
		uart->msr |= UART_MSR_DCTS;
	if (changed & UART_MSR_DSR)
		uart->msr |= UART_MSR_DDSR;
	if (changed & UART_MSR_DCD)
		uart->msr |= UART_MSR_DDCD;
	/* "Modem Status Register": of the ring indicator only the trailing edge. */
	if (changed & ~lines & UART_MSR_RI)
		uart->msr |= UART_MSR_TERI;
	uart->msr = (uart->msr & UART_MSR_ANY_DELTA) | lines;
	uart_update_irq(uart);
}

/**
 * softpci_uart_set_inputs() - CTS, DSR, RI or DCD change at the pins
 * @uart: the UART, lock held
 * @inputs: their levels, as UART_MSR_*
 * @changed: those that have changed meanwhile, be it there and back again
 */
void softpci_uart_set_inputs(struct softpci_uart *uart, u8 inputs, u8 changed)
{
	lockdep_assert_held(&uart->dev->lock);
	uart->inputs = inputs;
	uart_update_modem_lines(uart, uart->mcr & UART_MCR_LOOP ? 0 : changed);
}

/*
 * "Line Control Register", bit 6.  The receiver takes it for one character,
 * however long it is.  Paced, it is announced when the line has been spacing
 * for as long as a character takes, and not if it ends before; unpaced at once.
 *
 * It does not begin while DLAB is set: Linux' probe for a National SuperIO chip
 * selects a bank with E0h, for two accesses.  On a real line that is shorter
 * than a bit, and no driver sends a break while it sets the divisor.
 */
static void uart_update_break(struct softpci_uart *uart)
{
	bool was = uart->breaking;
	ktime_t start;

	/* In loop-back mode the serial output is out of the loop, and marking. */
	uart->breaking = (uart->lcr & UART_LCR_SBC) &&
			 !(uart->mcr & UART_MCR_LOOP) &&
			 (was || !(uart->lcr & UART_LCR_DLAB));
	/* Unpaced, one that waits for room was announced before its end. */
	if (uart->mcr & UART_MCR_LOOP || (uart->paced && !uart->breaking))
		uart->break_at = 0;
	if (!uart->breaking || was)
		return;
	start = softpci_uart_now();
	if (uart->paced) {
		if (uart->shifting && !uart->shift_lost)
			start = max(start, uart->shift_end);
		start = ktime_add_ns(start, uart_char_ns(uart));
	}
	uart->break_at = start;
}

static void uart_set_lcr_mcr(struct softpci_uart *uart, u8 lcr, u8 mcr)
{
	u8 changed = mcr ^ uart->mcr, outputs;
	bool was_full;

	if (lcr == uart->lcr && mcr == uart->mcr)
		return;
	was_full = !softpci_uart_has_room(uart);
	uart->lcr = lcr;
	uart->mcr = mcr;
	/* A sender that waited for room continues: its characters are lost. */
	if (was_full && softpci_uart_has_room(uart) && uart->ops->room)
		uart->ops->room(uart);
	/* Cut off while it is being sent, as it has begun on another wire. */
	if (changed & UART_MCR_LOOP) {
		uart->shift_lost = true;
		uart->waiting = false;
		uart->wait_end = 0;
	}
	uart_update_break(uart);

	/* "Modem Control Register", bit 4: the pins go inactive. */
	outputs = mcr & UART_MCR_LOOP ? 0 : mcr & UART_MCR_PINS;
	if (outputs != uart->outputs) {
		uart->outputs = outputs;
		uart->ops->outputs(uart);
	}
	uart_update_modem_lines(uart, 0);
}

static u8 uart_read_rbr(struct softpci_uart *uart)
{
	if (uart->lcr & UART_LCR_DLAB)
		return uart->divisor & 0xff;
	return softpci_uart_take(uart);
}

static void uart_write_thr(struct softpci_uart *uart, u8 val)
{
	unsigned int size = uart_fifos_enabled(uart) ? SOFTPCI_UART_FIFO : 1;

	if (uart->lcr & UART_LCR_DLAB) {
		uart->divisor = (uart->divisor & 0xff00) | val;
		return;
	}
	/* Down, though it may be up again soon: that is a new interrupt then. */
	uart->thre = false;
	uart->thre_irq = false;
	uart->thre_at = 0;
	uart_update_irq(uart);

	if (uart->tx_len >= size) {
		/* The FIFO keeps its characters; the holding register does not. */
		if (uart_fifos_enabled(uart))
			return;
		uart->tx_len = 0;
	}
	uart->tx[(uart->tx_head + uart->tx_len) % SOFTPCI_UART_FIFO] = val;
	uart->tx_len++;
	uart->tx_peak = max(uart->tx_peak, uart->tx_len);
}

static u8 uart_read_ier(struct softpci_uart *uart)
{
	return uart->lcr & UART_LCR_DLAB ? uart->divisor >> 8 : uart->ier;
}

static void uart_write_ier(struct softpci_uart *uart, u8 val)
{
	if (uart->lcr & UART_LCR_DLAB) {
		uart->divisor = (uart->divisor & 0xff) | val << 8;
		return;
	}
	/* Enabling it with an empty transmitter is a cause of itself. */
	if (uart->thre && (val & ~uart->ier & UART_IER_THRI))
		uart->thre_irq = true;
	uart->ier = val & UART_IER_BITS;
}

static u8 uart_read_iir(struct softpci_uart *uart)
{
	u8 iir = uart_pending(uart);

	if (iir == UART_IIR_THRI)
		uart->thre_irq = false;
	return uart_fifos_enabled(uart) ? iir | UART_IIR_FIFOS : iir;
}

static void uart_write_fcr(struct softpci_uart *uart, u8 val)
{
	bool other;

	/* The other bits count only if this one is written as well. */
	if (!(val & UART_FCR_ENABLE_FIFO))
		val = 0;
	other = (val ^ uart->fcr) & UART_FCR_ENABLE_FIFO;
	uart->fcr = val & (UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_MASK);
	if (other || (val & UART_FCR_CLEAR_RCVR)) {
		softpci_uart_clear_receiver(uart);
		if (uart->ops->room)
			uart->ops->room(uart);
	}
	if (uart->tx_len && (other || (val & UART_FCR_CLEAR_XMIT)))
		softpci_uart_clear_transmitter(uart);
	/* "FIFO Interrupt Mode Operation": the first one is not delayed. */
	if (other)
		uart->tx_peak = 2;
}

static u8 uart_read_lsr(struct softpci_uart *uart)
{
	u8 lsr = uart->errors;

	if (uart->thre)
		lsr |= UART_LSR_THRE;
	if (!uart->tx_len && !uart->shifting)
		lsr |= UART_LSR_TEMT;
	if (uart->rx_len)
		lsr |= UART_LSR_DR;
	if (uart_fifos_enabled(uart) && uart_char_errors_waiting(uart))
		lsr |= UART_LSR_FIFOE;

	uart->errors = 0;
	if (uart->rx_len)
		uart->rx[uart->rx_head].errors = 0;
	return lsr;
}

static u8 uart_read_msr(struct softpci_uart *uart)
{
	u8 msr = uart->msr;

	uart->msr &= ~UART_MSR_ANY_DELTA;
	return msr;
}

/* "Registers". */
static u8 uart_read_reg(struct softpci_uart *uart, unsigned int reg)
{
	switch (reg) {
	case UART_RX:
		return uart_read_rbr(uart);
	case UART_IER:
		return uart_read_ier(uart);
	case UART_IIR:
		return uart_read_iir(uart);
	case UART_LCR:
		return uart->lcr;
	case UART_MCR:
		return uart->mcr;
	case UART_LSR:
		return uart_read_lsr(uart);
	case UART_MSR:
		return uart_read_msr(uart);
	default:
		return uart->scr;
	}
}

static void uart_write_reg(struct softpci_uart *uart, unsigned int reg, u8 val)
{
	switch (reg) {
	case UART_TX:
		uart_write_thr(uart, val);
		break;
	case UART_IER:
		uart_write_ier(uart, val);
		break;
	case UART_FCR:
		uart_write_fcr(uart, val);
		break;
	case UART_LCR:
		uart_set_lcr_mcr(uart, val, uart->mcr);
		break;
	case UART_MCR:
		uart_set_lcr_mcr(uart, uart->lcr, val & UART_MCR_BITS);
		break;
	case UART_LSR:
	case UART_MSR:
		/* Written in factory tests only. */
		break;
	default:
		uart->scr = val;
	}
}

/**
 * softpci_uart_read() - read a register
 * @uart: the UART, lock held
 * @reg: its offset, below SOFTPCI_UART_REGS
 *
 * Return: its value; reading may clear bits, or take a character away.
 */
u8 softpci_uart_read(struct softpci_uart *uart, unsigned int reg)
{
	u8 val;

	/* Most accesses find it idle and leave it so: they do not pay for more. */
	if (!uart_idle(uart))
		softpci_uart_run(uart);
	val = uart_read_reg(uart, reg);
	uart_update_irq(uart);
	if (!uart_idle(uart))
		softpci_uart_arm(uart);
	return val;
}

/**
 * softpci_uart_write() - write to a register
 * @uart: the UART, lock held
 * @reg: its offset, below SOFTPCI_UART_REGS
 * @val: the value
 */
void softpci_uart_write(struct softpci_uart *uart, unsigned int reg, u8 val)
{
	if (!uart_idle(uart))
		softpci_uart_run(uart);
	uart_write_reg(uart, reg, val);
	if (!uart_idle(uart))
		softpci_uart_run(uart);
	else
		uart_update_irq(uart);
}

/**
 * softpci_uart_reset() - master reset
 * @uart: the UART, lock held
 * @inputs: levels of CTS, DSR, RI and DCD, as UART_MSR_*
 *
 * "UART Reset Configuration". No callback is called: the driver knows that the
 * interrupt and the pins are inactive now.
 */
void softpci_uart_reset(struct softpci_uart *uart, u8 inputs)
{
	lockdep_assert_held(&uart->dev->lock);
	uart->intr = false;
	uart->ier = 0;
	uart->fcr = 0;
	uart->lcr = 0;
	uart->mcr = 0;
	uart->msr = inputs;
	uart->inputs = inputs;
	uart->outputs = 0;
	uart->scr = 0;
	uart->divisor = UART_POWER_ON_DIVISOR;
	uart->errors = 0;
	uart->rbr = 0;
	uart->shifting = false;
	uart->waiting = false;
	uart->wait_end = 0;
	uart->breaking = false;
	uart->break_at = 0;
	softpci_uart_clear_receiver(uart);
	softpci_uart_clear_transmitter(uart);
	/* The characters may belong to a user that has left. */
	memset(uart->rx, 0, sizeof(uart->rx));
	memset(uart->tx, 0, sizeof(uart->tx));
	memset(&uart->shift, 0, sizeof(uart->shift));
	uart->thre_irq = false;
	/* A job that the timer queued may have been dropped. */
	uart->armed = KTIME_MAX;
}

static enum hrtimer_restart uart_timer(struct hrtimer *timer)
{
	struct softpci_uart *uart = container_of(timer, struct softpci_uart,
						 timer);

	softpci_queue(uart->dev, &uart->due);
	return HRTIMER_NORESTART;
}

static void uart_due(struct softpci_device *dev, struct softpci_job *job)
{
	struct softpci_uart *uart = container_of(job, struct softpci_uart, due);

	guard(softpci)(dev);
	uart->armed = KTIME_MAX;
	softpci_uart_run(uart);
}

/**
 * softpci_uart_init() - set up a UART; softpci_uart_reset() has to follow
 * @uart: the UART, zeroed; lock not held
 * @ops: the circuit at its pins
 * @dev: the device that it is on
 */
void softpci_uart_init(struct softpci_uart *uart,
		       const struct softpci_uart_ops *ops,
		       struct softpci_device *dev)
{
	uart->ops = ops;
	uart->dev = dev;
	uart->armed = KTIME_MAX;
	hrtimer_setup(&uart->timer, uart_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS);
	softpci_job_init(&uart->due, uart_due);
}

/**
 * softpci_uart_start() - go on after softpci_uart_stop()
 * @uart: the UART; lock not held
 */
void softpci_uart_start(struct softpci_uart *uart)
{
	guard(softpci)(uart->dev);
	uart->stopped = false;
	uart->armed = KTIME_MAX;
	/* The other end may have been stopped for as long. */
	uart->wait_end = 0;
	softpci_uart_run(uart);
}

/**
 * softpci_uart_stop() - nothing happens any more by itself
 * @uart: the UART; lock not held
 *
 * An access still has its effects, and those that were due before it, but arms no
 * timer, and a character that waits for room is not given up. The job was stopped by
 * the core, before this.
 */
void softpci_uart_stop(struct softpci_uart *uart)
{
	scoped_guard(softpci, uart->dev)
		uart->stopped = true;
	hrtimer_cancel(&uart->timer);
}

MODULE_DESCRIPTION("16550A and serial ports for virtual PCI devices");
MODULE_LICENSE("GPL");

/* KUnit tests of the functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/uart.c"
#include "../tests/kunit/uart-time.c"
#endif
