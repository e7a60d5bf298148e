"""Whether workers are sandboxed: the setting, and what the machine supports."""

from __future__ import annotations

import contextlib
import io
import unittest
from unittest import mock

import hermetic
from hermetic import ConfigurationError, IsolationError
from hermetic._rules import sandbox_choice
from hermetic._settings.values import Settings


class ChoiceTest(hermetic.HermeticTestCase):
    def on(self, missing: str) -> contextlib.AbstractContextManager[object]:
        """A machine that lacks something, or nothing."""
        return mock.patch.object(sandbox_choice, "_missing", return_value=missing)

    def said_by_program(self, sandbox: str, **settings: object) -> str:
        current = mock.Mock(settings=Settings(sandbox=sandbox, **settings), is_program=True)
        with mock.patch.object(sandbox_choice, "current_run", current):
            with contextlib.redirect_stderr(io.StringIO()) as said:
                sandbox_choice.announce()
            self.is_in_force = sandbox_choice.is_in_force()
        return said.getvalue()

    def test_a_worker_has_one_where_it_is_asked_for_and_can_be_had(self):
        with self.on(""):
            answers = [sandbox_choice.is_wanted(sandbox) for sandbox in ("kernel", "auto", "off")]
        self.assertEqual(answers, [True, True, False])

    def test_a_worker_that_must_have_one_and_cannot_is_an_error(self):
        with self.on("no kernel"):
            self.assertFalse(sandbox_choice.is_wanted("auto"))
            self.assertFalse(sandbox_choice.is_wanted("off"))
            with self.assertRaisesRegex(IsolationError, r"\[H007\] .*not available here: no kernel; set sandbox"):
                sandbox_choice.is_wanted("kernel")

    def test_a_program_that_leaves_it_open_says_what_it_does(self):
        for missing, said in (("", "sandbox: kernel\n"), ("no kernel", "sandbox: off, because no kernel\n")):
            with self.subTest(missing=missing), self.on(missing):
                self.assertEqual(self.said_by_program("auto"), said)
                self.assertEqual(self.is_in_force, not missing)

    def test_a_program_that_must_have_one_says_nothing_or_is_refused(self):
        with self.on(""):
            self.assertEqual((self.said_by_program("kernel"), self.is_in_force), ("", True))
        with (
            self.on("no kernel"),
            self.assertRaisesRegex(ConfigurationError, "sandbox = kernel: .*no kernel; set sandbox"),
        ):
            self.said_by_program("kernel")

    def test_without_workers_there_is_none_and_that_is_said(self):
        with self.on(""):
            self.assertIn("off, because only workers can be sandboxed", self.said_by_program("auto", no_isolation=True))
        self.assertFalse(self.is_in_force)

    def test_a_program_that_wants_none_does_not_look_for_one(self):
        with mock.patch.object(sandbox_choice, "_missing", side_effect=AssertionError):
            self.assertEqual((self.said_by_program("off"), self.is_in_force), ("", False))


class OthersTest(hermetic.HermeticTestCase):
    def told_of(self, *tests: unittest.TestCase) -> str:
        with contextlib.redirect_stderr(io.StringIO()) as said:
            sandbox_choice.tell_of_others([*tests])
        return said.getvalue()

    def test_three_tests_with_a_size_are_named_and_the_rest_counted(self):
        told = self.told_of(*[self] * 5)
        self.assertEqual(told.count(self.id()), 3)
        self.assertIn(" and 2 more, because no worker can run them", told)

    def test_of_tests_that_may_do_everything_nothing_is_said(self):
        large = type("Large", (unittest.TestCase,), {"test_it": hermetic.large(lambda self: None)})
        self.assertEqual(self.told_of(large("test_it")), "")
