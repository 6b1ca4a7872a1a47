#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""From the Debian package to a guest with a display: the commands of the first section of
Documentation/libvirt.rst.

Runs as root in the first boot of a machine where the packages were installed. The guest's
firmware has to show on mbochs the picture that it shows on QEMU's own card; then the same
guest has a kernel, whose driver draws. See libvirt.sh.
"""

import copy
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../guest"))

from firmware import is_text, pixels_of  # noqa: E402
from libvirt_guest import (  # noqa: E402
    BOOT_LIMIT, LIMIT, MDEVS, STEP_LIMIT, Run, parse_options, read, virsh)
from machine import Failure, wait  # noqa: E402

HEADING = "From the package to a guest"
# Where QEMU may write, and libvirt's own files are
IMAGES = "/var/lib/libvirt/qemu"
# The largest mode of mbochs-medium, which SeaBIOS takes
SIZE = 1024, 768
# SeaBIOS tells on its debug port what it shows.
DEBUG_PORT = f"""
<serial type='file'>
  <source path='{IMAGES}/seabios.log'/>
  <target type='isa-debug'><model name='isa-debugcon'/></target>
  <address type='isa' iobase='0x402'/>
</serial>"""


def run(*command):
    """What a program says; it has to succeed."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            stdin=subprocess.DEVNULL, check=False)
    text = result.stdout.decode("utf-8", "replace").strip()
    if result.returncode:
        raise Failure(f"{' '.join(command)}: {text}")
    return text


def build_id(data):
    """The note that the linker made, with the hash of all that it linked."""
    at = data.index(b"\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0")
    return data[at:at + 36]


class FirstRun(Run):
    """As a reader of the page does it."""

    devices = ()
    guest = "first"

    def __init__(self, options):
        super().__init__(options)
        here = os.path.dirname(os.path.abspath(__file__))
        page = f"{options.xml}.rst"
        self.commands = [line for line in run(f"{here}/commands.py", page, HEADING).split("\n")
                         if line.startswith("virsh ")]
        # The page has its files in the folder where the reader is.
        self.folder = tempfile.mkdtemp()
        for name in ("node-mbochs", "first"):
            shutil.copy(self.file(name), self.folder)

    def next_command(self, start):
        """Of the page; it has to begin like this."""
        command = self.commands.pop(0) if self.commands else "nothing"
        if not command.startswith(start):
            raise Failure(f"the page has '{command}' where '{start}' is expected")
        self.report.say(command)
        return command

    def run(self, command):
        """Where the reader is."""
        return run("sh", "-c", f"cd {self.folder} && {command}")

    def follow(self, start):
        """Runs the next command."""
        return self.run(self.next_command(start))

    # The modules

    def look_at_modules(self):
        """They are those of DKMS, and were there before this test."""
        check = self.report.check
        log = run("journalctl", "-b", "-q", "-o", "cat", "-u", "systemd-modules-load")
        for name in self.options.parents:
            path = run("modinfo", "-n", name)
            check(path.startswith(f"/lib/modules/{os.uname().release}/updates/dkms/"),
                  f"{name}: modprobe takes the module that DKMS has installed", path)
            unpack = {".xz": "xzcat", ".zst": "zstdcat"}.get(os.path.splitext(path)[1], "cat")
            installed = subprocess.run([unpack, path], stdout=subprocess.PIPE, check=True).stdout
            with open(f"/sys/module/{name}/notes/.note.gnu.build-id", "rb") as file:
                loaded = file.read()
            check(build_id(installed) == build_id(loaded), f"{name}: that is the one in memory")
            check(f"Inserted module '{name}'" in log,
                  f"{name}: systemd-modules-load has loaded it at boot", log)
            parameter = read(f"/sys/module/{name}/parameters/parent")
            if not check(parameter == "pci", f"{name}: softpci.conf gives it parents that are "
                         "PCI devices", parameter):
                raise Failure("libvirt would not find the parents")

    # Firmware

    def take(self, path):
        """A picture that QEMU takes itself, with the size that it has."""
        private = f"{IMAGES}/first.ppm"
        virsh("qemu-monitor-command", self.domain, "--pretty",
              '{"execute": "screendump", "arguments": {"filename": "%s"}}' % private)
        shutil.move(private, path)
        return pixels_of(path)

    def own_card(self):
        """first.xml with a card of QEMU's instead of mbochs."""
        tree = ElementTree.parse(self.file("first"))
        root = tree.getroot()
        devices = root.find("devices")
        devices.remove(devices.find("hostdev"))
        model = devices.find("video/model")
        model.set("type", "bochs")
        ElementTree.SubElement(model, "resolution", dict(zip("xy", map(str, SIZE))))
        devices.append(ElementTree.fromstring(DEBUG_PORT))
        for child in list(root):
            if child.tag.endswith("}override"):
                root.remove(child)
        path = f"{self.folder}/own.xml"
        tree.write(path)
        return path

    def look_at_own(self):
        """The picture that the firmware shows when it has nothing to boot."""
        self.report.say("the guest with a card of QEMU's own")
        virsh("create", self.own_card())

        def is_done():
            with open(f"{IMAGES}/seabios.log", encoding="latin-1") as file:
                return "No bootable device.\n" in file.read()

        # It draws the cursor after that, and then it has nothing to do any more.
        def is_halted():
            return "HLT=1" in virsh("qemu-monitor-command", self.domain, "--hmp", "info registers")
        wait(is_done, BOOT_LIMIT, "the firmware finds nothing to boot")
        wait(is_halted, STEP_LIMIT, "the firmware is done")
        picture = self.take(f"{self.options.out}/libvirt-first-own.ppm")
        png = self.screenshot(f"{self.options.out}/libvirt-first-own.png")
        virsh("destroy", self.domain)
        self.report.check(is_text(picture) and picture[:2] == SIZE, "SeaBIOS writes on QEMU's "
                          "own card", "{}x{}".format(*picture[:2]))
        return png

    def look_at_firmware(self, png):
        """The same is on mbochs as soon as the firmware has written it all."""
        check = self.report.check
        path = f"{self.options.out}/libvirt-first.png"
        address = self.follow("virsh vncdisplay ")
        command = self.next_command("virsh screenshot ")

        def is_shown():
            # The cursor blinks.
            self.run(command)
            shutil.copy(f"{self.folder}/first.png", path)
            with open(path, "rb") as file:
                return file.read() == png
        shown = True
        try:
            wait(is_shown, STEP_LIMIT, "the picture")
        except Failure:
            shown = False
        check(shown, "virsh screenshot shows on mbochs all that SeaBIOS writes",
              f"another picture, {path}")
        self.look_at_vnc("mbochs", SIZE, address)

    # A driver

    def with_kernel(self):
        """first.xml with the kernel of guest.xml, which draws on mbochs only."""
        tree = ElementTree.parse(self.file("first"))
        root = tree.getroot()
        other = ElementTree.parse(self.file("guest")).getroot()
        root.remove(root.find("os"))
        for tag in ("os", "cpu", "on_reboot"):
            root.append(copy.deepcopy(other.find(tag)))
        line = root.find("os/cmdline")
        line.text = line.text.replace("migrate=1 card=1", "sizes=0")
        root.find("devices").append(other.find("devices/serial"))
        path = f"{self.folder}/kernel.xml"
        tree.write(path)
        return path

    def is_off(self):
        """It is not defined: libvirt forgets it when it ends."""
        return self.domain not in virsh("list", "--all", "--name").split()

    def look_at_driver(self):
        self.take_kernel()
        self.report.say("the guest with a kernel")
        virsh("create", self.with_kernel())
        self.console.open(self.domain)
        self.console.await_line("kernel .*", BOOT_LIMIT, "its kernel boots")
        self.console.await_line("cards shown", BOOT_LIMIT, "it draws on mbochs")
        self.look_at_card("mbochs", self.screenshot, "virsh screenshot")
        self.console.type_line("go")
        self.finish()

    def play(self):
        check = self.report.check
        self.look_at_modules()
        self.find_parents()
        png = self.look_at_own()
        device = f"{MDEVS}/{ElementTree.parse(self.file('node-mbochs')).findtext('.//uuid')}"
        said = self.follow("virsh nodedev-create ")
        check(os.path.isdir(device), "virsh nodedev-create makes the device of node-mbochs.xml",
              said)
        said = self.follow("virsh create ")
        self.look_at_confinement()
        check(virsh("domstate", self.domain) == "running", "virsh create: the guest of "
              "first.xml runs, two commands after the boot", said)
        self.look_at_firmware(png)
        self.follow("virsh destroy ")
        self.look_at_driver()
        said = self.follow("virsh nodedev-destroy ")
        wait(lambda: not os.path.exists(device), LIMIT, "the device is gone")
        virsh("nodedev-define", self.file("node-mbochs"))
        virsh("nodedev-autostart", virsh("nodedev-list", "--cap", "mdev", "--inactive"))
        check(not self.commands, "these were all commands of the page, and the device is gone",
              str(self.commands))


if __name__ == "__main__":
    sys.exit(FirstRun(parse_options(__doc__)).main())
