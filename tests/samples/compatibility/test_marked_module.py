import unittest

from hermetic import medium, small
from scenarios import Scenarios, start_process

__hermetic__ = small


class MarkedModuleTest(Scenarios, unittest.TestCase):
    @medium
    def test_clean_medium(self):
        start_process()
