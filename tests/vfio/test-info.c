// SPDX-License-Identifier: GPL-2.0-only
/* Description of a device: VFIO_DEVICE_GET_INFO, _GET_REGION_INFO, _GET_IRQ_INFO. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/bochs.h"
#include "../lib/cases.h"
#include "../lib/irq.h"

#define RW	(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define RWM	(RW | VFIO_REGION_INFO_FLAG_MMAP)

/* Each ioctl that answers into a struct whose size the caller tells. */
static const struct ask {
	const char *name;
	unsigned long cmd;
	size_t minsz;
	u32 index;
} asks[] = {
	{ "GET_INFO", VFIO_DEVICE_GET_INFO, 16, 0 },
	{ "GET_REGION_INFO", VFIO_DEVICE_GET_REGION_INFO, 32, CONFIG },
	{ "GET_IRQ_INFO", VFIO_DEVICE_GET_IRQ_INFO, 16, REQ },
};

#define INDEX_AT	8	/* in the struct of both that have one */

static void fill_question(void *buf, const struct ask *ask, u32 argsz)
{
	memcpy(buf, &argsz, sizeof(argsz));
	if (ask->index)
		memcpy(buf + INDEX_AT, &ask->index, sizeof(ask->index));
}

static void device_is_pci_and_can_be_reset(struct env *env)
{
	struct vfio_device_info info = vfio_info(&env->dev);

	check_eq(info.flags, VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET);
	check_eq(info.num_irqs, VFIO_PCI_NUM_IRQS);
}

static void num_regions_covers_every_index(struct env *env)
{
	unsigned int nr = vfio_info(&env->dev).num_regions;

	check(nr >= VFIO_PCI_NUM_REGIONS);
	if (env->model->bit & MDPY)
		check_eq(nr, MDPY_DISPLAY + 1);
	if (env->model->bit & MBOCHS)
		check(edid_region(&env->dev) >= VFIO_PCI_NUM_REGIONS);
}

static void regions_have_size_and_flags(struct env *env)
{
	unsigned int i, nr = vfio_info(&env->dev).num_regions;
	u32 want_size, want_flags;

	for (i = 0; i < nr; i++) {
		const struct vfio_region_info *info = vfio_region(&env->dev, i);

		note("region %u", i);
		if (i >= VFIO_PCI_NUM_REGIONS && info->flags & VFIO_REGION_INFO_FLAG_CAPS)
			continue;	/* device-specific, see below */
		want_size = 0;
		want_flags = RW;
		if (i < ARRAY_SIZE(env->model->bar)) {
			want_size = env->model->bar[i].size;
			if (env->model->bar[i].mmap)
				want_flags = RWM;
			if (env->model->bar[i].mmap_from)
				want_flags |= VFIO_REGION_INFO_FLAG_CAPS;
		} else if (i == CONFIG) {
			want_size = model_config_size(env->model);
		} else if (i == MDPY_DISPLAY) {
			check_eq(info->size, vfio_region(&env->dev, 0)->size);
			check(info->flags & VFIO_REGION_INFO_FLAG_READ);
			continue;
		}
		check_eq(info->size, want_size);
		check_eq(info->flags, want_size ? want_flags : 0);
	}
}

static void only_mbochs_has_an_edid_region(struct env *env)
{
	int index = edid_region(&env->dev);

	if (!(env->model->bit & MBOCHS)) {
		check_eq(index, -ENOENT);
		return;
	}
	check_eq(vfio_region(&env->dev, index)->flags, RW | VFIO_REGION_INFO_FLAG_CAPS);
	check(vfio_region(&env->dev, index)->size >= sizeof(struct vfio_region_gfx_edid) + 1024);
}

static void capabilities_wait_for_a_buffer_that_holds_them(struct env *env)
{
	struct vfio_region_info_cap_type type;
	u8 buf[sizeof(struct vfio_region_info) + sizeof(type)];
	struct vfio_region_info *info = (void *)buf;
	u32 argsz;

	for (argsz = sizeof(*info); argsz <= sizeof(buf); argsz++) {
		note("argsz %u", argsz);
		memset(buf, 0, sizeof(buf));
		info->argsz = argsz;
		info->index = edid_region(&env->dev);
		check_eq(sys(ioctl(env->dev.fd, VFIO_DEVICE_GET_REGION_INFO, info)), 0);
		check(info->flags & VFIO_REGION_INFO_FLAG_CAPS);
		check_eq(info->argsz, sizeof(buf));
		check_eq(info->cap_offset, argsz < sizeof(buf) ? 0 : sizeof(*info));
	}
	memcpy(&type, buf + info->cap_offset, sizeof(type));
	check_eq(type.header.id, VFIO_REGION_INFO_CAP_TYPE);
	check_eq(type.header.next, 0);
	check_eq(type.type, VFIO_REGION_TYPE_GFX);
	check_eq(type.subtype, VFIO_REGION_SUBTYPE_GFX_EDID);
}

/* Registers cannot be mapped, and neither can what shares a page with them. */
static void a_region_that_is_mapped_in_part_says_which_part(struct env *env)
{
	const struct model_bar *bar = &env->model->bar[0];
	struct {
		struct vfio_region_info info;
		struct vfio_region_info_cap_sparse_mmap sparse;
		struct vfio_region_sparse_mmap_area area;
		u8 more[64];
	} got = {
		.info = { .argsz = sizeof(got), .index = VFIO_PCI_BAR0_REGION_INDEX },
	};

	check_eq(sys(ioctl(env->dev.fd, VFIO_DEVICE_GET_REGION_INFO, &got)), 0);
	check_eq(got.info.flags, RWM | VFIO_REGION_INFO_FLAG_CAPS);
	check_eq(got.info.cap_offset, sizeof(got.info));
	check_eq(got.sparse.header.id, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	check_eq(got.sparse.header.version, 1);
	check_eq(got.sparse.header.next, 0);
	check_eq(got.sparse.nr_areas, 1);
	check_eq(got.area.offset, bar->mmap_from);
	check_eq(got.area.size, bar->size - bar->mmap_from);
}

static void region_index_out_of_range_is_einval(struct env *env)
{
	struct vfio_region_info info;

	check_eq(__vfio_region_info(&env->dev, vfio_info(&env->dev).num_regions, &info), -EINVAL);
	check_eq(__vfio_region_info(&env->dev, INT32_MAX, &info), -EINVAL);
	check_eq(__vfio_region_info(&env->dev, UINT32_MAX, &info), -EINVAL);
}

static void irqs_have_count_and_flags(struct env *env)
{
	const struct {
		unsigned int index, count;
		u32 flags;
	} want[] = {
		{ INTX, env->model->pin, VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
					 VFIO_IRQ_INFO_AUTOMASKED },
		{ MSI, env->model->nr_ports, VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE },
		/* Vectors can be added while others are enabled, if there are any. */
		{ MSIX, env->model->nr_msix, VFIO_IRQ_INFO_EVENTFD |
			(env->model->nr_msix ? 0 : VFIO_IRQ_INFO_NORESIZE) },
		{ ERR, env->model->pcie, VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE },
		{ REQ, 1, VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE },
	};
	struct vfio_irq_info info;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		note("irq index %u", want[i].index);
		info = vfio_irq_info(&env->dev, want[i].index);
		check_eq(info.count, want[i].count);
		/* Whether there are any or not: as in vfio-pci. */
		check_eq(info.flags, want[i].flags);
	}
}

static void irq_index_out_of_range_is_einval(struct env *env)
{
	struct vfio_irq_info info;

	check_eq(__vfio_irq_info(&env->dev, VFIO_PCI_NUM_IRQS, &info), -EINVAL);
	check_eq(__vfio_irq_info(&env->dev, INT32_MAX, &info), -EINVAL);
	check_eq(__vfio_irq_info(&env->dev, UINT32_MAX, &info), -EINVAL);
}

/* Below the minimum EINVAL, and never a byte behind what the caller has. */
static void argsz_is_respected(struct env *env)
{
	u8 buf[256], before[256];
	const struct ask *ask;
	u32 argsz;

	for (ask = asks; ask < asks + ARRAY_SIZE(asks); ask++)
		for (argsz = 0; argsz <= sizeof(buf); argsz++) {
			note("%s argsz %u", ask->name, argsz);
			memset(before, 0xee, sizeof(before));
			fill_question(before, ask, argsz);
			memcpy(buf, before, sizeof(buf));
			if (argsz < ask->minsz) {
				check_eq(sys(ioctl(env->dev.fd, ask->cmd, buf)), -EINVAL);
				check_mem(buf, before, sizeof(buf));
			} else {
				check_eq(sys(ioctl(env->dev.fd, ask->cmd, buf)), 0);
				check_mem(buf + argsz, before + argsz, sizeof(buf) - argsz);
			}
		}
}

static void bad_pointers_are_efault(struct env *env)
{
	size_t page = sysconf(_SC_PAGESIZE);
	const struct ask *ask;
	u8 *two;

	two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(two != MAP_FAILED);
	check_eq(sys(mprotect(two + page, page, PROT_NONE)), 0);

	for (ask = asks; ask < asks + ARRAY_SIZE(asks); ask++) {
		u8 *cut = two + page - ask->minsz + 1;

		note("%s", ask->name);
		check_eq(sys(ioctl(env->dev.fd, ask->cmd, NULL)), -EFAULT);
		check_eq(sys(ioctl(env->dev.fd, ask->cmd, two + page)), -EFAULT);
		fill_question(cut, ask, ask->minsz);
		check_eq(sys(ioctl(env->dev.fd, ask->cmd, cut)), -EFAULT);

		fill_question(two, ask, ask->minsz);
		check_eq(sys(mprotect(two, page, PROT_READ)), 0);
		check_eq(sys(ioctl(env->dev.fd, ask->cmd, two)), -EFAULT);
		check_eq(sys(mprotect(two, page, PROT_READ | PROT_WRITE)), 0);
	}
}

static void unknown_ioctls_are_enotty(struct env *env)
{
	static const unsigned long unknown[] = {
		VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, VFIO_DEVICE_PCI_HOT_RESET,
		VFIO_DEVICE_IOEVENTFD, VFIO_GROUP_GET_STATUS,
		_IO(VFIO_TYPE, VFIO_BASE + 99), _IO('!', 0), 0, ~0UL,
	};
	u8 buf[256] = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		note("ioctl %#lx", unknown[i]);
		check_eq(sys(ioctl(env->dev.fd, unknown[i], buf)), -ENOTTY);
	}
}

static void mappable_offsets_are_page_aligned(struct env *env)
{
	unsigned int i, nr = vfio_info(&env->dev).num_regions;

	for (i = 0; i < nr; i++) {
		note("region %u", i);
		if (vfio_region(&env->dev, i)->flags & VFIO_REGION_INFO_FLAG_MMAP)
			check_eq(vfio_region(&env->dev, i)->offset % sysconf(_SC_PAGESIZE), 0);
	}
}

/* So that what runs over the end of one falls into nothing, not into another. */
static void gaps_lie_between_regions(struct env *env)
{
	unsigned int i, j, nr = vfio_info(&env->dev).num_regions;

	for (i = 0; i < nr; i++)
		for (j = 0; j < nr; j++) {
			const struct vfio_region_info *a = vfio_region(&env->dev, i);
			const struct vfio_region_info *b = vfio_region(&env->dev, j);

			note("regions %u and %u", i, j);
			if (i != j && a->size && b->size && a->offset <= b->offset)
				check(a->offset + a->size < b->offset);
		}
}

/* No formula from index to offset is right for all types. */
static void offsets_must_be_asked_for(struct env *env)
{
	static const unsigned int indices[] = { VFIO_PCI_BAR0_REGION_INDEX, CONFIG };
	struct env envs[NR_MODELS] = {};
	unsigned int i, m, differ;

	for (m = 0; m < NR_MODELS; m++)
		env_open(&envs[m], models[m].type, env->door);
	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		note("region %u of all types", indices[i]);
		for (differ = 0, m = 1; m < NR_MODELS; m++)
			differ += vfio_region(&envs[m].dev, indices[i])->offset !=
				  vfio_region(&envs[0].dev, indices[i])->offset;
		check(differ);
	}
}

static unsigned int log_lines(int kmsg)
{
	unsigned int lines = 0;
	char record[8192];

	/* EPIPE: records were overwritten before they could be read. */
	while (read(kmsg, record, sizeof(record)) > 0 || errno == EPIPE)
		lines++;
	return lines;
}

static void mistakes_do_not_fill_the_log(struct env *env)
{
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	s32 no_event = env->dev.fd;
	struct vfio_irq_info info;
	u64 ones = ~0ULL;
	unsigned int i, nr;

	if (kmsg < 0)
		skip_case("cannot open /dev/kmsg");
	check(lseek(kmsg, 0, SEEK_END) >= 0);
	nr = vfio_info(&env->dev).num_regions;

	for (i = 0; i < 500; i++) {
		ioctl(env->dev.fd, VFIO_DEVICE_GET_INFO, NULL);
		ioctl(env->dev.fd, _IO(VFIO_TYPE, VFIO_BASE + 99), NULL);
		__vfio_irq_info(&env->dev, 99, &info);
		__irq_assign(&env->dev, INTX, 0, 1, &no_event);
		__region_read(&env->dev, CONFIG, model_config_size(env->model) + i, &ones, 8);
		__region_write(&env->dev, CONFIG, i % CONFIG_SIZE, &ones, 8);
		__region_write(&env->dev, i % nr, i, &ones, 8);
	}
	check(log_lines(kmsg) < 50);
}

const struct test_case cases[] = {
	CASE(device_is_pci_and_can_be_reset, EACH),
	CASE(num_regions_covers_every_index, EACH),
	CASE(regions_have_size_and_flags, EACH),
	CASE(only_mbochs_has_an_edid_region, EACH),
	CASE(capabilities_wait_for_a_buffer_that_holds_them, MBOCHS),
	CASE(a_region_that_is_mapped_in_part_says_which_part, EXAMPLE),
	CASE(region_index_out_of_range_is_einval, EACH),
	CASE(irqs_have_count_and_flags, EACH),
	CASE(irq_index_out_of_range_is_einval, EACH),
	CASE(argsz_is_respected, EACH),
	CASE(bad_pointers_are_efault, EACH),
	CASE(unknown_ioctls_are_enotty, EACH),
	CASE(mappable_offsets_are_page_aligned, EACH),
	CASE(gaps_lie_between_regions, EACH),
	CASE(offsets_must_be_asked_for, NO_DEVICE),
	CASE(mistakes_do_not_fill_the_log, MDPY_VGA | MBOCHS_SMALL | MTTY_2 | EXAMPLE),
	{}
};
