import socket
import subprocess
import sys

import hermetic
from hermetic import HermeticTestCase, NetworkViolationError, allow


class ExceptionsTest(HermeticTestCase):
    @allow(processes=["python*"])  # a small test, with one named exception
    def test_version(self):
        output = subprocess.check_output([sys.executable, "--version"], text=True)
        self.assertIn("Python 3.", output)

    def test_only_here(self):
        with allow(processes=["python*"]):
            subprocess.run([sys.executable, "-c", "pass"], check=True)

    def test_is_refused(self):  # the violation is what this test is about
        with self.assertViolation(NetworkViolationError) as caught:
            socket.getaddrinfo("releases.example", 443)
        self.assertEqual(caught.error.violation.code, "H001")


if __name__ == "__main__":
    hermetic.main()
