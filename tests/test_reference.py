"""The reference pages agree with the code."""

from __future__ import annotations

import argparse
import ast
import glob
import inspect
import os
import re
import sys
import unittest
from typing import Any

import hermetic
from hermetic import medium, small
from hermetic._program import options
from hermetic._settings import config, kinds, table
from hermetic._settings.values import Settings
from support import Folder, package_folder, reference_text, run_hermetic
from support.documents import headings, pages, read, rows

_OF_UNITTEST = {"--help", "--locals", "--durations"}
_BLOCK = re.MULTILINE | re.DOTALL
_NO_NAMES = {"the_run"}  # a case in a JUnit report


def sections(text: str) -> list[tuple[str, str]]:
    """Heading and text of each section."""
    parts = re.split(r"^#+ (.+)$", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def signatures() -> list[tuple[Any, str]]:
    """What the page of the API describes as ``name(parameters)``, with its parameters."""
    found = []
    for heading, text in sections(read("docs", "reference", "api.md")):
        holder = getattr(hermetic, heading.rpartition(".")[2].strip("`"), hermetic)
        for line in re.findall(r"^(?:- )?`.+$", text, re.MULTILINE):
            for name, given in re.findall(r"`(\w+)\(([^`]*)\)`", line):
                found.append((getattr(holder, name, None) or getattr(hermetic, name, None), given))
    return found


def parameters(function: Any) -> dict[str, Any]:
    """Name to default of what a caller may give."""
    given = inspect.signature(function).parameters
    return {name: value.default for name, value in given.items() if name not in ("self", "marked")}


def values_of(action: argparse.Action) -> str:
    """What an option takes, as usage messages show it."""
    return "{" + ",".join(action.choices) + "}" if action.choices else str(action.metavar)


@small
class ApiTest(unittest.TestCase):
    def test_parameters_on_the_page_are_those_of_the_code(self):
        for function, given in signatures():
            with self.subTest(function=function, given=given):
                self.assertIsNotNone(function)
                described = ast.parse(f"def f({given}): ...").body[0].args
                names = [*described.args, *described.kwonlyargs, *filter(None, [described.kwarg])]
                self.assertEqual([name.arg for name in names], list(parameters(function)))

    def test_defaults_on_the_page_are_those_of_the_code(self):
        for function, given in signatures():
            for name, default in re.findall(r"(\w+)=([^,\[\]]+)", given):
                if default != "...":
                    with self.subTest(function=function, parameter=name):
                        self.assertEqual(eval(default, vars(hermetic)), parameters(function)[name])

    def test_docstrings_describe_the_parameters_that_there_are(self):
        described = [getattr(hermetic, name) for name in hermetic.__all__]
        described += [method for _, method in inspect.getmembers(hermetic.SubprocessMock, inspect.isfunction)]
        for function in filter(callable, described):
            section = re.search(r"^Args:\n((?:    .*\n|\n)+)", (inspect.getdoc(function) or "") + "\n", re.MULTILINE)
            if section:
                with self.subTest(function=function):
                    names = re.findall(r"^    \*{0,2}(\w+):", section[1], re.MULTILINE)
                    self.assertEqual(names, list(parameters(function)))


@small
class CommandLineTest(unittest.TestCase):
    def setUp(self):
        self.text = read("docs", "reference", "command-line.md").replace("\\", "")
        self.actions = options.make_parser("hermetic")._actions

    def test_options_have_their_values(self):
        for action in self.actions:
            with self.subTest(option=action.option_strings):
                words = [action.option_strings[-1], *([values_of(action)] if action.nargs != 0 else [])]
                self.assertIn(f"`{' '.join(words)}`", self.text)

    def test_there_are_no_other_options(self):
        ours = {name for action in self.actions for name in action.option_strings}
        self.assertEqual({*re.findall(r"`(--[a-z-]+)", self.text)} - ours - _OF_UNITTEST, set())


def options_table() -> list[str]:
    """The rows of the table of options."""
    described = [(setting.options[-1], setting.help) for setting in table.SETTINGS.values()]
    described += [(option, text) for option, (text, _) in options.OTHER_OPTIONS.items()]
    actions = {action.option_strings[-1]: action for action in options.make_parser("hermetic")._actions}
    return [f"| {', '.join(map(code, written(actions[option])))} | {text} |" for option, text in described]


def written(action: argparse.Action) -> list[str]:
    """How an option can be written, with its value."""
    value = [] if action.nargs == 0 else [values_of(action)]
    return [" ".join([option, *value]) for option in action.option_strings]


def settings_table() -> list[str]:
    """The rows of the table of settings."""
    return [
        f"| `{name}` | {accepted(setting.kind)} | {default_of(setting)}"
        f" | {f'{setting.help}. {setting.documentation}'.strip()} |"
        for name, setting in table.SETTINGS.items()
    ]


def accepted(kind: kinds.Kind) -> str:
    """What a kind accepts, with its words as code."""
    words = "|".join(kind.words) or "(?!)"
    return re.sub(rf"\b({words})\b", r"`\1`", kind.accepted.removeprefix("one of "))


def default_of(setting: table.Setting) -> str:
    """A default value."""
    shown = setting.kind.shown(setting.default)
    return shown if shown == "none" else code(shown)


def places_table() -> list[str]:
    """The rows of the table of environment variables and options."""
    return [
        f"| `{name}` | {'none: see below' if name == 'isolated' else code(setting.variable)}"
        f" | {', '.join(map(code, reversed(setting.options)))} |"
        for name, setting in table.SETTINGS.items()
    ]


def code(text: str) -> str:
    """Text as code in a table."""
    return "`{}`".format(text.replace("|", "\\|"))


TABLES = {  # by page and heading
    ("command-line.md", "| option | |"): options_table,
    ("configuration.md", "| setting | values | default | |"): settings_table,
    ("configuration.md", "| setting | environment | command line |"): places_table,
}


def with_tables(page: str) -> str:
    """The text of a page of the reference, with its tables as they should be."""
    text = read("docs", "reference", page)
    for (there, heading), rows_of in TABLES.items():
        if there == page:
            block = rf"(?<={re.escape(heading)}\n)(\|[-|]+\|\n)(?:\|.*\n)*"
            table_text = "".join(f"{row}\n" for row in rows_of())
            text, number = re.subn(block, lambda match, rest=table_text: match[1] + rest, text)
            assert number == 1, heading
    return text


@small
class TablesTest(unittest.TestCase):
    """`PYTHONPATH=.:tests python tests/test_reference.py` writes the tables, and the text of `--explain`, anew."""

    def test_tables_are_those_of_the_settings_and_options(self):
        for page in {page for page, _ in TABLES}:
            with self.subTest(page=page):
                self.assertEqual(read("docs", "reference", page), with_tables(page))

    def test_help_names_every_word_and_the_default(self):
        for name, setting in table.SETTINGS.items():
            if isinstance(setting.kind, kinds.Choice) and setting.default is not None:
                with self.subTest(setting=name):
                    explained = {*re.findall(r"`(\w+)`", setting.help)}
                    self.assertIn(setting.default, explained)
                    self.assertIn("default", setting.help)

    def test_help_is_plain_text_in_which_all_options_are_described(self):
        for action in options.make_parser("hermetic")._actions:
            with self.subTest(option=action.option_strings):
                self.assertRegex(action.help, r"^[A-Z][^`\[\]]+[^.]$")


@small
class NamesTest(unittest.TestCase):
    def test_names_of_ours_on_every_page_are_public(self):
        modules = [
            os.path.basename(path)[:-3] for path in glob.glob(os.path.join(package_folder(), "hermetic", "[a-z]*.py"))
        ]
        for page in pages():
            for name in re.findall(r"(?<![\w/.-])hermetic\.([a-zA-Z]\w*)", read(page)):
                with self.subTest(page=page, name=name):
                    self.assertIn(name, {*hermetic.__all__, *modules, *_NO_NAMES})

    def test_what_is_to_be_written_instead_of_other_tools_exists(self):
        ours = {name for action in options.make_parser("hermetic")._actions for name in action.option_strings}
        for there, here in (
            row for row in rows(read("docs", "how-to", "migrate-from-other-tools.md")) if len(row) == 2
        ):
            with self.subTest(there=there):
                self.assertLessEqual({*re.findall(r"(--[a-z-]+)", here.replace("--hermetic-", "--"))}, ours)
                self.assertLessEqual({*re.findall(r"`(\w+) = ", here)}, {*table.SETTINGS, "__hermetic__"})


@small
class ConfigurationTest(unittest.TestCase):
    def setUp(self):
        self.tables = rows(read("docs", "reference", "configuration.md"))

    def test_settings_have_their_defaults(self):
        described = {row[0].strip("`"): row[2] for row in self.tables if len(row) == 4 and row[0][0] == "`"}
        self.assertEqual(sorted(described), sorted(table.SETTINGS))
        for name, default in described.items():
            with self.subTest(setting=name):
                value = table.SETTINGS[name].default
                written = default.strip("`")
                shown = None if written == "none" else table.SETTINGS[name].kind.parse(written)
                self.assertEqual(shown or None, value or None)

    def test_each_has_its_variable_and_its_option(self):
        described = {row[0].strip("`"): row[1:] for row in self.tables if len(row) == 3 and row[0][0] == "`"}
        self.assertEqual(sorted(described), sorted(table.SETTINGS))
        for name, (variable, option) in described.items():
            with self.subTest(setting=name):
                self.assertIn(f"`--{name.replace('_', '-')}`", option)
                self.assertTrue(variable == f"`HERMETIC_{name.upper()}`" or name == "isolated")


@small
class ConfigurationBlocksTest(unittest.TestCase):
    def check(self, language: str, name: str) -> None:
        found = [block for page in pages() for block in re.findall(rf"^```{language}\n(.*?)^```$", read(page), _BLOCK)]
        ours = [block for block in found if re.search(r"^\[tool[:.]hermetic", block, re.MULTILINE)]
        self.assertTrue(ours)
        for block in ours:
            with self.subTest(block=block), Folder(**{name: block}) as folder:
                self.assertNotEqual(config.load(None, folder).replaced(root=".", origins={}), Settings())

    def test_those_for_setup_cfg_are_accepted(self):
        self.check("ini", "setup.cfg")

    @unittest.skipIf(sys.version_info < (3, 11), "Python 3.10 has no TOML parser")
    def test_those_for_pyproject_are_accepted(self):
        self.check("toml", "pyproject.toml")


@small
class MessagesTest(unittest.TestCase):
    def test_every_code_is_an_error_of_the_api(self):
        codes = {heading for heading in headings(read("docs", "reference", "messages.md")) if heading[0] == "H"}
        api = read("docs", "reference", "api.md")
        self.assertEqual({code for code in codes if f"messages.md#{code.lower()}" not in api}, set())


# Names each file once that runs after the violation; the frames that judge it are hidden from profile functions.
VIOLATED = """
import atexit, socket, sys, unittest, hermetic
visited = {}
def note(frame, event, _):
    if event == "call":
        visited.setdefault(frame.f_code.co_filename)
atexit.register(lambda: print(*visited, sep="\\n"))
class Case(unittest.TestCase):
    @hermetic.small
    def test_it(self):
        sys.setprofile(note)
        try: socket.create_connection(("127.0.0.1", 9))
        except hermetic.ViolationError: pass
"""


@medium
class ViolationTourTest(unittest.TestCase):
    def test_its_files_are_those_that_a_violation_visits_in_their_order(self):
        page = read("docs", "explanation", "tour-violation.md")
        visited = re.findall(r"^\| \d+ \| `(\S+\.py)` \|", page, re.MULTILINE)
        there = [path for path in visited if os.path.isfile(os.path.join(package_folder(), "hermetic", path))]
        self.assertEqual(visited, there)
        self.assertEqual(len(visited), 12)
        with Folder(**{"test_it.py": VIOLATED}) as folder:
            done = run_hermetic("--junit-xml", "report.xml", "test_it", cwd=folder)
        ran = [path.replace(os.sep, "/").rpartition("/hermetic/")[2] for path in done.stdout.splitlines()]
        first = visited.index("_results/guarded_result.py")
        reported = [path for path in ran if path in visited[first:]]
        self.assertEqual(reported, visited[first:], done.stderr)


@small
class ExplanationTest(unittest.TestCase):
    def test_the_tour_of_an_isolated_test_visits_few_files_and_all_of_them_are_there(self):
        page = read("docs", "explanation", "tour-isolated-test.md")
        visited = re.findall(r"^\d+\. `(hermetic/\S+\.py)`: ", page, re.MULTILINE)
        left_out = [f"hermetic/{name}" for row in rows(page) for name in re.findall(r"`(_\S+\.py)`", row[0])]
        there = [path for path in (*visited, *left_out) if os.path.isfile(os.path.join(package_folder(), path))]
        self.assertEqual([*visited, *left_out], there)
        self.assertLessEqual(len(visited), 16)
        self.assertGreater(len(visited), 10)

    def test_the_tour_of_a_setting_visits_four_files_from_its_entry_to_its_effect(self):
        page = read("docs", "explanation", "tour-setting.md")
        walks = [(heading, text) for heading, text in sections(page) if " = " in heading]
        self.assertEqual(len(walks), 2)
        for heading, text in walks:
            with self.subTest(walk=heading):
                found = re.findall(r"^\d+\. `(hermetic/\S+\.py)`: ", text, re.MULTILINE)
                visited = [os.path.join(package_folder(), path) for path in found]
                self.assertEqual(len(visited), 4)
                name = heading.strip("`").partition(" ")[0]
                self.assertIn(f"    {name} = ", read(visited[0]))
                self.assertIn(f"settings.{name}", read(visited[-1]))
        left_out = [f"hermetic/{name}" for row in rows(page) for name in re.findall(r"`(_\S+\.py)`", row[0])]
        there = [path for path in left_out if os.path.isfile(os.path.join(package_folder(), path))]
        self.assertEqual(left_out, there)

    def test_every_frame_of_the_protocol_is_described(self):
        package = os.path.join(package_folder(), "hermetic")
        files = [
            path for part in ("_isolation", "_workers", "_protocol") for path in glob.glob(f"{package}/{part}/*.py")
        ]
        kinds = {kind for path in files for kind in re.findall(r'\bsend\(\[?"(\w+)"', read(path))}
        described = {kind for row in rows(read("docs", "explanation", "isolation-protocol.md")) for kind in row[:1]}
        self.assertGreater(len(kinds), 10)
        self.assertEqual({kind for kind in kinds if f"`{kind}`" not in " ".join(described)}, set())


@small
class VersionsTest(unittest.TestCase):
    def test_the_pythons_are_those_of_the_package(self):
        pythons = re.findall(r"Python :: (3\.\d+)\"", read("pyproject.toml"))
        for page in (("README.md",), ("docs", "reference", "platforms.md")):
            with self.subTest(page=page):
                self.assertIn(f"CPython {pythons[0]} to {pythons[-1]}", read(*page))


if __name__ == "__main__":
    for _page in {page for page, _ in TABLES}:
        _text = with_tables(_page)
        with open(os.path.join(package_folder(), "docs", "reference", _page), "w", encoding="utf-8") as _file:
            _file.write(_text)
    reference_text.write()
