import os
import unittest

import hermetic
from hermetic import isolated

names: list[str] = []  # what tests should not share, but these do


@isolated  # on a class: one process for its tests and fixtures
class DatabaseTest(unittest.TestCase):
    rows: list[str]

    @classmethod
    def setUpClass(cls):
        cls.rows = []  # made once, in that process
        print("set up with HERMETIC_ISOLATED =", os.environ.get("HERMETIC_ISOLATED"))

    @classmethod
    def tearDownClass(cls):
        print("torn down with", cls.rows)

    def test_1_insert(self):
        self.rows.append("first")

    def test_2_count(self):
        self.assertEqual(len(self.rows), 1)


class RegistryTest(unittest.TestCase):
    @isolated("registry", timeout=60)  # with a name: one process for all tests of that name
    def test_1_register(self):
        names.append("parser")

    @isolated("registry", timeout=60)
    def test_2_registered(self):
        self.assertEqual(names, ["parser"])

    @isolated  # on a method: a process for this test alone
    def test_3_alone(self):
        self.assertEqual(names, [])

    def test_4_not_isolated(self):
        self.assertEqual(names, [])


if __name__ == "__main__":
    hermetic.main(verbosity=2)
