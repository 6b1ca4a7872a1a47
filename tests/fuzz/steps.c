// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps and how they are drawn.  A generator is called for each argument in order,
 * and may use the arguments that were drawn before for the same step: an offset is
 * mostly one that the region has something at.
 */
#include <sys/mman.h>

#include "../lib/bochs.h"
#include "../lib/example.h"
#include "../lib/ioat.h"
#include "../lib/irq.h"
#include "draw.h"

#define PAGE	4096UL

/* How long threads at about the same step prefer the same device. */
#define EPOCH	2048

void stream_init(struct stream *s, u64 seed, u64 which, unsigned int types)
{
	*s = (struct stream){ .seed = seed, .types = types };
	s->state[0] = mix(seed + 0x9e3779b97f4a7c15);
	s->state[1] = mix(s->state[0] + which * 0x9e3779b97f4a7c15 + 1);
}

u64 a_dev(struct stream *s)
{
	u64 x = one_in(s, 2) ? draw(s) : mix(s->seed + s->nr / EPOCH);
	unsigned int nr = __builtin_popcount(s->types), dev;

	x = (x >> 8) % nr;
	for (dev = 0; !(s->types & 1U << dev) || x--; dev++)
		;
	s->dev = dev;
	return dev;
}

u64 a_dev_of(struct stream *s, unsigned int kinds)
{
	a_dev(s);
	while (!(kind(s->dev)->bit & kinds) && s->types & kinds)
		a_dev(s);
	return s->dev;
}

static u64 a_bochs(struct stream *s)
{
	return a_dev_of(s, MBOCHS);
}

static u64 a_tty(struct stream *s)
{
	return a_dev_of(s, MTTY);
}

static u64 a_region(struct stream *s)
{
	unsigned int bit = kind(s->dev)->bit;

	if (one_in(s, 32))
		s->region = one_in(s, 8) ? draw(s) : below(s, 18);
	else if (bit & MDPY)
		s->region = one_of(s, 0, 0, CONFIG, CONFIG, MDPY_DISPLAY);
	else if (bit & MBOCHS)
		s->region = one_of(s, 0, 2, 2, CONFIG, CONFIG, VFIO_PCI_NUM_REGIONS);
	else if (bit & PLAIN)
		s->region = one_of(s, 0, 2, 4, CONFIG, CONFIG);
	else if (bit & (EXAMPLE | ENGINES))
		s->region = one_of(s, 0, 0, 0, CONFIG, CONFIG);
	else
		s->region = one_of(s, 0, 0, 0, 1, CONFIG, CONFIG);
	return s->region;
}

static u64 region_size(const struct stream *s)
{
	if (s->region < 6 && kind(s->dev)->bar[s->region].size)
		return kind(s->dev)->bar[s->region].size;
	if (s->region == MDPY_DISPLAY && kind(s->dev)->bit & MDPY)
		return kind(s->dev)->bar[0].size;
	return s->region == VFIO_PCI_NUM_REGIONS ? 0x800 : model_config_size(kind(s->dev));
}

static u64 an_offset(struct stream *s)
{
	u64 size = region_size(s), page = below(s, 8) * PAGE;

	if (one_in(s, 64))
		return one_of(s, -1, -8, -PAGE, 1UL << 31, 1UL << 32, 1UL << 40, 1UL << 62,
			      1UL << 63, 0x7ffffffffffff000);
	if (one_in(s, 8))
		return size + below(s, 24) - 16;
	if (one_in(s, 16))
		return below(s, size);
	if (size > PAGE)
		return page + below(s, one_of(s, 1, 64, PAGE));
	if (s->region == REGS_BAR)
		return one_in(s, 2) ? DISPI + below(s, 2 * NR_DISPI) :
				      one_of(s, 0, 0x3f8, 0x400, 0x41f, 0x600, 0x604);
	if (s->region == VFIO_PCI_NUM_REGIONS)
		return one_in(s, 2) ? below(s, 24) : 0x400 + below(s, 64);
	return below(s, size);
}

/* A register, as a guest would name it. */
static u64 a_register(struct stream *s)
{
	u64 off;

	if (s->region == CONFIG && kind(s->dev)->bit & FUNCTIONS && one_in(s, 3))
		off = one_in(s, 4) ? CONFIG_SIZE + below(s, 64) * 4 : 0x40 + below(s, 48) * 2;
	else if (s->region == CONFIG)
		off = one_of(s, PCI_COMMAND, PCI_COMMAND + 1, PCI_STATUS, PCI_BASE_ADDRESS_0,
			     PCI_BASE_ADDRESS_1, PCI_BASE_ADDRESS_2, PCI_ROM_ADDRESS,
			     PCI_CAPABILITY_LIST, PCI_INTERRUPT_LINE, PCI_INTERRUPT_PIN, 0x40,
			     0x42, 0x44, 0x48, 0x4a, 0x4c, 0x50, 0x54, 0x58, 0x5c, 0xfc);
	else if (s->region == EXAMPLE_BAR0 && kind(s->dev)->bit & EXAMPLE)
		off = one_of(s, EXAMPLE_SOURCE, EXAMPLE_TARGET, EXAMPLE_LENGTH, EXAMPLE_DOORBELL,
			     EXAMPLE_DOORBELL, EXAMPLE_STATUS, EXAMPLE_MEMORY, EXAMPLE_PBA,
			     EXAMPLE_TABLE + 0xc, EXAMPLE_TABLE + 0x1c, EXAMPLE_TABLE + 0x3fc);
	else if (s->region == IOAT_BAR0 && kind(s->dev)->bit & ENGINES)
		off = one_of(s, IOAT_INTRCTRL, IOAT_CHANCTRL, IOAT_CHANCMD, IOAT_CHANCMD,
			     IOAT_DMACOUNT, IOAT_DMACOUNT, IOAT_CHANSTS, IOAT_CHAINADDR,
			     IOAT_CHANCMP, IOAT_CHANERR, IOAT_TABLE + 0xc, IOAT_PBA);
	else if (s->region == REGS_BAR)
		off = one_of(s, DISPI + 2, DISPI + 4, DISPI + 6, DISPI + 8, DISPI + 12,
			     DISPI + 16, DISPI + 18, DISPI + 20, EXT_ORDER, EXT_SIZE, 0);
	else if (s->region == VFIO_PCI_NUM_REGIONS)
		off = one_of(s, EDID_REG(edid_size), EDID_REG(link_state), EDID_REG(max_xres),
			     EDID_REG(edid_offset), 0x400, 0x47f, 0x7ff);
	else if (region_size(s) == 8)
		off = below(s, 8);
	else
		off = below(s, 64) * 4;
	s->off = off;
	return off;
}

static u64 a_width(struct stream *s)
{
	if (one_in(s, 16))
		return below(s, 9);
	if (region_size(s) == 8)
		return 1;
	if (s->region == EXAMPLE_BAR0 && kind(s->dev)->bit & EXAMPLE)
		return s->off < EXAMPLE_DOORBELL ? 8 : 4;
	if (s->region == IOAT_BAR0 && kind(s->dev)->bit & ENGINES)
		return one_of(s, 1, 2, 4, 8);
	return s->region == REGS_BAR ? 2 : one_of(s, 1, 2, 4, 4);
}

static u64 a_value(struct stream *s)
{
	if (one_in(s, 4))
		return draw(s);
	if (s->region == REGS_BAR)
		return one_of(s, 0, 1, 2, 32, 0x41, 0x43, 0x81, 0xc1, 64, 100, 640, 480, 1024,
			      0xffff, ORDER_LITTLE, ORDER_BIG);
	return one_of(s, 0, 1, 2, 3, 5, 7, 0xf, 0x10, 0x1f, 0x80, 0x83, 0xc7, 0xff, 0x400, 0x407,
		      0xffff, 0xffffffff);
}

static u64 any(struct stream *s)
{
	return draw(s);
}

static u64 a_length(struct stream *s)
{
	switch (below(s, 32)) {
	case 0:
		return one_of(s, 0, -1, INT32_MAX, 1UL << 31, 1UL << 32, 1UL << 40, INT64_MAX,
			      64UL << 20);
	case 1:
		return below(s, BUFFER_SIZE + 2);
	case 2 ... 4:
		return below(s, PAGE);
	case 5 ... 9:
		return below(s, 130);
	default:
		return one_of(s, 1, 1, 2, 4, 8, 16, 256);
	}
}

u64 a_buffer(struct stream *s)
{
	return below(s, 4) ? 0 : below(s, 20);
}

static u64 a_map(struct stream *s)
{
	return below(s, NR_MAPS);
}

static u64 a_buf(struct stream *s)
{
	return below(s, NR_BUFS);
}

static u64 an_event(struct stream *s)
{
	return below(s, NR_EVENTS);
}

static u64 pages_off(struct stream *s)
{
	u64 nr = region_size(s) / PAGE;

	if (one_in(s, 16))
		return below(s, PAGE);
	if (one_in(s, 8))
		return region_size(s) - below(s, 3) * PAGE;
	return below(s, nr && nr < 12 ? nr : 12) * PAGE;
}

static u64 pages_len(struct stream *s)
{
	if (one_in(s, 24))
		return one_of(s, 0, 1, 4 << 20, 16 << 20, 64 << 20, 65 << 20, -PAGE, 1UL << 40);
	return (1 + below(s, one_of(s, 1, 4, 16, 64))) * PAGE;
}

static u64 a_prot(struct stream *s)
{
	return one_in(s, 3) ? below(s, 8) : PROT_READ | PROT_WRITE;
}

static u64 map_flags(struct stream *s)
{
	static const u64 more[] = {
		MAP_POPULATE, MAP_LOCKED, MAP_NORESERVE, MAP_SYNC, MAP_GROWSDOWN, MAP_NONBLOCK,
		MAP_HUGETLB, MAP_STACK,
	};
	u64 type = one_in(s, 16) ? below(s, 4) : MAP_SHARED;

	return type | (one_in(s, 16) ? more[below(s, ARRAY_SIZE(more))] : 0);
}

/* All but what poisons memory for good, which is the machine's and not the device's. */
static u64 advice(struct stream *s)
{
	return one_in(s, 16) ? 26 + below(s, 60) : below(s, 26);
}

static u64 small(struct stream *s)
{
	return below(s, 16);
}

static u64 a_bool(struct stream *s)
{
	return below(s, 2);
}

static u64 argsz(struct stream *s)
{
	return one_in(s, 3) ? below(s, 72) : one_of(s, 16, 20, 24, 32, 40, 48, 56, 60, 64, 96,
						     256, 0xffffffff);
}

static u64 an_index(struct stream *s)
{
	return one_in(s, 16) ? draw(s) : below(s, 18);
}

static u64 irq_flags(struct stream *s)
{
	if (one_in(s, 8))
		return one_in(s, 4) ? draw(s) : below(s, 128);
	return one_of(s, NONE, BOOL, EVENTFD, EVENTFD) |
	       one_of(s, MASK, UNMASK, TRIGGER, TRIGGER);
}

static u64 irq_index(struct stream *s)
{
	return one_in(s, 12) ? below(s, 8) : one_of(s, INTX, INTX, MSI, MSI, MSIX, MSIX, ERR, REQ);
}

static u64 irq_start(struct stream *s)
{
	return one_in(s, 8) ? one_of(s, 1, 2, 3, 31, 32, 63, 64, 0x7fffffff, 0xffffffff) : 0;
}

static u64 irq_count(struct stream *s)
{
	if (!one_in(s, 3))
		return 1;
	return one_of(s, 0, 0, 2, 2, 3, 4, 5, 32, 33, 64, 65, 0x40000000, 0xffffffff);
}

static u64 irq_short(struct stream *s)
{
	return one_in(s, 12) ? below(s, 24) : 0;
}

static u64 feature_flags(struct stream *s)
{
	u64 flags = one_of(s, VFIO_DEVICE_FEATURE_SET, VFIO_DEVICE_FEATURE_SET,
			   VFIO_DEVICE_FEATURE_GET, VFIO_DEVICE_FEATURE_PROBE,
			   VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET);

	if (one_in(s, 16))
		return draw(s) & 0xffffffff;
	return flags | one_of(s, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
			      VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
			      VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
			      VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
}

static u64 plane_flags(struct stream *s)
{
	return one_in(s, 8) ? below(s, 32) : kind(s->dev)->bit & MDPY ? 4 : 2;
}

static u64 plane_type(struct stream *s)
{
	return one_in(s, 8) ? draw(s) : below(s, 3);
}

/* 0: what the last query said. */
static u64 dmabuf_id(struct stream *s)
{
	return one_in(s, 8) ? one_of(s, 1, 2, 3, 64, 65, 0x7fffffff, 0xffffffff) : 0;
}

static u64 a_side(struct stream *s)
{
	return one_in(s, 48) ? one_of(s, 0, 63, 800, 1024, 4096, 16000, 0xffff) :
			       64 + below(s, 96);
}

/* Mostly lines of whole pages, as only what starts with a page is shown. */
static u64 a_virtual_side(struct stream *s)
{
	return one_in(s, 8) ? a_side(s) : 2048;
}

static u64 a_pan(struct stream *s)
{
	return one_in(s, 8) ? draw(s) & 0xffff : one_of(s, 0, 0, 0, 1024, 2048, 1);
}

static u64 a_shift(struct stream *s)
{
	return one_in(s, 8) ? draw(s) & 0xffff : below(s, 64);
}

static u64 a_depth(struct stream *s)
{
	return one_of(s, 32, 32, 32, 16, 16, 24);
}

static u64 a_switch(struct stream *s)
{
	return one_of(s, 0x41, 0x41, 0xc1, 0xc1, 0x01, 0x43, 0x40, 0);
}

/* All ioctls of VFIO devices and their neighbours, and sizes that they do not have. */
static u64 an_ioctl(struct stream *s)
{
	u64 cmd = _IO(VFIO_TYPE, VFIO_BASE + below(s, 32));

	if (one_in(s, 4))
		cmd = _IOC(below(s, 4), VFIO_TYPE, VFIO_BASE + below(s, 32), below(s, 64));
	return one_in(s, 16) ? draw(s) & 0xffffffff : cmd;
}

u64 a_way(struct stream *s)
{
	return below(s, 8);
}

static u64 nr_steps(struct stream *s)
{
	return 1 + below(s, 12);
}

static u64 a_mig(struct stream *s)
{
	return below(s, NR_MIGS);
}

static u64 a_mig_state(struct stream *s)
{
	return one_in(s, 3) ? VFIO_DEVICE_STATE_RUNNING : below(s, 10);
}

static u64 a_mig_feature(struct stream *s)
{
	const u64 set = one_in(s, 8) ? VFIO_DEVICE_FEATURE_GET : VFIO_DEVICE_FEATURE_SET;
	const u64 get = set ^ VFIO_DEVICE_FEATURE_GET ^ VFIO_DEVICE_FEATURE_SET;

	if (one_in(s, 2))
		return set | one_of(s, VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
				    VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
				    MIG_PRECOPY_INFO_V2);
	return get | one_of(s, VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
			    VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
			    VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, VFIO_DEVICE_FEATURE_MIGRATION,
			    VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE);
}

/* Of guest memory: mostly whole pages. */
static u64 an_iova(struct stream *s)
{
	return one_in(s, 8) ? draw(s) : below(s, 1024) * PAGE;
}

static u64 iova_length(struct stream *s)
{
	return one_in(s, 8) ? draw(s) >> below(s, 64) : (1 + below(s, 4096)) * PAGE;
}

/* 0: as it should be. */
static u64 odd_argsz(struct stream *s)
{
	return one_in(s, 8) ? argsz(s) : 0;
}

#define D	{ "dev", a_dev }
#define R	{ "region", a_region }
#define M	{ "map", a_map }
#define B	{ "buf", a_buf }
#define OFF	{ "off", an_offset }
#define LEN	{ "len", a_length }
#define USER	{ "user", a_buffer }
#define AT	{ "at", pages_off }
#define SIZE	{ "size", pages_len }

/* The weights: what is dear in an emulated machine is rare, so that all get by. */
static const struct op ops[] = {
	{ "get", 2200, op_get, { D, R, { "off", a_register }, { "len", a_width } } },
	{ "set", 2400, op_set, { D, R, { "off", a_register }, { "len", a_width },
				 { "val", a_value } } },
	{ "read", 900, op_read, { D, R, OFF, LEN, USER } },
	{ "write", 800, op_write, { D, R, OFF, LEN, USER, { "val", any } } },
	{ "vector", 80, op_vector, { D, R, OFF, LEN, USER, { "way", a_way } } },
	{ "splice", 20, op_splice, { D, R, OFF, LEN, { "way", a_way } } },
	{ "mode", 60, op_mode, { { "dev", a_bochs }, { "w", a_side }, { "h", a_side },
				 { "virt", a_virtual_side }, { "x", a_pan },
				 { "y", a_shift }, { "enable", a_switch },
				 { "bpp", a_depth } } },
	{ "uart", 60, op_uart, { D, { "port", a_bool }, { "trigger", small }, { "ier", small },
				 { "send", small }, { "take", small } } },
	{ "info", 80, op_info, { D, { "argsz", argsz }, USER } },
	{ "region-info", 120, op_region_info, { D, { "index", an_index }, { "argsz", argsz },
						USER } },
	{ "irq-info", 80, op_irq_info, { D, { "index", an_index }, { "argsz", argsz }, USER } },
	{ "set-irqs", 1000, op_set_irqs, { D, { "flags", irq_flags }, { "index", irq_index },
					   { "start", irq_start }, { "count", irq_count },
					   { "short", irq_short }, { "event", an_event },
					   { "way", a_way } } },
	{ "reset", 8, op_reset, { D, { "way", a_bool } } },
	{ "feature", 40, op_feature, { D, { "flags", feature_flags }, { "argsz", argsz },
				       { "event", an_event }, { "way", a_way }, USER } },
	{ "wake", 200, op_wake, { D } },
	{ "plane", 300, op_plane, { D, { "flags", plane_flags }, { "type", plane_type },
				    { "argsz", argsz }, USER } },
	{ "dmabuf", 60, op_dmabuf, { { "dev", a_bochs }, B, { "id", dmabuf_id }, USER } },
	{ "ioctl", 250, op_ioctl, { D, { "cmd", an_ioctl }, { "val", any }, USER } },
	{ "kick", 500, op_kick, { { "event", an_event }, { "val", any } } },
	{ "drain", 150, op_drain, { { "event", an_event } } },
	{ "event", 30, op_event, { { "event", an_event } } },

	{ "mmap", 100, op_mmap, { D, R, M, AT, SIZE, { "prot", a_prot },
				  { "flags", map_flags } } },
	{ "buf-mmap", 60, op_buf_mmap, { B, M, AT, SIZE, { "prot", a_prot },
					 { "flags", map_flags } } },
	{ "munmap", 40, op_munmap, { M, AT, SIZE } },
	{ "mprotect", 60, op_mprotect, { M, AT, SIZE, { "prot", a_prot } } },
	{ "madvise", 80, op_madvise, { M, AT, SIZE, { "advice", advice } } },
	{ "mremap", 40, op_mremap, { M, AT, SIZE, { "new", pages_len }, { "to", a_map },
				     { "way", a_way } } },
	{ "msync", 40, op_msync, { M, AT, SIZE, { "flags", small } } },
	{ "mlock", 30, op_mlock, { M, AT, SIZE, { "way", a_way } } },
	{ "remap-pages", 20, op_remap_pages, { M, AT, SIZE, { "page", small } } },
	{ "touch", 300, op_touch, { M, AT, { "write", a_bool } } },
	{ "peek", 60, op_peek, { M, AT, { "len", a_length }, { "way", a_way } } },
	{ "vmsplice", 20, op_vmsplice, { M, AT, { "len", a_length }, { "flags", small } } },
	{ "buf-sync", 60, op_buf_sync, { B, { "flags", small } } },
	{ "buf-ioctl", 60, op_buf_ioctl, { B, { "way", a_way }, { "val", any }, USER } },
	{ "buf-close", 30, op_buf_close, { B } },
	{ "buf-import", 6, op_buf_import, { B, { "way", a_way } } },
	{ "buf-file", 30, op_buf_file, { B, { "way", a_way }, LEN, USER } },

	{ "mig-state", 80, op_mig_state, { D, { "state", a_mig_state }, { "mig", a_mig } } },
	{ "mig-read", 100, op_mig_read, { { "mig", a_mig }, LEN, USER } },
	{ "mig-write", 60, op_mig_write, { { "mig", a_mig }, LEN, USER, { "val", any } } },
	{ "mig-file", 40, op_mig_file, { { "mig", a_mig }, { "way", a_way }, { "argsz", argsz },
					 USER } },
	{ "mig-close", 10, op_mig_close, { { "mig", a_mig } } },
	{ "mig-copy", 30, op_mig_copy, { D, { "way", a_way }, { "where", any }, { "val", any } } },
	{ "mig-feature", 60, op_mig_feature, { D, { "flags", a_mig_feature }, { "iova", an_iova },
					       { "len", iova_length }, { "way", a_way },
					       { "argsz", odd_argsz }, USER } },

	{ "close", 8, op_close, { D } },
	{ "dup", 20, op_dup, { D } },
	{ "fork", 2, op_fork, { { "steps", nr_steps }, { "seed", any } } },
	{ "reap", 1, op_reap, { { "child", a_bool } } },
	{ "remove", 1, op_remove, { D, { "way", a_way }, { "val", any } } },
	{ "spare", 1, op_spare, { D, { "val", any } } },
	{ "attribute", 3, op_attribute, { D, { "way", a_way }, { "val", any } } },
	{ "wire", 12, op_wire, { { "dev", a_tty }, { "way", small }, { "val", any } } },
	{ "pace", 3, op_pace, { { "dev", a_tty }, { "way", a_way }, { "val", any } } },
};

/* The kinds of steps are in several tables: the number @i of all; NULL: no more. */
static const struct op *op_nr(unsigned int i)
{
	if (i < ARRAY_SIZE(ops))
		return &ops[i];
	i -= ARRAY_SIZE(ops);
	return dma_ops[i].name ? &dma_ops[i] : NULL;
}

const struct op *op_named(const char *name, size_t len)
{
	const struct op *op;
	unsigned int i;

	for (i = 0; (op = op_nr(i)); i++)
		if (strlen(op->name) == len && !memcmp(op->name, name, len))
			return op;
	return NULL;
}

static unsigned int total_weight(void)
{
	static unsigned int total;
	const struct op *op;
	unsigned int i, sum = 0;

	if (!total) {
		for (i = 0; (op = op_nr(i)); i++)
			sum += op->weight;
		total = sum;
	}
	return total;
}

void stream_next(struct stream *s, struct step *step)
{
	const struct op *op;
	unsigned int i;
	u64 x;

	x = below(s, total_weight());
	for (i = 0; op = op_nr(i), x >= op->weight; i++)
		x -= op->weight;
	step->op = op;
	/* What has no device of its own takes offsets as of the first. */
	s->region = 0;
	s->dev = 0;
	for (i = 0; i < MAX_ARGS && op->arg[i].draw; i++)
		step->arg[i] = op->arg[i].draw(s);
	s->nr++;
}

static struct step step_of(const char *name, u64 dev, u64 way, u64 val)
{
	return (struct step){ .op = op_named(name, strlen(name)), .arg = { dev, way, val } };
}

unsigned int stream_setup(u64 seed, unsigned int types, struct step *steps)
{
	const u64 one = model_of("mtty-1") - models, two = model_of("mtty-2") - models;
	u64 x = mix(seed ^ 0x77697265);
	unsigned int nr = 0;

	/* Crossed; or from port 1 of one to a port of the other; or, rarely, as they are. */
	if (types & MTTY_2 && x % 8 < 2)
		steps[nr++] = step_of("wire", two, WIRE_CROSSED, 0);
	else if ((types & MTTY) == MTTY && x % 8 < 7)
		steps[nr++] = step_of("wire", one, WIRE_CABLE, x >> 16 & 2);
	if (types & MTTY_1 && x >> 8 & 1)
		steps[nr++] = step_of("pace", one, 1, 0);
	if (types & MTTY_2 && x >> 9 & 1)
		steps[nr++] = step_of("pace", two, 1, 0);
	return nr;
}
