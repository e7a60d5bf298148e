"""Tests whose order by duration is certain."""

import time
import unittest


class SlowTest(unittest.TestCase):
    def test_fast(self):
        pass

    def test_quick(self):
        pass

    def test_rapid(self):
        pass

    def test_slow(self):
        time.sleep(0.05)

    def test_slower(self):
        time.sleep(0.2)
