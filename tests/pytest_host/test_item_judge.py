"""A violation under pytest is an error of its item, whatever hides it, and what happens between items is nobody's."""

from __future__ import annotations

import re
import unittest

from hermetic import medium
from support import Folder, run_python
from support.hosts import installed
from support.pytest_runs import run_pytest

COMMON = """
    import os, subprocess, sys, threading, time, unittest
    import pytest
    import hermetic

    def violate():
        subprocess.run(["true"])

    def swallow():
        try:
            violate()
        except Exception:
            pass
"""
HIDDEN = {
    "test_hidden.py": COMMON
    + """
    pytestmark = pytest.mark.small

    @pytest.fixture
    def in_set_up():
        swallow()

    @pytest.fixture
    def in_tear_down():
        yield
        swallow()

    def test_swallowed(): swallow()
    def test_raises():
        with pytest.raises(Exception):
            violate()
    @pytest.mark.xfail
    def test_xfail(): violate()
    @pytest.mark.xfail(strict=True)
    def test_xfail_strict(): swallow()
    @pytest.mark.xfail(raises=hermetic.SubprocessViolationError)
    def test_xfail_by_name(): violate()
    def test_xfail_call():
        swallow()
        pytest.xfail("later")
    def test_skip():
        swallow()
        pytest.skip("later")
    def test_failure():
        swallow()
        assert [1, 2] == [1, 3]
    def test_thread():
        thread = threading.Thread(target=swallow)
        thread.start()
        thread.join()
    def test_set_up(in_set_up): pass
    def test_tear_down(in_tear_down): pass
    def setup_function(function):
        if "setup_function" in function.__name__:
            swallow()
    def test_setup_function(): pass
    class TestMethods:
        def setup_method(self): swallow()
        def test_setup_method(self): pass
    class CaseTest(unittest.TestCase):
        @unittest.expectedFailure
        def test_expected(self): violate()
        @unittest.expectedFailure
        def test_unexpected(self): swallow()
        def test_skip(self):
            swallow()
            self.skipTest("later")
        def test_raised(self): violate()
        def test_failure(self):
            swallow()
            self.fail("on purpose")
    @pytest.mark.medium
    def test_child():
        code = "import socket\\ntry: socket.create_connection(('203.0.113.7', 9))\\nexcept Exception: pass"
        subprocess.run([sys.executable, "-c", code], check=True)
    def test_clean(): pass
    """
}
CLEAN = {"test_clean"}
WIDE = {
    "test_wide.py": COMMON
    + """
    @pytest.fixture(scope="session")
    def session_wide():
        yield violate()
        violate()

    @pytest.fixture(scope="module", params=[1, 2])
    def module_wide(request, session_wide):
        yield violate()
        violate()

    @pytest.mark.small
    def test_unmarked_module(module_wide): pass

    @pytest.mark.medium
    class TestMedium:
        @classmethod
        def setup_class(cls): violate()
        @pytest.mark.small
        def test_in_medium_class(self): pass

    @pytest.mark.small
    class TestSmall:
        @classmethod
        def setup_class(cls): swallow()
        def test_in_small_class(self): pass
        def test_next(self): pass

    @pytest.mark.small
    class TestTearDown:
        @classmethod
        def teardown_class(cls): swallow()
        def test_torn_down(self): pass

    @pytest.fixture(scope="module")
    def server():
        yield subprocess.Popen(["sleep", "60"])

    @pytest.mark.medium
    def test_begins_server(server):
        subprocess.run(["true"])

    @pytest.mark.medium
    def test_uses_server(server):
        subprocess.run(["true"])
        assert server.poll() is None
        server.kill()
        server.wait()
    """
}


@medium
@installed("pytest", "pytest")
class JudgeTest(unittest.TestCase):
    def test_nothing_hides_a_violation(self) -> None:
        run = run_pytest(HIDDEN, "--junit-xml=report.xml")
        every = set(re.findall(r"(?:def|class) (test_\w+)", HIDDEN["test_hidden.py"]))
        errors = {name.rpartition("::")[2] for name in run.named("ERROR")}
        self.assertEqual(every - CLEAN, errors, run.output)
        self.assertEqual(CLEAN | {"test_tear_down"}, run.named("PASSED"), run.output)
        self.assertEqual(set(), run.named("XFAIL") | run.named("XPASS") | run.named("FAILED"))
        self.assertIn("assert [1, 2] == [1, 3]", run.output)
        self.assertIn("on purpose", run.output)
        self.assertNotIn("_pytest_host", run.output, "frames of hermetic's own")
        self.assertEqual(1, run.status)

    def test_wide_fixtures_are_held_to_their_class_or_module_and_to_the_default_size(self) -> None:
        run = run_pytest(WIDE)
        in_small = {"TestSmall::test_in_small_class", "TestTearDown::test_torn_down"}
        self.assertEqual(in_small, run.named("ERROR"), run.output)
        self.assertIn("fixture _xunit_setup_class_fixture_TestSmall of test_wide.py::TestSmall", run.output)
        run = run_pytest(WIDE, "--hermetic-default-size=small", "-k", "unmarked")
        self.assertEqual({"test_unmarked_module[1]", "test_unmarked_module[2]"}, run.named("ERROR"), run.output)
        self.assertIn("fixture session_wide of the session", run.output)

    def test_time_limits_and_leftovers(self) -> None:
        tests = """
    @pytest.fixture(scope="module")
    def slow(): time.sleep(1.1)
    @pytest.mark.small
    def test_slow_fixture(slow): pass
    @pytest.mark.small
    def test_slow(): time.sleep(1.1)
    @pytest.mark.medium
    def test_leaves(): subprocess.Popen(["sleep", "60"])
        """
        run = run_pytest({"test_a.py": COMMON + tests}, "--hermetic-time-limits=strict", "--hermetic-leaks=error")
        self.assertEqual({"test_slow", "test_leaves"}, run.named("ERROR"), run.output)
        self.assertIn("process left running: sleep 60", run.output)
        run = run_pytest({"test_a.py": COMMON + tests}, "-k", "not fixture")
        self.assertEqual({"test_slow", "test_leaves"}, run.named("PASSED"), run.output)
        for line in ("warnings: H006 time", "leaks: H007 isolation: 1", "HermeticWarning: [H006]"):
            self.assertIn(line, run.output)

    def test_what_happens_after_the_last_item_fails_the_run(self) -> None:
        tests = """
    @pytest.mark.small
    def test_a():
        def later():
            time.sleep(0.5)
            swallow()
        threading.Thread(target=later).start()
        """
        end = "import time\ndef pytest_sessionfinish(): time.sleep(1)"
        run = run_pytest({"test_a.py": COMMON + tests, "conftest.py": end}, "--hermetic-leaks=off")
        self.assertEqual(1, run.status, run.output)
        self.assertIn('small test test_a.test_a started "true"', run.output)

    def test_options_of_pytest_work_as_ever(self) -> None:
        with Folder(**HIDDEN) as folder:
            first = run_python("-m", "pytest", "-x", "-q", cwd=folder).stdout
            again = run_python("-m", "pytest", "--lf", "-q", "--durations=1", "-W", "error", cwd=folder).stdout
        self.assertIn("stopping after 1 failures", first)
        self.assertIn("1 error in", again)
        self.assertIn("slowest 1 durations", again)
