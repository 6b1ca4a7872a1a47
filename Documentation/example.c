// SPDX-License-Identifier: GPL-2.0-only
/*
 * A PCI Express endpoint that copies guest memory by DMA.  Its BAR 0:
 *
 *	    0h	64 bits, address of the first byte to copy
 *	    8h	64 bits, address to copy it to
 *	   10h	64 bits, length in bytes, up to 16 MiB; a longer copy is an error
 *	   20h	32 bits, doorbell: a write starts the copy, and says which MSI-X
 *		message to send at the end; ignored while the status is 3
 *	   24h	32 bits, status, read-only: 0 nothing was copied yet, 1 copied,
 *		2 error, 3 busy
 *	 1000h	MSI-X table; pending bits at 1800h
 *	10000h	64 KiB of memory, which can be mapped, with pages of any size
 */
#include "../vfio/softpci-vfio.h"

enum { EXAMPLE_IDLE, EXAMPLE_COPIED, EXAMPLE_ERROR, EXAMPLE_BUSY };

struct example {
	struct softpci_device dev;
	struct softpci_job copy;
	struct example_regs { u64 source, target, length; u32 vector, status; } regs;
};

static void example_copy(struct softpci_device *dev, struct softpci_job *job)
{
	struct example *ex = container_of(dev, struct example, dev);
	struct example_regs r;
	int ret;

	scoped_guard(softpci, dev)
		r = ex->regs;
	if (r.status != EXAMPLE_BUSY)
		return;
	ret = r.length > SZ_16M ? -EINVAL : softpci_dma_copy(dev, r.target, r.source, r.length);

	guard(softpci)(dev);
	ex->regs.status = ret ? EXAMPLE_ERROR : EXAMPLE_COPIED;
	softpci_irq_pulse(dev, r.vector % dev->model->msix.nr);
}

/* Also goes on with a copy that was still to be made when the state was saved. */
static int example_start(struct softpci_device *dev)
{
	softpci_queue(dev, &container_of(dev, struct example, dev)->copy);
	return 0;
}

static int example_doorbell(struct softpci_device *dev, unsigned int i, u64 val)
{
	struct example *ex = container_of(dev, struct example, dev);

	if (ex->regs.status == EXAMPLE_BUSY)
		return 0;
	ex->regs.vector = val;
	ex->regs.status = EXAMPLE_BUSY;
	return example_start(dev);
}

static void example_reset(struct softpci_device *dev, enum softpci_reset kind)
{
	struct example *ex = container_of(dev, struct example, dev);

	if (kind == SOFTPCI_RESET_CREATE)
		softpci_job_init(&ex->copy, example_copy);
	memset(&ex->regs, 0, sizeof(ex->regs));
}

static const struct softpci_ops example_ops = { .start = example_start, .reset = example_reset };

static const struct softpci_reg example_regs[] = {
	SOFTPCI_REG(0x00, struct example, regs.source),
	SOFTPCI_REG(0x08, struct example, regs.target),
	SOFTPCI_REG(0x10, struct example, regs.length),
	SOFTPCI_REG_WRITE(0x20, struct example, regs.vector, example_doorbell),
	SOFTPCI_REG_RO(0x24, struct example, regs.status),
};

static const struct softpci_memory_desc example_memories[] = { { .size = SZ_64K } };

static const struct softpci_area example_areas[] = {
	SOFTPCI_REGS_AREA(0, SZ_4K, example_regs), SOFTPCI_MEMORY_AREA(SZ_64K, SZ_64K, 0),
};

static const struct softpci_region example_regions[] = { SOFTPCI_BAR64(0, SZ_128K, example_areas) };

static const struct softpci_field example_fields[] = {
	SOFTPCI_FIELD(struct example, regs.source), SOFTPCI_FIELD(struct example, regs.target),
	SOFTPCI_FIELD(struct example, regs.length), SOFTPCI_FIELD(struct example, regs.vector),
	SOFTPCI_FIELD_MAX(struct example, regs.status, EXAMPLE_BUSY),
};

static const struct softpci_state example_state = { 1, SOFTPCI_TABLE(fields, example_fields) };

static const struct softpci_model example_model = {
	.device_size = sizeof(struct example), .ops = &example_ops, .state = &example_state,
	.vendor = 0x1b36, .device = 0x0005, .class = PCI_CLASS_OTHERS << 16,
	.pcie = true, .msix = { .nr = 64, .table = 0x1000, .pba = 0x1800 },
	SOFTPCI_TABLE(regions, example_regions), SOFTPCI_TABLE(memories, example_memories),
};

module_softpci_vfio_model(example_model, "softpci-example", "DMA copier", "copies by DMA", 64);
MODULE_LICENSE("GPL");
