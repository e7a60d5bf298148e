"""The structure: what may import what, that there is nothing but the standard library, and where its private names are.

Imports are read from the source, those in functions included; those under ``TYPE_CHECKING`` are never executed and
count for the standard library alone.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import os
import sys
import unittest
from collections.abc import Iterator

import hermetic
import support

PACKAGE = os.path.dirname(os.path.abspath(hermetic.__file__))

LEVELS = (
    (
        "_errors _env _real _system _sockets _records _setting_kinds _sizes _spelling _source_edits _version"
        " _addresses _own_files _clock"
    ),
    "_policy _messages _settings _allowances _config _config_files _config_edits",
    "_guards _reports _terminal",
    "_sandbox",
    "_multiprocessing _isolation _doubles",
    "_unittest",
    "_cli _worker _pytest_plugin",
    "__init__ __main__",
)
LEVEL_OF = {unit: level for level, units in enumerate(LEVELS) for unit in units.split()}

# Imports within one level. Each reads facts or calls pure functions of a unit that imports nothing back.
WITHIN_A_LEVEL = {
    ("_addresses", "_env"),  # where the hosts file is
    ("_clock", "_real"),  # the originals of perf_counter and signal.signal
    ("_real", "_env"),  # what differs between Pythons of what is private
    ("_addresses", "_real"),  # the originals of open, stat and inet_pton, which suites mock
    ("_real", "_system"),  # functions that frameworks replace
    ("_sockets", "_real"),  # the C module of sockets
    ("_own_files", "_system"),  # the originals of what opens and closes files
    ("_own_files", "_real"),  # the original of unlink, and random bytes
    ("_messages", "_policy"),  # an advised allowance is written as the policy reads it
    ("_config", "_settings"),  # what is read there
    ("_config", "_config_files"),  # where it is read from
    ("_config_files", "_settings"),  # whether a section with a wrong name has settings of ours
    ("_allowances", "_policy"),  # what is checked is read as the policy reads it
    ("_settings", "_policy"),  # what a path is allowed is added up as in marks
    ("_config", "_allowances"),  # allowances in files are checked and built as those in marks
}

# Private names of the standard library outside of _real and _multiprocessing. To move them would only hide them.
PRIVATE_NAMES = {
    ("_guards.children", "_asdict"),  # of named tuples, where it is documented
    ("_guards.patches", "_thread"),  # the functions that it replaces: the seam is the private module itself
    ("_guards.patches", "_posixsubprocess"),  # the same
    ("_guards.patches", "_winapi"),  # the same, on Windows
    ("_pytest_plugin", "_split_scope"),  # of pytest-xdist, for schedulers that others write
    ("_sandbox.sandboxed", "_asdict"),  # as of _guards.children
    ("_unittest.early_end", "_exit"),  # os._exit is documented
    ("_unittest.program", "_getParentArgParser"),  # an override, for --durations before 3.12: it can stand nowhere else
    ("_unittest.program", "_print_help"),  # an override, for our options in --help
}
MAY_USE_PRIVATE_NAMES = ("_real", "_multiprocessing")


@functools.cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package, by its name below it, as a syntax tree."""
    found = {}
    for folder, _, files in os.walk(PACKAGE):
        for file in files:
            if file.endswith(".py"):
                path = os.path.join(folder, file)
                with open(path, encoding="utf-8") as source:
                    found[os.path.relpath(path, PACKAGE)[:-3].replace(os.sep, ".")] = ast.parse(source.read())
    return found


def unit_of(module: str) -> str:
    return module.partition(".")[0]


def executed_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those under ``if TYPE_CHECKING``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from executed_nodes(node)


def imported_names(module: str, node: ast.AST) -> list[str]:
    """The full names that a node imports, be they modules or what is in them."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        package = ["hermetic", *module.split(".")][: -node.level] if node.level else []
        base = ".".join([*package, *([node.module] if node.module else [])])
        return [f"{base}.{alias.name}" for alias in node.names]
    function = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
    if function in ("import_module", "__import__") and isinstance(node.args[0], ast.Constant):
        return [str(node.args[0].value)]
    return []


@functools.cache
def imports(*, executed: bool) -> list[tuple[str, str]]:
    """Pairs of module and imported name."""
    return [
        (module, name)
        for module, tree in modules().items()
        for node in (executed_nodes(tree) if executed else ast.walk(tree))
        for name in imported_names(module, node)
    ]


class ReaderTest(hermetic.HermeticTestCase):
    """The tests below prove nothing if the imports are not found."""

    def test_imports_of_every_form_are_found(self):
        tree = ast.parse(
            "import a.b\nfrom . import c\nfrom .d import e\nfrom ..f import g\n"
            "def function():\n    import h\n    import_module('i')\nif TYPE_CHECKING:\n    import j\n"
        )
        found = [name for node in executed_nodes(tree) for name in imported_names("_guards.x", node)]
        self.assertEqual(sorted(found), ["a.b", "h", "hermetic._guards.c", "hermetic._guards.d.e", "hermetic.f.g", "i"])

    def test_known_imports_are_among_them(self):
        found = set(imports(executed=True))
        for known in (
            ("_cli", "hermetic._guards"),
            ("_config_files", "tomllib"),
            ("_guards.patches", "_posixsubprocess"),
        ):
            self.assertIn(known, found)


class LevelsTest(hermetic.HermeticTestCase):
    def own_imports(self) -> Iterator[tuple[str, str]]:
        for module, name in imports(executed=True):
            if name.startswith("hermetic."):
                yield module, name.removeprefix("hermetic.")

    def test_every_unit_has_a_level(self):
        self.assertEqual({unit_of(module) for module in modules()}, set(LEVEL_OF))

    def test_imports_flow_down(self):
        for module, name in self.own_imports():
            importer, imported = unit_of(module), unit_of(name)
            if importer != imported and (importer, imported) not in WITHIN_A_LEVEL:
                with self.subTest(importer=module, imported=name):
                    self.assertLess(LEVEL_OF[imported], LEVEL_OF[importer])

    def test_nobody_imports_the_package_root(self):
        names = {name.partition(".")[0] for name in modules()}
        for module, name in imports(executed=True):
            if name.partition(".")[0] == "hermetic" and module != "__init__":
                with self.subTest(importer=module, imported=name):
                    self.assertIn(name.partition(".")[2].partition(".")[0], names)

    def test_every_exception_within_a_level_is_used(self):
        used = {(unit_of(module), unit_of(name)) for module, name in self.own_imports()}
        self.assertEqual(WITHIN_A_LEVEL - used, set())

    def test_no_two_units_import_each_other(self):
        used = {(unit_of(module), unit_of(name)) for module, name in self.own_imports()}
        self.assertEqual({pair for pair in used if pair[0] != pair[1] and pair[::-1] in used}, set())


@hermetic.medium  # it reads all of the package
class CirclesTest(hermetic.HermeticTestCase):
    """No file imports itself by way of others, those imports included that run in functions, or never run."""

    def graph(self) -> dict[str, set[str]]:
        """The modules of the package that each of them imports."""
        known = {module.removesuffix(".__init__"): module for module in modules()}
        edges: dict[str, set[str]] = {module: set() for module in modules()}
        for module, name in imports(executed=False):
            path = name.removeprefix("hermetic.") if name.startswith("hermetic.") else ""
            found = next((known[part] for part in (path, path.rpartition(".")[0]) if part in known), module)
            edges[module] |= {found} - {module}
        return edges

    def circles(self, edges: dict[str, set[str]]) -> list[str]:
        """The modules that are in a circle, or lead to one: what is left when the others are taken away."""
        left = {module: set(found) for module, found in edges.items()}
        while leaves := {module for module, found in left.items() if not found}:
            left = {module: found - leaves for module, found in left.items() if module not in leaves}
        return sorted(left)

    def test_there_are_none(self):
        self.assertEqual([], self.circles(self.graph()))

    def test_one_would_be_found(self):
        self.assertEqual(["a", "b"], self.circles({"a": {"b"}, "b": {"a", "c"}, "c": set()}))

    def test_imports_of_all_kinds_count(self):
        graph = self.graph()
        self.assertIn("_unittest.protect", graph["_unittest.marks"])
        self.assertIn("_unittest.isolation", graph["_unittest.protect"])  # within a function
        self.assertIn("_doubles.expectations", graph["_doubles.seam"])  # for its types alone


class StandardLibraryTest(hermetic.HermeticTestCase):
    def test_nothing_else_is_imported(self):
        # tomllib: from 3.11 on, and asked for only there; sitecustomize: the user's, which ours stands before
        known = {*sys.stdlib_module_names, "hermetic", "tomllib", "sitecustomize"}
        for module, name in imports(executed=False):
            hosts = {"pytest", "xdist"} if module == "_pytest_plugin" else set()  # they load it
            with self.subTest(importer=module, imported=name):
                self.assertIn(name.partition(".")[0], known | hosts)

    def test_platform_and_version_are_asked_for_in_one_place(self):
        for module, tree in modules().items():
            names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            if module not in ("_env", "_guards.child_site.sitecustomize"):  # the latter runs without hermetic
                with self.subTest(module=module):
                    self.assertEqual(names & {"sys.platform", "sys.version_info", "sys.hexversion"}, set())


@hermetic.medium  # it reads all of the package
class PrivateNamesTest(hermetic.HermeticTestCase):
    def own_names(self) -> set[str]:
        """Every name that is defined, or assigned to as an attribute, anywhere in the package."""
        names = set()
        for tree in modules().values():
            for node in ast.walk(tree):
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    names.add(node.name)
                elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    names.add(node.id)
                elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                    names.update([node.attr] if ast.unparse(node.value) in ("self", "cls") else [])
                elif isinstance(node, ast.Call) and ast.unparse(node.func) == "object.__setattr__":
                    names.add(ast.literal_eval(node.args[1]) if isinstance(node.args[1], ast.Constant) else "")
        return names | {module.rpartition(".")[2] for module in modules()}

    def foreign(self, node: ast.AST, own: set[str]) -> str | None:
        """The private name of the standard library that a node uses; None for none."""
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            inherited = ast.unparse(node.value) == "super()" and node.attr in names_in_unittest()
            return node.attr if inherited or node.attr not in own else None
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "setattr", "hasattr"):
            name = node.args[1].value if isinstance(node.args[1], ast.Constant) else ""
            return name if is_private(name) and name not in own else None
        return None

    def used(self) -> set[tuple[str, str]]:
        own = self.own_names()
        found = {
            (module, self.foreign(node, own) or "") for module, tree in modules().items() for node in ast.walk(tree)
        }
        for module, name in imports(executed=False):
            if is_private(name):
                found.add((module, name.partition(".")[0]))
        return {(module, name) for module, name in found if name and unit_of(module) not in MAY_USE_PRIVATE_NAMES}

    def test_they_stand_in_two_modules_with_few_exceptions(self):
        self.assertEqual(self.used() - PRIVATE_NAMES, set())

    def test_every_exception_is_used(self):
        self.assertEqual(PRIVATE_NAMES - self.used() - {("_unittest.early_end", "_exit")}, set())


def names_in_unittest() -> set[str]:
    """What the classes hold that ours are derived from."""
    return {name for value in vars(unittest).values() if isinstance(value, type) for name in dir(value)}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


# A copy of one process for each: to start a program, and to import unittest, is most of the cost.
IMPORT_ALONE = """
import os, sys, unittest, unittest.mock, subprocess
for name in sys.argv[1:]:
    pid = os.fork()
    if not pid:
        __import__(name)
        sys.exit()
    if os.waitpid(pid, 0)[1]:
        print(name)
"""


@hermetic.medium
class ImportAloneTest(hermetic.HermeticTestCase):
    @unittest.skipUnless(hasattr(os, "fork"), "needs os.fork")
    def test_every_module_imports_alone_without_a_warning(self):
        loaded_by_hosts = () if importlib.util.find_spec("pytest") else ("_pytest_plugin",)
        alone = [module for module in modules() if module not in ("__main__", *loaded_by_hosts)]
        names = [f"hermetic.{module}".removesuffix(".__init__") for module in alone]
        done = support.run_python("-W", "error", "-c", IMPORT_ALONE, *names, "not_there")
        self.assertEqual((done.returncode, done.stdout), (0, "not_there\n"), done.stderr)
        self.assertEqual(done.stderr.count("Traceback"), 1, done.stderr)  # that of the last

    def test_the_program_starts_without_a_warning(self):
        done = support.run_python("-W", "error", "-m", "hermetic", "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("-m hermetic", done.stdout)
