"""The commands that show findings."""

from __future__ import annotations

import sys
from unittest import mock

import support
from hermetic import HermeticTestCase
from hermetic._base import command
from hermetic._vary import by_hand
from hermetic._vary.study_findings import ALL_TESTS, ALONE, ITS_CLASS, Finding
from hermetic._vary.verdicts import FAILS, FIXTURE, MODULE, PASSES, TEST, Subject, Verdict


def finding(*names, subject=Subject(TEST, "tests.test_x.XTest.test_y", 0), company=ALONE, **kwargs):  # noqa: B008
    return Finding(subject, names, Verdict(PASSES, "", (), 0), Verdict(FAILS, "", (), 0), 5, 5, company, **kwargs)


@support.posix_only("shell of this kind")
class CommandTest(HermeticTestCase):
    def shown(self, found, *arguments):
        return self.made(by_hand.command_for, found, *arguments)

    def bisection(self, found, *arguments):
        return self.made(by_hand.bisection_for, found, *arguments)

    def made(self, make, found, *arguments):
        argv = ["/x/hermetic/__main__.py", *arguments]
        with (
            mock.patch.object(sys, "argv", argv),
            mock.patch.object(sys, "orig_argv", ["python", "-m", "hermetic", *arguments]),
            mock.patch.object(command, "NAME", "python -m hermetic"),
        ):
            return make(found)

    def test_variables_and_options_stand_where_a_shell_has_them(self):
        self.assertEqual(
            self.shown(finding("timezone=UTC"), "--vary", "discover", "-s", "tests"),
            "TZ=UTC0 python -m hermetic discover -s tests -k tests.test_x.XTest.test_y",
        )
        self.assertEqual(
            self.shown(finding("bytes-warning=error"), "--vary=bytes-warning", "--vary-budget", "9", "tests.test_x"),
            "python -bb -m hermetic tests.test_x -k tests.test_x.XTest.test_y",
        )
        self.assertEqual(
            self.shown(finding("home=unset"), "--vary", "home", "tests.test_x", "-k", "other"),
            "env -u HOME python -m hermetic tests.test_x -k tests.test_x.XTest.test_y",
        )
        self.assertEqual(
            self.shown(finding("umask=077", "ci=set"), "--vary"),
            "CI=true sh -c 'umask 077; exec \"$@\"' sh python -m hermetic -k tests.test_x.XTest.test_y",
        )

    def test_what_no_shell_can_set_is_set_by_an_option(self):
        self.assertEqual(
            self.shown(finding("timezone=UTC", "garbage=off"), "--vary", "-j", "2"),
            "python -m hermetic --vary-only timezone=UTC,garbage=off -k tests.test_x.XTest.test_y",
        )

    def test_the_tests_that_it_takes_are_chosen(self):
        shown = {
            self.shown(finding("ci=set", subject=subject, company=company), "--vary").partition("hermetic")[2]
            for subject, company in (
                (Subject(TEST, "m.C.t", 0), ITS_CLASS),
                (Subject(TEST, "m.C.t", 0), ALL_TESTS),
                (Subject(FIXTURE, "setUpClass (m.D)", 0), ALONE),
                (Subject(MODULE, "n", 0), ALONE),
            )
        }
        self.assertEqual(shown, {" -k m.C.", "", " -k m.D", " -k n"})

    def test_the_other_tests_that_a_finding_takes_are_found_by_bisection(self):
        for found, expected in (
            (finding("order=reversed", "ci=set", company=ALL_TESTS), "--vary-only order=reversed,ci=set tests.test_x"),
            (finding("descriptors=few", company=ITS_CLASS), "--vary-only descriptors=few tests.test_x"),
            (finding("order=reversed", company=ITS_CLASS, needs_others=True), "tests.test_x"),
            (finding("order=alone"), "tests.test_x"),
            (finding("order=alone", "ci=set"), "--vary-only ci=set tests.test_x"),
        ):
            shown = self.bisection(found, "--vary", "tests.test_x", "-k", "other")
            self.assertEqual(shown, f"python -m hermetic {expected} --bisect tests.test_x.XTest.test_y")

    def test_no_bisection_is_shown_that_finds_nothing(self):
        for found in (
            finding("ci=set"),
            finding("order=twice", company=ITS_CLASS),
            finding("order=reversed", subject=Subject(MODULE, "n", 0), company=ALL_TESTS),
            finding("order=reversed", subject=Subject(TEST, "m.C.t", 1), company=ALL_TESTS),
        ):
            self.assertEqual(self.bisection(found, "--vary"), "")
        self.assertEqual(self.bisection(finding("order=reversed", company=ALL_TESTS), "--script", "run.py"), "")

    def test_a_script_gets_the_names_from_hermetic(self):
        self.assertEqual(
            self.shown(finding("ci=set"), "--vary", "--script", "run.py", "-k", "its"),
            "echo tests.test_x.XTest.test_y | CI=true python -m hermetic --tests-from - --script run.py -k its",
        )
