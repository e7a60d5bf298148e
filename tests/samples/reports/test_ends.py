"""Tests that skip their subtests, and tests that end their worker, or the wait for it."""

import os
import time
import unittest

from hermetic import isolated


class SkippingTest(unittest.TestCase):
    def skip_in(self, *numbers, of=2):
        for number in range(of):
            with self.subTest(number=number):
                if number in numbers:
                    self.skipTest(f"no database {number}")

    def test_all(self):
        self.skip_in(0, 1)

    def test_some(self):
        self.skip_in(1)

    def test_nested(self):
        with self.subTest("around"):
            self.skip_in(0, 1)

    def test_some_and_one_fails(self):
        self.skip_in(0)
        with self.subTest("other"):
            self.fail("fails")

    def test_all_and_itself(self):
        self.skip_in(0, 1)
        self.skipTest("nothing left")


class DyingTest(unittest.TestCase):
    @isolated(timeout=0.8)
    def test_times_out(self):
        time.sleep(30)

    @isolated
    def test_crashes(self):
        time.sleep(0.2)
        os.abort()

    @isolated
    def test_exits(self):
        time.sleep(0.2)
        os._exit(0)

    @isolated
    def test_interrupts(self):
        time.sleep(0.2)
        raise KeyboardInterrupt

    @isolated
    def test_passes(self):
        time.sleep(0.2)


@isolated("group")
class DyingInAGroupTest(unittest.TestCase):
    def test_a_passes(self):
        time.sleep(0.2)

    def test_b_crashes(self):
        time.sleep(0.2)
        os.abort()

    def test_c_passes(self):
        time.sleep(0.2)


@isolated
class DyingInSetUpClassTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        time.sleep(0.2)
        os.abort()

    def test_never_begins(self):
        pass
