// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client of the dmaengine API, for the guest: copies memory by DMA without a pause,
 * with DEPTH descriptors in flight on each channel. An interrupt says that a copy is
 * complete; then each byte of the target is compared, and those around it that nothing
 * may write to.
 *
 * It is told by /sys/module/dma_copy/parameters/channels
 *
 *	start NAME	copies on this channel, such as dma0chan0, without an end
 *	start NAME N	makes N copies
 *	stop NAME	starts no more copies, unless there are to be N, and returns when
 *			all are compared
 *	drop NAME	gives a channel back, on which nothing is copied
 *
 * and reading it gives a line for each channel that was started, and not dropped:
 *
 *	NAME copies COUNT bytes COUNT in flight COUNT STATE
 *
 * STATE is running, stopped or what is wrong, after which there are no more copies on that
 * channel. The module cannot be unloaded.
 */
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>

#define DEPTH		16
/* Source and target of a copy: some pages, which a copy may begin and end in the midst of */
#define AREA_ORDER	2
#define AREA_SIZE	(PAGE_SIZE << AREA_ORDER)
/* So many bytes before and behind the target are looked at; they keep this value. */
#define MARGIN		64
#define UNTOUCHED	0xe7
/* The guest may be slow: this much longer than it takes */
#define PATIENCE	(60 * HZ)

enum copy_state { IDLE, IN_FLIGHT, ENDED };

struct copy {
	struct channel *channel;
	u8 *source;
	u8 *target;
	dma_addr_t source_dma;
	dma_addr_t target_dma;
	u64 number;
	size_t from;		/* where in the source */
	size_t to;		/* where in the target */
	size_t length;
	enum dmaengine_tx_result result;
	enum copy_state state;
};

struct channel {
	struct list_head link;
	char name[32];
	struct dma_chan *chan;
	struct task_struct *thread;	/* NULL: stopped */
	wait_queue_head_t wait;
	struct copy copies[DEPTH];
	u64 begun;
	u64 limit;			/* of begun; 0: none */
	u64 compared;
	u64 bytes;
	char fault[120];
};

/* Under kernel_param_lock(), as are get and set of the parameter. */
static LIST_HEAD(channels);

static u8 pattern(u64 number, size_t at)
{
	return (number * 31 + at) * 0x9e3779b1u >> 24;
}

static void note_fault(struct channel *channel, const char *format, ...)
	__printf(2, 3);

static void note_fault(struct channel *channel, const char *format, ...)
{
	va_list args;

	/* The first one; it is also the flag that there was one. */
	if (channel->fault[0])
		return;
	va_start(args, format);
	vsnprintf(channel->fault, sizeof(channel->fault), format, args);
	va_end(args);
}

static void copy_ended(void *param, const struct dmaengine_result *result)
{
	struct copy *copy = param;
	struct channel *channel = copy->channel;

	copy->result = result ? result->result : DMA_TRANS_NOERROR;
	/* Read by the thread after the state. */
	smp_store_release(&copy->state, ENDED);
	wake_up(&channel->wait);
}

static void copy_unmap(struct copy *copy)
{
	struct device *dev = copy->channel->chan->device->dev;

	dma_unmap_single(dev, copy->source_dma, copy->length, DMA_TO_DEVICE);
	dma_unmap_single(dev, copy->target_dma, copy->length, DMA_FROM_DEVICE);
}

/* Another length and other places each time, from some bytes to nearly all of the area. */
static void copy_prepare(struct copy *copy)
{
	const size_t align = 1 << copy->channel->chan->device->copy_align;
	const size_t most = (AREA_SIZE / 2 - MARGIN) / align;
	const u64 n = copy->number = copy->channel->begun++;
	size_t i;

	copy->length = (1 + n * 61 % (n % 8 ? most / 16 : most)) * align;
	copy->from = n * 13 % most * align;
	copy->to = MARGIN + n * 29 % most * align;
	for (i = 0; i < copy->length; i++)
		copy->source[copy->from + i] = pattern(n, i);
	memset(copy->target + copy->to - MARGIN, UNTOUCHED, copy->length + 2 * MARGIN);
}

static bool copy_start(struct copy *copy)
{
	struct dma_chan *chan = copy->channel->chan;
	struct device *dev = chan->device->dev;
	struct dma_async_tx_descriptor *tx;

	copy_prepare(copy);
	copy->source_dma = dma_map_single(dev, copy->source + copy->from, copy->length,
					  DMA_TO_DEVICE);
	if (dma_mapping_error(dev, copy->source_dma))
		goto err;
	copy->target_dma = dma_map_single(dev, copy->target + copy->to, copy->length,
					  DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, copy->target_dma))
		goto err_source;
	tx = dmaengine_prep_dma_memcpy(chan, copy->target_dma, copy->source_dma,
				       copy->length, DMA_PREP_INTERRUPT | DMA_CTRL_ACK);
	if (!tx)
		goto err_target;
	tx->callback_result = copy_ended;
	tx->callback_param = copy;
	copy->state = IN_FLIGHT;
	if (!dma_submit_error(dmaengine_submit(tx)))
		return true;
	copy->state = IDLE;
err_target:
	dma_unmap_single(dev, copy->target_dma, copy->length, DMA_FROM_DEVICE);
err_source:
	dma_unmap_single(dev, copy->source_dma, copy->length, DMA_TO_DEVICE);
err:
	note_fault(copy->channel, "copy %llu cannot be started", copy->number);
	return false;
}

static void copy_compare(struct copy *copy)
{
	struct channel *channel = copy->channel;
	size_t i;
	u8 wanted;

	if (copy->result != DMA_TRANS_NOERROR) {
		note_fault(channel, "copy %llu failed with result %d", copy->number,
			   copy->result);
		return;
	}
	for (i = copy->to - MARGIN; i < copy->to + copy->length + MARGIN; i++) {
		wanted = i - copy->to < copy->length ?
			 pattern(copy->number, i - copy->to) : UNTOUCHED;
		if (copy->target[i] == wanted)
			continue;
		note_fault(channel, "copy %llu of %zu bytes to %zu: byte %zu is %02x, not %02x",
			   copy->number, copy->length, copy->to, i, copy->target[i], wanted);
		return;
	}
	channel->compared++;
	channel->bytes += copy->length;
}

static unsigned int count_state(const struct channel *channel, enum copy_state state)
{
	unsigned int i, count = 0;

	for (i = 0; i < DEPTH; i++)
		/* Pairs with copy_ended(). */
		count += smp_load_acquire(&channel->copies[i].state) == state;
	return count;
}

static void start_copies(struct channel *channel)
{
	unsigned int i;

	for (i = 0; i < DEPTH && !channel->fault[0]; i++) {
		if (channel->limit && channel->begun == channel->limit)
			break;
		if (channel->copies[i].state == IDLE && !copy_start(&channel->copies[i]))
			break;
	}
	dma_async_issue_pending(channel->chan);
}

static void compare_copies(struct channel *channel)
{
	unsigned int i;

	for (i = 0; i < DEPTH; i++) {
		/* Pairs with copy_ended(). */
		if (smp_load_acquire(&channel->copies[i].state) != ENDED)
			continue;
		copy_unmap(&channel->copies[i]);
		copy_compare(&channel->copies[i]);
		channel->copies[i].state = IDLE;
	}
}

static int work(void *data)
{
	struct channel *channel = data;
	bool stop;

	/* Always busy: most of the time of the guest's processor is for programs. */
	set_user_nice(current, 5);
	do {
		stop = channel->limit ? channel->begun == channel->limit :
					kthread_should_stop();
		if (!stop)
			start_copies(channel);
		while (count_state(channel, IDLE) < DEPTH) {
			if (!wait_event_timeout(channel->wait, count_state(channel, ENDED),
						PATIENCE)) {
				note_fault(channel, "%u copies do not end",
					   count_state(channel, IN_FLIGHT));
				break;
			}
			compare_copies(channel);
			if (!stop && !channel->fault[0])
				break;
		}
	} while (!stop && !channel->fault[0]);

	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

static bool has_name(struct dma_chan *chan, void *name)
{
	return !strcmp(dma_chan_name(chan), name);
}

static struct channel *find(const char *name)
{
	struct channel *channel;

	list_for_each_entry(channel, &channels, link) {
		if (!strcmp(channel->name, name))
			return channel;
	}
	return NULL;
}

/* A channel and its memory stay until it is dropped. */
static struct channel *make(const char *name)
{
	struct channel *channel = kzalloc(sizeof(*channel), GFP_KERNEL);
	dma_cap_mask_t mask;
	unsigned int i;

	if (!channel)
		return ERR_PTR(-ENOMEM);
	strscpy(channel->name, name, sizeof(channel->name));
	init_waitqueue_head(&channel->wait);
	for (i = 0; i < DEPTH; i++) {
		struct copy *copy = &channel->copies[i];

		copy->channel = channel;
		copy->source = (u8 *)__get_free_pages(GFP_KERNEL, AREA_ORDER);
		copy->target = (u8 *)__get_free_pages(GFP_KERNEL, AREA_ORDER);
		if (!copy->source || !copy->target)
			return ERR_PTR(-ENOMEM);
	}
	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	channel->chan = dma_request_channel(mask, has_name, channel->name);
	if (!channel->chan)
		return ERR_PTR(-ENODEV);
	list_add_tail(&channel->link, &channels);
	return channel;
}

static int start(const char *name, u64 count)
{
	struct channel *channel = find(name) ?: make(name);
	struct task_struct *thread;

	if (IS_ERR(channel))
		return PTR_ERR(channel);
	if (channel->thread || channel->fault[0])
		return -EBUSY;
	channel->limit = count ? channel->begun + count : 0;
	thread = kthread_run(work, channel, "copy-%s", channel->name);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	channel->thread = thread;
	return 0;
}

static int stop(const char *name)
{
	struct channel *channel = find(name);

	if (!channel || !channel->thread)
		return -ENOENT;
	kthread_stop(channel->thread);
	channel->thread = NULL;
	return channel->fault[0] ? -EIO : 0;
}

static int drop(const char *name)
{
	struct channel *channel = find(name);
	unsigned int i;

	if (!channel || channel->thread || count_state(channel, IDLE) < DEPTH)
		return -EBUSY;
	dma_release_channel(channel->chan);
	for (i = 0; i < DEPTH; i++) {
		free_pages((unsigned long)channel->copies[i].source, AREA_ORDER);
		free_pages((unsigned long)channel->copies[i].target, AREA_ORDER);
	}
	list_del(&channel->link);
	kfree(channel);
	return 0;
}

static int channels_set(const char *text, const struct kernel_param *param)
{
	char verb[8], name[32];
	unsigned int count = 0;
	const int words = sscanf(text, "%7s %31s %u", verb, name, &count);

	if (words >= 2 && !strcmp(verb, "start"))
		return start(name, count);
	if (words == 2 && !strcmp(verb, "stop"))
		return stop(name);
	if (words == 2 && !strcmp(verb, "drop"))
		return drop(name);
	return -EINVAL;
}

static int channels_get(char *buffer, const struct kernel_param *param)
{
	struct channel *channel;
	int length = 0;

	list_for_each_entry(channel, &channels, link)
		length += sysfs_emit_at(buffer, length,
					"%s copies %llu bytes %llu in flight %u %s\n",
					channel->name, channel->compared, channel->bytes,
					count_state(channel, IN_FLIGHT),
					channel->fault[0] ? channel->fault :
					channel->thread ? "running" : "stopped");
	return length;
}

static const struct kernel_param_ops channels_ops = {
	.set = channels_set,
	.get = channels_get,
};

module_param_cb(channels, &channels_ops, NULL, 0600);
MODULE_PARM_DESC(channels, "start NAME, stop NAME or drop NAME; how far each channel is");

static int __init dma_copy_init(void)
{
	return 0;
}
module_init(dma_copy_init);

MODULE_DESCRIPTION("Copies by DMA that are compared, for the tests of a guest");
MODULE_LICENSE("GPL");
