"""Errors and warnings: their public names, pickling, and the text of tracebacks."""

from __future__ import annotations

import copy
import pickle
import textwrap
import traceback

import hermetic
import support
from hermetic import HermeticError, HermeticWarning, ViolationError, medium
from hermetic._base.errors import internal_error_text, traceback_text
from hermetic._base.records import CallSite, Operation, Violation
from hermetic._base.sizes import NETWORK

RECORD = Violation(
    "H001",
    "small",
    "tests.T.test_x",
    Operation(NETWORK, "connect", "203.0.113.7:443", "socket.socket.connect", host="203.0.113.7", port=443),
    CallSite("myapp/web.py", 12, "fetch", "myapp.web", "sock.connect(address)", "myapp.web.socket.socket.connect"),
)


def with_subclasses(cls: type) -> list[type]:
    """A class of ours with all classes of ours below it; those that tests have defined are left out."""
    found = [cls]
    for subclass in cls.__subclasses__():
        found += with_subclasses(subclass)
    return [found for found in dict.fromkeys(found) if found.__module__.partition(".")[0] == "hermetic"]


CLASSES = [*with_subclasses(HermeticError), *with_subclasses(HermeticWarning), hermetic.TestInterrupted]


def instance(cls: type) -> BaseException:
    """An error of a class, as hermetic makes them."""
    if issubclass(cls, ViolationError):
        return cls(RECORD, "the text\nof several lines: \u00fc")
    return cls("the text\nof several lines: \u00fc")


class ErrorsTest(hermetic.HermeticTestCase):
    def test_the_walk_finds_the_whole_tree(self):
        exported = [getattr(hermetic, name) for name in hermetic.__all__]
        errors = {value for value in exported if isinstance(value, type) and issubclass(value, BaseException)}
        self.assertEqual(set(CLASSES), errors)

    def test_every_class_shows_its_public_name(self):
        for cls in CLASSES:
            with self.subTest(cls=cls):
                self.assertEqual(cls.__module__, "hermetic")
                self.assertIs(getattr(hermetic, cls.__qualname__), cls)

    def test_a_traceback_ends_with_the_public_name(self):
        for cls in CLASSES:
            with self.subTest(cls=cls):
                line = traceback.format_exception_only(cls, instance(cls))[0]
                self.assertTrue(line.startswith(f"hermetic.{cls.__name__}: the text"), line)

    def test_a_pickled_error_comes_back_with_class_text_and_arguments(self):
        for cls in CLASSES:
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                with self.subTest(cls=cls, protocol=protocol):
                    error = instance(cls)
                    back = pickle.loads(pickle.dumps(error, protocol))
                    self.assertEqual((type(back), str(back), back.args), (cls, str(error), error.args))

    def test_a_pickled_violation_comes_back_with_its_record(self):
        for cls in with_subclasses(ViolationError):
            with self.subTest(cls=cls):
                self.assertEqual(pickle.loads(pickle.dumps(instance(cls))).violation, RECORD)

    def test_attributes_that_were_added_survive_pickling(self):
        error = instance(ViolationError)
        error.remark = "from a child"  # type: ignore[attr-defined]
        self.assertEqual(pickle.loads(pickle.dumps(error)).remark, "from a child")

    def test_a_copy_has_the_same_text(self):
        for cls in CLASSES:
            with self.subTest(cls=cls):
                self.assertEqual(str(copy.copy(instance(cls))), str(instance(cls)))

    def test_the_text_of_a_violation_is_its_message_alone(self):
        self.assertEqual(str(ViolationError(RECORD, "the text")), "the text")

    def test_only_what_a_double_finds_amiss_is_a_failure(self):
        of_doubles = {
            hermetic.ConflictError,
            hermetic.UnassertedInteractionsError,
            hermetic.UnmockedInteractionError,
            hermetic.UnusedMocksError,
        }
        self.assertEqual({cls for cls in CLASSES if issubclass(cls, AssertionError)}, of_doubles)

    def test_wrong_settings_and_marks_are_also_the_builtin_errors_for_that(self):
        self.assertTrue(issubclass(hermetic.ConfigurationError, ValueError))
        self.assertTrue(issubclass(hermetic.DecorationError, TypeError))
        self.assertTrue(issubclass(hermetic.HermeticWarning, UserWarning))

    def test_every_class_is_documented(self):
        for cls in CLASSES:
            with self.subTest(cls=cls):
                self.assertTrue(vars(cls).get("__doc__"))


@medium
class TracebackTest(hermetic.HermeticTestCase):
    def test_is_the_one_that_python_prints(self):
        try:
            raise ValueError("amiss") from KeyError("the cause")
        except ValueError as error:
            self.assertEqual(traceback_text(error), traceback.format_exc())

    def test_there_is_one_even_where_python_cannot_print_the_exception(self):
        class Unprintable(ModuleNotFoundError):
            @property
            def __cause__(self):
                raise OSError("not to be had")

        error = Unprintable("No module named 'one'", name="one")
        with self.assertRaises((OSError, ImportError)):
            traceback.format_exception(error)
        for text in (traceback_text(error), internal_error_text(error)):
            self.assertIn("Unprintable: No module named 'one'", text)

    def test_nothing_is_lost_where_an_import_error_names_a_package_that_is_not_there(self):
        test = """
            import unittest
            from hermetic import isolated
            class Case(unittest.TestCase):
                def test_passes(self): pass
                @isolated
                def test_a_far(self): raise ModuleNotFoundError("amiss", name="one")
        """
        with support.Folder(**{"test_it.py": textwrap.dedent(test)}) as folder:
            done = support.run_hermetic("test_it", cwd=folder)
        self.assertIn("ModuleNotFoundError: amiss", done.stderr)
        self.assertEqual(done.returncode, 1, done.stderr)
