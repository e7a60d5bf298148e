"""Names of classes, modules, and files that a worker sends do not make the run execute or open anything."""

from __future__ import annotations

import linecache
import os
import sys
import tempfile
import traceback
import types
import warnings
from unittest import mock

from hermetic import HermeticTestCase, medium
from hermetic._protocol import portable_errors, tracebacks
from hermetic._workers import replay
from support import posix_only


class Frozen(Exception):
    def __setattr__(self, name, value):
        raise AttributeError("it is frozen")


class OwnArguments(Exception):
    @property
    def args(self):
        raise RuntimeError("it has others")


class Counting(Exception):
    seen = 0

    def __init_subclass__(cls):
        Counting.seen += 1


class Asked(types.ModuleType):
    def __getattr__(self, name):
        raise RuntimeError(f"{name} was asked for")


def described(module: str, qualname: str, *, frames=(), base: str = "Exception") -> dict[str, object]:
    alone = {"type": [module, qualname], "base": base, "text": "text", "frames": [*frames], "notes": None}
    return {"exceptions": [{**alone, "suppress": False, "cause": None, "context": None, "members": []}]}


def frame_in(path: str, line: int = 1, positions=()) -> list[object]:
    return [path, "f", "f", 1, line, [*positions], "no.module", False, {}, False]


def text_of(error: BaseException) -> str:
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


class ClassesTest(HermeticTestCase):
    def test_an_exception_that_cannot_be_changed_is_shown_as_it_was(self):
        for cls in (Frozen, OwnArguments):
            with self.subTest(cls):
                error = portable_errors.rebuild(described(__name__, cls.__qualname__))
                self.assertIsInstance(error, cls)
                self.assertEqual(f"{__name__}.{cls.__qualname__}: text\n", text_of(error))

    def test_a_class_that_wants_to_know_of_its_subclasses_gets_none(self):
        error = portable_errors.rebuild(described(__name__, "Counting"))
        self.assertEqual((0, f"{__name__}.Counting: text\n"), (Counting.seen, text_of(error)))

    def test_a_module_is_not_asked_for_what_it_does_not_have(self):
        with mock.patch.dict(sys.modules, {"asked": Asked("asked"), "none": None}), mock.patch("warnings.showwarning"):
            for module in ("asked", "none"):
                error = portable_errors.rebuild(described(module, "Error.Inner"))
                self.assertEqual(f"{module}.Error.Inner: text\n", text_of(error))
                replay.Relay().on_warning("text", [module, "Odd"], "x.py", 1, None)

    def test_a_group_that_cannot_be_made_is_another_exception(self):
        self.assertIn(
            "text", text_of(portable_errors.rebuild(described("builtins", "ExceptionGroup", base="ExceptionGroup")))
        )


class PositionsTest(HermeticTestCase):
    def test_places_that_no_instruction_has_are_left_out(self):
        for positions in ([1, 2**31 - 1, 0, 1], [3, 2, 1, 0], [1, 1, -2, 5], [1, 1, 0, 2**31 - 1], [None] * 4):
            with self.subTest(positions):
                error = portable_errors.rebuild(described("m", "E", frames=[frame_in(__file__, 1, positions)]))
                self.assertIn(f'File "{__file__}", line 1, in f', text_of(error))

    def test_lines_that_no_file_has_are_shown_as_numbers(self):
        for line in (-1, 0, 2**31 - 1):
            with self.subTest(line):
                found = tracebacks.traceback_of([[__file__, "f", "f", -5, line, [], "m", False, {}, False]])
                self.assertIn(found.tb_lineno, (line, None))  # Python itself says None of -1


@posix_only("named pipes in folders")
@medium  # it makes files
class FilesTest(HermeticTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        patch = mock.patch.dict(linecache.cache)
        patch.start()
        self.addCleanup(patch.stop)

    def path_of(self, name, text=None):
        path = os.path.join(self.folder, name)
        if text is None:
            os.mkfifo(path)
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path

    def shown(self, path):
        return text_of(portable_errors.rebuild(described("m", "E", frames=[frame_in(path)])))

    def test_a_line_of_a_file_is_shown(self):
        self.assertIn("the line", self.shown(self.path_of("source.py", "the line\n")))

    def test_what_is_no_file_with_lines_is_named_and_not_opened(self):
        for path in (self.path_of("pipe"), "/dev/zero", self.folder):
            with self.subTest(path):
                self.assertIn(f'File "{path}", line 1, in f\nm.E: text', self.shown(path))

    def test_what_no_file_has_in_its_name_is_escaped(self):
        for path, shown in (("with\0zero", r"with\0zero"), ("\ud800é", r"\ud800é"), ("\udcff", "\udcff")):
            with self.subTest(shown):
                self.assertIn(f'File "{shown}", line 1, in f\nm.E: text', self.shown(path))

    def test_a_pipe_that_is_found_on_the_path_is_not_opened_either(self):
        self.path_of("pipe.py")
        with mock.patch.object(sys, "path", [*sys.path, self.folder]):
            self.assertIn('File "pipe.py", line 1, in f\nm.E: text', self.shown("pipe.py"))

    def test_a_file_that_is_too_large_for_a_source_is_not_read(self):
        path = self.path_of("large.py", "the line\n")
        os.truncate(path, 2**40)
        self.assertNotIn("the line", self.shown(path))

    def test_a_warning_opens_none_either(self):
        path = self.path_of("pipe")
        with mock.patch("warnings.showwarning") as show:
            replay.Relay().on_warning("text", ["builtins", "UserWarning"], path, 1, None)
        self.assertIn(f"{path}:1: UserWarning: text", warnings.formatwarning(*show.call_args.args))

    def test_lines_that_did_not_come_from_a_file_are_kept(self):
        linecache.cache["<cell>"] = linecache.cache["cell.py"] = (9, None, ["the line\n"], "x")
        for name in ("<cell>", "cell.py"):
            tracebacks.note_source_file(name)
            self.assertIn("the line", self.shown(name))
