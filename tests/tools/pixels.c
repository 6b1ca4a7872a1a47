// SPDX-License-Identifier: GPL-2.0-only
/* pixels FILE ramp|turned|32|16 WIDTHxHEIGHT: whether a PNG is the picture that it should be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "pattern.h"

/* An 8 bit value of one of @bits, all ones for all ones. */
static unsigned int widen(unsigned int val, unsigned int bits)
{
	return val << (8 - bits) | val >> (2 * bits - 8);
}

static unsigned int expect(const char *kind, unsigned int x, unsigned int y, unsigned int height)
{
	unsigned int gray = y * 255 / height, pixel = pattern16(x, y);

	if (!strcmp(kind, "turned"))
		gray = 255 - gray;
	else if (!strcmp(kind, "32"))
		return pattern32(x, y) & 0xffffff;
	else if (!strcmp(kind, "16"))
		return widen(pixel >> 11, 5) << 16 | widen(pixel >> 5 & 63, 6) << 8 |
		       widen(pixel & 31, 5);
	return gray * 0x010101;
}

int main(int argc, char **argv)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	unsigned int width, height, x, y;
	unsigned char *rgb, *at;

	if (argc != 4 || sscanf(argv[3], "%ux%u", &width, &height) != 2) {
		fputs("usage: pixels FILE ramp|turned|32|16 WIDTHxHEIGHT\n", stderr);
		return 2;
	}
	if (!png_image_begin_read_from_file(&image, argv[1])) {
		printf("%s: %s\n", argv[1], image.message);
		return 1;
	}
	if (image.width != width || image.height != height) {
		printf("%s is %ux%u\n", argv[1], image.width, image.height);
		return 1;
	}
	image.format = PNG_FORMAT_RGB;
	rgb = malloc(PNG_IMAGE_SIZE(image));
	if (!rgb || !png_image_finish_read(&image, NULL, rgb, 0, NULL)) {
		printf("%s: %s\n", argv[1], image.message);
		return 1;
	}
	for (y = 0, at = rgb; y < height; y++) {
		for (x = 0; x < width; x++, at += 3) {
			unsigned int got = at[0] << 16 | at[1] << 8 | at[2];

			if (got == expect(argv[2], x, y, height))
				continue;
			printf("%s: pixel %u,%u is %06x, not %06x\n", argv[1], x, y, got,
			       expect(argv[2], x, y, height));
			return 1;
		}
	}
	free(rgb);
	return 0;
}
