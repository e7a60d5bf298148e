"""Type checkers understand the public API: mypy --strict and pyright, each where it is installed.

Each kind of function and class is written twice, without a decorator and under every decorator of ours. Checkers must
reveal the same types for both.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import textwrap
import unittest
from typing import NamedTuple

import support
from hermetic import medium
from support.documents import EXAMPLES, example_names, pages, read

DECORATORS = """
hermetic.small
hermetic.small()
hermetic.medium
hermetic.large
hermetic.xlarge
hermetic.isolated
hermetic.isolated()
hermetic.isolated("database")
hermetic.isolated(timeout=30)
hermetic.isolated(group="database", timeout=2.5, sandbox="kernel")
hermetic.isolated("database", timeout=30)
hermetic.allow(hosts=["db.test:5432"], processes=("git",), files=["tests/*"], databases=[":memory:"])
hermetic.start_method("spawn")
hermetic.guard("small")
hermetic.guard(hermetic.medium, hosts=["db.test"])
hermetic.guard(hermetic.Size.LARGE)
""".split("\n")[1:-1]

FUNCTIONS = """
from __future__ import annotations
import unittest
from collections.abc import AsyncIterator, Generator
from typing import TypeVar
import hermetic

T = TypeVar("T")

@DECORATOR
def function(first: int, *rest: str, flag: bool = False) -> list[int]: return [first]

@DECORATOR
async def coroutine(first: int) -> str: return ""

@DECORATOR
def generator(first: int) -> Generator[int, str, bool]:
    yield first
    return True

@DECORATOR
async def async_generator(first: int) -> AsyncIterator[int]:
    yield first

@DECORATOR
def generic(value: T) -> list[T]: return [value]

class Case(unittest.TestCase):
    @DECORATOR
    def test_method(self) -> None: ...

    @DECORATOR
    async def test_coroutine(self) -> int: return 1

    @DECORATOR
    def generator(self) -> Generator[int, str, bool]:
        yield 1
        return True

    @DECORATOR
    @staticmethod
    def static(first: int) -> int: return first

    @staticmethod
    @DECORATOR
    def inner_static(first: int) -> int: return first

    @DECORATOR
    @classmethod
    def of_class(cls, first: int) -> int: return first

    @classmethod
    @DECORATOR
    def inner_of_class(cls, first: int) -> int: return first

reveal_type(function)
reveal_type(function(1, "", flag=True))
reveal_type(coroutine)
reveal_type(generator)
reveal_type(async_generator)
reveal_type(generic)
reveal_type(generic(b""))
reveal_type(Case.test_method)
reveal_type(Case().test_method)
reveal_type(Case.test_coroutine)
reveal_type(Case().generator())
reveal_type(Case.static)
reveal_type(Case().static)
reveal_type(Case.inner_static)
reveal_type(Case().inner_static(1))
reveal_type(Case.of_class)
reveal_type(Case().of_class)
reveal_type(Case.inner_of_class)
reveal_type(Case().inner_of_class(1))
"""

CLASSES = """
@DECORATOR
class Marked(unittest.TestCase):
    shared = 1
    def test_method(self) -> int: return 1

@DECORATOR
class Mixin:
    def __init__(self, first: int) -> None: self.first = first
    def test_method(self) -> int: return 1

reveal_type(Marked)
reveal_type(Marked.shared)
reveal_type(Marked("test_method").test_method)
reveal_type(Mixin)
reveal_type(Mixin(1).first)
reveal_type(Mixin.test_method)
"""

# What a line reveals, or that it is an error, stands in its comment.
EXPECTED = """
from __future__ import annotations
import unittest
import hermetic
from hermetic import HermeticTestCase, allow, guard, isolated, medium, small, start_method

__hermetic__ = [small, allow(hosts=["db.test"])]
reveal_type(small)  # SizeMark
reveal_type(small())  # SizeMark
reveal_type(isolated(timeout=3))  # IsolatedMark
reveal_type(isolated("database"))  # IsolatedMark
reveal_type(guard("small"))  # guard
reveal_type(allow(processes=["git"]))  # allow

class BlocksTest(HermeticTestCase):
    def test_blocks(self) -> None:
        with guard("medium", databases=[":memory:"]), allow(hosts=["db.test"]), start_method("fork"):
            length = len("")
        reveal_type(length)  # int
        with self.assertViolation(hermetic.NetworkViolationError) as caught:
            pass
        reveal_type(caught.error)  # ViolationError
        reveal_type(caught.error.violation.operation.target)  # str
        reveal_type(caught.error.violation.site.line)  # int
        with self.assertViolation() as caught:
            pass
        with hermetic.SubprocessMock(any_order=True) as double:
            reveal_type(double)  # SubprocessMock
        reveal_type(self.subprocess)  # SubprocessMock
        reveal_type(self.subprocess.mock_run(["git", ...], stdout="1"))  # Expectation
        self.assertViolation(ValueError)  # error
        self.subprocess.run(["git"])  # error
        self.subprocess.mock_run(["git"], return_code=1)  # error
        caught.error.violation.target  # error

def test_function() -> int: return 1

test_function = small(test_function)
reveal_type(medium(test_function)())  # int
hermetic.smal  # error
from hermetic import gard  # error
small(3)  # error
small("db.test")  # error
small(None)  # error
small(test_function, test_function)  # error
small(size="small")  # error
small(test_function)("too many")  # error
isolated(3)  # error
isolated(timeout="3")  # error
isolated(sandbox="full")  # error
isolated("database", group="database")  # error
isolated(seconds=3)  # error
isolated(timeout=3)("x", "y")  # error
allow("db.test")  # error
allow(test_function)  # error
allow(hosts="db.test")  # error
allow(hosts=[1])  # error
allow(host=["db.test"])  # error
guard()  # error
guard("smal")  # error
guard(test_function)  # error
guard("small", hosts="db.test")  # error
guard("small")(3)  # error
start_method("frok")  # error
start_method(test_function)  # error
start_method("fork")(3)  # error

@guard  # error
def test_guard() -> None: ...

@allow  # error
def test_allow() -> None: ...

@start_method  # error
def test_start_method() -> None: ...
"""

MYPY_SETTINGS = """
[mypy]
strict = true
[mypy-documents.*]
disallow_untyped_defs = false
disallow_incomplete_defs = false
disallow_untyped_calls = false
disallow_subclassing_any = false
disable_error_code = name-defined, import-not-found, import-untyped
"""
PAGE_SETTINGS = "# pyright: reportUndefinedVariable=false, reportMissingImports=false\n"


class Report(NamedTuple):
    """One line of a checker's output."""

    file: str
    line: int
    is_error: bool
    text: str


def samples() -> dict[str, str]:
    """Modules without our decorators, with each of them, and with what is expected."""
    files = {"expected.py": EXPECTED.lstrip(), "mypy.ini": MYPY_SETTINGS}
    files["functions.py"], files["classes.py"] = without_decorators(FUNCTIONS), without_decorators(FUNCTIONS + CLASSES)
    for number, decorator in enumerate(DECORATORS):
        files[f"under_{number}.py"] = counterpart(decorator).replace("DECORATOR", decorator)
    return files


def without_decorators(text: str) -> str:
    return re.sub(r" *@DECORATOR\n", "\n", text)  # lines keep their numbers


def counterpart(decorator: str) -> str:
    return FUNCTIONS if "guard" in decorator else FUNCTIONS + CLASSES


def documents() -> dict[str, str]:
    """The examples, and the blocks of Python in the pages."""
    found = {f"documents/{name}.py": read(EXAMPLES, f"{name}.py") for name in example_names()}
    for page in pages():
        for number, block in enumerate(re.findall(r"(?ms)^```python\n(.*?)^```$", read(page))):
            name = re.sub(r"\W", "_", f"{page.removesuffix('.md')}_{number}")
            found[f"documents/{name}.py"] = PAGE_SETTINGS + textwrap.dedent(block)
    return {"documents/__init__.py": "", **found}


@medium
class CheckersTest:
    """What holds under every checker.

    Attributes:
        checker: its module.
    """

    checker: str

    @classmethod
    def setUpClass(cls) -> None:
        if importlib.util.find_spec(cls.checker) is None:
            raise unittest.SkipTest(f"{cls.checker} is not installed (dependency group lint)")
        with support.Folder() as folder:
            support.write_files(folder, {**samples(), **documents()})
            cls.reports = cls.check(folder)

    @classmethod
    def check(cls, folder: str) -> list[Report]:
        raise NotImplementedError

    def revealed(self, file: str) -> list[str]:
        return [report.text for report in self.reports if report.file == file and not report.is_error]

    def errors(self, prefix: str) -> list[Report]:
        return [report for report in self.reports if report.file.startswith(prefix) and report.is_error]

    def test_decorators_keep_the_types_of_what_they_decorate(self):
        for number, decorator in enumerate(DECORATORS):
            plain = "functions.py" if counterpart(decorator) is FUNCTIONS else "classes.py"
            with self.subTest(decorator):
                self.assertEqual(self.errors(f"under_{number}.py"), [])
                self.assertEqual(self.revealed(f"under_{number}.py"), self.revealed(plain))

    def test_what_is_compared_is_typed(self):
        self.assertEqual(len(self.revealed("classes.py")), (FUNCTIONS + CLASSES).count("reveal_type"))
        self.assertFalse([text for text in self.revealed("classes.py") if re.search("Unknown|(^|-> )Any", text)])

    def test_lines_reveal_what_they_say_and_are_errors_where_they_say_so(self):
        lines = list(enumerate(EXPECTED.lstrip().splitlines(), 1))
        wrong = {number for number, line in lines if line.endswith("  # error")}
        self.assertEqual({report.line for report in self.errors("expected.py")}, wrong)
        expected = [line.partition("  # ")[2] for _, line in lines if "reveal_type" in line]
        self.assertEqual(self.revealed("expected.py"), expected)

    maxDiff = None

    def test_documented_examples_have_no_errors(self):
        self.assertEqual([f"{report.file}:{report.line}: {report.text}" for report in self.errors("documents")], [])


class MypyTest(CheckersTest, unittest.TestCase):
    checker = "mypy"

    @classmethod
    def check(cls, folder: str) -> list[Report]:
        variables = {"MYPYPATH": support.package_folder()}
        done = support.run_python("-m", "mypy", "--no-pretty", "--no-error-summary", ".", cwd=folder, env=variables)
        if done.stderr:
            raise AssertionError(done.stderr)
        found = re.findall(r"(?m)^(.+?):(\d+): (error|note): (.*)$", done.stdout)
        return [
            Report(file.replace(os.sep, "/"), int(line), kind == "error", as_revealed(text))
            for file, line, kind, text in found
            if kind == "error" or text.startswith("Revealed type")
        ]


class PyrightTest(CheckersTest, unittest.TestCase):
    checker = "pyright"

    @classmethod
    def check(cls, folder: str) -> list[Report]:
        done = support.run_python("-m", "pyright", "--outputjson", ".", cwd=folder)
        if not done.stdout.startswith("{"):
            raise AssertionError(done.stdout + done.stderr)
        return [
            Report(
                os.path.relpath(entry["file"], os.path.realpath(folder)).replace(os.sep, "/"),
                entry["range"]["start"]["line"] + 1,
                entry["severity"] == "error",
                as_revealed(entry["message"]),
            )
            for entry in json.loads(done.stdout)["generalDiagnostics"]
            if entry["severity"] in {"error", "information"}
        ]


def as_revealed(message: str) -> str:
    """The type in a message, without the names of modules; another message as it is."""
    found = re.fullmatch(r'(?s)(?:Revealed type|Type of ".*") is "(.*)"', message)
    return re.sub(r"\b(\w+\.)+", "", found[1]) if found else message
