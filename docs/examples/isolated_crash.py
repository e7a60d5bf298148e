import ctypes
import os
import unittest

import hermetic
from hermetic import isolated


class ParserTest(unittest.TestCase):
    @isolated(timeout=30)  # a process of its own, and 30 seconds
    def test_crash(self):
        ctypes.string_at(0)

    def test_next(self):  # in the process of the run, which is still there
        self.assertNotIn("HERMETIC_ISOLATED", os.environ)


if __name__ == "__main__":
    hermetic.main()
