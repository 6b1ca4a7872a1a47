# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for the scripts that source it
# Shared by the scripts of this folder: messages, the cache, host packages,
# the Debian mirror, and running a command inside a cached Debian root.
#
# Bash reads a script while it runs it. Those that run for minutes have a main()
# and call it in one line with exit, so that editing the file meanwhile does no
# harm.

set -euo pipefail
shopt -s inherit_errexit nullglob

SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE=${SOFTPCI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mdev-pci}
CACHE=$(realpath -m "$CACHE")
BUILD=$SRC/build
# Built for all of these, booted on all of them, newest last.
KERNELS=(6.1 6.12 7.2 7.3)
DEFAULT_KERNEL=6.12
SUITES=(trixie bookworm)
# Whole systems, with their own kernels: the last one of a system is its default.
SYSTEMS=(system system-bookworm)
declare -A SYSTEM_KERNELS=([system]="7.2 6.12" [system-bookworm]="6.1")
# For what runs test programs in a VM right after ci/build --tests: to ask make there
# whether they are up to date takes half a minute on the debug kernel.
BUILT_TESTS=(--bin "build/tests/${SUITES[0]}")

# One clock for a script and all that it starts.
export SOFTPCI_T0=${SOFTPCI_T0:-$EPOCHSECONDS}

say() {
	printf '[%3ds] %s\n' $((EPOCHSECONDS - SOFTPCI_T0)) "$*" >&2
}

# Runs a command that may take minutes, with its output in LOG, and says now and then
# that it still runs.
logged() { # LOG TEXT COMMAND...
	local log=$1 text=$2 begun=$EPOCHSECONDS status=0 never ticker

	shift 2
	(
		# A read that nothing answers: unlike sleep, it is no process that outlives us.
		exec {never}<> <(:)
		while ! read -rt 15 -u "$never" && kill -0 $$ 2>/dev/null; do
			say "... $text, $((EPOCHSECONDS - begun)) s so far"
		done
	) &
	ticker=$!
	"$@" </dev/null &>>"$log" || status=$?
	kill "$ticker" 2>/dev/null || true
	wait "$ticker" 2>/dev/null || true
	return "$status"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Shows the end of the log FILE, says what failed, and ends.
die_log() { # FILE MESSAGE...
	local log=$1
	shift
	{
		echo "--- the end of $log"
		tail -n 25 "$log" || true
		echo "---"
	} >&2
	die "$* (whole log: $log)"
}

is_in() { # WORD LIST...
	local word=$1 other
	shift
	for other; do
		[[ $word != "$other" ]] || return 0
	done
	return 1
}

need_value() { # OPTION "$#": an option that takes a value has one
	(($2 >= 2)) || die "$1 needs a value"
}

need_kernel() { # VERSION
	is_in "$1" "${KERNELS[@]}" debug ||
		die "unsupported kernel '$1': choose one of ${KERNELS[*]} debug"
}

need_host() {
	local ID='' VERSION_ID='' PRETTY_NAME='an unknown system'

	[[ $(uname -m) == x86_64 ]] ||
		die "needs an x86-64 machine, this one is $(uname -m)"
	# shellcheck source=/dev/null
	[[ ! -r /etc/os-release ]] || . /etc/os-release
	[[ $ID == debian && $VERSION_ID =~ ^1[23]$ ]] ||
		die "needs Debian 12 or 13, this is $PRETTY_NAME"
}

# Installs those of the named Debian packages that the host lacks.
need_packages() {
	local package status
	local -a missing=() as_root=()

	for package; do
		status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || true
		[[ $status == installed ]] || missing+=("$package")
	done
	((${#missing[@]})) || return 0
	if ((EUID)); then
		sudo -n true 2>/dev/null ||
			die "packages are missing, type: sudo apt install ${missing[*]}"
		as_root=(sudo -n)
	fi
	say "installing on this machine: ${missing[*]}"
	mkdir -p "$CACHE/log"
	# The package lists of a fresh machine are old or not there at all.
	host_apt "${as_root[@]}" || {
		"${as_root[@]}" apt-get update &>"$CACHE/log/apt.log" || true
		host_apt "${as_root[@]}" ||
			die_log "$CACHE/log/apt.log" "apt-get could not install ${missing[*]}"
	}
}

host_apt() {
	"$@" env DEBIAN_FRONTEND=noninteractive apt-get install -y \
		--no-install-recommends "${missing[@]}" </dev/null &>>"$CACHE/log/apt.log"
}

need_space() { # DIRECTORY MIB WHAT
	local free

	mkdir -p "$1" 2>/dev/null || die "cannot make the folder $1"
	free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
	((free >= $2)) ||
		die "$3 needs $2 MiB in $1, only $free MiB are free: make room or set SOFTPCI_CACHE"
}

# Holds a lock until this process ends; says so in one line if it has to wait
# for another process.
lock() { # FOLDER NAME
	mkdir -p "$1" 2>/dev/null || die "cannot make the folder $1"
	exec {lock_fd}>"$1/$2.lock"
	flock -n "$lock_fd" || {
		say "waiting for another run that holds $1/$2.lock"
		flock -w 3600 "$lock_fd" || die "gave up waiting for $1/$2.lock"
	}
}

# The apt sources of this machine, both formats: URI, suite, components and
# the options that a one-line entry would carry, separated by tabs.
apt_sources() {
	local -a lists=(/etc/apt/sources.list /etc/apt/sources.list.d/*.list)
	local -a deb822=(/etc/apt/sources.list.d/*.sources)

	[[ -r ${lists[0]} ]] || unset 'lists[0]'
	((${#lists[@]} == 0)) || awk -v OFS='\t' '
		$1 == "deb" {
			options = ""
			first = 2
			if ($2 ~ /^\[/) {
				while (first < NF && $first !~ /\]$/)
					first++
				for (i = 2; i <= first; i++) {
					gsub(/[][]/, "", $i)
					if ($i ~ /^(signed-by|trusted)=/)
						options = options " " $i
				}
				first++
			}
			components = ""
			for (i = first + 2; i <= NF && $i !~ /^#/; i++)
				components = components " " $i
			print $first, $(first + 1), components, options
		}' "${lists[@]}"
	((${#deb822[@]} == 0)) || awk -v OFS='\t' '
		function flush(  uris, suites, i, j, n, m, options) {
			if (field["types"] ~ /(^| )deb( |$)/ && field["enabled"] !~ /^no$/) {
				if (field["signed-by"] ~ /^\//)
					options = " signed-by=" field["signed-by"]
				if (field["trusted"] == "yes")
					options = options " trusted=yes"
				n = split(field["uris"], uris, " ")
				m = split(field["suites"], suites, " ")
				for (i = 1; i <= n; i++)
					for (j = 1; j <= m; j++)
						print uris[i], suites[j], " " field["components"], options
			}
			delete field
		}
		FNR == 1 { flush() }
		/^#/ { next }
		/^[[:space:]]*$/ { flush(); next }
		/^[^[:space:]]/ {
			name = tolower(substr($0, 1, index($0, ":") - 1))
			value = substr($0, index($0, ":") + 1)
			gsub(/^[[:space:]]+|[[:space:]]+$/, "", value)
			field[name] = value
			next
		}
		{ gsub(/^[[:space:]]+|[[:space:]]+$/, ""); field[name] = field[name] " " $0 }
		END { flush() }' "${deb822[@]}"
}

# Sets mirror and mirror_options to the first of the apt sources of this
# machine that is a Debian archive with the suite trixie in it.
find_mirror() {
	local uri suite components options tried=''
	local release

	release=$(mktemp)
	while IFS=$'\t' read -r uri suite components options; do
		# A third party's suite may be called like one of Debian's, so
		# the answer is in the Release file, not in the name.
		[[ $suite =~ ^(bookworm|trixie|stable|oldstable)$ ]] || continue
		[[ "$components " == *' main '* ]] || continue
		# A list of mirrors is a file of its own; its first line will do.
		[[ $uri != mirror+file:* ]] ||
			uri=$(awk '!/^#/ && NF { print $1; exit }' "${uri#mirror+file:}")
		[[ " $tried " != *" $uri "* ]] || continue
		tried+=" $uri"
		/usr/lib/apt/apt-helper download-file "${uri%/}/dists/trixie/InRelease" \
			"$release" &>/dev/null || continue
		grep -q '^Origin: Debian$' "$release" || continue
		mirror=${uri%/}
		mirror_options=${options# }
		rm -f "$release"
		return 0
	done < <(apt_sources)
	rm -f "$release"
	die "no Debian archive with the suite trixie could be reached through the apt" \
		"sources of this machine (tried:${tried:- none}): check the network or /etc/apt"
}

# Root here is either the real one or that of a user namespace; either way
# every mount lives in a namespace of its own and is gone when the command
# ends, however it ends.
UNSHARE=(unshare --mount)
((EUID == 0)) || UNSHARE+=(--map-root-user --map-auto)

need_namespace() {
	((EUID == 0)) || need_packages uidmap
	"${UNSHARE[@]}" true 2>/dev/null ||
		die "this machine allows no mount namespace: run as root, not in a closed container"
}

# Replaces this process by a command inside a Debian root, with this machine's
# /dev, /proc and /sys, and folders or files bound to where it wants them. With
# --overlay the folder LOWER is seen at TO, and what is written there is kept in the
# folders upper and work of STATE.
exec_in_root() { # ROOT [--overlay LOWER STATE TO] [FROM:TO]... -- COMMAND [ARG...]
	# shellcheck disable=SC2016 # expands inside the namespace
	exec "${UNSHARE[@]}" bash -c '
		set -e
		root=$1
		shift
		# First, as it may be the root itself.
		if [[ $1 == --overlay ]]; then
			options=lowerdir=$2,upperdir=$3/upper,workdir=$3/work
			read -r _ first _ </proc/self/uid_map
			((!first)) || options+=,userxattr # not the real root
			mount -t overlay -o "$options" overlay "$root$4"
			shift 4
		fi
		for dir in dev proc sys; do
			mount --rbind "/$dir" "$root/$dir"
		done
		mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
		while [[ $1 != -- ]]; do
			mount --bind "${1%%:*}" "$root${1#*:}"
			shift
		done
		shift
		exec chroot "$root" /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			TERM="${TERM:-dumb}" "$@"
	' in_root "$@"
}

in_root() { # as above
	(exec_in_root "$@")
}

# Removes a folder that root inside the namespace may own.
remove_tree() {
	"${UNSHARE[@]}" rm -rf --one-file-system -- "$@"
}

# The files of this project, NUL-separated, relative to the top: what git knows
# or could know, or everything in a tarball.
list_sources() {
	(
		cd "$SRC"
		git ls-files -z --cached --others --exclude-standard 2>/dev/null ||
			find . \( -name .git -o -path ./build -o -path ./out \) -prune -o \
				\( -type f -o -type l \) -print0 | sed -z 's,^\./,,'
	) | while IFS= read -rd '' file; do
		# git still lists what was deleted a moment ago
		[[ ! -e $SRC/$file ]] || printf '%s\0' "$file"
	done
}

# The part of the sources that becomes modules.
module_sources() {
	list_sources | grep -zE '^((core|vfio|parts|host|compat|Documentation|tests/(kunit|compat))/.*|[^/]+\.[ch]|Kbuild|Kconfig|Makefile)$' | sort -z
}

# The last line of the form "3 passed, 0 failed, 1 skipped", as three numbers.
counts_in() { # LOG
	sed -nE 's/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped\r?$/\1 \2 \3/p' "$1" |
		tail -n 1
}

# Runs a command that says "ok - TEXT", "not ok - TEXT" or "skipped TEXT" in lines of
# its output, which is shown; sets passed, failed and skipped.
run_and_count() { # COMMAND...
	local line status=0

	passed=0 failed=0 skipped=0
	while IFS= read -r line; do
		printf '%s\n' "$line"
		case $line in
		'ok - '*) passed=$((passed + 1)) ;;
		'not ok - '*) failed=$((failed + 1)) ;;
		'skipped '*) skipped=$((skipped + 1)) ;;
		esac
	done < <("$@")
	wait $! || status=$?
	if ((status && !failed)); then
		echo "not ok - the VM comes to its end"
		failed=1
	fi
}

# A fingerprint of files: of their names and contents.
hash_files() { # < NUL-SEPARATED-NAMES, relative to the top
	(cd "$SRC" && xargs -0 sha256sum -- /dev/null) | sha256sum | cut -c -16
}
