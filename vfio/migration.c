// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state machine of migration, version 2 (VFIO_DEVICE_FEATURE_MIGRATION).
 *
 * VFIO cuts a transition into arcs (vfio_mig_get_next_state()), which are:
 *
 *	RUNNING, PRE_COPY to RUNNING_P2P, PRE_COPY_P2P	the device is quiesced
 *	back						it resumes
 *	RUNNING_P2P to STOP and back			nothing is left to do
 *	into PRE_COPY, PRE_COPY_P2P, STOP_COPY		a session that saves begins
 *	PRE_COPY_P2P to STOP_COPY			it goes on
 *	from these to RUNNING, RUNNING_P2P, STOP	it ends
 *	STOP to RESUMING				a session that loads begins
 *	RESUMING to STOP				the device is loaded
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/lockdep.h>

#include "internal.h"

#define ARC(_from, _to)		((unsigned int)(_from) << 8 | (_to))
#define ARC_OF(_from, _to)	ARC(VFIO_DEVICE_STATE_##_from,	\
				    VFIO_DEVICE_STATE_##_to)

static struct file *begin_session(struct softpci_vfio *svfio, bool save,
				  bool precopy)
{
	struct softpci_session *session;
	struct file *filp;

	lockdep_assert_held(&svfio->mig.lock);
	session = softpci_session_create(svfio, save, precopy);
	if (IS_ERR(session))
		return ERR_CAST(session);
	filp = softpci_session_file(session, save);
	if (IS_ERR(filp)) {
		softpci_session_put(session);
		return filp;
	}
	svfio->mig.session = session;
	return filp;
}

static void end_session(struct softpci_vfio *svfio)
{
	struct softpci_session *session = svfio->mig.session;

	lockdep_assert_held(&svfio->mig.lock);
	if (!session)
		return;
	svfio->mig.session = NULL;
	softpci_session_end(session);
	softpci_session_put(session);
}

static void finish_saving(struct softpci_vfio *svfio)
{
	struct softpci_session *session = svfio->mig.session;

	guard(mutex)(&session->lock);
	session->precopy = false;
	softpci_save_finish(&session->save);
}

static int load_device(struct softpci_vfio *svfio)
{
	struct softpci_session *session = svfio->mig.session;
	bool broken = false;
	int ret;

	scoped_guard(mutex, &session->lock)
		ret = softpci_load_apply(&session->load, svfio, &broken);
	if (broken)
		WRITE_ONCE(svfio->mig.state, VFIO_DEVICE_STATE_ERROR);
	if (!ret || broken)
		end_session(svfio);
	return ret;
}

/* One arc, of those above: a new data file, NULL, or an ERR_PTR(). */
static struct file *follow_arc(struct softpci_vfio *svfio,
			       enum vfio_device_mig_state to)
{
	lockdep_assert_held(&svfio->mig.lock);
	switch (ARC(svfio->mig.state, to)) {
	case ARC_OF(RUNNING, RUNNING_P2P):
	case ARC_OF(PRE_COPY, PRE_COPY_P2P):
		return ERR_PTR(softpci_quiesce(svfio->dev));
	case ARC_OF(RUNNING_P2P, RUNNING):
	case ARC_OF(PRE_COPY_P2P, PRE_COPY):
		return ERR_PTR(softpci_resume(svfio->dev));
	case ARC_OF(RUNNING_P2P, STOP):
	case ARC_OF(STOP, RUNNING_P2P):
		return NULL;
	case ARC_OF(RUNNING, PRE_COPY):
	case ARC_OF(RUNNING_P2P, PRE_COPY_P2P):
		return begin_session(svfio, true, true);
	case ARC_OF(STOP, STOP_COPY):
		return begin_session(svfio, true, false);
	case ARC_OF(STOP, RESUMING):
		return begin_session(svfio, false, false);
	case ARC_OF(PRE_COPY_P2P, STOP_COPY):
		finish_saving(svfio);
		return NULL;
	case ARC_OF(PRE_COPY, RUNNING):
	case ARC_OF(PRE_COPY_P2P, RUNNING_P2P):
	case ARC_OF(STOP_COPY, STOP):
		end_session(svfio);
		return NULL;
	case ARC_OF(RESUMING, STOP):
		return ERR_PTR(load_device(svfio));
	default:
		return ERR_PTR(-EINVAL);
	}
}

static struct file *set_state(struct vfio_device *vdev,
			      enum vfio_device_mig_state to)
{
	struct softpci_vfio *svfio = to_softpci_vfio(vdev);
	struct softpci_migration *mig = &svfio->mig;
	struct file *filp = NULL;

	guard(mutex)(&mig->lock);
	/* Only a reset leads out of it. */
	if (mig->state == VFIO_DEVICE_STATE_ERROR)
		return ERR_PTR(-EINVAL);
	while (mig->state != to) {
		enum vfio_device_mig_state next;
		int ret;

		ret = vfio_mig_get_next_state(vdev, mig->state, to, &next);
		if (ret)
			return ERR_PTR(ret);
		ret = softpci_knobs_before_arc(svfio, next);
		if (ret)
			return ERR_PTR(ret);
		/* Only the last arc of a transition begins a session. */
		filp = follow_arc(svfio, next);
		if (IS_ERR(filp))
			return filp;
		WRITE_ONCE(mig->state, next);
		softpci_knobs_after_arc(svfio);
	}
	return filp;
}

/*
 * Without the lock: a transition can wait for memory that its user does not provide,
 * and the administrator reads the state in debugfs.
 */
static int get_state(struct vfio_device *vdev, enum vfio_device_mig_state *state)
{
	*state = READ_ONCE(to_softpci_vfio(vdev)->mig.state);
	return 0;
}

/* With a reference; NULL: there is none that saves. */
static struct softpci_session *get_saving(struct softpci_migration *mig)
{
	guard(mutex)(&mig->lock);
	if (!mig->session || mig->state == VFIO_DEVICE_STATE_RESUMING)
		return NULL;
	kref_get(&mig->session->ref);
	return mig->session;
}

static int get_data_size(struct vfio_device *vdev,
			 unsigned long *stop_copy_length)
{
	struct softpci_vfio *svfio = to_softpci_vfio(vdev);
	struct softpci_session *session = get_saving(&svfio->mig);
	int ret = -ENODEV;
	u64 size;

	/* Not with the lock held: memory is compared. */
	if (session) {
		ret = softpci_session_size(session, &size);
		softpci_session_put(session);
	}
	/* None, or it has ended meanwhile. */
	if (ret == -ENODEV)
		ret = softpci_save_size(svfio, &size);
	if (ret)
		return ret;
	softpci_knobs_report(svfio, &size, NULL);
	*stop_copy_length = size;
	return 0;
}

static const struct vfio_migration_ops migration_ops = {
	.migration_set_state		= set_state,
	.migration_get_state		= get_state,
	.migration_get_data_size	= get_data_size,
};

/**
 * softpci_mig_init() - the state machine of a new device
 * @svfio: the device
 */
void softpci_mig_init(struct softpci_vfio *svfio)
{
	mutex_init(&svfio->mig.lock);
	svfio->mig.state = VFIO_DEVICE_STATE_RUNNING;
}

/**
 * softpci_mig_release() - undo softpci_mig_init()
 * @svfio: a closed device
 */
void softpci_mig_release(struct softpci_vfio *svfio)
{
	mutex_destroy(&svfio->mig.lock);
}

/**
 * softpci_mig_offer() - tell VFIO that a device can be migrated
 * @svfio: the device, which VFIO has not registered yet
 */
void softpci_mig_offer(struct softpci_vfio *svfio)
{
	struct vfio_device *vdev = &svfio->vdev;

	vdev->migration_flags = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P |
				VFIO_MIGRATION_PRE_COPY;
	vdev->mig_ops = &migration_ops;
}

/**
 * softpci_mig_reset() - a device has been reset: it is in RUNNING
 * @svfio: the device, softpci_migration.lock held
 *
 * Return: 0; or an errno of softpci_resume(): it is in ERROR then.
 */
int softpci_mig_reset(struct softpci_vfio *svfio)
{
	int ret;

	lockdep_assert_held(&svfio->mig.lock);
	end_session(svfio);
	ret = softpci_resume(svfio->dev);
	WRITE_ONCE(svfio->mig.state, ret ? VFIO_DEVICE_STATE_ERROR :
					   VFIO_DEVICE_STATE_RUNNING);
	return ret;
}

/**
 * softpci_mig_close() - the user of a device has left
 * @svfio: the device
 */
void softpci_mig_close(struct softpci_vfio *svfio)
{
	guard(mutex)(&svfio->mig.lock);
	end_session(svfio);
	softpci_knobs_close(svfio);
	WRITE_ONCE(svfio->mig.state, VFIO_DEVICE_STATE_RUNNING);
}

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/migration.c"
#include "../tests/kunit/migration-refused.c"
#include "../tests/kunit/migration-knobs.c"
#include "../tests/kunit/migration-dirty.c"
#endif
