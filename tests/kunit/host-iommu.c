// SPDX-License-Identifier: GPL-2.0-only
/* The software IOMMU waits for DMA that goes on. */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>

/**
 * struct waiter - a thread that waits for DMA of a domain
 * @dom: the domain
 * @done: it has
 */
struct waiter {
	struct softpci_domain dom;
	struct completion done;
};

static int wait_thread(void *arg)
{
	struct waiter *waiter = arg;

	flush_all(&waiter->dom.domain);
	kthread_complete_and_exit(&waiter->done, 0);
}

static void flushing_waits_for_the_piece_that_is_copied(struct kunit *test)
{
	struct softpci_function *fn = kunit_kzalloc(test, sizeof(*fn), GFP_KERNEL);
	struct waiter *waiter = kunit_kzalloc(test, sizeof(*waiter), GFP_KERNEL);
	struct task_struct *task;
	unsigned int cpu;
	bool waited;

	KUNIT_ASSERT_NOT_NULL(test, fn);
	KUNIT_ASSERT_NOT_NULL(test, waiter);
	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	KUNIT_ASSERT_EQ(test, softpci_pgtable_create(&waiter->dom.pgtable), 0);
	INIT_LIST_HEAD(&waiter->dom.functions);
	init_completion(&waiter->done);
	spin_lock_init(&fn->dma_lock);
	list_add(&fn->iommu_node, &waiter->dom.functions);

	task = kthread_create(wait_thread, waiter, "softpci-wait");
	if (!IS_ERR(task)) {
		migrate_disable();
		cpu = cpumask_any_but(cpu_online_mask, smp_processor_id());
		kthread_bind(task, cpu);
		spin_lock(&fn->dma_lock);
		wake_up_process(task);
		while (!(waited = spin_is_contended(&fn->dma_lock)) &&
		       !completion_done(&waiter->done))
			cpu_relax();
		spin_unlock(&fn->dma_lock);
		migrate_enable();
		wait_for_completion(&waiter->done);
		KUNIT_EXPECT_TRUE(test, waited);
	}
	KUNIT_EXPECT_FALSE(test, IS_ERR(task));
	softpci_pgtable_destroy(&waiter->dom.pgtable);
}

static struct kunit_case host_iommu_cases[] = {
	KUNIT_CASE(flushing_waits_for_the_piece_that_is_copied),
	{}
};

static struct kunit_suite host_iommu_suite = {
	.name = "softpci-host-iommu",
	.test_cases = host_iommu_cases,
};

kunit_test_suite(host_iommu_suite);
