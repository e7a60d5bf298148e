"""A worker finds a test by its address, or the test reports why that is impossible."""

from __future__ import annotations

import json
import os
import sys
import textwrap
import types
import unittest
from unittest import mock

import hermetic
from hermetic import IsolationError
from hermetic._workers import addressing
from support import Folder, package_folder, run_python


class Sample(unittest.TestCase):
    parameter = "none"

    def test_one(self):
        self.parameter.upper()

    class Inner(unittest.TestCase):
        def test_two(self):
            pass


class Demanding(unittest.TestCase):
    def __init__(self, method, parameter):
        super().__init__(method)
        self.parameter = parameter

    def check_one(self):
        pass


class Making(unittest.TestCase):
    def __init__(self, methodName="runTest"):
        super().__init__(methodName)
        self.parameter = lambda: "made here"

    def check_one(self):
        pass


def sent(test: unittest.TestCase) -> unittest.TestCase:
    """A test as a worker finds it."""
    return addressing.load_test(json.loads(json.dumps(addressing.address_of(test))))


def fail_by_name(test):
    test.fail("that of the module")


def test_one(test):
    """Has the name of the method that it takes the place of."""
    test.fail("that of the module")


class OwnMethodsTest(unittest.TestCase):
    """Methods that were put on one test, as load_tests may do, in the place of its class's."""

    def outcome(self, test: unittest.TestCase) -> str:
        result = sent(test).run(unittest.TestResult())
        return "".join(text for _, text in result.failures + result.errors)

    def test_a_function_that_can_be_found_comes_along(self):
        for function in (fail_by_name, test_one):
            test = Sample("test_one")
            test.test_one = types.MethodType(function, test)
            self.assertIn("that of the module", self.outcome(test), function)

    def test_another_method_of_the_class_is_bound_to_the_test_that_the_worker_makes(self):
        test = Making("check_one")
        test.check_one = test.setUp = types.MethodType(fail_by_name, test)
        found = sent(test)
        self.assertIs(found.check_one.__self__, found)

    def test_one_that_cannot_be_found_is_an_error(self):
        for own in (lambda: None, types.MethodType(lambda test: None, Sample("test_one"))):
            for name in ("test_one", "setUp", "run", "id"):
                test = Sample("test_one")
                setattr(test, name, own)
                with self.assertRaisesRegex(IsolationError, f"its attribute '{name}' cannot be sent"):
                    sent(test)

    def test_the_method_of_the_class_is_not_sent(self):
        test = Sample("test_one")
        test.test_one = Sample("test_one").test_one  # as pytest does
        self.assertEqual(addressing.address_of(test)["sent"], {})

    def test_a_method_of_the_class_that_was_replaced_after_its_import_is_an_error(self):
        address = addressing.address_of(Sample("test_one"))
        for other in (fail_by_name, hermetic.large(fail_by_name)):
            with mock.patch.object(Sample, "test_one", other):
                with self.assertRaisesRegex(IsolationError, "its method was replaced after the module was imported"):
                    addressing.load_test(address)

    def test_cleanups_and_equalities_that_were_added_come_along(self):
        test = Sample("test_one")
        test.addCleanup(test.fail, "by a cleanup")
        test.addTypeEqualityFunc(int, fail_by_name)
        self.assertIn("by a cleanup", self.outcome(test))
        self.assertIs(sent(test)._type_equality_funcs[int], fail_by_name)
        test.addCleanup(lambda: None)
        with self.assertRaisesRegex(IsolationError, "its attribute '_cleanups' cannot be sent"):
            sent(test)


class RoundTripTest(unittest.TestCase):
    def test_a_test_is_found_by_its_class_and_method(self):
        for test in (Sample("test_one"), Sample.Inner("test_two")):
            found = sent(test)
            self.assertEqual((type(found), found.id()), (type(test), test.id()))

    def test_attributes_that_were_added_come_along(self):
        test = Sample("test_one")
        test.parameter, test.more = "é", {"a": (1, 2), "b": {3}}
        self.assertEqual((sent(test).parameter, sent(test).more), ("é", {"a": (1, 2), "b": {3}}))

    def test_a_class_whose_init_takes_other_arguments(self):
        found = sent(Demanding("check_one", [1]))
        self.assertEqual((found.id(), found.parameter), (Demanding("check_one", [1]).id(), [1]))

    def test_attributes_that_cannot_be_sent_are_an_error_unless_the_worker_has_them(self):
        test = Sample("test_one")
        test.parameter = lambda: None
        with self.assertRaisesRegex(IsolationError, "H007.*test_one cannot be isolated: its attribute 'parameter'"):
            sent(test)
        self.assertEqual(sent(Making("check_one")).parameter(), "made here")

    def test_functions_are_found_by_their_names(self):
        address = {"function": addressing.address_of_object(sent), "method": None}
        self.assertEqual(addressing.load_test(address).countTestCases(), 1)
        self.assertIs(addressing.load_object(addressing.address_of_object(sent)), sent)


class RefusalTest(unittest.TestCase):
    def test_a_class_local_to_a_function(self):
        class Local(unittest.TestCase):
            def test(self):
                pass

        with self.assertRaisesRegex(IsolationError, r"H007.*Local cannot be isolated: it is defined in a function"):
            addressing.address_of(Local("test"))

    def test_a_class_that_was_made_while_the_program_ran(self):
        made = type("Made", (Sample,), {"__module__": __name__, "__qualname__": "Made"})
        with self.assertRaisesRegex(IsolationError, r"H007.*Made cannot be isolated: its module has no such name"):
            addressing.address_of(made("test_one"))

    def test_a_class_whose_name_means_another_now(self):
        other = type("Sample", (Sample,), {"__module__": __name__, "__qualname__": "Sample"})
        with self.assertRaisesRegex(IsolationError, "cannot be isolated"):
            addressing.address_of(other("test_one"))

    def test_a_class_that_was_typed_in(self):
        main = types.ModuleType("__main__")
        typed = type("Typed", (Sample,), {"__module__": "__main__", "__qualname__": "Typed"})
        main.Typed = typed
        with mock.patch.dict(sys.modules, {"__main__": main}):
            with self.assertRaisesRegex(IsolationError, "H007.*it was typed in an interactive session"):
                addressing.address_of(typed("test_one"))


class ImportTest(unittest.TestCase):
    def test_a_module_that_is_not_on_the_path_is_found_by_its_file(self):
        with Folder(**{"sub/away.py": "name = __name__\n"}) as folder, mock.patch.dict(sys.modules):
            found = addressing.import_module("hermetic_away", os.path.join(folder, "sub", "away.py"))
            self.assertEqual(found.name, "hermetic_away")

    def test_a_module_whose_name_means_another_on_the_path_is_found_by_its_file(self):
        files = {"a/hermetic_twice.py": "which = 'a'\n", "b/hermetic_twice.py": "which = 'b'\n"}
        with Folder(**files) as folder, mock.patch.dict(sys.modules):
            with mock.patch.object(sys, "path", [os.path.join(folder, "a"), *sys.path]):
                found = addressing.import_module("hermetic_twice", os.path.join(folder, "b", "hermetic_twice.py"))
        self.assertEqual(found.which, "b")

    def test_an_import_that_fails_within_a_module_is_not_hidden(self):
        with Folder(**{"hermetic_broken.py": "import hermetic_no_such\n"}) as folder, mock.patch.dict(sys.modules):
            with mock.patch.object(sys, "path", [folder, *sys.path]), self.assertRaises(ModuleNotFoundError) as caught:
                addressing.import_module("hermetic_broken", os.path.join(folder, "hermetic_broken.py"))
        self.assertEqual(caught.exception.name, "hermetic_no_such")


@hermetic.medium
class MainTest(unittest.TestCase):
    def test_a_script_is_imported_without_its_tests_being_run(self):
        script = """
            import sys, unittest
            from hermetic import isolated
            class T(unittest.TestCase):
                @isolated
                def test(self): print(__name__)
            unittest.main()
        """
        for text in (
            script,
            textwrap.dedent(script).replace("\nunittest.main", "\nif __name__ == '__main__': unittest.main"),
        ):
            with Folder(**{"script.py": text}) as folder:
                shown = run_python("script.py", cwd=folder)
            self.assertRegex(shown.stderr, r"(?s)Ran 1 test in.*\nOK\n")
            self.assertEqual(shown.stdout, "__mp_main__\n")

    def test_a_script_is_imported_where_multiprocessing_was_before(self):
        script = """
            import unittest
            from hermetic import isolated
            @isolated
            class T(unittest.TestCase):
                def test(self): print(__name__)
            unittest.main()
        """
        with Folder(**{"script.py": script, "sitecustomize.py": "import multiprocessing\n"}) as folder:
            path = os.pathsep.join([folder, package_folder()])
            environment = {"PYTHONPATH": path, "HERMETIC_ISOLATED_START": "fresh"}
            shown = run_python("script.py", cwd=folder, env=environment)
        self.assertRegex(shown.stderr, r"(?s)Ran 1 test in.*\nOK\n")
        self.assertEqual(shown.stdout, "__mp_main__\n")


class Holder:
    def other(self) -> str:
        return "other"

    def method(self) -> str:
        return "method"

    method.__name__ = "other"


class AttributesTest(hermetic.HermeticTestCase):
    def there_and_back(self, value: object) -> object:
        self.copy = type(self)(self._testMethodName)
        return addressing.unpacked(addressing.packed(value, self), self.copy)

    def test_plain_values_are_the_same(self):
        value = {"a": [1, 2.5, None], "b": ("x", b"y")}
        self.assertEqual(self.there_and_back(value), value)

    def test_what_refers_to_the_test_refers_to_its_copy(self):
        found = self.there_and_back([self, {"test": self}])
        self.assertIs(found[0], self.copy)
        self.assertIs(found[1]["test"], self.copy)

    def test_methods_of_the_test_are_those_of_its_copy(self):
        self.assertIs(self.there_and_back(self.assertEqual).__self__, self.copy)

    def test_a_method_is_the_same_one_whatever_its_function_is_called(self):
        self.assertEqual(self.there_and_back(Holder().method)(), "method")

    def test_what_cannot_be_pickled_is_an_error(self):
        with self.assertRaises(Exception):
            addressing.packed(lambda: None, self)
