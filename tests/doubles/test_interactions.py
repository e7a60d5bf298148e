"""Assertions after the calls: the next interaction field by field, and the methods of ``mock.Mock``."""

from __future__ import annotations

import re
import shutil
import subprocess
from unittest import mock

from hermetic import HermeticTestCase


class AssertNextTest(HermeticTestCase):
    def setUp(self):
        self.subprocess.mock_which("git", returns="/usr/bin/git")
        self.subprocess.mock_run(["git", "fetch"], returncode=1, stdout="out", stderr="err")
        self.subprocess.mock_run(["git", "apply"])
        shutil.which("git")
        subprocess.run(["git", "fetch"], cwd="/", capture_output=True)
        subprocess.run(["git", "apply"], input=b"patch", env={"A": "1"})

    def test_interactions_are_asserted_in_order(self):
        self.subprocess.assert_which("git", returns="/usr/bin/git")
        self.subprocess.assert_run(["git", "fetch"], returncode=1, stdout="out", stderr="err", cwd="/", shell=False)
        self.subprocess.assert_run(["git", re.compile("a.*")], input=b"patch", env={"A": "1"}, cwd=None)

    def test_assert_interaction_is_the_same(self):
        self.subprocess.assert_interaction(self.subprocess.which, name="git", returns="/usr/bin/git")
        self.subprocess.assert_interaction(self.subprocess.run, command=["git", "fetch"], returncode=1)
        self.subprocess.assert_interaction(self.subprocess.run, command=["git", ...])

    def test_another_one_is_told_field_by_field(self):
        self.subprocess.assert_which("git")
        with self.assertRaises(AssertionError) as caught:
            self.subprocess.assert_run(["git", "push"], returncode=2, cwd="/")
        self.assertEqual(
            str(caught.exception).splitlines(),
            [
                'assert_run(command=["git", "push"], returncode=2, cwd="/"): the next interaction is different:',
                '  assert_run(command=["git", "fetch"], returncode=1, stdout="out", stderr="err")',
                '    argument 1: expected "push", got "fetch"',
                "    returncode: expected 2, got 1",
            ],
        )
        self.subprocess.assert_run(["git", "fetch"])  # what did not agree is still the next one

    def test_the_source_must_agree(self):
        with self.assertRaisesRegex(AssertionError, r'is different:\n  assert_which\(name="git", returns="/usr'):
            self.subprocess.assert_run(["git", "fetch"])

    def test_there_may_be_no_further_one(self):
        self.test_interactions_are_asserted_in_order()
        with self.assertRaisesRegex(AssertionError, r"no interaction is left \(3 in total\)"):
            self.subprocess.assert_run(["git"])

    def test_unknown_fields_and_sources_are_told(self):
        with self.assertRaisesRegex(TypeError, "unknown field 'colour'; write one of command, returncode, stdout"):
            self.subprocess.assert_interaction(self.subprocess.run, colour=1)
        with self.assertRaisesRegex(TypeError, r"the source must be sp.run or sp.which, not 'ran'"):
            self.subprocess.assert_interaction("ran", command=[])


class MockWordsTest(HermeticTestCase):
    def test_calls_hold_what_was_given(self):
        self.subprocess.mock_run(..., times=None)
        subprocess.run(("a", b"b"), env={"A": "1"}, cwd="/")
        subprocess.run("c", shell=True, input="in", text=True)
        self.assertEqual(
            self.subprocess.calls,
            [mock.call(["a", "b"], cwd="/", env={"A": "1"}), mock.call("c", input="in", shell=True)],
        )

    def test_assert_not_called(self):
        self.subprocess.assert_not_called()
        self.subprocess.mock_run(["a"])
        subprocess.run(["a"])
        with self.assertRaisesRegex(AssertionError, "Expected 'self.subprocess' to not have been called"):
            self.subprocess.assert_not_called()

    def test_assert_called_once_with(self):
        self.subprocess.mock_run(["a"], times=2)
        subprocess.run(["a"], cwd="/")
        self.subprocess.assert_called_once_with(["a"], cwd="/")
        for given in ({}, {"cwd": "/tmp"}):
            with self.assertRaisesRegex(AssertionError, "expected call not found"):
                self.subprocess.assert_called_once_with(["a"], **given)
        subprocess.run(["a"])
        with self.assertRaisesRegex(AssertionError, "Called 2 times"):
            self.subprocess.assert_called_once_with(["a"])

    def test_assert_has_calls(self):
        self.subprocess.mock_run(..., times=None)
        for name in "abc":
            subprocess.run([name])
        self.subprocess.assert_has_calls([mock.call(["b"]), mock.call(["c"])])
        self.subprocess.assert_has_calls([mock.call(["c"]), mock.call(["a"])], any_order=True)
        with self.assertRaisesRegex(AssertionError, "Calls not found"):
            self.subprocess.assert_has_calls([mock.call(["c"]), mock.call(["a"])])
