#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the kernel's own selftests of VFIO, as ci/selftests builds them, as root on
# functions of the bus in software, bound to vfio-pci. Loads the modules, watches the
# kernel log, unloads them. How each test has to go is in tests/selftests/expected.

set -u -o pipefail

here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/modules.sh
. "$here/modules.sh"

usage() {
	cat <<-END
		usage: tests/selftests/run.sh [OPTION...]
		  --ko DIR       folder of the modules (default \$SOFTPCI_KO, else modprobe)
		  --bin DIR      the programs (default build/selftests, see ci/selftests)
		  --kernel V     the name of this kernel in tests/selftests/expected (default
		                 the first two numbers of its version)
		  --memory M     memory of BARs, as the parameter of softpci-host (default auto)
		  --brief        the slowest program with two kinds of IOMMU only
		  --only WORD    the programs that have WORD in their names (may be repeated)
		  --log DIR      keep the output of each program there
	END
}

# The longer one of two that begin with the same first.
MODES=(vfio_type1v2_iommu vfio_type1_iommu iommufd_compat_type1v2 iommufd_compat_type1 iommufd)
# Of which a brief run leaves this program only the first and the last: it copies
# gigabytes by the engine, with each of them the same.
SLOW=vfio_pci_driver_test
# Seconds that a program may take. Each test has a limit of its own, 30 or 60 s.
LIMIT=1200

kernel=$(uname -r | sed -E 's/^([0-9]+\.[0-9]+).*/\1/') bin=${here%/*}/build/selftests
memory=auto only=() log='' brief=0
while (($#)); do
	case $1 in
	--ko | --bin | --kernel | --memory | --only | --log)
		(($# > 1)) || die "$1 wants a value"
		case $1 in
		--ko) export SOFTPCI_KO=$2 ;;
		--bin) bin=$2 ;;
		--kernel) kernel=$2 ;;
		--memory) memory=$2 ;;
		--only) only+=("$2") ;;
		--log) log=$2 ;;
		esac
		shift
		;;
	--brief) brief=1 ;;
	--help)
		usage
		exit 0
		;;
	*) die "unknown option '$1' (--help lists them)" ;;
	esac
	shift
done

passed=0 failed=0 skipped=0
# By "PROGRAM MODE": the columns of the table.
declare -A good=() bad=() skip=() usec=()
rows=()
# By "PROGRAM: WHY": how many tests are not counted as passed or failed, and why.
declare -A excused=()

fail() { # NAME REASON
	echo "FAILED $1: $2"
	((failed += 1))
}

# Sets names, all and type1, the numbers of tests by program; and outcome, kernels,
# tests and why, one element for each line about tests.
read_expected() {
	local word kernel_list test rest

	names=() outcome=() kernels=() tests=() why=()
	declare -gA all=() type1=()
	while read -r word kernel_list test rest; do
		case $word in
		tests)
			names+=("$kernel_list")
			all[$kernel_list]=$test
			type1[$kernel_list]=$rest
			;;
		fail | skip)
			outcome+=("$word")
			kernels+=("$kernel_list")
			tests+=("$test")
			why+=("$rest")
			;;
		esac
	done <"$here/selftests/expected"
}

# Sets wanted, the result that a test is to have, and wanted_why.
look_up() { # TEST
	local i

	wanted=ok wanted_why=''
	for ((i = 0; i < ${#tests[@]}; i++)); do
		[[ ${kernels[i]} == '*' || ,${kernels[i]}, == *",$kernel,"* ]] || continue
		# shellcheck disable=SC2053 # it is a pattern
		[[ $1 == ${tests[i]} ]] || continue
		wanted=${outcome[i]} wanted_why=${why[i]}
		return
	done
}

# Sets mode to that of a test, such as fixture.iommufd_anonymous.name.
find_mode() { # TEST
	local variant=${1#*.}

	for mode in "${MODES[@]}"; do
		[[ $variant != "$mode"[._]* ]] || return 0
	done
	mode=$default_mode
}

# Compares the result of a test with the one that it is to have.
judge() { # PROGRAM TEST ok|fail|skip REASON MICROSECONDS
	local program=$1 test=$2 result=$3 reason=$4 mode row wanted wanted_why

	find_mode "$test"
	row="$program $mode"
	[[ ${usec[$row]-} ]] || rows+=("$row")
	printf '%3d.%d s  %s %s\n' $(($5 / 1000000)) $(($5 / 100000 % 10)) "$result" "$test" >>"$log/times"
	: $((good[$row] += 0, bad[$row] += 0, skip[$row] += 0, usec[$row] += $5))
	look_up "$test"
	if [[ $result != "$wanted" ]]; then
		: $((bad[$row] += 1))
		case $result in
		ok) reason="it passes, and tests/selftests/expected says otherwise" ;;
		skip) reason="it was skipped: $reason" ;;
		esac
		fail "$test" "$reason"
	elif [[ $result == ok ]]; then
		: $((good[$row] += 1, passed += 1))
	else
		: $((skip[$row] += 1))
		excuse "$program" 1 "$wanted_why"
	fi
}

excuse() { # PROGRAM NUMBER WHY
	: $((excused["$1: $3"] += $2, skipped += $2))
}

# Sets options, and lowers want: leave out the variants that need IOMMUFD, where there
# is none, and those that a brief run does without.
choose_variants() { # PROGRAM BDF...
	local variant

	options=()
	if ((brief && iommufd)) && [[ $name == "$SLOW" ]]; then
		for variant in "${MODES[@]:1:${#MODES[@]}-2}"; do
			options+=(-V "$variant")
		done
		excuse "$SLOW" $((want - want * 2 / ${#MODES[@]})) "a brief run does without"
		want=$((want * 2 / ${#MODES[@]}))
	fi
	((!iommufd)) || return 0
	while read -r variant; do
		options+=(-V "$variant")
	done < <("$program" -l "$@" 2>&1 </dev/null | grep -oE '\biommufd[a-z0-9_]*' | sort -u)
}

# Runs a program and judges each of its tests.
run_program() { # NAME BDF...
	local name=$1 want=${all[$1]} tap=$log/$1.tap plan=0 count=0 line last now reason='' status=0
	local program=$bin/$name
	local -a options

	shift
	if ((!iommufd)); then
		program=$bin/type1/$name
		want=${type1[$name]}
		if ((all[$name] > want)); then
			excuse "$name" $((all[$name] - want)) "this kernel has no IOMMUFD"
		fi
		((want)) || return 0
	fi
	choose_variants "$@"
	echo "running $name ${options[*]} $*"
	: >"$tap"
	last=${EPOCHREALTIME/./}
	while IFS= read -r line; do
		now=${EPOCHREALTIME/./}
		printf '%s\n' "$line" >>"$tap"
		if [[ $line =~ ^(ok|not\ ok)\ [0-9]+\ ([^ ]+)(\ #\ SKIP\ ?(.*))?$ ]]; then
			: $((count += 1))
			case $line in
			*'# SKIP'*) judge "$name" "${BASH_REMATCH[2]}" skip "${BASH_REMATCH[4]}" $((now - last)) ;;
			ok*) judge "$name" "${BASH_REMATCH[2]}" ok '' $((now - last)) ;;
			*) judge "$name" "${BASH_REMATCH[2]}" fail "${reason:-see $tap}" $((now - last)) ;;
			esac
			last=$now
			reason=''
		elif [[ $line =~ ^1\.\.([0-9]+)(\ #\ SKIP\ (.*))?$ ]]; then
			plan=${BASH_REMATCH[1]} reason=${BASH_REMATCH[3]}
		elif [[ $line == *"Test terminated by timeout"* ]]; then
			reason="it ran longer than its own limit of 30 or 60 s"
		fi
	done < <(timeout -k 10 "$LIMIT" "$program" "${options[@]}" "$@" 2>&1 </dev/null)
	wait $! || status=$?
	# A program that ends before its tests begin has said why.
	((count && status != 124)) || fail "$name" "status $status: ${reason:-$(tail -n 3 "$tap" | xargs -0)}"
	((count == want || !count)) || fail "$name" "it ran $count tests, not $want (tests/selftests/expected)"
	((count == plan || !count)) || fail "$name" "it planned $plan tests and ran $count"
	[[ ! $(complaints) ]] || {
		fail "$name" "the kernel complained"
		show_complaints
		mark "selftests after $name"
	}
}

print_table() {
	local row

	printf '%-8s %-31s %-22s %6s %6s %7s %8s\n' kernel program mode passed failed skipped seconds
	for row in "${rows[@]}"; do
		# shellcheck disable=SC2086 # these are two words
		printf '%-8s %-31s %-22s %6d %6d %7d %6d.%d\n' "$kernel" $row "${good[$row]}" \
			"${bad[$row]}" "${skip[$row]}" $((usec[$row] / 1000000)) \
			$((usec[$row] / 100000 % 10))
	done
}

FUNCTIONS=/sys/kernel/config/softpci
declare -A address=()

# A function on the bus that vfio-pci binds to.
make_function() { # NAME ATTRIBUTE=VALUE...
	local folder=$FUNCTIONS/$1 name=$1 setting

	shift
	mkdir "$folder" || return
	for setting in driver_override=vfio-pci "$@" live=1; do
		echo "${setting#*=}" >"$folder/${setting%%=*}" || return
	done
	address[$name]=$(<"$folder/address")
	[[ -e /sys/bus/pci/drivers/vfio-pci/${address[$name]} ]]
}

# Engines that the programs have a driver for, and functions to order: one with all
# that an engine lacks, MSI and a larger BAR, and one with a virtual function.
make_functions() {
	make_function engine model=ioat &&
		make_function engine2 model=ioat &&
		make_function plain bar0=16K bar2=4M,64bit,prefetchable msi=8 msix=16 &&
		make_function physical bar0=16K msix=2 total_vfs=1
}

remove_functions() {
	local folder status=0

	for folder in "$FUNCTIONS"/*/; do
		{ echo 0 >"$folder/live" && rmdir "$folder"; } || status=1
	done
	return $status
}

# Memory in large pages, as a test has 30 s to map 1 GiB: where each instruction is
# emulated, to clear and pin that much in small pages takes about as long.
set_up_kernel() {
	modprobe vfio_iommu_type1
	modprobe vfio-pci enable_sriov=1 || die "this kernel has no vfio-pci"
	modprobe -q vfio_virqfd # a part of vfio since 6.2
	modprobe -q iommufd     # for kernels that have it
	modprobe -q configfs
	mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config ||
		die "this kernel has no configfs"
	echo always >/sys/kernel/mm/transparent_hugepage/shmem_enabled || true
	iommufd=0 default_mode=vfio_type1v2_iommu
	[[ ! -c /dev/iommu ]] || iommufd=1 default_mode=iommufd
}

# Where a VM runs in another one, the first access to each page of its memory takes long,
# and no test shall have to pay for it.
touch_memory() {
	local folder=$scratch/pages

	fallocate -l 1536M /dev/shm/softpci
	rm -f /dev/shm/softpci
	mkdir "$folder"
	mount -t hugetlbfs -o pagesize=1G hugetlbfs "$folder" || return 0
	fallocate -l 1G "$folder/page"
	umount "$folder"
}

# An engine may have a limit of 1 MiB for a copy, and a test has it make 65535 of the
# largest ones within 60 s.
XFERCAP=14

load_bus() {
	if [[ $ko ]]; then
		insmod "$ko/softpci.ko" && insmod "$ko/softpci-ioat.ko" xfercap=$XFERCAP &&
			insmod "$ko/softpci-host.ko" memory="$memory"
	else
		modprobe softpci-ioat xfercap=$XFERCAP && modprobe softpci-host memory="$memory"
	fi
}

unload_bus() {
	rmmod softpci-host softpci-ioat softpci
}

# Which functions a program gets.
run_on_functions() { # NAME
	case $1 in
	vfio_pci_device_init_perf_test) run_program "$1" "${address[@]}" ;;
	vfio_pci_sriov_uapi_test) run_program "$1" "${address[physical]}" ;;
	vfio_pci_driver_test) run_program "$1" "${address[engine]}" ;;
	*) run_program "$1" "${address[plain]}" ;;
	esac
}

is_chosen() { # NAME
	local word

	((${#only[@]})) || return 0
	for word in "${only[@]}"; do
		[[ $1 != *"$word"* ]] || return 0
	done
	return 1
}

set_up
: >"$log/times"
read_expected
for name in "${names[@]}"; do
	[[ -x $bin/$name && -x $bin/type1/$name ]] || die "there is no $bin/$name: ci/selftests --build makes it"
done
set_up_kernel
touch_memory 2>/dev/null
mark selftests
load_bus || die "the modules do not load"
if make_functions; then
	for name in "${names[@]}"; do
		! is_chosen "$name" || run_on_functions "$name"
	done
else
	fail functions "not every function can be made and bound to vfio-pci"
	since_mark | tail -n 20
fi
remove_functions || fail functions "not every function can be removed"
unload_bus 2>"$scratch/unload" || fail unload "$(xargs <"$scratch/unload")"
[[ ! $(complaints) ]] || {
	fail "kernel log" "it has complaints"
	show_complaints
}
find_leaks
print_table
for reason in "${!excused[@]}"; do
	echo "skipped ${reason%%: *}, ${excused[$reason]} tests: ${reason#*: }"
done | sort
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0 && passed > 0))
