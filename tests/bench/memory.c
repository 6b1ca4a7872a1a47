// SPDX-License-Identifier: GPL-2.0-only
/* Guest-visible memory: read(2) and write(2), first touch, streaming. */
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

struct bulk {
	int fd;
	off_t start;
	size_t size;
	size_t piece;
	bool write;
	u8 *buf;
	size_t at;
};

static double run_bulk(void *arg, unsigned long n)
{
	struct bulk *b = arg;
	double start = now_ns();
	ssize_t done;

	while (n--) {
		done = b->write ? pwrite(b->fd, b->buf, b->piece, b->start + b->at) :
				  pread(b->fd, b->buf, b->piece, b->start + b->at);
		check_eq(done, b->piece);
		b->at = (b->at + b->piece) % b->size;
	}
	return now_ns() - start;
}

static void bulk(struct target *t)
{
	static const struct {
		const char *metric;
		const char *limit;
		size_t piece;
		bool write;
	} variants[] = {
		{ "BAR0 pread, 1 MiB", "memfd pread", MIB, false },
		{ "BAR0 pwrite, 1 MiB", "memfd pwrite", MIB, true },
		{ "BAR0 pread, 4 KiB", "memfd pread", 4096, false },
		{ "BAR0 pwrite, 4 KiB", "memfd pwrite", 4096, true },
	};
	const struct vfio_region_info *bar = vfio_region(&t->vfio, 0);
	int memfd = memfd_filled(bar->size);
	u8 *buf = aligned_alloc(PAGE, MIB);
	unsigned int i;

	check(buf);
	memset(buf, 1, MIB);
	for (i = 0; i < bar->size; i += MIB)
		region_write(&t->vfio, 0, i, buf, MIB);
	for (i = 0; i < ARRAY_SIZE(variants); i++) {
		struct bulk value = {
			t->vfio.fd, bar->offset, bar->size, variants[i].piece,
			variants[i].write, buf, 0,
		};
		struct metric metric = {
			t->model->type, variants[i].metric, variants[i].limit, MIB_PER_S, 0.8,
		};
		struct bulk limit = value;

		limit.fd = memfd;
		limit.start = 0;
		compare(metric,
			&(struct gauge){ .run = run_bulk, .arg = &value, .per_run = value.piece },
			&(struct gauge){ .run = run_bulk, .arg = &limit, .per_run = limit.piece });
	}
	free(buf);
	close(memfd);
}

struct touch {
	struct target *target;	/* NULL: a memfd */
	size_t size;
	bool small;
};

/* Memory that is new each time; what is measured includes that it is mapped. */
static double run_touch(void *arg, unsigned long n)
{
	const struct touch *t = arg;
	int fd = -1;
	off_t offset = 0;
	double start;
	size_t i;
	u8 *map;

	if (t->target) {
		vfio_close(&t->target->vfio);
		vfio_open(&t->target->vfio, t->target->mdev.uuid, bench_door);
		offset = vfio_region(&t->target->vfio, 0)->offset;
		fd = t->target->vfio.fd;
	} else {
		fd = memfd_new(t->size);
	}
	start = now_ns();
	map = map_for_huge_pages(fd, offset, t->size);
	if (t->small)
		check_eq(sys(madvise(map, t->size, MADV_NOHUGEPAGE)), 0);
	for (i = 0; i < t->size; i += PAGE)
		map[i] = 1;
	start = now_ns() - start;
	munmap(map, t->size);
	if (!t->target)
		close(fd);
	return start;
}

static void first_touch(struct target *t)
{
	size_t size = vfio_region(&t->vfio, 0)->size;
	struct metric touch = { t->model->type, "BAR0 first touch of a page", "memfd", NS, 1.2 };
	struct metric touch_huge = {
		t->model->type, "BAR0 first touch, huge pages", "memfd, 4 KiB pages", NS, 0.3,
	};
	struct touch limit = { NULL, size, true };
	struct touch small = { t, size, true };
	struct touch huge = { t, size, false };
	struct gauge value = { .run = run_touch, .per_run = size / PAGE, .once = true };
	struct gauge memfd = value;

	memfd.arg = &limit;
	value.arg = &small;
	/* mdpy has drawn its picture before a user can ask for small pages. */
	if (t->model->bit & MBOCHS)
		compare(touch, &value, &memfd);
	if (!wanted(touch_huge.device, touch_huge.name))
		return;
	if (access("/sys/kernel/mm/transparent_hugepage/shmem_enabled", F_OK)) {
		skip_row(touch_huge.name, "the kernel has none");
		return;
	}
	value.arg = &huge;
	compare(touch_huge, &value, &memfd);
}

struct stream {
	u8 *map;
	size_t size;
	volatile u64 sum;
};

static double run_load(void *arg, unsigned long n)
{
	struct stream *s = arg;
	double start = now_ns();

	while (n--) {
		const u64 *p = (const u64 *)s->map;
		u64 a = 0, b = 0, c = 0, d = 0;
		size_t i;

		for (i = 0; i < s->size / sizeof(*p); i += 4) {
			a += p[i];
			b += p[i + 1];
			c += p[i + 2];
			d += p[i + 3];
		}
		s->sum += a + b + c + d;
	}
	return now_ns() - start;
}

static double run_store(void *arg, unsigned long n)
{
	struct stream *s = arg;
	double start = now_ns();

	while (n--) {
		u64 *p = (u64 *)s->map;
		size_t i;

		for (i = 0; i < s->size / sizeof(*p); i += 4) {
			p[i] = n;
			p[i + 1] = n;
			p[i + 2] = n;
			p[i + 3] = n;
		}
		__asm__ volatile("" : : : "memory");
	}
	return now_ns() - start;
}

static void streaming(struct target *t)
{
	const struct vfio_region_info *bar = vfio_region(&t->vfio, 0);
	int memfd = memfd_filled(bar->size);
	struct stream value = {
		.map = map_for_huge_pages(t->vfio.fd, bar->offset, bar->size),
		.size = bar->size,
	};
	struct stream limit = {
		.map = map_for_huge_pages(memfd, 0, bar->size),
		.size = bar->size,
	};
	struct metric load = {
		t->model->type, "BAR0 mapping, load", "memfd mapping", MIB_PER_S, 0.98,
	};
	struct metric store = {
		t->model->type, "BAR0 mapping, store", "memfd mapping", MIB_PER_S, 0.98,
	};

	memset(value.map, 1, value.size);
	memset(limit.map, 1, limit.size);
	compare(load, &(struct gauge){ .run = run_load, .arg = &value, .per_run = value.size },
		&(struct gauge){ .run = run_load, .arg = &limit, .per_run = limit.size });
	compare(store, &(struct gauge){ .run = run_store, .arg = &value, .per_run = value.size },
		&(struct gauge){ .run = run_store, .arg = &limit, .per_run = limit.size });
	munmap(value.map, value.size);
	munmap(limit.map, limit.size);
	close(memfd);
}

void bench_memory(void)
{
	static const char *const types[] = { "mdpy-hd", "mbochs-medium" };
	struct target t;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		target_new(&t, types[i]);
		bulk(&t);
		streaming(&t);
		first_touch(&t);
		target_remove(&t);
	}
}
