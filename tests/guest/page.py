#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes the page that a demo ends with: index.html in the folder of its results.

    tests/guest/page.py DIR

Takes the record of the demo, DIR/demo.log (see ci/record.sh), the pictures and the texts
beside it, and fills page.html. All names there that begin with $ are set here.
"""

import os
import re
import string
import struct
import sys
import time
from html import escape

HERE = os.path.dirname(os.path.realpath(__file__))
DEVICES = ("mbochs", "mdpy", "mtty")
# How many lines of the transcript are on the page.
EXCERPT = 26
CARD = "a test card with circle, grid, colour bars and zone plates"
FILES = {
    "mdpy.png": "the screen of mdpy",
    "mbochs.png": "the screen of mbochs",
    "mbochs-console.png": "the same before, with the text console",
    "lsvfio-mdpy.png": "the memory of mdpy when it was new",
    "mdpy-diff.png": "wrong pixels of mdpy, red",
    "mbochs-diff.png": "wrong pixels of mbochs, red",
    "mdpy-memory.png": "the picture in the memory of mdpy",
    "mbochs-memory.png": "the picture in the memory of mbochs",
    "mtty.txt": "what came back over the serial ports",
    "lsvfio.txt": "the list of devices",
    "demo.log": "times, commands and checks, from which this page is made",
    "guest-console.log": "the guest's console",
    "guest-qemu.log": "the command line of QEMU, and its messages",
}


class Record:
    """What a demo has noted down."""

    def __init__(self, path):
        self.entries = []
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                # A VM that dies may leave half a line.
                if found := re.fullmatch(r"([\d.]+)\t([^\t]+)\t([^\t]*)\n", line):
                    self.entries.append((float(found[1]), found[2], found[3]))
        self.facts = dict(text.split("=", 1) for text in self.texts("fact"))
        self.good = self.texts("ok")
        self.bad = self.texts("not ok")
        self.skipped = self.texts("skipped")
        if not self.good and not self.bad:
            self.bad = ["anything was checked"]

    def texts(self, kind):
        return [text for _, its, text in self.entries if its == kind]

    def phases(self):
        """Name, begin and length of each part."""
        marks = [(when, text) for when, kind, text in self.entries if kind in ("phase", "end")]
        return [(text, begin, end - begin) for (begin, text), (end, _) in zip(marks, marks[1:])]


class Page:
    """The values of the names in page.html."""

    def __init__(self, folder):
        self.folder = folder
        self.record = Record(os.path.join(folder, "demo.log"))

    def has(self, name):
        return os.path.exists(os.path.join(self.folder, name))

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as file:
            return file.read()

    def picture(self, name, alt):
        if not self.has(name):
            return f'<p class="missing">There is no picture {name}.</p>'
        with open(os.path.join(self.folder, name), "rb") as file:
            width, height = struct.unpack(">II", file.read(24)[16:])
        return (f'<a href="{name}"><img src="{name}" width="{width}" height="{height}" '
                f'alt="{text(alt)}"></a>')

    def result(self, pattern):
        """How the checks that match have ended."""
        good = [what for what in self.record.good if re.search(pattern, what)]
        bad = [what for what in self.record.bad if re.search(pattern, what)]
        if bad:
            return '<span class="bad">They are not equal, see above.</span>'
        if good:
            return '<span class="good">They are equal.</span>'
        return '<span class="bad">They were not compared.</span>'

    def how(self, name):
        return text(self.record.facts.get(name, "Nothing was drawn"))

    def summary(self):
        bad, good = len(self.record.bad), len(self.record.good)
        if bad:
            return f'<p class="verdict bad">{bad} of {good + bad} checks failed</p>'
        return f'<p class="verdict good">All of {good} checks passed</p>'

    def failures(self):
        if not self.record.bad:
            return ""
        pictures = "".join(
            f"<div><h3>{name}: {what}</h3>\n"
            f"{self.picture(f'{name}-{kind}.png', f'{name}: {what}')}</div>\n"
            for name in DEVICES for kind, what in (("diff", "wrong pixels are red"),
                                                   ("memory", "the picture in its memory"))
            if self.has(f"{name}-{kind}.png"))
        if pictures:
            pictures = f'<div class="pictures">\n{pictures}</div>\n'
        logs = [f'<a href="{name}">{name}</a>' for name in ("guest-console.log", "guest-qemu.log")
                if self.has(name)]
        more = " and ".join(logs) or "build/log, where the virtual machine has its kernel log"
        return (f'<section class="failures" aria-labelledby="failed">\n'
                f'<h2 id="failed">What failed</h2>\n{self.verdicts("bad", self.record.bad)}\n'
                f'<p>More is in {more}.</p>\n{pictures}</section>')

    @staticmethod
    def verdicts(kind, texts):
        items = "\n".join(f'<li class="{kind}">{text(what)}</li>' for what in texts)
        return f'<ul class="list">\n{items}\n</ul>'

    def facts(self):
        known = self.record.facts
        begin, end = self.record.entries[0][0], self.record.entries[-1][0]
        emulated = "emulated, without KVM" if "TCG" in known.get("processor", "") else "under KVM"
        rows = {
            "Virtual machine": f"{known.get('system', '?')}, {emulated}",
            "Its kernel": known.get("kernel", "?"),
            "QEMU in it": known.get("qemu", "?"),
            "The guest's kernel": known.get("guest", "?"),
            "Time": duration(end - begin),
        }
        return "\n".join(f"<dt>{name}</dt>\n<dd>{text(value)}</dd>"
                         for name, value in rows.items())

    def ramp(self):
        if not self.has("lsvfio-mdpy.png"):
            return ""
        return f"""
<article>
<h3>mdpy before: its memory when it was new</h3>
{self.picture("lsvfio-mdpy.png", "A ramp from black at the top to white at the bottom")}
<dl>
<dt>How it was taken</dt>
<dd>By <code>lsvfio --screenshot</code>, which opened the device itself, before QEMU ran.</dd>
<dt>Compared with</dt>
<dd>The ramp that a new mdpy has, pixel by pixel. {self.result("ramp from black")}</dd>
<dt>What equality proves</dt>
<dd>The display can be looked at without a virtual machine, a GPU or a driver.</dd>
</dl>
</article>"""

    def mdpy_proof(self):
        if "pmemsave" in self.record.facts.get("mdpy", ""):
            return "QEMU may not map the device here: each pixel went through QEMU to the device."
        return "BAR and display region are one memory, which QEMU shows without OpenGL."

    def serial_how(self):
        sizes = [size for name, size in self.record.facts.items() if name.startswith("/dev/tty")]
        if not sizes:
            return "Nothing"
        counts = " and ".join(sorted({f"{int(size):,}" for size in sizes}))
        return (f"{counts} characters, a text and then each value that a byte can have, "
                f"{'at the same time ' if len(sizes) > 1 else ''}")

    def transcript(self):
        if not self.has("mtty.txt"):
            return '<p class="missing">There is no transcript.</p>'
        whole = self.read("mtty.txt")
        lines = whole.splitlines()
        size = os.path.getsize(os.path.join(self.folder, "mtty.txt"))
        excerpt = lines[:EXCERPT]
        return (f'<figure>\n<figcaption>The first {len(excerpt)} of {len(lines)} lines of '
                f'<a href="mtty.txt">mtty.txt</a>, {size:,} bytes: state of the ports, and '
                f'the text that came back over each of them</figcaption>\n'
                f'{pre("Beginning of the serial transcript", text(chr(10).join(excerpt)))}'
                f'\n</figure>')

    def devices(self):
        if not self.has("lsvfio.txt"):
            why = [what for what in self.record.skipped if what.startswith("lsvfio")]
            return f'<p class="missing">{text(why[0] if why else "There is no list.")}</p>'
        parts = ["<figure>\n<figcaption><code>lsvfio</code> while QEMU has the devices open"
                 f'</figcaption>\n{pre("Output of lsvfio", text(self.read("lsvfio.txt")))}\n</figure>']
        found = [re.fullmatch(r"lsvfio-(\w+)\.txt", name)
                 for name in sorted(os.listdir(self.folder))]
        # Those of --check come last.
        for name, device in sorted(((match[0], match[1]) for match in found if match),
                                   key=lambda pair: pair[1] not in DEVICES):
            output = self.read(name)
            uuid = output.partition(":")[0]
            parts.append(details(f"{device}: <code>lsvfio {text(uuid)}</code>",
                                 pre(f"lsvfio about {device}", text(output))))
        return "\n".join(parts)

    def checks(self):
        """By device; those about none of them at the end."""
        record = self.record
        groups = {name: [] for name in (*DEVICES, "all else")}
        for kind, texts in (("bad", record.bad), ("skipped", record.skipped),
                            ("good", record.good)):
            for what in texts:
                name = what.partition(":")[0]
                groups[name if name in DEVICES else "all else"].append((kind, what))
        parts = [f"<p>{len(record.good)} passed, {len(record.bad)} failed, "
                 f"{len(record.skipped)} skipped.</p>"]
        for name, verdicts in groups.items():
            if verdicts:
                good = sum(kind == "good" for kind, _ in verdicts)
                items = "".join(f'<li class="{kind}">{text(what)}</li>\n'
                                for kind, what in verdicts)
                parts.append(details(f"{name}: {good} of {len(verdicts)} passed",
                                     f'<ul class="list">\n{items}</ul>'))
        return "\n".join(parts)

    def timing(self):
        phases = self.record.phases()
        if not phases:
            return "<p>Nothing was timed.</p>"
        first = phases[0][1]
        total = max(phases[-1][1] + phases[-1][2] - first, 0.001)
        rows = "\n".join(
            f'<tr><th scope="row">{text(name)}</th>'
            f'<td class="bar"><span style="margin-left: {(begin - first) * 99 / total:.2f}%; '
            f'width: {length * 99 / total:.2f}%">&nbsp;</span></td>'
            f'<td class="seconds">{length:.1f} s</td></tr>' for name, begin, length in phases)
        return (f'<table>\n<thead><tr><th scope="col">Part</th>'
                f'<th scope="col" class="bar">When</th>'
                f'<th scope="col" class="seconds">How long</th></tr></thead>\n'
                f'<tbody>\n{rows}\n</tbody>\n<tfoot><tr><th scope="row">Altogether</th><td class="bar"></td>'
                f'<td class="seconds">{total:.1f} s</td></tr></tfoot>\n</table>')

    def commands(self):
        lines, phase = [], None
        for _, kind, what in self.record.entries:
            if kind == "phase":
                phase = what
            elif kind == "command":
                if phase:
                    lines.append(f'<span class="remark"># {text(phase)}</span>')
                    phase = None
                # An option in each line
                lines.append(text(re.sub(r" (?=-[a-z])", " \\\n    ", what)
                                  if what.startswith("qemu") else what))
        return pre("Commands of this demo", "\n".join(lines), "all")

    def files(self):
        found = {name: what for name, what in FILES.items() if self.has(name)}
        return "\n".join(f'<li><a href="{name}">{name}</a>: {what}</li>'
                         for name, what in found.items())

    def values(self):
        record = self.record
        with open(os.path.join(HERE, "page.css"), encoding="utf-8") as file:
            style = file.read()
        return {
            "style": style,
            "verdict": f"{len(record.bad)} checks failed" if record.bad else "all checks passed",
            "summary": self.summary(),
            "failures": self.failures(),
            "facts": self.facts(),
            "mbochs_picture": self.picture(
                "mbochs.png", f"The screen of mbochs: {CARD}"),
            "mbochs_how": self.how("mbochs"),
            "mbochs_result": self.result("^mbochs: the display shows the test card"),
            "mdpy_picture": self.picture(
                "mdpy.png", f"The screen of mdpy: {CARD}"),
            "mdpy_how": self.how("mdpy"),
            "mdpy_result": self.result("^mdpy: the display shows the test card"),
            "mdpy_proof": self.mdpy_proof(),
            "console_picture": self.picture(
                "mbochs-console.png", "The screen of mbochs before: messages of the guest's kernel"),
            "console_result": self.result("^mbochs: the display shows the guest's text console"),
            "ramp": self.ramp(),
            "serial_how": self.serial_how(),
            "serial_result": self.result("^mtty: /dev/ttyS.*(byte by byte|every byte value)"),
            "transcript": self.transcript(),
            "devices": self.devices(),
            "checks": self.checks(),
            "timing": self.timing(),
            "commands": self.commands(),
            "files": self.files(),
            "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(record.entries[-1][0])),
        }


def text(value):
    """For HTML, which has no control characters."""
    return escape(re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "\N{REPLACEMENT CHARACTER}", value))


def pre(label, html, kind=""):
    """Lines that can be scrolled, by keyboard as well."""
    kind = f' class="{kind}"' if kind else ""
    return f'<pre{kind} tabindex="0" role="region" aria-label="{text(label)}">{html}</pre>'


def details(title, html):
    return f"<details>\n<summary>{title}</summary>\n{html}\n</details>"


def duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: page.py DIR")
    folder = sys.argv[1]
    if not os.path.exists(os.path.join(folder, "demo.log")):
        sys.exit(f"page.py: there is no {folder}/demo.log: run ci/demo, which writes it")
    with open(os.path.join(HERE, "page.html"), encoding="utf-8") as file:
        template = string.Template(file.read())
    page = template.substitute(Page(folder).values())
    with open(os.path.join(folder, "index.html"), "w", encoding="utf-8") as file:
        file.write(page)


if __name__ == "__main__":
    main()
