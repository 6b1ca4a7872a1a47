// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of regions and dma-bufs.  Each slot has its own part of the address
 * space, so that whatever is done to a mapping meets no memory of the program's.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fuzz.h"

#define PAGE	4096UL

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

/* Kept inside the slot, but for what the kernel has to refuse by itself. */
static u8 *inside(struct thread *t, u64 slot, u64 at)
{
	return map_addr(t, slot) + at % (MAP_SPACE / 2);
}

static size_t bounded(u64 len)
{
	return len < MAP_SPACE / 2 ? len : MAP_SPACE / 2;
}

/* Pages that are there at once are few; and a length that wraps is left as it is. */
static u64 map_size(u64 size, u64 flags)
{
	if (flags & (MAP_LOCKED | MAP_POPULATE) && size > 64 * PAGE)
		return 64 * PAGE;
	return size < 1UL << 40 ? bounded(size) : size;
}

static long map(struct thread *t, u64 slot, int fd, u64 off, u64 size, u64 prot, u64 flags)
{
	long ret;

	munmap(map_addr(t, slot), MAP_SPACE);
	ret = call(t, (long)mmap(map_addr(t, slot), size, prot, flags | MAP_FIXED, fd, off));
	return ret < 0 ? ret : 0;
}

long op_mmap(struct thread *t, const u64 *arg)
{
	u64 off = device_offset(arg[0], arg[1], arg[3]);
	u64 size = map_size(arg[4], arg[6]);
	long ret = map(t, arg[2], device_fd(t, arg[0]), off, size, arg[5], arg[6]);

	judge(t, ret || size <= device_room(arg[0], off, true),
	      "mapped what is behind the end of a region");
	return ret;
}

long op_buf_mmap(struct thread *t, const u64 *arg)
{
	return map(t, arg[1], t->buf[arg[0] % NR_BUFS], arg[2], map_size(arg[3], arg[5]), arg[4],
		   arg[5]);
}

long op_munmap(struct thread *t, const u64 *arg)
{
	return call(t, munmap(inside(t, arg[0], arg[1]), bounded(arg[2])));
}

long op_mprotect(struct thread *t, const u64 *arg)
{
	return call(t, mprotect(inside(t, arg[0], arg[1]), bounded(arg[2]), arg[3]));
}

long op_madvise(struct thread *t, const u64 *arg)
{
	/* These take pages from the machine for good. */
	if (arg[3] == MADV_HWPOISON || arg[3] == MADV_SOFT_OFFLINE)
		return -EPERM;
	return call(t, madvise(inside(t, arg[0], arg[1]), bounded(arg[2]), arg[3]));
}

long op_mremap(struct thread *t, const u64 *arg)
{
	u8 *from = inside(t, arg[0], arg[1]), *to = map_addr(t, arg[4]);
	size_t size = bounded(arg[2]), new = bounded(arg[3]);
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
	long ret;

	switch (arg[5] % 8) {
	case 0 ... 3:
		ret = call(t, (long)mremap(from, size, new, 0));
		break;
	case 4:		/* once more */
		ret = call(t, (long)mremap(from, 0, new, flags, to));
		break;
	case 5:
		ret = call(t, (long)mremap(from, size, size, flags | MREMAP_DONTUNMAP, to));
		break;
	default:
		ret = call(t, (long)mremap(from, size, new, flags, to));
		break;
	}
	return ret < 0 ? ret : 0;
}

long op_msync(struct thread *t, const u64 *arg)
{
	return call(t, msync(inside(t, arg[0], arg[1]), bounded(arg[2]), arg[3]));
}

long op_mlock(struct thread *t, const u64 *arg)
{
	u8 *addr = inside(t, arg[0], arg[1]);
	size_t size = arg[2] % (64 * PAGE + 1);

	switch (arg[3] % 4) {
	case 0:
		return call(t, mlock(addr, size));
	case 1:
		return call(t, mlock2(addr, size, MLOCK_ONFAULT));
	case 2:
		return call(t, madvise(addr, size, MADV_POPULATE_WRITE));
	default:
		return call(t, munlock(addr, bounded(arg[2])));
	}
}

long op_remap_pages(struct thread *t, const u64 *arg)
{
	return call(t, remap_file_pages(inside(t, arg[0], arg[1]), bounded(arg[2]), 0, arg[3],
					0));
}

long op_touch(struct thread *t, const u64 *arg)
{
	volatile u8 *addr = inside(t, arg[0], arg[1]);
	bool ok;

	if (arg[2])
		ok = touch(*addr = arg[1]);
	else
		ok = touch((void)*addr);
	return ok ? 0 : -EFAULT;
}

/* From outside, as a debugger or a sibling process does it. */
long op_peek(struct thread *t, const u64 *arg)
{
	struct iovec there = { inside(t, arg[0], arg[1]), arg[2] % BUFFER_SIZE };
	struct iovec here = { t->buffer, there.iov_len };
	pid_t pid = arg[3] & 2 && t->is_child ? getppid() : getpid();

	if (arg[3] & 1)
		return call(t, process_vm_writev(pid, &here, 1, &there, 1, 0));
	return call(t, process_vm_readv(pid, &here, 1, &there, 1, 0));
}

long op_vmsplice(struct thread *t, const u64 *arg)
{
	struct iovec iov = { inside(t, arg[0], arg[1]), arg[2] % BUFFER_SIZE };
	long ret = call(t, vmsplice(t->pipe[1], &iov, 1, arg[3] | SPLICE_F_NONBLOCK));

	while (read(t->pipe[0], t->buffer, BUFFER_SIZE) > 0)
		;
	return ret;
}

long op_buf_sync(struct thread *t, const u64 *arg)
{
	struct dma_buf_sync sync = { .flags = arg[1] };

	return call(t, ioctl(t->buf[arg[0] % NR_BUFS], DMA_BUF_IOCTL_SYNC, &sync));
}

/* linux/dma-buf.h of 6.0 */
struct sync_file {
	u32 flags;
	s32 fd;
};

#define EXPORT_SYNC_FILE	_IOWR(DMA_BUF_BASE, 2, struct sync_file)
#define IMPORT_SYNC_FILE	_IOW(DMA_BUF_BASE, 3, struct sync_file)

long op_buf_ioctl(struct thread *t, const u64 *arg)
{
	int fd = t->buf[arg[0] % NR_BUFS];
	struct sync_file sync = { .flags = arg[2] % 5, .fd = -1 };
	long ret;

	switch (arg[1] % 8) {
	case 0 ... 2:
		ret = call(t, ioctl(fd, EXPORT_SYNC_FILE, &sync));
		if (!ret) {
			if (arg[2] & 8)
				call(t, ioctl(fd, IMPORT_SYNC_FILE, &sync));
			close(sync.fd);
		}
		return ret;
	case 3:
		sync.fd = t->event[arg[2] % NR_EVENTS];
		return call(t, ioctl(fd, IMPORT_SYNC_FILE, &sync));
	case 4 ... 5:
		return call(t, ioctl(fd, DMA_BUF_SET_NAME_B,
				     user_data(t, arg[3], &arg[2], sizeof(arg[2]))));
	default:
		return call(t, ioctl(fd, _IOC(arg[2] & 3, DMA_BUF_BASE, arg[2] >> 2 & 7,
					      arg[2] >> 5 & 31),
				     user_data(t, arg[3], &arg[2], sizeof(arg[2]))));
	}
}

long op_buf_close(struct thread *t, const u64 *arg)
{
	int *buf = &t->buf[arg[0] % NR_BUFS];
	long ret;

	if (*buf < 0)
		return -EBADF;
	ret = call(t, close(*buf));
	*buf = -1;
	return ret;
}

/* Another device takes it, sometimes twice, and holds it beyond our file. */
long op_buf_import(struct thread *t, const u64 *arg)
{
	struct prime_handle prime = { .fd = t->buf[arg[0] % NR_BUFS] }, again = prime;
	struct gem_close handle = {};
	long ret;

	if (t->vgem < 0 || prime.fd < 0)
		return -ENODEV;
	ret = call(t, ioctl(t->vgem, IOCTL_PRIME_FD_TO_HANDLE, &prime));
	if (ret)
		return ret;
	atomic_fetch_add(&shared->imports, 1);
	if (arg[1] & 1)
		call(t, ioctl(t->vgem, IOCTL_PRIME_FD_TO_HANDLE, &again));
	op_buf_sync(t, (const u64[]){ arg[0], arg[1] });
	if (arg[1] & 2)
		op_buf_close(t, arg);
	handle.handle = prime.handle;
	return call(t, ioctl(t->vgem, IOCTL_GEM_CLOSE, &handle));
}

/* A dma-buf as the file that it is. */
long op_buf_file(struct thread *t, const u64 *arg)
{
	int fd = t->buf[arg[0] % NR_BUFS], new;
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLOUT };

	switch (arg[1] % 8) {
	case 0:
		return call(t, lseek(fd, arg[2], SEEK_END));
	case 1:
		return call(t, lseek(fd, arg[2], arg[2] % 5));
	case 2 ... 3:
		return call(t, poll(&poll_fd, 1, 0));
	case 4:
		return call(t, pread(fd, user_buffer(t, arg[3], arg[2]), arg[2], 0));
	case 5:
		return call(t, ftruncate(fd, arg[2]));
	case 6:
		return call(t, fallocate(fd, arg[2] % 4, 0, PAGE));
	default:
		new = call(t, dup(fd));
		if (new < 0)
			return new;
		close(fd);
		t->buf[arg[0] % NR_BUFS] = new;
		return 0;
	}
}
