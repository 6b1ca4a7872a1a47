// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA engine at work: operations, errors, counts.  Included by parts/ioat.c,
 * as those behind it are: commands, interrupts, the polled model, state.
 */
#include "kunit.h"

/* Where in the guest's memory things are. */
#define DESC(_n)	(PAGE_SIZE + (_n) * sizeof(struct ioat_desc))
#define COMPLETION	(3 * PAGE_SIZE)
#define SOURCE		(4 * PAGE_SIZE)
#define TARGET		(16 * PAGE_SIZE)
/* Nothing is there. */
#define NOWHERE		(KUNIT_MEMORY_SIZE + PAGE_SIZE)
#define BYTES		(3 * PAGE_SIZE)

/* The operation of a descriptor. */
#define OP(_op)		((u32)(_op) << 24)
#define COPY		OP(IOAT_OP_COPY)
#define FILL		OP(IOAT_OP_FILL)

static u64 get(struct kunit_host *host, unsigned int reg)
{
	switch (reg) {
	case IOAT_XFERCAP:
	case IOAT_INTRCTRL:
	case IOAT_CHANCMD:
		return kunit_read(host->dev, 0, reg, 1);
	case IOAT_CHANCTRL:
	case IOAT_DMACOUNT:
		return kunit_read(host->dev, 0, reg, 2);
	case IOAT_ATTNSTATUS:
	case IOAT_CHANERR:
		return kunit_read(host->dev, 0, reg, 4);
	default:
		return kunit_read(host->dev, 0, reg, 8);
	}
}

static void put(struct kunit_host *host, unsigned int reg, u64 val)
{
	__le64 le = cpu_to_le64(val);
	unsigned int width = 8;

	switch (reg) {
	case IOAT_INTRCTRL:
	case IOAT_CHANCMD:
		width = 1;
		break;
	case IOAT_CHANCTRL:
	case IOAT_DMACOUNT:
		width = 2;
		break;
	case IOAT_CHANERR:
	case IOAT_CHANERR_MASK:
		width = 4;
		break;
	}
	/* Not kunit_write(), as some of this is in a worker. */
	kunit_access(host->dev, 0, reg, &le, width, true);
}

static u8 status(struct kunit_host *host)
{
	return get(host, IOAT_CHANSTS) & ~IOAT_CHANSTS_ADDRESS;
}

static struct kunit_host *engine_of(struct kunit *test,
				    const struct softpci_model *model)
{
	struct kunit_host *host = kunit_device(test, model);
	size_t i;

	kunit_command(host->dev, PCI_COMMAND_MASTER, 0);
	scoped_guard(softpci, host->dev) {
		softpci_irq_select(host->dev, SOFTPCI_IRQ_MSIX, 1);
		softpci_irq_mask_vector(host->dev, 0, false);
	}
	put(host, IOAT_INTRCTRL, IOAT_INTRCTRL_MSIX_VECTORS);
	for (i = 0; i < BYTES; i++)
		host->memory[SOURCE + i] = (i ^ i >> PAGE_SHIFT) | 1;
	return host;
}

static struct kunit_host *engine(struct kunit *test)
{
	return engine_of(test, &softpci_ioat_model);
}

/* The descriptor number @n of a chain in which each leads to the next. */
static struct ioat_desc *set_desc(struct kunit_host *host, unsigned int n,
				  u32 control, u32 size, u64 source, u64 target)
{
	struct ioat_desc *desc = (void *)(host->memory + DESC(n));

	*desc = (struct ioat_desc) {
		.size = cpu_to_le32(size),
		.control = cpu_to_le32(control),
		.source = cpu_to_le64(source),
		.target = cpu_to_le64(target),
		.next = cpu_to_le64(DESC(n + 1)),
	};
	return desc;
}

static void set_loop(struct kunit_host *host)
{
	set_desc(host, 0, IOAT_DESC_NULL, 1, 0, 0)->next = cpu_to_le64(DESC(0));
}

static void wait_for_jobs(struct kunit_host *host)
{
	struct softpci_jobs *jobs = &host->dev->jobs;

	wait_event(jobs->wait, READ_ONCE(jobs->done) == READ_ONCE(jobs->queued));
}

/* From descriptor 0 on, to the end. */
static void run(struct kunit_host *host, u16 count)
{
	put(host, IOAT_CHAINADDR, DESC(0));
	put(host, IOAT_DMACOUNT, count);
	wait_for_jobs(host);
}

static u64 completion_of(struct kunit_host *host)
{
	return le64_to_cpup((__le64 *)(host->memory + COMPLETION));
}

static void a_copy_is_made(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	KUNIT_EXPECT_EQ(test, status(host), IOAT_HALTED);
	set_desc(host, 0, COPY, BYTES - 2, SOURCE + 1, TARGET + 5);
	put(host, IOAT_CHAINADDR, DESC(0));
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), IOAT_ARMED);
	put(host, IOAT_DMACOUNT, 1);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), DESC(0) | IOAT_DONE);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHAINADDR), DESC(1));
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CDAR), DESC(0));
	KUNIT_EXPECT_EQ(test, get(host, IOAT_DMACOUNT), 1);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANERR), 0);
	KUNIT_EXPECT_MEMEQ(test, host->memory + TARGET + 5,
			   host->memory + SOURCE + 1, BYTES - 2);
	KUNIT_EXPECT_EQ(test, host->memory[TARGET + 4], 0);
	KUNIT_EXPECT_EQ(test, host->memory[TARGET + BYTES + 3], 0);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 0);
}

static void a_fill_repeats_its_pattern(struct kunit *test)
{
	const u64 pattern = 0x8877665544332211;
	struct kunit_host *host = engine(test);
	u32 size = 2 * PAGE_SIZE + 5, i;
	const u8 *target = host->memory + TARGET + 3;

	set_desc(host, 0, FILL, size, pattern, TARGET + 3);
	set_desc(host, 1, FILL, 3, pattern, TARGET + 8 * PAGE_SIZE);
	run(host, 2);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), DESC(1) | IOAT_DONE);
	for (i = 0; i < size; i++)
		if (target[i] != (u8)(pattern >> i % 8 * 8))
			break;
	KUNIT_EXPECT_EQ(test, i, size);
	KUNIT_EXPECT_EQ(test, target[-1], 0);
	KUNIT_EXPECT_EQ(test, target[size], 0);
	target = host->memory + TARGET + 8 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, target[2], 0x33);
	KUNIT_EXPECT_EQ(test, target[3], 0);
}

static void a_null_descriptor_moves_nothing(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	set_desc(host, 0, COPY | IOAT_DESC_NULL | IOAT_DESC_INT_EN, 1, NOWHERE,
		 NOWHERE);
	run(host, 1);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_DONE);
	KUNIT_EXPECT_EQ(test, host->messages[0], 1);
	/* The descriptor itself. */
	KUNIT_EXPECT_EQ(test, host->accesses, 1);
}

static void descriptors_are_processed_in_their_order(struct kunit *test)
{
	struct kunit_host *host = engine(test);
	unsigned int i;

	/* Each copies the bytes that the one before has written. */
	for (i = 0; i < 15; i++)
		set_desc(host, i, COPY | IOAT_DESC_FENCE, 16,
			 i ? TARGET + (i - 1) * PAGE_SIZE : SOURCE,
			 TARGET + i * PAGE_SIZE);
	run(host, 14);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), DESC(13) | IOAT_DONE);
	KUNIT_EXPECT_MEMEQ(test, host->memory + TARGET + 13 * PAGE_SIZE,
			   host->memory + SOURCE, 16);
	KUNIT_EXPECT_EQ(test, host->memory[TARGET + 14 * PAGE_SIZE], 0);
	/* And one more, as the count is of all of them. */
	put(host, IOAT_DMACOUNT, 15);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), DESC(14) | IOAT_DONE);
	KUNIT_EXPECT_EQ(test, host->memory[TARGET + 14 * PAGE_SIZE],
			host->memory[SOURCE]);
}

static void a_completion_is_written_if_the_descriptor_asks(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	put(host, IOAT_CHANCMP, COMPLETION | 5);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANCMP), COMPLETION);
	set_desc(host, 0, IOAT_DESC_NULL | IOAT_DESC_COMPL_WRITE, 1, 0, 0);
	set_desc(host, 1, IOAT_DESC_NULL, 1, 0, 0);
	set_desc(host, 2, IOAT_DESC_NULL | IOAT_DESC_COMPL_WRITE, 1, 0, 0);
	run(host, 2);
	KUNIT_EXPECT_EQ(test, completion_of(host), DESC(0) | IOAT_ACTIVE);
	put(host, IOAT_DMACOUNT, 3);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, completion_of(host), DESC(2) | IOAT_DONE);

	/* No address, no completion. */
	put(host, IOAT_CHANCMP, 0);
	memset(host->memory + COMPLETION, 0, 8);
	run(host, 3);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_DONE);
	KUNIT_EXPECT_EQ(test, completion_of(host), 0);
}

struct error_row {
	const char *what;
	u32 control, size;
	u64 source, target;
	u32 error;
};

static const struct error_row error_rows[] = {
	{ "source is not mapped", COPY, 16, NOWHERE, TARGET, IOAT_CHANERR_READ_DATA },
	{ "end of source is not mapped", COPY, BYTES, KUNIT_MEMORY_SIZE - BYTES + 1,
	  TARGET, IOAT_CHANERR_READ_DATA },
	{ "target is not mapped", COPY, 16, SOURCE, NOWHERE, IOAT_CHANERR_WRITE_DATA },
	{ "end of target is not mapped", COPY, BYTES, SOURCE,
	  KUNIT_MEMORY_SIZE - BYTES + 1, IOAT_CHANERR_WRITE_DATA },
	{ "neither is mapped", COPY, 16, NOWHERE, NOWHERE, IOAT_CHANERR_READ_DATA },
	{ "source wraps", COPY, 16, -15ULL, TARGET, IOAT_CHANERR_SRC_ADDR },
	{ "target wraps", COPY, 16, SOURCE, -15ULL, IOAT_CHANERR_DEST_ADDR },
	{ "target of a fill is not mapped", FILL, 16, 0, NOWHERE, IOAT_CHANERR_WRITE_DATA },
	{ "target of a fill wraps", FILL, 16, 0, -15ULL, IOAT_CHANERR_DEST_ADDR },
	{ "no bytes", COPY, 0, SOURCE, TARGET, IOAT_CHANERR_LENGTH },
	{ "too many bytes", COPY, SZ_1M + 1, SOURCE, TARGET, IOAT_CHANERR_LENGTH },
	{ "far too many bytes", FILL, U32_MAX, 0, TARGET, IOAT_CHANERR_LENGTH },
	{ "XOR", OP(0x87), 16, SOURCE, TARGET, IOAT_CHANERR_CONTROL },
	{ "an operation that there is not", OP(0xff), 16, SOURCE,
	  TARGET, IOAT_CHANERR_CONTROL },
};

static void expect_error(struct kunit *test, struct kunit_host *host, u32 error,
			 u64 last, u64 at)
{
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANERR), error);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), last | IOAT_HALTED);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CDAR), at);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHAINADDR), at);
	KUNIT_EXPECT_EQ(test, host->nr_messages, 0);
}

static void an_error_halts_and_is_told(struct kunit *test)
{
	struct kunit_host *host = engine(test);
	unsigned int i;

	put(host, IOAT_CHANCMP, COMPLETION);
	for (i = 0; i < ARRAY_SIZE(error_rows); i++) {
		const struct error_row *row = &error_rows[i];

		kunit_info(test, "%s", row->what);
		put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
		put(host, IOAT_CHANCMP, COMPLETION);
		put(host, IOAT_CHANCTRL, IOAT_CHANCTRL_ERR_COMPLETION_EN);
		set_desc(host, 0, IOAT_DESC_NULL, 1, 0, 0);
		set_desc(host, 1, row->control | IOAT_DESC_INT_EN |
			 IOAT_DESC_COMPL_WRITE, row->size, row->source, row->target);
		set_desc(host, 2, FILL, 1, ~0ULL, TARGET + BYTES);
		run(host, 3);
		expect_error(test, host, row->error, DESC(0), DESC(1));
		KUNIT_EXPECT_EQ(test, completion_of(host), DESC(0) | IOAT_HALTED);
		KUNIT_EXPECT_EQ(test, host->memory[TARGET + BYTES], 0);
	}
}

static void a_read_only_page_is_not_written(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	host->read_only = TARGET + PAGE_SIZE;
	set_desc(host, 0, COPY, BYTES, SOURCE, TARGET);
	run(host, 1);
	expect_error(test, host, IOAT_CHANERR_WRITE_DATA, 0, DESC(0));
	KUNIT_EXPECT_EQ(test, host->memory[TARGET + PAGE_SIZE], 0);
}

static void a_bad_address_of_a_descriptor_is_an_error(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	put(host, IOAT_CHAINADDR, DESC(0) + 8);
	put(host, IOAT_DMACOUNT, 1);
	wait_for_jobs(host);
	expect_error(test, host, IOAT_CHANERR_CHAIN_ADDR_VALUE, 0, DESC(0) + 8);

	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
	set_desc(host, 0, IOAT_DESC_NULL, 1, 0, 0)->next = cpu_to_le64(DESC(1) + 32);
	run(host, 2);
	expect_error(test, host, IOAT_CHANERR_NEXT_DESC_ALIGN, DESC(0), DESC(1) + 32);

	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
	set_desc(host, 0, IOAT_DESC_NULL, 1, 0, 0)->next = cpu_to_le64(NOWHERE);
	run(host, 2);
	expect_error(test, host, IOAT_CHANERR_NEXT_ADDR, DESC(0), NOWHERE);

	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESET);
	put(host, IOAT_CHAINADDR, -64ULL);
	put(host, IOAT_DMACOUNT, 1);
	wait_for_jobs(host);
	expect_error(test, host, IOAT_CHANERR_NEXT_ADDR, 0, -64ULL);
}

static void a_completion_that_cannot_be_written_is_an_error(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	put(host, IOAT_CHANCMP, NOWHERE);
	set_desc(host, 0, FILL | IOAT_DESC_COMPL_WRITE | IOAT_DESC_INT_EN, 1, 1,
		 TARGET);
	run(host, 1);
	expect_error(test, host, IOAT_CHANERR_COMPLETION_ADDR, 0, DESC(0));
	KUNIT_EXPECT_EQ(test, host->memory[TARGET], 1);
}

static void without_bus_master_nothing_is_read(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	kunit_command(host->dev, 0, PCI_COMMAND_MASTER);
	set_loop(host);
	run(host, 1);
	expect_error(test, host, IOAT_CHANERR_NEXT_ADDR, 0, DESC(0));
	KUNIT_EXPECT_EQ(test, host->accesses, 0);
}

static void a_halted_channel_goes_on_when_its_error_is_cleared(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	set_desc(host, 0, FILL, 1, 1, TARGET);
	set_desc(host, 1, FILL, 1, 2, NOWHERE);
	set_desc(host, 2, FILL, 1, 3, TARGET + 2);
	run(host, 3);
	expect_error(test, host, IOAT_CHANERR_WRITE_DATA, DESC(0), DESC(1));

	put(host, IOAT_DMACOUNT, 4);
	put(host, IOAT_CHANCMD, IOAT_CHANCMD_RESUME);
	wait_for_jobs(host);
	expect_error(test, host, IOAT_CHANERR_WRITE_DATA, DESC(0), DESC(1));

	/* Other bits are none of its. */
	put(host, IOAT_CHANERR, ~IOAT_CHANERR_WRITE_DATA);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANERR), IOAT_CHANERR_WRITE_DATA);
	put(host, IOAT_CHANERR, IOAT_CHANERR_WRITE_DATA);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANERR), 0);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_HALTED);
	set_desc(host, 1, FILL, 1, 2, TARGET + 1);
	put(host, IOAT_DMACOUNT, 3);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), DESC(2) | IOAT_DONE);
	KUNIT_EXPECT_EQ(test, host->memory[TARGET + 1], 2);
	KUNIT_EXPECT_EQ(test, host->memory[TARGET + 2], 3);
}

static void the_count_of_descriptors_wraps(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	set_loop(host);
	run(host, U16_MAX);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_DONE);
	KUNIT_EXPECT_EQ(test, host->accesses, U16_MAX);
	put(host, IOAT_DMACOUNT, 2);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, host->accesses, U16_MAX + 3);
	/* The same count again is none. */
	put(host, IOAT_DMACOUNT, 2);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_DONE);
	KUNIT_EXPECT_EQ(test, host->accesses, U16_MAX + 3);
}

static void a_new_chain_is_counted_from_0(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	set_loop(host);
	run(host, 3);
	put(host, IOAT_CHAINADDR, DESC(0));
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANSTS), IOAT_ARMED);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_DMACOUNT), 0);
	put(host, IOAT_DMACOUNT, 2);
	wait_for_jobs(host);
	KUNIT_EXPECT_EQ(test, host->accesses, 5);
}

static void an_address_can_be_written_in_halves(struct kunit *test)
{
	struct kunit_host *host = engine(test);

	kunit_write(host->dev, 0, IOAT_CHAINADDR, 4, 0x89abcdef);
	kunit_write(host->dev, 0, IOAT_CHAINADDR + 4, 4, 0x01234567);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHAINADDR), 0x0123456789abcdef);
	kunit_write(host->dev, 0, IOAT_CHANCMP + 4, 4, 1);
	kunit_write(host->dev, 0, IOAT_CHANCMP, 4, 0x1008);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_CHANCMP), 0x100001008);
	KUNIT_EXPECT_EQ(test, kunit_read(host->dev, 0, IOAT_CHANCMP + 4, 4), 1);
	KUNIT_EXPECT_EQ(test, kunit_read(host->dev, 0, IOAT_CHANSTS, 4), IOAT_ARMED);
}

/* By the kernel's driver. */
static void the_engine_says_what_it_is(struct kunit *test)
{
	struct kunit_host *host = kunit_device(test, &softpci_ioat_model);

	KUNIT_EXPECT_EQ(test, kunit_config_read(host->dev, 0, 4), 0x20218086);
	KUNIT_EXPECT_EQ(test, kunit_config_read(host->dev, 8, 4) >> 8, 0x088000);
	KUNIT_EXPECT_EQ(test, kunit_read(host->dev, 0, IOAT_CHANCNT, 1), 1);
	KUNIT_EXPECT_EQ(test, get(host, IOAT_XFERCAP), xfercap);
	KUNIT_EXPECT_EQ(test, kunit_read(host->dev, 0, IOAT_VER, 1), 0x33);
	/* It fills, and has no XOR, PQ, prefetch of descriptors or DCA. */
	KUNIT_EXPECT_EQ(test, kunit_read(host->dev, 0, IOAT_DMA_CAP, 4), 0xc0);
	KUNIT_EXPECT_EQ(test, kunit_read(host->dev, 0, 0x14, 2), 0);
	KUNIT_EXPECT_EQ(test, status(host), IOAT_HALTED);
}

static void error_registers_are_in_config_space(struct kunit *test)
{
	struct kunit_host *host = kunit_device(test, &softpci_ioat_model);
	struct softpci_device *dev = host->dev;

	/* One capability, as long as it says, which is the last one. */
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, IOAT_VSEC, 4),
			PCI_EXT_CAP_ID_VNDR | 1 << 16);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, IOAT_VSEC + 4, 4),
			(IOAT_VSEC_END - IOAT_VSEC) << 20);
	kunit_config_write(dev, IOAT_DMAUNCERRSTS, 4, ~0);
	kunit_config_write(dev, IOAT_CHANERR_INT, 4, ~0);
	kunit_config_write(dev, IOAT_CHANERRMASK_INT, 4, 0xa5c3965a);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, IOAT_DMAUNCERRSTS, 4), 0);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, IOAT_CHANERR_INT, 4), 0);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, IOAT_CHANERRMASK_INT, 4),
			0xa5c3965a);
}

static struct kunit_case ioat_cases[] = {
	KUNIT_CASE(the_engine_says_what_it_is),
	KUNIT_CASE(error_registers_are_in_config_space),
	KUNIT_CASE(an_address_can_be_written_in_halves),
	KUNIT_CASE(a_copy_is_made),
	KUNIT_CASE(a_fill_repeats_its_pattern),
	KUNIT_CASE(a_null_descriptor_moves_nothing),
	KUNIT_CASE(descriptors_are_processed_in_their_order),
	KUNIT_CASE(a_completion_is_written_if_the_descriptor_asks),
	KUNIT_CASE(an_error_halts_and_is_told),
	KUNIT_CASE(a_read_only_page_is_not_written),
	KUNIT_CASE(a_bad_address_of_a_descriptor_is_an_error),
	KUNIT_CASE(a_completion_that_cannot_be_written_is_an_error),
	KUNIT_CASE(without_bus_master_nothing_is_read),
	KUNIT_CASE(a_halted_channel_goes_on_when_its_error_is_cleared),
	KUNIT_CASE(the_count_of_descriptors_wraps),
	KUNIT_CASE(a_new_chain_is_counted_from_0),
	{}
};

static struct kunit_suite ioat_suite = {
	.name = "softpci-ioat",
	.test_cases = ioat_cases,
};

kunit_test_suite(ioat_suite);
