"""Runs of hermetic on a terminal of their own."""

from __future__ import annotations

import os
import re
import select
import shutil
import struct
import subprocess
import sys
import time
import unittest

import support
from support import TIMEOUT, not_inherited, package_folder

ROWS = 24
ON_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
pid = os.fork()  # the terminal goes with the leader of its session
if pid:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        signal.pause()
    sys.exit(os.waitstatus_to_exitcode(status))
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@support.posix_only("terminals that a program makes for another")
class TerminalCase(unittest.TestCase):
    def start(self, folder, *arguments, **variables):
        """Start a run on a terminal of its own; the process, and the other end of the terminal."""
        import fcntl  # not on Windows
        import termios

        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, 80, 0, 0))
        measuring = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": package_folder(), "TERM": "xterm"}
        command = [sys.executable, "-c", ON_TERMINAL, "-m", "hermetic", *arguments]
        with not_inherited():
            process = subprocess.Popen(
                command,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
                cwd=folder,
                env={**environment, **measuring, **variables},
            )
        os.close(theirs)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(os.close, ours)
        return process, ours

    def read(self, terminal, until=None, seconds=TIMEOUT):
        """What the terminal was sent, until that, or until nobody is left to send anything."""
        text, deadline = "", time.monotonic() + seconds
        while (until is None or until not in text) and time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    text += os.read(terminal, 65536).decode()
                except OSError:  # the end of a terminal
                    break
        return text

    def run_on_terminal(self, folder, *arguments, answers=(), prompt="(Pdb) ", **variables):
        """What a run shows, and its status.

        Args:
            answers: what is typed at each prompt, in this order.
        """
        process, terminal = self.start(folder, *arguments, **variables)
        text = ""
        for answer in answers:
            text += self.read(terminal, until=prompt)
            os.write(terminal, f"{answer}\n".encode())
        text += self.read(terminal)
        return text, process.wait(TIMEOUT)


@unittest.skipUnless(shutil.which("tmux"), "needs tmux")
class TmuxCase(unittest.TestCase):
    folder: str  # where the socket of tmux is

    def tmux(self, *arguments):
        """Run a command of tmux, on a server of its own."""
        with not_inherited():
            command = ["tmux", "-f", os.devnull, "-S", os.path.join(self.folder, "socket"), *arguments]
            return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)

    def wait_for(self, pattern):
        """Wait until the screen matches a pattern, and return its text."""
        deadline = time.monotonic() + TIMEOUT
        while not re.search(pattern, screen := self.tmux("capture-pane", "-p").stdout):
            self.assertLess(time.monotonic(), deadline, screen)
            time.sleep(0.05)
        return screen
