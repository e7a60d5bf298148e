"""A module with a main function that runs its own tests."""

import unittest


class MainTest(unittest.TestCase):
    def test_main(self):
        pass


if __name__ == "__main__":
    unittest.main()
