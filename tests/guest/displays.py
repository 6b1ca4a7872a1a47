#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Shows mdpy and mbochs on the displays of a real QEMU, and compares what is seen there.

Runs where the devices are. With --boot it is the picture of the firmware that is looked
at first, and then that of the guest's driver. See README.
"""

import argparse
import subprocess
import sys
import time

from firmware import Firmware, Handover, OvmfHandover
from guest import device_options, qemu_command
from machine import EmulatorFault
from report import Report
from screens import SLOTS, Screens, show_by

TRIES = 4
START_LIMIT = 300


def look_at_refusals(options, report):
    """QEMU says why it cannot show a device, and does not start."""
    for name, how, words in (
            ("mdpy", "none", "device doesn't support any (known) display method"),
            ("mbochs", "none", "device doesn't support any (known) display method"),
            ("mbochs", "dmabuf", "opengl not available")):
        show_by(getattr(options, name), how)
        command = qemu_command("none", 64) + ["-machine", "pc", "-S"] + device_options(
            name, getattr(options, name), SLOTS[name], ",display=on")
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=START_LIMIT, check=False)
        text = result.stdout.decode(errors="replace").strip()
        report.check(result.returncode == 1 and words in text,
                     f"{name}: shown by {how}, QEMU without OpenGL refuses display=on: {words}",
                     f"status {result.returncode}, {text}")


def play(run, report):
    """One guest, whatever becomes of it."""
    try:
        run.play()
    except (Exception, KeyboardInterrupt) as failure:
        report.check(False, f"{run.NAME}: the run comes to its end: {failure}")
        run.show_logs()
    finally:
        report.machine = None
        if run.machine:
            run.machine.stop()


def play_until_it_works(kind, options, report):
    """Once more from the start if the processor that QEMU emulates was broken."""
    for left in reversed(range(TRIES)):
        try:
            return play(kind(options, report), report)
        except EmulatorFault as fault:
            report.say(f"{fault}: not a fault of the devices")
            if not left:
                report.check(False, f"a guest whose processor works: none of {TRIES} did")
    return None


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in SLOTS:
        parser.add_argument(f"--{name}", metavar="UUID", required=True, help=f"the {name} device")
    parser.add_argument("--kernel", required=True, help="folder with vmlinux and initramfs")
    parser.add_argument("--image", metavar="FILE", required=True,
                        help="the kernel as firmware starts it")
    parser.add_argument("--card", required=True, help="the program that compares pictures")
    parser.add_argument("--out", required=True, help="folder for the results")
    parser.add_argument("--start", type=float, default=time.time(),
                        help="when the clock began to count, in seconds since 1970")
    parser.add_argument("--boot", action="store_true", help="the pictures of firmware")
    return parser.parse_args()


def main():
    options = parse_options()
    report = Report(options.start, True)
    if options.boot:
        kinds = [Firmware, Handover, OvmfHandover]
    else:
        kinds = [Screens]
        look_at_refusals(options, report)
    for kind in kinds:
        play_until_it_works(kind, options, report)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
