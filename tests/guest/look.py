# SPDX-License-Identifier: GPL-2.0-only
"""Runs programs beside QEMU, which gets its answers meanwhile."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

from machine import Failure, wait

PATIENCE = 420


class Output:
    """Lines of a program that runs on, as they come."""

    def __init__(self, command):
        self.lines = []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.worker = ThreadPoolExecutor(1)
        self.reader = self.worker.submit(self.read)

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def find(self, wanted, what):
        """Waits for a line for which wanted(line) is true."""
        def found():
            for line in list(self.lines):
                if wanted(line):
                    return True
            if self.reader.done():
                raise Failure(f"{what}: it ended, {self.process.stderr.read().strip()}")
            return False
        return wait(found, PATIENCE, what)

    def await_end(self):
        """Returns its status and what it says on standard error."""
        wait(self.reader.done, PATIENCE, "the end of a program")
        return self.process.wait(), self.process.stderr.read().strip()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.worker.shutdown()


class Programs:
    """lsvfio, and what compares pictures."""

    def __init__(self, lsvfio, card):
        self.lsvfio = lsvfio
        self.card = card
        self.worker = ThreadPoolExecutor(1)

    def run(self, *command):
        job = self.worker.submit(subprocess.run, list(map(str, command)), capture_output=True,
                                 text=True, check=False)
        wait(job.done, PATIENCE, f"the end of {command[0]}")
        return job.result()

    def look(self, *arguments):
        """Returns the status of lsvfio, its output, and what it complains about."""
        result = self.run(self.lsvfio, *arguments)
        return result.returncode, result.stdout, result.stderr.strip()

    def as_json(self, *arguments):
        status, output, error = self.look("--json", *arguments)
        if status:
            raise Failure(f"lsvfio --json {' '.join(arguments)}: {error}")
        return json.loads(output)

    def compare(self, path, size, name, driver, diff):
        """Holds a picture against the test card, returns what is wrong with it."""
        result = self.run(self.card, "compare", path, *size, name, driver, diff)
        return (result.stdout + result.stderr).strip() if result.returncode else ""

    def convert(self, raw, size, path):
        """Makes a PNG file of a file of pixels."""
        with open(raw, "rb") as pixels:
            subprocess.run([self.card, "convert", str(size[0]), str(size[1]), str(size[0] * 4),
                            "XR24", path], stdin=pixels, check=True)
