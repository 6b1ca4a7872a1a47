// SPDX-License-Identifier: GPL-2.0-only
/* Copies memory by the guest's DMA engines, with the module dma-copy. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"

#define CLIENT		"/sys/module/dma_copy/parameters/channels"
#define DRIVER_TIMEOUT	"/sys/module/ioatdma/parameters/completion_timeout"
#define LINE_MAX	256

/* What dma-copy says of the channel, behind its name */
static void read_state(const struct engine *engine, char *state, size_t size)
{
	const size_t length = strlen(engine->channel);
	FILE *file = fopen(CLIENT, "re");
	char line[LINE_MAX];
	int found = 0;

	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line, engine->channel, length) && line[length] == ' ';
	if (file)
		fclose(file);
	if (!found)
		fail("%s is not in %s", engine->channel, CLIENT);
	snprintf(state, size, "%.*s", (int)strcspn(line + length + 1, "\n"),
		 line + length + 1);
}

/* Of all vectors of a function that has MSI-X */
static unsigned long interrupts(const struct pci_device *dev)
{
	char path[320], line[64];
	unsigned long count = 0;
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/msi_irqs", dev->address);
	folder = opendir(path);
	if (!folder)
		fail("%s: %s", path, strerror(errno));
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		/* The guest has one processor. */
		snprintf(path, sizeof(path), "/sys/kernel/irq/%s/per_cpu_count",
			 entry->d_name);
		if (read_line(path, line, sizeof(line)))
			fail("cannot read %s", path);
		count += strtoul(line, NULL, 10);
	}
	closedir(folder);
	return count;
}

/* The engines with this id in the order of their addresses, returns how many */
int dma_find_all(struct engine *engines, int max, const char *id)
{
	struct pci_device devs[ENGINES_MAX];
	const int count = pci_find_all(devs, max < ENGINES_MAX ? max : ENGINES_MAX, id);
	struct names channels;
	int i;

	for (i = 0; i < count; i++) {
		engines[i].dev = devs[i];
		pci_dma_channels(&devs[i], &channels);
		snprintf(engines[i].channel, sizeof(engines[i].channel), "%s",
			 channels.name[0]);
		tell("dma %s has %s", devs[i].address, engines[i].channel);
	}
	/*
	 * By default the driver resets a channel that has completed nothing for 400 ms,
	 * for which a slow host may well hold the guest up.  Nor does it look for
	 * completions without an interrupt for so long then.
	 */
	if (count && write_line(DRIVER_TIMEOUT, "20000"))
		fail("the driver does not take another completion_timeout");
	return count;
}

static void command(const struct engine *engine, const char *verb, const char *copies)
{
	char line[64], state[LINE_MAX] = "";
	int err;

	snprintf(line, sizeof(line), "%s %s%s", verb, engine->channel, copies);
	err = write_line(CLIENT, line);
	if (err == EIO)
		read_state(engine, state, sizeof(state));
	if (err)
		fail("%s: %s: %s", line, strerror(err), state);
}

/* So many copies; 0: without an end */
void dma_start(const struct engine *engine, unsigned int copies)
{
	char number[16] = "";

	if (copies)
		snprintf(number, sizeof(number), " %u", copies);
	command(engine, "start", number);
}

/* Returns when the copies in flight are compared, and all of a number that was given. */
void dma_stop(const struct engine *engine)
{
	command(engine, "stop", "");
}

/* Its engine can go then. */
void dma_drop(const struct engine *engine)
{
	command(engine, "drop", "");
}

void dma_tell(const struct engine *engine, const char *word, const char *number)
{
	char state[LINE_MAX];

	read_state(engine, state, sizeof(state));
	tell("%s %s: %s of %s interrupts %lu %s", word, number, engine->channel,
	     engine->dev.address, interrupts(&engine->dev), state);
}
