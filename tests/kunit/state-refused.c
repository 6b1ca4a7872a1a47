// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams of a device's state that are refused without a trace. Included behind
 * state.c, whose model it uses.
 */

static void every_flipped_bit_is_refused_and_changes_nothing(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stateful_model)->dev;
	struct stream *before = save(test, dev), *after = save(test, dev);
	struct stream *stream = filled_stream(test);
	unsigned int bit;

	for (bit = 0; bit < stream->size * 8; bit++) {
		stream->buf[bit / 8] ^= BIT(bit % 8);
		KUNIT_EXPECT_LT_MSG(test, softpci_state_load(dev, stream->buf,
							     stream->size), 0,
				    "bit %u of byte %u", bit % 8, bit / 8);
		expect_unchanged(test, dev, before, after);
		stream->buf[bit / 8] ^= BIT(bit % 8);
	}
	KUNIT_EXPECT_EQ(test, to_stateful(dev)->loads, 0);
	KUNIT_EXPECT_EQ(test, softpci_state_load(dev, stream->buf, stream->size),
			0);
}

/* Of the length that its header says, or of another. */
static void every_truncated_stream_is_refused(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stateful_model)->dev;
	struct stream *before = save(test, dev), *after = save(test, dev);
	struct stream *stream = filled_stream(test);
	size_t size = stream->size, len;
	void *exact;

	for (len = 0; len < size; len++) {
		/* In memory that ends with it, for KASAN. */
		exact = kmemdup(stream->buf, len, GFP_KERNEL);
		KUNIT_EXPECT_EQ_MSG(test, softpci_state_load(dev, exact, len),
				    -EMSGSIZE, "%zu bytes", len);
		kfree(exact);
		if (len < sizeof(struct state_header))
			continue;

		stream->size = len;
		seal_header(stream);
		exact = kmemdup(stream->buf, len, GFP_KERNEL);
		KUNIT_EXPECT_LT_MSG(test, softpci_state_load(dev, exact, len), 0,
				    "%zu bytes", len);
		kfree(exact);
		stream->size = size;
		seal_header(stream);
	}
	expect_unchanged(test, dev, before, after);
	KUNIT_EXPECT_EQ(test, to_stateful(dev)->loads, 0);
}

static void stream_with_more_behind_it_is_refused(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stateful_model)->dev;
	struct stream *stream = filled_stream(test);
	unsigned int more;

	for (more = 1; more <= 16; more++) {
		KUNIT_EXPECT_EQ(test, softpci_state_load(dev, stream->buf,
							 stream->size + more),
				-EMSGSIZE);
		stream->size += more;
		seal_header(stream);
		KUNIT_EXPECT_LT(test, softpci_state_load(dev, stream->buf,
							 stream->size), 0);
		stream->size -= more;
		seal_header(stream);
	}
	KUNIT_EXPECT_EQ(test, to_stateful(dev)->loads, 0);
}

/* In the header, in the head of a section, in its content. */
#define IN_HEADER(_field, _byte, ...) \
	{ 0, offsetof(struct state_header, _field) + (_byte), __VA_ARGS__ }
#define IN_HEAD(_id, _field, _byte, ...) \
	{ _id, offsetof(struct state_section, _field) + (_byte), __VA_ARGS__ }
#define IN_CONTENT(_id, _byte, ...) \
	{ _id, sizeof(struct state_section) + (_byte), __VA_ARGS__ }

/**
 * struct refused_case - a change after which a stream is refused
 * @section: where it is: in this section, or 0 for the header
 * @offset: of a byte from the start of the section or header
 * @flip: the bits of it that are changed
 * @sealed: the checksums fit to it
 * @err: the errno
 * @name: of the case
 */
static const struct refused_case {
	u16 section;
	u16 offset;
	u8 flip;
	bool sealed;
	int err;
	const char *name;
} refused_cases[] = {
	IN_HEADER(magic, 0, 0x01, true, -EINVAL, "magic"),
	IN_HEADER(major, 0, 0x03, true, -EPROTONOSUPPORT, "major version"),
	IN_HEADER(vendor, 0, 0x01, true, -ENXIO, "vendor"),
	IN_HEADER(device, 0, 0x01, true, -ENXIO, "device"),
	IN_HEADER(subsystem_vendor, 0, 1, true, -ENXIO, "subsystem vendor"),
	IN_HEADER(subsystem_device, 0, 1, true, -ENXIO, "subsystem device"),
	IN_HEADER(class, 0, 0x01, true, -ENXIO, "revision"),
	IN_HEADER(class, 3, 0x01, true, -ENXIO, "class"),
	IN_HEADER(config_size, 1, 0x11, true, -ENXIO, "config size"),
	IN_HEADER(identity, 3, 0x80, true, -ENXIO, "identity"),
	IN_HEADER(crc, 0, 0x01, false, -EBADMSG, "checksum of the header"),

	IN_HEAD(STATE_CONFIG, crc, 0, 1, false, -EBADMSG,
		"checksum of a section"),
	IN_HEAD(STATE_DEVICE, id, 0, 8, true, -EINVAL, "unknown section"),
	IN_HEAD(STATE_IRQS, id, 0, STATE_IRQS ^ STATE_CONFIG, true, -EINVAL,
		"config space twice"),
	IN_HEAD(STATE_CONFIG, version, 0, 3, true, -EPROTONOSUPPORT,
		"version of config space"),
	IN_HEAD(STATE_IRQS, version, 0, 3, true, -EPROTONOSUPPORT,
		"version of the interrupts"),
	IN_HEAD(STATE_DEVICE, version, 0, 1, true, -EPROTONOSUPPORT,
		"version of the device's state"),
	IN_HEAD(STATE_CONFIG, flags, 0, 2, true, -EINVAL, "unknown flag"),
	IN_HEAD(STATE_CONFIG, reserved, 0, 1, true, -EINVAL, "reserved"),
	IN_HEAD(STATE_DEVICE, length, 0, 0x40, false, -EMSGSIZE,
		"section longer than the stream"),
	IN_HEAD(STATE_DEVICE, length, 3, 0xff, false, -EMSGSIZE,
		"section of 4 GiB"),

	IN_CONTENT(STATE_CONFIG, PCI_VENDOR_ID, 1, true, -EINVAL,
		   "vendor in config space"),
	IN_CONTENT(STATE_CONFIG, PCI_STATUS, 8, true, -EINVAL,
		   "interrupt status, which is computed"),
	IN_CONTENT(STATE_CONFIG, PM_CAP + PCI_PM_CTRL, 2, true, -EINVAL, "D2"),
	IN_CONTENT(STATE_CONFIG, MSI_CAP + PCI_MSI_FLAGS, 0x30, true, -EINVAL,
		   "eight messages of four"),
	IN_CONTENT(STATE_CONFIG, 0xff, 1, true, -EINVAL,
		   "last byte of config space"),

	IN_CONTENT(STATE_IRQS, 4, 0x10, true, -EINVAL,
		   "a vector has risen that there is not"),
	IN_CONTENT(STATE_IRQS, 8, 0x01, true, -EINVAL, "number of vectors"),
	IN_CONTENT(STATE_IRQS, 10, 0x01, true, -EINVAL,
		   "number of MSI-X entries"),
	IN_CONTENT(STATE_IRQS, 12, 0x10, true, -EINVAL,
		   "a vector is due that there is not"),
	IN_CONTENT(STATE_IRQS, 19, 0x80, true, -EINVAL,
		   "the last bit of the vectors that are due"),
	IN_CONTENT(STATE_IRQS, 20 + 16, 0x01, true, -EINVAL,
		   "Message Address of half a dword"),
	IN_CONTENT(STATE_IRQS, 20 + 12, 0x02, true, -EINVAL,
		   "reserved bit of Vector Control"),

	IN_CONTENT(STATE_DEVICE, 1, 2, true, -EINVAL, "a bool of 3"),
	IN_CONTENT(STATE_DEVICE, 26, 2, true, -EINVAL,
		   "a bool of 3 in a struct"),
	IN_CONTENT(STATE_DEVICE, 37, 2, true, -EINVAL,
		   "a bool of 3 in an array"),
};

KUNIT_ARRAY_PARAM_DESC(refused, refused_cases, name);

static void stream_is_refused_for_its_fault(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stateful_model)->dev;
	const struct refused_case *c = test->param_value;
	struct stream *before = save(test, dev);
	struct stream *stream = filled_stream(test);
	u8 *at = stream->buf;

	if (c->section)
		at = find_section(stream, c->section);
	at[c->offset] ^= c->flip;
	if (c->sealed) {
		seal_header(stream);
		seal_sections(stream);
	}
	KUNIT_EXPECT_EQ(test, softpci_state_load(dev, stream->buf, stream->size),
			c->err);
	expect_unchanged(test, dev, before, save(test, dev));
	KUNIT_EXPECT_EQ(test, to_stateful(dev)->loads, 0);
}

static void missing_section_is_refused(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stateful_model)->dev;
	unsigned int id;

	for (id = 1; id < NR_STATES; id++) {
		struct stream *stream = filled_stream(test);
		u8 *at = find_section(stream, id);
		size_t len = sizeof(struct state_section) +
			     le32_to_cpu(section_at(at)->length);

		memmove(at, at + len, stream->buf + stream->size - at - len);
		stream->size -= len;
		seal_header(stream);
		KUNIT_EXPECT_EQ_MSG(test, softpci_state_load(dev, stream->buf,
							     stream->size),
				    -EINVAL, "section %u", id);
	}
	KUNIT_EXPECT_EQ(test, to_stateful(dev)->loads, 0);
}

static void model_without_state_refuses_a_section_of_it(struct kunit *test)
{
	static struct softpci_model model;
	struct softpci_device *dev;
	struct stream *stream = filled_stream(test);
	size_t len;

	model = stateful_model;
	model.state = NULL;
	dev = kunit_device(test, &model)->dev;
	KUNIT_EXPECT_EQ(test, softpci_state_load(dev, stream->buf, stream->size),
			-EINVAL);

	/* And takes it without. */
	len = find_section(stream, STATE_DEVICE) - stream->buf;
	stream->size = len;
	seal_header(stream);
	KUNIT_EXPECT_EQ(test, softpci_state_size(dev), len);
	KUNIT_EXPECT_EQ(test, softpci_state_load(dev, stream->buf, len), 0);
	expect_unchanged(test, dev, stream, save(test, dev));
}

/* It would come up as a message of a device that never sends one. */
static void model_without_a_pin_refuses_a_level(struct kunit *test)
{
	static struct softpci_model model, silent;
	struct softpci_device *dev;
	struct stream *stream, *before;

	model = stateful_model;
	model.pin = 0;
	dev = kunit_device(test, &model)->dev;
	before = save(test, dev);
	fill_stateful(dev);
	stream = save(test, dev);
	KUNIT_ASSERT_EQ(test, softpci_state_load(dev, before->buf, before->size), 0);
	KUNIT_EXPECT_EQ(test, softpci_state_load(dev, stream->buf, stream->size),
			-EINVAL);
	expect_unchanged(test, dev, before, save(test, dev));

	/* Nor without any message. */
	silent = model;
	silent.nr_msi = 0;
	silent.msix.nr = 0;
	dev = kunit_device(test, &silent)->dev;
	before = save(test, dev);
	scoped_guard(softpci, dev)
		dev->irqs.level = 1;
	stream = save(test, dev);
	KUNIT_ASSERT_EQ(test, softpci_state_load(dev, before->buf, before->size), 0);
	KUNIT_EXPECT_EQ(test, softpci_state_load(dev, stream->buf, stream->size),
			-EINVAL);
}

static void post_load_that_refuses_has_the_old_state_put_back(struct kunit *test)
{
	struct softpci_device *dev = kunit_device(test, &stateful_model)->dev;
	struct stream *stream = filled_stream(test), *before;

	kunit_config_write(dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	before = save(test, dev);
	kunit_config_write(dev, PCI_COMMAND, 2, 0);
	KUNIT_ASSERT_EQ(test, softpci_state_load(dev, before->buf, before->size),
			0);
	KUNIT_EXPECT_EQ(test, dev->config.absent, 0);

	find_section(stream, STATE_CONFIG)[sizeof(struct state_section) +
					   PCI_COMMAND] = 0;
	seal_sections(stream);
	to_stateful(dev)->refuse = -ERANGE;
	KUNIT_EXPECT_EQ(test, softpci_state_load(dev, stream->buf, stream->size),
			-ERANGE);
	KUNIT_EXPECT_EQ(test, to_stateful(dev)->seen, 0x37363534);
	expect_unchanged(test, dev, before, save(test, dev));
	KUNIT_EXPECT_EQ(test, dev->config.absent, 0);
	KUNIT_EXPECT_EQ(test, dev->irqs.nr_pulsed, 0);
}

/* A device of @other takes no stream of @model. */
static void expect_other_model(struct kunit *test,
			       const struct softpci_model *model,
			       const struct softpci_model *other)
{
	struct softpci_device *from = kunit_device(test, model)->dev;
	struct softpci_device *to = kunit_device(test, other)->dev;
	struct stream *stream = save(test, from), *before = save(test, to);

	KUNIT_EXPECT_EQ(test, softpci_state_load(to, stream->buf, stream->size),
			-ENXIO);
	expect_unchanged(test, to, before, save(test, to));
}

static void model_of_the_same_ids_is_told_apart(struct kunit *test)
{
	static const struct softpci_region small[] = {
		{ .index = 0, .bar = PCI_BASE_ADDRESS_MEM_TYPE_32, .size = SZ_4K, },
		{ .index = 9, .size = SZ_4K, },
	};
	static const struct softpci_region large[] = {
		{ .index = 0, .bar = PCI_BASE_ADDRESS_MEM_TYPE_32, .size = SZ_8K, },
		{ .index = 9, .size = SZ_4K, },
	};
	static const struct softpci_region longer[] = {
		{ .index = 0, .bar = PCI_BASE_ADDRESS_MEM_TYPE_32, .size = SZ_4K, },
		{ .index = 9, .size = SZ_8K, },
	};
	static const struct softpci_memory_desc one_page[] = {
		{ .size = PAGE_SIZE },
	};
	static const struct softpci_memory_desc two_pages[] = {
		{ .size = 2 * PAGE_SIZE },
	};
	static struct softpci_model model, other[6];
	unsigned int i;

	model = stateful_model;
	model.msix.nr = 0;
	model.regions = small;
	model.nr_regions = ARRAY_SIZE(small);
	model.memories = one_page;
	model.nr_memories = 1;

	/* One for each device, as they are there until the end. */
	for (i = 0; i < ARRAY_SIZE(other); i++)
		other[i] = model;
	other[0].regions = large;
	other[1].regions = longer;
	other[2].nr_regions = 1;
	other[3].memories = two_pages;
	other[4].nr_memories = 0;
	other[5].pin = 2;
	for (i = 0; i < ARRAY_SIZE(other); i++)
		expect_other_model(test, &model, &other[i]);
}

static struct kunit_case state_refused_cases[] = {
	KUNIT_CASE(every_flipped_bit_is_refused_and_changes_nothing),
	KUNIT_CASE(every_truncated_stream_is_refused),
	KUNIT_CASE(stream_with_more_behind_it_is_refused),
	KUNIT_CASE_PARAM(stream_is_refused_for_its_fault, refused_gen_params),
	KUNIT_CASE(missing_section_is_refused),
	KUNIT_CASE(model_without_state_refuses_a_section_of_it),
	KUNIT_CASE(model_without_a_pin_refuses_a_level),
	KUNIT_CASE(model_of_the_same_ids_is_told_apart),
	KUNIT_CASE(post_load_that_refuses_has_the_old_state_put_back),
	{}
};

static struct kunit_suite state_refused_suite = {
	.name = "softpci-state-refused",
	.test_cases = state_refused_cases,
};

kunit_test_suite(state_refused_suite);
