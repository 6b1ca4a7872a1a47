/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A 16550A for virtual serial devices, by the National PC16550D data sheet.
 *
 * A device embeds struct softpci_uart, hands it accesses to its registers, and
 * is called back for the pins: the interrupt, the serial output, RTS
 * and DTR.
 *
 * Locking: the device lock covers a UART and all that its callbacks touch.  Each
 * function here expects it to be held unless it says otherwise, each callback has
 * it held.
 */
#ifndef SOFTPCI_UART_H
#define SOFTPCI_UART_H

#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/types.h>

#include "../core/softpci.h"

#define SOFTPCI_UART_REGS	8
#define SOFTPCI_UART_FIFO	16
/* Start bit, eight data bits, parity, two stop bits. */
#define SOFTPCI_UART_FRAME_BITS	12

/*
 * How long an unpaced sender waits for a receiver that has no room. Then it goes
 * on, and its characters are lost, as on a line, until there is room again: a guest
 * that drains its transmitter, or prints by polling, must not hang because no program
 * reads at the other end.
 */
#define SOFTPCI_UART_WAIT_MS	1000

struct softpci_uart;

/**
 * struct softpci_uart_frame - a character on the line
 * @levels: level of the line in each bit, the start bit first; 1 is mark
 * @nr: how many bits, after which the line is idle. 0: a break, spacing for
 *	longer than any character
 * @divisor: of the sender's baud rate generator, which is how long a bit takes
 */
struct softpci_uart_frame {
	u16 levels;
	u8 nr;
	u16 divisor;
};

/**
 * struct softpci_uart_char - a received character
 * @data: the character
 * @errors: its error bits of LSR
 */
struct softpci_uart_char {
	u8 data;
	u8 errors;
};

/**
 * struct softpci_uart_ops - the circuit at the pins of a UART
 * @irq: INTR is now @level
 * @send: a character has left. false: the other end has no room for it yet, and
 *	  softpci_uart_run() will be called when it has; or, paced, the one before
 *	  was not fetched yet, and this one is sent once more. With @force it does
 *	  not wait: without room it is an overrun at the other end
 * @outputs: RTS and DTR, as UART_MCR_* in uart->outputs, have changed
 * @room: a receiver FIFO that was full has room again. May be NULL
 */
struct softpci_uart_ops {
	void (*irq)(struct softpci_uart *uart, bool level);
	bool (*send)(struct softpci_uart *uart,
		     const struct softpci_uart_frame *frame, bool force);
	void (*outputs)(struct softpci_uart *uart);
	void (*room)(struct softpci_uart *uart);
};

/**
 * struct softpci_uart - one 16550A
 * @ops: the circuit at its pins
 * @dev: the device that it is on
 * @paced: sending takes as long as the divisor says; else no time
 * @intr: level of INTR
 * @ier: interrupt enable
 * @fcr: FIFO control: enable and trigger level
 * @lcr: line control
 * @mcr: modem control
 * @msr: modem status with the deltas since it was read
 * @scr: scratch
 * @divisor: of the baud rate generator
 * @inputs: CTS, DSR, RI and DCD at the pins, as UART_MSR_*
 * @outputs: RTS and DTR at the pins, as UART_MCR_*
 * @errors: LSR error bits since it was read
 * @rbr: the character read last
 * @rx: received characters, each with its LSR error bits
 * @rx_head: the oldest of them
 * @rx_len: how many
 * @timeout: characters wait, and for too long
 * @timeout_at: when that will be so; 0: not to be expected
 * @tx: characters that wait for the shift register
 * @tx_head: the oldest of them
 * @tx_len: how many
 * @tx_peak: the most there were since THRE was set last
 * @thre: LSR's THRE
 * @thre_irq: it was set, and not yet reported as an interrupt
 * @thre_at: when it will be set, if that is delayed; 0: it is not
 * @shift: content of the shift register
 * @shifting: there is something in it
 * @shift_lost: neither the line nor the loop gets all of it
 * @shift_end: when it has left
 * @waiting: it has, but the other end had no room
 * @wait_end: when that is waited for no longer; 0: the other end had room
 * @breaking: the line is held spacing
 * @break_at: when to report that to the other end; 0: never, or reported
 * @break_due: @break_at was set when the state was saved
 * @stopped: @timer is not armed: the device is quiesced or closed
 * @armed: when @timer is to fire, unless @stopped; KTIME_MAX: it is not
 * @timer: for the earliest of these moments
 * @due: handles events that are due, where the lock can be taken
 */
struct softpci_uart {
	const struct softpci_uart_ops *ops;
	struct softpci_device *dev;
	bool paced;

	bool intr;
	u8 ier;
	u8 fcr;
	u8 lcr;
	u8 mcr;
	u8 msr;
	u8 scr;
	u16 divisor;
	u8 inputs;
	u8 outputs;

	u8 errors;
	u8 rbr;
	struct softpci_uart_char rx[SOFTPCI_UART_FIFO];
	unsigned int rx_head;
	unsigned int rx_len;
	bool timeout;
	ktime_t timeout_at;

	u8 tx[SOFTPCI_UART_FIFO];
	unsigned int tx_head;
	unsigned int tx_len;
	unsigned int tx_peak;
	bool thre;
	bool thre_irq;
	ktime_t thre_at;
	struct softpci_uart_frame shift;
	bool shifting;
	bool shift_lost;
	ktime_t shift_end;
	bool waiting;
	ktime_t wait_end;
	bool breaking;
	ktime_t break_at;
	bool break_due;

	bool stopped;
	ktime_t armed;
	struct hrtimer timer;
	struct softpci_job due;
};

void softpci_uart_init(struct softpci_uart *uart,
		       const struct softpci_uart_ops *ops,
		       struct softpci_device *dev);
void softpci_uart_start(struct softpci_uart *uart);
void softpci_uart_stop(struct softpci_uart *uart);
void softpci_uart_reset(struct softpci_uart *uart, u8 inputs);
u8 softpci_uart_read(struct softpci_uart *uart, unsigned int reg);
void softpci_uart_write(struct softpci_uart *uart, unsigned int reg, u8 val);
void softpci_uart_run(struct softpci_uart *uart);
u64 softpci_uart_frame_ns(const struct softpci_uart_frame *frame);
bool softpci_uart_has_room(const struct softpci_uart *uart);
void softpci_uart_receive(struct softpci_uart *uart,
			  const struct softpci_uart_frame *frame);
void softpci_uart_overrun(struct softpci_uart *uart);
void softpci_uart_set_inputs(struct softpci_uart *uart, u8 inputs,
			     u8 changed);

/* uart-state.c: for softpci_model.state of a device with UARTs */
#define SOFTPCI_UART_NR_FIELDS		27
#define SOFTPCI_UART_FRAME_NR_FIELDS	3
extern const struct softpci_field softpci_uart_frame_fields[SOFTPCI_UART_FRAME_NR_FIELDS];
extern const struct softpci_field softpci_uart_fields[SOFTPCI_UART_NR_FIELDS];
void softpci_uart_pre_save(struct softpci_uart *uart);
bool softpci_uart_is_valid(const struct softpci_uart *uart);
void softpci_uart_post_load(struct softpci_uart *uart);

#endif /* SOFTPCI_UART_H */
