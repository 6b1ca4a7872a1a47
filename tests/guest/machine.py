# SPDX-License-Identifier: GPL-2.0-only
"""A QEMU with a guest in it: its monitor, its console, and waiting for them.

Everything that may happen goes through one GLib main loop, because QEMU calls
us (see display.py) while we wait for something else.
"""

import json
import os
import re
import socket
import subprocess
import time

from gi.repository import GLib


# The bits of RFLAGS that mean something, and bit 1, which is always set; all
# others are always clear (Intel SDM, volume 1, 3.4.3).
RFLAGS = 0x3f7fd7
# QEMU greets when it has made all devices, and its display.
START_LIMIT = 300


class Failure(Exception):
    """Something that a person is told in one line."""


class EmulatorFault(Exception):
    """The emulated processor is in a state that no processor can be in.

    Nothing that the guest does from then on says anything about the devices.
    """


def wait(condition, seconds, what):
    """Handles events until condition() is true, and returns its value."""
    deadline = time.monotonic() + seconds
    # Wakes the loop for what comes without an event, such as the end of time.
    ticker = GLib.timeout_add(100, lambda: True)
    context = GLib.MainContext.default()
    try:
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise Failure(f"{what}: not within {seconds} s")
            # QEMU wants its answers in a second, a condition may take longer.
            context.iteration(True)
            while context.iteration(False):
                pass
        return value
    finally:
        GLib.source_remove(ticker)


class LineReader:
    """Hands each line that comes over a file descriptor to a function."""

    def __init__(self, fd, handle):
        self.rest = b""
        self.handle = handle
        os.set_blocking(fd, False)
        GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, fd,
                              GLib.IOCondition.IN | GLib.IOCondition.HUP,
                              self.read)

    def read(self, fd, _condition):
        try:
            data = os.read(fd, 65536)
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.handle(line)
        return bool(data)


class Monitor:
    """QMP, the language in which QEMU takes commands."""

    def __init__(self, machine, sock):
        self.machine = machine
        self.socket = sock
        self.replies = {}
        self.serial = 0
        self.greeted = False
        self.events = []        # all that came, the oldest first
        LineReader(sock.fileno(), self.handle)
        machine.wait(lambda: self.greeted, START_LIMIT, "the monitor of QEMU")
        self.command("qmp_capabilities")

    def handle(self, line):
        message = json.loads(line)
        self.greeted |= "QMP" in message
        if "event" in message:
            self.events.append(message)
            self.machine.shut_down |= message["event"] == "SHUTDOWN"
        if "id" in message:
            self.replies[message["id"]] = message

    def command(self, name, fd=None, **arguments):
        """Runs a command, takes a file descriptor along, returns the answer."""
        self.serial += 1
        text = json.dumps({"execute": name, "arguments": arguments, "id": self.serial})
        socket.send_fds(self.socket, [text.encode()], [] if fd is None else [fd])
        reply = self.machine.wait(lambda: self.replies.pop(self.serial, None), 60,
                                  f"the answer of QEMU to {name}")
        if "error" in reply:
            raise Failure(f"QEMU, asked for {name}: {reply['error']['desc']}")
        return reply["return"]


class Machine:
    """A running QEMU. Its console goes to a log and to a function, by lines.

    It stays when its guest ends itself, so that it can be asked about that.
    """

    def __init__(self, command, log, console_log, handle_line):
        self.log = log
        self.shut_down = False  # has the guest ended itself?
        self.handle_line = handle_line
        self.console_log = open(console_log, "wb", buffering=0)
        ours, theirs = socket.socketpair()
        command = command + [
            "-action", "reboot=shutdown,shutdown=pause",
            "-chardev", f"socket,id=monitor,fd={theirs.fileno()}",
            "-mon", "chardev=monitor,mode=control",
            "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"]
        with open(log, "wb") as messages, theirs:
            messages.write(" ".join(command).encode() + b"\n")
            messages.flush()
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=messages, pass_fds=[theirs.fileno()])
        self.console = LineReader(self.process.stdout.fileno(), self.console_line)
        try:
            self.monitor = Monitor(self, ours)
        except Failure:
            # Nothing else knows of it, and it has the devices open.
            self.stop()
            raise

    def console_line(self, line):
        if self.console_log.closed:     # QEMU was stopped while it talked
            return
        self.console_log.write(line + b"\n")
        self.handle_line(line.rstrip(b"\r"))

    def wait(self, condition, seconds, what):
        """As wait(), but knows that a QEMU that is gone does nothing any more."""
        def alive_and_true():
            value = condition()
            if not value and self.process.poll() is not None:
                raise Failure(f"{what}: QEMU ended with status {self.process.returncode}")
            return value
        return wait(alive_and_true, seconds, what)

    def type_line(self, text):
        """Types a line on the guest's console."""
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def look_at_processor(self):
        """Raises EmulatorFault if the processor is broken."""
        command = self.monitor.command
        # What a processor that runs has in its flags is not known to QEMU either.
        command("stop")
        text = command("human-monitor-command", **{"command-line": "info registers"})
        if not self.shut_down:
            command("cont")
        flags = int(re.search(r"\bRFL=([0-9a-f]+)", text)[1], 16)
        if flags & ~RFLAGS:
            raise EmulatorFault(f"the processor that QEMU emulates has RFLAGS {flags:#010x}, "
                                "with bits that no processor has")

    def wait_for_end(self, seconds):
        """Waits for the guest to end itself, ends QEMU, returns its exit status."""
        self.wait(lambda: self.shut_down, seconds, "the guest ends")
        # Not by its monitor: it might be gone before it answers.
        self.process.terminate()
        wait(lambda: self.process.poll() is not None, seconds, "the end of QEMU")
        return self.process.returncode

    def stop(self):
        """Ends QEMU however it is."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.console_log.close()
