// SPDX-License-Identifier: GPL-2.0-only
/*
 * A DMA engine: one channel of I/O AT 3.x.  Documentation/ioat.rst describes it as
 * its drivers see it.  Here are its registers; ioat-desc.c processes descriptors.
 *
 * A write to DMACOUNT makes the channel active and queues the job.  While that is at
 * a descriptor the guest may write to all registers: a command is carried out
 * when the descriptor is done, and CHANCMD reads as it was written until then.
 */
#include <linux/bitops.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/pci_regs.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "ioat-internal.h"

#define XFERCAP_MIN	12
#define XFERCAP_MAX	20

static unsigned int xfercap = XFERCAP_MAX;
module_param(xfercap, uint, 0444);
MODULE_PARM_DESC(xfercap, "log2 of the bytes that a descriptor moves at most, 12 to 20 (default 20)");

/*
 * With registers that are polled, a driver that was told of an error by the completion
 * does not see the answer to what it writes then, and what it writes as it was is not
 * seen.  So CHANSTS is as after that, and the others read 0.
 */
static bool awaits_recovery(const struct softpci_ioat *ioat)
{
	return ioat->told && ioat->status == IOAT_HALTED;
}

/* May it interrupt, by its vector or by the one interrupt of the engine? */
static bool may_interrupt(u8 intrctrl)
{
	return intrctrl & (IOAT_INTRCTRL_MSIX_VECTORS |
			   IOAT_INTRCTRL_MASTER_INT_EN);
}

/**
 * softpci_ioat_interrupt() - interrupt, as a descriptor or an error asks for it
 * @dev: the device, locked
 *
 * Once until it is re-armed.  A front end that polls does not see that a driver
 * re-arms by the value that it had written before: there, each time.
 */
void softpci_ioat_interrupt(struct softpci_device *dev)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	lockdep_assert_held(&dev->lock);
	ioat->again = ioat->attention && !ioat->polled;
	ioat->attention = true;
	softpci_changed(dev);
	if (!ioat->again && may_interrupt(ioat->intrctrl))
		softpci_irq_pulse(dev, 0);
}

/**
 * softpci_ioat_fail() - halt for an error
 * @dev: the device, locked
 * @error: bits of CHANERR
 *
 * With registers that are polled, a driver may take HALTED from before its command
 * for the answer to it.  So that is for drivers only that wait for a completion in
 * memory; the others are told by CHANERR.
 */
void softpci_ioat_fail(struct softpci_device *dev, u32 error)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	lockdep_assert_held(&dev->lock);
	ioat->chanerr |= error;
	ioat->status = IOAT_HALTED;
	if (ioat->polled && !ioat->chancmp) {
		ioat->status = IOAT_DONE;
		ioat->counted = ioat->dmacount;
	}
	if (ioat->chanctrl & IOAT_CHANCTRL_ERR_INT_EN &&
	    error & ~ioat->chanerr_mask)
		softpci_ioat_interrupt(dev);
	else
		softpci_changed(dev);
}

/* Process the descriptors that are left. */
static void go_on(struct softpci_device *dev)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	lockdep_assert_held(&dev->lock);
	if (!nr_left(ioat))
		return;
	/* Cleared by a driver that writes as it reads, which polling does not see. */
	if (ioat->polled && ioat->status != IOAT_ACTIVE)
		ioat->chanerr = 0;
	if (ioat->status == IOAT_HALTED && ioat->chanerr)
		return;
	ioat->status = IOAT_ACTIVE;
	softpci_queue(dev, &ioat->job);
}

/**
 * softpci_ioat_tell_first() - show an error before its completion is written
 * @dev: the device, locked; its registers are polled
 * @error: bits of CHANERR
 *
 * The driver writes to them when it has read the completion.
 */
void softpci_ioat_tell_first(struct softpci_device *dev, u32 error)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	lockdep_assert_held(&dev->lock);
	ioat->told = true;
	ioat->chained = false;
	ioat->chanerr |= error;
	ioat->status = IOAT_HALTED;
	softpci_changed(dev);
}

/*
 * With registers that are polled, a driver that writes CHAINADDR, CHANCTRL and CHANCMP
 * directly after a reset is seen to have done both at the same time, and values that
 * are the same are not seen.  So these are newer than the reset if no descriptor was
 * processed with them.  No driver without completions in memory does that.
 */
static bool was_set_up_again(const struct softpci_ioat *ioat)
{
	return ioat->polled && ioat->chancmp && ioat->chained && !ioat->counted;
}

static void reset_channel(struct softpci_ioat *ioat)
{
	if (was_set_up_again(ioat)) {
		if (ioat->status == IOAT_HALTED)
			ioat->status = IOAT_ARMED;
		else if (ioat->status == IOAT_ARMED && ioat->leaves_halted)
			ioat->status = IOAT_SUSPENDED;
		ioat->leaves_halted = true;
		ioat->told = false;
		ioat->chanerr = 0;
		return;
	}
	memset_startat(ioat, 0, chanctrl);
	ioat->status = ioat->leaves_halted ? IOAT_SUSPENDED : IOAT_HALTED;
}

static void suspend_channel(struct softpci_ioat *ioat)
{
	/* A driver that suspends a halted channel does not wait for it to be halted. */
	if (ioat->polled && ioat->status == IOAT_HALTED && !ioat->chanerr)
		ioat->leaves_halted = true;
	if (ioat->status != IOAT_HALTED || ioat->polled)
		ioat->status = IOAT_SUSPENDED;
}

/**
 * softpci_ioat_carry_out() - do as CHANCMD says
 * @dev: the device, locked; no descriptor is processed at the moment
 */
void softpci_ioat_carry_out(struct softpci_device *dev)
{
	struct softpci_ioat *ioat = to_ioat(dev);
	u8 command = ioat->command;

	lockdep_assert_held(&dev->lock);
	ioat->command = 0;
	if (command & IOAT_CHANCMD_RESET) {
		reset_channel(ioat);
	} else if (hweight8(command) > 1) {
		softpci_ioat_fail(dev, IOAT_CHANERR_CHANCMD);
	} else if (command & (IOAT_CHANCMD_SUSPEND | IOAT_CHANCMD_ABORT)) {
		ioat->dmacount = 0;
		ioat->counted = 0;
		ioat->told = false;
		if (command & IOAT_CHANCMD_ABORT)
			ioat->status = IOAT_HALTED;
		else
			suspend_channel(ioat);
	} else {
		go_on(dev);
	}
}

static u64 read_xfercap(struct softpci_device *dev, unsigned int i)
{
	return to_ioat(dev)->xfercap;
}

static u64 read_intrctrl(struct softpci_device *dev, unsigned int i)
{
	struct softpci_ioat *ioat = to_ioat(dev);
	u8 val = ioat->intrctrl;

	if (!ioat->attention)
		return val;
	if (val & IOAT_INTRCTRL_MASTER_INT_EN)
		val |= IOAT_INTRCTRL_INT;
	return val | IOAT_INTRCTRL_INT_STATUS;
}

/* An interrupt that was due is sent when it may be. */
static int write_intrctrl(struct softpci_device *dev, unsigned int i, u64 val)
{
	struct softpci_ioat *ioat = to_ioat(dev);
	bool might = may_interrupt(ioat->intrctrl);

	ioat->intrctrl = val & (IOAT_INTRCTRL_MASTER_INT_EN |
				IOAT_INTRCTRL_MSIX_VECTORS);
	if (ioat->attention && !might && may_interrupt(ioat->intrctrl))
		softpci_irq_pulse(dev, 0);
	return 0;
}

static u64 read_attnstatus(struct softpci_device *dev, unsigned int i)
{
	return to_ioat(dev)->attention;
}

static u64 read_constant(struct softpci_device *dev, unsigned int i)
{
	return i;
}

static int write_intrdelay(struct softpci_device *dev, unsigned int i, u64 val)
{
	to_ioat(dev)->intrdelay = val & IOAT_INTRDELAY_MASK;
	return 0;
}

/* INT_REARM reads 1 while no interrupt is sent, and is cleared by writing 1. */
static u64 read_chanctrl(struct softpci_device *dev, unsigned int i)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	if (awaits_recovery(ioat))
		return 0;
	if (!ioat->attention || ioat->polled)
		return ioat->chanctrl;
	return ioat->chanctrl | IOAT_CHANCTRL_INT_REARM;
}

static int write_chanctrl(struct softpci_device *dev, unsigned int i, u64 val)
{
	struct softpci_ioat *ioat = to_ioat(dev);
	bool again = ioat->again;

	ioat->chanctrl = val & IOAT_CHANCTRL_MASK;
	if (!(val & IOAT_CHANCTRL_INT_REARM))
		return 0;
	ioat->attention = false;
	if (again)
		softpci_ioat_interrupt(dev);
	return 0;
}

static int write_chancmd(struct softpci_device *dev, unsigned int i, u64 val)
{
	struct softpci_ioat *ioat = to_ioat(dev);
	u8 command = val & IOAT_CHANCMD_MASK;

	if (!command || ioat->command & IOAT_CHANCMD_RESET)
		return 0;
	ioat->command = command;
	if (!ioat->running)
		softpci_ioat_carry_out(dev);
	return 0;
}

static int write_dmacount(struct softpci_device *dev, unsigned int i, u64 val)
{
	to_ioat(dev)->dmacount = val;
	go_on(dev);
	return 0;
}

/* Ignored while it is active: the address is that of the next descriptor then. */
static int write_chainaddr(struct softpci_device *dev, unsigned int i, u64 val)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	if (ioat->status == IOAT_ACTIVE)
		return 0;
	ioat->next = val;
	ioat->chained = true;
	ioat->completed = 0;
	ioat->dmacount = 0;
	ioat->counted = 0;
	if (ioat->status != IOAT_HALTED || !ioat->chanerr)
		ioat->status = IOAT_ARMED;
	return 0;
}

static u64 read_dmacount(struct softpci_device *dev, unsigned int i)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	return awaits_recovery(ioat) ? 0 : ioat->dmacount;
}

static u64 read_chancmp(struct softpci_device *dev, unsigned int i)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	return awaits_recovery(ioat) ? 0 : ioat->chancmp;
}

/*
 * A driver with completions in memory wants to see soon that a channel is at work.
 * Polling is not that fast: such a channel is idle before its first descriptor.
 */
static int write_chancmp(struct softpci_device *dev, unsigned int i, u64 val)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	ioat->chancmp = val & IOAT_CHANCMP_ADDRESS;
	if (ioat->polled && ioat->chancmp &&
	    (ioat->status == IOAT_SUSPENDED ||
	     (ioat->status == IOAT_HALTED && !ioat->chanerr)))
		ioat->status = IOAT_DONE;
	return 0;
}

static int write_chanerr(struct softpci_device *dev, unsigned int i, u64 val)
{
	to_ioat(dev)->chanerr &= ~val;
	return 0;
}

static u64 read_chansts(struct softpci_device *dev, unsigned int i)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	if (awaits_recovery(ioat))
		return IOAT_ARMED;
	return (ioat->completed & IOAT_CHANSTS_ADDRESS) | ioat->status;
}

#define IOAT_REG(_offset, _width, _read, ...) {				\
	.offset = (_offset), .width = (_width), .read = (_read), __VA_ARGS__ \
}

#define IOAT_FIELD(_offset, _field, ...)				\
	SOFTPCI_REG(_offset, struct softpci_ioat_device, ioat._field, __VA_ARGS__)
#define IOAT_CONSTANT(_offset, _width, _val)				\
	IOAT_REG(_offset, _width, read_constant, .first = (_val))

static const struct softpci_reg ioat_regs[] = {
	IOAT_CONSTANT(IOAT_CHANCNT, 1, 1),
	IOAT_REG(IOAT_XFERCAP, 1, read_xfercap),
	IOAT_REG(IOAT_INTRCTRL, 1, read_intrctrl, .write = write_intrctrl),
	IOAT_REG(IOAT_ATTNSTATUS, 4, read_attnstatus),
	IOAT_CONSTANT(IOAT_VER, 1, IOAT_VER_3_3),
	IOAT_FIELD(IOAT_INTRDELAY, intrdelay, .write = write_intrdelay),
	IOAT_CONSTANT(IOAT_DMA_CAP, 4, IOAT_DMA_CAP_FILL_BLOCK | IOAT_DMA_CAP_APIC),
	IOAT_REG(IOAT_CHANCTRL, 2, read_chanctrl, .write = write_chanctrl),
	IOAT_CONSTANT(IOAT_DMA_COMP, 2, IOAT_DMA_COMP_V2),
	IOAT_FIELD(IOAT_CHANERR, chanerr, .write = write_chanerr),
	IOAT_FIELD(IOAT_CHANERR_MASK, chanerr_mask),
	IOAT_FIELD(IOAT_DCACTRL, dcactrl),
	IOAT_FIELD(IOAT_CDAR, at, .access = SOFTPCI_ACCESS_BYTES, .read_only = true),
	IOAT_FIELD(IOAT_CHAINADDR, next, .access = SOFTPCI_ACCESS_BYTES,
		   .write = write_chainaddr),
	IOAT_REG(IOAT_CHANCMP, 8, read_chancmp, .access = SOFTPCI_ACCESS_BYTES,
		 .write = write_chancmp, .kick = SOFTPCI_KICK_DOORBELL),
	IOAT_REG(IOAT_DMACOUNT, 2, read_dmacount, .write = write_dmacount,
		 .kick = SOFTPCI_KICK_DOORBELL),
	IOAT_FIELD(IOAT_CHANCMD, command, .write = write_chancmd,
		   .kick = SOFTPCI_KICK_COMMAND),
	IOAT_REG(IOAT_CHANSTS, 8, read_chansts, .access = SOFTPCI_ACCESS_BYTES),
};

static const struct softpci_area ioat_areas[] = {
	SOFTPCI_REGS_AREA(0, IOAT_REGS_SIZE, ioat_regs),
};

static const struct softpci_region ioat_regions[] = {
	SOFTPCI_BAR64(0, IOAT_BAR_SIZE, ioat_areas),
};

/* The length of the capability is in the first four bytes behind its header. */
#define VSEC_BODY	(IOAT_VSEC + 4)
#define VSEC_LEN	(IOAT_VSEC_END - VSEC_BODY)

static const u8 ioat_vsec[VSEC_LEN] = {
	[2] = (IOAT_VSEC_END - IOAT_VSEC) << 4 & 0xff,
	[3] = (IOAT_VSEC_END - IOAT_VSEC) >> 4,
};

/* No error is reported there, so that nothing is to be cleared in the others. */
static const u8 ioat_vsec_writable[VSEC_LEN] = {
	[IOAT_CHANERRMASK_INT - VSEC_BODY] = 0xff, 0xff, 0xff, 0xff,
};

static const struct softpci_cap ioat_ext_caps[] = {
	{
		.id = PCI_EXT_CAP_ID_VNDR,
		.version = 1,
		.len = VSEC_LEN,
		.body = ioat_vsec,
		.writable = ioat_vsec_writable,
	},
};

static int ioat_start(struct softpci_device *dev)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	guard(softpci)(dev);
	if (ioat->status == IOAT_ACTIVE)
		softpci_queue(dev, &ioat->job);
	return 0;
}

static const struct softpci_ops ioat_polled_ops;

static void ioat_reset(struct softpci_device *dev, enum softpci_reset kind)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	if (kind == SOFTPCI_RESET_CREATE) {
		softpci_job_init(&ioat->job, softpci_ioat_run);
		ioat->polled = dev->model->ops == &ioat_polled_ops;
	}
	/* A loaded state has that of another host. */
	if (kind == SOFTPCI_RESET_CREATE || kind == SOFTPCI_RESET_CLOSE)
		ioat->xfercap = xfercap;
	ioat->leaves_halted = false;
	ioat->intrctrl = 0;
	ioat->intrdelay = 0;
	memset_startat(ioat, 0, chanctrl);
	ioat->status = IOAT_HALTED;
}

/*
 * With registers that are polled, HALTED is no state to give a command in, see
 * softpci_ioat_fail().  A driver that sets up messages has seen by now that a reset is over.
 */
static void ioat_config(struct softpci_device *dev, unsigned int what)
{
	struct softpci_ioat *ioat = to_ioat(dev);

	if (!ioat->polled || !(what & SOFTPCI_CONFIG_VECTORS) ||
	    ioat->status != IOAT_HALTED || ioat->chanerr)
		return;
	ioat->status = IOAT_SUSPENDED;
	softpci_changed(dev);
}

#define IOAT_OPS {							\
	.start	= ioat_start,						\
	.reset	= ioat_reset,						\
	.config	= ioat_config,						\
}

/* A front end may copy a model, so that it is known by its operations. */
static const struct softpci_ops ioat_ops = IOAT_OPS;
static const struct softpci_ops ioat_polled_ops = IOAT_OPS;

#define IOAT_STATE(_field)						\
	SOFTPCI_FIELD(struct softpci_ioat_device, ioat._field)

/*
 * A job that runs completes its descriptors before the state is saved, so that no
 * command waits, and none is half done.
 */
static const struct softpci_field ioat_fields[] = {
	SOFTPCI_FIELD_MAX(struct softpci_ioat_device, ioat.xfercap, XFERCAP_MAX),
	IOAT_STATE(intrctrl),
	IOAT_STATE(intrdelay),
	IOAT_STATE(chanctrl),
	IOAT_STATE(attention),
	IOAT_STATE(again),
	SOFTPCI_FIELD_MAX(struct softpci_ioat_device, ioat.status, IOAT_ARMED),
	IOAT_STATE(chained),
	IOAT_STATE(dmacount),
	IOAT_STATE(counted),
	IOAT_STATE(completed),
	IOAT_STATE(next),
	IOAT_STATE(at),
	IOAT_STATE(chancmp),
	IOAT_STATE(chanerr),
	IOAT_STATE(chanerr_mask),
	IOAT_STATE(dcactrl),
};

static int ioat_post_load(struct softpci_device *dev)
{
	const struct softpci_ioat *ioat = to_ioat(dev);

	if (ioat->xfercap < XFERCAP_MIN ||
	    ioat->intrctrl & ~(IOAT_INTRCTRL_MASTER_INT_EN |
			       IOAT_INTRCTRL_MSIX_VECTORS) ||
	    ioat->intrdelay & ~IOAT_INTRDELAY_MASK ||
	    ioat->chanctrl & ~IOAT_CHANCTRL_MASK ||
	    ioat->completed & ~IOAT_CHANSTS_ADDRESS ||
	    ioat->chancmp & ~IOAT_CHANCMP_ADDRESS ||
	    (ioat->again && !ioat->attention) ||
	    (ioat->status == IOAT_ACTIVE && !nr_left(ioat)))
		return -EINVAL;
	return 0;
}

static const struct softpci_state ioat_state = {
	.version	= 1,
	SOFTPCI_TABLE(fields, ioat_fields),
	.post_load	= ioat_post_load,
};

#define IOAT_MODEL(_ops) {						\
	.device_size		= sizeof(struct softpci_ioat_device),	\
	.ops			= (_ops),				\
	.vendor			= PCI_VENDOR_ID_INTEL,			\
	.device			= 0x2021,				\
	.subsystem_vendor	= PCI_VENDOR_ID_INTEL,			\
	.class			= PCI_CLASS_SYSTEM_OTHER << 8,		\
	.revision		= 4,					\
	.msix			= { .nr = 1, .table = IOAT_MSIX_TABLE,	\
				    .pba = IOAT_MSIX_PBA },		\
	.pcie			= true,					\
	SOFTPCI_TABLE(regions, ioat_regions),				\
	SOFTPCI_TABLE(ext_caps, ioat_ext_caps),				\
	.state			= &ioat_state,				\
}

/* As the hardware. */
const struct softpci_model softpci_ioat_model = IOAT_MODEL(&ioat_ops);
EXPORT_SYMBOL_GPL(softpci_ioat_model);

/* For front ends that look at the registers from time to time. */
const struct softpci_model softpci_ioat_polled_model =
	IOAT_MODEL(&ioat_polled_ops);
EXPORT_SYMBOL_GPL(softpci_ioat_polled_model);

static int __init softpci_ioat_init(void)
{
	return xfercap < XFERCAP_MIN || xfercap > XFERCAP_MAX ? -EINVAL : 0;
}
module_init(softpci_ioat_init);

static void __exit softpci_ioat_exit(void)
{
}
module_exit(softpci_ioat_exit);

MODULE_DESCRIPTION("Model of an I/O AT DMA engine");
MODULE_LICENSE("GPL");

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/ioat.c"
#include "../tests/kunit/ioat-channel.c"
#include "../tests/kunit/ioat-state.c"
#endif
