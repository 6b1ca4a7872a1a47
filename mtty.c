// SPDX-License-Identifier: GPL-2.0-only
/*
 * mtty: one or two 16550A ports on PCI, by the National PC16550D data sheet,
 * whose section titles are quoted below.
 *
 *	BAR0, BAR1	the eight registers of port 1 and port 2
 *	INTA, MSI	one interrupt source per port
 *
 * A plug is on each port: what is sent is received, RTS drives CTS, DTR drives
 * DSR and DCD.  Sending takes no time, so the transmitter is always empty;
 * only the character time-out of the receiver goes by the clock.
 */
#include <linux/bitfield.h>
#include <linux/hrtimer.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/serial_reg.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "core/mdev-pci-core.h"

#define MTTY_MAX_PORTS		2
#define MTTY_FIFO_SIZE		16
/* 1.8432 MHz / 16: bits per second with a divisor of 1. */
#define MTTY_BASE_BAUD		115200
#define MTTY_POWER_ON_DIVISOR	12
#define MTTY_TIMEOUT_CHARS	4

#define MTTY_MCR_BITS		(UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT1 | \
				 UART_MCR_OUT2 | UART_MCR_LOOP)
#define MTTY_IIR_FIFOS		0xc0

static unsigned int ports = 24;
module_param(ports, uint, 0444);
MODULE_PARM_DESC(ports, "how many ports all devices have together (default 24)");

/**
 * struct mtty_port - one 16550A
 * @mpdev: the device it is on
 * @index: which of its ports
 * @ier: interrupt enable
 * @fcr: FIFO control: enable and trigger level
 * @lcr: line control
 * @mcr: modem control
 * @msr: modem status with the deltas since it was read
 * @scr: scratch
 * @divisor: of the baud rate generator
 * @errors: LSR error bits since it was read
 * @rbr: the character read last
 * @fifo: received characters, each with its LSR error bits
 * @head: the oldest of them
 * @len: how many
 * @thre: the transmitter ran empty and nobody was told
 * @timeout: characters wait, and for too long
 * @deadline: when that will be so
 * @timer: for that moment
 * @work: what is to be done then, where the device lock can be taken
 */
struct mtty_port {
	struct mdev_pci_device *mpdev;
	unsigned int index;
	u8 ier;
	u8 fcr;
	u8 lcr;
	u8 mcr;
	u8 msr;
	u8 scr;
	u16 divisor;
	u8 errors;
	u8 rbr;
	struct {
		u8 data;
		u8 errors;
	} fifo[MTTY_FIFO_SIZE];
	unsigned int head;
	unsigned int len;
	bool thre;
	bool timeout;
	ktime_t deadline;
	struct hrtimer timer;
	struct work_struct work;
};

struct mtty_device {
	struct mdev_pci_device mpdev;
	struct mtty_port port[MTTY_MAX_PORTS];
};

static struct mtty_device *to_mtty(struct mdev_pci_device *mpdev)
{
	return container_of(mpdev, struct mtty_device, mpdev);
}

/* BAR n is port n + 1. */
static struct mtty_port *mtty_port(struct mdev_pci_device *mpdev,
				   unsigned int region)
{
	return &to_mtty(mpdev)->port[region];
}

static bool mtty_fifos_enabled(const struct mtty_port *port)
{
	return port->fcr & UART_FCR_ENABLE_FIFO;
}

/* "FIFO Control Register": when the receiver asks to be emptied. */
static unsigned int mtty_trigger_level(const struct mtty_port *port)
{
	static const u8 level[] = { 1, 4, 8, 14 };

	if (!mtty_fifos_enabled(port))
		return 1;
	return level[FIELD_GET(UART_FCR_TRIGGER_MASK, port->fcr)];
}

/* "Interrupt Identification Register": what is most urgent. */
static u8 mtty_pending(const struct mtty_port *port)
{
	if ((port->ier & UART_IER_RLSI) && port->errors)
		return UART_IIR_RLSI;
	if ((port->ier & UART_IER_RDI) &&
	    port->len >= mtty_trigger_level(port))
		return UART_IIR_RDI;
	if ((port->ier & UART_IER_RDI) && port->timeout)
		return UART_IIR_RX_TIMEOUT;
	if ((port->ier & UART_IER_THRI) && port->thre)
		return UART_IIR_THRI;
	if ((port->ier & UART_IER_MSI) && (port->msr & UART_MSR_ANY_DELTA))
		return UART_IIR_MSI;
	return UART_IIR_NO_INT;
}

static void mtty_update_irq(struct mtty_port *port)
{
	mdev_pci_set_irq(port->mpdev, port->index,
			 mtty_pending(port) != UART_IIR_NO_INT);
}

/* Start bit, data, parity and stop bits; 1.5 stop bits take as long as 2. */
static u64 mtty_char_ns(const struct mtty_port *port)
{
	unsigned int bits = 1 + 5 + (port->lcr & UART_LCR_WLEN8) + 1 +
			    !!(port->lcr & UART_LCR_PARITY) +
			    !!(port->lcr & UART_LCR_STOP);
	u64 divisor = max_t(u16, port->divisor, 1);

	return div_u64(bits * divisor * NSEC_PER_SEC, MTTY_BASE_BAUD);
}

/* "FIFO Interrupt Mode Operation": it counts from each arrival and read. */
static void mtty_restart_timeout(struct mtty_port *port)
{
	if (!mtty_fifos_enabled(port) || !port->len)
		return;

	port->deadline = ktime_add_ns(ktime_get(),
				      MTTY_TIMEOUT_CHARS * mtty_char_ns(port));
	hrtimer_start(&port->timer, port->deadline, HRTIMER_MODE_ABS);
}

static enum hrtimer_restart mtty_timer(struct hrtimer *timer)
{
	schedule_work(&container_of(timer, struct mtty_port, timer)->work);
	return HRTIMER_NORESTART;
}

static void mtty_work(struct work_struct *work)
{
	struct mtty_port *port = container_of(work, struct mtty_port, work);

	guard(mutex)(&port->mpdev->lock);
	if (!mtty_fifos_enabled(port) || !port->len)
		return;
	/* Started anew while this was on its way: it will be back. */
	if (ktime_before(ktime_get(), port->deadline))
		return;
	port->timeout = true;
	mtty_update_irq(port);
}

/* "Line Status Register": errors show when their character is the next one. */
static void mtty_show_errors(struct mtty_port *port)
{
	if (!port->len)
		return;
	port->errors |= port->fifo[port->head].errors;
}

static void mtty_clear_receiver(struct mtty_port *port)
{
	port->head = 0;
	port->len = 0;
	port->timeout = false;
}

static void mtty_receive(struct mtty_port *port, u8 data, u8 errors)
{
	unsigned int tail;

	if (mtty_fifos_enabled(port) && port->len == MTTY_FIFO_SIZE) {
		/* The FIFO keeps what it has, the newcomer is lost. */
		port->errors |= UART_LSR_OE;
		return;
	}
	if (!mtty_fifos_enabled(port) && port->len) {
		/* Without FIFOs the newcomer overwrites what was not read. */
		port->errors |= UART_LSR_OE;
		port->len = 0;
	}

	tail = (port->head + port->len) % MTTY_FIFO_SIZE;
	port->fifo[tail].data = data;
	port->fifo[tail].errors = errors;
	port->len++;
	if (port->len == 1)
		mtty_show_errors(port);
	/* Once it has struck, only a read puts an end to it. */
	if (!port->timeout)
		mtty_restart_timeout(port);
}

static u8 mtty_take(struct mtty_port *port)
{
	if (!port->len)
		return port->rbr;

	port->rbr = port->fifo[port->head].data;
	port->head = (port->head + 1) % MTTY_FIFO_SIZE;
	port->len--;
	port->timeout = false;
	mtty_show_errors(port);
	mtty_restart_timeout(port);
	return port->rbr;
}

static bool mtty_char_errors_waiting(const struct mtty_port *port)
{
	unsigned int i;

	for (i = 0; i < port->len; i++)
		if (port->fifo[(port->head + i) % MTTY_FIFO_SIZE].errors)
			return true;
	return false;
}

/* "Modem Control Register": through the plug, or in loop-back mode inside. */
static u8 mtty_modem_lines(const struct mtty_port *port)
{
	u8 mcr = port->mcr, lines = 0;

	if (mcr & UART_MCR_RTS)
		lines |= UART_MSR_CTS;
	if (mcr & UART_MCR_DTR)
		lines |= UART_MSR_DSR;
	if (mcr & UART_MCR_LOOP) {
		if (mcr & UART_MCR_OUT1)
			lines |= UART_MSR_RI;
		if (mcr & UART_MCR_OUT2)
			lines |= UART_MSR_DCD;
	} else if (mcr & UART_MCR_DTR) {
		lines |= UART_MSR_DCD;
	}
	return lines;
}

static void mtty_update_modem_lines(struct mtty_port *port)
{
	u8 lines = mtty_modem_lines(port);
	u8 changed = lines ^ port->msr;

	if (changed & UART_MSR_CTS)
		port->msr |= UART_MSR_DCTS;
	if (changed & UART_MSR_DSR)
		port->msr |= UART_MSR_DDSR;
	if (changed & UART_MSR_DCD)
		port->msr |= UART_MSR_DDCD;
	/* "Modem Status Register": of the ring indicator only the trailing edge. */
	if (changed & ~lines & UART_MSR_RI)
		port->msr |= UART_MSR_TERI;
	port->msr = (port->msr & UART_MSR_ANY_DELTA) | lines;
}

/* In loop-back mode the serial output is out of the loop. */
static bool mtty_break(const struct mtty_port *port)
{
	return (port->lcr & UART_LCR_SBC) && !(port->mcr & UART_MCR_LOOP);
}

static void mtty_set_lcr_mcr(struct mtty_port *port, u8 lcr, u8 mcr)
{
	bool was_break = mtty_break(port);

	port->lcr = lcr;
	port->mcr = mcr;
	/* However long it is, a break is one character without a stop bit. */
	if (mtty_break(port) && !was_break)
		mtty_receive(port, 0, UART_LSR_BI | UART_LSR_FE);
	mtty_update_modem_lines(port);
	mtty_update_irq(port);
}

static u32 mtty_read_rbr(struct mdev_pci_device *mpdev, unsigned int region,
			 unsigned int i)
{
	struct mtty_port *port = mtty_port(mpdev, region);
	u8 val;

	if (port->lcr & UART_LCR_DLAB)
		return port->divisor & 0xff;
	val = mtty_take(port);
	mtty_update_irq(port);
	return val;
}

static int mtty_write_thr(struct mdev_pci_device *mpdev, unsigned int region,
			  unsigned int i, u32 val)
{
	struct mtty_port *port = mtty_port(mpdev, region);
	u8 word = 0xff >> (3 - (port->lcr & UART_LCR_WLEN8));

	if (port->lcr & UART_LCR_DLAB) {
		port->divisor = (port->divisor & 0xff00) | val;
		return 0;
	}
	/* A line that is held spacing carries no character. */
	if (!mtty_break(port))
		mtty_receive(port, val & word, 0);

	/* Down, and up again: a new interrupt, not the old one going on. */
	port->thre = false;
	mtty_update_irq(port);
	port->thre = true;
	mtty_update_irq(port);
	return 0;
}

static u32 mtty_read_ier(struct mdev_pci_device *mpdev, unsigned int region,
			 unsigned int i)
{
	struct mtty_port *port = mtty_port(mpdev, region);

	return port->lcr & UART_LCR_DLAB ? port->divisor >> 8 : port->ier;
}

static int mtty_write_ier(struct mdev_pci_device *mpdev, unsigned int region,
			  unsigned int i, u32 val)
{
	struct mtty_port *port = mtty_port(mpdev, region);

	if (port->lcr & UART_LCR_DLAB) {
		port->divisor = (port->divisor & 0xff) | val << 8;
		return 0;
	}
	/* Enabling it with an empty transmitter is a cause of itself. */
	if (val & ~port->ier & UART_IER_THRI)
		port->thre = true;
	port->ier = val & (UART_IER_RDI | UART_IER_THRI | UART_IER_RLSI |
			   UART_IER_MSI);
	mtty_update_irq(port);
	return 0;
}

static u32 mtty_read_iir(struct mdev_pci_device *mpdev, unsigned int region,
			 unsigned int i)
{
	struct mtty_port *port = mtty_port(mpdev, region);
	u8 iir = mtty_pending(port);

	if (iir == UART_IIR_THRI) {
		port->thre = false;
		mtty_update_irq(port);
	}
	return mtty_fifos_enabled(port) ? iir | MTTY_IIR_FIFOS : iir;
}

static int mtty_write_fcr(struct mdev_pci_device *mpdev, unsigned int region,
			  unsigned int i, u32 val)
{
	struct mtty_port *port = mtty_port(mpdev, region);

	/* The other bits count only if this one is written as well. */
	if (!(val & UART_FCR_ENABLE_FIFO))
		val = 0;
	if (((val ^ port->fcr) & UART_FCR_ENABLE_FIFO) ||
	    (val & UART_FCR_CLEAR_RCVR))
		mtty_clear_receiver(port);
	port->fcr = val & (UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_MASK);
	mtty_update_irq(port);
	return 0;
}

static u32 mtty_read_lcr(struct mdev_pci_device *mpdev, unsigned int region,
			 unsigned int i)
{
	return mtty_port(mpdev, region)->lcr;
}

static int mtty_write_lcr(struct mdev_pci_device *mpdev, unsigned int region,
			  unsigned int i, u32 val)
{
	struct mtty_port *port = mtty_port(mpdev, region);

	mtty_set_lcr_mcr(port, val, port->mcr);
	return 0;
}

static u32 mtty_read_mcr(struct mdev_pci_device *mpdev, unsigned int region,
			 unsigned int i)
{
	return mtty_port(mpdev, region)->mcr;
}

static int mtty_write_mcr(struct mdev_pci_device *mpdev, unsigned int region,
			  unsigned int i, u32 val)
{
	struct mtty_port *port = mtty_port(mpdev, region);

	mtty_set_lcr_mcr(port, port->lcr, val & MTTY_MCR_BITS);
	return 0;
}

static u32 mtty_read_lsr(struct mdev_pci_device *mpdev, unsigned int region,
			 unsigned int i)
{
	struct mtty_port *port = mtty_port(mpdev, region);
	u8 lsr = UART_LSR_THRE | UART_LSR_TEMT | port->errors;

	if (port->len)
		lsr |= UART_LSR_DR;
	if (mtty_fifos_enabled(port) && mtty_char_errors_waiting(port))
		lsr |= UART_LSR_FIFOE;

	port->errors = 0;
	if (port->len)
		port->fifo[port->head].errors = 0;
	mtty_update_irq(port);
	return lsr;
}

static u32 mtty_read_msr(struct mdev_pci_device *mpdev, unsigned int region,
			 unsigned int i)
{
	struct mtty_port *port = mtty_port(mpdev, region);
	u8 msr = port->msr;

	port->msr &= ~UART_MSR_ANY_DELTA;
	mtty_update_irq(port);
	return msr;
}

static u32 mtty_read_scr(struct mdev_pci_device *mpdev, unsigned int region,
			 unsigned int i)
{
	return mtty_port(mpdev, region)->scr;
}

static int mtty_write_scr(struct mdev_pci_device *mpdev, unsigned int region,
			  unsigned int i, u32 val)
{
	mtty_port(mpdev, region)->scr = val;
	return 0;
}

/* "Registers".  LSR and MSR take no writes: those are for factory tests. */
static const struct mdev_pci_reg mtty_regs[] = {
	{ "RBR/THR/DLL", UART_RX, 1, 1, mtty_read_rbr, mtty_write_thr },
	{ "IER/DLM", UART_IER, 1, 1, mtty_read_ier, mtty_write_ier },
	{ "IIR/FCR", UART_IIR, 1, 1, mtty_read_iir, mtty_write_fcr },
	{ "LCR", UART_LCR, 1, 1, mtty_read_lcr, mtty_write_lcr },
	{ "MCR", UART_MCR, 1, 1, mtty_read_mcr, mtty_write_mcr },
	{ "LSR", UART_LSR, 1, 1, mtty_read_lsr, NULL },
	{ "MSR", UART_MSR, 1, 1, mtty_read_msr, NULL },
	{ "SCR", UART_SCR, 1, 1, mtty_read_scr, mtty_write_scr },
};

#define MTTY_PORT_REGION(_port) {			\
	.index = VFIO_PCI_BAR0_REGION_INDEX + (_port),	\
	.bar = PCI_BASE_ADDRESS_SPACE_IO,		\
	.size = 8,					\
	.regs = mtty_regs,				\
	.nr_regs = ARRAY_SIZE(mtty_regs),		\
}

static const struct mdev_pci_region mtty_regions[MTTY_MAX_PORTS] = {
	MTTY_PORT_REGION(0),
	MTTY_PORT_REGION(1),
};

#define MTTY_IDS \
	.vendor			= 0x4348, \
	.device			= 0x3253, \
	.subsystem_vendor	= 0x4348, \
	.subsystem_device	= 0x3253, \
	.class			= PCI_CLASS_COMMUNICATION_SERIAL << 8 | 0x02, \
	.revision		= 0x10, \
	.pin			= 1, \
	.regions		= mtty_regions

static const struct mdev_pci_model mtty_models[MTTY_MAX_PORTS] = {
	{ MTTY_IDS, .nr_regions = 1, .nr_msi = 1 },
	{ MTTY_IDS, .nr_regions = 2, .nr_msi = 2 },
};

static struct mdev_pci_type mtty_single = {
	.mdev.sysfs_name = "1",
	.mdev.pretty_name = "Single port serial",
	.description = "virtual PCI serial card, one 16550A port",
	.model = &mtty_models[0],
	.cost = 1,
};

static struct mdev_pci_type mtty_dual = {
	.mdev.sysfs_name = "2",
	.mdev.pretty_name = "Dual port serial",
	.description = "virtual PCI serial card, two 16550A ports",
	.model = &mtty_models[1],
	.cost = 2,
};

static struct mdev_pci_type *const mtty_types[] = { &mtty_single, &mtty_dual };

/* "UART Reset Configuration". */
static void mtty_reset(struct mdev_pci_device *mpdev)
{
	unsigned int i;

	for (i = 0; i < MTTY_MAX_PORTS; i++) {
		struct mtty_port *port = mtty_port(mpdev, i);

		mtty_clear_receiver(port);
		port->ier = 0;
		port->fcr = 0;
		port->lcr = 0;
		port->mcr = 0;
		port->msr = 0;
		port->scr = 0;
		port->divisor = MTTY_POWER_ON_DIVISOR;
		port->errors = 0;
		port->rbr = 0;
		port->thre = false;
	}
}

static int mtty_init_device(struct mdev_pci_device *mpdev)
{
	unsigned int i;

	for (i = 0; i < MTTY_MAX_PORTS; i++) {
		struct mtty_port *port = mtty_port(mpdev, i);

		port->mpdev = mpdev;
		port->index = i;
		hrtimer_setup(&port->timer, mtty_timer, CLOCK_MONOTONIC,
			      HRTIMER_MODE_ABS);
		INIT_WORK(&port->work, mtty_work);
	}
	return 0;
}

static void mtty_release_device(struct mdev_pci_device *mpdev)
{
	unsigned int i;

	for (i = 0; i < MTTY_MAX_PORTS; i++) {
		hrtimer_cancel(&mtty_port(mpdev, i)->timer);
		cancel_work_sync(&mtty_port(mpdev, i)->work);
	}
}

static ssize_t sample_mdev_dev_show(struct device *dev,
				    struct device_attribute *attr, char *buf)
{
	struct mdev_pci_device *mpdev = dev_get_drvdata(dev);

	return sysfs_emit(buf, "mtty %s, %s\n", dev_name(dev),
			  mpdev->type->description);
}
static DEVICE_ATTR_RO(sample_mdev_dev);

static struct attribute *mtty_attrs[] = {
	&dev_attr_sample_mdev_dev.attr,
	NULL
};

static const struct mdev_pci_driver mtty_driver = {
	.name		= "mtty",
	.owner		= THIS_MODULE,
	.device_size	= sizeof(struct mtty_device),
	.types		= mtty_types,
	.nr_types	= ARRAY_SIZE(mtty_types),
	.attrs		= mtty_attrs,
	.init		= mtty_init_device,
	.release	= mtty_release_device,
	.reset		= mtty_reset,
};

module_mdev_pci_driver(mtty_driver, ports);

MODULE_DESCRIPTION("Virtual PCI 16550A serial ports for VFIO");
MODULE_LICENSE("GPL");

/* Here, as the tests call what is static above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "kunit/mtty.c"
#endif
