// SPDX-License-Identifier: GPL-2.0-only
/* Short accesses and ioctls: registers, the display query, reset. */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/bochs.h"
#include "../lib/gfx.h"
#include "../lib/uart.h"
#include "bench.h"

struct access {
	int fd;
	off_t at;
	size_t width;
	bool write;
	u32 val;
};

static double run_access(void *arg, unsigned long n)
{
	struct access *a = arg;
	double start = now_ns();

	if (a->write)
		while (n--)
			check_eq(pwrite(a->fd, &a->val, a->width, a->at), a->width);
	else
		while (n--)
			check_eq(pread(a->fd, &a->val, a->width, a->at), a->width);
	return now_ns() - start;
}

/* What a file operation of the kernel's own costs that moves next to nothing. */
static int memfd_byte(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_filled(PAGE);
	return fd;
}

struct place {
	const char *metric;
	unsigned int region;
	s64 at;
	unsigned int width;
	bool write;
	u32 val;
};

static void access_to(struct target *t, const struct place *place)
{
	const struct vfio_region_info *region = vfio_region(&t->vfio, place->region);
	struct access limit = { memfd_byte(), 0, 1, false, 0 };
	struct access value = {
		t->vfio.fd, region->offset + place->at, place->width, place->write, place->val,
	};

	compare((struct metric){ t->model->type, place->metric, "memfd pread, 1 byte", NS, 0.8 },
		&(struct gauge){ .run = run_access, .arg = &value },
		&(struct gauge){ .run = run_access, .arg = &limit });
}

static void registers(void)
{
	static const struct place config[] = {
		{ "config read, 1 byte", CONFIG, PCI_STATUS, 1, false, 0 },
		{ "config read, 2 bytes", CONFIG, PCI_VENDOR_ID, 2, false, 0 },
		{ "config read, 4 bytes", CONFIG, PCI_VENDOR_ID, 4, false, 0 },
		{ "config write, 1 byte", CONFIG, PCI_INTERRUPT_LINE, 1, true, 11 },
		{ "config write, 2 bytes", CONFIG, PCI_COMMAND, 2, true, PCI_COMMAND_IO },
		{ "config write, 4 bytes", CONFIG, PCI_BASE_ADDRESS_0, 4, true, 0xe0000000 },
	};
	static const struct place uart[] = {
		{ "UART read, 1 byte", PORT_1, UART_LSR, 1, false, 0 },
		{ "UART read, 2 bytes", PORT_1, UART_LSR, 2, false, 0 },
		{ "UART read, 4 bytes", PORT_1, UART_MCR, 4, false, 0 },
		{ "UART write, 1 byte", PORT_1, UART_SCR, 1, true, 0x55 },
		{ "UART write, 2 bytes", PORT_1, UART_LCR, 2, true, UART_LCR_WLEN8 },
		{ "UART write, 4 bytes", PORT_1, UART_MCR, 4, true, 0 },
	};
	static const struct place dispi[] = {
		{ "dispi read, 2 bytes", REGS_BAR, DISPI + 2 * DISPI_XRES, 2, false, 0 },
		{ "dispi write, 2 bytes", REGS_BAR, DISPI + 2 * DISPI_XRES, 2, true, 640 },
	};
	struct target t;
	unsigned int i;

	target_new(&t, "mtty-2");
	for (i = 0; i < ARRAY_SIZE(config); i++)
		access_to(&t, &config[i]);
	for (i = 0; i < ARRAY_SIZE(uart); i++)
		access_to(&t, &uart[i]);
	target_remove(&t);

	target_new(&t, "mbochs-medium");
	for (i = 0; i < ARRAY_SIZE(dispi); i++)
		access_to(&t, &dispi[i]);
	target_remove(&t);
}

/* As little as a VFIO ioctl can do: a struct in, a struct out. */
static double run_get_info(void *arg, unsigned long n)
{
	struct target *t = arg;
	struct vfio_device_info info;
	double start = now_ns();

	while (n--)
		check_eq(__vfio_info(&t->vfio, &info), 0);
	return now_ns() - start;
}

static void expect_plane(struct target *t)
{
	u32 flags = t->model->bit & MDPY ? REGION : DMABUF;
	struct vfio_device_gfx_plane_info plane = { .drm_plane_type = PLANE_PRIMARY };

	check_eq(__plane_query(&t->vfio, flags, &plane), 0);
	check(plane.size);
}

static double run_query(void *arg, unsigned long n)
{
	double start = now_ns();

	while (n--)
		expect_plane(arg);
	return now_ns() - start;
}

/* What a guest does that draws into one half while it shows the other. */
static double run_flip(void *arg, unsigned long n)
{
	struct target *t = arg;
	off_t at = vfio_region(&t->vfio, REGS_BAR)->offset + DISPI + 2 * DISPI_Y_OFFSET;
	double start = now_ns();

	while (n--) {
		u16 y = n % 2 * 768;

		check_eq(pwrite(t->vfio.fd, &y, sizeof(y), at), sizeof(y));
		expect_plane(t);
	}
	return now_ns() - start;
}

/* XRES to ENABLE lie side by side; of so many modes none is remembered. */
static double run_new_mode(void *arg, unsigned long n)
{
	struct target *t = arg;
	off_t at = vfio_region(&t->vfio, REGS_BAR)->offset + DISPI + 2 * DISPI_XRES;
	u16 mode[] = { 0, 768, 32, ENABLED | LFB | NOCLEARMEM };
	static unsigned int xres;
	double start = now_ns();

	while (n--) {
		mode[0] = 1024 + xres++ % 512;
		check_eq(pwrite(t->vfio.fd, mode, sizeof(mode), at), sizeof(mode));
		expect_plane(t);
	}
	return now_ns() - start;
}

static void display(void)
{
	static const char ioctl_name[] = "VFIO_DEVICE_GET_INFO";
	struct gauge limit = { .run = run_get_info };
	struct target t;

	target_new(&t, "mdpy-hd");
	limit.arg = &t;
	compare((struct metric){ t.model->type, "QUERY_GFX_PLANE, same mode", ioctl_name, NS, 1.3 },
		&(struct gauge){ .run = run_query, .arg = &t }, &limit);
	target_remove(&t);

	target_new(&t, "mbochs-medium");
	limit.arg = &t;
	dispi_show(&t.vfio, 1024, 768);
	compare((struct metric){ t.model->type, "QUERY_GFX_PLANE, same mode", ioctl_name, NS, 1.3 },
		&(struct gauge){ .run = run_query, .arg = &t }, &limit);
	compare((struct metric){ t.model->type, "page flip and query", ioctl_name, NS, 2 },
		&(struct gauge){ .run = run_flip, .arg = &t }, &limit);
	compare((struct metric){ t.model->type, "new mode and query", ioctl_name, NS, 4 },
		&(struct gauge){ .run = run_new_mode, .arg = &t }, &limit);
	target_remove(&t);
}

static double run_reset(void *arg, unsigned long n)
{
	struct target *t = arg;
	double start = now_ns();

	while (n--)
		check_eq(__vfio_reset(&t->vfio), 0);
	return now_ns() - start;
}

static void reset(const char *type)
{
	struct target t;

	target_new(&t, type);
	compare((struct metric){ type, "reset, idle", "VFIO_DEVICE_GET_INFO", NS, 4 },
		&(struct gauge){ .run = run_reset, .arg = &t },
		&(struct gauge){ .run = run_get_info, .arg = &t });
	target_remove(&t);
}

struct picture {
	u8 *map;
	size_t stride;
	unsigned int height;
};

static double run_draw(void *arg, unsigned long n)
{
	const struct picture *p = arg;
	double start = now_ns();
	unsigned int y;

	while (n--)
		for (y = 0; y < p->height; y++)
			memset(p->map + y * p->stride, y * 255 / p->height, p->stride);
	return now_ns() - start;
}

/* A mapping may have drawn into it: only drawing anew restores the picture. */
static void reset_of_a_picture(const char *type)
{
	struct picture picture;
	struct target t;
	size_t size;
	void *map;
	int memfd;

	target_new(&t, type);
	size = vfio_region(&t.vfio, 0)->size;
	memfd = memfd_filled(size);
	picture = (struct picture){
		.map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0),
		.stride = t.model->width * 4,
		.height = t.model->height,
	};
	check(picture.map != MAP_FAILED);
	map = region_map(&t.vfio, 0, 0, size);
	compare((struct metric){ type, "reset, BAR0 mapped", "drawing that picture", NS, 0 },
		&(struct gauge){ .run = run_reset, .arg = &t },
		&(struct gauge){ .run = run_draw, .arg = &picture });
	munmap(map, size);
	munmap(picture.map, size);
	close(memfd);
	target_remove(&t);
}

void bench_access(void)
{
	registers();
	display();
	reset("mdpy-vga");
	reset("mdpy-hd");
	reset("mbochs-small");
	reset("mbochs-large");
	reset("mtty-2");
	reset_of_a_picture("mdpy-hd");
}
