#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Shows the virtual devices to a guest in a real QEMU, and looks at the result.

Runs where the devices are, with one mdev of each driver created; or with
those that do DMA, and no others (--dma). Leaves in the
folder given by --out what a person wants to see: mdpy.png, mbochs.png,
mbochs-console.png, mtty.txt; and the logs guest-console.log, guest-qemu.log.
See README.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import time
import zlib

import ports
from cards import Cards
from display import Display, Picture
from guest import (BOOT_LIMIT, EXPRESS, PLAIN, RENDER_NODE, SHOW_LIMIT, STEP_LIMIT,
                   OneGuest, boot_options, device_folder, device_options, end_guest, find_bar,
                   look_at_copies, look_at_drivers, qemu_command)
from machine import EmulatorFault, Failure
from report import Report

# Where the guest finds the devices, and how QEMU's D-Bus display names one.
SLOTS = {"mdpy": "03.0", "mbochs": "04.0", "mtty": "05.0"}
# With --check: mtty devices that are wired differently
MORE_SLOTS = {"crossed": "06.0", "paced": "07.0"}
# With --dma: a DMA engine by mdev, and one that is a function of softpci-host
ENGINE_SLOTS = {"mioat": "08.0", "function": "09.0"}
FRAMEBUFFERS = {"mdpy": "mdpy-fb", "mbochs": "bochs-drmdrmfb"}
# mdpy has one of its own, mbochs the one that we write into its EDID.
SIZES = {"mdpy": (1024, 768), "mbochs": (1280, 800)}
BYTE_VALUES = bytes(range(256))

# The guest gives up long before if nothing moves.
PORTS_LIMIT = 1200
# How often a guest is started at most, because its processor broke.
TRIES = 4


def run_command(options):
    """The command line, as a person would write it."""
    tail = ",x-no-mmap=on" if options.no_mmap else ""
    # Debian's kernels are prepared for four serial ports.
    arguments = f"8250.nr_uarts=8 check={options.check}" if options.check else ""
    display = f"dbus,p2p=yes,gl=on,rendernode={RENDER_NODE}"
    machine = PLAIN
    if options.dma:
        arguments, display, machine = "dma=1", "none", EXPRESS
    # QEMU shows a region only by mapping it, and crashes if it may not.
    more = {"mdpy": "" if options.no_mmap else ",display=on",
            "mbochs": ",display=on,xres={},yres={}".format(*SIZES["mbochs"])}
    command = qemu_command(display, 256)
    if options.iommufd:
        tail += ",iommufd=iommufd0"
        command += ["-object", "iommufd,id=iommufd0"]
    programs = "-check" if options.check and not options.dma else ""
    command += boot_options(options.kernel, f"initramfs{programs}", arguments, machine)
    for name, slot in options.slots.items():
        command += device_options(name, getattr(options, name), slot, more.get(name, "") + tail)
    return command


class Run(OneGuest):
    """And the output of the guest in between."""

    NAME = "guest"

    def __init__(self, options, report):
        super().__init__(options, report)
        self.display = None
        self.shot = None
        self.cards = Cards(options.card)

    def start(self):
        for name in self.options.slots:
            path = device_folder(getattr(self.options, name))
            if not os.path.isdir(path):
                raise Failure(f"there is no {path}: create the {name} device first")
        if "mbochs" in self.options.slots and not os.path.exists(RENDER_NODE):
            raise Failure(f"there is no {RENDER_NODE}: load the module vgem")
        self.report.note("phase", "QEMU starts, and the kernel of its guest boots")
        self.report.say(f"starting QEMU with {len(self.options.slots)} devices")
        self.report.note("command", shlex.join(run_command(self.options)))
        self.start_machine(run_command(self.options))
        self.report.machine = self.cards.machine = self.machine
        version = self.machine.monitor.command("query-version")["qemu"]
        version = "{major}.{minor}.{micro}".format(**version)
        self.report.note("fact", f"qemu={version}")
        self.report.say(f"QEMU {version} runs, its guest boots")
        if "mbochs" in self.options.slots:
            self.display = Display(self.machine, f"pci/0000/{SLOTS['mbochs']}")

    def look_at_drivers(self):
        """Which drivers the guest's kernel gave to the devices."""
        check = self.report.check
        look_at_drivers(self.report, self.guest, SLOTS)
        for name, ident in FRAMEBUFFERS.items():
            check(self.guest.find(rf"framebuffer \d+ {ident}"),
                  f"{name}: the guest has a framebuffer {ident}")
        check(self.guest.find("console driver .*frame buffer device"),
              "mbochs: the guest's text console is on the framebuffer")

    def list_devices(self):
        """lsvfio knows which process has the devices open."""
        path = self.out("lsvfio.txt")
        self.report.note("command", f"lsvfio >{path}")
        with open(path, "wb") as file:
            job = self.cards.worker.submit(subprocess.run, ["lsvfio"], stdout=file, check=False)
            self.machine.wait(job.done, SHOW_LIMIT, "lsvfio lists the devices")
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        user = str(self.machine.process.pid)
        for name in self.options.slots:
            line = [line for line in lines if getattr(self.options, name) in line.split()]
            self.report.check(line and user in line[0].split(),
                              f"{name}: lsvfio lists it, and that QEMU has it open",
                              line[0] if line else "no such line")

    def look_at_console(self):
        """The text console is seen as the guest has it in its memory."""
        told = self.guest.find(r"console of (\d+x\d+) has adler32 (\w+)")
        expected = int(told[0][2], 16)

        def seen():
            self.shot = self.display.picture()
            return self.shot and zlib.adler32(self.shot.pixels) == expected
        try:
            self.machine.wait(seen, SHOW_LIMIT, "the display shows the text console")
            same = True
        except Failure:
            same = False
        self.report.check(same, "mbochs: the display shows the guest's text console, "
                          "byte by byte", "other pixels" if self.shot else "nothing is shown")
        if self.shot:
            self.report.check(not self.shot.is_blank(), "mbochs: there is text on it")
            self.cards.write_png(self.shot, self.out("mbochs-console.png"))

    def take_memory(self, name, path):
        """The video memory as the guest's processor sees it: through BAR0."""
        command = self.machine.monitor.command
        width, height = SIZES[name]
        bar = find_bar(self.machine.monitor, SLOTS[name])
        raw = f"{path}.raw"
        command("pmemsave", val=bar["address"], size=width * height * 4, filename=raw)
        with open(raw, "rb") as file:
            self.cards.write_png(Picture(width, height, "XR24", file.read(), "BAR0"), path)
        remove(raw)
        return "QEMU's pmemsave of BAR0"

    def take_mdpy(self, path):
        """QEMU makes a file of a region display itself."""
        if self.options.no_mmap:    # without a display, see qemu_command()
            return self.take_memory("mdpy", path)
        self.machine.monitor.command("screendump", filename=path, device="mdpy", format="png")
        return "QEMU's screendump"

    def take_mbochs(self, path):
        """Of a dma-buf display QEMU knows the buffer only, so we look into it."""
        picture = self.display.picture()
        if not picture:
            return None
        self.cards.write_png(picture, path)
        return f"{picture.source} {picture.fourcc} over D-Bus"

    def compare(self, name, path):
        """Holds a picture against the test card, returns what is wrong with it."""
        return self.cards.compare(path, SIZES[name], name, self.out(f"{name}-diff.png"))

    def look_at_picture(self, name, take):
        """The display shows the test card, pixel by pixel."""
        path = self.out(f"{name}.png")
        wanted = "{}x{}".format(*SIZES[name])
        drawn = self.guest.find(rf"picture {name} on (\S+) of \S+ driver (\S+): (\d+x\d+) .*")
        fb, driver, size = drawn[0].groups()
        self.report.check(size == wanted, f"{name}: the guest's {fb} has {wanted}", size)
        how = None
        wrong = "nothing is shown"

        # The guest's kernel may take a moment to bring its picture here.
        def equal():
            nonlocal how, wrong
            how = take(path)
            if how:
                wrong = self.compare(name, path)
            return not wrong
        try:
            self.machine.wait(equal, SHOW_LIMIT, f"{name} shows the test card")
            self.report.say(f"{name}: {size} drawn by the guest's {driver}, taken by {how}")
            self.report.note("fact", f"{name}={size} pixels on the guest's {fb}, which "
                             f"{driver} drives, by {how}")
            remove(self.out(f"{name}-diff.png"))    # of a try before
        except Failure as failure:
            memory = self.out(f"{name}-memory.png")
            self.take_memory(name, memory)
            wrong = (f"{failure}; {wrong}; in its memory, {memory}: "
                     f"{self.compare(name, memory) or 'all is right'}")
        self.report.check(not wrong, f"{name}: the display shows the test card of {wanted}, "
                          "pixel by pixel", wrong)

    def received_text(self, port):
        """What came back over a port, from the lines of the transcript."""
        text = b"\n".join(self.guest.transcript) + b"\n"
        begin, end = (f"{word} {port}\n".encode() for word in ("begin", "end"))
        return text.partition(begin)[2].partition(end)[0]

    def look_at_serial(self):
        """What was sent over each port came back over it."""
        check = self.report.check
        with open(self.options.text, "rb") as file:
            text = file.read()
        paths = [f"/dev/{found[1]}" for found in self.guest.find(r"serial (\S+) of .*")]
        check(len(paths) == ports.PORTS, f"mtty: the guest has {ports.PORTS} ports", str(paths))
        transcript = b"\n".join(self.guest.transcript).decode("latin-1")
        for port in paths:
            number = port.removeprefix("/dev/ttyS")
            line = self.guest.find(rf"port {number}: (.*)")
            state = line[0][1] if line else "is missing in /proc/tty/driver/serial"
            sent = f"this is {port}\n".encode() + text
            received = self.received_text(port)
            sent_all = sent + BYTE_VALUES
            self.report.note("fact", f"{port}={len(sent_all)}")
            check("uart:16550A" in state, f"mtty: {port} is a 16550A", state)
            check(received == sent, f"mtty: {port} gave back {len(sent)} bytes of text, "
                  "byte by byte", first_difference(received, sent))
            for verb in ("sent    ", "received"):
                wanted = f"{port}: {verb} {len(sent_all)} bytes, adler32 {zlib.adler32(sent_all):08x}"
                check(wanted in transcript, f"mtty: {wanted}")
            check(f"{port}: equal" in transcript, f"mtty: {port} passes every byte value")
            count = len(sent_all)
            check(re.search(rf"\btx:{count} rx:{count}(?! \w*(oe|fe|pe|brk):)", state),
                  f"mtty: {port} counts {count} characters each way and no error", state)
        self.write_transcript()

    def write_transcript(self):
        """mtty.txt, for a person."""
        found = self.guest.find(r"pci (\S+) 4348:3253 .*")
        lines = ["mtty: what the guest sent over the serial ports and got back", "",
                 f"device   {found[0][0].removeprefix('pci ') if found else '?'}"]
        numbers = "|".join(port[1] for port in self.guest.find(r"serial ttyS(\d+) of .*"))
        lines += [f"port     ttyS{match[1]}"
                  for match in self.guest.find(f"port ((?:{numbers}): .*)")]
        lines += [f"kernel   {match[1]}" for match in self.guest.find("kernel log (.*ttyS.*)")]
        with open(self.out("mtty.txt"), "wb") as file:
            file.write("\n".join(lines + ["", ""]).encode())
            for line in self.guest.transcript:
                file.write(line + b"\n")

    def look_at_cards(self):
        """What the guest finds out about the serial cards, wired in each way."""
        guest = self.guest
        guest.await_line("slow begins", PORTS_LIMIT, "it tries the serial ports")
        begun = time.monotonic()
        guest.go_on()
        guest.await_line("slow ends", PORTS_LIMIT, "it sends at a given rate")
        ports.look_at_pace(self.report, time.monotonic() - begun)
        guest.await_line("ready", PORTS_LIMIT, "it sends files over the serial ports")
        cards = ports.find_cards(self.machine.monitor,
                                 {"loopback": SLOTS["mtty"]} | MORE_SLOTS)
        for program, look in (("lspci", ports.look_at_lspci),
                              ("setserial", ports.look_at_setserial)):
            status = guest.find(rf"{program} ended with status (.*)")[0][1]
            self.report.check(status == "0", f"mtty: {program} finds no fault", status)
            look(self.report, cards, [found[1] for found in guest.find(rf"{program}: (.+)")])

    def play(self):
        await_line, note = self.guest.await_line, self.report.note
        self.start()
        kernel = await_line("kernel (.*)", BOOT_LIMIT, "its kernel boots")[1]
        note("fact", f"guest={kernel}")
        await_line("console shown .*", BOOT_LIMIT, "its drivers come up")
        self.machine.look_at_processor()
        note("phase", "The guest shows its text console")
        self.look_at_drivers()
        self.look_at_console()
        if self.options.lsvfio:
            self.list_devices()
        note("phase", "The guest draws, and the pictures are compared")
        self.guest.go_on()
        await_line("picture mdpy .*", STEP_LIMIT, "it draws")
        self.look_at_picture("mbochs", self.take_mbochs)
        self.look_at_picture("mdpy", self.take_mdpy)
        note("phase", "The guest sends text over the serial ports")
        await_line("text exchanged", STEP_LIMIT, "it sends text over the serial ports")
        self.look_at_serial()
        if self.options.check:
            note("phase", "The guest tries all that the serial ports can do")
            self.look_at_cards()
        await_line("ready", STEP_LIMIT, "it is done")
        end_guest(self.report, self.guest, self.machine)

    def play_engines(self):
        """A guest with DMA engines and nothing else."""
        self.start()
        self.guest.await_line("kernel .*", BOOT_LIMIT, "its kernel boots")
        self.guest.await_line("memory copied", BOOT_LIMIT, "it copies memory by DMA")
        self.guest.await_line("ready", STEP_LIMIT, "it is done")
        look_at_drivers(self.report, self.guest, ENGINE_SLOTS)
        for name, slot in ENGINE_SLOTS.items():
            look_at_copies(self.report, self.guest, name, slot)
        end_guest(self.report, self.guest, self.machine)


def remove(path):
    if os.path.exists(path):
        os.remove(path)


def first_difference(got, wanted):
    """Tells where two strings of bytes begin to differ."""
    for i, (a, b) in enumerate(zip(got, wanted)):
        if a != b:
            return f"byte {i} is {a:#04x}, not {b:#04x}"
    return f"{len(got)} bytes, not {len(wanted)}"


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in SLOTS | ENGINE_SLOTS:
        parser.add_argument(f"--{name}", metavar="DEVICE",
                            help=f"the {name} device, by its UUID or address")
    for name in MORE_SLOTS:
        parser.add_argument(f"--{name}", metavar="UUID",
                            help=f"the mtty device that is {name}, for --check")
    parser.add_argument("--kernel", required=True, help="folder with vmlinux and initramfs")
    parser.add_argument("--card", required=True, help="the program that compares pictures")
    parser.add_argument("--text", required=True, help="what the guest sends")
    parser.add_argument("--out", required=True, help="folder for the results")
    parser.add_argument("--start", type=float, default=time.time(),
                        help="when the clock began to count, in seconds since 1970")
    parser.add_argument("--check", type=int, default=0, metavar="KIB",
                        help="one line for each assertion, and more of them; so much "
                        "goes over each serial port")
    parser.add_argument("--dma", action="store_true",
                        help="a guest with the devices that do DMA, and no others")
    parser.add_argument("--record", metavar="FILE", help="a file to add the record to, for page.py")
    parser.add_argument("--lsvfio", action="store_true", help="lsvfio is there: use it")
    parser.add_argument("--iommufd", action="store_true",
                        help="QEMU opens them by iommufd, for --dma")
    parser.add_argument("--no-mmap", action="store_true", help="x-no-mmap=on for all devices")
    options = parser.parse_args()
    options.slots = SLOTS | MORE_SLOTS if options.check else SLOTS
    if options.dma:
        options.slots = ENGINE_SLOTS
    missing = [name for name in options.slots if not getattr(options, name)]
    if missing:
        parser.error(f"which device is {missing[0]}?")
    return options


def play(options, report):
    """One guest, whatever becomes of it."""
    run = Run(options, report)
    try:
        if options.dma:
            run.play_engines()
        else:
            run.play()
    except (Failure, OSError, KeyboardInterrupt) as failure:
        report.check(False, f"the guest's run comes to its end: {failure}")
        run.show_logs()
    finally:
        report.machine = None
        if run.machine:
            run.machine.stop()


def main():
    options = parse_options()
    report = Report(options.start, bool(options.check), options.record)
    for left in reversed(range(TRIES)):
        try:
            play(options, report)
            break
        except EmulatorFault as fault:
            report.say(f"{fault}: not a fault of the devices")
            if not left:
                report.check(False, f"a guest whose processor works: none of {TRIES} did")
            else:
                report.say("once more from the start")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
