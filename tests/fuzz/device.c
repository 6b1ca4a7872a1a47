// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices: one of each type, which all threads open, each for itself; and the
 * two root threads that take one away while it is in use, and make it anew.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/dma.h"
#include "fuzz.h"

#define NR_ROOTS	2

static enum door door;
static pthread_t roots[NR_ROOTS];
static pthread_mutex_t jobs_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t jobs_there = PTHREAD_COND_INITIALIZER;
static struct jobs {
	unsigned int devices;	/* a bit for each */
	struct how {
		u64 way, val;
	} how[NR_KINDS];
} replace_jobs, spare_jobs;
static bool jobs_over;
static const struct step *setup;
static unsigned int nr_setup;

/* A region that vfio-pci does not tell of is none. */
static void learn(struct device *dev)
{
	struct vfio *v = &dev->vfio;
	unsigned int i, nr, pcie;

	vfio_open(v, dev->name, door);
	nr = vfio_info(v).num_regions;
	for (i = 0; i < nr && i < MAX_REGIONS; i++)
		__vfio_region_info(v, i, &dev->region[i]);
	dev->pmcsr = config_find_cap(v, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	pcie = config_find_cap(v, PCI_CAP_ID_EXP);
	dev->devctl = pcie ? pcie + PCI_EXP_DEVCTL : 0;
	vfio_close(v);
}

static void set_mdev(struct device *dev, struct mdev mdev)
{
	dev->mdev = mdev;
	snprintf(dev->name, sizeof(dev->name), "%s", mdev.uuid);
}

static void do_setup(void)
{
	struct thread self = { .nr = MAX_THREADS };
	unsigned int i;

	for (i = 0; i < nr_setup; i++)
		setup[i].op->run(&self, setup[i].arg);
}

void devices_make(enum door which, unsigned int types, const struct step *steps,
		  unsigned int nr_steps)
{
	unsigned int i;

	door = which;
	arena_make();
	setup = steps;
	nr_setup = nr_steps;
	if (types & VIRTUAL)
		types |= PHYSICAL;
	if (types & FUNCTIONS)
		pci_remove_all();
	for (i = 0; i < NR_KINDS; i++) {
		struct device *dev = &shared->device[i];

		pthread_mutex_init(&dev->lock, NULL);
		pthread_cond_init(&dev->unused, NULL);
		if (!(types & 1U << i))
			continue;
		if (i < NR_MODELS)
			set_mdev(dev, mdev_create(models[i].type));
		else
			function_make(i);
		dev->made = true;
		learn(dev);
	}
	do_setup();
}

void devices_remove(void)
{
	unsigned int i;

	for (i = 0; i < NR_MODELS; i++)
		if (shared->device[i].made)
			mdev_remove(&shared->device[i].mdev);
	pci_remove_all();
}

u64 device_offset(u64 dev, u64 region, u64 off)
{
	return (region < MAX_REGIONS ? shared->device[dev].region[region].offset : 0) + off;
}

u64 device_room(u64 dev, u64 off, bool mappable)
{
	const struct vfio_region_info *r = shared->device[dev].region;
	unsigned int i;

	for (i = 0; i < MAX_REGIONS; i++, r++)
		if (off >= r->offset && off - r->offset < r->size &&
		    (!mappable || r->flags & VFIO_REGION_INFO_FLAG_MMAP))
			return r->size - (off - r->offset);
	return 0;
}

/* A cdev can be opened once, so threads share it; through a group each has its own. */
static int new_fd(struct device *dev)
{
	if (door == DOOR_CDEV)
		return dup(dev->vfio.fd);
	return ioctl(dev->vfio.group, VFIO_GROUP_GET_DEVICE_FD, dev->name);
}

/* With a little memory for DMA, at address 0: all devices and threads share it. */
static int open_first(struct device *dev)
{
	int ret = __vfio_open(&dev->vfio, dev->name, door);

	if (!ret)
		dma_map(&dev->vfio, 0, arena, ARENA_MAPPED, DMA_RW);
	return ret;
}

int device_fd(struct thread *t, u64 nr)
{
	struct device *dev = &shared->device[nr];

	if (t->fd[nr] >= 0 || t->is_child || !dev->made || dev->leaving)
		return t->fd[nr];

	pthread_mutex_lock(&dev->lock);
	if (!dev->leaving && (dev->users || !open_first(dev))) {
		t->fd[nr] = call(t, new_fd(dev));
		t->space[nr].iommu = dev->vfio.iommu;
		t->space[nr].ioas = dev->vfio.ioas;
		if (t->fd[nr] >= 0)
			dev->users++;
		else if (!dev->users)
			vfio_close(&dev->vfio);
	}
	pthread_mutex_unlock(&dev->lock);
	return t->fd[nr];
}

struct vfio device_space(struct thread *t, u64 nr)
{
	struct vfio v = { .fd = device_fd(t, nr), .group = door == DOOR_GROUP ? 0 : -1 };

	v.iommu = v.fd < 0 ? -1 : t->space[nr].iommu;
	v.ioas = t->space[nr].ioas;
	return v;
}

void device_close(struct thread *t, u64 nr)
{
	struct device *dev = &shared->device[nr];

	if (t->fd[nr] < 0)
		return;
	call(t, close(t->fd[nr]));
	t->fd[nr] = -1;
	if (t->is_child)
		return;

	pthread_mutex_lock(&dev->lock);
	if (!--dev->users) {
		vfio_close(&dev->vfio);
		pthread_cond_signal(&dev->unused);
	}
	pthread_mutex_unlock(&dev->lock);
}

/* A function of the bus is in use for as long as a BAR of it is mapped. */
void devices_close_leaving(struct thread *t)
{
	unsigned int i, slot;

	for (i = 0; i < NR_KINDS; i++) {
		if (!shared->device[i].leaving)
			continue;
		for (slot = 0; i >= NR_MODELS && slot < NR_MAPS; slot++)
			munmap(map_addr(t, slot), MAP_SPACE);
		device_close(t, i);
	}
}

long op_close(struct thread *t, const u64 *arg)
{
	device_close(t, arg[0]);
	return 0;
}

long op_dup(struct thread *t, const u64 *arg)
{
	int fd = device_fd(t, arg[0]), new = call(t, dup(fd));

	if (new < 0)
		return new;
	close(fd);
	t->fd[arg[0]] = new;
	return 0;
}

static void ask(struct jobs *jobs, u64 dev, u64 way, u64 val)
{
	pthread_mutex_lock(&jobs_lock);
	jobs->devices |= 1U << dev;
	jobs->how[dev] = (struct how){ way, val };
	pthread_cond_signal(&jobs_there);
	pthread_mutex_unlock(&jobs_lock);
}

/* Only a request: removing waits for users of the device, and a user must not wait. */
long op_remove(struct thread *t, const u64 *arg)
{
	if (t->is_child || !shared->device[arg[0]].made)
		return -EPERM;
	ask(&replace_jobs, arg[0], arg[1], arg[2]);
	return 0;
}

long op_spare(struct thread *t, const u64 *arg)
{
	if (t->is_child)
		return -EPERM;
	ask(&spare_jobs, arg[0], 0, arg[1]);
	return 0;
}

long put_file(struct thread *t, const char *path, const char *val, size_t len)
{
	int fd = call(t, open(path, O_WRONLY | O_CLOEXEC));
	long ret;

	if (fd < 0)
		return fd;
	ret = call(t, write(fd, val, len));
	close(fd);
	return ret;
}

static long put_attribute(struct thread *t, u64 dev, const char *name, const char *val, size_t len)
{
	return put_file(t, text(MDEV_DEVICES "/%s/vendor/%s", shared->device[dev].mdev.uuid,
				name).s, val, len);
}

long op_attribute(struct thread *t, const u64 *arg)
{
	const struct model *m = kind(arg[0]);
	char buf[256];
	int ret;

	if (m->bit & FUNCTIONS)
		return function_attribute(t, arg);
	if (!m->attribute)
		return put_attribute(t, arg[0], "error", "1\n", 2);
	switch (arg[1] % 4) {
	case 0:
		ret = call(t, __sysfs_read(mdev_type_path(m->type, "available_instances").s, buf,
					   sizeof(buf)));
		break;
	case 1:
		ret = call(t, __sysfs_read(mdev_type_path(m->type, "description").s, buf,
					   sizeof(buf)));
		break;
	default:
		ret = call(t, __sysfs_read(text(MDEV_DEVICES "/%s/vendor/%s",
						shared->device[arg[0]].mdev.uuid,
						m->attribute).s, buf, sizeof(buf)));
		break;
	}
	return ret;
}

/* What it shows is taken by it, unless it was changed meanwhile. */
static long put_back(struct thread *t, u64 dev, const char *name)
{
	struct text path = text(MDEV_DEVICES "/%s/vendor/%s", shared->device[dev].mdev.uuid, name);
	char buf[256];
	long ret;

	ret = call(t, __sysfs_read(path.s, buf, sizeof(buf)));
	return ret ?: put_attribute(t, dev, name, buf, strlen(buf));
}

/* The other device that has ports; one of the same kind there is not. */
static u64 other_tty(u64 dev)
{
	return model_of(kind(dev)->bit & MTTY_1 ? "mtty-2" : "mtty-1") - models;
}

/* What is right, what is nearly right, and what is not at all. */
long op_wire(struct thread *t, const u64 *arg)
{
	u64 way = arg[1] % 16, val = arg[2];
	const char *uuid = shared->device[other_tty(arg[0])].mdev.uuid;
	char buf[8192];
	size_t len;

	if (way == 8)
		uuid = shared->device[arg[0]].mdev.uuid;
	else if (way == 9)
		uuid = shared->device[val >> 8 & 7].mdev.uuid;
	len = snprintf(buf, sizeof(buf), "%llu %s %llu", (val & 1) + 1, uuid, (val >> 1 & 1) + 1);

	switch (way) {
	case WIRE_LOOPBACK:
	case WIRE_CROSSED:
		len = snprintf(buf, sizeof(buf), way == WIRE_LOOPBACK ? "loopback" : "crossed");
		break;
	case 3:		/* both ports at once */
		len = snprintf(buf, sizeof(buf), "1 %s %llu\n2 %s %llu\n", uuid, (val & 1) + 1,
			       uuid, (val >> 1 & 1) + 1);
		break;
	case 4:		/* one of them */
		len = snprintf(buf, sizeof(buf), "%llu loopback\n", (val & 1) + 1);
		break;
	case 5:		/* to what does not exist */
		uuid = "00000000-0000-4000-8000-000000000000";
		len = snprintf(buf, sizeof(buf), "%llu %s 1", (val & 1) + 1, uuid);
		break;
	case 6:
		return put_back(t, arg[0], "wire");
	case 10:	/* a port that there is not */
		len = snprintf(buf, sizeof(buf), "%llu %s %lld", val >> (val & 63), uuid, val);
		break;
	case 11:	/* another byte in one place */
		buf[(val >> 8) % len] = val;
		break;
	case 12:	/* too short */
		len = val % len;
		break;
	case 13:	/* too long, up to more than a page */
		memset(buf + len, " 1x\n"[val & 3], sizeof(buf) - len);
		len += (val >> 8) % (sizeof(buf) - len);
		break;
	case 14:	/* nothing that makes sense */
		memcpy(buf, &val, sizeof(val));
		len = val % (sizeof(val) + 1);
		break;
	case 15:	/* a byte too many */
		len = snprintf(buf, sizeof(buf), "%s%c", val & 1 ? "loopback" : "crossed",
			       (int)(val >> 8 & 0xff));
		break;
	}
	return put_attribute(t, arg[0], "wire", buf, len);
}

long op_pace(struct thread *t, const u64 *arg)
{
	char buf[sizeof(arg[2])];

	switch (arg[1] % 8) {
	case 4:
		return put_back(t, arg[0], "pace");
	case 0 ... 3:
		return put_attribute(t, arg[0], "pace", arg[1] & 1 ? "1" : "0", 1);
	default:
		memcpy(buf, &arg[2], sizeof(buf));
		return put_attribute(t, arg[0], "pace", buf, arg[2] % (sizeof(buf) + 1));
	}
}

/* There may be no budget left for one more. */
static void make_spare(u64 nr, struct how how)
{
	struct mdev spare = mdev_random();

	if (nr >= NR_MODELS)
		function_spare(how.val);
	else if (!__mdev_create(&spare, models[nr].type))
		mdev_remove(&spare);
}

/* From here on all threads let go of it, and none opens it; false: it is so already. */
static bool begin_leaving(u64 nr)
{
	if (atomic_exchange(&shared->device[nr].leaving, true))
		return false;
	shared->leaving++;
	return true;
}

static void end_leaving(u64 nr)
{
	shared->device[nr].leaving = false;
	shared->leaving--;
}

/* There are no new ones while it is leaving. */
static void wait_for_users(struct device *dev)
{
	pthread_mutex_lock(&dev->lock);
	while (dev->users)
		pthread_cond_wait(&dev->unused, &dev->lock);
	pthread_mutex_unlock(&dev->lock);
}

/*
 * A new device has none of the wires that the old one was told, but those that the
 * other one waits with.  It is not open yet, and the other must not be either, for a
 * moment.
 */
static void connect_again(u64 nr)
{
	struct device *other = &shared->device[other_tty(nr)];

	if (!(models[nr].bit & MTTY) || !begin_leaving(other_tty(nr)))
		return;
	wait_for_users(other);
	do_setup();
	end_leaving(other_tty(nr));
}

/* Each removal comes back when all users have let go, threads and children. */
static void replace_mdev(u64 nr)
{
	struct device *dev = &shared->device[nr];

	mdev_remove(&dev->mdev);
	wait_for_users(dev);
	check_eq(__mdev_create(&dev->mdev, models[nr].type), 0);
	shared->removed++;
	connect_again(nr);
}

/* Virtual functions go with their physical one. */
static void replace_function(u64 nr, struct how how)
{
	u64 with = function_companion(nr);

	if (with < NR_KINDS && !begin_leaving(with))
		return;
	function_take(nr, how.way);
	if (with < NR_KINDS)
		wait_for_users(&shared->device[with]);
	wait_for_users(&shared->device[nr]);
	function_return(nr, how.way, how.val);
	if (with < NR_KINDS)
		end_leaving(with);
	shared->removed++;
}

static void replace(u64 nr, struct how how)
{
	if (!begin_leaving(nr))
		return;
	if (nr < NR_MODELS)
		replace_mdev(nr);
	else
		replace_function(nr, how);
	end_leaving(nr);
}

/* Takes a job that no thread has taken; jobs_lock held. */
static bool take_job(struct jobs *jobs, u64 *nr, struct how *how)
{
	if (!jobs->devices)
		return false;
	*nr = __builtin_ctz(jobs->devices);
	*how = jobs->how[*nr];
	jobs->devices &= ~(1U << *nr);
	return true;
}

static void *root_run(void *arg)
{
	struct thread self = {};
	struct how how;
	u64 nr;

	cover_thread(&self);
	pthread_mutex_lock(&jobs_lock);
	for (;;) {
		bool is_replace = take_job(&replace_jobs, &nr, &how);

		if (!is_replace && !take_job(&spare_jobs, &nr, &how)) {
			if (jobs_over)
				break;
			pthread_cond_wait(&jobs_there, &jobs_lock);
			continue;
		}
		pthread_mutex_unlock(&jobs_lock);
		if (is_replace)
			replace(nr, how);
		else
			make_spare(nr, how);
		cover_collect(&self);
		pthread_mutex_lock(&jobs_lock);
	}
	pthread_mutex_unlock(&jobs_lock);
	return NULL;
}

void root_threads_start(void)
{
	unsigned int i;

	for (i = 0; i < NR_ROOTS; i++)
		check_eq(pthread_create(&roots[i], NULL, root_run, NULL), 0);
}

void root_threads_stop(void)
{
	unsigned int i;

	pthread_mutex_lock(&jobs_lock);
	jobs_over = true;
	pthread_cond_broadcast(&jobs_there);
	pthread_mutex_unlock(&jobs_lock);
	for (i = 0; i < NR_ROOTS; i++)
		check_eq(pthread_join(roots[i], NULL), 0);
}
