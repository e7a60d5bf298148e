"""The structure of the package and of its tests: imports, private names, lengths, and test files.

Imports are read from the source, those in functions included; those under ``TYPE_CHECKING`` are never executed and
count for the standard library alone.
"""

from __future__ import annotations

import ast
import collections
import importlib.util
import os
import sys
import unittest
from collections.abc import Iterator

import hermetic
import support
from support.documents import read, rows
from support.source_tree import PACKAGE, executed_nodes, graph, imported_names, imports, modules

setUpModule = support.some_pythons_do

# The rooms from the ground up: a room imports from those above it in this table. Within a room, `|` stands between its
# layers: a file imports from those to the left of its own. An __init__
# that is not named there holds a docstring alone.
LAYERS = {
    "_base": (
        "supported_python | features records sizes spelling system | command real | errors |"
        " addresses clock own_files own_sockets shared_files | file_replacement"
    ),
    "_stdlib": "global_state immortality interpreter_internals subprocess_internals unittest_internals windows_files",
    "_children.site": "sitecustomize",
    "_version": "",
    "_policy": "decision | allowances remedies | messages",
    "_reports": (
        "plain_text test_records | ci_annotations html_text json_report junit_report trends |"
        " html_difference html_timeline | html_details | html_failures html_tests html_trends | html_report |"
        " report_writer"
    ),
    "_terminal": "colours drawing | live_line unittest_colours",
    "_settings": "kinds values | allow_tables baseline_file table | reading | config | current_run",
    "_operations": "lasting patch_targets | events | callsite multicast windows_events | file_events started_processes",
    "_verdicts": (
        "findings | scopes violation_data | allowed baseline log_writing reported_exceptions subjects |"
        " known_violations several_violations violation_log | blocks faults"
    ),
    "_guards": "audit_hook | ceilings | audit forked_copies inheritance | environment",
    "_protocol": (
        "plain_data stand_in_classes | framing kept_answers tracebacks | portable_errors | frame_kinds | frames"
    ),
    "_sandbox": (
        "allowed_names call_numbers programs | filters seccomp system_calls | availability passes | judge |"
        " supervisor | sandboxed"
    ),
    "_isolation": (
        "mac_processes windows_processes | interpreters leak_probes output process_tree processors |"
        " leak_snapshot worker_link worker_process zygote | nursery | pipe_nursery pool zygote_nursery"
    ),
    "_patches": (
        "load_errors module_attributes on_import replacing shown_warnings unittest_classes | sockets |"
        " process_creation sleeps | child_starts guard_parts opt_ins | installation | forked_runs process_exits"
    ),
    "_doubles": (
        "patterns | doubled_child | child_streams command_calls communication scripted_child |"
        " program_child | expectations | active_doubles texts |"
        " asyncio_children interactions popen_methods |"
        " seam | subprocess_mock"
    ),
    "_patches.multiprocessing": (
        "main_guard process_checks start_method | preparation starts | pools | multiprocessing_patches"
    ),
    "_rules": "marking misplaced_marks | policies retry_counts timeouts | groups sandbox_choice",
    "_children": "child_boot | spawned | preloaded",
    "_results": (
        "isolation_errors listeners record_entries | progress recording size_distribution"
        " optional_listeners time_limits | leftovers | guarding | guarded_result |"
        " leaks result_proxy summary | run_result"
    ),
    "_suites": (
        "code_digest expressions suite_tests | history_file suite_blocks | history selection | order pace report_merge"
    ),
    "_workers": (
        "attempts hosts | addressing parallel_plan replay worker_result | context teardown_reports | worker |"
        " worker_supply | diagnosis parallel_run | isolation | reruns"
    ),
    "_running": (
        "foreground handover turns | class_protection | definitions failures | post_mortem | live_listeners |"
        " optional_parts | __init__ case watched_run | runner"
    ),
    "_worker": "",
    "_marks": "block_wrappers isolated_calls | guard start_method_blocks | marks | isolated retries timeout",
    "_pytest_host": (
        "item_databases item_rules plain_reports worker_terminal | item_judge item_replay item_worker xdist_groups"
        " | fresh_session | isolated_items terminal_findings | plugin"
    ),
    "_studies": "baseline_writer bisection listing reproduction source_edits trials | polluters suggestions | survey",
    "_variations": (
        "at_start in_terminal variation | environment_variations interpreter_variations order_variations"
        " path_variations system_variations time_variations | catalogue"
    ),
    "_vary": (
        "search verdicts | study_findings varied_run | by_hand known_dependences process | report runs |"
        " finding_records subject_trials | study | vary"
    ),
    "_watch": "source_files | import_graph watched_tests | watching",
    "_program": (
        "bazel help_text options repetition several_runs usage | arguments explanations | other_runners |"
        " on_request | run_setup | program script | cli"
    ),
    "_django_host": "clones run_settings | worker_host | parallel_suite | discover_runner",
    "django": "",
    "__init__": "",
    "__main__": "",
}
MOST_FILES_IN_A_ROOM = 16
MOST_LINES_IN_A_FILE, MOST_LINES_IN_A_FUNCTION, MOST_LINES_IN_A_TEST = 350, 30, 25

# Files without a test file of their name, and the modules that test what they do: direct tests would repeat these.
TESTED_ELSEWHERE = {
    "_base.records": "operations.test_events policy.test_messages",  # plain data
    "_children.child_boot": "patches.multiprocessing.test_preparation",  # runs in children only, as the next three do
    "_children.preloaded": "patches.multiprocessing.test_preparation",
    "_children.site.sitecustomize": "guards.test_environment",
    "_children.spawned": "patches.multiprocessing.test_preparation",
    "_doubles.asyncio_children": "doubles.test_conformance_asyncio",  # compared with real children
    "_doubles.popen_methods": "doubles.test_conformance_popen doubles.test_conformance_run",  # likewise
    "_guards.forked_copies": "patches.test_forked_runs",
    "_isolation.leak_probes": "isolation.test_leak_snapshot",
    "_isolation.worker_process": "isolation.test_parent isolation.test_output",  # runs in workers only
    "_isolation.zygote": "isolation.test_zygote_nursery",  # runs in the zygote only
    "_patches.guard_parts": "patches.test_installation",
    "_patches.multiprocessing.process_checks": "patches.multiprocessing.test_starts patches.multiprocessing.test_pools",
    "_patches.multiprocessing.multiprocessing_patches": "patches.multiprocessing.test_preparation",
    "_program.run_setup": "program.test_program suites.test_order",
    "_program.on_request": "program.test_program suites.test_order",
    "_protocol.frame_kinds": "protocol.test_frames",
    "_protocol.plain_data": "protocol.test_framing",
    "_reports.html_tests": "reports.test_html_report",  # shown in a browser
    "_reports.html_text": "reports.test_html_report",  # as above
    "_pytest_host.item_replay": "pytest_host.test_isolated_items pytest_host.test_fresh_session",
    "_pytest_host.item_worker": "pytest_host.test_isolated_items",  # runs in workers only
    "_pytest_host.worker_terminal": "pytest_host.test_isolated_items",  # as above
    "_django_host.run_settings": "django_host.test_discover_runner",
    "_results.guarded_result": "results.test_violations",
    "_results.guarding": "results.test_violations",
    "_results.recording": "reports.test_json_report reports.test_runs",
    "_verdicts.known_violations": "results.test_summary",
    "_program.several_runs": "studies.test_polluters vary.test_vary",
    "_variations.environment_variations": "vary.test_vary",  # runs under them are tried there, as the next three
    "_variations.interpreter_variations": "vary.test_vary",
    "_variations.at_start": "vary.test_surroundings",  # runs in other programs only
    "_variations.in_terminal": "vary.test_surroundings",  # as above
    "_variations.order_variations": "vary.test_vary",
    "_variations.system_variations": "vary.test_surroundings",
    "_variations.time_variations": "vary.test_surroundings",
    "_variations.path_variations": "vary.test_vary",
    "_vary.process": "vary.test_runs",
    "_vary.study_findings": "vary.test_study",  # plain data
    "_vary.subject_trials": "vary.test_study",  # on which all of its tests rely
    "_vary.varied_run": "vary.test_runs",  # runs in the processes of tests only
    "_settings.reading": "settings.test_config settings.test_config_files",
    "_settings.values": "settings.test_table settings.test_config",
    "_suites.suite_tests": "suites.test_suite_blocks",
    "_running.optional_parts": "running.test_runner",
    "_running.live_listeners": "running.test_failures terminal.test_live_line",
    "_running.watched_run": "running.test_runner",
    "_studies.reproduction": "studies.test_polluters",  # its commands are run there
    "_watch.watched_tests": "watch.test_watching",
    "_workers.hosts": "django_host.test_worker_host",
    "_workers.worker_supply": "workers.test_parallel_run",
}

# Public names that several files define, because they mean the same everywhere; the file says of what.
SHARED_NAMES = {
    "TestRunner": "the runner of tests, of unittest and of Django",
    "boot": "enter the scope of the parent, in a child process",
    "close_log": "remove the violation log of this process",
    "forget": "drop what is cached",
    "main": "run as a program of its own",
    "of_function": "what a file finds for a marked function",
    "of_test": "what a file finds for a test",
    "text": "a report, from the records of a run",
}

# Private names of the standard library in other rooms: moving them would hide them.
PRIVATE_NAMES = {
    ("_django_host.worker_host", "_TestState"),  # of Django: whether the environment for tests is set up
    ("_verdicts.violation_data", "_asdict"),  # of named tuples, where it is documented
    ("_patches.process_creation", "_thread"),  # the functions that it replaces: the seam is the private module itself
    ("_patches.process_creation", "_posixsubprocess"),  # the same
    ("_patches.process_creation", "_winapi"),  # the same, on Windows
    ("_pytest_host.xdist_groups", "_split_scope"),  # of pytest-xdist, for schedulers that others write
    ("_pytest_host.item_judge", "_excinfo"),  # of pytest's TestCase items: their exceptions
    ("_pytest_host.terminal_findings", "_excinfo"),  # as above
    ("_pytest_host.isolated_items", "_setupstate"),  # of pytest's session: the fixtures that are set up
    ("_pytest_host.item_worker", "_remove_plugin"),  # of pluggy's hooks: what one hook calls
    ("_pytest_host.item_worker", "_setupstate"),  # as above
    ("_pytest_host.item_databases", "_get_test_db_name"),  # of Django's backends
    ("_pytest_host.isolated_items", "_tmp_path_factory"),  # of pytest's configuration: its temporary folder
    ("_pytest_host.fresh_session", "_tmp_path_factory"),  # as above
    ("_pytest_host.fresh_session", "_basetemp"),  # as above
    ("_pytest_host.fresh_session", "_global_capturing"),  # of pytest's capture manager: the files that it captures to
    ("_sandbox.sandboxed", "_asdict"),  # as of _verdicts.violation_data
    ("_patches.shown_warnings", "_get_context"),  # of warnings, beside the functions that it replaces
    ("_patches.shown_warnings", "_showwarning_orig"),  # as above
    ("_patches.process_exits", "_exit"),  # os._exit is documented
    ("_program.program", "_getParentArgParser"),  # an override, for --durations before 3.12: it can stand nowhere else
    ("_program.program", "_print_help"),  # an override, for our options in --help
    ("_program.program", "_getMainArgParser"),  # an override, for what to write instead of an unknown option
    ("_program.program", "_getDiscoveryArgParser"),  # as above
}
# Assignments to what is not hermetic's, outside of _patches.
FOREIGN_ASSIGNMENTS = {
    ("__main__", "sys.argv[0]"),  # the name of the program, for its messages
    ("_stdlib.unittest_internals", "sys.stderr"),  # unittest's own buffer, put back after its first use
    ("_children.site.sitecustomize", "os.environ['PYTHONPATH']"),  # takes itself out of what the user's code sees
    ("_children.site.sitecustomize", "sys.path[:]"),  # as above
    ("_isolation.worker_process", "os.environ['HERMETIC_ISOLATED']"),  # tests see by it that they are isolated
    ("_isolation.zygote", "os.environ['HERMETIC_ISOLATED']"),  # as above
    ("_isolation.worker_process", "os.environ[name]"),  # the temporary folder of a worker
    ("_isolation.worker_process", "sys.__stdin__"),  # the standard files of a worker
    ("_isolation.worker_process", "sys.f'__{name}__"),  # as above
    ("_isolation.worker_process", "sys.name"),  # as above
    ("_isolation.worker_process", "sys.stdin"),  # as above
    ("_isolation.worker_process", "tempfile.tempdir"),  # the temporary folder of a worker
    ("_program.cli", "sys.path[0]"),  # the current folder, as for python -m
    ("_program.script", "sys.argv[:]"),  # a script gets them as from Python
    ("_program.script", "sys.exit"),  # puts back what a test has replaced
    ("_program.script", "sys.path[0]"),  # a script gets it as from Python
    ("_protocol.tracebacks", "linecache.cache[filename]"),  # lines of files that only the run can read
    ("_variations.at_start", "sys.path[:]"),  # as for _children.site.sitecustomize
    ("_variations.at_start", "threading.Thread.start"),  # --vary timing, in processes that are started for it
    ("_variations.at_start", "time.sleep"),  # as above
    ("_worker", "os.environ['HERMETIC_ISOLATED']"),  # as for _isolation.worker_process
    ("_workers.addressing", "sys.modules['__main__']"),  # imports the main script as multiprocessing does
    ("_workers.addressing", "sys.modules['__mp_main__']"),  # as above
    ("_workers.addressing", "sys.modules[name]"),  # imports a module from its file
    ("_workers.context", "sys.argv[:]"),  # a worker gets them from its run
    ("_workers.context", "sys.path[:]"),  # as above
}
MAY_USE_PRIVATE_NAMES = ("_base.real", "_stdlib", "_patches.multiprocessing")


def is_future(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def words(text: str) -> list[str]:
    return text.replace("|", " ").split()


def test_module_of(module: str) -> str:
    """The module of tests that mirrors a file of the package."""
    room, _, file = module.rpartition(".")
    return ".".join([*(part.lstrip("_") for part in room.split(".")), f"test_{file}"])


def names_of_several_modules() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The names of functions and classes that several modules define, with those modules: public and private ones."""
    found = collections.defaultdict(list)
    for module, tree in modules().items():
        for name in dict.fromkeys(defined_names(tree.body)):
            found[name].append(module)
    several = {name: sorted(where) for name, where in found.items() if len(where) > 1 and not name.startswith("__")}
    public = {name: where for name, where in several.items() if not is_private(name)}
    return public, {name: where for name, where in several.items() if is_private(name)}


def defined_names(body: list[ast.stmt]) -> Iterator[str]:
    """The names of the functions and classes that statements define, also under ``if`` and ``try``."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.If, ast.Try)):
            yield from defined_names([*node.body, *node.orelse])


def room_of(module: str) -> str:
    return module.rpartition(".")[0] or module


def place(module: str) -> tuple[int, int] | None:
    """The room of a module and its layer there, as numbers from the ground up; None where the table has none."""
    room, file = room_of(module), module.rpartition(".")[2]
    if room not in LAYERS:
        return None
    layers = [layer.split() for layer in LAYERS[room].split("|")]
    found = [number for number, layer in enumerate(layers) if file in layer]
    alone = room == module or file == "__init__"
    return (list(LAYERS).index(room), found[0] if found else 0) if found or alone else None


class ReaderTest(hermetic.HermeticTestCase):
    """The tests below prove nothing if the imports are not found."""

    def test_imports_of_every_form_are_found(self):
        tree = ast.parse(
            "import a.b\nfrom . import c\nfrom .d import e\nfrom ..f import g\n"
            "def function():\n    import h\n    import_module('i')\nif TYPE_CHECKING:\n    import j\n"
        )
        found = [name for node in executed_nodes(tree) for name in imported_names("_guards.x", node)]
        self.assertEqual(
            sorted(found),
            ["a.b", "h", "hermetic._guards.c", "hermetic._guards.d.e", "hermetic.f.g", "i"],
        )

    def test_known_imports_are_among_them(self):
        found = set(imports(executed=True))
        for known in (
            ("_program.cli", "hermetic._patches.installation"),
            ("_settings.reading", "tomllib"),
            ("_patches.process_creation", "_posixsubprocess"),
        ):
            self.assertIn(known, found)


@hermetic.medium  # it reads all of the package
class LayersTest(hermetic.HermeticTestCase):
    def own_imports(self) -> Iterator[tuple[str, str]]:
        """Pairs of modules, those imported in functions and for types included."""
        for module, found in graph().items():
            for imported in found:
                yield module, imported

    def test_every_file_has_a_place(self):
        placed = {module for module in modules() if place(module) is not None}
        self.assertEqual(placed, set(modules()))
        named = [f"{room}.{file}".removesuffix(".") for room, text in LAYERS.items() for file in words(text) or [""]]
        self.assertEqual(set(named) - set(modules()), set())

    def test_imports_flow_down(self):
        for module, imported in self.own_imports():
            with self.subTest(importer=module, imported=imported):
                self.assertLess(place(imported), place(module))

    def test_packages_hold_docstrings_alone(self):
        for module, tree in modules().items():
            room, _, file = module.rpartition(".")
            if file == "__init__" and room and "__init__" not in LAYERS[room]:
                with self.subTest(module=module):
                    self.assertEqual([type(node) for node in tree.body if not is_future(node)], [ast.Expr])

    def test_no_room_is_crowded(self):
        counts = collections.Counter(room_of(module) for module in modules())
        self.assertEqual({room: n for room, n in counts.items() if n > MOST_FILES_IN_A_ROOM}, {})

    def test_no_two_files_have_one_name(self):
        counts = collections.Counter(module.rpartition(".")[2] for module in modules())
        self.assertEqual({name for name, n in counts.items() if n > 1}, {"__init__"})

    def test_no_name_means_two_things(self):
        found, private = names_of_several_modules()
        self.assertEqual(
            {name: modules for name, modules in found.items() if name not in SHARED_NAMES},
            {},
            f"rename all but one; private helpers that share names may stay: {private}",
        )
        self.assertEqual(set(SHARED_NAMES) - set(found), set(), "no longer shared")

    def test_the_page_on_the_design_lists_the_rooms_in_their_order(self):
        listed = [row[0].strip("`") for row in rows(read("docs", "explanation", "design.md")) if row[0][:2] == "`_"]
        self.assertEqual([room for room in LAYERS if room.startswith("_") and not room.startswith("__")], listed)

    def test_nobody_imports_the_package_root(self):
        names = {name.partition(".")[0] for name in modules()}
        for module, name in imports(executed=True):
            if name.partition(".")[0] == "hermetic" and module != "__init__":
                with self.subTest(importer=module, imported=name):
                    self.assertIn(name.partition(".")[2].partition(".")[0], names)


@hermetic.medium  # it reads all of the package and of its tests
class LimitsTest(hermetic.HermeticTestCase):
    """How long files and functions may be, docstrings of functions not counted."""

    def lines_of_functions(self, tree: ast.Module) -> Iterator[tuple[str, int]]:
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                docstring = node.body[0] if ast.get_docstring(node) is not None else None
                ends = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring is not None else 0
                yield node.name, (node.end_lineno or 0) - node.lineno + 1 - ends

    def test_functions_and_files_of_the_package(self):
        for module, tree in modules().items():
            with self.subTest(module=module):
                self.assertLessEqual(max([node.end_lineno or 0 for node in tree.body], default=0), MOST_LINES_IN_A_FILE)
                long = [name for name, lines in self.lines_of_functions(tree) if lines > MOST_LINES_IN_A_FUNCTION]
                self.assertEqual(long, [])

    def test_tests(self):
        for module, tree in modules(os.path.join(support.ROOT, "tests")).items():
            if not module.startswith("samples."):
                found = [name for name, lines in self.lines_of_functions(tree) if lines > MOST_LINES_IN_A_TEST]
                with self.subTest(module=module):
                    self.assertEqual([name for name in found if name.startswith("test_")], [])


@hermetic.medium  # it reads all of the tests
class TestsTest(hermetic.HermeticTestCase):
    def setUp(self) -> None:
        found = modules(os.path.join(support.ROOT, "tests"))
        self.modules = {module: tree for module, tree in found.items() if not module.startswith("samples.")}

    def test_modules_of_tests_are_imported_by_nobody(self):
        tests = {f"tests.{module}" for module in self.modules if module.rpartition(".")[2].startswith("test_")}
        for module, tree in self.modules.items():
            for name in {name for node in ast.walk(tree) for name in imported_names(module, node, package="tests")}:
                with self.subTest(importer=module, imported=name):
                    full = name if name.startswith("tests.") else f"tests.{name}"
                    self.assertEqual({full, full.rpartition(".")[0]} & tests, set())

    def test_each_file_of_a_room_has_a_test_file_of_its_name(self):
        files = {module for module in modules() if "." in module and not module.endswith("__init__")}
        lacking = {module for module in files if test_module_of(module) not in self.modules}
        self.assertEqual(lacking, {*TESTED_ELSEWHERE})

    def test_the_tests_of_the_other_files_are_there(self):
        named = {module for names in TESTED_ELSEWHERE.values() for module in words(names)}
        self.assertEqual(named - {*self.modules}, set())


@hermetic.medium  # it reads all of the package
class CirclesTest(hermetic.HermeticTestCase):
    """No file imports itself by way of others, those imports included that run in functions, or never run."""

    def circles(self, edges: dict[str, set[str]]) -> list[str]:
        """The modules that are in a circle, or lead to one: what is left when the others are taken away."""
        left = {module: set(found) for module, found in edges.items()}
        while leaves := {module for module, found in left.items() if not found}:
            left = {module: found - leaves for module, found in left.items() if module not in leaves}
        return sorted(left)

    def test_there_are_none(self):
        self.assertEqual([], self.circles(graph()))

    def test_one_would_be_found(self):
        self.assertEqual(["a", "b"], self.circles({"a": {"b"}, "b": {"a", "c"}, "c": set()}))

    def test_imports_of_all_kinds_count(self):
        self.assertIn("_running.class_protection", graph()["_marks.marks"])
        self.assertIn("_workers.isolation", graph()["_running.handover"])  # within a function
        self.assertIn("_doubles.expectations", graph()["_doubles.popen_methods"])  # for its types alone


MOST_DEFERRED_IMPORTS = 32


@hermetic.medium  # it reads all of the package
class DeferredImportsTest(hermetic.HermeticTestCase):
    """An import within a function hides a dependency: it stands there only where it saves time, and says how much."""

    def deferred(self) -> Iterator[tuple[str, int, str]]:
        """The module, line and text of each import of ours within a function."""
        for module, tree in modules().items():
            path = os.path.join(PACKAGE, *module.split(".")) + ".py"
            with open(path, encoding="utf-8") as file:
                lines = file.read().splitlines()
            functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
            found = {
                node.lineno
                for function in functions
                for node in ast.walk(function)
                if isinstance(node, ast.ImportFrom) and node.level
            }
            yield from ((module, number, lines[number - 1]) for number in sorted(found))

    def test_each_names_what_it_saves(self):
        for module, number, line in self.deferred():
            with self.subTest(module=module, line=number):
                self.assertRegex(line, r"  # saves ([2-9]|\d\d) ms\b")

    def test_there_are_few(self):
        self.assertLessEqual(len([*self.deferred()]), MOST_DEFERRED_IMPORTS)


# Variables of modules that are changed: caches, with what clears them, and objects that hold what cannot be elsewhere.
CHANGED_VARIABLES = {
    ("_guards.environment", "_additions"): "the environment of C belongs to the process",
    ("_base.clock", "_continued"): "a handler of signals writes it, below all that is in force",
    ("_doubles.communication", "_waiting"): "what a thread waits for while it communicates with a doubled child",
    ("_patches.forked_runs", "_watch"): "the process that is copied, while its copies are watched",
    ("_patches.installation", "installed"): "the guard is installed once per process",
    ("_patches.multiprocessing.main_guard", "reimported"): "the import of main in a child happens once",
    ("_patches.process_exits", "_end"): "the exit status of the process",
    ("_results.guarded_result", "running"): "what is in force",
    ("_results.leaks", "_temporary_files"): "cleared before each test",
    ("_rules.marking", "_caches"): "the list of caches that marking.forget clears",
    ("_rules.marking", "_classes"): "marking.forget clears it",
    ("_rules.marking", "_found"): "marking.forget clears it",
    ("_rules.marking", "_marked_methods"): "marking.forget clears it",
    ("_rules.marking", "_well_spelt"): "marking.forget clears it",
    ("_rules.policies", "_by_class"): "marking.forget clears it",
    ("_rules.policies", "_by_marks"): "marking.forget clears it",
    ("_rules.policies", "_found"): "marking.forget clears it",
    ("_running.class_protection", "_fixture_scopes"): "an entry lasts from setUpClass to the last class cleanup",
    ("_running.definitions", "_marking_modules"): "whether a module has hermetic's names does not change",
    ("_running.definitions", "_looked_at"): "the module of the last class, so that each of its names is looked at once",
    ("_sandbox.allowed_names", "_addresses"): "forget_addresses clears it",
    ("_verdicts.faults", "_telling"): "the threads in which a fault is being put into words",
    ("_verdicts.scopes", "free"): "its serial is set once, at import",
    ("_verdicts.scopes", "running"): "what is in force",
}
CHANGING = {"append", "add", "update", "setdefault", "pop", "popitem", "clear", "remove", "discard", "extend", "insert"}


@hermetic.medium  # it reads all of the package
class ModuleStateTest(hermetic.HermeticTestCase):
    """What is in force stands in two objects, scopes.running and current_run: other modules hold no state."""

    def names_in(self, tree: ast.Module) -> set[str]:
        targets = [
            node.targets if isinstance(node, ast.Assign) else [node.target]
            for node in tree.body
            if isinstance(node, (ast.Assign, ast.AnnAssign))
        ]
        return {target.id for found in targets for target in found if isinstance(target, ast.Name)}

    def changed(self, node: ast.AST) -> Iterator[ast.expr]:
        """The expressions whose values a node changes."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING:
            yield node.func.value
        if isinstance(node, (ast.Assign, ast.Delete, ast.AugAssign)):
            targets = [node.target] if isinstance(node, ast.AugAssign) else node.targets
            yield from (target.value for target in targets if isinstance(target, (ast.Subscript, ast.Attribute)))

    def test_changed_variables_are_few_and_reasoned(self):
        found = set()
        for module, tree in modules().items():
            names = self.names_in(tree)
            for node in ast.walk(tree):
                self.assertNotIsInstance(node, ast.Global, module)
                changed = {value.id for value in self.changed(node) if isinstance(value, ast.Name)}
                found |= {(module, name) for name in changed & names}
        self.assertEqual(found, set(CHANGED_VARIABLES))


# by the room that they load
HOSTS = {"_pytest_host": {"pytest", "xdist", "django"}, "_django_host": {"django"}, "django": {"django"}}


class StandardLibraryTest(hermetic.HermeticTestCase):
    def test_nothing_else_is_imported(self):
        # tomllib: from 3.11 on, and asked for only there; sitecustomize: the user's, which ours stands before
        known = {*sys.stdlib_module_names, "hermetic", "tomllib", "sitecustomize"}
        for module, name in imports(executed=False):
            hosts = HOSTS.get(room_of(module), set())
            with self.subTest(importer=module, imported=name):
                self.assertIn(name.partition(".")[0], known | hosts)

    def test_platform_and_version_are_asked_for_in_one_place(self):
        for module, tree in modules().items():
            names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            # The last two run on Pythons that cannot read the first one.
            if module not in ("_base.features", "_base.supported_python", "_children.site.sitecustomize"):
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
        return {(module, name) for module, name in found if name and not module.startswith(MAY_USE_PRIVATE_NAMES)}

    def test_they_stand_in_few_places(self):
        self.assertEqual(self.used() - PRIVATE_NAMES, set())

    def test_every_exception_is_used(self):
        self.assertEqual(PRIVATE_NAMES - self.used() - {("_patches.process_exits", "_exit")}, set())


@hermetic.medium  # it reads all of the package
class PatchesTest(hermetic.HermeticTestCase):
    """What is not hermetic's is changed in _patches alone, as far as names tell whose it is."""

    def foreign_names(self, tree: ast.AST) -> set[str]:
        """The names that are bound to modules, or what is in them, that are not hermetic's."""
        names = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and not node.level):
                names.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)) and "sys.modules" in ast.unparse(node.value or node):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names.update(target.id for target in targets if isinstance(target, ast.Name))
        return names

    def targets(self, node: ast.AST) -> list[ast.expr]:
        """What a statement, or a call of setattr or delattr, changes."""
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("setattr", "delattr"):
            return [ast.Attribute(node.args[0], ast.unparse(node.args[1]).strip("'\""), ast.Store())]
        if isinstance(node, (ast.Assign, ast.Delete)):
            found = [target.elts if isinstance(target, ast.Tuple) else [target] for target in node.targets]
            return [target for targets in found for target in targets]
        return [node.target] if isinstance(node, (ast.AugAssign, ast.AnnAssign)) else []

    def is_foreign(self, target: ast.expr, names: set[str]) -> bool:
        if not isinstance(target, (ast.Attribute, ast.Subscript)):
            return False
        holder: ast.expr = target
        while isinstance(holder, (ast.Attribute, ast.Subscript)):
            holder = holder.value
        is_class = isinstance(target, ast.Attribute) and target.attr == "__class__"
        return is_class or (isinstance(holder, ast.Name) and holder.id in names)

    def found(self, tree: ast.AST) -> set[str]:
        names = self.foreign_names(tree)
        targets = [target for node in ast.walk(tree) for target in self.targets(node)]
        return {ast.unparse(target) for target in targets if self.is_foreign(target, names)}

    def test_they_stand_in_one_room_with_few_exceptions(self):
        rooms = [module for module in modules() if not module.startswith("_patches.")]
        found = {(module, target) for module in rooms for target in self.found(modules()[module])}
        self.assertEqual(found, FOREIGN_ASSIGNMENTS)

    def test_each_form_would_be_found(self):
        for code in ("os.x = 1", "setattr(os, 'x', 1)", "del os.x", "os.x += 1", "y, os.x = 1, 2", "os.x: int = 1"):
            self.assertEqual(self.found(ast.parse(f"import os\n{code}")), {"os.x"}, code)
        self.assertEqual(self.found(ast.parse("import sys\nos = sys.modules['os']\nos.x = 1")), {"os.x"})
        self.assertEqual(self.found(ast.parse("module.__class__ = Own")), {"module.__class__"})

    def test_there_is_one_audit_hook(self):
        calls = [
            (module, node.lineno)
            for module, tree in modules().items()
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr == "addaudithook"
        ]
        self.assertEqual([module for module, _ in calls], ["_guards.audit_hook"])

    def test_files_say_what_they_patch(self):
        for module, tree in modules().items():
            if module.startswith("_patches.") and not module.endswith("__init__"):
                with self.subTest(module=module):
                    self.assertRegex(ast.get_docstring(tree) or "", "^(Patches|Installs) ")


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
@support.not_measured
class ImportAloneTest(hermetic.HermeticTestCase):
    @support.posix_only("fork")
    def test_every_module_imports_alone_without_a_warning(self):
        loaded_by_hosts = {room for room, hosts in HOSTS.items() if not all(map(importlib.util.find_spec, hosts))}
        alone = [m for m in modules() if m != "__main__" and (room_of(m) not in loaded_by_hosts or "__init__" in m)]
        names = [f"hermetic.{module}".removesuffix(".__init__") for module in alone]
        done = support.run_python("-W", "error", "-c", IMPORT_ALONE, *names, "not_there")
        self.assertEqual((done.returncode, done.stdout), (0, "not_there\n"), done.stderr)
        self.assertEqual(done.stderr.count("Traceback"), 1, done.stderr)  # that of the last

    def test_the_program_starts_without_a_warning(self):
        done = support.run_python("-W", "error", "-m", "hermetic", "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("-m hermetic", done.stdout)
