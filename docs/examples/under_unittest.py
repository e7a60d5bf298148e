import socket
import subprocess
import sys
import unittest

from hermetic import medium, small


class VersionTest(unittest.TestCase):  # any unittest class, any runner
    @small
    def test_sum(self):
        self.assertEqual(sum([1, 2]), 3)

    @medium
    def test_child(self):
        subprocess.run([sys.executable, "-c", "pass"], check=True)

    @medium
    def test_release_server(self):
        socket.getaddrinfo("releases.example", 443)

    def test_unmarked(self):  # no size: left alone
        subprocess.run([sys.executable, "-c", "pass"], check=True)


if __name__ == "__main__":
    unittest.main()
