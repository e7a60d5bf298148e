"""Wrong usage is reported in one line, with an exit status."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import tempfile
from unittest import mock

import hermetic
from hermetic import ConfigurationError, GuardError
from hermetic._base import features
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

    def test_a_reader_of_the_output_may_have_gone(self):
        for windows, error in ((False, BrokenPipeError()), (True, OSError(errno.EINVAL, "Invalid argument"))):
            with self.subTest(error), tempfile.TemporaryFile("w") as file:
                closed = mock.Mock(**{"flush.side_effect": error, "fileno.return_value": file.fileno()})
                with mock.patch.object(features, "WINDOWS", windows), mock.patch("sys.stdout", closed):
                    usage.show("text")
                self.assertTrue(os.path.samestat(os.fstat(file.fileno()), os.stat(os.devnull)))

    def test_output_that_cannot_be_written_is_an_error(self):
        full = mock.Mock(**{"flush.side_effect": OSError(errno.ENOSPC, "No space left on device")})
        with mock.patch("sys.stdout", full), self.assertRaises(OSError):
            usage.show("text")

    def test_other_errors_are_raised(self):
        with self.assertRaises(KeyError), usage.configuration_errors("shop"):
            raise KeyError
