// SPDX-License-Identifier: GPL-2.0-only
#include <sched.h>
#include <time.h>

#include "example.h"
#include "irq.h"

void example_mask(struct vfio *v, unsigned int vector, bool masked)
{
	reg_put(v, EXAMPLE_BAR0, example_entry(vector) + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, masked);
}

bool example_is_masked(struct vfio *v, unsigned int vector)
{
	return reg_get(v, EXAMPLE_BAR0, example_entry(vector) + PCI_MSIX_ENTRY_VECTOR_CTRL, 4) &
	       PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

bool example_is_pending(struct vfio *v, unsigned int vector)
{
	return reg_get(v, EXAMPLE_BAR0, EXAMPLE_PBA, 8) >> vector & 1;
}

static bool is_over(struct vfio *v, unsigned int vector)
{
	return example_get(v, EXAMPLE_STATUS) != BUSY;
}

/* Only for conditions without an event. */
static void wait_until(bool (*is_so)(struct vfio *v, unsigned int vector), struct vfio *v,
		       unsigned int vector)
{
	time_t end = time(NULL) + WAIT_MS / 1000 + 1;

	while (!is_so(v, vector)) {
		if (time(NULL) > end)
			note("vector %u: the condition does not hold in time", vector);
		check(time(NULL) <= end);
		sched_yield();
	}
}

/* The device has no event for it: it is why there is none. */
void example_wait_pending(struct vfio *v, unsigned int vector)
{
	wait_until(example_is_pending, v, vector);
}

void example_start(struct vfio *v, u64 to, u64 from, u64 len, unsigned int vector)
{
	/* Its message may have come already, or be one that is not sent. */
	wait_until(is_over, v, vector);
	example_put(v, EXAMPLE_SOURCE, from);
	example_put(v, EXAMPLE_TARGET, to);
	example_put(v, EXAMPLE_LENGTH, len);
	example_put(v, EXAMPLE_DOORBELL, vector);
}

void example_fire(struct vfio *v, unsigned int vector)
{
	example_start(v, 0, 0, 0, vector);
}

u32 example_copy(struct vfio *v, int event, u64 to, u64 from, u64 len)
{
	example_start(v, to, from, len, 0);
	check_eq(event_wait(event), 1);
	return example_get(v, EXAMPLE_STATUS);
}

void example_flr(struct vfio *v)
{
	unsigned int devctl = config_find_cap(v, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;

	config_put(v, devctl, 2, config_get(v, devctl, 2) | PCI_EXP_DEVCTL_BCR_FLR);
}
