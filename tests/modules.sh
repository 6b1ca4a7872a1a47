#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Shared by the scripts that run something on the devices: where modules and
# programs come from, loading and unloading, the kernel log, lost memory. They set
# beforehand: here, the folder of this file; and bin and log, empty or folders.

: "${here:?}"

# In the order of loading.
cores=(softpci softpci-vfio softpci-uart softpci-ioat)
parents=(mdpy mbochs mtty mioat softpci-example)

die() {
	echo "${0#./}: $*" >&2
	exit 2
}

# Sets ko, the folder of the modules, empty if they are installed; scratch; log.
set_up() {
	((EUID == 0)) || die "run me as root: I load modules and create devices"
	ko=${SOFTPCI_KO-}
	[[ ! $ko || -e $ko/softpci.ko ]] || die "no softpci.ko in $ko: build the modules, or name their folder by --ko"
	[[ $ko ]] || is_loaded softpci || modinfo softpci &>/dev/null ||
		die "softpci is not installed: make install, or name the modules' folder by --ko"

	scratch=$(mktemp -d) || die "no room for a temporary folder in ${TMPDIR:-/tmp}"
	trap 'rm -rf "$scratch"' EXIT
	if [[ $log ]]; then
		mkdir -p "$log" || die "cannot make the folder $log"
	else
		log=$scratch
	fi
}

# Built ones are used if they are of this source, and run here.
find_programs() { # sets bin
	local suite

	if [[ ! $bin ]]; then
		suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
		for bin in "${here%/*}/build/tests/$suite" "${here%/*}/build/tests" "$scratch/bin"; do
			! make -q -C "$here" O="$bin" &>/dev/null ||
				! "$bin/test-info" --list &>/dev/null || break
		done
		make -s -C "$here" O="$bin" >"$scratch/build" 2>&1 || {
			tail -n 20 "$scratch/build" >&2
			die "cannot build the tests: install make, gcc, libcmocka-dev and linux-libc-dev"
		}
	fi
}

own_devices() {
	local parent

	for parent in "${parents[@]}"; do
		ls -d "/sys/bus/mdev/drivers/$parent"/*-*-*-*-* 2>/dev/null
	done
}

is_loaded() {
	[[ -d /sys/module/${1//-/_} ]]
}

load() {
	local module

	for module in "${cores[@]}" "${parents[@]}"; do
		if [[ $ko ]]; then
			is_loaded "$module" || insmod "$ko/$module.ko" || return 1
		else
			modprobe "$module" || return 1
		fi
	done
}

unload() {
	local module

	for module in "${parents[@]}" softpci-host softpci-ioat softpci-uart softpci-vfio softpci; do
		! is_loaded "$module" || rmmod "$module" || return 1
	done
	online_memory
}

# softpci-host gives memory back that the kernel does not use by itself. With
# another block for each time that it is loaded, there would be none left soon.
online_memory() {
	local state

	for state in /sys/devices/system/memory/memory*/state; do
		[[ ! -r $state || $(<"$state") != offline ]] || echo online >"$state"
	done
}

# What the modules need.
load_vfio() {
	local module

	for module in mdev vfio vfio_iommu_type1; do
		modprobe "$module" 2>/dev/null ||
			die "this kernel has no module $module: see Documentation/troubleshooting.rst"
	done
	modprobe -q vfio_virqfd # a part of vfio since 6.2
	modprobe -q iommufd     # for kernels that have it
}

probe_kernel() {
	load_vfio
	[[ ! $(own_devices) ]] || die "there are devices of ${parents[*]}: remove them first, I reload the modules"
	unload || die "the modules are in use: close what has their devices open"
}

# The part of the kernel log since mark().
mark() {
	marker="softpci tests: $1 $EPOCHREALTIME"
	echo "$marker" >/dev/kmsg
}

since_mark() {
	dmesg | awk -v marker="$marker" '
		seen
		index($0, marker) { seen = 1 }
		END { if (!seen) print "BUG: the kernel log has lost its beginning: boot with log_buf_len=16M" }'
}

# Lines of that part that read like trouble. With options of grep, such as -A 30,
# the lines around them as well.
complaints() {
	since_mark | grep -aF "$@" -f <(sed '/^#/d' "$here/complaints")
}

show_complaints() {
	complaints -B 6 -A 30 | head -n 120
}

# What the kernel has lost, if it can tell. It takes its time, and so is asked
# once, at the end: it names the program that an object was allocated for.
find_leaks() {
	local kmemleak=/sys/kernel/debug/kmemleak bytes

	[[ -w $kmemleak ]] || return 0
	echo "looking for memory that was lost"
	# The first look remembers what nothing points to; what is still the same
	# at the second, and at least 5 s old, is lost.
	echo scan >$kmemleak
	sleep 5
	echo scan >$kmemleak
	cat $kmemleak >"$scratch/leaks"
	bytes=$(sed -n 's/^unreferenced object .*(size \([0-9]*\)):$/\1/p' "$scratch/leaks" | paste -sd +)
	figures['leaked bytes']=$((${bytes:-0}))
	[[ ! $bytes ]] || {
		echo "FAILED  memory was lost"
		head -n 200 "$scratch/leaks"
		: $((failed += 1))
	}
}

# Lines of the form "figure: NAME = NUMBER" are summed up over all programs.
declare -A figures=()
add_figures() { # OUTPUT
	local name number

	while IFS='=' read -r name number; do
		figures[$name]=$((${figures[$name]:-0} + number))
	done < <(sed -n 's/^figure: \(.*[^ ]\) *= *\([0-9]*\)$/\1=\2/p' "$1")
}
