/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The test picture. The guest draws it and the checker draws it again: one
 * function of size and names, in integers only, so that any compiler and any
 * CPU come to the same pixels.
 */
#ifndef GUEST_PICTURE_H
#define GUEST_PICTURE_H

#include <stdint.h>

/* 32 bits per pixel, 00RRGGBB as a native integer, no padding between lines */
struct picture {
	int width;
	int height;
	uint32_t *pixels;
};

/* Sides outside of this make no picture: too small to hold a cell, or a typo */
#define PICTURE_SIDE_MIN	64
#define PICTURE_SIDE_MAX	10000

/* Both return 0, or -1 with errno set. */
int picture_create(struct picture *pic, int width, int height);
int picture_create_card(struct picture *pic, int width, int height,
			const char *device, const char *driver);
void picture_destroy(struct picture *pic);

/* Draws the whole test card; what was in the picture before is gone. */
void picture_draw_card(struct picture *pic, const char *device,
		       const char *driver);

/*
 * Puts 'colour' over one pixel; a coverage of 256 hides what was there. Pixels
 * outside of the picture are ignored.
 */
void picture_blend(struct picture *pic, int x, int y, uint32_t colour,
		   int coverage);

/* text.c: capital letters are 'size' pixels high, (x, y) is the top left. */
int text_width(const char *text, int size);
void text_draw(struct picture *pic, int x, int y, int size, uint32_t colour,
	       const char *text);

uint32_t integer_sqrt(uint64_t square);

#endif
