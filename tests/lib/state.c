// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>

#include "gfx.h"
#include "module.h"
#include "state.h"

u64 blob_offset(struct vfio *v)
{
	return reg_get(v, edid_region(v), EDID_REG(edid_offset), 4);
}

static struct text module_users(const char *name)
{
	return sysfs_read(text("/sys/module/%s/refcnt", module_kernel_name(name).s).s);
}

static void read_fds(bool *fds)
{
	int fd;

	for (fd = 0; fd < MAX_FDS; fd++)
		fds[fd] = fcntl(fd, F_GETFD) >= 0;
}

struct resources resources_of(struct env *env)
{
	struct resources r;

	memset(&r, 0, sizeof(r));
	read_fds(r.fds);
	r.core_users = module_users("softpci-vfio");
	r.driver_users = module_users(env->model->parent);
	return r;
}

void expect_resources(struct env *env, const struct resources *want)
{
	struct resources got = resources_of(env);

	check_mem(got.fds, want->fds, sizeof(got.fds));
	check_mem(got.core_users.s, want->core_users.s, strlen(want->core_users.s) + 1);
	check_mem(got.driver_users.s, want->driver_users.s, strlen(want->driver_users.s) + 1);
}

struct state device_state_of(struct env *env)
{
	static const unsigned int harmless[] = { UART_IER, UART_LCR, UART_MCR, UART_SCR };
	struct vfio *v = &env->dev;
	struct state s;
	unsigned int i, port;

	memset(&s, 0, sizeof(s));
	region_read(v, CONFIG, 0, s.config, model_config_size(env->model));
	if (env->model->bit & MBOCHS) {
		region_read(v, REGS_BAR, 0, s.registers, sizeof(s.registers));
		region_read(v, edid_region(v), 0, s.edid, sizeof(s.edid));
		region_read(v, edid_region(v), blob_offset(v), s.blob, EDID_BLOB);
	}
	for (port = 0; port < env->model->nr_ports; port++)
		for (i = 0; i < ARRAY_SIZE(harmless); i++)
			s.uart[port][i] = uart_get(v, port, harmless[i]);
	if (env->model->bit & EXAMPLE) {
		region_read(v, EXAMPLE_BAR0, 0, s.example, sizeof(s.example));
		region_read(v, EXAMPLE_BAR0, EXAMPLE_TABLE, s.msix_table, sizeof(s.msix_table));
	}
	if (env->model->bit & MIOAT) {
		region_read(v, IOAT_BAR0, 0, s.ioat, sizeof(s.ioat));
		region_read(v, IOAT_BAR0, IOAT_TABLE, s.msix_table, PCI_MSIX_ENTRY_SIZE);
	}
	s.info = vfio_info(v);
	for (i = 0; i < VFIO_PCI_NUM_IRQS; i++)
		s.irq[i] = vfio_irq_info(v, i);
	s.plane.drm_plane_type = PLANE_PRIMARY;
	if (env->model->bit & DISPLAYS)
		check_eq(__plane_query(v, env->model->bit & MBOCHS ? DMABUF : REGION, &s.plane), 0);
	return s;
}

struct state state_of(struct env *env)
{
	struct state s = device_state_of(env);

	s.resources = resources_of(env);
	return s;
}

void expect_device_state(struct env *env, const struct state *want)
{
	struct state got = device_state_of(env);

	check_mem(got.config, want->config, sizeof(got.config));
	check_mem(got.registers, want->registers, sizeof(got.registers));
	check_mem(got.edid, want->edid, sizeof(got.edid));
	check_mem(got.blob, want->blob, sizeof(got.blob));
	check_mem(got.uart, want->uart, sizeof(got.uart));
	check_mem(got.example, want->example, sizeof(got.example));
	check_mem(got.ioat, want->ioat, sizeof(got.ioat));
	check_mem(got.msix_table, want->msix_table, sizeof(got.msix_table));
	check_mem(&got.info, &want->info, sizeof(got.info));
	check_mem(got.irq, want->irq, sizeof(got.irq));
	check_mem(&got.plane, &want->plane, sizeof(got.plane));
}

void expect_state(struct env *env, const struct state *want)
{
	expect_device_state(env, want);
	expect_resources(env, &want->resources);
}

void use(struct env *env)
{
	struct vfio *v = &env->dev;
	unsigned int port;
	u8 blob[EDID_BLOB];

	config_put(v, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	config_put(v, PCI_BASE_ADDRESS_0, 4, 0xc0000000);
	config_put(v, PCI_INTERRUPT_LINE, 1, 0x42);
	if (env->model->bit & MBOCHS) {
		dispi_show(v, 640, 480);
		fill_pattern(blob, sizeof(blob), 1);
		region_write(v, edid_region(v), blob_offset(v), blob, sizeof(blob));
		reg_put(v, edid_region(v), EDID_REG(edid_size), 4, EDID_BLOB);
		reg_put(v, edid_region(v), EDID_REG(link_state), 4,
			VFIO_DEVICE_GFX_LINK_STATE_UP);
	}
	for (port = 0; port < env->model->nr_ports; port++) {
		uart_setup(v, port, 0);
		uart_put(v, port, UART_MCR, UART_MCR_OUT1);
		uart_put(v, port, UART_SCR, 0x5a);
	}
	if (env->model->bit & EXAMPLE) {
		example_put(v, EXAMPLE_SOURCE, 0x123456789abcdef0);
		example_put(v, EXAMPLE_TARGET, 0x0fedcba987654321);
		reg_put(v, EXAMPLE_BAR0, EXAMPLE_TABLE, 8, 0xfee00000);
	}
	if (env->model->bit & MIOAT) {
		ioat_put(v, IOAT_INTRCTRL, INTRCTRL_MSIX);
		ioat_put(v, IOAT_CHAINADDR, 0x123456789abcdec0);
		ioat_put(v, IOAT_CHANCMP, 0x0fedcba987654320);
		ioat_put(v, IOAT_CHANCTRL, CHANCTRL_ERR_INT);
		reg_put(v, IOAT_BAR0, IOAT_TABLE, 8, 0xfee00000);
	}
}

struct state used(struct env *env)
{
	use(env);
	return state_of(env);
}
