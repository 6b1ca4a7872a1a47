// SPDX-License-Identifier: GPL-2.0-only
/*
 * From an offset in the device's file to a region, to an area of it, and on to
 * the operations of that area.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "internal.h"

/*
 * Bytes that are copied from or to the user at once, without the lock.  A
 * multiple of the width of the widest register.
 */
#define PIECE	32

static bool is_absent(const struct softpci_device *dev,
		      const struct softpci_window *win)
{
	return READ_ONCE(dev->config.absent) & win->bar;
}

/**
 * softpci_find_window() - find the region that is at an offset
 * @layout: the layout of the device's file
 * @pos: offset in the file
 * @len: how many bytes from there on, at least 1
 *
 * Return: the window that holds all of these bytes, or NULL.
 */
const struct softpci_window *softpci_find_window(const struct softpci_layout *layout,
						 u64 pos, u64 len)
{
	const struct softpci_window *win = layout->window;
	const struct softpci_window *end = win + layout->nr_windows;

	for (; win < end; win++) {
		/* Wraps, and is too large, where @pos is before the region. */
		u64 offset = pos - win->start;

		if (offset < win->size)
			return len <= win->size - offset ? win : NULL;
	}
	return NULL;
}

static int gap_read(struct softpci_device *dev, const struct softpci_area *area,
		    u64 pos, u8 *buf, size_t len)
{
	memset(buf, 0, len);
	return len;
}

static int gap_write(struct softpci_device *dev,
		     const struct softpci_area *area, u64 pos, const u8 *buf,
		     size_t len)
{
	return len;
}

static const struct softpci_area_ops gap_ops = {
	.read = gap_read,
	.write = gap_write,
	.pure = true,
};

/* The gaps between the areas of a region. */
static const struct softpci_area gap = { .ops = &gap_ops };

/*
 * The area at @pos of the region, and how many bytes are left of it from there
 * on.
 */
static __always_inline const struct softpci_area *
find_area(const struct softpci_window *win, u64 pos, u64 *left)
{
	const struct softpci_area *area = win->areas;
	const struct softpci_area *end = area + win->nr_areas;

	for (; area < end; area++) {
		if (pos < area->offset) {
			*left = area->offset - pos;
			return &gap;
		}
		if (pos - area->offset < area->size) {
			*left = area->size - (pos - area->offset);
			return area;
		}
	}
	*left = win->size - pos;
	return &gap;
}

/*
 * A piece of an area, or of a BAR that is absent: that reads all ones and ignores
 * writes.  An area that has no read() comes here only if its BAR was absent a
 * moment ago.  Bytes done, or an errno if none.
 */
static __always_inline int
piece_access_locked(struct softpci_device *dev,
		    const struct softpci_window *win,
		    const struct softpci_area *area, u64 pos, u8 *buf,
		    size_t len, bool write)
{
	lockdep_assert_held(&dev->lock);
	if (is_absent(dev, win) || !area->ops->read) {
		if (!write)
			memset(buf, 0xff, len);
		return len;
	}
	return write ? area->ops->write(dev, area, pos, buf, len) :
		       area->ops->read(dev, area, pos, buf, len);
}

static __always_inline int
piece_access(struct softpci_device *dev, const struct softpci_window *win,
	     const struct softpci_area *area, u64 pos, u8 *buf, size_t len,
	     bool write)
{
	u64 awaited = 0;
	int bytes;

	scoped_guard(softpci, dev) {
		bytes = piece_access_locked(dev, win, area, pos, buf, len,
					    write);
		/* Only a write makes an access wait. */
		if (write && dev->jobs.awaited) {
			awaited = dev->jobs.awaited;
			dev->jobs.awaited = 0;
		}
	}
	if (awaited)
		softpci_jobs_wait(dev, awaited);
	return bytes;
}

/* Ends on a multiple of PIECE: no register is cut in two. */
static __always_inline size_t piece_len(u64 pos, size_t left)
{
	return min_t(size_t, left, PIECE - pos % PIECE);
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

/* A piece of an area, of @len bytes at most. */
static __always_inline ssize_t
user_piece(struct softpci_device *dev, const struct softpci_window *win,
	   const struct softpci_area *area, u64 pos, char __user *buf,
	   size_t len, bool write)
{
	/* Zeroed, as it is copied to the user once before it is filled. */
	u8 piece[PIECE] __aligned(8) = {};
	size_t n = len;
	int ret;

	/*
	 * Probe the buffer first: a read with side effects must not be lost to
	 * -EFAULT.
	 */
	if (write)
		n -= piece_from_user(piece, buf, n);
	else if (!area->ops->pure)
		n -= piece_to_user(buf, piece, n);
	if (!n)
		return -EFAULT;

	ret = piece_access(dev, win, area, pos, piece, n, write);
	if (ret < 0 || write)
		return ret;
	ret -= piece_to_user(buf, piece, ret);
	return ret ?: -EFAULT;
}

/* One for reads and one for writes: each has to decide that only once. */
static __always_inline ssize_t
user_access(struct softpci_device *dev, char __user *buf, size_t count,
	    loff_t *ppos, bool write)
{
	const struct softpci_window *win;
	loff_t start = *ppos;
	ssize_t ret;

	if (!count)
		return 0;
	win = softpci_find_window(dev->layout, start, 1);
	if (!win)
		return -EINVAL;
	count = min_t(u64, count, win->size - (start - win->start));

	for (;;) {
		u64 pos = *ppos - win->start, left;
		const struct softpci_area *area;
		size_t n;

		area = find_area(win, pos, &left);
		pos -= area->offset;
		n = min_t(u64, count, left);
		if (area->ops->user && !is_absent(dev, win)) {
			ret = area->ops->user(dev, area, pos, buf, n, write);
		} else {
			n = piece_len(pos, n);
			ret = user_piece(dev, win, area, pos, buf, n, write);
		}
		if (ret < 0)
			break;
		*ppos += ret;
		buf += ret;
		count -= ret;
		if (ret < n || !count || fatal_signal_pending(current))
			break;
		cond_resched();
	}
	return *ppos - start ?: ret;
}

/**
 * softpci_user_read() - read(2) on the device
 * @dev: an open device
 * @buf: the user's buffer
 * @count: length of @buf
 * @ppos: offset in the device's file, moved by the bytes that were read
 *
 * May sleep.
 *
 * Return: bytes read: fewer than @count at the end of a region, on a fatal
 * signal, or where @buf ends early; -EINVAL outside of all regions; -EFAULT;
 * -ENOMEM; -EINTR.
 */
ssize_t softpci_user_read(struct softpci_device *dev, char __user *buf,
			  size_t count, loff_t *ppos)
{
	return user_access(dev, buf, count, ppos, false);
}
EXPORT_SYMBOL_GPL(softpci_user_read);

/**
 * softpci_user_write() - write(2) on the device
 * @dev: an open device
 * @buf: the user's buffer
 * @count: length of @buf
 * @ppos: offset in the device's file, moved by the bytes that were written
 *
 * May sleep, also for the jobs that a register waits for.
 *
 * Return: as softpci_user_read(); or -EINVAL where a register refuses a value.
 */
ssize_t softpci_user_write(struct softpci_device *dev, const char __user *buf,
			   size_t count, loff_t *ppos)
{
	return user_access(dev, (char __user *)buf, count, ppos, true);
}
EXPORT_SYMBOL_GPL(softpci_user_write);

/**
 * softpci_access() - an access with a buffer of the kernel
 * @dev: an open device
 * @win: the region
 * @pos: first byte, from the start of the region
 * @buf: where to or where from; little-endian, as the bus is
 * @len: how many bytes
 * @write: from @buf to the device
 *
 * May sleep, as softpci_user_read() and softpci_user_write().
 *
 * Return: bytes done: fewer than @len at the end of the region, and before a value
 * that a register refuses; -EINVAL outside of the region, or where a register
 * refuses the first value; -ENOMEM or -EINTR from memory.
 */
int softpci_access(struct softpci_device *dev, const struct softpci_window *win,
		   u64 pos, u8 *buf, size_t len, bool write)
{
	size_t done = 0;

	if (pos >= win->size)
		return -EINVAL;
	len = min3((u64)len, win->size - pos, (u64)INT_MAX);

	while (done < len) {
		const struct softpci_area *area;
		u64 at = pos + done, left;
		size_t n;
		int ret;

		area = find_area(win, at, &left);
		at -= area->offset;
		n = min_t(u64, len - done, left);
		if (area->ops->kernel && !is_absent(dev, win)) {
			ret = area->ops->kernel(dev, area, at, buf + done, n,
						write);
		} else {
			n = piece_len(at, n);
			ret = piece_access(dev, win, area, at, buf + done, n,
					   write);
		}
		if (ret < 0)
			return done ?: ret;
		done += ret;
		if (ret < n)
			break;
		cond_resched();
	}
	return done;
}
EXPORT_SYMBOL_GPL(softpci_access);

/**
 * softpci_mmap() - mmap(2) of the device
 * @dev: an open device
 * @vma: where
 * @pos: from which offset in the device's file on; page-aligned
 *
 * Return: 0; -EINVAL for a private mapping, or one that is not inside an area that
 * can be mapped; -ENOMEM; -EINTR.
 */
int softpci_mmap(struct softpci_device *dev, struct vm_area_struct *vma,
		 u64 pos)
{
	u64 len = vma->vm_end - vma->vm_start, left;
	const struct softpci_window *win;
	const struct softpci_area *area;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	win = softpci_find_window(dev->layout, pos, len);
	if (!win)
		return -EINVAL;
	pos -= win->start;
	area = find_area(win, pos, &left);
	if (!area->ops->mmap || len > left)
		return -EINVAL;
	return area->ops->mmap(dev, area, vma,
			       (pos - area->offset) >> PAGE_SHIFT);
}
EXPORT_SYMBOL_GPL(softpci_mmap);

/* KUnit tests of the functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/region.c"
#endif
