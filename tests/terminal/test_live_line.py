"""The live line, colours, and the summary on a terminal."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
import time
from unittest import mock

import support
from hermetic import HermeticTestCase, medium
from hermetic._isolation import process_tree
from hermetic._terminal import drawing, live_line
from hermetic._terminal.drawing import parse
from support import TIMEOUT, Folder, package_folder, run_hermetic
from support.terminals import ROWS, TerminalCase, TmuxCase

setUpModule = support.some_pythons_do_and_the_measured

TAKEN, FREED = f"\x1b[1;{ROWS - 1}r", "\x1b[r"  # the last row is scrolled with the others no more, and again
SLOW = """
import time, unittest
class SlowTest(unittest.TestCase):
    def test_1(self):
        time.sleep(1.1)
    def test_2(self):
        print("printed by a test")
        self.fail("on purpose")
    def test_3(self):
        time.sleep(0.4)
"""


class LineTest(HermeticTestCase):
    def test_what_the_run_leaves_is_what_is_drawn(self):
        memory = bytearray(drawing.MEMORY_BYTES)
        with mock.patch.object(live_line, "_start", return_value=(memory, -1, -1)):
            line = live_line.LiveLine(2, total=9, expected=1.5, coloured=False)
        running = [("a\nb\u2028" + "\u6587" * 9000, 1.25), ("c", 2.0)]
        line.show(3, 1, running)
        found = parse(memory[3 : 3 + int.from_bytes(memory[1:3], "big")].decode("utf-8", "replace"))
        self.assertEqual((found[1:5], len(found.running)), ((1.5, 9, 3, 1), 2))
        self.assertEqual((found.running[0][0][:4], found.running[1]), ("a b ", ("c", 2.0)))


@medium
class LiveLineTest(TerminalCase):
    def run_slow_tests(self, *arguments, text=SLOW, **variables):
        with Folder(**{"test_slow.py": text}) as folder:
            text, status = self.run_on_terminal(folder, *arguments, **variables)
            self.assertEqual(status, 1, text)
            return text

    def test_it_is_there_while_the_run_goes_on_and_gone_before_the_summary(self):
        text = self.run_slow_tests(NO_COLOR="1")
        before, freed, after = text.rpartition(FREED)
        self.assertEqual((text.count(TAKEN), freed), (1, FREED), text)
        self.assertRegex(before, r"\x1b\[24;1H\x1b\[0m0/3, [01] s: test_slow\.SlowTest\.test_1 [01] s\x1b\[K\x1b8")
        self.assertIn("2/3, 1 failed, 1 s: test_slow.SlowTest.test_3 0 s", before)
        self.assertIn("Ran 3 tests", after)
        plain = re.sub(r"\x1bD|\x1b\[A|\x1b7.*?\x1b8", "", text)  # the terminal without the row
        self.assertTrue(plain.startswith(".printed by a test\r\nF\r\n====="), plain)

    def test_nothing_is_drawn_where_it_is_not_wanted_or_not_possible(self):
        for arguments, variables in ((["--progress", "off"], {}), ([], {"TERM": "dumb"})):
            with self.subTest(arguments=arguments):
                text = SLOW.replace("1.1", "0.7").replace("0.4", "0")
                self.assertNotIn("\x1b7", self.run_slow_tests(*arguments, text=text, NO_COLOR="1", **variables))

    def test_a_run_that_is_killed_leaves_the_terminal_whole(self):
        with Folder(**{"test_slow.py": SLOW.replace("1.1", "60")}) as folder:
            process, terminal = self.start(folder)
            self.read(terminal, until="SlowTest.test_1")
            (run,) = process_tree.children_of(process.pid)
            os.kill(run, signal.SIGKILL)
            self.assertIn(FREED, self.read(terminal, until=FREED))

    def test_a_piped_run_has_none_and_is_coloured_only_by_force(self):
        with Folder(**{"test_slow.py": SLOW.replace("1.1", "0").replace("0.4", "0")}) as folder:
            self.assertNotIn("\x1b", run_hermetic(cwd=folder, env={"TERM": "xterm"}).stderr)

    def test_ctrl_z_gives_the_terminal_back_until_the_run_goes_on(self):
        with Folder(**{"test_slow.py": SLOW.replace("1.1", "60")}) as folder:
            process, terminal = self.start(folder)
            self.read(terminal, until=TAKEN)
            os.killpg(process.pid, signal.SIGTSTP)  # without a shell, only who has a handler for it stops
            self.assertIn(FREED, self.read(terminal, until=FREED))
            text, deadline = "", time.monotonic() + TIMEOUT
            while TAKEN not in text and time.monotonic() < deadline:
                os.killpg(process.pid, signal.SIGCONT)  # it may not have stopped yet
                text += self.read(terminal, until=TAKEN, seconds=0.3)
            self.assertIn(TAKEN, text)
            os.killpg(process.pid, signal.SIGKILL)


@medium
class RealTerminalTest(TmuxCase):
    def test_at_80_and_at_200_columns(self):
        name = "test_with_a_long_name.LongNameOfATestCaseTest.test_that_has_a_name_that_is_longer_than_others"
        module, cls, method = name.split(".")
        error = "AssertionError: on purpose"
        text = SLOW.replace("SlowTest", cls).replace("test_3", method).replace("0.4", "1.5").replace("1.1", "0.1")
        for columns, shown in ((80, method[:40]), (200, name)):
            with self.subTest(columns=columns), Folder(**{f"{module}.py": text}) as self.folder:
                run = f"{shlex.quote(sys.executable)} -m hermetic; sleep 60"
                run = f"PYTHONPATH={shlex.quote(package_folder())} NO_COLOR=1 {run}"
                self.tmux("new-session", "-d", "-x", str(columns), "-y", str(ROWS), "-c", self.folder, run)
                self.addCleanup(self.tmux, "kill-server")
                lines = self.wait_for(r"2/3, 1 failed, ").splitlines()
                self.assertTrue(lines[-1].startswith("2/3, 1 failed, ") and shown in lines[-1], lines)
                self.assertLess(len(lines[-1]), columns)
                above = [line for line in lines[:-1] if line]
                self.assertEqual((above[:3], above[-1]), ([".printed by a test", "F", "=" * 70], error))
                self.assertNotIn("2/3", self.wait_for(r"FAILED \(failures=1\)"))
                self.tmux("kill-server")


# --- the summary -----------------------------------------------------------------------------------------------------


@medium
class SummaryTest(TerminalCase):
    def test_it_has_the_slow_tests_and_the_command_that_runs_what_has_failed_again(self):
        with Folder(**{"test_slow.py": SLOW}) as folder:
            _, terminal = self.start(folder, "discover", "-p", "test_s*.py", NO_COLOR="1")
            text = self.read(terminal)
            self.assertRegex(text, r"slow tests:\r\n  test_slow.SlowTest.test_1: 1.\d s\r\n")
            found = re.search(r"(?m)^to rerun the failed tests: (.*)\r$", text)
            self.assertIsNotNone(found, text)
            program, *arguments = shlex.split(found[1])
            self.assertEqual((program, arguments[-1]), (sys.executable, "test_s*.py"))
            _, terminal = self.start(folder, *arguments[2:], NO_COLOR="1")
            text = self.read(terminal)
        self.assertIn("Ran 1 test ", text)
        self.assertIn(found[0], text)  # it is the same then

    def test_without_a_failure_or_a_history_there_is_none(self):
        with Folder(**{"test_slow.py": SLOW.replace("1.1", "0").replace("0.4", "0")}) as folder:
            for arguments in (["-k", "test_1"], ["--history", "off"]):
                _, terminal = self.start(folder, *arguments)
                text = self.read(terminal)
                self.assertIn("Ran ", text)
                self.assertNotIn("to run again", text)

    def test_it_has_what_tests_have_left_and_colours_if_they_are_wanted(self):
        text = """
            import subprocess, unittest
            from hermetic import medium

            @medium
            class LeavingTest(unittest.TestCase):
                def test_it(self):
                    type(self).left = subprocess.Popen(["sleep", "30"])
        """
        with Folder(**{"test_l.py": text, "test_m.py": "import unittest\n" + SLOW.replace("1.1", "0")}) as folder:
            for jobs in ("1", "2"):
                done = run_hermetic("-j", jobs, cwd=folder, env={"NO_COLOR": "", "FORCE_COLOR": "1"})
                heading = "\x1b[33mleaks: H007 isolation: 1\x1b[0m\n  test test_l.LeavingTest.test_it: process left"
                self.assertIn(heading, done.stderr)
