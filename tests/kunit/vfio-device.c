// SPDX-License-Identifier: GPL-2.0-only
/* A device of the VFIO front end: made, opened, reset, closed, described. */
#include "vfio.h"

/**
 * struct kunit_vfio - a device as VFIO would have it
 * @svfio: the device
 * @type: its type
 */
struct kunit_vfio {
	struct softpci_vfio svfio;
	struct softpci_mdev_type type;
};

static void action_destroy_layout(void *layout)
{
	softpci_layout_destroy(layout);
}

static void action_destroy(void *svfio)
{
	softpci_vfio_destroy(svfio);
}

static void action_close(void *data)
{
	struct softpci_vfio *svfio = data;

	softpci_vfio_close(&svfio->vdev);
}

/* Before softpci_vfio_create(). */
static struct softpci_vfio *kunit_vfio_alloc(struct kunit *test,
					     const struct softpci_model *model)
{
	struct kunit_vfio *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->type.layout = softpci_layout_create(model);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->type.layout);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, action_destroy_layout,
						  (void *)t->type.layout), 0);
	strscpy(t->type.name, "kunit-type", sizeof(t->type.name));
	t->svfio.type = &t->type;
	return &t->svfio;
}

static void kunit_vfio_open(struct kunit *test, struct softpci_vfio *svfio)
{
	KUNIT_ASSERT_EQ(test, softpci_vfio_open(&svfio->vdev), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, action_close,
							svfio), 0);
}

/**
 * kunit_vfio() - an open device
 * @test: at whose end it is closed and destroyed
 * @model: its model
 *
 * Return: the device.
 */
struct softpci_vfio *kunit_vfio(struct kunit *test,
				const struct softpci_model *model)
{
	struct softpci_vfio *svfio = kunit_vfio_alloc(test, model);

	KUNIT_ASSERT_EQ(test, softpci_vfio_create(svfio, &guid_null), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, action_destroy,
							svfio), 0);
	kunit_vfio_open(test, svfio);
	return svfio;
}

/**
 * kunit_vfio_reopen() - the user leaves, and the next one opens the device
 * @test: the same
 * @svfio: the device of kunit_vfio()
 */
void kunit_vfio_reopen(struct kunit *test, struct softpci_vfio *svfio)
{
	kunit_release_action(test, action_close, svfio);
	kunit_vfio_open(test, svfio);
}

/**
 * struct kunit_calls - a device that counts how often its model was called
 * @dev: must be first
 * @resets: calls of reset, by kind
 */
struct kunit_calls {
	struct softpci_device dev;
	unsigned int resets[SOFTPCI_RESET_CLOSE + 1];
};

static unsigned int resets(struct softpci_vfio *svfio, enum softpci_reset kind)
{
	return container_of(svfio->dev, struct kunit_calls, dev)->resets[kind];
}

static void count_reset(struct softpci_device *dev, enum softpci_reset kind)
{
	lockdep_assert_held(&dev->lock);
	container_of(dev, struct kunit_calls, dev)->resets[kind]++;
}

static int init_fails(struct softpci_device *dev)
{
	return -EIO;
}

static bool shows_nothing(struct softpci_device *dev, struct softpci_mode *mode)
{
	return false;
}

static const struct softpci_ops calls_ops = {
	.reset		= count_reset,
	.get_mode	= shows_nothing,
};

static const struct softpci_ops failing_ops = {
	.init		= init_fails,
	.reset		= count_reset,
	.get_mode	= shows_nothing,
};

static const struct softpci_memory_desc calls_memory = { .size = PAGE_SIZE };

static const struct softpci_area calls_areas[] = {
	SOFTPCI_MEMORY_AREA(0, PAGE_SIZE, 0),
};

static const struct softpci_region calls_region = {
	.index		= VFIO_PCI_BAR0_REGION_INDEX,
	.size		= PAGE_SIZE,
	SOFTPCI_TABLE(areas, calls_areas),
};

#define CALLS_MODEL(_ops) {					\
	.device_size	= sizeof(struct kunit_calls),		\
	.ops		= _ops,					\
	.pcie		= true,					\
	.regions	= &calls_region,			\
	.nr_regions	= 1,					\
	.memories	= &calls_memory,			\
	.nr_memories	= 1,					\
	.display	= SOFTPCI_DISPLAY_DMABUF,		\
}

static const struct softpci_model calls_model = CALLS_MODEL(&calls_ops);
static const struct softpci_model failing_model = CALLS_MODEL(&failing_ops);

static void error_of_the_model_is_passed_on(struct kunit *test)
{
	struct softpci_vfio *svfio = kunit_vfio_alloc(test, &failing_model);

	KUNIT_EXPECT_EQ(test, softpci_vfio_create(svfio, &guid_null), -EIO);
}

static void user_finds_a_device_that_was_reset(struct kunit *test)
{
	struct softpci_vfio *svfio = kunit_vfio(test, &calls_model);

	KUNIT_EXPECT_EQ(test, resets(svfio, SOFTPCI_RESET_CREATE), 1);
	KUNIT_EXPECT_EQ(test, resets(svfio, SOFTPCI_RESET_OPEN), 1);
	KUNIT_EXPECT_EQ(test, resets(svfio, SOFTPCI_RESET_CLOSE), 0);
	kunit_vfio_reopen(test, svfio);
	KUNIT_EXPECT_EQ(test, resets(svfio, SOFTPCI_RESET_CREATE), 1);
	KUNIT_EXPECT_EQ(test, resets(svfio, SOFTPCI_RESET_OPEN), 2);
	KUNIT_EXPECT_EQ(test, resets(svfio, SOFTPCI_RESET_CLOSE), 1);
}

static void reset_leaves_what_close_forgets(struct kunit *test)
{
	struct softpci_vfio *svfio = kunit_vfio(test, &calls_model);
	struct softpci_device *dev = svfio->dev;
	unsigned int pm = dev->layout->pm + PCI_PM_CTRL;

	svfio->gfx->id[0] = 5;
	kunit_command(dev, PCI_COMMAND_MASTER, 0);
	kunit_config_write(dev, pm, 2, 3);
	KUNIT_EXPECT_EQ(test, reset_device(svfio, SOFTPCI_RESET_BUS), 0);
	KUNIT_EXPECT_EQ(test, resets(svfio, SOFTPCI_RESET_BUS), 1);
	KUNIT_EXPECT_EQ(test, resets(svfio, SOFTPCI_RESET_CLOSE), 0);
	KUNIT_EXPECT_EQ(test, svfio->gfx->id[0], 5);
	KUNIT_EXPECT_TRUE(test, kunit_config_read(dev, PCI_COMMAND, 2) &
				PCI_COMMAND_MASTER);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, pm, 1) &
			      PCI_PM_CTRL_STATE_MASK, 0);

	kunit_vfio_reopen(test, svfio);
	KUNIT_EXPECT_EQ(test, resets(svfio, SOFTPCI_RESET_CLOSE), 1);
	KUNIT_EXPECT_EQ(test, svfio->gfx->id[0], 0);
	KUNIT_EXPECT_FALSE(test, kunit_config_read(dev, PCI_COMMAND, 2) &
				 PCI_COMMAND_MASTER);
}

static void function_level_reset_is_done_once(struct kunit *test)
{
	struct softpci_vfio *svfio = kunit_vfio(test, &calls_model);
	struct softpci_device *dev = svfio->dev;

	KUNIT_EXPECT_EQ(test, reset_device(svfio, SOFTPCI_RESET_FLR), 0);
	KUNIT_EXPECT_EQ(test, resets(svfio, SOFTPCI_RESET_FLR), 0);

	kunit_command(dev, PCI_COMMAND_MASTER, 0);
	kunit_config_write(dev, dev->layout->pcie + PCI_EXP_DEVCTL, 2,
			   PCI_EXP_DEVCTL_BCR_FLR);
	KUNIT_EXPECT_TRUE(test, softpci_flr_pending(dev));
	KUNIT_EXPECT_EQ(test, reset_device(svfio, SOFTPCI_RESET_FLR), 0);
	KUNIT_EXPECT_EQ(test, reset_device(svfio, SOFTPCI_RESET_FLR), 0);
	KUNIT_EXPECT_EQ(test, resets(svfio, SOFTPCI_RESET_FLR), 1);
	KUNIT_EXPECT_FALSE(test, softpci_flr_pending(dev));
	KUNIT_EXPECT_FALSE(test, kunit_config_read(dev, PCI_COMMAND, 2) &
				 PCI_COMMAND_MASTER);
}

#define TYPED_REGION	9
#define HIGHEST_REGION	11

static const struct softpci_area whole_areas[] = {
	SOFTPCI_MEMORY_AREA(0, 4 * PAGE_SIZE, 0),
};

static const struct softpci_reg no_reg[] = {
	{ .width = 4 },
};

static const struct softpci_area mixed_areas[] = {
	SOFTPCI_MEMORY_AREA(0, PAGE_SIZE, 0),
	SOFTPCI_REGS_AREA(PAGE_SIZE, PAGE_SIZE, no_reg),
	SOFTPCI_MEMORY_AREA(2 * PAGE_SIZE, 2 * PAGE_SIZE, 1),
};

static const struct softpci_area short_areas[] = {
	SOFTPCI_MEMORY_AREA(0, PAGE_SIZE, 0),
};

static const struct softpci_area two_areas[] = {
	SOFTPCI_MEMORY_AREA(0, 2 * PAGE_SIZE, 0),
	SOFTPCI_MEMORY_AREA(2 * PAGE_SIZE, 2 * PAGE_SIZE, 1),
};

static const struct softpci_area regs_areas[] = {
	SOFTPCI_REGS_AREA(0, PAGE_SIZE, no_reg),
};

#define INFO_REGION(_index, _areas) {		\
	.index		= (_index),		\
	.size		= 4 * PAGE_SIZE,	\
	.areas		= (_areas),		\
	.nr_areas	= ARRAY_SIZE(_areas),	\
}

static const struct softpci_region info_regions[] = {
	INFO_REGION(0, whole_areas),
	INFO_REGION(1, mixed_areas),
	INFO_REGION(2, short_areas),
	INFO_REGION(3, two_areas),
	INFO_REGION(4, regs_areas),
	{
		.index		= TYPED_REGION,
		.size		= PAGE_SIZE,
		.areas		= short_areas,
		.nr_areas	= ARRAY_SIZE(short_areas),
		.cap_type	= VFIO_REGION_TYPE_GFX,
		.cap_subtype	= VFIO_REGION_SUBTYPE_GFX_EDID,
	},
	INFO_REGION(HIGHEST_REGION, mixed_areas),
};

static const struct softpci_memory_desc info_memories[] = {
	{ .size = 4 * PAGE_SIZE },
	{ .size = 2 * PAGE_SIZE },
};

static const struct softpci_model info_model = {
	.device_size	= sizeof(struct kunit_calls),
	.ops		= &calls_ops,
	.regions	= info_regions,
	.nr_regions	= ARRAY_SIZE(info_regions),
	.memories	= info_memories,
	.nr_memories	= ARRAY_SIZE(info_memories),
};

static void *find_cap(const struct vfio_info_cap *caps, u16 id)
{
	struct vfio_info_cap_header *cap = caps->buf;

	while (cap && cap->id != id)
		cap = cap->next ? (void *)caps->buf + cap->next : NULL;
	return cap;
}

static const struct info_case {
	const char *name;
	u32 index;
	u64 size;
	bool maps;
	u32 type;
	unsigned int nr;
	u64 areas[2][2]; /* offset and size, in pages */
} info_cases[] = {
	{ "one memory", 0, 4 * PAGE_SIZE, true },
	{ "memory and registers", 1, 4 * PAGE_SIZE, true, 0, 2,
	  { { 0, 1 }, { 2, 2 } } },
	{ "memory at the start", 2, 4 * PAGE_SIZE, true, 0, 1, { { 0, 1 } } },
	/* No mapping spans both. */
	{ "two memories", 3, 4 * PAGE_SIZE, true, 0, 2, { { 0, 2 }, { 2, 2 } } },
	{ "registers", 4, 4 * PAGE_SIZE },
	{ "nothing", 5, 0 },
	{ "config space", VFIO_PCI_CONFIG_REGION_INDEX, 256 },
	{ "of a type", TYPED_REGION, PAGE_SIZE, true, VFIO_REGION_TYPE_GFX },
	{ "the last one", HIGHEST_REGION, 4 * PAGE_SIZE, true, 0, 2,
	  { { 0, 1 }, { 2, 2 } } },
};

KUNIT_ARRAY_PARAM_DESC(info, info_cases, name);

static void region_says_what_of_it_can_be_mapped(struct kunit *test)
{
	const struct info_case *c = test->param_value;
	struct softpci_vfio *svfio = kunit_vfio(test, &info_model);
	struct vfio_region_info_cap_sparse_mmap *sparse;
	struct vfio_region_info info = { .index = c->index };
	struct vfio_region_info_cap_type *type;
	struct vfio_info_cap caps = {};
	u32 flags = 0;
	unsigned int i;

	if (c->size)
		flags |= VFIO_REGION_INFO_FLAG_READ |
			 VFIO_REGION_INFO_FLAG_WRITE;
	if (c->maps)
		flags |= VFIO_REGION_INFO_FLAG_MMAP;
	KUNIT_EXPECT_EQ(test,
			softpci_vfio_region_info_caps(&svfio->vdev, &info,
						      &caps), 0);
	KUNIT_EXPECT_EQ(test, info.flags, flags);
	KUNIT_EXPECT_EQ(test, info.size, c->size);

	type = find_cap(&caps, VFIO_REGION_INFO_CAP_TYPE);
	KUNIT_EXPECT_EQ(test, !!type, !!c->type);
	if (type)
		KUNIT_EXPECT_EQ(test, type->type, c->type);

	sparse = find_cap(&caps, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	KUNIT_EXPECT_EQ(test, sparse ? sparse->nr_areas : 0, c->nr);
	for (i = 0; sparse && i < sparse->nr_areas && i < c->nr; i++) {
		KUNIT_EXPECT_EQ(test, sparse->areas[i].offset,
				c->areas[i][0] * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, sparse->areas[i].size,
				c->areas[i][1] * PAGE_SIZE);
	}
	kfree(caps.buf);
}

static void region_behind_the_last_one_is_refused(struct kunit *test)
{
	struct softpci_vfio *svfio = kunit_vfio(test, &info_model);
	struct vfio_region_info info = { .index = HIGHEST_REGION + 1 };
	struct vfio_info_cap caps = {};

	KUNIT_EXPECT_EQ(test,
			softpci_vfio_region_info_caps(&svfio->vdev, &info,
						      &caps), -EINVAL);
	KUNIT_EXPECT_NULL(test, caps.buf);
}

static struct kunit_case vfio_device_cases[] = {
	KUNIT_CASE(error_of_the_model_is_passed_on),
	KUNIT_CASE(user_finds_a_device_that_was_reset),
	KUNIT_CASE(reset_leaves_what_close_forgets),
	KUNIT_CASE(function_level_reset_is_done_once),
	KUNIT_CASE_PARAM(region_says_what_of_it_can_be_mapped, info_gen_params),
	KUNIT_CASE(region_behind_the_last_one_is_refused),
	{}
};

static struct kunit_suite vfio_device_suite = {
	.name = "softpci-vfio-device",
	.test_cases = vfio_device_cases,
};

kunit_test_suite(vfio_device_suite);
