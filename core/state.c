// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a device as a stream of bytes, and back.
 *
 * The stream holds all that a device of the same model needs to go on where this
 * one stopped, except the content of its memories and the state of the front
 * end: which interrupts its user enabled, and by which eventfds.
 *
 * A struct state_header comes first. It names the version of the format, the
 * model and the length of the stream. Sections follow without a gap, each of them
 * a struct state_section and as many bytes as its length says. All numbers are
 * little-endian, and nothing is aligned.
 *
 *	CONFIG	config space: 256 or 4096 bytes
 *	IRQS	interrupts, in the format that the head of irq-state.c describes
 *	DEVICE	the fields that the model declares (struct softpci_state), in the
 *		order of its tables; of an array, one element after another.  The
 *		version of the section is that of the model's state. It is there
 *		if the model declares any
 *
 * Each section is there once, in any order. A reader refuses another major
 * version, and accepts any minor one: a newer minor version may have sections
 * that an older reader does not know. If such a section is marked with
 * STATE_SKIPPABLE, it is ignored, else the stream is refused.
 *
 * The identity of a model tells models apart whose ids are the same.  It is the
 * checksum of the tables of config space (softpci_layout.power_on, writable and
 * w1c); of index and size of each region and of the size of each memory, in the
 * order of the model's tables.
 *
 * A checksum is the CRC-32 of IEEE 802.3 (as zlib's crc32()). That of the header
 * covers the header's bytes before it; that of a section covers the bytes of
 * struct state_section before it and then the section's content.
 *
 * A stream is checked to its last byte before anything of the device is changed.
 */
#include <linux/crc32.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "internal.h"

#define STATE_MAGIC	0x53435053	/* "SPCS" */
#define STATE_MAJOR	1
#define STATE_MINOR	0

/**
 * struct state_header - the first bytes of a stream
 * @magic: STATE_MAGIC
 * @major: STATE_MAJOR
 * @minor: STATE_MINOR, or that of a newer writer
 * @vendor: PCI vendor id of the model
 * @device: device id
 * @subsystem_vendor: subsystem vendor id
 * @subsystem_device: subsystem id
 * @class: class in the upper 24 bits, revision in the lower 8
 * @config_size: size of config space in bytes
 * @identity: of the model
 * @length: of the whole stream in bytes, this header included
 * @crc: checksum of the bytes before
 */
struct state_header {
	__le32 magic;
	__le16 major;
	__le16 minor;
	__le16 vendor;
	__le16 device;
	__le16 subsystem_vendor;
	__le16 subsystem_device;
	__le32 class;
	__le32 config_size;
	__le32 identity;
	__le32 length;
	__le32 crc;
} __packed;

/* For struct state_section.id. */
#define STATE_CONFIG	1
#define STATE_IRQS	2
#define STATE_DEVICE	3
#define NR_STATES	4

/* Versions of CONFIG and IRQS. */
#define STATE_CONFIG_VERSION	1
#define STATE_IRQS_VERSION	1

/* For struct state_section.flags. */
#define STATE_SKIPPABLE	BIT(0)	/* to be ignored by a reader that lacks it */

/**
 * struct state_section - the head of a section
 * @id: STATE_CONFIG and so on
 * @version: of its content
 * @flags: STATE_SKIPPABLE
 * @reserved: 0
 * @length: of the content in bytes
 * @crc: checksum of the bytes before and of the content
 */
struct state_section {
	__le16 id;
	__le16 version;
	__le16 flags;
	__le16 reserved;
	__le32 length;
	__le32 crc;
} __packed;

/* The content of each section of a stream, by its id; NULL: absent. */
struct state_content {
	const u8 *of[NR_STATES];
};

static u32 content_size(struct softpci_device *dev, unsigned int id)
{
	switch (id) {
	case STATE_CONFIG:
		return dev->layout->config_size;
	case STATE_IRQS:
		return softpci_irqs_size(dev->model);
	case STATE_DEVICE:
		return softpci_fields_size(dev->model->state);
	default:
		return 0;
	}
}

static u16 content_version(const struct softpci_model *model, unsigned int id)
{
	switch (id) {
	case STATE_CONFIG:
		return STATE_CONFIG_VERSION;
	case STATE_IRQS:
		return STATE_IRQS_VERSION;
	default:
		return model->state->version;
	}
}

/* Does a stream of this model have the section. */
static bool has_section(const struct softpci_model *model, unsigned int id)
{
	return id == STATE_CONFIG || id == STATE_IRQS ||
	       (id == STATE_DEVICE && model->state);
}

static void save_content(struct softpci_device *dev, unsigned int id, u8 *to)
{
	lockdep_assert_held(&dev->lock);
	switch (id) {
	case STATE_CONFIG:
		memcpy(to, dev->config.val, dev->layout->config_size);
		break;
	case STATE_IRQS:
		softpci_irqs_save(dev, to);
		break;
	case STATE_DEVICE:
		softpci_fields_save(dev, to);
		break;
	}
}

static bool content_is_valid(struct softpci_device *dev, unsigned int id,
			     const u8 *from)
{
	switch (id) {
	case STATE_CONFIG:
		return softpci_config_is_valid(dev->layout, from);
	case STATE_IRQS:
		return softpci_irqs_are_valid(dev->model, from);
	case STATE_DEVICE:
		return softpci_fields_are_valid(dev->model->state, from);
	default:
		return false;
	}
}

static void load_contents(struct softpci_device *dev,
			  const struct state_content *content)
{
	lockdep_assert_held(&dev->lock);
	softpci_config_load(dev, content->of[STATE_CONFIG]);
	softpci_irqs_load(dev, content->of[STATE_IRQS]);
	if (dev->model->state)
		softpci_fields_load(dev, content->of[STATE_DEVICE]);
}

static __le32 header_crc(const struct state_header *header)
{
	return cpu_to_le32(~crc32_le(~0, (const u8 *)header,
				     offsetof(struct state_header, crc)));
}

static __le32 section_crc(const struct state_section *section,
			  const u8 *content)
{
	u32 crc = crc32_le(~0, (const u8 *)section,
			   offsetof(struct state_section, crc));

	return cpu_to_le32(~crc32_le(crc, content,
				     le32_to_cpu(section->length)));
}

static u32 add_number(u32 crc, u64 number)
{
	__le64 le = cpu_to_le64(number);

	return crc32_le(crc, (const u8 *)&le, sizeof(le));
}

/**
 * softpci_state_identity() - tell models apart whose ids are the same
 * @layout: of the model
 *
 * Return: a checksum of all that a user or a guest can count on to stay the same
 * for a device: see the head of this file.
 */
u32 softpci_state_identity(const struct softpci_layout *layout)
{
	const struct softpci_model *model = layout->model;
	unsigned int i;
	u32 crc = ~0;

	crc = crc32_le(crc, layout->power_on, layout->config_size);
	crc = crc32_le(crc, layout->writable, layout->config_size);
	crc = crc32_le(crc, layout->w1c, layout->config_size);
	for (i = 0; i < model->nr_regions; i++) {
		crc = add_number(crc, model->regions[i].index);
		crc = add_number(crc, model->regions[i].size);
	}
	for (i = 0; i < model->nr_memories; i++)
		crc = add_number(crc, model->memories[i].size);
	return ~crc;
}
EXPORT_SYMBOL_GPL(softpci_state_identity);

static struct state_header make_header(struct softpci_device *dev)
{
	const struct softpci_model *model = dev->model;
	struct state_header header = {
		.magic = cpu_to_le32(STATE_MAGIC),
		.major = cpu_to_le16(STATE_MAJOR),
		.minor = cpu_to_le16(STATE_MINOR),
		.vendor = cpu_to_le16(model->vendor),
		.device = cpu_to_le16(model->device),
		.subsystem_vendor = cpu_to_le16(model->subsystem_vendor),
		.subsystem_device = cpu_to_le16(model->subsystem_device),
		.class = cpu_to_le32(model->class << 8 | model->revision),
		.config_size = cpu_to_le32(dev->layout->config_size),
		.identity = cpu_to_le32(softpci_state_identity(dev->layout)),
		.length = cpu_to_le32(softpci_state_size(dev)),
	};

	header.crc = header_crc(&header);
	return header;
}

/**
 * softpci_state_size() - the length of the stream of a device
 * @dev: the device; the lock need not be held
 *
 * Return: bytes, the same for all devices of a model at any time.
 */
int softpci_state_size(struct softpci_device *dev)
{
	int size = sizeof(struct state_header);
	unsigned int id;

	for (id = 0; id < NR_STATES; id++)
		if (has_section(dev->model, id))
			size += sizeof(struct state_section) +
				content_size(dev, id);
	return size;
}
EXPORT_SYMBOL_GPL(softpci_state_size);

/**
 * softpci_state_save() - write the stream of a device
 * @dev: the device, quiet (softpci_quiesce()); takes the lock
 * @buf: where to
 * @size: how much room there is
 *
 * Return: bytes written, softpci_state_size(); -ENOSPC if that is more than
 * @size.
 */
int softpci_state_save(struct softpci_device *dev, void *buf, size_t size)
{
	struct state_header header = make_header(dev);
	u8 *start = buf + sizeof(header), *to = start;
	u8 *end = buf + le32_to_cpu(header.length);
	struct state_section section;
	unsigned int id;

	if (end - (u8 *)buf > size)
		return -ENOSPC;
	memcpy(buf, &header, sizeof(header));

	scoped_guard(softpci, dev) {
		for (id = 0; id < NR_STATES; id++) {
			if (!has_section(dev->model, id))
				continue;
			section = (struct state_section) {
				.id = cpu_to_le16(id),
				.version = cpu_to_le16(content_version(dev->model, id)),
				.length = cpu_to_le32(content_size(dev, id)),
			};
			memcpy(to, &section, sizeof(section));
			save_content(dev, id, to + sizeof(section));
			to += sizeof(section) + le32_to_cpu(section.length);
		}
	}

	for (to = start; to < end;
	     to += sizeof(section) + le32_to_cpu(section.length)) {
		memcpy(&section, to, sizeof(section));
		section.crc = section_crc(&section, to + sizeof(section));
		memcpy(to, &section, sizeof(section));
	}
	return end - (u8 *)buf;
}
EXPORT_SYMBOL_GPL(softpci_state_save);

static int check_header(struct softpci_device *dev, const u8 *buf, size_t size)
{
	struct state_header header, own = make_header(dev);

	if (size < sizeof(header))
		return -EMSGSIZE;
	memcpy(&header, buf, sizeof(header));
	if (header.magic != own.magic)
		return -EINVAL;
	if (header.major != own.major)
		return -EPROTONOSUPPORT;
	if (header.crc != header_crc(&header))
		return -EBADMSG;
	if (header.vendor != own.vendor || header.device != own.device ||
	    header.subsystem_vendor != own.subsystem_vendor ||
	    header.subsystem_device != own.subsystem_device ||
	    header.class != own.class ||
	    header.config_size != own.config_size ||
	    header.identity != own.identity)
		return -ENXIO;
	return le32_to_cpu(header.length) == size ? 0 : -EMSGSIZE;
}

/* A section at @buf: its length with its head, or an errno. */
static ssize_t check_section(struct softpci_device *dev,
			     struct state_content *content, const u8 *buf,
			     size_t size)
{
	const u8 *from = buf + sizeof(struct state_section);
	struct state_section section;
	unsigned int id;
	size_t length;

	if (size < sizeof(section))
		return -EMSGSIZE;
	memcpy(&section, buf, sizeof(section));
	id = le16_to_cpu(section.id);
	length = le32_to_cpu(section.length);
	if (length > size - sizeof(section))
		return -EMSGSIZE;
	if (section.crc != section_crc(&section, from))
		return -EBADMSG;

	if (!has_section(dev->model, id))
		return section.flags & cpu_to_le16(STATE_SKIPPABLE) ?
		       sizeof(section) + length : -EINVAL;
	if (section.flags & ~cpu_to_le16(STATE_SKIPPABLE) ||
	    section.reserved || content->of[id])
		return -EINVAL;
	if (le16_to_cpu(section.version) != content_version(dev->model, id))
		return -EPROTONOSUPPORT;
	if (length != content_size(dev, id) ||
	    !content_is_valid(dev, id, from))
		return -EINVAL;
	content->of[id] = from;
	return sizeof(section) + length;
}

static int check_stream(struct softpci_device *dev,
			struct state_content *content, const u8 *buf,
			size_t size)
{
	size_t pos = sizeof(struct state_header);
	int ret = check_header(dev, buf, size);
	unsigned int id;

	if (ret)
		return ret;
	while (pos < size) {
		ssize_t done = check_section(dev, content, buf + pos,
					     size - pos);

		if (done < 0)
			return done;
		pos += done;
	}
	for (id = 0; id < NR_STATES; id++)
		if (has_section(dev->model, id) && !content->of[id])
			return -EINVAL;
	return 0;
}

/**
 * softpci_state_check() - can a device be put into the state of a stream
 * @dev: the device; the lock need not be held
 * @buf: the stream
 * @size: its length
 *
 * Return: 0 or an errno as softpci_state_load(), which can still fail: the limits
 * that only softpci_state.post_load knows are not checked.
 */
int softpci_state_check(struct softpci_device *dev, const void *buf,
			size_t size)
{
	struct state_content content = {};

	return check_stream(dev, &content, buf, size);
}
EXPORT_SYMBOL_GPL(softpci_state_check);

/* The contents of the device as they are, into @to, which has the room. */
static void keep_contents(struct softpci_device *dev,
			  struct state_content *content, u8 *to)
{
	unsigned int id;

	for (id = 0; id < NR_STATES; id++) {
		if (!has_section(dev->model, id))
			continue;
		save_content(dev, id, to);
		content->of[id] = to;
		to += content_size(dev, id);
	}
}

/**
 * softpci_state_load() - put a device into the state of a stream
 * @dev: the device, open and quiet (softpci_quiesce()); takes the lock; may sleep
 * @buf: the stream
 * @size: its length
 *
 * BARs are enabled or absent as config space says, and interrupts that are due
 * are delivered by softpci_resume(). softpci_ops.config is not called.
 *
 * Return: 0, or an errno, the device unchanged: -EINVAL if @buf is no stream, or
 * a field of it, a section or a bit of config space is not as it can be;
 * -EMSGSIZE if it is truncated or too long; -EPROTONOSUPPORT for another version;
 * -ENXIO for another model; -EBADMSG for a wrong checksum; -ENOMEM; or the errno
 * of softpci_state.post_load.
 */
int softpci_state_load(struct softpci_device *dev, const void *buf,
		       size_t size)
{
	const struct softpci_state *state = dev->model->state;
	struct state_content content = {}, old = {};
	u8 *room;
	int ret;

	ret = check_stream(dev, &content, buf, size);
	if (ret)
		return ret;
	room = kvmalloc(softpci_state_size(dev), GFP_KERNEL_ACCOUNT);
	if (!room)
		return -ENOMEM;

	scoped_guard(softpci, dev) {
		bool flr = dev->config.flr;

		keep_contents(dev, &old, room);
		load_contents(dev, &content);
		if (state && state->post_load)
			ret = state->post_load(dev);
		if (ret) {
			load_contents(dev, &old);
			WRITE_ONCE(dev->config.flr, flr);
		}
		softpci_irq_loaded(dev);
		softpci_irq_update(dev);
	}
	kvfree(room);
	return ret;
}
EXPORT_SYMBOL_GPL(softpci_state_load);

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/state.c"
#include "../tests/kunit/state-refused.c"
#endif
