"""Takes the picture in the README: a real terminal, in which the sandbox is deployed to and signed in to.

    python3 -m venv venv && venv/bin/pip install -r examples/sandbox/picture-requirements.txt
    cargo build --release && venv/bin/python examples/sandbox/picture.py target/release examples/sandbox/picture.svg

A shell runs in a pseudo-terminal, a person's lines are typed into it when it is ready for them, and what the terminal shows in
the end is drawn. Nothing of it is made up.
"""

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import sys
import tempfile
import termios
import time

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

COLUMNS, ROWS = 100, 42
PATIENCE = 60
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
SHELL = """
PS1='$ '
sftp() { command sftp -o UserKnownHostsFile="$HOME/known_hosts" -o PreferredAuthentications=password "$@"; }
echo 'all is well' > report.txt
"""


class Terminal:
    """A shell in a pseudo-terminal, and what it shows."""

    def __init__(self, programs, home):
        rc = os.path.join(home, "rc")
        with open(rc, "w") as file:
            file.write(SHELL)
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        environment = {"HOME": home, "PATH": f"{os.path.abspath(programs)}:{os.environ['PATH']}", "TERM": "xterm-256color"}
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.chdir(home)
            os.execvpe("bash", ["bash", "--noprofile", "--rcfile", rc, "-i"], environment)
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    def wait(self, ready):
        """Reads until the line with the cursor matches, and nothing more comes."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if select.select([self.file], [], [], 0.5)[0]:
                # The emulator knows no dim text; terminals show it as grey.
                self.stream.feed(os.read(self.file, 65536).replace(b"\x1b[2m", b"\x1b[90m"))
            elif re.search(ready, self.screen.display[self.screen.cursor.y].rstrip()):
                return
        raise SystemExit("\n".join(["waited in vain for " + ready, *self.lines()]))

    def type(self, text, ready):
        os.write(self.file, text.encode() + b"\n")
        self.wait(ready)

    def drawn(self):
        """The screen, as SVG."""
        console = Console(width=COLUMNS, record=True, file=open(os.devnull, "w"), color_system="truecolor", force_terminal=True)
        last = max(number for number, line in enumerate(self.lines()) if line)
        for number in range(last + 1):
            text = Text()
            for column in range(COLUMNS):
                cell = self.screen.buffer[number][column]
                text.append(cell.data, Style(color=colour(cell.fg), bold=cell.bold))
            text.rstrip()
            console.print(text, no_wrap=True)
        svg = console.export_svg(title="sftp-okta in the sandbox")
        # A picture asks nobody for fonts.
        svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
        return re.sub(r"font-family: Fira Code, monospace", f"font-family: {FONTS}", svg)


def colour(name):
    names = {"default": None, "brown": "yellow", "brightblack": "bright_black"}
    name = names.get(name, name)
    return f"#{name}" if name and re.fullmatch(r"[0-9a-f]{6}", name) else name


def main(programs, picture):
    home = tempfile.mkdtemp(prefix="sftp-okta-")
    terminal = Terminal(programs, home)
    try:
        terminal.wait(r"^\$$")
        terminal.type("sftp-okta deploy --sandbox --yes", r"^\$$")
        port = re.search(r"sftp -P (\d+) alice", "\n".join(terminal.lines())).group(1)
        terminal.type(f"sftp -P {port} alice@127.0.0.1", r"\(yes/no/\[fingerprint\]\)\?$")
        terminal.type("yes", r"password:$")
        for line in ["alice-password", "put report.txt", "ls -l"]:
            terminal.type(line, r"^sftp>$")
        terminal.type("exit", r"^\$$")
        svg = terminal.drawn()
        terminal.type("sftp-okta sandbox stop", r"^\$$")
    finally:
        os.close(terminal.file)
        os.waitpid(terminal.pid, 0)
        shutil.rmtree(home)
    with open(picture, "w") as file:
        file.write(svg)


if __name__ == "__main__":
    main(*sys.argv[1:])
