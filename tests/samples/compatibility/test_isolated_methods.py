import ctypes
import os
import sys
import time
import unittest

from hermetic import isolated, small
from isolation_notes import note
from scenarios import start_process, swallow


class MethodsTest(unittest.TestCase):
    @isolated
    def test_passes(self):
        note("method")

    @isolated
    def test_passes_alone(self):
        note("method")

    @isolated
    def test_passes_subtests(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertLess(number, 3)

    @isolated
    def test_fails_in_a_subtest(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertNotEqual(1, number)

    @isolated
    def test_prints_and_fails(self):
        print("printed to stdout")
        print("printed to stderr", file=sys.stderr)
        os.write(1, b"written to 1\n")
        self.assertEqual(1, 2)

    @isolated
    def test_errs(self):
        raise ValueError("broken")

    @isolated
    def test_skips(self):
        self.skipTest("for a reason")

    @isolated
    @unittest.skip("by a decorator")
    def test_skips_by_decorator(self):
        note("skipped")

    @isolated
    def test_exits(self):
        os._exit(0)

    @isolated
    def test_segfaults(self):
        ctypes.string_at(0)

    @isolated(timeout=1)
    def test_hangs(self):
        time.sleep(60)

    @isolated
    @small
    def test_violates(self):
        start_process()

    @isolated
    @small
    def test_violates_and_swallows(self):
        swallow()
