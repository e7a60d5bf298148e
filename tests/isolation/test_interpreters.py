"""A new interpreter finds hermetic from any folder, and has the options of this one."""

from __future__ import annotations

import os
import subprocess
import sys
from unittest import mock

import support
from hermetic import HermeticTestCase, medium
from hermetic._isolation import interpreters


class CommandTest(HermeticTestCase):
    def test_it_calls_a_function_of_the_worker(self):
        command = interpreters.python_command("work(1)")
        self.assertEqual(command[0], sys.executable)
        self.assertTrue(command[-1].endswith("import hermetic._worker as worker; worker.work(1)"), command)

    def test_a_current_folder_that_was_removed_is_left_first(self):
        with mock.patch.object(interpreters.real, "get_cwd", side_effect=FileNotFoundError):
            code = interpreters.python_command("x()")[-1]
        self.assertTrue(code.startswith(f"import os; os.chdir({os.path.abspath(os.sep)!r})"), code)

    def test_where_nobody_knows_the_interpreter_it_is_an_error(self):
        with mock.patch.object(sys, "executable", ""), self.assertRaisesRegex(OSError, "sys.executable names no"):
            interpreters.python_command("x()")


@medium
class FreshInterpreterTest(HermeticTestCase):
    def test_it_finds_hermetic_from_another_folder(self):
        command = interpreters.python_command("__name__; print(worker.__file__)")
        with support.Folder() as folder, support.not_inherited():
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=support.TIMEOUT)
        expected = os.path.join(support.package_folder(), "hermetic", "_worker.py")
        self.assertEqual((done.stdout.strip(), done.stderr), (expected, ""))
