"""Workers perform tasks in parallel: the order in which tasks begin, and how many of them at once."""

from __future__ import annotations

import itertools
from unittest import mock

from hermetic import HermeticTestCase
from hermetic._isolation import pool
from hermetic._isolation.pool import Pool, Task
from hermetic._isolation.worker_link import IDLE


class FakeWorker:
    """Answers each request with one frame and ``ready``; to ``run crash`` by its death."""

    has_ended = False

    def __init__(self, number):
        self.link = self
        self.told = []
        self.asked = []
        self.number = number

    def perform(self, requests, **_):
        self.asked.append([request[-1] for request in requests])
        return self.answers(requests)

    def answers(self, requests):
        yield IDLE
        for request in requests:
            if request[-1] == "crash":
                self.has_ended = True
                yield ["died", "it crashed", 1.0, 1.0]
                return
            if request[0] == "finish":
                self.has_ended = True
                yield ["exited", []]
                return
            yield ["told", request[-1]]
            yield ["ready", []]

    def succeeded_by(self, worker, timeout):
        return worker

    def send(self, request):
        self.told.append(request)

    def end(self):
        self.has_ended = True


class FakeNursery:
    def __init__(self):
        self.workers = []

    def new_worker(self, _):
        self.workers.append(FakeWorker(len(self.workers) + 1))
        return self.workers[-1]

    def wait(self, links, _):
        return links


def task(*names, seconds=1.0, own_process=False):
    steps = [[["run", name]] for name in names]
    if own_process:
        steps[-1].append(["finish"])
    return Task(steps, own_process=own_process, timeout=9.0, what="it", seconds=seconds)


class PoolTest(HermeticTestCase):
    def pool(self, *tasks, size=2, fails_fast=False):
        self.nursery, self.stopping = FakeNursery(), False
        made = Pool(
            [*tasks], size=size, nursery=self.nursery, new_worker=self.nursery.new_worker,
            is_stopping=lambda: self.stopping, ends_run=bool if fails_fast else None,
        )  # fmt: skip
        self.addCleanup(made.close)
        return made

    def told(self, frames):
        return [frame[1] for frame in frames if frame[0] == "told"]

    def test_answers_are_handed_out_in_any_order_and_once(self):
        one, two = task("a", "b"), task("c")
        pool = self.pool(one, two)
        self.assertEqual(["c"], self.told(pool.answer(two, 0)))
        self.assertEqual(["b"], self.told(pool.answer(one, 1)))
        self.assertEqual(["a"], self.told(pool.answer(one, 0)))
        self.assertEqual([], [*pool.answer(one, 0)])

    def test_a_worker_does_one_task_after_another(self):
        tasks = [task(name) for name in "abcdef"]
        pool = self.pool(*tasks)
        self.assertEqual([*"abcdef"], [name for each in tasks for name in self.told(pool.answer(each, 0))])
        self.assertLessEqual(len(self.nursery.workers), 2)

    def test_a_task_with_a_process_of_its_own_gets_a_new_worker(self):
        tasks = [task(name, own_process=True) for name in "abc"]
        pool = self.pool(*tasks)
        self.assertEqual([*"abc"], [name for each in tasks for name in self.told(pool.answer(each, 0))])
        self.assertEqual(3, len(self.nursery.workers))

    def test_another_worker_goes_on_after_one_that_has_died(self):
        one = task("a", "crash", "b")
        pool = self.pool(one)
        answers = [[frame for frame in pool.answer(one, step) if frame[0] != "ready"] for step in range(3)]
        self.assertEqual([["worker", 1], ["told", "a"]], answers[0])
        self.assertEqual([["worker", 1], ["died", "it crashed", 1.0, 1.0]], answers[1])
        self.assertEqual([["worker", 2], ["told", "b"]], answers[2])

    def test_what_is_wanted_is_begun_first(self):
        tasks = [task(name) for name in "abc"]
        pool = self.pool(*tasks, size=1)
        self.assertEqual(["c"], self.told(pool.answer(tasks[2], 0)))
        self.assertFalse(tasks[0].is_begun)

    def test_tasks_of_about_one_length_are_begun_in_their_order(self):
        tasks = [task(str(seconds), seconds=seconds) for seconds in (5.0, 6.0, 4.0, 5.5, 5.0, 6.0, 4.0)]
        self.pool(*tasks).go_on()
        self.assertEqual([0, 1], [number for number, each in enumerate(tasks) if each.is_begun])

    def test_a_task_that_would_be_waited_for_at_the_end_is_begun_before_its_turn(self):
        tasks = [task(str(seconds), seconds=seconds) for seconds in (1.0, 1.0, 1.0, 1.0, 9.0)]
        self.pool(*tasks).go_on()
        self.assertEqual([True, False, False, False, True], [each.is_begun for each in tasks])

    def test_a_worker_gets_more_short_tasks_at_once_after_quick_ones_and_one_after_slow_ones(self):
        for took, sizes in ((0.001, range(16, 21)), (1.0, [1])):
            tasks = [task(str(number), seconds=0.001) for number in range(100)]
            clock = itertools.count(0, took / 4).__next__
            with self.subTest(took), mock.patch.object(pool.real, "perf_counter", clock):
                made = self.pool(*tasks)
                answers = [name for each in tasks for name in self.told(made.answer(each, 0))]
                asked = [names for worker in self.nursery.workers for names in worker.asked]
            self.assertEqual([str(number) for number in range(100)], answers)
            self.assertIn(max(map(len, asked)), sizes)

    def test_a_long_task_and_one_with_a_process_of_its_own_are_not_asked_for_with_others(self):
        short = [task(f"short {number}", seconds=0.001) for number in range(40)]
        tasks = [*short[:20], task("long"), *short[20:], task("own", seconds=0.001, own_process=True)]
        made = self.pool(*tasks, size=1)
        self.assertEqual(42, sum(len(self.told(made.answer(each, 0))) for each in tasks))
        asked = [names for worker in self.nursery.workers for names in worker.asked]
        self.assertIn(["long"], asked)
        self.assertIn(["own", "finish"], asked)
        self.assertLess(len(asked), 20)

    def test_a_worker_gets_one_task_at_once_in_a_run_that_fails_fast(self):
        tasks = [task(str(number), seconds=0.001) for number in range(5)]
        made = self.pool(*tasks, size=1, fails_fast=True)
        self.assertEqual(["0"], self.told(made.answer(tasks[0], 0)))
        self.assertEqual(["1"], self.told(made.answer(tasks[1], 0)))
        self.assertEqual([["0"], ["1"]], self.nursery.workers[0].asked)

    def test_tasks_behind_one_whose_worker_dies_are_begun_again(self):
        tasks = [task(f"{number}" if number != 25 else "crash", seconds=0.001) for number in range(50)]
        made = self.pool(*tasks, size=1)
        answers = [[frame for frame in made.answer(each, 0) if frame[0] in ("told", "died")] for each in tasks]
        self.assertEqual([["died", "it crashed", 1.0, 1.0]], answers.pop(25))
        self.assertEqual([[["told", str(number)]] for number in range(50) if number != 25], answers)

    def test_tasks_behind_one_whose_worker_dies_are_left_out_if_the_run_is_to_stop(self):
        tasks = [task(f"{number}" if number != 25 else "crash", seconds=0.001) for number in range(50)]
        made = self.pool(*tasks, size=1)
        for each in tasks[:25]:
            self.assertEqual(1, len(self.told(made.answer(each, 0))))
        self.stopping = True
        self.assertEqual([], [name for each in tasks[26:] for name in self.told(made.answer(each, 0))])

    def test_a_long_task_is_asked_for_in_parts(self):
        names = [str(number) for number in range(10)]
        one = task(*names[:5], "crash", *names[5:])
        with mock.patch.object(pool, "_MAX_STEPS", 3):
            made = self.pool(one)
            answers = [self.told(made.answer(one, step)) for step in range(11)]
        self.assertEqual([[name] for name in names[:5]] + [[]] + [[name] for name in names[5:]], answers)
        asked = [names for worker in self.nursery.workers for names in worker.asked]
        self.assertEqual([names[:3], ["3", "4", "crash"], names[5:8], names[8:]], asked)

    def test_nothing_is_begun_when_the_run_is_to_stop(self):
        tasks = [task("a"), task("b"), task("c")]
        pool = self.pool(*tasks)
        pool.go_on()
        self.stopping = True
        pool.go_on()
        self.assertFalse(tasks[2].is_begun)
        self.assertEqual([[["stop"]]] * 2, [worker.told for worker in self.nursery.workers])

    def test_workers_that_are_free_are_asked_to_finish(self):
        one = task("a")
        pool = self.pool(one)
        self.assertEqual(["a"], self.told(pool.answer(one, 0)))
        self.assertEqual([["worker", 1], ["exited", []]], [*pool.finish()])
