#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""QEMU as the documentation calls it, with "..." for what a reader has there.

As qemu-system-x86_64: starts the real one, with a small machine without a disk in the place
of "...", sees that it has the devices, and ends it; or leaves it running where a reader
would go on with it: with -monitor stdio, -incoming, or STAY in the environment.

qemu.py monitor COMMAND    what a reader types at the monitor of the last one left running
qemu.py migration          awaits the end of its migration, and prints completed or failed
qemu.py quit               ends all that were left running
"""

import json
import os
import pathlib
import re
import selectors
import socket
import subprocess
import sys

QEMU = "/usr/bin/qemu-system-x86_64"
FOLDER = pathlib.Path(os.environ.get("DOCS_SCRATCH", "/tmp")) / "qemu"
MACHINE = ["-accel", "tcg", "-m", "64", "-nodefaults", "-no-user-config", "-vga", "none"]
LIMIT = 300


class Gone(Exception):
    """QEMU has closed its monitor."""


class Monitor:
    """QMP over a socket."""

    def __init__(self, connection):
        connection.settimeout(LIMIT)
        self.lines = connection.makefile("rw")
        self.read()
        self.command("qmp_capabilities")

    def read(self):
        try:
            line = self.lines.readline()
        except ConnectionError:
            line = ""
        if not line:
            raise Gone
        return json.loads(line)

    def command(self, name, **arguments):
        self.lines.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.lines.flush()
        while "event" in (reply := self.read()):
            pass
        if "error" in reply:
            sys.exit(f"QEMU, asked for {name}: {reply['error']['desc']}")
        return reply["return"]


def reconnect(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    return Monitor(connection)


def last():
    """The one whose monitor the reader has."""
    paths = [path for path in FOLDER.glob("*.monitor")]
    if not paths:
        sys.exit("no QEMU with a monitor is running")
    return reconnect(max(paths, key=lambda path: path.stat().st_mtime_ns))


def ids_of(option):
    """The PCI ids that a -device vfio-pci,... has to have, as query-pci has them."""
    given = dict(part.split("=", 1) for part in option.split(",") if "=" in part)
    if "host" in given:
        folder = pathlib.Path("/sys/bus/pci/devices") / given["host"]
        return tuple(int((folder / name).read_text(), 16) for name in ("vendor", "device"))
    kind = (pathlib.Path(given["sysfsdev"]) / "mdev_type").resolve().name.rsplit("-", 1)[0]
    return {"mdpy": (0x1b36, 0x000f), "mbochs": (0x1234, 0x1111), "mtty": (0x4348, 0x3253),
            "mioat": (0x8086, 0x2021), "softpci-example": (0x1b36, 0x0005)}[kind]


def options_of(words):
    """The words of the documentation as they can be run here."""
    options = []
    for word in words:
        options += MACHINE if word == "..." else [word]
    # There is no screen here: D-Bus has displays with and without OpenGL, too.
    options = [re.sub("^gtk", "dbus,p2p=yes", word) for word in options]
    if "-display" not in options:
        options += ["-display", "none"]
    if "-monitor" in options:
        at = options.index("-monitor")
        del options[at:at + 2]
    return options


def greeting(process, listener):
    """QEMU's monitor, or None if it ends. It greets before it makes the devices."""
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(os.pidfd_open(process.pid), selectors.EVENT_READ)
        selector.select(LIMIT)
    listener.settimeout(1)
    try:
        return Monitor(listener.accept()[0])
    except (Gone, TimeoutError):
        return None


def start(words):
    FOLDER.mkdir(parents=True, exist_ok=True)
    stays = "-incoming" in words or "-monitor" in words or "STAY" in os.environ
    name = FOLDER / str(os.getpid())
    options = options_of(words)
    wanted = [ids_of(option) for option in options if option.startswith("vfio-pci,")]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{name}.start")
        listener.listen()
        # The second one is for later.
        monitor = f"{name}.{'target' if '-incoming' in words else 'monitor'}"
        options += ["-qmp", f"unix:{name}.start", "-qmp", f"unix:{monitor},server=on,wait=off"]
        if not stays:
            options.append("-S")
        with open(f"{name}.log", "w", encoding="utf-8") as log:
            process = subprocess.Popen([QEMU] + options, stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log)
        qmp = greeting(process, listener)
    if not qmp:
        process.wait(LIMIT)
    log = pathlib.Path(f"{name}.log").read_text(encoding="utf-8")
    if not qmp:
        pathlib.Path(monitor).unlink(missing_ok=True)
        sys.exit(f"QEMU ended with status {process.returncode}: {log}")
    found = [(device["id"]["vendor"], device["id"]["device"])
             for bus in qmp.command("query-pci") for device in bus["devices"]]
    for ids in wanted:
        if ids not in found:
            qmp.command("quit")
            sys.exit("QEMU has no device {:04x}:{:04x}".format(*ids))
        found.remove(ids)
    print(f"QEMU has the devices {wanted}. {log}")
    if stays:
        if "-incoming" not in words:
            qmp.command("migrate-set-capabilities",
                        capabilities=[{"capability": "events", "state": True}])
        pathlib.Path(f"{name}.pid").write_text(str(process.pid), encoding="utf-8")
        return 0
    qmp.command("quit")
    return process.wait(LIMIT)


def migration():
    qmp = last()
    status = qmp.command("query-migrate").get("status")
    while status not in ("completed", "failed"):
        event = qmp.read()
        if event.get("event") == "MIGRATION":
            status = event["data"]["status"]
    print(status)


def end_all():
    """Ends them, and waits until they have let go of the devices."""
    for path in FOLDER.glob("*.pid"):
        pid = int(path.read_text(encoding="utf-8"))
        path.unlink()
        for monitor in FOLDER.glob(f"{path.stem}.[mt]*"):
            monitor.unlink()
        try:
            end = os.pidfd_open(pid)
            os.kill(pid, 15)
        except ProcessLookupError:
            continue
        with selectors.DefaultSelector() as selector:
            selector.register(end, selectors.EVENT_READ)
            if not selector.select(LIMIT):
                sys.exit(f"QEMU {pid} does not end")


def main():
    program, *words = sys.argv
    if pathlib.Path(program).name != "qemu.py":
        return start(words)
    if words[:1] == ["monitor"] and len(words) == 2:
        print(last().command("human-monitor-command", **{"command-line": words[1]}))
    elif words == ["migration"]:
        migration()
    elif words == ["quit"]:
        end_all()
    else:
        sys.exit(__doc__)
    return 0


try:
    sys.exit(main())
except (Gone, OSError) as error:
    sys.exit(f"no answer from QEMU: {error or error.__doc__}")
