// SPDX-License-Identifier: GPL-2.0-only
/* Config space: ids, capabilities, and for each bit whether a write changes it. */
#include "../lib/cases.h"
#include "../lib/ioat.h"
#include "../lib/irq.h"

#define HEADER_BARS	6

static unsigned int bar_pos(unsigned int bar)
{
	return PCI_BASE_ADDRESS_0 + 4 * bar;
}

/* The address bits of one of the six registers, those that a BAR has. */
static u32 bar_address(const struct model *m, unsigned int bar)
{
	if (model_bar_is_upper(m, bar))
		return ~0U;
	return m->bar[bar].size ? -m->bar[bar].size : 0;
}

/* Config space as it should be: what it reads, and the bits that a write changes. */
struct shadow {
	u8 val[MAX_CONFIG_SIZE];
	u8 writable[MAX_CONFIG_SIZE];
	u8 power_on[MAX_CONFIG_SIZE];
	unsigned int size, pmcsr, msi, devctl;
	u8 max_qsize;	/* of Multiple Message Enable, in its place */
};

static void writable(struct shadow *s, unsigned int pos, unsigned int width, u32 mask)
{
	unsigned int i;

	for (i = 0; i < width; i++)
		s->writable[pos + i] = mask >> 8 * i;
}

static void shadow_init(struct shadow *s, struct env *env)
{
	unsigned int msi = config_find_cap(&env->dev, PCI_CAP_ID_MSI);
	unsigned int msix = config_find_cap(&env->dev, PCI_CAP_ID_MSIX);
	unsigned int pcie = config_find_cap(&env->dev, PCI_CAP_ID_EXP);
	unsigned int bar;

	*s = (struct shadow){ .size = model_config_size(env->model) };
	region_read(&env->dev, CONFIG, 0, s->val, s->size);
	memcpy(s->power_on, s->val, sizeof(s->val));

	writable(s, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
		 PCI_COMMAND_INTX_DISABLE);
	writable(s, PCI_INTERRUPT_LINE, 1, 0xff);
	for (bar = 0; bar < HEADER_BARS; bar++)
		writable(s, bar_pos(bar), 4, bar_address(env->model, bar));

	s->pmcsr = config_find_cap(&env->dev, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	writable(s, s->pmcsr, 1, PCI_PM_CTRL_STATE_MASK);
	if (msix)
		writable(s, msix + PCI_MSIX_FLAGS, 2,
			 PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	if (pcie) {
		s->devctl = pcie + PCI_EXP_DEVCTL;
		/* An endpoint that sends 128 bytes at most, without extended tags. */
		writable(s, s->devctl, 2, PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE |
			 PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE | PCI_EXP_DEVCTL_RELAX_EN |
			 PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ);
		writable(s, pcie + PCI_EXP_LNKCTL, 2, PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC |
			 PCI_EXP_LNKCTL_ES);
		writable(s, pcie + PCI_EXP_DEVCTL2, 2, PCI_EXP_DEVCTL2_COMP_TMOUT_DIS);
	}
	if (env->model->bit & MIOAT)
		writable(s, IOAT_CHANERRMASK_INT, 4, ~0U);
	s->msi = msi;
	if (!msi)
		return;
	s->max_qsize = (s->val[msi + PCI_MSI_FLAGS] & PCI_MSI_FLAGS_QMASK) << 3;
	writable(s, msi + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
	writable(s, msi + PCI_MSI_ADDRESS_LO, 4, ~3);
	writable(s, msi + PCI_MSI_ADDRESS_HI, 4, ~0);
	writable(s, msi + PCI_MSI_DATA_64, 2, 0xffff);
	/* A bit for each message; of Pending Bits none. */
	writable(s, msi + PCI_MSI_MASK_64, 4, (1U << env->model->nr_ports) - 1);
}

static void shadow_write(struct shadow *s, unsigned int pos, const u8 *buf, size_t len)
{
	u8 power = s->val[s->pmcsr];
	size_t i;

	for (i = 0; i < len; i++) {
		u8 mask = s->writable[pos + i];

		s->val[pos + i] = (s->val[pos + i] & ~mask) | (buf[i] & mask);
	}
	/* There are D0 and D3hot; a write of another state is discarded (PM 1.2, 3.2.4). */
	if ((s->val[s->pmcsr] & PCI_PM_CTRL_STATE_MASK) % 3)
		s->val[s->pmcsr] = power;
	if (s->msi && (s->val[s->msi + PCI_MSI_FLAGS] & PCI_MSI_FLAGS_QSIZE) > s->max_qsize)
		s->val[s->msi + PCI_MSI_FLAGS] =
			(s->val[s->msi + PCI_MSI_FLAGS] & ~PCI_MSI_FLAGS_QSIZE) | s->max_qsize;
	if (s->devctl && pos <= s->devctl + 1 && pos + len > s->devctl + 1 &&
	    buf[s->devctl + 1 - pos] & (PCI_EXP_DEVCTL_BCR_FLR >> 8))
		memcpy(s->val, s->power_on, sizeof(s->val));
}

static void expect_config(struct env *env, const struct shadow *s)
{
	u8 got[MAX_CONFIG_SIZE];

	region_read(&env->dev, CONFIG, 0, got, s->size);
	check_mem(got, s->val, s->size);
}

static void header_says_what_it_is(struct env *env)
{
	const struct model *m = env->model;
	struct vfio *v = &env->dev;
	unsigned int bar;

	check_eq(config_get(v, PCI_VENDOR_ID, 2), m->vendor);
	check_eq(config_get(v, PCI_DEVICE_ID, 2), m->device);
	check_eq(config_get(v, PCI_SUBSYSTEM_VENDOR_ID, 2), m->subvendor);
	check_eq(config_get(v, PCI_SUBSYSTEM_ID, 2), m->subdevice);
	check_eq(config_get(v, PCI_CLASS_REVISION, 4) >> 8, m->class);
	if (m->revision >= 0)
		check_eq(config_get(v, PCI_REVISION_ID, 1), m->revision);
	check_eq(config_get(v, PCI_HEADER_TYPE, 1), PCI_HEADER_TYPE_NORMAL);
	check_eq(config_get(v, PCI_INTERRUPT_PIN, 1), m->pin);
	check_eq(config_get(v, PCI_ROM_ADDRESS, 4), 0);

	/* As vfio-pci's users find it: BARs are enabled, Bus Master is not. */
	check_eq(config_get(v, PCI_COMMAND, 2), model_decoding(m));
	check_eq(config_get(v, PCI_STATUS, 2) & 0xf9ff, PCI_STATUS_CAP_LIST);
	for (bar = 0; bar < HEADER_BARS; bar++)
		check_eq(config_get(v, bar_pos(bar), 4), m->bar[bar].flags);
}

static void capability_chain_is_sound(struct env *env)
{
	unsigned int pos = config_get(&env->dev, PCI_CAPABILITY_LIST, 1);
	bool seen[CONFIG_SIZE / 4] = {};
	bool pm = false;

	while (pos) {
		note("capability at %02xh", pos);
		check_eq(pos % 4, 0);
		check(pos >= PCI_STD_HEADER_SIZEOF);
		check(!seen[pos / 4]);
		seen[pos / 4] = true;
		pm |= config_get(&env->dev, pos, 1) == PCI_CAP_ID_PM;
		pos = config_get(&env->dev, pos + PCI_CAP_LIST_NEXT, 1);
	}
	check(pm);
}

static void mode_is_in_the_vendor_capability(struct env *env)
{
	struct vfio *v = &env->dev;

	check_eq(config_get(v, PCI_CAPABILITY_LIST, 1), 0x40);
	check_eq(config_get(v, 0x40, 1), PCI_CAP_ID_VNDR);
	check_eq(config_get(v, 0x42, 1), 0x10);
	check_eq(config_get(v, 0x44, 4), FOURCC_XR24);
	check_eq(config_get(v, 0x48, 4), env->model->width);
	check_eq(config_get(v, 0x4c, 4), env->model->height);
}

static void msi_capability_is_there_for_who_has_msi(struct env *env)
{
	unsigned int msi = config_find_cap(&env->dev, PCI_CAP_ID_MSI);
	unsigned int flags;

	check_eq(!!msi, !!env->model->nr_ports);
	if (!msi)
		return;
	flags = config_get(&env->dev, msi + PCI_MSI_FLAGS, 2);
	check_eq(flags & PCI_MSI_FLAGS_ENABLE, 0);
	check_eq(1U << ((flags & PCI_MSI_FLAGS_QMASK) >> 1), env->model->nr_ports);
	/* Addresses of 64 bits, and a mask for each message: nothing is masked yet. */
	check(flags & PCI_MSI_FLAGS_64BIT);
	check(flags & PCI_MSI_FLAGS_MASKBIT);
	check_eq(config_get(&env->dev, msi + PCI_MSI_MASK_64, 4), 0);
	check_eq(config_get(&env->dev, msi + PCI_MSI_PENDING_64, 4), 0);
}

static void msix_capability_names_table_and_pba(struct env *env)
{
	unsigned int msix = config_find_cap(&env->dev, PCI_CAP_ID_MSIX);

	check_eq(!!msix, !!env->model->nr_msix);
	if (!msix)
		return;
	/* Neither enabled nor masked yet; the size is one less than there are. */
	check_eq(config_get(&env->dev, msix + PCI_MSIX_FLAGS, 2), env->model->nr_msix - 1);
	check_eq(config_get(&env->dev, msix + PCI_MSIX_TABLE, 4), env->model->msix_table);
	check_eq(config_get(&env->dev, msix + PCI_MSIX_PBA, 4), env->model->msix_pba);
}

static void no_more_messages_are_enabled_than_there_are(struct env *env)
{
	unsigned int flags = config_find_cap(&env->dev, PCI_CAP_ID_MSI) + PCI_MSI_FLAGS;
	unsigned int capable, enable, got;

	capable = (config_get(&env->dev, flags, 2) & PCI_MSI_FLAGS_QMASK) >> 1;
	for (enable = 0; enable < 8; enable++) {
		note("2^%u of 2^%u messages", enable, capable);
		config_put(&env->dev, flags, 2, enable << 4);
		got = (config_get(&env->dev, flags, 2) & PCI_MSI_FLAGS_QSIZE) >> 4;
		check_eq(got, enable < capable ? enable : capable);
	}
}

static void mask_bits_are_writable_for_the_messages_there_are(struct env *env)
{
	unsigned int mask = config_find_cap(&env->dev, PCI_CAP_ID_MSI) + PCI_MSI_MASK_64, i;
	u32 all = (1U << env->model->nr_ports) - 1;

	config_put(&env->dev, mask, 4, ~0U);
	check_eq(config_get(&env->dev, mask, 4), all);
	for (i = 0; i < env->model->nr_ports; i++) {
		config_put(&env->dev, mask, 4, 1U << i);
		check_eq(config_get(&env->dev, mask, 4), 1U << i);
	}
	/* Byte by byte as well. */
	config_put(&env->dev, mask, 1, all);
	config_put(&env->dev, mask + 1, 1, 0xff);
	check_eq(config_get(&env->dev, mask, 4), all);

	vfio_reset(&env->dev);
	check_eq(config_get(&env->dev, mask, 4), 0);
}

static void pending_bits_are_read_only(struct env *env)
{
	unsigned int pending = config_find_cap(&env->dev, PCI_CAP_ID_MSI) + PCI_MSI_PENDING_64;
	unsigned int width;

	for (width = 1; width <= 4; width *= 2) {
		note("%u bytes", width);
		config_put(&env->dev, pending, width, ~0U);
		check_eq(config_get(&env->dev, pending, 4), 0);
	}
}

static void reads_of_any_width_agree(struct env *env)
{
	unsigned int pos, len, size = model_config_size(env->model);
	u8 all[MAX_CONFIG_SIZE], part[MAX_CONFIG_SIZE];

	region_read(&env->dev, CONFIG, 0, all, size);
	for (len = 1; len <= 9; len++)
		for (pos = 0; pos + len <= size; pos++) {
			note("%u bytes at %02xh", len, pos);
			region_read(&env->dev, CONFIG, pos, part, len);
			check_mem(part, all + pos, len);
		}
}

static void expect_write(struct env *env, struct shadow *s, unsigned int pos, u64 val,
			 unsigned int width)
{
	note("%u bytes of %#llx to %02xh", width, (unsigned long long)val, pos);
	region_write(&env->dev, CONFIG, pos, &val, width);
	shadow_write(s, pos, (const u8 *)&val, width);
	expect_config(env, s);
}

/*
 * Read-only bits keep their value: the whole is looked at after each write.  Of the
 * extended part, which has nothing in it, not each place.
 */
static void writes_of_any_width_change_the_writable_bits(struct env *env)
{
	static const u64 patterns[] = { ~0ULL, 0, 0xa5c3965ae1872d4bULL };
	static const unsigned int widths[] = { 1, 2, 4, 8 };
	unsigned int w, p, pos, step;
	struct shadow s;

	shadow_init(&s, env);
	for (w = 0; w < ARRAY_SIZE(widths); w++)
		for (p = 0; p < ARRAY_SIZE(patterns); p++)
			for (pos = 0; pos + widths[w] <= s.size; pos += step) {
				expect_write(env, &s, pos, patterns[p], widths[w]);
				step = pos < CONFIG_SIZE ? 1 : 61;
			}
}

static void the_whole_can_be_written_at_once(struct env *env)
{
	u8 buf[MAX_CONFIG_SIZE];
	struct shadow s;

	shadow_init(&s, env);
	fill_pattern(buf, sizeof(buf), 1);
	/* No Function Level Reset: it would undo the rest. */
	if (s.devctl)
		buf[s.devctl + 1] &= ~(PCI_EXP_DEVCTL_BCR_FLR >> 8);
	region_write(&env->dev, CONFIG, 0, buf, s.size);
	shadow_write(&s, 0, buf, s.size);
	expect_config(env, &s);
}

static void bars_are_sized_by_all_ones(struct env *env)
{
	struct vfio *v = &env->dev;
	unsigned int bar, i;

	for (bar = 0; bar < HEADER_BARS; bar++) {
		const struct model_bar *m = &env->model->bar[bar];
		u32 sized = bar_address(env->model, bar) | m->flags;
		u32 address = 0xfedcba98 & sized;

		note("BAR%u", bar);
		config_put(v, bar_pos(bar), 4, 0xffffffff);
		check_eq(config_get(v, bar_pos(bar), 4), sized);
		config_put(v, bar_pos(bar), 4, 0);
		check_eq(config_get(v, bar_pos(bar), 4), m->flags);
		for (i = 0; i < 4; i++)
			config_put(v, bar_pos(bar) + i, 1, 0xfedcba98 >> 8 * i & 0xff);
		check_eq(config_get(v, bar_pos(bar), 4), address | m->flags);
	}
	/* What is no BAR does not answer to sizing. */
	config_put(v, PCI_ROM_ADDRESS, 4, 0xffffffff);
	check_eq(config_get(v, PCI_ROM_ADDRESS, 4), 0);
	config_put(v, PCI_CARDBUS_CIS, 4, 0xffffffff);
	check_eq(config_get(v, PCI_CARDBUS_CIS, 4), 0);
}

static void command_takes_0407(struct env *env)
{
	config_put(&env->dev, PCI_COMMAND, 2, 0xffff);
	check_eq(config_get(&env->dev, PCI_COMMAND, 2), 0x0407);
	config_put(&env->dev, PCI_COMMAND, 2, 0);
	check_eq(config_get(&env->dev, PCI_COMMAND, 2), 0);
}

/* Its error bits are cleared by ones; no device here ever sets them. */
static void status_cannot_be_set(struct env *env)
{
	u16 status = config_get(&env->dev, PCI_STATUS, 2);

	config_put(&env->dev, PCI_STATUS, 2, 0xffff);
	check_eq(config_get(&env->dev, PCI_STATUS, 2), status);
	config_put(&env->dev, PCI_STATUS, 2, 0);
	check_eq(config_get(&env->dev, PCI_STATUS, 2), status);
}

static void interrupt_line_remembers_the_pin_does_not(struct env *env)
{
	config_put(&env->dev, PCI_INTERRUPT_LINE, 2, 0xff0b);
	check_eq(config_get(&env->dev, PCI_INTERRUPT_LINE, 1), 0x0b);
	check_eq(config_get(&env->dev, PCI_INTERRUPT_PIN, 1), env->model->pin);
}

static void power_states_are_d0_and_d3(struct env *env)
{
	unsigned int pmcsr = config_find_cap(&env->dev, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	static const struct {
		unsigned int written, read;
	} steps[] = { { 1, 0 }, { 2, 0 }, { 3, 3 }, { 1, 3 }, { 2, 3 }, { 0, 0 } };
	unsigned int i, version;

	version = config_get(&env->dev, pmcsr - PCI_PM_CTRL + PCI_PM_PMC, 2) & PCI_PM_CAP_VER_MASK;
	check_one_of(version, 2, 3);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		note("write %u in step %u", steps[i].written, i);
		config_put(&env->dev, pmcsr, 2, steps[i].written);
		check_eq(config_get(&env->dev, pmcsr, 2) & PCI_PM_CTRL_STATE_MASK, steps[i].read);
	}
}

/* As reads that no device answers, and as in vfio-pci. */
static void bars_answer_if_they_are_decoded_and_the_device_is_in_d0(struct env *env)
{
	u8 want = model_decoding(env->model), was = 0, val = 0x5a;
	unsigned int command, state, bar;

	/* Memory of a display or of the example, SCR of a port. */
	unsigned int scratch = env->model->scratch;

	reg_put(&env->dev, 0, scratch, 1, was);
	for (command = 0; command <= 7; command++)
		for (state = D0; state <= D3HOT; state += D3HOT, val++) {
			bool there = command & want && state == D0;

			note("command %u, D%u", command, state);
			config_put(&env->dev, PCI_COMMAND, 2, command);
			power_put(&env->dev, state);
			reg_put(&env->dev, 0, scratch, 1, val);
			was = there ? val : was;
			check_eq(reg_get(&env->dev, 0, scratch, 1), there ? val : 0xff);
			for (bar = 0; bar < HEADER_BARS && !there; bar++)
				if (env->model->bar[bar].size)
					check_eq(reg_get(&env->dev, bar, 0, 8), ~0ULL);

			/* What was written meanwhile has gone nowhere. */
			config_put(&env->dev, PCI_COMMAND, 2, want);
			power_put(&env->dev, D0);
			check_eq(reg_get(&env->dev, 0, scratch, 1), was);
		}
}

/* A guest that is put to sleep, or sizes its BARs, must not lose what it shows. */
static void memory_keeps_its_content_and_mappings_while_it_is_absent(struct env *env)
{
	size_t size = env->model->bar[0].size, len = 65536;
	/* All ones come in pieces of a few bytes: 64 MiB take a minute on the debug kernel. */
	size_t most = size < 4 * MIB ? size : 4 * MIB;
	u8 *map = region_map(&env->dev, 0, 0, size), *want = malloc(len), *got = malloc(most);
	unsigned int command, i;

	check(want && got);
	fill_pattern(want, len, 7);
	memcpy(map, want, len);
	for (command = 0; command < 2; command++) {
		note(command ? "D3hot" : "decoding off");
		config_put(&env->dev, PCI_COMMAND, 2, command ? PCI_COMMAND_MEMORY : 0);
		power_put(&env->dev, command ? D3HOT : D0);
		/* All that is asked for in one call, and no more than there is. */
		check_eq(__region_read(&env->dev, 0, 0, got, most), most);
		for (i = 0; i < most; i++)
			if (got[i] != 0xff)
				check_eq(got[i], 0xff);
		check_eq(__region_read(&env->dev, 0, size - 3, got, 8), 3);
		region_write(&env->dev, 0, 0, got, 4096);
		check_eq(__region_write(&env->dev, 0, size - 3, got, 8), 3);
		check_eq(__region_read(&env->dev, 0, 0, NULL, 8), -EFAULT);
		check_eq(__region_write(&env->dev, 0, 0, NULL, 8), -EFAULT);

		check_mem(map, want, len);
		map[len - 1] ^= 1;
		want[len - 1] ^= 1;
	}
	config_put(&env->dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	power_put(&env->dev, D0);
	region_read(&env->dev, 0, 0, got, len);
	check_mem(got, want, len);
}

/* They are not on the guest's bus: the user's own business. */
static void regions_that_are_no_bar_answer_at_any_time(struct env *env)
{
	unsigned int i, nr = vfio_info(&env->dev).num_regions;
	u8 before[64], now[64];
	size_t len;

	for (i = VFIO_PCI_ROM_REGION_INDEX; i < nr; i++) {
		if (!vfio_region(&env->dev, i)->size)
			continue;
		note("region %u", i);
		len = vfio_region(&env->dev, i)->size < 64 ? vfio_region(&env->dev, i)->size : 64;
		config_put(&env->dev, PCI_COMMAND, 2, 0);
		region_read(&env->dev, i, 0, before, len);
		power_put(&env->dev, D3HOT);
		region_read(&env->dev, i, 0, now, len);
		check_mem(now, before, len);
		check(now[0] != 0xff || now[1] != 0xff);
		power_put(&env->dev, D0);
	}
}

/* Nothing but the rest of config space is handed out, and nothing else is changed. */
static void past_the_end_is_nothing(struct env *env)
{
	unsigned int pos, len;
	struct shadow s;
	u8 ones[64];

	shadow_init(&s, env);
	memset(ones, 0xff, sizeof(ones));
	for (pos = s.size - 9; pos < s.size + 9; pos++)
		for (len = 1; len <= sizeof(ones); len++) {
			expect_read_at_end(&env->dev, CONFIG, pos, len, s.val + pos);
			expect_write_at_end(&env->dev, CONFIG, pos, len, ones);
		}
	expect_config(env, &s);
}

static void a_megabyte_has_no_more_bytes(struct env *env)
{
	struct shadow s;

	shadow_init(&s, env);
	expect_read_at_end(&env->dev, CONFIG, 0, MIB, s.val);
}

const struct test_case cases[] = {
	CASE(header_says_what_it_is, EACH),
	CASE(capability_chain_is_sound, EACH),
	CASE(mode_is_in_the_vendor_capability, MDPY),
	CASE(msi_capability_is_there_for_who_has_msi, EACH),
	CASE(msix_capability_names_table_and_pba, EACH),
	CASE(no_more_messages_are_enabled_than_there_are, MTTY),
	CASE(mask_bits_are_writable_for_the_messages_there_are, MTTY),
	CASE(pending_bits_are_read_only, MTTY),
	CASE(reads_of_any_width_agree, EACH),
	CASE(writes_of_any_width_change_the_writable_bits, EACH),
	CASE(the_whole_can_be_written_at_once, EACH),
	CASE(bars_are_sized_by_all_ones, EACH),
	CASE(command_takes_0407, EACH),
	CASE(status_cannot_be_set, EACH),
	CASE(interrupt_line_remembers_the_pin_does_not, EACH),
	CASE(power_states_are_d0_and_d3, EACH),
	CASE(bars_answer_if_they_are_decoded_and_the_device_is_in_d0, EACH),
	CASE(memory_keeps_its_content_and_mappings_while_it_is_absent, DISPLAYS),
	CASE(regions_that_are_no_bar_answer_at_any_time, EACH),
	CASE(past_the_end_is_nothing, EACH),
	CASE(a_megabyte_has_no_more_bytes, EACH),
	{}
};
