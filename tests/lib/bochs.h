/* SPDX-License-Identifier: GPL-2.0-only */
/* Bochs' dispi registers in BAR2, and the EDID region. */
#ifndef TESTS_BOCHS_H
#define TESTS_BOCHS_H

#include "vfio.h"

#define VRAM_BAR		0
#define REGS_BAR		2
#define EDID_SPACE		0x000
#define VGA_PORTS		0x400
#define DISPI			0x500
#define EXT_SIZE		0x600
#define EXT_ORDER		0x604
#define ORDER_LITTLE		0x1e1e1e1e
#define ORDER_BIG		0xbebebebe

enum dispi {
	DISPI_ID, DISPI_XRES, DISPI_YRES, DISPI_BPP, DISPI_ENABLE, DISPI_BANK, DISPI_VIRT_WIDTH,
	DISPI_VIRT_HEIGHT, DISPI_X_OFFSET, DISPI_Y_OFFSET, DISPI_MEMORY_64K, NR_DISPI
};

#define ENABLED			0x01
#define GETCAPS			0x02
#define LFB			0x40
#define NOCLEARMEM		0x80

static inline u16 dispi_get(struct vfio *v, enum dispi i)
{
	return reg_get(v, REGS_BAR, DISPI + 2 * i, 2);
}

static inline void dispi_put(struct vfio *v, enum dispi i, u16 val)
{
	reg_put(v, REGS_BAR, DISPI + 2 * i, 2, val);
}

struct dispi_mode {
	u16 xres, yres, bpp, enable, virt_width, x, y;
};

/* As a guest does: off, the geometry, and on last. */
static inline void dispi_set(struct vfio *v, const struct dispi_mode *mode)
{
	dispi_put(v, DISPI_ENABLE, 0);
	dispi_put(v, DISPI_XRES, mode->xres);
	dispi_put(v, DISPI_YRES, mode->yres);
	dispi_put(v, DISPI_BPP, mode->bpp);
	dispi_put(v, DISPI_VIRT_WIDTH, mode->virt_width);
	dispi_put(v, DISPI_X_OFFSET, mode->x);
	dispi_put(v, DISPI_Y_OFFSET, mode->y);
	dispi_put(v, DISPI_ENABLE, mode->enable);
}

/* The usual: 32 bits per pixel from the start of the memory, which stays as it is. */
static inline void dispi_show(struct vfio *v, u16 width, u16 height)
{
	const struct dispi_mode mode = { width, height, 32, ENABLED | LFB | NOCLEARMEM, width,
					  0, 0 };

	dispi_set(v, &mode);
}

static inline int edid_region(struct vfio *v)
{
	return vfio_find_region(v, VFIO_REGION_TYPE_GFX, VFIO_REGION_SUBTYPE_GFX_EDID);
}

#define EDID_REG(name)	offsetof(struct vfio_region_gfx_edid, name)

#endif /* TESTS_BOCHS_H */
