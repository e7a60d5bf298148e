"""hermetic prints and exits exactly as unittest does, for many command lines."""

from __future__ import annotations

import os
import shutil
import sys
import unittest

from hermetic import medium
from support import run_python, unmeasured_processes
from support.transcripts import OutcomeTranscripts, SampleCase, normalised

setUpModule = unmeasured_processes
_HAS_DURATIONS = sys.version_info >= (3, 12)


def without_durations(usage: str) -> str:
    """A usage message with its line breaks undone, and without the option that 3.10 and 3.11 do not have."""
    flat = " ".join(usage.split())
    if _HAS_DURATIONS:
        return flat
    option = " --durations N Show the N slowest test cases (N=0 for all)"
    return flat.replace(" [--durations N]", "").replace(option, "")


class TranscriptCase(SampleCase):
    """Runs the sample suite under both programs."""

    def run_both(self, *arguments, cwd=None, flags=(), env=None):
        cwd = cwd or self.folder
        theirs = run_python(*flags, "-m", "unittest", *arguments, cwd=cwd, env=env)
        ours = run_python(*flags, "-m", "hermetic", *arguments, cwd=cwd, env=env)
        return theirs, ours

    def assert_same(self, *arguments, contains="", **kwargs):
        """Compare the two runs; ``contains`` keeps a comparison of two empty runs from passing."""
        theirs, ours = self.run_both(*arguments, **kwargs)
        self.assertIn(contains, theirs.stdout + theirs.stderr)
        self.assertEqual(normalised(theirs.stderr), normalised(ours.stderr))
        self.assertEqual(normalised(theirs.stdout), normalised(ours.stdout))
        self.assertEqual(theirs.returncode, ours.returncode)

    def assert_same_usage_error(self, *arguments, contains):
        theirs, ours = self.run_both(*arguments)
        self.assertIn(contains, theirs.stderr)
        self.assertEqual(without_durations(theirs.stderr), without_durations(normalised(ours.stderr)))
        self.assertEqual((2, 2), (theirs.returncode, ours.returncode))


@medium
class OutcomeTranscriptTest(OutcomeTranscripts, TranscriptCase):
    def test_output_is_not_buffered(self):
        self.assert_same("test_output", contains="out of a passing test")

    def test_options_combine_in_one_argument(self):
        self.assert_same("-vb", "test_output", contains="Stdout:")

    def test_catching_ctrl_c_changes_nothing_without_one(self):
        self.assert_same("-c", "test_outcomes", contains="FAILED")

    def test_warnings_are_shown(self):
        self.assert_same("test_outcomes.OutcomeTest.test_warning", contains="DeprecationWarning: old")

    def test_warnings_follow_the_interpreters_option(self):
        name = "test_outcomes.OutcomeTest.test_warning"
        self.assert_same(name, flags=("-W", "error"), contains="FAILED (errors=1)")

    def test_warnings_follow_the_environment(self):
        name = "test_outcomes.OutcomeTest.test_warning"
        self.assert_same(name, env={"PYTHONWARNINGS": "ignore"}, contains="OK")

    def test_assertions_can_be_optimised_away(self):
        self.assert_same("package.test_inner", flags=("-O",), contains="OK")


@medium
class FixtureTranscriptTest(TranscriptCase):
    def test_class_fixtures_and_cleanups(self):
        self.assert_same("test_class_fixtures", contains="in a class cleanup")

    def test_class_fixtures_verbosely_and_buffered(self):
        self.assert_same("-v", "-b", "test_class_fixtures", contains="in setUpClass")

    def test_class_fixtures_with_failfast(self):
        self.assert_same("-f", "package.test_inner", "test_class_fixtures", contains="FAILED (errors=1)")

    def test_module_fixtures_and_cleanups(self):
        self.assert_same("-v", "test_module_fixtures", contains="in a module cleanup")

    def test_a_failing_module_fixture_beside_a_test(self):
        self.assert_same("test_module_set_up_fails", "test_module_fixtures", contains="in setUpModule")

    def test_skips_of_whole_modules_beside_a_test(self):
        self.assert_same("discover", "-v", "-p", "test_m*s.py", contains="skipped=2")


@medium
class DiscoveryTranscriptTest(TranscriptCase):
    def test_no_arguments_discover_everything(self):
        self.assert_same(contains="there_is_no_such_module")

    def test_options_alone_discover_everything(self):
        self.assert_same("-v", "-c", contains="test_inner")

    def test_discover_everything(self):
        self.assert_same("discover", contains="there_is_no_such_module")

    def test_discover_is_recognised_in_capitals(self):
        self.assert_same("DISCOVER", "-s", "package", contains="OK")

    def test_discover_a_folder(self):
        self.assert_same("discover", "-s", "package", "-v", contains="test_beta (test_inner")

    def test_discover_a_folder_below_a_top_level(self):
        self.assert_same("discover", "-s", "package", "-t", ".", "-v", contains="package.test_inner")

    def test_discover_a_dotted_package(self):
        self.assert_same("discover", "-s", "package", "-p", "*other.py", "-v", contains="test_other")

    def test_discover_takes_three_positional_arguments(self):
        self.assert_same("discover", "package", "check_*.py", ".", "-v", contains="package.check_other")

    def test_discover_takes_a_mixture_of_options_and_positional_arguments(self):
        self.assert_same("discover", "-v", "package", "-p", "check*", contains="check_other")

    def test_discover_takes_long_options(self):
        options = ("--start-directory=package", "--pattern=check_*.py", "--top-level-directory", ".", "--verbose")
        self.assert_same("discover", *options, contains="package.check_other")

    def test_discover_takes_abbreviated_options(self):
        options = ("--start", "package", "--patt", "check_*.py", "--top", ".", "--verb")
        self.assert_same("discover", *options, contains="package.check_other")

    def test_load_tests_gets_the_pattern(self):
        self.assert_same("discover", "-p", "test_load_tests.py", contains="got the pattern test_load_tests.py")

    def test_a_load_tests_that_raises(self):
        self.assert_same("discover", "-v", "-p", "test_load*", contains="in load_tests")

    def test_an_import_failure(self):
        self.assert_same("discover", "-p", "test_import*", contains="there_is_no_such_module")

    def test_an_exit_at_import(self):
        self.assert_same("discover", "-v", "-p", "test_exit*", contains="SystemExit: 7")

    def test_patterns_of_names_leave_import_failures_in(self):
        self.assert_same("discover", "-k", "alpha", contains="test_import_failure")

    def test_a_namespace_folder_is_left_out(self):
        os.makedirs(os.path.join(self.folder, "no_package"), exist_ok=True)
        shutil.copy(os.path.join(self.folder, "test_slow.py"), os.path.join(self.folder, "no_package", "test_no.py"))
        self.assert_same("discover", "-p", "test_[in]*.py", contains="Ran ")


@medium
class NameTranscriptTest(TranscriptCase):
    def test_a_module_with_load_tests(self):
        self.assert_same("test_load_tests", "-v", contains="got the pattern None")

    def test_a_package(self):
        self.assert_same("package.test_inner", "-v", contains="test_alpha")

    def test_a_class_and_a_method(self):
        names = ("package.test_inner.InnerTest", "package.check_other.OtherTest.test_other")
        self.assert_same("-v", *names, contains="Ran 3 tests")

    def test_a_nested_class(self):
        self.assert_same("-v", "package.test_inner.OuterTest.NestedTest", contains="test_nested")

    def test_a_path(self):
        self.assert_same("-v", "package/test_inner.py", contains="package.test_inner")

    def test_a_path_from_the_current_folder(self):
        self.assert_same("-v", "./package/test_inner.py", contains="package")

    def test_an_absolute_path(self):
        self.assert_same("-v", os.path.join(self.folder, "package", "test_inner.py"), contains="package.test_inner")

    def test_a_path_that_does_not_exist(self):
        self.assert_same("package/there_is_none.py", contains="FAILED (errors=1)")

    def test_a_callable_that_returns_a_suite(self):
        self.assert_same("-v", "package.test_inner.suite", contains="test_alpha")

    def test_a_callable_that_returns_a_test(self):
        self.assert_same("-v", "package.test_inner.one_test", contains="test_beta")

    def test_a_callable_that_returns_something_else(self):
        theirs, ours = self.run_both("package.test_inner.no_test")
        self.assertIn("TypeError", theirs.stderr)
        self.assertEqual(normalised(theirs.stderr).splitlines()[-1], normalised(ours.stderr).splitlines()[-1])
        self.assertEqual(theirs.returncode, ours.returncode)

    def test_a_missing_module(self):
        self.assert_same("there_is_none", contains="FAILED (errors=1)")

    def test_a_missing_attribute(self):
        self.assert_same("package.test_inner.InnerTest.test_none", contains="FAILED (errors=1)")

    def test_a_method_that_is_no_test(self):
        self.assert_same("-v", "package.test_inner.InnerTest.helper", contains="not a test")

    def test_names_after_a_double_dash(self):
        self.assert_same("-v", "--", "package.test_inner", contains="OK")

    def test_a_name_twice(self):
        self.assert_same("package.test_inner", "package.test_inner", contains="OK")

    def test_a_module_with_a_main_function(self):
        self.assert_same("-v", "run_main", contains="test_main")


@medium
class PatternTranscriptTest(TranscriptCase):
    def test_a_substring(self):
        self.assert_same("-v", "-k", "alph", "package.test_inner", contains="Ran 1 test ")

    def test_a_pattern(self):
        self.assert_same("-v", "-k", "*Inner*_b*", "package.test_inner", contains="test_beta")

    def test_several_patterns_add_up(self):
        self.assert_same("-v", "-kalpha", "-k=outer", "-k", "beta", "package.test_inner", contains="test_beta")

    def test_patterns_know_upper_case_from_lower(self):
        self.assert_same("-v", "-k", "ALPHA", "package.test_inner", contains="Ran 0 tests")

    def test_a_pattern_with_discover(self):
        self.assert_same("discover", "-s", "package", "-k", "inner.Inner", "-v", contains="Ran 2 tests")


@medium
class AbbreviationTranscriptTest(TranscriptCase):
    def test_locals(self):
        self.assert_same("--l", "test_outcomes.OutcomeTest.test_failure", contains="expected = [1, 2, 3]")

    def test_failfast(self):
        self.assert_same("--f", "test_outcomes", contains="Ran 1 test ")

    def test_verbose_buffer_catch_quiet(self):
        self.assert_same("--v", "--b", "--c", "test_output", contains="Stdout:")
        self.assert_same("--q", "test_output", contains="Ran ")

    def test_pattern_and_start(self):
        self.assert_same("discover", "--s", "package", "--p", "check*", "--t", ".", contains="Ran 1 test")


@medium
class UsageTranscriptTest(TranscriptCase):
    def test_an_unknown_option(self):
        self.assert_same_usage_error("--there-is-none", contains="unrecognized arguments")

    def test_an_unknown_option_of_discover(self):
        self.assert_same_usage_error("discover", "--there-is-none", contains="unrecognized arguments")

    def test_an_option_without_its_value(self):
        self.assert_same_usage_error("-k", contains="expected one argument")

    def test_an_ambiguous_abbreviation_is_no_abbreviation_of_ours(self):
        self.assert_same_usage_error("--m", "strict", contains="unrecognized arguments")

    def test_discover_behind_an_option(self):
        self.assert_same_usage_error("-v", "discover", "-s", "package", contains="unrecognized arguments")

    def test_too_many_positional_arguments(self):
        self.assert_same_usage_error("discover", "package", "check*", ".", "more", contains="unrecognized arguments")

    def test_help_begins_with_that_of_unittest(self):
        for arguments in (["-h"], ["--help"], ["package.test_inner", "-h"]):
            with self.subTest(arguments=arguments):
                theirs, ours = self.run_both(*arguments)
                start = without_durations(theirs.stdout)
                self.assertEqual(start, without_durations(normalised(ours.stdout))[: len(start)])
                self.assertIn("--show-config", ours.stdout[len(theirs.stdout) :])
                self.assertEqual(0, ours.returncode)

    def test_help_of_discover_begins_with_that_of_unittest(self):
        theirs, ours = self.run_both("discover", "--help")
        start = without_durations(theirs.stdout)
        self.assertEqual(start, without_durations(normalised(ours.stdout))[: len(start)])
        self.assertEqual(0, ours.returncode)


@medium
@unittest.skipUnless(_HAS_DURATIONS, "unittest has --durations from Python 3.12 on")
class DurationsTranscriptTest(TranscriptCase):
    def test_the_slowest_tests(self):
        self.assert_same("--durations", "2", "test_slow", contains="Slowest test durations")

    def test_all_slow_tests(self):
        names = ("test_slow.SlowTest.test_slow", "test_slow.SlowTest.test_slower")
        self.assert_same("--durations=0", *names, contains="test_slower")

    def test_abbreviated(self):
        self.assert_same("--dur", "1", "test_slow", contains="test_slower")

    def test_a_fast_test_verbosely(self):
        self.assert_same("--durations", "0", "-v", "test_slow.SlowTest.test_fast", contains="0.00")

    def test_of_an_expected_count(self):
        self.assert_same_usage_error("--durations", "many", "test_slow", contains="invalid int value")


@medium
class DurationsOnEveryPythonTest(TranscriptCase):
    def run_with(self, *arguments):
        run = run_python("-m", "hermetic", *arguments, cwd=self.folder)
        self.assertEqual(0, run.returncode, run.stderr)
        return run.stderr

    def test_the_slowest_are_listed_with_the_slowest_first(self):
        text = self.run_with("--durations", "2", "test_slow")
        rows = r"\n-+\n\d+\.\d{3}s +test_slower .*\n\d+\.\d{3}s +test_slow "
        self.assertRegex(text, "Slowest test durations" + rows)

    def test_they_come_before_the_count_of_tests(self):
        text = self.run_with("--durations", "1", "test_slow")
        self.assertRegex(text, r"(?s)test_slower .*\n\n-*\n?Ran 5 tests in ")

    def test_tests_below_a_millisecond_are_hidden(self):
        text = self.run_with("--durations", "0", "test_slow")
        self.assertIn("(durations < 0.001s were hidden; use -v to show these durations)", text.lower())

    def test_nothing_is_listed_without_the_option(self):
        self.assertNotIn("durations", self.run_with("test_slow"))


if __name__ == "__main__":
    unittest.main()
