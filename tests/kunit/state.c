// SPDX-License-Identifier: GPL-2.0-only
/* The stream of a device's state: its bytes, there and back. */
#include "kunit.h"

#define PM_CAP		0x40
#define MSI_CAP		0x48

/* struct stateful_inner - a struct among the declared fields */
struct stateful_inner {
	u32 dword;
	bool on;
	u8 bytes[2];
};

/**
 * struct stateful - a device with a field of every kind
 * @dev: must be first
 * @byte: declared, as those up to @flags
 * @flag: a bool
 * @word: 16 bits
 * @dword: 32 bits
 * @qword: 64 bits
 * @words: an array
 * @inner: structs
 * @flags: an array of bools
 * @loads: how often post_load() was called; not declared
 * @seen: @dword at the last call
 * @refuse: what post_load() returns
 */
struct stateful {
	struct softpci_device dev;
	u8 byte;
	bool flag;
	u16 word;
	u32 dword;
	u64 qword;
	u16 words[3];
	struct stateful_inner inner[2];
	bool flags[2];
	unsigned int loads;
	u32 seen;
	int refuse;
};

static const struct softpci_field inner_fields[] = {
	SOFTPCI_FIELD(struct stateful_inner, dword),
	SOFTPCI_FIELD(struct stateful_inner, on),
	SOFTPCI_ARRAY(struct stateful_inner, bytes),
};

static const struct softpci_field stateful_fields[] = {
	SOFTPCI_FIELD(struct stateful, byte),
	SOFTPCI_FIELD(struct stateful, flag),
	SOFTPCI_FIELD(struct stateful, word),
	SOFTPCI_FIELD(struct stateful, dword),
	SOFTPCI_FIELD(struct stateful, qword),
	SOFTPCI_ARRAY(struct stateful, words),
	SOFTPCI_STRUCTS(struct stateful, inner, inner_fields),
	SOFTPCI_ARRAY(struct stateful, flags),
};

static struct stateful *to_stateful(struct softpci_device *dev)
{
	return container_of(dev, struct stateful, dev);
}

static int stateful_post_load(struct softpci_device *dev)
{
	lockdep_assert_held(&dev->lock);
	to_stateful(dev)->loads++;
	to_stateful(dev)->seen = to_stateful(dev)->dword;
	return to_stateful(dev)->refuse;
}

static const struct softpci_state stateful_state = {
	.version = 7,
	.fields = stateful_fields,
	.nr_fields = ARRAY_SIZE(stateful_fields),
	.post_load = stateful_post_load,
};

static const struct softpci_ops stateful_ops = {};

static const struct softpci_region stateful_regions[] = {
	{ .index = 0, .size = SZ_4K, },
};

static const struct softpci_model stateful_model = {
	.device_size		= sizeof(struct stateful),
	.ops			= &stateful_ops,
	.vendor			= 0x1122,
	.device			= 0x3344,
	.subsystem_vendor	= 0x5566,
	.subsystem_device	= 0x7788,
	.class			= 0x99aabb,
	.revision		= 0xcc,
	.pin			= 1,
	.nr_msi			= 4,
	.msix			= { .nr = 2, .table = 0, .pba = 0x800, },
	.regions		= stateful_regions,
	.nr_regions		= ARRAY_SIZE(stateful_regions),
	.state			= &stateful_state,
};

/* All that cannot be had by way of config space, set to other than 0. */
static void fill_stateful(struct softpci_device *dev)
{
	struct stateful *stateful = to_stateful(dev);

	guard(softpci)(dev);
	stateful->byte = 0x11;
	stateful->flag = true;
	stateful->word = 0x2322;
	stateful->dword = 0x37363534;
	stateful->qword = 0x4f4e4d4c4b4a4948;
	stateful->words[0] = 0x5150;
	stateful->words[1] = 0x5352;
	stateful->words[2] = 0x5554;
	stateful->inner[0] = (struct stateful_inner) {
		0x63626160, true, { 0x65, 0x66 }
	};
	stateful->inner[1] = (struct stateful_inner) {
		0x73727170, false, { 0x75, 0x76 }
	};
	stateful->flags[0] = false;
	stateful->flags[1] = true;

	dev->irqs.level = 0x80000005;
	dev->irqs.risen = 0x2;
	__set_bit(3, dev->irqs.pulsed);
	dev->irqs.nr_pulsed = 1;
	dev->irqs.table[0] = (struct softpci_msix_entry) {
		0xfee01000, 1, 0x4041, 0
	};
	dev->irqs.table[1] = (struct softpci_msix_entry) {
		0xfee02000, 2, 0x4042, 1
	};
}

/**
 * struct stream - a stream in a buffer with some room behind it
 * @size: its length
 * @buf: its bytes
 */
struct stream {
	size_t size;
	u8 buf[];
};

#define STREAM_ROOM	64

static struct stream *save(struct kunit *test, struct softpci_device *dev)
{
	size_t size = softpci_state_size(dev);
	struct stream *stream;

	stream = kunit_kzalloc(test, sizeof(*stream) + size + STREAM_ROOM,
			       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, stream);
	stream->size = size;
	KUNIT_ASSERT_EQ(test, softpci_state_save(dev, stream->buf, size), size);
	return stream;
}

/* Of a device that is not as it is at power-on. */
static struct stream *filled_stream(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stateful_model)->dev;

	kunit_config_write(dev, PCI_INTERRUPT_LINE, 1, 0x5a);
	fill_stateful(dev);
	return save(test, dev);
}

static struct state_section *section_at(u8 *buf)
{
	return (struct state_section *)buf;
}

static u8 *find_section(struct stream *stream, unsigned int id)
{
	u8 *at = stream->buf + sizeof(struct state_header);

	for (; at < stream->buf + stream->size;
	     at += sizeof(struct state_section) +
		   le32_to_cpu(section_at(at)->length))
		if (le16_to_cpu(section_at(at)->id) == id)
			return at;
	return NULL;
}

/* Checksums and length, so that nothing but the change itself is wrong. */
static void seal_header(struct stream *stream)
{
	struct state_header *header = (struct state_header *)stream->buf;

	header->length = cpu_to_le32(stream->size);
	header->crc = header_crc(header);
}

static void seal_sections(struct stream *stream)
{
	u8 *at = stream->buf + sizeof(struct state_header);

	while (at < stream->buf + stream->size) {
		struct state_section *section = section_at(at);

		at += sizeof(*section);
		section->crc = section_crc(section, at);
		at += le32_to_cpu(section->length);
	}
}

/* @before is the device's own stream. */
static void expect_unchanged(struct kunit *test, struct softpci_device *dev,
			     const struct stream *before, struct stream *after)
{
	KUNIT_ASSERT_EQ(test, softpci_state_save(dev, after->buf, after->size),
			after->size);
	KUNIT_EXPECT_MEMEQ(test, after->buf, before->buf, before->size);
}

/* By crc32() of zlib and by hand: the same on a host of any byte order. */
static const u8 header_bytes[] = {
	0x53, 0x50, 0x43, 0x53, 0x01, 0x00, 0x00, 0x00,
	0x22, 0x11, 0x44, 0x33, 0x66, 0x55, 0x88, 0x77,
	0xcc, 0xbb, 0xaa, 0x99, 0x00, 0x01, 0x00, 0x00,
};

/* Behind it lie the identity of the model, and: */
static const u8 length_bytes[] = { 0xae, 0x01, 0x00, 0x00 };

static const u8 irqs_bytes[] = {
	0x02, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x34, 0x00, 0x00, 0x00, 0x7f, 0x87, 0x5e, 0x20,
	0x05, 0x00, 0x00, 0x80, 0x02, 0x00, 0x00, 0x00,
	0x04, 0x00, 0x02, 0x00, 0x08, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0xe0, 0xfe,
	0x01, 0x00, 0x00, 0x00, 0x41, 0x40, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x20, 0xe0, 0xfe,
	0x02, 0x00, 0x00, 0x00, 0x42, 0x40, 0x00, 0x00,
	0x01, 0x00, 0x00, 0x00,
};

static const u8 device_bytes[] = {
	0x03, 0x00, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x26, 0x00, 0x00, 0x00, 0x6a, 0x51, 0x67, 0x6c,
	0x11, 0x01, 0x22, 0x23, 0x34, 0x35, 0x36, 0x37,
	0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f,
	0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x60, 0x61,
	0x62, 0x63, 0x01, 0x65, 0x66, 0x70, 0x71, 0x72,
	0x73, 0x00, 0x75, 0x76, 0x00, 0x01,
};

static void stream_is_these_bytes_on_any_host(struct kunit *test)
{
	struct stream *stream = filled_stream(test);
	static const u8 config_head[] = {
		0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x01, 0x00, 0x00,
	};
	u8 *at;

	KUNIT_EXPECT_EQ(test, stream->size, 36 + 16 + 256 +
			sizeof(irqs_bytes) + sizeof(device_bytes));
	KUNIT_EXPECT_MEMEQ(test, stream->buf, header_bytes,
			   sizeof(header_bytes));
	KUNIT_EXPECT_MEMEQ(test, stream->buf + 28, length_bytes,
			   sizeof(length_bytes));

	at = stream->buf + 36;
	KUNIT_EXPECT_MEMEQ(test, at, config_head, sizeof(config_head));
	KUNIT_EXPECT_EQ(test, at[16], 0x22);
	KUNIT_EXPECT_EQ(test, at[17], 0x11);
	KUNIT_EXPECT_EQ(test, at[16 + PCI_INTERRUPT_LINE], 0x5a);
	at += 16 + 256;
	KUNIT_EXPECT_MEMEQ(test, at, irqs_bytes, sizeof(irqs_bytes));
	at += sizeof(irqs_bytes);
	KUNIT_EXPECT_MEMEQ(test, at, device_bytes, sizeof(device_bytes));
}

static void every_kind_of_field_comes_back(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stateful_model)->dev;
	struct stateful *to = to_stateful(dev);
	struct stream *stream = filled_stream(test);
	unsigned int changes = dev->irqs.changes;

	KUNIT_ASSERT_EQ(test, softpci_state_load(dev, stream->buf, stream->size),
			0);
	KUNIT_EXPECT_EQ(test, to->byte, 0x11);
	KUNIT_EXPECT_TRUE(test, to->flag);
	KUNIT_EXPECT_EQ(test, to->word, 0x2322);
	KUNIT_EXPECT_EQ(test, to->dword, 0x37363534);
	KUNIT_EXPECT_EQ(test, to->qword, 0x4f4e4d4c4b4a4948);
	KUNIT_EXPECT_EQ(test, to->words[2], 0x5554);
	KUNIT_EXPECT_EQ(test, to->inner[0].dword, 0x63626160);
	KUNIT_EXPECT_TRUE(test, to->inner[0].on);
	KUNIT_EXPECT_EQ(test, to->inner[1].bytes[1], 0x76);
	KUNIT_EXPECT_FALSE(test, to->flags[0]);
	KUNIT_EXPECT_TRUE(test, to->flags[1]);

	KUNIT_EXPECT_EQ(test, dev->irqs.level, 0x80000005);
	KUNIT_EXPECT_NE(test, dev->irqs.changes, changes);
	KUNIT_EXPECT_EQ(test, dev->irqs.risen, 0x2);
	KUNIT_EXPECT_TRUE(test, test_bit(3, dev->irqs.pulsed));
	KUNIT_EXPECT_EQ(test, dev->irqs.nr_pulsed, 1);
	KUNIT_EXPECT_EQ(test, dev->irqs.table[1].address_lo, 0xfee02000);
	KUNIT_EXPECT_EQ(test, dev->irqs.table[1].control, 1);
	KUNIT_EXPECT_EQ(test, kunit_config_read(dev, PCI_INTERRUPT_LINE, 1),
			0x5a);

	KUNIT_EXPECT_EQ(test, to->loads, 1);
	KUNIT_EXPECT_EQ(test, to->seen, 0x37363534);
	expect_unchanged(test, dev, stream, save(test, dev));
}

static void stream_of_2048_vectors_comes_back(struct kunit *test)
{
	static const struct softpci_region regions[] = {
		{ .index = 0, .size = SZ_64K, },
	};
	static const struct softpci_model model = {
		.device_size	= sizeof(struct softpci_device),
		.ops		= &stateful_ops,
		.msix		= { .nr = 2048, .table = 0, .pba = SZ_32K, },
		.pcie		= true,
		.regions	= regions,
		.nr_regions	= ARRAY_SIZE(regions),
	};
	static const unsigned int due[] = { 0, 63, 64, 1000, 2047 };
	struct softpci_device *from = kunit_device(test, &model)->dev;
	struct softpci_device *to = kunit_device(test, &model)->dev;
	struct stream *stream;
	unsigned int i;

	scoped_guard(softpci, from) {
		for (i = 0; i < ARRAY_SIZE(due); i++)
			__set_bit(due[i], from->irqs.pulsed);
		from->irqs.nr_pulsed = ARRAY_SIZE(due);
		for (i = 0; i < 2048; i++)
			from->irqs.table[i].data = i;
	}
	stream = save(test, from);
	KUNIT_EXPECT_EQ(test, stream->size,
			36 + 16 + 4096 + 16 + 12 + 256 + 2048 * 16);
	KUNIT_ASSERT_EQ(test, softpci_state_load(to, stream->buf, stream->size),
			0);
	KUNIT_EXPECT_EQ(test, to->irqs.nr_pulsed, ARRAY_SIZE(due));
	for (i = 0; i < ARRAY_SIZE(due); i++)
		KUNIT_EXPECT_TRUE(test, test_bit(due[i], to->irqs.pulsed));
	for (i = 0; i < 2048; i++)
		KUNIT_EXPECT_EQ(test, to->irqs.table[i].data, i);
	expect_unchanged(test, to, stream, save(test, to));
}

static void save_needs_all_of_the_room(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stateful_model)->dev;
	struct stream *stream = save(test, dev);
	size_t size = stream->size;

	memset(stream->buf, 0xee, size);
	KUNIT_EXPECT_EQ(test, softpci_state_save(dev, stream->buf, size - 1),
			-ENOSPC);
	KUNIT_EXPECT_EQ(test, softpci_state_save(dev, stream->buf, 0), -ENOSPC);
	KUNIT_EXPECT_NULL(test, memchr_inv(stream->buf, 0xee, size));
	KUNIT_EXPECT_EQ(test, softpci_state_save(dev, stream->buf, size + 1),
			size);
}

/* An unknown one, behind the header. */
static void insert_section(struct stream *stream, u16 flags)
{
	u8 *at = stream->buf + sizeof(struct state_header);
	struct state_section section = {
		.id = cpu_to_le16(0x1234),
		.flags = cpu_to_le16(flags),
		.length = cpu_to_le32(3),
	};

	memmove(at + sizeof(section) + 3, at,
		stream->size - sizeof(struct state_header));
	memcpy(at, &section, sizeof(section));
	stream->size += sizeof(section) + 3;
	seal_header(stream);
	seal_sections(stream);
}

static void unknown_section_is_skipped_if_it_says_so(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stateful_model)->dev;
	struct stream *stream = filled_stream(test);

	insert_section(stream, STATE_SKIPPABLE);
	KUNIT_EXPECT_EQ(test, softpci_state_load(dev, stream->buf, stream->size),
			0);
	KUNIT_EXPECT_EQ(test, to_stateful(dev)->word, 0x2322);

	stream = filled_stream(test);
	insert_section(stream, 0);
	KUNIT_EXPECT_EQ(test, softpci_state_load(dev, stream->buf, stream->size),
			-EINVAL);
}

static void newer_minor_version_is_accepted(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stateful_model)->dev;
	struct stream *stream = filled_stream(test);

	((struct state_header *)stream->buf)->minor = cpu_to_le16(0xffff);
	seal_header(stream);
	KUNIT_EXPECT_EQ(test, softpci_state_load(dev, stream->buf, stream->size),
			0);
}

static void sections_come_in_any_order(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stateful_model)->dev;
	struct stream *stream = filled_stream(test), *other = save(test, dev);
	u8 *to = other->buf + sizeof(struct state_header);
	unsigned int id;

	memcpy(other->buf, stream->buf, sizeof(struct state_header));
	for (id = NR_STATES - 1; id; id--) {
		u8 *from = find_section(stream, id);
		size_t len = sizeof(struct state_section) +
			     le32_to_cpu(section_at(from)->length);

		memcpy(to, from, len);
		to += len;
	}
	KUNIT_EXPECT_EQ(test, softpci_state_load(dev, other->buf, other->size),
			0);
	expect_unchanged(test, dev, stream, other);
}

static void bars_are_absent_as_loaded_config_space_says(struct kunit *test)
{
	struct softpci_device *from = kunit_device(test, &stateful_model)->dev;
	struct softpci_device *to = kunit_device(test, &stateful_model)->dev;
	unsigned int command, power;

	for (command = 0; command <= 2; command += 2)
		for (power = 0; power <= 3; power += 3) {
			struct stream *stream;

			kunit_config_write(from, PCI_COMMAND, 2, command);
			kunit_config_write(from, PM_CAP + PCI_PM_CTRL, 2, power);
			stream = save(test, from);
			KUNIT_EXPECT_EQ(test, softpci_state_load(to, stream->buf,
								 stream->size),
					0);
			KUNIT_EXPECT_EQ(test, to->config.absent,
					command && !power ? 0 : BIT(0));
		}
}

static void interrupts_that_are_due_are_delivered_after_loading(struct kunit *test)
{
	struct kunit_host *from = kunit_device(test, &stateful_model);
	struct kunit_host *to = kunit_device(test, &stateful_model);
	struct stream *stream;

	kunit_config_write(from->dev, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	kunit_config_write(from->dev, MSI_CAP + PCI_MSI_FLAGS, 2,
			   PCI_MSI_FLAGS_ENABLE | 0x20);
	scoped_guard(softpci, from->dev) {
		__set_bit(3, from->dev->irqs.pulsed);
		from->dev->irqs.nr_pulsed = 1;
	}
	stream = save(test, from->dev);

	scoped_guard(softpci, to->dev)
		softpci_irq_select(to->dev, SOFTPCI_IRQ_MSI, 4);
	KUNIT_EXPECT_EQ(test, softpci_state_load(to->dev, stream->buf,
						 stream->size), 0);
	KUNIT_EXPECT_EQ(test, to->messages[3], 1);
	KUNIT_EXPECT_EQ(test, to->dev->irqs.nr_pulsed, 0);
}

static void level_that_is_loaded_asserts_intx(struct kunit *test)
{
	struct kunit_host *from = kunit_device(test, &stateful_model);
	struct kunit_host *to = kunit_device(test, &stateful_model);
	struct stream *stream;

	scoped_guard(softpci, from->dev)
		softpci_irq_level(from->dev, 0, true);
	stream = save(test, from->dev);
	scoped_guard(softpci, to->dev)
		softpci_irq_select(to->dev, SOFTPCI_IRQ_INTX, 1);
	KUNIT_EXPECT_FALSE(test, to->intx);
	KUNIT_EXPECT_EQ(test, softpci_state_load(to->dev, stream->buf,
						 stream->size), 0);
	KUNIT_EXPECT_TRUE(test, to->intx);
}

static struct kunit_case state_cases[] = {
	KUNIT_CASE(stream_is_these_bytes_on_any_host),
	KUNIT_CASE(every_kind_of_field_comes_back),
	KUNIT_CASE(stream_of_2048_vectors_comes_back),
	KUNIT_CASE(save_needs_all_of_the_room),
	KUNIT_CASE(unknown_section_is_skipped_if_it_says_so),
	KUNIT_CASE(newer_minor_version_is_accepted),
	KUNIT_CASE(sections_come_in_any_order),
	KUNIT_CASE(bars_are_absent_as_loaded_config_space_says),
	KUNIT_CASE(interrupts_that_are_due_are_delivered_after_loading),
	KUNIT_CASE(level_that_is_loaded_asserts_intx),
	{}
};

static struct kunit_suite state_suite = {
	.name = "softpci-state",
	.test_cases = state_cases,
};

kunit_test_suite(state_suite);
