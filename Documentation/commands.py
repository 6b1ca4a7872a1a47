# SPDX-License-Identifier: GPL-2.0-only
"""Ends the build if a block of README or of a page is neither run by a test nor left out
for a reason.

A block is a literal block of a page, or indented lines of README. tests/docs/pages/ has a
file for each page, which names its blocks in their order by parts of their first lines.
 All blocks go to build/docs/blocks/PAGE/NN, from where tests/docs/run.sh takes them.
"""

import pathlib
import re
import shlex
import shutil
import subprocess
import textwrap
from dataclasses import dataclass

from docutils import nodes
from sphinx.errors import ExtensionError

TREE = pathlib.Path(__file__).resolve().parent.parent
PAGES = TREE / "tests/docs/pages"
OUT = TREE / "build/docs/blocks"
HOW = """\
Each block has a line in the file of its page, in the order of the page: one of
    run FIRST-LINE                      it runs in a VM, as it is
    build FIRST-LINE [dkms]             it runs where the tree is built and installed
    left FIRST-LINE by STEP             that step of ci/check runs it
    left FIRST-LINE because 'REASON'    nothing runs it: it is no command, or needs a person
with a part of its first line, quoted for a shell. Before "run" goes what the reader
has to know or to do: tests/README, "The documentation", has the words for that."""


@dataclass
class Block:
    where: str
    text: str

    @property
    def first(self):
        return self.text.split("\n", 1)[0]

    @property
    def key(self):
        return shlex.quote(self.first.strip().split("  ")[0][:60].rstrip())


@dataclass
class Entry:
    where: str
    words: list

    @property
    def key(self):
        return self.words[1]


def readme():
    """Runs of indented lines; empty lines do not end one."""
    lines = (TREE / "README").read_text().split("\n")
    found = []
    begin = None
    for number, line in enumerate(lines + ["end"]):
        if line.startswith(" "):
            begin = number if begin is None else begin
        elif line and begin is not None:
            text = textwrap.dedent("\n".join(lines[begin:number])).strip("\n")
            found.append(Block(f"README:{begin + 1}", text))
            begin = None
    return found


def page_blocks(app, name):
    for node in app.env.get_doctree(name).findall(nodes.literal_block):
        line = node.line or node.parent.line or "?"
        yield Block(f"Documentation/{name}.rst:{line}", node.astext().expandtabs().strip("\n"))


def entries(path):
    """The lines of a file that are about a block."""
    found = []
    for number, line in enumerate(path.read_text().split("\n"), 1):
        if re.match(r"(run|build|left) ", line):
            where = f"{path.relative_to(TREE)}:{number}"
            words = shlex.split(line)
            if words[0] == "left" and (len(words) != 4 or words[2] not in ("by", "because")):
                raise ExtensionError(f"{where}: write left 'FIRST LINE' by STEP, or because 'REASON'")
            found.append(Entry(where, words))
    return found


def steps():
    listed = subprocess.run([TREE / "ci/check", "--list"], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    return {line[2:].split()[0] for line in listed.split("\n") if re.match(r"[ *] \S", line)}


def compare(name, blocks, known_steps):
    """What is wrong with a page and its file, or nothing."""
    path = PAGES / name
    listed = entries(path) if path.exists() else []
    for block, entry in zip(blocks, listed + [None] * len(blocks)):
        if entry and entry.key in block.first:
            continue
        if entry and not any(entry.key in other.first for other in blocks):
            return f"{entry.where}: no block of {name} has {shlex.quote(entry.key)} in its first line"
        before = f"before the line for {shlex.quote(entry.key)}" if entry else "at its end"
        return (f"{block.where}: no line for a block: write, for example, run {block.key} "
                f"into tests/docs/pages/{name}, {before}")
    for entry in listed[len(blocks):]:
        return f"{entry.where}: no block of {name} is left for {shlex.quote(entry.key)}"
    for entry in listed:
        if entry.words[2:3] == ["by"] and entry.words[3] not in known_steps:
            return f"{entry.where}: ci/check has no step '{entry.words[3]}' (ci/check --list)"
    return None


def check(app, _env):
    found = {"README": readme()}
    for name in sorted(app.env.found_docs):
        if blocks := list(page_blocks(app, name)):
            found[name] = blocks
    known_steps = steps()
    wrong = [text for name, blocks in found.items()
             if (text := compare(name, blocks, known_steps))]
    wrong += [f"tests/docs/pages/{path.name}: there is no such page with blocks"
              for path in sorted(PAGES.glob("*")) if path.name not in found]
    if wrong:
        raise ExtensionError("\n".join(wrong + [HOW]))
    shutil.rmtree(OUT, ignore_errors=True)
    for name, blocks in found.items():
        (OUT / name).mkdir(parents=True)
        for number, block in enumerate(blocks, 1):
            (OUT / name / f"{number:02}").write_text(block.text + "\n")


def setup(app):
    app.connect("env-updated", check)
    return {"parallel_read_safe": True}
