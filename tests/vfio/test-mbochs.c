// SPDX-License-Identifier: GPL-2.0-only
/* The registers of mbochs as bochs-drm uses them, and its EDID region. */
#include <endian.h>

#include "../lib/bochs.h"
#include "../lib/cases.h"

#define EDID_MAX	1024
#define BLOB_SIZE	256

/* QEMU's: the largest mode that a driver may ask for. */
#define MAX_XRES	16000
#define MAX_YRES	12000

static void identifies_itself(struct env *env)
{
	check_eq(dispi_get(&env->dev, DISPI_ID), 0xb0c5);
	check_eq(dispi_get(&env->dev, DISPI_ENABLE), 0);
	check_eq(dispi_get(&env->dev, DISPI_MEMORY_64K), env->model->bar[VRAM_BAR].size / 65536);
}

static void dispi_registers_keep_what_is_written(struct env *env)
{
	static const enum dispi plain[] = {
		DISPI_XRES, DISPI_YRES, DISPI_BPP, DISPI_VIRT_WIDTH, DISPI_X_OFFSET, DISPI_Y_OFFSET,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(plain); i++)
		dispi_put(&env->dev, plain[i], 0x1234 + i);
	for (i = 0; i < ARRAY_SIZE(plain); i++) {
		note("dispi %u", plain[i]);
		check_eq(dispi_get(&env->dev, plain[i]), 0x1234 + i);
	}
	dispi_put(&env->dev, DISPI_ENABLE, ENABLED | LFB | NOCLEARMEM);
	check_eq(dispi_get(&env->dev, DISPI_ENABLE) & (ENABLED | GETCAPS | LFB), ENABLED | LFB);
}

static void id_and_memory_size_take_no_writes(struct env *env)
{
	u16 size = dispi_get(&env->dev, DISPI_MEMORY_64K);

	dispi_put(&env->dev, DISPI_MEMORY_64K, 1);
	check_eq(dispi_get(&env->dev, DISPI_MEMORY_64K), size);
	dispi_put(&env->dev, DISPI_ID, 0x1111);
	check_eq(dispi_get(&env->dev, DISPI_ID) & 0xfff0, 0xb0c0);
}

static void narrow_and_wide_accesses_see_the_same_registers(struct env *env)
{
	unsigned int xres = DISPI + 2 * DISPI_XRES;
	struct vfio *v = &env->dev;

	dispi_put(v, DISPI_XRES, 0x0403);
	dispi_put(v, DISPI_YRES, 0x0605);
	check_eq(reg_get(v, REGS_BAR, xres, 1), 0x03);
	check_eq(reg_get(v, REGS_BAR, xres + 1, 1), 0x04);
	check_eq(reg_get(v, REGS_BAR, xres, 4), 0x06050403);
	check_eq(reg_get(v, REGS_BAR, xres + 1, 2), 0x0504);
	check_eq(reg_get(v, REGS_BAR, xres + 1, 3), 0x060504);

	/* A byte is merged with the other one of its register. */
	reg_put(v, REGS_BAR, xres, 1, 0xaa);
	check_eq(dispi_get(v, DISPI_XRES), 0x04aa);
	reg_put(v, REGS_BAR, xres + 1, 1, 0xbb);
	check_eq(dispi_get(v, DISPI_XRES), 0xbbaa);
	reg_put(v, REGS_BAR, xres + 1, 2, 0x2211);
	check_eq(dispi_get(v, DISPI_XRES), 0x11aa);
	check_eq(dispi_get(v, DISPI_YRES), 0x0622);
	reg_put(v, REGS_BAR, xres, 4, 0x87654321);
	check_eq(dispi_get(v, DISPI_XRES), 0x4321);
	check_eq(dispi_get(v, DISPI_YRES), 0x8765);
}

static void getcaps_answers_with_the_maxima(struct env *env)
{
	struct vfio *v = &env->dev;

	dispi_put(v, DISPI_XRES, 640);
	dispi_put(v, DISPI_YRES, 480);
	dispi_put(v, DISPI_BPP, 16);
	dispi_put(v, DISPI_ENABLE, GETCAPS);
	check_eq(dispi_get(v, DISPI_ENABLE), GETCAPS);
	check_eq(dispi_get(v, DISPI_XRES), MAX_XRES);
	check_eq(dispi_get(v, DISPI_YRES), MAX_YRES);
	check_eq(dispi_get(v, DISPI_BPP), 32);
	dispi_put(v, DISPI_ENABLE, 0);
	check_eq(dispi_get(v, DISPI_XRES), 640);
	check_eq(dispi_get(v, DISPI_YRES), 480);
	check_eq(dispi_get(v, DISPI_BPP), 16);
}

static void byte_order_is_little_or_big(struct env *env)
{
	struct vfio *v = &env->dev;

	check_eq(reg_get(v, REGS_BAR, EXT_SIZE, 4), 8);
	check_eq(reg_get(v, REGS_BAR, EXT_ORDER, 4), ORDER_LITTLE);
	reg_put(v, REGS_BAR, EXT_ORDER, 4, ORDER_BIG);
	check_eq(reg_get(v, REGS_BAR, EXT_ORDER, 4), ORDER_BIG);
	reg_put(v, REGS_BAR, EXT_ORDER, 4, 0x12345678);
	check_eq(reg_get(v, REGS_BAR, EXT_ORDER, 4), ORDER_BIG);
	reg_put(v, REGS_BAR, EXT_ORDER, 4, ORDER_LITTLE);
	check_eq(reg_get(v, REGS_BAR, EXT_ORDER, 4), ORDER_LITTLE);
	reg_put(v, REGS_BAR, EXT_SIZE, 4, 0xffffffff);
	check_eq(reg_get(v, REGS_BAR, EXT_SIZE, 4), 8);
}

/* The VGA that is not there, and everything between the registers. */
static void the_rest_reads_zero(struct env *env)
{
	u8 ones[4096], got[4096], zeroes[4096] = {};
	const struct {
		unsigned int start, end;
	} rest[] = {
		{ EDID_SPACE, DISPI }, { DISPI + 2 * NR_DISPI, EXT_SIZE }, { EXT_ORDER + 4, 4096 },
	};
	unsigned int i;

	memset(ones, 0xff, sizeof(ones));
	for (i = 0; i < ARRAY_SIZE(rest); i++) {
		size_t len = rest[i].end - rest[i].start;

		note("from %03xh", rest[i].start);
		region_read(&env->dev, REGS_BAR, rest[i].start, got, len);
		check_mem(got, zeroes, len);
		region_write(&env->dev, REGS_BAR, rest[i].start, ones, len);
		region_read(&env->dev, REGS_BAR, rest[i].start, got, len);
		check_mem(got, zeroes, len);
	}
}

#define SCREEN		(640 * 480 * 4)

static void expect_screen(struct env *env, u8 byte)
{
	u8 *got = malloc(SCREEN), *want = malloc(SCREEN);

	check(got && want);
	memset(want, byte, SCREEN);
	region_read(&env->dev, VRAM_BAR, 0, got, SCREEN);
	check_mem(got, want, SCREEN);
	free(got);
	free(want);
}

static void fill_screen(struct env *env, u8 byte)
{
	u8 *map = region_map(&env->dev, VRAM_BAR, 0, SCREEN);

	memset(map, byte, SCREEN);
}

/* Half as much of it with 16 bits per pixel, and wherever it starts. */
static void switching_on_clears_what_is_on_the_screen(struct env *env)
{
	static const struct dispi_mode modes[] = {
		{ 640, 480, 32, ENABLED | LFB, 640, 0, 0 },
		{ 640, 480, 16, ENABLED | LFB, 640, 0, 0 },
		{ 640, 480, 16, ENABLED | LFB, 1000, 10, 3 },
		{ 640, 480, 32, ENABLED | LFB, 1000, 10, 3 },
	};
	u8 *map = region_map(&env->dev, VRAM_BAR, 0, 2 * SCREEN);
	u8 *zeroes = calloc(2, SCREEN);
	unsigned int m;

	check(zeroes);
	for (m = 0; m < ARRAY_SIZE(modes); m++) {
		const struct dispi_mode *mode = &modes[m];
		size_t stride = mode->virt_width * mode->bpp / 8;
		size_t start = mode->y * stride + mode->x * mode->bpp / 8;

		note("row %u", m);
		memset(map, 0xaa, 2 * SCREEN);
		dispi_set(&env->dev, mode);
		if (start)
			check_eq(map[start - 1], 0xaa);
		check_mem(map + start, zeroes, mode->yres * stride);
		check_eq(map[start + mode->yres * stride], 0xaa);
	}
	free(zeroes);
}

static void other_depths_clear_nothing(struct env *env)
{
	static const u16 depths[] = { 0, 4, 8, 15, 24, 64 };
	struct dispi_mode mode = { 640, 480, 0, ENABLED | LFB, 640, 0, 0 };
	unsigned int i;

	fill_screen(env, 0xaa);
	for (i = 0; i < ARRAY_SIZE(depths); i++) {
		note("%u bits per pixel", depths[i]);
		mode.bpp = depths[i];
		dispi_set(&env->dev, &mode);
		expect_screen(env, 0xaa);
	}
}

static void switching_on_clears_the_screen(struct env *env)
{
	const struct dispi_mode vga = { 640, 480, 32, ENABLED | LFB, 640, 0, 0 };
	u32 behind = 0x5a5a5a5a;

	fill_screen(env, 0xaa);
	reg_put(&env->dev, VRAM_BAR, SCREEN, 4, behind);
	dispi_set(&env->dev, &vga);
	expect_screen(env, 0);
	check_eq(reg_get(&env->dev, VRAM_BAR, SCREEN, 4), behind);

	/* It is on already. */
	fill_screen(env, 0xbb);
	dispi_put(&env->dev, DISPI_ENABLE, ENABLED | LFB);
	expect_screen(env, 0xbb);
}

static void noclearmem_keeps_the_screen(struct env *env)
{
	fill_screen(env, 0xcc);
	dispi_show(&env->dev, 640, 480);
	expect_screen(env, 0xcc);
	dispi_put(&env->dev, DISPI_ENABLE, 0);
	expect_screen(env, 0xcc);
}

static void fresh_memory_is_zero(struct env *env)
{
	u64 size = vfio_region(&env->dev, VRAM_BAR)->size, off;
	u8 got[4096], zeroes[4096] = {};

	for (off = 0; off < size; off += size / 64) {
		region_read(&env->dev, VRAM_BAR, off, got, sizeof(got));
		check_mem(got, zeroes, sizeof(got));
	}
}

/* A monitor as QEMU describes it: the region's registers, and a blob. */
struct monitor {
	struct vfio *v;
	int region;
	u32 blob;
};

static struct monitor monitor_of(struct env *env)
{
	struct monitor m = { &env->dev, edid_region(&env->dev), 0 };

	m.blob = reg_get(m.v, m.region, EDID_REG(edid_offset), 4);
	return m;
}

static u32 monitor_get(struct monitor *m, unsigned int reg)
{
	return reg_get(m->v, m->region, reg, 4);
}

static int __monitor_put(struct monitor *m, unsigned int reg, u32 val)
{
	ssize_t ret;

	val = htole32(val);
	ret = __region_write(m->v, m->region, reg, &val, sizeof(val));
	return ret == sizeof(val) ? 0 : ret;
}

static void monitor_put(struct monitor *m, unsigned int reg, u32 val)
{
	check_eq(__monitor_put(m, reg, val), 0);
}

static void expect_ddc(struct env *env, const u8 *blob, size_t size)
{
	u8 want[EDID_MAX] = {}, got[EDID_MAX];

	if (size)
		memcpy(want, blob, size);
	region_read(&env->dev, REGS_BAR, EDID_SPACE, got, sizeof(got));
	check_mem(got, want, sizeof(got));
}

static void edid_region_tells_its_limits(struct env *env)
{
	struct monitor m = monitor_of(env);
	u64 size = vfio_region(&env->dev, m.region)->size;

	check(m.blob >= sizeof(struct vfio_region_gfx_edid));
	check(m.blob + EDID_MAX <= size);
	check_eq(monitor_get(&m, EDID_REG(edid_max_size)), EDID_MAX);
	check_eq(monitor_get(&m, EDID_REG(max_xres)), env->model->width);
	check_eq(monitor_get(&m, EDID_REG(max_yres)), env->model->height);
	/* No monitor yet. */
	check_eq(monitor_get(&m, EDID_REG(edid_size)), 0);
	check_eq(monitor_get(&m, EDID_REG(link_state)), VFIO_DEVICE_GFX_LINK_STATE_DOWN);
}

static void the_guest_sees_the_blob_while_the_link_is_up(struct env *env)
{
	struct monitor m = monitor_of(env);
	u8 blob[BLOB_SIZE];

	fill_pattern(blob, sizeof(blob), 7);
	region_write(m.v, m.region, m.blob, blob, sizeof(blob));
	monitor_put(&m, EDID_REG(edid_size), sizeof(blob));
	expect_ddc(env, NULL, 0);
	monitor_put(&m, EDID_REG(link_state), VFIO_DEVICE_GFX_LINK_STATE_UP);
	expect_ddc(env, blob, sizeof(blob));
	monitor_put(&m, EDID_REG(link_state), VFIO_DEVICE_GFX_LINK_STATE_DOWN);
	expect_ddc(env, NULL, 0);
	/* It is only hidden. */
	monitor_put(&m, EDID_REG(link_state), VFIO_DEVICE_GFX_LINK_STATE_UP);
	expect_ddc(env, blob, sizeof(blob));
	monitor_put(&m, EDID_REG(edid_size), 128);
	expect_ddc(env, blob, 128);
}

static void a_blob_of_1024_bytes_fits(struct env *env)
{
	struct monitor m = monitor_of(env);
	u8 blob[EDID_MAX], got[EDID_MAX];

	fill_pattern(blob, sizeof(blob), 9);
	region_write(m.v, m.region, m.blob, blob, sizeof(blob));
	region_read(m.v, m.region, m.blob, got, sizeof(got));
	check_mem(got, blob, sizeof(blob));
	monitor_put(&m, EDID_REG(edid_size), EDID_MAX);
	monitor_put(&m, EDID_REG(link_state), VFIO_DEVICE_GFX_LINK_STATE_UP);
	expect_ddc(env, blob, sizeof(blob));
}

static void the_guest_cannot_write_the_blob(struct env *env)
{
	struct monitor m = monitor_of(env);
	u8 blob[BLOB_SIZE], zeroes[BLOB_SIZE] = {};

	fill_pattern(blob, sizeof(blob), 3);
	region_write(m.v, m.region, m.blob, blob, sizeof(blob));
	monitor_put(&m, EDID_REG(edid_size), sizeof(blob));
	monitor_put(&m, EDID_REG(link_state), VFIO_DEVICE_GFX_LINK_STATE_UP);
	region_write(&env->dev, REGS_BAR, EDID_SPACE, zeroes, sizeof(zeroes));
	expect_ddc(env, blob, sizeof(blob));
}

static void values_that_make_no_sense_are_einval(struct env *env)
{
	const struct {
		unsigned int reg;
		u32 val;
	} rows[] = {
		{ EDID_REG(link_state), 0 }, { EDID_REG(link_state), 3 },
		{ EDID_REG(link_state), 0x101 }, { EDID_REG(link_state), ~0U },
		{ EDID_REG(edid_size), EDID_MAX + 1 }, { EDID_REG(edid_size), 1U << 31 },
		{ EDID_REG(edid_size), ~0U },
	};
	struct monitor m = monitor_of(env);
	u8 before[4096], after[4096];
	size_t size = vfio_region(&env->dev, m.region)->size;
	unsigned int r;

	size = size < sizeof(before) ? size : sizeof(before);
	monitor_put(&m, EDID_REG(edid_size), 128);
	monitor_put(&m, EDID_REG(link_state), VFIO_DEVICE_GFX_LINK_STATE_UP);
	region_read(m.v, m.region, 0, before, size);
	for (r = 0; r < ARRAY_SIZE(rows); r++) {
		note("%#x to %02xh", rows[r].val, rows[r].reg);
		check_eq(__monitor_put(&m, rows[r].reg, rows[r].val), -EINVAL);
		region_read(m.v, m.region, 0, after, size);
		check_mem(after, before, size);
	}
}

static void limits_take_no_writes(struct env *env)
{
	static const unsigned int fixed[] = {
		EDID_REG(edid_offset), EDID_REG(edid_max_size), EDID_REG(max_xres),
		EDID_REG(max_yres),
	};
	struct monitor m = monitor_of(env);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fixed); i++) {
		u32 before = monitor_get(&m, fixed[i]);

		note("register %02xh", fixed[i]);
		monitor_put(&m, fixed[i], 77);
		check_eq(monitor_get(&m, fixed[i]), before);
	}
}

const struct test_case cases[] = {
	CASE(identifies_itself, MBOCHS | ONE_DOOR),
	CASE(dispi_registers_keep_what_is_written, MBOCHS | ONE_DOOR),
	CASE(id_and_memory_size_take_no_writes, MBOCHS | ONE_DOOR),
	CASE(narrow_and_wide_accesses_see_the_same_registers, MBOCHS | ONE_DOOR),
	CASE(getcaps_answers_with_the_maxima, MBOCHS | ONE_DOOR),
	CASE(byte_order_is_little_or_big, MBOCHS | ONE_DOOR),
	CASE(the_rest_reads_zero, MBOCHS | ONE_DOOR),
	CASE(switching_on_clears_the_screen, MBOCHS | ONE_DOOR),
	CASE(switching_on_clears_what_is_on_the_screen, MBOCHS | ONE_DOOR),
	CASE(other_depths_clear_nothing, MBOCHS_SMALL | ONE_DOOR),
	CASE(noclearmem_keeps_the_screen, MBOCHS | ONE_DOOR),
	CASE(fresh_memory_is_zero, MBOCHS | ONE_DOOR),
	CASE(edid_region_tells_its_limits, MBOCHS | ONE_DOOR),
	CASE(the_guest_sees_the_blob_while_the_link_is_up, MBOCHS | ONE_DOOR),
	CASE(a_blob_of_1024_bytes_fits, MBOCHS | ONE_DOOR),
	CASE(the_guest_cannot_write_the_blob, MBOCHS | ONE_DOOR),
	CASE(values_that_make_no_sense_are_einval, MBOCHS | ONE_DOOR),
	CASE(limits_take_no_writes, MBOCHS | ONE_DOOR),
	{}
};
