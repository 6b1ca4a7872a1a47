// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages: an interrupt domain of which each function gets its vectors, and their
 * delivery.
 *
 * As an interrupt controller with remapping, the domain knows which function a
 * vector was given to.  The table of MSI-X can be written to by a user of VFIO: a message
 * that names a vector of another function is dropped.
 */
#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/irqchip/irq-msi-lib.h>
#include <linux/irqdomain.h>
#include <linux/log2.h>
#include <linux/msi.h>
#include <linux/mutex.h>
#include <linux/xarray.h>

#include "internal.h"

/* Vectors of all functions together: 2048 for each of 32. */
#define MSI_VECTORS	65536
/* Where messages are written to: that of a local APIC (Intel SDM, 11.11.1). */
#define MSI_ADDRESS	0xfee00000

static struct fwnode_handle *msi_fwnode;
static struct irq_domain *msi_domain;
/* Protects the bitmap. */
static DEFINE_MUTEX(msi_lock);
static DECLARE_BITMAP(msi_used, MSI_VECTORS);
/* The function of each vector that is used; read in any context. */
static DEFINE_XARRAY(msi_owner);

/**
 * softpci_msi_domain() - the interrupt domain of all functions
 *
 * Return: the domain.
 */
struct irq_domain *softpci_msi_domain(void)
{
	return msi_domain;
}

static void msi_compose(struct irq_data *data, struct msi_msg *msg)
{
	msg->address_hi = 0;
	msg->address_lo = MSI_ADDRESS;
	msg->data = data->hwirq;
}

static void msi_ack(struct irq_data *data)
{
}

static struct irq_chip msi_chip = {
	.name			= "softpci",
	.irq_compose_msi_msg	= msi_compose,
	.irq_ack		= msi_ack,
};

static void give_vector(unsigned int vector)
{
	xa_erase(&msi_owner, vector);
	guard(mutex)(&msi_lock);
	clear_bit(vector, msi_used);
}

/* The first one is aligned, as a function with MSI puts its message into the low bits. */
static int take_vectors(struct softpci_function *fn, unsigned int nr)
{
	unsigned long first;
	unsigned int i;
	int ret;

	scoped_guard(mutex, &msi_lock) {
		first = bitmap_find_next_zero_area(msi_used, MSI_VECTORS, 0, nr,
						   roundup_pow_of_two(nr) - 1);
		if (first >= MSI_VECTORS)
			return -ENOSPC;
		bitmap_set(msi_used, first, nr);
	}
	for (i = 0; i < nr; i++) {
		ret = xa_err(xa_store(&msi_owner, first + i, fn, GFP_KERNEL));
		if (ret)
			goto err_give;
	}
	return first;

err_give:
	for (i = 0; i < nr; i++)
		give_vector(first + i);
	return ret;
}

static int msi_alloc(struct irq_domain *domain, unsigned int virq,
		     unsigned int nr, void *arg)
{
	const msi_alloc_info_t *info = arg;
	struct softpci_function *fn;
	int first;
	unsigned int i;

	fn = softpci_function_of(msi_desc_to_dev(info->desc));
	if (!fn)
		return -ENODEV;
	first = take_vectors(fn, nr);
	if (first < 0)
		return first;
	for (i = 0; i < nr; i++)
		irq_domain_set_info(domain, virq + i, first + i, &msi_chip,
				    NULL, handle_edge_irq, NULL, NULL);
	softpci_poll_vectors(fn);
	return 0;
}

/* The IRQ core calls it for one vector at a time, however many were allocated at once. */
static void msi_free(struct irq_domain *domain, unsigned int virq,
		     unsigned int nr)
{
	struct irq_data *data = irq_domain_get_irq_data(domain, virq);

	give_vector(data->hwirq);
	irq_domain_reset_irq_data(data);
}

static const struct irq_domain_ops msi_domain_ops = {
	.alloc	= msi_alloc,
	.free	= msi_free,
};

static const struct msi_parent_ops msi_parent_ops = {
	.supported_flags	= MSI_GENERIC_FLAGS_MASK | MSI_FLAG_PCI_MSIX |
				  MSI_FLAG_MULTI_PCI_MSI,
	.required_flags		= MSI_FLAG_USE_DEF_DOM_OPS |
				  MSI_FLAG_USE_DEF_CHIP_OPS |
				  MSI_FLAG_NO_AFFINITY,
	.chip_flags		= MSI_CHIP_FLAG_SET_ACK,
	.bus_select_token	= DOMAIN_BUS_PCI_MSI,
	.bus_select_mask	= MATCH_PCI_MSI,
	.prefix			= "softpci-",
	.init_dev_msi_info	= msi_lib_init_dev_msi_info,
};

/**
 * softpci_msi_init() - register the interrupt domain
 *
 * Return: 0 or -ENOMEM.
 */
int __init softpci_msi_init(void)
{
	struct irq_domain_info info = {
		.size		= MSI_VECTORS,
		.domain_flags	= IRQ_DOMAIN_FLAG_ISOLATED_MSI,
		.ops		= &msi_domain_ops,
	};

	msi_fwnode = irq_domain_alloc_named_fwnode("softpci");
	if (!msi_fwnode)
		return -ENOMEM;
	info.fwnode = msi_fwnode;
	msi_domain = msi_create_parent_irq_domain(&info, &msi_parent_ops);
	if (!msi_domain) {
		irq_domain_free_fwnode(msi_fwnode);
		return -ENOMEM;
	}
	return 0;
}

/** softpci_msi_exit() - undo softpci_msi_init(), when all functions are gone */
void softpci_msi_exit(void)
{
	irq_domain_remove(msi_domain);
	irq_domain_free_fwnode(msi_fwnode);
}

/* Does a vector belong to a function? */
static bool owns(const struct softpci_function *fn, u32 vector)
{
	return xa_load(&msi_owner, vector) == fn;
}

/* A write by a function to where messages go. */
static void write_message(struct softpci_function *fn, u64 address, u32 data)
{
	if (address == MSI_ADDRESS && owns(fn, data))
		generic_handle_domain_irq_safe(msi_domain, data);
}

static void __iomem *entry_of(const struct softpci_function *fn,
			      unsigned int vector)
{
	const struct softpci_msix *msix = &fn->layout->model->msix;

	return fn->bar[msix->bar].kva + msix->table +
	       vector * PCI_MSIX_ENTRY_SIZE;
}

/* PCI Local Bus 3.0, 6.8.2. Returns false if the message may not go out now. */
static bool send_msix(struct softpci_function *fn, unsigned int vector)
{
	void __iomem *entry = entry_of(fn, vector);
	u64 address;

	if (READ_ONCE(fn->config[fn->layout->msix + PCI_MSIX_FLAGS + 1]) &
	    (PCI_MSIX_FLAGS_MASKALL >> 8))
		return false;
	if (readl(entry + PCI_MSIX_ENTRY_VECTOR_CTRL) &
	    PCI_MSIX_ENTRY_CTRL_MASKBIT)
		return false;
	address = readl(entry + PCI_MSIX_ENTRY_LOWER_ADDR) |
		  (u64)readl(entry + PCI_MSIX_ENTRY_UPPER_ADDR) << 32;
	write_message(fn, address, readl(entry + PCI_MSIX_ENTRY_DATA));
	return true;
}

/* PCI Local Bus 3.0, 6.8.1: the low bits of the data say which message it is. */
static bool send_msi(struct softpci_function *fn, unsigned int vector)
{
	unsigned int msi = fn->layout->msi, nr;
	u8 regs[PCI_MSI_PENDING_64];
	u64 address;

	scoped_guard(raw_spinlock_irqsave, &fn->config_lock)
		memcpy(regs, fn->config + msi, sizeof(regs));
	nr = 1 << FIELD_GET(PCI_MSI_FLAGS_QSIZE, get16(regs, PCI_MSI_FLAGS));
	vector = min(vector, nr - 1);
	if (get32(regs, PCI_MSI_MASK_64) & BIT(vector))
		return false;
	address = get32(regs, PCI_MSI_ADDRESS_LO) |
		  (u64)get32(regs, PCI_MSI_ADDRESS_HI) << 32;
	write_message(fn, address,
		      (get16(regs, PCI_MSI_DATA_64) & ~(nr - 1)) | vector);
	return true;
}

/* Messages are memory writes: not without Bus Master, nor in D3hot. */
static bool send(struct softpci_function *fn, unsigned int vector)
{
	const struct softpci_layout *layout = fn->layout;
	unsigned int nr_msix = layout->model->msix.nr;

	if (!(softpci_function_command(fn) & PCI_COMMAND_MASTER) ||
	    !softpci_function_in_d0(fn))
		return false;
	if (layout->msix &&
	    READ_ONCE(fn->config[layout->msix + PCI_MSIX_FLAGS + 1]) &
	    (PCI_MSIX_FLAGS_ENABLE >> 8))
		return send_msix(fn, min(vector, nr_msix - 1));
	if (layout->msi &&
	    READ_ONCE(fn->config[layout->msi + PCI_MSI_FLAGS]) &
	    PCI_MSI_FLAGS_ENABLE)
		return send_msi(fn, vector);
	/* Neither is enabled, and there is no pin: lost, as on hardware. */
	return true;
}

/* The pending bits of MSI-X, which are in a BAR. */
static void show_pending(struct softpci_function *fn, unsigned int vector)
{
	const struct softpci_msix *msix = &fn->layout->model->msix;
	unsigned int qword = vector / 64;

	if (vector < msix->nr)
		writeq(fn->pending[qword],
		       fn->bar[msix->bar].kva + msix->pba + qword * 8);
}

static void set_pending_locked(struct softpci_function *fn, unsigned int vector,
			       bool pending)
{
	lockdep_assert_held(&fn->dev->lock);
	if (test_bit(vector, fn->pending) == pending)
		return;
	__assign_bit(vector, fn->pending, pending);
	WRITE_ONCE(fn->nr_pending, fn->nr_pending + (pending ? 1 : -1));
	show_pending(fn, vector);
}

/**
 * softpci_function_message() - send a message, or remember it
 * @fn: the function, lock of its device held
 * @vector: which
 */
void softpci_function_message(struct softpci_function *fn, unsigned int vector)
{
	lockdep_assert_held(&fn->dev->lock);
	/* It sends none, and the bits in its BAR stay all ones. */
	if (test_bit(SOFTPCI_FUNCTION_GONE, &fn->state))
		return;
	if (softpci_inject(fn, SOFTPCI_FAULT_DROP_IRQ))
		return;
	if (!send(fn, vector)) {
		set_pending_locked(fn, vector, true);
		softpci_poll_wake();
	} else if (softpci_inject(fn, SOFTPCI_FAULT_DOUBLE_IRQ)) {
		send(fn, vector);
	}
}

/**
 * softpci_function_unmasked() - send messages that may go out by now
 * @fn: the function
 *
 * Context: process.
 */
void softpci_function_unmasked(struct softpci_function *fn)
{
	unsigned int i;

	if (!READ_ONCE(fn->nr_pending))
		return;
	guard(softpci)(fn->dev);
	for_each_set_bit(i, fn->pending, softpci_nr_vectors(fn->layout->model))
		if (send(fn, i))
			set_pending_locked(fn, i, false);
}

/**
 * softpci_function_reset_messages() - forget messages, and mask all vectors
 * @fn: the function, new or in a reset
 *
 * Context: process.
 */
void softpci_function_reset_messages(struct softpci_function *fn)
{
	unsigned int i;

	if (!fn->pending)
		return;
	scoped_guard(softpci, fn->dev)
		for_each_set_bit(i, fn->pending,
				 softpci_nr_vectors(fn->layout->model))
			set_pending_locked(fn, i, false);
	/* PCI Local Bus 3.0, 6.8.2.9. */
	for (i = 0; i < fn->layout->model->msix.nr; i++)
		writel(PCI_MSIX_ENTRY_CTRL_MASKBIT,
		       entry_of(fn, i) + PCI_MSIX_ENTRY_VECTOR_CTRL);
}

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/host-msi.c"
#endif
