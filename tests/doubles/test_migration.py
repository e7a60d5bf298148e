"""Each row of the migration table in docs/how-to/mock-subprocess.md works."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
from unittest import mock

from hermetic import HermeticTestCase, SubprocessMock, SubprocessViolationError, UnmockedInteractionError
from support.conformance import TERMINATED

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(HERE, "..", "..", "docs", "how-to", "mock-subprocess.md")
ROWS: dict[str, str] = {}  # what is written elsewhere: the name of the test


def row(elsewhere: str):
    """Mark a test as that of a row."""

    def decorate(function):
        ROWS[elsewhere] = function.__name__
        return function

    return decorate


def rows_of_the_page() -> list[str]:
    with open(PAGE, encoding="utf-8") as file:
        section = file.read().partition("## Migrate from other doubles\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [line.split("`")[1] for line in lines]


class PageTest(HermeticTestCase):
    def test_every_row_has_its_test_and_the_other_way_round(self):
        self.assertEqual(sorted(rows_of_the_page()), sorted(ROWS))


class TripwireTest(HermeticTestCase):
    @row('tripwire.subprocess.mock_run(["git"], returncode=1)')
    def test_mock_run(self):
        self.subprocess.mock_run(["git"], returncode=1)
        self.assertEqual(subprocess.call(["git"]), 1)

    @row('mock_run(["git"], raises=OSError())')
    def test_raises(self):
        self.subprocess.mock_run(["git"], raises=OSError())
        with self.assertRaises(OSError):
            subprocess.run(["git"])

    @row('mock_run(["git"], required=False)')
    def test_required(self):
        self.subprocess.mock_run(["git"], required=False)

    @row('assert_run(command=["git"], returncode=0, stdout="", stderr="")')
    def test_assert_run(self):
        self.subprocess.mock_run(["git"])
        subprocess.run(["git"])
        self.subprocess.assert_run(command=["git"], returncode=0, stdout="", stderr="")

    @row('mock_which("git", returns="/usr/bin/git")')
    def test_mock_which(self):
        self.subprocess.mock_which("git", returns="/usr/bin/git")
        self.assertEqual(shutil.which("git"), "/usr/bin/git")
        self.subprocess.assert_which(name="git", returns="/usr/bin/git")

    @row("tripwire.subprocess.install()")
    def test_install(self):
        self.subprocess.install()
        self.subprocess.assert_not_called()

    @row("with tripwire:")
    def test_block(self):
        with SubprocessMock(strict=True) as sp:
            sp.mock_run(["git"])
            subprocess.run(["git"])
            sp.assert_run(["git"])

    @row("with verifier.in_any_order():")
    def test_any_order(self):
        self.subprocess.any_order = True
        self.subprocess.mock_run(["a"])
        self.subprocess.mock_run(["b"])
        subprocess.run(["b"])
        subprocess.run(["a"])

    @row('tripwire.popen.new_session().expect("spawn", ...)')
    def test_popen_session(self):
        self.subprocess.mock_run(["git", ...], stdout="out", returncode=2)
        with subprocess.Popen(["git", "log"], stdout=subprocess.PIPE) as popen:
            self.assertEqual((popen.communicate(), popen.returncode), ((b"out", None), 2))


class PytestSubprocessTest(HermeticTestCase):
    @row('fp.register(["git", "branch"], stdout="main")')
    def test_register(self):
        self.subprocess.mock_run(["git", "branch"], stdout="main")
        self.assertEqual(subprocess.check_output(["git", "branch"]), b"main")

    @row('fp.register(["git", fp.any()])')
    def test_any(self):
        self.subprocess.mock_run(["git", ...])
        subprocess.run(["git", "log", "-1"])

    @row('fp.register(["git", fp.any(min=1, max=1)])')
    def test_any_one(self):
        self.subprocess.mock_run(["git", mock.ANY])
        subprocess.run(["git", "log"])

    @row('fp.register([fp.program("git"), "log"])')
    def test_program(self):
        self.subprocess.mock_run([re.compile("(.*/)?git"), "log"])
        subprocess.run(["/usr/bin/git", "log"])

    @row('fp.register(["git"], occurrences=3)')
    def test_occurrences(self):
        self.subprocess.mock_run(["git"], times=3)
        self.assertEqual([subprocess.call(["git"]) for _ in range(3)], [0, 0, 0])

    @row("fp.keep_last_process(True)")
    def test_keep_last_process(self):
        self.subprocess.mock_run(["git"], times=None)
        self.assertEqual([subprocess.call(["git"]) for _ in range(5)], [0] * 5)

    @row('fp.register(["git"], wait=30)')
    def test_wait(self):
        self.subprocess.mock_run(["git"], duration=30)
        with self.assertRaises(subprocess.TimeoutExpired):
            subprocess.run(["git"], timeout=10)

    @row('fp.register(["git"], callback=function)')
    def test_callback(self):
        def child(process):
            return len(process.args)

        self.subprocess.mock_run(["git"], side_effect=child)
        self.assertEqual(subprocess.call(["git"]), 1)

    @row('fp.register(["tr"], stdin_callable=function)')
    def test_stdin_callable(self):
        self.subprocess.mock_run(["tr"], side_effect=lambda child: child.stdout.write(child.stdin.read().upper()) * 0)
        self.assertEqual(subprocess.check_output(["tr"], input=b"a"), b"A")

    @row('fp.register(["git"], signal_callback=function)')
    def test_signal_callback(self):
        self.subprocess.mock_run(["server"], duration=math.inf)
        with subprocess.Popen(["server"]) as popen:
            popen.terminate()
        self.assertEqual(popen.returncode, TERMINATED)

    @row("fp.pass_command(...), fp.allow_unregistered(True)")
    def test_pass_command(self):
        self.subprocess.allow(["git", ...])
        with self.assertViolation(SubprocessViolationError):  # it is real, and the test small
            subprocess.run(["git", "--version"])

    @row("fp.calls, fp.call_count(...), process.calls")
    def test_calls(self):
        recorder = self.subprocess.mock_run(["git"], times=2)
        subprocess.run(["git"])
        subprocess.run(["git"], cwd="/")
        self.assertEqual(self.subprocess.calls, [mock.call(["git"]), mock.call(["git"], cwd="/")])
        self.assertEqual((recorder.call_count, recorder.calls), (2, self.subprocess.calls))

    @row("with fp.context() as nested:")
    def test_context(self):
        self.subprocess.mock_run(["git"], times=2)
        subprocess.run(["git"])
        with SubprocessMock() as nested:
            nested.mock_run(["git"], returncode=1)
            self.assertEqual(subprocess.call(["git"]), 1)
        subprocess.run(["git"])

    @row("ProcessNotRegisteredError")
    def test_not_registered(self):
        with self.assertRaises(UnmockedInteractionError), SubprocessMock():
            subprocess.run(["git"])


class TestfixturesTest(HermeticTestCase):
    @row("Popen.set_command('svn ls', stdout=b'o', stderr=b'e', returncode=1)")
    def test_set_command(self):
        self.subprocess.mock_run(["svn", "ls"], stdout=b"o", stderr=b"e", returncode=1)
        with subprocess.Popen(["svn", "ls"], stdout=-1, stderr=-1) as popen:
            self.assertEqual((popen.communicate(), popen.returncode), ((b"o", b"e"), 1))

    @row("Popen.set_default(stdout=b'o')")
    def test_set_default(self):
        self.subprocess.mock_run(..., stdout=b"o", times=None)
        self.assertEqual([subprocess.check_output([name]) for name in "ab"], [b"o", b"o"])

    @row("set_command(..., poll_count=3)")
    def test_poll_count(self):
        self.subprocess.mock_run(["svn"], duration=3)
        with subprocess.Popen(["svn"]) as popen:
            self.assertIsNone(popen.poll())
            self.assertEqual(popen.wait(timeout=5), 0)

    @row("compare(Popen.all_calls, [call.Popen('svn', shell=True)])")
    def test_all_calls(self):
        self.subprocess.mock_run("svn", shell=True)
        subprocess.run("svn", shell=True)
        self.subprocess.assert_called_once_with("svn", shell=True)
