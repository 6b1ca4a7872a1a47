// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uses a framebuffer or serial ports until they are taken away, and tells which errors a
 * program gets then. It keeps its descriptors: a device that is plugged in later must
 * not be reached through them.
 */
#define _GNU_SOURCE		/* strerrorname_np() */
#include <errno.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"
#include "serial.h"

/* The processor is for the kernel, too. */
#define PAUSE_US	1000
/* So much has to come back before a port is in use. */
#define IN_USE		64
#define ON_THE_WAY	256

/* For expressions that return -1 and set errno; never more than a few bytes */
static const char *outcome(long result)
{
	return result < 0 ? strerrorname_np(errno) : result ? "done" : "0";
}

static struct {
	char name[32];		/* fb0 */
	int fd;
	volatile uint8_t *memory;
	size_t length;
} held = { .fd = -1 };

void framebuffer_hold(const char *fb)
{
	struct fb_fix_screeninfo fix;
	char path[40];
	void *memory;

	snprintf(path, sizeof(path), "/dev/%.31s", fb);
	held.fd = open(path, O_RDWR | O_CLOEXEC);
	if (held.fd < 0 || ioctl(held.fd, FBIOGET_FSCREENINFO, &fix))
		fail("%s: no framebuffer: %s", path, strerror(errno));
	memory = mmap(NULL, fix.smem_len, PROT_READ | PROT_WRITE, MAP_SHARED, held.fd, 0);
	if (memory == MAP_FAILED)
		fail("%s: mmap: %s", path, strerror(errno));
	snprintf(held.name, sizeof(held.name), "%s", fb);
	held.memory = memory;
	held.length = fix.smem_len;
}

void framebuffer_let_go(void)
{
	munmap((void *)held.memory, held.length);
	close(held.fd);
	held.fd = -1;
}

static sigjmp_buf fault;

static void on_sigbus(int signal)
{
	(void)signal;
	siglongjmp(fault, 1);
}

/* Writes into each page. Returns -1 if one of them has gone. */
static int touch(void)
{
	const long page = sysconf(_SC_PAGESIZE);
	size_t at;
	int ret = 0;

	signal(SIGBUS, on_sigbus);
	if (sigsetjmp(fault, 1))
		ret = -1;
	else
		for (at = 0; at < held.length; at += page)
			held.memory[at]++;
	signal(SIGBUS, SIG_DFL);
	return ret;
}

/* What becomes of each way to the framebuffer. */
void framebuffer_tell(const char *word)
{
	struct fb_var_screeninfo var;
	const char *memory = touch() ? "SIGBUS" : "stays";
	char pixel[4];
	const char *got = outcome(pread(held.fd, pixel, sizeof(pixel), 0));
	const char *put = outcome(pwrite(held.fd, pixel, sizeof(pixel), 0));
	const char *asked = outcome(ioctl(held.fd, FBIOGET_VSCREENINFO, &var));

	tell("%s %s: memory %s read %s write %s ioctl %s", word, held.name, memory, got, put,
	     asked);
}

/* Writes into the memory for as long as it is there, and the device is. */
void framebuffer_use(const struct pci_device *dev)
{
	tell("uses %s", held.name);
	while (!touch() && pci_is_there(dev))
		usleep(PAUSE_US);
	framebuffer_tell("lost");
}

struct line {
	struct port port;
	uint8_t sent;		/* the next one, or the last one's successor */
	uint8_t received;
	unsigned long count;	/* of those received */
};

static struct line lines[PORTS_MAX];
static int line_count;

/* A port sends numbers to itself. */
static void line_send(struct line *line)
{
	uint8_t out[ON_THE_WAY];
	size_t room = ON_THE_WAY - 1 - (uint8_t)(line->sent - line->received), i;
	ssize_t put;

	for (i = 0; i < room; i++)
		out[i] = line->sent + i;
	put = write(line->port.fd, out, room);
	if (put > 0)
		line->sent += put;
}

static void line_receive(struct line *line)
{
	uint8_t in[ON_THE_WAY];
	const ssize_t got = read(line->port.fd, in, sizeof(in));
	ssize_t i;

	for (i = 0; i < got; i++, line->received++, line->count++) {
		if (in[i] != line->received)
			fail("%s: byte %lu came back as %02x, not %02x", line->port.path,
			     line->count, in[i], line->received);
	}
}

/* Returns how many ports are left. */
static int poll_lines(void)
{
	struct pollfd polls[PORTS_MAX];
	int i, left = 0;

	for (i = 0; i < line_count; i++)
		polls[i] = (struct pollfd){
			.fd = lines[i].port.fd, .events = POLLIN,
		};
	if (poll(polls, line_count, -1) < 0)
		fail("poll: %s", strerror(errno));
	for (i = 0; i < line_count; i++) {
		if (polls[i].revents & POLLHUP)
			continue;
		left++;
		if (polls[i].revents & POLLIN) {
			line_receive(&lines[i]);
			line_send(&lines[i]);
		}
	}
	return left;
}

static int all_in_use(void)
{
	int i;

	for (i = 0; i < line_count && lines[i].count >= IN_USE; i++)
		;
	return i == line_count;
}

static void tell_lost(const struct line *line)
{
	struct pollfd poller = { .fd = line->port.fd, .events = POLLIN };
	const char *got, *put, *asked;
	struct termios termios;
	char byte = 0;

	poll(&poller, 1, 0);
	got = outcome(read(line->port.fd, &byte, 1));
	put = outcome(write(line->port.fd, &byte, 1));
	asked = outcome(tcgetattr(line->port.fd, &termios));
	tell("lost %s: poll %s read %s write %s ioctl %s", line->port.path + strlen("/dev/"),
	     poller.revents & POLLHUP ? "HUP" : "nothing", got, put, asked);
}

/* Sends and receives over all ports until each is hung up. */
void ports_use(const struct names *names)
{
	int i, told = 0;

	line_count = names->count;
	for (i = 0; i < line_count; i++) {
		lines[i] = (struct line){ 0 };
		port_open(&lines[i].port, names->name[i]);
		line_send(&lines[i]);
	}
	while (poll_lines()) {
		if (told || !all_in_use())
			continue;
		for (i = 0; i < line_count; i++)
			tell("uses %s", names->name[i]);
		told = 1;
	}
	for (i = 0; i < line_count; i++) {
		tell_lost(&lines[i]);
		port_close(&lines[i].port);
	}
}
