#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A display with OpenGL, by libvirt: a D-Bus client gets the dma-buf of an mbochs.

Runs as libvirt_guest.py does, with a guest that has nothing but its firmware: that writes
on the display. See libvirt.sh.
"""

import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../guest"))

import libvirt  # noqa: E402
from gi.repository import Gio  # noqa: E402

import display  # noqa: E402
import machine  # noqa: E402
from libvirt_guest import LIMIT, MDEVS, Run, parse_options, read, virsh  # noqa: E402

ADDRESS = "pci/0000/02.0"


class Waiter:
    """What a Display wants of a machine."""

    wait = staticmethod(machine.wait)


class Screen(display.Display):
    """The display of a domain, for which libvirt hands out a connection."""

    def __init__(self, domain):  # pylint: disable=super-init-not-called
        self.machine = Waiter()
        self.shown = None
        self.error = None
        fd = libvirt.open().lookupByName(domain).openGraphicsFD(0, 0)
        self.bus = display.connect(socket.socket(fileno=fd), Gio.DBusConnectionFlags.NONE)
        self.listen(self.find_console(ADDRESS))


class GlRun(Run):
    """From the definition of device and domain to their end."""

    devices = ("gl",)
    guest = "gl"

    def look_at_screen(self):
        check = self.report.check
        screen = Screen(self.domain)
        picture = None

        # The firmware takes a moment to write.
        def written():
            nonlocal picture
            picture = screen.picture()
            return picture and not picture.is_blank()
        try:
            machine.wait(written, LIMIT, "the firmware writes")
        except machine.Failure:
            pass
        if check(picture and picture.source == "dma-buf",
                 "a D-Bus client gets a dma-buf of mbochs", str(picture and picture.source)):
            check(not picture.is_blank(), "the guest's firmware has written on it")
            path = f"{self.options.out}/libvirt-gl.png"
            subprocess.run([self.options.card, "convert", str(picture.width), str(picture.height),
                            str(picture.width * display.PIXEL), picture.fourcc, path],
                           input=picture.pixels, check=True)

    def play(self):
        self.find_parents()
        self.define_devices()
        shown = read(f"{MDEVS}/{self.uuids['gl']}/vendor/display")
        self.report.check(shown == "dmabuf", "mbochs is displayed by dma-buf", shown)
        virsh("define", "--validate", self.file(self.guest))
        virsh("start", self.domain)
        self.look_at_screen()
        virsh("destroy", self.domain)
        virsh("undefine", self.domain)
        self.remove_devices()


if __name__ == "__main__":
    sys.exit(GlRun(parse_options(__doc__)).main())
