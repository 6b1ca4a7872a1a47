// SPDX-License-Identifier: GPL-2.0-only
#include "refusal.h"

/* At a place that is in the first page of the good stream. */
#define SAMPLE	64
/* Of the pattern in the memory of the target. */
#define SEED	99

u64 memory_size(const struct model *m)
{
	if (m->bit & DISPLAYS)
		return m->bar[0].size;
	return m->bit & EXAMPLE ? EXAMPLE_MEMORY_SIZE : 0;
}

u64 memory_start(const struct model *m)
{
	return m->bit & EXAMPLE ? EXAMPLE_MEMORY : 0;
}

/* Touching one page of mdpy draws all of its picture, which takes long for a large one. */
static bool can_be_looked_at(const struct env *env)
{
	return memory_size(env->model) && !(env->model->bit & (MDPY_XGA | MDPY_HD));
}

static u64 page_offset(const struct env *env, unsigned int i)
{
	return i ? memory_size(env->model) - REFUSAL_PAGE : 0;
}

static void access_sample(struct env *env, unsigned int i, u8 *bytes, bool write)
{
	u64 pos = memory_start(env->model) + page_offset(env, i) + SAMPLE;

	if (write)
		region_write(&env->dev, 0, pos, bytes, SAMPLE);
	else
		region_read(&env->dev, 0, pos, bytes, SAMPLE);
}

static void add_memory(struct refusal *r, size_t *pos, unsigned int i)
{
	struct {
		struct stream_section section;
		struct stream_memory head;
		u8 data[REFUSAL_PAGE];
	} __attribute__((packed)) memory = {
		.section = { STREAM_MEMORY, 0, sizeof(memory) - sizeof(memory.section), 0 },
		.head = { 0, 0, page_offset(r->env, i) },
	};

	fill_pattern(r->memory[i], REFUSAL_PAGE, i + 1);
	memcpy(memory.data, r->memory[i], REFUSAL_PAGE);
	blob_insert(&r->good, *pos, &memory, sizeof(memory));
	*pos += sizeof(memory);
}

/* The device as it is when it is used; its resources are still those of the beginning. */
static void take_down(struct refusal *r)
{
	const struct resources resources = r->before.resources;

	/* Twice: what is made on first use is there then. */
	use(r->env);
	vfio_reset(&r->env->dev);
	use(r->env);
	r->before = device_state_of(r->env);
	r->before.resources = resources;
}

void refusal_init(struct refusal *r, struct env *env)
{
	size_t pos = sizeof(struct stream_header), memory;
	unsigned int i;

	*r = (struct refusal){ .env = env };
	use(env);
	config_put(&env->dev, PCI_INTERRUPT_LINE, 1, 0x77);
	check_eq(mig_save(&env->dev, &r->good), 0);
	while ((memory = stream_find(&r->good, pos, STREAM_MEMORY)))
		blob_remove(&r->good, memory,
			    stream_section_end(&r->good, memory) - memory);
	for (i = 0; i < 2 && memory_size(env->model); i++)
		add_memory(r, &pos, i);
	stream_seal(&r->good);
	vfio_reset(&env->dev);
	take_down(r);
	r->before.resources = resources_of(env);
}

static void prepare(struct refusal *r)
{
	u8 bytes[SAMPLE];
	unsigned int i;

	vfio_reset(&r->env->dev);
	use(r->env);
	fill_pattern(bytes, sizeof(bytes), SEED);
	for (i = 0; i < 2 && can_be_looked_at(r->env); i++)
		access_sample(r->env, i, bytes, true);
}

static void expect_as_before(struct refusal *r)
{
	u8 want[SAMPLE], got[SAMPLE];
	unsigned int i;

	check_eq(mig_get_state(&r->env->dev), MIG_RESUMING);
	expect_device_state(r->env, &r->before);
	fill_pattern(want, sizeof(want), SEED);
	for (i = 0; i < 2 && can_be_looked_at(r->env); i++) {
		access_sample(r->env, i, got, false);
		check_mem(got, want, sizeof(want));
	}
}

static void expect_usable(struct refusal *r)
{
	struct blob saved = {};

	check_eq(mig_get_state(&r->env->dev), MIG_STOP);
	mig_go(&r->env->dev, MIG_RUNNING);
	device_state_of(r->env);
	check_eq(mig_save(&r->env->dev, &saved), 0);
	check(stream_find(&saved, sizeof(struct stream_header), STREAM_END));
	blob_free(&saved);
}

void expect_refused(struct refusal *r, const struct blob *stream, int want)
{
	prepare(r);
	check_eq(mig_load(&r->env->dev, stream), want);
	expect_as_before(r);
}

void expect_taken(struct refusal *r, const struct blob *stream)
{
	prepare(r);
	check_eq(mig_load(&r->env->dev, stream), 0);
	expect_usable(r);
}

void expect_refused_or_taken(struct refusal *r, const struct blob *stream)
{
	int ret;

	prepare(r);
	ret = mig_load(&r->env->dev, stream);
	if (!ret) {
		expect_usable(r);
		/* A reset keeps what it may have loaded: BARs, MSI. */
		vfio_close(&r->env->dev);
		vfio_open(&r->env->dev, r->env->mdev.uuid, r->env->door);
		take_down(r);
		return;
	}
	check_eq(ret, -EINVAL);
	expect_as_before(r);
}

void expect_good_is_taken(struct refusal *r)
{
	u8 got[SAMPLE];
	unsigned int i;

	note("the good stream");
	expect_taken(r, &r->good);
	check_eq(config_get(&r->env->dev, PCI_INTERRUPT_LINE, 1), 0x77);
	config_set(&r->env->dev, PCI_COMMAND, model_decoding(r->env->model));
	for (i = 0; i < 2 && memory_size(r->env->model); i++) {
		access_sample(r->env, i, got, false);
		check_mem(got, r->memory[i] + SAMPLE, SAMPLE);
	}
	/* A descriptor or reference that any stream has cost is still missing. */
	expect_resources(r->env, &r->before.resources);
}
