// SPDX-License-Identifier: GPL-2.0-only
/*
 * Eventfds that SET_IRQS assigns, and what signals them.
 */
#include "vfio-irqs.h"

static const struct softpci_ops irqs_ops;

const struct softpci_model kunit_irqs_model = {
	.device_size = sizeof(struct softpci_device),
	.ops = &irqs_ops,
	.pin = 1,
	.nr_msi = SOURCES,
};

static const struct softpci_region msix_regions[] = {
	{
		.index = 0,
		.bar = PCI_BASE_ADDRESS_SPACE_MEMORY,
		.size = SZ_64K,
	},
};

#define MSIX_MODEL(_nr) {						\
	.device_size = sizeof(struct softpci_device),			\
	.ops = &irqs_ops,						\
	.pin = 1,							\
	.nr_msi = SOURCES,						\
	.msix = { .nr = (_nr), .table = 0, .pba = SZ_32K },		\
	.pcie = true,							\
	.regions = msix_regions,					\
	.nr_regions = ARRAY_SIZE(msix_regions),				\
}

static const struct softpci_model few_vectors = MSIX_MODEL(SOURCES);
static const struct softpci_model most_vectors = MSIX_MODEL(SOFTPCI_MAX_MSIX);

static void count_signal(struct eventfd_ctx *ctx)
{
	struct kunit_irqs *t = kunit_get_current_test()->priv;

	t->signals++;
	if (ctx)
		((struct kunit_eventfd *)ctx)->fired++;
}

static struct eventfd_ctx *get_counter(s32 fd)
{
	struct kunit_irqs *t = kunit_get_current_test()->priv;

	if (fd < FIRST_FD || fd >= FIRST_FD + NR_EVENTFDS)
		return eventfd_ctx_fdget(fd);
	t->eventfd[fd - FIRST_FD].refs++;
	return (struct eventfd_ctx *)&t->eventfd[fd - FIRST_FD];
}

static void put_counter(struct eventfd_ctx *ctx)
{
	if (ctx)
		((struct kunit_eventfd *)ctx)->refs--;
}

static void count_line(struct device *dev, unsigned int count, bool asked)
{
	struct kunit_irqs *t = kunit_get_current_test()->priv;

	t->lines++;
	t->asked = asked;
}

static int count_refs(const struct kunit_irqs *t)
{
	unsigned int i;
	int refs = 0;

	for (i = 0; i < NR_EVENTFDS; i++)
		refs += t->eventfd[i].refs;
	return refs;
}

static void action_check_refs(void *t)
{
	KUNIT_EXPECT_EQ(kunit_get_current_test(), count_refs(t), 0);
}

/**
 * kunit_irqs_device() - a device whose interrupts are counted
 * @test: at whose end it is closed and must have no eventfd left
 * @model: its model
 *
 * Return: the device, open.
 */
struct kunit_irqs *kunit_irqs_device(struct kunit *test,
				     const struct softpci_model *model)
{
	struct kunit_irqs *t;

	kunit_activate_static_stub(test, softpci_vfio_signal, count_signal);
	kunit_activate_static_stub(test, get_eventfd, get_counter);
	kunit_activate_static_stub(test, put_eventfd, put_counter);
	kunit_activate_static_stub(test, log_request, count_line);

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->eventfd = kunit_kcalloc(test, NR_EVENTFDS, sizeof(*t->eventfd),
				   GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->eventfd);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, action_check_refs, t),
			0);
	t->svfio = kunit_vfio(test, model);
	test->priv = t;
	return t;
}

static struct kunit_irqs *irqs_device(struct kunit *test)
{
	return kunit_irqs_device(test, &kunit_irqs_model);
}

/**
 * kunit_set_irqs() - VFIO_DEVICE_SET_IRQS
 * @t: the device
 * @index: of struct vfio_irq_set
 * @flags: of struct vfio_irq_set
 * @start: of struct vfio_irq_set
 * @count: of struct vfio_irq_set
 * @data: of struct vfio_irq_set
 *
 * Return: as the ioctl.
 */
int kunit_set_irqs(struct kunit_irqs *t, unsigned int index, u32 flags,
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
						 softpci_vfio_irq_count(t->svfio,
									index),
						 VFIO_PCI_NUM_IRQS, &size);
	if (ret)
		return ret;
	return softpci_vfio_set_irqs(t->svfio, &set, size ? data : NULL);
}

#define TRIGGER_EVENTFD	(VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_EVENTFD)
#define TRIGGER_BOOL	(VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_BOOL)
#define TRIGGER_NONE	(VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_NONE)

/* Assigns eventfd @i, or takes it away if that is -1. */
static int set_one(struct kunit_irqs *t, unsigned int index,
		   unsigned int vector, int i)
{
	s32 fd = i < 0 ? i : FIRST_FD + i;

	return kunit_set_irqs(t, index, TRIGGER_EVENTFD, vector, 1, &fd);
}

/**
 * kunit_irqs_disable() - disable an index
 * @t: the device
 * @index: VFIO_PCI_INTX_, MSI_ or MSIX_IRQ_INDEX
 */
void kunit_irqs_disable(struct kunit_irqs *t, unsigned int index)
{
	KUNIT_EXPECT_EQ(kunit_get_current_test(),
			kunit_set_irqs(t, index, TRIGGER_NONE, 0, 0, NULL), 0);
}

/**
 * kunit_irqs_enable() - assign one eventfd after another to vectors
 * @t: the device
 * @index: VFIO_PCI_INTX_, MSI_ or MSIX_IRQ_INDEX; VFIO_PCI_NUM_IRQS: none
 * @nr: of vectors
 *
 * Also sets Bus Master.
 */
void kunit_irqs_enable(struct kunit_irqs *t, unsigned int index,
		       unsigned int nr)
{
	struct kunit *test = kunit_get_current_test();
	s32 *fds = kunit_kcalloc(test, nr + 1, sizeof(*fds), GFP_KERNEL);
	unsigned int old = t->svfio->irqs.index, i;

	KUNIT_ASSERT_NOT_NULL(test, fds);
	for (i = 0; i < nr; i++)
		fds[i] = FIRST_FD + i;
	kunit_command(t->svfio->dev, PCI_COMMAND_MASTER, 0);
	if (old != index && old != VFIO_PCI_NUM_IRQS)
		kunit_irqs_disable(t, old);
	if (index != VFIO_PCI_NUM_IRQS)
		KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, index, TRIGGER_EVENTFD,
						     0, nr, fds), 0);
}

static void counts_and_flags_follow_the_model(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);
	struct softpci_vfio *svfio = t->svfio;
	unsigned int index;

	KUNIT_EXPECT_EQ(test, softpci_vfio_irq_count(svfio, 0), 1);
	KUNIT_EXPECT_EQ(test, softpci_vfio_irq_count(svfio, 1), SOURCES);
	KUNIT_EXPECT_EQ(test, softpci_vfio_irq_count(svfio, 2), 0);
	KUNIT_EXPECT_EQ(test, softpci_vfio_irq_count(svfio, 3), 0);
	KUNIT_EXPECT_EQ(test, softpci_vfio_irq_count(svfio, 4), 1);

	svfio = kunit_irqs_device(test, &most_vectors)->svfio;
	KUNIT_EXPECT_EQ(test, softpci_vfio_irq_count(svfio, 2),
			SOFTPCI_MAX_MSIX);
	KUNIT_EXPECT_EQ(test, softpci_vfio_irq_count(svfio, 3), 1);

	/* The number of vectors is fixed by the first call but for MSI-X. */
	for (index = 0; index < VFIO_PCI_NUM_IRQS; index++)
		KUNIT_EXPECT_EQ_MSG(test, !!(softpci_vfio_irq_flags(svfio, index) &
					     VFIO_IRQ_INFO_NORESIZE),
				    index != VFIO_PCI_INTX_IRQ_INDEX &&
				    index != VFIO_PCI_MSIX_IRQ_INDEX,
				    "index %u", index);
}

static void device_without_a_pin_has_no_intx(struct kunit *test)
{
	static const struct softpci_model model = {
		.device_size = sizeof(struct softpci_device),
		.ops = &irqs_ops,
		.nr_msi = 1,
	};
	struct kunit_irqs *t = kunit_irqs_device(test, &model);

	KUNIT_EXPECT_EQ(test, softpci_vfio_irq_count(t->svfio, 0), 0);
	KUNIT_EXPECT_EQ(test, set_one(t, 0, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, softpci_vfio_irq_count(t->svfio, 1), 1);
}

/* As chosen, whatever the levels and the mask are: a user tests its wiring. */
static void loop_back_fires_what_is_chosen(struct kunit *test)
{
	static const u8 chosen[SOURCES] = { 0, 1, 0, 255 };
	static const unsigned int expected[SOURCES] = { 0, 1, 0, 1 };
	static const unsigned int next[SOURCES] = { 0, 2, 1, 1 };
	unsigned int index, i;

	for (index = 1; index <= VFIO_PCI_MSIX_IRQ_INDEX; index++) {
		struct kunit_irqs *t = kunit_irqs_device(test, &few_vectors);

		kunit_irqs_enable(t, index, SOURCES);
		KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, index, TRIGGER_BOOL, 0,
						     SOURCES, chosen), 0);
		for (i = 0; i < SOURCES; i++)
			KUNIT_EXPECT_EQ(test, t->eventfd[i].fired, expected[i]);
		KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, index, TRIGGER_NONE, 1,
						     2, NULL), 0);
		for (i = 0; i < SOURCES; i++)
			KUNIT_EXPECT_EQ(test, t->eventfd[i].fired, next[i]);
		KUNIT_EXPECT_EQ(test, t->svfio->dev->irqs.level, 0);
	}
}

/* By nothing that the guest has set in config space. */
static void loop_back_is_never_held_back(struct kunit *test)
{
	struct kunit_irqs *t = kunit_irqs_device(test, &few_vectors);
	const struct softpci_layout *layout = t->svfio->dev->layout;
	struct softpci_device *dev = t->svfio->dev;
	unsigned int index;

	for (index = 0; index <= VFIO_PCI_MSIX_IRQ_INDEX; index++) {
		kunit_irqs_enable(t, index, 1);
		kunit_config_write(dev, layout->msi + PCI_MSI_FLAGS, 2, 0);
		kunit_config_write(dev, layout->msix + PCI_MSIX_FLAGS, 2,
				   PCI_MSIX_FLAGS_MASKALL);
		kunit_config_write(dev, PCI_COMMAND, 2,
				   PCI_COMMAND_INTX_DISABLE);
		kunit_config_write(dev, layout->pm + PCI_PM_CTRL, 2, 3);
		KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, index, TRIGGER_NONE, 0,
						     1, NULL), 0);
		KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, index + 1);
	}
}

/* Interrupts that were asserted before a trigger was set are not lost. */
static void enabling_messages_sends_what_is_pending(struct kunit *test)
{
	static const s32 none[SOURCES] = { -1, -1, -1, -1 };
	struct kunit_irqs *t = irqs_device(test);

	kunit_command(t->svfio->dev, PCI_COMMAND_MASTER, 0);
	set_level(t, 1, true);
	set_level(t, 3, true);
	KUNIT_EXPECT_EQ(test, t->signals, 0);
	KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, VFIO_PCI_MSI_IRQ_INDEX,
					     TRIGGER_EVENTFD, 0, 3, none), 0);
	KUNIT_EXPECT_EQ(test, t->signals, 2);
	/* Not again for a user that exchanges eventfds. */
	KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, VFIO_PCI_MSI_IRQ_INDEX,
					     TRIGGER_EVENTFD, 0, 3, none), 0);
	KUNIT_EXPECT_EQ(test, t->signals, 2);
}

static u32 msi_enable_bit(struct kunit_irqs *t)
{
	return kunit_config_read(t->svfio->dev,
				 t->svfio->dev->layout->msi + PCI_MSI_FLAGS, 2) &
	       PCI_MSI_FLAGS_ENABLE;
}

static void put_msi_enable(struct kunit_irqs *t, u16 flags)
{
	kunit_config_write(t->svfio->dev, t->svfio->dev->layout->msi + PCI_MSI_FLAGS, 2,
			   flags);
}

/* So a user of the ioctl alone gets messages. */
static void msi_enable_follows_the_ioctl(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);
	static const s32 none[SOURCES + 1];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_FALSE(test, msi_enable_bit(t));
		kunit_irqs_enable(t, VFIO_PCI_MSI_IRQ_INDEX, 2);
		KUNIT_EXPECT_TRUE(test, msi_enable_bit(t));
		/* A bit that the guest clears stays so if eventfds are exchanged. */
		put_msi_enable(t, 0);
		KUNIT_EXPECT_EQ(test, set_one(t, 1, 1, 3), 0);
		KUNIT_EXPECT_FALSE(test, msi_enable_bit(t));
		put_msi_enable(t, PCI_MSI_FLAGS_ENABLE);
		KUNIT_EXPECT_TRUE(test, msi_enable_bit(t));
		kunit_irqs_disable(t, VFIO_PCI_MSI_IRQ_INDEX);
	}
	KUNIT_EXPECT_FALSE(test, msi_enable_bit(t));

	/* A call that is refused enables nothing, and INTx has no part in it. */
	KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, 1, TRIGGER_EVENTFD, 0,
					     SOURCES + 1, none), -EINVAL);
	KUNIT_EXPECT_FALSE(test, msi_enable_bit(t));
	put_msi_enable(t, PCI_MSI_FLAGS_ENABLE);
	kunit_irqs_disable(t, VFIO_PCI_INTX_IRQ_INDEX);
	KUNIT_EXPECT_TRUE(test, msi_enable_bit(t));
}

static void disabling_forgets_what_is_pending(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);
	unsigned int msi = t->svfio->dev->layout->msi;

	kunit_irqs_enable(t, VFIO_PCI_MSI_IRQ_INDEX, SOURCES);
	kunit_config_write(t->svfio->dev, msi + PCI_MSI_MASK_64, 4,
			   GENMASK(SOURCES - 1, 0));
	set_level(t, 3, true);
	KUNIT_EXPECT_EQ(test, kunit_config_read(t->svfio->dev,
						msi + PCI_MSI_PENDING_64, 4),
			BIT(3));
	kunit_irqs_disable(t, VFIO_PCI_MSI_IRQ_INDEX);
	KUNIT_EXPECT_EQ(test, kunit_config_read(t->svfio->dev,
						msi + PCI_MSI_PENDING_64, 4),
			0);
	KUNIT_EXPECT_EQ(test, t->signals, 0);
}

static bool entry_is_masked(struct kunit_irqs *t, unsigned int vector)
{
	return t->svfio->dev->irqs.table[vector].control &
	       PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

static void pulse(struct kunit_irqs *t, unsigned int vector)
{
	guard(softpci)(t->svfio->dev);
	softpci_irq_pulse(t->svfio->dev, vector);
}

static void vectors_can_be_added_and_removed_while_msix_is_on(struct kunit *test)
{
	struct kunit_irqs *t = kunit_irqs_device(test, &most_vectors);
	const unsigned int last = SOFTPCI_MAX_MSIX - 1;

	kunit_irqs_enable(t, VFIO_PCI_MSIX_IRQ_INDEX, 1);
	KUNIT_EXPECT_FALSE(test, entry_is_masked(t, 0));
	KUNIT_EXPECT_TRUE(test, entry_is_masked(t, 1));
	pulse(t, 0);
	pulse(t, last);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 1);
	KUNIT_EXPECT_EQ(test, t->signals, 1);

	/* What was due before is signalled once the vector is added. */
	KUNIT_EXPECT_EQ(test, set_one(t, 2, last, 7), 0);
	KUNIT_EXPECT_FALSE(test, entry_is_masked(t, last));
	KUNIT_EXPECT_EQ(test, t->eventfd[7].fired, 1);
	/* An eventfd that takes the place of another. */
	KUNIT_EXPECT_EQ(test, set_one(t, 2, last, 8), 0);
	KUNIT_EXPECT_EQ(test, t->eventfd[7].refs, 0);
	pulse(t, last);
	KUNIT_EXPECT_EQ(test, t->eventfd[7].fired, 1);
	KUNIT_EXPECT_EQ(test, t->eventfd[8].fired, 1);

	/* What comes after it was removed waits for the next one. */
	KUNIT_EXPECT_EQ(test, set_one(t, 2, last, -1), 0);
	KUNIT_EXPECT_TRUE(test, entry_is_masked(t, last));
	KUNIT_EXPECT_EQ(test, t->eventfd[8].refs, 0);
	pulse(t, last);
	pulse(t, 0);
	KUNIT_EXPECT_EQ(test, t->eventfd[8].fired, 1);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 2);
	KUNIT_EXPECT_EQ(test, set_one(t, 2, last, 9), 0);
	KUNIT_EXPECT_EQ(test, t->eventfd[9].fired, 1);

	/* A loop back passes over vectors without an eventfd. */
	KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, 2, TRIGGER_NONE, 1, last, NULL),
			0);
	KUNIT_EXPECT_EQ(test, t->eventfd[9].fired, 2);
	KUNIT_EXPECT_EQ(test, t->eventfd[0].fired, 2);
}

static void all_2048_vectors_have_eventfds(struct kunit *test)
{
	struct kunit_irqs *t = kunit_irqs_device(test, &most_vectors);
	unsigned int i;

	kunit_irqs_enable(t, VFIO_PCI_MSIX_IRQ_INDEX, SOFTPCI_MAX_MSIX);
	KUNIT_EXPECT_EQ(test, count_refs(t), SOFTPCI_MAX_MSIX);
	for (i = 0; i < SOFTPCI_MAX_MSIX; i++) {
		pulse(t, i);
		KUNIT_EXPECT_EQ_MSG(test, t->eventfd[i].fired, 1, "%u", i);
	}
	KUNIT_EXPECT_EQ(test, t->signals, SOFTPCI_MAX_MSIX);
	kunit_irqs_disable(t, VFIO_PCI_MSIX_IRQ_INDEX);
	KUNIT_EXPECT_EQ(test, count_refs(t), 0);
	for (i = 0; i < SOFTPCI_MAX_MSIX; i++)
		KUNIT_EXPECT_TRUE_MSG(test, entry_is_masked(t, i), "%u", i);
}

/* As the PCI core restores them; a vector without an eventfd stays masked. */
static void vectors_with_eventfds_work_after_a_reset(struct kunit *test)
{
	static const enum softpci_reset kinds[] = {
		SOFTPCI_RESET_BUS, SOFTPCI_RESET_FLR,
	};
	struct kunit_irqs *t = kunit_irqs_device(test, &few_vectors);
	struct softpci_device *dev = t->svfio->dev;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		forget_signals(t);
		kunit_irqs_enable(t, VFIO_PCI_MSIX_IRQ_INDEX, 2);
		KUNIT_EXPECT_EQ(test, softpci_reset(dev, kinds[i]), 0);
		KUNIT_EXPECT_FALSE(test, entry_is_masked(t, 0));
		KUNIT_EXPECT_FALSE(test, entry_is_masked(t, 1));
		KUNIT_EXPECT_TRUE(test, entry_is_masked(t, 2));
		pulse(t, 1);
		KUNIT_EXPECT_EQ(test, t->eventfd[1].fired,
				kinds[i] == SOFTPCI_RESET_BUS);
		/* FLR clears what the guest has to set again. */
		kunit_command(dev, PCI_COMMAND_MASTER, 0);
		kunit_config_write(dev, t->svfio->dev->layout->msix + PCI_MSIX_FLAGS,
				   2, PCI_MSIX_FLAGS_ENABLE);
		KUNIT_EXPECT_EQ(test, t->eventfd[1].fired, 1);
	}
}

static void message_is_delivered_in_low_power(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);

	kunit_irqs_enable(t, VFIO_PCI_MSI_IRQ_INDEX, SOURCES);
	t->svfio->low_power = true;
	pulse(t, 2);
	KUNIT_EXPECT_EQ(test, t->eventfd[2].fired, 1);
}

static void notice_is_fired_by_hand(struct kunit *test)
{
	static const unsigned int indexes[] = {
		VFIO_PCI_ERR_IRQ_INDEX, VFIO_PCI_REQ_IRQ_INDEX,
	};
	struct kunit_irqs *t = kunit_irqs_device(test, &few_vectors);
	static const u8 no, yes = 1;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(indexes); i++) {
		unsigned int index = indexes[i];
		const unsigned int *fired = &t->eventfd[5 + i].fired;

		KUNIT_EXPECT_EQ(test, set_one(t, index, 0, 5 + i), 0);
		KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, index, TRIGGER_BOOL, 0,
						     1, &no), 0);
		KUNIT_EXPECT_EQ(test, *fired, 0);
		KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, index, TRIGGER_BOOL, 0,
						     1, &yes), 0);
		KUNIT_EXPECT_EQ(test, *fired, 1);
		KUNIT_EXPECT_EQ(test, kunit_set_irqs(t, index, TRIGGER_NONE, 0,
						     1, NULL), 0);
		KUNIT_EXPECT_EQ(test, *fired, 2);
	}
	softpci_vfio_request(&t->svfio->vdev, 0);
	KUNIT_EXPECT_EQ(test, t->eventfd[5].fired, 2);
	KUNIT_EXPECT_EQ(test, t->eventfd[6].fired, 3);
	KUNIT_EXPECT_EQ(test, softpci_vfio_error(t->svfio), 0);
	KUNIT_EXPECT_EQ(test, t->eventfd[5].fired, 3);
	KUNIT_EXPECT_EQ(test, t->eventfd[6].fired, 3);
}

static void error_without_an_eventfd_is_told_to_the_caller(struct kunit *test)
{
	struct kunit_irqs *t = kunit_irqs_device(test, &few_vectors);

	KUNIT_EXPECT_EQ(test, softpci_vfio_error(t->svfio), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, set_one(t, VFIO_PCI_ERR_IRQ_INDEX, 0, 5), 0);
	KUNIT_EXPECT_EQ(test, softpci_vfio_error(t->svfio), 0);
	/* In both ways to take it away. */
	KUNIT_EXPECT_EQ(test, set_one(t, VFIO_PCI_ERR_IRQ_INDEX, 0, -1), 0);
	KUNIT_EXPECT_EQ(test, softpci_vfio_error(t->svfio), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, set_one(t, VFIO_PCI_ERR_IRQ_INDEX, 0, 5), 0);
	kunit_irqs_disable(t, VFIO_PCI_ERR_IRQ_INDEX);
	KUNIT_EXPECT_EQ(test, softpci_vfio_error(t->svfio), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, t->eventfd[5].fired, 1);

	t = irqs_device(test);
	KUNIT_EXPECT_EQ(test, softpci_vfio_error(t->svfio), -ENOTCONN);
}

/* With a REQ eventfd and without: at once, and then every tenth time. */
static void removal_that_waits_is_logged_at_once_and_then_rarely(struct kunit *test)
{
	struct kunit_irqs *t = irqs_device(test);
	unsigned int count, req;

	for (req = 0; req < 2; req++) {
		if (req)
			KUNIT_EXPECT_EQ(test, set_one(t, VFIO_PCI_REQ_IRQ_INDEX,
						      0, 5), 0);
		t->lines = 0;
		for (count = 0; count < 100; count++) {
			softpci_vfio_request(&t->svfio->vdev, count);
			KUNIT_EXPECT_EQ(test, t->lines, 1 + count / 10);
			KUNIT_EXPECT_EQ(test, t->asked, req);
			KUNIT_EXPECT_EQ(test, t->eventfd[5].fired,
					req * (count + 1));
		}
	}
}

static struct kunit_case set_irqs_cases[] = {
	KUNIT_CASE(counts_and_flags_follow_the_model),
	KUNIT_CASE(device_without_a_pin_has_no_intx),
	KUNIT_CASE(loop_back_fires_what_is_chosen),
	KUNIT_CASE(loop_back_is_never_held_back),
	KUNIT_CASE(enabling_messages_sends_what_is_pending),
	KUNIT_CASE(msi_enable_follows_the_ioctl),
	KUNIT_CASE(disabling_forgets_what_is_pending),
	KUNIT_CASE(vectors_can_be_added_and_removed_while_msix_is_on),
	KUNIT_CASE(all_2048_vectors_have_eventfds),
	KUNIT_CASE(vectors_with_eventfds_work_after_a_reset),
	KUNIT_CASE(message_is_delivered_in_low_power),
	KUNIT_CASE(notice_is_fired_by_hand),
	KUNIT_CASE(error_without_an_eventfd_is_told_to_the_caller),
	KUNIT_CASE(removal_that_waits_is_logged_at_once_and_then_rarely),
	{}
};

static struct kunit_suite set_irqs_suite = {
	.name = "softpci-vfio-set-irqs",
	.test_cases = set_irqs_cases,
};

kunit_test_suite(set_irqs_suite);
