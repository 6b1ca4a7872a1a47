// SPDX-License-Identifier: GPL-2.0-only
/*
 * From an offset in the device's file to a region, and on to config space, a
 * register or memory.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "internal.h"

/* A piece that is copied from or to the user before the lock is taken. */
#define PIECE	32

static const struct softpci_region config_region = {
	.index = VFIO_PCI_CONFIG_REGION_INDEX,
	.size = SOFTPCI_CONFIG_SIZE,
};

static bool is_ram(const struct softpci_window *win)
{
	return !win->region->size;
}

static bool is_absent(const struct softpci_device *spdev,
		      const struct softpci_region *region)
{
	return region->index <= VFIO_PCI_BAR5_REGION_INDEX &&
	       READ_ONCE(spdev->config.absent) & BIT(region->index);
}

/**
 * softpci_regions_init() - lay out the device's file
 * @spdev: a new device
 *
 * Regions lie behind one another, in pages, the last index first and config
 * space behind them, with a gap between any two for overruns to fall into.  So
 * every kind of device has offsets of its own, and a user who computes them
 * instead of asking VFIO_DEVICE_GET_REGION_INFO finds out here and not on real
 * hardware.
 *
 * Return: 0, or -E2BIG if the model has more regions than there is room for.
 */
int softpci_regions_init(struct softpci_device *spdev)
{
	const struct softpci_model *model = spdev->type->model;
	unsigned int nr = model->nr_regions, i;
	u64 start = 0;

	if (WARN_ON(nr >= SOFTPCI_MAX_REGIONS))
		return -E2BIG;

	for (i = 0; i <= nr; i++) {
		struct softpci_window *win = &spdev->window[i];

		win->region = i < nr ? &model->regions[nr - 1 - i] :
				       &config_region;
		win->size = win->region->size ?: spdev->type->ram_size;
		win->start = start + PAGE_SIZE;
		start = win->start + PAGE_ALIGN(win->size);
	}
	spdev->nr_windows = i;
	return 0;
}

/**
 * softpci_num_regions() - for struct vfio_device_info
 * @spdev: the device
 *
 * Return: one more than the highest region index.
 */
unsigned int softpci_num_regions(struct softpci_device *spdev)
{
	unsigned int num = VFIO_PCI_NUM_REGIONS, i;

	for (i = 0; i < spdev->nr_windows; i++)
		num = max(num, spdev->window[i].region->index + 1);
	return num;
}

/* The window that holds all of @pos to @pos + @len - 1, @len at least 1. */
static const struct softpci_window *
find_window(struct softpci_device *spdev, u64 pos, u64 len)
{
	const struct softpci_window *win = spdev->window;
	const struct softpci_window *end = win + spdev->nr_windows;

	for (; win < end; win++) {
		if (pos >= win->start && pos - win->start < win->size)
			return len <= win->size - (pos - win->start) ? win : NULL;
	}
	return NULL;
}

/**
 * softpci_get_region_info() - VFIO_DEVICE_GET_REGION_INFO
 * @vdev: the device
 * @info: index in, the rest out; the caller has checked argsz
 * @caps: for the capabilities
 *
 * Return: 0; -EINVAL for an index the device does not have; -ENOMEM. An index
 * that is in range but names nothing has size 0, as in vfio-pci.
 */
int softpci_get_region_info(struct vfio_device *vdev,
			    struct vfio_region_info *info,
			     struct vfio_info_cap *caps)
{
	struct softpci_device *spdev = to_softpci(vdev);
	struct vfio_region_info_cap_type type = {
		.header.id = VFIO_REGION_INFO_CAP_TYPE,
		.header.version = 1,
	};
	const struct softpci_window *win = spdev->window;
	unsigned int i;

	if (info->index >= softpci_num_regions(spdev))
		return -EINVAL;

	info->flags = 0;
	info->cap_offset = 0;
	info->size = 0;
	info->offset = 0;

	for (i = 0; win->region->index != info->index; i++, win++)
		if (i + 1 == spdev->nr_windows)
			return 0;

	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (is_ram(win))
		info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	info->size = win->size;
	info->offset = win->start;

	if (!win->region->cap_type)
		return 0;
	type.type = win->region->cap_type;
	type.subtype = win->region->cap_subtype;
	return vfio_info_add_capability(caps, &type.header, sizeof(type));
}

static unsigned int reg_count(const struct softpci_reg *reg)
{
	return reg->count ?: 1;
}

static const struct softpci_reg *
find_reg(const struct softpci_region *region, unsigned int pos)
{
	const struct softpci_reg *reg = region->regs;
	const struct softpci_reg *end = reg + region->nr_regs;

	for (; reg < end; reg++) {
		if (pos >= reg->offset &&
		    pos - reg->offset < reg->width * reg_count(reg))
			return reg;
	}
	return NULL;
}

/* Which register of the array is at @pos, and at which of its bytes. */
static unsigned int reg_index(const struct softpci_reg *reg, unsigned int pos,
			      unsigned int *byte)
{
	/* The width is 1, 2 or 4. */
	*byte = (pos - reg->offset) & (reg->width - 1);
	return (pos - reg->offset) >> reg->width / 2;
}

/*
 * The part of a read that falls on @reg: on one register, or several of the
 * array.  Returns how many of the @len bytes that was.  Out of line, as it wants
 * all the registers of the CPU for itself.
 */
static noinline int reg_read(struct softpci_device *spdev,
			     const struct softpci_region *region,
			     const struct softpci_reg *reg, unsigned int pos,
			     u8 *buf, size_t len)
{
	unsigned int byte, i = reg_index(reg, pos, &byte);
	size_t done = 0;
	u32 val;

	do {
		val = reg->read ? reg->read(spdev, region->index, i) : 0;
		val >>= byte * BITS_PER_BYTE;
		do {
			buf[done++] = val;
			val >>= BITS_PER_BYTE;
		} while (++byte < reg->width && done < len);
		byte = 0;
	} while (done < len && ++i < reg_count(reg));
	return done;
}

/* The same of a write; or the errno, if the first value of it was refused. */
static noinline int reg_write(struct softpci_device *spdev,
			      const struct softpci_region *region,
			      const struct softpci_reg *reg, unsigned int pos,
			      const u8 *buf, size_t len)
{
	unsigned int byte, i = reg_index(reg, pos, &byte);
	size_t done = 0;

	do {
		bool partial = byte || len - done < reg->width;
		size_t end = done;
		u32 val = 0;
		int ret;

		if (partial && reg->read)
			val = reg->read(spdev, region->index, i);
		do {
			unsigned int shift = byte * BITS_PER_BYTE;

			val &= ~(0xffU << shift);
			val |= (u32)buf[end++] << shift;
		} while (++byte < reg->width && end < len);
		byte = 0;

		ret = reg->write ? reg->write(spdev, region->index, i, val) : 0;
		if (ret)
			return done ?: ret;
		done = end;
	} while (done < len && ++i < reg_count(reg));
	return done;
}

/*
 * A piece of config space, of registers, or of a BAR that is absent: that reads
 * all ones and ignores writes.  Memory comes here only if it was absent a moment
 * ago.  Bytes done, or an errno if none.
 */
static __always_inline int
piece_access_locked(struct softpci_device *spdev,
		    const struct softpci_region *region, unsigned int pos,
		    u8 *buf, size_t len, bool write)
{
	const struct softpci_reg *reg;
	size_t done = 0;
	int ret;

	lockdep_assert_held(&spdev->lock);
	if (region == &config_region) {
		if (write)
			softpci_config_write(spdev, pos, buf, len);
		else
			softpci_config_read(spdev, pos, buf, len);
		return len;
	}

	if (is_absent(spdev, region) || !region->size) {
		if (!write)
			memset(buf, 0xff, len);
		return len;
	}

	while (done < len) {
		reg = find_reg(region, pos + done);
		if (!reg) {
			if (!write)
				buf[done] = 0;
			ret = 1;
		} else if (write) {
			ret = reg_write(spdev, region, reg, pos + done,
					buf + done, len - done);
		} else {
			ret = reg_read(spdev, region, reg, pos + done,
				       buf + done, len - done);
		}
		if (ret < 0)
			return done ?: ret;
		done += ret;
	}
	return done;
}

static __always_inline int
piece_access(struct softpci_device *spdev,
	     const struct softpci_region *region, unsigned int pos, u8 *buf,
	     size_t len, bool write)
{
	u32 clear_start, clear_len;
	int bytes;

	scoped_guard(softpci, spdev) {
		bytes = piece_access_locked(spdev, region, pos, buf, len, write);
		clear_start = spdev->ram.clear_start;
		clear_len = spdev->ram.clear_len;
		spdev->ram.clear_len = 0;
	}
	if (clear_len)
		softpci_ram_zero(spdev, clear_start, clear_len);
	return bytes;
}

/*
 * Copies, most of which are of one register: put_user() and get_user() make a
 * move of that.  Return how many bytes were not copied.
 */
static __always_inline size_t piece_to_user(void __user *to, const u8 *piece,
					    size_t n)
{
	if (n == 1)
		return put_user(*piece, (u8 __user *)to) ? 1 : 0;
	if (n == 2 && IS_ALIGNED((unsigned long)to, 2))
		return put_user(*(u16 *)piece, (u16 __user *)to) ? 2 : 0;
	if (n == 4 && IS_ALIGNED((unsigned long)to, 4))
		return put_user(*(u32 *)piece, (u32 __user *)to) ? 4 : 0;
	return copy_to_user(to, piece, n);
}

static __always_inline size_t piece_from_user(u8 *piece,
					      const void __user *from, size_t n)
{
	if (n == 1)
		return get_user(*piece, (u8 __user *)from) ? 1 : 0;
	if (n == 2 && IS_ALIGNED((unsigned long)from, 2))
		return get_user(*(u16 *)piece, (u16 __user *)from) ? 2 : 0;
	if (n == 4 && IS_ALIGNED((unsigned long)from, 4))
		return get_user(*(u32 *)piece, (u32 __user *)from) ? 4 : 0;
	return copy_from_user(piece, from, n);
}

static __always_inline ssize_t
piecewise(struct softpci_device *spdev, const struct softpci_region *region,
	  unsigned int pos, char __user *buf, size_t count, bool write)
{
	/* Zeroed, as it is copied to the user once before it is filled. */
	u8 piece[PIECE] __aligned(4) = {};
	size_t done = 0;

	for (;;) {
		/* Ends on a multiple of PIECE: no register is cut in two. */
		size_t n = min_t(size_t, count - done,
				 PIECE - (pos + done) % PIECE);
		int ret;

		/* Reading can have effects: none if the copy must fail. */
		if (write)
			n -= piece_from_user(piece, buf + done, n);
		else if (region != &config_region)
			n -= piece_to_user(buf + done, piece, n);
		if (!n)
			return done ?: -EFAULT;

		ret = piece_access(spdev, region, pos + done, piece, n, write);
		if (ret < 0)
			return done ?: ret;
		if (!write)
			ret -= piece_to_user(buf + done, piece, ret);
		done += ret;
		if (!done)
			return -EFAULT;
		if (ret < n || done == count || fatal_signal_pending(current))
			return done;
		cond_resched();
	}
}

/* One for reads and one for writes: each has to decide that only once. */
static __always_inline ssize_t
softpci_rw(struct vfio_device *vdev, char __user *buf, size_t count,
	   loff_t *ppos, bool write)
{
	struct softpci_device *spdev = to_softpci(vdev);
	const struct softpci_window *win;
	ssize_t ret;
	u64 pos;

	if (!count)
		return 0;
	win = find_window(spdev, *ppos, 1);
	if (!win)
		return -EINVAL;

	pos = *ppos - win->start;
	count = min_t(u64, count, win->size - pos);

	if (is_ram(win) && !is_absent(spdev, win->region))
		ret = softpci_ram_rw(spdev, pos, buf, count, write);
	else
		ret = piecewise(spdev, win->region, pos, buf, count, write);
	if (ret > 0)
		*ppos += ret;
	return ret;
}

/**
 * softpci_read() - read(2) on the device
 * @vdev: the device
 * @buf: the user's buffer
 * @count: length of @buf
 * @ppos: VFIO offset, moved behind what was read
 *
 * Return: bytes read: fewer than @count at the end of a region, on a fatal
 * signal, or where @buf ends early; -EINVAL outside of all regions; -EFAULT;
 * -ENOMEM.
 */
ssize_t softpci_read(struct vfio_device *vdev, char __user *buf, size_t count,
		     loff_t *ppos)
{
	return softpci_rw(vdev, buf, count, ppos, false);
}

/**
 * softpci_write() - write(2) on the device
 * @vdev: the device
 * @buf: the user's buffer
 * @count: length of @buf
 * @ppos: VFIO offset, moved behind what was written
 *
 * Return: as softpci_read(); or -EINVAL where a register refuses a value.
 */
ssize_t softpci_write(struct vfio_device *vdev, const char __user *buf,
		      size_t count, loff_t *ppos)
{
	return softpci_rw(vdev, (char __user *)buf, count, ppos, true);
}

/**
 * softpci_mmap() - mmap(2) of the device
 * @vdev: the device
 * @vma: where, and from which VFIO offset
 *
 * Return: 0; -EINVAL for a private mapping, or one that is not inside a region
 * with VFIO_REGION_INFO_FLAG_MMAP; -ENOMEM.
 */
int softpci_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	struct softpci_device *spdev = to_softpci(vdev);
	const struct softpci_window *win;
	u64 pos;
	int ret;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (check_shl_overflow((u64)vma->vm_pgoff, PAGE_SHIFT, &pos))
		return -EINVAL;
	win = find_window(spdev, pos, vma->vm_end - vma->vm_start);
	if (!win || !is_ram(win))
		return -EINVAL;

	ret = softpci_ram_expose(spdev);
	if (ret)
		return ret;
	return softpci_ram_map(spdev->ram.file, vma,
				(pos - win->start) >> PAGE_SHIFT);
}

/* Here, as the tests call what is static above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/region.c"
#endif
