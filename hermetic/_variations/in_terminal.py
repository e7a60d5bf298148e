"""A program that runs a command with a terminal as its standard files, and prints what it prints."""

from __future__ import annotations

import os
import pty
import struct
import sys

_ROWS, _COLUMNS = 24, 80


def run_in_terminal(words: list[str]) -> int:
    """Run a command, and return its exit status."""
    import fcntl
    import termios

    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        os.execvp(words[0], words)
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the command has closed the terminal
            break
        if not data:
            break
        os.write(1, data)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 0xFF


if __name__ == "__main__":
    sys.exit(run_in_terminal(sys.argv[1:]))
