# SPDX-License-Identifier: GPL-2.0-only
"""How Sphinx makes HTML of this folder: make htmldocs."""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

project = "softpci"
version = re.search(r'^PACKAGE_VERSION="(.*)"', (HERE.parent / "dkms.conf").read_text(),
                    re.MULTILINE)[1]
release = version

extensions = ["registers", "attributes", "commands", "mentions"]
language = "en"
highlight_language = "none"
smartquotes = False
nitpicky = True

html_theme = "alabaster"
html_theme_options = {
    "description": "virtual PCI devices for VFIO",
    "page_width": "70em",
    "sidebar_width": "15em",
    "fixed_sidebar": True,
    "show_powered_by": False,
}
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
