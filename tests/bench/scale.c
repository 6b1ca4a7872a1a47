// SPDX-License-Identifier: GPL-2.0-only
/* What many devices cost: memory, and time to create; and what the modules do. */
#include <fcntl.h>
#include <unistd.h>

#include "../lib/memory.h"
#include "bench.h"

#define AT_ONCE		100
#define DEVICE_KIB	32
#define MODULES_KIB	192

/*
 * What the kernel has allocated for itself, of all kinds that devices take: whole
 * slabs, so that what is lost between objects counts.  Free memory would tell
 * more, and of everything else that goes on, too.
 */
static long kernel_kib(void)
{
	/* What could be given back, is, before it is counted. */
	sync();
	check_eq(__sysfs_write("/proc/sys/vm/drop_caches", "3"), 0);
	return meminfo_kib("Slab:") + meminfo_kib("KernelStack:") + meminfo_kib("PageTables:") +
	       meminfo_kib("Percpu:") + meminfo_kib("VmallocUsed:");
}

struct herd {
	unsigned int nr;
	struct mdev *mdev;
	double *ns;		/* how long each took to create */
};

static void herd_create(struct herd *herd, const char *type, unsigned int nr)
{
	struct text path = mdev_type_path(type, "create");
	unsigned int i;
	double start;
	int fd;

	*herd = (struct herd){ .nr = nr };
	herd->mdev = calloc(herd->nr, sizeof(*herd->mdev));
	herd->ns = calloc(herd->nr, sizeof(*herd->ns));
	check(herd->mdev && herd->ns);
	for (i = 0; i < herd->nr; i++)
		herd->mdev[i] = mdev_random();
	for (i = 0; i < herd->nr; i++) {
		fd = open(path.s, O_WRONLY);
		check(fd >= 0);
		mdev_remember(&herd->mdev[i]);
		start = now_ns();
		check_eq(sys(write(fd, herd->mdev[i].uuid, UUID_LEN)), UUID_LEN);
		herd->ns[i] = now_ns() - start;
		close(fd);
	}
}

static void herd_remove(struct herd *herd)
{
	unsigned int i;

	for (i = 0; i < herd->nr; i++)
		mdev_remove(&herd->mdev[i]);
	free(herd->mdev);
	free(herd->ns);
}

static bool enough_budget(const char *type, unsigned int nr)
{
	unsigned int available = mdev_available(type);

	if (available >= nr)
		return true;
	skip_row(type, "only %u of %u devices are in the budget", available, nr);
	return false;
}

/*
 * None is removed before the last one is measured: what the kernel has set aside
 * for the first ones would be found again by the next, and they cost nothing.  So
 * would what there was before; that goes to some that are not measured.
 */
void bench_device_memory(void)
{
	struct herd herd[NR_MODELS] = {}, filler = {};
	unsigned int i, nr = (bench_devices + 3) / 4;
	long before;

	for (i = 0; i < NR_MODELS; i++) {
		const char *type = models[i].type;

		if (!wanted(type, "memory, never opened") ||
		    !enough_budget(type, filler.nr ? nr : 2 * nr))
			continue;
		if (!filler.nr)
			herd_create(&filler, type, nr);
		before = kernel_kib();
		herd_create(&herd[i], type, nr);
		report((struct metric){ type, "memory, never opened", "32 KiB", KIB, 1 },
		       (double)(kernel_kib() - before) / nr, DEVICE_KIB);
	}
	for (i = 0; i < NR_MODELS; i++)
		herd_remove(&herd[i]);
	herd_remove(&filler);
}

/* All drivers together, and there is nothing that one of the last cannot do. */
static void at_once(void)
{
	static const char *const types[] = { "mdpy-hd", "mbochs-large", "mtty-2" };
	static const char name[] = "create, the last hundred";
	struct herd herd[ARRAY_SIZE(types)];
	bool any = false;
	struct vfio vfio;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		any |= wanted(types[i], name);
	if (!any)
		return;
	if (bench_devices < 2 * AT_ONCE) {
		skip_row(name, "%u devices are too few", bench_devices);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (!enough_budget(types[i], bench_devices))
			return;
	for (i = 0; i < ARRAY_SIZE(types); i++)
		herd_create(&herd[i], types[i], bench_devices);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		vfio_open(&vfio, herd[i].mdev[herd[i].nr - 1].uuid, bench_door);
		check_eq(config_get(&vfio, PCI_VENDOR_ID, 2), model_of(types[i])->vendor);
		vfio_close(&vfio);
	}
	for (i = 0; i < ARRAY_SIZE(types); i++)
		report((struct metric){ types[i], name, "the first hundred", NS, 1.2 },
		       median(herd[i].ns + herd[i].nr - AT_ONCE, AT_ONCE),
		       median(herd[i].ns, AT_ONCE));
	printf("%u devices of each of %zu drivers were there at once\n", bench_devices,
	       ARRAY_SIZE(types));
	for (i = 0; i < ARRAY_SIZE(types); i++)
		herd_remove(&herd[i]);
}

static void modules(void)
{
	static const char *const names[] = {
		"softpci", "softpci_vfio", "softpci_uart", "mdpy", "mbochs", "mtty",
	};
	const struct metric size = { "all", "size of the modules", "192 KiB", KIB, 1 };
	double bytes = 0;
	unsigned int i;

	if (!wanted(size.device, size.name))
		return;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct text path = text("/sys/module/%s/coresize", names[i]);

		if (access(path.s, F_OK)) {
			skip_row(size.name, "there is no %s", path.s);
			return;
		}
		bytes += strtod(sysfs_read(path.s).s, NULL);
	}
	report(size, bytes / 1024, MODULES_KIB);
}

void bench_scale(void)
{
	at_once();
	modules();
}
