"""What a child would see of a call, and the errors that a real start would raise for it."""

from __future__ import annotations

import errno
import io
import os
import pathlib
import tempfile
from unittest import mock

import support
from hermetic import HermeticTestCase
from hermetic._base import features
from hermetic._doubles import command_calls
from hermetic._doubles.command_calls import CommandCall

GIVEN = {"executable": None, "shell": False, "env": None, "cwd": None, "pass_fds": ()}
PIPES = dict.fromkeys(("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite"), -1)


def call(args: object, *, text: bool = False, **given: object) -> CommandCall:
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="latin-1") if text else io.BytesIO()
    popen = mock.Mock(text_mode=text, stdin=None, stdout=stdout, stderr=None)
    return CommandCall(popen, {"args": args, **GIVEN, **PIPES, **given})


class CommandTest(HermeticTestCase):
    def test_a_list_is_read_as_strings_and_a_string_stays_one(self):
        self.assertEqual(call([b"git", pathlib.Path("a/b")]).command, ["git", os.path.join("a", "b")])
        self.assertEqual(call("git log").command, "git log")

    def test_the_program_is_what_an_error_would_name(self):
        found = [call(["git", "log"]), call("git log"), call("git", shell=True), call(["git"], executable="/bin/git")]
        self.assertEqual([one.executable for one in found], ["git", "git log", features.SHELL[0], "/bin/git"])

    def test_what_no_child_could_be_given_is_refused_as_by_popen(self):
        wrong = [(["a\0b"], {}), (["a"], {"env": {"x=y": "1"}}), (["a"], {"cwd": "a\0b"}), (["a"], {"pass_fds": [-1]})]
        for args, given in wrong:
            error = AssertionError if features.WINDOWS and "pass_fds" in given else ValueError
            with self.subTest(args=args, given=given), self.assertRaises(error):
                call(args, **given)
        with self.assertRaises(TypeError):
            call(pathlib.Path("a"), shell=True)

    def test_the_environment_is_read_as_the_child_has_it(self):
        self.assertEqual(call(["a"], env={"A" if features.WINDOWS else b"A": "1"}).env, {"A": "1"})
        self.assertIsNone(call(["a"]).env)

    def test_files_that_are_no_pipes_are_told_apart(self):
        found = call(["a"], p2cread=5, p2cwrite=6, c2pwrite=7, errread=-1, errwrite=8)
        self.assertEqual(
            (found.reads_pipe, found.has_stdin, found.foreign_files), (True, True, [] if features.WINDOWS else [7, 8])
        )

    def test_what_it_was_sent_is_shown_as_the_caller_sends_it(self):
        for text, shown in ((True, "\u00e9"), (False, b"\xe9")):
            found = call(["a"], text=text)
            self.assertIsNone(found.input)
            found.child = mock.Mock(sent=bytearray(b"\xe9"))
            self.assertEqual(found.input, shown)

    def test_lines_of_text_that_it_was_sent_end_as_the_caller_ends_them(self):
        found = call(["a"], text=True)
        found.child = mock.Mock(sent=bytearray(b"a\r\nb\r\n"))
        with mock.patch.object(os, "linesep", "\r\n"):
            self.assertEqual(found.input, "a\nb\n")

    def test_a_text_goes_through_a_pipe_in_its_encoding_and_bytes_as_they_are(self):
        found = call(["a"], text=True)
        self.assertEqual(found.encoded("\u00e9"), b"\xe9")
        self.assertEqual(found.encoded(b"\xff"), b"\xff")


class SurroundingsTest(HermeticTestCase):
    def error(self, number: int, **given: object) -> OSError:
        with self.assertRaises(OSError) as raised:
            command_calls.check_surroundings(call(["git"], **given), needs_folder=True)
        self.assertEqual(raised.exception.errno, number)
        return raised.exception

    def test_on_windows_environments_are_text_and_nobody_names_a_folder(self):
        with mock.patch.object(features, "WINDOWS", new=True):
            for env in ({b"A": "1"}, {"A": 1}):
                with self.assertRaisesRegex(TypeError, "^environment can only contain strings$"):
                    call(["a"], env=env)
            self.assertEqual(call(["a"], env={"=C:": "x"}).env, {"=C:": "x"})
            self.assertEqual(call([]).command, [])

    @support.posix_only("names of folders in such errors")
    def test_a_folder_that_is_none_is_named(self):
        self.assertEqual(self.error(errno.ENOENT, cwd="/nothing/here").filename, "/nothing/here")
        with tempfile.NamedTemporaryFile() as file:
            self.assertEqual(self.error(errno.ENOTDIR, cwd=file.name).filename, file.name)

    def test_a_folder_that_is_scripted_need_not_be_there(self):
        command_calls.check_surroundings(call(["git"], cwd="/nothing/here"), needs_folder=False)

    @support.posix_only("descriptors for its programs")
    def test_a_file_that_is_not_open_is_an_error(self):
        file = os.dup(1)
        os.close(file)
        self.error(errno.EBADF, pass_fds=[file])
        self.error(errno.EBADF, c2pwrite=file)
