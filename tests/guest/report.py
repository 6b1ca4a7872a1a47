# SPDX-License-Identifier: GPL-2.0-only
"""What happens, for a person and for a count."""

import sys
import time

from machine import Failure


class Report:
    """Progress for a person; with --check also a line for each assertion.

    And the record that page.py makes a page of, if that is wanted; see ci/record.sh.
    """

    def __init__(self, start, verbose, record=None):
        self.start = start
        self.verbose = verbose
        self.record = record
        self.failures = []
        self.good = set()
        self.machine = None     # whose guest it is about

    def say(self, text):
        print(f"[{int(time.time() - self.start):3d}s] {text}", flush=True)

    def note(self, kind, text):
        """A line of the record."""
        if self.record:
            text = text.replace("\t", " ").replace("\n", " ")
            with open(self.record, "a", encoding="utf-8") as file:
                file.write(f"{time.time():.6f}\t{kind}\t{text}\n")

    def check(self, good, what, otherwise=""):
        """Notes whether 'what' holds; 'otherwise' tells what was seen instead."""
        text = what if good or not otherwise else f"{what}: {otherwise}"
        if not good:
            self.blame_processor()
            self.failures.append(text)
        # A guest that is started again does the same again.
        known = good and text in self.good
        if not known:
            self.note("ok" if good else "not ok", text)
        if good:
            self.good.add(text)
        if not good or self.verbose and not known:
            print("ok" if good else "not ok", "-", text, flush=True)
        return good

    def blame_processor(self):
        """On a broken processor only the processor is to blame."""
        try:
            if self.machine:
                self.machine.look_at_processor()
        except Failure:     # QEMU does not answer
            pass


def show_tail(path, lines=25):
    """The end of a log, on standard error."""
    try:
        with open(path, encoding="latin-1") as file:
            tail = file.read().splitlines()[-lines:]
    except OSError:
        return
    print(f"--- the end of {path}", *tail, "---", sep="\n", file=sys.stderr)
