"""``allow`` and ``guard`` blocks in fixtures, in cleanups, and at import."""

from __future__ import annotations

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

    def run_each(self, use: str, *arguments: str, mark: str = ""):
        """The finished run of a module per place."""
        for place in _PLACES:
            yield self.run_sample("-v", *arguments, "test_sample", **{"test_sample.py": _module(place, use, mark)})[0]

    def test_an_allow_block_allows_the_same_as_in_a_test(self) -> None:
        for use in ("listen_in_block", "listen_by_name", "listen_in_nested_blocks"):
            for done in self.run_each(use, "--default-size", "small"):
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_an_allow_block_adds_to_the_exceptions_of_a_marked_module(self) -> None:
        for done in self.run_each("listen_in_block", mark="__hermetic__ = hermetic.small"):
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_no_block_allows_is_refused(self) -> None:
        for use in ("listen", "listen_after_block"):
            for done in self.run_each(use, "--default-size", "small"):
                self.assertIn("[H001]", done.stderr)
                self.assertEqual(done.returncode, 1, done.stderr)

    def test_a_guard_block_inside_is_in_force_alone(self) -> None:
        for done in self.run_each("listen_in_small_block", "--default-size", "medium"):
            self.assertIn("[H001]", done.stderr)
            self.assertEqual(done.returncode, 1, done.stderr)


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

    def assert_reported(self, source: str, *arguments: str) -> None:
        done, errors = self.run_sample(*arguments, "test_sample", **{"test_sample.py": self.HEAD + source})
        self.assertEqual((done.returncode, len(errors)), (1, 1), done.stderr)
        self.assertIn("[H003]", errors[0][1])

    def test_wherever_the_skip_is_the_violation_is_one_error(self) -> None:
        for place in self.PLACES:
            for options in ((), ("-j", "2"), ("--isolated",)):
                with self.subTest(place, options=options):
                    test = "" if "test_it" in place else "    def test_it(self): pass\n"
                    source = f"class T(unittest.TestCase):\n    {place}\n{test}"
                    self.assert_reported(f"@hermetic.small\n{source}", *options)

    def test_a_guard_block_that_is_left_by_a_skip_raises_the_violation(self) -> None:
        self.assert_reported("""
class T(unittest.TestCase):
    def test_it(self):
        with hermetic.guard("small"):
            skip()
""")


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
