"""The public API: its names, its documentation, and lazy imports."""

from __future__ import annotations

import inspect
import sys
import types

import hermetic
import support

NAMES_MAX = 20


def public_names() -> set[str]:
    """What the package holds once everything lazy is loaded: no submodules, nothing private."""
    for name in hermetic.__all__:
        getattr(hermetic, name)
    kept = {name for name, value in vars(hermetic).items() if not isinstance(value, types.ModuleType)}
    # TYPE_CHECKING is what type checkers look for by that name.
    return {name for name in kept if not name.startswith("_")} - {"TYPE_CHECKING"}


def public_objects() -> dict[str, object]:
    return {name: getattr(hermetic, name) for name in hermetic.__all__ if not name.startswith("_")}


def own_methods(value: object) -> set[str]:
    """The public methods of a class, bases of ours included, that override none of the standard library's."""
    names, foreign = set(), set()
    for base in value.__mro__ if isinstance(value, type) else ():
        functions = {name for name, member in vars(base).items() if inspect.isfunction(member)}
        (names if base.__module__.startswith("hermetic") else foreign).update(functions)
    return {name for name in names - foreign if not name.startswith("_")}


class PublicNamesTest(hermetic.HermeticTestCase):
    def test_all_is_sorted_without_repetition(self):
        self.assertEqual(list(hermetic.__all__), sorted(set(hermetic.__all__)))

    def test_all_is_what_the_package_holds(self):
        self.assertEqual(public_names() | {"__version__"}, set(hermetic.__all__))

    def test_dir_lists_all(self):
        self.assertLessEqual(set(hermetic.__all__), set(dir(hermetic)))

    def test_a_star_import_gives_every_name(self):
        namespace: dict[str, object] = {}
        exec("from hermetic import *", namespace)
        self.assertEqual(set(namespace) - {"__builtins__"}, set(hermetic.__all__))

    def test_there_are_few_names_apart_from_errors(self):
        errors = [
            value for value in public_objects().values() if isinstance(value, type) and issubclass(value, Exception)
        ]
        self.assertLessEqual(len(public_objects()) - len(errors), NAMES_MAX)

    def test_an_unknown_name_is_an_attribute_error_that_says_so(self):
        with self.assertRaisesRegex(AttributeError, "'hermetic' has no attribute 'mediun'"):
            hermetic.mediun  # noqa: B018

    def test_a_name_is_the_same_object_every_time(self):
        for name in hermetic.__all__:
            with self.subTest(name=name):
                self.assertIs(getattr(hermetic, name), getattr(hermetic, name))

    def test_the_version_has_three_numbers(self):
        self.assertRegex(hermetic.__version__, r"^\d+\.\d+\.\d+")


class DocumentationTest(hermetic.HermeticTestCase):
    def test_every_object_has_a_docstring_of_its_own(self):
        for name, value in public_objects().items():
            with self.subTest(name=name):
                holder = value if isinstance(value, (type, types.FunctionType)) else type(value)
                self.assertTrue(vars(holder).get("__doc__") if isinstance(holder, type) else holder.__doc__)

    def test_every_public_method_has_a_docstring(self):
        for name, value in public_objects().items():
            for method in own_methods(value):
                with self.subTest(name=name, method=method):
                    self.assertTrue(inspect.getdoc(getattr(value, method)))

    def test_the_package_shows_an_example(self):
        self.assertIn("class PriceTest(HermeticTestCase):", hermetic.__doc__ or "")


PRINTS_MODULES = """
import sys, unittest

class Test(unittest.TestCase):
    def test_it(self):
        print(*sys.modules)
"""


@hermetic.medium
class LazinessTest(hermetic.HermeticTestCase):
    def loaded_by(self, code: str) -> set[str]:
        shown = support.run_python("-c", f"{code}\nimport sys\nprint(*sys.modules, sep='\\n')")
        self.assertEqual((shown.stderr, shown.returncode), ("", 0))
        return set(shown.stdout.split())

    def test_importing_the_package_loads_nothing_that_a_legacy_suite_does_not_need(self):
        heavy = {
            "multiprocessing",
            "socket",
            "_socket",
            "asyncio",
            "ctypes",
            "subprocess",
            "unittest.mock",
            "tomllib",
            "configparser",
        }
        self.assertEqual(self.loaded_by("import hermetic") & (heavy - self.loaded_by("import unittest")), set())

    def test_the_guard_is_not_installed_by_importing_the_package(self):
        self.assertNotIn("hermetic._guards.audit", self.loaded_by("import hermetic"))

    def test_what_only_some_runs_need_is_not_loaded_by_the_others(self):
        rare = {f"hermetic.{name}" for name in ("_program.on_request", "_running.optional_parts", "_results.recording")}
        with support.Folder(**{"test_a.py": PRINTS_MODULES}) as folder:
            plain = support.run_hermetic("test_a", cwd=folder)
            every = support.run_hermetic(
                "--size", "none", "--maxfail", "9", "--json", "report.json", "test_a", cwd=folder
            )
        self.assertEqual((plain.returncode, every.returncode), (0, 0), plain.stderr + every.stderr)
        self.assertEqual(rare & {*plain.stdout.split()}, set())
        self.assertEqual(rare - {*every.stdout.split()}, set())

    def test_a_double_that_is_only_named_loads_nothing_that_reads_calls(self):
        loaded = self.loaded_by("from hermetic import SubprocessMock")
        self.assertEqual({"hermetic._doubles.command_calls", "subprocess"} & loaded, set())

    def test_names_are_loaded_when_asked_for(self):
        before, after = self.loaded_by("import hermetic"), self.loaded_by("import hermetic\nhermetic.guard")
        self.assertEqual({"hermetic._marks.guard"} & before, set())
        self.assertIn("hermetic._marks.guard", after)

    def test_type_checkers_find_the_marker_file(self):
        package = sys.modules["hermetic"].__path__[0]
        with open(f"{package}/py.typed", encoding="utf-8") as file:
            self.assertEqual(file.read(), "")
