#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the test programs, as root, on a kernel with mdev and VFIO: loads the
# modules for each of them, watches the kernel log, unloads them again.

set -u -o pipefail

here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/modules.sh
. "$here/modules.sh"
program_limit=1500
# For programs that need files from there.
export SOFTPCI_TESTS=$here

usage() {
	cat <<-END
		usage: tests/vfio/run.sh [OPTION...]
		  --ko DIR       folder of the modules (default \$SOFTPCI_KO, else modprobe)
		  --bin DIR      folder of the built programs (default below build/tests, built if need be)
		  --only NAME    only this program, "irq" or "test-irq"; may be given again
		  --except NAME  not this one; may be given again
		  --shard I/N    only the I-th of N parts; all N of them are all programs
		  --list         list the programs that these options choose
		  --interface I  open devices through this one only: group or cdev
		  --brief        one type of each driver, of those that a case is for
		  --cases GLOB   only these cases of it, such as 'group/mtty-1/*'
		  --streams DIR  keep migration streams there, and load those of other kernels
		  --log DIR      keep each program's whole output there
		  --verbose      show it as well
	END
}

only=() except=() shard=1/1 list=0 cases='' bin='' log='' verbose=0
while (($#)); do
	case $1 in
	--only=* | --except=*)
		set -- "${1%%=*}" "${1#*=}" "${@:2}"
		continue
		;;
	--ko | --bin | --only | --except | --shard | --interface | --cases | --streams | --log)
		(($# > 1)) || die "$1 wants a value"
		case $1 in
		--ko) export SOFTPCI_KO=$2 ;;
		--bin) bin=$2 ;;
		--only) only+=("test-${2#test-}") ;;
		--except) except+=("test-${2#test-}") ;;
		--shard) shard=$2 ;;
		--interface) export SOFTPCI_INTERFACE=$2 ;;
		--cases) cases=$2 ;;
		--streams) export SOFTPCI_STREAMS=$2 ;;
		--log) log=$2 ;;
		esac
		shift
		;;
	--list) list=1 ;;
	--brief) export SOFTPCI_BRIEF=1 ;;
	--verbose) verbose=1 ;;
	--help)
		usage
		exit 0
		;;
	*) die "unknown option '$1' (--help lists them)" ;;
	esac
	shift
done

part=${shard%/*} parts=${shard#*/}
[[ $shard =~ ^[1-9][0-9]*/[1-9][0-9]*$ && $part -le $parts ]] ||
	die "--shard wants I/N, such as 1/3, not '$shard'"
[[ ${SOFTPCI_INTERFACE-group} =~ ^(group|cdev)$ ]] ||
	die "--interface wants group or cdev, not '$SOFTPCI_INTERFACE'"

programs=() found=0
for source in "$here"/vfio/test-*.c; do
	name=$(basename "$source" .c)
	[[ ${#only[@]} -eq 0 || " ${only[*]} " == *" $name "* ]] || continue
	[[ " ${except[*]-} " != *" $name "* ]] || continue
	# In turn, so that each part gets slow and fast ones.
	((found++ % parts != part - 1)) || programs+=("$name")
done
((found && found >= ${#only[@]})) || die "no such program: ${only[*]}"
((${#programs[@]})) || die "there is nothing in part $shard of $found programs"
if ((list)); then
	printf '%s\n' "${programs[@]}"
	exit
fi
set_up
find_programs
for name in "${programs[@]}"; do
	[[ -x $bin/$name ]] || die "no program $bin/$name: make -C tests O=$bin"
done
probe_kernel

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
	lines=$(complaints)
	[[ ! $lines ]] || failures+=("trouble in the kernel log")
	add_figures "$output"
	figures[splats]=$((${figures[splats]:-0} + $(grep -c . <<<"$lines")))

	digest "$name" "$output"
	for failure in "${failures[@]}"; do
		echo "FAILED  $name: $failure"
	done
	[[ ! $lines ]] || show_complaints

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
