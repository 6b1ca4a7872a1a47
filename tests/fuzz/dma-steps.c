// SPDX-License-Identifier: GPL-2.0-only
/* Steps with memory for DMA, and with functions of the bus that come and go: the table. */
#include "../lib/dma.h"
#include "draw.h"

#define PAGE	4096UL

static u64 a_function(struct stream *s)
{
	return a_dev_of(s, FUNCTIONS);
}

static u64 an_engine(struct stream *s)
{
	return a_dev_of(s, ENGINES);
}

/* Mostly one of few pages, so that mappings meet. The others are borders of something. */
static u64 an_iova(struct stream *s)
{
	if (one_in(s, 24))
		s->off = one_of(s, 1, PAGE - 1, 0xfedff000, 0xfee00000, 0xfeefffff, 0xfef00000,
				1UL << 30, 1UL << 32, 1UL << 47, 1UL << 48, 1UL << 57, -PAGE,
				-1UL, (1UL << 48) - PAGE, (1UL << 30) - 4 * PAGE);
	else
		s->off = below(s, ARENA / PAGE) * PAGE;
	return s->off;
}

/* Not in the arena, of which op_iommu() copies mappings. */
static u64 a_race_iova(struct stream *s)
{
	return one_of(s, 1UL << 30, 1UL << 40) - 4 * PAGE + below(s, 32) * 64 * PAGE;
}

static u64 a_dma_length(struct stream *s)
{
	if (one_in(s, 24))
		return one_of(s, 0, 1, PAGE - 1, PAGE + 1, 1UL << 30, 1UL << 40, -PAGE, -1UL,
			      1UL << 63);
	return (1 + below(s, one_of(s, 1, 4, 16, 64))) * PAGE;
}

/* In the arena: mostly as it is there at the beginning. */
static u64 a_place(struct stream *s)
{
	return one_in(s, 3) ? below(s, ARENA / PAGE) * PAGE : s->off;
}

static u64 rights(struct stream *s)
{
	return one_in(s, 3) ? below(s, 4) : DMA_RW;
}

static u64 an_id(struct stream *s)
{
	return one_in(s, 16) ? draw(s) & 0xffffffff : 1 + below(s, 7);
}

static u64 sixteen(struct stream *s)
{
	return below(s, 16);
}

static u64 a_count(struct stream *s)
{
	return one_in(s, 16) ? below(s, 256) : below(s, 16);
}

static u64 a_size(struct stream *s)
{
	return one_in(s, 4) ? below(s, 16 * PAGE) : one_of(s, 1, 8, 64, 4095, 4096, 4097, 8192);
}

static u64 any(struct stream *s)
{
	return draw(s);
}

static u64 any_memory(struct stream *s)
{
	return one_in(s, 4) ? a_buffer(s) : 0;
}

#define D	{ "dev", a_dev }
#define IOVA	{ "iova", an_iova }
#define LEN	{ "len", a_dma_length }
#define WAY	{ "way", a_way }
#define USER	{ "user", any_memory }

const struct op dma_ops[] = {
	{ "dma-map", 160, op_dma_map, { D, IOVA, LEN, { "at", a_place }, { "rights", rights },
					USER } },
	{ "dma-unmap", 60, op_dma_unmap, { D, IOVA, LEN, WAY, USER } },
	{ "iommu", 80, op_iommu, { D, { "way", sixteen }, { "id", an_id }, { "other", sixteen },
				   IOVA, LEN, USER } },
	{ "engine", 100, op_engine, { { "dev", an_engine }, { "at", an_iova },
				      { "count", a_count }, { "size", a_size },
				      { "val", any } } },
	{ "dma-race", 20, op_dma_race, { { "dev", an_engine }, { "iova", a_race_iova },
					 { "pages", sixteen }, WAY } },
	{ "plug", 3, op_remove, { { "dev", a_function }, WAY, { "val", any } } },
	{}
};
