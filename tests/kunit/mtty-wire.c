// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections of the ports of mtty.  Both ends are driven by one thread
 * here, which sees at once what arrives; tests/vfio/test-wire.c has the others.
 */
#include <linux/delay.h>

#include "kunit.h"

#define FIFO_ON		(UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_1)

static struct softpci_serial *new_card(struct kunit *test,
				       const struct softpci_model *model, u8 id)
{
	struct softpci_device *dev = kunit_device(test, model)->dev;

	dev->uuid.b[0] = id;
	return &to_mtty(dev)->serial;
}

/* All that a port was told has been done. */
static void settle(struct softpci_port *port)
{
	struct softpci_jobs *jobs = &port->serial->dev->jobs;

	while (!list_empty_careful(&jobs->queue))
		flush_work(&jobs->work);
	flush_work(&jobs->work);
}

/* As if it had been wired before it was opened. */
static int wire(struct softpci_serial *a, struct softpci_serial *b, const char *fmt)
{
	char buf[64];
	int ret;

	snprintf(buf, sizeof(buf), fmt, b ? &b->dev->uuid : NULL);
	a->dev->open = false;
	if (b)
		b->dev->open = false;
	ret = softpci_serial_wire(a, buf);
	a->dev->open = true;
	if (b)
		b->dev->open = true;
	return ret;
}

static void wired_cards(struct kunit *test, struct softpci_serial **a,
			struct softpci_serial **b)
{
	*a = new_card(test, &mtty_models[1], 1);
	*b = new_card(test, &mtty_models[0], 2);
	KUNIT_ASSERT_EQ(test, wire(*a, *b, "2 %pUl 1\n"), 0);
}

static u8 port_in(struct softpci_port *port, unsigned int reg)
{
	return in_port(port->serial->dev, port->index, reg);
}

static void port_out(struct softpci_port *port, unsigned int reg, u8 val)
{
	out_port(port->serial->dev, port->index, reg, val);
}

static void expect_shown(struct kunit *test, struct softpci_serial *mtty,
			 const char *want)
{
	/* sysfs_emit_at() wants a page. */
	char *buf = (char *)__get_free_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_EXPECT_EQ(test, softpci_serial_show_wire(mtty, buf), strlen(want));
	KUNIT_EXPECT_STREQ(test, buf, want);
	free_page((unsigned long)buf);
}

/* What the work item would do soon. */
static bool asks_for_service(struct softpci_port *port)
{
	settle(port);
	guard(softpci)(port->serial->dev);
	return port->serial->dev->irqs.level & BIT(port->index);
}

static void send_and_wait_for_room(struct kunit *test, struct softpci_port *a,
				   struct softpci_port *b, unsigned int way)
{
	unsigned int i, sent = 0, got = 0;

	port_out(a, UART_LCR, UART_LCR_WLEN8);
	port_out(b, UART_LCR, UART_LCR_WLEN8);
	port_out(a, UART_FCR, FIFO_ON);
	port_out(b, UART_FCR, FIFO_ON);

	/* In all FIFOs, in the shift register, and on the way. */
	while (port_in(a, UART_LSR) & UART_LSR_THRE) {
		for (i = 0; i < SOFTPCI_UART_FIFO; i++)
			port_out(a, UART_TX, sent++);
		settle(b);
		settle(a);
	}
	KUNIT_EXPECT_GE(test, sent, way);
	KUNIT_EXPECT_LE(test, sent, way + SOFTPCI_UART_FIFO);
	KUNIT_EXPECT_EQ(test, port_in(b, UART_LSR),
			LSR_EMPTY | UART_LSR_DR);

	while (port_in(b, UART_LSR) & UART_LSR_DR) {
		KUNIT_EXPECT_EQ(test, port_in(b, UART_RX), got++ & 0xff);
		settle(a);
	}
	KUNIT_EXPECT_EQ(test, got, sent);
	KUNIT_EXPECT_EQ(test, port_in(a, UART_LSR), LSR_EMPTY);
	KUNIT_EXPECT_EQ(test, port_in(b, UART_LSR), LSR_EMPTY);
}

static void crossed_ports_wait_for_room(struct kunit *test)
{
	struct softpci_serial *mtty = new_card(test, &mtty_models[1], 1);

	KUNIT_ASSERT_EQ(test, wire(mtty, NULL, "crossed\n"), 0);
	send_and_wait_for_room(test, &mtty->port[0], &mtty->port[1], 32);
	send_and_wait_for_room(test, &mtty->port[1], &mtty->port[0], 32);
}

static void ends_of_a_cable_wait_for_room(struct kunit *test)
{
	struct softpci_serial *a, *b;

	wired_cards(test, &a, &b);
	send_and_wait_for_room(test, &a->port[1], &b->port[0],
			       32 + SOFTPCI_IN_FLIGHT);
	send_and_wait_for_room(test, &b->port[0], &a->port[1],
			       32 + SOFTPCI_IN_FLIGHT);
}

static unsigned int arrivals;
static void (*arrival)(struct softpci_device *dev, struct softpci_job *job);

static void count_arrival(struct softpci_device *dev, struct softpci_job *job)
{
	arrivals++;
}

/* The guest at one end must not be able to keep the other end's device busy. */
static void a_refused_character_does_not_wake_the_far_end(struct kunit *test)
{
	struct softpci_serial *a, *b;
	struct softpci_port *near, *far;
	unsigned int i;

	wired_cards(test, &a, &b);
	near = &a->port[1];
	far = &b->port[0];
	port_out(near, UART_FCR, FIFO_ON);
	port_out(far, UART_FCR, FIFO_ON);
	while (port_in(near, UART_LSR) & UART_LSR_THRE) {
		port_out(near, UART_TX, 'x');
		settle(far);
	}
	settle(near);
	arrival = far->arrival.run;
	far->arrival.run = count_arrival;
	arrivals = 0;
	for (i = 0; i < 1000; i++)
		KUNIT_EXPECT_EQ(test, port_in(near, UART_LSR), 0);
	settle(far);
	KUNIT_EXPECT_EQ(test, arrivals, 0);
	far->arrival.run = arrival;
}

/* It is not known whether a receiver reads it. */
static void without_fifos_the_newest_counts(struct kunit *test)
{
	struct softpci_serial *a, *b;
	unsigned int i;

	wired_cards(test, &a, &b);
	port_out(&a->port[1], UART_FCR, FIFO_ON);
	for (i = 0; i < 100; i++) {
		port_out(&a->port[1], UART_TX, i & 0x1f);
		settle(&b->port[0]);
	}
	KUNIT_EXPECT_EQ(test, port_in(&b->port[0], UART_LSR),
			LSR_EMPTY | UART_LSR_DR | UART_LSR_OE);
	KUNIT_EXPECT_EQ(test, port_in(&b->port[0], UART_RX), 99 & 0x1f);
	KUNIT_EXPECT_EQ(test, port_in(&a->port[1], UART_LSR), LSR_EMPTY);
}

static bool send_frame(struct softpci_port *port,
		       const struct softpci_uart_frame *frame, bool force)
{
	guard(softpci)(port->serial->dev);
	return port->uart.ops->send(&port->uart, frame, force);
}

/* However late the work item of the other end is. */
static void paced_sender_does_not_go_ahead_of_the_far_end(struct kunit *test)
{
	static const struct softpci_uart_frame slow = { 0x3fe, 10, 0xffff };
	static const struct softpci_uart_frame fast = { 0x3fe, 10, 1 };
	struct softpci_serial *a, *b;
	struct softpci_port *near, *far;

	wired_cards(test, &a, &b);
	near = &a->port[1];
	far = &b->port[0];
	near->uart.paced = true;
	arrival = far->arrival.run;
	far->arrival.run = count_arrival;
	port_out(far, UART_FCR, FIFO_ON);
	KUNIT_EXPECT_TRUE(test, send_frame(near, &fast, false));
	KUNIT_EXPECT_FALSE(test, send_frame(near, &fast, false));
	KUNIT_EXPECT_FALSE(test, send_frame(near, &fast, false));

	/* Once it knows of the first, it has the time of the next one for it. */
	port_in(far, UART_LSR);
	usleep_range(100, 200);
	KUNIT_EXPECT_FALSE(test, send_frame(near, &slow, false));
	KUNIT_EXPECT_TRUE(test, send_frame(near, &fast, false));
	KUNIT_EXPECT_TRUE(test, send_frame(near, &slow, true));
	settle(far);
	far->arrival.run = arrival;
}

/* It can be on its way in a stream: the sender that came with it is paced otherwise. */
static void unpaced_sender_behind_paced_data_is_woken(struct kunit *test)
{
	static const struct softpci_uart_frame frame = { 0x3fe, 10, 1 };
	struct softpci_serial *a, *b;
	struct softpci_port *near, *far;

	wired_cards(test, &a, &b);
	near = &a->port[1];
	far = &b->port[0];
	arrival = far->arrival.run;
	far->arrival.run = count_arrival;
	near->uart.paced = true;
	KUNIT_EXPECT_TRUE(test, send_frame(near, &frame, false));
	near->uart.paced = false;
	settle(far);
	KUNIT_EXPECT_FALSE(test, send_frame(near, &frame, false));

	far->arrival.run = arrival;
	arrival = near->arrival.run;
	near->arrival.run = count_arrival;
	arrivals = 0;
	/* It fetches what has come. */
	port_in(far, UART_LSR);
	settle(near);
	KUNIT_EXPECT_EQ(test, arrivals, 1);
	near->arrival.run = arrival;
}

static void lines_cross_with_deltas(struct kunit *test)
{
	struct softpci_serial *a, *b;
	struct softpci_port *near, *far;

	wired_cards(test, &a, &b);
	near = &a->port[1];
	far = &b->port[0];
	port_out(far, UART_IER, UART_IER_MSI);
	port_out(near, UART_MCR, UART_MCR_RTS);
	KUNIT_EXPECT_TRUE(test, asks_for_service(far));
	KUNIT_EXPECT_EQ(test, port_in(far, UART_MSR),
			UART_MSR_CTS | UART_MSR_DCTS);
	KUNIT_EXPECT_FALSE(test, asks_for_service(far));
	port_out(near, UART_MCR, UART_MCR_DTR);
	KUNIT_EXPECT_EQ(test, port_in(far, UART_MSR), UART_MSR_DSR | UART_MSR_DCD |
			UART_MSR_DDSR | UART_MSR_DDCD | UART_MSR_DCTS);
	KUNIT_EXPECT_EQ(test, port_in(near, UART_MSR), 0);

	/* Loop-back mode lets go of them; the other port is not wired. */
	port_out(near, UART_MCR, UART_MCR_DTR | UART_MCR_LOOP);
	KUNIT_EXPECT_EQ(test, port_in(far, UART_MSR),
			UART_MSR_DDSR | UART_MSR_DDCD);
	port_out(&a->port[0], UART_MCR, UART_MCR_DTR);
	KUNIT_EXPECT_EQ(test, port_in(far, UART_MSR), 0);
	KUNIT_EXPECT_EQ(test, port_in(&a->port[0], UART_MSR), UART_MSR_DSR |
			UART_MSR_DCD | UART_MSR_DDSR | UART_MSR_DDCD);
}

static void far_end_is_interrupted(struct kunit *test)
{
	struct softpci_serial *a, *b;

	wired_cards(test, &a, &b);
	port_out(&b->port[0], UART_IER, UART_IER_RDI | UART_IER_RLSI);
	port_out(&a->port[1], UART_TX, 'x');
	KUNIT_EXPECT_TRUE(test, asks_for_service(&b->port[0]));
	port_in(&b->port[0], UART_RX);
	KUNIT_EXPECT_FALSE(test, asks_for_service(&b->port[0]));
	port_out(&a->port[1], UART_LCR, UART_LCR_SBC);
	KUNIT_EXPECT_TRUE(test, asks_for_service(&b->port[0]));
	KUNIT_EXPECT_EQ(test, port_in(&b->port[0], UART_IIR), UART_IIR_RLSI);
	KUNIT_EXPECT_EQ(test, port_in(&b->port[0], UART_LSR),
			LSR_EMPTY | UART_LSR_DR | UART_LSR_BI | UART_LSR_FE);
}

static void closed_end_hears_nothing(struct kunit *test)
{
	struct softpci_serial *a, *b;
	unsigned int i;

	wired_cards(test, &a, &b);
	port_out(&a->port[1], UART_FCR, FIFO_ON);
	b->dev->open = false;
	for (i = 0; i < 100; i++)
		port_out(&a->port[1], UART_TX, 'x');
	KUNIT_EXPECT_EQ(test, port_in(&a->port[1], UART_LSR), LSR_EMPTY);
	b->dev->open = true;
	KUNIT_EXPECT_EQ(test, port_in(&b->port[0], UART_LSR), LSR_EMPTY);
}

static void reset_drops_lines_and_frees_a_waiting_sender(struct kunit *test)
{
	struct softpci_serial *a, *b;
	unsigned int i;

	wired_cards(test, &a, &b);
	port_out(&b->port[0], UART_FCR, FIFO_ON);
	port_out(&b->port[0], UART_MCR, UART_MCR_DTR);
	port_out(&a->port[1], UART_MCR, UART_MCR_RTS);
	port_in(&a->port[1], UART_MSR);
	port_out(&a->port[1], UART_FCR, FIFO_ON);
	for (i = 0; i < 49; i++)
		port_out(&a->port[1], UART_TX, 'x');
	KUNIT_EXPECT_EQ(test, port_in(&a->port[1], UART_LSR), 0);

	scoped_guard(softpci, b->dev)
		mtty_reset(b->dev, SOFTPCI_RESET_BUS);
	/* More than the cable takes at once: the other end makes room in between. */
	settle(&a->port[1]);
	settle(&b->port[0]);
	settle(&a->port[1]);
	KUNIT_EXPECT_EQ(test, port_in(&a->port[1], UART_LSR), LSR_EMPTY);
	KUNIT_EXPECT_EQ(test, port_in(&a->port[1], UART_MSR),
			UART_MSR_DDSR | UART_MSR_DDCD);
	/* What it is told, is no change. */
	KUNIT_EXPECT_EQ(test, port_in(&b->port[0], UART_MSR), UART_MSR_CTS);
}

/* As the device does that has this name until the test ends. */
static void come(struct kunit *test, struct softpci_serial *mtty)
{
	mtty->dev->open = false;
	KUNIT_ASSERT_EQ(test, mtty_init(mtty->dev), 0);
}

static void go(struct softpci_serial *mtty)
{
	mtty->dev->open = false;
	settle(&mtty->port[0]);
	mtty_release(mtty->dev);
}

static void other_end_can_leave(struct kunit *test)
{
	struct softpci_serial *a, *b;
	unsigned int i;

	wired_cards(test, &a, &b);
	port_out(&b->port[0], UART_MCR, UART_MCR_DTR);
	port_in(&a->port[1], UART_MSR);
	go(b);
	KUNIT_EXPECT_EQ(test, port_in(&a->port[1], UART_MSR),
			UART_MSR_DDSR | UART_MSR_DDCD);
	for (i = 0; i < 100; i++)
		port_out(&a->port[1], UART_TX, 'x');
	KUNIT_EXPECT_EQ(test, port_in(&a->port[1], UART_LSR), LSR_EMPTY);
	KUNIT_EXPECT_NULL(test, a->port[1].other);

	/* It comes back, while this one is in use; and is released once more. */
	come(test, b);
	KUNIT_EXPECT_PTR_EQ(test, a->port[1].other, &b->port[0]);
	KUNIT_EXPECT_EQ(test, port_in(&a->port[1], UART_MSR), 0);
	b->dev->open = true;
	port_out(&b->port[0], UART_MCR, UART_MCR_DTR);
	KUNIT_EXPECT_EQ(test, port_in(&a->port[1], UART_MSR), UART_MSR_DSR |
			UART_MSR_DCD | UART_MSR_DDSR | UART_MSR_DDCD);
	port_out(&a->port[1], UART_TX, 0x15);
	KUNIT_EXPECT_EQ(test, port_in(&b->port[0], UART_RX), 0x15);

	KUNIT_EXPECT_EQ(test, wire(a, b, "loopback"), 0);
	KUNIT_EXPECT_EQ(test, wire(a, b, "1 %pUl 1"), 0);
	KUNIT_EXPECT_EQ(test, wire(a, b, "2 %pUl 1"), -EBUSY);
	KUNIT_EXPECT_EQ(test, wire(a, NULL, "loopback"), -EBUSY);
	KUNIT_EXPECT_EQ(test, wire(a, b, "loopback"), 0);
	KUNIT_EXPECT_EQ(test, wire(a, b, "2 %pUl 1"), 0);
}

static void ports_wait_for_a_device_to_appear(struct kunit *test)
{
	struct softpci_serial *a = new_card(test, &mtty_models[1], 1);
	struct softpci_serial *b = new_card(test, &mtty_models[1], 2);
	struct softpci_serial *c = new_card(test, &mtty_models[0], 3);
	char text[64];

	go(b);
	KUNIT_EXPECT_EQ(test, wire(a, NULL, "loopback"), 0);
	KUNIT_EXPECT_EQ(test, wire(a, b, "1 %pUl 2"), 0);
	snprintf(text, sizeof(text), "1 %pUl 2\n2 loopback\n", &b->dev->uuid);
	expect_shown(test, a, text);
	KUNIT_EXPECT_NULL(test, a->port[0].other);
	KUNIT_EXPECT_NULL(test, a->port[0].peer);

	/* Another that waits for the same port: the older device has it. */
	KUNIT_EXPECT_EQ(test, wire(c, b, "1 %pUl 2"), 0);
	come(test, b);
	KUNIT_EXPECT_PTR_EQ(test, a->port[0].other, &b->port[1]);
	KUNIT_EXPECT_PTR_EQ(test, b->port[1].other, &a->port[0]);
	KUNIT_EXPECT_NULL(test, c->port[0].other);
	expect_shown(test, a, text);
	snprintf(text, sizeof(text), "1 loopback\n2 %pUl 1\n", &a->dev->uuid);
	expect_shown(test, b, text);

	/* Told so as well, while the other is in use. */
	b->dev->open = false;
	KUNIT_EXPECT_TRUE(test, a->dev->open);
	KUNIT_EXPECT_EQ(test, softpci_serial_wire(b, text), 0);
	KUNIT_EXPECT_PTR_EQ(test, b->port[1].other, &a->port[0]);

	/* Now it is told otherwise: the other goes on waiting for it. */
	a->dev->open = false;
	KUNIT_EXPECT_EQ(test, softpci_serial_wire(b, "loopback"), 0);
	KUNIT_EXPECT_NULL(test, a->port[0].other);
	KUNIT_EXPECT_NULL(test, a->port[0].peer);
	KUNIT_EXPECT_EQ(test, wire(a, b, "1 %pUl 2"), 0);
	KUNIT_EXPECT_PTR_EQ(test, a->port[0].other, &b->port[1]);
}

/* A device is removed, and one of the same name made, before the first is freed. */
static void successor_gets_the_cables(struct kunit *test)
{
	struct softpci_serial *a, *b, *next;

	wired_cards(test, &a, &b);
	b->dev->open = false;
	next = new_card(test, &mtty_models[0], 2);
	go(next);
	come(test, next);
	KUNIT_EXPECT_PTR_EQ(test, a->port[1].other, &next->port[0]);
	KUNIT_EXPECT_PTR_EQ(test, next->port[0].other, &a->port[1]);
	KUNIT_EXPECT_NULL(test, b->port[0].other);
	go(b);
	KUNIT_EXPECT_PTR_EQ(test, a->port[1].other, &next->port[0]);
	come(test, b);
}

/* Both ports of a card change places at the other, by one write. */
static void all_lines_of_a_write_are_one_change(struct kunit *test)
{
	struct softpci_serial *a = new_card(test, &mtty_models[1], 1);
	struct softpci_serial *b = new_card(test, &mtty_models[1], 2);
	char text[128];
	unsigned int i;

	a->dev->open = false;
	b->dev->open = false;
	for (i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "1 %pUl %u\n2 %pUl %u\n",
			 &b->dev->uuid, 1 + i % 2, &b->dev->uuid, 2 - i % 2);
		KUNIT_EXPECT_EQ(test, softpci_serial_wire(a, text), 0);
		expect_shown(test, a, text);
		KUNIT_EXPECT_PTR_EQ(test, a->port[0].other, &b->port[i % 2]);
		KUNIT_EXPECT_PTR_EQ(test, a->port[1].other, &b->port[!(i % 2)]);
	}
	/* One line can be done, the other cannot. */
	snprintf(text, sizeof(text), "1 loopback\n2 %pUl 3\n", &b->dev->uuid);
	KUNIT_EXPECT_EQ(test, softpci_serial_wire(a, text), -EINVAL);
	KUNIT_EXPECT_PTR_EQ(test, a->port[0].other, &b->port[0]);
	snprintf(text, sizeof(text), "1 %pUl 1\n2 %pUl 1\n", &b->dev->uuid,
		 &b->dev->uuid);
	KUNIT_EXPECT_EQ(test, softpci_serial_wire(a, text), -EBUSY);
	KUNIT_EXPECT_PTR_EQ(test, a->port[1].other, &b->port[1]);
}

static const struct wire_case {
	const char *text;
	int ret;
} wire_cases[] = {
	{ "", -EINVAL },
	{ "loop", -EINVAL },
	{ "loopback 1", -EINVAL },
	{ "1", -EINVAL },
	{ "1 2", -EINVAL },
	{ "0 %pUl 1", -EINVAL },
	{ "3 %pUl 1", -EINVAL },
	{ "1 %pUl 0", -EINVAL },
	{ "1 %pUl 2", -EINVAL },
	{ "4294967297 %pUl 1", -EINVAL },
	{ "-1 %pUl 1", -EINVAL },
	{ "1 %pUl", -EINVAL },
	{ "1 %pUl 1 1", -EINVAL },
	{ "1 00000001-0000-0000-0000-00000000000 1", -EINVAL },
	{ "1 00000001-0000-0000-0000-000000000000 1", -EINVAL },
	{ "1 00000001-0000-0000-0000-000000000000 2", -EINVAL },
	{ "1 77777777-0000-0000-0000-000000000000 3", -EINVAL },
	{ "1 crossed", -EINVAL },
	{ "1 loopback 1", -EINVAL },
	{ "1 loopback\n1 loopback", -EINVAL },
	{ "1 loopback\n\n", -EINVAL },
	{ "1 loopback\n2 crossed", -EINVAL },
	{ "1 %pUl 1\n2 loopback\n1", -EINVAL },
	{ "1 loopback", 0 },
	{ "2 loopback\n1 loopback\n", 0 },
	{ "1 crossed\n2 crossed\n", 0 },
	{ "1 %pUl 1", 0 },
	{ " 1  %pUl  1\n", 0 },
	{ "loopback\n", 0 },
	{ "crossed", 0 },
};

static void bad_wire_changes_nothing(struct kunit *test)
{
	struct softpci_serial *a = new_card(test, &mtty_models[1], 1);
	struct softpci_serial *b = new_card(test, &mtty_models[0], 2);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wire_cases); i++) {
		const struct wire_case *c = &wire_cases[i];

		KUNIT_EXPECT_EQ_MSG(test, wire(a, b, c->text), c->ret,
				    "%u: %s", i, c->text);
		if (c->ret) {
			KUNIT_EXPECT_PTR_EQ(test, a->port[0].peer, &a->port[0]);
			KUNIT_EXPECT_PTR_EQ(test, b->port[0].peer, &b->port[0]);
		}
	}
	KUNIT_EXPECT_EQ(test, wire(b, NULL, "crossed"), -EINVAL);

	/* Crossed, or in use: not to be plugged in. */
	KUNIT_EXPECT_EQ(test, wire(b, a, "1 %pUl 1"), -EBUSY);
	KUNIT_EXPECT_EQ(test, softpci_serial_wire(a, "loopback"), -EBUSY);
	KUNIT_EXPECT_PTR_EQ(test, a->port[0].peer, &a->port[1]);
	KUNIT_EXPECT_EQ(test, wire(a, NULL, "loopback"), 0);
	KUNIT_EXPECT_PTR_EQ(test, a->port[1].peer, &a->port[1]);
}

static struct kunit_case mtty_wire_cases[] = {
	KUNIT_CASE(crossed_ports_wait_for_room),
	KUNIT_CASE(ends_of_a_cable_wait_for_room),
	KUNIT_CASE(a_refused_character_does_not_wake_the_far_end),
	KUNIT_CASE(without_fifos_the_newest_counts),
	KUNIT_CASE(paced_sender_does_not_go_ahead_of_the_far_end),
	KUNIT_CASE(unpaced_sender_behind_paced_data_is_woken),
	KUNIT_CASE(lines_cross_with_deltas),
	KUNIT_CASE(far_end_is_interrupted),
	KUNIT_CASE(closed_end_hears_nothing),
	KUNIT_CASE(reset_drops_lines_and_frees_a_waiting_sender),
	KUNIT_CASE(other_end_can_leave),
	KUNIT_CASE(ports_wait_for_a_device_to_appear),
	KUNIT_CASE(successor_gets_the_cables),
	KUNIT_CASE(all_lines_of_a_write_are_one_change),
	KUNIT_CASE(bad_wire_changes_nothing),
	{}
};

static struct kunit_suite mtty_wire_suite = {
	.name = "mtty-wire",
	.test_cases = mtty_wire_cases,
};

kunit_test_suite(mtty_wire_suite);
