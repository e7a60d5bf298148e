"""Exceptions from a worker are shown exactly as the original ones."""

from __future__ import annotations

import builtins
import importlib.util
import json
import os
import sys
import tempfile
import traceback
import unittest

from hermetic._protocol import portable_errors, tracebacks
from hermetic._protocol.frames import KINDS
from hermetic._protocol.framing import MAX_FRAME_BYTES

HAS_GROUPS = sys.version_info >= (3, 11)
ExceptionGroup, BaseExceptionGroup = (
    getattr(builtins, f"{base}Group", None) for base in ("Exception", "BaseException")
)


def text_of(error: BaseException, *, with_locals: bool = False) -> str:
    found = traceback.TracebackException(type(error), error, error.__traceback__, capture_locals=with_locals)
    return "".join(found.format())


def sent(error: BaseException, *, with_locals: bool = False) -> BaseException:
    """An exception as it arrives, by way of JSON and of the table of frames."""
    described = json.loads(json.dumps(portable_errors.describe_error(error, with_locals=with_locals)))
    assert KINDS["broken"]([described]), described
    return portable_errors.rebuild(described)


def raised(function, *args: object) -> BaseException:  # type: ignore[no-untyped-def]
    try:
        function(*args)
    except BaseException as error:
        return error
    raise AssertionError("it raised nothing")


def raised_in(source: str, **names: object) -> BaseException:
    """What a module of this source raises, a module whose file is there; it may have syntax of newer Pythons."""
    with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False, encoding="utf-8") as file:
        file.write(source)
    try:
        spec = importlib.util.spec_from_file_location("raising", file.name)
        module = importlib.util.module_from_spec(spec)
        vars(module).update(names)
        error = raised(spec.loader.exec_module, module)
        text_of(error)  # while the file is there: its lines are remembered from now on
        return error
    finally:
        os.unlink(file.name)


def throw(error: BaseException) -> None:
    raise error


class Portable(unittest.TestCase):
    maxDiff = 2000

    def assert_same(self, error: BaseException, *, with_locals: bool = False) -> None:
        expected = text_of(error, with_locals=with_locals)
        self.assertEqual(text_of(sent(error, with_locals=with_locals), with_locals=with_locals), expected)


class Custom(Exception):
    class Inner(Exception):
        pass


class TakesTwo(Exception):
    def __init__(self, code, text):
        super().__init__(code, text)
        self.code = code


class StrRaises(Exception):
    def __str__(self):
        raise ValueError("not even that")


class StrIsNone(Exception):
    def __str__(self):
        return None  # noqa: PLE0307 - as users do


class StrEnds(Exception):
    def __str__(self):  # noqa: PLE0307 - it does not return at all
        sys.exit(0)


class NoPickle(Exception):
    def __reduce__(self):
        raise TypeError("not for you")


class NotEqual(Exception):
    def __eq__(self, other):
        raise ValueError("cannot be compared")

    __hash__ = None


class Meta(type):
    def __repr__(cls):
        raise ValueError("no name")


class NoName(Exception, metaclass=Meta):
    pass


class NoModule(Exception):
    __module__ = None


class SaysBuiltin(Exception):
    __module__ = "builtins"


class OwnKeyError(KeyError):
    pass


BUILTINS = [
    *(ValueError("a"), ValueError(), ValueError("a", 1), ValueError("a\nb"), ValueError("\ud800\x00\x1b[0m")),
    *(KeyError("k"), KeyError(), KeyError("a", 2), OwnKeyError("k"), IndexError("i"), StopIteration(3)),
    *(OSError(2, "No such file", "f"), OSError("x"), FileNotFoundError(2, "No", "a", None, "b"), TimeoutError()),
    *(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), UnicodeEncodeError("ascii", "é", 0, 1, "bad")),
    *(AssertionError("1 != 2"), AssertionError(), AssertionError(["a"]), NotImplementedError(), MemoryError()),
    *(ImportError("i"), ModuleNotFoundError("m", name="m"), AttributeError("a: b: c"), NameError("n\nm\n")),
    *(SystemExit(3), SystemExit(), KeyboardInterrupt(), GeneratorExit(), BaseException("b"), Exception(), Warning("w")),
    *(SyntaxError("s"), SyntaxError("s", ("f", 1, 2, "a b\n")), SyntaxError("s", ("f", 1, None, None)), SyntaxError()),
    unittest.SkipTest("why"),
]
CUSTOM = [
    *(Custom("c"), Custom(), Custom.Inner("i"), TakesTwo(1, "t"), StrRaises(), StrIsNone(), NoPickle("p")),
    *(NotEqual("n"), NoName("m"), NoModule("n"), SaysBuiltin("s"), type("Local", (Custom,), {})("l")),
]


class OneExceptionTest(Portable):
    def test_every_builtin_exception(self):
        for error in BUILTINS:
            with self.subTest(repr(error)):
                self.assert_same(raised(throw, error))

    def test_classes_that_do_strange_things(self):
        for error in CUSTOM:
            with self.subTest(str(type.__repr__(type(error)))):
                self.assert_same(raised(throw, error))

    def test_an_exception_that_was_never_raised(self):
        self.assert_same(ValueError("a"))

    def test_a_str_that_ends_programs_does_not(self):
        error = sent(raised(throw, StrEnds()))
        self.assertEqual(type(error).__name__, "StrEnds")
        self.assertIn(str(error), ("<exception str() failed>", "<unprintable StrEnds object>"))  # the latter on 3.10

    def test_the_type_is_the_same_where_runners_ask_for_it(self):
        for cls in (AssertionError, ValueError, unittest.SkipTest):
            self.assertIs(type(sent(raised(throw, cls("x")))), cls)

    def test_a_subclass_is_an_instance_of_what_the_original_is_of(self):
        self.assertIsInstance(sent(raised(throw, OwnKeyError("k"))), KeyError)
        self.assertIsInstance(sent(raised(throw, StrEnds())), Exception)

    def test_a_text_of_pages_is_cut_in_the_middle(self):
        text = str(sent(raised(throw, ValueError("<" + "x" * 1_000_000 + ">"))))
        self.assertLess(len(text), 300_000)
        self.assertRegex(text, r"(?s)^<x+\n\[\.\.\. \d+ characters left out \.\.\.\]\nx+>$")

    def test_a_short_text_is_not_cut(self):
        self.assertEqual(portable_errors.cut("abc", 3), "abc")


class SuggestionTest(Portable):
    def test_a_name_that_is_nearly_another(self):
        self.assert_same(raised_in("def f():\n    counter = 1\n    return countr\nf()\n"))

    def test_an_attribute_that_is_nearly_another(self):
        self.assert_same(raised_in("import sys\nsys.pathh\n"))

    def test_an_import_that_is_nearly_another(self):
        self.assert_same(raised_in("from collections import OrderedDictt\n"))

    def test_a_module_that_was_not_imported(self):
        self.assert_same(raised_in("io.StringIO()\n"))

    def test_a_keyword_that_is_nearly_another(self):
        self.assert_same(raised_in("compile('whlie True:\\n  pass', 'f.py', 'exec')\n"))

    def test_syntax_errors_with_their_carets(self):
        for source in ("a = (1\nb c", "  x = 1\n y = 2", "f(a b)", "x = 'é' 1 2"):
            with self.subTest(source):
                self.assert_same(raised(compile, source, "f.py", "exec"))


class ChainTest(Portable):
    def test_a_cause_and_a_context(self):
        self.assert_same(raised_in("try:\n    1/0\nexcept Exception as e:\n    raise KeyError('k') from e\n"))
        self.assert_same(raised_in("try:\n    1/0\nexcept Exception as e:\n    raise KeyError('k')\n"))

    def test_a_context_that_is_suppressed(self):
        self.assert_same(raised_in("try:\n    1/0\nexcept Exception as e:\n    raise KeyError('k') from None\n"))
        error = sent(raised_in("try:\n    1/0\nexcept Exception as e:\n    raise KeyError('k') from None\n"))
        self.assertTrue(error.__suppress_context__)

    def test_links_that_were_set_by_hand(self):
        for suppress in (True, False):
            error = ValueError("v")
            error.__cause__, error.__context__ = KeyError("cause"), KeyError("context")
            error.__suppress_context__ = suppress
            self.assert_same(raised(throw, error))

    def test_links_that_run_in_a_circle(self):
        for length in (1, 2, 5):
            for link in ("__cause__", "__context__"):
                errors = [ValueError(number) for number in range(length)]
                for number, error in enumerate(errors):
                    setattr(error, link, errors[(number + 1) % length])
                with self.subTest(link, length=length):
                    self.assert_same(raised(throw, errors[0]))

    def test_a_circle_that_does_not_come_back_to_the_beginning(self):
        one, two, three = ValueError(1), ValueError(2), ValueError(3)
        one.__context__, two.__context__, three.__context__ = two, three, two
        self.assert_same(raised(throw, one))

    def test_a_long_chain_in_which_each_cause_is_the_context_as_well(self):
        error: BaseException = ValueError("first")
        for number in range(16):
            try:
                try:
                    raise error
                except ValueError as cause:
                    raise ValueError(number) from cause
            except ValueError as raised_last:
                error = raised_last
        self.assert_same(error)
        self.assertLess(len(json.dumps(portable_errors.describe_error(error))), 200_000)

    def test_a_chain_without_end_is_sent_in_part(self):
        error = ValueError(0)
        for number in range(2000):
            error, before = ValueError(number), error
            error.__cause__ = before
        self.assertIn("ValueError: 1999\n", text_of(sent(error)))


class TracebackTest(Portable):
    def test_columns_of_expressions(self):
        for source in ("[1, 2, 3][1:2][0]['a'] + {'x': 1}['y']", "len('äöü€') + int('zz€')", "(lambda: 1 / 0)()"):
            self.assert_same(raised_in(f"{source}\n"))

    def test_columns_of_an_expression_of_several_lines(self):
        self.assert_same(raised_in("x = (\n    len('abc')\n    + int(\n        'zz'\n    )\n)\n"))

    def test_lines_far_down_in_a_long_function(self):
        filling = "    x = 1\n" * 3000
        self.assert_same(raised_in(f"def f():\n{filling}    return 1 / 0\nf()\n"))

    def test_frames_of_files_that_are_gone(self):
        error = raised(eval, compile("1 / 0", os.path.join(tempfile.gettempdir(), "hermetic-no-file.py"), "eval"))
        self.assert_same(error)

    def test_frames_of_generators_comprehensions_and_classes(self):
        self.assert_same(raised_in("list(1 / x for x in [0])\n"))
        self.assert_same(raised_in("class A:\n    class B:\n        x = [1 / y for y in [0]]\n"))

    def test_a_recursion_of_a_thousand_frames(self):
        self.assert_same(raised_in("def f():\n    f()\nf()\n"))
        self.assert_same(raised_in("def f(n):\n    g(n)\ndef g(n):\n    f(n - 1) if n else 1 / 0\nf(300)\n"))

    def test_frames_of_unittest_are_still_known_as_such(self):
        error = sent(raised(unittest.TestCase().fail, "x"))
        self.assertIn("__unittest", error.__traceback__.tb_next.tb_frame.f_globals)

    def test_an_error_that_nothing_raised_stands_where_it_is_put(self):
        error = ValueError("v").with_traceback(tracebacks.traceback_at(__file__, "test_here", 7))
        self.assertIn(f'File "{__file__}", line 7, in test_here', text_of(error))


class LocalsTest(Portable):
    def test_local_variables(self):
        error = raised_in("def f(a):\n    b = [a, 'x']\n    return 1 / 0\nf({'k': 1})\n")
        for frame in (error.__traceback__, error.__traceback__.tb_next):
            if frame.tb_frame.f_code.co_name != "f":
                error.__traceback__ = frame.tb_next
        while error.__traceback__.tb_next:  # but for f, they are those of this module
            error.__traceback__ = error.__traceback__.tb_next
        self.assert_same(error, with_locals=True)

    def test_a_repr_that_raises(self):
        source = "class R:\n    def __repr__(self): raise SystemExit\ndef f():\n    r = R()\n    return 1 / 0\nf()\n"
        self.assertIn("r = <local repr() failed>", text_of(sent(raised_in(source), with_locals=True), with_locals=True))

    def test_no_local_variables_unless_asked_for(self):
        shown = text_of(sent(raised_in("secret = 'hidden ' + 'text'\n1 / 0\n")), with_locals=True)
        self.assertNotIn("hidden text", shown)

    def test_large_variables_in_a_thousand_frames_fit_into_one_frame(self):
        error = raised_in(
            "def f(a, b):\n    c = a\n    g(a, b)\ndef g(a, b):\n    f(a, b)\nf('é' * 9000, 'é' * 9000)\n"
        )
        described = portable_errors.describe_error(error, with_locals=True)
        self.assertLess(len(json.dumps(described)), MAX_FRAME_BYTES)
        self.assertIn("c = 'é", text_of(portable_errors.rebuild(described), with_locals=True))


@unittest.skipUnless(HAS_GROUPS, "exception groups and notes came with Python 3.11")
class NotesTest(Portable):
    def test_notes_of_every_kind(self):
        for notes in (["a", "b\nc"], [], ["a", 1, None], ("t",), "text", None, 5, ["\ud800"]):
            error = ValueError("v")
            error.__notes__ = notes
            with self.subTest(notes=notes):
                self.assert_same(raised(throw, error))

    def test_a_suggestion_with_a_note(self):
        source = "def f():\n    counter = 1\n    countr\n"
        source += "try:\n    f()\nexcept NameError as e:\n    e.add_note('n')\n    raise\n"
        self.assert_same(raised_in(source))

    def test_notes_that_cannot_be_read(self):
        cls = type("Unreadable", (Exception,), {"__notes__": property(lambda self: 1 / 0)})
        self.assertEqual(str(sent(raised(throw, cls("x")))), "x")


@unittest.skipUnless(HAS_GROUPS, "exception groups and notes came with Python 3.11")
class GroupTest(Portable):
    def test_groups_in_groups_with_causes(self):
        source = """
def leaf(n):
    try:
        try: raise ValueError(n)
        except ValueError as e: raise KeyError(n) from e
    except KeyError as e: return e
raise ExceptionGroup("g", [leaf(1), OSError(2, "No"), ExceptionGroup("inner", [leaf(2), TypeError("t")])])
"""
        self.assert_same(raised_in(source))

    def test_except_star(self):
        source = (
            "try: raise ExceptionGroup('g', [ValueError(1), TypeError(2)])\nexcept* ValueError: raise KeyError('k')\n"
        )
        self.assert_same(raised_in(source))

    def test_wide_groups_and_groups_of_other_exceptions(self):
        self.assert_same(raised(throw, ExceptionGroup("g", [ValueError(number) for number in range(40)])))
        self.assert_same(raised(throw, BaseExceptionGroup("b", [KeyboardInterrupt(), ValueError()])))

    def test_groups_of_a_class_of_their_own(self):
        cls = type("Own", (ExceptionGroup,), {"__new__": lambda cls, a, b, c: ExceptionGroup.__new__(cls, a, b)})
        self.assert_same(raised(throw, cls("m", [ValueError()], 3)))

    def test_deep_groups(self):
        for depth in (5, 15, 60):
            error: BaseException = ValueError("leaf")
            for number in range(depth):
                error = ExceptionGroup(f"g{number}", [error])
            with self.subTest(depth=depth):
                self.assert_same(raised(throw, error))

    def test_a_member_that_stands_in_several_places(self):
        leaf = ValueError("v")
        group = ExceptionGroup("g", [leaf, leaf])
        leaf.__context__ = group
        self.assert_same(raised(throw, ExceptionGroup("h", [leaf, group])))

    def test_a_group_of_pages_fits_into_one_frame(self):
        error = ExceptionGroup("g", [ValueError("é" * 300_000) for _ in range(500)])
        described = portable_errors.describe_error(raised(throw, error))
        self.assertLess(len(json.dumps(described)), MAX_FRAME_BYTES)
        self.assertIn("g (500 sub-exceptions)", text_of(portable_errors.rebuild(described)))


class RunnerTest(Portable):
    def test_unittest_shows_the_rebuilt_one_as_it_shows_the_original(self):
        class Case(unittest.TestCase):
            def test(self):
                self.assertEqual([1, 2], [1, 3])

        for with_locals in (False, True):
            result = unittest.TestResult()
            result.tb_locals = with_locals
            original = raised(Case("test").debug)
            pairs = [(type(e), e, e.__traceback__) for e in (sent(original, with_locals=with_locals), original)]
            rebuilt_text, text = (result._exc_info_to_string(info, Case("test")) for info in pairs)
            self.assertEqual(rebuilt_text, text)

    def test_pytest_shows_the_rebuilt_one_as_it_shows_the_original(self):
        try:
            from _pytest._code import ExceptionInfo
        except ImportError:
            self.skipTest("pytest is not installed")
        for source in ("1 / 0\n", "try:\n    1/0\nexcept Exception as e:\n    raise KeyError('k') from e\n"):
            original = raised_in(source)
            shown = [str(ExceptionInfo.from_exception(e).getrepr()) for e in (sent(original), original)]
            self.assertIn("Error", shown[0])
            self.assertEqual(shown[0].splitlines()[-1], shown[1].splitlines()[-1])
            self.assertEqual(ExceptionInfo.from_exception(sent(original)).exconly(), shown_only(original))


def shown_only(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(type(error), error)).rstrip("\n")


if __name__ == "__main__":
    unittest.main()
