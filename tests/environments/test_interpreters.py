"""hermetic works in interpreters that are started with options, from archives, or embedded in programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import unittest
import zipapp
import zipfile

import support
from hermetic import medium
from support.surroundings import SUITE, VERDICTS

setUpModule = support.some_pythons_do

REPORTS = "--json=report.json", "--junit-xml=report.xml", "--html=report.html"
EMBEDDING = r"""
#include <Python.h>
int main(int argc, char **argv)
{
    Py_Initialize();
    return PyRun_SimpleString(argv[argc - 1]) ? 1 : Py_FinalizeEx();
}
"""
START = "import hermetic\nhermetic.main(module='test_mixed', argv=['x', {}])"


@medium
class OptionsTest(unittest.TestCase):
    def check(self, *options: str, **env: str) -> None:
        with support.Folder(**{"test_mixed.py": SUITE}) as folder:
            ran = support.run_python(*options, "-m", "hermetic", "-j", "2", *REPORTS, cwd=folder, env=env)
            self.assertTrue(ran.stderr.endswith(VERDICTS), ran.stderr)
            self.assertTrue(os.path.isfile(os.path.join(folder, "report.html")), ran.stderr)

    def test_that_make_errors_of_all_warnings(self) -> None:
        self.check("-W", "error", "-X", "dev", "-X", "warn_default_encoding")

    def test_that_leave_out_what_can_be(self) -> None:
        self.check("-OO", "-s", "-B", "-X", "frozen_modules=off", "-X", "no_debug_ranges", PYTHONHASHSEED="0")

    def test_that_say_more(self) -> None:
        self.check("-u", "-b", "-X", "importtime", "-X", "tracemalloc=3", PYTHONUNBUFFERED="1", PYTHONMALLOC="debug")


class _Archives(unittest.TestCase):
    def zipped(self, folder: str) -> str:
        """An archive with hermetic and the suite."""
        path = os.path.join(folder, "all.zip")
        package = os.path.join(support.package_folder(), "hermetic")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("test_mixed.py", SUITE)
            for where, _, names in os.walk(package):
                for name in (name for name in names if not name.endswith(".pyc")):
                    file = os.path.join(where, name)
                    archive.write(file, os.path.relpath(file, support.package_folder()))
        return path


@medium
class ArchivesTest(_Archives):
    def test_hold_hermetic_and_the_suite(self) -> None:
        with support.Folder() as folder:
            env = {"PYTHONPATH": self.zipped(folder)}
            ran = support.run_hermetic("test_mixed", "-j", "2", *REPORTS, cwd=folder, env=env)
            explained = support.run_hermetic("--explain", "H003", cwd=folder, env=env)
        self.assertTrue(ran.stderr.endswith(VERDICTS), ran.stderr)
        self.assertIn("Script the command", explained.stdout)

    def test_are_programs(self) -> None:
        main = "__main__.py", f"if __name__ == '__main__':\n    {START.format('').replace(chr(10), '; ')}\n"
        with support.Folder() as folder:
            with zipfile.ZipFile(self.zipped(folder), "a") as archive:
                archive.writestr(*main)
            zipapp.create_archive(os.path.join(folder, "all.zip"), os.path.join(folder, "all.pyz"), sys.executable)
            env = {"PYTHONPATH": "", "HERMETIC_ISOLATED_START": "fresh"}
            ran = support.run_python("all.pyz", cwd=folder, env=env)
        self.assertTrue(ran.stderr.endswith(VERDICTS), ran.stderr)


@medium
class EmbeddedTest(unittest.TestCase):
    def check(self, executable: object, reason: str, first: str = "") -> None:
        code = f"import sys\n{first}\nsys.executable = {executable!r}\n{START.format(repr('--isolated-start=fresh'))}"
        suite = SUITE.replace("sys.executable", repr(sys.executable))
        with support.Folder(**{"test_mixed.py": suite}) as folder:
            ran = support.run_python("-c", code, cwd=folder)
        self.assertIn(f".test_is_alone: its process could not be started: {reason}\n", ran.stderr)
        self.assertTrue(ran.stderr.endswith("\nFAILED (failures=1, errors=4)\n"), ran.stderr)

    def test_where_nobody_knows_the_interpreter_isolated_tests_are_errors(self) -> None:
        self.check("", "sys.executable names no interpreter; set it to a Python of this version")

    def test_nor_are_there_fresh_ones_where_nothing_is_forked(self) -> None:
        reason = "sys.executable names no interpreter; set it to a Python of this version"
        self.check(None, reason, "from hermetic._base import features\nfeatures.LINUX = False")

    @unittest.skipUnless(shutil.which("true"), "there is no program that does nothing")
    def test_where_the_interpreter_is_another_program_isolated_tests_are_errors(self) -> None:
        true = shutil.which("true")
        self.check(true, f"sys.executable ({true}) does not start, or cannot import hermetic")

    @unittest.skipUnless(sys.platform == "linux" and shutil.which("gcc"), "no compiler is known here")
    def test_a_program_that_has_python_in_it(self) -> None:
        with support.Folder(**{"test_mixed.py": SUITE, "program.c": EMBEDDING}) as folder:
            program = _compiled(folder)
            env = {"PYTHONPATH": os.pathsep.join((support.package_folder(), folder))}
            ran = support.run_python(START.format(""), by=[program], env=env)
        self.assertTrue(ran.stderr.endswith(VERDICTS), ran.stderr)


def _compiled(folder: str) -> str:
    """The program that runs the source text of its argument.

    Raises:
        unittest.SkipTest: this Python has no headers, or no library.
    """
    variables = sysconfig.get_config_vars()
    library = f"python{variables['LDVERSION']}"
    paths = [f"-I{sysconfig.get_path('include')}", f"-L{variables['LIBDIR']}", f"-Wl,-rpath,{variables['LIBDIR']}"]
    program = os.path.join(folder, "program")
    command = ["gcc", os.path.join(folder, "program.c"), "-o", program, *paths, f"-l{library}", "-lm", "-ldl"]
    with support.not_inherited():
        compiled = subprocess.run(command, capture_output=True, text=True, timeout=support.TIMEOUT)
    if compiled.returncode != 0:
        raise unittest.SkipTest(f"nothing can be linked with this Python: {compiled.stderr}")
    return program
