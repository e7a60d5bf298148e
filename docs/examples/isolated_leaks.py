import os
import signal
import tempfile
import unittest

import hermetic
from hermetic import isolated


class ReportTest(unittest.TestCase):
    @isolated
    def test_leaves_things(self):
        os.environ["REPORT_FORMAT"] = "html"
        signal.signal(signal.SIGTERM, lambda *_: None)
        with open(os.path.join(tempfile.gettempdir(), "report.html"), "w") as file:
            file.write("<p>")

    @isolated
    def test_cleans_up(self):
        with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, "report.html"), "w") as file:
            file.write("<p>")


if __name__ == "__main__":
    hermetic.main()
