"""Workers perform tasks in parallel: the order in which tasks begin, and how long answers are kept."""

from __future__ import annotations

import os
from unittest import mock

from hermetic import HermeticTestCase, medium
from hermetic._isolation import pool
from hermetic._isolation.pool import Pool, Task
from hermetic._isolation.worker_link import IDLE


class FakeWorker:
    """Answers each request with one frame and ``ready``; to ``run crash`` by its death."""

    has_ended = False

    def __init__(self, number):
        self.link = self
        self.told = []
        self.number = number

    def perform(self, requests, **_):
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
    def pool(self, *tasks, size=2):
        self.nursery, self.stopping = FakeNursery(), False
        made = Pool(
            [*tasks], size=size, nursery=self.nursery, new_worker=self.nursery.new_worker,
            is_stopping=lambda: self.stopping, ends_run=lambda frame: frame[1:2] == ["last"],
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


@medium  # it writes a file
class KeptAnswersTest(HermeticTestCase):
    def test_what_is_too_much_for_memory_is_kept_in_a_file_which_is_removed(self):
        answers = [[["output", "out", f"{number} \udc80 é" * 10]] for number in range(20)]
        with mock.patch.object(pool, "_MAX_KEPT_BYTES", 500):
            kept = pool._Kept()
            for key, answer in enumerate(answers):
                kept.put(key, answer)
            self.assertGreater(os.fstat(kept._file.fileno()).st_size, 1000)
            self.assertEqual(os.name == "nt", os.path.exists(kept._path))  # elsewhere, nobody else finds it
            self.assertEqual(answers, [kept.take(key) for key in range(20)])
            self.assertEqual(0, kept._bytes)
            kept.close()
        self.assertFalse(os.path.exists(kept._path))
