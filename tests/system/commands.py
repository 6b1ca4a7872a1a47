#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: commands.py FILE.rst

Prints the commands of a page of Documentation/: its literal blocks that are indented by
one tab, without the tab. Lines in parentheses are for people and left out.
"""
import sys


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: commands.py FILE.rst")
    literal = False
    with open(sys.argv[1], encoding="utf-8") as page:
        for line in page:
            if line.startswith("\t"):
                if literal and not line.startswith("\t("):
                    print(line[1:], end="")
            elif line.strip():
                literal = line.rstrip().endswith("::")
    return 0


sys.exit(main())
