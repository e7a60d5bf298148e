"""Unusual test classes, results, exceptions, and mocks work as under unittest, and are guarded."""

from __future__ import annotations

import contextlib
import io
import linecache
import os
import re
import socket
import subprocess
import sys
import textwrap
import threading
import unittest
from unittest import mock

import hermetic
import support
from hermetic import HermeticTestCase, TestRunner, allow, medium, small

setUpModule = support.unmeasured_processes
REFUSED = r"\[H001\] network violation: small test \S+ connected to 127\.0\.0\.1:9"
PREAMBLE = """
import contextlib, gc, os, socket, subprocess, sys, tempfile, threading, types, unittest, weakref
from unittest import mock
import hermetic
from hermetic import allow, large, medium, small
def swallow():
    with contextlib.suppress(Exception), socket.socket() as sock: sock.connect(("127.0.0.1", 9))
def start_process():
    subprocess.run([sys.executable, "-c", ""], check=True)
def fork(then):
    pid = os.fork()
    if pid == 0:
        then()
        os._exit(0)
    return pid
"""


def reach() -> None:
    """Refused in a small test."""
    with socket.socket() as sock:
        sock.connect(("127.0.0.1", 9))


def swallow() -> None:
    with contextlib.suppress(Exception):
        reach()


def load(cls: type[unittest.TestCase]) -> unittest.TestSuite:
    return unittest.defaultTestLoader.loadTestsFromTestCase(cls)


def run(cls: type[unittest.TestCase], make_runner=TestRunner, **kwargs: object):
    """The result and the text of a run of one class in this process."""
    stream = io.StringIO()
    result = make_runner(stream=stream, **kwargs).run(load(cls))
    return result, stream.getvalue()


def outcome(result: unittest.TestResult) -> list[tuple[str, int]]:
    """For each error the name of its test's method, and how many violations it has."""
    return [(test._testMethodName, text.count("[H001]")) for test, text in result.errors]


def run_module(source: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a module of tests in a process of its own, by our runner."""
    with support.Folder(**{"test_it.py": PREAMBLE + textwrap.dedent(source)}) as folder:
        return support.run_hermetic(*arguments, "test_it", cwd=folder, env=env)


def run_script(source: str, **files: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own, by Python."""
    files = {name + ".py": textwrap.dedent(text) for name, text in files.items()}
    with support.Folder(**{"script.py": PREAMBLE + textwrap.dedent(source), **files}) as folder:
        return support.run_python("script.py", cwd=folder)


class AllowBlocks(HermeticTestCase):
    def test_a_thread_that_outlives_one_is_charged_to_its_test(self):
        go = threading.Event()

        @small
        class Case(unittest.TestCase):
            def test_a(self):
                with allow(hosts=["127.0.0.2"]):
                    Case.thread = threading.Thread(target=lambda: go.wait() and swallow())
                    Case.thread.start()

            @classmethod
            def tearDownClass(cls):
                go.set()
                cls.thread.join()

        result, said = run(Case)
        self.assertEqual(len(result.errors), 1, said)
        self.assertRegex(said, REFUSED.replace(r"\S+", r"\S*Case\.test_a"))


class OddClasses(HermeticTestCase):
    def test_a_class_without_a_hash(self):
        class Meta(type):
            __hash__ = None

        class Case(unittest.TestCase, metaclass=Meta):
            @small
            def test_a(self):
                swallow()

        self.assertEqual(outcome(run(Case)[0]), [("test_a", 1)])

    def test_classes_that_say_they_are_equal_have_policies_of_their_own(self):
        class Meta(type):
            def __eq__(cls, other):
                return cls.__name__ == getattr(other, "__name__", None)

            def __hash__(cls):
                return hash(cls.__name__)

        def make(mark, act):
            return mark(Meta("Same", (unittest.TestCase,), {"test_a": lambda self: act()}))

        first, second = make(medium, lambda: None), make(small, swallow)
        run(first)
        self.assertEqual(outcome(run(second)[0]), [("test_a", 1)])

    def test_an_unmarked_class_without_a_hash(self):
        class Meta(type):
            __hash__ = None

        class Case(unittest.TestCase, metaclass=Meta):
            def test_a(self):
                pass

        self.assertEqual(run(Case)[0].testsRun, 1)

    def test_the_fixtures_of_a_class_without_a_hash(self):
        class Meta(type):
            __hash__ = None

        @small
        class Case(unittest.TestCase, metaclass=Meta):
            @classmethod
            def setUpClass(cls):
                swallow()

            def test_a(self):
                pass

        result, said = run(Case)
        self.assertEqual((result.testsRun, len(result.errors)), (1, 1), said)
        self.assertRegex(said, r"\[H001\] network violation: small test setUpClass \(.*Case\) connected to")

    def test_a_class_of_a_module_that_has_no_namespace(self):
        class Nameless:
            __slots__ = ()

        with mock.patch.dict(sys.modules, {"nameless_module": Nameless()}):
            case = type("Case", (unittest.TestCase,), {"__module__": "nameless_module", "test_a": lambda self: None})
            result, said = run(case)
        self.assertEqual((result.testsRun, result.wasSuccessful()), (1, True), said)

    def test_a_test_whose_id_raises_is_guarded(self):
        class Case(unittest.TestCase):
            def id(self):
                raise RuntimeError("no id")

            @small
            def test_a(self):
                swallow()

        self.assertEqual(outcome(run(Case)[0]), [("test_a", 1)])


@medium
class OddExceptions(unittest.TestCase):
    def assert_reported_as_it_is(self, exceptions: str) -> None:
        ran = run_module(f"""
            class OddError(Exception):
                exceptions = {exceptions}
            class Case(unittest.TestCase):
                def test_a(self): raise OddError("by the test")
                def test_b(self): print("ran")
        """)
        self.assertEqual((ran.returncode, ran.stdout), (1, "ran\n"), ran.stderr)
        self.assertIn("OddError: by the test\n", ran.stderr)
        self.assertRegex(ran.stderr, r"\nFAILED \(errors=1\)\n")

    def test_one_whose_exceptions_are_none(self):
        self.assert_reported_as_it_is("None")

    def test_one_whose_exceptions_are_texts(self):
        self.assert_reported_as_it_is("['bad field', 'worse']")

    def test_one_whose_exceptions_are_a_method(self):
        self.assert_reported_as_it_is("lambda self: []")


class OddMocks(HermeticTestCase):
    def test_a_violation_is_an_error_while_os_stat_is_a_mock(self):
        class Case(unittest.TestCase):
            @small
            def test_a(self):
                linecache.clearcache()
                with mock.patch("os.stat", side_effect=RuntimeError):
                    swallow()

        self.assertEqual(outcome(run(Case)[0]), [("test_a", 1)])


class LegacyResult:
    """What a result was before Python 2.7: it knows no skips, no subtests and no runs."""

    shouldStop = False

    def __init__(self, *_: object):
        self.testsRun = 0
        self.failures, self.errors, self.passed = [], [], []
        self.skipped = self.expectedFailures = self.unexpectedSuccesses = ()

    def startTest(self, test):
        self.testsRun += 1

    def stopTest(self, test):
        pass

    def addSuccess(self, test):
        self.passed.append(test)

    def addError(self, test, error):
        self.errors.append((test, str(error[1])))

    addFailure = addError

    def wasSuccessful(self):
        return not self.errors

    def printErrors(self):
        pass


class Delegate:
    """A result that hands everything on to another."""

    def __init__(self, real: object):
        object.__setattr__(self, "real", real)

    def __getattr__(self, name):
        return getattr(object.__getattribute__(self, "real"), name)

    def __setattr__(self, name, value):
        setattr(self.real, name, value)


class DelegatingRunner(TestRunner):
    def _makeResult(self):
        return Delegate(super()._makeResult())


class SampleTest(unittest.TestCase):
    @small
    def test_clean(self):
        pass

    @unittest.skip("always")
    def test_skipped(self):
        pass

    @small
    def test_swallows(self):
        swallow()


def load_tests(loader, tests, pattern):
    """Leave the sample out."""
    mine = [cls for cls in globals().values() if isinstance(cls, type) and cls.__module__ == __name__]
    cases = [cls for cls in mine if issubclass(cls, unittest.TestCase) and cls is not SampleTest]
    return unittest.TestSuite([loader.loadTestsFromTestCase(cls) for cls in cases])


class OddResults(HermeticTestCase):
    def test_ours_with_the_runner_of_unittest(self):
        result, said = run(SampleTest, unittest.TextTestRunner, resultclass=hermetic.TestResult)
        self.assertEqual((len(result.skipped), outcome(result)), (1, [("test_swallows", 1)]), said)

    def test_ours_with_the_runner_of_unittest_says_what_was_violated(self):
        said = run(SampleTest, unittest.TextTestRunner, resultclass=hermetic.TestResult)[1]
        self.assertIn("\nviolations: H001 network: 1 in 1 test\n", said)

    def test_ours_without_a_runner(self):
        stream = unittest.runner._WritelnDecorator(io.StringIO())
        result = hermetic.TestResult(stream, True, 1)
        load(SampleTest).run(result)
        self.assertEqual((len(result.skipped), outcome(result)), (1, [("test_swallows", 1)]))

    def test_one_that_has_only_what_was_there_before_python_2_7(self):
        result, said = run(SampleTest, resultclass=LegacyResult, warnings="ignore")
        self.assertEqual(outcome(result), [("test_swallows", 1)], said)

    def test_one_that_knows_no_skips_is_told_of_a_success(self):
        result = run(SampleTest, resultclass=LegacyResult, warnings="ignore")[0]
        self.assertEqual([test._testMethodName for test in result.passed], ["test_clean", "test_skipped"])

    def test_one_that_hands_everything_on_to_ours(self):
        result, said = run(SampleTest, DelegatingRunner)
        self.assertEqual((len(result.skipped), outcome(result)), (1, [("test_swallows", 1)]), said)

    def test_one_that_hands_everything_on_to_that_of_unittest(self):
        result, said = run(SampleTest, DelegatingRunner, resultclass=unittest.TextTestResult)
        self.assertEqual((len(result.skipped), outcome(result)), (1, [("test_swallows", 1)]), said)


TWO_RUNS = """
import io
start, begun, barrier, results = threading.Event(), threading.Event(), threading.Barrier(2, timeout=30), {}
class Small(unittest.TestCase):
    @small
    def test_a(self):
        begun.set()
        barrier.wait()  # the large test has begun too
        swallow()
        barrier.wait()
class Large(unittest.TestCase):
    @large
    def test_a(self):
        barrier.wait()
        barrier.wait()
def run(cls, may_begin):
    may_begin.wait()
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(cls)
    results[cls.__name__] = len(hermetic.TestRunner(stream=io.StringIO()).run(suite).errors)
threads = [threading.Thread(target=run, args=each) for each in ((Small, start), (Large, begun))]
for thread in threads: thread.start()
start.set()
for thread in threads: thread.join()
print(sorted(results.items()))
"""


@medium
class OddRunners(unittest.TestCase):
    def test_two_runs_in_two_threads(self):
        ran = run_script(TWO_RUNS)
        self.assertEqual(ran.stdout, "[('Large', 0), ('Small', 1)]\n", ran.stderr)

    @unittest.skipIf(sys.version_info >= (3, 12), "unittest itself asks that result how many tests were run")
    def test_one_whose_own_result_has_none_of_the_attributes_of_a_result(self):
        ran = run_script("""
            class Runner:
                def run(self, suite):
                    suite(unittest.TestResult())
                    return types.SimpleNamespace(wasSuccessful=lambda: True)
            class Case(unittest.TestCase):
                def test_a(self): print("ran")
            hermetic.main(testRunner=Runner())
        """)
        self.assertEqual((ran.returncode, ran.stdout), (0, "ran\n"), ran.stderr)

    def test_tests_that_a_marked_script_runs_are_not_held_to_its_mark(self):
        legacy = """
            import socket, unittest
            class LegacyTest(unittest.TestCase):
                def test_udp(self):
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock: sock.connect(("127.0.0.1", 9))
        """
        ran = run_script(
            "from legacy import LegacyTest\n__hermetic__ = hermetic.small\nif __name__ == '__main__': unittest.main()",
            legacy=legacy,
        )
        self.assertEqual(ran.returncode, 0, ran.stderr)


@medium
class OddProcesses(unittest.TestCase):
    def assert_errors(self, source: str, *names: str, **env: str) -> str:
        """The tests that have an error each, and no others; what was said."""
        said = run_module(source, **env).stderr
        self.assertEqual(re.findall(r"^(?:ERROR|FAIL): (\w+)", said, re.MULTILINE), list(names), said)
        return said

    def test_what_is_swallowed_in_an_allow_block_is_an_error_of_its_own_test(self):
        said = self.assert_errors(
            """
            @small
            class Case(unittest.TestCase):
                def test_a(self):
                    with allow(hosts=["127.0.0.2"]): swallow()
                def test_b(self):
                    thread = threading.Thread(target=int)
                    thread.start()
                    thread.join()
            """,
            "test_a",
        )
        self.assertRegex(said, REFUSED)

    @support.posix_only("fork")
    def test_a_child_that_is_started_in_an_allow_block_is_charged_to_the_test(self):
        said = self.assert_errors(
            """
            class Case(unittest.TestCase):
                @small
                def test_a(self):
                    with allow(processes=["fork"]):
                        os.waitpid(fork(swallow), 0)
            """,
            "test_a",
        )
        self.assertRegex(said, REFUSED)

    def test_a_test_whose_id_raises_starts_a_process(self):
        self.assert_errors("""
            class Case(unittest.TestCase):
                def id(self): raise RuntimeError("no id")
                @medium
                def test_a(self): start_process()
        """)

    def test_a_process_starts_while_mkstemp_is_a_mock(self):
        self.assert_errors("""
            class Case(unittest.TestCase):
                @medium
                def test_a(self):
                    with mock.patch("tempfile.mkstemp"): start_process()
        """)

    def test_a_temporary_folder_of_the_test_holds_nothing_of_ours(self):
        self.assert_errors("""
            class Case(unittest.TestCase):
                @medium
                def test_a(self):
                    with tempfile.TemporaryDirectory() as folder, mock.patch.object(tempfile, "tempdir", folder):
                        start_process()
                        self.assertEqual(os.listdir(folder), [])
        """)

    @support.posix_only("fork")
    def test_children_are_charged_after_a_temporary_folder_has_gone(self):
        source = """
            class Case(unittest.TestCase):
                @medium
                def test_a(self):
                    with tempfile.TemporaryDirectory() as folder, mock.patch.object(tempfile, "tempdir", folder):
                        start_process()
                @small
                @allow(processes=["fork"])
                def test_b(self):
                    os.waitpid(fork(swallow), 0)
        """
        self.assertRegex(self.assert_errors(source, "test_b"), REFUSED)

    def test_tests_that_started_processes_are_not_kept(self):
        ran = run_module("""
            started = []
            class Case(unittest.TestCase):
                @medium
                def start(self):
                    started.append(weakref.ref(self))
                    start_process()
                test_1 = test_2 = test_3 = start
                def test_4(self):
                    gc.collect()
                    print("kept:", sum(test() is not None for test in started))
        """)
        self.assertRegex(ran.stdout, r"^kept: [01]\n", ran.stderr)  # the last one may still be the current one


@medium
class TheEndOfTheProcess(unittest.TestCase):
    LATE = """
        class Case(unittest.TestCase):
            @small
            @allow(processes=["fork"])
            def test_a(self):
                (reader, writer), (done, held) = os.pipe(), os.pipe()
                def daemon():
                    if os.fork() == 0:
                        os.read(reader, 1)
                        swallow()
                os.waitpid(fork(daemon), 0)
                os.close(held)
                def release():
                    threading.main_thread().join()
                    os.write(writer, b"1")
                    os.read(done, 1)
                threading.Thread(target=release).start()
    """

    @support.posix_only("fork")
    def test_a_violation_of_a_child_after_the_last_test_is_shown(self):
        self.assertRegex(run_module(self.LATE).stderr, "\nafter the last test: " + REFUSED)

    @support.posix_only("fork")
    def test_a_violation_of_a_child_after_the_last_test_fails_the_run(self):
        ran = run_module(self.LATE)
        self.assertEqual(ran.returncode, 1, ran.stderr)

    def test_a_late_violation_fails_the_run_of_another_runner_too(self):
        source = """
            @small
            class Late(unittest.TestCase):
                def test_thread(self):
                    def late():
                        threading.main_thread().join()
                        swallow()
                    threading.Thread(target=late).start()
                    import atexit
                    atexit.register(print, 1)
        """
        with support.Folder(**{"test_it.py": PREAMBLE + textwrap.dedent(source)}) as folder:
            start = "import atexit, unittest; atexit.register(print, 2); unittest.main('test_it')"
            ran = support.run_python("-c", start, cwd=folder)
        self.assertRegex(ran.stderr, "\nOK\nafter the last test: " + REFUSED)
        self.assertEqual((ran.returncode, {*ran.stdout.split()}), (1, {"1", "2"}), ran.stderr)

    def test_exit_handlers_of_the_suite_run_when_a_late_violation_fails_it(self):
        source = """
            def late():
                threading.main_thread().join()
                swallow()
            class Case(unittest.TestCase):
                @small
                def test_a(self): threading.Thread(target=late).start()
        """
        handler = "import atexit\natexit.register(print, 'the handler of the suite')\n"
        with support.Folder(**{"test_it.py": handler + PREAMBLE + textwrap.dedent(source)}) as folder:
            ran = support.run_hermetic("test_it", cwd=folder)
        self.assertEqual((ran.returncode, ran.stdout), (1, "the handler of the suite\n"), ran.stderr)

    def test_an_exit_while_the_clock_is_a_mock_is_one_error(self):
        said = run_module("""
            class Case(unittest.TestCase):
                def test_a(self):
                    with mock.patch("time.perf_counter"): os._exit(0)
        """).stderr
        self.assertIn("hermetic.RunEndedEarly: os._exit(0) ended the test run", said)
        self.assertRegex(said, r"\nFAILED \(errors=1\)\n")

    def test_an_exit_leaves_no_file_behind(self):
        source = """
            class Case(unittest.TestCase):
                @medium
                def test_a(self): start_process()
                def test_b(self): os._exit(0)
        """
        with support.Folder() as folder:
            ran = run_module(source, TMPDIR=folder)
            self.assertEqual((ran.returncode, os.listdir(folder)), (1, []), ran.stderr)


@medium
class Tracebacks(unittest.TestCase):
    def test_an_ordinary_error_of_a_socket_shows_no_frame_of_ours(self):
        said = run_module("""
            class Case(unittest.TestCase):
                def test_a(self):
                    with socket.socket() as closed, socket.socket() as client:
                        closed.bind(("127.0.0.1", 0))
                        client.connect(closed.getsockname())
        """).stderr
        self.assertIn("\nConnectionRefusedError: ", said)
        self.assertNotIn(os.path.join("hermetic", "_guards"), said)


if __name__ == "__main__":
    unittest.main()
