// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors of the DMA engine in ioat.c: copies, fills, completions. */
#include <linux/bitfield.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sizes.h>

#include "ioat-internal.h"

/* The job does so many descriptors at once, and bytes with the last of them. */
#define JOB_DESCS	64
#define JOB_BYTES	SZ_1M

/**
 * struct work - a descriptor that is processed
 * @at: its address
 * @chained: which is that of CHAINADDR, not of the descriptor before
 * @xfercap: as in struct softpci_ioat
 * @read: the rest is there
 * @control: IOAT_DESC_*
 * @size: in bytes
 * @source: address, or the pattern
 * @target: address
 * @next: address of the next one
 */
struct work {
	u64 at;
	bool chained;
	u8 xfercap;
	bool read;
	u32 control;
	u32 size;
	u64 source;
	u64 target;
	u64 next;
};

static bool begin_desc(struct softpci_device *dev, struct work *work)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	guard(softpci)(dev);
	if (ioat->status != IOAT_ACTIVE)
		return false;
	ioat->running = true;
	ioat->at = ioat->next;
	ioat->told = false;
	*work = (struct work) {
		.at = ioat->next,
		.chained = ioat->chained,
		.xfercap = ioat->xfercap,
	};
	return true;
}

/* The functions below return bits of CHANERR. */
static u32 read_desc(struct softpci_device *dev, struct work *work)
{
	struct ioat_desc desc;

	if (!IS_ALIGNED(work->at, IOAT_DESC_ALIGN))
		return work->chained ? IOAT_CHANERR_CHAIN_ADDR_VALUE :
				       IOAT_CHANERR_NEXT_DESC_ALIGN;
	if (softpci_dma_read(dev, work->at, &desc, sizeof(desc)))
		return IOAT_CHANERR_NEXT_ADDR;
	work->read = true;
	work->control = le32_to_cpu(desc.control);
	work->size = le32_to_cpu(desc.size);
	work->source = le64_to_cpu(desc.source);
	work->target = le64_to_cpu(desc.target);
	work->next = le64_to_cpu(desc.next);
	return 0;
}

static bool wraps(u64 address, u32 size)
{
	u64 last;

	return check_add_overflow(address, size - 1, &last);
}

/* Which end of a copy has failed? The first byte of each page is read again. */
static u32 copy_error(struct softpci_device *dev, u64 source, u32 size)
{
	u64 pos = 0;
	u8 byte;

	while (pos < size) {
		if (softpci_dma_read(dev, source + pos, &byte, sizeof(byte)))
			return IOAT_CHANERR_READ_DATA;
		pos += PAGE_SIZE - offset_in_page(source + pos);
	}
	return IOAT_CHANERR_WRITE_DATA;
}

static u32 copy(struct softpci_device *dev, const struct work *work)
{
	if (wraps(work->source, work->size))
		return IOAT_CHANERR_SRC_ADDR;
	if (!softpci_dma_copy(dev, work->target, work->source, work->size))
		return 0;
	return copy_error(dev, work->source, work->size);
}

/* The pattern has eight bytes, the first of which goes to the first of the target. */
static u32 fill(struct softpci_device *dev, const struct work *work)
{
	__le64 *pattern = to_ioat(dev)->pattern;
	const u32 size = sizeof(to_ioat(dev)->pattern);
	u32 pos;

	for (pos = 0; pos < size / sizeof(*pattern); pos++)
		pattern[pos] = cpu_to_le64(work->source);
	for (pos = 0; pos < work->size; pos += size)
		if (softpci_dma_write(dev, work->target + pos, pattern,
				      min(size, work->size - pos)))
			return IOAT_CHANERR_WRITE_DATA;
	return 0;
}

static u32 process(struct softpci_device *dev, struct work *work)
{
	u8 op = FIELD_GET(IOAT_DESC_OP, work->control);

	if (op != IOAT_OP_COPY && op != IOAT_OP_FILL)
		return IOAT_CHANERR_CONTROL;
	if (op == IOAT_OP_COPY && work->control & IOAT_DESC_NULL) {
		work->size = 0;
		return 0;
	}
	if (!work->size || work->size > BIT(work->xfercap))
		return IOAT_CHANERR_LENGTH;
	if (wraps(work->target, work->size))
		return IOAT_CHANERR_DEST_ADDR;
	return op == IOAT_OP_FILL ? fill(dev, work) : copy(dev, work);
}

/* The address that a completion is to be written to, and its value; 0: none. */
static u64 completion(struct softpci_device *dev, const struct work *work,
		      u32 error, u64 *val)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	guard(softpci)(dev);
	/* A descriptor that is being reset has no completion. */
	if (ioat->command & IOAT_CHANCMD_RESET)
		return 0;
	if (error) {
		*val = ioat->completed | IOAT_HALTED;
		if (!(ioat->chanctrl & IOAT_CHANCTRL_ERR_COMPLETION_EN))
			return 0;
		if (ioat->polled && ioat->chancmp)
			softpci_ioat_tell_first(dev, error);
		return ioat->chancmp;
	}
	*val = work->at | (nr_left(ioat) == 1 ? IOAT_DONE : IOAT_ACTIVE);
	return work->control & IOAT_DESC_COMPL_WRITE ? ioat->chancmp : 0;
}

/* After the data, and before status and interrupt say that it is there. */
static u32 write_completion(struct softpci_device *dev, const struct work *work,
			    u32 error)
{
	u64 address, val;
	__le64 le;

	address = completion(dev, work, error, &val);
	if (!address)
		return error;
	le = cpu_to_le64(val);
	if (!softpci_dma_write(dev, address, &le, sizeof(le)))
		return error;
	return error | IOAT_CHANERR_COMPLETION_ADDR;
}

static void complete_desc(struct softpci_device *dev, const struct work *work)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	lockdep_assert_held(&dev->lock);
	ioat->completed = work->at;
	ioat->next = work->next;
	ioat->chained = false;
	ioat->counted++;
	if (!nr_left(ioat))
		ioat->status = IOAT_DONE;
	if (work->control & IOAT_DESC_INT_EN)
		softpci_ioat_interrupt(dev);
	else if (ioat->status == IOAT_DONE)
		softpci_changed(dev);
}

static void end_desc(struct softpci_device *dev, const struct work *work, u32 error)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	guard(softpci)(dev);
	ioat->running = false;
	if (!(ioat->command & IOAT_CHANCMD_RESET)) {
		if (!error)
			complete_desc(dev, work);
		/* Unless a driver that was told has started again. */
		else if (!ioat->told || ioat->status == IOAT_HALTED)
			softpci_ioat_fail(dev, error);
		/* It was given up, not halted at. */
		if (error && ioat->status == IOAT_DONE && work->read)
			ioat->next = work->next;
	}
	if (ioat->command) {
		softpci_ioat_carry_out(dev);
		softpci_changed(dev);
	}
}

/**
 * softpci_ioat_run() - process descriptors
 * @dev: the device
 * @job: of its channel
 *
 * Some of them; the job queues itself while there are more, so that the device can be
 * stopped soon.  The lock is taken before and after each descriptor.
 *
 * Context: the job.
 */
void softpci_ioat_run(struct softpci_device *dev, struct softpci_job *job)
{
	unsigned int descs = 0, bytes = 0;
	struct work work;
	u32 error;

	while (descs++ < JOB_DESCS && bytes < JOB_BYTES && begin_desc(dev, &work)) {
		error = read_desc(dev, &work);
		if (!error)
			error = process(dev, &work);
		error = write_completion(dev, &work, error);
		end_desc(dev, &work, error);
		bytes += work.size;
	}

	guard(softpci)(dev);
	if (to_ioat(dev)->status != IOAT_ACTIVE)
		return;
	softpci_changed(dev);
	softpci_queue(dev, job);
}
