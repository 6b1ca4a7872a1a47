# SPDX-License-Identifier: GPL-2.0-only
"""QEMUs between which a guest with our devices is moved."""

import os

from display import Display, Picture
from guest import PLAIN, STEP_LIMIT, device_options, find_bar, qemu_command
from machine import Failure, Machine, wait

SLOTS = {"mdpy": "03.0", "mbochs": "04.0", "mtty": "05.0", "mioat": "06.0"}
MEMORY = 128
SOCKET = "/tmp/migration.sock"
ENDS = ("completed", "failed", "cancelled")
# Those that are used here
CAPABILITIES = ("events", "return-path", "multifd", "switchover-ack")
# The guest goes on for as long as its migration is held: slow, and until less than a
# byte is left, which a guest at work never reaches. With a limit of 0 QEMU would end it
# after the first pass, and not look at what has changed since.
HELD = {"downtime-limit": 1, "avail-switchover-bandwidth": 1000, "max-bandwidth": 1 << 20}
# A downtime that an emulated machine can keep to, and a bandwidth so that QEMU need
# not measure one.
RELEASED = {"downtime-limit": 30000, "avail-switchover-bandwidth": 1 << 30, "max-bandwidth": 0}


class Place(Machine):
    """A QEMU whose devices are mdevs of ours, by name; 'boot' starts a guest in it.

    A place without a guest waits for one to arrive, which does not run at once.
    """

    def __init__(self, options, name, devices, hear, *, boot=None, machine=PLAIN, display="none",
                 memory=MEMORY):
        self.name = name
        self.devices = devices
        self.seen = 0       # of the events, by await_end()
        self.display = None
        shows = display.startswith("dbus")
        command = qemu_command(display, memory)
        command += boot or machine[0] + ["-S", "-incoming", "defer"]
        for kind, uuid in devices.items():
            more = options.device
            if kind == "mdpy":
                more += ",display=on"
            if kind == "mbochs" and shows:
                more += ",display=on"
            command += device_options(kind, uuid, SLOTS[kind], more)
        super().__init__(command, os.path.join(options.out, f"migrate-{name}-qemu.log"),
                         os.path.join(options.out, f"migrate-{name}-console.log"), hear)
        if shows:
            self.display = Display(self, f"pci/0000/{SLOTS['mbochs']}")

    def set_up(self, capabilities, parameters):
        """Says how to migrate from or to this place."""
        command = self.monitor.command
        command("migrate-set-capabilities", capabilities=[
            {"capability": name, "state": name in capabilities} for name in CAPABILITIES])
        for kind in self.devices:
            command("qom-set", path=f"/machine/peripheral/{kind}",
                    property="x-migration-multifd-transfer",
                    value="on" if "multifd" in capabilities else "auto")
        command("migrate-set-parameters", **HELD | parameters)

    def release(self):
        """Lets a migration from here come to its end."""
        self.monitor.command("migrate-set-parameters", **RELEASED)

    def await_end(self):
        """Waits for the end of a migration, of which each is seen once."""
        def ended():
            for event in self.monitor.events[self.seen:]:
                self.seen += 1
                if event["event"] == "MIGRATION" and event["data"]["status"] in ENDS:
                    return event["data"]["status"]
            return None
        return self.wait(ended, STEP_LIMIT, f"{self.name}: the end of a migration")

    def error(self):
        """How QEMU tells of a migration that failed, here and in its log."""
        text = self.monitor.command("query-migrate").get("error-desc", "")
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.readline()      # its command line
            return text, log.read()

    def is_running(self):
        return self.monitor.command("query-status")["running"]

    def video_memory(self, kind, size):
        """The first bytes of BAR0, as the guest's processor sees them."""
        path = f"/tmp/{self.name}-{kind}.raw"
        self.monitor.command("pmemsave", val=find_bar(self.monitor, SLOTS[kind])["address"],
                             size=size, filename=path)
        with open(path, "rb") as file:
            data = file.read()
        os.remove(path)
        return data

    def take_mdpy(self):
        """What the display of mdpy shows: red, green and blue of each pixel."""
        path = f"/tmp/{self.name}.ppm"
        self.monitor.command("screendump", filename=path, device="mdpy")
        with open(path, "rb") as file:
            data = file.read()
        os.remove(path)
        _magic, width, height, _depth, pixels = data.split(maxsplit=4)
        # The first pixel may look like white space, which is skipped.
        size = int(width) * int(height) * 3
        return Picture(int(width), int(height), "RGB", data[-size:], "screendump")

    def take_mbochs(self, width, height):
        """What the display of mbochs shows, or what is in its memory if it has none."""
        if self.display:
            return self.display.picture()
        return Picture(width, height, "XR24", self.video_memory("mbochs", width * height * 4),
                       "BAR0")


def begin(source, target, uri, capabilities=(), parameters=None):
    """Begins a migration and holds it. A file is read by the target when it is complete."""
    # By the return path the source hears that the target has succeeded.
    always = ("events",) if uri.startswith("file:") else ("events", "return-path")
    for place in (source, target):
        place.set_up(always + capabilities, parameters or {})
    if not uri.startswith("file:"):
        arrive(target, uri)
    source.monitor.command("migrate", uri=uri)


def arrive(target, uri):
    """Awaits a guest; the QEMU stays if that fails, so that it can be asked why."""
    target.monitor.command("migrate-incoming", uri=uri, **{"exit-on-error": False})


def end(*places):
    """Ends QEMUs, returns those that did not end well."""
    bad = []
    for place in places:
        place.process.terminate()
    for place in places:
        try:
            wait(lambda place=place: place.process.poll() is not None, 60, "the end of QEMU")
        except Failure:
            pass
        if place.process.returncode != 0:
            bad.append(f"{place.name}: status {place.process.returncode}")
        place.stop()
    return bad
