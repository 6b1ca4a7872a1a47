// SPDX-License-Identifier: GPL-2.0-only
/* What a guest and its VMM do with a device's file, and what they should not. */
#include <endian.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../lib/bochs.h"
#include "../lib/gfx.h"
#include "../lib/uart.h"
#include "fuzz.h"

static long judge_count(struct thread *t, u64 dev, u64 off, long ret)
{
	judge(t, ret <= 0 || (u64)ret <= device_room(dev, off, false),
	      "read or wrote behind the end of a region");
	return ret;
}

static long do_read(struct thread *t, u64 dev, u64 region, u64 off, void *buf, u64 len)
{
	u64 pos = device_offset(dev, region, off);

	return judge_count(t, dev, pos, call(t, pread(device_fd(t, dev), buf, len, pos)));
}

static long do_write(struct thread *t, u64 dev, u64 region, u64 off, const void *buf, u64 len)
{
	u64 pos = device_offset(dev, region, off);

	return judge_count(t, dev, pos, call(t, pwrite(device_fd(t, dev), buf, len, pos)));
}

long device_put(struct thread *t, u64 dev, u64 region, u64 off, u64 len, u64 val)
{
	u64 le = htole64(val);

	return do_write(t, dev, region, off, &le, len < sizeof(le) ? len : sizeof(le));
}

long device_get(struct thread *t, u64 dev, u64 region, u64 off, u64 len, void *val)
{
	return do_read(t, dev, region, off, val, len);
}

static long get(struct thread *t, u64 dev, u64 region, u64 off, u64 len)
{
	u64 val;

	return device_get(t, dev, region, off, len < sizeof(val) ? len : sizeof(val), &val);
}

long op_get(struct thread *t, const u64 *arg)
{
	return get(t, arg[0], arg[1], arg[2], arg[3]);
}

long op_set(struct thread *t, const u64 *arg)
{
	return device_put(t, arg[0], arg[1], arg[2], arg[3], arg[4]);
}

long op_read(struct thread *t, const u64 *arg)
{
	return do_read(t, arg[0], arg[1], arg[2], user_buffer(t, arg[4], arg[3]), arg[3]);
}

long op_write(struct thread *t, const u64 *arg)
{
	u64 data[8];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(data); i++)
		data[i] = arg[5] * (2 * i + 1);
	user_data(t, arg[4], data, sizeof(data));
	return do_write(t, arg[0], arg[1], arg[2], user_buffer(t, arg[4], arg[3]), arg[3]);
}

/* Several pieces at once, one of them not where it should be; and without an offset. */
long op_vector(struct thread *t, const u64 *arg)
{
	struct iovec iov[] = {
		{ t->buffer, arg[3] % 64 },
		{ user_buffer(t, arg[4], arg[3]), arg[3] },
		{ t->buffer + 64, 8 },
	};
	s64 off = device_offset(arg[0], arg[1], arg[2]);
	int fd = device_fd(t, arg[0]);

	switch (arg[5] % 8) {
	case 0 ... 2:
		return call(t, preadv(fd, iov, 3, off));
	case 3 ... 4:
		return call(t, pwritev(fd, iov, 3, off));
	case 5:
		return call(t, preadv2(fd, iov, 3, off, RWF_NOWAIT));
	case 6:
		return call(t, read(fd, iov[1].iov_base, arg[3]));
	default:
		return call(t, write(fd, iov[1].iov_base, arg[3]));
	}
}

long op_splice(struct thread *t, const u64 *arg)
{
	off_t off = device_offset(arg[0], arg[1], arg[2]);
	int fd = device_fd(t, arg[0]);
	size_t len = arg[3] % BUFFER_SIZE;
	long ret;

	switch (arg[4] % 4) {
	case 0:
		ret = call(t, splice(fd, &off, t->pipe[1], NULL, len, SPLICE_F_NONBLOCK));
		break;
	case 1:
		ret = call(t, splice(t->pipe[0], NULL, fd, &off, len, SPLICE_F_NONBLOCK));
		break;
	case 2:
		ret = call(t, sendfile(t->pipe[1], fd, &off, len));
		break;
	default:
		ret = call(t, sendfile(fd, t->file, NULL, len));
		break;
	}
	while (read(t->pipe[0], t->buffer, BUFFER_SIZE) > 0)
		;
	return ret;
}

long op_mode(struct thread *t, const u64 *arg)
{
	const u64 val[][2] = {
		{ DISPI_ENABLE, 0 }, { DISPI_XRES, arg[1] }, { DISPI_YRES, arg[2] },
		{ DISPI_BPP, arg[7] ?: 32 }, { DISPI_VIRT_WIDTH, arg[3] },
		{ DISPI_X_OFFSET, arg[4] }, { DISPI_Y_OFFSET, arg[5] }, { DISPI_ENABLE, arg[6] },
	};
	unsigned int i;
	long ret = 0;

	for (i = 0; i < ARRAY_SIZE(val); i++)
		ret = device_put(t, arg[0], REGS_BAR, DISPI + 2 * val[i][0], 2, val[i][1]);
	return ret;
}

long op_uart(struct thread *t, const u64 *arg)
{
	u64 dev = arg[0], port = arg[1] & 1, i;
	long ret;

	device_put(t, dev, port, UART_LCR, 1, UART_LCR_WLEN8);
	device_put(t, dev, port, UART_FCR, 1, UART_FCR_ENABLE_FIFO | (arg[2] & 3) << 6);
	device_put(t, dev, port, UART_IER, 1, arg[3]);
	for (i = 0; i < arg[4] % 32; i++)
		device_put(t, dev, port, UART_TX, 1, i);
	ret = get(t, dev, port, UART_IIR, 1);
	for (i = 0; i < arg[5] % 32; i++)
		get(t, dev, port, UART_RX, 1);
	return ret;
}

static long do_ioctl(struct thread *t, u64 dev, unsigned long cmd, void *arg)
{
	return call(t, ioctl(device_fd(t, dev), cmd, arg));
}

long op_info(struct thread *t, const u64 *arg)
{
	struct vfio_device_info info = { .argsz = arg[1] };

	return do_ioctl(t, arg[0], VFIO_DEVICE_GET_INFO,
			user_data(t, arg[2], &info, sizeof(info)));
}

long op_region_info(struct thread *t, const u64 *arg)
{
	struct vfio_region_info info = { .argsz = arg[2], .index = arg[1] };

	return do_ioctl(t, arg[0], VFIO_DEVICE_GET_REGION_INFO,
			user_data(t, arg[3], &info, sizeof(info)));
}

long op_irq_info(struct thread *t, const u64 *arg)
{
	struct vfio_irq_info info = { .argsz = arg[2], .index = arg[1] };

	return do_ioctl(t, arg[0], VFIO_DEVICE_GET_IRQ_INFO,
			user_data(t, arg[3], &info, sizeof(info)));
}

#define MAX_VECTORS	66

/* Eventfds in a row, one for all, none, and what is no eventfd. */
static s32 irq_event(struct thread *t, u64 dev, u64 event, u64 way, unsigned int i)
{
	switch (way % 8) {
	case 0 ... 2:
		return t->event[(event + i) % NR_EVENTS];
	case 3 ... 4:
		return t->event[event % NR_EVENTS];
	case 5:
		return i ? t->event[event % NR_EVENTS] : -1;
	case 6:
		return event & 1 ? -2 : 1 << 30;
	default:
		return i ? t->event[i % NR_EVENTS] : event & 1 ? device_fd(t, dev) : t->pipe[0];
	}
}

long op_set_irqs(struct thread *t, const u64 *arg)
{
	u64 dev = arg[0], vectors = arg[4] < MAX_VECTORS ? arg[4] : MAX_VECTORS, i;
	struct {
		struct vfio_irq_set set;
		s32 data[MAX_VECTORS];
	} irqs = {};
	u32 size = sizeof(irqs.set);

	irqs.set.flags = arg[1];
	irqs.set.index = arg[2];
	irqs.set.start = arg[3];
	irqs.set.count = arg[4];

	if (arg[1] & VFIO_IRQ_SET_DATA_EVENTFD) {
		for (i = 0; i < vectors; i++)
			irqs.data[i] = irq_event(t, dev, arg[6], arg[7], i);
		size += vectors * sizeof(s32);
	} else if (arg[1] & VFIO_IRQ_SET_DATA_BOOL) {
		for (i = 0; i < vectors; i++)
			((u8 *)irqs.data)[i] = arg[7] >> i % 3;
		size += vectors;
	}
	irqs.set.argsz = size - arg[5];
	/* At the end of what is readable, so that reading on is noticed. */
	return do_ioctl(t, dev, VFIO_DEVICE_SET_IRQS,
			user_data(t, 1, &irqs, size - arg[5] % size));
}

/* By the ioctl, or as a guest does it: a Function Level Reset by config space. */
long op_reset(struct thread *t, const u64 *arg)
{
	unsigned int devctl = shared->device[arg[0]].devctl;

	if (arg[1] & 1 && devctl)
		return device_put(t, arg[0], CONFIG, devctl, 2, PCI_EXP_DEVCTL_BCR_FLR);
	return do_ioctl(t, arg[0], VFIO_DEVICE_RESET, NULL);
}

long op_feature(struct thread *t, const u64 *arg)
{
	struct {
		struct vfio_device_feature feature;
		struct vfio_device_low_power_entry_with_wakeup entry;
	} data = {
		.feature = { .argsz = arg[5] ? arg[2] : sizeof(data), .flags = arg[1] },
		.entry = { .wakeup_eventfd = irq_event(t, arg[0], arg[3], arg[4], 0) },
	};

	return do_ioctl(t, arg[0], VFIO_DEVICE_FEATURE,
			user_data(t, arg[5], &data, sizeof(data)));
}

/* Random writes put devices to sleep or turn their BARs off, which would stay so. */
long op_wake(struct thread *t, const u64 *arg)
{
	device_put(t, arg[0], CONFIG, shared->device[arg[0]].pmcsr, 2, D0);
	return device_put(t, arg[0], CONFIG, PCI_COMMAND, 1, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
		   PCI_COMMAND_MASTER);
}

long op_plane(struct thread *t, const u64 *arg)
{
	struct vfio_device_gfx_plane_info plane = {
		/* Rarely what a user should not do: most of them are to get an answer. */
		.argsz = arg[4] ? arg[3] : sizeof(plane),
		.flags = arg[1],
		.drm_plane_type = arg[2],
	};
	struct vfio_device_gfx_plane_info *user = user_data(t, arg[4], &plane, sizeof(plane));
	long ret = do_ioctl(t, arg[0], VFIO_DEVICE_QUERY_GFX_PLANE, user);
	u32 id = 0;

	if (!ret)
		touch(id = user->dmabuf_id);
	if (id)
		t->dmabuf_id[arg[0]] = id;
	return ret;
}

long op_dmabuf(struct thread *t, const u64 *arg)
{
	int *buf = &t->buf[arg[1] % NR_BUFS];
	u32 id = arg[2] ?: t->dmabuf_id[arg[0]];
	long ret = do_ioctl(t, arg[0], VFIO_DEVICE_GET_GFX_DMABUF,
			    user_data(t, arg[3], &id, sizeof(id)));

	if (ret < 0)
		return ret;
	/* Not under the number of the one before: others can see it now. */
	if (*buf >= 0)
		call(t, close(*buf));
	*buf = ret;
	return ret;
}

long op_ioctl(struct thread *t, const u64 *arg)
{
	u64 cmd = arg[1];
	unsigned int i;
	u32 data[32];

	/* What makes a file descriptor has a step of its own, which keeps it. */
	if (cmd == VFIO_DEVICE_GET_GFX_DMABUF)
		cmd = VFIO_DEVICE_PCI_HOT_RESET;

	for (i = 0; i < ARRAY_SIZE(data); i++)
		data[i] = arg[2] * (i + 1) ^ arg[2] >> i;
	/* argsz */
	data[0] = arg[2] % 160;
	return do_ioctl(t, arg[0], cmd, user_data(t, arg[3], data, sizeof(data)));
}

long op_kick(struct thread *t, const u64 *arg)
{
	/* Up to what fills the counter, so that the device finds it full. */
	u64 val = arg[1] & 7 ? 1 : -2ULL;

	return call(t, write(t->event[arg[0] % NR_EVENTS], &val, sizeof(val)));
}

long op_drain(struct thread *t, const u64 *arg)
{
	u64 val;

	return call(t, read(t->event[arg[0] % NR_EVENTS], &val, sizeof(val)));
}

/* Another one: a device that has the old one as trigger or mask sees it go. */
long op_event(struct thread *t, const u64 *arg)
{
	int *event = &t->event[arg[0] % NR_EVENTS], new = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (new < 0)
		return -errno;
	call(t, close(*event));
	*event = new;
	return 0;
}
