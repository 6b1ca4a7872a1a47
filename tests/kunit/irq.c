// SPDX-License-Identifier: GPL-2.0-only
/*
 * INTx as a level, MSI as messages, and what SET_IRQS takes.
 *
 * An eventfd can be had by system call only, so what would signal one is
 * replaced and counts.  Real ones are the business of tests/vfio/test-irq.c.
 */
#include "kunit.h"

#define SOURCES	4

/**
 * struct kunit_irqs - a device whose interrupts are counted
 * @spdev: must be first
 * @fired: what stands for its eventfds: how often each was signalled
 * @signals: all signals, those to no eventfd as well
 * @delay: of the last unmask that had to wait, in jiffies
 * @lines: in the log, of requests to close the device
 * @asked: what the last of them said
 * @before: the state that remember() saw
 */
struct kunit_irqs {
	struct softpci_device spdev;
	unsigned int fired[SOFTPCI_MAX_MSI];
	unsigned int signals;
	unsigned long delay;
	unsigned int lines;
	bool asked;
	struct softpci_irqs before;
};

static const struct softpci_driver irqs_driver = {
	.device_size = sizeof(struct kunit_irqs),
};

static const struct softpci_model irqs_model = { .pin = 1, .nr_msi = SOURCES };
static const struct softpci_type irqs_type = { .model = &irqs_model };

static void count_signal(struct eventfd_ctx *ctx)
{
	struct kunit_irqs *t = kunit_get_current_test()->priv;

	t->signals++;
	if (ctx)
		++*(unsigned int *)ctx;
}

static void record_delay(struct softpci_device *spdev, unsigned long delay)
{
	struct kunit_irqs *t = kunit_get_current_test()->priv;

	t->delay = delay;
}

static void count_line(struct device *dev, unsigned int count, bool asked)
{
	struct kunit_irqs *t = kunit_get_current_test()->priv;

	t->lines++;
	t->asked = asked;
}

static struct kunit_irqs *irqs_device(struct kunit *test)
{
	struct softpci_device *spdev;

	spdev = softpci_kunit_device(test, &irqs_driver, &irqs_type);
	test->priv = container_of(spdev, struct kunit_irqs, spdev);
	kunit_activate_static_stub(test, irq_signal, count_signal);
	kunit_activate_static_stub(test, unmask_late, record_delay);
	kunit_activate_static_stub(test, log_request, count_line);
	return test->priv;
}

static void enable(struct kunit_irqs *t, unsigned int index, unsigned int nr)
{
	unsigned int i;

	config_put(&t->spdev, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	guard(softpci)(&t->spdev);
	for (i = 0; i < nr; i++)
		t->spdev.irqs.trigger[i] = (struct eventfd_ctx *)&t->fired[i];
	irq_select(&t->spdev, index, nr);
}

static void set_level(struct kunit_irqs *t, unsigned int source, bool level)
{
	guard(softpci)(&t->spdev);
	softpci_set_irq(&t->spdev, source, level);
}

static int ask(struct kunit_irqs *t, unsigned int index, u32 flags,
	       unsigned int start, unsigned int count, const void *data)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set) + count * sizeof(s32),
		.flags = flags,
		.index = index,
		.start = start,
		.count = count,
	};
	size_t size;
	int ret;

	/* As the ioctl does. */
	ret = vfio_set_irqs_validate_and_prepare(&set,
						 softpci_irq_count(&t->spdev, index),
						 VFIO_PCI_NUM_IRQS, &size);
	if (ret)
		return ret;
	return softpci_set_irqs(&t->spdev, &set, size ? data : NULL);
}

static int mask(struct kunit_irqs *t)
{
	return ask(t, VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_MASK |
		   VFIO_IRQ_SET_DATA_NONE, 0, 1, NULL);
}

static int unmask(struct kunit_irqs *t)
{
	return ask(t, VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_UNMASK |
		   VFIO_IRQ_SET_DATA_NONE, 0, 1, NULL);
}

static bool interrupt_status(struct kunit_irqs *t)
{
	return config_get(&t->spdev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT;
}

static void intx_is_delivered_once_until_unmasked(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);

	enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	set_level(t, 0, true);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1);
	KUNIT_EXPECT_TRUE(test, t->spdev.irqs.masked);
	set_level(t, 0, true);
	set_level(t, 0, false);
	set_level(t, 0, true);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1);

	/* Still up: delivered again, and masked again. */
	KUNIT_EXPECT_EQ(test, unmask(t), 0);
	KUNIT_EXPECT_EQ(test, t->fired[0], 2);
	KUNIT_EXPECT_TRUE(test, t->spdev.irqs.masked);
	set_level(t, 0, false);
	KUNIT_EXPECT_EQ(test, unmask(t), 0);
	KUNIT_EXPECT_EQ(test, t->fired[0], 2);
	KUNIT_EXPECT_FALSE(test, t->spdev.irqs.masked);
	set_level(t, 0, true);
	KUNIT_EXPECT_EQ(test, t->fired[0], 3);
}

static void intx_is_the_or_of_all_sources(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);
	unsigned int i;

	enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	for (i = 0; i < 32; i++)
		set_level(t, i, true);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1);
	for (i = 0; i < 31; i++) {
		set_level(t, i, false);
		KUNIT_EXPECT_TRUE_MSG(test, interrupt_status(t), "%u", i);
	}
	unmask(t);
	KUNIT_EXPECT_EQ(test, t->fired[0], 2);
	set_level(t, 31, false);
	KUNIT_EXPECT_FALSE(test, interrupt_status(t));
	unmask(t);
	KUNIT_EXPECT_EQ(test, t->fired[0], 2);
}

static void unmask_by_eventfd(struct kunit_irqs *t)
{
	unmask_work(&t->spdev.irqs.unmask_work);
}

static void delay_ends(struct kunit_irqs *t)
{
	late_work(&t->spdev.irqs.late_work.work);
}

/* INTx is delivered, and unmasked by eventfd until the next unmask has to wait. */
static struct kunit_irqs *unmask_until_it_waits(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);
	unsigned int i;

	enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	set_level(t, 0, true);
	t->spdev.irqs.level_changed = false;
	for (i = 0; i < UNMASK_BURST; i++)
		unmask_by_eventfd(t);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1 + UNMASK_BURST);
	KUNIT_EXPECT_EQ(test, t->delay, 0);
	memset(t->fired, 0, sizeof(t->fired));
	return t;
}

/* Eventfds in a ring must not keep a processor busy, nor wake it for ever. */
static void unmask_without_service_waits_longer_each_time(struct kunit *test)
{
	struct kunit_irqs *t = unmask_until_it_waits(test);
	unsigned long delay;
	unsigned int i;

	for (delay = 1, i = 0; delay < HZ; delay *= 2, i++) {
		unmask_by_eventfd(t);
		KUNIT_EXPECT_EQ(test, t->fired[0], i);
		KUNIT_EXPECT_EQ(test, t->delay, delay);
		/* More of them are the same one. */
		unmask_by_eventfd(t);
		KUNIT_EXPECT_EQ(test, t->fired[0], i);
		delay_ends(t);
		KUNIT_EXPECT_EQ(test, t->fired[0], i + 1);
		KUNIT_EXPECT_TRUE(test, t->spdev.irqs.masked);
		/* Once only. */
		delay_ends(t);
		KUNIT_EXPECT_EQ(test, t->fired[0], i + 1);
	}

	/* No timer any more: it waits for an access that is not of the ring. */
	t->delay = 0;
	unmask_by_eventfd(t);
	unmask_by_eventfd(t);
	KUNIT_EXPECT_EQ(test, t->delay, 0);
	KUNIT_EXPECT_EQ(test, t->fired[0], i);
	KUNIT_EXPECT_TRUE(test, t->spdev.irqs.unmask_due);
	config_put(&t->spdev, PCI_INTERRUPT_LINE, 1, 0);
	KUNIT_EXPECT_EQ(test, t->fired[0], i + 1);
	unmask_by_eventfd(t);
	KUNIT_EXPECT_EQ(test, t->delay, 0);
	set_level(t, 1, true);
	KUNIT_EXPECT_EQ(test, t->fired[0], i + 2);
}

static void unmask_that_waits_happens_when_the_level_changes(struct kunit *test)
{
	struct kunit_irqs *t = unmask_until_it_waits(test);

	unmask_by_eventfd(t);
	set_level(t, 1, true);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1);
	delay_ends(t);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1);

	/* As in the same jiffy: there is no new burst. */
	t->spdev.irqs.level_changed = false;
	unmask_by_eventfd(t);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1);
	set_level(t, 0, false);
	KUNIT_EXPECT_EQ(test, t->fired[0], 2);
	t->spdev.irqs.level_changed = false;
	unmask_by_eventfd(t);
	set_level(t, 1, false);
	KUNIT_EXPECT_EQ(test, t->fired[0], 2);
	KUNIT_EXPECT_FALSE(test, t->spdev.irqs.masked);
	set_level(t, 1, true);
	KUNIT_EXPECT_EQ(test, t->fired[0], 3);
}

static void ioctl_comes_after_an_unmask_that_waits(struct kunit *test)
{
	struct kunit_irqs *t = unmask_until_it_waits(test);

	t->spdev.irqs.wired = true;
	unmask_by_eventfd(t);
	KUNIT_EXPECT_EQ(test, mask(t), 0);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1);
	KUNIT_EXPECT_TRUE(test, t->spdev.irqs.masked);
	delay_ends(t);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1);

	unmask_by_eventfd(t);
	KUNIT_EXPECT_EQ(test, unmask(t), 0);
	KUNIT_EXPECT_EQ(test, t->fired[0], 3);
	delay_ends(t);
	KUNIT_EXPECT_EQ(test, t->fired[0], 3);
}

static void mask_by_eventfd_comes_after_an_unmask_that_waits(struct kunit *test)
{
	struct kunit_irqs *t = unmask_until_it_waits(test);

	unmask_by_eventfd(t);
	mask_work(&t->spdev.irqs.mask_work);
	delay_ends(t);
	KUNIT_EXPECT_EQ(test, t->fired[0], 0);
	KUNIT_EXPECT_TRUE(test, t->spdev.irqs.masked);
}

static void reset_and_disable_forget_an_unmask_that_waits(struct kunit *test)
{
	struct kunit_irqs *t = unmask_until_it_waits(test);

	unmask_by_eventfd(t);
	scoped_guard(softpci, &t->spdev)
		softpci_irq_reset(&t->spdev);
	set_level(t, 0, true);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1);
	delay_ends(t);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1);

	t = unmask_until_it_waits(test);
	unmask_by_eventfd(t);
	scoped_guard(softpci, &t->spdev)
		irq_select(&t->spdev, VFIO_PCI_NUM_IRQS, 0);
	delay_ends(t);
	KUNIT_EXPECT_EQ(test, t->fired[0], 0);
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

		t->spdev.irqs.level_changed = true;
		t->spdev.irqs.unmask_jiffy = jiffies - ago[i];
		unmask_by_eventfd(t);
		KUNIT_EXPECT_EQ_MSG(test, t->fired[0], 1, "%lu jiffies ago",
				    ago[i]);
		KUNIT_EXPECT_EQ(test, t->spdev.irqs.unmasked, 1);
	}
}

/* All users of VFIO would have to wait for a work item of VFIO's that sleeps. */
static void eventfds_that_mask_neither_sleep_nor_use_vfios_work(struct kunit *test)
{
	struct kunit_irqs *t = unmask_until_it_waits(test);
	int again;

	preempt_disable();
	mask_work(&t->spdev.irqs.mask_work);
	unmask_by_eventfd(t);
	unmask_by_eventfd(t);
	delay_ends(t);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, t->fired[0], 1);

	/* Without interrupts that it could signal, in the kernel's worker. */
	scoped_guard(softpci, &t->spdev)
		irq_select(&t->spdev, VFIO_PCI_NUM_IRQS, 0);
	local_irq_disable();
	again = mask_handler(&t->spdev, NULL) | unmask_handler(&t->spdev, NULL);
	local_irq_enable();
	KUNIT_EXPECT_EQ(test, again, 0);
	flush_work(&t->spdev.irqs.mask_work);
	flush_work(&t->spdev.irqs.unmask_work);
}

static void masked_intx_waits(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);

	enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	KUNIT_EXPECT_EQ(test, mask(t), 0);
	set_level(t, 1, true);
	KUNIT_EXPECT_EQ(test, t->fired[0], 0);
	KUNIT_EXPECT_TRUE(test, interrupt_status(t));
	KUNIT_EXPECT_EQ(test, unmask(t), 0);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1);
}

/* Interrupt Status shows the level whether or not it may be delivered. */
static void intx_disable_holds_it_back(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);

	enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	config_put(&t->spdev, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE);
	set_level(t, 0, true);
	KUNIT_EXPECT_EQ(test, t->fired[0], 0);
	KUNIT_EXPECT_TRUE(test, interrupt_status(t));
	KUNIT_EXPECT_FALSE(test, t->spdev.irqs.masked);
	unmask(t);
	KUNIT_EXPECT_EQ(test, t->fired[0], 0);

	/* Other bits of the register are no reason to deliver. */
	config_put(&t->spdev, PCI_COMMAND, 1, 0x07);
	KUNIT_EXPECT_EQ(test, t->fired[0], 0);
	config_put(&t->spdev, PCI_COMMAND + 1, 1, 0);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1);
	config_put(&t->spdev, PCI_COMMAND, 2, 0);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1);
}

static void interrupt_status_follows_the_level(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);

	KUNIT_EXPECT_FALSE(test, interrupt_status(t));
	set_level(t, 2, true);
	KUNIT_EXPECT_TRUE(test, interrupt_status(t));
	/* It is not for the guest to clear. */
	config_put(&t->spdev, PCI_STATUS, 2, 0xffff);
	KUNIT_EXPECT_TRUE(test, interrupt_status(t));
	set_level(t, 2, false);
	KUNIT_EXPECT_FALSE(test, interrupt_status(t));
}

static void device_without_a_pin_has_no_intx(struct kunit *test)
{
	static const struct softpci_model model = { .nr_msi = 1 };
	static const struct softpci_type type = { .model = &model };
	struct softpci_device *spdev;

	spdev = softpci_kunit_device(test, &irqs_driver, &type);
	scoped_guard(softpci, spdev)
		softpci_set_irq(spdev, 0, true);
	KUNIT_EXPECT_EQ(test, config_get(spdev, PCI_STATUS, 2),
			PCI_STATUS_CAP_LIST);
	KUNIT_EXPECT_EQ(test, softpci_irq_count(spdev, 0), 0);
	KUNIT_EXPECT_EQ(test, softpci_irq_count(spdev, 1), 1);
}

/* With @nr messages enabled, source @i sends message min(i, nr - 1). */
static void each_source_sends_its_message_when_it_rises(struct kunit *test)
{
	unsigned int nr, source, i;

	for (nr = 1; nr <= SOURCES; nr++) {
		struct kunit_irqs *t = irqs_device(test);

		enable(t, VFIO_PCI_MSI_IRQ_INDEX, nr);
		for (source = 0; source < SOURCES; source++) {
			unsigned int message = min(source, nr - 1);

			memset(t->fired, 0, sizeof(t->fired));
			set_level(t, source, true);
			for (i = 0; i < SOFTPCI_MAX_MSI; i++)
				KUNIT_EXPECT_EQ_MSG(test, t->fired[i],
						    i == message,
						    "message %u of %u, source %u",
						    i, nr, source);
			/* No edge, no message; and nothing ever masks it. */
			set_level(t, source, true);
			set_level(t, source, false);
			KUNIT_EXPECT_EQ(test, t->fired[message], 1);
			set_level(t, source, true);
			KUNIT_EXPECT_EQ(test, t->fired[message], 2);
		}
		KUNIT_EXPECT_FALSE(test, t->spdev.irqs.masked);
	}
}

static void intx_disable_does_not_stop_messages(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);

	enable(t, VFIO_PCI_MSI_IRQ_INDEX, 2);
	config_put(&t->spdev, PCI_COMMAND, 2,
		   PCI_COMMAND_INTX_DISABLE | PCI_COMMAND_MASTER);
	set_level(t, 1, true);
	KUNIT_EXPECT_EQ(test, t->fired[1], 1);
	KUNIT_EXPECT_TRUE(test, interrupt_status(t));
}

static void nothing_is_sent_when_nothing_is_enabled(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);
	unsigned int i;

	enable(t, VFIO_PCI_NUM_IRQS, 0);
	t->spdev.irqs.trigger[0] = (struct eventfd_ctx *)&t->fired[0];
	for (i = 0; i < SOURCES; i++)
		set_level(t, i, true);
	KUNIT_EXPECT_EQ(test, t->fired[0], 0);
	KUNIT_EXPECT_FALSE(test, t->spdev.irqs.masked);
}

static void reset_lowers_all_and_unmasks(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);

	enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	set_level(t, 3, true);
	scoped_guard(softpci, &t->spdev) {
		softpci_irq_reset(&t->spdev);
		softpci_config_reset(&t->spdev);
	}
	KUNIT_EXPECT_FALSE(test, t->spdev.irqs.masked);
	KUNIT_EXPECT_FALSE(test, interrupt_status(t));
	/* The eventfd stays. */
	set_level(t, 3, true);
	KUNIT_EXPECT_EQ(test, t->fired[0], 2);
}

/* A user tries his wiring: as chosen, whatever the levels and the mask are. */
static void loop_back_fires_what_is_chosen(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);
	static const u8 chosen[SOURCES] = { 0, 1, 0, 255 };
	static const unsigned int expected[SOURCES] = { 0, 1, 0, 1 };
	static const unsigned int next[SOURCES] = { 0, 2, 1, 1 };

	enable(t, VFIO_PCI_MSI_IRQ_INDEX, SOURCES);
	KUNIT_EXPECT_EQ(test, ask(t, VFIO_PCI_MSI_IRQ_INDEX,
				  VFIO_IRQ_SET_ACTION_TRIGGER |
				  VFIO_IRQ_SET_DATA_BOOL, 0, SOURCES, chosen),
			0);
	KUNIT_EXPECT_MEMEQ(test, t->fired, expected, sizeof(expected));
	KUNIT_EXPECT_EQ(test, ask(t, VFIO_PCI_MSI_IRQ_INDEX,
				  VFIO_IRQ_SET_ACTION_TRIGGER |
				  VFIO_IRQ_SET_DATA_NONE, 1, 2, NULL), 0);
	KUNIT_EXPECT_MEMEQ(test, t->fired, next, sizeof(next));
	KUNIT_EXPECT_EQ(test, t->spdev.irqs.level, 0);
}

static void bool_of_0_masks_nothing(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);
	static const u8 no, yes = 1;

	enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	KUNIT_EXPECT_EQ(test, ask(t, 0, VFIO_IRQ_SET_ACTION_MASK |
				  VFIO_IRQ_SET_DATA_BOOL, 0, 1, &no), 0);
	KUNIT_EXPECT_FALSE(test, t->spdev.irqs.masked);
	KUNIT_EXPECT_EQ(test, ask(t, 0, VFIO_IRQ_SET_ACTION_MASK |
				  VFIO_IRQ_SET_DATA_BOOL, 0, 1, &yes), 0);
	KUNIT_EXPECT_TRUE(test, t->spdev.irqs.masked);
	KUNIT_EXPECT_EQ(test, ask(t, 0, VFIO_IRQ_SET_ACTION_UNMASK |
				  VFIO_IRQ_SET_DATA_BOOL, 0, 1, &no), 0);
	KUNIT_EXPECT_TRUE(test, t->spdev.irqs.masked);
}

/* What asked before anyone listened must not be lost. */
static void enabling_messages_sends_what_is_pending(struct kunit *test)
{
	static const s32 none[SOURCES] = { -1, -1, -1, -1 };
	struct kunit_irqs *t = irqs_device(test);

	config_put(&t->spdev, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	set_level(t, 1, true);
	set_level(t, 3, true);
	KUNIT_EXPECT_EQ(test, t->signals, 0);
	KUNIT_EXPECT_EQ(test, ask(t, VFIO_PCI_MSI_IRQ_INDEX,
				  VFIO_IRQ_SET_ACTION_TRIGGER |
				  VFIO_IRQ_SET_DATA_EVENTFD, 0, 3, none), 0);
	KUNIT_EXPECT_EQ(test, t->signals, 2);
	/* Not again for a user who exchanges eventfds. */
	KUNIT_EXPECT_EQ(test, ask(t, VFIO_PCI_MSI_IRQ_INDEX,
				  VFIO_IRQ_SET_ACTION_TRIGGER |
				  VFIO_IRQ_SET_DATA_EVENTFD, 0, 3, none), 0);
	KUNIT_EXPECT_EQ(test, t->signals, 2);
}

static void mask_messages(struct kunit_irqs *t, u32 bits)
{
	config_put(&t->spdev, t->spdev.config.msi + PCI_MSI_MASK_64, 4, bits);
}

static u32 pending_bits(struct kunit_irqs *t)
{
	return config_get(&t->spdev, t->spdev.config.msi + PCI_MSI_PENDING_64, 4);
}

static void masked_message_is_sent_once_when_unmasked(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);

	enable(t, VFIO_PCI_MSI_IRQ_INDEX, SOURCES);
	mask_messages(t, BIT(1) | BIT(2));
	set_level(t, 0, true);
	set_level(t, 1, true);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1);
	KUNIT_EXPECT_EQ(test, t->fired[1], 0);
	KUNIT_EXPECT_EQ(test, pending_bits(t), BIT(1));
	/* Down and up is no second one. */
	set_level(t, 1, false);
	set_level(t, 1, true);
	mask_messages(t, BIT(1));
	KUNIT_EXPECT_EQ(test, t->fired[1], 0);
	mask_messages(t, BIT(0));
	KUNIT_EXPECT_EQ(test, t->fired[1], 1);
	KUNIT_EXPECT_EQ(test, pending_bits(t), 0);
	mask_messages(t, 0);
	KUNIT_EXPECT_EQ(test, t->signals, 2);
}

static void message_that_was_served_is_not_sent(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);

	/* Sources 1, 2 and 3 share the second message. */
	enable(t, VFIO_PCI_MSI_IRQ_INDEX, 2);
	mask_messages(t, BIT(1));
	set_level(t, 1, true);
	set_level(t, 2, true);
	set_level(t, 1, false);
	KUNIT_EXPECT_EQ(test, pending_bits(t), BIT(1));
	set_level(t, 2, false);
	KUNIT_EXPECT_EQ(test, pending_bits(t), 0);
	mask_messages(t, 0);
	KUNIT_EXPECT_EQ(test, t->signals, 0);
}

static void reset_and_disable_forget_what_is_pending(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);

	enable(t, VFIO_PCI_MSI_IRQ_INDEX, SOURCES);
	mask_messages(t, GENMASK(SOURCES - 1, 0));
	set_level(t, 3, true);
	scoped_guard(softpci, &t->spdev) {
		softpci_irq_reset(&t->spdev);
		softpci_config_reset(&t->spdev);
	}
	KUNIT_EXPECT_EQ(test, pending_bits(t), 0);

	mask_messages(t, GENMASK(SOURCES - 1, 0));
	set_level(t, 3, true);
	KUNIT_EXPECT_EQ(test, pending_bits(t), BIT(3));
	/* What stands for eventfds here is none to be put. */
	memset(t->spdev.irqs.trigger, 0, sizeof(t->spdev.irqs.trigger));
	KUNIT_EXPECT_EQ(test, ask(t, VFIO_PCI_MSI_IRQ_INDEX,
				  VFIO_IRQ_SET_ACTION_TRIGGER |
				  VFIO_IRQ_SET_DATA_NONE, 0, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, pending_bits(t), 0);
	KUNIT_EXPECT_EQ(test, t->signals, 0);
}

/*
 * Ways to hold interrupts back in config space, and to let them go: a dword each
 * time, as the width makes no difference.
 */
static const struct hold_case {
	const char *name;
	bool intx;	/* holds INTx back */
	bool msi;	/* holds messages back, and keeps them pending */
	u32 command;
	bool d3hot;
	bool msi_disable;
} hold_cases[] = {
	{ .name = "Bus Master off", .msi = true },
	{ .name = "D3hot", .intx = true, .msi = true, .d3hot = true,
	  .command = PCI_COMMAND_MASTER },
	{ .name = "MSI Enable off", .msi = true, .msi_disable = true,
	  .command = PCI_COMMAND_MASTER },
	{ .name = "INTx Disable", .intx = true,
	  .command = PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE },
	{ .name = "decoding off", .command = PCI_COMMAND_MASTER },
};

KUNIT_ARRAY_PARAM_DESC(hold, hold_cases, name);

static void put_hold(struct kunit_irqs *t, u32 command, bool d3hot,
		     bool msi_disable)
{
	const struct softpci_config *cfg = &t->spdev.config;

	config_put(&t->spdev, cfg->msi + PCI_MSI_FLAGS, 2,
		   msi_disable ? 0 : PCI_MSI_FLAGS_ENABLE);
	config_put(&t->spdev, PCI_COMMAND, 4, command);
	config_put(&t->spdev, cfg->pm + PCI_PM_CTRL, 4, d3hot ? 3 : 0);
}

static void hold(struct kunit_irqs *t, const struct hold_case *c)
{
	put_hold(t, c->command, c->d3hot, c->msi_disable);
}

static void let_go(struct kunit_irqs *t)
{
	put_hold(t, PCI_COMMAND_IO | PCI_COMMAND_MASTER, false, false);
}

static void intx_is_held_back_and_delivered_when_allowed(struct kunit *test)
{
	const struct hold_case *c = test->param_value;
	struct kunit_irqs *t = irqs_device(test);

	enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	hold(t, c);
	set_level(t, 0, true);
	KUNIT_EXPECT_EQ(test, t->fired[0], !c->intx);
	KUNIT_EXPECT_TRUE(test, interrupt_status(t));
	let_go(t);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1);
	KUNIT_EXPECT_TRUE(test, t->spdev.irqs.masked);

	/* By unmasking, it is held back as well. */
	hold(t, c);
	unmask(t);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1 + !c->intx);
	/* The level goes while it is held: there is nothing to deliver. */
	set_level(t, 0, false);
	unmask(t);
	let_go(t);
	KUNIT_EXPECT_EQ(test, t->fired[0], 1 + !c->intx);
}

static void message_is_held_back_and_sent_when_allowed(struct kunit *test)
{
	const struct hold_case *c = test->param_value;
	struct kunit_irqs *t = irqs_device(test);

	enable(t, VFIO_PCI_MSI_IRQ_INDEX, SOURCES);
	hold(t, c);
	set_level(t, 1, true);
	set_level(t, 2, true);
	KUNIT_EXPECT_EQ(test, t->fired[1], !c->msi);
	KUNIT_EXPECT_EQ(test, pending_bits(t), c->msi ? BIT(1) | BIT(2) : 0);
	/* Served meanwhile. */
	set_level(t, 2, false);
	KUNIT_EXPECT_EQ(test, pending_bits(t), c->msi ? BIT(1) : 0);
	/* A mask counts as well, after that. */
	mask_messages(t, BIT(1));
	let_go(t);
	KUNIT_EXPECT_EQ(test, t->fired[1], !c->msi);
	mask_messages(t, 0);
	KUNIT_EXPECT_EQ(test, t->fired[1], 1);
	KUNIT_EXPECT_EQ(test, t->fired[2], !c->msi);
	KUNIT_EXPECT_EQ(test, pending_bits(t), 0);
	let_go(t);
	KUNIT_EXPECT_EQ(test, t->fired[1], 1);
}

/* Whatever the guest does to its device: a user tries its own wiring. */
static void loop_back_is_never_held_back(struct kunit *test)
{
	const struct hold_case *c = test->param_value;
	struct kunit_irqs *t = irqs_device(test);
	unsigned int index;

	for (index = 0; index <= VFIO_PCI_MSI_IRQ_INDEX; index++) {
		enable(t, index, 1);
		hold(t, c);
		KUNIT_EXPECT_EQ(test, ask(t, index, VFIO_IRQ_SET_ACTION_TRIGGER |
					  VFIO_IRQ_SET_DATA_NONE, 0, 1, NULL), 0);
		KUNIT_EXPECT_EQ(test, t->fired[0], index + 1);
	}
}

static void intx_without_an_eventfd_is_enabled(struct kunit *test)
{
	const u32 eventfd = VFIO_IRQ_SET_ACTION_TRIGGER |
			    VFIO_IRQ_SET_DATA_EVENTFD;
	struct kunit_irqs *t = irqs_device(test);
	struct softpci_irqs *irqs = &t->spdev.irqs;
	static const s32 none = -1;
	unsigned int enabled;

	for (enabled = 0; enabled < 2; enabled++) {
		if (enabled)
			enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
		/* The test's eventfd is none that could be put. */
		irqs->trigger[0] = NULL;
		KUNIT_EXPECT_EQ(test, ask(t, 0, eventfd, 0, 1, &none), 0);
		KUNIT_EXPECT_EQ(test, irqs->index, VFIO_PCI_INTX_IRQ_INDEX);
		set_level(t, 0, true);
		KUNIT_EXPECT_EQ(test, mask(t), 0);
		KUNIT_EXPECT_EQ(test, unmask(t), 0);
		KUNIT_EXPECT_EQ(test, ask(t, 1, eventfd, 0, 1, &none), -EINVAL);
		KUNIT_EXPECT_EQ(test, t->signals, 0);
		KUNIT_EXPECT_FALSE(test, irqs->masked);
		set_level(t, 0, false);
	}
	KUNIT_EXPECT_EQ(test, ask(t, 0, VFIO_IRQ_SET_ACTION_TRIGGER |
				  VFIO_IRQ_SET_DATA_NONE, 0, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, irqs->index, VFIO_PCI_NUM_IRQS);
}

static u32 msi_enable_bit(struct kunit_irqs *t)
{
	return config_get(&t->spdev, t->spdev.config.msi + PCI_MSI_FLAGS, 2) &
	       PCI_MSI_FLAGS_ENABLE;
}

/* So a user of the ioctl alone gets messages. */
static void msi_enable_follows_the_ioctl(struct kunit *test)
{
	static const s32 none[SOURCES] = { -1, -1, -1, -1 };
	struct kunit_irqs *t = irqs_device(test);
	const u32 eventfd = VFIO_IRQ_SET_ACTION_TRIGGER |
			    VFIO_IRQ_SET_DATA_EVENTFD;
	const u32 disable = VFIO_IRQ_SET_ACTION_TRIGGER |
			    VFIO_IRQ_SET_DATA_NONE;
	unsigned int i;

	config_put(&t->spdev, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_FALSE(test, msi_enable_bit(t));
		KUNIT_EXPECT_EQ(test, ask(t, 1, eventfd, 0, 2, none), 0);
		KUNIT_EXPECT_TRUE(test, msi_enable_bit(t));
		/* What the guest clears stays clear if eventfds are exchanged. */
		let_go(t);
		put_hold(t, PCI_COMMAND_MASTER, false, true);
		KUNIT_EXPECT_EQ(test, ask(t, 1, eventfd, 1, 1, none), 0);
		KUNIT_EXPECT_FALSE(test, msi_enable_bit(t));
		let_go(t);
		KUNIT_EXPECT_TRUE(test, msi_enable_bit(t));
		KUNIT_EXPECT_EQ(test, ask(t, 1, disable, 0, 0, NULL), 0);
	}
	KUNIT_EXPECT_FALSE(test, msi_enable_bit(t));

	/* An enabling that is refused is none, and INTx has no part in it. */
	KUNIT_EXPECT_EQ(test, ask(t, 1, eventfd, 0, SOURCES + 1, none), -EINVAL);
	KUNIT_EXPECT_FALSE(test, msi_enable_bit(t));
	let_go(t);
	KUNIT_EXPECT_EQ(test, ask(t, 0, disable, 0, 0, NULL), 0);
	KUNIT_EXPECT_TRUE(test, msi_enable_bit(t));
}

#define I	(-EINVAL)
#define T	(-ENOTTY)

enum { NONE, BOOL, EVENTFD, NR_DATA };

static const u32 data_flag[NR_DATA] = {
	VFIO_IRQ_SET_DATA_NONE, VFIO_IRQ_SET_DATA_BOOL,
	VFIO_IRQ_SET_DATA_EVENTFD,
};

static const u32 action_flag[NR_ACTIONS] = {
	VFIO_IRQ_SET_ACTION_MASK, VFIO_IRQ_SET_ACTION_UNMASK,
	VFIO_IRQ_SET_ACTION_TRIGGER,
};

/*
 * The errno of each combination, by data type and by count.  The device has
 * one INTx, four messages, of which two are enabled in the second half, and
 * REQ; the bools are 1, the eventfds -1, which is none.
 */
static const struct set_case {
	const char *name;
	unsigned int index;
	unsigned int action;
	unsigned int enabled;
	int ret[NR_DATA][SOURCES + 2];
} set_cases[] = {
	/*	index, action, enabled
	 *	{ none: 0..5 }, { bool: 0..5 }, { eventfd: 0..5 }
	 */
	{ "INTx mask, all off", 0, 0, 5,
	  { { I, I, I, I, I, I }, { I, I, I, I, I, I }, { I, I, I, I, I, I } } },
	{ "INTx unmask, all off", 0, 1, 5,
	  { { I, I, I, I, I, I }, { I, I, I, I, I, I }, { I, I, I, I, I, I } } },
	{ "INTx trigger, all off", 0, 2, 5,
	  { { 0, I, I, I, I, I }, { I, I, I, I, I, I }, { I, 0, I, I, I, I } } },
	{ "MSI mask, all off", 1, 0, 5,
	  { { I, T, T, T, T, I }, { I, T, T, T, T, I }, { I, T, T, T, T, I } } },
	{ "MSI unmask, all off", 1, 1, 5,
	  { { I, T, T, T, T, I }, { I, T, T, T, T, I }, { I, T, T, T, T, I } } },
	{ "MSI trigger, all off", 1, 2, 5,
	  { { 0, I, I, I, I, I }, { I, I, I, I, I, I }, { I, 0, 0, 0, 0, I } } },
	{ "REQ mask", 4, 0, 5,
	  { { I, T, I, I, I, I }, { I, T, I, I, I, I }, { I, T, I, I, I, I } } },
	{ "REQ unmask", 4, 1, 5,
	  { { I, T, I, I, I, I }, { I, T, I, I, I, I }, { I, T, I, I, I, I } } },
	{ "REQ trigger", 4, 2, 5,
	  { { 0, I, I, I, I, I }, { I, I, I, I, I, I }, { I, 0, I, I, I, I } } },

	{ "INTx mask, INTx on", 0, 0, 0,
	  { { I, 0, I, I, I, I }, { I, 0, I, I, I, I }, { I, 0, I, I, I, I } } },
	{ "INTx unmask, INTx on", 0, 1, 0,
	  { { I, 0, I, I, I, I }, { I, 0, I, I, I, I }, { I, 0, I, I, I, I } } },
	{ "INTx trigger, INTx on", 0, 2, 0,
	  { { 0, 0, I, I, I, I }, { I, 0, I, I, I, I }, { I, 0, I, I, I, I } } },
	{ "MSI trigger, INTx on", 1, 2, 0,
	  { { I, I, I, I, I, I }, { I, I, I, I, I, I }, { I, I, I, I, I, I } } },

	{ "INTx mask, MSI on", 0, 0, 1,
	  { { I, I, I, I, I, I }, { I, I, I, I, I, I }, { I, I, I, I, I, I } } },
	{ "INTx unmask, MSI on", 0, 1, 1,
	  { { I, I, I, I, I, I }, { I, I, I, I, I, I }, { I, I, I, I, I, I } } },
	{ "INTx trigger, MSI on", 0, 2, 1,
	  { { I, I, I, I, I, I }, { I, I, I, I, I, I }, { I, I, I, I, I, I } } },
	{ "MSI mask, MSI on", 1, 0, 1,
	  { { I, T, T, T, T, I }, { I, T, T, T, T, I }, { I, T, T, T, T, I } } },
	{ "MSI unmask, MSI on", 1, 1, 1,
	  { { I, T, T, T, T, I }, { I, T, T, T, T, I }, { I, T, T, T, T, I } } },
	{ "MSI trigger, MSI on", 1, 2, 1,
	  { { 0, 0, 0, I, I, I }, { I, 0, 0, I, I, I }, { I, 0, 0, I, I, I } } },
	{ "REQ trigger, MSI on", 4, 2, 1,
	  { { 0, I, I, I, I, I }, { I, I, I, I, I, I }, { I, 0, I, I, I, I } } },
};

KUNIT_ARRAY_PARAM_DESC(set, set_cases, name);

static void remember(struct kunit_irqs *t)
{
	memcpy(&t->before, &t->spdev.irqs, sizeof(t->before));
}

/* All but the locks. */
static bool unchanged(struct kunit_irqs *t)
{
	const struct softpci_irqs *old = &t->before, *new = &t->spdev.irqs;

	return old->index == new->index && old->level == new->level &&
	       old->masked == new->masked && old->nr_vectors == new->nr_vectors &&
	       !memcmp(old->trigger, new->trigger, sizeof(new->trigger)) &&
	       old->req == new->req && old->mask == new->mask &&
	       old->unmask == new->unmask;
}

static void each_combination_has_its_errno(struct kunit *test)
{
	static const s32 fds[SOURCES + 1] = { -1, -1, -1, -1, -1 };
	const struct set_case *c = test->param_value;
	static const u8 bools[SOURCES + 1] = { 1, 1, 1, 1, 1 };
	unsigned int data, count;
	int ret;

	for (data = 0; data < NR_DATA; data++)
		for (count = 0; count < SOURCES + 2; count++) {
			struct kunit_irqs *t = irqs_device(test);

			scoped_guard(softpci, &t->spdev)
				irq_select(&t->spdev, c->enabled,
					   c->enabled == VFIO_PCI_NUM_IRQS ? 0 :
					   c->enabled + 1);
			remember(t);
			ret = ask(t, c->index,
				  action_flag[c->action] | data_flag[data], 0,
				  count, data == BOOL ? (void *)bools :
							(void *)fds);
			KUNIT_EXPECT_EQ_MSG(test, ret, c->ret[data][count],
					    "data type %u, count %u", data,
					    count);
			KUNIT_EXPECT_TRUE_MSG(test, !ret || unchanged(t),
					      "data type %u, count %u", data,
					      count);
		}
}

/* Flags are one action and one data type, and no other bit. */
static void other_flags_are_refused(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);
	static const s32 none = -1;
	unsigned int index, flags;

	enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	for (index = 0; index < VFIO_PCI_NUM_IRQS; index++)
		for (flags = 0; flags < BIT(8); flags++) {
			u32 action = flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
			u32 data = flags & VFIO_IRQ_SET_DATA_TYPE_MASK;

			if (hweight32(action) == 1 && hweight32(data) == 1 &&
			    flags == (action | data))
				continue;
			KUNIT_EXPECT_EQ_MSG(test, ask(t, index, flags, 0, 1,
						      &none), -EINVAL,
					    "index %u, flags %x", index, flags);
		}
	KUNIT_EXPECT_EQ(test, t->fired[0], 0);
	KUNIT_EXPECT_FALSE(test, t->spdev.irqs.masked);
}

static void missing_index_or_vector_is_refused(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);
	static const s32 none[2] = { -1, -1 };
	const u32 flags = VFIO_IRQ_SET_ACTION_TRIGGER |
			  VFIO_IRQ_SET_DATA_EVENTFD;

	unsigned int action, data, count;

	for (action = 0; action < NR_ACTIONS; action++)
		for (data = 0; data < NR_DATA; data++)
			for (count = 0; count < 3; count++) {
				u32 any = action_flag[action] | data_flag[data];

				KUNIT_EXPECT_EQ(test, ask(t, 2, any, 0, count,
							  none), -EINVAL);
				KUNIT_EXPECT_EQ(test, ask(t, 3, any, 0, count,
							  none), -EINVAL);
				KUNIT_EXPECT_EQ(test, ask(t, 5, any, 0, count,
							  none), -EINVAL);
			}
	KUNIT_EXPECT_EQ(test, ask(t, 1, flags, 3, 2, none), -EINVAL);
	KUNIT_EXPECT_EQ(test, ask(t, 1, flags, 4, 1, none), -EINVAL);
	KUNIT_EXPECT_EQ(test, ask(t, 1, flags, U32_MAX, 1, none), -EINVAL);
	KUNIT_EXPECT_EQ(test, ask(t, 1, flags, U32_MAX - 1, 2, none), -EINVAL);
	KUNIT_EXPECT_EQ(test, t->spdev.irqs.index, VFIO_PCI_NUM_IRQS);
	/* The first call says how many there are, from 0 up to its last. */
	KUNIT_EXPECT_EQ(test, ask(t, 1, flags, 2, 1, none), 0);
	KUNIT_EXPECT_EQ(test, t->spdev.irqs.nr_vectors, 3);
	KUNIT_EXPECT_EQ(test, ask(t, 1, flags, 3, 1, none), -EINVAL);
}

/* All of the eventfds or none, wherever the bad one is. */
static void bad_eventfd_changes_nothing(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);
	const u32 flags = VFIO_IRQ_SET_DATA_EVENTFD;
	unsigned int i;

	enable(t, VFIO_PCI_MSI_IRQ_INDEX, SOURCES);
	remember(t);
	for (i = 0; i < SOURCES; i++) {
		s32 fds[SOURCES] = { -1, -1, -1, -1 };

		fds[i] = -2;
		KUNIT_EXPECT_EQ(test, ask(t, 1, flags |
					  VFIO_IRQ_SET_ACTION_TRIGGER, 0,
					  SOURCES, fds), -EBADF);
		KUNIT_EXPECT_EQ(test, ask(t, 4, flags |
					  VFIO_IRQ_SET_ACTION_TRIGGER, 0, 1,
					  &fds[i]), -EBADF);
	}
	KUNIT_EXPECT_TRUE(test, unchanged(t));

	enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	remember(t);
	for (i = 0; i < NR_ACTIONS; i++) {
		s32 fd = S32_MAX;

		KUNIT_EXPECT_EQ(test, ask(t, 0, flags | action_flag[i], 0, 1,
					  &fd), -EBADF);
	}
	KUNIT_EXPECT_TRUE(test, unchanged(t));
}

static void req_is_fired_by_removal_and_by_hand(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);
	static const u8 no, yes = 1;

	t->spdev.irqs.req = (struct eventfd_ctx *)&t->fired[5];
	softpci_request(&t->spdev.vdev, 0);
	KUNIT_EXPECT_EQ(test, t->fired[5], 1);
	KUNIT_EXPECT_EQ(test, ask(t, VFIO_PCI_REQ_IRQ_INDEX,
				  VFIO_IRQ_SET_ACTION_TRIGGER |
				  VFIO_IRQ_SET_DATA_BOOL, 0, 1, &no), 0);
	KUNIT_EXPECT_EQ(test, t->fired[5], 1);
	KUNIT_EXPECT_EQ(test, ask(t, VFIO_PCI_REQ_IRQ_INDEX,
				  VFIO_IRQ_SET_ACTION_TRIGGER |
				  VFIO_IRQ_SET_DATA_BOOL, 0, 1, &yes), 0);
	KUNIT_EXPECT_EQ(test, t->fired[5], 2);
	KUNIT_EXPECT_EQ(test, ask(t, VFIO_PCI_REQ_IRQ_INDEX,
				  VFIO_IRQ_SET_ACTION_TRIGGER |
				  VFIO_IRQ_SET_DATA_NONE, 0, 1, NULL), 0);
	KUNIT_EXPECT_EQ(test, t->fired[5], 3);
}

/* With a REQ eventfd and without: at once, and then every tenth time. */
static void removal_that_waits_is_logged_at_once_and_then_rarely(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);
	unsigned int count, req;

	for (req = 0; req < 2; req++) {
		t->spdev.irqs.req = req ? (struct eventfd_ctx *)&t->fired[5] :
					  NULL;
		t->lines = 0;
		t->fired[5] = 0;
		for (count = 0; count < 100; count++) {
			softpci_request(&t->spdev.vdev, count);
			KUNIT_EXPECT_EQ(test, t->lines, 1 + count / 10);
			KUNIT_EXPECT_EQ(test, t->asked, req);
			KUNIT_EXPECT_EQ(test, t->fired[5], req * (count + 1));
		}
	}
}

static struct kunit_case irq_cases[] = {
	KUNIT_CASE(intx_is_delivered_once_until_unmasked),
	KUNIT_CASE(intx_is_the_or_of_all_sources),
	KUNIT_CASE(unmask_without_service_waits_longer_each_time),
	KUNIT_CASE(unmask_that_waits_happens_when_the_level_changes),
	KUNIT_CASE(ioctl_comes_after_an_unmask_that_waits),
	KUNIT_CASE(mask_by_eventfd_comes_after_an_unmask_that_waits),
	KUNIT_CASE(reset_and_disable_forget_an_unmask_that_waits),
	KUNIT_CASE(service_gives_a_new_burst_in_any_later_jiffy),
	KUNIT_CASE(eventfds_that_mask_neither_sleep_nor_use_vfios_work),
	KUNIT_CASE(masked_intx_waits),
	KUNIT_CASE(intx_disable_holds_it_back),
	KUNIT_CASE(interrupt_status_follows_the_level),
	KUNIT_CASE(device_without_a_pin_has_no_intx),
	KUNIT_CASE(each_source_sends_its_message_when_it_rises),
	KUNIT_CASE(masked_message_is_sent_once_when_unmasked),
	KUNIT_CASE(message_that_was_served_is_not_sent),
	KUNIT_CASE(reset_and_disable_forget_what_is_pending),
	KUNIT_CASE(intx_disable_does_not_stop_messages),
	KUNIT_CASE(nothing_is_sent_when_nothing_is_enabled),
	KUNIT_CASE(reset_lowers_all_and_unmasks),
	KUNIT_CASE(loop_back_fires_what_is_chosen),
	KUNIT_CASE_PARAM(intx_is_held_back_and_delivered_when_allowed,
			 hold_gen_params),
	KUNIT_CASE_PARAM(message_is_held_back_and_sent_when_allowed,
			 hold_gen_params),
	KUNIT_CASE_PARAM(loop_back_is_never_held_back, hold_gen_params),
	KUNIT_CASE(intx_without_an_eventfd_is_enabled),
	KUNIT_CASE(msi_enable_follows_the_ioctl),
	KUNIT_CASE(bool_of_0_masks_nothing),
	KUNIT_CASE(enabling_messages_sends_what_is_pending),
	KUNIT_CASE_PARAM(each_combination_has_its_errno, set_gen_params),
	KUNIT_CASE(other_flags_are_refused),
	KUNIT_CASE(missing_index_or_vector_is_refused),
	KUNIT_CASE(bad_eventfd_changes_nothing),
	KUNIT_CASE(req_is_fired_by_removal_and_by_hand),
	KUNIT_CASE(removal_that_waits_is_logged_at_once_and_then_rarely),
	{}
};

static struct kunit_suite irq_suite = {
	.name = "softpci-irq",
	.test_cases = irq_cases,
};

kunit_test_suite(irq_suite);
