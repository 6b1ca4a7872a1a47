// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does what the host says while it takes devices away and plugs others in. A line on the
 * console is a number, a verb and mostly a device; the answer is "did" and the number.
 *
 *	draw DEVICE	the test card on its framebuffer
 *	use DEVICE	until it is taken away: see hold.c
 *	still mdpy	what becomes of a framebuffer that was lost and is still open
 *	close mdpy	it is closed
 *	pass mtty	every byte value goes over each port
 *	copy mioat	makes copies by DMA
 *	gone DEVICE	waits until it is not there
 *	found DEVICE	waits until it is there, and has a driver
 *	rebind DEVICE	takes its driver away and gives it back
 *	reload mdpy	unloads mdpy-fb, if it can be, and loads it again
 *	mode W H	mbochs displays another size, by its registers
 *	go		the end
 */
#define _GNU_SOURCE		/* strerrorname_np() */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"
#include "serial.h"

#define DRIVER_MODULE	"99-mdpy-fb.ko"
#define BYTE_VALUES	256
#define COPIES		50
#define RETRY_US	100000

/* The registers of mbochs in its BAR2, and what is written to ENABLE */
#define DISPI		0x500
#define REGISTERS	0x1000
enum { DISPI_XRES = 1, DISPI_YRES, DISPI_BPP, DISPI_ENABLE, DISPI_VIRT_WIDTH = 6 };
#define ENABLED_LFB	0x41

/* Where each device was found at first: another one is plugged into the same slot. */
static struct slot {
	const char *name;
	struct pci_device dev;
} slots[] = {
	{ .name = "mdpy" }, { .name = "mbochs" }, { .name = "mtty" }, { .name = "mioat" },
};

#define SLOTS	(sizeof(slots) / sizeof(*slots))

static struct pci_device *device(const char *name)
{
	size_t i;

	for (i = 0; i < SLOTS; i++) {
		if (!strcmp(slots[i].name, name))
			return &slots[i].dev;
	}
	fail("there is no device %s", name);
}

static void framebuffer(const char *name, char *fb, size_t size)
{
	struct names fbs;

	pci_framebuffers(device(name), &fbs);
	snprintf(fb, size, "%s", fbs.name[0]);
}

static void draw(const char *name)
{
	char fb[32];

	framebuffer(name, fb, sizeof(fb));
	screen_draw_card(fb, name, device(name));
}

static void use(const char *name)
{
	struct names ports;
	char fb[32];

	if (!strcmp(name, "mtty")) {
		pci_serial_ports(device(name), &ports);
		ports_use(&ports);
		return;
	}
	framebuffer(name, fb, sizeof(fb));
	framebuffer_hold(fb);
	framebuffer_use(device(name));
	if (strcmp(name, "mdpy"))
		framebuffer_let_go();
}

static void still(const char *name)
{
	(void)name;
	framebuffer_tell("still");
}

static void let_go(const char *name)
{
	(void)name;
	framebuffer_let_go();
}

static void pass(const char *name)
{
	struct port ports[PORTS_MAX] = { 0 };
	char out[BYTE_VALUES];
	struct names names;
	int i;

	for (i = 0; i < BYTE_VALUES; i++)
		out[i] = i;
	pci_serial_ports(device(name), &names);
	for (i = 0; i < names.count; i++) {
		port_open(&ports[i], names.name[i]);
		port_transfer(&ports[i], &ports[i], out, sizeof(out));
	}
	if (ports_exchange(ports, names.count))
		fail("the serial ports are dead");
	for (i = 0; i < names.count; i++) {
		if (memcmp(ports[i].in, out, sizeof(out)))
			fail("%s: other bytes came back", ports[i].path);
		tell("passed %s", names.name[i]);
		port_close(&ports[i]);
	}
}

static void copy(const char *name)
{
	struct engine engine;

	if (!dma_find_all(&engine, 1, device_id(name)))
		fail("there is no DMA engine");
	dma_start(&engine, COPIES);
	dma_stop(&engine);
	dma_tell(&engine, "copied", name);
	dma_drop(&engine);
}

static void gone(const char *name)
{
	while (pci_is_there(device(name)))
		usleep(RETRY_US);
}

static void found(const char *name)
{
	struct pci_device *dev = device(name);

	while (!pci_is_driven(dev))
		usleep(RETRY_US);
	pci_find(dev, device_id(name));
	tell("pci %s %s class %s driver %s", dev->address, dev->id, dev->class, dev->driver);
}

static void rebind(const char *name)
{
	const struct pci_device *dev = device(name);
	static const char *const verbs[] = { "unbind", "bind" };
	char path[128];
	int i, err;

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/%s", dev->driver,
			 verbs[i]);
		err = write_line(path, dev->address);
		if (err)
			fail("%s: %s: %s", path, dev->address, strerror(err));
		tell("%s %s: %s", verbs[i], dev->address,
		     pci_is_driven(dev) ? dev->driver : "no driver");
	}
}

static void reload(const char *name)
{
	if (syscall(SYS_delete_module, "mdpy_fb", O_NONBLOCK)) {
		tell("unload %s: %s", name, strerrorname_np(errno));
		return;
	}
	tell("unload %s: %s", name, pci_is_driven(device(name)) ? "a driver" : "no driver");
	load_module(DRIVER_MODULE);
}

static void set_mode(const char *size)
{
	volatile uint16_t *dispi;
	unsigned int width, height;
	uint8_t *registers;
	char path[128];
	int fd;

	if (sscanf(size, "%u %u", &width, &height) != 2)
		fail("'%s' is no size", size);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource2",
		 device("mbochs")->address);
	fd = open(path, O_RDWR | O_CLOEXEC);
	registers = mmap(NULL, REGISTERS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || registers == MAP_FAILED)
		fail("%s: %s", path, strerror(errno));
	dispi = (volatile uint16_t *)(registers + DISPI);
	dispi[DISPI_ENABLE] = 0;
	dispi[DISPI_XRES] = width;
	dispi[DISPI_YRES] = height;
	dispi[DISPI_BPP] = 32;
	dispi[DISPI_VIRT_WIDTH] = width;
	dispi[DISPI_ENABLE] = ENABLED_LFB;
	munmap(registers, REGISTERS);
	close(fd);
}

static const struct {
	const char *name;
	void (*action)(const char *argument);
} verbs[] = {
	{ "draw", draw }, { "use", use }, { "still", still }, { "close", let_go },
	{ "pass", pass }, { "copy", copy }, { "gone", gone }, { "found", found },
	{ "rebind", rebind }, { "reload", reload }, { "mode", set_mode },
};

static void obey(char *line)
{
	const char *number = strsep(&line, " "), *verb = line ? strsep(&line, " ") : "";
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(verbs[i].name, verb))
			continue;
		verbs[i].action(line ? line : "");
		tell("did %s", number);
		return;
	}
	fail("the host wants '%s'", verb);
}

void plug(void)
{
	char line[64];
	size_t i;

	for (i = 0; i < SLOTS; i++)
		pci_find(&slots[i].dev, device_id(slots[i].name));
	tell("obeys");
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strcmp(line, "go"))
			return;
		obey(line);
	}
	fail("the console was closed by the host");
}
