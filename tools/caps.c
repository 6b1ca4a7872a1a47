// SPDX-License-Identifier: GPL-2.0-only
/* Capabilities in config space, ordinary and extended ones. */
#include <linux/pci_regs.h>

#include "lsvfio.h"

struct cap_kind {
	u16 id;
	unsigned int len;	/* of the part that read() looks at */
	const char *name;
	void (*read)(struct cap *cap, const u8 *at);
};

static u16 get16(const u8 *at)
{
	return at[0] | at[1] << 8;
}

static u32 get32(const u8 *at)
{
	return get16(at) | (u32)get16(at + 2) << 16;
}

static void add_field(struct cap *cap, struct field field)
{
	if (cap->nr_fields < MAX_FIELDS)
		cap->field[cap->nr_fields++] = field;
}

static void add(struct cap *cap, const char *name, enum field_kind kind, u64 value)
{
	add_field(cap, (struct field){ .name = name, .kind = kind, .value = value });
}

/* @digits: as many as the largest value has */
static void add_hex(struct cap *cap, const char *name, int digits, u64 value)
{
	add_field(cap, (struct field) {
		.name = name, .kind = HEX, .digits = digits, .value = value,
	});
}

static void add_word(struct cap *cap, const char *name, const char *word)
{
	add_field(cap, (struct field){ .name = name, .kind = WORD, .word = word });
}

static void read_pm(struct cap *cap, const u8 *at)
{
	static const char *const states[] = { "D0", "D1", "D2", "D3hot" };

	add(cap, "version", NUMBER, get16(at + PCI_PM_PMC) & PCI_PM_CAP_VER_MASK);
	add_word(cap, "state", states[get16(at + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK]);
	add(cap, "no_soft_reset", FLAG, !!(get16(at + PCI_PM_CTRL) & PCI_PM_CTRL_NO_SOFT_RESET));
}

static void read_msi(struct cap *cap, const u8 *at)
{
	u16 flags = get16(at + PCI_MSI_FLAGS);

	add(cap, "enabled", FLAG, !!(flags & PCI_MSI_FLAGS_ENABLE));
	add(cap, "vectors", NUMBER, 1 << ((flags & PCI_MSI_FLAGS_QMASK) >> 1));
	add(cap, "vectors_enabled", NUMBER, 1 << ((flags & PCI_MSI_FLAGS_QSIZE) >> 4));
	add(cap, "64bit", FLAG, !!(flags & PCI_MSI_FLAGS_64BIT));
	add(cap, "maskable", FLAG, !!(flags & PCI_MSI_FLAGS_MASKBIT));
}

static void read_msix(struct cap *cap, const u8 *at)
{
	u16 flags = get16(at + PCI_MSIX_FLAGS);
	u32 table = get32(at + PCI_MSIX_TABLE), pba = get32(at + PCI_MSIX_PBA);

	add(cap, "enabled", FLAG, !!(flags & PCI_MSIX_FLAGS_ENABLE));
	add(cap, "masked", FLAG, !!(flags & PCI_MSIX_FLAGS_MASKALL));
	add(cap, "vectors", NUMBER, (flags & PCI_MSIX_FLAGS_QSIZE) + 1);
	add(cap, "table_bar", NUMBER, table & PCI_MSIX_TABLE_BIR);
	add_hex(cap, "table_offset", 8, table & PCI_MSIX_TABLE_OFFSET);
	add(cap, "pba_bar", NUMBER, pba & PCI_MSIX_PBA_BIR);
	add_hex(cap, "pba_offset", 8, pba & PCI_MSIX_PBA_OFFSET);
}

static void read_express(struct cap *cap, const u8 *at)
{
	static const char *const types[16] = {
		[PCI_EXP_TYPE_ENDPOINT] = "endpoint",
		[PCI_EXP_TYPE_LEG_END] = "legacy endpoint",
		[PCI_EXP_TYPE_ROOT_PORT] = "root port",
		[PCI_EXP_TYPE_UPSTREAM] = "upstream port",
		[PCI_EXP_TYPE_DOWNSTREAM] = "downstream port",
		[PCI_EXP_TYPE_PCI_BRIDGE] = "bridge to PCI",
		[PCI_EXP_TYPE_PCIE_BRIDGE] = "bridge from PCI",
		[PCI_EXP_TYPE_RC_END] = "integrated endpoint",
		[PCI_EXP_TYPE_RC_EC] = "event collector",
	};
	u16 flags = get16(at + PCI_EXP_FLAGS);

	add(cap, "version", NUMBER, flags & PCI_EXP_FLAGS_VERS);
	add_word(cap, "type", types[(flags & PCI_EXP_FLAGS_TYPE) >> 4] ?: "unknown");
	add(cap, "flr", FLAG, !!(get32(at + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_FLR));
	add(cap, "payload", NUMBER, 128 << (get32(at + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_PAYLOAD));
}

static void read_vendor(struct cap *cap, const u8 *at)
{
	add(cap, "length", NUMBER, at[2]);
}

static void read_af(struct cap *cap, const u8 *at)
{
	add(cap, "flr", FLAG, !!(at[PCI_AF_CAP] & PCI_AF_CAP_FLR));
}

static const struct cap_kind kinds[] = {
	{ PCI_CAP_ID_PM, 8, "power management", read_pm },
	{ PCI_CAP_ID_AGP, 0, "AGP", NULL },
	{ PCI_CAP_ID_VPD, 0, "vital product data", NULL },
	{ PCI_CAP_ID_SLOTID, 0, "slot identification", NULL },
	{ PCI_CAP_ID_MSI, 4, "MSI", read_msi },
	{ PCI_CAP_ID_CHSWP, 0, "CompactPCI hot-swap", NULL },
	{ PCI_CAP_ID_PCIX, 0, "PCI-X", NULL },
	{ PCI_CAP_ID_HT, 0, "HyperTransport", NULL },
	{ PCI_CAP_ID_VNDR, 3, "vendor specific", read_vendor },
	{ PCI_CAP_ID_DBG, 0, "debug port", NULL },
	{ PCI_CAP_ID_SSVID, 0, "subsystem of a bridge", NULL },
	{ PCI_CAP_ID_EXP, 8, "PCI Express", read_express },
	{ PCI_CAP_ID_MSIX, 12, "MSI-X", read_msix },
	{ PCI_CAP_ID_SATA, 0, "SATA", NULL },
	{ PCI_CAP_ID_AF, 4, "advanced features", read_af },
	{ PCI_CAP_ID_EA, 0, "enhanced allocation", NULL },
	{ }
};

static void read_sriov(struct cap *cap, const u8 *at)
{
	add(cap, "enabled", FLAG, !!(get16(at + PCI_SRIOV_CTRL) & PCI_SRIOV_CTRL_VFE));
	add(cap, "total_vfs", NUMBER, get16(at + PCI_SRIOV_TOTAL_VF));
	add(cap, "vfs", NUMBER, get16(at + PCI_SRIOV_NUM_VF));
	add_hex(cap, "vf_device", 4, get16(at + PCI_SRIOV_VF_DID));
}

static void read_serial(struct cap *cap, const u8 *at)
{
	add_hex(cap, "serial", 16, get32(at + 4) | (u64)get32(at + 8) << 32);
}

static void read_vendor_ext(struct cap *cap, const u8 *at)
{
	u32 header = get32(at + PCI_VNDR_HEADER);

	add_hex(cap, "vendor_id", 4, PCI_VNDR_HEADER_ID(header));
	add(cap, "vendor_revision", NUMBER, PCI_VNDR_HEADER_REV(header));
	add(cap, "length", NUMBER, PCI_VNDR_HEADER_LEN(header));
}

static const struct cap_kind extended_kinds[] = {
	{ PCI_EXT_CAP_ID_ERR, 0, "advanced error reporting", NULL },
	{ PCI_EXT_CAP_ID_VC, 0, "virtual channel", NULL },
	{ PCI_EXT_CAP_ID_DSN, 12, "serial number", read_serial },
	{ PCI_EXT_CAP_ID_PWR, 0, "power budgeting", NULL },
	{ PCI_EXT_CAP_ID_VNDR, 8, "vendor specific", read_vendor_ext },
	{ PCI_EXT_CAP_ID_ACS, 0, "access control services", NULL },
	{ PCI_EXT_CAP_ID_ARI, 0, "alternative routing-id", NULL },
	{ PCI_EXT_CAP_ID_ATS, 0, "address translation services", NULL },
	{ PCI_EXT_CAP_ID_SRIOV, 0x24, "SR-IOV", read_sriov },
	{ PCI_EXT_CAP_ID_PRI, 0, "page request", NULL },
	{ PCI_EXT_CAP_ID_REBAR, 0, "resizable BAR", NULL },
	{ PCI_EXT_CAP_ID_DPA, 0, "dynamic power allocation", NULL },
	{ PCI_EXT_CAP_ID_TPH, 0, "TPH requester", NULL },
	{ PCI_EXT_CAP_ID_LTR, 0, "latency tolerance reporting", NULL },
	{ PCI_EXT_CAP_ID_SECPCI, 0, "secondary PCI Express", NULL },
	{ PCI_EXT_CAP_ID_PASID, 0, "process address space id", NULL },
	{ PCI_EXT_CAP_ID_DPC, 0, "downstream port containment", NULL },
	{ PCI_EXT_CAP_ID_L1SS, 0, "L1 PM substates", NULL },
	{ PCI_EXT_CAP_ID_PTM, 0, "precision time measurement", NULL },
	{ PCI_EXT_CAP_ID_DVSEC, 0, "designated vendor specific", NULL },
	{ PCI_EXT_CAP_ID_DLF, 0, "data link feature", NULL },
	{ PCI_EXT_CAP_ID_PL_16GT, 0, "physical layer 16 GT/s", NULL },
	{ }
};

static void add_cap(struct config *config, const struct cap_kind *kind, struct cap cap)
{
	while (kind->name && kind->id != cap.id)
		kind++;
	cap.name = kind->name;
	if (kind->read && cap.pos + kind->len <= config->size)
		kind->read(&cap, config->raw + cap.pos);
	config->cap = grow(config->cap, &config->nr_caps, sizeof(*config->cap));
	config->cap[config->nr_caps - 1] = cap;
}

static void read_extended(struct config *config)
{
	unsigned int pos = PCI_CFG_SPACE_SIZE;
	/* No more of them fit: a longer chain is a loop. */
	int left = (MAX_CONFIG - PCI_CFG_SPACE_SIZE) / 8;
	u32 header;

	while (pos) {
		if (pos < PCI_CFG_SPACE_SIZE || pos + 4 > config->size || !left--) {
			config->caps_broken = true;
			return;
		}
		header = get32(config->raw + pos);
		/* An empty list, or a device that does not answer. */
		if (pos == PCI_CFG_SPACE_SIZE && (!header || header == 0xffffffff))
			return;
		/* vfio-pci hides the first one that way. */
		if (PCI_EXT_CAP_ID(header))
			add_cap(config, extended_kinds, (struct cap) {
				.extended = true, .pos = pos, .id = PCI_EXT_CAP_ID(header),
				.version = PCI_EXT_CAP_VER(header),
			});
		pos = PCI_EXT_CAP_NEXT(header);
	}
}

void read_caps(struct config *config)
{
	unsigned int pos = config->raw[PCI_CAPABILITY_LIST] & ~3;
	int left = (PCI_CFG_SPACE_SIZE - PCI_STD_HEADER_SIZEOF) / 4;

	if (!(config->status & PCI_STATUS_CAP_LIST))
		pos = 0;
	while (pos) {
		if (pos < PCI_STD_HEADER_SIZEOF || pos + 2 > config->size || !left--) {
			config->caps_broken = true;
			break;
		}
		add_cap(config, kinds, (struct cap){ .pos = pos, .id = config->raw[pos] });
		pos = config->raw[pos + PCI_CAP_LIST_NEXT] & ~3;
	}
	if (config->size > PCI_CFG_SPACE_SIZE)
		read_extended(config);
}
