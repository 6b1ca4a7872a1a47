// SPDX-License-Identifier: GPL-2.0-only
/*
 * Low power by request of the user (VFIO_DEVICE_FEATURE_LOW_POWER_*): what the
 * features answer, what a device does in low power, and what wakes it up.
 */
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/example.h"
#include "../lib/irq.h"
#include "../lib/long-copy.h"
#include "../lib/uart.h"

#define ENTRY		VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY
#define ENTRY_WAKEUP	VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP
#define EXIT		VFIO_DEVICE_FEATURE_LOW_POWER_EXIT
#define SET		VFIO_DEVICE_FEATURE_SET
#define GET		VFIO_DEVICE_FEATURE_GET
#define PROBE		VFIO_DEVICE_FEATURE_PROBE

struct feature_call {
	struct vfio_device_feature feature;
	struct vfio_device_low_power_entry_with_wakeup entry;
};

static int feature(const struct env *env, u32 flags, size_t size, s32 wakeup)
{
	struct feature_call call = {
		.feature = { .argsz = size, .flags = flags },
		.entry = { .wakeup_eventfd = wakeup },
	};

	return sys(ioctl(env->dev.fd, VFIO_DEVICE_FEATURE, &call));
}

static int __enter(const struct env *env)
{
	return feature(env, SET | ENTRY, sizeof(struct vfio_device_feature), 0);
}

static int __enter_with_wakeup(const struct env *env, s32 wakeup)
{
	return feature(env, SET | ENTRY_WAKEUP, sizeof(struct feature_call), wakeup);
}

static void leave(const struct env *env)
{
	check_eq(feature(env, SET | EXIT, sizeof(struct vfio_device_feature), 0), 0);
}

/* By nothing that is an access: a second entry is refused. */
static bool is_in_low_power(const struct env *env)
{
	int ret = __enter(env);

	check_one_of(ret, 0, -EINVAL);
	if (!ret)
		leave(env);
	return ret;
}

static void features_can_be_probed_and_set(struct env *env)
{
	static const u32 features[] = { ENTRY, ENTRY_WAKEUP, EXIT };
	const size_t size = sizeof(struct feature_call);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		note("feature %u", features[i]);
		check_eq(feature(env, PROBE | SET | features[i], size, -1), 0);
		check_eq(feature(env, PROBE | GET | features[i], size, -1), -EINVAL);
		check_eq(feature(env, GET | features[i], size, -1), -EINVAL);
		check_eq(feature(env, GET | SET | features[i], size, -1), -EINVAL);
		check_eq(feature(env, features[i], size, -1), -EINVAL);
		check_eq(feature(env, SET | features[i], sizeof(struct vfio_device_feature) - 1,
				 -1), -EINVAL);
	}
	check(!is_in_low_power(env));
	check_eq(feature(env, SET | VFIO_DEVICE_FEATURE_PCI_VF_TOKEN, size, -1), -ENOTTY);
	check_eq(feature(env, PROBE | SET | 0xffff, size, -1), -ENOTTY);
}

static void a_device_enters_once_and_leaves_any_time(struct env *env)
{
	s32 wakeup = event_new();

	leave(env);
	check_eq(__enter(env), 0);
	check_eq(__enter(env), -EINVAL);
	check_eq(__enter_with_wakeup(env, wakeup), -EINVAL);
	leave(env);
	leave(env);
	check_eq(__enter_with_wakeup(env, wakeup), 0);
	check_eq(__enter(env), -EINVAL);
	check_eq(__enter_with_wakeup(env, wakeup), -EINVAL);
	leave(env);
	check(!is_in_low_power(env));
	/* That was the user's own doing. */
	check_eq(event_take(wakeup), 0);
}

static void a_bad_eventfd_is_refused(struct env *env)
{
	const size_t size = sizeof(struct feature_call);

	check_eq(__enter_with_wakeup(env, -1), -EINVAL);
	check_eq(__enter_with_wakeup(env, env->dev.fd), -EINVAL);
	check_eq(__enter_with_wakeup(env, 1000), -EBADF);
	check_eq(feature(env, SET | ENTRY_WAKEUP, size - 1, event_new()), -EINVAL);
	check_eq(sys(ioctl(env->dev.fd, VFIO_DEVICE_FEATURE, NULL)), -EFAULT);
	check(!is_in_low_power(env));
}

static void each_kind_of_access(struct env *env, unsigned int i)
{
	s32 req;

	switch (i) {
	case 0:
		config_get(&env->dev, PCI_VENDOR_ID, 2);
		break;
	case 1:
		config_put(&env->dev, PCI_INTERRUPT_LINE, 1, 1);
		break;
	case 2:
		reg_get(&env->dev, 0, env->model->scratch, 1);
		break;
	case 3:
		reg_put(&env->dev, 0, env->model->scratch, 1, 1);
		break;
	case 4:
		irq_enable(&env->dev, REQ, 1, &req);
		close(req);
		break;
	}
}

#define NR_ACCESSES	5

static void an_access_wakes_a_device_that_is_to_be_woken(struct env *env)
{
	s32 wakeup = event_new();
	unsigned int i;

	for (i = 0; i < NR_ACCESSES; i++) {
		note("access %u", i);
		check_eq(__enter_with_wakeup(env, wakeup), 0);
		/* These are answered without it. */
		vfio_info(&env->dev);
		vfio_irq_info(&env->dev, REQ);
		check_eq(event_take(wakeup), 0);
		each_kind_of_access(env, i);
		check_eq(event_take(wakeup), 1);
		check(!is_in_low_power(env));
		each_kind_of_access(env, i);
		check_eq(event_take(wakeup), 0);
	}
}

/* It is woken for the access alone. */
static void an_access_is_served_in_low_power(struct env *env)
{
	unsigned int i;

	check_eq(__enter(env), 0);
	for (i = 0; i < NR_ACCESSES; i++) {
		note("access %u", i);
		each_kind_of_access(env, i);
		check(is_in_low_power(env));
	}
	reg_put(&env->dev, 0, env->model->scratch, 1, 0x5a);
	check_eq(reg_get(&env->dev, 0, env->model->scratch, 1), 0x5a);
	check_eq(config_get(&env->dev, PCI_VENDOR_ID, 2), env->model->vendor);
	check(is_in_low_power(env));
}

static void reset_and_close_end_it(struct env *env)
{
	s32 wakeup = event_new();

	check_eq(__enter(env), 0);
	vfio_reset(&env->dev);
	check(!is_in_low_power(env));

	check_eq(__enter(env), 0);
	env_reopen(env);
	check(!is_in_low_power(env));

	check_eq(__enter_with_wakeup(env, wakeup), 0);
	env_reopen(env);
	check(!is_in_low_power(env));
	/* Its user has gone, and cannot be woken. */
	check_eq(event_take(wakeup), 0);
	config_get(&env->dev, PCI_VENDOR_ID, 2);
	check_eq(event_take(wakeup), 0);
}

static void flr_ends_it(struct env *env)
{
	check_eq(__enter(env), 0);
	example_flr(&env->dev);
	check(!is_in_low_power(env));
}

static void it_is_not_the_power_state_in_config_space(struct env *env)
{
	unsigned int pmcsr = config_find_cap(&env->dev, PCI_CAP_ID_PM) + PCI_PM_CTRL;

	power_put(&env->dev, D3HOT);
	check(!is_in_low_power(env));
	check_eq(__enter(env), 0);
	check_eq(config_get(&env->dev, pmcsr, 2) & PCI_PM_CTRL_STATE_MASK, D3HOT);
	power_put(&env->dev, D0);
	check(is_in_low_power(env));
	leave(env);
	check_eq(config_get(&env->dev, pmcsr, 2) & PCI_PM_CTRL_STATE_MASK, D0);
}

#define SIZE	4096

static void there_is_no_dma_in_low_power(struct env *env)
{
	u8 *from = dma_memory(SIZE), *to = dma_memory(SIZE), zeroes[SIZE] = {};
	s32 event;

	fill_pattern(from, SIZE, 3);
	dma_map(&env->dev, 0x10000, from, SIZE, DMA_RW);
	dma_map(&env->dev, 0x20000, to, SIZE, DMA_RW);
	irq_enable(&env->dev, MSIX, 1, &event);
	check_eq(__enter(env), 0);
	/* The message comes all the same: it wakes the device for itself alone. */
	check_eq(example_copy(&env->dev, event, 0x20000, 0x10000, SIZE), FAILED);
	check_mem(to, zeroes, SIZE);
	check(is_in_low_power(env));
	leave(env);
	check_eq(example_copy(&env->dev, event, 0x20000, 0x10000, SIZE), COPIED);
	check_mem(to, from, SIZE);
}

/* The copy that is cut off by it ends with a message, and that wakes the device. */
static void a_message_wakes_a_device_that_is_to_be_woken(struct env *env)
{
	s32 wakeup = event_new();
	struct long_copy copy;
	unsigned int attempt;
	bool cut = false;

	long_copy_init(&env->dev, &copy);
	for (attempt = 0; attempt < LONG_ATTEMPTS && !cut; attempt++) {
		long_copy_start(&env->dev, &copy);
		check_eq(__enter_with_wakeup(env, wakeup), 0);
		check_eq(event_wait(copy.event), 1);
		/* Before the interrupt, if it was not over by then. */
		cut = event_take(wakeup);
		if (cut) {
			check(!is_in_low_power(env));
			check_eq(example_get(&env->dev, EXAMPLE_STATUS), FAILED);
		}
		leave(env);
		event_take(wakeup);
	}
	check(cut);
}

/* It asks for service, and is unmasked while the device is in low power. */
static void an_interrupt_of_a_port_wakes_it(struct env *env)
{
	s32 event, wakeup = event_new(), unmask = event_new();

	irq_enable(&env->dev, INTX, 1, &event);
	check_eq(__irq_event(&env->dev, INTX, UNMASK, unmask), 0);
	uart_raise(&env->dev, PORT_1);
	check_eq(event_take(event), 1);
	check_eq(__enter_with_wakeup(env, wakeup), 0);
	event_signal(unmask);
	check_eq(event_wait(event), 1);
	check_eq(event_take(wakeup), 1);
	check(!is_in_low_power(env));
}

const struct test_case cases[] = {
	CASE(features_can_be_probed_and_set, EACH),
	CASE(a_device_enters_once_and_leaves_any_time, EACH),
	CASE(a_bad_eventfd_is_refused, EACH),
	CASE(an_access_wakes_a_device_that_is_to_be_woken, EACH),
	CASE(an_access_is_served_in_low_power, EACH),
	CASE(reset_and_close_end_it, EACH),
	CASE(flr_ends_it, EXAMPLE),
	CASE(it_is_not_the_power_state_in_config_space, EACH),
	CASE(there_is_no_dma_in_low_power, EXAMPLE),
	CASE(a_message_wakes_a_device_that_is_to_be_woken, EXAMPLE),
	CASE(an_interrupt_of_a_port_wakes_it, MTTY_1),
	{}
};
