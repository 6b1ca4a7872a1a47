// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded to programs of DPDK.
 *
 * A channel that was not seen to start or stop within 200 reads is told again, as
 * Documentation/ioat.rst says.
 *
 * With REPORTS_ERRORS in the environment, the DMA device says that it reports errors.
 * dpdk-test leaves out its test of errors with devices that do not, and the driver for
 * I/OAT says so of engines of version 3.4 only, though it recovers from errors of all.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* As DPDK's rte_dmadev.h has it. */
struct rte_dma_info {
	const char *dev_name;
	uint64_t dev_capa;
};

#define RTE_DMA_CAPA_HANDLES_ERRORS	0x40

static void *next(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		abort();
	return function;
}

int rte_dma_info_get(int16_t dev_id, struct rte_dma_info *info)
{
	int (*get)(int16_t dev_id, struct rte_dma_info *info) = next("rte_dma_info_get");
	int ret = get(dev_id, info);

	if (!ret && getenv("REPORTS_ERRORS"))
		info->dev_capa |= RTE_DMA_CAPA_HANDLES_ERRORS;
	return ret;
}

/* -1 is what the driver returns; all else is returned before it is asked. */
static int repeat(const char *name, int16_t dev_id)
{
	int (*function)(int16_t dev_id) = next(name);
	int tries, ret = -1;

	for (tries = 0; ret == -1 && tries < 100; tries++) {
		usleep(tries ? 10000 : 0);
		ret = function(dev_id);
	}
	return ret;
}

int rte_dma_start(int16_t dev_id)
{
	return repeat("rte_dma_start", dev_id);
}

int rte_dma_stop(int16_t dev_id)
{
	return repeat("rte_dma_stop", dev_id);
}
