#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Has libvirt use the devices, by the files and commands of Documentation/libvirt.rst: the
# part of ci/libvirt that runs in a machine with systemd and libvirt.
#
#   tests/system/libvirt.sh PROGRAM KERNEL START
#   tests/system/libvirt.sh configure
#   tests/system/libvirt.sh rebooted
#
# PROGRAM is libvirt_guest.py or libvirt_gl.py, for which the modules of $SOFTPCI_KO are
# loaded; or libvirt_first.py, for installed ones that the machine has loaded when it
# booted. For that one "configure" comes before the first boot, and "rebooted" after it.

set -uo pipefail

parents=(mdpy mbochs mtty mioat)
functions=/sys/kernel/config/softpci
failed=0

die() {
	echo "not ok - $*"
	exit 1
}

load() {
	local module

	# vgem has a render node, for the display with OpenGL.
	modprobe -a vfio-pci vfio_iommu_type1 mdev configfs vgem ||
		die "the stock modules cannot be loaded"
	for module in softpci softpci-vfio softpci-uart softpci-ioat softpci-host; do
		insmod "$SOFTPCI_KO/$module.ko" || die "$module.ko cannot be loaded"
	done
	for module in "${parents[@]}"; do
		insmod "$SOFTPCI_KO/$module.ko" parent=pci || die "$module.ko cannot be loaded"
	done
}

# As in a Debian 13 that was not made for a test: libvirt finds AppArmor when it starts. What
# the page has for QEMU's screendump is done as well.
confine() {
	mkdir -p /etc/apparmor.d/local/abstractions
	if ! tests/system/commands.py Documentation/libvirt.rst "A guest" | grep apparmor | bash -e ||
		! systemctl start apparmor || ! systemctl restart libvirtd; then
		die "AppArmor cannot be started"
	fi
}

# At the place that function.xml names, and with ids that a driver of the kernel knows.
plug_in() {
	local folder=$functions/function

	if ! { mkdir "$folder" && echo 0x0011 >"$folder/device" && echo 4K >"$folder/bar0" &&
		echo 10.0 >"$folder/devfn" && echo 1 >"$folder/live"; }; then
		die "no function can be plugged in"
	fi
	udevadm settle
}

unplug() {
	echo 0 >"$functions/function/live" && rmdir "$functions/function"
}

# The device that libvirt was told to make at each boot has a parent on the PCI bus.
rebooted() {
	local device=/sys/bus/mdev/devices/11e0b9f6-5a44-4c1c-8f3e-2f6a9a7d3c02

	udevadm settle --timeout=600
	[[ -d $device ]] || die "a device of nodedev-autostart is there after a reboot"
	echo "ok - a device of nodedev-autostart is there after a reboot"
	[[ $(<"$device/vendor/display") == region ]] || die "it has its attributes"
	echo "ok - it has its attributes"
}

# As the administrator does it before the packages are installed, by the command of the page.
configure() {
	[[ $0 == /src/* ]] || die "run ci/libvirt, which has a machine for it"
	cd "$(dirname "$0")/../../Documentation/libvirt" || exit
	../../tests/system/commands.py ../libvirt.rst "From the package to a guest" |
		grep '^cp ' | bash -e || die "the page has no command that succeeds for softpci.conf"
}

case $1 in
configure)
	configure
	exit
	;;
rebooted)
	rebooted
	exit
	;;
esac
program=$1 kernel=$2 start=$3
if [[ $program == libvirt_first.py ]]; then
	parents=(mdpy mbochs mtty)
	unplug() { :; }
else
	load
	plug_in
fi
confine
PYTHONDONTWRITEBYTECODE=1 python3 "tests/system/$program" --xml Documentation/libvirt --out /out \
	--start "$start" --kernel "build/guest/$kernel" --card build/guest/card \
	--parents "$(IFS=, && echo "${parents[*]}")" || failed=1
if unplug && rmmod "${parents[@]}" softpci-host; then
	echo "ok - the modules can be unloaded after use"
else
	echo "not ok - the modules can be unloaded after use"
	failed=1
fi
exit $failed
