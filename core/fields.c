// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fields that a model declares as its state (struct softpci_field), as bytes
 * and back: each value little-endian in as many bytes as it is wide, one after
 * the other in the order of the tables.
 */
#include "internal.h"

/* What to do with the fields while walking over their tables. */
enum fields_op {
	FIELDS_COUNT,
	FIELDS_SAVE,
	FIELDS_CHECK,
	FIELDS_LOAD,
};

static void put_bytes(u8 *bytes, unsigned int width, u64 val)
{
	for (; width--; val >>= BITS_PER_BYTE)
		*bytes++ = val;
}

static u64 get_bytes(const u8 *bytes, unsigned int width)
{
	u64 val = 0;

	while (width--)
		val = val << BITS_PER_BYTE | bytes[width];
	return val;
}

/*
 * Walk over the @fields of the struct at @base, which lie at @bytes in the
 * stream. Returns the number of bytes there, or -EINVAL for a value that a field
 * cannot have. softpci_layout_create() has bounded the recursion.
 */
static int walk(const struct softpci_field *fields, unsigned int nr, void *base,
		u8 *bytes, enum fields_op op)
{
	const struct softpci_field *field;
	int pos = 0;

	for (field = fields; field < fields + nr; field++) {
		unsigned int i;

		for (i = 0; i < field->count; i++) {
			void *at = base + field->offset + i * field->stride;
			int ret = field->width;

			if (field->width == SOFTPCI_FIELD_STRUCT)
				ret = walk(field->fields, field->nr_fields, at,
					   bytes + pos, op);
			else if (op == FIELDS_SAVE)
				put_bytes(bytes + pos, field->width,
					  load_uint(at, field->width));
			else if (op == FIELDS_LOAD)
				store_uint(at, field->width,
					   get_bytes(bytes + pos, field->width));
			else if (op == FIELDS_CHECK && field->max &&
				 get_bytes(bytes + pos, field->width) > field->max)
				ret = -EINVAL;
			if (ret < 0)
				return ret;
			pos += ret;
		}
	}
	return pos;
}

/**
 * softpci_fields_size() - how many bytes the fields take
 * @state: the state that declares them
 *
 * Return: the number of bytes.
 */
unsigned int softpci_fields_size(const struct softpci_state *state)
{
	return walk(state->fields, state->nr_fields, NULL, NULL, FIELDS_COUNT);
}

/**
 * softpci_fields_save() - write the fields of a device
 * @dev: a device whose model has a state; lock held
 * @to: where to, softpci_fields_size() bytes
 */
void softpci_fields_save(struct softpci_device *dev, u8 *to)
{
	const struct softpci_state *state = dev->model->state;

	lockdep_assert_held(&dev->lock);
	if (state->pre_save)
		state->pre_save(dev);
	walk(state->fields, state->nr_fields, dev, to, FIELDS_SAVE);
}

/**
 * softpci_fields_are_valid() - can the fields have the values
 * @state: the state that declares them
 * @from: softpci_fields_size() bytes
 *
 * Return: false if a field is larger than its softpci_field.max, as a bool that is
 * neither 0 nor 1. Other limits are known to softpci_state.post_load only.
 */
bool softpci_fields_are_valid(const struct softpci_state *state, const u8 *from)
{
	return walk(state->fields, state->nr_fields, NULL, (u8 *)from,
		    FIELDS_CHECK) >= 0;
}

/**
 * softpci_fields_load() - set the fields of a device
 * @dev: a device whose model has a state; lock held
 * @from: softpci_fields_size() valid bytes
 */
void softpci_fields_load(struct softpci_device *dev, const u8 *from)
{
	const struct softpci_state *state = dev->model->state;

	lockdep_assert_held(&dev->lock);
	walk(state->fields, state->nr_fields, dev, (u8 *)from, FIELDS_LOAD);
}
