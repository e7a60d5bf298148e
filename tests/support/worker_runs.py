"""Runs isolated tests in a process of their own, reads their verdicts, and interrupts them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

from support import TIMEOUT, Folder, package_folder

SLOW = """
    import time, unittest
    from hermetic import isolated
    class T(unittest.TestCase):
        @isolated
        def test_1(self): pass
        @isolated
        def test_2(self):
            open("started", "w").close()
            time.sleep(60)
        @isolated
        def test_3(self): pass
"""


def verdicts(shown: str) -> dict[str, str]:
    """Of a verbose run, by name of the test."""
    return dict(re.findall(r"^(test_\w+) \(.*?\) \.\.\. (?:.*\n)*?(ok|FAIL|ERROR|skipped '.*')$", shown, re.MULTILINE))


def interrupted(environment) -> tuple[str, int]:  # type: ignore[no-untyped-def]
    """What a run shows, and its exit status, that gets Ctrl-C in its second test."""
    with Folder(**{"test_slow.py": SLOW}) as folder:
        with subprocess.Popen(
            [sys.executable, "-m", "hermetic", "-v", "test_slow"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": package_folder(), **environment(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - one thread
        ) as process:
            try:
                while not os.path.exists(os.path.join(folder, "started")):
                    time.sleep(0.05)
                process.send_signal(signal.SIGINT)
                return process.communicate(timeout=TIMEOUT)[1], process.returncode
            finally:
                process.kill()
