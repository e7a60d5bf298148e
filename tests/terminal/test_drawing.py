"""The text of the live line for any width, and the terminal row that it is drawn in."""

from __future__ import annotations

import os
from unittest import mock

import support
from hermetic import HermeticTestCase
from hermetic._terminal import drawing
from hermetic._terminal.drawing import Row, Status, line_of, parse

ROWS, COLUMNS = 24, 80


def status(*running, began=0.0, expected=0.0, failed=0):
    return Status(began, expected, 2064, 123, failed, running)


class LineTest(HermeticTestCase):
    def test_it_says_how_far_the_run_is(self):
        self.assertEqual(line_of(status(), 12.9, 80), "123/2064, 12 s")
        self.assertEqual(line_of(status(expected=100.0, failed=2), 61, 80), "123/2064, 2 failed, 1:01 of about 1:40")
        self.assertEqual(line_of(status(), 3723, 80), "123/2064, 1:02:03")

    def test_the_oldest_test_comes_first(self):
        line = line_of(status(("m.C.test_b", 8.0), ("m.C.test_a", 2.0)), 10, 80)
        self.assertEqual(line, "123/2064, 10 s: m.C.test_a 8 s, m.C.test_b 2 s")

    def test_names_are_as_long_as_there_is_room(self):
        running = ("package.module.SomeTest.test_it", 9.0), ("package.module.OtherTest.test_it", 9.0)
        for columns, shown in (
            (90, "package.module.SomeTest.test_it 1 s, package.module.OtherTest.test_it 1 s"),
            (60, "SomeTest.test_it 1 s, OtherTest.test_it 1 s"),
            (50, "test_it 1 s, test_it 1 s"),
            (39, "test_it 1 s, and 1 more"),
            (25, "test\N{HORIZONTAL ELLIPSIS} 1 s"),
        ):
            line = line_of(status(*running), 10, columns)
            self.assertEqual(line, f"123/2064, 10 s: {shown}")
            self.assertLessEqual(len(line), columns)

    def test_it_is_never_too_long(self):
        for columns in range(1, 60):
            line = line_of(status(("m.C.test_\u6587\u5b57" * 9, 0.0), ("n", 1.0), failed=3), 10, columns)
            self.assertLessEqual(drawing._width(line), columns, line)

    def test_a_name_cannot_control_the_terminal(self):
        line = line_of(status(("\x1b[2J\x07\x9b31m\u202e\u2066", 0.0)), 10, 80)
        self.assertTrue(line.isprintable(), ascii(line))

    def test_failures_are_red_where_colours_are_wanted(self):
        self.assertIn("\x1b[31m2 failed\x1b[0m", line_of(status(failed=2), 1, 80, coloured=True))


class ParseTest(HermeticTestCase):
    def test_a_status_is_its_numbers_and_a_line_for_each_running_test(self):
        found = parse("1.5 100.0 9 3 1\n2.25 m.C.test_a\n4.0 a name with spaces\n")
        running = [("m.C.test_a", 2.25), ("a name with spaces", 4.0)]
        self.assertEqual(found, Status(1.5, 100.0, 9, 3, 1, running))

    def test_half_of_one_is_an_error(self):
        for text in ("", "1.5 100.0 9", "1.5 100.0 9 3 1\nname"):
            with self.subTest(text=text), self.assertRaises(ValueError):
                parse(text)


@support.posix_only("terminal that it draws in")
class RowTest(HermeticTestCase):
    def setUp(self):
        self.written = []
        self.size = os.terminal_size((COLUMNS, ROWS))
        for name, answer in {
            "get_terminal_size": lambda _: self.size,
            "tcgetpgrp": lambda _: os.getpgrp(),
            "write": lambda _, data: self.written.append(data.decode()),
        }.items():
            patch = mock.patch.object(drawing.os, name, answer)
            patch.start()
            self.addCleanup(patch.stop)
        self.row = Row(9)

    def test_it_is_taken_once_and_drawn_into(self):
        self.row.draw("one")
        self.row.draw("two")
        first, second = self.written
        self.assertIn(f"\x1b[1;{ROWS - 1}r", first)
        self.assertEqual(second, f"\x1b7\x1b[{ROWS};1H\x1b[0mtwo\x1b[K\x1b8")

    def test_it_is_given_back_empty_and_taken_again(self):
        self.row.draw("one")
        self.row.free()
        self.row.draw("two")
        self.assertEqual(self.written[1], f"\x1b7\x1b[r\x1b[{ROWS};1H\x1b[2K\x1b8")
        self.assertIn(f"\x1b[1;{ROWS - 1}r", self.written[2])

    def test_another_size_frees_the_old_row_and_takes_the_new_one(self):
        self.row.draw("one")
        self.size = os.terminal_size((COLUMNS, ROWS + 6))
        self.row.draw("two")
        self.assertIn(f"\x1b[r\x1b[{ROWS};1H\x1b[2K", self.written[1])
        self.assertIn(f"\x1b[1;{ROWS + 5}r", self.written[1])

    def test_a_terminal_that_is_too_small_or_another_programs_has_no_room(self):
        self.assertEqual(self.row.columns(), COLUMNS)
        for columns, rows in ((COLUMNS, 3), (29, ROWS)):
            self.size = os.terminal_size((columns, rows))
            self.assertEqual(self.row.columns(), 0)
        self.size = os.terminal_size((COLUMNS, ROWS))
        with mock.patch.object(drawing.os, "tcgetpgrp", return_value=-1):
            self.assertEqual(self.row.columns(), 0)
