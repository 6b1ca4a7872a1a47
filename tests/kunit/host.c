// SPDX-License-Identifier: GPL-2.0-only
/* The front end of the KUnit tests; included by device.c. */
#include <linux/vmalloc.h>

#include "kunit.h"

static void host_intx(struct softpci_device *dev, bool asserted)
{
	struct kunit_host *host = dev->host;

	lockdep_assert_held(&dev->lock);
	if (asserted && !host->intx)
		host->nr_intx++;
	host->intx = asserted;
}

static void host_message(struct softpci_device *dev, unsigned int vector)
{
	struct kunit_host *host = dev->host;

	lockdep_assert_held(&dev->lock);
	host->nr_messages++;
	if (vector < ARRAY_SIZE(host->messages))
		host->messages[vector]++;
	else
		KUNIT_FAIL(kunit_get_current_test(), "message %u", vector);
}

static void host_reset(struct softpci_device *dev)
{
	struct kunit_host *host = dev->host;

	lockdep_assert_held(&dev->lock);
	host->resets++;
}

static void host_changed(struct softpci_device *dev)
{
	struct kunit_host *host = dev->host;

	lockdep_assert_held(&dev->lock);
	host->changes++;
	if (host->in_changed)
		host->in_changed(host);
}

static bool overlap(u64 a, u64 a_len, u64 b, u64 b_len)
{
	return a < b + b_len && b < a + a_len;
}

static bool host_is_mapped(const struct kunit_host *host, u64 iova, u64 len,
			   bool write)
{
	if (iova >= host->size || len > host->size - iova)
		return false;
	if (host->hole != KUNIT_NO_HOLE &&
	    overlap(iova, len, host->hole, PAGE_SIZE))
		return false;
	return !(write && host->read_only != KUNIT_NO_HOLE &&
		 overlap(iova, len, host->read_only, PAGE_SIZE));
}

static int host_dma(struct softpci_device *dev, u64 iova, void *buf,
		    size_t len, bool write)
{
	struct kunit_host *host = dev->host;

	might_sleep();
	host->accesses++;
	if (!host_is_mapped(host, iova, len, write))
		return -EIO;
	if (write)
		memcpy(host->memory + iova, buf, len);
	else
		memcpy(buf, host->memory + iova, len);
	if (host->in_access)
		host->in_access(host);
	return 0;
}

static int host_dma_read(struct softpci_device *dev, u64 iova, void *buf,
			 size_t len)
{
	return host_dma(dev, iova, buf, len, false);
}

static int host_dma_write(struct softpci_device *dev, u64 iova,
			  const void *buf, size_t len)
{
	return host_dma(dev, iova, (void *)buf, len, true);
}

static int host_pin(struct softpci_device *dev, u64 iova, unsigned int nr,
		    bool writable, struct page **pages)
{
	struct kunit_host *host = dev->host;
	unsigned int i;

	might_sleep();
	lockdep_assert_held(&dev->dma.pinning);
	if (!IS_ALIGNED(iova, PAGE_SIZE) ||
	    !host_is_mapped(host, iova, nr * PAGE_SIZE, writable))
		return -EIO;
	for (i = 0; i < nr; i++)
		pages[i] = vmalloc_to_page(host->memory + iova +
					   i * PAGE_SIZE);
	host->pinned += nr;
	if (host->in_access)
		host->in_access(host);
	return 0;
}

static void host_unpin(struct softpci_device *dev, u64 iova, unsigned int nr)
{
	struct kunit_host *host = dev->host;

	might_sleep();
	lockdep_assert_held(&dev->dma.pinning);
	if (host->in_unpin)
		host->in_unpin(host);
	host->pinned -= nr;
}

const struct softpci_host_ops kunit_host_ops = {
	.intx		= host_intx,
	.message	= host_message,
	.reset		= host_reset,
	.dma_read	= host_dma_read,
	.dma_write	= host_dma_write,
	.pin		= host_pin,
	.unpin		= host_unpin,
	.changed	= host_changed,
};
EXPORT_SYMBOL_GPL(kunit_host_ops);

static void action_free(void *memory)
{
	vfree(memory);
}

static void action_destroy_layout(void *layout)
{
	softpci_layout_destroy(layout);
}

static void action_destroy(void *dev)
{
	softpci_destroy(dev);
}

static void action_close(void *dev)
{
	softpci_close(dev);
}

/* A front end without a device, for a layout of @model. */
static struct kunit_host *host_for(struct kunit *test,
				   const struct softpci_model *model)
{
	struct kunit_host *host;

	host = kunit_kzalloc(test, sizeof(*host), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, host);
	host->size = KUNIT_MEMORY_SIZE;
	host->hole = KUNIT_NO_HOLE;
	host->read_only = KUNIT_NO_HOLE;
	host->memory = vzalloc(host->size);
	KUNIT_ASSERT_NOT_NULL(test, host->memory);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, action_free,
							host->memory), 0);
	host->layout = softpci_layout_create(model);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, host->layout);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, action_destroy_layout,
						  (void *)host->layout), 0);
	return host;
}

/**
 * kunit_closed_device() - a device before its first user opens it
 * @test: at whose end it is destroyed
 * @model: its model
 *
 * Return: its front end.
 */
struct kunit_host *kunit_closed_device(struct kunit *test,
				       const struct softpci_model *model)
{
	struct kunit_host *host = host_for(test, model);

	host->dev = softpci_create(host->layout, &guid_null, &kunit_host_ops,
				   host);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, host->dev);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, action_destroy,
							host->dev), 0);
	return host;
}
EXPORT_SYMBOL_GPL(kunit_closed_device);

/**
 * kunit_device() - an open device
 * @test: at whose end it is closed and destroyed
 * @model: its model
 *
 * Return: its front end.
 */
struct kunit_host *kunit_device(struct kunit *test,
				const struct softpci_model *model)
{
	struct kunit_host *host = kunit_closed_device(test, model);

	KUNIT_ASSERT_EQ(test, softpci_open(host->dev), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, action_close,
							host->dev), 0);
	return host;
}
EXPORT_SYMBOL_GPL(kunit_device);

/**
 * kunit_close() - close the device of kunit_device() before the test's end
 * @test: the same
 * @host: its front end
 */
void kunit_close(struct kunit *test, struct kunit_host *host)
{
	kunit_release_action(test, action_close, host->dev);
}
EXPORT_SYMBOL_GPL(kunit_close);

/**
 * kunit_destroy() - destroy a closed device before the test's end
 * @test: the same
 * @host: its front end
 */
void kunit_destroy(struct kunit *test, struct kunit_host *host)
{
	kunit_release_action(test, action_destroy, host->dev);
	host->dev = NULL;
}
EXPORT_SYMBOL_GPL(kunit_destroy);

/**
 * kunit_copy_state() - load the state of a device into another one
 * @test: the test
 * @from: an open device; quiesced by this
 * @to: the same
 *
 * Return: as softpci_state_load().
 */
int kunit_copy_state(struct kunit *test, struct softpci_device *from,
		     struct softpci_device *to)
{
	int size = softpci_state_size(from);
	u8 *buf = kunit_kzalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	softpci_quiesce(from);
	softpci_quiesce(to);
	KUNIT_ASSERT_EQ(test, softpci_state_save(from, buf, size), size);
	return softpci_state_load(to, buf, size);
}
EXPORT_SYMBOL_GPL(kunit_copy_state);

/**
 * kunit_access() - an access to a region
 * @dev: the device
 * @index: of the region; KUNIT_CONFIG is config space
 * @pos: first byte, from the start of the region
 * @buf: where to or where from
 * @len: bytes
 * @write: from @buf to the device
 *
 * Return: as softpci_access(); -ENXIO if there is no such region.
 */
int kunit_access(struct softpci_device *dev, u32 index, u64 pos, void *buf,
		 size_t len, bool write)
{
	const struct softpci_layout *layout = dev->layout;
	unsigned int i;

	for (i = 0; i < layout->nr_windows; i++)
		if (layout->window[i].index == index)
			return softpci_access(dev, &layout->window[i], pos, buf,
					      len, write);
	return -ENXIO;
}
EXPORT_SYMBOL_GPL(kunit_access);
