#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Types lines and TAB into a bash, and prints the lines that its readline makes of them.

complete.py COMPLETION FOLDER < LINES

Each line of standard input is typed into an interactive bash in FOLDER, with TAB for "^I",
and printed as bash would run it: each word in brackets.
"""
import os
import pty
import sys

RC = r"""
PS1= PS2=
bind 'set bell-style none' 'set enable-bracketed-paste off' 'set completion-query-items 0'
bind 'set page-completions off' 'set show-all-if-ambiguous off'
source {completion}
lsvfio() {{ printf 'run'; printf ' [%s]' "$@"; echo; }}
cd {folder}
echo ready
"""


def find(fd, start):
    """The line of output that begins so, after which bash waits again."""
    text = b""
    while True:
        text += os.read(fd, 4096)
        for line in text.split(b"\n")[:-1]:
            at = line.rfind(start)
            if at >= 0:
                return line[at:].strip().decode()


def main():
    completion, folder = sys.argv[1:]
    rc = os.path.join(folder, ".rc")
    with open(rc, "w", encoding="utf-8") as file:
        file.write(RC.format(completion=completion, folder=folder))
    pid, fd = pty.fork()
    if not pid:
        os.environ.update(TERM="dumb", INPUTRC="/dev/null", HISTFILE="")
        os.execvp("bash", ["bash", "--noprofile", "--rcfile", rc, "-i"])
    find(fd, b"ready")
    for line in sys.stdin:
        os.write(fd, line.replace("^I", "\t").encode())
        print(find(fd, b"run ["), flush=True)
    os.write(fd, b"exit\n")
    os.waitpid(pid, 0)


main()
