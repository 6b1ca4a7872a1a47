// SPDX-License-Identifier: GPL-2.0-only
/* Ids of modes, and answers to display queries. */
#include <drm/drm_fourcc.h>

#include "vfio.h"

static const struct softpci_mode gfx_mode = {
	.format	= DRM_FORMAT_XRGB8888,
	.width	= 640,
	.height	= 480,
	.stride	= 2560,
	.offset	= 4096,
};

/* The id of the @n-th of many modes. */
static u32 nth_id(struct softpci_gfx *gfx, unsigned int n)
{
	struct softpci_mode mode = gfx_mode;

	mode.offset = n * PAGE_SIZE;
	return mode_id(gfx, &mode);
}

static struct softpci_gfx *new_gfx(struct kunit *test)
{
	struct softpci_gfx *gfx = kunit_kzalloc(test, sizeof(*gfx), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, gfx);
	return gfx;
}

static void same_mode_same_id(struct kunit *test)
{
	struct softpci_gfx *gfx = new_gfx(test);
	u32 id[SOFTPCI_MAX_MODES];
	unsigned int i, j, round;

	for (i = 0; i < SOFTPCI_MAX_MODES; i++) {
		id[i] = nth_id(gfx, i);
		KUNIT_EXPECT_NE(test, id[i], 0);
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_NE(test, id[i], id[j]);
	}
	for (round = 0; round < 3; round++)
		for (i = 0; i < SOFTPCI_MAX_MODES; i++)
			KUNIT_EXPECT_EQ(test, nth_id(gfx, i), id[i]);
}

static void every_field_makes_another_mode(struct kunit *test)
{
	struct softpci_gfx *gfx = new_gfx(test);
	struct softpci_mode mode[6];
	u32 id[ARRAY_SIZE(mode)];
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(mode); i++)
		mode[i] = gfx_mode;
	mode[1].format = DRM_FORMAT_BGRX8888;
	mode[2].width++;
	mode[3].height++;
	mode[4].stride += 4;
	mode[5].offset += 4;
	for (i = 0; i < ARRAY_SIZE(mode); i++) {
		id[i] = mode_id(gfx, &mode[i]);
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_NE_MSG(test, id[i], id[j], "%u, %u", i, j);
	}
	for (i = 0; i < ARRAY_SIZE(mode); i++)
		KUNIT_EXPECT_EQ(test, mode_id(gfx, &mode[i]), id[i]);
}

static void newcomer_takes_the_place_of_the_stalest(struct kunit *test)
{
	struct softpci_gfx *gfx = new_gfx(test);
	u32 id[SOFTPCI_MAX_MODES], newest;
	unsigned int i, stalest;

	for (i = 0; i < SOFTPCI_MAX_MODES; i++)
		id[i] = nth_id(gfx, i);

	for (stalest = 0; stalest < SOFTPCI_MAX_MODES; stalest++) {
		/* All but one are asked for, in two halves: it is the stalest. */
		for (i = stalest + 1; i < SOFTPCI_MAX_MODES; i++)
			KUNIT_EXPECT_EQ(test, nth_id(gfx, i), id[i]);
		for (i = 0; i < stalest; i++)
			KUNIT_EXPECT_EQ(test, nth_id(gfx, i), id[i]);
		newest = nth_id(gfx, 1000 + stalest);
		KUNIT_EXPECT_FALSE_MSG(test, id_in_use(gfx, id[stalest]),
				       "stalest: %u", stalest);
		/* It comes back, with a new id, and the newcomer goes first. */
		for (i = 0; i < SOFTPCI_MAX_MODES; i++)
			if (i != stalest)
				KUNIT_EXPECT_EQ(test, nth_id(gfx, i), id[i]);
		i = id[stalest];
		id[stalest] = nth_id(gfx, stalest);
		KUNIT_EXPECT_NE(test, id[stalest], i);
		KUNIT_EXPECT_FALSE(test, id_in_use(gfx, newest));
	}
}

static void flipping_keeps_all_ids_that_there_is_room_for(struct kunit *test)
{
	struct softpci_gfx *gfx = new_gfx(test);
	unsigned int i;
	u32 last;

	for (i = 0; i < 10 * SOFTPCI_MAX_MODES; i++)
		nth_id(gfx, i % SOFTPCI_MAX_MODES);
	last = gfx->last_id;
	KUNIT_EXPECT_EQ(test, last, SOFTPCI_MAX_MODES);
	/* One more than there is room for, and each asks for a new id. */
	for (i = 0; i < 2 * (SOFTPCI_MAX_MODES + 1); i++)
		KUNIT_EXPECT_EQ(test, nth_id(gfx, i % (SOFTPCI_MAX_MODES + 1) + 500),
				++last);
}

static void ids_wrap_past_zero_and_those_in_use(struct kunit *test)
{
	struct softpci_gfx *gfx = new_gfx(test);
	u32 first = nth_id(gfx, 0), second = nth_id(gfx, 1);

	KUNIT_EXPECT_EQ(test, first, 1);
	KUNIT_EXPECT_EQ(test, second, 2);
	gfx->last_id = U32_MAX - 1;
	KUNIT_EXPECT_EQ(test, nth_id(gfx, 2), U32_MAX);
	KUNIT_EXPECT_EQ(test, nth_id(gfx, 3), 3);
	KUNIT_EXPECT_EQ(test, nth_id(gfx, 4), 4);

	/* With every place taken, 0 is the id of no mode, and is not given out. */
	while (gfx->last_id < SOFTPCI_MAX_MODES - 1)
		nth_id(gfx, gfx->last_id + 10);
	KUNIT_EXPECT_FALSE(test, id_in_use(gfx, 0));
	gfx->last_id = U32_MAX - 1;
	KUNIT_EXPECT_EQ(test, nth_id(gfx, 2), U32_MAX);
	gfx->last_id = U32_MAX;
	KUNIT_EXPECT_EQ(test, nth_id(gfx, 1000), SOFTPCI_MAX_MODES);
}

/**
 * struct kunit_display - a device with a display
 * @dev: must be first
 * @shows: there is something on it
 * @offset: where that starts in the memory
 * @filled: how often the memory was to be filled
 * @exported: how often there was a dma-buf to be made
 * @exported_offset: and where the last one starts
 * @exported_size: and its size
 */
struct kunit_display {
	struct softpci_device dev;
	bool shows;
	u32 offset;
	unsigned int filled;
	unsigned int exported;
	u64 exported_offset;
	u64 exported_size;
};

static struct kunit_display *to_display(struct softpci_device *dev)
{
	return container_of(dev, struct kunit_display, dev);
}

static bool display_get_mode(struct softpci_device *dev,
			     struct softpci_mode *mode)
{
	lockdep_assert_held(&dev->lock);
	*mode = gfx_mode;
	mode->offset = to_display(dev)->offset;
	return to_display(dev)->shows;
}

static const struct softpci_ops display_ops = {
	.get_mode	= display_get_mode,
};

#define DISPLAY_REGION	11
#define DISPLAY_MEMORY	SZ_8M

static const struct softpci_memory_desc display_memory = {
	.size		= DISPLAY_MEMORY,
};

static const struct softpci_area display_areas[] = {
	SOFTPCI_MEMORY_AREA(0, DISPLAY_MEMORY, 0),
};

static const struct softpci_region display_region = {
	.index		= DISPLAY_REGION,
	.size		= DISPLAY_MEMORY,
	.areas		= display_areas,
	.nr_areas	= ARRAY_SIZE(display_areas),
};

#define DISPLAY_MODEL(_display, _memory) {		\
	.device_size	= sizeof(struct kunit_display),	\
	.ops		= &display_ops,			\
	.regions	= &display_region,		\
	.nr_regions	= 1,				\
	.memories	= (_memory),			\
	.nr_memories	= 1,				\
	.display	= (_display),			\
	.display_region	= DISPLAY_REGION,		\
}

static const struct softpci_model dmabuf_model =
	DISPLAY_MODEL(SOFTPCI_DISPLAY_DMABUF, &display_memory);
static const struct softpci_model region_model =
	DISPLAY_MODEL(SOFTPCI_DISPLAY_REGION, &display_memory);

static struct softpci_vfio *display(struct kunit *test,
				    const struct softpci_model *model,
				    bool shows)
{
	struct softpci_vfio *svfio = kunit_vfio(test, model);

	to_display(svfio->dev)->shows = shows;
	return svfio;
}

#define PROBE	VFIO_GFX_PLANE_TYPE_PROBE
#define DMABUF	VFIO_GFX_PLANE_TYPE_DMABUF
#define REGION	VFIO_GFX_PLANE_TYPE_REGION

static const struct flags_case {
	const char *name;
	u32 flags;
	int dmabuf;
	int region;
} flags_cases[] = {
	{ "none",			0, -EINVAL, -EINVAL },
	{ "probe",			PROBE, -EINVAL, -EINVAL },
	{ "dma-buf",			DMABUF, 0, -EINVAL },
	{ "dma-buf, probe",		DMABUF | PROBE, 0, -EINVAL },
	{ "region",			REGION, -EINVAL, 0 },
	{ "region, probe",		REGION | PROBE, -EINVAL, 0 },
	{ "both",			DMABUF | REGION, -EINVAL, -EINVAL },
	{ "all",			7, -EINVAL, -EINVAL },
	{ "dma-buf and an unknown one",	DMABUF | BIT(3), -EINVAL, -EINVAL },
	{ "region and an unknown one",	REGION | BIT(31), -EINVAL, -EINVAL },
	{ "all bits",			U32_MAX, -EINVAL, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(flags, flags_cases, name);

/* An answer that is an error, or to a probe, has nothing in it. */
static void query_takes_one_interface(struct kunit *test)
{
	const struct flags_case *c = test->param_value;
	const struct softpci_model *models[] = { &dmabuf_model, &region_model };
	int ret[] = { c->dmabuf, c->region };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(models); i++) {
		struct softpci_vfio *svfio = display(test, models[i], true);
		struct vfio_device_gfx_plane_info plane, in;

		memset(&plane, 0x77, sizeof(plane));
		plane.flags = c->flags;
		plane.drm_plane_type = DRM_PLANE_TYPE_PRIMARY;
		in = plane;
		KUNIT_EXPECT_EQ(test, query_plane(svfio, &plane), ret[i]);
		if (ret[i] || c->flags & PROBE) {
			KUNIT_EXPECT_MEMEQ(test, &plane, &in, sizeof(in));
			if (svfio->gfx)
				KUNIT_EXPECT_EQ(test, svfio->gfx->last_id, 0);
		} else {
			KUNIT_EXPECT_EQ(test, plane.width, 640);
		}
	}
}

static void answer_is_the_mode(struct kunit *test)
{
	struct vfio_device_gfx_plane_info expected = {
		.argsz		= 0x77777777,
		.flags		= DMABUF,
		.drm_plane_type	= DRM_PLANE_TYPE_PRIMARY,
		.drm_format	= DRM_FORMAT_XRGB8888,
		.width		= 640,
		.height		= 480,
		.stride		= 2560,
		.size		= 2560 * 480,
		.dmabuf_id	= 1,
	};
	struct vfio_device_gfx_plane_info plane;

	memset(&plane, 0x77, sizeof(plane));
	plane.flags = DMABUF;
	plane.drm_plane_type = DRM_PLANE_TYPE_PRIMARY;
	KUNIT_EXPECT_EQ(test,
			query_plane(display(test, &dmabuf_model, true), &plane),
			0);
	KUNIT_EXPECT_MEMEQ(test, &plane, &expected, sizeof(plane));

	memset(&plane, 0x77, sizeof(plane));
	plane.flags = REGION;
	plane.drm_plane_type = DRM_PLANE_TYPE_PRIMARY;
	expected.flags = REGION;
	expected.region_index = DISPLAY_REGION;
	KUNIT_EXPECT_EQ(test,
			query_plane(display(test, &region_model, true), &plane),
			0);
	KUNIT_EXPECT_MEMEQ(test, &plane, &expected, sizeof(plane));
}

static const struct plane_case {
	const char *name;
	const struct softpci_model *model;
	u32 type;
	bool shows;
	bool answers;
} plane_cases[] = {
	{ "dma-buf, primary",	&dmabuf_model, DRM_PLANE_TYPE_PRIMARY, true, true },
	{ "dma-buf, overlay",	&dmabuf_model, DRM_PLANE_TYPE_OVERLAY, true },
	{ "dma-buf, cursor",	&dmabuf_model, DRM_PLANE_TYPE_CURSOR, true },
	{ "dma-buf, unknown",	&dmabuf_model, U32_MAX, true },
	{ "dma-buf, nothing",	&dmabuf_model, DRM_PLANE_TYPE_PRIMARY },
	{ "region, primary",	&region_model, DRM_PLANE_TYPE_PRIMARY, true, true },
	/* As QEMU leaves it. */
	{ "region, overlay",	&region_model, DRM_PLANE_TYPE_OVERLAY, true, true },
	{ "region, cursor",	&region_model, DRM_PLANE_TYPE_CURSOR, true },
	{ "region, unknown",	&region_model, U32_MAX, true },
	{ "region, nothing",	&region_model, DRM_PLANE_TYPE_PRIMARY },
};

KUNIT_ARRAY_PARAM_DESC(plane, plane_cases, name);

/* Nothing to show is not an error, but all zeroes and no id. */
static void plane_that_is_not_there_answers_zeroes(struct kunit *test)
{
	const struct plane_case *c = test->param_value;
	struct softpci_vfio *svfio = display(test, c->model, c->shows);
	struct vfio_device_gfx_plane_info plane, expected = {
		.argsz = 0x77777777,
		.flags = plane_flag(c->model->display),
		.drm_plane_type = c->type,
	};

	memset(&plane, 0x77, sizeof(plane));
	plane.flags = plane_flag(c->model->display);
	plane.drm_plane_type = c->type;
	KUNIT_EXPECT_EQ(test, query_plane(svfio, &plane), 0);
	if (c->answers) {
		KUNIT_EXPECT_EQ(test, plane.size, 2560 * 480);
		return;
	}
	KUNIT_EXPECT_MEMEQ(test, &plane, &expected, sizeof(plane));
	if (svfio->gfx)
		KUNIT_EXPECT_EQ(test, svfio->gfx->last_id, 0);
}

static const struct offset_case {
	const char *name;
	u32 offset;
	bool dmabuf;
	bool region;
} offset_cases[] = {
	{ "0",				0, true, true },
	{ "a pixel",			4 },
	{ "half a page",		PAGE_SIZE / 2 },
	{ "a pixel short of a page",	PAGE_SIZE - 4 },
	{ "a page",			PAGE_SIZE, true },
	{ "a page and a byte",		PAGE_SIZE + 1 },
	{ "many pages",			1000 * PAGE_SIZE, true },
	{ "an odd line of many pages",	1000 * PAGE_SIZE + 2560 },
};

KUNIT_ARRAY_PARAM_DESC(offset, offset_cases, name);

/* A plane has no offset, and a dma-buf starts with a page. */
static void start_that_cannot_be_told_is_not_shown(struct kunit *test)
{
	const struct offset_case *c = test->param_value;
	const struct softpci_model *models[] = { &dmabuf_model, &region_model };
	bool shown[] = { c->dmabuf, c->region };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(models); i++) {
		struct softpci_vfio *svfio = display(test, models[i], true);
		struct vfio_device_gfx_plane_info plane = {
			.flags = plane_flag(models[i]->display),
			.drm_plane_type = DRM_PLANE_TYPE_PRIMARY,
		}, nothing = plane;

		to_display(svfio->dev)->offset = c->offset;
		KUNIT_EXPECT_EQ(test, query_plane(svfio, &plane), 0);
		if (shown[i]) {
			KUNIT_EXPECT_EQ(test, plane.size, 2560 * 480);
			continue;
		}
		KUNIT_EXPECT_MEMEQ(test, &plane, &nothing, sizeof(plane));
		if (svfio->gfx)
			KUNIT_EXPECT_EQ(test, svfio->gfx->last_id, 0);
	}
}

static u32 query_id(struct softpci_vfio *svfio)
{
	struct vfio_device_gfx_plane_info plane = {
		.flags = DMABUF,
		.drm_plane_type = DRM_PLANE_TYPE_PRIMARY,
	};

	query_plane(svfio, &plane);
	return plane.dmabuf_id;
}

static void id_that_no_mode_has_is_refused(struct kunit *test)
{
	struct softpci_vfio *svfio = display(test, &dmabuf_model, true);
	u32 id = query_id(svfio);

	KUNIT_EXPECT_EQ(test, get_dmabuf(svfio, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, get_dmabuf(svfio, id + 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, get_dmabuf(svfio, U32_MAX), -ENOENT);
}

/* An id that the last user kept must not show it the screen of the next one. */
static void ids_of_the_last_user_are_gone(struct kunit *test)
{
	struct softpci_vfio *svfio = display(test, &dmabuf_model, true);
	u32 id = query_id(svfio), next;

	KUNIT_EXPECT_EQ(test, query_id(svfio), id);
	kunit_vfio_reopen(test, svfio);
	KUNIT_EXPECT_EQ(test, get_dmabuf(svfio, id), -ENOENT);
	next = query_id(svfio);
	KUNIT_EXPECT_NE(test, next, id);
	KUNIT_EXPECT_EQ(test, get_dmabuf(svfio, id), -ENOENT);
}

static struct kunit_display *exporting;

#define EXPORTED_FD	77

/* In the place of softpci_dmabuf_fd(). The dma-buf can be written to from then on. */
static int fake_dmabuf_fd(struct file *ram, u64 offset, u64 size)
{
	struct kunit *test = kunit_get_current_test();

	KUNIT_EXPECT_TRUE(test, exporting->dev.memory[0].filled);
	KUNIT_EXPECT_TRUE(test, exporting->dev.memory[0].mapped);
	exporting->exported++;
	exporting->exported_offset = offset;
	exporting->exported_size = size;
	return EXPORTED_FD;
}

static int count_fill(struct softpci_device *dev, unsigned int memory)
{
	return to_display(dev)->filled++ ? 0 : -EINTR;
}

static const struct softpci_memory_desc filled_memory = {
	.size		= DISPLAY_MEMORY,
	.fill		= count_fill,
};

static const struct softpci_model filled_model =
	DISPLAY_MODEL(SOFTPCI_DISPLAY_DMABUF, &filled_memory);

static void exported_memory_has_its_content_and_is_drawn_anew(struct kunit *test)
{
	struct softpci_vfio *svfio = display(test, &filled_model, true);
	u32 id;

	exporting = to_display(svfio->dev);
	exporting->offset = 3 * PAGE_SIZE;
	kunit_activate_static_stub(test, softpci_dmabuf_fd, fake_dmabuf_fd);
	id = query_id(svfio);
	KUNIT_EXPECT_EQ(test, exporting->filled, 0);

	/* The first attempt to fill it fails, and nothing is exported. */
	KUNIT_EXPECT_EQ(test, get_dmabuf(svfio, id), -EINTR);
	KUNIT_EXPECT_EQ(test, exporting->exported, 0);
	KUNIT_EXPECT_FALSE(test, exporting->dev.memory[0].mapped);

	KUNIT_EXPECT_EQ(test, get_dmabuf(svfio, id), EXPORTED_FD);
	KUNIT_EXPECT_EQ(test, exporting->filled, 2);
	KUNIT_EXPECT_EQ(test, get_dmabuf(svfio, id), EXPORTED_FD);
	KUNIT_EXPECT_EQ(test, exporting->filled, 2);
	KUNIT_EXPECT_EQ(test, exporting->exported, 2);
	KUNIT_EXPECT_EQ(test, exporting->exported_offset, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, exporting->exported_size,
			PAGE_ALIGN(2560 * 480));

	/* It may have been written to, unseen. */
	KUNIT_EXPECT_EQ(test, softpci_reset(svfio->dev, SOFTPCI_RESET_BUS), 0);
	KUNIT_EXPECT_EQ(test, exporting->filled, 3);
}

static struct kunit_case gfx_cases[] = {
	KUNIT_CASE(same_mode_same_id),
	KUNIT_CASE(every_field_makes_another_mode),
	KUNIT_CASE(newcomer_takes_the_place_of_the_stalest),
	KUNIT_CASE(flipping_keeps_all_ids_that_there_is_room_for),
	KUNIT_CASE(ids_wrap_past_zero_and_those_in_use),
	KUNIT_CASE_PARAM(query_takes_one_interface, flags_gen_params),
	KUNIT_CASE(answer_is_the_mode),
	KUNIT_CASE_PARAM(plane_that_is_not_there_answers_zeroes,
			 plane_gen_params),
	KUNIT_CASE_PARAM(start_that_cannot_be_told_is_not_shown,
			 offset_gen_params),
	KUNIT_CASE(id_that_no_mode_has_is_refused),
	KUNIT_CASE(ids_of_the_last_user_are_gone),
	KUNIT_CASE(exported_memory_has_its_content_and_is_drawn_anew),
	{}
};

static struct kunit_suite gfx_suite = {
	.name = "softpci-gfx",
	.test_cases = gfx_cases,
};

kunit_test_suite(gfx_suite);
