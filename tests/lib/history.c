// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <sched.h>
#include <time.h>

#include "bochs.h"
#include "history.h"
#include "irq.h"
#include "uart.h"

#define PAGE	4096UL

/* xorshift64* */
u32 pick(struct chance *rng, u32 below)
{
	u64 x = rng->state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	rng->state = x;
	return ((x * 0x2545f4914f6cdd1dULL) >> 32) % below;
}

u32 any(struct chance *rng)
{
	return pick(rng, 0x10000) << 16 | pick(rng, 0x10000);
}

bool is(const struct side *s, unsigned int types)
{
	return s->env->model->bit & types;
}

u64 ram_start(const struct side *s)
{
	return s->env->model->bar[0].mmap_from;
}

u64 ram_size(const struct side *s)
{
	u64 size = is(s, MTTY | MIOAT) ? 0 : s->env->model->bar[0].size - ram_start(s);

	return size < 8 * MIB ? size : 8 * MIB;
}

/*
 * By the divisors that uart_step() sets, a character is on the line for 0.21 ms at
 * most, and the time-out is that of four, five after a migration.  Each access brings a
 * port up to date.
 */
#define CHARACTER_NS	220000
#define TIME_OUT_NS	(5 * CHARACTER_NS)
/* Those in the FIFO and in the shift register, a break, and the time-out. */
#define MOST_CHARACTERS	(UART_FIFO + 1 + 2 + 5)

static void let_pass(long ns)
{
	nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL);
}

void settle_for_time_out(void)
{
	let_pass(TIME_OUT_NS);
}

void settle(const struct side *s)
{
	unsigned int i, port;

	for (i = 0; i < (s->paced ? MOST_CHARACTERS : 1) && is(s, MTTY); i++) {
		let_pass(s->paced ? CHARACTER_NS : TIME_OUT_NS);
		for (port = 0; port < s->env->model->nr_ports; port++)
			uart_get(&s->env->dev, port, UART_SCR);
	}
}

static void command_step(struct side *s, struct chance *rng)
{
	u32 val = any(rng), decoding = model_decoding(s->env->model);

	/* Of a port that does not answer, time cannot be seen to come to rest. */
	if (is(s, MTTY) || pick(rng, 4))
		val |= decoding;
	config_put(&s->env->dev, PCI_COMMAND, 2, val);
}

static void power_step(struct side *s, struct chance *rng)
{
	power_put(&s->env->dev, pick(rng, 4) || is(s, MTTY) ? D0 : D3HOT);
}

static bool in_range(unsigned int pos, unsigned int len, unsigned int from, unsigned int size)
{
	return pos < from + size && from < pos + len;
}

/* Anywhere, except where it takes the device away from this test. */
static void config_step(struct side *s, struct chance *rng)
{
	struct vfio *v = &s->env->dev;
	unsigned int width = 1 << pick(rng, 3);
	unsigned int pos = pick(rng, CONFIG_SIZE) & -width;
	unsigned int pcie = config_find_cap(v, PCI_CAP_ID_EXP);
	u32 val = any(rng);

	if (in_range(pos, width, PCI_COMMAND, 2) ||
	    in_range(pos, width, config_find_cap(v, PCI_CAP_ID_PM) + PCI_PM_CTRL, 2))
		return;
	/* Initiate FLR: a reset ends the migration. */
	if (pcie && in_range(pos, width, pcie + PCI_EXP_DEVCTL + 1, 1))
		return;
	config_put(v, pos, width, val);
}

static void ram_step(struct side *s, struct chance *rng)
{
	u64 len = 1 + pick(rng, 3 * PAGE), pos;
	u8 *bytes = malloc(len);

	check(bytes);
	/* Often enough where it was before. */
	pos = pick(rng, pick(rng, 2) ? 8 * PAGE : ram_size(s) - len);
	fill_pattern(bytes, len, pick(rng, 256));
	switch (pick(rng, 3)) {
	case 0:
		region_write(&s->env->dev, 0, ram_start(s) + pos, bytes, len);
		break;
	case 1:
		memcpy(s->ram + pos, bytes, len);
		break;
	default:
		memset(s->ram + pos, 0, len);
		break;
	}
	free(bytes);
}

static const u16 some_sides[] = { 0, 63, 64, 320, 640, 800, 1024 };
static const u16 some_enables[] = { 0, ENABLED, ENABLED | LFB, ENABLED | NOCLEARMEM,
				    ENABLED | GETCAPS | NOCLEARMEM, GETCAPS };
static const u16 some_depths[] = { 8, 16, 32, 32 };
static const u32 some_orders[] = { ORDER_LITTLE, ORDER_BIG, ORDER_BIG, 0 };

static void dispi_step(struct side *s, struct chance *rng)
{
	enum dispi i = pick(rng, NR_DISPI);
	u16 val = pick(rng, 64);

	if (i == DISPI_XRES || i == DISPI_YRES || i == DISPI_VIRT_WIDTH)
		val = some_sides[pick(rng, ARRAY_SIZE(some_sides))];
	else if (i == DISPI_BPP)
		val = some_depths[pick(rng, ARRAY_SIZE(some_depths))];
	else if (i == DISPI_ENABLE)
		val = some_enables[pick(rng, ARRAY_SIZE(some_enables))];
	dispi_put(&s->env->dev, i, val);
}

static void edid_step(struct side *s, struct chance *rng)
{
	struct vfio *v = &s->env->dev;
	int edid = edid_region(v);
	u32 max = reg_get(v, edid, EDID_REG(edid_max_size), 4), val;
	u8 bytes[64];

	switch (pick(rng, 4)) {
	case 0:
		/* Some of them are refused. */
		val = pick(rng, max + 8);
		__region_write(v, edid, EDID_REG(edid_size), &val, sizeof(val));
		break;
	case 1:
		val = pick(rng, 2) ? VFIO_DEVICE_GFX_LINK_STATE_UP :
				     VFIO_DEVICE_GFX_LINK_STATE_DOWN;
		reg_put(v, edid, EDID_REG(link_state), 4, val);
		break;
	case 2:
		reg_put(v, REGS_BAR, EXT_ORDER, 4, some_orders[pick(rng, ARRAY_SIZE(some_orders))]);
		break;
	default:
		fill_pattern(bytes, sizeof(bytes), pick(rng, 256));
		region_write(v, edid, reg_get(v, edid, EDID_REG(edid_offset), 4) +
			     pick(rng, max - sizeof(bytes)), bytes, sizeof(bytes));
	}
}

static void send_some(struct side *s, struct chance *rng, unsigned int port)
{
	struct vfio *v = &s->env->dev;
	unsigned int n = 1 + pick(rng, 20);

	uart_put(v, port, UART_LCR, uart_get(v, port, UART_LCR) & ~UART_LCR_DLAB);
	while (n--)
		uart_put(v, port, UART_TX, pick(rng, 256));
}

static void set_divisor(struct side *s, struct chance *rng, unsigned int port)
{
	struct vfio *v = &s->env->dev;
	u8 lcr = uart_get(v, port, UART_LCR);

	uart_put(v, port, UART_LCR, lcr | UART_LCR_DLAB);
	uart_put(v, port, UART_DLL, 1 + pick(rng, 2));
	uart_put(v, port, UART_LCR, lcr);
}

static void uart_step(struct side *s, struct chance *rng)
{
	static const unsigned int with_effects[] = { UART_RX, UART_RX, UART_LSR, UART_MSR };
	unsigned int port = pick(rng, s->env->model->nr_ports), n;
	struct vfio *v = &s->env->dev;

	switch (pick(rng, 9)) {
	case 0:
	case 1:
		send_some(s, rng, port);
		break;
	case 2:
		uart_put(v, port, UART_LCR, uart_get(v, port, UART_LCR) & ~UART_LCR_DLAB);
		/* While the character time-out has come, or is not to be expected. */
		if (pick(rng, 2))
			uart_get(v, port, UART_IIR);
		for (n = pick(rng, UART_FIFO); n; n--)
			uart_get(v, port, with_effects[pick(rng, ARRAY_SIZE(with_effects))]);
		break;
	case 3:
		uart_put(v, port, UART_FCR, any(rng) | (pick(rng, 4) ? UART_FCR_ENABLE_FIFO : 0));
		break;
	case 4:
		/* A break now and then. */
		uart_put(v, port, UART_LCR, any(rng) & ~(pick(rng, 4) ? UART_LCR_SBC : 0));
		break;
	case 5:
		uart_put(v, port, UART_MCR, any(rng) & ~(pick(rng, 2) ? UART_MCR_LOOP : 0));
		break;
	case 6:
		uart_put(v, port, UART_LCR, uart_get(v, port, UART_LCR) & ~UART_LCR_DLAB);
		uart_put(v, port, UART_IER, any(rng));
		break;
	case 7:
		uart_put(v, port, UART_SCR, any(rng));
		break;
	default:
		set_divisor(s, rng, port);
	}
	settle(s);
}

static void mask_step(struct side *s, struct chance *rng)
{
	struct vfio *v = &s->env->dev;
	u32 val = any(rng);

	if (s->irq == MSI)
		config_put(v, config_find_cap(v, PCI_CAP_ID_MSI) + PCI_MSI_MASK_64, 4, val);
	if (s->irq == INTX)
		irq_do(v, INTX, val & 1 ? MASK : UNMASK, 0);
	if (s->irq == MSIX)
		config_put(v, config_find_cap(v, PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS, 2, val);
}

void wait_for_the_copy(struct side *s)
{
	while (is(s, EXAMPLE) && example_get(&s->env->dev, EXAMPLE_STATUS) == BUSY)
		sched_yield();
	if (is(s, MIOAT))
		ioat_wait(&s->env->dev);
}

static void ring(struct side *s, struct chance *rng)
{
	struct vfio *v = &s->env->dev;

	example_put(v, EXAMPLE_SOURCE, GUEST + pick(rng, GUEST_SIZE));
	example_put(v, EXAMPLE_TARGET, GUEST + pick(rng, GUEST_SIZE));
	/* Some of them end beyond the guest's memory. */
	example_put(v, EXAMPLE_LENGTH, pick(rng, 2 * PAGE));
	example_put(v, EXAMPLE_DOORBELL, pick(rng, 2 * EXAMPLE_VECTORS));
}

static void example_step(struct side *s, struct chance *rng)
{
	unsigned int vector = pick(rng, EXAMPLE_VECTORS);
	struct vfio *v = &s->env->dev;

	switch (pick(rng, 4)) {
	case 0:
	case 1:
		ring(s, rng);
		wait_for_the_copy(s);
		break;
	case 2:
		reg_put(v, EXAMPLE_BAR0, example_entry(vector) + 4 * pick(rng, 4), 4, any(rng));
		break;
	default:
		example_put(v, 8 * pick(rng, 3), (u64)any(rng) << 32 | any(rng));
	}
}

/* Some descriptors in a row, of which some end beyond the guest's memory. */
static void start_chain(struct side *s, struct chance *rng)
{
	static const u32 ops[] = { DESC_COPY, DESC_COPY, DESC_FILL, DESC_NULL, 0xff000000U };
	struct ioat_desc *desc = (struct ioat_desc *)s->guest;
	struct vfio *v = &s->env->dev;
	unsigned int n = 1 + pick(rng, 4), i;

	for (i = 0; i < n; i++) {
		u64 target = GUEST + PAGE + pick(rng, GUEST_SIZE - PAGE);

		desc[i] = (struct ioat_desc) {
			.size = htole32(pick(rng, 2 * PAGE)),
			.control = htole32(ops[pick(rng, ARRAY_SIZE(ops))] | pick(rng, 16)),
			.source = htole64(GUEST + pick(rng, GUEST_SIZE)),
			.target = htole64(target),
			.next = htole64(GUEST + (i + 1) * sizeof(*desc)),
		};
	}
	ioat_put(v, IOAT_CHANERR, ~0U);
	ioat_put(v, IOAT_CHAINADDR, GUEST);
	ioat_put(v, IOAT_DMACOUNT, n);
}

static void ioat_step(struct side *s, struct chance *rng)
{
	static const unsigned int regs[] = {
		IOAT_INTRCTRL, IOAT_CHANCTRL, IOAT_CHANCMP, IOAT_CHAINADDR, IOAT_CHANERR,
	};
	struct vfio *v = &s->env->dev;

	switch (pick(rng, 4)) {
	case 0:
	case 1:
		start_chain(s, rng);
		break;
	case 2:
		ioat_put(v, IOAT_CHANCMD, 1 << pick(rng, 6));
		break;
	default:
		ioat_put(v, regs[pick(rng, ARRAY_SIZE(regs))], any(rng));
		if (pick(rng, 4))
			ioat_put(v, IOAT_CHANCMP, GUEST + PAGE - 8);
	}
	wait_for_the_copy(s);
}

static void step(struct side *s, struct chance *rng)
{
	switch (pick(rng, 12)) {
	case 0:
		command_step(s, rng);
		break;
	case 1:
		power_step(s, rng);
		break;
	case 2:
		config_step(s, rng);
		break;
	case 3:
		mask_step(s, rng);
		break;
	case 4:
	case 5:
	case 6:
	case 7:
		if (ram_size(s))
			ram_step(s, rng);
		else if (is(s, MIOAT))
			ioat_step(s, rng);
		else
			uart_step(s, rng);
		break;
	default:
		if (is(s, MTTY))
			uart_step(s, rng);
		else if (is(s, EXAMPLE))
			example_step(s, rng);
		else if (is(s, MIOAT))
			ioat_step(s, rng);
		else if (!is(s, MBOCHS))
			ram_step(s, rng);
		else if (pick(rng, 2))
			dispi_step(s, rng);
		else
			edid_step(s, rng);
	}
}

void live(struct side *s, struct chance rng, unsigned int steps)
{
	while (steps--)
		step(s, &rng);
}

void leave_something_to_do(struct side *s, struct chance *rng)
{
	struct vfio *v = &s->env->dev;
	unsigned int port;

	if (is(s, MBOCHS)) {
		dispi_show(v, 640, 480);
		dispi_put(v, DISPI_ENABLE, 0);
		dispi_put(v, DISPI_ENABLE, ENABLED);
	}
	if (is(s, EXAMPLE))
		ring(s, rng);
	if (is(s, MIOAT))
		start_chain(s, rng);
	for (port = 0; port < s->env->model->nr_ports; port++)
		send_some(s, rng, port);
}
