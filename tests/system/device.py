#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: device.py hold UUID
          device.py cable UUID UUID

Opens mediated devices by their groups, as QEMU does.

hold says "open"; for each line that comes after that it resets the device, reads its ids
and prints them, VENDOR:DEVICE. At the end of its input it closes the device.
cable sends a text from the first port of the first mtty to that of the second, and back;
it fails if the text does not arrive.
"""
import fcntl
import os
import struct
import sys
import time

SET_IOMMU, SET_CONTAINER, GET_DEVICE_FD = 0x3b66, 0x3b68, 0x3b6a
GET_REGION_INFO, RESET = 0x3b6c, 0x3b6f
TYPE1_IOMMU, CONFIG_REGION = 1, 7
# of a UART
DATA, LINE_CONTROL, LINE_STATUS = 0, 3, 5
EIGHT_BITS, DATA_READY = 3, 1


class Device:
    def __init__(self, uuid):
        path = os.readlink(f"/sys/bus/mdev/devices/{uuid}/iommu_group")
        self.group = os.open(f"/dev/vfio/{os.path.basename(path)}", os.O_RDWR)
        self.container = os.open("/dev/vfio/vfio", os.O_RDWR)
        fcntl.ioctl(self.group, SET_CONTAINER, struct.pack("i", self.container))
        fcntl.ioctl(self.container, SET_IOMMU, TYPE1_IOMMU)
        self.file = fcntl.ioctl(self.group, GET_DEVICE_FD, bytearray(uuid.encode() + b"\0"))

    def offset(self, region):
        info = bytearray(struct.pack("IIIIQQ", 32, 0, region, 0, 0, 0))
        fcntl.ioctl(self.file, GET_REGION_INFO, info)
        return struct.unpack("IIIIQQ", info)[5]

    def ids(self):
        return "%04x:%04x" % struct.unpack(
            "<HH", os.pread(self.file, 4, self.offset(CONFIG_REGION)))

    def set_line(self):
        os.pwrite(self.file, bytes([EIGHT_BITS]), self.offset(0) + LINE_CONTROL)

    def send(self, byte):
        os.pwrite(self.file, bytes([byte]), self.offset(0) + DATA)

    def receive(self):
        end = time.monotonic() + 60
        while not os.pread(self.file, 1, self.offset(0) + LINE_STATUS)[0] & DATA_READY:
            if time.monotonic() > end:
                sys.exit("nothing comes over the cable")
        return os.pread(self.file, 1, self.offset(0) + DATA)[0]


def hold(uuid):
    device = Device(uuid)
    print("open", flush=True)
    for _ in sys.stdin:
        fcntl.ioctl(device.file, RESET)
        print(device.ids(), flush=True)


def cable(*uuids):
    ends = [Device(uuid) for uuid in uuids]
    for end in ends:
        end.set_line()
    for sender, receiver in ends, reversed(ends):
        for byte in b"cable":
            sender.send(byte)
            got = receiver.receive()
            if got != byte:
                sys.exit(f"{got:#x} comes in place of {byte:#x}")


def main():
    match sys.argv[1:]:
        case ["hold", uuid]:
            hold(uuid)
        case ["cable", one, other]:
            cable(one, other)
        case _:
            sys.exit("usage: device.py hold UUID, or device.py cable UUID UUID")


main()
