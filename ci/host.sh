# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # some variables are of the scripts that source it
#
# Loads the modules, creates devices for a guest and removes all of it again, by the
# commands that an administrator of the host would use. Sourced in the VM by
# ci/demo-inside and ci/migrate-inside, which set start, the time from which seconds
# are counted, and check, whether assertions that hold are printed as well.

failed=0
declare -A uuid=()
names=() run=()

say() {
	printf '[%3ds] %s\n' $((EPOCHSECONDS - start)) "$*"
}

die() {
	printf 'not ok - %s\n' "$*"
	exit 1
}

# Notes whether a command succeeds.
verify() { # TEXT COMMAND...
	local text=$1

	shift
	if "$@"; then
		((!check)) || echo "ok - $text"
	else
		echo "not ok - $text"
		failed=1
	fi
}

load() {
	# vgem gives QEMU a render node: a display with dma-bufs wants OpenGL.
	modprobe -a mdev vfio vfio_iommu_type1 vfio_pci_core vgem ||
		die "the stock modules cannot be loaded"
	modprobe -q vfio_virqfd # a part of vfio in newer kernels
	for module in softpci softpci-vfio softpci-uart mdpy mbochs mtty; do
		insmod "$SOFTPCI_KO/$module.ko" || die "$module.ko cannot be loaded"
	done
}

create() { # TYPE [NAME]
	local parent=${1%%-*}
	local name=${2:-$parent}

	uuid[$name]=$(uuidgen)
	echo "${uuid[$name]}" \
		>"/sys/class/mdev_bus/$parent/mdev_supported_types/$1/create" ||
		die "no device of type $1 can be created"
	names+=("$name")
	run+=("--$name" "${uuid[$name]}")
	say "created a $1, ${uuid[$name]}"
}

set_up() { # NAME ATTRIBUTE VALUE
	echo "$3" >"/sys/bus/mdev/devices/${uuid[$1]}/vendor/$2" ||
		die "the attribute $2 does not take $3"
}

remove() { # NAME
	echo 1 >"/sys/bus/mdev/devices/${uuid[$1]}/remove"
	[[ ! -e /sys/bus/mdev/devices/${uuid[$1]} ]]
}

kernel_is_quiet() {
	! dmesg | grep -aF -B 6 -f <(sed '/^#/d' tests/complaints)
}

# Removes all devices, unloads the modules, looks at the kernel log.
clean_up() {
	local name module

	say "removing the devices and unloading the modules"
	for name in "${names[@]}"; do
		verify "$name: the device can be removed after use" remove "$name"
	done
	for module in mtty mdpy mbochs softpci-uart softpci-vfio softpci; do
		verify "$module can be unloaded after use" rmmod "$module"
	done
	verify "the kernel complains about nothing" kernel_is_quiet
}
