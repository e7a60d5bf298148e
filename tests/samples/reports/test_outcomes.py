"""Every outcome that a test can have, in this process and in others."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import unittest
import warnings

from hermetic import isolated, medium, small

HOSTILE = "]]></failure><script>alert(1)</script><!-- \x00\x07\x1b[2J\x1b]0;x\x07\udc80\ufffe\u202e ::error::x\r\n::error::y"


class OutcomesTest(unittest.TestCase):
    def test_passes(self):
        time.sleep(0.05)

    def test_fails(self):
        self.assertEqual(1, 2)

    def test_has_an_error(self):
        raise KeyError("missing")

    @unittest.skip("not today")
    def test_is_skipped(self):
        pass

    @unittest.expectedFailure
    def test_fails_as_expected(self):
        self.fail("as expected")

    @unittest.expectedFailure
    def test_passes_unexpectedly(self):
        pass

    def test_has_subtests(self):
        for number in range(4):
            with self.subTest("number", number=number):
                if number == 1:
                    self.fail("one")
                if number == 2:
                    raise ValueError("two")
                if number == 3:
                    self.skipTest("three")

    def test_fails_twice(self):
        self.addCleanup(lambda: 1 / 0)
        self.fail("in its body")

    def test_prints(self):
        print("to stdout")
        print("to stderr", file=sys.stderr)

    def test_warns(self):
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    def test_is_hostile(self):
        with self.subTest(HOSTILE):
            print(HOSTILE.encode("utf-8", "replace").decode())
            self.fail(HOSTILE)


class SizesTest(unittest.TestCase):
    @small
    def test_swallows(self):
        with contextlib.suppress(Exception), socket.socket() as client:
            client.connect(("127.0.0.1", 9))

    @small
    def test_starts_a_process(self):
        subprocess.run(["git", "--version"], check=True)

    @medium
    def test_is_medium(self):
        pass


class FixtureTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError("no set-up")

    def test_never_runs(self):
        pass


@isolated
class IsolatedTest(unittest.TestCase):
    def test_exits(self):
        os._exit(3)

    def test_leaks(self):
        os.environ["LEAKED"] = "1"

    def test_takes_its_time(self):
        time.sleep(0.05)
        print("from the worker")


class GroupTest(unittest.TestCase):
    @isolated(group="db")
    def test_fails_there(self):
        self.fail("in the worker")

    @isolated(group="db")
    def test_is_in_the_same(self):
        warnings.warn("from the worker", UserWarning, stacklevel=1)
