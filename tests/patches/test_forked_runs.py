"""A forked copy of a run that returns to the runner is ended, and is an error of the test that forked it."""

from __future__ import annotations

import unittest

import support
from hermetic import medium
from support import Folder, run_hermetic

setUpModule = support.some_pythons_do

_HEAD = "import os, unittest\nclass T(unittest.TestCase):\n    def test_it(self): print('RAN')\n"
# Where a child is forked that goes on as its parent does; `forked()` returns in both.
_FORKED = """
import os
def forked():
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    return child
"""
_PLACES = {
    "import of test_sample": "forked()\n",
    "import of work": "import work\n",
    "load_tests (test_sample)": "def load_tests(loader, tests, pattern):\n    forked()\n    return tests\n",
    "setUpModule (test_sample)": "def setUpModule():\n    forked()\n",
    "setUpClass (test_sample.U)": (
        "class U(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls): forked()\n    def test_it(self): ...\n"
    ),
}
_OTHER = "import unittest\nclass T(unittest.TestCase):\n    def test_it(self): print('RAN-OTHER')\n"


def sample(text: str) -> dict[str, str]:
    """The files of a module with a test that prints RAN, and with a text, and of another module."""
    return {
        "test_sample.py": f"{_HEAD}from forking import forked\n{text}",
        "test_zzz.py": _OTHER,
        "forking.py": _FORKED,
        "work.py": "import forking\nforking.forked()\n",
    }


OWN_WORK = """
    import os, sys, unittest
    from forking import forked
    def ends(how):
        child = os.fork()
        if not child:
            how()
        return os.waitpid(child, 0)[1]
    ways = [lambda: os._exit(0), lambda: os.execv(sys.executable, [sys.executable, "-c", ""])]
    assert [ends(how) for how in ways] == [0, 0]
    class T(unittest.TestCase):
        def test_it(self): print('RAN')
        def test_none(self): pass
        def test_ends(self):
            self.assertEqual([ends(how) for how in ways], [0, 0])
        def test_subtest(self):
            def how():
                with self.subTest(): pass
                os._exit(0)
            self.assertEqual(ends(how), 0)
        def test_inner_run(self):
            run = unittest.TextTestRunner(stream=open(os.devnull, 'w')).run
            self.assertEqual(ends(lambda: os._exit(0 if run(T('test_none')).testsRun == 1 else 1)), 0)
"""


@support.posix_only("fork")
@medium
class CopyTest(unittest.TestCase):
    def run_sample(self, text: str, *options: str) -> tuple[int, str, list[str]]:
        """The exit status, what was printed on stderr, and which tests ran in any process."""
        with Folder(**sample(text)) as folder:
            done = run_hermetic(*options, cwd=folder)
        ran = [line for line in done.stdout.splitlines() if line.startswith("RAN")]
        return done.returncode, done.stderr, sorted(ran)

    def assert_one_error(self, text: str, owner: str, *options: str) -> None:
        status, stderr, ran = self.run_sample(text, *options)
        self.assertEqual((status, ran), (1, ["RAN", "RAN-OTHER"]), stderr)
        self.assertIn(f"ERROR: {owner}\n", stderr)
        self.assertIn(f"H008] multiprocessing violation: {owner} returned to the test runner", stderr)

    def test_a_child_that_falls_through_an_import_a_fixture_or_load_tests(self) -> None:
        for owner, text in _PLACES.items():
            with self.subTest(owner=owner):
                self.assert_one_error(text, owner)

    def test_a_child_that_runs_tests_during_an_import(self) -> None:
        for call in (
            "unittest.main()",
            "unittest.main(module=None, argv=['x', 'discover'])",
            "unittest.TextTestRunner().run(T('test_it'))",
            "T('test_it').run()",
            "T('test_it').debug()",
            "unittest.TestSuite([T('test_it')])(unittest.TestResult())",
            "__import__('hermetic').main()",
        ):
            with self.subTest(call=call):
                self.assert_one_error(f"if not forked(): {call}\n", "import of test_sample")

    def test_in_parallel_isolated_by_name_and_in_a_script(self) -> None:
        text = "if not forked(): unittest.main()\n"
        isolated = ("--isolated", "--isolated-start")
        for options in (("-j", "2"), (*isolated, "auto"), (*isolated, "fresh"), ("test_sample.T", "test_zzz")):
            with self.subTest(options=options):
                self.assert_one_error(text, "import of test_sample", *options)
        script = "import unittest\nunittest.main(module=None, argv=['x', 'discover'])\n"
        with Folder(**sample("forked()\n"), **{"run.py": script}) as folder:
            done = run_hermetic("--script", "run.py", cwd=folder)
        self.assertEqual(sorted(done.stdout.split()), ["RAN", "RAN-OTHER"], done.stderr)
        self.assertIn("ERROR: import of test_sample\n", done.stderr)

    def test_a_child_that_raises_or_exits_where_the_runner_catches_it(self) -> None:
        for end in ("raise ValueError", "raise SystemExit(0)"):
            with self.subTest(end=end):
                self.assert_one_error(f"if not forked(): {end}\n", "import of test_sample")

    def test_a_child_of_a_test_without_a_size(self) -> None:
        text = "class U(unittest.TestCase):\n    def test_it(self): forked()\n"
        status, stderr, ran = self.run_sample(text)
        self.assertEqual((status, ran, stderr.partition("\n")[0]), (1, ["RAN", "RAN-OTHER"], "...E"))
        self.assertIn("test_sample.U.test_it returned to the test runner", stderr)

    def test_a_child_that_does_its_own_work_is_left_alone(self) -> None:
        with Folder(**{**sample(""), "test_sample.py": OWN_WORK}) as folder:
            done = run_hermetic(cwd=folder)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
