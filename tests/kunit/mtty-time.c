// SPDX-License-Identifier: GPL-2.0-only
/* The timer of a paced port over a reset and a quiesce. Included behind mtty.c. */

static void block_until_paused(struct softpci_device *dev, struct softpci_job *job)
{
	wait_event(dev->jobs.wait, READ_ONCE(dev->jobs.paused));
}

static void expect_timer(struct kunit *test, struct softpci_device *dev)
{
	struct softpci_uart *uart = &to_mtty(dev)->serial.port[0].uart;

	out(dev, UART_LCR, UART_LCR_DLAB);
	out(dev, UART_DLM, 0xff);
	out(dev, UART_LCR, UART_LCR_WLEN8);
	out(dev, UART_TX, 'y');
	guard(softpci)(dev);
	KUNIT_EXPECT_TRUE(test, uart->shifting);
	KUNIT_EXPECT_EQ(test, uart->armed, uart->shift_end);
	KUNIT_EXPECT_TRUE(test, hrtimer_active(&uart->timer));
}

static void timer_goes_on_after_a_reset(struct kunit *test)
{
	struct softpci_device *dev = new_mtty(test);
	struct softpci_uart *uart = &to_mtty(dev)->serial.port[0].uart;
	struct softpci_job *job = kunit_kzalloc(test, sizeof(*job), GFP_KERNEL);

	softpci_job_init(job, block_until_paused);
	scoped_guard(softpci, dev)
		uart->paced = true;
	softpci_queue(dev, job);
	out(dev, UART_LCR, UART_LCR_WLEN8);
	out(dev, UART_TX, 'x');
	while (list_empty_careful(&uart->due.node))
		cond_resched();
	KUNIT_EXPECT_EQ(test, softpci_reset(dev, SOFTPCI_RESET_BUS), 0);
	expect_timer(test, dev);
}

/* Until the last character is received, and nothing is due any more. */
static void settle_card(struct kunit *test, struct softpci_device *dev)
{
	struct softpci_uart *uart = &to_mtty(dev)->serial.port[0].uart;
	unsigned long end = jiffies + 60 * HZ;

	do {
		flush_work(&dev->jobs.work);
		cond_resched();
	} while ((READ_ONCE(uart->shifting) || hrtimer_active(&uart->timer)) &&
		 time_before(jiffies, end));
	/* The timer may have queued it after the look above. */
	flush_work(&dev->jobs.work);
	KUNIT_EXPECT_FALSE(test, uart->shifting);
}

static void timer_goes_on_after_a_quiesce(struct kunit *test)
{
	struct softpci_device *dev = new_mtty(test);
	struct softpci_uart *uart = &to_mtty(dev)->serial.port[0].uart;

	scoped_guard(softpci, dev)
		uart->paced = true;
	softpci_quiesce(dev);
	out(dev, UART_LCR, UART_LCR_WLEN8);
	out(dev, UART_TX, 'x');
	KUNIT_EXPECT_TRUE(test, uart->shifting);
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&uart->timer));
	KUNIT_EXPECT_EQ(test, softpci_resume(dev), 0);
	/* A timer for 'x' that fires early would do for 'y' as well. */
	settle_card(test, dev);
	expect_timer(test, dev);
}

static struct kunit_case mtty_time_cases[] = {
	KUNIT_CASE(timer_goes_on_after_a_reset),
	KUNIT_CASE(timer_goes_on_after_a_quiesce),
	{}
};

static struct kunit_suite mtty_time_suite = {
	.name = "mtty-time",
	.test_cases = mtty_time_cases,
};

kunit_test_suite(mtty_time_suite);
