// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a function, and the services that its model gets.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/uuid.h>

#include "internal.h"

static struct workqueue_struct *flr_wq;

static struct softpci_function *to_function(struct softpci_device *dev)
{
	return dev->host;
}

/* Functions on this bus have no interrupt pin. */
static void host_intx(struct softpci_device *dev, bool asserted)
{
}

static void host_message(struct softpci_device *dev, unsigned int vector)
{
	softpci_function_message(to_function(dev), vector);
}

static void host_changed(struct softpci_device *dev)
{
	softpci_poll_publish(to_function(dev));
}

/*
 * The model may do DMA and send messages at any time: softpci_function_message() and
 * dma.c look at the config space and the table of MSI-X that the bus sees. Thus the
 * kind of message is the one that has more vectors: none is folded to the last one.
 */
static void allow_all_locked(struct softpci_device *dev)
{
	const u8 command[] = { PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0 };
	const struct softpci_model *model = dev->model;
	unsigned int i;

	lockdep_assert_held(&dev->lock);
	softpci_config_merge(dev->layout, dev->config.val, PCI_COMMAND, command,
			     sizeof(command));
	if (!softpci_nr_vectors(model))
		return;
	for (i = 0; i < model->msix.nr; i++)
		softpci_irq_mask_vector(dev, i, false);
	softpci_irq_select(dev, model->msix.nr > model->nr_msi ?
				SOFTPCI_IRQ_MSIX : SOFTPCI_IRQ_MSI,
			   softpci_nr_vectors(model));
}

/* For a device that is created it comes before softpci_open(), and also after closing. */
static void host_reset(struct softpci_device *dev)
{
	if (dev->open)
		allow_all_locked(dev);
	host_changed(dev);
}

static int host_dma_read(struct softpci_device *dev, u64 iova, void *buf,
			 size_t len)
{
	return softpci_function_dma_read(to_function(dev), iova, buf, len);
}

static int host_dma_write(struct softpci_device *dev, u64 iova, const void *buf,
			  size_t len)
{
	return softpci_function_dma_write(to_function(dev), iova, buf, len);
}

static int host_dma_copy(struct softpci_device *dev, u64 to, u64 from,
			 size_t len)
{
	return softpci_function_dma_copy(to_function(dev), to, from, len);
}

static const struct softpci_host_ops host_ops = {
	.intx		= host_intx,
	.message	= host_message,
	.reset		= host_reset,
	.dma_read	= host_dma_read,
	.dma_write	= host_dma_write,
	.dma_copy	= host_dma_copy,
	.changed	= host_changed,
};

/* Nothing that a user has left in its BARs reaches the next one, or the model. */
static void reset_bars(struct softpci_function *fn)
{
	unsigned int i;

	for (i = 0; i < SOFTPCI_NUM_BARS; i++)
		if (fn->bar[i].kva)
			softpci_bars_fill(&fn->bar[i], 0);
	softpci_function_reset_messages(fn);
	softpci_poll_reset(fn);
}

/*
 * Not in the access that asks for it, as it waits for the job that runs. The model
 * cannot fail it: there is no memory of its own to allocate.
 */
static void flr_work(struct work_struct *work)
{
	struct softpci_function *fn = container_of(work, struct softpci_function,
						   flr_work);

	softpci_inject_wait_flr(fn);
	softpci_reset(fn->dev, SOFTPCI_RESET_FLR);
	if (!test_bit(SOFTPCI_FUNCTION_GONE, &fn->state))
		reset_bars(fn);
	softpci_function_config_reset(fn);
	clear_bit(SOFTPCI_FUNCTION_FLR, &fn->state);
}

/**
 * softpci_function_start_flr() - begin a Function Level Reset
 * @fn: the function
 *
 * It ends some time later; nothing is done if one goes on.
 *
 * Context: any.
 * Return: whether it was begun.
 */
bool softpci_function_start_flr(struct softpci_function *fn)
{
	if (test_and_set_bit(SOFTPCI_FUNCTION_FLR, &fn->state))
		return false;
	queue_work(flr_wq, &fn->flr_work);
	return true;
}

static void free_bars(struct softpci_function *fn)
{
	unsigned int i;

	/* Those of a virtual function belong to its physical function. */
	for (i = 0; !fn->pf && i < SOFTPCI_NUM_BARS; i++)
		softpci_bars_free(&fn->bar[i]);
}

/*
 * The caller calls free_bars(), after an error as well. @index is that of a virtual
 * function.
 */
static int alloc_bars(struct softpci_function *fn, unsigned int index)
{
	unsigned int i;
	int ret;

	for (i = 0; i < fn->layout->nr_windows; i++) {
		const struct softpci_window *win = &fn->layout->window[i];

		if (!win->bar)
			continue;
		if (fn->pf) {
			fn->bar[win->index] = softpci_sriov_slice(fn->pf, index,
								  win->index,
								  win->size);
			continue;
		}
		ret = softpci_bars_alloc(&fn->bar[win->index], win->size,
					 win->region->bar &
					 PCI_BASE_ADDRESS_MEM_TYPE_64);
		if (ret)
			return ret;
	}
	return fn->sriov ? softpci_sriov_alloc_bars(fn) : 0;
}

static int create_device(struct softpci_function *fn)
{
	const struct softpci_model *model = fn->layout->model;
	unsigned int nr = softpci_nr_vectors(model);
	guid_t uuid;

	if (nr) {
		fn->pending = bitmap_zalloc(round_up(nr, 64), GFP_KERNEL);
		if (!fn->pending)
			return -ENOMEM;
	}
	guid_gen(&uuid);
	fn->dev = softpci_create(fn->layout, &uuid, &host_ops, fn);
	if (IS_ERR(fn->dev)) {
		bitmap_free(fn->pending);
		return PTR_ERR(fn->dev);
	}
	return 0;
}

static void destroy_device(struct softpci_function *fn)
{
	softpci_destroy(fn->dev);
	bitmap_free(fn->pending);
}

static int open_device(struct softpci_function *fn)
{
	int ret;

	ret = softpci_open(fn->dev);
	if (ret)
		return ret;
	guard(softpci)(fn->dev);
	allow_all_locked(fn->dev);
	return 0;
}

/* Makes all but the model: @index is that of a virtual function. */
static int create_parts(struct softpci_function *fn,
			const struct softpci_model *model, unsigned int index)
{
	int ret;

	fn->layout = softpci_layout_create(model);
	if (IS_ERR(fn->layout))
		return PTR_ERR(fn->layout);
	ret = alloc_bars(fn, index);
	if (ret)
		goto err_free_bars;
	ret = softpci_inject_create(fn);
	if (ret)
		goto err_free_bars;
	ret = softpci_function_config_init(fn);
	if (ret)
		goto err_destroy_inject;
	ret = create_device(fn);
	if (ret)
		goto err_exit_config;
	ret = open_device(fn);
	if (ret)
		goto err_destroy_device;
	softpci_function_reset_messages(fn);
	return 0;

err_destroy_device:
	destroy_device(fn);
err_exit_config:
	softpci_function_config_exit(fn);
err_destroy_inject:
	softpci_inject_destroy(fn);
err_free_bars:
	free_bars(fn);
	softpci_layout_destroy(fn->layout);
	return ret;
}

static struct softpci_function *alloc_function(int group)
{
	struct softpci_function *fn = kzalloc_obj(*fn, GFP_KERNEL);

	if (!fn)
		return NULL;
	fn->group = group;
	spin_lock_init(&fn->dma_lock);
	INIT_LIST_HEAD(&fn->iommu_node);
	INIT_LIST_HEAD(&fn->poll_node);
	INIT_WORK(&fn->flr_work, flr_work);
	return fn;
}

static void free_function(struct softpci_function *fn)
{
	softpci_sriov_destroy(fn);
	softpci_model_destroy(fn->own_model);
	kfree(fn);
}

/* The model that a description names or asks for, with virtual functions. */
static const struct softpci_model *
choose_model(struct softpci_function *fn,
	     const struct softpci_function_desc *desc)
{
	const struct softpci_model *model = desc->model;

	if (!model) {
		model = softpci_model_create(desc);
		if (IS_ERR(model))
			return model;
		fn->own_model = model;
	}
	return desc->total_vfs ? softpci_sriov_create(fn, model,
						      desc->total_vfs) : model;
}

/**
 * softpci_function_create() - make a function, which nothing can reach yet
 * @desc: what it is to be; not needed afterwards, but for the model, and the name of
 *	  the driver
 *
 * Context: process, may sleep.
 * Return: the function; or an ERR_PTR() of -EINVAL for a description that makes no
 * sense, -ENOMEM, -ENOSPC where there is no memory for BARs, or what the model
 * returned.
 */
struct softpci_function *softpci_function_create(const struct softpci_function_desc *desc)
{
	struct softpci_function *fn = alloc_function(desc->group);
	const struct softpci_model *model;
	int ret;

	if (!fn)
		return ERR_PTR(-ENOMEM);
	fn->driver_override = desc->driver_override;
	model = choose_model(fn, desc);
	ret = PTR_ERR_OR_ZERO(model);
	if (!ret)
		ret = create_parts(fn, model, 0);
	if (ret) {
		free_function(fn);
		return ERR_PTR(ret);
	}
	return fn;
}

/**
 * softpci_function_create_vf() - make a virtual function
 * @pf: its physical function
 * @model: its model
 * @index: its number among those of @pf
 *
 * Context: process, may sleep.
 * Return: the function, as of softpci_function_create().
 */
struct softpci_function *softpci_function_create_vf(struct softpci_function *pf,
						    const struct softpci_model *model,
						    unsigned int index)
{
	struct softpci_function *fn = alloc_function(-1);
	int ret;

	if (!fn)
		return ERR_PTR(-ENOMEM);
	fn->pf = pf;
	ret = create_parts(fn, model, index);
	if (ret) {
		free_function(fn);
		return ERR_PTR(ret);
	}
	return fn;
}

/**
 * softpci_function_live() - plug a function in
 * @fn: the function
 * @devfn: its place on the bus, -1 for any
 *
 * Context: process, may sleep.
 * Return: 0; an errno of softpci_sriov_add() or softpci_bus_insert(), -ENOMEM: it is
 * not plugged in then.
 */
int softpci_function_live(struct softpci_function *fn, int devfn)
{
	int ret;

	ret = softpci_poll_add(fn);
	if (!ret)
		ret = softpci_sriov_add(fn);
	if (!ret)
		ret = softpci_bus_insert(fn, devfn);
	if (ret)
		softpci_function_unplug(fn);
	return ret;
}

/**
 * softpci_function_unplug() - undo softpci_function_live()
 * @fn: the function, also one of which a part is missing
 *
 * Waits for a user of its driver, see softpci_bus_remove().
 *
 * Context: process, may sleep.
 */
void softpci_function_unplug(struct softpci_function *fn)
{
	softpci_bus_remove(fn);
	/* A reset of a physical function begins that of its virtual ones. */
	softpci_inject_end_flr(fn);
	flush_work(&fn->flr_work);
	softpci_sriov_remove(fn);
	softpci_poll_remove(fn);
}

/**
 * softpci_function_destroy() - undo softpci_function_create()
 * @fn: the function, not plugged in
 *
 * Context: process, may sleep.
 */
void softpci_function_destroy(struct softpci_function *fn)
{
	softpci_close(fn->dev);
	destroy_device(fn);
	softpci_function_config_exit(fn);
	softpci_inject_destroy(fn);
	free_bars(fn);
	softpci_layout_destroy(fn->layout);
	free_function(fn);
}

/**
 * softpci_function_init() - make what all functions share
 *
 * Return: 0 or -ENOMEM.
 */
int __init softpci_function_init(void)
{
	/* One that stalls does not keep others from ending. */
	flr_wq = alloc_workqueue("softpci-flr", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return flr_wq ? 0 : -ENOMEM;
}

/** softpci_function_exit() - undo softpci_function_init(), when there are no functions */
void softpci_function_exit(void)
{
	destroy_workqueue(flr_wq);
}

/**
 * softpci_host_add() - have a function on the bus
 * @desc: what it is to be; driver_override has to stay for as long as the function
 *
 * Context: process, may sleep.
 * Return: the function, to be removed by softpci_host_remove(); an ERR_PTR() as of
 * softpci_function_create() and softpci_function_live().
 */
struct softpci_function *softpci_host_add(const struct softpci_function_desc *desc)
{
	struct softpci_function *fn = softpci_function_create(desc);
	int ret;

	if (IS_ERR(fn))
		return fn;
	ret = softpci_function_live(fn, desc->devfn);
	if (ret) {
		softpci_function_destroy(fn);
		return ERR_PTR(ret);
	}
	return fn;
}
EXPORT_SYMBOL_GPL(softpci_host_add);

/**
 * softpci_host_remove() - undo softpci_host_add()
 * @fn: the function
 *
 * Its driver is unbound.
 *
 * Context: process, may sleep.
 */
void softpci_host_remove(struct softpci_function *fn)
{
	softpci_function_unplug(fn);
	softpci_function_destroy(fn);
}
EXPORT_SYMBOL_GPL(softpci_host_remove);

/**
 * softpci_host_is() - is a device of the PCI core this function
 * @fn: the function
 * @pdev: the device
 *
 * Return: whether it is.
 */
bool softpci_host_is(const struct softpci_function *fn, struct pci_dev *pdev)
{
	return softpci_function_of(&pdev->dev) == fn;
}
EXPORT_SYMBOL_GPL(softpci_host_is);
