// SPDX-License-Identifier: GPL-2.0-only
/* What a device says of itself, its regions and its interrupts, with capabilities. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "lsvfio.h"

/* A device that names more is not believed. */
#define MAX_INDEX	4096

/*
 * An answer with capabilities: asked again with as much room as the device wants. @info
 * begins with argsz and flags. NULL: the device does not answer.
 */
static void *ask(int fd, unsigned long request, const void *info, size_t size)
{
	u32 argsz = size, wanted;
	char *answer = NULL;

	do {
		free(answer);
		answer = xcalloc(1, argsz);
		memcpy(answer, info, size);
		memcpy(answer, &argsz, sizeof(argsz));
		if (ioctl(fd, request, answer)) {
			free(answer);
			return NULL;
		}
		memcpy(&wanted, answer, sizeof(wanted));
		if (wanted <= argsz || wanted > 1 << 20)
			break;
		argsz = wanted;
	} while (true);
	/* So much is there, whatever the device says. */
	memcpy(answer, &argsz, sizeof(argsz));
	return answer;
}

/* The capability at a position, or the first one; NULL at the end. Each lies behind the last. */
static const struct vfio_info_cap_header *cap_at(const void *answer, u32 pos, u32 last)
{
	u32 argsz = *(const u32 *)answer;

	if (pos <= last || pos % sizeof(u64) ||
	    (u64)pos + sizeof(struct vfio_info_cap_header) > argsz)
		return NULL;
	return (const void *)((const char *)answer + pos);
}

static void read_sparse(struct region *region, const struct vfio_info_cap_header *header, u32 room)
{
	const struct vfio_region_info_cap_sparse_mmap *cap = (const void *)header;
	u32 i, max;

	if (room < sizeof(*cap))
		return;
	region->sparse = true;
	max = (room - sizeof(*cap)) / sizeof(cap->areas[0]);
	for (i = 0; i < cap->nr_areas && i < max; i++) {
		region->areas = grow(region->areas, &region->nr_areas, sizeof(*region->areas));
		region->areas[i] = (struct area){ cap->areas[i].offset, cap->areas[i].size };
	}
}

static void read_region_caps(struct region *region, const struct vfio_region_info *info)
{
	const struct vfio_info_cap_header *header;
	u32 pos = info->cap_offset, last = 0;

	if (!(info->flags & VFIO_REGION_INFO_FLAG_CAPS))
		return;
	for (; (header = cap_at(info, pos, last)); last = pos, pos = header->next) {
		const struct vfio_region_info_cap_type *type = (const void *)header;

		switch (header->id) {
		case VFIO_REGION_INFO_CAP_SPARSE_MMAP:
			read_sparse(region, header, info->argsz - pos);
			break;
		case VFIO_REGION_INFO_CAP_TYPE:
			if (pos + sizeof(*type) > info->argsz)
				break;
			region->typed = true;
			region->type = type->type;
			region->subtype = type->subtype;
			break;
		case VFIO_REGION_INFO_CAP_MSIX_MAPPABLE:
			region->msix_mappable = true;
			break;
		default:
			region->other_cap = header->id;
		}
	}
}

static void ask_region(struct region *region, int fd, u32 index)
{
	struct vfio_region_info info = { .index = index }, *answer;

	region->index = index;
	answer = ask(fd, VFIO_DEVICE_GET_REGION_INFO, &info, sizeof(info));
	if (!answer)
		return;
	region->flags = answer->flags;
	region->size = answer->size;
	region->offset = answer->offset;
	read_region_caps(region, answer);
	free(answer);
}

static void read_info_caps(struct model *m, const void *answer)
{
	const struct vfio_device_info *info = answer;
	const struct vfio_info_cap_header *header;
	u32 pos = info->cap_offset, last = 0;

	if (!(info->flags & VFIO_DEVICE_FLAGS_CAPS))
		return;
	for (; (header = cap_at(answer, pos, last)); last = pos, pos = header->next)
		if (m->nr_info_caps < ARRAY_SIZE(m->info_cap))
			m->info_cap[m->nr_info_caps++] = header->id;
}

void read_info(struct model *m, int fd)
{
	struct vfio_device_info info = { .flags = 0 }, *answer;
	u32 i;

	answer = ask(fd, VFIO_DEVICE_GET_INFO, &info, sizeof(info));
	if (!answer)
		die(EXIT_DEVICE, "the device does not answer VFIO_DEVICE_GET_INFO: %s",
		    strerror(errno));
	m->flags = answer->flags;
	m->nr_regions = answer->num_regions < MAX_INDEX ? answer->num_regions : MAX_INDEX;
	m->nr_irqs = answer->num_irqs < MAX_INDEX ? answer->num_irqs : MAX_INDEX;
	read_info_caps(m, answer);
	free(answer);

	m->region = xcalloc(m->nr_regions, sizeof(*m->region));
	for (i = 0; i < m->nr_regions; i++)
		ask_region(&m->region[i], fd, i);
	m->irq = xcalloc(m->nr_irqs, sizeof(*m->irq));
	for (i = 0; i < m->nr_irqs; i++) {
		struct vfio_irq_info irq = { .argsz = sizeof(irq), .index = i };

		m->irq[i].index = i;
		if (ioctl(fd, VFIO_DEVICE_GET_IRQ_INFO, &irq))
			continue;
		m->irq[i].flags = irq.flags;
		m->irq[i].count = irq.count;
	}
}

size_t read_region(int fd, const struct region *region, u64 off, void *buf, size_t len)
{
	size_t done = 0;
	ssize_t ret;

	while (done < len) {
		ret = pread(fd, (char *)buf + done, len - done, region->offset + off + done);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret <= 0)
			break;
		done += ret;
	}
	return done;
}
