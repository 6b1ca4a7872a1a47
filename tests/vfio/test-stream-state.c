// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state in a stream (the head of core/state.c), its checksums right, and
 * something else in it not: refused, and the device stays as it is.
 */
#include "../lib/refusal.h"

#define HEADER		sizeof(struct stream_header)
#define HEAD		sizeof(struct state_section)
/* About as many bytes of a section are tried, or all if it has fewer. */
#define TRIES		16

/* A copy of the good stream, and its parts that are changed. */
struct bad {
	struct blob stream;
	size_t outer;			/* the section STATE */
	struct state_header *header;
	u8 *config, *irqs, *device;	/* contents; NULL: none */
	size_t config_len, irqs_len, device_len;
};

static u8 *find_content(struct bad *b, u16 id, size_t *len)
{
	size_t pos = stream_find_state(&b->stream, id);
	const struct state_section *section = (void *)b->stream.data + pos;

	*len = pos ? section->length : 0;
	return pos ? b->stream.data + pos + HEAD : NULL;
}

static struct bad copy_of(const struct refusal *r)
{
	struct bad b = { .stream = blob_copy(&r->good) };

	b.outer = stream_find(&b.stream, HEADER, STREAM_STATE);
	b.header = (void *)b.stream.data + b.outer + sizeof(struct stream_section);
	b.config = find_content(&b, STATE_CONFIG, &b.config_len);
	b.irqs = find_content(&b, STATE_IRQS, &b.irqs_len);
	b.device = find_content(&b, STATE_DEVICE, &b.device_len);
	return b;
}

static void mend(struct bad *b, const struct refusal *r)
{
	memcpy(b->stream.data, r->good.data, r->good.len);
}

static struct state_section *section_of(u8 *content)
{
	return (void *)(content - HEAD);
}

/* The checksum of STATE is right, those in it are as they are. */
static void refuse_sealed_outside(struct refusal *r, struct bad *b, int want)
{
	stream_seal_section(&b->stream, b->outer);
	expect_refused(r, &b->stream, want);
	mend(b, r);
}

static void refuse_sealed(struct refusal *r, struct bad *b, int want)
{
	stream_seal_state(&b->stream);
	refuse_sealed_outside(r, b, want);
}

#define HEADER_BYTE(field, i)	(offsetof(struct state_header, field) + (i))

/* Bytes of the header, and how each is refused with some bits flipped. */
static const struct {
	const char *name;
	size_t offset;
	u8 bits;
	int want;
} header_bytes[] = {
	{ "magic", HEADER_BYTE(magic, 0), 1, -EINVAL },
	{ "major version", HEADER_BYTE(major, 0), 1 ^ 2, -EPROTONOSUPPORT },
	{ "vendor", HEADER_BYTE(vendor, 0), 1, -ENXIO },
	{ "device", HEADER_BYTE(device, 0), 1, -ENXIO },
	{ "subsystem vendor", HEADER_BYTE(subsystem_vendor, 0), 1, -ENXIO },
	{ "subsystem", HEADER_BYTE(subsystem_device, 0), 1, -ENXIO },
	{ "class", HEADER_BYTE(class, 0), 1, -ENXIO },
	{ "size of config space", HEADER_BYTE(config_size, 1), (256 ^ 4096) >> 8, -ENXIO },
	{ "identity", HEADER_BYTE(identity, 0), 1, -ENXIO },
};

static void the_header_of_the_state_is_checked(struct env *env)
{
	struct refusal r;
	unsigned int i;
	struct bad b;

	refusal_init(&r, env);
	b = copy_of(&r);
	for (i = 0; i < ARRAY_SIZE(header_bytes); i++) {
		note("%s", header_bytes[i].name);
		((u8 *)b.header)[header_bytes[i].offset] ^= header_bytes[i].bits;
		refuse_sealed(&r, &b, header_bytes[i].want);
	}
	note("checksum");
	b.header->crc ^= 1;
	refuse_sealed_outside(&r, &b, -EBADMSG);
	expect_good_is_taken(&r);
}

/* Not by stream_seal_state(), which would follow it. */
static void refuse_length(struct refusal *r, struct bad *b, u32 length)
{
	note("a state of %#x bytes", length);
	b->header->length = length;
	b->header->crc = crc32(b->header, offsetof(struct state_header, crc));
	refuse_sealed_outside(r, b, -EMSGSIZE);
}

static void the_state_is_as_long_as_its_header_says(struct env *env)
{
	struct refusal r;
	struct bad b;
	u32 length;

	refusal_init(&r, env);
	b = copy_of(&r);
	length = b.header->length;
	refuse_length(&r, &b, 0);
	refuse_length(&r, &b, sizeof(struct state_header));
	refuse_length(&r, &b, length - 1);
	refuse_length(&r, &b, length + 1);
	refuse_length(&r, &b, ~0u);
	expect_good_is_taken(&r);
}

static void each_section_of_the_state_is_checked(struct env *env)
{
	static const u32 lengths[] = { 0x80000000, ~0u, ~0u - HEAD + 1, 1 << 20 };
	struct state_section *section;
	u8 *contents[3];
	unsigned int i, l;
	struct refusal r;
	struct bad b;

	refusal_init(&r, env);
	b = copy_of(&r);
	contents[0] = b.config;
	contents[1] = b.irqs;
	contents[2] = b.device;
	for (i = 0; i < 3 && contents[i]; i++) {
		section = section_of(contents[i]);
		note("section %u", section->id);
		section->version++;
		refuse_sealed(&r, &b, -EPROTONOSUPPORT);
		section->flags = 2;
		refuse_sealed(&r, &b, -EINVAL);
		section->reserved = 1;
		refuse_sealed(&r, &b, -EINVAL);
		section->crc ^= 1;
		refuse_sealed_outside(&r, &b, -EBADMSG);
		contents[i][0] ^= 1;
		refuse_sealed_outside(&r, &b, -EBADMSG);
		/* Ignored, and then it is not there. */
		section->id = 99;
		refuse_sealed(&r, &b, -EINVAL);
		section->id = 99;
		section->flags = STATE_SKIPPABLE;
		refuse_sealed(&r, &b, -EINVAL);
		for (l = 0; l < ARRAY_SIZE(lengths); l++) {
			section->length = lengths[l];
			refuse_sealed_outside(&r, &b, -EMSGSIZE);
		}
	}
	note("a section twice");
	section_of(b.irqs)->id = STATE_CONFIG;
	refuse_sealed(&r, &b, -EINVAL);
	expect_good_is_taken(&r);
}

static void config_space_has_no_bit_that_cannot_be(struct env *env)
{
	static const unsigned int read_only[] = {
		PCI_VENDOR_ID, PCI_DEVICE_ID + 1, PCI_REVISION_ID, PCI_HEADER_TYPE,
		PCI_SUBSYSTEM_ID, PCI_CAPABILITY_LIST, 0xff,
	};
	struct refusal r;
	unsigned int i;
	struct bad b;

	refusal_init(&r, env);
	b = copy_of(&r);
	for (i = 0; i < ARRAY_SIZE(read_only); i++) {
		note("config space at %#x", read_only[i]);
		b.config[read_only[i]] ^= 1;
		refuse_sealed(&r, &b, -EINVAL);
	}
	note("COMMAND");
	b.config[PCI_COMMAND] ^= PCI_COMMAND_SPECIAL;
	refuse_sealed(&r, &b, -EINVAL);
	expect_good_is_taken(&r);
}

static void interrupts_are_those_of_the_device(struct env *env)
{
	const unsigned int nr = env->model->nr_msix ?: env->model->nr_ports;
	const size_t bitmap = 12, table = bitmap + (nr + 63) / 64 * 8;
	struct refusal r;
	struct bad b;

	refusal_init(&r, env);
	b = copy_of(&r);
	note("%u vectors", nr);
	b.irqs[8]++;
	refuse_sealed(&r, &b, -EINVAL);
	note("entries of the table");
	b.irqs[10]++;
	refuse_sealed(&r, &b, -EINVAL);
	if (nr < 32) {
		note("a vector that there is not has risen");
		b.irqs[4 + nr / 8] |= 1 << nr % 8;
		refuse_sealed(&r, &b, -EINVAL);
		b.irqs[7] |= 0x80;
		refuse_sealed(&r, &b, -EINVAL);
	}
	if (nr % 64) {
		note("a vector that there is not is due");
		b.irqs[bitmap + nr / 8] |= 1 << nr % 8;
		refuse_sealed(&r, &b, -EINVAL);
		b.irqs[table - 1] |= 0x80;
		refuse_sealed(&r, &b, -EINVAL);
	}
	if (env->model->nr_msix) {
		note("address of an entry");
		b.irqs[table + (nr - 1) * PCI_MSIX_ENTRY_SIZE] |= 2;
		refuse_sealed(&r, &b, -EINVAL);
		note("control of an entry");
		b.irqs[table + nr * PCI_MSIX_ENTRY_SIZE - 1] |= 1;
		refuse_sealed(&r, &b, -EINVAL);
	}
	expect_good_is_taken(&r);
}

/* Little-endian bytes of a field of the device, by its offset from the start or end. */
struct field {
	const char *name;
	unsigned int types;
	int offset;		/* negative: from the end */
	unsigned int width;
	u64 good, bad;
};

#define PORT_FIELD(offset, width, good, bad, name)	{ name, MTTY, offset, width, good, bad }

static const struct field fields[] = {
	{ "status", EXAMPLE, 28, 4, BUSY, BUSY + 1 },
	{ "status", EXAMPLE, 28, 4, FAILED, ~0u },
	{ "largest transfer", MIOAT, 0, 1, 20, 11 },
	{ "largest transfer", MIOAT, 0, 1, 20, 21 },
	{ "status of the channel", MIOAT, 8, 1, ARMED, ARMED + 1 },
	{ "byte order", MBOCHS, NR_DISPI * 2, 4, ORDER_BIG, ORDER_BIG + 1 },
	{ "byte order", MBOCHS, NR_DISPI * 2, 4, ORDER_LITTLE, 0 },
	{ "link state", MBOCHS, NR_DISPI * 2 + 4, 4, 1, 0 },
	{ "link state", MBOCHS, NR_DISPI * 2 + 4, 4, 2, 3 },
	{ "size of EDID", MBOCHS, NR_DISPI * 2 + 8, 4, 256, ~0u },
	{ "length to clear", MBOCHS, -4, 4, 4096, ~0u },
	{ "start to clear", MBOCHS, -8, 4, 4096, ~0u },
	{ "start to clear", MBOCHS, -8, 4, 0, 1u << 31 },
	PORT_FIELD(0, 1, 0x0f, 0x10, "IER"),
	PORT_FIELD(1, 1, 0xc1, 0x02, "FCR"),
	PORT_FIELD(3, 1, 0x10, 0x20, "MCR"),
};

static void put_field(struct bad *b, const struct field *f, u64 val)
{
	u8 *at = b->device + f->offset + (f->offset < 0 ? b->device_len : 0);
	unsigned int i;

	for (i = 0; i < f->width; i++, val >>= 8)
		at[i] = val;
}

static void fields_of_the_device_have_limits(struct env *env)
{
	struct refusal r;
	unsigned int i;
	struct bad b;

	refusal_init(&r, env);
	b = copy_of(&r);
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!(fields[i].types & env->model->bit))
			continue;
		note("%s is %#llx", fields[i].name, fields[i].bad);
		put_field(&b, &fields[i], fields[i].bad);
		refuse_sealed(&r, &b, -EINVAL);
		/* So the place is the right one. */
		note("%s is %#llx", fields[i].name, fields[i].good);
		put_field(&b, &fields[i], fields[i].good);
		stream_seal(&b.stream);
		expect_taken(&r, &b.stream);
		mend(&b, &r);
	}
	expect_good_is_taken(&r);
}

/* With values that few fields can have.  Heads of sections: see above. */
static void try_bytes(struct refusal *r, struct bad *b, u8 *content, size_t len)
{
	static const u8 values[] = { 0xff, 0x80, 0x55, 0x01, 0x7f, 0x00 };
	/* Odd, so that it meets all bytes of a field in turn. */
	const size_t step = len / TRIES | 1;
	unsigned int i = 0;
	size_t pos;

	for (pos = 0; pos < len; pos += step, i++) {
		note("byte %zu of section %u is %#x", pos, section_of(content)->id,
		     values[i % ARRAY_SIZE(values)]);
		content[pos] = values[i % ARRAY_SIZE(values)];
		stream_seal(&b->stream);
		expect_refused_or_taken(r, &b->stream);
		mend(b, r);
	}
}

static void any_byte_is_refused_or_harmless(struct env *env)
{
	struct refusal r;
	struct bad b;

	refusal_init(&r, env);
	b = copy_of(&r);
	try_bytes(&r, &b, b.config, b.config_len);
	try_bytes(&r, &b, b.irqs, b.irqs_len);
	try_bytes(&r, &b, b.device, b.device_len);
	expect_good_is_taken(&r);
}

/* One type of each driver: the others have the same sections, fields and limits. */
#define SOME	(MDPY_VGA | MBOCHS_SMALL | MTTY_2 | EXAMPLE)

const struct test_case cases[] = {
	CASE(the_header_of_the_state_is_checked, SOME | ONE_DOOR),
	CASE(the_state_is_as_long_as_its_header_says, SOME | ONE_DOOR),
	CASE(each_section_of_the_state_is_checked, SOME | ONE_DOOR),
	CASE(config_space_has_no_bit_that_cannot_be, SOME | ONE_DOOR),
	CASE(interrupts_are_those_of_the_device, SOME | MTTY_1 | ONE_DOOR),
	CASE(fields_of_the_device_have_limits, MBOCHS_SMALL | MTTY_2 | EXAMPLE | MIOAT | ONE_DOOR),
	CASE(any_byte_is_refused_or_harmless, SOME | ONE_DOOR),
	{}
};
