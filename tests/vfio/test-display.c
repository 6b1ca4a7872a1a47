// SPDX-License-Identifier: GPL-2.0-only
/* vendor/display: by which interface a display is shown, as an administrator chooses. */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../lib/bochs.h"
#include "../lib/cases.h"
#include "../lib/gfx.h"
#include "../lib/migration.h"

#define WIDTH		640
#define HEIGHT		480

static struct text attribute(const struct env *env)
{
	return mdev_path(&env->mdev, "vendor/display");
}

static const char *default_of(const struct model *m)
{
	if (m->bit & MDPY)
		return "region";
	return m->bit & MBOCHS ? "dmabuf" : "none";
}

/* Closes the device, has it shown in another way, and opens it again. */
static void show_by(struct env *env, const char *how)
{
	vfio_close(&env->dev);
	check_eq(__sysfs_write(attribute(env).s, how), 0);
	env_reopen(env);
}

static void expect_shown_by(struct env *env, u32 wanted)
{
	static const u32 all[] = { 0, REGION, DMABUF };
	struct vfio_device_gfx_plane_info plane = { .drm_plane_type = PLANE_PRIMARY };
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		note("interface %#x", all[i]);
		ret = all[i] && all[i] == wanted ? 0 : -EINVAL;
		check_eq(__plane_query(&env->dev, all[i] | PROBE, &plane), ret);
		check_eq(__plane_query(&env->dev, all[i], &plane), ret);
	}
}

static void each_device_says_how_it_is_shown(struct env *env)
{
	struct stat st;

	check_str(sysfs_read(attribute(env).s).s, default_of(env->model));
	check_eq(sys(stat(attribute(env).s, &st)), 0);
	check_eq(st.st_mode & 0777, env->model->bit & DISPLAYS ? 0644 : 0444);
}

static void it_takes_what_it_shows(struct env *env)
{
	show_by(env, sysfs_read(attribute(env).s).s);
	check_str(sysfs_read(attribute(env).s).s, default_of(env->model));
	expect_shown_by(env, env->model->bit & MDPY ? REGION : DMABUF);
}

static void anything_else_is_refused_and_changes_nothing(struct env *env)
{
	static const char *const bad[] = {
		"toaster", "", "\n", "Region", "none none", "region,dmabuf", "0", "regio",
	};
	unsigned int i;

	vfio_close(&env->dev);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		note("\"%s\"", bad[i]);
		/* Nothing written is no call at all. */
		check_eq(__sysfs_write(attribute(env).s, bad[i]), *bad[i] ? -EINVAL : 0);
		check_str(sysfs_read(attribute(env).s).s, default_of(env->model));
	}
	/* The memory of these may move. */
	if (env->model->bit & MDPY)
		check_eq(__sysfs_write(attribute(env).s, "dmabuf"), -EINVAL);
	check_str(sysfs_read(attribute(env).s).s, default_of(env->model));
}

static void it_is_chosen_while_the_device_is_closed(struct env *env)
{
	check_eq(__sysfs_write(attribute(env).s, "none"), -EBUSY);
	check_eq(__sysfs_write(attribute(env).s, default_of(env->model)), 0);
	check_str(sysfs_read(attribute(env).s).s, default_of(env->model));
	vfio_close(&env->dev);
	check_eq(__sysfs_write(attribute(env).s, "none\n"), 0);
	check_str(sysfs_read(attribute(env).s).s, "none");
}

static void without_a_display_all_else_is_there(struct env *env)
{
	bool dispi = env->model->bit & MBOCHS;

	show_by(env, "none");
	expect_shown_by(env, 0);
	check_eq(__dmabuf_get(&env->dev, 1), -ENOTTY);
	if (dispi)
		dispi_show(&env->dev, WIDTH, HEIGHT);
	expect_shown_by(env, 0);
	reg_put(&env->dev, VRAM_BAR, 0, 4, 0x12345678);
	check_eq(reg_get(&env->dev, VRAM_BAR, 0, 4), 0x12345678);
	/* It is back with the next user, if that is to see it. */
	show_by(env, default_of(env->model));
	expect_shown_by(env, dispi ? DMABUF : REGION);
}

static void a_dmabuf_display_is_shown_as_its_memory_by_region(struct env *env)
{
	struct vfio_device_gfx_plane_info plane;
	u32 *pixels;

	show_by(env, "region");
	expect_shown_by(env, REGION);
	plane = plane_query(&env->dev, REGION);
	check_eq(plane.size, 0);

	dispi_show(&env->dev, WIDTH, HEIGHT);
	plane = plane_query(&env->dev, REGION);
	check_eq(plane.drm_format, 0x34325258);	/* XR24 */
	check_eq(plane.drm_format_mod, 0);
	check_eq(plane.width, WIDTH);
	check_eq(plane.height, HEIGHT);
	check_eq(plane.stride, WIDTH * 4);
	check_eq(plane.size, WIDTH * 4 * HEIGHT);
	check_eq(plane.x_pos | plane.y_pos | plane.x_hot | plane.y_hot, 0);
	check_eq(plane.region_index, VRAM_BAR);
	check_eq(__dmabuf_get(&env->dev, 1), -ENOTTY);

	/* What the guest draws by its mapping is what that region reads. */
	pixels = region_map(&env->dev, VRAM_BAR, 0, plane.size);
	pixels[WIDTH * HEIGHT - 1] = 0xff00ff;
	check_eq(reg_get(&env->dev, plane.region_index, plane.size - 4, 4), 0xff00ff);
	munmap(pixels, plane.size);

	/* QEMU leaves the type of a region's plane at 0, an overlay's. */
	memset(&plane, 0xee, sizeof(plane));
	plane.drm_plane_type = PLANE_OVERLAY;
	check_eq(__plane_query(&env->dev, REGION, &plane), 0);
	check_eq(plane.width, WIDTH);
}

/* A plane of a region begins with the region. */
static void elsewhere_in_its_memory_it_shows_nothing_by_region(struct env *env)
{
	show_by(env, "region");
	dispi_show(&env->dev, WIDTH, HEIGHT);
	dispi_put(&env->dev, DISPI_VIRT_HEIGHT, 2 * HEIGHT);
	dispi_put(&env->dev, DISPI_Y_OFFSET, 16);
	check_eq(plane_query(&env->dev, REGION).size, 0);
	dispi_put(&env->dev, DISPI_Y_OFFSET, 0);
	check_eq(plane_query(&env->dev, REGION).size, WIDTH * 4 * HEIGHT);
}

/* How it is shown is its administrator's, and not part of its state. */
static void a_device_moves_to_one_that_is_shown_in_another_way(struct env *env)
{
	struct env target = {};
	struct blob stream = {};

	dispi_show(&env->dev, WIDTH, HEIGHT);
	check_eq(mig_save(&env->dev, &stream), 0);
	env_open(&target, env->model->type, env->door);
	show_by(&target, "region");
	check_eq(mig_load(&target.dev, &stream), 0);
	blob_free(&stream);
	check_eq(plane_query(&target.dev, REGION).width, WIDTH);
	vfio_close(&target.dev);
}

const struct test_case cases[] = {
	CASE(each_device_says_how_it_is_shown, EACH | ONE_DOOR),
	CASE(it_takes_what_it_shows, DISPLAYS),
	CASE(anything_else_is_refused_and_changes_nothing, DISPLAYS | ONE_DOOR),
	CASE(it_is_chosen_while_the_device_is_closed, DISPLAYS),
	CASE(without_a_display_all_else_is_there, MDPY_VGA | MBOCHS_SMALL),
	CASE(a_dmabuf_display_is_shown_as_its_memory_by_region, MBOCHS),
	CASE(elsewhere_in_its_memory_it_shows_nothing_by_region, MBOCHS_SMALL),
	CASE(a_device_moves_to_one_that_is_shown_in_another_way, MBOCHS_SMALL),
	{}
};
