// SPDX-License-Identifier: GPL-2.0-only
/*
 * A 16550A for virtual serial devices, by the National PC16550D data sheet,
 * whose section titles are quoted below.
 *
 * What goes by the clock - sending, if it is paced, and the character time-out
 * - is brought up to date by softpci_uart_run() with each access, so that a
 * register reads what it should at that moment.  The timer is for the time
 * between accesses: it sends, and raises interrupts.
 */
#include <linux/bitfield.h>
#include <linux/export.h>
#include <linux/math64.h>
#include <linux/serial_reg.h>

#include "internal.h"
#include "uart.h"

/* 1.8432 MHz / 16: bits per second with a divisor of 1. */
#define UART_BASE_BAUD		115200
#define UART_POWER_ON_DIVISOR	12
#define UART_TIMEOUT_CHARS	4

#define UART_IER_BITS		(UART_IER_RDI | UART_IER_THRI | \
				 UART_IER_RLSI | UART_IER_MSI)
#define UART_MCR_BITS		(UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT1 | \
				 UART_MCR_OUT2 | UART_MCR_LOOP)
#define UART_MCR_PINS		(UART_MCR_DTR | UART_MCR_RTS)
#define UART_IIR_FIFOS		0xc0

static bool uart_fifos_enabled(const struct softpci_uart *uart)
{
	return uart->fcr & UART_FCR_ENABLE_FIFO;
}

/* "FIFO Control Register": when the receiver asks to be emptied. */
static unsigned int uart_trigger_level(const struct softpci_uart *uart)
{
	static const u8 level[] = { 1, 4, 8, 14 };

	if (!uart_fifos_enabled(uart))
		return 1;
	return level[FIELD_GET(UART_FCR_TRIGGER_MASK, uart->fcr)];
}

/* "Interrupt Identification Register": what is most urgent. */
static u8 uart_pending(const struct softpci_uart *uart)
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

static void uart_update_irq(struct softpci_uart *uart)
{
	bool intr = uart->ier && uart_pending(uart) != UART_IIR_NO_INT;

	if (intr == uart->intr)
		return;
	uart->intr = intr;
	uart->ops->irq(uart, intr);
}

/* Nothing is due, now or later, unless somebody does something. */
static bool uart_idle(const struct softpci_uart *uart)
{
	return !uart->shifting && !uart->tx_len && !uart->break_at &&
	       !uart->thre_at && !uart->timeout_at;
}

static unsigned int uart_word_bits(const struct softpci_uart *uart)
{
	return 5 + (uart->lcr & UART_LCR_WLEN8);
}

/* "Programmable Baud Generator" has no use for 0; taken as the fastest. */
static u16 uart_divisor(const struct softpci_uart *uart)
{
	return uart->divisor ?: 1;
}

static ktime_t uart_now(void)
{
	KUNIT_STATIC_STUB_REDIRECT(uart_now);
	return ktime_get();
}

static u64 uart_half_bits_ns(const struct softpci_uart *uart, unsigned int nr)
{
	return div_u64((u64)nr * uart_divisor(uart) * NSEC_PER_SEC,
		       2 * UART_BASE_BAUD);
}

/* "Line Control Register", bit 2: a short word has one and a half of them. */
static unsigned int uart_stop_half_bits(const struct softpci_uart *uart)
{
	if (!(uart->lcr & UART_LCR_STOP))
		return 2;
	return uart_word_bits(uart) == 5 ? 3 : 4;
}

/* Start bit, data, parity. */
static unsigned int uart_bits_before_stop(const struct softpci_uart *uart)
{
	return 1 + uart_word_bits(uart) + !!(uart->lcr & UART_LCR_PARITY);
}

static u64 uart_char_ns(const struct softpci_uart *uart)
{
	return uart_half_bits_ns(uart, 2 * uart_bits_before_stop(uart) +
				       uart_stop_half_bits(uart));
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
	uart->timeout_at = ktime_add_ns(uart_now(), UART_TIMEOUT_CHARS *
						    uart_char_ns(uart));
}

/* "Line Status Register": errors show when their character is the next one. */
static void uart_show_errors(struct softpci_uart *uart)
{
	if (uart->rx_len)
		uart->errors |= uart->rx[uart->rx_head].errors;
}

static void uart_clear_receiver(struct softpci_uart *uart)
{
	uart->rx_head = 0;
	uart->rx_len = 0;
	uart->timeout = false;
	uart->timeout_at = 0;
}

static void uart_receive_char(struct softpci_uart *uart, u8 data, u8 errors)
{
	unsigned int tail;

	if (uart_fifos_enabled(uart) && uart->rx_len == SOFTPCI_UART_FIFO) {
		/* The FIFO keeps what it has, the newcomer is lost. */
		uart->errors |= UART_LSR_OE;
		return;
	}
	if (!uart_fifos_enabled(uart) && uart->rx_len) {
		/* Without FIFOs the newcomer overwrites what was not read. */
		uart->errors |= UART_LSR_OE;
		uart->rx_len = 0;
	}

	tail = (uart->rx_head + uart->rx_len) % SOFTPCI_UART_FIFO;
	uart->rx[tail].data = data;
	uart->rx[tail].errors = errors;
	uart->rx_len++;
	if (uart->rx_len == 1)
		uart_show_errors(uart);
	/* Once it has struck, only a read puts an end to it. */
	if (!uart->timeout)
		uart_restart_timeout(uart);
}

/*
 * A receiver has no other clock than its own: it looks at the line in the
 * middle of what it takes for bits, from the edge where the start bit began.
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
	u32 theirs = 2 * frame->divisor;
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

/* Not inline: it would make every read of a register save what this needs. */
static noinline u8 uart_take(struct softpci_uart *uart)
{
	bool full = !softpci_uart_has_room(uart);

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

static bool uart_char_errors_waiting(const struct softpci_uart *uart)
{
	unsigned int i;

	for (i = 0; i < uart->rx_len; i++)
		if (uart->rx[(uart->rx_head + i) % SOFTPCI_UART_FIFO].errors)
			return true;
	return false;
}

static void uart_set_thre(struct softpci_uart *uart)
{
	uart->thre = true;
	uart->thre_irq = true;
	uart->thre_at = 0;
	uart->tx_peak = 0;
}

/*
 * "FIFO Interrupt Mode Operation": a FIFO that never held two characters says
 * only by the end of the last one that it is empty, lest a slow writer be
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

static void uart_clear_transmitter(struct softpci_uart *uart)
{
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
	if (ktime_before(now, uart->wait_end)) {
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

/* Has the last bit of what is in the shift register left it? */
static bool uart_shifted(const struct softpci_uart *uart, ktime_t now)
{
	return uart->shifting &&
	       !(uart->paced && ktime_before(now, uart->shift_end));
}

/*
 * When what follows begins, after something was due at @due and has left @now.
 *
 * A receiver cannot be told of characters before they come.  If they came faster
 * than on a line because of a late timer, there could be an overrun that a line
 * would not make: so the line is idle for as long as the timer was late.  Only
 * what is less than a quarter of a character is made up for, of all that are
 * sent one after the other: a receiver has that much less time, and no more.
 */
static ktime_t uart_resume(const struct softpci_uart *uart, ktime_t due,
			   ktime_t now)
{
	u64 slack = uart_char_ns(uart) / 4;

	return ktime_before(now, ktime_add_ns(due, slack)) ? due : now;
}

/* Paced, what could not leave is sent once more. */
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

static void uart_arm(struct softpci_uart *uart)
{
	ktime_t next = KTIME_MAX;

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
	/* One that comes too early finds out: cheaper than to start it anew. */
	if (next >= uart->armed)
		return;
	uart->armed = next;
	hrtimer_start(&uart->timer, next, HRTIMER_MODE_ABS);
}

static enum hrtimer_restart uart_timer(struct hrtimer *timer)
{
	schedule_work(&container_of(timer, struct softpci_uart, timer)->work);
	return HRTIMER_NORESTART;
}

static void uart_work(struct work_struct *work)
{
	struct softpci_uart *uart = container_of(work, struct softpci_uart,
						  work);

	spin_lock(uart->lock);
	uart->armed = KTIME_MAX;
	softpci_uart_run(uart);
	spin_unlock(uart->lock);
}

/**
 * softpci_uart_run() - all that was due until now, happens
 * @uart: the UART, lock held
 */
void softpci_uart_run(struct softpci_uart *uart)
{
	ktime_t now;

	lockdep_assert_held(uart->lock);
	if (uart_idle(uart))
		return;

	now = uart_now();
	uart_transmit(uart, now);
	if (uart->thre_at && !ktime_before(now, uart->thre_at))
		uart_set_thre(uart);
	if (uart->timeout_at && !ktime_before(now, uart->timeout_at)) {
		uart->timeout_at = 0;
		uart->timeout = true;
	}
	uart_update_irq(uart);
	uart_arm(uart);
}
EXPORT_SYMBOL_GPL(softpci_uart_run);

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
EXPORT_SYMBOL_GPL(softpci_uart_frame_ns);

/**
 * softpci_uart_has_room() - would the receiver take one more character?
 * @uart: the UART, lock held
 *
 * Return: false if its FIFO is full. Without FIFOs it takes any, and loses what
 * it had: somebody may be there to read it, or not. In loop-back mode it loses
 * all that comes.
 */
bool softpci_uart_has_room(const struct softpci_uart *uart)
{
	return !uart_fifos_enabled(uart) || (uart->mcr & UART_MCR_LOOP) ||
	       uart->rx_len < SOFTPCI_UART_FIFO;
}
EXPORT_SYMBOL_GPL(softpci_uart_has_room);

/**
 * softpci_uart_receive() - a character comes over the line
 * @uart: the UART, lock held
 * @frame: what the line looks like
 *
 * With another divisor or format than the sender's this is, as on a real line,
 * some other character, or several, with or without parity and framing errors.
 * From each space on the line that lasts for long, comes one break.
 */
void softpci_uart_receive(struct softpci_uart *uart,
			  const struct softpci_uart_frame *frame)
{
	lockdep_assert_held(uart->lock);
	/* "Modem Control Register", bit 4: the serial input is disconnected. */
	if (uart->mcr & UART_MCR_LOOP)
		return;
	uart_serial_in(uart, frame);
	uart_update_irq(uart);
	uart_arm(uart);
}
EXPORT_SYMBOL_GPL(softpci_uart_receive);

/**
 * softpci_uart_overrun() - a character was lost before it came here
 * @uart: the UART, lock held
 */
void softpci_uart_overrun(struct softpci_uart *uart)
{
	lockdep_assert_held(uart->lock);
	if (uart->mcr & UART_MCR_LOOP)
		return;
	uart->errors |= UART_LSR_OE;
	uart_update_irq(uart);
}
EXPORT_SYMBOL_GPL(softpci_uart_overrun);

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
	lockdep_assert_held(uart->lock);
	uart->inputs = inputs;
	uart_update_modem_lines(uart, uart->mcr & UART_MCR_LOOP ? 0 : changed);
}
EXPORT_SYMBOL_GPL(softpci_uart_set_inputs);

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
	start = uart_now();
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
	/* A sender that waited for room goes on: all that it sends is lost. */
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
	return uart_take(uart);
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

	if (uart->tx_len == size) {
		/* The FIFO keeps what it has; the holding register does not. */
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
		uart_clear_receiver(uart);
		if (uart->ops->room)
			uart->ops->room(uart);
	}
	if (uart->tx_len && (other || (val & UART_FCR_CLEAR_XMIT)))
		uart_clear_transmitter(uart);
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
 * Return: what it reads; that may clear bits, or take a character away.
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
		uart_arm(uart);
	return val;
}
EXPORT_SYMBOL_GPL(softpci_uart_read);

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
EXPORT_SYMBOL_GPL(softpci_uart_write);

/**
 * softpci_uart_reset() - master reset
 * @uart: the UART, lock held
 * @inputs: what is at CTS, DSR, RI and DCD, as UART_MSR_*
 *
 * "UART Reset Configuration". Nobody is called back: the driver knows that the
 * interrupt and the pins are inactive now.
 */
void softpci_uart_reset(struct softpci_uart *uart, u8 inputs)
{
	lockdep_assert_held(uart->lock);
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
	uart_clear_receiver(uart);
	uart_clear_transmitter(uart);
	uart->thre_irq = false;
}
EXPORT_SYMBOL_GPL(softpci_uart_reset);

/**
 * softpci_uart_init() - set up a UART; softpci_uart_reset() has to follow
 * @uart: the UART, zeroed
 * @ops: what is at its pins
 * @lock: the driver's
 */
void softpci_uart_init(struct softpci_uart *uart,
		       const struct softpci_uart_ops *ops, spinlock_t *lock)
{
	uart->ops = ops;
	uart->lock = lock;
	uart->armed = KTIME_MAX;
	hrtimer_setup(&uart->timer, uart_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS);
	INIT_WORK(&uart->work, uart_work);
}
EXPORT_SYMBOL_GPL(softpci_uart_init);

/**
 * softpci_uart_release() - nothing will happen any more
 * @uart: the UART, reset and not accessed since; lock not held
 */
void softpci_uart_release(struct softpci_uart *uart)
{
	/* Neither starts the other: there is nothing left that would be due. */
	hrtimer_cancel(&uart->timer);
	cancel_work_sync(&uart->work);
}
EXPORT_SYMBOL_GPL(softpci_uart_release);

/* Here, as the tests call what is static above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/uart.c"
#endif
