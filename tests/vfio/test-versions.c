// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams from elsewhere: of version 1.0, which are kept in streams/, and of other
 * kernels, which an earlier run has left in the folder that SOFTPCI_STREAMS names.
 *
 * All of them are of devices with the same history: have_history().  So a device
 * that loads one has to be like a device that has just had it.
 *
 * As a file, a stream is a line for each run of equal bytes ("00*4096"), or for up
 * to 32 other bytes in hex.  Comments may come first, such as the licence of those
 * that are kept.
 */
#include <ctype.h>
#include <dirent.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../lib/history.h"
#include "../lib/irq.h"
#include "../lib/migration.h"
#include "../lib/stream.h"
#include "../lib/state.h"

#define LINE		32	/* bytes */
#define SHORTEST_RUN	8	/* that is written as one */
#define VERSION		"1.0"
#define PAGE		4096
#define PENDING		33	/* a vector of the example device, which is masked */

/* Where the memory of a device is; -1: it has none. */
static int memory_region(const struct env *env, u64 *start, u64 *size)
{
	*start = env->model->bit & EXAMPLE ? EXAMPLE_MEMORY : 0;
	*size = env->model->bar[0].size - *start;
	return env->model->bit & (MTTY | MIOAT) ? -1 : 0;
}

static void write_memory(struct env *env)
{
	u8 page[PAGE], some[37];
	u64 start, size;

	if (memory_region(env, &start, &size) < 0)
		return;
	memset(page, 0x5a, sizeof(page));
	region_write(&env->dev, 0, start + 2 * PAGE, page, sizeof(page));
	memset(page, 0, sizeof(page));
	region_write(&env->dev, 0, start + 3 * PAGE, page, sizeof(page));
	fill_pattern(some, sizeof(some), 5);
	region_write(&env->dev, 0, start + size - PAGE - 5, some, sizeof(some));
}

/* A setting of the VFIO user: no stream has it. */
static void enable_irqs(struct env *env)
{
	s32 event;

	if (env->model->bit & (EXAMPLE | MIOAT))
		irq_enable(&env->dev, MSIX, 1, &event);
}

/* The same of each device, on every kernel. */
static void have_history(struct env *env)
{
	struct vfio *v = &env->dev;
	unsigned int port;

	use(env);
	write_memory(env);
	for (port = 0; port < env->model->nr_ports; port++) {
		uart_put(v, port, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2);
		uart_send(v, port, port ? "two" : "of port 1", port ? 3 : 9);
		uart_put(v, port, UART_IER, UART_IER_RDI | UART_IER_THRI | UART_IER_MSI);
	}
	/* A port sees that what it received has become old when it is accessed. */
	settle_for_time_out();
	for (port = 0; port < env->model->nr_ports; port++)
		uart_get(v, port, UART_SCR);
	if (env->model->bit & EXAMPLE) {
		enable_irqs(env);
		example_fire(v, PENDING);
		example_wait_pending(v, PENDING);
	}
	if (env->model->bit & MIOAT) {
		/* Nothing is at the address: it halts, and its interrupt is pending. */
		enable_irqs(env);
		config_put(v, config_find_cap(v, PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS, 2,
			   PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
		ioat_put(v, IOAT_CHANCTRL, CHANCTRL_ERR_INT | CHANCTRL_ERR_COMPLETION);
		ioat_put(v, IOAT_DMACOUNT, 3);
		check_eq(ioat_wait(v), HALTED);
	}
}

/* Some of a large memory. */
static void expect_same_memory(struct env *got, struct env *want)
{
	static const u64 shares[] = { 0, MIB, 2 * MIB };
	u64 start, size, at, len;
	u8 *a, *b;
	unsigned int i;

	if (memory_region(want, &start, &size) < 0)
		return;
	len = size < MIB ? size : MIB;
	a = malloc(len);
	b = malloc(len);
	check(a && b);
	for (i = 0; i < ARRAY_SIZE(shares) && shares[i] < size; i++) {
		/* The last share is the end. */
		at = i == ARRAY_SIZE(shares) - 1 ? size - len : shares[i];
		region_read(&got->dev, 0, start + at, a, len);
		region_read(&want->dev, 0, start + at, b, len);
		check_mem(a, b, len);
	}
	free(a);
	free(b);
}

/* Reading these changes them: both are read in the same order. */
static void expect_same_ports(struct env *got, struct env *want)
{
	static const unsigned int regs[] = { UART_IIR, UART_LSR, UART_MSR, UART_RX };
	unsigned int port, n, i;

	for (port = 0; port < want->model->nr_ports; port++)
		for (n = 0; n < UART_FIFO; n++)
			for (i = 0; i < ARRAY_SIZE(regs); i++) {
				note("port %u, register %u, after %u bytes", port, regs[i], n);
				check_eq(uart_get(&got->dev, port, regs[i]),
					 uart_get(&want->dev, port, regs[i]));
			}
	note(NULL);
}

static void expect_same(struct env *got, struct env *want)
{
	struct state s = state_of(want);
	unsigned int vector;

	expect_state(got, &s);
	expect_same_memory(got, want);
	expect_same_ports(got, want);
	if (want->model->bit & EXAMPLE)
		for (vector = 0; vector < EXAMPLE_VECTORS; vector++)
			check_eq(example_is_pending(&got->dev, vector), vector == PENDING);
	if (want->model->bit & MIOAT)
		check_eq(reg_get(&got->dev, IOAT_BAR0, IOAT_PBA, 8), 1);
}

static void write_stream(const char *path, const struct blob *blob)
{
	size_t pos, n, i;
	struct text temporary = text("%s.new", path);
	FILE *f = fopen(temporary.s, "w");

	if (!f)
		check_eq(-errno, 0);
	fprintf(f, "# Of the history in test-versions.c; the format is described there.\n");
	for (pos = 0; pos < blob->len; pos += n) {
		const u8 *at = blob->data + pos;
		size_t left = blob->len - pos;

		for (n = 1; n < left && at[n] == at[0];)
			n++;
		if (n >= SHORTEST_RUN) {
			fprintf(f, "%02x*%zu\n", at[0], n);
			continue;
		}
		for (n = 0; n < left && n < LINE; n++) {
			for (i = 1; n + i < left && i < SHORTEST_RUN && at[n + i] == at[n];)
				i++;
			if (i == SHORTEST_RUN)
				break;
			fprintf(f, "%02x", at[n]);
		}
		fputc('\n', f);
	}
	check_eq(fclose(f), 0);
	check_eq(sys(rename(temporary.s, path)), 0);
}

static void read_line(struct blob *blob, const char *line)
{
	unsigned int byte;
	unsigned long count;

	if (sscanf(line, "%2x*%lu", &byte, &count) == 2) {
		u8 *run = malloc(count);

		check(run);
		memset(run, byte, count);
		blob_add(blob, run, count);
		free(run);
		return;
	}
	for (; isxdigit(line[0]) && isxdigit(line[1]); line += 2) {
		const char digits[] = { line[0], line[1], 0 };

		blob_add(blob, &(u8){ strtoul(digits, NULL, 16) }, 1);
	}
	check_eq(*line, '\n');
}

static struct blob read_stream(const char *path)
{
	struct blob blob = {};
	char line[2 * LINE + 64];
	FILE *f = fopen(path, "r");

	note("%s", path);
	if (!f)
		check_eq(-errno, 0);
	while (fgets(line, sizeof(line), f))
		if (*line != '#')
			read_line(&blob, line);
	fclose(f);
	return blob;
}

/* Where streams of this version are kept. */
static struct text kept(const char *type)
{
	const char *dir = getenv("SOFTPCI_TESTS");

	if (!dir)
		skip_case("SOFTPCI_TESTS does not name the folder tests/");
	return text("%s/vfio/streams/" VERSION "/%s", dir, type);
}

static void expect_loads(struct env *env, struct blob *blob)
{
	struct env want;

	check_eq(mig_load(&env->dev, blob), 0);
	enable_irqs(env);
	check_eq(mig_go(&env->dev, MIG_RUNNING), 0);
	env_open(&want, env->model->type, env->door);
	have_history(&want);
	expect_same(env, &want);
	vfio_close(&want.dev);
	mdev_remove(&want.mdev);
}

static void a_stream_of_version_1_0_loads(struct env *env)
{
	struct blob blob = read_stream(kept(env->model->type).s);

	expect_loads(env, &blob);
}

/* A kernel that gives huge pages to memory sends pages around those that were written. */
static void remove_memory(struct blob *blob)
{
	size_t pos;

	while ((pos = stream_find(blob, sizeof(struct stream_header), STREAM_MEMORY)))
		blob_remove(blob, pos, stream_section_end(blob, pos) - pos);
	stream_seal(blob);
}

/* Byte by byte, so that it does not depend on the byte order of this machine. */
static void a_stream_is_the_one_that_version_1_0_wrote(struct env *env)
{
	struct blob want = read_stream(kept(env->model->type).s), got = {};

	have_history(env);
	check_eq(mig_save(&env->dev, &got), 0);
	remove_memory(&want);
	remove_memory(&got);
	check_mem(got.data, want.data, got.len < want.len ? got.len : want.len);
	check_eq(got.len, want.len);
}

static const char *streams(void)
{
	const char *dir = getenv("SOFTPCI_STREAMS");

	if (!dir)
		skip_case("SOFTPCI_STREAMS names no folder for streams of other kernels");
	return dir;
}

static void make_folder(const char *path)
{
	check_one_of(sys(mkdir(path, 0777)), 0, -EEXIST);
}

/* For a_stream_of_another_kernel_loads() on another one. */
static void streams_are_kept_for_other_kernels(struct env *env)
{
	const char *dir = streams();
	struct utsname uts;
	unsigned int i;

	uname(&uts);
	make_folder(dir);
	make_folder(text("%s/%s", dir, uts.release).s);
	for (i = 0; i < NR_MODELS; i++) {
		struct blob blob = {};

		env_open(env, models[i].type, env->door);
		have_history(env);
		check_eq(mig_save(&env->dev, &blob), 0);
		write_stream(text("%s/%s/%s", dir, uts.release, models[i].type).s, &blob);
		blob_free(&blob);
		vfio_close(&env->dev);
		mdev_remove(&env->mdev);
	}
}

static void load_all(struct env *env, const char *dir)
{
	unsigned int i;

	for (i = 0; i < NR_MODELS; i++) {
		struct blob blob = read_stream(text("%s/%s", dir, models[i].type).s);

		env_open(env, models[i].type, env->door);
		expect_loads(env, &blob);
		blob_free(&blob);
		vfio_close(&env->dev);
		mdev_remove(&env->mdev);
	}
}

static void streams_of_other_kernels_load(struct env *env)
{
	const char *path = streams();
	DIR *dir = opendir(path);
	unsigned int found = 0;
	struct utsname uts;
	struct dirent *entry;

	uname(&uts);
	while (dir && (entry = readdir(dir))) {
		if (*entry->d_name == '.' || !strcmp(entry->d_name, uts.release))
			continue;
		load_all(env, text("%s/%s", path, entry->d_name).s);
		found++;
	}
	if (!found)
		skip_case("no other kernel has left streams in %s yet", path);
	printf("figure: streams of another kernel loaded = %u\n", found * NR_MODELS);
}

#define ONE_OF_EACH	(MDPY_VGA | MBOCHS_SMALL | MTTY_2 | EXAMPLE | MIOAT)

const struct test_case cases[] = {
	CASE(a_stream_of_version_1_0_loads, ONE_OF_EACH),
	CASE(a_stream_is_the_one_that_version_1_0_wrote, ONE_OF_EACH),
	CASE(streams_are_kept_for_other_kernels, NO_DEVICE),
	CASE(streams_of_other_kernels_load, NO_DEVICE),
	{ }
};
