"""The line of the user's code that an operation came from, and the owner of the code that runs."""

from __future__ import annotations

import os
import sys
import unittest
import unittest.mock

import hermetic
import support
from hermetic._operations import callsite
from hermetic._stdlib import unittest_internals


def found_by(call: object) -> object:
    return call()


class FindTest(hermetic.HermeticTestCase):
    def test_it_is_the_innermost_line_of_the_user(self):
        site = callsite.find_call_site("os.system")
        self.assertEqual((site.function, site.module), (self._testMethodName, __name__))
        self.assertEqual(site.source, 'site = callsite.find_call_site("os.system")')
        self.assertEqual(os.path.abspath(site.filename), os.path.abspath(__file__))

    def test_the_standard_library_is_passed_over(self):
        site = unittest.mock.Mock(side_effect=callsite.find_call_site)("os.system")
        self.assertEqual(site.function, self._testMethodName)

    def test_the_name_to_patch_is_the_one_that_the_module_of_the_caller_sees(self):
        _, site = os.system, callsite.find_call_site("os.system")
        self.assertEqual(site.patch, f"{__name__}.os.system")

    def test_private_functions_are_no_advice(self):
        self.assertEqual(callsite.find_call_site("_posixsubprocess.fork_exec").patch, "")

    def test_paths_are_shown_from_the_current_folder(self):
        self.assertEqual(callsite.shown_path(os.path.join(os.getcwd(), "a", "b.py")), os.path.join("a", "b.py"))
        self.assertEqual(callsite.shown_path("/elsewhere/b.py"), "/elsewhere/b.py")


class CallersTest(hermetic.HermeticTestCase):
    def test_a_module_among_the_callers_is_found_by_its_name_and_function(self):
        self.assertTrue(found_by(lambda: callsite.is_inside(__name__, function="found_by")))
        self.assertFalse(callsite.is_inside(__name__, function="found_by"))
        self.assertFalse(callsite.is_inside("shop"))

    def test_no_more_callers_are_looked_at_than_asked_for(self):
        self.assertFalse(found_by(lambda: callsite.is_inside("unittest.case", depth=1)))
        self.assertTrue(found_by(lambda: callsite.is_inside("unittest.case")))

    def test_code_of_the_user_acts_for_the_test(self):
        self.assertFalse(callsite.is_acting_for_itself(frozenset({"unittest"})))
        self.assertEqual(callsite.caller(), ("user", __name__, self._testMethodName))


class FixtureTest(hermetic.HermeticTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.found = unittest_internals.fixture_of(sys._getframe())

    def test_a_fixture_of_a_class_is_named_as_unittest_names_it(self):
        self.assertEqual(self.found, (f"setUpClass ({__name__}.FixtureTest)", FixtureTest))

    def test_a_fixture_of_a_module_is_named_after_it(self):
        names = {"__name__": "shop", "frame": sys._getframe}
        exec("def setUpModule(): return frame()", names)
        self.assertEqual(unittest_internals.fixture_of(names["setUpModule"]()), ("setUpModule (shop)", "shop"))

    def test_a_test_is_no_fixture(self):
        self.assertIsNone(unittest_internals.fixture_of(sys._getframe()))


@hermetic.medium
class OutsideOfTestsTest(hermetic.HermeticTestCase):
    def test_an_import_is_named_after_its_module(self):
        code = "from hermetic._operations import callsite\nprint(callsite.find_outside_of_tests())\n"
        with support.Folder(**{"shop.py": code}) as folder:
            done = support.run_python("-c", "import shop", cwd=folder)
        self.assertEqual(done.stdout, "('import of shop', 'shop')\n", done.stderr)

    def test_a_module_with_settings_of_its_own_is_known_while_it_is_imported(self):
        code = "from hermetic._operations import callsite\n{}print(callsite.marked_module())\n"
        files = {"marked.py": code.format("__hermetic__ = {}\n"), "plain.py": code.format("")}
        with support.Folder(**files) as folder:
            done = support.run_python("-c", "import marked, plain", cwd=folder)
        self.assertEqual(done.stdout, "marked\nNone\n", done.stderr)
