#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Gives the devices to a guest by libvirt, by the very files of Documentation/libvirt.

Runs as root in a machine with systemd, libvirtd and the modules loaded with parent=pci;
see libvirt.sh.
"""

import argparse
import contextlib
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import tty
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../guest"))

import libvirt  # noqa: E402

from machine import Failure, wait  # noqa: E402
from report import Report, show_tail  # noqa: E402

MDEVS = "/sys/bus/mdev/devices"
# Of libvirt, where its machine is emulated, and of a guest that is emulated in there
LIMIT = 300
BOOT_LIMIT = 900
STEP_LIMIT = 300
HEARTBEAT = 15
# In milliseconds, as libvirt.rst has it
DOWNTIME = "60000"
# As libvirt.sh makes it, and the driver that takes it, in the host and in the guest
FUNCTION = "1b36:0011", "pvpanic-pci"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def virsh(*arguments):
    """What virsh says; it has to succeed."""
    status, text = try_virsh(*arguments)
    if status:
        raise Failure(f"virsh {' '.join(arguments)}: {text}")
    return text


def try_virsh(*arguments):
    result = subprocess.run(["virsh", *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    return result.returncode, result.stdout.decode("utf-8", "replace").strip()


class Events:
    """The devices that libvirt says were removed from its domains."""

    def __init__(self):
        self.removed = []
        self.arrived = threading.Condition()
        libvirt.virEventRegisterDefaultImpl()
        self.connection = libvirt.open()
        self.connection.domainEventRegisterAny(
            None, libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, self.take, None)
        threading.Thread(target=self.run, daemon=True).start()

    @staticmethod
    def run():
        while True:
            libvirt.virEventRunDefaultImpl()

    def take(self, _connection, _domain, alias, _data):
        with self.arrived:
            self.removed.append(alias)
            self.arrived.notify_all()

    def await_removed(self, alias):
        with self.arrived:
            return self.arrived.wait_for(lambda: alias in self.removed, STEP_LIMIT)


class Console:
    """The guest's serial console. Lines that begin with "guest: " are for us."""

    def __init__(self, log, report):
        self.log = open(log, "wb", buffering=0)
        self.report = report
        self.told = []
        self.fd = None
        self.rest = b""
        self.asked = 0

    def open(self, domain):
        """After a start: it is another terminal each time."""
        if self.fd is not None:
            os.close(self.fd)
        self.fd = os.open(virsh("ttyconsole", domain), os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)

    def type_line(self, text):
        os.write(self.fd, text.encode() + b"\n")

    def find(self, pattern):
        return [found for text in self.told if (found := re.fullmatch(pattern, text))]

    def await_line(self, pattern, seconds, what):
        deadline = time.monotonic() + seconds
        beat = time.monotonic() + HEARTBEAT
        while not (found := self.find(pattern)):
            if failed := self.find("failed: (.*)"):
                raise Failure(f"the guest says: {failed[0][1]}")
            now = time.monotonic()
            if now > deadline:
                raise Failure(f"the guest: {what}: not within {seconds} s")
            if now > beat:
                beat += HEARTBEAT
                self.report.say(f"... waiting for the guest: {what}")
            if select.select([self.fd], [], [], 1)[0]:
                self.hear(os.read(self.fd, 65536))
        return found[-1]

    def hear(self, data):
        self.log.write(data)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            text = line.decode("latin-1").rstrip("\r")
            if text.startswith("guest: "):
                self.told.append(text.removeprefix("guest: "))

    def ask(self, verb, answer):
        """Has the guest answer by a line with a number of its own."""
        self.asked += 1
        self.type_line(f"{verb} {self.asked}")
        return self.await_line(rf"{answer} {self.asked}(|: picture (\d+) interrupts (\d+))",
                               STEP_LIMIT, f"the answer to {verb}")


class Run:
    """One domain from its definition to its end."""

    devices = ("mdpy", "mbochs", "mtty", "plugged")
    guest = "guest"

    def __init__(self, options):
        self.options = options
        self.report = Report(options.start, True)
        self.console = Console(f"{options.out}/libvirt-console.log", self.report)
        self.nodes = {}         # names of node devices, by the names of their files
        self.uuids = {}
        self.domain = ElementTree.parse(self.file(self.guest)).findtext("name")
        self.events = None      # virsh has to be able to connect first

    def file(self, name):
        return f"{self.options.xml}/{name}.xml"

    # Devices

    def find_parents(self):
        """libvirt sees a parent a moment after it was made."""
        check = self.report.check
        parents = {}

        def ask():
            for name in virsh("nodedev-list", "--cap", "mdev_types").split():
                device = ElementTree.fromstring(virsh("nodedev-dumpxml", name))
                parents[device.findtext("driver/name")] = {
                    mdev.get("id") for mdev in device.iter("type")}
            return len(parents) >= len(self.options.parents)
        wait(ask, LIMIT, "libvirt finds the parents")
        for name in self.options.parents:
            folder = f"/sys/class/mdev_bus/{self.parent_of(name)}/mdev_supported_types"
            check(parents.get(name) == set(os.listdir(folder)),
                  f"virsh nodedev-list shows {name} with all its types", str(parents.get(name)))

    @staticmethod
    def parent_of(driver):
        return next(name for name in os.listdir(f"/sys/bus/pci/drivers/{driver}") if ":" in name)

    def define_devices(self):
        check = self.report.check
        for name in self.devices:
            said = virsh("nodedev-define", self.file(f"node-{name}"))
            self.nodes[name] = re.search(r"mdev_\w+", said)[0]
            self.uuids[name] = ElementTree.parse(self.file(f"node-{name}")).findtext(".//uuid")
        listed = virsh("nodedev-list", "--cap", "mdev", "--inactive").split()
        check(sorted(listed) == sorted(self.nodes.values()),
              "virsh nodedev-define defines devices that are not there yet", str(listed))
        for name, node in self.nodes.items():
            virsh("nodedev-start", node)
            check(os.path.isdir(f"{MDEVS}/{self.uuids[name]}"),
                  f"virsh nodedev-start makes the device of node-{name}.xml")
        for name in self.nodes:
            tree = ElementTree.parse(self.file(f"node-{name}"))
            for attribute in tree.iter("attr"):
                value = read(f"{MDEVS}/{self.uuids[name]}/{attribute.get('name')}")
                check(value == attribute.get("value"),
                      f"{name}: {attribute.get('name')} is what node-{name}.xml says", value)

    def set_autostart(self):
        """Whether that happens is seen by ci/libvirt --packages, which boots again."""
        check = self.report.check
        virsh("nodedev-autostart", self.nodes["mtty"])
        info = dict(line.split(None, 1) for line in
                    virsh("nodedev-info", self.nodes["mtty"]).splitlines())
        check((info["Active:"], info["Persistent:"], info["Autostart:"]) == ("yes",) * 3,
              "virsh nodedev-info says that it is to be made at each boot", str(info))

    def remove_devices(self):
        check = self.report.check
        for name, node in self.nodes.items():
            virsh("nodedev-destroy", node)
            check(not os.path.exists(f"{MDEVS}/{self.uuids[name]}"),
                  f"virsh nodedev-destroy removes the device of node-{name}.xml")
            virsh("nodedev-undefine", node)
        with contextlib.suppress(Failure):
            wait(lambda: not virsh("nodedev-list", "--cap", "mdev", "--all"), LIMIT,
                 "an empty list")
        left = virsh("nodedev-list", "--cap", "mdev", "--all")
        check(not left, "virsh nodedev-undefine forgets them", left)

    # A guest

    def take_kernel(self):
        """To where guest.xml has it."""
        for name in ("vmlinux", "initramfs"):
            subprocess.run(["cp", f"{self.options.kernel}/{name}", "/var/lib/libvirt/images/"],
                           check=True)

    def start(self):
        self.take_kernel()
        virsh("define", "--validate", self.file(self.guest))
        self.report.say("virsh start: the guest boots")
        virsh("start", self.domain)
        self.look_at_confinement()
        self.console.open(self.domain)

    def look_at_confinement(self):
        label = re.search(r"^Security label: *(.*)$", virsh("dominfo", self.domain), re.M)
        self.report.check(label and label[1].endswith("(enforcing)"),
                          "AppArmor confines QEMU", label and label[1])

    def look_at_vnc(self, name, size, address):
        """The size of the display that a VNC client is told at an address of vncdisplay."""
        host, port = address.split(":")
        with socket.create_connection((host, 5900 + int(port)), LIMIT) as sock:
            stream = sock.makefile("rwb")
            # RFC 6143, 7.1 to 7.3: versions, no security, a shared display
            for wanted, answer in ((12, b"RFB 003.008\n"), (2, b"\1"), (4, b"\1")):
                stream.read(wanted)
                stream.write(answer)
                stream.flush()
            seen = struct.unpack(">HH", stream.read(4))
        self.report.check(seen == size, f"VNC offers a display of the size of {name}", f"{seen}")

    def screenshot(self, path):
        virsh("screenshot", self.domain, path)
        with open(path, "rb") as file:
            return file.read()

    def screendump(self, alias, path):
        """virsh screenshot knows no display but the first one."""
        private = f"/var/lib/libvirt/qemu/{alias}.png"
        virsh("qemu-monitor-command", self.domain, "--pretty",
              '{"execute": "screendump", "arguments": {"device": "%s", "format": "png", '
              '"filename": "%s"}}' % (alias, private))
        shutil.move(private, path)

    def look_at_card(self, name, take, how):
        """The guest has drawn the test card, and the display shows it, pixel by pixel."""
        driver, size = self.console.find(
            rf"picture {name} on \S+ of \S+ driver (\S+): (\d+x\d+) .*")[0].groups()
        path = f"{self.options.out}/libvirt-{name}.png"
        said = ""

        def equal():
            nonlocal said
            take(path)
            result = subprocess.run(
                [self.options.card, "compare", path, *size.split("x"), name, driver,
                 path.replace(".png", "-diff.png")],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            said = result.stdout.decode().strip().replace("\n", ", ")
            return not result.returncode
        # The guest's kernel may take a moment to bring its picture here.
        try:
            wait(equal, STEP_LIMIT // 5, "the picture")
        except Failure:
            pass
        self.report.check(equal(), f"{name}: {how} shows the test card of {size} that the "
                          f"guest's {driver} has drawn", said)

    def look_at_guest(self):
        console = self.console
        console.await_line("kernel .*", BOOT_LIMIT, "its kernel boots")
        self.look_at_vnc("mdpy", (1024, 768), virsh("vncdisplay", self.domain))
        for name in ("mdpy", "mbochs"):
            console.await_line(f"picture {name} .*", BOOT_LIMIT, f"it draws on {name}")
        self.look_at_card("mdpy", self.screenshot, "virsh screenshot")
        self.look_at_card("mbochs", lambda path: self.screendump("ua-mbochs", path),
                          "screendump of QEMU")
        console.type_line("go")
        console.await_line("works", BOOT_LIMIT, "it uses the devices")
        self.look_at_work("after its start")

    def look_at_work(self, when):
        """The guest draws, sends and is interrupted."""
        first = self.console.ask("tell", "tells")
        last = self.console.ask("tell", "tells")
        for _ in range(20):
            if int(last[3]) > int(first[3]):
                break
            last = self.console.ask("tell", "tells")
        self.report.check(int(last[2]) > int(first[2]) and int(last[3]) > int(first[3]),
                          f"the guest draws, and its ports work by interrupts, {when}",
                          f"{first[0]}, then {last[0]}")

    # Hot-plug

    def guest_devices(self):
        """The guest's PCI devices: addresses, with ids and driver."""
        console = self.console
        console.told = [text for text in console.told if not text.startswith("pci ")]
        console.ask("list", "lists")
        return {found[1]: (found[2], found[3]) for found in
                console.find(r"pci (\S+) (\S+) class \S+ driver (.*)")}

    def plug(self, name, ident, driver):
        """Plugs in the device of a file, of which the guest says that it is there."""
        before = self.guest_devices()
        virsh("attach-device", self.domain, self.file(name), "--live")
        wanted = [(ident, driver)]

        def ask():
            now = self.guest_devices()
            return [now[address] for address in now if address not in before]
        try:
            wait(lambda: ask() == wanted, STEP_LIMIT, "a device")
        except Failure:
            pass
        found = ask()
        self.report.check(found == wanted, f"virsh attach-device {name}.xml: the guest drives "
                          f"{ident} with {driver}", str(found))
        return before

    def unplug(self, name, before):
        alias = ElementTree.parse(self.file(name)).find("alias").get("name")
        virsh("detach-device", self.domain, self.file(name), "--live")
        check = self.report.check
        check(self.events.await_removed(alias),
              f"virsh detach-device {name}.xml: libvirt has the event that it is gone")
        now = self.guest_devices()
        check(now == before, f"virsh detach-device {name}.xml: the guest has it no more", str(now))

    def plug_mtty(self):
        before = self.plug("mtty", "4348:3253", "serial")
        # QEMU's default is that a device that cannot say what it writes to is not migrated.
        status, text = try_virsh("save", self.domain, "/var/lib/libvirt/images/refused.save")
        self.report.check(status and "dirty tracking" in text,
                          "virsh save is refused while a device without enable-migration=on "
                          "is there", text)
        self.unplug("mtty", before)

    def plug_function(self):
        """A function that a driver of the host has, before and after the guest."""
        check = self.report.check
        address = ElementTree.parse(self.file("function")).find("source/address")
        where = "{:04x}:{:02x}:{:02x}.{:x}".format(
            *(int(address.get(part), 16) for part in ("domain", "bus", "slot", "function")))
        device = f"/sys/bus/pci/devices/{where}"

        def driver():
            try:
                return os.path.basename(os.readlink(f"{device}/driver"))
            except FileNotFoundError:
                return "none"
        check(driver() == FUNCTION[1], f"the host drives the function with {FUNCTION[1]}", driver())
        before = self.plug("function", *FUNCTION)
        check(driver() == "vfio-pci", "managed='yes': libvirt binds it to vfio-pci", driver())
        self.unplug("function", before)
        wait(lambda: driver() == FUNCTION[1], LIMIT, f"{FUNCTION[1]} has the function again")
        check(True, f"managed='yes': the host drives it with {FUNCTION[1]} again")

    # Save and restore

    def rest(self):
        self.console.ask("rest", "rests")
        return self.screenshot(f"{self.options.out}/libvirt-rest.png")

    def look_restored(self, picture, how):
        check = self.report.check
        self.console.open(self.domain)
        again = self.screenshot(f"{self.options.out}/libvirt-restored.png")
        check(again == picture, f"{how}: mdpy shows the picture that it showed before")
        self.console.type_line("work")
        self.look_at_work(f"after {how}")

    def is_off(self):
        return virsh("domstate", self.domain) == "shut off"

    def take_time(self):
        """Lets QEMU save devices however slow the file is; see libvirt.rst."""
        virsh("migrate-setmaxdowntime", self.domain, DOWNTIME)

    def save(self):
        check = self.report.check
        path = "/var/lib/libvirt/images/guest.save"
        picture = self.rest()
        self.take_time()
        virsh("save", self.domain, path)
        check(self.is_off(), "virsh save stops the guest")
        virsh("restore", path)
        os.remove(path)
        self.look_restored(picture, "virsh restore")
        picture = self.rest()
        self.take_time()
        virsh("managedsave", self.domain)
        check(self.is_off(), "virsh managedsave stops the guest")
        virsh("start", self.domain)
        self.look_restored(picture, "virsh managedsave and start")

    def finish(self):
        console = self.console
        console.type_line("go")
        console.await_line("ready", STEP_LIMIT, "it is done")
        complaints = [found[1] for found in console.find("kernel complaint (.*)")]
        self.report.check(not complaints, "the guest's kernel complains about nothing",
                          "; ".join(complaints))
        console.type_line("go")
        wait(self.is_off, STEP_LIMIT, "the guest ends")

    def show_logs(self):
        for path in (f"/var/log/libvirt/qemu/{self.domain}.log", self.console.log.name):
            show_tail(path)

    def play(self):
        self.find_parents()
        self.define_devices()
        self.set_autostart()
        self.events = Events()
        self.start()
        self.look_at_guest()
        self.plug_mtty()
        self.plug_function()
        self.save()
        self.finish()
        virsh("undefine", self.domain)
        self.remove_devices()

    def main(self):
        try:
            self.play()
        # Of libvirt's, of GLib's, of other files' as well: each has to be counted.
        except (Exception, KeyboardInterrupt) as failure: # pylint: disable=broad-except
            self.report.check(False, f"the test of libvirt comes to its end: {failure!r}")
            self.show_logs()
            # The function and the modules are removed next, and wait for users.
            try_virsh("destroy", self.domain)
            for node in self.nodes.values():
                try_virsh("nodedev-destroy", node)
        return 1 if self.report.failures else 0


def parse_options(about):
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--xml", required=True, help="folder with the files of the documentation")
    parser.add_argument("--kernel", required=True, help="folder with vmlinux and initramfs")
    parser.add_argument("--card", required=True, help="the program that compares pictures")
    parser.add_argument("--out", required=True, help="folder for pictures and logs")
    parser.add_argument("--parents", required=True, type=lambda text: text.split(","),
                        help="drivers that were loaded with parent=pci")
    parser.add_argument("--start", type=float, default=time.time(),
                        help="when the clock began to count, in seconds since 1970")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(Run(parse_options(__doc__)).main())
