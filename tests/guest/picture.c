// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test card: what each part of it shows when it goes wrong.
 *
 * edge lines, castellations	a picture that is cropped, shifted or scaled
 * diagonals			a wrong stride: they break into steps
 * zone plates			swapped colours (red, green, blue, yellow from
 *				the top left), mirroring, scaling
 * circle, grid			geometry
 * colour bars			each channel on its own, with its value
 * ramps			lost or swapped bits of a channel
 * gratings			single lines and pixels that are lost
 *
 * All is laid out in cells, a twelfth of the height, around the centre.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "picture.h"

#define BACKGROUND	0x1b2330
#define GRID		0x3d4b61
#define DIAGONAL	0x8497b3
#define PANEL		0x10151d
#define PAPER		0xf4f6f8
#define ACCENT		0xffb454
#define BLACK		0x000000
#define WHITE		0xffffff

struct card {
	struct picture *pic;
	int cell;
	int centre_x;
	int centre_y;
	int clip;	/* nothing is put farther from the centre; 0: no limit */
};

int picture_create(struct picture *pic, int width, int height)
{
	if (width < PICTURE_SIDE_MIN || width > PICTURE_SIDE_MAX ||
	    height < PICTURE_SIDE_MIN || height > PICTURE_SIDE_MAX) {
		errno = ERANGE;
		return -1;
	}
	pic->width = width;
	pic->height = height;
	pic->pixels = calloc((size_t)width * height, sizeof(*pic->pixels));
	return pic->pixels ? 0 : -1;
}

int picture_create_card(struct picture *pic, int width, int height,
			const char *device, const char *driver)
{
	if (picture_create(pic, width, height))
		return -1;
	picture_draw_card(pic, device, driver);
	return 0;
}

void picture_destroy(struct picture *pic)
{
	free(pic->pixels);
	pic->pixels = NULL;
}

static uint32_t mix(uint32_t below, uint32_t above, int coverage)
{
	uint32_t mixed = 0;
	int shift;

	for (shift = 0; shift < 24; shift += 8) {
		const int from = below >> shift & 0xff;
		const int to = above >> shift & 0xff;

		mixed |= (uint32_t)(from + (to - from) * coverage / 256) << shift;
	}
	return mixed;
}

void picture_blend(struct picture *pic, int x, int y, uint32_t colour,
		   int coverage)
{
	uint32_t *pixel;

	if (x < 0 || x >= pic->width || y < 0 || y >= pic->height || !coverage)
		return;
	pixel = &pic->pixels[(size_t)y * pic->width + x];
	*pixel = coverage < 256 ? mix(*pixel, colour, coverage) : colour;
}

static void put(const struct card *card, int x, int y, uint32_t colour)
{
	const int dx = x - card->centre_x, dy = y - card->centre_y;

	if (!card->clip || dx * dx + dy * dy <= card->clip * card->clip)
		picture_blend(card->pic, x, y, colour, 256);
}

static void fill(const struct card *card, int x, int y, int width, int height,
		 uint32_t colour)
{
	int i, j;

	for (j = y; j < y + height; j++) {
		for (i = x; i < x + width; i++)
			put(card, i, j, colour);
	}
}

static void write_centred(const struct card *card, int x, int y, int size,
			  uint32_t colour, const char *text)
{
	text_draw(card->pic, x - text_width(text, size) / 2, y - size / 2, size,
		  colour, text);
}

/* Black or white, whatever is easier to read on this colour. */
static uint32_t ink_on(uint32_t colour)
{
	const int luma = (colour >> 16 & 0xff) * 30 + (colour >> 8 & 0xff) * 59 +
			 (colour & 0xff) * 11;

	return luma > 12000 ? BLACK : WHITE;
}

static uint32_t gray(int value)
{
	return (uint32_t)value * 0x010101;
}

static void draw_grid(const struct card *card)
{
	const int w = card->pic->width, h = card->pic->height;
	int i;

	fill(card, 0, 0, w, h, BACKGROUND);
	for (i = card->centre_x % card->cell; i < w; i += card->cell)
		fill(card, i, 0, 1, h, GRID);
	for (i = card->centre_y % card->cell; i < h; i += card->cell)
		fill(card, 0, i, w, 1, GRID);
}

static void draw_diagonals(const struct card *card)
{
	const int w = card->pic->width, h = card->pic->height;
	const int steps = w > h ? w : h;
	int i;

	for (i = 0; i < steps; i++) {
		const int x = (int64_t)i * (w - 1) / (steps - 1);
		const int y = (int64_t)i * (h - 1) / (steps - 1);

		put(card, x, y, DIAGONAL);
		put(card, x, h - 1 - y, DIAGONAL);
	}
}

static void draw_frame(const struct card *card)
{
	const int w = card->pic->width, h = card->pic->height;
	const int depth = card->cell / 5;
	int i;

	for (i = 0; i < w; i++) {
		/* Counted from the middle, so that left and right are alike. */
		const int block = (i - card->centre_x + 1024 * card->cell) / card->cell;
		const uint32_t colour = block & 1 ? BLACK : PAPER;

		fill(card, i, 0, 1, depth, colour);
		fill(card, i, h - depth, 1, depth, colour);
	}
	for (i = depth; i < h - depth; i++) {
		const int block = (i - card->centre_y + 1024 * card->cell) / card->cell;
		const uint32_t colour = block & 1 ? BLACK : PAPER;

		fill(card, 0, i, depth, 1, colour);
		fill(card, w - depth, i, depth, 1, colour);
	}
	/* A line of one pixel, and one around it to set it off. */
	for (i = 1; i >= 0; i--) {
		const uint32_t colour = i ? BLACK : WHITE;

		fill(card, i, i, w - 2 * i, 1, colour);
		fill(card, i, h - 1 - i, w - 2 * i, 1, colour);
		fill(card, i, i, 1, h - 2 * i, colour);
		fill(card, w - 1 - i, i, 1, h - 2 * i, colour);
	}
}

/*
 * How much of the pixel at (x, y) lies inside of a circle around (0, 0): 0..256.
 * Roots are only taken at the edge, a guest inside of a guest counts them.
 */
static int disc_coverage(int x, int y, int radius)
{
	const int d2 = x * x + y * y;
	int inside;

	if (d2 >= (radius + 1) * (radius + 1))
		return 0;
	if (d2 <= (radius - 1) * (radius - 1))
		return 256;
	inside = 16 * radius + 8 - (int)integer_sqrt(256ULL * d2);
	if (inside <= 0)
		return 0;
	return inside < 16 ? inside * 16 : 256;
}

/* About (1 - cos(phase)) / 2 in 0..256; a turn of the phase is 4096 */
static int wave(uint32_t phase)
{
	const int t = phase % 2048;
	const int bow = t * (2048 - t) / 8192;	/* 0..128 */
	const int half = phase % 4096 < 2048;
	const int sine = half ? bow : -bow;

	return 128 - sine;
}

/* Rings that get finer and finer: at the rim a line is three pixels wide. */
static void draw_zone_plate(const struct card *card, int cx, int cy,
			    uint32_t colour)
{
	const int radius = card->cell * 5 / 4;
	int x, y;

	for (y = -radius; y <= radius; y++) {
		for (x = -radius; x <= radius; x++) {
			const int d2 = x * x + y * y;
			const uint32_t phase = d2 * 512U / radius + 1024;

			picture_blend(card->pic, cx + x, cy + y,
				      mix(BLACK, colour, wave(phase)),
				      disc_coverage(x, y, radius));
		}
	}
}

static void draw_zone_plates(const struct card *card)
{
	const int inset = card->cell * 7 / 4;
	const int right = card->pic->width - 1 - inset;
	const int bottom = card->pic->height - 1 - inset;

	draw_zone_plate(card, inset, inset, 0xff5c5c);
	draw_zone_plate(card, right, inset, 0x5ce67a);
	draw_zone_plate(card, inset, bottom, 0x6aa0ff);
	draw_zone_plate(card, right, bottom, 0xffe066);
}

/* A turn of the colour wheel: 'at' of 'length' */
static uint32_t hue(int at, int length)
{
	const int turn = at * 1530 / length;
	const int part = turn % 255;

	switch (turn / 255) {
	case 0:
		return 0xff0000 | part << 8;
	case 1:
		return 0x00ff00 | (255 - part) << 16;
	case 2:
		return 0x00ff00 | part;
	case 3:
		return 0x0000ff | (255 - part) << 8;
	case 4:
		return 0x0000ff | part << 16;
	default:
		return 0xff0000 | (255 - part);
	}
}

/* Left: gray in sixteen steps. Right: all hues without a step. */
static void draw_columns(const struct card *card)
{
	const int width = card->cell * 5 / 4;
	const int height = card->cell * 9 / 2 / 16 * 16;
	const int top = card->centre_y - height / 2;
	const int left = card->cell * 9 / 8;
	const int right = card->pic->width - left - width;
	int i;

	fill(card, left - 2, top - 2, width + 4, height + 4, PAPER);
	fill(card, right - 2, top - 2, width + 4, height + 4, PAPER);
	for (i = 0; i < height; i++) {
		fill(card, left, top + i, width, 1, gray(255 - i * 16 / height * 17));
		fill(card, right, top + i, width, 1, hue(i, height));
	}
}

static void draw_bars(const struct card *card, int left, int top, int width,
		      int height)
{
	static const struct {
		uint32_t colour;
		const char *name;
	} bars[] = {
		{ 0xffffff, "white" }, { 0xffff00, "yellow" },
		{ 0x00ffff, "cyan" }, { 0x00ff00, "green" },
		{ 0xff00ff, "magenta" }, { 0xff0000, "red" },
		{ 0x0000ff, "blue" }, { 0x000000, "black" },
	};
	const int n = sizeof(bars) / sizeof(bars[0]);
	const int size = card->cell / 6;
	char value[8];
	int i;

	for (i = 0; i < n; i++) {
		const int from = left + width * i / n;
		const int to = left + width * (i + 1) / n;
		const uint32_t ink = ink_on(bars[i].colour);

		fill(card, from, top, to - from, height, bars[i].colour);
		write_centred(card, (from + to) / 2, top + height - card->cell * 3 / 5,
			      size, ink, bars[i].name);
		snprintf(value, sizeof(value), "%06x", (unsigned int)bars[i].colour);
		write_centred(card, (from + to) / 2, top + height - card->cell / 4,
			      size, ink, value);
	}
}

static void draw_ramps(const struct card *card, int left, int top, int width,
		       int height)
{
	static const struct {
		uint32_t unit;
		const char *name;
	} ramps[] = {
		{ 0x010000, "R" }, { 0x000100, "G" },
		{ 0x000001, "B" }, { 0x010101, "Y" },
	};
	const int n = sizeof(ramps) / sizeof(ramps[0]);
	const int size = card->cell / 5;
	int i, x;

	for (i = 0; i < n; i++) {
		const int from = top + height * i / n;
		const int to = top + height * (i + 1) / n;
		const int middle = (from + to) / 2;

		for (x = 0; x < width; x++)
			fill(card, left + x, from, 1, to - from,
			     ramps[i].unit * (uint32_t)(x * 255 / (width - 1)));
		write_centred(card, card->centre_x - card->cell * 4, middle, size,
			      PAPER, ramps[i].name);
		write_centred(card, card->centre_x + card->cell * 4, middle, size,
			      ink_on(ramps[i].unit * 230), ramps[i].name);
	}
}

/* One pixel on, one off: across, along, both; then twice as wide, and slanted */
static int grating(int which, int x, int y)
{
	switch (which) {
	case 0:
		return x & 1;
	case 1:
		return y & 1;
	case 2:
		return (x ^ y) & 1;
	case 3:
		return (x >> 1 ^ y >> 1) & 1;
	case 4:
		return x >> 1 & 1;
	case 5:
		return y >> 1 & 1;
	case 6:
		return !((x + y) & 3);
	default:
		return !((x - y) & 3);
	}
}

static void draw_gratings(const struct card *card, int left, int top, int width,
			  int height)
{
	const int n = 8;
	int i, x, y;

	for (i = 0; i < n; i++) {
		const int from = left + width * i / n;
		const int to = left + width * (i + 1) / n;

		for (y = top; y < top + height; y++) {
			for (x = from; x < to; x++)
				put(card, x, y, grating(i, x, y) ? WHITE : BLACK);
		}
	}
}

static void draw_words(const struct card *card, const char *device,
		       const char *driver)
{
	const int x = card->centre_x, y = card->centre_y, cell = card->cell;
	char text[64];

	write_centred(card, x, y - cell * 4, cell * 5 / 8, PAPER, device);
	snprintf(text, sizeof(text), "%d x %d", card->pic->width, card->pic->height);
	write_centred(card, x, y - cell * 59 / 20, cell * 3 / 8, ACCENT, text);
	snprintf(text, sizeof(text), "driver %s", driver);
	write_centred(card, x, y + cell * 29 / 10, cell * 3 / 8, ACCENT, text);
	write_centred(card, x, y + cell * 37 / 10, cell / 5, PAPER,
		      "drawn by the guest");
	write_centred(card, x, y + cell * 83 / 20, cell / 5, PAPER,
		      "no hardware behind it");
}

/* Bands from side to side, cut to a circle, with a rim over the ragged edge. */
static void draw_circle(const struct card *card, const char *device,
			const char *driver)
{
	const int cell = card->cell, radius = cell * 5, rim = cell / 20 + 1;
	const int left = card->centre_x - radius, width = 2 * radius;
	struct card disc = *card;
	int x, y;

	disc.clip = radius;
	fill(&disc, left, card->centre_y - radius, width, width, PANEL);
	draw_bars(&disc, left, card->centre_y - cell * 5 / 2, width, cell * 2);
	draw_ramps(&disc, left, card->centre_y - cell / 2, width, cell * 8 / 5);
	draw_gratings(&disc, left, card->centre_y + cell * 11 / 10, width,
		      cell * 6 / 5);
	draw_words(&disc, device, driver);

	for (y = -radius - rim; y <= radius + rim; y++) {
		for (x = -radius - rim; x <= radius + rim; x++) {
			const int outer = disc_coverage(x, y, radius + rim / 2);
			const int inner = disc_coverage(x, y, radius - (rim + 1) / 2);

			picture_blend(card->pic, card->centre_x + x,
				      card->centre_y + y, PAPER, outer - inner);
		}
	}
}

void picture_draw_card(struct picture *pic, const char *device,
		       const char *driver)
{
	const int high = pic->height / 12, wide = pic->width / 16;
	const struct card card = {
		.pic = pic,
		.cell = high < wide ? high : wide,
		.centre_x = pic->width / 2,
		.centre_y = pic->height / 2,
	};

	draw_grid(&card);
	draw_diagonals(&card);
	draw_columns(&card);
	draw_zone_plates(&card);
	draw_circle(&card, device, driver);
	draw_frame(&card);
}
