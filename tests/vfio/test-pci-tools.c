// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions on the PCI bus in software with the tools of an administrator: lspci and
 * setpci of pciutils, and drivers that are bound by sysfs.
 */
#include <dirent.h>
#include <unistd.h>

#include "../lib/cases.h"
#include "../lib/irq.h"
#include "../lib/module.h"
#include "../lib/pci.h"

#define VFIO_PCI	"/sys/bus/pci/drivers/vfio-pci"
#define IOATDMA		"/sys/bus/pci/drivers/ioatdma"

/* Ids that lspci knows. */
#define PHYSICAL	"vendor=0x8086 device=0x10fb class=0x020000 bar0=64K " \
			"bar2=4M,64bit,prefetchable msi=8 msix=2 total_vfs=4"

/* What a command prints, errors included; it has to end well. */
static const char *output_of(struct text command)
{
	static char output[1 << 16];
	size_t len;
	FILE *pipe;

	pipe = popen(text("%s 2>&1", command.s).s, "r");
	check(pipe);
	len = fread(output, 1, sizeof(output) - 1, pipe);
	output[len] = '\0';
	note("%s: %s", command.s, output);
	check_eq(pclose(pipe), 0);
	return output;
}

static void need_pciutils(void)
{
	if (system("lspci --version >/dev/null 2>&1"))
		skip_case("this system has no lspci");
}

/* All that it can decode is in order, and there is nothing that it cannot. */
static const char *decoded(const char *address)
{
	static const char * const bad[] = {
		"access denied", "!!!", "Unknown", "unknown", "misordered", "<unassigned>",
		"<ignored>", "pcilib:",
	};
	const char *output;
	unsigned int i;

	output = output_of(text("lspci -vvv -nn -s %s", address));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *found = strstr(output, bad[i]);

		if (found)
			note("\"%.40s\" is in:\n%s", found, output);
		check(!found);
	}
	return output;
}

static void expect_all(const char *output, const char * const *want, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		note("\"%s\" is not in:\n%s", want[i], output);
		check(strstr(output, want[i]));
	}
}

static void lspci_decodes_all_of_an_engine(struct env *env)
{
	static const char * const want[] = {
		"System peripheral [0880]: Intel Corporation",
		"CBDMA Registers [8086:2021] (rev 04)",
		"(64-bit, non-prefetchable) [disabled] [size=16K]",
		"Power Management version",
		"MSI-X: Enable- Count=1 Masked-",
		"Vector table: BAR=0 offset=00002000",
		"PBA: BAR=0 offset=00003000",
		"Endpoint",
		"FLReset+",
		"Vendor Specific Information: ID=0000 Rev=0 Len=088",
	};
	struct pci_function fn;
	const char *output;

	need_pciutils();
	pci_begin();
	fn = pci_function("a", "model=ioat");
	pci_live(&fn);
	output = decoded(fn.address);
	expect_all(output, want, ARRAY_SIZE(want));
}

static void lspci_decodes_all_of_a_function_and_its_vfs(struct env *env)
{
	static const char * const want[] = {
		"Ethernet controller [0200]: Intel Corporation 82599ES",
		"Network Connection [8086:10fb]",
		/* Kernels differ in whether it is enabled with a driver that is not open. */
		"(32-bit, non-prefetchable)",
		"[size=64K]",
		"(64-bit, prefetchable)",
		"[size=4M]",
		"MSI: Enable- Count=1/8",
		"MSI-X: Enable- Count=2 Masked-",
		"Initial VFs: 4, Total VFs: 4, Number of VFs: 2",
		"Kernel driver in use: vfio-pci",
	};
	static const char * const want_vf[] = {
		"(32-bit, non-prefetchable) [virtual] [size=64K]",
		"(64-bit, prefetchable) [virtual] [size=4M]",
		"MSI-X: Enable- Count=2 Masked-",
		"FLReset+",
	};
	struct pci_function fn, vf = {};
	char link[256] = {};
	const char *output;

	need_pciutils();
	pci_begin();
	check_eq(__sysfs_write("/sys/module/vfio_pci/parameters/enable_sriov", "1"), 0);
	fn = pci_function_for_vfio("a", PHYSICAL);
	check_eq(__sysfs_write(pci_path(&fn, "sriov_numvfs").s, "2"), 0);
	output = decoded(fn.address);
	expect_all(output, want, ARRAY_SIZE(want));
	check(readlink(pci_path(&fn, "virtfn1").s, link, sizeof(link) - 1) > 0);
	snprintf(vf.address, sizeof(vf.address), "%s", strrchr(link, '/') + 1);
	output = decoded(vf.address);
	expect_all(output, want_vf, ARRAY_SIZE(want_vf));
	check_eq(__sysfs_write(pci_path(&fn, "sriov_numvfs").s, "0"), 0);
}

static u32 setpci_get(const struct pci_function *fn, const char *reg)
{
	return strtoul(output_of(text("setpci -s %s %s", fn->address, reg)), NULL, 16);
}

static void setpci_put(const struct pci_function *fn, const char *val)
{
	check_str(output_of(text("setpci -s %s %s", fn->address, val)), "");
}

/* Both by name; the second one is in a capability, which setpci looks for. */
static void setpci_holds_messages_back_and_lets_them_go(struct env *env)
{
	static const struct {
		const char *reg, *hold, *release;
		u32 bits, held, released;
	} ways[] = {
		{ "COMMAND", "COMMAND=0:4", "COMMAND=4:4", 4, 0, 4 },
		{ "CAP_PM+4.w", "CAP_PM+4.w=3:3", "CAP_PM+4.w=0:3", 3, 3, 0 },
	};
	struct pci_function fn;
	unsigned int i;
	s32 event;

	need_pciutils();
	pci_begin();
	fn = pci_function_for_vfio("a", "bar0=64K msix=1");
	vfio_open(&env->dev, fn.address, env->door);
	irq_enable(&env->dev, MSIX, 1, &event);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		setpci_put(&fn, ways[i].hold);
		check_eq(setpci_get(&fn, ways[i].reg) & ways[i].bits, ways[i].held);
		pci_set(&fn, "errors/interrupt", "0");
		note("%s", ways[i].hold);
		check_eq(event_take(event), 0);
		setpci_put(&fn, ways[i].release);
		check_eq(setpci_get(&fn, ways[i].reg) & ways[i].bits, ways[i].released);
		note("%s", ways[i].release);
		check_eq(event_wait(event), 1);
	}
}

static bool is_without_commands(void *arg)
{
	return setpci_get(arg, "COMMAND") == 0;
}

/* Bit 15 of Device Control, a Function Level Reset, as a program may ask for it. */
static void setpci_resets_a_function(struct env *env)
{
	struct pci_function fn;

	need_pciutils();
	pci_begin();
	fn = pci_function("a", "bar0=64K");
	pci_live(&fn);
	setpci_put(&fn, "COMMAND=6:6");
	check_eq(setpci_get(&fn, "COMMAND") & 6, 6);
	setpci_put(&fn, "CAP_EXP+8.w=8000:8000");
	check(retry(is_without_commands, &fn));
	check_eq(setpci_get(&fn, "CAP_EXP+8.w") & 0x8000, 0);
}

/* ioatdma tests its channel when it binds, and then offers it. */
static void expect_channel(const struct pci_function *fn)
{
	DIR *dir = opendir(pci_path(fn, "dma").s);
	unsigned int nr = 0;
	struct dirent *entry;

	check(dir);
	while ((entry = readdir(dir)))
		nr += entry->d_name[0] != '.';
	closedir(dir);
	check_eq(nr, 1);
}

static void bind_to(const struct pci_function *fn, const char *from, const char *to)
{
	if (from)
		check_eq(__sysfs_write(text("%s/unbind", from).s, fn->address), 0);
	check_eq(__sysfs_write(pci_path(fn, "driver_override").s, strrchr(to, '/') + 1), 0);
	check_eq(__sysfs_write(text("%s/bind", to).s, fn->address), 0);
}

static void an_engine_goes_from_vfio_pci_to_the_hosts_driver_and_back(struct env *env)
{
	struct pci_function fn;
	unsigned int i;

	pci_begin();
	if (!module_probe("ioatdma"))
		skip_case("this kernel has no ioatdma");
	fn = pci_function_for_vfio("a", "model=ioat");
	for (i = 0; i < 2; i++) {
		note("round %u", i);
		bind_to(&fn, VFIO_PCI, IOATDMA);
		expect_channel(&fn);
		bind_to(&fn, IOATDMA, VFIO_PCI);
		vfio_open(&env->dev, fn.address, env->door);
		check_eq(vfio_region(&env->dev, 0)->size, 16 << 10);
		vfio_close(&env->dev);
		memset(&env->dev, 0, sizeof(env->dev));
	}
	/* It can be removed from there as well. */
	bind_to(&fn, VFIO_PCI, IOATDMA);
	pci_absent(&fn);
	check(!pci_exists(&fn));
	module_unload("ioatdma");
}

const struct test_case cases[] = {
	CASE(lspci_decodes_all_of_an_engine, NO_DOOR),
	CASE(lspci_decodes_all_of_a_function_and_its_vfs, NO_DOOR),
	CASE(setpci_holds_messages_back_and_lets_them_go, NO_DEVICE),
	CASE(setpci_resets_a_function, NO_DOOR),
	CASE(an_engine_goes_from_vfio_pci_to_the_hosts_driver_and_back, NO_DEVICE),
	{}
};
