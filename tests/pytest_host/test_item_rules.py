"""Marks of all kinds mean the same under pytest: hermetic's, pytest's markers, ``pytestmark`` and ``__hermetic__``."""

from __future__ import annotations

import unittest

from hermetic import medium
from support.hosts import installed
from support.pytest_runs import run_pytest

VIOLATE = """
    import subprocess, unittest
    import pytest
    import hermetic

    def violate():
        subprocess.run(["true"])
"""
FILES = {
    "test_marks.py": VIOLATE
    + """
    @pytest.mark.small
    def test_marker(): violate()

    @hermetic.small
    def test_mark(): violate()

    @hermetic.small
    @pytest.mark.small
    def test_both(): violate()

    @pytest.mark.small
    @pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.medium)])
    def test_parameters(n): violate()

    @pytest.mark.small
    @pytest.mark.allow(processes=["true"])
    def test_allow(): violate()

    class TestPlain:
        pytestmark = [hermetic.small, hermetic.allow(hosts=["x.example"])]

        def test_class(self): violate()

        @pytest.mark.medium
        def test_nearer(self): violate()

    class TestInherited(TestPlain):
        def test_own(self): violate()

    class TestOverriding(TestPlain):
        pytestmark = pytest.mark.medium

    @pytest.mark.small
    class CaseTest(unittest.TestCase):
        def test_case(self): violate()

        @hermetic.medium
        def test_nearer(self): violate()

    def test_unmarked(): violate()
    """,
    "test_module.py": VIOLATE + "\n    __hermetic__ = hermetic.small\n    def test_attribute(): violate()\n",
    "test_list.py": VIOLATE + "\n    pytestmark = [hermetic.small]\n    def test_pytestmark(): violate()\n",
    "test_wrong.py": VIOLATE
    + """
    @pytest.mark.small(1)
    def test_arguments(): pass

    @pytest.mark.isolated(timeout=-1)
    def test_timeout(): pass

    @pytest.mark.isolated(seconds=3)
    def test_keyword(): pass

    @pytest.mark.allow(hosts="db.test")
    def test_hosts(): pass

    @pytest.mark.small
    @pytest.mark.large
    def test_two_sizes(): pass
    """,
}
VIOLATING = {
    *("test_marker", "test_mark", "test_both", "test_parameters[1]", "TestPlain::test_class"),
    *("TestInherited::test_class", "TestInherited::test_own", "CaseTest::test_case", "test_attribute"),
    "test_pytestmark",
}
FINE = {
    *("test_parameters[2]", "test_allow", "TestPlain::test_nearer", "TestInherited::test_nearer"),
    *("TestOverriding::test_class", "TestOverriding::test_nearer", "CaseTest::test_nearer", "test_unmarked"),
}
WRONG = {
    "test_arguments": "@pytest.mark.small takes no arguments",
    "test_timeout": "timeout=-1 is not a number of seconds above 0",
    "test_keyword": "it takes (group=None, timeout=None, sandbox=None)",
    "test_hosts": "hosts='db.test': write a list of strings",
    "test_two_sizes": "test_two_sizes has more than one size: @large, @small",
}


@medium
@installed("pytest", "pytest")
class ItemRulesTest(unittest.TestCase):
    def test_marks(self) -> None:
        run = run_pytest(FILES)
        self.assertEqual(VIOLATING | {*WRONG}, run.named("ERROR"), run.output)
        self.assertEqual(FINE, run.named("PASSED"), run.output)
        for name, text in WRONG.items():
            with self.subTest(name):
                self.assertIn(text, run.output)

    def test_sizes_are_markers_whatever_they_come_from(self) -> None:
        run = run_pytest(FILES, "-m", "small", "--collect-only", "-q", "--ignore=test_wrong.py")
        selected = {line.partition("::")[2] for line in run.output.splitlines() if "::" in line}
        self.assertLessEqual(VIOLATING, selected)
        self.assertNotIn("test_unmarked", selected)

    def test_names_of_violations_are_those_of_other_runners(self) -> None:
        run = run_pytest(FILES, "-k", "test_case or (test_parameters and 1) or test_class")
        for name in ("CaseTest.test_case", "test_parameters", "TestInherited.test_class"):
            self.assertIn(f'small test test_marks.{name} started "true"', run.output)


RETRIED = {
    "test_retries.py": """
        import unittest
        import pytest
        import hermetic

        @hermetic.retries(2)
        def test_mark(): pass

        @pytest.mark.retries(3)
        def test_marker(): pass

        def test_plain(): pass

        class TestPlain:
            pytestmark = [hermetic.retries(1)]

            def test_class(self): pass

            @hermetic.retries(0)
            def test_never(self): pass

        class CaseTest(unittest.TestCase):
            @hermetic.retries(4)
            def test_case(self): pass

        @pytest.mark.retries("often")
        def test_wrong(): pass
    """
}
PLUGIN = """
    import pytest

    def pytest_configure(config):
        config.addinivalue_line("markers", "flaky(reruns): as of pytest-rerunfailures")
        config.pluginmanager.register(object(), "rerunfailures")

    def pytest_runtest_setup(item):
        found = item.get_closest_marker("flaky")
        print(item.name, "has", found and found.kwargs["reruns"])
"""
NO_EFFECT = "hermetic: the mark retries has no effect without the plugin pytest-rerunfailures"


@medium
@installed("pytest", "pytest")
class RetriesTest(unittest.TestCase):
    def test_marks_are_those_of_the_plugin_that_retries(self):
        run = run_pytest({**RETRIED, "conftest.py": PLUGIN})
        found = {line.split(" has ")[0]: line.split(" has ")[1] for line in run.output.splitlines() if " has " in line}
        expected = {"test_mark": "2", "test_marker": "3", "test_plain": "None", "test_class": "1", "test_never": "None"}
        self.assertEqual(found, {**expected, "test_case": "4"}, run.output)
        self.assertEqual(run.named("ERROR"), {"test_wrong"})
        self.assertIn("@retries takes a whole number, not 'often'", run.output)
        self.assertNotIn(NO_EFFECT, run.output)

    def test_without_it_a_line_says_so(self):
        run = run_pytest(RETRIED)
        self.assertEqual(run.output.count(NO_EFFECT), 1, run.output)
        self.assertEqual(len(run.named("PASSED")), 6)
