#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of lsvfio, as root, on a kernel with mdev and VFIO: loads the modules, makes one
# device of each kind, compares with golden files, unloads them again. host.sh has those
# that need no device.

set -u -o pipefail

tools=$(cd "$(dirname "$0")" && pwd -P)
here=${tools%/*}
# shellcheck source=tests/modules.sh
. "$here/modules.sh"

usage() {
	cat <<-END
		usage: tests/tools/run.sh [OPTION...]
		  --ko DIR      folder of the modules (default \$SOFTPCI_KO, else modprobe)
		  --bin DIR     lsvfio, hold and pixels, as make -C tools tests builds them
		                (default build/tools)
		  --update DIR  golden files as they would be now go there
	END
}

bin=${here%/*}/build/tools log='' goldens=''
while (($#)); do
	case $1 in
	--ko | --bin | --update)
		(($# > 1)) || die "$1 wants a value"
		case $1 in
		--ko) export SOFTPCI_KO=$2 ;;
		--bin) bin=$2 ;;
		--update) goldens=$2 ;;
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
for program in lsvfio hold pixels; do
	[[ -x $bin/$program ]] || die "no program $bin/$program: make -C tools tests O=$bin"
done
bin=$(realpath "$bin")
set_up
# Sets scratch once more, to another folder.
rm -r "$scratch"
# shellcheck source=tests/tools/tap.sh
. "$tools/tap.sh"
log=$scratch update=$goldens

# One of each kind, by names that are in the golden files.
kinds=(mdpy mbochs mtty mioat)
types=(mdpy-vga mbochs-small mtty-2 mioat-1)
uuid_of() { # KIND
	local i

	for i in "${!kinds[@]}"; do
		[[ ${kinds[i]} != "$1" ]] || printf '%08d-0000-4000-8000-000000000000\n' $((i + 1))
	done
}
mdpy=$(uuid_of mdpy) mbochs=$(uuid_of mbochs)
lsvfio=("$bin/lsvfio" --ids "$tools/pci.ids")
functions=/sys/kernel/config/softpci

make_devices() {
	local i

	for i in "${!kinds[@]}"; do
		uuid_of "${kinds[i]}" >"/sys/class/mdev_bus/${kinds[i]}/mdev_supported_types/${types[i]}/create" ||
			die "cannot create a ${types[i]}"
	done
	address=''
	modprobe -q vfio-pci && modprobe -q configfs || return
	mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config || return
	if [[ $ko ]]; then
		insmod "$ko/softpci-host.ko" || return
	else
		modprobe softpci-host || return
	fi
	mkdir $functions/lsvfio
	echo 64K,64bit,prefetchable >$functions/lsvfio/bar0
	echo 4 >$functions/lsvfio/msix
	echo 2 >$functions/lsvfio/msi
	echo vfio-pci >$functions/lsvfio/driver_override
	echo 1 >$functions/lsvfio/live || return
	address=$(<$functions/lsvfio/address)
}

remove_devices() {
	local kind

	if [[ $address ]]; then
		echo 0 >$functions/lsvfio/live
		rmdir $functions/lsvfio
	fi
	for kind in "${kinds[@]}"; do
		echo 1 >"/sys/bus/mdev/devices/$(uuid_of "$kind")/remove"
	done
}

# Text without what differs between kernels and runs.
normal() {
	sed -E '
		s,/dev/vfio/devices/vfio[0-9]+,CDEV,; s/,CDEV//; /^  cdev /d
		# It is tested apart.
		/^  vendor.display /d
		s,/dev/vfio/[0-9]+,NODE,; s/ [0-9]+( +)NODE/ GROUP\1NODE/; s/(group +)[0-9]+,/\1GROUP,/
		s/opened by (group|cdev)/opened by INTERFACE/
		/^  [0-9]+ +(MIG_DATA_SIZE|MIG_PRECOPY_INFOv2|DMA_LOGGING_)/d; s/^(Features:).*/\1/
		s/ PRE_COPY$//; s/(data size +).*/\1SIZE/
		s/[0-9]+ \(hold\)/PID (hold)/; s/dma-buf [0-9]+$/dma-buf ID/
		s/^(  BAR0 +64 bits at )0x[0-9a-f]+/\1ADDRESS/
		s/ +/ /g'
}

list_all() {
	"${lsvfio[@]}" | normal | compare "the list" list.txt
	"${lsvfio[@]}" --json | that "the list as JSON is as the man page says" schema
	if strace -f -e trace=%file -o "$scratch/trace" "${lsvfio[@]}" >/dev/null; then
		that "the list opens no file in /dev" without 'open.*"/dev/' "$scratch/trace"
	else
		skip "the list opens no file in /dev: no strace"
	fi
}

describe_all() {
	local kind name options

	for kind in "${kinds[@]}" ${address:+pci}; do
		name=$(uuid_of "$kind")
		[[ $kind != pci ]] || name=$address
		options=()
		[[ $kind != pci ]] || options=(--group)
		"${lsvfio[@]}" "${options[@]}" "$name" | normal | compare "$kind as text" "$kind.txt"
		"${lsvfio[@]}" -j "$name" >"$scratch/json"
		that "$kind as JSON is as the man page says" schema <"$scratch/json"
		[[ $kind == pci ]] || schema --normal <"$scratch/json" |
			compare "$kind as JSON" "$kind.json"
	done
	expect "--group" 0 '' "${lsvfio[@]}" --group "$mdpy"
	that "it says so" grep -q 'opened by group' "$scratch/out"
	if [[ -e /dev/vfio/devices ]]; then
		expect "--cdev" 0 '' "${lsvfio[@]}" --cdev "$mdpy"
		that "it says so" grep -q 'opened by cdev' "$scratch/out"
		[[ ! $address ]] || expect "--cdev of the PCI function" 0 '' "${lsvfio[@]}" -c "$address"
	else
		skip "--cdev: this kernel has no VFIO_DEVICE_CDEV"
		expect "--cdev of a kernel without it" 1 'use --group' "${lsvfio[@]}" --cdev "$mdpy"
	fi
	expect "a path in sysfs" 0 '' "${lsvfio[@]}" "/sys/bus/mdev/devices/$mdpy"
	for name in /sys/bus/pci/drivers/virtio-pci/0*; do
		expect "a device that is bound to another driver" 2 \
			'is bound to virtio-pci, .*: (driverctl|turn that on)' "${lsvfio[@]}" "${name##*/}"
		break
	done
	expect "no permission" 1 'no permission for /dev/vfio/.*: be root' \
		setpriv --reuid 65534 --clear-groups "$bin/lsvfio" "$mdpy"
}

display_attribute() {
	local file

	for file in /sys/bus/mdev/devices/*/vendor/display; do
		[[ -e $file ]] || continue
		"${lsvfio[@]}" "${file%/vendor/display}" >"$scratch/out"
		that "vendor/display of $(<"$file")" \
			grep -q "^  vendor/display  *$(<"$file")\$" "$scratch/out"
		that "it is that of the interface" grep -q "^Display: $(<"$file")\$" "$scratch/out"
	done
}

# The features of migration are those of the kernel.
features() {
	local names

	names=$("${lsvfio[@]}" "$mdpy")
	case $(uname -r) in
	6.1.*) that "PRE_COPY is not there on 6.1" without PRE_COPY /dev/stdin <<<"$names" ;;
	*)
		that "PRE_COPY is there" grep -q '^Migration: .*PRE_COPY' <<<"$names"
		that "MIG_DATA_SIZE is there" grep -q ' MIG_DATA_SIZE  *get$' <<<"$names"
		;;
	esac
}

hold() { # DEVICE DOOR
	coproc HOLD { exec "$bin/hold" "$@"; }
	answered
}

answered() {
	local line=''

	read -r -t 60 -u "${HOLD[0]}" line
	[[ $line == "done" ]] || die "hold does not answer: $line"
}

tell() { # COMMAND
	echo "$1" >&"${HOLD[1]}"
	answered
}

let_go() {
	local pid=$HOLD_PID input=${HOLD[1]}

	exec {input}>&-
	wait "$pid"
}

shot() { # TEXT KIND SIZE OPTION...
	rm -f "$scratch/shot.png"
	expect "$1: a screenshot" 0 '' "${lsvfio[@]}" -s "$scratch/shot.png" "${@:4}" &&
		that "$1: each pixel" "$bin/pixels" "$scratch/shot.png" "$2" "$3"
}

displays() { # DOOR
	local file

	shot "mdpy, mapped" ramp 640x480 "$mdpy"
	file=$scratch/shot.png
	"${lsvfio[@]}" -s - "$mdpy" >"$scratch/stdout.png"
	that "to standard output, it is the same" cmp "$file" "$scratch/stdout.png"
	rm -f "$file"
	# The region cannot be mapped: it is read.
	strace -o "$scratch/trace" -P 'anon_inode:[vfio-device]' -e trace=mmap,pread64 \
		-e inject=mmap:error=EINVAL "${lsvfio[@]}" -g -s "$file" "$mdpy"
	that "mdpy, read: each pixel" "$bin/pixels" "$file" ramp 640x480
	that "mdpy, read: it was not mapped" grep -q 'mmap.*EINVAL.*INJECTED' "$scratch/trace"
	that "mdpy, read: at once" grep -q 'pread64.*= 1228800' "$scratch/trace"
	expect "a screenshot on a full disk" 1 'cannot write /dev/full: No space' \
		"${lsvfio[@]}" -s /dev/full "$mdpy"
	expect "a screenshot in no folder" 1 'cannot write /no/such/file' \
		"${lsvfio[@]}" -s /no/such/file "$mdpy"
	rm -f "$file"
	expect "nothing is displayed" 1 'nothing is displayed' "${lsvfio[@]}" -s "$file" "$mbochs"
	expect "no display" 1 'the device has no display' \
		"${lsvfio[@]}" -s "$file" "$(uuid_of mtty)"
	that "there is no file" test ! -e "$file"
}

in_use() { # DOOR
	hold "$mbochs" "$1"
	"${lsvfio[@]}" | normal | compare "the list with a device in use by its $1" "list-used.txt"
	expect "a device in use by its $1" 1 "is in use by process $HOLD_PID \(hold\): .*--join" \
		"${lsvfio[@]}" "$mbochs"
	expect "the same by --group" 1 "is in use by process $HOLD_PID \(hold\)" \
		"${lsvfio[@]}" --group "$mbochs"
	[[ ! -e /dev/vfio/devices ]] || expect "the same by --cdev" 1 \
		"is in use by process $HOLD_PID \(hold\)" "${lsvfio[@]}" --cdev "$mbochs"
	expect "--join: nothing is displayed" 1 'nothing is displayed: no mode is set$' \
		"${lsvfio[@]}" --join -s "$scratch/none.png" "$mbochs"
	tell "mode 640 400 32"
	tell master
	expect "--join" 0 '' "${lsvfio[@]}" --join "$mbochs"
	normal <"$scratch/out" | compare "a device in use by its $1, by --join" "joined.txt"
	"${lsvfio[@]}" --join -j "$mbochs" | that "the same as JSON" schema
	shot "XR24" 32 640x400 --join "$mbochs"
	tell "mode 722 404 16"
	shot "RG16" 16 722x404 --join "$mbochs"
	tell "off"
	expect "--join: switched off" 1 'nothing is displayed' \
		"${lsvfio[@]}" --join -s "$scratch/none.png" "$mbochs"
	let_go
	expect "--join when it is free again" 1 'no process is seen' "${lsvfio[@]}" -J "$mbochs"

	hold "$mdpy" "$1"
	tell ramp
	shot "mdpy in use" turned 640x480 -J "$mdpy"
	let_go
	shot "mdpy opened anew" ramp 640x480 "$mdpy"
}

# On a kernel that does not tell which descriptor is which device.
several_descriptors() {
	local fd

	hold "$mbochs" group
	tell again
	tell "mode 640 400 32"
	for fd in /proc/"$HOLD_PID"/fd/*; do
		[[ $(readlink "$fd") == 'anon_inode:[vfio-device]' ]] && break
	done
	if grep -q vfio-device-syspath "/proc/$HOLD_PID/fdinfo/${fd##*/}"; then
		shot "--join with two descriptors" 32 640x400 --join "$mbochs"
	else
		expect "--join with two descriptors" 1 \
			"which of 2 descriptors .*process $HOLD_PID \(hold\) has [0-9]+ \(1234:1111\), [0-9]+ \(1234:1111\)\$" \
			"${lsvfio[@]}" --join "$mbochs"
	fi
	shot "--join=FD" 32 640x400 "--join=${fd##*/}" "$mbochs"
	shot "--join=PID:FD" 32 640x400 "--join=$HOLD_PID:${fd##*/}" "$mbochs"
	expect "--join=FD with a descriptor that is no device" 1 \
		"descriptor 0 of process $HOLD_PID is pipe:.* and not $mbochs" \
		"${lsvfio[@]}" --join=0 "$mbochs"
	let_go
}

# Reads the output of a process until a line is as it should be.
await() { # TEXT PATTERN
	local line

	while read -r -t 60 -u "$watch" line; do
		if [[ $line =~ $2 ]]; then
			ok "$1"
			return
		fi
	done
	not_ok "$1" "no line like $2"
}

start_watch() { # OPTION...
	exec {watch}< <(exec "${lsvfio[@]}" --watch=0.05 "$@" 2>"$scratch/watch.err")
	watcher=$!
}

ends() { # TEXT PATTERN OF standard error, "" for none
	local status=0

	timeout 60 tail -s 0.1 -f --pid "$watcher" /dev/null || kill -KILL "$watcher"
	wait "$watcher" || status=$?
	exec {watch}<&-
	that "$1 ends it" test "$status" -eq 0
	if [[ $2 ]]; then
		that "it says so" grep -qE "$2" "$scratch/watch.err"
	else
		that "it says nothing" test ! -s "$scratch/watch.err"
	fi
}

watching() {
	local fd

	hold "$mbochs" group
	start_watch --join "$mbochs"
	await "--watch begins with the description" '^Device, opened by'
	await "and what is displayed" 'primary +nothing'
	tell "mode 640 400 32"
	await "--watch prints the time of a change" '^--- [0-9:]{8}$'
	await "and what is displayed then" 'primary +640x400 XR24'
	tell "mode 800 600 16"
	await "another mode" 'primary +800x600 RG16'
	tell master
	await "Bus Master" 'command +.*bus-master'
	tell "off"
	await "off" 'primary +nothing'
	tell close
	ends "the user's closing it" 'no process is seen|has the group'
	let_go

	hold "$mbochs" group
	start_watch --join --json "$mbochs"
	read -r -t 60 -u "$watch" line
	that "--watch --json: the first line" schema <<<"$line"
	tell "mode 640 400 32"
	while read -r -t 60 -u "$watch" line && [[ $line != *'"width":640'* ]]; do :; done
	that "--watch --json: a line for a change" schema <<<"$line"
	let_go
	ends "the end of the user" 'no process is seen|has the group'

	hold "$mbochs" group
	for fd in /proc/"$HOLD_PID"/fd/*; do
		[[ $(readlink "$fd") == 'anon_inode:[vfio-device]' ]] && break
	done
	start_watch "--join=${fd##*/}" "$mbochs"
	await "--watch --join=FD begins" 'primary +nothing'
	tell replace
	ends "another file under this number" "descriptor ${fd##*/} .* is /dev/null and not $mbochs"
	let_go

	start_watch "$mdpy"
	await "--watch opens the device" '^Device, opened by'
	await "mdpy is displayed" 'primary +640x480'
	kill -INT "$watcher"
	ends "SIGINT" ''
	start_watch "$mdpy"
	await "--watch opens the device again" 'primary +640x480'
	echo 1 >"/sys/bus/mdev/devices/$mdpy/remove" &
	remover=$!
	ends "removal" "the kernel asks for $mdpy"
	that "removal waits no longer" wait "$remover"
	that "the device has gone" test ! -e "/sys/bus/mdev/devices/$mdpy"
	echo "$mdpy" >/sys/class/mdev_bus/mdpy/mdev_supported_types/mdpy-vga/create
}

probe_kernel
mark tools
load || die "the modules do not load"
make_devices || skip "a function of softpci-host: it cannot be made here"
list_all
describe_all
display_attribute
features
displays
in_use group
if [[ -e /dev/vfio/devices ]]; then
	in_use cdev
else
	skip "a device in use by its cdev: this kernel has no VFIO_DEVICE_CDEV"
fi
several_descriptors
watching
remove_devices
that "the modules unload" unload
that "the kernel has nothing to complain of" test ! "$(complaints)"
show_complaints
summary
