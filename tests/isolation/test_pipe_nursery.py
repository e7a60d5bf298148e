"""Workers that are fresh interpreters, as on systems other than Linux, report the same as forked ones."""

from __future__ import annotations

import contextlib
import os
import textwrap
import threading
import types
import unittest
from unittest import mock

import hermetic
import support
from hermetic._isolation import pipe_nursery
from support import Folder, package_folder, run_python
from support.worker_runs import interrupted, verdicts

setUpModule = support.some_pythons_do


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


def elsewhere(folder: str, code: str = ELSEWHERE) -> dict[str, str]:
    """The environment of a run that takes this system for another one."""
    os.makedirs(os.path.join(folder, "site"), exist_ok=True)
    with open(os.path.join(folder, "site", "sitecustomize.py"), "w", encoding="utf-8") as file:
        file.write(textwrap.dedent(code))
    return {"PYTHONPATH": os.pathsep.join([os.path.join(folder, "site"), package_folder()]), "TMPDIR": folder}


@hermetic.medium
@support.posix_only("fork and signals")
class PipeNurseryTest(unittest.TestCase):
    def test_hostile_tests_have_their_verdicts_under_hermetic_and_unittest(self):
        for runner in ("hermetic", "unittest"):
            with Folder(**{"test_mixed.py": MIXED}) as folder, self.subTest(runner):
                shown = run_python("-m", runner, "-v", "test_mixed", cwd=folder, env=elsewhere(folder))
                self.assertEqual(verdicts(shown.stderr), VERDICTS, shown.stderr)
                self.assertEqual(shown.stdout, "junk\nprinted by a worker\n")
                self.assertIn("used 1.", shown.stderr)
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


# The same, on a system that tells of processes, though not by /proc: what it says is read there instead.
ON_A_MAC = """
    import os
    from hermetic._isolation import mac_processes

    def read(pid, name):
        with open(f"/proc/{pid}/{name}", encoding="utf-8", errors="replace") as file:
            return file.read()

    def pids_of(pid):
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:  # whoever adopts orphans here, all that might be is offered in its place
                if pid == 1 or read(name, "stat").rpartition(")")[2].split()[1] == str(pid):
                    yield int(name)
            except OSError:
                continue

    def start_of(pid):
        words = read(pid, "cmdline").split("\\0")[:-1]
        if not words:
            raise ProcessLookupError(pid)
        return words, read(pid, "environ")

    mac_processes.child_pids, mac_processes.start_of = lambda pid: [*pids_of(pid)], start_of
"""
LEAVING = """
    import subprocess, time, unittest
    from hermetic import isolated

    class LeavingTest(unittest.TestCase):
        @isolated
        def test_child(self):
            subprocess.Popen(["sleep", "{first}"])
        @isolated
        def test_grandchild(self):
            subprocess.run(["sh", "-c", "sleep {second} & exit 0"])
        @isolated
        def test_grandchild_in_another_session(self):
            subprocess.run(["sh", "-c", "setsid sleep {third} & exit 0"])
        @isolated(timeout=1)
        def test_hangs(self):
            subprocess.Popen(["sh", "-c", "sleep {fourth} & wait"], start_new_session=True)
            time.sleep(60)
"""


@hermetic.medium
@unittest.skipUnless(os.path.isdir("/proc/self"), "there is no /proc to play another system from")
class LeftoversTest(unittest.TestCase):
    def test_what_tests_leave_is_named_and_ended_as_far_as_the_system_tells_of_it(self):
        seconds = [f"{number}{os.getpid():07}" for number in range(1, 5)]
        suite = LEAVING.format(**dict(zip(("first", "second", "third", "fourth"), seconds, strict=True)))
        with Folder(**{"test_leaving.py": suite}) as folder:
            env = elsewhere(folder, ELSEWHERE + ON_A_MAC)
            shown = run_python("-m", "hermetic", "-v", "test_leaving", cwd=folder, env=env)
        expected = {"test_hangs": "ERROR"} | dict.fromkeys(LEFT, "ok")
        self.assertEqual(verdicts(shown.stderr), expected, shown.stderr)
        for number in seconds[:3]:
            self.assertIn(f"process left running: sleep {number}", shown.stderr)
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{name}/cmdline", encoding="utf-8") as file:
                self.assertNotIn(file.read().split("\0")[1:2], [[number] for number in seconds])


LEFT = ("test_child", "test_grandchild", "test_grandchild_in_another_session")


class LateThreadTest(hermetic.HermeticTestCase):
    """On a busy machine, the thread that waits for the pipe may not have been awake since the worker wrote."""

    def setUp(self):
        reading, self.writing = os.pipe()
        stdout = open(reading, "rb", buffering=0)
        self.addCleanup(stdout.close)
        is_awake = threading.Event()
        waiting = mock.patch.object(pipe_nursery, "_wait_for_pipe", lambda _: is_awake.wait())
        waiting.start()
        self.addCleanup(waiting.stop)
        self.addCleanup(is_awake.set)
        self.process = types.SimpleNamespace(stdout=stdout, poll=lambda: None, pid=0)
        tree = pipe_nursery._GroupTree(self.process, "")
        self.link = pipe_nursery._PipeLink(self.process, tree, b"", pipe_nursery._Signal())

    def test_what_is_in_the_pipe_is_received(self):
        os.write(self.writing, b"first")
        self.assertEqual((self.link.receive(0), self.link.receive(0)), (b"first", b""))
        os.write(self.writing, b"last")
        self.process.poll = lambda: 0
        self.assertEqual((self.link.receive(0), self.link._at_end), (b"last", False))
        os.close(self.writing)
        self.assertEqual((self.link.receive(0), self.link._at_end), (b"", True))

    def test_the_pipe_of_a_worker_that_has_ended_may_be_held_by_another_process(self):
        self.addCleanup(os.close, self.writing)
        self.assertEqual((self.link.receive(0), self.link._at_end), (b"", False))
        self.process.poll = lambda: 0
        self.assertEqual((self.link.receive(0), self.link._at_end), (b"", True))
