"""A run that is killed by a signal ends by that signal, and leaves no files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import unittest

from hermetic import medium
from support import TIMEOUT, Folder, not_inherited, package_folder, posix_only, some_pythons_do

setUpModule = some_pythons_do

_TESTS = """
    import os, subprocess, sys, time, unittest
    import hermetic

    @hermetic.medium
    class SampleTest(unittest.TestCase):
        def test_slow(self):
            subprocess.run([sys.executable, "-c", "pass"], check=True)
            open("started", "w").close()
            time.sleep(100)
"""


@medium
@posix_only("such signals")
class KilledRunTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):  # a child ignores the signals that its parent ignores, as those of nohup do
        cls.addClassCleanup(signal.signal, signal.SIGHUP, signal.signal(signal.SIGHUP, signal.SIG_DFL))

    def started(self, folder, *arguments):
        env = {**os.environ, "PYTHONPATH": package_folder(), "TMPDIR": os.path.join(folder, "tmp")}
        os.mkdir(env["TMPDIR"])
        command = [sys.executable, "-m", "hermetic", *arguments, "test_sample"]
        with not_inherited():
            run = subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.DEVNULL)
        self.addCleanup(run.kill)
        while not os.path.exists(os.path.join(folder, "started")):
            self.assertIsNone(run.poll())
            time.sleep(0.02)
        return run

    def assert_empty(self, folder):
        deadline = time.monotonic() + TIMEOUT
        while left := os.listdir(folder):
            self.assertLess(time.monotonic(), deadline, left)
            time.sleep(0.02)

    def assert_leaves_nothing(self, number, *arguments):
        with self.subTest(signal=number, arguments=arguments), Folder(**{"test_sample.py": _TESTS}) as folder:
            run = self.started(folder, *arguments)
            self.assertTrue(os.listdir(os.path.join(folder, "tmp")))
            run.send_signal(number)
            self.assertEqual(-number, run.wait(TIMEOUT))
            self.assert_empty(os.path.join(folder, "tmp"))

    def test_by_any_signal(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
            self.assert_leaves_nothing(number)

    def test_with_workers(self):
        for arguments in (("--isolated",), ("-j", "2")):
            self.assert_leaves_nothing(signal.SIGTERM, *arguments)


if __name__ == "__main__":
    unittest.main()
