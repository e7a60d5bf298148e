"""Commands in the foreground: they end with the program that runs them, whatever ends that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import unittest

import support
from hermetic import medium
from hermetic._running import foreground
from support import Folder

TIMEOUT = 60
TESTS = """
    import time, unittest

    class WaitingTest(unittest.TestCase):
        def test_it(self):
            print("waiting", flush=True)
            time.sleep(600)
"""
setUpModule = support.some_pythons_do


@medium
@unittest.skipIf(sys.platform == "win32", "there are no such signals")
class EndTest(unittest.TestCase):
    def end(self, number, *options):
        """Have a signal end a program while its test runs; return its status and its temporary files."""
        with Folder(**{"test_it.py": TESTS}) as folder, Folder() as temporary:
            words = [sys.executable, "-m", "hermetic", "test_it", *options]
            environ = {**os.environ, "PYTHONPATH": support.ROOT, "TMPDIR": temporary}
            process = subprocess.Popen(
                words, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            with process:
                self.assertEqual(process.stdout.readline(), "waiting\n")
                process.send_signal(number)
                process.communicate(timeout=TIMEOUT)  # the output ends when no process is left
            return process.returncode, os.listdir(temporary)

    def test_what_the_program_runs_is_told_to_end(self):
        for options in (["--repeat", "2"], ["--watch"], ["--vary-only", "hash-seed=1"]):
            for name in ("SIGTERM", "SIGHUP"):
                with self.subTest(options, signal=name):
                    number = getattr(signal, name)
                    self.assertEqual(self.end(number, *options), (128 + number, []))

    @unittest.skipUnless(sys.platform == "linux", "other kernels tell no process that its parent has ended")
    def test_it_ends_with_a_program_that_is_killed(self):
        self.assertEqual(self.end(signal.SIGKILL, "--repeat", "2")[0], -signal.SIGKILL)

    def test_a_signal_that_is_ignored_stays_so(self):
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        with foreground.ended_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            self.assertEqual(signal.getsignal(signal.SIGHUP), signal.SIG_IGN)
