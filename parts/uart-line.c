// SPDX-License-Identifier: GPL-2.0-only
/*
 * The serial line of a 16550A: sending and receiving of characters, and all that
 * depends on time.
 *
 * Sending, if it is paced, and the character time-out are brought up to date by
 * softpci_uart_run() with each access, so that a register has its value of
 * that moment.  The timer is for the time between accesses: it sends, and raises
 * interrupts.
 */
#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>

#include "uart-internal.h"

/**
 * softpci_uart_now() - the time that UARTs go by
 *
 * Return: CLOCK_MONOTONIC.
 */
ktime_t softpci_uart_now(void)
{
	KUNIT_STATIC_STUB_REDIRECT(softpci_uart_now);
	return ktime_get();
}

/* "Line Control Register", bits 3 to 5. */
static bool uart_parity(const struct softpci_uart *uart, u8 data)
{
	bool even = uart->lcr & UART_LCR_EPAR;

	if (uart->lcr & UART_LCR_SPAR)
		return !even;
	return (hweight8(data) & 1) ^ !even;
}

static struct softpci_uart_frame uart_frame(const struct softpci_uart *uart,
					    u8 data)
{
	unsigned int bits = uart_word_bits(uart), nr;
	u16 levels;

	nr = uart_bits_before_stop(uart) +
	     DIV_ROUND_UP(uart_stop_half_bits(uart), 2);
	levels = GENMASK(nr - 1, 1 + bits);

	data &= GENMASK(bits - 1, 0);
	if ((uart->lcr & UART_LCR_PARITY) && !uart_parity(uart, data))
		levels &= ~BIT(1 + bits);
	return (struct softpci_uart_frame){
		.levels = levels | data << 1,
		.nr = nr,
		.divisor = uart_divisor(uart),
	};
}

static bool uart_level(const struct softpci_uart_frame *frame,
		       unsigned int bit)
{
	/* Ended: a break never does, any other leaves the line idle. */
	if (bit >= frame->nr)
		return frame->nr;
	return frame->levels & BIT(bit);
}

/* "FIFO Interrupt Mode Operation": it counts from each arrival and read. */
static void uart_restart_timeout(struct softpci_uart *uart)
{
	uart->timeout_at = 0;
	if (!uart_fifos_enabled(uart) || !uart->rx_len)
		return;
	uart->timeout_at = ktime_add_ns(softpci_uart_now(), UART_TIMEOUT_CHARS *
						    uart_char_ns(uart));
}

/* "Line Status Register": errors show when their character is the next one. */
static void uart_show_errors(struct softpci_uart *uart)
{
	if (uart->rx_len)
		uart->errors |= uart->rx[uart->rx_head].errors;
}

/**
 * softpci_uart_clear_receiver() - drop all received characters
 * @uart: the UART, lock held
 */
void softpci_uart_clear_receiver(struct softpci_uart *uart)
{
	lockdep_assert_held(&uart->dev->lock);
	uart->rx_head = 0;
	uart->rx_len = 0;
	uart->timeout = false;
	uart->timeout_at = 0;
}

static void uart_receive_char(struct softpci_uart *uart, u8 data, u8 errors)
{
	unsigned int tail;

	if (uart_fifos_enabled(uart) && uart->rx_len == SOFTPCI_UART_FIFO) {
		/* The FIFO keeps its characters, the new one is lost. */
		uart->errors |= UART_LSR_OE;
		return;
	}
	if (!uart_fifos_enabled(uart) && uart->rx_len) {
		/* Without FIFOs it overwrites the one that was not read. */
		uart->errors |= UART_LSR_OE;
		uart->rx_len = 0;
	}

	tail = (uart->rx_head + uart->rx_len) % SOFTPCI_UART_FIFO;
	uart->rx[tail].data = data;
	uart->rx[tail].errors = errors;
	uart->rx_len++;
	if (uart->rx_len == 1)
		uart_show_errors(uart);
	/* Once it has expired, only a read ends it. */
	if (!uart->timeout)
		uart_restart_timeout(uart);
}

/*
 * A receiver has no other clock than its own: it looks at the line in the
 * middle of its own bit times, from the edge where the start bit began.
 * Both divisors count time in units of half a bit at the highest rate.
 *
 * Return: the bit of the sender's that it looked at last.
 */
static unsigned int uart_sample(struct softpci_uart *uart,
				const struct softpci_uart_frame *frame,
				unsigned int start)
{
	unsigned int bits = uart_word_bits(uart), i, nr, at;
	bool parity = uart->lcr & UART_LCR_PARITY, stop;
	/* Loaded from a stream it can be 0: as in uart_divisor(). */
	u32 theirs = 2 * (frame->divisor ?: 1);
	u16 levels = 0;
	u8 errors = 0;
	u8 data;

	/* Only the first of several stop bits counts. */
	nr = uart_bits_before_stop(uart) + 1;
	for (i = 0; i < nr; i++) {
		at = start + (2 * i + 1) * uart_divisor(uart) / theirs;
		if (uart_level(frame, at))
			levels |= BIT(i);
		/* Too short for a start bit: it is taken for noise. */
		if (levels & BIT(0))
			return at;
	}

	data = levels >> 1 & GENMASK(bits - 1, 0);
	stop = levels & BIT(nr - 1);
	if (parity && !!(levels & BIT(1 + bits)) != uart_parity(uart, data))
		errors |= UART_LSR_PE;
	if (!stop)
		errors |= UART_LSR_FE;
	if (!levels)
		errors |= UART_LSR_BI;
	uart_receive_char(uart, data, errors);
	return at;
}

/**
 * softpci_uart_take() - read RBR
 * @uart: the UART, lock held
 *
 * Return: the oldest character received, or the one before if there is none.
 */
u8 softpci_uart_take(struct softpci_uart *uart)
{
	bool full = !softpci_uart_has_room(uart);

	lockdep_assert_held(&uart->dev->lock);
	if (!uart->rx_len)
		return uart->rbr;

	uart->rbr = uart->rx[uart->rx_head].data;
	uart->rx_head = (uart->rx_head + 1) % SOFTPCI_UART_FIFO;
	uart->rx_len--;
	uart->timeout = false;
	uart_show_errors(uart);
	uart_restart_timeout(uart);
	if (full && uart->ops->room)
		uart->ops->room(uart);
	return uart->rbr;
}

static void uart_set_thre(struct softpci_uart *uart)
{
	uart->thre = true;
	uart->thre_irq = true;
	uart->thre_at = 0;
	uart->tx_peak = 0;
}

/*
 * "FIFO Interrupt Mode Operation": a FIFO that never held two characters reports
 * that it is empty only at the end of the last one, so that a slow writer is not
 * interrupted for each of them.
 */
static void uart_transmitter_empty(struct softpci_uart *uart, ktime_t when)
{
	if (!uart->paced || !uart_fifos_enabled(uart) || uart->tx_peak >= 2) {
		uart_set_thre(uart);
		return;
	}
	uart->thre_at = ktime_add_ns(when,
				     uart_half_bits_ns(uart, 2 * uart_bits_before_stop(uart)));
}

/**
 * softpci_uart_clear_transmitter() - drop all characters that wait to be sent
 * @uart: the UART, lock held
 */
void softpci_uart_clear_transmitter(struct softpci_uart *uart)
{
	lockdep_assert_held(&uart->dev->lock);
	uart->tx_head = 0;
	uart->tx_len = 0;
	uart_set_thre(uart);
}

static void uart_load(struct softpci_uart *uart, ktime_t when)
{
	uart->shift = uart_frame(uart, uart->tx[uart->tx_head]);
	uart->shifting = true;
	/* A line that is held spacing carries no character. */
	uart->shift_lost = uart->breaking;
	uart->shift_end = when;
	if (uart->paced)
		uart->shift_end = ktime_add_ns(when, uart_char_ns(uart));

	uart->tx_head = (uart->tx_head + 1) % SOFTPCI_UART_FIFO;
	uart->tx_len--;
	if (!uart->tx_len)
		uart_transmitter_empty(uart, when);
}

static void uart_serial_in(struct softpci_uart *uart,
			   const struct softpci_uart_frame *frame)
{
	unsigned int bit = 0;

	do {
		bit = uart_sample(uart, frame, bit);
		/* A start bit is an edge: first it has to be marking. */
		while (bit < frame->nr && !uart_level(frame, bit))
			bit++;
		while (bit < frame->nr && uart_level(frame, bit))
			bit++;
	} while (bit < frame->nr);
}

/* Return: false if it has to wait. */
static bool uart_serial_out(struct softpci_uart *uart, ktime_t now,
			    const struct softpci_uart_frame *frame)
{
	if (uart->ops->send(uart, frame, false)) {
		uart->wait_end = 0;
		return true;
	}
	if (!uart->wait_end)
		uart->wait_end = ktime_add_ms(now, SOFTPCI_UART_WAIT_MS);
	if (uart->stopped || ktime_before(now, uart->wait_end)) {
		/* Paced, it is not woken but tries again. */
		uart->waiting = !uart->paced;
		return false;
	}
	uart->ops->send(uart, frame, true);
	return true;
}

static bool uart_send(struct softpci_uart *uart, ktime_t now)
{
	if (uart->shift_lost)
		return true;
	if (uart->mcr & UART_MCR_LOOP) {
		uart_serial_in(uart, &uart->shift);
		return true;
	}
	return uart_serial_out(uart, now, &uart->shift);
}

/* Has the last bit left the shift register? */
static bool uart_shifted(const struct softpci_uart *uart, ktime_t now)
{
	return uart->shifting &&
	       !(uart->paced && ktime_before(now, uart->shift_end));
}

/*
 * When the next event begins, after one was due at @due and happened @now.
 *
 * A receiver cannot be told of characters before they come.  If they came faster
 * than on a line because of a late timer, there could be an overrun that a line
 * would not make: so the line is idle for as long as the timer was late.  Only a
 * delay of less than a quarter of a character is made up for, over a whole row of
 * characters: a receiver has that much less time, and no more.
 */
static ktime_t uart_resume(const struct softpci_uart *uart, ktime_t due,
			   ktime_t now)
{
	u64 slack = uart_char_ns(uart) / 4;

	return ktime_before(now, ktime_add_ns(due, slack)) ? due : now;
}

/* Paced, a character that could not leave is sent once more. */
static ktime_t uart_send_again(const struct softpci_uart *uart, ktime_t due,
			       ktime_t now)
{
	return uart->paced ? ktime_add_ns(now, uart_char_ns(uart)) : due;
}

static void uart_transmit(struct softpci_uart *uart, ktime_t now)
{
	const struct softpci_uart_frame line_break = {
		.divisor = uart_divisor(uart),
	};
	ktime_t when = now;

	uart->waiting = false;
	do {
		/* Before a break, which does not overtake it. */
		if (uart_shifted(uart, now)) {
			if (!uart_send(uart, now)) {
				uart->shift_end = uart_send_again(uart, uart->shift_end,
								  now);
				break;
			}
			uart->shifting = false;
			when = uart_resume(uart, uart->shift_end, now);
			if (uart->paced && uart->break_at && !uart->shift_lost)
				uart->break_at = ktime_add_ns(when,
							      uart_char_ns(uart));
		}
		if (uart->break_at && !ktime_before(now, uart->break_at)) {
			if (!uart_serial_out(uart, now, &line_break)) {
				uart->break_at = uart_send_again(uart, uart->break_at,
								 now);
				break;
			}
			uart->break_at = 0;
		}
		if (!uart->shifting && uart->tx_len)
			uart_load(uart, when);
	} while (uart_shifted(uart, now));
}

/**
 * softpci_uart_arm() - have the timer fire when something is due
 * @uart: the UART, lock held
 */
void softpci_uart_arm(struct softpci_uart *uart)
{
	ktime_t next = KTIME_MAX;

	lockdep_assert_held(&uart->dev->lock);
	if (unlikely(uart->stopped))
		return;
	if (uart->waiting) {
		next = uart->wait_end;
	} else {
		/* Unpaced it is being handed over at this moment: nothing is due. */
		if (uart->shifting && uart->paced)
			next = uart->shift_end;
		if (uart->break_at)
			next = min(next, uart->break_at);
	}
	if (uart->thre_at)
		next = min(next, uart->thre_at);
	if (uart->timeout_at)
		next = min(next, uart->timeout_at);
	/* A timer that fires early checks: cheaper than restarting it. */
	if (next >= uart->armed)
		return;
	uart->armed = next;
	hrtimer_start(&uart->timer, next, HRTIMER_MODE_ABS);
}

/**
 * softpci_uart_run() - all that was due until now, happens
 * @uart: the UART, lock held
 */
void softpci_uart_run(struct softpci_uart *uart)
{
	ktime_t now;

	lockdep_assert_held(&uart->dev->lock);
	if (uart_idle(uart))
		return;

	now = softpci_uart_now();
	uart_transmit(uart, now);
	if (uart->thre_at && !ktime_before(now, uart->thre_at))
		uart_set_thre(uart);
	if (uart->timeout_at && !ktime_before(now, uart->timeout_at)) {
		uart->timeout_at = 0;
		uart->timeout = true;
	}
	uart_update_irq(uart);
	softpci_uart_arm(uart);
}

/**
 * softpci_uart_frame_ns() - how long a character is on the line
 * @frame: the character; a break counts as one of ten bits
 *
 * Return: nanoseconds.
 */
u64 softpci_uart_frame_ns(const struct softpci_uart_frame *frame)
{
	return div_u64((u64)(frame->nr ?: 10) * frame->divisor * NSEC_PER_SEC,
		       UART_BASE_BAUD);
}

/**
 * softpci_uart_has_room() - would the receiver take one more character?
 * @uart: the UART, lock held
 *
 * Return: false if its FIFO is full. Without FIFOs it takes any, as a new character
 * overwrites the last one, read or not. In loop-back mode all are lost.
 */
bool softpci_uart_has_room(const struct softpci_uart *uart)
{
	lockdep_assert_held(&uart->dev->lock);
	return !uart_fifos_enabled(uart) || (uart->mcr & UART_MCR_LOOP) ||
	       uart->rx_len < SOFTPCI_UART_FIFO;
}

/**
 * softpci_uart_receive() - a character comes over the line
 * @uart: the UART, lock held
 * @frame: the bits on the line
 *
 * With another divisor or format than the sender's this is, as on a real line,
 * some other character, or several, with or without parity and framing errors.
 * From each space on the line that lasts for long, comes one break.
 */
void softpci_uart_receive(struct softpci_uart *uart,
			  const struct softpci_uart_frame *frame)
{
	lockdep_assert_held(&uart->dev->lock);
	/* "Modem Control Register", bit 4: the serial input is disconnected. */
	if (uart->mcr & UART_MCR_LOOP)
		return;
	uart_serial_in(uart, frame);
	uart_update_irq(uart);
	softpci_uart_arm(uart);
}

/**
 * softpci_uart_overrun() - a character was lost before it came here
 * @uart: the UART, lock held
 */
void softpci_uart_overrun(struct softpci_uart *uart)
{
	lockdep_assert_held(&uart->dev->lock);
	if (uart->mcr & UART_MCR_LOOP)
		return;
	uart->errors |= UART_LSR_OE;
	uart_update_irq(uart);
}
