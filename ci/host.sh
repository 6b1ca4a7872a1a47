# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # some variables are of the scripts that source it
#
# Loads the modules, creates devices for a guest and removes all of it again, by the
# commands that an administrator of the host would use. Sourced in the VM by
# ci/demo-inside, ci/migrate-inside, ci/display-inside and ci/unplug-inside, which set
# start, the time from which seconds are counted, and check, whether assertions that hold are printed as well.
# Where record is set it is written, see record.sh.

# shellcheck source=ci/record.sh
. "$(dirname "${BASH_SOURCE[0]}")/record.sh"

failed=0
declare -A uuid=()
names=() run=()
# In the order of loading
modules=(softpci softpci-vfio softpci-uart softpci-ioat mdpy mbochs mtty mioat)
FUNCTIONS=/sys/kernel/config/softpci

say() {
	printf '[%3ds] %s\n' $((EPOCHSECONDS - start)) "$*"
}

die() {
	note "not ok" "$*"
	printf 'not ok - %s\n' "$*"
	exit 1
}

# Runs a line as it is typed.
typed() { # LINE
	note command "$1"
	eval "$1"
}

# Notes whether a command succeeds.
verify() { # TEXT COMMAND...
	local text=$1

	shift
	if "$@"; then
		note ok "$text"
		((!check)) || echo "ok - $text"
	else
		note "not ok" "$text"
		echo "not ok - $text"
		failed=1
	fi
}

load() {
	# vgem gives QEMU a render node: a display with dma-bufs wants OpenGL.
	typed "modprobe -a mdev vfio vfio_iommu_type1 vfio_pci vgem configfs" ||
		die "the stock modules cannot be loaded"
	modprobe -q vfio_virqfd # a part of vfio in newer kernels
	for module in "${modules[@]}"; do
		typed "insmod $SOFTPCI_KO/$module.ko" || die "$module.ko cannot be loaded"
	done
}

create() { # TYPE [NAME]
	local parent=${1%%-*}
	local name=${2:-$parent}

	uuid[$name]=$(uuidgen)
	typed "echo ${uuid[$name]} >/sys/class/mdev_bus/$parent/mdev_supported_types/$1/create" ||
		die "no device of type $1 can be created"
	names+=("$name")
	run+=("--$name" "${uuid[$name]}")
	say "created a $1, ${uuid[$name]}"
}

# A DMA engine on the PCI bus of softpci-host
plug_in() { # NAME
	local folder=$FUNCTIONS/$1

	mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
	if [[ ! -d $FUNCTIONS ]]; then
		insmod "$SOFTPCI_KO/softpci-host.ko" || die "softpci-host.ko cannot be loaded"
		modules+=(softpci-host)
	fi
	if ! { mkdir "$folder" && echo ioat >"$folder/model" &&
		echo vfio-pci >"$folder/driver_override" && echo 1 >"$folder/live"; }; then
		die "no function can be plugged in"
	fi
	run+=("--$1" "$(<"$folder/address")")
	say "plugged in a DMA engine at $(<"$folder/address")"
}

unplug() { # NAME
	echo 0 >"$FUNCTIONS/$1/live" && rmdir "$FUNCTIONS/$1"
}

set_up() { # NAME ATTRIBUTE VALUE
	typed "echo $3 >/sys/bus/mdev/devices/${uuid[$1]}/vendor/$2" ||
		die "the attribute $2 does not take $3"
}

remove() { # NAME
	typed "echo 1 >/sys/bus/mdev/devices/${uuid[$1]}/remove"
	[[ ! -e /sys/bus/mdev/devices/${uuid[$1]} ]]
}

kernel_is_quiet() {
	! dmesg | grep -aF -B 6 -f <(sed '/^#/d' tests/complaints)
}

# Removes all devices, unloads the modules, looks at the kernel log.
clean_up() {
	local name folder i

	note phase "Remove the devices and unload the modules"
	say "removing the devices and unloading the modules"
	for name in "${names[@]}"; do
		verify "$name: the device can be removed after use" remove "$name"
	done
	for folder in "$FUNCTIONS"/*/; do
		[[ -d $folder ]] || continue
		name=$(basename "$folder")
		verify "$name: the function can be unplugged after use" unplug "$name"
	done
	for ((i = ${#modules[@]} - 1; i >= 0; i--)); do
		verify "${modules[i]} can be unloaded after use" typed "rmmod ${modules[i]}"
	done
	verify "the kernel complains about nothing" kernel_is_quiet
}
