// SPDX-License-Identifier: GPL-2.0-only
/* Commands to the DMA engine, also while it is at work, and its interrupts. */

/* Has the job access memory that calls @in_access, which clears itself. */
static void copy_and(struct kunit_host *host,
		     void (*in_access)(struct kunit_host *host))
{
	set_desc(host, 0, COPY | IOAT_DESC_INT_EN | IOAT_DESC_COMPL_WRITE, BYTES,
		 SOURCE, TARGET);
	set_desc(host, 1, FILL | IOAT_DESC_INT_EN | IOAT_DESC_COMPL_WRITE, 1, ~0ULL,
		 TARGET + BYTES);
	put(host, IOAT_CHANCMP, COMPLETION);
	host->in_access = in_access;
	run(host, 2);
}

/* The registers as they read while a descriptor is processed. */
struct seen {
	u64 chansts;
	u64 chainaddr;
	u8 chancmd;
};

static u64 look(struct kunit_host *host, unsigned int reg, unsigned int width)
{
	__le64 le = 0;

	kunit_access(host->dev, 0, reg, &le, width, false);
	return le64_to_cpu(le);
}

static void see(struct kunit_host *host)
{
	struct seen *seen = host->data;

	seen->chansts = look(host, IOAT_CHANSTS, 8);
	seen->chainaddr = look(host, IOAT_CHAINADDR, 8);
	seen->chancmd = look(host, IOAT_CHANCMD, 1);
}

static void suspend(struct kunit_host *host)
{
	host->in_access = NULL;
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_SUSPEND);
	see(host);
}

static void suspending_ends_with_a_descriptor(struct kunit *test)
{
	struct kunit_host *host = engine(test);
	struct seen seen;

	host->data = &seen;
	copy_and(host, suspend);
	KUNIT_EXPECT_EQ(test, seen.chansts, IOAT_ACTIVE);
	KUNIT_EXPECT_EQ(test, seen.chancmd, IOAT_CHANCMD_SUSPEND);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANCMD), 0);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), DESC(0) | IOAT_SUSPENDED);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHAINADDR), DESC(1));
	KUNIT_EXPECT_EQ(test, get(host, IOAT_DMACOUNT), 0);
	KUNIT_EXPECT_MEMEQ(test, host->memory + TARGET, host->memory + SOURCE,
			   BYTES);
	KUNIT_EXPECT_EQ(test, completion_of(host), DESC(0) | IOAT_ACTIVE);
	KUNIT_EXPECT_EQ(test, host->messages[0], 1);
	KUNIT_EXPECT_EQ(test, host->memory[TARGET + BYTES], 0);

	/* There is nothing left to resume: it is counted anew. */
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESUME);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_SUSPENDED);
	put(host, IOAT_DMACOUNT, 1);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), DESC(1) | IOAT_DONE);
	KUNIT_EXPECT_EQ(test, host->memory[TARGET + BYTES], 0xff);
}

static void reset_engine(struct kunit_host *host)
{
	host->in_access = NULL;
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
	/* No command comes behind it. */
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_SUSPEND);
	see(host);
}

static void expect_reset(struct kunit *test, struct kunit_host *host)
{
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), IOAT_HALTED);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANCMD), 0);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANCTRL), 0);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_DMACOUNT), 0);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHAINADDR), 0);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANCMP), 0);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANERR), 0);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_ATTNSTATUS), 0);
	/* The registers of the engine stay. */
	KUNIT_EXPECT_EQ(test, get(host, IOAT_INTRCTRL), IOAT_INTRCTRL_MSIX_VECTORS);
}

static void nothing_is_told_of_a_descriptor_in_a_reset(struct kunit *test)
{
	struct kunit_host *host = engine(test);
	struct seen seen;

	host->data = &seen;
	copy_and(host, reset_engine);
	/* A driver waits for it to be over: memory may still be written. */
	KUNIT_EXPECT_EQ(test, seen.chancmd, IOAT_CHANCMD_RESET);
	expect_reset(test, host);
	KUNIT_EXPECT_EQ(test, completion_of(host), 0);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 0);
	KUNIT_EXPECT_EQ(test, host->memory[TARGET + BYTES], 0);
}

static void a_reset_leads_from_any_state_to_halted(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
	expect_reset(test, host);

	put(host, IOAT_CHAINADDR, DESC(0));
	KUNIT_EXPECT_EQ(test, status(host), IOAT_ARMED);
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
	expect_reset(test, host);

	set_desc(host, 0, IOAT_DESC_NULL | IOAT_DESC_INT_EN, 1, 0, 0);
	put(host, IOAT_CHANCTRL, IOAT_CHANCTRL_ERR_INT_EN);
	run(host, 1);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_DONE);
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
	expect_reset(test, host);

	put(host, IOAT_CHANCMD, IOAT_CHANCMD_SUSPEND);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_HALTED);
	put(host, IOAT_CHAINADDR, DESC(0));
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_SUSPEND);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_SUSPENDED);
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
	expect_reset(test, host);

	set_desc(host, 0, OP(0xff), 1, 0, 0);
	put(host, IOAT_CHANCMP, COMPLETION);
	run(host, 1);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANERR), IOAT_CHANERR_CONTROL);
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
	expect_reset(test, host);
}

static void abort_engine(struct kunit_host *host)
{
	host->in_access = NULL;
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_ABORT);
}

static void aborting_halts(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	copy_and(host, abort_engine);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), DESC(0) | IOAT_HALTED);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANERR), 0);
	KUNIT_EXPECT_EQ(test, host->memory[TARGET + BYTES], 0);
}

static void give_two_commands(struct kunit_host *host)
{
	host->in_access = NULL;
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_SUSPEND | IOAT_CHANCMD_START);
}

static void two_commands_at_once_are_an_error(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	copy_and(host, give_two_commands);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), DESC(0) | IOAT_HALTED);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANERR), IOAT_CHANERR_CHANCMD);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANCMD), 0);
	/* A reset is one in any case. */
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET | IOAT_CHANCMD_START);
	expect_reset(test, host);
	give_two_commands(host);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANERR), IOAT_CHANERR_CHANCMD);
}

static void write_everything(struct kunit_host *host)
{
	host->in_access = NULL;
	put(host, IOAT_CHAINADDR, NOWHERE);
	put(host, IOAT_CHANERR, ~0);
	put(host, IOAT_DMACOUNT, 3);
	put(host, IOAT_CHANCMD, 0);
	see(host);
}

static void an_active_channel_takes_a_count_and_no_address(struct kunit *test)
{
	struct kunit_host *host = engine(test);
	struct seen seen;

	host->data = &seen;
	set_desc(host, 2, FILL, 1, ~0ULL, TARGET + BYTES + 1);
	copy_and(host, write_everything);
	KUNIT_EXPECT_EQ(test, seen.chansts, IOAT_ACTIVE);
	KUNIT_EXPECT_EQ(test, seen.chainaddr, DESC(0));
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), DESC(2) | IOAT_DONE);
	KUNIT_EXPECT_EQ(test, host->memory[TARGET + BYTES + 1], 0xff);
}

static void interrupt_once(struct kunit_host *host)
{
	set_desc(host, 0, IOAT_DESC_NULL | IOAT_DESC_INT_EN, 1, 0, 0);
	run(host, 1);
}

static void it_interrupts_once_until_it_is_re_armed(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	interrupt_once(host);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 1);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_ATTNSTATUS), 1);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANCTRL), IOAT_CHANCTRL_INT_REARM);
	interrupt_once(host);
	interrupt_once(host);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 1);

	/* By a 1 only. An interrupt that was due meanwhile comes, once. */
	put(host, IOAT_CHANCTRL, IOAT_CHANCTRL_ERR_INT_EN);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 1);
	put(host, IOAT_CHANCTRL, IOAT_CHANCTRL_INT_REARM);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 2);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_ATTNSTATUS), 1);
	put(host, IOAT_CHANCTRL, IOAT_CHANCTRL_INT_REARM);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 2);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_ATTNSTATUS), 0);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANCTRL), 0);
	interrupt_once(host);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 3);
}

static void it_interrupts_when_that_is_enabled(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	put(host, IOAT_INTRCTRL, 0);
	interrupt_once(host);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 0);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_INTRCTRL), IOAT_INTRCTRL_INT_STATUS);
	put(host, IOAT_INTRCTRL, IOAT_INTRCTRL_MASTER_INT_EN);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 1);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_INTRCTRL), IOAT_INTRCTRL_MASTER_INT_EN |
			IOAT_INTRCTRL_INT_STATUS | IOAT_INTRCTRL_INT);
	/* As the kernel's handler does: no edge, no message. */
	put(host, IOAT_INTRCTRL, get(host, IOAT_INTRCTRL));
	put(host, IOAT_CHANCTRL, IOAT_CHANCTRL_INT_REARM);
	put(host, IOAT_INTRCTRL, 0);
	put(host, IOAT_INTRCTRL, IOAT_INTRCTRL_MASTER_INT_EN);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 1);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_INTRCTRL), IOAT_INTRCTRL_MASTER_INT_EN);
	interrupt_once(host);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 2);
}

static void an_error_interrupts_if_that_is_asked_for(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	set_desc(host, 0, OP(0xff), 1, 0, 0);
	put(host, IOAT_CHANCTRL, IOAT_CHANCTRL_ERR_INT_EN);
	run(host, 1);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 1);
	put(host, IOAT_CHANERR, ~0);
	put(host, IOAT_CHANCTRL, IOAT_CHANCTRL_ERR_INT_EN | IOAT_CHANCTRL_INT_REARM);
	put(host, IOAT_CHANERR_MASK, IOAT_CHANERR_CONTROL);
	run(host, 1);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANERR), IOAT_CHANERR_CONTROL);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_HALTED);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 1);
}

static void a_chain_that_leads_to_itself_ends_with_a_reset(struct kunit *test)
{
	struct kunit_host *host = engine(test);
	unsigned int accesses;

	set_loop(host);
	put(host, IOAT_CHAINADDR, DESC(0));
	put(host, IOAT_DMACOUNT, U16_MAX);
	KUNIT_ASSERT_EQ(test, softpci_reset(host->dev, SOFTPCI_RESET_BUS), 0);
	accesses = host->accesses;
	KUNIT_EXPECT_LT(test, accesses, U16_MAX);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, host->accesses, accesses);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), IOAT_HALTED);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_INTRCTRL), 0);
}

static struct kunit_case ioat_channel_cases[] = {
	KUNIT_CASE(suspending_ends_with_a_descriptor),
	KUNIT_CASE(nothing_is_told_of_a_descriptor_in_a_reset),
	KUNIT_CASE(a_reset_leads_from_any_state_to_halted),
	KUNIT_CASE(aborting_halts),
	KUNIT_CASE(two_commands_at_once_are_an_error),
	KUNIT_CASE(an_active_channel_takes_a_count_and_no_address),
	KUNIT_CASE(it_interrupts_once_until_it_is_re_armed),
	KUNIT_CASE(it_interrupts_when_that_is_enabled),
	KUNIT_CASE(an_error_interrupts_if_that_is_asked_for),
	KUNIT_CASE(a_chain_that_leads_to_itself_ends_with_a_reset),
	{}
};

static struct kunit_suite ioat_channel_suite = {
	.name = "softpci-ioat-channel",
	.test_cases = ioat_channel_cases,
};

kunit_test_suite(ioat_channel_suite);
