#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Moves a guest from one real QEMU to another while it uses the virtual devices.

Runs where the devices are. The guest draws on the displays and sends numbers over
the serial ports without a pause, or copies memory by DMA (--dma), and says so when it
is asked (work.c). See README.
"""

import argparse
import os
import re
import struct
import subprocess
import sys
import time

from guest import (BOOT_LIMIT, EXPRESS, PLAIN, RENDER_NODE, STEP_LIMIT, Guest, boot_options,
                   look_at_complaints, look_at_drivers, look_at_log)
from machine import Failure
from move import ENDS, SLOTS, SOCKET, Place, arrive, begin, end
from report import Report, show_tail

PORTS = 2
# As screen.c draws them
STRIPES_SLOPE = 3
STRIPES_STEP = 0x010305
FILE = "file:/tmp/guest.migration"
# So often the guest or QEMU is asked how far it is, if it does not come to an end.
ASKED = 20
GL_DISPLAY = f"dbus,p2p=yes,gl=on,rendernode={RENDER_NODE}"


def make_stripes(width, height, number):
    """The pixels of the picture with a number, XR24."""
    count = width + height * STRIPES_SLOPE
    ramp = struct.pack(f"<{count}I", *((i + number) * STRIPES_STEP & 0xffffff
                                       for i in range(count)))
    return b"".join(ramp[y * STRIPES_SLOPE * 4:(y * STRIPES_SLOPE + width) * 4]
                    for y in range(height))


def to_rgb(pixels):
    """XR24, as bytes of red, green and blue."""
    data = bytearray(len(pixels) // 4 * 3)
    for i in range(3):
        data[i::3] = pixels[2 - i::4]
    return bytes(data)


class Knobs:
    """Failures on demand of a device; see Documentation/migration.rst."""

    def __init__(self, uuid):
        self.folder = f"/sys/bus/mdev/devices/{uuid}/migration"
        self.there = os.path.isdir(self.folder)

    def set(self, name, value):
        with open(f"{self.folder}/{name}", "w", encoding="ascii") as file:
            file.write(value)

    def get(self, name):
        with open(f"{self.folder}/{name}", encoding="ascii") as file:
            return file.read().strip()


class Run:
    """One guest, and the places that it sees."""

    kinds = ("mdpy", "mbochs", "mtty")
    machine = PLAIN
    does = "draws, sends, receives and is interrupted"
    counts = 2 + 2 * PORTS      # so many of what it does rise

    def __init__(self, options, report):
        self.options = options
        self.report = report
        self.guest = Guest(report)
        self.place = None       # where the guest is
        self.places = []
        self.asked = 0
        self.sent = {}          # so many bytes each port had sent at the last rest
        self.picture = 0        # the one that the guest rested at

    # Places

    def make(self, name, devices, **more):
        place = Place(self.options, name, devices, self.guest.hear, machine=self.machine, **more)
        self.places.append(place)
        return place

    def end(self, *places):
        bad = end(*places)
        for place in places:
            self.places.remove(place)
        return bad

    def set_of(self, letter):
        return dict(zip(self.kinds, getattr(self.options, letter)))

    def go_to(self, place):
        self.place = self.guest.machine = place

    # The guest

    def ask(self, verb, answer):
        """Has the guest tell how far it is, by what: its picture, its interrupts, its ports."""
        self.asked += 1
        self.place.type_line(f"{verb} {self.asked}")
        told = self.guest.await_line(
            f"{answer} {self.asked}: picture (\\d+) interrupts (\\d+)", STEP_LIMIT,
            "it tells how far it is")
        progress = {"picture": int(told[1]), "interrupts": int(told[2])}
        for told in self.guest.find(rf"{answer} {self.asked}: (ttyS\d+) sent (\d+) "
                                    r"received (\d+)"):
            progress[f"{told[1]} sent"] = int(told[2])
            progress[f"{told[1]} received"] = int(told[3])
        return progress

    def look_at_progress(self, case, what):
        """The guest draws and sends, and its ports interrupt it."""
        first = self.ask("tell", "tells")
        # It answers between two pictures, but a port may be slower than that.
        for _ in range(ASKED):
            last = self.ask("tell", "tells")
            stuck = [name for name, count in last.items() if count <= first[name]]
            if not stuck:
                break
        self.report.check(not stuck and len(first) == self.counts,
                          f"{case}: the guest {self.does} {what}",
                          f"{', '.join(stuck)} stay as they are of {first}")

    def rest(self, case):
        """Nothing that the guest sent was lost, and its pictures are on the displays."""
        progress = self.ask("rest", "rests")
        for name in [name for name in progress if name.endswith("sent")]:
            port, sent, before = name.split()[0], progress[name], self.sent.get(name, 0)
            received = progress[f"{port} received"]
            self.report.check(sent == received > before,
                              f"{case}: {port} gave back all that was sent, byte by byte",
                              f"{received} of {sent}, {before} before")
            self.sent[name] = sent
        self.picture = progress["picture"]
        self.look_at_displays(case)

    def work_on(self):
        self.place.type_line("work")

    def look_at_displays(self, case):
        """The displays show the last picture that the guest has drawn."""
        for kind in ("mdpy", "mbochs"):
            fb = self.guest.find(rf"{kind} has (fb\d+)")[0][1]
            size = self.guest.find(rf"stripes {self.picture} on {fb}: (\d+)x(\d+)")[-1]
            self.look_at_picture(case, kind, int(size[1]), int(size[2]))

    def look_at_picture(self, case, kind, width, height):
        wanted = make_stripes(width, height, self.picture)
        seen = None

        # The guest's kernel may take a moment to bring its picture here.
        def equal():
            nonlocal seen
            if kind == "mdpy":
                seen = self.place.take_mdpy()
                return seen.pixels == to_rgb(wanted)
            seen = self.place.take_mbochs(width, height)
            # The fourth byte of a pixel means nothing.
            return seen and to_rgb(seen.pixels) == to_rgb(wanted)
        try:
            self.place.wait(equal, 60, f"{kind} shows picture {self.picture}")
            wrong = ""
        except Failure as failure:
            wrong = f"{failure}: {seen.source if seen else 'nothing is shown'}"
        how = seen.source if seen else ""
        self.report.check(not wrong, f"{case}: {kind} shows what the guest has drawn, "
                          f"pixel by pixel ({how})", wrong)

    # Migrations that succeed

    def move(self, case, target, uri=f"unix:{SOCKET}", *, capabilities=(), parameters=None,
             rests=False):
        """Moves the guest, which rests or works at the moment in which it leaves."""
        check = self.report.check
        source = self.place
        begin(source, target, uri, capabilities, parameters)
        self.look_at_progress(case, "while it is moved")
        if rests:
            self.rest(f"{case}, half way")
        source.release()
        status = source.await_end()
        if not check(status == "completed", f"{case}: the migration succeeds",
                     f"{status}: {source.error()[0]}; {target.error()[0]}"):
            raise Failure(f"the guest cannot go on after '{case}'")
        if uri.startswith("file:"):
            arrive(target, uri)
        status = target.await_end()
        if not check(status == "completed", f"{case}: the guest arrives",
                     f"{status}: {target.error()[0]}"):
            raise Failure(f"the guest cannot go on after '{case}'")
        self.tell_figures(case, source)
        target.monitor.command("cont")
        self.go_to(target)
        bad = self.end(source)
        check(not bad, f"{case}: the source ends well", str(bad))
        if rests:
            # The guest has not drawn since: what is seen came in the device's state.
            self.look_at_displays(f"{case}, where it arrived")
            self.work_on()
        self.look_at_progress(case, "where it arrived")
        self.rest(case)

    def tell_figures(self, case, source):
        """How much QEMU has moved."""
        info = source.monitor.command("query-migrate")
        self.report.say(f"{case}: {info['total-time']} ms, {info['downtime']} ms of them without "
                        f"the guest; {info['ram']['transferred']} bytes, "
                        f"{info['vfio']['transferred']} of them of devices")

    # Migrations that fail

    def fail(self, case, devices, wanted):
        """A migration fails, says why, and the guest goes on where it is."""
        check = self.report.check
        source = self.place
        target = self.make("refuses", devices)
        begin(source, target, f"unix:{SOCKET}")
        source.release()
        status = source.await_end()
        check(status == "failed", f"{case}: the migration fails", status)
        if "target" in wanted:
            target.await_end()
        for side, pattern in wanted.items():
            text, log = (source if side == "source" else target).error()
            check(re.search(pattern, text + log), f"{case}: the {side}'s QEMU says '{pattern}'",
                  f"{text}; {log}")
            self.report.say(f"{case}: the {side} says: {text}")
        check(source.is_running(), f"{case}: the guest runs on")
        bad = self.end(target)
        check(not [text for text in bad if "status -" in text], f"{case}: QEMU does not crash",
              str(bad))
        self.look_at_progress(case, "as before")
        self.rest(case)
        self.work_on()

    def fail_by_type(self):
        devices = self.set_of("c") | {"mbochs": self.options.other}
        case = "a target of another type"
        self.fail(case, devices, {"target": rf"{SLOTS['mbochs']}/vfio"})
        # QEMU shows only the errno.
        log = subprocess.run(["dmesg"], stdout=subprocess.PIPE, check=True).stdout.decode()
        self.report.check("of a mbochs-small, this is a mbochs-medium" in log,
                          f"{case}: the kernel says of which types they are")

    def fail_by_knob(self):
        knobs = Knobs(self.place.devices["mdpy"])
        for fault, side in self.options.faults:
            case = f"fault {fault}"
            if not knobs.there:
                print(f"skipped {case}: the device has no knobs", flush=True)
                continue
            knobs.set("fault", fault)
            says = {"source": rf"{self.place.devices['mdpy']}: Failed setting device state",
                    "target": rf"{SLOTS['mdpy']}/vfio"}
            self.fail(case, self.set_of("c"), {side: says[side]})
            self.report.check(knobs.get("fault") == "none", f"{case}: it happened once",
                              knobs.get("fault"))

    # Sizes that are not true, without a guest

    def lie(self, size):
        """QEMU is told wrong sizes: it may fail or succeed, but not crash."""
        case = f"sizes that are {size}"
        source_uuid, target_uuid = self.options.spare
        knobs = Knobs(source_uuid)
        if not knobs.there:
            print(f"skipped {case}: the device has no knobs", flush=True)
            return
        knobs.set("reported_size", size)
        source = self.make("lies", {"mdpy": source_uuid}, boot=["-S"], memory=16)
        target = self.make("believes", {"mdpy": target_uuid}, memory=16)
        begin(source, target, f"unix:{SOCKET}-{size}")
        source.release()
        asked = 0

        def ended():
            nonlocal asked
            asked += 1
            status = source.monitor.command("query-migrate")["status"]
            return status if status in ENDS else asked > ASKED and "goes on"
        try:
            status = source.wait(ended, STEP_LIMIT, f"{case}: a status")
            self.report.say(f"{case}: {status} {source.error()[0]}")
            if status == "goes on":
                source.monitor.command("migrate_cancel")
                source.await_end()
        except Failure as failure:
            self.report.say(f"{case}: {failure}")
        bad = self.end(source, target)
        self.report.check(not [text for text in bad if "status -" in text],
                          f"{case}: QEMU does not crash", str(bad))
        knobs.set("reported_size", "real")

    # All of it

    def boot(self, arguments):
        self.go_to(self.make("a", self.set_of("a"), boot=boot_options(
            self.options.kernel, "initramfs", f"migrate=1 {arguments}", self.machine)))
        version = self.place.monitor.command("query-version")["qemu"]
        self.report.say("QEMU {major}.{minor}.{micro} runs, its guest boots".format(**version))

    def await_boot(self):
        self.guest.await_line("works", BOOT_LIMIT, "it boots")
        look_at_drivers(self.report, self.guest, {kind: SLOTS[kind] for kind in self.kinds})

    def start(self):
        """A guest, and while it boots, what needs none."""
        self.boot("video=640x480")
        for size in self.options.sizes:
            self.lie(size)
        shows = self.make("b", self.set_of("b"), display=GL_DISPLAY)
        self.await_boot()
        return shows

    def finish(self):
        self.place.type_line("go")
        self.guest.await_line("ready", STEP_LIMIT, "it is done")
        look_at_complaints(self.report, self.guest)
        bad = self.end(self.place)
        self.report.check(not bad, "the last QEMU ends well", str(bad))

    def play(self):
        shows = self.start()
        self.rest("before")
        self.work_on()
        self.fail_by_type()
        self.fail_by_knob()
        self.move("live", shows)
        self.work_on()
        self.move("multifd", self.make("c", self.set_of("c")), rests=True,
                  capabilities=("multifd", "switchover-ack"), parameters={"multifd-channels": 4})
        self.work_on()
        self.move("file", self.make("d", self.set_of("a")), uri=FILE)
        self.finish()


class DmaRun(Run):
    """A guest that copies memory by a DMA engine, and does nothing else."""

    kinds = ("mioat",)
    machine = EXPRESS
    does = "copies by DMA and is interrupted"
    counts = 2

    def __init__(self, options, report):
        super().__init__(options, report)
        self.copies = 0         # so many at the last rest
        self.state = None       # of the channel, when the guest was asked last

    def ask(self, verb, answer):
        """Has the guest tell how far it is: interrupts of the engine, copies that are equal."""
        self.asked += 1
        self.place.type_line(f"{verb} {self.asked}")
        told = self.guest.await_line(rf"{answer} {self.asked}: \w+ of \S+ interrupts (\d+) "
                                     r"copies (\d+) bytes \d+ (in flight .*)",
                                     STEP_LIMIT, "it tells how far it is")
        self.state = told[3]
        if verb == "tell" and not self.state.endswith(" running"):
            raise Failure(f"the guest does not go on: {self.state}")
        return {"interrupts": int(told[1]), "copies": int(told[2])}

    def rest(self, case):
        """All that was in flight is complete, and equal."""
        copies = self.ask("rest", "rests")["copies"]
        self.report.check(copies > self.copies and self.state == "in flight 0 stopped",
                          f"{case}: all copies by DMA are complete and equal",
                          f"{copies}, {self.copies} before, {self.state}")
        self.copies = copies

    def play(self):
        self.boot("dma=1")
        target = self.make("b", self.set_of("b"))
        self.await_boot()
        self.rest("before")
        self.work_on()
        self.move("live", target)
        self.finish()
        look_at_log(self.report, self.guest, "mioat", SLOTS["mioat"])


def parse_options():
    def words(text):
        return text.split(",")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for letter in "abc":
        parser.add_argument(f"--{letter}", type=words, metavar="UUID,UUID,UUID",
                            help=f"devices of QEMU {letter}: {', '.join(Run.kinds)}")
    parser.add_argument("--other", metavar="UUID", help="an mbochs of another type")
    parser.add_argument("--spare", type=words, metavar="UUID,UUID", help="two more mdpy")
    parser.add_argument("--dma", action="store_true",
                        help="a guest that copies by DMA: a mioat each for --a and --b, no others")
    parser.add_argument("--kernel", required=True, help="folder with vmlinux and initramfs")
    parser.add_argument("--device", default="", help="options for each device")
    parser.add_argument("--out", required=True, help="folder for the logs")
    parser.add_argument("--start", type=float, default=time.time(),
                        help="when the clock began to count, in seconds since 1970")
    parser.add_argument("--precopy", action="store_true", help="the devices have PRE_COPY")
    options = parser.parse_args()
    missing = [name for name in (("a", "b") if options.dma else ("a", "b", "c", "other", "spare"))
               if not getattr(options, name)]
    if missing:
        parser.error(f"which device is --{missing[0]}?")
    options.faults = ([("PRE_COPY_P2P:STOP_COPY", "source")] if options.precopy else
                      [("STOP:STOP_COPY", "source")]) + [("corrupt", "target")]
    options.sizes = ("zero", "huge", "growing")
    return options


def main():
    options = parse_options()
    report = Report(options.start, True)
    run = (DmaRun if options.dma else Run)(options, report)
    try:
        run.play()
    except (Failure, OSError, KeyboardInterrupt) as failure:
        report.check(False, f"the guest's journey comes to its end: {failure}")
        for place in run.places:
            show_tail(place.log)
            show_tail(place.console_log.name)
    finally:
        for place in run.places:
            place.stop()
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
