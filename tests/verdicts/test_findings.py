"""Findings are taken out of lists while other threads append to them: none is lost, and none is taken twice."""

from __future__ import annotations

import contextlib
import sys
import threading
import unittest
import unittest.mock
from collections.abc import Callable

import hermetic
from hermetic._policy.decision import Policy
from hermetic._verdicts import faults, findings, scopes

THREADS, ROUNDS = 16, 200


@contextlib.contextmanager
def frequent_switches():
    """Have the interpreter switch between threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def in_threads(*functions: Callable[[], object]) -> None:
    """Call functions at the same time, each in a thread, and wait for all of them."""
    barrier = threading.Barrier(len(functions))

    def begin(function: Callable[[], object]) -> None:
        barrier.wait()
        function()

    threads = [threading.Thread(target=begin, args=[function]) for function in functions]
    with frequent_switches():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class TakenTest(hermetic.HermeticTestCase):
    def test_all(self) -> None:
        found = [1, 2, 3]
        self.assertEqual(findings.take_all(found), [1, 2, 3])
        self.assertEqual((found, findings.take_all(found)), ([], []))

    def test_some_in_their_order(self) -> None:
        found = [1, 2, 3, 4]
        self.assertEqual(findings.take_where(found, lambda number: number % 2 == 0), [2, 4])
        self.assertEqual(found, [1, 3])

    def test_what_another_thread_has_taken_is_not_taken_again(self) -> None:
        found = [1, 2]

        def takes_it(_: int) -> bool:
            found.clear()
            return True

        self.assertEqual(findings.take_where(found, takes_it), [])

    def test_what_is_added_meanwhile_stays_for_the_next_taker(self) -> None:
        found = [1]
        self.assertEqual(findings.take_where(found, lambda _: found.append(2) is None), [1])
        self.assertEqual(found, [2])


@hermetic.medium  # for its time
class ThreadsTest(hermetic.HermeticTestCase):
    def setUp(self) -> None:
        patch = unittest.mock.patch.multiple(scopes.running, late=[], faults=[], by_thread={}, process=None)
        patch.start()
        self.addCleanup(patch.stop)

    def test_each_violation_is_in_the_report_of_its_scope_or_late_once(self) -> None:
        errors = [[Exception(thread, number) for number in range(ROUNDS)] for thread in range(THREADS)]
        all_scopes = [scopes.Scope(f"test {number}", Policy(hermetic.Size.SMALL)) for number in range(ROUNDS)]
        reported: list[Exception] = []

        def recording(own: list[Exception]) -> Callable[[], None]:
            return lambda: [scopes.record(scope, error) for scope, error in zip(all_scopes, own, strict=True)] and None

        def end() -> None:
            for scope in all_scopes:
                reported.extend(findings.take_all(scope.ledger))
                scopes.end_scope(scope)
                scopes.make_late(scope)

        in_threads(*map(recording, errors), end)
        late = scopes.take_late()
        found = [*map(id, reported), *(id(error) for _, error in late)]
        self.assertCountEqual(found, [id(error) for own in errors for error in own])
        for owner, error in late:
            self.assertEqual(owner, f"test {error.args[1]}")

    def test_each_fault_is_taken_once(self) -> None:
        def fail() -> None:
            raise KeyError(threading.get_ident())

        def failing() -> None:
            for _ in range(ROUNDS):
                with contextlib.suppress(hermetic.GuardError):
                    faults.shielded(fail)()

        taken: list[hermetic.GuardError] = []

        def taking() -> None:
            for _ in range(ROUNDS):
                taken.extend(faults.take())

        in_threads(*[failing] * THREADS, *[taking] * 4)
        taken += faults.take()
        self.assertEqual(len(taken), THREADS * ROUNDS)

    def test_serials_and_counts_are_unique(self) -> None:
        scope, serials, counts, first = scopes.Scope("test", None), [], [], []

        def count() -> None:
            for number in range(ROUNDS):
                serials.append(scopes.next_serial())
                counts.append(scope.count_start())
                if running.is_new("test", number):
                    first.append(number)

        running = scopes.Running()
        in_threads(*[count] * THREADS)
        self.assertEqual(len(set(serials)), THREADS * ROUNDS)
        self.assertEqual(sorted(counts), [*range(1, THREADS * ROUNDS + 1)])
        self.assertEqual(sorted(first), [*range(ROUNDS)])


if __name__ == "__main__":
    unittest.main()
