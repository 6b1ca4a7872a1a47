# SPDX-License-Identifier: GPL-2.0-only
"""Programs that look at pictures: our own one, which knows the test card, and others."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

from guest import DRIVERS, SHOW_LIMIT
from machine import Failure


class Cards:
    """The tool card for the pictures of one Machine, which is set as soon as there is one."""

    def __init__(self, program):
        self.program = program
        self.machine = None
        self.worker = ThreadPoolExecutor(1)

    def run_beside(self, command, pixels=None):
        """Runs a program, returns its status and what it says."""
        # In a thread of its own, so that QEMU gets its answers meanwhile.
        job = self.worker.submit(
            subprocess.run, list(map(str, command)), input=pixels,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.machine.wait(job.done, SHOW_LIMIT, f"{command[0]} looks at a picture")
        result = job.result()
        return result.returncode, result.stdout.decode().strip().replace("\n", ", ")

    def write_png(self, picture, path):
        status, text = self.run_beside(
            [self.program, "convert", picture.width, picture.height, picture.width * 4,
             picture.fourcc, path], pixels=picture.pixels)
        if status:
            raise Failure(f"no picture of the display: {text}")

    def compare(self, path, size, name, difference):
        """Holds a picture against the test card of a device, returns what is wrong with it."""
        status, text = self.run_beside([self.program, "compare", path, *size, name,
                                        DRIVERS[name], difference])
        return text if status else ""
