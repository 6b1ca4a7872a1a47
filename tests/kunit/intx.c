// SPDX-License-Identifier: GPL-2.0-only
/*
 * INTx: delivered once, masked by ioctl and by eventfd, and brought to rest.
 */
#include "vfio-irqs.h"

static void record_delay(struct softpci_vfio *svfio, unsigned long delay)
{
	struct kunit_irqs *t = kunit_get_current_test()->priv;

	t->delay = delay;
}

static struct kunit_irqs *intx_device(struct kunit *test)
{
	kunit_activate_static_stub(test, unmask_late, record_delay);
	return kunit_irqs_device(test, &kunit_irqs_model);
}

/* Whether the level has changed since the burst began. */
static void served(struct kunit_irqs *t, bool served)
{
	t->svfio->irqs.changes = t->svfio->dev->irqs.changes - served;
}

static void intx_is_delivered_once_until_unmasked(struct kunit *test)
{
	struct kunit_irqs *t = intx_device(test);

	kunit_irqs_enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	set_level(t, 0, true);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);
	KUNIT_EXPECT_TRUE(test, t->svfio->irqs.masked);
	set_level(t, 0, true);
	set_level(t, 0, false);
	set_level(t, 0, true);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);

	/* Still up: delivered again, and masked again. */
	KUNIT_EXPECT_EQ(test, unmask(t), 0);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 2);
	KUNIT_EXPECT_TRUE(test, t->svfio->irqs.masked);
	set_level(t, 0, false);
	KUNIT_EXPECT_EQ(test, unmask(t), 0);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 2);
	KUNIT_EXPECT_FALSE(test, t->svfio->irqs.masked);
	set_level(t, 0, true);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 3);
}

static void unmask_by_eventfd(struct kunit_irqs *t)
{
	unmask_work(&t->svfio->irqs.unmask_work);
}

static void delay_ends(struct kunit_irqs *t)
{
	late_work(&t->svfio->irqs.late_work.work);
}

/* INTx is delivered, and unmasked by eventfd until the next unmask has to wait. */
static struct kunit_irqs *unmask_until_it_waits(struct kunit *test)
{
	struct kunit_irqs *t = intx_device(test);
	unsigned int i;

	kunit_irqs_enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	set_level(t, 0, true);
	served(t, false);
	for (i = 0; i < UNMASK_BURST; i++)
		unmask_by_eventfd(t);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1 + UNMASK_BURST);
	KUNIT_EXPECT_EQ(test, t->delay, 0);
	forget_signals(t);
	return t;
}

/* Eventfds in a ring must not keep a processor busy, nor wake it forever. */
static void unmask_without_service_waits_longer_each_time(struct kunit *test)
{
	struct kunit_irqs *t = unmask_until_it_waits(test);
	unsigned long delay;
	unsigned int i;

	for (delay = 1, i = 0; delay < HZ; delay *= 2, i++) {
		unmask_by_eventfd(t);
		KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, i);
		KUNIT_EXPECT_EQ(test, t->delay, delay);
		/* More of them are the same one. */
		unmask_by_eventfd(t);
		KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, i);
		delay_ends(t);
		KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, i + 1);
		KUNIT_EXPECT_TRUE(test, t->svfio->irqs.masked);
		/* Once only. */
		delay_ends(t);
		KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, i + 1);
	}

	/* No timer any more: it waits for an access that is not of the ring. */
	t->delay = 0;
	unmask_by_eventfd(t);
	unmask_by_eventfd(t);
	KUNIT_EXPECT_EQ(test, t->delay, 0);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, i);
	KUNIT_EXPECT_TRUE(test, t->svfio->irqs.unmask_due);
	kunit_config_write(t->svfio->dev, PCI_INTERRUPT_LINE, 1, 0);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, i + 1);
	unmask_by_eventfd(t);
	KUNIT_EXPECT_EQ(test, t->delay, 0);
	set_level(t, 1, true);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, i + 2);
}

static void unmask_that_waits_happens_when_the_level_changes(struct kunit *test)
{
	struct kunit_irqs *t = unmask_until_it_waits(test);

	unmask_by_eventfd(t);
	set_level(t, 1, true);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);
	delay_ends(t);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);

	/* As in the same jiffy: there is no new burst. */
	served(t, false);
	unmask_by_eventfd(t);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);
	set_level(t, 0, false);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 2);
	served(t, false);
	unmask_by_eventfd(t);
	set_level(t, 1, false);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 2);
	KUNIT_EXPECT_FALSE(test, t->svfio->irqs.masked);
	set_level(t, 1, true);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 3);
}

static void ioctl_comes_after_an_unmask_that_waits(struct kunit *test)
{
	struct kunit_irqs *t = unmask_until_it_waits(test);

	t->svfio->irqs.wired = true;
	unmask_by_eventfd(t);
	KUNIT_EXPECT_EQ(test, mask(t), 0);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);
	KUNIT_EXPECT_TRUE(test, t->svfio->irqs.masked);
	delay_ends(t);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);

	unmask_by_eventfd(t);
	KUNIT_EXPECT_EQ(test, unmask(t), 0);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 3);
	delay_ends(t);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 3);
}

static void mask_by_eventfd_comes_after_an_unmask_that_waits(struct kunit *test)
{
	struct kunit_irqs *t = unmask_until_it_waits(test);

	unmask_by_eventfd(t);
	mask_work(&t->svfio->irqs.mask_work);
	delay_ends(t);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 0);
	KUNIT_EXPECT_TRUE(test, t->svfio->irqs.masked);
}

static void reset_and_disable_forget_an_unmask_that_waits(struct kunit *test)
{
	struct kunit_irqs *t = unmask_until_it_waits(test);

	unmask_by_eventfd(t);
	KUNIT_EXPECT_EQ(test, softpci_reset(t->svfio->dev, SOFTPCI_RESET_BUS), 0);
	set_level(t, 0, true);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);
	delay_ends(t);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);

	t = unmask_until_it_waits(test);
	unmask_by_eventfd(t);
	kunit_irqs_disable(t, VFIO_PCI_INTX_IRQ_INDEX);
	delay_ends(t);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 0);
}

/*
 * However long ago the last unmask was: on 32-bit machines the jiffies of then are
 * later than now by time_after().
 */
static void service_gives_a_new_burst_in_any_later_jiffy(struct kunit *test)
{
	static const unsigned long ago[] = {
		1, HZ, LONG_MAX - 1, LONG_MAX, (unsigned long)LONG_MAX + 1,
		(unsigned long)LONG_MAX + 2, ULONG_MAX / 4 * 3, ULONG_MAX - HZ,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ago); i++) {
		struct kunit_irqs *t = unmask_until_it_waits(test);

		served(t, true);
		t->svfio->irqs.unmask_jiffy = jiffies - ago[i];
		unmask_by_eventfd(t);
		KUNIT_EXPECT_EQ_MSG(test, t->eventfd[0].fired, 1,
				    "%lu jiffies ago", ago[i]);
		KUNIT_EXPECT_EQ(test, t->svfio->irqs.unmasked, 1);
	}
}

/* All users of VFIO would have to wait for a work item of VFIO's that sleeps. */
static void eventfds_that_mask_neither_sleep_nor_use_vfios_work(struct kunit *test)
{
	struct kunit_irqs *t = unmask_until_it_waits(test);
	int again;

	preempt_disable();
	mask_work(&t->svfio->irqs.mask_work);
	unmask_by_eventfd(t);
	unmask_by_eventfd(t);
	delay_ends(t);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);

	/* Without interrupts that it could signal, in the kernel's worker. */
	kunit_irqs_disable(t, VFIO_PCI_INTX_IRQ_INDEX);
	local_irq_disable();
	again = mask_handler(t->svfio, NULL) | unmask_handler(t->svfio, NULL);
	local_irq_enable();
	KUNIT_EXPECT_EQ(test, again, 0);
	flush_work(&t->svfio->irqs.mask_work);
	flush_work(&t->svfio->irqs.unmask_work);
}

static void masked_intx_waits(struct kunit *test)
{
	struct kunit_irqs *t = intx_device(test);

	kunit_irqs_enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	KUNIT_EXPECT_EQ(test, mask(t), 0);
	set_level(t, 1, true);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 0);
	KUNIT_EXPECT_TRUE(test, interrupt_status(t));
	KUNIT_EXPECT_EQ(test, unmask(t), 0);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);
}

/* Interrupt Status shows the level whether or not it may be delivered. */
static void intx_disable_holds_it_back(struct kunit *test)
{
	struct kunit_irqs *t = intx_device(test);

	kunit_irqs_enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	kunit_config_write(t->svfio->dev, PCI_COMMAND, 2,
			   PCI_COMMAND_INTX_DISABLE);
	set_level(t, 0, true);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 0);
	KUNIT_EXPECT_TRUE(test, interrupt_status(t));
	KUNIT_EXPECT_FALSE(test, t->svfio->irqs.masked);
	unmask(t);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 0);

	/* Other bits of the register are no reason to deliver. */
	kunit_config_write(t->svfio->dev, PCI_COMMAND, 1, 0x07);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 0);
	kunit_config_write(t->svfio->dev, PCI_COMMAND + 1, 1, 0);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);
	kunit_config_write(t->svfio->dev, PCI_COMMAND, 2, 0);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);
}

static void reset_lowers_all_and_unmasks(struct kunit *test)
{
	struct kunit_irqs *t = intx_device(test);

	kunit_irqs_enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	set_level(t, 3, true);
	KUNIT_EXPECT_EQ(test, softpci_reset(t->svfio->dev, SOFTPCI_RESET_FLR), 0);
	KUNIT_EXPECT_FALSE(test, t->svfio->irqs.masked);
	KUNIT_EXPECT_FALSE(test, interrupt_status(t));
	/* The eventfd stays. */
	set_level(t, 3, true);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 2);
}

static void bool_of_0_masks_nothing(struct kunit *test)
{
	struct kunit_irqs *t = intx_device(test);
	const u32 mask_bool = VFIO_IRQ_SET_ACTION_MASK |
			      VFIO_IRQ_SET_DATA_BOOL;
	const u32 unmask_bool = VFIO_IRQ_SET_ACTION_UNMASK |
				VFIO_IRQ_SET_DATA_BOOL;
	static const u8 no, yes = 1;

	kunit_irqs_enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, 0, mask_bool, 0, 1, &no), 0);
	KUNIT_EXPECT_FALSE(test, t->svfio->irqs.masked);
	KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, 0, mask_bool, 0, 1, &yes), 0);
	KUNIT_EXPECT_TRUE(test, t->svfio->irqs.masked);
	KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, 0, unmask_bool, 0, 1, &no), 0);
	KUNIT_EXPECT_TRUE(test, t->svfio->irqs.masked);
}

static void intx_without_an_eventfd_is_enabled(struct kunit *test)
{
	const u32 eventfd = VFIO_IRQ_SET_ACTION_TRIGGER |
			    VFIO_IRQ_SET_DATA_EVENTFD;
	struct kunit_irqs *t = intx_device(test);
	struct softpci_vfio_irqs *irqs = &t->svfio->irqs;
	static const s32 none = -1;
	unsigned int enabled;

	for (enabled = 0; enabled < 2; enabled++) {
		if (enabled)
			kunit_irqs_enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
		KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, 0, eventfd, 0, 1, &none), 0);
		KUNIT_EXPECT_EQ(test, irqs->index, VFIO_PCI_INTX_IRQ_INDEX);
		set_level(t, 0, true);
		KUNIT_EXPECT_EQ(test, mask(t), 0);
		KUNIT_EXPECT_EQ(test, unmask(t), 0);
		KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, 1, eventfd, 0, 1, &none),
				-EINVAL);
		KUNIT_EXPECT_EQ(test, t->signals, 0);
		KUNIT_EXPECT_FALSE(test, irqs->masked);
		set_level(t, 0, false);
	}
	kunit_irqs_disable(t, VFIO_PCI_INTX_IRQ_INDEX);
	KUNIT_EXPECT_EQ(test, irqs->index, VFIO_PCI_NUM_IRQS);
}

/* In config space, for as long as they last, and D3hot by unmasking as well. */
static void intx_is_held_back_and_delivered_when_allowed(struct kunit *test)
{
	unsigned int d3hot;

	for (d3hot = 0; d3hot < 2; d3hot++) {
		struct kunit_irqs *t = intx_device(test);
		unsigned int pos = d3hot ? t->svfio->dev->layout->pm + PCI_PM_CTRL :
					   PCI_COMMAND;
		u16 held = d3hot ? 3 : PCI_COMMAND_INTX_DISABLE;

		kunit_irqs_enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
		kunit_config_write(t->svfio->dev, pos, 2, held);
		set_level(t, 0, true);
		KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 0);
		KUNIT_EXPECT_TRUE(test, interrupt_status(t));
		kunit_config_write(t->svfio->dev, pos, 2, 0);
		KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);
		KUNIT_EXPECT_TRUE(test, t->svfio->irqs.masked);

		kunit_config_write(t->svfio->dev, pos, 2, held);
		unmask(t);
		KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);
		/* The level falls while it is held: nothing is delivered. */
		set_level(t, 0, false);
		unmask(t);
		kunit_config_write(t->svfio->dev, pos, 2, 0);
		KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);
	}
}

static void intx_is_delivered_in_low_power(struct kunit *test)
{
	struct kunit_irqs *t = intx_device(test);

	kunit_irqs_enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	t->svfio->low_power = true;
	set_level(t, 0, true);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);
	KUNIT_EXPECT_TRUE(test, t->svfio->irqs.masked);
}

static struct kunit_case intx_cases[] = {
	KUNIT_CASE(intx_is_delivered_once_until_unmasked),
	KUNIT_CASE(unmask_without_service_waits_longer_each_time),
	KUNIT_CASE(unmask_that_waits_happens_when_the_level_changes),
	KUNIT_CASE(ioctl_comes_after_an_unmask_that_waits),
	KUNIT_CASE(mask_by_eventfd_comes_after_an_unmask_that_waits),
	KUNIT_CASE(reset_and_disable_forget_an_unmask_that_waits),
	KUNIT_CASE(service_gives_a_new_burst_in_any_later_jiffy),
	KUNIT_CASE(eventfds_that_mask_neither_sleep_nor_use_vfios_work),
	KUNIT_CASE(masked_intx_waits),
	KUNIT_CASE(intx_disable_holds_it_back),
	KUNIT_CASE(reset_lowers_all_and_unmasks),
	KUNIT_CASE(bool_of_0_masks_nothing),
	KUNIT_CASE(intx_without_an_eventfd_is_enabled),
	KUNIT_CASE(intx_is_held_back_and_delivered_when_allowed),
	KUNIT_CASE(intx_is_delivered_in_low_power),
	{}
};

static struct kunit_suite intx_suite = {
	.name = "softpci-vfio-intx",
	.test_cases = intx_cases,
};

kunit_test_suite(intx_suite);
