// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a device: creation, opening, resets, closing.
 *
 * softpci_device.life serialises all of it.  Nothing that a job, the fault path
 * of a mapping or dma_unmap needs waits for it.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "internal.h"

static void reset_model_locked(struct softpci_device *dev,
			       enum softpci_reset kind)
{
	const struct softpci_ops *ops = dev->model->ops;

	lockdep_assert_held(&dev->lock);
	if (ops->reset)
		ops->reset(dev, kind);
}

static void reset_locked(struct softpci_device *dev, enum softpci_reset kind)
{
	lockdep_assert_held(&dev->lock);
	softpci_irq_reset(dev, kind);
	if (kind == SOFTPCI_RESET_BUS)
		softpci_config_bus_reset(dev);
	else
		softpci_config_power_on(dev);
	reset_model_locked(dev, kind);
	dev->host_ops->reset(dev);
}

/**
 * softpci_create() - make a device
 * @layout: of its model; it must stay until softpci_destroy()
 * @uuid: its name
 * @ops: of the front end; its reset() is called from here
 * @host: for softpci_device.host
 *
 * Context: process, may sleep.
 * Return: the device, closed; or an ERR_PTR() of -ENOMEM or of what the model's
 * init() returned.
 */
struct softpci_device *softpci_create(const struct softpci_layout *layout,
				      const guid_t *uuid,
				      const struct softpci_host_ops *ops,
				      void *host)
{
	const struct softpci_model *model = layout->model;
	struct softpci_device *dev;
	int ret;

	dev = kvzalloc(model->device_size, GFP_KERNEL_ACCOUNT);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	dev->model = model;
	dev->layout = layout;
	dev->host_ops = ops;
	dev->host = host;
	guid_copy(&dev->uuid, uuid);
	spin_lock_init(&dev->lock);
	mutex_init(&dev->life);

	ret = softpci_config_create(dev);
	if (ret)
		goto err_free;
	ret = softpci_irq_create(dev);
	if (ret)
		goto err_destroy_config;
	softpci_memory_create(dev);
	softpci_jobs_create(dev);
	softpci_dma_create(dev);
	if (model->ops->init) {
		ret = model->ops->init(dev);
		if (ret)
			goto err_destroy_all;
	}
	scoped_guard(softpci, dev)
		reset_locked(dev, SOFTPCI_RESET_CREATE);
	return dev;

err_destroy_all:
	softpci_dma_destroy(dev);
	softpci_memory_destroy(dev);
	softpci_irq_destroy(dev);
err_destroy_config:
	softpci_config_destroy(dev);
err_free:
	mutex_destroy(&dev->life);
	kvfree(dev);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(softpci_create);

/**
 * softpci_destroy() - undo softpci_create()
 * @dev: a closed device, that nothing can reach any more; freed
 *
 * Context: process, may sleep.
 */
void softpci_destroy(struct softpci_device *dev)
{
	const struct softpci_ops *ops = dev->model->ops;

	if (ops->release)
		ops->release(dev);
	softpci_dma_destroy(dev);
	softpci_jobs_destroy(dev);
	softpci_memory_destroy(dev);
	softpci_irq_destroy(dev);
	softpci_config_destroy(dev);
	mutex_destroy(&dev->life);
	kvfree(dev);
}
EXPORT_SYMBOL_GPL(softpci_destroy);

static int start_model(struct softpci_device *dev)
{
	const struct softpci_ops *ops = dev->model->ops;

	return ops->start ? ops->start(dev) : 0;
}

static void stop_model(struct softpci_device *dev)
{
	const struct softpci_ops *ops = dev->model->ops;

	if (ops->stop)
		ops->stop(dev);
}

/* Put a device whose jobs are paused back to the state of a new one. */
static void power_off(struct softpci_device *dev)
{
	lockdep_assert_held(&dev->life);
	softpci_jobs_drop(dev);
	softpci_dma_unpin_all(dev);
	softpci_dma_copy_destroy(dev);
	scoped_guard(softpci, dev)
		reset_locked(dev, SOFTPCI_RESET_CLOSE);
	softpci_memory_close(dev);
}

/**
 * softpci_open() - a user begins to use a device
 * @dev: a closed device
 *
 * Context: process, may sleep.
 * Return: 0; an errno of softpci_memory_open(); or of the model's start(). The
 * device is closed after an error.
 */
int softpci_open(struct softpci_device *dev)
{
	int ret;

	guard(mutex)(&dev->life);
	ret = softpci_memory_open(dev);
	if (ret)
		return ret;

	/* Before other devices see that it is open, which may have it run some. */
	softpci_jobs_accept(dev);
	scoped_guard(softpci, dev) {
		WRITE_ONCE(dev->open, true);
		reset_model_locked(dev, SOFTPCI_RESET_OPEN);
	}
	softpci_dma_forget_revokes(dev);
	softpci_dma_start(dev);
	ret = start_model(dev);
	if (!ret) {
		softpci_jobs_resume(dev);
		return 0;
	}

	scoped_guard(softpci, dev)
		WRITE_ONCE(dev->open, false);
	softpci_jobs_refuse(dev);
	softpci_dma_stop(dev);
	power_off(dev);
	return ret;
}
EXPORT_SYMBOL_GPL(softpci_open);

/**
 * softpci_close() - the user of a device has left
 * @dev: an open device, that is not accessed any more
 *
 * Nothing of the device runs after that, and the next user finds it as new.
 * DMA in progress ends with an error.
 *
 * Context: process, may sleep.
 */
void softpci_close(struct softpci_device *dev)
{
	guard(mutex)(&dev->life);
	scoped_guard(softpci, dev)
		WRITE_ONCE(dev->open, false);
	softpci_jobs_refuse(dev);
	softpci_dma_stop(dev);
	softpci_jobs_pause(dev);
	/*
	 * After the jobs, which could start again what it stops; also when it was
	 * quiesced, as an access may have done so since.
	 */
	stop_model(dev);
	dev->quiesced = false;
	scoped_guard(softpci, dev)
		dev->irqs.held = false;
	power_off(dev);
}
EXPORT_SYMBOL_GPL(softpci_close);

/**
 * softpci_reset() - reset an open device
 * @dev: the device
 * @kind: SOFTPCI_RESET_BUS or SOFTPCI_RESET_FLR
 *
 * The memory comes first, so that an error leaves everything else as it was and
 * the jobs in their queue.  Only DMA that was going on has ended with an error
 * then.  A device that is quiesced stays so.
 *
 * Context: process, may sleep.
 * Return: 0, -ENOMEM, or -EINTR on a fatal signal.
 */
int softpci_reset(struct softpci_device *dev, enum softpci_reset kind)
{
	int ret;

	guard(mutex)(&dev->life);
	softpci_dma_stop(dev);
	ret = softpci_jobs_pause_killable(dev);
	if (!ret)
		ret = softpci_memory_reset(dev);
	if (!ret) {
		softpci_dma_unpin_all(dev);
		scoped_guard(softpci, dev) {
			/* Those that the device is told of after the reset stay. */
			softpci_jobs_drop(dev);
			reset_locked(dev, kind);
		}
	}
	softpci_dma_start(dev);
	if (!dev->quiesced)
		softpci_jobs_resume(dev);
	return ret;
}
EXPORT_SYMBOL_GPL(softpci_reset);

/**
 * softpci_quiesce() - have a device do nothing of its own accord
 * @dev: an open device
 *
 * For saving its state: the jobs in the queue stay there; one that runs
 * completes, with its DMA.  Pins are gone (softpci_dma_pin()).  Interrupts that
 * become due are held back until softpci_resume().
 *
 * Context: process, may sleep.
 * Return: 0; or -EINTR on a fatal signal, while a job still runs: it goes on then.
 */
int softpci_quiesce(struct softpci_device *dev)
{
	int ret;

	guard(mutex)(&dev->life);
	if (dev->quiesced)
		return 0;
	ret = softpci_jobs_pause_killable(dev);
	if (ret) {
		softpci_jobs_resume(dev);
		return ret;
	}
	/* After the jobs, which could start again what it stops. */
	stop_model(dev);
	softpci_dma_unpin_all(dev);
	scoped_guard(softpci, dev)
		softpci_irq_hold(dev, true);
	dev->quiesced = true;
	return 0;
}
EXPORT_SYMBOL_GPL(softpci_quiesce);

/**
 * softpci_resume() - undo softpci_quiesce()
 * @dev: an open device
 *
 * Context: process, may sleep.
 * Return: 0, or an errno of the model's start(): it is still quiesced then.
 */
int softpci_resume(struct softpci_device *dev)
{
	int ret;

	guard(mutex)(&dev->life);
	if (!dev->quiesced)
		return 0;
	ret = start_model(dev);
	if (ret)
		return ret;
	dev->quiesced = false;
	scoped_guard(softpci, dev)
		softpci_irq_hold(dev, false);
	softpci_jobs_resume(dev);
	return 0;
}
EXPORT_SYMBOL_GPL(softpci_resume);

static int __init softpci_init(void)
{
	int ret;

	ret = softpci_jobs_init();
	if (ret)
		return ret;
	softpci_ram_init();
	return 0;
}
module_init(softpci_init);

/*
 * Front ends and drivers use symbols of this module, so that they are gone when
 * it goes, and all devices with them.  The last thing of a device that ran here
 * has returned then: softpci_destroy() by its caller, which waits for itself,
 * and the work item of the jobs, for which softpci_destroy() waits.
 */
static void __exit softpci_exit(void)
{
	softpci_ram_exit();
	softpci_jobs_exit();
}
module_exit(softpci_exit);

MODULE_DESCRIPTION("Models of PCI functions, core");
MODULE_LICENSE("GPL");

/* KUnit tests of the functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/device.c"
#endif
