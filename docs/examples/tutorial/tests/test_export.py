import subprocess
import sys
import unittest


class ExportTest(unittest.TestCase):
    def test_prints_a_table(self):
        table = subprocess.check_output([sys.executable, "-m", "shop.export"], text=True)
        self.assertEqual(table.splitlines()[0], "number;price")
