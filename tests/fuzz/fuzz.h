/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer of the devices: many threads, each with a stream of steps of its own
 * that depends on the seed and the thread's number, and on nothing else.  What
 * a step works on - a device, a mapping, a dma-buf, an eventfd - it names by the
 * number of a slot of its thread, so the stream is the same whatever the other
 * threads do and whatever the kernel answers; only the answers may differ.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>

#include "../lib/mdev.h"
#include "../lib/models.h"
#include "../lib/pci.h"
#include "../lib/vfio.h"

#define MAX_THREADS	16
#define MAX_ARGS	8
#define MAX_SETUP	4

/* Kinds of devices: the mdev types, and behind them functions of the PCI bus in software. */
#define NR_FUNCTIONS	4
#define NR_KINDS	(NR_MODELS + NR_FUNCTIONS)
#define ENGINE		0x400
#define PLAIN		0x800
#define PHYSICAL	0x1000
#define VIRTUAL		0x2000
#define FUNCTIONS	(ENGINE | PLAIN | PHYSICAL | VIRTUAL)
/* Those with the registers of lib/ioat.h. */
#define ENGINES		(MIOAT | ENGINE | PHYSICAL | VIRTUAL)
#define EACH_KIND	(EACH | FUNCTIONS)

/* Slots of each thread: all that it can have of anything at a time. */
#define NR_MAPS		6
#define NR_BUFS		3
#define NR_EVENTS	6
#define NR_MIGS		2
#define NR_CHILDREN	2

struct thread;

/* Where random numbers come from, and what was drawn for this step so far. */
struct stream {
	u64 state[2];
	u64 seed;
	u64 nr;		/* of the step */
	unsigned int types;
	u64 dev, region, off;
};

/**
 * struct op - a kind of step
 * @name: as it is printed
 * @weight: how often it is drawn, among the weights of all
 * @run: does it; 0 or more, or -errno, for people to look at
 * @arg: names and generators of its arguments, in order
 */
struct op {
	const char *name;
	unsigned int weight;
	long (*run)(struct thread *t, const u64 *arg);
	struct {
		const char *name;
		u64 (*draw)(struct stream *s);
	} arg[MAX_ARGS];
};

struct step {
	const struct op *op;
	u64 arg[MAX_ARGS];
};

/* steps.c: the kinds of steps, drawn as random numbers say */
/* NULL: no kind of step has that name. */
extern const struct op dma_ops[];	/* dma-steps.c */
const struct op *op_named(const char *name, size_t len);
void stream_init(struct stream *s, u64 seed, u64 which, unsigned int types);
void stream_next(struct stream *s, struct step *step);
/* The first steps of all, which connect ports: impossible once devices are in use. */
unsigned int stream_setup(u64 seed, unsigned int types, struct step *steps);

/* text.c: steps as text */
void step_print(FILE *file, const struct step *step);
/* 0, or -EINVAL after it has said what is wrong; a line without a step has no op. */
int step_parse(const char *line, struct step *step);

/* What all processes of a run share. */
struct device {
	pthread_mutex_t lock;		/* users, vfio */
	pthread_cond_t unused;
	unsigned int users;		/* threads that have it open */
	struct vfio vfio;		/* what they opened it through */
	struct vfio_region_info region[MAX_REGIONS];
	char name[80];			/* for VFIO */
	struct mdev mdev;
	struct pci_function fn;		/* a function of the bus instead */
	unsigned int pmcsr, devctl;	/* registers in config space; 0: it has none */
	bool made;
	atomic_bool leaving;		/* all threads should let go of it */
};

struct shared {
	struct device device[NR_KINDS];
	atomic_uint leaving;		/* how many of them are */
	atomic_ulong steps[MAX_THREADS];
	atomic_ulong calls[MAX_THREADS + 1];	/* the last: of none of them */
	atomic_ulong removed, children, imports, races;
	atomic_bool stop;
	atomic_bool wrong;		/* an answer that must not be */
};

extern struct shared *shared;

struct child {
	pid_t pid;		/* 0: none */
	int end;		/* it ends when this does */
};

struct thread {
	pthread_t id;
	unsigned int nr;
	u64 calls;			/* it ends after so many; 0: never */
	atomic_bool waits;		/* for the others to come to their end */
	atomic_bool done;
	struct stream stream;
	struct step step;		/* what it is at */
	bool is_child;

	int fd[NR_KINDS];
	struct {
		int iommu;		/* as in struct vfio, which is not the child's */
		u32 ioas;
	} space[NR_KINDS];
	u32 dmabuf_id[NR_KINDS];
	int buf[NR_BUFS];
	int event[NR_EVENTS];
	int mig[NR_MIGS];		/* data files of migrations */
	int pipe[2];
	int file;			/* a short file */
	int vgem;			/* -1: this kernel has none */
	struct child child[NR_CHILDREN];
	u8 *buffer;			/* BUFFER_SIZE bytes, and behind them nothing */
	u64 *cover;			/* NULL: not measured */
};

#define BUFFER_SIZE	(64 * 1024)
/* Each mapping slot has its own part of the address space, used by no other. */
#define MAP_SPACE	0x40000000UL

static inline u8 *map_addr(const struct thread *t, u64 slot)
{
	return (u8 *)0x100000000000 + ((t->nr * NR_MAPS + slot % NR_MAPS) * 2) * MAP_SPACE;
}

/* A system call against what is tested: counted, and with its errno folded in. */
#define call(t, expr)							\
	({								\
		atomic_fetch_add_explicit(&shared->calls[(t)->nr], 1,	\
					  memory_order_relaxed);	\
		sys(expr);						\
	})

/* Memory may be anything: what faults in @code ends it. */
extern __thread sigjmp_buf fault_jump;
extern __thread volatile bool fault_expected;

#define touch(code)							\
	({								\
		bool ok_ = !sigsetjmp(fault_jump, 0);			\
									\
		if (ok_) {						\
			fault_expected = true;				\
			code;						\
		}							\
		fault_expected = false;					\
		ok_;							\
	})

/* What op_wire() writes, for "way"; there are others. */
#define WIRE_LOOPBACK	0
#define WIRE_CROSSED	1
#define WIRE_CABLE	2	/* "val": bit 0 which port, bit 1 which port there */

/* bus.c: functions of the PCI bus in software, as vfio-pci has them */
extern const struct model functions[NR_FUNCTIONS];

static inline const struct model *kind(u64 dev)
{
	return dev < NR_MODELS ? &models[dev] : &functions[dev - NR_MODELS];
}

/* NR_KINDS: there is none of that name. */
u64 kind_named(const char *name, size_t len);
/* Why there can be no functions here; NULL: there can. */
const char *bus_missing(void);
void function_make(u64 dev);
/*
 * Take a function away from its users, and have it again: unplugged, unbound from its
 * driver, or as @way says.  Nothing opens it meanwhile, nor those that go with it.
 */
void function_take(u64 dev, u64 way);
void function_return(u64 dev, u64 way, u64 val);
/* Another device that goes with it; NR_KINDS: none. */
u64 function_companion(u64 dev);
void function_spare(u64 val);
long function_attribute(struct thread *t, const u64 *arg);

/* device.c: devices, and threads that make and remove them while they are in use */
/* A file that is there or not: what open(2) or write(2) returned. */
long put_file(struct thread *t, const char *path, const char *val, size_t len);
void devices_make(enum door door, unsigned int types, const struct step *setup,
		  unsigned int nr_setup);
void devices_remove(void);
/* The thread's file of a device, opened if need be; -1: it cannot be had now. */
int device_fd(struct thread *t, u64 dev);
void device_close(struct thread *t, u64 dev);
/* Its container or IOAS, as lib/dma.h takes it. */
struct vfio device_space(struct thread *t, u64 dev);
void devices_close_leaving(struct thread *t);
u64 device_offset(u64 dev, u64 region, u64 off);
/* How many bytes there are from @off in the device's file to the end of its region. */
u64 device_room(u64 dev, u64 off, bool mappable);
void root_threads_start(void);
void root_threads_stop(void);
long op_close(struct thread *t, const u64 *arg);
long op_dup(struct thread *t, const u64 *arg);
long op_remove(struct thread *t, const u64 *arg);
long op_spare(struct thread *t, const u64 *arg);
long op_attribute(struct thread *t, const u64 *arg);
long op_wire(struct thread *t, const u64 *arg);
long op_pace(struct thread *t, const u64 *arg);

/* thread.c: a thread's life, and that of its children */
void thread_init(struct thread *t, unsigned int nr);
void thread_exit(struct thread *t);
long thread_do(struct thread *t, const struct step *step);
/* What has to be so whatever the steps are: stops the run if it is not. */
void judge(struct thread *t, bool ok, const char *what);
long op_fork(struct thread *t, const u64 *arg);
long op_reap(struct thread *t, const u64 *arg);
void faults_init(void);
/* A buffer to be named to the kernel, good or bad; @len bytes of it are wanted. */
void *user_buffer(struct thread *t, u64 kind, size_t len);
/* The same with something in it, as far as it can be written. */
void *user_data(struct thread *t, u64 kind, const void *data, size_t len);

/* ops.c: regions, ioctls, eventfds */
long device_get(struct thread *t, u64 dev, u64 region, u64 off, u64 len, void *val);
long device_put(struct thread *t, u64 dev, u64 region, u64 off, u64 len, u64 val);
long op_get(struct thread *t, const u64 *arg);
long op_set(struct thread *t, const u64 *arg);
long op_read(struct thread *t, const u64 *arg);
long op_write(struct thread *t, const u64 *arg);
long op_vector(struct thread *t, const u64 *arg);
long op_splice(struct thread *t, const u64 *arg);
long op_mode(struct thread *t, const u64 *arg);
long op_uart(struct thread *t, const u64 *arg);
long op_info(struct thread *t, const u64 *arg);
long op_region_info(struct thread *t, const u64 *arg);
long op_irq_info(struct thread *t, const u64 *arg);
long op_set_irqs(struct thread *t, const u64 *arg);
long op_reset(struct thread *t, const u64 *arg);
long op_feature(struct thread *t, const u64 *arg);
long op_wake(struct thread *t, const u64 *arg);
long op_plane(struct thread *t, const u64 *arg);
long op_dmabuf(struct thread *t, const u64 *arg);
long op_ioctl(struct thread *t, const u64 *arg);
long op_kick(struct thread *t, const u64 *arg);
long op_drain(struct thread *t, const u64 *arg);
long op_event(struct thread *t, const u64 *arg);

/* maps.c: mappings and dma-bufs */
long op_mmap(struct thread *t, const u64 *arg);
long op_buf_mmap(struct thread *t, const u64 *arg);
long op_munmap(struct thread *t, const u64 *arg);
long op_mprotect(struct thread *t, const u64 *arg);
long op_madvise(struct thread *t, const u64 *arg);
long op_mremap(struct thread *t, const u64 *arg);
long op_msync(struct thread *t, const u64 *arg);
long op_mlock(struct thread *t, const u64 *arg);
long op_remap_pages(struct thread *t, const u64 *arg);
long op_touch(struct thread *t, const u64 *arg);
long op_peek(struct thread *t, const u64 *arg);
long op_vmsplice(struct thread *t, const u64 *arg);
long op_buf_sync(struct thread *t, const u64 *arg);
long op_buf_ioctl(struct thread *t, const u64 *arg);
long op_buf_close(struct thread *t, const u64 *arg);
long op_buf_import(struct thread *t, const u64 *arg);
long op_buf_file(struct thread *t, const u64 *arg);

/* migration.c: states, data files, DMA logging */
long op_mig_state(struct thread *t, const u64 *arg);
long op_mig_read(struct thread *t, const u64 *arg);
long op_mig_write(struct thread *t, const u64 *arg);
long op_mig_file(struct thread *t, const u64 *arg);
long op_mig_close(struct thread *t, const u64 *arg);
long op_mig_copy(struct thread *t, const u64 *arg);
long op_mig_feature(struct thread *t, const u64 *arg);

/* dma.c: memory that devices reach by DMA, and engines that are at it */
/* What all devices of a run have, with that at address 0 when they are opened. */
#define ARENA		(64 * 4096UL)
#define ARENA_MAPPED	(16 * 4096UL)
extern u8 *arena;
void arena_make(void);
long op_dma_map(struct thread *t, const u64 *arg);
long op_dma_unmap(struct thread *t, const u64 *arg);
long op_iommu(struct thread *t, const u64 *arg);
long op_engine(struct thread *t, const u64 *arg);
long op_dma_race(struct thread *t, const u64 *arg);

/* cover.c: which code of the modules was reached */
int cover_init(void);
/* Of the thread that calls it, until it ends. */
void cover_thread(struct thread *t);
void cover_collect(struct thread *t);
unsigned long cover_count(void);
void cover_write(const char *path);

#endif /* FUZZ_H */
