"""``allow`` and ``guard`` blocks in fixtures, in cleanups, and at import."""

from __future__ import annotations

import re

import hermetic
import support
from support.sample_runs import SampleRunCase

setUpModule = support.some_pythons_do

_WORK = """
    import socket, hermetic

    def listen():
        socket.create_server(("127.0.0.1", 0)).close()

    def listen_in_block():
        with hermetic.allow(hosts=["127.0.0.1"]):
            listen()

    def listen_by_name():
        with hermetic.allow(hosts=["localhost"]), socket.socket() as sock:
            sock.bind((socket.getaddrinfo("localhost", None, socket.AF_INET)[0][4][0], 0))
            sock.listen()

    def listen_in_nested_blocks():
        with hermetic.allow(hosts=["127.0.0.1"]), hermetic.allow(processes=["git"]):
            listen()

    def listen_after_block():
        with hermetic.allow(hosts=["127.0.0.1"]):
            pass
        listen()

    def listen_in_small_block():
        with hermetic.allow(hosts=["127.0.0.1"]), hermetic.guard("small"):
            listen()
"""
# Each calls `use` in one place; the rest of the module is quiet.
_PLACES = {
    "import": "use()",
    "setUpModule": "def setUpModule(): use()",
    "tearDownModule": "def tearDownModule(): use()",
    "addModuleCleanup": "def setUpModule(): unittest.addModuleCleanup(use)",
    "setUpClass": "Case.setUpClass = classmethod(lambda cls: use())",
    "tearDownClass": "Case.tearDownClass = classmethod(lambda cls: use())",
}


def _module(place: str, use: str, mark: str = "") -> str:
    return f"""
    import unittest, hermetic
    {mark}
    from work import {use} as use

    class Case(unittest.TestCase):
        def test_nothing(self):
            pass

    {_named_fixtures(_PLACES[place])}
    """


def _named_fixtures(line: str) -> str:
    """The call stack tells a class's fixture by its name, so a lambda is no fixture."""
    if "classmethod" not in line:
        return line
    name = line.partition(" ")[0].partition(".")[2]
    return f"def {name}(cls): use()\n    Case.{name} = classmethod({name})"


@hermetic.medium
class BlocksOutsideOfTests(SampleRunCase):
    WORK = _WORK

    def run_everywhere(self, use: str, *arguments: str, mark: str = ""):
        """Run a module for each place; return the finished run, and the errors with the names of the modules."""
        modules = {f"test_{place}": _module(place, use, mark) for place in _PLACES}
        done, errors = self.run_sample(*arguments, *modules, **{f"{name}.py": text for name, text in modules.items()})
        return done, [(re.findall(r"\btest_\w+", text.partition("\n")[0])[0], text) for _, text in errors]

    def assert_allowed(self, use: str, *arguments: str, mark: str = "") -> None:
        done, errors = self.run_everywhere(use, *arguments, mark=mark)
        self.assertEqual((done.returncode, errors), (0, []), done.stderr)
        self.assertIn(f"Ran {len(_PLACES)} tests", done.stderr)

    def assert_refused(self, use: str, *arguments: str) -> None:
        done, errors = self.run_everywhere(use, *arguments)
        self.assert_errors(errors, done, {f"test_{place}": "[H001]" for place in _PLACES})
        self.assertEqual(done.returncode, 1)

    def test_an_allow_block_allows_the_same_as_in_a_test(self) -> None:
        for use in ("listen_in_block", "listen_by_name", "listen_in_nested_blocks"):
            self.assert_allowed(use, "--default-size", "small")

    def test_an_allow_block_adds_to_the_exceptions_of_a_marked_module(self) -> None:
        self.assert_allowed("listen_in_block", mark="__hermetic__ = hermetic.small")

    def test_what_no_block_allows_is_refused(self) -> None:
        for use in ("listen", "listen_after_block"):
            self.assert_refused(use, "--default-size", "small")

    def test_a_guard_block_inside_is_in_force_alone(self) -> None:
        self.assert_refused("listen_in_small_block", "--default-size", "medium")


@hermetic.medium
class SkipsAfterViolationsTest(SampleRunCase):
    """A skip shows its reason alone, so what was violated on the way to it is reported besides."""

    WORK = """
        import subprocess, unittest

        def skip():
            try:
                subprocess.run(["true"])
            except BaseException:
                raise unittest.SkipTest("no such program")
    """
    PLACES = (
        "@classmethod\n    def setUpClass(cls): skip()",
        "@classmethod\n    def tearDownClass(cls): skip()",
        "@classmethod\n    def setUpClass(cls): cls.addClassCleanup(skip)",
        "def setUp(self): skip()",
        "def test_it(self): skip()",
        "def test_it(self):\n        with self.subTest(): skip()",
    )
    HEAD = "import unittest, hermetic\nfrom work import skip\n"
    BLOCK = """
class T(unittest.TestCase):
    def test_it(self):
        with hermetic.guard("small"):
            skip()
"""

    def test_wherever_the_skip_is_the_violation_is_one_error(self) -> None:
        source = f"{self.HEAD}{self.BLOCK}"
        for number, place in enumerate(self.PLACES):
            test = "" if "test_it" in place else "    def test_it(self): pass\n"
            source += f"@hermetic.small\nclass T{number}(unittest.TestCase):\n    {place}\n{test}"
        for options in ((), ("-j", "2"), ("--isolated",)):
            with self.subTest(options=options):
                done, errors = self.run_sample(*options, "test_sample", **{"test_sample.py": source})
                self.assertEqual(done.returncode, 1)
                classes = [(re.findall(r"\bT\d?\b", text)[0], text) for _, text in errors]
                names = ["T", *(f"T{number}" for number in range(len(self.PLACES)))]
                self.assert_errors(classes, done, dict.fromkeys(names, "[H003]"))


@hermetic.medium
class LoadTestsTest(SampleRunCase):
    TESTS = """
        import subprocess, unittest, hermetic

        __hermetic__ = hermetic.small

        class T(unittest.TestCase):
            def test_it(self):
                pass

        def load_tests(loader, tests, pattern):
            try:
                subprocess.run(["true"])
            except BaseException:
                pass
            return tests
    """

    def test_what_it_swallows_is_an_error_of_the_module_that_it_loads(self) -> None:
        for options in ((), ("-j", "2"), ("--isolated",)):
            with self.subTest(options):
                done, errors = self.run_sample(*options, "test_sample")
                self.assertEqual([name for name, _ in errors], ["load_tests"], done.stderr)
                self.assertIn("load_tests (test_sample) started", errors[0][1])
                self.assertEqual(done.returncode, 1)
