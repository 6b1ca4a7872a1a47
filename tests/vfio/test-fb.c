// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdpy-fb, the driver of the guest.  No mdpy is on a PCI bus of the machine
 * that runs the tests.  ci/run gives it a bochs-display: memory behind BAR 0,
 * and config space that can be written.  With mdpy's capability in it mdpy-fb
 * drives that device as well.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <linux/kd.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/fault.h"
#include "../lib/module.h"
#include "../lib/race.h"
#include "../lib/uapi.h"

#define PCI		"/sys/bus/pci"
#define DRIVER		PCI "/drivers/mdpy-fb"
#define VENDORCAP	0x40
#define WIDTH		640
#define HEIGHT		480
#define SIZE		(WIDTH * HEIGHT * 4)
#define PAGE		4096
#define FB_MAJOR	29
#define PATTERN		0x5a
#define ROUNDS		20

/* The device, by its address. */
static struct text address;
/* /dev/fbN */
static struct text node;

static struct text pci_path(const char *file)
{
	return text(PCI "/devices/%s/%s", address.s, file);
}

static bool is_display(const char *name)
{
	char id[16];

	address = text("%s", name);
	return !__sysfs_read(pci_path("vendor").s, id, sizeof(id)) && !strcmp(id, "0x1234\n") &&
	       !__sysfs_read(pci_path("device").s, id, sizeof(id)) && !strcmp(id, "0x1111\n");
}

static void find_display(void)
{
	DIR *dir;
	struct dirent *entry;

	/* For one that a case unplugged and failed. */
	__sysfs_write(PCI "/rescan", "1");
	dir = opendir(PCI "/devices");
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && is_display(entry->d_name))
			break;
	if (!dir || !entry)
		skip_case("no bochs-display on the PCI bus: ci/run gives its machine one");
	closedir(dir);
}

static bool is_bound(void)
{
	return !access(text(DRIVER "/%s", address.s).s, F_OK);
}

/* The mode as mdpy's config space has it. */
static void write_capability(void)
{
	const u32 capability[] = { 0x00100009, FOURCC_XR24, WIDTH, HEIGHT };
	int fd = open(pci_path("config").s, O_RDWR | O_CLOEXEC);

	check(fd >= 0);
	check_eq(sys(pwrite(fd, capability, sizeof(capability), VENDORCAP)), sizeof(capability));
	close(fd);
}

static int unbind(void)
{
	return __sysfs_write(DRIVER "/unbind", address.s);
}

static int bind(void)
{
	return __sysfs_write(DRIVER "/bind", address.s);
}

/* The number of the framebuffer in /sys/class/graphics; -1: there is none. */
static int find_node(void)
{
	DIR *dir = opendir(pci_path("graphics").s);
	struct dirent *entry;
	int number = -1;

	while (dir && (entry = readdir(dir)))
		if (sscanf(entry->d_name, "fb%d", &number) == 1)
			break;
	if (dir)
		closedir(dir);
	if (number >= 0)
		node = text("/dev/fb%d", number);
	return number;
}

/* The text console must not draw between what a case writes and reads. */
static void set_console(int mode)
{
	int fd = open("/dev/tty0", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return;
	check_eq(sys(ioctl(fd, KDSETMODE, mode)), 0);
	close(fd);
}

/* The console on a framebuffer keeps the driver as well. */
static void unload(void)
{
	if (is_bound())
		check_eq(unbind(), 0);
	module_unload("mdpy_fb");
}

static int attach(void)
{
	return __sysfs_write(DRIVER "/new_id", "1234 1111");
}

/* A case that failed may have left anything. */
static void fb_start(void)
{
	find_display();
	if (module_is_loaded("mdpy_fb"))
		unload();
	write_capability();
	module_load("mdpy-fb", "");
	check_eq(attach(), 0);
	check(is_bound());
	check(find_node() >= 0);
	set_console(KD_GRAPHICS);
}

static void fb_stop(void)
{
	set_console(KD_TEXT);
	unload();
	check_eq(find_node(), -1);
}

static int fb_open(int flags)
{
	int fd = sys(open(node.s, flags | O_CLOEXEC));

	check(fd >= 0);
	return fd;
}

static u8 *__fb_map(int fd, size_t len, int prot, int flags, off_t at)
{
	return mmap(NULL, len, prot, flags, fd, at);
}

static u8 *fb_map(int fd)
{
	u8 *map = __fb_map(fd, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);

	check(map != MAP_FAILED);
	return map;
}

static sigjmp_buf touched;

static void on_bus_error(int signal)
{
	siglongjmp(touched, 1);
}

/* Is there memory, or SIGBUS? */
static bool can_read(const volatile u8 *at)
{
	signal(SIGBUS, on_bus_error);
	if (sigsetjmp(touched, 1))
		return false;
	(void)*at;
	return true;
}

static bool can_write(volatile u8 *at)
{
	signal(SIGBUS, on_bus_error);
	if (sigsetjmp(touched, 1))
		return false;
	*at = PATTERN;
	return true;
}

static void get_var(int fd, struct fb_var_screeninfo *var)
{
	memset(var, 0, sizeof(*var));
	check_eq(sys(ioctl(fd, FBIOGET_VSCREENINFO, var)), 0);
}

static void it_says_the_mode(struct env *env)
{
	struct fb_fix_screeninfo fix = {};
	struct fb_var_screeninfo var;
	int fd;

	fb_start();
	fd = fb_open(O_RDWR);
	get_var(fd, &var);
	check_eq(sys(ioctl(fd, FBIOGET_FSCREENINFO, &fix)), 0);
	check_eq(strcmp(fix.id, "mdpy-fb"), 0);
	check_eq(fix.smem_len, SIZE);
	check_eq(fix.line_length, WIDTH * 4);
	check_eq(fix.visual, FB_VISUAL_TRUECOLOR);
	check_eq(var.xres, WIDTH);
	check_eq(var.yres, HEIGHT);
	check_eq(var.xres_virtual, WIDTH);
	check_eq(var.yres_virtual, HEIGHT);
	check_eq(var.bits_per_pixel, 32);
	check_eq(var.red.offset, 16);
	check_eq(var.green.offset, 8);
	check_eq(var.blue.offset, 0);
	close(fd);
	fb_stop();
}

#define FIELD(field, value, want)						\
	{ #field " = " #value, offsetof(struct fb_var_screeninfo, field), value, want }

/* One word of what is asked for is another than it is. */
static const struct ask {
	const char *what;
	size_t offset;
	u32 value;
	int want;
} asked[] = {
	FIELD(xres, WIDTH, 0),
	FIELD(xres, 800, -EINVAL),
	FIELD(xres, 320, -EINVAL),
	FIELD(xres, 0, -EINVAL),
	FIELD(yres, 600, -EINVAL),
	FIELD(yres, 240, -EINVAL),
	FIELD(yres, 0xffffffff, -EINVAL),
	FIELD(xres_virtual, WIDTH + 1, -EINVAL),
	FIELD(xres_virtual, 0, 0),
	FIELD(yres_virtual, 2 * HEIGHT, -EINVAL),
	FIELD(yres_virtual, 0, 0),
	FIELD(xoffset, 1, -EINVAL),
	FIELD(yoffset, 1, -EINVAL),
	FIELD(bits_per_pixel, 16, -EINVAL),
	FIELD(bits_per_pixel, 24, -EINVAL),
	FIELD(bits_per_pixel, 8, -EINVAL),
	FIELD(grayscale, 1, -EINVAL),
	FIELD(grayscale, FOURCC_XR24, -EINVAL),
	FIELD(nonstd, 1, -EINVAL),
	FIELD(rotate, 1, -EINVAL),
	FIELD(vmode, FB_VMODE_INTERLACED, -EINVAL),
	FIELD(vmode, FB_VMODE_DOUBLE, -EINVAL),
	FIELD(vmode, FB_VMODE_YWRAP, -EINVAL),
	/* Without effect, and answered with the values in use. */
	FIELD(red.offset, 0, 0),
	FIELD(red.length, 5, 0),
	FIELD(transp.length, 8, 0),
	FIELD(pixclock, 39721, 0),
	FIELD(left_margin, 48, 0),
	FIELD(hsync_len, 96, 0),
	FIELD(sync, FB_SYNC_HOR_HIGH_ACT, 0),
	FIELD(width, 300, 0),
	FIELD(accel_flags, 1, 0),
};

/* As `fbset -xres 800` asks, which was told that it worked. */
static void another_mode_is_einval_and_changes_nothing(struct env *env)
{
	static const u32 activate[] = { FB_ACTIVATE_TEST, FB_ACTIVATE_NOW,
					FB_ACTIVATE_NOW | FB_ACTIVATE_FORCE };
	struct fb_var_screeninfo mode, var, got;
	unsigned int i, j;
	int fd;

	fb_start();
	fd = fb_open(O_RDWR);
	get_var(fd, &mode);
	for (i = 0; i < ARRAY_SIZE(asked); i++) {
		for (j = 0; j < ARRAY_SIZE(activate); j++) {
			note("%s, activate %#x", asked[i].what, activate[j]);
			var = mode;
			var.activate = activate[j];
			memcpy((u8 *)&var + asked[i].offset, &asked[i].value, 4);
			check_eq(sys(ioctl(fd, FBIOPUT_VSCREENINFO, &var)), asked[i].want);
			get_var(fd, &got);
			got.activate = mode.activate;
			check_mem(&got, &mode, sizeof(mode));
			if (asked[i].want)
				continue;
			var.activate = mode.activate;
			check_mem(&var, &mode, sizeof(mode));
		}
	}
	close(fd);
	fb_stop();
}

/* Else a user could make the kernel remember any number of modes. */
static void the_list_of_modes_has_one(struct env *env)
{
	struct fb_var_screeninfo var;
	unsigned int i;
	struct text modes;
	int fd;

	fb_start();
	fd = fb_open(O_RDWR);
	for (i = 0; i < 100; i++) {
		get_var(fd, &var);
		var.pixclock = 1000 + i;
		var.left_margin = i;
		var.activate = FB_ACTIVATE_NOW | FB_ACTIVATE_FORCE;
		check_eq(sys(ioctl(fd, FBIOPUT_VSCREENINFO, &var)), 0);
	}
	modes = sysfs_read(pci_path(text("graphics/%s/modes", strrchr(node.s, '/') + 1).s).s);
	check(!strchr(modes.s, '\n'));
	close(fd);
	fb_stop();
}

static void panning_stays_at_the_origin(struct env *env)
{
	static const struct {
		u32 x, y, vmode;
		int want;
	} pans[] = {
		{ 0, 0, 0, 0 },
		{ 1, 0, 0, -EINVAL },
		{ 0, 1, 0, -EINVAL },
		{ 0, HEIGHT, 0, -EINVAL },
		{ 0xffffffff, 0xffffffff, 0, -EINVAL },
		{ 0, 0, FB_VMODE_YWRAP, -EINVAL },
		{ 0, 1, FB_VMODE_YWRAP, -EINVAL },
	};
	struct fb_var_screeninfo mode, var, got;
	unsigned int i;
	int fd;

	fb_start();
	fd = fb_open(O_RDWR);
	get_var(fd, &mode);
	for (i = 0; i < ARRAY_SIZE(pans); i++) {
		note("to %u, %u, vmode %#x", pans[i].x, pans[i].y, pans[i].vmode);
		var = mode;
		var.xoffset = pans[i].x;
		var.yoffset = pans[i].y;
		var.vmode = pans[i].vmode;
		check_eq(sys(ioctl(fd, FBIOPAN_DISPLAY, &var)), pans[i].want);
		get_var(fd, &got);
		check_mem(&got, &mode, sizeof(mode));
	}
	close(fd);
	fb_stop();
}

/* EINVAL is how fbcon learns that it has to clear the screen by itself. */
static void blanking_is_refused_and_unblanking_is_not(struct env *env)
{
	static const struct {
		unsigned long mode;
		int want;
	} blanks[] = {
		{ FB_BLANK_UNBLANK, 0 },
		{ FB_BLANK_NORMAL, -EINVAL },
		{ FB_BLANK_VSYNC_SUSPEND, -EINVAL },
		{ FB_BLANK_HSYNC_SUSPEND, -EINVAL },
		{ FB_BLANK_POWERDOWN, -EINVAL },
		{ FB_BLANK_POWERDOWN + 1, -EINVAL },
		{ FB_BLANK_UNBLANK, 0 },
	};
	char sysfs[16] = "";
	struct text file;
	unsigned int i;
	int fd;

	fb_start();
	fd = fb_open(O_RDWR);
	file = pci_path(text("graphics/%s/blank", strrchr(node.s, '/') + 1).s);
	for (i = 0; i < ARRAY_SIZE(blanks); i++) {
		/* Newer kernels tell; the display is never dark. */
		check_eq(__sysfs_read(file.s, sysfs, sizeof(sysfs)), 0);
		check(!*sysfs || !strcmp(sysfs, "0\n"));
		note("mode %lu", blanks[i].mode);
		check_eq(sys(ioctl(fd, FBIOBLANK, blanks[i].mode)), blanks[i].want);
	}
	close(fd);
	fb_stop();
}

static bool is_dark(const u8 *map)
{
	unsigned int i;

	for (i = 0; i < SIZE; i++)
		if (map[i])
			return false;
	return true;
}

static void the_text_console_is_blanked_by_software(struct env *env)
{
	static const char text_on_it[] = "\033[H\033[2J\033[?25hthis is to be seen";
	int fd, tty;
	u8 *map;

	fb_start();
	set_console(KD_TEXT);
	fd = fb_open(O_RDWR);
	map = fb_map(fd);
	tty = open("/dev/tty0", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (access("/sys/class/graphics/fbcon", F_OK) || tty < 0)
		skip_case("this kernel has no console on framebuffers");
	check_eq(sys(write(tty, text_on_it, sizeof(text_on_it) - 1)), sizeof(text_on_it) - 1);
	check(!is_dark(map));
	ioctl(fd, FBIOBLANK, FB_BLANK_POWERDOWN);
	check(is_dark(map));
	check_eq(sys(ioctl(fd, FBIOBLANK, FB_BLANK_UNBLANK)), 0);
	check(!is_dark(map));
	munmap(map, SIZE);
	close(tty);
	close(fd);
	fb_stop();
}

static void read_and_write_end_where_the_memory_does(struct env *env)
{
	static u8 out[3 * PAGE + 7], in[sizeof(out)];
	unsigned int i;
	void *nowhere;
	u8 *map;
	int fd;

	fb_start();
	fd = fb_open(O_RDWR);
	map = fb_map(fd);
	for (i = 0; i < sizeof(out); i++)
		out[i] = i * 7 + i / PAGE;
	check_eq(sys(pwrite(fd, out, sizeof(out), 13)), sizeof(out));
	check_mem(map + 13, out, sizeof(out));
	check_eq(sys(pread(fd, in, sizeof(in), 13)), sizeof(in));
	check_mem(in, out, sizeof(out));

	check_eq(sys(pwrite(fd, out, 100, SIZE - 60)), 60);
	check_mem(map + SIZE - 60, out, 60);
	check_eq(sys(pread(fd, in, 100, SIZE - 60)), 60);
	check_eq(sys(pread(fd, in, 100, SIZE)), 0);
	check_eq(sys(pread(fd, in, 100, 1ll << 40)), 0);
	check_eq(sys(pwrite(fd, out, 100, SIZE)), -ENOSPC);
	check_eq(sys(pwrite(fd, out, 0, SIZE)), 0);
	check_eq(sys(pwrite(fd, out, 100, SIZE + 1)), -EFBIG);
	check_eq(sys(pwrite(fd, out, 100, 1ll << 40)), -EFBIG);

	nowhere = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check_eq(sys(pread(fd, nowhere, 100, 0)), -EFAULT);
	check_eq(sys(pwrite(fd, nowhere, 100, 0)), -EFAULT);
	/* Its own memory, which is not there before it is touched */
	munmap(map, SIZE);
	map = fb_map(fd);
	check_eq(sys(pread(fd, map + 8 * PAGE, sizeof(out), 13)), sizeof(out));
	check_mem(map + 8 * PAGE, out, sizeof(out));
	munmap(map, SIZE);
	close(fd);
	fb_stop();
}

static void mappings_stay_inside_of_the_memory(struct env *env)
{
	static const struct {
		size_t len;
		int prot, flags;
		off_t at;
		int want;
	} maps[] = {
		{ SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 0, 0 },
		{ PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, SIZE - PAGE, 0 },
		{ SIZE, PROT_READ, MAP_PRIVATE, 0, 0 },
		{ SIZE + PAGE, PROT_READ, MAP_SHARED, 0, -EINVAL },
		{ 2 * PAGE, PROT_READ, MAP_SHARED, SIZE - PAGE, -EINVAL },
		{ PAGE, PROT_READ, MAP_SHARED, SIZE, -EINVAL },
		{ PAGE, PROT_READ, MAP_SHARED, 1ll << 43, -EINVAL },
		{ PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0, -EINVAL },
	};
	unsigned int i;
	u8 *map;
	int fd;

	fb_start();
	fd = fb_open(O_RDWR);
	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		note("map %u", i);
		map = __fb_map(fd, maps[i].len, maps[i].prot, maps[i].flags, maps[i].at);
		check_eq(map == MAP_FAILED ? -errno : 0, maps[i].want);
		if (map == MAP_FAILED)
			continue;
		check(can_read(map + maps[i].len - 1));
		/* What is read only stays so, and nothing grows. */
		check_eq(sys(mprotect(map, PAGE, PROT_READ | PROT_WRITE)),
			 maps[i].flags == MAP_SHARED ? 0 : -EACCES);
		check(mremap(map, maps[i].len, maps[i].len + PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
		munmap(map, maps[i].len);
	}
	close(fd);
	fd = fb_open(O_RDONLY);
	map = __fb_map(fd, SIZE, PROT_READ, MAP_SHARED, 0);
	check(map != MAP_FAILED);
	check(can_read(map));
	check_eq(sys(mprotect(map, PAGE, PROT_READ | PROT_WRITE)), -EACCES);
	munmap(map, SIZE);
	close(fd);
	fb_stop();
}

/* Memory that was mapped in each way in which there can be more than one VMA. */
struct user {
	int fd, other_fd;
	u8 *whole, *moved, *other;
};

static void user_start(struct user *u)
{
	struct text other = text("/tmp/fb-%d", getpid());
	u8 *place;

	u->fd = fb_open(O_RDWR);
	u->whole = fb_map(u->fd);
	check(can_write(u->whole));
	/* In three parts */
	check_eq(sys(mprotect(u->whole + 8 * PAGE, PAGE, PROT_READ)), 0);
	check_eq(sys(munmap(u->whole + 16 * PAGE, PAGE)), 0);
	check(can_write(u->whole + 32 * PAGE));

	u->moved = fb_map(u->fd);
	check(can_write(u->moved));
	place = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	u->moved = mremap(u->moved, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	check(u->moved == place);
	check(can_read(u->moved));

	/* Another inode of the same device, as a container would have it */
	check_eq(sys(mknod(other.s, S_IFCHR | 0600, makedev(FB_MAJOR, find_node()))), 0);
	u->other_fd = sys(open(other.s, O_RDWR | O_CLOEXEC));
	unlink(other.s);
	if (u->other_fd == -EACCES)
		skip_case("no device nodes in /tmp");
	check(u->other_fd >= 0);
	u->other = fb_map(u->other_fd);
	check(can_write(u->other + PAGE));
}

static void expect_gone(struct user *u)
{
	struct fb_var_screeninfo var;
	u8 page[PAGE];

	check(!can_read(u->whole));
	check(!can_write(u->whole));
	check(!can_read(u->whole + 8 * PAGE));
	check(!can_write(u->whole + 32 * PAGE));
	/* Not touched before */
	check(!can_read(u->whole + SIZE - PAGE));
	check(!can_read(u->moved));
	check(!can_write(u->other + PAGE));
	check_eq(sys(pread(u->fd, page, sizeof(page), 0)), -ENODEV);
	check_eq(sys(pwrite(u->fd, page, sizeof(page), 0)), -ENODEV);
	check_eq(sys(ioctl(u->fd, FBIOGET_VSCREENINFO, &var)), -ENODEV);
	check(__fb_map(u->fd, PAGE, PROT_READ, MAP_SHARED, 0) == MAP_FAILED && errno == ENODEV);
	check(__fb_map(u->other_fd, PAGE, PROT_READ, MAP_SHARED, 0) == MAP_FAILED &&
	      errno == ENODEV);
}

static void user_stop(struct user *u)
{
	munmap(u->whole, SIZE);
	munmap(u->moved, SIZE);
	munmap(u->other, SIZE);
	close(u->fd);
	close(u->other_fd);
}

struct fork {
	struct user *user;
	int ready[2], go[2];
};

static int forked_user(void *arg)
{
	struct fork *fork = arg;
	char c = 0;

	check(can_read(fork->user->whole));
	check_eq(sys(write(fork->ready[1], &c, 1)), 1);
	check_eq(sys(read(fork->go[0], &c, 1)), 1);
	expect_gone(fork->user);
	user_stop(fork->user);
	return 0;
}

static void expect_all_is_taken_away(void (*take_away)(void))
{
	struct user user;
	struct fork fork = { .user = &user };
	pid_t pid;
	char c = 0;

	user_start(&user);
	check_eq(sys(pipe(fork.ready)), 0);
	check_eq(sys(pipe(fork.go)), 0);
	pid = child_start(forked_user, &fork);
	check_eq(sys(read(fork.ready[0], &c, 1)), 1);

	take_away();
	expect_gone(&user);
	check_eq(sys(write(fork.go[1], &c, 1)), 1);
	child_join(pid);
	user_stop(&user);
}

static void do_unbind(void)
{
	check_eq(unbind(), 0);
}

static void unplug(void)
{
	check_eq(__sysfs_write(pci_path("remove").s, "1"), 0);
	check(access(pci_path("config").s, F_OK));
}

static void a_mapping_of_an_unbound_device_is_sigbus(struct env *env)
{
	u8 *map;
	int fd;

	fb_start();
	expect_all_is_taken_away(do_unbind);
	/* And it can come back, with another user. */
	check_eq(bind(), 0);
	check(find_node() >= 0);
	fd = fb_open(O_RDWR);
	map = fb_map(fd);
	check_eq(map[PAGE], PATTERN);
	munmap(map, SIZE);
	close(fd);
	fb_stop();
}

static void a_mapping_of_an_unplugged_device_is_sigbus(struct env *env)
{
	u8 *map;
	int fd;

	fb_start();
	expect_all_is_taken_away(unplug);
	check_eq(__sysfs_write(PCI "/rescan", "1"), 0);
	check(is_bound());
	check(find_node() >= 0);
	fd = fb_open(O_RDWR);
	map = fb_map(fd);
	check(can_write(map));
	/* An open file keeps the driver, not the device. */
	check_eq(unbind(), 0);
	check_eq(__module_unload("mdpy_fb"), -EWOULDBLOCK);
	close(fd);
	check_eq(__module_unload("mdpy_fb"), -EWOULDBLOCK);
	munmap(map, SIZE);
	fb_stop();
}

struct write {
	int fd;
	void *from;
	ssize_t ret;
};

static void do_write(void *arg)
{
	struct write *w = arg;

	w->ret = sys(pwrite(w->fd, w->from, PAGE, 0));
}

/* Its address can be another device's by then. */
static void a_write_under_way_ends_with_the_device(struct env *env)
{
	struct late_page late = late_page_new();
	struct write w = { .from = late.page };
	struct worker worker;
	u8 *map;
	int fd;

	fb_start();
	w.fd = fb_open(O_RDWR);
	map = fb_map(w.fd);
	check(can_write(map));
	munmap(map, SIZE);
	worker_start(&worker, do_write, &w);
	late_page_wait_for_touch(&late);
	/* It does not wait for what a process keeps waiting. */
	check_eq(unbind(), 0);
	late_page_fill(&late);
	worker_join(&worker);
	check_eq(w.ret, -ENODEV);

	fd = sys(open(pci_path("resource0").s, O_RDWR | O_CLOEXEC));
	check(fd >= 0);
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	check(map != MAP_FAILED);
	check_eq(map[0], PATTERN);
	munmap(map, PAGE);
	close(fd);
	close(w.fd);
	fb_stop();
}

static int use_again_and_again(void *arg)
{
	const int *stop = arg;
	u8 page[PAGE];
	u8 *map;
	int fd;

	while (!*(const volatile int *)stop) {
		fd = open(node.s, O_RDWR | O_CLOEXEC);
		if (fd < 0) {
			check(errno == ENODEV || errno == ENOENT || errno == ENXIO);
			continue;
		}
		map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map != MAP_FAILED) {
			can_write(map + PAGE);
			can_read(map + SIZE - 1);
			pwrite(fd, page, sizeof(page), PAGE);
			pread(fd, page, sizeof(page), PAGE);
			munmap(map, SIZE);
		}
		close(fd);
	}
	return 0;
}

static void it_comes_and_goes_under_its_users(struct env *env)
{
	int *stop = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid[3];
	unsigned int i;

	fb_start();
	for (i = 0; i < ARRAY_SIZE(pid); i++)
		pid[i] = child_start(use_again_and_again, stop);
	for (i = 0; i < ROUNDS; i++) {
		note("round %u", i);
		check_eq(unbind(), 0);
		check_eq(bind(), 0);
	}
	*stop = 1;
	for (i = 0; i < ARRAY_SIZE(pid); i++)
		child_join(pid[i]);
	fb_stop();
}

/* A framebuffer of ours in the list of all */
static bool is_listed(void)
{
	char line[64];
	bool found = false;
	FILE *f = fopen("/proc/fb", "r");

	while (f && fgets(line, sizeof(line), f))
		found |= !!strstr(line, "mdpy-fb");
	if (f)
		fclose(f);
	return found;
}

/* A region that cannot be noted for lack of memory counts as taken. */
static int bind_or_enomem(void)
{
	int ret = bind();

	return ret == -EBUSY ? -ENOMEM : ret;
}

static void a_probe_that_fails_leaves_nothing(struct env *env)
{
	/* What register_framebuffer() says if the console finds no memory */
	struct fault f = { .what = "bind", .also = -ENODEV };
	unsigned int failed = 0;
	int ret;

	fb_start();
	check_eq(unbind(), 0);
	while (fault_next(&f)) {
		ret = faulted(&f, bind_or_enomem());
		if (ret < 0) {
			failed++;
			check(!is_bound());
		} else {
			check(is_bound());
			check_eq(unbind(), 0);
		}
		check(!is_listed());
		check_eq(find_node(), -1);
	}
	check(failed);
	fb_stop();
}

static void do_attach(void *arg)
{
	*(int *)arg = attach();
}

static void do_unload(void *arg)
{
	*(int *)arg = __module_unload("mdpy_fb");
}

/*
 * The console cannot take a module that is on its way out: then
 * register_framebuffer() fails when all others can already see the framebuffer.
 */
static void a_probe_that_meets_rmmod_leaves_nothing(struct env *env)
{
	int attached, unloaded;
	const struct racer racers[] = {
		{ do_attach, &attached },
		{ do_unload, &unloaded },
	};
	unsigned int i, both = 0;

	fb_start();
	fb_stop();
	for (i = 0; i < ROUNDS; i++) {
		note("round %u", i);
		module_load("mdpy-fb", "");
		race(racers, ARRAY_SIZE(racers));
		both += !attached && !unloaded;
		if (unloaded)
			unload();
		check(!is_listed());
		check_eq(find_node(), -1);
	}
	printf("they met at most %u times\n", both);
}

static void do_close(void *arg)
{
	close(*(int *)arg);
}

/* The framebuffer is freed after its driver may go. */
static void a_last_close_that_meets_rmmod_is_complete(struct env *env)
{
	int fd, unloaded;
	const struct racer racers[] = {
		{ do_close, &fd },
		{ do_unload, &unloaded },
	};
	unsigned int i;

	fb_start();
	fb_stop();
	for (i = 0; i < ROUNDS; i++) {
		note("round %u", i);
		module_load("mdpy-fb", "");
		check_eq(attach(), 0);
		check(find_node() >= 0);
		fd = fb_open(O_RDWR);
		check_eq(unbind(), 0);
		race(racers, ARRAY_SIZE(racers));
		if (unloaded)
			unload();
		check(!is_listed());
	}
}

const struct test_case cases[] = {
	CASE(it_says_the_mode, NO_DOOR),
	CASE(another_mode_is_einval_and_changes_nothing, NO_DOOR),
	CASE(the_list_of_modes_has_one, NO_DOOR),
	CASE(panning_stays_at_the_origin, NO_DOOR),
	CASE(blanking_is_refused_and_unblanking_is_not, NO_DOOR),
	CASE(the_text_console_is_blanked_by_software, NO_DOOR),
	CASE(read_and_write_end_where_the_memory_does, NO_DOOR),
	CASE(mappings_stay_inside_of_the_memory, NO_DOOR),
	CASE(a_mapping_of_an_unbound_device_is_sigbus, NO_DOOR),
	CASE(a_mapping_of_an_unplugged_device_is_sigbus, NO_DOOR),
	CASE(a_write_under_way_ends_with_the_device, NO_DOOR),
	CASE(it_comes_and_goes_under_its_users, NO_DOOR),
	CASE(a_probe_that_fails_leaves_nothing, NO_DOOR),
	CASE(a_probe_that_meets_rmmod_leaves_nothing, NO_DOOR),
	CASE(a_last_close_that_meets_rmmod_is_complete, NO_DOOR),
	{}
};
