"""Implements ``--bisect TEST``: finds the earlier tests that make a test fail or pass, and commands that show it.

    alone        run the test alone several times, to recognize a flaky test
    after all    run it after all earlier tests; if the outcome is the same, only imports can matter
    search       find the earlier tests that matter, with ``bisection`` and ``trials``
    once more    repeat the trial with the found tests, and the trial alone

Each trial is a line on standard error; the result goes to standard output.
"""

from __future__ import annotations

import sys

from .._base.errors import ConfigurationError
from .._suites import suite_blocks, suite_tests
from .._verdicts import scopes
from . import bisection
from .trials import FAILS, IS_NOT_REACHED, PASSES, THE_RUN, Trials, process_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .bisection import Places
    from .reproduction import Reproduction
    from .trials import Outcome

FOUND, NOTHING_FOUND, IS_FLAKY = 0, 1, 3  # exit codes
_TIMES_ALONE = 3
_MAX_LEFT_OUT = 20  # tests that end their process
_MAX_SHOWN = 10  # tests shown after a search was stopped
_NO_COMMAND = "-k cannot select tests that load_tests creates"
_MAX_NEAR = 3  # similar names shown for an unknown one


def find_polluters(name: str, suite: Any, reproduction: Reproduction) -> int:
    """Find the tests that a test depends on, print them, and return the exit code.

    Raises:
        ConfigurationError: no test or several tests have that id, or no other process can run the test.
        KeyboardInterrupt: Ctrl-C; the findings so far have been printed.
    """
    with scopes.unjudged():
        trials = Trials(suite)
        try:
            return _Search(name, trials, reproduction).go()
        finally:
            trials.close()


class _FlakyError(Exception):
    """The test has failed and passed after the same tests."""


class _Search:
    def __init__(self, name: str, trials: Trials, reproduction: Reproduction) -> None:
        self._name = name
        self._trials = trials
        self._reproduction = reproduction
        self._all_names = [one for block in trials.blocks for one in suite_blocks.names_in_block(block)]
        place = self._place()
        self._victim = trials.blocks[place]
        self._process = process_of(self._victim)
        sharing = [block for block in trials.blocks[:place] if process_of(block) == self._process]
        self._earlier = [block for block in sharing if trials.can_run(block)]
        self._unfound = len(sharing) - len(self._earlier)
        self._alone: Outcome
        self._fewest: Places = ()  # the fewest tests that are known to make a difference
        self._with_those: Outcome
        self._in_vain = 0  # consecutive trials without a difference

    def _place(self) -> int:
        found = [
            place for place, block in enumerate(self._trials.blocks) if self._name in suite_blocks.names_in_block(block)
        ]
        count = self._all_names.count(self._name)
        if not found:
            raise ConfigurationError(f"--bisect {self._name}: {self._unknown()}")
        if count > 1:
            raise ConfigurationError(f"--bisect {self._name}: {count} tests have this id, and cannot be told apart")
        if not self._trials.can_run(self._trials.blocks[found[0]]):
            raise ConfigurationError(f"--bisect {self._name}: another process cannot load this test")
        return found[0]

    def _unknown(self) -> str:
        import difflib  # only needed for an unknown name

        names = [*dict.fromkeys(self._all_names)]
        for block in self._trials.blocks:
            if suite_tests.failed_to_load(block.test) and self._name.startswith(f"{block.name}."):
                return f"the module {block.name} could not be loaded; run it to see why"
        near = [known for known in names if known.endswith(f".{self._name}") or known.startswith(f"{self._name}.")]
        near = near or difflib.get_close_matches(self._name, names, _MAX_NEAR)
        advice = f"write an id, such as {' or '.join(near[:_MAX_NEAR])}" if near else "none is similar"
        return f"no test of this run has that id, of {len(names)}; {advice}"

    def go(self) -> int:
        """Search, print the result, and return the exit code."""
        if self._process is None:
            _tell(f"{self._name} is isolated: no other test runs in its process, so none can make it fail or pass.")
            return NOTHING_FOUND
        shared = "" if self._process == THE_RUN else " in the process of its group"
        _note(f"{self._name}: {_count(len(self._earlier), 'test')} run{shared} before it")
        self._note_unfound(self._unfound)
        try:
            return self._go()
        except KeyboardInterrupt:
            _note("\nStopped by Ctrl-C" + (self._known() if self._fewest else ""))
            raise

    def _go(self) -> int:
        alone = [self._try((), f"alone, {number} of {_TIMES_ALONE}") for number in range(1, _TIMES_ALONE + 1)]
        self._alone = alone[0]
        failures = sum(outcome.is_failure for outcome in alone)
        if failures not in (0, _TIMES_ALONE):
            _tell(f"{self._name} is flaky: alone, it fails in {failures} of {_TIMES_ALONE} trials.")
            return IS_FLAKY
        whole = self._try_all() if self._earlier else self._alone
        if whole.verdict == IS_NOT_REACHED:
            _tell(f"{self._name} is not reached: more than {_MAX_LEFT_OUT} tests before it end their process.")
            return NOTHING_FOUND
        if whole.is_failure == self._alone.is_failure:
            return self._tell_nothing()
        self._fewest, self._with_those = tuple(range(len(self._earlier))), whole
        self._trials.limit(whole.seconds)
        try:
            self._fewest = bisection.smallest_part(len(self._earlier), self._differs_after)
            self._once_more()
        except _FlakyError as error:
            _tell(f"{self._name} is flaky: {error} it both failed and passed.")
            return IS_FLAKY
        self._tell_found()
        return FOUND

    def _try(self, places: Sequence[int], what: str) -> Outcome:
        """Run the test after some earlier tests, and print the outcome."""
        sys.stderr.write(f"  {what}: ")
        sys.stderr.flush()
        outcome = self._trials.run([self._earlier[place] for place in places], self._victim, self._name)
        at = outcome.ended_at
        _note(outcome.verdict if at is None else f"{outcome.verdict}; {self._ended(places[at], outcome)}")
        return outcome

    def _ended(self, place: int, outcome: Outcome) -> str:
        return f"{self._earlier[place].name} ended the process: {outcome.text}"

    def _these(self, places: Places) -> str:
        return self._earlier[places[0]].name if len(places) == 1 else _count(len(places), "test")

    def _try_all(self) -> Outcome:
        """Run the test after all earlier tests, except for those that end the process or that it cannot load."""
        for _ in range(_MAX_LEFT_OUT + 1):
            outcome = self._try(range(len(self._earlier)), f"after all {len(self._earlier):,}")
            left_out = {*outcome.unfound, outcome.ended_at}
            self._earlier = [block for place, block in enumerate(self._earlier) if place not in left_out]
            self._note_unfound(len(outcome.unfound))
            if outcome.ended_at is None:
                break
        return outcome

    @staticmethod
    def _note_unfound(count: int) -> None:
        if count:
            _note(f"  left out, because another process cannot load them: {_count(count, 'test')}")

    def _differs_after(self, places: Places) -> bool:
        outcome = self._try(places, f"after {self._these(places)}")
        if self._differs(outcome):
            self._in_vain = 0
            if len(places) < len(self._fewest):
                self._fewest, self._with_those = places, outcome
            return True
        self._in_vain += 1
        # After a flaky failure no test can be left out: check for that before trying thousands.
        if self._in_vain > 2 * len(self._earlier).bit_length():
            self._in_vain = 0
            self._once_more()
        return False

    def _differs(self, outcome: Outcome) -> bool:
        return outcome.verdict != IS_NOT_REACHED and outcome.is_failure != self._alone.is_failure

    def _once_more(self) -> None:
        """Repeat the trials that the findings rest on."""
        these = f"after {self._these(self._fewest)}"
        self._with_those = self._try(self._fewest, f"once more {these}")
        if not self._differs(self._with_those):
            raise _FlakyError(these)
        if self._differs(self._try((), "once more alone")):
            raise _FlakyError("alone")

    def _tell_nothing(self) -> int:
        """Print that no earlier test makes a difference, and which imports do."""
        verdict, other = self._alone.verdict, PASSES if self._alone.is_failure else FAILS
        modules = self._modules_that_matter()
        count = len(self._earlier)
        after = f", and after the {_count(count, 'test')} before it" if count else ""
        text = f"{self._name} {verdict} alone{after}: no earlier test changes that."
        if self._alone.is_failure:
            text += f"\nIt fails with {self._alone.text}"
        if modules:
            text += f"\nIt {other} when no test module but its own is imported; it {verdict} when these are, too:"
        _tell("\n".join([text, *(f"    {module}" for module in modules)]))
        return NOTHING_FOUND

    def _modules_that_matter(self) -> list[str]:
        """The test modules whose import makes the difference; all other trials import them."""
        modules = self._trials.modules_besides(self._victim)

        def differs(places: Places) -> bool:
            chosen = [modules[place] for place in places]
            outcome = self._trials.run_after_imports(chosen, self._victim, self._name)
            _note(f"  alone, with {_count(len(chosen), 'other test module')} imported: {outcome.verdict}")
            return bool(outcome.is_failure == self._alone.is_failure)

        if not modules or not self._trials.can_import(self._victim) or differs(()):
            return []
        everything = tuple(range(len(modules)))
        if not differs(everything):  # another difference of a fresh interpreter
            return []
        return [modules[place] for place in bisection.smallest_part(len(modules), differs)]

    def _tell_found(self) -> None:
        names = [name for place in self._fewest for name in suite_blocks.names_in_block(self._earlier[place])]
        alone, after = self._alone, self._with_those
        _tell(f"{self._name} {alone.verdict} alone, and {after.verdict} after")
        _tell("\n".join(f"    {name}" for name in names))
        failing = alone if alone.is_failure else after
        own = suite_blocks.names_in_block(self._victim)
        commands = [self._reproduction.command(own), self._reproduction.command([*names, *own])]
        if None in commands:
            _tell(f"It fails with {failing.text}\nNo command runs these tests alone: {_NO_COMMAND}")
            return
        failing_first = sorted(zip(commands, (alone, after), strict=True), key=lambda pair: not pair[1].is_failure)
        for command, outcome in failing_first:
            text = f" ({outcome.text})" if outcome.is_failure else ""
            _tell(f"\nIt {outcome.verdict}{text}:\n    {command}")

    def _known(self) -> str:
        """The findings of an unfinished search."""
        names = [self._earlier[place].name for place in self._fewest]
        lines = [f"    {name}" for name in names[:_MAX_SHOWN]]
        more = [f"    and {len(names) - _MAX_SHOWN} more"] if len(names) > _MAX_SHOWN else []
        return "\n".join([f". It {self._with_those.verdict} after", *lines, *more])


def _count(number: int, what: str) -> str:
    return f"{f'{number:,}' if number else 'no'} {what}{'s' * (number != 1)}"


def _note(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
