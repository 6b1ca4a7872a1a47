// SPDX-License-Identifier: GPL-2.0-only
/*
 * The other side of the test card: makes PNG files of what a display showed,
 * and holds them against what the guest had to draw.
 */
#include <err.h>
#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"

#define RGB		0x00ffffffu
#define OPAQUE		0xff000000u

static void write_png(const struct picture *pic, const char *path)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = pic->width,
		.height = pic->height,
		.format = PNG_FORMAT_BGRA,
		.flags = PNG_IMAGE_FLAG_FAST,
	};
	const size_t count = (size_t)pic->width * pic->height;
	size_t i;

	for (i = 0; i < count; i++)
		pic->pixels[i] |= OPAQUE;
	if (!png_image_write_to_file(&image, path, 0, pic->pixels, 0, NULL))
		errx(1, "%s: %s", path, image.message);
}

static void read_png(struct picture *pic, const char *path)
{
	png_image image = { .version = PNG_IMAGE_VERSION };

	if (!png_image_begin_read_from_file(&image, path))
		errx(1, "%s: %s", path, image.message);
	image.format = PNG_FORMAT_BGRA;
	if (picture_create(pic, image.width, image.height))
		err(1, "%s: a picture of %ux%u", path, image.width, image.height);
	if (!png_image_finish_read(&image, NULL, pic->pixels, 0, NULL))
		errx(1, "%s: %s", path, image.message);
}

static void swap_red_and_blue(struct picture *pic)
{
	const size_t count = (size_t)pic->width * pic->height;
	size_t i;

	for (i = 0; i < count; i++) {
		const uint32_t pixel = pic->pixels[i];

		pic->pixels[i] = (pixel & 0xff00ff00) | (pixel & 0xff) << 16 |
				 (pixel >> 16 & 0xff);
	}
}

static int number(const char *text)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || *end || end == text || value < 1 || value > 1 << 20)
		errx(2, "'%s' is no size", text);
	return value;
}

/* convert WIDTH HEIGHT STRIDE XR24|XB24 FILE.png < PIXELS */
static int convert(char **argv)
{
	const int width = number(argv[0]), height = number(argv[1]);
	const int stride = number(argv[2]);
	struct picture pic;
	char *line;
	int y;

	if (picture_create(&pic, width, height))
		err(1, "a picture of %dx%d", width, height);
	if ((size_t)stride < width * sizeof(*pic.pixels))
		errx(2, "a stride of %d is too short for %d pixels", stride, width);
	line = malloc(stride);
	if (!line)
		err(1, "no memory for a line");
	for (y = 0; y < height; y++) {
		/* Nothing has to follow the pixels of the last line. */
		const size_t wanted = width * sizeof(*pic.pixels);
		const size_t got = fread(line, 1, stride, stdin);

		if (got < wanted)
			errx(1, "the pixels end in line %d of %d", y, height);
		memcpy(pic.pixels + (size_t)y * width, line, wanted);
	}
	if (!strcmp(argv[3], "XB24"))
		swap_red_and_blue(&pic);
	else if (strcmp(argv[3], "XR24"))
		errx(2, "'%s' is neither XR24 nor XB24", argv[3]);
	write_png(&pic, argv[4]);
	free(line);
	picture_destroy(&pic);
	return 0;
}

/* What is right turns to dark gray, what is wrong to bright red. */
static int compare_pixels(struct picture *got, const struct picture *expected)
{
	size_t wrong = 0;
	int x, y;

	for (y = 0; y < got->height; y++) {
		for (x = 0; x < got->width; x++) {
			const size_t i = (size_t)y * got->width + x;
			const uint32_t a = got->pixels[i] & RGB;
			const uint32_t b = expected->pixels[i] & RGB;

			if (a == b) {
				got->pixels[i] = (b >> 3 & 0x1f1f1f);
				continue;
			}
			got->pixels[i] = 0xff2020;
			if (!wrong++)
				printf("first difference at (%d, %d): %06x, not %06x\n",
				       x, y, a, b);
		}
	}
	if (wrong)
		printf("%zu of %zu pixels differ\n", wrong,
		       (size_t)got->width * got->height);
	return !!wrong;
}

/* compare FILE.png WIDTH HEIGHT DEVICE DRIVER DIFFERENCE.png */
static int compare(char **argv)
{
	const int width = number(argv[1]), height = number(argv[2]);
	struct picture got, expected;
	int differ;

	read_png(&got, argv[0]);
	if (got.width != width || got.height != height) {
		printf("%s is %dx%d, not %dx%d\n", argv[0], got.width,
		       got.height, width, height);
		return 1;
	}
	if (picture_create_card(&expected, width, height, argv[3], argv[4]))
		err(1, "a picture of %dx%d", width, height);
	differ = compare_pixels(&got, &expected);
	if (differ)
		write_png(&got, argv[5]);
	picture_destroy(&got);
	picture_destroy(&expected);
	return differ;
}

/* card WIDTH HEIGHT DEVICE DRIVER FILE.png */
static int card(char **argv)
{
	struct picture pic;

	if (picture_create_card(&pic, number(argv[0]), number(argv[1]), argv[2],
				argv[3]))
		err(1, "a picture of %sx%s", argv[0], argv[1]);
	write_png(&pic, argv[4]);
	picture_destroy(&pic);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		int (*run)(char **argv);
		const char *usage;
	} verbs[] = {
		{ "draw", 5, card, "WIDTH HEIGHT DEVICE DRIVER FILE.png" },
		{ "convert", 5, convert,
		  "WIDTH HEIGHT STRIDE XR24|XB24 FILE.png < PIXELS" },
		{ "compare", 6, compare,
		  "FILE.png WIDTH HEIGHT DEVICE DRIVER DIFFERENCE.png" },
	};
	const size_t n = sizeof(verbs) / sizeof(verbs[0]);
	size_t i;

	for (i = 0; i < n; i++) {
		if (argc == verbs[i].args + 2 && !strcmp(argv[1], verbs[i].name))
			return verbs[i].run(argv + 2);
	}
	for (i = 0; i < n; i++)
		fprintf(stderr, "usage: card %s %s\n", verbs[i].name,
			verbs[i].usage);
	return 2;
}
