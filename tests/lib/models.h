/* SPDX-License-Identifier: GPL-2.0-only */
/* What every mdev type is, as its users know it. */
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
#define MDPY		(MDPY_VGA | MDPY_XGA | MDPY_HD)
#define MBOCHS		(MBOCHS_SMALL | MBOCHS_MEDIUM | MBOCHS_LARGE)
#define MTTY		(MTTY_1 | MTTY_2)
#define DISPLAYS	(MDPY | MBOCHS)
#define EACH		(DISPLAYS | MTTY)
#define NO_DEVICE	0	/* the case runs once, and makes its own */

#define MIB		(1024 * 1024)
#define MDPY_DISPLAY	16	/* index of the display region */
#define NR_PARENTS	3
#define NR_MODELS	8

struct model_bar {
	u32 size;		/* 0: there is none */
	u32 flags;		/* the low bits of the BAR */
	bool mmap;
};

struct model {
	unsigned int bit;
	const char *type;
	const char *name;		/* for people */
	const char *parent;
	const char *attribute;		/* in vendor/ */
	u16 vendor, device, subvendor, subdevice;
	u32 class;			/* class, subclass, programming interface */
	int revision;			/* -1: not specified */
	struct model_bar bar[6];
	u8 pin;
	unsigned int nr_ports;		/* of mtty, one MSI message each */
	unsigned int width, height;	/* of mdpy: the mode; of mbochs: EDID's limit, 0: none */
};

extern const char *const parents[NR_PARENTS];
extern const struct model models[NR_MODELS];
const struct model *model_of(const char *type);
/* What one device takes of its parent's budget: devices, megabytes or ports. */
unsigned int model_cost(const struct model *m);
/* The bit of COMMAND without which its BARs do not answer; set when it is opened. */
u8 model_decoding(const struct model *m);

#endif /* TESTS_MODELS_H */
