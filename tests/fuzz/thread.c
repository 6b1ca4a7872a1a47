// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread's life, that of the processes it forks off, and memory that is not
 * what it seems.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/drm.h"
#include "fuzz.h"

#define PAGE		4096UL
/* A child that is not reaped leaves by itself after so many looks around. */
#define LOOKS		20
#define LOOK_MS		10

__thread sigjmp_buf fault_jump;
__thread volatile bool fault_expected;

static void on_fault(int sig)
{
	if (fault_expected)
		siglongjmp(fault_jump, 1);
	/* Ours: let it end the process, which fails the run. */
	signal(sig, SIG_DFL);
}

void faults_init(void)
{
	/* The mask stays as it is, so that to jump out costs no system call. */
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	check_eq(sys(sigaction(SIGSEGV, &action, NULL)), 0);
	check_eq(sys(sigaction(SIGBUS, &action, NULL)), 0);
	check(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
}

/*
 * The thread's own memory: a buffer that nothing follows, and then, a page
 * each with a hole behind it, one that is read-only, one without access, one
 * of a file that is too short, one that is thrown away before each use.
 */
enum { READ_ONLY, NO_ACCESS, SHORT_FILE, THROWN_AWAY, NR_ODD };

static u8 *odd_page(struct thread *t, unsigned int i)
{
	return t->buffer + BUFFER_SIZE + PAGE + 2 * i * PAGE;
}

static void make_buffers(struct thread *t)
{
	const size_t size = BUFFER_SIZE + PAGE + 2 * NR_ODD * PAGE;
	unsigned int i;

	t->buffer = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(t->buffer != MAP_FAILED);
	check_eq(sys(mprotect(t->buffer, BUFFER_SIZE, PROT_READ | PROT_WRITE)), 0);
	for (i = 0; i < NR_ODD; i++)
		check_eq(sys(mprotect(odd_page(t, i), PAGE, i == NO_ACCESS ? PROT_NONE :
				      i == READ_ONLY ? PROT_READ : PROT_READ | PROT_WRITE)), 0);
	t->file = memfd_create("fuzz", MFD_CLOEXEC);
	check(t->file >= 0);
	check(mmap(odd_page(t, SHORT_FILE), PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, t->file, PAGE) != MAP_FAILED);
}

void *user_buffer(struct thread *t, u64 kind, size_t len)
{
	switch (kind) {
	case 1:		/* all of it, and then no more */
		return t->buffer + BUFFER_SIZE - (len < BUFFER_SIZE ? len : BUFFER_SIZE);
	case 2:		/* half of it */
		return t->buffer + BUFFER_SIZE - (len < BUFFER_SIZE ? len / 2 : BUFFER_SIZE / 2);
	case 3:
		return NULL;
	case 4:
		return (void *)0xffff888000100000;
	case 5:		/* wraps round */
		return (void *)-16L;
	case 6:
		return (void *)0x0123456789abcdef;
	case 7:
		return odd_page(t, READ_ONLY);
	case 8:
		return odd_page(t, NO_ACCESS);
	case 9:
		return odd_page(t, SHORT_FILE);
	case 10:
	case 11:
		madvise(odd_page(t, THROWN_AWAY), PAGE, MADV_DONTNEED);
		return odd_page(t, THROWN_AWAY);
	case 12:
		return t->buffer + 1;
	case 13 ... 19:	/* memory of a device, this one's or another's, if it is mapped */
		return map_addr(t, kind - 13) + (kind & 1 ? 0 : PAGE - 3);
	default:
		return t->buffer;
	}
}

void *user_data(struct thread *t, u64 kind, const void *data, size_t len)
{
	void *user = user_buffer(t, kind, len);

	touch(memcpy(user, data, len));
	return user;
}

void thread_init(struct thread *t, unsigned int nr)
{
	unsigned int i;

	t->nr = nr;
	for (i = 0; i < NR_KINDS; i++)
		t->fd[i] = -1;
	for (i = 0; i < NR_BUFS; i++)
		t->buf[i] = -1;
	for (i = 0; i < NR_MIGS; i++)
		t->mig[i] = -1;
	for (i = 0; i < NR_EVENTS; i++) {
		t->event[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		check(t->event[i] >= 0);
	}
	check_eq(sys(pipe2(t->pipe, O_NONBLOCK | O_CLOEXEC)), 0);
	t->vgem = __vgem_open();
	make_buffers(t);
}

static long child_reap(struct child *child)
{
	int status;

	if (!child->pid)
		return -ECHILD;
	close(child->end);
	waitpid(child->pid, &status, 0);
	child->pid = 0;
	/* It has no checks: if it was killed, then by what it did to the devices. */
	return WIFEXITED(status) ? 0 : -WTERMSIG(status);
}

long op_reap(struct thread *t, const u64 *arg)
{
	return t->is_child ? -ECHILD : child_reap(&t->child[arg[0] % NR_CHILDREN]);
}

/*
 * The child goes on with files and mappings of its parent's, then keeps them for
 * a while.  No other thread of the program is in it: nothing in it may take
 * locks that they had.
 */
static void child_run(struct thread *t, u64 steps, u64 seed, int end)
{
	struct pollfd over = { .fd = end };
	struct stream stream;
	struct step step;
	int looks = LOOKS;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	t->is_child = true;
	stream_init(&stream, seed, 0, t->stream.types);
	while (steps--) {
		stream_next(&stream, &step);
		thread_do(t, &step);
	}
	while (looks-- && !shared->leaving && !shared->stop && !poll(&over, 1, LOOK_MS))
		;
	_exit(0);
}

long op_fork(struct thread *t, const u64 *arg)
{
	struct child *child = &t->child[arg[1] % NR_CHILDREN];
	int ends[2];

	if (t->is_child)
		return -EPERM;
	child_reap(child);
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	child->pid = call(t, fork());
	if (!child->pid) {
		close(ends[1]);
		child_run(t, arg[0] % 64, arg[1], ends[0]);
	}
	close(ends[0]);
	child->end = ends[1];
	if (child->pid < 0) {
		close(ends[1]);
		child->pid = 0;
		return -EAGAIN;
	}
	atomic_fetch_add(&shared->children, 1);
	return 0;
}

void judge(struct thread *t, bool ok, const char *what)
{
	if (ok || atomic_exchange(&shared->wrong, true))
		return;
	printf("fuzz: thread %u, step %lu: %s, by\n", t->nr, shared->steps[t->nr], what);
	step_print(stdout, &t->step);
	shared->stop = true;
}

long thread_do(struct thread *t, const struct step *step)
{
	long ret;

	if (shared->leaving)
		devices_close_leaving(t);
	t->step = *step;
	ret = step->op->run(t, step->arg);
	cover_collect(t);
	if (!t->is_child)
		atomic_fetch_add_explicit(&shared->steps[t->nr], 1, memory_order_relaxed);
	return ret;
}

void thread_exit(struct thread *t)
{
	unsigned int i;

	for (i = 0; i < NR_CHILDREN; i++)
		child_reap(&t->child[i]);
	for (i = 0; i < NR_MAPS; i++)
		munmap(map_addr(t, i), MAP_SPACE);
	for (i = 0; i < NR_KINDS; i++)
		device_close(t, i);
	for (i = 0; i < NR_BUFS; i++)
		if (t->buf[i] >= 0)
			close(t->buf[i]);
	for (i = 0; i < NR_MIGS; i++)
		if (t->mig[i] >= 0)
			close(t->mig[i]);
	cover_collect(t);
}
