// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers that are plain memory.
 *
 * A BAR of this bus is memory that its driver maps: no access to it is seen.  A thread
 * looks at the registers that start something, as a driver writes them last
 * (enum softpci_kick).  When one of them differs from the value that was shown
 * last, the thread hands all that differ to the model, and shows the new values.
 * What follows from that for a protocol: a value that is written again is not seen,
 * and a driver that reads directly after a write may get the old value.
 *
 * The thread looks at functions that can do DMA: with Bus Master, memory decoding and
 * in D0.  So a driver that does not use its function costs nothing; if it does, the
 * thread looks without a pause for a moment (HOT_NS), and then at intervals that grow
 * with the time since: it adds a fraction to the time that the driver itself takes.
 *
 * The thread also sends messages that were held back, after changes in config space:
 * these come in any context.
 */
#include <linux/cleanup.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "internal.h"

/*
 * After a driver did something, the next thing is awaited without a pause, but not for
 * long: a driver that writes now and then must not occupy a CPU of the host.
 */
#define HOT_NS		(50 * NSEC_PER_USEC)
/*
 * Nor is one that does so all the time: this much of each period.  In the rest of it, a
 * pause is as long as the look before it at least, so that a quarter of a CPU is left
 * where looks take long.
 */
#define PERIOD_NS	(10 * NSEC_PER_MSEC)
#define MAX_HOT_NS	(5 * NSEC_PER_MSEC)
/* The intervals after that: a part of the time since, and not longer than this. */
#define PAUSE_PART	8
#define MIN_PAUSE_NS	(20 * NSEC_PER_USEC)
#define MAX_PAUSE_NS	(500 * NSEC_PER_USEC)
/* But on a slow machine, looks are not to take more than this part of a CPU. */
#define LOOK_PART	32
#define MAX_SLOW_PAUSE_NS (10 * NSEC_PER_MSEC)

/**
 * struct softpci_polled - a register
 * @area: the area that it is in
 * @pos: its place there
 * @width: in bytes
 * @kick: SOFTPCI_KICK_*
 * @read_only: nothing that a driver writes goes to the model
 * @at: where a driver sees it
 * @shadow: its value there, as far as is known
 * @kicked: a driver has written @shadow, and the model was not told yet
 */
struct softpci_polled {
	const struct softpci_area *area;
	u32 pos;
	u8 width;
	u8 kick;
	bool read_only;
	void __iomem *at;
	u64 shadow;
	bool kicked;
};

static struct task_struct *poll_task;
static LIST_HEAD(poll_list);
/* Protects the list; outside of softpci_device.lock. */
static DEFINE_MUTEX(poll_lock);
static bool poll_woken;

static u64 load(const struct softpci_polled *reg)
{
	switch (reg->width) {
	case 1:
		return readb(reg->at);
	case 2:
		return readw(reg->at);
	case 4:
		return readl(reg->at);
	default:
		return readq(reg->at);
	}
}

static void store(const struct softpci_polled *reg, u64 val)
{
	switch (reg->width) {
	case 1:
		writeb(val, reg->at);
		break;
	case 2:
		writew(val, reg->at);
		break;
	case 4:
		writel(val, reg->at);
		break;
	default:
		writeq(val, reg->at);
	}
}

/* Unless a driver has written meanwhile: its value is looked at next time. */
static bool store_over(const struct softpci_polled *reg, u64 old, u64 val)
{
	void *at = (void __force *)reg->at;

	switch (reg->width) {
	case 1:
		return cmpxchg((u8 *)at, old, val) == (u8)old;
	case 2:
		return cmpxchg((u16 *)at, old, val) == (u16)old;
	case 4:
		return cmpxchg((u32 *)at, old, val) == (u32)old;
	default:
		return cmpxchg((u64 *)at, old, val) == old;
	}
}

static u64 model_read(struct softpci_function *fn,
		      const struct softpci_polled *reg)
{
	__le64 val = 0;

	reg->area->ops->read(fn->dev, reg->area, reg->pos, (u8 *)&val,
			     reg->width);
	return le64_to_cpu(val);
}

/* A value that the model refuses is shown as it was. */
static void model_write(struct softpci_function *fn,
			const struct softpci_polled *reg, u64 val)
{
	__le64 le = cpu_to_le64(val);

	reg->area->ops->write(fn->dev, reg->area, reg->pos, (u8 *)&le,
			      reg->width);
}

static void show_locked(struct softpci_function *fn, struct softpci_polled *reg)
{
	u64 val = model_read(fn, reg);

	if (reg->kick) {
		if (val != reg->shadow && store_over(reg, reg->shadow, val))
			reg->shadow = val;
	} else if (val != reg->shadow || (reg->read_only && val != load(reg))) {
		store(reg, val);
		reg->shadow = val;
	}
}

/* The registers are in the order in which they are to be seen. */
static void show_all_locked(struct softpci_function *fn)
{
	unsigned int i;

	lockdep_assert_held(&fn->dev->lock);
	for (i = 0; i < fn->nr_polled; i++)
		show_locked(fn, &fn->polled[i]);
}

static void keep_hot(struct softpci_function *fn)
{
	WRITE_ONCE(fn->active, ktime_get());
}

/**
 * softpci_poll_publish() - show the registers of a function
 * @fn: the function, lock of its device held; its registers may have changed
 */
void softpci_poll_publish(struct softpci_function *fn)
{
	/* The model is reset before the rest of the function is there. */
	if (!fn->nr_polled)
		return;
	show_all_locked(fn);
	/* A driver that waited for that goes on. */
	keep_hot(fn);
	softpci_poll_wake();
}

static bool is_kicked(const struct softpci_function *fn)
{
	unsigned int i;

	for (i = 0; i < fn->nr_polled; i++)
		if (fn->polled[i].kick &&
		    load(&fn->polled[i]) != fn->polled[i].shadow)
			return true;
	return false;
}

/* Takes a value that a driver has written; false: there is none. */
static bool take_written_locked(struct softpci_polled *reg)
{
	u64 val = load(reg);

	if (val == reg->shadow)
		return false;
	reg->shadow = val;
	return true;
}

/* Tells the model of kicks of one kind. */
static void kick_locked(struct softpci_function *fn, u8 kick)
{
	unsigned int i;

	for (i = 0; i < fn->nr_polled; i++) {
		struct softpci_polled *reg = &fn->polled[i];

		if (reg->kick == kick && reg->kicked) {
			reg->kicked = false;
			model_write(fn, reg, reg->shadow);
		}
	}
}

static bool is_in_use(const struct softpci_function *fn)
{
	u16 command = softpci_function_command(fn);

	/* Not in a reset, nor pulled out. */
	if (READ_ONCE(fn->state))
		return false;
	if (!(command & PCI_COMMAND_MASTER) || !softpci_function_in_d0(fn))
		return false;
	return fn->pf ? softpci_sriov_decodes(fn) :
			command & PCI_COMMAND_MEMORY;
}

/*
 * Registers that start something are looked at first: all that a driver wrote before
 * is seen afterwards.  The model is told of them last, of doorbells before commands:
 * a driver waits for a command, so that what it wrote besides is older.
 */
static void poll_registers(struct softpci_function *fn)
{
	unsigned int i;

	if (!is_kicked(fn))
		return;
	guard(softpci)(fn->dev);
	/* A reset, which takes back what a driver has written, can come before. */
	if (!is_in_use(fn))
		return;
	for (i = 0; i < fn->nr_polled; i++)
		if (fn->polled[i].kick)
			fn->polled[i].kicked = take_written_locked(&fn->polled[i]);
	for (i = 0; i < fn->nr_polled; i++) {
		struct softpci_polled *reg = &fn->polled[i];

		if (!reg->kick && !reg->read_only && take_written_locked(reg))
			model_write(fn, reg, reg->shadow);
	}
	kick_locked(fn, SOFTPCI_KICK_DOORBELL);
	kick_locked(fn, SOFTPCI_KICK_COMMAND);
	show_all_locked(fn);
	keep_hot(fn);
}

/* A driver that changes config space goes on with registers. */
static void handle_written_config(struct softpci_function *fn)
{
	if (!xchg(&fn->config_written, false))
		return;
	keep_hot(fn);
	softpci_function_unmasked(fn);
}

/*
 * One look at all functions.  Returns whether any is in use, and since when nothing
 * was done to these.
 */
static bool poll_all(ktime_t *active)
{
	struct softpci_function *fn;
	bool in_use = false;

	*active = 0;
	guard(mutex)(&poll_lock);
	list_for_each_entry(fn, &poll_list, poll_node) {
		if (READ_ONCE(fn->config_written))
			handle_written_config(fn);
		if (!is_in_use(fn))
			continue;
		if (fn->nr_polled)
			poll_registers(fn);
		/* Masks of MSI-X are in a BAR as well. */
		if (READ_ONCE(fn->nr_pending))
			softpci_function_unmasked(fn);
		if (!fn->nr_polled && !fn->nr_pending)
			continue;
		in_use = true;
		*active = max(*active, READ_ONCE(fn->active));
	}
	return in_use;
}

/*
 * Sleeps until softpci_poll_wake(), but for @shortest nanoseconds at least, or for @pause,
 * 0: without end.
 */
static void rest(s64 shortest, s64 pause)
{
	ktime_t end = ktime_add_ns(ktime_get(), shortest);
	ktime_t timeout = ns_to_ktime(pause);

	set_current_state(TASK_IDLE);
	if (!xchg(&poll_woken, false) && !kthread_should_stop())
		schedule_hrtimeout_range(pause ? &timeout : NULL, pause / 4,
					 HRTIMER_MODE_REL);
	__set_current_state(TASK_RUNNING);
	while (ktime_before(ktime_get(), end)) {
		set_current_state(TASK_IDLE);
		schedule_hrtimeout_range(&end, shortest / 4, HRTIMER_MODE_ABS);
	}
}

/**
 * struct heat - the time that the thread has looked without a pause
 * @period: when the present period began
 * @spent: in it, in nanoseconds
 * @last: when it looked last
 */
struct heat {
	ktime_t period;
	s64 spent;
	ktime_t last;
};

/* May it look again at once, at @now? */
static bool may_be_hot(struct heat *heat, ktime_t now)
{
	/* The look that ends in a period belongs to it, however long it took. */
	if (ktime_to_ns(ktime_sub(now, heat->period)) >= PERIOD_NS) {
		heat->period = now;
		heat->spent = 0;
	}
	heat->spent += ktime_to_ns(ktime_sub(now, heat->last));
	heat->last = now;
	return heat->spent < MAX_HOT_NS;
}

/* How long to wait in any case after a look that took @look. */
static s64 shortest_pause(s64 look)
{
	return clamp(look, MIN_PAUSE_NS, MAX_SLOW_PAUSE_NS);
}

/* The same, and @idle nothing was done, if nothing is either while it waits. */
static s64 pause_after(s64 idle, s64 look)
{
	s64 longest = clamp(look * LOOK_PART, MAX_PAUSE_NS, MAX_SLOW_PAUSE_NS);

	return clamp(idle / PAUSE_PART, shortest_pause(look), longest);
}

static int poll_thread(void *unused)
{
	struct heat heat = {};
	ktime_t active, begin, now;
	s64 idle, look;

	while (!kthread_should_stop()) {
		begin = ktime_get();
		if (!poll_all(&active)) {
			rest(0, 0);
			heat.last = ktime_get();
			continue;
		}
		now = ktime_get();
		idle = ktime_to_ns(ktime_sub(now, active));
		/* Not the time that others had on this CPU before. */
		look = ktime_to_ns(ktime_sub(now, begin));
		if (idle < HOT_NS && may_be_hot(&heat, now)) {
			/* The job may be on this CPU. cond_resched() may do nothing. */
			schedule();
			continue;
		}
		rest(shortest_pause(look), pause_after(idle, look));
		heat.last = ktime_get();
	}
	return 0;
}

/**
 * softpci_poll_wake() - have the thread look soon
 *
 * Context: any, also with locks held that are never preempted.
 */
void softpci_poll_wake(void)
{
	if (!xchg(&poll_woken, true))
		wake_up_process(poll_task);
}

/**
 * softpci_poll_vectors() - a driver sets up messages
 * @fn: the function
 *
 * Context: process, may sleep.
 */
void softpci_poll_vectors(struct softpci_function *fn)
{
	const struct softpci_ops *ops = fn->dev->model->ops;

	guard(softpci)(fn->dev);
	if (ops->config)
		ops->config(fn->dev, SOFTPCI_CONFIG_VECTORS);
	show_all_locked(fn);
}

/**
 * softpci_poll_reset() - show all registers, and forget what a driver has written
 * @fn: the function, in a reset; nothing writes to its BARs
 *
 * Context: process.
 */
void softpci_poll_reset(struct softpci_function *fn)
{
	unsigned int i;

	guard(softpci)(fn->dev);
	for (i = 0; i < fn->nr_polled; i++) {
		struct softpci_polled *reg = &fn->polled[i];

		reg->shadow = model_read(fn, reg);
		reg->kicked = false;
		store(reg, reg->shadow);
	}
}

/* In which turn a register is shown, see enum softpci_kick. */
static unsigned int turn_of(const struct softpci_reg *reg)
{
	if (reg->kick == SOFTPCI_KICK_COMMAND)
		return 2;
	return reg->read_only || (!reg->field && !reg->write) ? 1 : 0;
}

#define NR_TURNS	3

/* Adds the registers of an area that have their turn; without @polled, counts them. */
static unsigned int add_area(struct softpci_polled *polled,
			     const struct softpci_area *area, void __iomem *kva,
			     unsigned int turn)
{
	unsigned int i, j, nr = 0;

	for (i = 0; i < area->nr_regs; i++) {
		const struct softpci_reg *reg = &area->regs[i];

		if (turn_of(reg) != turn)
			continue;
		for (j = 0; j < (reg->count ?: 1); j++, nr++) {
			u32 pos = reg->offset + j * reg->width;

			if (!polled)
				continue;
			polled[nr] = (struct softpci_polled) {
				.area = area,
				.pos = pos,
				.width = reg->width,
				.kick = reg->kick,
				.read_only = turn == 1,
				.at = kva + area->offset + pos,
			};
		}
	}
	return nr;
}

static unsigned int add_turns(struct softpci_function *fn,
			      struct softpci_polled *polled)
{
	const struct softpci_layout *layout = fn->layout;
	unsigned int turn, i, j, nr = 0;

	for (turn = 0; turn < NR_TURNS; turn++) {
		for (i = 0; i < layout->nr_windows; i++) {
			const struct softpci_window *win = &layout->window[i];

			for (j = 0; win->bar && j < win->nr_areas; j++) {
				if (win->areas[j].ops != &softpci_regs_ops)
					continue;
				nr += add_area(polled ? polled + nr : NULL,
					       &win->areas[j],
					       fn->bar[win->index].kva, turn);
			}
		}
	}
	return nr;
}

/**
 * softpci_poll_add() - look at the registers of a function
 * @fn: the function, with its BARs
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int softpci_poll_add(struct softpci_function *fn)
{
	unsigned int nr = add_turns(fn, NULL);

	if (nr) {
		fn->polled = kvcalloc(nr, sizeof(*fn->polled), GFP_KERNEL);
		if (!fn->polled)
			return -ENOMEM;
		add_turns(fn, fn->polled);
		scoped_guard(softpci, fn->dev) {
			fn->nr_polled = nr;
			show_all_locked(fn);
		}
	}
	guard(mutex)(&poll_lock);
	list_add_tail(&fn->poll_node, &poll_list);
	return 0;
}

/**
 * softpci_poll_remove() - undo softpci_poll_add()
 * @fn: the function, which the PCI core does not know any more
 *
 * Context: process, may sleep.
 */
void softpci_poll_remove(struct softpci_function *fn)
{
	scoped_guard(mutex, &poll_lock)
		list_del_init(&fn->poll_node);
	scoped_guard(softpci, fn->dev)
		fn->nr_polled = 0;
	kvfree(fn->polled);
	fn->polled = NULL;
}

/**
 * softpci_poll_init() - start the thread
 *
 * Return: 0 or -ENOMEM.
 */
int __init softpci_poll_init(void)
{
	poll_task = kthread_run(poll_thread, NULL, "softpci-poll");
	return PTR_ERR_OR_ZERO(poll_task);
}

/** softpci_poll_exit() - undo softpci_poll_init(), when all functions are gone */
void softpci_poll_exit(void)
{
	kthread_stop(poll_task);
}

/* KUnit tests of the static functions above. */
#if IS_ENABLED(CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST)
#include "../tests/kunit/host-poll.c"
#endif
