// SPDX-License-Identifier: GPL-2.0-only
/* The DMA engine with registers that are polled, and its state. */

static struct kunit_host *polled_engine(struct kunit *test)
{
	return engine_of(test, &softpci_ioat_polled_model);
}

/* As the front end does when a driver sets up messages. */
static void set_up_vectors(struct kunit_host *host)
{
	guard(softpci)(host->dev);
	host->dev->model->ops->config(host->dev, SOFTPCI_CONFIG_VECTORS);
}

static void a_polled_channel_leaves_halted_with_the_vectors(struct kunit *test)
{
	struct kunit_host *host = polled_engine(test);

	KUNIT_EXPECT_EQ(test, status(host), IOAT_HALTED);
	set_up_vectors(host);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_SUSPENDED);
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_HALTED);

	/* Only that one. */
	host = engine(test);
	set_up_vectors(host);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_HALTED);
}

/* The driver of the kernel's selftests writes the same values again and again. */
static void a_polled_channel_needs_no_change_but_the_count(struct kunit *test)
{
	struct kunit_host *host = polled_engine(test);
	unsigned int i;

	set_up_vectors(host);
	set_desc(host, 0, COPY | IOAT_DESC_INT_EN, BYTES, SOURCE, TARGET)->next =
		cpu_to_le64(DESC(0));
	put(host, IOAT_CHAINADDR, DESC(0));
	put(host, IOAT_CHANCTRL, IOAT_CHANCTRL_INT_REARM);
	for (i = 1; i <= 3; i++) {
		KUNIT_EXPECT_EQ(test, get(host, IOAT_CHAINADDR), DESC(0));
		KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANCTRL), 0);
		KUNIT_EXPECT_EQ(test, get(host, IOAT_DMACOUNT), 0);
		host->memory[TARGET] = 0;
		put(host, IOAT_DMACOUNT, 1);
		wait_for_jobs(host);
		KUNIT_EXPECT_EQ(test, status(host), IOAT_DONE);
		KUNIT_EXPECT_EQ(test, host->messages[0], i);
		KUNIT_EXPECT_EQ(test, host->memory[TARGET], host->memory[SOURCE]);
		put(host, IOAT_CHANCMD, IOAT_CHANCMD_SUSPEND);
		KUNIT_EXPECT_EQ(test, status(host), IOAT_SUSPENDED);
	}
}

/* As a front end makes one to add a capability. */
static void a_copy_of_the_polled_model_is_polled_too(struct kunit *test)
{
	struct softpci_model *model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	struct kunit_host *host;

	KUNIT_ASSERT_NOT_NULL(test, model);
	*model = softpci_ioat_polled_model;
	host = engine_of(test, model);
	interrupt_once(host);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANCTRL) & IOAT_CHANCTRL_INT_REARM, 0);
	interrupt_once(host);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 2);
}

static void expect_told(struct kunit_host *host)
{
	struct seen *seen = host->data;

	/* The last one before the message. */
	if (!host->nr_messages)
		seen->chansts = read_chansts(host->dev, 0);
}

static void registers_are_shown_before_the_message(struct kunit *test)
{
	struct kunit_host *host = polled_engine(test);
	struct seen seen = {};

	set_up_vectors(host);
	host->data = &seen;
	host->in_changed = expect_told;
	interrupt_once(host);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 1);
	KUNIT_EXPECT_EQ(test, seen.chansts, DESC(0) | IOAT_DONE);
}

static void a_polled_error_is_told_by_chanerr(struct kunit *test)
{
	struct kunit_host *host = polled_engine(test);

	set_up_vectors(host);
	set_desc(host, 0, COPY | IOAT_DESC_INT_EN, 8, NOWHERE, TARGET)->next =
		cpu_to_le64(DESC(0));
	run(host, 5);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_DONE);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANERR), IOAT_CHANERR_READ_DATA);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHAINADDR), DESC(0));
	KUNIT_EXPECT_EQ(test, host->nr_messages, 0);
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_SUSPEND);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_SUSPENDED);

	/* The next command clears it. */
	set_loop(host);
	put(host, IOAT_DMACOUNT, 1);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), DESC(0) | IOAT_DONE);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANERR), 0);

	/* A descriptor that cannot be read leads nowhere. */
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_SUSPEND);
	put(host, IOAT_CHAINADDR, NOWHERE);
	put(host, IOAT_DMACOUNT, 2);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_DONE);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANERR), IOAT_CHANERR_NEXT_ADDR);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHAINADDR), NOWHERE);
}

static void a_polled_error_halts_with_a_completion_address(struct kunit *test)
{
	struct kunit_host *host = polled_engine(test);

	put(host, IOAT_CHANCMP, COMPLETION);
	/* Idle, for a driver that looks whether its first descriptor is begun. */
	KUNIT_EXPECT_EQ(test, status(host), IOAT_DONE);
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
	set_up_vectors(host);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_SUSPENDED);
	put(host, IOAT_CHANCMP, COMPLETION);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_DONE);
	set_desc(host, 0, OP(0xff), 8, SOURCE, TARGET);
	run(host, 5);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), IOAT_HALTED);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHAINADDR), DESC(0));

	/* Vectors are no reason to leave it, and neither is a new address. */
	set_up_vectors(host);
	put(host, IOAT_CHANCMP, COMPLETION + 8);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_HALTED);
	set_loop(host);
	put(host, IOAT_DMACOUNT, 6);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), DESC(0) | IOAT_DONE);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANERR), 0);
}

/* As DPDK's driver starts one: it does not wait for the answer to each write. */
static void start_with_completions(struct kunit_host *host)
{
	put(host, IOAT_CHAINADDR, DESC(0));
	put(host, IOAT_CHANCTRL, IOAT_CHANCTRL_ERR_COMPLETION_EN);
	put(host, IOAT_CHANCMP, COMPLETION);
}

static void a_polled_channel_that_was_suspended_first_is_never_halted(struct kunit *test)
{
	struct kunit_host *host = polled_engine(test);
	unsigned int i;

	put(host, IOAT_CHANCMD, IOAT_CHANCMD_SUSPEND);
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_SUSPENDED);
	/* A start after a reset may be seen before it. */
	for (i = 0; i < 2; i++) {
		start_with_completions(host);
		KUNIT_EXPECT_EQ(test, status(host), IOAT_ARMED);
		put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
		KUNIT_EXPECT_EQ(test, status(host), IOAT_SUSPENDED);
		KUNIT_EXPECT_EQ(test, get(host, IOAT_CHAINADDR), DESC(0));
		KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANCMP), COMPLETION);
	}
	set_loop(host);
	put(host, IOAT_DMACOUNT, 1);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), DESC(0) | IOAT_DONE);
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), IOAT_SUSPENDED);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANCMP), 0);

	/* Until the function is reset. */
	KUNIT_ASSERT_EQ(test, softpci_reset(host->dev, SOFTPCI_RESET_BUS), 0);
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_HALTED);
}

/*
 * It recovers when it has read the completion: what it writes as it was has to be
 * seen, and the reset it begins with may be seen last or first.
 */
static void a_polled_driver_recovers_without_waiting(struct kunit *test)
{
	struct kunit_host *host = polled_engine(test);
	unsigned int i;

	start_with_completions(host);
	for (i = 0; i < 4; i++) {
		set_desc(host, 0, OP(0xff), 8, SOURCE, TARGET);
		put(host, IOAT_DMACOUNT, 5);
		wait_for_jobs(host);
		KUNIT_EXPECT_EQ(test, completion_of(host), IOAT_HALTED);
		KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), IOAT_ARMED);
		KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANERR), IOAT_CHANERR_CONTROL);
		KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANCTRL), 0);
		KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANCMP), 0);
		KUNIT_EXPECT_EQ(test, get(host, IOAT_DMACOUNT), 0);

		set_desc(host, 0, IOAT_DESC_NULL | IOAT_DESC_COMPL_WRITE, 1, 0, 0);
		/* All of it may be seen before a job runs. */
		KUNIT_ASSERT_EQ(test, softpci_quiesce(host->dev), 0);
		if (i & 1)
			put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
		start_with_completions(host);
		if (i & 2)
			put(host, IOAT_DMACOUNT, 1);
		if (!(i & 1))
			put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
		if (!(i & 2))
			put(host, IOAT_DMACOUNT, 1);
		KUNIT_ASSERT_EQ(test, softpci_resume(host->dev), 0);
		wait_for_jobs(host);
		KUNIT_EXPECT_EQ_MSG(test, completion_of(host),
				    DESC(0) | IOAT_DONE, "order %u", i);
		KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANERR), 0);
		KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANCMP), COMPLETION);

		put(host, IOAT_CHANCMD, IOAT_CHANCMD_SUSPEND);
		start_with_completions(host);
	}

	/* A driver that does not go on has the reset. */
	set_desc(host, 0, OP(0xff), 8, SOURCE, TARGET);
	put(host, IOAT_DMACOUNT, 1);
	wait_for_jobs(host);
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_SUSPENDED);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHAINADDR), 0);
}

/* Both quiesced: nothing is done before the new one is resumed. */
static void a_chain_that_was_not_begun_moves(struct kunit *test)
{
	struct kunit_host *from = engine(test), *to = engine(test);

	softpci_quiesce(from->dev);
	set_desc(to, 0, COPY | IOAT_DESC_INT_EN, BYTES, SOURCE, TARGET);
	put(from, IOAT_CHAINADDR, DESC(0));
	put(from, IOAT_DMACOUNT, 1);
	KUNIT_EXPECT_EQ(test, status(from), IOAT_ACTIVE);
	KUNIT_ASSERT_EQ(test, kunit_copy_state(test, from->dev, to->dev), 0);
	KUNIT_EXPECT_EQ(test, status(to), IOAT_ACTIVE);
	KUNIT_EXPECT_EQ(test, to->accesses, 0);
	KUNIT_ASSERT_EQ(test, softpci_resume(to->dev), 0);
	wait_for_jobs(to);
	KUNIT_EXPECT_EQ(test, get(to, IOAT_CHANSTS), DESC(0) | IOAT_DONE);
	KUNIT_EXPECT_MEMEQ(test, to->memory + TARGET, to->memory + SOURCE, BYTES);
	KUNIT_EXPECT_EQ(test, to->messages[0], 1);
	KUNIT_EXPECT_EQ(test, from->accesses, 0);
}

static void a_chain_goes_on_where_it_was(struct kunit *test)
{
	struct kunit_host *from = engine(test), *to = engine(test);
	unsigned int done;

	set_loop(from);
	set_loop(to);
	put(from, IOAT_CHAINADDR, DESC(0));
	put(from, IOAT_DMACOUNT, U16_MAX);
	KUNIT_ASSERT_EQ(test, softpci_quiesce(from->dev), 0);
	done = from->accesses;
	/* So it is, unless a job is not left soon. */
	KUNIT_EXPECT_LT(test, done, U16_MAX);
	KUNIT_ASSERT_EQ(test, kunit_copy_state(test, from->dev, to->dev), 0);
	KUNIT_ASSERT_EQ(test, softpci_resume(to->dev), 0);
	wait_for_jobs(to);
	KUNIT_EXPECT_EQ(test, from->accesses, done);
	KUNIT_EXPECT_EQ(test, done + to->accesses, U16_MAX);
	KUNIT_EXPECT_EQ(test, get(to, IOAT_CHANSTS), DESC(0) | IOAT_DONE);
}

static void registers_move(struct kunit *test)
{
	struct kunit_host *from = engine(test), *to = engine(test);
	static const unsigned int regs[] = {
		IOAT_INTRCTRL, IOAT_CHANCTRL, IOAT_DMACOUNT, IOAT_CHANSTS,
		IOAT_CHAINADDR, IOAT_CHANCMP, IOAT_CDAR, IOAT_CHANERR,
	};
	unsigned int i;

	put(from, IOAT_CHANCMP, COMPLETION);
	put(from, IOAT_CHANCTRL, IOAT_CHANCTRL_ERR_INT_EN);
	put(from, IOAT_CHANERR_MASK, IOAT_CHANERR_LENGTH);
	set_desc(from, 0, IOAT_DESC_NULL | IOAT_DESC_INT_EN, 1, 0, 0);
	set_desc(from, 1, COPY, 0, 0, 0);
	run(from, 3);
	interrupt_once(from);
	KUNIT_ASSERT_EQ(test, kunit_copy_state(test, from->dev, to->dev), 0);
	for (i = 0; i < ARRAY_SIZE(regs); i++)
		KUNIT_EXPECT_EQ_MSG(test, get(to, regs[i]), get(from, regs[i]),
				    "at %02xh", regs[i]);
	KUNIT_EXPECT_EQ(test, get(to, IOAT_CHANERR), IOAT_CHANERR_LENGTH);
	KUNIT_EXPECT_EQ(test, get(to, IOAT_ATTNSTATUS), 1);
	KUNIT_ASSERT_EQ(test, softpci_resume(to->dev), 0);
	wait_for_jobs(to);
	KUNIT_EXPECT_EQ(test, to->accesses, 0);
	KUNIT_EXPECT_EQ(test, to->nr_messages, 0);
}

static void a_loaded_limit_lasts_until_the_device_is_closed(struct kunit *test)
{
	struct kunit_host *from = engine(test), *to = engine(test);

	scoped_guard(softpci, from->dev)
		to_ioat(from->dev)->xfercap = XFERCAP_MIN;
	KUNIT_ASSERT_EQ(test, kunit_copy_state(test, from->dev, to->dev), 0);
	KUNIT_ASSERT_EQ(test, softpci_resume(to->dev), 0);
	KUNIT_ASSERT_EQ(test, softpci_reset(to->dev, SOFTPCI_RESET_FLR), 0);
	KUNIT_EXPECT_EQ(test, get(to, IOAT_XFERCAP), XFERCAP_MIN);
	kunit_command(to->dev, PCI_COMMAND_MASTER, 0);
	set_desc(to, 0, COPY, SZ_4K + 1, SOURCE, TARGET);
	run(to, 1);
	KUNIT_EXPECT_EQ(test, get(to, IOAT_CHANERR), IOAT_CHANERR_LENGTH);
	kunit_close(test, to);
	scoped_guard(softpci, to->dev)
		KUNIT_EXPECT_EQ(test, to_ioat(to->dev)->xfercap, xfercap);
}

static void spoil_xfercap(struct softpci_ioat *ioat)
{
	ioat->xfercap = XFERCAP_MIN - 1;
}

static void spoil_large_xfercap(struct softpci_ioat *ioat)
{
	ioat->xfercap = XFERCAP_MAX + 1;
}

static void spoil_intrctrl(struct softpci_ioat *ioat)
{
	ioat->intrctrl = IOAT_INTRCTRL_INT;
}

static void spoil_intrdelay(struct softpci_ioat *ioat)
{
	ioat->intrdelay = IOAT_INTRDELAY_MASK + 1;
}

static void spoil_chanctrl(struct softpci_ioat *ioat)
{
	ioat->chanctrl = IOAT_CHANCTRL_INT_REARM;
}

static void spoil_again(struct softpci_ioat *ioat)
{
	ioat->again = true;
}

static void spoil_status(struct softpci_ioat *ioat)
{
	ioat->status = IOAT_ARMED + 1;
}

static void spoil_count(struct softpci_ioat *ioat)
{
	ioat->status = IOAT_ACTIVE;
	ioat->counted = ioat->dmacount;
}

static void spoil_completed(struct softpci_ioat *ioat)
{
	ioat->completed = DESC(0) + 1;
}

static void spoil_chancmp(struct softpci_ioat *ioat)
{
	ioat->chancmp = COMPLETION + 1;
}

static void a_state_that_cannot_be_is_refused(struct kunit *test)
{
	static void (*const rows[])(struct softpci_ioat *ioat) = {
		spoil_xfercap, spoil_large_xfercap, spoil_intrctrl,
		spoil_intrdelay, spoil_chanctrl, spoil_again, spoil_status,
		spoil_count, spoil_completed, spoil_chancmp,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kunit_host *from = engine(test), *to = engine(test);

		put(to, IOAT_CHAINADDR, DESC(7));
		scoped_guard(softpci, from->dev)
			rows[i](to_ioat(from->dev));
		KUNIT_EXPECT_EQ_MSG(test,
				    kunit_copy_state(test, from->dev, to->dev),
				    -EINVAL, "row %u", i);
		KUNIT_EXPECT_EQ(test, get(to, IOAT_CHAINADDR), DESC(7));
		KUNIT_EXPECT_EQ(test, status(to), IOAT_ARMED);
	}
}

static struct kunit_case ioat_state_cases[] = {
	KUNIT_CASE(a_polled_channel_leaves_halted_with_the_vectors),
	KUNIT_CASE(a_polled_channel_needs_no_change_but_the_count),
	KUNIT_CASE(a_copy_of_the_polled_model_is_polled_too),
	KUNIT_CASE(registers_are_shown_before_the_message),
	KUNIT_CASE(a_polled_error_is_told_by_chanerr),
	KUNIT_CASE(a_polled_error_halts_with_a_completion_address),
	KUNIT_CASE(a_polled_channel_that_was_suspended_first_is_never_halted),
	KUNIT_CASE(a_polled_driver_recovers_without_waiting),
	KUNIT_CASE(a_chain_that_was_not_begun_moves),
	KUNIT_CASE(a_chain_goes_on_where_it_was),
	KUNIT_CASE(registers_move),
	KUNIT_CASE(a_loaded_limit_lasts_until_the_device_is_closed),
	KUNIT_CASE(a_state_that_cannot_be_is_refused),
	{}
};

static struct kunit_suite ioat_state_suite = {
	.name = "softpci-ioat-state",
	.test_cases = ioat_state_cases,
};

kunit_test_suite(ioat_state_suite);
