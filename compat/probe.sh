#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: probe.sh PROBES COMPILER [FLAG...]
#
# Compiles the file PROBES, see there, and prints a header with the answers.
# All probes are in one run of the compiler: each line with an error belongs to
# the probe that starts in it or last before it.

probes=$1
shift

LC_ALL=C "$@" -fsyntax-only "$probes" 2>&1 >/dev/null | awk -v probes="$probes" '
	function stop(why) {
		print probes ": " why >"/dev/stderr"
		stopped = 1
		exit 1
	}

	BEGIN {
		while ((got = getline line <probes) > 0) {
			number++
			if (line ~ /^(CONTROL|HAS|ELSE)\([A-Z_]+,/) {
				split(line, part, /[(,]/)
				probe = part[1] " " part[2]
				seen[probe] = 1
				if (part[1] == "HAS")
					names[++n] = part[2]
			} else if (line ~ /^[^ \t]/ || line == "") {
				probe = ""
			}
			owner[number] = probe
		}
		if (got < 0)
			stop("cannot be read")
	}

	/(^|[ :])error:/ {
		file = $0
		sub(/:.*/, "", file)
		number = substr($0, length(file) + 2) + 0
		if (file != probes || !(probe = owner[number]))
			stop("an error that is no answer: " $0)
		if (!(probe in error))
			error[probe] = $0
	}

	END {
		if (stopped)
			exit 1
		if (!seen["CONTROL COMPILES"] || "CONTROL COMPILES" in error)
			stop("a correct line has an error: " error["CONTROL COMPILES"])
		if (!("CONTROL FAILS" in error))
			stop("a wrong line has no error: the compiler did not get to the end")
		print "/* SPDX-License-Identifier: GPL-2.0-only */"
		print "/* Made by compat/probe.sh: the API of the kernel that this is built for. */"
		for (i = 1; i <= n; i++) {
			has = "HAS " names[i]
			other = "ELSE " names[i]
			if (!seen[other])
				stop("no " other)
			if (has in error && other in error)
				stop("cannot tell " names[i] ": " error[has] "; and: " error[other])
			print "#define SOFTPCI_HAS_" names[i] "\t" (has in error ? 0 : 1)
		}
	}'
