# SPDX-License-Identifier: GPL-2.0-only
"""Ends the build if abi.rst lacks an attribute or a parameter of the C source.

A file of sysfs or configfs is an entry of abi.rst that begins with its path, a module
parameter one that begins with MODULE.PARAMETER.
"""

import pathlib
import re

from sphinx.errors import ExtensionError

TREE = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = (".", "core", "vfio", "host", "parts")
ATTRIBUTE = re.compile(r"&(?:dev|item|errors|softpci_item)_attr_(\w+)")
PARAMETER = re.compile(r"\bmodule_param(?:_named)?\((\w+),")
# The first line of an entry: literals at its start, and nothing else
ENTRY = re.compile(r"^((?:``\S+``(?:, |$))+)$", re.MULTILINE)


def documented():
    found = set()
    for line in ENTRY.findall((TREE / "Documentation/abi.rst").read_text()):
        for literal in re.findall(r"``(\S+?)``", line):
            found.add(re.split(r"[/.]", literal)[-1])
    return found


def check(_app):
    entries = documented()
    names = {}
    for folder in FOLDERS:
        for path in sorted((TREE / folder).glob("*.[ch]")):
            text = path.read_text()
            for name in ATTRIBUTE.findall(text) + PARAMETER.findall(text):
                names.setdefault(name, path.relative_to(TREE))
    if len(names) < 10:
        raise ExtensionError(f"attributes: only {sorted(names)} are in the source")
    missing = [f"{name} ({path})" for name, path in names.items() if name not in entries]
    if missing:
        raise ExtensionError(f"abi.rst has no entry for {', '.join(missing)}")


def setup(app):
    app.connect("builder-inited", check)
    return {"parallel_read_safe": True}
