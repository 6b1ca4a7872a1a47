/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lsvfio: VFIO devices, and what they answer.
 *
 * struct device is what sysfs and /proc say of a device, without opening it.  struct model
 * is what an open device answers.  Both are filled first, and then read by one of two
 * printers, text.c and json.c.
 */
#ifndef LSVFIO_H
#define LSVFIO_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "uapi.h"

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;

/* Regions of a device are at large offsets. */
_Static_assert(sizeof(off_t) == sizeof(u64), "off_t is too small: -D_FILE_OFFSET_BITS=64");

#define __printf(fmt, args)	__attribute((format(printf, fmt, args)))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

/* Exit status. */
#define EXIT_DEVICE	1	/* the device is there and cannot be asked, or shows nothing */
#define EXIT_USAGE	2	/* wrong arguments, or no such device */

/* ---- util.c ---- */

_Noreturn __printf(2, 3) void die(int status, const char *fmt, ...);
/* Ends the program if something was not written. */
void flush_output(void);
void *xcalloc(size_t nr, size_t size);
/* One more element of zeroes at the end of an array. */
void *grow(void *array, unsigned int *nr, size_t size);
__printf(1, 2) char *text(const char *fmt, ...);
/* S, which was allocated or is NULL, and more behind it; in place of S. */
__printf(2, 3) char *append(char *s, const char *fmt, ...);
char *xstrdup(const char *s);
/*
 * Bytes that are no UTF-8 or control a terminal become '?', but for characters in KEEP:
 * a process can choose its name, and a driver its attributes. Returns S.
 */
char *clean(char *s, const char *keep);

/* Where /sys, /proc and /dev are: "" or the DIR of --root. */
extern const char *root_dir;
/* A path below it; to be freed. */
__printf(1, 2) char *rooted(const char *fmt, ...);
/* All symbolic links resolved, without the root in front, clean; NULL: there is none. */
char *resolve(const char *path);
/* The last part of where a link leads, clean; NULL: there is none. */
char *link_name(const char *dir, const char *file);
/* The text of a file without its last newline, clean, NULL if it cannot be read. */
char *read_text(const char *dir, const char *file);
/* The same of a file that should have one line. */
char *read_line(const char *dir, const char *file);
bool read_number(const char *dir, const char *file, u64 *val);
/* Sorted names in a folder, not clean, without "." and "..", NULL at the end; never NULL. */
char **list_names(const char *dir);
void free_names(char **names);

/* ---- devices as sysfs has them: find.c, users.c ---- */

struct ids {
	u16 vendor, device, subsystem_vendor, subsystem_device;
	u32 class;	/* with the programming interface */
	u8 revision;
};

/**
 * struct user - a process that holds a device
 * @pid: the process
 * @comm: its name
 * @fd: its descriptor of the device; -1: of the device's group, which of its
 *	descriptors is the device is not known
 */
struct user {
	pid_t pid;
	char comm[32];
	int fd;
};

struct attribute {
	char *name;
	char *value;	/* NULL: cannot be read */
};

/* Strings are NULL where there is nothing of the kind. */
struct device {
	char *name;		/* PCI address, UUID */
	char *path;		/* /sys/devices/... */
	char *bus;
	char *driver;
	int group;		/* -1: none */
	bool noiommu;
	char *group_node;	/* /dev/vfio/3 */
	char *cdev_node;	/* /dev/vfio/devices/vfio0 */
	bool has_ids;
	struct ids ids;
	/* of a mediated device */
	char *type, *type_name, *api, *parent;
	struct attribute *attributes;
	unsigned int nr_attributes;
	struct user *users;
	unsigned int nr_users;
	bool users_hidden;	/* the descriptors of some processes cannot be seen */
};

struct devices {
	struct device *device;
	unsigned int nr;
};

struct devices find_devices(void);
/* By name or path; ends the program where there is none. */
struct device *choose_device(const struct devices *all, const char *name);
void free_devices(struct devices *all);
/* Fills users of all. */
void find_users(struct devices *all);
/* What to do if processes are hidden, or one cannot be looked at. */
const char *how_to_see(void);
/* "123 (qemu), 124 (dpdk)"; NULL: no user is known; to be freed. */
char *name_users(const struct device *dev);
/*
 * How many descriptors of a process are VFIO devices of which the kernel says not which;
 * the first of them go to FDS.
 */
unsigned int nameless_fds(pid_t pid, int *fds, unsigned int max);
void free_users(struct device *dev);
/* The number of this process in the /proc that is looked at; 0: it is not in there. */
pid_t own_pid(void);

/* NAMELESS: a device, the kernel says not which. */
enum fd_kind { NO_DEVICE, THIS_DEVICE, NAMELESS };

/*
 * Whether a descriptor is a device. DIR: of its process in /proc. FILE gets what it is, to
 * be freed, NULL if that cannot be seen.
 */
enum fd_kind judge_fd(const struct device *dev, const char *dir, int fd, char **file);

/* ---- an open device: open.c, join.c ---- */

enum interface { ANY, GROUP, CDEV, JOINED };

struct options {
	enum interface interface;
	pid_t join_pid;		/* 0: find it */
	int join_fd;		/* -1: find it */
	const char *token;	/* of a physical function and its virtual ones */
	double watch;		/* seconds; 0: no */
	bool json;
	const char *screenshot;
};

struct handle {
	int fd, group, iommu;	/* -1: none */
	enum interface interface;
};

/*
 * Ends the program with an explanation if that fails.  The functions behind it return it:
 * one line that says what to do, NULL if all went well.
 */
void open_device(struct handle *h, const struct device *dev, const struct options *options);
/* A copy of the descriptor of a process that has the device open. */
char *join_device(struct handle *h, const struct device *dev, const struct options *options);
void close_device(struct handle *h);
const char *interface_name(enum interface interface);

/* ---- its answers ---- */

struct area {
	u64 offset, size;
};

struct region {
	u32 index, flags;
	u64 size, offset;
	bool sparse;
	struct area *areas;
	unsigned int nr_areas;
	bool typed;
	u32 type, subtype;
	bool msix_mappable;
	u32 other_cap;		/* id of a capability of another kind, 0: none */
};

struct irq {
	u32 index, flags, count;
};

enum field_kind { FLAG, NUMBER, HEX, WORD };

/* A value in a capability. */
struct field {
	const char *name;
	enum field_kind kind;
	u64 value;
	int digits;		/* of a HEX */
	const char *word;
};

#define MAX_FIELDS	8

struct cap {
	bool extended;
	u16 pos, id;
	u8 version;		/* of an extended one */
	const char *name;	/* NULL: unknown */
	struct field field[MAX_FIELDS];
	unsigned int nr_fields;
};

struct bar {
	unsigned int index;
	bool io, wide, prefetchable;
	u64 address, size;
};

#define MAX_CONFIG	4096

struct config {
	bool present;
	u32 size;
	u8 raw[MAX_CONFIG];
	struct ids ids;
	u16 command, status;	/* without the timing of DEVSEL */
	u8 header, interrupt_pin, interrupt_line;
	struct bar bar[6];
	unsigned int nr_bars;
	struct cap *cap;
	unsigned int nr_caps;
	bool caps_broken;	/* the chain loops or leaves the config space */
};

struct feature {
	u16 id;
	const char *name;
	bool get, set;
};

#define MAX_FEATURES	32

struct migration {
	bool present;
	u64 flags;
	bool has_state, has_size;
	u32 state;
	u64 size;
};

struct plane {
	const char *name;	/* of its type */
	bool dmabuf;		/* else in a region */
	struct vfio_device_gfx_plane_info info;	/* size 0: nothing to show */
};

struct display {
	bool region, dmabuf;	/* interfaces it has */
	struct plane plane[2];
	unsigned int nr_planes;
	bool has_edid;
	u32 edid_region;
	struct vfio_region_gfx_edid edid;
};

struct model {
	enum interface interface;
	u32 flags, nr_regions, nr_irqs;
	u32 info_cap[8];
	unsigned int nr_info_caps;
	struct region *region;
	struct irq *irq;
	struct config config;
	struct feature feature[MAX_FEATURES];
	unsigned int nr_features;
	struct migration migration;
	struct display display;
};

/* model.c: all of it, or only the parts that change while a device is at work */
void read_model(struct model *m, const struct handle *h);
void read_state(struct model *m, const struct handle *h);
void free_model(struct model *m);
/* regions.c */
void read_info(struct model *m, int fd);
/* As much of a region as can be read, from @off of it. */
size_t read_region(int fd, const struct region *region, u64 off, void *buf, size_t len);
/* config.c, caps.c */
void read_config(struct model *m, int fd);
void read_caps(struct config *config);
/* features.c */
void read_features(struct model *m, int fd);
void read_migration(struct migration *migration, int fd);
/* display.c */
void read_display(struct model *m, int fd);

/* ---- names.c: words for numbers; a table ends with an entry without a name ---- */

struct flag_name {
	u64 flag;
	const char *name;
};

extern const struct flag_name device_flags[], region_flags[], irq_flags[], migration_flags[];
extern const struct flag_name command_flags[], status_flags[], link_states[];
const char *value_name(const struct flag_name *names, u64 val);
const char *region_name(const struct model *m, const struct region *region);
const char *region_type_name(const struct region *region);
const char *irq_name(const struct model *m, u32 index);
const char *mig_state_name(u32 state);
const char *info_cap_name(u32 id);
/* Four letters, or a number. */
const char *fourcc_name(u32 fourcc);

/* ---- pciids.c: names of ids in the list of libpci, NULL: not in it ---- */

void use_ids(const char *file);
const char *vendor_name(u16 vendor);
const char *device_name(u16 vendor, u16 device);
const char *class_name(u32 class);
const char *subsystem_vendor_name(const struct ids *ids);
const char *subsystem_name(const struct ids *ids);

/* ---- picture.c, png.c ---- */

struct picture {
	u32 width, height;
	u8 *rgb;		/* 3 bytes a pixel */
};

/* What is displayed; ends the program if that is nothing. */
struct picture take_picture(const struct handle *h);
void write_png(const struct picture *picture, const char *file);

/* ---- text.c, json.c: the printers; watch.c ---- */

void print_list(const struct devices *all);
void print_device(const struct device *dev, const struct model *m);
/* The parts that change while a device is at work, without the size of its state. */
void print_state(FILE *out, const struct model *m);
/* The man page has the schema, whose version this is. */
#define JSON_VERSION	2

void json_list(const struct devices *all);
void json_device(const struct device *dev, const struct model *m);
/* In one line. */
void json_line(const struct device *dev, const struct model *m);
void watch_device(struct device *dev, struct handle *h, const struct options *options);

#endif /* LSVFIO_H */
