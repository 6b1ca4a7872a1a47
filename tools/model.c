// SPDX-License-Identifier: GPL-2.0-only
/* Filling and emptying struct model. */
#include "lsvfio.h"

void read_model(struct model *m, const struct handle *h)
{
	*m = (struct model){ .interface = h->interface };
	read_info(m, h->fd);
	read_config(m, h->fd);
	read_features(m, h->fd);
	read_display(m, h->fd);
}

/* Regions, interrupts and features stay. */
void read_state(struct model *m, const struct handle *h)
{
	free(m->config.cap);
	read_config(m, h->fd);
	read_migration(&m->migration, h->fd);
	read_display(m, h->fd);
}

void free_model(struct model *m)
{
	u32 i;

	for (i = 0; i < m->nr_regions; i++)
		free(m->region[i].areas);
	free(m->region);
	free(m->irq);
	free(m->config.cap);
	*m = (struct model){};
}
