# SPDX-License-Identifier: GPL-2.0-only
"""A D-Bus client of QEMU that looks at one display.

QEMU hands us each new picture of the display: a dma-buf display's own buffer
as a file descriptor that we map, an ordinary one's pixels as bytes.
"""

import fcntl
import mmap
import os
import socket
import struct
from dataclasses import dataclass

import gi
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from machine import Failure  # noqa: E402

PATH = "/org/qemu/Display1"
CONSOLE = "org.qemu.Display1.Console"
LISTENER_PATH = "/org/qemu/Display1/Listener"
LISTENER = """
<node>
  <interface name="org.qemu.Display1.Listener">
    <method name="Scanout">
      <arg type="u" name="width" direction="in"/>
      <arg type="u" name="height" direction="in"/>
      <arg type="u" name="stride" direction="in"/>
      <arg type="u" name="pixman_format" direction="in"/>
      <arg type="ay" name="data" direction="in"/>
    </method>
    <method name="Update">
      <arg type="i" name="x" direction="in"/>
      <arg type="i" name="y" direction="in"/>
      <arg type="i" name="width" direction="in"/>
      <arg type="i" name="height" direction="in"/>
      <arg type="u" name="stride" direction="in"/>
      <arg type="u" name="pixman_format" direction="in"/>
      <arg type="ay" name="data" direction="in"/>
    </method>
    <method name="ScanoutDMABUF">
      <arg type="h" name="dmabuf" direction="in"/>
      <arg type="u" name="width" direction="in"/>
      <arg type="u" name="height" direction="in"/>
      <arg type="u" name="stride" direction="in"/>
      <arg type="u" name="fourcc" direction="in"/>
      <arg type="t" name="modifier" direction="in"/>
      <arg type="b" name="y0_top" direction="in"/>
    </method>
    <method name="UpdateDMABUF">
      <arg type="i" name="x" direction="in"/>
      <arg type="i" name="y" direction="in"/>
      <arg type="i" name="width" direction="in"/>
      <arg type="i" name="height" direction="in"/>
    </method>
    <method name="Disable"/>
    <method name="MouseSet">
      <arg type="i" name="x" direction="in"/>
      <arg type="i" name="y" direction="in"/>
      <arg type="i" name="on" direction="in"/>
    </method>
    <method name="CursorDefine">
      <arg type="i" name="width" direction="in"/>
      <arg type="i" name="height" direction="in"/>
      <arg type="i" name="hot_x" direction="in"/>
      <arg type="i" name="hot_y" direction="in"/>
      <arg type="ay" name="data" direction="in"/>
    </method>
    <property name="Interfaces" type="as" access="read"/>
  </interface>
</node>
"""

PIXMAN_XRGB = (0x20020888, 0x20028888)  # x8r8g8b8, a8r8g8b8
PIXEL = 4

# linux/dma-buf.h
DMA_BUF_IOCTL_SYNC = 0x40086200
DMA_BUF_SYNC_READ = 1
DMA_BUF_SYNC_END = 4


@dataclass
class Picture:
    """Lines of 32-bit pixels, without anything between the lines."""
    width: int
    height: int
    fourcc: str
    pixels: bytes
    source: str

    def is_blank(self):
        """Whether all pixels are the same."""
        return self.pixels == self.pixels[:PIXEL] * (self.width * self.height)


def cut_lines(data, width, height, stride):
    """Removes what lies between the lines of a picture."""
    if stride == width * PIXEL:
        return bytes(data[:stride * height])
    return b"".join(data[y * stride:y * stride + width * PIXEL] for y in range(height))


class Surface:
    """A picture that came over the bus and is updated over it."""

    def __init__(self, width, height, stride, pixman_format, data):
        if pixman_format not in PIXMAN_XRGB:
            raise Failure(f"the display shows an unknown format, pixman {pixman_format:#x}")
        self.width = width
        self.height = height
        self.pixels = bytearray(cut_lines(data, width, height, stride))

    def update(self, x, y, width, height, stride, _format, data):
        for line in range(height):
            at = ((y + line) * self.width + x) * PIXEL
            self.pixels[at:at + width * PIXEL] = \
                data[line * stride:line * stride + width * PIXEL]

    def picture(self):
        return Picture(self.width, self.height, "XR24", bytes(self.pixels),
                       "pixels over D-Bus")

    def close(self):
        pass


class Buffer:
    """A dma-buf."""

    def __init__(self, fd, width, height, stride, fourcc, modifier):
        self.fd = fd
        self.width = width
        self.height = height
        self.stride = stride
        self.fourcc = struct.pack("<I", fourcc).decode("ascii", "replace")
        if modifier:
            raise Failure(f"the display's buffer is not linear, modifier {modifier:#x}")

    def sync(self, flags):
        fcntl.ioctl(self.fd, DMA_BUF_IOCTL_SYNC, struct.pack("<Q", flags))

    def picture(self):
        """What is in the buffer at this moment."""
        # The last line need not be followed by what lies between lines.
        length = self.stride * (self.height - 1) + self.width * PIXEL
        with mmap.mmap(self.fd, length, mmap.MAP_SHARED, mmap.PROT_READ) as memory:
            self.sync(DMA_BUF_SYNC_READ)
            pixels = cut_lines(memory[:], self.width, self.height, self.stride)
            self.sync(DMA_BUF_SYNC_READ | DMA_BUF_SYNC_END)
        return Picture(self.width, self.height, self.fourcc, pixels, "dma-buf")

    def close(self):
        os.close(self.fd)


def fields(arguments):
    """The values in a message; arrays of bytes stay in one piece."""
    values = (arguments.get_child_value(i) for i in range(arguments.n_children()))
    return [value.get_data_as_bytes().get_data() if value.get_type_string() == "ay"
            else value.unpack() for value in values]


def connect(sock, flags):
    """A D-Bus connection over a socket, which it takes over."""
    stream = Gio.Socket.new_from_fd(sock.detach()).connection_factory_create_connection()
    return Gio.DBusConnection.new_sync(
        stream, None, flags | Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT, None, None)


class Display:
    """The display of one device of a Machine that has '-display dbus,p2p=yes'."""

    def __init__(self, machine, address):
        """'address' is how QEMU names the device, such as pci/0000/04.0."""
        self.machine = machine
        self.shown = None
        self.error = None
        ours, theirs = socket.socketpair()
        with theirs:
            machine.monitor.command("getfd", fd=theirs.fileno(), fdname="display")
        machine.monitor.command("add_client", protocol="@dbus-display", fdname="display")
        self.bus = connect(ours, Gio.DBusConnectionFlags.NONE)
        self.console = self.find_console(address)
        self.listen(self.console)

    def call(self, path, interface, method, arguments, fds=None):
        """Calls QEMU, and serves it meanwhile."""
        done = []
        self.bus.call_with_unix_fd_list(
            None, path, interface, method, arguments, None,
            Gio.DBusCallFlags.NONE, 60000, fds, None,
            lambda bus, result: done.append(result))
        self.machine.wait(lambda: done, 60, f"QEMU's answer to {method}")
        return self.bus.call_with_unix_fd_list_finish(done[0])[0]

    def properties(self, path, interface):
        def ask():
            try:
                return self.call(path, "org.freedesktop.DBus.Properties", "GetAll",
                                 GLib.Variant("(s)", (interface,)))
            except GLib.Error:
                return None     # the objects appear a moment after the connection
        return self.machine.wait(ask, 20, f"the D-Bus object {path}").unpack()[0]

    def find_console(self, address):
        seen = []
        for number in self.properties(f"{PATH}/VM", "org.qemu.Display1.VM")["ConsoleIDs"]:
            path = f"{PATH}/Console_{number}"
            seen.append(self.properties(path, CONSOLE).get("DeviceAddress", ""))
            if seen[-1] == address:
                return path
        raise Failure(f"QEMU has no display of the device {address}, only {seen}")

    def listen(self, console):
        ours, theirs = socket.socketpair()
        fds = Gio.UnixFDList.new()
        with theirs:
            fds.append(theirs.fileno())
        self.call(console, CONSOLE, "RegisterListener", GLib.Variant("(h)", (0,)), fds)
        # QEMU calls as soon as it can: do not listen before we can answer.
        self.listener = connect(ours, Gio.DBusConnectionFlags.DELAY_MESSAGE_PROCESSING)
        self.listener.register_object(
            LISTENER_PATH, Gio.DBusNodeInfo.new_for_xml(LISTENER).interfaces[0],
            self.handle, lambda *_: GLib.Variant("as", []), None)
        self.listener.start_message_processing()

    def close(self):
        """Does not listen any more."""
        for bus in (self.listener, self.bus):
            bus.close_sync(None)
        self.show(None)

    def set_size(self, width, height):
        """What a window tells the guest's monitor: the size that it has now."""
        self.call(self.console, CONSOLE, "SetUIInfo",
                  GLib.Variant("(qqiiuu)", (0, 0, 0, 0, width, height)))

    def handle(self, _bus, _sender, _path, _interface, method, arguments, invocation):
        try:
            self.take(method, arguments, invocation.get_message().get_unix_fd_list())
        except (Failure, OSError, GLib.Error) as error:
            self.error = error
        invocation.return_value(None)

    def take(self, method, arguments, fds):
        if method == "Scanout":
            self.show(Surface(*fields(arguments)))
        elif method == "Update" and self.shown:
            self.shown.update(*fields(arguments))
        elif method == "ScanoutDMABUF":
            index, *layout, _y0_top = fields(arguments)
            self.show(Buffer(fds.get(index), *layout))
        elif method == "Disable":
            self.show(None)

    def show(self, shown):
        if self.shown:
            self.shown.close()
        self.shown = shown

    def picture(self):
        """What the display shows now, or None."""
        if self.error:
            raise Failure(f"the display cannot be read: {self.error}")
        return self.shown.picture() if self.shown else None
