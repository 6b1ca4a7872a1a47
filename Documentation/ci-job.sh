#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A job that tests a VMM: ci-job.sh COMMAND [ARG...]
# COMMAND runs the VMM, and finds the path of a device in $DEVICE.

set -u
# In the tree, or beside the copy of this file in the Debian package
complaints=$(dirname "$0")/../tests/complaints
[[ -e $complaints ]] || complaints=$(dirname "$0")/complaints

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
export DEVICE=/sys/bus/mdev/devices/$uuid
echo crossed >"$DEVICE/vendor/wire" || fail "the device cannot be set up"

timeout "${VMM_TIME:-600}" "$@" || fail "the VMM ended with status $?"

# The write waits for the VMM, and no signal ends it.
echo 1 >"$DEVICE/remove" &
if ! timeout "${REMOVE_TIME:-60}" tail --pid=$! -f /dev/null; then
	fail "the VMM did not let go of the device"
elif [[ -e $DEVICE ]]; then
	fail "the device cannot be removed"
fi
log=$(dmesg)
if ! grep -qF "$mark" <<<"$log"; then
	fail "the kernel log has lost the beginning of the job: boot with log_buf_len=16M"
elif sed "1,/$mark/d" <<<"$log" | grep -aF -f <(sed '/^#/d' "$complaints"); then
	fail "the kernel complained as above"
fi
exit $failed
