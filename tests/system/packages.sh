#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The packages in a whole Debian, for ci/packages, which has them in PACKAGES:
#
#   packages.sh install PACKAGES    before the first boot
#   packages.sh boot                the first boot: mdevctl
#   packages.sh reboot              the next boot
#   packages.sh remove              purge, without a boot
#   packages.sh upgrade PACKAGES    a boot: from the version that is installed to this one
#   packages.sh purge               a boot: purge with a device in use

# shellcheck disable=SC2016,SC2317 # functions are called by name, texts by eval

here=$(cd "$(dirname "$0")" && pwd)
# It changes the machine for good.
[[ $here == /src/tests/system ]] || {
	echo "${0##*/}: run ci/packages, which has a machine for it" >&2
	exit 2
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit

D=/sys/bus/mdev/devices
status=0

verify() { # TEXT COMMAND...
	local text=$1

	shift
	if "$@" &>"$work/output"; then
		echo "ok - $text"
	else
		echo "not ok - $text"
		sed 's/^/  /' "$work/output"
		status=1
	fi
}

fails() {
	! "$@"
}

is() { # TEXT FILE: it has this text
	diff <(printf '%s\n' "$1") "$2"
}

active() { # UUID...
	local uuid

	for uuid; do
		[[ -e $D/$uuid ]] || return
	done
}

# Those of the source that is installed, for the kernel with these headers.
modules_of() { # HEADERS
	# shellcheck disable=SC2034 # dkms.conf reads it
	local kernel_source_dir=$1 kernelver=x
	local -a BUILT_MODULE_NAME=()

	# shellcheck source=/dev/null
	. /usr/src/softpci-*/dkms.conf
	echo "${BUILT_MODULE_NAME[@]}"
}

has_modules() { # KERNEL
	local name

	for name in $(modules_of "/lib/modules/$1/build"); do
		[[ $(find "/lib/modules/$1/updates/dkms" -name "$name.ko*") ]] || {
			echo "no $name"
			return 1
		}
	done
	modinfo -k "$1" mdpy
}

# Nothing is there, and it was said once why.
is_left_out() { # KERNEL LOG
	[[ ! -e /lib/modules/$1/updates/dkms ]] &&
		[[ $(grep -c "^softpci: not for kernel $1, which has no CONFIG_VFIO_MDEV:" "$2") == 1 ]]
}

# One that has all options, and is older than the sources know.
old_kernel_is_left_out() {
	local kernel=5.10.0-old folder=/lib/modules/5.10.0-old source result

	source=$(echo /usr/src/softpci-*)
	mkdir -p "$folder/build/include"
	printf 'CONFIG_VFIO_%s=m\n' MDEV VIRQFD >"$folder/build/.config"
	dkms build "softpci/${source#*softpci-}" -k "$kernel" &>log.old
	result=$?
	rm -rf "$folder"
	cat log.old
	((result == 77)) && [[ $(grep -c "^softpci: not for kernel $kernel: " log.old) == 1 ]]
}

install() {
	local kernel

	# DKMS of Debian 12 would choose by the kernel of the machine that this runs on.
	grep -q trixie /etc/os-release ||
		echo 'autoinstall_all_kernels="yes"' >>/etc/dkms/framework.conf
	verify "both packages can be installed" \
		eval 'dpkg -i "$packages"/softpci-*.deb &>log || { cat log; false; }'
	for kernel in /lib/modules/*/build; do
		kernel=$(basename "${kernel%/build}")
		if grep -q '^CONFIG_VFIO_MDEV=' "/lib/modules/$kernel/build/.config"; then
			verify "DKMS has built all modules for $kernel" has_modules "$kernel"
		else
			verify "DKMS builds none for $kernel, and the reason is given" \
				is_left_out "$kernel" log
		fi
	done
	verify "DKMS builds none for a kernel older than 6.1, and the reason is given" \
		old_kernel_is_left_out
	verify "lsvfio runs" lsvfio --version
	verify "lsvfio has its man page" man -w lsvfio
	verify "lsvfio has its completion" \
		bash -c '. /usr/share/bash-completion/completions/lsvfio && complete -p lsvfio'
	# Debian 12 cannot say.
	! udevadm verify --help &>/dev/null ||
		verify "udev finds no fault in the rule" \
			udevadm verify /usr/lib/udev/rules.d/61-softpci.rules
}

parents() {
	[[ -d /sys/class/mdev_bus/mdpy && -d /sys/class/mdev_bus/mbochs && -d /sys/class/mdev_bus/mtty ]]
}

# In microseconds since the kernel has started.
time_of() { # UNIT PROPERTY
	systemctl show -P "$2" "$1"
}

parents_are_early() {
	parents && systemctl is-active systemd-modules-load &&
		(($(time_of systemd-modules-load ExecMainExitTimestampMonotonic) <= \
			$(time_of sysinit.target ActiveEnterTimestampMonotonic)))
}

# mdevctl says when an attribute is not to be had, and takes the device away.
refuses() { # ATTRIBUTE VALUE
	local uuid result=0

	uuid=$(uuidgen)
	mdevctl define --uuid "$uuid" --parent mtty --type mtty-1 &&
		mdevctl modify --uuid "$uuid" --addattr "$1" --value "$2" || return
	if mdevctl start --uuid "$uuid" || [[ -e $D/$uuid ]]; then
		result=1
	fi
	mdevctl undefine --uuid "$uuid"
	return "$result"
}

# What the package does when it is installed, without DKMS's part.
install_again() {
	modprobe -r mdpy mbochs mtty softpci && [[ ! -e /sys/module/softpci ]] &&
		sed '/^# Automatically added by dh_dkms/,/^# End automatically added/d' \
			/var/lib/dpkg/info/softpci-dkms.postinst >postinst &&
		! grep -q 'dkms.*common.postinst' postinst && sh postinst configure && parents
}

# Whether the package says this where this kernel runs, for which there are no modules.
says_of() { # KERNEL TEXT
	local result=0

	mkdir stub
	printf '#!/bin/sh\necho %s\n' "$1" >stub/uname
	printf '#!/bin/sh\nexec /usr/sbin/modinfo -k %s "$@"\n' "$1" >stub/modinfo
	chmod +x stub/*
	modprobe -r mdpy mbochs mtty softpci && PATH=$PWD/stub:$PATH sh postinst configure &>said &&
		says_once said "$2" || result=1
	rm -r stub
	modprobe -a mdpy mbochs mtty
	return "$result"
}

cabled_in_order() { # UUID UUID
	mdevctl stop --uuid "$ONE" && mdevctl stop --uuid "$OTHER" &&
		mdevctl start --uuid "$1" && mdevctl start --uuid "$2" &&
		"$here/device.py" cable "$ONE" "$OTHER"
}

stop() { # UUID
	! active "$1" || mdevctl stop --uuid "$1"
}

is_started() { # UUID: by our part of udev
	stop "$1" && /usr/libexec/softpci/autostart mtty && active "$1"
}

# Not by our part of udev, with a rule of mdevctl that works.
is_left_to_mdevctl() { # UUID
	stop "$1" && /usr/libexec/softpci/autostart mtty && ! active "$1"
}

# By mdevctl's own rule, when its parent appears.
is_started_without_us() { # UUID
	local rule=/etc/udev/rules.d/61-softpci.rules result=0

	ln -s /dev/null "$rule" && udevadm control --reload && modprobe -r mtty &&
		! active "$1" && modprobe mtty && udevadm settle --timeout=600 && active "$1" || result=1
	rm "$rule"
	udevadm control --reload
	return "$result"
}

leave_it_to_mdevctl() {
	local rule=/etc/udev/rules.d/60-mdevctl.rules

	ln -s ../bin/mdevctl /usr/sbin/mdevctl
	verify "a link in /usr/sbin mends mdevctl, and the package leaves the start to it" \
		is_left_to_mdevctl "$ONE"
	verify "with that link mdevctl starts devices without the package" \
		is_started_without_us "$ONE"
	rm /usr/sbin/mdevctl
	sed 's,/usr/sbin/,/usr/bin/,g' /usr/lib/udev/rules.d/60-mdevctl.rules >"$rule"
	verify "so it does with a rule of mdevctl that runs the right program" \
		is_left_to_mdevctl "$ONE"
	ln -sf /dev/null "$rule"
	verify "and with a rule that the administrator has taken away" is_left_to_mdevctl "$ONE"
	rm "$rule"
	verify "with Debian's rule the package starts a device" is_started "$ONE"
}

boot() {
	local kernel

	verify "the parents are there before sysinit.target, that is before libvirt" parents_are_early
	verify "the package loads them when it is installed" install_again
	for kernel in /boot/config-*; do
		grep -q '^CONFIG_VFIO_MDEV=' "$kernel" ||
			verify "it says so where the kernel that runs has no mediated devices" \
				says_of "${kernel#*/config-}" "has no mediated devices"
	done
	verify "it says so where the kernel that runs is too old" \
		says_of 5.10.0-30-amd64 "is too old"
	verify "it names the package of headers that is missing" \
		says_of "$(uname -r)-other" "linux-headers-$(uname -r)-other"
	"$here/commands.py" "$here/../../Documentation/mdevctl.rst" >commands
	echo 'declare -p DISPLAY_CARD SERIAL_CARD ONE OTHER >uuids' >>commands
	verify "the commands of Documentation/mdevctl.rst succeed" bash -e commands
	# shellcheck source=/dev/null
	. ./uuids || return
	verify "the devices are there" active "$DISPLAY_CARD" "$SERIAL_CARD" "$ONE" "$OTHER"
	verify "mdevctl sets vendor/display" is region "$D/$DISPLAY_CARD/vendor/display"
	verify "mdevctl sets vendor/wire" \
		is $'1 crossed\n2 crossed' "$D/$SERIAL_CARD/vendor/wire"
	verify "mdevctl sets vendor/pace" is 1 "$D/$SERIAL_CARD/vendor/pace"
	verify "mdevctl sets numbers in migration/" is 1000000 "$D/$SERIAL_CARD/migration/extra_size"
	verify "mdevctl sets migration/fault" is STOP:STOP_COPY "$D/$SERIAL_CARD/migration/fault"
	verify "two cards that name each other have a cable" "$here/device.py" cable "$ONE" "$OTHER"
	verify "whichever is started first" cabled_in_order "$ONE" "$OTHER"
	verify "an attribute that is not there fails the start" refuses vendor/colour green
	verify "a value that is not accepted fails the start" refuses vendor/wire triangle
	verify "half a cable fails the start" refuses vendor/wire "1 $(uuidgen)"
	verify "mdevctl stops a device" mdevctl stop --uuid "$SERIAL_CARD"
	verify "and it is gone" fails active "$SERIAL_CARD"
	leave_it_to_mdevctl
	MANUAL=$(uuidgen)
	verify "mdevctl defines a device that is not to start by itself" \
		mdevctl define --uuid "$MANUAL" --parent mdpy --type mdpy-vga
	printf '%s=%s\n' DISPLAY_CARD "$DISPLAY_CARD" ONE "$ONE" OTHER "$OTHER" MANUAL "$MANUAL" \
		>/var/tmp/softpci-test
}

# A process has the device open, and asks it for its ids now and then.
hold() { # UUID
	coproc HOLD { exec "$here/device.py" hold "$1"; }
	read -r answer <&"${HOLD[0]}" && [[ $answer == open ]]
}

still_answers() { # IDS
	echo >&"${HOLD[1]}"
	read -r answer <&"${HOLD[0]}" && is "$1" <(echo "$answer")
}

let_go() {
	local pid=$HOLD_PID

	eval "exec ${HOLD[1]}>&-"
	wait "$pid"
}

# In all folders that the packages or DKMS write to.
leftovers() {
	find /etc /usr/src /usr/sbin /usr/libexec /usr/share/doc /usr/share/lintian \
		/usr/share/bash-completion /usr/share/man/man8 /usr/lib/modules-load.d \
		/usr/lib/udev/rules.d /usr/lib/systemd/system /var/lib/dkms /var/lib/dpkg/info \
		-name '*softpci*' -o -name 'lsvfio*'
	find /lib/modules/ -maxdepth 2 -name updates
}

says_once() { # LOG TEXT
	[[ $(grep -c '^softpci-dkms: ' "$1") == 1 ]] && grep "^softpci-dkms: .*$2" "$1"
}

reboot() {
	# shellcheck source=/dev/null
	. /var/tmp/softpci-test
	verify "udev comes to rest" udevadm settle --timeout=600
	verify "devices defined with auto are there after a reboot" \
		active "$DISPLAY_CARD" "$ONE" "$OTHER"
	verify "others are not" fails active "$MANUAL"
	verify "they have their attributes" is region "$D/$DISPLAY_CARD/vendor/display"
	verify "and their cable" "$here/device.py" cable "$ONE" "$OTHER"
	verify "nothing was started twice" eval 'journalctl -b -q >journal && [[ -s journal ]] &&
		! grep -E "(softpci|mdevctl).*already exists" journal'
}

dpkg_purge() {
	dpkg -P softpci-dkms softpci-tools &>log || {
		cat log
		return 1
	}
}

remove() {
	verify "both packages can be purged" dpkg_purge
	verify "and nothing is left behind" eval '! leftovers | grep .'
}

purge() {
	DISPLAY_CARD=$(uuidgen)
	echo "$DISPLAY_CARD" >/sys/class/mdev_bus/mbochs/mdev_supported_types/mbochs-small/create
	verify "a process has a device open" hold "$DISPLAY_CARD"
	verify "both packages can be purged while a device is in use" dpkg_purge
	verify "which says in a line that it stays" says_once log "they keep running"
	verify "the device goes on" still_answers 1234:1111
	verify "a module without a device is unloaded" test ! -e /sys/module/mdpy
	verify "and nothing is left behind" eval '! leftovers | grep .'
	verify "the device is closed in the end" let_go
	verify "and can be removed" eval 'echo 1 >"$D/$DISPLAY_CARD/remove" && [[ ! -e $D/$DISPLAY_CARD ]]'
}

upgrade() {
	local uuid new kernel

	new=$(dpkg-deb -f "$(echo "$packages"/softpci-dkms_*.deb)" Version)
	# For this kernel only: DKMS leaves out those without headers.
	for kernel in /lib/modules/*/build; do
		[[ $kernel == */"$(uname -r)"/build ]] || rm "$kernel"
	done
	uuid=$(uuidgen)
	echo "$uuid" >/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-1/create
	verify "the packages can be upgraded while a device is in use" \
		eval 'hold "$uuid" && dpkg -i "$packages"/softpci-*.deb &>log || { cat log; false; }'
	verify "which says in a line that it stays" says_once log "devices keep running"
	verify "the device goes on" still_answers 4348:3253
	verify "it is closed" let_go
	verify "DKMS has the new version for this kernel" \
		eval 'dkms status softpci | grep "^softpci/$new, $(uname -r),.*: installed"'
	verify "and no other version" eval '! dkms status softpci | grep -v "^softpci/$new,"'
	verify "the old source is gone" is "/usr/src/softpci-$new" <(echo /usr/src/softpci-*)
}

case ${1-} in
install | upgrade)
	packages=$2
	"$1"
	;;
boot | reboot | remove | purge) "$1" ;;
*)
	echo "usage: $0 install|upgrade PACKAGES, or $0 boot|reboot|remove|purge" >&2
	exit 2
	;;
esac
exit $status
