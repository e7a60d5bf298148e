"""Error messages of a double: what happened, what was expected, and what to write."""

from __future__ import annotations

from unittest import mock

from hermetic import HermeticTestCase
from hermetic._doubles import texts


def call(*command: str, **fields: object) -> mock.Mock:
    found = mock.Mock(command=[*command], cwd=None, shell=False, sent=b"")
    found.configure_mock(**fields)
    return found


class TextsTest(HermeticTestCase):
    def test_a_call_is_shown_as_one_would_write_it(self):
        self.assertEqual(texts.call_text(call("git", "log", cwd="/shop")), '["git", "log"], cwd="/shop"')

    def test_a_call_that_nothing_answers_is_told_with_its_line_and_what_to_script(self):
        first, where, expected, script = texts.unmocked_text(call("git"), None, "self.subprocess").splitlines()
        self.assertEqual(first, 'nothing is scripted for ["git"]')
        self.assertIn("test_texts.py", where)
        self.assertEqual(expected, "  expected: no further command")
        self.assertEqual(script, '  script it:   self.subprocess.mock_run(["git"])')

    def test_the_expectation_whose_turn_it_was_is_told_with_what_differs(self):
        following = mock.Mock(wanted={"command": ["git", "push"]}, place="test_shop.py:7")
        following.differences.return_value = ["argument 1: differs"]
        text = texts.unmocked_text(call("git", "pull"), following, "double")
        self.assertIn('  expected: ["git", "push"], scripted at test_shop.py:7\n    argument 1: differs\n', text)

    def test_another_input_is_told_beside_the_expected_one(self):
        expectation = mock.Mock(wanted={"input": "yes"}, place="test_shop.py:7")
        text = texts.input_text(call("git", text_of=lambda data: "no"), expectation)
        self.assertTrue(text.startswith('["git"] received a different input\n'), text)
        self.assertTrue(text.endswith('    input: expected "yes", got "no"'), text)

    def test_what_was_never_used_is_counted_and_listed(self):
        text = texts.unused_text([('["git"]', " (1 of 2)", "test_shop.py:7")])
        self.assertIn("scripted but never used (1):", text)
        self.assertIn('  ["git"] (1 of 2), scripted at test_shop.py:7', text)

    def test_a_process_past_the_double_is_told_with_what_to_use(self):
        self.assertIn("the double cannot script an os.system that was imported by name", texts.route_text("os.system"))
        self.assertIn("the double cannot script os.fork", texts.route_text("os.fork"))
