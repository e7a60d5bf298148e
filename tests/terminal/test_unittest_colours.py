"""The text of unittest has the colours that unittest gives it from Python 3.14 on."""

from __future__ import annotations

import importlib.util
import io
import os
import re
import unittest
from unittest import mock

from hermetic import HermeticTestCase, medium, small
from hermetic._base import features
from hermetic._terminal import unittest_colours
from hermetic._terminal.unittest_colours import coloured
from support import Folder, run_hermetic

TESTS = """
    import unittest

    class SampleTest(unittest.TestCase):
        def test_1_passes(self):
            pass
        def test_2_has_a_cause(self):
            try:
                {}["x"]
            except KeyError:
                raise ValueError("first line\\nsecond line\\n\\nthird line")
        @unittest.skip("for 'a' reason")
        def test_3_is_skipped(self):
            pass
        @unittest.expectedFailure
        def test_4_fails_as_expected(self):
            self.fail()
        @unittest.expectedFailure
        def test_5_passes_unexpectedly(self):
            pass
        def test_6_has_subtests(self):
            for number in range(2):
                with self.subTest(number=number):
                    self.assertEqual([1, 2, 3], [1, 2, 4])
        def test_7_has_no_message(self):
            raise StopIteration
"""
COLOUR = re.compile("\x1b\\[[0-9;]*m")
TEXT = """Traceback (most recent call last):
  File "a.py", line 3, in test_it
    total(prices)
    ~~~~~^^^^^^^^
  File "b.py", line 1, in total
    pass
shop.PriceError: no price
for a: thing

Stdout:
  File "c.py", printed: by a test
"""
COLOURED_TEXT = """Traceback (most recent call last):
  File \x1b[35m"a.py"\x1b[0m, line \x1b[35m3\x1b[0m, in \x1b[35mtest_it\x1b[0m
    \x1b[31mtotal\x1b[0m\x1b[1;31m(prices)\x1b[0m
    \x1b[31m~~~~~\x1b[0m\x1b[1;31m^^^^^^^^\x1b[0m
  File \x1b[35m"b.py"\x1b[0m, line \x1b[35m1\x1b[0m, in \x1b[35mtotal\x1b[0m
    pass
\x1b[1;35mshop.PriceError\x1b[0m: \x1b[35mno price
for a: thing\x1b[0m

Stdout:
  File "c.py", printed: by a test
"""


@small
class ColouredTest(unittest.TestCase):
    def test_marks_headings_and_counts(self):
        for text, expected in (
            (".", "\x1b[32m.\x1b[0m"),
            ("F", "\x1b[31mF\x1b[0m"),
            ("skipped 'reason'", "\x1b[33mskipped\x1b[0m 'reason'"),
            ("FAIL: test_a (m.T)\nits docstring", "\x1b[31mFAIL\x1b[0m\x1b[1;31m: test_a (m.T)\nits docstring\x1b[0m"),
            ("FAILED", "\x1b[1;31mFAILED\x1b[0m"),
            (
                " (errors=2, skipped=1, unexpected successes=1)",
                " (\x1b[1;31merrors=2\x1b[0m, \x1b[33mskipped=1\x1b[0m, \x1b[31munexpected successes=1\x1b[0m)",
            ),
        ):
            with self.subTest(text=text):
                self.assertEqual(coloured(text), expected)

    def test_tracebacks(self):
        self.assertEqual(coloured(TEXT), COLOURED_TEXT)

    def test_other_texts_are_left_alone(self):
        for text in ("\n", "=" * 70, "Ran 3 tests in 0.001s", "test_a (m.T.test_a)", " ... ", "skipped", "", "okay"):
            with self.subTest(text=text):
                self.assertEqual(coloured(text), text)


class OwnColoursTest(HermeticTestCase):
    @unittest.skipUnless(features.UNITTEST_HAS_COLOURS, "unittest has no colours of its own")
    def test_they_are_those_of_unittest(self):
        with Folder(**{"sample.py": TESTS}) as folder:
            spec = importlib.util.spec_from_file_location("sample", os.path.join(folder, "sample.py"))
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            for verbosity in (1, 2):
                texts = self.written(module.SampleTest, verbosity)
                self.assertGreater(sum("\x1b" in text for text in texts), 12)
                for text in texts:
                    with self.subTest(text=text):
                        self.assertEqual(coloured(COLOUR.sub("", text)), text)

    def written(self, cls: type[unittest.TestCase], verbosity: int) -> list[str]:
        """What a coloured run of unittest writes, by its calls."""
        stream = io.StringIO()
        write = mock.Mock(side_effect=stream.write)
        stream.write = write  # type: ignore[method-assign]
        with mock.patch.dict(os.environ, {"FORCE_COLOR": "1", "NO_COLOR": "", "PYTHON_COLORS": ""}):
            unittest.TextTestRunner(stream, verbosity=verbosity).run(unittest.TestLoader().loadTestsFromTestCase(cls))
        return [call.args[0] for call in write.call_args_list]

    def test_a_stream_is_coloured_once(self):
        stream = unittest.runner._WritelnDecorator(io.StringIO())
        with (
            mock.patch.dict(os.environ, {"FORCE_COLOR": "1", "NO_COLOR": ""}),
            mock.patch.object(features, "UNITTEST_HAS_COLOURS", new=False),
        ):
            unittest_colours.colour(stream)
            unittest_colours.colour(stream)
        stream.writeln("ok")
        self.assertEqual(stream.stream.getvalue(), "\x1b[32mok\x1b[0m\n")


@medium
class RunTest(unittest.TestCase):
    FORCED = {"FORCE_COLOR": "1", "NO_COLOR": ""}  # noqa: RUF012

    def test_runs_and_scripts_are_coloured_and_reports_are_not(self):
        script = "import unittest\nunittest.main(module='test_a', argv=['x'])\n"
        with Folder(**{"test_a.py": TESTS, "run.py": script}) as folder:
            for arguments in (["test_a"], ["-j", "2", "test_a"], ["--script", "run.py"]):
                with self.subTest(arguments=arguments):
                    done = run_hermetic("--json", "report.json", *arguments, cwd=folder, env=self.FORCED)
                    self.assertTrue(done.stderr.startswith("\x1b[32m.\x1b[0m\x1b[31mE\x1b[0m"), done.stderr)
                    self.assertIn("\x1b[1;31mFAILED\x1b[0m (\x1b[1;31mfailures=", done.stderr)
                    self.assertIn("\x1b[1;35mValueError\x1b[0m: \x1b[35mfirst line\nsecond line", done.stderr)
                    with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                        self.assertNotIn("u001b", file.read())

    def test_the_variables_of_python_switch_colours_off(self):
        with Folder(**{"test_a.py": TESTS}) as folder:
            for env in ({"NO_COLOR": "1"}, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, {"PYTHON_COLORS": "0"}, {}):
                with self.subTest(env=env):
                    done = run_hermetic("test_a", cwd=folder, env={"NO_COLOR": "", **env})
                    self.assertNotIn("\x1b", done.stderr)
