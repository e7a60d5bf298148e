"""Compares a run with the earlier runs that the history has kept."""

from __future__ import annotations

from collections import Counter

from .._base.records import PastRun
from .test_records import FlakyTest, Trends

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from .test_records import RunRecord, TestRecord

NEW_FAILURE, FIXED, SLOWER = "new_failure", "fixed", "slower"
_TIMES, _SECONDS = 2.0, 0.25  # a test is slower if it takes so many times as long as before, and so much longer
_MAX_FLAKY = 100
_KINDS = ("failed", "passed", "flaky")  # of names in a run


def compare(run: RunRecord, runs: Sequence[PastRun], durations: Mapping[str, float], failed: Collection[str]) -> Trends:
    """Compare a run with the history.

    Args:
        runs: the earlier runs, the last of them last.
        durations: the seconds that tests took in their last run, by id.
        failed: the names of what failed in its last run.
    """
    earlier = [entry for entry in runs if entry.started != round(run.started, 6)]
    now = _summary(run, {name for entry in earlier for name in (*entry.failed, *entry.flaky)})
    changes = {}
    if earlier:
        for record in run.tests:
            change = _change(record, durations, failed)
            if change:
                changes[record.history_name] = change
    return Trends(earlier, now, changes, _flaky([*earlier, now]))


def _summary(run: RunRecord, once_bad: set[str]) -> PastRun:
    failed = dict.fromkeys(record.history_name for record in run.tests if record.is_bad)
    flaky = dict.fromkeys(record.id for record in run.tests if record.is_flaky)
    passed = {record.id: None for record in run.tests if record.id in once_bad and record.outcome == "success"}
    kept = tuple(name for name in passed if name not in failed and name not in flaky)
    count = sum(record.kind == "test" for record in run.tests)
    return PastRun(run.started, run.duration, count, len(failed), run.code, tuple(failed), kept, tuple(flaky))


def _change(record: TestRecord, durations: Mapping[str, float], failed: Collection[str]) -> str:
    name = record.history_name
    if record.is_bad:
        return "" if name in failed else NEW_FAILURE
    if record.outcome != "success":
        return ""
    if name in failed:
        return FIXED
    before = durations.get(name)
    is_slower = before is not None and record.duration > max(before * _TIMES, before + _SECONDS)
    return SLOWER if is_slower else ""


def _flaky(runs: Sequence[PastRun]) -> list[FlakyTest]:
    both: dict[str, tuple[set[str], set[str]]] = {}
    for run in runs:
        if run.code:
            failed, passed = both.setdefault(run.code, (set(), set()))
            failed.update(run.failed)
            passed.update(run.passed)
    names = {name for run in runs for name in run.flaky}.union(*(failed & passed for failed, passed in both.values()))
    failed_in, passed_in, retried_in = (Counter(name for run in runs for name in getattr(run, kind)) for kind in _KINDS)
    ago = {name: ago for ago, run in reversed([*enumerate(reversed(runs))]) for name in (*run.failed, *run.flaky)}
    found = [FlakyTest(name, failed_in[name], passed_in[name], retried_in[name], ago[name]) for name in names]
    return sorted(found, key=lambda test: (test.runs_ago, -test.failed - test.retried, test.id))[:_MAX_FLAKY]
