#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Kbuild and dkms.conf both leave out the modules that need an option which a kernel
# lacks. Prints where the two do not agree, and each module that no option is about
# though Kbuild says so.

cd "$(dirname "$0")/../.." || exit
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
# As a kernel that has all options; the header is of those that have IRQ_MSI_LIB.
mkdir -p "$work/include/linux/irqchip"
: >"$work/include/linux/irqchip/irq-msi-lib.h"
mapfile -t options < <(sed -n '/^[a-z-]*-needs :=/,/[^\\]$/p' Kbuild |
	sed 's/^.*:=//; s/(wildcard [^)]*)//' | grep -oE '\b[A-Z][A-Z0-9_]+\b' | sort -u)

by_kbuild() {
	make -s -f - KBUILD_EXTMOD=. srctree="$work" src=none obj=none <<-'END' | sort
		include $(srctree)/.config
		include Kbuild
		$(foreach m,$(obj-m),$(info $(m:.o=)))
		all: ;
	END
}

by_dkms() (
	# shellcheck disable=SC2034 # dkms.conf reads it
	kernel_source_dir=$work kernelver=6.1
	BUILT_MODULE_NAME=() DEST_MODULE_LOCATION=()
	# shellcheck source=dkms.conf
	. ./dkms.conf
	printf '%s\n' "${BUILT_MODULE_NAME[@]}" | sort
	((${#BUILT_MODULE_NAME[@]} == ${#DEST_MODULE_LOCATION[@]})) || echo "and other locations"
)

for missing in none "${options[@]}"; do
	printf 'CONFIG_%s=y\n' "${options[@]}" | grep -v "^CONFIG_$missing=" >"$work/.config"
	by_kbuild >"$work/kbuild"
	if [[ $missing == none ]]; then
		cp "$work/kbuild" "$work/all"
	elif cmp -s "$work/all" "$work/kbuild"; then
		echo "Kbuild leaves nothing out without CONFIG_$missing"
	fi
	diff -u --label "by Kbuild without CONFIG_$missing" --label "by dkms.conf" \
		"$work/kbuild" <(by_dkms)
done
((${#options[@]})) || echo "Kbuild names no options"
