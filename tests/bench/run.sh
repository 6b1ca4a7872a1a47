#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Measures, as root, on a kernel with mdev and VFIO, how fast the devices are:
# each figure beside the best that the kernel can do. Loads the modules if they
# are not, and leaves a table, the same for programs, and a plot.

set -u -o pipefail

here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/modules.sh
. "$here/modules.sh"

usage() {
	cat <<-END
		usage: tests/bench/run.sh [OPTION...] [OPTION OF bench...]
		  --ko DIR       folder of the modules (default \$SOFTPCI_KO, else modprobe)
		  --bin DIR      folder of the built programs (default below build/tests, built if need be)
		  --out DIR      where bench.txt, bench.tsv and bench.png go (default .)
		  --profile GLOB where the time goes in what GLOB names, by perf, instead
		Those of bench, which bench --help lists:
		  --only GLOB    what to measure: 'DEVICE: METRIC', such as '*: BAR0*'
		  --rounds N     how many pairs of samples
		  --devices N    how many of each driver there are at once
	END
}

bin='' log='' out=. profile='' args=()
while (($#)); do
	case $1 in
	--ko | --bin | --out | --profile)
		(($# > 1)) || die "$1 wants a value"
		case $1 in
		--ko) export SOFTPCI_KO=$2 ;;
		--bin) bin=$2 ;;
		--out) out=$2 ;;
		--profile) profile=$2 ;;
		esac
		shift
		;;
	--help)
		usage
		exit 0
		;;
	--file) die "the file is called bench.tsv, in the folder that --out names" ;;
	*) args+=("$1") ;;
	esac
	shift
done

mkdir -p "$out" || die "cannot make the folder $out"
out=$(cd "$out" && pwd -P)
set_up
find_programs
load_vfio
# Modules that are there already are taken as they are: with what parameters they
# have, and beside whatever devices there are.
! is_loaded softpci || echo "the modules are loaded already: it is these that are measured"
load || die "the modules do not load"

if [[ $profile ]]; then
	command -v perf >/dev/null || die "there is no perf: install linux-perf"
	# By a timer, which virtual machines have, too.
	perf record -q -e cpu-clock -F 5000 -o "$scratch/perf" -- \
		"$bin/bench" --only "$profile" --alone --rounds 99 "${args[@]}" </dev/null || die "perf failed"
	perf report -i "$scratch/perf" --stdio -g none --sort dso,symbol 2>/dev/null |
		grep -v -e '^#' -e '^$' | head -n 40
	exit 0
fi

"$bin/bench" --file "$out/bench.tsv" "${args[@]}" </dev/null 2>&1 | tee "$out/bench.txt" ||
	die "the benchmark did not come to its end"

if ! command -v gnuplot >/dev/null; then
	echo "no plot: install gnuplot-nox"
elif ((rows = $(wc -l <"$out/bench.tsv") - 1)); then
	tail -n +2 "$out/bench.tsv" >"$scratch/rows"
	gnuplot -e "file='$scratch/rows'; picture='$out/bench.png'; rows=$rows" \
		-e "title='$(uname -sr), $(nproc) CPUs, $(grep -c MISSED "$scratch/rows") of $rows missed'" \
		"$here/bench/plot.gp" || die "gnuplot did not make the plot"
fi
