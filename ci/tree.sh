# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the scripts share that build this folder as samples/vfio-mdev of the newest
# kernel source: ci/intree and ci/core-alone. Each has a build tree of its own in
# the cache, where a second run finds the kernel built.

# shellcheck source=ci/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Sets what the functions below need: root, linux, work, log, and state, which is
# that of the last good build as long as nothing has changed.
prepare_tree() { # NAME
	log=$BUILD/log/$1.log
	work=$CACHE/$1-${KERNELS[-1]}
	linux=$("$SRC"/ci/root source)
	root=$("$SRC"/ci/root trixie)
	need_namespace
	need_space "$CACHE" 500 "the build in the kernel tree"
	lock "$CACHE" "$1"
	state="$(module_sources | hash_files) $(cat "$SRC/ci/tree.sh" "$0" | sha256sum | cut -c -16)"
	state+=" ${linux##*/} ${root%/root}"
	mkdir -p "$BUILD/log" "$work"/{out,samples}
}

# Runs a command in the root, which sees the kernel source in /work, our folder
# in its place there, and $work as /out.
in_tree() {
	in_root "$root" "$linux:/work" "$work/samples:/work/samples" "$work:/out" -- \
		"$@" </dev/null &>>"$log"
}

# Only files that differ are written, so that make sees what is new.
place_sources() {
	rm -rf "${work:?}/new"
	cp -a "$linux/samples" "$work/new"
	rm -rf "$work/new/vfio-mdev"
	mkdir "$work/new/vfio-mdev"
	module_sources | (cd "$SRC" && xargs -0 cp --parents -t "$work/new/vfio-mdev")
	if ! grep -q 'source "samples/vfio-mdev/Kconfig"' "$work/new/Kconfig"; then
		# Our Kconfig takes the place of the entries that name our symbols.
		awk '
			/^(config|if|endif|menu|endmenu|source)( |$)/ {
				ours = $0 ~ /^config SAMPLE_VFIO_MDEV_/
				if (ours && !done++)
					print "source \"samples/vfio-mdev/Kconfig\"\n"
			}
			!ours' "$work/new/Kconfig" >"$work/Kconfig.new"
		mv "$work/Kconfig.new" "$work/new/Kconfig"
	fi
	in_root "$root" "$work:/work" -- rsync -rcl --delete /work/new/ /work/samples/
	rm -rf "${work:?}/new"
}

# Makes a .config of nothing but the fragment in $work/out. Each run of Kconfig tries
# out hundreds of options of the compiler, so there is one where one will do.
make_config() {
	local first tiny=$work/out/${linux##*/}-tiny.config

	first=$(($(wc -l <"$log") + 1))
	[[ -f $tiny ]] || {
		in_tree make -C /work O=/out/out tinyconfig ||
			die_log "$log" "configuring the smallest kernel failed"
		mv "$work/out/.config" "$tiny"
	}
	in_tree sh -ec "
		cd /work
		scripts/kconfig/merge_config.sh -O /out/out -m /out/out/${tiny##*/} /out/out/fragment
		make O=/out/out olddefconfig" ||
		die_log "$log" "configuring the kernel failed"
	! tail -n +"$first" "$log" |
		grep -E -A 5 'unmet direct dependencies|recursive dependency|vfio-mdev/Kconfig:.*warning' >&2 ||
		die "Kconfig has a complaint (whole log: $log)"
}

# The symbols have to be set in .config.
need_symbols() { # SYMBOL...
	local symbol

	for symbol; do
		grep -q "^CONFIG_$symbol=" "$work/out/.config" ||
			die "CONFIG_$symbol cannot be set: check what it depends on in Kconfig"
	done
}

# Builds the kernel, and our folder apart with W=1, which takes its time and finds
# much to say about the kernel itself.
build_tree() { # WHAT GOAL...
	local what=$1 first goals

	shift
	first=$(($(wc -l <"$log") + 1))
	# Ours always anew, as warnings are shown once only.
	rm -rf "$work/out/samples"
	for goals in "$*" "W=1 samples/vfio-mdev/"; do
		# shellcheck disable=SC2086 # these are several words
		in_tree make -C /work O=/out/out -j "$(nproc)" $goals ||
			die_log "$log" "the build in the kernel tree failed: $what"
	done
	! tail -n +"$first" "$log" |
		grep -E 'samples/vfio-mdev.*(warning|error):|(WARNING|ERROR): modpost:' >&2 ||
		die "there are warnings in the kernel tree: $what (whole log: $log)"
}
