"""The terminal summary of pytest has the findings of all items, those of xdist workers included."""

from __future__ import annotations

import unittest

from hermetic import medium
from support.hosts import installed
from support.pytest_runs import run_pytest

FILES = {
    "test_summary.py": """
        import subprocess
        import hermetic

        @hermetic.small
        def test_a(): subprocess.run(["true"])

        @hermetic.small
        def test_b(): subprocess.run(["false"])
    """
}
SUMMARY = ("violations: H003 subprocess: 2 in 2 tests", '  test_summary.test_a started "true" (test_summary.py:5)')


@installed("pytest", "pytest")
class TerminalFindingsTest(unittest.TestCase):
    @medium
    def test_violations_by_code(self) -> None:
        run = run_pytest(FILES)
        for line in SUMMARY:
            self.assertIn(line, run.output)
        self.assertEqual({"test_a", "test_b"}, run.named("ERROR"))

    @medium
    @installed("xdist", "pytest-xdist")
    def test_violations_of_workers(self) -> None:
        run = run_pytest(FILES, "-n", "2")
        for line in SUMMARY:
            self.assertIn(line, run.output)
        self.assertEqual({"test_a", "test_b"}, run.named("ERROR"))

    @medium
    def test_warnings(self) -> None:
        run = run_pytest(FILES, "--hermetic-mode=warn")
        self.assertIn("warnings: H003 subprocess: 2 in 2 tests", run.output)
        self.assertIn("HermeticWarning: [H003] subprocess violation: small test test_summary.test_a", run.output)
        self.assertEqual({"test_a", "test_b"}, run.named("PASSED"))

    @medium
    def test_baseline(self) -> None:
        known = "H003 test_summary.test_a true\nH003 test_summary.test_b gone\n"
        run = run_pytest({**FILES, "hermetic-baseline.txt": known, "setup.cfg": "[tool:hermetic]\nmode = strict\n"})
        self.assertEqual({"test_b"}, run.named("ERROR"), run.output)
        self.assertIn("baseline: 1 known violation in 1 test", run.output)

    @medium
    def test_nothing_is_said_without_findings(self) -> None:
        run = run_pytest({"test_a.py": "import hermetic\n@hermetic.small\ndef test_a(): pass"})
        self.assertNotIn("= hermetic =", run.output)
        self.assertEqual(0, run.status, run.output)
