// SPDX-License-Identifier: GPL-2.0-only
/* The framebuffers of the guest: what is on them, and the test card. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <linux/kd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"
#include "picture.h"

/* Of a picture that migrate.py draws as well, to compare */
#define STRIPES_SLOPE	3
#define STRIPES_STEP	0x010305

struct screen {
	char path[32];
	int fd;
	struct fb_fix_screeninfo fix;
	struct fb_var_screeninfo var;
	size_t start;	/* of what is shown, in the memory */
};

static void screen_open(struct screen *screen, const char *fb)
{
	struct fb_fix_screeninfo *fix = &screen->fix;
	struct fb_var_screeninfo *var = &screen->var;
	size_t end;

	snprintf(screen->path, sizeof(screen->path), "/dev/%.16s", fb);
	screen->fd = open(screen->path, O_RDWR | O_CLOEXEC);
	if (screen->fd < 0)
		fail("%s: %s", screen->path, strerror(errno));
	if (ioctl(screen->fd, FBIOGET_FSCREENINFO, fix) ||
	    ioctl(screen->fd, FBIOGET_VSCREENINFO, var))
		fail("%s: no framebuffer: %s", screen->path, strerror(errno));
	if (var->bits_per_pixel != 32 || var->red.offset != 16 ||
	    var->green.offset != 8 || var->blue.offset != 0 ||
	    var->red.length != 8 || var->green.length != 8 ||
	    var->blue.length != 8)
		fail("%s: pixels are not 32 bits of XRGB", screen->path);
	screen->start = (size_t)var->yoffset * fix->line_length +
			(size_t)var->xoffset * sizeof(uint32_t);
	end = screen->start + (size_t)(var->yres - 1) * fix->line_length +
	      (size_t)var->xres * sizeof(uint32_t);
	if (end > fix->smem_len)
		fail("%s: %zu bytes are shown, %u exist", screen->path, end,
		     fix->smem_len);
}

/* Always through read(2), which has to be the same memory as mmap */
static void screen_read_line(const struct screen *screen, int y, uint32_t *line)
{
	const size_t length = screen->var.xres * sizeof(*line);
	const off_t at = screen->start + (off_t)y * screen->fix.line_length;
	const ssize_t got = pread(screen->fd, line, length, at);

	if (got < 0 || (size_t)got != length)
		fail("%s: reading line %d: %zd bytes of %zu, %s", screen->path,
		     y, got, length, strerror(errno));
}

static void screen_read(const struct screen *screen, struct picture *pic)
{
	int y;

	if (picture_create(pic, screen->var.xres, screen->var.yres))
		fail("%s: a picture of %ux%u: %s", screen->path,
		     screen->var.xres, screen->var.yres, strerror(errno));
	for (y = 0; y < pic->height; y++)
		screen_read_line(screen, y, pic->pixels + (size_t)y * pic->width);
}

void screen_tell_checksum(const char *fb)
{
	struct screen screen;
	struct picture pic;

	screen_open(&screen, fb);
	screen_read(&screen, &pic);
	tell("console of %dx%d has adler32 %08x", pic.width, pic.height,
	     adler32(pic.pixels, (size_t)pic.width * pic.height * sizeof(*pic.pixels)));
	picture_destroy(&pic);
	close(screen.fd);
}

/* Where the device's memory is mapped, the picture goes right into it. */
static void screen_write_mapped(const struct screen *screen,
				const struct picture *pic)
{
	const size_t in_page = screen->fix.smem_start % sysconf(_SC_PAGESIZE);
	const size_t length = in_page + screen->fix.smem_len;
	uint8_t *memory, *line;
	int y;

	memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED,
		      screen->fd, 0);
	if (memory == MAP_FAILED)
		fail("%s: mmap of %zu bytes: %s", screen->path, length,
		     strerror(errno));
	line = memory + in_page + screen->start;
	for (y = 0; y < pic->height; y++, line += screen->fix.line_length)
		memcpy(line, pic->pixels + (size_t)y * pic->width,
		       pic->width * sizeof(*pic->pixels));
	munmap(memory, length);
}

/*
 * A framebuffer without an address is a copy that the kernel brings to the
 * device when it changes. All lines at once: a change of a single line, up to
 * its end, never gets there with Linux 6.12, be it through write(2) or, now and
 * then, through mmap.
 */
static void screen_write_copied(const struct screen *screen,
				const struct picture *pic)
{
	const size_t length = (size_t)screen->fix.line_length * (pic->height - 1) +
			      pic->width * sizeof(*pic->pixels);
	uint8_t *lines = calloc(1, length);
	ssize_t put;
	int y;

	if (!lines)
		fail("%s: no memory for %zu bytes", screen->path, length);
	for (y = 0; y < pic->height; y++)
		memcpy(lines + (size_t)y * screen->fix.line_length,
		       pic->pixels + (size_t)y * pic->width,
		       pic->width * sizeof(*pic->pixels));
	put = pwrite(screen->fd, lines, length, screen->start);
	if (put < 0 || (size_t)put != length)
		fail("%s: writing %zu bytes: %zd, %s", screen->path, length, put,
		     strerror(errno));
	free(lines);
}

static void screen_write(const struct screen *screen, const struct picture *pic)
{
	if (screen->fix.smem_start)
		screen_write_mapped(screen, pic);
	else
		screen_write_copied(screen, pic);
}

static void screen_verify(const struct screen *screen,
			  const struct picture *expected)
{
	const size_t count = (size_t)expected->width * expected->height;
	struct picture got;
	size_t i;

	screen_read(screen, &got);
	for (i = 0; i < count; i++) {
		if (got.pixels[i] != expected->pixels[i])
			fail("%s: (%zu, %zu) reads %08x, not %08x", screen->path,
			     i % got.width, i / got.width, got.pixels[i],
			     expected->pixels[i]);
	}
	picture_destroy(&got);
}

/* The text console must not write into the picture any more. */
void screen_leave_text_mode(void)
{
	const int fd = open("/dev/tty1", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 || ioctl(fd, KDSETMODE, KD_GRAPHICS))
		fail("/dev/tty1: cannot switch to graphics: %s", strerror(errno));
	close(fd);
}

void screen_draw_card(const char *fb, const char *device,
		      const struct pci_device *dev)
{
	struct screen screen;
	struct picture pic;

	screen_leave_text_mode();
	screen_open(&screen, fb);
	if (picture_create_card(&pic, screen.var.xres, screen.var.yres, device,
				dev->driver))
		fail("%s: a picture of %ux%u: %s", screen.path, screen.var.xres,
		     screen.var.yres, strerror(errno));
	screen_write(&screen, &pic);
	screen_verify(&screen, &pic);
	tell("picture %s on %s of %s driver %s: %dx%d stride %u", device, fb,
	     dev->address, dev->driver, pic.width, pic.height,
	     screen.fix.line_length);
	picture_destroy(&pic);
	close(screen.fd);
}

/* A line is the one above, moved, and so is a picture the one before: it is cheap. */
static void screen_make_stripes(const struct screen *screen, struct picture *pic,
				unsigned int number)
{
	const int width = screen->var.xres, height = screen->var.yres;
	const int length = width + height * STRIPES_SLOPE;
	uint32_t *ramp = malloc(length * sizeof(*ramp));
	int i;

	if (!ramp || picture_create(pic, width, height))
		fail("%s: no memory for a picture", screen->path);
	for (i = 0; i < length; i++)
		ramp[i] = (i + number) * STRIPES_STEP & 0xffffff;
	for (i = 0; i < height; i++)
		memcpy(pic->pixels + (size_t)i * width, ramp + i * STRIPES_SLOPE,
		       width * sizeof(*ramp));
	free(ramp);
}

void screen_draw_stripes(const char *fb, unsigned int number)
{
	struct screen screen;
	struct picture pic;

	screen_open(&screen, fb);
	screen_make_stripes(&screen, &pic, number);
	screen_write(&screen, &pic);
	picture_destroy(&pic);
	close(screen.fd);
}

void screen_tell_stripes(const char *fb, unsigned int number)
{
	struct screen screen;
	struct picture pic;

	screen_open(&screen, fb);
	screen_make_stripes(&screen, &pic, number);
	screen_verify(&screen, &pic);
	tell("stripes %u on %s: %dx%d", number, fb, pic.width, pic.height);
	picture_destroy(&pic);
	close(screen.fd);
}
