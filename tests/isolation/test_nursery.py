"""Where workers come from: with the zygote of Linux, and, forced here, the fresh interpreters of other systems."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
import unittest

import hermetic
import support
from support import TIMEOUT, Folder, package_folder, run_python

setUpModule = support.some_pythons_do

ON_POSIX = os.name == "posix"

# Python imports this before anything else: in the run, and in its workers.
ELSEWHERE = """
    import hermetic._base.features
    hermetic._base.features.LINUX = False
"""

MIXED = """
    import os, signal, time, unittest
    from hermetic import isolated

    class Alone(unittest.TestCase):
        @isolated
        def test_pass(self):
            print("printed by a worker")
        @isolated
        def test_fail(self):
            self.assertEqual(1, 2)
        @isolated
        def test_skip(self):
            self.skipTest("why")
        @isolated
        def test_crash(self):
            os.kill(os.getpid(), signal.SIGKILL)
        @isolated
        def test_exit(self):
            os._exit(0)
        @isolated
        def test_junk(self):
            for fd in range(3, 500):
                try:
                    os.write(fd, b"junk" + bytes([10]))  # two of them are its output
                except OSError:
                    continue
        @isolated
        def test_no_standard_files(self):
            os.closerange(0, 3)
        @isolated(timeout=1)
        def test_hang(self):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(60)
        @isolated(timeout=1)
        def test_stopped(self):
            os.kill(os.getpid(), signal.SIGSTOP)
        @isolated
        def test_child_that_holds_the_pipes(self):
            if os.fork() == 0:
                time.sleep(60)
        @isolated
        def test_last(self):
            pass
"""

GROUPED = """
    import os, unittest
    from hermetic import isolated
    seen = []

    @isolated
    class Together(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            seen.append("set up")
        def test_1(self):
            seen.append(1)
        def test_2(self):
            self.assertEqual(seen, ["set up", 1])
        def test_3(self):
            os._exit(3)
        def test_4(self):
            self.assertEqual(seen, ["set up"])
        def test_5(self):
            self.assertNotEqual(os.getppid(), 1)
"""

VERDICTS = {
    "test_pass": "ok",
    "test_fail": "FAIL",
    "test_skip": "skipped 'why'",
    "test_crash": "ERROR",
    "test_exit": "ERROR",
    "test_junk": "ERROR",
    "test_no_standard_files": "ok",
    "test_hang": "ERROR",
    "test_stopped": "ERROR",
    "test_child_that_holds_the_pipes": "ok",
    "test_last": "ok",
}


def verdicts(shown: str) -> dict[str, str]:
    """Of a verbose run, by name of the test."""
    return dict(re.findall(r"^(test_\w+) \(.*?\) \.\.\. (?:.*\n)*?(ok|FAIL|ERROR|skipped '.*')$", shown, re.MULTILINE))


def elsewhere(folder: str) -> dict[str, str]:
    """The environment of a run that takes this system for another one."""
    os.makedirs(os.path.join(folder, "site"), exist_ok=True)
    with open(os.path.join(folder, "site", "sitecustomize.py"), "w", encoding="utf-8") as file:
        file.write(textwrap.dedent(ELSEWHERE))
    return {"PYTHONPATH": os.pathsep.join([os.path.join(folder, "site"), package_folder()]), "TMPDIR": folder}


@hermetic.medium
@unittest.skipUnless(ON_POSIX, "the hostile tests use what POSIX has")
class PipeNurseryTest(unittest.TestCase):
    def test_hostile_tests_have_their_verdicts_under_hermetic_and_unittest(self):
        for runner in ("hermetic", "unittest"):
            with Folder(**{"test_mixed.py": MIXED}) as folder, self.subTest(runner):
                shown = run_python("-m", runner, "-v", "test_mixed", cwd=folder, env=elsewhere(folder))
                self.assertEqual(verdicts(shown.stderr), VERDICTS, shown.stderr)
                self.assertEqual(shown.stdout, "junk\nprinted by a worker\n")
                self.assertIn("has used 1.", shown.stderr)
                self.assertEqual([name for name in os.listdir(folder) if name.startswith("hermetic-")], [])

    def test_a_group_goes_on_in_a_new_worker_after_a_crash(self):
        with Folder(**{"test_grouped.py": GROUPED}) as folder:
            shown = run_python("-m", "hermetic", "-v", "test_grouped", cwd=folder, env=elsewhere(folder))
        expected = {f"test_{number}": "ERROR" if number == 3 else "ok" for number in range(1, 6)}
        self.assertEqual(verdicts(shown.stderr), expected, shown.stderr)

    def test_many_tests_one_after_another(self):
        head = "import unittest, hermetic\nclass T(unittest.TestCase):\n"
        methods = "".join(f"    @hermetic.isolated\n    def test_{number}(self): pass\n" for number in range(25))
        with Folder(**{"test_many.py": head + methods}) as folder:
            shown = run_python("-W", "error", "-m", "hermetic", "test_many", cwd=folder, env=elsewhere(folder))
        self.assertRegex(shown.stderr, r"\A\.{25}\n-+\nRan 25 tests in .*\n\nOK\n\Z")

    def test_ctrl_c_ends_the_run_with_what_there_is(self):
        shown, status = interrupted(elsewhere)
        self.assertRegex(shown, r"The run ended early: Ctrl-C, after [12] of 3 tests")
        self.assertEqual(status, 130)


SLOW = """
    import time, unittest
    from hermetic import isolated
    class T(unittest.TestCase):
        @isolated
        def test_1(self): pass
        @isolated
        def test_2(self):
            open("started", "w").close()
            time.sleep(60)
        @isolated
        def test_3(self): pass
"""


def interrupted(environment) -> tuple[str, int]:  # type: ignore[no-untyped-def]
    """What a run shows, and its exit status, that gets Ctrl-C in its second test."""
    with Folder(**{"test_slow.py": SLOW}) as folder:
        with subprocess.Popen(
            [sys.executable, "-m", "hermetic", "-v", "test_slow"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": package_folder(), **environment(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - one thread
        ) as process:
            try:
                while not os.path.exists(os.path.join(folder, "started")):
                    time.sleep(0.05)
                process.send_signal(signal.SIGINT)
                return process.communicate(timeout=TIMEOUT)[1], process.returncode
            finally:
                process.kill()


@hermetic.medium
@unittest.skipUnless(sys.platform == "linux", "zygotes are for Linux")
class ZygoteNurseryTest(unittest.TestCase):
    def test_ctrl_c_ends_the_run_with_what_there_is(self):
        shown, status = interrupted(lambda _: {})
        self.assertRegex(shown, r"The run ended early: Ctrl-C, after [12] of 3 tests")
        self.assertEqual(status, 130)

    def test_a_process_that_a_test_in_this_process_left_does_not_keep_the_run_waiting(self):
        module = """
            import os, time, unittest
            from hermetic import isolated
            class T(unittest.TestCase):
                @isolated
                def test_1(self): pass
                def test_2(self):
                    if os.fork() == 0:
                        os.closerange(0, 3)
                        time.sleep(40)
                        os._exit(0)
        """
        with Folder(**{"test_left.py": module}) as folder:
            started = time.monotonic()
            shown = run_python("-m", "hermetic", "test_left", cwd=folder)
        self.assertIn("\nOK", shown.stderr)
        self.assertLess(time.monotonic() - started, 30)  # seconds; what was left sleeps for 40

    def test_a_group_that_spans_many_modules_keeps_its_worker(self):
        module = """
            import builtins, unittest
            from hermetic import isolated
            class T(unittest.TestCase):
                @isolated("shared")
                def test_1(self):
                    builtins.seen = [*getattr(builtins, "seen", []), {number}]
                    self.assertEqual(builtins.seen, [*range({number} + 1)])
                @isolated
                def test_2(self): pass
        """
        modules = {f"test_{number}.py": module.replace("{number}", str(number)) for number in range(6)}
        with Folder(**modules) as folder:
            shown = run_python("-m", "unittest", *[name[:-3] for name in sorted(modules)], cwd=folder)
        self.assertIn("Ran 12 tests", shown.stderr)
        self.assertIn("\nOK\n", shown.stderr)

    def test_what_was_left_is_told_however_long_its_commands_are(self):
        module = """
            import os, subprocess, unittest
            from hermetic import isolated
            class T(unittest.TestCase):
                @isolated
                def test_1(self):
                    for _ in range(3):
                        subprocess.Popen(["sh", "-c", "sleep 40 #" + "x" * 100_000], start_new_session=True)
                    os._exit(0)
                @isolated
                def test_2(self): pass
        """
        with Folder(**{"test_long.py": module}) as folder:
            shown = run_python("-m", "hermetic", "-v", "test_long", cwd=folder)
        self.assertEqual(verdicts(shown.stderr), {"test_1": "ERROR", "test_2": "ok"}, shown.stderr)

    def test_what_one_test_left_is_not_put_on_another_that_ended_at_the_same_time(self):
        module = """
            import os, signal, subprocess, time, unittest
            from hermetic import isolated

            def wait_for(*files):
                while not all(map(os.path.exists, files)): time.sleep(0.01)

            @isolated(timeout=40)
            def test_ends(self):
                open(self._testMethodName, "w").close()
                wait_for("zygote has stopped")

            @isolated(timeout=40)
            def test_leaves(self):
                wait_for("test_1", "test_3")
                stop = f"kill -STOP {os.getppid()}; > 'zygote has stopped'; sleep 0.7; kill -CONT {os.getppid()}"
                subprocess.Popen(["sh", "-c", stop + "; exec sleep 40"], start_new_session=True)
                wait_for("zygote has stopped")
                os.kill(os.getpid(), signal.SIGKILL)

            class T(unittest.TestCase):
                test_1, test_2, test_3 = test_ends, test_leaves, test_ends
        """
        with Folder(**{"test_ends.py": module}) as folder:
            shown = run_python("-m", "hermetic", "-v", "-j", "3", "test_ends", cwd=folder)
        self.assertEqual(verdicts(shown.stderr), {"test_1": "ok", "test_2": "ERROR", "test_3": "ok"}, shown.stderr)
        self.assertNotIn("process left running", shown.stderr)

    def test_warnings_of_a_class_that_asks_for_more_than_a_text(self):
        module = """
            import unittest, warnings
            from hermetic import isolated
            class Odd(UserWarning):
                def __init__(self, code, text):
                    super().__init__(code, text)
                    self.code = code
                def __str__(self):
                    return f"code {self.code}"
            class T(unittest.TestCase):
                @isolated
                def test_1(self): warnings.warn(Odd(7, "x"))
        """
        with Folder(**{"test_odd.py": module}) as folder:
            shown = run_python("-m", "hermetic", "test_odd", cwd=folder)
        self.assertIn("Odd: code 7\n", shown.stderr)
        self.assertIn("\nOK\n", shown.stderr)

    def test_an_endless_stream_of_output_is_timed_out(self):
        module = """
            import os, unittest
            from hermetic import isolated
            class T(unittest.TestCase):
                @isolated(timeout=1)
                def test_1(self):
                    while True: os.write(1, b"x" * 1_000_000)
        """
        with Folder(**{"test_endless.py": module}) as folder:
            shown = run_python("-m", "hermetic", "test_endless", cwd=folder)
        self.assertIn("timed out", shown.stderr)
        self.assertLess(len(shown.stdout), 2_000_000)


if __name__ == "__main__":
    unittest.main()
