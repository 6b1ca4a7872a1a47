// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delivery of interrupts: INTx as a level that masks itself, MSI as
 * messages.  A port of mtty that says that its transmitter is empty is the cause.
 */
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/irq.h"
#include "../lib/uart.h"

/* Delivered once, and masked by that until the user asks for more. */
static void intx_masks_itself(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, INTX, 1, &event);
	check_eq(event_take(event), 0);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 1);
	uart_lower(&env->dev, PORT_1);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 0);
}

static void unmask_resends_while_the_level_is_up(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, INTX, 1, &event);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 1);
	irq_do(&env->dev, INTX, UNMASK, 0);
	check_eq(event_take(event), 1);
	check_eq(__irq_bool(&env->dev, INTX, UNMASK, true), 0);
	check_eq(event_take(event), 1);

	uart_lower(&env->dev, PORT_1);
	irq_do(&env->dev, INTX, UNMASK, 0);
	check_eq(event_take(event), 0);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 1);
}

static void a_false_bool_does_nothing(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, INTX, 1, &event);
	check_eq(__irq_bool(&env->dev, INTX, MASK, false), 0);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 1);
	check_eq(__irq_bool(&env->dev, INTX, UNMASK, false), 0);
	check_eq(event_take(event), 0);
}

static void a_masked_intx_waits(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, INTX, 1, &event);
	check_eq(__irq_bool(&env->dev, INTX, MASK, true), 0);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 0);
	irq_do(&env->dev, INTX, UNMASK, 0);
	check_eq(event_take(event), 1);

	uart_lower(&env->dev, PORT_1);
	irq_do(&env->dev, INTX, MASK, 0);
	irq_do(&env->dev, INTX, UNMASK, 0);
	check_eq(event_take(event), 0);
}

static void a_level_that_is_up_already_is_delivered(struct env *env)
{
	s32 event;

	uart_raise(&env->dev, PORT_1);
	irq_enable(&env->dev, INTX, 1, &event);
	check_eq(event_take(event), 1);
}

/* As in vfio-pci: -1 takes the eventfd away, and INTx stays enabled. */
static void intx_without_an_eventfd_waits_for_one(struct env *env)
{
	s32 event = event_new(), other = event_new(), none = -1;

	/* Without one from the start, and one that is taken away. */
	check_eq(__irq_assign(&env->dev, INTX, 0, 1, &none), 0);
	check_eq(__irq_assign(&env->dev, MSI, 0, 1, &other), -EINVAL);
	uart_raise(&env->dev, PORT_1);
	irq_do(&env->dev, INTX, UNMASK, 0);
	irq_do(&env->dev, INTX, TRIGGER, 0);
	check_eq(__irq_assign(&env->dev, INTX, 0, 1, &event), 0);
	check_eq(event_take(event), 1);

	/* Delivered, and so masked: another eventfd changes nothing in that. */
	check_eq(__irq_assign(&env->dev, INTX, 0, 1, &none), 0);
	check_eq(__irq_assign(&env->dev, INTX, 0, 1, &other), 0);
	check_eq(event_take(other), 0);
	irq_do(&env->dev, INTX, UNMASK, 0);
	check_eq(event_take(other), 1);

	check_eq(__irq_assign(&env->dev, INTX, 0, 1, &none), 0);
	irq_do(&env->dev, INTX, UNMASK, 0);
	check_eq(__irq_assign(&env->dev, INTX, 0, 1, &event), 0);
	check_eq(event_take(event), 1);
	check_eq(event_take(other), 0);

	/* It is disabled as ever. */
	check_eq(__irq_assign(&env->dev, INTX, 0, 1, &none), 0);
	irq_disable(&env->dev, INTX);
	check_eq(__irq_do(&env->dev, INTX, UNMASK, 0), -EINVAL);
	check_eq(__irq_assign(&env->dev, MSI, 0, 1, &other), 0);
}

static void masks_and_their_eventfds_survive_the_trigger(struct env *env)
{
	s32 event, unmask = event_new(), none = -1;

	irq_enable(&env->dev, INTX, 1, &event);
	check_eq(__irq_event(&env->dev, INTX, UNMASK, unmask), 0);
	irq_do(&env->dev, INTX, MASK, 0);
	check_eq(__irq_assign(&env->dev, INTX, 0, 1, &none), 0);
	uart_raise(&env->dev, PORT_1);
	check_eq(__irq_assign(&env->dev, INTX, 0, 1, &event), 0);
	check_eq(event_take(event), 0);
	event_signal(unmask);
	event_wait(event);
}

static void unmask_by_eventfd(struct env *env)
{
	s32 event, unmask = event_new();

	irq_enable(&env->dev, INTX, 1, &event);
	check_eq(__irq_event(&env->dev, INTX, UNMASK, unmask), 0);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 1);
	event_signal(unmask);
	event_wait(event);
	event_signal(unmask);
	event_wait(event);

	check_eq(__irq_event(&env->dev, INTX, UNMASK, -1), 0);
	event_signal(unmask);
	check_eq(event_take(unmask), 1);
	check_eq(event_take(event), 0);
}

struct masking {
	struct vfio *v;
	s32 event, mask;
};

/* Masking by an eventfd takes effect when the kernel has come round to it. */
static bool masked_by_now(void *arg)
{
	const struct masking *m = arg;

	uart_raise(m->v, PORT_1);
	if (!event_take(m->event))
		return true;
	uart_lower(m->v, PORT_1);
	irq_do(m->v, INTX, UNMASK, 0);
	/* The unmask may have come after the mask. */
	event_signal(m->mask);
	return false;
}

static void mask_by_eventfd(struct env *env)
{
	struct masking m = { .v = &env->dev, .mask = event_new() };

	irq_enable(&env->dev, INTX, 1, &m.event);
	check_eq(__irq_event(&env->dev, INTX, MASK, m.mask), 0);
	check(!masked_by_now(&m));
	check(retry(masked_by_now, &m));
	irq_do(&env->dev, INTX, UNMASK, 0);
	check_eq(event_take(m.event), 1);
	check_eq(__irq_event(&env->dev, INTX, MASK, -1), 0);
}

static void eventfds_outlive_the_device_and_the_device_them(struct env *env)
{
	s32 event, unmask = event_new(), mask = event_new();

	irq_enable(&env->dev, INTX, 1, &event);
	check_eq(__irq_event(&env->dev, INTX, UNMASK, unmask), 0);
	check_eq(__irq_event(&env->dev, INTX, MASK, mask), 0);
	close(mask);
	uart_raise(&env->dev, PORT_1);
	irq_do(&env->dev, INTX, UNMASK, 0);
	vfio_close(&env->dev);
	event_signal(unmask);
	check_eq(event_take(unmask), 1);
	check_eq(event_take(event), 2);
}

static void mask_and_unmask_need_intx_enabled(struct env *env)
{
	s32 event = event_new();

	check_eq(__irq_do(&env->dev, INTX, MASK, 0), -EINVAL);
	check_eq(__irq_do(&env->dev, INTX, UNMASK, 0), -EINVAL);
	check_eq(__irq_event(&env->dev, INTX, MASK, event), -EINVAL);
	check_eq(__irq_event(&env->dev, INTX, UNMASK, event), -EINVAL);
}

static void command_disables_intx_and_status_shows_it(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, INTX, 1, &event);
	check_eq(config_get(&env->dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, 0);
	config_put(&env->dev, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_INTX_DISABLE);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 0);
	check(config_get(&env->dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);

	config_put(&env->dev, PCI_COMMAND, 2, PCI_COMMAND_IO);
	check_eq(event_take(event), 1);
	check(config_get(&env->dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	uart_lower(&env->dev, PORT_1);
	check_eq(config_get(&env->dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, 0);
}

static void status_shows_an_interrupt_without_a_trigger(struct env *env)
{
	uart_raise(&env->dev, PORT_1);
	check(config_get(&env->dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	uart_lower(&env->dev, PORT_1);
	check_eq(config_get(&env->dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, 0);
}

static void intx_is_up_while_any_port_asks(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, INTX, 1, &event);
	uart_raise(&env->dev, PORT_1);
	uart_raise(&env->dev, PORT_2);
	check_eq(event_take(event), 1);
	uart_lower(&env->dev, PORT_1);
	irq_do(&env->dev, INTX, UNMASK, 0);
	check_eq(event_take(event), 1);
	uart_lower(&env->dev, PORT_2);
	irq_do(&env->dev, INTX, UNMASK, 0);
	check_eq(event_take(event), 0);
}

static void msi_fires_each_time(struct env *env)
{
	s32 events[2];
	unsigned int i;

	irq_enable(&env->dev, MSI, env->model->nr_ports, events);
	for (i = 0; i < 3; i++) {
		uart_raise(&env->dev, PORT_1);
		check_eq(event_take(events[0]), 1);
		uart_lower(&env->dev, PORT_1);
		check_eq(event_take(events[0]), 0);
	}
}

static void each_port_has_its_message(struct env *env)
{
	s32 events[2];

	irq_enable(&env->dev, MSI, 2, events);
	uart_raise(&env->dev, PORT_2);
	check_eq(event_take(events[0]), 0);
	check_eq(event_take(events[1]), 1);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(events[0]), 1);
	check_eq(event_take(events[1]), 0);
}

/* What 8250_pci asks for: a device that is given fewer messages shares them. */
static void ports_share_a_single_message(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, MSI, 1, &event);
	uart_raise(&env->dev, PORT_2);
	check_eq(event_take(event), 1);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 1);
}

static void intx_and_msi_exclude_each_other(struct env *env)
{
	s32 event, other = event_new();

	irq_enable(&env->dev, INTX, 1, &event);
	check_eq(__irq_assign(&env->dev, MSI, 0, 1, &other), -EINVAL);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 1);
	uart_lower(&env->dev, PORT_1);
	irq_disable(&env->dev, INTX);

	irq_enable(&env->dev, MSI, 1, &event);
	check_eq(__irq_assign(&env->dev, INTX, 0, 1, &other), -EINVAL);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 1);
	check_eq(event_take(other), 0);
}

/* As a guest's driver comes and goes, with the line up all the time. */
static void a_user_can_switch_back_and_forth(struct env *env)
{
	unsigned int i;
	s32 event;

	for (i = 0; i < 3; i++) {
		uart_lower(&env->dev, PORT_1);
		irq_enable(&env->dev, MSI, 1, &event);
		uart_raise(&env->dev, PORT_1);
		check_eq(event_take(event), 1);
		irq_disable(&env->dev, MSI);
		check_eq(event_take(event), 0);
		close(event);

		irq_enable(&env->dev, INTX, 1, &event);
		check_eq(event_take(event), 1);
		irq_do(&env->dev, INTX, UNMASK, 0);
		check_eq(event_take(event), 1);
		irq_disable(&env->dev, INTX);
		close(event);
	}
}

static void reset_keeps_eventfds_and_clears_masks(struct env *env)
{
	s32 event, req;

	irq_enable(&env->dev, REQ, 1, &req);
	irq_enable(&env->dev, INTX, 1, &event);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 1);
	vfio_reset(&env->dev);
	check_eq(event_take(event), 0);
	check_eq(config_get(&env->dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, 0);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 1);
	irq_do(&env->dev, REQ, TRIGGER, 0);
	check_eq(event_take(req), 1);
}

static void one_vector_can_be_changed_alone(struct env *env)
{
	s32 events[2], none = -1, other = event_new();

	irq_enable(&env->dev, MSI, 2, events);
	check_eq(__irq_assign(&env->dev, MSI, 1, 1, &none), 0);
	uart_raise(&env->dev, PORT_2);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(events[0]), 1);
	check_eq(event_take(events[1]), 0);

	check_eq(__irq_assign(&env->dev, MSI, 1, 1, &other), 0);
	uart_lower(&env->dev, PORT_2);
	uart_raise(&env->dev, PORT_2);
	check_eq(event_take(other), 1);
	check_eq(event_take(events[0]), 0);
}

/*
 * Masking of single messages, by the guest in config space (PCI Local Bus 3.0,
 * 6.8.1.7 and 6.8.1.8): a masked message is kept, and sent once.
 */
static void set_mask_bits(struct env *env, u32 mask)
{
	config_put(&env->dev, config_find_cap(&env->dev, PCI_CAP_ID_MSI) + PCI_MSI_MASK_64, 4,
		   mask);
}

static u32 pending_bits(struct env *env)
{
	return config_get(&env->dev, config_find_cap(&env->dev, PCI_CAP_ID_MSI) +
			  PCI_MSI_PENDING_64, 4);
}

static void expect_events(const s32 *events, u64 first, u64 second)
{
	check_eq(event_take(events[0]), first);
	check_eq(event_take(events[1]), second);
}

static void a_masked_message_is_pending(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, MSI, 1, &event);
	set_mask_bits(env, 1);
	check_eq(pending_bits(env), 0);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 0);
	check_eq(pending_bits(env), 1);
}

static void unmasking_sends_what_is_pending_once(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, MSI, 1, &event);
	set_mask_bits(env, 1);
	uart_raise(&env->dev, PORT_1);
	set_mask_bits(env, 0);
	check_eq(event_take(event), 1);
	check_eq(pending_bits(env), 0);

	/* The source still asks; a message is an edge. */
	set_mask_bits(env, 1);
	check_eq(pending_bits(env), 0);
	set_mask_bits(env, 0);
	check_eq(event_take(event), 0);

	uart_lower(&env->dev, PORT_1);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 1);
}

static void many_causes_of_one_message_are_pending_once(struct env *env)
{
	unsigned int i;
	s32 event;

	irq_enable(&env->dev, MSI, 1, &event);
	set_mask_bits(env, 1);
	for (i = 0; i < 3; i++) {
		uart_lower(&env->dev, PORT_1);
		uart_raise(&env->dev, PORT_1);
	}
	check_eq(pending_bits(env), 1);
	set_mask_bits(env, 0);
	check_eq(event_take(event), 1);
}

static void a_source_that_was_served_is_not_sent_when_unmasked(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, MSI, 1, &event);
	set_mask_bits(env, 1);
	uart_raise(&env->dev, PORT_1);
	check_eq(pending_bits(env), 1);
	uart_lower(&env->dev, PORT_1);
	check_eq(pending_bits(env), 0);
	set_mask_bits(env, 0);
	check_eq(event_take(event), 0);
}

static void masking_takes_nothing_back(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, MSI, 1, &event);
	uart_raise(&env->dev, PORT_1);
	set_mask_bits(env, 1);
	check_eq(pending_bits(env), 0);
	check_eq(event_take(event), 1);
}

static void a_mask_is_for_its_message_alone(struct env *env)
{
	unsigned int port;
	s32 events[2];

	irq_enable(&env->dev, MSI, 2, events);
	for (port = PORT_1; port <= PORT_2; port++) {
		note("port %u", port + 1);
		set_mask_bits(env, 1U << port);
		uart_raise(&env->dev, !port);
		expect_events(events, port, !port);
		uart_raise(&env->dev, port);
		expect_events(events, 0, 0);
		check_eq(pending_bits(env), 1U << port);

		/* The other way round: an unmasked message is sent, and no other. */
		set_mask_bits(env, 1U << !port);
		expect_events(events, !port, port);
		check_eq(pending_bits(env), 0);
		uart_lower(&env->dev, PORT_1);
		uart_lower(&env->dev, PORT_2);
		set_mask_bits(env, 0);
		expect_events(events, 0, 0);
	}
}

static void both_messages_can_be_pending(struct env *env)
{
	s32 events[2];

	irq_enable(&env->dev, MSI, 2, events);
	set_mask_bits(env, 3);
	uart_raise(&env->dev, PORT_1);
	uart_raise(&env->dev, PORT_2);
	check_eq(pending_bits(env), 3);
	set_mask_bits(env, 2);
	expect_events(events, 1, 0);
	check_eq(pending_bits(env), 2);
	set_mask_bits(env, 0);
	expect_events(events, 0, 1);
}

/* One byte of the register, or the whole of the capability: it is the bit that counts. */
static void unmasking_by_a_write_of_any_width_sends(struct env *env)
{
	unsigned int msi = config_find_cap(&env->dev, PCI_CAP_ID_MSI), width;
	/* All of it, with its other fields. */
	u8 cap[24] = { PCI_CAP_ID_MSI, 0, PCI_MSI_FLAGS_ENABLE };
	s32 event;

	irq_enable(&env->dev, MSI, 1, &event);
	for (width = 1; width <= 4; width *= 2) {
		note("%u bytes", width);
		set_mask_bits(env, 1);
		uart_raise(&env->dev, PORT_1);
		config_put(&env->dev, msi + PCI_MSI_MASK_64, width, 0);
		check_eq(event_take(event), 1);
		uart_lower(&env->dev, PORT_1);
	}
	set_mask_bits(env, 1);
	uart_raise(&env->dev, PORT_1);
	region_write(&env->dev, CONFIG, msi, cap, sizeof(cap));
	check_eq(event_take(event), 1);
}

/* What 8250_pci is content with: all ports use the one message, and so its mask. */
static void a_shared_message_has_one_mask(struct env *env)
{
	unsigned int port;
	s32 event;

	irq_enable(&env->dev, MSI, 1, &event);
	for (port = PORT_1; port <= PORT_2; port++) {
		note("port %u", port + 1);
		set_mask_bits(env, 1);
		uart_raise(&env->dev, port);
		check_eq(event_take(event), 0);
		check_eq(pending_bits(env), 1);
		set_mask_bits(env, 0);
		check_eq(event_take(event), 1);
		uart_lower(&env->dev, port);

		/* There is no second one that could be masked. */
		set_mask_bits(env, 2);
		uart_raise(&env->dev, port);
		check_eq(event_take(event), 1);
		check_eq(pending_bits(env), 0);
		uart_lower(&env->dev, port);
	}
}

static void a_shared_message_is_pending_while_any_port_asks(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, MSI, 1, &event);
	set_mask_bits(env, 1);
	uart_raise(&env->dev, PORT_1);
	uart_raise(&env->dev, PORT_2);
	uart_lower(&env->dev, PORT_1);
	check_eq(pending_bits(env), 1);
	set_mask_bits(env, 0);
	check_eq(event_take(event), 1);

	set_mask_bits(env, 1);
	uart_raise(&env->dev, PORT_1);
	uart_lower(&env->dev, PORT_1);
	uart_lower(&env->dev, PORT_2);
	check_eq(pending_bits(env), 0);
	set_mask_bits(env, 0);
	check_eq(event_take(event), 0);
}

static void reset_forgets_masks_and_what_is_pending(struct env *env)
{
	s32 events[2];

	irq_enable(&env->dev, MSI, env->model->nr_ports, events);
	set_mask_bits(env, 1);
	uart_raise(&env->dev, PORT_1);
	check_eq(pending_bits(env), 1);
	vfio_reset(&env->dev);
	check_eq(pending_bits(env), 0);
	check_eq(event_take(events[0]), 0);
	/* And it is not masked any more. */
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(events[0]), 1);
}

/* The masks are the guest's, in config space; the messages are its VMM's. */
static void disabling_forgets_what_is_pending_but_no_mask(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, MSI, 1, &event);
	set_mask_bits(env, 1);
	uart_raise(&env->dev, PORT_1);
	irq_disable(&env->dev, MSI);
	check_eq(pending_bits(env), 0);
	set_mask_bits(env, 0);
	check_eq(event_take(event), 0);
	close(event);

	set_mask_bits(env, 1);
	uart_lower(&env->dev, PORT_1);
	irq_enable(&env->dev, MSI, 1, &event);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 0);
	check_eq(pending_bits(env), 1);
}

/* An interrupt asserted before a trigger was set is not lost, and waits for the mask. */
static void what_asks_when_masked_msi_is_enabled_is_pending(struct env *env)
{
	s32 event;

	set_mask_bits(env, 1);
	uart_raise(&env->dev, PORT_1);
	check_eq(pending_bits(env), 0);
	irq_enable(&env->dev, MSI, 1, &event);
	check_eq(event_take(event), 0);
	check_eq(pending_bits(env), 1);
	set_mask_bits(env, 0);
	check_eq(event_take(event), 1);
}

static void masks_are_none_of_intx(struct env *env)
{
	s32 event;

	set_mask_bits(env, ~0U);
	irq_enable(&env->dev, INTX, 1, &event);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 1);
	check_eq(pending_bits(env), 0);
}

/* As in vfio-pci, a user tests its own eventfds by it; the device is not involved. */
static void loopback_is_not_held_back_by_masks(struct env *env)
{
	unsigned int nr = env->model->nr_ports, vector;
	u8 bools[2] = { 1, 1 };
	s32 events[2];

	irq_enable(&env->dev, MSI, nr, events);
	set_mask_bits(env, ~0U);
	check_eq(__irq_set(&env->dev, MSI, TRIGGER | NONE, 0, nr, NULL, 0), 0);
	for (vector = 0; vector < nr; vector++)
		check_eq(event_take(events[vector]), 1);
	check_eq(__irq_set(&env->dev, MSI, TRIGGER | BOOL, 0, nr, bools, nr), 0);
	for (vector = 0; vector < nr; vector++)
		check_eq(event_take(events[vector]), 1);
	check_eq(pending_bits(env), 0);

	/* Pending messages stay pending. */
	uart_raise(&env->dev, PORT_1);
	irq_do(&env->dev, MSI, TRIGGER, 0);
	check_eq(event_take(events[0]), 1);
	check_eq(pending_bits(env), 1);
	set_mask_bits(env, 0);
	check_eq(event_take(events[0]), 1);
}

static void what_is_pending_goes_to_the_eventfd_there_is_when_it_is_sent(struct env *env)
{
	s32 event, other = event_new(), none = -1;

	irq_enable(&env->dev, MSI, 1, &event);
	set_mask_bits(env, 1);
	uart_raise(&env->dev, PORT_1);
	check_eq(__irq_assign(&env->dev, MSI, 0, 1, &none), 0);
	check_eq(pending_bits(env), 1);
	check_eq(__irq_assign(&env->dev, MSI, 0, 1, &other), 0);
	set_mask_bits(env, 0);
	check_eq(event_take(event), 0);
	check_eq(event_take(other), 1);
}

/*
 * Ways in which a guest holds interrupts back in config space (PCI Local Bus 3.0,
 * 6.2.2 and 6.8.1.3; PCI Power Management 1.2, 5.4.1).
 */
static void put_bus_master(struct vfio *v, bool on)
{
	if (on)
		config_set(v, PCI_COMMAND, PCI_COMMAND_MASTER);
	else
		config_clear(v, PCI_COMMAND, PCI_COMMAND_MASTER);
}

static void put_msi_enable(struct vfio *v, bool on)
{
	config_put(v, config_find_cap(v, PCI_CAP_ID_MSI) + PCI_MSI_FLAGS, 2,
		   on ? PCI_MSI_FLAGS_ENABLE : 0);
}

static void put_awake(struct vfio *v, bool on)
{
	power_put(v, on ? D0 : D3HOT);
}

static void put_intx_enable(struct vfio *v, bool on)
{
	config_put(v, PCI_COMMAND + 1, 1, on ? 0 : PCI_COMMAND_INTX_DISABLE >> 8);
}

static const struct holder {
	const char *name;
	void (*put)(struct vfio *v, bool on);
	bool intx, msi;		/* which it holds back while it is off */
} holders[] = {
	{ "Bus Master", put_bus_master, false, true },
	{ "MSI Enable", put_msi_enable, false, true },
	{ "D0", put_awake, true, true },
	{ "INTx, by its disable bit,", put_intx_enable, true, false },
};

/* A cause that comes while the device is not to be accessed: it was prepared. */
static void cause(struct env *env, const struct holder *h)
{
	h->put(&env->dev, false);
	/* In D3hot the register cannot be written: the byte was sent before. */
	if (h->put != put_awake)
		uart_raise(&env->dev, PORT_1);
}

static void what_config_space_holds_back_comes_when_it_is_allowed(struct env *env)
{
	const struct holder *h;
	unsigned int i;
	s32 event;

	for (h = holders; h < holders + ARRAY_SIZE(holders); h++) {
		note("%s off, INTx", h->name);
		irq_enable(&env->dev, INTX, 1, &event);
		/* A device that is asleep gets its cause before, and is unmasked then. */
		if (h->put == put_awake) {
			uart_raise(&env->dev, PORT_1);
			check_eq(event_take(event), 1);
		}
		cause(env, h);
		irq_do(&env->dev, INTX, UNMASK, 0);
		check(config_get(&env->dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
		if (h->intx)
			check_eq(event_take(event), 0);
		else
			check(event_take(event) > 0);
		h->put(&env->dev, true);
		check_eq(event_take(event), h->intx);
		uart_lower(&env->dev, PORT_1);
		irq_disable(&env->dev, INTX);
		close(event);

		note("%s off, MSI", h->name);
		irq_enable(&env->dev, MSI, 1, &event);
		set_mask_bits(env, 1);
		if (h->put == put_awake)
			uart_raise(&env->dev, PORT_1);
		cause(env, h);
		set_mask_bits(env, 0);
		for (i = 0; i < 2; i++) {
			check_eq(event_take(event), i ? 0 : !h->msi);
			check_eq(pending_bits(env), h->msi);
		}
		h->put(&env->dev, true);
		check_eq(event_take(event), h->msi);
		check_eq(pending_bits(env), 0);
		uart_lower(&env->dev, PORT_1);
		/* Served while it is held back: never sent. */
		if (h->put != put_awake) {
			cause(env, h);
			uart_lower(&env->dev, PORT_1);
			event_take(event);
			h->put(&env->dev, true);
			check_eq(event_take(event), 0);
		}
		irq_disable(&env->dev, MSI);
		close(event);
	}
}

static u32 msi_enable_bit(struct env *env)
{
	return config_get(&env->dev, config_find_cap(&env->dev, PCI_CAP_ID_MSI) + PCI_MSI_FLAGS,
			  2) & PCI_MSI_FLAGS_ENABLE;
}

/* As in vfio-pci: a user of the ioctl alone gets messages. */
static void msi_enable_follows_the_ioctl(struct env *env)
{
	unsigned int i;
	s32 event;

	for (i = 0; i < 3; i++) {
		check_eq(msi_enable_bit(env), 0);
		irq_enable(&env->dev, MSI, 1, &event);
		check_eq(msi_enable_bit(env), PCI_MSI_FLAGS_ENABLE);
		uart_raise(&env->dev, PORT_1);
		check_eq(event_take(event), 1);
		uart_lower(&env->dev, PORT_1);
		irq_disable(&env->dev, MSI);
		close(event);
	}
}

/* DPDK sets Bus Master first: it is still set after the reset. */
static void messages_go_on_after_a_reset(struct env *env)
{
	s32 event;

	irq_enable(&env->dev, MSI, 1, &event);
	vfio_reset(&env->dev);
	check_eq(msi_enable_bit(env), PCI_MSI_FLAGS_ENABLE);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 1);

	put_msi_enable(&env->dev, false);
	vfio_reset(&env->dev);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 0);
	put_msi_enable(&env->dev, true);
	check_eq(event_take(event), 1);
}

/* As drivers come and go under a port that asks all the time: none of them misses it. */
static void a_cause_that_stays_is_seen_by_each_kind_of_interrupt(struct env *env)
{
	unsigned int i;
	s32 event;

	uart_raise(&env->dev, PORT_1);
	for (i = 0; i < 3; i++) {
		irq_enable(&env->dev, INTX, 1, &event);
		check_eq(event_take(event), 1);
		irq_do(&env->dev, INTX, UNMASK, 0);
		check_eq(event_take(event), 1);
		check(config_get(&env->dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
		irq_disable(&env->dev, INTX);
		check_eq(event_take(event), 0);
		close(event);

		irq_enable(&env->dev, MSI, 1, &event);
		check_eq(event_take(event), 1);
		check(config_get(&env->dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
		irq_disable(&env->dev, MSI);
		check_eq(event_take(event), 0);
		close(event);
	}
}

const struct test_case cases[] = {
	CASE(one_vector_can_be_changed_alone, MTTY_2),
	CASE(intx_masks_itself, MTTY),
	CASE(unmask_resends_while_the_level_is_up, MTTY),
	CASE(a_false_bool_does_nothing, MTTY),
	CASE(a_masked_intx_waits, MTTY),
	CASE(a_level_that_is_up_already_is_delivered, MTTY),
	CASE(intx_without_an_eventfd_waits_for_one, MTTY),
	CASE(masks_and_their_eventfds_survive_the_trigger, MTTY),
	CASE(unmask_by_eventfd, MTTY),
	CASE(mask_by_eventfd, MTTY),
	CASE(eventfds_outlive_the_device_and_the_device_them, MTTY),
	CASE(mask_and_unmask_need_intx_enabled, MTTY),
	CASE(command_disables_intx_and_status_shows_it, MTTY),
	CASE(status_shows_an_interrupt_without_a_trigger, MTTY),
	CASE(intx_is_up_while_any_port_asks, MTTY_2),
	CASE(msi_fires_each_time, MTTY),
	CASE(each_port_has_its_message, MTTY_2),
	CASE(ports_share_a_single_message, MTTY_2),
	CASE(intx_and_msi_exclude_each_other, MTTY),
	CASE(a_user_can_switch_back_and_forth, MTTY),
	CASE(reset_keeps_eventfds_and_clears_masks, MTTY),
	CASE(a_masked_message_is_pending, MTTY),
	CASE(unmasking_sends_what_is_pending_once, MTTY),
	CASE(many_causes_of_one_message_are_pending_once, MTTY),
	CASE(a_source_that_was_served_is_not_sent_when_unmasked, MTTY),
	CASE(masking_takes_nothing_back, MTTY),
	CASE(a_mask_is_for_its_message_alone, MTTY_2),
	CASE(both_messages_can_be_pending, MTTY_2),
	CASE(unmasking_by_a_write_of_any_width_sends, MTTY),
	CASE(a_shared_message_has_one_mask, MTTY_2),
	CASE(a_shared_message_is_pending_while_any_port_asks, MTTY_2),
	CASE(reset_forgets_masks_and_what_is_pending, MTTY),
	CASE(disabling_forgets_what_is_pending_but_no_mask, MTTY),
	CASE(what_asks_when_masked_msi_is_enabled_is_pending, MTTY),
	CASE(masks_are_none_of_intx, MTTY),
	CASE(loopback_is_not_held_back_by_masks, MTTY),
	CASE(what_is_pending_goes_to_the_eventfd_there_is_when_it_is_sent, MTTY),
	CASE(what_config_space_holds_back_comes_when_it_is_allowed, MTTY),
	CASE(msi_enable_follows_the_ioctl, MTTY),
	CASE(messages_go_on_after_a_reset, MTTY),
	CASE(a_cause_that_stays_is_seen_by_each_kind_of_interrupt, MTTY),
	{}
};
