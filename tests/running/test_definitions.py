"""Looking at the classes of a module finds marks wherever they come, in time that is linear in the classes."""

from __future__ import annotations

import sys
import types
import unittest
from typing import Any
from unittest import mock

from hermetic import small
from hermetic._rules import marking
from hermetic._running import definitions

CLASS = "class Test{}(unittest.TestCase): pass\n"


@small
class DefinitionsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.name = f"{__name__} {self.id()}"
        self.addCleanup(sys.modules.pop, self.name, None)

    def run_module(self, *statements: str, **names: Any) -> Any:
        """Run statements as a new module of the same name each time."""
        module: Any = types.ModuleType(self.name)
        vars(module).update(names)
        sys.modules[self.name] = module
        exec("import unittest\n" + "".join(statements), vars(module))
        return module

    def is_marking(self, *statements: str, **names: Any) -> bool:
        """Whether the last class of a module is protected, because its module may yet get a mark."""
        return marking.is_protected(self.run_module(*statements, CLASS.format("Last"), **names).TestLast)

    def test_a_mark_is_found_above_the_first_class_and_between_classes(self) -> None:
        self.assertFalse(self.is_marking(CLASS.format(1)))
        for statements in (
            ["from hermetic import small\n"],
            ["import hermetic\n", CLASS.format(1), CLASS.format(2)],
            [CLASS.format(1), "from hermetic import small as s\n"],
            [CLASS.format(1), "del Test1\n", "from hermetic import small\n"],
            [CLASS.format(1), "from hermetic import small\n", "other = 1\n"],
        ):
            definitions._marking_modules.discard(self.name)
            with self.subTest(statements):
                self.assertTrue(self.is_marking(*statements))

    def test_another_module_of_the_name_is_looked_at_anew(self) -> None:
        self.assertFalse(self.is_marking(CLASS.format(1)))
        self.assertTrue(self.is_marking("last = 1\n", mark=small))

    def test_each_name_is_looked_at_once(self) -> None:
        classes = 200
        with mock.patch.object(marking, "is_mark", wraps=marking.is_mark) as looks:
            self.run_module(*(CLASS.format(number) for number in range(classes)))
        self.assertLess(looks.call_count, 3 * classes)
