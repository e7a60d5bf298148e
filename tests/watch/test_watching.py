"""``--watch`` in a project that changes: what runs again, what is left alone, and how it ends."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
import unittest

import support
from hermetic import medium
from hermetic._isolation import process_tree
from support import TIMEOUT, Folder, package_folder, run_hermetic, write_files
from support.terminals import TerminalCase, TmuxCase

setUpModule = support.some_pythons_do_and_the_measured

FILES = {
    "app/__init__.py": "",
    "app/prices.py": "def total(prices):\n    return sum(prices)\n",
    "app/cart.py": "from . import prices\n",
    "app/mail.py": "GREETING = 'hello'\n",
    "tests/__init__.py": "",
    "tests/test_cart.py": """
        import unittest
        from app import cart

        class CartTest(unittest.TestCase):
            def test_1_other(self):
                pass
            def test_2_total(self):
                self.assertEqual(cart.prices.total([1, 2]), 3)
    """,
    "tests/test_mail.py": """
        import unittest

        class MailTest(unittest.TestCase):
            def test_greeting(self):
                import app.mail
                self.assertEqual(app.mail.GREETING, "hello")
    """,
}
NEW = """
    import unittest
    class NewTest(unittest.TestCase):
        def test_new(self):
            pass
"""
READY = "Ctrl-C ends"
CTRL_C = b"\x03"


@medium
class WatchTest(TerminalCase):
    def begin(self, *arguments, **variables):
        """Watch a project on a terminal, and wait for its first run."""
        folder = Folder(**FILES)
        self.folder = folder.__enter__()
        self.addCleanup(folder.__exit__)
        self.temporary = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.temporary)
        variables = {"NO_COLOR": "1", "TERM": "dumb", "TMPDIR": self.temporary, **variables}
        self.process, self.terminal = self.start(self.folder, "--watch", *arguments, **variables)
        return self.read(self.terminal, until=READY)

    def change(self, **files):
        """Change files, and return what the run that follows shows."""
        write_files(self.folder, {name.replace("__", "/"): text for name, text in files.items()})
        return self.read(self.terminal, until=READY)

    def end(self):
        """Press Ctrl-C; the rest of the output."""
        os.write(self.terminal, CTRL_C)
        rest = self.read(self.terminal)
        self.assertEqual(self.process.wait(TIMEOUT), 130, rest)
        self.assertEqual(os.listdir(self.temporary), [])
        return rest

    def test_what_a_change_affects_runs_again_in_new_processes(self):
        self.assertIn("Ran 3 tests", self.begin())
        text = self.change(**{"app__prices.py": "def total(prices):\n    return 0\n"})
        self.assertIn("changed: app/prices.py; running 1 of 2 files with tests", text)
        self.assertIn("Ran 2 tests", text)
        self.assertIn("0 != 3", text)
        text = self.change(**{"app__prices.py": "def total(prices):\n    return sum(prices)  # again\n"})
        self.assertRegex(text, r"\n\.\.\r\n-+\r\nRan 2 tests")
        self.assertIn("Ran 1 test ", self.change(**{"app__mail.py": "GREETING = 'hello'  # as before\n"}))
        self.end()

    def test_what_failed_comes_first(self):
        self.begin("-v")
        self.change(**{"app__prices.py": "def total(prices):\n    return 0\n"})
        text = self.change(**{"app__prices.py": "def total(prices):\n    return 1\n"})
        self.assertLess(text.index("test_2_total ("), text.index("test_1_other ("), text)
        self.end()

    def test_files_that_are_no_python_new_and_gone(self):
        self.begin()
        text = self.change(**{"tests__test_mail.py": "import unittest (\n"})
        self.assertIn("SyntaxError", text)
        text = self.change(**{"tests__test_mail.py": FILES["tests/test_mail.py"]})
        self.assertRegex(text, r"\n\.\r\n-+\r\nRan 1 test ")
        text = self.change(**{"tests__test_new.py": NEW})
        self.assertRegex(
            text, r"changed: tests/test_new\.py; running 1 of 3 files with tests\r\n\.\r\n-+\r\nRan 1 test "
        )
        os.unlink(os.path.join(self.folder, "tests", "test_new.py"))
        self.assertIn("changed: tests/test_new.py; no test needs it", self.read(self.terminal, until="needs it"))
        text = self.change(**{"setup.cfg": "[tool:hermetic]\nmode = strct\n"})
        self.assertIn("did you mean strict?", text)
        text = self.change(**{"app__mail.py": "GREETING = 'hello' \n"})  # nobody knows which tests need it
        self.assertIn("changed: app/mail.py; running all 2 files with tests", text)
        text = self.change(**{"setup.cfg": "[tool:hermetic]\nmode = warn\n"})
        self.assertIn("changed: setup.cfg; running all 2 files with tests", text)
        self.assertIn("Ran 3 tests", text)
        self.end()

    def test_it_is_quiet_while_nothing_changes(self):
        self.begin()
        self.assertEqual(self.read(self.terminal, until="\0", seconds=2).strip(), "")
        self.end()

    def test_workers_and_chosen_tests(self):
        for options, tests in ((["-j", "2"], 2), (["-k", "total"], 1), (["--isolated"], 2), (["tests.test_cart"], 2)):
            with self.subTest(options=options):
                self.begin(*options)
                text = self.change(**{"app__prices.py": "def total(prices):\n    return 0\n"})
                self.assertIn(f"Ran {tests} test", text)
                self.assertIn("0 != 3", text)
                self.end()

    def test_scripts_are_run_again(self):
        script = "import unittest\nunittest.main(module=None, argv=['x', 'discover'])\n"
        folder = Folder(**FILES, **{"run.py": script})
        self.folder = folder.__enter__()
        self.addCleanup(folder.__exit__)
        variables = {"NO_COLOR": "1", "TERM": "dumb"}
        _, self.terminal = self.start(self.folder, "--watch", "--script", "run.py", **variables)
        self.assertIn("Ran 3 tests", self.read(self.terminal, until=READY))
        self.assertIn("Ran 1 test ", self.change(**{"app__mail.py": "GREETING = ''\n"}))

    def test_ctrl_c_in_a_run_ends_that_with_its_summary(self):
        self.begin()
        write_files(self.folder, {"tests/test_new.py": NEW.replace("pass", "__import__('time').sleep(600)")})
        self.read(self.terminal, until="changed: tests/test_new.py")
        deadline = time.monotonic() + TIMEOUT
        while len(self.family()) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertIn("The run ended early", self.read_after_ctrl_c())
        self.assertEqual(self.process.wait(TIMEOUT), 130)

    def read_after_ctrl_c(self):
        """What is shown after Ctrl-C, once the test has begun."""
        time.sleep(1.0)  # the test says nothing; before it begins, the run ends with another summary
        os.write(self.terminal, CTRL_C)
        return self.read(self.terminal)

    def family(self) -> list[int]:
        """The processes of the terminal."""
        found, new = [self.process.pid], [self.process.pid]
        while new:
            children = [*process_tree.children_of(new.pop())]
            found, new = found + children, new + children
        return found

    def test_told_to_end_it_leaves_neither_a_process_nor_a_file(self):
        self.begin()
        (pid,) = process_tree.children_of(self.process.pid)
        os.kill(pid, signal.SIGTERM)
        self.read(self.terminal)
        self.assertEqual(self.process.wait(TIMEOUT), 128 + signal.SIGTERM)
        self.assertEqual(os.listdir(self.temporary), [])


@medium
class RefusedTest(unittest.TestCase):
    def test_what_is_no_run_is_refused(self):
        with Folder(**FILES) as folder:
            for options in (["--list"], ["--bisect", "x"], ["--repeat", "2"], ["--survey"], ["--tests-from", "-"]):
                with self.subTest(options=options):
                    done = run_hermetic("--watch", *options, cwd=folder)
                    self.assertIn(f"--watch and {options[0]}", done.stderr)
                    self.assertIn("cannot be used together", done.stderr)
                    self.assertEqual(done.returncode, 2)

    def test_a_program_with_arguments_of_its_own_is_refused(self):
        script = "import hermetic\nhermetic.main(module=None, argv=['x', '--watch'])\n"
        with Folder(**FILES, **{"run.py": script}) as folder:
            done = support.run_python("run.py", cwd=folder)
        self.assertIn("--watch is for the command line", done.stderr)


@support.not_measured
@medium
class TmuxTest(TmuxCase):
    def test_in_a_shell(self):
        with Folder(**FILES) as self.folder:
            self.tmux("new-session", "-d", "-x", "100", "-y", "40", "-c", self.folder, "sh")
            self.addCleanup(self.tmux, "kill-server")
            path = shlex.quote(package_folder())
            self.tmux("send-keys", f"PYTHONPATH={path} {shlex.quote(sys.executable)} -m hermetic --watch", "Enter")
            self.wait_for(READY)
            write_files(self.folder, {"app/mail.py": "GREETING = ''\n"})
            screen = self.wait_for(r"(?s)test_mail\.py:\d+: AssertionError.*Ran 1 test.*Ctrl-C ends")
            self.assertIn("changed: app/mail.py; running 1 of 2 files with tests", screen)
            self.tmux("send-keys", "C-c")
            self.tmux("send-keys", "echo status $?", "Enter")
            self.wait_for("status 130")
            self.tmux("kill-server")
