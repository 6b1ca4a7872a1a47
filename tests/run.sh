#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the test programs, as root, on a kernel with mdev and VFIO: loads the
# modules for each of them, watches the kernel log, unloads them again.

set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
parents=(mdpy mbochs mtty)
core=mdev-pci-core
program_limit=300
trouble='WARNING:|BUG:|Oops|general protection|Call Trace|RIP:|KASAN|UBSAN|KCSAN'
trouble+='|refcount_t|use-after-free|blocked for more than|soft lockup|hard LOCKUP'
trouble+='|detected stall|possible recursive|possible circular|bad unlock|list_(add|del) corruption'

usage() {
	cat <<-END
		usage: tests/run.sh [OPTION...]
		  --ko DIR       folder of the modules (default \$MDEV_PCI_KO, else modprobe)
		  --bin DIR      folder of the built programs (default below build/tests, built if need be)
		  --only NAME    only this program, "irq" or "test-irq"; may be given again
		  --cases GLOB   only these cases of it, such as 'group/mtty-1/*'
		  --log DIR      keep each program's whole output there
		  --verbose      show it as well
	END
}

die() {
	echo "tests/run.sh: $*" >&2
	exit 2
}

only=() cases='' bin='' log='' verbose=0
while (($#)); do
	case $1 in
	--ko | --bin | --only | --cases | --log)
		(($# > 1)) || die "$1 wants a value"
		case $1 in
		--ko) export MDEV_PCI_KO=$2 ;;
		--bin) bin=$2 ;;
		--only) only+=("test-${2#test-}") ;;
		--cases) cases=$2 ;;
		--log) log=$2 ;;
		esac
		shift
		;;
	--verbose) verbose=1 ;;
	--help)
		usage
		exit 0
		;;
	*) die "unknown option '$1' (--help lists them)" ;;
	esac
	shift
done

((EUID == 0)) || die "run me as root: I load modules and create devices"
ko=${MDEV_PCI_KO-}
[[ ! $ko || -e $ko/$core.ko ]] || die "no $core.ko in $ko: build the modules, or name their folder by --ko"
[[ $ko ]] || modinfo "$core" &>/dev/null ||
	die "$core is not installed: make install, or name the modules' folder by --ko"

scratch=$(mktemp -d) || die "no room for a temporary folder in ${TMPDIR:-/tmp}"
trap 'rm -rf "$scratch"' EXIT
if [[ $log ]]; then
	mkdir -p "$log" || die "cannot make the folder $log"
else
	log=$scratch
fi

# Built ones are used if they are of this source, and run here.
if [[ ! $bin ]]; then
	suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	for bin in "${here%/*}/build/tests/$suite" "${here%/*}/build/tests" "$scratch/bin"; do
		! make -q -C "$here" O="$bin" &>/dev/null ||
			! "$bin/test-info" --list &>/dev/null || break
	done
	make -s -C "$here" O="$bin" >"$scratch/build" 2>&1 || {
		tail -n 20 "$scratch/build" >&2
		die "cannot build the tests: install make, gcc, libcmocka-dev and linux-libc-dev"
	}
fi

programs=()
for source in "$here"/test-*.c; do
	name=$(basename "$source" .c)
	[[ ${#only[@]} -gt 0 && " ${only[*]} " != *" $name "* ]] || programs+=("$name")
	[[ -x $bin/$name ]] || die "no program $bin/$name: make -C tests O=$bin"
done
((${#programs[@]} && ${#programs[@]} >= ${#only[@]})) || die "no such program: ${only[*]}"

own_devices() {
	local parent

	for parent in "${parents[@]}"; do
		ls -d "/sys/class/mdev_bus/$parent"/*-*-*-*-* 2>/dev/null
	done
}

is_loaded() {
	[[ -d /sys/module/${1//-/_} ]]
}

load() {
	local module

	for module in "$core" "${parents[@]}"; do
		if [[ $ko ]]; then
			is_loaded "$module" || insmod "$ko/$module.ko" || return 1
		else
			modprobe "$module" || return 1
		fi
	done
}

unload() {
	local module

	for module in "${parents[@]}" "$core"; do
		! is_loaded "$module" || rmmod "$module" || return 1
	done
}

for module in mdev vfio vfio_iommu_type1; do
	modprobe "$module" 2>/dev/null ||
		die "this kernel has no module $module: see README about kernels without mdev"
done
modprobe -q vfio_virqfd # a part of vfio since 6.2
modprobe -q iommufd     # for kernels that have it
[[ ! $(own_devices) ]] || die "there are devices of ${parents[*]}: remove them first, I reload the modules"
unload || die "the modules are in use: close what has their devices open"

# The part of the kernel log since mark().
mark() {
	marker="mdev-pci tests: $1 $EPOCHREALTIME"
	echo "$marker" >/dev/kmsg
}

since_mark() {
	dmesg | awk -v marker="$marker" 'seen; index($0, marker) { seen = 1 }'
}

# What the kernel has lost, if it can tell. It takes its time, and so is asked
# once, at the end: it names the program that an object was allocated for.
find_leaks() {
	local kmemleak=/sys/kernel/debug/kmemleak bytes

	[[ -w $kmemleak ]] || return 0
	echo "looking for memory that was lost"
	# The first look remembers what nothing points to; what is still the same
	# at the second, and at least 5 s old, is lost.
	echo scan >$kmemleak
	sleep 5
	echo scan >$kmemleak
	cat $kmemleak >"$scratch/leaks"
	bytes=$(sed -n 's/^unreferenced object .*(size \([0-9]*\)):$/\1/p' "$scratch/leaks" | paste -sd +)
	figures['leaked bytes']=$((${bytes:-0}))
	[[ ! $bytes ]] || {
		echo "FAILED  memory was lost"
		head -n 200 "$scratch/leaks"
		: $((failed += 1))
	}
}

# Lines of the form "figure: NAME = NUMBER" are summed up over all programs.
declare -A figures=()
add_figures() { # OUTPUT
	local name number

	while IFS='=' read -r name number; do
		figures[$name]=$((${figures[$name]:-0} + number))
	done < <(sed -n 's/^figure: \(.*[^ ]\) *= *\([0-9]*\)$/\1=\2/p' "$1")
}

passed=0 failed=0 skipped=0

# Prints what failed and what was skipped, each with what it said; counts.
digest() { # PROGRAM OUTPUT
	awk -v program="$1" '
		/^\[ RUN      \] / { said = ""; next }
		/^\[       OK \] / { next }
		/^\[  (FAILED |SKIPPED) \] / {
			name = $0
			sub(/^.*\] /, "", name)
			sub(/^skip: /, "", said)
			print (/FAILED/ ? "FAILED " : "skipped "), program, name (said ? ": " said : "")
			next
		}
		/^\[==|^figure: / { next }
		{ said = said (said ? "; " : "") $0 }' "$2"
}

run_program() { # NAME
	local name=$1 output=$log/$1.log status=0 ok bad skip lines
	local -a failures=()

	mark "$name"
	if ! load; then
		failures+=("the modules do not load")
	elif ((verbose)); then
		timeout -k 10 "$program_limit" "$bin/$name" ${cases:+"$cases"} </dev/null \
			2>"$output.err" | tee "$output"
		status=$?
	else
		timeout -k 10 "$program_limit" "$bin/$name" ${cases:+"$cases"} </dev/null \
			>"$output" 2>"$output.err"
		status=$?
	fi
	touch "$output"

	ok=$(grep -c '^\[       OK \] ' "$output")
	bad=$(grep -c '^\[  FAILED  \] ' "$output")
	skip=$(grep -c '^\[  SKIPPED \] ' "$output")
	((status == 124)) && failures+=("not done after $program_limit s, in $(sed -n 's/^\[ RUN      \] //p' "$output" | tail -n 1)")
	((status && !bad && status != 124)) && failures+=("ended with status $status, in $(sed -n 's/^\[ RUN      \] //p' "$output" | tail -n 1)")
	[[ ! $(own_devices) ]] || failures+=("left devices behind: $(own_devices | xargs -n 1 basename | xargs)")
	unload 2>"$scratch/unload" || failures+=("the modules do not unload: $(xargs <"$scratch/unload")")
	lines=$(since_mark | grep -E "$trouble")
	[[ ! $lines ]] || failures+=("trouble in the kernel log")
	add_figures "$output"
	figures[splats]=$((${figures[splats]:-0} + $(grep -c . <<<"$lines")))

	digest "$name" "$output"
	for failure in "${failures[@]}"; do
		echo "FAILED  $name: $failure"
	done
	[[ ! $lines ]] || since_mark | grep -E -B 3 -A 30 "$trouble" | head -n 120

	passed=$((passed + ok))
	failed=$((failed + bad + ${#failures[@]}))
	skipped=$((skipped + skip))
	counts=$(printf '%4d passed %3d failed %3d skipped' "$ok" $((bad + ${#failures[@]})) "$skip")
}

echo "tests: kernel $(uname -r), modules of ${ko:-modprobe}, ${#programs[@]} programs"
times=()
begin=$EPOCHREALTIME
for program in "${programs[@]}"; do
	start=$EPOCHREALTIME
	run_program "$program"
	took=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%6.1f s", b - a }')
	times+=("$(printf '%-16s %s %s' "$program" "$counts" "$took")")
	echo "${times[-1]}"
done

find_leaks
echo
echo "where the time went:"
printf '%s\n' "${times[@]}" | sort -k 8 -n -r | sed 's/^/  /'
awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "  altogether %.1f s\n", b - a }'
echo
for name in "${!figures[@]}"; do
	echo "figure: $name = ${figures[$name]}"
done
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0 && passed > 0))
