#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A job that tests a VMM: ci-job.sh COMMAND [ARG...]
# COMMAND runs the VMM, and finds the path of a device in $D.

set -u
tree=$(dirname "$0")/..

fail() {
	echo "ci-job.sh: $*" >&2
	failed=1
}

# Installed modules, or those that ci/run has built
load() {
	local module

	if [[ ! ${SOFTPCI_KO-} ]]; then
		modprobe mtty
		return
	fi
	modprobe -a mdev vfio vfio_iommu_type1 || return
	modprobe -q vfio_virqfd # 6.1
	for module in softpci softpci-vfio softpci-uart mtty; do
		[[ -d /sys/module/${module//-/_} ]] || insmod "$SOFTPCI_KO/$module.ko" || return
	done
}

(($#)) || { echo "usage: ci-job.sh COMMAND [ARG...]" >&2; exit 2; }
load || exit
failed=0
mark="job begins $EPOCHREALTIME"
echo "$mark" >/dev/kmsg

uuid=$(uuidgen)
echo "$uuid" >/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/create || exit
export D=/sys/bus/mdev/devices/$uuid
echo crossed >"$D/vendor/wire" || fail "the device cannot be set up"

timeout "${VMM_TIME:-600}" "$@" || fail "the VMM ended with status $?"

# The write waits for the VMM, and no signal ends it.
echo 1 >"$D/remove" &
timeout "${REMOVE_TIME:-60}" tail --pid=$! -f /dev/null ||
	fail "the VMM did not let go of the device"
if dmesg | sed "1,/$mark/d" | grep -aF -f <(sed '/^#/d' "$tree/tests/complaints"); then
	fail "the kernel complained as above"
fi
exit $failed
