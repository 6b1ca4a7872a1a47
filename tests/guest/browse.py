#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Looks at the page of a demo in Chromium, one line for each assertion.

    tests/guest/browse.py DIR FAILED EMPTY

DIR has the results of a demo; FAILED and EMPTY are folders for two more pages, of demos
that failed: with wrong pixels, and before anything was to be seen. Leaves screenshots in
DIR. Runs as root in a network namespace of its own, without any network.
"""

import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
from base64 import b64decode

from selenium import webdriver

HERE = os.path.dirname(os.path.realpath(__file__))
WIDE, NARROW = (1280, 900), (390, 844)
PICTURES = {"mbochs.png": (1280, 800), "mdpy.png": (1024, 768), "mbochs-console.png": (1280, 800),
            "lsvfio-mdpy.png": (1024, 768)}
# Of text, by WCAG 2.2, 1.4.3
CONTRAST = 4.5
SIOCSIFFLAGS, IFF_UP = 0x8914, 1

# Texts with too little contrast to what is behind them, and the page's own brightness.
LOOK_AT_COLOURS = """
const parse = color => color.match(/[\\d.]+/g).map(Number);
const linear = value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const channel = value => linear(value / 255);
const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const behind = element => {
    for (; element; element = element.parentElement) {
        const color = parse(getComputedStyle(element).backgroundColor);
        if (color[3] !== 0)
            return color;
    }
    return [255, 255, 255];
};
const faint = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
    const text = walker.currentNode.data.trim(), element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility())
        continue;
    const both = [parse(getComputedStyle(element).color), behind(element)].map(luminance);
    const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    if (ratio < arguments[0])
        faint.push(`${ratio.toFixed(2)}: ${text.slice(0, 40)}`);
}
return [faint, luminance(behind(document.body))];
"""

# Elements beyond the right edge, other than what a scrolled box hides.
LOOK_AT_WIDTH = """
const out = [], width = document.documentElement.clientWidth;
for (const element of document.body.querySelectorAll('*'))
    if (!element.closest('pre') || element.matches('pre'))
        if (element.getBoundingClientRect().right > width + 0.5)
            out.push(element.tagName + ' ' + element.textContent.slice(0, 40));
return [document.scrollingElement.scrollWidth, width, out];
"""


class Count:
    """The assertions."""
    failed = 0

    def check(self, good, what, otherwise=""):
        if not good:
            self.failed += 1
            what += f": {otherwise}" if otherwise else ""
        print("ok" if good else "not ok", "-", what, flush=True)


class Browser:
    """Chromium with one page."""

    def __init__(self, driver, check):
        self.driver = driver
        self.check = check

    def command(self, name, **arguments):
        return self.driver.execute_cdp_cmd(name, arguments)

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def texts(self, selector):
        return self.script("""return [...document.querySelectorAll(arguments[0])]
            .map(e => e.textContent)""", selector)

    def show(self, size, scheme):
        self.command("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1],
                     deviceScaleFactor=1, mobile=size == NARROW)
        self.command("Emulation.setEmulatedMedia",
                     features=[{"name": "prefers-color-scheme", "value": scheme}])

    def shoot(self, path):
        shot = self.command("Page.captureScreenshot", captureBeyondViewport=True)
        with open(path, "wb") as file:
            file.write(b64decode(shot["data"]))

    def look_at_requests(self, name, folder):
        """Since the last call."""
        messages = [entry["message"] for entry in self.driver.get_log("browser")]
        self.check(not messages, f"{name}: the browser has nothing to say", "; ".join(messages))
        events = [json.loads(entry["message"])["message"]
                  for entry in self.driver.get_log("performance")]
        urls = [event["params"]["request"]["url"] for event in events
                if event["method"] == "Network.requestWillBeSent"]
        foreign = [url for url in urls if not url.startswith((f"file://{folder}/", "data:"))]
        self.check(f"file://{folder}/index.html" in urls, f"{name}: requests are seen", str(urls))
        self.check(not foreign, f"{name}: it loads files beside it and nothing else",
                   "; ".join(foreign))

    def look_at_form(self, name, folder):
        """What a screen reader or a keyboard needs, and links."""
        check = self.check
        levels = self.script("""return [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]
            .map(e => +e.tagName[1])""")
        check(levels[0] == 1 and levels.count(1) == 1 and
              all(b <= a + 1 for a, b in zip(levels, levels[1:])),
              f"{name}: one heading of the page, and no level is left out", str(levels))
        silent = self.script("""return [...document.images]
            .filter(e => e.alt.length < 10).map(e => e.src)""")
        check(not silent, f"{name}: each picture has a text in its place", str(silent))
        check(self.script("return document.documentElement.lang") == "en",
              f"{name}: it has a language")
        check(not self.script("return document.scripts.length"), f"{name}: it has no script")
        unreachable = self.script("""return [...document.querySelectorAll('pre')]
            .filter(e => e.tabIndex < 0 || !e.ariaLabel).map(e => e.textContent.slice(0, 40))""")
        check(not unreachable, f"{name}: what can be scrolled is reached by keyboard, "
              "and has a name", str(unreachable))
        links = self.script("return [...document.links].map(e => e.getAttribute('href'))")
        dead = [link for link in links
                if not (self.script("return !!document.getElementById(arguments[0])", link[1:])
                        if link.startswith("#") else os.path.exists(os.path.join(folder, link)))]
        check(links and not dead, f"{name}: its {len(links)} links lead to something", str(dead))
        ids = self.script("return [...document.querySelectorAll('[id]')].map(e => e.id)")
        check(len(ids) == len(set(ids)), f"{name}: no two elements share an id", str(ids))

    def look_at_view(self, name, size, scheme):
        """One size and one set of colours."""
        self.show(size, scheme)
        view = f"{name}, {size[0]} pixels wide, {scheme}"
        # What is folded is looked at, too.
        self.script("document.querySelectorAll('details').forEach(e => { e.open = true; })")
        scroll, width, out = self.script(LOOK_AT_WIDTH)
        self.check(width == size[0] and scroll <= width and not out,
                   f"{view}: nothing is to be scrolled to the side",
                   f"{scroll} of {width}, {out[:3]}")
        faint, brightness = self.script(LOOK_AT_COLOURS, CONTRAST)
        self.check(not faint, f"{view}: all text has a contrast of {CONTRAST} at least",
                   str(faint[:5]))
        self.check(brightness > 0.8 if scheme == "light" else brightness < 0.05,
                   f"{view}: the background is {scheme}", f"{brightness:.3f}")
        self.script("document.querySelectorAll('details').forEach(e => { e.open = false; })")

    def open(self, name, folder):
        """A page, in general."""
        with open(f"{folder}/index.html", "rb") as file:
            tidy = subprocess.run(["tidy", "-errors", "-quiet", "-utf8"], stdin=file, check=False,
                                  stderr=subprocess.PIPE, text=True)
        self.check(tidy.returncode == 0, f"{name}: it is valid HTML",
                   tidy.stderr.strip().replace("\n", "; "))
        self.show(WIDE, "light")
        self.driver.get(f"file://{folder}/index.html")
        self.look_at_requests(name, folder)
        self.look_at_form(name, folder)
        for size in (WIDE, NARROW):
            for scheme in ("light", "dark"):
                self.look_at_view(name, size, scheme)
        self.show(WIDE, "light")

    def look_at_pictures(self, name, folder, wanted):
        images = self.script("""return Promise.all([...document.images].map(async e => [
            e.src, await e.decode().then(() => true, () => false),
            [e.naturalWidth, e.naturalHeight],
            [+e.getAttribute('width'), +e.getAttribute('height')]]))""")
        found = {file.rpartition("/")[2]: (decoded, tuple(size), tuple(said))
                 for file, decoded, size, said in images}
        self.check(set(found) == set(wanted), f"{name}: it has {len(wanted)} pictures",
                   str(sorted(found)))
        for file, size in wanted.items():
            self.check(found.get(file) == (True, size, size),
                       f"{name}: {file} is shown, {size[0]}x{size[1]}", str(found.get(file)))
            self.check(is_whole(f"{folder}/{file}"), f"{name}: {file} is not cut off")


def is_whole(path):
    """Whether a PNG file has its end: browsers show the beginning alone, too."""
    try:
        with open(path, "rb") as file:
            return file.read()[-8:-4] == b"IEND"
    except OSError:
        return False


def texts_of(folder, kind):
    with open(f"{folder}/demo.log", encoding="utf-8") as file:
        entries = [line.rstrip("\n").split("\t") for line in file]
    return [text for _, its, text in entries if its == kind]


def look_at_demo(browser, folder):
    """The page of the demo that was run."""
    name, check = "the page", browser.check
    browser.open(name, folder)
    browser.look_at_pictures(name, folder, PICTURES)
    good, bad = texts_of(folder, "ok"), texts_of(folder, "not ok")
    verdict = f"All of {len(good)} checks passed"
    check(good and not bad and browser.texts(".verdict") == [verdict],
          f"{name}: it says that all checks passed, and how many", str(browser.texts(".verdict")))
    shown = sorted(browser.texts("#checks ~ details li"))
    check(shown == sorted(good + texts_of(folder, "skipped")), f"{name}: it has each of the checks",
          f"{len(shown)} of {len(good)}")
    equal = browser.texts("dd .good")
    check(equal == ["They are equal."] * (len(PICTURES) + 1),
          f"{name}: it says of pictures and transcript that they are equal", str(equal))
    with open(f"{folder}/mtty.txt", encoding="utf-8") as file:
        lines = file.read().splitlines()
    excerpt = browser.texts("#serial ~ figure pre")[0].splitlines()
    check(any(line.startswith("begin /dev/ttyS") for line in excerpt)
          and excerpt == lines[:len(excerpt)],
          f"{name}: it has the beginning of the transcript", str(excerpt[:3]))
    caption = browser.texts("#serial ~ figure figcaption")[0]
    size = os.path.getsize(f"{folder}/mtty.txt")
    check(f"{len(lines)} lines" in caption and f"{size:,} bytes" in caption,
          f"{name}: it says how long the transcript is", caption)
    with open(f"{folder}/lsvfio.txt", encoding="utf-8") as file:
        text = file.read()
    check(browser.texts("#devices ~ figure pre") == [text] and text.count("qemu-system-x86") >= 3,
          f"{name}: it has the list of devices, which QEMU has open", text)
    summaries = browser.texts("#devices ~ details summary")
    check(all(any(line.startswith(f"{kind}: lsvfio ") for line in summaries)
              for kind in ("mdpy", "mbochs", "mtty")),
          f"{name}: it describes each device", str(summaries))
    typed = browser.texts("#commands ~ pre.all")[0]
    lost = [line for line in texts_of(folder, "command") if re.sub(r"\s+", "", line) not in
            re.sub(r"\\\n|\s", "", typed)]
    check(texts_of(folder, "command") and not lost,
          f"{name}: it has each command that was typed", str(lost))
    rows = browser.texts("#time ~ table tbody th")
    check(rows == texts_of(folder, "phase"), f"{name}: it has the time of each part", str(rows))
    for suffix, size, scheme in (("", WIDE, "light"), ("-dark", WIDE, "dark"),
                                 ("-narrow", NARROW, "light")):
        browser.show(size, scheme)
        browser.shoot(f"{folder}/index{suffix}.png")


def make_page(folder):
    subprocess.run([sys.executable, "-B", f"{HERE}/page.py", folder], check=True)


def look_at_failed(browser, folder, source):
    """A page about wrong pixels."""
    name = "the page of a failure"
    pictures = {"mdpy-diff.png": (1024, 768), "mdpy-memory.png": (1024, 768)}
    for file in (*PICTURES, "mtty.txt", "lsvfio.txt", "guest-console.log", "guest-qemu.log"):
        if os.path.exists(f"{source}/{file}"):
            shutil.copy(f"{source}/{file}", folder)
    # They stand for it: no pixel is wrong here.
    for file in pictures:
        shutil.copy(f"{folder}/mdpy.png", f"{folder}/{file}")
    with open(f"{source}/demo.log", encoding="utf-8") as file:
        text = file.read()
    changed = re.sub(r"\tok\t(mdpy: the display shows .*)",
                     "\tnot ok\t\\1: <wrong> & \x1b[1m\xff", text)
    with open(f"{folder}/demo.log", "w", encoding="utf-8") as file:
        file.write(changed)
    make_page(folder)
    browser.open(name, folder)
    browser.look_at_pictures(name, folder, PICTURES | pictures)
    verdict = browser.texts(".verdict.bad")
    browser.check(verdict == [f"1 of {len(texts_of(source, 'ok'))} checks failed"],
                  f"{name}: it says so first", str(verdict))
    what = browser.texts("main > section:first-child.failures li")
    end = "pixel by pixel: <wrong> & \N{REPLACEMENT CHARACTER}[1m\xff"
    browser.check(len(what) == 1 and what[0].endswith(end), f"{name}: it begins with the checks that failed", str(what))
    above = browser.script("""return [...document.querySelectorAll('.failures img')]
        .map(e => e.alt)""")
    browser.check(above == ["mdpy: wrong pixels are red", "mdpy: the picture in its memory"],
                  f"{name}: wrong pixels are shown there", str(above))
    browser.check(browser.texts("dd .bad") == ["They are not equal, see above."],
                  f"{name}: it does not say of that picture that it is equal")
    browser.shoot(f"{source}/index-failed.png")


def look_at_empty(browser, folder):
    """A page about a demo that came to nothing."""
    name = "the page of a VM that broke down"
    with open(f"{folder}/demo.log", "w", encoding="utf-8") as file:
        file.write("10\tphase\tboot\n12.5\tnot ok\tthe VM comes to its end\n13\tend\t\n")
    make_page(folder)
    browser.open(name, folder)
    browser.look_at_pictures(name, folder, {})
    what = browser.texts("main > section:first-child.failures li")
    browser.check(what == ["the VM comes to its end"], f"{name}: it begins with that")
    browser.check(not browser.texts("dd .good"), f"{name}: it says of nothing that it is equal")


def start():
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for option in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage",
                   "hide-scrollbars", "disable-background-networking", "disable-component-update", "no-first-run"):
        options.add_argument(f"--{option}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))


def main():
    folder, failed, empty = sys.argv[1:]
    # By which the browser is talked to; there is no other network.
    with socket.socket() as sock:
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    count = Count()
    driver = start()
    try:
        browser = Browser(driver, count.check)
        look_at_demo(browser, folder)
        look_at_failed(browser, failed, folder)
        look_at_empty(browser, empty)
    finally:
        driver.quit()
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
