// SPDX-License-Identifier: GPL-2.0-only
/* The printer for a reader. */
#include "lsvfio.h"

static void put_flags(FILE *out, const struct flag_name *names, u64 flags)
{
	bool any = false;

	for (; names->name; names++) {
		if (!(flags & names->flag))
			continue;
		fprintf(out, "%s%s", any ? " " : "", names->name);
		any = true;
		flags &= ~names->flag;
	}
	if (flags || !any)
		fprintf(out, any ? " %#llx" : flags ? "%#llx" : "none", flags);
}

/* 4096 as 4K, and bytes where no unit divides them. */
static const char *size_text(u64 size)
{
	static const char units[] = "KMGT";
	static char buf[32];
	int unit = -1;

	while (size && !(size % 1024) && unit < 3) {
		size /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(buf, sizeof(buf), "%llu", size);
	else
		snprintf(buf, sizeof(buf), "%llu%c", size, units[unit]);
	return buf;
}

static char *describe(const struct device *dev)
{
	const char *vendor, *device;
	char *s;

	if (dev->type)
		return text("%s%s%s%s of %s", dev->type, dev->type_name ? " (" : "",
			    dev->type_name ?: "", dev->type_name ? ")" : "", dev->parent);
	if (!dev->has_ids)
		return text("on bus %s", dev->bus ?: "none");
	vendor = vendor_name(dev->ids.vendor);
	s = text("%04x:%04x%s%s", dev->ids.vendor, dev->ids.device, vendor ? " " : "",
		 vendor ?: "");
	device = device_name(dev->ids.vendor, dev->ids.device);
	return device ? append(s, " %s", device) : s;
}

static char *users_text(const struct device *dev)
{
	return name_users(dev) ?: xstrdup(dev->users_hidden ? "?" : "-");
}

#define NR_COLUMNS	6

static void fill_row(char **cell, const struct device *dev)
{
	const char *group = dev->group_node, *cdev = dev->cdev_node;

	cell[0] = xstrdup(dev->name);
	cell[1] = xstrdup(dev->driver ?: "-");
	cell[2] = dev->group < 0 ? xstrdup("-") : text("%d", dev->group);
	cell[3] = text("%s%s%s", group ?: cdev ? group ?: "" : "-", group && cdev ? "," : "",
		       cdev ?: "");
	cell[4] = users_text(dev);
	cell[5] = describe(dev);
}

void print_list(const struct devices *all)
{
	static const char *const titles[NR_COLUMNS] = {
		"NAME", "DRIVER", "GROUP", "NODES", "USED BY", "DEVICE",
	};
	char *(*cell)[NR_COLUMNS] = xcalloc(all->nr + 1, sizeof(*cell));
	int width[NR_COLUMNS] = {};
	unsigned int i, k;

	for (k = 0; k < NR_COLUMNS; k++)
		cell[0][k] = xstrdup(titles[k]);
	for (i = 0; i < all->nr; i++)
		fill_row(cell[i + 1], &all->device[i]);
	for (i = 0; i <= all->nr; i++)
		for (k = 0; k < NR_COLUMNS; k++)
			if ((int)strlen(cell[i][k]) > width[k])
				width[k] = strlen(cell[i][k]);
	for (i = 0; i <= all->nr; i++) {
		for (k = 0; k < NR_COLUMNS; k++) {
			printf("%-*s%s", k + 1 < NR_COLUMNS ? width[k] : 0, cell[i][k],
			       k + 1 < NR_COLUMNS ? "  " : "\n");
			free(cell[i][k]);
		}
	}
	free(cell);
}

/* Lines after the first one of a value are as far to the right. */
static void print_attribute(const struct attribute *attribute)
{
	const char *s = attribute->value ?: "-";
	char *label = text("vendor/%s", attribute->name);

	printf("  %-24s", label);
	free(label);
	for (; *s; s++) {
		putchar(*s);
		if (*s == '\n')
			printf("%26s", "");
	}
	putchar('\n');
}

static void print_sysfs(const struct device *dev)
{
	char *what = describe(dev), *users = users_text(dev);
	unsigned int i;

	printf("%s: %s\n", dev->name, what);
	printf("  %-24s%s\n", "path", dev->path);
	printf("  %-24s%s\n", "driver", dev->driver ?: "-");
	if (dev->group >= 0)
		printf("  %-24s%d%s%s%s\n", "group", dev->group, dev->noiommu ? ", no IOMMU" : "",
		       dev->group_node ? ", " : "", dev->group_node ?: "");
	if (dev->cdev_node)
		printf("  %-24s%s\n", "cdev", dev->cdev_node);
	printf("  %-24s%s\n", "used by", users);
	for (i = 0; i < dev->nr_attributes; i++)
		print_attribute(&dev->attributes[i]);
	free(users);
	free(what);
}

static void print_region(const struct model *m, const struct region *region)
{
	unsigned int i;

	if (!region->size && !region->flags)
		return;
	printf("  %-3u %-8s %8s  at %#-16llx ", region->index, region_name(m, region),
	       size_text(region->size), region->offset);
	put_flags(stdout, region_flags, region->flags & ~VFIO_REGION_INFO_FLAG_CAPS);
	putchar('\n');
	if (region->typed)
		printf("      type %#x, subtype %#x: %s\n", region->type, region->subtype,
		       region_type_name(region));
	if (region->sparse && !region->nr_areas)
		printf("      nothing of it can be mapped\n");
	for (i = 0; i < region->nr_areas; i++)
		printf("      can be mapped: %#llx, %s\n", region->areas[i].offset,
		       size_text(region->areas[i].size));
	if (region->msix_mappable)
		printf("      can be mapped where the table of MSI-X is\n");
	if (region->other_cap)
		printf("      capability %u\n", region->other_cap);
}

static void print_info(const struct model *m)
{
	unsigned int i;

	printf("Device, opened by %s: ", m->interface == JOINED ? "its user's descriptor" :
	       interface_name(m->interface));
	put_flags(stdout, device_flags, m->flags & ~VFIO_DEVICE_FLAGS_CAPS);
	putchar('\n');
	for (i = 0; i < m->nr_info_caps; i++)
		printf("  capability %u: %s\n", m->info_cap[i], info_cap_name(m->info_cap[i]));
	printf("Regions: %u\n", m->nr_regions);
	for (i = 0; i < m->nr_regions; i++)
		print_region(m, &m->region[i]);
	printf("Interrupts: %u\n", m->nr_irqs);
	for (i = 0; i < m->nr_irqs; i++) {
		if (!m->irq[i].count)
			continue;
		printf("  %-3u %-8s %8u  ", i, irq_name(m, i), m->irq[i].count);
		put_flags(stdout, irq_flags, m->irq[i].flags);
		putchar('\n');
	}
}

static void print_bar(const struct bar *bar)
{
	printf("  BAR%-21u%s at %#llx%s%s", bar->index,
	       bar->io ? "I/O" : bar->wide ? "64 bits" : "32 bits", bar->address,
	       bar->prefetchable ? ", prefetchable" : "", bar->size ? ", " : "");
	printf("%s\n", bar->size ? size_text(bar->size) : "");
}

static void print_field(FILE *out, const struct field *field)
{
	switch (field->kind) {
	case FLAG:
		fprintf(out, " %s=%s", field->name, field->value ? "yes" : "no");
		break;
	case NUMBER:
		fprintf(out, " %s=%llu", field->name, field->value);
		break;
	case HEX:
		fprintf(out, " %s=%#llx", field->name, field->value);
		break;
	case WORD:
		fprintf(out, " %s=%s", field->name, field->word);
	}
}

static void print_cap(FILE *out, const struct cap *cap)
{
	unsigned int i;

	fprintf(out, "  %03x %s ", cap->pos, cap->extended ? "extended" : "capability");
	if (cap->extended)
		fprintf(out, " %04x version %u: ", cap->id, cap->version);
	else
		fprintf(out, " %02x: ", cap->id);
	fputs(cap->name ?: "unknown", out);
	for (i = 0; i < cap->nr_fields; i++) {
		fputs(i ? "," : ";", out);
		print_field(out, &cap->field[i]);
	}
	fputc('\n', out);
}

static void print_id(const char *label, const char *id, const char *name, const char *more)
{
	printf("  %-24s%s%s%s%s%s\n", label, id, name ? "  " : "", name ?: "",
	       name && more ? " " : "", name && more ? more : "");
}

static void print_config(const struct config *config)
{
	char id[16], pin[2] = { '@' + config->interrupt_pin };
	unsigned int i;

	if (!config->present)
		return;
	printf("Config space: %u bytes\n", config->size);
	snprintf(id, sizeof(id), "%04x", config->ids.vendor);
	print_id("vendor", id, vendor_name(config->ids.vendor), NULL);
	snprintf(id, sizeof(id), "%04x", config->ids.device);
	print_id("device", id, device_name(config->ids.vendor, config->ids.device),
		 NULL);
	snprintf(id, sizeof(id), "%04x:%04x", config->ids.subsystem_vendor,
		 config->ids.subsystem_device);
	print_id("subsystem", id, subsystem_vendor_name(&config->ids),
		 subsystem_name(&config->ids));
	snprintf(id, sizeof(id), "%06x", config->ids.class);
	print_id("class", id, class_name(config->ids.class), NULL);
	printf("  %-24s%02x\n", "revision", config->ids.revision);
	printf("  %-24s", "status");
	put_flags(stdout, status_flags, config->status);
	printf("\n  %-24s", "interrupt");
	if (config->interrupt_pin)
		printf("pin %s, line %u\n", pin, config->interrupt_line);
	else
		printf("no pin\n");
	for (i = 0; i < config->nr_bars; i++)
		print_bar(&config->bar[i]);
}

static void print_caps(FILE *out, const struct config *config)
{
	unsigned int i;

	if (!config->present)
		return;
	fputs("  command                 ", out);
	put_flags(out, command_flags, config->command);
	fputc('\n', out);
	for (i = 0; i < config->nr_caps; i++)
		print_cap(out, &config->cap[i]);
	if (config->caps_broken)
		fputs("  the list of capabilities is broken here\n", out);
}

static void print_features(const struct model *m)
{
	unsigned int i;

	printf("Features: %u\n", m->nr_features);
	for (i = 0; i < m->nr_features; i++)
		printf("  %-3u %-28s%s%s%s\n", m->feature[i].id, m->feature[i].name,
		       m->feature[i].get ? "get" : "", m->feature[i].get && m->feature[i].set ?
		       " " : "", m->feature[i].set ? "set" : "");
}

/* Without the size, which changes all the time while the device is at work. */
static void print_migration(FILE *out, const struct migration *migration)
{
	fputs("Migration: ", out);
	if (!migration->present) {
		fputs("none\n", out);
		return;
	}
	put_flags(out, migration_flags, migration->flags);
	fputc('\n', out);
	if (migration->has_state)
		fprintf(out, "  %-24s%s\n", "state", mig_state_name(migration->state));
}

static void print_plane(FILE *out, const struct plane *plane)
{
	const struct vfio_device_gfx_plane_info *info = &plane->info;

	fprintf(out, "  %-24s", plane->name);
	if (!info->size) {
		fputs("nothing is displayed\n", out);
		return;
	}
	fprintf(out, "%ux%u %s, stride %u, %u bytes, ", info->width, info->height,
		fourcc_name(info->drm_format), info->stride, info->size);
	fprintf(out, plane->dmabuf ? "dma-buf %u" : "region %u",
		plane->dmabuf ? info->dmabuf_id : info->region_index);
	if (info->drm_format_mod)
		fprintf(out, ", modifier %#llx", info->drm_format_mod);
	if (info->x_pos || info->y_pos)
		fprintf(out, ", at %u,%u", info->x_pos, info->y_pos);
	fputc('\n', out);
}

static void print_edid(FILE *out, const struct display *display)
{
	const struct vfio_region_gfx_edid *edid = &display->edid;

	fprintf(out, "  %-24sregion %u, link %s, %u of %u bytes", "EDID", display->edid_region,
		value_name(link_states, edid->link_state), edid->edid_size, edid->edid_max_size);
	if (edid->max_xres || edid->max_yres)
		fprintf(out, ", at most %ux%u\n", edid->max_xres, edid->max_yres);
	else
		fputs(", any size\n", out);
}

static void print_display(FILE *out, const struct display *display)
{
	unsigned int i;

	/* A device that has both is asked for dma-bufs. */
	fprintf(out, "Display: %s\n", display->dmabuf ? "dmabuf" :
		display->region ? "region" : "none");
	for (i = 0; i < display->nr_planes; i++)
		print_plane(out, &display->plane[i]);
	if (display->has_edid)
		print_edid(out, display);
}

void print_state(FILE *out, const struct model *m)
{
	print_caps(out, &m->config);
	print_migration(out, &m->migration);
	print_display(out, &m->display);
}

void print_device(const struct device *dev, const struct model *m)
{
	print_sysfs(dev);
	print_info(m);
	print_config(&m->config);
	print_caps(stdout, &m->config);
	print_features(m);
	print_migration(stdout, &m->migration);
	if (m->migration.has_size)
		printf("  %-24s%llu bytes\n", "data size", m->migration.size);
	print_display(stdout, &m->display);
}
