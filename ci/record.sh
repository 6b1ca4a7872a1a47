# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154 # record is of the scripts that source it
#
# The record of a demo, which tests/guest/page.py makes a page of: lines of a time in
# seconds since 1970, a kind and a text, with tabs between. The kinds:
#
#	phase     a part of the demo begins
#	command   a line that was typed
#	fact      NAME=VALUE
#	ok        an assertion that holds
#	not ok    one that does not
#	skipped   one that was not tried, and why
#	end       nothing comes after it

note() { # KIND TEXT: nothing if there is no record
	# Some languages have a comma in it.
	[[ ! ${record-} ]] ||
		printf '%s\t%s\t%s\n' "${EPOCHREALTIME/,/.}" "$1" "${2//[$'\t\n']/ }" >>"$record"
}
