/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The regions of a model, and the registers and memories in them.  Part of
 * softpci.h, which includes it.
 */
#ifndef SOFTPCI_REGIONS_H
#define SOFTPCI_REGIONS_H

#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/stddef.h>
#include <linux/types.h>

struct softpci_device;
struct vm_area_struct;

/* Access widths of a register, for softpci_reg.access. */
#define SOFTPCI_ACCESS_8	BIT(0)
#define SOFTPCI_ACCESS_16	BIT(1)
#define SOFTPCI_ACCESS_32	BIT(2)
#define SOFTPCI_ACCESS_64	BIT(3)
/*
 * Any part of the register can be read, and a write of a part keeps the rest.
 * Only for registers that read as they were written, without side effects.
 */
#define SOFTPCI_ACCESS_BYTES	BIT(7)

/**
 * enum softpci_kick - registers of which a write starts something
 * @SOFTPCI_KICK_NONE: it does not
 * @SOFTPCI_KICK_DOORBELL: a driver goes on without looking
 * @SOFTPCI_KICK_COMMAND: a driver waits until it reads otherwise
 *
 * A front end whose registers are plain memory sees writes late.  It looks at these
 * registers, and at all others when one of these was written.  It shows new
 * values of registers that can be written first, then of those that are read-only,
 * and of commands last.
 */
enum softpci_kick {
	SOFTPCI_KICK_NONE,
	SOFTPCI_KICK_DOORBELL,
	SOFTPCI_KICK_COMMAND,
};

/**
 * struct softpci_reg - one register, or an array of equal ones
 * @offset: of the first, in bytes from the start of its area; a multiple of @width
 * @width: of each in bytes: 1, 2, 4 or 8; the bus is little-endian
 * @access: SOFTPCI_ACCESS_*: the widths that it answers; 0: @width only
 * @count: how many there are, one after another; 0 means 1
 * @first: the index of the first in the array, as @read and @write see it
 * @field: offset in the device's struct of a field of @width bytes that holds the
 *	   value of the first, those of an array one after another; used where
 *	   @read or @write is NULL; 0: none
 * @read_only: @field is not written
 * @kick: a write starts something (SOFTPCI_KICK_*)
 * @read: lock held; the value of register @i. NULL: @field, or 0
 * @write: lock held; 0, or an errno if the value is refused and nothing was
 *	   changed. NULL: @field, or ignored
 *
 * An access that is wider than a register, or spans several, is taken apart.  A
 * part of a register is read as 0 and not written unless @access allows it: as
 * one of the widths, at a multiple of it, or by SOFTPCI_ACCESS_BYTES.  In a
 * write of a part, the other bytes of the value are 0, or as they are read with
 * SOFTPCI_ACCESS_BYTES.
 */
struct softpci_reg {
	u32 offset;
	u8 width;
	u8 access;
	u16 count;
	u16 first;
	u16 field;
	bool read_only;
	u8 kick;
	u64 (*read)(struct softpci_device *dev, unsigned int i);
	int (*write)(struct softpci_device *dev, unsigned int i, u64 val);
};

/*
 * A register that is nothing but a field of struct @_type.  More members of
 * struct softpci_reg can follow, as ".access = SOFTPCI_ACCESS_BYTES".
 */
#define SOFTPCI_REG(_offset, _type, _field, ...) {			\
	.offset = (_offset),						\
	.width = SOFTPCI_FIELD_WIDTH(_type, _field),			\
	.field = offsetof(_type, _field),				\
	__VA_ARGS__							\
}

/* The same, read-only. */
#define SOFTPCI_REG_RO(_offset, _type, _field, ...)			\
	SOFTPCI_REG(_offset, _type, _field, .read_only = true, __VA_ARGS__)

/* A field whose writes call a function, instead of the assignment. */
#define SOFTPCI_REG_WRITE(_offset, _type, _field, _write, ...)		\
	SOFTPCI_REG(_offset, _type, _field, .write = (_write), __VA_ARGS__)

struct softpci_area;

/**
 * struct softpci_area_ops - operations of an area of a region
 * @read: lock held; read @len bytes at @pos of the area, which are there; the
 *	  number of bytes read, at least 1, or an errno. NULL with @write, where
 *	  there are @user and @kernel
 * @write: lock held; the same of a write
 * @user: lock not held; all of an access from user space, may sleep: the number
 *	  of bytes done, or an errno. NULL: @read and @write, a piece at a time
 * @kernel: lock not held; the same of an access with a buffer of the kernel
 * @mmap: map @vma from page @pgoff of the area on. NULL: cannot be mapped
 * @pure: reading has no side effect, so that a read may be lost to -EFAULT
 */
struct softpci_area_ops {
	int (*read)(struct softpci_device *dev, const struct softpci_area *area,
		    u64 pos, u8 *buf, size_t len);
	int (*write)(struct softpci_device *dev, const struct softpci_area *area,
		     u64 pos, const u8 *buf, size_t len);
	ssize_t (*user)(struct softpci_device *dev,
			const struct softpci_area *area, u64 pos,
			char __user *buf, size_t count, bool write);
	int (*kernel)(struct softpci_device *dev,
		      const struct softpci_area *area, u64 pos, u8 *buf,
		      size_t len, bool write);
	int (*mmap)(struct softpci_device *dev, const struct softpci_area *area,
		    struct vm_area_struct *vma, pgoff_t pgoff);
	bool pure;
};

extern const struct softpci_area_ops softpci_regs_ops;
extern const struct softpci_area_ops softpci_memory_ops;

/**
 * struct softpci_area - a part of a region
 * @offset: of its first byte in the region
 * @size: in bytes; page-aligned, as @offset, for memory
 * @ops: its operations
 * @regs: for softpci_regs_ops, the registers in it; the rest reads 0
 * @nr_regs: how many entries @regs has
 * @memory: for softpci_memory_ops, index of the memory, from its start on
 */
struct softpci_area {
	u64 offset;
	u64 size;
	const struct softpci_area_ops *ops;
	const struct softpci_reg *regs;
	unsigned int nr_regs;
	unsigned int memory;
};

#define SOFTPCI_REGS_AREA(_offset, _size, _regs) {			\
	.offset = (_offset),						\
	.size = (_size),						\
	.ops = &softpci_regs_ops,					\
	.regs = (_regs),						\
	.nr_regs = ARRAY_SIZE(_regs),					\
}

#define SOFTPCI_MEMORY_AREA(_offset, _size, _memory) {			\
	.offset = (_offset),						\
	.size = (_size),						\
	.ops = &softpci_memory_ops,					\
	.memory = (_memory),						\
}

/**
 * struct softpci_region - a BAR, or a region that only VFIO shows
 * @index: up to 5 a BAR; from 9 on device-specific (VFIO_PCI_NUM_REGIONS)
 * @bar: low bits of the BAR (PCI_BASE_ADDRESS_*); a 64-bit BAR takes two
 * @size: in bytes; a power of two for a BAR
 * @areas: its parts, by rising offset; a gap between them reads 0 and ignores
 *	   writes
 * @nr_areas: how many
 * @cap_type: type of struct vfio_region_info_cap_type, 0 for none
 * @cap_subtype: its subtype
 *
 * The table and the PBA of MSI-X are added by the core, see softpci_msix.
 */
struct softpci_region {
	u32 index;
	u32 bar;
	u64 size;
	const struct softpci_area *areas;
	unsigned int nr_areas;
	u32 cap_type;
	u32 cap_subtype;
};

/* A memory BAR of 64 bits. */
#define SOFTPCI_BAR64(_index, _size, _areas) {				\
	.index = (_index),						\
	.bar = PCI_BASE_ADDRESS_MEM_TYPE_64,				\
	.size = (_size),						\
	.areas = (_areas),						\
	.nr_areas = ARRAY_SIZE(_areas),					\
}

/**
 * struct softpci_memory_desc - guest-visible memory
 * @size: in bytes, a multiple of PAGE_SIZE
 * @fill: give it its content at power-on by softpci_memory_set(); called before
 *	  the first access to it and after a reset; may sleep. NULL: zeroes
 */
struct softpci_memory_desc {
	u64 size;
	int (*fill)(struct softpci_device *dev, unsigned int memory);
};

#endif /* SOFTPCI_REGIONS_H */
