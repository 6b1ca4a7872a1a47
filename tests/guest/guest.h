/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only program of the guest. Whatever goes wrong in it ends in fail(), so
 * that no function has to report an error.
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include <stddef.h>
#include <stdint.h>

#define DEVICES_MAX	32
#define PORTS_MAX	8
#define ENGINES_MAX	2

/* init.c: a line for the host; the last one, with which the guest ends */
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fail(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/* init.c: a line for each PCI device and its driver */
void tell_devices(void);

/* init.c: until the host says that the guest can go on */
void await_go(void);

/* init.c: a file in /modules, and the id of mdpy, mbochs, mtty or mioat */
void load_module(const char *name);
const char *device_id(const char *name);

/* The checksum of zlib: quick, and available on the host */
uint32_t adler32(const void *data, size_t length);

/* A PCI device, from sysfs */
struct pci_device {
	char address[32];	/* 0000:00:03.0 */
	char id[16];		/* 1b36:000f */
	char class[16];
	char driver[32];	/* "" if there is none */
};

/* Names of devices below /dev, such as "ttyS1" */
struct names {
	int count;
	char name[PORTS_MAX][32];
};

/* sysfs.c */
int pci_list(struct pci_device *devs, int max);
int pci_find_all(struct pci_device *devs, int max, const char *id);
void pci_find(struct pci_device *dev, const char *id);
int pci_is_there(const struct pci_device *dev);
int pci_is_driven(const struct pci_device *dev);
void pci_framebuffers(const struct pci_device *dev, struct names *names);
void pci_serial_ports(const struct pci_device *dev, struct names *names);
void pci_drm_cards(const struct pci_device *dev, struct names *names);
void pci_dma_channels(const struct pci_device *dev, struct names *names);
int read_line(const char *path, char *line, size_t size);
int write_line(const char *path, const char *text);

/* screen.c: a framebuffer such as "fb0" */
void screen_tell_checksum(const char *fb);
void screen_draw_card(const char *fb, const char *device,
		      const struct pci_device *dev);
void screen_leave_text_mode(void);

/* Stripes that are different for each number; tells that they are still there */
void screen_draw_stripes(const char *fb, unsigned int number);
void screen_tell_stripes(const char *fb, unsigned int number);

/* kms.c: a display by its DRM device; each size of the monitor has a number */
struct kms {
	struct pci_device dev;
	char path[32];		/* /dev/dri/card0 */
	int fd;
	uint32_t crtc;
	uint32_t connector;
};

void kms_open(struct kms *kms, const struct pci_device *dev);
void kms_follow(const struct kms *kms, const char *device, int number);

/* serial.c */
void serial_exchange(const char *text_file, const struct names *ports);

/* uart.c: all that the ports of a card can do, by its wiring */
void uart_check_loopback(const struct names *ports, size_t file_length);
void uart_check_crossed(const struct names *ports, size_t file_length);
void uart_check_paced(const struct names *ports);

/* dma.c: a channel of a DMA engine, which dma-copy.ko uses without a pause */
struct engine {
	struct pci_device dev;
	char channel[32];	/* dma0chan0 */
};

int dma_find_all(struct engine *engines, int max, const char *id);
void dma_start(const struct engine *engine, unsigned int copies);
void dma_stop(const struct engine *engine);
void dma_drop(const struct engine *engine);
void dma_tell(const struct engine *engine, const char *word, const char *number);

/* work.c: uses displays and ports, or an engine, for as long as the host wants */
void work(const char *const *fbs, int fb_count, const struct names *ports);
void work_by_dma(const struct engine *engine);

/* hold.c: a framebuffer, and the ports of a card, until they are taken away */
void framebuffer_hold(const char *fb);
void framebuffer_use(const struct pci_device *dev);
void framebuffer_tell(const char *word);
void framebuffer_let_go(void);
void ports_use(const struct names *ports);

/* plug.c: does what the host wants while devices come and go */
void plug(void);

/* program.c: tells each line that a program says, with a word before it */
void tell_program(const char *word, char *const argv[]);

#endif
