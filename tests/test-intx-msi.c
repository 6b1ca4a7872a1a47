// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of an interrupt: INTx as a level that masks itself, MSI as
 * messages.  A port of mtty that says that its transmitter is empty is the cause.
 */
#include <unistd.h>

#include "lib/cases.h"
#include "lib/irq.h"
#include "lib/uart.h"

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
	config_put(&env->dev, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 0);
	check(config_get(&env->dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);

	config_put(&env->dev, PCI_COMMAND, 2, 0);
	check_eq(event_take(event), 1);
	check(config_get(&env->dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	uart_lower(&env->dev, PORT_1);
	check_eq(config_get(&env->dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, 0);
}

static void status_shows_an_interrupt_that_nobody_listens_to(struct env *env)
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

const struct test_case cases[] = {
	CASE(one_vector_can_be_changed_alone, MTTY_2),
	CASE(intx_masks_itself, MTTY),
	CASE(unmask_resends_while_the_level_is_up, MTTY),
	CASE(a_false_bool_does_nothing, MTTY),
	CASE(a_masked_intx_waits, MTTY),
	CASE(a_level_that_is_up_already_is_delivered, MTTY),
	CASE(unmask_by_eventfd, MTTY),
	CASE(mask_by_eventfd, MTTY),
	CASE(eventfds_outlive_the_device_and_the_device_them, MTTY),
	CASE(mask_and_unmask_need_intx_enabled, MTTY),
	CASE(command_disables_intx_and_status_shows_it, MTTY),
	CASE(status_shows_an_interrupt_that_nobody_listens_to, MTTY),
	CASE(intx_is_up_while_any_port_asks, MTTY_2),
	CASE(msi_fires_each_time, MTTY),
	CASE(each_port_has_its_message, MTTY_2),
	CASE(ports_share_a_single_message, MTTY_2),
	CASE(intx_and_msi_exclude_each_other, MTTY),
	CASE(a_user_can_switch_back_and_forth, MTTY),
	CASE(reset_keeps_eventfds_and_clears_masks, MTTY),
	{}
};
