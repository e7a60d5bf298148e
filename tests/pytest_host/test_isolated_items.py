"""Isolated items of pytest of every kind run in workers, and their reports are those of a run without isolation."""

from __future__ import annotations

import os
import re
import sys
import unittest

from hermetic import medium
from support import Folder, run_python
from support.hosts import installed
from support.pytest_items import COMMON, ENDS, FAILING, FINE, KINDS, REPORTS, without_numbers
from support.pytest_runs import run_pytest

setUpModule = unittest.skipUnless(sys.platform == "linux", "workers are forked from the session on Linux only")(
    lambda: None
)

HEARD = {
    "conftest.py": """
        def note(*what):
            with open("heard.txt", "a") as file:
                print(*what, file=file)

        def pytest_runtest_logstart(nodeid):
            note("start", nodeid)

        def pytest_runtest_logreport(report):
            note(report.when, report.nodeid)

        def pytest_runtest_logfinish(nodeid):
            note("finish", nodeid)

        def pytest_warning_recorded(warning_message, nodeid):
            note(warning_message.message, nodeid)
    """,
    "test_a.py": """
        import pytest, warnings

        @pytest.mark.isolated
        def test_it():
            warnings.warn("a warning")
    """,
    "test_b.py": """
        def test_heard():
            print(open("heard.txt").read())
    """,
}


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
            summaries.append(without_numbers(run.output))
        self.assertEqual(summaries[0], summaries[1])
        self.assertEqual(summaries[0], summaries[2])
        self.assertIn("FutureWarning: a warning", summaries[2])

    def test_plugins_hear_of_each_item_once(self) -> None:
        steps = ("start", "setup", "call", "teardown", "finish", "a warning")
        for start in ("auto", "fresh"):
            run = run_pytest(HEARD, env={"HERMETIC_ISOLATED_START": start})
            heard = re.findall(r"(?m)^(.+) test_a.py::test_it$", run.output.partition("short test summary")[0])
            self.assertEqual(sorted(steps), sorted(heard), run.output)

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

    def test_the_terminal_and_the_junit_report_get_what_plugins_and_fixtures_give_them(self) -> None:
        tests = """
    import logging
    @pytest.fixture(scope="module")
    def wide(): yield
    @pytest.mark.isolated
    def test_1(wide, record_xml_attribute, record_testsuite_property, record_property):
        record_xml_attribute("owner", "an attribute")
        record_testsuite_property("key", "of the suite")
        record_property("key", "of the test")
        logging.getLogger().warning("a live record")
        """
        options = ("--setup-show", "--log-cli-level=WARNING", "--junitxml=/dev/stdout", "-o", "junit_family=xunit1")
        for env in ({}, {"HERMETIC_ISOLATED_START": "fresh"}):
            run = run_pytest({"test_a.py": COMMON + tests}, *options, env=env)
            with self.subTest(env):
                self.assertRegex(run.output, "(?s)SETUP +M wide.*live log call.*a live record.*TEARDOWN M wide")
                for text in ('owner="an attribute"', 'value="of the suite"', 'value="of the test"'):
                    self.assertEqual(1, run.output.count(text), run.output)

    def test_log_records_of_workers_go_to_the_log_file(self) -> None:
        tests = """
    import logging
    def test_0(): logging.getLogger().warning("record 0")
    @pytest.mark.isolated
    def test_1(): logging.getLogger().warning("record 1")
    @pytest.mark.isolated
    def test_2(): logging.getLogger().warning("record 2")
        """
        for env in ({}, {"HERMETIC_ISOLATED_START": "fresh"}):
            with Folder(**{"test_a.py": COMMON + tests}) as folder, self.subTest(env):
                run_python("-m", "pytest", "--log-file=log", "--log-file-level=WARNING", cwd=folder, env=env)
                with open(os.path.join(folder, "log"), encoding="utf-8") as file:
                    self.assertEqual(["record 0", "record 1", "record 2"], re.findall(r"record \d", file.read()))

    def test_reruns_are_shown(self) -> None:
        # What pytest-rerunfailures does.
        conftest = """
    from _pytest.runner import runtestprotocol
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(item, nextitem):
        for attempt in ("rerun", "failed"):
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
            for report in reports:
                report.outcome = attempt if report.failed else report.outcome
                item.ihook.pytest_runtest_logreport(report=report)
        return True
    def pytest_report_teststatus(report):
        if report.outcome == "rerun": return "rerun", "R", "RERUN"
        """
        tests = "    seen = []\n    @pytest.mark.isolated\n    def test_1(): seen.append(1); assert len(seen) == 2\n"
        tests += "    @pytest.mark.isolated\n    def test_2(): os._exit(seen.append(1) or len(seen) == 2)\n"
        run = run_pytest({"conftest.py": COMMON + conftest, "test_a.py": COMMON + tests})
        self.assertIn("1 passed, 1 error, 1 rerun", run.output)

    @installed("coverage", "coverage")
    def test_coverage_of_workers_is_measured(self) -> None:
        # What pytest-cov does.
        conftest = """
    import coverage
    def pytest_sessionstart(session):
        session.config.measured = coverage.Coverage(data_file="data", data_suffix=True, include="module.py")
        session.config.measured.start()
    def pytest_sessionfinish(session):
        session.config.measured.stop()
        session.config.measured.save()
    def pytest_terminal_summary(config):
        whole = coverage.Coverage(data_file="data")
        whole.combine()
        print("measured", sorted(whole.get_data().lines(next(iter(whole.get_data().measured_files())))))
        """
        tests = "    import module\n    @hermetic.isolated\n    def test_1(): module.function()\n"
        files = {"conftest.py": conftest, "test_a.py": COMMON + tests, "module.py": "def function():\n    return 1\n"}
        self.assertIn("measured [1, 2]", run_pytest(files).output)

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
