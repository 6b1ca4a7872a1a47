// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors that are asked for, each once: folder "errors" of a function in configfs.
 *
 * It is there and not in debugfs, as debugfs is closed where the kernel is locked
 * down.  Nothing happens unless it is asked for, and then a fault has a bit in
 * softpci_function.faults: that is all that DMA and interrupts look at.
 *
 * VFIO's two events for errors come about as with hardware: REQ when the function is
 * removed (live, or "remove" in sysfs), ERR when a bus error is reported to its driver
 * (bus_error).
 */
#include <linux/array_size.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/wait.h>

#include "configfs.h"

/* In place of 1: a reset goes on that does not end. */
#define FLR_STALLS	2

/**
 * struct softpci_inject - what is to go wrong with a function
 * @lock: protects the below and the setting of bits in softpci_function.faults; taken
 *	  in any context
 * @left: the how many-th use from now on goes wrong; 0: none
 * @ending: resets do not wait any more: the function is being unplugged
 * @wait: for the end of a reset
 */
struct softpci_inject {
	raw_spinlock_t lock; /* see above */
	unsigned int left[SOFTPCI_NR_FAULTS];
	bool ending;
	wait_queue_head_t wait;
};

/**
 * softpci_inject_create() - nothing goes wrong with a new function
 * @fn: the function
 *
 * Return: 0 or -ENOMEM.
 */
int softpci_inject_create(struct softpci_function *fn)
{
	fn->inject = kzalloc_obj(*fn->inject, GFP_KERNEL);
	if (!fn->inject)
		return -ENOMEM;
	raw_spin_lock_init(&fn->inject->lock);
	init_waitqueue_head(&fn->inject->wait);
	return 0;
}

/**
 * softpci_inject_destroy() - undo softpci_inject_create()
 * @fn: the function
 */
void softpci_inject_destroy(struct softpci_function *fn)
{
	kfree(fn->inject);
}

/**
 * softpci_inject_due() - does a use go wrong, of which one of the next ones is to
 * @fn: the function
 * @fault: the kind of use
 *
 * For softpci_inject().
 *
 * Context: any.
 * Return: whether it does.
 */
bool softpci_inject_due(struct softpci_function *fn, enum softpci_fault fault)
{
	struct softpci_inject *inject = fn->inject;

	guard(raw_spinlock_irqsave)(&inject->lock);
	if (!inject->left[fault] || --inject->left[fault])
		return false;
	clear_bit(fault, &fn->faults);
	return true;
}

static unsigned int get_fault(struct softpci_function *fn,
			      enum softpci_fault fault)
{
	guard(raw_spinlock_irqsave)(&fn->inject->lock);
	return fn->inject->left[fault];
}

static int set_fault(struct softpci_function *fn, enum softpci_fault fault,
		     unsigned int left, unsigned int max)
{
	struct softpci_inject *inject = fn->inject;

	scoped_guard(raw_spinlock_irqsave, &inject->lock) {
		/* Also FLR_STALLS, which cannot be had by writing it. */
		if (left == inject->left[fault])
			return 0;
		if (left > max)
			return -EINVAL;
		if (left && inject->ending)
			return -EBUSY;
		inject->left[fault] = left;
		assign_bit(fault, &fn->faults, left);
	}
	wake_up_all(&inject->wait);
	return 0;
}

/**
 * softpci_inject_wait_flr() - wait while a reset is not to end
 * @fn: the function, in a Function Level Reset
 *
 * Context: process, may sleep.
 */
void softpci_inject_wait_flr(struct softpci_function *fn)
{
	struct softpci_inject *inject = fn->inject;

	if (!test_bit(SOFTPCI_FAULT_STALL_FLR, &fn->faults))
		return;
	scoped_guard(raw_spinlock_irqsave, &inject->lock)
		if (inject->left[SOFTPCI_FAULT_STALL_FLR])
			inject->left[SOFTPCI_FAULT_STALL_FLR] = FLR_STALLS;
	wait_event_idle(inject->wait,
			!test_bit(SOFTPCI_FAULT_STALL_FLR, &fn->faults));
}

/**
 * softpci_inject_end_flr() - have resets end, now and in future
 * @fn: the function, which is about to go
 */
void softpci_inject_end_flr(struct softpci_function *fn)
{
	scoped_guard(raw_spinlock_irqsave, &fn->inject->lock)
		fn->inject->ending = true;
	set_fault(fn, SOFTPCI_FAULT_STALL_FLR, 0, 0);
}

static void pull_one(struct softpci_function *fn)
{
	unsigned int i;

	if (test_and_set_bit(SOFTPCI_FUNCTION_GONE, &fn->state))
		return;
	/* Nothing shows registers in its BARs afterwards, or clears them. */
	softpci_inject_end_flr(fn);
	flush_work(&fn->flr_work);
	softpci_poll_remove(fn);
	for (i = 0; i < SOFTPCI_NUM_BARS; i++)
		if (fn->bar[i].kva)
			softpci_bars_fill(&fn->bar[i], 0xff);
}

/*
 * As if a card was pulled out: with its virtual functions, which are there for as long
 * as it is. That the PCI core notices is up to its user, as the slot cannot tell it.
 */
static void pull(struct softpci_function *fn)
{
	unsigned int i;

	pull_one(fn);
	for (i = 0; i < softpci_sriov_total(fn); i++)
		pull_one(softpci_sriov_vf(fn, i));
}

/*
 * A reset of the link, of which the function sees a reset. A driver that takes part in
 * the recovery restores config space and the table of MSI-X, and for another one the
 * bridge does; unless a reset that software has asked for goes on: what was before
 * that is not to come back.
 */
static void reset_link(struct softpci_function *fn, struct pci_dev *pdev,
		       bool restore)
{
	if (restore)
		pci_save_state(pdev);
	restore &= softpci_function_start_flr(fn);
	flush_work(&fn->flr_work);
	if (restore)
		pci_restore_state(pdev);
}

/* Documentation/PCI/pci-error-recovery.rst of the kernel, steps 1 to 6. */
static int recover(struct softpci_function *fn, struct pci_dev *pdev,
		   const struct pci_error_handlers *handlers, bool fatal)
{
	pci_ers_result_t result;

	pdev->error_state = fatal ? pci_channel_io_frozen :
				    pci_channel_io_normal;
	result = handlers->error_detected(pdev, pdev->error_state);
	if (result == PCI_ERS_RESULT_CAN_RECOVER)
		result = handlers->mmio_enabled ?
			 handlers->mmio_enabled(pdev) :
			 PCI_ERS_RESULT_RECOVERED;
	if (fatal || result == PCI_ERS_RESULT_NEED_RESET)
		reset_link(fn, pdev, result != PCI_ERS_RESULT_NEED_RESET);
	pdev->error_state = pci_channel_io_normal;
	if (result == PCI_ERS_RESULT_NEED_RESET)
		result = handlers->slot_reset ? handlers->slot_reset(pdev) :
						PCI_ERS_RESULT_RECOVERED;
	if (result != PCI_ERS_RESULT_RECOVERED) {
		pdev->error_state = pci_channel_io_perm_failure;
		return -EIO;
	}
	if (handlers->resume)
		handlers->resume(pdev);
	return 0;
}

static int report_locked(struct softpci_function *fn, struct pci_dev *pdev,
			 bool fatal)
{
	const struct pci_error_handlers *handlers = NULL;
	int ret;

	if (pdev->driver)
		handlers = pdev->driver->err_handler;
	if (!handlers || !handlers->error_detected)
		return -EOPNOTSUPP;
	/* Powered, as vfio-pci has it in D3hot while it is not in use. */
	pm_runtime_get_sync(&pdev->dev);
	ret = recover(fn, pdev, handlers, fatal);
	pm_runtime_put(&pdev->dev);
	return ret;
}

/*
 * Tells the driver of an error on the bus. A platform that handles errors by itself
 * calls drivers like this.  aer_recover_queue() of the PCI core is of no use here: it
 * gives its argument back to a pool of the firmware's error source, from which no
 * module can take it.
 */
static int report_error(struct softpci_function *fn, bool fatal)
{
	struct pci_dev *pdev;
	int ret;

	/* Nothing of it can be saved, and a reset may not end. */
	if (READ_ONCE(fn->state) || get_fault(fn, SOFTPCI_FAULT_STALL_FLR))
		return -EBUSY;
	pdev = softpci_bus_get_pdev(fn);
	if (!pdev)
		return -ENODEV;
	/* A driver that is being unbound may wait for a user of the function. */
	ret = -EBUSY;
	if (device_trylock(&pdev->dev)) {
		ret = report_locked(fn, pdev, fatal);
		device_unlock(&pdev->dev);
	}
	pci_dev_put(pdev);
	return ret;
}

/*
 * Below: the attributes. Each takes the text that it shows. A function that is not live
 * has no errors: that is what it takes then.
 */

static ssize_t show_fault(struct config_item *item, char *page,
			  enum softpci_fault fault)
{
	struct softpci_function *fn = softpci_item_lock(item);
	unsigned int left;

	if (IS_ERR(fn))
		return sysfs_emit(page, "0\n");
	left = get_fault(fn, fault);
	softpci_item_unlock(item);
	return sysfs_emit(page, "%u\n", left);
}

static ssize_t store_fault(struct config_item *item, const char *page,
			   size_t count, enum softpci_fault fault,
			   unsigned int max)
{
	struct softpci_function *fn;
	unsigned int left;
	int ret;

	ret = kstrtouint(page, 0, &left);
	if (ret)
		return ret;
	fn = softpci_item_lock(item);
	if (IS_ERR(fn))
		return left ? PTR_ERR(fn) : count;
	ret = set_fault(fn, fault, left, max);
	softpci_item_unlock(item);
	return ret ?: count;
}

#define FAULT_ATTR(_name, _fault, _max)					\
static ssize_t errors_##_name##_show(struct config_item *item, char *page) \
{									\
	return show_fault(item, page, _fault);				\
}									\
									\
static ssize_t errors_##_name##_store(struct config_item *item,	\
				      const char *page, size_t count)	\
{									\
	return store_fault(item, page, count, _fault, _max);		\
}									\
									\
CONFIGFS_ATTR(errors_, _name)

FAULT_ATTR(fail_dma, SOFTPCI_FAULT_DMA, UINT_MAX);
FAULT_ATTR(iommu_fault, SOFTPCI_FAULT_IOMMU, UINT_MAX);
FAULT_ATTR(drop_interrupt, SOFTPCI_FAULT_DROP_IRQ, UINT_MAX);
FAULT_ATTR(double_interrupt, SOFTPCI_FAULT_DOUBLE_IRQ, UINT_MAX);
FAULT_ATTR(stall_flr, SOFTPCI_FAULT_STALL_FLR, 1);

static ssize_t errors_surprise_removal_show(struct config_item *item,
					    char *page)
{
	struct softpci_function *fn = softpci_item_lock(item);
	bool gone;

	if (IS_ERR(fn))
		return sysfs_emit(page, "0\n");
	gone = test_bit(SOFTPCI_FUNCTION_GONE, &fn->state);
	softpci_item_unlock(item);
	return sysfs_emit(page, "%d\n", gone);
}

static ssize_t errors_surprise_removal_store(struct config_item *item,
					     const char *page, size_t count)
{
	struct softpci_function *fn;
	bool gone;
	int ret;

	ret = kstrtobool(page, &gone);
	if (ret)
		return ret;
	fn = softpci_item_lock(item);
	if (IS_ERR(fn))
		return gone ? PTR_ERR(fn) : count;
	if (gone)
		pull(fn);
	else if (test_bit(SOFTPCI_FUNCTION_GONE, &fn->state))
		ret = -EINVAL;
	softpci_item_unlock(item);
	return ret ?: count;
}

CONFIGFS_ATTR(errors_, surprise_removal);

/* Those that happen when they are written have no value to be shown. */
#define NOTHING		"none"

static ssize_t errors_bus_error_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, NOTHING "\n");
}

static ssize_t errors_bus_error_store(struct config_item *item,
				      const char *page, size_t count)
{
	bool fatal = sysfs_streq(page, "fatal");
	struct softpci_function *fn;
	int ret;

	if (sysfs_streq(page, NOTHING))
		return count;
	if (!fatal && !sysfs_streq(page, "nonfatal"))
		return -EINVAL;
	fn = softpci_item_lock(item);
	if (IS_ERR(fn))
		return PTR_ERR(fn);
	ret = report_error(fn, fatal);
	softpci_item_unlock(item);
	return ret ?: count;
}

CONFIGFS_ATTR(errors_, bus_error);

static ssize_t errors_interrupt_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, NOTHING "\n");
}

static ssize_t errors_interrupt_store(struct config_item *item,
				      const char *page, size_t count)
{
	struct softpci_function *fn;
	unsigned int vector;
	int ret;

	if (sysfs_streq(page, NOTHING))
		return count;
	ret = kstrtouint(page, 0, &vector);
	if (ret)
		return ret;
	fn = softpci_item_lock(item);
	if (IS_ERR(fn))
		return PTR_ERR(fn);
	if (vector < softpci_nr_vectors(fn->layout->model)) {
		guard(softpci)(fn->dev);
		softpci_irq_pulse(fn->dev, vector);
	} else {
		ret = -EINVAL;
	}
	softpci_item_unlock(item);
	return ret ?: count;
}

CONFIGFS_ATTR(errors_, interrupt);

static struct configfs_attribute *errors_attrs[] = {
	&errors_attr_fail_dma,
	&errors_attr_iommu_fault,
	&errors_attr_drop_interrupt,
	&errors_attr_double_interrupt,
	&errors_attr_stall_flr,
	&errors_attr_surprise_removal,
	&errors_attr_bus_error,
	&errors_attr_interrupt,
	NULL
};

const struct config_item_type softpci_errors_type = {
	.ct_attrs = errors_attrs,
	.ct_owner = THIS_MODULE,
};
