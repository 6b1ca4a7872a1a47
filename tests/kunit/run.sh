#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the KUnit tests, as root, on a kernel with KUnit: they run when a module
# that was built with them is loaded, and debugfs has what came out.

set -u -o pipefail

here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/modules.sh
. "$here/modules.sh"
modules=("${cores[@]}" mdpy mbochs mtty softpci-example softpci-host)
results=/sys/kernel/debug/kunit

case ${1-} in
--help)
	echo "usage: tests/kunit/run.sh [DIR]   DIR: modules built with CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST=y"
	echo "                              (default \$SOFTPCI_KO/kunit)"
	exit 0
	;;
-*) die "unknown option '$1' (--help tells how)" ;;
esac
(($# <= 1)) || die "takes one folder (--help tells how)"
ko=${1-${SOFTPCI_KO:-.}/kunit}

((EUID == 0)) || die "run me as root: I load modules"
for module in "${modules[@]}"; do
	[[ -e $ko/$module.ko ]] ||
		die "no $module.ko in $ko: make CONFIG_SAMPLE_VFIO_MDEV_KUNIT_TEST=y, or name the folder"
	! is_loaded "$module" || die "$module is loaded: unload it first"
done
[[ -d /sys/kernel/debug ]] || die "this kernel has no debugfs"
mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug ||
	die "cannot mount debugfs"
[[ -d $results ]] || die "this kernel has no KUnit: it needs KUNIT and KUNIT_DEBUGFS"
load_vfio
modprobe -q configfs # of softpci-host

digest() { # SUITE < RESULTS
	awk -v suite="$1" -f "$here/kunit/digest.awk"
}

scratch=$(mktemp -d) || die "no room for a temporary folder in ${TMPDIR:-/tmp}"
trap 'rm -rf "$scratch"' EXIT
failures=()
mark kunit

echo "kunit: kernel $(uname -r), modules of $ko"
seen=$(ls $results)
for module in "${modules[@]}"; do
	insmod "$ko/$module.ko" || {
		failures+=("$module does not load")
		break
	}
	suites=$(comm -13 <(echo "$seen") <(ls $results))
	[[ $suites ]] || failures+=("$module has no tests in it, or the kernel runs none")
	for suite in $suites; do
		digest "$suite" <$results/"$suite"/results | tee -a "$scratch/output"
	done
	seen=$(ls $results)
done
unload || failures+=("the modules do not unload")
! complaints -q || {
	failures+=("trouble in the kernel log")
	show_complaints
}
for failure in "${failures[@]}"; do
	echo "FAILED  $failure"
done

touch "$scratch/output"
read -r passed failed skipped < <(awk '
	/^[^ ]+ +[0-9]+ passed +[0-9]+ failed +[0-9]+ skipped$/ { p += $2; f += $4; s += $6 }
	END { print p + 0, f + 0, s + 0 }' "$scratch/output")
failed=$((failed + ${#failures[@]}))
echo
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0 && passed > 0))
