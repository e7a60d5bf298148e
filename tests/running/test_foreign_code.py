"""hermetic works, and stays unnoticed, whatever tests and libraries do to the process."""

from __future__ import annotations

import ast
import io
import pathlib
import re
import sys
import unittest
from collections import Counter

import support
from hermetic import TestRunner, medium
from support import Folder, package_folder, run_python
from support.sample_runs import WALL_SECONDS, SampleRunCase

MODULES = (
    *("os", "sys", "time", "json", "traceback", "importlib", "warnings", "threading", "itertools", "functools", "re"),
    *("shlex", "tempfile", "select", "signal", "subprocess", "io", "contextlib", "inspect", "linecache", "tokenize"),
    *("shutil", "gc", "types", "weakref", "collections", "codecs", "copy", "struct"),
)
# Without these, unittest itself cannot format a failure.
NEEDED = {"linecache.getline", "sys.exc_info", "tokenize.detect_encoding"}


def called_functions() -> list[str]:
    """The functions of the standard library that hermetic calls through their modules, where mocks replace them."""
    found = set()
    for path in pathlib.Path(package_folder(), "hermetic").rglob("*.py"):
        nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
        imported = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
        called = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
        found |= {name for name in called if name.rpartition(".")[0] in imported & {*MODULES}}
    return sorted(
        name for name in found - NEEDED if hasattr(sys.modules.get(name.rpartition(".")[0]), name.rpartition(".")[2])
    )


class MockingCase(SampleRunCase):
    """Runs one module of tests in each way that results come to the run."""

    WAYS = (
        ((), ""),
        (("--json", "run.json", "--junit-xml", "run.xml"), ""),
        (("-j", "2"), ""),
        ((), "import hermetic\n__hermetic__ = hermetic.isolated\n"),  # in one process, since each takes its time
    )

    def run_way(self, options, mark, tests):
        return self.run_sample(*options, "test_sample", **{"test_sample.py": mark + tests})[0]


@medium
@support.not_measured
class MockedFunctionsTest(MockingCase):
    TESTS = """
import subprocess, unittest
from unittest import mock
import hermetic

def mocking(name, use):
    def test(self):
        patch = mock.patch(name)
        patch.start()
        self.addCleanup(patch.stop)
        use(self)
    return test

def swallow(_, Popen=subprocess.Popen):
    try:
        Popen(["true"])
    except BaseException:
        pass

class PassingTest(unittest.TestCase): pass
class FailingTest(unittest.TestCase): pass
@hermetic.small
class ViolatingTest(unittest.TestCase): pass

USES = {PassingTest: lambda test: None, FailingTest: lambda test: test.fail("wanted"), ViolatingTest: swallow}
for cls, use in USES.items():
    for number, name in enumerate(NAMES):
        setattr(cls, f"test_{number}", mocking(name, use))
del cls  # it would be loaded as one more class
"""

    def test_each_test_has_its_own_outcome_while_a_function_is_mocked(self):
        names = called_functions()
        self.assertGreater(len(names), 50)
        for way in self.WAYS:
            with self.subTest(way=way):
                done = self.run_way(*way, f"NAMES = {names!r}\n{self.TESTS}")
                self.assertIn(f"Ran {3 * len(names)} tests", done.stderr)
                self.assertIn(f"FAILED (failures={len(names)}, errors={len(names)})\n", done.stderr)


@medium
class MockedResultTest(MockingCase):
    TESTS = """
import subprocess, unittest
from unittest import mock
import hermetic

class Base:
    @classmethod
    def setUpClass(cls):
        patch = mock.patch(cls.target)
        patch.start()
        cls.addClassCleanup(patch.stop)

    def test_fails(self):
        self.fail("wanted")

    def test_breaks(self):
        raise ValueError("wanted")

    def test_fails_in_a_subtest(self):
        with self.subTest():
            self.fail("wanted")

    @hermetic.small
    def test_swallows(self):
        try:
            subprocess.run(["true"])
        except BaseException:
            pass

for target in TARGETS:
    name = target.replace(".", "_")
    globals()[name] = type(name, (Base, unittest.TestCase), {"target": f"unittest.{target}", "__module__": __name__})
"""
    TARGETS = tuple(
        f"{cls}.{method}"
        for cls in ("TestResult", "TextTestResult")
        for method in ("addError", "addFailure", "addSubTest", "wasSuccessful")
    )

    def test_nothing_is_lost_while_a_method_of_unittests_results_is_mocked(self):
        for way in self.WAYS:
            with self.subTest(way=way):
                done = self.run_way(*way, f"TARGETS = {self.TARGETS}\n{self.TESTS}")
                classes = Counter(re.findall(r"^(?:ERROR|FAIL): \w+ \(test_sample\.(\w+)", done.stderr, re.MULTILINE))
                expected = {target.replace(".", "_"): 4 for target in self.TARGETS}
                self.assertEqual((done.returncode, classes), (1, expected), done.stderr)

    def test_a_result_that_is_told_by_keyword_lists_it_once(self):
        result = TestRunner(stream=io.StringIO())._makeResult()
        result.addFailure(self, err=(ValueError, ValueError("wanted"), None))
        self.assertEqual((len(result.failures), len(result.errors)), (1, 0))


@medium
class TemporaryFolderTest(SampleRunCase):
    TESTS = """
import os, shutil, tempfile, unittest

class TemporaryTest(unittest.TestCase):
    def test_1_removes_the_folder(self):
        shutil.rmtree(os.path.dirname(tempfile.gettempdir()), ignore_errors=True)  # on Windows, some files are in use

    def test_2_needs_it(self):
        tempfile.TemporaryFile().close()

    def test_3_closes_it(self):
        os.chmod(tempfile.gettempdir(), 0)

    def test_4_needs_it(self):
        self.assertEqual(os.stat(tempfile.gettempdir()).st_mode & 0o777, 0o777 if os.name == "nt" else 0o700)
"""

    def test_a_test_that_removes_or_closes_it_does_not_harm_the_next_one_in_its_worker(self):
        other = "import unittest\nclass OtherTest(unittest.TestCase):\n    def test_other(self): pass\n"
        done, _ = self.run_sample("-j", "2", "test_sample", "test_other", **{"test_other.py": other})
        self.assertEqual(done.returncode, 0, done.stderr)


@medium
class OwnTraceFunctionTest(SampleRunCase):
    """They see what the test calls: of hermetic, at most the function in the place of a built-in one."""

    TESTS = """
import os, socket, subprocess, sys, threading, unittest
import hermetic

# Where a thread begins and ends, and what looks at each new module.
ALLOWED = {"decide_and_call", "_run_in_scope", "adopt", "find_spec"}
PROGRAM = ["cmd", "/c", "exit"] if os.name == "nt" else ["true"]

def sockets():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with socket.create_connection(sock.getsockname()):
            socket.getnameinfo(sock.getsockname(), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)

def threads():
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()

USES = {
    "events": lambda: os.listdir("."),
    "sockets": sockets,
    "threads": threads,
    "processes": lambda: subprocess.run(PROGRAM),
    "spawned": lambda: subprocess.run(PROGRAM, close_fds=False),
    "shell": lambda: os.system("exit"),
}

def of_ours(frames):
    ours = os.path.dirname(hermetic.__file__)
    return {code.co_name for code in frames if code.co_filename.startswith(ours)} - ALLOWED

def watching(begin, end):
    def test(self):
        for name, use in USES.items():
            with self.subTest(name):
                seen = []
                begin(seen)
                try:
                    use()
                finally:
                    end()
                self.assertEqual(of_ours(seen), set())
                self.assertTrue(seen or name == "events")
    return test

def tracing(seen):
    def see(frame, event, argument):
        seen.append(frame.f_code)
        return see
    return see

@hermetic.medium
class TraceTest(unittest.TestCase):
    test_trace = watching(lambda seen: sys.settrace(tracing(seen)), lambda: sys.settrace(None))
    test_profile = watching(lambda seen: sys.setprofile(tracing(seen)), lambda: sys.setprofile(None))

if hasattr(sys, "monitoring"):
    def monitor(seen, tool=4):
        sys.monitoring.use_tool_id(tool, "test")
        sys.monitoring.register_callback(tool, sys.monitoring.events.PY_START, lambda code, _: seen.append(code))
        sys.monitoring.set_events(tool, sys.monitoring.events.PY_START)

    TraceTest.test_monitoring = watching(monitor, lambda: sys.monitoring.free_tool_id(4))
"""

    @unittest.skipIf(support.IS_MEASURED, "coverage has the hook traced")
    def test_it_sees_no_frame_of_what_is_judged(self):
        done, _ = self.run_sample("test_sample")
        self.assertEqual(done.returncode, 0, done.stderr)


@medium
class StartMethodInAScriptTest(SampleRunCase):
    TESTS = """
import multiprocessing, unittest
import hermetic

@hermetic.medium
class ChildTest(unittest.TestCase):
    def test_child(self):
        process = multiprocessing.Process(target=abs, args=(1,))
        process.start()
        process.join(20)
        self.assertEqual(process.exitcode, 0)
"""
    RUNNER = """
import multiprocessing, unittest
multiprocessing.set_start_method("spawn")
unittest.main("test_sample")
"""

    def test_children_may_set_it_again(self):
        with Folder(**{"test_sample.py": self.TESTS, "runner.py": self.RUNNER}) as folder:
            done = run_python("runner.py", cwd=folder, timeout=WALL_SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr)


@medium
class ReusableWorkersTest(SampleRunCase):
    """A stand-in for loky, whose workers outlive the call that started them."""

    TESTS = """
import multiprocessing, unittest
import hermetic
from loky.process_executor import work

@hermetic.medium
class ReusedTest(unittest.TestCase):
    def test_1_starts_one(self):
        type(self).queue = multiprocessing.Queue()
        type(self).worker = multiprocessing.Process(target=work, args=(self.queue,))
        self.worker.start()

    def test_2_finds_it_alive(self):
        self.queue.put(None)
        self.worker.join(20)
        self.assertEqual(self.worker.exitcode, 0)
"""

    def test_they_are_there_for_the_next_test(self):
        library = "def work(queue):\n    queue.get()\n"
        files = {"loky/__init__.py": "", "loky/process_executor.py": library}
        done, _ = self.run_sample("--leaks", "error", "test_sample", **files)
        self.assertEqual(done.returncode, 0, done.stderr)
