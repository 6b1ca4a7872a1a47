// SPDX-License-Identifier: GPL-2.0-only
/* Models that are made to order, and descriptions that are refused. */
#include "kunit.h"

static const struct softpci_function_desc good_desc = {
	.vendor = PCI_VENDOR_ID_REDHAT,
	.device = 0x1234,
	.subsystem_vendor = 0x5678,
	.subsystem_device = 0x9abc,
	.class = 0x123456,
	.revision = 0x42,
	.bar_size = { SZ_64K, 0, SZ_16M, 0, 0, SZ_4K },
	.bar_flags = {
		[2] = PCI_BASE_ADDRESS_MEM_TYPE_64 |
		      PCI_BASE_ADDRESS_MEM_PREFETCH,
	},
	.nr_msi = 8,
	.pcie = true,
};

static void destroy_model(void *model)
{
	softpci_model_destroy(model);
}

static const struct softpci_model *
create_model(struct kunit *test, const struct softpci_function_desc *desc)
{
	const struct softpci_model *model = softpci_model_create(desc);

	KUNIT_ASSERT_FALSE(test, IS_ERR(model));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, destroy_model,
							(void *)model), 0);
	return model;
}

static void model_has_the_ids_of_its_description(struct kunit *test)
{
	const struct softpci_model *model = create_model(test, &good_desc);

	KUNIT_EXPECT_EQ(test, model->vendor, PCI_VENDOR_ID_REDHAT);
	KUNIT_EXPECT_EQ(test, model->device, 0x1234);
	KUNIT_EXPECT_EQ(test, model->subsystem_vendor, 0x5678);
	KUNIT_EXPECT_EQ(test, model->subsystem_device, 0x9abc);
	KUNIT_EXPECT_EQ(test, model->class, 0x123456);
	KUNIT_EXPECT_EQ(test, model->revision, 0x42);
	KUNIT_EXPECT_EQ(test, model->nr_msi, 8);
	KUNIT_EXPECT_EQ(test, model->msix.nr, 0);
	KUNIT_EXPECT_TRUE(test, model->pcie);
}

static void each_bar_with_a_size_is_a_region(struct kunit *test)
{
	const struct softpci_model *model = create_model(test, &good_desc);

	KUNIT_ASSERT_EQ(test, model->nr_regions, 3);
	KUNIT_EXPECT_EQ(test, model->regions[0].index, 0);
	KUNIT_EXPECT_EQ(test, model->regions[0].size, SZ_64K);
	KUNIT_EXPECT_EQ(test, model->regions[0].bar, 0);
	KUNIT_EXPECT_EQ(test, model->regions[1].index, 2);
	KUNIT_EXPECT_EQ(test, model->regions[1].size, SZ_16M);
	KUNIT_EXPECT_EQ(test, model->regions[1].bar,
			PCI_BASE_ADDRESS_MEM_TYPE_64 |
			PCI_BASE_ADDRESS_MEM_PREFETCH);
	KUNIT_EXPECT_EQ(test, model->regions[2].index, 5);
}

static void msix_is_at_the_end_of_the_last_bar_with_room(struct kunit *test)
{
	struct softpci_function_desc desc = good_desc;
	const struct softpci_model *model;

	/* 254 entries and 4 quadwords are a page. */
	desc.nr_msix = 254;
	model = create_model(test, &desc);
	KUNIT_EXPECT_EQ(test, model->msix.bar, 5);
	KUNIT_EXPECT_EQ(test, model->msix.table, 0);
	KUNIT_EXPECT_EQ(test, model->msix.pba, 254 * PCI_MSIX_ENTRY_SIZE);

	desc.nr_msix = 255;
	model = create_model(test, &desc);
	KUNIT_EXPECT_EQ(test, model->msix.nr, 255);
	KUNIT_EXPECT_EQ(test, model->msix.bar, 2);
	KUNIT_EXPECT_EQ(test, model->msix.table, SZ_16M - 2 * SZ_4K);
}

static void msix_without_room_is_refused(struct kunit *test)
{
	struct softpci_function_desc desc = good_desc;

	memset(desc.bar_size, 0, sizeof(desc.bar_size));
	desc.bar_size[0] = SZ_32K;
	desc.nr_msix = SOFTPCI_MAX_MSIX;
	KUNIT_EXPECT_EQ(test, PTR_ERR(softpci_model_create(&desc)), -EINVAL);
	desc.bar_size[0] = SZ_64K;
	create_model(test, &desc);
}

static void every_number_of_vectors_makes_a_layout(struct kunit *test)
{
	struct softpci_function_desc desc = good_desc;

	for (desc.nr_msix = 1; desc.nr_msix <= SOFTPCI_MAX_MSIX;
	     desc.nr_msix += 23) {
		const struct softpci_model *model = create_model(test, &desc);
		const struct softpci_layout *layout = softpci_layout_create(model);

		KUNIT_ASSERT_FALSE(test, IS_ERR(layout));
		softpci_layout_destroy(layout);
	}
}

struct desc_fault {
	const char *text;
	void (*make)(struct softpci_function_desc *desc);
};

#define FAULT(_name, _text, _statement)					\
static void make_##_name(struct softpci_function_desc *d)		\
{									\
	_statement;							\
}									\
static const struct desc_fault fault_##_name = { _text, make_##_name }

FAULT(no_vendor, "no function has this vendor id", d->vendor = 0);
FAULT(not_ready, "no function has this vendor id", d->vendor = 1);
FAULT(absent, "no function has this vendor id", d->vendor = 0xffff);
FAULT(class, "a class has 24 bits", d->class = 0x1000000);
FAULT(bridge, "a bridge has another header", d->class = 0x060400);
FAULT(ide, "IDE in native mode only", d->class = 0x010180);
FAULT(io_bar, "a BAR is memory", d->bar_flags[0] = PCI_BASE_ADDRESS_SPACE_IO);
FAULT(odd_bar, "the size of a BAR is a power of two from 4K on", d->bar_size[0] = 3 * SZ_4K);
FAULT(small_bar, "the size of a BAR is a power of two from 4K on", d->bar_size[0] = SZ_2K);
FAULT(large_bar, "a BAR of more than 2G has 64 bits", d->bar_size[0] = SZ_4G);
FAULT(huge_bar, "a BAR has 1P at most", d->bar_size[2] = BIT_ULL(51));
FAULT(last_bar, "the last BAR cannot have 64 bits", d->bar_flags[5] = PCI_BASE_ADDRESS_MEM_TYPE_64);
FAULT(pair, "a BAR of 64 bits takes the next one as well", d->bar_size[3] = SZ_4K);
FAULT(msi, "MSI messages are a power of two up to 32", d->nr_msi = 3);
FAULT(many_msi, "MSI messages are a power of two up to 32", d->nr_msi = 64);
FAULT(msix, "MSI-X vectors are 2048 at most", d->nr_msix = 2049);

static const struct desc_fault *const desc_faults[] = {
	&fault_no_vendor, &fault_not_ready, &fault_absent, &fault_class,
	&fault_bridge, &fault_ide, &fault_io_bar, &fault_odd_bar,
	&fault_small_bar, &fault_large_bar, &fault_huge_bar, &fault_last_bar, &fault_pair,
	&fault_msi, &fault_many_msi, &fault_msix,
};

static void description_is_refused_for_its_fault(struct kunit *test)
{
	unsigned int i;

	KUNIT_EXPECT_NULL(test, desc_fault(&good_desc));
	for (i = 0; i < ARRAY_SIZE(desc_faults); i++) {
		struct softpci_function_desc desc = good_desc;

		desc_faults[i]->make(&desc);
		KUNIT_EXPECT_STREQ(test, desc_fault(&desc) ?: "none",
				   desc_faults[i]->text);
	}
}

static void model_is_found_by_its_name(struct kunit *test)
{
	KUNIT_EXPECT_PTR_EQ(test, softpci_model_find("plain"),
			    &softpci_models[0]);
	KUNIT_EXPECT_PTR_EQ(test, softpci_model_find("plain\n"),
			    &softpci_models[0]);
	KUNIT_EXPECT_NULL(test, softpci_model_find("plai"));
	KUNIT_EXPECT_NULL(test, softpci_model_find(""));
}

static struct kunit_case model_cases[] = {
	KUNIT_CASE(model_has_the_ids_of_its_description),
	KUNIT_CASE(each_bar_with_a_size_is_a_region),
	KUNIT_CASE(msix_is_at_the_end_of_the_last_bar_with_room),
	KUNIT_CASE(msix_without_room_is_refused),
	KUNIT_CASE(every_number_of_vectors_makes_a_layout),
	KUNIT_CASE(description_is_refused_for_its_fault),
	KUNIT_CASE(model_is_found_by_its_name),
	{}
};

static struct kunit_suite model_suite = {
	.name = "softpci-host-model",
	.test_cases = model_cases,
};

kunit_test_suite(model_suite);
