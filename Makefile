# SPDX-License-Identifier: GPL-2.0-only
# The commands for people.  Kbuild says which modules are built, and how.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
DKMS_NAME := softpci
DKMS_VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)

# What the kernel that KDIR builds for calls itself: modules_install puts the modules there.
# The headers of Debian 12 have another name in kernel.release.
release = $(or $(shell sed -n 's/^.define UTS_RELEASE "\(.*\)"/\1/p' \
	$(KDIR)/include/generated/utsrelease.h 2>/dev/null),$(KVER))
depmod = depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(release)

# kbuild's own, handed through: make W=1 C=1 V=1 CC=...
kbuild = $(MAKE) -C $(KDIR) M=$(CURDIR)

.PHONY: modules install uninstall dkms-install dkms-uninstall \
	deb demo check check-all check-debug fuzz bench shell htmldocs clean distclean help

modules: headers
	$(kbuild) modules

.PHONY: headers
headers:
	@test -e $(KDIR)/Makefile || { \
		echo "No kernel headers in $(KDIR): install linux-headers-$(KVER)," \
		     "or name another kernel: make KDIR=..." >&2; exit 1; }

# A distribution's headers come without the key that its kernel signs with.
unsigned = $(if $(wildcard $(KDIR)/certs/signing_key.pem),,CONFIG_MODULE_SIG_ALL=)

install: modules
	$(kbuild) modules_install INSTALL_MOD_DIR=updates $(unsigned)
	$(depmod)

# All modules are named in dkms.conf, which ci/build compares with what is built.
names := $(shell sed -n 's/^\s*BUILT_MODULE_NAME\[.*\]="\(.*\)"/\1/p' dkms.conf)

# Under whatever compression is in use.
uninstall:
	rm -f $(foreach m,$(names),$(INSTALL_MOD_PATH)/lib/modules/$(release)/updates/$(m).ko*)
	$(depmod)

# Rebuilt by DKMS for every kernel that the machine gets.
dkms-install:
	dkms add $(CURDIR)
	dkms install $(DKMS_NAME)/$(DKMS_VERSION)

dkms-uninstall:
	dkms remove $(DKMS_NAME)/$(DKMS_VERSION) --all

# Debian packages, into out/.
deb:
	@ci/deb

demo:
	@ci/demo

check:
	@ci/check

check-all:
	@ci/check --all

check-debug:
	@ci/check --only setup,debug

FUZZ_CALLS ?= 20000000
FUZZ_SEED ?= $(shell od -An -N4 -tu4 /dev/urandom)
fuzz:
	@ci/build --tests
	@ci/run --build --kernel debug --timeout 86400 -- \
		tests/fuzz/run.sh --calls $(FUZZ_CALLS) --seed $(FUZZ_SEED)

# The kernel of the virtual machine; on this machine: tests/bench/run.sh --ko .
BENCH_KERNEL ?= 7.2
bench:
	@ci/build --tests
	@ci/run --build --kernel $(BENCH_KERNEL) --timeout 1200 -- \
		tests/bench/run.sh --out /out

shell:
	@ci/shell

# A warning is an error.
SPHINXBUILD ?= sphinx-build
htmldocs:
	@command -v $(SPHINXBUILD) >/dev/null || { \
		echo "No $(SPHINXBUILD): install the Debian package python3-sphinx" >&2; exit 1; }
	@$(SPHINXBUILD) -q -b html -n -W --keep-going -d build/doctrees Documentation out/html
	@echo "see out/html/index.html"

clean:
	$(if $(wildcard $(KDIR)/Makefile),$(kbuild) clean)
	rm -rf build

distclean: clean
	rm -rf out

help:
	@echo "make                  build the modules for the running kernel"
	@echo "make KDIR=DIR         build them for the kernel whose build tree is DIR"
	@echo "make install          install them; uninstall removes them again"
	@echo "make dkms-install     install them by DKMS, for every kernel to come"
	@echo "make deb              Debian packages, into out/: modules for DKMS, and tools"
	@echo "make demo             see the devices at work in a throwaway VM"
	@echo "make shell            a root shell in a VM that has an mdpy, mbochs and mtty"
	@echo "make htmldocs         Documentation/ as HTML, into out/html"
	@echo "make check            build for all kernels, run all tests"
	@echo "make check-all        what costs much and adds little as well"
	@echo "make check-debug      those on the debug kernel"
	@echo "make fuzz             20,000,000 random calls there; FUZZ_SEED=N repeats a run"
	@echo "make bench            speed, as ratios to what the kernel can do, and a plot"
