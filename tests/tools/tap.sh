#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Shared by run.sh and host.sh: what is expected of a command, and the golden files.
# They set beforehand: tools, the folder of this file.

: "${tools:?}"
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
# What is at the end of a pipe counts, too.
shopt -s lastpipe

passed=0 failed=0 skipped=0
golden=$tools/golden update=''

ok() {
	echo "ok - $1"
	passed=$((passed + 1))
}

not_ok() { # TEXT [WHY...]
	echo "not ok - $1"
	shift
	(($# == 0)) || printf '    %s\n' "$@"
	failed=$((failed + 1))
}

skip() {
	echo "skipped $1"
	skipped=$((skipped + 1))
}

# That a command succeeds.
that() { # TEXT COMMAND...
	if "${@:2}" >"$scratch/said" 2>&1; then
		ok "$1"
	else
		not_ok "$1" "fails: ${*:2}" "$(<"$scratch/said")"
	fi
}

without() { # PATTERN FILE
	! grep -E "$1" "$2"
}

fails() { # COMMAND...
	! "$@"
}

# That a command ends with this status and says this, in one line of standard error;
# "" if it must be silent. Its output is in $scratch/out.
expect() { # TEXT STATUS PATTERN COMMAND...
	local text=$1 want=$2 pattern=$3 status=0 said

	shift 3
	timeout 60 "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
	said=$(<"$scratch/err")
	if ((status != want)); then
		not_ok "$text" "status $status, not $want: $*" "$said"
	elif [[ ! $pattern && $said ]] || [[ $pattern && ! $said =~ $pattern ]]; then
		not_ok "$text" "it says: $said" "not: $pattern"
	elif [[ $pattern && $(wc -l <"$scratch/err") -ne 1 ]]; then
		not_ok "$text" "it says more than a line:" "$said"
	else
		ok "$text"
		return 0
	fi
	return 1
}

# That a text of standard input is the golden file NAME.
compare() { # TEXT NAME
	local text=$1 file=$golden/$2

	cat >"$scratch/got"
	if [[ $update ]]; then
		mkdir -p "$update"
		cp "$scratch/got" "$update/$2"
		echo "updated $2"
	elif diff -u --label "$2" --label output "$file" "$scratch/got" >"$scratch/diff"; then
		ok "$text"
	else
		not_ok "$text" "$(<"$scratch/diff")"
	fi
}

# Checks JSON on standard input by the man page, see there.
schema() { # [OPTION...]
	python3 -B "$tools/schema.py" "$tools/../../tools/lsvfio.8" "$@"
}

summary() {
	echo "$passed passed, $failed failed, $skipped skipped"
	((!failed && passed))
}
