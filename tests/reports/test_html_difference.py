"""Two values that should be equal, as a coloured difference."""

from __future__ import annotations

import hermetic
from hermetic._reports import html_difference


class DifferenceTest(hermetic.HermeticTestCase):
    def message(self, text: str) -> str:
        return html_difference.difference("", text)

    def test_lines_of_a_difference_are_coloured_and_hints_mark_what_has_changed(self):
        found = self.message("a != b\n  same\n- jumps over\n?     ^\n\n+ jumped over\n?     ^^\n")
        self.assertEqual(
            found,
            "a != b\n  same\n<del>- jump<b>s</b> over\n</del><ins>+ jump<b>ed</b> over\n</ins>",
        )

    def test_text_with_one_of_the_signs_is_no_difference(self):
        self.assertEqual(self.message("to do:\n- one\n- two"), "to do:\n- one\n- two")

    def test_a_line_with_a_question_mark_stays(self):
        self.assertIn("? why", self.message("a\n- b\n+ c\n? why"))

    def test_what_is_marked_is_escaped(self):
        self.assertEqual(
            self.message("x\n- <a>\n?  ^\n+ <b>\n?  ^\n"),
            "x\n<del>- &lt;<b>a</b>&gt;\n</del><ins>+ &lt;<b>b</b>&gt;\n</ins>",
        )

    def test_values_without_a_difference_of_unittest_get_one(self):
        found = self.message("Point(x=1, y=2) != Point(x=1, y=3)")
        lines = "<del>- Point(x=1, y=<b>2</b>)\n</del><ins>+ Point(x=1, y=<b>3</b>)\n</ins>"
        self.assertEqual(found, f"Point(x=1, y=2) != Point(x=1, y=3)\n{lines}")

    def test_short_values_and_what_is_no_pair_of_values_stay(self):
        for message in ("1 != 2", "a long text : it has != in the wrong place : here", "x y z a b != c != d e f g h"):
            self.assertEqual(self.message(message), message)

    def test_values_that_begin_and_end_alike_overlap_nowhere(self):
        found = self.message("a, a, a, a != a, a, a, a, a").partition("\n")[2]
        self.assertEqual(found, "<del>- a, a, a, a\n</del><ins>+ a, a, a, a<b>, a</b>\n</ins>")
