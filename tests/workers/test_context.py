"""A new interpreter for isolated tests has the context of the run."""

from __future__ import annotations

import json
import os
import sys
import unittest
import warnings

import hermetic
from hermetic._workers import context
from support import Folder, linux_only, run_python, unmeasured_processes

setUpModule = unmeasured_processes
PROBE = """
    import json, os, sys, unittest, warnings
    from hermetic import isolated

    class T(unittest.TestCase):
        @isolated
        def test_what_it_is_like(self):
            with warnings.catch_warnings(record=True) as caught:
                warnings.warn("x", ImportWarning)
            print(json.dumps({
                "folder": os.getcwd(), "path": sys.path, "argv": sys.argv[1:], "optimize": sys.flags.optimize,
                "utf8": sys.flags.utf8_mode, "isolated": os.environ.get("HERMETIC_ISOLATED"), "dev": sys.flags.dev_mode,
                "variable": os.environ.get("SOME_VARIABLE"), "warned": len(caught), "assert": assertions_are_on(),
                "tmp": os.environ.get("TMPDIR") != "/tmp", "stdin": sys.stdin.read(), "x": sys._xoptions.get("mine"),
            }))

    def assertions_are_on():
        try:
            assert False
        except AssertionError:
            return True
        return False
"""


AROUND = {"environ": {"SOME_VARIABLE": "before"}, "folder": "/some/folder"}


class DescriptionTest(unittest.TestCase):
    def test_it_is_plain_data(self):
        described = context.describe_context(__name__, __file__, AROUND)
        self.assertEqual(json.loads(json.dumps(described)), described)

    def test_it_tells_of_the_surroundings_as_they_were(self):
        described = context.describe_context("some.module", "some/file.py", AROUND)
        self.assertEqual((described["environ"], described["folder"]), (AROUND["environ"], AROUND["folder"]))
        self.assertEqual(described["modules"], [["some.module", "some/file.py"]])
        self.assertEqual((described["path"], described["argv"]), (sys.path, sys.argv))

    def test_filters_of_warnings_are_told_by_their_names_and_patterns(self):
        with warnings.catch_warnings():
            warnings.resetwarnings()
            warnings.filterwarnings("error", "some text", DeprecationWarning, "some.module", 7)
            filters = context.describe_context("m", None, AROUND)["filters"]
        self.assertEqual(filters, [["error", "some text", ["builtins", "DeprecationWarning"], "some.module", 7]])


@hermetic.medium
class LikenessTest(unittest.TestCase):
    def shown(self, *arguments: str, start: str = "auto", **env: str) -> dict[str, object]:
        with Folder(**{"deep/test_probe.py": PROBE, "extra/x.py": ""}) as folder:
            deep, extra = (os.path.realpath(os.path.join(folder, name)) for name in ("deep", "extra"))
            environment = {"SOME_VARIABLE": "é", "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}{os.pathsep}{extra}"}
            environment = {**environment, "HERMETIC_ISOLATED_START": start, **env}
            environment["PYTHONPATH"] = os.pathsep.join([os.path.dirname(os.path.dirname(hermetic.__file__)), extra])
            shown = run_python(*arguments, "test_probe", cwd=deep, env=environment, stdin="not for tests")
            self.assertIn("\nOK", shown.stderr)
            found = json.loads(shown.stdout)
            self.assertEqual((found["folder"], extra in found["path"]), (deep, True))
            return found

    def test_flags_folder_path_and_environment_carry_over(self):
        flags = ("-O", "-X", "utf8", "-X", "mine=7", "-W", "error::ImportWarning", "-W", "always::ImportWarning")
        for runner in ("hermetic", "unittest"):
            for start in ("auto", "fresh"):
                with self.subTest(runner=runner, start=start):
                    found = self.shown(*flags, "-m", runner, start=start)
                    kept = {name: found[name] for name in ("optimize", "utf8", "x", "variable", "warned", "assert")}
                    expected = {"optimize": 1, "utf8": 1, "x": "7", "variable": "é", "warned": 1, "assert": False}
                    self.assertEqual(kept, expected)

    def test_a_worker_has_its_own_standard_input_and_temporary_folder(self):
        found = self.shown("-m", "hermetic")
        self.assertEqual((found["stdin"], found["tmp"], found["isolated"]), ("", True, "1"))

    @linux_only("a process that imports a module once for all workers")
    def test_what_is_imported_for_workers_knows_it_and_is_shown_once(self):
        code = """
            import os, unittest
            from hermetic import isolated

            print("imported in a worker:", os.environ.get("HERMETIC_ISOLATED"))

            class T(unittest.TestCase):
                where = os.environ.get("HERMETIC_ISOLATED")

                @isolated
                def test_where(self):
                    self.assertEqual(self.where, "1")
        """
        with Folder(**{"test_here.py": code}) as folder:
            shown = run_python("-m", "unittest", "test_here", cwd=folder)
        self.assertIn("\nOK", shown.stderr)
        self.assertEqual(shown.stdout, "imported in a worker: None\n")

    def test_without_isolation_it_is_this_process(self):
        found = self.shown("-m", "hermetic", "--no-isolation")
        self.assertEqual((found["stdin"], found["isolated"]), ("not for tests", None))


if __name__ == "__main__":
    unittest.main()
