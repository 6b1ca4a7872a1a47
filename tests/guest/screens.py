# SPDX-License-Identifier: GPL-2.0-only
"""What the displays of QEMU show of mdpy and mbochs, and of windows that change their size."""

import os

from cards import Cards
from display import Display
from guest import (BOOT_LIMIT, PLAIN, SHOW_LIMIT, STEP_LIMIT, OneGuest, boot_options,
                   device_folder, device_options, end_guest, look_at_drivers, qemu_command)
from machine import Failure

SLOTS = {"mdpy": "03.0", "mbochs": "04.0"}
# mdpy-vga has one of its own. QEMU writes no EDID if mbochs is shown by region: this is
# what bochs-drm takes then.
SIZES = {"mdpy": (640, 480), "mbochs": (1024, 768)}
VNC_PORTS = {"mdpy": 1, "mbochs": 2}
LINK_UP = "vfio_display_edid_link_up"
EDID_TRACE = ["-trace", LINK_UP]


def show_by(uuid, how):
    """Chooses how a device is shown, which is possible while it is closed."""
    path = f"{device_folder(uuid)}/vendor/display"
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(how)
    except OSError as error:
        raise Failure(f"{path} does not take '{how}': {error.strerror}") from error


def vnc_options():
    """A VNC server for each display; the one of QEMU's -display vnc shows the first only."""
    return [option for name, port in VNC_PORTS.items()
            for option in ("-vnc", f"127.0.0.1:{port},display={name}")]


class Seen(OneGuest):
    """What the displays of a guest show, however they are looked at."""

    def __init__(self, options, report):
        super().__init__(options, report)
        self.cards = Cards(options.card)
        self.display = None

    def start(self, command):
        self.start_machine(command)
        self.report.machine = self.cards.machine = self.machine

    def take_screendump(self, name, path):
        """-display none, or any other"""
        self.machine.monitor.command("screendump", filename=path, device=name, format="png")

    def take_vnc(self, name, path):
        """-display vnc"""
        status, text = self.cards.run_beside(
            ["gvnccapture", f"127.0.0.1:{VNC_PORTS[name]}", path])
        if status:
            raise Failure(f"gvnccapture: {text}")

    def take_dbus(self, name, path):
        """-display dbus; each picture by a client of its own, as they get all that changes"""
        display = Display(self.machine, f"pci/0000/{SLOTS[name]}")
        try:
            self.cards.write_png(
                self.machine.wait(display.picture, SHOW_LIMIT, "a picture over D-Bus"), path)
        finally:
            display.close()

    def take_dmabuf(self, _name, path):
        """-display dbus,gl=on; it is read out of the buffer"""
        picture = self.display.picture()
        if picture:
            self.cards.write_png(picture, path)

    def look(self, name, size, how, take):
        """The display shows the test card, pixel by pixel."""
        path = self.out(f"{self.NAME}-{name}-{how.lower()}.png")
        difference = path.replace(".png", "-diff.png")
        wrong = "nothing is shown"

        def equal():
            nonlocal wrong
            take(name, path)
            wrong = self.cards.compare(path, size, name, difference)
            return not wrong
        try:
            self.machine.wait(equal, SHOW_LIMIT, f"{name} shows the test card")
            if os.path.exists(difference):      # of a try before
                os.remove(difference)
        except Failure as failure:
            wrong = f"{failure}; {wrong}"
        self.report.check(not wrong, f"{name}: {how} shows the test card of {size[0]}x{size[1]}, "
                          "pixel by pixel", wrong)

    def count_of_plugs(self):
        """How often QEMU has plugged in a monitor."""
        with open(self.machine.log, encoding="utf-8", errors="replace") as file:
            return sum(LINK_UP in line for line in file.readlines()[1:])

    def resize(self, display, number, asked, wanted):
        """A window becomes larger or smaller, and the guest asks its monitor anew."""
        self.guest.await_line(f"size {number} awaited", STEP_LIMIT, "it is done")
        before = self.count_of_plugs()
        display.set_size(*asked)
        self.machine.wait(lambda: self.count_of_plugs() > before, SHOW_LIMIT,
                          "QEMU plugs in the monitor again")
        self.guest.go_on()
        self.guest.await_line(f"size {number}: picture .*", STEP_LIMIT, "it sets a mode")
        told = self.guest.find(rf"size {number}: mbochs prefers (\d+x\d+) of \d+ modes")
        self.report.check(told[0][1] == "{}x{}".format(*wanted),
                          "mbochs: a window of {}x{} makes the guest's driver prefer {}x{}".format(
                              *asked, *wanted), told[0][1])


class Screens(Seen):
    """Displays without OpenGL, which show regions: all of them at the same guest."""

    NAME = "displays"

    def command(self):
        command = qemu_command("dbus,p2p=yes", 256) + vnc_options()
        command += boot_options(self.options.kernel, "initramfs", "sizes=0", PLAIN)
        for name, slot in SLOTS.items():
            command += device_options(name, getattr(self.options, name), slot, ",display=on")
        return command

    def play(self):
        for name in SLOTS:
            show_by(getattr(self.options, name), "region")
        self.report.say("starting QEMU with displays that need no OpenGL")
        self.start(self.command())
        self.guest.await_line("kernel .*", BOOT_LIMIT, "its kernel boots")
        self.guest.await_line("cards shown", BOOT_LIMIT, "its drivers come up, it draws")
        self.machine.look_at_processor()
        look_at_drivers(self.report, self.guest, SLOTS)
        for name, size in SIZES.items():
            for how, take in (("screendump", self.take_screendump), ("VNC", self.take_vnc),
                              ("D-Bus", self.take_dbus)):
                self.look(name, size, how, take)
        self.guest.go_on()
        self.guest.await_line("ready", STEP_LIMIT, "it is done")
        end_guest(self.report, self.guest, self.machine)
