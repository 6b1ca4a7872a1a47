/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The declared state of a device: the fields of its struct that are saved and
 * loaded.  Part of softpci.h, which includes it.
 */
#ifndef SOFTPCI_STATE_H
#define SOFTPCI_STATE_H

#include <linux/array_size.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/stddef.h>
#include <linux/types.h>

struct softpci_device;

/* For struct softpci_field.width: softpci_field.fields describes each element. */
#define SOFTPCI_FIELD_STRUCT	0

/**
 * struct softpci_field - a field of the declared state
 * @name: as in the source
 * @offset: in the struct that it is a field of
 * @width: of each element: 1, 2, 4 or 8 bytes, or SOFTPCI_FIELD_STRUCT
 * @count: elements
 * @stride: bytes from one element to the next
 * @max: the largest value of an element that can be loaded, true for a bool;
 *	 0: any
 * @fields: the fields of each element, for SOFTPCI_FIELD_STRUCT
 * @nr_fields: how many
 */
struct softpci_field {
	const char *name;
	u32 offset;
	u8 width;
	u16 count;
	u32 stride;
	u32 max;
	const struct softpci_field *fields;
	unsigned int nr_fields;
};

/* The width of a field that is one value; it does not compile for a larger one. */
#define SOFTPCI_FIELD_WIDTH(_type, _field)				\
	(sizeof_field(_type, _field) +					\
	 BUILD_BUG_ON_ZERO(sizeof_field(_type, _field) > sizeof(u64)))

/* A field of struct @_type that is one value. */
#define SOFTPCI_FIELD(_type, _field) {					\
	.name = #_field,						\
	.offset = offsetof(_type, _field),				\
	.width = SOFTPCI_FIELD_WIDTH(_type, _field),			\
	.max = __same_type(((_type *)0)->_field, bool) ? true : 0,	\
	.count = 1,							\
	.stride = sizeof_field(_type, _field),				\
}

/* A field of which not all values have a meaning. */
#define SOFTPCI_FIELD_MAX(_type, _field, _max) {			\
	.name = #_field,						\
	.offset = offsetof(_type, _field),				\
	.width = SOFTPCI_FIELD_WIDTH(_type, _field),			\
	.count = 1,							\
	.stride = sizeof_field(_type, _field),				\
	.max = (_max),							\
}

/* An array of values. */
#define SOFTPCI_ARRAY(_type, _field) {					\
	.name = #_field,						\
	.offset = offsetof(_type, _field),				\
	.width = SOFTPCI_FIELD_WIDTH(_type, _field[0]),			\
	.max = __same_type(((_type *)0)->_field[0], bool) ? true : 0,	\
	.count = sizeof_field(_type, _field) /				\
		 sizeof_field(_type, _field[0]),			\
	.stride = sizeof_field(_type, _field[0]),			\
}

/* A struct whose fields are in the table @_fields. */
#define SOFTPCI_STRUCT(_type, _field, _fields) {			\
	.name = #_field,						\
	.offset = offsetof(_type, _field),				\
	.width = SOFTPCI_FIELD_STRUCT,					\
	.count = 1,							\
	.stride = sizeof_field(_type, _field),				\
	.fields = (_fields),						\
	.nr_fields = ARRAY_SIZE(_fields),				\
}

/* An array of them. */
#define SOFTPCI_STRUCTS(_type, _field, _fields) {			\
	.name = #_field,						\
	.offset = offsetof(_type, _field),				\
	.width = SOFTPCI_FIELD_STRUCT,					\
	.count = sizeof_field(_type, _field) /				\
		 sizeof_field(_type, _field[0]),			\
	.stride = sizeof_field(_type, _field[0]),			\
	.fields = (_fields),						\
	.nr_fields = ARRAY_SIZE(_fields),				\
}

/**
 * struct softpci_state - the state of a device besides that of the core
 * @version: to be raised when @fields change
 * @fields: its fields
 * @nr_fields: how many
 * @pre_save: lock held; @fields of a device are going to be saved. May be NULL
 * @post_load: lock held; @fields of a device have been loaded: 0, or an errno if
 *	       they cannot be. The old ones are put back then. It must change
 *	       nothing else: levels of interrupts are loaded by the core. May be NULL
 */
struct softpci_state {
	u16 version;
	const struct softpci_field *fields;
	unsigned int nr_fields;
	void (*pre_save)(struct softpci_device *dev);
	int (*post_load)(struct softpci_device *dev);
};

#endif /* SOFTPCI_STATE_H */
