"""Whether the kernel sandbox is available, and what a run does without it."""

from __future__ import annotations

import errno
import subprocess
from unittest import mock

import support
from hermetic import HermeticTestCase, medium
from hermetic._sandbox import availability
from support.sandbox_runs import HEAD, needs_a_sandbox, run, verdicts

setUpModule = support.some_pythons_do

INNER_RUN = """
INNER = [sys.executable, "-m", "hermetic", "--sandbox", "kernel", "unittest"]
class Outer(unittest.TestCase):
    @medium
    def test_inner(self): print(subprocess.run(INNER, capture_output=True).stderr.decode())
"""


UNKNOWN_MACHINE = """
from hermetic._sandbox import call_numbers as syscalls
syscalls.MACHINES.clear()
class Case(unittest.TestCase):
    @isolated(sandbox="kernel")
    @small
    def test_must(self): pass
    @isolated(sandbox="auto")
    @small
    def test_may(self): pass
"""


@medium
class AvailabilityTest(HermeticTestCase):
    def run_where(self, broken: str, *options: str) -> subprocess.CompletedProcess[str]:
        """A run of a harmless suite on a machine that lacks something."""
        text = (
            "import hermetic, unittest\n@hermetic.small\nclass Case(unittest.TestCase):\n    def test_it(self): pass\n"
        )
        start = f"import sys; {broken}; from hermetic._program.cli import main; main()"
        with support.Folder(**{"test_it.py": text}) as folder:
            return support.run_python("-c", start, *options, "test_it", cwd=folder)

    def test_what_is_missing_is_said_and_how_to_go_on(self):
        done = self.run_where("from hermetic._base import features; features.LINUX = False", "--sandbox", "kernel")
        self.assertEqual(done.returncode, 2)
        self.assertIn("the kernel sandbox is not available here: it runs on Linux only", done.stderr)
        self.assertIn("sandbox = off", done.stderr)

    @support.linux_only("a kernel sandbox")
    def test_an_unknown_machine_is_named_as_one(self):
        broken = "from hermetic._sandbox import call_numbers; call_numbers.MACHINES.clear()"
        self.assertIn("it supports 64-bit Python", self.run_where(broken, "--sandbox", "kernel").stderr)

    def test_auto_says_in_one_line_why_it_is_off(self):
        done = self.run_where("from hermetic._base import features; features.LINUX = False", "--sandbox", "auto")
        self.assertEqual((done.returncode, done.stderr.count("sandbox:")), (0, 1))
        self.assertIn("sandbox: off, because it runs on Linux only", done.stderr)

    @needs_a_sandbox
    def test_a_sandbox_within_a_sandbox_is_refused_with_its_reason(self):
        text = HEAD + INNER_RUN
        self.assertIn("already runs in such a sandbox", run(text, "--sandbox", "kernel").stdout)

    @support.linux_only("forked workers")
    def test_a_test_that_must_be_sandboxed_and_cannot_is_an_error_of_its_own(self):
        text = HEAD + UNKNOWN_MACHINE
        done = run(text)
        self.assertEqual(verdicts(done), {"must": "ERROR", "may": "ok"})
        self.assertIn("[H007] the kernel sandbox is not available here", done.stderr)


@medium
@support.linux_only("a kernel sandbox")
class MissingTest(HermeticTestCase):
    def missing(self) -> str:
        return availability.missing.__wrapped__()

    def test_nothing_is_missing_or_a_reason_is_given(self):
        self.assertEqual(self.missing(), availability.missing())

    def test_a_kernel_that_refuses_is_the_reason(self):
        for number, reason in ((errno.ENOSYS, "no seccomp"), (errno.EINVAL, "Linux 5.5"), (errno.EBUSY, "already")):
            refused = mock.patch("hermetic._sandbox.seccomp.enter_filter", side_effect=OSError(number, ""))
            with self.subTest(number=number), refused:
                self.assertIn(reason, self.missing())

    def test_a_process_that_cannot_be_forked_is_the_reason(self):
        with mock.patch("hermetic._base.system.fork", side_effect=OSError(errno.EAGAIN, "no more processes")):
            self.assertIn("a trial failed", self.missing())
