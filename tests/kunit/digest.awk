# SPDX-License-Identifier: GPL-2.0-only
#
# usage: awk -v suite=NAME -f digest.awk < RESULTS
#
# Reads the results of one suite, as KUnit prints them. Prints what failed and what
# was skipped, each with what it said, and counts: where a case has parameters, each
# of them. The last line is that of the suite.

function tell(what) {
	print what, suite, name (said ? ": " said : "")
}
function count() {
	if (/ # SKIP/) {
		said = $0
		sub(/.* # SKIP */, "", said)
		tell("skipped")
		skipped++
	} else if (/^ *not ok/) {
		tell("FAILED ")
		failed++
	} else {
		passed++
	}
}
/^    1\.\./ { planned = substr($1, 4) }
/^        # Subtest: / { outer = $3 ", " }
/^ *(KTAP version|# Subtest:|# module:|[0-9]+\.\.[0-9]+$|# [^ ]+: pass:)/ { next }
/^# / { next }
/^ *(not )?ok [0-9]/ {
	name = $0
	sub(/^ *(not )?ok [0-9]+ */, "", name)
	sub(/ # SKIP.*/, "", name)
}
/^        (not )?ok [0-9]/ {
	name = outer name
	bad = bad || /^ *not ok/
	parameters++
	count()
	said = ""
	next
}
/^    (not )?ok [0-9]/ {
	cases++
	# Those with parameters are counted, unless something else failed.
	if (!parameters || (/^ *not ok/ && !bad))
		count()
	parameters = bad = 0
	said = ""
	next
}
/^(not )?ok [0-9]/ { next }
{
	sub(/^ *(# [^ ]+: )?/, "")
	said = said (said ? "; " : "") $0
}
END {
	if (!planned || cases != planned) {
		printf "FAILED  %s: %d of %d cases ran\n", suite, cases, planned
		failed++
	}
	printf "%-16s %4d passed %3d failed %3d skipped\n", suite, passed, failed, skipped
}
