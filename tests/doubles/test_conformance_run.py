"""``subprocess.run`` and similar functions behave the same with a real child and with a doubled one."""

from __future__ import annotations

import io
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
from subprocess import DEVNULL, PIPE, STDOUT
from subprocess import run as run_bound_early

import support
from hermetic import SubprocessMock, medium
from hermetic._base import features
from support.conformance import Child, ConformanceTestCase, missing_program, outcome

setUpModule = support.some_pythons_do

CAPTURE = {"capture_output": True}
TEXT = {"capture_output": True, "text": True}
LINES = Child("a\r\nb\rc\n", "e\r\n")
QUIET = Child()
COPY = Child(copies=True)
KILLED = Child(returncode=-9, shell=True, program=None if features.WINDOWS else ["kill -9 $$"])
MISSING = os.path.join(os.sep, "no", "such", "folder")
THERE = "cmd" if features.WINDOWS else "sh"  # a program that there is

# What run is told, and the child.
RUNS = {
    "nothing captured": ({}, QUIET),
    "bytes": (CAPTURE, LINES),
    "text": (TEXT, LINES),
    "universal_newlines": ({"capture_output": True, "universal_newlines": True}, LINES),
    "latin-1": ({"encoding": "latin-1", **CAPTURE}, Child(b"\xff\r\n")),
    "errors alone make it text": ({"errors": "replace", **CAPTURE}, Child(b"\xff\n")),
    "undecodable": ({"encoding": "utf-8", **CAPTURE}, Child(b"\xff\n")),
    "utf-16": ({"encoding": "utf-16", **CAPTURE}, Child("\u00fc\r\n".encode("utf-16"))),
    "output alone": ({"stdout": PIPE}, Child("out")),
    "errors alone": ({"stderr": PIPE}, Child(stderr="err")),
    "merged": ({"stdout": PIPE, "stderr": STDOUT}, LINES),
    "nowhere": ({"stdout": DEVNULL, "stderr": DEVNULL}, LINES),
    "long output": (CAPTURE, Child(b"0123456789" * 30_000, b"abcdefghij" * 20_000)),
    "checked": ({"check": True, **CAPTURE}, Child("out", "err", 3)),
    "checked text": ({"check": True, **TEXT}, Child("out", "err", 3)),
    "checked, captured nothing": ({"check": True}, Child(returncode=3)),
    "killed": ({"check": True, **CAPTURE}, Child("out", returncode=-9)),
    "terminated": (CAPTURE, Child(returncode=-15)),
    "input": ({"input": b"a\nb", **CAPTURE}, COPY),
    "text input": ({"input": "\u00fc\n", "encoding": "utf-8", **CAPTURE}, COPY),
    "long input": ({"input": b"0123456789\n" * 50_000, **CAPTURE}, COPY),
    "no input": ({"input": b"", **CAPTURE}, COPY),
    "input that nobody reads": ({"input": b"x" * 200_000}, QUIET),
    "input from nowhere": ({"stdin": DEVNULL, **CAPTURE}, COPY),
    "text input without text": ({"input": "a", **CAPTURE}, COPY),
    "binary input with text": ({"input": b"a", **TEXT}, COPY),
    "input and stdin": ({"input": b"", "stdin": PIPE}, QUIET),
    "capture_output and stdout": ({"stdout": PIPE, **CAPTURE}, QUIET),
    "capture_output and stderr": ({"stderr": PIPE, **CAPTURE}, QUIET),
    "text and universal_newlines differ": ({"universal_newlines": False, **TEXT}, QUIET),
    "an unknown keyword": ({"bogus": 1}, QUIET),
    "a file without a number": ({"stdout": io.StringIO()}, QUIET),
    "a closed file number": ({"stdout": 9999}, QUIET),
    "stdout to STDOUT": ({"stdout": STDOUT}, QUIET),
    "a variable that is no text": ({"env": {"A": 1}}, QUIET),
    "= in the name of a variable": ({"env": {"A=B": "1"}}, QUIET),
    "NUL in a variable": ({"env": {"A": "a\0b"}}, QUIET),
    "no variables": ({"env": {}}, QUIET),
    "bufsize that is no number": ({"bufsize": "1"}, QUIET),
    "pass_fds that are not kept": ({"pass_fds": (0,), "close_fds": False}, QUIET),
    "pass_fds": ({"pass_fds": (0,)}, QUIET),
    "pass_fds that are not open": ({"pass_fds": (9999,)}, QUIET),
    "pass_fds that are not open, and a folder": ({"pass_fds": (9999,), "cwd": "/"}, QUIET),
    "pass_fds that are negative": ({"pass_fds": (-1,)}, QUIET),
    "pass_fds that are no numbers": ({"pass_fds": ("x",)}, QUIET),
    "a session of its own": ({"start_new_session": True, "umask": 0o22, "restore_signals": False}, QUIET),
    "a user that is not known": ({"user": "no-such-user"}, QUIET),
    "a group that is not known": ({"group": "no-such-group"}, QUIET),
    "an encoding that is not known": ({"encoding": "no-such", **CAPTURE}, QUIET),
    "a time-out that is no number": ({"timeout": "1"}, QUIET),
    "bytearrays as input": ({"input": bytearray(b"a"), **CAPTURE}, COPY),
    "a number as input": ({"input": 5, **CAPTURE}, COPY),
    "a folder": ({"cwd": "/"}, QUIET),
    "a folder as a path": ({"cwd": pathlib.Path("/")}, QUIET),
    "a folder that is missing": ({"cwd": MISSING}, QUIET),
    "a folder that is a file": ({"cwd": __file__}, QUIET),
    "a folder that is a number": ({"cwd": 5}, QUIET),
    "NUL in a folder": ({"cwd": "a\0b"}, QUIET),
    "an executable of its own": ({"executable": QUIET.command[0]}, QUIET),
    "time enough": ({"timeout": 60, **CAPTURE}, LINES),
    "time enough, captured nothing": ({"timeout": 60}, Child(returncode=2)),
}
if not features.WINDOWS:
    RUNS |= {
        "creationflags": ({"creationflags": 1}, QUIET),
        "startupinfo": ({"startupinfo": 1}, QUIET),
        "a variable name that is no text": ({"env": {1: "A"}}, QUIET),  # the error on Windows depends on the Python
        "a variable as bytes": ({"env": {b"A": b"1"}}, QUIET),
    }

# What is given as a command; nothing is scripted for these.
COMMANDS = {
    **({} if features.WINDOWS else {"empty": ([], {})}),  # the error on Windows is not one of Popen's
    "nothing": (None, {}),
    "a number": (5, {}),
    "a number in it": (["true", 5], {}),
    "None in it": (["true", None], {}),
    "NUL in it": (["true", "a\0b"], {}),
    "NUL in its name": ("a\0b", {}),
    "a number for a shell": (5, {"shell": True}),
    "a path for a shell": (pathlib.Path("true"), {"shell": True}),
    "a number to execute": (["true"], {"executable": 5}),
}


@medium
class RunTest(ConformanceTestCase):
    def test_run_returns_raises_and_warns_alike(self):
        for name, (options, child) in RUNS.items():
            with self.subTest(name):
                self.agree(lambda command, options=options: subprocess.run(command, **options), child)

    def test_wrong_commands_raise_alike(self):
        for name, (command, options) in COMMANDS.items():
            with self.subTest(name):
                real = self.agree(lambda: subprocess.run(command, **options))  # noqa: B023 - called at once
                self.assertIn("raised", str(real))

    def test_the_result_holds_the_very_command(self):
        def use(command):
            return subprocess.run(command, **CAPTURE).args is command

        self.agree(use, QUIET)

    def test_commands_may_be_of_many_types(self):
        def use(command):
            path = pathlib.Path(command[0])
            variants = [tuple(command), (part for part in command), [path, *command[1:]]]
            variants.append([os.fsencode(part) for part in command])
            results = [subprocess.run(variant, **CAPTURE).stdout for variant in variants]
            return results, subprocess.run(args=command, **CAPTURE).stdout, subprocess.Popen(command, -1).wait()

        child = Child("")
        child.script["times"] = None
        self.agree(use, child)

    def test_one_program_may_be_given_as_it_is(self):
        def use(command):
            commands = command, pathlib.Path(command)
            return [subprocess.run(each, stdin=DEVNULL, stdout=DEVNULL).returncode for each in commands]

        child = Child(returncode=1, shell=True, program=["false"])
        if features.WINDOWS:
            child = Child(shell=True, program=["cmd"])
        child.script["times"] = None
        self.agree(use, child)

    def test_a_shell_takes_a_string_or_a_list(self):
        def use(command, other):
            one = subprocess.run(command, shell=True, **CAPTURE)
            return one, subprocess.run(other if features.WINDOWS else [other], shell=True, **TEXT)

        other = Child("b\n", returncode=3, shell=True)
        other.scripted = other.command if features.WINDOWS else [other.command]
        self.agree(use, Child("a\n", "e\n", 2, shell=True), other)

    def test_a_missing_program_is_a_missing_file(self):
        child = Child(program=["/no/such/program", "x"])
        child.script = {"raises": missing_program("/no/such/program")}
        self.agree(subprocess.run, child)
        self.agree(lambda command: subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE), child)

    def test_without_a_shell_a_string_is_the_name_of_one_program(self):
        child = Child(shell=True, program=["no-such-program", "x"])
        child.script = {"raises": missing_program(child.command)}
        self.agree(subprocess.run, child)


@medium
class FilesTest(ConformanceTestCase):
    def test_a_file_is_written_to_past_its_buffer(self):
        def use(command):
            with tempfile.TemporaryFile("w+") as file:
                file.write("python")
                done = subprocess.run(command, stdout=file, stderr=STDOUT)
                file.seek(0, os.SEEK_END)
                file.seek(0)
                return done.stdout, file.read()

        self.agree(use, Child("child", "!"))

    def test_a_number_of_a_file_is_written_to(self):
        def use(command):
            with tempfile.TemporaryFile() as file:
                subprocess.run(command, stdout=file.fileno(), stderr=file.fileno())
                file.seek(0)
                return file.read()

        self.agree(use, Child("out", "err"))

    def test_a_file_is_read_from(self):
        def use(command):
            with tempfile.TemporaryFile() as file:
                file.write(b"a\nb\n")
                file.seek(0)
                return subprocess.run(command, stdin=file, **CAPTURE).stdout

        self.agree(use, COPY)

    def test_what_is_not_captured_goes_where_this_process_writes(self):
        def use(command):
            kept = os.dup(1), os.dup(2)
            with tempfile.TemporaryFile() as file:
                try:
                    os.dup2(file.fileno(), 1)
                    os.dup2(file.fileno(), 2)
                    subprocess.run(command)
                finally:
                    for number, fd in enumerate(kept, 1):
                        os.dup2(fd, number)
                        os.close(fd)
                file.seek(0)
                return file.read()

        self.agree(use, Child("out", "err"))


@medium
class RelativesTest(ConformanceTestCase):
    def test_call_and_check_call(self):
        self.agree(subprocess.call, Child(returncode=3))
        self.agree(subprocess.check_call, Child(returncode=3))
        self.agree(subprocess.check_call, QUIET)
        self.agree(lambda command: subprocess.check_call(command, stdout=PIPE), Child(returncode=-6))

    def test_check_output(self):
        for options in ({}, {"text": True}, {"input": None}, {"stdout": PIPE}, {"check": True}, {"stderr": STDOUT}):
            with self.subTest(options=options):
                self.agree(lambda command, options=options: subprocess.check_output(command, **options), Child("a\r\n"))
        self.agree(lambda command: subprocess.check_output(command, stderr=PIPE), Child("a", "b", 3))
        self.agree(lambda command: subprocess.check_output(command, input=None), COPY)

    def test_getoutput_and_getstatusoutput(self):
        for child in (Child("a\n", "b\n\n", 3, shell=True), Child("a", returncode=0, shell=True)):
            self.agree(subprocess.getoutput, child)
            self.agree(subprocess.getstatusoutput, child)
        self.agree(subprocess.getstatusoutput, KILLED)

    def test_os_popen(self):
        def use(command):
            stream = os.popen(command)
            return stream.read(), stream.close()

        self.agree(use, Child("a\r\nb\n", shell=True))
        self.agree(use, Child("a", returncode=3, shell=True))
        self.agree(use, KILLED)

    def test_os_popen_for_writing(self):
        def use(command):
            with os.popen(command, "w") as stream:
                stream.write("a\n")

        self.agree(use, Child(shell=True))

    def test_os_system_returns_a_wait_status(self):
        def use(command):
            return os.system(command)  # not bound early

        self.agree(use, Child(returncode=3, shell=True))
        self.agree(use, KILLED)
        self.agree(lambda: os.system(5))

    def test_names_bound_early_and_threads_are_the_same(self):
        def use(command):
            results = []
            threads = [
                threading.Thread(target=lambda: results.append(run_bound_early(command, **CAPTURE).stdout))
                for _ in range(8)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return results

        child = Child("a")
        child.script["times"] = 8
        self.agree(use, child)


# How shutil.which may be called, and may not; of one that is there, and of a name that is not.
LOOKUPS = {
    "a name": shutil.which,
    "a mode and a path": lambda name: shutil.which(name, os.X_OK, os.pathsep.join(os.get_exec_path())),
    "by keyword": lambda name: shutil.which(cmd=name, mode=os.F_OK | os.X_OK, path=None),
    "bytes": lambda name: shutil.which(os.fsencode(name)),
    "nothing": lambda name: shutil.which(),
    "too much": lambda name: shutil.which(name, os.X_OK, None, None),
    "an unknown keyword": lambda name: shutil.which(name, bogus=1),
    "a number": lambda name: shutil.which(5),
    "None": lambda name: shutil.which(None),
}


@medium
class WhichTest(ConformanceTestCase):
    def test_which_is_called_and_answers_alike(self):
        for name, found in ((THERE, shutil.which(THERE)), ("no-such-program", None)):
            for how, use in LOOKUPS.items():
                with self.subTest(name=name, how=how):
                    real = outcome(use, [name])
                    with SubprocessMock() as double:
                        double.mock_which(name, found)
                        self.assertEqual(outcome(use, [name]), real)
