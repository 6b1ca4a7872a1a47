#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: commands.py FILE.rst [HEADING]

Prints the commands of a page of Documentation/, or of one section of it: its literal blocks
that are indented by one tab, without the tab. A block that is indented by spaces is for
people and left out.
"""
import re
import sys


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: commands.py FILE.rst [HEADING]")
    wanted = sys.argv[2] if len(sys.argv) == 3 else None
    with open(sys.argv[1], encoding="utf-8") as page:
        lines = page.read().split("\n")
    if wanted and wanted not in lines:
        sys.exit(f"commands.py: {sys.argv[1]} has no section '{wanted}'")
    literal = False
    heading = None
    for line, below in zip(lines, lines[1:]):
        if line.startswith("\t"):
            if literal and wanted in (None, heading):
                print(line[1:])
        elif line.strip():
            literal = line.rstrip().endswith("::")
            if re.fullmatch("=+", below):
                heading = line
    return 0


sys.exit(main())
