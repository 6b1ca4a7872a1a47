#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Unpacks the kernel that is packed in a bzImage, to standard output.

A processor that is emulated by an emulated processor takes half a minute to do
that; QEMU boots the unpacked kernel just as well (PVH).
"""

import struct
import subprocess
import sys

# see "The Linux/x86 Boot Protocol" in the kernel's documentation
SETUP_SECTORS = 0x1F1
MAGIC = 0x202
PAYLOAD = 0x248  # offset and length, counted from the end of the setup sectors

UNPACKERS = {
    b"\x28\xb5\x2f\xfd": ["zstd", "-dc"],
    b"\xfd7zXZ\x00": ["xz", "-dc", "--single-stream"],
    b"\x1f\x8b": ["gzip", "-dc"],
    b"\x02\x21\x4c\x18": ["lz4", "-dc"],
}


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: unpack-kernel.py VMLINUZ")
    with open(sys.argv[1], "rb") as file:
        image = file.read()
    if image[MAGIC:MAGIC + 4] != b"HdrS":
        sys.exit(f"{sys.argv[1]} is no bzImage")
    start, length = struct.unpack_from("<II", image, PAYLOAD)
    start += (image[SETUP_SECTORS] + 1) * 512
    # The last four bytes are the unpacked size.
    payload = image[start:start + length - 4]
    for magic, command in UNPACKERS.items():
        if payload.startswith(magic):
            sys.exit(subprocess.run(command, input=payload, check=False).returncode)
    sys.exit(f"{sys.argv[1]}: unknown compression {payload[:6].hex()}")


if __name__ == "__main__":
    main()
