# SPDX-License-Identifier: GPL-2.0-only
"""A guest with the devices in it: how QEMU is started for it, and what it tells."""

import os
import re
import time

from machine import Failure, Machine
from report import show_tail

IDS = {"mdpy": "1b36:000f", "mbochs": "1234:1111", "mtty": "4348:3253", "mioat": "8086:2021",
       "function": "8086:2021"}
DRIVERS = {"mdpy": "mdpy-fb", "mbochs": "bochs-drm", "mtty": "serial", "mioat": "ioatdma",
           "function": "ioatdma"}
# As init.c and dma-copy.c have them: so many copies, and so many of them in flight
COPIES = 300
COPIES_IN_FLIGHT = 16

# The kernel starts up in half the time without parts that are not needed here.
KERNEL_ARGUMENTS = (
    "console=ttyS0 quiet panic=-1 tsc=unstable no_timer_check "
    "mitigations=off rodata=off cryptomgr.notests audit=0 lsm=capability "
    "initcall_blacklist=jent_mod_init,load_system_certificate_list,init_encrypted,"
    "bpf_tcp_ca_kfunc_init,bpf_dummy_struct_ops_init")
# The guest as it starts fastest, and one with PCI Express: ioatdma wants extended
# config space, of which the kernel hears by ACPI.
PLAIN = ["-machine", "pc"], "acpi=off"
EXPRESS = ["-machine", "q35,sata=off,smbus=off,hpet=off,smm=off"], "acpi=noirq"
RENDER_NODE = "/dev/dri/renderD128"
# Emulated by an emulated processor, the guest takes one to three minutes, on a busy
# machine some times that.
BOOT_LIMIT = 900
STEP_LIMIT = 420
SHOW_LIMIT = 240
HEARTBEAT = 15


def qemu_command(display, memory):
    """What is the same for all guests."""
    return ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "qemu64", "-m", str(memory),
            "-msg", "timestamp=on", "-nodefaults", "-no-user-config", "-vga", "none",
            "-display", display]


def boot_options(folder, initramfs, arguments, machine=PLAIN):
    """The kernel of the guest, from the folder that the script initramfs has filled."""
    options, acpi = machine
    return options + ["-kernel", f"{folder}/vmlinux", "-initrd", f"{folder}/{initramfs}",
                      "-append", f"{KERNEL_ARGUMENTS} {acpi} {arguments}".strip()]


def device_folder(device):
    """A device of ours by its UUID, or by its address if it is a PCI function."""
    bus = "pci" if "." in device else "mdev"
    return f"/sys/bus/{bus}/devices/{device}"


def device_options(name, device, slot, more=""):
    """A device of ours, as a person would name it."""
    # Only a device that cannot be unplugged can have a ramfb.
    driver = "vfio-pci-nohotplug" if "ramfb=on" in more else "vfio-pci"
    where = f"host={device}" if "." in device else f"sysfsdev={device_folder(device)}"
    return ["-device", f"{driver},id={name},{where},addr={slot}{more}"]


def find_bar(monitor, slot):
    """Where the guest's firmware put BAR0 of the device in a slot such as 03.0."""
    number = int(slot.partition(".")[0], 16)
    bar, = [region for bus in monitor.command("query-pci") for device in bus["devices"]
            for region in device["regions"]
            if device["slot"] == number and region["bar"] == 0]
    return bar


def look_at_drivers(report, guest, slots):
    """Which drivers the guest's kernel gave to the devices."""
    for name, slot in slots.items():
        ids = IDS[name]
        found = guest.find(rf"pci \S+:{slot} {ids} class \w+ driver (.*)")
        driver = found[0][1] if found else "no such device"
        report.check(driver == DRIVERS[name],
                     f"{name}: the guest drives {ids} with {DRIVERS[name]}",
                     driver or "no driver")


def look_at_complaints(report, guest):
    """The guest has told each line of its kernel's log that is a complaint."""
    complaints = [match[1] for match in guest.find("kernel complaint (.*)")]
    report.check(not complaints, "the guest's kernel complains about nothing",
                 "; ".join(complaints))


def end_guest(report, guest, machine):
    """A guest that is done powers off when it may go on."""
    look_at_complaints(report, guest)
    guest.go_on()
    status = machine.wait_for_end(STEP_LIMIT)
    report.check(status == 0, "QEMU ends well after the guest powers off", f"status {status}")


def look_at_copies(report, guest, name, slot):
    """A DMA engine has copied memory, and each copy was completed by an interrupt."""
    found = guest.find(rf"dma ends: (\w+) of \S+:{slot} interrupts (\d+) copies (\d+) "
                       r"bytes (\d+) in flight (\d+) (.*)")
    if not report.check(found, f"{name}: the guest's driver has a DMA channel"):
        return
    channel, interrupts, copies, size, in_flight, state = found[0].groups()
    report.check(int(copies) == COPIES and in_flight == "0" and state == "stopped",
                 f"{name}: {COPIES} copies by DMA are equal, and nothing else was written",
                 f"{copies}, {in_flight} in flight, {state}")
    # One interrupt may be for all that are in flight, and not for more.
    report.check(int(interrupts) * COPIES_IN_FLIGHT >= int(copies),
                 f"{name}: interrupts tell that they are complete",
                 f"{interrupts} for {copies} copies")
    report.say(f"{name}: {copies} copies, {size} bytes in all, on the guest's {channel}, "
               f"{interrupts} interrupts")
    look_at_log(report, guest, name, slot)


def look_at_log(report, guest, name, slot):
    """What the driver of a DMA engine says."""
    bad = guest.find(rf"kernel log .*ioatdma \S+:{slot}: (?!enabling device).*")
    report.check(not bad, f"{name}: the guest's driver finds no fault",
                 "; ".join(found[0] for found in bad))


class Guest:
    """The guest's side of the conversation over its console, see init."""

    def __init__(self, report):
        self.report = report
        self.told = []
        self.transcript = []
        self.in_transcript = False
        self.last_line = ""
        self.machine = None     # set as soon as there is one

    def hear(self, line):
        text = line.decode("latin-1")
        self.last_line = text.strip() or self.last_line
        if text.startswith("guest: "):
            text = text.removeprefix("guest: ")
            self.told.append(text)
            self.in_transcript = text == "text begins"
            if verdict := re.fullmatch("(right|wrong): (.*)", text):
                self.report.check(verdict[1] == "right", f"mtty: {verdict[2]}")
            elif not re.match("(pci|port|kernel|text|framebuffer|lspci:|setserial:)( |$)", text):
                self.report.say(f"guest: {text}")
        elif self.in_transcript:
            self.transcript.append(line)

    def find(self, pattern):
        """The matches of all that the guest told so far."""
        return [found for text in self.told if (found := re.fullmatch(pattern, text))]

    def await_line(self, pattern, seconds, what):
        """Waits for the guest to tell something, says that it still lives."""
        begun = last = time.monotonic()

        def told():
            nonlocal last
            if failed := self.find("failed: (.*)"):
                raise Failure(f"the guest says: {failed[0][1]}")
            if time.monotonic() - last >= HEARTBEAT:
                last = time.monotonic()
                self.report.say(f"... waiting for the guest: {what}, "
                                f"{int(last - begun)} s so far")
            if found := self.find(pattern):
                return found
            if self.machine.shut_down:
                raise Failure(f"the guest: {what}: it ended itself before")
            return None
        return self.machine.wait(told, seconds, f"the guest: {what}")[0]

    def go_on(self):
        """Lets the guest go on after it showed something."""
        self.machine.type_line("go")


class OneGuest:
    """A guest in a QEMU, from its boot to its end."""

    NAME = ""       # how its logs begin

    def __init__(self, options, report):
        self.options = options
        self.report = report
        self.guest = Guest(report)
        self.machine = None

    def out(self, name):
        return os.path.join(self.options.out, name)

    def logs(self):
        """Of QEMU, and of the guest on its console"""
        return [os.path.join(self.options.out, f"{self.NAME}-{what}.log")
                for what in ("qemu", "console")]

    def start_machine(self, command):
        self.machine = self.guest.machine = Machine(command, *self.logs(), self.guest.hear)

    def show_logs(self):
        for path in self.logs():
            show_tail(path)
