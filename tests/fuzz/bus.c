// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions of the PCI bus in software, which vfio-pci is bound to: what they are, and
 * the ways in which they are taken from their users.
 */
#include <assert.h>
#include <fcntl.h>
#include <unistd.h>

#include "../lib/ioat.h"
#include "draw.h"

#define DRIVER		"/sys/bus/pci/drivers/vfio-pci"
#define SPARE		"fuzz-spare"
#define TOTAL_VFS	"3"
#define MAX_VFS		3

#define MEMORY_BAR(bytes)	{ .size = (bytes), .mmap = true }
#define ENGINE_MODEL		.pcie = true, .nr_msix = 1, .bar = { MEMORY_BAR(IOAT_SIZE) }

static_assert(__builtin_ctz(ENGINE) == NR_MODELS, "functions are behind the mdev types");

const struct model functions[NR_FUNCTIONS] = {
	{
		.bit = ENGINE, .type = "bus-engine", ENGINE_MODEL,
	}, {
		.bit = PLAIN, .type = "bus-plain", .pcie = true, .nr_msix = 16,
		.bar = { MEMORY_BAR(64 * 1024), [2] = MEMORY_BAR(16 * 1024),
			 [4] = MEMORY_BAR(2 * MIB) },
	}, {
		.bit = PHYSICAL, .type = "bus-physical", ENGINE_MODEL,
	}, {
		/* The first virtual function of that. */
		.bit = VIRTUAL, .type = "bus-virtual", ENGINE_MODEL,
	},
};

/* In configfs; a virtual function is not there. */
static const char *const attributes[NR_FUNCTIONS] = {
	"model=ioat",
	"bar0=64K bar2=16K,64bit,prefetchable bar4=2M msi=8 msix=16",
	"model=ioat total_vfs=" TOTAL_VFS,
};

enum taken {
	UNPLUGGED,
	UNBOUND,
	PULLED,		/* out, without a word */
	REMOVED,	/* in sysfs, and then unplugged */
	NO_VFS,		/* all virtual functions disabled */
};

static enum taken taken(u64 dev, u64 way)
{
	static const enum taken by_way[][8] = {
		{ UNPLUGGED, UNPLUGGED, UNPLUGGED, UNBOUND, UNBOUND, PULLED, PULLED, REMOVED },
		{ UNPLUGGED, UNPLUGGED, UNBOUND, UNBOUND, NO_VFS, NO_VFS, PULLED, REMOVED },
		{ UNBOUND, UNBOUND, UNBOUND, UNBOUND, NO_VFS, NO_VFS, NO_VFS, NO_VFS },
	};
	unsigned int bit = kind(dev)->bit;

	return by_way[bit & PHYSICAL ? 1 : bit & VIRTUAL ? 2 : 0][way % 8];
}

u64 kind_named(const char *name, size_t len)
{
	u64 i;

	for (i = 0; i < NR_KINDS; i++)
		if (strlen(kind(i)->type) == len && !memcmp(kind(i)->type, name, len))
			break;
	return i;
}

static struct device *device_of(unsigned int bit)
{
	return &shared->device[__builtin_ctz(bit)];
}

const char *bus_missing(void)
{
	const char *reason = pci_missing();
	struct pci_function fn;

	if (reason)
		return reason;
	pci_remove_all();
	fn = pci_function(SPARE, "bar0=4K");
	if (__pci_set(&fn, "live", "1"))
		reason = "there is no memory for BARs";
	pci_remove_all();
	return reason;
}

/* Those of a physical function and its virtual ones have a token. */
static void name(u64 dev)
{
	struct device *d = &shared->device[dev];
	bool token = kind(dev)->bit & (PHYSICAL | VIRTUAL);
	struct text full = text("%s%s", d->fn.address, token ? " " PCI_TOKEN : "");

	check(snprintf(d->name, sizeof(d->name), "%s", full.s) < (int)sizeof(d->name));
}

static void plug_in(u64 dev)
{
	pci_live(&shared->device[dev].fn);
	name(dev);
}

static void enable_vfs(unsigned int nr)
{
	struct device *pf = device_of(PHYSICAL), *vf = device_of(VIRTUAL);

	pci_enable_vfs(&pf->fn, nr);
	vf->fn = pci_vf(&pf->fn, 0);
	name(vf - shared->device);
}

void function_make(u64 dev)
{
	struct device *d = &shared->device[dev];

	if (kind(dev)->bit & VIRTUAL) {
		enable_vfs(1);
		return;
	}
	d->fn = pci_function(kind(dev)->type, attributes[dev - NR_MODELS]);
	pci_set(&d->fn, "driver_override", "vfio-pci");
	plug_in(dev);
}

static void put(const char *path, const char *val)
{
	int ret = __sysfs_write(path, val);

	if (ret)
		note("%s to %s", val, path);
	check_eq(ret, 0);
}

void function_take(u64 dev, u64 way)
{
	struct pci_function *fn = &shared->device[dev].fn;
	struct pci_function *pf = &device_of(PHYSICAL)->fn;

	switch (taken(dev, way)) {
	case NO_VFS:
		put(pci_path(pf, "sriov_numvfs").s, "0");
		return;
	case UNBOUND:
		/* vfio-pci would disable them without the lock that the PCI core asks for. */
		if (fn == pf)
			put(pci_path(pf, "sriov_numvfs").s, "0");
		put(DRIVER "/unbind", fn->address);
		return;
	case PULLED:
		pci_set(fn, "errors/surprise_removal", "1");
		break;
	case REMOVED:
		put(pci_path(fn, "remove").s, "1");
		break;
	case UNPLUGGED:
		break;
	}
	pci_absent(fn);
}

void function_return(u64 dev, u64 way, u64 val)
{
	bool virtual = kind(dev)->bit & VIRTUAL;

	switch (taken(dev, way)) {
	case NO_VFS:
		break;
	case UNBOUND:
		put(DRIVER "/bind", shared->device[dev].fn.address);
		if (virtual)
			return;
		break;
	default:
		plug_in(dev);
	}
	if (virtual || function_companion(dev) < NR_KINDS)
		enable_vfs(1 + val % MAX_VFS);
}

u64 function_companion(u64 dev)
{
	const struct device *vf = device_of(VIRTUAL);

	return kind(dev)->bit & PHYSICAL && vf->made ? vf - shared->device : NR_KINDS;
}

/* Some are refused: of themselves, or together with others. */
void function_spare(u64 val)
{
	static const char *const settings[][2] = {
		{ "bar0", "4K" }, { "bar1", "1M,prefetchable" }, { "bar2", "64K,64bit" },
		{ "bar3", "8K" }, { "bar4", "16M,64bit,prefetchable" }, { "bar5", "3K" },
		{ "bar0", "4G,64bit" }, { "bar5", "4K,64bit" }, { "msi", "32" }, { "msi", "3" },
		{ "msix", "2048" }, { "msix", "1" }, { "msix", "2049" },
		{ "capabilities", "pm" }, { "capabilities", "pm pcie" }, { "group", "1" },
		{ "devfn", "1f.7" }, { "devfn", "00.0" }, { "devfn", "20.0" },
		{ "total_vfs", "250" }, { "total_vfs", "7" }, { "total_vfs", "256" },
		{ "driver_override", "vfio-pci" }, { "model", "ioat" }, { "class", "0x020000" },
		{ "vendor", "0x8086" }, { "device", "0x10000" }, { "revision", "255" },
	};
	struct pci_function fn = pci_function(SPARE, "");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(settings); i++)
		if (mix(val + i) % 4 == 0)
			__pci_set(&fn, settings[i][0], settings[i][1]);
	__pci_set(&fn, "live", "1");
	pci_absent(&fn);
	check_eq(sys(rmdir(text(PCI_FUNCTIONS "/" SPARE).s)), 0);
}

static long put_attribute(struct thread *t, const struct pci_function *fn,
			  const char *attribute, const char *val, size_t len)
{
	return put_file(t, text(PCI_FUNCTIONS "/%s/%s", fn->name, attribute).s, val, len);
}

static long get_attribute(struct thread *t, const struct pci_function *fn,
			  const char *attribute, char *buf, size_t size)
{
	struct text path = text(PCI_FUNCTIONS "/%s/%s", fn->name, attribute);

	return call(t, __sysfs_read(path.s, buf, size));
}

/*
 * Of the description what it shows: else a function that is written to while it is
 * taken away would be another one afterwards.  And errors, but those that last.
 */
long function_attribute(struct thread *t, const u64 *arg)
{
	static const char *const described[] = {
		"model", "vendor", "class", "bar0", "bar4", "msi", "msix", "capabilities",
		"total_vfs", "group", "devfn", "driver_override", "address",
	};
	static const char *const errors[] = {
		"errors/fail_dma", "errors/iommu_fault", "errors/drop_interrupt",
		"errors/double_interrupt", "errors/interrupt", "errors/interrupt",
		"errors/stall_flr", "errors/surprise_removal",
	};
	const struct pci_function *fn = &shared->device[arg[0]].fn;
	const char *attribute = described[arg[2] % ARRAY_SIZE(described)];
	const char *error = errors[arg[2] % ARRAY_SIZE(errors)];
	bool lasts = arg[2] % ARRAY_SIZE(errors) >= 6;
	struct text number = text("%llu", lasts ? 0 : (arg[2] >> 16) % 20);
	char buf[256];
	long ret;

	if (kind(arg[0])->bit & VIRTUAL)
		fn = &device_of(PHYSICAL)->fn;
	switch (arg[1] % 8) {
	case 0:
		return get_attribute(t, fn, error, buf, sizeof(buf));
	case 1:
		ret = get_attribute(t, fn, attribute, buf, sizeof(buf));
		return ret ?: put_attribute(t, fn, attribute, buf, strlen(buf));
	case 2:		/* no number */
		if (lasts)
			return -EPERM;
		return put_attribute(t, fn, error, (const char *)&arg[2], sizeof(arg[2]));
	case 3:
		return put_attribute(t, fn, "errors/bus_error",
				     arg[2] & 1 ? "fatal" : "nonfatal", arg[2] & 1 ? 5 : 8);
	default:
		return put_attribute(t, fn, error, number.s, strlen(number.s));
	}
}
