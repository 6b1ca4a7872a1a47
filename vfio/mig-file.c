// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data file of a migration.
 *
 * It can outlive the session, the device and its driver: softpci_session.svfio,
 * read under softpci_session.lock, says whether the session goes on.  No user
 * memory is accessed under that lock: a page that does not come must not block a
 * reset or closing the device.  Nor is it held for longer than a section takes.
 */
#include <linux/anon_inodes.h>
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "internal.h"

/* Bytes of a write(2) that are taken over at once. */
#define CHUNK	SZ_64K

static void release_session(struct kref *ref)
{
	struct softpci_session *session = container_of(ref,
						       struct softpci_session,
						       ref);

	softpci_save_release(&session->save);
	softpci_load_release(&session->load);
	kvfree(session->chunk);
	mutex_destroy(&session->lock);
	mutex_destroy(&session->io);
	kfree(session);
}

/**
 * softpci_session_put() - drop a reference
 * @session: the session; freed with the last one
 */
void softpci_session_put(struct softpci_session *session)
{
	kref_put(&session->ref, release_session);
}

/**
 * softpci_session_create() - begin a session
 * @svfio: the device
 * @save: to save its state; else to load one
 * @precopy: in PRE_COPY, if it saves
 *
 * Return: the session, with a reference, or an ERR_PTR() of -ENOMEM, -ENOSPC or
 * -ENFILE.
 */
struct softpci_session *softpci_session_create(struct softpci_vfio *svfio,
					       bool save, bool precopy)
{
	struct softpci_session *session;
	int ret;

	session = kzalloc_obj(*session, GFP_KERNEL_ACCOUNT);
	if (!session)
		return ERR_PTR(-ENOMEM);
	kref_init(&session->ref);
	mutex_init(&session->io);
	init_waitqueue_head(&session->ended);
	mutex_init(&session->lock);
	session->svfio = svfio;
	session->precopy = precopy;
	if (save) {
		ret = softpci_save_init(&session->save, svfio, precopy);
	} else {
		session->chunk = kvmalloc(CHUNK, GFP_KERNEL_ACCOUNT);
		ret = session->chunk ? softpci_load_init(&session->load, svfio) :
				       -ENOMEM;
	}
	if (!ret)
		return session;
	softpci_session_put(session);
	return ERR_PTR(ret);
}

/**
 * softpci_session_end() - the data file answers -ENODEV from now on
 * @session: the session
 *
 * The device is not accessed through it any more on return.
 */
void softpci_session_end(struct softpci_session *session)
{
	guard(mutex)(&session->lock);
	WRITE_ONCE(session->svfio, NULL);
	wake_up_all(&session->ended);
	session->precopy = false;
	/* Of a size that the user chose. */
	softpci_load_release(&session->load);
	/* As large as the memories. */
	softpci_save_untrack(&session->save);
}

static int release_file(struct inode *inode, struct file *filp)
{
	softpci_session_put(filp->private_data);
	return 0;
}

static int fill(struct softpci_session *session)
{
	guard(mutex)(&session->lock);
	if (!session->svfio)
		return -ENODEV;
	return softpci_save_fill(&session->save, session->svfio);
}

/* The buffer is filled here only, with @io held. */
static ssize_t save_bytes(struct softpci_session *session, char __user *buf,
			  size_t count)
{
	struct softpci_save *save = &session->save;
	size_t done = 0;
	int ret = 0;

	lockdep_assert_held(&session->io);
	while (done < count) {
		ssize_t n;

		ret = fill(session);
		if (ret == -EAGAIN && !done) {
			if (signal_pending(current))
				return -ERESTARTSYS;
			cond_resched();
			continue;
		}
		if (ret <= 0)
			break;
		n = softpci_pace_begin(session, min(count - done,
						    save->len - save->pos));
		if (n < 0) {
			ret = n;
			break;
		}
		if (copy_to_user(buf + done, save->buf + save->pos, n)) {
			ret = -EFAULT;
			break;
		}
		softpci_pace_end(session, n);
		WRITE_ONCE(save->pos, save->pos + n);
		done += n;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	/* A session that has ended has no data to give. */
	if (ret == -ENODEV)
		return ret;
	return done ?: min(ret, 0);
}

static ssize_t save_read(struct file *filp, char __user *buf, size_t count,
			 loff_t *pos)
{
	struct softpci_session *session = filp->private_data;
	ssize_t ret;

	if (pos)
		return -ESPIPE;
	ret = mutex_lock_interruptible(&session->io);
	if (ret)
		return ret;
	ret = save_bytes(session, buf, count);
	mutex_unlock(&session->io);
	return ret;
}

static int take(struct softpci_session *session, size_t len)
{
	lockdep_assert_held(&session->io);
	guard(mutex)(&session->lock);
	if (!session->svfio)
		return -ENODEV;
	return softpci_load_feed(&session->load, session->svfio, session->chunk,
				 len);
}

static ssize_t load_bytes(struct softpci_session *session,
			  const char __user *buf, size_t count)
{
	size_t done = 0;
	int ret = 0;

	lockdep_assert_held(&session->io);
	while (done < count) {
		ssize_t n = softpci_pace_begin(session,
					       min_t(size_t, count - done, CHUNK));

		/* All that has come is of no use any more. */
		if (n == -ENODEV)
			return n;
		if (n < 0) {
			ret = n;
			break;
		}
		if (copy_from_user(session->chunk, buf + done, n)) {
			ret = -EFAULT;
			break;
		}
		ret = take(session, n);
		/* Refused for good: the bytes before are of no use. */
		if (ret)
			return ret;
		softpci_pace_end(session, n);
		done += n;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return done ?: ret;
}

static ssize_t load_write(struct file *filp, const char __user *buf,
			  size_t count, loff_t *pos)
{
	struct softpci_session *session = filp->private_data;
	ssize_t ret;

	if (pos)
		return -ESPIPE;
	ret = mutex_lock_interruptible(&session->io);
	if (ret)
		return ret;
	ret = load_bytes(session, buf, count);
	mutex_unlock(&session->io);
	return ret;
}

static int check_precopy(struct softpci_session *session, unsigned int cmd)
{
	guard(mutex)(&session->lock);
	if (!session->svfio)
		return -ENODEV;
	if (!(session->svfio->vdev.migration_flags & VFIO_MIGRATION_PRE_COPY))
		return -ENOTTY;
	return cmd == VFIO_MIG_GET_PRECOPY_INFO ? 0 : -ENOTTY;
}

/* Count on: 1 if there is more to be looked at, 0 if @info is set, or an errno. */
static int fill_info(struct softpci_session *session, struct softpci_left *left,
		     struct vfio_precopy_info *info)
{
	struct softpci_vfio *svfio;
	int ret;

	guard(mutex)(&session->lock);
	svfio = session->svfio;
	if (!svfio)
		return -ENODEV;
	if (!session->precopy)
		return -EINVAL;
	ret = softpci_save_count(&session->save, svfio, left);
	if (!ret) {
		bool v2 = svfio->vdev.precopy_info_v2;

		softpci_save_info(&session->save, left, v2, info);
		softpci_extra_left(&session->save.extra, &info->initial_bytes,
				   &info->dirty_bytes);
		softpci_knobs_report(svfio, &info->initial_bytes,
				     &info->dirty_bytes);
	}
	return ret;
}

static int get_precopy_info(struct softpci_session *session,
			    struct vfio_precopy_info *info)
{
	struct softpci_left left = {};
	int ret;

	while ((ret = fill_info(session, &left, info)) > 0) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return ret;
}

/* Not vfio_check_precopy_ioctl(): it accesses user memory, and then the device. */
static long save_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	const size_t minsz = offsetofend(struct vfio_precopy_info, dirty_bytes);
	struct softpci_session *session = filp->private_data;
	void __user *to = (void __user *)arg;
	struct vfio_precopy_info info;
	int ret;

	ret = check_precopy(session, cmd);
	if (ret)
		return ret;
	if (copy_from_user(&info, to, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	ret = get_precopy_info(session, &info);
	if (ret)
		return ret;
	return copy_to_user(to, &info, minsz) ? -EFAULT : 0;
}

static int fill_size(struct softpci_session *session, struct softpci_left *left,
		     u64 *size)
{
	int ret;

	guard(mutex)(&session->lock);
	if (!session->svfio)
		return -ENODEV;
	ret = softpci_save_count(&session->save, session->svfio, left);
	if (!ret)
		*size = softpci_save_rest(&session->save, session->svfio, left);
	return ret;
}

/**
 * softpci_session_size() - how much can be read if the device is stopped now
 * @session: the session, its lock not held
 * @size: set to it, in bytes
 *
 * May sleep.
 *
 * Return: 0; -ENODEV if the session has ended; an errno of a page that cannot be had;
 * or -EINTR on a fatal signal.
 */
int softpci_session_size(struct softpci_session *session, u64 *size)
{
	struct softpci_left left = {};
	int ret;

	while ((ret = fill_size(session, &left, size)) > 0) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return ret;
}

static const struct file_operations save_fops = {
	.owner		= THIS_MODULE,
	.read		= save_read,
	.unlocked_ioctl	= save_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.release	= release_file,
};

static const struct file_operations load_fops = {
	.owner		= THIS_MODULE,
	.write		= load_write,
	.release	= release_file,
};

/**
 * softpci_session_file() - make the data file of a session
 * @session: the session; the file has a reference to it
 * @save: to be read; else to be written
 *
 * Return: the file, or an ERR_PTR() of -ENOMEM or -ENFILE.
 */
struct file *softpci_session_file(struct softpci_session *session, bool save)
{
	struct file *filp;

	filp = anon_inode_getfile("softpci-migration",
				  save ? &save_fops : &load_fops, session,
				  save ? O_RDONLY : O_WRONLY);
	if (IS_ERR(filp))
		return filp;
	kref_get(&session->ref);
	stream_open(filp->f_inode, filp);
	return filp;
}
