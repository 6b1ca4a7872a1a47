// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_RESET and the last close: both give back the device as it was
 * when it had just been created.  A reset keeps what the PCI core saves and
 * restores around one, memory that starts as zeroes, and what is plugged
 * into it from outside.
 */
#include <sys/mman.h>

#include "../lib/restored.h"
#include "../lib/bochs.h"
#include "../lib/cases.h"
#include "../lib/example.h"
#include "../lib/gfx.h"
#include "../lib/ioat.h"
#include "../lib/irq.h"
#include "../lib/uart.h"

#define LINE	256	/* bytes of memory to look at, in the middle of a display */

/* All that a guest can see of a device without changing it. */
struct state {
	u8 config[MAX_CONFIG_SIZE];
	u8 memory[2][LINE];
	u8 uart[2][UART_REGS];
	u8 divisor[2][2];
	u16 dispi[NR_DISPI];
	u32 order;
	u8 example[EXAMPLE_REGS], ioat[IOAT_REGS];
	u8 msix_table[EXAMPLE_VECTORS * PCI_MSIX_ENTRY_SIZE];
	struct vfio_device_gfx_plane_info plane;
};

static u64 memory_at(struct env *env, unsigned int i)
{
	/* In the picture of mdpy, where the ramp is not 0, and at its end. */
	return vfio_region(&env->dev, VRAM_BAR)->size / 4 * (i + 1);
}

static void state_read(struct env *env, struct state *s)
{
	const struct model *m = env->model;
	struct vfio *v = &env->dev;
	unsigned int i;

	memset(s, 0, sizeof(*s));
	region_read(v, CONFIG, 0, s->config, model_config_size(m));
	for (i = 0; i < 2 && m->bit & DISPLAYS; i++)
		region_read(v, VRAM_BAR, memory_at(env, i), s->memory[i], LINE);
	for (i = 0; i < m->nr_ports; i++) {
		region_read(v, i, 0, s->uart[i], UART_REGS);
		uart_put(v, i, UART_LCR, s->uart[i][UART_LCR] | UART_LCR_DLAB);
		region_read(v, i, 0, s->divisor[i], 2);
		uart_put(v, i, UART_LCR, s->uart[i][UART_LCR]);
	}
	if (m->bit & MBOCHS) {
		for (i = 0; i < NR_DISPI; i++)
			s->dispi[i] = dispi_get(v, i);
		s->order = reg_get(v, REGS_BAR, EXT_ORDER, 4);
		s->plane = plane_query(v, DMABUF);
	}
	if (m->bit & EXAMPLE) {
		region_read(v, EXAMPLE_BAR0, 0, s->example, sizeof(s->example));
		region_read(v, EXAMPLE_BAR0, EXAMPLE_TABLE, s->msix_table, sizeof(s->msix_table));
		region_read(v, EXAMPLE_BAR0, EXAMPLE_MEMORY, s->memory[0], LINE);
	}
	if (m->bit & MIOAT) {
		region_read(v, IOAT_BAR0, 0, s->ioat, sizeof(s->ioat));
		region_read(v, IOAT_BAR0, IOAT_TABLE, s->msix_table, PCI_MSIX_ENTRY_SIZE);
	}
}

static void expect_state(struct env *env, const struct state *want)
{
	struct state got;

	state_read(env, &got);
	note("config space");
	check_mem(got.config, want->config, sizeof(got.config));
	note("memory");
	check_mem(got.memory, want->memory, sizeof(got.memory));
	note("UART registers");
	check_mem(got.uart, want->uart, sizeof(got.uart));
	note("divisors");
	check_mem(got.divisor, want->divisor, sizeof(got.divisor));
	note("dispi registers");
	check_mem(got.dispi, want->dispi, sizeof(got.dispi));
	check_eq(got.order, want->order);
	note("registers of the example");
	check_mem(got.example, want->example, sizeof(got.example));
	note("registers of the engine");
	check_mem(got.ioat, want->ioat, sizeof(got.ioat));
	note("MSI-X table");
	check_mem(got.msix_table, want->msix_table, sizeof(got.msix_table));
	note("plane");
	check_mem(&got.plane, &want->plane, sizeof(got.plane));
	note(NULL);
}

/* Changes all of that; every region is written from end to end, and config space. */
static void scribble(struct env *env)
{
	const struct dispi_mode mode = { 800, 600, 32, ENABLED | LFB | NOCLEARMEM, 1024, 1024,
					  6 };
	unsigned int i, pcie = config_find_cap(&env->dev, PCI_CAP_ID_EXP);
	u8 bytes[MAX_CONFIG_SIZE];

	for (i = 0; i < env->model->nr_ports; i++) {
		uart_put(&env->dev, i, UART_IER, 0x0f);
		uart_put(&env->dev, i, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_14);
		uart_send(&env->dev, i, "0123456789abcdefX", 17);
		uart_put(&env->dev, i, UART_MCR, 0x1f);
		uart_put(&env->dev, i, UART_SCR, 0x5a);
		uart_put(&env->dev, i, UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8 | UART_LCR_SBC);
		reg_put(&env->dev, i, UART_DLL, 2, 0x7777);
	}
	if (env->model->bit & MBOCHS) {
		reg_put(&env->dev, REGS_BAR, EXT_ORDER, 4, ORDER_BIG);
		dispi_put(&env->dev, DISPI_BANK, 3);
		dispi_put(&env->dev, DISPI_VIRT_HEIGHT, 999);
		dispi_set(&env->dev, &mode);
		check(plane_query(&env->dev, DMABUF).size);
	}
	fill_pattern(bytes, sizeof(bytes), 11);
	for (i = 0; i < 2 && env->model->bit & DISPLAYS; i++)
		region_write(&env->dev, VRAM_BAR, memory_at(env, i), bytes, LINE);
	if (env->model->bit & EXAMPLE) {
		example_start(&env->dev, 1, 2, 3, 4);
		region_write(&env->dev, EXAMPLE_BAR0, EXAMPLE_TABLE, bytes, LINE);
		region_write(&env->dev, EXAMPLE_BAR0, EXAMPLE_MEMORY, bytes, LINE);
	}
	if (env->model->bit & MIOAT) {
		ioat_put(&env->dev, IOAT_INTRCTRL, INTRCTRL_MSIX | INTRCTRL_MASTER);
		ioat_put(&env->dev, IOAT_CHANCMP, 0x1000);
		ioat_put(&env->dev, IOAT_CHAINADDR, 0x2000);
		ioat_put(&env->dev, IOAT_CHANCTRL, CHANCTRL_ERR_INT);
		ioat_put(&env->dev, IOAT_DMACOUNT, 5);
		/* There is nothing. */
		check_eq(ioat_wait(&env->dev), HALTED);
		region_write(&env->dev, IOAT_BAR0, IOAT_TABLE, bytes, PCI_MSIX_ENTRY_SIZE);
	}
	memset(bytes, 0xff, sizeof(bytes));
	/* Not the bit that is a reset itself. */
	if (pcie)
		bytes[pcie + PCI_EXP_DEVCTL + 1] &= ~(PCI_EXP_DEVCTL_BCR_FLR >> 8);
	region_write(&env->dev, CONFIG, 0, bytes, model_config_size(env->model));
}

static void reset_gives_the_device_as_created_but_for_what_vfio_pci_restores(struct env *env)
{
	struct state created, now;
	u8 config[MAX_CONFIG_SIZE];

	state_read(env, &created);
	scribble(env);
	region_read(&env->dev, CONFIG, 0, config, model_config_size(env->model));
	keep_what_is_restored(env, created.config, config);
	/* That is something. */
	check_eq(config[PCI_COMMAND], 0x07);
	check_eq(config[PCI_INTERRUPT_LINE], 0xff);
	vfio_reset(&env->dev);
	if (env->model->bit & (MBOCHS | EXAMPLE)) {
		/* Memory that starts as zeroes may keep its content. */
		state_read(env, &now);
		memcpy(created.memory, now.memory, sizeof(now.memory));
	}
	expect_state(env, &created);
	vfio_reset(&env->dev);
	expect_state(env, &created);
}

static void reset_empties_the_fifo(struct env *env)
{
	uart_setup(&env->dev, PORT_1, UART_FCR_TRIGGER_14);
	uart_send(&env->dev, PORT_1, "old", 3);
	vfio_reset(&env->dev);
	check_eq(uart_get(&env->dev, PORT_1, UART_LSR), UART_LSR_TEMT | UART_LSR_THRE);
	uart_setup(&env->dev, PORT_1, UART_FCR_TRIGGER_14);
	uart_send(&env->dev, PORT_1, "n", 1);
	check_eq(uart_get(&env->dev, PORT_1, UART_RX), 'n');
}

static void draw_ramp(struct env *env, u8 *picture)
{
	size_t stride = env->model->width * 4;
	unsigned int y;

	for (y = 0; y < env->model->height; y++)
		memset(picture + y * stride, y * 255 / env->model->height, stride);
}

static size_t picture_size(struct env *env)
{
	return (size_t)env->model->width * 4 * env->model->height;
}

/* Not only where a line was read: the whole picture, and a mapping of it. */
static void reset_draws_the_ramp_again(struct env *env)
{
	size_t size = picture_size(env);
	u8 *map = region_map(&env->dev, VRAM_BAR, 0, size);
	u8 *want = malloc(size);

	check(want);
	draw_ramp(env, want);
	memset(map, 0x77, size);
	vfio_reset(&env->dev);
	check_mem(map, want, size);
}

static void expect_ramp_after_reset(struct env *env)
{
	size_t size = picture_size(env);
	u8 *want = malloc(size), *got = malloc(size);

	check(want && got);
	draw_ramp(env, want);
	/* Once more after it is back: there is nothing to do then, and no harm. */
	vfio_reset(&env->dev);
	region_read(&env->dev, VRAM_BAR, 0, got, size);
	check_mem(got, want, size);
	vfio_reset(&env->dev);
	region_read(&env->dev, VRAM_BAR, 0, got, size);
	check_mem(got, want, size);
	free(want);
	free(got);
}

static void reset_undoes_whatever_was_written_by_whatever_way(struct env *env)
{
	size_t size = picture_size(env);
	unsigned int round;
	u8 *map;

	expect_ramp_after_reset(env);
	for (round = 0; round < 2; round++) {
		note("round %u: BAR0", round);
		reg_put(&env->dev, VRAM_BAR, size - 1, 1, 0x11);
		expect_ramp_after_reset(env);
		note("round %u: display region", round);
		reg_put(&env->dev, MDPY_DISPLAY, size / 2 + 3, 1, 0x22);
		expect_ramp_after_reset(env);
		note("round %u: a mapping that is gone", round);
		map = region_map(&env->dev, VRAM_BAR, 0, size);
		map[size / 3] = 0x33;
		munmap(map, size);
		expect_ramp_after_reset(env);
		note("round %u: a mapping that is there", round);
		map = region_map(&env->dev, MDPY_DISPLAY, 0, size);
		map[size / 5] = 0x44;
		expect_ramp_after_reset(env);
		map[size / 5] = 0x44;
		expect_ramp_after_reset(env);
	}
	/* And nothing of one user is left for the next one. */
	env_reopen(env);
	expect_ramp_after_reset(env);
}

static void the_last_close_gives_the_device_as_created(struct env *env)
{
	struct state created;
	s32 event;

	state_read(env, &created);
	scribble(env);
	irq_enable(&env->dev, REQ, 1, &event);
	if (env->model->pin)
		irq_enable(&env->dev, INTX, 1, &event);
	env_reopen(env);
	expect_state(env, &created);
	/* The interrupts of the last user are not there either. */
	check_eq(__irq_do(&env->dev, REQ, TRIGGER, 0), -EINVAL);
	check_eq(__irq_do(&env->dev, INTX, TRIGGER, 0), -EINVAL);
	check_eq(__dmabuf_get(&env->dev, 1), env->model->bit & MBOCHS ? -ENOENT : -ENOTTY);
}

static void plug_in_a_monitor(struct env *env)
{
	int region = edid_region(&env->dev);
	u32 blob = reg_get(&env->dev, region, EDID_REG(edid_offset), 4);

	reg_put(&env->dev, region, blob, 8, ~0ULL);
	reg_put(&env->dev, region, EDID_REG(edid_size), 4, 128);
	reg_put(&env->dev, region, EDID_REG(link_state), 4, VFIO_DEVICE_GFX_LINK_STATE_UP);
	check_eq(reg_get(&env->dev, REGS_BAR, EDID_SPACE, 8), ~0ULL);
}

/* It is the user's, not the device's: QEMU plugs it in once, before the first reset. */
static void reset_leaves_the_monitor_plugged_in(struct env *env)
{
	int region = edid_region(&env->dev);

	plug_in_a_monitor(env);
	vfio_reset(&env->dev);
	check_eq(reg_get(&env->dev, region, EDID_REG(edid_size), 4), 128);
	check_eq(reg_get(&env->dev, region, EDID_REG(link_state), 4),
		 VFIO_DEVICE_GFX_LINK_STATE_UP);
	check_eq(reg_get(&env->dev, REGS_BAR, EDID_SPACE, 8), ~0ULL);
}

static void the_last_close_unplugs_the_monitor(struct env *env)
{
	int region = edid_region(&env->dev);
	u32 blob = reg_get(&env->dev, region, EDID_REG(edid_offset), 4);

	plug_in_a_monitor(env);
	env_reopen(env);
	check_eq(reg_get(&env->dev, region, EDID_REG(edid_size), 4), 0);
	check_eq(reg_get(&env->dev, region, EDID_REG(link_state), 4),
		 VFIO_DEVICE_GFX_LINK_STATE_DOWN);
	check_eq(reg_get(&env->dev, region, blob, 8), 0);
	check_eq(reg_get(&env->dev, REGS_BAR, EDID_SPACE, 8), 0);
}

static void a_close_that_is_not_the_last_changes_nothing(struct env *env)
{
	struct vfio second;

	if (env->door != DOOR_GROUP)
		skip_case("a cdev is opened once only");
	vfio_open_again(&second, &env->dev, env->mdev.uuid);
	config_put(&second, PCI_INTERRUPT_LINE, 1, 0x42);
	reg_put(&second, 0, env->model->scratch, 1, 0x5a);
	vfio_close(&second);
	check_eq(config_get(&env->dev, PCI_INTERRUPT_LINE, 1), 0x42);
	check_eq(reg_get(&env->dev, 0, env->model->scratch, 1), 0x5a);
}

const struct test_case cases[] = {
	CASE(reset_gives_the_device_as_created_but_for_what_vfio_pci_restores, EACH),
	CASE(reset_empties_the_fifo, MTTY),
	CASE(reset_draws_the_ramp_again, MDPY),
	CASE(reset_undoes_whatever_was_written_by_whatever_way, MDPY),
	CASE(the_last_close_gives_the_device_as_created, EACH),
	CASE(reset_leaves_the_monitor_plugged_in, MBOCHS),
	CASE(the_last_close_unplugs_the_monitor, MBOCHS),
	CASE(a_close_that_is_not_the_last_changes_nothing, EACH),
	{}
};
