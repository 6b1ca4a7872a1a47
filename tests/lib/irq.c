// SPDX-License-Identifier: GPL-2.0-only
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "irq.h"

int event_new(void)
{
	int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	check(event >= 0);
	return event;
}

u64 event_take(int event)
{
	u64 count;

	if (read(event, &count, sizeof(count)) == sizeof(count))
		return count;
	check_eq(errno, EAGAIN);
	return 0;
}

u64 event_wait(int event)
{
	struct pollfd ready = { .fd = event, .events = POLLIN };
	u64 count;

	check_eq(poll(&ready, 1, WAIT_MS), 1);
	count = event_take(event);
	check(count);
	return count;
}

void event_signal(int event)
{
	u64 one = 1;

	check_eq(sys(write(event, &one, sizeof(one))), sizeof(one));
}

int __irq_set(const struct vfio *v, unsigned int index, u32 flags, u32 start,
	      u32 count, const void *data, size_t len)
{
	struct vfio_irq_set *set = calloc(1, sizeof(*set) + len);
	int ret;

	check(set);
	set->argsz = sizeof(*set) + len;
	set->flags = flags;
	set->index = index;
	set->start = start;
	set->count = count;
	if (len)
		memcpy(set->data, data, len);
	ret = sys(ioctl(v->fd, VFIO_DEVICE_SET_IRQS, set));
	free(set);
	return ret;
}

int __irq_assign(const struct vfio *v, unsigned int index, u32 start, u32 count,
		 const s32 *events)
{
	return __irq_set(v, index, TRIGGER | EVENTFD, start, count, events,
			 count * sizeof(*events));
}

void irq_enable(struct vfio *v, unsigned int index, u32 count, s32 *events)
{
	u32 i;

	if (index == MSI || index == MSIX)
		config_set(v, PCI_COMMAND, PCI_COMMAND_MASTER);
	for (i = 0; i < count; i++)
		events[i] = event_new();
	check_eq(__irq_assign(v, index, 0, count, events), 0);
}

void irq_disable(const struct vfio *v, unsigned int index)
{
	check_eq(__irq_set(v, index, TRIGGER | NONE, 0, 0, NULL, 0), 0);
}

int __irq_do(const struct vfio *v, unsigned int index, u32 action, u32 vector)
{
	return __irq_set(v, index, action | NONE, vector, 1, NULL, 0);
}

void irq_do(const struct vfio *v, unsigned int index, u32 action, u32 vector)
{
	check_eq(__irq_do(v, index, action, vector), 0);
}

int __irq_bool(const struct vfio *v, unsigned int index, u32 action, bool val)
{
	u8 byte = val;

	return __irq_set(v, index, action | BOOL, 0, 1, &byte, sizeof(byte));
}

int __irq_event(const struct vfio *v, unsigned int index, u32 action, s32 event)
{
	return __irq_set(v, index, action | EVENTFD, 0, 1, &event, sizeof(event));
}
