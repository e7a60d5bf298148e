"""Sums up a run for people: its violations, warnings and leaks, how many are known, and what ended it early."""

from __future__ import annotations

from .._patches import installation
from .._settings.current_run import current_run
from .._stdlib import unittest_internals
from .._terminal import colours
from .._verdicts import scopes
from .guarded_result import guarding
from .listeners import Listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TextIO

    from .._base.errors import ViolationError
    from .._base.records import Violation
    from .._reports.test_records import Entry, TestRecord
    from .._verdicts.known_violations import KnownViolations


class Summary(Listener):
    """The lines of hermetic at the end of a run.

    Args:
        known: the violations that the baseline lists, if it lists any.
        seed_line: the line that says how to repeat the order of the tests, if it is not the usual one.
        is_nested: whether a test runs the run: that test's own run sums up what both were allowed.
    """

    def __init__(
        self, known: KnownViolations | None = None, seed_line: str | None = None, *, is_nested: bool = False
    ) -> None:
        self._known = known
        self._seed_line = seed_line
        self._is_nested = is_nested
        self._violations: list[Violation] = []
        self._allowed: list[Violation] = []
        self._leaks: list[tuple[str, list[str]]] = []
        self._retried: list[tuple[Any, Sequence[TestRecord], str]] = []  # with their attempts and their diagnosis

    def addViolations(self, test: Any, errors: Sequence[ViolationError]) -> None:
        self._violations += [error.violation for error in errors]

    def addAllowed(self, violations: Sequence[Violation]) -> None:
        self._allowed += violations

    def addLeaks(self, test: Any, what: str, changes: Sequence[str]) -> None:
        self._leaks.append((what, [*changes]))

    def addRetries(self, test: Any, attempts: Sequence[TestRecord], diagnosis: str) -> None:
        self._retried.append((test, attempts, diagnosis))

    def wasSuccessful(self) -> bool:
        return current_run.settings.flaky != "error" or not any(map(_is_flaky, self._retried))

    def summary_lines(self, result: Any, stream: TextIO) -> list[str]:
        lines = self._retries(result, stream) if self._retried else []
        lines += self._findings(result, stream) if self._may_have_findings() else []
        methods = [] if self._is_nested else scopes.running.start_methods
        if methods:
            lines.append(f"start method{'s' if len(methods) > 1 else ''} of multiprocessing: {', '.join(methods)}")
        if self._seed_line is not None and not result.wasSuccessful():
            lines.append(self._seed_line)  # its first copy may be far away by now
        if result.ended_early is not None:
            lines.append(f"The run ended early: {result.ended_early}")
        return lines

    def _retries(self, result: Any, stream: TextIO) -> list[str]:
        """Show flaky tests with their first failure, as unittest shows failures, and list tests without a pass."""
        flaky = [entry for entry in self._retried if _is_flaky(entry)]
        lines: list[str] = []
        for test, attempts, diagnosis in flaky:
            texts = [f"{entry.subtest}\n".lstrip() + _text_of(entry) for entry in attempts[0].entries]
            lines += [getattr(result, "separator1", "=" * 70), f"FLAKY: {result.getDescription(test)}"]
            lines += [getattr(result, "separator2", "-" * 70), *"\n\n".join(texts).split("\n"), ""]
            count = len(attempts)
            failed = "once" if count == 2 else f"{count - 1} times"  # noqa: PLR2004 - a failure and a success
            lines += [f"It failed {failed}, and passed in attempt {count}.", *diagnosis.splitlines(), ""]
        for entry in self._retried:
            if entry not in flaky:
                _, attempts, diagnosis = entry
                verdict = "could not be retried" if diagnosis else _verdict_of(attempts)  # the diagnosis says why
                lines += [f"{verdict}: {attempts[0].id}"]
                lines += [f"  {line}" for line in diagnosis.splitlines()]
        if flaky:
            shown = unittest_internals.in_colour_of_warnings(f"flaky={len(flaky)}", result)
            unittest_internals.add_to_last_line(stream, shown)
        return lines

    def _may_have_findings(self) -> bool:
        """Whether there is anything to look for: what does so takes 3 ms to load."""
        is_configured = self._known is not None or bool(current_run.settings.allow)
        is_guarded = installation.installed.is_complete
        return bool(self._violations or self._allowed or self._leaks) or (is_configured and is_guarded)

    def _findings(self, result: Any, stream: TextIO) -> list[str]:
        allowed: Sequence[Violation] = self._allowed
        known: list[str] = []
        if current_run.is_observing:
            allowed = []  # the survey, or another observer, reports them
        elif self._known is not None:
            allowed, known = self._known.told_apart(allowed, result)
        bad, odd = guarding().several_violations.summary_of_run(self._violations, allowed, self._leaks)
        if colours.are_wanted(stream):
            bad, odd = colours.of_headings(bad, colours.RED), colours.of_headings(odd, colours.YELLOW)
        return [*bad, *odd, *known]


def _is_flaky(retried: tuple[Any, Sequence[TestRecord], str]) -> bool:
    return retried[1][-1].is_success


def _verdict_of(attempts: Sequence[TestRecord]) -> str:
    """What the attempts of a test came to that has not passed."""
    count, skipped = len(attempts), sum(attempt.outcome == "skip" for attempt in attempts)
    if not skipped:
        return f"failed in each of {count} attempts"
    return f"failed in {count - skipped} of {count} attempts, and was skipped in {skipped}"


def _text_of(entry: Entry) -> str:
    return entry.text.rstrip() or entry.outcome.replace("_", " ").capitalize()
