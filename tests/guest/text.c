// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stroke font, drawn with smooth edges at any size.
 *
 * A glyph is a string of strokes with blanks between them; a stroke is a row of
 * points, each a letter for x in half units and a digit for y in units:
 *
 *	y 0  top of the capitals	y 6  baseline
 *	y 2  top of small letters	y 8  below the line
 *
 * Lines join the points; a point after '~' is not passed through but pulls the
 * line into a curve (quadratic Bezier) that ends in the next point.
 */
#include <stddef.h>
#include <stdlib.h>

#include "picture.h"

static const char *const glyphs[128] = {
	[' '] = "",
	['#'] = "c0b6 f0e6 a2h2 a4h4",
	['('] = "c0~a1a4~a7c8",
	[')'] = "a0~c1c4~c7a8",
	['+'] = "d2d6 a4g4",
	[','] = "b6a7",
	['-'] = "a4e4",
	['.'] = "a6a6",
	['/'] = "a7g0",
	['0'] = "d0~a0a3~a6d6~g6g3~g0d0",
	['1'] = "b1d0d6",
	['2'] = "a1~b0d0~g0g2~g3d4a6g6",
	['3'] = "a1~b0d0~g0g1~g3d3~g3g4~g6d6~b6a5 c3d3",
	['4'] = "f6f0a4g4",
	['5'] = "g0a0a3~b2d2~g2g4~g6d6~b6a5",
	['6'] = "f0~a1a4~a6d6~g6g4~g2d2~a2a4",
	['7'] = "a0g0c6",
	['8'] = "d3~a3a1~a0d0~g0g1~g3d3~a3a4~a6d6~g6g4~g3d3",
	['9'] = "b6~g5g2~g0d0~a0a2~a4d4~g4g2",
	[':'] = "a3a3 a6a6",
	['='] = "a3g3 a5g5",
	['A'] = "a6e0i6 b4h4",
	['B'] = "a3a0e0~h0h1~h3e3~i3i4~i6e6a6a3 a3e3",
	['C'] = "i1~h0e0~a0a3~a6e6~h6i5",
	['D'] = "a0a6d6~i6i3~i0d0a0",
	['E'] = "h0a0a6h6 a3g3",
	['F'] = "h0a0a6 a3g3",
	['G'] = "i1~h0e0~a0a3~a6e6~i6i3f3",
	['H'] = "a0a6 i0i6 a3i3",
	['I'] = "a0a6",
	['J'] = "g0g4~g6d6~a6a5",
	['K'] = "a0a6 h0a4 c3i6",
	['L'] = "a0a6h6",
	['M'] = "a6a0f4k0k6",
	['N'] = "a6a0i6i0",
	['O'] = "e0~a0a3~a6e6~i6i3~i0e0",
	['P'] = "a6a0e0~i0i2~i3e3a3",
	['Q'] = "e0~a0a3~a6e6~i6i3~i0e0 f4j7",
	['R'] = "a6a0e0~i0i2~i3e3a3 e3i6",
	['S'] = "i1~h0e0~a0a2~a3e3~i3i4~i6e6~b6a5",
	['T'] = "a0i0 e0e6",
	['U'] = "a0a4~a6e6~i6i4i0",
	['V'] = "a0e6i0",
	['W'] = "a0d6g0j6m0",
	['X'] = "a0i6 i0a6",
	['Y'] = "a0e3i0 e3e6",
	['Z'] = "a0i0a6i6",
	['_'] = "a7h7",
	['a'] = "g2g6 g4~g2d2~a2a4~a6d6~g6g4",
	['b'] = "a0a6 a4~a2d2~g2g4~g6d6~a6a4",
	['c'] = "g3~f2d2~a2a4~a6d6~f6g5",
	['d'] = "g0g6 g4~g2d2~a2a4~a6d6~g6g4",
	['e'] = "a4g4~g2d2~a2a4~a6d6~f6g5",
	['f'] = "e0~c0c2c6 a2e2",
	['g'] = "g2g6~g8d8~b8a7 g4~g2d2~a2a4~a6d6~g6g4",
	['h'] = "a0a6 a4~a2d2~g2g4g6",
	['i'] = "a2a6 a0a0",
	['j'] = "c2c6~c8a8 c0c0",
	['k'] = "a0a6 f2a5 c4g6",
	['l'] = "a0a5~a6c6",
	['m'] = "a2a6 a4~a2c2~f2f4f6 f4~f2h2~k2k4k6",
	['n'] = "a2a6 a4~a2d2~g2g4g6",
	['o'] = "d2~a2a4~a6d6~g6g4~g2d2",
	['p'] = "a2a8 a4~a2d2~g2g4~g6d6~a6a4",
	['q'] = "g2g8 g4~g2d2~a2a4~a6d6~g6g4",
	['r'] = "a2a6 a4~a2d2e2",
	['s'] = "g3~f2d2~a2a3~a4d4~g4g5~g6d6~b6a5",
	['t'] = "c0c5~c6e6 a2e2",
	['u'] = "a2a4~a6d6~g6g4 g2g6",
	['v'] = "a2d6g2",
	['w'] = "a2c6f2i6k2",
	['x'] = "a2g6 g2a6",
	['y'] = "a2d6 g2c8",
	['z'] = "a2g2a6g6",
};

/* What stands for a character that the table lacks: an empty box. */
static const char missing[] = "a0g0g6a6a0";

/* Lengths inside of this file are in sixteenths of a pixel. */
#define SUB		16
#define CAP_UNITS	6
#define GAP_HALVES	4	/* between glyphs */
#define BLANK_HALVES	4
#define CURVE_STEPS	8
#define SEGMENTS_MAX	96

struct point {
	int x;
	int y;
};

struct segment {
	struct point from;
	struct point to;
};

struct outline {
	struct segment segments[SEGMENTS_MAX];
	int count;
};

uint32_t integer_sqrt(uint64_t square)
{
	uint64_t root = 0;
	uint64_t bit = 1ULL << 62;

	while (bit > square)
		bit >>= 2;
	for (; bit; bit >>= 2) {
		if (square >= root + bit) {
			square -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return root;
}

static const char *glyph_of(char c)
{
	const char *glyph = (unsigned char)c < 128 ? glyphs[(int)c] : NULL;

	return glyph ? glyph : missing;
}

static int glyph_halves(const char *glyph)
{
	int width = 0;

	if (!*glyph)
		return BLANK_HALVES;
	for (; *glyph; glyph++) {
		if (*glyph >= 'a' && *glyph <= 'z' && *glyph - 'a' > width)
			width = *glyph - 'a';
	}
	return width;
}

int text_width(const char *text, int size)
{
	int halves = 0;

	for (; *text; text++)
		halves += glyph_halves(glyph_of(*text)) + (text[1] ? GAP_HALVES : 0);
	return halves * size / (2 * CAP_UNITS);
}

static void outline_line(struct outline *outline, struct point from,
			 struct point to)
{
	if (outline->count == SEGMENTS_MAX)
		abort();	/* a mistake in the table above */
	outline->segments[outline->count++] = (struct segment){ from, to };
}

static void outline_curve(struct outline *outline, struct point from,
			  struct point pull, struct point to)
{
	const int n = CURVE_STEPS;
	struct point last = from;
	int i;

	for (i = 1; i <= n; i++) {
		const int a = (n - i) * (n - i), b = 2 * i * (n - i), c = i * i;
		const struct point next = {
			(a * from.x + b * pull.x + c * to.x) / (n * n),
			(a * from.y + b * pull.y + c * to.y) / (n * n),
		};

		outline_line(outline, last, next);
		last = next;
	}
}

static void outline_glyph(struct outline *outline, const char *glyph,
			  struct point origin, int size)
{
	struct point last = { 0, 0 }, pull = { 0, 0 };
	int started = 0, curved = 0;

	outline->count = 0;
	for (; *glyph; glyph++) {
		if (*glyph == ' ') {
			started = 0;
		} else if (*glyph == '~') {
			curved = 1;
		} else {
			const struct point next = {
				origin.x + (glyph[0] - 'a') * size * SUB / (2 * CAP_UNITS),
				origin.y + (glyph[1] - '0') * size * SUB / CAP_UNITS,
			};

			glyph++;
			if (curved && started == 1) {
				pull = next;
				started = 2;
				continue;
			}
			if (curved)
				outline_curve(outline, last, pull, next);
			else if (started)
				outline_line(outline, last, next);
			last = next;
			started = 1;
			curved = 0;
		}
	}
}

static int64_t distance2_to(const struct segment *s, struct point p)
{
	const int64_t sx = s->to.x - s->from.x, sy = s->to.y - s->from.y;
	int64_t px = p.x - s->from.x, py = p.y - s->from.y;
	const int64_t along = px * sx + py * sy;
	const int64_t length2 = sx * sx + sy * sy;
	int64_t cross;

	if (along > 0 && along < length2) {
		cross = px * sy - py * sx;
		return cross * cross / length2;
	}
	if (along > 0) {
		px = p.x - s->to.x;
		py = p.y - s->to.y;
	}
	return px * px + py * py;
}

/*
 * One look at all strokes per pixel instead of one stroke after the other, so
 * that the soft edges of strokes that meet do not add up.
 */
static void outline_fill(struct picture *pic, const struct outline *outline,
			 struct point origin, int halves, int size,
			 uint32_t colour)
{
	/* Half of the stroke's width, and half a pixel of soft edge. */
	const int radius = size > 10 ? size * SUB / 13 : SUB * 6 / 10;
	const int64_t reach = radius + SUB / 2;
	const int margin = radius / SUB + 2;
	const int right = origin.x / SUB + halves * size / (2 * CAP_UNITS);
	const int bottom = origin.y / SUB + 8 * size / CAP_UNITS;
	int x, y, i, depth;

	for (y = origin.y / SUB - margin; y <= bottom + margin; y++) {
		for (x = origin.x / SUB - margin; x <= right + margin; x++) {
			const struct point centre = {
				x * SUB + SUB / 2, y * SUB + SUB / 2,
			};
			int64_t nearest = reach * reach;

			for (i = 0; i < outline->count; i++) {
				const int64_t distance2 =
					distance2_to(&outline->segments[i], centre);

				if (distance2 < nearest)
					nearest = distance2;
			}
			if (nearest == reach * reach)
				continue;
			depth = reach - (int)integer_sqrt(nearest);
			picture_blend(pic, x, y, colour,
				      depth < SUB ? depth * 256 / SUB : 256);
		}
	}
}

void text_draw(struct picture *pic, int x, int y, int size, uint32_t colour,
	       const char *text)
{
	/* Strokes run through the middle of pixels: straight ones are sharp. */
	struct point origin = { x * SUB + SUB / 2, y * SUB + SUB / 2 };
	struct outline outline;

	for (; *text; text++) {
		const char *glyph = glyph_of(*text);
		const int halves = glyph_halves(glyph);

		outline_glyph(&outline, glyph, origin, size);
		outline_fill(pic, &outline, origin, halves, size, colour);
		origin.x += (halves + GAP_HALVES) * size * SUB / (2 * CAP_UNITS);
	}
}
