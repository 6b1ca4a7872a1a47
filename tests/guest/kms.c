// SPDX-License-Identifier: GPL-2.0-only
/*
 * A display by way of DRM, as a desktop uses it: asks for the modes of the monitor,
 * sets the one that the monitor prefers, and draws the test card in it.
 */
#include <drm/drm.h>
#include <drm/drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"
#include "picture.h"

#define MODES_MAX	128

static uint64_t address(const void *memory)
{
	return (uintptr_t)memory;
}

static void call(const struct kms *kms, unsigned long request, void *argument,
		 const char *what)
{
	if (ioctl(kms->fd, request, argument))
		fail("%s: %s: %s", kms->path, what, strerror(errno));
}

void kms_open(struct kms *kms, const struct pci_device *dev)
{
	struct drm_mode_card_res res = { 0 };
	struct names cards;

	kms->dev = *dev;
	pci_drm_cards(dev, &cards);
	snprintf(kms->path, sizeof(kms->path), "/dev/dri/%.16s", cards.name[0]);
	kms->fd = open(kms->path, O_RDWR | O_CLOEXEC);
	if (kms->fd < 0)
		fail("%s: %s", kms->path, strerror(errno));
	res.crtc_id_ptr = address(&kms->crtc);
	res.count_crtcs = 1;
	res.connector_id_ptr = address(&kms->connector);
	res.count_connectors = 1;
	call(kms, DRM_IOCTL_MODE_GETRESOURCES, &res, "the outputs");
	if (res.count_crtcs != 1 || res.count_connectors != 1)
		fail("%s: %u CRTCs and %u connectors", kms->path, res.count_crtcs,
		     res.count_connectors);
}

/* The driver asks the monitor anew when it is asked for no mode. */
static int probe(const struct kms *kms, struct drm_mode_modeinfo *modes)
{
	struct drm_mode_get_connector get = { .connector_id = kms->connector };
	uint32_t count;

	call(kms, DRM_IOCTL_MODE_GETCONNECTOR, &get, "asking the monitor");
	count = get.count_modes;
	if (!count || count > MODES_MAX)
		fail("%s: the monitor has %u modes", kms->path, count);
	get = (struct drm_mode_get_connector){
		.connector_id = kms->connector,
		.modes_ptr = address(modes),
		.count_modes = count,
	};
	call(kms, DRM_IOCTL_MODE_GETCONNECTOR, &get, "the modes of the monitor");
	return get.count_modes < count ? get.count_modes : count;
}

/* A new framebuffer with the test card in it, which stays until the guest ends */
static uint32_t draw(const struct kms *kms, const char *device, int width, int height)
{
	struct drm_mode_create_dumb create = { .width = width, .height = height, .bpp = 32 };
	struct drm_mode_map_dumb map = { 0 };
	struct drm_mode_fb_cmd fb = { .width = width, .height = height, .bpp = 32, .depth = 24 };
	struct picture pic;
	uint8_t *memory;
	int y;

	call(kms, DRM_IOCTL_MODE_CREATE_DUMB, &create, "a buffer");
	map.handle = create.handle;
	call(kms, DRM_IOCTL_MODE_MAP_DUMB, &map, "where the buffer can be mapped");
	memory = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, kms->fd,
		      map.offset);
	if (memory == MAP_FAILED)
		fail("%s: mmap of a buffer: %s", kms->path, strerror(errno));
	if (picture_create_card(&pic, width, height, device, kms->dev.driver))
		fail("%s: a picture of %dx%d: %s", kms->path, width, height,
		     strerror(errno));
	for (y = 0; y < height; y++)
		memcpy(memory + (size_t)y * create.pitch, pic.pixels + (size_t)y * width,
		       width * sizeof(*pic.pixels));
	picture_destroy(&pic);
	munmap(memory, create.size);
	fb.handle = create.handle;
	fb.pitch = create.pitch;
	call(kms, DRM_IOCTL_MODE_ADDFB, &fb, "a framebuffer");
	return fb.fb_id;
}

void kms_follow(const struct kms *kms, const char *device, int number)
{
	static struct drm_mode_modeinfo modes[MODES_MAX];
	struct drm_mode_crtc crtc = { .crtc_id = kms->crtc, .count_connectors = 1 };
	const int count = probe(kms, modes);
	const struct drm_mode_modeinfo *mode = modes;

	while (mode < modes + count && !(mode->type & DRM_MODE_TYPE_PREFERRED))
		mode++;
	if (mode == modes + count)
		fail("%s: the monitor prefers none of %d modes", kms->path, count);
	tell("size %d: %s prefers %ux%u of %d modes", number, device, mode->hdisplay,
	     mode->vdisplay, count);
	crtc.fb_id = draw(kms, device, mode->hdisplay, mode->vdisplay);
	crtc.set_connectors_ptr = address(&kms->connector);
	crtc.mode_valid = 1;
	crtc.mode = *mode;
	call(kms, DRM_IOCTL_MODE_SETCRTC, &crtc, "setting the mode");
	tell("size %d: picture %s on %s of %s driver %s", number, device, kms->path,
	     kms->dev.address, kms->dev.driver);
}
