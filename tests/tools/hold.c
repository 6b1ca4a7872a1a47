// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM as far as tests of lsvfio need one: hold DEVICE group|cdev.  It opens the device,
 * and does what each line of its input says, to be answered by "done":
 *
 *	mode WIDTH HEIGHT 32|16		an mbochs shows the pattern of pixels.c
 *	ramp				an mdpy's framebuffer is turned upside down
 *	off				an mbochs shows nothing
 *	master				Bus Master is on
 *	again				the device is opened once more, by its group
 *	replace				its descriptor is /dev/null
 *	close				all of it is closed
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/bochs.h"
#include "pattern.h"

static struct vfio device, second;

static void show(unsigned int width, unsigned int height, unsigned int bpp)
{
	const struct dispi_mode mode = { width, height, bpp, ENABLED | LFB | NOCLEARMEM, width, 0,
					 0 };
	u8 *vram = region_map(&device, VRAM_BAR, 0, vfio_region(&device, VRAM_BAR)->size);
	unsigned int x, y;

	for (y = 0; y < height; y++) {
		for (x = 0; x < width; x++) {
			if (bpp == 32)
				((u32 *)vram)[y * width + x] = pattern32(x, y);
			else
				((u16 *)vram)[y * width + x] = pattern16(x, y);
		}
	}
	munmap(vram, vfio_region(&device, VRAM_BAR)->size);
	dispi_set(&device, &mode);
}

static void turn_ramp(void)
{
	size_t size = 640 * 480 * 4, i;
	u8 *vram = region_map(&device, VRAM_BAR, 0, size);

	for (i = 0; i < size; i++)
		vram[i] = 255 - i / (640 * 4) * 255 / 480;
	munmap(vram, size);
}

static bool obey(const char *line, const char *name)
{
	unsigned int width, height, bpp;

	if (sscanf(line, "mode %u %u %u", &width, &height, &bpp) == 3)
		show(width, height, bpp);
	else if (!strcmp(line, "ramp\n"))
		turn_ramp();
	else if (!strcmp(line, "off\n"))
		dispi_put(&device, DISPI_ENABLE, 0);
	else if (!strcmp(line, "master\n"))
		config_set(&device, PCI_COMMAND, PCI_COMMAND_MASTER);
	else if (!strcmp(line, "again\n"))
		vfio_open_again(&second, &device, name);
	else if (!strcmp(line, "replace\n"))
		check(dup2(open("/dev/null", O_RDWR), device.fd) == device.fd);
	else if (!strcmp(line, "close\n"))
		vfio_close(&device);
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	char line[64];

	if (argc != 3) {
		fputs("usage: hold DEVICE group|cdev\n", stderr);
		return 2;
	}
	vfio_open(&device, argv[1], strcmp(argv[2], "cdev") ? DOOR_GROUP : DOOR_CDEV);
	do {
		puts("done");
		fflush(stdout);
	} while (fgets(line, sizeof(line), stdin) && obey(line, argv[1]));
	return 0;
}
