// SPDX-License-Identifier: GPL-2.0-only
/* A model as it is prepared for its devices, and models that are refused. */
#include "kunit.h"

/**
 * struct fixture_device - a device with something of everything
 * @dev: must be first
 * @bytes: its own part
 */
struct fixture_device {
	struct softpci_device dev;
	u8 bytes[16];
};

/* The parts of a model, together, so that each can be changed by itself. */
struct fixture {
	struct softpci_model model;
	struct softpci_region region[4];
	struct softpci_area area[2];
	struct softpci_reg reg[2];
	struct softpci_memory_desc memory[1];
	struct softpci_cap ext_cap[1];
	struct softpci_field field[2];
	struct softpci_field inner[1];
	struct softpci_state state;
};

#define OWN	offsetof(struct fixture_device, bytes)

static bool fixture_get_mode(struct softpci_device *dev,
			     struct softpci_mode *mode)
{
	return false;
}

static const struct softpci_ops fixture_ops = {
	.get_mode = fixture_get_mode,
};

static const struct softpci_ops no_ops = {};

static const struct fixture sound = {
	.model = {
		.device_size	= sizeof(struct fixture_device),
		.ops		= &fixture_ops,
		.vendor		= 0x1122,
		.device		= 0x3344,
		.pin		= 1,
		.nr_msi		= 32,
		.msix		= { .nr = 65, .bar = 2, .table = 0x2000,
				    .pba = 0x2800, },
		.pcie		= true,
		.nr_regions	= 4,
		.nr_memories	= 1,
		.nr_ext_caps	= 1,
		.display	= SOFTPCI_DISPLAY_REGION,
		.display_region	= 9,
	},
	.region = {
		{ .index = 0, .bar = PCI_BASE_ADDRESS_SPACE_IO, .size = 8, },
		{ .index = 2,
		  .bar = PCI_BASE_ADDRESS_MEM_TYPE_64 |
			 PCI_BASE_ADDRESS_MEM_PREFETCH,
		  .size = SZ_64K, .nr_areas = 2, },
		{ .index = 9, .size = 100, },
		{ .index = 4, .size = 16, },
	},
	.area = {
		{ .offset = 0x1000, .size = 0x100, .ops = &softpci_regs_ops,
		  .nr_regs = 2, },
		{ .offset = 0x4000, .size = SZ_16K,
		  .ops = &softpci_memory_ops, },
	},
	.reg = {
		{ .offset = 0, .width = 8, .count = 2, .field = OWN, },
		{ .offset = 0xff, .width = 1, },
	},
	.memory = { { .size = SZ_16K, }, },
	.ext_cap = {
		{ .id = PCI_EXT_CAP_ID_DSN, .version = 1, .len = 8,
		  .body = "softpci", },
	},
	.field = {
		{ .offset = OWN, .width = 1, .count = 8, .stride = 1, },
		{ .offset = OWN + 8, .width = SOFTPCI_FIELD_STRUCT,
		  .count = 2, .stride = 4, .nr_fields = 1, },
	},
	.inner = { { .offset = 0, .width = 4, .count = 1, .stride = 4, }, },
};

static struct fixture *fixture(struct kunit *test)
{
	struct fixture *fix = kunit_kzalloc(test, sizeof(*fix), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fix);
	*fix = sound;
	fix->model.regions = fix->region;
	fix->model.memories = fix->memory;
	fix->model.ext_caps = fix->ext_cap;
	fix->model.state = &fix->state;
	fix->region[1].areas = fix->area;
	fix->area[0].regs = fix->reg;
	fix->state.fields = fix->field;
	fix->state.nr_fields = ARRAY_SIZE(fix->field);
	fix->field[1].fields = fix->inner;
	return fix;
}

static void destroy_layout(void *layout)
{
	softpci_layout_destroy(layout);
}

static const struct softpci_layout *fixture_layout(struct kunit *test,
						   struct fixture *fix)
{
	const struct softpci_layout *layout = softpci_layout_create(&fix->model);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, layout);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, destroy_layout,
							(void *)layout), 0);
	return layout;
}

static void windows_lie_a_page_apart_with_config_space_last(struct kunit *test)
{
	static const struct {
		u32 index;
		u64 start;
		u64 size;
		u8 bar;
	} expected[] = {
		{ 4, 0x01000, 16,	BIT(4) },
		{ 9, 0x03000, 100,	0 },
		{ 2, 0x05000, SZ_64K,	BIT(2) },
		{ 0, 0x16000, 8,	BIT(0) },
		{ 7, 0x18000, SZ_4K,	0 },
	};
	const struct softpci_layout *layout;
	unsigned int i;

	if (PAGE_SIZE != SZ_4K)
		kunit_skip(test, "the offsets are those of pages of 4 KiB");
	layout = fixture_layout(test, fixture(test));
	KUNIT_ASSERT_EQ(test, layout->nr_windows, ARRAY_SIZE(expected));
	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		const struct softpci_window *win = &layout->window[i];

		KUNIT_EXPECT_EQ_MSG(test, win->index, expected[i].index,
				    "window %u", i);
		KUNIT_EXPECT_EQ_MSG(test, win->start, expected[i].start,
				    "window %u", i);
		KUNIT_EXPECT_EQ_MSG(test, win->size, expected[i].size,
				    "window %u", i);
		KUNIT_EXPECT_EQ_MSG(test, win->bar, expected[i].bar,
				    "window %u", i);
	}
	KUNIT_EXPECT_NULL(test, layout->window[4].region);
}

static void region_of_many_gigabytes_moves_those_behind_it(struct kunit *test)
{
	struct fixture *fix = fixture(test);
	const struct softpci_layout *layout;

	fix->region[1].size = BIT_ULL(40);
	layout = fixture_layout(test, fix);
	KUNIT_EXPECT_EQ(test, layout->window[2].size, BIT_ULL(40));
	KUNIT_EXPECT_EQ(test, layout->window[3].start,
			layout->window[2].start + BIT_ULL(40) + PAGE_SIZE);
}

static void number_of_regions_covers_every_index(struct kunit *test)
{
	struct fixture *fix = fixture(test);

	KUNIT_EXPECT_EQ(test, fixture_layout(test, fix)->num_regions, 10);
	fix->region[2].index = 16;
	fix->model.display_region = 16;
	KUNIT_EXPECT_EQ(test, fixture_layout(test, fix)->num_regions, 17);
	fix->model.display = SOFTPCI_DISPLAY_NONE;
	fix->region[2].index = 5;
	fix->region[2].size = 128;
	KUNIT_EXPECT_EQ(test, fixture_layout(test, fix)->num_regions,
			SOFTPCI_NUM_INDEXES);
}

static void each_bar_has_the_bit_that_enables_it(struct kunit *test)
{
	const struct softpci_layout *layout = fixture_layout(test, fixture(test));

	KUNIT_EXPECT_EQ(test, layout->io_bars, BIT(0));
	KUNIT_EXPECT_EQ(test, layout->memory_bars, BIT(2) | BIT(4));
}

static void only_pci_express_has_4_kib_of_config_space(struct kunit *test)
{
	struct fixture *fix = fixture(test);
	const struct softpci_layout *layout = fixture_layout(test, fix);

	KUNIT_EXPECT_EQ(test, layout->config_size, 4096);
	KUNIT_EXPECT_EQ(test, layout->window[4].areas->size, 4096);
	fix->model.pcie = false;
	fix->model.nr_ext_caps = 0;
	layout = fixture_layout(test, fix);
	KUNIT_EXPECT_EQ(test, layout->config_size, 256);
	KUNIT_EXPECT_EQ(test, layout->window[4].size, 256);
	KUNIT_EXPECT_EQ(test, layout->window[4].areas->size, 256);
	KUNIT_EXPECT_EQ(test, layout->window[4].nr_areas, 1);
	KUNIT_EXPECT_PTR_EQ(test, layout->window[4].areas->ops,
			    &softpci_config_ops);
}

/* Before, between and behind those of the model, and in either order. */
static void msix_table_and_pba_become_areas_in_their_place(struct kunit *test)
{
	static const u32 places[] = { 0x0000, 0x2000, 0x8000 };
	const struct softpci_window *win;
	struct fixture *fix = fixture(test);
	unsigned int t, p, i;
	u64 end;

	for (t = 0; t < ARRAY_SIZE(places); t++)
		for (p = 0; p < ARRAY_SIZE(places); p++) {
			unsigned int tables = 0, pbas = 0;

			fix->model.msix.table = places[t];
			fix->model.msix.pba = places[p] + 0x800;
			win = &fixture_layout(test, fix)->window[2];
			KUNIT_ASSERT_EQ(test, win->nr_areas, 4);
			for (i = 0, end = 0; i < 4; i++) {
				const struct softpci_area *area = &win->areas[i];

				KUNIT_EXPECT_GE(test, area->offset, end);
				end = area->offset + area->size;
				if (area->ops == &softpci_msix_table_ops) {
					tables++;
					KUNIT_EXPECT_EQ(test, area->offset,
							places[t]);
					KUNIT_EXPECT_EQ(test, area->size,
							65 * 16);
				}
				if (area->ops == &softpci_msix_pba_ops) {
					pbas++;
					KUNIT_EXPECT_EQ(test, area->offset,
							places[p] + 0x800);
					KUNIT_EXPECT_EQ(test, area->size, 16);
				}
			}
			KUNIT_EXPECT_EQ(test, tables, 1);
			KUNIT_EXPECT_EQ(test, pbas, 1);
		}
}

static void regions_without_msix_use_the_areas_of_the_model(struct kunit *test)
{
	struct fixture *fix = fixture(test);
	const struct softpci_window *win;

	fix->model.msix.nr = 0;
	win = &fixture_layout(test, fix)->window[2];
	KUNIT_EXPECT_PTR_EQ(test, win->areas,
			    (const struct softpci_area *)fix->area);
	KUNIT_EXPECT_EQ(test, win->nr_areas, 2);
}

#define CHANGED(_name, _fault, _field, _val) {				\
	(_name), (_fault), offsetof(struct fixture, _field),		\
	sizeof_field(struct fixture, _field), (_val),			\
}

/**
 * struct fault_case - one number of the sound model, changed
 * @name: of the case
 * @fault: the fault that is found, NULL: none
 * @offset: of the number in struct fixture
 * @width: of it in bytes
 * @val: its new value
 */
static const struct fault_case {
	const char *name;
	const char *fault;
	size_t offset;
	size_t width;
	u64 val;
} fault_cases[] = {
	CHANGED("nothing changed", NULL, model.pin, 1),
	CHANGED("no ops", "no table of callbacks", model.ops, 0),
	CHANGED("a device of no size", "size of the device",
		model.device_size, 0),
	CHANGED("INTE", "interrupt pin", model.pin, 5),
	CHANGED("3 MSI messages", "number of MSI messages", model.nr_msi, 3),
	CHANGED("64 MSI messages", "number of MSI messages", model.nr_msi, 64),
	CHANGED("an extended capability of a conventional device",
		"extended capabilities without PCI Express", model.pcie, false),
	CHANGED("5 memories", "number of memories", model.nr_memories, 5),
	CHANGED("half a page of memory", "size of a memory",
		memory[0].size, PAGE_SIZE / 2),
	CHANGED("no page of memory", "size of a memory", memory[0].size, 0),

	CHANGED("region 8",
		"a region at an index that is neither a BAR's nor free", region[2].index, 8),
	CHANGED("region 6",
		"a region at an index that is neither a BAR's nor free", region[2].index, 6),
	CHANGED("region 10", NULL, region[3].index, 10),
	CHANGED("two BARs 0", "two regions with one index", region[3].index, 0),
	CHANGED("BAR 3 behind a 64-bit BAR 2",
		"a BAR in the upper half of a 64-bit BAR", region[3].index, 3),
	CHANGED("BAR 5 of 32 bits", NULL, region[3].index, 5),
	CHANGED("BAR 5 of 64 bits",
		"no room for the upper half of a 64-bit BAR", region[1].index, 5),
	CHANGED("memory below 1 MiB", "unknown flags of a BAR",
		region[3].bar, PCI_BASE_ADDRESS_MEM_TYPE_1M),
	CHANGED("prefetchable I/O", "unknown flags of a BAR",
		region[0].bar, PCI_BASE_ADDRESS_SPACE_IO | PCI_BASE_ADDRESS_MEM_PREFETCH),
	CHANGED("2 I/O ports", "size of a BAR", region[0].size, 2),
	CHANGED("4 I/O ports", NULL, region[0].size, 4),
	CHANGED("12 I/O ports", "size of a BAR", region[0].size, 12),
	CHANGED("8 bytes of memory", "size of a BAR", region[3].size, 8),
	CHANGED("2 GiB at 32 bits", NULL, region[3].size, SZ_2G),
	CHANGED("4 GiB at 32 bits", "size of a BAR",
		region[3].size, BIT_ULL(32)),
	CHANGED("1 TiB at 64 bits", NULL, region[1].size, BIT_ULL(40)),
	CHANGED("a region of no size", "size of a region", region[2].size, 0),

	CHANGED("an area of no size", "an area outside of its region",
		area[0].size, 0),
	CHANGED("an area that ends behind its region",
		"an area outside of its region", area[1].offset, SZ_64K - SZ_16K + 1),
	CHANGED("an area that wraps", "an area outside of its region",
		area[1].offset, -SZ_16K),
	CHANGED("areas that overlap", "areas overlap, or do not rise",
		area[0].size, 0x3001),
	CHANGED("areas that touch the table of MSI-X", NULL,
		area[0].size, 0x1000),
	CHANGED("an area without ops", "an area without ops", area[0].ops, 0),
	CHANGED("memory at half a page",
		"an area of memory is not page-aligned", area[1].offset, 0x4000 + PAGE_SIZE / 2),
	CHANGED("memory 1 of 1", "an area of a memory that does not exist",
		area[1].memory, 1),
	CHANGED("more than there is of a memory",
		"an area larger than its memory", area[1].size, SZ_32K),
	CHANGED("less than there is of a memory", NULL, area[1].size, SZ_8K),

	CHANGED("a register of 3 bytes", "width of a register",
		reg[0].width, 3),
	CHANGED("a register of no bytes", "width of a register",
		reg[0].width, 0),
	CHANGED("a register of 16 bytes", "width of a register",
		reg[0].width, 16),
	CHANGED("an access of 128 bits", "unknown access width of a register",
		reg[0].access, BIT(4)),
	CHANGED("a register behind the end", "a register outside of its area",
		reg[1].offset, 0x100),
	CHANGED("8 bytes at 4", "alignment of a register", reg[0].offset, 4),
	CHANGED("an array that ends behind the end",
		"a register outside of its area", reg[0].count, 33),
	CHANGED("registers that overlap", "registers overlap",
		reg[1].offset, 15),
	CHANGED("registers that touch", NULL, reg[1].offset, 16),
	CHANGED("a register in the core's part",
		"a register's field outside of the device's part", reg[0].field, OWN - 1),
	CHANGED("a register at the end of the device", NULL,
		reg[0].field, sizeof(struct fixture_device) - 16),
	CHANGED("a register behind the end of the device",
		"a register's field outside of the device's part",
		reg[0].field, sizeof(struct fixture_device) - 15),

	CHANGED("2049 vectors", "number of MSI-X vectors", model.msix.nr, 2049),
	CHANGED("MSI-X in no BAR", "no memory BAR for MSI-X",
		model.msix.bar, 1),
	CHANGED("MSI-X in I/O ports", "no memory BAR for MSI-X",
		model.msix.bar, 0),
	CHANGED("MSI-X in the display", "no memory BAR for MSI-X",
		model.msix.bar, 9),
	CHANGED("a table at 4", "alignment of the MSI-X table or PBA",
		model.msix.table, 0x2004),
	CHANGED("a PBA at 4", "alignment of the MSI-X table or PBA",
		model.msix.pba, 0x2804),
	CHANGED("a table up to the end", NULL,
		model.msix.table, SZ_64K - 65 * 16),
	CHANGED("a table behind the end",
		"MSI-X table or PBA outside of the BAR", model.msix.table, SZ_64K - 65 * 16 + 8),
	CHANGED("a PBA behind the end", "MSI-X table or PBA outside of the BAR",
		model.msix.pba, SZ_64K - 8),
	CHANGED("a PBA in the table", "MSI-X table and PBA overlap",
		model.msix.pba, 0x2408),
	CHANGED("a PBA behind the table", NULL, model.msix.pba, 0x2410),
	CHANGED("a table in memory", "an area overlaps the MSI-X table or PBA",
		model.msix.table, 0x3ff8),
	CHANGED("a PBA in registers", "an area overlaps the MSI-X table or PBA",
		model.msix.pba, 0x10f8),

	CHANGED("a picture in no region", "no region with the picture",
		model.display_region, 16),

	CHANGED("a field of the core's part",
		"a field of the state outside of its struct", field[0].offset, OWN - 1),
	CHANGED("a field behind the end",
		"a field of the state outside of its struct", field[0].count, 17),
	CHANGED("a field up to the end", NULL, field[0].count, 16),
	CHANGED("a field of no elements",
		"a field of the state outside of its struct", field[0].count, 0),
	CHANGED("a struct of no fields",
		"a struct of the state without fields", field[1].nr_fields, 0),
	CHANGED("a field of 3 bytes", "width of a field of the state",
		field[0].width, 3),
	CHANGED("a field wider than its elements",
		"width of a field of the state", field[0].width, 2),
	CHANGED("a field of an element behind its end",
		"a field of the state outside of its struct", inner[0].offset, 1),
};

KUNIT_ARRAY_PARAM_DESC(fault, fault_cases, name);

static void model_is_refused_for_its_fault(struct kunit *test)
{
	const struct fault_case *c = test->param_value;
	struct fixture *fix = fixture(test);
	const char *fault;

	store_uint((void *)fix + c->offset, c->width, c->val);
	fault = model_fault(&fix->model);
	if (c->fault)
		KUNIT_EXPECT_STREQ(test, fault ?: "none", c->fault);
	else
		KUNIT_EXPECT_STREQ(test, fault ?: "none", "none");
}

static void state_nested_without_end_is_refused(struct kunit *test)
{
	struct fixture *fix = fixture(test);

	fix->inner[0].width = SOFTPCI_FIELD_STRUCT;
	fix->inner[0].fields = fix->inner;
	fix->inner[0].nr_fields = 1;
	KUNIT_EXPECT_STREQ(test, model_fault(&fix->model) ?: "none",
			   "fields of the state nested too deep");
}

static void display_needs_a_memory(struct kunit *test)
{
	struct fixture *fix = fixture(test);

	fix->model.nr_memories = 0;
	fix->region[1].nr_areas = 1;
	KUNIT_EXPECT_STREQ(test, model_fault(&fix->model) ?: "none",
			   "a display without memory");
	fix->model.display = SOFTPCI_DISPLAY_DMABUF;
	KUNIT_EXPECT_STREQ(test, model_fault(&fix->model) ?: "none",
			   "a display without memory");
	fix->model.display = SOFTPCI_DISPLAY_NONE;
	KUNIT_EXPECT_NULL(test, model_fault(&fix->model));
}

static void display_needs_modes(struct kunit *test)
{
	struct fixture *fix = fixture(test);

	fix->model.ops = &no_ops;
	KUNIT_EXPECT_STREQ(test, model_fault(&fix->model) ?: "none",
			   "a display without modes");
	fix->model.display = SOFTPCI_DISPLAY_DMABUF;
	KUNIT_EXPECT_STREQ(test, model_fault(&fix->model) ?: "none",
			   "a display without modes");
	fix->model.display = SOFTPCI_DISPLAY_NONE;
	KUNIT_EXPECT_NULL(test, model_fault(&fix->model));
}

static struct kunit_case layout_cases[] = {
	KUNIT_CASE(windows_lie_a_page_apart_with_config_space_last),
	KUNIT_CASE(region_of_many_gigabytes_moves_those_behind_it),
	KUNIT_CASE(number_of_regions_covers_every_index),
	KUNIT_CASE(each_bar_has_the_bit_that_enables_it),
	KUNIT_CASE(only_pci_express_has_4_kib_of_config_space),
	KUNIT_CASE(msix_table_and_pba_become_areas_in_their_place),
	KUNIT_CASE(regions_without_msix_use_the_areas_of_the_model),
	KUNIT_CASE_PARAM(model_is_refused_for_its_fault, fault_gen_params),
	KUNIT_CASE(state_nested_without_end_is_refused),
	KUNIT_CASE(display_needs_a_memory),
	KUNIT_CASE(display_needs_modes),
	{}
};

static struct kunit_suite layout_suite = {
	.name = "softpci-layout",
	.test_cases = layout_cases,
};

kunit_test_suite(layout_suite);
