// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts by the million: each is delivered, and none twice.  A port of mtty
 * that sends asks for more whenever its transmitter is empty, and that is at once.
 */
#include <poll.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/irq.h"
#include "../lib/race.h"
#include "../lib/uart.h"

#define MILLION		1000000
#define BY_MASKING	200000
/* With a round trip through a work item for each. */
#define BY_EVENTFD	100000
/* On a debug kernel each access takes ten times as long. */
#define DEBUG_SHARE	10

static bool is_debug_kernel(void)
{
	return access("/sys/kernel/debug/kmemleak", F_OK) == 0;
}

static unsigned int share(unsigned int nr)
{
	return is_debug_kernel() ? nr / DEBUG_SHARE : nr;
}

static void figure(unsigned long raised)
{
	printf("figure: interrupts raised%s = %lu\n",
	       is_debug_kernel() ? ", of the debug kernel a tenth" : "", raised);
}

/* A port, the thread that drives it, and the counts. */
struct source {
	struct env *env;
	unsigned int port;
	s32 event, unmask;
	unsigned int nr;	/* how many interrupts */
	unsigned long raised, delivered;
};

static void raise_by_sending(struct source *s)
{
	uart_put(&s->env->dev, s->port, UART_TX, s->raised);
	s->raised++;
}

/* Reading its identification clears the interrupt. */
static void serve(struct source *s)
{
	check_eq(uart_get(&s->env->dev, s->port, UART_IIR) & 0x3f, UART_IIR_THRI);
}

static void start(struct source *s)
{
	uart_setup(&s->env->dev, s->port, UART_FCR_TRIGGER_14);
	uart_raise(&s->env->dev, s->port);
	serve(s);
}

static void count(struct source *s)
{
	s->delivered += event_take(s->event);
	check_eq(s->delivered, s->raised);
}

/* Each byte is a message, whether the one before was served or not. */
static void send_and_count_messages(void *arg)
{
	struct source *s = arg;
	unsigned int i;

	note("port %u", s->port + 1);
	for (i = 0; i < s->nr; i++) {
		raise_by_sending(s);
		if (i % 3 == 0)
			serve(s);
		/* Now one by one, now many at a time. */
		if (i % 64 < i / 64 % 64)
			count(s);
	}
	count(s);
}

static void no_message_is_lost_or_repeated(struct env *env)
{
	struct source s[2] = {
		{ .env = env, .port = PORT_1, .nr = share(MILLION / 2) },
		{ .env = env, .port = PORT_2, .nr = share(MILLION / 2) },
	};
	const struct racer racers[] = {
		{ send_and_count_messages, &s[0] }, { send_and_count_messages, &s[1] },
	};
	s32 events[2];
	unsigned int i;

	vfio_know_regions(&env->dev);
	for (i = 0; i < 2; i++)
		start(&s[i]);
	irq_enable(&env->dev, MSI, 2, events);
	for (i = 0; i < 2; i++)
		s[i].event = events[i];
	race(racers, ARRAY_SIZE(racers));
	for (i = 0; i < 2; i++)
		check_eq(event_take(events[i]), 0);
	figure(s[0].raised + s[1].raised);
}

/* However many while it is masked, one is sent when it no longer is; none, if all were served. */
static void no_masked_message_is_lost_or_repeated(struct env *env)
{
	unsigned int mask = config_find_cap(&env->dev, PCI_CAP_ID_MSI) + PCI_MSI_MASK_64, i, n;
	struct source s = { .env = env, .port = PORT_1, .nr = share(BY_MASKING) };

	start(&s);
	irq_enable(&env->dev, MSI, 1, &s.event);
	for (i = 0; i < s.nr; i++) {
		config_put(&env->dev, mask, 4, 1);
		for (n = i % 3; n; n--)
			uart_put(&env->dev, PORT_1, UART_TX, i);
		if (i % 3 && i % 4)
			s.raised++;
		else if (i % 3)
			serve(&s);
		config_put(&env->dev, mask, 4, 0);
		if (i % 64 < i / 64 % 64)
			count(&s);
	}
	count(&s);
	figure(s.raised);
}

/* All that a handler does, in the order in which it does it, and some that it need not. */
static void send_and_handle_intx(void *arg)
{
	struct source *s = arg;
	struct vfio *v = &s->env->dev;
	unsigned int i;

	for (i = 0; s->raised < s->nr; i++) {
		raise_by_sending(s);
		count(s);
		/* It has masked itself: more of it is none. */
		if (i % 5 == 0) {
			uart_put(v, s->port, UART_TX, 'x');
			count(s);
		}
		/* Unmasked too early, it comes again, once each time. */
		if (i % 7 == 0) {
			irq_do(v, INTX, UNMASK, 0);
			s->raised++;
			count(s);
		}
		serve(s);
		irq_do(v, INTX, UNMASK, 0);
	}
	count(s);
}

static void no_intx_is_lost_or_repeated(struct env *env)
{
	struct env other;
	struct source s[2] = {
		{ .env = env, .port = PORT_1, .nr = share(MILLION / 2) },
		{ .env = &other, .port = PORT_2, .nr = share(MILLION / 2) },
	};
	const struct racer racers[] = {
		{ send_and_handle_intx, &s[0] }, { send_and_handle_intx, &s[1] },
	};
	unsigned int i;

	env_open(&other, "mtty-2", env->door);
	for (i = 0; i < 2; i++) {
		vfio_know_regions(&s[i].env->dev);
		start(&s[i]);
		irq_enable(&s[i].env->dev, INTX, 1, &s[i].event);
	}
	race(racers, ARRAY_SIZE(racers));
	figure(s[0].raised + s[1].raised);
}

static void wait_and_count(struct source *s)
{
	struct pollfd ready = { .fd = s->event, .events = POLLIN };

	check_eq(poll(&ready, 1, WAIT_MS), 1);
	count(s);
}

/* As an irqfd and its resampler in the kernel. */
static void wait_for_intx_and_unmask_by_eventfd(void *arg)
{
	struct source *s = arg;
	unsigned int i;

	for (i = 0; s->raised < s->nr; i++) {
		raise_by_sending(s);
		count(s);
		/* Its cause is not served yet: again, for each unmask. */
		while (s->raised % 4) {
			event_signal(s->unmask);
			s->raised++;
			wait_and_count(s);
		}
		serve(s);
		/* By the ioctl, which waits for the eventfds that came before. */
		irq_do(&s->env->dev, INTX, UNMASK, 0);
		count(s);
	}
}

static void no_intx_unmasked_by_eventfd_is_lost_or_repeated(struct env *env)
{
	struct env other;
	struct source s[2] = {
		{ .env = env, .port = PORT_2, .nr = share(BY_EVENTFD / 2) },
		{ .env = &other, .port = PORT_1, .nr = share(BY_EVENTFD / 2) },
	};
	const struct racer racers[] = {
		{ wait_for_intx_and_unmask_by_eventfd, &s[0] },
		{ wait_for_intx_and_unmask_by_eventfd, &s[1] },
	};
	unsigned int i;

	env_open(&other, "mtty-2", env->door);
	for (i = 0; i < 2; i++) {
		vfio_know_regions(&s[i].env->dev);
		start(&s[i]);
		s[i].unmask = event_new();
		irq_enable(&s[i].env->dev, INTX, 1, &s[i].event);
		check_eq(__irq_event(&s[i].env->dev, INTX, UNMASK, s[i].unmask), 0);
	}
	race(racers, ARRAY_SIZE(racers));
	figure(s[0].raised + s[1].raised);
}

const struct test_case cases[] = {
	CASE(no_message_is_lost_or_repeated, MTTY_2 | ONE_DOOR),
	CASE(no_masked_message_is_lost_or_repeated, MTTY_2 | ONE_DOOR),
	CASE(no_intx_is_lost_or_repeated, MTTY_2 | ONE_DOOR),
	CASE(no_intx_unmasked_by_eventfd_is_lost_or_repeated, MTTY_2 | ONE_DOOR),
	{}
};
