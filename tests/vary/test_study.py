"""The study on suites that exist only here: what is found, and who is accused."""

from __future__ import annotations

import itertools
import random
from unittest import mock

from hermetic import HermeticTestCase
from hermetic._base.errors import ConfigurationError
from hermetic._variations import catalogue
from hermetic._variations.variation import Variation
from hermetic._vary.runs import OutOfBudgetError
from hermetic._vary.study import Study
from hermetic._vary.study_findings import ALL_TESTS, ALONE, ITS_CLASS
from hermetic._vary.verdicts import (
    FAILS,
    FIXTURE,
    IS_SKIPPED,
    MODULE,
    MOST_TESTS,
    PASSES,
    TEST,
    THE_PROGRAM,
    Subject,
    Verdict,
    Verdicts,
)

SEED, ZONE, ORDER, MASK = "hash-seed=1", "timezone=Asia/Kathmandu", "order=reversed", "umask=077"
TOGETHER = "in a run at the same time as another"
PASS, SKIP = Verdict(PASSES, "", (), 0.0), Verdict(IS_SKIPPED, "why", (), 0.0)


def failure(text="AssertionError", codes=()):
    return Verdict(FAILS, text, codes, 0.0)


def subject(name, kind=TEST):
    return Subject(kind, f"m.C.{name}" if kind == TEST and "." not in name else name, 0)


class FakeRuns:
    """Runs a suite that is a table: for each test, a function of the variations and the tests that run."""

    def __init__(self, tests, *, most=1000, jobs=1):
        self.suite = {subject(name) if isinstance(name, str) else name: verdict for name, verdict in tests.items()}
        self.processes, self.seconds = 0, 0.0
        self.most, self.jobs = most, jobs

    def limit(self, verdicts, seconds):
        pass

    def each(self, asked, *, in_turn=False):
        together = {TOGETHER} if self.jobs > 1 and len(asked) > 1 and not in_turn else set()
        return [self.one({*together, *(variation.name for variation in run.variations)}, run.tests) for run in asked]

    def one(self, names, tests):
        self.processes += 1
        if self.processes > self.most:
            raise OutOfBudgetError
        chosen = {test for test in self.suite if tests is None or test in tests or test.kind != TEST}
        is_alone = "order=alone" in names
        found = {test: self.suite[test](names, {test} if is_alone else chosen) for test in self.suite if test in chosen}
        return Verdicts({test: verdict for test, verdict in found.items() if verdict is not None})


def under(*needed, verdict=None):
    return lambda names, _: (verdict or failure()) if {*needed} <= names else PASS


def entangled(draw):
    """Tests that depend on variations and on each other: some fail after others, some without others."""
    tests = [f"m.{draw.choice('CD')}.t{number}" for number in range(12)]

    def some(things, counts):
        return {*draw.sample(things, draw.choice(counts))}

    def made():
        others = [subject(test) for test in tests]
        causes = [
            (some([SEED, ZONE, ORDER, MASK], (1, 1, 2)), some(others, (0, 0, 1))) for _ in range(draw.choice((0, 1, 2)))
        ]
        lacking = some(others, (0, 0, 0, 1))

        def verdict(names, running):
            fails = any(needed <= names and before <= running for needed, before in causes)
            return failure() if fails or not lacking <= {*running} else PASS

        return verdict

    return {test: made() for test in tests}


class StudyTest(HermeticTestCase):
    def study(self, tests, names=(SEED, ZONE, ORDER, MASK), **kwargs):
        self.told = []
        self.runs = FakeRuns(tests, **kwargs)
        variations = [catalogue.BY_NAME[name] for name in names]
        with mock.patch.object(Variation, "why_not", lambda _: ""):  # this machine may have some so already
            return Study(self.runs, variations, self.told.append).go()

    def accused(self, findings):
        return {finding.subject.name.rpartition(".")[2]: finding.names for finding in findings.steady}

    def test_each_dependence_is_named_and_nobody_else(self):
        tests = {
            "seed": under(SEED),
            "zone": under(ZONE),
            "both": under(ZONE, MASK),
            **{f"ok{n}": under("no") for n in range(20)},
        }
        findings = self.study(tests)
        self.assertEqual(self.accused(findings), {"seed": (SEED,), "zone": (ZONE,), "both": (ZONE, MASK)})
        self.assertEqual((findings.unsteady, findings.unstable, findings.unexplained), ([], [], {}))
        self.assertEqual(findings.tests, 23)

    def test_a_failure_that_goes_away_is_a_dependence_too(self):
        findings = self.study({"test": lambda names, _: PASS if SEED in names else failure()})
        self.assertEqual(self.accused(findings), {"test": (SEED,)})

    def test_violations_are_compared_and_texts_are_not(self):
        findings = self.study(
            {
                "violation": lambda names, _: failure("x", ("H001",) if SEED in names else ()),
                "text": lambda names, _: failure(str(sorted(names))),
            }
        )
        self.assertEqual(self.accused(findings), {"violation": (SEED,)})

    def test_tests_that_differ_between_plain_runs_are_set_apart(self):
        turns = itertools.cycle([PASS, failure()])
        findings = self.study({"test": lambda *_: next(turns)})
        self.assertEqual(findings.unstable, [subject("test")])
        self.assertEqual(self.accused(findings), {})

    def test_runs_are_in_turn_if_tests_differ_in_runs_at_the_same_time(self):
        findings = self.study({"port": under(TOGETHER), "seed": under(SEED)}, jobs=2)
        self.assertEqual(self.runs.jobs, 1)
        self.assertEqual((self.accused(findings), findings.unstable), ({"seed": (SEED,)}, []))

    def test_what_runs_at_the_same_time_do_to_each_other_is_not_said_of_a_variation(self):
        tests = {"port": under(TOGETHER, SEED), "seed": under(SEED), "zone": under(ZONE), "mask": under(MASK)}
        findings = self.study(tests, jobs=2)
        self.assertEqual(self.runs.jobs, 2)
        self.assertEqual(self.accused(findings), {"seed": (SEED,), "zone": (ZONE,), "mask": (MASK,)})

    def test_each_accusation_can_be_shown_by_hand_whatever_tests_do_to_each_other(self):
        accused = 0
        for seed in range(60):
            tests = entangled(random.Random(seed))
            for finding in self.study(tests, jobs=1 + seed % 2, most=10_000).steady:
                accused += 1
                company = {finding.subject} if finding.company == ALONE else {*self.runs.suite}
                if finding.company == ITS_CLASS:
                    owner = finding.subject.name.rpartition(".")[0]
                    company = {one for one in company if one.name.rpartition(".")[0] == owner}
                verdict = self.runs.suite[finding.subject]
                with self.subTest(seed=seed, finding=finding):
                    self.assertNotEqual(verdict({*finding.names}, company), verdict(set(), company))
        self.assertGreater(accused, 200)

    def test_random_failures_are_not_accusations(self):
        accused = 0
        for seed in range(150):
            draw = random.Random(seed)
            test = {"test": lambda *_, draw=draw: failure() if draw.random() < 0.4 else PASS}
            findings = self.study(test, jobs=1 + seed % 2)
            accused += len(findings.steady)
        self.assertEqual(accused, 0)

    def test_what_does_not_show_each_time_is_unsteady(self):
        turns = itertools.chain(itertools.repeat(failure(), 6), itertools.repeat(PASS))
        findings = self.study({"test": lambda names, _: next(turns) if SEED in names else PASS}, names=[SEED])
        self.assertEqual(findings.steady, [])
        (unsteady,) = findings.unsteady
        self.assertEqual((unsteady.subject, unsteady.names), (subject("test"), (SEED,)))

    def test_a_skip_is_no_dependence_and_a_skip_that_ends_is_news(self):
        findings = self.study(
            {"skipped": under(SEED, verdict=SKIP), "news": lambda names, _: PASS if SEED in names else SKIP}
        )
        self.assertEqual(self.accused(findings), {})
        self.assertEqual(findings.unskipped, {subject("news"): SEED})

    def test_a_failed_import_is_one_finding_and_hides_nothing(self):
        module = Subject(MODULE, "m", 0)
        findings = self.study(
            {
                module: lambda names, _: failure("ImportError") if ZONE in names else None,
                "zone": lambda names, _: None if ZONE in names else PASS,
                "seed": lambda names, _: None if ZONE in names else under(SEED)(names, _),
            }
        )
        self.assertEqual(
            {finding.subject: finding.names for finding in findings.steady},
            {module: (ZONE,), subject("seed"): (SEED,)},
        )

    def test_a_failed_fixture_is_one_finding_and_hides_nothing(self):
        fixture = Subject(FIXTURE, "setUpClass (m.C)", 0)
        findings = self.study(
            {
                fixture: lambda names, tests: failure() if MASK in names and len(tests) > 1 else None,
                "seed": lambda names, _: None if MASK in names else under(SEED)(names, _),
            }
        )
        self.assertEqual(
            {finding.subject: finding.names for finding in findings.steady},
            {fixture: (MASK,), subject("seed"): (SEED,)},
        )

    def test_the_company_that_a_test_needs_is_found(self):
        def with_all(names, tests, *, least):
            return failure() if ORDER in names and len(tests) >= least else PASS

        findings = self.study(
            {
                "alone": under(SEED),
                "class": lambda names, tests: with_all(names, tests, least=3),
                "all": lambda names, tests: with_all(names, tests, least=4),
                subject("m.D.other"): under("no"),
            }
        )
        self.assertEqual(
            {finding.subject.name: (finding.names, finding.company) for finding in findings.steady},
            {"m.C.alone": ((SEED,), ALONE), "m.C.class": ((ORDER,), ITS_CLASS), "m.C.all": ((ORDER,), ALL_TESTS)},
        )

    def test_a_test_that_another_spoils_is_not_said_to_change_alone(self):
        def spoilt(by):
            return lambda names, tests: failure() if SEED in names and subject(by) in tests else PASS

        def needing(by):
            return lambda names, tests: failure() if SEED in names or subject(by) not in tests else PASS

        findings = self.study(
            {
                "m.D.spoils": under(SEED),
                "m.D.same": spoilt("m.D.spoils"),
                "other": spoilt("m.D.spoils"),
                "needs": needing("m.D.spoils"),
            }
        )
        self.assertEqual(
            {finding.subject.name: (finding.names, finding.company) for finding in findings.steady},
            {
                "m.D.spoils": ((SEED,), ALONE),
                "m.D.same": ((SEED,), ITS_CLASS),
                "m.C.other": ((SEED,), ALL_TESTS),
                "m.C.needs": ((SEED,), ALL_TESTS),
            },
        )
        self.assertEqual([one.subject.name for one in findings.steady if one.needs_others], ["m.C.needs"])

    def test_a_second_cause_of_another_failure_is_found(self):
        def verdict(names, _):
            return failure("seed") if SEED in names else failure("zone") if ZONE in names else PASS

        findings = self.study({"test": verdict})
        self.assertEqual([finding.names for finding in findings.steady], [(SEED,), (ZONE,)])

    def test_other_values_of_a_known_cause_are_noted(self):
        zones = (ZONE, "timezone=UTC", "timezone=Etc/GMT+12")
        findings = self.study({"test": lambda names, _: failure() if names & {*zones} else PASS}, names=zones)
        (finding,) = findings.steady
        self.assertEqual((finding.names, finding.also), ((ZONE,), ["timezone=Etc/GMT+12", "timezone=UTC"]))

    def test_what_did_not_run_is_told(self):
        findings = self.study({"test": lambda names, _: None if SEED in names else PASS, "other": under(ZONE)})
        self.assertEqual([*findings.not_run], [subject("test")])
        self.assertEqual(self.accused(findings), {"other": (ZONE,)})

    def test_what_changes_most_tests_is_one_finding_and_hides_nothing(self):
        tests = {
            **{f"most{n}": lambda names, _: failure() if {ORDER, ZONE} & names else PASS for n in range(50)},
            "seed": under(SEED),
            "mask": lambda names, _: failure() if {MASK, ORDER} & names else PASS,
            "fails": lambda *_: failure(),
        }
        findings = self.study(tests)
        self.assertEqual(
            [(finding.subject, finding.names, len(finding.tests)) for finding in findings.steady],
            [
                (MOST_TESTS, (ZONE,), 50),
                (MOST_TESTS, (ORDER,), 51),
                (subject("seed"), (SEED,), 0),
                (subject("mask"), (MASK,), 0),
            ],
        )
        self.assertEqual(findings.unexplained, {})

    def test_other_values_of_what_changes_most_tests_are_noted(self):
        zones = (ZONE, "timezone=UTC")
        tests = {f"most{n}": lambda names, _: failure() if {*zones} & names else PASS for n in range(50)}
        (finding,) = self.study(tests, names=zones).steady
        self.assertEqual((finding.subject, finding.names, finding.also), (MOST_TESTS, (ZONE,), ["timezone=UTC"]))

    def test_what_several_variations_change_together_is_not_said_of_one(self):
        tests = {
            **{f"zone{n}": under(ZONE) for n in range(25)},
            **{f"seed{n}": under(SEED) for n in range(25)},
            **{f"ok{n}": under("no") for n in range(20)},
        }
        findings = self.study(tests)
        self.assertEqual(
            self.accused(findings),
            {**{f"zone{n}": (ZONE,) for n in range(25)}, **{f"seed{n}": (SEED,) for n in range(25)}},
        )

    def test_most_tests_of_a_random_suite_are_not_accused(self):
        for seed in range(20):
            draw = random.Random(seed)
            tests = {f"t{n}": lambda *_, draw=draw: failure() if draw.random() < 0.5 else PASS for n in range(60)}
            self.assertEqual(self.study(tests, names=(SEED, ZONE)).steady, [])
        for seed in range(20):  # all at once, as when a server is away
            draw, away = random.Random(seed), {}

            def verdict(*_, draw=draw, away=away):
                run = self.runs.processes
                return failure() if away.setdefault(run, run > 2 and draw.random() < 0.5) else PASS

            findings = self.study({f"t{n}": verdict for n in range(60)}, names=(SEED, ZONE))
            self.assertEqual(findings.steady, [])

    def test_a_search_that_contradicts_itself_ends_and_the_others_go_on(self):
        names = [variation.name for variation in catalogue.batches(catalogue.ALL)[0]]

        def contradictory(those, _):  # it changes if all are in force, and under no half of them
            return failure() if len(those) > len(names) - 3 else PASS

        findings = self.study({"odd": contradictory, "seed": under(SEED)}, names=names)
        self.assertEqual(self.accused(findings), {"seed": (SEED,)})
        self.assertIn("many variations together", findings.unexplained[subject("odd")])
        self.assertLess(self.runs.processes, 90)

    def test_what_changed_once_and_not_again_is_given_up_at_once(self):
        turns = itertools.chain([failure()], itertools.repeat(PASS))
        findings = self.study({"once": lambda names, _: next(turns) if names else PASS, "seed": under(SEED)})
        self.assertEqual(self.accused(findings), {"seed": (SEED,)})
        self.assertIn("in another", findings.unexplained[subject("once")])

    def test_a_suite_without_tests_is_an_error(self):
        with self.assertRaisesRegex(ConfigurationError, "has no tests: SyntaxError"):
            self.study({THE_PROGRAM: lambda *_: failure("SyntaxError")})

    def test_a_suite_without_tests_names_the_modules_that_could_not_be_imported(self):
        module = Subject(MODULE, "test_x", 0)
        with self.assertRaisesRegex(ConfigurationError, "has no tests: the import of test_x: SyntaxError"):
            self.study({module: lambda *_: failure("SyntaxError")})

    def test_what_no_time_was_left_for_is_named(self):
        findings = self.study({"seed": under(SEED), "other": under("no")}, names=(SEED, "hash-seed=2"), most=4)
        self.assertEqual(findings.not_tried, [SEED, "hash-seed=2"])
        self.assertEqual([*findings.unexplained], [subject("seed")])  # it changed, and its search did not end
