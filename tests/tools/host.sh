#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of lsvfio that need no VFIO: a made-up /sys, /proc and /dev, wrong arguments, bad
# input.
#
#	tests/tools/host.sh [--bin DIR] [--update DIR]
#
#	--bin DIR	has lsvfio (default build/tools)
#	--update DIR	golden files as they would be now go there

set -u -o pipefail

tools=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/tools/tap.sh
. "$tools/tap.sh"
bin=$tools/../../build/tools
while (($# > 1)); do
	case $1 in
	--bin) bin=$2 ;;
	--update) update=$2 ;;
	esac
	shift 2
done
lsvfio=$(realpath -e "$bin/lsvfio") || exit 2
device=$(realpath -e "$bin/device.so") || exit 2

root=$scratch/root
uuid=00c0ffee-0000-4000-8000-00000000abcd
# A process that there is not.
pid=4194305

# A file and its folder.
put() { # FILE TEXT
	mkdir -p "$root/${1%/*}"
	printf '%s\n' "$2" >"$root/$1"
}

# A link inside of the root, as sysfs has them.
link() { # LINK TARGET
	mkdir -p "$root/${1%/*}" "$root/$2"
	ln -rsT "$root/$2" "$root/$1"
}

pci_device() { # ADDRESS DRIVER GROUP, "" for none
	local dir=sys/devices/pci0000:00/$1 attribute

	mkdir -p "$root/$dir"
	link "sys/bus/pci/devices/$1" "$dir"
	link "$dir/subsystem" sys/bus/pci
	[[ ! $2 ]] || link "$dir/driver" "sys/bus/pci/drivers/$2"
	if [[ $3 ]]; then
		link "$dir/iommu_group" "sys/kernel/iommu_groups/$3"
		link "sys/kernel/iommu_groups/$3/devices/$1" "$dir"
	fi
	for attribute in vendor=0x1b36 device=0x0005 subsystem_vendor=0x1af4 \
		subsystem_device=0x1100 class=0x038000 revision=0x03; do
		put "$dir/${attribute%=*}" "${attribute#*=}"
	done
}

mdev=sys/devices/virtual/mdpy/mdpy/$uuid

make_root() {
	link "sys/bus/mdev/devices/$uuid" "$mdev"
	link "$mdev/subsystem" sys/bus/mdev
	link "$mdev/driver" sys/bus/mdev/drivers/mdpy
	link "$mdev/iommu_group" sys/kernel/iommu_groups/7
	link "sys/kernel/iommu_groups/7/devices/$uuid" "$mdev"
	link "$mdev/mdev_type" sys/devices/virtual/mdpy/mdpy/mdev_supported_types/mdpy-vga
	put "$mdev/mdev_type/name" "VGA framebuffer"
	put "$mdev/mdev_type/device_api" vfio-pci
	put "$mdev/vendor/display" region
	put "$mdev/vendor/lines" $'first\nsecond'
	link sys/class/vfio-dev/vfio0 "$mdev/vfio-dev/vfio0"
	link "$mdev/vfio-dev/vfio0/device" "$mdev"
	put "$mdev/vfio-dev/vfio0/dev" 511:0
	put sys/class/vfio/7/dev 510:0

	pci_device 0000:00:03.0 vfio-pci 8
	put sys/class/vfio/8/dev 510:1
	# In its group, with another driver.
	pci_device 0000:00:03.1 e1000e 8
	# Without an IOMMU.
	pci_device 0000:00:04.0 vfio-pci 9
	put sys/class/vfio/noiommu-9/dev 510:2
	# No VFIO devices.
	pci_device 0000:00:05.0 e1000e 10
	pci_device 0000:00:06.0 '' ''

	# A VMM that has the device of group 7, and one that only has group 8.
	put "proc/$pid/comm" "a VMM"
	mkdir -p "$root/proc/$pid/fd" "$root/proc/$((pid + 1))/fd"
	ln -s /dev/vfio/7 "$root/proc/$pid/fd/5"
	ln -s 'anon_inode:[vfio-device]' "$root/proc/$pid/fd/6"
	ln -s 'anon_inode:[eventfd]' "$root/proc/$pid/fd/7"
	put "proc/$pid/fdinfo/6" $'pos:\t0\nvfio-device-syspath: /'"$mdev"
	put "proc/$((pid + 1))/comm" other
	ln -s /dev/vfio/8 "$root/proc/$((pid + 1))/fd/3"
	mkdir -p "$root/proc/1/fd"
	put proc/meminfo "MemTotal: 1 kB"
}

# VFIO is that of device.c then.
preload=(env LD_PRELOAD="$device")
fake=("$lsvfio" --root "$root" --ids "$tools/pci.ids")
# lsvfio as a process of the made-up /proc.
# shellcheck disable=SC2016 # for the inner bash
inside=(bash -c 'ln -sfnT "$$" "$0/proc/self" && exec "$@"' "$root" "${fake[@]}")

arguments() {
	expect "--help says what there is" 0 '' "$lsvfio" --help
	expect "--version too" 0 '' "$lsvfio" --version
	that "it is that of the modules" grep -qx "lsvfio $(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' \
		"$tools/../../dkms.conf"), JSON schema [0-9]*" "$scratch/out"
	expect "an unknown option" 2 'lsvfio: --bad is no option, .*: --help lists' "$lsvfio" --bad
	expect "a short one" 2 'there is no option -x: --help lists' "$lsvfio" -jx
	expect "a letter that controls a terminal" 2 'there is no option -\?: ' "$lsvfio" $'-\e'
	expect "an option that is ambiguous" 2 '--j is no option, or can be several' "$lsvfio" --j
	for option in --screenshot --vf-token --ids --root -s -i -js; do
		expect "$option without a value" 2 '--[a-z-]+ wants a value: --help lists' "$lsvfio" $option
	done
	expect "an option that takes no value" 2 '--json takes no value' "$lsvfio" --json=1
	for option in --help --version --json; do
		expect "$option on a full disk" 1 'cannot write: No space left' \
			bash -c '"$@" >/dev/full' bash "${preload[@]}" "${fake[@]}" $option
		expect "$option to a closed stdout" 1 'cannot write: Bad file descriptor' \
			bash -c '"$@" >&-' bash "${fake[@]}" $option
		expect "$option on a disk that is full when the file is closed" 1 'cannot write: No space left' \
			"${preload[@]}" FULL_DISK=1 "${fake[@]}" $option
	done
	expect "two devices are refused" 2 'one device at a time, not 2' "$lsvfio" a b
	expect "--screenshot wants a device" 2 'name the device' "$lsvfio" -s /dev/null
	expect "--watch wants a device" 2 'name the device' "$lsvfio" -w
	expect "--group wants a device" 2 'name the device' "$lsvfio" -g
	expect "--group and --cdev exclude each other" 2 'exclude each other' "$lsvfio" -g -c x
	expect "--join and --cdev exclude each other" 2 'exclude each other' "$lsvfio" -J -c x
	expect "--screenshot and --watch, too" 2 'neither' "$lsvfio" -s f -w x
	for val in 0 -1 x 1x '' nan 1e9; do
		expect "--watch=$val is no time" 2 "wants seconds" "$lsvfio" "--watch=$val" x
	done
	for val in -1 x 1x '' ' 1' +1 99999999999 1: :1 0:1 1:2:3 1:x; do
		expect "--join=$val is no descriptor" 2 "wants the number" "$lsvfio" "--join=$val" x
	done
	for val in '' x 1 0x1 "${uuid%?}" "${uuid}0" "$uuid " " $uuid" "{$uuid}" "${uuid//-/}" "${uuid/-/--}" \
		"${uuid/0/g}" "${uuid/00/0x}" "${uuid/00/-0}" "${uuid/00/ 0}" "${uuid/0-/-0}" "$uuid-"; do
		for option in --group --cdev --json; do
			expect "--vf-token '$val' is no UUID with $option" 2 "--vf-token wants a UUID, .*, not '" \
				"${fake[@]}" $option --vf-token "$val" 00:03.0
		done
	done
	for val in "$uuid" "${uuid^^}"; do
		expect "--vf-token $val is one" 1 'there is no /dev/vfio/8' \
			"${fake[@]}" --group --vf-token "$val" 00:03.0
	done
	expect "--ids wants a file that can be read" 2 'cannot read /no/such' "$lsvfio" -i /no/such
	expect "--root wants a folder" 2 'there is no /no/such' "$lsvfio" --root /no/such
}

names() {
	local name

	for name in "$uuid" "${uuid^^}" "/sys/bus/mdev/devices/$uuid" "/$mdev" \
		"$root/sys/bus/mdev/devices/$uuid" "/sys/class/vfio-dev/vfio0/device"; do
		expect "the device is found as ${name/"$root"/ROOT}" 1 "process $pid \(a VMM\)|no /dev/vfio" \
			"${fake[@]}" "$name"
	done
	for name in 0000:00:03.0 00:03.0 0:3.0 /sys/bus/pci/devices/0000:00:03.0; do
		expect "the PCI device is found as $name" 1 'there is no /dev/vfio/8' "${fake[@]}" "$name"
	done
	for name in x 0000:00:1f.7 00000000-0000-4000-8000-000000000000 '' 0:3 ../.. %s%n; do
		expect "'$name' is no device" 2 'there is no|not the folder' "${fake[@]}" "$name"
	done
	expect "a path that is not there" 2 'there is no /no/such: No such file' "${fake[@]}" /no/such
	expect "a folder that is no device" 2 '/sys/class is not the folder of a device' "${fake[@]}" /sys/class
	expect "a device that is bound to another driver" 2 \
		'0000:00:05.0 is bound to e1000e, which is no VFIO driver: driverctl set-override 0000:00:05.0 vfio-pci' \
		"${fake[@]}" 00:05.0
	expect "the same by its path" 2 'driverctl set-override 0000:00:05.0 vfio-pci' \
		"${fake[@]}" /sys/bus/pci/devices/0000:00:05.0
	expect "one without a driver or an IOMMU" 2 \
		'0000:00:06.0 is not bound to a driver, and behind no IOMMU: turn that on' "${fake[@]}" 0:6.0
}

opening() {
	expect "no file of the group" 1 'there is no /dev/vfio/8: ' "${fake[@]}" -g 00:03.0
	expect "no cdev" 1 'has no file in /dev/vfio/devices: use --group' "${fake[@]}" -c 00:03.0
	expect "no file of the cdev" 1 'there is no /dev/vfio/devices/vfio0' "${fake[@]}" -c "$uuid"
	mkdir -p "$root/dev/vfio/devices"
	touch "$root/dev/vfio/8" "$root/dev/vfio/noiommu-9" "$root/dev/vfio/devices/vfio0"
	expect "no module vfio" 1 'there is no /dev/vfio/vfio: load the module vfio' "${fake[@]}" -g 00:03.0
	expect "no module iommufd" 1 'there is no /dev/iommu: load the module iommufd' "${fake[@]}" -c "$uuid"
	touch "$root/dev/vfio/vfio" "$root/dev/iommu"
	expect "a group that is none" 1 '/dev/vfio/8 is no group of VFIO' "${fake[@]}" 00:03.0
	expect "the file of a group without an IOMMU" 1 '/dev/vfio/noiommu-9 is no group' "${fake[@]}" 00:04.0
	if ((EUID == 0)) && setpriv --reuid 65534 --clear-groups test -x "$lsvfio"; then
		chmod 755 "$scratch"
		chmod 600 "$root/dev/vfio/8"
		chmod 700 "$root/proc/$pid/fd"
		expect "no permission" 1 'no permission for /dev/vfio/8: be root' \
			setpriv --reuid 65534 --clear-groups "$lsvfio" --root "$root" 00:03.0
		setpriv --reuid 65534 --clear-groups "$lsvfio" --root "$root" -j >"$scratch/out"
		that "users that cannot be seen are said to be so" \
			grep -q '"users_complete": false' "$scratch/out"
		chmod 755 "$root/proc/$pid/fd"
	else
		skip "no permission: not root, or the program is not readable for others"
	fi
}

# A user of group 8 with devices of which the kernel does not say which they are.
user() { # PID NAME FD...
	local fd

	put "proc/$1/comm" "$2"
	mkdir -p "$root/proc/$1/fd"
	ln -sfT /dev/vfio/8 "$root/proc/$1/fd/3"
	for fd in "${@:3}"; do
		ln -s 'anon_inode:[vfio-device]' "$root/proc/$1/fd/$fd"
	done
}

# Which descriptor of which process is taken. None of these processes is there.
choosing() {
	local copied=' cannot be copied: No such process$' one=$((pid + 1)) two=$((pid + 2))

	expect "--join without a user" 1 'no process is seen that has 0000:00:04.0 open' \
		"${inside[@]}" -J 00:04.0
	expect "--join with the group's user alone" 1 \
		"process $one \(other\) has the group of .* open, but no device" "${inside[@]}" -J 00:03.0
	expect "--join with a process that has gone" 1 "descriptor 6 of process $pid$copied" \
		"${inside[@]}" -J "$uuid"
	user $one other 4 5
	expect "--join with several descriptors" 1 \
		"which of 2 descriptors is .*--join=FD: process $one \(other\) has 4, 5\$" \
		"${inside[@]}" -J 00:03.0
	user $two second 4 7
	expect "--join with those of several processes" 1 \
		"which of 4 descriptors is .*: process $one \(other\) has 4, 5; process $two \(second\) has 4, 7\$" \
		"${inside[@]}" -J 00:03.0
	expect "--join=FD of the first process" 1 "descriptor 5 of process $one$copied" \
		"${inside[@]}" -J5 00:03.0
	expect "--join=FD of the second process" 1 "descriptor 7 of process $two$copied" \
		"${inside[@]}" -J7 00:03.0
	expect "--join=FD of both" 1 \
		"descriptor 4 is a device in each .*: $one \(other\), $two \(second\): name .*PID:FD" \
		"${inside[@]}" -J4 00:03.0
	expect "--join=PID:FD of the second process" 1 "descriptor 4 of process $two$copied" \
		"${inside[@]}" "-J$two:4" 00:03.0
	expect "--join=FD of none" 1 "is descriptor 9 of none of its users: process $one \(other\), $two" \
		"${inside[@]}" -J9 00:03.0
	expect "--join=FD that is the group" 1 "is descriptor 3 of none" "${inside[@]}" -J3 00:03.0
	# The kernel says which device this is.
	put "proc/$one/fdinfo/4" "vfio-device-syspath: /$mdev"
	expect "--join=FD that is another device in one process" 1 "descriptor 4 of process $two$copied" \
		"${inside[@]}" -J4 00:03.0
	put "proc/$two/fdinfo/4" 'vfio-device-syspath: /sys/devices/pci0000:00/0000:00:03.0'
	expect "--join=FD that is another device in a process that has this one" 1 \
		"is descriptor 7 of none" "${inside[@]}" -J7 00:03.0
	expect "--join then takes the one that is known" 1 "descriptor 4 of process $two$copied" \
		"${inside[@]}" -J 00:03.0
	rm -r "$root/proc/$one/fd"/[45] "$root/proc/$one/fdinfo" "$root/proc/$two"
}

# All processes that can have a device are seen, or it says that they are not.
complete() {
	local without=(setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace) capabilities

	"${fake[@]}" --json >"$scratch/out"
	that "all users are seen" without '"users_complete": false' "$scratch/out"
	mv "$root/proc/1" "$root/proc/one"
	"${fake[@]}" --json >"$scratch/out"
	that "processes that hidepid hides are said to be so" \
		without '"users_complete": true' "$scratch/out"
	mv "$root/proc"{/one,/1}
	capabilities=$(sed -n 's/^CapEff:\t/0x/p' /proc/self/status)
	if ((EUID || !(capabilities >> 19 & 1))) || ! "${without[@]}" true; then
		skip "root without CAP_SYS_PTRACE: this is not root with it, or there is no setpriv"
		return
	fi
	# The folder of another process's descriptors can be read then, what is in it cannot.
	mv "$root"/{proc,made-up}
	ln -s /proc "$root/proc"
	"${without[@]}" "${fake[@]}" --json >"$scratch/out"
	that "descriptors that root may not read are said to be hidden" \
		without '"users_complete": true' "$scratch/out"
	expect "it says what root lacks" 1 'no process is seen .*: get CAP_SYS_PTRACE$' \
		"${without[@]}" "${fake[@]}" --join 00:04.0
	if setpriv --reuid 65534 --clear-groups test -x "$lsvfio"; then
		expect "and what another user lacks" 1 'no process is seen .*: be root$' \
			setpriv --reuid 65534 --clear-groups "${fake[@]}" --join 00:04.0
	fi
	rm "$root/proc"
	mv "$root"/{made-up,proc}
}

# Each digit of the numbers that device.c has.
numbers() {
	local member

	"${preload[@]}" DEVICE="64 48 256 1000000 0xfedcba9876543211" "${fake[@]}" -j 00:03.0 >"$scratch/json"
	that "a device as JSON is as the man page says" schema <"$scratch/json"
	for member in serial=0123456789abcdef modifier=fedcba9876543211 address=fedcba9876543200 \
		table_offset=0000f000 pba_offset=0000f040 vf_device=abcd vendor_id=beef; do
		that "${member%=*} is a string with all its digits" \
			grep -qE "\"${member%=*}\": ?\"${member#*=}\"" "$scratch/json"
	done
	"${preload[@]}" DEVICE="64 48 256 1000000 0xfedcba9876543211" "${fake[@]}" 00:03.0 >"$scratch/text"
	for member in serial=0x123456789abcdef 'modifier 0xfedcba9876543211' 'at 0xfedcba9876543200' \
		table_offset=0xf000 vf_device=0xabcd; do
		that "as text: $member" grep -qw "$member" "$scratch/text"
	done
}

# Of pictures that are larger than the buffer of a file, and not.
full_disk() { # FILE
	local size

	for size in "16 16 64" "256 256 1024"; do
		local shot=("${preload[@]}" DEVICE="$size 1000000 0" "${fake[@]}" -s)

		expect "a screenshot of $size on a full disk" 1 'cannot write /dev/full: No space' \
			"${shot[@]}" /dev/full 00:03.0
		that "/dev/full is still there" test -c /dev/full
		expect "to a stdout that is one" 1 'cannot write -: No space' \
			bash -c '"$@" >/dev/full' bash "${shot[@]}" - 00:03.0
	done
	ln -s picture.png "$1.link"
	for name in "$1" "$1.link"; do
		rm -f "$1"
		expect "a screenshot that is too large a file, ${name##*.}" 1 "cannot write $name: File too large" \
			bash -c 'trap "" XFSZ; ulimit -S -f 1; "$@"' bash "${shot[@]}" "$name" 00:03.0
		that "no part of it is there" test ! -e "$1"
		expect "a disk that is full when the file is closed, ${name##*.}" 1 \
			"cannot write $name: No space" "${preload[@]}" FULL_DISK=1 "${fake[@]}" -s "$name" 00:03.0
		that "no part of it is there" test ! -e "$1"
	done
	rm "$1.link"
	expect "a description on a full disk" 1 'cannot write: No space' \
		bash -c '"$@" >/dev/full' bash "${preload[@]}" "${fake[@]}" 00:03.0
	expect "one in JSON, which is larger than a buffer" 1 'cannot write' \
		bash -c '"$@" >/dev/full' bash "${preload[@]}" "${fake[@]}" -j 00:03.0
	expect "a watch on a full disk" 1 'cannot write' bash -c '"$@" >/dev/full' bash \
		"${preload[@]}" "${fake[@]}" --watch=0.01 00:03.0
	expect "one in JSON" 1 'cannot write' bash -c '"$@" >/dev/full' bash \
		"${preload[@]}" "${fake[@]}" --watch=0.01 --json 00:03.0
	: >"$root/dev/vfio/8"
	expect "a description to a closed stdout" 1 'cannot write' \
		bash -c '"$@" >&-' bash "${preload[@]}" "${fake[@]}" -j 00:03.0
	that "it does not go to the device" test ! -s "$root/dev/vfio/8"
}

pictures() {
	local file=$scratch/picture.png limit=$((16384 * 16384 * 4))

	expect "a screenshot" 0 '' "${preload[@]}" DEVICE="64 48 256 1000000 0" "${fake[@]}" -s "$file" 00:03.0
	that "it is a PNG" grep -qa PNG "$file"
	"${preload[@]}" "${fake[@]}" -s - 00:03.0 >"$scratch/stdout"
	that "to stdout, it is the same" cmp "$file" "$scratch/stdout"
	"${preload[@]}" "${fake[@]}" 00:03.0 >"$scratch/out" 2>"$scratch/err"
	numbers
	that "a description" grep -q '^  primary .*64x48 XR24' "$scratch/out"
	full_disk "$file"
	rm -f "$file"
	expect "a picture that is larger than its region" 1 'do not fit into 12287 bytes' \
		"${preload[@]}" DEVICE="64 48 256 12287 0" "${fake[@]}" -s "$file" 00:03.0
	expect "a picture with too many pixels" 1 'a picture of 16385x1 pixels is not plausible' \
		"${preload[@]}" DEVICE="16385 1 65540 1000000 0" "${fake[@]}" -s "$file" 00:03.0
	# A line of 64 pixels behind 16383 others.
	expect "a picture with more bytes than an address space of 32 bits may have" 1 \
		"lines of 4294967295 bytes: more than $limit bytes are not plausible" \
		"${preload[@]}" DEVICE="64 16384 4294967295 $((1 << 50)) 0" "${fake[@]}" -s "$file" 00:03.0
	expect "a picture that is a byte too large" 1 "lines of $limit bytes: more than $limit bytes" \
		"${preload[@]}" DEVICE="1 2 $limit $((1 << 40)) 0" "${fake[@]}" -s "$file" 00:03.0
	that "there is no file then" test ! -e "$file"
}

# The copy of a descriptor is looked at, whatever /proc said before. This process is there.
joining() {
	local file=$scratch/file fd user ready

	truncate -s $((2 << 40)) "$file"
	exec {ready}< <(exec <"$file" && echo && exec sleep 300)
	user=$!
	read -r -u $ready
	user $user sleeper 0 98
	ln -sfT /dev/vfio/noiommu-9 "$root/proc/$user/fd/3"
	for fd in 0 "$user:0"; do
		expect "--join=${fd/#$user/PID} with a descriptor that is no device" 1 \
			"descriptor 0 of process $user is $file and not 0000:00:04.0: " \
			"${inside[@]}" "--join=$fd" 00:04.0
	done
	expect "the same for a screenshot" 1 "is $file and not" \
		"${inside[@]}" --join=0 -s "$scratch/a.png" 00:04.0
	that "there is no file then" test ! -e "$scratch/a.png"
	expect "a descriptor that is no device is not asked for its ids" 1 \
		"which of 2 descriptors .* has 0, 98\$" "${preload[@]}" "${inside[@]}" --join 00:04.0
	ln -sfT /dev/vfio/devices/vfio0 "$root/proc/$user/fd/0"
	expect "a descriptor that is no cdev" 1 "descriptor 0 of process $user is $file and not $uuid" \
		"${inside[@]}" "--join=$user:0" "$uuid"
	expect "--join with a descriptor that is not open" 1 "process $user has no descriptor 99" \
		"${inside[@]}" --join=99 00:04.0
	that "that process is as it was" kill -0 $user
	kill $user
	wait $user 2>/dev/null
	exec {ready}<&-
	rm -r "$root/proc/$user" "$file"
}

# Processes have other numbers in another PID namespace, in which lsvfio may have this one.
namespaces() {
	local other='/proc is of another PID namespace'
	local -a as_user

	ln -sfn 1 "$root/proc/self"
	expect "--join with the /proc of another PID namespace" 1 "$other" "${fake[@]}" -J "$uuid"
	expect "--join=PID:FD, too" 1 "$other" "${fake[@]}" -J1:1 "$uuid"
	rm "$root/proc/self"
	expect "--join with one in which lsvfio is not" 1 "$other" "${fake[@]}" -J "$uuid"
	# shellcheck disable=SC2016 # for the inner bash
	as_user=(bash -c 'mkdir -p "$0/proc/$$/fd" && ln -s /dev/vfio/7 "$0/proc/$$/fd/3" && echo $$ >"$0/pid" && exec "$@"' "$root")
	expect "a process with lsvfio's number in another namespace" 0 '' "${as_user[@]}" "${fake[@]}"
	that "it is a user" grep -qE "^$uuid .* $(<"$root/pid") \(\?\)" "$scratch/out"
	expect "lsvfio itself is none" 0 '' "${as_user[@]}" "${inside[@]}"
	that "it is not in the list" without " $(<"$root/pid") \(\?\)" "$scratch/out"
}

# Names that a process, a driver or a list of ids can choose.
hostile() {
	local evil=$'a\e[31m\x9b\xc2\x9b\xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80é€😀' name=$'dev\eice\n\xff'
	local cleaned='a?[31m?????????????é€😀' comm=ааааааа

	cp -a "$root" "$scratch/hostile"
	local root=$scratch/hostile hostile=("$lsvfio" --root "$scratch/hostile" --ids "$scratch/evil.ids")

	# 15 bytes, the last one half a character.
	printf '%s\xd0' "$comm" >"$root/proc/$pid/comm"
	printf '%s' $'evil\nother' >"$root/proc/$((pid + 1))/comm"
	put "$mdev/vendor/display" "$evil"
	put "$mdev/vendor/$name" x
	put "$mdev/mdev_type/name" "$evil"$'\nmore'
	put "$mdev/mdev_type/device_api" "$evil"
	link "sys/class/vfio-dev/vfio5/device" "sys/devices/$name"
	link "sys/devices/$name/driver" "sys/bus/x/drivers/$name"
	link "sys/devices/$name/subsystem" "sys/bus/$name"
	link sys/devices/other/driver "sys/bus/x/drivers/$name"
	link sys/devices/other/subsystem sys/bus/x
	printf '1b36  A\e[31m\xff vendor\n\t0005  A\xc2\x9b device\n' >"$scratch/evil.ids"
	expect "hostile names in a list" 0 '' "${hostile[@]}"
	that "no name controls the terminal" readable "$scratch/out"
	that "a list has no more lines by it" test "$(wc -l <"$scratch/out")" -eq 5
	that "a name is cut inside of a character" grep -qF "($comm?)" "$scratch/out"
	that "a name of two lines is in one" grep -qF "(evil?other)" "$scratch/out"
	that "names of ids, too" grep -qF "A?[31m? vendor A?? device" "$scratch/out"
	that "a device, its driver and its bus, too" \
		grep -qE '^dev\?ice\?\? +dev\?ice\?\? .*bus dev\?ice\?\?$' "$scratch/out"
	expect "hostile names in JSON" 0 '' "${hostile[@]}" --json
	that "they are valid there" schema <"$scratch/out"
	that "an attribute has what is valid of it" grep -qF "\"display\": \"$cleaned\"" "$scratch/out"
	that "its type, too" grep -qF "\"type_name\": \"$cleaned?more\"" "$scratch/out"
	expect "a hostile name in a message" 2 'no VFIO device evil.\[31m.name: ' \
		"${hostile[@]}" $'evil\e[31m\nname'
	expect "that of a driver in a message" 2 'bound to dev.ice.., which' \
		"${hostile[@]}" "/sys/devices/other"
}

# Text of UTF-8, whose only control characters are ends of lines.
readable() { # FILE
	python3 -B -c 'if True:
		import sys, unicodedata
		text = open(sys.argv[1], "rb").read().decode()
		bad = [c for c in text if unicodedata.category(c) == "Cc" and c != "\n"]
		sys.exit("it has %r" % bad if bad else 0)' "$1"
}

# What a line becomes by TAB, "^I" here.
completion() {
	local dir=$scratch/complete number=0 address line
	local -A lines=(
		['lsvfio --root root 0000:02^I']='[--root] [root] [0000:02:00.0]'
		['lsvfio --root root 0000:02:^I']='[--root] [root] [0000:02:00.0]'
		['lsvfio --root root 0000\:02^I']='[--root] [root] [0000:02:00.0]'
		['lsvfio --root root 0000:^I']='[--root] [root] [0000:0]'
		['lsvfio --root root 0000:01:^I']='[--root] [root] [0000:01:00.]'
		['lsvfio --root root 0000:01:0^I1^I']='[--root] [root] [0000:01:00.1]'
		['lsvfio --root root 0000:02^I --json']='[--root] [root] [0000:02:00.0] [--json]'
		['lsvfio --root=root 0000:02^I']='[--root=root] [0000:02:00.0]'
		['lsvfio --root root --join=12:5 0000:02^I']='[--root] [root] [--join=12:5] [0000:02:00.0]'
		['lsvfio --root root 00c^I']="[--root] [root] [$uuid]"
		['lsvfio --root root none:^I']='[--root] [root] [none:]'
		['lsvfio --root r^I']='[--root] [root/]'
		['lsvfio --root=r^I']='[--root=root/]'
		['lsvfio --js^I']='[--json]'
		['lsvfio --join=1^I']='[--join=1]'
		['lsvfio -s a:b^I']='[-s] [a:b.png]'
		['lsvfio -s a^I']='[-s] [a:b.png]'
		["lsvfio $dir/root/sys/devices/0000:02^I"]="[$dir/root/sys/devices/0000:02:00.0]"
	)

	mkdir -p "$dir/root/sys/devices/$uuid" "$dir/root/sys/bus/mdev/devices"
	ln -s "../../../devices/$uuid" "$dir/root/sys/bus/mdev/devices/$uuid"
	for address in 0000:01:00.0 0000:01:00.1 0000:02:00.0; do
		mkdir -p "$dir/root/sys"/{devices/$address,class/vfio-dev/vfio$number}
		ln -s "../../../devices/$address" "$dir/root/sys/class/vfio-dev/vfio$number/device"
		number=$((number + 1))
	done
	touch "$dir/a:b.png"
	printf '%s\n' "${!lines[@]}" |
		timeout 100 python3 -B "$tools/complete.py" "$tools/../../tools/lsvfio.bash" "$dir" >"$scratch/out"
	exec 3<"$scratch/out"
	for line in "${!lines[@]}"; do
		read -r -u 3 address
		that "${line/$dir/DIR} is completed" test "$address" = "run ${lines[$line]}"
	done
	exec 3<&-
}

# sysfs as no kernel has it: the program must not crash.
bad_input() {
	local dir=$root/sys/devices/pci0000:00/0000:00:03.0

	: >"$dir/vendor"
	expect "an empty attribute" 0 '' "${fake[@]}"
	printf 'zz' >"$dir/vendor"
	expect "one that is no number" 0 '' "${fake[@]}"
	head -c 100000 /dev/urandom >"$root/$mdev/vendor/display"
	expect "one that is long and no text" 0 '' "${fake[@]}" --json
	that "it is valid all the same" schema <"$scratch/out"
	mkdir "$root/$mdev/vendor/folder"
	ln -s nowhere "$root/$mdev/vendor/dangling"
	expect "a folder and a dangling link as attributes" 0 '' "${fake[@]}" --json
	that "they are null" schema <"$scratch/out"
	ln -sfn nowhere "$dir/driver"
	expect "a dangling driver" 0 '' "${fake[@]}"
	ln -sfn ../../../nowhere "$root/sys/class/vfio-dev/vfio9"
	expect "a device that is going away" 0 '' "${fake[@]}"
	mkdir -p "$root/sys/class/vfio/garbage" "$root/sys/class/vfio/-1"
	expect "a group without a number" 0 '' "${fake[@]}"
	printf 'vfio-device-syspath:' >"$root/proc/$pid/fdinfo/6"
	expect "fdinfo without a path" 0 '' "${fake[@]}"
	mkdir -p "$root/proc/99999999999999999999/fd"
	expect "a process with a large number" 0 '' "${fake[@]}"
	rm -r "$root/sys/class"
	expect "a machine without VFIO" 0 '' "${fake[@]}"
	mkdir "$scratch/empty"
	expect "a machine without anything" 0 'no VFIO device: bind one' \
		"$lsvfio" --root "$scratch/empty"
	"$lsvfio" --root "$scratch/empty" --json | that "the same as JSON" schema
}

# The program for other machines and compilers, as far as this one can tell.
building() {
	local make=(make -C "$tools/../../tools" O="$scratch/build" CFLAGS=-O0 MAKEFLAGS=)

	if ! command -v make "${CC:-cc}" >/dev/null; then
		skip "building: there is no make or no compiler"
		return
	fi
	that "it is built with the types of ppc64el" \
		"${make[@]}" CPPFLAGS="-include $tools/types.h" "$scratch/build/lsvfio"
	echo '#warning of a new compiler' >"$scratch/warning.h"
	that "a warning is an error" \
		fails "${make[@]}" CPPFLAGS="-include $scratch/warning.h" -B "$scratch/build/main.o"
	that "a warning is none with WERROR=" \
		"${make[@]}" CPPFLAGS="-include $scratch/warning.h" WERROR= -B "$scratch/build/main.o"
	that "a package is built so" \
		grep -qE '^in_tools := .* WERROR=$' "$tools/../../debian/rules"
}

make_root
building
arguments
"${fake[@]}" | compare "the list" host-list.txt
"${fake[@]}" --json | that "the list as JSON is as the man page says" schema
"${fake[@]}" --json | schema --normal | compare "the list as JSON" host-list.json
expect "a list that cannot be written" 1 'cannot write' bash -c '"$@" >/dev/full' bash \
	"$lsvfio" --root "$root"
names
opening
choosing
complete
pictures
joining
namespaces
hostile
completion
bad_input
summary
