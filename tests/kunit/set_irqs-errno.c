// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of SET_IRQS that are refused, and change nothing.
 */
#include "vfio-irqs.h"

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
 * The errno of each combination, by data type and by count.  The device has one
 * INTx, four messages of MSI, of which two are enabled in the second half, and
 * four of MSI-X, ERR and REQ; the bools are 1, the eventfds -1, which is none.
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
	{ "MSI-X mask, all off", 2, 0, 5,
	  { { I, T, T, T, T, I }, { I, T, T, T, T, I }, { I, T, T, T, T, I } } },
	{ "MSI-X unmask, all off", 2, 1, 5,
	  { { I, T, T, T, T, I }, { I, T, T, T, T, I }, { I, T, T, T, T, I } } },
	{ "MSI-X trigger, all off", 2, 2, 5,
	  { { 0, I, I, I, I, I }, { I, I, I, I, I, I }, { I, 0, 0, 0, 0, I } } },
	{ "ERR mask", 3, 0, 5,
	  { { I, T, I, I, I, I }, { I, T, I, I, I, I }, { I, T, I, I, I, I } } },
	{ "ERR unmask", 3, 1, 5,
	  { { I, T, I, I, I, I }, { I, T, I, I, I, I }, { I, T, I, I, I, I } } },
	{ "ERR trigger", 3, 2, 5,
	  { { 0, I, I, I, I, I }, { I, I, I, I, I, I }, { I, 0, I, I, I, I } } },
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
	{ "MSI-X trigger, INTx on", 2, 2, 0,
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
	{ "MSI-X trigger, MSI on", 2, 2, 1,
	  { { I, I, I, I, I, I }, { I, I, I, I, I, I }, { I, I, I, I, I, I } } },
	{ "REQ trigger, MSI on", 4, 2, 1,
	  { { 0, I, I, I, I, I }, { I, I, I, I, I, I }, { I, 0, I, I, I, I } } },

	{ "INTx trigger, MSI-X on", 0, 2, 2,
	  { { I, I, I, I, I, I }, { I, I, I, I, I, I }, { I, I, I, I, I, I } } },
	{ "MSI trigger, MSI-X on", 1, 2, 2,
	  { { I, I, I, I, I, I }, { I, I, I, I, I, I }, { I, I, I, I, I, I } } },
	{ "MSI-X mask, MSI-X on", 2, 0, 2,
	  { { I, T, T, T, T, I }, { I, T, T, T, T, I }, { I, T, T, T, T, I } } },
	{ "MSI-X trigger, MSI-X on", 2, 2, 2,
	  { { 0, 0, 0, 0, 0, I }, { I, 0, 0, 0, 0, I }, { I, 0, 0, 0, 0, I } } },
	{ "ERR trigger, MSI-X on", 3, 2, 2,
	  { { 0, I, I, I, I, I }, { I, I, I, I, I, I }, { I, 0, I, I, I, I } } },
};

KUNIT_ARRAY_PARAM_DESC(set, set_cases, name);

/**
 * struct kunit_irqs_before - interrupts before a call
 * @irqs: the front end's
 * @trigger: the eventfds
 * @core: those of the core
 * @refs: how many references there are
 */
struct kunit_irqs_before {
	struct softpci_vfio_irqs irqs;
	struct eventfd_ctx *trigger[SOURCES];
	struct softpci_irqs core;
	int refs;
};

static void remember(struct kunit_irqs *t, struct kunit_irqs_before *before)
{
	memcpy(&before->irqs, &t->svfio->irqs, sizeof(before->irqs));
	memcpy(before->trigger, t->svfio->irqs.trigger, sizeof(before->trigger));
	before->core = t->svfio->dev->irqs;
	before->refs = count_refs(t);
}

static bool unchanged(struct kunit_irqs *t,
		      const struct kunit_irqs_before *before)
{
	const struct softpci_vfio_irqs *old = &before->irqs;
	const struct softpci_vfio_irqs *new = &t->svfio->irqs;

	return old->index == new->index && old->masked == new->masked &&
	       old->nr_vectors == new->nr_vectors &&
	       !memcmp(before->trigger, new->trigger,
		       sizeof(before->trigger)) &&
	       old->req == new->req && old->err == new->err &&
	       old->mask == new->mask && old->unmask == new->unmask &&
	       before->core.mode == t->svfio->dev->irqs.mode &&
	       before->core.level == t->svfio->dev->irqs.level &&
	       before->refs == count_refs(t);
}

static void each_combination_has_its_errno(struct kunit *test)
{
	static const s32 fds[SOURCES + 1] = { -1, -1, -1, -1, -1 };
	const struct set_case *c = test->param_value;
	static const u8 bools[SOURCES + 1] = { 1, 1, 1, 1, 1 };
	struct kunit_irqs_before before;
	unsigned int data, count;
	int ret;

	for (data = 0; data < NR_DATA; data++)
		for (count = 0; count < SOURCES + 2; count++) {
			struct kunit_irqs *t = kunit_irqs_device(test,
								 &few_vectors);

			kunit_irqs_enable(t, c->enabled, c->enabled + 1);
			remember(t, &before);
			ret = kunit_set_irqs(t, c->index,
					     action_flag[c->action] |
					     data_flag[data], 0, count,
					     data == BOOL ? (void *)bools :
							    (void *)fds);
			KUNIT_EXPECT_EQ_MSG(test, ret, c->ret[data][count],
					    "data type %u, count %u", data,
					    count);
			KUNIT_EXPECT_TRUE_MSG(test, !ret ||
					      unchanged(t, &before),
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

	kunit_irqs_enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	for (index = 0; index < VFIO_PCI_NUM_IRQS; index++)
		for (flags = 0; flags < BIT(8); flags++) {
			u32 action = flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
			u32 data = flags & VFIO_IRQ_SET_DATA_TYPE_MASK;

			if (hweight32(action) == 1 && hweight32(data) == 1 &&
			    flags == (action | data))
				continue;
			KUNIT_EXPECT_EQ_MSG(test, kunit_set_irqs(t, index, flags,
								 0, 1, &none),
					    -EINVAL, "index %u, flags %x",
					    index, flags);
		}
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 0);
	KUNIT_EXPECT_FALSE(test, t->svfio->irqs.masked);
}

static int set(struct kunit_irqs *t, unsigned int index, u32 flags,
	       unsigned int start, unsigned int count)
{
	static const s32 none[2] = { -1, -1 };

	return kunit_set_irqs(t, index, flags, start, count, none);
}

static void missing_index_or_vector_is_refused(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);
	const u32 flags = VFIO_IRQ_SET_ACTION_TRIGGER |
			  VFIO_IRQ_SET_DATA_EVENTFD;
	unsigned int action, data, count;

	for (action = 0; action < NR_ACTIONS; action++)
		for (data = 0; data < NR_DATA; data++)
			for (count = 0; count < 3; count++) {
				u32 any = action_flag[action] | data_flag[data];

				KUNIT_EXPECT_EQ(test, set(t, 2, any, 0, count),
						-EINVAL);
				KUNIT_EXPECT_EQ(test, set(t, 3, any, 0, count),
						-EINVAL);
				KUNIT_EXPECT_EQ(test, set(t, 5, any, 0, count),
						-EINVAL);
			}
	KUNIT_EXPECT_EQ(test, set(t, 1, flags, 3, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, set(t, 1, flags, 4, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, set(t, 1, flags, U32_MAX, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, set(t, 1, flags, U32_MAX - 1, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, t->svfio->irqs.index, VFIO_PCI_NUM_IRQS);
	/* The first call says how many there are, from 0 up to its last. */
	KUNIT_EXPECT_EQ(test, set(t, 1, flags, 2, 1), 0);
	KUNIT_EXPECT_EQ(test, t->svfio->irqs.nr_vectors, 3);
	KUNIT_EXPECT_EQ(test, set(t, 1, flags, 3, 1), -EINVAL);
}

/* All of the eventfds or none, wherever the bad one is. */
static void bad_eventfd_changes_nothing(struct kunit *test)
{
	struct kunit_irqs *t = kunit_irqs_device(test, &few_vectors);
	struct kunit_irqs_before before;
	unsigned int index, i;

	for (index = 1; index <= VFIO_PCI_MSIX_IRQ_INDEX; index++) {
		kunit_irqs_enable(t, index, SOURCES);
		remember(t, &before);
		for (i = 0; i < SOURCES; i++) {
			s32 fds[SOURCES] = {
				-1, FIRST_FD + 5, -1, FIRST_FD + 6,
			};

			fds[i] = -2;
			KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, index,
							     TRIGGER_EVENTFD, 0,
							     SOURCES, fds),
					-EBADF);
			KUNIT_EXPECT_EQ(test, set_one(t, 3, 0, -2), -EBADF);
			KUNIT_EXPECT_EQ(test, set_one(t, 4, 0, -2), -EBADF);
		}
		KUNIT_EXPECT_TRUE(test, unchanged(t, &before));
	}

	kunit_irqs_enable(t, VFIO_PCI_INTX_IRQ_INDEX, 1);
	remember(t, &before);
	for (i = 0; i < NR_ACTIONS; i++) {
		s32 fd = S32_MAX;

		KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, 0, action_flag[i] |
						     VFIO_IRQ_SET_DATA_EVENTFD,
						     0, 1, &fd), -EBADF);
	}
	KUNIT_EXPECT_TRUE(test, unchanged(t, &before));

	/* Nothing is enabled by a call that fails. */
	kunit_irqs_disable(t, VFIO_PCI_INTX_IRQ_INDEX);
	KUNIT_EXPECT_EQ(test, set_one(t, 2, 0, -2), -EBADF);
	KUNIT_EXPECT_EQ(test, t->svfio->irqs.index, VFIO_PCI_NUM_IRQS);
}

static struct kunit_case set_irqs_errno_cases[] = {
	KUNIT_CASE_PARAM(each_combination_has_its_errno, set_gen_params),
	KUNIT_CASE(other_flags_are_refused),
	KUNIT_CASE(missing_index_or_vector_is_refused),
	KUNIT_CASE(bad_eventfd_changes_nothing),
	{}
};

static struct kunit_suite set_irqs_errno_suite = {
	.name = "softpci-vfio-set-irqs-errno",
	.test_cases = set_irqs_errno_cases,
};

kunit_test_suite(set_irqs_errno_suite);
