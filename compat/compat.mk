# SPDX-License-Identifier: GPL-2.0-only
# Included by Kbuild, at its end: the API of older kernels is probed for before
# anything else is compiled, and each source file gets compat.h in front, those of
# vfio/ get vfio.h, and those of host/ iommu.h.

softpci-compat := $(firstword $(wildcard $(src)/compat $(srctree)/$(src)/compat))
softpci-probed := $(obj)/compat/probed.h

softpci-y += compat/hugepage.o
softpci-vfio-y += compat/vfio.o
softpci-host-y += compat/msi.o compat/iommu.o

# The probes are compiled with the flags of the kernel alone, as for a module.
$(softpci-probed): ccflags-y :=
$(softpci-probed): part-of-module := y
ccflags-y += -include $(softpci-probed) -include $(softpci-compat)/compat.h

# Two passes: the first finds out which headers are read, so that the answers
# are looked for again when one of them changes, and needs a file without error.
# The second has errors by design. They must be all there, must stay errors of
# the line that a probe is in, and warnings must stay warnings.
quiet_cmd_softpci_probe = PROBE   $@
      cmd_softpci_probe = $(CC) $(c_flags) -E -o /dev/null $<; \
	$(CONFIG_SHELL) $(softpci-compat)/probe.sh $< \
		$(CC) $(filter-out -Wp$(comma)-MMD%,$(c_flags)) -Wno-error \
		$(if $(CONFIG_CC_IS_CLANG),-ferror-limit=0,-ftrack-macro-expansion=0) >$@

$(softpci-probed): $(softpci-compat)/probe.c $(softpci-compat)/probe.sh FORCE
	$(call if_changed_dep,softpci_probe)
targets += compat/probed.h

softpci-objects := $(foreach o,$(obj-y) $(obj-m),$(or $($(o:.o=-y)),$(o)))
$(addprefix $(obj)/,$(softpci-objects)): $(softpci-probed)
$(foreach o,$(filter vfio/%,$(softpci-objects)), \
	$(eval CFLAGS_$(o) += -include $(softpci-compat)/vfio.h))
$(foreach o,$(filter host/%,$(softpci-objects)), \
	$(eval CFLAGS_$(o) += -include $(softpci-compat)/iommu.h))

# Headers that older kernels lack.
ccflags-y += -idirafter $(softpci-compat)/include

# Sparse counts locks in kernels up to 6.19 and does not see the end of a guard.
CHECKFLAGS += -include $(softpci-compat)/sparse.h -Wno-context
