"""Which streams get colours, and which lines are coloured."""

from __future__ import annotations

import io
import os
import tempfile
from unittest import mock

from hermetic import HermeticTestCase
from hermetic._base import features
from hermetic._terminal import colours


class ColoursTest(HermeticTestCase):
    def test_variables_beat_the_terminal_in_the_order_that_python_has(self):
        for variables, wanted in (
            ({"PYTHON_COLORS": "1", "NO_COLOR": "1"}, True),
            ({"PYTHON_COLORS": "0", "FORCE_COLOR": "1"}, False),
            ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
            ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
            ({"NO_COLOR": ""}, False),
            ({}, False),
        ):
            with self.subTest(variables=variables), mock.patch.dict(os.environ, variables, clear=True):
                self.assertIs(colours.are_wanted(None), wanted)

    def test_a_stream_that_ends_at_no_terminal_has_none(self):
        self.assertFalse(colours.is_terminal(io.StringIO()))
        self.assertFalse(colours.is_terminal(None))
        with tempfile.TemporaryFile() as file:
            self.assertFalse(colours.is_terminal(file))

    def test_a_stream_without_a_file_says_whether_it_is_a_terminal(self):
        stream = io.StringIO()
        with mock.patch.dict(os.environ, {}, clear=True):
            self.assertFalse(colours.are_wanted(stream))
            with mock.patch.object(stream, "isatty", return_value=True):
                self.assertIs(colours.are_wanted(stream), not features.WINDOWS)

    def test_headings_are_coloured_and_what_is_below_them_is_not(self):
        lines = ["leaks: 1", "  a test: a thread"]
        self.assertEqual(colours.of_headings(lines, colours.RED), ["\x1b[31mleaks: 1\x1b[0m", "  a test: a thread"])
