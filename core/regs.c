// SPDX-License-Identifier: GPL-2.0-only
/* Areas of registers: from an offset to a register, by the model's table. */
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/log2.h>

#include "internal.h"

static const struct softpci_reg *find_reg(const struct softpci_area *area,
					  u64 pos)
{
	const struct softpci_reg *reg = area->regs;
	const struct softpci_reg *end = reg + area->nr_regs;

	for (; reg < end; reg++) {
		/* Wraps, and is too large, where @pos is before the register. */
		if (pos - reg->offset < reg->width * softpci_reg_count(reg))
			return reg;
	}
	return NULL;
}

/* Is an access to @n bytes from @byte on one that @reg answers? */
static bool answers(const struct softpci_reg *reg, unsigned int byte,
		    unsigned int n)
{
	if (!reg->access)
		return n == reg->width;
	if (reg->access & SOFTPCI_ACCESS_BYTES)
		return true;
	/* SOFTPCI_ACCESS_8 to _64 are 1 to 8, as the widths are. */
	return is_power_of_2(n) && reg->access & n && !(byte & (n - 1));
}

static void *reg_field(struct softpci_device *dev,
		       const struct softpci_reg *reg, unsigned int i)
{
	return (void *)dev + reg->field + i * reg->width;
}

static u64 reg_get(struct softpci_device *dev, const struct softpci_reg *reg,
		   unsigned int i)
{
	if (reg->read)
		return reg->read(dev, reg->first + i);
	if (!reg->field)
		return 0;
	return load_uint(reg_field(dev, reg, i), reg->width);
}

static int reg_put(struct softpci_device *dev, const struct softpci_reg *reg,
		   unsigned int i, u64 val)
{
	if (reg->write)
		return reg->write(dev, reg->first + i, val);
	if (!reg->field || reg->read_only)
		return 0;
	store_uint(reg_field(dev, reg, i), reg->width, val);
	return 0;
}

/* Bytes @byte to @byte + @n - 1 of a register, as they are read. */
static __always_inline u64 reg_get_bytes(struct softpci_device *dev,
					 const struct softpci_reg *reg,
					 unsigned int i, unsigned int byte,
					 unsigned int n)
{
	u64 val;

	if (!answers(reg, byte, n))
		return 0;
	val = reg_get(dev, reg, i);
	return n == reg->width ? val : val >> byte * BITS_PER_BYTE;
}

/* @val with all other bytes of the register around it, or zeroes. */
static noinline u64 add_other_bytes(struct softpci_device *dev,
				    const struct softpci_reg *reg,
				    unsigned int i, unsigned int byte,
				    unsigned int n, u64 val)
{
	unsigned int shift = byte * BITS_PER_BYTE;
	u64 mask = GENMASK_ULL(shift + n * BITS_PER_BYTE - 1, shift);

	val <<= shift;
	if (reg->access & SOFTPCI_ACCESS_BYTES)
		val |= reg_get(dev, reg, i) & ~mask;
	return val;
}

static __always_inline int reg_put_bytes(struct softpci_device *dev,
					 const struct softpci_reg *reg,
					 unsigned int i, unsigned int byte,
					 const u8 *buf, unsigned int n)
{
	unsigned int left = n;
	u64 val = 0;

	if (!answers(reg, byte, n))
		return 0;
	do {
		val = val << BITS_PER_BYTE | buf[--left];
	} while (left);
	if (n < reg->width)
		val = add_other_bytes(dev, reg, i, byte, n, val);
	return reg_put(dev, reg, i, val);
}

/*
 * The part of a read that falls on @reg, from byte @at of it on: on one register,
 * or several of the array.  Returns where the rest of it goes, up to @end.
 */
static __always_inline u8 *reg_read(struct softpci_device *dev,
				    const struct softpci_reg *reg,
				    unsigned int at, u8 *buf, const u8 *end)
{
	unsigned int byte = at & (reg->width - 1);
	unsigned int i = at >> __ffs(reg->width);

	do {
		unsigned int n = min_t(size_t, reg->width - byte, end - buf);
		u64 val = reg_get_bytes(dev, reg, i, byte, n);

		do {
			*buf++ = val;
			val >>= BITS_PER_BYTE;
		} while (--n);
		byte = 0;
		/* A count of 0 means 1. */
	} while (buf < end && ++i < reg->count);
	return buf;
}

/* The same of a write: how many bytes, or the errno if the first value was refused. */
static __always_inline int reg_write(struct softpci_device *dev,
				     const struct softpci_reg *reg,
				     unsigned int at, const u8 *buf,
				     const u8 *end)
{
	unsigned int byte = at & (reg->width - 1);
	unsigned int i = at >> __ffs(reg->width);
	const u8 *start = buf;
	int ret;

	do {
		unsigned int n = min_t(size_t, reg->width - byte, end - buf);

		ret = reg_put_bytes(dev, reg, i, byte, buf, n);
		if (ret)
			break;
		buf += n;
		byte = 0;
	} while (buf < end && ++i < reg->count);
	return buf - start ?: ret;
}

static int regs_read(struct softpci_device *dev,
		     const struct softpci_area *area, u64 pos, u8 *buf,
		     size_t len)
{
	const u8 *end = buf + len;
	u8 *at = buf;

	lockdep_assert_held(&dev->lock);
	while (at < end) {
		u64 offset = pos + (at - buf);
		const struct softpci_reg *reg = find_reg(area, offset);

		if (reg)
			at = reg_read(dev, reg, offset - reg->offset, at, end);
		else
			*at++ = 0;
	}
	return len;
}

static int regs_write(struct softpci_device *dev,
		      const struct softpci_area *area, u64 pos, const u8 *buf,
		      size_t len)
{
	const u8 *at = buf, *end = buf + len;

	lockdep_assert_held(&dev->lock);
	while (at < end) {
		u64 offset = pos + (at - buf);
		const struct softpci_reg *reg = find_reg(area, offset);
		int ret = 1;

		if (reg)
			ret = reg_write(dev, reg, offset - reg->offset, at,
					end);
		if (ret < 0)
			return at - buf ?: ret;
		at += ret;
	}
	return len;
}

/*
 * An area of registers, by the table softpci_area.regs: the gaps between them
 * read 0 and ignore writes.  A write ends before the first value that is
 * refused.
 */
const struct softpci_area_ops softpci_regs_ops = {
	.read = regs_read,
	.write = regs_write,
};
EXPORT_SYMBOL_GPL(softpci_regs_ops);

/**
 * softpci_changed() - registers of a device have changed outside of an access
 * @dev: the device, lock held
 *
 * To be called by a job or a timer before an interrupt that tells of the change: a
 * front end whose registers are plain memory shows the new values.
 */
void softpci_changed(struct softpci_device *dev)
{
	lockdep_assert_held(&dev->lock);
	if (dev->host_ops->changed)
		dev->host_ops->changed(dev);
}
EXPORT_SYMBOL_GPL(softpci_changed);

/* KUnit tests of the functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/regs.c"
#endif
