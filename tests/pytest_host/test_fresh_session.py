"""Isolated items of pytest in new interpreters, as on systems without fork, report what forked workers report."""

from __future__ import annotations

import importlib.util
import os
import re
import unittest

import support
from hermetic import medium
from support import package_folder
from support.hosts import installed
from support.pytest_items import COMMON, ENDS, FAILING, FINE, KINDS, REPORTS, without_numbers
from support.pytest_runs import run_pytest

if importlib.util.find_spec("xdist") is None:  # and so not all hosts are there
    setUpModule = support.some_pythons_do

FRESH = {"HERMETIC_ISOLATED_START": "fresh"}
ELSEWHERE = {"sitecustomize.py": "import hermetic._base.features\nhermetic._base.features.LINUX = False\n"}
UNNAMED_ELSEWHERE = {"test_leaves"}  # only Linux names the processes that a worker has left

CONFTEST = """
    import os, pytest, time

    def pytest_addoption(parser):
        parser.addoption("--answer", type=int)
        parser.addini("color", "a colour")

    def pytest_configure(config):
        os.environ["CONFIGURED"] = "1"

    @pytest.fixture
    def answer(request): return request.config.getoption("answer")
"""
OPTIONS = """
    pytestmark = pytest.mark.isolated

    @pytest.fixture(autouse=True)
    def isolated(): assert is_isolated()
    def test_option(answer): assert answer == 42
    def test_ini(pytestconfig): assert pytestconfig.getini("color") == "blue"
    def test_plugin(from_plugin): assert from_plugin == "from a plugin"
    def test_import_mode(): assert __name__ == "folder.test_options"
    def test_warning():
        with pytest.raises(FutureWarning):
            warnings.warn("a warning", FutureWarning)
    def test_output(capsys):
        print("captured by the fixture")
        with capsys.disabled():
            print("shown at once")
    def test_set_in_the_session(): assert os.environ["CONFIGURED"] == "1"
"""


@medium
@installed("pytest", "pytest")
class FreshSessionTest(unittest.TestCase):
    def test_items_of_every_kind(self) -> None:
        run = run_pytest(KINDS, "--hermetic-leaks=error", env=FRESH)
        self.assertEqual(0, run.status, run.output)
        self.assertEqual({"test_xfail", "CaseTest::test_expected"}, run.named("XFAIL"), run.output)
        self.assertIn("1 skipped", run.output)

    def test_reports_are_those_of_a_run_without_isolation(self) -> None:
        shown = []
        for mark in ("plain", "isolated('g')"):
            files = {name: text.format(mark) for name, text in REPORTS.items()}
            files["pytest.ini"] = "[pytest]\nmarkers = plain\n"
            run = run_pytest(files, "--junit-xml=/dev/stdout", "-o", "junit_logging=all", env=FRESH)
            shown.append(without_numbers(run.output))
        self.assertEqual(*shown)
        self.assertIn("FutureWarning: a warning", shown[1])

    @support.posix_only("fork and signals")
    def test_whatever_ends_a_process_is_an_error_of_its_item(self) -> None:
        env = {"PYTHONPATH": os.pathsep.join([".", package_folder()])}
        run = run_pytest({**ENDS, **ELSEWHERE}, "--hermetic-isolated", "--hermetic-leaks=error", env=env)
        every = set(re.findall(r"def (test_\w+)", ENDS["test_ends.py"]))
        self.assertEqual(every - FINE - FAILING - UNNAMED_ELSEWHERE, run.named("ERROR"), run.output)
        self.assertEqual(FAILING, run.named("FAILED"))
        for text in ("ended by SIGABRT", "printed before", "in test_aborts", "in test_hangs", "variable added: LEFT"):
            self.assertIn(text, run.output)
        self.assertNotIn("pluggy/", run.output)

    def test_options_arguments_and_plugins_are_those_of_the_session(self) -> None:
        files = {"conftest.py": CONFTEST, "folder/__init__.py": "", "folder/test_options.py": COMMON + OPTIONS}
        files["a_plugin.py"] = "import pytest\n@pytest.fixture\ndef from_plugin(): return 'from a plugin'\n"
        options = ("--answer=42", "-o", "color=blue", "-p", "a_plugin", "--import-mode=importlib", "-W", "error")
        run = run_pytest(files, *options, "folder", env={**FRESH, "PYTHONPATH": f".{os.pathsep}{package_folder()}"})
        self.assertEqual(0, run.status, run.output)
        self.assertIn("shown at once", run.output)
        self.assertNotIn("test session starts", run.output.split("collected")[1])

    @installed("xdist", "pytest-xdist")
    def test_workers_of_xdist_start_interpreters(self) -> None:
        tests = "    @hermetic.isolated\n    def test_a(worker_id, answer): assert (worker_id, answer) == ('gw0', 42)"
        files = {"conftest.py": CONFTEST, "test_a.py": COMMON + tests}
        run = run_pytest(files, "-n1", "--answer=42", env=FRESH)
        self.assertEqual(0, run.status, run.output)

    def test_output_with_no_capture(self) -> None:
        tests = "    @pytest.mark.isolated\n    def test_a(): print('printed'), os.write(2, b'written')\n"
        run = run_pytest({"test_a.py": COMMON + tests}, "-s", env=FRESH)
        self.assertIn("printed\n", run.output)
        self.assertIn("written", run.output)


@medium
@installed("pytest", "pytest")
class MismatchTest(unittest.TestCase):
    def error_of(self, tests: str, conftest: str = "") -> str:
        run = run_pytest({"test_a.py": COMMON + tests, "conftest.py": COMMON + conftest}, env=FRESH)
        self.assertEqual(["ERROR"], [word for words in run.outcomes.values() for word in words], run.output)
        return run.output

    def test_other_ids(self) -> None:
        output = self.error_of(
            "    @pytest.mark.isolated\n    @pytest.mark.parametrize('pid', [os.getpid()])\n    def test_a(pid): pass\n"
        )
        self.assertIn("a new interpreter collected 0 tests with this id, but the session collected 1. The ids", output)

    def test_other_numbers_of_tests_with_one_id(self) -> None:
        output = self.error_of(
            "    @pytest.mark.isolated\n    def test_a(): pass\n",
            "    def pytest_collection_modifyitems(items):\n        items *= 1 + is_isolated()\n",
        )
        self.assertIn("a new interpreter collected 2 tests with this id, but the session collected 1", output)

    def test_a_file_that_cannot_be_imported_again(self) -> None:
        output = self.error_of("    assert not is_isolated()\n    @pytest.mark.isolated\n    def test_a(): pass\n")
        self.assertIn("the session collected 1:", output)
        self.assertIn("assert not is_isolated()", output)

    def test_a_session_that_ends_before_its_first_item(self) -> None:
        for code, text in (
            ("raise pytest.UsageError('not again')", "pytest ended in a new interpreter before it ran a test"),
            ("os._exit(7)", "ended with exit status 7 before it finished"),
        ):
            with self.subTest(code):
                conftest = f"    def pytest_sessionstart():\n        if is_isolated():\n            {code}\n"
                output = self.error_of("    @pytest.mark.isolated\n    def test_a(): pass\n", conftest)
                self.assertIn(text, output)
                if "Usage" in code:
                    self.assertIn("not again", output)
