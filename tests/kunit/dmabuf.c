// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that imports a dma-buf.  vgem, which user space has, does not map at
 * import in newer kernels.
 */
#include <kunit/device.h>

#include "kunit.h"

#define DMABUF_PAGES	8
#define DMABUF_FIRST	3

/**
 * struct kunit_import - a part of some memory, and a device that imports it
 * @dmabuf: pages DMABUF_FIRST and on
 * @attach: the device's attachment
 * @pages: the pages
 */
struct kunit_import {
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	struct page *pages[DMABUF_PAGES];
};

static void put_ram(void *ram)
{
	fput(ram);
}

static void put_dmabuf(void *data)
{
	struct kunit_import *import = data;
	unsigned int i;

	for (i = 0; i < DMABUF_PAGES; i++)
		put_page(import->pages[i]);
	dma_buf_put(import->dmabuf);
}

static void detach(void *data)
{
	struct kunit_import *import = data;

	dma_buf_detach(import->dmabuf, import->attach);
}

static struct kunit_import *import_memory(struct kunit *test)
{
	struct device *dev = kunit_device_register(test, "importer");
	struct kunit_import *import;
	struct file *ram;
	unsigned int i;

	import = kunit_kzalloc(test, sizeof(*import), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, import);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	dev->coherent_dma_mask = DMA_BIT_MASK(64);
	dev->dma_mask = &dev->coherent_dma_mask;

	ram = shmem_file_setup("kunit", (DMABUF_FIRST + DMABUF_PAGES) * PAGE_SIZE,
			       mk_vma_flags(VMA_NORESERVE_BIT));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ram);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_ram, ram), 0);
	for (i = 0; i < DMABUF_PAGES; i++) {
		import->pages[i] = shmem_read_mapping_page(ram->f_mapping,
							   DMABUF_FIRST + i);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, import->pages[i]);
	}
	import->dmabuf = dmabuf_export(ram, DMABUF_FIRST * PAGE_SIZE,
				       DMABUF_PAGES * PAGE_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, import->dmabuf);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_dmabuf, import), 0);
	import->attach = dma_buf_attach(import->dmabuf, dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, import->attach);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, detach, import), 0);
	return import;
}

static void device_sees_the_memory_itself(struct kunit *test)
{
	struct kunit_import *import = import_memory(test);
	struct sg_dma_page_iter it;
	struct sg_table *sgt;
	unsigned int i = 0;

	sgt = dma_buf_map_attachment_unlocked(import->attach, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	for_each_sgtable_dma_page(sgt, &it, 0) {
		KUNIT_ASSERT_LT(test, i, DMABUF_PAGES);
		KUNIT_EXPECT_EQ(test, sg_page_iter_dma_address(&it),
				page_to_phys(import->pages[i++]));
	}
	KUNIT_EXPECT_EQ(test, i, DMABUF_PAGES);
	dma_buf_unmap_attachment_unlocked(import->attach, sgt, DMA_BIDIRECTIONAL);
}

static bool sees_a_copy(struct device *dev, struct sg_table *sgt,
			struct page **pages)
{
	return false;
}

static void device_that_sees_a_copy_is_refused(struct kunit *test)
{
	struct kunit_import *import = import_memory(test);
	int refs = page_count(import->pages[0]);
	struct sg_table *sgt;

	kunit_activate_static_stub(test, sees_memory, sees_a_copy);
	sgt = dma_buf_map_attachment_unlocked(import->attach, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(sgt), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, page_count(import->pages[0]), refs);
	kunit_deactivate_static_stub(test, sees_memory);

	sgt = dma_buf_map_attachment_unlocked(import->attach, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_GT(test, page_count(import->pages[0]), refs);
	dma_buf_unmap_attachment_unlocked(import->attach, sgt, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, page_count(import->pages[0]), refs);
}

static struct kunit_case dmabuf_cases[] = {
	KUNIT_CASE(device_sees_the_memory_itself),
	KUNIT_CASE(device_that_sees_a_copy_is_refused),
	{}
};

static struct kunit_suite dmabuf_suite = {
	.name = "softpci-dmabuf",
	.test_cases = dmabuf_cases,
};

kunit_test_suite(dmabuf_suite);
