#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""JSON of lsvfio, compared with the schema in its man page.

schema.py MAN-PAGE [--lines] [--normal] < JSON

Fails if there is a member that the man page does not have, one of another type, or one
that the man page has and the output lacks.  --lines: one document in each line.
--normal: prints it without what differs between kernels and runs.
"""
import json
import re
import sys

TYPES = {"number": int, "string": str, "boolean": bool, "object": dict, "IDS": dict}
# These may be absent: a capability that the region lacks, a plane that shows nothing.
OPTIONAL = re.compile(r"regions\[\]\.(type|sparse_mmap\[\])$|capabilities\[\]\.version$|"
                      r"display\.planes\[\]\.(?!type|shown)")
# Members by names that the man page cannot know.
FREE = re.compile(r"^device(s\[\])?\.vendor$|^config\.capabilities\[\]\.fields$")


def read_schema(page):
    """Types by path, as regions[].type.subtype."""
    schema, stack = {}, []
    for line in open(page):
        found = re.match(r"^(  +)(\.?[\w.\[\]]+) +(number|string|boolean|object|IDS)\b", line)
        if not found:
            continue
        indent, name, kind = len(found[1]), found[2], found[3]
        while stack and stack[-1][0] >= indent:
            stack.pop()
        path = stack[-1][1] + name if stack else name
        stack.append((indent, path))
        schema[path] = kind
    # The names of attributes, and the end of an array of strings, are no members.
    schema.pop("device.vendor.NAME")
    for path in [path for path in schema if path.startswith("IDS.")]:
        del schema[path]
        for ids in ("device.ids", "config.ids"):
            schema[ids + path[3:]] = "string"
    for path, kind in list(schema.items()):
        if path.startswith("device."):
            schema["devices[]" + path[6:]] = kind
    return schema


def fail(path, what):
    sys.exit("%s: %s" % (path or "the document", what))


class Check:
    def __init__(self, schema):
        self.schema = schema

    @staticmethod
    def text(path, val):
        """The lines of an attribute may be separated."""
        if isinstance(val, str) and re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", val):
            fail(path, "controls a terminal: %r" % val)

    @staticmethod
    def number(path, val):
        """jq and others have numbers of 53 bits."""
        if isinstance(val, int) and val >= 1 << 53:
            fail(path, "is a number that loses digits: %d" % val)

    def value(self, path, val):
        self.text(path, val)
        self.number(path, val)
        kind = self.schema.get(path)
        if kind is None:
            fail(path, "is not in the man page")
        if val is None:
            return
        # A bool is an int for Python.
        if not isinstance(val, TYPES[kind]) or isinstance(val, bool) != (kind == "boolean"):
            fail(path, "is no %s: %r" % (kind, val))
        if isinstance(val, dict) and not FREE.search(path):
            self.members(path + ".", val)
        elif isinstance(val, dict):
            for name, of in val.items():
                self.text(path + "." + name, name)
                self.text(path + "." + name, of)
                self.number(path + "." + name, of)

    def members(self, prefix, obj):
        for name, val in obj.items():
            if isinstance(val, list):
                for item in val:
                    self.value(prefix + name + "[]", item)
                if prefix + name + "[]" not in self.schema:
                    fail(prefix + name, "is an array, not so in the man page")
            else:
                self.value(prefix + name, val)
        for path in self.schema:
            name = path[len(prefix):]
            if not path.startswith(prefix) or not re.match(r"^\w+(\[\])?$", name):
                continue
            if not prefix and (name == "devices[]") != ("devices" in obj) and name != "version":
                continue
            if name.removesuffix("[]") not in obj and not OPTIONAL.search(path):
                fail(path, "is missing")


def normal(doc):
    """Without what differs between kernels and runs."""
    if "device" not in doc:
        return doc
    doc["device"].update(group="GROUP", group_node="NODE", cdev_node="NODE", users=[])
    doc["device"]["vendor"].pop("display", None)
    doc["interface"] = "INTERFACE"
    doc["features"] = [f for f in doc["features"]
                       if f["name"] not in ("MIG_DATA_SIZE", "MIG_PRECOPY_INFOv2") and
                       not f["name"].startswith("DMA_LOGGING")]
    if doc["migration"]:
        doc["migration"]["flags"] = [f for f in doc["migration"]["flags"] if f != "PRE_COPY"]
        doc["migration"]["data_size"] = "SIZE"
    return doc


def main():
    check = Check(read_schema(sys.argv[1]))
    docs = sys.stdin.buffer.read().decode("utf-8")
    docs = docs.splitlines() if "--lines" in sys.argv else [docs]
    if not docs:
        sys.exit("there is no document")
    for text in docs:
        doc = json.loads(text)
        if "devices" in doc:
            check.schema = {path: kind for path, kind in check.schema.items()
                            if path.startswith("devices[]") or path == "version"}
        else:
            check.schema = {path: kind for path, kind in check.schema.items()
                            if not path.startswith("devices[]")}
        check.members("", doc)
        if "--normal" in sys.argv:
            print(json.dumps(normal(doc), indent=1))


main()
