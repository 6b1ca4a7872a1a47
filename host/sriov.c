// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual functions: PCI Express Base 3.0 and Single Root I/O Virtualization 1.1.
 *
 * They are functions as any other, made together with their physical function, and
 * answer from the time on when its driver sets VF Enable.  Their places follow one
 * another on the bus, and their BARs in memory.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "internal.h"

#define EXT_CAP_HEADER	4
/* Offsets below are from the header on, and a body comes after it. */
#define BODY_LEN	(PCI_EXT_CAP_SRIOV_SIZEOF - EXT_CAP_HEADER)
#define BODY(_reg)	((_reg) - EXT_CAP_HEADER)

/**
 * struct softpci_sriov - the part of a physical function that others lack
 * @base: the model of the virtual functions
 * @model: the same with the capability, for the physical function
 * @caps: its extended capabilities
 * @body: of the capability
 * @writable: which of its bits can be written
 * @pos: where the capability is in config space
 * @total: how many virtual functions there can be
 * @first: place of the first one on the bus
 * @closed: no driver can enable them any more; config_lock
 * @bar: memory of the BARs of all of them
 * @vf: the virtual functions, @total of them
 */
struct softpci_sriov {
	const struct softpci_model *base;
	struct softpci_model model;
	struct softpci_cap *caps;
	u8 body[BODY_LEN];
	u8 writable[BODY_LEN];
	unsigned int pos;
	unsigned int total;
	unsigned int first;
	bool closed;
	struct softpci_bar bar[SOFTPCI_NUM_BARS];
	struct softpci_function *vf[];
};

/* One BAR holds those of all virtual functions, one after another. */
static void describe_bar(struct softpci_sriov *sriov,
			 const struct softpci_region *region)
{
	unsigned int pos = BODY(PCI_SRIOV_BAR) + region->index * 4;
	u64 address = ~(region->size - 1);

	set32(sriov->body, pos, region->bar);
	set32(sriov->writable, pos, address);
	if (region->bar & PCI_BASE_ADDRESS_MEM_TYPE_64)
		set32(sriov->writable, pos + 4, address >> 32);
}

/* SR-IOV 1.1, 3.3: pages of 4 KiB and of any larger size. */
static void describe(struct softpci_sriov *sriov)
{
	const struct softpci_model *base = sriov->base;
	unsigned int i;

	set16(sriov->body, BODY(PCI_SRIOV_INITIAL_VF), sriov->total);
	set16(sriov->body, BODY(PCI_SRIOV_TOTAL_VF), sriov->total);
	set16(sriov->body, BODY(PCI_SRIOV_VF_STRIDE), 1);
	set16(sriov->body, BODY(PCI_SRIOV_VF_DID), base->device);
	set32(sriov->body, BODY(PCI_SRIOV_SUP_PGSIZE), 0x553);
	set32(sriov->body, BODY(PCI_SRIOV_SYS_PGSIZE), 1);
	set16(sriov->writable, BODY(PCI_SRIOV_CTRL),
	      PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE);
	set16(sriov->writable, BODY(PCI_SRIOV_NUM_VF), 0xffff);
	set32(sriov->writable, BODY(PCI_SRIOV_SYS_PGSIZE), 0x553);
	for (i = 0; i < base->nr_regions; i++)
		if (base->regions[i].index < SOFTPCI_NUM_BARS)
			describe_bar(sriov, &base->regions[i]);
}

/**
 * softpci_sriov_create() - make room for virtual functions
 * @fn: the physical function
 * @base: its model, and theirs
 * @total: how many there can be, at least 1
 *
 * Return: the model for @fn; or an ERR_PTR() of -EINVAL for too many or for a model
 * that is no PCI Express function, or of -ENOMEM.
 */
const struct softpci_model *softpci_sriov_create(struct softpci_function *fn,
						 const struct softpci_model *base,
						 unsigned int total)
{
	struct softpci_sriov *sriov;

	if (!base->pcie || total >= SOFTPCI_BUS_FUNCTIONS) {
		pr_err("softpci-host: %04x:%04x: %s\n", base->vendor, base->device,
		       base->pcie ? "more virtual functions than a bus has places" :
				    "virtual functions need PCI Express");
		return ERR_PTR(-EINVAL);
	}
	sriov = kzalloc(struct_size(sriov, vf, total), GFP_KERNEL);
	if (!sriov)
		return ERR_PTR(-ENOMEM);
	sriov->total = total;
	sriov->base = base;
	sriov->caps = kcalloc(base->nr_ext_caps + 1, sizeof(*sriov->caps),
			      GFP_KERNEL);
	if (!sriov->caps) {
		kfree(sriov);
		return ERR_PTR(-ENOMEM);
	}
	describe(sriov);
	if (base->nr_ext_caps)
		memcpy(sriov->caps, base->ext_caps,
		       base->nr_ext_caps * sizeof(*sriov->caps));
	sriov->caps[base->nr_ext_caps] = (struct softpci_cap) {
		.id = PCI_EXT_CAP_ID_SRIOV,
		.version = 1,
		.len = BODY_LEN,
		.body = sriov->body,
		.writable = sriov->writable,
	};
	sriov->model = *base;
	sriov->model.ext_caps = sriov->caps;
	sriov->model.nr_ext_caps = base->nr_ext_caps + 1;
	fn->sriov = sriov;
	return &sriov->model;
}

/**
 * softpci_sriov_destroy() - undo softpci_sriov_create()
 * @fn: the physical function, also one that has no virtual ones
 */
void softpci_sriov_destroy(struct softpci_function *fn)
{
	struct softpci_sriov *sriov = fn->sriov;
	unsigned int i;

	if (!sriov)
		return;
	for (i = 0; i < SOFTPCI_NUM_BARS; i++)
		softpci_bars_free(&sriov->bar[i]);
	kfree(sriov->caps);
	kfree(sriov);
	fn->sriov = NULL;
}

/* Where the capability is; it is in the layout. */
static unsigned int find_cap(const struct softpci_layout *layout)
{
	unsigned int pos = PCI_CFG_SPACE_SIZE;

	while (pos) {
		u32 header = get32(layout->power_on, pos);

		if (PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_SRIOV)
			break;
		pos = PCI_EXT_CAP_NEXT(header);
	}
	return pos;
}

/**
 * softpci_sriov_alloc_bars() - memory for the BARs of virtual functions
 * @fn: the physical function, with its layout
 *
 * Return: 0 or -ENOSPC; what was allocated is freed by softpci_sriov_destroy().
 */
int softpci_sriov_alloc_bars(struct softpci_function *fn)
{
	struct softpci_sriov *sriov = fn->sriov;
	unsigned int i;
	int ret;

	sriov->pos = find_cap(fn->layout);
	for (i = 0; i < sriov->base->nr_regions; i++) {
		const struct softpci_region *region = &sriov->base->regions[i];

		if (region->index >= SOFTPCI_NUM_BARS)
			continue;
		ret = softpci_bars_alloc(&sriov->bar[region->index],
					 region->size * sriov->total,
					 region->bar &
					 PCI_BASE_ADDRESS_MEM_TYPE_64);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * softpci_sriov_slice() - the memory of a BAR of a virtual function
 * @fn: its physical function
 * @index: which of its virtual functions
 * @nr: number of the BAR
 * @size: of the BAR in bytes
 *
 * Return: the memory, which stays the physical function's.
 */
struct softpci_bar softpci_sriov_slice(const struct softpci_function *fn,
				       unsigned int index, unsigned int nr,
				       u64 size)
{
	const struct softpci_bar *all = &fn->sriov->bar[nr];

	return (struct softpci_bar) {
		.phys = all->phys + index * size,
		.kva = all->kva + index * size,
		.size = size,
	};
}

/**
 * softpci_sriov_set_up() - fill in registers that depend on the place on the bus
 * @fn: the physical function, config_lock held or not yet visible
 */
void softpci_sriov_set_up(struct softpci_function *fn)
{
	struct softpci_sriov *sriov = fn->sriov;
	unsigned int i;

	/* A driver finds that there cannot be any (3.3.5). */
	if (sriov->closed)
		set16(fn->config, sriov->pos + PCI_SRIOV_INITIAL_VF, 0);
	/* It depends on no other one (3.3.8). */
	fn->config[sriov->pos + PCI_SRIOV_FUNC_LINK] = fn->devfn;
	set16(fn->config, sriov->pos + PCI_SRIOV_VF_OFFSET,
	      sriov->first - fn->devfn);
	for (i = 0; i < SOFTPCI_NUM_BARS; i++)
		softpci_bars_show(&sriov->bar[i], fn->config,
				  sriov->pos + PCI_SRIOV_BAR + i * 4);
}

/**
 * softpci_sriov_close() - have no driver enable virtual functions from now on
 * @fn: the physical function, which is about to go; those that are enabled stay
 *
 * Context: any.
 */
void softpci_sriov_close(struct softpci_function *fn)
{
	guard(raw_spinlock_irqsave)(&fn->config_lock);
	fn->sriov->closed = true;
	softpci_sriov_set_up(fn);
}

/**
 * softpci_sriov_total() - how many virtual functions there can be
 * @fn: a function
 *
 * Return: the number, 0 for one that is no physical function.
 */
unsigned int softpci_sriov_total(const struct softpci_function *fn)
{
	return fn->sriov ? fn->sriov->total : 0;
}

/**
 * softpci_sriov_vf() - a virtual function
 * @fn: its physical function, after softpci_sriov_add()
 * @index: which, below softpci_sriov_total()
 *
 * Return: the function. It is there until softpci_sriov_remove().
 */
struct softpci_function *softpci_sriov_vf(const struct softpci_function *fn,
					  unsigned int index)
{
	return fn->sriov->vf[index];
}

/**
 * softpci_sriov_place() - say where the virtual functions are
 * @fn: the physical function
 * @first: place of the first one, beyond that of @fn
 */
void softpci_sriov_place(struct softpci_function *fn, unsigned int first)
{
	struct softpci_sriov *sriov = fn->sriov;
	unsigned int i;

	sriov->first = first;
	for (i = 0; i < sriov->total; i++)
		sriov->vf[i]->devfn = first + i;
	softpci_sriov_set_up(fn);
}

/**
 * softpci_sriov_remove() - remove virtual functions
 * @fn: the physical function, which is not plugged in any more
 */
void softpci_sriov_remove(struct softpci_function *fn)
{
	struct softpci_sriov *sriov = fn->sriov;
	unsigned int i;

	for (i = 0; sriov && i < sriov->total; i++) {
		if (!sriov->vf[i])
			continue;
		softpci_function_unplug(sriov->vf[i]);
		softpci_function_destroy(sriov->vf[i]);
		sriov->vf[i] = NULL;
	}
}

/**
 * softpci_sriov_add() - make virtual functions, which have no place yet
 * @fn: the physical function, not plugged in yet
 *
 * Context: process, may sleep.
 * Return: 0; an errno of softpci_function_create_vf() or softpci_poll_add():
 * softpci_sriov_remove() removes those that there are.
 */
int softpci_sriov_add(struct softpci_function *fn)
{
	struct softpci_sriov *sriov = fn->sriov;
	struct softpci_function *vf;
	unsigned int i;
	int ret;

	for (i = 0; sriov && i < sriov->total; i++) {
		vf = softpci_function_create_vf(fn, sriov->base, i);
		if (IS_ERR(vf))
			return PTR_ERR(vf);
		sriov->vf[i] = vf;
		ret = softpci_poll_add(vf);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * softpci_sriov_has_vfs() - are there virtual functions
 * @fn: a function
 *
 * Context: any.
 * Return: whether its driver has enabled them (SR-IOV 1.1, 3.3.3.1: VF Enable).
 */
bool softpci_sriov_has_vfs(const struct softpci_function *fn)
{
	return fn->sriov &&
	       READ_ONCE(fn->config[fn->sriov->pos + PCI_SRIOV_CTRL]) &
	       PCI_SRIOV_CTRL_VFE;
}

/**
 * softpci_sriov_reset() - begin a reset of all virtual functions
 * @fn: the physical function, of which VF Enable was cleared
 *
 * They are as new when it is set again (SR-IOV 1.1, 3.3.3.1).
 *
 * Context: any.
 */
void softpci_sriov_reset(struct softpci_function *fn)
{
	unsigned int i;

	for (i = 0; i < fn->sriov->total; i++)
		softpci_function_start_flr(fn->sriov->vf[i]);
}

/**
 * softpci_sriov_enabled() - is a virtual function there
 * @vf: the virtual function
 *
 * Context: any.
 * Return: whether the driver of its physical function has enabled it, and that one is
 * not in a reset.
 */
bool softpci_sriov_enabled(const struct softpci_function *vf)
{
	const struct softpci_function *pf = vf->pf;
	const u8 *cap = pf->config + pf->sriov->pos;

	return !READ_ONCE(pf->state) && softpci_sriov_has_vfs(pf) &&
	       vf->devfn - pf->sriov->first <
	       READ_ONCE(cap[PCI_SRIOV_NUM_VF]) +
	       (READ_ONCE(cap[PCI_SRIOV_NUM_VF + 1]) << 8);
}

/**
 * softpci_sriov_decodes() - do the BARs of a virtual function answer
 * @vf: the virtual function
 *
 * Context: any.
 * Return: whether they do (SR-IOV 1.1, 3.3.3.4: VF MSE).
 */
bool softpci_sriov_decodes(const struct softpci_function *vf)
{
	const struct softpci_function *pf = vf->pf;

	return READ_ONCE(pf->config[pf->sriov->pos + PCI_SRIOV_CTRL]) &
	       PCI_SRIOV_CTRL_MSE;
}
