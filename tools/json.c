// SPDX-License-Identifier: GPL-2.0-only
/* The printer for programs.  The man page has the schema. */
#include <json-c/json.h>

#include "lsvfio.h"

static void put_text(json_object *to, const char *key, const char *val)
{
	json_object_object_add(to, key, val ? json_object_new_string(val) : NULL);
}

static void put_number(json_object *to, const char *key, u64 val)
{
	json_object_object_add(to, key, json_object_new_uint64(val));
}

static void put_bool(json_object *to, const char *key, bool val)
{
	json_object_object_add(to, key, json_object_new_boolean(val));
}

/*
 * Numbers that are read as hexadecimal ones are strings: "1b36". Any digit of one of 64 bits
 * can count, and many readers of JSON have numbers of 53 bits.
 */
static void put_hex(json_object *to, const char *key, int digits, u64 val)
{
	char *s = text("%0*llx", digits, val);

	put_text(to, key, s);
	free(s);
}

static json_object *put_object(json_object *to, const char *key)
{
	json_object *obj = json_object_new_object();

	json_object_object_add(to, key, obj);
	return obj;
}

static json_object *put_array(json_object *to, const char *key)
{
	json_object *array = json_object_new_array();

	json_object_object_add(to, key, array);
	return array;
}

static json_object *add_object(json_object *array)
{
	json_object *obj = json_object_new_object();

	json_object_array_add(array, obj);
	return obj;
}

static void put_flags(json_object *to, const char *key, const struct flag_name *names, u64 flags)
{
	json_object *array = put_array(to, key);

	for (; names->name; names++) {
		if (flags & names->flag)
			json_object_array_add(array, json_object_new_string(names->name));
		flags &= ~names->flag;
	}
	if (flags) {
		char *s = text("%#llx", flags);

		json_object_array_add(array, json_object_new_string(s));
		free(s);
	}
}

static void put_ids(json_object *to, const char *key, const struct ids *ids)
{
	json_object *obj = put_object(to, key);

	put_hex(obj, "vendor", 4, ids->vendor);
	put_text(obj, "vendor_name", vendor_name(ids->vendor));
	put_hex(obj, "device", 4, ids->device);
	put_text(obj, "device_name", device_name(ids->vendor, ids->device));
	put_hex(obj, "subsystem_vendor", 4, ids->subsystem_vendor);
	put_hex(obj, "subsystem_device", 4, ids->subsystem_device);
	put_text(obj, "subsystem_vendor_name", subsystem_vendor_name(ids));
	put_text(obj, "subsystem_name", subsystem_name(ids));
	put_hex(obj, "class", 6, ids->class);
	put_text(obj, "class_name", class_name(ids->class));
	put_hex(obj, "revision", 2, ids->revision);
}

static void put_sysfs(json_object *to, const struct device *dev)
{
	json_object *array, *obj;
	unsigned int i;

	put_text(to, "name", dev->name);
	put_text(to, "path", dev->path);
	put_text(to, "bus", dev->bus);
	put_text(to, "driver", dev->driver);
	if (dev->group >= 0)
		put_number(to, "group", dev->group);
	else
		put_text(to, "group", NULL);
	put_bool(to, "noiommu", dev->noiommu);
	put_text(to, "group_node", dev->group_node);
	put_text(to, "cdev_node", dev->cdev_node);
	if (dev->has_ids)
		put_ids(to, "ids", &dev->ids);
	else
		put_text(to, "ids", NULL);
	if (dev->type) {
		obj = put_object(to, "mdev");
		put_text(obj, "type", dev->type);
		put_text(obj, "type_name", dev->type_name);
		put_text(obj, "device_api", dev->api);
		put_text(obj, "parent", dev->parent);
	} else {
		put_text(to, "mdev", NULL);
	}
	obj = put_object(to, "vendor");
	for (i = 0; i < dev->nr_attributes; i++)
		put_text(obj, dev->attributes[i].name, dev->attributes[i].value);
	array = put_array(to, "users");
	for (i = 0; i < dev->nr_users; i++) {
		obj = add_object(array);
		put_number(obj, "pid", dev->users[i].pid);
		put_text(obj, "command", dev->users[i].comm);
	}
	put_bool(to, "users_complete", !dev->users_hidden);
}

static void put_region(json_object *array, const struct model *m, const struct region *region)
{
	json_object *obj = add_object(array), *areas;
	unsigned int i;

	put_number(obj, "index", region->index);
	put_text(obj, "name", region_name(m, region));
	put_number(obj, "size", region->size);
	put_number(obj, "offset", region->offset);
	put_flags(obj, "flags", region_flags, region->flags);
	if (region->typed) {
		json_object *type = put_object(obj, "type");

		put_number(type, "type", region->type);
		put_number(type, "subtype", region->subtype);
		put_text(type, "name", region_type_name(region));
	}
	if (region->sparse) {
		areas = put_array(obj, "sparse_mmap");
		for (i = 0; i < region->nr_areas; i++) {
			json_object *area = add_object(areas);

			put_number(area, "offset", region->areas[i].offset);
			put_number(area, "size", region->areas[i].size);
		}
	}
	put_bool(obj, "msix_mappable", region->msix_mappable);
}

static void put_info(json_object *to, const struct model *m)
{
	json_object *array;
	unsigned int i;

	put_text(to, "interface", interface_name(m->interface));
	put_flags(to, "flags", device_flags, m->flags);
	array = put_array(to, "capabilities");
	for (i = 0; i < m->nr_info_caps; i++) {
		json_object *obj = add_object(array);

		put_number(obj, "id", m->info_cap[i]);
		put_text(obj, "name", info_cap_name(m->info_cap[i]));
	}
	array = put_array(to, "regions");
	for (i = 0; i < m->nr_regions; i++)
		put_region(array, m, &m->region[i]);
	array = put_array(to, "irqs");
	for (i = 0; i < m->nr_irqs; i++) {
		json_object *obj = add_object(array);

		put_number(obj, "index", i);
		put_text(obj, "name", irq_name(m, i));
		put_number(obj, "count", m->irq[i].count);
		put_flags(obj, "flags", irq_flags, m->irq[i].flags);
	}
}

static void put_field(json_object *to, const struct field *field)
{
	switch (field->kind) {
	case FLAG:
		put_bool(to, field->name, field->value);
		break;
	case NUMBER:
		put_number(to, field->name, field->value);
		break;
	case HEX:
		put_hex(to, field->name, field->digits, field->value);
		break;
	case WORD:
		put_text(to, field->name, field->word);
	}
}

static void put_cap(json_object *array, const struct cap *cap)
{
	json_object *obj = add_object(array), *fields;
	unsigned int i;

	put_bool(obj, "extended", cap->extended);
	put_number(obj, "position", cap->pos);
	put_number(obj, "id", cap->id);
	if (cap->extended)
		put_number(obj, "version", cap->version);
	put_text(obj, "name", cap->name);
	fields = put_object(obj, "fields");
	for (i = 0; i < cap->nr_fields; i++)
		put_field(fields, &cap->field[i]);
}

static void put_config(json_object *to, const struct config *config)
{
	json_object *obj, *array;
	unsigned int i;
	char *bytes;

	if (!config->present) {
		put_text(to, "config", NULL);
		return;
	}
	obj = put_object(to, "config");
	put_number(obj, "size", config->size);
	put_ids(obj, "ids", &config->ids);
	put_number(obj, "header", config->header);
	put_flags(obj, "command", command_flags, config->command);
	put_flags(obj, "status", status_flags, config->status);
	put_number(obj, "interrupt_pin", config->interrupt_pin);
	put_number(obj, "interrupt_line", config->interrupt_line);
	array = put_array(obj, "bars");
	for (i = 0; i < config->nr_bars; i++) {
		const struct bar *bar = &config->bar[i];
		json_object *entry = add_object(array);

		put_number(entry, "index", bar->index);
		put_text(entry, "space", bar->io ? "io" : "memory");
		put_number(entry, "bits", bar->wide ? 64 : 32);
		put_bool(entry, "prefetchable", bar->prefetchable);
		put_hex(entry, "address", bar->wide ? 16 : 8, bar->address);
		put_number(entry, "size", bar->size);
	}
	array = put_array(obj, "capabilities");
	for (i = 0; i < config->nr_caps; i++)
		put_cap(array, &config->cap[i]);
	put_bool(obj, "capabilities_broken", config->caps_broken);
	bytes = xcalloc(config->size * 2 + 1, 1);
	for (i = 0; i < config->size; i++)
		sprintf(bytes + 2 * i, "%02x", config->raw[i]);
	put_text(obj, "bytes", bytes);
	free(bytes);
}

static void put_features(json_object *to, const struct model *m)
{
	const struct migration *migration = &m->migration;
	json_object *array = put_array(to, "features"), *obj;
	unsigned int i;

	for (i = 0; i < m->nr_features; i++) {
		obj = add_object(array);
		put_number(obj, "id", m->feature[i].id);
		put_text(obj, "name", m->feature[i].name);
		put_bool(obj, "get", m->feature[i].get);
		put_bool(obj, "set", m->feature[i].set);
	}
	if (!migration->present) {
		put_text(to, "migration", NULL);
		return;
	}
	obj = put_object(to, "migration");
	put_flags(obj, "flags", migration_flags, migration->flags);
	put_text(obj, "state", migration->has_state ? mig_state_name(migration->state) : NULL);
	if (migration->has_size)
		put_number(obj, "data_size", migration->size);
	else
		put_text(obj, "data_size", NULL);
}

static void put_plane(json_object *array, const struct plane *plane)
{
	const struct vfio_device_gfx_plane_info *info = &plane->info;
	json_object *obj = add_object(array);

	put_text(obj, "type", plane->name);
	put_bool(obj, "shown", info->size);
	if (!info->size)
		return;
	put_text(obj, "format", fourcc_name(info->drm_format));
	put_hex(obj, "modifier", 16, info->drm_format_mod);
	put_number(obj, "width", info->width);
	put_number(obj, "height", info->height);
	put_number(obj, "stride", info->stride);
	put_number(obj, "size", info->size);
	put_number(obj, "x", info->x_pos);
	put_number(obj, "y", info->y_pos);
	put_number(obj, plane->dmabuf ? "dmabuf" : "region",
		   plane->dmabuf ? info->dmabuf_id : info->region_index);
}

static void put_display(json_object *to, const struct display *display)
{
	const struct vfio_region_gfx_edid *edid = &display->edid;
	json_object *obj = put_object(to, "display"), *array;
	unsigned int i;

	put_text(obj, "interface", display->dmabuf ? "dmabuf" :
		 display->region ? "region" : "none");
	array = put_array(obj, "planes");
	for (i = 0; i < display->nr_planes; i++)
		put_plane(array, &display->plane[i]);
	if (!display->has_edid) {
		put_text(obj, "edid", NULL);
		return;
	}
	obj = put_object(obj, "edid");
	put_number(obj, "region", display->edid_region);
	put_text(obj, "link", value_name(link_states, edid->link_state));
	put_number(obj, "size", edid->edid_size);
	put_number(obj, "max_size", edid->edid_max_size);
	put_number(obj, "max_width", edid->max_xres);
	put_number(obj, "max_height", edid->max_yres);
}

static json_object *new_document(void)
{
	json_object *doc = json_object_new_object();

	put_number(doc, "version", JSON_VERSION);
	return doc;
}

static void print(json_object *doc, int flags)
{
	printf("%s\n", json_object_to_json_string_ext(doc, flags |
	       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(doc);
}

void json_list(const struct devices *all)
{
	json_object *doc = new_document(), *array = put_array(doc, "devices");
	unsigned int i;

	for (i = 0; i < all->nr; i++)
		put_sysfs(add_object(array), &all->device[i]);
	print(doc, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
}

static json_object *device_document(const struct device *dev, const struct model *m)
{
	json_object *doc = new_document();

	put_sysfs(put_object(doc, "device"), dev);
	put_info(doc, m);
	put_config(doc, &m->config);
	put_features(doc, m);
	put_display(doc, &m->display);
	return doc;
}

void json_device(const struct device *dev, const struct model *m)
{
	print(device_document(dev, m), JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
}

void json_line(const struct device *dev, const struct model *m)
{
	print(device_document(dev, m), JSON_C_TO_STRING_PLAIN);
}
