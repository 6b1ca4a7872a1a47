#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Takes virtual devices away from a guest in a real QEMU, and plugs others in.

Runs where the devices are. Meanwhile the guest uses them, as it is told (plug.c). And
lsvfio looks at devices that QEMU has open. See README.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time

from guest import (BOOT_LIMIT, DRIVERS, IDS, STEP_LIMIT, OneGuest, boot_options, device_folder,
                   device_options, look_at_complaints, look_at_drivers, qemu_command)
from look import Output, Programs
from machine import Failure, Machine, wait
from report import Report

# ioatdma wants PCI Express; hot-plug, and interrupts of what is plugged in, want ACPI.
HOTPLUG = ["-machine", "q35,sata=off,smbus=off,hpet=off,smm=off"], ""
# In QEMU's log: the guest reads for which slots of a bus it is asked, and ejects one
EJECTION_TRACE = ["-trace", "acpi_pci_down_read", "-trace", "acpi_pci_eject_slot"]
# The size of mbochs, which shows no EDID as a region. With iomem=relaxed the registers of
# a device that has a driver can be mapped.
ARGUMENTS = "plug=1 8250.nr_uarts=8 video=640x480 iomem=relaxed"
# Each device in a slot of its own, and how the guest sees it there
KINDS = ("mdpy", "mbochs", "mtty", "mioat")
FIRST_SLOT = 3
DISPLAYS = ("mdpy", "mbochs")
SIZE = 640, 480
OTHER_MODE = (800, 600)
PORTS = 2
# As QEMU's process is called, cut by the kernel
COMMAND = "qemu-system-x86"
# In the kernel log, of a process that removes a device
ASKED = "by sh (pid {pid}) waits: its user was asked to close it (#0)"
BLOCKED = 'task "sh" ({pid}) blocked until device is released'


def slot_of(kind):
    return f"{FIRST_SLOT + KINDS.index(kind):02x}.0"


class Removal:
    """A process that removes a device; it waits for the device's user."""

    def __init__(self, uuid):
        self.folder = device_folder(uuid)
        group = os.path.basename(os.readlink(f"{self.folder}/iommu_group"))
        self.node = f"/dev/vfio/{group}"
        self.process = subprocess.Popen(["sh", "-c", 'echo 1 >"$0"', f"{self.folder}/remove"])

    def waits(self):
        return self.process.poll() is None

    def await_words(self, words, what):
        """Waits until the kernel says something of this process."""
        wait(lambda: words.format(pid=self.process.pid) in kernel_log(), STEP_LIMIT, what)

    def await_end(self, what):
        wait(lambda: not self.waits(), STEP_LIMIT, what)
        return not os.path.exists(self.folder)


class Run(OneGuest):
    """And devices that come and go meanwhile."""

    NAME = "unplug"

    def __init__(self, options, report):
        super().__init__(options, report)
        self.commands = 0
        self.programs = Programs(options.lsvfio, options.card)
        self.plugged = {}       # UUID by QEMU's id of the device
        self.removals = []

    def out(self, name):
        return super().out(f"{self.NAME}-{name}")

    # QEMU

    def start(self):
        uuids = self.options.first
        command = qemu_command("none", 192) + EJECTION_TRACE
        command += boot_options(self.options.kernel, "initramfs", ARGUMENTS, HOTPLUG)
        for number, kind in enumerate(KINDS):
            command += ["-device", f"pcie-root-port,id=slot-{kind},chassis={number + 1},"
                        f"addr={slot_of(kind)}"]
            more = ",display=on" if kind in DISPLAYS else ""
            command += ["-device", f"vfio-pci,id={kind},bus=slot-{kind},"
                        f"sysfsdev={device_folder(uuids[kind])}{more}"]
        self.start_machine(command)
        self.plugged = dict(uuids)
        version = self.machine.monitor.command("query-version")["qemu"]
        self.report.say("QEMU {major}.{minor}.{micro} runs, its guest boots".format(**version))
        self.take_from_root()
        self.guest.await_line("obeys", BOOT_LIMIT, "it boots")
        look_at_drivers(self.report, self.guest, {kind: "00.0" for kind in KINDS})

    def has_ejected(self):
        """The guest has ejected as often as it was asked to."""
        with open(self.machine.log, encoding="utf-8", errors="replace") as file:
            log = file.read()
        asked = sum(int(slots).bit_count()
                    for slots in re.findall(r"acpi_pci_down_read (\d+)\n", log))
        return len(re.findall(r"acpi_pci_eject_slot bsel: ", log)) >= asked

    def plug_in(self, ident, kind, uuid, display=False):
        # A device that is being removed is asked for every ten seconds. A guest that is
        # slower than that ejects its slot once for each time, and QEMU then takes away
        # the device that is there, the next one as well, of which the guest hears nothing.
        self.machine.wait(self.has_ejected, STEP_LIMIT, "the guest ejects as often as it was asked")
        arguments = {"driver": "vfio-pci", "id": ident, "bus": f"slot-{kind}",
                     "sysfsdev": device_folder(uuid)}
        if display:
            arguments["display"] = "on"
        self.machine.monitor.command("device_add", **arguments)
        self.plugged[ident] = uuid
        self.do(f"found {kind}")
        found = self.guest.find(rf"pci \S+ {IDS[kind]} class \w+ driver (.*)")[-1]
        self.report.check(found[1] == DRIVERS[kind],
                          f"{ident}: the guest drives it after it is plugged in", found[1])

    def is_deleted(self, ident):
        return any(event["event"] == "DEVICE_DELETED" and event["data"].get("device") == ident
                   for event in self.machine.monitor.events)

    def console_of(self, ident):
        """QEMU's path of the console that shows a device."""
        command = self.machine.monitor.command
        for item in command("qom-list", path="/backend"):
            path = f"/backend/{item['name']}"
            if item["type"] == "child<qemu-graphic-console>" and \
               command("qom-get", path=path, property="device").endswith(f"/{ident}"):
                return path
        raise Failure(f"QEMU has no console of {ident}")

    def take_from_root(self):
        """A device where none can be unplugged, without a guest."""
        check = self.report.check
        uuid = self.options.mdpy[2]
        command = qemu_command("none", 16) + HOTPLUG[0] + ["-S"]
        command += device_options("fixed", uuid, f"{FIRST_SLOT:02x}.0", ",display=on")
        machine = Machine(command, self.out("fixed-qemu.log"), self.out("fixed-console.log"),
                          lambda _line: None)
        removal = Removal(uuid)
        self.removals.append(removal)
        try:
            removal.await_words(ASKED, "the kernel says that it asks the user")
            said = "Bus 'pcie.0' does not support hotplugging"

            def told():
                with open(machine.log, encoding="utf-8") as log:
                    return said in log.read()
            machine.wait(told, STEP_LIMIT, f"QEMU says {said}")
            check(removal.waits(), "a device on q35's root bus: QEMU cannot unplug it, "
                  "and remove waits")
        finally:
            machine.stop()
        check(removal.await_end("remove returns"), "a device on q35's root bus: remove returns "
              "when QEMU has ended")

    # The guest

    def begin(self, command):
        """Has the guest do something, returns by what it says that it has."""
        self.commands += 1
        self.machine.type_line(f"{self.commands} {command}")
        return f"did {self.commands}"

    def do(self, command):
        self.guest.await_line(self.begin(command), STEP_LIMIT, command)

    def await_count(self, pattern, count, what):
        """Waits until the guest has said so a number of times."""
        def told():
            if failed := self.guest.find("failed: (.*)"):
                raise Failure(f"the guest says: {failed[0][1]}")
            return len(self.guest.find(pattern)) >= count
        self.machine.wait(told, STEP_LIMIT, what)

    # Pictures

    def look_at_card(self, case, path, kind):
        diff = self.out(f"{kind}-diff.png")
        wrong = self.programs.compare(path, SIZE, kind, DRIVERS[kind], diff)
        self.report.check(not wrong, f"{case}: it shows what the guest has drawn, pixel by pixel",
                          wrong)

    def look_at_memory(self, case, kind):
        """The display memory as the guest's processor sees it."""
        regions = [region for bus in self.machine.monitor.command("query-pci")
                   for bridge in bus["devices"] if f"{bridge['slot']:02x}.0" == slot_of(kind)
                   for device in bridge.get("pci_bridge", {}).get("devices", [])
                   for region in device["regions"] if region["bar"] == 0]
        raw, path = self.out(f"{kind}.raw"), self.out(f"{kind}.png")
        self.machine.monitor.command("pmemsave", val=regions[0]["address"],
                                     size=SIZE[0] * SIZE[1] * 4, filename=raw)
        self.programs.convert(raw, SIZE, path)
        os.remove(raw)
        self.look_at_card(case, path, kind)

    # Removal

    def use(self, kind, count):
        """Has the guest use a device until it is taken away."""
        before = len(self.guest.find("uses .*"))
        did = self.begin(f"use {kind}")
        self.await_count("uses .*", before + count, f"it uses {kind}")
        return did

    def remove(self, ident, kind, did=None):
        """Removes a device, and waits until the guest has none any more."""
        self.report.say(f"removing {ident}")
        removal = Removal(self.plugged.pop(ident))
        self.removals.append(removal)
        removal.await_words(ASKED, f"the kernel says that it asks the user of {ident}")
        if did:
            self.guest.await_line(did, STEP_LIMIT, f"it loses {kind}")
        self.do(f"gone {kind}")
        return removal

    def is_gone(self, ident, removal, what="the guest lets it go, QEMU too, remove returns"):
        """The removal comes to its end by itself."""
        gone = removal.await_end(f"{ident}: remove returns")
        self.machine.wait(lambda: self.is_deleted(ident), STEP_LIMIT, "DEVICE_DELETED")
        self.report.check(gone, f"{ident}: {what}")

    def look_at_lost(self, kind, name, wanted):
        told = self.guest.find(rf"lost {name}: (.*)")
        for found in told[-PORTS if kind == "mtty" else -1:]:
            self.report.check(found[1] == wanted, f"{kind}: a program that uses it gets {wanted}",
                              found[1])
        self.report.check(told, f"{kind}: a program that uses it notices")

    # What happens

    def take_ports(self):
        did = self.use("mtty", PORTS)
        self.is_gone("mtty", self.remove("mtty", "mtty", did))
        self.look_at_lost("mtty", r"ttyS\d+", "poll HUP read 0 write EIO ioctl EIO")
        self.plug_in("mtty-2", "mtty", self.options.mtty[1])
        self.do("pass mtty")
        passed = self.guest.find(r"passed ttyS\d+")
        self.report.check(len(passed) == PORTS, "mtty-2: its ports pass every byte value")
        self.is_gone("mtty-2", self.remove("mtty-2", "mtty"))

    def take_engine(self):
        self.do("copy mioat")
        self.is_gone("mioat", self.remove("mioat", "mioat"))
        self.plug_in("mioat-2", "mioat", self.options.mioat[1])
        self.do("copy mioat")
        copied = self.guest.find(r"copied mioat: \w+ of .* copies (\d+) .* stopped")
        self.report.check(len(copied) == 2, "mioat-2: it copies by DMA")

    def look_at_held(self, ident, removal):
        """The guest has dropped a device whose display is on, but QEMU has it open."""
        check = self.report.check
        folder = f"/proc/{self.machine.process.pid}/fd"
        files = [os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)]
        check(removal.node in files, f"{ident}: QEMU keeps it open, as its display is on",
              " ".join(files))
        check(removal.waits(), f"{ident}: remove waits")
        check(not self.is_deleted(ident), f"{ident}: there is no DEVICE_DELETED")

    def take_shown(self):
        """mdpy, with display=on: its console has to let it go."""
        console = self.console_of("mdpy")
        removal = self.remove("mdpy", "mdpy", self.use("mdpy", 1))
        self.look_at_lost("mdpy", r"fb\d+", "memory SIGBUS read ENODEV write ENODEV ioctl ENODEV")
        self.look_at_held("mdpy", removal)
        removal.process.send_signal(signal.SIGKILL)
        removal.await_words(BLOCKED, "the kernel says that a process goes on waiting")
        self.report.check(removal.waits(), "mdpy: remove waits, killed or not")
        self.machine.monitor.command("qom-set", path=console, property="device", value="")
        self.is_gone("mdpy", removal, "it goes when the console is told to let it go")

    def plug_unshown(self):
        """mdpy without a display, beside a program that has the first one open."""
        check, find = self.report.check, self.guest.find
        self.plug_in("mdpy-2", "mdpy", self.options.mdpy[1])
        self.do("draw mdpy")
        self.do("still mdpy")
        still = find(r"still fb\d+: (.*)")[-1][1]
        check(still == "memory SIGBUS read ENODEV write ENODEV ioctl ENODEV",
              "mdpy-2: a program that has the first one open cannot reach it", still)
        self.do("reload mdpy")
        refused = find("unload mdpy: (.*)")[-1][1]
        check(refused == "EAGAIN", "mdpy-fb: cannot be unloaded while a program has it open",
              refused)
        self.look_at_memory("mdpy-2", "mdpy")
        self.do("close mdpy")
        self.do("rebind mdpy")
        rebound = [found[1] for found in find(r"(?:un)?bind \S+: (.*)")]
        check(rebound == ["no driver", DRIVERS["mdpy"]], "mdpy-fb: can be unbound and bound again",
              str(rebound))
        self.do("draw mdpy")
        self.look_at_memory("mdpy-fb bound again", "mdpy")
        self.do("reload mdpy")
        check(find("unload mdpy: (.*)")[-1][1] == "no driver", "mdpy-fb: can be unloaded then")
        self.do("found mdpy")
        self.do("draw mdpy")
        self.look_at_memory("mdpy-fb loaded again", "mdpy")
        self.is_gone("mdpy-2", self.remove("mdpy-2", "mdpy", self.use("mdpy", 1)))
        self.look_at_lost("mdpy", r"fb\d+", "memory SIGBUS read ENODEV write ENODEV ioctl ENODEV")
        self.do("close mdpy")

    def plug_shown(self):
        """A third one is shown by the console that the first one has left."""
        self.plug_in("mdpy-3", "mdpy", self.options.mdpy[3], display=True)
        self.do("draw mdpy")
        path = self.out("mdpy.png")
        self.machine.monitor.command("screendump", filename=path, device="mdpy-3", format="png")
        self.look_at_card("mdpy-3", path, "mdpy")

    def take_bochs(self):
        """mbochs, with display=on: until QEMU ends. Meanwhile another one comes and goes."""
        removal = self.remove("mbochs", "mbochs", self.use("mbochs", 1))
        self.look_at_lost("mbochs", r"fb\d+", "memory stays read ENODEV write ENODEV ioctl ENODEV")
        self.look_at_held("mbochs", removal)
        self.plug_in("mbochs-2", "mbochs", self.options.mbochs[1])
        self.is_gone("mbochs-2", self.remove("mbochs-2", "mbochs", self.use("mbochs", 1)))
        return removal

    # lsvfio

    def look_at_list(self):
        check = self.report.check
        status, output, error = self.programs.look()
        pid = self.machine.process.pid
        for kind, uuid in self.plugged.items():
            line = "".join(line for line in output.splitlines() if line.startswith(uuid))
            check(f" {pid} ({COMMAND}) " in line, f"lsvfio: QEMU is seen to use {kind}",
                  line or f"status {status}, {error}")
            status, _output, error = self.programs.look(uuid)
            check(status == 1 and error.count("\n") == 0 and
                  f"{uuid} is in use by process {pid} ({COMMAND}): end it, or look" in error,
                  f"lsvfio: {kind} is busy, and it says by which process", error)

    def joins(self):
        """Sets how lsvfio is told which of QEMU's descriptors a device is."""
        uuid = self.plugged["mdpy"]
        status, _output, error = self.programs.look("--join", uuid)
        if not status:
            return {kind: "--join" for kind in KINDS}
        pid = self.machine.process.pid
        asked = rf"which of {len(KINDS)} descriptors is {uuid}\? Name one .* process {pid} \("
        self.report.check(re.search(asked, error),
                          "lsvfio: it asks which of QEMU's descriptors it is", error)
        listed = dict((ids, fd) for fd, ids in re.findall(r"(\d+) \((\S+)\)", error))
        return {kind: f"--join={listed[IDS[kind]]}" for kind in KINDS}

    def look_beside(self):
        """lsvfio looks at devices that QEMU has open."""
        check, programs = self.report.check, self.programs
        self.look_at_list()
        joins = self.joins()
        for kind, uuid in self.plugged.items():
            status, output, error = programs.look(joins[kind], uuid)
            check(status == 0 and "Device, opened by its user's descriptor" in output,
                  f"lsvfio: --join describes {kind}", error)
        for kind, master in (("mdpy", False), ("mioat", True)):
            command = programs.as_json(joins[kind], self.plugged[kind])["config"]["command"]
            check(("bus-master" in command) == master,
                  f"lsvfio: --json has what the guest's driver wrote to COMMAND of {kind}",
                  str(command))
        for kind in DISPLAYS:
            uuid = self.plugged[kind]
            told = programs.as_json(joins[kind], uuid)
            users = told["device"]["users"]
            check(users == [{"pid": self.machine.process.pid, "command": COMMAND}],
                  f"lsvfio: --json names QEMU as the user of {kind}", str(users))
            plane = told["display"]["planes"][0]
            check((plane.get("width"), plane.get("height")) == SIZE,
                  f"lsvfio: --json has the size that {kind} displays", str(plane))
            path = self.out(f"lsvfio-{kind}.png")
            status, _output, error = programs.look(joins[kind], "--screenshot", path, uuid)
            check(status == 0, f"lsvfio: a screenshot of {kind}", error)
            self.look_at_card(f"lsvfio: the screenshot of {kind}", path, kind)
        self.watch(joins["mbochs"])

    def watch(self, join):
        """The guest sets another mode, and the first one again."""
        uuid = self.plugged["mbochs"]
        watcher = Output([self.options.lsvfio, join, "--watch=0.1", uuid])
        try:
            watcher.find(lambda line: "primary" in line and "640x480" in line, "--watch begins")
            self.do("mode {} {}".format(*OTHER_MODE))
            watcher.find(lambda line: "800x600 XR24" in line, "--watch has another mode")
            self.report.check(self.displays("mbochs", OTHER_MODE),
                              "lsvfio: --watch sees a change of mode, as QEMU does")
            self.do("mode {} {}".format(*SIZE))
            watcher.process.send_signal(signal.SIGINT)
            status, error = watcher.await_end()
            self.report.check(status == 0 and not error, "lsvfio: --watch ends on SIGINT", error)
        finally:
            watcher.stop()

    def displays(self, ident, size):
        """QEMU shows a picture of a size."""
        path = self.out(f"{ident}.ppm")

        def shown():
            self.machine.monitor.command("screendump", filename=path, device=ident)
            with open(path, "rb") as file:
                return tuple(map(int, file.read(64).split()[1:3])) == size
        shown = self.machine.wait(shown, STEP_LIMIT, f"QEMU shows {size}")
        os.remove(path)
        return shown

    def finish(self, removal):
        self.machine.type_line("go")
        self.guest.await_line("ready", STEP_LIMIT, "it is done")
        look_at_complaints(self.report, self.guest)
        self.guest.go_on()
        self.report.check(removal.waits(), "mbochs: remove still waits")
        status = self.machine.wait_for_end(STEP_LIMIT)
        self.report.check(status == 0, "QEMU ends well", f"status {status}")
        self.report.check(removal.await_end("remove returns"),
                          "mbochs: remove returns when QEMU has ended")

    def play(self):
        self.start()
        self.do("draw mbochs")
        self.do("draw mdpy")
        self.look_beside()
        self.take_ports()
        self.take_engine()
        self.take_shown()
        self.plug_unshown()
        self.plug_shown()
        self.finish(self.take_bochs())


def kernel_log():
    return subprocess.run(["dmesg"], stdout=subprocess.PIPE, check=True).stdout.decode()


def parse_options():
    def words(text):
        return text.split(",")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for kind, count in (("mdpy", 4), ("mbochs", 2), ("mtty", 2), ("mioat", 2)):
        parser.add_argument(f"--{kind}", type=words, required=True, metavar="UUID,...",
                            help=f"{count} of them; the guest boots with the first one")
    parser.add_argument("--kernel", required=True, help="folder with vmlinux and initramfs")
    parser.add_argument("--card", required=True, help="the program that compares pictures")
    parser.add_argument("--lsvfio", required=True, help="the program of that name")
    parser.add_argument("--out", required=True, help="folder for logs and pictures")
    parser.add_argument("--start", type=float, default=time.time(),
                        help="when the clock began to count, in seconds since 1970")
    options = parser.parse_args()
    options.first = {kind: getattr(options, kind)[0] for kind in KINDS}
    return options


def main():
    options = parse_options()
    report = Report(options.start, True)
    run = Run(options, report)
    try:
        run.play()
    except (Failure, OSError, KeyboardInterrupt) as failure:
        report.check(False, f"the guest's run comes to its end: {failure}")
        run.show_logs()
    finally:
        if run.machine:
            run.machine.stop()
        # QEMU has no device open any more: each of them can end.
        for removal in run.removals:
            removal.process.wait()
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
