// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that moved is the same device.  A random history, the migration, and then
 * all that can be seen of the source and of the target is compared: first without
 * side effects, then the interrupts that were held back, then registers whose reads
 * have effects.  Both go on with one history, and are compared again.
 *
 * MOVED_SEED=N in the environment repeats the histories of a run that failed.
 */
#include <dirent.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../lib/bochs.h"
#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/gfx.h"
#include "../lib/history.h"
#include "../lib/irq.h"
#include "../lib/migration.h"
#include "../lib/uart.h"
#include "../lib/wire.h"

#define PAGE		4096UL
#define ROUNDS		2
#define STEPS		40

static void take_events(const struct side *s)
{
	unsigned int i;

	for (i = 0; i < s->nr_events; i++)
		event_take(s->event[i]);
}

/* Pending work of the device is done. Of mbochs, a clear that is queued waits for it. */
static void have_it_done(struct side *s)
{
	if (is(s, MBOCHS)) {
		dispi_put(&s->env->dev, DISPI_ENABLE, 0);
		dispi_put(&s->env->dev, DISPI_ENABLE, ENABLED);
	}
	wait_for_the_copy(s);
}

static void set_up(struct side *s, struct env *env, struct chance rng)
{
	struct vfio *v = &env->dev;
	unsigned int port;
	u32 how = any(&rng);

	*s = (struct side){ .env = env };
	if (is(s, MTTY)) {
		s->paced = how & 1;
		vfio_close(v);
		pace(&env->mdev, s->paced ? "1" : "0");
		/* Unpaced, a sender would wait for a second, and that is time as well. */
		wire(&env->mdev, s->paced && how & 2 && is(s, MTTY_2) ? "crossed" : "loopback");
		vfio_open(v, env->mdev.uuid, env->door);
		s->irq = how & 4 ? INTX : MSI;
		s->nr_events = s->irq == INTX ? 1 : env->model->nr_ports;
		for (port = 0; port < env->model->nr_ports; port++)
			uart_setup(v, port, 0);
	}
	if (is(s, EXAMPLE | MIOAT)) {
		s->irq = MSIX;
		s->nr_events = env->model->nr_msix;
		s->guest = dma_memory(GUEST_SIZE);
		fill_pattern(s->guest, GUEST_SIZE, 1);
		dma_map(v, GUEST, s->guest, GUEST_SIZE, DMA_RW);
	}
	if (ram_size(s))
		s->ram = region_map(v, 0, ram_start(s), ram_size(s));
	/* As QEMU: before the state is loaded. */
	if (s->nr_events)
		irq_enable(v, s->irq, s->nr_events, s->event);
	if (is(s, DISPLAYS))
		s->irq = ~0U;
}

static void migrate(struct side *from, struct side *to, struct chance *rng)
{
	bool precopy = mig_has_precopy(&from->env->dev) && pick(rng, 4);
	struct vfio *v = &from->env->dev;
	struct blob blob = {};
	int fd = 0;

	if (precopy) {
		fd = mig_go(v, MIG_PRE_COPY);
		check_eq(mig_read_all(fd, &blob), -ENOMSG);
		live(from, *rng, STEPS / 2);
		any(rng);
		if (pick(rng, 2))
			check_eq(mig_read_all(fd, &blob), -ENOMSG);
	}
	mig_go(v, precopy ? MIG_PRE_COPY_P2P : MIG_RUNNING_P2P);
	leave_something_to_do(from, rng);
	if (precopy)
		mig_go(v, MIG_STOP_COPY);
	else
		fd = mig_go(v, MIG_STOP_COPY);
	check_eq(mig_read_all(fd, &blob), 0);
	close(fd);
	mig_go(v, MIG_STOP);
	if (from->guest)
		memcpy(to->guest, from->guest, GUEST_SIZE);
	check_eq(mig_load(&to->env->dev, &blob), 0);
	blob_free(&blob);
}

/* Comparing.  Both are in STOP. */

static void compare_region(const struct side *a, const struct side *b, unsigned int index,
			   u64 from, u64 size)
{
	static u8 of_a[MIB], of_b[MIB];
	u64 pos, len;

	for (pos = from; pos < from + size; pos += len) {
		len = from + size - pos < MIB ? from + size - pos : MIB;
		region_read(&a->env->dev, index, pos, of_a, len);
		region_read(&b->env->dev, index, pos, of_b, len);
		note("region %u from %#llx on", index, pos);
		check_mem(of_b, of_a, len);
	}
}

static void compare_registers(const struct side *a, const struct side *b)
{
	static const unsigned int harmless[] = { UART_IER, UART_LCR, UART_MCR, UART_SCR };
	unsigned int port, i;

	if (is(a, MBOCHS)) {
		compare_region(a, b, REGS_BAR, 0, PAGE);
		compare_region(a, b, edid_region(&a->env->dev), 0,
			       vfio_region(&a->env->dev, edid_region(&a->env->dev))->size);
	}
	/* With the table of MSI-X and its pending bits. */
	if (is(a, EXAMPLE))
		compare_region(a, b, EXAMPLE_BAR0, 0, EXAMPLE_MEMORY);
	if (is(a, MIOAT))
		compare_region(a, b, IOAT_BAR0, 0, IOAT_SIZE);
	for (port = 0; port < a->env->model->nr_ports; port++)
		for (i = 0; i < ARRAY_SIZE(harmless); i++) {
			note("port %u, register %u", port + 1, harmless[i]);
			check_eq(uart_get(&b->env->dev, port, harmless[i]),
				 uart_get(&a->env->dev, port, harmless[i]));
		}
}

static void compare_planes(const struct side *a, const struct side *b)
{
	struct vfio_device_gfx_plane_info of_a, of_b;
	u32 flags = is(a, MBOCHS) ? DMABUF : REGION;

	of_a = plane_query(&a->env->dev, flags);
	of_b = plane_query(&b->env->dev, flags);
	note("plane");
	check_eq(!of_b.size, !of_a.size);
	/* A name that each device chooses; in a union with the index of the region. */
	if (is(a, MBOCHS))
		of_b.dmabuf_id = of_a.dmabuf_id;
	check_mem(&of_b, &of_a, sizeof(of_a));
}

static struct text attribute(const struct side *s, const char *name)
{
	char *uuid;
	struct text t = sysfs_read(mdev_path(&s->env->mdev, text("vendor/%s", name).s).s);

	while ((uuid = strstr(t.s, s->env->mdev.uuid)))
		memset(uuid, '*', UUID_LEN);
	return t;
}

static void compare_attributes(const struct side *a, const struct side *b)
{
	DIR *dir = opendir(mdev_path(&a->env->mdev, "vendor").s);
	struct dirent *entry;
	unsigned int nr = 0;
	struct stat stat;

	check(dir);
	while ((entry = readdir(dir))) {
		/* Some can only be written. */
		if (fstatat(dirfd(dir), entry->d_name, &stat, 0) || !(stat.st_mode & 0400) ||
		    !S_ISREG(stat.st_mode))
			continue;
		note("vendor/%s", entry->d_name);
		check(!strcmp(attribute(a, entry->d_name).s, attribute(b, entry->d_name).s));
		nr++;
	}
	closedir(dir);
	check(nr);
}

static void wake(struct side *s)
{
	struct vfio *v = &s->env->dev;

	power_put(v, D0);
	config_set(v, PCI_COMMAND, model_decoding(s->env->model));
}

static void compare_at_rest(struct side *a, struct side *b)
{
	settle(a);
	settle(b);
	compare_region(a, b, CONFIG, 0, model_config_size(a->env->model));
	compare_registers(a, b);
	/* Once more, as they may not have answered. */
	wake(a);
	wake(b);
	compare_registers(a, b);
	if (ram_size(a))
		compare_region(a, b, 0, ram_start(a), ram_size(a));
	if (is(a, DISPLAYS))
		compare_planes(a, b);
	compare_attributes(a, b);
}

/* Lift all that holds a message back. */
static void let_interrupts_go(struct side *s)
{
	struct vfio *v = &s->env->dev;
	unsigned int cap, i;

	config_set(v, PCI_COMMAND, PCI_COMMAND_MASTER);
	config_clear(v, PCI_COMMAND + 1, PCI_COMMAND_INTX_DISABLE >> 8);
	if (s->irq == INTX)
		irq_do(v, INTX, UNMASK, 0);
	if (s->irq == MSI) {
		cap = config_find_cap(v, PCI_CAP_ID_MSI);
		config_put(v, cap + PCI_MSI_MASK_64, 4, 0);
		config_set(v, cap + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE);
	}
	if (s->irq == MSIX) {
		cap = config_find_cap(v, PCI_CAP_ID_MSIX);
		config_put(v, cap + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
		for (i = 0; i < s->nr_events; i++)
			example_mask(v, i, false);
	}
}

static void compare_events(const struct side *a, const struct side *b, const char *when)
{
	unsigned int i;

	for (i = 0; i < a->nr_events; i++) {
		note("vector %u, %s", i, when);
		check_eq(event_take(b->event[i]), event_take(a->event[i]));
	}
}

/* Both run until their pending work is done, and are in STOP again then. */
static void compare_interrupts(struct side *a, struct side *b)
{
	struct side *both[] = { a, b };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (both[i]->irq == INTX)
			irq_do(&both[i]->env->dev, INTX, MASK, 0);
		take_events(both[i]);
		mig_go(&both[i]->env->dev, MIG_RUNNING);
		have_it_done(both[i]);
		settle(both[i]);
	}
	compare_events(a, b, "as it resumed");
	let_interrupts_go(a);
	let_interrupts_go(b);
	compare_events(a, b, "when all were unmasked");
	mig_go(&a->env->dev, MIG_STOP);
	mig_go(&b->env->dev, MIG_STOP);
	if (a->guest)
		check_mem(b->guest, a->guest, GUEST_SIZE);
}

/* Registers whose reads have effects, with those effects. */
static void compare_ports(struct side *a, struct side *b)
{
	static const unsigned int order[] = { UART_LSR, UART_MSR, UART_IIR, UART_RX };
	struct vfio *of_a = &a->env->dev, *of_b = &b->env->dev;
	unsigned int port, i;
	u8 lcr;

	for (port = 0; port < a->env->model->nr_ports; port++) {
		lcr = uart_get(of_a, port, UART_LCR) & ~UART_LCR_DLAB;
		uart_put(of_a, port, UART_LCR, lcr);
		uart_put(of_b, port, UART_LCR, lcr);
		for (i = 0; i < ARRAY_SIZE(order) * (UART_FIFO + 2); i++) {
			unsigned int reg = order[i % ARRAY_SIZE(order)];

			/* Each read of RX begins a character time-out: it has come at both. */
			if (!(i % ARRAY_SIZE(order)))
				settle_for_time_out();
			note("port %u, read %u, register %u", port + 1, i, reg);
			check_eq(uart_get(of_b, port, reg), uart_get(of_a, port, reg));
		}
		uart_put(of_a, port, UART_LCR, lcr | UART_LCR_DLAB);
		uart_put(of_b, port, UART_LCR, lcr | UART_LCR_DLAB);
		note("port %u, divisor", port + 1);
		check_eq(uart_get(of_b, port, UART_DLL), uart_get(of_a, port, UART_DLL));
		check_eq(uart_get(of_b, port, UART_DLM), uart_get(of_a, port, UART_DLM));
		uart_put(of_a, port, UART_LCR, lcr);
		uart_put(of_b, port, UART_LCR, lcr);
	}
}

static void compare(struct side *a, struct side *b)
{
	compare_at_rest(a, b);
	compare_interrupts(a, b);
	compare_at_rest(a, b);
	compare_ports(a, b);
}

static void go_on(struct side *s, struct chance rng)
{
	mig_go(&s->env->dev, MIG_RUNNING);
	live(s, rng, STEPS);
	have_it_done(s);
	mig_go(&s->env->dev, MIG_STOP);
}

static u64 seed_of_run(void)
{
	const char *seed = getenv("MOVED_SEED");
	struct timespec now;

	if (seed)
		return strtoull(seed, NULL, 0);
	check_eq(clock_gettime(CLOCK_REALTIME, &now), 0);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void a_device_that_moved_is_the_same(struct env *env)
{
	u64 seed = seed_of_run();
	struct chance rng = { seed | 1 };
	struct side side[2];
	struct env other;
	unsigned int i;

	printf("MOVED_SEED=%llu\n", seed);
	env_open(&other, env->model->type, env->door);
	set_up(&side[0], env, rng);
	set_up(&side[1], &other, rng);
	/* There and back: the second target has a past. */
	for (i = 0; i < ROUNDS; i++) {
		struct side *from = &side[i % 2], *to = &side[!(i % 2)];

		mig_go(&from->env->dev, MIG_RUNNING);
		live(from, rng, STEPS);
		any(&rng);
		migrate(from, to, &rng);
		compare(from, to);
		go_on(from, rng);
		go_on(to, rng);
		any(&rng);
		compare(from, to);
	}
}

const struct test_case cases[] = {
	CASE(a_device_that_moved_is_the_same, EACH),
	{}
};
