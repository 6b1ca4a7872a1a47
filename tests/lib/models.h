/* SPDX-License-Identifier: GPL-2.0-only */
/* Every mdev type, as its users know it. */
#ifndef TESTS_MODELS_H
#define TESTS_MODELS_H

#include "check.h"

/* Sets of types, for a case to say what it is for. */
#define MDPY_VGA	0x01
#define MDPY_XGA	0x02
#define MDPY_HD		0x04
#define MBOCHS_SMALL	0x08
#define MBOCHS_MEDIUM	0x10
#define MBOCHS_LARGE	0x20
#define MTTY_1		0x40
#define MTTY_2		0x80
#define EXAMPLE		0x100
#define MIOAT		0x200
#define MDPY		(MDPY_VGA | MDPY_XGA | MDPY_HD)
#define MBOCHS		(MBOCHS_SMALL | MBOCHS_MEDIUM | MBOCHS_LARGE)
#define MTTY		(MTTY_1 | MTTY_2)
#define DISPLAYS	(MDPY | MBOCHS)
#define EACH		(DISPLAYS | MTTY | EXAMPLE | MIOAT)
/* The case makes its own devices, and opens them through each interface. */
#define NO_DEVICE	0
/* The case runs once: it opens no device, or chooses the interface of each. */
#define NO_DOOR		0x400
/* With types: the interface makes no difference to the case, one of them is enough. */
#define ONE_DOOR	0x800

#define MIB		(1024 * 1024)
#define MDPY_DISPLAY	16	/* index of the display region */
#define NR_PARENTS	5
#define NR_MODELS	10

struct model_bar {
	u32 size;		/* 0: there is none */
	u32 flags;		/* the low bits of the BAR */
	bool mmap;
	u32 mmap_from;		/* mapped from here to its end; 0: all of it */
};

struct model {
	unsigned int bit;
	const char *type;
	const char *name;		/* for people */
	const char *parent;
	const char *attribute;		/* in vendor/; NULL: none of its own */
	u16 vendor, device, subvendor, subdevice;
	u32 class;			/* class, subclass, programming interface */
	int revision;			/* -1: not specified */
	struct model_bar bar[6];
	u32 scratch;			/* a byte of BAR0 that keeps what is written */
	u8 pin;
	unsigned int nr_msix;
	u32 msix_table, msix_pba;	/* in BAR0 */
	bool pcie;			/* 4 KiB of config space, FLR, ERR interrupt */
	unsigned int nr_ports;		/* of mtty, one MSI message each */
	unsigned int width, height;	/* of mdpy: the mode; of mbochs: EDID's limit, 0: none */
};

extern const char *const parents[NR_PARENTS];
extern const struct model models[NR_MODELS];
const struct model *model_of(const char *type);
/* Share of one device in its parent's budget: devices, megabytes or ports. */
unsigned int model_cost(const struct model *m);
unsigned int model_config_size(const struct model *m);
/* Is this one the upper half of a 64-bit BAR? */
bool model_bar_is_upper(const struct model *m, unsigned int bar);
/* The bit of COMMAND without which its BARs do not answer; set when it is opened. */
u8 model_decoding(const struct model *m);

#endif /* TESTS_MODELS_H */
