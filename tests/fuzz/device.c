// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices: one of each type, which all threads open, each for itself; and the
 * two root threads that take one away while it is in use, and make it anew.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/dma.h"
#include "fuzz.h"

#define NR_ROOTS	2
#define DMA_SIZE	(16 * 4096)

static enum door door;
static pthread_t roots[NR_ROOTS];
static pthread_mutex_t jobs_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t jobs_there = PTHREAD_COND_INITIALIZER;
static unsigned int replace_jobs, spare_jobs;	/* a bit for each device */
static bool jobs_over;
static const struct step *setup;
static u8 *dma_buffer;
static unsigned int nr_setup;

static void learn_regions(struct device *dev)
{
	unsigned int i, nr = vfio_info(&dev->vfio).num_regions;

	for (i = 0; i < nr && i < MAX_REGIONS; i++)
		dev->region[i] = *vfio_region(&dev->vfio, i);
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
	dma_buffer = dma_memory(DMA_SIZE);
	setup = steps;
	nr_setup = nr_steps;
	for (i = 0; i < NR_MODELS; i++) {
		struct device *dev = &shared->device[i];

		pthread_mutex_init(&dev->lock, NULL);
		pthread_cond_init(&dev->unused, NULL);
		if (!(types & 1U << i))
			continue;
		dev->mdev = mdev_create(models[i].type);
		dev->made = true;
		vfio_open(&dev->vfio, dev->mdev.uuid, door);
		learn_regions(dev);
		vfio_close(&dev->vfio);
	}
	do_setup();
}

void devices_remove(void)
{
	unsigned int i;

	for (i = 0; i < NR_MODELS; i++)
		if (shared->device[i].made)
			mdev_remove(&shared->device[i].mdev);
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
	return ioctl(dev->vfio.group, VFIO_GROUP_GET_DEVICE_FD, dev->mdev.uuid);
}

/* With a little memory for DMA, at address 0: all devices and threads share it. */
static int open_first(struct device *dev)
{
	int ret = __vfio_open(&dev->vfio, dev->mdev.uuid, door);

	if (!ret)
		dma_map(&dev->vfio, 0, dma_buffer, DMA_SIZE, DMA_RW);
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
		if (t->fd[nr] >= 0)
			dev->users++;
		else if (!dev->users)
			vfio_close(&dev->vfio);
	}
	pthread_mutex_unlock(&dev->lock);
	return t->fd[nr];
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

void devices_close_leaving(struct thread *t)
{
	unsigned int i;

	for (i = 0; i < NR_MODELS; i++)
		if (shared->device[i].leaving)
			device_close(t, i);
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

static void ask(unsigned int *jobs, u64 dev)
{
	pthread_mutex_lock(&jobs_lock);
	*jobs |= 1U << dev;
	pthread_cond_signal(&jobs_there);
	pthread_mutex_unlock(&jobs_lock);
}

/* Only a request: removing waits for users of the device, and a user must not wait. */
long op_remove(struct thread *t, const u64 *arg)
{
	if (t->is_child || !shared->device[arg[0]].made)
		return -EPERM;
	ask(&replace_jobs, arg[0]);
	return 0;
}

long op_spare(struct thread *t, const u64 *arg)
{
	if (t->is_child)
		return -EPERM;
	ask(&spare_jobs, arg[0]);
	return 0;
}

static long put_attribute(struct thread *t, u64 dev, const char *name, const char *val, size_t len)
{
	struct text path = text(MDEV_DEVICES "/%s/vendor/%s", shared->device[dev].mdev.uuid, name);
	int fd = call(t, open(path.s, O_WRONLY | O_CLOEXEC));
	long ret;

	if (fd < 0)
		return fd;
	ret = call(t, write(fd, val, len));
	close(fd);
	return ret;
}

long op_attribute(struct thread *t, const u64 *arg)
{
	const struct model *m = &models[arg[0]];
	char buf[256];
	int ret;

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
	return model_of(models[dev].bit & MTTY_1 ? "mtty-2" : "mtty-1") - models;
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
static void make_spare(const char *type)
{
	struct mdev spare = mdev_random();

	if (!__mdev_create(&spare, type))
		mdev_remove(&spare);
}

/*
 * A new device has none of the wires that the old one was told, but those that the
 * other one waits with.  It is not open yet, and the other must not be either, for a
 * moment.
 */
static void connect_again(u64 nr)
{
	struct device *other = &shared->device[other_tty(nr)];

	if (!(models[nr].bit & MTTY) || atomic_exchange(&other->leaving, true))
		return;
	shared->leaving++;
	pthread_mutex_lock(&other->lock);
	while (other->users)
		pthread_cond_wait(&other->unused, &other->lock);
	do_setup();
	pthread_mutex_unlock(&other->lock);
	other->leaving = false;
	shared->leaving--;
}

/* The device is marked as leaving: it is not opened any more. */
static void replace(struct device *dev, const char *type)
{
	shared->leaving++;
	/* Comes back when all users have let go, threads and children. */
	mdev_remove(&dev->mdev);

	pthread_mutex_lock(&dev->lock);
	while (dev->users)
		pthread_cond_wait(&dev->unused, &dev->lock);
	check_eq(__mdev_create(&dev->mdev, type), 0);
	pthread_mutex_unlock(&dev->lock);
	shared->removed++;
	connect_again(dev - shared->device);
	dev->leaving = false;
	shared->leaving--;
}

/* Takes a job that no thread has taken; jobs_lock held. */
static bool take_job(unsigned int *jobs, unsigned int *nr)
{
	if (!*jobs)
		return false;
	*nr = __builtin_ctz(*jobs);
	*jobs &= ~(1U << *nr);
	return true;
}

static void *root_run(void *arg)
{
	struct thread self = {};
	unsigned int nr;

	cover_thread(&self);
	pthread_mutex_lock(&jobs_lock);
	for (;;) {
		bool is_replace = take_job(&replace_jobs, &nr);

		if (!is_replace && !take_job(&spare_jobs, &nr)) {
			if (jobs_over)
				break;
			pthread_cond_wait(&jobs_there, &jobs_lock);
			continue;
		}
		if (is_replace && atomic_exchange(&shared->device[nr].leaving, true))
			continue;
		pthread_mutex_unlock(&jobs_lock);
		if (is_replace)
			replace(&shared->device[nr], models[nr].type);
		else
			make_spare(models[nr].type);
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
