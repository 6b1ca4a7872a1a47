// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device over time.  There is no event for a change of the display or of the state, so
 * the device is asked again and again, and the answer is printed when it is another one.
 *
 * The device is held open, as closing it would reset it, until a signal or until the
 * kernel asks for it (REQ).  A device that another process has open is only held for the
 * moment of each look, so that this process can close it.
 */
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "lsvfio.h"

/* Readable when the kernel wants the device back; -1: it cannot say so. */
static int want_request(const struct handle *h, const struct model *m)
{
	struct {
		struct vfio_irq_set set;
		s32 fd;
	} request = {
		.set = {
			.argsz = sizeof(request),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = VFIO_PCI_REQ_IRQ_INDEX,
			.count = 1,
		},
	};

	if (h->interface == JOINED || !(m->flags & VFIO_DEVICE_FLAGS_PCI) ||
	    m->nr_irqs <= VFIO_PCI_REQ_IRQ_INDEX || !m->irq[VFIO_PCI_REQ_IRQ_INDEX].count)
		return -1;
	request.fd = eventfd(0, EFD_CLOEXEC);
	if (request.fd >= 0 && ioctl(h->fd, VFIO_DEVICE_SET_IRQS, &request.set)) {
		close(request.fd);
		return -1;
	}
	return request.fd;
}

static int want_signals(void)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (fd < 0)
		die(EXIT_DEVICE, "cannot wait for signals: %s", strerror(errno));
	return fd;
}

static char *render(const struct model *m)
{
	size_t len;
	char *s;
	FILE *out = open_memstream(&s, &len);

	if (!out)
		die(EXIT_DEVICE, "out of memory");
	print_state(out, m);
	fclose(out);
	return s;
}

/* STATE: NULL at first, when all is shown */
static void show(const struct device *dev, const struct model *m, const char *state, bool json)
{
	time_t now = time(NULL);
	char when[32];

	if (json) {
		json_line(dev, m);
	} else if (!state) {
		print_device(dev, m);
	} else {
		strftime(when, sizeof(when), "%H:%M:%S", localtime(&now));
		printf("--- %s\n%s", when, state);
	}
	flush_output();
}

/* Until it is time to look; false: until the end. */
static bool await(struct pollfd *fds, const struct device *dev, const struct options *options)
{
	if (poll(fds, 2, options->watch * 1000) < 0 && errno != EINTR)
		die(EXIT_DEVICE, "cannot wait: %s", strerror(errno));
	if (fds[1].revents)
		fprintf(stderr, "lsvfio: the kernel asks for %s: letting it go\n", dev->name);
	return !fds[0].revents && !fds[1].revents;
}

/* The descriptor of the user once more; false: it has none any more. */
static bool rejoin(struct handle *h, struct device *dev, const struct options *options)
{
	struct devices one = { .device = dev, .nr = 1 };
	char *why;

	find_users(&one);
	why = join_device(h, dev, options);
	if (why)
		fprintf(stderr, "lsvfio: %s\n", why);
	free(why);
	return !why;
}

void watch_device(struct device *dev, struct handle *h, const struct options *options)
{
	struct pollfd fds[2] = {
		{ .fd = want_signals(), .events = POLLIN },
		{ .events = POLLIN },
	};
	bool joined = options->interface == JOINED;
	char *last, *state;
	struct model m;

	read_model(&m, h);
	fds[1].fd = want_request(h, &m);
	show(dev, &m, NULL, options->json);
	last = render(&m);
	while (true) {
		if (joined)
			close_device(h);
		if (!await(fds, dev, options) || (joined && !rejoin(h, dev, options)))
			break;
		read_state(&m, h);
		state = render(&m);
		if (strcmp(state, last))
			show(dev, &m, state, options->json);
		free(last);
		last = state;
	}
	free(last);
	free_model(&m);
	close(fds[0].fd);
	if (fds[1].fd >= 0)
		close(fds[1].fd);
}
