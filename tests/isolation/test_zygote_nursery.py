"""Workers end with the zygote or the run, and tests keep their verdicts."""

from __future__ import annotations

import time
import unittest

import hermetic
import support
from support import Folder, run_python
from support.worker_runs import interrupted, verdicts

setUpModule = support.some_pythons_do_and_the_measured


# While the zygote is stopped, three tests end: one of them leaves a process.
LEFT_AT_THE_END = """
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


@hermetic.medium
@support.linux_only("zygotes")
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
        with Folder(**{"test_ends.py": LEFT_AT_THE_END}) as folder:
            shown = run_python("-m", "hermetic", "-v", "-j", "3", "test_ends", cwd=folder)
        self.assertEqual(verdicts(shown.stderr), {"test_1": "ok", "test_2": "ERROR", "test_3": "ok"}, shown.stderr)
        self.assertNotIn("process left running", shown.stderr)

    def test_a_test_that_kills_the_worker_that_waits_harms_nobody(self):
        module = """
            import os, signal, time, unittest
            from hermetic import isolated
            def children():
                with open(f"/proc/{os.getppid()}/task/{os.getppid()}/children") as file:
                    return {*map(int, file.read().split())} - {os.getpid()}
            class T(unittest.TestCase):
                @isolated
                def test_1(self): pass
                @isolated(timeout=30)
                def test_2(self):
                    while not children(): time.sleep(0.01)
                    for pid in children(): os.kill(pid, signal.SIGKILL)
                    while children(): time.sleep(0.01)
                @isolated
                def test_3(self): pass
        """
        with Folder(**{"test_kills.py": module}) as folder:
            shown = run_python("-m", "hermetic", "-v", "test_kills", cwd=folder)
        self.assertEqual(verdicts(shown.stderr), dict.fromkeys(("test_1", "test_2", "test_3"), "ok"), shown.stderr)

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
