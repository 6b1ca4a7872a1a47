# SPDX-License-Identifier: GPL-2.0-only
"""Register tables of the C source as tables of the documentation.

    .. registers:: mbochs.c mbochs_mmio
       :strip: VBE_DISPI_INDEX_ PCI_VGA_

       XRES
           the width of the picture

Offset, width, access and name of each register are those of the table, an array of
struct softpci_reg. The meaning is a definition list. A register without a meaning, a
meaning without a register, and source that is not understood end the build.
"""

import pathlib
import re

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

TREE = pathlib.Path(__file__).resolve().parent.parent

TOKEN = re.compile(r"""
    (?P<blank>\s+|//[^\n]*|/\*.*?\*/|\\\n)
  | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<number>0[xX][0-9a-fA-F]+[uUlL]*|[0-9]+[uUlL]*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<mark>\.\.\.|\#\#|<<|>>|->|.)
""", re.VERBOSE | re.DOTALL)

SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "bool": 1}
UNITS = {"K": 10, "M": 20, "G": 30}
MEMBERS = {"offset", "width", "access", "count", "first", "field", "read_only",
           "kick", "read", "write"}
OPENING, CLOSING = "([{", ")]}"


class Misunderstood(Exception):
    """Source that is other than this file expects."""


def tokens_of(text):
    found, pos = [], 0
    while pos < len(text):
        match = TOKEN.match(text, pos)
        if match.lastgroup != "blank":
            found.append(match[0])
        pos = match.end()
    return found


def is_name(token):
    return token[0].isalpha() or token[0] == "_"


def closing(tokens, start):
    """The index of the bracket that closes the one at start."""
    depth = 0
    for i in range(start, len(tokens)):
        depth += (tokens[i] in OPENING) - (tokens[i] in CLOSING)
        if not depth:
            return i
    raise Misunderstood(f"no end of: {' '.join(tokens[start:start + 8])}")


def split(tokens, mark=","):
    """The parts between the marks that are in no brackets."""
    parts, depth = [[]], 0
    for token in tokens:
        depth += (token in OPENING) - (token in CLOSING)
        if token == mark and not depth:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


class Source:
    """A C file with the headers of this tree that it includes."""

    def __init__(self, name):
        self.files = []
        self.macros = {}        # name: (parameters or None, tokens)
        self.enums = []         # lists of names, in order
        self.values = {}        # of the names in enums
        self.structs = {}       # name: {field: type}
        self.tokens = []
        self.read(TREE / name)
        self.find_types(self.tokens)

    def read(self, path):
        if path in self.files:
            return
        if not path.is_file():
            raise Misunderstood(f"there is no {path.relative_to(TREE)}")
        self.files.append(path)
        text = re.sub(r"/\*.*?\*/", lambda c: " " + "\n" * c[0].count("\n"),
                      path.read_text(), flags=re.DOTALL)
        code = []
        for line in text.replace("\\\n", " ").split("\n"):
            if not line.lstrip().startswith("#"):
                code.append(line)
            elif match := re.match(r'\s*#\s*include\s*"(.*\.h)"', line):
                self.read((path.parent / match[1]).resolve())
            elif match := re.match(r"\s*#\s*define\s+(\w+)(\(([^)]*)\))?(.*)", line):
                parameters = None
                if match[2]:
                    parameters = [p.strip() for p in match[3].split(",")]
                self.macros[match[1]] = parameters, tokens_of(match[4])
        self.tokens += tokens_of("\n".join(code))

    def find_types(self, tokens):
        for i, token in enumerate(tokens):
            if token not in ("enum", "struct"):
                continue
            named = is_name(tokens[i + 1])
            start = i + 1 + named
            if tokens[start] != "{":
                continue
            inner = tokens[start + 1:closing(tokens, start)]
            if token == "enum":
                self.add_enum(inner)
            elif named:
                self.structs[tokens[i + 1]] = self.fields_of(inner)

    def add_enum(self, tokens):
        names, value = [], -1
        for part in split(tokens):
            if not part:
                continue
            value += 1
            if len(part) > 1:
                try:
                    value = self.evaluate(part[2:])
                except Misunderstood:
                    return      # none that registers are counted by
            self.values[part[0]] = value
            names.append(part[0])
        self.enums.append(names)

    @staticmethod
    def fields_of(tokens):
        """Plain fields and structs; those of other forms are left out."""
        fields = {}
        for part in split(tokens, ";"):
            if part[:1] == ["struct"] and "{" in part:
                fields[part[-1]] = part[1]
            elif part[:1] == ["struct"] and len(part) == 3:
                fields[part[2]] = part[1]
            elif part and part[0] in SIZES:
                for field in split(part[1:]):
                    if len(field) == 1:
                        fields[field[0]] = part[0]
        return fields

    def expand(self, tokens):
        """Replaces a macro with parameters, which tokens begin with."""
        parameters, body = self.macros[tokens[0]]
        if tokens[1:2] != ["("] or closing(tokens, 1) != len(tokens) - 1:
            raise Misunderstood(f"use of a macro: {' '.join(tokens)}")
        arguments = split(tokens[2:-1])
        rest = []
        if parameters[-1] == "...":
            fixed = len(parameters) - 1
            for argument in arguments[fixed:]:
                rest += [","] * bool(rest) + argument
            parameters, arguments = parameters[:-1], arguments[:fixed]
        if len(parameters) != len(arguments) or "#" in body or "##" in body:
            raise Misunderstood(f"use of a macro: {' '.join(tokens)}")
        values = dict(zip(parameters, arguments), __VA_ARGS__=rest)
        return [t for token in body for t in values.get(token, [token])]

    def evaluate(self, tokens):
        text = ""
        for token in tokens:
            if match := re.fullmatch(r"SZ_(\d+)([KMG])", token):
                text += str(int(match[1]) << UNITS[match[2]])
            elif token in self.values:
                text += str(self.values[token])
            elif token in self.macros and self.macros[token][0] is None:
                text += f"({self.evaluate(self.macros[token][1])})"
            elif token[0].isdigit():
                text += token.rstrip("uUlL")
            elif token in ("+", "-", "*", "<<", ">>", "|", "&", "(", ")"):
                text += token
            else:
                raise Misunderstood(f"not a number: {' '.join(tokens)}")
        try:
            return int(eval(text, {"__builtins__": {}}))
        except SyntaxError:
            raise Misunderstood(f"not a number: {' '.join(tokens)}") from None

    def width_of(self, tokens):
        """Of the struct and the field in SOFTPCI_FIELD_WIDTH()."""
        kind, field = split(tokens[2:-1])
        if kind[0] != "struct" or len(kind) != 2:
            raise Misunderstood(f"width of a field: {' '.join(tokens)}")
        name = kind[1]
        for part in split(field, "."):
            name = self.structs.get(name, {}).get("".join(part))
        if name not in SIZES:
            raise Misunderstood(f"width of a field: {' '.join(tokens)}")
        return SIZES[name]

    def entries(self, table):
        head = ["struct", "softpci_reg", table, "[", "]", "=", "{"]
        for i in range(len(self.tokens)):
            if self.tokens[i:i + len(head)] == head:
                break
        else:
            raise Misunderstood(f"there is no struct softpci_reg {table}[]")
        start = i + len(head) - 1
        inner = self.tokens[start + 1:closing(self.tokens, start)]
        return [part for part in split(inner) if part]

    def registers(self, table):
        found = []
        for entry in self.entries(table):
            while entry[0] != "{":
                if entry[0] not in self.macros:
                    raise Misunderstood(f"entry of {table}: {' '.join(entry)}")
                entry = self.expand(entry)
            members = {}
            for part in split(entry[1:closing(entry, 0)]):
                if not part:
                    continue
                if part[0] != "." or part[2] != "=" or part[1] not in MEMBERS:
                    raise Misunderstood(f"entry of {table}: {' '.join(part)}")
                members[part[1]] = part[3:]
            found += self.registers_of(table, members)
        if not found:
            raise Misunderstood(f"{table} is empty")
        found.sort(key=lambda register: register.offset)
        for one, two in zip(found, found[1:]):
            if one.end > two.offset:
                raise Misunderstood(f"registers of {table} overlap at {two.offset:#x}")
        return found

    def registers_of(self, table, members):
        if "offset" not in members or "width" not in members:
            raise Misunderstood(f"entry of {table} without offset or width: {members}")
        offset = self.evaluate(members["offset"])
        if members["width"][0] == "SOFTPCI_FIELD_WIDTH":
            width = self.width_of(members["width"])
        else:
            width = self.evaluate(members["width"])
        if width not in (1, 2, 4, 8) or offset % width:
            raise Misunderstood(f"entry of {table}: width or offset: {members}")
        writable = ("write" in members or
                    "field" in members and members.get("read_only") != ["true"])
        parts = "SOFTPCI_ACCESS_BYTES" in members.get("access", [])
        count = self.evaluate(members.get("count", ["1"]))
        names = self.names_of(members, count)
        if len(names) == count:
            return [Register(name, offset + i * width, width, 1, writable, parts)
                    for i, name in enumerate(names)]
        return [Register(None, offset, width, count, writable, parts)]

    def names_of(self, members, count):
        """Of an array the names in the enum that counts it."""
        if count > 1:
            last = members["count"][-1]
            for names in self.enums:
                if last in names and names.index(last) == count:
                    return names[:count]
            return []
        names = [t for t in members["offset"] if is_name(t)]
        if not names and "field" in members:
            names = [t for t in members["field"] if is_name(t)]
        return names[-1:]


class Register:
    """A register, or an array of registers without names of their own."""

    def __init__(self, name, offset, width, count, writable, parts):
        self.name = name
        self.offset = offset
        self.width = width
        self.end = offset + width * count
        self.where = f"{offset:03x}h"
        if count > 1:
            self.where += f" to {self.end - 1:03x}h"
        self.access = ("rw" if writable else "ro") + (", parts" if parts else "")


def row_of(cells):
    row = nodes.row()
    for cell in cells:
        if isinstance(cell, str):
            cell = [nodes.paragraph(text=cell)]
        row += nodes.entry("", *cell)
    return row


class Registers(SphinxDirective):
    """The directive of the head of this file."""

    required_arguments = 2
    has_content = True
    option_spec = {"strip": directives.unchanged}

    def run(self):
        name, table = self.arguments
        try:
            source = Source(name)
            registers = source.registers(table)
            meanings = self.meanings()
            rows = [self.row(register, meanings) for register in registers]
            if meanings:
                raise Misunderstood(f"{table} has no {', '.join(meanings)}")
        except Misunderstood as fault:
            raise ExtensionError(f"{self.env.docname}:{self.lineno}: registers of "
                                 f"{name}: {fault}") from None
        for path in source.files + [pathlib.Path(__file__)]:
            self.env.note_dependency(str(path))
        return [self.table(rows)]

    def meanings(self):
        """By name, or by offset where the source has no name: (name, nodes)."""
        parsed = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, parsed)
        if len(parsed) != 1 or not isinstance(parsed[0], nodes.definition_list):
            raise Misunderstood("the meanings are not one definition list")
        found = {}
        for item in parsed[0]:
            key, _, name = item[0].astext().partition(" ")
            if key in found:
                raise Misunderstood(f"{key} has two meanings")
            found[key] = name or key, item[1].children
        return found

    def row(self, register, meanings):
        name = register.name or register.where.partition(" ")[0]
        for prefix in self.options.get("strip", "").split():
            name = name.removeprefix(prefix)
        if name not in meanings:
            raise Misunderstood(f"{name} at {register.where} has no meaning")
        name, meaning = meanings.pop(name)
        return row_of([register.where, str(register.width * 8), register.access,
                       name, meaning])

    @staticmethod
    def table(rows):
        group = nodes.tgroup(cols=5)
        for width in (12, 5, 13, 18, 52):
            group += nodes.colspec(colwidth=width)
        group += nodes.thead("", row_of(["offset", "bits", "access", "name", "meaning"]))
        group += nodes.tbody("", *rows)
        return nodes.table("", group, classes=["registers"])


def setup(app):
    app.add_directive("registers", Registers)
    return {"parallel_read_safe": True}
