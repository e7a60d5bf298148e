"""Isolated items of pytest of every kind run in workers, and their reports are those of a run without isolation."""

from __future__ import annotations

import os
import re
import sys
import unittest

from hermetic import medium
from support import Folder, run_python
from support.hosts import installed
from support.pytest_runs import run_pytest

setUpModule = unittest.skipUnless(sys.platform == "linux", "workers are forked from the session on Linux only")(
    lambda: None
)

COMMON = """
    import asyncio, os, pathlib, subprocess, sys, threading, time, unittest, warnings
    import pytest
    import hermetic

    SESSION = os.getpid()

    def is_isolated():
        return os.getpid() != SESSION and "HERMETIC_ISOLATED" in os.environ
"""
KINDS = {
    "conftest.py": """
        import os, pytest

        @pytest.fixture(scope="session")
        def log(tmp_path_factory):
            path = tmp_path_factory.getbasetemp() / "log"
            def note(what):
                with path.open("a") as file:
                    file.write(f"{what} {os.getpid()}\\n")
            note("set up")
            yield note
            note("torn down")
    """,
    "test_kinds.py": COMMON
    + """
    @pytest.fixture(scope="module", params=["a", "b"])
    def module_fixture(request, log):
        yield request.param

    @pytest.fixture(autouse=True)
    def automatic(monkeypatch): monkeypatch.setenv("AUTOMATIC", "1")

    def test_in_session(log): assert not is_isolated()

    @pytest.mark.isolated
    @pytest.mark.parametrize("n", [1, 2])
    def test_parameters(n, module_fixture, tmp_path, capsys, caplog, monkeypatch):
        assert is_isolated() and module_fixture in "ab" and os.environ["AUTOMATIC"]
        print(n)
        assert capsys.readouterr().out == f"{n}\\n"
        (tmp_path / "file").write_text("text")

    @hermetic.isolated
    def test_mark_of_hermetic(log): assert is_isolated()

    @hermetic.isolated("group")
    def test_group_1(log): os.environ["GROUP"] = "1"

    @pytest.mark.isolated("group")
    def test_group_2(log):
        assert os.environ.pop("GROUP") == "1"

    @pytest.mark.isolated
    class TestClass:
        @classmethod
        def setup_class(cls): cls.pid = os.getpid()
        def setup_method(self): self.value = 1
        def test_1(self): assert is_isolated() and self.pid == os.getpid() and self.value
        def test_2(self): assert self.pid == os.getpid()

    @pytest.mark.isolated
    class CaseTest(unittest.TestCase):
        @classmethod
        def setUpClass(cls): cls.pid = os.getpid()
        def test_1(self): self.assertTrue(is_isolated() and self.pid == os.getpid())
        def test_2(self): self.assertEqual(self.pid, os.getpid())
        @unittest.expectedFailure
        def test_expected(self): self.fail()

    class AsyncTest(unittest.IsolatedAsyncioTestCase):
        @hermetic.isolated
        async def test_async(self): self.assertTrue(is_isolated())

    @pytest.mark.isolated
    @pytest.mark.skipif(True, reason="not today")
    def test_skipped(): pass

    @pytest.mark.isolated
    @pytest.mark.xfail(reason="known")
    def test_xfail(): assert is_isolated() is None

    def test_in_session_again(log): assert "GROUP" not in os.environ

    @pytest.mark.isolated
    def test_log(log, tmp_path_factory):
        lines = [line.rsplit(" ", 1) for line in (tmp_path_factory.getbasetemp() / "log").read_text().splitlines()]
        pids = [pid for what, pid in lines if what == "set up"]
        assert len(set(pids)) == len(pids) and str(SESSION) in pids, lines
        assert [what for what, pid in lines if pid == str(SESSION)] == ["set up"], lines
    """,
    "test_module.py": COMMON
    + """
    pytestmark = [hermetic.isolated]
    def test_1(): sys.path.append("gone")
    def test_2():
        assert is_isolated()
        sys.path.remove("gone")
    """,
    "test_doctest.txt": ">>> import os\n>>> 'HERMETIC_ISOLATED' in os.environ\nFalse\n",
}
REPORTS = {
    "test_reports.py": COMMON
    + """
    @pytest.fixture
    def printing():
        print("printed in set-up")
        yield
        print("printed in tear-down")

    @pytest.fixture
    def failing(printing): raise KeyError("set-up")

    @pytest.mark.{0}
    class TestReports:
        def test_assertion(self, printing):
            print("printed in the call", file=sys.stderr)
            os.write(1, b"written to 1\\n")
            assert {{"a": [1, 2]}} == {{"a": [1, 3]}}
        def test_cause(self):
            try:
                1 / 0
            except ZeroDivisionError as error:
                raise ValueError("second") from error
        def test_warns(self): warnings.warn("a warning", FutureWarning)
        def test_property(self, record_property): record_property("place", ("a", 1))
        def test_skips(self): pytest.skip("inside")
        def test_xfails(self): pytest.xfail("inside")
        def test_set_up_fails(self, failing): pass
        def test_subtests(self, subtests):
            for n in (1, 2):
                with subtests.test(n=n):
                    assert n == 1
    """
}
ENDS = {
    "test_ends.py": COMMON
    + """
    def test_aborts():
        print("printed before")
        os.abort()
    def test_exits(): os._exit(0)
    @pytest.mark.xfail
    def test_exits_under_xfail(): os._exit(3)
    def test_closes():
        os.closerange(3, 2000)
    @pytest.fixture
    def ending(): os._exit(4)
    def test_set_up_exits(ending): pass
    @pytest.fixture
    def ending_late():
        yield
        os._exit(5)
    def test_tear_down_exits(ending_late): pass
    @pytest.mark.isolated(timeout=0.5)
    def test_hangs(): time.sleep(60)
    def test_forks():
        if os.fork() == 0:
            return
        os.wait()
    def test_leaks(): os.environ["LEFT"] = "1"
    def test_leaves(): subprocess.Popen(["sleep", "60"])
    def test_exit_handler():
        import atexit
        atexit.register(os._exit, 6)
    @pytest.mark.small
    def test_violates():
        try:
            subprocess.run(["true"])
        except Exception:
            pass
    @pytest.mark.isolated("g")
    def test_group_aborts(): os.abort()
    @pytest.mark.isolated("g")
    def test_group_goes_on(): pass
    def test_raises_system_exit(): raise SystemExit(0)
    """
}
FINE = {"test_group_goes_on"}
FAILING = {"test_raises_system_exit"}


@medium
@installed("pytest", "pytest")
class IsolatedItemsTest(unittest.TestCase):
    def test_items_of_every_kind(self) -> None:
        run = run_pytest(KINDS, "--hermetic-leaks=error")
        self.assertEqual(0, run.status, run.output)
        self.assertEqual({"test_xfail", "CaseTest::test_expected"}, run.named("XFAIL"), run.output)
        self.assertIn("1 skipped", run.output)
        self.assertIn("[1] test_kinds.py:", run.output)

    @installed("xdist", "pytest-xdist")
    def test_items_of_every_kind_under_xdist(self) -> None:
        files = {
            name: re.sub(r"(?s)    @pytest.mark.isolated\n    def test_log.*", "", text) for name, text in KINDS.items()
        }
        run = run_pytest(files, "-n", "2", "--hermetic-leaks=error")
        self.assertEqual(0, run.status, run.output)

    def test_reports_are_those_of_a_run_without_isolation(self) -> None:
        summaries = []
        for mark in ("plain", "isolated('g')", "isolated"):
            files = {name: text.format(mark) for name, text in REPORTS.items()}
            files["pytest.ini"] = "[pytest]\nmarkers = plain\n"
            run = run_pytest(files, "--junit-xml=/dev/stdout", "-o", "junit_logging=all")
            text = re.sub(
                r"\d+\.\d+|isolated\S*|plain|0x\w+|\d\d:\d\d:\d\d\S*|hermetic-test-\w+|hostname=\S+", "", run.output
            )
            summaries.append("\n".join(line.rstrip("= ") for line in text.splitlines()))
        self.assertEqual(summaries[0], summaries[1])
        self.assertEqual(summaries[0], summaries[2])
        self.assertIn("FutureWarning: a warning", summaries[2])

    def test_whatever_ends_a_process_is_an_error_of_its_item(self) -> None:
        run = run_pytest(ENDS, "--hermetic-isolated", "--hermetic-leaks=error")
        every = set(re.findall(r"def (test_\w+)", ENDS["test_ends.py"]))
        self.assertEqual(every - FINE - FAILING, run.named("ERROR"), run.output)
        self.assertEqual(FAILING, run.named("FAILED"))
        for text in (
            *("ended by SIGABRT", "printed before", "in test_aborts", "ended with exit status 0 before it finished"),
            *("timed out: the test used", "in test_hangs", "a child that it forked returned", "variable added: LEFT"),
            *("process left running: sleep 60", 'small test test_ends.test_violates started "true"'),
        ):
            self.assertIn(text, run.output)
        self.assertNotIn("pluggy/", run.output)

    def test_what_a_test_printed_before_its_process_ended_is_shown(self) -> None:
        tests = """
    @pytest.fixture
    def fixture(): print("in the set-up")
    @pytest.mark.isolated
    def test_1(fixture):
        print("in the test")
        os._exit(1)
        """
        with Folder(**{"test_a.py": COMMON + tests}) as folder:
            options = ("-m", "pytest", "--junitxml=junit.xml", "-o", "junit_logging=all")
            shown = run_python(*options, cwd=folder).stdout
            with open(os.path.join(folder, "junit.xml"), encoding="utf-8") as file:
                report = file.read()
            at_once = run_python("-m", "pytest", "-s", cwd=folder).stdout
        for text in (shown, report, at_once):
            self.assertRegex(text, "(?s)in the set-up.*in the test")

    def test_what_pytest_shows_while_an_item_runs_is_the_same_in_a_worker(self) -> None:
        tests = """
    import logging
    @pytest.fixture
    def fixture():
        logging.warning("set up")
        yield
        logging.warning("torn down")
    @pytest.mark.isolated
    def test_1(fixture): logging.warning("called")
    @pytest.mark.isolated
    def test_2(fixture): assert 0
        """
        with Folder(**{"test_a.py": COMMON + tests}) as folder:
            for options in (["--setup-show"], ["-v", "--log-cli-level=INFO"], ["--log-file=log.txt"]):
                with self.subTest(options):
                    seen = []
                    for isolation in ("--hermetic-no-isolation", "--hermetic-leaks=off"):
                        run = run_python("-m", "pytest", "-p", "no:django", "--tb=no", *options, isolation, cwd=folder)
                        with open(os.path.join(folder, "log.txt"), "a+", encoding="utf-8") as log:
                            log.seek(0)
                            seen.append((re.sub(r" in \d.*s", "", run.stdout), log.read()))
                    self.assertEqual(*seen)
                    self.assertRegex("".join(seen[1]), r"SETUP|set up")

    def test_a_session_within_a_test_of_another_session_leaks_nothing(self) -> None:
        files = {"test_a.py": COMMON + "    @pytest.mark.isolated\n    def test_1(): pass\n"}
        run = run_pytest(files, "--hermetic-leaks=error", env={"PYTEST_CURRENT_TEST": "test_a.py::test_2"})
        self.assertEqual({"test_1"}, run.named("PASSED"), run.output)

    def test_the_timer_of_pytest_timeout_stays_with_the_worker(self) -> None:
        # The hooks of pytest-timeout, as far as they matter: a timer around the protocol, which a hook stops.
        timer = """
    import os, pytest
    class Hooks:
        def pytest_timeout_cancel_timer(self, item): "stop"
    def pytest_addhooks(pluginmanager): pluginmanager.add_hookspecs(Hooks)
    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(item):
        item.timer = os.getpid()
        result = yield
        assert item.timer is None or "HERMETIC_ISOLATED" in os.environ
        return result
    def pytest_timeout_cancel_timer(item): item.timer = None
        """
        test = "    @pytest.mark.isolated\n    def test_1(request): assert request.node.timer == os.getpid()\n"
        run = run_pytest({"conftest.py": timer, "test_a.py": COMMON + test})
        self.assertEqual({"test_1"}, run.named("PASSED"), run.output)

    def test_options_of_pytest_work_as_ever(self) -> None:
        files = {"test_a.py": COMMON + "    pytestmark = pytest.mark.isolated('g')\n"}
        files["test_a.py"] += "    def test_1(): print('shown')\n    def test_2(): assert 0\n    def test_3(): pass\n"
        with Folder(**files) as folder:
            first = run_python("-m", "pytest", "-x", "-s", cwd=folder).stdout
            again = run_python("-m", "pytest", "--lf", "--durations=0", "-vv", cwd=folder).stdout
            debugged = run_python("-m", "pytest", "--pdb", "-k", "test_2", cwd=folder, stdin="p 6 * 7\nq\n").stdout
            planned = run_python("-m", "pytest", "--setup-plan", "--co", cwd=folder).stdout
        self.assertIn("1 failed, 1 passed", first)
        self.assertIn("shown\n", first)
        self.assertIn("1 failed in", again)
        self.assertIn("hermetic: isolated tests run in this process, because of --pdb", debugged)
        self.assertIn("(Pdb) 42", debugged)
        self.assertIn("3 tests collected", planned)

    def test_items_end_the_session_as_they_would_there(self) -> None:
        for code, text in (
            ("pytest.exit('enough', returncode=7)", "Exit: enough"),
            ("raise KeyboardInterrupt", "KeyboardInterrupt"),
            ("request.session.shouldstop = 'enough'", "enough"),
        ):
            with self.subTest(code):
                tests = f"    @pytest.mark.isolated\n    def test_1(request): {code}\n    def test_2(): pass\n"
                run = run_pytest({"test_a.py": COMMON + tests})
                self.assertIn(text, run.output)
                self.assertNotIn("test_2", run.outcomes)
                self.assertNotEqual(0, run.status)
