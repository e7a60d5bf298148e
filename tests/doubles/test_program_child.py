"""A doubled child that is a function: its arguments, its exit status, and its errors."""

from __future__ import annotations

import os
import sys

from hermetic import HermeticTestCase
from hermetic._doubles.program_child import ProgramChild


class ProgramChildTest(HermeticTestCase):
    def child(self, program: object, files: dict[int, int] | None = None, **options: object) -> ProgramChild:
        options = {"returncode": 0, "duration": 0.0, "on_end": lambda child: child.error, **options}
        return ProgramChild(program, command=["shop"], cwd="/shop", env={"A": "1"}, files=files or {}, **options)

    def test_it_is_told_its_command_its_folder_and_its_environment(self):
        seen = []
        self.child(seen.append).wait()
        self.assertEqual([(child.args, child.cwd, child.env) for child in seen], [(["shop"], "/shop", {"A": "1"})])

    def test_its_streams_are_the_pipes_and_what_it_reads_is_recorded(self):
        (to_child, sending), (reading, from_child) = os.pipe(), os.pipe()
        os.write(sending, b"text")
        os.close(sending)

        def program(process):
            process.stdout.write(process.stdin.read().upper())

        child = self.child(program, {0: to_child, 1: from_child})
        self.assertEqual((child.wait(), os.read(reading, 10), bytes(child.sent)), (0, b"TEXT", b"text"))
        os.close(reading)

    def test_what_it_does_not_have_reads_and_writes_nothing(self):
        read = []
        self.child(lambda process: read.append(process.stdin.read()) or (process.stdout.write(b"x") and None)).wait()
        self.assertEqual(read, [b""])

    def test_its_status_is_what_it_returns_or_exits_with(self):
        programs = {3: lambda _: 3, 4: lambda _: sys.exit(4), 1: lambda _: sys.exit("message"), 0: lambda _: sys.exit()}
        for status, program in programs.items():
            with self.subTest(status=status):
                self.assertEqual(self.child(program).wait(), status)
        self.assertEqual(self.child(lambda _: None, returncode=5).wait(), 5)

    def test_an_error_in_it_is_raised_at_who_waits(self):
        error = KeyError("in the child")

        def program(_):
            raise error

        child = self.child(program)
        self.assertEqual((child.wait(), child.take_failure()), (1, error))

    def test_what_it_returns_must_be_a_status(self):
        child = self.child(lambda _: "done")
        child.wait()
        self.assertIsInstance(child.take_failure(), TypeError)
