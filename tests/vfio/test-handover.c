// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings and descriptors in other hands: of children, of processes that
 * outlive the one that opened the device, in another place of the address
 * space.  All of it shows the page of the memory that it showed before.
 */
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/bochs.h"
#include "../lib/cases.h"
#include "../lib/gfx.h"
#include "../lib/irq.h"
#include "../lib/race.h"
#include "../lib/uart.h"

#define PAGE	4096
#define PAGES	128

/* Each page says which one it is. */
static void number_pages(struct env *env)
{
	u64 i;

	for (i = 0; i < PAGES; i++)
		reg_put(&env->dev, VRAM_BAR, i * PAGE, 8, i);
}

static void expect_pages(const u8 *map, u64 first, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		note("page %u of the mapping", i);
		check_eq(*(const volatile u64 *)(map + i * PAGE), first + i);
	}
}

/* A mapping of all numbered pages, not yet touched: of the BAR, or of a dma-buf. */
static u8 *map_pages(struct env *env, bool dmabuf)
{
	u8 *map;

	number_pages(env);
	if (!dmabuf)
		return region_map(&env->dev, VRAM_BAR, 0, PAGES * PAGE);
	dispi_show(&env->dev, 1024, PAGES);
	map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		   dmabuf_get(&env->dev, plane_query(&env->dev, DMABUF).dmabuf_id), 0);
	check(map != MAP_FAILED);
	return map;
}

static void each_mapping(struct env *env, void (*expect)(u8 *map))
{
	expect(map_pages(env, false));
	if (env->model->bit & MBOCHS)
		expect(map_pages(env, true));
}

static void expect_parts(u8 *map)
{
	check_eq(sys(munmap(map + 60 * PAGE, 8 * PAGE)), 0);
	check_eq(sys(mprotect(map + 30 * PAGE, 4 * PAGE, PROT_READ)), 0);
	check_eq(sys(mprotect(map + 90 * PAGE, PAGE, PROT_NONE)), 0);
	expect_pages(map, 0, 60);
	expect_pages(map + 68 * PAGE, 68, 22);
	expect_pages(map + 91 * PAGE, 91, PAGES - 91);
	check_eq(sys(mprotect(map + 90 * PAGE, PAGE, PROT_READ | PROT_WRITE)), 0);
	expect_pages(map + 90 * PAGE, 90, 1);
}

static void parts_of_a_mapping_show_their_pages(struct env *env)
{
	each_mapping(env, expect_parts);
}

static void expect_moved(u8 *map)
{
	u8 *to = mmap(NULL, 2 * PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(to != MAP_FAILED);
	/* From the middle, and once more from there; touched only then. */
	check(mremap(map + 40 * PAGE, 20 * PAGE, 20 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		     to) == to);
	check(mremap(to + 10 * PAGE, 10 * PAGE, 10 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		     to + PAGES * PAGE) == to + PAGES * PAGE);
	expect_pages(to, 40, 10);
	expect_pages(to + PAGES * PAGE, 50, 10);
	expect_pages(map, 0, 40);
	expect_pages(map + 60 * PAGE, 60, PAGES - 60);
	/* And shrunk. */
	check(mremap(map, 40 * PAGE, 3 * PAGE, 0) == map);
	expect_pages(map, 0, 3);
}

static void a_moved_mapping_shows_the_same_pages(struct env *env)
{
	each_mapping(env, expect_moved);
}

static void expect_locked(u8 *map)
{
	check_eq(sys(mlock(map + 10 * PAGE, 20 * PAGE)), 0);
	expect_pages(map, 0, PAGES);
	check_eq(sys(munmap(map + 15 * PAGE, PAGE)), 0);
	check_eq(sys(munlock(map + 16 * PAGE, 10 * PAGE)), 0);
	expect_pages(map + 16 * PAGE, 16, PAGES - 16);
	check_eq(sys(madvise(map + 16 * PAGE, 10 * PAGE, MADV_DONTNEED)), 0);
	expect_pages(map + 16 * PAGE, 16, PAGES - 16);
}

static void a_locked_mapping_shows_the_same_pages(struct env *env)
{
	each_mapping(env, expect_locked);
}

static int touch(void *page)
{
	return *(volatile u8 *)page;
}

static void expect_no_fork(u8 *map)
{
	int status;

	check_eq(sys(madvise(map + 8 * PAGE, 8 * PAGE, MADV_DONTFORK)), 0);
	check(child_ended(child_start(touch, map + 8 * PAGE), WAIT_MS, &status));
	check(WIFSIGNALED(status));
	check_eq(WTERMSIG(status), SIGSEGV);
	check(child_ended(child_start(touch, map + 16 * PAGE), WAIT_MS, &status));
	check(WIFEXITED(status));
	check_eq(WEXITSTATUS(status), 16);
	expect_pages(map, 0, PAGES);
}

static void a_child_does_not_get_what_it_shall_not_have(struct env *env)
{
	each_mapping(env, expect_no_fork);
}

/*
 * A process that outlives the one that it is from: it goes on when that has
 * ended, and says by a byte that all was well.
 */
struct heir {
	void (*run)(void *arg);
	void *arg;
	int go[2], well[2];
};

static int heir_main(void *arg)
{
	struct heir *h = arg;
	char byte;

	close(h->go[1]);
	/* The end of the file: the other end is closed in all processes. */
	check_eq(sys(read(h->go[0], &byte, 1)), 0);
	h->run(h->arg);
	check_eq(sys(write(h->well[1], "", 1)), 1);
	return 0;
}

static int parent_main(void *arg)
{
	child_start(heir_main, arg);
	return 0;
}

/* Started by a process that ends at once; @drop is what the case itself has of it. */
static void heir_run(struct heir *h, void (*drop)(void *arg))
{
	struct pollfd well;
	char byte;

	check_eq(sys(pipe(h->go)), 0);
	check_eq(sys(pipe(h->well)), 0);
	child_join(child_start(parent_main, h));
	drop(h->arg);
	close(h->go[0]);
	close(h->go[1]);
	close(h->well[1]);
	well = (struct pollfd){ .fd = h->well[0], .events = POLLIN };
	check_eq(poll(&well, 1, WAIT_MS), 1);
	if (read(h->well[0], &byte, 1) != 1)
		_exit(EXIT_FAILED);	/* it has said why */
	close(h->well[0]);
}

struct inherited {
	struct env *env;
	u8 *map;
};

static void inherit_mapping(void *arg)
{
	struct inherited *i = arg;

	vfio_close(&i->env->dev);
	expect_pages(i->map, 0, PAGES);
	i->map[PAGE] = 0x99;
	check_eq(i->map[PAGE], 0x99);
	check_eq(sys(munmap(i->map, PAGES * PAGE)), 0);
}

static void drop_mapping(void *arg)
{
	struct inherited *i = arg;

	vfio_close(&i->env->dev);
	check_eq(sys(munmap(i->map, PAGES * PAGE)), 0);
}

static void a_mapping_outlives_the_process_that_made_it(struct env *env)
{
	bool dmabuf;

	for (dmabuf = false;; dmabuf = true) {
		struct inherited i = { env, map_pages(env, dmabuf) };
		struct heir h = { .run = inherit_mapping, .arg = &i };

		heir_run(&h, drop_mapping);
		vfio_open(&env->dev, env->mdev.uuid, env->door);
		if (dmabuf || !(env->model->bit & MBOCHS))
			break;
	}
}

#define SCRATCH		0x42	/* in the interrupt line register */

/* Nothing but the descriptor of the device, as a VM gets it from its manager. */
static void send_fd(int to, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(fd))] = {};
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	check_eq(sys(sendmsg(to, &msg, 0)), 1);
}

static int receive_fd(int from)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd;

	check_eq(sys(recvmsg(from, &msg, MSG_CMSG_CLOEXEC)), 1);
	check(CMSG_FIRSTHDR(&msg));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

struct opener {
	struct env *env;
	int socket;
};

static int open_and_send(void *arg)
{
	const struct opener *o = arg;
	struct vfio v;

	vfio_open(&v, o->env->mdev.uuid, o->env->door);
	config_put(&v, PCI_INTERRUPT_LINE, 1, SCRATCH);
	send_fd(o->socket, v.fd);
	return 0;
}

/* In place of the device of the case, whose opener has ended when this returns. */
static void receive_device(struct env *env)
{
	struct opener o = { .env = env };
	int pair[2];

	vfio_close(&env->dev);
	check_eq(sys(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)), 0);
	o.socket = pair[1];
	child_join(child_start(open_and_send, &o));
	env->dev = (struct vfio){ .fd = receive_fd(pair[0]), .group = -1, .iommu = -1 };
	close(pair[0]);
	close(pair[1]);
}

static void a_device_works_by_a_descriptor_that_was_sent(struct env *env)
{
	unsigned int pmcsr;
	s32 event;

	receive_device(env);
	pmcsr = config_find_cap(&env->dev, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	check_eq(config_get(&env->dev, PCI_VENDOR_ID, 2), env->model->vendor);
	check_eq(config_get(&env->dev, PCI_INTERRUPT_LINE, 1), SCRATCH);
	if (env->model->bit & DISPLAYS)
		each_mapping(env, expect_parts);
	irq_enable(&env->dev, REQ, 1, &event);
	irq_do(&env->dev, REQ, TRIGGER, 0);
	check_eq(event_take(event), 1);
	if (env->model->pin) {
		irq_enable(&env->dev, INTX, 1, &event);
		uart_raise(&env->dev, PORT_1);
		check_eq(event_take(event), 1);
	}
	/* State that a reset does not keep, here D3hot. */
	config_put(&env->dev, pmcsr, 2, 3);
	check_eq(config_get(&env->dev, pmcsr, 2) & PCI_PM_CTRL_STATE_MASK, 3);
	vfio_reset(&env->dev);
	check_eq(config_get(&env->dev, pmcsr, 2) & PCI_PM_CTRL_STATE_MASK, 0);
	check_eq(config_get(&env->dev, PCI_INTERRUPT_LINE, 1), SCRATCH);
}

static void the_last_descriptor_closes_the_device(struct env *env)
{
	int last, pair[2];

	receive_device(env);
	last = dup(env->dev.fd);
	check(last >= 0);
	vfio_close(&env->dev);
	env->dev.fd = last;
	check_eq(config_get(&env->dev, PCI_INTERRUPT_LINE, 1), SCRATCH);

	/* On the way in a socket is as good as open. */
	check_eq(sys(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)), 0);
	send_fd(pair[1], env->dev.fd);
	vfio_close(&env->dev);
	env->dev.fd = receive_fd(pair[0]);
	check_eq(config_get(&env->dev, PCI_INTERRUPT_LINE, 1), SCRATCH);
	vfio_close(&env->dev);
	vfio_open(&env->dev, env->mdev.uuid, env->door);
	check_eq(config_get(&env->dev, PCI_INTERRUPT_LINE, 1), 0);
}

/* Not in a thread: a process that waits for itself to close it cannot be ended. */
static int remove_env(void *arg)
{
	const struct env *env = arg;

	/* The one that this process has from its parent. */
	vfio_close((struct vfio *)&env->dev);
	mdev_remove(&env->mdev);
	return 0;
}

static void removal_waits_for_a_descriptor_that_was_sent(struct env *env)
{
	pid_t removing;
	int status;
	s32 req;

	receive_device(env);
	irq_enable(&env->dev, REQ, 1, &req);
	removing = child_start(remove_env, env);
	event_wait(req);
	check_eq(config_get(&env->dev, PCI_VENDOR_ID, 2), env->model->vendor);
	check(!child_ended(removing, 0, &status));
	vfio_close(&env->dev);
	child_join(removing);
	check(!mdev_exists(&env->mdev));
}

const struct test_case cases[] = {
	CASE(parts_of_a_mapping_show_their_pages, DISPLAYS),
	CASE(a_moved_mapping_shows_the_same_pages, DISPLAYS),
	CASE(a_locked_mapping_shows_the_same_pages, MDPY_VGA | MBOCHS_SMALL),
	CASE(a_child_does_not_get_what_it_shall_not_have, MDPY_VGA | MBOCHS_SMALL),
	CASE(a_mapping_outlives_the_process_that_made_it, MDPY_VGA | MBOCHS_SMALL),
	CASE(a_device_works_by_a_descriptor_that_was_sent, EACH),
	CASE(the_last_descriptor_closes_the_device, EACH),
	CASE(removal_waits_for_a_descriptor_that_was_sent, EACH),
	{}
};
