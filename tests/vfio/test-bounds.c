// SPDX-License-Identifier: GPL-2.0-only
/*
 * The load that a guest or its user can cause is bounded: memory, lines in the
 * kernel log, and the work of one call before it checks for a signal.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/bochs.h"
#include "../lib/cases.h"
#include "../lib/dma.h"
#include "../lib/example.h"
#include "../lib/gfx.h"
#include "../lib/irq.h"
#include "../lib/log.h"
#include "../lib/memory.h"
#include "../lib/race.h"
#include "../lib/uart.h"

#define PAGE	4096
#define STORM		500
#define SHORT_STORM	200
#define SLACK_KIB	4096

/*
 * The kernel may have something to say in the meantime, of a slow clock or a
 * worker that is overdue: a flood is as many lines as there were rounds.
 */
#define FEW_LINES	4

/* Lines of memory_read() are not ours. */
static void expect_no_flood(int log)
{
	unsigned int lines = 0;
	struct text line;

	while (log_line(log, &line)) {
		if (strstr(line.s, "drop_caches: "))
			continue;
		note("%.150s", line.s);
		check(++lines <= FEW_LINES);
	}
	close(log);
}

struct storm {
	struct env *env;
	void (*round)(struct env *env, unsigned int i);
	unsigned int rounds, done;
};

static void storm_on(void *arg)
{
	struct storm *s = arg;
	unsigned int i;

	for (i = 0; i < s->rounds; i++)
		s->round(s->env, s->done++);
}

/* Round after round: neither memory nor the log grows with them. */
static void storm(struct env *env, unsigned int rounds,
		  void (*round)(struct env *env, unsigned int i))
{
	struct storm s = { env, round, rounds / 10, 0 };
	int log = log_open();

	/* The first rounds are not counted: caches fill. */
	storm_on(&s);
	s.rounds = rounds - s.done;
	check(!memory_grows(storm_on, &s, rounds / 2, SLACK_KIB));
	expect_no_flood(log);
}

static void mode_round(struct env *env, unsigned int i)
{
	const struct dispi_mode mode = {
		64 + i % 600, 64 + i / 3 % 400, 32, ENABLED | LFB | NOCLEARMEM, 1024, 0, i % 500
	};

	dispi_set(&env->dev, &mode);
	check(plane_query(&env->dev, DMABUF).dmabuf_id);
}

static void modes_cost_no_memory(struct env *env)
{
	storm(env, STORM, mode_round);
}

/* Those of modes that have been forgotten are refused, the others work. */
static void id_round(struct env *env, unsigned int i)
{
	u32 id, old;
	int buf;

	mode_round(env, i);
	id = plane_query(&env->dev, DMABUF).dmabuf_id;
	buf = dmabuf_get(&env->dev, id);
	close(buf);
	for (old = 1; old < 200; old += 100) {
		buf = __dmabuf_get(&env->dev, id - old);
		if (buf < 0)
			check_eq(buf, -ENOENT);
		else
			close(buf);
	}
}

static void dmabuf_ids_cost_no_memory(struct env *env)
{
	storm(env, SHORT_STORM, id_round);
}

#define HELD	100

/* However many there are: all of them show one memory. */
static void dmabufs_of_many_modes_cost_one_memory(struct env *env)
{
	u64 size = vfio_region(&env->dev, VRAM_BAR)->size, at, len = size / 2;
	struct dispi_mode mode = {
		1024, len / PAGE, 32, ENABLED | LFB | NOCLEARMEM, 1024, 0, 0
	};
	u8 *map = region_map(&env->dev, VRAM_BAR, 0, size);
	struct memory before;
	unsigned int i;
	int buf;

	memory_read(&before);
	memset(map, 0x11, size);
	for (i = 0; i < HELD; i++) {
		mode.y = i;
		dispi_set(&env->dev, &mode);
		buf = dmabuf_get(&env->dev, plane_query(&env->dev, DMABUF).dmabuf_id);
		map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, buf, 0);
		check(map != MAP_FAILED);
		for (at = 0; at < len; at += 16 * PAGE)
			map[at] = i;
	}
	/* The memory, and for all dma-bufs far less than was touched of them. */
	check(memory_settles(&before, 8 * HELD, size / 1024 + 4 * SLACK_KIB));
}

static void mask_round(struct env *env, unsigned int i)
{
	static s32 event = -1, mask = -1, unmask = -1;

	if (!i) {
		irq_enable(&env->dev, INTX, 1, &event);
		mask = event_new();
		unmask = event_new();
		check_eq(__irq_event(&env->dev, INTX, MASK, mask), 0);
		check_eq(__irq_event(&env->dev, INTX, UNMASK, unmask), 0);
		uart_raise(&env->dev, PORT_1);
	}
	irq_do(&env->dev, INTX, i % 2 ? MASK : UNMASK, 0);
	event_signal(i % 3 ? mask : unmask);
}

static void masking_costs_no_memory(struct env *env)
{
	storm(env, STORM, mask_round);
}

static void wiring_round(struct env *env, unsigned int i)
{
	u32 index = i % 2 ? INTX : MSI;
	s32 event, unmask = event_new();

	irq_enable(&env->dev, index, 1, &event);
	if (index == INTX)
		check_eq(__irq_event(&env->dev, INTX, UNMASK, unmask), 0);
	close(event);
	close(unmask);
	/* A replacement, and one that is refused. */
	event = event_new();
	check_eq(__irq_assign(&env->dev, index, 0, 1, &event), 0);
	check_eq(__irq_assign(&env->dev, REQ, 0, 1, &event), 0);
	close(event);
	check_eq(__irq_assign(&env->dev, index, 0, 1, &event), -EBADF);
	irq_disable(&env->dev, index);
}

static void wiring_interrupts_costs_no_memory(struct env *env)
{
	storm(env, SHORT_STORM, wiring_round);
}

/* Bytes that are not read, and interrupts that are not served. */
static void uart_round(struct env *env, unsigned int i)
{
	u8 bytes[UART_REGS];

	fill_pattern(bytes, sizeof(bytes), i);
	region_write(&env->dev, PORT_1, 0, bytes, sizeof(bytes));
	region_read(&env->dev, PORT_1, 0, bytes, sizeof(bytes));
}

static void register_writes_cost_no_memory(struct env *env)
{
	storm(env, STORM, uart_round);
}

/* Copies that work and that fail, and vectors that come and go. */
static void copy_round(struct env *env, unsigned int i)
{
	static s32 events[EXAMPLE_VECTORS];
	static u8 *memory;
	struct vfio *v = &env->dev;
	s32 none = -1;

	if (!i) {
		memory = dma_memory(4 * PAGE);
		irq_enable(v, MSIX, EXAMPLE_VECTORS, events);
	}
	dma_map(v, PAGE, memory, 4 * PAGE, DMA_RW);
	check_eq(example_copy(v, events[0], 3 * PAGE, PAGE, 2 * PAGE), COPIED);
	check_eq(example_copy(v, events[0], 3 * PAGE, PAGE, 3 * PAGE), FAILED);
	check_eq(__irq_assign(v, MSIX, 1 + i % (EXAMPLE_VECTORS - 1), 1, &none), 0);
	dma_unmap(v, PAGE, 4 * PAGE);
	check_eq(example_copy(v, events[0], 3 * PAGE, PAGE, 1), FAILED);
	check_eq(__irq_assign(v, MSIX, 0, EXAMPLE_VECTORS, events), 0);
}

static void copies_cost_no_memory(struct env *env)
{
	storm(env, SHORT_STORM, copy_round);
}

static void edid_round(struct env *env, unsigned int i)
{
	static int region;
	u8 blob[1024];

	if (!i)
		region = edid_region(&env->dev);
	fill_pattern(blob, sizeof(blob), i);
	region_write(&env->dev, region, reg_get(&env->dev, region, EDID_REG(edid_offset), 4),
		     blob, sizeof(blob));
	reg_put(&env->dev, region, EDID_REG(edid_size), 4, i % 1025);
	reg_put(&env->dev, region, EDID_REG(link_state), 4,
		i % 2 ? VFIO_DEVICE_GFX_LINK_STATE_UP : VFIO_DEVICE_GFX_LINK_STATE_DOWN);
}

static void monitors_cost_no_memory(struct env *env)
{
	storm(env, STORM, edid_round);
}

/* All that a user can ask for and not get. */
static void refused_round(struct env *env, unsigned int i)
{
	struct vfio_device_gfx_plane_info plane = { .drm_plane_type = i };
	u8 byte = 0xff;
	s32 fd = -2;

	check(__region_read(&env->dev, CONFIG, model_config_size(env->model) + i, &byte, 1) < 0);
	check(__region_write(&env->dev, CONFIG, model_config_size(env->model) + i, &byte, 1) < 0);
	check(sys(pread(env->dev.fd, (void *)(uintptr_t)i, 1,
			vfio_region(&env->dev, CONFIG)->offset)) < 0);
	check(sys(ioctl(env->dev.fd, VFIO_DEVICE_SET_IRQS, (void *)(uintptr_t)i)) < 0);
	check(__irq_assign(&env->dev, REQ, 0, 1, &fd) < 0);
	check(__irq_set(&env->dev, i, TRIGGER | MASK | NONE | BOOL, i, i, NULL, 0) < 0);
	check(__plane_query(&env->dev, ~i, &plane) < 0);
	check(__dmabuf_get(&env->dev, ~i) < 0);
	check(sys(ioctl(env->dev.fd, _IO(VFIO_TYPE, VFIO_BASE + 100 + i % 50))) < 0);
	check(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, env->dev.fd, (off_t)i * PAGE) == MAP_FAILED);
}

static void refusals_cost_no_memory(struct env *env)
{
	storm(env, SHORT_STORM, refused_round);
}

#define OPENINGS	45

static void reopen(void *arg)
{
	struct env *env = arg;
	unsigned int i;

	for (i = 0; i < OPENINGS; i++) {
		vfio_reset(&env->dev);
		if (env->model->bit & DISPLAYS) {
			u64 size = vfio_region(&env->dev, VRAM_BAR)->size;
			u8 *map = region_map(&env->dev, VRAM_BAR, 0, size);

			memset(map, i, size);
			munmap(map, size);
		}
		env_reopen(env);
	}
}

static void reopening_costs_no_memory(struct env *env)
{
	int log = log_open();

	/* Also while caches fill. */
	check(!memory_grows(reopen, env, OPENINGS - 5, SLACK_KIB));
	expect_no_flood(log);
}

/* Asked for more than there is: all of it, and nothing behind it. */
static void a_call_ends_with_its_region(struct env *env)
{
	unsigned int i, nr = vfio_info(&env->dev).num_regions;
	size_t have = 65 * MIB, at;
	u8 *buf = malloc(have);
	u64 size;

	check(buf);
	for (i = 0; i < nr; i++) {
		size = vfio_region(&env->dev, i)->size;
		if (!size)
			continue;
		note("region %u", i);
		memset(buf, 0xa5, have);
		check_eq(__region_read(&env->dev, i, 0, buf, have), size);
		for (at = size; at < size + 2 * PAGE; at++)
			check_eq(buf[at], 0xa5);
		check_eq(__region_read(&env->dev, i, size - 1, buf, have), 1);
		/* Values that were read suit all registers. */
		check_eq(__region_read(&env->dev, i, 0, buf, have), size);
		check_eq(__region_write(&env->dev, i, 0, buf, have), size);
		check_eq(__region_write(&env->dev, i, size - 1, buf + size - 1, have - size), 1);
	}
}

static void counts_and_offsets_that_wrap_fail_at_once(struct env *env)
{
	static const s64 offsets[] = { -1, -PAGE, LLONG_MIN, LLONG_MAX, LLONG_MAX - PAGE };
	unsigned int i, nr = vfio_info(&env->dev).num_regions;
	u8 buf[64];

	for (i = 0; i < nr; i++) {
		u64 offset = vfio_region(&env->dev, i)->offset;

		note("region %u", i);
		check(__region_read(&env->dev, i, 0, buf, SIZE_MAX) < 0);
		check(__region_write(&env->dev, i, 0, buf, SIZE_MAX) < 0);
		check(__region_read(&env->dev, i, 0, buf, SIZE_MAX - offset) < 0);
	}
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		note("offset %lld", (long long)offsets[i]);
		check(sys(pread(env->dev.fd, buf, sizeof(buf), offsets[i])) < 0);
		check(sys(pwrite(env->dev.fd, buf, sizeof(buf), offsets[i])) < 0);
		check(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, env->dev.fd,
			   offsets[i] & -PAGE) == MAP_FAILED);
	}
	for (i = 0; i < VFIO_PCI_NUM_IRQS; i++) {
		note("interrupt index %u", i);
		check_eq(__irq_set(&env->dev, i, TRIGGER | BOOL, 0, ~0U, buf, sizeof(buf)),
			 -EINVAL);
		check_eq(__irq_set(&env->dev, i, TRIGGER | EVENTFD, ~0U, 2, buf, sizeof(buf)),
			 -EINVAL);
	}
	check(mmap(NULL, SIZE_MAX & -PAGE, PROT_READ, MAP_SHARED, env->dev.fd, PAGE) == MAP_FAILED);
}

/*
 * A call that does much: the process in it is killed when the first byte shows
 * that it has begun, and the last one shows that it did not go on to the end.
 * It may be faster than the watching process: some attempts have to succeed.
 */
#define ATTEMPTS	20

struct long_call {
	struct vfio *v;
	void (*run)(struct long_call *call);
	volatile u8 *first, *last;
	u8 before;
	size_t size;
	u8 *buf;
};

static int call_in_child(void *arg)
{
	struct long_call *call = arg;

	call->run(call);
	return 0;
}

static void expect_early_end(struct long_call *call, void (*prepare)(struct long_call *call))
{
	unsigned int attempt, early = 0;
	int status;
	pid_t pid;

	for (attempt = 0; attempt < ATTEMPTS && !early; attempt++) {
		prepare(call);
		pid = child_start(call_in_child, call);
		while (*call->first == call->before && !child_ended(pid, 0, &status))
			;
		kill(pid, SIGKILL);
		if (!kill(pid, 0))
			check(child_ended(pid, WAIT_MS, &status));
		early = *call->last == call->before;
	}
	note("in %u attempts", attempt);
	check(early);
}

static void fill_memory(struct long_call *call)
{
	memset((u8 *)call->first, call->before, call->last - call->first + 1);
}

static void call_on_memory(struct env *env, struct long_call *call)
{
	call->v = &env->dev;
	call->size = vfio_region(&env->dev, VRAM_BAR)->size;
	call->before = 0xff;
	call->first = region_map(&env->dev, VRAM_BAR, 0, call->size);
	call->last = call->first + call->size - 1;
	call->buf = mmap(NULL, call->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			 0);
	check(call->buf != MAP_FAILED);
	memset(call->buf, 0, call->size);
}

static void write_all(struct long_call *call)
{
	region_write(call->v, VRAM_BAR, 0, call->buf, call->size);
}

static void a_long_write_ends_with_its_process(struct env *env)
{
	struct long_call call = { .run = write_all };

	call_on_memory(env, &call);
	expect_early_end(&call, fill_memory);
}

static void read_all(struct long_call *call)
{
	region_read(call->v, VRAM_BAR, 0, call->buf, call->size);
}

static void a_long_read_ends_early_with_its_process(struct env *env)
{
	struct long_call call = { .run = read_all };

	call_on_memory(env, &call);
	munmap((u8 *)call.first, call.size);
	call.first = call.buf;
	call.last = call.buf + call.size - 1;
	expect_early_end(&call, fill_memory);
}

static void show_all(struct long_call *call)
{
	const struct dispi_mode mode = { 1024, call->size / PAGE, 32, ENABLED | LFB, 1024, 0, 0 };

	dispi_set(call->v, &mode);
}

static void clearing_the_screen_ends_with_its_process(struct env *env)
{
	struct long_call call = { .run = show_all };

	call_on_memory(env, &call);
	expect_early_end(&call, fill_memory);
	vfio_reset(&env->dev);
	check_eq(dispi_get(&env->dev, DISPI_ENABLE), 0);
}

static void reset_all(struct long_call *call)
{
	vfio_reset(call->v);
}

static void a_reset_ends_with_its_process(struct env *env)
{
	struct long_call call = { .run = reset_all };

	call_on_memory(env, &call);
	call.last = call.first + env->model->width * 4 * env->model->height - 1;
	expect_early_end(&call, fill_memory);
	vfio_reset(&env->dev);
	check_eq(*call.last, (env->model->height - 1) * 255 / env->model->height);
}

const struct test_case cases[] = {
	CASE(modes_cost_no_memory, MBOCHS_SMALL | ONE_DOOR),
	CASE(dmabuf_ids_cost_no_memory, MBOCHS_SMALL | ONE_DOOR),
	CASE(dmabufs_of_many_modes_cost_one_memory, MBOCHS_MEDIUM | ONE_DOOR),
	CASE(masking_costs_no_memory, MTTY_1 | ONE_DOOR),
	CASE(wiring_interrupts_costs_no_memory, MTTY_1 | ONE_DOOR),
	CASE(register_writes_cost_no_memory, MTTY_1 | ONE_DOOR),
	CASE(copies_cost_no_memory, EXAMPLE),
	CASE(monitors_cost_no_memory, MBOCHS_SMALL | ONE_DOOR),
	CASE(refusals_cost_no_memory, MDPY_VGA | MBOCHS_SMALL | MTTY_2 | EXAMPLE),
	CASE(reopening_costs_no_memory, MDPY_VGA | MBOCHS_SMALL | MTTY_2 | EXAMPLE),
	CASE(a_call_ends_with_its_region, EACH),
	CASE(counts_and_offsets_that_wrap_fail_at_once, EACH),
	CASE(a_long_write_ends_with_its_process, MBOCHS_LARGE | ONE_DOOR),
	CASE(a_long_read_ends_early_with_its_process, MBOCHS_LARGE | ONE_DOOR),
	CASE(clearing_the_screen_ends_with_its_process, MBOCHS_LARGE | ONE_DOOR),
	CASE(a_reset_ends_with_its_process, MDPY_HD | ONE_DOOR),
	{}
};
