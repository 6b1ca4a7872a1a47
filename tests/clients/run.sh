#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the VFIO client of tests/clients/pci-driver as root on a kernel with mdev
# and VFIO, on one device of each type, by each way to a device that kernel and
# library have in common. Loads the modules, watches the kernel log, unloads them.

set -u -o pipefail

here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/modules.sh
. "$here/modules.sh"

usage() {
	cat <<-END
		usage: tests/clients/run.sh [OPTION...] [OPTION OF vfio-client...]
		  --ko DIR       folder of the modules (default \$SOFTPCI_KO, else modprobe)
		  --bin FILE     the client (default build/clients/vfio-client, see ci/client)
		  --log DIR      keep the whole output there
		Options of vfio-client:
		  --only WORD    the cases that have WORD in their names
	END
}

bin=${here%/*}/build/clients/vfio-client log='' args=()
while (($#)); do
	case $1 in
	--ko | --bin | --log | --only)
		(($# > 1)) || die "$1 wants a value"
		case $1 in
		--ko) export SOFTPCI_KO=$2 ;;
		--bin) bin=$2 ;;
		--log) log=$2 ;;
		--only) args+=("$1" "$2") ;;
		esac
		shift
		;;
	--help)
		usage
		exit 0
		;;
	*) die "unknown option '$1' (--help lists them)" ;;
	esac
	shift
done

passed=0 failed=0 skipped=0

skip() { # NAME REASON
	echo "skipped $1: $2"
	((skipped += 1))
}

fail() { # NAME REASON
	echo "FAILED $1: $2"
	((failed += 1))
}

# Makes one mdev of each type and sets devices to TYPE=UUID...
make_devices() {
	local folder uuid

	devices=()
	for folder in /sys/class/mdev_bus/*/mdev_supported_types/*; do
		is_own "$(basename "$(dirname "$(dirname "$folder")")")" || continue
		uuid=$(</proc/sys/kernel/random/uuid)
		echo "$uuid" >"$folder/create" || return 1
		devices+=("$(basename "$folder")=$uuid")
	done
}

remove_devices() {
	local device

	for device in "${devices[@]}"; do
		echo 1 >"/sys/bus/mdev/devices/${device#*=}/remove"
	done
}

is_own() { # PARENT
	[[ " ${parents[*]} " == *" $1 "* ]]
}

# The device of QEMU without any function that ci/run --iommu adds: where it
# is bound to vfio-pci, spare is its address and group the number of its group.
bind_spare() {
	local device

	spare='' group=''
	for device in /sys/bus/pci/devices/*; do
		[[ $(<"$device/vendor") == 0x1b36 && $(<"$device/device") == 0x0005 ]] || continue
		[[ -e $device/iommu_group && ! -e $device/driver ]] || continue
		modprobe -q vfio-pci || return 1
		echo vfio-pci >"$device/driver_override" &&
			echo "${device##*/}" >/sys/bus/pci/drivers/vfio-pci/bind || return 1
		spare=${device##*/}
		group=$(basename "$(readlink "$device/iommu_group")")
		return 0
	done
	return 1
}

unbind_spare() {
	[[ ! $spare ]] || {
		echo "$spare" >/sys/bus/pci/drivers/vfio-pci/unbind
		echo >"/sys/bus/pci/devices/$spare/driver_override"
	}
}

# Adds up the last line of a run.
run_client() { # NAME COMMAND...
	local name=$1 output=$log/clients-$1.log good bad

	shift
	"$@" </dev/null 2>&1 | tee "$output" | sed '$d'
	read -r good bad < <(sed -nE '$s/^([0-9]+) passed, ([0-9]+) failed, .*/\1 \2/p' "$output")
	[[ ${good-} ]] || {
		tail -n 1 "$output"
		fail "$name" "the client did not come to its end"
	}
	((passed += ${good:-0}, failed += ${bad:-0})) || true
}

set_up
[[ -x $bin ]] || die "there is no $bin: ci/client --build makes it"
probe_kernel
mark clients
load || die "the modules do not load"
make_devices || fail create "not every type of device can be created"

# The library reads from the container which addresses a device may use for DMA.
# type1 tells of none while all its groups are of mediated devices.
if bind_spare; then
	run_client type1 "$bin" --door type1 --beside "$group" "${args[@]}" "${devices[@]}"
else
	skip type1 "no device behind an IOMMU to share the container with (ci/run --iommu has one), and the library takes none with mdevs alone"
fi
unbind_spare
if [[ -c /dev/iommu ]]; then
	# shellcheck disable=SC2016 # expands in that shell
	run_client iommufd unshare --mount sh -c \
		'mount --bind /dev/iommu /dev/vfio/vfio && exec "$@"' sh \
		"$bin" --door iommufd "${args[@]}" "${devices[@]}"
else
	skip iommufd "this kernel has none"
fi
skip cdev "the library opens devices by their groups only"

remove_devices
[[ ! $(own_devices) ]] || fail remove "devices are left: $(own_devices | xargs -n 1 basename | xargs)"
unload 2>"$scratch/unload" || fail unload "$(xargs <"$scratch/unload")"
[[ ! $(complaints) ]] || {
	fail "kernel log" "it has complaints"
	show_complaints
}
find_leaks
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0 && passed > 0))
