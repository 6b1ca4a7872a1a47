// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first and only process of the guest that uses the devices, see README.
 * A program and not a shell script because the guest is emulated inside of an
 * emulated machine, where each process that is started takes half a second.
 *
 * Talks to run.py over the console: each line that begins with "guest: " is
 * for it, and "go" comes back when it has seen enough.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"
#include "serial.h"

/* linux/printk.h and syslog(2) have them for the kernel only */
#define SYSLOG_READ_ALL		3
#define SYSLOG_CONSOLE_LEVEL	8

#define SMALL_FILE	(32 * 1024)
#define DMA_COPIES	300
#define LOG_SIZE	(256 * 1024)
#define LOG_TAIL_LINES	40
#define CONTEXT_MAX	6	/* "Call Trace" comes so far below what it is of */
#define SERIAL_STATE	"/proc/tty/driver/serial"

/*
 * The kernel makes environment variables of what it does not know on its
 * command line, so that the guest can be shown other devices.
 */
struct role {
	const char *name;
	const char *id;
};

static const struct role mdpy = { "mdpy", "1b36:000f" };
static const struct role mbochs = { "mbochs", "1234:1111" };
static const struct role mtty = { "mtty", "4348:3253" };
static const struct role mioat = { "mioat", "8086:2021" };
static const struct role *const roles[] = { &mdpy, &mbochs, &mtty, &mioat };

static const char *const news[] = {
	"bochs", "mdpy", ": fb", ".0: ttyS", "Console:", "ioatdma", NULL
};

static const char *const complaints[] = {
#include "complaints.inc"
	/* Of this program, and of those that it starts */
	"segfault", NULL
};

void tell(const char *format, ...)
{
	va_list args;

	printf("guest: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

/*
 * Ends the guest, which QEMU does not start again. Without ACPI, which takes
 * the guest ten seconds to start, there is no switching off.
 */
static void __attribute__((noreturn)) end(void)
{
	tcdrain(STDOUT_FILENO);
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static char *kernel_log(void)
{
	static char log[LOG_SIZE];
	const int length = klogctl(SYSLOG_READ_ALL, log, sizeof(log) - 1);

	log[length < 0 ? 0 : length] = '\0';
	return log;
}

void fail(const char *format, ...)
{
	char *log = kernel_log();
	char *from = log + strlen(log);
	int lines = LOG_TAIL_LINES;
	va_list args;

	while (from > log && (from[-1] != '\n' || lines--))
		from--;
	printf("%s\nguest: failed: ", from);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	end();
}

uint32_t adler32(const void *data, size_t length)
{
	const uint8_t *bytes = data;
	uint32_t a = 1, b = 0;

	while (length) {
		/* So many sums fit into 32 bits before they must be reduced. */
		size_t run = length < 5552 ? length : 5552;

		length -= run;
		while (run--) {
			a += *bytes++;
			b += a;
		}
		a %= 65521;
		b %= 65521;
	}
	return b << 16 | a;
}

void await_go(void)
{
	char line[16];

	if (!fgets(line, sizeof(line), stdin) || strcmp(line, "go\n"))
		fail("the host sent no \"go\" on the console");
}

static const char *id_of(const struct role *role)
{
	const char *id = getenv(role->name);

	return id ? id : role->id;
}

const char *device_id(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
		if (!strcmp(roles[i]->name, name))
			return id_of(roles[i]);
	}
	fail("there is no device %s", name);
}

static void find(struct pci_device *dev, const struct role *role)
{
	pci_find(dev, id_of(role));
}

static void set_up(void)
{
	struct termios console;

	if (mount("dev", "/dev", "devtmpfs", 0, NULL) ||
	    mount("proc", "/proc", "proc", 0, NULL) ||
	    mount("sys", "/sys", "sysfs", 0, NULL))
		fail("mount: %s", strerror(errno));
	if (!tcgetattr(STDIN_FILENO, &console)) {
		console.c_lflag &= ~ECHO;
		console.c_oflag &= ~OPOST;
		tcsetattr(STDIN_FILENO, TCSANOW, &console);
	}
	/* From here on the console is ours; complaints are told at the end. */
	klogctl(SYSLOG_CONSOLE_LEVEL, NULL, 1);
}

static int is_module(const struct dirent *entry)
{
	return strstr(entry->d_name, ".ko") ? 1 : 0;
}

void load_module(const char *name)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "/modules/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		fail("cannot load %s: %s", name, strerror(errno));
	close(fd);
}

/* They are numbered in the order of loading. */
static void load_modules(void)
{
	struct dirent **entries;
	const int count = scandir("/modules", &entries, is_module, alphasort);
	int i;

	for (i = 0; i < count; i++) {
		load_module(entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	tell("%d modules are loaded", count);
}

void tell_devices(void)
{
	struct pci_device devs[DEVICES_MAX];
	const int count = pci_list(devs, DEVICES_MAX);
	int i;

	for (i = 0; i < count; i++)
		tell("pci %s %s class %s driver %s", devs[i].address,
		     devs[i].id, devs[i].class, devs[i].driver);
}

/* Each line of a file, with a word before it */
static void tell_file(const char *word, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[256];

	if (!file)
		fail("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file))
		tell("%s %.*s", word, (int)strcspn(line, "\n"), line);
	fclose(file);
}

static int has_one_of(const char *line, const char *const *words)
{
	while (*words && !strstr(line, *words))
		words++;
	return *words ? 1 : 0;
}

/*
 * Each line of the kernel log that has one of the words in it, and up to
 * 'context' lines before it.
 */
static void filter_log(const char *const *words, int context,
		       void (*show)(const char *line))
{
	const char *before[CONTEXT_MAX];
	char *line, *rest = kernel_log();
	int i, passed = 0;	/* since the last one that was shown */

	while ((line = strsep(&rest, "\n"))) {
		line += line[0] == '<' ? strcspn(line, "[") : 0; /* its level */
		if (!has_one_of(line, words)) {
			before[passed++ % CONTEXT_MAX] = line;
			continue;
		}
		for (i = passed > context ? passed - context : 0; i < passed; i++)
			show(before[i % CONTEXT_MAX]);
		show(line);
		passed = 0;
	}
}

static FILE *screen;	/* the text console on the display */

static void show_line(const char *line)
{
	fprintf(screen, "%s\n", line);
}

static void show_devices(void)
{
	struct pci_device devs[DEVICES_MAX];
	const int count = pci_list(devs, DEVICES_MAX);
	int i;

	for (i = 0; i < count; i++)
		fprintf(screen, "   %s  %s  class %s  %s\n", devs[i].address,
			devs[i].id, devs[i].class, devs[i].driver);
}

/*
 * The text console of a stock guest is on the display: the host compares what
 * it sees with what the guest has in its framebuffer.
 */
static void show_console(void)
{
	struct pci_device dev;
	struct utsname name;
	struct names fbs;

	find(&dev, &mbochs);
	pci_framebuffers(&dev, &fbs);
	screen = fopen("/dev/tty1", "we");
	if (!screen)
		fail("/dev/tty1: %s", strerror(errno));
	uname(&name);
	/* Cleared, and without a cursor, as that would blink. */
	fprintf(screen, "\033[?25l\033[H\033[2J\n"
		"   A text console on /dev/%s, driver %s, %s %s\n\n",
		fbs.name[0], dev.driver, name.sysname, name.release);
	show_devices();
	fputc('\n', screen);
	filter_log(news, 0, show_line);
	fclose(screen);
	screen_tell_checksum(fbs.name[0]);
	tell("console shown on %s of %s", fbs.name[0], dev.address);
}

static void tell_console_driver(void)
{
	char path[64], value[64];
	int i;

	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "/sys/class/vtconsole/vtcon%d/bind", i);
		if (read_line(path, value, sizeof(value)) || *value != '1')
			continue;
		snprintf(path, sizeof(path), "/sys/class/vtconsole/vtcon%d/name", i);
		if (!read_line(path, value, sizeof(value)))
			tell("console driver %s", value);
	}
}

static void draw_card(const struct role *role)
{
	struct pci_device dev;
	struct names fbs;

	find(&dev, role);
	pci_framebuffers(&dev, &fbs);
	screen_draw_card(fbs.name[0], role->name, &dev);
}

static void exchange_text(void)
{
	struct pci_device dev;
	struct names ports;
	int i;

	find(&dev, &mtty);
	pci_serial_ports(&dev, &ports);
	for (i = 0; i < ports.count; i++)
		tell("serial %s of %s driver %s", ports.name[i], dev.address,
		     dev.driver);
	serial_exchange("/text", &ports);
	/* The driver has got a longer name in newer kernels. */
	tell_file("port", access(SERIAL_STATE, R_OK) ? SERIAL_STATE "_8250" :
						       SERIAL_STATE);
}

/* All engines at the same time */
static void copy_memory(void)
{
	struct engine engines[ENGINES_MAX];
	const int count = dma_find_all(engines, ENGINES_MAX, id_of(&mioat));
	int i;

	for (i = 0; i < count; i++)
		dma_start(&engines[i], DMA_COPIES);
	for (i = 0; i < count; i++) {
		dma_stop(&engines[i]);
		dma_tell(&engines[i], "dma", "ends");
	}
	tell("memory copied");
}

/* As they are wired by the host, in the order of their addresses */
enum { LOOPBACK, CROSSED, PACED, CARDS };

/*
 * Opens a port of each card for good. The cards share interrupt lines, and one
 * whose ports are all closed might keep its line raised, see README.
 */
static void keep_cards_open(const struct names *ports)
{
	struct port port;
	int i;

	for (i = 0; i < CARDS; i++)
		port_open(&port, ports[i].name[0]);
}

/* With check=KIB on the command line: much of it, KIB from each port */
static void check_ports(const char *kib)
{
	char *const lspci[] = { "/usr/bin/lspci", "-nnvv", "-d",
				(char *)id_of(&mtty), NULL };
	char *setserial[2 + CARDS * 2 + 2] = { "/usr/bin/setserial", "-ga" };
	static char paths[CARDS * 2][40];
	struct pci_device cards[CARDS];
	struct names ports[CARDS];
	int i, j, n = 0;

	if (pci_find_all(cards, CARDS, id_of(&mtty)) != CARDS)
		fail("there are not %d serial cards", CARDS);
	for (i = 0; i < CARDS; i++) {
		pci_serial_ports(&cards[i], &ports[i]);
		for (j = 0; j < ports[i].count && n < CARDS * 2; j++, n++) {
			snprintf(paths[n], sizeof(paths[n]), "/dev/%.31s",
				 ports[i].name[j]);
			setserial[2 + n] = paths[n];
		}
	}
	keep_cards_open(ports);
	tell_program("lspci", lspci);
	tell_program("setserial", setserial);
	uart_check_crossed(&ports[CROSSED], SMALL_FILE);
	uart_check_paced(&ports[PACED]);
	uart_check_loopback(&ports[LOOPBACK], strtoul(kib, NULL, 10) * 1024);
}

/*
 * With migrate on the command line: all devices at work until the host has seen enough.
 * With card, too: before that, the test card.
 */
static void work_on_all(void)
{
	static const struct role *const displays[] = { &mdpy, &mbochs };
	struct pci_device dev;
	struct names fbs[2], ports;
	const char *names[2];
	int i;

	for (i = 0; i < 2; i++) {
		find(&dev, displays[i]);
		pci_framebuffers(&dev, &fbs[i]);
		names[i] = fbs[i].name[0];
		tell("%s has %s", displays[i]->name, names[i]);
		if (getenv("card"))
			draw_card(displays[i]);
	}
	if (getenv("card"))
		await_go();
	find(&dev, &mtty);
	pci_serial_ports(&dev, &ports);
	work(names, 2, &ports);
}

/* With dma, too: only an engine */
static void work_on_engine(void)
{
	struct engine engine;

	if (!dma_find_all(&engine, 1, id_of(&mioat)))
		fail("there is no DMA engine");
	work_by_dma(&engine);
}

/*
 * With sizes=N on the command line: the test card on each display, and then on mbochs
 * in the size that its monitor has after the host has changed it, N times.
 */
static void follow_sizes(int count)
{
	struct pci_device dev;
	struct kms kms;
	int i;

	if (pci_find_all(&dev, 1, id_of(&mdpy)))
		draw_card(&mdpy);
	draw_card(&mbochs);
	tell("cards shown");
	await_go();
	find(&dev, &mbochs);
	if (count)
		kms_open(&kms, &dev);
	for (i = 1; i <= count; i++) {
		tell("size %d awaited", i);
		await_go();
		kms_follow(&kms, mbochs.name, i);
		await_go();
	}
}

static void tell_news(const char *line)
{
	tell("kernel log %s", line);
}

static int complained;

static void tell_complaint(const char *line)
{
	tell("kernel complaint %s", line);
	complained = 1;
}

static void show_all(void)
{
	tell_console_driver();
	show_console();
	await_go();
	draw_card(&mbochs);
	draw_card(&mdpy);
	exchange_text();
	tell("text exchanged");
	if (getenv("check"))
		check_ports(getenv("check"));
}

int main(void)
{
	struct utsname name;

	set_up();
	uname(&name);
	/* Firmware may have left a line on the console without an end. */
	putchar('\n');
	tell("kernel %s", name.release);
	/* The picture of the firmware is still there. */
	if (getenv("firmware"))
		await_go();
	load_modules();
	tell_devices();
	tell_file("framebuffer", "/proc/fb");
	if (getenv("migrate") && getenv("dma"))
		work_on_engine();
	else if (getenv("migrate"))
		work_on_all();
	else if (getenv("dma"))
		copy_memory();
	else if (getenv("plug"))
		plug();
	else if (getenv("sizes"))
		follow_sizes(atoi(getenv("sizes")));
	else
		show_all();
	filter_log(news, 0, tell_news);
	filter_log(complaints, CONTEXT_MAX, tell_complaint);
	if (complained)
		fputs(kernel_log(), stdout);
	tell("ready");
	await_go();
	tell("the end");
	end();
}
