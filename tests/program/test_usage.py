"""Wrong usage is reported in one line, with an exit status."""

from __future__ import annotations

import contextlib
import io
from unittest import mock

import hermetic
from hermetic import ConfigurationError, GuardError
from hermetic._program import usage


class UsageTest(hermetic.HermeticTestCase):
    def end(self, error: Exception) -> tuple[str, int]:
        """What is shown, and the status."""
        with mock.patch.object(usage.process_exits, "exit_program", side_effect=SystemExit) as leave:
            with contextlib.redirect_stderr(io.StringIO()) as shown, self.assertRaises(SystemExit):
                with usage.configuration_errors("shop"):
                    raise error
        return shown.getvalue(), leave.call_args.args[0]

    def test_wrong_settings_are_one_line_and_status_2(self):
        self.assertEqual(self.end(ConfigurationError("mode: 'x'")), ("shop: error: mode: 'x'\n", 2))

    def test_a_guard_that_is_missing_is_status_1(self):
        self.assertEqual(self.end(GuardError("no guard")), ("shop: error: no guard\n", 1))

    def test_other_errors_are_raised(self):
        with self.assertRaises(KeyError), usage.configuration_errors("shop"):
            raise KeyError
