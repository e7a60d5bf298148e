"""Every other Python than CPython 3.10 and newer is refused in one line, by a command or an import."""

from __future__ import annotations

import unittest

import support
from hermetic import medium
from support.other_pythons import run, unsupported_pythons

setUpModule = support.some_pythons_do_and_the_measured

COMMANDS = (["-m", "hermetic"], ["-c", "from hermetic import small"])
PRETENCES = {
    "PyPy 3.11.9": "sys.implementation.name, sys.version_info = 'pypy', (3, 11, 9, 'final', 0)",
    "GraalPy 3.12.8": "sys.implementation.name, sys.version_info = 'graalpy', (3, 12, 8, 'final', 0)",
    "another 3.10.0": "sys.implementation.name, sys.version_info = 'another', (3, 10, 0, 'final', 0)",
    "Python 3.9.18": "sys.version_info = (3, 9, 18, 'final', 0)",
}
SUITE = """
    import unittest
    from hermetic import small

    @small
    class Case(unittest.TestCase):
        def test_passes(self):
            pass
"""


@medium
class RealPythonsTest(unittest.TestCase):
    pythons: list[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.pythons = unsupported_pythons()
        if not cls.pythons:
            raise unittest.SkipTest("there is no unsupported Python on this machine")

    def test_commands_print_one_line_and_exit_with_2(self) -> None:
        for python in self.pythons:
            for command in COMMANDS:
                with self.subTest(python=python, command=command):
                    ran = run(python, *command)
                    last = ran.stderr.splitlines()[-1]
                    self.assertRegex(last, r"hermetic does not support \w+ [\d.]+: .+; use CPython 3\.10 or newer$")
                    if command[0] == "-m":
                        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (2, "", last + "\n"))

    def test_marked_tests_do_not_pass(self) -> None:
        with support.Folder(**{"test_marked.py": SUITE}) as folder:
            for python in self.pythons:
                with self.subTest(python=python):
                    ran = run(python, "-m", "unittest", "test_marked", cwd=folder)
                    self.assertNotEqual(ran.returncode, 0)
                    self.assertIn("hermetic does not support", ran.stderr)
                    self.assertNotIn("SyntaxError", ran.stderr)


@medium
class PretendedPythonsTest(unittest.TestCase):
    def test_they_are_named_with_the_reason(self) -> None:
        for name, change in PRETENCES.items():
            with self.subTest(python=name):
                code = f"import sys\nsys.argv = ['program']\n{change}\nimport hermetic"
                ran = support.run_python("-c", code)
                reason = "came with Python 3.10" if name.startswith("Python") else "only CPython has"
                self.assertEqual(ran.returncode, 1)
                last = ran.stderr.splitlines()[-1]
                self.assertRegex(last, rf"^ImportError: hermetic does not support {name}: .*{reason}; use CPython 3.10")

    def test_the_installed_command_prints_one_line_too(self) -> None:
        for program in ("hermetic", "/usr/bin/hermetic", "hermetic.exe"):
            with self.subTest(program=program):
                change = PRETENCES["PyPy 3.11.9"]
                ran = support.run_python("-c", f"import sys\nsys.argv = [{program!r}]\n{change}\nimport hermetic")
                self.assertEqual((ran.returncode, ran.stdout, ran.stderr.count("\n")), (2, "", 1))
                self.assertIn("hermetic does not support PyPy 3.11.9: ", ran.stderr)


if __name__ == "__main__":
    unittest.main()
