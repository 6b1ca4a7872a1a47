# SPDX-License-Identifier: GPL-2.0-only
"""Ends the build if a text names a script, an option or a target of make that is not there.

Looked at are the inline literals of the pages, `...` in the READMEs, and the indented lines
of the READMEs of ci/ and tests/, which have no other test. The blocks of README and of the
pages are run: commands.py.
"""

import pathlib
import re
import shlex

from docutils import nodes
from sphinx.errors import ExtensionError

TREE = pathlib.Path(__file__).resolve().parent.parent
READMES = ("README", "ci/README", "tests/README", "tests/guest/README")
SCRIPT = re.compile(r"(?:ci|tests)/[\w./-]+")
TARGET = re.compile(r"^([\w -]+):", re.MULTILINE)
OPTION = re.compile(r"--[a-z][\w-]*")


def targets():
    text = (TREE / "Makefile").read_text()
    return {name for line in TARGET.findall(text) for name in line.split()}


def scripts_in(name):
    """A script, those to which it hands options, and the programs beside it."""
    text = (TREE / name).read_text()
    yield text
    for other in (TREE / name).parent.glob("*.c"):
        yield other.read_text()
    for other in set(SCRIPT.findall(text)) - {name}:
        if (TREE / other).is_file():
            yield (TREE / other).read_text(errors="replace")


def wrong_with(text):
    """What is wrong with one command, or with several in a line."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        return
    script = None
    previous = ""
    for word in words:
        if previous == "--":
            script = None
        begins = previous in ("", "--", "&&", "|", "make")
        if begins and SCRIPT.fullmatch(word):
            script = word
            if not (TREE / word).exists():
                yield f"there is no {word}"
                script = None
            elif not (TREE / word).is_file() or word.endswith((".patch", ".c", ".h", "README")):
                script = None
        elif previous == "make" and re.fullmatch(r"[a-z][a-z-]*", word):
            if word not in targets():
                yield f"make has no target {word}"
        elif script and (option := OPTION.match(word)):
            # A program in C has it in a table, without dashes.
            known = re.compile(rf'{option[0]}(?![\w-])|"{option[0][2:]}"')
            if not any(known.search(other) for other in scripts_in(script)):
                yield f"{script} has no option {option[0]}"
        previous = word


def texts(app):
    for name in sorted(app.env.found_docs):
        for node in app.env.get_doctree(name).findall(nodes.literal):
            yield f"Documentation/{name}.rst", node.astext()
    for name in READMES:
        text = (TREE / name).read_text()
        for literal in re.findall(r"`([^`\n]+)`", text):
            yield name, literal
        if name != "README":
            for line in re.findall(r"^[ \t]+((?:ci|tests)/.*|make .*)$", text, re.MULTILINE):
                # A comment follows after some blanks.
                yield name, re.split(r"\t|  ", line)[0]


def check(app, _env):
    wrong = [f"{name}: {text}: {fault}" for name, text in texts(app)
             for fault in wrong_with(text)]
    if wrong:
        raise ExtensionError("\n".join(wrong))


def setup(app):
    app.connect("env-updated", check)
    return {"parallel_read_safe": True}
