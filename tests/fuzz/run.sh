#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the fuzzer as root on a kernel with mdev and VFIO: first every file of
# tests/fuzz/corpus, then random steps. Loads the modules, watches the kernel
# log, unloads them again, and says how to do the same once more if it failed.

set -u -o pipefail

here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/modules.sh
. "$here/modules.sh"

usage() {
	cat <<-END
		usage: tests/fuzz/run.sh [OPTION...] [OPTION OF fuzz...] [FILE...]
		  --ko DIR       folder of the modules (default \$SOFTPCI_KO, else modprobe)
		  --bin DIR      folder of the built programs (default below build/tests, built if need be)
		  --log DIR      keep the whole output there
		  --no-corpus    no files but those named
		  FILE           steps to do before the random ones, see fuzz --print
		Options of fuzz that are often used; fuzz --help lists all:
		  --seed S       where the random numbers start
		  --calls N      how many system calls, 1000000 if neither N nor FILE is given
		  --replay FILE  this FILE and nothing else
	END
}

bin='' log='' corpus=("$here"/fuzz/corpus/*.steps) given=0 args=() files=()
while (($#)); do
	case $1 in
	--ko | --bin | --log | --replay)
		(($# > 1)) || die "$1 wants a value"
		case $1 in
		--ko) export SOFTPCI_KO=$2 ;;
		--bin) bin=$2 ;;
		--log) log=$2 ;;
		--replay)
			files+=("$2")
			corpus=()
			given=1
			;;
		esac
		shift
		;;
	--no-corpus) corpus=() ;;
	--help)
		usage
		exit 0
		;;
	--print | --verbose) args+=("$1") ;;
	--*)
		(($# > 1)) || die "$1 wants a value"
		[[ $1 != --calls && $1 != --steps ]] || given=1
		args+=("$1" "$2")
		shift
		;;
	*)
		files+=("$1")
		given=1
		;;
	esac
	shift
done
((given)) || args+=(--calls 1000000)

set_up
find_programs
probe_kernel
for module in vgem udmabuf; do
	modprobe -q "$module" # importers of dma-bufs
done

failed=0
output=$log/fuzz.log
failures=()
mark fuzz
load || die "the modules do not load"
"$bin/fuzz" "${args[@]}" "${corpus[@]}" "${files[@]}" </dev/null 2>&1 | tee "$output"
status=$?
add_figures "$output"
failed=$(sed -n 's/^[0-9]* passed, \([0-9]*\) failed, .*/\1/p' "$output")
failed=${failed:-1}
((status == 0 || failed)) || failures+=("ended with status $status")
[[ ! $(own_devices) ]] || failures+=("left devices behind: $(own_devices | xargs -n 1 basename | xargs)")
unload 2>"$scratch/unload" || failures+=("the modules do not unload: $(xargs <"$scratch/unload")")
lines=$(complaints)
[[ ! $lines ]] || failures+=("trouble in the kernel log")
for failure in "${failures[@]}"; do
	echo "FAILED  fuzz: $failure"
done
[[ ! $lines ]] || show_complaints
failed=$((failed + ${#failures[@]}))
find_leaks

# How to see it again. The last lines that the program printed are on the console
# also if the kernel did not live to come here.
if ((failed)); then
	same=$(sed -n 's/^fuzz: again by: //p' "$output" | tail -n 1)
	read -ra steps < <(sed -n 's/^fuzz: .*steps of each thread: //p' "$output" | tail -n 1)
	again="ci/run --kernel $(basename "${ko:-KERNEL}") -- tests/fuzz/run.sh --no-corpus"
	if [[ $same ]]; then
		echo "the same again, each thread with the same steps, in whatever order they meet:"
		echo "  $again $same"
		echo "one thread alone, exactly; and its steps as a text, to be cut down for --replay:"
		for i in "${!steps[@]}"; do
			alone="${same/ --calls*/} --thread $i --steps $((steps[i] + 1))"
			echo "  $again $alone"
			echo "  fuzz --print $alone"
		done
	fi
fi
read -r passed skipped < <(sed -n 's/^\([0-9]*\) passed, .*, \([0-9]*\) skipped/\1 \2/p' "$output")
figures[splats]=$(grep -c . <<<"$lines")
for name in splats 'leaked bytes'; do
	[[ ! ${figures[$name]-} ]] || echo "figure: $name = ${figures[$name]}"
done
echo "${passed:-0} passed, $failed failed, ${skipped:-0} skipped"
((failed == 0 && ${passed:-0} > 0))
