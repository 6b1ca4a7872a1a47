/* SPDX-License-Identifier: GPL-2.0-only */
/* All that can be seen of an open device, so that "nothing has changed" can be checked. */
#ifndef TESTS_STATE_H
#define TESTS_STATE_H

#include "bochs.h"
#include "cases.h"
#include "example.h"
#include "ioat.h"
#include "uart.h"

#define EDID_BLOB	256	/* bytes of it that are used; where they are, EDID says */
#define MAX_FDS		64

/* Descriptors of the process, and references to the modules: one that is lost shows. */
struct resources {
	bool fds[MAX_FDS];
	struct text core_users, driver_users;
};

/* State that reading does not change, and resources. */
struct state {
	u8 config[MAX_CONFIG_SIZE];
	u8 registers[EXT_ORDER + 4];
	u8 edid[sizeof(struct vfio_region_gfx_edid)], blob[EDID_BLOB];
	u8 uart[2][UART_REGS];
	u8 example[EXAMPLE_REGS], ioat[IOAT_REGS];
	u8 msix_table[EXAMPLE_VECTORS * PCI_MSIX_ENTRY_SIZE];
	struct vfio_device_info info;
	struct vfio_irq_info irq[VFIO_PCI_NUM_IRQS];
	struct vfio_device_gfx_plane_info plane;
	struct resources resources;
};

struct state state_of(struct env *env);
void expect_state(struct env *env, const struct state *want);

/* Either part alone: the first one takes more time than the other on a slow kernel. */
struct resources resources_of(struct env *env);
void expect_resources(struct env *env, const struct resources *want);
struct state device_state_of(struct env *env);
void expect_device_state(struct env *env, const struct state *want);

/* Use the device, so that "unchanged" is not the same as "reset". */
void use(struct env *env);
struct state used(struct env *env);

/* Offset of the EDID blob in its region. */
u64 blob_offset(struct vfio *v);

#endif /* TESTS_STATE_H */
