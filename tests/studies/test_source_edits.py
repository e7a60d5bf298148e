"""Decorators are added to source text without changing the rest."""

from __future__ import annotations

import ast
import random

import hermetic
from hermetic._studies.source_edits import CannotEditError, Source


def marked(text: str, marks: dict[str, str]) -> str:
    """A module whose definitions are marked.

    Args:
        text: the module.
        marks: sizes, by a part of the line that they are to stand above.
    """
    lines = text.split("\n")
    numbers = {next(n for n, line in enumerate(lines, 1) if part in line): size for part, size in marks.items()}
    return Source(text.encode()).marked(numbers).decode()


class EditTestCase(hermetic.HermeticTestCase):
    def check(self, before: str, after: str, **marks: str) -> None:
        parts = {part.replace("_", " ", 1): size for part, size in marks.items()}
        self.assertEqual(marked(before, parts), after)


class DecoratorTest(EditTestCase):
    def test_a_class_gets_its_line_and_the_module_its_import(self) -> None:
        self.check(
            "import unittest\n\n\nclass A(unittest.TestCase):\n    pass\n",
            "import unittest\n\nfrom hermetic import small\n\n\n@small\nclass A(unittest.TestCase):\n    pass\n",
            class_A="small",
        )

    def test_other_decorators_and_comments_stay_below(self) -> None:
        before = "from hermetic import small\n\nclass A(T):\n    # why\n    @patch('x')  # what\n    @skip\n"
        before += "    def test_a(self): pass\n"
        after = before.replace("    @patch", "    @small\n    @patch")
        self.check(before, after, **{"@patch": "small"})

    def test_the_indentation_is_that_of_the_line(self) -> None:
        for indentation in ("\t", "  ", "        ", "\t  "):
            with self.subTest(indentation):
                before = f"from hermetic import small\nclass A(T):\n{indentation}def test_a(self): pass\n"
                self.assertEqual(
                    marked(before, {"def test_a": "small"}),
                    before.replace(f"{indentation}def", f"{indentation}@small\n{indentation}def"),
                )

    def test_ends_of_lines_are_those_of_the_file(self) -> None:
        for end in ("\r\n", "\r", "\n"):
            with self.subTest(end):
                before = end.join(["import unittest", "", "class A(unittest.TestCase):", "    x = 1", ""])
                after = Source(before.encode()).marked({3: "small"}).decode()
                lines = [
                    "import unittest",
                    "",
                    "from hermetic import small",
                    "",
                    "@small",
                    "class A(unittest.TestCase):",
                ]
                self.assertEqual(after, end.join([*lines, "    x = 1", ""]))

    def test_a_file_may_end_without_one(self) -> None:
        self.check(
            "import a\nclass A(T): x = 1",
            "import a\nfrom hermetic import small\n\n@small\nclass A(T): x = 1",
            class_A="small",
        )

    def test_encodings_stay(self) -> None:
        for encoding, cookie in (("utf-8-sig", ""), ("latin-1", "# -*- coding: latin-1 -*-\n"), ("utf-8", "")):
            with self.subTest(encoding):
                head = f"{cookie}from hermetic import small\nname = 'Käse'\n"
                before, after = f"{head}class A: pass\n", f"{head}@small\nclass A: pass\n"
                line = before.count("\n")
                self.assertEqual(Source(before.encode(encoding)).marked({line: "small"}), after.encode(encoding))

    def test_characters_that_end_lines_elsewhere_do_not_end_them_here(self) -> None:
        before = "from hermetic import small\nx = '\x0b\x1c\u2028'\n\x0c\nclass A(T):\n    pass\n"
        self.check(before, before.replace("class", "@small\nclass"), class_A="small")


class ImportTest(EditTestCase):
    CLASS = "\n\nclass A(T):\n    pass\n"

    def check_head(self, before: str, after: str, decorator: str = "@small") -> None:
        self.assertEqual(
            marked(before + self.CLASS, {"class A": "small"}),
            after + self.CLASS.replace("class", f"{decorator}\nclass"),
        )

    def test_it_comes_below_the_first_imports(self) -> None:
        self.check_head(
            '"""Doc."""\nfrom __future__ import annotations\n\nimport os\n\nimport x\nx = 1\nimport late',
            '"""Doc."""\nfrom __future__ import annotations\n\nimport os\n\nimport x\nfrom hermetic import small\n\n'
            "x = 1\nimport late",
        )

    def test_it_stands_apart_from_the_standard_library(self) -> None:
        self.check_head(
            "import os\nfrom unittest import TestCase as T",
            "import os\nfrom unittest import TestCase as T\n\nfrom hermetic import small",
        )

    def test_without_imports_it_comes_below_the_docstring_or_the_comments(self) -> None:
        self.check_head('"""Doc\n\nstring."""', '"""Doc\n\nstring."""\n\nfrom hermetic import small')
        comments = "#!/usr/bin/env python\n# (c)\n"
        self.check(
            f"{comments}class A: pass\n",
            f"{comments}from hermetic import small\n\n@small\nclass A: pass\n",
            class_A="small",
        )

    def test_what_shares_the_line_of_the_last_import_stays_whole(self) -> None:
        self.check_head('import os; x = """\n"""', 'import os; x = """\n"""\n\nfrom hermetic import small')

    def test_an_import_of_ours_is_extended(self) -> None:
        for before, after in (
            ("from hermetic import medium", "from hermetic import medium, small"),
            ("from hermetic import medium as m  # sizes", "from hermetic import medium as m, small  # sizes"),
            ("from hermetic import (medium)", "from hermetic import (medium, small)"),
            ("from hermetic import (\n    medium,\n)", "from hermetic import (\n    medium,\n    small,\n)"),
            ("from hermetic import (\n    medium  # x\n)", "from hermetic import (\n    medium,  # x\n    small,\n)"),
            (
                "from hermetic import (\n    isolated, medium,\n)",
                "from hermetic import (\n    isolated, medium, small,\n)",
            ),
        ):
            with self.subTest(before):
                self.check_head(before, after)

    def test_names_that_are_there_are_used(self) -> None:
        for head, decorator in (
            ("from hermetic import small", "@small"),
            ("from hermetic import small as tiny", "@tiny"),
            ("import hermetic", "@hermetic.small"),
            ("import hermetic as h, os", "@h.small"),
            ("import hermetic\nfrom hermetic import small", "@small"),
        ):
            with self.subTest(head):
                self.check_head(head, head, decorator)

    def test_a_name_with_another_meaning_is_left_to_it(self) -> None:
        for line in (
            "small = 1",
            "def small(): pass",
            "for small in (): pass",
            "def f(small): pass",
        ):
            with self.subTest(line):
                head = f"import django\n{line}"
                self.check_head(head, head.replace("django", "django\nimport hermetic\n"), "@hermetic.small")

    def test_an_import_further_down_or_within_something_does_not_count(self) -> None:
        for late in (
            "try:\n    from hermetic import small as tiny\nexcept ImportError: pass",
            "def f():\n    from hermetic import medium",
        ):
            with self.subTest(late):
                self.check_head(f"import django\n{late}", f"import django\nfrom hermetic import small\n\n{late}")

    def test_two_meanings_are_one_too_many(self) -> None:
        with self.assertRaisesRegex(CannotEditError, "'hermetic' and one of small mean something else"):
            marked("small = hermetic = 1\nclass A(T): pass\n", {"class A": "small"})


class PlaceTest(hermetic.HermeticTestCase):
    SOURCE = Source(
        b"if x:\n    class A(T):\n        class B(T):\n            @p\n            def test_a(self): pass\n"
        b"else:\n    class C: pass\nclass D: pass\nclass D: pass\ndef make():\n    class E(T): pass\n"
    )

    def test_classes_are_found_by_their_qualified_names(self) -> None:
        found = {name: self.SOURCE.class_line(name) for name in ("A", "A.B", "C", "B", "X", "make.<locals>.E")}
        self.assertEqual(found, {"A": 2, "A.B": 3, "C": 7, "B": None, "X": None, "make.<locals>.E": None})

    def test_one_that_is_written_twice_is_not(self) -> None:
        self.assertIsNone(self.SOURCE.class_line("D"))

    def test_functions_are_found_by_name_and_the_line_of_their_code(self) -> None:
        self.assertEqual(self.SOURCE.method_line("test_a", 4), 4)
        self.assertIsNone(self.SOURCE.method_line("test_a", 5))
        self.assertIsNone(self.SOURCE.method_line("test_b", 4))

    def test_what_python_has_compiled_begins_there(self) -> None:
        text = b"class A:\n    @(lambda f: f)\n    # x\n    @staticmethod\n    async def test_a(): pass\n"
        names: dict[str, object] = {}
        exec(compile(text, "x.py", "exec"), names)
        line = vars(names["A"])["test_a"].__func__.__code__.co_firstlineno
        self.assertEqual(Source(text).method_line("test_a", line), 2)

    def test_what_is_no_python_is_refused(self) -> None:
        for data in (b"class", b"# coding: nothing\n", b"x = '\xff'\n", b"\0"):
            with self.subTest(data), self.assertRaises(CannotEditError):
                Source(data)


class PropertyTest(hermetic.HermeticTestCase):
    """Modules put together at random: what is added is all that changes."""

    HEADS = (
        *('"""Doc."""\n', "#!/bin/x\n", "from __future__ import annotations\n", "import os\n", "import hermetic\n"),
        *("from hermetic import (\n  allow,\n)\n", "from x import *; y = 1\n", "\n", "small = 1\n", ""),
    )
    MEMBERS = (
        *("    # c\n", "\n", "    x = '''\n@z\n'''\n", "    @d\n    def test_c(self): pass\n"),
        *("    async def test_b(self): await x\n", "    def test_a(self):\n        pass\n"),
    )

    def test_lines_are_added_and_only_imports_of_ours_changed(self) -> None:
        chance, edited = random.Random(7), 0
        for _ in range(150):
            head, body = "".join(chance.sample(self.HEADS, 4)), "".join(chance.choices(self.MEMBERS, k=5))
            text = f"{head}class A(T):\n{body}    y = 1\n"
            try:
                compile(text, "x.py", "exec")
            except SyntaxError:
                continue  # a __future__ import that is not the first
            cls = ast.parse(text).body[-1]
            functions = [node for node in ast.walk(cls) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
            lines = {cls.lineno, *(node.lineno - len(node.decorator_list) for node in functions)}
            with self.subTest(text):
                self.check_kept(text, Source(text.encode()).marked(dict.fromkeys(lines, "small")).decode(), len(lines))
            edited += 1
        self.assertGreater(edited, 50)

    def check_kept(self, before: str, after: str, marks: int) -> None:
        compile(after, "x.py", "exec")
        lines = after.split("\n")
        kept = [line for line in lines if line.strip() not in ("@small", "@hermetic.small")]
        self.assertEqual(len(lines) - len(kept), marks)
        rest = iter(kept)
        self.assertEqual([line for line in before.split("\n") if line not in rest], [])
